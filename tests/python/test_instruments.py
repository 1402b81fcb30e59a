"""Instruments, sessions and limits in raw numbers."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.errors import ConfigProblem, InvalidArgument
from neural_trader.instruments import Fee, Instrument, Session, limit_raw, money_raw, value_fraction, weekdays
from neural_trader.numbers import RAW_MAX
from neural_trader.sources.sample import INSTRUMENT as ES


def problems_of(**changes: Any) -> list[ConfigProblem]:
    problems: list[ConfigProblem] = []
    msgspec.structs.replace(ES, **changes).check("instruments.ES", problems)
    return problems


def test_row_of_es() -> None:
    assert ES.row() == {
        "symbol": b"ES",
        "currency": b"USD",
        "price_decimals": 2,
        "quantity_decimals": 0,
        "tick_size": 25,
        "lot_size": 1,
        "minimum_quantity": 1,
        "maximum_price": 10_000_000,
        "allow_negative_price": 0,
        "initial_session": abi.NT_SESSION_CLOSED,
    }
    assert ES.value() == (5000, 1)
    assert ES.fees_raw() == (21000, 21000)
    assert problems_of() == []


def test_row_of_a_coin() -> None:
    coin = Instrument(symbol="BTC-USD", tick_size="0.01", lot_size=0.00001, minimum_quantity=0.0005, currency="USD", max_price=10**7)  # type: ignore[arg-type]
    row = coin.row()
    assert (row["price_decimals"], row["quantity_decimals"], row["lot_size"], row["minimum_quantity"]) == (2, 5, 1, 50)
    assert row["initial_session"] == abi.NT_SESSION_OPEN
    assert coin.value() == (1, 1000)
    assert coin.fees_raw() == (0, 0)
    assert coin.price_converter().raw(64000.01) == 6400001
    assert coin.quantity_converter().raw("0.5") == 50000
    with pytest.raises(InvalidArgument, match=r"quantity of BTC-USD 0\.000001 is not a multiple of 0\.00001"):
        coin.quantity_converter().raw("0.000001")


def test_rebates_are_negative_fees() -> None:
    instrument = msgspec.structs.replace(ES, fee_maker=Fee(per_contract=Decimal("-0.25")), fee_taker=None)
    assert instrument.fees_raw() == (0, -2500)


def test_fees_may_be_a_share_of_the_money() -> None:
    instrument = msgspec.structs.replace(ES, fee_taker=Fee(bps=Decimal("4.5")), fee_maker=Fee(per_contract=Decimal("0.25"), bps=-1))
    assert instrument.fees_ppb() == (450_000, -100_000)
    assert instrument.fees_raw() == (0, 2500)
    assert (str(instrument.fee_taker), str(instrument.fee_maker), str(Fee(per_contract=0))) == (
        *("4.5 bps", "0.25 a contract and -1 bps", "0 a contract"),
    )
    assert ES.fees_ppb() == (0, 0)


def test_a_symbol_is_needed() -> None:
    with pytest.raises(InvalidArgument, match="no symbol"):
        msgspec.structs.replace(ES, symbol=None).row()


@given(
    st.decimals(min_value="0.001", max_value=10000, places=3),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(0, 6),
    st.integers(1, 10**9),
)
def test_value_is_exact(multiplier: Decimal, price_decimals: int, quantity_decimals: int, money_decimals: int, product: int) -> None:
    numerator, denominator = value_fraction(multiplier, price_decimals, quantity_decimals, money_decimals)
    money = Fraction(product, 10 ** (price_decimals + quantity_decimals)) * Fraction(multiplier)
    assert Fraction(product * numerator, denominator) == money * 10**money_decimals
    assert Fraction(numerator, denominator).denominator == denominator


def test_a_value_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="does not fit") as caught:
        value_fraction(Decimal("1.0000000000000001"), 15, 15, 4)
    assert caught.value.limit == RAW_MAX
    assert [problem.path for problem in problems_of(multiplier=Decimal("1.0000000000000001"))] == ["instruments.ES.multiplier"]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"tick_size": Decimal("1E-16")}, "tick_size", "needs 16 decimals; at most 15"),
        ({"lot_size": Decimal("1E-16")}, "lot_size", "needs 16 decimals; at most 15"),
        ({"tick_size": 2**52, "max_price": 2**51}, "tick_size", "beyond the bound"),
        ({"lot_size": 2**52}, "lot_size", "beyond the bound"),
        ({"max_price": 10**15}, "max_price", "beyond the bound of 22517998136852.48"),
        ({"max_price": Decimal("1.005")}, "max_price", "not a multiple of 0.01"),
        ({"max_price": Decimal("0.2")}, "max_price", "is less than the tick size 0.25"),
        ({"lot_size": 10, "minimum_quantity": 15}, "minimum_quantity", "nearest are 10 and 20"),
        ({"fee_taker": Fee(per_contract=Decimal("0.00001"))}, "fee_taker", "fee 0.00001 is not a multiple of 0.0001"),
        ({"fee_maker": Fee(bps=Decimal("0.000001"))}, "fee_taker", "fee in bps 0.000001 is not a multiple of 0.00001"),
    ],
)
def test_what_the_core_cannot_hold_is_named(changes: dict[str, Any], path: str, message: str) -> None:
    found = problems_of(**changes)
    assert f"instruments.ES.{path}" in [problem.path for problem in found]
    assert any(message in problem.message for problem in found)


def test_weekdays() -> None:
    assert weekdays("Mon-Fri") == {0, 1, 2, 3, 4}
    assert weekdays("Sun-Thu") == {6, 0, 1, 2, 3}
    assert weekdays("Mon, Wed,Fri - Fri") == {0, 2, 4}
    assert weekdays("Sat-Fri") == set(range(7))
    for text in ("", "Monday", "mon", "Mon-", "Mon-Fry", "Mon;Tue", "Mon-Tue-Wed"):
        with pytest.raises(ValueError, match="is not a day"):
            weekdays(text)


def test_a_trading_day_is_the_day_of_the_close() -> None:
    session = ES.session
    assert session is not None
    days = {day: session.is_trading_day(datetime.date(2013, 9, day)) for day in range(1, 8)}
    assert days == {1: False, 2: True, 3: True, 4: True, 5: True, 6: True, 7: False}
    daily = Session(days="Mon-Fri", opens=datetime.time(9, 30), closes=datetime.time(16))
    assert not daily.overnight
    assert daily.is_trading_day(datetime.date(2013, 9, 6))
    assert not daily.is_trading_day(datetime.date(2013, 9, 1))


def test_an_early_close_on_another_day_is_a_mistake() -> None:
    session = msgspec.structs.replace(ES.session, early_closes={datetime.date(2013, 9, 1): datetime.time(10)})
    (problem,) = problems_of(session=session)
    assert problem.path == "instruments.ES.session.early_closes.2013-09-01"
    assert "no session of Sun-Thu ends on Sunday 2013-09-01" in problem.message


def test_limits_are_rounded_against_the_trader() -> None:
    assert limit_raw(None, 2, "max_position") == abi.NT_ABSENT
    assert limit_raw(Decimal("2.999"), 0, "max_position") == 2
    assert limit_raw(2.5, 2, "max_position") == 250
    assert limit_raw(0, 2, "max_position") == 0
    assert limit_raw(Decimal("0.001"), 2, "max_position") == 0
    for value in (2**51 + 1, Decimal("1E+17")):
        with pytest.raises(InvalidArgument, match=r"max_position .* is beyond the bound"):
            limit_raw(value, 0, "max_position")


def test_money_is_exact() -> None:
    assert money_raw(Decimal("2.10")) == 21000
    with pytest.raises(InvalidArgument, match=r"money 0\.00001"):
        money_raw(Decimal("0.00001"))
