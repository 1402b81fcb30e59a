"""Orders that are more than a market or limit order: triggers, expiry, icebergs, and orders that hang together."""

from __future__ import annotations

from typing import Any, Final, Literal

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.numbers import Number
from neural_trader.records import ABSENT

__all__ = ["OrderType", "extend"]

OrderType = Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "TRAILING_STOP", "MARKET_IF_TOUCHED"]

_TYPES: Final = {
    "MARKET": abi.NT_ORDER_MARKET,
    "LIMIT": abi.NT_ORDER_LIMIT,
    "STOP": abi.NT_ORDER_STOP,
    "STOP_LIMIT": abi.NT_ORDER_STOP_LIMIT,
    "TRAILING_STOP": abi.NT_ORDER_TRAILING_STOP,
    "MARKET_IF_TOUCHED": abi.NT_ORDER_MARKET_IF_TOUCHED,
}


def _type(order_type: str | None, priced: bool, triggered: bool, trails: bool) -> int:
    if order_type is not None:
        code = _TYPES.get(order_type) if isinstance(order_type, str) else None
        if code is None:
            raise InvalidArgument(f"order_type {order_type!r} is not one of {', '.join(_TYPES)}")
    elif trails:
        code = abi.NT_ORDER_TRAILING_STOP
    elif triggered:
        code = abi.NT_ORDER_STOP_LIMIT if priced else abi.NT_ORDER_STOP
    else:
        code = abi.NT_ORDER_LIMIT if priced else abi.NT_ORDER_MARKET
    name = next(known for known, number in _TYPES.items() if number == code)
    for what, given, wanted in (
        ("price", priced, code in (abi.NT_ORDER_LIMIT, abi.NT_ORDER_STOP_LIMIT)),
        ("trailing_offset", trails, code == abi.NT_ORDER_TRAILING_STOP),
        ("trigger_price", triggered, code not in (abi.NT_ORDER_MARKET, abi.NT_ORDER_LIMIT)),
    ):
        optional = what == "trigger_price" and code == abi.NT_ORDER_TRAILING_STOP
        if given != wanted and not optional:
            raise InvalidArgument(f"a {name} order {'needs a' if wanted else 'takes no'} {what}")
    return code


def _whole(value: object, what: str, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 2**63:
        raise InvalidArgument(f"{what} {value!r} is not a whole number from {least}")
    return value


def extend(
    order: Any,
    tradable: Any,
    *,
    order_type: str | None,
    trigger_price: Number | None,
    trailing_offset: Number | None,
    post_only: bool,
    reduce_only: bool,
    expire_ns: int | None,
    display_quantity: Number | None,
    oco: int | None,
    bracket: int | None,
) -> None:
    """Complete an order record whose side, quantity, price (ABSENT without one) and time in force are set. InvalidArgument for what does
    not fit together."""
    order.type = _type(order_type, order.price != ABSENT, trigger_price is not None, trailing_offset is not None)
    order.flags = abi.NT_ORDER_EXTENDED | (abi.NT_ORDER_POST_ONLY if post_only else 0) | (abi.NT_ORDER_REDUCE_ONLY if reduce_only else 0)
    order.trigger_price = ABSENT if trigger_price is None else tradable.price.raw(trigger_price)
    order.trailing_offset = 0 if trailing_offset is None else tradable.price.raw(trailing_offset)
    order.display_quantity = 0 if display_quantity is None else tradable.quantity.raw(display_quantity)
    order.expire_ts = 0 if expire_ns is None else _whole(expire_ns, "expire_ns", 1)
    if (expire_ns is not None) != (order.time_in_force == abi.NT_TIF_GTD):
        raise InvalidArgument("time_in_force 'GTD' and expire_ns go together: an order that ends at a time")
    order.contingency = order.list_id = order.original_client_order_id = 0
    if oco is not None and bracket is not None:
        raise InvalidArgument("an order hangs on another by oco or by bracket, not by both")
    if oco is not None:
        order.contingency, order.list_id = abi.NT_CONTINGENCY_OCO, _whole(oco, "oco", 1)
    if bracket is not None:
        order.contingency, order.list_id = abi.NT_CONTINGENCY_BRACKET, _whole(bracket, "bracket", 1)
        order.flags |= abi.NT_ORDER_REDUCE_ONLY
