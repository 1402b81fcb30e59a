"""What an account's orders and positions are worth, for checks 17, 18 and 21."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from neural_trader._native import abi
from reference.accounts import Keeping
from reference.market import Market
from reference.orders import BUY, SELL, Order
from reference.wanted import Wanted, trades_at_once


@dataclass(frozen=True)
class Asked:
    """What an order asks for, as far as its value goes. sweeps: without a price it takes level by level."""

    side: int
    type: int
    price: int | None
    trigger: int | None
    offset: int
    quantity: int
    sweeps: bool


def value_price(market: Market, asked: Asked) -> int | None:
    """At which an order is valued: the worst of its price, its trigger, and when it may trade at once what it may trade at."""
    buys, last, opposite = asked.side == BUY, market.last, market.best(SELL if asked.side == BUY else BUY)
    slippage = market.slippage if buys else -market.slippage
    found = [] if asked.price is None else [asked.price]
    if asked.type == abi.NT_ORDER_TRAILING_STOP and asked.trigger is None:
        begin = opposite if last is None else last
        if begin is not None:
            found.append(begin + asked.offset + slippage if buys else begin - asked.offset)
    elif asked.trigger is not None:
        found += [asked.trigger] if asked.price is not None else [asked.trigger, asked.trigger + slippage]
        if not trades_at_once(market, asked.type, asked.side, asked.trigger):
            return max(map(abs, found))
    if asked.price is not None:
        if buys and not market.instrument.allow_negative_price:
            return max(map(abs, found))
        if opposite is None and last is None:
            return None
        met = [price for price in (opposite, last) if price is not None]
        found += [price for price in met if (asked.price >= price if buys else asked.price <= price)]
        return max(map(abs, found))
    if not market.sound or market.bid is None or opposite is None:
        return None
    found += [market.bid, opposite + slippage, *([] if last is None else [last + slippage])]
    found.append(reach(market, asked.side, None, asked.quantity, asked.sweeps) or 0)
    return max(map(abs, found))


def reach(market: Market, side: int, limit: int | None, quantity: int, sweeps: bool) -> int | None:
    """How far an order may trade: without a limit as deep as its quantity goes into the book."""
    far = market.best(SELL if side == BUY else BUY)
    if limit is not None or far is None:
        return limit
    left = quantity
    for price, size in market.book.ladder(SELL if side == BUY else BUY) if sweeps and market.book.booked else []:
        if left <= 0:
            break
        far, left = price, left - size
    return far + market.slippage if side == BUY else far - market.slippage


def replaced_value(market: Market, order: Order, it: Wanted, trigger: int | None, sweeps: bool) -> int | None:
    """The same once it is replaced; without a price it never falls. trigger: the one that is asked for."""
    now = abi.NT_ORDER_MARKET if it.price is None else abi.NT_ORDER_LIMIT
    kept = order.trigger_price if trigger is None else trigger
    kind = now if order.triggered else order.type
    value = value_price(market, Asked(order.side, kind, it.price, kept, order.trailing_offset, it.quantity - order.filled, sweeps))
    return value if it.price is not None or value is None else max(value, order.standing_value)


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
