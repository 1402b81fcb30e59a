"""One call from a strategy to its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from neural_trader.config import FILL_MODELS, AccountConfig, Config, Limits, SourceSpec, VenueLatency
from neural_trader.instruments import Amount, Instrument
from neural_trader.kernel import Kernel, Progress
from neural_trader.numbers import exact
from neural_trader.result import Result
from neural_trader.sources import Source, open_source
from neural_trader.strategy import Strategy

__all__ = ["alternatives", "backtest", "funded"]

_SLOW_US: Final = 1000
_SLOWER: Final = 4


def backtest(
    strategy: Strategy,
    source: SourceSpec | Source,
    config: Config | None = None,
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Result:
    """Take a whole tape through a strategy, in this process and in private memory.

    `source` is "sample:es-2013-09", a tape file, a trade file (SYMBOL=PATH where several instruments are configured), a directory of such
    files, a list of these, which are merged into one tape by time, or a tape that was opened before. A tape file is not read into memory
    as a whole. Without a configuration there is one account of 100,000 in the currency of what is traded, 250 µs of latency each way and
    one tick of slippage. `limits` replace those of the configuration. ConfigError, SourceError; errors of the strategy pass through.
    """
    chosen = config if config is not None else Config(name="backtest")
    tape = source if isinstance(source, Source) else open_source(source, chosen)
    if config is None:
        chosen = funded(chosen, tape.instruments)
    if limits is not None:
        chosen = msgspec.structs.replace(chosen, limits=limits)
    with Kernel(chosen, private=True) as kernel:
        return kernel.run(tape, strategy, progress=progress)


def funded(config: Config, instruments: Mapping[str, Instrument]) -> Config:
    """The configuration with one account of 100,000 in the currency of the first instrument: what nobody configured has to trade."""
    currency = next(iter(instruments.values())).currency
    return msgspec.structs.replace(config, accounts={"main": AccountConfig(currency=currency, cash=100_000)})


def alternatives(config: Config) -> list[Config]:
    """The configuration with the other fill models; and, where latency is constant, without any and with four times as much (1 ms where
    there is none). Their names say which they are. What a result depends on."""
    found = [_named(config, model, fill_model=model) for model in FILL_MODELS if model != config.venue.fill_model]
    if config.venue.latency == "constant":
        found += [_with_latency(config, "no-latency", 0), _with_latency(config, "slower", _SLOWER)]
    return found


def _named(config: Config, name: str, **venue: Amount | str) -> Config:
    return msgspec.structs.replace(config, name=name, venue=msgspec.structs.replace(config.venue, **venue))


def _with_latency(config: Config, name: str, times: int) -> Config:
    def scaled(latency: Amount) -> Amount:
        return exact(latency) * times if latency or not times else _SLOW_US

    def each(row: VenueLatency) -> VenueLatency:
        return msgspec.structs.replace(row, latency_in_us=scaled(row.latency_in_us), latency_out_us=scaled(row.latency_out_us))

    venue = config.venue
    slower = _named(config, name, latency_in_us=scaled(venue.latency_in_us), latency_out_us=scaled(venue.latency_out_us))
    return msgspec.structs.replace(slower, venues={key: each(row) for key, row in config.venues.items()})
