"""What the peer workers share: the feed, the rule, the output. Runs in the peers' own environments: numpy and the standard library only.

The feed is the tape that the replay benchmark takes: every peer gets the same trades, with the aggressor by the tick rule, since the file
has none. The rule is the README's: flow = E_64(sign * size) / E_64(size); beyond 0.6 against the position, turn it over.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENTER = 0.6
WEIGHT = 1.0 - 2.0 ** (-1.0 / 64.0)


def trades(path: str, head_bytes: int, price_scale: float) -> dict[str, NDArray[Any]]:
    """Columns ts, price, size, buy of the trades on the tape."""
    fields = {"names": ["ts", "price", "size", "kind"], "formats": ["<i8", "<i8", "<i8", "u1"], "offsets": [8, 24, 32, 60], "itemsize": 64}
    with Path(path).open("rb") as stream:
        stream.seek(head_bytes)
        ticks = np.fromfile(stream, np.dtype(fields))
    ticks = ticks[ticks["kind"] == 2]
    moves = np.sign(np.diff(ticks["price"], prepend=ticks["price"][0]))
    last_move = np.maximum.accumulate(np.where(moves != 0, np.arange(len(moves)), 0))
    return {
        "ts": np.ascontiguousarray(ticks["ts"]),
        "price": ticks["price"] / price_scale,
        "size": ticks["size"].astype(np.float64),
        "buy": moves[last_move] > 0,
    }


def flow_of() -> Callable[[float, bool], float]:
    """The flow after each trade, for strategies in Python."""
    signed = total = 0.0
    first = True

    def update(size: float, buy: bool) -> float:
        nonlocal signed, total, first
        x = size if buy else -size
        if first:
            signed, total, first = x, size, False
        else:
            signed += WEIGHT * (x - signed)
            total += WEIGHT * (size - total)
        return signed / total

    return update


def vm_hwm_mb() -> float:
    """Peak resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not tell VmHWM")


def main(version: str, imported_s: float, prepare: Callable[[dict[str, NDArray[Any]], bool], Callable[[], dict[str, int]]]) -> None:
    """`worker.py TAPE HEAD_BYTES PRICE_SCALE feed|orders RUNS`: prepare(columns, with_orders) gives the part that is timed, once a run."""
    path, head_bytes, price_scale, mode, runs = sys.argv[1:6]
    columns = trades(path, int(head_bytes), float(price_scale))
    times = []
    counts: dict[str, int] = {}
    for _ in range(int(runs)):
        timed = prepare(columns, mode == "orders")
        gc.collect()
        begin = time.perf_counter()
        counts = timed()
        times.append((time.perf_counter() - begin) * 1e3)
    found = {
        "version": version,
        "run_ms": times,
        "median_ms": statistics.median(times),
        "trades": len(columns["ts"]),
        **counts,
        "import_s": imported_s,
        "vm_hwm_mb": vm_hwm_mb(),
    }
    print(json.dumps(found))
