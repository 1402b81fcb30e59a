"""Every check of an order with what a configuration sets for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from neural_trader._native import abi
from neural_trader.config_rows import PAIRED
from neural_trader.numbers import exact, plain

if TYPE_CHECKING:
    from neural_trader.config import Config, Limits

__all__ = ["LimitState", "describe_limits"]


class LimitState(NamedTuple):
    """One check of every order: its number, its name, whether it is on, and the configured value (None where it has none)."""

    check: int
    name: str
    enabled: bool
    value: str | None


def describe_limits(config: Config) -> list[LimitState]:
    """Every check in the order of its number: those that always run, and each limit with its value or off."""
    check, limits = abi.Check, config.limits
    always = (
        check.WELL_FORMED,
        check.TRADING_STATE,
        check.SESSION,
        check.DUPLICATE,
        check.QUANTITY,
        check.PRICE,
        check.EXPIRY,
        check.REDUCE_ONLY,
        check.POST_ONLY,
    )
    rows = [LimitState(int(item), item.name.lower(), True, None) for item in always]
    for item, name, unit in (
        (check.RESTRICTED, "no_buy", ""),
        (check.RESTRICTED, "no_sell", ""),
        (check.RESTRICTED, "no_short", ""),
        (check.RESTRICTED, "allowed_order_types", ""),
        (check.RESTRICTED, "allowed_times_in_force", ""),
        (check.ORDER_AGE, "max_order_age_ms", " ms"),
        (check.QUANTITY, "max_order_quantity", ""),
        (check.FRESHNESS, "max_quote_age_ms", " ms"),
        (check.COLLAR, "price_collar_bps", " bps"),
        (check.NOTIONAL, "max_order_notional", " in account currency"),
        (check.MINIMUM_NOTIONAL, "min_order_notional", " in account currency"),
        (check.OPEN_ORDERS, "max_open_orders", ""),
        (check.POSITION, "max_position", ""),
        (check.EXPOSURE, "max_gross_exposure", " in account currency"),
        (check.EXPOSURE, "max_open_notional", " in account currency"),
        (check.BUYING_POWER, "initial_margin_bps", " bps"),
        (check.RATE, "max_orders_per_second", " per second"),
        (check.RATE, "max_cancels_per_second", " per second"),
        (check.REPEATED, "max_duplicate_orders", ""),
        (check.REPEATED, "max_fills", ""),
        (check.DAILY_VALUE, "max_daily_value", " in account currency"),
        (check.DAILY_LOSS, "max_daily_loss", " in account currency"),
        (check.SELF_TRADE, "self_trade", ""),
    ):
        rows.append(LimitState(int(item), name, getattr(limits, name) is not None, _shown(limits, name, unit)))
    return sorted(rows, key=lambda row: row.check)


def _shown(limits: Limits, name: str, unit: str) -> str | None:
    """The value of a limit with its unit and its window, None when it is off."""
    value = getattr(limits, name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ",".join(value)
    window = dict(PAIRED).get(name)
    return plain(exact(value, name)) + (unit if window is None else f" in {getattr(limits, window)} ms")
