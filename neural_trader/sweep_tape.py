"""Tapes that several processes read: one sealed copy in anonymous memory, windows of a tape, and the equity at its session closes."""

from __future__ import annotations

import dataclasses
import datetime
import fcntl
import hashlib
import mmap
import os
from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.config import terms_row
from neural_trader.errors import NoSpace, SourceError
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.result import Result
from neural_trader.sources import Source
from neural_trader.sources.tape_files import give_back

__all__ = ["SessionClose", "SessionCloses", "SessionSpan", "SharedTape", "mapped", "session_spans", "window"]

_EPOCH: Final = datetime.date(1970, 1, 1)
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


class SessionSpan(NamedTuple):
    """Ticks `begin` to `end` (excluded) of a tape belong to the trading day `day`. `start_ns` is the time of the first."""

    day: datetime.date
    begin: int
    end: int
    start_ns: int


def session_spans(ticks: NDArray[Any]) -> list[SessionSpan]:
    """The trading days of a tape that have trades or quotes, in order, as its session ticks tell them. A stretch without either belongs to
    the day before it."""
    sessions = np.flatnonzero(ticks["kind"] == abi.NT_TICK_SESSION)
    if len(sessions) == 0:
        return []
    days = np.maximum.accumulate(ticks["size"][sessions])
    first = np.concatenate(([True], days[1:] > days[:-1]))
    begins, numbers = sessions[first], days[first]
    ends = np.concatenate((begins[1:], [len(ticks)]))
    spans: list[SessionSpan] = []
    for number, begin, end in zip(numbers.tolist(), begins.tolist(), ends.tolist(), strict=True):
        kinds = ticks["kind"][begin:end]
        if np.any((kinds == abi.NT_TICK_TRADE) | (kinds == abi.NT_TICK_QUOTE)):
            start = int(ticks["ts_event"][begin])
            spans.append(SessionSpan(_EPOCH + datetime.timedelta(days=number), begin, end, start))
        elif spans:
            spans[-1] = spans[-1]._replace(end=end)
    return spans


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


class SessionClose(NamedTuple):
    """Equity of all accounts together at the last tick of a trading day, in account currency."""

    day: datetime.date
    equity: Decimal


class SessionCloses:
    """The equity of runs over one tape at its session closes. What depends on the tape only is found once."""

    def __init__(self, source: Source) -> None:
        ticks = source.ticks
        self._spans = session_spans(ticks)
        ends = np.array([span.end - 1 for span in self._spans], np.int64)
        self._until = ticks["ts_event"][ends] if len(ends) else np.empty(0, np.int64)
        trades = np.flatnonzero(ticks["kind"] == abi.NT_TICK_TRADE)
        owners = ticks["instrument"][trades]
        self._marks: list[NDArray[np.int64]] = []  # of each instrument: its last trade at each close, 0 before the first
        for number in range(len(source.instruments)):
            own = trades[owners == number]
            at = np.searchsorted(own, ends, side="right") - 1
            prices = ticks["price"][own[np.maximum(at, 0)]] if len(own) else np.zeros(len(ends), np.int64)
            self._marks.append(np.where(at >= 0, prices, 0))

    def of(self, result: Result) -> list[SessionClose]:
        """The closes of a finished run: cash, and each position at the last trade less its fees. The last is the final equity."""
        fills = result.fills
        total = [sum(int(Decimal(str(a.cash)).scaleb(MONEY_DECIMALS)) for a in result.config.accounts.values())] * len(self._spans)
        for number, account in enumerate(result.config.accounts.values()):
            for index, instrument in enumerate(result.instruments.values()):
                own = fills[(fills["account"] == number) & (fills["instrument"] == index)]
                if len(own) == 0:
                    continue
                own = own[np.argsort(own["ts_recv"], kind="stable")]
                terms = terms_row(instrument, account, result.config.limits)
                numerator, denominator = terms["value_numerator"], max(terms["value_denominator"], 1)
                signed = np.where(own["side"] == abi.NT_SIDE_BUY, own["last_quantity"], -own["last_quantity"])
                position = np.concatenate(([0], np.cumsum(signed)))
                flow = np.concatenate(([0], np.cumsum(-signed * own["last_price"])))
                fees = np.concatenate(([0], np.cumsum(own["fee"])))
                at = np.searchsorted(own["ts_recv"], self._until, side="right")
                if len(at):
                    at[-1] = len(own)  # with what was filled when the tape had ended
                for close, upto in enumerate(at.tolist()):
                    value = int(flow[upto]) + int(position[upto]) * int(self._marks[index][close])
                    total[close] += value * numerator // denominator - int(fees[upto])
        return [SessionClose(span.day, Decimal(money).scaleb(-MONEY_DECIMALS)) for span, money in zip(self._spans, total, strict=True)]
