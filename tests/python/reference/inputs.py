"""What goes into the model: configuration, requests and ticks, with the field names of the records in csrc/neural_trader.h.

None is what the records write as NT_ABSENT.
"""

from __future__ import annotations

from dataclasses import dataclass

from neural_trader._native import abi

ABSENT = abi.NT_ABSENT
LARGEST = 2**63 - 1
NEVER = 2**200
UNLIMITED = 2**200


@dataclass(frozen=True)
class Venue:
    """nt_kernel_config, as far as orders feel it."""

    fill_model: int = abi.NT_FILL_PRINTS
    latency_in_ns: int = 0
    latency_out_ns: int = 0
    slippage_ticks: int = 0
    order_capacity: int = 16
    channels: int = 2
    book_depth: int = 1024


@dataclass(frozen=True)
class Instrument:
    """nt_instrument."""

    price_decimals: int = 2
    quantity_decimals: int = 0
    tick_size: int = 5
    lot_size: int = 1
    minimum_quantity: int = 1
    maximum_price: int = 100_000
    allow_negative_price: int = 0
    initial_session: int = abi.NT_SESSION_OPEN


@dataclass(frozen=True)
class Account:
    """nt_account; None switches a limit off."""

    cash: int = 1_000_000
    self_trade: int = 0
    max_open_orders: int | None = None
    max_orders_per_second: int | None = None
    max_daily_loss: int | None = None
    max_cancels_per_second: int | None = None
    max_order_age_ns: int | None = None
    allowed_order_types: int | None = None
    allowed_times_in_force: int | None = None
    max_gross_exposure: int | None = None
    max_open_notional: int | None = None
    max_daily_value: int | None = None
    max_duplicate_orders: int | None = None
    duplicate_window_ns: int | None = None
    max_fills: int | None = None
    fills_window_ns: int | None = None


@dataclass(frozen=True)
class Terms:
    """nt_terms of one account on one instrument; None switches a limit off."""

    restrictions: int = 0
    value_numerator: int = 1
    value_denominator: int = 1
    fee_taker: int = 0
    fee_maker: int = 0
    fee_taker_ppb: int = 0
    fee_maker_ppb: int = 0
    max_order_quantity: int | None = None
    max_order_notional: int | None = None
    min_order_notional: int | None = None
    max_position: int | None = None
    price_collar_bps: int | None = None
    max_quote_age_ns: int | None = None
    initial_margin_bps: int | None = None


@dataclass(frozen=True)
class Request:
    """nt_order. Without NT_ORDER_EXTENDED in flags what follows flags is not heeded."""

    client_order_id: int
    message: int = abi.NT_MESSAGE_NEW
    instrument: int = 0
    account: int = 0
    strategy: int = 0
    side: int = 0
    type: int = 0
    time_in_force: int = 0
    price: int | None = None
    trigger_price: int | None = None
    quantity: int | None = None
    flags: int = 0
    original_client_order_id: int = 0
    expire_ts: int | None = None
    display_quantity: int | None = None
    trailing_offset: int = 0
    list_id: int = 0
    contingency: int = 0
    user_tag: int = 0


@dataclass(frozen=True)
class Tick:
    """nt_tick: a quote uses the second line of fields, everything else the first."""

    kind: int
    ts_event: int
    instrument: int = 0
    flags: int = abi.NT_TICK_LAST_OF_SLICE
    price: int = 0
    size: int = 0
    trade_id: int = 0
    aggressor: int = 0
    bid_price: int = 0
    ask_price: int = 0
    bid_size: int = 0
    ask_size: int = 0
