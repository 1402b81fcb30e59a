"""A day of quotes and trades through the README's strategy: `backtest_day.py QUOTES TRADES RUNS FILE`, two Lean archives of one equity.

Prints one JSON object: call_ms is the whole call of `backtest` with reading the archives, run_ms from the first tick in memory to the last
report. FILE takes the ticks, for a peer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

os.sched_setaffinity(0, {1})
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples"))

from flow import Flow  # noqa: E402

import neural_trader as nt  # noqa: E402
from neural_trader._native import abi  # noqa: E402
from neural_trader.sources import open_source  # noqa: E402


def main(archives: list[str], runs: int, path: Path) -> None:
    """Measure and print."""
    symbol = Path(archives[0]).name.split("_")[3].upper()
    instrument = nt.Instrument(symbol=symbol, tick_size=Decimal("0.01"), currency="USD", max_price=100_000)
    config = nt.Config(name="bench", instruments={symbol: instrument}).validated()
    call_ms, run_ms = [], []
    for _ in range(runs):
        begin = time.perf_counter()
        result = nt.backtest(Flow(symbol=symbol), archives, config)
        call_ms.append((time.perf_counter() - begin) * 1e3)
        run_ms.append(result.summary["elapsed_s"] * 1e3)
    begin = time.perf_counter()
    source = open_source(archives, config)
    open_ms = (time.perf_counter() - begin) * 1e3
    source.ticks.tofile(path)
    kinds = source.ticks["kind"]
    found = {
        "call_ms": call_ms,
        "run_ms": run_ms,
        "open_ms": open_ms,
        "quotes": int((kinds == abi.NT_TICK_QUOTE).sum()),
        "trades": int((kinds == abi.NT_TICK_TRADE).sum()),
        "orders": len(result.orders),
        "fills": len(result.fills),
        "price_scale": 10**instrument.price_decimals,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:3], int(sys.argv[3]), Path(sys.argv[4]))
