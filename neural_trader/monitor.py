"""A read-only look at a kernel of any process: it needs no channel and disturbs nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, Self

import msgspec

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import Busy, KernelDead, NotFound
from neural_trader.numbers import from_raw, to_decimal
from neural_trader.records import ABSENT, REASONS, Tradable, call, check, find_accounts, find_tradables

__all__ = [
    "AccountState",
    "ChannelState",
    "Counters",
    "LatencyState",
    "Monitor",
    "PositionState",
    "QuoteState",
    "Snapshot",
]

_TRIES: Final = 100  # of a row that is being written
_CHANNEL_STATES: Final = {0: "free", 1: "claimed", 2: "lockstep"}
_CLOCKS: Final = {abi.NT_CLOCK_TAPE: "tape", abi.NT_CLOCK_MONOTONIC: "real time"}


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed client channel. `orders_waiting` and `reports_waiting` are what its two rings hold, `tick_lag` how many ticks its client
    is behind the broadcast."""

    index: int
    client: str
    state: str
    pid: int
    orders_taken: int
    orders_waiting: int
    reports_pushed: int
    reports_waiting: int
    tick_lag: int
    last_client_order_id: int


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel has counted since its start; `denied` by reason."""

    inputs: int
    ticks: int
    slices: int
    orders_accepted: int
    orders_denied: int
    requests_denied: int
    orders_rejected: int
    cancels: int
    replaces: int
    fills: int
    reports: int
    reports_held: int
    frames: int
    frame_bytes: int
    deaths: int
    hostile_records: int
    signals: int
    denied: dict[str, int]


class LatencyState(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles in nanoseconds; None before the first sample."""

    count: int
    minimum: int | None
    p50: int | None
    p90: int | None
    p99: int | None
    p999: int | None
    maximum: int | None


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """Money and trading state of an account; `state_reason` is what latched it."""

    name: str
    currency: str
    state: str
    state_reason: str | None
    cash: Decimal
    equity: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    day_pnl: Decimal
    open_orders: int


class PositionState(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was ever traded or has working orders, in units; `average_price` and `mark_price` None where there is none."""

    account: str
    symbol: str
    quantity: float
    working_buy: float
    working_sell: float
    average_price: float | None
    mark_price: float | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    fills: int


class QuoteState(msgspec.Struct, frozen=True, kw_only=True):
    """Latest market of an instrument, in units; None until known."""

    symbol: str
    session: str
    implied: bool
    bid: float | None
    ask: float | None
    last: float | None
    last_size: float | None
    ts_event: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at about one moment: each part is consistent in itself. `now_ns` is the kernel's time."""

    name: str
    pid: int
    clock: str
    alive: bool
    looping: bool
    source_ended: bool
    now_ns: int
    started_ns: int
    state: str
    state_reason: str
    participants: int
    channel_count: int
    ticks_published: int
    tick_capacity: int
    counters: Counters
    latency_ns: dict[str, LatencyState]
    channels: list[ChannelState]
    accounts: list[AccountState]
    positions: list[PositionState]
    quotes: list[QuoteState]


class Monitor:
    """Reads of a running kernel. NotFound when there is none of this name, KernelDead when its process is gone."""

    def __init__(self, kernel: str) -> None:
        self._handle = 0
        self.kernel = kernel
        self._handle = _attach(kernel)
        self._tradables = list(find_tradables(self._handle).values())
        self._accounts = find_accounts(self._handle)
        self._status = ffi.new("nt_status *")
        self._counters = ffi.new("nt_counters *")
        self._channel = ffi.new("nt_channel *")
        self._latency = ffi.new("nt_latency *")
        self._account = ffi.new("nt_account_view *")
        self._position = ffi.new("nt_position *")
        self._quote = ffi.new("nt_quote *")
        self._incarnation = int(self.status().incarnation)

    def status(self) -> Any:
        """The nt_status record, good until the next read."""
        self._read(lib.nt_read_status, self._status)
        return self._status

    def counters(self) -> Any:
        """The nt_counters record, good until the next read."""
        self._read(lib.nt_read_counters, self._counters)
        return self._counters

    def channels(self) -> list[ChannelState]:
        """The channels that a client holds."""
        found = []
        row = self._channel
        for index in range(int(self.status().channels)):
            self._read(lib.nt_read_channel, index, row)
            if row.state:
                found.append(
                    ChannelState(
                        index=index,
                        client=_text(row.client),
                        state=_CHANNEL_STATES.get(row.state, str(row.state)),
                        pid=row.pid,
                        orders_taken=row.orders_taken,
                        orders_waiting=row.orders_waiting,
                        reports_pushed=row.reports_pushed,
                        reports_waiting=row.reports_waiting,
                        tick_lag=row.tick_lag,
                        last_client_order_id=row.last_client_order_id,
                    )
                )
        return found

    @property
    def alive(self) -> bool:
        """Whether the kernel that this monitor attached to still exists. False for ever once its process has left it."""
        try:
            other = _attach(self.kernel)
        except (NotFound, KernelDead):
            return False
        row = ffi.new("nt_status *")
        try:
            check(lib.nt_read_status(other, row), other)
        finally:
            lib.nt_close(other)
        return bool(row.incarnation == self._incarnation)

    def snapshot(self) -> Snapshot:
        """Read everything."""
        alive = self.alive
        accounts = list(self._account_states())
        states = {account.state for account in accounts}
        channels = self.channels()
        latency = {
            "tick_to_order": self._latency_state(abi.NT_LATENCY_TICK_TO_ORDER),
            "order_to_report": self._latency_state(abi.NT_LATENCY_ORDER_TO_REPORT),
        }
        status = self.status()
        return Snapshot(
            name=_text(status.name),
            pid=status.pid,
            clock=_CLOCKS.get(status.clock, str(status.clock)),
            alive=alive,
            looping=bool(status.running),
            source_ended=bool(status.source_ended),
            now_ns=status.now,
            started_ns=status.started_realtime,
            state=next((name for name in ("HALTED", "REDUCING", "ACTIVE") if name in states), "ACTIVE"),
            state_reason=_text(status.state_reason),
            participants=status.participants,
            channel_count=status.channels,
            ticks_published=status.ticks_published,
            tick_capacity=status.tick_capacity,
            counters=self._counters_state(),
            latency_ns=latency,
            channels=channels,
            accounts=accounts,
            positions=list(self._positions()),
            quotes=list(self._quotes()),
        )

    def _counters_state(self) -> Counters:
        row = self.counters()
        denied = {REASONS[100 + number]: int(count) for number, count in enumerate(row.denied) if count}
        return Counters(**{name: int(getattr(row, name)) for name in Counters.__struct_fields__ if name != "denied"}, denied=denied)

    def _latency_state(self, kind: int) -> LatencyState:
        row = self._latency
        self._read(lib.nt_read_latency, kind, row)
        if not row.count:
            return LatencyState(count=0, minimum=None, p50=None, p90=None, p99=None, p999=None, maximum=None)
        return LatencyState(
            count=row.count,
            minimum=row.minimum_ns,
            p50=row.p50_ns,
            p90=row.p90_ns,
            p99=row.p99_ns,
            p999=row.p999_ns,
            maximum=row.maximum_ns,
        )

    def _account_states(self) -> Iterator[AccountState]:
        row = self._account
        for name, (index, currency, decimals) in self._accounts.items():
            self._read(lib.nt_read_account, index, row)
            yield AccountState(
                name=name,
                currency=currency,
                state=abi.TradingState(row.state).name,
                state_reason=REASONS.get(row.state_reason),
                cash=to_decimal(row.cash, decimals),
                equity=to_decimal(row.equity, decimals),
                realized_pnl=to_decimal(row.realized_pnl, decimals),
                unrealized_pnl=to_decimal(row.unrealized_pnl, decimals),
                fees=to_decimal(row.fees, decimals),
                day_pnl=to_decimal(row.day_pnl, decimals),
                open_orders=row.open_orders,
            )

    def _positions(self) -> Iterator[PositionState]:
        row = self._position
        for name, (index, _, decimals) in self._accounts.items():
            for tradable in self._tradables:
                self._read(lib.nt_read_position, index, tradable.index, row)
                if not (row.fills or row.working_buy or row.working_sell):
                    continue
                yield PositionState(
                    account=name,
                    symbol=tradable.symbol,
                    quantity=from_raw(row.quantity, tradable.quantity_decimals),
                    working_buy=from_raw(row.working_buy, tradable.quantity_decimals),
                    working_sell=from_raw(row.working_sell, tradable.quantity_decimals),
                    average_price=row.average_price if row.quantity else None,
                    mark_price=_price(row.mark_price, tradable),
                    realized_pnl=to_decimal(row.realized_pnl, decimals),
                    unrealized_pnl=to_decimal(row.unrealized_pnl, decimals),
                    fees=to_decimal(row.fees, decimals),
                    fills=row.fills,
                )

    def _quotes(self) -> Iterator[QuoteState]:
        row = self._quote
        for tradable in self._tradables:
            if self._try(lib.nt_read_quote, tradable.index, row) == abi.NT_ERR_NO_DATA:
                continue
            yield QuoteState(
                symbol=tradable.symbol,
                session=abi.Session(row.session).name,
                implied=bool(row.flags & abi.NT_TICK_IMPLIED),
                bid=_price(row.bid_price, tradable),
                ask=_price(row.ask_price, tradable),
                last=_price(row.last_price, tradable),
                last_size=None if row.last_size == ABSENT else from_raw(row.last_size, tradable.quantity_decimals),
                ts_event=row.ts_event,
            )

    def _try(self, function: Callable[..., int], *arguments: Any) -> int:
        """The result of a read; a row that is being written is read again."""
        for attempt in range(_TRIES):
            result = function(self._handle, *arguments)
            if result != abi.NT_ERR_BUSY:
                return result if result == abi.NT_ERR_NO_DATA else check(result, self._handle)
            time.sleep(0.0001 * attempt)
        raise Busy("the kernel writes this row all the time; read it again")

    def _read(self, function: Callable[..., int], *arguments: Any) -> None:
        self._try(function, *arguments)

    def close(self) -> None:
        """Let go of the kernel's memory. Closing twice is harmless."""
        if self._handle:
            handle, self._handle = self._handle, 0
            lib.nt_close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _attach(kernel: str) -> int:
    handle = ffi.new("uint32_t *")
    call(lib.nt_monitor_attach, kernel.encode(), handle)
    return int(handle[0])


def _text(field: Any) -> str:
    return str(ffi.string(field).decode("utf-8", "replace"))


def _price(raw: int, tradable: Tradable) -> float | None:
    return None if raw == ABSENT else from_raw(raw, tradable.price_decimals)
