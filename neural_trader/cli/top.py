"""`neural-trader top`."""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from typing import Any

from neural_trader.cli.common import EXIT_OK, add_command, print_json, table
from neural_trader.errors import InvalidArgument, KernelDead
from neural_trader.monitor import LatencyState, Monitor, Snapshot
from neural_trader.wording import counted

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "top",
        "watch a running kernel: rings and lag, counters, percentiles, positions",
        ("top es-paper", "top es-paper --once", "top es-paper --interval 5 --json"),
        "Read-only and from its own process; ends when the kernel does. With --json a line of JSON for each frame.",
    )
    parser.add_argument("name", metavar="NAME", help="the kernel's name, as in its configuration")
    parser.add_argument("--interval", type=float, default=1.0, metavar="S", help="seconds between two frames; 1 unless given")
    parser.add_argument("--once", action="store_true", help="print one frame and end")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    if not 0.01 <= options.interval <= 3600:
        raise InvalidArgument(f"--interval {options.interval:g} is not 0.01 to 3600 seconds")
    terminal = sys.stdout.isatty() and not options.once
    with Monitor(options.name) as monitor:
        before: tuple[float, int] | None = None
        while True:
            try:
                snapshot = monitor.snapshot()
            except KernelDead:
                break
            now = time.monotonic()
            rate = None if before is None else (snapshot.counters.ticks - before[1]) / (now - before[0])
            before = (now, snapshot.counters.ticks)
            if options.json:
                print_json(snapshot)
            else:
                clear, gap = ("\x1b[H\x1b[2J", "\n") if terminal else ("", "\n" if options.once else "\n\n")
                print(f"{clear}{frame(snapshot, rate)}", end=gap, flush=True)
            if options.once:
                return EXIT_OK
            if not snapshot.alive:
                break
            time.sleep(options.interval)
    print(f"neural-trader: kernel {options.name} has ended", file=sys.stderr)
    return EXIT_OK


def frame(snapshot: Snapshot, ticks_per_second: float | None = None) -> str:
    """One frame as text."""
    counters = snapshot.counters
    denied = ", ".join(f"{reason} {count:,}" for reason, count in counters.denied.items())
    state = snapshot.state + (f" ({snapshot.state_reason})" if snapshot.state_reason else "")
    ended = "  source ended" if snapshot.source_ended else ""
    rate = f" ({ticks_per_second:,.0f} a second)" if ticks_per_second is not None else ""
    lines = [
        f"{snapshot.name}  pid {snapshot.pid}  {snapshot.clock}{_time(snapshot)}  {state}{ended}",
        f"ticks {counters.ticks:,}{rate}  slices {counters.slices:,}  "
        f"broadcast {min(snapshot.ticks_published, snapshot.tick_capacity):,} of {snapshot.tick_capacity:,}",
        f"orders accepted {counters.orders_accepted:,}  denied {counters.orders_denied:,}{f' ({denied})' if denied else ''}"
        f"  rejected {counters.orders_rejected:,}  cancels {counters.cancels:,}  replaces {counters.replaces:,}  fills {counters.fills:,}",
        f"reports {counters.reports:,}  held {counters.reports_held:,}  deaths {counters.deaths:,}  "
        f"hostile records {counters.hostile_records:,}",
        _latency("tick to order", snapshot.latency_ns["tick_to_order"]),
        _latency("order to report", snapshot.latency_ns["order_to_report"]),
        "",
    ]
    channels: list[tuple[str, ...]] = [("channel", "client", "state", "pid", "orders", "waiting", "reports", "waiting", "tick lag")]
    for row in snapshot.channels:
        numbers = (row.orders_taken, row.orders_waiting, row.reports_pushed, row.reports_waiting, row.tick_lag)
        channels.append((str(row.index), row.client, row.state, str(row.pid), *(f"{number:,}" for number in numbers)))
    lines += table(channels, right=(0, 3, 4, 5, 6, 7, 8))
    accounts: list[tuple[str, ...]] = [("account", "state", "equity", "cash", "day P&L", "fees", "open orders")]
    for account in snapshot.accounts:
        why = f"{account.state} {account.state_reason}" if account.state_reason else account.state
        money = (f"{value:,.2f}" for value in (account.equity, account.cash, account.day_pnl, account.fees))
        accounts.append((f"{account.name} {account.currency}", why, *money, str(account.open_orders)))
    lines += ["", *table(accounts, right=(2, 3, 4, 5, 6))]
    if snapshot.positions:
        positions = [("position", "quantity", "average", "mark", "working", "realized", "unrealized", "fills")]
        for position in snapshot.positions:
            positions.append(
                (
                    f"{position.account} {position.symbol}",
                    f"{position.quantity:+g}",
                    _number(position.average_price, ",.4f"),
                    _number(position.mark_price, ",g"),
                    f"+{position.working_buy:g} -{position.working_sell:g}",
                    f"{position.realized_pnl:,.2f}",
                    f"{position.unrealized_pnl:,.2f}",
                    f"{position.fills:,}",
                )
            )
        lines += ["", *table(positions, right=(1, 2, 3, 4, 5, 6, 7))]
    if snapshot.quotes:
        markets: list[tuple[str, ...]] = [("market", "session", "bid", "ask", "last", "size")]
        for quote in snapshot.quotes:
            values = (_number(value, ".10g") for value in (quote.bid, quote.ask, quote.last, quote.last_size))
            markets.append((f"{quote.symbol}{' (implied)' if quote.implied else ''}", quote.session, *values))
        lines += ["", *table(markets, right=(2, 3, 4, 5))]
    return "\n".join(lines)


def _time(snapshot: Snapshot) -> str:
    if snapshot.clock != "tape" or snapshot.now_ns <= 0:
        return ""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=snapshot.now_ns // 1000)
    return f" {moment.isoformat(sep=' ', timespec='milliseconds')} UTC"


def _latency(title: str, row: LatencyState) -> str:
    if row.p50 is None:
        return f"{title}: none yet"
    named = {"p50": row.p50, "p90": row.p90, "p99": row.p99, "p99.9": row.p999, "max": row.maximum}
    values = "  ".join(f"{name} {value / 1000:,.1f}" for name, value in named.items() if value is not None)
    return f"{title} µs: {values}  ({counted(row.count, 'sample')})"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
