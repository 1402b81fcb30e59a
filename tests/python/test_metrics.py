"""Performance figures against a second computation in plain Python: exact decimals, one fill and one tick after the other."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_results import ACCOUNTS, INSTRUMENTS, NS, Quote, Scripted, Trade, random_events, random_orders, run, tape_of

from neural_trader._native import abi
from neural_trader.config import VenueConfig
from neural_trader.errors import InvalidArgument
from neural_trader.metrics import max_drawdown, session_ratios
from neural_trader.result import Result

CENT = Decimal("0.0001")  # the last decimal of accounts

# ---- the largest fall ----------------------------------------------------------------------------------------------------------------


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


# ---- a second computation ------------------------------------------------------------------------------------------------------------


class Fill(NamedTuple):
    ts: int
    known: int
    account: str
    symbol: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    order: tuple[int, int]


def fills_of(result: Result) -> list[Fill]:
    """Fills in units, by when they were known."""
    accounts, symbols = list(result.config.accounts), list(result.instruments)
    rows = []
    for report in result.reports[result.reports["exec_type"] == abi.NT_EXEC_TRADE]:
        symbol = symbols[report["instrument"]]
        instrument = result.instruments[symbol]
        quantity = Decimal(int(report["last_quantity"])).scaleb(-instrument.quantity_decimals)
        rows.append(
            Fill(
                int(report["ts_event"]),
                int(report["ts_recv"]),
                accounts[report["account"]],
                symbol,
                quantity if report["side"] == abi.NT_SIDE_BUY else -quantity,
                Decimal(int(report["last_price"])).scaleb(-instrument.price_decimals),
                int(report["fee"]) * CENT,
                (int(report["channel"]), int(report["client_order_id"])),
            )
        )
    return sorted(rows, key=lambda fill: fill.known)


def in_currency(result: Result, currency: str) -> list[Fill]:
    return [fill for fill in fills_of(result) if result.config.accounts[fill.account].currency == currency]


def prices_of(result: Result, symbol: str) -> list[tuple[int, Decimal]]:
    """Reference prices of an instrument over the tape."""
    assert result.source is not None
    instrument, number = result.instruments[symbol], list(result.instruments).index(symbol)
    mids, trades = [], []
    for tick in result.source.ticks:
        if tick["instrument"] != number:
            continue
        if tick["kind"] == abi.NT_TICK_QUOTE:
            both = Decimal(int(tick["bid_price"]) + int(tick["ask_price"]))
            mids.append((int(tick["ts_event"]), both.scaleb(-instrument.price_decimals) / 2))
        elif tick["kind"] == abi.NT_TICK_TRADE:
            trades.append((int(tick["ts_event"]), Decimal(int(tick["price"])).scaleb(-instrument.price_decimals)))
    return mids or trades


def price_at(prices: list[tuple[int, Decimal]], at: int, end: int) -> Decimal | None:
    known = [price for ts, price in prices if ts <= at]
    return known[-1] if known and at <= end else None


def multiplier(result: Result, fill: Fill) -> Decimal:
    return Decimal(str(result.instruments[fill.symbol].multiplier))


def trips_of(result: Result, fills: list[Fill]) -> list[Fraction]:
    """Profit of each order that closed something, at average cost, less the fees of both sides."""
    books: dict[tuple[str, str], tuple[Fraction, Fraction, Fraction]] = {}
    profits: dict[tuple[str, str, tuple[int, int]], Fraction] = {}
    for fill in fills:
        held, average, fees = books.get((fill.account, fill.symbol), (Fraction(0), Fraction(0), Fraction(0)))
        quantity, price, fee = Fraction(fill.quantity), Fraction(fill.price), Fraction(fill.fee)
        closes = min(abs(quantity), abs(held)) if quantity * held < 0 else Fraction(0)
        if closes:
            gain = (price - average) * closes * (1 if held > 0 else -1) * Fraction(multiplier(result, fill))
            entry = fees * closes / abs(held)
            key = (fill.account, fill.symbol, fill.order)
            profits[key] = profits.get(key, Fraction(0)) + gain - entry - fee * closes / abs(quantity)
            fees -= entry
        opens = abs(quantity) - closes
        after = held + quantity
        if opens:
            kept = abs(after) - opens
            average = (average * kept + price * opens) / abs(after)
        books[fill.account, fill.symbol] = (after, average, fees + fee * opens / abs(quantity))
    return list(profits.values())


def random_result(seed: int, *, quotes: bool, latency_us: int = 0, model: str = "conservative") -> Result:
    events = random_events(seed, quotes=quotes)
    venue = VenueConfig(latency_in_us=latency_us, latency_out_us=latency_us, slippage_ticks=1, fill_model=model)  # type: ignore[arg-type]
    return run(tape_of(events), Scripted(orders=random_orders(seed, 300)), venue=venue)


RUNS: list[Callable[[], Result]] = [
    lambda: random_result(1, quotes=False),
    lambda: random_result(2, quotes=False, latency_us=800_000),
    lambda: random_result(3, quotes=True, latency_us=1200),
    lambda: random_result(4, quotes=True, model="queue"),
    lambda: random_result(5, quotes=True, latency_us=300_000, model="probabilistic"),
]


@pytest.fixture(scope="module", params=range(len(RUNS)))
def result(request: pytest.FixtureRequest) -> Result:
    return RUNS[request.param]()


def test_profit_by_currency(result: Result) -> None:
    assert list(result.metrics.by_currency) == ["USD", "EUR"]
    for currency, row in result.metrics.by_currency.items():
        fills = in_currency(result, currency)
        assert row.fills == len(fills) > 5
        fees = sum((fill.fee for fill in fills), Decimal(0))
        gross = Decimal(0)
        for symbol in INSTRUMENTS:
            own = [fill for fill in fills if fill.symbol == symbol]
            last = prices_of_trades(result, symbol)
            gross += sum(((last - fill.price) * fill.quantity * multiplier(result, fill) for fill in own), Decimal(0))
        assert row.pnl.fees == fees
        assert abs(row.pnl.gross - gross) < 20 * CENT  # each position is floored by itself, and so is each close
        assert row.pnl.net == row.pnl.gross - row.pnl.fees
        assert result.summary["pnl_by_currency"][currency] == {"gross": row.pnl.gross, "fees": row.pnl.fees, "net": row.pnl.net}
    assert result.summary["pnl"] == result.summary["pnl_by_currency"]["USD"]


def prices_of_trades(result: Result, symbol: str) -> Decimal:
    assert result.source is not None
    instrument, number = result.instruments[symbol], list(result.instruments).index(symbol)
    ticks = result.source.ticks
    prices = ticks["price"][(ticks["kind"] == abi.NT_TICK_TRADE) & (ticks["instrument"] == number)]
    return Decimal(int(prices[-1])).scaleb(-instrument.price_decimals)


def test_turnover(result: Result) -> None:
    for currency, row in result.metrics.by_currency.items():
        money = sum((abs(fill.quantity * fill.price) * multiplier(result, fill) for fill in in_currency(result, currency)), Decimal(0))
        cash = sum((Decimal(str(a.cash)) for a in ACCOUNTS.values() if a.currency == currency), Decimal(0))
        assert row.turnover == money
        assert row.turnover_ratio == pytest.approx(float(money / cash))


def test_slippage(result: Result) -> None:
    taken: dict[tuple[int, int], int] = {}
    for order, at in zip(result.orders, result.taken, strict=True):
        if order["message"] == abi.NT_MESSAGE_NEW:
            taken.setdefault((int(at["channel"]), int(order["client_order_id"])), int(at["ts"]))
    assert result.source is not None
    end = int(result.source.ticks["ts_event"][-1])
    for currency, row in result.metrics.by_currency.items():
        cost, unknown = Decimal(0), 0
        for fill in in_currency(result, currency):
            reference = price_at(prices_of(result, fill.symbol), taken[fill.order], end)
            unknown += reference is None
            cost += Decimal(0) if reference is None else (fill.price - reference) * fill.quantity * multiplier(result, fill)
        if unknown:
            assert (row.pnl.slippage, row.pnl.gross_at_arrival) == (None, None)
            assert result.metrics.reasons[f"{currency}.slippage"].startswith(f"{unknown} of {row.fills} fills")
        else:
            assert row.pnl.slippage == cost
            assert row.pnl.gross_at_arrival == row.pnl.gross + cost


def test_markouts(result: Result) -> None:
    assert result.source is not None
    end = int(result.source.ticks["ts_event"][-1])
    for currency, row in result.metrics.by_currency.items():
        assert [markout.horizon_s for markout in row.markouts] == [1, 10, 60]
        for markout in row.markouts:
            gain, size, count, missing = Decimal(0), Decimal(0), 0, 0
            for fill in in_currency(result, currency):
                reference = price_at(prices_of(result, fill.symbol), fill.ts + markout.horizon_s * NS, end)
                if reference is None:
                    missing += 1
                    continue
                count += 1
                gain += (reference - fill.price) * fill.quantity * multiplier(result, fill)
                size += abs(fill.price * fill.quantity) * multiplier(result, fill)
            assert (markout.fills, markout.missing, markout.money) == (count, missing, gain)
            assert markout.bps == pytest.approx(float(gain / size * 10_000))
        assert len({markout.money for markout in row.markouts}) == 3


def test_round_trips(result: Result) -> None:
    for currency, row in result.metrics.by_currency.items():
        trips = trips_of(result, in_currency(result, currency))
        wins, losses = [trip for trip in trips if trip > 0], [-trip for trip in trips if trip < 0]
        found = row.round_trips
        assert (found.count, found.wins, found.losses) == (len(trips), len(wins), len(losses))
        assert found.count > 3
        assert float(found.profit) == pytest.approx(float(sum(wins)), abs=1e-4)
        assert float(found.loss) == pytest.approx(float(sum(losses)), abs=1e-4)
        assert found.hit_rate == pytest.approx(len(wins) / len(trips))
        if losses:
            assert found.profit_factor == pytest.approx(float(sum(wins) / sum(losses)))


def test_hold(result: Result) -> None:
    for currency, row in result.metrics.by_currency.items():
        fills = in_currency(result, currency)
        gain = Decimal(0)
        for account, symbol in {(fill.account, fill.symbol) for fill in fills}:
            held, largest = Decimal(0), Decimal(0)
            for fill in fills:
                if (fill.account, fill.symbol) == (account, symbol):
                    held += fill.quantity
                    largest = max(largest, abs(held))
            prices = prices_of(result, symbol)
            gain += (prices[-1][1] - prices[0][1]) * largest * Decimal(str(result.instruments[symbol].multiplier))
        assert row.hold == gain
        assert row.excess_over_hold == row.pnl.net - gain


def test_drawdown_and_exposure(result: Result) -> None:
    """Equity after every tick that moves a price, in the first account's currency."""
    assert result.source is not None
    fills = in_currency(result, "USD")
    begun = dict.fromkeys(range(2), False)
    marks: list[tuple[int, Decimal | None]] = []  # time, and the price of TEST where it moved
    for tick in result.source.ticks:
        number = int(tick["instrument"])
        if tick["kind"] == abi.NT_TICK_TRADE:
            begun[number] = True
            price = int(tick["price"])
        elif tick["kind"] == abi.NT_TICK_QUOTE and not begun[number]:
            price = (int(tick["bid_price"]) + int(tick["ask_price"])) // 2
        else:
            continue
        marks.append((int(tick["ts_event"]), Decimal(price).scaleb(-2) if number == 0 else None))
    mark, curve, held_ns, size_ns = Decimal(0), [(0, Decimal(150_000))], 0, Decimal(0)
    before: tuple[int, Decimal] | None = None
    for at, price in marks:
        if before is not None:
            positions = [sum((f.quantity for f in fills if f.known <= before[0] and f.account == name), Decimal(0)) for name in ACCOUNTS]
            held_ns += (at - before[0]) * any(positions)
            size_ns += (at - before[0]) * sum(abs(q) * before[1] * 50 for q in positions)
        mark = mark if price is None else price
        known = [fill for fill in fills if fill.known <= at]
        curve.append((at, 150_000 + sum((mark - f.price) * f.quantity * 50 - f.fee for f in known)))
        before = (at, mark)
    curve.append((marks[-1][0], result.summary["equity_final"]))
    fall, high = Decimal(0), curve[0][1]
    top, top_at, longest, under = curve[0][1], marks[0][0], 0, False
    for at, money in curve:
        if money >= top:
            longest = max(longest, at - top_at) if under else longest
            top, top_at, under = money, max(at, marks[0][0]), False
        else:
            under = True
            if top - money > fall:
                fall, high = top - money, top
    longest = max(longest, marks[-1][0] - top_at) if under else longest
    drawdown, exposure = result.metrics.drawdown, result.metrics.exposure
    assert (drawdown.money, drawdown.high) == (fall, high)
    assert drawdown.ratio == pytest.approx(float(fall / high))
    assert drawdown.duration_ns == longest > 0
    assert drawdown.recovered is (not under)
    span = marks[-1][0] - marks[0][0]
    assert exposure.time_in_market == pytest.approx(held_ns / span)
    assert float(exposure.mean_absolute_notional or 0) == pytest.approx(float(size_ns / span), abs=1e-3)
    assert drawdown.high_ns is not None
    assert drawdown.low_ns is not None
    assert drawdown.high_ns < drawdown.low_ns


def test_the_reference_is_the_mid_where_there_are_quotes() -> None:
    assert set(random_result(1, quotes=False).metrics.reference.values()) == {"last"}
    assert set(random_result(4, quotes=True, model="queue").metrics.reference.values()) == {"mid"}


# ---- quotes alone --------------------------------------------------------------------------------------------------------------------


def test_a_tape_of_quotes_alone_is_valued_at_their_middle() -> None:
    quotes = [Quote(number, 1000 + number / 2, 1000.5 + number / 2) for number in range(20)]
    venue = VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=0, fill_model="queue")
    result = run(tape_of(quotes), Scripted(orders=[(3, "TEST", 4, "main")]), venue=venue)
    (fill,) = fills_of(result)
    expected = 150_000 + (Decimal("1009.75") - fill.price) * 4 * 50 - fill.fee
    assert result.summary["equity_final"] == expected
    assert Decimal(int(result.equity["equity"][-1])) * CENT == expected
    assert len(result.equity) == 20
    assert result.metrics.exposure.time_in_market is not None
    assert 0 < result.metrics.exposure.time_in_market < 1


def test_quotes_that_are_implied_are_no_reference() -> None:
    source = tape_of([Quote(number, 1000, 1000.5) for number in range(10)])
    source.ticks["flags"][source.ticks["kind"] == abi.NT_TICK_QUOTE] |= abi.NT_TICK_IMPLIED
    venue = VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=0, fill_model="queue")
    metrics = run(source, Scripted(orders=[(3, "TEST", 4, "main")]), venue=venue).metrics
    row = metrics.by_currency["USD"]
    assert (row.fills, row.pnl.slippage, row.hold) == (1, None, None)
    assert metrics.reference == {"TEST": "none"}
    assert metrics.reasons["USD.slippage"] == "1 of 1 fills have no price at their order's arrival"
    assert metrics.reasons["USD.hold"] == "an instrument that was traded has no price on the tape"
    assert [(markout.fills, markout.missing, markout.money) for markout in row.markouts] == [(0, 1, None)] * 3


# ---- sessions ------------------------------------------------------------------------------------------------------------------------


def days(count: int) -> Result:
    """A position held over days that each have a few prints."""
    generator = np.random.default_rng(8)
    events, price = [], 1000.0
    for day in range(count):
        for hour in range(1, 5):
            price += int(generator.integers(-8, 9)) * 0.25
            events.append(Trade(day * 86_400 + hour * 3600, price, aggressor="BUY" if hour % 2 else "SELL"))
    return run(tape_of(events), Scripted(orders=[(1, "TEST", 3, "main"), (25, "TEST", -1, "main")]))


def test_sharpe_and_sortino_of_sessions() -> None:
    result = days(30)
    assert result.source is not None
    closes: dict[int, Decimal] = {}
    mark = Decimal(0)
    fills = fills_of(result)
    assert len(fills) == 2
    for tick in result.source.ticks[result.source.ticks["kind"] == abi.NT_TICK_TRADE]:
        at, mark = int(tick["ts_event"]), Decimal(int(tick["price"])).scaleb(-2)
        known = [fill for fill in fills if fill.known <= at]
        closes[at // (86_400 * NS)] = 150_000 + sum(((mark - f.price) * f.quantity * 50 - f.fee for f in known), Decimal(0))
    levels = [150_000.0, *map(float, closes.values())]
    assert [close.equity for close in result.closes] == [int(money / CENT) for money in closes.values()]
    returns = [after / before - 1 for before, after in itertools.pairwise(levels)]
    mean = statistics.fmean(returns)
    downside = math.sqrt(sum(min(value, 0) ** 2 for value in returns) / len(returns))
    metrics = result.metrics
    assert metrics.sessions == 30
    assert metrics.sharpe == pytest.approx(mean / statistics.stdev(returns) * math.sqrt(252))
    assert metrics.sortino == pytest.approx(mean / downside * math.sqrt(252))
    assert not {"sharpe", "sortino"} & set(metrics.reasons)


def test_few_sessions_have_no_ratio() -> None:
    metrics = days(19).metrics
    assert (metrics.sessions, metrics.sharpe, metrics.sortino) == (19, None, None)
    assert "19 sessions" in metrics.reasons["sharpe"]
    assert metrics.reasons["sortino"] == metrics.reasons["sharpe"]
    assert days(20).metrics.sharpe is not None


def test_no_losing_session_has_no_sortino() -> None:
    levels = [100.0 + 2 * day + day % 3 for day in range(1, 26)]
    sharpe, sortino, reasons = session_ratios(100.0, levels)
    assert sharpe is not None
    assert sharpe > 0
    assert sortino is None
    assert list(reasons) == ["sortino"]
    assert "no session lost" in reasons["sortino"]


@pytest.mark.parametrize(
    ("start", "closes", "text"),
    [(100.0, [100.0] * 25, "equal"), (100.0, [-1.0] * 25, "zero or less"), (0.0, [1.0] * 25, "zero or less"), (100.0, [], "0 sessions")],
)
def test_sessions_without_a_ratio(start: float, closes: list[float], text: str) -> None:
    sharpe, sortino, reasons = session_ratios(start, closes)
    assert (sharpe, sortino) == (None, None)
    assert text in reasons["sharpe"]
    assert text in reasons["sortino"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_equity_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(InvalidArgument, match="not a finite number"):
        session_ratios(100.0, [100.0, bad])


# ---- each figure follows its input ---------------------------------------------------------------------------------------------------


def test_other_input_gives_other_figures() -> None:
    first, second = (random_result(seed, quotes=True).metrics for seed in (11, 13))
    for currency in ("USD", "EUR"):
        one, other = first.by_currency[currency], second.by_currency[currency]
        for name in ("fills", "turnover", "turnover_ratio", "round_trips", "hold", "excess_over_hold"):
            assert getattr(one, name) != getattr(other, name), name
        for left, right in zip(one.markouts, other.markouts, strict=True):
            assert left.money != right.money
            assert left.bps != right.bps
        for name in ("gross", "fees", "net"):
            assert getattr(one.pnl, name) != getattr(other.pnl, name), name
    for name in ("money", "ratio", "high", "duration_ns"):
        assert getattr(first.drawdown, name) != getattr(second.drawdown, name), name
    assert first.exposure.time_in_market != second.exposure.time_in_market
    assert first.exposure.mean_absolute_notional != second.exposure.mean_absolute_notional


def test_slippage_ticks_are_slippage() -> None:
    """Prints that do not move: what is lost is the slippage that the venue takes."""
    events = [Trade(number, 1000) for number in range(10)]
    for ticks in (0, 1, 3):
        venue = VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=ticks)
        result = run(tape_of(events), Scripted(orders=[(1, "TEST", 2, "main")]), venue=venue)
        pnl = result.metrics.by_currency["USD"].pnl
        assert pnl.slippage == 2 * 50 * Decimal("0.25") * ticks
        assert pnl.gross == -pnl.slippage
        assert pnl.gross_at_arrival == 0
