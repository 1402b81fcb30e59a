"""Pre-trade checks in the order in which they are made: the first failure decides, and a check without its input refuses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from neural_trader._native import abi
from reference import exposure as worth
from reference.accounts import Keeping
from reference.inputs import Request
from reference.orders import BUY, SELL, Order, Verdict
from reference.wanted import PRICED, Wanted, alike, given

RAW_MAX = abi.NT_RAW_MAX
COUNT, PRICE, QUANTITY, MONEY = abi.NT_UNIT_COUNT, abi.NT_UNIT_PRICE, abi.NT_UNIT_QUANTITY, abi.NT_UNIT_MONEY
NANOSECONDS, ORDER_ID, STATE, CODE = abi.NT_UNIT_NANOSECONDS, abi.NT_UNIT_ORDER_ID, abi.NT_UNIT_STATE, abi.NT_UNIT_CODE
Checks = Iterator[Verdict | None]


def first(checks: Checks) -> Verdict | None:
    """The first failure."""
    return next((verdict for verdict in checks if verdict is not None), None)


def opening(it: Wanted) -> int:
    """What it adds to orders that may open a position."""
    return 0 if it.reduce_only else it.added


def base(it: Wanted) -> int:
    """The position from which those begin at worst: what only reduces has filled, this one too."""
    position = it.keeping.positions[it.instrument].quantity
    reducing = it.keeping.working_quantity(it.instrument, it.side, reduce_only=True) + it.added - opening(it)
    if it.side == BUY:
        return min(position + reducing, 0) if position < 0 else position
    return max(position - reducing, 0) if position > 0 else position


def trading_state(it: Wanted) -> Verdict | None:
    """Checks 2 and 22."""
    keeping = it.keeping
    if keeping.state == abi.NT_STATE_ACTIVE:
        return None
    if keeping.state_reason == abi.NT_REASON_DAILY_LOSS_LIMIT:
        loss = -keeping.day_pnl()
        return Verdict(abi.NT_CHECK_DAILY_LOSS, abi.NT_REASON_DAILY_LOSS_LIMIT, MONEY, loss, keeping.limits.max_daily_loss)
    if keeping.state == abi.NT_STATE_HALTED:
        return Verdict(abi.NT_CHECK_TRADING_STATE, abi.NT_REASON_TRADING_HALTED, STATE, keeping.state, abi.NT_STATE_ACTIVE)
    position = keeping.positions[it.instrument].quantity
    to_close = max(0, -base(it) if it.side == BUY else base(it))
    working = keeping.working_quantity(it.instrument, it.side) + opening(it)
    if (position < 0 if it.side == BUY else position > 0) and working <= to_close:
        return None
    return Verdict(abi.NT_CHECK_TRADING_STATE, abi.NT_REASON_TRADING_STATE_REDUCING, QUANTITY, working, to_close)


def session(it: Wanted) -> Verdict | None:
    """Check 3."""
    state = it.market.session
    if state == abi.NT_SESSION_OPEN:
        return None
    reason = abi.NT_REASON_MARKET_CLOSED if state == abi.NT_SESSION_CLOSED else abi.NT_REASON_INSTRUMENT_HALTED
    return Verdict(abi.NT_CHECK_SESSION, reason, STATE, state, abi.NT_SESSION_OPEN)


def permitted(it: Wanted) -> Verdict | None:
    """Check 4, all but the short sale."""
    limits, restrictions = it.keeping.limits, it.keeping.positions[it.instrument].terms.restrictions
    if restrictions & (abi.NT_RESTRICT_BUY if it.side == BUY else abi.NT_RESTRICT_SELL):
        return Verdict(abi.NT_CHECK_RESTRICTED, abi.NT_REASON_RESTRICTED_INSTRUMENT, CODE, it.side)
    for value, mask in ((it.type, limits.allowed_order_types), (it.time_in_force, limits.allowed_times_in_force)):
        if mask is not None and not mask & 1 << value:
            return Verdict(abi.NT_CHECK_RESTRICTED, abi.NT_REASON_ORDER_TYPE_NOT_PERMITTED, CODE, value, mask)
    return None


def short_sale(it: Wanted) -> Verdict | None:
    """Check 4: sell what is held and not yet being sold."""
    position = it.keeping.positions[it.instrument]
    if it.side == BUY or it.added == 0 or not position.terms.restrictions & abi.NT_RESTRICT_SHORT:
        return None
    sold = it.keeping.working_quantity(it.instrument, SELL) + opening(it)
    if sold <= max(0, base(it)):
        return None
    return Verdict(abi.NT_CHECK_RESTRICTED, abi.NT_REASON_SHORT_SALE_RESTRICTED, QUANTITY, sold, max(0, base(it)))


def order_age(it: Wanted) -> Verdict | None:
    """Check 6."""
    limit = it.keeping.limits.max_order_age_ns
    if limit is None or abs(it.now - it.ts) <= limit:
        return None
    return Verdict(abi.NT_CHECK_ORDER_AGE, abi.NT_REASON_ORDER_TOO_OLD, NANOSECONDS, it.now - it.ts, limit)


def quantity(it: Wanted) -> Verdict | None:
    """Check 7."""
    limit, instrument = it.keeping.positions[it.instrument].terms.max_order_quantity, it.market.instrument
    most = RAW_MAX if limit is None else min(limit, RAW_MAX)
    for failed, reason, bound in (
        (it.quantity <= 0, abi.NT_REASON_QUANTITY_NOT_POSITIVE, 1),
        (it.quantity > most, abi.NT_REASON_QUANTITY_EXCEEDS_MAXIMUM, most),
        (it.quantity < instrument.minimum_quantity, abi.NT_REASON_QUANTITY_BELOW_MINIMUM, instrument.minimum_quantity),
        (it.quantity % instrument.lot_size != 0, abi.NT_REASON_LOT_SIZE_VIOLATION, instrument.lot_size),
    ):
        if failed:
            return Verdict(abi.NT_CHECK_QUANTITY, reason, QUANTITY, it.quantity, bound)
    return None


def price(it: Wanted, value: int | None) -> Verdict | None:
    """Check 8, of a price or a trigger where there is one."""
    instrument = it.market.instrument
    if value is None:
        return None
    for failed, reason, bound in (
        (value <= 0 and not instrument.allow_negative_price, abi.NT_REASON_PRICE_NOT_POSITIVE, instrument.tick_size),
        (abs(value) > instrument.maximum_price, abi.NT_REASON_PRICE_EXCEEDS_MAXIMUM, instrument.maximum_price),
        (value % instrument.tick_size != 0, abi.NT_REASON_TICK_SIZE_VIOLATION, instrument.tick_size),
    ):
        if failed:
            return Verdict(abi.NT_CHECK_PRICE, reason, PRICE, value, bound)
    return None


def line_one(it: Wanted, request: Request) -> Checks:
    """Checks 7 and 8 of what only some orders carry, and check 9."""
    instrument = it.market.instrument
    if request.flags & abi.NT_ORDER_EXTENDED:
        display, offset = request.display_quantity or 0, request.trailing_offset
        if display % instrument.lot_size != 0:
            yield Verdict(abi.NT_CHECK_QUANTITY, abi.NT_REASON_LOT_SIZE_VIOLATION, QUANTITY, display, instrument.lot_size)
        if offset % instrument.tick_size != 0:
            yield Verdict(abi.NT_CHECK_PRICE, abi.NT_REASON_TICK_SIZE_VIOLATION, PRICE, offset, instrument.tick_size)
        if offset > instrument.maximum_price:
            yield Verdict(abi.NT_CHECK_PRICE, abi.NT_REASON_PRICE_EXCEEDS_MAXIMUM, PRICE, offset, instrument.maximum_price)
    if request.time_in_force == abi.NT_TIF_GTD:
        if not request.flags & abi.NT_ORDER_EXTENDED or not given(request.expire_ts):
            yield Verdict(abi.NT_CHECK_EXPIRY, abi.NT_REASON_EXPIRE_TIME_MISSING, NANOSECONDS, None, it.now)
        elif request.expire_ts is not None and request.expire_ts <= it.now:
            yield Verdict(abi.NT_CHECK_EXPIRY, abi.NT_REASON_EXPIRE_TIME_IN_PAST, NANOSECONDS, request.expire_ts, it.now)


def reduce_only(it: Wanted, bracket: bool) -> Verdict | None:
    """Check 16. What already works to reduce counts. A bracket's position is still to come: only the sum is bounded."""
    position = it.keeping.positions[it.instrument].quantity
    to_close = RAW_MAX if bracket else -position if it.side == BUY else position
    working = it.keeping.working_quantity(it.instrument, it.side, reduce_only=True) + it.added
    if working <= to_close:
        return None
    reason = abi.NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION
    return Verdict(abi.NT_CHECK_REDUCE_ONLY, reason, QUANTITY, working, max(0, to_close), saturates=False)


def post_only(it: Wanted) -> Verdict | None:
    """Check 24."""
    opposite = it.market.best(SELL if it.side == BUY else BUY)
    if opposite is None:
        return Verdict(abi.NT_CHECK_POST_ONLY, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, PRICE, it.price)
    assert it.price is not None
    if it.price < opposite if it.side == BUY else it.price > opposite:
        return None
    return Verdict(abi.NT_CHECK_POST_ONLY, abi.NT_REASON_POST_ONLY_WOULD_CROSS, PRICE, it.price, opposite)


def freshness(it: Wanted) -> Verdict | None:
    """Check 10."""
    limit, ts = it.keeping.positions[it.instrument].terms.max_quote_age_ns, it.market.quote_ts
    if limit is None:
        return None
    if ts is None or not it.market.sound:
        return Verdict(abi.NT_CHECK_FRESHNESS, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, NANOSECONDS, None, limit)
    if it.now - ts <= limit:
        return None
    return Verdict(abi.NT_CHECK_FRESHNESS, abi.NT_REASON_STALE_MARKET_DATA, NANOSECONDS, it.now - ts, limit)


def collar(it: Wanted) -> Verdict | None:
    """Check 11. Reference: the opposite best for an order that reaches it, else the middle; of one that waits its trigger."""
    bps, market = it.keeping.positions[it.instrument].terms.price_collar_bps, it.market
    if bps is None:
        return None
    if not it.at_once:
        assert it.trigger_price is not None
        assert it.price is not None
        return outside(it.price, Fraction(it.trigger_price), bps)
    if not market.sound:
        return Verdict(abi.NT_CHECK_COLLAR, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, PRICE, it.price)
    assert market.bid is not None
    assert market.ask is not None
    assert it.price is not None
    opposite = market.ask if it.side == BUY else market.bid
    reaches = it.price >= opposite if it.side == BUY else it.price <= opposite
    return outside(it.price, Fraction(opposite) if reaches else Fraction(market.bid + market.ask, 2), bps)


def outside(price: int, reference: Fraction, bps: int) -> Verdict | None:
    """Beyond the band around a reference."""
    band = abs(reference) * bps / 10_000
    if abs(price - reference) <= band:
        return None
    edge = math.floor(reference + band) if price > reference else math.ceil(reference - band)
    return Verdict(abi.NT_CHECK_COLLAR, abi.NT_REASON_PRICE_COLLAR, PRICE, price, edge, saturates=False)


def notional(it: Wanted, value: int | None) -> Verdict | None:
    """Check 12, of an order that is valued at a price."""
    position = it.keeping.positions[it.instrument]
    limit = position.terms.max_order_notional
    if position.terms.value_denominator == 0:
        return Verdict(abi.NT_CHECK_NOTIONAL, abi.NT_REASON_FX_RATE_UNAVAILABLE, MONEY)
    if limit is None:
        return None
    if value is None:
        return Verdict(abi.NT_CHECK_NOTIONAL, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, MONEY, None, limit)
    money = position.up(value * it.quantity)
    return Verdict(abi.NT_CHECK_NOTIONAL, abi.NT_REASON_NOTIONAL_EXCEEDS_MAXIMUM, MONEY, money, limit) if money > limit else None


def minimum_notional(it: Wanted) -> Verdict | None:
    """Check 13. Without a price an order is taken at its trigger, and where it may trade at once at the lesser side of the quote."""
    position, market = it.keeping.positions[it.instrument], it.market
    least = position.terms.min_order_notional
    if not least:
        return None
    values = [it.price] if it.price is not None else [] if it.trigger_price is None else [it.trigger_price]
    if it.price is None and (it.at_once or it.trigger_price is None):
        if not market.sound or market.bid is None or market.ask is None:
            return Verdict(abi.NT_CHECK_MINIMUM_NOTIONAL, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, MONEY, None, least)
        values += [market.bid, market.ask]
    money = position.money(min(map(abs, values)) * it.quantity)
    if money >= least:
        return None
    reason = abi.NT_REASON_NOTIONAL_BELOW_MINIMUM
    return Verdict(abi.NT_CHECK_MINIMUM_NOTIONAL, reason, MONEY, math.floor(money), least, saturates=False)


def open_orders(it: Wanted) -> Verdict | None:
    """Check 14."""
    limit, count = it.keeping.limits.max_open_orders, it.keeping.open_orders()
    if limit is None or count < limit:
        return None
    return Verdict(abi.NT_CHECK_OPEN_ORDERS, abi.NT_REASON_TOO_MANY_OPEN_ORDERS, COUNT, count + 1, limit)


def position(it: Wanted) -> Verdict | None:
    """Check 15: everything on this side fills, nothing on the other."""
    held = it.keeping.positions[it.instrument]
    limit = RAW_MAX if held.terms.max_position is None else min(held.terms.max_position, RAW_MAX)
    after = (base(it) if it.side == BUY else -base(it)) + it.keeping.working_quantity(it.instrument, it.side) + opening(it)
    return Verdict(abi.NT_CHECK_POSITION, abi.NT_REASON_POSITION_LIMIT_EXCEEDED, QUANTITY, after, limit) if after > limit else None


def has_value_limits(keeping: Keeping) -> bool:
    """A limit needs what orders are worth."""
    limits = keeping.limits
    margins = [held.terms.initial_margin_bps for held in keeping.positions]
    return any(limit is not None for limit in (limits.max_gross_exposure, limits.max_open_notional, limits.max_daily_value, *margins))


def exposure(it: Wanted, value: int | None, product: int) -> Checks:
    """Checks 17 and 18 of what adds a product, valued at a price. What adds nothing passes; what only reduces may make others add."""
    keeping, limits, number = it.keeping, it.keeping.limits, it.instrument
    bps = keeping.positions[number].terms.initial_margin_bps
    instruments = range(len(keeping.positions))
    if limits.max_open_notional is not None and product > 0:
        if value is None:
            yield unpriced(abi.NT_CHECK_EXPOSURE, limits.max_open_notional)
        total = sum(worth.open_notional(keeping, other, product if other == number else 0) for other in instruments)
        if total > limits.max_open_notional:
            yield Verdict(abi.NT_CHECK_EXPOSURE, abi.NT_REASON_OPEN_NOTIONAL_EXCEEDED, MONEY, total, limits.max_open_notional)
    if limits.max_gross_exposure is None and bps is None:
        return
    worst = worth.case(keeping, number, it.side, opening(it), product, value, it.added - opening(it))
    held = keeping.positions[number].quantity
    closes = held < 0 if it.side == BUY else held > 0
    if value is not None and worst <= worth.worst(keeping, number) and (closes or bps is None or opening(it) == 0):
        return
    if value is None:
        check = abi.NT_CHECK_BUYING_POWER if limits.max_gross_exposure is None else abi.NT_CHECK_EXPOSURE
        yield unpriced(check, limits.max_gross_exposure)
    more = worst > worth.worst(keeping, number)
    money = keeping.positions[number].up(max(worst, worth.worst(keeping, number)))
    gross = money + sum(worth.exposure(keeping, other) for other in instruments if other != number)
    if more and limits.max_gross_exposure is not None and gross > limits.max_gross_exposure:
        yield Verdict(abi.NT_CHECK_EXPOSURE, abi.NT_REASON_GROSS_EXPOSURE_EXCEEDED, MONEY, gross, limits.max_gross_exposure)
    if bps is not None:
        working = keeping.working_quantity(number, BUY) + keeping.working_quantity(number, SELL) + opening(it)
        need = worth.reserve(keeping, number, money, working, product) - worth.reserved(keeping, number)
        free = keeping.equity() - sum(worth.reserved(keeping, other) for other in instruments)
        if need > free:
            yield Verdict(abi.NT_CHECK_BUYING_POWER, abi.NT_REASON_INSUFFICIENT_BUYING_POWER, MONEY, need, free)


def unpriced(check: int, limit: int | None) -> Verdict:
    """Nobody knows what it is worth."""
    return Verdict(check, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, MONEY, None, limit)


def daily_value(it: Wanted, value: int | None, product: int) -> Verdict | None:
    """Check 21."""
    limit = it.keeping.limits.max_daily_value
    if limit is None or product <= 0:
        return None
    if value is None:
        return unpriced(abi.NT_CHECK_DAILY_VALUE, limit)
    total = it.keeping.day_value + it.keeping.positions[it.instrument].up(product)
    return Verdict(abi.NT_CHECK_DAILY_VALUE, abi.NT_REASON_DAILY_VALUE_EXCEEDED, MONEY, total, limit) if total > limit else None


def repeated_fills(it: Wanted) -> Verdict | None:
    """Check 20: more than so many fills within the window."""
    limits = it.keeping.limits
    if limits.max_fills is None or limits.fills_window_ns is None:
        return None
    if sum(it.now - ts < limits.fills_window_ns for ts in it.keeping.fill_times) <= limits.max_fills:
        return None
    return Verdict(abi.NT_CHECK_REPEATED, abi.NT_REASON_REPEATED_EXECUTION, COUNT, limits.max_fills + 1, limits.max_fills)


def duplicative(it: Wanted) -> Verdict | None:
    """Check 20: so many orders alike within the window."""
    limits = it.keeping.limits
    most, window = limits.max_duplicate_orders, limits.duplicate_window_ns
    if most is None or window is None:
        return None
    wanted = alike(it.instrument, it.side, it.price, it.trigger_price, it.quantity)
    if sum(key == wanted and it.now - ts < window for ts, key in it.keeping.accepted) < most:
        return None
    return Verdict(abi.NT_CHECK_REPEATED, abi.NT_REASON_DUPLICATIVE_ORDER, COUNT, most + 1, most)


def crossed(keeping: Keeping, instrument: int, side: int, limit: int | None, quantity: int, sweeps: bool) -> list[Order]:
    """The account's own orders that stand in the way, best first."""
    own = [order for order in keeping.orders if order.account == keeping.number and order.instrument == instrument]
    own = [order for order in own if order.side != side and order.own_price is not None]
    own.sort(key=lambda order: (-order.direction * (order.own_price or 0), order.venue_order_id))
    far = worth.reach(keeping.markets[instrument], side, limit, quantity, sweeps)
    if far is None:
        return []
    return [order for order in own if order.own_price is not None and (far >= order.own_price if side == BUY else far <= order.own_price)]


def self_trade(it: Wanted, quantity: int) -> Verdict | None:
    """Check 23, of so much."""
    keeping = it.keeping
    if keeping.limits.self_trade == 0:
        return None
    own = [
        order.own_price
        for order in keeping.orders
        if (order.account, order.instrument) == (keeping.number, it.instrument) and order.side != it.side and order.own_price is not None
    ]
    if not own:
        return None
    best = min(own) if it.side == BUY else max(own)
    far = worth.reach(it.market, it.side, it.price, quantity, it.sweeps)
    if far is None:
        return Verdict(abi.NT_CHECK_SELF_TRADE, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE, PRICE, None, best)
    crosses = far >= best if it.side == BUY else far <= best
    if not crosses or keeping.limits.self_trade == abi.NT_SELF_TRADE_CANCEL_OLDEST:
        return None
    return Verdict(abi.NT_CHECK_SELF_TRADE, abi.NT_REASON_SELF_TRADE_PREVENTED, PRICE, far, best)


def rate(now: int, due: int | None, per_second: int | None) -> tuple[Verdict | None, int | None]:
    """Check 19: so many at once, then one an interval. The verdict, and when the next is due at the rate."""
    if per_second is None:
        return None, due
    interval = -(-1_000_000_000 // per_second)
    late = now if due is None else max(now, due)
    if late - now <= interval * (per_second - 1):
        return None, late + interval
    observed = -(-(late - now) // interval) + 1
    return Verdict(abi.NT_CHECK_RATE, abi.NT_REASON_RATE_LIMIT_EXCEEDED, COUNT, observed, per_second), due


def order_rate(it: Wanted) -> Verdict | None:
    """Check 19 of an order or a replace."""
    return rate(it.now, it.keeping.order_next, it.keeping.limits.max_orders_per_second)[0]


def new_order(it: Wanted, request: Request, last_id: int, taken: int | None, list_known: bool) -> Checks:
    """The checks of a new order whose form is right. taken: the open order that holds its slot."""
    yield trading_state(it)
    yield session(it)
    yield permitted(it)
    duplicate = abi.NT_CHECK_DUPLICATE
    if request.client_order_id <= last_id:
        yield Verdict(duplicate, abi.NT_REASON_DUPLICATE_CLIENT_ORDER_ID, ORDER_ID, request.client_order_id, last_id)
    if taken is not None:
        yield Verdict(duplicate, abi.NT_REASON_ORDER_SLOT_TAKEN, ORDER_ID, request.client_order_id, taken)
    yield order_age(it)
    yield quantity(it)
    yield price(it, it.price)
    yield price(it, it.trigger_price)
    if not list_known:
        yield Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_UNKNOWN_LIST, ORDER_ID, request.list_id)
    yield from line_one(it, request)
    reduces = request.flags & abi.NT_ORDER_REDUCE_ONLY != 0
    bracket = request.flags & abi.NT_ORDER_EXTENDED != 0 and request.contingency == abi.NT_CONTINGENCY_BRACKET
    if reduces:
        yield reduce_only(it, bracket)
    if request.flags & abi.NT_ORDER_POST_ONLY:
        yield post_only(it)
    yield freshness(it)
    if it.price is not None:
        yield collar(it)
    value = worth.value_price(it.market, asked_by(it, request))
    yield notional(it, value)
    if not reduces:
        yield minimum_notional(it)
    yield open_orders(it)
    yield position(it)
    yield short_sale(it)
    if has_value_limits(it.keeping):
        value = 0 if reduces else value
        product = (1 if value is None else value) * it.quantity
        yield from exposure(it, value, product)
        yield daily_value(it, value, product)
    yield repeated_fills(it)
    yield duplicative(it)
    yield order_rate(it)
    if it.at_once:
        yield self_trade(it, it.quantity)


def asked_by(it: Wanted, request: Request) -> worth.Asked:
    """What a new order asks for."""
    offset = request.trailing_offset if request.flags & abi.NT_ORDER_EXTENDED else 0
    return worth.Asked(it.side, it.type, it.price, it.trigger_price, offset, it.quantity, it.sweeps)


def replace(it: Wanted, order: Order, trigger: int | None) -> Checks:
    """The checks of a replace of an open order. trigger: the one that is asked for."""
    limit = order.type in PRICED
    if (it.price is None) == limit:
        yield Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_MALFORMED, PRICE, it.price)
    if trigger is not None and order.trigger_price is None:
        yield Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_MALFORMED)
    yield trading_state(it)
    yield session(it)
    yield permitted(it)
    yield order_age(it)
    yield quantity(it)
    if it.quantity <= order.filled:
        yield Verdict(abi.NT_CHECK_QUANTITY, abi.NT_REASON_QUANTITY_BELOW_FILLED, QUANTITY, it.quantity, order.filled)
    if limit:
        yield price(it, it.price)
    yield price(it, trigger)
    yield freshness(it)
    if limit:
        yield collar(it)
    value = worth.replaced_value(it.market, order, it, trigger, it.sweeps)
    yield notional(it, value)
    if order.reduce_only:
        if it.added > 0:
            yield reduce_only(it, order.contingency == abi.NT_CONTINGENCY_BRACKET)
    else:
        yield minimum_notional(it)
    yield position(it)
    yield short_sale(it)
    if order.reduce_only and has_value_limits(it.keeping):
        yield from exposure(it, 0, 0)
    elif value is None and has_value_limits(it.keeping):
        yield from exposure(it, None, 1)
        yield daily_value(it, None, 1)
    elif value is not None and has_value_limits(it.keeping):
        before = order.value_price * order.leaves
        most = max(value, order.value_price) * (max(it.quantity, order.quantity) - order.filled)  # while both are possible
        yield from exposure(it, value, most - before)
        yield daily_value(it, value, value * (it.quantity - order.filled) - before)
    yield repeated_fills(it)
    yield order_rate(it)
    if it.at_once:
        yield self_trade(it, it.quantity - order.filled)
