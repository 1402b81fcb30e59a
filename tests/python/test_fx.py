"""Accounts that trade in another currency: rates of the configuration value it, and without one orders are denied."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from support import FEE, TEST, Market, answer, config_of, walk, write_tape
from test_backtest import Turns

import neural_trader as nt
from neural_trader.config import AccountConfig, Config, Limits
from neural_trader.config_check import validate_config
from neural_trader.config_rows import terms_row
from neural_trader.errors import InvalidArgument

EURO = msgspec.structs.replace(TEST, currency="EUR", symbol="TEST")


def configured(**changes: Any) -> Config:
    return config_of("fx", instruments={"TEST": EURO}, **changes)


@pytest.mark.parametrize(
    ("fx", "rate"),
    [
        ({"EUR/USD": Decimal("1.085")}, Fraction(1085, 1000)),
        ({"USD/EUR": Decimal("0.8")}, Fraction(5, 4)),
        ({"EUR/USD": 2, "GBP/USD": 3}, Fraction(2)),
        ({"EUR/GBP": 2, "USD/GBP": 3}, None),
    ],
)
def test_terms_are_in_the_currency_of_the_account(fx: dict[str, Any], rate: Fraction | None) -> None:
    account = AccountConfig(currency="USD", cash=1)
    terms = terms_row(EURO, account, configured(fx=fx))
    if rate is None:
        assert (terms["value_numerator"], terms["value_denominator"]) == (0, 0)
        return
    home = terms_row(msgspec.structs.replace(EURO, currency="USD"), account, configured())
    assert Fraction(terms["value_numerator"], terms["value_denominator"]) == rate * home["value_numerator"] / home["value_denominator"]
    assert terms["fee_taker"] == -(-(12_500 * rate) // 1)


def test_a_rebate_is_rounded_against_the_account() -> None:
    paid = msgspec.structs.replace(EURO, fee_maker=nt.Fee(per_contract=Decimal("-0.0003")), fee_taker=FEE)
    terms = terms_row(paid, AccountConfig(currency="USD", cash=1), configured(fx={"EUR/USD": Decimal("1.5")}))
    assert terms["fee_maker"] == -4  # of -4.5


def test_a_rate_that_makes_a_value_too_long_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="does not fit in"):
        terms_row(EURO, AccountConfig(currency="USD", cash=1), configured(fx={"EUR/USD": Decimal("1.0000000000000000001")}))


def test_profit_is_that_of_home_times_the_rate(tmp_path: Any) -> None:
    tape = write_tape(tmp_path / "trades.csv", walk(600))
    home = nt.backtest(Turns(), tape, config_of("home", instruments={"TEST": msgspec.structs.replace(EURO, currency="USD")}))
    away = nt.backtest(Turns(), tape, configured(fx={"EUR/USD": 2}))
    assert home.summary["fills"] == away.summary["fills"] > 10
    for name in ("gross", "fees", "net"):
        assert Decimal(str(away.summary["pnl"][name])) == 2 * Decimal(str(home.summary["pnl"][name]))
    assert "EUR/USD is 2 throughout." in away.summary["assumptions"]


def test_limits_are_in_the_currency_of_the_account(kernel_name: str) -> None:
    config = msgspec.structs.replace(configured(fx={"EUR/USD": 2}, limits=Limits(max_open_notional=100_000)), name=kernel_name)
    with Market(config) as market, market.client() as client:
        market.trade(1000)
        assert answer(client, client.submit("TEST", "BUY", 1, 1000)).status == "NEW"  # 1000 x 50 x 2
        denied = answer(client, client.submit("TEST", "BUY", 1, 1000))
        assert (denied.reason, denied.observed, denied.limit) == ("OPEN_NOTIONAL_EXCEEDED", "200000", "100000")


@pytest.mark.parametrize(
    ("fx", "path", "text"),
    [
        ({"EURUSD": 1}, "fx", "must be two currency codes such as EUR/USD"),
        ({"EUR/EUR": 1}, "fx", "must be two currency codes such as EUR/USD"),
        ({"EUR/USD": 0}, "fx.EUR/USD", "must be greater than 0"),
        ({"EUR/USD": 2, "USD/EUR": Decimal("0.5")}, "fx.USD/EUR", "is said by EUR/USD already; keep one of them"),
        ({"EUR/USD": Decimal("1.0000000000000000001")}, "fx.EUR/USD", "the multiplier does not fit in 2^51 with 2 price and 0 quantity"),
        ({"USD/EUR": Decimal("1.0000000000000000001")}, "fx.USD/EUR", "does not fit in 2^51"),
        ({"EUR/USD": 2 * 10**11}, "fx.EUR/USD", "a fee of TEST is beyond the bound of 225179981368.5248 USD"),
        ({"GBP/USD": 2}, "accounts.main.currency", "no instrument is in USD, and there is no exchange rate; use EUR"),
    ],
)
def test_wrong_rates_are_refused(fx: dict[str, Any], path: str, text: str) -> None:
    problems = validate_config(configured(fx=fx))
    assert any(problem.path.startswith(path) and text in problem.message for problem in problems), problems
