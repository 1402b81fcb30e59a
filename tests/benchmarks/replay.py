"""Replay of the first 100,000 trades of the sample: the kernel with its features, and the README's strategy in C and in Python."""

from __future__ import annotations

import json
import statistics
import sys
from typing import Any

from harness import BUILD, SAMPLE, Bench, BenchmarkError, compile_program, extent, run_json, spread, worker

GROUP = "replay"
TAPE = BUILD / "tape.bin"


def tape() -> dict[str, Any]:
    """The tape with its configuration, decoded, for programs that do not read trade files: path, head_bytes, price_scale."""
    BUILD.mkdir(parents=True, exist_ok=True)
    written: dict[str, Any] = run_json([sys.executable, worker("write_tape"), SAMPLE, TAPE], timeout_s=240)
    return written


def _series(bench: Bench, key: str, what: str, values: list[float], *, target: float | None = None, note: str = "") -> None:
    figures = spread(values)
    bench.put(f"replay.{key}", figures["median"])
    bench.put(f"replay.runs.{key}", {**figures, "values": values})
    bench.row(GROUP, what, figures["median"], "ms", target=target, note=f"{extent(values)}{note}")


def measure(bench: Bench) -> None:
    """In C, then in Python; both have to send the same orders."""
    bench.progress("replay: decoding the sample")
    path = tape()["path"]
    program = compile_program("replay")
    runs = 11 if bench.quick else 41
    bench.progress(f"replay: in C, {runs} runs of each")
    ticks = run_json([program, "ticks", str(runs), path], timeout_s=120)
    rule = run_json([program, "strategy", str(runs), path], timeout_s=120)
    bench.put("replay.ticks", ticks["ticks"])
    bench.put("replay.slices", rule["slices"])
    bench.put("replay.create_kernel_ms", statistics.median(ticks["create_ms"]))
    _series(bench, "features_100k_ms", "100,000 trades with features, kernel alone", ticks["run_ms"], target=6.0)
    note = f"; features read at each of {rule['slices']:,} slices, {rule['orders']} orders"
    _series(bench, "strategy_in_c_100k_ms", "the same with the README's strategy in C", rule["run_ms"], note=note)

    runs = 5 if bench.quick else 15
    bench.progress(f"replay: in Python, {runs} runs")
    python = run_json([sys.executable, worker("replay_python"), SAMPLE, str(runs)], timeout_s=240)
    once = run_json([sys.executable, worker("replay_python"), SAMPLE, "1"], timeout_s=120)
    counts = {name: (rule[name], python[name]) for name in ("orders", "fills", "reports")}
    if any(left != right for left, right in counts.values()):
        raise BenchmarkError(f"C and Python do not trade alike: {json.dumps(counts)}")
    note = f"; {python['orders']} orders, {python['fills']} fills, as in C"
    _series(bench, "strategy_100k_ms", "the same with the README's strategy in Python", python["run_ms"], target=100.0, note=note)
    _series(bench, "backtest_100k_ms", "the whole backtest() call, with reading the file", python["call_ms"])
    bench.put("replay.peak_memory_mb", once["vm_hwm_mb"])
    note = f"{once['imported_mb']:.1f} MB after the imports"
    bench.row(GROUP, "peak memory of that process (VmHWM)", once["vm_hwm_mb"], "MB", target=60.0, note=note)
