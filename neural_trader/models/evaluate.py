"""How good predicted probabilities are, with intervals.

- **Log loss** is the mean of -log of the probability given to what came, in nats. The **gain** is the log loss of the prior less that of
  the model, in millinats; relative, over the prior's. The prior is the frequency of each label in the second part, not of the test.
- **Brier** is the mean over rows of the squared differences, summed over the classes: 0 to 2.
- **ECE** (expected calibration error) is over 15 bins of about equal mass by confidence, which is the largest probability; equal
  confidences share a bin. It is the mean over bins, by rows, of the absolute difference of mean confidence and share that was right.
- **MCC** is Matthews' correlation for several classes (Gorodkin's R_K) of the most probable label with what came; of equal ones, the first.
- **Information coefficient** is Spearman's rank correlation of P(up) - P(down) with the move that came, equal values at their mean rank.

Intervals are 95 % percentiles of a circular block bootstrap: neighbouring rows share their future, so that whole blocks are drawn. A
block is to be at least as long as the horizon of the labels. In a resample the bins and the ranks stay those of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models._scores import ECE_BINS, Floats, calibration_gaps
from neural_trader.models.labels import label_names

__all__ = ["ECE_BINS", "Evaluation", "Interval", "evaluate"]

_NAMES: Final = label_names(3)
_CLASSES: Final = len(_NAMES)
_CELLS: Final = _CLASSES * _CLASSES


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Figures of the module's text. mcc is None when one label is always the most probable, information_coefficient when nothing varies."""

    rows: int
    log_loss: Interval
    prior_log_loss: float
    gain_millinats: Interval
    gain_relative: Interval
    brier: Interval
    ece: Interval
    mcc: Interval | None
    information_coefficient: Interval | None
    block_rows: int
    resamples: int
    seed: int


def evaluate(
    probabilities: NDArray[Any],
    labels: NDArray[Any],
    moves: NDArray[Any],
    *,
    prior_counts: Sequence[int] | NDArray[Any],
    block_rows: int,
    resamples: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Compare probabilities of (down, flat, up), shape (n, 3), with labels, shape (n,), and moves in ticks, shape (n,), in time order.

    prior_counts are how often each label came in the second part, shape (3,). block_rows is the length of a bootstrap block, at most n. The
    same seed gives the same intervals. NoData when a part is empty. InvalidArgument for wrong shapes, numbers that are not finite, counts
    that are none, probabilities that do not add up to 1 within 1e-4, labels that are incomplete or of one class only, and a
    label that came and had probability 0 or did not occur in the second part: its log loss would be infinite.
    """
    p = _floats(probabilities, "probabilities")
    labels = _labels(labels, "labels")
    prior = _shares(prior_counts)
    moves = _floats(moves, "moves")
    rows = len(labels)
    if p.shape != (rows, _CLASSES) or moves.shape != (rows,):
        raise InvalidArgument(
            f"{rows} labels need probabilities of shape ({rows}, 3) and moves of shape ({rows},), not {p.shape}, {moves.shape}"
        )
    if not (np.isfinite(p).all() and (p >= 0).all() and (np.abs(p.sum(axis=1) - 1) <= 1e-4).all()):
        raise InvalidArgument("each row of probabilities has to be three numbers, none below 0, that add up to 1")
    if not np.isfinite(moves).all():
        raise InvalidArgument(f"the move of row {int(np.flatnonzero(~np.isfinite(moves))[0])} is not finite: leave incomplete rows out")
    if (labels == labels[0]).all():
        raise InvalidArgument(
            f"all {rows} labels are {_NAMES[int(labels[0])]}: with one label there is nothing to tell apart; take more data"
        )
    for value, name, least in ((block_rows, "block_rows", 1), (resamples, "resamples", 100), (seed, "seed", 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise InvalidArgument(f"{name} is {value!r}; it has to be a whole number, at least {least}")
    if block_rows > rows:
        raise InvalidArgument(f"block_rows is {block_rows}, more than the {rows} rows there are")
    came = p[np.arange(rows), labels]
    if (came == 0).any():
        raise InvalidArgument(f"row {int(np.flatnonzero(came == 0)[0])} has probability 0 for what came: its log loss is infinite")
    if (prior[labels] == 0).any():
        missing = _NAMES[int(labels[prior[labels] == 0][0])]
        raise InvalidArgument(f"label {missing} never occurs in the second part: its prior is 0; take a longer second part")
    sums = _row_sums(p, labels, moves, came, prior)
    drawn = _resampled(sums, int(block_rows), int(resamples), int(seed))
    whole = sums.mean(axis=0, keepdims=True)

    def interval(of: Callable[[Floats], Floats]) -> Interval | None:
        value = float(of(whole)[0])
        if not np.isfinite(value):
            return None
        found = of(drawn)
        low, high = np.percentile(found[np.isfinite(found)], (2.5, 97.5))
        return Interval(value, float(low), float(high))

    def always(of: Callable[[Floats], Floats]) -> Interval:
        found = interval(of)
        assert found is not None
        return found

    return Evaluation(
        rows,
        always(lambda s: s[:, 0]),
        float(whole[0, 1]),
        always(lambda s: 1000 * (s[:, 1] - s[:, 0])),
        always(lambda s: 1 - s[:, 0] / s[:, 1]),
        always(lambda s: s[:, 2]),
        always(lambda s: np.abs(s[:, 3 : 3 + ECE_BINS]).sum(axis=1)),
        interval(lambda s: _mcc(s[:, 3 + ECE_BINS : 3 + ECE_BINS + _CELLS])),
        interval(lambda s: _correlation(s[:, 3 + ECE_BINS + _CELLS :])),
        int(block_rows),
        int(resamples),
        int(seed),
    )


def _floats(values: NDArray[Any], name: str) -> Floats:
    given = np.asarray(values)
    if given.dtype.kind not in "iuf":
        raise InvalidArgument(f"{name} are {given.dtype}; they have to be numbers")
    return given.astype(np.float64)


def _labels(labels: NDArray[Any], name: str) -> NDArray[np.int64]:
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise InvalidArgument(f"{name} are of shape {labels.shape}; they have to be (rows,)")
    if not len(labels):
        raise NoData(f"{name} are empty: there is nothing to evaluate")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= _CLASSES:
        raise InvalidArgument(f"{name} have to be 0 (down), 1 (flat) or 2 (up): leave incomplete rows out")
    return labels.astype(np.int64)


def _shares(counts: Sequence[int] | NDArray[Any]) -> Floats:
    """Counts of the labels as shares of all."""
    given = np.asarray(counts)
    if given.shape != (_CLASSES,) or given.dtype.kind not in "iu" or (given < 0).any():
        raise InvalidArgument(
            f"prior_counts are {counts!r}; they have to be {_CLASSES} whole numbers, none below 0: how often each label came"
        )
    shares = given.astype(np.float64)
    if not shares.any():
        raise NoData("prior_counts are 0: there is no row to tell the prior from")
    return np.asarray(shares / shares.sum())


def _row_sums(p: Floats, labels: NDArray[np.int64], moves: Floats, came: Floats, prior: Floats) -> Floats:
    """Everything whose means tell the figures, shape (n, 3 + bins + cells + 5); a resample is then a mean over other rows."""
    rows = len(labels)
    numbers = np.arange(rows)
    found = np.zeros((rows, 3 + ECE_BINS + _CELLS + 5))
    found[:, 0] = -np.log(came)
    found[:, 1] = -np.log(prior[labels])
    found[:, 2] = ((p - np.eye(_CLASSES)[labels]) ** 2).sum(axis=1)
    place, gaps = calibration_gaps(p, labels)
    found[numbers, 3 + place] = gaps
    found[numbers, 3 + ECE_BINS + p.argmax(axis=1) * _CLASSES + labels] = 1
    x, y = _ranks(p[:, 2] - p[:, 0]), _ranks(moves)
    found[:, -5:] = np.stack((x, y, x * x, y * y, x * y), axis=1)
    return found


def _ranks(x: Floats) -> Floats:
    """Mean ranks, centred and within +-1/2."""
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    return ((np.cumsum(counts) - (counts + 1) / 2) / len(x) - 0.5 + 0.5 / len(x))[place]


def _mcc(cells: Floats) -> Floats:
    """Gorodkin's R_K of confusion matrices in shares, shape (k, 9), guess by label."""
    matrix = cells.reshape(-1, _CLASSES, _CLASSES)
    guess, label = matrix.sum(axis=2), matrix.sum(axis=1)
    right = np.trace(matrix, axis1=1, axis2=2)
    scale = (1 - (guess**2).sum(axis=1)) * (1 - (label**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(scale > 1e-15, (right - (guess * label).sum(axis=1)) / np.sqrt(np.maximum(scale, 1e-300)), np.nan))


def _correlation(means: Floats) -> Floats:
    """Pearson's, from the means of x, y, xx, yy and xy."""
    x, y, xx, yy, xy = means.T
    scale = (xx - x * x) * (yy - y * y)
    return np.asarray(np.where((xx - x * x > 1e-12) & (yy - y * y > 1e-12), (xy - x * y) / np.sqrt(np.maximum(scale, 1e-300)), np.nan))


def _resampled(sums: Floats, block: int, resamples: int, seed: int) -> Floats:
    """Means over the rows of each resample, shape (resamples, width)."""
    rows = len(sums)
    running = np.concatenate((np.zeros((1, sums.shape[1])), np.cumsum(np.concatenate((sums, sums[: block - 1])), axis=0)))
    of_block = running[block:] - running[:-block]
    blocks = -(-rows // block)
    random = np.random.default_rng(seed)
    found = np.empty((resamples, sums.shape[1]))
    for index in range(resamples):
        found[index] = of_block[random.integers(0, rows, blocks)].sum(axis=0)
    return found / (blocks * block)
