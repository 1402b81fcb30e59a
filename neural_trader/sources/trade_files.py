"""Trade files with the header DateTime,Price,Volume, plain or compressed by gzip, and the sample, which is one."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader.config import Config
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import exact, plain
from neural_trader.sources import sample
from neural_trader.sources.csv_trades import HEADER, TradeReader, fill_trades
from neural_trader.sources.sessions import SessionCalendar
from neural_trader.sources.source import Source, Tape

__all__ = ["SAMPLE", "begins_like_trades", "instruments_of", "needs_timezone", "open_source", "trade_assumptions"]

SAMPLE: Final = "sample:"
_ROW_BYTES_LEAST: Final = 24  # "2013-09-01 17:00:00,5,1\n"
_SPARE_ROWS: Final = 256
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_GZIP: Final = b"\x1f\x8b"
_COMPRESSED: Final = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"\x04\x22\x4d\x18": "lz4"}


def needs_timezone(spec: str) -> bool:
    """Whether its times carry no time zone: those of all but the sample."""
    return not spec.startswith(SAMPLE)


def begins_like_trades(path: Path) -> bool:
    """Whether a file begins with the header, plain or compressed by gzip."""
    try:
        with path.open("rb") as stream, _plain(stream) as plain_stream:
            begin = plain_stream.read(len(_BYTE_ORDER_MARK) + len(HEADER))
    except (OSError, EOFError, zlib.error):
        return False
    return begin.removeprefix(_BYTE_ORDER_MARK).startswith(HEADER)


def _plain(stream: BinaryIO) -> BinaryIO:
    """What a file holds, decompressed where it is compressed by gzip."""
    mark = stream.read(len(_GZIP))
    stream.seek(0)
    return cast("BinaryIO", gzip.open(stream)) if mark == _GZIP else stream


def open_source(spec: str, config: Config) -> Source:
    """The sample, or a trade file of the one configured instrument."""
    if spec.startswith(SAMPLE):
        return _open_sample(spec, config)
    return _open_file(spec, config)


def instruments_of(spec: str, config: Config) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give, without reading the trades."""
    if spec.startswith(SAMPLE):
        _sample_limit(spec, config)
        return _with_sample(config)
    return _file_terms(spec, config)[0]


def _with_sample(config: Config) -> dict[str, Instrument]:
    instruments = {**config.instruments}
    instruments.setdefault(str(sample.INSTRUMENT.symbol), sample.INSTRUMENT)
    return instruments


def _sample_limit(spec: str, config: Config) -> int:
    """How many trades of the sample are wanted."""
    name, _, count = spec.removeprefix(SAMPLE).partition(":")
    if name != sample.NAME:
        raise SourceError(f"there is no sample {name!r}; the samples are: {SAMPLE}{sample.NAME}")
    limit = sample.ROWS
    if count:
        if not (count.isascii() and count.isdigit() and len(count) < 10 and 1 <= int(count) <= sample.ROWS):
            raise SourceError(f"{spec}: the number of trades must be 1 to {sample.ROWS}", limit=sample.ROWS)
        limit = int(count)
    if config.source.timezone not in (None, sample.TIMEZONE):
        raise SourceError(f"{spec}: its times are in {sample.TIMEZONE}; remove source.timezone = {config.source.timezone!r}")
    return limit


def _open_sample(spec: str, config: Config) -> Source:
    limit = _sample_limit(spec, config)
    symbol = str(sample.INSTRUMENT.symbol)
    instruments = _with_sample(config)
    with sample.open_trades() as stream:
        reader = TradeReader(stream, f"{sample.WHEEL}/{spec}", instruments[symbol], sample.TIMEZONE, limit)
        ticks, notes = _tape(reader, instruments, symbol, sample.TIMEZONE, limit)
    origin = f"The sample is the first {limit:,} of 500,000 trades" if limit < sample.ROWS else "The sample is 500,000 trades"
    return Source(
        name=spec,
        symbols=(symbol,),
        instruments=instruments,
        ticks=ticks,
        rows=reader.rows,
        assumptions=(f"{origin} of the E-mini S&P 500 of 1 to 3 September 2013, without quotes and aggressors.", *notes),
        sha256=sample.SHA256,
        timezone=sample.TIMEZONE,
    )


def _file_terms(spec: str, config: Config) -> tuple[dict[str, Instrument], str]:
    """The one instrument of a file, by symbol, and the time zone of its times."""
    if not config.instruments:
        raise SourceError("its instrument is not configured; add [instruments.SYMBOL] with tick_size, currency and max_price", file=spec)
    if len(config.instruments) > 1:
        text = (
            f"which instrument is it? Keep one of {', '.join(config.instruments)} in the configuration, or write SYMBOL={Path(spec).name}"
        )
        raise SourceError(text, file=spec)
    if config.source.timezone is None:
        raise SourceError('its times carry no time zone; add timezone = "America/Chicago", "UTC" or another to [source]', file=spec)
    symbol, instrument = next(iter(config.instruments.items()))
    return {symbol: msgspec.structs.replace(instrument, symbol=symbol)}, config.source.timezone


def _open_file(spec: str, config: Config) -> Source:
    instruments, timezone = _file_terms(spec, config)
    symbol = next(iter(instruments))
    try:
        with Path(spec).open("rb") as stream:
            _check_compression(stream, spec)
            with _plain(stream) as plain_stream:
                compressed = plain_stream is not stream
                capacity = Path(spec).stat().st_size // _ROW_BYTES_LEAST + 1
                reader = TradeReader(plain_stream, spec, instruments[symbol], timezone)
                ticks, notes = _tape(reader, instruments, symbol, timezone, capacity)
                sha256 = reader.sha256
                if compressed:
                    stream.seek(0)
                    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=spec) from error
    return Source(
        name=spec,
        symbols=(symbol,),
        instruments=instruments,
        ticks=ticks,
        rows=reader.rows,
        assumptions=notes,
        sha256=sha256,
        timezone=timezone,
    )


def _check_compression(stream: BinaryIO, spec: str) -> None:
    """SourceError where a file is compressed by what is not read."""
    begin = stream.read(max(map(len, _COMPRESSED)))
    stream.seek(0)
    for mark, what in _COMPRESSED.items():
        if begin.startswith(mark):
            raise SourceError(f"is compressed by {what}; decompress it, or compress it by gzip, which is read as it is", file=spec)


def _tape(
    reader: TradeReader, instruments: Mapping[str, Instrument], symbol: str, timezone: str, capacity: int
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Trades, session ticks between them, and the end."""
    instrument = instruments[symbol]
    index = list(instruments).index(symbol)
    calendar = SessionCalendar(instrument.session, timezone)
    tape = Tape(capacity + _SPARE_ROWS)
    last = None
    trades = 0
    for rows in reader:
        if last is None:
            last = int(rows.ts[0])
            tape.session(calendar.state_at(last), index)
        begin = 0
        for event in calendar.events(last, int(rows.ts[-1])):
            end = int(np.searchsorted(rows.ts, event.ts, side="left"))
            part = type(rows)(*(column[begin:end] for column in rows))
            fill_trades(tape.room(end - begin), part, index, trades + begin + 1)
            tape.session(event, index)
            begin = end
        fill_trades(tape.room(len(rows.ts) - begin), type(rows)(*(column[begin:] for column in rows)), index, trades + begin + 1)
        trades += len(rows.ts)
        last = int(rows.ts[-1])
    return tape.finish(), (*trade_assumptions(instrument, timezone), *reader.finish())


def trade_assumptions(instrument: Instrument, timezone: str) -> list[str]:
    """What has to be assumed to make ticks of trades that come without quotes."""
    session = instrument.session
    sentences = [
        "Trades are taken in the order of the file; those of one time stamp are one slice, and a strategy sees it whole.",
        "There is no aggressor in the file: a trade at or above the implied ask is a buy, at or below the implied bid a sell (tick rule).",
        f"There is no quote in the file: the implied quote is a band of one tick ({plain(exact(instrument.tick_size))}) that the trades "
        "move; it is flagged as implied, and nothing is filled at it.",
        "A market order is filled by the next trade of its side, a resting limit by a trade strictly through its price; "
        "a fill takes at most the trade's volume.",
        f"Times are local time of {timezone}.",
    ]
    if session is None:
        sentences.append("No session is configured: the market is always open, and a trading day is a calendar day of that time zone.")
    else:
        early = "".join(f", {day} at {time:%H:%M}" for day, time in sorted(session.early_closes.items()))
        where = f" in {session.timezone}" if session.timezone not in (None, timezone) else ""
        sentences.append(
            f"Sessions open {session.days} {session.opens:%H:%M} and close {session.closes:%H:%M}{early}{where}; "
            "the day of the close is the trading day."
        )
    if instrument.fee_taker is None or instrument.fee_maker is None:
        sentences.append("Fees are not configured for every fill: where they are missing a fill costs nothing.")
    return sentences
