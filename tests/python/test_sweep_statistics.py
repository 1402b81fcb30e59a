"""Sharpe statistics against values that are computed in another way here."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction

import pytest

from neural_trader.errors import InvalidArgument
from neural_trader.sweep_statistics import (
    SESSIONS_LEAST,
    ReturnMoments,
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    return_moments,
    session_returns,
)


def drawn(count: int, seed: int = 3, drift: float = 0.0004) -> list[float]:
    generator = random.Random(seed)
    return [drift + 0.01 * generator.gauss(0, 1) + 0.004 * generator.expovariate(1) for _ in range(count)]


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_quantile(p: float) -> float:
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if normal_cdf(middle) < p else (low, middle)
    return (low + high) / 2


def moments(returns: list[float]) -> ReturnMoments:
    found = return_moments(returns)
    assert isinstance(found, ReturnMoments)
    return found


def test_moments_agree_with_exact_fractions() -> None:
    values = drawn(60)
    exact = [Fraction(value) for value in values]
    mean = sum(exact) / 60
    central = [float(sum((value - mean) ** power for value in exact) / 60) for power in (2, 3, 4)]
    found = moments(values)
    assert found.sessions == 60
    assert found.sharpe == pytest.approx(statistics.mean(values) / statistics.stdev(values), rel=1e-12)
    assert found.skewness == pytest.approx(central[1] / central[0] ** 1.5, rel=1e-9)
    assert found.kurtosis == pytest.approx(central[2] / central[0] ** 2, rel=1e-9)


def test_moments_change_with_any_return() -> None:
    values = drawn(30)
    before = moments(values)
    values[7] += 0.02
    after = moments(values)
    assert all(a != b for a, b in zip(before[1:], after[1:], strict=True))


def test_probabilistic_sharpe_is_the_formula() -> None:
    found = moments(drawn(100))
    spread = math.sqrt(1 - found.skewness * found.sharpe + (found.kurtosis - 1) / 4 * found.sharpe**2)
    for benchmark in (0.0, 0.1, -0.05):
        expected = normal_cdf((found.sharpe - benchmark) * math.sqrt(99) / spread)
        assert probabilistic_sharpe(found, benchmark).value == pytest.approx(expected, rel=1e-9)


def test_the_paper_s_example_is_met() -> None:
    """The numerical example of the 2014 paper: annual Sharpe 2.5 over 1,250 days, 100 trials with annual variance 1/2, skewness -3,
    kurtosis 10; the expected maximum is 0.1132 a day and the deflated ratio about 0.90."""
    spread = math.sqrt(0.5 / 250)
    sharpes = [spread / math.sqrt(2 * 50 / 99) * (-1) ** index * math.sqrt(2 * 50 / 100) for index in range(100)]
    scale = spread / statistics.stdev(sharpes)
    sharpes = [value * scale for value in sharpes]
    assert statistics.variance(sharpes) == pytest.approx(0.5 / 250)
    expected = expected_maximum_sharpe(sharpes, 100)
    assert expected.value == pytest.approx(0.1132, abs=5e-5)
    best = ReturnMoments(1250, 2.5 / math.sqrt(250), -3.0, 10.0)
    assert deflated_sharpe(best, sharpes, 100).value == pytest.approx(0.9004, abs=5e-4)


def test_expected_maximum_is_the_formula_and_grows_with_trials_and_spread() -> None:
    sharpes = [0.01, 0.05, -0.02, 0.11]
    euler = 0.57721566490153286
    for trials in (4, 10, 1000):
        first, second = normal_quantile(1 - 1 / trials), normal_quantile(1 - 1 / (trials * math.e))
        expected = statistics.stdev(sharpes) * ((1 - euler) * first + euler * second)
        assert expected_maximum_sharpe(sharpes, trials).value == pytest.approx(expected, rel=1e-9)
    few, many = (expected_maximum_sharpe(sharpes, trials).value for trials in (4, 40))
    wide = expected_maximum_sharpe([2 * value for value in sharpes], 4).value
    assert few is not None
    assert many is not None
    assert wide is not None
    assert few < many
    assert wide == pytest.approx(2 * few)


def test_expected_maximum_resembles_what_luck_shows() -> None:
    generator = random.Random(11)
    trials = 50
    best = statistics.mean(max(generator.gauss(0, 1) for _ in range(trials)) for _ in range(4000))
    unit = [1.0, -1.0] * 25
    scale = 1 / statistics.stdev(unit)
    assert expected_maximum_sharpe([scale * value for value in unit], trials).value == pytest.approx(best, rel=0.03)


def test_more_trials_deflate_more() -> None:
    found = moments(drawn(250, drift=0.0))
    sharpes = [found.sharpe, 0.0, 0.02, -0.03]
    values = [deflated_sharpe(found, sharpes, trials).value for trials in (4, 40, 400)]
    assert all(value is not None for value in values)
    assert values[0] > values[1] > values[2]  # type: ignore[operator]


# ---- what is not defined ---------------------------------------------------------------------------------------------------------


def test_too_few_sessions_have_no_sharpe_ratio() -> None:
    values = drawn(SESSIONS_LEAST)
    assert isinstance(return_moments(values), ReturnMoments)
    assert return_moments(values[:-1]) == "19 sessions, and below 20 a Sharpe ratio is noise"
    assert return_moments(values[:1]) == "1 session, and below 20 a Sharpe ratio is noise"
    assert return_moments([]) == "0 sessions, and below 20 a Sharpe ratio is noise"


@pytest.mark.parametrize("value", [0.0, 0.01, -0.1])
def test_equal_returns_have_no_sharpe_ratio(value: float) -> None:
    assert return_moments([value] * 30) == "the returns of all sessions are equal, so their deviation is zero"


def test_one_trial_is_not_deflated() -> None:
    found = moments(drawn(40))
    figure = deflated_sharpe(found, [found.sharpe], 1)
    assert figure.value is None
    assert "nothing was chosen" in str(figure.reason)


def test_a_variance_needs_two_ratios() -> None:
    figure = expected_maximum_sharpe([0.1], 5)
    assert figure == (None, "1 of 5 trials have a Sharpe ratio, and their variance needs two")


def test_a_variance_that_is_not_positive_has_no_probability() -> None:
    figure = probabilistic_sharpe(ReturnMoments(30, 2.0, 5.0, 2.0))
    assert figure.value is None
    assert "not positive" in str(figure.reason)


def test_returns_are_over_the_equity_before() -> None:
    assert session_returns(100.0, [110.0, 99.0]) == pytest.approx([0.1, -0.1])
    assert session_returns(100.0, []) == []
    assert "not defined" in session_returns(100.0, [-5.0, 10.0])
    assert "not defined" in session_returns(0.0, [10.0])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(InvalidArgument, match="finite"):
        return_moments([0.1] * 20 + [bad])
    with pytest.raises(InvalidArgument, match="finite"):
        session_returns(100.0, [bad])
    with pytest.raises(InvalidArgument, match="finite"):
        session_returns(bad, [1.0])
    with pytest.raises(InvalidArgument, match="finite"):
        expected_maximum_sharpe([0.1, bad], 2)
    with pytest.raises(InvalidArgument, match="finite"):
        probabilistic_sharpe(moments(drawn(30)), bad)


def test_fewer_trials_than_ratios_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="3 ratios cannot come from 2 trials"):
        expected_maximum_sharpe([0.1, 0.2, 0.3], 2)
