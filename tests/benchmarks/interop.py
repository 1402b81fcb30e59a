"""The same orders and ticks from every language, in one run: C, Python, and JavaScript in each runtime and through each adapter.

One kernel process on processor 1, and a client process for each route on processor 0, as in the order group: a client that is left to the
scheduler is no faster, and sometimes meets the kernel's thread. The routes take turns within each round; a client attaches for its turn and
leaves after it. An order is a limit order that rests below the market and is answered NEW; what rests is cancelled between stretches of 512
orders, which is not timed.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from harness import BUILD, ROOT, SAMPLE, Bench, BenchmarkError, compile_program, ratios, run_json, worker

sys.path.append(str(ROOT / "tests" / "python"))

from javascript_runtimes import MODULES, PACKAGE, PROGRAMS

GROUP = "interop"
INDEX = PACKAGE / "dist" / "neural_trader.js"
LIBRARY = ROOT / "build" / "core" / ("libneural_trader.dylib" if sys.platform == "darwin" else "libneural_trader.so")
ADDON = LIBRARY.with_name("neural_trader.node")
KERNEL, TICK_KERNEL = (f"bench-interop-{kind}-{os.getpid()}" for kind in ("orders", "ticks"))
TICK_SLOTS = 262_144  # of the ring that holds the whole tape
CLIENT_CPU = 0
TIMEOUT_S = 60.0
TICKS_A_SECOND = 100_000
TRADED = (80, 64)  # before memory is looked at: so often so many orders, then all of them are cancelled


@dataclasses.dataclass(frozen=True)
class Runtime:
    """A JavaScript runtime, what it needs to collect garbage when told to, and the adapter that it calls the library by."""

    name: str
    command: tuple[str, ...]
    collecting: tuple[str, ...]
    adapter: str


NODE20, NODE26, BUN, DENO = (str(PROGRAMS[name]) for name in ("node20", "node26", "bun", "deno"))
RUNTIMES = {
    "node_api": Runtime("Node 26", (NODE26,), ("--expose-gc",), "node-api"),
    "node20": Runtime("Node 20", (NODE20,), ("--expose-gc",), "node-api"),
    "bun": Runtime("Bun", (BUN,), (), "bun:ffi"),
    "deno": Runtime("Deno", (DENO, "run", "-A", "--node-modules-dir=manual"), ("--v8-flags=--expose-gc",), "Deno.dlopen"),
    "koffi": Runtime("Node 26, koffi", (NODE26,), ("--expose-gc",), "koffi"),
}
TARGETED = ("node_api", "bun", "deno")  # of the time that an order takes


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of every route: its key, what the table calls it, and its target."""

    key: str
    what: str
    unit: str
    target: float
    better: str = "lower"
    routes: tuple[str, ...] = tuple(RUNTIMES)
    """Those that the target is for."""


SYNC_P50 = Figure("sync_p50_us", "order → report, executeSync spinning, p50", "us", 1.5, routes=TARGETED)
SYNC_RATE = Figure("sync_orders_per_s", "orders by executeSync", "orders/s", 500_000, "higher", routes=TARGETED)
AWAIT_RATE = Figure("await_orders_per_s", "orders by await execute, one after the other", "orders/s", 300_000, "higher")
PARKED_P50 = Figure("parked_p50_us", "tick pushed → seen by a sleeper in batches(), p50", "us", 150)
TICKS = Figure("ticks_100k_ms", "100,000 ticks read, two numbers of each", "ms", 8)
LAG_P99 = Figure("loop_lag_p99_ms", f"timers late at {TICKS_A_SECOND:,} ticks/s, p99", "ms", 2)
MEMORY = Figure("rss_anon_mb", "memory beyond the bare runtime's, having traded (RssAnon)", "MB", 8)
WRAPPER = Figure("wrapper_over_bare", "a call by the package / by the runtime's own function", "x", 1.3)


class Process:
    """A process that answers commands by lines of JSON, and is killed when an answer takes too long."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], cpu: int) -> None:
        self._name = " ".join(Path(str(part)).name for part in command[:3])
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {cpu})  # the new process has it from its first thread on
        try:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                env=environment,
                cwd=ROOT,
            )
        finally:
            os.sched_setaffinity(0, own)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._pipes[0].close()  # it ends with its input
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipes[1].close()
        self._errors.close()

    @property
    def _pipes(self) -> tuple[Any, Any]:
        return self._process.stdin, self._process.stdout

    def tell(self, *words: object) -> None:
        """Send a command."""
        try:
            self._pipes[0].write(" ".join(map(str, words)) + "\n")
            self._pipes[0].flush()
        except OSError as error:
            raise self._gone() from error

    def hear(self) -> Any:
        """The next answer."""
        watch = threading.Timer(TIMEOUT_S, self._process.kill)
        watch.start()
        try:
            line = self._pipes[1].readline()
        finally:
            watch.cancel()
        if not line:
            raise self._gone()
        return json.loads(line)

    def ask(self, *words: object) -> Any:
        """Send a command and give its answer."""
        self.tell(*words)
        return self.hear()

    def _gone(self) -> BenchmarkError:
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        said = [line for line in self._errors.read().splitlines() if line.strip()]
        problem = next((line for line in said if "rror" in line), said[-1] if said else f"ended with {self._process.returncode}")
        return BenchmarkError(f"{self._name}: {problem.strip()}")


def _environment(route: str) -> dict[str, str]:
    environment = {**os.environ, "NEURAL_TRADER_LIB": str(LIBRARY)}
    if route in RUNTIMES:
        environment["NEURAL_TRADER_ADAPTER"] = RUNTIMES[route].adapter
    return environment


def missing_routes() -> dict[str, str]:
    """JavaScript routes that cannot be measured here, and why."""
    found = {}
    for route, runtime in RUNTIMES.items():
        needed = [INDEX, LIBRARY, ADDON, Path(runtime.command[0]), *([MODULES / "koffi"] if route == "koffi" else [])]
        absent = next((path for path in needed if not path.exists()), None)
        if absent is not None:
            found[route] = f"{absent.relative_to(ROOT)} does not exist; install and compile {PACKAGE.relative_to(ROOT)}"
    return found


@dataclasses.dataclass(frozen=True)
class Group:
    """The kernels, a client of each route, and what was asked for."""

    bench: Bench
    program: Path
    kernel: Process
    tick_kernel: Process
    clients: Mapping[str, Process]

    @property
    def javascript(self) -> dict[str, Process]:
        """Clients of the routes through the JavaScript package."""
        return {route: client for route, client in self.clients.items() if route in RUNTIMES}

    def rounds(self, what: str, quick: int, full: int) -> Iterator[int]:
        """One more than asked for: the first, numbered -1, warms up and does not count."""
        count = quick if self.bench.quick else full
        self.bench.progress(f"{GROUP}: {what}, {count} rounds of {', '.join(self.clients)}")
        yield from range(-1, count)

    def put(self, figure: Figure, route: str, values: Sequence[float], note: str = "") -> None:
        """The median of the runs, the worst one, and a line of the table for a route through JavaScript."""
        median, worst = statistics.median(values), max(values) if figure.better == "lower" else min(values)
        self.bench.put(f"{GROUP}.{route}.{figure.key}", median)
        self.bench.put(f"{GROUP}.runs.{route}.{figure.key}", {"worst": worst, "values": list(values)})
        if route not in RUNTIMES:
            return
        target = figure.target if route in figure.routes else None
        runs = f"{len(values)} run{'s' if len(values) > 1 else ''}"
        told = f"{runs}, worst {worst:,.{0 if worst >= 1000 else 2}f}{f'; {note}' if note else ''}"
        what = f"{figure.what}: {RUNTIMES[route].name}"
        self.bench.row(GROUP, what, median, figure.unit, target=target, better=figure.better, note=told)

    def without(self, figure: Figure, route: str, reason: str) -> None:
        """A figure that a route does not have."""
        self.bench.put(f"{GROUP}.{route}.{figure.key}", {"missing": reason})


@contextmanager
def _group(bench: Bench, routes: Sequence[str]) -> Iterator[Group]:
    program = compile_program("interop")
    with ExitStack() as stack:
        kernels = [
            stack.enter_context(Process([program, "kernel", name, str(slots)], _environment("c"), 1))
            for name, slots in ((KERNEL, 0), (TICK_KERNEL, TICK_SLOTS))
        ]
        for kernel in kernels:
            kernel.hear()
        commands: dict[str, list[str | Path]] = {
            "c": [program, "client"],
            "python": [sys.executable, worker("interop_python")],
            **{route: [*runtime.command, _javascript(), INDEX] for route, runtime in RUNTIMES.items()},
        }
        clients = {route: stack.enter_context(Process(commands[route], _environment(route), CLIENT_CPU)) for route in routes}
        yield Group(bench, program, kernels[0], kernels[1], clients)


def _javascript() -> Path:
    return worker("interop").with_suffix(".mjs")


# ---- orders ----------------------------------------------------------------------------------------------------------------------------


def _sync(group: Group) -> None:
    segments = 5 if group.bench.quick else 10
    runs: dict[str, list[Any]] = {route: [] for route in group.clients}
    for number in group.rounds("order to report", 15, 41):
        for route, client in group.clients.items():
            found = client.ask("sync", KERNEL, segments)
            if number >= 0:
                runs[route].append(found)
    c_rates = [found["per_s"] for found in runs["c"]]
    for route, found in runs.items():
        p50s, p99s = ([each[name] / 1e3 for each in found] for name in ("p50_ns", "p99_ns"))
        rates = [each["per_s"] for each in found]
        over = statistics.median(ratios(c_rates, rates))
        note = f"p99 {statistics.median(p99s):.2f}, its worst run {max(p99s):.2f}; by whole runs {over:.2f} x C"
        group.put(SYNC_P50, route, p50s, note)
        group.bench.put(f"{GROUP}.{route}.sync_p99_us", statistics.median(p99s))
        group.bench.put(f"{GROUP}.runs.{route}.sync_p99_us", {"worst": max(p99s), "values": p99s})
        group.bench.put(f"{GROUP}.{route}.sync_over_c", over)
        group.put(SYNC_RATE, route, rates, f"C {statistics.median(c_rates):,.0f}")


def _await(group: Group) -> None:
    segments = 5 if group.bench.quick else 10
    group.without(AWAIT_RATE, "c", "C has no event loop")
    runs: dict[str, list[float]] = {route: [] for route in group.clients if route != "c"}
    for number in group.rounds("awaited orders", 15, 41):
        for route, rates in runs.items():
            if route == "python" and number >= 2:
                continue  # slow enough to be told apart by two
            found = group.clients[route].ask("await", KERNEL, 2 if route == "python" else segments)
            if number >= 0:
                rates.append(found["per_s"])
    for route, rates in runs.items():
        group.put(AWAIT_RATE, route, rates, f"asyncio {statistics.median(runs['python']):,.0f}, with a kernel in its own process")


# ---- ticks -----------------------------------------------------------------------------------------------------------------------------


def _parked(group: Group) -> None:
    count = 100 if group.bench.quick else 300
    runs: dict[str, list[Any]] = {route: [] for route in group.clients}
    for number in group.rounds("a tick wakes a sleeper", 3, 9):
        for route, client in group.clients.items():
            client.tell("parked", KERNEL, count)
            client.hear()
            group.kernel.ask("pace", count, 1, 2000)
            found = client.hear()
            if number >= 0:
                runs[route].append(found)
    c = statistics.median(each["p50_us"] for each in runs["c"])
    for route, found in runs.items():
        p99s = [each["p99_us"] for each in found]
        note = f"p99 {statistics.median(p99s):,.0f}; C, in nt_client_wait, {c:.0f}"
        group.put(PARKED_P50, route, [each["p50_us"] for each in found], note)
        group.bench.put(f"{GROUP}.{route}.parked_p99_us", statistics.median(p99s))


def _ticks(group: Group) -> None:
    tape = run_json([sys.executable, worker("write_tape"), SAMPLE, BUILD / "interop.tape"], timeout_s=240)
    path, head_bytes = Path(tape["path"]), tape["head_bytes"]
    count = (path.stat().st_size - head_bytes) // 64 - 1  # the kernel program leaves the end out
    runs: dict[str, list[float]] = {route: [] for route in group.clients}
    cold: dict[str, float] = {}
    for number in group.rounds(f"{count:,} ticks that lie ready", 7, 21):
        for route, client in group.clients.items():
            client.tell("ticks", TICK_KERNEL, count)
            client.hear()
            pushed = group.tick_kernel.ask("burst", path, head_bytes)
            client.tell("go")
            found = client.hear()
            if (found["sum"], found["lost"]) != (pushed["sum"], 0):
                raise BenchmarkError(f"{route} has read other ticks than were pushed: {found} of {pushed}")
            if number < 0:
                cold[route] = found["ms"]
            else:
                runs[route].append(found["ms"])
    c = statistics.median(runs["c"])
    for route, values in runs.items():
        group.put(TICKS, route, values, f"the first time {cold[route]:.1f}; C {c:.2f}")
        group.bench.put(f"{GROUP}.{route}.ticks_100k_first_ms", cold[route])


def _lag(group: Group) -> None:
    for route in ("c", "python"):
        group.without(LAG_P99, route, "its client has no event loop")
    seconds, rounds = (1, 1) if group.bench.quick else (3, 3)
    count = seconds * TICKS_A_SECOND
    runs: dict[str, list[Any]] = {route: [] for route in group.javascript}
    group.bench.progress(f"{GROUP}: event loops at {TICKS_A_SECOND:,} ticks/s, {rounds} of {seconds} s a route")
    for _ in range(rounds):
        for route, client in group.javascript.items():
            client.tell("lag", KERNEL, count)
            client.hear()
            pushed = group.kernel.ask("pace", count, TICKS_A_SECOND // 1000, 1000)
            found = client.hear()
            if (found["sum"], found["lost"], found["ticks"]) != (pushed["sum"], 0, count):
                raise BenchmarkError(f"{route} has read other ticks than were pushed: {found} of {pushed}")
            runs[route].append(found)
    for route, found in runs.items():
        p50, idle = (statistics.median(each) for each in ([run["p50_ms"] for run in found], [run["idle"]["p99_ms"] for run in found]))
        group.put(LAG_P99, route, [each["p99_ms"] for each in found], f"p50 {p50:.2f}; without ticks p99 {idle:.2f}; no tick lost")
        group.bench.put(f"{GROUP}.{route}.loop_lag_p50_ms", p50)
        group.bench.put(f"{GROUP}.{route}.loop_lag_idle_p99_ms", idle)


# ---- calls and memory --------------------------------------------------------------------------------------------------------------------


def _symbols(group: Group) -> None:
    rounds = 7 if group.bench.quick else 21
    group.bench.progress(f"{GROUP}: calls by the package and by the runtime, {rounds} rounds in turn")
    for route in ("c", "python"):
        group.without(WRAPPER, route, "it calls the library by its own symbols")
    for route, client in group.javascript.items():
        found = client.ask("symbols", KERNEL, rounds)
        over = {name: ratios(sides["wrapped_ns"], sides["bare_ns"]) for name, sides in found.items()}
        medians = {name: statistics.median(values) for name, values in over.items()}
        times = {name: {side: statistics.median(values) for side, values in sides.items()} for name, sides in found.items()}
        slowest = max(medians, key=lambda name: medians[name])
        told = ", ".join(f"{name} {sides['wrapped_ns']:.0f} / {sides['bare_ns']:.0f} ns" for name, sides in times.items())
        group.put(WRAPPER, route, over[slowest], f"the dearest of {told}")
        group.bench.put(f"{GROUP}.{route}.calls", {name: {**times[name], "over": medians[name]} for name in times})


def _memory(group: Group) -> None:
    runs = 1 if group.bench.quick else 3
    group.bench.progress(f"{GROUP}: memory of processes that have traded and of those that do nothing, {runs} of each")
    commands: dict[str, list[str | Path]] = {
        "c": [group.program],
        "python": [sys.executable, worker("interop_python")],
        **{route: [*RUNTIMES[route].command, *RUNTIMES[route].collecting, _javascript()] for route in group.javascript},
    }
    for route, command in commands.items():
        attach: list[str | Path] = [*command, "memory", *([INDEX] if route in RUNTIMES else []), KERNEL]
        variants = ([*command, "memory"], [*attach, "0"], [*attach, str(TRADED[0])])
        bare, attached, traded = ([_resident_mb(route, variant) for _ in range(runs)] for variant in variants)
        before = statistics.median(attached) - statistics.median(bare)
        note = (
            f"{before:.1f} attached, before the first of {math.prod(TRADED):,} orders, 0.3 of it for 4,096 ticks and 256 reports; "
            f"bare {statistics.median(bare):.1f}"
        )
        group.put(MEMORY, route, [a - b for a, b in zip(traded, bare, strict=True)], note)
        group.bench.put(f"{GROUP}.{route}.rss_anon_attached_mb", before)


def _resident_mb(route: str, command: Sequence[str | Path]) -> float:
    with Process(command, _environment(route), CLIENT_CPU) as process:
        return float(process.hear()["rss_anon_mb"])


def measure(bench: Bench) -> None:
    """Every route that is there."""
    absent = missing_routes()
    if len(absent) == len(RUNTIMES):
        bench.missing(GROUP, GROUP, "orders from every language", next(iter(absent.values())))
        return
    for route, reason in absent.items():
        bench.missing(f"{GROUP}.{route}", GROUP, f"orders from {RUNTIMES[route].name}", reason)
    with _group(bench, ["c", "python", *(route for route in RUNTIMES if route not in absent)]) as group:
        for part in (_sync, _await, _parked, _ticks, _lag, _symbols, _memory):
            part(group)
