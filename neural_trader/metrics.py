"""Performance figures of a run, with their conventions.

- Money is in account currency, as Decimal, and kept apart by currency. Profit is net of fees where nothing else is said, and the
  account's slippage is already inside gross profit: slippage says how much of it was lost on the way, it is not taken off again.
- The **reference price** of an instrument is the mid of its quotes where the tape has quotes of its own, else its last trade. At a time
  it is the newest one at or before that time. Implied quotes do not count.
- **Slippage** of a fill is signed price less reference at arrival, times quantity: positive costs. Arrival is when the kernel took the
  order. It is None unless every fill has such a price.
- **Markout** of a fill after h seconds is the signed reference then less the fill's price, times quantity: positive is a gain. Fills
  closer than h to the end of the tape have none and are counted as missing; in basis points it is the sum over the notional of the rest.
- A **round trip** is what one order closes of a position, at the average cost of the position, less the fees of both sides in
  proportion to quantity. `hit_rate` is the share of round trips with a profit above zero; `profit_factor` is the profit of those over
  the loss of the losing ones.
- **Turnover** is the sum of the absolute money of all fills; its ratio is over the starting cash.
- **Exposure** is over tape time from the first price to the last, nights included: the share of time with a position, and the mean over
  all that time of the positions' absolute money.
- **Drawdown** is the largest fall of equity below its highest earlier value, at every price that moves it; its ratio is over that high;
  its duration is the longest time that equity stayed below an earlier high, to the end of the tape where it did not recover.
- **Sharpe** and **Sortino** are of session returns (equity at the end of the trading day over that of the day before), risk-free rate
  and target zero, times the root of 252: mean over standard deviation (n - 1), and mean over the root of the mean square of the negative
  returns. Below 20 sessions they are None.
- **Benchmarks**: flat earns nothing; hold is long the largest absolute position of the run from the instrument's first reference price
  to its last, without fees.

What is not defined is None, and `reasons` says why, by the figure's name; nothing is ever NaN or a default.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.equity import EquityPath, PairFills, cash_raw, max_drawdown
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.numbers import to_decimal
from neural_trader.sweep_statistics import SESSIONS_PER_YEAR, return_moments, session_returns

__all__ = [
    "MARKOUT_HORIZONS_S",
    "CurrencyMetrics",
    "Drawdown",
    "Exposure",
    "Markout",
    "Metrics",
    "Pnl",
    "ReferencePrices",
    "RoundTrips",
    "TapeView",
    "markout",
    "max_drawdown",
    "measure",
    "round_trips",
    "session_ratios",
]

MARKOUT_HORIZONS_S: Final = (1, 10, 60)
_NS: Final = 1_000_000_000
_FINE: Final = 10**9  # of a raw unit, for shares of costs and fees
_WIDE: Final = Context(prec=60)
_NO_FILL: Final = "nothing was filled"


def _money(raw: Fraction | int) -> Decimal:
    """Raw money as Decimal, to the last decimal of accounts."""
    exact = Fraction(raw)
    whole = _WIDE.divide(Decimal(exact.numerator), Decimal(exact.denominator)).quantize(Decimal(1), ROUND_HALF_EVEN, _WIDE)
    return to_decimal(int(whole), MONEY_DECIMALS)


# ---- figures -------------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Pnl:
    """Profit in one currency: net = gross - fees, and gross = gross_at_arrival - slippage."""

    gross: Decimal
    fees: Decimal
    net: Decimal
    slippage: Decimal | None
    gross_at_arrival: Decimal | None


@dataclasses.dataclass(frozen=True)
class Markout:
    """Signed gain of `fills` fills `horizon_s` seconds after each; `missing` fills have no price then."""

    horizon_s: int
    fills: int
    missing: int
    money: Decimal | None
    bps: float | None


@dataclasses.dataclass(frozen=True)
class RoundTrips:
    """Round trips by average cost, net of fees. `profit` and `loss` are both positive or zero."""

    count: int
    wins: int
    losses: int
    profit: Decimal
    loss: Decimal
    hit_rate: float | None
    profit_factor: float | None


@dataclasses.dataclass(frozen=True)
class CurrencyMetrics:
    """Figures of the accounts of one currency. `hold` and `excess_over_hold` are money; the excess over flat is `pnl.net`."""

    currency: str
    pnl: Pnl
    fills: int
    turnover: Decimal
    turnover_ratio: float | None
    round_trips: RoundTrips
    markouts: tuple[Markout, ...]
    hold: Decimal | None
    excess_over_hold: Decimal | None


@dataclasses.dataclass(frozen=True)
class Drawdown:
    """The largest fall: money, its ratio to the high it began at, that high, times in nanoseconds of the high and the low (None where
    nothing fell), and the longest time below a high. `recovered` says whether equity ended at its highest."""

    money: Decimal | None
    ratio: float | None
    high: Decimal | None
    high_ns: int | None
    low_ns: int | None
    duration_ns: int | None
    recovered: bool | None


@dataclasses.dataclass(frozen=True)
class Exposure:
    """Share of time with a position (0 to 1), and mean absolute money of the positions."""

    time_in_market: float | None
    mean_absolute_notional: Decimal | None


@dataclasses.dataclass(frozen=True)
class Metrics:
    """Every figure of a run. `currency` is that of `drawdown`, `exposure`, `sharpe` and `sortino`: the first account's. `reference` says
    which price each instrument's markouts and slippage are measured at. `reasons` has a text for each figure that is None."""

    currency: str
    by_currency: Mapping[str, CurrencyMetrics]
    drawdown: Drawdown
    exposure: Exposure
    sessions: int | None
    sharpe: float | None
    sortino: float | None
    reference: Mapping[str, str]
    reasons: Mapping[str, str]

    @property
    def summary(self) -> dict[str, Any]:
        """Everything as plain dictionaries and tuples."""
        return dataclasses.asdict(self)


# ---- reference prices ----------------------------------------------------------------------------------------------------------------


class ReferencePrices:
    """Reference prices of one instrument over a tape. `kind` is "mid", "last", or "none" where the tape has neither."""

    def __init__(self, ticks: NDArray[Any], instrument: int) -> None:
        own = ticks["instrument"] == instrument
        quotes = ticks[own & (ticks["kind"] == abi.NT_TICK_QUOTE) & (ticks["flags"] & abi.NT_TICK_IMPLIED == 0)]
        quotes = quotes[(quotes["bid_price"] != abi.NT_ABSENT) & (quotes["ask_price"] != abi.NT_ABSENT)]
        if len(quotes):
            self.kind = "mid"
            self._ts, self._doubled = quotes["ts_event"].copy(), quotes["bid_price"] + quotes["ask_price"]
        else:
            trades = ticks[own & (ticks["kind"] == abi.NT_TICK_TRADE)]
            self.kind = "last" if len(trades) else "none"
            self._ts, self._doubled = trades["ts_event"].copy(), trades["price"] * 2
        self.end_ns = int(ticks["ts_event"][-1]) if len(ticks) else -1

    @cached_property
    def span(self) -> tuple[int, int] | None:
        """First and last price in half raw units; None where there is none."""
        return (int(self._doubled[0]), int(self._doubled[-1])) if len(self._ts) else None

    def at(self, times: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Prices in half raw units at `times` (nanoseconds), and whether there is one: not before the first, not after the tape."""
        places = np.searchsorted(self._ts, times, side="right") - 1
        known = (places >= 0) & (times <= self.end_ns)
        if not len(self._ts):
            return np.zeros(len(times), np.int64), np.zeros(len(times), bool)
        return self._doubled[np.maximum(places, 0)], known


def _gain(pair: PairFills, doubled: NDArray[np.int64], chosen: NDArray[np.bool_]) -> tuple[Fraction, Fraction]:
    """Sum over the chosen fills of signed (reference - price) * quantity, and of their notional, in raw money."""
    gain = notional = 0
    rows = zip(pair.signed[chosen].tolist(), pair.price[chosen].tolist(), doubled[chosen].tolist(), strict=True)
    for signed, price, reference in rows:
        gain += signed * (reference - 2 * price)
        notional += abs(signed * price)
    return Fraction(gain * pair.numerator, 2 * pair.denominator), Fraction(notional * pair.numerator, pair.denominator)


def markout(pairs: Sequence[PairFills], references: Mapping[int, ReferencePrices], horizon_s: int) -> Markout:
    """Markout of the fills of pairs of one currency; `references` by instrument."""
    gain, notional, count, missing = Fraction(0), Fraction(0), 0, 0
    for pair in pairs:
        doubled, known = references[pair.instrument].at(pair.traded_ns + horizon_s * _NS)
        money, size = _gain(pair, doubled, known)
        gain, notional = gain + money, notional + size
        count, missing = count + int(known.sum()), missing + int((~known).sum())
    bps = float(gain / notional * 10_000) if notional > 0 else None
    return Markout(horizon_s, count, missing, _money(gain) if count else None, bps)


def _slippage(
    pairs: Sequence[PairFills], references: Mapping[int, ReferencePrices], arrivals: Mapping[tuple[int, int], int]
) -> Decimal | str:
    """Slippage of all fills, or as text why there is none."""
    cost, unknown, total = Fraction(0), 0, 0
    for pair in pairs:
        keys = zip(pair.channel.tolist(), pair.order.tolist(), strict=True)
        times = np.array([arrivals.get(key, -1) for key in keys], np.int64)
        doubled, known = references[pair.instrument].at(times)
        known &= times >= 0
        cost -= _gain(pair, doubled, known)[0]
        unknown, total = unknown + int((~known).sum()), total + len(times)
    if total == 0:
        return _NO_FILL
    if unknown:
        return f"{unknown:,} of {total:,} fills have no price at their order's arrival"
    return _money(cost)


# ---- round trips ---------------------------------------------------------------------------------------------------------------------


def round_trips(pairs: Sequence[PairFills]) -> RoundTrips:
    """Round trips of pairs of one currency. The share of cost and of entry fees that a fill closes is cut after the ninth decimal of a raw
    unit, and what is left stays with the position, so that nothing is lost."""
    results: list[Fraction] = []
    for pair in pairs:
        closed_by: dict[tuple[int, int], Fraction] = {}
        position = cost = entry_fees = 0
        rows = zip(pair.signed.tolist(), pair.price.tolist(), pair.fee.tolist(), pair.channel.tolist(), pair.order.tolist(), strict=True)
        for signed, price, fee, channel, order in rows:
            closed = min(abs(signed), abs(position)) if signed * position < 0 else 0
            fee_closing = _share(fee * _FINE, closed, abs(signed))
            if closed:
                direction = 1 if position > 0 else -1
                share, fee_entry = _share(cost, closed, abs(position)), _share(entry_fees, closed, abs(position))
                gain = Fraction((price * _FINE * closed * direction - share) * pair.numerator, pair.denominator)
                profit = (gain - fee_entry - fee_closing) / _FINE
                closed_by[channel, order] = closed_by.get((channel, order), Fraction(0)) + profit
                cost, entry_fees = cost - share, entry_fees - fee_entry
            opened = abs(signed) - closed
            cost += price * _FINE * opened * (1 if signed > 0 else -1)
            entry_fees += fee * _FINE - fee_closing
            position += signed
        results += closed_by.values()
    wins, losses = [r for r in results if r > 0], [-r for r in results if r < 0]
    profit, loss = sum(wins, Fraction(0)), sum(losses, Fraction(0))
    return RoundTrips(
        count=len(results),
        wins=len(wins),
        losses=len(losses),
        profit=_money(profit),
        loss=_money(loss),
        hit_rate=len(wins) / len(results) if results else None,
        profit_factor=float(profit / loss) if loss > 0 else None,
    )


def _share(whole: int, part: int, of: int) -> int:
    """whole * part / of, towards zero."""
    size = abs(whole) * part // of
    return size if whole >= 0 else -size


# ---- sessions ------------------------------------------------------------------------------------------------------------------------


def session_ratios(start: float, closes: Sequence[float]) -> tuple[float | None, float | None, dict[str, str]]:
    """Annualised Sharpe and Sortino ratio of the equity (account currency) at the ends of sessions, from the starting equity, and the
    reason of each that is None."""
    returns = session_returns(start, closes)
    moments = returns if isinstance(returns, str) else return_moments(returns)
    if isinstance(returns, str) or isinstance(moments, str):
        reason = str(moments)
        return None, None, {"sharpe": reason, "sortino": reason}
    year = math.sqrt(SESSIONS_PER_YEAR)
    downside = math.sqrt(math.fsum(min(value, 0.0) ** 2 for value in returns) / len(returns))
    if downside == 0:
        return moments.sharpe * year, None, {"sortino": "no session lost money, so there is no downside deviation"}
    return moments.sharpe * year, math.fsum(returns) / len(returns) / downside * year, {}


# ---- all of it -----------------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class TapeView:
    """The tape as far as it was taken (dtype nt_tick), the walk over it, and when orders were taken by channel and id, in its time."""

    ticks: NDArray[Any]
    path: EquityPath
    arrivals: Mapping[tuple[int, int], int]


def measure(
    *, config: Config, symbols: Sequence[str], money: Mapping[str, tuple[int, int]], pairs: Sequence[PairFills], tape: TapeView | str
) -> Metrics:
    """Every figure of a run.

    `money` is raw (gross, fees) by currency as the kernel booked it, `pairs` are the fills, and `tape` what they are valued on, or as
    text why there is none. `symbols` name the instruments in order.
    """
    reasons: dict[str, str] = {}
    currency = next(iter(config.accounts.values())).currency
    traded = sorted({pair.instrument for pair in pairs})
    view = None if isinstance(tape, str) else tape
    references = {number: ReferencePrices(view.ticks, number) for number in traded} if view is not None else {}
    by_currency = {
        name: _of_currency(name, config, booked, [pair for pair in pairs if pair.currency == name], tape, references, reasons)
        for name, booked in money.items()
    }
    sharpe = sortino = None
    if view is not None:
        closes = [float(to_decimal(close.equity, MONEY_DECIMALS)) for close in view.path.closes]
        sharpe, sortino, missing = session_ratios(float(to_decimal(cash_raw(config, currency), MONEY_DECIMALS)), closes)
        reasons.update(missing)
    else:
        reasons.update(dict.fromkeys(("sharpe", "sortino", "sessions", "drawdown", "drawdown.ratio", "drawdown.duration_ns"), str(tape)))
    return Metrics(
        currency=currency,
        by_currency=by_currency,
        drawdown=_drawdown(view, reasons),
        exposure=_exposure(tape, reasons),
        sessions=len(view.path.closes) if view is not None else None,
        sharpe=sharpe,
        sortino=sortino,
        reference={symbols[number]: prices.kind for number, prices in references.items()},
        reasons=reasons,
    )


def _of_currency(
    currency: str,
    config: Config,
    booked: tuple[int, int],
    pairs: Sequence[PairFills],
    tape: TapeView | str,
    references: Mapping[int, ReferencePrices],
    reasons: dict[str, str],
) -> CurrencyMetrics:
    gross, fees = (to_decimal(raw, MONEY_DECIMALS) for raw in booked)
    slippage = tape if isinstance(tape, str) else _slippage(pairs, references, tape.arrivals)
    lost = None if isinstance(slippage, str) else slippage
    turned = sum((Fraction(abs(q * p) * pair.numerator, pair.denominator) for pair in pairs for q, p in _rows(pair)), Fraction(0))
    cash = cash_raw(config, currency)
    trips = round_trips(pairs)
    hold = tape if isinstance(tape, str) else _hold(pairs, references)
    valued = not isinstance(tape, str) and len(pairs) > 0
    markouts = tuple(markout(pairs, references, horizon) for horizon in MARKOUT_HORIZONS_S) if valued else ()
    net, held = gross - fees, None if isinstance(hold, str) else hold
    none_closed = None if trips.count else "no position was closed"
    why = {
        "slippage": slippage if isinstance(slippage, str) else None,
        "gross_at_arrival": slippage if isinstance(slippage, str) else None,
        "turnover_ratio": None if cash > 0 else "the accounts began without cash",
        "hit_rate": none_closed,
        "profit_factor": none_closed or (None if trips.loss > 0 else "no round trip lost money"),
        "markouts": None if markouts else tape if isinstance(tape, str) else _NO_FILL,
        "hold": hold if isinstance(hold, str) else None,
        "excess_over_hold": hold if isinstance(hold, str) else None,
        **{f"markout_{row.horizon_s}s": "no fill is that far from the end of the tape" for row in markouts if row.money is None},
    }
    reasons.update({f"{currency}.{name}": text for name, text in why.items() if text is not None})
    return CurrencyMetrics(
        currency=currency,
        pnl=Pnl(gross, fees, net, lost, None if lost is None else gross + lost),
        fills=sum(len(pair.price) for pair in pairs),
        turnover=_money(turned),
        turnover_ratio=float(turned / cash) if cash > 0 else None,
        round_trips=trips,
        markouts=markouts,
        hold=held,
        excess_over_hold=None if held is None else net - held,
    )


def _rows(pair: PairFills) -> zip[tuple[int, int]]:
    return zip(pair.signed.tolist(), pair.price.tolist(), strict=True)


def _hold(pairs: Sequence[PairFills], references: Mapping[int, ReferencePrices]) -> Decimal | str:
    if not pairs:
        return _NO_FILL + ", so there is no size to hold"
    gain = Fraction(0)
    for pair in pairs:
        span = references[pair.instrument].span
        if span is None:
            return "an instrument that was traded has no price on the tape"
        largest = max(abs(int(held)) for held in pair.position.tolist())
        gain += Fraction(largest * (span[1] - span[0]) * pair.numerator, 2 * pair.denominator)
    return _money(gain)


def _drawdown(tape: TapeView | None, reasons: dict[str, str]) -> Drawdown:
    if tape is None:
        return Drawdown(None, None, None, None, None, None, None)
    found = tape.path.drawdown
    if found.high <= 0:
        reasons["drawdown.ratio"] = "equity was never above zero before it fell"
    return Drawdown(
        money=to_decimal(found.fall, MONEY_DECIMALS),
        ratio=found.fall / found.high if found.high > 0 else None,
        high=to_decimal(found.high, MONEY_DECIMALS),
        high_ns=found.high_ns,
        low_ns=found.low_ns,
        duration_ns=found.longest_ns,
        recovered=found.recovered,
    )


def _exposure(tape: TapeView | str, reasons: dict[str, str]) -> Exposure:
    if isinstance(tape, str) or tape.path.span_ns <= 0:
        reasons["exposure"] = tape if isinstance(tape, str) else "no time passes between the first price of the tape and the last"
        return Exposure(None, None)
    path = tape.path
    return Exposure(path.in_market_ns / path.span_ns, _money(Fraction(path.notional_ns) / path.span_ns))
