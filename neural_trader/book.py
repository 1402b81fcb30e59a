"""The order book of an instrument whose feed sends levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.records import Tradable

__all__ = ["Book"]


class Book:
    """The ten best levels of each side at one moment.

    `bids` and `asks` are float64 of shape (levels, 2), price and displayed size in units, best first. `raw` is the int64 record. `stale`:
    data are missing, and the book gives no quote; `crossed`: a bid is at or above an ask; `inexact`: levels may be missing among these,
    because the feed had more than are kept. `update_id` is the venue's.
    """

    __slots__ = ("asks", "bids", "crossed", "inexact", "raw", "stale", "ts_event", "update_id")

    def __init__(self, row: NDArray[Any], tradable: Tradable) -> None:
        self.raw = row
        self.bids = _levels(row["bid_prices"], row["bid_sizes"], int(row["bid_count"]), tradable)
        self.asks = _levels(row["ask_prices"], row["ask_sizes"], int(row["ask_count"]), tradable)
        self.ts_event = int(row["ts_event"])
        self.update_id = int(row["update_id"])
        flags = int(row["flags"])
        self.stale = bool(flags & abi.NT_BOOK_STALE)
        self.crossed = bool(flags & abi.NT_BOOK_CROSSED)
        self.inexact = bool(flags & abi.NT_BOOK_INEXACT)

    def __repr__(self) -> str:
        def best(levels: NDArray[np.float64]) -> str:
            return f"{levels[0, 0]:g} x {levels[0, 1]:g}" if len(levels) else "none"

        state = "".join(f", {name}" for name in ("stale", "crossed", "inexact") if getattr(self, name))
        return f"Book(bid={best(self.bids)}, ask={best(self.asks)}, levels={len(self.bids)}/{len(self.asks)}{state})"


def _levels(prices: NDArray[Any], sizes: NDArray[Any], count: int, tradable: Tradable) -> NDArray[np.float64]:
    shown = min(count, abi.NT_BOOK_LEVELS)
    levels = np.empty((shown, 2))
    levels[:, 0] = prices[:shown] / 10.0**tradable.price_decimals
    levels[:, 1] = sizes[:shown] / 10.0**tradable.quantity_decimals
    return levels
