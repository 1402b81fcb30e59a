"""`neural-trader data`: what a source holds, and tape files made of sources."""

from __future__ import annotations

import argparse
import datetime
import itertools
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.cli.common import (
    EXIT_OK,
    ProgressLine,
    add_command,
    add_settings,
    config_from,
    instrument_line,
    one_or_many,
    print_json,
    table,
)
from neural_trader.config import split_symbol
from neural_trader.errors import InvalidArgument
from neural_trader.sources import Source, open_source
from neural_trader.sources.tape_files import give_back, recognises, verify, write_tape

__all__ = ["add", "survey"]

_CHUNK: Final = 65_536
_NANOSECONDS: Final = 1_000_000_000
_EPOCH: Final = datetime.date(1970, 1, 1)
_SOURCES: Final = "sample:es-2013-09, tape files, trade files, or directories of them; SYMBOL=FILE where several instruments are configured"


def add(commands: Any) -> None:
    """Add the command and its two."""
    parser = commands.add_parser(
        "data",
        help="what a source holds, and tape files made of sources",
        description="Market data: look at sources, and make tape files of them, which open at once and take no memory.",
        allow_abbrev=False,
    )
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    convert_parser = add_command(
        own,
        "convert",
        "write one tape file of one or more sources",
        (
            "data convert sample:es-2013-09 --output es.tape",
            "data convert ES=es.csv NQ=nq.csv --config run.toml --output both.tape",
        ),
        "Several sources are merged by time. The file appears whole or not at all. It holds the terms of its instruments.",
    )
    _add_sources(convert_parser)
    convert_parser.add_argument("--output", required=True, metavar="FILE", help="the tape file; one of that name is replaced")
    convert_parser.set_defaults(function=convert)
    info_parser = add_command(
        own,
        "info",
        "show what one or more sources hold",
        ("data info sample:es-2013-09", "data info es.tape --verify --json"),
        "Several sources are looked at as the one tape that they make.",
    )
    _add_sources(info_parser)
    info_parser.add_argument("--verify", action="store_true", help="compare the ticks of tape files with the SHA-256 in their headers")
    info_parser.set_defaults(function=info)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", nargs="+", metavar="SOURCE", help=_SOURCES)
    parser.add_argument("--config", metavar="FILE", help="its instruments and [source].timezone; sources that bring their own need none")
    add_settings(parser)


def _opened(options: argparse.Namespace) -> Source:
    return open_source(one_or_many(options.source), config_from(options.config, options.settings, name="data"))


def convert(options: argparse.Namespace) -> int:
    """Write a tape file."""
    source = _opened(options)
    progress = ProgressLine()
    try:
        write_tape(source, options.output, progress)
    finally:
        progress.finish()
    size = Path(options.output).stat().st_size
    if options.json:
        print_json(
            {"output": options.output, "bytes": size, "ticks": len(source.ticks), "source": source.name, "source_sha256": source.sha256}
        )
    else:
        print(f"{options.output}: {len(source.ticks):,} ticks of {', '.join(source.symbols)}, {size:,} bytes")
    return EXIT_OK


def info(options: argparse.Namespace) -> int:
    """Show what sources hold."""
    if options.verify:
        for spec in options.source:
            if not recognises(split_symbol(spec)[1]):
                raise InvalidArgument(f"--verify is for tape files, and {spec} is none; convert it, or leave --verify out")
    source = _opened(options)
    verified = sum(verify(split_symbol(spec)[1]) for spec in options.source) if options.verify else None
    found = survey(source)
    if options.json:
        print_json({**found, "verified_ticks": verified})
        return EXIT_OK
    print("\n".join(_lines(source, found)))
    if verified is not None:
        print(f"verified: {verified:,} ticks are those that were written")
    return EXIT_OK


# ---- what a tape holds ---------------------------------------------------------------------------------------------------------


class _Market:
    """What one instrument of a tape is found to have, piece by piece."""

    def __init__(self) -> None:
        self.counts = {kind.name.lower(): 0 for kind in (abi.TickKind.TRADE, abi.TickKind.QUOTE, abi.TickKind.SESSION, abi.TickKind.GAP)}
        self.crossed = self.locked = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.silence_ns = 0
        self.silence_from_ns: int | None = None
        self.days: set[int] = set()
        self._day: int | None = None
        self._moment: int | None = None  # of the last trade or quote of the session that goes on

    def take(self, ticks: NDArray[Any]) -> None:
        """Ticks of the instrument, in order."""
        kind, ts = ticks["kind"], ticks["ts_event"]
        for name in self.counts:
            self.counts[name] += int(np.count_nonzero(kind == abi.TickKind[name.upper()]))
        quotes = ticks[kind == abi.NT_TICK_QUOTE]
        self.crossed += int(np.count_nonzero(quotes["bid_price"] > quotes["ask_price"]))
        self.locked += int(np.count_nonzero(quotes["bid_price"] == quotes["ask_price"]))
        session = kind == abi.NT_TICK_SESSION
        edges = [0, *(np.flatnonzero(session) + 1).tolist(), len(ticks)]
        for begin, end in itertools.pairwise(edges):
            self._stretch(ts[begin:end][(kind[begin:end] == abi.NT_TICK_TRADE) | (kind[begin:end] == abi.NT_TICK_QUOTE)])
            if end > begin and session[end - 1]:
                self._day, self._moment = int(ticks["size"][end - 1]), None

    def _stretch(self, ts: NDArray[np.int64]) -> None:
        """Times of trades and quotes without a session tick between them."""
        if len(ts) == 0:
            return
        self.first_ns = int(ts[0]) if self.first_ns is None else self.first_ns
        self.last_ns = int(ts[-1])
        if self._day is not None:
            self.days.add(self._day)
        before = np.concatenate((np.array([ts[0] if self._moment is None else self._moment], np.int64), ts[:-1]))
        longest = int(np.argmax(ts - before))
        if int(ts[longest] - before[longest]) > self.silence_ns:
            self.silence_ns, self.silence_from_ns = int(ts[longest] - before[longest]), int(before[longest])
        self._moment = int(ts[-1])


def survey(source: Source) -> dict[str, Any]:
    """What a tape holds, as `data info --json` prints it: times are nanoseconds since 1970 (UTC), lengths seconds.

    `counts` are ticks by kind. Of each instrument with data: its terms, its own counts, times of the first and last trade or quote,
    `crossed_quotes` (bid above ask) and `locked_quotes` (bid at ask), `trading_days` with a trade or quote (None where the source has no
    sessions), and `longest_silence_s`: between two trades or quotes of one session, with when it began.
    """
    markets = {number: _Market() for number in range(len(source.instruments))}
    counts = {kind.name.lower(): 0 for kind in abi.TickKind}
    ticks = source.ticks
    for begin in range(0, len(ticks), _CHUNK):
        part = ticks[begin : begin + _CHUNK]
        for kind in abi.TickKind:
            counts[kind.name.lower()] += int(np.count_nonzero(part["kind"] == kind))
        own = ~np.isin(part["kind"], (abi.NT_TICK_CLOCK, abi.NT_TICK_END))
        for number, market in markets.items():
            market.take(part[own & (part["instrument"] == number)])
        give_back(ticks, begin + _CHUNK)
    first_ns, last_ns = int(ticks["ts_event"][0]), int(ticks["ts_event"][-1])
    instruments = {}
    for market, (symbol, instrument) in zip(markets.values(), source.instruments.items(), strict=True):
        if symbol not in source.symbols:
            continue
        days = [str(_EPOCH + datetime.timedelta(days=day)) for day in sorted(market.days)]
        instruments[symbol] = {
            "terms": instrument,
            "counts": market.counts,
            "first_ns": market.first_ns,
            "last_ns": market.last_ns,
            "crossed_quotes": market.crossed,
            "locked_quotes": market.locked,
            "trading_days": days if market.counts["session"] else None,
            "longest_silence_s": market.silence_ns / _NANOSECONDS,
            "longest_silence_from_ns": market.silence_from_ns,
        }
    return {
        "source": source.name,
        "sha256": source.sha256,
        "ticks": len(ticks),
        "first_ns": first_ns,
        "last_ns": last_ns,
        "span_s": (last_ns - first_ns) / _NANOSECONDS,
        "counts": counts,
        "instruments": instruments,
        "assumptions": source.assumptions,
    }


def _lines(source: Source, found: dict[str, Any]) -> list[str]:
    span = datetime.timedelta(seconds=round(found["span_s"]))
    lines = [
        f"{found['source']}: {found['ticks']:,} ticks",
        f"  from {_time(found['first_ns'])} to {_time(found['last_ns'])} ({span})",
        f"  {', '.join(f'{count:,} {kind}' for kind, count in found['counts'].items() if count)}",
        f"  sha256 {found['sha256']}",
    ]
    rows: list[tuple[str, ...]] = [
        ("instrument", "trades", "quotes", "gaps", "crossed", "locked", "days", "first", "last", "longest silence")
    ]
    for symbol, row in found["instruments"].items():
        lines.append(f"  {instrument_line(symbol, source.instruments[symbol])}")
        counts, days = row["counts"], row["trading_days"]
        numbers = (counts["trade"], counts["quote"], counts["gap"], row["crossed_quotes"], row["locked_quotes"])
        silence = f"{row['longest_silence_s']:,.3f} s"
        if row["longest_silence_from_ns"] is not None:
            silence += f" from {_time(row['longest_silence_from_ns'])}"
        rows.append(
            (
                symbol,
                *(f"{number:,}" for number in numbers),
                "" if days is None else f"{len(days):,}",
                _time(row["first_ns"]),
                _time(row["last_ns"]),
                silence,
            )
        )
    lines += [f"  {line}" for line in table(rows, right=(1, 2, 3, 4, 5, 6))]
    if found["assumptions"]:
        lines += ["assumed:", *(f"  - {sentence}" for sentence in found["assumptions"])]
    return lines


def _time(moment_ns: int | None) -> str:
    if moment_ns is None:
        return ""
    seconds, rest = divmod(moment_ns, _NANOSECONDS)
    text = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat(sep=" ")
    return f"{text}.{rest:09d}Z"
