"""Several tapes as one: in order of time, with the instruments of all of them."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import exact
from neural_trader.sources.source import Source, mark_slices

__all__ = ["merge", "unite"]

_NAMES_SHOWN: Final = 3
_NUMBERS: Final = ("tick_size", "lot_size", "multiplier", "max_price")


def merge(parts: Sequence[tuple[str, Source]], configured: Mapping[str, Instrument]) -> Source:
    """One tape of several, each given with its name.

    Ticks come in order of ts_event, at equal times in the order of the parts, and those of one part stay in its order. The ends of the
    parts are left out and one is put after the last tick. The instrument column counts in the order of `unite`. The hash is the SHA-256 of
    the parts' hashes as lines of hexadecimal text. SourceError when the parts hold differing terms of one instrument, or no tick.
    """
    instruments = unite([(name, source.instruments) for name, source in parts], configured)
    index = {symbol: number for number, symbol in enumerate(instruments)}
    if len(parts) == 1 and list(parts[0][1].instruments) == list(instruments):
        return dataclasses.replace(parts[0][1], name=parts[0][0], instruments=instruments)
    bodies = [_without_ends(source.ticks) for _, source in parts]
    whole: NDArray[Any] = np.empty(sum(len(body) for body in bodies) + 1, abi.NT_TICK)
    if len(whole) == 1:
        raise SourceError("there is no tick in any of them", file=_name([name for name, _ in parts]))
    order = np.argsort(np.concatenate([body["ts_event"] for body in bodies]), kind="stable")
    place = np.empty(len(order), np.int64)  # where the ticks of the parts, one part after the other, come to lie
    place[order] = np.arange(len(order))
    del order
    begin = 0
    for (name, source), body in zip(parts, bodies, strict=True):
        at = place[begin : begin + len(body)]
        if np.any(at[1:] < at[:-1]):
            raise SourceError("its ticks are not in order of time", file=name)
        _words(whole)[at] = _words(body)
        numbers = np.array([index[symbol] for symbol in source.instruments], np.uint32)
        known = body["instrument"] < len(numbers)
        if not np.all(known | (body["kind"] == abi.NT_TICK_CLOCK)):
            raise SourceError("it has ticks of an instrument that it does not name", file=name)
        whole["instrument"][at] = numbers[np.where(known, body["instrument"], 0)]
        begin += len(body)
    whole[-1:].view(np.uint64)[:] = 0
    whole["ts_event"][-1] = whole["ts_recv"][-1] = whole["ts_event"][-2]
    whole["kind"][-1] = abi.NT_TICK_END
    mark_slices(whole)
    sources = [source for _, source in parts]
    found = {symbol for source in sources for symbol in source.symbols}
    return Source(
        name=_name([name for name, _ in parts]),
        symbols=tuple(symbol for symbol in instruments if symbol in found),
        instruments=instruments,
        ticks=whole,
        rows=sum(source.rows for source in sources),
        assumptions=_assumptions(parts),
        sha256=sources[0].sha256 if len(parts) == 1 else hashlib.sha256("".join(f"{s.sha256}\n" for s in sources).encode()).hexdigest(),
    )


def unite(parts: Iterable[tuple[str, Mapping[str, Instrument]]], configured: Mapping[str, Instrument]) -> dict[str, Instrument]:
    """The instruments of several sources by symbol: in the order of the configuration, then as the parts bring them. SourceError names
    both sources when they have differing terms of one symbol."""
    found: dict[str, tuple[str, Instrument]] = {}
    for name, instruments in parts:
        for symbol, instrument in instruments.items():
            first_name, first = found.setdefault(symbol, (name, instrument))
            differing = _differing(first, instrument)
            if differing:
                values = ", ".join(f"{field} is {getattr(first, field)} and {getattr(instrument, field)}" for field in differing)
                text = f"instrument {symbol} has other terms than in {first_name} ({values}); configure it, or take one of them"
                raise SourceError(text, file=name)
    order = [*configured, *(symbol for symbol in found if symbol not in configured)]
    return {symbol: found[symbol][1] if symbol in found else msgspec.structs.replace(configured[symbol], symbol=symbol) for symbol in order}


def _differing(first: Instrument, second: Instrument) -> list[str]:
    """The terms that two instruments of one symbol do not share."""
    differing = []
    for field in first.__struct_fields__:
        one, other = getattr(first, field), getattr(second, field)
        same = exact(one) == exact(other) if field in _NUMBERS else one == other
        if not same and field != "symbol":
            differing.append(field)
    return differing


def _without_ends(ticks: NDArray[Any]) -> NDArray[Any]:
    """A tape less its end."""
    return ticks[:-1] if len(ticks) and ticks["kind"][-1] == abi.NT_TICK_END else ticks


def _words(ticks: NDArray[Any]) -> NDArray[np.uint64]:
    """Records as rows of words: copied as such, for their fields overlap."""
    return np.ascontiguousarray(ticks).view(np.uint64).reshape(len(ticks), -1)


def _name(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"


def _assumptions(parts: Sequence[tuple[str, Source]]) -> tuple[str, ...]:
    """What was assumed of all of them, then what of single ones, with their names."""
    if len(parts) == 1:
        return parts[0][1].assumptions
    sentences = dict.fromkeys(sentence for _, source in parts for sentence in source.assumptions)
    shared = [sentence for sentence in sentences if all(sentence in source.assumptions for _, source in parts)]
    own = [f"{name}: {sentence}" for name, source in parts for sentence in source.assumptions if sentence not in shared]
    merged = (
        f"{len(parts)} sources are one tape, in order of time; ticks of one time stamp are one slice, in the order in which the sources "
        "were named. The tape's hash is the SHA-256 of theirs, as lines of hexadecimal text."
    )
    return (merged, *shared, *own)
