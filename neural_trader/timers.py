"""Timers: clock ticks that are part of a tape, and due times of the machine's clock in real time.

A timer of interval d is due at every whole multiple of d nanoseconds of the kernel's time. On a tape that is UTC, so 60_000_000_000 means
full minutes. There a clock tick stands at each of these times as a slice of its own, after all ticks stamped earlier and before those
stamped with it: as it is part of the tape, it comes at the same place in every run and however many processes there are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, StateError

if TYPE_CHECKING:
    from neural_trader.client import Client
    from neural_trader.records import Ticks
    from neural_trader.strategy import Strategy

__all__ = ["RealTimer", "TapeTimer", "Timer", "common_interval", "timer_interval"]


class Timer(NamedTuple):
    """A call of `on_timer`: when it was due and when it comes, in ns of the kernel's time, and how many due times before it were skipped.

    On a tape `now_ns` is `due_ns` and nothing is missed."""

    due_ns: int
    now_ns: int
    missed: int

    @property
    def late_ns(self) -> int:
        """How long after its time it comes."""
        return self.now_ns - self.due_ns


def timer_interval(strategy: Strategy) -> int:
    """`timer_ns` of a strategy, 0 where it has no timer. InvalidArgument for what is no whole number of ns from 0 on."""
    interval = strategy.timer_ns
    if isinstance(interval, bool) or not isinstance(interval, int) or not 0 <= interval <= abi.NT_RAW_MAX:
        raise InvalidArgument(f"{type(strategy).__name__}.timer_ns is {interval!r}; give whole nanoseconds, or 0 for no timer")
    return interval


def common_interval(strategies: Iterable[Strategy]) -> int:
    """The longest interval whose multiples hold the timers of all strategies; 0 where there is none."""
    return math.gcd(*(timer_interval(strategy) for strategy in strategies))


class TapeTimer:
    """Tells the clock slices of a tape from the others, for one strategy.

    A clock slice becomes `on_timer` where it is a time of this strategy, and nothing where it is another's; every other slice becomes
    `on_ticks`. StateError when time passes a due time and the tape has no clock tick there: late is never taken for punctual.
    """

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self._interval = timer_interval(strategy)
        self._due: int | None = None

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        """Take a slice to the strategy."""
        raw = ticks.raw
        clock = len(raw) == 1 and int(raw["kind"][0]) == abi.NT_TICK_CLOCK
        now = int(raw["ts_event"][0]) if self._interval else 0
        if self._interval:
            if self._due is None:
                self._due = (now // self._interval + (0 if clock and now % self._interval == 0 else 1)) * self._interval
            if clock and now == self._due:
                self._due += self._interval
                self._strategy.on_timer(client, Timer(now, now, 0))
                return
            if now > self._due or (now == self._due and not clock):
                raise StateError(
                    f"the timer of {type(self._strategy).__name__} was due at {self._due} and the tape has no clock tick there; "
                    f"begin the tape with a clock interval that divides {self._interval} ns"
                )
        if not clock:
            self._strategy.on_ticks(client, ticks)


class RealTimer:
    """Due times of one strategy in real time."""

    def __init__(self, strategy: Strategy, now_ns: int) -> None:
        self._strategy = strategy
        self._interval = timer_interval(strategy)
        self._due = (now_ns // self._interval + 1) * self._interval if self._interval else 0

    def wait_ns(self, now_ns: int, most_ns: int) -> int:
        """How long to wait for something else, at most `most_ns`."""
        return most_ns if not self._interval else max(0, min(most_ns, self._due - now_ns))

    def fire(self, client: Client, now_ns: int) -> None:
        """Call `on_timer` when it is due: once, for the last of the due times, with the number of those skipped."""
        if not self._interval or now_ns < self._due:
            return
        missed = (now_ns - self._due) // self._interval
        due = self._due + missed * self._interval
        self._due = due + self._interval
        self._strategy.on_timer(client, Timer(due, now_ns, missed))
