"""Timers of strategies that attach, on a tape and in real time, and recorded values in a result."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from support import Market, config_of, walk, write_tape

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import SourceConfig, VenueConfig
from neural_trader.errors import StateError
from neural_trader.kernel import Kernel
from neural_trader.sources import open_source
from neural_trader.timers import Timer

SECOND = 1_000_000_000


class Trades(nt.Strategy):
    """Buys and sells in turn at its timer, and records when."""

    timer_ns: ClassVar[int] = SECOND
    stop_after: int = 10**9

    def on_start(self, client: nt.Client) -> None:
        self.calls: list[Timer] = []

    def on_timer(self, client: nt.Client, timer: Timer) -> None:
        self.calls.append(timer)
        client.submit("TEST", "BUY" if len(self.calls) % 2 else "SELL", 1)
        self.record(client, "number", len(self.calls))


def timed(name: str, interval_ns: int) -> nt.Config:
    source = SourceConfig(timezone="UTC", clock_interval_ns=interval_ns)
    return config_of(name, source=source, venue=VenueConfig(latency_in_us=250, latency_out_us=250))


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "walk.csv", walk(300))


def test_timers_fire_alike_in_one_process_and_attached(tape: str, kernel_name: str) -> None:
    with Kernel(timed(kernel_name, 0)) as kernel:
        expected = kernel.run(tape, Trades())
    assert len(expected.fills) > 10
    for interval in (SECOND, SECOND // 4):
        strategy = Trades()
        with Kernel(timed(kernel_name, interval), participants=1) as kernel:
            kernel.start(tape)
            with kernel.client("Trades") as client:
                worker = threading.Thread(target=client.run, args=(strategy,))
                worker.start()
                worker.join(60)
                result = kernel.stop()
        assert result.reports.tobytes() == expected.reports.tobytes()
        assert result.orders.tobytes() == expected.orders.tobytes()
        assert strategy.recorded["number"].tobytes() == expected.recorded["number"].tobytes()
        assert all(call.late_ns == call.missed == 0 for call in strategy.calls)


@pytest.mark.parametrize("interval", [0, SECOND * 3 // 2])
def test_a_tape_whose_clock_does_not_fit_is_refused(tape: str, kernel_name: str, interval: int) -> None:
    with Kernel(timed(kernel_name, interval), participants=1) as kernel:
        kernel.start(tape)
        with kernel.client("Trades") as client, pytest.raises(StateError, match="no clock tick there"):
            client.run(Trades())


def test_the_interval_of_the_configuration(tape: str) -> None:
    for interval in (SECOND, SECOND // 2):
        ticks = open_source(tape, timed("interval", interval)).ticks
        first, last = int(ticks["ts_event"][0]), int(ticks["ts_event"][-1])
        assert (ticks["kind"] == abi.NT_TICK_CLOCK).sum() == last // interval - first // interval > 10
    assert abi.NT_TICK_CLOCK not in open_source(tape, timed("interval", 0)).ticks["kind"]


def test_in_real_time_no_timer_is_early_and_late_ones_say_so() -> None:
    class Real(nt.Strategy):
        timer_ns: ClassVar[int] = SECOND // 50

        def on_start(self, client: nt.Client) -> None:
            self.calls: list[Timer] = []

        def on_timer(self, client: nt.Client, timer: Timer) -> None:
            self.calls.append(timer)
            if len(self.calls) == 3:
                time.sleep(0.1)  # four due times and more pass

    strategy = Real()
    market = Market(config_of("real-timer"))
    try:
        with market.kernel.client("real") as client:
            client.run(strategy, stopping=lambda: len(strategy.calls) >= 6)
    finally:
        market.close()
    calls = strategy.calls
    assert all(call.due_ns % (SECOND // 50) == 0 and call.late_ns >= 0 for call in calls)
    assert calls[3].missed >= 4 - 1
    for before, after in itertools.pairwise(calls):
        assert after.due_ns - before.due_ns == (after.missed + 1) * (SECOND // 50)


class Records(nt.Strategy):
    name: str = "last"

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        last = client.quote("TEST").last
        if not math.isnan(last):
            self.record(client, self.name, last)


def test_a_result_has_what_was_recorded(tape: str, tmp_path: Path, kernel_name: str) -> None:
    strategy = Records()
    result = nt.backtest(strategy, tape, config_of("recorded"))
    assert list(result.recorded) == ["last"]
    assert result.recorded["last"].tobytes() == strategy.recorded["last"].tobytes()
    result.save(tmp_path / "saved")
    assert np.load(tmp_path / "saved" / "recorded_last.npy").tobytes() == result.recorded["last"].tobytes()
    with Kernel(config_of(kernel_name)) as kernel:
        both = kernel.run(tape, Records(), Records(name="file"))
    assert sorted(both.recorded) == ["Records-2.file", "Records.last"]
    assert nt.backtest(nt.Strategy(), tape, config_of("recorded")).recorded == {}


def test_without_polars_it_says_what_to_install(tape: str) -> None:
    code = (
        "import sys; sys.modules['polars'] = None\n"
        "import neural_trader as nt\n"
        "nt.backtest(nt.Strategy(), 'sample:es-2013-09:100').to_polars('orders')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "MissingExtra: a polars table needs polars: pip install 'neural-trader[polars]'" in done.stderr
