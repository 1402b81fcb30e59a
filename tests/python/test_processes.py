"""Kernel, feed and strategy in three processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from running import SIGKILL, SYMBOL, TICKS, Case, alive, attached, children, command, eventually, one_object

from neural_trader.client import Client
from neural_trader.config import Config
from neural_trader.control import Control
from neural_trader.errors import ConfigError, NotFound, SourceError
from neural_trader.kernel import Kernel
from neural_trader.processes import Worker, explain, feed_worker, strategy_worker
from neural_trader.sources import sample


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


def test_three_processes_give_the_reports_of_one(case: Case) -> None:
    arguments = ("--json", "--set", "resting=true", "--final-order", "BUY 500 TEST")
    one = one_object(case.run(*arguments))
    three = [one_object(case.run(*arguments, "--processes", "3")) for _ in range(2)]
    assert one["fills"] > 10
    for other in three:
        assert other["digest"] == one["digest"]
        for key in ("ticks", "orders", "fills", "pnl", "equity_final", "drawdown", "accounts", "assumptions"):
            assert other[key] == one[key]
        peaks = other["peak_memory_bytes_by_process"]
        assert set(peaks) == {"kernel", "feed", "strategy"}
        assert all(peak > 10**6 for peak in peaks.values())
        assert other["peak_memory_bytes"] == sum(peaks.values())
    assert case.segments() == []


def test_three_processes_give_the_reports_of_one_on_the_sample(root: Path, tmp_path: Path, kernel_name: str) -> None:
    try:
        sample.wheel_bytes()
    except SourceError as error:
        pytest.skip(str(error))
    arguments = ["run", str(root / "examples" / "run.toml"), "--json", "--set", f"name={kernel_name}", "--final-order", "BUY 500 ES"]
    arguments += ["--set", "source.path=sample:es-2013-09:20000", "--set", f"output.directory={tmp_path}"]
    one, three = (one_object(command(*arguments, "--processes", count)) for count in ("1", "3"))
    assert one["fills"] > 10
    assert one["digest"] == three["digest"]
    assert one["final_order"] == three["final_order"]


def test_a_directory_that_cannot_be_made_is_an_error(case: Case) -> None:
    done = case.run("--set", "output.directory=/dev/null/runs")
    assert done.returncode == 1
    assert "/dev/null/runs" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_strategy_does_not_stop_the_kernel_or_a_second_client(case: Case) -> None:
    with case.start("--processes", "3", "--realtime", "--speed", "20", "--json") as running:
        with attached(case.name) as monitor, Client.attach(case.name, name="second") as client:
            eventually(lambda: any(channel.client == "Turns" for channel in monitor.channels()), "the strategy")
            os.kill(children(running.process.pid)["strategy"], SIGKILL)
            eventually(lambda: all(channel.client != "Turns" for channel in monitor.channels()), "the strategy's end")
            before = monitor.counters().ticks
            assert client.execute(SYMBOL, "BUY", 1, timeout_s=20).status == "FILLED"
            eventually(lambda: monitor.counters().ticks > before, "another tick")
        done = running.end()
    assert done.returncode == 1
    assert "the strategy process was killed by signal 9; the kernel goes on" in done.stderr
    assert one_object(done)["ticks"] >= TICKS
    assert case.segments() == []


def test_a_killed_strategy_does_not_stop_a_tape(case: Case) -> None:
    with case.start("--processes", "3", "--set", "pause_s=0.02", "--json") as running:
        with attached(case.name):
            os.kill(children(running.process.pid)["strategy"], SIGKILL)
        done = running.end()
    assert done.returncode == 1
    assert "killed by signal 9" in done.stderr
    assert one_object(done)["ticks"] == TICKS + 2


def test_a_strategy_that_is_killed_before_it_takes_part_leaves_a_tape_that_cannot_begin(case: Case) -> None:
    with case.start("--processes", "3", "--json", env={**os.environ, "TURNS_SLOW_S": "60"}) as running:
        os.kill(eventually(lambda: len(found := children(running.process.pid)) == 2 and found, "the children")["strategy"], SIGKILL)
        done = running.end()
    assert done.returncode == 1
    assert one_object(done)["ticks"] == 0
    assert case.segments() == []


def test_a_stopped_kernel_ends_the_run_of_three_processes(case: Case) -> None:
    with case.start("--processes", "3", "--realtime", "--json") as running:
        attached(case.name).close()
        with Control(case.name) as control:
            control.stop("enough")
        done = running.end()
    assert done.returncode == 0, done.stderr
    assert 0 < one_object(done)["ticks"] < TICKS


def test_a_killed_feed_ends_the_run_with_what_there_is(case: Case) -> None:
    with case.start("--processes", "3", "--realtime", "--json", "--final-order", "BUY 1 TEST") as running:
        with attached(case.name):
            os.kill(children(running.process.pid)["feed"], SIGKILL)
        done = running.end()
    assert done.returncode == 1
    assert "the feed process was killed by signal 9" in done.stderr
    summary = one_object(done)
    assert 0 < summary["ticks"] < TICKS
    assert "final_order" not in summary  # the tape has not ended
    assert case.segments() == []


def test_children_die_with_the_kernel(case: Case) -> None:
    with case.start("--processes", "3", "--realtime") as running:
        attached(case.name).close()
        pids = children(running.process.pid)
        assert set(pids) == {"feed", "strategy"}
        running.process.kill()
        running.process.wait()
        eventually(lambda: not any(alive(pid) for pid in pids.values()), "the end of the children")
    done = case.run("--json")  # the next start cleans up
    assert one_object(done)["ticks"] == TICKS + 2
    assert case.segments() == []


@pytest.mark.parametrize(
    ("settings", "code", "says"),
    [
        (("evry=1",), 2, "neural-trader: strategy: "),
        (("strategy=turns.py:Other",), 2, "has no strategy Other"),
        (("source.path=none.csv",), 2, "none.csv: cannot be read: No such file or directory"),
        (("source.path=turns.py",), 2, "neural-trader: feed: "),
        (("fail_at=1",), 1, "ZeroDivisionError: as asked ("),
    ],
)
def test_what_a_child_refuses_ends_the_run(case: Case, settings: tuple[str, ...], code: int, says: str) -> None:
    done = case.run("--processes", "3", *(word for setting in settings for word in ("--set", setting)), cwd=case.directory)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert case.segments() == []


def test_a_strategy_that_fails_later_is_reported_and_the_tape_goes_on(case: Case) -> None:
    done = case.run("--processes", "3", "--json", "--set", "fail_at=200")
    assert done.returncode == 1
    assert "ZeroDivisionError: as asked" in done.stderr
    assert "the strategy process ended with exit code 1; the kernel goes on" in done.stderr
    assert one_object(done)["ticks"] == TICKS + 2


def test_workers_by_hand(case: Case) -> None:
    config = Config.read(case.config)
    with Kernel(config, participants=1) as kernel:
        kernel.start(str(case.trades), feed=False)
        with (
            strategy_worker(kernel.name, f"{case.strategy}:Turns", {"every": 20}) as strategy,
            feed_worker(kernel.name, str(case.trades), config) as feed,
        ):
            assert strategy.exit_code() is None or kernel.wait(30)
            assert kernel.wait(30)
            assert feed.wait(30) == strategy.wait(30) == 0
            assert feed.facts["total"] == feed.facts["ticks"] == TICKS + 2
            assert strategy.facts["client"] == "Turns"
            feed.terminate()  # of one that has ended: nothing
        assert kernel.stop().summary["orders"]["accepted"] == TICKS // 20


def test_a_worker_that_is_terminated_comes_to_its_end(case: Case) -> None:
    config = Config.read(case.config)
    with Kernel(config, realtime=True) as kernel:
        kernel.start(str(case.trades), feed=False)
        with (
            strategy_worker(kernel.name, f"{case.strategy}:Turns", {}) as strategy,
            feed_worker(kernel.name, str(case.trades), config, 1) as feed,
        ):
            eventually(lambda: "client" in strategy.facts and kernel._status().ticks_published, "the strategy and the first tick")
            assert feed.wait(0.01) is None
            for worker in (strategy, feed):
                worker.terminate()
                assert worker.wait(30) == 0
            assert 0 < feed.facts["ticks"] < TICKS
        kernel.stop()


def test_a_worker_without_a_kernel_says_so(case: Case) -> None:
    with feed_worker(case.name, str(case.trades), Config.read(case.config)) as feed:
        assert feed.wait(60) == 1
        assert f"no kernel named {case.name} runs here" in feed.facts["failed"]


def test_closing_kills_a_worker(case: Case) -> None:
    config = Config.read(case.config)
    with Kernel(config, realtime=True) as kernel:
        kernel.start(str(case.trades), feed=False)
        worker = feed_worker(kernel.name, str(case.trades), config, 1)
        assert alive(worker.pid)
        worker.close()
        assert not alive(worker.pid)
        assert worker.exit_code() == -SIGKILL


def test_a_child_of_another_parent_leaves_at_once() -> None:
    job = pickle.dumps({"parent": 1})
    done = subprocess.run(
        [sys.executable, "-P", "-m", "neural_trader.processes", "feed"], input=job, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stdout == b""


def test_a_worker_that_cannot_read_its_job_is_seen(case: Case) -> None:
    with Worker("feed", {"kernel": case.name}) as worker:
        assert worker.wait(60) == 1
        assert "KeyError" in worker.facts["failed"]


def test_explain() -> None:
    assert explain(NotFound("no such thing")) == (1, "no such thing")
    assert explain(SourceError("wrong", file="a.csv", line=3)) == (2, "a.csv:3: wrong")
    assert explain(ConfigError([], "x"))[0] == 2
    code, text = explain(FileNotFoundError(2, "No such file", "x.csv"))
    assert code == 1
    assert "x.csv" in text
    try:
        threading.Thread(target=1).run()  # type: ignore[arg-type]
    except TypeError as error:
        code, text = explain(error)
    assert code == 1
    assert text.startswith("TypeError: ")
    assert text.endswith(")")
