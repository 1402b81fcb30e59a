"""Rules in machine code beside a client in C that sends the same orders without deciding: `compiled_rules.py SOURCE RUNS LIBRARY`.

Prints one JSON object.

Every time is from the first tick in memory to the last report. LIBRARY is c/compiled.c as a shared library; it calls the same
functions of the same library as the rules do.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

os.sched_setaffinity(0, {1})
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

import numpy as np  # noqa: E402
from compiled_flow import BUY, SELL, CompiledFlow  # noqa: E402
from flow import Flow  # noqa: E402

import neural_trader as nt  # noqa: E402
from neural_trader import compiled  # noqa: E402
from neural_trader._native import ffi, lib  # noqa: E402
from neural_trader.sources import open_source  # noqa: E402


class TickFlow(compiled.CompiledStrategy):
    """The same decision from the ticks themselves: the flow of the last 64 trades is kept in its memory, and no feature is read."""

    enter: float = 0.6
    quantity: int = 1

    memory_size: ClassVar[int] = 64 + 3
    read_features: ClassVar[bool] = False

    @staticmethod
    def rule(view: compiled.View) -> None:
        """Signed sizes in a ring of 64; their sums at 64 and 65, the place at 66."""
        memory = view.memory
        for tick in view.ticks:
            if tick.kind != 2:
                continue
            place = int(memory[66])
            signed = tick.size if tick.aggressor == BUY else -tick.size if tick.aggressor == SELL else 0
            memory[64] += signed - memory[place]
            memory[65] += abs(signed) - abs(memory[place])
            memory[place] = signed
            memory[66] = (place + 1) % 64
        if len(view.ticks) == 0 or memory[65] == 0:
            return
        flow = memory[64] / memory[65]
        held = view.positions[0].projected
        if abs(flow) > view.parameters.enter and held * flow <= 0:
            compiled.market(view, 0, BUY if flow > 0 else SELL, view.parameters.quantity + abs(held))


class Nothing(compiled.CompiledStrategy):
    """An empty rule."""

    read_features: ClassVar[bool] = False

    @staticmethod
    def rule(view: compiled.View) -> None:
        """Nothing."""


class Listed:
    """The client in C that polls and sends orders from a list."""

    def __init__(self, library: str) -> None:
        self._function = ctypes.CDLL(library).listed_replay
        word, pointer = ctypes.c_uint32, ctypes.c_size_t
        self._function.argtypes = [pointer, word, word, pointer]
        names = ("nt_kernel_replay", "nt_kernel_drain", "nt_client_poll", "nt_client_submit")
        self._pointers = np.array([int(ffi.cast("intptr_t", ffi.addressof(lib, name))) for name in names], np.int64)
        self._frames = np.empty(1 << 20, np.uint8)

    def side(self, orders: Any) -> Callable[[nt.Kernel, nt.Client, Any], None]:
        """With these orders."""

        def run(kernel: nt.Kernel, client: nt.Client, ticks: Any) -> None:
            listed, frames = orders.copy(), self._frames
            work = np.array([ticks.ctypes.data, len(ticks), listed.ctypes.data, len(listed), frames.ctypes.data, len(frames)], np.uint64)
            taken = self._function(self._pointers.ctypes.data, kernel._handle, client._handle, work.ctypes.data)
            if taken != len(ticks):
                raise RuntimeError(f"the client that sends from a list ended with {taken}")

        return run


def ruled(strategy: compiled.CompiledStrategy) -> Callable[[nt.Kernel, nt.Client, Any], None]:
    """A rule in machine code."""

    def run(kernel: nt.Kernel, client: nt.Client, ticks: Any) -> None:
        compiled.replay(kernel._handle, client, strategy, ticks, kernel._drain, None)

    return run


def main(source: str, runs: int, library: str) -> None:
    """Measure and print."""
    config = nt.Config(name="bench")
    tape = open_source(source, config)
    strategies = {"empty": Nothing(), "ticks": TickFlow(), "features": CompiledFlow()}
    listed, sides, digests, orders = Listed(library), {}, {}, {}
    for name, strategy in strategies.items():
        result = nt.backtest(strategy, source, config)  # compiles it too
        digests[name], orders[name] = result.summary["digest"], len(result.orders)
        sides[f"{name}_listed"], sides[name] = listed.side(result.orders), ruled(strategy)
    if nt.backtest(Flow(), source, config).summary["digest"] != digests["features"]:
        raise RuntimeError("the rule in Python and the rule in machine code do not trade alike")
    run_ms: dict[str, list[float]] = {name: [] for name in sides}
    slices = 0
    for _ in range(runs):
        for name, run in sides.items():
            with nt.Kernel(config, private=True) as kernel:
                kernel._create(tape.instruments, 1)
                with kernel.client(type(strategies[name.removesuffix("_listed")]).__name__) as client:
                    client.subscribe()
                    begin = time.perf_counter()
                    run(kernel, client, tape.ticks)
                    run_ms[name].append((time.perf_counter() - begin) * 1e3)
                kernel._turn()
                found = kernel.result().summary
                if found["digest"] != digests[name.removesuffix("_listed")]:
                    raise RuntimeError(f"{name} does not trade as the rule does")
                counters = ffi.new("nt_counters *")
                lib.nt_read_counters(kernel._handle, counters)
                slices = int(counters.slices)
    print(json.dumps({"ticks": len(tape.ticks), "slices": slices, "orders": orders, "run_ms": run_ms}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
