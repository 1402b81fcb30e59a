"""Which strategy a run was of, on its own and in the tearsheet."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from running import Case, command
from support import config_of, walk, write_tape

import neural_trader as nt
from neural_trader.loading import load_strategy
from neural_trader.sources import Source, open_source
from neural_trader.strategy_identity import identity_of
from neural_trader.sweep_worker import run_tape
from neural_trader.tearsheet import render

CONFIG = config_of("identity-test")


class Local(nt.Strategy):
    """Does nothing."""

    level: int = 3
    text: str = "<b>"


def strategy_in(directory: Path, text: str = "", helper: str = "", **parameters: int) -> nt.Strategy:
    directory.mkdir()
    (directory / "helper_of_identity.py").write_text(helper, encoding="utf-8")
    code = f"import neural_trader as nt\nimport helper_of_identity\nclass Named(nt.Strategy):\n    level: int = 1\n{text}"
    (directory / "named.py").write_text(code, encoding="utf-8")
    return load_strategy(str(directory / "named.py"), parameters)


def test_a_strategy_of_a_file_has_its_name_file_code_and_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for number, arguments in enumerate(({}, {"text": "# more\n"}, {"helper": "# more\n"}, {})):
        with monkeypatch.context() as patch:
            patch.syspath_prepend(tmp_path / str(number))
            found.append(identity_of(strategy_in(tmp_path / str(number), **arguments, level=number)))
    first, other_text, other_helper, same = found
    assert (first.name, first.module, first.file) == ("Named", None, str(tmp_path / "0" / "named.py"))
    assert sorted(first.files) == ["helper_of_identity.py", "named.py"]
    assert [identity.parameters for identity in found] == [{"level": str(number)} for number in range(4)]
    assert len({first.source_sha256, other_text.source_sha256, other_helper.source_sha256}) == 3
    assert same.source_sha256 == first.source_sha256


def test_a_class_of_a_module_has_the_module_and_a_nested_one_its_qualified_name() -> None:
    class Inner(nt.Strategy):
        """Nothing."""

    assert identity_of(Local()).module == __name__
    assert identity_of(Inner()).name.endswith("<locals>.Inner")
    assert identity_of(Local()).file == __file__
    assert identity_of(Local(level=4)).parameters == {"level": "4", "text": "<b>"}
    assert len(identity_of(Local(text="x" * 1000)).parameters["text"]) == 200


def test_a_class_without_a_source_says_so(tmp_path: Path) -> None:
    space: dict[str, type[nt.Strategy]] = {}
    exec("import neural_trader as nt\nclass Typed(nt.Strategy):\n    __module__ = 'nowhere_at_all'\n", {"__name__": "nowhere"}, space)
    identity = identity_of(space["Typed"]())
    assert (identity.file, identity.files, identity.source_sha256) == (None, {}, None)
    result = run_tape(Local(), nt_source(tmp_path), CONFIG)
    result.strategies = (identity,)
    assert "none: its source cannot be seen" in render(result)


def nt_source(directory: Path) -> Source:
    return open_source(write_tape(directory / "trades.csv", walk(50)), CONFIG)


def test_the_tearsheet_names_each_strategy(tmp_path: Path) -> None:
    result = run_tape(Local(), nt_source(tmp_path), CONFIG)
    one = identity_of(Local())
    assert result.strategies == (one,)
    page = render(result)
    assert f"<dt>strategy</dt><dd>{__name__}.Local</dd>" in page
    assert f"<dt>strategy: source SHA-256</dt><dd><code>{one.source_sha256}</code></dd>" in page
    assert "<dt>strategy: parameter text</dt><dd>&lt;b&gt;</dd>" in page
    assert html.escape(__file__) in page
    result.strategies = (one, identity_of(Local(level=9)))
    page = render(result)
    assert "<dt>strategy 1: parameter level</dt><dd>3</dd>" in page
    assert "<dt>strategy 2: parameter level</dt><dd>9</dd>" in page


def test_the_command_line_s_tearsheet_names_the_strategy(tmp_path: Path, kernel_name: str) -> None:
    case = Case(tmp_path, kernel_name)
    target = tmp_path / "page.html"
    done = command("backtest", str(case.strategy), "--config", str(case.config), "--set", "every=7", "--tearsheet", str(target))
    assert done.returncode == 0, done.stderr
    page = target.read_text(encoding="utf-8")
    assert "<dt>strategy</dt><dd>Turns</dd>" in page
    assert f"<dt>strategy: file</dt><dd>{case.strategy}</dd>" in page
    assert "<dt>strategy: parameter every</dt><dd>7</dd>" in page
    assert "given as an object" not in page
