"""Compiled strategies trade as the same rules in Python do, and whatever goes wrong in machine code is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from support import TEST, config_of, walk, write_tape

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import VenueConfig
from neural_trader.errors import Full, InvalidArgument, MissingExtra, NotFound, StateError, StrategyError
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.kernel import Kernel
from neural_trader.loading import strategy_class
from neural_trader.sources import Source, open_source
from neural_trader.sweep import sweep
from neural_trader.sweep_worker import run_tape

pytest.importorskip("numba", reason="the extra numba is not installed")
from neural_trader import compiled
from neural_trader.compiled import CompiledStrategy, View, cancel, feature_index, limit, market

EXAMPLES = Path(__file__).parents[2] / "examples"
CONFIG = config_of("compiled-test")
START = 1_709_553_600_000_000_000  # noon of 4 March 2024
BUY, SELL, DAY, GTC = int(abi.NT_SIDE_BUY), int(abi.NT_SIDE_SELL), int(abi.NT_TIF_DAY), int(abi.NT_TIF_GTC)
DENIED, NEW, CLOCK = int(abi.NT_EXEC_DENIED), int(abi.NT_EXEC_NEW), int(abi.NT_TICK_CLOCK)
SPREAD, FLOW = feature_index("spread"), feature_index("trade_flow_64")


@pytest.fixture
def tape(tmp_path: Path) -> Source:
    return open_source(write_tape(tmp_path / "trades.csv", walk(600)), CONFIG)


# ---- like Python -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("enter", [0.3, 0.6, 0.7])
def test_the_example_trades_as_the_one_in_python(enter: float) -> None:
    python = strategy_class(str(EXAMPLES / "flow.py"))
    machine = strategy_class(str(EXAMPLES / "compiled_flow.py") + ":CompiledFlow")
    limits = nt.Limits(max_order_quantity=3, max_position=2)
    for config in (nt.Config(name="flow"), nt.Config(name="flow", limits=limits, venue=VenueConfig(latency_in_us=5000, slippage_ticks=2))):
        slow = nt.backtest(python(enter=enter), "sample:es-2013-09:30000", config)
        strategy = machine(enter=enter)
        fast = nt.backtest(strategy, "sample:es-2013-09:30000", config)
        assert len(slow.orders) > 5
        assert fast.reports.tobytes() == slow.reports.tobytes()
        assert fast.orders.tobytes() == slow.orders.tobytes()
        names = ("digest", "ticks", "orders", "fills", "pnl", "drawdown", "equity_final")
        assert {name: fast.summary[name] for name in names} == {name: slow.summary[name] for name in names}
        recorded = strategy.recorded["flow_at_order"]
        assert recorded["ts"].tolist() == fast.orders["ts"].tolist()
        assert (np.abs(recorded["value"]) > enter).all()


def test_the_parameters_matter() -> None:
    machine = strategy_class(str(EXAMPLES / "compiled_flow.py") + ":CompiledFlow")
    tape = open_source("sample:es-2013-09:30000", nt.Config(name="flow"))
    settings: list[dict[str, Any]] = [{}, {"enter": 0.7}, {"quantity": 2}]
    digests = {run_tape(machine(**each), tape, nt.Config(name="flow")).summary["digest"] for each in settings}
    assert len(digests) == 3


class Sees(nt.Strategy):
    """Writes down what a Python strategy sees at each slice, and trades both instruments."""

    def on_start(self, client: nt.Client) -> None:
        self.seen: list[tuple[float, ...]] = []
        self.reports = 0

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        self.reports += report.raw[2]

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        a, b = client.position("A"), client.position("B")
        self.seen.append(
            (len(ticks), a.projected, b.projected, b.quantity, float(b.unrealized_pnl), client.features("A")["trade_flow_64"], self.reports)
        )
        if len(self.seen) % 7 == 1:
            client.submit("B", "BUY" if len(self.seen) % 2 else "SELL", 1)


class CompiledSees(CompiledStrategy):
    records: ClassVar[tuple[str, ...]] = ("ticks", "a_projected", "b_projected", "b_quantity", "b_unrealized", "a_flow", "reports")

    @staticmethod
    def rule(view: View) -> None:
        memory = view.memory
        for report in view.reports:
            memory[1] += report.client_order_id
        if len(view.ticks) == 0:
            return
        memory[0] += 1
        record = view.record
        record[0] = len(view.ticks)
        record[1] = view.positions[0].projected
        record[2] = view.positions[1].projected
        record[3] = view.positions[1].quantity
        record[4] = view.positions[1].unrealized_pnl
        record[5] = view.features[0, FLOW]
        record[6] = memory[1]
        if memory[0] % 7 == 1:
            market(view, 1, BUY if memory[0] % 2 == 1 else SELL, 1)


def two_instruments(count: int, burst: int = 1) -> Source:
    """Trades of A, with one of B at every third time; `burst` trades of A in a slice now and then."""
    rows = []
    for i in range(count):
        rows += [(i, 0, 4000 + i % 3)] * (burst if i % 50 == 20 else 1)
        if i % 3 == 0:
            rows.append((i, 1, 8000 + i % 5))
    ticks = np.zeros(len(rows) + 1, abi.NT_TICK)
    ticks["ts_event"][:-1] = START + np.array([row[0] for row in rows]) * 100_000_000
    ticks["ts_event"][-1] = ticks["ts_event"][-2]
    ticks["instrument"][:-1] = [row[1] for row in rows]
    ticks["price"][:-1] = [row[2] for row in rows]
    ticks["size"][:-1] = 5
    ticks["aggressor"][:-1] = [1 + i % 2 for i in range(len(rows))]
    ticks["kind"] = abi.NT_TICK_TRADE
    ticks["kind"][-1] = abi.NT_TICK_END
    stamps = ticks["ts_event"]
    ticks["flags"][:-1][stamps[1:] > stamps[:-1]] = abi.NT_TICK_LAST_OF_SLICE
    ticks["flags"][-1] = abi.NT_TICK_LAST_OF_SLICE
    instruments = {name: msgspec.structs.replace(TEST, symbol=name) for name in ("A", "B")}
    return Source("two", ("A", "B"), instruments, ticks, len(rows), (), "0" * 64)


@pytest.mark.parametrize("burst", [1, 5000])
def test_it_sees_what_a_python_strategy_sees(burst: int) -> None:
    source = two_instruments(120, burst)
    config = config_of("sees", instruments=dict(source.instruments), venue=VenueConfig(latency_in_us=150_000, latency_out_us=50_000))
    python, machine = Sees(), CompiledSees()
    slow, fast = run_tape(python, source, config), run_tape(machine, source, config)
    assert fast.summary["digest"] == slow.summary["digest"]
    assert len(fast.fills) > 5
    recorded = machine.recorded
    expected = np.array(python.seen, np.float64)
    scale = {"b_unrealized": 10**MONEY_DECIMALS, "a_flow": 1}
    for column, name in enumerate(machine.records):
        values = expected[:, column]
        kept = values[~np.isnan(values)]
        got = recorded[name]["value"] / (scale.get(name, 1))
        assert len(got) == len(kept), name
        assert len(set(got.tolist())) > 1 or name == "a_projected", name
        np.testing.assert_allclose(got, kept, rtol=0, atol=1e-9, err_msg=name)


# ---- orders ------------------------------------------------------------------------------------------------------------------------


class Sends(CompiledStrategy):
    """`kind` 0: market orders of `quantity` every tenth slice; 1: a limit order far away, cancelled when it is acknowledged."""

    kind: int = 0
    quantity: int = 1
    price: int = 360_000
    flag: bool = False
    records: ClassVar[tuple[str, ...]] = ("denied", "acknowledged", "flag")
    read_features: ClassVar[bool] = False

    @staticmethod
    def rule(view: View) -> None:
        parameters, memory = view.parameters, view.memory
        for report in view.reports:
            memory[1] += report.exec_type == DENIED
            if report.exec_type == NEW:
                memory[2] += 1
                if parameters.kind == 1:
                    cancel(view, report.client_order_id)
        view.record[0] = memory[1]
        view.record[1] = memory[2]
        view.record[2] = 1.0 if parameters.flag else 0.0
        if not np.isnan(view.features[0, SPREAD]):
            raise ValueError("features were not asked for")
        memory[0] += len(view.ticks) > 0
        if len(view.ticks) > 0 and memory[0] % 10 == 0:
            if parameters.kind == 0:
                market(view, 0, BUY if memory[0] % 20 == 0 else SELL, parameters.quantity)
            else:
                limit(view, 0, BUY, parameters.quantity, parameters.price, GTC)


def test_denied_orders_come_back_as_reports(tape: Source) -> None:
    config = config_of("denied", limits=nt.Limits(max_order_quantity=2))
    strategy = Sends(quantity=3)
    result = run_tape(strategy, tape, config)
    sent = len(result.orders)
    assert sent > 10
    assert result.summary["orders"] == {"accepted": 0, "denied": {"QUANTITY_EXCEEDS_MAXIMUM": sent}}
    assert (result.reports["observed"] == 3).all()
    assert strategy.recorded["denied"]["value"][-1] == sent
    accepted = run_tape(Sends(quantity=2), tape, config)
    assert accepted.summary["orders"] == {"accepted": sent, "denied": {}}


def test_limit_orders_rest_and_are_cancelled(tape: Source) -> None:
    strategy = Sends(kind=1, price=90_000, flag=True)
    result = run_tape(strategy, tape, CONFIG)
    new = result.orders[result.orders["message"] == abi.NT_MESSAGE_NEW]
    assert set(new["price"].tolist()) == {90_000}
    assert set(new["time_in_force"].tolist()) == {GTC}
    cancelled = result.reports[result.reports["exec_type"] == abi.NT_EXEC_CANCELED]
    assert len(cancelled) == len(new) > 10
    assert (cancelled["reason"] == abi.NT_REASON_USER_REQUEST).all()
    assert strategy.recorded["acknowledged"]["value"][-1] == len(new)
    assert set(strategy.recorded["flag"]["value"].tolist()) == {1.0}
    other = run_tape(Sends(kind=1, price=80_000), tape, CONFIG)
    assert set(other.orders["price"][other.orders["message"] == abi.NT_MESSAGE_NEW].tolist()) == {80_000}


class Many(CompiledStrategy):
    """Writes `count` orders in its third call; with `forged` it only says so."""

    count: int = 64
    forged: bool = False
    every: bool = False

    @staticmethod
    def rule(view: View) -> None:
        view.memory[0] += 1
        if view.memory[0] == 3 or view.parameters.every:
            if view.parameters.forged:
                view.written[0] = view.parameters.count
            else:
                for _ in range(view.parameters.count):
                    limit(view, 0, BUY, 1, 90_000, DAY)


def test_as_many_orders_as_there_is_room_for(tape: Source) -> None:
    result = run_tape(Many(), tape, config_of("many", limits=nt.Limits(max_open_orders=100)))
    assert len(result.orders) == compiled.ROOM == 64
    assert result.summary["orders"]["accepted"] == 64


@pytest.mark.parametrize(("count", "forged", "why"), [(65, False, "at most 64"), (65, True, "count of 65"), (-1, True, "count of -1")])
def test_more_than_that_is_an_error(tape: Source, count: int, forged: bool, why: str) -> None:
    with pytest.raises(StrategyError, match=why):
        run_tape(Many(count=count, forged=forged), tape, CONFIG)


def test_no_order_is_lost_when_the_slots_are_full(tape: Source) -> None:
    with pytest.raises(Full, match="every order slot") as caught:
        run_tape(Many(count=50, every=True), tape, CONFIG)
    assert caught.value.limit == 1024


# ---- what goes wrong ---------------------------------------------------------------------------------------------------------------


class Fails(CompiledStrategy):
    at: int = 4
    divide: bool = False

    @staticmethod
    def rule(view: View) -> None:
        view.memory[0] += 1
        if view.memory[0] == view.parameters.at:
            if view.parameters.divide:
                view.memory[1] = 1 / (view.parameters.at - view.parameters.at)
            raise ValueError("as asked")


class Unfit(CompiledStrategy):
    @staticmethod
    def rule(view: View) -> None:
        view.nothing_of_this_name.append(1)  # type: ignore[attr-defined]


class Speaks(CompiledStrategy):
    symbol: str = "TEST"

    @staticmethod
    def rule(view: View) -> None:
        """Nothing."""


class Empty(CompiledStrategy):
    big: int = 1
    memory_size: ClassVar[int] = 0

    @staticmethod
    def rule(view: View) -> None:
        """Nothing."""


class Pretends(nt.Strategy):
    compiled: ClassVar[bool] = True


class Ruleless(CompiledStrategy):
    pass


def test_errors_of_a_rule(tape: Source) -> None:
    with pytest.raises(StrategyError, match=r"rule of Fails failed at tick \d+ of 602: ValueError: as asked") as caught:
        run_tape(Fails(), tape, CONFIG)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(StrategyError, match="ZeroDivisionError"):
        run_tape(Fails(divide=True), tape, CONFIG)
    early, late = (pytest.raises(StrategyError, match="failed at tick") for _ in range(2))
    with early as first:
        run_tape(Fails(at=2), tape, CONFIG)
    with late as second:
        run_tape(Fails(at=200), tape, CONFIG)
    assert str(first.value) != str(second.value)
    with pytest.raises(StrategyError, match="rule of Unfit cannot be compiled"):
        run_tape(Unfit(), tape, CONFIG)


def test_what_is_no_compiled_strategy(tape: Source, kernel_name: str) -> None:
    with pytest.raises(InvalidArgument, match="Ruleless has no rule"):
        run_tape(Ruleless(), tape, CONFIG)
    with pytest.raises(InvalidArgument, match=r"Speaks\.symbol is 'TEST'; fields of a compiled strategy are numbers"):
        run_tape(Speaks(), tape, CONFIG)
    with pytest.raises(InvalidArgument, match="does not fit in 64 bits"):
        run_tape(Empty(big=2**63), tape, CONFIG)
    with pytest.raises(InvalidArgument, match="Pretends says that it is compiled"):
        run_tape(Pretends(), tape, CONFIG)
    with Kernel(CONFIG, private=True) as kernel, pytest.raises(InvalidArgument, match="runs alone"):
        kernel.run(tape, Empty(), nt.Strategy())
    with Kernel(config_of(kernel_name), private=True) as kernel:
        kernel.run(tape)
        with kernel.client() as client, pytest.raises(StateError, match="give it to backtest"):
            Empty().on_ticks(client, client.last_ticks())
    with pytest.raises(NotFound, match=r"no feature 'nothing'.*imbalance"):
        feature_index("nothing")
    assert run_tape(Empty(), tape, CONFIG).summary["ticks"] == 602


class RecordsWrongly(CompiledStrategy):
    value: float = 1.0
    records: ClassVar[tuple[str, ...]] = ("level",)

    @staticmethod
    def rule(view: View) -> None:
        view.record[0] = view.parameters.value


class Clashes(RecordsWrongly):
    records: ClassVar[tuple[str, ...]] = ("imbalance",)


def test_recorded_values_are_finite_and_have_names_of_their_own(tape: Source) -> None:
    with pytest.raises(InvalidArgument, match="value of level is infinite"):
        run_tape(RecordsWrongly(value=float("inf")), tape, CONFIG)
    with pytest.raises(InvalidArgument, match="streaming feature"):
        run_tape(Clashes(), tape, CONFIG)
    strategy, none = RecordsWrongly(), RecordsWrongly(value=float("nan"))
    run_tape(strategy, tape, CONFIG)
    run_tape(none, tape, CONFIG)
    assert set(strategy.recorded["level"]["value"].tolist()) == {1.0}
    assert len(none.recorded["level"]) == 0


def test_more_values_than_one_return_to_python_takes(tape: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    source = two_instruments(20_000)
    config = config_of("rows", instruments=dict(source.instruments))
    strategy = RecordsWrongly()
    run_tape(strategy, source, config)
    stamps = strategy.recorded["level"]["ts"]
    assert len(stamps) == 20_000 > compiled._ROWS
    assert (np.diff(stamps) == 100_000_000).all()


# ---- the loop ----------------------------------------------------------------------------------------------------------------------


class Slow(CompiledStrategy):
    rounds: int = 1000

    @staticmethod
    def rule(view: View) -> None:
        for i in range(view.parameters.rounds):
            view.memory[0] += np.sin(i * view.memory[1])


def test_an_interrupt_ends_a_long_run(kernel_name: str) -> None:
    source = two_instruments(300_000)
    config = config_of(kernel_name, instruments=dict(source.instruments))
    run_tape(Slow(rounds=1), two_instruments(10), config)  # compiled before it is interrupted
    shown: list[int] = []

    def progress(done: int, total: int) -> None:
        shown.append(done)
        if len(shown) == 1:
            threading.Thread(target=interrupt).start()

    def interrupt() -> None:
        time.sleep(0.05)  # into machine code
        os.kill(os.getpid(), signal.SIGINT)

    with Kernel(config) as kernel, pytest.raises(KeyboardInterrupt):
        kernel.run(source, Slow(), progress=progress)
    assert 0 < shown[-1] < len(source.ticks)
    assert not list(Path("/dev/shm").glob(f"nt.{kernel_name}.*"))


def test_progress_rises_to_the_end() -> None:
    source = two_instruments(150_000)
    shown: list[tuple[int, int]] = []
    with Kernel(config_of("progress", instruments=dict(source.instruments)), private=True) as kernel:
        kernel.run(source, Empty(), progress=lambda done, total: shown.append((done, total)))
    total = len(source.ticks)
    assert shown[-1] == (total, total)
    assert len(shown) == 1 + total // 65_536
    assert [done for done, _ in shown] == sorted({done for done, _ in shown})


class Clocked(CompiledStrategy):
    timer_ns: ClassVar[int] = 1_000_000_000
    records: ClassVar[tuple[str, ...]] = ("timer",)

    @staticmethod
    def rule(view: View) -> None:
        if len(view.ticks) == 1 and view.ticks[0].kind == CLOCK:
            view.record[0] = view.ticks[0].ts_event % 1_000_000_007


def test_timers_are_slices_of_their_own() -> None:
    source = two_instruments(95)
    strategy = Clocked()
    run_tape(strategy, source, config_of("clock", instruments=dict(source.instruments)))
    stamps = strategy.recorded["timer"]["ts"]
    assert ((stamps - START) // 1_000_000_000).tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert strategy.recorded["timer"]["value"].tolist() == [int(each) % 1_000_000_007 for each in stamps]


def test_a_rule_is_compiled_once(tape: Source) -> None:
    run_tape(Sends(), tape, CONFIG)
    before = dict(compiled._loops)
    run_tape(Sends(quantity=2), tape, CONFIG)
    assert dict(compiled._loops) == before
    assert any(key[0] is Sends.rule for key in before)


def test_a_sweep_over_compiled_strategies(tmp_path: Path) -> None:
    source = write_tape(tmp_path / "walk.csv", walk(300))
    found = sweep(Sends, {"quantity": [1, 2], "kind": [0]}, source, CONFIG, processes=2)
    digests = [trial.outcome.digest if trial.outcome else trial.failure for trial in found.trials]
    alone = [run_tape(Sends(quantity=each), open_source(source, CONFIG), CONFIG).summary["digest"] for each in (1, 2)]
    assert digests == alone
    assert len(set(digests)) == 2


def test_without_numba_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['numba'] = None\nimport neural_trader.compiled"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "MissingExtra: a compiled strategy needs numba: pip install 'neural-trader[numba]'" in done.stderr
    assert issubclass(MissingExtra, ImportError)
    plain = "import sys; sys.modules['numba'] = None\nimport neural_trader as nt; print(nt.Strategy.compiled)"
    assert subprocess.run([sys.executable, "-c", plain], capture_output=True, text=True, check=True, timeout=60).stdout == "False\n"
