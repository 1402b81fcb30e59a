"""`neural-trader run --participants`: a kernel whose strategies are elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import SYMBOL, TICKS, Case, attached, eventually, one_object

from neural_trader.client import Client
from neural_trader.loading import load_strategy

ELSEWHERE = """
import sys
import neural_trader as nt
from neural_trader.loading import load_strategy

with nt.Client.attach(sys.argv[1], name="Turns", timeout_s=30) as client:
    client.run(load_strategy(sys.argv[2], {"resting": True}))
"""


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


def elsewhere(case: Case) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", ELSEWHERE, case.name, f"{case.strategy}:Turns"])


def test_a_strategy_elsewhere_gives_the_reports_of_one_here(case: Case) -> None:
    here = one_object(case.run("--json", "--set", "resting=true", "--final-order", "BUY 500 TEST"))
    with case.start("--participants", "1", "--json", "--final-order", "BUY 500 TEST") as running, elsewhere(case) as strategy:
        assert strategy.wait(60) == 0
        done = running.end()
    assert done.returncode == 0, done.stderr
    assert f"kernel {case.name} waits for 1 to subscribe" in done.stderr
    there = one_object(done)
    assert there["fills"] > 10
    for key in ("digest", "ticks", "orders", "fills", "pnl", "equity_final", "final_order"):
        assert there[key] == here[key]
    assert case.segments() == []


def test_the_tape_waits_for_all_and_an_interrupt_leaves_nothing(case: Case) -> None:
    with case.start("--participants", "2", "--json") as running, Client.attach(case.name, timeout_s=30) as first:
        first.subscribe()
        assert len(first.poll(timeout_s=0.2).ticks) == 0
        done = running.end(signal.SIGINT)
    assert done.returncode == 130
    assert one_object(done)["ticks"] == 0
    assert case.segments() == []


def test_a_participant_that_is_killed_does_not_stop_the_tape(case: Case) -> None:
    case.strategy.write_text(case.strategy.read_text().replace("pause_s: float = 0.0", "pause_s: float = 0.02"))
    assert load_strategy(f"{case.strategy}:Turns").pause_s == 0.02
    with case.start("--participants", "1", "--json") as running, elsewhere(case) as strategy:
        attached(case.name).close()
        os.kill(strategy.pid, signal.SIGKILL)
        done = running.end()
    assert done.returncode == 0, done.stderr
    assert one_object(done)["ticks"] == TICKS + 2


def test_real_time_waits_for_nobody_and_ends_when_all_have_left(case: Case) -> None:
    with case.start("--participants", "0", "--realtime", "--speed", "50", "--json") as running:
        attached(case.name).close()
        with Client.attach(case.name) as client:
            assert client.execute(SYMBOL, "BUY", 1, timeout_s=20).status == "FILLED"
            eventually(lambda: client.poll().ended, "the end")
            assert running.process.poll() is None
        done = running.end()
    assert done.returncode == 0, done.stderr
    assert one_object(done)["fills"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--participants", "0"), "--participants 0 needs --realtime"),
        (("--participants", "-1"), "--participants takes 0 to 64"),
        (("--participants", "65"), "--participants takes 0 to 64"),
        (("--participants", "1", "--processes", "3"), "goes without --processes"),
    ],
)
def test_what_does_not_fit_is_refused(case: Case, arguments: tuple[str, ...], said: str) -> None:
    done = case.run(*arguments)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert case.segments() == []
