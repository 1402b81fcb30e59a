"""Market data sources: names and paths in, one tape of ticks in order of time out.

A source is "sample:es-2013-09" (optionally with ":N", its first N trades), a tape file, a QuantConnect Lean zip of ticks (or a directory
or pattern of them), the message file of a LOBSTER pair, a raw capture of Binance streams, the path of a trade file with the header
DateTime,Price,Volume, or a directory whose files are all sources. Several sources, as a list, are merged into one tape. SYMBOL=SOURCE says
which of the configured instruments a source is of that does not say so itself: "ES=trades.csv". (A file whose own name begins like that is
written "./ES=trades.csv".)

A format is a module with `recognises`, `instruments_of` and `open_source`; the first that recognises a source opens it, and trade files
are what nothing else recognises.
"""

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
from neural_trader.sources.csv_trades import HEADER
from neural_trader.sources.merge import merge, unite
from neural_trader.sources.source import Source
from neural_trader.sources.trade_files import trade_assumptions

__all__ = ["Source", "SourceSpec", "instruments_of", "is_trades", "open_source", "recognised", "source_name", "trade_assumptions"]

_FORMATS: Final[tuple[ModuleType, ...]] = (tape_files, lean, binance, lobster)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class _Part(NamedTuple):
    """One source, and the instrument that it was said to be of."""

    symbol: str | None
    path: str

    @property
    def name(self) -> str:
        return self.path if self.symbol is None else f"{self.symbol}={self.path}"


def open_source(spec: SourceSpec, config: Config) -> Source:
    """Read a source as a whole, or several as one tape: merged by time, at equal times in the order of the list, with the instruments of
    all of them by symbol, and with the clock ticks that the configuration asks for. Several are held in memory as a whole; a tape file
    made of them is not. SourceError says what is wrong, by file and line; InvalidArgument when there are too many clock ticks."""
    parts = _parts(spec)
    opened = [(part.name, _open(part, config)) for part in parts]
    single = len(parts) == 1 and parts[0].symbol is None
    return with_clock(opened[0][1] if single else merge(opened, config.instruments), config.source.clock_interval_ns)


def instruments_of(spec: SourceSpec, config: Config) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give, in its order, without reading all of it. SourceError where it would refuse before it
    reads."""
    parts = _parts(spec)
    found: list[tuple[str, Mapping[str, Instrument]]] = []
    for part in parts:
        brought: Mapping[str, Instrument] = _format(part.path).instruments_of(part.path, _narrowed(part, config))
        found.append((part.name, brought))
    return found[0][1] if len(parts) == 1 and parts[0].symbol is None else unite(found, config.instruments)


def source_name(spec: SourceSpec) -> str:
    """What to call a source or a list of them in a text."""
    return spec if isinstance(spec, str) else ", ".join(spec)


def is_trades(spec: SourceSpec) -> bool:
    """Whether all of a source is trade files and samples, of which `trade_assumptions` speaks."""
    return all(recognised(part.path) is None for part in _parts(spec))


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
        if path.startswith(trade_files.SAMPLE) or not os.path.isdir(path) or recognised(path) is not None:
            parts.append(_Part(symbol, path))
        else:
            parts += (_Part(symbol, file) for file in _files(path))
    seen: dict[str, str] = {}
    for part in parts:
        place = part.path if part.path.startswith(trade_files.SAMPLE) else os.path.realpath(part.path)
        if place in seen:
            raise SourceError(f"is given twice (as {seen[place]} and as {part.name}); each tick would come twice", file=part.path)
        seen[place] = part.name
    return parts


def _files(directory: str) -> list[str]:
    """The files of a directory by name, less hidden ones. SourceError names what is not market data."""
    try:
        entries = sorted(entry for entry in Path(directory).iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=directory) from error
    if not entries:
        raise SourceError("cannot be read: Is a directory without files", file=directory)
    strange = [entry.name for entry in entries if recognised(str(entry)) is None and not _is_trade_file(entry)]
    if strange:
        more = f" and {len(strange) - 5} more" if len(strange) > 5 else ""
        text = f"is a directory with what is no market data: {', '.join(strange[:5])}{more}; take it out, or name the files one by one"
        raise SourceError(text, file=directory)
    return [str(entry) for entry in entries]


def _is_trade_file(path: Path) -> bool:
    """Whether a file begins as trade files do."""
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(_BYTE_ORDER_MARK) + len(HEADER))
    except OSError:
        return False
    return begin.removeprefix(_BYTE_ORDER_MARK).startswith(HEADER)


# ---- formats -------------------------------------------------------------------------------------------------------------------


def recognised(path: str) -> ModuleType | None:
    """The format of a source, None for trade files and what is no source."""
    return next((kind for kind in _FORMATS if kind.recognises(path)), None)


def _format(path: str) -> ModuleType:
    return recognised(path) or trade_files


def _narrowed(part: _Part, config: Config) -> Config:
    """The configuration that a part is read with: with its one instrument, where that was said."""
    if part.symbol is None:
        return config
    if part.symbol not in config.instruments:
        known = ", ".join(config.instruments) or "none"
        text = f"instrument {part.symbol} is not configured (configured: {known}); add [instruments.{part.symbol}]"
        raise SourceError(text, file=part.name)
    return msgspec.structs.replace(config, instruments={part.symbol: config.instruments[part.symbol]})


def _open(part: _Part, config: Config) -> Source:
    found: Source = _format(part.path).open_source(part.path, _narrowed(part, config))
    if part.symbol is not None and found.symbols != (part.symbol,):
        text = f"has data of {', '.join(found.symbols) or 'nothing'} and not of {part.symbol}; leave {part.symbol}= out"
        raise SourceError(text, file=part.name)
    return found
