"""The rows of the core that a configuration stands for: accounts, and what each may do with each instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.instruments import MONEY_DECIMALS, Amount, Instrument, limit_raw, money_raw
from neural_trader.numbers import RAW_MAX, exact, plain, to_decimal

if TYPE_CHECKING:
    from neural_trader.config import AccountConfig, Config, Limits

__all__ = ["ORDER_TYPES", "PAIRED", "RESTRICTIONS", "SELF_TRADE", "TIMES_IN_FORCE", "account_row", "limits_on", "terms_row", "worth"]

ORDER_TYPES: Final = {item.name.lower(): int(item) for item in abi.OrderType}
TIMES_IN_FORCE: Final = {item.name.lower(): int(item) for item in abi.TimeInForce}
SELF_TRADE: Final = {f"cancel_{item.name.lower()}": int(item) for item in abi.SelfTrade}
RESTRICTIONS: Final = {"no_buy": abi.NT_RESTRICT_BUY, "no_sell": abi.NT_RESTRICT_SELL, "no_short": abi.NT_RESTRICT_SHORT}
PAIRED: Final = (("max_duplicate_orders", "duplicate_window_ms"), ("max_fills", "fills_window_ms"))


def account_row(name: str, account: AccountConfig, limits: Limits) -> dict[str, Any]:
    """Fields of the nt_account of an account, ready for ffi.new."""
    return {
        "name": name.encode(),
        "currency": account.currency.encode(),
        "decimals": MONEY_DECIMALS,
        "cash": money_raw(account.cash, MONEY_DECIMALS, "cash"),
        "max_open_orders": limit_raw(limits.max_open_orders, 0, "max_open_orders"),
        "max_orders_per_second": limit_raw(limits.max_orders_per_second, 0, "max_orders_per_second"),
        "max_daily_loss": _loss_raw(limits.max_daily_loss),
        "self_trade": 0 if limits.self_trade is None else SELF_TRADE[limits.self_trade],
        "max_cancels_per_second": limit_raw(limits.max_cancels_per_second, 0, "max_cancels_per_second"),
        "max_order_age_ns": _nanoseconds(limits.max_order_age_ms, "max_order_age_ms"),
        "allowed_order_types": _mask(limits.allowed_order_types, ORDER_TYPES),
        "allowed_times_in_force": _mask(limits.allowed_times_in_force, TIMES_IN_FORCE),
        "max_gross_exposure": limit_raw(limits.max_gross_exposure, MONEY_DECIMALS, "max_gross_exposure"),
        "max_open_notional": limit_raw(limits.max_open_notional, MONEY_DECIMALS, "max_open_notional"),
        "max_daily_value": limit_raw(limits.max_daily_value, MONEY_DECIMALS, "max_daily_value"),
        "max_duplicate_orders": limit_raw(limits.max_duplicate_orders, 0, "max_duplicate_orders"),
        "duplicate_window_ns": _nanoseconds(limits.duplicate_window_ms, "duplicate_window_ms"),
        "max_fills": limit_raw(limits.max_fills, 0, "max_fills"),
        "fills_window_ns": _nanoseconds(limits.fills_window_ms, "fills_window_ms"),
    }


def _loss_raw(limit: Amount | None) -> int:
    raw = limit_raw(limit, MONEY_DECIMALS, "max_daily_loss")
    if raw == 0:
        least = plain(to_decimal(1, MONEY_DECIMALS))
        raise InvalidArgument(f"max_daily_loss is less than {least}, the least money that an account counts", observed=0, limit=1)
    return raw


def _nanoseconds(milliseconds: int | None, what: str) -> int:
    return limit_raw(None if milliseconds is None else milliseconds * 1_000_000, 0, what)


def _mask(words: tuple[str, ...] | None, numbers: Mapping[str, int]) -> int:
    """Bits of what is allowed, NT_ABSENT when everything is."""
    return abi.NT_ABSENT if words is None else sum(1 << numbers[word] for word in set(words))


def terms_row(instrument: Instrument, account: AccountConfig, config: Config) -> dict[str, Any]:
    """Fields of the nt_terms of an account on an instrument, without the two indices. Without a rate between their currencies there is no
    value: orders are denied. InvalidArgument when the value or a fee with its rate does not fit in 2^51."""
    return {**worth(instrument, account, config), **limits_on(instrument, config.limits)}


def worth(instrument: Instrument, account: AccountConfig, config: Config) -> dict[str, int]:
    """What an instrument and its fees are worth in the currency of an account."""
    rate = config.rate(instrument.currency, account.currency)
    numerator, denominator = instrument.value(rate) if rate is not None else (0, 0)
    taker, maker = (math.ceil(fee * (rate or 1)) for fee in instrument.fees_raw())  # a rebate in another currency is rounded down
    if max(abs(taker), abs(maker)) > RAW_MAX:
        bound = plain(to_decimal(RAW_MAX, MONEY_DECIMALS))
        raise InvalidArgument(f"a fee of {instrument.symbol} is beyond the bound of {bound} {account.currency} (2^51 raw)", limit=RAW_MAX)
    taker_ppb, maker_ppb = instrument.fees_ppb()
    return {
        "value_numerator": numerator,
        "value_denominator": denominator,
        "fee_taker": taker,
        "fee_maker": maker,
        "fee_taker_ppb": taker_ppb,
        "fee_maker_ppb": maker_ppb,
    }


def limits_on(instrument: Instrument, limits: Limits) -> dict[str, int]:
    """The limits of one order on an instrument. The text of an error begins with the name of the limit."""
    restrictions = sum(bit for key, bit in RESTRICTIONS.items() if {"*", instrument.symbol} & set(getattr(limits, key) or ()))
    minimum = limits.min_order_notional
    return {
        "restrictions": restrictions,
        "max_order_quantity": limit_raw(limits.max_order_quantity, instrument.quantity_decimals, "max_order_quantity"),
        "max_order_notional": limit_raw(limits.max_order_notional, MONEY_DECIMALS, "max_order_notional"),
        "max_position": limit_raw(limits.max_position, instrument.quantity_decimals, "max_position"),
        "price_collar_bps": limit_raw(limits.price_collar_bps, 0, "price_collar_bps"),
        "max_quote_age_ns": _nanoseconds(limits.max_quote_age_ms, "max_quote_age_ms"),
        "min_order_notional": abi.NT_ABSENT if minimum is None else -limit_raw(-exact(minimum), MONEY_DECIMALS, "min_order_notional"),
        "initial_margin_bps": limit_raw(limits.initial_margin_bps, 0, "initial_margin_bps"),
    }
