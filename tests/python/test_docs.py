"""The documentation does what it says.

Each page's blocks run in their order, in one process and one temporary directory with the examples in it: Python in one namespace, shell
lines that begin with `neural-trader`, TOML through the checks of a configuration. A block with a title is a file of that name. A
```text block after one of them is what it prints; in it `...` stands for anything, a line of only `...` for any lines. Comments
before a block: `<!-- exit: 2 -->` is the exit code of its commands, `<!-- refused -->` a configuration that is wrong, `<!-- shown -->` a
text that is no output, `<!-- needs NAME ... -->` modules without which the block and its output are left out.

`python test_docs.py PAGE DIRECTORY` runs one page.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from neural_trader.cli import _parser, main
from neural_trader.config_check import validate_config

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))

NEEDS = re.compile(r"<!-- needs ([\w. -]+) -->")
EXIT = re.compile(r"<!-- exit: (\d+) -->")
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?$')
LEFT_OUT = 77  # exit code of a page of which blocks were left out


class Block(NamedTuple):
    """A fenced block: its language, title, first line (from 1), text and the comment above it."""

    language: str
    title: str
    line: int
    text: str
    comment: str


def blocks_of(page: str) -> Iterator[Block]:
    """The fenced blocks of a page. ValueError for one that has no language or no end."""
    lines = page.splitlines()
    at = 0
    while at < len(lines):
        if not lines[at].startswith("```"):
            at += 1
            continue
        found = FENCE.match(lines[at])
        if found is None:
            raise ValueError(f"line {at + 1}: a block needs a language, and nothing else but a title: {lines[at]}")
        end = next((i for i in range(at + 1, len(lines)) if lines[i] == "```"), None)
        if end is None:
            raise ValueError(f"line {at + 1}: the block does not end")
        above = next((line for line in reversed(lines[:at]) if line), "")
        comment = above if above.startswith("<!--") else ""
        yield Block(found[1], found[2] or "", at + 2, "\n".join([*lines[at + 1 : end], ""]), comment)
        at = end + 1


def pattern(expected: str) -> re.Pattern[str]:
    """What an expected output matches; it ends with a line end."""
    lines = []
    for line in expected.strip().splitlines():
        lines.append("(?:.*\\n)??" if line == "..." else ".*?".join(re.escape(part) for part in line.split("...")) + "\\n")
    return re.compile("".join(lines), re.S)


def importable(name: str) -> bool:
    """Whether a module is installed."""
    return importlib.util.find_spec(name) is not None


class Page:
    """A page on its way through: the namespace of its Python, and what its last block printed."""

    def __init__(self, text: str, directory: Path, kernel: str) -> None:
        self.blocks = list(blocks_of(text.replace("es-paper", kernel)))
        self.directory = directory
        self.kernel = kernel
        module = types.ModuleType("page")
        sys.modules["page"] = module
        self.names: dict[str, Any] = vars(module)
        self.printed = ""

    def run(self) -> list[str]:
        """Run it. Returns the modules for lack of which blocks were left out; AssertionError says what is wrong, and where."""
        lacking: list[str] = []
        left_out = False
        for block in self.blocks:
            needs = NEEDS.search(block.comment)
            missing = [name for name in needs[1].split() if not importable(name)] if needs is not None else []
            lacking += missing
            left_out = bool(missing) or (left_out and block.language == "text" and needs is None)
            if left_out:
                continue
            try:
                getattr(self, f"_{block.language}")(block)
            except Exception as error:
                raise AssertionError(f"line {block.line}: {block.language}: {type(error).__name__}: {error}") from error
        return lacking

    def _python(self, block: Block) -> None:
        if block.title:
            (self.directory / block.title).write_text(block.text, encoding="utf-8")
        code = compile("\n" * (block.line - 1) + block.text, "page", "exec")
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code, self.names)
        self.printed = out.getvalue()

    def _sh(self, block: Block) -> None:
        wanted = EXIT.search(block.comment)
        printed = []
        for line in block.text.replace("\\\n", " ").splitlines():
            command = line.partition(" #")[0].strip()
            if not command.startswith("neural-trader "):
                assert command.startswith(("make ", "git ", "cd ", "gcc ", "dir=", "./", "python ", "source ", "npm ")) or not command, (
                    f"not run: {command}"
                )
                continue
            program = f"{sys.executable} -m neural_trader.cli"
            done = subprocess.run(
                command.replace("neural-trader", program, 1),
                shell=True,
                check=False,
                capture_output=True,
                text=True,
                timeout=240,
                cwd=self.directory,
            )
            code = int(wanted[1]) if wanted is not None else 0
            assert done.returncode == code, f"{command}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            printed.append(done.stdout if code in (0, 1) else done.stderr)
        self.printed = "".join(printed)

    def _toml(self, block: Block) -> None:
        file = self.directory / (block.title or "page.toml")
        file.write_text(block.text, encoding="utf-8")
        problems = [str(problem) for problem in validate_config(file)]
        if "<!-- refused -->" not in block.comment:
            assert problems == [], problems
            return
        assert problems
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            assert main(["check", str(file)]) == 2
        said = [line.removeprefix(f"neural-trader: {file}: ") for line in err.getvalue().splitlines()]
        assert said == problems
        self.printed = "\n".join(problems)

    def _text(self, block: Block) -> None:
        """The output of the block before, unless it is a drawing or a list of its own."""
        if block.comment == "<!-- shown -->":
            return
        if pattern(block.text).fullmatch(f"{self.printed.strip()}\n") is None:
            raise AssertionError(f"printed was\n{self.printed}")

    def _ts(self, block: Block) -> None:
        """Compiled by the test of the TypeScript in the documentation."""

    def _c(self, block: Block) -> None:
        """A whole program is compiled by the test of the examples; a part is in one of them."""
        parts = " ".join((ROOT / "examples" / "attach.c").read_text(encoding="utf-8").split())
        for line in filter(None, (" ".join(line.split()) for line in block.text.splitlines())):
            assert line in parts, f"examples/attach.c has no {line}"


def run_page(name: str, directory: Path) -> int:
    """Run a page in a directory; the exit code."""
    kernel = f"docs-{os.getpid()}"
    shutil.copytree(ROOT / "examples", directory / "examples")
    for file in (directory / "examples").iterdir():
        if file.is_file():
            file.write_text(file.read_text(encoding="utf-8").replace("es-paper", kernel), encoding="utf-8")
    os.chdir(directory)
    sys.path.insert(0, str(directory))
    lacking = Page((DOCS / name).read_text(encoding="utf-8"), directory, kernel).run()
    if lacking:
        sys.stdout.write(f"blocks were left out for lack of {', '.join(dict.fromkeys(lacking))}\n")
    return LEFT_OUT if lacking else 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, __file__, page.name, str(tmp_path)], check=False, capture_output=True, text=True, timeout=280, cwd=tmp_path
    )
    if done.returncode == LEFT_OUT:
        pytest.skip(f"{page.name}: {done.stdout.strip()}; the rest is in order")
    assert done.returncode == 0, f"{page.name}: {done.stderr[-4000:]}"


# ---- the runner itself -----------------------------------------------------------------------------------------------------------


def run_text(text: str, directory: Path) -> None:
    """Run a page of a text."""
    Page(text, directory, "none").run()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("```python\nprint(1)\n```\n\n```text\n2\n```\n", "printed was\n1"),
        ("```python\n1 / 0\n```\n", "line 2: python: ZeroDivisionError"),
        ("```sh\nneural-trader check none.toml\n```\n", "neural-trader check none.toml: 2"),
        ("<!-- exit: 2 -->\n```sh\nneural-trader --version\n```\n", "--version: 0"),
        ("```sh\nrm -r somewhere\n```\n", "not run"),
        ('```toml\nname = "x"\n```\n', "accounts"),
        ('<!-- refused -->\n```toml\nname = "x"\naccounts.main = { currency = "USD", cash = 1 }\n```\n', "AssertionError"),
        ('<!-- refused -->\n```toml\nname = "x"\n```\n```text\nother\n```\n', "printed was\naccounts: is missing"),
        ("```c\nint not_there;\n```\n", "has no int not_there;"),
    ],
)
def test_a_page_that_is_wrong_is_found(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=re.escape(says)):
        run_text(text, tmp_path)


@pytest.mark.parametrize("text", ["```\nx\n```\n", "```python\nx = 1\n", "```python linenums=1\n```\n"])
def test_a_block_that_is_not_marked_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="block"):
        list(blocks_of(text))


def test_dots_stand_for_anything_and_nothing_else_does() -> None:
    for expected, printed in (("...\na\n...", "a\n"), ("...\na\n...", "1\n2\na\n3\n"), ("a ... d", "a b c d\n"), ("a\n...\nb", "a\nb\n")):
        assert pattern(expected).fullmatch(printed), (expected, printed)
    for expected, printed in (("a", "a\nb\n"), ("a\n...", "b\na\n"), ("a.c", "abc\n"), ("...\na", "ba\n")):
        assert pattern(expected).fullmatch(printed) is None, (expected, printed)


def test_blocks_share_a_page_and_titles_are_files(tmp_path: Path) -> None:
    run_text('```python title="a.py"\nx = 6\n```\n```python\nprint(x * 7, "and", x)\n```\n```text\n42 ...\n```\n', tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "x = 6\n"


def test_a_block_that_needs_what_is_absent_is_left_out_with_its_output(tmp_path: Path) -> None:
    absent = "<!-- needs msgspec no_such_module -->\n```python\n1 / 0\n```\n```text\nnothing\n```\n"
    page = Page(f"{absent}```python\nprint(3)\n```\n```text\n3\n```\n", tmp_path, "none")
    assert page.run() == ["no_such_module"]
    assert page.printed == "3\n"


# ---- generated pages and links ----------------------------------------------------------------------------------------------------


def generator() -> Any:
    """docs/generate.py as a module."""
    sys.path.insert(0, str(DOCS))
    try:
        import generate
    finally:
        sys.path.remove(str(DOCS))
    return generate


def test_the_generated_pages_are_what_the_code_gives(tmp_path: Path) -> None:
    generate = generator()
    assert generate.stale() == []
    shutil.copytree(DOCS, tmp_path / "docs")
    for name in generate.PAGES:
        with (tmp_path / "docs" / name).open("a", encoding="utf-8") as file:
            file.write("more\n")
    assert generate.stale(tmp_path) == list(generate.PAGES)


def test_a_new_check_or_reason_has_to_be_described(monkeypatch: pytest.MonkeyPatch) -> None:
    generate = generator()
    checks = sys.modules["generate_checks"]
    for table, name in (("_ADVICE", "PRICE_COLLAR"), ("_TITLES", "COLLAR")):
        with monkeypatch.context() as patch:
            patch.setattr(checks, table, {key: value for key, value in vars(checks)[table].items() if key != name})
            with pytest.raises(ValueError, match=name):
                generate.checks_page(ROOT)


def test_every_reason_and_check_is_on_the_page() -> None:
    from neural_trader._native import abi

    text = (DOCS / "checks.md").read_text(encoding="utf-8")
    for reason in abi.Reason:
        assert f"| `{reason.name}` | {reason.value} |" in text
    for check in abi.Check:
        assert re.search(rf"^\| {check.value} \| {check.name.lower().replace('_', ' ')}: .* \| .*`[A-Z_]+` \|$", text, re.M)
    assert "| `PRICE_COLLAR` | 118 | 11 | price | 16 |" in text  # FIX 103: price exceeds current price band


def test_pages_that_count_the_checks_count_right() -> None:
    from neural_trader._native import abi

    counted = [int(number) for page in PAGES for number in re.findall(r"\[(\d+) checks\]", page.read_text(encoding="utf-8"))]
    assert len(counted) >= 3
    assert set(counted) == {len(abi.Check)}


def test_every_function_of_the_header_is_on_the_page() -> None:
    header = (ROOT / "csrc" / "neural_trader.h").read_text(encoding="utf-8")
    page = (DOCS / "c_abi.md").read_text(encoding="utf-8")
    declared = set(re.findall(r"^NT_API \w+ (nt_\w+)\(", header, re.M))
    assert len(declared) > 50
    assert set(re.findall(r"`(nt_\w+)`", page.partition("## What there is")[2])) == declared


def test_every_feature_is_on_the_page() -> None:
    from neural_trader.records import Features

    page = (DOCS / "features.md").read_text(encoding="utf-8")
    rows = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`\w+`[^|]*) \|", page, re.M)]
    named = [name if not name.startswith("_") else row[0].rstrip("0123456789").rstrip("_") + name for row in rows for name in row]
    assert sorted(named) == sorted(Features._index)


def test_every_public_name_is_documented() -> None:
    import neural_trader

    pages = "".join((DOCS / name).read_text(encoding="utf-8") for name in ("python_api.md", "configuration.md"))
    structs = {"AccountConfig", "Config", "Fee", "Instrument", "Limits", "ModelConfig", "Session", "VenueConfig", "VenueLatency"}
    errors = {"ConfigError", "NeuralTraderError", "SourceError", "OrderTimedOut"}
    for name in set(neural_trader.__all__) - structs - errors:
        assert re.search(rf"^::: neural_trader\.[\w.]+\.{name}$", pages, re.M), name


def test_the_wrong_configurations_are_twenty_and_more() -> None:
    refused = (DOCS / "wrong_configurations.md").read_text(encoding="utf-8").count("<!-- refused -->")
    assert refused == len(generator().WRONG) >= 20


def help_of(*command: str) -> str:
    """What a command says with --help."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit):
        _parser().parse_args([*command, "--help"])
    return out.getvalue()


def test_every_command_and_option_is_on_the_page() -> None:
    text = (DOCS / "command_line.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (\w+)", help_of(), re.M)
    assert len(commands) >= 9
    for command in commands:
        part = text.partition(f"## neural-trader {command}\n")[2].partition("\n## ")[0]
        assert part, command
        for option in set(re.findall(r"^  (--[\w-]+)", help_of(command), re.M)):
            assert f"`{option}" in part, f"{command} {option}"


def slug(heading: str) -> str:
    """The anchor of a heading."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_internal_link_resolves(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.is_file(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            assert anchor in {slug(heading) for heading in headings}, f"{page.name}: {target}"


def test_every_page_is_in_the_navigation_once() -> None:
    named = re.findall(r"^ +- (\w+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(named) == [page.name for page in PAGES]


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is not installed: make docs installs it")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "POSITION_LIMIT_EXCEEDED" in (tmp_path / "site" / "checks.html").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_page(sys.argv[1], Path(sys.argv[2])))
