"""Rings: round trips beside a raw cache-line ping-pong, throughput beside boost, and Python beside other ways between processes."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import BUILD, Bench, BenchmarkError, compile_program, ratios, run_json, spread, tool, worker

GROUP = "ring"
TRANSPORTS = {
    "ring": "neural_trader ring, spinning in C",
    "multiprocessing_queue": "multiprocessing.Queue",
    "pyzmq": "pyzmq PAIR over ipc",
    "iceoryx2": "iceoryx2 publish/subscribe, spinning",
}


def _compiles_boost() -> bool:
    BUILD.mkdir(parents=True, exist_ok=True)
    probe = BUILD / "probe.cpp"
    probe.write_text("#include <boost/lockfree/spsc_queue.hpp>\n", encoding="utf-8")
    try:
        command = [tool("CXX", "c++", "g++", "clang++"), "-std=c++17", "-fsyntax-only", str(probe)]
    except BenchmarkError:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _boost(bench: Bench) -> str | None:
    """Why boost cannot be measured; None when it can. Debian's package is installed where that is allowed."""
    if _compiles_boost():
        return None
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "boost/lockfree is not installed (libboost-dev)"
    bench.progress("ring: installing libboost-dev")
    for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "libboost-dev"]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=300, env=environment)
        except subprocess.TimeoutExpired:
            return "apt-get did not finish in 300 s"
    return None if _compiles_boost() else "apt-get could not install libboost-dev, or there is no C++ compiler"


def _put_trips(bench: Bench, name: str, found: dict[str, list[float]], floor: dict[str, list[float]] | None) -> None:
    figures: dict[str, Any] = {
        "p50_ns": statistics.median(found["p50_ns"]),
        "p99_ns": statistics.median(found["p99_ns"]),
        "p999_ns": statistics.median(found["p999_ns"]),
        "worst_run_p50_ns": max(found["p50_ns"]),
        "runs_p50_ns": found["p50_ns"],
    }
    if floor is not None:
        figures["over_ping_pong"] = spread(ratios(found["p50_ns"], floor["p50_ns"]))
    bench.put(f"ring.round_trips.{name}", figures)


def _round_trips(bench: Bench, program: Path, no_boost: str | None) -> None:
    runs, trips = (9, 10_000) if bench.quick else (31, 20_000)
    bench.progress(f"ring: round trips, {runs} runs of {trips:,} in turn")
    found = run_json([program, "trips", str(runs), str(trips)], timeout_s=120)
    floor = found["ping_pong"]
    for name, series in found.items():
        _put_trips(bench, name, series, None if name == "ping_pong" else floor)
    bench.row(GROUP, "ping-pong of one cache line each way", statistics.median(floor["p50_ns"]), "ns", note="the floor")
    for size, target in ((64, 1.10), (128, 1.20)):
        series = found[f"ring_{size}"]
        over = spread(ratios(series["p50_ns"], floor["p50_ns"]))
        bench.put(f"ring.round_trip_{size}_over_ping_pong", over["median"])
        p50_ns, p99_ns = statistics.median(series["p50_ns"]), statistics.median(series["p99_ns"])
        note = f"{p50_ns:.0f} ns, p99 {p99_ns:.0f} ns; worst run {over['worst']:.2f} x"
        bench.row(GROUP, f"round trip {size} B / ping-pong", over["median"], "x", target=target, note=note)
    if no_boost is None:
        over = spread(ratios(found["boost_64"]["p50_ns"], floor["p50_ns"]))
        bench.row(GROUP, "round trip 64 B, boost spsc_queue / ping-pong", over["median"], "x", note=f"worst run {over['worst']:.2f} x")


def _throughput(bench: Bench, program: Path, no_boost: str | None) -> None:
    runs, windows = (7, 100) if bench.quick else (21, 200)
    bench.progress(f"ring: throughput, {runs} runs of {windows} windows in turn")
    found = run_json([program, "throughput", str(runs), str(windows)], timeout_s=300)
    ours = found["ring_64"]
    for name, series in found.items():
        bench.put(
            f"ring.throughput.{name}",
            {
                "clean_window_mps": spread(series["clean_window_mps"], worst="min"),
                "whole_run_mps": spread(series["whole_run_mps"], worst="min"),
                "runs_clean_window_mps": series["clean_window_mps"],
            },
        )
    note = "clean windows of 32,768 records"
    bench.row(GROUP, "throughput 64 B, one at a time", statistics.median(ours["clean_window_mps"]), "M/s", note=note)
    if no_boost is not None:
        bench.missing("ring.throughput_over_boost", GROUP, "throughput / boost spsc_queue", no_boost)
        return
    for suffix, key, how, target in (
        ("", "throughput_over_boost", "a pause in both spin loops", 1.6),
        ("_eager", "throughput_eager_over_boost", "no pause in either spin loop", None),
    ):
        left, right = found[f"ring_64{suffix}"]["clean_window_mps"], found[f"boost_64{suffix}"]["clean_window_mps"]
        over = spread(ratios(left, right), worst="min")
        bench.put(f"ring.{key}", over["median"])
        note = f"{how}: {statistics.median(left):.0f} and {statistics.median(right):.0f} M/s; worst run {over['worst']:.2f} x"
        bench.row(GROUP, "throughput 64 B / boost spsc_queue", over["median"], "x", target=target, better="higher", note=note)


def _python(bench: Bench, program: Path) -> None:
    rounds = 5 if bench.quick else 15
    bench.progress(f"ring: Python round trips, {rounds} rounds in turn")
    found = run_json([sys.executable, worker("ring_python"), program, str(rounds)], timeout_s=420)
    floor = found["ping_pong"]["p50_ns"]
    for name, label in TRANSPORTS.items():
        series = found[name]
        if "missing" in series:
            bench.missing(f"ring.python.{name}", GROUP, f"Python round trip, {label}", series["missing"])
            continue
        over = spread(ratios(series["p50_ns"], floor))
        p50_us, p99_us = statistics.median(series["p50_ns"]) / 1e3, statistics.median(series["p99_ns"]) / 1e3
        bench.put(
            f"ring.python.{name}",
            {
                "p50_us": p50_us,
                "p99_us": p99_us,
                "worst_run_p50_us": max(series["p50_ns"]) / 1e3,
                "over_ping_pong": over,
                "trips": series["trips"],
            },
        )
        target = 5.0 if name == "ring" else None
        note = f"{p50_us:.2f} µs, p99 {p99_us:.2f} µs; worst run {over['worst']:.1f} x"
        bench.row(GROUP, f"Python round trip / ping-pong: {label}", over["median"], "x", target=target, note=note)
    bench.put("ring.python_round_trip_over_ping_pong", statistics.median(ratios(found["ring"]["p50_ns"], floor)))
    queue = statistics.median(ratios(found["ring"]["p50_ns"], found["multiprocessing_queue"]["p50_ns"]))
    bench.put("ring.python_over_multiprocessing_queue", queue)
    bench.row(GROUP, "Python round trip: ring / multiprocessing.Queue", queue, "x", note=f"{1 / queue:,.0f} times as fast")


def measure(bench: Bench) -> None:
    """All of it."""
    no_boost = _boost(bench)
    defines, cplusplus = (["BENCH_BOOST"], "boost_queue") if no_boost is None else ([], None)
    program = compile_program("ring", defines=defines, cplusplus=cplusplus)
    _round_trips(bench, program, no_boost)
    _throughput(bench, program, no_boost)
    _python(bench, program)
