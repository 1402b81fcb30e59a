"""Equity over a tape against a plain walk in Python: several accounts and instruments, sessions, exposure, drawdown and its duration."""

from __future__ import annotations

import datetime
import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import COIN, TEST, WHOLE, config_of

from neural_trader._native import abi
from neural_trader.config import AccountConfig
from neural_trader.equity import DrawdownTracker, EquityPath, cash_raw, pairs_of, walk
from neural_trader.instruments import Instrument

INSTRUMENTS = {"TEST": TEST, "COIN": COIN}
ACCOUNTS = {"one": AccountConfig(currency="USD", cash=1000), "two": AccountConfig(currency="USD", cash=500)}
CASH = 1500 * 10_000

Print = tuple[int, int, int]
"""Time, instrument, raw price."""
Fill = tuple[int, int, int, int, int, int]
"""Time, account, instrument, signed quantity, raw price, fee."""


def tape_of(prints: list[Print], sessions: dict[int, int] | None = None) -> NDArray[Any]:
    """Trades, and session ticks of a trading day before the time they are given at."""
    rows: list[tuple[int, int, int, int, int]] = [(ts, 1, abi.NT_TICK_TRADE, instrument, price) for ts, instrument, price in prints]
    rows += [(ts, 0, abi.NT_TICK_SESSION, 0, day) for ts, day in (sessions or {}).items()]
    ticks: NDArray[Any] = np.zeros(len(rows), abi.NT_TICK)
    for tick, (ts, _, kind, instrument, value) in zip(ticks, sorted(rows, key=lambda row: row[:2]), strict=True):
        tick["ts_event"], tick["kind"], tick["instrument"] = ts, kind, instrument
        tick["size" if kind == abi.NT_TICK_SESSION else "price"] = value
    return ticks


def fills_of(rows: list[Fill]) -> NDArray[Any]:
    fills: NDArray[Any] = np.zeros(len(rows), abi.NT_REPORT)
    for report, (ts, account, instrument, signed, price, fee) in zip(fills, rows, strict=True):
        report["exec_type"] = abi.NT_EXEC_TRADE
        report["ts_event"] = report["ts_recv"] = ts
        report["account"], report["instrument"] = account, instrument
        report["side"] = abi.NT_SIDE_BUY if signed > 0 else abi.NT_SIDE_SELL
        report["last_quantity"], report["last_price"], report["fee"] = abs(signed), price, fee
    return fills


def value_of(instrument: Instrument) -> Fraction:
    """Raw money of one raw price times one raw quantity."""
    decimals = instrument.price_decimals + instrument.quantity_decimals
    return Fraction(str(instrument.multiplier)) * Fraction(10) ** (4 - decimals)


def equity_at(ts: int, prints: list[Print], rows: list[Fill]) -> int:
    """Raw equity when all of `ts` is known: each account's position on each instrument floored to raw money."""
    total = CASH
    for account in range(2):
        for index, instrument in enumerate(INSTRUMENTS.values()):
            own = [row for row in rows if row[1] == account and row[2] == index]
            known = [row for row in own if row[0] <= ts]
            marks = [price for at, owner, price in prints if owner == index and at <= ts] or [own[0][4] if own else 0]
            product = sum(signed * (marks[-1] - price) for _, _, _, signed, price, _ in known)
            total += int(product * value_of(instrument) // 1) - sum(row[5] for row in known)
    return total


def walked(prints: list[Print], rows: list[Fill], final: int | None = None, sessions: dict[int, int] | None = None) -> EquityPath:
    config = config_of("equity", instruments=INSTRUMENTS, accounts=ACCOUNTS)
    pairs = pairs_of(config, INSTRUMENTS, fills_of(rows))
    last = equity_at(10**18, prints, rows) if final is None else final
    return walk(pairs, tape_of(prints, sessions), cash_raw(config), last)


PRINTS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 1), st.integers(90, 110)), min_size=2, max_size=30)
FILLS = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(-4, 4).filter(bool),
        st.integers(90, 110),
        st.integers(-20, 50),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(PRINTS, FILLS)
def test_every_point_is_what_a_plain_walk_gives(steps: list[Print], rows: list[Fill]) -> None:
    moments = np.cumsum([step[0] for step in steps]).tolist()
    prints = [(at, owner, price) for at, (_, owner, price) in zip(moments, steps, strict=True)]
    rows = sorted(rows)
    path = walked(prints, rows)
    expected = [equity_at(at, prints, rows) for at, _, _ in prints]
    assert path.curve["ts"].tolist() == moments
    assert path.curve["equity"].tolist() == expected
    final = equity_at(10**18, prints, rows)
    curve = [CASH, *expected, final]
    assert path.drawdown.fall == max(high - low for i, high in enumerate(curve) for low in curve[i:])
    assert path.drawdown.recovered == (final == max(curve))
    held, notional = 0, Fraction(0)
    for (begin, _, _), (end, _, _) in itertools.pairwise(prints):
        size = Fraction(0)
        any_held = False
        for account in range(2):
            for index, instrument in enumerate(INSTRUMENTS.values()):
                own = [row for row in rows if row[1] == account and row[2] == index]
                position = sum(row[3] for row in own if row[0] <= begin)
                marks = [price for at, owner, price in prints if owner == index and at <= begin] or [own[0][4] if own else 0]
                size += abs(position * marks[-1]) * value_of(instrument)
                any_held |= position != 0
        held += (end - begin) * any_held
        notional += (end - begin) * size
    assert path.span_ns == moments[-1] - moments[0]
    assert path.in_market_ns == held
    assert path.notional_ns == pytest.approx(float(notional), rel=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5)), min_size=1, max_size=25), st.integers(1, 25))
def test_the_longest_time_below_a_high(points: list[tuple[int, int]], cut: int) -> None:
    times = np.cumsum([gap for gap, _ in points])
    values = np.array([value for _, value in points], np.int64)
    tracker = DrawdownTracker(0)
    for part in (slice(0, cut), slice(cut, None)):  # in two pieces, wherever they are cut
        tracker.add(times[part], values[part])
    top, top_ns, longest, under = 0, int(times[0]), 0, False
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        if value >= top:
            longest = max(longest, at - top_ns if under else 0)
            top, top_ns, under = value, at, False
        else:
            under = True
    longest = max(longest, int(times[-1]) - top_ns if under else 0)
    assert tracker.longest_ns == longest
    assert tracker.recovered is not under


def test_where_the_drawdown_was() -> None:
    tracker = DrawdownTracker(100)
    tracker.add(np.array([10, 20, 30]), np.array([120, 90, 110]))
    tracker.add(np.array([40, 50]), np.array([80, 130]))
    assert (tracker.fall, tracker.high, tracker.high_ns, tracker.low_ns) == (40, 120, 10, 40)
    assert tracker.longest_ns == 40


def test_a_walk_goes_over_the_edges_of_its_pieces() -> None:
    """More ticks than one piece holds, with prints of another instrument in between."""
    count = 150_000
    prices = 100 + np.random.default_rng(3).integers(-1, 2, count).cumsum() % 50
    prints = [(at, at % 7 == 0, int(price)) for at, price in enumerate(prices)]
    rows = [(10, 0, 0, 3, 100, 7), (70_000, 0, 1, -2, 120, 5), (140_000, 1, 0, -1, 90, 0)]
    path = walked([(at, int(owner), price) for at, owner, price in prints], rows, final=0)
    marks = {0: 100, 1: 120}
    lows: list[int] = []
    step = count // 10_000
    worst, top = 0, CASH
    piece: list[int] = []
    for at, owner, price in prints:
        marks[int(owner)] = price
        value = CASH
        for index, instrument in enumerate(INSTRUMENTS.values()):
            for account in range(2):
                known = [row for row in rows if row[0] <= at and row[1] == account and row[2] == index]
                product = sum(row[3] * (marks[index] - row[4]) for row in known)
                value += int(product * value_of(instrument) // 1) - sum(row[5] for row in known)
        top = max(top, value)
        worst = max(worst, top - value)
        piece.append(value)
        if len(piece) == step:
            lows.append(min(piece))
            piece = []
    assert path.drawdown.fall == max(worst, top)  # the final equity was given as 0
    assert min(lows) == path.curve["equity"].min()
    assert len(path.curve) <= 10_010


def test_closes_are_by_trading_day() -> None:
    prints = [(1, 0, 100), (5, 0, 110), (12, 0, 105), (31, 0, 120)]
    rows = [(2, 0, 0, 1, 100, 0), (6, 0, 0, 1, 110, 0)]
    path = walked(prints, rows, sessions={0: 10, 10: 11, 20: 12, 30: 13})  # nothing trades on day 12
    day = datetime.date(1970, 1, 1)
    assert [(close.day - day).days for close in path.closes] == [10, 11, 13]
    assert [close.equity for close in path.closes] == [equity_at(at, prints, rows) for at in (9, 19, 40)]


def test_a_tape_without_trades_has_no_curve() -> None:
    path = walked([], [])
    assert (len(path.curve), path.span_ns, path.in_market_ns, path.closes) == (0, 0, 0, ())
    assert (path.drawdown.fall, path.drawdown.high) == (0, CASH)


def test_money_beyond_64_bits_is_clipped() -> None:
    instruments = {"W": WHOLE}
    config = config_of("equity", instruments=instruments)
    large = 2**50
    for sign in (1, -1):
        fills = fills_of([(1, 0, 0, sign * large, 1, 0)])
        ticks = tape_of([(2, 0, large)])
        (pair,) = pairs_of(config, instruments, fills)
        exact = sign * large * (large - 1) * pair.numerator // pair.denominator
        assert abs(exact) > 2**63
        clipped = max(-(2**63), min(2**63 - 1, exact))
        path = walk([pair], ticks, 0, 0)
        assert path.curve["equity"].tolist() == [clipped]
