"""Strategies in machine code: what a rule compiled by Numba costs a tick, beyond what the kernel does with the same ticks and orders."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path

from harness import BUILD, HERE, ROOT, SAMPLE, Bench, run, run_json, spread, tool, worker

GROUP = "strategy"


def _library() -> Path:
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / "compiled.so"
    compiler = tool("CC", "cc", "gcc", "clang")
    run(
        [
            compiler,
            "-std=gnu11",
            "-O3",
            "-Wall",
            "-Wextra",
            "-fPIC",
            "-shared",
            f"-I{ROOT / 'csrc'}",
            HERE / "c" / "compiled.c",
            "-o",
            path,
        ],
        timeout_s=120,
    )
    return path


def measure(bench: Bench) -> None:
    """Both sides in one process, run by run in turn: a client in C that polls every slice and sends the same orders from a list, and the
    rule, which polls, reads its position, decides and sends. Both end with the same reports. The figure is the median of the
    differences over all ticks of the tape."""
    if importlib.util.find_spec("numba") is None:
        bench.missing("strategy.numba_ns_per_tick", GROUP, "a rule compiled by Numba", "pip install 'neural-trader[numba]'")
        return
    runs = 11 if bench.quick else 41
    bench.progress(f"strategy: rules in machine code, {runs} runs of each")
    found = run_json([sys.executable, worker("compiled_rules"), SAMPLE, runs, _library()], timeout_s=300)
    ticks, times = found["ticks"], found["run_ms"]
    bench.put("strategy.ticks", ticks)
    bench.put("strategy.slices", found["slices"])
    for name, values in times.items():
        bench.put(f"strategy.runs.{name}_ms", {**spread(values), "values": values})
    rows = (
        ("empty", "numba_empty_ns_per_tick", "a rule in Numba that does nothing", None),
        ("ticks", "numba_ns_per_tick", "a rule in Numba on ticks and its position", 30.0),
        ("features", "numba_with_features_ns_per_tick", "the README's rule in Numba, which reads 40 features a slice", None),
    )
    for name, key, what, target in rows:
        under, over = times[f"{name}_listed"], times[name]
        value = statistics.median((b - a) * 1e6 / ticks for a, b in zip(under, over, strict=True))
        bench.put(f"strategy.{key}", value)
        note = (
            f"{statistics.median(over):.1f} ms against {statistics.median(under):.1f} ms in C with the same {found['orders'][name]} orders"
        )
        bench.row(GROUP, what, value, "ns a tick", target=target, note=f"{note}; {found['slices']:,} slices, {len(over)} runs")
