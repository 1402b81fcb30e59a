"""Looking at a kernel from another process, by the class and by `neural-trader top`."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from running import SIGINT, SYMBOL, TICKS, Case, Started, attached, command, eventually, on_terminal, one_object

from neural_trader.cli.top import frame
from neural_trader.client import Client
from neural_trader.config import Config
from neural_trader.errors import BadHandle, InvalidName, KernelDead, NotFound
from neural_trader.kernel import Kernel
from neural_trader.loading import load_strategy
from neural_trader.monitor import Monitor, Snapshot


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


@pytest.fixture
def started(case: Case) -> Iterator[Started]:
    """A real-time run of 40 seconds at most, its first ticks taken."""
    with case.start("--realtime", "--set", "resting=true") as running:
        attached(case.name).close()
        yield running


def test_a_snapshot_agrees_with_the_result(case: Case) -> None:
    with Kernel(Config.read(case.config)) as kernel:
        summary = kernel.run(str(case.trades), load_strategy(str(case.strategy), {"resting": True})).summary
        with Monitor(case.name) as monitor:
            seen = monitor.snapshot()
    assert (seen.name, seen.clock, seen.alive, seen.source_ended, seen.state) == (case.name, "tape", True, True, "ACTIVE")
    assert seen.counters.ticks == summary["ticks"] == TICKS + 2
    assert seen.counters.orders_accepted == summary["orders"]["accepted"]
    assert seen.counters.orders_denied == 0
    assert seen.counters.fills == summary["fills"]
    for kind, values in summary["latency_ns"].items():
        assert (seen.latency_ns[kind].p50, seen.latency_ns[kind].p99, seen.latency_ns[kind].p999) == tuple(values.values())
    (account,) = seen.accounts
    assert account.equity == summary["equity_final"]
    assert account.realized_pnl + account.unrealized_pnl == summary["pnl"]["gross"]
    assert account.fees == summary["pnl"]["fees"]
    (position,) = seen.positions
    assert position.fills == summary["fills"]
    assert position.realized_pnl == account.realized_pnl
    (quote,) = seen.quotes
    last = case.trades.read_text(encoding="utf-8").splitlines()[-1].split(",")
    assert (quote.symbol, quote.last, quote.last_size) == (SYMBOL, float(last[1]), float(last[2]))


def test_a_kernel_before_its_first_tick(case: Case) -> None:
    with Kernel(Config.read(case.config)) as kernel:
        kernel.start()
        with Monitor(case.name) as monitor:
            seen = monitor.snapshot()
        kernel.stop()
    assert (seen.counters.ticks, seen.channels, seen.positions, seen.quotes) == (0, [], [], [])
    assert seen.looping
    assert seen.latency_ns["tick_to_order"].p50 is None
    assert seen.accounts[0].cash == Decimal(10_000)
    assert "tick to order: none yet" in frame(seen)


def test_a_snapshot_of_another_process_shows_channels_and_working_orders(case: Case, started: Started) -> None:
    with Client.attach(case.name, name="second") as client, Monitor(case.name) as monitor:
        assert client.execute(SYMBOL, "BUY", 500).status == "DENIED"
        assert client.execute(SYMBOL, "SELL", 1, 250).status == "NEW"

        def complete() -> Snapshot | None:
            seen = monitor.snapshot()
            return seen if len(seen.positions) == 1 and seen.positions[0].working_buy and len(seen.channels) == 2 else None

        seen: Snapshot = eventually(complete, "both clients")
        assert seen.pid == started.process.pid
        assert seen.clock == "real time"
        channels = {channel.client: channel for channel in seen.channels}
        assert set(channels) == {"Turns", "second"}
        assert channels["second"].orders_taken == channels["second"].last_client_order_id == 2
        assert channels["Turns"].state == "claimed"
        assert seen.counters.denied == {"QUANTITY_EXCEEDS_MAXIMUM": 1}
        assert (seen.positions[0].working_buy, seen.positions[0].working_sell) == (1, 1)
        assert seen.accounts[0].open_orders >= 2


def test_top_once(case: Case, started: Started) -> None:
    with Client.attach(case.name, name="second") as client:
        client.execute(SYMBOL, "BUY", 500)
        text = eventually(lambda: "Turns" in (out := command("top", case.name, "--once").stdout) and out, "the strategy")
    for words in (case.name, "real time", "ACTIVE", "QUANTITY_EXCEEDS_MAXIMUM 1", "second", "main USD", f"{SYMBOL} (implied)", "p99.9"):
        assert words in text
    assert "\x1b" not in text


def test_top_with_json_is_a_snapshot(case: Case, started: Started) -> None:
    text = command("top", case.name, "--once", "--json").stdout
    seen = msgspec.json.decode(text, type=Snapshot)
    assert seen.name == case.name
    assert one_object(command("top", case.name, "--once", "--json"))["counters"]["ticks"] >= seen.counters.ticks > 0


def test_top_goes_on_until_the_kernel_ends(case: Case, started: Started) -> None:
    with Started("top", case.name, "--interval", "0.05", "--json") as top, Started("top", case.name, "--interval", "0.05") as shown:
        assert top.process.stdout is not None
        first = json.loads(top.process.stdout.readline())
        assert first["alive"] is True
        time.sleep(0.3)
        assert started.end(SIGINT).returncode == 130
        done = top.end()
        text = shown.end()
    assert (done.returncode, text.returncode) == (0, 0)
    assert done.stderr == text.stderr == f"neural-trader: kernel {case.name} has ended\n"
    ticks = [json.loads(line)["counters"]["ticks"] for line in done.stdout.splitlines()]
    assert ticks == sorted(ticks)
    assert len(ticks) >= 3
    assert " a second)" in text.stdout


def test_top_ends_when_the_kernel_is_killed(case: Case, started: Started) -> None:
    with Started("top", case.name, "--interval", "0.05") as top:
        assert top.process.stdout is not None
        top.process.stdout.readline()
        started.process.kill()
        done = top.end()
    assert done.returncode == 0
    assert "has ended" in done.stderr


def test_top_on_a_terminal_redraws(case: Case) -> None:
    with case.start("--set", "pause_s=0.01") as running:
        attached(case.name).close()
        code, text = on_terminal("top", case.name, "--interval", "0.1")
        assert running.end().returncode == 0
    assert code == 0
    assert text.count("\x1b[H\x1b[2J") >= 3
    assert "tape 2024-03-04 12:00:" in text
    assert text.rstrip().endswith(f"kernel {case.name} has ended")


def test_top_of_no_kernel_and_with_bad_options(case: Case) -> None:
    assert command("top", case.name).returncode == 1
    assert command("top", "a/b").returncode == 2
    for interval in ("0", "-1", "nan", "x"):
        assert command("top", case.name, "--interval", interval).returncode == 2


def test_alive_is_about_the_same_kernel(case: Case) -> None:
    config = Config.read(case.config)
    with Kernel(config) as kernel:
        kernel.start()
        monitor = Monitor(case.name)
        assert monitor.alive
    assert not monitor.alive
    with Kernel(config) as kernel:
        kernel.start()
        assert not monitor.alive
        with Monitor(case.name) as other:
            assert other.alive
    monitor.close()
    monitor.close()
    with pytest.raises(BadHandle):
        monitor.status()


def test_errors(case: Case) -> None:
    with pytest.raises(NotFound, match=f"no kernel named {case.name} runs here"):
        Monitor(case.name)
    with pytest.raises(InvalidName):
        Monitor("a/b")
    with case.start("--realtime") as running:
        attached(case.name).close()
        running.process.kill()
        running.process.wait()
        with pytest.raises(KernelDead):
            Monitor(case.name)


def test_averages_and_marks_of_a_flat_position(case: Case) -> None:
    with Kernel(Config.read(case.config)) as kernel:
        kernel.run(str(case.trades), load_strategy(str(case.strategy), {"every": 200}))
        with Monitor(case.name) as monitor:
            (position,) = monitor.snapshot().positions
    assert position.quantity in (0, 1)
    assert (position.average_price is None) == (position.quantity == 0)
    assert position.mark_price is not None
    assert math.isfinite(position.mark_price)
