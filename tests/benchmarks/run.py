"""Measure Neural Trader beside its floor and its peers: `python tests/benchmarks/run.py [--quick] [--json FILE] [--only GROUP]`.

Both sides of every ratio are measured in the same run, in turn. Progress goes to standard error, the table to standard output, every
figure to the JSON file. A peer that cannot be installed is reported as missing, with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import book
import compiled
import day
import features
import gpu
import interop
import machine
import model
import order
import peers
import pipeline
import replay
import ring
import sources
import sweep
import validate
from harness import Bench, BenchmarkError, table

GROUPS = {
    "ring": ring.measure,
    "validate": validate.measure,
    "order": order.measure,
    "interop": interop.measure,
    "replay": replay.measure,
    "strategy": compiled.measure,
    "features": features.measure,
    "model": model.measure,
    "pipeline": pipeline.measure,
    "gpu": gpu.measure,
    "sources": sources.measure,
    "book": book.measure,
    "backtest": day.measure,
    "sweep": sweep.measure,
    "peers": peers.measure,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure the groups; 0 when all of ours could be measured."""
    parser = argparse.ArgumentParser(description="Measure Neural Trader beside its floor and its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, under three minutes")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--only", choices=GROUPS, action="append", help="measure this group only (may be given several times)")
    options = parser.parse_args(arguments)
    if len(os.sched_getaffinity(0)) < 2:
        print("the benchmarks need two processors: two processes spin against each other", file=sys.stderr)
        return 1
    bench = Bench(quick=options.quick)
    machine.before(bench)
    chosen = options.only or list(GROUPS)
    failed = []
    if {"peers", "backtest"} & set(chosen):
        peers.install(bench)  # before anything is measured
    for name in chosen:
        bench.progress(name)
        try:
            GROUPS[name](bench)
        except BenchmarkError as error:
            failed.append(name)
            bench.missing(f"{name}.error", name, "not measured", str(error))
    machine.after(bench)
    if options.json is not None:
        options.json.write_text(json.dumps(bench.figures, indent=2) + "\n", encoding="utf-8")
    print(table(bench.rows))
    print()
    print(machine.sentence(bench))
    missed = [row for row in bench.rows if row.met is False]
    print(f"{sum(row.met is True for row in bench.rows)} targets met, {len(missed)} missed{''.join(f'; {row.what}' for row in missed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
