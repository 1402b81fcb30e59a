"""Fills of the paper venue against those of hftbacktest, order by order, on the same market and with the same script of orders.

Both wait `latency_in` and `latency_out` each way and see every event at its own nanosecond; no event, arrival or answer shares one with
another. hftbacktest runs with PartialFillExchange in its own process (hftbacktest_peer.py).
"""

from __future__ import annotations

import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hftbacktest_peer import (
    BUY,
    CANCEL,
    EVENT,
    LATENCY_IN_NS,
    LATENCY_OUT_NS,
    LEVEL,
    NEW,
    PYTHON,
    REPLACE,
    SCRIPT,
    SELL,
    TRADE,
    Outcome,
    Scenario,
    theirs,
)
from numpy.typing import NDArray
from recorded import recorded_or_skip
from support import config_of

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import SourceConfig, VenueConfig
from neural_trader.instruments import Instrument
from neural_trader.kernel import Kernel
from neural_trader.sources import Source, open_source

HERE = Path(__file__).resolve().parent
MILLIONTH = Decimal("0.000001")
pytestmark = pytest.mark.skipif(
    not PYTHON.exists() and os.environ.get("CI") != "true", reason="hftbacktest is not installed: make build/peer makes its environment"
)


# ---- the market and the script -------------------------------------------------------------------------------------------------------


class RandomMarket:
    """A book that is never crossed, trades at its best prices, and what both do, event by event."""

    def __init__(self, seed: int, *, least: int, trading: float) -> None:
        self.random = np.random.default_rng(seed)
        self.least = least
        self.trading = trading  # share of steps
        self.now = 1_000_000_000_000
        self.events: list[tuple[int, ...]] = []
        self.books: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        for depth in range(10):
            self.level(BUY, 10_000 - depth, self.size())
            self.level(SELL, 10_002 + depth, self.size())

    def size(self) -> int:
        return 2 * int(self.random.integers(self.least // 2, self.least // 2 + 24))

    def best(self, side: int) -> int:
        return max(self.books[BUY]) if side == BUY else min(self.books[SELL])

    def emit(self, kind: int, side: int, price: int, size: int) -> None:
        self.now += 10 * int(self.random.integers(1, 200_000))
        self.events.append((self.now, kind, side, price, size))

    def level(self, side: int, price: int, size: int) -> None:
        if size > 0:
            self.books[side][price] = size
        elif self.books[side].pop(price, 0) == 0:
            return
        self.emit(LEVEL, side, price, size)

    def trade(self, aggressor: int) -> None:
        side = BUY + SELL - aggressor
        price = self.best(side)
        small = self.least + 2 * int(self.random.integers(0, 6))
        size = max(self.books[side][price], self.least) if self.random.random() < 0.15 else small
        self.emit(TRADE, aggressor, price, size)
        self.level(side, price, max(self.books[side][price] - size, 0))

    def step(self) -> None:
        """One or a few events."""
        side, kind = int(self.random.integers(1, 3)), self.random.random()
        away = 1 if side == SELL else -1
        spread = self.best(SELL) - self.best(BUY)
        if kind < self.trading:
            self.trade(side)
        elif kind < self.trading + 0.15 and spread > 1:
            self.level(side, self.best(side) - away * int(self.random.integers(1, spread)), self.size())
        elif kind < self.trading + 0.18:
            self.level(side, self.best(side), 0)
        else:
            price = self.best(side) + away * int(self.random.integers(0, 6))
            self.level(side, price, 0 if self.random.random() < 0.1 else self.size())
        for one, direction in ((BUY, -1), (SELL, 1)):
            while len(self.books[one]) < 8:
                worst = (min if one == BUY else max)(self.books[one], default=self.best(BUY + SELL - one) + direction)
                self.level(one, worst + direction, self.size())


class RecordedMarket:
    """Recorded levels and trades, an update of the book at a time: what is gone first, for hftbacktest takes level by level, and must not
    see a book that is crossed in the middle of an update. Prices are in ticks, sizes in half lots, so that they are even. A nanosecond
    counts as ten, which leaves room for updates and orders between two."""

    def __init__(self, ticks: NDArray[Any], tick: int) -> None:
        begin = int(np.flatnonzero(ticks["kind"] == abi.NT_TICK_BOOK_CLEAR)[0])
        gaps = np.flatnonzero(ticks["kind"] == abi.NT_TICK_GAP)
        end = min((int(gap) for gap in gaps if gap > begin), default=len(ticks))
        ticks = ticks[begin:end]
        ticks = ticks[(ticks["kind"] == abi.NT_TICK_LEVEL) | (ticks["kind"] == abi.NT_TICK_TRADE)]
        rows = np.zeros(len(ticks), EVENT)
        rows["time"] = (ticks["ts_event"] - ticks["ts_event"][0] + 1_000_000_000) * 10
        rows["kind"] = np.where(ticks["kind"] == abi.NT_TICK_TRADE, TRADE, LEVEL)
        rows["side"], rows["price"], rows["size"] = ticks["aggressor"], ticks["price"] // tick, ticks["size"] * 2
        same = (np.diff(ticks["trade_id"]) == 0) & (rows["kind"][1:] == LEVEL) & (rows["kind"][:-1] == LEVEL)
        number = np.concatenate([[0], np.cumsum(~same)])
        rows["time"] = np.maximum.accumulate(rows["time"] - 10 * number) + 10 * number  # each update at a time of its own
        rows["time"][rows["time"] > rows["time"][0]] += 1_000_000  # orders that arrive after the snapshot are sent after its beginning
        rows = rows[np.lexsort((rows["size"] > 0, rows["time"]))]
        self.groups = iter(np.split(rows, np.flatnonzero(np.diff(rows["time"])) + 1))
        self.books: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        self.events: list[tuple[int, ...]] = []
        self.now = 0
        self.step()

    def best(self, side: int) -> int:
        return max(self.books[BUY]) if side == BUY else min(self.books[SELL])

    def step(self) -> None:
        for event in next(self.groups).tolist():
            self.events.append(event)
            self.now, kind, side, price, size = event
            if kind == LEVEL:
                self.books[side][price] = size
                if size == 0:
                    del self.books[side][price]


def scenario(
    seed: int,
    orders: int,
    *,
    market: RandomMarket | RecordedMarket | None = None,
    quantity: int = 1,
    least: int = 6,
    trading: float = 0.35,
    crossing: float = 0.1,
    immediate: bool = True,
    replaced: float = 0.15,
    working: int = 4,
    every: int = 10,
) -> Scenario:
    """Orders of up to `quantity` lots inside, at and behind the best, a share `crossing` of them marketable, at most `working` a side, each
    cancelled some time later, a share `replaced` of them repriced before. Levels and trades come with at least `least` lots.

    Orders are of an odd number of lots, levels and trades of an even one: an order that a trade at its price fills exactly stays in
    hftbacktest 2.4.4's list of working orders, and its next trade ends the run with InvalidOrderStatus (14).
    """
    market = market if market is not None else RandomMarket(seed, least=least, trading=trading)
    random = np.random.default_rng(seed + 1_000_000)
    script: list[tuple[int, int, int, int, int, int, float]] = []
    due: dict[int, list[tuple[int, int, int, float]]] = defaultdict(list)
    open_on = {BUY: 0, SELL: 0}
    number = slot = 0

    def price_for(side: int, crosses: bool) -> int:
        bid, ask = market.best(BUY), market.best(SELL)
        near, far, away = (bid, ask, -1) if side == BUY else (ask, bid, 1)
        if crosses:
            return far - away * int(random.integers(0, 4))
        if ask - bid > 1 and random.random() < 0.4:
            return near - away * int(random.integers(1, ask - bid))
        return near + away * int(random.choice([0, 0, 1, 2, 4]))

    while number < orders or any(open_on.values()):
        before = len(market.events)
        while len(market.events) < before + every:
            market.step()
        slot += 1
        at = market.now + 3 - LATENCY_IN_NS
        if due[slot]:
            action, order, side, size = due[slot].pop(0)
            due[slot + 1] = due[slot] + due[slot + 1]
            script.append((at, action, order, side, 0, price_for(side, False), size))
            open_on[side] -= action == CANCEL
        elif number < orders:
            side = int(random.integers(1, 3))
            if open_on[side] == working:
                continue
            number += 1
            open_on[side] += 1
            crosses = bool(random.random() < crossing)
            size = float(1 + 2 * random.integers(0, (quantity + 1) // 2))
            script.append((at, NEW, number, side, int(crosses and immediate), price_for(side, crosses), size))
            if random.random() < replaced:
                due[slot + int(random.integers(1, 4))].append((REPLACE, number, side, size))
            due[slot + int(random.integers(4, 20))].append((CANCEL, number, side, size))
    while market.now < script[-1][0] + 1_000_000_000:
        market.step()
    return Scenario(np.array(market.events, EVENT), np.array(script, SCRIPT))


# ---- both engines --------------------------------------------------------------------------------------------------------------------


class Scripted(nt.Strategy):
    """Sends the script's orders at their times and keeps what is answered."""

    script: Any
    per_lot: int

    def on_start(self, client: nt.Client) -> None:
        self.at = 0
        self.numbers: dict[int, int] = {}
        self.ids: dict[int, int] = {}
        self.idle: set[int] = set()  # acknowledged, not ended, nothing asked
        self.outcomes: dict[int, Outcome] = defaultdict(Outcome)
        self.refused: list[str] = []
        self.now = 0
        self.times = self.script["time"].tolist()
        self.rows = self.script.tolist()

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.now = int(ticks.raw["ts_event"][-1])
        while self.at < len(self.times) and self.times[self.at] <= self.now:
            assert self.times[self.at] == self.now
            _, action, number, side, immediate, price, quantity = self.rows[self.at]
            self.at += 1
            if action == NEW:
                order = client.submit(
                    "TEST", "BUY" if side == BUY else "SELL", round(quantity, 6), price, time_in_force="IOC" if immediate else "GTC"
                )
                self.numbers[order], self.ids[number] = number, order
            elif number in self.idle:
                self.idle.discard(number)
                if action == CANCEL:
                    client.cancel(self.ids[number])
                else:
                    client.replace(self.ids[number], price=price)

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        number = self.numbers[report.order_id]
        outcome, kind = self.outcomes[number], report.kind
        times = (report.ts_event, report.raw[13])
        if kind == "NEW":
            outcome.accepted = times
            self.idle.add(number)
        elif kind == "TRADE":
            price, quantity = round(report.last_price or 0), round(report.last_quantity * self.per_lot)
            before = outcome.fills.pop()[2] if outcome.fills and outcome.fills[-1][:2] == times else 0
            outcome.fills.append((*times, before + quantity, price, quantity))
        elif kind == "REPLACED":
            outcome.replaced.append(times)
            self.idle.add(number)
        elif kind not in ("CANCELED", "EXPIRED") and report.reason != "TOO_LATE":
            self.refused.append(f"{number} {kind} {report.reason}")
        if report.status in ("FILLED", "CANCELED", "EXPIRED") and outcome.end == "WORKING":
            outcome.end, outcome.ended = report.status, times
            self.idle.discard(number)


def ours(plan: Scenario, fill_model: Literal["queue", "probabilistic"], lot: Decimal = Decimal(1)) -> dict[int, Outcome]:
    """The scenario in a kernel of this process. Quantities of the outcome are in raw units of `lot`."""
    instrument = Instrument(tick_size=1, lot_size=lot, currency="USD", max_price=10_000_000)
    venue = VenueConfig(
        fill_model=fill_model,
        slippage_ticks=0,
        latency_in_us=Decimal(LATENCY_IN_NS) / 1000,
        latency_out_us=Decimal(LATENCY_OUT_NS) / 1000,
    )
    config = config_of("hftbacktest", instruments={"TEST": instrument}, venue=venue, cash=10**9).validated()
    per_lot = int(1 / lot)
    ticks: NDArray[Any] = np.zeros(len(plan.events) + len(plan.script) + 2, abi.NT_TICK)
    feed = ticks[1 : 1 + len(plan.events)]
    feed["ts_event"] = plan.events["time"]
    feed["kind"] = np.where(plan.events["kind"] == TRADE, abi.NT_TICK_TRADE, abi.NT_TICK_LEVEL)
    feed["aggressor"] = plan.events["side"]
    feed["price"] = plan.events["price"] * instrument.price_converter().raw(1)
    feed["size"] = plan.events["size"] * instrument.quantity_converter().raw(1)
    feed["trade_id"] = np.where(plan.events["kind"] == LEVEL, np.cumsum(np.diff(feed["ts_event"], prepend=0) > 0), 0)
    clocks = ticks[1 + len(feed) : -1]
    clocks["ts_event"] = plan.script["time"]
    clocks["kind"] = abi.NT_TICK_LATENCY  # changes nothing where latency is constant; a clock tick would be kept from the strategy
    ticks[0]["kind"], ticks[0]["ts_event"] = abi.NT_TICK_BOOK_CLEAR, plan.events["time"][0] - 10
    ticks[-1]["kind"], ticks[-1]["ts_event"] = abi.NT_TICK_END, plan.events["time"][-1]
    ticks = ticks[np.argsort(ticks["ts_event"], kind="stable")]
    ticks["flags"] = np.where(np.diff(ticks["ts_event"], append=2**62) > 0, abi.NT_TICK_LAST_OF_SLICE, 0)
    source = Source("random", "TEST", config.instruments, ticks, int((plan.events["kind"] == TRADE).sum()), (), "")
    strategy = Scripted(script=plan.script, per_lot=per_lot)
    with Kernel(config, private=True) as kernel:
        kernel.run(source, strategy)
    assert strategy.at == len(plan.script)
    assert strategy.refused == [], strategy.refused[:3]
    return dict(strategy.outcomes)


# ---- what is compared ----------------------------------------------------------------------------------------------------------------


def differing(first: dict[int, Outcome], second: dict[int, Outcome]) -> list[int]:
    """Orders whose outcomes are not equal in every time, fill and end."""
    return [number for number in sorted(first.keys() | second.keys()) if first.get(number) != second.get(number)]


def event_at(plan: Scenario, time: int) -> tuple[int, int, int, int] | None:
    """Kind, side, price and size of the event at a time."""
    place = int(np.searchsorted(plan.events["time"], time))
    found = place < len(plan.events) and plan.events["time"][place] == time
    return tuple(plan.events[place].tolist()[1:]) if found else None


def filled_in_queue(plan: Scenario, outcomes: dict[int, Outcome]) -> int:
    """Fills by a trade at the order's own price."""
    fills = (fill for outcome in outcomes.values() for fill in outcome.fills)
    return sum(event is not None and event[0] == TRADE and event[2] == fill[3] for fill in fills for event in [event_at(plan, fill[0])])


def book_at(plan: Scenario, side: int, time: int) -> dict[int, int]:
    """Price to size of what a side displays."""
    rows = plan.events[(plan.events["time"] < time) & (plan.events["side"] == side) & (plan.events["kind"] == LEVEL)]
    return {price: size for price, size in dict(zip(rows["price"].tolist(), rows["size"].tolist(), strict=True)).items() if size > 0}


def news_of(plan: Scenario) -> dict[int, Any]:
    """The script's row of each new order."""
    return {int(row["order"]): row for row in plan.script[plan.script["action"] == NEW]}


def test_one_lot_orders_are_equal(tmp_path: Path) -> None:
    """`queue` is RiskAdverseQueueModel: every accept, fill, replace and end of four thousand orders of one lot is the same."""
    plans = [scenario(seed, 1000) for seed in range(4)]
    for plan, there in zip(plans, theirs(plans, "risk_adverse", tmp_path), strict=True):
        here = ours(plan, "queue")
        assert len(here) == len(there) == 1000
        assert differing(here, there) == []
        assert filled_in_queue(plan, here) > 100
        assert sum(outcome.end == "CANCELED" for outcome in here.values()) > 50
        assert sum(bool(outcome.replaced) for outcome in here.values()) > 20


def test_orders_of_several_lots_are_equal(tmp_path: Path) -> None:
    """Partial fills, and takers (IOC) that walk the book, are the same as long as no print and no new level is smaller than what the
    orders that it reaches want of it.

    One difference: a replace of hftbacktest carries what was left when it was sent, and a fill on its way then is filled once more; that
    of the paper venue carries the total, so the order never fills more than it.
    """
    partial, walking = scenario(10, 1000, quantity=9, least=40), scenario(11, 1000, quantity=61, least=62, crossing=0.4, working=1)
    there = theirs([partial, walking], "risk_adverse", tmp_path)
    here = [ours(partial, "queue"), ours(walking, "queue")]
    assert differing(here[1], there[1]) == []
    for number in differing(here[0], there[0]):
        mine, other = here[0][number], there[0][number]
        sent = mine.replaced[0][0] - LATENCY_IN_NS
        unknown = sum(fill[2] for fill in mine.fills if sent - LATENCY_OUT_NS < fill[0] < sent + LATENCY_IN_NS)
        assert unknown > 0
        assert mine.fills[-1][:2] == other.fills[-1][:2]
        assert mine.fills[-1][4] + unknown == other.fills[-1][4]
    assert sum(len(outcome.fills) > 1 for outcome in here[0].values()) > 20
    assert sum(fill[2] > fill[4] for outcome in here[1].values() for fill in outcome.fills) > 20  # at more than one level
    assert sum(bool(outcome.fills) and outcome.end == "CANCELED" for outcome in here[1].values()) > 20  # the rest of an IOC


def test_small_prints_fill_what_they_are(tmp_path: Path) -> None:
    """The first difference: through an order's price PartialFillExchange fills all of it, however small the print or the level is; the
    paper venue fills what the print or the level holds, and the rest goes on waiting. Every difference is of this kind."""
    plan = scenario(20, 1500, quantity=15, least=2, crossing=0, working=1)
    here, there = ours(plan, "queue"), theirs([plan], "risk_adverse", tmp_path)[0]
    found, news = differing(here, there), news_of(plan)
    kinds = []
    for number in found:
        mine, other = here[number].fills, there[number].fills
        same = next(place for place, pair in enumerate(zip(mine, other, strict=False)) if pair[0] != pair[1])
        event = event_at(plan, mine[same][0])
        assert event is not None
        kind, _, price, size = event
        leaves = int(news[number]["quantity"]) - sum(fill[2] for fill in mine[:same])
        assert mine[same][:2] == other[same][:2]
        assert mine[same][2] == size < leaves
        assert other[same][2] == leaves
        assert mine[same][3] == other[same][3]
        if kind == TRADE:
            assert price < mine[same][3] if news[number]["side"] == BUY else price > mine[same][3]
        else:
            assert price <= mine[same][3] if news[number]["side"] == BUY else price >= mine[same][3]
        kinds.append(kind)
    assert min(kinds.count(TRADE), kinds.count(LEVEL)) > 5
    assert len(found) < 500


def test_a_marketable_limit_order_takes_what_is_displayed(tmp_path: Path) -> None:
    """The second difference: PartialFillExchange fills what a marketable GTC order does not find displayed at its limit, all of it; the
    paper venue fills what is displayed as far as the limit reaches, and the rest rests. Every difference is of this kind."""
    plan = scenario(30, 1500, quantity=39, least=40, crossing=0.5, immediate=False, working=1)
    here, there = ours(plan, "queue"), theirs([plan], "risk_adverse", tmp_path)[0]
    found, news = differing(here, there), news_of(plan)
    for number in found:
        side, limit, quantity = (int(news[number][name]) for name in ("side", "price", "quantity"))
        arrival = here[number].accepted[0]
        better = limit - 1 if side == BUY else limit + 1
        book = book_at(plan, BUY + SELL - side, arrival)
        displayed, before = (
            sum(size for price, size in book.items() if (price <= to if side == BUY else price >= to)) for to in (limit, better)
        )
        assert here[number].fills[0][:3] == (arrival, arrival + LATENCY_OUT_NS, displayed)
        last = quantity - (before if side == BUY else displayed)  # a seller meets what is displayed at the limit apart, a buyer with it
        assert there[number].fills == [(arrival, arrival + LATENCY_OUT_NS, quantity, limit, last)]
        assert displayed < quantity
    assert 20 < len(found) < 500


def with_a_millionth(plan: Scenario) -> Scenario:
    """Its orders a millionth of a lot larger, so that no fraction of a queue fills one exactly."""
    script = plan.script.copy()
    script["quantity"] += 1e-6
    return Scenario(plan.events, script)


def test_the_probabilistic_model_is_equal_up_to_its_rounding(tmp_path: Path) -> None:
    """`probabilistic` is PowerProbQueueModel with n = 1, in whole quantities that are rounded against the order at each update of its
    level. With lots of a millionth all times and prices are the same, and fills differ by at most one such lot for each update."""
    plan = with_a_millionth(scenario(40, 3000, quantity=15, least=16, working=1, crossing=0.05, trading=0.1, replaced=0))
    here, there = ours(plan, "probabilistic", MILLIONTH), theirs([plan], "power", tmp_path, MILLIONTH)[0]
    assert len(here) == len(there) == 3000
    levels = plan.events[plan.events["kind"] == LEVEL]
    found = differing(here, there)
    for number in found:
        mine, other = here[number], there[number]
        assert (mine.accepted, mine.replaced) == (other.accepted, other.replaced)
        assert {fill[3] for fill in mine.fills} == {fill[3] for fill in other.fills}
        for at, _, _, price, _ in mine.fills + other.fills:
            behind = sum(fill[2] for fill in other.fills if fill[0] <= at) - sum(fill[2] for fill in mine.fills if fill[0] <= at)
            updates = (levels["time"] > mine.accepted[0]) & (levels["time"] < at) & (levels["price"] == price)
            assert 0 <= behind <= updates.sum()
    assert 0 < len(found) < 300
    assert sum(fill[2] % 10**6 > 1 for outcome in here.values() for fill in outcome.fills) > 30  # of a fraction of a lot
    assert len(differing(here, ours(plan, "queue", MILLIONTH))) > 50


def test_the_probabilistic_model_in_whole_lots_is_never_earlier(tmp_path: Path) -> None:
    """In lots as large as the orders the rounding shows: an order is filled when hftbacktest has filled a whole lot of it, or later, never
    before; in nine of ten cases at the same time."""
    plan = scenario(50, 3000, least=2, working=1, trading=0.1)
    here, there = ours(plan, "probabilistic"), theirs([with_a_millionth(plan)], "power", tmp_path, MILLIONTH)[0]
    same = 0
    for number, mine in here.items():
        assert mine.accepted == there[number].accepted
        filled = np.cumsum([fill[2] for fill in there[number].fills])
        whole = next((fill[0] for fill, total in zip(there[number].fills, filled, strict=True) if total >= 999_990), None)
        if mine.fills:
            assert whole is not None
            assert mine.fills[0][0] >= whole
        same += whole == (mine.fills[0][0] if mine.fills else None)
    assert 0.9 * len(here) < same < len(here)


def test_a_recorded_market(tmp_path: Path) -> None:
    """On a recorded book and its trades all of five hundred orders are equal but a few. What differs in each of those: the paper venue
    fills a resting order at any print through its price; PartialFillExchange only where the aggressor is of the other side, and a recorded
    print of its own side comes when the feed of the book lags behind that of the trades."""
    config = config_of("hftbacktest", instruments={}, source=SourceConfig(timezone="UTC", levels=True))
    source = open_source(str(recorded_or_skip("hftbacktest/usdm_btcusdt_20240808.gz")), config)
    instrument = next(iter(source.instruments.values()))
    market = RecordedMarket(source.ticks, instrument.price_converter().raw(instrument.tick_size))
    plan = scenario(7, 500, market=market, every=20, working=1)
    here, there = ours(plan, "queue"), theirs([plan], "risk_adverse", tmp_path)[0]
    assert len(here) == len(there) == 500
    found, news = differing(here, there), news_of(plan)
    assert len(found) < 15
    for number in found:
        mine, other, side = here[number].fills, there[number].fills, int(news[number]["side"])
        at = next(place for place in range(len(mine)) if place >= len(other) or mine[place] != other[place])
        assert at == len(other) or mine[at][0] < other[at][0]
        event = event_at(plan, mine[at][0])
        assert event is not None
        assert event[:2] == (TRADE, side)
        assert event[2] < mine[at][3] if side == BUY else event[2] > mine[at][3]
    assert filled_in_queue(plan, here) > 10
    assert sum(outcome.end == "FILLED" for outcome in here.values()) > 100
