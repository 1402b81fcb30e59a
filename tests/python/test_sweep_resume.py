"""Sweeps that are taken up again: what is finished is not run again, and what an outcome depends on makes a new trial."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support import config_of, walk, write_tape
from test_sweep import CONFIG, Turns

import neural_trader as nt
from neural_trader.errors import InvalidArgument, NameInUse, SourceError, SystemFailure
from neural_trader.loading import strategy_class
from neural_trader.sweep import sweep
from neural_trader.sweep_code import code_of


@pytest.fixture
def tape(tmp_path: Path) -> str:
    return write_tape(tmp_path / "trades.csv", walk(300))


def test_what_is_finished_is_not_run_again(tape: str, tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    first = sweep(Turns, {"every": [3, 4]}, tape, CONFIG, resume=kept)
    more = sweep(Turns, {"every": [5, 4, 3]}, tape, CONFIG, resume=kept)
    assert (first.resumed, more.resumed) == (0, 2)
    assert [trial.number for trial in more.trials] == [0, 1, 2]
    assert more.trials[2].outcome == first.trials[0].outcome
    assert more.trials[1].elapsed_s == first.trials[1].elapsed_s
    assert len(kept.read_text(encoding="utf-8").splitlines()) == 3


def test_whatever_an_outcome_depends_on_makes_a_new_trial(tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    tape = write_tape(tmp_path / "a.csv", walk(100))
    other = write_tape(tmp_path / "b.csv", walk(100, seed=2))
    file = tmp_path / "quiet.py"
    file.write_text("import neural_trader as nt\nclass Quiet(nt.Strategy):\n    level: int = 1\n", encoding="utf-8")
    quiet = strategy_class(str(file))
    grid: dict[str, Any] = {"level": [1]}

    def resumed(source: str = tape, config: nt.Config = CONFIG, **options: Any) -> int:
        return sweep(quiet, grid, source, config, processes=1, resume=kept, **options).resumed

    assert resumed() == 0
    assert resumed() == 1
    assert resumed(seed=1) == 0
    assert resumed(other) == 0
    assert resumed(config=config_of("sweep-test", limits=nt.Limits(max_position=1))) == 0
    assert resumed(config=config_of("sweep-test", cash=5)) == 0
    copy = write_tape(tmp_path / "c.csv", walk(100))
    assert resumed(copy) == 1  # the same ticks in another file


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a strategy of several files."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    directory = tmp_path / "own"
    files = {
        "quiet.py": "import json\nimport neural_trader as nt\nimport levels_of_quiet\nclass Quiet(nt.Strategy):\n    level: int = 1\n"
        "    def on_start(self, client):\n        from parts_of_quiet.inner import deep\n",
        "levels_of_quiet.py": "LEVEL = 1\n",
        "parts_of_quiet/__init__.py": "",
        "parts_of_quiet/inner.py": "from . import beside\ndef deep():\n    return beside.VALUE\n",
        "parts_of_quiet/beside.py": "VALUE = 1\n",
        "unused.py": "",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def test_the_code_of_a_strategy_is_all_that_its_file_imports_of_the_user_s(own: Path) -> None:
    code = code_of([str(own / "quiet.py")])
    parts = [f"parts_of_quiet/{name}.py" for name in ("__init__", "beside", "inner")]
    assert sorted(code) == sorted(["quiet.py", "levels_of_quiet.py", *parts])
    assert code["levels_of_quiet.py"] == hashlib.sha256(b"LEVEL = 1\n").hexdigest()


@pytest.mark.parametrize("text", ["import no_such_module\n", "import sys.nothing, numpy.nothing\n", "def (\n", "from .. import quiet\n"])
def test_an_import_that_leads_nowhere_is_no_code(tmp_path: Path, text: str) -> None:
    (tmp_path / "alone.py").write_text(text, encoding="utf-8")
    assert list(code_of([str(tmp_path / "alone.py")])) == ["alone.py"]


@pytest.mark.parametrize("changed", ["quiet.py", "levels_of_quiet.py", "parts_of_quiet/inner.py", "parts_of_quiet/beside.py"])
def test_a_changed_file_of_the_strategy_refuses_to_resume(own: Path, tmp_path: Path, changed: str) -> None:
    tape, kept = write_tape(tmp_path / "a.csv", walk(100)), tmp_path / "trials.jsonl"
    quiet = strategy_class(str(own / "quiet.py"))
    assert sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept).resumed == 0
    (own / "unused.py").write_text("# of no strategy", encoding="utf-8")
    assert sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept).resumed == 1
    before, lines = (own / changed).read_bytes(), kept.read_bytes()
    (own / changed).write_bytes(before + b"# changed\n")
    text = f"trials.jsonl has trials of Quiet from before {changed} changed, .* give another file to resume, or bring back what it was"
    with pytest.raises(InvalidArgument, match=text):
        sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept)
    assert kept.read_bytes() == lines
    assert sweep(Turns, {"every": [3]}, tape, CONFIG, processes=1, resume=kept).resumed == 0  # another strategy's
    assert sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=tmp_path / "new.jsonl").resumed == 0
    (own / changed).write_bytes(before)
    assert sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept).resumed == 1


def test_failed_trials_alone_are_no_reason_to_refuse(own: Path, tmp_path: Path) -> None:
    tape, kept = write_tape(tmp_path / "a.csv", walk(100)), tmp_path / "trials.jsonl"
    (own / "parts_of_quiet" / "beside.py").write_text("1 / 0\n", encoding="utf-8")
    quiet = strategy_class(str(own / "quiet.py"))
    assert len(sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept).failed) == 1
    (own / "parts_of_quiet" / "beside.py").write_text("VALUE = 1\n", encoding="utf-8")
    assert sweep(quiet, {"level": [1]}, tape, CONFIG, processes=1, resume=kept).failed == []


def test_a_failed_trial_is_run_again(tape: str, tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    grid = {"ending": ["", "raise"]}
    assert len(sweep(Turns, grid, tape, CONFIG, resume=kept).failed) == 1
    again = sweep(Turns, grid, tape, CONFIG, resume=kept)
    assert (again.resumed, len(again.failed)) == (1, 1)


def test_a_line_that_was_cut_off_is_run_again(tape: str, tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    first = sweep(Turns, {"every": [3, 4]}, tape, CONFIG, processes=1, resume=kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-20])
    again = sweep(Turns, {"every": [3, 4]}, tape, CONFIG, resume=kept)
    assert again.resumed == 1
    assert [trial.outcome for trial in again.trials] == [trial.outcome for trial in first.trials]
    assert [json.loads(line)["number"] for line in kept.read_text(encoding="utf-8").splitlines()] == [0, 1]


@pytest.mark.parametrize("text", ["nonsense\n", '{"number": 1}\n', "nonsense"])
def test_a_file_of_something_else_is_refused_and_left_alone(tape: str, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "notes.txt"
    kept.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"notes\.txt:1: is no") as caught:
        sweep(Turns, {"every": [3]}, tape, CONFIG, resume=kept)
    assert caught.value.line == 1
    assert kept.read_text(encoding="utf-8") == text


def test_two_sweeps_do_not_write_to_one_file(tape: str, tmp_path: Path) -> None:
    kept = tmp_path / "trials.jsonl"
    refused: list[BaseException] = []

    def also(done: int, total: int) -> None:
        with pytest.raises(NameInUse, match="another sweep writes") as caught:
            sweep(Turns, {"every": [3]}, tape, CONFIG, resume=kept)
        refused.append(caught.value)

    sweep(Turns, {"every": [3]}, tape, CONFIG, resume=kept, progress=also)
    assert len(refused) == 1


def test_a_file_that_cannot_be_opened(tape: str, tmp_path: Path) -> None:
    with pytest.raises(SystemFailure, match="cannot be opened"):
        sweep(Turns, {"every": [3]}, tape, CONFIG, resume=tmp_path / "none" / "trials.jsonl")
