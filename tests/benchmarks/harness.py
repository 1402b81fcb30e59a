"""What the benchmark groups share: building C programs, running workers, collecting figures, and printing them beside their targets."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "bench"
ARCHIVE = ROOT / "build" / "core" / "libneural_trader_static.a"
SAMPLE = "sample:es-2013-09:100000"


class BenchmarkError(Exception):
    """A benchmark could not be built or run; the message says why."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table. `better` is "lower" or "higher" where there is a target."""

    group: str
    what: str
    value: float | None
    unit: str
    target: float | None = None
    better: str = "lower"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target or a value."""
        if self.target is None or self.value is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


class Bench:
    """One run of the benchmarks: figures by dotted key, and rows for the table."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.figures: dict[str, Any] = {}
        self.rows: list[Row] = []
        self._started_s = time.monotonic()

    def progress(self, text: str) -> None:
        """Say on standard error what happens now."""
        print(f"[{time.monotonic() - self._started_s:6.1f} s] {text}", file=sys.stderr, flush=True)

    def put(self, key: str, value: Any) -> None:
        """Set a figure by its dotted key."""
        *path, last = key.split(".")
        at = self.figures
        for part in path:
            at = at.setdefault(part, {})
        at[last] = rounded(value)

    def row(
        self,
        group: str,
        what: str,
        value: float | None,
        unit: str,
        *,
        target: float | None = None,
        better: str = "lower",
        note: str = "",
    ) -> None:
        """Add a line to the table."""
        self.rows.append(Row(group, what, value, unit, target, better, note))

    def missing(self, key: str, group: str, what: str, reason: str) -> None:
        """Record what could not be measured, and why."""
        self.put(key, {"missing": reason})
        self.row(group, what, None, "", note=f"missing: {reason}")
        self.progress(f"missing: {what}: {reason}")


def rounded(value: Any) -> Any:
    """A value with at most six significant digits, for a file that people read too."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


def spread(values: Sequence[float], *, worst: str = "max") -> dict[str, float]:
    """Median, 99th percentile and worst of a series; worst is "max" for times, "min" for rates."""
    ordered = sorted(values)
    at = min(len(ordered) - 1, math.ceil(0.99 * len(ordered)) - 1)
    p99 = ordered[at] if worst == "max" else ordered[len(ordered) - 1 - at]
    return {"median": statistics.median(ordered), "p99": p99, "worst": ordered[-1] if worst == "max" else ordered[0], "runs": len(ordered)}


def extent(times_ms: Sequence[float]) -> str:
    """How many runs there were, and their range, in words."""
    return f"{len(times_ms)} runs, {min(times_ms):.1f} to {max(times_ms):.1f} ms"


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Run by run: both sides of a ratio are neighbours in time."""
    return [a / b for a, b in zip(over, under, strict=True)]


# ---- programs --------------------------------------------------------------------------------------------------------------------


def tool(variable: str, *names: str) -> str:
    """The compiler named by an environment variable, else the first one found."""
    chosen = os.environ.get(variable)
    if chosen:
        return chosen
    for name in names:
        if shutil.which(name):
            return name
    raise BenchmarkError(f"none of {', '.join(names)} is on the path")


def run(command: Sequence[str | int | Path], *, timeout_s: float, environment: Mapping[str, str] | None = None) -> str:
    """Run a command and give its standard output. BenchmarkError carries the end of its standard error."""
    try:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, timeout=timeout_s, check=False, env=environment, cwd=ROOT
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{Path(str(command[0])).name} took longer than {timeout_s:.0f} s") from error
    except OSError as error:
        raise BenchmarkError(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        name = " ".join(Path(str(part)).name for part in command[:3])
        raise BenchmarkError(f"{name}: {lines[-1] if lines else f'exit {done.returncode}'}")
    return done.stdout


def run_json(command: Sequence[str | int | Path], *, timeout_s: float) -> Any:
    """Run a command whose last line of output is a JSON value."""
    output = run(command, timeout_s=timeout_s).strip().splitlines()
    if not output:
        raise BenchmarkError(f"{Path(str(command[0])).name} printed nothing")
    return json.loads(output[-1])


def _optimisation() -> list[str]:
    machine = os.uname().machine
    return ["-O3", *(["-march=x86-64-v2"] if machine in ("x86_64", "AMD64") else [])]


def compile_program(name: str, *, defines: Sequence[str] = (), cplusplus: str | None = None) -> Path:
    """Build a C benchmark against the static archive, optionally with a C++ source beside it; optimised as the library is."""
    if not ARCHIVE.exists():
        raise BenchmarkError(f"{ARCHIVE.relative_to(ROOT)} does not exist; run `make build`")
    BUILD.mkdir(parents=True, exist_ok=True)
    sources = HERE / "c"
    compiler = tool("CC", "cc", "gcc", "clang")
    objects = [BUILD / f"{name}.o"]
    flags = ["-std=gnu11", "-D_GNU_SOURCE", *_optimisation(), "-Wall", "-Wextra", "-Wconversion", f"-I{ROOT / 'csrc'}"]
    run([compiler, *flags, *(f"-D{define}" for define in defines), "-c", sources / f"{name}.c", "-o", objects[0]], timeout_s=120)
    linker = compiler
    if cplusplus is not None:
        linker = tool("CXX", "c++", "g++", "clang++")
        objects.append(BUILD / f"{cplusplus}.o")
        run([linker, "-std=c++17", *_optimisation(), "-c", sources / f"{cplusplus}.cpp", "-o", objects[1]], timeout_s=300)
    program = BUILD / name
    run([linker, *objects, ARCHIVE, "-o", program, "-pthread", "-lrt", "-lm"], timeout_s=120)
    return program


def worker(name: str) -> Path:
    """A Python program that runs in a process of its own."""
    return HERE / "workers" / f"{name}.py"


# ---- table -----------------------------------------------------------------------------------------------------------------------


def _number(value: float) -> str:
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 1000 else 0
    return f"{value:,.{min(digits, 4)}f}"


def table(rows: Sequence[Row]) -> str:
    """All rows as text: what was measured, the target, and whether it was met."""
    cells = [("group", "what", "measured", "target", "", "beside")]
    for row in rows:
        measured = "-" if row.value is None else f"{_number(row.value)} {row.unit}".rstrip()
        sign = "≤" if row.better == "lower" else "≥"
        target = "" if row.target is None else f"{sign} {_number(row.target)} {row.unit}".rstrip()
        verdict = {None: "", True: "met", False: "MISSED"}[row.met]
        cells.append((row.group, row.what, measured, target, verdict, row.note))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = []
    for number, line in enumerate(cells):
        fixed = [
            text.rjust(width) if column in (2, 3) and number > 0 else text.ljust(width)
            for column, (text, width) in enumerate(zip(line[:5], widths, strict=True))
        ]
        lines.append("  ".join([*fixed, line[5]]).rstrip())
        if number == 0:
            lines.append("-" * len(lines[0]))
    return "\n".join(lines)
