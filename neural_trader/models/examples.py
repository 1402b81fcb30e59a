"""Examples out of a source: rows of features with what came after, ready to be learned from or to be judged by.

Rows lack what the source does not carry: a feature that is missing in more than one row of a hundred is left out when features are chosen,
and rows that lack one that stayed are dropped, as the kernel does not step a model with them. A sequence ends where the kernel would reset
the model: where a session or a gap of the source begins, and after 60 s without a row.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models import dataset
from neural_trader.models.file import Clock, ModelFile, Target
from neural_trader.models.fitting import GAP_NS
from neural_trader.models.labels import UP, Labels, label_names, mid_move, move_in_time, next_move, triple_barrier
from neural_trader.models.splits import Split, split
from neural_trader.sources import Source

__all__ = ["LABELS", "Examples", "Inputs", "Question", "examples", "examples_of", "inputs_of", "rows_between", "unseen_rows"]

LABELS: Final = ("mid_move", "next_move", "time", "triple_barrier")
LabelKind = Literal["mid_move", "next_move", "time", "triple_barrier"]
_MISSING_MAX: Final = 0.01  # of the rows, of a feature that is chosen
_UNITS_NS: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """What to predict: the kind of label; its horizon in events, or in ns for "time", and unused for "next_move"; moves within
    `dead_band_ticks` are flat ("mid_move", "time"); `barrier_ticks` is the distance of the barriers ("triple_barrier")."""

    kind: LabelKind = "mid_move"
    horizon: int = 50
    dead_band_ticks: float = 0.5
    barrier_ticks: float = 2.0

    @classmethod
    def parse(cls, kind: str, horizon: str, **others: float) -> Question:
        """With a horizon as text: "50" events, or "500ms", "5s" for "time". InvalidArgument where the unit does not fit."""
        found = re.fullmatch(r"([0-9]{1,15})(ns|us|ms|s|m)?", horizon)
        if kind not in LABELS:
            raise InvalidArgument(f"label is {kind!r}; choose {', '.join(LABELS)}")
        if found is None or (found[2] is not None) != (kind == "time") or int(found[1]) == 0:
            wanted = "a time such as 500ms or 5s" if kind == "time" else "a whole number of events, such as 50"
            raise InvalidArgument(f"horizon is {horizon!r}; label {kind} needs {wanted}")
        chosen: Any = kind
        return cls(kind=chosen, horizon=int(found[1]) * _UNITS_NS[found[2] or "ns"], **others)

    @classmethod
    def of(cls, target: Target) -> Question:
        """What a model file predicts."""
        kind: Any = "time" if target.kind == "return" else target.kind
        band = {"barrier_ticks" if kind == "triple_barrier" else "dead_band_ticks": target.dead_band_ticks}
        return cls(kind=kind, horizon=target.horizon, **band)

    def target(self) -> Target:
        """As a model file says it; the barrier of "triple_barrier" is its dead band, within which nothing was touched."""
        kind: Any = "return" if self.kind == "time" else self.kind
        band = {"next_move": 0.0, "triple_barrier": self.barrier_ticks}.get(self.kind, self.dead_band_ticks)
        horizon = 1 if self.kind == "next_move" else self.horizon
        return Target(kind=kind, horizon=horizon, unit="ns" if self.kind == "time" else "ticks", dead_band_ticks=band)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes."""
        return label_names(2 if self.kind == "next_move" else 3)

    def answers(self, mids: NDArray[np.float64], times_ns: NDArray[np.int64]) -> Labels:
        """The labels of each event."""
        if self.kind == "next_move":
            return next_move(mids, times_ns)
        if self.kind == "time":
            return move_in_time(mids, times_ns, horizon_ns=self.horizon, dead_band_ticks=self.dead_band_ticks)
        if self.kind == "triple_barrier":
            return triple_barrier(mids, times_ns, barrier_ticks=self.barrier_ticks, horizon=self.horizon)
        return mid_move(mids, times_ns, horizon=self.horizon, dead_band_ticks=self.dead_band_ticks)


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """n rows of one instrument in order of time, to predict from.

    - names: of the features; table: float32, shape (n, features), finite
    - starts: int64, rows at which sequences begin
    - rows: the source's rows, of which `kept` (int64, shape (n,)) are these; dropped: how many are not
    - left_out: features that the source does not carry
    """

    names: tuple[str, ...]
    table: NDArray[np.float32]
    starts: NDArray[np.int64]
    rows: dataset.Dataset
    kept: NDArray[np.int64]
    left_out: tuple[str, ...]

    @property
    def dropped(self) -> int:
        """Rows of the source that lack a feature."""
        return len(self.rows) - len(self.kept)

    @property
    def ts_event(self) -> NDArray[np.int64]:
        """Times of the rows in ns."""
        return self.rows.ts_event[self.kept]


@dataclasses.dataclass(frozen=True, eq=False)
class Examples(Inputs):
    """Rows with a mid, and what came after them: shape (n,).

    - question, labels: what was asked and what came, with moves and times; classes: int64, -1 for none
    """

    question: Question
    labels: Labels
    classes: NDArray[np.int64]

    @property
    def data_sha256(self) -> str:
        """Hash of all that the rows hold and of the question."""
        return hashlib.sha256(f"{self.rows.sha256} {self.question} {self.names}".encode()).hexdigest()

    def block_rows(self, rows: NDArray[np.int64]) -> int:
        """Length of a bootstrap block for these rows: of the longest label among them, 20 at least, a tenth of the rows at most."""
        ends = np.searchsorted(self.ts_event, self.labels.end_ns[rows], side="right")
        return int(min(max(int((ends - rows).max()), 20), max(len(rows) // 10, 1)))

    def split(self, fractions: Sequence[float]) -> Split:
        """Parts by time."""
        return split(self.labels, fractions=fractions)


def examples(
    source: Source,
    question: Question,
    *,
    clock: Clock,
    symbol: str | None = None,
    names: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Examples:
    """The examples of one instrument of an open source.

    `names` are the features wanted, by default all that the source carries. NoData where no row has all of them; the other errors are those
    of `dataset.read` and `labels`.
    """
    rows = dataset.read(source, symbol=symbol, clock=clock.on, every=clock.every, progress=progress)
    priced = np.isfinite(rows.event_mid)
    found = _inputs(source, rows, names, priced[rows.event])
    event = np.cumsum(priced)[rows.event] - 1
    answers = question.answers(rows.event_mid[priced], rows.event_ts[priced]).at(event[found.kept])
    classes = answers.labels.astype(np.int64)
    if question.kind == "next_move":
        classes[classes == UP] = 1
    parts = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return Examples(**parts, question=question, labels=answers, classes=classes)


def _inputs(source: Source, rows: dataset.Dataset, names: Sequence[str] | None, usable: NDArray[np.bool_] | None) -> Inputs:
    """The rows that have all of the features, out of the usable ones."""
    known = np.isfinite(rows.features)
    chosen = (
        list(names)
        if names is not None
        else [n for n, share in zip(rows.names, known.mean(axis=0), strict=True) if share >= 1 - _MISSING_MAX]
    )
    unknown = [name for name in chosen if name not in rows.names]
    if unknown:
        raise InvalidArgument(f"there is no feature {unknown[0]!r}; there are {', '.join(rows.names)}")
    columns = [rows.names.index(name) for name in chosen]
    with np.errstate(over="ignore"):
        table = rows.features[:, columns].astype(np.float32)
    whole = np.isfinite(table).all(axis=1)
    kept = np.flatnonzero(whole if usable is None else whole & usable)
    if not chosen or not len(kept):
        lacking = [name for name, column in zip(chosen, columns, strict=True) if not known[:, column].any()]
        why = f"it does not carry {', '.join(lacking)}" if lacking else "no row has all features" + ("" if usable is None else " and a mid")
        raise NoData(f"{source.name} has no row for this model: {why}; take another source, or a longer one")
    times, resets = rows.ts_event[kept], rows.resets[kept]
    breaks = (resets[1:] != resets[:-1]) | (np.diff(times) > GAP_NS)  # as the kernel resets a model's state
    return Inputs(
        names=tuple(chosen),
        table=np.ascontiguousarray(table[kept]),
        starts=np.concatenate(([0], np.flatnonzero(breaks) + 1)).astype(np.int64),
        rows=rows,
        kept=kept,
        left_out=tuple(name for name in rows.names if name not in chosen),
    )


def examples_of(
    file: ModelFile, source: Source, *, symbol: str | None = None, progress: Callable[[int, int], None] | None = None
) -> Examples:
    """The examples that a model file asks for: its features, clock and question. InvalidArgument for a model without classes of moves, and
    for an instrument that it is not for."""
    question = Question.of(file.output.target)
    if file.output.labels != question.labels:
        raise InvalidArgument(
            f"model {file.name} predicts {', '.join(file.output.labels) or file.output.kind}; "
            f"only {', '.join(question.labels)} can be judged"
        )
    found = examples(source, question, clock=file.clock, symbol=symbol, names=file.features.names, progress=progress)
    _check_instrument(file, found)
    return found


def inputs_of(file: ModelFile, source: Source, *, symbol: str | None = None, progress: Callable[[int, int], None] | None = None) -> Inputs:
    """The rows that a model file predicts from: its features on its clock. InvalidArgument for an instrument that it is not for."""
    rows = dataset.read(source, symbol=symbol, clock=file.clock.on, every=file.clock.every, progress=progress)
    found = _inputs(source, rows, file.features.names, None)
    _check_instrument(file, found)
    return found


def _check_instrument(file: ModelFile, found: Inputs) -> None:
    if file.instruments.scope == "listed" and found.rows.symbol not in file.instruments.symbols:
        raise InvalidArgument(f"model {file.name} is for {', '.join(file.instruments.symbols)}, not for {found.rows.symbol}")


def rows_between(found: Examples, begin_ns: int, end_ns: int) -> NDArray[np.int64]:
    """Rows with a label that begin at or after one time and whose label ends before the other."""
    labels = found.labels
    return np.flatnonzero(labels.complete & (labels.begin_ns >= begin_ns) & (labels.end_ns < end_ns))


def unseen_rows(found: Examples, file: ModelFile) -> NDArray[np.int64]:
    """Rows with a label, but for those of the time in which the model was trained and calibrated. NoData where none is left."""
    labels = found.labels
    unseen = labels.complete.copy()
    parts = parts_ns(file)
    if parts is not None:
        unseen &= (labels.end_ns < parts[0][0]) | (labels.begin_ns >= parts[2][0])
    rows = np.flatnonzero(unseen)
    if not len(rows):
        raise NoData("every row is of the time that the model was trained in; take a source that goes on after it")
    return rows


def parts_ns(file: ModelFile) -> list[list[int]] | None:
    """Begin and end in ns of the three parts that a model was trained, calibrated and tested on; None where the file does not say."""
    parts = file.trained.get("parts_ns")
    if parts is None:
        return None
    if (
        not isinstance(parts, list)
        or len(parts) != 3
        or not all(isinstance(part, list) and len(part) == 2 and all(isinstance(at, int) for at in part) for part in parts)
    ):
        raise InvalidArgument(f"the parts_ns of model {file.name} are {parts!r}; they have to be three pairs of times in ns")
    return parts
