"""Ticks as columns, and one tape of several such parts."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.instruments import Instrument
from neural_trader.sources.sessions import SessionCalendar, SessionEvent
from neural_trader.sources.source import Tape

__all__ = ["TickColumns", "always_open", "tape_of"]

_SPARE_ROWS: Final = 256

Ints = NDArray[np.int64]


class TickColumns(NamedTuple):
    """Ticks of one instrument in order of time, one an element: UTC nanoseconds, the NT_TICK_ kind, and its four values.

    A quote's values are bid price, ask price, bid size and ask size; a trade's price, size, 0 (the trade is numbered later) and aggressor;
    a session's state and trading day; all raw.
    """

    ts: Ints
    kind: Ints
    values: tuple[Ints, Ints, Ints, Ints]
    instrument: int


def tape_of(parts: Sequence[TickColumns], calendars: Sequence[tuple[int, SessionCalendar]]) -> tuple[Tape, int]:
    """One tape in order of time, and how many trades are on it.

    Ticks of one time stand in the order of the parts, after the session ticks of the calendars (each with its instrument's place), which
    begin at the first tick. Trades are numbered from 1.
    """
    filled = [part for part in parts if len(part.ts)]
    if not filled:
        return Tape(_SPARE_ROWS), 0
    begin, end = min(int(part.ts[0]) for part in filled), max(int(part.ts[-1]) for part in filled)
    everything = [_sessions(calendar, begin, end, instrument) for instrument, calendar in calendars] + filled
    ts = np.concatenate([part.ts for part in everything])
    order = np.argsort(ts, kind="stable")
    tape = Tape(len(ts) + _SPARE_ROWS)
    ticks: NDArray[Any] = tape.room(len(ts))
    ticks["ts_event"] = ticks["ts_recv"] = ts[order]
    ticks["kind"] = np.concatenate([part.kind for part in everything])[order]
    ticks["instrument"] = np.repeat([part.instrument for part in everything], [len(part.ts) for part in everything])[order]
    for place, name in enumerate(("bid_price", "ask_price", "bid_size", "ask_size")):
        ticks[name] = np.concatenate([part.values[place] for part in everything])[order]
    trades = np.flatnonzero(ticks["kind"] == abi.NT_TICK_TRADE)
    ticks["trade_id"][trades] = np.arange(1, len(trades) + 1)
    return tape, len(trades)


def always_open(instruments: Sequence[Instrument], timezone: str) -> list[str]:
    """A sentence for each instrument without a session."""
    return [
        f"No session is configured for {item.symbol}: it is always open, and a trading day is a calendar day of {timezone}."
        for item in instruments
        if item.session is None
    ]


def _sessions(calendar: SessionCalendar, begin: int, end: int, instrument: int) -> TickColumns:
    events: list[SessionEvent] = [calendar.state_at(begin), *calendar.events(begin, end)]
    ts, state, day = (np.array(column, np.int64) for column in zip(*events, strict=True))
    nothing = np.zeros(len(ts), np.int64)
    return TickColumns(ts, np.full(len(ts), abi.NT_TICK_SESSION, np.int64), (state, day, nothing, nothing), instrument)
