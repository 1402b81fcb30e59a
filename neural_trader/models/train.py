"""Training: cross-entropy by Adam in minibatches, with early stopping, from a seed, and resumable.

Rows are in the order of time. A model without state learns from single rows. A model with state (lstm, gru, causal_conv) learns from
windows of `steps` consecutive rows that begin with a state of zeros, so history is cut off there; the first `warm_up` rows of a window
only build up state, and the loss is taken over the others. Windows overlap by `warm_up` rows, never cross the start of a sequence (a
session, an instrument, a gap), and count each row once. Rows without a label (-1) are history to others and no target.

Features are normalised by the mean and standard deviation of the training part alone, before the first batch; a column without
variation there gets the scale 0 and has no effect. What is returned are the tensors of the epoch with the lowest validation loss.

The same arguments give the same bytes with one numpy on processors of one kind, whatever the number of cores: linear algebra runs in one
thread meanwhile, which these small matrices are faster in as well. A run that was stopped and resumed from its checkpoint gives the
same bytes as one that was not. The checkpoint is written whole or not at all before the first epoch and after each one, so Ctrl-C
costs at most the epoch it falls into and leaves nothing else behind.

Adam: Kingma and Ba 2015, with beta 0.9 and 0.999 and epsilon 1e-8; gradients are scaled down to `clip_norm` (Pascanu et al. 2013).
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models._bounds import STEPS_MAX
from neural_trader.models._checkpoint import State, fingerprint, host, read_checkpoint, write_checkpoint
from neural_trader.models._scores import log_softmax
from neural_trader.models._threads import one_thread
from neural_trader.models._values import whole_number
from neural_trader.models.labels import label_names
from neural_trader.models.ops import KINDS, Array, Op, Pass, backward, forward, is_stateful, require_normalise_first, tensor_names, widths

__all__ = ["Options", "Part", "Training", "check_starts", "cross_entropy", "fit_normalisation", "logits", "train"]

_BETA_1: Final = 0.9
_BETA_2: Final = 0.999
_EPSILON: Final = 1e-8
_CONSTANT: Final = 1e-6  # a deviation of less than this share of the largest value is float32 rounding
_LOGITS_ROWS: Final = 4096
_log = logging.getLogger(__name__)

Tensors = dict[str, NDArray[np.float32]]
Progress = Callable[[int, int, float], object]


@dataclasses.dataclass(frozen=True)
class Part:
    """Rows of a part of the data, in the order of time.

    `features` is (rows, features), finite; `labels` (rows,) integers: the class from 0, or -1 for none; `starts` are the rows at which
    a new sequence begins, ascending (row 0 always does).
    """

    features: Any
    labels: Any
    starts: Sequence[int] | NDArray[np.int64] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """How to train.

    `epochs` at most; `patience` epochs without a lower validation loss end it before; `batch` rows (windows for a model with state) a
    step; `steps` rows a window and `warm_up` of them without loss, both 0 for a model without state.
    """

    epochs: int = 50
    patience: int = 5
    batch: int = 256
    learning_rate: float = 1e-3
    clip_norm: float = 1.0
    seed: int = 0
    steps: int = 0
    warm_up: int = 0

    def check(self, stateful: bool) -> None:
        """InvalidArgument where an option is out of its range or does not fit the kind of model."""
        for name, least, most in (("epochs", 1, 10**6), ("patience", 1, 10**6), ("batch", 1, 10**6), ("seed", 0, 2**63 - 1)):
            whole_number(getattr(self, name), name, least, most)
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < math.inf:
                raise InvalidArgument(f"{name} is {value!r}; give a finite number above zero")
        if not stateful:
            if self.steps != 0 or self.warm_up != 0:
                raise InvalidArgument("steps and warm_up are for models with state; leave both 0 for this one")
        else:
            whole_number(self.steps, "steps", 1, STEPS_MAX)
            whole_number(self.warm_up, "warm_up", 0, self.steps - 1)


@dataclasses.dataclass(frozen=True)
class Training:
    """What training gave: float32 tensors by name, of `best_epoch` (from 1), and the mean losses in nats a row, one an epoch.

    `rows` and `validation_rows` are those with a label that were learned from and judged by.
    """

    tensors: Tensors
    best_epoch: int
    losses: list[float]
    validation_losses: list[float]
    stopped_early: bool
    rows: int
    validation_rows: int


def _widths(ops: Sequence[Op], tensors: Mapping[str, Any]) -> dict[int, int]:
    """The width of every register of a checked model; register 0 is as wide as the normalisation."""
    require_normalise_first(ops)
    mean = tensors.get(ops[0].get("tensors", {}).get("mean"), ())
    return widths(ops, tensors, int(np.size(mean)))


# ---- data ----------------------------------------------------------------------------------------------------------------------


def _check_features(features: Any, width: int, what: str) -> NDArray[np.float32]:
    given = np.asarray(features)
    if given.ndim != 2 or given.shape[1] != width or not np.issubdtype(given.dtype, np.floating):
        raise InvalidArgument(f"the {what} features are {given.dtype} of shape {given.shape}; give floats of shape (rows, {width})")
    with np.errstate(over="ignore"):
        table = np.ascontiguousarray(given, np.float32)
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        row, column = bad[0]
        raise InvalidArgument(
            f"the {what} features have {len(bad)} values that are not finite in float32, the first in row {row}, column {column} "
            f"({given[row, column]}); leave out rows before the features are ready"
        )
    return table


def check_starts(starts: Any, rows: int, what: str) -> NDArray[np.int64]:
    """The rows at which sequences begin, row 0 among them. InvalidArgument where they are not ascending rows of the table."""
    given = np.asarray(starts)
    if given.size == 0:
        return np.zeros(1, np.int64)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer) or (np.diff(given) <= 0).any() or given[0] < 0 or given[-1] >= rows:
        raise InvalidArgument(f"the {what} starts are not ascending row numbers from 0 to {rows - 1}")
    return np.unique(np.concatenate([np.zeros(1, np.int64), given.astype(np.int64)]))


@dataclasses.dataclass(frozen=True)
class _Windows:
    """A part cut into windows: their first rows, the rows and labels behind them, and from which offset each counts."""

    features: Array
    labels: NDArray[np.int64]
    begins: NDArray[np.int64]
    counted: NDArray[np.int64]
    steps: int
    rows: int

    def batch(self, xp: ModuleType, chosen: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        """(windows, steps, features) and the labels (windows, steps), -1 where a row does not count."""
        offsets = np.arange(self.steps)
        rows = self.begins[chosen][:, None] + offsets
        labels = np.where(offsets >= self.counted[chosen][:, None], self.labels[rows], -1)
        return self.features[xp.asarray(rows)], labels


def _cut(table: NDArray[np.float32], part: Part, classes: int, steps: int, warm_up: int, what: str, xp: ModuleType) -> _Windows:
    labels = np.asarray(part.labels)
    if labels.shape != (len(table),) or not np.issubdtype(labels.dtype, np.integer):
        raise InvalidArgument(f"the {what} labels are {labels.dtype} of shape {labels.shape}; give {len(table)} integers, one a row")
    labels = labels.astype(np.int64)
    wrong = np.flatnonzero((labels < -1) | (labels >= classes))
    if len(wrong):
        raise InvalidArgument(f"the {what} label of row {wrong[0]} is {labels[wrong[0]]}; give 0 to {classes - 1}, or -1 for none")
    starts = check_starts(part.starts, len(table), what)
    begins, counted = [], []
    ends = np.append(starts[1:], len(table))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start < steps:
            continue
        begin = np.arange(start, end - steps + 1, steps - warm_up)
        count = np.full(len(begin), warm_up)
        if begin[-1] + steps < end:  # the rest: a window that ends with the sequence and counts only what no other did
            count = np.append(count, begin[-1] + steps - (end - steps))
            begin = np.append(begin, end - steps)
        begins.append(begin)
        counted.append(count)
    if not begins:
        longest = int((ends - starts).max())
        raise InvalidArgument(f"the longest sequence of the {what} part has {longest} rows, and a window {steps}; give more rows")
    begin, count = np.concatenate(begins), np.concatenate(counted)
    labelled = np.concatenate([[0], np.cumsum(labels >= 0)])
    useful = labelled[begin + steps] > labelled[begin + count]
    cut = _Windows(
        xp.asarray(table), labels, begin[useful], count[useful], steps, int((labelled[begin + steps] - labelled[begin + count]).sum())
    )
    counts = np.zeros(classes, np.int64)
    for first in range(0, len(cut.begins), _LOGITS_ROWS):
        some = slice(first, first + _LOGITS_ROWS)
        offsets = np.arange(steps)
        seen = labels[cut.begins[some][:, None] + offsets][offsets >= cut.counted[some][:, None]]
        counts += np.bincount(seen[seen >= 0], minlength=classes)
    if np.count_nonzero(counts) < 2:
        only = f"only label {label_names(classes)[int(np.argmax(counts))]}" if counts.any() else "no label"
        raise InvalidArgument(f"the {what} part has {only} ({cut.rows} rows that count); give rows of two labels or more")
    return cut


def fit_normalisation(features: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and inverse scale (one over the standard deviation; 0 for a column without variation) of features (rows, features).

    InvalidArgument where a value is not finite in float32, NoData where there is no row.
    """
    width = np.shape(features)[1] if np.ndim(features) == 2 else 0
    table = _check_features(features, width, "training")
    if not len(table):
        raise NoData("there are no training rows to fit the normalisation to")
    wide = table.astype(np.float64)
    mean = wide.mean(axis=0)
    deviation = wide.std(axis=0)
    varies = deviation > _CONSTANT * np.abs(wide).max(axis=0)
    with np.errstate(over="ignore"):
        inverse = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies).astype(np.float32)
    tiny = np.flatnonzero(~np.isfinite(inverse))
    if len(tiny):
        raise InvalidArgument(f"column {tiny[0]} varies by only {deviation[tiny[0]]:g}, too little for float32; give it another unit")
    return mean.astype(np.float32), inverse


# ---- loss and step -------------------------------------------------------------------------------------------------------------


def cross_entropy(xp: ModuleType, values: Array, labels: NDArray[np.int64]) -> tuple[float, Array]:
    """Mean cross-entropy (nats) of logits (batch, steps, classes) against labels (batch, steps), and its gradient.

    Rows labelled -1 do not count; one row at least has a label.
    """
    rows = xp.asarray(np.flatnonzero(labels.ravel() >= 0))
    truth = xp.asarray(labels.ravel()[labels.ravel() >= 0])
    chosen = values.reshape(-1, values.shape[-1])[rows]
    logarithms = log_softmax(xp, chosen)
    each = xp.arange(len(truth))
    loss = -float(logarithms[each, truth].astype(np.float64).sum()) / len(truth)
    inner = xp.exp(logarithms)
    inner[each, truth] -= 1.0
    inner *= 1.0 / len(truth)
    gradient = xp.zeros((values.shape[0] * values.shape[1], values.shape[2]), values.dtype)
    gradient[rows] = inner
    return loss, gradient.reshape(values.shape)


def logits(ops: Sequence[Op], tensors: Mapping[str, Any], features: Any, starts: Any = (), xp: ModuleType = np) -> NDArray[Any]:
    """Logits (rows, classes) of features (rows, features) in the order of time, float32 as the tensors are.

    A model with state runs over each sequence (see `Part.starts`) from its first row, as it does live: nothing is cut off, and memory
    grows with the longest sequence. InvalidArgument as for `train`, NoData without rows.
    """
    table = _check_features(features, _widths(ops, tensors)[0], "given")
    if not len(table):
        raise NoData("there are no rows to compute logits of")
    begins = check_starts(starts, len(table), "given") if is_stateful(ops) else np.arange(0, len(table), _LOGITS_ROWS)
    placed = {name: xp.asarray(tensor) for name, tensor in tensors.items()}
    made = []
    with one_thread(), np.errstate(all="ignore"):
        for begin, end in itertools.pairwise([*begins.tolist(), len(table)]):
            rows = xp.asarray(table[begin:end])
            done = forward(ops, placed, rows[None] if is_stateful(ops) else rows[:, None], xp)
            values = done.registers[ops[-1]["out"]]
            made.append(host(values.reshape(-1, values.shape[-1])))
            if not np.isfinite(made[-1]).all():
                raise InvalidArgument("the logits are not finite: the tensors are, or become, too large for float32")
    return np.concatenate(made)


# ---- the run -------------------------------------------------------------------------------------------------------------------


class _Run:
    """One training: the model, its state and the step."""

    def __init__(self, ops: Sequence[Op], state: State, options: Options, xp: ModuleType) -> None:
        self.ops = ops
        self.state = state
        self.options = options
        self.xp = xp
        self.out = ops[-1]["out"]
        self.trained = sorted(state.first)
        self.values, self.first, self.second = (self.joined(group) for group in (state.tensors, state.first, state.second))

    def joined(self, group: dict[str, Array]) -> Array:
        """The trained tensors of a group as one vector, of which the group has views from now on."""
        vector = self.xp.concatenate([group[name].ravel() for name in self.trained])
        begin = 0
        for name in self.trained:
            end = begin + int(group[name].size)
            group[name] = vector[begin:end].reshape(group[name].shape)
            begin = end
        return vector

    def update(self, features: Array, labels: NDArray[np.int64]) -> float:
        """One step of Adam; the batch's mean loss before it."""
        xp, state = self.xp, self.state
        done = forward(self.ops, state.tensors, features, xp)
        loss, gradient = cross_entropy(xp, done.registers[self.out], labels)
        behind = Pass(done.registers, done.saved[1:])  # the normalisation is not trained
        found, _ = backward(self.ops[1:], state.tensors, behind, {self.out: gradient}, xp)
        slope = xp.concatenate([found[name].ravel() for name in self.trained])
        norm = math.sqrt(float((slope.astype(np.float64) ** 2).sum()))
        if not (math.isfinite(loss) and math.isfinite(norm)):
            rate = f"{self.options.learning_rate:g}"
            raise InvalidArgument(f"the loss is no longer finite after {state.updates} steps; lower learning_rate ({rate})")
        slope *= min(1.0, self.options.clip_norm / norm) if norm > 0.0 else 1.0
        state.updates += 1
        correction = math.sqrt(1.0 - _BETA_2**state.updates)
        self.first *= _BETA_1
        self.first += (1.0 - _BETA_1) * slope
        slope *= slope
        self.second *= _BETA_2
        self.second += (1.0 - _BETA_2) * slope
        step = xp.sqrt(self.second)
        step += _EPSILON * correction
        xp.divide(self.first, step, out=step)
        step *= self.options.learning_rate * correction / (1.0 - _BETA_1**state.updates)
        self.values -= step
        return loss

    def mean_loss(self, windows: _Windows) -> float:
        """Over a whole part, without a step."""
        total = 0.0
        for begin in range(0, len(windows.begins), self.options.batch):
            features, labels = windows.batch(self.xp, np.arange(begin, min(begin + self.options.batch, len(windows.begins))))
            done = forward(self.ops, self.state.tensors, features, self.xp)
            loss, _ = cross_entropy(self.xp, done.registers[self.out], labels)
            total += loss * int((labels >= 0).sum())
        return total / windows.rows

    def epoch(self, windows: _Windows, progress: Progress | None) -> float:
        """Every window once, in an order drawn anew; the mean of the losses met on the way."""
        number = len(self.state.losses) + 1
        random = np.random.Generator(np.random.PCG64())
        random.bit_generator.state = self.state.random
        order = random.permutation(len(windows.begins))
        total = 0.0
        for batch, begin in enumerate(range(0, len(order), self.options.batch), 1):
            features, labels = windows.batch(self.xp, order[begin : begin + self.options.batch])
            loss = self.update(features, labels)
            total += loss * int((labels >= 0).sum())
            if progress is not None:
                progress(number, batch, loss)
        self.state.random = dict(random.bit_generator.state)
        return total / windows.rows


def train(
    ops: Sequence[Op],
    tensors: Mapping[str, Any],
    training: Part,
    validation: Part,
    options: Options | None = None,
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    xp: ModuleType = np,
) -> Training:
    """Train the model (its op list, and first tensors as an architecture gives them) on one part and stop by another, later one.

    The last op's register is the logits. The first op is the normalisation, which is fitted here; `tensors` are not changed.
    `checkpoint` names the file to resume from, where it exists, and to write; a finished run returns its result again, or goes on if
    `epochs` was raised. `progress(epoch, batch, loss)` is called after each batch; what it raises ends the run as Ctrl-C does.

    InvalidArgument where an option is out of range, the op list or a shape is wrong, a feature is not finite, a part has labels of
    fewer than two classes or no sequence as long as a window, the loss stops being finite, or the checkpoint is another run's;
    SystemFailure (NoSpace when the disk is full) where the checkpoint cannot be read or written.
    """
    options = Options() if options is None else options
    known = _widths(ops, tensors)
    width = known[0]
    classes = known[ops[-1]["out"]]
    stateful = is_stateful(ops)
    options.check(stateful)
    steps, warm_up = (options.steps, options.warm_up) if stateful else (1, 0)
    tables = [_check_features(part.features, width, what) for part, what in ((training, "training"), (validation, "validation"))]
    learned = _cut(tables[0], training, classes, steps, warm_up, "training", xp)
    judged = _cut(tables[1], validation, classes, steps, warm_up, "validation", xp)

    placed = {name: np.array(tensor, np.float32) for name, tensor in tensors.items()}
    mean, inverse_scale = tensor_names(ops[0])
    placed[mean], placed[inverse_scale] = fit_normalisation(tables[0])
    trained = sorted(name for op in ops if KINDS[op["op"]].trained for name in tensor_names(op))
    state = State(
        tensors={name: xp.asarray(tensor) for name, tensor in placed.items()},
        first={name: xp.zeros(placed[name].shape, np.float32) for name in trained},
        second={name: xp.zeros(placed[name].shape, np.float32) for name in trained},
        best={name: xp.asarray(tensor) for name, tensor in placed.items()},
        updates=0,
        best_epoch=0,
        losses=[],
        validation_losses=[],
        random=dict(np.random.PCG64(options.seed).state),
    )
    path = None if checkpoint is None else Path(checkpoint)
    if path is not None:
        chosen = dataclasses.asdict(options)
        del chosen["epochs"]  # a finished run may go on
        arrays = [tensors[name] for name in sorted(tensors)]
        for table, part in zip(tables, (training, validation), strict=True):
            arrays += [table, np.asarray(part.labels).astype(np.int64), np.asarray(part.starts, np.int64)]
        of = fingerprint(ops, chosen, arrays)
        if not read_checkpoint(path, state, of, xp):
            write_checkpoint(path, state, of)
        if len(state.losses) > options.epochs:
            raise InvalidArgument(f"{path} is past epoch {options.epochs}, at {len(state.losses)}; give more epochs, or remove it")

    run = _Run(ops, state, options, xp)

    def ended() -> bool:
        return len(state.losses) - state.best_epoch >= options.patience

    while len(state.losses) < options.epochs and not ended():
        with one_thread(), np.errstate(all="ignore"):  # what overflows makes the loss infinite or NaN, and that is looked at
            state.losses.append(run.epoch(learned, progress))
            state.validation_losses.append(run.mean_loss(judged))
        number = len(state.losses)
        if not math.isfinite(state.validation_losses[-1]):
            raise InvalidArgument(
                f"the validation loss is not finite after epoch {number}; lower learning_rate ({options.learning_rate:g})"
            )
        if state.best_epoch == 0 or state.validation_losses[-1] < state.validation_losses[state.best_epoch - 1]:
            state.best_epoch = number
            state.best = {name: tensor.copy() for name, tensor in state.tensors.items()}
        if path is not None:
            write_checkpoint(path, state, of)
        _log.info(
            "epoch %d: loss %.6f, validation %.6f, best epoch %d", number, state.losses[-1], state.validation_losses[-1], state.best_epoch
        )
    return Training(
        tensors={name: host(tensor) for name, tensor in state.best.items()},
        best_epoch=state.best_epoch,
        losses=list(state.losses),
        validation_losses=list(state.validation_losses),
        stopped_early=ended(),
        rows=learned.rows,
        validation_rows=judged.rows,
    )
