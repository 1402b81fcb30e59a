"""Time-ordered parts: nothing that a part is given, is fitted to or is labelled with reaches into the next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models.labels import Labels, mid_move, move_in_time, next_move, triple_barrier
from neural_trader.models.splits import PARTS, Split, split

ROWS = 3000
THIRDS = (0.6, 0.2, 0.2)


def market(seed: int) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    mids = 1000 + np.cumsum(random.integers(-1, 2, ROWS) * (random.random(ROWS) < 0.3))
    return mids, 10**18 + np.cumsum(random.integers(0, 50, ROWS) * (random.random(ROWS) < 0.5)).astype(np.int64)


def every_kind(seed: int) -> list[Labels]:
    mids, times = market(seed)
    return [
        next_move(mids, times),
        mid_move(mids, times, horizon=40),
        move_in_time(mids, times, horizon_ns=700),
        triple_barrier(mids, times, barrier_ticks=4, horizon=60),
    ]


def parts_of(made: Split) -> list[Any]:
    return [made.train, made.calibrate, made.test]


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("embargo_ns", [0, 500])
def test_label_intervals_of_different_parts_share_no_time(number: int, embargo_ns: int) -> None:
    labels = every_kind(7)[number]
    made = split(labels, fractions=THIRDS, embargo_ns=embargo_ns)
    parts = parts_of(made)
    for earlier, later, boundary in zip(parts, parts[1:], made.boundaries_ns, strict=False):
        assert labels.end_ns[earlier].max() < boundary
        assert labels.begin_ns[later].min() >= boundary + embargo_ns
        assert labels.end[earlier].max() < labels.begin[later].min() or labels.kind == "return"
    assert made.embargo_ns == embargo_ns
    assert (made.embargoed > 0) == (embargo_ns > 0)


@pytest.mark.parametrize("number", range(4))
def test_every_complete_row_is_in_one_part_or_counted(number: int) -> None:
    labels = every_kind(8)[number]
    made = split(labels, fractions=THIRDS, embargo_ns=300)
    rows = np.concatenate(parts_of(made))
    assert (np.diff(rows) > 0).all()
    assert labels.complete[rows].all()
    assert len(rows) + made.purged + made.embargoed == labels.complete.sum()
    first, second = made.boundaries_ns
    reaches = ((labels.begin_ns < first) & (labels.end_ns >= first)) | ((labels.begin_ns < second) & (labels.end_ns >= second))
    assert made.purged == (reaches & labels.complete).sum() > 0


def test_without_the_purge_intervals_would_overlap() -> None:
    labels = every_kind(7)[1]
    made = split(labels, fractions=THIRDS)
    naive = np.flatnonzero(labels.complete & (labels.begin_ns < made.boundaries_ns[0]))
    assert labels.end_ns[naive].max() >= made.boundaries_ns[0]
    assert set(naive) > set(made.train)


def test_a_cut_does_not_go_through_rows_of_one_time() -> None:
    times = np.repeat(np.arange(100), 30)
    labels = mid_move(np.arange(3000) % 7, times, horizon=1)
    for fractions in (THIRDS, (0.501, 0.249, 0.25), (1 / 3, 1 / 3, 1 / 3)):
        made = split(labels, fractions=fractions)
        for earlier, later in zip(parts_of(made), parts_of(made)[1:], strict=False):
            assert times[earlier].max() < times[later].min()


def test_cuts_may_be_given_as_times() -> None:
    labels = every_kind(5)[1]
    by_fractions = split(labels, fractions=THIRDS, embargo_ns=20)
    by_times = split(labels, boundaries_ns=by_fractions.boundaries_ns, embargo_ns=20)
    for one, other in zip(parts_of(by_fractions), parts_of(by_times), strict=True):
        assert (one == other).all()
    earlier = split(labels, boundaries_ns=(by_fractions.boundaries_ns[0] - 5000, by_fractions.boundaries_ns[1]), embargo_ns=20)
    assert len(earlier.train) < len(by_times.train)
    assert len(earlier.calibrate) > len(by_times.calibrate)
    sizes = [len(part) for part in parts_of(split(labels, fractions=(0.2, 0.3, 0.5)))]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("method", ["random", "shuffle", "kfold", ""])
def test_a_random_split_is_refused_with_its_reason(method: str) -> None:
    with pytest.raises(InvalidArgument, match=r"only 'time'.*random split puts the future of the test into the training"):
        split(every_kind(1)[0], fractions=THIRDS, method=method)


def test_shuffled_rows_are_refused() -> None:
    labels = every_kind(1)[1]
    with pytest.raises(InvalidArgument, match="do not shuffle"):
        split(labels.at(np.random.default_rng(1).permutation(ROWS)), fractions=THIRDS)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "either"),
        ({"fractions": THIRDS, "boundaries_ns": (1, 2)}, "either"),
        ({"fractions": (0.5, 0.5)}, "three numbers"),
        ({"fractions": (0.5, 0.5, 0.5)}, "three numbers"),
        ({"fractions": (1.2, -0.1, -0.1)}, "three numbers"),
        ({"fractions": (np.nan, 0.5, 0.5)}, "three numbers"),
        ({"boundaries_ns": (5,)}, "two rising"),
        ({"boundaries_ns": (5, 5)}, "two rising"),
        ({"boundaries_ns": (1.5, 7.5)}, "two rising"),
        ({"boundaries_ns": ()}, "two rising"),
        ({"boundaries_ns": (True, 7)}, "two rising"),
        ({"boundaries_ns": (0, 2**70)}, "two rising times in nanoseconds, in 64 bits"),
        ({"fractions": ("a", 0.5, 0.5)}, "three numbers"),
        ({"fractions": (np.inf, 0.5, 0.5)}, "three numbers"),
        ({"fractions": THIRDS, "embargo_ns": -1}, "embargo_ns"),
        ({"fractions": THIRDS, "embargo_ns": 1.5}, "embargo_ns"),
        ({"fractions": THIRDS, "embargo_ns": True}, "embargo_ns"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        split(every_kind(1)[0], **arguments)


def test_an_empty_part_is_refused_by_name() -> None:
    labels = every_kind(2)[1]
    low, high = int(labels.begin_ns[0]), int(labels.begin_ns[-1])
    middle = (low + high) // 2
    for name, boundaries in zip(PARTS, [(low, middle), (middle, middle + 1), (middle, high + 1)], strict=True):
        with pytest.raises(NoData, match=f"left for {name}"):
            split(labels, boundaries_ns=boundaries)
    with pytest.raises(NoData, match=r"other cuts, or a shorter horizon$"):
        split(labels, boundaries_ns=(middle, high + 1))
    with pytest.raises(NoData, match=r"left for calibrate.* shorter embargo$"):
        split(labels, fractions=THIRDS, embargo_ns=10**18)
    with pytest.raises(NoData, match="left for calibrate"):
        split(labels, fractions=THIRDS, embargo_ns=2**63)
    with pytest.raises(NoData, match="no labels"):
        split(labels.at(np.zeros(0, np.int64)), fractions=THIRDS)


# ---- normalisation -------------------------------------------------------------------------------------------------------------------


def test_cuts_may_be_arrays() -> None:
    labels = every_kind(1)[0]
    made = split(labels, fractions=THIRDS)
    by_array = split(labels, boundaries_ns=np.array(made.boundaries_ns))
    assert all((a == b).all() for a, b in zip(parts_of(made), parts_of(by_array), strict=True))
    assert split(labels, fractions=np.array(THIRDS)).boundaries_ns == made.boundaries_ns
