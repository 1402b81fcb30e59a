"""From a tick to the order that answers a model's signal about it, with the model in the kernel's loop."""

from __future__ import annotations

import statistics

from harness import Bench, compile_program, run_json
from model import model_file

GROUP = "pipeline"
RUNS = 5


def measure(bench: Bench) -> None:
    """Beside the same without a model, where the client answers the tick itself: run by run in turn, each with a kernel of its own."""
    trips = 10_000 if bench.quick else 50_000
    bench.progress(f"pipeline: tick to order with and without an MLP in the kernel, {RUNS} runs of {trips:,}")
    found = run_json([compile_program("pipeline"), RUNS, trips, model_file("mlp")], timeout_s=300)
    bench.put("pipeline.runs", found)
    with_model, without = found["with_model"], found["without_model"]
    signal, bare, round_trip = (
        statistics.median(each["p50"]) for each in (with_model["signal_ns"], without["taken_ns"], with_model["round_ns"])
    )
    p50, p99 = statistics.median(with_model["taken_ns"]["p50"]), min(with_model["taken_ns"]["p99"])
    bench.put("pipeline.tick_to_order_mlp_ns", {"p50": p50, "p99": p99})
    bench.put("pipeline.tick_to_order_ns", {"p50": bare, "p99": min(without["taken_ns"]["p99"])})
    bench.put("pipeline.tick_to_signal_mlp_ns", {"p50": signal, "p99": min(with_model["signal_ns"]["p99"])})
    bench.put("pipeline.push_to_report_mlp_ns", {"p50": round_trip, "p99": min(with_model["round_ns"]["p99"])})
    floor = statistics.median(with_model["ping_pong"]["p50_ns"])
    bench.put("pipeline.ping_pong_ns.p50", floor)
    parts = f"signal after {signal:,.0f}; without a model {bare:,.0f}; push to report {round_trip:,.0f}"
    note = f"taken to taken by the kernel; {parts}; over a ping-pong of {floor:,.0f}"
    bench.row(GROUP, "tick → 32 features → MLP 64-128-64-3 in the kernel → client → order, p50", p50, "ns", target=2000, note=note)
    each = ", ".join(f"{value:,.0f}" for value in with_model["taken_ns"]["p99"])
    note = f"best of {each}; without a model {min(without['taken_ns']['p99']):,.0f}"
    bench.row(GROUP, "tick → 32 features → MLP 64-128-64-3 in the kernel → client → order, p99", p99, "ns", target=6000, note=note)
