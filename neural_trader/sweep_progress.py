"""Progress of a sweep as text: one line that is redrawn on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final, TextIO

from neural_trader.wording import counted

__all__ = ["ProgressText"]

_REDRAWN_S: Final = 0.1
_SELDOM_S: Final = 10.0
_STEP: Final = 20  # a line at each twentieth of the trials,
_SOON_S: Final = 1.0  # though not so soon after another


class ProgressText:
    """Draws trials done and all on a stream, with an estimate of what is left. Elsewhere than on a terminal that is a line every 10 s, or
    at each 5 % where these are more than 1 s apart, and the last. `done` and `total` are what it was called with last, 0 before.
    `clock` gives seconds."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = self.total = 0
        self._stream, self._clock = stream, clock
        self._terminal = stream.isatty()
        self._said_s = clock()
        self._said = 0
        self._first: tuple[int, float] | None = None  # trials from a file come at once: what is left is judged from the rest
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        """`done` of `total` trials."""
        self.done, self.total = done, total
        now = self._clock()
        if self._first is None:
            self._first = done, now
        since_s = now - self._said_s
        if self._terminal:
            due = since_s >= _REDRAWN_S or self._said == 0
        else:
            due = since_s >= _SELDOM_S or (since_s >= _SOON_S and done * _STEP // total > self._said * _STEP // total)
        if not due and done < total:
            return
        self._said_s, self._said = now, done
        text = f"{done:,} of {counted(total, 'trial')}{self._left(now)}"
        self._stream.write(f"\r{text}\x1b[K" if self._terminal else f"{text}\n")
        self._stream.flush()
        self._open = self._terminal

    def _left(self, now: float) -> str:
        assert self._first is not None
        trials, seconds = self.done - self._first[0], now - self._first[1]
        if self.done == self.total or trials == 0:
            return ""
        return f", {math.ceil(seconds / trials * (self.total - self.done)):,} s left"

    def finish(self) -> None:
        """End the line that is drawn."""
        if self._open:
            self._open = False
            self._stream.write("\n")
            self._stream.flush()
