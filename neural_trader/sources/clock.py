"""Clock ticks of a tape: time passes, and nothing else does. Timers of strategies stand on them."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.sources.source import Source, insert_ticks
from neural_trader.sources.tape_files import give_back

__all__ = ["has_clock", "with_clock"]

_CLOCK_TICKS: Final = 1 << 24  # 1 GiB of them
_LOOKED_AT: Final = 1 << 16


def with_clock(source: Source, interval_ns: int) -> Source:
    """The tape with a clock tick at each multiple of `interval_ns` after its first tick and up to its last. Times that have a clock tick
    already get no second one. An interval of 0 gives the source as it is. InvalidArgument beyond 16,777,216 clock ticks."""
    ticks = source.ticks
    if interval_ns == 0 or len(ticks) == 0:
        return source
    stamps = np.ascontiguousarray(ticks["ts_event"])
    first, last = int(stamps[0]), int(stamps[-1])
    count = last // interval_ns - first // interval_ns
    if count > _CLOCK_TICKS:
        raise InvalidArgument(
            f"timers every {interval_ns} ns need {count} clock ticks on this tape; make the intervals longer, or multiples of each other",
            observed=count,
            limit=_CLOCK_TICKS,
        )
    due = (np.arange(count, dtype=np.int64) + (first // interval_ns + 1)) * interval_ns
    due = np.setdiff1d(due, stamps[ticks["kind"] == abi.NT_TICK_CLOCK], assume_unique=False)
    rows: NDArray[Any] = np.zeros(len(due), abi.NT_TICK)
    rows["ts_event"] = rows["ts_recv"] = due
    rows["kind"] = abi.NT_TICK_CLOCK
    rows["flags"] = abi.NT_TICK_LAST_OF_SLICE
    return dataclasses.replace(source, ticks=insert_ticks(ticks, rows))


def has_clock(ticks: NDArray[Any]) -> bool:
    """Whether there is a clock tick on a tape. Of a tape file what has been looked at is given back."""
    for begin in range(0, len(ticks), _LOOKED_AT):
        if (ticks["kind"][begin : begin + _LOOKED_AT] == abi.NT_TICK_CLOCK).any():
            return True
        give_back(ticks, begin + _LOOKED_AT)
    return False
