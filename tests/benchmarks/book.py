"""The core's book on the depth of a recorded market, and the paper venue filling one of 10,000 working orders."""

from __future__ import annotations

import sys

from harness import BUILD, Bench, compile_program, run_json, worker
from recordings import MissingRecordingError, recorded

GROUP = "book"
CAPTURE = "hftbacktest/usdm_btcusdt_20240808.gz"
LEVELS = BUILD / "levels.bin"


def _update(bench: Bench) -> None:
    try:
        spec, kind = str(recorded(CAPTURE)), "recorded futures depth"
    except MissingRecordingError as error:
        spec, kind = "synthetic", "synthetic ladder"
        bench.progress(f"book: a synthetic ladder, as {error}")
    runs = 3 if bench.quick else 9
    bench.progress(f"book: {kind}, {runs} runs")
    program = compile_program("book")
    written = run_json([sys.executable, worker("write_levels"), spec, LEVELS], timeout_s=120)
    found = run_json([program, "update", runs, LEVELS], timeout_s=240)
    update = found["update"]
    bench.put("book.update_ns", update["p50"])
    bench.put("book.update", {**{f"{name}_ns": value for name, value in update.items()}, **written, "kind": kind})
    bench.put("book.clock_tick_ns", found["clock"]["p50"])
    note = f"{written['levels']:,} levels of {written['messages']:,} messages; mean {update['mean']:.0f} ns, p99 {update['p99']:.0f} ns, "
    note += f"worst batch {update['worst']:.0f} ns; a tick that tells the time {found['clock']['p50']:.0f} ns"
    bench.row(GROUP, f"one level, {kind}", update["p50"], "ns", target=80, note=note)


def _match(bench: Bench) -> None:
    rounds = 10 if bench.quick else 60
    bench.progress(f"venue: {rounds} rounds")
    found = run_json([compile_program("book"), "match", rounds], timeout_s=240)
    for tick in ("print", "quote"):
        for reach, what in (("venue", "the paper venue's part alone"), ("whole", "to report and account")):
            fills, none = found[f"{tick} {reach} fills"], found[f"{tick} {reach} none"]
            part = "match" if reach == "venue" else "fill"
            key = f"{part}_ns" if tick == "print" else f"{part}_by_{tick}_ns"
            bench.put(f"venue.{key}", fills["p50"])
            bench.put(f"venue.runs.{tick}_{reach}", {"fills": fills, "none": none})
            note = f"p99 {fills['p99']:.0f} ns, worst batch {fills['worst']:.0f} ns; {none['p50']:.0f} ns where it fills none; "
            note += "1,000 instruments, 10,000 working orders, random"
            target = 150 if reach == "venue" else None
            bench.row("venue", f"a {tick} that fills a resting order, {what}", fills["p50"], "ns", target=target, note=note)


def measure(bench: Bench) -> None:
    """Book, then venue."""
    _update(bench)
    _match(bench)
