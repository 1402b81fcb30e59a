"""Features: what they cost every tick, and each time that somebody reads all of them."""

from __future__ import annotations

import statistics

import replay
from harness import Bench, compile_program, run_json, spread

GROUP = "features"


def measure(bench: Bench) -> None:
    """On the trades of the sample, and on quotes and trades at random; the dearer tape is the one that counts."""
    runs = 15 if bench.quick else 101
    bench.progress(f"features: {runs} runs over the sample's trades, and over quotes and trades")
    found = run_json([compile_program("features"), runs, replay.tape()["path"]], timeout_s=300)
    for part, key, what, target in (
        ("update", "update_ns", "all features, one tick", 25.0),
        ("read", "read_ns", "all features read", 250.0),
    ):
        medians = {tape: statistics.median(figures[part]) for tape, figures in found.items()}
        bench.put(f"features.{key}", max(medians.values()))
        trades, both = found["trades"], found["quotes_and_trades"]
        note = f"trades {medians['trades']:.1f}, quotes and trades {medians['quotes_and_trades']:.1f}"
        if part == "update":
            many = statistics.median(both["update_of_5000"])
            note = f"{note} (of 5,000 instruments {many:.1f})"
        else:
            note = f"{note}; {trades['known']} and {both['known']} of 40 have a value"
        bench.row(GROUP, what, max(medians.values()), "ns", target=target, note=note)
    for tape, figures in found.items():
        for part in ("update", "update_of_5000", "read"):
            bench.put(f"features.runs.{tape}.{part}_ns", {**spread(figures[part]), "values": figures[part]})
        bench.put(f"features.runs.{tape}.ticks", figures["ticks"])
