"""Commands to a running kernel: its trading state, and the end of its loop."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

import msgspec

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument
from neural_trader.numbers import from_raw
from neural_trader.records import ABSENT, SIDES, Tradable, call, check, find_accounts, find_tradables, unknown

__all__ = ["Control", "State", "WorkingOrder"]

State = Literal["ACTIVE", "REDUCING", "HALTED"]

_NANOSECONDS: Final = 1_000_000_000
_EVERY_ACCOUNT: Final = 65535
_REASON_BYTES: Final = 39


class WorkingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order that works, of any client. Prices and the quantity that may still trade are in units; None where there is none."""

    client: str
    order_id: int
    account: str
    symbol: str
    side: str
    type: str
    leaves_quantity: float
    price: float | None
    trigger_price: float | None
    time_in_force: str
    status: str

    @classmethod
    def of(cls, row: Any, tradable: Tradable, account: str, client: str) -> Self:
        """From the nt_working_order of an instrument."""

        def price(raw: int) -> float | None:
            return None if raw == ABSENT else from_raw(raw, tradable.price_decimals)

        return cls(
            client=client,
            order_id=row.client_order_id,
            account=account,
            symbol=tradable.symbol,
            side=SIDES[row.side],
            type=abi.OrderType(row.type).name,
            leaves_quantity=from_raw(row.leaves_quantity, tradable.quantity_decimals),
            price=price(row.price),
            trigger_price=price(row.trigger_price),
            time_in_force=abi.TimeInForce(row.time_in_force).name,
            status=abi.OrderStatus(row.status).name,
        )


class Control:
    """The control channel of a kernel of any process. One holder at a time; an attach waits up to `timeout_s` for its turn.

    NotFound when there is no such kernel, KernelDead when its process is gone, TimedOut when it does not answer.
    """

    def __init__(self, kernel: str, *, timeout_s: float = 2.0) -> None:
        handle = ffi.new("uint32_t *")
        self._handle = 0
        self._timeout_ns = int(timeout_s * _NANOSECONDS)
        call(lib.nt_control_attach, kernel.encode(), self._timeout_ns, handle)
        self._handle = int(handle[0])
        self.kernel = kernel

    def set_state(self, state: State, reason: str, account: str | None = None, *, keep_orders: bool = False) -> None:
        """Set the trading state of an account, of all unless named. HALTED cancels what works, unless it is to keep orders: those may
        still trade. ACTIVE ends a halt, a latched one too.

        `reason` is kept in the kernel's status, cut to 39 bytes.
        """
        if state not in abi.TradingState.__members__:
            raise InvalidArgument(f"state {state!r} is not one of {', '.join(abi.TradingState.__members__)}")
        index = _EVERY_ACCOUNT
        if account is not None:
            accounts = find_accounts(self._handle)
            if account not in accounts:
                raise unknown("account", account, list(accounts))
            index = accounts[account][0]
        kind = abi.NT_COMMAND_SET_STATE_KEEP_ORDERS if keep_orders else abi.NT_COMMAND_SET_STATE
        self._send(kind, int(abi.TradingState[state]), index, reason)

    def orders(self) -> list[WorkingOrder]:
        """The orders that work, of all clients: by client, and in the order of their slots. The kernel is asked for one after the other,
        and goes on trading meanwhile."""
        tradables = list(find_tradables(self._handle).values())
        accounts = {index: name for name, (index, *_) in find_accounts(self._handle).items()}
        clients: dict[int, str] = {}
        row, channel = ffi.new("nt_working_order *"), ffi.new("nt_channel *")
        found: list[WorkingOrder] = []
        cursor = 0
        while True:
            cursor = check(lib.nt_control_next_order(self._handle, cursor, row, self._timeout_ns), self._handle)
            if row.side:
                if row.channel not in clients:
                    check(lib.nt_read_channel(self._handle, row.channel, channel), self._handle)
                    clients[row.channel] = ffi.string(channel.client).decode()
                found.append(WorkingOrder.of(row, tradables[row.instrument], accounts[row.account], clients[row.channel]))
            if cursor == 0:
                return found

    def stop(self, reason: str = "") -> None:
        """End the kernel's loop. Its process then gives the result and leaves."""
        self._send(abi.NT_COMMAND_STOP, 0, _EVERY_ACCOUNT, reason)

    def _send(self, kind: int, state: int, account: int, reason: str) -> None:
        command = ffi.new("nt_command *")
        command.kind = kind
        command.state = state
        command.account = account
        command.reason = reason.encode()[:_REASON_BYTES].decode("utf-8", "ignore").encode()
        check(lib.nt_control_send(self._handle, command, self._timeout_ns), self._handle)

    def close(self) -> None:
        """Leave the channel to others. Closing twice is harmless."""
        if self._handle:
            handle, self._handle = self._handle, 0
            lib.nt_close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
