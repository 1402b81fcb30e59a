"""The depth of a Binance capture: which updates apply to a book, and when."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from neural_trader._native import abi
from neural_trader.sources._binance_messages import Data, Frame

__all__ = ["Depth", "Update"]

_PENDING_DIFFS: Final = 65_536  # kept for a snapshot that is still to come


class Update(NamedTuple):
    """Depth that applies at a frame: a diff, a snapshot or a mark (NT_TICK_GAP, NT_TICK_BOOK_CLEAR) without levels."""

    frame: int
    kind: int
    last_id: int = 0
    bids: Any = b"[]"
    asks: Any = b"[]"
    snapshot: bool = False


class _Diff(NamedTuple):
    last_id: int
    before: int  # the greatest id that a book may end with for this diff to follow it, and the least but for the first after a snapshot
    bids: Any
    asks: Any


class Depth:
    """Which depth applies when: continuity of update ids, and the snapshot among the diffs."""

    def __init__(self, levels: bool) -> None:
        self._levels = levels
        self._last: int | None = None  # of the last diff, or of the snapshot that none has followed yet
        self._exact = True  # whether the next diff has to follow exactly
        self._based = False  # whether there is a book that diffs apply to
        self._pending: deque[_Diff] = deque(maxlen=_PENDING_DIFFS)
        self.gaps = 0
        self.unbased = 0
        self.snapshots = 0

    def passes(self, data: Data) -> bool:
        """Take the next diff of the stream where it follows the one before and its levels are not wanted; whether that is so."""
        before = data.previous_id if data.previous_id >= 0 else data.first_id - 1
        if self._levels or not self._exact or before != self._last:
            return False
        self._last = data.last_id
        return True

    def diff(self, frame: int, data: Data) -> Iterator[Update]:
        """The next diff of the stream."""
        before = data.previous_id if data.previous_id >= 0 else data.first_id - 1
        diff = _Diff(data.last_id, before, data.bid, data.ask)
        if self._last is not None:
            if not self._exact and diff.last_id <= self._last:
                return
            if before != self._last if self._exact else before > self._last:
                self.gaps += 1
                self._lose()
                yield Update(frame, abi.NT_TICK_GAP)
        self._last, self._exact = diff.last_id, True
        if not self._levels:
            return
        if self._based:
            yield Update(frame, abi.NT_TICK_LEVEL, diff.last_id, diff.bids, diff.asks)
            return
        if not self._pending and not self.unbased and not self.gaps:
            yield Update(frame, abi.NT_TICK_GAP)  # what the book was before is not known
        self.unbased += 1
        self._pending.append(diff._replace(bids=diff.bids.copy(), asks=diff.asks.copy()))

    def _lose(self) -> None:
        self._based = False
        self._pending.clear()

    def snapshot(self, frame: int, message: Frame) -> Iterator[Update]:
        """A snapshot: it counts when it connects to the diffs around it and is newer than what the book holds."""
        taken = message.snapshot_id
        if self._based and self._last is not None and taken <= self._last:
            return
        newer = [diff for diff in self._pending if diff.last_id > taken]
        if newer and newer[0].before > taken:
            return
        self.snapshots += 1
        if self._last is None or taken > self._last:
            self._last, self._exact = taken, False
        self._based = True
        self._pending.clear()
        if not self._levels:
            return
        self.unbased -= len(newer)
        yield Update(frame, abi.NT_TICK_BOOK_CLEAR, taken)
        yield Update(frame, abi.NT_TICK_LEVEL, taken, message.bids, message.asks, True)
        for diff in newer:
            yield Update(frame, abi.NT_TICK_LEVEL, diff.last_id, diff.bids, diff.asks)
