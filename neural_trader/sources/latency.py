"""Latency as a recording tells it: the varying part of what its feed took."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import VenueConfig
from neural_trader.sources.source import insert_ticks

__all__ = ["LATENCY_ASSUMPTION", "with_latency"]

_SECOND: Final = 1_000_000_000

LATENCY_ASSUMPTION: Final = (
    "Latency each way is the configured one plus how much longer the feed took than at its fastest in the recording, by the median of the "
    "second before: the clocks of the exchange and of the receiver may differ by any constant, so the constant part is not in the data."
)


def with_latency(
    ticks: NDArray[Any],
    received_ns: Sequence[int] | NDArray[np.int64],
    sent_ns: Sequence[int] | NDArray[np.int64],
    instrument: int,
    venue: VenueConfig,
) -> NDArray[Any]:
    """The tape with an NT_TICK_LATENCY after each second in which messages came, received at `received_ns` (of the tape, in order) and
    sent at `sent_ns` of the exchange's clock, both in nanoseconds. Without messages the tape as it is."""
    received, sent = np.asarray(received_ns, np.int64), np.asarray(sent_ns, np.int64)
    if len(received) == 0:
        return ticks
    excess = received - sent
    excess -= excess.min()
    seconds, first = np.unique(received // _SECOND, return_index=True)
    bounds = [*first.tolist(), len(received)]
    median = [int(np.median(excess[begin:end])) for begin, end in itertools.pairwise(bounds)]
    rows: NDArray[Any] = np.zeros(len(seconds), abi.NT_TICK)
    rows["ts_event"] = rows["ts_recv"] = (seconds + 1) * _SECOND
    rows["kind"] = abi.NT_TICK_LATENCY
    rows["instrument"] = instrument
    rows["price"] = np.minimum(np.array(median) + venue.latency_in_ns, abi.NT_RAW_MAX)
    rows["size"] = np.minimum(np.array(median) + venue.latency_out_ns, abi.NT_RAW_MAX)
    return insert_ticks(ticks, rows[rows["ts_event"] <= ticks["ts_event"][-1]])
