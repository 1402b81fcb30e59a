"""An order, as the kernel and as the venue know it, and what is reported about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from neural_trader._native import abi
from reference.inputs import ABSENT, LARGEST

BUY, SELL = abi.NT_SIDE_BUY, abi.NT_SIDE_SELL
TERMINAL = {abi.NT_STATUS_FILLED, abi.NT_STATUS_CANCELED, abi.NT_STATUS_EXPIRED, abi.NT_STATUS_DENIED, abi.NT_STATUS_REJECTED}


class Place(Enum):
    """Where an order is at the venue."""

    TRANSIT = auto()
    TAKER = auto()
    RESTING = auto()
    TRIGGER = auto()
    TRAILING = auto()
    HELD = auto()
    DONE = auto()


class Fate(Enum):
    """What the others of its list have decided about an order that has not arrived."""

    OPEN = auto()
    RELEASED = auto()
    CANCELED = auto()


@dataclass(eq=False)
class Order:
    """One accepted order. What is in transit makes the difference between the two halves."""

    client_order_id: int
    venue_order_id: int
    channel: int
    instrument: int
    account: int
    strategy: int
    side: int
    type: int
    time_in_force: int
    reduce_only: bool
    post_only: bool
    contingency: int
    # the kernel's half
    price: int | None
    quantity: int
    filled: int = 0
    extra: int = 0  # working quantity on account of a replace that is not answered
    status: int = abi.NT_STATUS_PENDING_NEW
    pending_cancel: bool = False
    pending_replace: bool = False
    standing_value: int = 0  # at which it is valued as the venue has confirmed it
    replaced_value: int = 0  # and as the replace on its way wants it
    triggered: bool = False  # as the kernel knows, or it was to be when it was taken
    own_price: int | None = None  # at which it stands in the way of the account's other orders
    # the venue's half
    place: Place = Place.TRANSIT
    venue_price: int | None = None
    venue_quantity: int = 0
    venue_filled: int = 0
    priority: int = 0
    listed: int = 0  # when it began to wait as a taker or a trailing stop
    trigger_price: int | None = None
    trailing_offset: int = 0
    expire_ts: int | None = None
    display_quantity: int | None = None
    shown: int | None = None  # what is left of the slice that it shows; None: everything
    marketable: bool = False  # when it came to rest
    arrival_print: int = 0
    ahead: int | None = 0  # queue models: displayed before it; None: not known
    traded: int = 0  # queue models: at its price since the size there was last told
    fate: Fate = Fate.OPEN
    group: list[Order] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        """As the kernel knows."""
        return self.quantity - self.filled

    @property
    def working(self) -> int:
        """What it may still do, as the kernel knows."""
        return self.leaves + self.extra

    @property
    def value_price(self) -> int:
        """At which it is valued: the worse, while a replace is on its way."""
        return max(self.standing_value, self.replaced_value) if self.pending_replace else self.standing_value

    @property
    def ended(self) -> bool:
        """As the kernel knows."""
        return self.status in TERMINAL

    @property
    def venue_leaves(self) -> int:
        """As the venue knows."""
        return self.venue_quantity - self.venue_filled

    @property
    def done(self) -> bool:
        """As the venue knows."""
        return self.place is Place.DONE

    @property
    def direction(self) -> int:
        """1 buys, -1 sells."""
        return 1 if self.side == BUY else -1

    @property
    def immediate(self) -> bool:
        """It is not to wait."""
        return self.time_in_force in (abi.NT_TIF_IOC, abi.NT_TIF_FOK)


@dataclass(frozen=True)
class Verdict:
    """Why a request is refused."""

    check: int
    reason: int
    unit: int = 0
    observed: int | None = None
    limit: int | None = None
    saturates: bool = True


def clip(value: int) -> int:
    """As far as a signed 64-bit number goes; its least value means absent."""
    return max(-LARGEST, min(LARGEST, value))


def raw(value: int | None) -> int:
    """As records write it; a time before the first tick is absent, too."""
    return ABSENT if value is None or value == ABSENT else clip(value)


FIX_REASON = {
    0: ("TRADING_HALTED", "TRADING_STATE_REDUCING", "KILL_SWITCH"),
    1: ("INSTRUMENT_NOT_FOUND",),
    2: ("MARKET_CLOSED", "INSTRUMENT_HALTED", "SESSION_CLOSED"),
    3: ("TOO_MANY_OPEN_ORDERS", "POSITION_LIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED", "GROSS_EXPOSURE_EXCEEDED"),
    4: ("TOO_LATE",),
    5: ("UNKNOWN_ORDER",),
    6: ("DUPLICATE_CLIENT_ORDER_ID", "ORDER_SLOT_TAKEN"),
    8: ("ORDER_TOO_OLD",),
    11: (
        *("MALFORMED", "EXPIRE_TIME_MISSING", "EXPIRE_TIME_IN_PAST", "UNKNOWN_LIST"),
        "REDUCE_ONLY_WOULD_INCREASE_POSITION",
    ),
    13: (
        *("QUANTITY_NOT_POSITIVE", "QUANTITY_BELOW_MINIMUM", "QUANTITY_BELOW_FILLED", "LOT_SIZE_VIOLATION"),
        "NOTIONAL_BELOW_MINIMUM",
    ),
    15: ("UNKNOWN_ACCOUNT",),
    16: ("PRICE_COLLAR", "PRICE_EXCEEDS_MAXIMUM"),
    18: ("PRICE_NOT_POSITIVE", "TICK_SIZE_VIOLATION"),
    19: ("MARKET_PRICE_UNAVAILABLE", "STALE_MARKET_DATA", "FX_RATE_UNAVAILABLE"),
    20: ("OPEN_NOTIONAL_EXCEEDED", "DAILY_VALUE_EXCEEDED"),
    21: ("DAILY_LOSS_LIMIT",),
    22: ("SHORT_SALE_RESTRICTED",),
    25: ("INSUFFICIENT_BUYING_POWER",),
    26: ("QUANTITY_EXCEEDS_MAXIMUM",),
    27: ("NOTIONAL_EXCEEDS_MAXIMUM",),
    33: ("RESTRICTED_INSTRUMENT", "ORDER_TYPE_NOT_PERMITTED"),
}
"""FIX 103 by the names of our reasons; every other reason is 99, other."""

_FIX = {int(getattr(abi, f"NT_REASON_{name}")): code for code, names in FIX_REASON.items() for name in names}


def fix_reason(reason: int) -> int:
    """FIX 103 OrdRejReason of one of our reasons; 0 where there is none."""
    return _FIX.get(reason, 99) if reason else 0


Report = dict[str, int]
"""nt_report by field, without seq."""


def blank_report(now: int, channel: int) -> Report:
    """A report that says nothing yet."""
    zero = ("client_order_id", "last_quantity", "leaves_quantity", "cumulative_quantity", "exec_type", "order_status", "side", "liquidity")
    more = ("reason", "check", "venue_order_id", "execution_id", "fee", "instrument", "account", "strategy", "fix_reason", "flags", "unit")
    absent = ("last_price", "observed", "limit")
    return {**dict.fromkeys(zero + more, 0), **dict.fromkeys(absent, ABSENT), "channel": channel, "ts_event": now, "ts_recv": now}


def order_report(now: int, order: Order, exec_type: int) -> Report:
    """A report about an order as it stands."""
    return {
        **blank_report(now, order.channel),
        "client_order_id": order.client_order_id,
        "venue_order_id": order.venue_order_id,
        "instrument": order.instrument,
        "account": order.account,
        "strategy": order.strategy,
        "side": order.side,
        "exec_type": exec_type,
        "order_status": order.status,
        "cumulative_quantity": order.filled,
        "leaves_quantity": 0 if order.ended else order.leaves,
    }


def because(report: Report, verdict: Verdict) -> Report:
    """The report with why."""
    observed = verdict.observed
    saturated = verdict.saturates and observed not in (None, ABSENT) and raw(observed) != observed
    return {
        **report,
        "reason": verdict.reason,
        "fix_reason": fix_reason(verdict.reason),
        "check": verdict.check,
        "unit": verdict.unit,
        "observed": raw(observed),
        "limit": raw(verdict.limit),
        "flags": abi.NT_REPORT_SATURATED if saturated else 0,
    }
