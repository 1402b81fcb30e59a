"""Numbers in and out: units (str, int, float, Decimal) to the raw int64 of the core, and back.

A raw value is the number times ten to the power of its decimals. In: exact for str, int and Decimal; a float is accepted when it is
within 1e-6 of a step (tick, lot) or is the float nearest to one. bool, NaN, infinities and other types are refused, and so is anything
beyond 2^51 raw. Out: the exactly rounded float, or the exact Decimal.
"""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument

__all__ = ["POWERS_OF_TEN", "RAW_MAX", "Converter", "Number", "brief", "decimals_of", "exact", "from_raw", "plain", "to_decimal", "to_raw"]

Number = str | int | float | Decimal

RAW_MAX: Final = abi.NT_RAW_MAX
POWERS_OF_TEN: Final[tuple[int, ...]] = tuple(10**i for i in range(abi.NT_DECIMALS_MAX + 1))
_LONG: Final = 40  # digits before or after the point
_SHOWN_DIGITS: Final = 17  # of a long number
_DIGITS_MAX: Final = 64  # of one number: more is a mistake, and would cost unbounded time
_FAST: Final = float(2**31)  # below this many steps the float product below is wrong by less than 2.5e-7
_TOLERANCE: Final = 1e-6  # of a step
_TOLERANCE_EXACT: Final = Fraction(1, 1_000_000)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_EXACT = Context(prec=160, Emin=-999999, Emax=999999)


def exact(value: Any, what: str = "value") -> Decimal:
    """The Decimal that `value` stands for; a float is read as its shortest decimal text. Refuses what is not a finite number."""
    if isinstance(value, bool | np.bool_):
        raise InvalidArgument(f"{what} is {value}, a truth value; give a number")
    if isinstance(value, str):
        if len(value) > _DIGITS_MAX or _NUMBER.fullmatch(value) is None:
            raise InvalidArgument(f"{what} {value[:80]!r} is not a plain decimal number")
        number = Decimal(value)
    elif isinstance(value, int | np.integer):
        integer = int(value)
        if abs(integer) >= 10**_DIGITS_MAX:
            raise InvalidArgument(f"{what} has more than {_DIGITS_MAX} digits")
        number = Decimal(integer)
    elif isinstance(value, float | np.floating):
        number = Decimal(repr(float(value)))
    elif isinstance(value, Decimal):
        number = value
    else:
        raise InvalidArgument(f"{what} is a {type(value).__name__}; give an int, float, Decimal or str")
    if not number.is_finite():
        raise InvalidArgument(f"{what} is {value}; give a finite number")
    if len(number.as_tuple().digits) > _DIGITS_MAX:
        raise InvalidArgument(f"{what} has more than {_DIGITS_MAX} digits")
    return number


def decimals_of(value: Decimal) -> int:
    """How many decimals a finite number needs: 0.25 two, 5 none, 1E+3 none."""
    if value.is_zero():
        return 0
    exponent = value.normalize(_EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def to_decimal(raw: int, decimals: int) -> Decimal:
    """The exact value of a raw number."""
    return Decimal(raw).scaleb(-decimals, _EXACT)


def from_raw(raw: int, decimals: int) -> float:
    """The value of a raw number as the nearest float; NaN for NT_ABSENT."""
    if raw == abi.NT_ABSENT:
        return math.nan
    return int(raw) / POWERS_OF_TEN[decimals]  # a quotient of integers is rounded once


def plain(value: Decimal) -> str:
    """A number as people write it: no exponent, no zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def brief(value: Decimal) -> str:
    """A number for an error text: as people write it, with an exponent where that would be long."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return str(value)
    if value.is_zero():
        return "0"
    if -_LONG < value.adjusted() < _LONG and len(digits) <= _DIGITS_MAX:
        return plain(value)
    shown = "".join(map(str, digits[:_SHOWN_DIGITS])).rstrip("0")
    return f"{'-' if sign else ''}{shown}e{exponent + len(digits) - len(shown)}"


class Converter:
    """Units to raw for one column of one instrument: its decimals and its step (tick or lot), with everything precomputed.

    `raw(value)` is on the path of every order.
    """

    __slots__ = ("_factor", "_int_max", "_int_steps", "_per_step", "decimals", "step", "what")

    def __init__(self, decimals: int, step: int = 1, what: str = "value") -> None:
        if not 0 <= decimals <= abi.NT_DECIMALS_MAX:
            raise InvalidArgument(f"decimals of {what} must be 0 to {abi.NT_DECIMALS_MAX}", observed=decimals, limit=abi.NT_DECIMALS_MAX)
        if not 0 < step <= RAW_MAX:
            raise InvalidArgument(f"step of {what} must be 1 to 2^51 raw", observed=step, limit=RAW_MAX)
        self.decimals = decimals
        self.step = step
        self.what = what
        self._factor: int = POWERS_OF_TEN[decimals]
        self._per_step = self._factor / step
        self._int_max = RAW_MAX // self._factor
        self._int_steps = self._factor % step == 0  # every whole number is on a step

    def raw(self, value: Number) -> int:
        """Raw int64 of `value`, on a step; InvalidArgument says what is wrong otherwise."""
        if type(value) is np.float64:
            value = float(value)
        if type(value) is int:
            if self._int_steps and -self._int_max <= value <= self._int_max:
                return value * self._factor
        elif type(value) is float:
            steps = value * self._per_step
            if -_FAST < steps < _FAST:  # false for NaN
                nearest = round(steps)
                if -_TOLERANCE <= steps - nearest <= _TOLERANCE:
                    raw = nearest * self.step
                    if -RAW_MAX <= raw <= RAW_MAX:
                        return raw
        return self._slow(value)

    def value(self, raw: int) -> float:
        """Units of a raw value."""
        return from_raw(raw, self.decimals)

    def _slow(self, value: Number) -> int:
        number = exact(value, self.what)
        if number.is_zero():
            return 0
        if number.adjusted() + self.decimals > 20:
            raise self._too_large(number)
        # Anything below 1E-80 is as far from a step as 1E-80, and its fraction would have a huge denominator.
        scaled = Fraction(number if number.adjusted() >= -80 else Decimal("1E-80").copy_sign(number)) * self._factor
        steps = scaled / self.step
        nearest = round(steps)
        raw = nearest * self.step
        if steps != nearest and not self._stands_for(value, steps, nearest):
            raise self._too_large(number) if abs(scaled) > RAW_MAX else self._off_step(number, math.floor(steps))
        if abs(raw) > RAW_MAX:
            raise self._too_large(number)
        return raw

    def _stands_for(self, value: Number, steps: Fraction, nearest: int) -> bool:
        """Whether a float is near enough to a step, or the nearest float to it; other types have to be exact."""
        if not isinstance(value, float | np.floating):
            return False
        return abs(steps - nearest) <= _TOLERANCE_EXACT or nearest * self.step / self._factor == float(value)

    def _too_large(self, number: Decimal) -> InvalidArgument:
        bound = plain(to_decimal(RAW_MAX, self.decimals))
        return InvalidArgument(f"{self.what} {brief(number)} is beyond the bound of {bound} (2^51 raw)", limit=RAW_MAX)

    def _off_step(self, number: Decimal, below: int) -> InvalidArgument:
        low, high = (format(to_decimal(steps * self.step, self.decimals), "f") for steps in (below, below + 1))
        size = plain(to_decimal(self.step, self.decimals))
        shown = format(number, "f") if number.adjusted() > -_LONG else brief(number)  # with the zeros that were written
        return InvalidArgument(f"{self.what} {shown} is not a multiple of {size}: the nearest are {low} and {high}", limit=self.step)


def to_raw(value: Number, decimals: int, step: int = 1, what: str = "value") -> int:
    """Raw int64 of `value` with `decimals`, a multiple of `step` raw units. Keep a `Converter` where it is called often."""
    return Converter(decimals, step, what).raw(value)
