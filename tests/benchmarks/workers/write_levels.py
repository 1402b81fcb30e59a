"""Write the depth of a Binance capture for the C benchmark: `write_levels.py SOURCE FILE`, or `synthetic FILE` without a capture.

FILE takes the row of the instrument, then its ticks: levels, clears and gaps. The synthetic ladder has the shape of a futures book at its
busiest: 1,000 levels a side, messages of 64 changes, half of them within ten ticks of the best price, a third of them removing a level.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import neural_trader as nt
from neural_trader._native import abi, ffi
from neural_trader.config import SourceConfig
from neural_trader.sources import open_source
from neural_trader.sources.source import mark_slices

SYNTHETIC = "synthetic"
LEVELS = 1000
MESSAGES = 7000
CHANGES = 64
MIDDLE = 600_000  # raw price


def recorded(spec: str) -> tuple[nt.Instrument, NDArray[Any]]:
    """The depth of a capture."""
    source = open_source(spec, nt.Config(name="bench", source=SourceConfig(levels=True)))
    (instrument,) = source.instruments.values()
    kinds = (abi.NT_TICK_LEVEL, abi.NT_TICK_BOOK_CLEAR, abi.NT_TICK_GAP)
    return instrument, source.ticks[np.isin(source.ticks["kind"], kinds)]


def synthetic() -> tuple[nt.Instrument, NDArray[Any]]:
    """A snapshot, then messages."""
    random = np.random.default_rng(7)
    instrument = nt.Instrument(symbol="LADDER", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), currency="USDT", max_price=1_000_000)
    count = MESSAGES * CHANGES
    near = random.integers(1, 11, count)
    distance = np.where(random.random(count) < 0.5, near, random.integers(1, LEVELS, count))
    side = random.integers(abi.NT_SIDE_BUY, abi.NT_SIDE_SELL + 1, count)
    first = np.tile(np.arange(1, LEVELS + 1), 2)
    first_side = np.repeat([abi.NT_SIDE_BUY, abi.NT_SIDE_SELL], LEVELS)
    ticks = np.zeros(1 + 2 * LEVELS + count, abi.NT_TICK)
    ticks["kind"] = abi.NT_TICK_LEVEL
    ticks["kind"][0] = abi.NT_TICK_BOOK_CLEAR
    levels = ticks[1:]
    levels["aggressor"] = np.concatenate([first_side, side])
    away = np.concatenate([first, distance]) * np.where(levels["aggressor"] == abi.NT_SIDE_BUY, -1, 1)
    levels["price"] = MIDDLE + away
    levels["size"] = np.where(random.random(len(levels)) < 1 / 3, 0, random.integers(1, 5000, len(levels)))
    levels["size"][: 2 * LEVELS] = 1
    message = np.concatenate([np.zeros(2 * LEVELS, np.int64), 1 + np.arange(count) // CHANGES])
    levels["trade_id"] = 1 + message
    ticks["ts_event"][1:] = 1_000_000 * message
    ticks["ts_recv"] = ticks["ts_event"]
    return instrument, ticks


def main(spec: str, path: Path) -> None:
    """Write, and print what was written."""
    instrument, ticks = synthetic() if spec == SYNTHETIC else recorded(spec)
    ticks["instrument"] = 0
    mark_slices(ticks)
    levels = ticks[ticks["kind"] == abi.NT_TICK_LEVEL]
    with path.open("wb") as stream:
        stream.write(ffi.buffer(ffi.new("nt_instrument *", instrument.row())))
        ticks.tofile(stream)
    print(json.dumps({"ticks": len(ticks), "levels": len(levels), "messages": len(np.unique(levels["trade_id"]))}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
