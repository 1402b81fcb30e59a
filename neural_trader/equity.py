"""Money over time: the fills of each account on each instrument, and one walk over the tape that values them.

Raw units throughout: money int64 with MONEY_DECIMALS, prices and quantities with the instrument's decimals, times UTC nanoseconds of
the tape. A position is worth what the last trade says, or the middle of the newest quote while its instrument has not traded, floored:
what the kernel calls its mark. A fill counts from the time the kernel learnt it. Money beyond int64 is clipped to it, as the kernel does.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.config_rows import terms_row
from neural_trader.errors import InvalidArgument
from neural_trader.instruments import MONEY_DECIMALS, Instrument
from neural_trader.sources.tape_files import give_back

__all__ = [
    "EQUITY",
    "DrawdownTracker",
    "EquityPath",
    "PairFills",
    "SessionEquity",
    "SessionSpan",
    "cash_raw",
    "max_drawdown",
    "pairs_of",
    "session_spans",
    "walk",
]

EQUITY: Final = np.dtype([("ts", "<i8"), ("equity", "<i8")])  # raw money

_CHUNK: Final = 65_536
_POINTS: Final = 10_000  # of a curve
_SAFE: Final = 2**62
_INT64: Final = 2**63
_EPOCH: Final = datetime.date(1970, 1, 1)


# ---- drawdown ------------------------------------------------------------------------------------------------------------------------


class DrawdownTracker:
    """Largest fall below the highest earlier point, fed piece by piece.

    `fall` and `high` are raw money, `high_ns` and `low_ns` the times of that high and of its low. `longest_ns` is the longest time
    from a high to the next point that reaches it again, or to the last point; `recovered` whether the curve ended at its high.
    """

    def __init__(self, start: int) -> None:
        self.fall, self.high = 0, start
        self.high_ns: int | None = None
        self.low_ns: int | None = None
        self.longest_ns = 0
        self._top = start
        self._top_ns: int | None = None
        self._under = False

    @property
    def recovered(self) -> bool:
        """Whether the last point is at the highest."""
        return not self._under

    def add(self, times: NDArray[np.int64], equity: NDArray[np.int64]) -> None:
        """More points: nanoseconds, never going back, and raw money."""
        if len(equity) == 0:
            return
        top_ns = int(times[0]) if self._top_ns is None else self._top_ns
        highs = np.maximum(np.maximum.accumulate(equity), self._top)
        worst = int(np.argmax(highs.astype(np.uint64) - equity.astype(np.uint64)))  # a fall may be beyond int64
        fall = int(highs[worst]) - int(equity[worst])
        at_top = np.flatnonzero(equity >= highs)
        if fall > self.fall:
            before = at_top[at_top <= worst]
            self.fall, self.high = fall, int(highs[worst])
            self.high_ns, self.low_ns = int(times[before[-1]]) if len(before) else top_ns, int(times[worst])
        tops_ns = np.concatenate(([top_ns], times[at_top], times[-1:]))
        places = np.concatenate(([-2 if self._under else -1], at_top, [len(equity)]))
        under = np.diff(places) > 1
        if under.any():
            self.longest_ns = max(self.longest_ns, int(np.diff(tops_ns)[under].max()))
        self._top = int(highs[-1])
        self._top_ns = int(tops_ns[-2])
        self._under = bool(under[-1])


def max_drawdown(equity: NDArray[np.int64]) -> tuple[int, int]:
    """(fall, high) of an equity curve in raw money, shape (n,): the largest fall below its highest earlier point, and that point;
    (0, first value) when it never fell. The ratio of a drawdown is fall over high. InvalidArgument for an empty curve."""
    curve = np.asarray(equity, np.int64)
    if len(curve) == 0:
        raise InvalidArgument("the equity curve is empty; give at least one point")
    tracker = DrawdownTracker(int(curve[0]))
    tracker.add(np.arange(len(curve)), curve)
    return tracker.fall, tracker.high


# ---- fills ---------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PairFills:
    """Fills of one account on one instrument, by the time the kernel learnt them.

    Arrays of shape (n,): `known_ns`, `traded_ns` (the print's time), `price`, `signed` quantity (buys positive), `fee`, and `order`, a
    number that fills of one order share. `position`, `flow` and `paid` have shape (n + 1): quantity held, price times quantity
    received, and fees paid after so many fills. Money of price times quantity is product * numerator / denominator.
    """

    account: int
    instrument: int
    currency: str
    numerator: int
    denominator: int
    known_ns: NDArray[np.int64]
    traded_ns: NDArray[np.int64]
    price: NDArray[np.int64]
    signed: NDArray[np.int64]
    fee: NDArray[np.int64]
    channel: NDArray[np.int64]
    order: NDArray[np.uint64]
    position: NDArray[Any]
    flow: NDArray[Any]
    paid: NDArray[Any]

    def worth(self, after: NDArray[np.int64], prices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Profit less fees in raw money after `after` fills, with the position at `prices`; floored as the kernel does."""
        flow, position, paid = self.flow[after], self.position[after], self.paid[after]
        bound = _bound(flow) + _bound(position) * _bound(prices)
        if flow.dtype != object and bound * self.numerator < _SAFE and _bound(paid) < _SAFE:
            money: NDArray[np.int64] = (flow + position * prices) * self.numerator // self.denominator - paid
            return money
        exact = (
            (int(f) + int(p) * int(price)) * self.numerator // self.denominator - int(fees)
            for f, p, price, fees in zip(flow.tolist(), position.tolist(), prices.tolist(), paid.tolist(), strict=True)
        )
        return _clipped(exact)

    def notional(self, after: NDArray[np.int64], prices: NDArray[np.int64]) -> NDArray[np.float64]:
        """Absolute money of the position at `prices`, raw, as floats."""
        size: NDArray[np.float64] = np.abs(self.position[after].astype(np.float64) * prices) * (self.numerator / self.denominator)
        return size


def _bound(values: NDArray[Any]) -> int:
    return max(int(values.max()), -int(values.min())) if len(values) else 0


def _clipped(values: Any) -> NDArray[np.int64]:
    return np.array([max(-_INT64, min(_INT64 - 1, value)) for value in values], np.int64)


def _running(values: list[int]) -> NDArray[Any]:
    """0 and the running sums: int64 where they fit, else Python integers."""
    sums = [0]
    for value in values:
        sums.append(sums[-1] + value)
    fits = all(-_SAFE < value < _SAFE for value in sums)
    return np.array(sums, np.int64 if fits else object)


def pairs_of(config: Config, instruments: Mapping[str, Instrument], fills: NDArray[Any]) -> list[PairFills]:
    """Fills (reports of the dtype nt_report) by account and instrument, each valued with the terms of its own account."""
    pairs = []
    for number, account in enumerate(config.accounts.values()):
        for index, instrument in enumerate(instruments.values()):
            own = fills[(fills["account"] == number) & (fills["instrument"] == index)]
            if len(own) == 0:
                continue
            own = own[np.argsort(own["ts_recv"], kind="stable")]
            terms = terms_row(instrument, account, config)
            signed = np.where(own["side"] == abi.NT_SIDE_BUY, own["last_quantity"], -own["last_quantity"])
            pairs.append(
                PairFills(
                    account=number,
                    instrument=index,
                    currency=account.currency,
                    numerator=int(terms["value_numerator"]),
                    denominator=max(int(terms["value_denominator"]), 1),
                    known_ns=own["ts_recv"].copy(),
                    traded_ns=own["ts_event"].copy(),
                    price=own["last_price"].copy(),
                    signed=signed,
                    fee=own["fee"].copy(),
                    channel=own["channel"].astype(np.int64),
                    order=own["client_order_id"].copy(),
                    position=_running(signed.tolist()),
                    flow=_running([-q * p for q, p in zip(signed.tolist(), own["last_price"].tolist(), strict=True)]),
                    paid=_running(own["fee"].tolist()),
                )
            )
    return pairs


def cash_raw(config: Config, currency: str | None = None) -> int:
    """Starting cash of all accounts, or of those of a currency, in raw money."""
    accounts = [account for account in config.accounts.values() if currency in (None, account.currency)]
    return sum(int(Decimal(str(account.cash)).scaleb(MONEY_DECIMALS)) for account in accounts)


# ---- the walk ------------------------------------------------------------------------------------------------------------------------


class SessionSpan(NamedTuple):
    """Ticks `begin` to `end` (excluded) of a tape belong to the trading day `day`. `start_ns` is the time of the first."""

    day: datetime.date
    begin: int
    end: int
    start_ns: int


def _pieces(ticks: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """The tape in pieces: the place of the first tick, and the ticks. Of a tape file what has been taken is given back."""
    for begin in range(0, len(ticks), _CHUNK):
        yield begin, ticks[begin : begin + _CHUNK]
        give_back(ticks, begin + _CHUNK)


def session_spans(ticks: NDArray[Any]) -> list[SessionSpan]:
    """The trading days of a tape that have trades or quotes, in order, as its session ticks tell them. A stretch without either belongs to
    the day before it."""
    spans: list[SessionSpan] = []
    day, begin, start_ns, valued = None, 0, 0, False  # of the stretch that is under way

    def close(end: int) -> None:
        if day is None:
            return
        if valued:
            spans.append(SessionSpan(_EPOCH + datetime.timedelta(days=day), begin, end, start_ns))
        elif spans:
            spans[-1] = spans[-1]._replace(end=end)

    for place, piece in _pieces(ticks):
        kinds = piece["kind"]
        data = (kinds == abi.NT_TICK_TRADE) | (kinds == abi.NT_TICK_QUOTE)
        at = 0
        for index in np.flatnonzero(kinds == abi.NT_TICK_SESSION).tolist():
            number = int(piece["size"][index])
            if day is not None and number <= day:
                continue
            valued = valued or bool(data[at:index].any())
            close(place + index)
            day, begin, start_ns, valued, at = number, place + index, int(piece["ts_event"][index]), False, index
        valued = valued or bool(data[at:].any())
    close(len(ticks))
    return spans


class SessionEquity(NamedTuple):
    """Equity in raw money at the last tick of a trading day; that of the last day is the final equity."""

    day: datetime.date
    equity: int


@dataclass(frozen=True, eq=False)
class EquityPath:
    """What a walk over the tape gives.

    `curve` has the dtype EQUITY: at most about 10,000 stretches of marks, each with the time of its first and its lowest equity.
    `drawdown` saw every mark. `span_ns` is the time from the first mark to the last; `in_market_ns` the part of it with a position, and
    `notional_ns` the integral over it of the positions' absolute money (raw money times nanoseconds). Both hold what was known and
    valued at a mark until the next one. `closes` are the equities at the ends of the trading days.
    """

    curve: NDArray[Any]
    drawdown: DrawdownTracker
    span_ns: int
    in_market_ns: int
    notional_ns: float
    closes: tuple[SessionEquity, ...]


@dataclass(frozen=True, eq=False)
class _Marks:
    """The ticks that move the kernel's mark of their instrument. Arrays of shape (n,): place in the piece, time, raw price, instrument."""

    place: NDArray[np.int64]
    ts: NDArray[np.int64]
    price: NDArray[np.int64]
    owner: NDArray[Any]


def _marks(ticks: NDArray[Any], traded: set[int]) -> _Marks:
    """Every trade of a piece, and the quotes of an instrument before its first trade. `traded` are those that have, and grows."""
    kind = ticks["kind"]
    trade = kind == abi.NT_TICK_TRADE
    place = np.flatnonzero(trade)
    quotes = np.flatnonzero(kind == abi.NT_TICK_QUOTE)
    numbers, first = np.unique(ticks["instrument"][place], return_index=True)
    if len(quotes):
        begun = np.full(int(ticks["instrument"][quotes].max()) + 1, len(ticks), np.int64)
        within = numbers < len(begun)
        begun[numbers[within]] = place[first[within]]
        begun[[number for number in traded if number < len(begun)]] = -1
        place = np.union1d(place, quotes[quotes < begun[ticks["instrument"][quotes]]])
    traded.update(numbers.tolist())
    middle = (ticks["bid_price"][place] + ticks["ask_price"][place]) >> 1
    return _Marks(place, ticks["ts_event"][place], np.where(trade[place], ticks["price"][place], middle), ticks["instrument"][place])


def walk(pairs: Sequence[PairFills], ticks: NDArray[Any], cash: int, final: int) -> EquityPath:
    """Value the pairs (of one currency) at every mark of a tape, from `cash` to `final`, the equity that the kernel ended with."""
    drawdown = DrawdownTracker(cash)
    spans = session_spans(ticks)
    closes: list[int] = []  # equity at the end of each span
    last_marks: dict[int, int] = {}
    held_ns, notional_ns, first, last = 0, 0.0, None, 0
    busy, size = False, 0.0  # since the last mark
    parts = []
    step = max(1, len(ticks) // _POINTS)
    traded: set[int] = set()
    for begin, piece in _pieces(ticks):
        marks = _marks(piece, traded)
        ts = marks.ts
        equity, notional, open_pairs = np.full(len(ts), cash, np.int64), np.zeros(len(ts)), np.zeros(len(ts), bool)
        while len(closes) < len(spans) and spans[len(closes)].end <= begin + len(piece):
            end = spans[len(closes)].end - begin
            closes.append(_close(pairs, piece, marks, end, last_marks, cash))
        for pair in pairs:
            marked = _filled(marks.price, marks.owner == pair.instrument, _mark_before(pair, last_marks))
            after = np.searchsorted(pair.known_ns, ts, side="right")
            equity = _sum(equity, pair.worth(after, marked))
            notional += pair.notional(after, marked)
            open_pairs |= (pair.position[after] != 0).astype(bool)
        for instrument in {pair.instrument for pair in pairs} & set(np.unique(marks.owner).tolist()):
            last_marks[instrument] = int(marks.price[marks.owner == instrument][-1])
        if len(ts) == 0:
            continue
        if first is None:
            first = last = int(ts[0])
        gaps = np.diff(ts, prepend=last)
        before_busy, before_size = np.concatenate(([busy], open_pairs[:-1])), np.concatenate(([size], notional[:-1]))
        held_ns += int(gaps[before_busy].sum())
        notional_ns += float(np.dot(gaps.astype(np.float64), before_size))
        busy, size, last = bool(open_pairs[-1]), float(notional[-1]), int(ts[-1])
        drawdown.add(ts, equity)
        starts = np.arange(0, len(ts), step)
        points = np.empty(len(starts), EQUITY)
        points["ts"], points["equity"] = ts[starts], np.minimum.reduceat(equity, starts)
        parts.append(points)
    drawdown.add(np.array([last], np.int64), np.array([final], np.int64))
    if closes:
        closes[-1] = final  # with what was filled when the tape had ended
    curve = np.concatenate(parts) if parts else np.empty(0, EQUITY)
    days = tuple(SessionEquity(span.day, money) for span, money in zip(spans, closes, strict=True))
    return EquityPath(curve, drawdown, 0 if first is None else last - first, held_ns, notional_ns, days)


def _mark_before(pair: PairFills, last_marks: Mapping[int, int]) -> int:
    """What has no mark yet is worth what it cost."""
    return last_marks.get(pair.instrument, int(pair.price[0]))


def _close(pairs: Sequence[PairFills], piece: NDArray[Any], marks: _Marks, end: int, last_marks: Mapping[int, int], cash: int) -> int:
    """Equity before tick `end` of a piece, with the marks before the piece for what has none in it."""
    equity = np.full(1, cash, np.int64)
    for pair in pairs:
        own = np.flatnonzero(marks.owner == pair.instrument)
        at = int(np.searchsorted(marks.place[own], end, side="left")) - 1
        mark = int(marks.price[own[at]]) if at >= 0 else _mark_before(pair, last_marks)
        after = np.searchsorted(pair.known_ns, piece["ts_event"][end - 1 : end], side="right")
        equity = _sum(equity, pair.worth(after, np.array([mark], np.int64)))
    return int(equity[0])


def _filled(price: NDArray[np.int64], own: NDArray[np.bool_], before: int) -> NDArray[np.int64]:
    """The last own price at each place, `before` until there is one."""
    places = np.maximum.accumulate(np.where(own, np.arange(len(price)), -1))
    return np.where(places >= 0, price[np.maximum(places, 0)], before)


def _sum(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    if _bound(left) + _bound(right) < _INT64:
        return left + right
    return _clipped(a + b for a, b in zip(left.tolist(), right.tolist(), strict=True))
