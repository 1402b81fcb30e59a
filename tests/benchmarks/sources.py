"""Reading market data: Binance captures, a Lean archive, a trade file and a tape file, each beside decompression alone."""

from __future__ import annotations

import statistics
import sys
from typing import Any

from harness import Bench, extent, run_json, worker
from recordings import MissingRecordingError, recorded

GROUP = "sources"
CAPTURES = {"futures": "hftbacktest/usdm_btcusdt_20240808.gz", "spot": "hftbacktest/spot_btcusdt_20240809.gz"}
ARCHIVE = "lean/equity_usa_tick_bac_20131007_quote.zip"
SAMPLE = "sample:es-2013-09"
FRAMES_PER_S = 0.6e6
ROWS_PER_S = 3e6


def _found(bench: Bench, kind: str, path: str) -> dict[str, Any]:
    runs = 5 if bench.quick else 15
    bench.progress(f"sources: {path.rpartition('/')[2]}, {runs} runs of each side")
    found: dict[str, Any] = run_json([sys.executable, worker("read_source"), kind, path, runs], timeout_s=240)
    return found


def _per_s(rows: int, times_ms: list[float]) -> float:
    return rows * 1e3 / statistics.median(times_ms)


def _binance(bench: Bench) -> None:
    """Whole calls, decompression and all: what a backtest waits for."""
    least: dict[str, float] = {}
    for market, name in CAPTURES.items():
        try:
            path = recorded(name)
        except MissingRecordingError as error:
            bench.missing(f"sources.binance.{market}", GROUP, f"Binance {market} capture", str(error))
            continue
        found = _found(bench, "binance", str(path))
        frames, run_ms = found["rows"], found["run_ms"]
        floor = _per_s(frames, run_ms["floor"])
        figures: dict[str, Any] = {"frames": frames, "gunzip_alone_frames_per_s": floor}
        for side, what in (("levels_off", "best quotes and trades"), ("levels_on", "with its depth")):
            rate = _per_s(frames, run_ms[side])
            figures[side] = {
                "frames_per_s": rate,
                "worst_run_frames_per_s": frames * 1e3 / max(run_ms[side]),
                "ticks": found["ticks"][side],
                "runs_ms": run_ms[side],
            }
            note = f"{frames:,} frames, {found['ticks'][side]:,} ticks; {extent(run_ms[side])}; gunzip, which alone takes "
            note += f"{statistics.median(run_ms['floor']):.0f} ms, is on a second core"
            target = FRAMES_PER_S if side == "levels_off" else None
            bench.row(GROUP, f"Binance {market}, {what}", rate, "1/s", target=target, better="higher", note=note)
        least[market] = figures["levels_off"]["frames_per_s"]
        bench.put(f"sources.binance.{market}", figures)
    if least:
        bench.put("sources.binance_frames_per_s", min(least.values()))


def _lean(bench: Bench) -> None:
    """One day of quotes; unzip apart."""
    try:
        path = recorded(ARCHIVE)
    except MissingRecordingError as error:
        bench.missing("sources.lean", GROUP, "Lean quotes, unzip apart", str(error))
        return
    found = _found(bench, "lean", str(path))
    rows, whole, floor = found["rows"], found["run_ms"]["open"], found["run_ms"]["floor"]
    decoded = [run - apart for run, apart in zip(whole, floor, strict=True)]
    rate = _per_s(rows, decoded)
    figures = {
        "rows": rows,
        "whole_call_rows_per_s": _per_s(rows, whole),
        "unzip_alone_rows_per_s": _per_s(rows, floor),
        "worst_run_rows_per_s": rows * 1e3 / max(decoded),
        "runs_ms": whole,
    }
    bench.put("sources.lean_rows_per_s", rate)
    bench.put("sources.lean", figures)
    note = f"{rows:,} rows; the whole call {extent(whole)}, of which unzip {statistics.median(floor):.1f} ms"
    bench.row(GROUP, "Lean quotes, unzip apart", rate, "1/s", target=ROWS_PER_S, better="higher", note=note)


def _trades(bench: Bench) -> None:
    """The sample as a trade file and as a tape file."""
    found = _found(bench, "trades", SAMPLE)
    rows, run_ms = found["rows"], found["run_ms"]
    figures = {
        "rows": rows,
        "trade_file_rows_per_s": _per_s(rows, run_ms["open"]),
        "tape_file_open_ms": statistics.median(run_ms["tape"]),
        "tape_file_ticks_per_s": _per_s(found["ticks"]["tape"], run_ms["tape"]),
        "read_alone_ms": statistics.median(run_ms["floor"]),
        "runs_ms": run_ms,
    }
    bench.put("sources.trade_file_rows_per_s", figures["trade_file_rows_per_s"])
    bench.put("sources.tape_file_open_ms", figures["tape_file_open_ms"])
    bench.put("sources.trades", figures)
    note = f"{rows:,} rows; {extent(run_ms['open'])}; reading the bytes alone {figures['read_alone_ms']:.1f} ms"
    bench.row(GROUP, "trade file DateTime,Price,Volume", figures["trade_file_rows_per_s"], "1/s", better="higher", note=note)
    note = f"{found['ticks']['tape']:,} ticks, all of them checked; {extent(run_ms['tape'])}"
    bench.row(GROUP, "the same as a tape file, open", figures["tape_file_open_ms"], "ms", note=note)


def measure(bench: Bench) -> None:
    """All sources."""
    _binance(bench)
    _lean(bench)
    _trades(bench)
