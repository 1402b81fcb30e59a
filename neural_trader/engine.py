"""The asyncio face of a kernel: start, submit orders and await their answers, subscribe to market data, stop.

An engine owns a real-time kernel and one client of it. A thread of its own, the reader, does every call on that client; the event loop
never calls anything that waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeVar

import msgspec

from neural_trader.config import Config
from neural_trader.engine_reader import Callback, MarketData, Reader, Request, SubscriptionHandle, TradeOrder, Until
from neural_trader.errors import InvalidArgument, StateError, TimedOut
from neural_trader.monitor import PositionState
from neural_trader.records import ExecutionResult, unknown

__all__ = ["ExecutionEngine", "MarketData", "OrderTimedOut", "SubscriptionHandle", "TradeOrder"]

T = TypeVar("T")

_LONGEST_S: Final = 1e6  # of a wait with a limit


class _OrderType(NamedTuple):
    """What an order type takes besides its quantity."""

    price: bool
    trigger: bool


_ORDER_TYPES: Final[Mapping[str, _OrderType]] = {
    "MARKET": _OrderType(price=False, trigger=False),
    "LIMIT": _OrderType(price=True, trigger=False),
    "STOP": _OrderType(price=False, trigger=True),
    "STOP_LIMIT": _OrderType(price=True, trigger=True),
}
_AT_ONCE: Final = ("IOC", "FOK")  # times in force with which an order ends by itself


class OrderTimedOut(TimedOut):
    """The time of a wait is up; the order goes on. `result` is how it stood, `order_id` is for wait_order and cancel_order."""

    def __init__(self, text: str, result: ExecutionResult) -> None:
        super().__init__(text)
        self.result = result
        self.order_id = result.order_id


class ExecutionEngine:
    """A real-time kernel of this process with an asyncio face.

    `config` is a Config or the path of a TOML file (ConfigError lists everything wrong with it). With `source.path` its ticks are fed at
    `source.speed`; without one other processes feed the kernel by its name. Use it within one event loop, best with `async with`.
    """

    def __init__(self, config: Config | str | PathLike[str]) -> None:
        self.config = config.validated() if isinstance(config, Config) else Config.read(config)
        self._reader: Reader | None = None
        self._starting = False

    # ---- life --------------------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Create the kernel and run it. StateError when it runs already, NameInUse when another kernel has its name."""
        if self._reader is not None or self._starting:
            raise StateError("the engine runs already; stop it first")
        self._starting = True
        opening = asyncio.ensure_future(asyncio.to_thread(Reader, self.config))
        try:
            self._reader = await asyncio.shield(opening)
        except asyncio.CancelledError:
            await asyncio.wait([opening])
            if opening.exception() is None:
                await asyncio.to_thread(opening.result().close)
            raise
        finally:
            self._starting = False

    async def stop(self) -> None:
        """End subscriptions, fail open waits with Closed, cancel what works, end the kernel. Harmless when it does not run."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        for subscription in reader.subscriptions:
            await subscription.unsubscribe()
        await _whole(asyncio.to_thread(reader.close))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.stop()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._reader is not None

    # ---- orders ------------------------------------------------------------------------------------------------------------------

    async def submit_order(self, order: TradeOrder, *, until: Until | None = None, timeout_s: float | None = None) -> ExecutionResult:
        """Send an order and await its result: until the venue (or a check) has answered, or until it is at its end. None is "done" for
        MARKET, IOC and FOK orders and "accepted" for others.

        A refused order is a result: status DENIED or REJECTED with reason, observed and limit. What is no order raises: InvalidArgument,
        NotFound for an unknown symbol or account, Full when the kernel lags. OrderTimedOut after `timeout_s` seconds (None waits as long
        as it takes) leaves the order as it is, and so does cancelling the task; Closed when the engine stops meanwhile.
        """
        reader, timeout = self._running(), _timeout(timeout_s)
        _check_order(order)
        if until is None:
            until = "done" if order.price is None or order.time_in_force in _AT_ONCE else "accepted"
        chosen = _until(until)
        return await self._await(reader, lambda answer: reader.submit(order, chosen, answer), timeout)

    async def wait_order(self, order_id: int, *, until: Until = "done", timeout_s: float | None = None) -> ExecutionResult:
        """Await the result of an order that submit_order gave before. NotFound for another id; else as submit_order."""
        reader, timeout, chosen = self._running(), _timeout(timeout_s), _until(until)
        _check_id(order_id)
        return await self._await(reader, lambda answer: reader.wait(order_id, chosen, answer), timeout)

    async def cancel_order(self, order_id: int, *, timeout_s: float | None = None) -> ExecutionResult:
        """Ask to cancel an order and await its end, which is FILLED when the fill came first. One that has ended gives its result."""
        reader, timeout = self._running(), _timeout(timeout_s)
        _check_id(order_id)
        return await self._await(reader, lambda answer: reader.cancel(order_id, answer), timeout)

    async def _await(self, reader: Reader, request: Request, timeout_s: float | None) -> ExecutionResult:
        answer = reader.request(request)
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(answer)
        except TimeoutError as error:
            if answer.cancelled():
                raise TimedOut(f"the engine did not take the request within {timeout_s:g} s; nothing was sent") from error
            result = await asyncio.wrap_future(reader.request(lambda look: reader.look(answer, look)))
            text = (
                f"order {result.order_id} is {result.status} after {timeout_s:g} s and goes on; wait_order awaits it, cancel_order ends it"
            )
            raise OrderTimedOut(text, result) from error
        finally:
            answer.abandoned = True

    # ---- market data and statistics ------------------------------------------------------------------------------------------------

    async def subscribe_market_data(self, symbols: Sequence[str], callback: Callback) -> SubscriptionHandle:
        """Call `callback`, a function or a coroutine function, with MarketData after each quote and trade of the symbols from now on.

        Calls come one at a time in the event loop. An exception of the callback is logged and counted. InvalidArgument for no symbols or
        no function, NotFound for an unknown symbol.
        """
        reader = self._running()
        if isinstance(symbols, str) or not symbols:
            raise InvalidArgument(f"symbols must be a list of one symbol or more, not {symbols!r}")
        if not callable(callback):
            raise InvalidArgument(f"callback must be a function or a coroutine function, not {callback!r}")
        for symbol in symbols:
            if symbol not in reader.client.symbols:
                raise unknown("symbol", symbol, reader.client.symbols)

        def leave(handle: SubscriptionHandle) -> None:
            reader.subscriptions = tuple(other for other in reader.subscriptions if other is not handle)

        handle = SubscriptionHandle(tuple(dict.fromkeys(symbols)), callback, asyncio.get_running_loop(), leave)
        reader.subscriptions = (*reader.subscriptions, handle)
        return handle

    def get_stats(self) -> dict[str, Any]:
        """What has happened since start, counted by the kernel and by the engine; StateError when it does not run.

        Keys: `orders` (submitted, open, accepted, denied by reason, rejected, fills), `waiting` calls, `reports`, `ticks` and `ticks_lost`
        (overwritten before they were read), `market_data` (subscriptions, delivered, dropped, failures of those subscribed now), `state`
        and `positions` by account, `latency_ns` (percentiles of the kernel, None before the first sample).
        """
        reader = self._running()
        snapshot = reader.monitor.snapshot()
        counters, subscriptions = snapshot.counters, reader.subscriptions
        return {
            "name": snapshot.name,
            "state": snapshot.state,
            "orders": {
                "submitted": reader.submitted,
                "open": reader.open_orders,
                "accepted": counters.orders_accepted,
                "denied": counters.denied,
                "rejected": counters.orders_rejected,
                "fills": counters.fills,
            },
            "waiting": reader.waiting,
            "reports": reader.reports,
            "ticks": reader.ticks,
            "ticks_lost": reader.ticks_lost,
            "market_data": {
                "subscriptions": len(subscriptions),
                **{name: sum(getattr(handle, name) for handle in subscriptions) for name in ("delivered", "dropped", "failures")},
            },
            "equity": {account.name: account.equity for account in snapshot.accounts},
            "positions": {account.name: _held(snapshot.positions, account.name) for account in snapshot.accounts},
            "latency_ns": {name: msgspec.structs.asdict(row) for name, row in snapshot.latency_ns.items()},
        }

    def _running(self) -> Reader:
        if self._reader is None:
            raise StateError("the engine does not run; await start first")
        return self._reader


def _held(positions: Sequence[PositionState], account: str) -> dict[str, float]:
    return {position.symbol: position.quantity for position in positions if position.account == account}


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    """Await work to its end even when the task is cancelled meanwhile; the cancellation follows."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _check_order(order: TradeOrder) -> None:
    """Refuse what is no order of a known type; numbers, sides and names are for the client to refuse."""
    if not isinstance(order, TradeOrder):
        raise InvalidArgument(f"order must be a TradeOrder, not {order!r}")
    for name in ("symbol", "side", "time_in_force", "account", "order_type"):
        value = getattr(order, name)
        if not isinstance(value, str) and not (value is None and name not in ("symbol", "side")):
            raise InvalidArgument(f"{name} of an order must be a text, not {value!r}")
    kind = order.order_type
    if kind is None:
        stops = order.trigger_price is not None
        kind = ("STOP" if stops else "MARKET") if order.price is None else "STOP_LIMIT" if stops else "LIMIT"
    known = _ORDER_TYPES.get(kind)
    if known is None:
        raise InvalidArgument(f"order_type {kind!r} is not available; this version has {', '.join(_ORDER_TYPES)}")
    if known.price and order.price is None:
        raise InvalidArgument(f"a {kind} order needs a price")
    if not known.price and order.price is not None:
        raise InvalidArgument(f"a {kind} order takes no price; leave it out or make it a limit order")
    if known.trigger != (order.trigger_price is not None):
        raise InvalidArgument(f"a {kind} order {'needs a' if known.trigger else 'takes no'} trigger_price")


def _check_id(order_id: int) -> None:
    if isinstance(order_id, bool) or not isinstance(order_id, int):
        raise InvalidArgument(f"{order_id!r} is not an order id")


def _until(until: str) -> Until:
    if until == "accepted":
        return "accepted"
    if until == "done":
        return "done"
    raise InvalidArgument(f"until {until!r} is neither 'accepted' nor 'done'")


def _timeout(timeout_s: float | None) -> float | None:
    """Seconds, None without a limit."""
    if timeout_s is None:
        return None
    if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 <= timeout_s <= _LONGEST_S:
        raise InvalidArgument(f"timeout_s {timeout_s!r} is not 0 to {_LONGEST_S:g} seconds, or None for no limit")
    return float(timeout_s)
