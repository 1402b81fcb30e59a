"""What the core hands out, as Python sees it: ticks, reports, positions, quotes, accounts.

Single values are floats in units, columns are float64 arrays, `.raw` is the int64 record; cash, fees and profit are Decimal. A raw
value is at most 2^51, so its float is exact up to the decimals of its instrument.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument, NotFound, error_for
from neural_trader.numbers import Converter, from_raw, plain, to_decimal

__all__ = [
    "Account",
    "Batch",
    "ExecutionResult",
    "Features",
    "Order",
    "Position",
    "Quote",
    "Report",
    "Status",
    "Ticks",
    "Tradable",
    "call",
    "check",
    "failure",
]

Status = Literal["PENDING", "NEW", "PARTIAL", "FILLED", "CANCELED", "EXPIRED", "DENIED", "REJECTED"]

ABSENT: Final = abi.NT_ABSENT
SIDES: Final = {abi.NT_SIDE_BUY: "BUY", abi.NT_SIDE_SELL: "SELL", 0: ""}
REASONS: Final = {int(reason): reason.name for reason in abi.Reason}
_STATUSES: Final[dict[int, Status]] = {
    abi.NT_STATUS_PENDING_NEW: "PENDING",
    abi.NT_STATUS_NEW: "NEW",
    abi.NT_STATUS_PARTIALLY_FILLED: "PARTIAL",
    abi.NT_STATUS_FILLED: "FILLED",
    abi.NT_STATUS_CANCELED: "CANCELED",
    abi.NT_STATUS_EXPIRED: "EXPIRED",
    abi.NT_STATUS_DENIED: "DENIED",
    abi.NT_STATUS_REJECTED: "REJECTED",
}
TERMINAL: Final = frozenset({"FILLED", "CANCELED", "EXPIRED", "DENIED", "REJECTED"})


# ---- calls ---------------------------------------------------------------------------------------------------------------------


def failure(code: int, error: Any) -> NoReturn:
    """Raise for a negative result and the nt_error that explains it."""
    text = ffi.string(error.text).decode("utf-8", "replace") if error.code == code else ""
    observed, limit = (error.observed, error.limit) if error.code == code else (ABSENT, ABSENT)
    raise error_for(code, text, observed=observed, limit=limit, system_error=error.system_error)


def check(code: int, handle: int) -> int:
    """The result of a call on a handle, or its typed error."""
    if code >= 0:
        return code
    error = ffi.new("nt_error *")
    if lib.nt_last_error(handle, error) < 0:
        error.code = 0
    failure(code, error)


def call(function: Any, *arguments: Any) -> int:
    """Call a function whose last argument is an nt_error; raise what it says."""
    error = ffi.new("nt_error *")
    result: int = function(*arguments, error)
    if result < 0:
        failure(result, error)
    return result


def status_of(status: int, filled: int) -> Status:
    """FIX's pending states are those of the order behind them."""
    found = _STATUSES.get(status)
    return found if found is not None else "PARTIAL" if filled > 0 else "NEW"


# ---- instruments ---------------------------------------------------------------------------------------------------------------


class Tradable:
    """An instrument of a running kernel: its index, and units to raw and back."""

    __slots__ = ("currency", "index", "lot_size", "price", "price_decimals", "quantity", "quantity_decimals", "symbol", "tick_size")

    def __init__(self, index: int, row: Any) -> None:
        self.index = index
        self.symbol: str = ffi.string(row.symbol).decode()
        self.currency: str = ffi.string(row.currency).decode()
        self.price_decimals: int = row.price_decimals
        self.quantity_decimals: int = row.quantity_decimals
        self.tick_size: int = row.tick_size
        self.lot_size: int = row.lot_size
        self.price = Converter(self.price_decimals, self.tick_size, f"price of {self.symbol}")
        self.quantity = Converter(self.quantity_decimals, self.lot_size, f"quantity of {self.symbol}")


def value_text(unit: int, raw: int, tradable: Tradable | None, money_decimals: int, check_id: int) -> str | None:
    """`observed` or `limit` of a report in units of what it counts."""
    if raw == ABSENT or unit == 0:
        return None
    if unit == abi.NT_UNIT_PRICE and tradable is not None:
        return plain(to_decimal(raw, tradable.price_decimals))
    if unit == abi.NT_UNIT_QUANTITY and tradable is not None:
        return plain(to_decimal(raw, tradable.quantity_decimals))
    if unit == abi.NT_UNIT_MONEY:
        return plain(to_decimal(raw, money_decimals))
    if unit == abi.NT_UNIT_NANOSECONDS:
        return f"{raw} ns"
    if unit == abi.NT_UNIT_STATE:
        names = abi.Session if check_id == abi.NT_CHECK_SESSION else abi.TradingState
        return names(raw).name if raw in {int(name) for name in names} else str(raw)
    return str(raw)


# ---- records -------------------------------------------------------------------------------------------------------------------


_PRICED: Final = (abi.NT_TICK_TRADE, abi.NT_TICK_LEVEL)


class Ticks(Sequence[Any]):
    """Ticks of one poll. `raw` is a numpy view of the records, valid until the client's next poll: copy what has to stay."""

    __slots__ = ("_count", "_memory", "_tradables")

    def __init__(self, memory: NDArray[Any], count: int, tradables: Sequence[Tradable]) -> None:
        self._memory = memory
        self._count = count
        self._tradables = tradables

    @property
    def tradables(self) -> Sequence[Tradable]:
        """The instruments, in the order that `instrument` of a record counts in."""
        return self._tradables

    @property
    def raw(self) -> NDArray[Any]:
        """The records, dtype abi.NT_TICK."""
        return self._memory[: self._count]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self.raw[index]

    def column(self, name: str) -> NDArray[np.float64]:
        """A field as float64. `price` and `size` are of trades and levels, bids and asks of quotes, in units, and NaN elsewhere."""
        raw = self.raw
        if name not in (raw.dtype.names or ()):
            raise InvalidArgument(f"ticks have no column {name!r}; they have {', '.join(raw.dtype.names or ())}")
        values: NDArray[Any] = raw[name]
        if name not in ("bid_price", "ask_price", "bid_size", "ask_size", "price", "size"):
            return values.astype(np.float64)
        decimals = [t.price_decimals if name.endswith("price") else t.quantity_decimals for t in self._tradables]
        scales = np.array([10.0**d for d in decimals] or [1.0])[np.minimum(raw["instrument"], max(len(decimals) - 1, 0))]
        out: NDArray[np.float64] = values / scales
        kinds = _PRICED if name in ("price", "size") else (abi.NT_TICK_QUOTE,)  # the words are shared
        out[(values == ABSENT) | ~np.isin(raw["kind"], kinds)] = np.nan
        return out


_REPORT = struct.Struct("<Qq Q4q BBBB HH q QQ 3q I HHHHH BB".replace(" ", ""))
assert _REPORT.size == abi.NT_REPORT.itemsize


class Report:
    """An answer of the kernel about an order. `raw` is the tuple of the record's fields."""

    __slots__ = ("_decimals", "_tradable", "raw")

    def __init__(self, raw: tuple[int, ...], tradable: Tradable | None, money_decimals: int) -> None:
        self.raw = raw
        self._tradable = tradable
        self._decimals = money_decimals

    @property
    def order_id(self) -> int:
        """The order's first id."""
        return self.raw[2]

    @property
    def symbol(self) -> str:
        """The instrument's symbol, "" where the order named none."""
        return self._tradable.symbol if self._tradable is not None else ""

    @property
    def kind(self) -> str:
        """What happened: NEW, TRADE, CANCELED, REPLACED, EXPIRED, DENIED, REJECTED, CANCEL_REJECTED, REPLACE_REJECTED or TRIGGERED."""
        return abi.ExecType(self.raw[7]).name

    @property
    def status(self) -> Status:
        """The order's status after it."""
        return status_of(self.raw[8], self.raw[6])

    @property
    def side(self) -> str:
        """BUY or SELL, "" where the order named neither."""
        return SIDES.get(self.raw[9], "")

    @property
    def last_price(self) -> float | None:
        """Price of this fill."""
        return None if self.raw[3] == ABSENT or self._tradable is None else from_raw(self.raw[3], self._tradable.price_decimals)

    def _quantity(self, raw: int) -> float:
        return 0.0 if self._tradable is None else from_raw(raw, self._tradable.quantity_decimals)

    @property
    def last_quantity(self) -> float:
        """Quantity of this fill."""
        return self._quantity(self.raw[4])

    @property
    def leaves_quantity(self) -> float:
        """What is still open."""
        return self._quantity(self.raw[5])

    @property
    def cumulative_quantity(self) -> float:
        """What has been filled so far."""
        return self._quantity(self.raw[6])

    @property
    def fee(self) -> Decimal:
        """Fee of this fill in account currency; negative is a rebate."""
        return to_decimal(self.raw[16], self._decimals)

    @property
    def fee_currency(self) -> str:
        """Currency of the fee."""
        return self._tradable.currency if self._tradable is not None else ""

    @property
    def liquidity(self) -> str | None:
        """MAKER or TAKER for a fill."""
        return abi.Liquidity(self.raw[10]).name if self.raw[10] else None

    @property
    def reason(self) -> str | None:
        """Why it was refused or ended."""
        return REASONS.get(self.raw[11]) if self.raw[11] else None

    @property
    def fix_reason(self) -> int:
        """FIX 103 OrdRejReason."""
        return self.raw[22]

    @property
    def check(self) -> int:
        """Number of the check that decided, 0 where none did."""
        return self.raw[12]

    @property
    def observed(self) -> str | None:
        """What the check saw."""
        return value_text(self.raw[25], self.raw[17], self._tradable, self._decimals, self.raw[12])

    @property
    def limit(self) -> str | None:
        """What it allows."""
        return value_text(self.raw[25], self.raw[18], self._tradable, self._decimals, self.raw[12])

    @property
    def ts_event(self) -> int:
        """When it happened, in nanoseconds."""
        return self.raw[1]

    def __repr__(self) -> str:
        parts = [f"order_id={self.order_id}", self.kind, f"status={self.status}"]
        if self.last_price is not None:
            parts.append(f"{self.side} {self.last_quantity:g} @ {self.last_price:g} fee={self.fee}")
        if self.reason is not None:
            parts.append(f"{self.reason} observed={self.observed} limit={self.limit}")
        return f"Report({' '.join(parts)})"


class Batch:
    """Everything that one poll brought, reports first. `signals` are records of abi.NT_TICK, too; they are not among the ticks. `lost`
    counts ticks and signals that were overwritten before they were read."""

    __slots__ = ("ended", "lost", "reports", "signals", "ticks")

    def __init__(self, ticks: Ticks, reports: Sequence[Report], signals: NDArray[Any], lost: int, ended: bool) -> None:
        self.ticks = ticks
        self.signals = signals
        self.reports = reports
        self.lost = lost
        self.ended = ended


class Features(Mapping[str, float]):
    """Streaming features of one instrument at one moment; NaN where the feed does not carry what a feature needs."""

    __slots__ = ("_values",)
    _index: ClassVar[dict[str, int]] = {}

    def __init__(self, values: list[float]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> float:
        return self._values[self._index[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"Features({dict(self)})"


def _feature_names() -> dict[str, int]:
    name = ffi.new("char[32]")
    found = {}
    for index in range(abi.NT_FEATURE_COUNT):
        if lib.nt_feature_name(index, name, 32) < 0:
            raise RuntimeError(f"the library has no name for feature {index}")
        found[ffi.string(name).decode()] = index
    return found


Features._index.update(_feature_names())


class Quote:
    """Best bid and ask, in units; NaN until known. `implied` marks a band that trades imply where the feed has no quotes."""

    __slots__ = ("ask", "ask_size", "bid", "bid_size", "implied", "last", "last_size", "session", "ts_event")

    def __init__(self, row: Any, tradable: Tradable) -> None:
        def units(raw: int, decimals: int) -> float:
            return float("nan") if raw == ABSENT else from_raw(raw, decimals)

        prices, quantities = tradable.price_decimals, tradable.quantity_decimals
        self.bid = units(row.bid_price, prices)
        self.ask = units(row.ask_price, prices)
        self.bid_size = units(row.bid_size, quantities)
        self.ask_size = units(row.ask_size, quantities)
        self.last = units(row.last_price, prices)
        self.last_size = units(row.last_size, quantities)
        self.ts_event: int = row.ts_event
        self.implied = bool(row.flags & abi.NT_TICK_IMPLIED)
        self.session = abi.Session(row.session).name

    def __repr__(self) -> str:
        return (
            f"Quote(bid={self.bid:g} x {self.bid_size:g}, ask={self.ask:g} x {self.ask_size:g}, last={self.last:g}, implied={self.implied})"
        )


_POSITION = struct.Struct("<4qd4qQ")
assert _POSITION.size == abi.NT_POSITION.itemsize


class Position:
    """A position. `projected` counts what works and what this client has submitted and the kernel has not taken yet."""

    __slots__ = ("_decimals", "_scale", "_tradable", "raw")

    def __init__(self, memory: Any, tradable: Tradable, money_decimals: int) -> None:
        self.raw = _POSITION.unpack(memory)
        self._tradable = tradable
        self._decimals = money_decimals
        self._scale = tradable.quantity_decimals

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self._tradable.symbol

    @property
    def quantity(self) -> float:
        """Filled, signed."""
        return from_raw(self.raw[0], self._scale)

    @property
    def projected(self) -> float:
        """Signed quantity once everything under way has filled."""
        return from_raw(self.raw[3], self._scale)

    @property
    def working_buy(self) -> float:
        """Open buy quantity."""
        return from_raw(self.raw[1], self._scale)

    @property
    def working_sell(self) -> float:
        """Open sell quantity."""
        return from_raw(self.raw[2], self._scale)

    @property
    def average_price(self) -> float:
        """Average cost of what is open, NaN when flat."""
        return float(self.raw[4])

    @property
    def realized_pnl(self) -> Decimal:
        """Before fees."""
        return to_decimal(self.raw[5], self._decimals)

    @property
    def unrealized_pnl(self) -> Decimal:
        """At the last trade."""
        return to_decimal(self.raw[6], self._decimals)

    @property
    def fees(self) -> Decimal:
        """Paid so far."""
        return to_decimal(self.raw[7], self._decimals)

    @property
    def currency(self) -> str:
        """Currency of the instrument."""
        return self._tradable.currency

    def __repr__(self) -> str:
        held = f"quantity={self.quantity:g} projected={self.projected:g} average_price={self.average_price:g}"
        return f"Position({self.symbol} {held} realized_pnl={self.realized_pnl})"


class Account:
    """Money of one account in its currency."""

    __slots__ = (
        "cash",
        "currency",
        "day_pnl",
        "equity",
        "fees",
        "name",
        "open_orders",
        "realized_pnl",
        "state",
        "state_reason",
        "unrealized_pnl",
    )

    def __init__(self, row: Any, name: str, currency: str, decimals: int) -> None:
        self.name = name
        self.currency = currency
        self.cash: Mapping[str, Decimal] = {currency: to_decimal(row.cash, decimals)}
        self.equity = to_decimal(row.equity, decimals)
        self.realized_pnl = to_decimal(row.realized_pnl, decimals)
        self.unrealized_pnl = to_decimal(row.unrealized_pnl, decimals)
        self.fees = to_decimal(row.fees, decimals)
        self.day_pnl = to_decimal(row.day_pnl, decimals)
        self.open_orders: int = row.open_orders
        self.state = abi.TradingState(row.state).name
        self.state_reason = REASONS.get(row.state_reason)

    def __repr__(self) -> str:
        return f"Account({self.name} equity={self.equity} {self.currency} cash={self.cash[self.currency]} state={self.state})"


class Order:
    """An order of this client that is not known to be at its end."""

    __slots__ = ("filled", "id", "price", "quantity", "side", "status", "symbol")

    def __init__(self, row: Any, tradable: Tradable) -> None:
        self.id: int = row.client_order_id
        self.symbol = tradable.symbol
        self.side = SIDES.get(row.side, "")
        self.quantity = from_raw(row.quantity, tradable.quantity_decimals)
        self.filled = from_raw(row.filled, tradable.quantity_decimals)
        self.price = None if row.price == ABSENT else from_raw(row.price, tradable.price_decimals)
        self.status = status_of(row.status, row.filled)

    def __repr__(self) -> str:
        price = "MARKET" if self.price is None else f"@ {self.price:g}"
        return f"Order(id={self.id} {self.side} {self.quantity:g} {self.symbol} {price} {self.status} filled={self.filled:g})"


class ExecutionResult:
    """How an order ended, or stood when the wait for it ended."""

    __slots__ = (
        "average_price",
        "filled_quantity",
        "limit",
        "observed",
        "order_id",
        "reason",
        "status",
        "timestamp_ns",
        "total_latency_ns",
    )

    def __init__(self, order_id: int, reports: Sequence[Report], total_latency_ns: int) -> None:
        fills = [report for report in reports if report.last_price is not None]
        last = reports[-1] if reports else None
        self.order_id = order_id
        self.status: Status = last.status if last is not None else "PENDING"
        self.filled_quantity = sum(report.last_quantity for report in fills)
        self.average_price = (
            sum((report.last_price or 0.0) * report.last_quantity for report in fills) / self.filled_quantity if fills else None
        )
        self.reason = last.reason if last is not None else None
        self.observed = last.observed if last is not None and last.reason is not None else None
        self.limit = last.limit if last is not None and last.reason is not None else None
        self.timestamp_ns = last.ts_event if last is not None else ABSENT
        self.total_latency_ns = total_latency_ns

    def __repr__(self) -> str:
        parts: list[str] = [self.status]
        if self.filled_quantity and self.average_price is not None:
            parts.append(f"{self.filled_quantity:g} @ {self.average_price:g}")
        if self.reason is not None:
            parts.append(self.reason)
            parts += [f"{name}={value}" for name, value in (("observed", self.observed), ("limit", self.limit)) if value is not None]
        return " ".join(parts)


def find_tradables(handle: int) -> dict[str, Tradable]:
    """Instruments of a kernel, by symbol, in the order of their index."""
    row = ffi.new("nt_instrument *")
    found: dict[str, Tradable] = {}
    while (result := lib.nt_read_instrument(handle, len(found), row)) == 0:
        tradable = Tradable(len(found), row)
        found[tradable.symbol] = tradable
    if result != abi.NT_ERR_NOT_FOUND:
        check(result, handle)
    return found


def find_accounts(handle: int) -> dict[str, tuple[int, str, int]]:
    """Accounts of a kernel: name to (index, currency, decimals)."""
    row = ffi.new("nt_account *")
    found: dict[str, tuple[int, str, int]] = {}
    while (result := lib.nt_read_account_config(handle, len(found), row)) == 0:
        found[ffi.string(row.name).decode()] = (len(found), ffi.string(row.currency).decode(), row.decimals)
    if result != abi.NT_ERR_NOT_FOUND:
        check(result, handle)
    return found


def unpack_report(memory: Any, index: int) -> tuple[int, ...]:
    """Fields of record `index` in a buffer of reports."""
    return _REPORT.unpack_from(memory, index * _REPORT.size)


def unknown(kind: str, name: object, known: Sequence[str], *, owner: str = "this kernel") -> NotFound:
    """What to say of a symbol or account that the kernel, or another owner, does not have."""
    return NotFound(f"there is no {kind} {name!r}; {owner} has {', '.join(known) or 'none'}")
