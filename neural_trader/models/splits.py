"""Parts of the data, in time order: train on the first, calibrate on the second, test on the last.

A random split is refused. Neighbouring rows share most of their features and, where labels look ahead, most of their future; rows dealt at
random put the answers of the test into the training, and every figure comes out too good.

- **Purge**: a row whose label interval reaches the begin of the next part is dropped, so that intervals of different parts share no time.
- **Embargo**: rows within `embargo_ns` of the begin of a part are dropped too, while features still remember the part before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models.labels import Labels

__all__ = ["PARTS", "Split", "split"]

PARTS = ("train", "calibrate", "test")
_METHODS = ("time",)
_LAST_NS = 2**63 - 1


@dataclass(frozen=True)
class Split:
    """Rows of each part: ascending indices into the labels that were split, int64. Rows with incomplete labels are in none.

    boundaries_ns are the times at which calibrate and test begin. purged and embargoed count the rows that each rule dropped.
    """

    train: NDArray[np.int64]
    calibrate: NDArray[np.int64]
    test: NDArray[np.int64]
    boundaries_ns: tuple[int, int]
    embargo_ns: int
    purged: int
    embargoed: int

    def spans_ns(self, labels: Labels) -> list[list[int]]:
        """Begin and end in ns of each part, as a model file says them: from its cut, if one is before it, to the begin of its last row."""
        parts = (self.train, self.calibrate, self.test)
        begins = [int(labels.begin_ns[self.train[0]]), *self.boundaries_ns]
        return [[begin, int(labels.begin_ns[rows[-1]])] for begin, rows in zip(begins, parts, strict=True)]


def split(
    labels: Labels,
    *,
    fractions: Sequence[float] | None = None,
    boundaries_ns: Sequence[int] | None = None,
    embargo_ns: int = 0,
    method: str = "time",
) -> Split:
    """Cut labels into three parts by time.

    Either fractions of the rows, three that add up to 1, or the times at which the second and the third part begin. A cut never goes
    through rows of one time: all of them go to the later part. InvalidArgument for bad numbers, for labels whose begins are not in time
    order, and for every method but "time"; NoData when a part is empty.
    """
    if method not in _METHODS:
        raise InvalidArgument(
            f"method is {method!r}: only 'time' is there. Rows of a market are not independent; a random split puts the future of the test "
            "into the training and makes every figure too good"
        )
    if (fractions is None) == (boundaries_ns is None):
        raise InvalidArgument("give either fractions or boundaries_ns")
    if isinstance(embargo_ns, bool) or not isinstance(embargo_ns, (int, np.integer)) or embargo_ns < 0:
        raise InvalidArgument(f"embargo_ns is {embargo_ns!r}; it has to be a whole number of nanoseconds, at least 0")
    if not len(labels):
        raise NoData("there are no labels to split")
    begin, end = labels.begin_ns, labels.end_ns
    if (begin[1:] < begin[:-1]).any():
        raise InvalidArgument("the labels are not in time order: sort the rows by time, do not shuffle them")
    first, second = _by_fractions(begin, fractions) if fractions is not None else _by_times(boundaries_ns)
    part = np.searchsorted(np.array([first, second]), begin, side="right")
    complete = labels.complete
    reaches = complete & (((part == 0) & (end >= first)) | ((part == 1) & (end >= second)))
    clear = [min(cut + int(embargo_ns), _LAST_NS) for cut in (first, second)]
    early = complete & ~reaches & (((part == 1) & (begin < clear[0])) | ((part == 2) & (begin < clear[1])))
    kept = complete & ~reaches & ~early
    rows = [np.flatnonzero(kept & (part == number)) for number in range(3)]
    for name, found in zip(PARTS, rows, strict=True):
        if not len(found):
            shorter = "a shorter horizon or a shorter embargo" if embargo_ns else "or a shorter horizon"
            raise NoData(f"no rows are left for {name}: take more data, other cuts, {shorter}")
    return Split(rows[0], rows[1], rows[2], (first, second), int(embargo_ns), int(reaches.sum()), int(early.sum()))


def _by_fractions(begin: NDArray[np.int64], fractions: Sequence[float]) -> tuple[int, int]:
    numbers = list(fractions)
    if (
        len(numbers) != 3
        or not all(isinstance(x, int | float | np.floating) and math.isfinite(x) and x > 0 for x in numbers)
        or abs(sum(numbers) - 1) > 1e-9
    ):
        raise InvalidArgument(f"fractions are {numbers}; they have to be three numbers above 0 that add up to 1")
    rows = len(begin)
    cuts = (min(round(rows * numbers[0]), rows - 1), min(round(rows * (numbers[0] + numbers[1])), rows - 1))
    return int(begin[cuts[0]]), int(begin[cuts[1]])


def _by_times(boundaries_ns: Sequence[int] | None) -> tuple[int, int]:
    times = [] if boundaries_ns is None else list(boundaries_ns)
    if (
        len(times) != 2
        or not all(isinstance(x, int | np.integer) and not isinstance(x, bool) and -_LAST_NS <= x <= _LAST_NS for x in times)
        or times[0] >= times[1]
    ):
        raise InvalidArgument(f"boundaries_ns are {times}; they have to be two rising times in nanoseconds, in 64 bits")
    return int(times[0]), int(times[1])
