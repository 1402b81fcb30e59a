"""A sweep's worker: a process that takes one shared tape after the other through one strategy with many parameters.

It is `python -m neural_trader.sweep_worker` and dies with its parent. It reads a pickled job and then tasks, one JSON object a line, from
standard input, and answers each with one JSON line; what a strategy prints goes to standard error.
"""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import inspect
import os
import pickle
import random
import signal
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from neural_trader.config import Config
from neural_trader.equity import cash_raw
from neural_trader.errors import InvalidArgument, StateError
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.kernel import Kernel
from neural_trader.loading import MODULE_PREFIX, strategy_class
from neural_trader.numbers import to_decimal
from neural_trader.result import Result
from neural_trader.sources import Source
from neural_trader.strategy import Strategy
from neural_trader.sweep_tape import mapped

__all__ = ["Answer", "Job", "Outcome", "SessionClose", "StrategyPlace", "Task", "main", "place_of", "refuse_inside_a_worker", "run_tape"]

_MARK: Final = "NEURAL_TRADER_SWEEP_WORKER"


class SessionClose(NamedTuple):
    """Equity of the first account's currency at the last tick of a trading day, in that currency."""

    day: datetime.date
    equity: Decimal


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial's run gave, as `backtest` gives it: money in the first account's currency, `digest` the hash of its reports, and the
    equity at the close of each session. It holds nothing that depends on the machine or on time."""

    ticks: int
    accepted: int
    denied: int
    fills: int
    gross: Decimal
    fees: Decimal
    net: Decimal
    equity_start: Decimal
    equity_final: Decimal
    drawdown: Decimal
    halted: bool
    digest: str
    sessions: list[SessionClose]


class StrategyPlace(msgspec.Struct, frozen=True):
    """Where a worker finds a strategy's class: "file.py:Class", or a module and a name in it. `sources` are the files of the class and its
    bases."""

    file: str | None
    module: str
    name: str
    sources: tuple[str, ...]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One trial: its number, which tape it runs on, and its parameters and seed."""

    number: int
    tape: int
    parameters: dict[str, Any]
    seed: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says: a number of -1 that it is ready, or, with a failure, that it cannot be; else how a trial ended."""

    number: int
    outcome: Outcome | None = None
    failure: str | None = None
    elapsed_s: float = 0.0


@dataclasses.dataclass(frozen=True)
class Job:
    """What a worker needs once. `tapes` are tapes without ticks, each with its descriptor and its number of ticks."""

    parent: int
    path: list[str]
    arguments: list[str]
    strategy: StrategyPlace
    config: Config
    tapes: list[tuple[Source, int, int]]


def refuse_inside_a_worker() -> None:
    """StateError in a worker: a script that is loaded there for its strategy must not begin a sweep of its own."""
    if os.environ.get(_MARK) == str(os.getpid()):
        raise StateError("a worker of a sweep loads this file: put what starts the sweep under if __name__ == '__main__'")


def place_of(strategy: type[Strategy]) -> StrategyPlace:
    """Where a worker finds a class. InvalidArgument for one that no other process can find: not a Strategy, inside a function, or
    typed into an interpreter."""
    if not (isinstance(strategy, type) and issubclass(strategy, Strategy)):
        raise InvalidArgument(f"{strategy!r} is not a class derived from Strategy; give the class itself, not an instance")
    module = sys.modules.get(strategy.__module__)
    if strategy.__qualname__ != strategy.__name__ or getattr(module, strategy.__name__, None) is not strategy:
        raise InvalidArgument(f"{strategy.__qualname__} is not at the top of its file, where worker processes find it; move it there")
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file():
        raise InvalidArgument(f"{strategy.__name__} is in no file, and worker processes could not load it; save it in a file")
    sources = []
    for kind in strategy.__mro__:
        if kind.__module__.partition(".")[0] not in ("neural_trader", "msgspec", "builtins"):
            found = inspect.getsourcefile(kind)
            if found is not None:
                sources.append(str(Path(found).absolute()))
    name = strategy.__module__
    if name == "__main__":
        specification = getattr(module, "__spec__", None)
        if specification is None:
            return StrategyPlace(str(Path(file).absolute()), name, strategy.__name__, tuple(sources))
        name = specification.name
    loaded = str(Path(file).absolute()) if name.startswith(MODULE_PREFIX) else None
    return StrategyPlace(loaded, name, strategy.__name__, tuple(sources))


def _class_at(place: StrategyPlace) -> type[Strategy]:
    if place.file is not None:
        return strategy_class(f"{place.file}:{place.name}")
    found: type[Strategy] = getattr(importlib.import_module(place.module), place.name)
    return found


def run_tape(strategy: Strategy, tape: Source, config: Config) -> Result:
    """As `backtest`, over a tape that has been read already."""
    with Kernel(config, private=True) as kernel:
        return kernel.run(tape, strategy)


def _built(kind: type[Strategy], parameters: Mapping[str, Any]) -> Strategy:
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return kind(**{name: msgspec.convert(value, types[name]) for name, value in parameters.items()})


def _outcome(result: Result) -> Outcome:
    summary = result.summary
    return Outcome(
        ticks=summary["ticks"],
        accepted=summary["orders"]["accepted"],
        denied=sum(summary["orders"]["denied"].values()),
        fills=summary["fills"],
        gross=summary["pnl"]["gross"],
        fees=summary["pnl"]["fees"],
        net=summary["pnl"]["net"],
        equity_start=to_decimal(cash_raw(result.config, result.currency), MONEY_DECIMALS),
        equity_final=summary["equity_final"],
        drawdown=summary["drawdown"]["money"],
        halted="HALTED" in summary["accounts"].values(),
        digest=summary["digest"],
        sessions=[SessionClose(close.day, to_decimal(close.equity, MONEY_DECIMALS)) for close in result.closes],
    )


def _trial(task: Task, kind: type[Strategy], config: Config, tapes: list[Source]) -> Answer:
    from neural_trader.processes import explain  # that module is a program too, which the package must not have imported

    started_s = time.perf_counter()
    random.seed(task.seed)
    np.random.seed(task.seed % 2**32)
    try:
        outcome = _outcome(run_tape(_built(kind, task.parameters), tapes[task.tape], config))
    except Exception as error:
        return Answer(number=task.number, failure=explain(error)[1], elapsed_s=time.perf_counter() - started_s)
    return Answer(number=task.number, outcome=outcome, elapsed_s=time.perf_counter() - started_s)


def main() -> int:
    """Do the tasks until standard input ends."""
    from neural_trader.processes import die_with, explain

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the parent's to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))  # which the parent held back while it began this
    try:
        job: Job = pickle.load(sys.stdin.buffer)
    except (EOFError, pickle.UnpicklingError):
        return 1  # the parent has ended before it had said what there is to do
    die_with(job.parent)
    os.environ[_MARK] = str(os.getpid())
    said = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def say(answer: Answer) -> None:
        said.write(msgspec.json.encode(answer) + b"\n")
        said.flush()

    sys.path[:], sys.argv[:] = job.path, job.arguments
    try:
        kind = _class_at(job.strategy)
        tapes = [mapped(source, descriptor, count) for source, descriptor, count in job.tapes]
    except Exception as error:
        say(Answer(number=-1, failure=explain(error)[1]))
        return 1
    say(Answer(number=-1))
    for line in sys.stdin.buffer:
        say(_trial(msgspec.json.decode(line, type=Task), kind, job.config, tapes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
