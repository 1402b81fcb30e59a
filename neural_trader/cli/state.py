"""`neural-trader halt` and `neural-trader resume`."""

from __future__ import annotations

import argparse
import functools
import getpass
import os
from typing import Any, Final

from neural_trader.cli.common import EXIT_OK, add_command, print_json
from neural_trader.control import Control, State

__all__ = ["add"]

_SAYS: Final = {"HALTED": "no new orders; what worked has been cancelled; cancels pass", "ACTIVE": "orders are taken again"}
_KEPT: Final = "no new orders; what works stays and may still trade; cancels pass"


def add(commands: Any) -> None:
    """Add the commands."""
    halts = ("halt es-paper", 'halt es-paper --reason "wrong prices"', "halt es-paper --keep-orders")
    parser = _add(commands, "halt", "HALTED", "stop trading: cancel every working order of a kernel and deny new ones", halts)
    parser.add_argument(
        "--keep-orders", action="store_true", help="deny new orders only: what works stays at the venue, and may still trade"
    )
    _add(commands, "resume", "ACTIVE", "trade again after a halt or a latched loss limit", ("resume es-paper",))


def _add(commands: Any, name: str, state: State, summary: str, examples: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = add_command(commands, name, summary, examples, "The kernel has answered when the command returns.")
    parser.add_argument("name", metavar="NAME", help="the kernel's name, as in its configuration")
    parser.add_argument("--account", metavar="ACCOUNT", help="one account; every account unless given")
    parser.add_argument("--reason", metavar="TEXT", help="shown by top; up to 39 bytes")
    parser.set_defaults(function=functools.partial(run, state=state, verb=name), keep_orders=False)
    return parser


def run(options: argparse.Namespace, *, state: State, verb: str) -> int:
    """Run it."""
    reason = options.reason or f"{verb} by {_who()}"
    with Control(options.name) as control:
        control.set_state(state, reason, options.account, keep_orders=options.keep_orders)
    if options.json:
        kept = {"orders_kept": options.keep_orders} if state == "HALTED" else {}
        print_json({"name": options.name, "account": options.account, "state": state, "reason": reason, **kept})
    else:
        account = f" account {options.account}" if options.account else ""
        print(f"{options.name}{account}: {state} ({reason}); {_KEPT if options.keep_orders else _SAYS[state]}")
    return EXIT_OK


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
