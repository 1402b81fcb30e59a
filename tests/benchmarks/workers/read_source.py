"""How fast sources are read: `read_source.py binance|lean|trades PATH RUNS`, PATH being the sample's name for trades.

Prints one JSON object: how many rows the file has, and for each side how long each run took, in ms. The sides take turns. `floor` is
decompression alone (of a trade file, which is not compressed: reading it), in the same process.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

if sys.argv[1] != "binance":  # which decompresses on a second core
    os.sched_setaffinity(0, {1})

import neural_trader as nt
from neural_trader.config import SourceConfig
from neural_trader.sources import open_source, sample, tape_files

PIECE_BYTES = 1 << 17
Sides = dict[str, Callable[[], object]]


def gunzip(path: Path) -> int:
    """Decompress in pieces, as the source does; the number of lines."""
    lines = 0
    with path.open("rb") as stream:
        member = zlib.decompressobj(wbits=31)
        while part := stream.read(PIECE_BYTES):
            while part:
                lines += member.decompress(part, 4 * PIECE_BYTES).count(b"\n")
                part = member.unconsumed_tail
                if member.eof:
                    part, member = member.unused_data, zlib.decompressobj(wbits=31)
    return lines


def unzip(path: Path) -> int:
    """Decompress an archive's only file; the number of lines."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0]).count(b"\n")


def opened(spec: str, config: nt.Config) -> Callable[[], object]:
    """Reading a source as a whole."""
    return lambda: open_source(spec, config)


def of_binance(path: str) -> tuple[int, Sides, dict[str, int]]:
    """Best quotes and trades only, then the depth too."""
    sides: Sides = {"floor": lambda: gunzip(Path(path))}
    ticks = {}
    for name, levels in (("levels_off", False), ("levels_on", True)):
        config = nt.Config(name="bench", source=SourceConfig(levels=levels))
        sides[name] = opened(path, config)
        ticks[name] = len(open_source(path, config).ticks)
    return gunzip(Path(path)), sides, ticks


def of_lean(path: str) -> tuple[int, Sides, dict[str, int]]:
    """One archive of an equity."""
    symbol = Path(path).name.split("_")[3].upper()
    instrument = nt.Instrument(symbol=symbol, tick_size=Decimal("0.0001"), currency="USD", max_price=10_000)
    config = nt.Config(name="bench", instruments={symbol: instrument})
    sides: Sides = {"floor": lambda: unzip(Path(path)), "open": opened(path, config)}
    return unzip(Path(path)), sides, {"open": len(open_source(path, config).ticks)}


def of_trades(name: str) -> tuple[int, Sides, dict[str, int]]:
    """The sample's trades in a file of their own, and the tape file made of them."""
    symbol = str(sample.INSTRUMENT.symbol)
    config = nt.Config(name="bench", instruments={symbol: sample.INSTRUMENT}, source=SourceConfig(timezone=sample.TIMEZONE))
    directory = Path(__file__).resolve().parents[3] / "build" / "bench"
    trades, tape = directory / "trades.csv", directory / f"trades{tape_files.SUFFIX}"
    directory.mkdir(parents=True, exist_ok=True)
    with sample.open_trades() as stream:
        trades.write_bytes(stream.read())
    source = open_source(str(trades), config)
    tape_files.write_tape(source, tape)
    sides: Sides = {"floor": trades.read_bytes, "open": opened(str(trades), config), "tape": opened(str(tape), config)}
    return source.rows, sides, {"open": len(source.ticks), "tape": len(open_source(str(tape), config).ticks)}


def main(kind: str, path: str, runs: int) -> None:
    """Measure and print."""
    rows, sides, ticks = {"binance": of_binance, "lean": of_lean, "trades": of_trades}[kind](path)
    run_ms: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(runs):
        for side, read in sides.items():
            begin = time.perf_counter()
            kept: Any = read()
            run_ms[side].append((time.perf_counter() - begin) * 1e3)
            del kept
    print(json.dumps({"rows": rows, "ticks": ticks, "run_ms": run_ms}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
