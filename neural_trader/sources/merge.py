"""Several tapes as one: in order of time, with the instruments of all of them."""

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, SourceError
from neural_trader.instruments import Instrument
from neural_trader.numbers import RAW_MAX, exact, plain
from neural_trader.sources.source import Source, mark_slices, scale

__all__ = ["merge", "unite"]

_NAMES_SHOWN: Final = 3
_DERIVED: Final = ("tick_size", "lot_size", "max_price")
_NUMBERS: Final = ("tick_size", "lot_size", "multiplier", "max_price")


def merge(parts: Sequence[tuple[str, Source]], configured: Mapping[str, Instrument]) -> Source:
    """One tape of several, each given with its name.

    Ticks come in order of ts_event, at equal times in the order of the parts, and those of one part stay in its order. The ends of the
    parts are left out and one is put after the last tick. The instrument column counts in the order of `unite`. The hash is the SHA-256 of
    the parts' hashes as lines of hexadecimal text. SourceError when the parts hold differing terms of one instrument, recordings of one
    symbol at different markets, days of one instrument in different time zones, or no tick.
    """
    derived = {(name, symbol) for name, source in parts for symbol in source.derived}
    instruments = unite([(name, source.instruments) for name, source in parts], configured, derived)
    _same_markets(parts)
    _same_days(parts, instruments)
    index = {symbol: number for number, symbol in enumerate(instruments)}
    if len(parts) == 1 and list(parts[0][1].instruments) == list(instruments):
        return dataclasses.replace(parts[0][1], name=parts[0][0], instruments=instruments)
    bodies = [_scaled(name, source, instruments) for name, source in parts]
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
        assumptions=(*_assumptions(parts), *_widened(parts, instruments)),
        sha256=sources[0].sha256 if len(parts) == 1 else hashlib.sha256("".join(f"{s.sha256}\n" for s in sources).encode()).hexdigest(),
    )


def unite(
    parts: Iterable[tuple[str, Mapping[str, Instrument]]],
    configured: Mapping[str, Instrument],
    derived: Collection[tuple[str, str]] = (),
) -> dict[str, Instrument]:
    """The instruments of several sources by symbol: in the order of the configuration, then as the parts bring them.

    `derived` are those (name of the source, symbol) whose terms were found in the numbers of a recording. Of several such the finest tick
    and lot and the greatest max_price hold. SourceError names both sources when they have differing terms of one symbol otherwise, or
    when the terms that hold are beyond what raw numbers express."""
    found: dict[str, tuple[str, Instrument]] = {}
    for name, instruments in parts:
        for symbol, instrument in instruments.items():
            first_name, first = found.setdefault(symbol, (name, instrument))
            differing = _differing(first, instrument)
            if differing and {(first_name, symbol), (name, symbol)} <= set(derived) and set(differing) <= set(_DERIVED):
                found[symbol] = (name, _wide_enough(first, instrument, name))
                continue
            if differing:
                values = ", ".join(f"{field} is {getattr(first, field)} and {getattr(instrument, field)}" for field in differing)
                text = f"instrument {symbol} has other terms than in {first_name} ({values}); configure it, or take one of them"
                raise SourceError(text, file=name)
    order = [*configured, *(symbol for symbol in found if symbol not in configured)]
    return {symbol: found[symbol][1] if symbol in found else msgspec.structs.replace(configured[symbol], symbol=symbol) for symbol in order}


def _wide_enough(first: Instrument, second: Instrument, name: str) -> Instrument:
    """Terms that the numbers of two recordings of one symbol fit."""
    united = msgspec.structs.replace(
        first,
        tick_size=min(exact(first.tick_size), exact(second.tick_size)),
        lot_size=min(exact(first.lot_size), exact(second.lot_size)),
        max_price=max(exact(first.max_price), exact(second.max_price)),
    )
    try:
        united.row()
    except InvalidArgument as error:
        text = f"with the other recordings of {first.symbol}: {error}; configure [instruments.{first.symbol}]"
        raise SourceError(text, file=name) from error
    return united


def _widened(parts: Sequence[tuple[str, Source]], instruments: Mapping[str, Instrument]) -> list[str]:
    """A sentence for each symbol whose terms are those of no single recording of it."""
    symbols = dict.fromkeys(symbol for _, source in parts for symbol in sorted(source.derived))
    return [
        f"{symbol}: its recordings were found to have different terms; all are read with the finest tick "
        f"{_shown(instruments[symbol].tick_size)} and lot {_shown(instruments[symbol].lot_size)}, and the greatest max_price "
        f"{_shown(instruments[symbol].max_price)}."
        for symbol in symbols
        if any(symbol in source.derived and _differing(source.instruments[symbol], instruments[symbol]) for _, source in parts)
    ]


def _shown(number: Any) -> str:
    return plain(exact(number))


def _scaled(name: str, source: Source, instruments: Mapping[str, Instrument]) -> NDArray[Any]:
    """A tape less its end, in the decimals of the instruments that all parts have. SourceError where a number does not fit them."""
    body = _without_ends(source.ticks)
    for number, (symbol, own) in enumerate(source.instruments.items()):
        united = instruments[symbol]
        prices, sizes = united.price_decimals - own.price_decimals, united.quantity_decimals - own.quantity_decimals
        if symbol not in source.derived or (prices, sizes) == (0, 0):
            continue
        rows = np.flatnonzero(body["instrument"] == number)
        words = _words(body).copy()
        ticks = words[rows].view(abi.NT_TICK).reshape(-1)
        quotes = ticks[ticks["kind"] == abi.NT_TICK_QUOTE]
        sized = ticks[(ticks["kind"] == abi.NT_TICK_TRADE) | (ticks["kind"] == abi.NT_TICK_LEVEL)]
        most = max(int(column.max(initial=0)) for column in (quotes["bid_size"], quotes["ask_size"], sized["size"]))
        if most * 10**sizes > RAW_MAX:
            text = f"a size with the {united.quantity_decimals} decimals of the other recordings of {symbol} is beyond 2^51 raw"
            raise SourceError(f"{text}; configure [instruments.{symbol}] with a coarser lot_size, or take it by itself", file=name)
        scale(ticks, prices, sizes)
        words[rows] = _words(ticks)
        body = words.view(abi.NT_TICK).reshape(-1)
    return body


def _same_markets(parts: Sequence[tuple[str, Source]]) -> None:
    """SourceError when two parts have one symbol and show that they were recorded at different markets."""
    found: dict[str, tuple[str, str]] = {}
    for name, source in parts:
        market = source.market
        if market is None:
            continue
        for symbol in source.symbols:
            first_name, first = found.setdefault(symbol, (name, market))
            if first != market:
                text = f"is of {market}, and {first_name} of {first}: they are not one instrument, and both are called {symbol}"
                names = " and ".join(_named(symbol, *given) for given in ((first_name, first), (name, market)))
                raise SourceError(f"{text}; give them names (SYMBOL=PATH), for instance {names}", file=name)


def _named(symbol: str, name: str, market: str) -> str:
    """A source with a name of its own for its instrument."""
    return f"{symbol}.{market.rsplit(maxsplit=1)[-1]}={name.removeprefix(f'{symbol}=')}"


def _same_days(parts: Sequence[tuple[str, Source]], instruments: Mapping[str, Instrument]) -> None:
    """SourceError when two parts have days or sessions of one instrument in different time zones, as it has none of its own."""
    found: dict[str, tuple[str, str]] = {}
    for name, source in parts:
        for symbol in source.symbols:
            session = instruments[symbol].session
            zone = (session.timezone if session is not None else None) or source.timezone
            if zone is None:
                continue
            first_name, first = found.setdefault(symbol, (name, zone))
            if first != zone:
                what = "hours of its session" if session is not None else "days"
                text = f"the {what} are those of {zone}, and in {first_name} those of {first}, of one instrument {symbol}"
                raise SourceError(f"{text}; add [instruments.{symbol}.session] with a timezone that holds for both", file=name)


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
