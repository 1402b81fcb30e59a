"""Installed JavaScript for the tests: the packed package, examples with what they need, and programs on the pinned runtimes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

import pytest
from javascript_runtimes import MODULES, PROGRAMS

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples/javascript"
INSTALLED = ROOT / "build/javascript-examples"
TARBALL = ROOT / "dist/neural-trader-core-0.1.0.tgz"
TSC = MODULES / ".bin/tsc"
DENO = PROGRAMS["deno"]
PATIENCE_S = 30.0  # longer than anything here takes: it ends a test that hangs
INSTALL = ("install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


class Runtime(NamedTuple):
    """How a pinned runtime runs a file, and whether it takes TypeScript as it is."""

    command: tuple[str, ...]
    strips_types: bool


RUNTIMES = {
    "node20": Runtime((str(PROGRAMS["node20"]),), False),
    "node26": Runtime((str(PROGRAMS["node26"]),), True),
    "bun": Runtime((str(PROGRAMS["bun"]),), True),
    "deno": Runtime((str(DENO), "run", "-A"), True),
}


def missing(what: str) -> NoReturn:
    """End a test for which something is missing: CI has everything."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs {what}")
    pytest.skip(f"{what} is not here")


def need(*runtimes: str) -> None:
    """End the test unless npm and these runtimes are here; packing brings the runtimes."""
    tarball()
    for name in runtimes:
        if not Path(RUNTIMES[name].command[0]).exists():
            missing(f"{name} (make javascript)")


def environment(**changes: str) -> dict[str, str]:
    """Of programs that a test starts: without what make and other tests have set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "NEURAL_TRADER_"))}
    return {**kept, "NO_COLOR": "1", "NODE_NO_WARNINGS": "1", **changes}


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a command that succeeds."""
    done = subprocess.run(command, cwd=cwd, env=env or environment(), capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def once(what: str) -> Iterator[bool]:
    """True for the first process of this test run that comes here; the others wait until it is done."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    stamp = INSTALLED / f".{what}"
    mine = os.environ.get("NEURAL_TRADER_TEST_RUN", str(os.getpid()))
    with (INSTALLED / f".{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not stamp.exists() or stamp.read_text() != mine
        stamp.write_text(mine)


def tarball() -> Path:
    """The package of this tree, packed once in a run."""
    if shutil.which("npm") is None:
        missing("npm")
    with once("package") as first:
        if first:
            run("make", "package")
    return TARBALL


def install(name: str) -> Path:
    """An example with what it needs, and compiled: once in a run, and not in the source tree."""
    packed, directory = tarball(), INSTALLED / name
    with once(name) as first:
        if first:
            modules = directory / "node_modules"
            for path in directory.glob("*") if directory.exists() else ():
                if path != modules:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(EXAMPLES / name, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules", "dist"))
            shutil.rmtree(modules / "@neural-trader", ignore_errors=True)  # another one has the same version
            run("npm", *INSTALL, str(packed), cwd=directory)
            run(directory / "node_modules/.bin/tsc", cwd=directory)
    return directory


class Program:
    """A program whose lines are heard as they come; it is killed when the context ends."""

    def __init__(self, command: Sequence[str | Path], cwd: Path, **changes: str) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, cwd=cwd, env=environment(**changes), stdout=subprocess.PIPE, stderr=self._errors, stdin=subprocess.DEVNULL, text=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def hear(self, beginning: str = "") -> str:
        """The next line that begins so; lines before it are dropped."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line {beginning!r} within {PATIENCE_S:g} s\n{self.errors()}") from None
            assert line is not None, f"it ended with {self.process.wait(PATIENCE_S)} before a line {beginning!r}\n{self.errors()}"
            if line.startswith(beginning):
                return line

    def heard(self, beginning: str) -> str | None:
        """The same among the lines that have come, None when there is none yet."""
        while True:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                return None
            assert line is not None, f"it ended before a line {beginning!r}\n{self.errors()}"
            if line.startswith(beginning):
                return line

    def errors(self) -> str:
        """What it has written to standard error."""
        self._errors.seek(0)
        return self._errors.read()

    def end(self, number: int | None = None) -> int:
        """Its exit code, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._errors.close()
