"""Commands to a kernel of another process, by the class and by the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import SIGINT, SIGTERM, SYMBOL, Case, Started, attached, command, eventually, one_object

from neural_trader.client import Client
from neural_trader.control import Control
from neural_trader.errors import InvalidArgument, InvalidName, KernelDead, NameInUse, NotFound
from neural_trader.kernel import Kernel
from neural_trader.monitor import Monitor


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


@pytest.fixture
def started(case: Case) -> Iterator[Started]:
    """A real-time run of 40 seconds at most, its first ticks taken."""
    with case.start("--realtime", "--json") as running:
        attached(case.name).close()
        yield running


def test_halt_cancels_and_denies_and_resume_lets_trade_again(case: Case, started: Started) -> None:
    with Client.attach(case.name, name="second") as client:
        resting = client.execute(SYMBOL, "BUY", 1, 90)
        assert resting.status == "NEW"
        halted = command("halt", case.name, "--reason", "wrong prices")
        assert (halted.returncode, halted.stderr) == (0, "")
        assert halted.stdout.startswith(f"{case.name}: HALTED (wrong prices)")
        reports = eventually(lambda: client.poll(timeout_s=0.1).reports, "the cancel")
        assert [(report.order_id, report.status, report.reason) for report in reports] == [(resting.order_id, "CANCELED", "KILL_SWITCH")]
        denied = client.execute(SYMBOL, "BUY", 1)
        assert str(denied) == "DENIED TRADING_HALTED observed=HALTED limit=ACTIVE"
        with Monitor(case.name) as monitor:
            snapshot = eventually(lambda: (s := monitor.snapshot()).state == "HALTED" and s, "the state")
            assert snapshot.state_reason == "wrong prices"
        answer = one_object(command("resume", case.name, "--json"))
        assert (answer["name"], answer["account"], answer["state"]) == (case.name, None, "ACTIVE")
        assert answer["reason"].startswith("resume by ")
        assert client.execute(SYMBOL, "BUY", 1, timeout_s=20).status == "FILLED"
    done = started.end(SIGINT)
    assert done.returncode == 130
    assert one_object(done)["orders"]["denied"]["TRADING_HALTED"] >= 1


def test_a_run_that_is_stopped_while_halted_exits_3(case: Case, started: Started) -> None:
    assert command("halt", case.name, "--account", "main").stdout.startswith(f"{case.name} account main: HALTED (halt by ")
    done = started.end(SIGTERM)
    assert done.returncode == 3
    assert one_object(done)["accounts"] == {"main": "HALTED"}
    assert case.segments() == []


def test_halt_of_a_tape_in_this_process(case: Case) -> None:
    with case.start("--set", "pause_s=0.01", "--json") as running:
        attached(case.name).close()
        assert command("halt", case.name).returncode == 0
        done = running.end()
    assert done.returncode == 3
    assert one_object(done)["orders"]["denied"]["TRADING_HALTED"] > 1


def test_halt_of_no_kernel_and_of_no_name(case: Case) -> None:
    done = command("halt", case.name)
    assert done.returncode == 1
    assert done.stderr == f"neural-trader: no kernel named {case.name} runs here; start one with: neural-trader run CONFIG\n"
    assert command("resume", "a/b").returncode == 2
    assert command("halt").returncode == 2


def test_halt_of_an_unknown_account(case: Case, started: Started) -> None:
    done = command("halt", case.name, "--account", "other")
    assert done.returncode == 1
    assert "there is no account 'other'; this kernel has main" in done.stderr
    with Monitor(case.name) as monitor:
        assert monitor.snapshot().state == "ACTIVE"


def test_reducing_lets_positions_shrink_only(case: Case, started: Started) -> None:
    with Client.attach(case.name, name="second") as client, Control(case.name) as control:
        control.set_state("REDUCING", "an overlong reason with ä, longer than the record holds")
        assert str(client.execute(SYMBOL, "BUY", 5)).startswith("DENIED TRADING_STATE_REDUCING")
        with Monitor(case.name) as monitor:
            snapshot = eventually(lambda: (s := monitor.snapshot()).state == "REDUCING" and s, "the state")
            assert snapshot.state_reason == "an overlong reason with ä, longer than"


def test_stop_ends_the_loop_and_the_run(case: Case, started: Started) -> None:
    with Control(case.name) as control:
        control.stop("enough")
    done = started.end()
    assert done.returncode == 0
    assert 0 < one_object(done)["ticks"] < 400
    assert case.segments() == []


def test_arguments(case: Case, started: Started) -> None:
    with Control(case.name) as control:
        with pytest.raises(InvalidArgument, match="state 'halted' is not one of ACTIVE, REDUCING, HALTED"):
            control.set_state("halted", "lower case")  # type: ignore[arg-type]
        with pytest.raises(NotFound, match="there is no account 'x'"):
            control.set_state("HALTED", "reason", "x")
        control.close()
        control.close()
    with pytest.raises(InvalidName):
        Control("a/b")
    with pytest.raises(NotFound):
        Control("nobody-has-this-name", timeout_s=0)


def test_one_holder_at_a_time(case: Case, started: Started) -> None:
    with Control(case.name), pytest.raises(NameInUse, match="the control channel"):
        Control(case.name, timeout_s=0.05)
    Control(case.name).close()


def test_a_killed_kernel_does_not_answer(case: Case, started: Started) -> None:
    with Control(case.name) as control:
        started.process.kill()
        started.process.wait()
        with pytest.raises(KernelDead):
            control.set_state("HALTED", "too late")
    done = command("halt", case.name)
    assert done.returncode == 1
    assert "gone" in done.stderr


def test_halt_from_the_process_of_the_kernel(case: Case) -> None:
    from neural_trader.config import Config

    with Kernel(Config.read(case.config), realtime=True) as kernel:
        kernel.start(str(case.trades), speed=1)
        with Control(kernel.name) as control:
            control.set_state("HALTED", "from inside")
        with kernel.client("inside") as client:
            assert client.execute(SYMBOL, "BUY", 1).reason == "TRADING_HALTED"
        kernel.stop()


def test_a_halt_can_keep_orders(case: Case, started: Started) -> None:
    with Client.attach(case.name, name="second") as client:
        kept = client.execute(SYMBOL, "BUY", 1, 1)
        done = command("halt", case.name, "--keep-orders", "--json")
        assert one_object(done) | {"reason": ""} == {
            "name": case.name,
            "account": None,
            "state": "HALTED",
            "reason": "",
            "orders_kept": True,
        }
        assert str(client.execute(SYMBOL, "BUY", 1, 1)).startswith("DENIED TRADING_HALTED")
        assert kept.order_id in [order.id for order in client.orders()]
        assert "what works stays" in command("halt", case.name, "--keep-orders").stdout
        assert command("halt", case.name).returncode == 0
        eventually(lambda: [report for report in client.poll(timeout_s=0.1).reports if report.kind == "CANCELED"], "the cancel")
    assert command("resume", case.name, "--keep-orders").returncode == 2
