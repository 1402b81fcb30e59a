"""`neural-trader sweep`."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import re
import sys
from typing import Any, Final, NoReturn

from neural_trader.backtest import funded
from neural_trader.cli.backtest import is_own
from neural_trader.cli.common import (
    EXIT_FAILURE,
    EXIT_OK,
    add_command,
    add_settings,
    add_sources,
    config_from,
    has_accounts,
    highlights,
    print_json,
    source_from,
    table,
    with_source,
)
from neural_trader.errors import ConfigError, ConfigProblem
from neural_trader.loading import strategy_class
from neural_trader.sources import instruments_of
from neural_trader.sweep import sweep, walk_forward
from neural_trader.sweep_grid import parse_axis
from neural_trader.sweep_progress import ProgressText
from neural_trader.sweep_result import SweepResult, WalkForwardResult, statistics_lines
from neural_trader.wording import counted

__all__ = ["add"]

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "sweep",
        "run a strategy over a grid of parameters in several processes",
        (
            "sweep flow.py --grid enter=0.2:0.8:0.1 --source sample:es-2013-09",
            "sweep making.py:Making --grid half_spread_ticks=1,2,3 --grid skew_ticks=0:1:0.5 --source trades.csv --config run.toml",
            "sweep flow.py --grid enter=0.2:0.8:0.1 --source sample:es-2013-09 --resume flow.jsonl --json",
            "sweep flow.py --grid enter=0.4,0.6 --source sample:es-2013-09 --walk-forward 1:1",
        ),
        "The number of trials, and what the best of so many is worth, are always shown.",
    )
    parser.add_argument("strategy", metavar="STRATEGY", help='"file.py:Class", or "file.py" when it holds one strategy')
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="values of a parameter: START:STOP:STEP (exact decimals, both ends included), 1,2,5, or a JSON array; may be repeated",
    )
    add_sources(parser)
    parser.add_argument("--config", metavar="FILE", help="instruments, venue, accounts and limits, and the parameters of its strategy")
    add_settings(parser)
    parser.add_argument(
        "--limit", action="append", default=[], metavar="KEY=VALUE", help="short for --set limits.KEY=VALUE; a VALUE of off switches it off"
    )
    parser.add_argument("--processes", type=int, help="worker processes; one a processor unless given")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers that strategies draw (0)")
    parser.add_argument("--resume", metavar="FILE", help="add each trial to this file of JSON lines, and take from it what is finished")
    parser.add_argument(
        "--objective", choices=("net", "sharpe"), default="net", help="what the best has most of: net profit or Sharpe ratio"
    )
    parser.add_argument("--top", type=int, default=20, help="trials in the table (20)")
    parser.add_argument(
        "--walk-forward",
        metavar="TRAIN:TEST[:STEP]",
        help="choose on TRAIN and run the best on TEST after it, again and again: numbers of sessions, or times such as 6h:1h or 20d:5d",
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    settings = [*options.settings, *(f"limits.{limit}" for limit in options.limit)]
    if options.config is not None and not is_own(options):
        settings = ["parameters={}", *settings]
    config = config_from(options.config, settings, name="sweep")
    source = source_from(options, config)
    config = with_source(config, source)
    strategy = strategy_class(options.strategy)
    axes = [parse_axis(text) for text in options.grid]
    twice = sorted({name for name, _ in axes if [other for other, _ in axes].count(name) > 1})
    if twice:
        raise ConfigError([ConfigProblem(f"grid.{name}", "is given twice; list all its values in one --grid") for name in twice])
    if not axes:
        raise ConfigError([ConfigProblem("grid", "is missing; add --grid NAME=VALUES, such as --grid enter=0.2:0.8:0.1")])
    grid: dict[str, Any] = {name: [value] for name, value in config.parameters.items() if name not in dict(axes)}
    grid |= dict(axes)
    if options.top < 1:
        raise ConfigError([ConfigProblem("top", f"must be 1 or more, not {options.top}")])
    split = _lengths(options.walk_forward) if options.walk_forward is not None else None
    instruments = instruments_of(source, config)
    if not has_accounts(options):
        config = funded(config, instruments)
    highlights(config, source, instruments, options.json)
    common = {"processes": options.processes, "seed": options.seed, "resume": options.resume, "objective": options.objective}
    progress = ProgressText(sys.stderr)
    try:
        with contextlib.redirect_stdout(sys.stderr) if options.json else contextlib.nullcontext():
            if split is None:
                result: SweepResult | WalkForwardResult = sweep(strategy, grid, source, config, progress=progress, **common)
            else:
                result = walk_forward(strategy, grid, source, config, progress=progress, **split, **common)
    except KeyboardInterrupt:
        progress.finish()
        print(f"neural-trader: {_kept(progress, options.resume)}", file=sys.stderr)
        raise
    finally:
        progress.finish()
    if options.json:
        print_json(result.summary)
    elif isinstance(result, SweepResult):
        _show(result, options.top)
    else:
        print(result)
    return EXIT_FAILURE if result.statistics["failed"] else EXIT_OK


def _kept(progress: ProgressText, file: str | None) -> str:
    """What an interrupted sweep leaves, and how to go on."""
    if progress.total:
        done = f"interrupted: {progress.done:,} of {counted(progress.total, 'trial')} done"
    else:
        done = "interrupted before a trial was done"
    if file is None:
        return f"{done}, nothing is kept; add --resume FILE to keep each trial as it ends"
    kept = f" and kept in {file}" if progress.total else ""
    return f"{done}{kept}; the same command, with --resume {file}, goes on from there"


def _show(result: SweepResult, top: int) -> None:
    rows = result.table(top)
    print("\n".join(table(rows, right=range(len(rows[0])))))
    if len(result.ranked) > top:
        print(f"… and {len(result.ranked) - top:,} more; --top shows more")
    for trial in result.failed:
        print(f"trial {trial.number} failed: {trial.failure}")
    print("\n".join(statistics_lines(result.statistics)))
    print(f"{counted(len(result.trials), 'trial')} in {result.elapsed_s:.3f} s, {result.resumed:,} of them resumed")


def _lengths(text: str) -> dict[str, Any]:
    """train, test and step of "3:1", "3:1:1" or "6h:1h"."""
    parts = text.split(":")
    if len(parts) not in (2, 3):
        _refuse(text)
    return dict(zip(("train", "test", "step"), (_length(part.strip(), text) for part in parts), strict=False))


def _length(part: str, text: str) -> int | datetime.timedelta:
    found = re.fullmatch(r"([0-9]{1,6})([smhd]?)", part)
    if found is None:
        _refuse(text)
    number, unit = int(found[1]), found[2]
    return datetime.timedelta(**{_UNITS[unit]: number}) if unit else number


def _refuse(text: str) -> NoReturn:
    raise ConfigError([ConfigProblem("walk-forward", f"{text!r}: write it as TRAIN:TEST or TRAIN:TEST:STEP, such as 3:1 or 6h:1h")])
