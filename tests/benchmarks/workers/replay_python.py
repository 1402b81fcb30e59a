"""The README's strategy on a source, in this process: `replay_python.py SOURCE RUNS`. Prints one JSON object."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.sched_setaffinity(0, {1})
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from flow import Flow  # noqa: E402

import neural_trader as nt  # noqa: E402


def vm_hwm_mb() -> float:
    """Peak resident memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("the system does not tell VmHWM")


def main(source: str, runs: int) -> None:
    """Measure and print. run_ms is from the first tick in memory to the last report, call_ms the whole call."""
    imported_mb = vm_hwm_mb()
    run_ms, call_ms = [], []
    for _ in range(runs):
        begin = time.perf_counter()
        result = nt.backtest(Flow(), source, nt.Config(name="bench"))
        call_ms.append((time.perf_counter() - begin) * 1e3)
        run_ms.append(result.summary["elapsed_s"] * 1e3)
    found = {
        "run_ms": run_ms,
        "call_ms": call_ms,
        "orders": len(result.orders),
        "fills": len(result.fills),
        "reports": len(result.reports),
        "imported_mb": imported_mb,
        "vm_hwm_mb": vm_hwm_mb(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
