"""What steps of a session take and answer, as the vectors hold it: ticks, numbers, reports, signals, errors."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from neural_trader._native import abi
from neural_trader.errors import NeuralTraderError
from neural_trader.numbers import plain
from neural_trader.records import Report, Ticks
from neural_trader.signals import Signal

START_NS: Final = 1_700_000_000_000_000_000  # where tapes begin, unless a script says otherwise
SECOND_NS: Final = 1_000_000_000
REPORT_FIELDS: Final = (
    "order_id",
    "symbol",
    "kind",
    "status",
    "side",
    "last_price",
    "last_quantity",
    "leaves_quantity",
    "cumulative_quantity",
    "fee",
    "liquidity",
    "reason",
    "check",
    "fix_reason",
    "observed",
    "limit",
    "ts_event",
)

TICK_FIELDS: Final = ("kind", "symbol", "ts_event", "bid_price", "ask_price", "bid_size", "ask_size", "price", "size", "aggressor")

Tick = list[int]
"""kind, instrument, ts_event, four values, flags."""


# ---- ticks ---------------------------------------------------------------------------------------------------------------------------


def tick(kind: int, ts: int, values: Sequence[int] = (), *, instrument: int = 0, more: bool = False) -> Tick:
    """A tick that ends its slice, unless there is `more`."""
    return [kind, instrument, ts, *values, *([0] * (4 - len(values))), 0 if more else abi.NT_TICK_LAST_OF_SLICE]


def quote(ts: int, bid: int, ask: int, bid_size: int = 10, ask_size: int = 10, **place: Any) -> Tick:
    """A quote, raw."""
    return tick(abi.NT_TICK_QUOTE, ts, (bid, ask, bid_size, ask_size), **place)


def trade(ts: int, price: int, size: int = 5, side: int = abi.NT_SIDE_BUY, number: int = 0, **place: Any) -> Tick:
    """A print, raw."""
    return tick(abi.NT_TICK_TRADE, ts, (price, size, number, side), **place)


def level(ts: int, side: int, price: int, size: int, update: int, **place: Any) -> Tick:
    """All that is displayed at a price, raw."""
    return tick(abi.NT_TICK_LEVEL, ts, (price, size, update, side), **place)


def opening(ts: int, state: int = abi.NT_SESSION_OPEN, day: int = 19_675, **place: Any) -> Tick:
    """A session opens, or whatever `state` says."""
    return tick(abi.NT_TICK_SESSION, ts, (state, day), **place)


def tick_records(rows: Sequence[Tick]) -> np.ndarray[Any, Any]:
    """Rows as the records of the core."""
    records = np.zeros(len(rows), abi.NT_TICK)
    for column, name in enumerate(("kind", "instrument", "ts_event", "bid_price", "ask_price", "bid_size", "ask_size", "flags")):
        records[name] = [row[column] for row in rows]
    return records


# ---- answers -------------------------------------------------------------------------------------------------------------------------


def number(value: float) -> float | None:
    """A number of a public answer; null where there is none."""
    return None if math.isnan(value) else float(value)


def plainly(value: Any) -> Any:
    """A value of any kind for JSON: {"special": "NaN"} and the like for numbers that it has not."""
    if isinstance(value, Mapping):
        return {name: plainly(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"special": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value


def doubles(values: Sequence[float]) -> str:
    """The bytes of doubles."""
    return struct.pack(f"<{len(values)}d", *values).hex()


def refusal(error: NeuralTraderError, *, shared: bool = True) -> dict[str, Any]:
    """An error as all languages have to raise it. Without observed or limit these are null; without a text each language has its own."""
    known = {"observed": error.observed, "limit": error.limit, "text": str(error) if shared else None}
    head = {"class": type(error).__name__, "code": error.code}
    return {**head, **{name: value for name, value in known.items() if value is not None}}


def report_row(report: Report) -> list[Any]:
    """The public fields of a report in the order of REPORT_FIELDS."""
    values = [getattr(report, name) for name in REPORT_FIELDS]
    values[REPORT_FIELDS.index("fee")] = plain(report.fee)
    values[REPORT_FIELDS.index("ts_event")] = str(report.ts_event)
    return values


def signal_row(signal: Signal) -> dict[str, Any]:
    """A signal; its numbers as bytes of doubles, since they may be none."""
    numbers = {"values": doubles(signal.values), "confidence": doubles([signal.confidence])}
    flags = {"ready": signal.ready, "calibrated": signal.calibrated, "precision": signal.precision}
    return {"model": signal.model, "symbol": signal.symbol, "ts_event": str(signal.ts_event), **numbers, **flags}


def tick_row(ticks: Ticks, index: int) -> list[Any]:
    """A tick in the order of TICK_FIELDS, in units: null where it has no such value."""
    record = ticks[index]
    kind, at = int(record["kind"]), int(record["instrument"])
    owner = ticks.tradables[at] if at < len(ticks.tradables) else None
    values: dict[str, float | None] = {}
    for wanted, names in ((abi.NT_TICK_QUOTE, TICK_FIELDS[3:7]), (abi.NT_TICK_TRADE, TICK_FIELDS[7:9])):
        has = kind == wanted and owner is not None
        values |= {name: number(float(ticks.column(name)[index])) if has else None for name in names}
    side = {abi.NT_SIDE_BUY: "BUY", abi.NT_SIDE_SELL: "SELL"}.get(int(record["aggressor"])) if kind == abi.NT_TICK_TRADE else None
    return [abi.TickKind(kind).name, "" if owner is None else owner.symbol, str(record["ts_event"]), *values.values(), side]
