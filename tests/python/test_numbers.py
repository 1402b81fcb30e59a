"""Units to raw and back."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.numbers import RAW_MAX, Converter, decimals_of, exact, from_raw, plain, to_decimal, to_raw

TYPES = [int, float, Decimal, str, np.int64, np.float64]


@pytest.mark.parametrize(
    "value",
    [1640.25, "1640.25", "+1640.25", "1.64025e3", Decimal("1640.25"), Decimal("1640.250000"), np.float64(1640.25), np.float32(1640.25)],
)
def test_every_type_gives_the_same_raw(value: object) -> None:
    assert to_raw(value, 2, 25) == 164025  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.", Decimal(7), np.int64(7), np.uint8(7), np.float16(7), np.float32(7)])
def test_whole_numbers_of_every_type(value: object) -> None:
    raw = to_raw(value, 2, 25)  # type: ignore[arg-type]
    assert raw == 700
    assert type(raw) is int


def test_zero_and_negative_values_have_raw_values() -> None:
    assert [to_raw(value, 2) for value in (0, 0.0, -0.0, "0", Decimal("0E+999"), Decimal("-0.00"))] == [0] * 6
    assert [to_raw(value, 2) for value in (-3, -0.25, "-0.25", Decimal("-0.25"))] == [-300, -25, -25, -25]


@pytest.mark.parametrize("kind", TYPES)
def test_2_51_is_the_last_value(kind: type) -> None:
    assert to_raw(kind(RAW_MAX), 0) == RAW_MAX
    assert to_raw(kind(-RAW_MAX), 0) == -RAW_MAX


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("value", [2**51 + 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**51) - 1, -(2**63)])
def test_beyond_2_51_is_refused_in_every_type(kind: type, value: int) -> None:
    with pytest.raises(InvalidArgument, match=r"price .* is beyond the bound of 2251799813685248 \(2\^51 raw\)") as caught:
        to_raw(kind(value), 0, what="price")
    assert caught.value.limit == RAW_MAX


@pytest.mark.parametrize("value", [2**63, 10**40, float(2**64), 1e300, "1e30", Decimal("1E+400000"), np.uint64(2**64 - 1)])
def test_beyond_int64_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgument, match="beyond the bound"):
        to_raw(value, 0)  # type: ignore[arg-type]


def test_the_bound_counts_raw_units() -> None:
    assert to_raw("22517998136852.48", 2) == RAW_MAX
    for value in ("22517998136852.49", Decimal("22517998136852.49"), 22517998136852.5, 22517998136853):
        with pytest.raises(InvalidArgument, match=r"beyond the bound of 22517998136852\.48"):
            to_raw(value, 2)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "truth value"),
        (np.True_, "truth value"),
        (math.nan, "finite"),
        (math.inf, "finite"),
        (-math.inf, "finite"),
        (np.float64("nan"), "finite"),
        (np.float32("inf"), "finite"),
        (Decimal("NaN"), "finite"),
        (Decimal("sNaN"), "finite"),
        (Decimal("-Infinity"), "finite"),
        ("nan", "plain decimal"),
        ("inf", "plain decimal"),
        ("", "plain decimal"),
        (" 1", "plain decimal"),
        ("1_000", "plain decimal"),
        ("1,5", "plain decimal"),
        ("0x10", "plain decimal"),
        ("\u0661", "plain decimal"),
        ("1e9999", "plain decimal"),
        ("9" * 65, "plain decimal"),
        (10**4000, "digits"),
        (Decimal("1." + "1" * 100), "digits"),
        (None, "NoneType"),
        (b"1", "bytes"),
        (1j, "complex"),
        ([1], "list"),
        (Fraction(1, 4), "Fraction"),
        (np.array([1.0]), "ndarray"),
    ],
)
def test_what_is_not_a_number_is_refused(value: object, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message) as caught:
        to_raw(value, 2, what="quantity")  # type: ignore[arg-type]
    assert "quantity" in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("value", [1640.3, "1640.30", Decimal("1640.3"), np.float64(1640.3)])
def test_off_tick_names_both_neighbours(value: object) -> None:
    with pytest.raises(InvalidArgument, match=r"price 1640\.30? is not a multiple of 0\.25: the nearest are 1640\.25 and 1640\.50"):
        to_raw(value, 2, 25, "price")  # type: ignore[arg-type]


def test_off_tick_below_zero_and_far_below_a_step() -> None:
    with pytest.raises(InvalidArgument, match=r"nearest are -1640\.50 and -1640\.25"):
        to_raw("-1640.3", 2, 25)
    with pytest.raises(InvalidArgument, match=r"nearest are 0\.00 and 0\.25"):
        to_raw(Decimal("1E-400000"), 2, 25)
    with pytest.raises(InvalidArgument, match=r"nearest are -0\.25 and 0\.00"):
        to_raw(Decimal("-1E-400000"), 2, 25)
    with pytest.raises(InvalidArgument, match="not a multiple of 5: the nearest are 10 and 15"):
        to_raw(12, 0, 5)


def test_a_float_may_be_a_millionth_of_a_tick_off() -> None:
    assert to_raw(1640.25 + 0.25 * 0.9e-6, 2, 25) == 164025
    assert to_raw(1640.25 - 0.25 * 0.9e-6, 2, 25) == 164025
    for value in (1640.25 + 0.25 * 1.1e-6, 1640.25 - 0.25 * 1.1e-6):
        with pytest.raises(InvalidArgument, match="not a multiple"):
            to_raw(value, 2, 25)
    assert to_raw(0.1 + 0.2, 1) == 3
    with pytest.raises(InvalidArgument, match="not a multiple"):
        to_raw(Decimal(0.1), 1)  # what is exact has to be exact


def test_a_large_float_stands_for_the_step_it_is_nearest_to() -> None:
    value = 8_589_934_592.3  # its neighbours are 2e-6 away
    assert to_raw(value, 1) == 85_899_345_923
    with pytest.raises(InvalidArgument, match="not a multiple"):
        to_raw(math.nextafter(math.nextafter(value, math.inf), math.inf), 1)
    with pytest.raises(InvalidArgument, match="not a multiple of 1:"):
        to_raw(float(2**50) + 0.25, 0)


steps = st.sampled_from([1, 5, 25, 125, 7, 10**6])


@given(st.integers(0, 15), steps, st.integers(-RAW_MAX, RAW_MAX))
def test_raw_comes_back_from_every_form(decimals: int, step: int, near: int) -> None:
    raw = near // step * step
    raw = raw + step if raw < -RAW_MAX else raw
    converter = Converter(decimals, step)
    number = to_decimal(raw, decimals)
    assert number == Fraction(raw, 10**decimals)
    assert converter.raw(number) == converter.raw(str(number)) == raw
    value = from_raw(raw, decimals)
    assert value == float(Fraction(raw, 10**decimals))
    assert converter.raw(value) == converter.raw(np.float64(value)) == raw
    assert converter.value(raw) == value


@given(st.integers(0, 15), steps, st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_exact_numbers_are_taken_exactly_or_not_at_all(decimals: int, step: int, number: Decimal) -> None:
    scaled = Fraction(number) * 10**decimals
    if scaled % step == 0 and abs(scaled) <= RAW_MAX:
        assert to_raw(number, decimals, step) == to_raw(str(number), decimals, step) == scaled
    else:
        with pytest.raises(InvalidArgument):
            to_raw(number, decimals, step)


@given(st.integers(0, 8), steps, st.integers(-(10**9), 10**9), st.floats(-0.5, 0.5))
def test_floats_are_taken_within_tolerance_only(decimals: int, step: int, count: int, offset: float) -> None:
    if 5e-7 < abs(offset) < 2e-6:
        offset = 0.0  # too near to the edge for a float product to say
    value = (count + offset) * step / 10**decimals
    distance = abs(Fraction(value) * 10**decimals / step - count)
    if distance <= Fraction(6, 10**7):
        assert to_raw(value, decimals, step) == count * step
    elif distance > Fraction(2, 10**6):
        with pytest.raises(InvalidArgument):
            to_raw(value, decimals, step)


def test_impossible_converters_are_refused() -> None:
    for decimals in (-1, 16):
        with pytest.raises(InvalidArgument, match="decimals"):
            Converter(decimals)
    for step in (0, -1, RAW_MAX + 1):
        with pytest.raises(InvalidArgument, match="step"):
            Converter(0, step)


def test_out() -> None:
    assert math.isnan(from_raw(abi.NT_ABSENT, 2))
    assert from_raw(164025, 2) == 1640.25
    assert to_decimal(-1, 4) == Decimal("-0.0001")
    assert [decimals_of(Decimal(text)) for text in ("0.25", "5", "1E+3", "0.2500", "0", "100", "1e-9")] == [2, 0, 0, 2, 0, 0, 9]
    assert [plain(Decimal(text)) for text in ("1E+3", "0.2500", "5.0", "-0.10", "0")] == ["1000", "0.25", "5", "-0.1", "0"]
    assert exact(0.1) == Decimal("0.1")
