"""What a sweep gave: its trials in grid order, their rank, and what the best of so many is worth."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, Literal

import msgspec

from neural_trader.sources import Source
from neural_trader.sweep_pool import Trial
from neural_trader.sweep_statistics import (
    SESSIONS_PER_YEAR,
    Figure,
    ReturnMoments,
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    return_moments,
    session_returns,
)

__all__ = ["Fold", "Objective", "SweepResult", "WalkForwardResult", "moments_of"]

Objective = Literal["net", "sharpe"]

_SHOWN: Final = 20  # trials in the printed table
_NOTE: Final = "Trials count as independent. Those that resemble each other are fewer in truth: the deflated Sharpe ratio is then too low."


def _returns_of(trial: Trial) -> list[float] | str:
    if trial.outcome is None:
        return "the trial failed"
    return session_returns(float(trial.outcome.equity_start), [float(close.equity) for close in trial.outcome.sessions])


def moments_of(trial: Trial) -> ReturnMoments | str:
    """Moments of a trial's session returns, or as text why there are none."""
    returns = _returns_of(trial)
    return returns if isinstance(returns, str) else return_moments(returns)


@dataclasses.dataclass(frozen=True, eq=False)
class SweepResult:
    """Trials of a sweep. `trials` are in grid order whatever the processes did; `resumed` counts those taken from the file."""

    strategy: str
    trials: list[Trial]
    objective: Objective
    source: Source
    tape_sha256: str
    seed: int
    processes: int
    resumed: int
    elapsed_s: float

    @cached_property
    def _moments(self) -> list[ReturnMoments | str]:
        return [moments_of(trial) for trial in self.trials]

    def _score(self, number: int) -> Decimal | float | None:
        moments, outcome = self._moments[number], self.trials[number].outcome
        if self.objective == "net":
            return None if outcome is None else outcome.net
        return None if isinstance(moments, str) else moments.sharpe

    @cached_property
    def ranked(self) -> list[Trial]:
        """The trials that have the objective, best first; equal ones in grid order."""
        scored = [(score, trial) for trial in self.trials if (score := self._score(trial.number)) is not None]
        return [trial for _, trial in sorted(scored, key=lambda pair: (-pair[0], pair[1].number))]

    @property
    def best(self) -> Trial | None:
        """The first of `ranked`; None when no trial has the objective."""
        return self.ranked[0] if self.ranked else None

    @property
    def failed(self) -> list[Trial]:
        """Trials that raised or whose process died, in grid order."""
        return [trial for trial in self.trials if trial.failure is not None]

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """Number of trials, and of the best: Sharpe ratio per session and per year (√252), probabilistic and deflated Sharpe ratio, and
        the Sharpe ratio that the best of so many trials is expected to show by luck. What is not defined is None; `reasons` say why."""
        known = [moments for moments in self._moments if not isinstance(moments, str)]
        figures = {name: Figure(None, "no trial has the objective") for name in ("sharpe", "probabilistic_sharpe", "deflated_sharpe")}
        if self.best is not None:
            moments = self._moments[self.best.number]
            if isinstance(moments, str):
                figures = {name: Figure(None, moments) for name in figures}
            else:
                sharpes = [row.sharpe for row in known]
                figures = {
                    "sharpe": Figure(moments.sharpe),
                    "probabilistic_sharpe": probabilistic_sharpe(moments),
                    "deflated_sharpe": deflated_sharpe(moments, sharpes, len(self.trials)),
                }
        figures["expected_maximum_sharpe"] = expected_maximum_sharpe([row.sharpe for row in known], len(self.trials))
        sharpe = figures["sharpe"].value
        return {
            "trials": len(self.trials),
            "failed": len(self.failed),
            "trials_with_sharpe": len(known),
            **{name: figure.value for name, figure in figures.items()},
            "sharpe_per_year": None if sharpe is None else sharpe * SESSIONS_PER_YEAR**0.5,
            "reasons": {name: figure.reason for name, figure in figures.items() if figure.reason is not None},
        }

    @property
    def summary(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        best = self.best
        return {
            "strategy": self.strategy,
            "source": self.source.name,
            "source_sha256": self.source.sha256,
            "tape_sha256": self.tape_sha256,
            "seed": self.seed,
            "objective": self.objective,
            "processes": self.processes,
            "resumed": self.resumed,
            "elapsed_s": round(self.elapsed_s, 6),
            "best": None if best is None else best.number,
            "statistics": self.statistics,
            "trials": msgspec.to_builtins(self.trials),
            "assumptions": [*self.source.assumptions, _NOTE],
        }

    def table(self, count: int = _SHOWN) -> list[list[str]]:
        """Rows of the `count` best trials under a head, as texts."""
        names = list(self.trials[0].parameters)
        rows = [["trial", *names, "net", "gross", "fees", "fills", "denied", "drawdown", "sharpe"]]
        for trial in self.ranked[:count]:
            outcome, moments = trial.outcome, self._moments[trial.number]
            assert outcome is not None
            money = (f"{value:,.2f}" for value in (outcome.net, outcome.gross, outcome.fees))
            shown = "none" if isinstance(moments, str) else f"{moments.sharpe:.3f}"
            values = (_text(trial.parameters[name]) for name in names)
            counts = (f"{outcome.fills:,}", f"{outcome.denied:,}", f"{outcome.drawdown:,.2f}", shown)
            rows.append([str(trial.number), *values, *money, *counts])
        return rows

    def __str__(self) -> str:
        lines = _aligned(self.table())
        if len(self.ranked) > _SHOWN:
            lines.append(f"… and {len(self.ranked) - _SHOWN:,} more")
        lines += [f"trial {trial.number} {_parameters(trial)} failed: {trial.failure}" for trial in self.failed]
        return "\n".join([*lines, *statistics_lines(self.statistics), f"time  {self.elapsed_s:.3f} s, {self.resumed} resumed"])

    __repr__ = __str__


@dataclasses.dataclass(frozen=True, eq=False)
class Fold:
    """One split: the sweep on its first part, and the best of it on the part after (None when the first part had no best). Times are UTC
    nanoseconds; `end_ns` is the last tick's."""

    train: SweepResult
    test: Trial | None
    train_start_ns: int
    test_start_ns: int
    end_ns: int


@dataclasses.dataclass(frozen=True, eq=False)
class WalkForwardResult:
    """Splits of a walk forward, in order of time."""

    strategy: str
    folds: list[Fold]
    source: str
    assumptions: tuple[str, ...]
    resumed: int
    elapsed_s: float

    @cached_property
    def statistics(self) -> dict[str, Any]:
        """Out of sample: net profit of all tests, and Sharpe ratio and probabilistic Sharpe ratio of their session returns one after the
        other. `trials` counts every run on a train part. What is not defined is None; `reasons` say why."""
        tests = [fold.test for fold in self.folds]
        nets = [test.outcome.net for test in tests if test is not None and test.outcome is not None]
        returns: list[float] = []
        reason: str | None = None
        for test in tests:
            part = "no trial has the objective" if test is None else _returns_of(test)
            if isinstance(part, str):
                reason = reason or part
            else:
                returns += part
        moments = return_moments(returns) if reason is None else reason
        figures = {name: Figure(None, moments if isinstance(moments, str) else None) for name in ("sharpe", "probabilistic_sharpe")}
        if not isinstance(moments, str):
            figures = {"sharpe": Figure(moments.sharpe), "probabilistic_sharpe": probabilistic_sharpe(moments)}
        return {
            "trials": sum(len(fold.train.trials) for fold in self.folds),
            "failed": sum(len(fold.train.failed) for fold in self.folds) + sum(t is not None and t.failure is not None for t in tests),
            "sessions": len(returns),
            "net": sum(nets, Decimal(0)) if len(nets) == len(tests) else None,
            **{name: figure.value for name, figure in figures.items()},
            "reasons": {name: figure.reason for name, figure in figures.items() if figure.reason is not None},
        }

    @property
    def summary(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "strategy": self.strategy,
            "source": self.source,
            "resumed": self.resumed,
            "elapsed_s": round(self.elapsed_s, 6),
            "statistics": self.statistics,
            "folds": [
                {
                    "train_start_ns": fold.train_start_ns,
                    "test_start_ns": fold.test_start_ns,
                    "end_ns": fold.end_ns,
                    "train": fold.train.summary,
                    "test": None if fold.test is None else msgspec.to_builtins(fold.test),
                }
                for fold in self.folds
            ],
            "assumptions": [*self.assumptions, _NOTE, "Each stretch begins with the starting cash, and without features from before it."],
        }

    def table(self) -> list[list[str]]:
        """A row for each split, train beside test, as texts under a head."""
        rows = [["split", "train from", "test from", "test to", "chosen", "train net", "test net", "trials", "train deflated sharpe"]]
        for number, fold in enumerate(self.folds, 1):
            best, test = fold.train.best, fold.test
            outcome = test.outcome if test is not None else None
            deflated = fold.train.statistics["deflated_sharpe"]
            rows.append(
                [
                    str(number),
                    *(_moment(at) for at in (fold.train_start_ns, fold.test_start_ns, fold.end_ns)),
                    "none" if best is None else _parameters(best),
                    "none" if best is None or best.outcome is None else f"{best.outcome.net:,.2f}",
                    "none" if outcome is None else f"{outcome.net:,.2f}",
                    f"{len(fold.train.trials):,}",
                    "none" if deflated is None else f"{deflated:.3f}",
                ]
            )
        return rows

    def __str__(self) -> str:
        lines = _aligned(self.table())
        for number, fold in enumerate(self.folds, 1):
            reason = fold.train.statistics["reasons"].get("deflated_sharpe")
            if reason is not None:
                lines.append(f"split {number}: no deflated Sharpe ratio: {reason}")
            lines += [f"split {number}, trial {t.number} {_parameters(t)} failed: {t.failure}" for t in fold.train.failed]
            if fold.test is not None and fold.test.failure is not None:
                lines.append(f"split {number}, test {_parameters(fold.test)} failed: {fold.test.failure}")
        return "\n".join([*lines, "out of sample:", *statistics_lines(self.statistics)])

    __repr__ = __str__


def statistics_lines(statistics: dict[str, Any]) -> list[str]:
    """Statistics as aligned lines, each undefined one with its reason."""
    rows = []
    for name, value in statistics.items():
        if name == "reasons":
            continue
        reason = statistics["reasons"].get(name)
        shown = f"none: {reason}" if reason is not None else "none" if value is None else _text(value)
        rows.append([name.replace("_", " "), shown])
    return _aligned(rows, right=False)


def _parameters(trial: Trial) -> str:
    return " ".join(f"{name}={_text(value)}" for name, value in trial.parameters.items())


def _moment(ns: int) -> str:
    return f"{datetime.datetime.fromtimestamp(ns // 10**9, datetime.UTC):%Y-%m-%d %H:%M:%S}"


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _aligned(rows: Sequence[Sequence[str]], *, right: bool = True) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(c.rjust(w) if right else c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
