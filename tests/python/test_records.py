"""What the core hands out, as Python values: ticks, quotes, positions, accounts, reports, features."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support import COIN, FEE, TEST, Market, answer, config_of, until, walk, write_tape

import neural_trader as nt
from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument
from neural_trader.records import Features, status_of


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with Market(config_of(f"test-records-{os.getpid()}", instruments={"TEST": TEST, "COIN": COIN})) as found:
        yield found


@pytest.fixture
def client(market: Market) -> Iterator[nt.Client]:
    with market.client() as found:
        yield found


# ---- market data -----------------------------------------------------------------------------------------------------------------


def ticks_of(client: nt.Client, count: int) -> nt.Ticks:
    """The next `count` ticks in one poll."""
    return until(lambda: len(batch := client.poll().ticks) == count and batch, f"{count} ticks")  # type: ignore[no-any-return]


def push_three(market: Market) -> None:
    """A trade of each instrument and a quote, taken at once."""
    ticks = np.repeat(market._tick("TEST", abi.NT_TICK_TRADE), 3)
    ticks["instrument"] = [0, 1, 0]
    ticks["price"], ticks["size"], ticks["aggressor"], ticks["trade_id"] = [100_025, 4_211, 0], [7, 1_500, 0], [1, 2, 0], [11, 12, 0]
    quote = ticks[2:]
    quote["kind"] = abi.NT_TICK_QUOTE
    quote["bid_price"], quote["ask_price"], quote["bid_size"], quote["ask_size"] = 100_000, 100_050, 3, abi.NT_RAW_MAX
    market.push(ticks)


def test_ticks_are_records_and_columns_in_units(market: Market, client: nt.Client) -> None:
    client.poll()
    push_three(market)
    ticks = ticks_of(client, 3)
    assert ticks.raw.dtype == abi.NT_TICK
    assert ticks.column("price")[:2].tolist() == [1000.25, 42.11]
    assert ticks.column("size")[:2].tolist() == [7.0, 1.5]
    assert ticks.column("bid_price")[2] == 1000.0
    assert ticks.column("ask_size")[2] == float(abi.NT_RAW_MAX)
    assert [np.isnan(ticks.column(name)).tolist() for name in ("price", "size")] == [[False, False, True]] * 2
    assert [np.isnan(ticks.column(name)).tolist() for name in ("bid_price", "ask_size")] == [[True, True, False]] * 2
    assert ticks.column("instrument").tolist() == [0.0, 1.0, 0.0]
    assert ticks.column("kind").dtype == np.float64
    assert (np.diff(ticks.raw["seq"].astype(np.int64)) == 1).all()
    assert (ticks.raw["ts_recv"] > 0).all()
    assert [tick["price"] for tick in ticks][:2] == [100_025, 4_211]
    assert ticks[0]["trade_id"] == 11
    assert len(ticks[1:]) == 2
    for name in ("colour", "", "PRICE"):
        with pytest.raises(InvalidArgument, match="they have seq, ts_event"):
            ticks.column(name)
    copy = ticks.raw.copy()
    push_three(market)
    ticks_of(client, 3)
    assert copy["seq"][0] != ticks.raw["seq"][0]  # a view: the next poll writes over it


def test_absent_prices_are_nan(market: Market, client: nt.Client) -> None:
    clock = market._tick("TEST", abi.NT_TICK_CLOCK)
    clock["price"] = abi.NT_ABSENT
    client.poll()
    market.push(clock)
    assert math.isnan(ticks_of(client, 1).column("price")[0])
    empty = client.poll().ticks
    assert (len(empty), empty.column("price").tolist(), list(empty)) == (0, [], [])


def test_a_poll_takes_as_many_ticks_as_wanted(market: Market, client: nt.Client) -> None:
    client.poll()
    push_three(market)
    assert [len(client.poll(max_ticks=2).ticks), len(client.poll(max_ticks=2).ticks)] == [2, 1]
    for wrong in (0, -1, 4097):
        with pytest.raises(InvalidArgument, match="1 to 4096") as raised:
            client.poll(max_ticks=wrong)
        assert (raised.value.observed, raised.value.limit) == (wrong, 4096)


def test_a_slow_reader_is_told_how_much_it_lost(market: Market, client: nt.Client) -> None:
    client.poll()
    count = 3 * 16_384
    ticks = np.repeat(market._tick("TEST", abi.NT_TICK_TRADE), count)
    ticks["price"], ticks["size"], ticks["aggressor"] = 100_000, 1, 1
    ticks["trade_id"] = np.arange(count)
    market.push(ticks)
    seen, lost = [], 0
    while not seen or seen[-1] != count - 1:
        batch = client.poll()
        lost += batch.lost
        seen += batch.ticks.raw["trade_id"].tolist()
    assert lost + len(seen) == count
    assert lost > 0
    assert seen == list(range(lost, count))


def test_quotes(market: Market, client: nt.Client) -> None:
    market.quote(1000, 1000.5, 7)
    market.trade(1000.25, 3)
    quote = until(lambda: (q := client.quote("TEST")).bid_size == 7 and q, "the quote")
    assert (quote.bid, quote.ask, quote.ask_size, quote.last, quote.last_size) == (1000.0, 1000.5, 7.0, 1000.25, 3.0)
    assert (quote.implied, quote.session) == (False, "OPEN")
    assert repr(quote) == "Quote(bid=1000 x 7, ask=1000.5 x 7, last=1000.25, implied=False)"
    session = market._tick("COIN", abi.NT_TICK_SESSION)
    session["price"], session["size"] = abi.NT_SESSION_HALTED, 20_000
    market.push(session)
    until(lambda: client.quote("COIN").session == "HALTED", "the halt")
    assert str(client.execute("COIN", "BUY", 1, 5)) == "DENIED INSTRUMENT_HALTED observed=HALTED limit=OPEN"
    session["price"] = abi.NT_SESSION_OPEN
    market.push(session)
    until(lambda: client.quote("COIN").session == "OPEN", "the opening")


def test_features_have_the_names_of_the_abi_and_follow_the_market(market: Market, client: nt.Client) -> None:
    name = ffi.new("char[32]")
    names = []
    for number in range(abi.NT_FEATURE_COUNT):
        assert lib.nt_feature_name(number, name, 32) == 0
        names.append(ffi.string(name).decode())
    assert lib.nt_feature_name(abi.NT_FEATURE_COUNT, name, 32) == abi.NT_ERR_INVALID
    assert lib.nt_feature_name(0, name, 2) == abi.NT_ERR_INVALID
    for _ in range(40):
        market.trade(1000, 2, "BUY")
        market.quote(999.75, 1000.25, 5)
    before = client.features("TEST")
    assert list(before) == names
    assert (len(before), len(set(names))) == (abi.NT_FEATURE_COUNT, abi.NT_FEATURE_COUNT)
    assert isinstance(before, Features)
    for number in range(40):
        market.trade(1000 + number / 4, 9, "SELL")
        market.quote(1000 + number / 4, 1001 + number / 4, 3 + number)
    after = client.features("TEST")
    changed = {each for each in names if before[each] != after[each] and not (math.isnan(before[each]) and math.isnan(after[each]))}
    assert len(changed) > 0.8 * len(names), sorted(set(names) - changed)
    assert before["trade_flow_64"] > 0 > after["trade_flow_64"]
    with pytest.raises(KeyError):
        before["no such feature"]
    assert "trade_flow_64" in repr(before)


# ---- orders and money ------------------------------------------------------------------------------------------------------------


def test_a_position_from_flat_to_long_to_short(market: Market, client: nt.Client) -> None:
    def traded(side: str, quantity: int, price: float) -> nt.Report:
        order_id = client.submit("TEST", side, quantity)  # type: ignore[arg-type]
        assert client.position("TEST").projected == held + (quantity if side == "BUY" else -quantity)
        answer(client, order_id, "NEW")
        market.trade(price, quantity, side)
        return answer(client, order_id, "TRADE")

    held = 0
    flat = client.position("TEST")
    assert (flat.quantity, flat.projected, flat.working_buy, flat.working_sell) == (0, 0, 0, 0)
    assert math.isnan(flat.average_price)
    assert (flat.realized_pnl, flat.fees, flat.symbol, flat.currency) == (0, 0, "TEST", "USD")

    fill = traded("BUY", 2, 1000)
    assert (fill.last_price, fill.fee, fill.fee_currency, fill.liquidity) == (1000.25, 2 * FEE.per_contract, "USD", "TAKER")
    held = 2
    fill = traded("BUY", 1, 1003)
    position = client.position("TEST")
    assert (position.quantity, position.average_price) == (3.0, pytest.approx((2 * 1000.25 + 1003.25) / 3))
    assert position.unrealized_pnl == Decimal("50") * (3 * 1003 - 2 * Decimal("1000.25") - Decimal("1003.25"))
    held = 3
    traded("SELL", 5, 1001)
    position = client.position("TEST")
    assert (position.quantity, position.average_price) == (-2.0, 1000.75)
    assert position.realized_pnl == 50 * (3 * Decimal("1000.75") - 2 * Decimal("1000.25") - Decimal("1003.25"))
    assert position.fees == 8 * FEE.per_contract
    account = client.account()
    assert account.equity == account.cash["USD"] + account.unrealized_pnl
    assert account.cash["USD"] == 100_000 + account.realized_pnl - account.fees
    assert account.day_pnl == account.equity - 100_000
    assert (account.name, account.state, account.state_reason, account.open_orders) == ("main", "ACTIVE", None, 0)
    assert repr(position).startswith("Position(TEST quantity=-2 projected=-2 average_price=1000.75 realized_pnl=")
    assert repr(account).startswith("Account(main equity=")
    held = -2
    traded("BUY", 2, 1000)
    assert math.isnan(client.position("TEST").average_price)


def test_fractions_of_a_coin(market: Market, client: nt.Client) -> None:
    order_id = client.submit("COIN", "BUY", "0.125", "42.50")
    new = answer(client, order_id)
    assert (new.leaves_quantity, new.cumulative_quantity, new.last_quantity, new.fee, new.liquidity) == (0.125, 0.0, 0.0, 0, None)
    market.trade(42.49, 1, "SELL", "COIN")
    fill = answer(client, order_id)
    assert (fill.last_price, fill.last_quantity, fill.cumulative_quantity, fill.leaves_quantity) == (42.5, 0.125, 0.125, 0.0)
    assert (fill.status, fill.kind, fill.side, fill.reason, fill.observed, fill.limit) == ("FILLED", "TRADE", "BUY", None, None, None)
    assert repr(fill) == f"Report(order_id={order_id} TRADE status=FILLED BUY 0.125 @ 42.5 fee=0.0000)"
    assert client.position("COIN").average_price == 42.5
    assert fill.ts_event > 0


def test_every_unit_of_observed_and_limit(kernel_name: str) -> None:
    limits = nt.Limits(
        max_order_quantity=100, max_order_notional=60_000, max_position=50, max_open_orders=1, price_collar_bps=100, max_quote_age_ms=60_000
    )
    with Market(config_of(kernel_name, limits=limits)) as market, market.client() as client:
        assert str(client.execute("TEST", "BUY", 1, 1000)) == "DENIED MARKET_PRICE_UNAVAILABLE limit=60000000000 ns"
        market.quote(999.75, 1000)
        orders: list[tuple[Any, ...]] = [(101,), (1, 2000), (51, 1), (2, 1000), (1, "10000.25"), (0,)]
        found = {str(client.execute("TEST", "BUY", *order)) for order in orders}
        assert found == {
            "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=101 limit=100",
            "DENIED PRICE_COLLAR observed=2000 limit=1010",
            "DENIED PRICE_COLLAR observed=1 limit=989.88",
            "DENIED NOTIONAL_EXCEEDS_MAXIMUM observed=100000 limit=60000",
            "DENIED PRICE_EXCEEDS_MAXIMUM observed=10000.25 limit=10000",
            "DENIED QUANTITY_NOT_POSITIVE observed=0 limit=1",
        }
        working = client.submit("TEST", "BUY", 1, 995)
        assert str(client.execute("TEST", "BUY", 1, 995)) == "DENIED TOO_MANY_OPEN_ORDERS observed=2 limit=1"
        answered = client.execute("TEST", "BUY", 1, 995)
        assert repr(answered) == str(answered)
        client.cancel(working)
        report = answer(client, working, "CANCELED")
        assert report.observed == str(working + 3)  # the id of the request
        market.kernel.set_state("REDUCING", "test")
        denied = client.execute("TEST", "BUY", 1, 995)
        assert str(denied) == "DENIED TRADING_STATE_REDUCING observed=1 limit=0"
        assert (denied.observed, denied.limit, denied.filled_quantity) == ("1", "0", 0)
        assert denied.timestamp_ns > 0
        assert denied.total_latency_ns > 0


def test_pending_states_are_those_of_the_order_behind_them() -> None:
    assert status_of(abi.NT_STATUS_PENDING_CANCEL, 0) == status_of(abi.NT_STATUS_PENDING_REPLACE, 0) == "NEW"
    assert status_of(abi.NT_STATUS_PENDING_CANCEL, 5) == "PARTIAL"
    expected = ("PENDING", "NEW", "PARTIAL", "FILLED", "CANCELED", "EXPIRED", "DENIED", "REJECTED")
    assert tuple(status_of(number, 0) for number in range(1, 9)) == expected


def test_an_order_says_what_it_is(market: Market, client: nt.Client) -> None:
    limit = client.submit("COIN", "SELL", 2, 99.5)
    taker = client.submit("TEST", "BUY", 3)
    answer(client, taker)
    texts = [repr(order) for order in client.orders()]
    assert texts == [
        f"Order(id={limit} SELL 2 COIN @ 99.5 NEW filled=0)",
        f"Order(id={taker} BUY 3 TEST MARKET NEW filled=0)",
    ]
    assert client.orders("TEST")[0].price is None
    client.cancel_all()
    answer(client, taker, "CANCELED")


class Reads(nt.Strategy):
    """Compares what callbacks see with the records."""

    def on_start(self, client: nt.Client) -> None:
        self.features: list[Any] = []
        self.fills = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        trades = ticks.raw[ticks.raw["kind"] == abi.NT_TICK_TRADE]
        if not len(trades):
            return
        self.features.append(tuple(client.features("TEST").values()))
        assert client.quote("TEST").last == trades["price"][-1] / 100
        if len(self.features) % 10 == 0:
            client.submit("TEST", "BUY", 1)

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        if report.kind == "TRADE":
            self.fills += 1
            assert client.position("TEST").quantity == self.fills


def test_features_through_the_abi_differ_when_ticks_differ(tmp_path: Path) -> None:
    seen = {}
    for seed in (1, 2):
        strategy = Reads()
        nt.backtest(strategy, write_tape(tmp_path / f"{seed}.csv", walk(400, seed)), config_of("records"))
        assert strategy.fills > 10
        seen[seed] = np.array(strategy.features)
    assert seen[1].shape[1] == seen[2].shape[1] == abi.NT_FEATURE_COUNT
    count = min(len(features) for features in seen.values())
    same = (seen[1][:count] == seen[2][:count]) | (np.isnan(seen[1][:count]) & np.isnan(seen[2][:count]))
    varies = {name for name, column in zip(Features([]), same.T, strict=True) if not column.all()}
    assert {"trade_flow_64"} <= varies
    assert len(varies) > abi.NT_FEATURE_COUNT // 2


@pytest.mark.parametrize("quote", [(999.75, 1000.0), (1000.0, 1000.0), (1000.0, 1000.75), (3.25, 3.5)])
@pytest.mark.parametrize("bps", [37, 100, 5000])
def test_the_limit_of_the_collar_is_the_last_price_inside(kernel_name: str, quote: tuple[float, float], bps: int) -> None:
    fine = msgspec.structs.replace(TEST, tick_size=Decimal("0.01"))
    with Market(config_of(kernel_name, limits=nt.Limits(price_collar_bps=bps), instruments={"TEST": fine})) as market:
        market.quote(*quote)
        with market.client() as client:
            for side, wild in (("BUY", 5000), ("BUY", "0.01"), ("SELL", 5000), ("SELL", "0.01")):
                denied = client.execute("TEST", side, 1, wild)  # type: ignore[arg-type]
                assert denied.reason == "PRICE_COLLAR"
                assert denied.limit is not None
                limit, away = Decimal(denied.limit), Decimal("0.01") if wild == 5000 else Decimal("-0.01")
                assert client.execute("TEST", side, 1, limit).reason is None  # type: ignore[arg-type]
                assert client.execute("TEST", side, 1, limit + away).reason == "PRICE_COLLAR"  # type: ignore[arg-type]
