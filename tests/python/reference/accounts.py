"""Positions, fees, profit and loss by average cost, and the state of an account."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from neural_trader._native import abi
from reference.inputs import Account, Instrument, Terms
from reference.market import Market
from reference.orders import Order


@dataclass
class Position:
    """One account on one instrument. Products are price times quantity, both raw."""

    terms: Terms
    instrument: Instrument
    quantity: int = 0
    cost: int = 0  # of what is open, signed like it
    realized: int = 0  # product
    fees: int = 0
    fills: int = 0
    venue_quantity: int = 0  # with fills that the kernel has yet to learn

    def money(self, product: int) -> Fraction:
        """What a product is worth in the account's money; without a rate nothing trades."""
        if self.terms.value_denominator == 0:
            return Fraction(0)
        return Fraction(product * self.terms.value_numerator, self.terms.value_denominator)

    def up(self, product: int) -> int:
        """Whole money against the trader."""
        return math.ceil(self.money(product))

    def fee(self, price: int, quantity: int, liquidity: int) -> int:
        """Fees are rounded up, rebates down."""
        terms, maker = self.terms, liquidity == abi.NT_LIQUIDITY_MAKER
        rate, ppb = (terms.fee_maker, terms.fee_maker_ppb) if maker else (terms.fee_taker, terms.fee_taker_ppb)
        traded = self.money(abs(price) * quantity)
        share = Fraction(ppb * (math.ceil(traded) if ppb > 0 else math.floor(traded)), 10**9)
        return math.ceil(Fraction(rate * quantity, 10**self.instrument.quantity_decimals)) + math.ceil(share)

    def fill(self, direction: int, price: int, quantity: int, fee: int) -> None:
        """A closing fill takes its share of the cost, rounded towards zero unless everything closes."""
        closed = min(quantity, abs(self.quantity)) if self.quantity * direction < 0 else 0
        if closed > 0:
            share = int(Fraction(self.cost * closed, abs(self.quantity)))
            self.cost -= share
            self.realized += -direction * price * closed - share
        self.cost += direction * price * (quantity - closed)
        self.quantity += direction * quantity
        self.fees += fee
        self.fills += 1

    def realized_money(self) -> int:
        """Rounded down."""
        return math.floor(self.money(self.realized))

    def unrealized_money(self, market: Market) -> int:
        """At the mark, rounded down; nothing is known to be won or lost where nothing has a price."""
        if self.quantity == 0:
            return 0
        if market.mark is None:
            return 0
        return math.floor(self.money(market.mark * self.quantity - self.cost))

    def average_price(self) -> float:
        """In units; NaN when flat."""
        if self.quantity == 0:
            return math.nan
        return float(Fraction(self.cost, self.quantity * 10**self.instrument.price_decimals))


@dataclass
class Keeping:
    """One account. Positions and orders are looked through whenever something about them is asked."""

    limits: Account
    number: int
    positions: list[Position]
    markets: list[Market]
    orders: list[Order]  # of every account, all that have not ended
    state: int = abi.NT_STATE_ACTIVE
    state_reason: int = 0
    day: int | None = None
    day_equity: int = 0
    day_value: int = 0
    order_next: int | None = None  # when the next order is due at its rate
    cancel_next: int | None = None
    accepted: list[tuple[int, tuple[int, int, int | None, int]]] = field(default_factory=list)  # when, and which order
    fill_times: list[int] = field(default_factory=list)  # since trading was resumed
    highest: dict[tuple[int, int], int] = field(default_factory=dict)  # by instrument and side: value price since nothing worked

    def working(self, instrument: int, side: int, reduce_only: bool = False) -> list[Order]:
        """Orders of one side that may still trade, as far as the kernel knows."""
        mine = [order for order in self.orders if order.account == self.number and order.instrument == instrument]
        return [order for order in mine if order.side == side and order.reduce_only == reduce_only]

    def working_quantity(self, instrument: int, side: int, reduce_only: bool = False) -> int:
        """Their sum."""
        return sum(order.working for order in self.working(instrument, side, reduce_only))

    def open_orders(self) -> int:
        """How many."""
        return sum(order.account == self.number for order in self.orders)

    def realized(self) -> int:
        """Money, before fees."""
        return sum(position.realized_money() for position in self.positions)

    def unrealized(self) -> int:
        """Money."""
        return sum(position.unrealized_money(market) for position, market in zip(self.positions, self.markets, strict=True))

    def fees(self) -> int:
        """Money paid."""
        return sum(position.fees for position in self.positions)

    def cash(self) -> int:
        """Start, realized, fees."""
        return self.limits.cash + self.realized() - self.fees()

    def equity(self) -> int:
        """Cash and what is open."""
        return self.cash() + self.unrealized()

    def day_pnl(self) -> int:
        """Net of fees, since the day began or trading was resumed."""
        return self.equity() - self.day_equity

    def lost(self) -> bool:
        """The daily loss is at its limit."""
        limit = self.limits.max_daily_loss
        return limit is not None and self.day_pnl() <= -limit

    def new_day(self, day: int) -> None:
        """A session has opened; a day counts once."""
        if self.day is not None and day <= self.day:
            return
        if self.day is not None:
            self.day_value = 0
            self.day_equity = self.equity()
        self.day = day
