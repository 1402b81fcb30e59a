"""What a model is to learn: which way the mid goes next.

All labels are of the mid, never of the trade price, which bounces between bid and ask. They look ahead, and each says how far: rows
`begin` to `end` and times `begin_ns` to `end_ns`, both ends included. `splits` keeps these intervals of different parts apart.

Rows are those of the caller's clock: pass the mids of every tick, or of every trade. `Labels.at` picks rows afterwards.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData

__all__ = ["DOWN", "FLAT", "INCOMPLETE", "UP", "Labels", "label_names", "mid_move", "move_in_time", "next_move", "triple_barrier"]

DOWN: Final = 0
FLAT: Final = 1
UP: Final = 2
INCOMPLETE: Final = -1

Kind = Literal["next_move", "mid_move", "return", "triple_barrier"]


@dataclass(frozen=True)
class Labels:
    """Labels of n rows; every array is of shape (n,).

    - labels: int8, DOWN, FLAT or UP; INCOMPLETE where the data ends before the interval does
    - moves: float64, mid at the end of the interval less mid at its begin, in ticks; NaN where incomplete
    - begin, end: int64, first and last row that the label used; end is -1 where incomplete
    - begin_ns, end_ns: int64, the times of both, in ns; where the horizon is a time, end_ns is begin_ns plus the horizon
    - kind, horizon, dead_band_ticks: how they were made; the horizon in rows, or in ns for "return", and 0 for "next_move"; the dead band
      of "triple_barrier" is its barrier, within which nothing was touched
    """

    labels: NDArray[np.int8]
    moves: NDArray[np.float64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    begin_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    kind: Kind
    horizon: int
    dead_band_ticks: float

    @property
    def complete(self) -> NDArray[np.bool_]:
        """Which rows have a label; shape (n,)."""
        return np.not_equal(self.labels, INCOMPLETE)

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Labels:
        """The labels of some rows only: indices or a mask. `begin` and `end` still count the rows of the whole."""
        return Labels(
            self.labels[rows],
            self.moves[rows],
            self.begin[rows],
            self.end[rows],
            self.begin_ns[rows],
            self.end_ns[rows],
            self.kind,
            self.horizon,
            self.dead_band_ticks,
        )


def label_names(classes: int) -> tuple[str, ...]:
    """What the classes of a model are called: down, flat, up; or down, up; or class_0, class_1, ..."""
    return {2: ("down", "up"), 3: ("down", "flat", "up")}.get(classes) or tuple(f"class_{number}" for number in range(classes))


def next_move(mids: NDArray[Any], times_ns: NDArray[Any]) -> Labels:
    """The direction of the next change of the mid: UP or DOWN.

    mids: ticks, finite, shape (n,). times_ns: not falling, shape (n,). InvalidArgument for anything else; NoData when the mid never moves.
    """
    mids, times = _checked(mids, times_ns)
    changed = np.flatnonzero(np.diff(mids)) + 1  # rows whose mid is not that of the row before
    if not len(changed):
        raise NoData(f"the mid never moves in {len(mids)} rows: there is no next move to learn")
    place = np.searchsorted(changed, np.arange(len(mids)), side="right")
    end = np.where(place < len(changed), changed[np.minimum(place, len(changed) - 1)], -1)
    return _made(mids, times, end, "next_move", 0, 0.0)


def mid_move(mids: NDArray[Any], times_ns: NDArray[Any], *, horizon: int, dead_band_ticks: float = 0.5) -> Labels:
    """The move of the mid over the next `horizon` rows; FLAT when it is within the dead band, its edge included.

    mids: ticks, finite, shape (n,). times_ns: not falling, shape (n,). horizon >= 1, dead_band_ticks >= 0. InvalidArgument for anything
    else; NoData when there are no more rows than the horizon.
    """
    mids, times = _checked(mids, times_ns)
    horizon = _positive_whole(horizon, "horizon", "rows")
    _rows_beyond(len(mids), horizon)
    end = np.arange(len(mids)) + horizon
    end[end >= len(mids)] = -1
    return _made(mids, times, end, "mid_move", horizon, _band(dead_band_ticks))


def move_in_time(mids: NDArray[Any], times_ns: NDArray[Any], *, horizon_ns: int, dead_band_ticks: float = 0.5) -> Labels:
    """The move of the mid over the next `horizon_ns`: to the last mid at or before that time. FLAT within the dead band, its edge included.

    A row is complete when the data goes on to a time after the end of its horizon, so that no later row could have belonged to it.
    mids: ticks, finite, shape (n,). times_ns: not falling, shape (n,). horizon_ns >= 1, dead_band_ticks >= 0. InvalidArgument for anything
    else; NoData when the data is not longer than the horizon.
    """
    mids, times = _checked(mids, times_ns)
    horizon_ns = _positive_whole(horizon_ns, "horizon_ns", "nanoseconds")
    if horizon_ns >= int(times[-1]) - int(times[0]):
        raise NoData(
            f"the data spans {int(times[-1]) - int(times[0])} ns, which is not longer than the horizon of {horizon_ns} ns; "
            "take a shorter horizon or a longer source"
        )
    known = times < times[-1] - horizon_ns
    until = np.where(known, times, times[0]) + horizon_ns
    end = np.where(known, np.searchsorted(times, until, side="right") - 1, -1)
    made = _made(mids, times, end, "return", horizon_ns, _band(dead_band_ticks))
    return replace(made, end_ns=np.where(known, until, times))


def triple_barrier(mids: NDArray[Any], times_ns: NDArray[Any], *, barrier_ticks: float, horizon: int) -> Labels:
    """Which barrier the mid touches first: `barrier_ticks` above (UP), as much below (DOWN), or neither within `horizon` rows (FLAT).

    The interval ends at the touch. A row whose horizon reaches beyond the data is incomplete even when it was touched: else the last rows
    would be the ones that moved. mids: ticks, finite, shape (n,). times_ns: not falling, shape (n,). barrier_ticks > 0, horizon >= 1.
    InvalidArgument for anything else; NoData when there are no more rows than the horizon.
    """
    mids, times = _checked(mids, times_ns)
    horizon = _positive_whole(horizon, "horizon", "rows")
    if not (_is_finite(barrier_ticks) and barrier_ticks > 0):
        raise InvalidArgument(f"barrier_ticks is {barrier_ticks!r}; it has to be a finite number above 0")
    _rows_beyond(len(mids), horizon)
    whole = len(mids) - horizon
    end = np.full(len(mids), -1, np.int64)
    end[:whole] = np.arange(whole) + horizon
    untouched = np.arange(whole)
    for step in range(1, horizon + 1):
        with np.errstate(over="ignore"):
            touched = np.abs(mids[untouched + step] - mids[untouched]) >= barrier_ticks
        end[untouched[touched]] = untouched[touched] + step
        untouched = untouched[~touched]
        if not len(untouched):
            break
    made = _made(mids, times, end, "triple_barrier", horizon, 0.0)
    flat = made.complete & (np.abs(made.moves) < barrier_ticks)
    made.labels[flat] = FLAT
    return replace(made, dead_band_ticks=float(barrier_ticks))


# ---- what they share -----------------------------------------------------------------------------------------------------------------


def _made(mids: NDArray[np.float64], times: NDArray[np.int64], end: NDArray[np.int64], kind: Kind, horizon: int, band: float) -> Labels:
    complete = end >= 0
    with np.errstate(over="ignore"):
        moves = np.where(complete, mids[end] - mids, np.nan)
    endless = np.flatnonzero(np.isinf(moves))
    if len(endless):
        raise InvalidArgument(f"the move of row {int(endless[0])} is too large for a double: give mids in ticks")
    labels = np.full(len(mids), INCOMPLETE, np.int8)
    labels[complete] = FLAT
    labels[complete & (moves > band)] = UP
    labels[complete & (moves < -band)] = DOWN
    return Labels(labels, moves, np.arange(len(mids)), end, times, np.where(complete, times[end], times), kind, horizon, band)


def _checked(mids: NDArray[Any], times_ns: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    mids, times = np.asarray(mids), np.asarray(times_ns)
    if mids.ndim != 1 or mids.shape != times.shape:
        raise InvalidArgument(f"mids are of shape {mids.shape} and times_ns of shape {times.shape}; both have to be (rows,)")
    if not len(mids):
        raise NoData("there are no rows to label")
    if mids.dtype.kind not in "iuf":
        raise InvalidArgument(f"mids are {mids.dtype}; they have to be numbers, in ticks")
    if times.dtype.kind != "i":
        raise InvalidArgument(f"times_ns are {times.dtype}; they have to be signed integers, in nanoseconds")
    mids, times = mids.astype(np.float64), times.astype(np.int64)
    if not np.isfinite(mids).all():
        raise InvalidArgument(f"row {int(np.flatnonzero(~np.isfinite(mids))[0])} has no mid: begin where both sides are known")
    falls = np.flatnonzero(times[1:] < times[:-1])
    if len(falls):
        raise InvalidArgument(f"the time of row {int(falls[0]) + 1} is before that of the row before: sort the rows by time")
    return mids, times


def _positive_whole(value: int, name: str, unit: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise InvalidArgument(f"{name} is {value!r}; it has to be a whole number of {unit}, at least 1")
    return int(value)


def _rows_beyond(rows: int, horizon: int) -> None:
    if rows <= horizon:
        raise NoData(
            f"{rows} rows are not more than the horizon of {horizon}: no label is complete; take a shorter horizon or a longer source"
        )


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool) and math.isfinite(value)


def _band(dead_band_ticks: float) -> float:
    if not (_is_finite(dead_band_ticks) and dead_band_ticks >= 0):
        raise InvalidArgument(f"dead_band_ticks is {dead_band_ticks!r}; it has to be a finite number, at least 0")
    return float(dead_band_ticks)
