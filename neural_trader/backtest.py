"""One call from a strategy to its result."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from neural_trader.config import AccountConfig, Config, Limits, SourceSpec
from neural_trader.instruments import Instrument
from neural_trader.kernel import Kernel, Progress
from neural_trader.result import Result
from neural_trader.sources import Source, open_source
from neural_trader.strategy import Strategy

__all__ = ["backtest", "funded"]


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
