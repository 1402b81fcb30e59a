"""The asyncio engine over real kernels."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import pickle
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import COIN, config_of, segments, until, write_tape

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, Limits, SourceConfig
from neural_trader.control import Control
from neural_trader.engine import ExecutionEngine, MarketData, OrderTimedOut, TradeOrder
from neural_trader.errors import (
    Closed,
    ConfigError,
    InvalidArgument,
    NameInUse,
    NeuralTraderError,
    NotFound,
    SourceError,
    StateError,
    TimedOut,
)
from neural_trader.kernel import feed_ticks
from neural_trader.records import call


class Feed:
    """The feed of an engine's kernel, through shared memory as another process would be."""

    def __init__(self, config: Config) -> None:
        self._instruments = config.instruments
        self._index = {symbol: number for number, symbol in enumerate(config.instruments)}
        handle = ffi.new("uint32_t *")
        call(lib.nt_feed_attach, config.name.encode(), 5_000_000_000, handle)
        self._handle = handle[0]
        self.pushed = 0

    def trade(self, price: float, size: int = 100, side: str = "BUY", symbol: str = "TEST", ts_event: int | None = None) -> None:
        tick = self._tick(symbol, abi.NT_TICK_TRADE, ts_event)
        tick["price"] = self._instruments[symbol].price_converter().raw(price)
        tick["size"] = self._instruments[symbol].quantity_converter().raw(size)
        tick["aggressor"] = abi.Side[side]
        self.pushed += feed_ticks(self._handle, tick, 0, lambda: False)

    def quote(self, bid: float, ask: float, symbol: str = "TEST", ts_event: int | None = None) -> None:
        tick = self._tick(symbol, abi.NT_TICK_QUOTE, ts_event)
        for name, price in (("bid", bid), ("ask", ask)):
            tick[f"{name}_price"] = self._instruments[symbol].price_converter().raw(price)
            tick[f"{name}_size"] = self._instruments[symbol].quantity_converter().raw(100)
        self.pushed += feed_ticks(self._handle, tick, 0, lambda: False)

    def _tick(self, symbol: str, kind: int, ts_event: int | None) -> Any:
        tick = np.zeros(1, abi.NT_TICK)
        tick["kind"], tick["instrument"], tick["flags"] = kind, self._index[symbol], abi.NT_TICK_LAST_OF_SLICE
        tick["ts_event"] = time.monotonic_ns() if ts_event is None else ts_event
        return tick

    def close(self) -> None:
        lib.nt_close(self._handle)


def played(config: Config, play: Callable[[ExecutionEngine, Feed], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine with a started engine and its feed; nothing may stay in shared memory."""

    async def run() -> None:
        async with ExecutionEngine(config) as engine:
            feed = Feed(config)
            try:
                await asyncio.wait_for(play(engine, feed), 60)
            finally:
                feed.close()

    asyncio.run(run())
    assert segments(config.name) == []


async def seen(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        await asyncio.sleep(0.001)


def limit(price: float, quantity: float = 1, side: Any = "BUY", **more: Any) -> TradeOrder:
    return TradeOrder(symbol="TEST", side=side, quantity=quantity, price=price, **more)


# ---- orders --------------------------------------------------------------------------------------------------------------------------


def test_a_market_order_is_awaited_to_its_fill(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        for price in (1000.0, 1001.0):
            feed.quote(price - 0.25, price)
            feed.trade(price)
            await seen(lambda: engine.get_stats()["ticks"] == feed.pushed)
            waiting = asyncio.create_task(engine.submit_order(TradeOrder(symbol="TEST", side="BUY", quantity=3)))
            while not waiting.done():
                await asyncio.sleep(0.002)
                feed.trade(price)
            result = await waiting
            assert (result.status, result.filled_quantity) == ("FILLED", 3.0)
            assert result.average_price is not None
            assert price <= result.average_price <= price + 0.5
            assert result.total_latency_ns > 0
        assert engine.get_stats()["positions"] == {"main": {"TEST": 6.0}}

    played(config_of(kernel_name), play)


def test_a_limit_order_is_awaited_until_accepted_and_later_to_its_end(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.quote(999.75, 1000)
        feed.trade(1000)
        resting = await engine.submit_order(limit(990, 2))
        assert (resting.status, resting.filled_quantity) == ("NEW", 0)
        other = await engine.submit_order(limit(980), until="accepted")
        assert other.order_id != resting.order_id
        done = asyncio.create_task(engine.wait_order(resting.order_id))
        assert (await engine.wait_order(resting.order_id, until="accepted")).status == "NEW"
        for _ in range(3):
            feed.trade(985, side="SELL")
        filled = await done
        assert (filled.order_id, filled.status, filled.filled_quantity, filled.average_price) == (resting.order_id, "FILLED", 2, 990)
        cancelled = await engine.cancel_order(other.order_id)
        assert (cancelled.status, cancelled.reason) == ("CANCELED", "USER_REQUEST")
        again = await engine.cancel_order(other.order_id)  # it has ended: nothing is sent, and the result is the same
        assert again.status == "CANCELED"
        assert engine.get_stats()["orders"]["open"] == 0

    played(config_of(kernel_name), play)


def test_a_denied_order_is_a_result_with_observed_and_limit(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        for quantity in (5, 7):
            denied = await engine.submit_order(limit(1000, quantity))
            assert denied.status == "DENIED"
            assert (denied.reason, denied.observed, denied.limit) == ("QUANTITY_EXCEEDS_MAXIMUM", str(quantity), "4")
        stats = engine.get_stats()["orders"]
        assert (stats["submitted"], stats["denied"], stats["accepted"]) == (2, {"QUANTITY_EXCEEDS_MAXIMUM": 2}, 0)

    played(config_of(kernel_name, limits=Limits(max_order_quantity=4)), play)


@pytest.mark.parametrize(
    ("order", "kind", "says"),
    [
        ({"symbol": "NONE"}, NotFound, "there is no symbol 'NONE'"),
        ({"symbol": None}, InvalidArgument, "symbol of an order must be a text"),
        ({"side": "HOLD"}, InvalidArgument, "neither 'BUY' nor 'SELL'"),
        ({"side": []}, InvalidArgument, "side of an order must be a text"),
        ({"quantity": math.nan}, InvalidArgument, "nan"),
        ({"quantity": 0.5}, InvalidArgument, "not a multiple"),
        ({"quantity": 1e30}, InvalidArgument, "2^51"),
        ({"price": math.inf}, InvalidArgument, "inf"),
        ({"price": 1000.1}, InvalidArgument, "not a multiple"),
        ({"time_in_force": "SOON"}, InvalidArgument, "time_in_force 'SOON'"),
        ({"time_in_force": 1}, InvalidArgument, "time_in_force of an order must be a text"),
        ({"account": "none"}, NotFound, "there is no account 'none'"),
        ({"order_type": "PEGGED"}, InvalidArgument, "order_type 'PEGGED' is not available; this version has MARKET, LIMIT"),
        ({"order_type": "MARKET"}, InvalidArgument, "a MARKET order takes no price"),
        ({"order_type": "LIMIT", "price": None}, InvalidArgument, "a LIMIT order needs a price"),
        ({"order_type": "LIMIT", "trigger_price": 1000}, InvalidArgument, "a LIMIT order takes no trigger_price"),
    ],
)
def test_what_is_no_order_raises(kernel_name: str, order: dict[str, Any], kind: type[Exception], says: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        with pytest.raises(kind) as caught:
            await engine.submit_order(TradeOrder(**{"symbol": "TEST", "side": "BUY", "quantity": 1, "price": 1000, **order}))
        assert says in str(caught.value)
        assert engine.get_stats()["orders"]["submitted"] == 0

    played(config_of(kernel_name), play)


@pytest.mark.parametrize("timeout", [math.nan, math.inf, -1, True, "1"])
def test_arguments_that_make_no_sense_raise(kernel_name: str, timeout: Any) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        with pytest.raises(InvalidArgument, match="timeout_s"):
            await engine.submit_order(limit(1000), timeout_s=timeout)
        with pytest.raises(InvalidArgument, match="until"):
            await engine.submit_order(limit(1000), until="later")  # type: ignore[arg-type]
        with pytest.raises(InvalidArgument, match="TradeOrder"):
            await engine.submit_order("BUY")  # type: ignore[arg-type]
        for wrong in (True, "1", [1]):
            with pytest.raises(InvalidArgument, match="order id"):
                await engine.wait_order(wrong)  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="knows no order 77"):
            await engine.cancel_order(77)

    played(config_of(kernel_name), play)


def test_a_wait_that_times_out_says_how_the_order_stands_and_the_order_goes_on(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        with pytest.raises(OrderTimedOut) as caught:
            await engine.submit_order(limit(900), until="done", timeout_s=0.2)
        error = caught.value
        assert isinstance(error, TimedOut)
        assert (error.result.status, error.result.order_id) == ("NEW", error.order_id)
        assert f"order {error.order_id} is NEW after 0.2 s" in str(error)
        assert pickle.loads(pickle.dumps(error)).order_id == error.order_id
        assert engine.get_stats()["waiting"] == 0
        assert (await engine.cancel_order(error.order_id)).status == "CANCELED"

    played(config_of(kernel_name), play)


def test_a_wait_of_no_time_sends_or_does_not_send_and_says_which(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        sent = 0
        for _ in range(20):
            with pytest.raises(TimedOut) as caught:
                await engine.submit_order(limit(900), until="done", timeout_s=0)
            sent += isinstance(caught.value, OrderTimedOut)
        await asyncio.sleep(0.05)
        assert engine.get_stats()["orders"]["submitted"] == sent

    played(config_of(kernel_name), play)


def test_cancelling_the_task_leaves_the_order_and_its_reports(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        first = await engine.submit_order(limit(900))
        task = asyncio.create_task(engine.wait_order(first.order_id))
        await seen(lambda: engine.get_stats()["waiting"] == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.get_stats()["waiting"] == 0
        for _ in range(3):
            feed.trade(890, side="SELL")
        assert (await engine.wait_order(first.order_id, timeout_s=20)).status == "FILLED"

    played(config_of(kernel_name), play)


def test_stopping_fails_open_waits_with_closed(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        waits = [asyncio.create_task(engine.submit_order(limit(900), until="done")) for _ in range(3)]
        await seen(lambda: engine.get_stats()["orders"]["open"] == 3)
        await engine.stop()
        errors = await asyncio.gather(*waits, return_exceptions=True)
        assert [type(error) for error in errors] == [Closed] * 3
        assert len({id(error) for error in errors}) == 3
        assert not engine.running
        with pytest.raises(StateError, match="does not run"):
            engine.get_stats()
        with pytest.raises(StateError, match="does not run"):
            await engine.submit_order(limit(900))
        await engine.stop()

    played(config_of(kernel_name), play)


def test_no_report_is_lost_when_hundreds_of_orders_are_under_way(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        results = await asyncio.gather(*(engine.submit_order(limit(900 + number % 4)) for number in range(400)))
        assert {result.status for result in results} == {"NEW"}
        assert len({result.order_id for result in results}) == 400
        ends = [asyncio.create_task(engine.wait_order(result.order_id)) for result in results[::2]]
        await asyncio.gather(*(engine.cancel_order(result.order_id) for result in results))
        assert {(await end).status for end in ends} == {"CANCELED"}
        assert engine.get_stats()["reports"] == 800

    played(config_of(kernel_name), play)


# ---- life ----------------------------------------------------------------------------------------------------------------------------


def test_two_engines_live_in_one_process_and_names_are_their_own(kernel_name: str) -> None:
    async def run() -> None:
        one, two = config_of(kernel_name), config_of(f"{kernel_name}.b", limits=Limits(max_order_quantity=1))
        async with ExecutionEngine(one) as first, ExecutionEngine(two) as second:
            feeds = [Feed(one), Feed(two)]
            for feed in feeds:
                feed.trade(1000)
            results = await asyncio.gather(first.submit_order(limit(900, 2)), second.submit_order(limit(900, 2)))
            assert [result.status for result in results] == ["NEW", "DENIED"]
            with pytest.raises(NameInUse):
                await ExecutionEngine(one).start()
            with pytest.raises(StateError, match="runs already"):
                await first.start()
            for feed in feeds:
                feed.close()

    asyncio.run(run())
    assert segments(kernel_name) == []


def test_an_engine_starts_again_and_begins_anew(kernel_name: str) -> None:
    async def run() -> None:
        engine = ExecutionEngine(config_of(kernel_name))
        for _ in range(2):
            await engine.start()
            feed = Feed(engine.config)
            feed.trade(1000)
            await engine.submit_order(limit(900))
            assert engine.get_stats()["orders"]["submitted"] == 1
            feed.close()
            await engine.stop()

    asyncio.run(run())


def test_a_start_that_is_cancelled_leaves_nothing(kernel_name: str) -> None:
    async def run() -> None:
        engine = ExecutionEngine(config_of(kernel_name))
        task = asyncio.create_task(engine.start())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not engine.running
        assert segments(kernel_name) == []
        await engine.start()
        await engine.stop()

    asyncio.run(run())


def test_a_source_is_fed_and_one_that_does_not_exist_is_refused(kernel_name: str, tmp_path: Path) -> None:
    path = write_tape(tmp_path / "tape.csv", [(100 * number, 1000 + number % 2 * 0.25, 1 + number) for number in range(50)])

    async def run() -> None:
        async with ExecutionEngine(config_of(kernel_name, source=SourceConfig(path=path, timezone="UTC"))) as engine:
            await seen(lambda: engine.get_stats()["ticks"] >= 50)
            assert engine.get_stats()["ticks_lost"] == 0
        with pytest.raises(SourceError):
            await ExecutionEngine(config_of(kernel_name, source=SourceConfig(path=f"{path}.none"))).start()

    asyncio.run(run())
    assert segments(kernel_name) == []


def test_a_configuration_file_or_what_is_wrong_with_it(kernel_name: str, tmp_path: Path) -> None:
    file = tmp_path / "engine.toml"
    file.write_text(
        f'name = "{kernel_name}"\n[instruments.TEST]\ntick_size = 0.25\ncurrency = "USD"\nmax_price = 5000\n'
        '[accounts.main]\ncurrency = "USD"\ncash = 1000\n',
        encoding="utf-8",
    )

    async def run() -> None:
        async with ExecutionEngine(str(file)) as engine:
            assert engine.get_stats()["name"] == kernel_name

    asyncio.run(run())
    file.write_text('nmae = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="did you mean name"):
        ExecutionEngine(file)


def test_a_kernel_that_is_ended_from_outside_fails_waits_and_refuses_more(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        wait = asyncio.create_task(engine.submit_order(limit(900), until="done"))
        await seen(lambda: engine.get_stats()["orders"]["open"] == 1)
        with Control(kernel_name) as control:
            await asyncio.to_thread(control.stop, "test")
        with pytest.raises(NeuralTraderError) as caught:
            await wait
        with pytest.raises(type(caught.value)):
            await engine.submit_order(limit(900))

    played(config_of(kernel_name), play)


def test_the_event_loop_is_never_blocked(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.trade(1000)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counter = asyncio.create_task(count())
        with pytest.raises(TimedOut):
            await engine.submit_order(limit(900), until="done", timeout_s=0.3)
        counter.cancel()
        assert turns > 100

    played(config_of(kernel_name), play)


# ---- market data ---------------------------------------------------------------------------------------------------------------------


def test_every_quote_and_trade_is_delivered_with_the_market_after_it(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        got: list[MarketData] = []
        both: list[MarketData] = []

        async def later(data: MarketData) -> None:
            await asyncio.sleep(0)
            both.append(data)

        handle = await engine.subscribe_market_data(["TEST"], got.append)
        await engine.subscribe_market_data(["COIN", "TEST", "TEST"], later)
        feed.trade(1000, 5, ts_event=10)
        feed.quote(999.75, 1000.25, ts_event=20)
        feed.quote(0.01, 0.03, "COIN", ts_event=25)
        feed.trade(1000.25, 7, ts_event=30)
        await seen(lambda: len(got) == 3 and len(both) == 4)
        assert (got[0].symbol, got[0].price, got[0].volume, got[0].timestamp_ns) == ("TEST", 1000, 5, 10)
        assert all(math.isnan(value) for value in (got[0].bid, got[0].ask, got[0].spread))
        assert got[1] == MarketData("TEST", 1000, 5, 20, 999.75, 1000.25, 0.5)
        assert got[2] == MarketData("TEST", 1000.25, 7, 30, 999.75, 1000.25, 0.5)
        assert [data.timestamp_ns for data in both] == [10, 20, 25, 30]
        assert (both[2].symbol, both[2].bid, both[2].ask, both[2].spread) == ("COIN", 0.01, 0.03, 0.02)
        assert math.isnan(both[2].price)
        assert (handle.delivered, handle.dropped, handle.failures) == (3, 0, 0)
        assert engine.get_stats()["market_data"] == {"subscriptions": 2, "delivered": 7, "dropped": 0, "failures": 0}

    config = config_of(kernel_name)
    played(config_of(kernel_name, instruments={**config.instruments, "COIN": COIN}), play)


def test_a_late_subscription_knows_the_market_so_far(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        feed.quote(999, 1001, ts_event=10)
        feed.quote(999.75, 1000.25, ts_event=11)
        feed.trade(1000, 3, ts_event=12)
        feed.trade(1000.25, 4, ts_event=13)
        await seen(lambda: engine.get_stats()["ticks"] == 4)
        got: list[MarketData] = []
        await engine.subscribe_market_data(["TEST"], got.append)
        feed.quote(1000, 1000.5, ts_event=14)
        await seen(lambda: got)
        assert got == [MarketData("TEST", 1000.25, 4, 14, 1000, 1000.5, 0.5)]

    played(config_of(kernel_name), play)


def test_nothing_comes_after_unsubscribe(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        got: list[MarketData] = []
        still: list[MarketData] = []
        handle = await engine.subscribe_market_data(["TEST"], got.append)
        await engine.subscribe_market_data(["TEST"], still.append)
        feed.trade(1000)
        await seen(lambda: got and still)
        await handle.unsubscribe()
        await handle.unsubscribe()
        assert not handle.active
        feed.trade(1001)
        await seen(lambda: len(still) == 2)
        assert len(got) == 1
        assert engine.get_stats()["market_data"]["subscriptions"] == 1

    played(config_of(kernel_name), play)


def test_a_callback_may_unsubscribe_itself_and_may_trade(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        results: list[Any] = []

        async def once(data: MarketData) -> None:
            await handle.unsubscribe()
            results.append(await engine.submit_order(limit(data.price - 100)))

        handle = await engine.subscribe_market_data(["TEST"], once)
        feed.trade(1000)
        feed.trade(1001)
        await seen(lambda: results)
        assert [result.status for result in results] == ["NEW"]

    played(config_of(kernel_name), play)


def test_an_exception_of_a_callback_is_logged_counted_and_not_fatal(kernel_name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        def wrong(data: MarketData) -> None:
            raise ZeroDivisionError("as asked")

        async def wrong_too(data: MarketData) -> None:
            raise KeyError(data.symbol)

        handles = [await engine.subscribe_market_data(["TEST"], function) for function in (wrong, wrong_too)]
        for number in range(5):
            feed.trade(1000 + number)
        await seen(lambda: [handle.failures for handle in handles] == [5, 5])
        assert (await engine.submit_order(limit(900))).status == "NEW"
        assert engine.get_stats()["market_data"]["failures"] == 10

    with caplog.at_level(logging.ERROR):
        played(config_of(kernel_name), play)
    said = [record.getMessage() for record in caplog.records]
    assert len([text for text in said if "callback for TEST failed" in text]) == 6  # the 1st, 2nd and 4th of each
    assert "as asked" in caplog.text


def test_a_callback_that_is_too_slow_loses_the_oldest_and_counts_them(kernel_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_trader.engine_reader._QUEUE_ITEMS", 10)

    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        go = asyncio.Event()
        got: list[int] = []

        async def slow(data: MarketData) -> None:
            got.append(data.timestamp_ns)
            await go.wait()

        handle = await engine.subscribe_market_data(["TEST"], slow)
        feed.trade(1000, ts_event=1)
        await seen(lambda: got)
        for number in range(2, 32):
            feed.trade(1000, ts_event=number)
        await seen(lambda: engine.get_stats()["ticks"] == 31)
        await seen(lambda: handle.dropped == 20)
        go.set()
        await seen(lambda: handle.delivered == 11)
        assert got == [1, *range(22, 32)]

    played(config_of(kernel_name), play)


def test_every_tick_is_either_read_or_counted_as_lost(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        count = 100_000
        got = 0

        def add(data: MarketData) -> None:
            nonlocal got
            got += 1

        handle = await engine.subscribe_market_data(["TEST"], add)
        ticks = np.zeros(count, abi.NT_TICK)
        ticks["kind"], ticks["flags"], ticks["aggressor"] = abi.NT_TICK_TRADE, abi.NT_TICK_LAST_OF_SLICE, abi.NT_SIDE_BUY
        ticks["price"], ticks["size"], ticks["ts_event"] = 100_000, 1, np.arange(count) + 1
        await asyncio.to_thread(feed_ticks, feed._handle, ticks, 0, lambda: False)
        await seen(lambda: (stats := engine.get_stats())["ticks"] + stats["ticks_lost"] == count)
        await seen(lambda: got + handle.dropped == engine.get_stats()["ticks"])

    played(config_of(kernel_name), play)


@pytest.mark.parametrize(
    ("symbols", "callback", "kind", "says"),
    [
        ([], print, InvalidArgument, "one symbol or more"),
        ("TEST", print, InvalidArgument, "one symbol or more"),
        (["TEST", "NONE"], print, NotFound, "there is no symbol 'NONE'"),
        (["TEST"], None, InvalidArgument, "callback must be"),
    ],
)
def test_a_subscription_that_makes_no_sense_raises(kernel_name: str, symbols: Any, callback: Any, kind: type[Exception], says: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        with pytest.raises(kind) as caught:
            await engine.subscribe_market_data(symbols, callback)
        assert says in str(caught.value)
        assert engine.get_stats()["market_data"]["subscriptions"] == 0

    played(config_of(kernel_name), play)


def test_statistics_follow_what_happened(kernel_name: str) -> None:
    async def play(engine: ExecutionEngine, feed: Feed) -> None:
        before = engine.get_stats()
        assert before["orders"] == {"submitted": 0, "open": 0, "accepted": 0, "denied": {}, "rejected": 0, "fills": 0}
        assert (before["ticks"], before["reports"], before["latency_ns"]["order_to_report"]["p50"]) == (0, 0, None)
        assert before["equity"] == {"main": 100_000}
        feed.quote(999.75, 1000)
        feed.trade(1000)
        result = await engine.submit_order(limit(1000, 2), until="accepted")
        for _ in range(5):
            feed.trade(999, side="SELL")
        await engine.wait_order(result.order_id, timeout_s=20)
        with Control(kernel_name) as control:
            await asyncio.to_thread(control.set_state, "HALTED", "test")
        await seen(lambda: engine.get_stats()["state"] == "HALTED")
        after = engine.get_stats()
        assert (after["orders"]["submitted"], after["orders"]["accepted"], after["orders"]["open"]) == (1, 1, 0)
        assert after["orders"]["fills"] >= 1
        assert after["ticks"] == 7
        assert after["reports"] >= 2
        assert after["positions"] == {"main": {"TEST": 2.0}}
        assert after["equity"]["main"] < 100_000

    played(config_of(kernel_name), play)


def test_an_event_loop_that_ends_without_stop_leaves_an_engine_that_can_go(kernel_name: str) -> None:
    engine = ExecutionEngine(config_of(kernel_name))

    async def run() -> Feed:
        await engine.start()
        await engine.subscribe_market_data(["TEST"], lambda data: None)
        return Feed(engine.config)

    feed = asyncio.run(run())
    feed.trade(1000)
    until(lambda: engine.get_stats()["ticks"] == 1, "the tick")
    feed.close()
    asyncio.run(engine.stop())
    gc.collect()
    assert segments(kernel_name) == []
