"""`neural-trader check`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neural_trader.cli.common import EXIT_CONFIGURATION, EXIT_OK, add_command, add_settings, config_from, describe, print_json, table
from neural_trader.config import Config, describe_limits
from neural_trader.errors import ConfigError, ConfigProblem, InvalidArgument, SourceError
from neural_trader.instruments import Instrument
from neural_trader.loading import load_strategy
from neural_trader.result import venue_assumptions
from neural_trader.sources import instruments_of, trade_assumptions

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "check",
        "check a configuration: what runs, which limits are on and which are off",
        ("check run.toml", "check run.toml --set limits.max_position=off --json"),
        "Its strategy is loaded with its parameters; no market data are read. Every problem is listed.",
    )
    parser.add_argument("config", metavar="CONFIG", help="the TOML file")
    add_settings(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    try:
        config, instruments = _checked(options)
    except (ConfigError, SourceError, InvalidArgument) as error:
        if options.json:
            problems = error.errors if isinstance(error, ConfigError) else [ConfigProblem("source", str(error))]
            print_json({"ok": False, "errors": [{"path": problem.path, "message": problem.message} for problem in problems]})
            return EXIT_CONFIGURATION
        raise
    limits = describe_limits(config)
    assumptions = _assumptions(config, instruments)
    if options.json:
        print_json(
            {
                "ok": True,
                "name": config.name,
                "mode": config.mode,
                "strategy": config.strategy,
                "parameters": config.parameters,
                "source": config.source,
                "instruments": instruments,
                "venue": config.venue,
                "accounts": config.accounts,
                "checks": [row._asdict() for row in limits],
                "assumptions": assumptions,
            }
        )
        return EXIT_OK
    print(describe(config, instruments))
    rows = [("check", "name", "state", "value")]
    rows += [(str(row.check), row.name, "on" if row.enabled else "OFF", row.value or "") for row in limits]
    print("\n".join(f"  {line}" for line in table(rows, right=(0,))))
    if assumptions:
        print("\n".join(["assumed:", *(f"  - {sentence}" for sentence in assumptions)]))
    print("the configuration is in order")
    return EXIT_OK


def _checked(options: argparse.Namespace) -> tuple[Config, Mapping[str, Instrument]]:
    """The configuration, with everything that can be known without market data. Raises with all problems together."""
    config = config_from(options.config, options.settings)
    problems: list[ConfigProblem] = []
    instruments: Mapping[str, Instrument] = config.instruments
    source = config.source.path
    if source is not None:
        try:
            instruments = instruments_of(source, config)
        except SourceError as error:
            problems.append(ConfigProblem("source", str(error)))
        if not source.startswith("sample:") and not Path(source).is_file():
            problems.append(ConfigProblem("source.path", f"there is no file {source}"))
    if config.strategy is not None:
        try:
            load_strategy(config.strategy, config.parameters)
        except ConfigError as error:
            problems += error.errors
    if problems:
        raise ConfigError(problems, options.config)
    return config, instruments


def _assumptions(config: Config, instruments: Mapping[str, Instrument]) -> list[str]:
    sentences: list[str] = []
    if config.source.path is not None:
        for instrument in instruments.values():
            timezone = config.source.timezone or (instrument.session.timezone if instrument.session is not None else None)
            sentences += trade_assumptions(instrument, timezone or "the source")
    return [*sentences, *venue_assumptions(config)]
