"""A client of a kernel: attach, submit, poll, read."""

from __future__ import annotations

import logging
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np

from neural_trader._native import abi, ffi, lib
from neural_trader.book import Book
from neural_trader.errors import InvalidArgument, ModelNotReady, NoData, NotFound, WouldDeadlock
from neural_trader.numbers import Number, from_raw
from neural_trader.order_entry import OrderType, extend
from neural_trader.records import (
    ABSENT,
    TERMINAL,
    Account,
    Batch,
    ExecutionResult,
    Features,
    Order,
    Position,
    Quote,
    Report,
    Ticks,
    Tradable,
    call,
    check,
    find_accounts,
    find_tradables,
    unknown,
    unpack_report,
)
from neural_trader.signals import Device, Precision, Signal, find_models, signal_of, take_signals, write_signal
from neural_trader.timers import RealTimer, TapeTimer
from neural_trader.user_features import begin_recording

if TYPE_CHECKING:
    from neural_trader.strategy import Strategy

__all__ = ["Client"]

Side = Literal["BUY", "SELL"]
TimeInForce = Literal["DAY", "GTC", "IOC", "FOK", "GTD"]

log = logging.getLogger(__name__)

_TICKS: Final = 4096  # of one poll
_REPORTS: Final = 256
_SIDES: Final = {"BUY": abi.NT_SIDE_BUY, "SELL": abi.NT_SIDE_SELL}
_TIMES_IN_FORCE: Final = {name: int(abi.TimeInForce[name]) for name in ("DAY", "GTC", "IOC", "FOK", "GTD")}
_NANOSECONDS: Final = 1_000_000_000
_WAIT_NS: Final = _NANOSECONDS // 10  # of one poll of `run`
_NO_SIGNALS: Final = np.zeros(0, abi.NT_TICK)
_PLAIN: Final = (None,) * 7  # nothing that only some orders have


class Client:
    """One client of a kernel. `Client.attach` takes a kernel of another process by its name, `Kernel.client` one of this process.

    Calls are for one thread at a time: a second thread gets Busy. Symbols are those of the kernel; quantities and prices are in units.
    """

    def __init__(self, handle: int, name: str, pump: Callable[[], None] | None = None) -> None:
        self._handle = handle
        self.name = name
        self._pump = pump  # runs the kernel of this process where no thread of its own does
        self._tradables = find_tradables(handle)
        self._by_index = list(self._tradables.values())
        self._accounts = find_accounts(handle)
        self._models = find_models(handle)
        self._account = next(iter(self._accounts), "")
        self._ticks_memory = np.zeros(_TICKS, abi.NT_TICK)
        self._reports_memory = bytearray(_REPORTS * abi.NT_REPORT.itemsize)
        self._ticks = ffi.cast("nt_tick *", self._ticks_memory.ctypes.data)
        self._reports = ffi.from_buffer("nt_report[]", self._reports_memory)
        self._poll = ffi.new("nt_poll *")
        self._order = ffi.new("nt_order *")
        self._quote = ffi.new("nt_quote *")
        self._position = ffi.new("nt_position *")
        self._position_memory = ffi.buffer(self._position)
        self._features = ffi.new("double[]", abi.NT_FEATURE_COUNT)
        self._now = ffi.new("int64_t *")
        self._signal = ffi.new("nt_tick *")
        self.last_signals_raw: np.ndarray[Any, Any] = _NO_SIGNALS  # records of abi.NT_TICK, of the last poll
        self._subscribed = False
        self._ended = False
        self._kept: list[Report] = []  # read while execute waited, for the next poll

    @classmethod
    def attach(cls, kernel: str, *, name: str | None = None, timeout_s: float = 5.0) -> Self:
        """Claim a channel of a running kernel. A `name` that was used before is taken up where it stopped; NameInUse while it lives."""
        chosen = name if name is not None else f"py-{os.getpid()}-{secrets.token_hex(3)}"
        handle = ffi.new("uint32_t *")
        call(lib.nt_client_attach, _text(kernel, "kernel name"), _text(chosen, "client name"), int(timeout_s * _NANOSECONDS), handle)
        log.debug("attached to kernel %s as %s", kernel, chosen)
        return cls(handle[0], chosen)

    # ---- orders ------------------------------------------------------------------------------------------------------------------

    def submit(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number | None = None,
        *,
        order_type: OrderType | None = None,
        trigger_price: Number | None = None,
        time_in_force: TimeInForce | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        trailing_offset: Number | None = None,
        expire_ns: int | None = None,
        display_quantity: Number | None = None,
        oco: int | None = None,
        bracket: int | None = None,
        account: str | None = None,
    ) -> int:
        """Send an order. Returns its id at once; the answer comes as a report. DAY unless said.

        Without order_type it is MARKET, or LIMIT with a price; with trigger_price STOP, or STOP_LIMIT with a price; with trailing_offset
        (in price) TRAILING_STOP. A trigger is reached by a trade at it or beyond; the order then trades from the next trade on.
        post_only is refused where it would take; reduce_only closes at most what is open, measured at each fill. GTD orders end at
        expire_ns, in the kernel's time. display_quantity shows an iceberg in slices. oco names the first of orders that cancel each other
        when one trades or ends; bracket names the order whose position this one closes: it is reduce-only, works from the first fill of
        that order on, and cancels its companions when it ends.

        InvalidArgument for what is no side, number, tick or lot; NotFound for an unknown symbol or account; Full when the kernel lags.
        """
        tradable = self._find(symbol)
        order = self._order
        code = _SIDES.get(side)
        if code is None:
            raise InvalidArgument(f"side {side!r} is neither 'BUY' nor 'SELL'")
        order.side = code
        order.quantity = tradable.quantity.raw(quantity)
        if price is None:
            order.type = abi.NT_ORDER_MARKET
            order.price = ABSENT
        else:
            order.type = abi.NT_ORDER_LIMIT
            order.price = tradable.price.raw(price)
        if time_in_force is None:
            order.time_in_force = abi.NT_TIF_DAY
        else:
            known = _TIMES_IN_FORCE.get(time_in_force)
            if known is None:
                raise InvalidArgument(f"time_in_force {time_in_force!r} is not one of {', '.join(_TIMES_IN_FORCE)}")
            order.time_in_force = known
        order.message = abi.NT_MESSAGE_NEW
        order.client_order_id = 0
        order.trigger_price = ABSENT
        order.flags = 0
        special = (order_type, trigger_price, trailing_offset, expire_ns, display_quantity, oco, bracket)
        if post_only or reduce_only or time_in_force == "GTD" or special != _PLAIN:
            extend(
                order,
                tradable,
                order_type=order_type,
                trigger_price=trigger_price,
                trailing_offset=trailing_offset,
                post_only=post_only,
                reduce_only=reduce_only,
                expire_ns=expire_ns,
                display_quantity=display_quantity,
                oco=oco,
                bracket=bracket,
            )
        order.instrument = tradable.index
        order.account = 0 if account is None else self._account_of(account)[0]
        result = lib.nt_client_submit(self._handle, order)
        if result < 0:
            check(result, self._handle)
        return int(order.client_order_id)

    def submit_batch(self, orders: np.ndarray[Any, Any]) -> int:
        """Send an array of abi.NT_ORDER records as they are; ids of 0 are filled in. Returns how many went in."""
        if orders.dtype != abi.NT_ORDER or orders.ndim != 1 or not orders.flags.c_contiguous or not orders.flags.writeable:
            raise InvalidArgument("orders must be a contiguous writable one-dimensional array with dtype abi.NT_ORDER")
        return check(lib.nt_client_submit_batch(self._handle, ffi.cast("nt_order *", orders.ctypes.data), len(orders)), self._handle)

    def replace(
        self, order_id: int, *, quantity: Number | None = None, price: Number | None = None, trigger_price: Number | None = None
    ) -> None:
        """Ask for another total quantity, price or trigger. The answer is a REPLACED or REPLACE_REJECTED report of the order."""
        if quantity is None and price is None and trigger_price is None:
            raise InvalidArgument("replace needs a quantity, a price or a trigger_price")
        open_order = next((row for row in self._open_orders() if row.client_order_id == order_id), None)
        if open_order is None:
            raise _no_order(order_id)
        tradable = self._by_index[open_order.instrument]
        self._request(
            abi.NT_MESSAGE_REPLACE,
            order_id,
            instrument=tradable.index,
            account=open_order.account,
            quantity=ABSENT if quantity is None else tradable.quantity.raw(quantity),
            price=ABSENT if price is None else tradable.price.raw(price),
            trigger_price=ABSENT if trigger_price is None else tradable.price.raw(trigger_price),
        )

    def cancel(self, order_id: int) -> None:
        """Ask to cancel. The answer is a CANCELED or CANCEL_REJECTED report of the order."""
        self._request(abi.NT_MESSAGE_CANCEL, order_id)

    def cancel_all(self, symbol: str | None = None, account: str | None = None) -> int:
        """Cancel what works for this client, everywhere, on one symbol or of one account. Returns how many open orders it knew of.

        Each account is sent one request, which counts to its max_cancels_per_second, whatever is known here: the kernel decides.
        """
        index = abi.NT_NONE if symbol is None else self._find(symbol).index
        wanted = range(len(self._accounts)) if account is None else (self._account_of(account)[0],)
        known = sum(1 for row in self._open_orders() if index in (abi.NT_NONE, row.instrument) and row.account in wanted)
        for number in wanted:
            self._request(abi.NT_MESSAGE_MASS_CANCEL, 0, instrument=index, account=number)
        return known

    def execute(
        self,
        symbol: str,
        side: Side,
        quantity: Number,
        price: Number | None = None,
        *,
        time_in_force: TimeInForce | None = None,
        timeout_s: float = 1.0,
    ) -> ExecutionResult:
        """Submit and wait: for the end of a MARKET, IOC or FOK order, for the venue's acknowledgement of another. When the time is up the
        result says how the order stands. Reports of other orders are kept for the next poll, and ticks wait for it.

        WouldDeadlock in a strategy's callback on a tape: the tape waits for the callback.
        """
        if self._subscribed and not self._ended:
            raise WouldDeadlock("the tape waits for this strategy: use submit, and on_report for the answer")
        started = time.perf_counter_ns()
        order_id = self.submit(symbol, side, quantity, price, time_in_force=time_in_force)
        until_done = price is None or time_in_force in ("IOC", "FOK")
        mine: list[Report] = []
        while True:
            left = timeout_s - (time.perf_counter_ns() - started) / _NANOSECONDS
            if self._pump is not None:
                self._pump()
            for report in self._poll_once(0, max(0, min(int(left * _NANOSECONDS), _NANOSECONDS // 10))):
                (mine if report.order_id == order_id else self._kept).append(report)
            if mine and (mine[-1].status in TERMINAL or not until_done):
                break
            if left <= 0:
                break
        return ExecutionResult(order_id, mine, time.perf_counter_ns() - started)

    # ---- data --------------------------------------------------------------------------------------------------------------------

    def poll(self, max_ticks: int = _TICKS, timeout_s: float = 0.0) -> Batch:
        """What has come since the last poll: reports and at most `max_ticks` (1 to 4096) ticks. Waits up to `timeout_s` for something."""
        if not 1 <= max_ticks <= _TICKS:
            raise InvalidArgument(f"max_ticks must be 1 to {_TICKS}", observed=max_ticks, limit=_TICKS)
        kept, self._kept = self._kept, []
        if self._pump is not None and not self._subscribed:
            self._pump()
        reports = kept + self._poll_once(max_ticks, 0 if kept else int(timeout_s * _NANOSECONDS))
        return Batch(self.last_ticks(), reports, self.last_signals_raw, self._poll.lost, self._ended)

    def _poll_once(self, max_ticks: int, timeout_ns: int) -> list[Report]:
        result = lib.nt_client_poll(self._handle, self._ticks, max_ticks, self._reports, _REPORTS, timeout_ns, self._poll)
        if result < 0:
            check(result, self._handle)
        self._ended = bool(self._poll.ended)
        if self._models:
            signals = take_signals(self._ticks_memory[: self._poll.ticks])
            self.last_signals_raw = _NO_SIGNALS if signals is None else signals
            self._poll.ticks -= len(self.last_signals_raw)
        if not self._poll.reports:
            return []
        decimals = next(iter(self._accounts.values()))[2] if self._accounts else 0
        reports = []
        for index in range(self._poll.reports):
            raw = unpack_report(self._reports_memory, index)
            instrument = raw[19]
            reports.append(Report(raw, self._by_index[instrument] if instrument < len(self._by_index) else None, decimals))
        return reports

    def last_signals(self) -> list[Signal]:
        """Signals of the last poll."""
        return [signal_of(row, self._models, self._by_index) for row in self.last_signals_raw]

    def last_ticks(self) -> Ticks:
        """Ticks of the last poll."""
        return Ticks(self._ticks_memory, self._poll.ticks, self._by_index)

    def run(self, strategy: Strategy, *, stopping: Callable[[], bool] = lambda: False) -> None:
        """Drive a strategy until the source ends, the kernel stops or `stopping` says so. On a tape it is part of the lockstep from here
        on."""
        from neural_trader.strategy import heard_by  # which knows clients

        tape = self.kernel_clock == abi.NT_CLOCK_TAPE
        if tape:
            self.subscribe()
        begin_recording(strategy)
        strategy.on_start(self)
        on_signal = heard_by(strategy)
        on_ticks = TapeTimer(strategy).on_ticks if tape else strategy.on_ticks
        timer = None if tape else RealTimer(strategy, self.now_ns)
        while not self._ended and not stopping():
            reports = self._poll_once(_TICKS, _WAIT_NS if timer is None else timer.wait_ns(self.now_ns, _WAIT_NS))
            for report in reports:
                strategy.on_report(self, report)
            if self._poll.ticks:
                on_ticks(self, self.last_ticks())
            if on_signal is not None:
                for signal in self.last_signals():
                    on_signal(self, signal)
            if not self._poll.ticks and not len(self.last_signals_raw) and not reports and not self._is_running():
                break
            if timer is not None:
                timer.fire(self, self.now_ns)
        self.finish(strategy)

    def finish(self, strategy: Strategy) -> None:
        """Call on_stop, and deliver the answers to what it sent."""
        strategy.on_stop(self)
        deadline = time.monotonic() + 1.0
        while any(row.status == abi.NT_STATUS_PENDING_NEW for row in self._open_orders()) and time.monotonic() < deadline:
            if self._pump is not None:
                self._pump()
            for report in self._poll_once(1, _NANOSECONDS // 100):
                strategy.on_report(self, report)

    def subscribe(self) -> None:
        """Take part in the lockstep: from now on the tape waits for this client's polls."""
        check(lib.nt_client_subscribe(self._handle), self._handle)
        self._subscribed = True

    # ---- reads -------------------------------------------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The kernel's time: the tape's, or CLOCK_MONOTONIC in real time."""
        check(lib.nt_read_now(self._handle, self._now), self._handle)
        return int(self._now[0])

    @property
    def kernel_clock(self) -> int:
        """abi.NT_CLOCK_TAPE or abi.NT_CLOCK_MONOTONIC."""
        return int(self._status().clock)

    def _is_running(self) -> bool:
        return bool(self._status().running)

    def _status(self) -> Any:
        status = ffi.new("nt_status *")
        check(lib.nt_read_status(self._handle, status), self._handle)
        return status

    @property
    def models(self) -> tuple[str, ...]:
        """Models of the kernel, the first of which is meant where a call names none."""
        return self._models

    @property
    def symbols(self) -> tuple[str, ...]:
        """Instruments of the kernel."""
        return tuple(self._tradables)

    def tick_size(self, symbol: str) -> float:
        """The smallest step of a price of an instrument."""
        tradable = self._find(symbol)
        return from_raw(tradable.tick_size, tradable.price_decimals)

    def lot_size(self, symbol: str) -> float:
        """The smallest step of a quantity of an instrument."""
        tradable = self._find(symbol)
        return from_raw(tradable.lot_size, tradable.quantity_decimals)

    @property
    def ended(self) -> bool:
        """Whether the source has ended and everything of it has been polled."""
        return self._ended

    def quote(self, symbol: str) -> Quote:
        """Latest quote. NoData before the first tick."""
        tradable = self._find(symbol)
        check(self._data(lib.nt_read_quote(self._handle, tradable.index, self._quote), symbol), self._handle)
        return Quote(self._quote, tradable)

    def book(self, symbol: str) -> Book:
        """The ten best levels of each side. NoData while the feed has sent none for the instrument."""
        tradable = self._find(symbol)
        row = np.zeros(1, abi.NT_BOOK)
        check(self._data(lib.nt_read_book(self._handle, tradable.index, ffi.from_buffer("nt_book *", row)), symbol, "level"), self._handle)
        return Book(row[0], tradable)

    def position(self, symbol: str, account: str | None = None) -> Position:
        """Position of an account (the first unless named), with this client's orders in flight projected."""
        tradable = self._find(symbol)
        number, _, decimals = self._account_of(account)
        result = lib.nt_read_position(self._handle, number, tradable.index, self._position)
        if result < 0:
            check(result, self._handle)
        return Position(self._position_memory, tradable, decimals)

    def account(self, name: str | None = None) -> Account:
        """Money and trading state of an account (the first unless named)."""
        number, currency, decimals = self._account_of(name)
        row = ffi.new("nt_account_view *")
        check(lib.nt_read_account(self._handle, number, row), self._handle)
        return Account(row, name if name is not None else self._account, currency, decimals)

    def orders(self, symbol: str | None = None) -> list[Order]:
        """This client's open orders, as its submits and the polled reports tell."""
        index = None if symbol is None else self._find(symbol).index
        return [Order(row, self._by_index[row.instrument]) for row in self._open_orders() if index in (None, row.instrument)]

    def features(self, symbol: str) -> Mapping[str, float]:
        """Streaming features now. NoData before the first tick."""
        result = lib.nt_read_features(self._handle, self._find(symbol).index, self._features, abi.NT_FEATURE_COUNT)
        if result < 0:
            check(self._data(result, symbol), self._handle)
        return Features(ffi.unpack(self._features, abi.NT_FEATURE_COUNT))

    # ---- signals -----------------------------------------------------------------------------------------------------------------

    def signal(self, symbol: str, model: str | None = None) -> Signal:
        """The last signal of a model (the first unless named) on an instrument. NoData before the first, ModelNotReady while the model
        warms up, NotFound where there is no such model."""
        number = self._model_of(model)
        result = lib.nt_read_signal(self._handle, number, self._find(symbol).index, self._signal)
        if result == abi.NT_ERR_NO_DATA:
            raise NoData(f"model {self._models[number]} has said nothing about {symbol} yet")
        if result == abi.NT_ERR_NOT_READY:
            raise ModelNotReady(f"model {self._models[number]} warms up on {symbol}; its last signal does not hold any more")
        if result < 0:
            check(result, self._handle)
        return signal_of(self._signal[0], self._models, self._by_index)

    def send_signal(
        self,
        symbol: str,
        values: Sequence[float],
        confidence: float | None = None,
        *,
        model: str | None = None,
        ready: bool = True,
        calibrated: bool = False,
        precision: Precision = "fp32",
        device: Device = "cpu",
    ) -> None:
        """Say what a model in this process found: probabilities of its classes, or mean and deviation. Everybody sees it, this client too.

        `model` (the first unless named) has to be one without a file. Without a confidence the values are probabilities, and it is the
        largest. Not ready: the last signal does not hold any more. After the end of a tape nobody hears it. InvalidArgument for values that
        are not finite, and for a model that the kernel steps itself; Full when the kernel lags.
        """
        row = self._signal
        write_signal(row, values, confidence, ready=ready, calibrated=calibrated, precision=precision, device=device)
        row.model = self._model_of(model)
        row.instrument = self._find(symbol).index
        check(lib.nt_client_signal(self._handle, row), self._handle)

    def _model_of(self, name: str | None) -> int:
        if not self._models:
            raise NotFound("this kernel has no models; add [models.NAME] to its configuration")
        if name is not None and name not in self._models:
            raise unknown("model", name, self._models)
        return 0 if name is None else self._models.index(name)

    # ---- life --------------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave: working orders of this client are cancelled. Closing twice is harmless."""
        if self._handle:
            handle, self._handle = self._handle, 0
            lib.nt_close(handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            lib.nt_close(self._handle)

    def __repr__(self) -> str:
        return f"Client({self.name!r}{'' if self._handle else ', closed'})"

    # ---- inside ------------------------------------------------------------------------------------------------------------------

    def _find(self, symbol: str) -> Tradable:
        tradable = self._tradables.get(symbol)
        if tradable is None:
            raise unknown("symbol", symbol, list(self._tradables))
        return tradable

    def _account_of(self, name: str | None) -> tuple[int, str, int]:
        found = self._accounts.get(self._account if name is None else name)
        if found is None:
            raise unknown("account", name, list(self._accounts))
        return found

    def _open_orders(self) -> list[Any]:
        count = check(lib.nt_client_orders(self._handle, ffi.NULL, 0), self._handle)
        if count == 0:
            return []
        rows = ffi.new("nt_open_order[]", count)
        found = min(count, check(lib.nt_client_orders(self._handle, rows, count), self._handle))
        return [ffi.new("nt_open_order *", row)[0] for row in rows[0:found]]  # a row of an array does not keep its memory, these do

    def _request(
        self,
        message: int,
        target: int,
        *,
        instrument: int = 0,
        account: int = 0,
        quantity: int = ABSENT,
        price: int = ABSENT,
        trigger_price: int = ABSENT,
    ) -> None:
        if isinstance(target, bool) or not isinstance(target, int) or not 0 <= target < 2**64:
            raise InvalidArgument(f"{target!r} is not an order id")
        order = ffi.new("nt_order *")
        order.message = message
        order.flags = abi.NT_ORDER_EXTENDED
        order.original_client_order_id = target
        order.instrument = instrument
        order.account = account
        order.quantity = quantity
        order.price = price
        order.trigger_price = trigger_price
        check(lib.nt_client_submit(self._handle, order), self._handle)

    @staticmethod
    def _data(result: int, symbol: str, what: str = "tick") -> int:
        if result == abi.NT_ERR_NO_DATA:
            raise NoData(f"no {what} of {symbol} has come yet")
        return result


def _text(value: object, what: str) -> bytes:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidArgument(f"{what} must be text, not {value!r}")
    return value.encode()


def _no_order(order_id: int) -> Exception:
    return unknown("open order", order_id, [])
