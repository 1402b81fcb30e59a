"""What an account's orders and positions are worth, for checks 17, 18 and 21."""

from __future__ import annotations

import math
from fractions import Fraction

from neural_trader._native import abi
from reference.accounts import Keeping
from reference.market import Market
from reference.orders import BUY, SELL, Order
from reference.wanted import trades_at_once


def value_price(market: Market, side: int, order_type: int, price: int | None, trigger: int | None) -> int | None:
    """At which an order is valued: the worst of its price, its trigger, and when it may trade at once the quote it reaches."""
    own = [abs(value) for value in (price, trigger) if value is not None]
    if not trades_at_once(market, order_type, side, trigger) and trigger is not None:
        return max(own)
    opposite = market.best(SELL if side == BUY else BUY)
    if price is not None:
        crosses = opposite is not None and (price >= opposite if side == BUY else price <= opposite)
        return max([*own, abs(opposite)] if crosses and opposite is not None else own)
    if not market.sound or market.bid is None or market.ask is None:
        return None
    return max(*own, abs(market.bid), abs(market.ask + market.slippage if side == BUY else market.bid - market.slippage))


def replaced_value(market: Market, order: Order, price: int | None, trigger: int | None) -> int | None:
    """The same once it is replaced; without a price it never falls. trigger: the one that is asked for."""
    now = abi.NT_ORDER_MARKET if price is None else abi.NT_ORDER_LIMIT
    kept = order.trigger_price if trigger is None else trigger
    value = value_price(market, order.side, now if order.triggered else order.type, price, kept)
    return value if price is not None or value is None else max(value, order.standing_value)


def working_product(keeping: Keeping, instrument: int, side: int) -> int:
    """Of what works on a side."""
    return sum(order.value_price * order.working for order in keeping.working(instrument, side))


def open_notional(keeping: Keeping, instrument: int, added: int = 0) -> int:
    """Money of what works on an instrument, and of a product more."""
    return keeping.positions[instrument].up(working_product(keeping, instrument, BUY) + working_product(keeping, instrument, SELL) + added)


def closing(keeping: Keeping, instrument: int, side: int, reducing: int = 0) -> int:
    """What only reduces on a side, and more of it: it may fill before the others do."""
    return keeping.working_quantity(instrument, side, reduce_only=True) + reducing


def case(
    keeping: Keeping, instrument: int, side: int, quantity: int = 0, product: int = 0, price: int | None = None, reducing: int = 0
) -> int:
    """Product of the instrument when everything that works on a side fills, and more. What closes the position adds nothing; what goes
    beyond it counts at its own prices, when only a part does at the side's highest, whichever is less.
    """
    position, market = keeping.positions[instrument], keeping.markets[instrument]
    product += working_product(keeping, instrument, side)
    against = -position.quantity if side == BUY else position.quantity
    if against <= 0:
        mark = market.instrument.maximum_price if market.mark is None else abs(market.mark)
        return abs(position.quantity) * mark + product
    beyond = quantity + keeping.working_quantity(instrument, side) - max(0, against - closing(keeping, instrument, side, reducing))
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


def reserve(keeping: Keeping, instrument: int, money: int, working: int, added: int = 0) -> int:
    """Initial margin on this exposure, and the worst fees of what works and of a product more."""
    position = keeping.positions[instrument]
    bps = position.terms.initial_margin_bps
    if bps is None:
        return 0
    fee = max(position.terms.fee_taker, position.terms.fee_maker, 0)
    ppb = max(position.terms.fee_taker_ppb, position.terms.fee_maker_ppb, 0)
    margin, fees = Fraction(money * bps, 10_000), Fraction(fee * working, 10**position.instrument.quantity_decimals)
    shares = Fraction(ppb * open_notional(keeping, instrument, added), 10**9)
    return math.ceil(margin) + math.ceil(fees) + math.ceil(shares)


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
