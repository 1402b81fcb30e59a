"""`neural-trader positions`."""

from __future__ import annotations

import argparse
from typing import Any

from neural_trader.cli.common import EXIT_OK, add_command, print_json, table
from neural_trader.monitor import Monitor, Snapshot

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "positions",
        "show the positions and the money of a running kernel",
        ("positions es-paper", "positions es-paper --json"),
        "Read-only. Profit is in account currency and before fees; unrealized at the mark price.",
    )
    parser.add_argument("name", metavar="NAME", help="the kernel's name, as in its configuration")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    with Monitor(options.name) as monitor:
        snapshot = monitor.snapshot()
    if options.json:
        print_json({"name": snapshot.name, "now_ns": snapshot.now_ns, "accounts": snapshot.accounts, "positions": snapshot.positions})
    else:
        print("\n".join(_lines(snapshot)))
    return EXIT_OK


def _lines(snapshot: Snapshot) -> list[str]:
    rows: list[tuple[str, ...]] = [("position", "quantity", "average", "mark", "realized", "unrealized", "fees", "fills")]
    for row in snapshot.positions:
        rows.append(
            (
                f"{row.account} {row.symbol}",
                f"{row.quantity:+.15g}" if row.quantity else "0",
                "" if row.average_price is None else f"{row.average_price:,.10g}",
                "" if row.mark_price is None else f"{row.mark_price:,.10g}",
                f"{row.realized_pnl:,.2f}",
                f"{row.unrealized_pnl:,.2f}",
                f"{row.fees:,.2f}",
                f"{row.fills:,}",
            )
        )
    lines = table(rows, right=range(1, 8)) if len(rows) > 1 else [f"{snapshot.name} has no position and has had none"]
    accounts: list[tuple[str, ...]] = [("account", "state", "equity", "cash", "realized", "unrealized", "fees", "today")]
    for account in snapshot.accounts:
        money = (account.equity, account.cash, account.realized_pnl, account.unrealized_pnl, account.fees, account.day_pnl)
        accounts.append((f"{account.name} {account.currency}", account.state, *(f"{value:,.2f}" for value in money)))
    return [*lines, "", *table(accounts, right=range(2, 8))]
