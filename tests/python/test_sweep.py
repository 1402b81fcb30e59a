"""Sweeps and walks forward, with real worker processes on small tapes."""

from __future__ import annotations

import datetime
import logging
import os
import random
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import unmeasured
from support import config_of, walk, write_tape

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.equity import session_spans
from neural_trader.errors import ConfigError, InvalidArgument, SourceError, StateError
from neural_trader.loading import strategy_class
from neural_trader.sources import open_source
from neural_trader.sweep import sweep, walk_forward
from neural_trader.sweep_grid import axis_values, parse_axis, points
from neural_trader.sweep_pool import Trial
from neural_trader.sweep_result import moments_of
from neural_trader.sweep_statistics import return_moments, session_returns
from neural_trader.sweep_tape import SharedTape, window
from neural_trader.sweep_worker import run_tape

SECONDS_A_DAY = 86_400


class Turns(nt.Strategy):
    """Buys and sells in turn, once in `every` slices; fails, dies or draws random numbers when told to."""

    every: int = 5
    quantity: Decimal = Decimal(1)
    share: float = 1.0
    ending: str = ""

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0
        self.bought = False
        print("a strategy may print")
        if self.ending == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.ending == "exit":
            os._exit(7)
        if self.ending == "raise":
            raise ZeroDivisionError("as asked")

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if self.ending == "slow":
            time.sleep(0.01)
        if self.slices % self.every == 0 and random.random() < self.share and np.random.random() < self.share:
            self.bought = not self.bought
            client.submit("TEST", "BUY" if self.bought else "SELL", self.quantity)


class Needs(nt.Strategy):
    wanted: int


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "trades.csv", walk(300))


@pytest.fixture
def days(tmp_path: Path) -> str:
    """25 days of 40 trades."""
    trades = [(day * SECONDS_A_DAY * 1000 + at, price, size) for day in range(25) for at, price, size in walk(40, seed=day)]
    return write_tape(tmp_path / "days.csv", trades)


CONFIG = config_of("sweep-test")


def digests(trials: list[Trial]) -> list[str | None]:
    return [None if trial.outcome is None else trial.outcome.digest for trial in trials]


# ---- sweep -----------------------------------------------------------------------------------------------------------------------


def test_trials_are_backtests_in_grid_order_whatever_the_processes(tape: str) -> None:
    grid = {"every": [3, 5, 9], "quantity": ["1", "2"]}
    one = sweep(Turns, grid, tape, CONFIG, processes=1)
    three = sweep(Turns, grid, tape, CONFIG, processes=3)
    assert [trial.parameters for trial in one.trials] == [{"every": e, "quantity": q} for e in (3, 5, 9) for q in ("1", "2")]
    assert [trial.number for trial in one.trials] == list(range(6))
    assert [trial.outcome for trial in one.trials] == [trial.outcome for trial in three.trials]
    assert len(set(digests(one.trials))) == 6
    for trial in three.trials:
        alone = nt.backtest(Turns(every=trial.parameters["every"], quantity=Decimal(trial.parameters["quantity"])), tape, CONFIG)
        outcome = trial.outcome
        assert outcome is not None
        assert outcome.digest == alone.summary["digest"]
        assert (outcome.net, outcome.gross, outcome.fees) == tuple(alone.summary["pnl"][name] for name in ("net", "gross", "fees"))
        assert (outcome.equity_final, outcome.fills, outcome.ticks) == tuple(
            alone.summary[name] for name in ("equity_final", "fills", "ticks")
        )
        assert outcome.drawdown == alone.summary["drawdown"]["money"]
        assert outcome.sessions[-1].equity == outcome.equity_final
        assert not outcome.halted
    nets = [trial.outcome.net for trial in one.ranked if trial.outcome is not None]
    assert nets == sorted(nets, reverse=True)
    assert one.best is one.ranked[0]


def test_random_numbers_depend_on_the_seed_alone(tape: str) -> None:
    grid = {"share": [0.3, 0.6], "every": [2, 3]}
    first, again, other = (sweep(Turns, grid, tape, CONFIG, processes=n, seed=seed) for n, seed in ((1, 5), (2, 5), (2, 6)))
    assert digests(first.trials) == digests(again.trials)
    assert digests(first.trials) != digests(other.trials)
    assert [trial.seed for trial in first.trials] != [trial.seed for trial in other.trials]
    trial = first.trials[0]
    random.seed(trial.seed)
    np.random.seed(trial.seed % 2**32)
    assert nt.backtest(Turns(**trial.parameters), tape, CONFIG).summary["digest"] == digests([trial])[0]


@pytest.mark.parametrize(
    ("ending", "reason"), [("kill", "killed by SIGKILL"), ("exit", "exit code 7"), ("raise", "ZeroDivisionError: as asked")]
)
def test_a_trial_that_ends_badly_is_among_the_results(tape: str, ending: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        result = sweep(Turns, {"every": [3, 4, 5], "ending": ["", ending]}, tape, CONFIG, processes=2)
    assert [trial.number for trial in result.failed] == [1, 3, 5]
    assert all(reason in str(trial.failure) for trial in result.failed)
    assert len(result.ranked) == 3
    assert result.statistics["trials"] == 6
    assert result.statistics["failed"] == 3
    assert f"trial 1 every=3 ending={ending} failed: " in str(result)
    assert reason in caplog.text
    alone = nt.backtest(Turns(every=4), tape, CONFIG)
    assert digests(result.trials)[2] == alone.summary["digest"]


def test_progress_is_called_for_each_trial(tape: str) -> None:
    seen: list[tuple[int, int]] = []
    sweep(Turns, {"every": [2, 3, 4]}, tape, CONFIG, processes=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_left_on_the_machine(tape: str) -> None:
    before = set(os.listdir("/dev/shm")), set(os.listdir("/proc/self/fd"))
    sweep(Turns, {"every": [2, 3]}, tape, CONFIG, processes=2)
    assert (set(os.listdir("/dev/shm")), set(os.listdir("/proc/self/fd"))) == before


def test_a_tape_is_sealed(tape: str) -> None:
    source = open_source(tape, CONFIG.validated())
    with SharedTape(source) as shared:
        assert os.pread(shared.descriptor, source.ticks.nbytes, 0) == source.ticks.tobytes()
        with pytest.raises(PermissionError):
            os.pwrite(shared.descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(shared.descriptor, 0)


SCRIPT = """
import sys
import test_sweep
from neural_trader.sweep import sweep
print("begun", flush=True)
sweep(test_sweep.Turns, {"ending": ["slow"], "every": list(range(2, 200))}, sys.argv[1], test_sweep.CONFIG, processes=2, resume=sys.argv[2])
"""


def workers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent_and_its_trials_are_taken_up(tmp_path: Path, number: int) -> None:
    tape = write_tape(tmp_path / "short.csv", walk(30))
    kept = tmp_path / "trials.jsonl"
    environment = {**unmeasured(), "PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, tape, str(kept)], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (kept.exists() and kept.read_bytes().count(b"\n") >= 3):
        assert parent.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    workers = workers_of(parent.pid)
    assert len(workers) == 2
    parent.send_signal(number)
    parent.wait(30)
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    finished = kept.read_bytes().count(b"\n")
    grid = {"ending": ["slow"], "every": [2, 3, 4, 199]}
    resumed = sweep(Turns, grid, tape, CONFIG, processes=1, resume=kept)
    assert 0 < resumed.resumed <= min(finished, 3)
    assert [trial.outcome for trial in resumed.trials] == [trial.outcome for trial in sweep(Turns, grid, tape, CONFIG).trials]


# ---- what cannot be swept ----------------------------------------------------------------------------------------------------------


def test_arguments_outside_their_range_are_refused(tape: str) -> None:
    for options, text in (
        ({"processes": 0}, "processes must be"),
        ({"processes": True}, "processes must be"),
        ({"seed": -1}, "seed must be"),
        ({"seed": 2**63}, "seed must be"),
        ({"objective": "luck"}, "neither 'net' nor 'sharpe'"),
    ):
        with pytest.raises(InvalidArgument, match=text):
            sweep(Turns, {"every": [3]}, tape, CONFIG, **options)  # type: ignore[arg-type]


def test_a_class_that_no_worker_can_find_is_refused(tape: str) -> None:
    class Inside(nt.Strategy):
        pass

    with pytest.raises(InvalidArgument, match="not at the top of its file"):
        sweep(Inside, {"x": [1]}, tape, CONFIG)
    with pytest.raises(InvalidArgument, match="give the class itself"):
        sweep(Turns(), {"every": [1]}, tape, CONFIG)  # type: ignore[arg-type]


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        sweep(Turns, {"every": [3]}, str(tmp_path / "none.csv"), CONFIG)


def test_a_script_without_a_guard_is_told_so(tape: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import neural_trader as nt, sys\nfrom neural_trader.sweep import sweep\nfrom support import config_of\n"
        "class Quiet(nt.Strategy):\n    level: int = 1\n"
        'print(sweep(Quiet, {"level": [1, 2]}, sys.argv[1], config_of("x")))\n',
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    line = [sys.executable, str(script), tape]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "under if __name__ == '__main__'" in done.stderr.splitlines()[-1]
    text = script.read_text(encoding="utf-8").replace("print(", 'if __name__ == "__main__":\n    print(')
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "trials                   2" in done.stdout


def test_a_worker_that_cannot_begin_ends_the_sweep(tape: str, tmp_path: Path) -> None:
    file = tmp_path / "fragile.py"
    file.write_text(
        "import os\nimport neural_trader as nt\nif 'NEURAL_TRADER_SWEEP_WORKER' in os.environ:\n    raise RuntimeError('not here')\n"
        "class Fragile(nt.Strategy):\n    level: int = 1\n",
        encoding="utf-8",
    )
    with pytest.raises(StateError, match=r"a worker process cannot begin: .*not here"):
        sweep(strategy_class(str(file)), {"level": [1]}, tape, CONFIG)


# ---- grids -------------------------------------------------------------------------------------------------------------------------


def test_ranges_are_exact_and_meet_both_ends() -> None:
    assert axis_values("0.2:0.8:0.1") == [Decimal(text) for text in ("0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8")]
    assert [point["share"] for point in points(Turns, {"share": "0.1:0.7:0.1"})] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
    assert axis_values("3:1:-1") == [3, 2, 1]
    assert axis_values("5:5:1") == [5]
    assert axis_values("-1:1:1") == [-1, 0, 1]


def test_lists_words_and_json() -> None:
    assert axis_values("1,2,5") == [1, 2, 5]
    assert axis_values("ES, NQ") == ["ES", "NQ"]
    assert axis_values('"a,b",true,null,{"x":[1,2]}') == ["a,b", True, None, {"x": [1, 2]}]
    assert axis_values("[1,[2,3]]") == [1, [2, 3]]
    assert axis_values("0.5") == [Decimal("0.5")]
    assert parse_axis(" enter = 1,2") == ("enter", "1,2")


@pytest.mark.parametrize("text", ["enter", "=1", "enter=", ""])
def test_an_axis_that_is_no_axis(text: str) -> None:
    with pytest.raises(ConfigError, match="write it as NAME="):
        parse_axis(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0:1:0.3", r"does not meet its end; end it at 0\.9 or 1\.2"),
        ("0:1:0", "never gets from 0 to 1"),
        ("1:0:1", "never gets from 1 to 0"),
        ("0:1:nan", "not a plain decimal number"),
        ("0:inf:1", "not a plain decimal number"),
        ("0:1e9:1", "more than 1,000,000 values"),
        ("1,,2", "nothing between two commas"),
        ("[1,", "not a JSON array"),
    ],
)
def test_texts_that_are_no_values(text: str, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        axis_values(text)
    with pytest.raises(ConfigError, match=r"^grid\.every: "):
        points(Turns, {"every": text})


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "grid: is empty; give values of every, quantity, share, ending"),
        ({"every": []}, r"grid\.every: has no values"),
        ({"every": 3}, r"grid\.every: must be a sequence"),
        ({"evry": [1]}, r"grid\.evry: Turns has no such parameter; did you mean every\?"),
        ({"zzz": [1]}, r"grid\.zzz: Turns has no such parameter; it has every, quantity, share, ending"),
        ({"every": [1, "x"]}, r"grid\.every: Expected int, got str; it is 'x'"),
        ({"every": "1:2:0.5"}, r"grid\.every: Expected int, got float; it is 1\.5"),
        ({"share": [float("nan")]}, r"grid\.share: nan is not a finite number"),
        ({"share": [0.5, float("inf")]}, r"grid\.share: inf is not a finite number"),
        ({"every": [2, 3, 2]}, r"grid\.every: 2 is given twice"),
        ({"every": range(1, 2000), "share": [i / 1000 for i in range(1000)]}, "has 1,999,000 points, more than 1,000,000"),
    ],
)
def test_grids_that_are_refused(grid: dict[str, Any], message: str, tape: str) -> None:
    with pytest.raises(ConfigError, match=message):
        sweep(Turns, grid, tape, CONFIG)


def test_every_mistake_is_told_at_once_and_a_missing_field_too() -> None:
    with pytest.raises(ConfigError) as caught:
        points(Turns, {"evry": [1], "every": ["x"], "share": [float("nan")]})
    assert sorted(problem.path for problem in caught.value.errors) == ["grid.every", "grid.evry", "grid.share"]
    with pytest.raises(ConfigError, match=r"grid\.wanted: is missing; Needs needs it"):
        points(Needs, {"other": [1]})


# ---- sessions and statistics --------------------------------------------------------------------------------------------------------


def test_session_closes_are_the_equity_of_runs_that_end_there(days: str) -> None:
    trial = sweep(Turns, {"every": [7]}, days, CONFIG).trials[0]
    outcome = trial.outcome
    assert outcome is not None
    assert [close.day for close in outcome.sessions] == [datetime.date(2024, 3, 4) + datetime.timedelta(days=n) for n in range(25)]
    source = open_source(days, CONFIG.validated())
    spans = session_spans(source.ticks)
    for number in (0, 3, 17):
        until = run_tape(Turns(every=7), window(source, 0, spans[number].end, "part"), CONFIG)
        assert until.summary["equity_final"] == outcome.sessions[number].equity
    assert len({close.equity for close in outcome.sessions}) > 10


def test_the_best_s_sharpe_ratio_is_deflated_by_the_trials(days: str) -> None:
    few = sweep(Turns, {"every": [7, 11]}, days, CONFIG, objective="sharpe")
    many = sweep(Turns, {"every": [7, 11, 5, 6, 8, 9]}, days, CONFIG, objective="sharpe")
    for result, count in ((few, 2), (many, 6)):
        found = result.statistics
        assert (found["trials"], found["trials_with_sharpe"], found["reasons"]) == (count, count, {})
        best = result.best
        assert best is not None
        assert best.outcome is not None
        closes = [float(close.equity) for close in best.outcome.sessions]
        returns = session_returns(100_000.0, closes)
        assert not isinstance(returns, str)
        moments = return_moments(returns)
        assert moments == moments_of(best)
        assert not isinstance(moments, str)
        assert found["sharpe"] == moments.sharpe
        assert found["sharpe_per_year"] == pytest.approx(moments.sharpe * 252**0.5)
        assert 0 <= found["deflated_sharpe"] < found["probabilistic_sharpe"] <= 1
        assert found["expected_maximum_sharpe"] > 0
        ratios = [m.sharpe for trial in result.ranked if not isinstance(m := moments_of(trial), str)]
        assert ratios == sorted(ratios, reverse=True)
    assert many.summary["statistics"] == many.statistics
    assert "deflated sharpe" in str(many)


def test_few_sessions_have_a_reason_and_no_number(tape: str) -> None:
    result = sweep(Turns, {"every": [3, 4]}, tape, CONFIG, objective="sharpe")
    found = result.statistics
    assert result.best is None
    for name in ("sharpe", "probabilistic_sharpe", "deflated_sharpe", "expected_maximum_sharpe", "sharpe_per_year"):
        assert found[name] is None
    assert found["reasons"]["sharpe"] == "no trial has the objective"
    by_net = sweep(Turns, {"every": [3, 4]}, tape, CONFIG).statistics
    assert by_net["reasons"]["deflated_sharpe"] == "1 session, and below 20 a Sharpe ratio is noise"


# ---- walking forward ----------------------------------------------------------------------------------------------------------------


def test_the_best_of_train_is_run_on_the_test_after_it(days: str) -> None:
    grid = {"every": [3, 4, 7]}
    result = walk_forward(Turns, grid, days, CONFIG, train=4, test=3, step=9, processes=2)
    source = open_source(days, CONFIG.validated())
    spans = session_spans(source.ticks)
    assert len(result.folds) == 3
    for number, fold in enumerate(result.folds):
        first = 9 * number
        train = window(source, spans[first].begin, spans[first + 4].begin, "train")
        test = window(source, spans[first + 4].begin, spans[first + 6].end, "test")
        nets = {every: run_tape(Turns(every=every), train, CONFIG).summary["pnl"]["net"] for every in grid["every"]}
        assert [t.outcome.net for t in fold.train.trials if t.outcome is not None] == list(nets.values())
        chosen = max(nets, key=lambda every: (nets[every], -every))
        assert fold.test is not None
        assert fold.test.outcome is not None
        assert fold.test.parameters == {"every": chosen}
        assert fold.test.outcome.digest == run_tape(Turns(every=chosen), test, CONFIG).summary["digest"]
        assert [close.day for close in fold.test.outcome.sessions] == [span.day for span in spans[first + 4 : first + 7]]
        assert fold.train_start_ns < fold.test_start_ns < fold.end_ns
    tests = [fold.test.outcome.net for fold in result.folds if fold.test is not None and fold.test.outcome is not None]
    assert result.statistics["net"] == sum(tests)
    assert result.statistics["trials"] == 9
    assert result.statistics["sessions"] == 9
    assert result.statistics["reasons"]["sharpe"] == "9 sessions, and below 20 a Sharpe ratio is noise"
    assert "train net" in str(result)
    assert len(result.summary["folds"]) == 3


def test_enough_sessions_out_of_sample_have_a_sharpe_ratio(days: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"train": 5, "test": 10, "resume": tmp_path / "trials.jsonl"}
    result = walk_forward(Turns, {"every": [3, 4]}, days, CONFIG, **options)
    assert result.statistics["sessions"] == 20
    assert 0 < result.statistics["probabilistic_sharpe"] < 1
    again = walk_forward(Turns, {"every": [3, 4]}, days, CONFIG, **options)
    assert (result.resumed, again.resumed) == (0, 6)
    assert again.statistics == result.statistics


def test_lengths_may_be_times(tape: str) -> None:
    seconds = {name: datetime.timedelta(seconds=s) for name, s in (("train", 6), ("test", 4))}
    result = walk_forward(Turns, {"every": [3, 4]}, tape, CONFIG, **seconds)
    assert len(result.folds) >= 2
    for before, after in zip(result.folds, result.folds[1:], strict=False):
        assert abs(after.train_start_ns - before.train_start_ns - 4 * 10**9) < 10**9
        assert abs(before.test_start_ns - before.train_start_ns - 6 * 10**9) < 10**9


def test_a_part_without_a_best_has_no_test(tape: str) -> None:
    lengths = {"train": datetime.timedelta(seconds=6), "test": datetime.timedelta(seconds=4)}
    result = walk_forward(Turns, {"ending": ["raise"]}, tape, CONFIG, **lengths)
    assert all(fold.test is None for fold in result.folds)
    assert result.statistics["net"] is None
    assert result.statistics["reasons"]["sharpe"] == "no trial has the objective"
    assert result.statistics["failed"] == len(result.folds)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ({"train": 0, "test": 1}, "train must be longer than nothing"),
        ({"train": 1, "test": 1, "step": -1}, "step must be longer than nothing"),
        ({"train": datetime.timedelta(0), "test": datetime.timedelta(1)}, "train must be longer than nothing"),
        ({"train": 1, "test": datetime.timedelta(1)}, "all be numbers of sessions, or all be timedeltas"),
        ({"train": True, "test": 1}, "train must be a number of sessions or a timedelta"),
        ({"train": 1.5, "test": 1}, "train must be a number of sessions or a timedelta"),
        ({"train": 20, "test": 6}, "the tape has 25 sessions, and train and test need 26"),
        ({"train": datetime.timedelta(24), "test": datetime.timedelta(9)}, "train and test need 33 days"),
    ],
)
def test_lengths_that_are_refused(days: str, lengths: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        walk_forward(Turns, {"every": [3]}, days, CONFIG, **lengths)


def test_a_window_is_a_tape(days: str) -> None:
    source = open_source(days, CONFIG.validated())
    spans = session_spans(source.ticks)
    part = window(source, spans[3].begin, spans[5].end, "part").ticks
    inside = source.ticks[spans[3].begin : spans[5].end]
    trades = inside[inside["kind"] == abi.NT_TICK_TRADE]
    assert part[part["kind"] == abi.NT_TICK_TRADE]["price"].tolist() == trades["price"].tolist()
    assert (part["kind"][0], part["kind"][-1]) == (abi.NT_TICK_SESSION, abi.NT_TICK_END)
    times = part["ts_event"]
    assert np.all(np.diff(times) >= 0)
    last = part["flags"] & abi.NT_TICK_LAST_OF_SLICE != 0
    assert last.tolist() == [*(times[1:] > times[:-1]).tolist(), True]
    whole = window(source, 0, len(source.ticks), "all").ticks
    assert whole.tobytes() == source.ticks.tobytes()
    with pytest.raises(SourceError, match="no trade or quote in this part"):
        window(source, 0, 1, "nothing")
