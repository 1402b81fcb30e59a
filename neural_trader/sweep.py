"""Sweeps: a strategy over a grid of parameters in several processes, and walk-forward splits of it.

Every trial is the run that `backtest` gives for its parameters: same bytes, same digest. Before each trial `random` and `numpy.random` are
seeded with the trial's own seed, so that neither the number of processes nor their timing shows in a result. A strategy that keeps state
in its class or module gives that up.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from os import PathLike
from typing import Any, Final

import msgspec

from neural_trader._native import library_path
from neural_trader.config import Config, OutputConfig, SourceConfig, SourceSpec
from neural_trader.equity import session_spans
from neural_trader.errors import InvalidArgument
from neural_trader.sources import Source, open_source, source_name
from neural_trader.strategy import Strategy
from neural_trader.sweep_code import code_of
from neural_trader.sweep_grid import points
from neural_trader.sweep_pool import Pool, Trial, TrialFile
from neural_trader.sweep_progress import ProgressText
from neural_trader.sweep_result import Fold, Objective, SweepResult, WalkForwardResult
from neural_trader.sweep_tape import SharedTape, window
from neural_trader.sweep_worker import StrategyPlace, Task, place_of, refuse_inside_a_worker
from neural_trader.wording import counted

__all__ = ["SweepProgress", "sweep", "walk_forward"]

log = logging.getLogger(__name__)

SweepProgress = Callable[[int, int], None]
Grid = Mapping[str, Sequence[object] | str]
Span = int | datetime.timedelta

_PROCESSES_MAX: Final = 1024
_FORMAT: Final = 2  # of keys: a change makes every trial new
_NANOSECONDS_PER_MICROSECOND: Final = 1000


def sweep(
    strategy: type[Strategy],
    grid: Grid,
    source: SourceSpec,
    config: Config | None = None,
    *,
    processes: int | None = None,
    seed: int = 0,
    resume: str | PathLike[str] | None = None,
    objective: Objective = "net",
    progress: bool | SweepProgress = True,
) -> SweepResult:
    """Run every point of a grid over one tape, in `processes` processes (one a processor unless given) that share one copy of it.

    An axis of the grid is a sequence of values or a text: "0.2:0.8:0.1" (exact decimals, both ends included), "1,2,5", or a JSON array.
    `resume` names a file of JSON lines: each trial is added as it ends, and those that an earlier sweep of the same strategy,
    parameters, configuration, tape and seed finished are taken from it. The strategy's code is its file and every file of yours that this
    imports: InvalidArgument when one of them has changed since. `objective` ranks: net profit, or Sharpe ratio. `progress`
    draws on standard error when that is a terminal, or is called with trials done and all.

    The trials of the result are in grid order. One that raised, or whose process died, is among them with its `failure`. ConfigError lists
    what is wrong with grid or configuration, SourceError what with the tape; InvalidArgument for a class that no other process can load.
    """
    place, chosen, count = _checked(strategy, config, processes, seed, objective)
    wanted = points(strategy, grid)
    started_s = time.perf_counter()
    code = code_of(place.sources)
    with ExitStack() as stack:
        file = stack.enter_context(TrialFile(resume, place.name, code)) if resume is not None else None
        tape = stack.enter_context(SharedTape(open_source(source, chosen)))
        shown = stack.enter_context(_progress(progress, len(wanted)))
        runner = _Runner(place, code, chosen, seed, file, shown)
        with Pool(place, chosen, [tape], min(count, len(wanted))) as pool:
            trials = runner.run(pool, 0, tape, wanted)
    return SweepResult(
        strategy=strategy.__name__,
        trials=trials,
        objective=objective,
        source=tape.source,
        tape_sha256=tape.sha256,
        seed=seed,
        processes=count,
        resumed=runner.resumed,
        elapsed_s=time.perf_counter() - started_s,
    )


def walk_forward(
    strategy: type[Strategy],
    grid: Grid,
    source: SourceSpec,
    config: Config | None = None,
    *,
    train: Span,
    test: Span,
    step: Span | None = None,
    processes: int | None = None,
    seed: int = 0,
    resume: str | PathLike[str] | None = None,
    objective: Objective = "net",
    progress: bool | SweepProgress = True,
) -> WalkForwardResult:
    """Choose the best point on a stretch of the tape and run it on the stretch after, again and again along the tape.

    `train`, `test` and `step` (as long as `test` unless given) are all numbers of sessions or all timedeltas. Each stretch is a run of its
    own with the starting cash and without features from before it. InvalidArgument when lengths are not positive or of two kinds, or when
    the tape is shorter than train and test. The rest is as for `sweep`.
    """
    place, chosen, count = _checked(strategy, config, processes, seed, objective)
    wanted = points(strategy, grid)
    started_s = time.perf_counter()
    whole = open_source(source, chosen)
    splits = list(_splits(whole, train, test, test if step is None else step))
    folds = []
    code = code_of(place.sources)
    with ExitStack() as stack:
        file = stack.enter_context(TrialFile(resume, place.name, code)) if resume is not None else None
        shown = stack.enter_context(_progress(progress, len(splits) * (len(wanted) + 1)))
        runner = _Runner(place, code, chosen, seed, file, shown)
        for number, (begin, middle, end) in enumerate(splits, 1):
            with (
                SharedTape(window(whole, begin, middle, f"{source_name(source)} train {number}")) as before,
                SharedTape(window(whole, middle, end, f"{source_name(source)} test {number}")) as after,
                Pool(place, chosen, [before, after], min(count, len(wanted))) as pool,
            ):
                resumed, fold_s = runner.resumed, time.perf_counter()
                trained = SweepResult(
                    strategy=strategy.__name__,
                    trials=runner.run(pool, 0, before, wanted),
                    objective=objective,
                    source=before.source,
                    tape_sha256=before.sha256,
                    seed=seed,
                    processes=count,
                    resumed=runner.resumed - resumed,
                    elapsed_s=time.perf_counter() - fold_s,
                )
                best = trained.best
                tested = None if best is None else runner.run(pool, 1, after, [best.parameters])[0]
                if tested is None:
                    runner.skip()
            starts = tuple(int(whole.ticks["ts_event"][at]) for at in (begin, middle))
            until = int(whole.ticks["ts_event"][end - 1])
            folds.append(Fold(train=trained, test=tested, train_start_ns=starts[0], test_start_ns=starts[1], end_ns=until))
    return WalkForwardResult(
        strategy.__name__, folds, source_name(source), whole.assumptions, runner.resumed, time.perf_counter() - started_s
    )


def _checked(
    strategy: type[Strategy], config: Config | None, processes: int | None, seed: int, objective: Objective
) -> tuple[StrategyPlace, Config, int]:
    refuse_inside_a_worker()
    place = place_of(strategy)
    chosen = (config if config is not None else Config(name="sweep")).validated()
    available = len(os.sched_getaffinity(0)) if processes is None else processes
    if isinstance(available, bool) or not isinstance(available, int) or not 1 <= available <= _PROCESSES_MAX:
        raise InvalidArgument(f"processes must be a whole number from 1 to {_PROCESSES_MAX}, not {processes!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InvalidArgument(f"seed must be a whole number from 0 to 2^63 - 1, not {seed!r}")
    if objective not in ("net", "sharpe"):
        raise InvalidArgument(f"objective {objective!r} is neither 'net' nor 'sharpe'")
    return place, chosen, available


# ---- trials --------------------------------------------------------------------------------------------------------------------


class _Runner:
    """Runs points of a grid on tapes: from the file what is finished, the rest in the pool."""

    def __init__(
        self, place: StrategyPlace, code: dict[str, str], config: Config, seed: int, file: TrialFile | None, progress: SweepProgress
    ) -> None:
        self._place, self._code, self._config, self._seed, self._file, self._progress = place, code, config, seed, file, progress
        self._library = hashlib.sha256(library_path().read_bytes()).hexdigest()
        self._done = 0
        self.resumed = 0

    def run(self, pool: Pool, number: int, tape: SharedTape, wanted: Sequence[dict[str, Any]]) -> list[Trial]:
        """The trials of the points, in their order, on the pool's tape of that number."""
        base = self._base(tape)
        keys = [hashlib.sha256(base + msgspec.json.encode(parameters, order="deterministic")).hexdigest() for parameters in wanted]
        seeds = [self._seed_of(parameters) for parameters in wanted]
        trials: dict[int, Trial] = {}
        tasks = []
        for at, (key, parameters) in enumerate(zip(keys, wanted, strict=True)):
            kept = self._file.finished(key) if self._file is not None else None
            if kept is None:
                tasks.append(Task(number=at, tape=number, parameters=parameters, seed=seeds[at]))
            else:
                trials[at] = msgspec.structs.replace(kept, number=at)
        self.resumed += len(trials)
        self._advance(len(trials))
        for answer in pool.run(tasks):
            at = answer.number
            trial = Trial(
                number=at,
                key=keys[at],
                parameters=wanted[at],
                seed=seeds[at],
                outcome=answer.outcome,
                failure=answer.failure,
                elapsed_s=answer.elapsed_s,
            )
            trials[at] = trial
            if self._file is not None:
                self._file.add(trial)
            if trial.failure is not None:
                log.warning("trial %d %s failed: %s", at, trial.parameters, trial.failure)
            self._advance(1)
        return [trials[at] for at in range(len(wanted))]

    def skip(self) -> None:
        """Count a trial that is not run."""
        self._advance(1)

    def _advance(self, count: int) -> None:
        self._done += count
        if count:
            self._progress(self._done, 0)

    def _base(self, tape: SharedTape) -> bytes:
        """All that an outcome depends on beside the parameters."""
        config = msgspec.structs.replace(self._config, strategy=None, parameters={}, source=SourceConfig(), output=OutputConfig())
        parts = [
            _FORMAT,
            version("neural-trader"),
            self._library,
            self._place.name,
            self._code,
            config,
            tape.source.instruments,
            tape.sha256,
            self._seed,
        ]
        return hashlib.sha256(msgspec.json.encode(msgspec.to_builtins(parts, str_keys=True, order="deterministic"))).digest()

    def _seed_of(self, parameters: Mapping[str, Any]) -> int:
        text = msgspec.json.encode([self._seed, parameters], order="deterministic")
        return int.from_bytes(hashlib.sha256(text).digest()[:8]) >> 1


# ---- splits --------------------------------------------------------------------------------------------------------------------


def _splits(source: Source, train: Span, test: Span, step: Span) -> Iterator[tuple[int, int, int]]:
    """Begin of train, begin of test and end of test, as positions in the tape."""
    lengths = {"train": train, "test": test, "step": step}
    for name, length in lengths.items():
        if isinstance(length, bool) or not isinstance(length, int | datetime.timedelta):
            raise InvalidArgument(f"{name} must be a number of sessions or a timedelta, not {length!r}")
        if length <= datetime.timedelta(0) if isinstance(length, datetime.timedelta) else length <= 0:
            raise InvalidArgument(f"{name} must be longer than nothing, not {length}")
    if len({isinstance(length, int) for length in lengths.values()}) > 1:
        raise InvalidArgument("train, test and step must all be numbers of sessions, or all be timedeltas")
    if isinstance(train, int) and isinstance(test, int) and isinstance(step, int):
        spans = session_spans(source.ticks)
        edges = [span.begin for span in spans] + [spans[-1].end if spans else 0]
        if len(spans) < train + test:
            raise InvalidArgument(f"the tape has {counted(len(spans), 'session')}, and train and test need {train + test}; shorten them")
        for first in range(0, len(spans) - train - test + 1, step):
            yield edges[first], edges[first + train], edges[first + train + test]
        return
    assert isinstance(train, datetime.timedelta)
    assert isinstance(test, datetime.timedelta)
    assert isinstance(step, datetime.timedelta)
    times = source.ticks["ts_event"]
    at, last = int(times[0]), int(times[-1])
    if last - at < _ns(train) + _ns(test):
        length = datetime.timedelta(microseconds=(last - at) // _NANOSECONDS_PER_MICROSECOND)
        raise InvalidArgument(f"the tape is {length} long, and train and test need {train + test}; shorten them")
    while at + _ns(train) + _ns(test) <= last:
        edge = [int(i) for i in times.searchsorted([at, at + _ns(train), at + _ns(train) + _ns(test)], side="left")]
        yield edge[0], edge[1], edge[2]
        at += _ns(step)


def _ns(length: datetime.timedelta) -> int:
    return length // datetime.timedelta(microseconds=1) * _NANOSECONDS_PER_MICROSECOND


# ---- progress ------------------------------------------------------------------------------------------------------------------


@contextmanager
def _progress(wanted: bool | SweepProgress, total: int) -> Iterator[SweepProgress]:
    """What the runner calls with the trials done."""
    if callable(wanted):
        call = wanted
        yield lambda done, _: call(done, total)
    elif wanted and sys.stderr.isatty():
        drawn = ProgressText(sys.stderr)
        try:
            yield lambda done, _: drawn(done, total)
        finally:
            drawn.finish()
    else:
        yield lambda done, _: None
