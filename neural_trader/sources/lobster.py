"""LOBSTER: a message file and the order book file beside it, of one symbol and day, without headers.

SYMBOL_DATE_BEGIN_END_message_LEVELS.csv has a row an event: seconds since local midnight, type, order id, size, price, direction.
The same name with orderbook in place of message has the book after each of them: ask price, ask size, bid price, bid size of each level.
Prices are 10,000 times the price. Either file's path is the source.

Types 4 and 5 (an execution of a visible or hidden order) are trades; direction is the side of the resting order, so that the aggressor is
the other. Type 7 is a halt or its end. Of the book only the best level is read. Format: lobsterdata.com, "Output".
"""

import datetime
import hashlib
import os
import re
from collections.abc import Callable, Mapping
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

__all__ = ["TIMEZONE", "instruments_of", "messages_of", "open_source", "recognises"]

TIMEZONE: Final = "America/New_York"

_NAME = re.compile(r"([A-Za-z0-9.-]{1,31})_(\d{4}-\d\d-\d\d)_(?:\d+_\d+_)?(message|orderbook)_(\d{1,3})(?:_\w+)?\.csv")
_OTHER_HEADER: Final = b"DateTime,"
_MESSAGE_FIELDS: Final = 6
_PRICE_PLACES: Final = 4
_NO_ASK: Final = 9_999_999_999  # what stands for a level that is not there; the bid's is negative
_DAY_NS: Final = 86_400 * 10**9
_VISIBLE, _HIDDEN, _CROSS, _HALT = 4, 5, 6, 7
_HALTED, _QUOTING, _TRADING = -1, 0, 1  # price of a halt's row

_Ints = NDArray[np.int64]


class _Files(NamedTuple):
    messages: Path
    books: Path
    symbol: str
    date: datetime.date
    levels: int


class _Messages(NamedTuple):
    """Rows of the message file; price, size and side (of the resting order) hold where `trade` does, else 0."""

    ts: _Ints
    trade: NDArray[np.bool_]
    price: _Ints
    size: _Ints
    side: _Ints
    crosses: int
    halts: _Ints  # rows with a change of the trading state
    halted: NDArray[np.bool_]  # of these rows: whether trading is halted from then on


def recognises(spec: str) -> bool:
    """Whether a path has the name of a LOBSTER file, and its content does not begin as a trade file does."""
    path = Path(spec)
    if _NAME.fullmatch(path.name) is None or os.path.isdir(path):
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(len(_OTHER_HEADER)) != _OTHER_HEADER
    except (OSError, ValueError):
        return True  # the error is for the reader of the source


def messages_of(spec: str) -> str:
    """The path of the message file of the pair that a path is one of."""
    return str(_pair(Path(spec))[0])


def _pair(path: Path) -> tuple[Path, Path]:
    """Message file and order book file."""
    match = _NAME.fullmatch(path.name)
    assert match is not None
    head, tail = path.name[: match.start(3)], path.name[match.end(3) :]
    return path.with_name(f"{head}message{tail}"), path.with_name(f"{head}orderbook{tail}")


def _files(spec: str) -> _Files:
    path = Path(spec)
    match = _NAME.fullmatch(path.name)
    assert match is not None
    try:
        date = datetime.date.fromisoformat(match[2])
    except ValueError as error:
        raise SourceError(f"its name has the date {match[2]}, which is not a day: {error}", file=spec) from error
    if not 1970 <= date.year <= 2261:
        raise SourceError(f"the year {date.year} in its name is not between 1970 and 2261", file=spec)
    both = _pair(path)
    for file in both:
        if not file.is_file():
            raise SourceError(f"there is no such file; {path.name} needs it beside it", file=str(file))
    return _Files(both[0], both[1], match[1].upper(), date, int(match[4]))


def instruments_of(spec: str, config: Config) -> Mapping[str, Instrument]:
    """The configured instruments. SourceError when a file of the pair or the instrument is missing; the rows are not read."""
    return _terms(_files(spec), config)[0]


def _terms(files: _Files, config: Config) -> tuple[dict[str, Instrument], str]:
    """The configured instruments, and the symbol of the files' one among them."""
    if config.source.timezone not in (None, TIMEZONE):
        raise SourceError(f"its times are in {TIMEZONE}; remove source.timezone = {config.source.timezone!r}", file=str(files.messages))
    instruments = {symbol: msgspec.structs.replace(item, symbol=symbol) for symbol, item in config.instruments.items()}
    symbol = next((symbol for symbol in instruments if symbol.upper() == files.symbol), None)
    if symbol is None:
        text = f"its instrument is not configured; add [instruments.{files.symbol}] with tick_size, currency and max_price"
        raise SourceError(text, file=str(files.messages))
    return instruments, symbol


def open_source(spec: str, config: Config) -> Source:
    """Read a message file and its order book file to one tape: trades with their aggressor, best quotes where they change, and halts.

    A trade comes before the quote that it leaves behind. SourceError names the file, and the line.
    """
    files = _files(spec)
    instruments, symbol = _terms(files, config)
    index, instrument = list(instruments).index(symbol), instruments[symbol]
    texts = [_content(file) for file in (files.messages, files.books)]
    digest = hashlib.sha256(texts[0])
    digest.update(texts[1])
    calendar = SessionCalendar(instrument.session, TIMEZONE)
    messages, notes = _read_messages(texts[0], files, instrument)
    books, more = _read_books(texts[1], files, instrument, len(messages.ts))
    columns = _interleaved(messages, books, calendar, index)
    if not len(columns.ts):
        raise SourceError("there is no trade and no quote in it", file=str(files.messages))
    tape, trades = tape_of([columns], [(index, calendar)])
    return Source(
        name=spec,
        symbols=(symbol,),
        instruments=instruments,
        ticks=tape.finish(),
        rows=trades,
        assumptions=(
            f"Times are local time of {TIMEZONE}, to the date of the file's name.",
            "The aggressor of a trade is the side that the resting order was not on.",
            "A trade comes before the quote that it leaves behind, which has the same time.",
            *notes,
            *more,
            *always_open([instrument], TIMEZONE),
        ),
        sha256=digest.hexdigest(),
        timezone=TIMEZONE,
    )


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=str(file)) from error
    if not content.strip():
        raise SourceError("is empty", file=str(file))
    return content


def _column(decoded: Decoded, columns: Columns, field: int, refusals: Refusals, what: str) -> _Ints:
    refusals.add(decoded.bad, lambda row: f"{what} {columns.text(field, row)!r} is not a whole number")
    return np.where(decoded.bad, 1, decoded.values)


def _read_messages(text: bytes, files: _Files, instrument: Instrument) -> tuple[_Messages, list[str]]:
    columns = Columns(text, _MESSAGE_FIELDS, str(files.messages))
    refusals = Refusals(str(files.messages))
    time = columns.decimals(0, 9)
    refusals.add(time.bad, lambda row: f"time {columns.text(0, row)!r} is not a number of seconds with at most 9 decimals")
    refusals.add(time.values >= _DAY_NS, lambda row: f"time {columns.text(0, row)} is beyond a day's 86400 seconds")
    back = np.concatenate(([False], time.values[1:] < time.values[:-1]))
    refusals.add(back, lambda row: "the time is earlier than that of the line before; sort the files by time")
    kind = _column(columns.integers(1), columns, 1, refusals, "type")
    refusals.add((kind < 1) | (kind > _HALT), lambda row: f"type {kind[row]} is not 1 to 7")
    _column(columns.signed(2), columns, 2, refusals, "order id")
    size = _column(columns.integers(3), columns, 3, refusals, "size")
    price = _column(columns.signed(4), columns, 4, refusals, "price")
    side = _column(columns.signed(5), columns, 5, refusals, "direction")
    trade = (kind == _VISIBLE) | (kind == _HIDDEN)
    refusals.add(trade & (price <= 0), lambda row: f"price {price[row]} is not greater than zero")
    refusals.add(trade & (size == 0), lambda row: "size 0 is not greater than zero")
    refusals.add((kind != _HALT) & (np.abs(side) != 1), lambda row: f"direction {side[row]} is not 1 or -1")
    halt = kind == _HALT
    refusals.add(halt & (np.abs(price) > 1), lambda row: f"price {price[row]} of a halt is not -1, 0 or 1")
    chosen = trade & (price > 0)
    raw_price = prices_raw(np.where(chosen, price, 0), _PRICE_PLACES, instrument, refusals, "price")
    raw_size = sizes_raw(np.where(chosen, size, 0), instrument, refusals, "size")
    refusals.check()
    ts, notes = _utc(time.values, files)
    crosses, halts = int((kind == _CROSS).sum()), np.flatnonzero(halt & (price != _QUOTING))
    if crosses:
        notes.append(f"{crosses:,} executions in a cross (type 6) are left out: they are auctions, not trades against the book.")
    if len(halts):
        notes.append(f"Trading is halted or resumed {len(halts):,} times; quotes that come back before trading does are taken.")
    return _Messages(ts, trade, raw_price, raw_size, side, crosses, halts, price[halts] == _HALTED), notes


def _utc(times: _Ints, files: _Files) -> tuple[_Ints, list[str]]:
    """UTC nanoseconds of nanoseconds since local midnight. SourceError on a day on which clocks change before the last of them."""
    midnight = datetime.datetime.combine(files.date, datetime.time())
    clock = LocalClock(TIMEZONE)
    hours, first_row = np.unique(times // (3600 * 10**9), return_index=True)
    base = np.zeros(25, np.int64)
    for hour, row in zip(hours.tolist(), first_row.tolist(), strict=True):
        try:
            base[hour] = clock.minute_ns(midnight + datetime.timedelta(hours=hour)) - hour * 3600 * 10**9
        except ValueError as error:
            raise SourceError(str(error), file=str(files.messages), line=row + 1) from error
    notes = ["Times in the hour that clocks go through twice are its first pass."] if clock.ambiguous else []
    return base[times // (3600 * 10**9)] + times, notes


def _read_books(text: bytes, files: _Files, instrument: Instrument, rows: int) -> tuple[tuple[_Ints, _Ints, _Ints, _Ints], list[str]]:
    """Best bid, best ask and their sizes after each message, raw; a price is 0 where a side is empty."""
    file = str(files.books)
    columns = Columns(text, 4 * files.levels, file)
    if columns.rows != rows:
        raise SourceError(f"has {columns.rows} rows, {files.messages.name} has {rows}; they belong together line by line", file=file)
    refusals = Refusals(file)
    refusals.add(columns.has_above(ord("9")), lambda row: "has a character that is part of no number")
    names = ("ask price", "ask size", "bid price", "bid size")
    ask, ask_size, bid, bid_size = (_column(columns.signed(field), columns, field, refusals, what) for field, what in enumerate(names))
    no_ask, no_bid = ask == _NO_ASK, bid == -_NO_ASK
    sides = []
    for price, size, missing, what in ((bid, bid_size, no_bid, "bid"), (ask, ask_size, no_ask, "ask")):
        refusals.add(~missing & (price <= 0), _not_positive(f"{what} price", price))
        refusals.add(~missing & (size <= 0), _not_positive(f"{what} size", size))
        there = ~missing & (price > 0) & (size > 0)
        sides.append(prices_raw(np.where(there, price, 0), _PRICE_PLACES, instrument, refusals, f"{what} price"))
        sides.append(sizes_raw(np.where(there, size, 0), instrument, refusals, f"{what} size"))
    refusals.check()
    one_sided = int((no_ask | no_bid).sum())
    notes = [f"{one_sided:,} rows of the book with an empty side gave no quote."] if one_sided else []
    return (sides[0], sides[2], sides[1], sides[3]), notes


def _not_positive(what: str, values: _Ints) -> Callable[[int], str]:
    return lambda row: f"{what} {values[row]} is not greater than zero"


def _interleaved(messages: _Messages, books: tuple[_Ints, _Ints, _Ints, _Ints], calendar: SessionCalendar, index: int) -> TickColumns:
    """Of each row its halt, its trade, and its best quote where that is not the one before."""
    bid, ask = books[:2]
    usable = (bid > 0) & (ask > 0)
    rows = np.flatnonzero(usable)
    now = np.stack([column[rows] for column in books])
    changed = np.concatenate(([True], (now[:, 1:] != now[:, :-1]).any(axis=0))) if len(rows) else np.empty(0, np.bool_)
    quotes, trades, halts = rows[changed], np.flatnonzero(messages.trade), messages.halts
    events = [calendar.state_at(int(messages.ts[row])) for row in halts.tolist()]
    state = np.where(messages.halted, abi.NT_SESSION_HALTED, np.array([event.state for event in events], np.int64))
    day = np.array([event.trading_day for event in events], np.int64)
    aggressor = np.where(messages.side == 1, abi.NT_SIDE_SELL, abi.NT_SIDE_BUY)
    nothing = np.zeros(len(messages.ts), np.int64)
    order = np.argsort(np.concatenate((halts, trades, quotes)), kind="stable")
    kinds = ((abi.NT_TICK_SESSION, len(halts)), (abi.NT_TICK_TRADE, len(trades)), (abi.NT_TICK_QUOTE, len(quotes)))
    sets = (
        (state, messages.price[trades], books[0][quotes]),
        (day, messages.size[trades], books[1][quotes]),
        (nothing[halts], nothing[trades], books[2][quotes]),
        (nothing[halts], aggressor[trades], books[3][quotes]),
    )
    values = [np.concatenate(column).astype(np.int64)[order] for column in sets]
    kind = np.concatenate([np.full(count, kind, np.int64) for kind, count in kinds])[order]
    ts = messages.ts[np.concatenate((halts, trades, quotes))[order]]
    return TickColumns(ts, kind, (values[0], values[1], values[2], values[3]), index)
