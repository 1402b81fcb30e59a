"""Trades from a CSV file with the header DateTime,Price,Volume.

The file is read in blocks. A block whose rows are written alike is decoded column by column; any other goes row by row through a strict
parser, which is also what names the line of a bad row. Both give the same numbers.
"""

import datetime
import hashlib
import re
import zlib
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import RAW_MAX, Converter, plain, to_decimal
from neural_trader.sources.sessions import LocalClock

__all__ = ["HEADER", "Rows", "TradeReader", "fill_trades"]

HEADER: Final = b"DateTime,Price,Volume"
_BLOCK_BYTES: Final = 1 << 16
_LINE_BYTES_MAX: Final = 200
_FIELD_DIGITS_MAX: Final = 17  # a field this long fits int64 whatever its digits are
_TIME = re.compile(rb"(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_PLAIN_NUMBER = re.compile(rb"\d+(?:\.\d+)?")

_Bytes = NDArray[np.uint8]
_Ints = NDArray[np.int64]


class Rows(NamedTuple):
    """Decoded rows: UTC nanoseconds, raw price, raw quantity."""

    ts: _Ints
    price: _Ints
    size: _Ints


class _Number:
    """How one column becomes raw."""

    def __init__(self, converter: Converter, most: int, bound: str) -> None:
        self.converter = converter
        self.most = most
        self.bound = bound

    def one(self, text: bytes, what: str) -> int:
        """Raw value of one field; ValueError says what is wrong with it."""
        shown = text[:40].decode("ascii", "replace")
        if not _PLAIN_NUMBER.fullmatch(text):
            raise ValueError(f"{what} {shown!r} is not a positive decimal number")
        try:
            raw = self.converter.raw(text.decode())
        except InvalidArgument as error:
            raise ValueError(str(error)) from error
        if raw == 0:
            raise ValueError(f"{what} {shown} is not greater than zero")
        if raw > self.most:
            raise ValueError(f"{what} {shown} is beyond {self.bound} of {plain(to_decimal(self.most, self.converter.decimals))}")
        return raw

    def many(self, data: _Bytes, start: _Ints, end: _Ints) -> _Ints | None:
        """Raw values of the fields data[start:end], None when any of them is not plain digits with at most one point, or out of range."""
        width = int((end - start).max())
        if width > _FIELD_DIGITS_MAX or int((end - start).min()) < 1:
            return None
        mantissa = np.zeros(len(start), np.int64)
        point = np.full(len(start), -1, np.int64)  # digits after the point, -1 before it
        for column in range(width):
            at = start + column
            inside = at < end
            char = data[np.minimum(at, end - 1)].astype(np.int64)
            is_point = inside & (char == 46)
            digit = char - 48
            is_digit = inside & (digit >= 0) & (digit <= 9)
            if np.any(inside & ~is_point & ~is_digit) or np.any(is_point & ((point >= 0) | (at == start) | (at == end - 1))):
                return None
            mantissa = np.where(is_digit, mantissa * 10 + digit, mantissa)
            point = np.where(is_point, 0, np.where(is_digit & (point >= 0), point + 1, point))
        missing = self.converter.decimals - np.maximum(point, 0)
        if int(missing.min()) < 0:
            return None
        scale = np.power(np.int64(10), missing)
        if np.any(mantissa > self.most // scale) or np.any(mantissa == 0):
            return None
        raw = mantissa * scale
        return None if np.any(raw % self.converter.step) else raw


class TradeReader:
    """Reads a stream to its end, block by block. `file` names it in errors, `timezone` is that of its times.

    Afterwards `rows`, `sha256` and `notes` (sentences about what was met) are known.
    """

    def __init__(self, stream: BinaryIO, file: str, instrument: Instrument, timezone: str, limit: int | None = None) -> None:
        self._stream = stream
        self._file = file
        self._limit = limit
        self._clock = LocalClock(timezone)
        price = instrument.price_converter()
        most = Converter(instrument.price_decimals, 1, "max_price").raw(instrument.max_price)
        self._price = _Number(price, most, "max_price")
        self._size = _Number(Converter(instrument.quantity_decimals, 1, instrument.quantity_converter().what), RAW_MAX, "the bound")
        self._hash = hashlib.sha256()
        self._line = 1  # lines taken, the header included
        self._rest: bytes | None = None  # read but not decoded; None before the header
        self._last_ts = -(2**63)
        self._last_minute: tuple[datetime.datetime, int] | None = None
        self.rows = 0
        self.notes: list[str] = []

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes read so far, as hexadecimal text."""
        return self._hash.hexdigest()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Rows:
        """The next block of rows; SourceError names the line that is wrong."""
        if self._rest is None:
            self._rest = self._read_header()
        while self._limit is None or self.rows < self._limit:
            chunk = self._read()
            whole, newline, tail = (self._rest + chunk).rpartition(b"\n")
            self._rest = tail
            block = whole + newline
            if not chunk and tail:
                block, self._rest = block + tail + b"\n", b""
                self.notes.append("The last line of the file has no line end; it was read as a whole row.")
            if block:
                return self._decode(block)
            if not chunk:
                break
            if len(self._rest) > _BLOCK_BYTES:
                self._fail(self._line + 1, "the line does not end")
        if self.rows == 0:
            self._fail(None, "has a header but no rows")
        raise StopIteration

    def _read(self) -> bytes:
        try:
            chunk = self._stream.read(_BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise SourceError(f"cannot be read: {error}", file=self._file) from error
        self._hash.update(chunk)
        return chunk

    def _read_header(self) -> bytes:
        first = self._read()
        if not first:
            self._fail(None, "is empty")
        line, _, rest = first.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        self._check_text(line, 1)
        if line.removesuffix(b"\r") != HEADER:
            shown = line[:60].decode("utf-8", "replace").strip()
            self._fail(1, f"the header must be {HEADER.decode()}, not {shown!r}")
        return rest

    def _decode(self, block: bytes) -> Rows:
        if self._limit is not None:
            block = _first_lines(block, self._limit - self.rows)
        rows = self._columns(block) or self._one_by_one(block)
        before = np.concatenate((np.array([self._last_ts], np.int64), rows.ts[:-1]))
        back = np.flatnonzero(rows.ts < before)
        if len(back):
            self._fail(self._line + int(back[0]) + 1, "the time is earlier than that of the line before; sort the file by time")
        self._last_ts = int(rows.ts[-1])
        self._line += len(rows.ts)
        self.rows += len(rows.ts)
        return rows

    def _columns(self, block: bytes) -> Rows | None:
        """Decode a block whose rows have times of one width; None when it holds anything else."""
        data = np.frombuffer(block, np.uint8)
        newline = np.flatnonzero(data == 10)
        comma = np.flatnonzero(data == 44)
        if len(comma) != 2 * len(newline):
            return None
        start = np.concatenate((np.zeros(1, np.int64), newline[:-1] + 1))
        end = newline - (data[np.maximum(newline - 1, 0)] == 13)
        first, second = comma[0::2], comma[1::2]
        width = int(first[0] - start[0])
        if width not in (19, *range(21, 30)) or np.any(first - start != width) or np.any(second < first) or np.any(second > end):
            return None
        price = self._price.many(data, first + 1, second)
        size = self._size.many(data, second + 1, end)
        if price is None or size is None:
            return None
        ts = self._times(data[start[:, None] + np.arange(width)])
        return None if ts is None else Rows(ts, price, size)

    def _times(self, text: _Bytes) -> _Ints | None:
        """UTC nanoseconds of times of one width, one a row; None when one is not written as a time."""
        width = text.shape[1]
        marks = {4: b"-", 7: b"-", 10: b" T", 13: b":", 16: b":", 19: b"."}
        for column, allowed in marks.items():
            if column < width and not np.all(np.isin(text[:, column], np.frombuffer(allowed, np.uint8))):
                return None
        digits = text[:, [column for column in range(width) if column not in marks]] - np.uint8(48)
        if np.any(digits > 9):
            return None
        minute_change = np.any(digits[1:, :12] != digits[:-1, :12], axis=1)
        runs = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(minute_change) + 1))
        base = np.empty(len(runs), np.int64)
        for i, row in enumerate(runs.tolist()):
            written = (digits[row, :12] + np.uint8(48)).tobytes()
            year, month, day, hour, minute = (int(written[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12)))
            try:
                base[i] = self._minute(datetime.datetime(year, month, day, hour, minute))
            except ValueError:
                return None
        seconds = digits[:, 12].astype(np.int64) * 10 + digits[:, 13]
        if np.any(seconds > 59):
            return None
        fraction = np.zeros(len(text), np.int64)
        for column in range(14, digits.shape[1]):
            fraction = fraction * 10 + digits[:, column]
        fraction *= 10 ** (9 - (digits.shape[1] - 14))
        run_of_row = np.searchsorted(runs, np.arange(len(text)), side="right") - 1
        return np.asarray(base[run_of_row] + seconds * 1_000_000_000 + fraction, np.int64)

    def _minute(self, minute: datetime.datetime) -> int:
        """UTC nanoseconds of a local minute; the last one is remembered, for a minute goes on from block to block."""
        if self._last_minute is None or self._last_minute[0] != minute:
            if not 1970 <= minute.year <= 2261:
                raise ValueError(f"the year {minute.year} is not between 1970 and 2261")
            ts = self._clock.minute_ns(minute)
            self._last_minute = (minute, ts)
        return self._last_minute[1]

    def _one_by_one(self, block: bytes) -> Rows:
        """Decode a block row by row; SourceError names the first line that is wrong."""
        ts, price, size = [], [], []
        for number, line in enumerate(block.split(b"\n")[:-1], self._line + 1):
            self._check_text(line, number)
            fields = line.removesuffix(b"\r").split(b",")
            if len(fields) != 3:
                shown = line[:60].decode("utf-8", "replace")
                self._fail(number, f"has {len(fields)} fields instead of 3 (DateTime,Price,Volume): {shown!r}")
            try:
                ts.append(self._one_time(fields[0]))
                price.append(self._price.one(fields[1], "price"))
                size.append(self._size.one(fields[2], "volume"))
            except ValueError as error:
                self._fail(number, str(error))
        return Rows(np.array(ts, np.int64), np.array(price, np.int64), np.array(size, np.int64))

    def _one_time(self, text: bytes) -> int:
        match = _TIME.fullmatch(text)
        if match is None:
            raise ValueError(f"time {text[:40].decode('ascii', 'replace')!r} is not written as YYYY-MM-DD HH:MM:SS.fff")
        year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
        if second > 59:
            raise ValueError(f"time {text.decode()} has {second} seconds")
        base = self._minute(datetime.datetime(year, month, day, hour, minute))
        return base + second * 1_000_000_000 + int((match[7] or b"0").ljust(9, b"0"))

    def _check_text(self, line: bytes, number: int) -> None:
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            self._fail(number, f"is not UTF-8 text (byte 0x{line[error.start]:02X} at column {error.start + 1})")
        if len(line) > _LINE_BYTES_MAX:
            self._fail(number, f"is {len(line)} bytes long; at most {_LINE_BYTES_MAX} are possible")

    def _fail(self, line: int | None, message: str) -> NoReturn:
        raise SourceError(message, file=self._file, line=line)

    def finish(self) -> list[str]:
        """Notes about what was met, once everything has been read."""
        if self._clock.ambiguous:
            self.notes.append("Times in an hour that clocks go through twice are its first pass until the local time steps back.")
        return self.notes


def _first_lines(block: bytes, count: int) -> bytes:
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10)
    return block if len(ends) <= count else block[: int(ends[count - 1]) + 1]


def fill_trades(ticks: NDArray[Any], rows: Rows, instrument: int, first_trade_id: int) -> None:
    """Write rows as trade ticks; the aggressor stays 0, which leaves it to the tick rule of the core."""
    ticks["ts_event"] = rows.ts
    ticks["ts_recv"] = rows.ts
    ticks["price"] = rows.price
    ticks["size"] = rows.size
    ticks["trade_id"] = np.arange(first_trade_id, first_trade_id + len(rows.ts))
    ticks["instrument"] = instrument
    ticks["kind"] = abi.NT_TICK_TRADE
