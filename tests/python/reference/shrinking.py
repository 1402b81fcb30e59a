"""Making a failing history small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

from neural_trader._native import abi
from reference.histories import History, Send, Slice, State
from reference.inputs import Request


def shrink(history: History, fails: Callable[[History], bool]) -> History:
    """A small history that fails still: without runs of steps, then without ticks of slices, then with plain fields."""
    while True:
        before = history
        size = max(1, len(history.steps) // 2)
        while size:
            at = 0
            while at < len(history.steps):
                shorter = replace(history, steps=history.steps[:at] + history.steps[at + size :])
                if fails(shorter):
                    history = shorter
                else:
                    at += size
            size //= 2
        at = 0
        while at < len(simpler := list(plainer(history))):
            if fails(simpler[at]):
                history = simpler[at]
            else:
                at += 1
        if history == before:
            return history


def plainer(history: History) -> Iterator[History]:
    """The history with one field of one record as it is by default, or one tick less in a slice."""
    for venue in plain(history.venue):
        yield replace(history, venue=venue)
    for name in ("instruments", "accounts", "terms", "steps"):
        rows = getattr(history, name)
        for at, row in enumerate(rows):
            for simpler in plain_row(row):
                changes: dict[str, Any] = {name: (*rows[:at], simpler, *rows[at + 1 :])}
                yield replace(history, **changes)


def plain_row(row: Any) -> Iterator[Any]:
    """One row of any part, plainer."""
    if isinstance(row, tuple):  # terms of a pair
        yield from ((row[0], terms) for terms in plain(row[1]))
    elif isinstance(row, Slice):
        if row.late is not None:
            yield Slice(row.ticks)
        for at, tick in enumerate(row.ticks):
            if len(row.ticks) > (1 if row.late is None else 2):
                rest = row.ticks[:at] + row.ticks[at + 1 :]
                yield Slice((*rest[:-1], replace(rest[-1], flags=abi.NT_TICK_LAST_OF_SLICE)), row.late)
            yield from (Slice((*row.ticks[:at], simpler, *row.ticks[at + 1 :]), row.late) for simpler in plain(tick))
    elif isinstance(row, Send):
        yield from (Send(row.channel, request) for request in plain(row.request))
    elif not isinstance(row, State):
        yield from plain(row)


def plain(record: Any) -> Iterator[Any]:
    """The record with one more field as it is by default; fields without a default, and the ends of slices, stay."""
    for field in fields(record):
        if field.name != "channels" and (field.name != "flags" or isinstance(record, Request)):
            value = getattr(record, field.name)
            names = next((pair for pair in PAIRS if field.name in pair), (field.name,))
            if field.default is not MISSING and value != field.default:
                yield replace(record, **dict.fromkeys(names, field.default))


PAIRS = (("max_duplicate_orders", "duplicate_window_ns"), ("max_fills", "fills_window_ns"))
"""Limits of which there are both or neither."""
