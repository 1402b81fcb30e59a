"""What training, calibration and evaluation share: the softmax, the bins of the calibration error, and how sure a model is."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ECE_BINS: Final = 15
SURE_SHARE: Final = 0.05

Floats = NDArray[np.float64]


def log_softmax(xp: ModuleType, values: Any) -> Any:
    """Logarithms of the probabilities (rows, classes) of logits (rows, classes), in their type; overflows nowhere."""
    shifted = values - values.max(axis=1, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))


def softmax(values: Any) -> Floats:
    """Probabilities (rows, classes) of logits (rows, classes), in float64."""
    table = np.asarray(values, np.float64)
    powers = np.exp(table - table.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def calibration_gaps(probabilities: Floats, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    """The bin of each row by confidence (the largest probability), and its confidence less 1 if the label was the most probable one.

    The bins end at the quantiles of the confidence, so that they hold about as many rows each; equal confidences share one. The
    expected calibration error is the sum over bins of the absolute value of the summed gaps, over the number of rows (Guo et al. 2017,
    with bins of equal mass as in Nguyen and O'Connor 2015).
    """
    confidence = probabilities.max(axis=1)
    edges = np.quantile(confidence, np.arange(1, ECE_BINS) / ECE_BINS)
    gaps = confidence - (probabilities.argmax(axis=1) == labels)
    return np.searchsorted(edges, confidence, side="right"), gaps


def of_three(probabilities: Floats) -> Floats:
    """(n, 3): down, flat, up; without flat it has probability 0."""
    if probabilities.shape[1] != 2:
        return probabilities
    return np.stack((probabilities[:, 0], np.zeros(len(probabilities)), probabilities[:, 1]), axis=1)


def sure_beyond(probabilities: Floats) -> float:
    """The strength |P(up) - P(down)| that one row of twenty exceeds."""
    three = of_three(probabilities)
    return float(np.quantile(np.abs(three[:, 2] - three[:, 0]), 1 - SURE_SHARE))
