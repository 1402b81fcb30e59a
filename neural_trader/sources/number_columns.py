"""Columns of numbers in separated text, decoded for all rows at once.

Eight digits are one 64-bit word: two multiplications at a time join neighbouring digits, pairs and quads. Nothing is accepted that is not
digits (with one point where a decimal is read); a column comes with a mask of the rows in which it is something else, and `Refusals`
keeps the first row of all masks with the words for it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import RAW_MAX, Converter, exact, plain, to_decimal

__all__ = ["INTEGER_DIGITS_MAX", "Columns", "Decoded", "Refusals", "prices_raw", "sizes_raw"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
_Words = NDArray[np.uint64]

INTEGER_DIGITS_MAX: Final = 16
_FRACTION_DIGITS_MAX: Final = 9
_PAD: Final = b"\n" * 16  # so that the two words before any field's end are inside the buffer


def _word(value: int) -> np.uint64:
    return np.uint64(value & 0xFFFF_FFFF_FFFF_FFFF)


_ZEROS: Final = _word(0x3030303030303030)
_SEVENTY_SIX: Final = _word(0x7676767676767676)  # carries a byte above 9 into its top bit
_TOPS: Final = _word(0x8080808080808080)
_KEEP: Final = np.array([0xFFFF_FFFF_FFFF_FFFF << (64 - 8 * n) & 0xFFFF_FFFF_FFFF_FFFF for n in range(9)], np.uint64)  # last n bytes
_JOINS: Final = (
    (_word(10), _word(8), _word(0x00FF00FF00FF00FF)),
    (_word(100), _word(16), _word(0x0000FFFF0000FFFF)),
    (_word(10_000), _word(32), _word(0x00000000FFFFFFFF)),
)
_HEX: Final = np.full(256, 255, np.uint8)
_HEX[list(b"0123456789")] = np.arange(10)
_HEX[list(b"abcdef")] = _HEX[list(b"ABCDEF")] = np.arange(10, 16)
_POWERS: Final = 10 ** np.arange(_FRACTION_DIGITS_MAX + 1, dtype=np.int64)


class Decoded(NamedTuple):
    """A column: its values, and the rows in which it is not a number."""

    values: Ints
    bad: Flags


class Refusals:
    """The first row that is wrong, and what is wrong with it. Of one row the first check that was added speaks."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._row: int | None = None
        self._text = ""

    def add(self, bad: Flags, text: Callable[[int], str]) -> None:
        """Note a mask of wrong rows; `text(row)` is what to say of one."""
        if bad.any():
            row = int(bad.argmax())
            if self._row is None or row < self._row:
                self._row, self._text = row, text(row)

    def check(self) -> None:
        """SourceError when a row was refused."""
        if self._row is not None:
            raise SourceError(self._text, file=self._file, line=self._row + 1)


class Columns:
    """Lines of `fields` fields separated by commas; SourceError names the first line that has another number of them."""

    def __init__(self, text: bytes, fields: int, file: str) -> None:
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        if not text.endswith(b"\n"):
            text += b"\n"
        self._buffer = _PAD + text
        self.data: NDArray[np.uint8] = np.frombuffer(self._buffer, np.uint8)
        self._words: _Words = np.ndarray((len(self._buffer) - 7,), "<u8", buffer=self._buffer, strides=(1,))
        separators = np.flatnonzero(self.data[len(_PAD) :] < 45) + len(_PAD)  # the comma is 44, all of a number is above it
        marks = self.data[separators]
        rows = len(separators) // fields
        good = rows * fields == len(separators) and bool(np.all(marks.reshape(rows, fields) == _line_marks(fields)))
        if not good:
            raise _malformed(text, fields, file)
        self.rows = rows
        self._ends: Ints = np.ascontiguousarray(separators.reshape(rows, fields).T, np.int64)
        self._fields = fields

    def bounds(self, field: int) -> tuple[Ints, Ints]:
        """Where a field begins and ends, a row."""
        if field:
            return self._ends[field - 1] + 1, self._ends[field]
        return np.concatenate((np.array([len(_PAD)], np.int64), self._ends[-1, :-1] + 1)), self._ends[0]

    def text(self, field: int, row: int) -> str:
        """What is written in a field, as far as a message needs it."""
        start, end = self.bounds(field)
        return bytes(self.data[start[row] : min(end[row], start[row] + 40)]).decode("ascii", "replace")

    def integers(self, field: int) -> Decoded:
        """Whole numbers without a sign, of 1 to 16 digits."""
        return self._digits(*self.bounds(field))

    def signed(self, field: int) -> Decoded:
        """Whole numbers, a minus before them allowed."""
        start, end = self.bounds(field)
        minus = self.data[start] == 45
        values, bad = self._digits(start + minus, end)
        return Decoded(np.where(minus, -values, values), bad)

    def decimals(self, field: int, places: int) -> Decoded:
        """Numbers without a sign and with at most one point, times 10 to the power of `places` (at most 9). Digits beyond `places` are
        allowed where they are 0."""
        start, end = self.bounds(field)
        points = self._points()
        at = np.searchsorted(points, start)
        found = points[np.minimum(at, len(points) - 1)] if len(points) else np.zeros_like(start)
        has_point = (at < len(points)) & (found >= start) & (found < end)
        whole_end = np.where(has_point, found, end)
        whole, bad = self._digits(start, whole_end)
        bad |= whole_end - start > 9
        if not has_point.any():
            return Decoded(np.where(bad, 0, whole) * 10**places, bad)
        length = np.where(has_point, end - found - 1, 0)
        bad |= has_point & ((length < 1) | (length > _FRACTION_DIGITS_MAX))
        fraction, not_digits = self._digits(np.where(has_point, found + 1, start), np.where(has_point, end, start + 1))
        bad |= has_point & not_digits
        scaled = np.where(has_point & ~bad, fraction, 0) * _POWERS[_FRACTION_DIGITS_MAX - np.where(bad, 0, length)]
        fraction, beyond = np.divmod(scaled, 10 ** (_FRACTION_DIGITS_MAX - places))
        bad |= beyond != 0
        return Decoded(np.where(bad, 0, whole) * 10**places + fraction, bad)

    def flags(self, field: int) -> Decoded:
        """Hexadecimal numbers of 1 to 8 digits."""
        start, end = self.bounds(field)
        length = end - start
        bad = (length < 1) | (length > 8)
        keep = _KEEP[np.clip(length, 0, 8)]
        digits = _HEX[((self._words[end - 8] & keep) | (_ZEROS & ~keep)).view(np.uint8)]
        bad |= (digits.reshape(-1, 8) == 255).any(axis=1)
        nibbles = digits.view(np.uint64)
        for factor, shift, mask in ((16, 8, _JOINS[0][2]), (256, 16, _JOINS[1][2]), (65536, 32, _JOINS[2][2])):
            nibbles = (nibbles * _word(factor) + (nibbles >> _word(shift))) & mask
        return Decoded(nibbles.astype(np.int64), bad)

    def has_above(self, character: int) -> Flags:
        """The rows that have a character above this one anywhere."""
        found = np.zeros(self.rows, np.bool_)
        found[np.searchsorted(self._ends[-1], np.flatnonzero(self.data > character))] = True
        return found

    def _points(self) -> Ints:
        """Where the points of the text are."""
        return np.flatnonzero(self.data == 46)

    def _digits(self, start: Ints, end: Ints) -> Decoded:
        length = end - start
        bad = (length < 1) | (length > INTEGER_DIGITS_MAX)
        low, wrong = _eight(self._words[end - 8], np.clip(length, 0, 8))
        if int(length.max(initial=0)) > 8:
            high, wrong_high = _eight(self._words[end - 16], np.clip(length - 8, 0, 8))
            low, wrong = low + high * _word(10**8), wrong | wrong_high
        return Decoded(low.view(np.int64), bad | wrong)


def _eight(words: _Words, count: Ints) -> tuple[_Words, Flags]:
    """The numbers that the last `count` of eight characters are, and which of them are not digits."""
    digits = (words ^ _ZEROS) & _KEEP[count]
    wrong = (((digits + _SEVENTY_SIX) | digits) & _TOPS) != 0
    for factor, shift, mask in _JOINS:
        digits = (digits * factor + (digits >> shift)) & mask
    return digits, wrong


def _line_marks(fields: int) -> NDArray[np.uint8]:
    return np.array([44] * (fields - 1) + [10], np.uint8)


def _malformed(text: bytes, fields: int, file: str) -> SourceError:
    """The error for the first line of a text that is not lines of so many fields."""
    for number, line in enumerate(text.split(b"\n"), 1):
        shown = line[:60].decode("ascii", "replace")
        if line.count(b",") != fields - 1:
            return SourceError(f"has {line.count(b',') + 1} fields instead of {fields}: {shown!r}", file=file, line=number)
        if any(byte < 44 for byte in line):
            return SourceError(f"has a character that is part of no number: {shown!r}", file=file, line=number)
    raise AssertionError("a text of whole lines was refused")


def prices_raw(values: Ints, places: int, instrument: Instrument, refusals: Refusals, what: str) -> Ints:
    """Raw prices of prices times 10 to the power of `places`; 0 stays 0. Refuses what is off the tick or beyond max_price."""
    decimals, tick = instrument.price_decimals, instrument.tick_raw
    most = Converter(decimals, 1, "max_price").raw(exact(instrument.max_price))

    def shown(row: int) -> str:
        return plain(to_decimal(int(values[row]), places))

    bound = min(most * 10**places // 10**decimals, 2**63 - 1)
    beyond = values > bound
    refusals.add(beyond, lambda row: f"{what} {shown(row)} is beyond max_price of {plain(to_decimal(most, decimals))}")
    kept = np.where(beyond, 0, values)
    if decimals >= places:
        raw, rest = kept * 10 ** (decimals - places), np.zeros_like(kept)
    else:
        raw, rest = np.divmod(kept, 10 ** (places - decimals))
    off = (rest != 0) | (raw % tick != 0)
    size = plain(exact(instrument.tick_size))
    refusals.add(off, lambda row: f"{what} {shown(row)} is not a multiple of the tick size {size}; configure a finer tick_size")
    return np.asarray(raw, np.int64)


def sizes_raw(values: Ints, instrument: Instrument, refusals: Refusals, what: str) -> Ints:
    """Raw quantities of whole numbers. Refuses what is beyond the bound of a raw value."""
    scale = 10**instrument.quantity_decimals
    beyond = values > RAW_MAX // scale
    refusals.add(beyond, lambda row: f"{what} {int(values[row])} is beyond the bound of {RAW_MAX // scale} (2^51 raw)")
    return np.asarray(np.where(beyond, 0, values) * scale, np.int64)
