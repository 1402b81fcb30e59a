"""A sweep of the example strategy over the sample: trials a second in one process and in two.

Other work on the machine takes more from two processes than from one, so each side also notes what share of the two processors others
had meanwhile. The ratio is the median of rounds in which they had little; without such rounds there is none, only what was seen and what
the processor time says. Rounds alternate which side comes first; ratios are of neighbours in time.
"""

from __future__ import annotations

import dataclasses
import os
import resource
import statistics
import sys
from pathlib import Path
from typing import Any

from harness import ROOT, SAMPLE, Bench, BenchmarkError

GROUP = "sweep"
SIDES = (1, 2)
OTHERS_MOST = 0.05  # of the processors, in a round that counts
ROUNDS_LEAST = 3
TARGET = 1.8


@dataclasses.dataclass(frozen=True)
class Run:
    """One sweep: trials a second; processor seconds a trial; the share of the processors that others had."""

    trials_per_s: float
    processor_s: float
    others: float
    apart_s: float  # of the whole call, what was no trial


def _own_s() -> float:
    """Processor time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


def _busy_s() -> float:
    """Time that the processors of this process were not idle, or were taken from this machine."""
    names = {f"cpu{number}" for number in os.sched_getaffinity(0)}
    ticks = 0
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        name, *times = line.split()
        if name in names:
            user, nice, system, _idle, _waiting, *rest = map(int, times[:8])
            ticks += user + nice + system + sum(rest)
    return ticks / os.sysconf("SC_CLK_TCK")


def _run(strategy: Any, grid: dict[str, str], processes: int) -> tuple[Run, int]:
    from neural_trader.sweep import sweep

    own_s, busy_s = _own_s(), _busy_s()
    result = sweep(strategy, grid, SAMPLE, processes=processes, progress=False)
    own_s, busy_s = _own_s() - own_s, _busy_s() - busy_s
    if result.failed:
        raise BenchmarkError(f"a trial failed: {result.failed[0].failure}")
    trials = len(result.trials)
    others = max(0.0, (busy_s - own_s) / (result.elapsed_s * len(os.sched_getaffinity(0))))
    apart_s = result.elapsed_s - sum(trial.elapsed_s for trial in result.trials) / processes
    return Run(trials / result.elapsed_s, own_s / trials, others, apart_s), trials


def _rounds(bench: Bench, rounds: int, grid: dict[str, str]) -> tuple[list[dict[int, Run]], int]:
    sys.path.insert(0, str(ROOT))
    from neural_trader.loading import strategy_class

    strategy = strategy_class(str(ROOT / "examples" / "flow.py"))
    found: list[dict[int, Run]] = []
    trials = 0
    for number in range(rounds):
        bench.progress(f"sweep: round {number + 1} of {rounds}")
        sides: dict[int, Run] = {}
        for processes in SIDES if number % 2 == 0 else SIDES[::-1]:
            sides[processes], trials = _run(strategy, grid, processes)
        found.append(sides)
    return found, trials


def measure(bench: Bench) -> None:
    """Both sides are whole calls of `sweep`: reading the tape and starting the processes count."""
    grid = {"enter": "0.41:0.80:0.01" if bench.quick else "0.602:0.800:0.002"}
    found, trials = _rounds(bench, 4 if bench.quick else 8, grid)
    rates = {side: [sides[side].trials_per_s for sides in found] for side in SIDES}
    ratios = [sides[2].trials_per_s / sides[1].trials_per_s for sides in found]
    others = [max(run.others for run in sides.values()) for sides in found]
    cost = statistics.median(sides[2].processor_s / sides[1].processor_s for sides in found)
    apart_s = statistics.median(sides[2].apart_s for sides in found)
    alone = [ratio for ratio, share in zip(ratios, others, strict=True) if share <= OTHERS_MOST]
    one, two = (statistics.median(rates[side]) for side in SIDES)
    bench.put("sweep.trials", trials)
    bench.put("sweep.runs_per_s_one_core", one)
    bench.put("sweep.runs_per_s_two_cores", two)
    bench.put("sweep.all_rounds_two_over_one", statistics.median(ratios))
    bench.put("sweep.processor_time_two_over_one", cost)
    bench.put("sweep.apart_s", apart_s)
    bench.put("sweep.rounds", {"one": rates[1], "two": rates[2], "two_over_one": ratios, "others": others})
    bench.row(GROUP, "trials a second, one process", one, "1/s", better="higher", note=f"{trials} trials of 100,000 trades each")
    note = f"one shared copy of the tape; reading it, starting and ending processes {apart_s:.2f} s"
    bench.row(GROUP, "trials a second, two processes", two, "1/s", better="higher", note=note)
    what = "two processes over one"
    if len(alone) >= ROUNDS_LEAST:
        ratio = statistics.median(alone)
        bench.put("sweep.two_cores_over_one", ratio)
        note = f"median of the {len(alone)} of {len(found)} rounds in which others had at most {OTHERS_MOST:.0%} of the processors"
        bench.row(GROUP, what, ratio, "x", target=TARGET, better="higher", note=note)
    else:
        reason = f"others had up to {max(others):.0%} of the processors, and more than {OTHERS_MOST:.0%} in all but {len(alone)} rounds"
        bench.missing("sweep.two_cores_over_one", GROUP, what, reason)
    note = f"{min(ratios):.2f} to {max(ratios):.2f}; others had {statistics.median(others):.0%} of the processors, up to {max(others):.0%}"
    bench.row(GROUP, f"{what}, all {len(found)} rounds", statistics.median(ratios), "x", better="higher", note=note)
    bench.row(GROUP, "processor time of a trial, two processes over one", cost, "x", note="1: processes do not slow each other")
