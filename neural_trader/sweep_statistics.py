"""What a Sharpe ratio that was picked among many trials is worth.

Sources: Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier" (2012) for the probabilistic Sharpe ratio, and "The Deflated
Sharpe Ratio" (2014) for the expected maximum of several trials and the deflated ratio. Ratios are per session, not annualised, with a
risk-free rate of zero. What is not defined is None together with the reason, never a number in its place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from neural_trader.errors import InvalidArgument

__all__ = [
    "SESSIONS_LEAST",
    "SESSIONS_PER_YEAR",
    "Figure",
    "ReturnMoments",
    "deflated_sharpe",
    "expected_maximum_sharpe",
    "probabilistic_sharpe",
    "return_moments",
    "session_returns",
]

SESSIONS_LEAST: Final = 20  # fewer session returns say nothing about a Sharpe ratio
SESSIONS_PER_YEAR: Final = 252
_EULER: Final = 0.5772156649015329  # Euler-Mascheroni
_NORMAL: Final = NormalDist()
_FLAT: Final = 1e-12  # a standard deviation below this share of the largest return is rounding


class Figure(NamedTuple):
    """A number, or None and why there is none."""

    value: float | None
    reason: str | None = None


class ReturnMoments(NamedTuple):
    """Moments of `sessions` session returns: `sharpe` is mean over standard deviation (n - 1), `skewness` and `kurtosis` are standardised
    by the population deviation; the kurtosis of a normal distribution is 3."""

    sessions: int
    sharpe: float
    skewness: float
    kurtosis: float


def session_returns(start: float, closes: Sequence[float]) -> list[float] | str:
    """Return of each session over the equity before it, from the starting equity and the equity at each close, in account currency. The
    reason as text where an equity of zero or less leaves a return undefined. InvalidArgument for a number that is not finite."""
    before = start
    returns = []
    for number, close in enumerate((start, *closes)):
        if not math.isfinite(close):
            raise InvalidArgument(f"equity {close} is not a finite number; give the equity in account currency")
        if number == 0:
            continue
        if before <= 0:
            return "equity was zero or less at the start of a session, so its return is not defined"
        returns.append((close - before) / before)
        before = close
    return returns


def return_moments(returns: Sequence[float]) -> ReturnMoments | str:
    """Moments of session returns, or as text why there are none: fewer than 20, or all equal. InvalidArgument for a return that is not
    finite."""
    count = len(returns)
    for value in returns:
        if not math.isfinite(value):
            raise InvalidArgument(f"return {value} is not a finite number")
    if count < SESSIONS_LEAST:
        return f"{count} session{'' if count == 1 else 's'}, and below {SESSIONS_LEAST} a Sharpe ratio is noise"
    mean = math.fsum(returns) / count
    deviations = [value - mean for value in returns]
    second = math.fsum(d * d for d in deviations) / count
    if math.sqrt(second) <= _FLAT * max(abs(value) for value in returns):
        return "the returns of all sessions are equal, so their deviation is zero"
    third = math.fsum(d**3 for d in deviations) / count
    fourth = math.fsum(d**4 for d in deviations) / count
    deviation = math.sqrt(second * count / (count - 1))
    return ReturnMoments(count, mean / deviation, third / second**1.5, fourth / second**2)


def probabilistic_sharpe(moments: ReturnMoments, benchmark: float = 0.0) -> Figure:
    """Probability that the true Sharpe ratio is above `benchmark` (per session):
    Φ((SR - SR*) √(n - 1) / √(1 - skewness SR + (kurtosis - 1) SR² / 4))."""
    if not math.isfinite(benchmark):
        raise InvalidArgument(f"benchmark {benchmark} is not a finite number")
    spread = 1 - moments.skewness * moments.sharpe + (moments.kurtosis - 1) / 4 * moments.sharpe**2
    if spread <= 0:
        return Figure(None, "the estimated variance of the Sharpe ratio is not positive")
    return Figure(_NORMAL.cdf((moments.sharpe - benchmark) * math.sqrt(moments.sessions - 1) / math.sqrt(spread)))


def expected_maximum_sharpe(sharpes: Sequence[float], trials: int) -> Figure:
    """The Sharpe ratio that the best of `trials` trials without any skill is expected to show:
    √V ((1 - g) Φ⁻¹(1 - 1/N) + g Φ⁻¹(1 - 1/(N e))), where g is the Euler-Mascheroni constant.

    V is the variance (n - 1) of the ratios `sharpes` of the trials that have one. The trials count as independent; trials that resemble
    each other are fewer in truth, so the value is then too high and the deflated ratio too low. InvalidArgument when `trials` is less than
    the ratios given.
    """
    if trials < len(sharpes):
        raise InvalidArgument(f"{len(sharpes)} ratios cannot come from {trials} trials", observed=trials, limit=len(sharpes))
    for value in sharpes:
        if not math.isfinite(value):
            raise InvalidArgument(f"Sharpe ratio {value} is not a finite number")
    if trials < 2:
        return Figure(None, "one trial: nothing was chosen among several, and the probabilistic Sharpe ratio applies")
    if len(sharpes) < 2:
        return Figure(None, f"{len(sharpes)} of {trials} trials have a Sharpe ratio, and their variance needs two")
    mean = math.fsum(sharpes) / len(sharpes)
    variance = math.fsum((value - mean) ** 2 for value in sharpes) / (len(sharpes) - 1)
    first, second = _NORMAL.inv_cdf(1 - 1 / trials), _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return Figure(math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second))


def deflated_sharpe(moments: ReturnMoments, sharpes: Sequence[float], trials: int) -> Figure:
    """Probability that the true Sharpe ratio of the chosen trial is above what the best of `trials` unskilled ones is expected to show."""
    expected = expected_maximum_sharpe(sharpes, trials)
    return expected if expected.value is None else probabilistic_sharpe(moments, expected.value)
