"""Performance figures of a run.

Conventions: money is raw int64 with the account's decimals. The equity curve is cash plus unrealized profit, net of fees, in order of
time, and begins at the starting cash.
"""

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument

__all__ = ["max_drawdown"]


def max_drawdown(equity: NDArray[np.int64]) -> tuple[int, int]:
    """(fall, high): the largest fall of an equity curve below its highest earlier point, and that point; (0, first value) when it never
    fell. The ratio of a drawdown is fall over high."""
    if len(equity) == 0:
        raise InvalidArgument("the equity curve is empty")
    curve = np.asarray(equity, np.int64)
    highs = np.maximum.accumulate(curve)
    falls = highs - curve
    worst = int(np.argmax(falls))
    return int(falls[worst]), int(highs[worst])
