"""Performance figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader.errors import InvalidArgument
from neural_trader.metrics import max_drawdown


@pytest.mark.parametrize(
    ("curve", "expected"),
    [
        ([1000, 1010, 1030, 990, 1020], (40, 1030)),
        ([1000, 900, 950], (100, 1000)),
        ([5, 3, 9, 8], (2, 5)),
        ([1, 2, 3], (0, 1)),
        ([-5, -9], (4, -5)),
        ([7], (0, 7)),
    ],
)
def test_the_largest_fall_and_where_it_began(curve: list[int], expected: tuple[int, int]) -> None:
    assert max_drawdown(np.array(curve, np.int64)) == expected


@given(st.lists(st.integers(-(2**51), 2**51), min_size=1, max_size=30))
def test_no_pair_of_points_falls_further(curve: list[int]) -> None:
    fall, high = max_drawdown(np.array(curve, np.int64))
    assert fall == max(high - low for i, high in enumerate(curve) for low in curve[i:])
    assert high in curve
    assert high - fall in curve[curve.index(high) :]


def test_an_empty_curve_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="empty"):
        max_drawdown(np.array([], np.int64))
