"""What workers/interop.mjs does, with the Python package: `interop_python.py`, or `interop_python.py memory [KERNEL SEGMENTS]`.

Commands come from standard input, one a line, and each is answered by a line of JSON. `await` has a kernel of its own in this process,
which is what an ExecutionEngine is; the others attach to one of another process.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neural_trader.client import Client

SEGMENT = 512  # orders that rest before all are cancelled, which is not timed; below the order capacity
PATIENCE_S = 30.0  # a machine with other work to do may stop a process for a second
FEW = 64  # orders that rest at once in a process whose memory is looked at
IDLE_S = 0.3


def attach(kernel: str) -> Client:
    from neural_trader.client import Client

    return Client.attach(kernel)


def say(value: Any) -> None:
    print(json.dumps(value), flush=True)


def quantile(values: Sequence[float], at: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * at))]


# ---- orders --------------------------------------------------------------------------------------------------------------------------


def execute(client: Client) -> None:
    """An order that rests below the market."""
    result = client.execute("I0", "BUY", 1, 99.5, timeout_s=PATIENCE_S)
    if result.status != "NEW":
        raise RuntimeError(f"an order that was to rest is {result}")


def cancel_all(client: Client, orders: int = SEGMENT) -> None:
    """Not timed."""
    client.cancel_all()
    cancelled = 0
    while cancelled < orders:
        cancelled += len(client.poll(1).reports)


def segment(client: Client, orders: int = SEGMENT) -> None:
    for _ in range(orders):
        execute(client)


def sync(kernel: str, segments: int) -> dict[str, float]:
    client, clock = attach(kernel), time.perf_counter_ns
    segment(client)
    cancel_all(client)
    times = []
    for _ in range(segments):
        for _ in range(SEGMENT):
            begin = clock()
            execute(client)
            times.append(clock() - begin)
        cancel_all(client)
    taken = 0
    for _ in range(segments):
        begin = clock()
        segment(client)
        taken += clock() - begin
        cancel_all(client)
    client.close()
    return {"p50_ns": quantile(times, 0.5), "p99_ns": quantile(times, 0.99), "per_s": segments * SEGMENT / taken * 1e9}


def awaited(_: str, segments: int) -> dict[str, float]:
    """An engine is a kernel, a reader and an event loop, each on a thread of its own: they may use every processor."""
    from neural_trader.config import AccountConfig, Config, VenueConfig
    from neural_trader.engine import ExecutionEngine, TradeOrder
    from neural_trader.instruments import Instrument

    config = Config(
        name=f"bench-engine-{os.getpid()}",
        instruments={"I0": Instrument(tick_size=Decimal("0.05"), currency="USD", max_price=10_000)},
        accounts={"main": AccountConfig(currency="USD", cash=10_000_000)},
        venue=VenueConfig(latency_in_us=0, latency_out_us=0),
    )

    async def run() -> float:
        taken = 0
        async with ExecutionEngine(config) as engine:
            for _ in range(segments):
                begin, ids = time.perf_counter_ns(), []
                for _ in range(SEGMENT):
                    result = await engine.submit_order(TradeOrder(symbol="I0", side="BUY", quantity=1, price=99.5))
                    if result.status != "NEW":
                        raise RuntimeError(f"an order that was to rest is {result}")
                    ids.append(result.order_id)
                taken += time.perf_counter_ns() - begin
                for order_id in ids:
                    await engine.cancel_order(order_id)
        return segments * SEGMENT / taken * 1e9

    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        return {"per_s": asyncio.run(run())}
    finally:
        os.sched_setaffinity(0, own)


# ---- ticks ---------------------------------------------------------------------------------------------------------------------------


def parked(kernel: str, count: int) -> dict[str, float]:
    """Asleep in poll until a tick comes."""
    client = attach(kernel)
    say({"ready": True})
    times: list[float] = []
    while len(times) < count:
        batch = client.poll(timeout_s=1.0)
        now = client.now_ns
        times += [(now - int(at)) / 1e3 for at in batch.ticks.raw["ts_event"]]
    client.close()
    return {"p50_us": quantile(times, 0.5), "p99_us": quantile(times, 0.99)}


def ticks(kernel: str, count: int) -> dict[str, float]:
    """Ticks that lie ready: read them, and two columns of each as 64-bit integers."""
    client = attach(kernel)
    say({"ready": True})
    sys.stdin.readline()  # go
    total, seen, lost = 0, 0, 0
    begin = time.perf_counter_ns()
    while seen < count:
        batch = client.poll(4096)
        raw = batch.ticks.raw
        total += 3 * int(raw["bid_price"].sum()) + int(raw["ask_price"].sum())
        lost += batch.lost
        seen += len(raw) + batch.lost
    taken = time.perf_counter_ns() - begin
    client.close()
    return {"ms": taken / 1e6, "sum": total, "lost": lost}


# ---- memory --------------------------------------------------------------------------------------------------------------------------


def memory(kernel: str | None, segments: int) -> None:
    """What the package needs, attached and having traded, beyond a process that does nothing."""
    if kernel is not None:
        client = attach(kernel)
        for _ in range(segments):
            segment(client, FEW)
            cancel_all(client, FEW)
    time.sleep(IDLE_S)
    gc.collect()
    with open("/proc/self/status", encoding="ascii") as stream:
        kilobytes = next(int(line.split()[1]) for line in stream if line.startswith("RssAnon:"))
    say({"rss_anon_mb": kilobytes / 1024})


def main() -> None:
    """Take commands."""
    modes = {"sync": sync, "await": awaited, "parked": parked, "ticks": ticks}
    for line in iter(sys.stdin.readline, ""):
        name, kernel, count = line.split()
        say(modes[name](kernel, int(count)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        memory(*(sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else (None, 0))
    else:
        main()
