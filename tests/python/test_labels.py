"""Labels against slow definitions, and the rows that they used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models.labels import DOWN, FLAT, INCOMPLETE, UP, Labels, label_names, mid_move, move_in_time, next_move, triple_barrier

ROWS = 400


def market(seed: int) -> tuple[Any, Any]:
    """Mids in half ticks, with stretches that stand still, and times of which many are equal."""
    random = np.random.default_rng(seed)
    mids = 1000 + np.cumsum(random.integers(-2, 3, ROWS) * (random.random(ROWS) < 0.4)) / 2
    return mids, 1_000_000 + np.cumsum(random.integers(0, 4, ROWS) * (random.random(ROWS) < 0.6)).astype(np.int64)


def side(move: float, band: float = 0.0) -> int:
    return UP if move > band else DOWN if move < -band else FLAT


def slow(kind: str, mids: Any, times: Any, row: int) -> tuple[int, int]:
    """Label and last row of one row, or (INCOMPLETE, -1)."""
    if kind == "next":
        for later in range(row + 1, ROWS):
            if mids[later] != mids[row]:
                return side(mids[later] - mids[row]), later
        return INCOMPLETE, -1
    if kind == "rows":
        return (side(mids[row + 7] - mids[row], 0.5), row + 7) if row + 7 < ROWS else (INCOMPLETE, -1)
    if kind == "time":
        if times[row] + 9 >= times[-1]:
            return INCOMPLETE, -1
        last = max(later for later in range(ROWS) if times[later] <= times[row] + 9)
        return side(mids[last] - mids[row], 0.5), last
    if row + 30 >= ROWS:
        return INCOMPLETE, -1
    for later in range(row + 1, row + 31):
        if abs(mids[later] - mids[row]) >= 2:
            return side(mids[later] - mids[row]), later
    return FLAT, row + 30


def make(kind: str, mids: Any, times: Any) -> Labels:
    if kind == "next":
        return next_move(mids, times)
    if kind == "rows":
        return mid_move(mids, times, horizon=7)
    if kind == "time":
        return move_in_time(mids, times, horizon_ns=9)
    return triple_barrier(mids, times, barrier_ticks=2, horizon=30)


KINDS = ["next", "rows", "time", "barrier"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_labels_are_what_their_definitions_say(kind: str, seed: int) -> None:
    mids, times = market(seed)
    made = make(kind, mids, times)
    expected = [slow(kind, mids, times, row) for row in range(ROWS)]
    assert list(zip(made.labels.tolist(), made.end.tolist(), strict=True)) == expected
    assert set(made.labels.tolist()) >= {DOWN, UP, INCOMPLETE}
    assert (FLAT in made.labels) == (kind != "next")
    assert len(made) == ROWS
    assert made.begin.tolist() == list(range(ROWS))
    done = made.complete
    assert (made.moves[done] == mids[made.end[done]] - mids[done]).all()
    assert np.isnan(made.moves[~done]).all()
    assert (made.begin_ns == times).all()
    assert (made.end_ns[done] == (times[done] + 9 if kind == "time" else times[made.end[done]])).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_depends_on_its_interval_and_on_nothing_else(kind: str) -> None:
    mids, times = market(3)
    made = make(kind, mids, times)
    random = np.random.default_rng(1)
    depends = 0
    for row in random.choice(np.flatnonzero(made.complete), 40, replace=False):
        first, last = made.begin[row], made.end[row]
        other = mids + 100 * random.integers(-3, 4, ROWS)
        other[first : last + 1] = mids[first : last + 1]
        again = make(kind, other, times)
        assert (again.labels[row], again.moves[row], again.end[row]) == (made.labels[row], made.moves[row], last)
        other = mids.copy()
        other[last] += 1000
        depends += make(kind, other, times).moves[row] != made.moves[row]
    assert depends == 40


@pytest.mark.parametrize("kind", KINDS)
def test_labels_of_a_prefix_are_the_same_where_they_are_complete(kind: str) -> None:
    mids, times = market(4)
    made, part = make(kind, mids, times), make(kind, mids[:250], times[:250])
    done = part.complete
    assert (part.labels[done] == made.labels[:250][done]).all()
    assert done.sum() > 150


def test_the_dead_band_includes_its_edge() -> None:
    mids, times = np.array([0.0, 0.5, 1.0, 2.0, 1.5]), np.arange(5)
    assert mid_move(mids, times, horizon=1).labels.tolist() == [FLAT, FLAT, UP, FLAT, INCOMPLETE]
    assert mid_move(mids, times, horizon=1, dead_band_ticks=0).labels.tolist() == [UP, UP, UP, DOWN, INCOMPLETE]
    assert mid_move(mids, times, horizon=1, dead_band_ticks=1).labels.tolist() == [FLAT] * 4 + [INCOMPLETE]
    assert move_in_time(mids, times, horizon_ns=1, dead_band_ticks=1).labels.tolist() == [FLAT] * 3 + [INCOMPLETE] * 2


def test_rows_picked_afterwards_keep_their_intervals() -> None:
    mids, times = market(2)
    made = mid_move(mids, times, horizon=3, dead_band_ticks=1)
    for rows in (np.array([5, 9, 70]), np.isin(np.arange(ROWS), [5, 9, 70])):
        picked = made.at(rows)
        assert picked.begin.tolist() == [5, 9, 70]
        assert picked.end.tolist() == [8, 12, 73]
        assert (picked.labels == made.labels[[5, 9, 70]]).all()
        assert (picked.kind, picked.horizon, picked.dead_band_ticks) == ("mid_move", 3, 1.0)


@pytest.mark.parametrize(
    ("mids", "times", "text"),
    [
        (np.zeros(3), np.arange(4), "shape"),
        (np.zeros((2, 2)), np.zeros((2, 2), int), "shape"),
        (np.array([1.0, np.nan]), np.arange(2), "row 1 has no mid"),
        (np.array([1.0, np.inf]), np.arange(2), "row 1 has no mid"),
        (np.zeros(3), np.array([1, 3, 2]), "time of row 2"),
        (np.zeros(3), np.arange(3.0), "signed integers"),
        (np.array(["a", "b"]), np.arange(2), "numbers"),
    ],
)
def test_rows_that_make_no_sense_are_refused(mids: Any, times: Any, text: str) -> None:
    for kind in KINDS:
        with pytest.raises(InvalidArgument, match=text):
            make(kind, mids, times)


def test_no_rows_or_too_few_are_refused() -> None:
    for kind in KINDS:
        with pytest.raises(NoData, match="no rows"):
            make(kind, np.zeros(0), np.zeros(0, np.int64))
    with pytest.raises(NoData, match="not more than the horizon of 7"):
        make("rows", np.zeros(7), np.arange(7))
    with pytest.raises(NoData, match="not more than the horizon of 30"):
        make("barrier", np.zeros(30), np.arange(30))
    with pytest.raises(NoData, match="spans 9 ns"):
        make("time", np.zeros(10), np.arange(10))
    with pytest.raises(NoData, match="never moves"):
        make("next", np.ones(10), np.arange(10))


def test_labels_know_how_they_were_made() -> None:
    mids, times = market(1)
    made = triple_barrier(mids, times, barrier_ticks=2, horizon=9)
    assert (made.kind, made.horizon, made.dead_band_ticks) == ("triple_barrier", 9, 2.0)
    assert (np.abs(made.moves[made.labels == FLAT]) < made.dead_band_ticks).all()
    made = next_move(mids, times)
    assert (made.kind, made.horizon, made.dead_band_ticks) == ("next_move", 0, 0.0)
    assert [label_names(classes) for classes in (2, 3, 4)] == [
        ("down", "up"),
        ("down", "flat", "up"),
        ("class_0", "class_1", "class_2", "class_3"),
    ]


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "3"])
def test_horizons_are_whole_numbers_above_zero(horizon: Any) -> None:
    mids, times = market(1)
    with pytest.raises(InvalidArgument, match="horizon"):
        mid_move(mids, times, horizon=horizon)
    with pytest.raises(InvalidArgument, match="horizon_ns"):
        move_in_time(mids, times, horizon_ns=horizon)
    with pytest.raises(InvalidArgument, match="horizon"):
        triple_barrier(mids, times, barrier_ticks=1, horizon=horizon)


@pytest.mark.parametrize("value", [-0.5, np.nan, np.inf, True, "1", None])
def test_bands_and_barriers_are_finite(value: float) -> None:
    mids, times = market(1)
    with pytest.raises(InvalidArgument, match="dead_band_ticks"):
        mid_move(mids, times, horizon=1, dead_band_ticks=value)
    with pytest.raises(InvalidArgument, match="dead_band_ticks"):
        move_in_time(mids, times, horizon_ns=1, dead_band_ticks=value)
    with pytest.raises(InvalidArgument, match="barrier_ticks"):
        triple_barrier(mids, times, barrier_ticks=value, horizon=1)
    with pytest.raises(InvalidArgument, match="barrier_ticks"):
        triple_barrier(mids, times, barrier_ticks=0, horizon=1)


def test_a_move_too_large_for_a_double_is_refused() -> None:
    mids, times = np.array([-1e308, 1e308, 1e308, 1e308]), np.arange(4)
    with pytest.raises(InvalidArgument, match="the move of row 0 is too large"):
        mid_move(mids, times, horizon=1)
    with pytest.raises(InvalidArgument, match="the move of row 0 is too large"):
        triple_barrier(mids, times, barrier_ticks=1, horizon=2)
