"""`neural-trader sweep`, as its own process."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from running import SIGINT, SIGTERM, Case, Started, alive, command, eventually, on_terminal, one_object

import neural_trader as nt
from neural_trader.loading import load_strategy


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


def line(case: Case, *arguments: str) -> list[str]:
    return ["sweep", f"{case.strategy}:Turns", "--config", str(case.config), *arguments]


def test_a_sweep_prints_its_trials_and_what_the_best_is_worth(case: Case) -> None:
    done = command(*line(case, "--grid", "every=10:30:10", "--grid", "quantity=1,2"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  limits on: max_order_quantity 10, max_position 5" in lines
    head = next(number for number, text in enumerate(lines) if text.split()[:3] == ["trial", "every", "quantity"])
    rows = [text.split() for text in lines[head + 1 : head + 7]]
    nets = [Decimal(row[3].replace(",", "")) for row in rows]
    assert nets == sorted(nets, reverse=True)
    assert {(row[1], row[2]) for row in rows} == {(every, quantity) for every in ("10", "20", "30") for quantity in ("1", "2")}
    assert any(text.split() == ["trials", "6"] for text in lines)
    assert any(text.startswith("deflated sharpe") and "below 20" in text for text in lines)
    assert "the strategy starts" not in done.stdout
    assert case.segments() == []


def test_json_is_one_object_and_agrees_with_a_backtest(case: Case) -> None:
    done = command(*line(case, "--grid", "every=10,20", "--json", "--processes", "1"))
    assert done.returncode == 0, done.stderr
    found = one_object(done)
    assert [trial["parameters"] for trial in found["trials"]] == [{"every": 10}, {"every": 20}]
    config = nt.Config.read(case.config)
    for trial in found["trials"]:
        alone = nt.backtest(load_strategy(f"{case.strategy}:Turns", trial["parameters"]), str(case.trades), config)
        assert trial["outcome"]["digest"] == alone.summary["digest"]
    assert found["statistics"]["trials"] == 2
    assert found["statistics"]["deflated_sharpe"] is None
    assert found["assumptions"]


def test_set_fixes_a_parameter_and_top_shortens_the_table(case: Case) -> None:
    done = command(*line(case, "--grid", "every=10,20,30", "--set", "quantity=2", "--top", "1"))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    head = next(number for number, text in enumerate(lines) if text.split()[:1] == ["trial"])
    assert lines[head].split()[1:3] == ["quantity", "every"]
    assert lines[head + 1].split()[1] == "2"
    assert lines[head + 2] == "… and 2 more; --top shows more"


def test_a_failed_trial_is_shown_and_told_by_the_exit_code(case: Case) -> None:
    done = command(*line(case, "--grid", "fail_at=0,5"))
    assert done.returncode == 1
    assert "trial 1 failed: ZeroDivisionError: as asked" in done.stdout
    assert any(text.split() == ["failed", "1"] for text in done.stdout.splitlines())


def test_an_interrupted_sweep_is_resumed(case: Case, tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    arguments = line(case, "--grid", "every=1:40:1", "--set", "pause_s=0.0005", "--resume", str(kept), "--json")
    with Started(*arguments) as started:
        deadline = time.monotonic() + 60
        while not (kept.exists() and kept.read_bytes().count(b"\n") >= 2):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        workers = children_of(started.process.pid)
        assert workers
        ended = started.end(SIGINT)
        assert ended.returncode == 130
    finished = kept.read_bytes().count(b"\n")
    assert finished < 40
    told = re.search(r"interrupted: (\d+) of 40 trials done and kept in (\S+); the same command, with --resume", ended.stderr)
    assert told is not None, ended.stderr
    assert told[2] == str(kept)
    assert finished - 1 <= int(told[1]) <= finished  # it is in the file before it is counted
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""
    assert not any(alive(worker) for worker in workers)
    assert case.segments() == []
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    found = one_object(done)
    assert found["resumed"] == finished
    assert [trial["number"] for trial in found["trials"]] == list(range(40))
    assert len({json.loads(text)["key"] for text in kept.read_text(encoding="utf-8").splitlines()}) == 40


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


@pytest.mark.parametrize(("number", "code"), [(SIGINT, 130), (SIGTERM, 143)])
def test_an_interrupted_sweep_without_a_file_says_how_to_keep_trials(case: Case, number: int, code: int) -> None:
    with Started(*line(case, "--grid", "every=1:40:1", "--set", "pause_s=0.01", "--processes", "1")) as started:
        eventually(lambda: children_of(started.process.pid), "a worker")
        workers = children_of(started.process.pid)
        ended = started.end(number)
    assert ended.returncode == code
    assert re.search(r"interrupted.*nothing is kept; add --resume FILE to keep each trial as it ends\n$", ended.stderr), ended.stderr
    assert not any(alive(worker) for worker in workers)


def test_a_changed_helper_of_the_strategy_is_told_with_exit_code_2(case: Case, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("LEVEL = 1\n", encoding="utf-8")
    case.strategy.write_text("import helper\n" + case.strategy.read_text(encoding="utf-8"), encoding="utf-8")
    arguments = line(case, "--grid", "every=10,20", "--resume", str(tmp_path / "kept.jsonl"))
    assert command(*arguments).returncode == 0
    (tmp_path / "helper.py").write_text("LEVEL = 2\n", encoding="utf-8")
    done = command(*arguments)
    assert done.returncode == 2
    assert "kept.jsonl has trials of Turns from before helper.py changed" in done.stderr


def test_piped_progress_is_plain_lines_on_standard_error(case: Case) -> None:
    done = command(*line(case, "--grid", "every=1:60:1"))
    lines = [text for text in done.stderr.splitlines() if " trials" in text]
    assert lines[-1] == "60 of 60 trials"
    assert len(lines) <= 21
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert "60 of 60 trials\n" not in done.stdout


def test_walk_forward_shows_train_beside_test(case: Case) -> None:
    done = command(*line(case, "--grid", "every=10,20", "--walk-forward", "15s:10s"))
    assert done.returncode == 0, done.stderr
    assert "train net" in done.stdout
    assert "out of sample:" in done.stdout
    found = one_object(command(*line(case, "--grid", "every=10,20", "--walk-forward", "15s:10s:5s", "--json")))
    assert len(found["folds"]) == 3
    assert all(fold["test"]["parameters"] in ({"every": 10}, {"every": 20}) for fold in found["folds"])


def test_progress_is_drawn_on_a_terminal(case: Case) -> None:
    code, text = on_terminal(*line(case, "--grid", "every=10,20,30"))
    assert code == 0, text
    assert "3 of 3 trials" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "grid: is missing; add --grid NAME=VALUES"),
        (["--grid", "every"], "write it as NAME=START:STOP:STEP"),
        (["--grid", "evry=1"], "grid.evry: Turns has no such parameter; did you mean every?"),
        (["--grid", "every=one"], "grid.every: Expected int, got str; it is 'one'"),
        (["--grid", "every=0:1:0.3"], "grid.every: 0:1:0.3 does not meet its end"),
        (["--grid", "every=1", "--grid", "every=2"], "grid.every: is given twice; list all its values in one --grid"),
        (["--grid", "every=1", "--top", "0"], "top: must be 1 or more"),
        (["--grid", "every=1", "--processes", "0"], "processes must be a whole number from 1"),
        (["--grid", "every=1", "--walk-forward", "3"], "walk-forward: '3': write it as TRAIN:TEST"),
        (["--grid", "every=1", "--walk-forward", "3:x"], "walk-forward: '3:x': write it as TRAIN:TEST"),
        (["--grid", "every=1", "--walk-forward", "1:1"], "the tape has 1 session, and train and test need 2"),
    ],
)
def test_mistakes_are_told_with_exit_code_2(case: Case, arguments: list[str], message: str) -> None:
    done = command(*line(case, *arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sweep_without_a_source_says_so(case: Case) -> None:
    done = command("sweep", f"{case.strategy}:Turns", "--grid", "every=1")
    assert done.returncode == 2
    assert "source: is missing; add --source" in done.stderr


def test_help_shows_examples() -> None:
    done = command("sweep", "--help")
    assert done.returncode == 0
    assert "neural-trader sweep flow.py --grid enter=0.2:0.8:0.1 --source sample:es-2013-09" in done.stdout
