"""Other backtesting engines on the same trades: the feed alone, and with the README's rule trading. Each in its own process.

They do different work: hftbacktest compiles feed and rule into one loop, lrvx calls Python for each trade, nautilus_trader runs an
event-driven engine around it. The table shows them beside the kernel with the rule in C (no Python in the loop) and with it in Python.
"""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import replay
from harness import ROOT, SAMPLE, Bench, BenchmarkError, compile_program, extent, run, run_json, worker

GROUP = "peers"
ENVIRONMENTS = {
    "peers-venv": ((3, 11), ("hftbacktest==2.4.4", "lrvx==0.11.0")),
    "nautilus-venv": ((3, 12), ("nautilus_trader==1.231.0",)),
}
PEERS = {"hftbacktest": "peers-venv", "lrvx": "peers-venv", "nautilus": "nautilus-venv"}
INSTALL_TIMEOUT_S = 600
_failures: dict[str, str] = {}


def _interpreters() -> Iterator[str]:
    """Python interpreters that may be there, newest last tried: this one, those on the path, those of pyenv."""
    yield sys.executable
    names = [f"python3.{minor}" for minor in (13, 12, 14)]
    for name in names:
        found = shutil.which(name)
        if found:
            yield found
    for root in (os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")):
        if root:
            for name in names:
                yield from sorted(map(str, Path(root, "versions").glob(f"*/bin/{name}")), reverse=True)


def _interpreter(least: tuple[int, int]) -> str:
    test = f"import sys, venv; sys.exit(sys.version_info[:2] < {least})"
    for candidate in _interpreters():
        try:
            if subprocess.run([candidate, "-c", test], capture_output=True, check=False, timeout=30).returncode == 0:
                return candidate
        except (OSError, subprocess.TimeoutExpired):
            continue
    raise BenchmarkError(f"no Python {least[0]}.{least[1]} or later was found")


def _install(name: str) -> None:
    """Make an environment, unless it is there with the same requirements."""
    least, requirements = ENVIRONMENTS[name]
    directory = ROOT / "build" / name
    stamp = directory / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    run([_interpreter(least), "-m", "venv", "--clear", directory], timeout_s=120)
    pip: list[str | int | Path] = [directory / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    run([*pip, *requirements], timeout_s=INSTALL_TIMEOUT_S)
    stamp.write_text(wanted, encoding="utf-8")


def install(bench: Bench) -> None:
    """Install every peer; what fails is kept to be reported."""
    bench.progress(f"peers: environments with {', '.join(name for _, names in ENVIRONMENTS.values() for name in names)}")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        futures = {name: pool.submit(_install, name) for name in ENVIRONMENTS}
        for name, future in futures.items():
            try:
                future.result()
            except BenchmarkError as error:
                _failures[name] = str(error)


def _measure(bench: Bench, name: str, mode: str, tape: dict[str, Any], runs: int) -> None:
    what = f"{name}, {'100,000 trades alone' if mode == 'feed' else 'with the rule trading'}"
    environment = PEERS[name]
    if environment in _failures:
        bench.missing(f"peers.{name}.{mode}", GROUP, what, _failures[environment])
        return
    python = ROOT / "build" / environment / "bin" / "python"
    command: list[str | int | Path] = [python, worker(f"peer_{name}"), tape["path"], tape["head_bytes"], tape["price_scale"], mode, runs]
    try:
        found = run_json(command, timeout_s=240)
    except BenchmarkError as error:
        bench.missing(f"peers.{name}.{mode}", GROUP, what, str(error))
        return
    if found["seen"] != found["trades"]:
        bench.missing(f"peers.{name}.{mode}", GROUP, what, f"it saw {found['seen']} of {found['trades']} trades")
        return
    figures = {
        "version": found["version"],
        "run_ms": found["median_ms"],
        "worst_run_ms": max(found["run_ms"]),
        "runs_ms": found["run_ms"],
        "orders": found["orders"],
        "fills": found["fills"],
        "import_s": found["import_s"],
        "peak_memory_mb": found["vm_hwm_mb"],
    }
    bench.put(f"peers.{name}.{mode}", figures)
    orders = "" if mode == "feed" else f"; {found['orders']} orders, {found['fills']} fills"
    note = f"{found['version']}; {extent(found['run_ms'])}; VmHWM {found['vm_hwm_mb']:.0f} MB{orders}"
    bench.row(GROUP, what, found["median_ms"], "ms", note=note)


def _risk_engine(bench: Bench) -> None:
    """The nearest peer to our validation: nautilus_trader's RiskEngine taking an accepted limit order."""
    key, what = "peers.nautilus.risk_engine_ns", "nautilus RiskEngine, accepted limit order"
    if PEERS["nautilus"] in _failures:
        bench.missing(key, GROUP, what, _failures[PEERS["nautilus"]])
        return
    python = ROOT / "build" / PEERS["nautilus"] / "bin" / "python"
    try:
        found = run_json([python, worker("peer_nautilus_risk"), 2000, 3 if bench.quick else 9], timeout_s=120)
    except BenchmarkError as error:
        bench.missing(key, GROUP, what, str(error))
        return
    p50, p99 = statistics.median(found["p50_ns"]), statistics.median(found["p99_ns"])
    bench.put(key, {"p50": p50, "p99": p99, "worst_run_p50": max(found["p50_ns"]), "version": found["version"]})
    note = f"p99 {p99:,.0f} ns; beside validate: accepted order"
    bench.row(GROUP, what, p50, "ns", note=note)


def measure(bench: Bench) -> None:
    """Ours and the peers in turn, once each way."""
    tape = replay.tape()
    program = compile_program("replay")
    for mode, ours in (("feed", "ticks"), ("orders", "strategy")):
        bench.progress(f"peers: {mode}")
        found = run_json([program, ours, 11, tape["path"]], timeout_s=120)["run_ms"]
        bench.put(f"peers.neural_trader.{mode}.run_ms", statistics.median(found))
        what = "neural_trader, 100,000 trades alone" if mode == "feed" else "neural_trader, with the rule in C trading"
        bench.row(GROUP, what, statistics.median(found), "ms", note=f"{extent(found)}; with features")
        if mode == "orders":
            python = run_json([sys.executable, worker("replay_python"), SAMPLE, 3], timeout_s=120)
            bench.put("peers.neural_trader.orders_python.run_ms", statistics.median(python["run_ms"]))
            note = f"{extent(python['run_ms'])}; VmHWM {python['vm_hwm_mb']:.0f} MB; {python['orders']} orders"
            bench.row(GROUP, "neural_trader, with the rule in Python trading", statistics.median(python["run_ms"]), "ms", note=note)
        for name in PEERS:
            runs = {"nautilus": 2 if bench.quick else 5}.get(name, 3 if bench.quick else 9)
            _measure(bench, name, mode, tape, runs)
    bench.progress("peers: validation")
    _risk_engine(bench)
