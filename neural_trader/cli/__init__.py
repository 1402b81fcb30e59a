"""The command line: `neural-trader backtest | sweep | run | check | data | model | halt | resume | top | orders | positions | doctor`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType
from typing import Final, NoReturn

from neural_trader.cli import backtest, check, data, doctor, model, orders, positions, run, state, sweep, top
from neural_trader.cli.common import EXIT_FAILURE
from neural_trader.processes import explain

__all__ = ["main"]

_PATIENCE_S: Final = 2.0  # for tidying up after a signal, before another one ends the process at once


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM came."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. Exit codes: 0 done, 2 configuration, usage or source, 3 ended halted, 1 anything else, 130 Ctrl-C, 143 SIGTERM."""
    options = _parser().parse_args(arguments)
    debug = os.environ.get("NEURAL_TRADER_DEBUG") == "1"
    logging.basicConfig(stream=sys.stderr, level=logging.DEBUG if debug else logging.INFO, format="neural-trader: %(message)s")
    _handle_signals()
    try:
        code: int = options.function(options)
        sys.stdout.flush()
    except Interrupted as interrupted:
        return 128 + interrupted.number
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more: nothing more to say at exit
        return EXIT_FAILURE
    except Exception as error:
        if debug:
            traceback.print_exc()
        code, text = explain(error)
        for line in text.splitlines():
            print(f"neural-trader: {line}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neural-trader",
        description="A trading kernel in shared memory: backtests, paper runs, limits that hold.",
        epilog="exit codes: 0 done, 2 configuration, usage or source, 3 ended halted, 1 other; NEURAL_TRADER_DEBUG=1 shows tracebacks",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"neural-trader {version('neural-trader')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (backtest, sweep, run, check, data, model, state, top, orders, positions, doctor):
        module.add(commands)
    return parser


def _handle_signals() -> None:
    """SIGINT and SIGTERM raise Interrupted once. More of them are ignored while what was begun is tidied up; later ones end the process."""
    first_s: list[float] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if first_s:
            if time.monotonic() - first_s[0] > _PATIENCE_S:
                _leave(number)
            return
        first_s.append(time.monotonic())
        raise Interrupted(number)

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def _leave(number: int) -> NoReturn:
    os._exit(128 + number)
