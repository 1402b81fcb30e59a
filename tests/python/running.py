"""Real runs of the command line for the tests: a small tape, a configuration, a strategy, and processes that end with the test."""

from __future__ import annotations

import datetime
import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from neural_trader.errors import KernelDead, NotFound
from neural_trader.monitor import Monitor

SYMBOL = "TEST"
TICKS = 400

STRATEGY = """
import os
import time
import neural_trader as nt

time.sleep(float(os.environ.get("TURNS_SLOW_S", "0")))


class Turns(nt.Strategy):
    \"\"\"Buys and sells in turn, once in `every` slices, and leaves a limit order working.\"\"\"

    symbol: str = "TEST"
    every: int = 10
    quantity: int = 1
    resting: bool = False
    fail_at: int = 0
    pause_s: float = 0.0

    def on_start(self, client):
        self.slices = 0
        print("the strategy starts")

    def on_ticks(self, client, ticks):
        self.slices += 1
        if self.fail_at and self.slices >= self.fail_at:
            raise ZeroDivisionError("as asked")
        if self.pause_s:
            time.sleep(self.pause_s)
        if self.slices % self.every == 0:
            client.submit(self.symbol, "BUY" if self.slices // self.every % 2 else "SELL", self.quantity)
        if self.resting and self.slices == 1:
            client.submit(self.symbol, "BUY", 1, 90, time_in_force="GTC")
"""

CONFIG = """
name = "{name}"
mode = "paper"
strategy = "turns.py:Turns"
[source]
path = "{source}"
timezone = "UTC"
[instruments.TEST]
tick_size = 0.25
multiplier = 10
currency = "USD"
max_price = 1000
fee_taker = {{ per_contract = 0.55 }}
fee_maker = {{ per_contract = 0.55 }}
[accounts.main]
currency = "USD"
cash = 10_000
[limits]
max_order_quantity = 10
max_position = 5
[output]
directory = "{output}"
"""


class Case:
    """Files of one run in a directory: trades.csv, turns.py, run.toml."""

    def __init__(self, directory: Path, name: str, *, trades: int = TICKS, spacing_ms: int = 100) -> None:
        self.directory = directory
        self.name = name
        self.trades = directory / "trades.csv"
        self.strategy = directory / "turns.py"
        self.config = directory / "run.toml"
        self.output = directory / "runs"
        write_trades(self.trades, trades, spacing_ms)
        self.strategy.write_text(STRATEGY, encoding="utf-8")
        self.config.write_text(CONFIG.format(name=name, source="trades.csv", output=self.output), encoding="utf-8")

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """`neural-trader run` of this case."""
        return command("run", str(self.config), *arguments, **options)

    def start(self, *arguments: str, **options: Any) -> Started:
        """The same, going on."""
        return Started("run", str(self.config), *arguments, **options)

    def segments(self) -> list[str]:
        """What this case's kernel has in shared memory."""
        return sorted(path.name for path in Path("/dev/shm").glob(f"nt.{self.name}.*"))


def write_trades(path: Path, count: int, spacing_ms: int = 100) -> None:
    """A walk of single ticks around 100, every `spacing_ms`."""
    generator = random.Random(7)
    moment, price = datetime.datetime(2024, 3, 4, 12), 400
    lines = ["DateTime,Price,Volume"]
    for _ in range(count):
        price += generator.choice((-1, 0, 1))
        lines.append(f"{moment.isoformat(sep=' ', timespec='milliseconds')},{price / 4:.2f},{generator.randint(1, 9)}")
        moment += datetime.timedelta(milliseconds=spacing_ms)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `neural-trader` to its end."""
    return subprocess.run(_line(arguments), capture_output=True, text=True, timeout=120, check=False, **options)


def _line(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "neural_trader.cli", *arguments]


def unmeasured(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a child that will be interrupted: coverage holds a lock for ever that a signal's exception found it with."""
    return {key: value for key, value in environment.items() if not key.startswith("COVERAGE")}


class Started:
    """A `neural-trader` that goes on, killed when the context ends."""

    def __init__(self, *arguments: str, env: Mapping[str, str] = os.environ) -> None:
        self.process = subprocess.Popen(_line(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=unmeasured(env))

    def end(self, number: int | None = None) -> subprocess.CompletedProcess[str]:
        """Its outcome, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


def eventually(condition: Callable[[], Any], what: str, timeout_s: float = 30.0) -> Any:
    """The first true value of a condition."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s:g} s"
        time.sleep(0.02)


def attached(name: str) -> Monitor:
    """A monitor of a kernel that is about to start, once its first ticks have passed."""

    def attempt() -> Monitor | None:
        try:
            monitor = Monitor(name)
        except (NotFound, KernelDead):
            return None
        if monitor.counters().ticks > 1:
            return monitor
        monitor.close()
        return None

    monitor: Monitor = eventually(attempt, f"the first tick of kernel {name}")
    return monitor


def children(pid: int) -> dict[str, int]:
    """Role to process id of the children of a run."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except (OSError, IndexError, ValueError):
            continue
        if parent == pid and "neural_trader.processes" in words:
            found[words[words.index("neural_trader.processes") + 1]] = int(entry.name)
    return found


def on_terminal(*arguments: str) -> tuple[int, str]:
    """Exit code and output of `neural-trader` whose output and errors go to a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(_line(arguments), stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody has the other side any more
                break
            if not part:
                break
            parts.append(part)
        return process.wait(60), b"".join(parts).decode("utf-8")
    finally:
        os.close(ours)


def one_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object that is all of a command's output."""
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


SIGINT, SIGTERM, SIGKILL = signal.SIGINT, signal.SIGTERM, signal.SIGKILL
