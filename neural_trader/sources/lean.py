"""Tick archives of QuantConnect Lean: equity quotes and trades, and forex or CFD quotes.

An archive holds one day of one symbol; DATE_quote.zip and DATE_trade.zip are its names (anything may stand before, as in
ibm/20131007_quote.zip), DATE_SYMBOL_Quote_Tick.csv is the file in it, without a header. Rows begin with milliseconds of the local day:

- equity quote: time, bid price, bid size, ask price, ask size, exchange, condition, suspicious
- equity trade: time, price, size, exchange, condition, suspicious
- forex and CFD quote: time, bid price, ask price

Prices of equities are 10,000 times the price, conditions hexadecimal bit flags. A source is one archive, a directory, or a path whose last
part has wildcards: ibm/20131007_*.zip. Several archives become one tape.
"""

import datetime
import fnmatch
import hashlib
import itertools
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.sources.number_columns import Columns, Decoded, Refusals, prices_raw, sizes_raw
from neural_trader.sources.sessions import LocalClock, SessionCalendar
from neural_trader.sources.source import Source
from neural_trader.sources.tick_columns import TickColumns, always_open, tape_of

__all__ = ["EQUITY_TIMEZONE", "NOT_AT_THE_MARKET", "instruments_of", "needs_timezone", "open_source", "recognises"]

EQUITY_TIMEZONE: Final = "America/New_York"

# Trade conditions (bits of Lean's TradeConditionFlags) of prints whose price is not the market's at their time: settled otherwise than
# regular way, priced by a formula, by an average or by an earlier time, reported late, or an official value that repeats a trade.
NOT_AT_THE_MARKET: Final = sum(
    1 << bit
    for bit in (
        1,  # Cash
        2,  # NextDay
        3,  # Seller
        9,  # DerivativelyPriced
        11,  # Sold
        14,  # OutOfSequence
        18,  # StockOption
        20,  # AveragePrice
        24,  # OfficialClose
        25,  # PriorReferencePrice
        26,  # OfficialOpen
    )
)

_ARCHIVE = re.compile(r"(?:.*[_-])?(\d{8})_(quote|trade)\.zip", re.IGNORECASE)
_SYMBOL: Final = r"[A-Za-z0-9.-]{1,31}"
_MEMBER = re.compile(
    rf"(\d{{8}})_({_SYMBOL})_(quote|trade)_tick\.csv|(\d{{8}})_({_SYMBOL})_tick_(quote|trade)\.csv",
    re.IGNORECASE,
)
_ZIP_MARK: Final = b"PK\x03\x04"
_UNPACKED_BYTES_MAX: Final = 1 << 30
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_MS_NS: Final = 1_000_000
_PRICE_PLACES: Final = 4  # of an equity's price
_TIME_PLACES: Final = 6  # of a millisecond: nanoseconds
_DECIMAL_PLACES: Final = 9  # of a forex or CFD price
_EQUITY_FIELDS: Final = {"quote": 8, "trade": 6}
_PAIR_FIELDS: Final = 3
_LINE_BYTES_MOST: Final = 1024
_UNPACKING: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, KeyError)

_Ints = NDArray[np.int64]
_Flags = NDArray[np.bool_]


class _Archive(NamedTuple):
    path: Path
    member: str
    date: datetime.date
    symbol: str
    kind: str  # "quote" or "trade"

    @property
    def file(self) -> str:
        """Its name in errors."""
        return f"{self.path}/{self.member}"


class _Day(NamedTuple):
    """One archive's ticks, and sentences about what was met."""

    ticks: TickColumns
    kind: str
    equity: bool
    notes: tuple[str, ...]


# ---- which files -----------------------------------------------------------------------------------------------------------------------


def recognises(spec: str) -> bool:
    """Whether a path is a Lean tick archive by its name and first bytes, or a directory or pattern with such archives."""
    path = Path(spec)
    if os.path.isdir(path):
        return any(_is_archive(item) for item in _entries(path))
    if _is_pattern(path):
        return bool(_ARCHIVE.fullmatch(_without_wildcards(path.name))) or any(_is_archive(item) for item in _matching(path))
    return _is_archive(path)


def _is_archive(path: Path) -> bool:
    if _ARCHIVE.fullmatch(path.name) is None:
        return False
    try:
        with path.open("rb") as stream:
            return _ZIP_MARK.startswith(stream.read(len(_ZIP_MARK)))  # an empty or cut file as well: it is refused by name
    except (OSError, ValueError):
        return not os.path.isdir(path)  # the error is for the reader of the source


def _is_pattern(path: Path) -> bool:
    return not os.path.exists(path) and any(mark in path.name for mark in "*?[")


def _without_wildcards(name: str) -> str:
    """A name that a pattern for archives of one day could stand for: ibm_20131007_*.zip."""
    return re.sub(r"\*\.zip$", "quote.zip", name, flags=re.IGNORECASE)


def _matching(pattern: Path) -> list[Path]:
    return [item for item in _entries(pattern.parent) if fnmatch.fnmatchcase(item.name, pattern.name)]


def _entries(directory: Path) -> list[Path]:
    """What a directory holds; nothing where it cannot be listed."""
    try:
        return list(directory.iterdir())
    except (OSError, ValueError):
        return []


def _archives(spec: str) -> list[_Archive]:
    """What a source consists of: by date, and trades before quotes of a day. SourceError when that is nothing, or ambiguous."""
    path = Path(spec)
    if os.path.isdir(path):
        paths = [item for item in _entries(path) if _ARCHIVE.fullmatch(item.name)]
    elif _is_pattern(path):
        paths = [item for item in _matching(path) if _ARCHIVE.fullmatch(item.name)]
    else:
        paths = [path]
    if not paths:
        raise SourceError("there is no archive of this name; Lean's are named DATE_quote.zip and DATE_trade.zip", file=spec)
    found = sorted((_examined(item) for item in paths), key=lambda item: (item.date, item.symbol, item.kind == "quote"))
    for one, other in itertools.pairwise(found):
        if (one.date, one.symbol, one.kind) == (other.date, other.symbol, other.kind):
            text = f"has the {one.kind}s of {one.symbol} of {one.date}, as {one.path} has; keep one of them"
            raise SourceError(text, file=str(other.path))
    return found


def _examined(path: Path) -> _Archive:
    """The names of an archive and of the file in it, which have to agree."""
    name = _ARCHIVE.fullmatch(path.name)
    assert name is not None
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except zipfile.BadZipFile as error:
        raise SourceError(f"is not a whole zip archive: {error}", file=str(path)) from error
    except (OSError, NotImplementedError, ValueError) as error:
        raise SourceError(f"cannot be read: {getattr(error, 'strerror', None) or error}", file=str(path)) from error
    if len(members) != 1:
        raise SourceError(f"holds {len(members)} files; a Lean archive holds one", file=str(path))
    match = _MEMBER.fullmatch(members[0])
    if match is None:
        text = f"holds {members[0][:60]!r}, whose name is not DATE_SYMBOL_Quote_Tick.csv or DATE_SYMBOL_Trade_Tick.csv"
        raise SourceError(text, file=str(path))
    day, symbol, kind = (match[i] or match[i + 3] for i in (1, 2, 3))
    if day != name[1] or kind.lower() != name[2].lower():
        raise SourceError(f"holds {members[0]}, which is not of the date and kind that its name says", file=str(path))
    return _Archive(path, members[0], _date(day, str(path)), symbol.upper(), kind.lower())


def _date(text: str, file: str) -> datetime.date:
    try:
        date = datetime.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise SourceError(f"its name has the date {text}, which is not a day: {error}", file=file) from error
    if not 1970 <= date.year <= 2261:
        raise SourceError(f"the year {date.year} in its name is not between 1970 and 2261", file=file)
    return date


# ---- which instruments -----------------------------------------------------------------------------------------------------------------


def needs_timezone(spec: str) -> bool:
    """Whether the times of its archives carry no time zone: those of all but equities. False where that cannot be told."""
    try:
        archive = _archives(spec)[0]
        with zipfile.ZipFile(archive.path) as opened, opened.open(archive.member) as stream:
            return stream.readline(_LINE_BYTES_MOST).count(b",") + 1 == _PAIR_FIELDS
    except (SourceError, *_UNPACKING):
        return False


def instruments_of(spec: str, config: Config) -> Mapping[str, Instrument]:
    """The configured instruments. SourceError when an archive's symbol is not among them; what is in the archives is not read."""
    instruments = {symbol: msgspec.structs.replace(item, symbol=symbol) for symbol, item in config.instruments.items()}
    for archive in _archives(spec):
        _index(archive, instruments)
    return instruments


def _index(archive: _Archive, instruments: Mapping[str, Instrument]) -> int:
    """The place of an archive's instrument among those configured."""
    for index, symbol in enumerate(instruments):
        if symbol.upper() == archive.symbol:
            return index
    text = f"its instrument is not configured; add [instruments.{archive.symbol}] with tick_size, currency and max_price"
    raise SourceError(text, file=str(archive.path))


# ---- reading ---------------------------------------------------------------------------------------------------------------------------


def open_source(spec: str, config: Config) -> Source:
    """Read archives to one tape.

    Quotes are the best bid and ask with sizes in shares (0 where the file has none), trades carry no aggressor. Of ticks of one time
    those of trades come before those of quotes, and else the order of the files stands. SourceError names the archive, and the line.
    """
    archives = _archives(spec)
    instruments = instruments_of(spec, config)
    digest = hashlib.sha256()
    days: list[_Day] = []
    for archive in archives:
        text, packed = _unpacked(archive)
        digest.update(packed)
        index = _index(archive, instruments)
        days.append(_read(archive, text, index, list(instruments.values())[index], config.source.timezone))
    used = sorted({day.ticks.instrument for day in days})
    timezone = EQUITY_TIMEZONE if days[0].equity else str(config.source.timezone)
    calendars = [(index, SessionCalendar(list(instruments.values())[index].session, timezone)) for index in used]
    tape, trades = tape_of([day.ticks for day in days], calendars)
    if tape.count == 0:
        raise SourceError("there is no tick in it that can be used", file=spec)
    return Source(
        name=spec,
        symbols=tuple(list(instruments)[index] for index in used),
        instruments=instruments,
        ticks=tape.finish(),
        rows=trades,
        assumptions=(*_assumptions(days, timezone), *always_open([list(instruments.values())[index] for index in used], timezone)),
        sha256=digest.hexdigest(),
        timezone=timezone,
    )


def _unpacked(archive: _Archive) -> tuple[bytes, bytes]:
    """The text of an archive, and the archive's own bytes."""
    try:
        packed = archive.path.read_bytes()
        with zipfile.ZipFile(BytesIO(packed)) as opened:
            size = opened.getinfo(archive.member).file_size
            if size > _UNPACKED_BYTES_MAX:
                raise SourceError(f"is {size} bytes unpacked; at most {_UNPACKED_BYTES_MAX} are read", file=archive.file)
            text = opened.read(archive.member)
    except _UNPACKING as error:
        raise SourceError(f"cannot be unpacked: {error}", file=archive.file) from error
    if not text.strip():
        raise SourceError("is empty", file=archive.file)
    return text, packed


def _read(archive: _Archive, text: bytes, index: int, instrument: Instrument, timezone: str | None) -> _Day:
    fields = text.partition(b"\n")[0].count(b",") + 1
    equity = fields == _EQUITY_FIELDS[archive.kind]
    if not equity and not (fields == _PAIR_FIELDS and archive.kind == "quote"):
        known = f"{_EQUITY_FIELDS[archive.kind]} (equity)" + (f" or {_PAIR_FIELDS} (forex, CFD)" if archive.kind == "quote" else "")
        raise SourceError(f"has {fields} fields; a {archive.kind} has {known}", file=archive.file, line=1)
    if equity and timezone not in (None, EQUITY_TIMEZONE):
        raise SourceError(f"its times are in {EQUITY_TIMEZONE}; remove source.timezone = {timezone!r}", file=archive.file)
    if not equity and timezone is None:
        text_ = 'its times carry no time zone; add timezone = "America/New_York", "UTC" or another to [source]'
        raise SourceError(text_, file=archive.file)
    columns = Columns(text, fields, archive.file)
    refusals = Refusals(archive.file)
    time = columns.decimals(0, _TIME_PLACES)
    refusals.add(time.bad, lambda row: f"time {columns.text(0, row)!r} is not a number of milliseconds")
    refusals.add(time.values >= _DAY_MS * _MS_NS, lambda row: f"time {columns.text(0, row)} is beyond a day's {_DAY_MS} milliseconds")
    back = np.concatenate((np.zeros(1, np.bool_), time.values[1:] < time.values[:-1]))
    refusals.add(back, lambda row: "the time is earlier than that of the line before; sort the file by time")
    read = _quotes_of_rows if equity and archive.kind == "quote" else _trades_of_rows if equity else _quotes_of_pairs
    keep, values, notes = read(columns, time.values, instrument, refusals)
    refusals.check()
    ts, more = _utc(time.values, archive, EQUITY_TIMEZONE if equity else str(timezone))
    kind = np.full(len(values[0]), abi.NT_TICK_TRADE if archive.kind == "trade" else abi.NT_TICK_QUOTE, np.int64)
    origin = f"{archive.symbol} {archive.date} {archive.kind}s: "
    return _Day(TickColumns(ts[keep], kind, values, index), archive.kind, equity, tuple(origin + note for note in (*notes, *more)))


def _column(columns: Columns, field: int, refusals: Refusals, what: str) -> _Ints:
    decoded = columns.integers(field)
    return _accepted(decoded, columns, field, refusals, what, "a whole number")


def _accepted(decoded: Decoded, columns: Columns, field: int, refusals: Refusals, what: str, kind: str) -> _Ints:
    refusals.add(decoded.bad, lambda row: f"{what} {columns.text(field, row)!r} is not {kind}")
    return np.where(decoded.bad, 1, decoded.values)


def _conditions(columns: Columns, field: int, refusals: Refusals) -> tuple[_Ints, _Flags]:
    """The condition and whether the row is marked as suspicious: the last two fields, after the exchange, which is a letter or nothing."""
    start, end = columns.bounds(field - 1)
    letter = columns.data[start]
    odd = (end - start > 1) | ((end > start) & ((letter < 65) | (letter > 90)))
    refusals.add(odd, lambda row: f"exchange {columns.text(field - 1, row)!r} is not a letter A to Z")
    flags = _accepted(columns.flags(field), columns, field, refusals, "condition", "a hexadecimal number of 1 to 8 digits")
    suspicious = columns.integers(field + 1)
    wrong = suspicious.bad | (suspicious.values > 1)
    refusals.add(wrong, lambda row: f"suspicious {columns.text(field + 1, row)!r} is not 0 or 1")
    return flags, suspicious.values == 1


_Kept = tuple[_Flags, tuple[_Ints, _Ints, _Ints, _Ints], list[str]]


def _quotes_of_rows(columns: Columns, time: _Ints, instrument: Instrument, refusals: Refusals) -> _Kept:
    """A bid row and the ask row after it are one quote when their times are equal; a side that a row leaves out stays as it was."""
    bid, bid_size, ask, ask_size = (
        _column(columns, field, refusals, what) for field, what in enumerate(("bid price", "bid size", "ask price", "ask size"), 1)
    )
    _, suspicious = _conditions(columns, 6, refusals)
    refusals.add((bid == 0) & (bid_size > 0), lambda row: f"bid size {bid_size[row]} has no bid price")
    refusals.add((ask == 0) & (ask_size > 0), lambda row: f"ask size {ask_size[row]} has no ask price")
    refusals.add((bid == 0) & (ask == 0), lambda row: "has neither a bid nor an ask price")
    bid, ask = (prices_raw(column, _PRICE_PLACES, instrument, refusals, f"{side} price") for column, side in ((bid, "bid"), (ask, "ask")))
    bid_size, ask_size = (
        sizes_raw(column, instrument, refusals, f"{side} size") for column, side in ((bid_size, "bid"), (ask_size, "ask"))
    )
    first = np.concatenate(((bid[:-1] > 0) & (ask[:-1] == 0) & (ask[1:] > 0) & (bid[1:] == 0) & (time[1:] == time[:-1]), [False]))
    second = np.concatenate(([False], first[:-1]))
    left_out = suspicious | (first & np.concatenate((suspicious[1:], [False]))) | (second & np.concatenate(([False], suspicious[:-1])))
    rows = np.arange(len(bid))
    last_bid = np.maximum.accumulate(np.where((bid > 0) & ~left_out, rows, -1))
    last_ask = np.maximum.accumulate(np.where((ask > 0) & ~left_out, rows, -1))
    quotes = ~first & ~left_out
    one_sided = quotes & ((last_bid < 0) | (last_ask < 0))
    keep = quotes & ~one_sided
    at_bid, at_ask = last_bid[keep], last_ask[keep]
    values = (bid[at_bid], ask[at_ask], bid_size[at_bid], ask_size[at_ask])
    notes = _quote_notes(values[0], values[1])
    if one_sided.any():
        notes.append(f"{_rows(one_sided)} before both sides were known gave no quote.")
    if left_out.any():
        notes.append(f"{_rows(left_out)} marked as suspicious, or paired with one that is, left out.")
    return keep, values, notes


def _trades_of_rows(columns: Columns, time: _Ints, instrument: Instrument, refusals: Refusals) -> _Kept:
    price = _column(columns, 1, refusals, "price")
    size = _column(columns, 2, refusals, "size")
    flags, suspicious = _conditions(columns, 4, refusals)
    refusals.add(price == 0, lambda row: "price 0 is not greater than zero")
    refusals.add(size == 0, lambda row: "size 0 is not greater than zero")
    raw_price = prices_raw(price, _PRICE_PLACES, instrument, refusals, "price")
    raw_size = sizes_raw(size, instrument, refusals, "size")
    elsewhere = (flags & NOT_AT_THE_MARKET) != 0
    keep = ~suspicious & ~elsewhere
    notes = []
    if elsewhere.any():
        notes.append(
            f"{_rows(elsewhere)} left out whose condition says that the price is not the market's at that time "
            "(late, averaged, derived, settled otherwise, or an official value)."
        )
    if suspicious.any():
        notes.append(f"{_rows(suspicious)} marked as suspicious left out.")
    nothing = np.zeros(int(keep.sum()), np.int64)
    return keep, (raw_price[keep], raw_size[keep], nothing, nothing), notes


def _quotes_of_pairs(columns: Columns, time: _Ints, instrument: Instrument, refusals: Refusals) -> _Kept:
    sides = []
    for field, what in ((1, "bid price"), (2, "ask price")):
        kind = f"a decimal number with at most {_DECIMAL_PLACES} decimals"
        values = _accepted(columns.decimals(field, _DECIMAL_PLACES), columns, field, refusals, what, kind)
        refusals.add(values == 0, _not_positive(what))
        sides.append(prices_raw(values, _DECIMAL_PLACES, instrument, refusals, what))
    bid, ask = sides
    unknown = np.zeros(len(bid), np.int64)
    sizes = "There are no sizes in the file; a quote's sizes are 0: where fills are at quotes, what takes one fills whole, however large."
    notes = [sizes, *_quote_notes(bid, ask)]
    return np.ones(len(bid), np.bool_), (bid, ask, unknown, unknown), notes


def _not_positive(what: str) -> Callable[[int], str]:
    return lambda row: f"{what} is not greater than zero"


def _quote_notes(bid: _Ints, ask: _Ints) -> list[str]:
    crossed, locked = int((bid > ask).sum()), int((bid == ask).sum())
    return [f"Of {len(bid):,} quotes {crossed:,} are crossed (bid above ask) and {locked:,} locked (bid equal to ask), taken as they are."]


def _rows(chosen: _Flags) -> str:
    count = int(chosen.sum())
    return f"{count:,} row{'s' if count != 1 else ''}"


# ---- times, and the tape ---------------------------------------------------------------------------------------------------------------


def _utc(times: _Ints, archive: _Archive, timezone: str) -> tuple[_Ints, list[str]]:
    """UTC nanoseconds of nanoseconds since local midnight, which is what the wall clock shows."""
    midnight = datetime.datetime.combine(archive.date, datetime.time())
    clock = LocalClock(timezone)
    try:
        begin, last = clock.minute_ns(midnight), clock.minute_ns(midnight + datetime.timedelta(days=1, minutes=-1))
        if last - begin == (_DAY_MS - _MINUTE_MS) * _MS_NS:
            return begin + times, []
    except ValueError:
        pass  # clocks change at midnight: minute by minute
    minute_ns = _MINUTE_MS * _MS_NS
    minutes, first_row, which = np.unique(times // minute_ns, return_index=True, return_inverse=True)
    clock = LocalClock(timezone)
    base = []
    for minute, row in zip(minutes.tolist(), first_row.tolist(), strict=True):
        try:
            base.append(clock.minute_ns(midnight + datetime.timedelta(minutes=minute)))
        except ValueError as error:
            raise SourceError(str(error), file=archive.file, line=row + 1) from error
    notes = ["Times in the hour that clocks go through twice are its first pass."] if clock.ambiguous else []
    return np.array(base, np.int64)[which] + times % minute_ns, notes


def _assumptions(days: Sequence[_Day], timezone: str) -> tuple[str, ...]:
    kinds = {day.kind for day in days}
    sentences = [f"Times are local time of {timezone}, to the date of each archive's name."]
    if "trade" in kinds:
        sentences.append("Trades carry no aggressor: one at or above the ask is a buy, one at or below the bid a sell.")
    if kinds == {"trade"}:
        sentences.append(
            "There are no quotes: the implied quote is a band of one tick that the trades move (tick rule), flagged as implied."
        )
    if len(kinds) == 2:
        sentences.append("A trade comes before the quotes of its time stamp: it is compared with the quote that stood before it.")
    return (*sentences, *(note for day in days for note in day.notes))
