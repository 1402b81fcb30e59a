"""Market data sources: a name or a path in, a tape of ticks in order of time out.

A source is "sample:es-2013-09" (optionally with ":N", its first N trades) or the path of a trade file with the header
DateTime,Price,Volume. A format is a module with `recognises`, `instruments_of` and `open_source`; the first that recognises a source
opens it, and trade files are what nothing else recognises.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from neural_trader.config import Config
from neural_trader.instruments import Instrument
from neural_trader.sources import trade_files
from neural_trader.sources.source import Source
from neural_trader.sources.trade_files import trade_assumptions

__all__ = ["Source", "instruments_of", "open_source", "trade_assumptions"]

_FORMATS: Final[tuple[ModuleType, ...]] = ()


def _format(spec: str) -> ModuleType:
    return next((kind for kind in _FORMATS if kind.recognises(spec)), trade_files)


def open_source(spec: str, config: Config) -> Source:
    """Read a whole source. SourceError says what is wrong with it, by file and line."""
    found: Source = _format(spec).open_source(spec, config)
    return found


def instruments_of(spec: str, config: Config) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give, without reading all of it. SourceError where it would refuse before it reads."""
    found: Mapping[str, Instrument] = _format(spec).instruments_of(spec, config)
    return found
