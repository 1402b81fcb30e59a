"""The core under the same histories as the model, through the ABI."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from neural_trader._native import abi, ffi, lib
from reference.inputs import ABSENT, Account, Instrument, Request, Terms, Tick, Venue
from reference.orders import Report

ROOM = 512
MARKET_FIELDS = ("bid_price", "ask_price", "bid_size", "ask_size", "last_price", "session")
POSITION_FIELDS = ("quantity", "working_buy", "working_sell", "projected", "realized_pnl", "unrealized_pnl", "fees", "fills")
ACCOUNT_FIELDS = ("cash", "equity", "realized_pnl", "unrealized_pnl", "fees", "day_pnl", "open_orders", "state", "state_reason")
COUNTERS = ("hostile_records", "orders_denied", "orders_rejected", "cancels", "replaces", "fills", "reports")
Values = dict[str, Any]


def call(result: int) -> int:
    """The result of a call that has to succeed."""
    assert result >= 0, abi.Result(result).name
    return int(result)


def fill(record: Any, values: Values) -> Any:
    """A record with these fields; None is absent."""
    for name, value in values.items():
        setattr(record, name, ABSENT if value is None else value)
    return record


class Core:
    """A kernel without a name, on its caller's thread. Used as a context."""

    def __init__(
        self, settings: Venue, instruments: list[Instrument], accounts: list[Account], terms: dict[tuple[int, int], Terms]
    ) -> None:
        error, handle = ffi.new("nt_error *"), ffi.new("uint32_t *")
        config = fill(ffi.new("nt_kernel_config *"), asdict(settings))
        config.clock, config.ring_capacity, config.tick_capacity, config.journal_bytes = abi.NT_CLOCK_TAPE, 1024, 1024, 1 << 17
        config.instruments, config.accounts = len(instruments), len(accounts)
        call(lib.nt_kernel_create(config, handle, error))
        self.kernel = int(handle[0])
        for number, instrument in enumerate(instruments):
            row = fill(ffi.new("nt_instrument *"), asdict(instrument))
            row.symbol, row.currency = f"I{number}".encode(), b"USD"
            call(lib.nt_kernel_add_instrument(self.kernel, row))
        for number, account in enumerate(accounts):
            row = fill(ffi.new("nt_account *"), asdict(account))
            row.name, row.currency = f"A{number}".encode(), b"USD"
            call(lib.nt_kernel_add_account(self.kernel, row))
        for (account_number, number), pair in terms.items():
            row = fill(ffi.new("nt_terms *"), asdict(pair))
            row.account, row.instrument = account_number, number
            call(lib.nt_kernel_set_terms(self.kernel, row))
        self.clients = []
        for channel in range(settings.channels):
            call(lib.nt_kernel_client(self.kernel, f"c{channel}".encode(), handle, error))
            self.clients.append(int(handle[0]))
        self.ticks, self.reports, self.polled = ffi.new("nt_tick[]", ROOM), ffi.new("nt_report[]", ROOM), ffi.new("nt_poll *")

    def __enter__(self) -> Core:
        return self

    def __exit__(self, *error: object) -> None:
        call(lib.nt_close(self.kernel))

    def replay(self, ticks: tuple[Tick, ...]) -> None:
        """Replay a slice, or a part of one."""
        records = ffi.new("nt_tick[]", len(ticks))
        for record, tick in zip(records, ticks, strict=True):
            names = QUOTE_FIELDS if tick.kind == abi.NT_TICK_QUOTE else TRADE_FIELDS
            fill(record, {name: getattr(tick, name) for name in ("kind", "ts_event", "instrument", "flags", *names)})
        assert call(lib.nt_kernel_replay(self.kernel, records, len(ticks))) == len(ticks)

    def submit(self, channel: int, request: Request) -> int | None:
        """Leave it in the client's ring. The client's clock; None when the library itself refuses the request's id."""
        record = fill(ffi.new("nt_order *"), asdict(request))
        result = lib.nt_client_submit(self.clients[channel], record)
        if result == abi.NT_ERR_INVALID:
            return None
        call(result)
        return int(record.ts)

    def turn(self) -> None:
        """Let the kernel take what is in the rings."""
        assert call(lib.nt_kernel_replay(self.kernel, ffi.NULL, 0)) == 0

    def set_state(self, account: int | None, state: int) -> None:
        """A command of the operator."""
        call(lib.nt_kernel_set_state(self.kernel, 65535 if account is None else account, state, b"test"))
        self.turn()

    def new_reports(self, channel: int) -> list[Report]:
        """Reports since the last call."""
        call(lib.nt_client_poll(self.clients[channel], self.ticks, ROOM, self.reports, ROOM, 0, self.polled))
        return [{name: int(getattr(self.reports[i], name)) for name in REPORT_FIELDS} for i in range(self.polled.reports)]

    def counters(self) -> Values:
        """Those that follow from reports and ticks."""
        counters = ffi.new("nt_counters *")
        call(lib.nt_read_counters(self.kernel, counters))
        return {name: int(getattr(counters, name)) for name in COUNTERS}

    def market(self, instrument: int) -> Values:
        """The quote; empty before the first tick."""
        row = ffi.new("nt_quote *")
        if lib.nt_read_quote(self.kernel, instrument, row) == abi.NT_ERR_NO_DATA:
            return {}
        return {name: int(getattr(row, name)) for name in MARKET_FIELDS}

    def position(self, account: int, instrument: int) -> Values:
        """Every field that a fill, a request or a mark changes."""
        row = ffi.new("nt_position *")
        call(lib.nt_read_position(self.kernel, account, instrument, row))
        values: Values = {name: int(getattr(row, name)) for name in POSITION_FIELDS}
        average = float(row.average_price)
        return {**values, "average_price": None if math.isnan(average) else average, "mark_price": int(row.mark_price)}

    def account(self, account: int) -> Values:
        """All of it."""
        row = ffi.new("nt_account_view *")
        call(lib.nt_read_account(self.kernel, account, row))
        return {name: int(getattr(row, name)) for name in ACCOUNT_FIELDS}


QUOTE_FIELDS = ("bid_price", "ask_price", "bid_size", "ask_size")
TRADE_FIELDS = ("price", "size", "trade_id", "aggressor")
REPORT_FIELDS = (
    *("ts_event", "client_order_id", "last_price", "last_quantity", "leaves_quantity", "cumulative_quantity", "exec_type", "order_status"),
    *("side", "liquidity", "reason", "check", "ts_recv", "venue_order_id", "execution_id", "fee", "observed", "limit", "instrument"),
    *("account", "strategy", "fix_reason", "channel", "flags", "unit"),
)
