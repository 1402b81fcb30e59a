"""`neural-trader backtest`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from neural_trader.backtest import alternatives, backtest, funded
from neural_trader.cli.common import (
    EXIT_HALTED,
    EXIT_OK,
    ProgressLine,
    add_command,
    add_settings,
    add_sources,
    config_from,
    has_accounts,
    highlights,
    print_json,
    source_from,
    with_source,
)
from neural_trader.config import Config
from neural_trader.errors import InvalidArgument
from neural_trader.loading import load_strategy
from neural_trader.result import Result
from neural_trader.sources import Source, open_source
from neural_trader.strategy import Strategy

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "backtest",
        "take a tape through a strategy and print the result",
        (
            "backtest flow.py:Flow --source sample:es-2013-09",
            "backtest flow.py --source sample:es-2013-09:50000 --set enter=0.7 --limit max_position=1",
            "backtest flow.py --source trades.csv --config run.toml --json",
            "backtest pairs.py --source A=first.csv --source B=second.csv --config pairs.toml",
            "backtest flow.py --source sample:es-2013-09 --tearsheet flow.html",
        ),
        "Everything stays in this process; nothing is saved but the tearsheet that is asked for.",
    )
    parser.add_argument("strategy", metavar="STRATEGY", help='"file.py:Class", or "file.py" when it holds one strategy')
    add_sources(parser)
    parser.add_argument("--config", metavar="FILE", help="instruments, venue, accounts and limits, and the parameters of its strategy")
    add_settings(parser)
    parser.add_argument(
        "--limit", action="append", default=[], metavar="KEY=VALUE", help="short for --set limits.KEY=VALUE; a VALUE of off switches it off"
    )
    parser.add_argument(
        "--tearsheet",
        metavar="FILE",
        type=Path,
        help="write the run as one HTML file that needs nothing else, beside runs with other fill models and latencies; a file there is "
        "replaced",
    )
    parser.add_argument("--no-sensitivity", action="store_true", help="no other runs beside it: a tearsheet in a fifth of the time")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    settings = [*options.settings, *(f"limits.{limit}" for limit in options.limit)]
    if options.config is not None and not is_own(options):
        settings = ["parameters={}", *settings]
    config = config_from(options.config, settings)
    source = source_from(options, config)
    config = with_source(config, source)
    if options.tearsheet is not None and not options.tearsheet.absolute().parent.is_dir():
        raise InvalidArgument(f"there is no directory {options.tearsheet.absolute().parent} for the tearsheet; make it first")
    strategy = load_strategy(options.strategy, config.parameters)
    tape = open_source(source, config)
    if not has_accounts(options):
        config = funded(config, tape.instruments)
    highlights(config, source, tape.instruments, options.json)
    with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
        result = _run(strategy, tape, config)
        if options.tearsheet is not None:
            result.tearsheet(options.tearsheet, sensitivity=[] if options.no_sensitivity else _others(options, tape, config))
    if options.json:
        print_json(result.summary)
    else:
        print(result)
    return EXIT_HALTED if "HALTED" in result.summary["accounts"].values() else EXIT_OK


def _run(strategy: Strategy, tape: Source, config: Config) -> Result:
    progress = ProgressLine()
    try:
        return backtest(strategy, tape, config, progress=progress)
    finally:
        progress.finish()


def _others(options: argparse.Namespace, tape: Source, config: Config) -> list[Result]:
    """The runs that the tearsheet shows beside this one; one that fails is left out, and said."""
    found = []
    for other in alternatives(config):
        print(f"tearsheet: the same with {other.name} ({other.venue.fill_model} fills)", file=sys.stderr)
        with contextlib.redirect_stdout(sys.stderr):
            try:
                found.append(_run(load_strategy(options.strategy, config.parameters), tape, other))
            except Exception as error:  # of the strategy, whatever it raises: this run has its result
                print(f"tearsheet: it failed ({type(error).__name__}: {error}) and is left out", file=sys.stderr)
    return found


def is_own(options: argparse.Namespace) -> bool:
    """Whether the strategy is the one of the configuration file, whose parameters are meant for it."""
    own = Config.read(options.config).strategy
    if own is None:
        return False
    file, _, name = options.strategy.rpartition(":") if not options.strategy.endswith(".py") else (options.strategy, "", "")
    own_file, _, own_name = own.rpartition(":")
    return Path(file).resolve() == Path(own_file).resolve() and name in ("", own_name)
