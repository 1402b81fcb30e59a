"""A tape of market data, and its making: ticks written one after the other, in order of time."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.instruments import Instrument
from neural_trader.sources.sessions import SessionEvent

__all__ = ["Source", "Tape", "insert_ticks", "mark_slices", "scale"]

_SPARE_ROWS: Final = 256


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A tape.

    `ticks` has the dtype abi.NT_TICK; its `instrument` column counts in the order of `instruments`, which holds those of the
    configuration and what the source brings. `symbols` are those with data. `rows` is the number of trades, `assumptions` what had to be
    assumed to make ticks of them, `sha256` the hash of what was read. `derived` are those symbols whose terms were found in the numbers of
    the recording, `timezone` the one that days and sessions are of where an instrument has none (None: not known, as in a tape file), and
    `market` what the recording shows of where it was made ("Binance spot"; None: nothing).
    """

    name: str
    symbols: tuple[str, ...]
    instruments: Mapping[str, Instrument]
    ticks: NDArray[Any]
    rows: int
    assumptions: tuple[str, ...]
    sha256: str
    derived: frozenset[str] = frozenset()
    timezone: str | None = None
    market: str | None = None


class Tape:
    """Ticks written one after the other into memory that is only touched where it is written."""

    def __init__(self, capacity: int) -> None:
        self._ticks: NDArray[Any] = np.empty(capacity, abi.NT_TICK)
        self.count = 0

    def room(self, count: int) -> NDArray[Any]:
        """The next `count` ticks, zeroed."""
        if self.count + count > len(self._ticks):
            grown: NDArray[Any] = np.empty(self.count * 3 // 2 + count + _SPARE_ROWS, abi.NT_TICK)
            grown[: self.count] = self._ticks[: self.count]  # concatenate would lay the record's fields out anew
            self._ticks = grown
        part = self._ticks[self.count : self.count + count]
        part.view(np.uint64)[:] = 0
        self.count += count
        return part

    def session(self, event: SessionEvent, instrument: int) -> None:
        """Append a session tick."""
        tick = self.room(1)
        tick["ts_event"] = tick["ts_recv"] = event.ts
        tick["price"] = event.state
        tick["size"] = event.trading_day
        tick["instrument"] = instrument
        tick["kind"] = abi.NT_TICK_SESSION

    def finish(self) -> NDArray[Any]:
        """Append the end, mark the last tick of each slice, and give the tape."""
        last = self._ticks[self.count - 1]["ts_event"]
        tick = self.room(1)
        tick["ts_event"] = tick["ts_recv"] = last
        tick["kind"] = abi.NT_TICK_END
        ticks = self._ticks[: self.count]
        mark_slices(ticks)
        return ticks


def insert_ticks(ticks: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """The tape with rows (in order of time) put in, each before the ticks of its time. Slices have to be marked anew where that matters."""
    places = np.searchsorted(np.ascontiguousarray(ticks["ts_event"]), rows["ts_event"], side="left") + np.arange(len(rows))
    merged = np.zeros(len(ticks) + len(rows), abi.NT_TICK)
    old = np.ones(len(merged), np.bool_)
    old[places] = False
    words = abi.NT_TICK.itemsize // 8
    whole = merged.view(np.uint64).reshape(-1, words)  # an assignment by fields would leave out what lies between them
    whole[old] = np.ascontiguousarray(ticks).view(np.uint64).reshape(-1, words)
    whole[places] = np.ascontiguousarray(rows).view(np.uint64).reshape(-1, words)
    return merged


def mark_slices(ticks: NDArray[Any]) -> None:
    """Mark the last tick of each slice of a whole tape, and no other; its other flags stay."""
    ts, flags = ticks["ts_event"], ticks["flags"]
    last = np.ones(len(ticks), np.bool_)
    np.greater(ts[1:], ts[:-1], out=last[:-1])
    flags &= np.uint8(~abi.NT_TICK_LAST_OF_SLICE & 0xFF)
    flags |= last.astype(np.uint8) * np.uint8(abi.NT_TICK_LAST_OF_SLICE)


def scale(ticks: NDArray[Any], price_places: int, size_places: int) -> None:
    """Give the prices and sizes of ticks so many more decimals, or fewer, in place. That nothing is lost is for the caller to know."""
    quote = ticks["kind"] == abi.NT_TICK_QUOTE
    sized = (ticks["kind"] == abi.NT_TICK_TRADE) | (ticks["kind"] == abi.NT_TICK_LEVEL)
    for rows, name, places in (
        (quote, "bid_price", price_places),
        (quote, "ask_price", price_places),
        (quote, "bid_size", size_places),
        (quote, "ask_size", size_places),
        (sized, "price", price_places),
        (sized, "size", size_places),
    ):
        if places > 0:
            ticks[name][rows] *= 10**places
        elif places < 0:
            ticks[name][rows] //= 10**-places
