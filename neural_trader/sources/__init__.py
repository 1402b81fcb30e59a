"""Market data sources: names and paths in, one tape of ticks in order of time out.

A source is "sample:es-2013-09" (optionally with ":N", its first N trades), a tape file, a QuantConnect Lean zip of ticks (or a directory
or pattern of them), the message file of a LOBSTER pair, a raw capture of Binance streams, the path of a trade file with the header
DateTime,Price,Volume, or a directory whose files are all sources. Several sources, as a list, are merged into one tape. SYMBOL=SOURCE says
which of the configured instruments a source is of that does not say so itself: "ES=trades.csv"; the instrument of a Binance capture it
gives another name. (A file whose own name begins like that is written "./ES=trades.csv".) Trade files and captures may be compressed by
gzip.

A format is a module with `recognises`, `instruments_of` and `open_source`; the first that recognises a source opens it, and trade files
are what nothing else recognises.
"""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import msgspec

from neural_trader.config import Config, SourceSpec, split_symbol
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.sources import binance, lean, lobster, tape_files, trade_files
from neural_trader.sources.clock import with_clock
from neural_trader.sources.merge import merge, unite
from neural_trader.sources.source import Source
from neural_trader.sources.trade_files import trade_assumptions

__all__ = [
    "Source",
    "SourceSpec",
    "instruments_of",
    "is_trades",
    "nearest",
    "open_source",
    "recognised",
    "source_name",
    "trade_assumptions",
]

_FORMATS: Final[tuple[ModuleType, ...]] = (tape_files, lean, binance, lobster)
_NEAR: Final = 0.75  # of two names: how alike the one that is meant and the one that is written are at least


class _Part(NamedTuple):
    """One source, the instrument that it was said to be of, and its format."""

    symbol: str | None
    path: str
    kind: ModuleType

    @property
    def name(self) -> str:
        return self.path if self.symbol is None else f"{self.symbol}={self.path}"


def open_source(spec: SourceSpec, config: Config) -> Source:
    """Read a source as a whole, or several as one tape: merged by time, at equal times in the order of the list, with the instruments of
    all of them by symbol, and with the clock ticks that the configuration asks for. Several are held in memory as a whole; a tape file
    made of them is not. SourceError says what is wrong, by file and line; InvalidArgument when there are too many clock ticks."""
    parts = _parts(spec)
    opened = [(part.name, _open(part, part_config)) for part, part_config in _configs(parts, config)]
    single = len(parts) == 1 and parts[0].symbol is None
    return with_clock(opened[0][1] if single else merge(opened, config.instruments), config.source.clock_interval_ns)


def instruments_of(spec: SourceSpec, config: Config) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give, in its order, without reading all of it. SourceError where it would refuse before it
    reads."""
    parts = _parts(spec)
    found: list[tuple[str, Mapping[str, Instrument]]] = []
    derived: set[tuple[str, str]] = set()
    for part, part_config in _configs(parts, config):
        brought: Mapping[str, Instrument] = part.kind.instruments_of(part.path, part_config, **_naming(part))
        found.append((part.name, brought))
        if part.kind is binance:
            derived.update((part.name, symbol) for symbol in brought if symbol not in part_config.instruments)
    return found[0][1] if len(parts) == 1 and parts[0].symbol is None else unite(found, config.instruments, derived)


def source_name(spec: SourceSpec) -> str:
    """What to call a source or a list of them in a text."""
    return spec if isinstance(spec, str) else ", ".join(spec)


def is_trades(spec: SourceSpec) -> bool:
    """Whether all of a source is trade files and samples, of which `trade_assumptions` speaks."""
    return all(part.kind is trade_files for part in _parts(spec))


# ---- parts ---------------------------------------------------------------------------------------------------------------------


def _parts(spec: SourceSpec) -> list[_Part]:
    """Single sources, in order: those of a list, and the files of directories that no format takes as a whole."""
    specs: Any = [spec] if isinstance(spec, str) else spec
    if not isinstance(specs, Sequence) or not all(isinstance(given, str) for given in specs):
        raise SourceError(f"a source must be a text or a list of texts, not {spec!r}")
    if not specs:
        raise SourceError("the list of sources is empty; name at least one")
    parts: list[_Part] = []
    for given in specs:
        symbol, path = split_symbol(given)
        if not path or "\0" in path:
            raise SourceError(f"{given!r} names no file; write SYMBOL=PATH, or a path alone")
        if path.startswith(trade_files.SAMPLE):
            parts.append(_Part(symbol, path, trade_files))
            continue
        kind = recognised(path)
        if kind is not lean:  # whose patterns are no files
            _check_exists(path)
        if kind is None and os.path.isdir(path):
            parts += (_Part(symbol, file, recognised(file) or trade_files) for file in _files(path))
        else:
            parts.append(_Part(symbol, path, kind or trade_files))
    return _once(parts)


def _once(parts: Sequence[_Part]) -> list[_Part]:
    """The parts, of the two files of a LOBSTER pair the first: either stands for both. SourceError when one is given twice."""
    kept: list[_Part] = []
    seen: dict[str, _Part] = {}
    pairs: dict[str, _Part] = {}
    for part in parts:
        place = part.path if part.path.startswith(trade_files.SAMPLE) else os.path.realpath(part.path)
        before = seen.setdefault(place, part)
        first = pairs.setdefault(os.path.realpath(lobster.messages_of(part.path)), part) if part.kind is lobster else part
        if before is part and first is not part and first.symbol != part.symbol:
            before = first
        if before is not part:
            raise SourceError(f"is given twice (as {before.name} and as {part.name}); each tick would come twice", file=part.path)
        if first is part:
            kept.append(part)
    return kept


def _check_exists(path: str) -> None:
    """SourceError where there is nothing at a path, with the name nearest to it that there is."""
    try:
        os.stat(path)
    except OSError as error:
        near = nearest(path) if isinstance(error, FileNotFoundError) else None
        hint = f"; did you mean {near}?" if near is not None else ""
        raise SourceError(f"cannot be read: {error.strerror}{hint}", file=path) from error


def nearest(path: str) -> str | None:
    """The path in the same directory whose name is most like that of one that is not there; None where none is like it."""
    directory, name = os.path.split(path)
    try:
        near = difflib.get_close_matches(name, os.listdir(directory or "."), n=1, cutoff=_NEAR)
    except OSError:
        return None
    return os.path.join(directory, near[0]) if near else None


def _files(directory: str) -> list[str]:
    """The files of a directory by name, less hidden ones. SourceError names what is not market data."""
    try:
        entries = sorted(entry for entry in Path(directory).iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=directory) from error
    if not entries:
        raise SourceError("cannot be read: Is a directory without files", file=directory)
    strange = [entry.name for entry in entries if recognised(str(entry)) is None and not trade_files.begins_like_trades(entry)]
    if strange:
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        text = f"is a directory with what is no market data: {', '.join(strange[:5])}{more}; take it out, or name the files one by one"
        raise SourceError(text, file=directory)
    return [str(entry) for entry in entries]


# ---- formats -------------------------------------------------------------------------------------------------------------------


def recognised(path: str) -> ModuleType | None:
    """The format of a source, None for trade files and what is no source."""
    return next((kind for kind in _FORMATS if kind.recognises(path)), None)


def _configs(parts: Sequence[_Part], config: Config) -> list[tuple[_Part, Config]]:
    """The parts, each with the configuration that it is read with: source.timezone is for those whose times carry none, where there is
    one of them. (Where there is none it can only be a mistake, and the others refuse it.)"""
    needy = [part.kind in (trade_files, lean) and part.kind.needs_timezone(part.path) for part in parts]
    elsewhere = config
    if any(needy):
        elsewhere = msgspec.structs.replace(config, source=msgspec.structs.replace(config.source, timezone=None))
    return [(part, _narrowed(part, config if need else elsewhere)) for part, need in zip(parts, needy, strict=True)]


def _naming(part: _Part) -> dict[str, str]:
    """What tells a format what its instrument is called, where it has a name of its own."""
    return {"name": part.symbol} if part.symbol is not None and part.kind is binance else {}


def _narrowed(part: _Part, config: Config) -> Config:
    """The configuration of a part with its one instrument, where that was said."""
    if part.symbol is None:
        return config
    if part.symbol not in config.instruments:
        if part.kind is binance:
            return msgspec.structs.replace(config, instruments={})
        known = ", ".join(config.instruments) or "none"
        text = f"instrument {part.symbol} is not configured (configured: {known}); add [instruments.{part.symbol}]"
        raise SourceError(text, file=part.name)
    return msgspec.structs.replace(config, instruments={part.symbol: config.instruments[part.symbol]})


def _open(part: _Part, config: Config) -> Source:
    found: Source = part.kind.open_source(part.path, config, **_naming(part))
    if part.symbol is not None and found.symbols != (part.symbol,):
        text = f"has data of {', '.join(found.symbols) or 'nothing'} and not of {part.symbol}; leave {part.symbol}= out"
        raise SourceError(text, file=part.name)
    return found
