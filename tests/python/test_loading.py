"""Strategies from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from neural_trader.errors import ConfigError
from neural_trader.loading import MODULE_PREFIX, load_strategy, strategy_class
from neural_trader.strategy import Strategy

ONE = """
from __future__ import annotations
import neural_trader as nt
from sibling import SIZE


class One(nt.Strategy):
    enter: float
    symbols: list[str] = []
    size: int = SIZE
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "sibling.py").write_text("SIZE = 3\n", encoding="utf-8")
    path = tmp_path / "one.py"
    path.write_text(ONE, encoding="utf-8")
    return path


def problems(spec: str, parameters: dict[str, object] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load_strategy(spec, parameters)
    return {problem.path: problem.message for problem in caught.value.errors}


def test_a_class_is_found_by_its_name_or_alone(file: Path) -> None:
    kind = strategy_class(f"{file}:One")
    assert kind is strategy_class(str(file))
    assert issubclass(kind, Strategy)
    assert kind.__module__.startswith(MODULE_PREFIX)


def test_parameters_become_fields_of_their_type(file: Path) -> None:
    strategy = load_strategy(str(file), {"enter": 1, "symbols": ["ES"]})
    assert (strategy.enter, strategy.symbols, strategy.size) == (1.0, ["ES"], 3)  # type: ignore[attr-defined]
    assert isinstance(strategy.enter, float)  # type: ignore[attr-defined]


def test_every_wrong_parameter_is_listed(file: Path) -> None:
    found = problems(f"{file}:One", {"entr": 1, "size": 1.5, "symbols": ["ES", 4], "zzz": 0})
    assert found["parameters.entr"] == "One has no such parameter; did you mean enter?"
    assert found["parameters.zzz"] == "One has no such parameter; it has enter, symbols, size"
    assert found["parameters.size"].startswith("Expected int, got float")
    assert "[1]" in found["parameters.symbols"]
    assert found["parameters.enter"] == "is missing; One needs it"


def test_a_strategy_without_parameters_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text("import neural_trader as nt\nclass Plain(nt.Strategy):\n    pass\n", encoding="utf-8")
    assert problems(str(path), {"a": 1}) == {"parameters.a": "Plain has no such parameter; it has none"}


def test_a_strategy_may_refuse_its_parameters_together(tmp_path: Path) -> None:
    path = tmp_path / "band.py"
    text = """
import neural_trader as nt


class Band(nt.Strategy):
    low: int = 0
    high: int = 1

    def __post_init__(self):
        if self.low >= self.high:
            raise ValueError("low must be less than high")
"""
    path.write_text(text, encoding="utf-8")
    assert problems(str(path), {"low": 2}) == {"parameters": "low must be less than high"}


def test_the_class_has_to_be_there(file: Path, tmp_path: Path) -> None:
    assert problems(f"{file}:Ones")["strategy"].endswith("has no strategy Ones; did you mean One?")
    assert problems(f"{file}:Quite")["strategy"].endswith("has no strategy Quite; it has One")
    empty = tmp_path / "empty.py"
    empty.write_text("from neural_trader import Strategy\n", encoding="utf-8")
    assert problems(str(empty))["strategy"].endswith("has no class derived from Strategy")
    assert problems(f"{empty}:A")["strategy"].endswith("has no strategy A")
    two = tmp_path / "two.py"
    two.write_text("from neural_trader import Strategy\nclass A(Strategy): pass\nclass B(Strategy): pass\n", encoding="utf-8")
    assert problems(str(two))["strategy"] == f"which of A, B is it? Write {two}:A"


@pytest.mark.parametrize("spec", ["", "flow", "flow.txt:Flow", "flow.py:1a", "flow.py:", ":Flow"])
def test_what_names_no_file_and_class_is_refused(spec: str) -> None:
    assert problems(spec)["strategy"].startswith('must be "file.py:Class" or "file.py"')


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert problems(str(tmp_path / "none.py"))["strategy"] == f"there is no file {tmp_path / 'none.py'}"


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("import os\nx = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("import os\n\ndef (\n", 3, "SyntaxError"),
        ("import nothing_of_this_name\n", 1, "ModuleNotFoundError"),
    ],
)
def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path, text: str, line: int, error: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text, encoding="utf-8")
    message = problems(str(path))["strategy"]
    assert message.startswith(f"{path}:{line} cannot be loaded: {error}")
    path.write_text("import neural_trader as nt\nclass Good(nt.Strategy):\n    pass\n", encoding="utf-8")
    assert strategy_class(str(path)).__name__ == "Good"  # a failed attempt leaves nothing behind


def test_a_file_that_fails_without_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "latin.py"
    path.write_bytes(b"x = '\xe9'\n")
    assert problems(str(path))["strategy"].startswith(f"{path}")
