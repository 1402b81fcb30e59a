"""`neural-trader orders`."""

from __future__ import annotations

import argparse
from typing import Any

from neural_trader.cli.common import EXIT_OK, add_command, print_json, table
from neural_trader.control import Control, WorkingOrder
from neural_trader.monitor import Monitor, Snapshot
from neural_trader.wording import counted

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "orders",
        "show the orders that work at a running kernel, of every client, and what the kernel counts of them",
        ("orders es-paper", "orders es-paper --json"),
        "The kernel is asked for one order after the other and goes on trading meanwhile. Nothing is changed.",
    )
    parser.add_argument("name", metavar="NAME", help="the kernel's name, as in its configuration")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    with Monitor(options.name) as monitor, Control(options.name) as control:
        snapshot = monitor.snapshot()
        orders = control.orders()
    working = [position for position in snapshot.positions if position.working_buy or position.working_sell]
    counters = snapshot.counters
    if options.json:
        print_json(
            {
                "name": snapshot.name,
                "accepted": counters.orders_accepted,
                "denied": counters.denied,
                "rejected": counters.orders_rejected,
                "cancels": counters.cancels,
                "replaces": counters.replaces,
                "fills": counters.fills,
                "clients": snapshot.channels,
                "accounts": [
                    {"account": row.name, "state": row.state, "state_reason": row.state_reason, "open_orders": row.open_orders}
                    for row in snapshot.accounts
                ],
                "orders": orders,
                "working": [
                    {"account": row.account, "symbol": row.symbol, "buy": row.working_buy, "sell": row.working_sell} for row in working
                ],
            }
        )
        return EXIT_OK
    print("\n".join(_lines(snapshot, orders)))
    return EXIT_OK


def _lines(snapshot: Snapshot, orders: list[WorkingOrder]) -> list[str]:
    counters = snapshot.counters
    denied = ", ".join(f"{reason} {count:,}" for reason, count in counters.denied.items())
    reasons = f" ({denied})" if denied else ""
    lines = [
        f"{snapshot.name}: {counters.orders_accepted:,} accepted, {sum(counters.denied.values()):,} denied{reasons}, "
        f"{counters.orders_rejected:,} rejected, {counted(counters.fills, 'fill')}, {counted(counters.replaces, 'replace')}, "
        f"{counted(counters.cancels, 'cancel')}"
    ]
    if orders:
        rows = [("client", "order", "account", "symbol", "side", "type", "leaves", "price", "trigger", "in force", "status")]
        rows += [
            (
                order.client,
                str(order.order_id),
                order.account,
                order.symbol,
                order.side,
                order.type,
                f"{order.leaves_quantity:.15g}",
                "" if order.price is None else f"{order.price:.15g}",
                "" if order.trigger_price is None else f"{order.trigger_price:.15g}",
                order.time_in_force,
                order.status,
            )
            for order in orders
        ]
        lines += ["", *table(rows, right=(1, 6, 7, 8))]
    accounts = [("account", "state", "open orders")]
    accounts += [(row.name, row.state, f"{row.open_orders:,}") for row in snapshot.accounts]
    lines += ["", *table(accounts, right=(2,))]
    working = [("working", "buy", "sell")]
    working += [
        (f"{row.account} {row.symbol}", f"{row.working_buy:g}", f"{row.working_sell:g}")
        for row in snapshot.positions
        if row.working_buy or row.working_sell
    ]
    if len(working) > 1:
        lines += ["", *table(working, right=(1, 2))]
    clients = [("client", "pid", "taken", "waiting", "last id", "reports", "unread")]
    clients += [
        (
            row.client,
            str(row.pid),
            f"{row.orders_taken:,}",
            f"{row.orders_waiting:,}",
            str(row.last_client_order_id),
            f"{row.reports_pushed:,}",
            f"{row.reports_waiting:,}",
        )
        for row in snapshot.channels
    ]
    if len(clients) > 1:
        lines += ["", *table(clients, right=(1, 2, 3, 4, 5, 6))]
    return lines
