"""Performance figures of a run, exact in money.

Conventions: money is raw int64 with the account's decimals. Gross is before fees, net after them; fees paid are positive. The equity
curve is cash plus unrealized profit, net of fees, in order of time, and begins at the starting cash. Drawdown is the largest fall of that
curve below its highest earlier point, a positive amount; its ratio is that fall over the high it fell from.
"""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.numbers import to_decimal

__all__ = ["Performance", "fills_of", "gross_pnl", "max_drawdown", "performance"]


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """What a run made, in account currency."""

    gross: Decimal
    fees: Decimal
    net: Decimal
    equity_final: Decimal
    max_drawdown: Decimal
    max_drawdown_ratio: float


def max_drawdown(equity: NDArray[np.int64]) -> tuple[int, int]:
    """(fall, high): the largest fall of a raw equity curve and the high it fell from; (0, first value) when it never fell."""
    if len(equity) == 0:
        raise InvalidArgument("the equity curve is empty")
    curve = np.asarray(equity, np.int64)
    highs = np.maximum.accumulate(curve)
    falls = highs - curve
    worst = int(np.argmax(falls))
    return int(falls[worst]), int(highs[worst])


def performance(equity: NDArray[np.int64], cash: int, fees: int, decimals: int = MONEY_DECIMALS) -> Performance:
    """Figures of one account from its raw equity curve (without the starting point), starting cash and fees paid."""
    curve = np.concatenate((np.array([cash], np.int64), np.asarray(equity, np.int64)))
    final = int(curve[-1])
    fall, high = max_drawdown(curve)
    net = final - cash
    return Performance(
        gross=to_decimal(net + fees, decimals),
        fees=to_decimal(fees, decimals),
        net=to_decimal(net, decimals),
        equity_final=to_decimal(final, decimals),
        max_drawdown=to_decimal(fall, decimals),
        max_drawdown_ratio=fall / high if high > 0 else 0.0,
    )


def gross_pnl(fills: Iterable[tuple[int, int, int]], mark: int, value: tuple[int, int]) -> Fraction:
    """Exact raw money of the fills of one instrument, what is still open valued at `mark`, before fees.

    A fill is (side, raw price, raw quantity); `mark` is a raw price; `value` is (value_numerator, value_denominator) of its terms. It
    needs no order of the fills: money in less money out, and the position at the mark.
    """
    position = product = 0
    for side, price, quantity in fills:
        if side not in (abi.NT_SIDE_BUY, abi.NT_SIDE_SELL):
            raise InvalidArgument(f"side {side} is neither BUY ({abi.NT_SIDE_BUY}) nor SELL ({abi.NT_SIDE_SELL})", observed=int(side))
        signed = int(quantity) if side == abi.NT_SIDE_BUY else -int(quantity)
        position += signed
        product -= signed * int(price)
    return Fraction((product + position * int(mark)) * value[0], value[1])


def fills_of(reports: NDArray[Any], instrument: int) -> list[tuple[int, int, int]]:
    """(side, raw price, raw quantity) of each fill of an instrument in an array of abi.NT_REPORT."""
    chosen = reports[(reports["exec_type"] == abi.NT_EXEC_TRADE) & (reports["instrument"] == instrument)]
    return list(zip(chosen["side"].tolist(), chosen["last_price"].tolist(), chosen["last_quantity"].tolist(), strict=True))
