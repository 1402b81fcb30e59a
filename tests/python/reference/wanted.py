"""What a request asks for, and whether its fields fit together."""

from __future__ import annotations

from dataclasses import dataclass

from neural_trader._native import abi
from reference.accounts import Keeping
from reference.inputs import Request
from reference.market import Market
from reference.orders import BUY, SELL

TRIGGERED = (abi.NT_ORDER_STOP, abi.NT_ORDER_STOP_LIMIT, abi.NT_ORDER_TRAILING_STOP, abi.NT_ORDER_MARKET_IF_TOUCHED)
PRICED = (abi.NT_ORDER_LIMIT, abi.NT_ORDER_STOP_LIMIT)
AT_ONCE = (abi.NT_ORDER_MARKET, abi.NT_ORDER_LIMIT)


@dataclass
class Wanted:
    """What a new order or a replace asks for, once what it leaves out is filled in."""

    now: int
    ts: int
    keeping: Keeping
    market: Market
    instrument: int
    side: int
    type: int
    time_in_force: int
    price: int | None
    trigger_price: int | None
    quantity: int
    added: int  # to what works
    reduce_only: bool

    sweeps: bool  # the venue fills level by level
    triggered: bool = False  # known to have been

    @property
    def at_once(self) -> bool:
        """It may trade as soon as it arrives."""
        return self.triggered or trades_at_once(self.market, self.type, self.side, self.trigger_price)


def rises(order_type: int, side: int) -> bool:
    """It waits for prices to rise to its trigger: a stop to buy, an if-touched to sell."""
    return (side == BUY) != (order_type == abi.NT_ORDER_MARKET_IF_TOUCHED)


def trades_at_once(market: Market, order_type: int, side: int, trigger: int | None) -> bool:
    """No trigger to wait for, or one that is reached: by a trade, by a quote beyond it, or when nobody knows."""
    if order_type in AT_ONCE:
        return True
    if trigger is None:
        return False
    if (market.bid, market.ask, market.last) == (None, None, None):
        return True
    if rises(order_type, side):
        return (market.last is not None and market.last >= trigger) or (market.ask is not None and market.ask > trigger)
    return (market.last is not None and market.last <= trigger) or (market.bid is not None and market.bid < trigger)


def given(value: int | None) -> bool:
    """A field of line 1 says something."""
    return value is not None and value != 0


def well_formed(request: Request) -> bool:
    """The fields of a new order fit its kind."""
    kinds = abi.NT_ORDER_EXTENDED | abi.NT_ORDER_POST_ONLY | abi.NT_ORDER_REDUCE_ONLY
    extended = request.flags & abi.NT_ORDER_EXTENDED != 0
    trailing = request.type == abi.NT_ORDER_TRAILING_STOP
    immediate = request.time_in_force in (abi.NT_TIF_IOC, abi.NT_TIF_FOK)
    bracket = request.contingency == abi.NT_CONTINGENCY_BRACKET
    return all(
        (
            request.message == abi.NT_MESSAGE_NEW,
            request.side in (BUY, SELL),
            request.client_order_id > 0,
            request.type in (*AT_ONCE, *TRIGGERED),
            abi.NT_TIF_DAY <= request.time_in_force <= abi.NT_TIF_GTD,
            request.flags & ~kinds == 0,
            (request.price is not None) == (request.type in PRICED),
            trailing or (request.trigger_price is not None) == (request.type in TRIGGERED),
            not request.flags & abi.NT_ORDER_POST_ONLY or (request.type == abi.NT_ORDER_LIMIT and not immediate),
            not (request.type in TRIGGERED and immediate),
            extended or not trailing,
            not extended
            or (
                request.original_client_order_id == 0
                and not (given(request.expire_ts) and request.time_in_force != abi.NT_TIF_GTD)
                and not (given(request.display_quantity) and (request.type != abi.NT_ORDER_LIMIT or (request.display_quantity or 0) < 0))
                and (request.trailing_offset > 0 if trailing else request.trailing_offset == 0)
                and request.contingency in (0, abi.NT_CONTINGENCY_OCO, abi.NT_CONTINGENCY_BRACKET)
                and (request.contingency != 0) == (request.list_id != 0)
                and not (bracket and not request.flags & abi.NT_ORDER_REDUCE_ONLY)
            ),
        )
    )


def is_plain(request: Request) -> bool:
    """What a request about an order does not use is empty."""
    unused = (request.expire_ts, request.display_quantity, request.trailing_offset, request.list_id, request.contingency)
    return request.flags & ~abi.NT_ORDER_EXTENDED == 0 and request.client_order_id != 0 and not any(given(value) for value in unused)


Alike = tuple[int, int, int | None, int]


def alike(instrument: int, side: int, price: int | None, trigger_price: int | None, quantity: int) -> Alike:
    """What makes an order like another: the price is the trigger where there is none."""
    return (instrument, side, trigger_price if price is None else price, quantity)
