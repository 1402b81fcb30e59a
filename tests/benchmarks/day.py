"""A whole day of IBM, quotes and trades, through the README's strategy, and nautilus_trader on the same ticks with the same rule."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from harness import BUILD, ROOT, Bench, BenchmarkError, extent, run_json, worker
from peers import PEERS
from recordings import MissingRecordingError, recorded

GROUP = "backtest"
DAY = tuple(f"lean/equity_usa_tick_ibm_20131007_{kind}.zip" for kind in ("quote", "trade"))
TICKS = BUILD / "day.bin"


def _peer(bench: Bench, price_scale: int, ticks: int, ours_ms: float) -> None:
    key, what = "backtest.nautilus", "nautilus_trader, the same ticks and rule"
    python = ROOT / "build" / PEERS["nautilus"] / "bin" / "python"
    try:
        if not (python.parent.parent / "requirements.txt").exists():
            raise BenchmarkError("nautilus_trader could not be installed")
        command: list[str | int | Path] = [python, worker("peer_nautilus_day"), TICKS, price_scale, 2 if bench.quick else 5]
        found = run_json(command, timeout_s=240)
        if found["seen"] != ticks:
            raise BenchmarkError(f"it saw {found['seen']} of {ticks} ticks")
    except BenchmarkError as error:
        bench.missing(key, GROUP, what, str(error))
        return
    median = statistics.median(found["run_ms"])
    ratio = median / ours_ms
    bench.put(key, {**found, "median_ms": median, "over_ours": ratio})
    note = f"{found['version']}; {extent(found['run_ms'])}; its tick objects, made beforehand, took {found['objects_ms']:.0f} ms; "
    note += f"{found['orders']} orders, {found['fills']} fills; {ratio:.1f} x ours"
    bench.row(GROUP, what, median, "ms", note=note)


def measure(bench: Bench) -> None:
    """Ours, then the peer."""
    try:
        archives = [recorded(name) for name in DAY]
    except MissingRecordingError as error:
        bench.missing("backtest.lean_ibm_day_s", GROUP, "a day of IBM", str(error))
        return
    BUILD.mkdir(parents=True, exist_ok=True)
    runs = 5 if bench.quick else 15
    bench.progress(f"backtest: a day of IBM, {runs} runs")
    found = run_json([sys.executable, worker("backtest_day"), *archives, runs, TICKS], timeout_s=240)
    call_ms, run_ms = statistics.median(found["call_ms"]), statistics.median(found["run_ms"])
    bench.put("backtest.lean_ibm_day_s", call_ms / 1e3)
    bench.put("backtest.lean_ibm_day", {**found, "call_median_ms": call_ms, "run_median_ms": run_ms})
    note = f"{found['quotes']:,} quotes, {found['trades']:,} trades; {extent(found['call_ms'])}; "
    note += f"{found['orders']} orders, {found['fills']} fills"
    bench.row(GROUP, "a day of IBM, the whole backtest() call", call_ms / 1e3, "s", target=0.3, note=note)
    note = f"{extent(found['run_ms'])}; opening the archives took {found['open_ms']:.0f} ms"
    bench.row(GROUP, "the same, first tick in memory to last report", run_ms, "ms", note=note)
    bench.progress("backtest: nautilus_trader")
    _peer(bench, found["price_scale"], found["quotes"] + found["trades"], run_ms)
