"""Orders that are refused: every check of one order, of an account and of its habits, and the states in which nothing passes."""

from __future__ import annotations

from typing import Any

from answers import SECOND_NS, START_NS, opening, quote, tick, trade
from session import Script, Session
from stage import COIN, ES, MILLISECOND_NS, SPREAD, account_row, begin, terms_row

from neural_trader._native import abi

SELL = abi.NT_SIDE_SELL


def priced(price: float | None) -> dict[str, Any]:
    """The price of an order that has one."""
    return {} if price is None else {"price": price}


def orders_that_are_too_much(s: Session) -> None:
    """Limits of one order: quantity, price, its distance from the market, its value, what the market is known to be."""
    terms = {
        "max_order_quantity": 1000,
        "max_order_notional": 500_000_0000,
        "min_order_notional": 10_0000,
        "price_collar_bps": 100,
        "max_quote_age_ns": 10 * SECOND_NS,
        "max_position": 20,
    }
    begin(s, "a", instruments=(ES, COIN), terms=terms)
    now = START_NS
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1600)
    s.run()
    s.feed(opening(now), quote(now, 160_000, 160_025), quote(now, 5_000, 5_001, 1000, 1000, instrument=1), trade(now, 160_000))
    for quantity, price in (
        (0, None),
        (-1, None),
        (1001, 1600),
        (1, 0),
        (1, -1600.25),
        (1, 10_000.25),
        (1, 1616.5),
        (1, 1583.75),
        (7, 1600),
        (6, 1616.25),
    ):
        s.submit("a", symbol="ES", side="BUY", quantity=quantity, **priced(price))
    s.submit("a", symbol="COIN", side="SELL", quantity="0.005", price=50.01)
    s.submit("a", symbol="COIN", side="SELL", quantity="0.01", price=50.01)
    s.submit("a", symbol="COIN", side="SELL", quantity="0.01")
    s.submit("a", symbol="COIN", side="SELL", quantity="0.025", price=50.01)
    s.run()
    s.poll("a")
    s.send("a", quantity=13, instrument=1, price=5_000, type=2)
    s.send("a", quantity=1, price=160_010, type=2)
    s.send("a", instrument=2)
    s.send("a", account=1)
    s.send("a", side=3)
    s.send("a", type=7)
    s.send("a", message=9)
    s.send("a", flags=abi.NT_ORDER_EXTENDED, trailing_offset=25)
    s.send("a", time_in_force=abi.NT_TIF_GTD)
    s.send("a", flags=abi.NT_ORDER_POST_ONLY)
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1600, time_in_force="GTD", expire_ns=now - 1)
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1600.25, post_only=True)
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1600, reduce_only=True)
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1599, oco=12_345)
    s.run()
    s.poll("a")
    s.feed(tick(abi.NT_TICK_CLOCK, now + 11 * SECOND_NS))
    s.submit("a", symbol="ES", side="BUY", quantity=1, price=1600)
    s.run()
    s.feed(quote(now + 12 * SECOND_NS, 160_000, 160_025))
    s.submit("a", symbol="ES", side="BUY", quantity=6, price=1600)
    s.submit("a", symbol="ES", side="BUY", quantity=6, price=1600)
    s.submit("a", symbol="ES", side="BUY", quantity=6, price=1600)
    s.submit("a", symbol="ES", side="BUY", quantity=3, price=1600)
    s.run()
    s.poll("a")
    s.position("a", "ES")


def accounts_with_limits(s: Session) -> None:
    """Limits of an account: open orders, exposure, what it may sell, and what it can pay."""
    accounts = (
        {"max_open_orders": 2},
        {"max_gross_exposure": 200_000_0000},
        {"max_open_notional": 100_000_0000},
        {"max_daily_value": 100_000_0000},
        {"allowed_order_types": 1 << abi.NT_ORDER_LIMIT, "allowed_times_in_force": 1 << abi.NT_TIF_DAY | 1 << abi.NT_TIF_IOC},
    )
    s.create(channels=2, order_capacity=16, ring_capacity=256, tick_capacity=256, instruments=3, accounts=6, slippage_ticks=1)
    for row in (ES, COIN, SPREAD):
        s.instrument(**row)
    for number, limits in enumerate(accounts):
        s.account(**account_row(f"account-{number}", **limits))
        s.terms(**terms_row(number, 0, "ES"))
    s.account(**account_row("account-5", cash=90_000_0000))
    s.terms(**terms_row(5, 0, "ES", initial_margin_bps=10_000))
    s.terms(**terms_row(5, 1, "COIN", restrictions=abi.NT_RESTRICT_SHORT))
    s.terms(**{**terms_row(4, 1, "COIN"), "restrictions": abi.NT_RESTRICT_BUY})
    s.terms(**{**terms_row(0, 2, "SPREAD"), "value_numerator": 0, "value_denominator": 0})
    s.client("a")
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000), quote(now, 5_000, 5_001, 1000, 1000, instrument=1))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "side": "BUY"}
    for price in (1599, 1598, 1597):
        s.submit(**plain, quantity=1, price=price, account="account-0")
    for quantity in (1, 1, 1):
        s.submit(**plain, quantity=quantity, account="account-1")
    for number in (2, 3):
        s.submit(**plain, quantity=1, price=1599, account=f"account-{number}")
        s.submit(**plain, quantity=1, price=1599, account=f"account-{number}")
    s.submit(**plain, quantity=1, account="account-4")
    s.submit(**plain, quantity=1, price=1599, time_in_force="GTC", account="account-4")
    s.submit(**plain, quantity=1, price=1599, time_in_force="IOC", account="account-4")
    s.run()
    s.poll("a")
    s.submit(**plain, quantity=1, account="account-5")
    s.submit(**plain, quantity=1, account="account-5")
    s.submit("a", symbol="COIN", side="SELL", quantity=1, account="account-5")
    s.submit("a", symbol="COIN", side="BUY", quantity=1, account="account-4")
    s.submit("a", symbol="COIN", side="BUY", quantity=1, account="account-0")
    s.submit("a", symbol="SPREAD", side="BUY", quantity=1, price=-0.05, account="account-0")
    s.submit("a", symbol="SPREAD", side="BUY", quantity=1, price=-0.05, account="account-1")
    s.run()
    s.poll("a")
    s.money("a", "account-5")
    s.send("a", client_order_id=17 * 16, account=3, instrument=1)
    s.send("a", client_order_id=18 * 16 + 1, price=159_900, type=2, account=0)
    s.run()
    s.poll("a")


def habits(s: Session) -> None:
    """Limits of how often: orders and cancels a second, orders alike, fills in a row, orders that come late."""
    accounts = (
        {"max_orders_per_second": 2, "max_cancels_per_second": 1},
        {"max_duplicate_orders": 1, "duplicate_window_ns": SECOND_NS},
        {"max_fills": 2, "fills_window_ns": SECOND_NS},
        {"max_order_age_ns": SECOND_NS},
    )
    begin(s, "a", accounts=accounts)
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000))
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "side": "BUY", "quantity": 1}
    first = [s.submit(**plain, price=price) for price in (1590, 1591, 1592)]
    s.run()
    s.cancel("a", first[0])
    s.cancel("a", first[1])
    s.cancel_all("a", account="main")
    s.replace("a", first[1], quantity=2)
    s.submit(**plain, price=1590, account="other-1")
    s.submit(**plain, price=1590, account="other-1")
    s.submit(**plain, price=1590.25, account="other-1")
    s.run()
    s.poll("a")
    for index in range(4):
        s.submit(**plain, account="other-2")
        s.run()
        s.feed(trade(now + 1 + index, 160_000, 9))
    s.poll("a")
    s.feed(trade(now + 10 * SECOND_NS, 160_000, more=True))
    s.submit(**plain, price=1590, account="other-3")
    s.feed(trade(now + 10 * SECOND_NS, 160_000))
    s.run()
    s.submit(**plain, price=1590, account="other-1")
    s.submit(**plain, price=1590, account="other-3")
    s.run()
    s.poll("a")


def meeting_oneself(s: Session) -> None:
    """An account's own orders on both sides, by what is cancelled then."""
    begin(s, "a", accounts=({"self_trade": 1}, {"self_trade": 2}, {"self_trade": 3}))
    now = START_NS
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000))
    for account in ("main", "other-1", "other-2"):
        s.submit("a", symbol="ES", side="SELL", quantity=1, price=1601, account=account)
        s.submit("a", symbol="ES", side="BUY", quantity=2, price=1601.25, account=account)
        s.submit("a", symbol="ES", side="BUY", quantity=3, account=account)
        s.run()
        s.poll("a")
    s.feed(trade(now + 1, 160_125, 9))
    s.poll("a")


def states(s: Session) -> None:
    """Trading that is reduced or halted, by hand or by a day's loss, and sessions that are not open."""
    begin(s, "a", accounts=({}, {"max_daily_loss": 1_000_0000}))
    now = START_NS
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "quantity": 1}
    s.feed(opening(now, abi.NT_SESSION_CLOSED))
    s.submit(**plain, side="BUY")
    s.run()
    s.feed(opening(now + 1, abi.NT_SESSION_HALTED))
    s.submit(**plain, side="BUY")
    s.run()
    s.feed(opening(now + 2), quote(now + 2, 160_000, 160_025), trade(now + 2, 160_000))
    s.submit(**plain, side="BUY", time_in_force="GTC", price=1599)
    s.submit(**plain, side="BUY", account="other-1")
    s.submit(**{**plain, "quantity": 2}, side="BUY")
    s.run()
    s.feed(trade(now + 3, 160_000))
    s.poll("a")
    s.state("REDUCING", 0)
    s.submit(**plain, side="BUY")
    s.submit(**{**plain, "quantity": 3}, side="SELL")
    s.submit(**plain, side="SELL", price=1602)
    s.run()
    s.poll("a")
    s.state("HALTED")
    s.submit(**plain, side="SELL")
    s.run()
    s.poll("a")
    s.money("a")
    s.state("ACTIVE")
    s.submit(**plain, side="BUY", price=1590, account="other-1")
    s.run()
    s.feed(trade(now + 4, 157_900))
    s.submit(**plain, side="SELL", account="other-1")
    s.run()
    s.poll("a")
    s.money("a", "other-1")
    s.feed(opening(now + 5, abi.NT_SESSION_OPEN, 19_676), trade(now + 6, 157_900))
    s.state("ACTIVE", 1)
    s.submit(**plain, side="SELL", account="other-1")
    s.run()
    s.feed(opening(now + 7, abi.NT_SESSION_CLOSED))
    s.submit(**plain, side="SELL", account="other-1")
    s.run()
    s.poll("a")
    s.money("a", "other-1")


def refused_by_the_venue(s: Session) -> None:
    """Orders that arrive when the session has ended, or where they would take."""
    begin(s, "a", latency_in_ns=MILLISECOND_NS)
    now = START_NS
    plain: dict[str, Any] = {"client": "a", "symbol": "ES", "side": "BUY", "quantity": 1}
    s.feed(opening(now), quote(now, 160_000, 160_025), trade(now, 160_000))
    s.submit(**plain, price=1600, post_only=True)
    s.submit(**plain, price=1599, time_in_force="GTD", expire_ns=now + 10)
    s.run()
    s.feed(quote(now + 5, 159_975, 160_000), tick(abi.NT_TICK_CLOCK, now + 2 * MILLISECOND_NS))
    s.submit(**plain, price=1599)
    s.run()
    s.feed(opening(now + 2 * MILLISECOND_NS + 1, abi.NT_SESSION_HALTED), tick(abi.NT_TICK_CLOCK, now + 4 * MILLISECOND_NS))
    s.feed(opening(now + 4 * MILLISECOND_NS))
    s.submit(**plain, price=1599)
    s.run()
    s.feed(opening(now + 4 * MILLISECOND_NS + 1, abi.NT_SESSION_CLOSED), tick(abi.NT_TICK_CLOCK, now + 6 * MILLISECOND_NS))
    s.poll("a")


SCRIPTS: tuple[Script, ...] = (orders_that_are_too_much, accounts_with_limits, habits, meeting_oneself, states, refused_by_the_venue)
