"""Small kernels, tapes and processes for the tests of the kernel and its clients."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.client import Client
from neural_trader.config import AccountConfig, Config, Limits, SourceConfig, VenueConfig
from neural_trader.doctor import Removal, examine_segments, remove_dead
from neural_trader.instruments import Fee, Instrument
from neural_trader.kernel import Kernel, feed_ticks
from neural_trader.records import Report, call

HERE = Path(__file__).resolve().parent
SHARED = Path("/dev/shm")

FEE = Fee(per_contract=Decimal("1.25"))
TEST = Instrument(tick_size=Decimal("0.25"), multiplier=50, currency="USD", max_price=10_000, fee_taker=FEE, fee_maker=FEE)
COIN = Instrument(tick_size=Decimal("0.01"), lot_size=Decimal("0.001"), currency="USD", max_price=1_000_000)
WHOLE = Instrument(tick_size=1, currency="USD", max_price=2**51)  # a unit is a raw unit

Trade = tuple[int, float, int]
"""Milliseconds from the start, price, volume."""


def config_of(name: str, *, limits: Limits | None = None, cash: int = 100_000, **changes: Any) -> Config:
    """A configuration of one instrument TEST and one account, without latency."""
    values: dict[str, Any] = {
        "instruments": {"TEST": TEST},
        "venue": VenueConfig(latency_in_us=0, latency_out_us=0),
        "accounts": {"main": AccountConfig(currency="USD", cash=cash)},
        "source": SourceConfig(timezone="UTC"),
        "limits": limits if limits is not None else Limits(),
    }
    return Config(name=name, **{**values, **changes})


def write_tape(path: Path, trades: Iterable[Trade]) -> str:
    """A trade file of noon, 4 March 2024 UTC. Returns its path as a source."""
    start = datetime.datetime(2024, 3, 4, 12)
    lines = ["DateTime,Price,Volume"]
    for milliseconds, price, volume in trades:
        moment = start + datetime.timedelta(milliseconds=milliseconds)
        lines.append(f"{moment.isoformat(sep=' ', timespec='milliseconds')},{price:.2f},{volume}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def walk(count: int, seed: int = 1, *, spacing_ms: int = 100) -> list[Trade]:
    """Trades that move by a tick or not, several to a time stamp now and then."""
    generator = np.random.default_rng(seed)
    steps, volumes, moves = generator.integers(-1, 2, count), generator.integers(1, 9, count), generator.integers(0, 3, count)
    prices = 1000 + 0.25 * np.cumsum(steps)
    times = spacing_ms * np.cumsum(moves > 0)
    return [(int(at), float(price), int(volume)) for at, price, volume in zip(times, prices, volumes, strict=True)]


class Market:
    """A real-time kernel of this process and the feed into it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.kernel = Kernel(config, realtime=True)
        self.kernel.start()
        handle = ffi.new("uint32_t *")
        call(lib.nt_kernel_feed, self.kernel._handle, handle)
        self._feed = handle[0]
        self._index = {symbol: number for number, symbol in enumerate(config.instruments)}

    def client(self, name: str = "tester") -> Client:
        """A client of this process."""
        return self.kernel.client(name)

    def push(self, ticks: NDArray[Any]) -> None:
        """Feed ticks and wait until the kernel has taken them."""
        before = int(self.kernel._status().ticks_published)
        feed_ticks(self._feed, ticks, 0, lambda: False)
        until(lambda: self.kernel._status().ticks_published >= before + len(ticks), "the ticks")

    def trade(self, price: float, size: int = 100, side: str = "BUY", symbol: str = "TEST") -> None:
        """One print."""
        tick = self._tick(symbol, abi.NT_TICK_TRADE)
        instrument = self.config.instruments[symbol]
        tick["price"] = instrument.price_converter().raw(price)
        tick["size"] = instrument.quantity_converter().raw(size)
        tick["aggressor"] = abi.Side[side]
        self.push(tick)

    def quote(self, bid: float, ask: float, size: int = 100, symbol: str = "TEST") -> None:
        """One quote."""
        tick = self._tick(symbol, abi.NT_TICK_QUOTE)
        instrument = self.config.instruments[symbol]
        for name, price in (("bid", bid), ("ask", ask)):
            tick[f"{name}_price"] = instrument.price_converter().raw(price)
            tick[f"{name}_size"] = instrument.quantity_converter().raw(size)
        self.push(tick)

    def levels(self, update_id: int, levels: list[tuple[str, float, float]], symbol: str = "TEST") -> None:
        """One update of the book: side, price and displayed size of each level. A first one begins the book: see clear."""
        rows = [self._tick(symbol, abi.NT_TICK_LEVEL) for _ in levels]
        instrument = self.config.instruments[symbol]
        for row, (side, price, size) in zip(rows, levels, strict=True):
            row["ts_event"] = rows[0]["ts_event"]
            row["flags"] = abi.NT_TICK_LAST_OF_SLICE if row is rows[-1] else 0
            row["price"] = instrument.price_converter().raw(price)
            row["size"] = instrument.quantity_converter().raw(size)
            row["trade_id"] = update_id
            row["aggressor"] = abi.Side[side]
        self.push(np.concatenate(rows).astype(abi.NT_TICK))

    def clear(self, symbol: str = "TEST") -> None:
        """Empty the book, so that it begins."""
        self.push(self._tick(symbol, abi.NT_TICK_BOOK_CLEAR))

    def _tick(self, symbol: str, kind: int) -> NDArray[Any]:
        tick: NDArray[Any] = np.zeros(1, abi.NT_TICK)
        tick["kind"] = kind
        tick["instrument"] = self._index[symbol]
        tick["flags"] = abi.NT_TICK_LAST_OF_SLICE
        tick["ts_event"] = time.monotonic_ns()
        return tick

    def counters(self) -> Any:
        """The kernel's counters."""
        counters = ffi.new("nt_counters *")
        assert lib.nt_read_counters(self.kernel._handle, counters) == 0
        return counters

    def close(self) -> None:
        """End the kernel."""
        self.kernel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def until(condition: Callable[[], Any], what: str, timeout_s: float = 20.0) -> Any:
    """The first true value of a condition."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s:g} s"
        time.sleep(0.001)
    return value


def answer(client: Client, order_id: int, *kinds: str, timeout_s: float = 20.0) -> Report:
    """The first report of an order that is one of these kinds (of any kind without them); reports before it are dropped."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        for report in client.poll(timeout_s=0.1).reports:
            if report.order_id == order_id and (not kinds or report.kind in kinds):
                return report
    raise AssertionError(f"no {' or '.join(kinds) or 'answer'} of order {order_id} within {timeout_s:g} s")


def segments(name: str) -> list[str]:
    """What a kernel has in shared memory."""
    return sorted(path.name for path in SHARED.glob(f"nt.{name}.*"))


# ---- what test runs leave behind -----------------------------------------------------------------------------------------------------

_OF_A_RUN = re.compile(r"test-(\d+)-")


def run_prefix() -> str:
    """How the names of kernels of this test run begin: with the process that began the run, whatever process this is."""
    return f"test-{os.environ.get('NEURAL_TRADER_TEST_RUN', os.getpid())}-"


def remove_left_by_ended_runs(directory: Path = SHARED) -> list[Removal]:
    """Remove the segments that nobody holds of test runs whose process has ended. Runs that go on keep theirs, dead ones too: their tests
    may be looking at these."""
    owners = {state.owner for state in examine_segments(directory=directory) if state.state == "dead"}
    ended = {owner for owner in owners if (run := _OF_A_RUN.match(owner)) is not None and not Path(f"/proc/{run[1]}").exists()}
    return [removal for owner in sorted(ended) for removal in remove_dead(owner, directory)]


class Peer:
    """A process that plays a role of support_peers.py; it is killed when the context ends. `say` of the role arrives in `hear`."""

    def __init__(self, role: str, **job: Any) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "support_peers.py"), role, json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=None,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def hear(self) -> Any:
        """The next thing that it says; AssertionError when it ends without."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the peer ended with {self.process.wait(20)} and said nothing"
        return json.loads(line)

    def leave(self) -> int:
        """Ask it to leave in good order; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL, and its end."""
        self.process.kill()
        self.process.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
