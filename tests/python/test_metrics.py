"""Performance figures."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.metrics import fills_of, gross_pnl, max_drawdown, performance

money = st.integers(-(2**51), 2**51)


def test_figures_of_a_small_run() -> None:
    curve = np.array([1_010_0000, 1_030_0000, 990_0000, 1_020_0000], np.int64)
    result = performance(curve, 1_000_0000, 5_0000)
    assert (result.gross, result.fees, result.net, result.equity_final) == (Decimal(25), Decimal(5), Decimal(20), Decimal(1020))
    assert result.max_drawdown == Decimal(40)
    assert result.max_drawdown_ratio == 40 / 1030


def test_a_fall_from_the_start_counts() -> None:
    result = performance(np.array([900, 950], np.int64), 1000, 0)
    assert result.max_drawdown == Decimal("0.0100")
    assert result.max_drawdown_ratio == 0.1


def test_no_points_is_no_change() -> None:
    result = performance(np.array([], np.int64), 1000, 0)
    assert (result.net, result.max_drawdown) == (0, 0)


def test_without_money_there_is_no_ratio() -> None:
    assert performance(np.array([-5], np.int64), 0, 0).max_drawdown_ratio == 0.0


def test_an_empty_curve_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="empty"):
        max_drawdown(np.array([], np.int64))


@given(st.lists(money, min_size=1, max_size=30))
def test_drawdown_is_the_largest_fall(curve: list[int]) -> None:
    expected = max(high - low for i, high in enumerate(curve) for low in curve[i:])
    fall, high = max_drawdown(np.array(curve, np.int64))
    assert fall == expected
    assert high in curve


def test_round_trip_on_es() -> None:
    fills = [(abi.NT_SIDE_BUY, 164025, 2), (abi.NT_SIDE_SELL, 164100, 2)]
    assert gross_pnl(fills, 1, (5000, 1)) == 2 * 75 * 5000  # two contracts, 0.75 points of 50 dollars, four decimals


def test_an_open_position_is_worth_its_mark() -> None:
    assert gross_pnl([(abi.NT_SIDE_SELL, 164025, 3)], 164000, (5000, 1)) == 3 * 25 * 5000
    assert gross_pnl([(abi.NT_SIDE_BUY, 1, 1)], 2, (1, 3)) == Fraction(1, 3)


@given(st.lists(st.tuples(st.sampled_from([1, 2]), money, st.integers(1, 2**51)), max_size=20), money)
def test_gross_adds_up_without_overflow(fills: list[tuple[int, int, int]], mark: int) -> None:
    parts = [gross_pnl([fill], mark, (7, 11)) for fill in fills]
    assert gross_pnl(fills, mark, (7, 11)) == sum(parts)


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="side 0"):
        gross_pnl([(0, 1, 1)], 1, (1, 1))


def test_fills_of_reports() -> None:
    reports = np.zeros(4, abi.NT_REPORT)
    reports["exec_type"] = [abi.NT_EXEC_NEW, abi.NT_EXEC_TRADE, abi.NT_EXEC_TRADE, abi.NT_EXEC_DENIED]
    reports["instrument"] = [0, 0, 1, 0]
    reports["side"] = abi.NT_SIDE_BUY
    reports["last_price"] = 164025
    reports["last_quantity"] = [0, 3, 4, 0]
    assert fills_of(reports, 0) == [(abi.NT_SIDE_BUY, 164025, 3)]
