"""What a strategy is: parameters as fields, callbacks as methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec
from numpy.typing import NDArray

from neural_trader.client import Client
from neural_trader.records import Report, Ticks
from neural_trader.signals import Signal
from neural_trader.timers import Timer
from neural_trader.user_features import recordings_of

__all__ = ["Strategy", "heard_by"]


def heard_by(strategy: Strategy) -> Callable[[Client, Signal], None] | None:
    """`on_signal` of a strategy, None where it has none of its own, so that nobody makes signals for it."""
    return strategy.on_signal if type(strategy).on_signal is not Strategy.on_signal else None


class Strategy(msgspec.Struct, kw_only=True, dict=True):
    """Base of strategies. Fields are its parameters (`enter: float = 0.6`); other attributes may be set freely.

    Callbacks come in the order of time, reports before the ticks that follow them. On a tape `on_ticks` gets all ticks of one time stamp
    and the tape waits for it; in real time it gets what has come since. Do not wait inside a callback: `client.execute` raises
    WouldDeadlock there.

    With `timer_ns` above 0, `on_timer` is called at every whole multiple of so many nanoseconds of the kernel's time: on a tape at exactly
    these times, before the ticks that are stamped with them; in real time as soon after them as this process gets to it, and
    `timer.late_ns` and `timer.missed` say how late.
    """

    timer_ns: ClassVar[int] = 0
    compiled: ClassVar[bool] = False  # whether its rule runs as machine code: neural_trader.compiled

    def on_start(self, client: Client) -> None:
        """Before the first tick."""

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        """New market data."""

    def on_signal(self, client: Client, signal: Signal) -> None:
        """A model has spoken. On a tape it comes after the ticks that it is about; `client.signal` gives it there already."""

    def on_timer(self, client: Client, timer: Timer) -> None:
        """A multiple of `timer_ns` has come."""

    def on_report(self, client: Client, report: Report) -> None:
        """An answer about one of its orders."""

    def on_stop(self, client: Client) -> None:
        """After the last tick; orders sent here are still taken."""

    def record(self, client: Client, name: str, value: float) -> None:
        """Write a value down under a name, with the kernel's time now, for `recorded`.

        InvalidArgument for NaN, infinity, what is no number, and names that are no identifier or a streaming feature's; Full beyond
        10,000,000 values.
        """
        recordings_of(self).add(name, client.now_ns, value)

    @property
    def recorded(self) -> Mapping[str, NDArray[Any]]:
        """What was recorded in the last run: by name, arrays with the fields ts (kernel time in ns) and value (float64)."""
        return recordings_of(self).arrays()
