"""Orders and what becomes of them: every type and time in force, orders that hang together, replaces, cancels, the venue's fill models."""

from __future__ import annotations

import functools
from typing import Any

import limits
from answers import REPORT_FIELDS, SECOND_NS, START_NS, opening, quote, tick, trade
from session import Script, Session, of_sessions, play
from stage import COIN, ES, MILLISECOND_NS, begin

from neural_trader._native import abi

SELL = abi.NT_SIDE_SELL


def order_types(s: Session) -> None:
    """Each type, with a latency of 2 ms there and 1 ms back: what triggers, trades from the next print on."""
    begin(s, "a", latency_in_ns=2 * MILLISECOND_NS, latency_out_ns=MILLISECOND_NS)
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now + 1, 160_025, 3))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "quantity": 2}
    s.submit(**plain, side="BUY")
    s.submit(**plain, side="BUY", price=1600.25, time_in_force="GTC")
    s.submit(**plain, side="BUY", price="1599.75")
    s.submit(**plain, side="SELL", price=1601.0, order_type="LIMIT")
    s.submit(**plain, side="BUY", trigger_price=1601.25)
    s.submit(**plain, side="SELL", trigger_price=1599.5, price=1599.25)
    s.submit(**plain, side="SELL", trigger_price=1601.25, order_type="MARKET_IF_TOUCHED")
    s.submit(**plain, side="SELL", trailing_offset=0.75)
    s.submit(**plain, side="BUY", trailing_offset="1.5", trigger_price=1602)
    s.submit(**plain, side="BUY", order_type="STOP_LIMIT", trigger_price=1603.0, price=1603.5, time_in_force="GTC")
    s.run()
    s.orders("a")
    s.poll("a")
    s.position("a", "ES")
    for index, (price, size, side) in enumerate(
        [
            (160_025, 3, 1),
            (160_100, 4, 1),
            (160_125, 5, 1),
            (160_125, 6, SELL),
            (160_125, 7, 1),
            (160_025, 8, SELL),
            (159_950, 9, SELL),
            (159_900, 9, SELL),
        ]
    ):
        s.feed(trade(now + (10 + 5 * index) * MILLISECOND_NS, price, size, side))
        s.poll("a")
    s.feed(
        trade(now + 60 * MILLISECOND_NS, 160_300, 1),
        trade(now + 70 * MILLISECOND_NS, 160_325, 9),
        trade(now + 80 * MILLISECOND_NS, 160_325, 9),
    )
    s.poll("a")
    s.orders("a", "ES")
    s.position("a", "ES")
    s.money("a")
    s.now("a")
    s.quote("a", "ES")
    s.feed(tick(abi.NT_TICK_END, now + SECOND_NS))
    s.poll("a")


def times_in_force(s: Session) -> None:
    """How long each works: one print for IOC and FOK, the session for DAY, a time for GTD."""
    begin(s, "a")
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "side": "BUY"}
    s.submit(**plain, quantity=8, time_in_force="IOC")
    s.submit(**plain, quantity=8, price=1600.25, time_in_force="FOK")
    s.submit(**plain, quantity=2, price=1599.0, time_in_force="IOC")
    s.run()
    s.feed(trade(now + 1, 160_000, 5))
    s.poll("a")
    s.submit(**plain, quantity=4, price=1600.25, time_in_force="FOK")
    s.run()
    s.feed(trade(now + 2, 160_000, 5))
    s.poll("a")
    s.submit(**plain, quantity=1, price=1590, time_in_force="DAY")
    s.submit(**plain, quantity=2, price=1590, time_in_force="GTC")
    s.submit(**plain, quantity=3, price=1590, time_in_force="GTD", expire_ns=now + SECOND_NS)
    s.submit(**plain, quantity=4, price=1590, time_in_force="GTD", expire_ns=now + 9 * SECOND_NS)
    s.submit(**plain, quantity=5, price=1590, time_in_force="GTD", expire_ns=now)
    s.submit(**plain, quantity=6, trigger_price=1700, time_in_force="GTD", expire_ns=now + 4 * SECOND_NS)
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 2 * SECOND_NS))
    s.poll("a")
    s.feed(opening(now + 3 * SECOND_NS, abi.NT_SESSION_CLOSED), tick(abi.NT_TICK_CLOCK, now + 5 * SECOND_NS))
    s.poll("a")
    s.orders("a")
    s.feed(opening(now + 6 * SECOND_NS, abi.NT_SESSION_OPEN, 19_676), trade(now + 7 * SECOND_NS, 158_975, 9, SELL))
    s.poll("a")
    s.money("a")


def orders_that_hang_together(s: Session) -> None:
    """Post only, reduce only, one cancels the other, brackets, and an iceberg."""
    begin(s, "a", latency_in_ns=MILLISECOND_NS)
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES"}
    s.submit(**plain, side="BUY", quantity=1, price=1600.25, post_only=True)
    s.submit(**plain, side="BUY", quantity=1, price=1600.0, post_only=True)
    s.submit(**plain, side="SELL", quantity=1, price=1601, reduce_only=True)
    s.run()
    s.feed(quote(now + MILLISECOND_NS // 2, 159_950, 159_975))
    s.feed(quote(now + 2 * MILLISECOND_NS, 160_000, 160_025))
    s.poll("a")
    first = s.submit(**plain, side="BUY", quantity=4, price=1599.5)
    s.submit(**plain, side="BUY", quantity=4, trigger_price=1602, oco=first)
    entry = s.submit(**plain, side="BUY", quantity=5, price=1600)
    s.submit(**plain, side="SELL", quantity=5, price=1603, bracket=entry)
    s.submit(**plain, side="SELL", quantity=5, trigger_price=1598, bracket=entry)
    s.submit(**plain, side="SELL", quantity=1, price=1604, oco=999)
    s.submit(**plain, side="SELL", quantity=1, price=1604, bracket=999)
    s.run()
    s.orders("a")
    s.feed(trade(now + 4 * MILLISECOND_NS, 159_975, 3, SELL), trade(now + 5 * MILLISECOND_NS, 159_925, 3, SELL))
    s.poll("a")
    s.feed(trade(now + 6 * MILLISECOND_NS, 159_775, 4, SELL), trade(now + 7 * MILLISECOND_NS, 159_750, 9, SELL))
    s.poll("a")
    s.position("a", "ES")
    s.submit(**plain, side="BUY", quantity=9, price=1598, display_quantity=4, time_in_force="GTC")
    s.submit(**plain, side="BUY", quantity=3, price=1598, time_in_force="GTC")
    s.run()
    for index in range(3):
        s.feed(trade(now + (10 + 2 * index) * MILLISECOND_NS, 159_750, 5, SELL))
    s.poll("a")
    s.submit(**plain, side="SELL", quantity=3, price=1599, reduce_only=True, time_in_force="GTC")
    s.submit(**plain, side="SELL", quantity=30, price=1599, reduce_only=True)
    s.submit(**plain, side="SELL", quantity=30)
    s.run()
    s.feed(trade(now + 30 * MILLISECOND_NS, 159_800, 50, SELL), trade(now + 40 * MILLISECOND_NS, 160_000, 9))
    s.poll("a")
    s.position("a", "ES")


def replaces_and_cancels(s: Session) -> None:
    """Requests about orders: what the kernel refuses, what the venue refuses, and what they race with."""
    begin(
        s, "a", "b", instruments=(ES, COIN), latency_in_ns=MILLISECOND_NS, latency_out_ns=MILLISECOND_NS, terms={"max_order_quantity": 50}
    )
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000), quote(now, 5_000, 5_001, 1000, 1000, instrument=1))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "side": "BUY", "time_in_force": "GTC"}
    first = s.submit(**plain, quantity=3, price=1599)
    stop = s.submit(**plain, quantity=1, trigger_price=1603)
    s.run()
    s.replace("a", first, quantity=5)
    s.replace("a", first, price=1598)
    s.run()
    s.poll("a")
    s.feed(tick(abi.NT_TICK_CLOCK, now + 5 * MILLISECOND_NS))
    s.poll("a")
    s.replace("a", first, price=1599.5)
    s.replace("a", stop, trigger_price="1604.25", quantity=2)
    s.run()
    s.feed(trade(now + 8 * MILLISECOND_NS, 159_925, 2, SELL))
    s.poll("a")
    s.orders("a")
    s.replace("a", first, quantity=2)
    s.run()
    s.feed(trade(now + 9 * MILLISECOND_NS, 159_925, 2, SELL), tick(abi.NT_TICK_CLOCK, now + 12 * MILLISECOND_NS))
    s.replace("a", first, trigger_price=1600)
    s.replace("a", stop, price=1600)
    s.replace("a", first, quantity=51)
    s.replace("a", first, quantity=4)
    s.replace("a", first, price="10000.25")
    s.replace("a", first, quantity=5, price=1599.25)
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 15 * MILLISECOND_NS))
    s.poll("a")
    s.cancel("a", first)
    s.cancel("a", 77)
    s.cancel("b", stop)
    s.cancel("a", stop)
    s.cancel("a", stop)
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 20 * MILLISECOND_NS))
    s.poll("a")
    s.poll("b")
    last = s.submit(**plain, quantity=1, price=1599)
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 25 * MILLISECOND_NS))
    s.cancel("a", last)
    s.run()
    s.feed(trade(now + 25 * MILLISECOND_NS, 159_875, 2, SELL), tick(abi.NT_TICK_CLOCK, now + 30 * MILLISECOND_NS))
    s.poll("a")
    for symbol, quantity, price in (("ES", 1, 1590), ("COIN", "0.025", 49.5), ("ES", 2, 1591)):
        s.submit("a", symbol=symbol, side="BUY", quantity=quantity, price=price)
    s.run()
    s.cancel_all("a", symbol="COIN")
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 40 * MILLISECOND_NS))
    s.poll("a")
    s.cancel_all("a")
    s.cancel_all("b", account="main")
    s.run()
    s.feed(tick(abi.NT_TICK_CLOCK, now + 50 * MILLISECOND_NS))
    s.poll("a")
    s.poll("b")
    s.orders("a")


def at_the_quote(s: Session) -> None:
    """The fill model of a queue: takers fill at the quote, who rests waits behind what was displayed."""
    begin(s, "a", instruments=(COIN,), fill_model=abi.NT_FILL_QUEUE, slippage_ticks=0)
    _queue(s)


def at_the_quote_with_a_share_ahead(s: Session) -> None:
    """The same, and of what leaves a queue without trading a share was ahead."""
    begin(s, "a", instruments=(COIN,), fill_model=abi.NT_FILL_PROBABILISTIC, slippage_ticks=0)
    _queue(s)


def _queue(s: Session) -> None:
    now = START_NS
    plain: dict[str, Any] = {"client": "a", "symbol": "COIN"}
    s.submit(**plain, side="BUY", quantity="0.05")
    s.run()
    s.feed(opening(now), quote(now, 5_000, 5_002, 400, 150))
    s.submit(**plain, side="BUY", quantity=0.1)
    s.submit(**plain, side="BUY", quantity=0.4, price=50.02, time_in_force="IOC")
    s.submit(**plain, side="BUY", quantity=0.3, price=50.02, time_in_force="FOK")
    s.submit(**plain, side="BUY", quantity=0.2, price=50, time_in_force="GTC")
    s.run()
    s.poll("a")
    s.feed(quote(now + 1, 5_000, 5_002, 700, 150), quote(now + 1, 5_000, 5_002, 400, 150))
    s.feed(trade(now + 2, 5_000, 200, SELL), quote(now + 2, 5_000, 5_002, 200, 150))
    s.poll("a")
    s.feed(trade(now + 3, 5_000, 180, SELL), trade(now + 4, 4_999, 400, SELL), quote(now + 5, 4_999, 5_001, 60, 75))
    s.poll("a")
    s.submit(**plain, side="SELL", quantity="0.135", price=49.99)
    s.submit(**plain, side="SELL", trigger_price=49.9, quantity=0.1)
    s.run()
    s.feed(quote(now + 6, 4_999, 5_000, 500, 500), trade(now + 7, 4_990, 20, SELL), quote(now + 8, 4_989, 4_990, 500, 500))
    s.poll("a")
    s.position("a", "COIN")
    s.money("a")
    s.quote("a", "COIN")


def several_clients(s: Session) -> None:
    """Accounts of their own, a client that leaves with orders working, and comes back by its name."""
    begin(s, "a", "b", instruments=(ES, COIN), accounts=({}, {}))
    now = START_NS
    s.feed(opening(now), opening(now, instrument=1), quote(now, 160_000, 160_025), trade(now, 160_000))
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1599)
    s.submit("a", symbol="ES", side="SELL", quantity=1, price=1601, account="other-1")
    s.submit("b", symbol="ES", side="BUY", quantity=2, price=1599, account="other-1")
    s.submit("b", symbol="COIN", side="BUY", quantity="1.005", price=50)
    s.run()
    s.position("a", "ES", "other-1")
    s.cancel_all("a", account="other-1")
    s.run()
    s.poll("a")
    s.poll("b")
    s.orders("b", "COIN")
    s.leave("a")
    s.run()
    s.position("b", "ES")
    s.client("a")
    s.run()
    s.poll("a")
    s.submit("a", symbol="ES", side="BUY", quantity=1)
    s.run()
    s.feed(trade(now + 5, 159_875, 9))
    s.poll("a")
    s.poll("b")
    s.money("a", "other-1")
    s.money("b")


SCRIPTS: tuple[Script, ...] = (
    order_types,
    times_in_force,
    orders_that_hang_together,
    replaces_and_cancels,
    at_the_quote,
    at_the_quote_with_a_share_ahead,
    several_clients,
    *limits.SCRIPTS,
)


@functools.cache
def _played() -> tuple[tuple[dict[str, Any], list[Any]], ...]:
    return tuple(play(script) for script in SCRIPTS)


def recordings() -> list[tuple[str, list[Any]]]:
    """Calls for programs in C."""
    return [(vector["name"], calls) for vector, calls in _played()]


def _covered(sessions: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What occurs, so that nothing is lost unseen when a script changes."""
    found: dict[str, set[str]] = {"kinds": set(), "denied": set(), "other": set()}
    for session in sessions:
        for step in session["steps"]:
            for report in step.get("reports", ()):
                row = dict(zip(REPORT_FIELDS, report, strict=True))
                found["kinds"].add(row["kind"])
                if row["reason"] is not None:
                    found["denied" if row["kind"] == "DENIED" else "other"].add(row["reason"])
    return {name: sorted(values) for name, values in found.items()}


def vectors() -> dict[str, Any]:
    """The sessions with what they answered."""
    sessions = [vector for vector, _ in _played()]
    covered = _covered(sessions)
    if len(covered["denied"]) < 25 or set(covered["kinds"]) != set(abi.ExecType.__members__):
        raise AssertionError(f"too little is covered: {covered}")
    return {"covered": covered, **of_sessions(sessions)}
