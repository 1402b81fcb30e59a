"""Features of ticks that a caller holds: a private kernel takes them, and reads the features on the model's clock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.instruments import Instrument
from neural_trader.models import dataset
from neural_trader.models.file import ModelFile
from neural_trader.records import Ticks, Tradable
from neural_trader.sources import Source

__all__ = ["features_of"]

_ELSE = "give the features themselves: client.features(symbol) of a running kernel, or neural_trader.models.dataset.read(source)"


def features_of(data: Any, file: ModelFile) -> NDArray[np.float64]:
    """Rows of the file's features (rows, features), float64, of Ticks of one instrument, from the first row at which all are known.

    The ticks are taken as all that there was: nothing came before the first. InvalidArgument where they are of several instruments or of
    one that the model is not for, where no row has all features, and for anything but Ticks.
    """
    if not isinstance(data, Ticks):
        kind = type(data[0]).__name__ if isinstance(data, list | tuple) and data else type(data).__name__
        why = (
            "market data has no sizes of the quote and no tick size, so its features are not defined"
            if kind == "MarketData"
            else f"it is {kind}"
        )
        raise InvalidArgument(f"no features can be computed of this: {why}; {_ELSE}")
    raw = data.raw[data.raw["kind"] != abi.NT_TICK_SIGNAL]
    numbers = np.unique(raw["instrument"][np.isin(raw["kind"], (abi.NT_TICK_QUOTE, abi.NT_TICK_TRADE, abi.NT_TICK_LEVEL))])
    if len(numbers) != 1:
        raise InvalidArgument(f"the ticks are of {len(numbers)} instruments; give those of one, or {_ELSE}")
    tradables = data.tradables
    symbol = tradables[int(numbers[0])].symbol
    scope = file.instruments
    if scope.scope == "listed" and symbol not in scope.symbols:
        raise InvalidArgument(f"model {file.name} is for {', '.join(scope.symbols)}, not for {symbol}")
    tape = Source(
        name="these ticks",
        symbols=(symbol,),
        instruments={tradable.symbol: _terms(tradable) for tradable in tradables},
        ticks=raw,
        rows=len(raw),
        assumptions=(),
        sha256="",
    )
    rows = dataset.read(tape, symbol=symbol, clock=file.clock.on, every=file.clock.every)
    table = rows.features[:, [rows.names.index(name) for name in file.features.names]]
    known = np.flatnonzero(np.isfinite(table).all(axis=1))
    if not len(known):
        never = [name for name, column in zip(file.features.names, table.T, strict=True) if not np.isfinite(column).any()]
        missing = f"{', '.join(never)} never is" if never else "not all features are known in the same row"
        raise InvalidArgument(f"{len(table)} rows of {len(raw)} ticks are too few, or carry too little: {missing}; {_ELSE}")
    return np.asarray(table[known[0] :])


def _terms(tradable: Tradable) -> Instrument:
    """What features depend on of an instrument: its tick and lot. The other terms bound nothing here."""
    tick = Decimal(tradable.tick_size).scaleb(-tradable.price_decimals)
    lot = Decimal(tradable.lot_size).scaleb(-tradable.quantity_decimals)
    most = Decimal(abi.NT_RAW_MAX).scaleb(-tradable.price_decimals)
    return Instrument(symbol=tradable.symbol, tick_size=tick, lot_size=lot, currency=tradable.currency, max_price=most)
