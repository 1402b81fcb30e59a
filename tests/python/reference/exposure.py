"""What an account's orders and positions are worth, for checks 17, 18 and 21."""

from __future__ import annotations

import math
from fractions import Fraction

from reference.accounts import Keeping
from reference.market import Market
from reference.orders import BUY, SELL, Order


def value_price(market: Market, side: int, price: int | None) -> int | None:
    """At which an order is valued: its price, or the worse of the quote plus slippage."""
    if price is not None:
        return abs(price)
    if market.bid is None or market.ask is None:
        return None
    return max(abs(market.ask + market.slippage if side == BUY else market.bid - market.slippage), abs(market.bid))


def replaced_value(order: Order, price: int | None, trigger_price: int | None) -> int:
    """The same once it is replaced; without a price it never falls."""
    if price is not None:
        return abs(price)
    return max(abs(trigger_price or 0), order.market_price)


def working_product(keeping: Keeping, instrument: int, side: int) -> int:
    """Of what works on a side."""
    return sum(order.value_price * order.working for order in keeping.working(instrument, side))


def open_notional(keeping: Keeping, instrument: int, added: int = 0) -> int:
    """Money of what works on an instrument, and of a product more."""
    return keeping.positions[instrument].up(working_product(keeping, instrument, BUY) + working_product(keeping, instrument, SELL) + added)


def case(keeping: Keeping, instrument: int, side: int, quantity: int = 0, product: int = 0, price: int | None = None) -> int:
    """Product of the instrument when everything that works on a side fills, and more. What closes the position adds nothing; what goes
    beyond it counts at its own prices, when only a part does at the side's highest, whichever is less.
    """
    position, market = keeping.positions[instrument], keeping.markets[instrument]
    product += working_product(keeping, instrument, side)
    against = -position.quantity if side == BUY else position.quantity
    if against <= 0:
        mark = market.instrument.maximum_price if market.mark is None else abs(market.mark)
        return abs(position.quantity) * mark + product
    beyond = quantity + keeping.working_quantity(instrument, side) - against
    if beyond <= 0:
        return 0
    return min(product, beyond * max(price or 0, keeping.highest.get((instrument, side), 0)))


def worst(keeping: Keeping, instrument: int) -> int:
    """The larger case."""
    return max(case(keeping, instrument, BUY), case(keeping, instrument, SELL))


def is_used(keeping: Keeping, instrument: int) -> bool:
    """It holds or works something there."""
    return any((keeping.positions[instrument].quantity, *(keeping.working_quantity(instrument, side) for side in (BUY, SELL))))


def exposure(keeping: Keeping, instrument: int) -> int:
    """Money of the larger case."""
    return keeping.positions[instrument].up(worst(keeping, instrument)) if is_used(keeping, instrument) else 0


def reserve(keeping: Keeping, instrument: int, money: int, working: int) -> int:
    """Initial margin on this exposure, and the worst fee of what works."""
    position = keeping.positions[instrument]
    bps = position.terms.initial_margin_bps
    if bps is None:
        return 0
    fee = max(position.terms.fee_taker, position.terms.fee_maker, 0)
    return math.ceil(Fraction(money * bps, 10_000)) + math.ceil(Fraction(fee * working, 10**position.instrument.quantity_decimals))


def reserved(keeping: Keeping, instrument: int) -> int:
    """What an instrument holds back of the account's money."""
    if not is_used(keeping, instrument):
        return 0
    working = keeping.working_quantity(instrument, BUY) + keeping.working_quantity(instrument, SELL)
    return reserve(keeping, instrument, exposure(keeping, instrument), working)


def note_price(keeping: Keeping, order: Order) -> None:
    """The highest value price of a side, since it last had nothing working."""
    if order.reduce_only:
        return
    key = (order.instrument, order.side)
    if keeping.working_quantity(*key) == 0:
        keeping.highest[key] = 0
    elif not order.ended:
        keeping.highest[key] = max(keeping.highest.get(key, 0), order.value_price)
