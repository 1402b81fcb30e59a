"""The example strategies trade, and their parameters matter."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from running import command, one_object
from support import TEST, Market, config_of, until

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.loading import load_strategy
from neural_trader.sources import Source
from neural_trader.sweep_worker import run_tape

EXAMPLES = Path(__file__).parents[2] / "examples"
START = 1_709_553_600_000_000_000  # noon of 4 March 2024
CONFIG = config_of("pairs-test", instruments={name: msgspec.structs.replace(TEST, symbol=name) for name in ("A", "B")})


# ---- market making -----------------------------------------------------------------------------------------------------------------


def making(*settings: str) -> dict[str, Any]:
    words = [word for setting in settings for word in ("--set", setting)]
    done = command("backtest", str(EXAMPLES / "market_making.py"), "--source", "sample:es-2013-09:30000", "--json", *words)
    assert done.returncode == 0, done.stderr
    return one_object(done)


def test_market_making_trades_on_both_sides_from_the_command_line() -> None:
    found = making("half_spread_ticks=1")
    assert found["fills"] > 5
    assert found["orders"]["denied"] == {}


@pytest.mark.parametrize("setting", ["half_spread_ticks=2", "skew_ticks=0", "quantity=2", "max_position=1"])
def test_each_parameter_of_market_making_changes_the_result(setting: str) -> None:
    assert making("half_spread_ticks=1")["digest"] != making("half_spread_ticks=1", setting)["digest"]


def test_market_making_quotes_around_the_middle_and_leans_against_its_position() -> None:
    strategy = load_strategy(str(EXAMPLES / "market_making.py"), {"symbol": "TEST", "max_position": 1})
    market = Market(config_of("making-test"))
    try:
        client = market.client()
        strategy.on_start(client)

        def step() -> dict[str, float]:
            batch = client.poll(timeout_s=0.05)
            for report in batch.reports:
                strategy.on_report(client, report)
            if len(batch.ticks):
                strategy.on_ticks(client, batch.ticks)
            return {order.side: float(order.price or 0) for order in client.orders()}

        market.quote(1000.00, 1000.50)
        until(lambda: step() == {"BUY": 999.75, "SELL": 1000.75}, "two quotes around 1000.25")
        market.quote(1001.00, 1001.50)
        until(lambda: _moved(step, market, 1001.00, 1001.50) == {"BUY": 1000.75, "SELL": 1001.75}, "the quotes moved by one point")
        market.trade(1000.50, side="SELL")
        until(lambda: step() is not None and client.position("TEST").quantity == 1, "a fill of the bid")
        until(lambda: _moved(step, market, 1001.00, 1001.50) == {"SELL": 1001.50}, "an offer a tick lower and no bid at the limit")
    finally:
        market.kernel.stop()
        market.kernel.close()


def test_market_making_sends_nothing_while_trading_is_halted() -> None:
    strategy = load_strategy(str(EXAMPLES / "market_making.py"), {"symbol": "TEST"})
    with Market(config_of("making-halted")) as market:
        client = market.client()
        strategy.on_start(client)

        def step() -> set[str]:
            batch = client.poll(timeout_s=0.05)
            for report in batch.reports:
                strategy.on_report(client, report)
            if len(batch.ticks):
                strategy.on_ticks(client, batch.ticks)
            return {order.side for order in client.orders()}

        market.quote(1000.00, 1000.50)
        until(lambda: step() == {"BUY", "SELL"}, "two quotes")
        for accepted, state in ((2, "HALTED"), (4, "REDUCING")):
            until(lambda accepted=accepted: market.counters().orders_accepted == accepted, "what was sent")
            market.kernel.set_state(state, "a test")
            until(lambda state=state: client.account().state == state, "the new state")
            for number in range(5):
                market.quote(1001.00 + number, 1001.50 + number)
                step()
            until(lambda: step() == set(), "no orders at all")
            market.quote(1000.00, 1000.50)
            step()
            assert sum(market.counters().denied) == 0
            assert int(market.counters().orders_accepted) == accepted
            market.kernel.set_state("ACTIVE", "a test")
            until(lambda: client.account().state == "ACTIVE", "the state before")
            until(lambda: (market.quote(1000.00, 1000.50), step())[1] == {"BUY", "SELL"}, "two quotes again")


@pytest.mark.parametrize("file", ["market_making.py", "flow.py", "pairs.py"])
@pytest.mark.parametrize("first", [0, 1])
def test_an_instrument_without_a_tick_is_waited_for(file: str, first: int) -> None:
    symbol = "AB"[1 - first]
    parameters: dict[str, Any] = {"length": 100} if file == "pairs.py" else {"symbol": symbol}
    tape = late_tape(1 - first)
    result = run_tape(load_strategy(str(EXAMPLES / file), parameters), tape, CONFIG)
    begun = int(tape.ticks["ts_event"][tape.ticks["instrument"] == 1 - first][0])
    assert len(result.orders) > 0
    assert int(result.taken["ts"][0]) >= begun


@pytest.mark.parametrize("file", ["flow.py:Flow", "pairs.py:Pairs", "compiled_flow.py:CompiledFlow"])
def test_a_halt_on_a_tape_ends_the_orders(file: str) -> None:
    parameters: dict[str, Any] = (
        {"length": 100} if "pairs" in file else {"enter": 0.1} | ({"symbol": "A"} if "compiled" not in file else {})
    )

    def run(limits: nt.Limits) -> nt.Result:
        strategy = load_strategy(str(EXAMPLES / file), parameters)
        return run_tape(strategy, pair_tape(), msgspec.structs.replace(CONFIG, limits=limits))

    free, halted = run(nt.Limits()), run(nt.Limits(max_daily_loss=200))
    assert halted.summary["accounts"] == {"main": "HALTED"}
    assert halted.summary["orders"]["accepted"] < free.summary["orders"]["accepted"]
    assert sum(halted.summary["orders"]["denied"].values()) <= 2  # that were on their way at the halt


def _moved(step: Any, market: Market, bid: float, ask: float) -> dict[str, float]:
    """Where the orders are after another quote."""
    market.quote(bid, ask)
    found: dict[str, float] = step()
    return found


# ---- pairs -------------------------------------------------------------------------------------------------------------------------


def pair_tape(shift: int = 0) -> Source:
    """Two instruments in turn: both wander, and the first now and then runs away from the second and comes back."""
    generator = np.random.default_rng(4)
    count = 3000
    common = np.cumsum(generator.integers(-1, 2, count))
    apart = np.zeros(count, np.int64)
    for number in range(1, count):
        apart[number] = round(0.95 * apart[number - 1] + generator.normal(0, 1.5))
    ticks = np.zeros(2 * count + 3, abi.NT_TICK)
    ticks["ts_event"] = ticks["ts_recv"] = START + np.arange(len(ticks)) * 50_000_000
    ticks["flags"] = abi.NT_TICK_LAST_OF_SLICE
    for instrument in (0, 1):
        ticks["kind"][instrument] = abi.NT_TICK_SESSION
        ticks["price"][instrument] = abi.NT_SESSION_OPEN
        ticks["size"][instrument] = START // 86_400_000_000_000
        ticks["instrument"][instrument] = instrument
        part = ticks[2 + instrument : -1 : 2]
        level = 4000 + common + (apart + shift if instrument == 0 else 0)
        part["kind"] = abi.NT_TICK_TRADE
        part["instrument"] = instrument
        part["price"] = level * 25
        part["size"] = 10
        part["aggressor"] = generator.integers(1, 3, count)
    ticks["kind"][-1] = abi.NT_TICK_END
    instruments = CONFIG.validated().instruments
    return Source(name="pair", symbols=("A", "B"), instruments=instruments, ticks=ticks, rows=2 * count, assumptions=(), sha256="0" * 64)


def late_tape(late: int) -> Source:
    """The same, where one of the two begins 500 ticks after the other."""
    tape = pair_tape()
    ticks = tape.ticks
    session = ticks[late].copy()
    kept = np.ascontiguousarray(ticks[(ticks["instrument"] != late) | (np.arange(len(ticks)) > 1000) | (ticks["kind"] == abi.NT_TICK_END)])
    place = int(np.flatnonzero(kept["instrument"] == late)[0])
    for column in ("ts_event", "ts_recv"):
        session[column] = kept[column][place]
    kept[place] = session
    return dataclasses.replace(tape, ticks=kept)


def pairs(tape: Source, **parameters: Any) -> nt.Result:
    return run_tape(load_strategy(str(EXAMPLES / "pairs.py"), {"length": 100, **parameters}), tape, CONFIG)


def test_pairs_holds_one_against_the_other() -> None:
    result = pairs(pair_tape())
    bought = dict.fromkeys("AB", 0)
    sold = dict(bought)
    for fill in result.fills:
        side = bought if fill["side"] == abi.NT_SIDE_BUY else sold
        side["AB"[fill["instrument"]]] += int(fill["last_quantity"])
    assert min(*bought.values(), *sold.values()) > 5
    assert abs(bought["A"] - sold["B"]) <= 1
    assert abs(sold["A"] - bought["B"]) <= 1
    assert result.summary["orders"]["denied"] == {}


@pytest.mark.parametrize(
    "parameters", [{"enter": 3.0}, {"leave": 1.0}, {"length": 300}, {"quantity": 2}, {"hedge": 2.0}, {"first": "B", "second": "A"}]
)
def test_each_parameter_of_pairs_changes_the_result(parameters: dict[str, Any]) -> None:
    tape = pair_tape()
    assert pairs(tape).summary["digest"] != pairs(tape, **parameters).summary["digest"]


def test_pairs_sees_the_spread_less_its_mean() -> None:
    still = [fill["side"] for fill in pairs(pair_tape()).fills]
    assert still == [fill["side"] for fill in pairs(pair_tape(shift=40)).fills]


@pytest.mark.parametrize("parameters", [{"length": 1}, {"enter": 0.5, "leave": 0.5}])
def test_pairs_refuses_parameters_that_make_no_sense(parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="length must be 2 or more, and enter above leave"):
        pairs(pair_tape(), **parameters)


def test_pairs_waits_for_both() -> None:
    tape = pair_tape()
    alone = dataclasses.replace(tape, ticks=np.ascontiguousarray(tape.ticks[(tape.ticks["instrument"] == 0)]))
    assert len(pairs(alone).fills) == 0
