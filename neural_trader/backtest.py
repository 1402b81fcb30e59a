"""One call from a strategy to its result."""

from __future__ import annotations

import msgspec

from neural_trader.config import Config, Limits, SourceSpec
from neural_trader.kernel import Kernel, Progress
from neural_trader.result import Result
from neural_trader.strategy import Strategy

__all__ = ["backtest"]


def backtest(
    strategy: Strategy, source: SourceSpec, config: Config | None = None, *, limits: Limits | None = None, progress: Progress | None = None
) -> Result:
    """Take a whole tape through a strategy, in this process and in private memory.

    `source` is "sample:es-2013-09", a tape file, a trade file (SYMBOL=PATH where several instruments are configured), a directory of such
    files, or a list of these, which are merged into one tape by time. A tape file is not read into memory as a
    whole. Without a configuration there is one account of 100,000 USD, 250 µs of latency each way and one tick of slippage. `limits`
    replace those of the configuration. ConfigError, SourceError; errors of the strategy pass through.
    """
    chosen = config if config is not None else Config(name="backtest")
    if limits is not None:
        chosen = msgspec.structs.replace(chosen, limits=limits)
    with Kernel(chosen, private=True) as kernel:
        return kernel.run(source, strategy, progress=progress)
