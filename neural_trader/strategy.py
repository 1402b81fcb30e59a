"""What a strategy is: parameters as fields, callbacks as methods."""

from __future__ import annotations

import msgspec

from neural_trader.client import Client
from neural_trader.records import Report, Ticks

__all__ = ["Strategy"]


class Strategy(msgspec.Struct, kw_only=True, dict=True):
    """Base of strategies. Fields are its parameters (`enter: float = 0.6`); other attributes may be set freely.

    Callbacks come in the order of time, reports before the ticks that follow them. On a tape `on_ticks` gets all ticks of one time stamp
    and the tape waits for it; in real time it gets what has come since. Do not wait inside a callback: `client.execute` raises
    WouldDeadlock there.
    """

    def on_start(self, client: Client) -> None:
        """Before the first tick."""

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        """New market data."""

    def on_report(self, client: Client, report: Report) -> None:
        """An answer about one of its orders."""

    def on_stop(self, client: Client) -> None:
        """After the last tick; orders sent here are still taken."""
