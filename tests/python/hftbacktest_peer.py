"""hftbacktest with scripts of orders: `theirs` runs it in a process of its own, where numba compiles.

That process is `hftbacktest_peer.py JOB RESULT [JOB RESULT ...]`, with npz files.

JOB holds `events` (its event array), `script` (rows of SCRIPT in order of time), `model` ("risk_adverse", or "power" for
PowerProbQueueModel with n = 1), `lot_size`, `latency_in_ns` and `latency_out_ns`. Prices are in ticks of 1. RESULT holds `log`, rows of
LOG: what changed about an order, each at the time at which its owner learned of it.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PYTHON = Path(__file__).parents[2] / "build" / "peer" / "bin" / "python"  # hftbacktest wants an older numpy than ours may be
NEW, CANCEL, REPLACE = range(3)
SCRIPT = np.dtype(
    [(name, "i8") for name in ("time", "action", "order", "side", "immediate", "price")] + [("quantity", "f8")],
)
"""`time` in ns at the owner, `action` NEW, CANCEL or REPLACE, `side` 1 to buy and 2 to sell, `immediate` 1 for IOC, `price` in ticks."""

LOG = np.dtype(
    [(name, "i8") for name in ("time", "order", "status", "request", "venue_time", "price")]
    + [(name, "f8") for name in ("quantity", "leaves")]
)
"""`time` at the owner and `venue_time` at the exchange in ns; `price` and `quantity` of the last fill, `leaves` of the order."""


EXPIRED, FILLED, CANCELED = 2, 3, 4  # hftbacktest's states of an order
ENDS = {FILLED: "FILLED", CANCELED: "CANCELED", EXPIRED: "CANCELED"}  # what is left of an IOC order expires there


Fill = tuple[int, int, int, int, int]
"""Time at the venue and at the owner in ns, quantity filled then, and the price and the quantity of its last level, in raw units."""

LATENCY_IN_NS, LATENCY_OUT_NS = 250_000, 180_001
BUY, SELL = 1, 2
LEVEL, TRADE = 0, 1
EVENT = np.dtype([(name, "i8") for name in ("time", "kind", "side", "price", "size")])
"""`kind` LEVEL (all that is displayed at a price of a side) or TRADE (`side` is the aggressor's); prices in ticks, sizes in lots."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A market and a script of orders for it."""

    events: NDArray[Any]
    script: NDArray[Any]


@dataclasses.dataclass
class Outcome:
    """What became of an order: when the venue's first answer was made and came, its fills, its replaces, its end and when."""

    accepted: tuple[int, int] = (0, 0)
    fills: list[Fill] = dataclasses.field(default_factory=list)
    replaced: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    end: str = "WORKING"
    ended: tuple[int, int] = (0, 0)


# ---- in the test's process ----------------------------------------------------------------------------------------------------------


def events_of(plan: Scenario) -> NDArray[Any]:
    """The market as hftbacktest's event array: depth and trade events of exchange and local, side by flag."""
    both, depth, trade, buy, sell = 1 << 31 | 1 << 30, 1, 2, 1 << 29, 1 << 28
    rows = np.zeros(
        len(plan.events),
        np.dtype(
            [
                ("ev", "u8"),
                ("exch_ts", "i8"),
                ("local_ts", "i8"),
                ("px", "f8"),
                ("qty", "f8"),
                ("order_id", "u8"),
                ("ival", "i8"),
                ("fval", "f8"),
            ],
            align=True,
        ),
    )
    kinds, sides = np.where(plan.events["kind"] == TRADE, trade, depth), np.where(plan.events["side"] == BUY, buy, sell)
    rows["ev"] = both | kinds | sides
    rows["exch_ts"] = plan.events["time"]
    rows["local_ts"] = plan.events["time"] + 6
    rows["px"] = plan.events["price"]
    rows["qty"] = plan.events["size"]
    return rows


def theirs(
    plans: list[Scenario], model: Literal["risk_adverse", "power"], folder: Path, lot: Decimal = Decimal(1)
) -> list[dict[int, Outcome]]:
    """Each scenario in hftbacktest. Quantities of the outcomes are in raw units of `lot`."""
    paths: list[str] = []
    for number, plan in enumerate(plans):
        paths += [str(folder / f"job{number}.npz"), str(folder / f"result{number}.npz")]
        np.savez(
            paths[-2],
            events=events_of(plan),
            script=plan.script,
            model=model,
            lot_size=float(lot),
            latency_in_ns=LATENCY_IN_NS,
            latency_out_ns=LATENCY_OUT_NS,
        )
    command = [str(PYTHON), "-P", __file__, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    found = []
    for plan, path in zip(plans, paths[1::2], strict=True):
        quantities = {int(row["order"]): float(row["quantity"]) for row in plan.script[plan.script["action"] == NEW]}
        with np.load(path) as result:
            found.append(outcomes_of(result["log"], quantities, int(1 / lot)))
    return found


def outcomes_of(log: NDArray[Any], quantities: dict[int, float], per_lot: int) -> dict[int, Outcome]:
    """What hftbacktest's owner saw."""
    outcomes: dict[int, Outcome] = defaultdict(Outcome)
    leaves = dict(quantities)
    for row in log[log["request"] == 0]:
        number, status = int(row["order"]), int(row["status"])
        outcome, times = outcomes[number], (int(row["venue_time"]), int(row["time"]))
        if outcome.accepted == (0, 0):
            outcome.accepted = times
        elif status not in ENDS and row["leaves"] == leaves[number]:
            outcome.replaced.append(times)
        if row["leaves"] < leaves[number]:
            filled, last = leaves[number] - row["leaves"], row["quantity"]
            outcome.fills.append((*times, round(filled * per_lot), int(row["price"]), round(last * per_lot)))
            leaves[number] = row["leaves"]
        if status in ENDS:
            outcome.end, outcome.ended = ENDS[status], times
    return dict(outcomes)


# ---- in its own process --------------------------------------------------------------------------------------------------------------


def main(*paths: str) -> None:
    """Run each job into the result that follows it."""
    import hftbacktest
    from numba import njit

    @njit  # type: ignore[untyped-decorator]
    def play(hbt: Any, script: Any, log: Any, working: Any) -> int:
        written, at, active, ended = 0, 0, 0, False
        hbt.elapse(0)  # until the first event there is no time
        while True:
            wait = script[at].time - hbt.current_timestamp if at < len(script) else 1_000_000_000
            if wait > 0:
                result = hbt.wait_next_feed(True, wait)
                if result == 1:
                    ended = True
                elif result not in (0, 2, 3):
                    return -result
            orders = hbt.orders(0)
            kept = 0
            for number in range(active):
                order = orders.get(working[number].order)
                last = working[number]
                if (
                    order.status != last.status
                    or order.req != last.request
                    or order.exch_timestamp != last.venue_time
                    or order.leaves_qty != last.leaves
                ):
                    last.status = order.status
                    last.request = order.req
                    last.venue_time = order.exch_timestamp
                    last.leaves = order.leaves_qty
                    log[written].time = hbt.current_timestamp
                    log[written].order = last.order
                    log[written].status = order.status
                    log[written].request = order.req
                    log[written].venue_time = order.exch_timestamp
                    log[written].price = order.exec_price_tick
                    log[written].quantity = order.exec_qty
                    log[written].leaves = order.leaves_qty
                    written += 1
                if order.req != 0 or order.status in (0, 1, 5, 7):
                    working[kept] = working[number]
                    kept += 1
            active = kept
            if ended:
                return written
            while at < len(script) and script[at].time <= hbt.current_timestamp:
                step = script[at]
                at += 1
                if step.action == 0:
                    good_for = 3 if step.immediate else 0
                    price = float(step.price)
                    if step.side == 1:
                        result = hbt.submit_buy_order(0, step.order, price, step.quantity, good_for, 0, False)
                    else:
                        result = hbt.submit_sell_order(0, step.order, price, step.quantity, good_for, 0, False)
                    if result != 0:
                        return -100 - result
                    working[active].order = step.order
                    working[active].status = 0
                    working[active].request = 1
                    working[active].venue_time = 0
                    working[active].leaves = step.quantity
                    active += 1
                else:
                    order = hbt.orders(0).get(step.order)
                    if order is not None and order.cancellable:
                        if step.action == 1:
                            result = hbt.cancel(0, step.order, False)
                        else:
                            result = hbt.modify(0, step.order, float(step.price), order.leaves_qty, False)
                        if result != 0:
                            return -200 - result

    for job_path, result_path in zip(paths[::2], paths[1::2], strict=True):
        with np.load(job_path) as job:
            events = job["events"]  # hftbacktest keeps its address alone
            asset = hftbacktest.BacktestAsset().data(events).linear_asset(1.0)
            asset = asset.constant_order_latency(int(job["latency_in_ns"]), int(job["latency_out_ns"]))
            asset = asset.risk_adverse_queue_model() if str(job["model"]) == "risk_adverse" else asset.power_prob_queue_model(1.0)
            asset = asset.partial_fill_exchange().trading_value_fee_model(0.0, 0.0).tick_size(1.0).lot_size(float(job["lot_size"]))
            script = job["script"]
            log = np.zeros(len(script) * 64 + 64, LOG)
            written = play(hftbacktest.HashMapMarketDepthBacktest([asset]), script, log, np.zeros(len(script) + 1, LOG))
            if written < 0:
                raise RuntimeError(
                    f"hftbacktest stopped with error {-written} (from 100: of a new order, from 200: of a cancel or replace)"
                )
            np.savez(result_path, log=log[:written])


if __name__ == "__main__":
    main(*sys.argv[1:])
