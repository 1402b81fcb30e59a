"""Ticks and what is made of them: quotes, books, features bit for bit, and slices in lockstep."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from answers import SECOND_NS, START_NS, Tick, level, opening, quote, tick, trade
from session import Script, Session, of_sessions, play
from stage import COIN, ES, MILLISECOND_NS, begin

from neural_trader._native import abi, ffi, lib

BUY, SELL = abi.NT_SIDE_BUY, abi.NT_SIDE_SELL


def numbers(seed: int) -> Iterator[int]:
    """Numbers of 16 bits that are the same everywhere, without end."""
    state = seed
    while True:
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        yield state >> 16


def market(count: int, start: int, seed: int, *, price: int = 160_000) -> list[Tick]:
    """A walk of quotes and prints of instrument 0, with prints of instrument 1 among them that tell no side; several ticks to a slice."""
    random, now, made = numbers(seed), start, list[Tick]()
    for index in range(count):
        choice = next(random) % 8
        now += 0 if index and not made[-1][-1] else 1 + next(random) * 50_000
        more = next(random) % 3 == 0 and index + 1 < count
        price += 25 * (next(random) % 3 - 1)
        if choice < 4:
            spread = 25 * (1 + next(random) % 3)
            made.append(quote(now, price, price + spread, next(random) % 40, 1 + next(random) % 40, more=more))
        elif choice < 7:
            size, side = 1 + next(random) % 12, (BUY, SELL)[next(random) % 2]
            made.append(trade(now, price + 25 * (side == BUY), size, side, index, more=more))
        else:
            made.append(trade(now, 5_000 + next(random) % 20, 5 * (1 + next(random) % 50), 0, index, instrument=1, more=more))
    return made


def quotes_and_prints(s: Session) -> None:
    """A market of two instruments over a day: what is polled, what stands, and the features when they are new, warm, and after a break."""
    begin(s, "a", instruments=(ES, COIN))
    now = START_NS
    s.feed(opening(now, more=True), opening(now, instrument=1))
    s.quote("a", "ES")
    s.features("a", "ES")
    s.poll("a", keep=True)
    s.feed(quote(now + 1, 160_000, 160_050, 7, 9))
    s.quote("a", "ES")
    s.features("a", "ES")
    s.feed(trade(now + 2, 160_050, 3, BUY, 1))
    s.features("a", "ES")
    s.feed(*market(24, now + MILLISECOND_NS, 1))
    s.poll("a", keep=True, show=True)
    s.features("a", "ES")
    s.features("a", "COIN")
    s.quote("a", "COIN")
    s.feed(*market(90, now + 60 * SECOND_NS, 2))
    s.poll("a", 70, keep=True)
    s.poll("a", keep=True)
    s.features("a", "ES")
    s.features("a", "COIN")
    s.feed(tick(abi.NT_TICK_GAP, now + 900 * SECOND_NS))
    s.quote("a", "ES")
    s.features("a", "ES")
    s.feed(*market(20, now + 1_000 * SECOND_NS, 3, price=162_000))
    s.features("a", "ES")
    s.feed(opening(now + 2_000 * SECOND_NS, abi.NT_SESSION_CLOSED), tick(abi.NT_TICK_CLOCK, now + 3_000 * SECOND_NS))
    s.quote("a", "ES")
    s.feed(opening(now + 80_000 * SECOND_NS, abi.NT_SESSION_OPEN, 19_676), *market(30, now + 80_001 * SECOND_NS, 4, price=158_000))
    s.features("a", "ES")
    s.now("a")
    s.poll("a", keep=True)
    s.feed(tick(abi.NT_TICK_END, now + 90_000 * SECOND_NS))
    s.poll("a", keep=True)
    s.feed(trade(now + 90_001 * SECOND_NS, 160_000))


def levels_of_a_book(s: Session) -> None:
    """A book from its clear on: updates of several levels, a gap, a snapshot, more levels than show, and sides that cross."""
    begin(s, "a", instruments=(COIN,), book_depth=12)
    now = START_NS
    s.feed(opening(now))
    s.book("a", "COIN")
    s.feed(level(now + 1, BUY, 5_000, 100, 1))
    s.book("a", "COIN")
    s.quote("a", "COIN")
    s.feed(tick(abi.NT_TICK_BOOK_CLEAR, now + 2, more=True), *(level(now + 2, BUY, 4_990 + i, 10 * i + 5, 2, more=True) for i in range(9)))
    s.quote("a", "COIN")
    s.feed(*(level(now + 2, SELL, 5_001 + i, 7 * i + 5, 2, more=i < 13) for i in range(14)))
    s.book("a", "COIN")
    s.quote("a", "COIN")
    random = numbers(5)
    for index in range(24):
        side = (BUY, SELL)[next(random) % 2]
        price = 4_998 - next(random) % 3 if side == BUY else 5_001 + next(random) % 4
        size = 0 if next(random) % 4 == 0 else 5 * (next(random) % 90)
        s.feed(level(now + 3 + index * MILLISECOND_NS, side, price, size, 3 + index // 2, more=index % 2 == 0))
        if index % 8 == 7:
            s.features("a", "COIN")
            s.book("a", "COIN")
    s.feed(trade(now + 30 * MILLISECOND_NS, 5_001, 25), level(now + 31 * MILLISECOND_NS, BUY, 5_003, 15, 40))
    s.book("a", "COIN")
    s.quote("a", "COIN")
    s.feed(tick(abi.NT_TICK_GAP, now + 32 * MILLISECOND_NS, instrument=abi.NT_NONE), level(now + 33 * MILLISECOND_NS, BUY, 5_003, 0, 41))
    s.book("a", "COIN")
    s.quote("a", "COIN")
    s.feed(
        tick(abi.NT_TICK_BOOK_CLEAR, now + 34 * MILLISECOND_NS, more=True),
        level(now + 34 * MILLISECOND_NS, BUY, 4_990, 50, 42, more=True),
        level(now + 34 * MILLISECOND_NS, SELL, 4_995, 60, 42),
    )
    s.quote("a", "COIN")
    s.features("a", "COIN")
    s.poll("a", keep=True)


def slices_in_lockstep(s: Session) -> None:
    """A tape that waits for two subscribers: a slice a poll, and orders that meet the next one."""
    begin(s, "a", "b", instruments=(ES, COIN), participants=2)
    now = START_NS
    tape = [opening(now), *market(16, now + 1, 6), tick(abi.NT_TICK_END, now + 5 * SECOND_NS)]
    taken = s.feed(*tape[:4])
    s.subscribe("a")
    taken += s.feed(*tape[:4])
    s.subscribe("b")
    for turn in range(17):
        taken += s.feed(*tape[taken : taken + 4])
        s.poll("a", keep=True)
        if turn == 1:
            s.submit("a", symbol="ES", side="BUY", quantity=2)
            s.submit("b", symbol="ES", side="SELL", quantity=1, price=1590)
        if turn == 3:
            taken += s.feed(*tape[taken : taken + 4])
        s.poll("b")
    s.position("b", "ES")


def ticks_that_cannot_be(s: Session) -> None:
    """Out of order, out of range, of no instrument: they are counted and not shown."""
    begin(s, "a")
    now = START_NS
    s.feed(tick(abi.NT_TICK_CLOCK, now - SECOND_NS), opening(now), quote(now, 160_000, 160_025))
    s.feed(trade(now - 1, 160_000), trade(now + 1, 0), trade(now + 1, 1_000_025), trade(now + 1, 160_000, 0), trade(now + 1, 160_000, 1, 3))
    s.feed(trade(now + 1, 160_000, instrument=1), quote(now + 1, -1, 160_000), tick(11, now + 1), tick(0, now + 1))
    s.feed(opening(now + 2, 4), trade(now + 2, 160_025, 2))
    s.poll("a", keep=True, show=True)
    s.quote("a", "ES")
    s.now("a")


SCRIPTS: tuple[Script, ...] = (quotes_and_prints, levels_of_a_book, slices_in_lockstep, ticks_that_cannot_be)


@functools.cache
def _played() -> tuple[tuple[dict[str, Any], list[Any]], ...]:
    return tuple(play(script) for script in SCRIPTS)


def recordings() -> list[tuple[str, list[Any]]]:
    """Calls for programs in C."""
    return [(vector["name"], calls) for vector, calls in _played()]


def feature_names() -> list[str]:
    """The features in their order."""
    name = ffi.new("char[32]")
    return [ffi.string(name).decode() for index in range(abi.NT_FEATURE_COUNT) if lib.nt_feature_name(index, name, 32) >= 0]


def vectors() -> dict[str, Any]:
    """The sessions with what they answered."""
    return {"features": feature_names(), **of_sessions([vector for vector, _ in _played()])}
