"""Commands to a running kernel: its trading state, and the end of its loop."""

from __future__ import annotations

from typing import Final, Literal, Self

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument
from neural_trader.records import call, check, find_accounts, unknown

__all__ = ["Control", "State"]

State = Literal["ACTIVE", "REDUCING", "HALTED"]

_NANOSECONDS: Final = 1_000_000_000
_EVERY_ACCOUNT: Final = 65535
_REASON_BYTES: Final = 39


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

    def set_state(self, state: State, reason: str, account: str | None = None) -> None:
        """Set the trading state of an account, of all unless named. HALTED cancels what works, ACTIVE ends a halt, a latched one too.

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
        self._send(abi.NT_COMMAND_SET_STATE, int(abi.TradingState[state]), index, reason)

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
