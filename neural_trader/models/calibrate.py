"""Vector calibration: one inverse temperature and a bias a class, so that stated probabilities are the frequencies that follow.

The calibrated probabilities of logits l are softmax(inverse_temperature * l + bias). Both are fitted to the part of the data that
training has not seen, by the least log loss, which is convex in them: Newton's method with halved steps, in float64. The bias is
centred (its sum is zero), since a constant added to all classes changes nothing.

The inverse temperature is above zero. Where logits are of no use on this part, or point the wrong way, it is the least one allowed (a
millionth over the size of the logits), and every prediction is the frequency of its class: an honest answer.

The calibration error (ECE) is that of `evaluate`: the rows in 15 bins of about equal count by confidence, the largest probability.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models import description
from neural_trader.models._scores import ECE_BINS, Floats, calibration_gaps, log_softmax, softmax
from neural_trader.models._threads import one_thread
from neural_trader.models.labels import label_names

__all__ = ["ECE_BINS", "Calibration", "calibrate", "expected_calibration_error", "softmax"]

_STEPS_MAX: Final = 200
_DECREMENT: Final = 1e-13  # of log loss, that one more step could gain
_CURVATURE: Final = 1e-9  # of the loss, for logits of size one; below it a direction is taken to have no minimum
_HALVINGS: Final = 60
_SPREAD_MIN: Final = 1e-30  # of logits: beyond it and its inverse the numbers would leave float32
_SCALE_MIN: Final = 1e-6  # for logits of size one


def _log_loss(values: Floats, labels: NDArray[np.int64]) -> float:
    return float(-np.mean(log_softmax(np, values)[np.arange(len(labels)), labels]))


def _check(values: Any, labels: Any, what: str) -> tuple[Floats, NDArray[np.int64]]:
    table = np.asarray(values)
    if table.ndim != 2 or table.shape[1] < 2 or not np.issubdtype(table.dtype, np.floating):
        raise InvalidArgument(f"{what} are {table.dtype} of shape {table.shape}; give floats (rows, classes) with two classes or more")
    truth = np.asarray(labels)
    if truth.shape != table.shape[:1] or not np.issubdtype(truth.dtype, np.integer):
        raise InvalidArgument(f"labels are {truth.dtype} of shape {truth.shape}; give one integer for each of the {len(table)} rows")
    if not len(table):
        raise NoData(f"there are no {what}; give at least one row of each class")
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise InvalidArgument(f"{what} of row {bad[0]} are not finite ({len(bad)} rows); leave out what the model could not predict")
    wrong = np.flatnonzero((truth < 0) | (truth >= table.shape[1]))
    if len(wrong):
        raise InvalidArgument(
            f"the label of row {wrong[0]} is {truth[wrong[0]]}; give 0 to {table.shape[1] - 1}, and leave out rows without a label"
        )
    return table.astype(np.float64), truth.astype(np.int64)


def expected_calibration_error(probabilities: Any, labels: Any) -> float:
    """ECE of probabilities (rows, classes) against integer labels (rows,), from 0 to 1, as the module says.

    InvalidArgument where shapes do not fit, a number is not finite or a label is out of range; NoData without rows.
    """
    table, truth = _check(probabilities, labels, "probabilities")
    place, gaps = calibration_gaps(table, truth)
    return float(np.abs(np.bincount(place, gaps)).sum() / len(truth))


@dataclasses.dataclass(frozen=True)
class Calibration:
    """A fitted calibration: its numbers (exact in float32), and what it did on the part it was fitted to (in nats and shares)."""

    inverse_temperature: float
    bias: tuple[float, ...]
    rows: int
    log_loss_before: float
    log_loss_after: float
    ece_before: float
    ece_after: float

    def probabilities(self, logits: Any) -> Floats:
        """Calibrated probabilities (rows, classes), float64, of logits (rows, classes)."""
        table = np.asarray(logits, np.float64)
        if table.ndim != 2 or table.shape[1] != len(self.bias):
            raise InvalidArgument(f"logits have the shape {table.shape}; give (rows, {len(self.bias)})")
        return softmax(table * self.inverse_temperature + np.array(self.bias))

    def metadata(self) -> description.Calibration:
        """What the model file says of it."""
        return description.Calibration(
            kind="vector",
            inverse_temperature=self.inverse_temperature,
            bias=self.bias,
            ece=self.ece_after,
            log_loss=self.log_loss_after,
            rows=self.rows,
        )


def _newton(scores: Floats, labels: NDArray[np.int64], start: Floats) -> Floats:
    """The (scale, bias) of least log loss, from `start`; the sum of the bias stays zero."""
    rows, classes = scores.shape
    hits = np.zeros((rows, classes))
    hits[np.arange(rows), labels] = 1.0
    basis = np.zeros((classes + 1, classes))  # the scale, and an orthonormal basis of the biases whose sum is zero
    basis[0, 0] = 1.0
    basis[1:, 1:] = _sum_zero(classes)
    at = start.copy()
    loss = _log_loss(scores * at[0] + at[1:], labels)
    for _ in range(_STEPS_MAX):
        p = softmax(scores * at[0] + at[1:])
        error = p - hits
        gradient = np.concatenate([[float((error * scores).sum())], error.sum(axis=0)]) / rows
        # d2/ds2 = var_p(score), d2/ds db_k = p_k (score_k - mean), d2/db2 = diag(p) - p p^T
        centred = scores - (p * scores).sum(axis=1, keepdims=True)
        hessian = np.empty((classes + 1, classes + 1))
        hessian[0, 0] = float((p * centred * centred).sum())
        hessian[0, 1:] = hessian[1:, 0] = (p * centred).sum(axis=0)
        hessian[1:, 1:] = np.diag(p.sum(axis=0)) - p.T @ p
        hessian /= rows
        slope = basis.T @ gradient
        curvature, directions = np.linalg.eigh(basis.T @ hessian @ basis)
        if curvature[0] < _CURVATURE:
            raise InvalidArgument(
                "the calibration has no best value: the logits of this part separate a class without a single error, or do not vary; "
                "give it more rows, or a model that is not trained on them"
            )
        along = directions.T @ slope
        step = -(directions @ (along / curvature))
        decrement = float(-(slope @ step))
        if decrement < _DECREMENT:
            break
        size = 1.0
        for _ in range(_HALVINGS):
            tried = at + size * (basis @ step)
            tried_loss = _log_loss(scores * tried[0] + tried[1:], labels)
            if tried_loss < loss:
                break
            size *= 0.5
        else:
            break  # no step is better in float64
        at, loss = tried, tried_loss
    return at


def _sum_zero(size: int) -> Floats:
    """An orthonormal basis (size, size - 1) of the vectors whose sum is zero: what a reflection of (1, ..., 1) to the first axis leaves."""
    mirror = np.full(size, 1.0 / np.sqrt(size))
    mirror[0] -= 1.0
    mirror /= np.linalg.norm(mirror)
    return np.asarray((np.eye(size) - 2.0 * np.outer(mirror, mirror))[:, 1:])


def calibrate(logits: Any, labels: Any) -> Calibration:
    """Fit to logits (rows, classes) and integer labels (rows,) of the calibration part.

    InvalidArgument where shapes do not fit, a number is not finite, a class has no row (its bias would be minus infinity), or the loss
    has no minimum because the logits separate a class without an error or do not vary. NoData without rows.
    """
    table, truth = _check(logits, labels, "logits")
    classes = table.shape[1]
    counts = np.bincount(truth, minlength=classes)
    if (counts == 0).any():
        name = label_names(classes)[int(np.argmin(counts))]
        raise InvalidArgument(f"no row of the calibration part has the label {name}; give a part that has each label")
    centred = table - table.mean(axis=1, keepdims=True)
    spread = float(np.sqrt(np.mean(centred * centred)))
    if not _SPREAD_MIN < spread < 1.0 / _SPREAD_MIN:
        raise InvalidArgument("the logits of all classes are equal, or too small or large for float32; there is nothing to calibrate")
    scores = centred / spread
    prior = np.log(counts / len(truth))
    flat = np.concatenate([[0.0], prior - prior.mean()])
    with one_thread():
        found = _newton(scores, truth, flat)
    if found[0] < _SCALE_MIN:
        found = np.concatenate([[_SCALE_MIN], flat[1:]])  # on the boundary the best bias is the prior
    inverse_temperature = float(np.float32(found[0] / spread))
    bias = tuple(float(np.float32(value)) for value in found[1:])
    after = table * inverse_temperature + np.array(bias)
    return Calibration(
        inverse_temperature=inverse_temperature,
        bias=bias,
        rows=len(truth),
        log_loss_before=_log_loss(table, truth),
        log_loss_after=_log_loss(after, truth),
        ece_before=expected_calibration_error(softmax(table), truth),
        ece_after=expected_calibration_error(softmax(after), truth),
    )
