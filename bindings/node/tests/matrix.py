"""Run the JavaScript tests in every runtime with every adapter that it has, and compare what ran with tests/matrix.json.

    python bindings/node/tests/matrix.py                       every cell; exit 1 unless cells and counts are those of the file
    python bindings/node/tests/matrix.py --only bun --files client edges_life
    python bindings/node/tests/matrix.py --write               accept the counts of this run

A runtime exits with 0 when it found no test, and when a test ended the process: only the counts show it. The compiled package and tests
(make javascript) and the pinned runtimes have to be there.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

sys.path.append(str(Path(__file__).resolve().parents[3] / "tests" / "python"))

from javascript_runtimes import PACKAGE, PROGRAMS

MATRIX: Final = Path(__file__).with_name("matrix.json")
TIMEOUT_S: Final = 300


class Runtime(NamedTuple):
    """A pinned runtime: how it runs a file of tests, what its version says, and its adapters, the default first."""

    program: Path
    arguments: tuple[str, ...]
    version: str
    adapters: tuple[str, ...]


RUNTIMES: Final = {
    "node20": Runtime(PROGRAMS["node20"], ("--test", "--test-reporter=tap"), "v20.20.2", ("node-api", "koffi")),
    "node26": Runtime(PROGRAMS["node26"], ("--test", "--test-reporter=tap"), "v26.10.0", ("node-api", "koffi")),
    "bun": Runtime(PROGRAMS["bun"], ("test", "--timeout=120000"), "1.4.5", ("bun:ffi", "node-api", "koffi")),
    "deno": Runtime(
        PROGRAMS["deno"],
        ("test", "-A", "--no-check", "--quiet"),
        "deno 2.9.6",
        ("Deno.dlopen", "node-api", "koffi"),
    ),
}


class Outcome(NamedTuple):
    """What one file did in one cell."""

    cell: str
    file: str
    passed: int
    skipped: int
    failed: int
    problem: str
    seconds: float


def count(pattern: str, text: str) -> int:
    """The number that a runtime prints; 0 where it prints none."""
    found = re.findall(pattern, text, re.MULTILINE)
    return int(found[-1]) if found else 0


def counts(runtime: str, text: str) -> tuple[int, int, int]:
    """Tests passed, skipped and failed, as the runtime counts them."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    if runtime.startswith("node"):
        failed = count(r"^# fail (\d+)$", text) + count(r"^# cancelled (\d+)$", text)
        return count(r"^# pass (\d+)$", text), count(r"^# skipped (\d+)$", text) + count(r"^# todo (\d+)$", text), failed
    if runtime == "bun":
        return count(r"^ *(\d+) pass$", text), count(r"^ *(\d+) (?:skip|todo)$", text), count(r"^ *(\d+) fail$", text)
    summary = (re.findall(r"^(?:ok|FAILED) \| .*$", text, re.MULTILINE) or [""])[-1]

    def with_steps(what: str) -> int:
        return count(rf"(\d+) {what}", summary) + count(rf"\d+ {what} \((\d+) steps?\)", summary)

    return with_steps("passed"), with_steps("ignored"), with_steps("failed")


def run(cell: str, file: str) -> Outcome:
    """One file in one cell."""
    runtime, adapter = cell.split(" ")
    chosen = RUNTIMES[runtime]
    command = [str(chosen.program), *chosen.arguments, f"./build/{file}.test.js"]
    environment = {**os.environ, "NEURAL_TRADER_ADAPTER": adapter, "NO_COLOR": "1", "NODE_NO_WARNINGS": "1"}
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=PACKAGE, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace")[-4000:]
        return Outcome(cell, file, 0, 0, 1, f"it ran longer than {TIMEOUT_S} s\n{said}", TIMEOUT_S)
    text = f"{done.stdout}\n{done.stderr}"
    passed, skipped, failed = counts(runtime, text)
    problem = "" if done.returncode == 0 and failed == 0 else f"exit code {done.returncode}\n{text[-6000:]}"
    return Outcome(cell, file, passed, skipped, failed, problem, time.monotonic() - started)


def check_runtimes() -> list[str]:
    """What is missing, or of another version than the pinned one."""
    problems = []
    for name, runtime in RUNTIMES.items():
        if not runtime.program.exists():
            problems.append(f"{name} is missing at {runtime.program}; run make javascript")
            continue
        said = subprocess.run([runtime.program, "--version"], capture_output=True, text=True, check=False).stdout
        if not said.startswith(runtime.version):
            problems.append(f"{name} is {said.splitlines()[0] if said else 'silent'}, not {runtime.version}")
    return problems


def main() -> int:
    """Run as a command."""
    parser = argparse.ArgumentParser(description="Run the JavaScript tests in every runtime with every adapter.")
    parser.add_argument("--only", default="", metavar="TEXT", help="cells whose name has this in it, such as bun or koffi")
    parser.add_argument("--files", nargs="*", metavar="NAME", help="test files without their ending; all unless given")
    parser.add_argument("--write", action="store_true", help="write the counts of this run to matrix.json")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    problems = check_runtimes()
    files = sorted(path.name.removesuffix(".test.ts") for path in Path(__file__).parent.glob("*.test.ts"))
    chosen = [file for file in files if options.files is None or file in options.files]
    cells = [
        f"{name} {adapter}" for name, runtime in RUNTIMES.items() for adapter in runtime.adapters if options.only in f"{name} {adapter}"
    ]
    if not chosen or not cells or problems:
        print("\n".join(problems or ["nothing to run"]), file=sys.stderr)
        return 1
    expected = json.loads(MATRIX.read_text()) if MATRIX.exists() else {}
    found: dict[str, dict[str, list[int]]] = {cell: {} for cell in cells}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for future in concurrent.futures.as_completed([pool.submit(run, cell, file) for cell in cells for file in chosen]):
            outcome = future.result()
            found[outcome.cell][outcome.file] = [outcome.passed, outcome.skipped]
            wanted = expected.get(outcome.cell, {}).get(outcome.file)
            if outcome.problem:
                problems.append(f"{outcome.cell}: {outcome.file}: {outcome.problem}")
            elif not options.write and wanted != [outcome.passed, outcome.skipped]:
                problems.append(
                    f"{outcome.cell}: {outcome.file}: {outcome.passed} passed, {outcome.skipped} skipped; the matrix has {wanted}"
                )
            print(
                f"{outcome.cell:20} {outcome.file:24} {outcome.passed:4} passed {outcome.skipped:3} skipped {outcome.seconds:6.1f} s",
                flush=True,
            )
    if options.write and not problems:
        kept = {cell: {file: row for file, row in rows.items() if file in files} for cell, rows in expected.items()}
        for cell, rows in found.items():
            kept[cell] = dict(sorted({**kept.get(cell, {}), **rows}.items()))
        MATRIX.write_text(json.dumps(kept, indent=2) + "\n")
    if not options.only and options.files is None and not options.write and found.keys() != expected.keys():
        problems.append(f"the cells that ran are {sorted(found)}; the matrix has {sorted(expected)}")
    print("\n".join(problems), file=sys.stderr)
    total = sum(row[0] for rows in found.values() for row in rows.values())
    print(f"{len(cells)} cells, {len(chosen)} files, {total} tests passed, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
