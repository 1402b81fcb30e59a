"""A sweep of the example strategy over the sample: trials a second in one process and in two, in turn."""

from __future__ import annotations

import statistics
import sys

from harness import ROOT, SAMPLE, Bench, BenchmarkError, ratios

GROUP = "sweep"


def measure(bench: Bench) -> None:
    """Both sides are whole calls of `sweep`: reading the tape and starting the processes count."""
    sys.path.insert(0, str(ROOT))
    from neural_trader.loading import strategy_class
    from neural_trader.sweep import sweep

    strategy = strategy_class(str(ROOT / "examples" / "flow.py"))
    rounds = 2 if bench.quick else 5
    grid = {"enter": "0.21:0.80:0.01" if bench.quick else "0.601:0.800:0.001"}
    rates: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        bench.progress(f"sweep: round {number + 1} of {rounds}")
        for processes, found in rates.items():
            result = sweep(strategy, grid, SAMPLE, processes=processes, progress=False)
            if result.failed:
                raise BenchmarkError(f"a trial failed: {result.failed[0].failure}")
            found.append(len(result.trials) / result.elapsed_s)
    trials = len(result.trials)
    one, two = (statistics.median(rates[processes]) for processes in (1, 2))
    ratio = statistics.median(ratios(rates[2], rates[1]))
    bench.put("sweep.trials", trials)
    bench.put("sweep.runs_per_s_one_core", one)
    bench.put("sweep.runs_per_s_two_cores", two)
    bench.put("sweep.two_cores_over_one", ratio)
    bench.row(GROUP, "trials a second, one process", one, "1/s", better="higher", note=f"{trials} trials of 100,000 trades each")
    bench.row(GROUP, "trials a second, two processes", two, "1/s", better="higher", note="one shared copy of the tape")
    bench.row(GROUP, "two processes over one", ratio, "x", target=1.8, better="higher", note=f"median of {rounds} rounds")
