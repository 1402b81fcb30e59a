"""What a model of trades knows beyond how its mid is made.

A tape of trades has no quote, so its mid is the middle of a band of one tick around the prints. The last print was at one edge of it, and
the next one at the other edge moves nothing, one beyond this edge moves the band: which edge it was foretells the next move by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_trader.models.evaluate import Interval
from neural_trader.models.examples import Examples
from neural_trader.models.scoring import paired_gain

__all__ = ["beyond_the_band"]


def beyond_the_band(
    probabilities: NDArray[Any], found: Examples, prior_rows: NDArray[np.int64], rows: NDArray[np.int64], *, seed: int
) -> Interval | None:
    """By how many millinats a row probabilities (n, classes) are better on `rows` than a prior that knows the edge: how often each label
    came in `prior_rows` while the last print was there. None where the source has quotes, or a label never came at an edge."""
    if not found.rows.implied:
        return None
    edges = np.sign(found.rows.last - found.rows.mid)[found.kept]
    prior = np.empty_like(probabilities)
    for edge in np.unique(edges[rows]):
        counts = np.bincount(found.classes[prior_rows[edges[prior_rows] == edge]], minlength=probabilities.shape[1])
        if not counts.all():
            return None
        prior[edges == edge] = counts / counts.sum()
    return paired_gain(probabilities[rows], prior[rows], found.classes[rows], block_rows=found.block_rows(rows), seed=seed)
