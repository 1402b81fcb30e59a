"""Timers at exact times of a tape, late ones in real time that say so, and values that strategies record."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from support import config_of, walk, write_tape

import neural_trader as nt
from neural_trader import user_features
from neural_trader._native import abi
from neural_trader.errors import Full, InvalidArgument, StateError
from neural_trader.kernel import Kernel
from neural_trader.sources import Source, open_source
from neural_trader.sources.clock import with_clock
from neural_trader.sweep_worker import run_tape
from neural_trader.timers import RealTimer, TapeTimer, Timer, common_interval, timer_interval

SECOND = 1_000_000_000
CONFIG = config_of("timers-test")
START = 1_709_553_600 * SECOND  # noon of 4 March 2024


@pytest.fixture
def tape(tmp_path: Path) -> Source:
    """Trades at 0 s, 0.4 s, 1 s (two of one stamp), 3.5 s."""
    trades = [(0, 1000.0, 1), (400, 1000.25, 2), (1000, 1000.5, 3), (1000, 1000.75, 4), (3500, 1001.0, 5)]
    return open_source(write_tape(tmp_path / "trades.csv", trades), CONFIG)


class Watches(nt.Strategy):
    """Writes down what comes, in order: timers as ("timer", …), slices as ("ticks", number of trades)."""

    timer_ns: ClassVar[int] = SECOND

    def on_start(self, client: nt.Client) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        trades = ticks.raw[ticks.raw["kind"] == abi.NT_TICK_TRADE]
        self.seen.append(("ticks", (client.now_ns - START) / SECOND, trades["size"].tolist()))

    def on_timer(self, client: nt.Client, timer: Timer) -> None:
        assert timer == (client.now_ns, client.now_ns, 0)
        assert timer.late_ns == 0
        last = client.quote("TEST").last
        self.seen.append(("timer", (timer.due_ns - START) / SECOND, last))


def test_timers_come_between_the_ticks_and_see_what_was_before_them(tape: Source) -> None:
    strategy = Watches()
    run_tape(strategy, tape, CONFIG)
    assert strategy.seen == [
        ("ticks", 0.0, [1]),
        ("ticks", 0.4, [2]),
        ("timer", 1.0, 1000.25),
        ("ticks", 1.0, [3, 4]),
        ("timer", 2.0, 1000.75),
        ("timer", 3.0, 1000.75),
        ("ticks", 3.5, [5]),
    ]


@pytest.mark.parametrize(("interval", "expected"), [(SECOND // 2, [0.5, 1, 1.5, 2, 2.5, 3, 3.5]), (3 * SECOND, [3]), (5 * SECOND, [])])
def test_the_interval_decides_when(tape: Source, interval: int, expected: list[float]) -> None:
    class Other(Watches):
        timer_ns: ClassVar[int] = interval

    strategy = Other()
    run_tape(strategy, tape, CONFIG)
    assert [when for kind, when, _ in strategy.seen if kind == "timer"] == expected
    assert sum(kind == "ticks" for kind, *_ in strategy.seen) == 4


def test_timers_of_several_strategies_do_not_disturb_each_other(tape: Source) -> None:
    class Alone(Watches):
        timer_ns: ClassVar[int] = 0

    class Half(Watches):
        timer_ns: ClassVar[int] = 3 * SECOND // 2

    with Kernel(CONFIG, private=True) as kernel:
        strategies = (Watches(), Half(), Alone())
        kernel.run(tape, *strategies)
    times = [[when for kind, when, _ in strategy.seen if kind == "timer"] for strategy in strategies]
    assert times == [[1, 2, 3], [1.5, 3], []]
    assert common_interval(strategies) == SECOND // 2
    ticks = [[row for row in strategy.seen if row[0] == "ticks"] for strategy in strategies]
    assert ticks[0] == ticks[1] == ticks[2]
    assert len(ticks[0]) == 4


class Trades(nt.Strategy):
    """Buys and sells in turn at its timer."""

    timer_ns: ClassVar[int] = SECOND
    quantity: int = 1

    def on_start(self, client: nt.Client) -> None:
        self.number = 0

    def on_timer(self, client: nt.Client, timer: Timer) -> None:
        self.number += 1
        client.submit("TEST", "BUY" if self.number % 2 else "SELL", self.quantity)


def test_orders_of_a_timer_carry_its_time_and_meet_the_next_tick(tmp_path: Path) -> None:
    source = open_source(write_tape(tmp_path / "walk.csv", walk(400)), CONFIG)
    result = run_tape(Trades(), source, CONFIG)
    orders = result.orders
    assert len(orders) > 10
    assert (orders["ts"] % SECOND == 0).all()
    assert (np.diff(orders["ts"]) == SECOND).all()
    fills = result.fills
    assert len(fills) > 10
    trades = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    assert np.isin(fills["ts_event"], trades["ts_event"]).all()
    assert run_tape(Trades(), source, CONFIG).summary["digest"] == result.summary["digest"]
    assert run_tape(Trades(quantity=2), source, CONFIG).summary["digest"] != result.summary["digest"]


def test_a_timer_that_does_nothing_leaves_the_result_as_it_was(tmp_path: Path) -> None:
    class Turns(nt.Strategy):
        def on_start(self, client: nt.Client) -> None:
            self.number = 0

        def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
            self.number += 1
            if self.number % 5 == 0:
                client.submit("TEST", "BUY" if self.number % 2 else "SELL", 1)

    class Timed(Turns):
        timer_ns: ClassVar[int] = SECOND // 100

    source = open_source(write_tape(tmp_path / "walk.csv", walk(400)), CONFIG)
    plain, timed = run_tape(Turns(), source, CONFIG), run_tape(Timed(), source, CONFIG)
    assert len(plain.orders) > 20
    assert timed.summary["digest"] == plain.summary["digest"]
    assert timed.summary["ticks"] > plain.summary["ticks"]


def test_the_tape_with_its_clock(tape: Source) -> None:
    clocked = with_clock(tape, SECOND)
    assert with_clock(tape, 0) is tape
    added = clocked.ticks[clocked.ticks["kind"] == abi.NT_TICK_CLOCK]
    assert ((added["ts_event"] - START) // SECOND).tolist() == [1, 2, 3]
    assert (added["flags"] == abi.NT_TICK_LAST_OF_SLICE).all()
    rest = clocked.ticks[clocked.ticks["kind"] != abi.NT_TICK_CLOCK]
    assert rest.tobytes() == tape.ticks.tobytes()
    assert (np.diff(clocked.ticks["ts_event"]) >= 0).all()
    assert with_clock(clocked, SECOND).ticks.tobytes() == clocked.ticks.tobytes()
    both = with_clock(clocked, SECOND // 2).ticks
    assert (both["kind"] == abi.NT_TICK_CLOCK).sum() == 7
    empty = dataclasses.replace(tape, ticks=tape.ticks[:0])
    assert with_clock(empty, SECOND) is empty


def test_too_many_clock_ticks_are_refused(tape: Source) -> None:
    with pytest.raises(InvalidArgument, match="make the intervals longer") as caught:
        with_clock(tape, 10)
    assert caught.value.observed == 350_000_000
    assert caught.value.limit == 1 << 24


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "1s", None, 2**51 + 1, math.nan])
def test_what_is_no_interval(wrong: Any) -> None:
    class Wrong(nt.Strategy):
        timer_ns: ClassVar[int] = wrong

    with pytest.raises(InvalidArgument, match=r"Wrong\.timer_ns .* whole nanoseconds"):
        timer_interval(Wrong())


def test_a_tape_without_the_clock_tick_is_an_error_and_no_late_timer(tape: Source) -> None:
    class Slice:
        def __init__(self, raw: Any) -> None:
            self.raw = raw

    class Client:
        now_ns = 0

    class Plain(nt.Strategy):
        timer_ns: ClassVar[int] = SECOND

    ticks = tape.ticks[tape.ticks["kind"] == abi.NT_TICK_TRADE]
    timer = TapeTimer(Plain())
    timer.on_ticks(Client(), Slice(ticks[1:2]))  # type: ignore[arg-type]
    with pytest.raises(StateError, match=f"was due at {START + SECOND} .* divides 1000000000 ns"):
        timer.on_ticks(Client(), Slice(ticks[2:4]))  # type: ignore[arg-type]


def test_in_real_time_it_says_how_late_it_is() -> None:
    calls: list[Timer] = []

    class Real(nt.Strategy):
        timer_ns: ClassVar[int] = 100

        def on_timer(self, client: nt.Client, timer: Timer) -> None:
            calls.append(timer)

    client: Any = None
    timer = RealTimer(Real(), 1_040)
    assert timer.wait_ns(1_040, 1_000) == 60
    assert timer.wait_ns(1_040, 5) == 5
    timer.fire(client, 1_099)
    assert calls == []
    timer.fire(client, 1_103)
    timer.fire(client, 1_104)
    assert timer.wait_ns(1_300, 1_000) == 0
    timer.fire(client, 1_450)
    assert calls == [(1_100, 1_103, 0), (1_400, 1_450, 2)]
    assert [call.late_ns for call in calls] == [3, 50]
    none = RealTimer(nt.Strategy(), 0)
    none.fire(client, 10**18)
    assert none.wait_ns(0, 77) == 77


# ---- recorded values ---------------------------------------------------------------------------------------------------------------


class Records(nt.Strategy):
    name: str = "middle"
    add: float = 0.0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        last = client.quote("TEST").last
        if not math.isnan(last):
            self.record(client, self.name, last + self.add)


def test_recorded_values_have_the_kernel_s_time(tape: Source) -> None:
    strategy = Records(add=0.5)
    assert strategy.recorded == {}
    run_tape(strategy, tape, CONFIG)
    rows = strategy.recorded["middle"]
    assert rows["value"].tolist() == [1000.5, 1000.75, 1001.25, 1001.5]
    assert ((rows["ts"] - START) / SECOND).tolist() == [0, 0.4, 1, 3.5]
    run_tape(strategy, tape, CONFIG)
    assert len(strategy.recorded["middle"]) == 4  # of the last run
    other = Records(name="other")
    run_tape(other, tape, CONFIG)
    assert list(other.recorded) == ["other"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "x", None])
def test_what_is_no_finite_number_is_not_recorded(tape: Source, value: Any) -> None:
    class Wrong(nt.Strategy):
        def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
            self.record(client, "spread_bought", value)

    strategy = Wrong()
    with pytest.raises(InvalidArgument, match="only finite numbers"):
        run_tape(strategy, tape, CONFIG)
    assert len(strategy.recorded["spread_bought"]) == 0


@pytest.mark.parametrize(("name", "why"), [("", "identifier"), ("two words", "identifier"), ("a" * 65, "64"), ("imbalance", "streaming")])
def test_names_that_are_refused(tape: Source, name: str, why: str) -> None:
    with pytest.raises(InvalidArgument, match=why):
        run_tape(Records(name=name), tape, CONFIG)


def test_recorded_values_are_bounded(tape: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_features, "_VALUES", 3)
    strategy = Records()
    with pytest.raises(Full, match="at most 3 values") as caught:
        run_tape(strategy, tape, CONFIG)
    assert (caught.value.observed, caught.value.limit) == (4, 3)
    assert len(strategy.recorded["middle"]) == 3
