"""`neural-trader check`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neural_trader.cli.common import (
    EXIT_CONFIGURATION,
    EXIT_OK,
    absolute,
    add_command,
    add_settings,
    add_sources,
    apply_setting,
    describe,
    one_or_many,
    print_json,
    table,
)
from neural_trader.config import Config, read_tables
from neural_trader.config_check import InvalidSetting, inspect_config, settings_refused
from neural_trader.config_limits import describe_limits
from neural_trader.errors import ConfigError, ConfigProblem
from neural_trader.instruments import Instrument
from neural_trader.kernel_models import try_models
from neural_trader.loading import load_strategy
from neural_trader.result import venue_assumptions
from neural_trader.sources import instruments_of, is_trades, trade_assumptions

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
    add_sources(parser)
    add_settings(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    config, models, refused = _checked(options)
    if refused or config is None:
        if not options.json:
            raise ConfigError([ConfigProblem(problem.path, problem.message) for problem in refused], options.config)
        print_json({"ok": False, "errors": refused})
        return EXIT_CONFIGURATION
    source = config.source.path
    instruments = instruments_of(source, config) if source is not None else config.instruments
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
                "models": models,
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


def _checked(options: argparse.Namespace) -> tuple[Config | None, dict[str, Any], list[InvalidSetting]]:
    """The configuration as far as it is sound, its models, and everything that is wrong with it that can be known without market data."""
    models: dict[str, Any] = {}
    problems: list[ConfigProblem] = []
    try:
        data = read_tables(options.config)
    except ConfigError as error:
        return None, models, settings_refused({}, error.errors)
    for setting in options.settings:
        apply_setting(data, setting, problems)
    if options.source and isinstance(data.setdefault("source", {}), dict):
        data["source"]["path"] = absolute(one_or_many(options.source))
    config, found = inspect_config(data, Path(options.config).parent)
    problems += found
    if config is not None and config.strategy is not None and not any(problem.path == "strategy" for problem in problems):
        try:
            load_strategy(config.strategy, config.parameters)
        except ConfigError as error:
            problems += error.errors
    if config is not None and config.models and not problems:
        source = config.source.path
        models, refused = try_models(config, instruments_of(source, config) if source is not None else config.instruments)
        problems += refused
    return config, models, settings_refused(data, problems)


def _assumptions(config: Config, instruments: Mapping[str, Instrument]) -> list[str]:
    sentences: list[str] = []
    if config.source.path is not None and is_trades(config.source.path):
        for instrument in instruments.values():
            timezone = config.source.timezone or (instrument.session.timezone if instrument.session is not None else None)
            sentences += trade_assumptions(instrument, timezone or "the source")
    return [*dict.fromkeys(sentences), *venue_assumptions(config)]
