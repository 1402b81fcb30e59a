"""Tapes that several processes read: one sealed copy in anonymous memory, and windows of a tape."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import mmap
import os
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import NoSpace, SourceError
from neural_trader.sources import Source
from neural_trader.sources.tape_files import give_back

__all__ = ["SharedTape", "mapped", "window"]

_WRITE_BYTES: Final = 1 << 26


class SharedTape:
    """A tape in sealed anonymous memory. It has no name: the system frees it when the last process that holds it has ended, however it
    ended. `source` is the tape without its ticks, `sha256` the hash of the ticks. NoSpace when memory is short."""

    def __init__(self, source: Source) -> None:
        ticks = np.ascontiguousarray(source.ticks)
        self.source = dataclasses.replace(source, ticks=ticks[:0].copy())
        self.count = len(ticks)
        view = memoryview(ticks.view(np.uint8).data)
        self.sha256 = hashlib.sha256(view).hexdigest()
        self.descriptor = os.memfd_create("neural-trader-tape", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            written = 0
            while written < len(view):
                written += os.write(self.descriptor, view[written : written + _WRITE_BYTES])
                give_back(ticks, written // ticks.itemsize)
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, seals)
        except OSError as error:
            self.close()
            text = f"no memory for a shared tape of {len(view):,} bytes; free memory, or use a shorter source"
            raise NoSpace(text, system_error=error.errno or 0) from error

    def close(self) -> None:
        """Let go of the memory. Closing twice is harmless."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def mapped(source: Source, descriptor: int, count: int) -> Source:
    """The tape of a SharedTape's parts, read-only and without a copy. The descriptor is closed."""
    memory = mmap.mmap(descriptor, count * abi.NT_TICK.itemsize, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
    os.close(descriptor)
    return dataclasses.replace(source, ticks=np.frombuffer(memory, abi.NT_TICK))


def window(source: Source, begin: int, end: int, name: str) -> Source:
    """The part [begin, end) of a tape as a tape of its own: it begins with its first trade or quote, after the session
    that each instrument is in then, and ends with the end. What came before (features, quotes, books) is not known in it. SourceError when
    it holds no trade or quote."""
    ticks = source.ticks
    end = min(end, len(ticks) - int(ticks["kind"][-1] == abi.NT_TICK_END))
    kinds = ticks["kind"][begin:end]
    market = np.flatnonzero((kinds == abi.NT_TICK_TRADE) | (kinds == abi.NT_TICK_QUOTE))
    if len(market) == 0:
        raise SourceError("there is no trade or quote in this part of the tape; choose longer windows", file=name)
    begin += int(market[0])
    part = ticks[begin:end]
    before = np.flatnonzero(ticks["kind"][:begin] == abi.NT_TICK_SESSION)
    standing = {int(instrument): int(at) for at, instrument in zip(before, ticks["instrument"][before], strict=True)}
    head = sorted(standing.values())
    whole: NDArray[Any] = np.zeros(len(head) + len(part) + 1, abi.NT_TICK)
    whole[: len(head)] = ticks[head]
    whole[len(head) : -1] = part
    for column in ("ts_event", "ts_recv"):
        whole[column][: len(head)] = part[column][0]
        whole[column][-1] = part[column][-1]
    whole["flags"][: len(head)] &= ~np.uint32(abi.NT_TICK_LAST_OF_SLICE).astype(whole["flags"].dtype)
    whole["kind"][-1] = abi.NT_TICK_END
    whole["flags"][-2] &= ~np.uint32(abi.NT_TICK_LAST_OF_SLICE).astype(whole["flags"].dtype)
    whole["flags"][-1] = abi.NT_TICK_LAST_OF_SLICE
    rows = int(np.count_nonzero(part["kind"] == abi.NT_TICK_TRADE))
    return dataclasses.replace(source, name=name, ticks=whole, rows=max(rows, 1))
