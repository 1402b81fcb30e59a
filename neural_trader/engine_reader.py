"""The thread behind an ExecutionEngine, and what it hands to the event loop.

The reader does every call on the engine's client: it takes what the event loop asks for from a queue, polls, keeps the reports of every
order, and settles the answers of those who wait. Market data go to a bounded queue of each subscription.
"""

from __future__ import annotations

import asyncio
import collections
import copy
import inspect
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.client import Client, Side, TimeInForce
from neural_trader.config import Config
from neural_trader.errors import Closed, NeuralTraderError, NotFound, StateError
from neural_trader.kernel import Kernel
from neural_trader.monitor import Monitor
from neural_trader.numbers import Number, from_raw
from neural_trader.records import TERMINAL, ExecutionResult, Report, Tradable

__all__ = ["Answer", "Callback", "MarketData", "Reader", "Request", "SubscriptionHandle", "TradeOrder", "Until"]

log = logging.getLogger(__name__)

Until = Literal["accepted", "done"]
Callback = Callable[["MarketData"], object]

_CLIENT: Final = "engine"
_WAIT_NS: Final = 1_000_000  # of an idle poll: at most this late is a request taken
_BUSY_WAIT_NS: Final = 100_000  # the same soon after a request
_BUSY_NS: Final = 50_000_000
_LOOK_NS: Final = 100_000_000  # between two looks whether the kernel still runs
_ENDED_KEPT: Final = 10_000  # orders at their end, for a later wait_order
_QUEUE_ITEMS: Final = 65_536  # of one subscription; older ones are dropped and counted
_TURN_ITEMS: Final = 64  # market data between two turns of the event loop


class TradeOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order. Quantity and prices are in units of the instrument; None as order type is MARKET without a price and LIMIT with one, None
    as time in force is DAY, None as account is the first one."""

    symbol: str
    side: Side
    quantity: Number
    price: Number | None = None
    trigger_price: Number | None = None
    order_type: Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT"] | None = None
    time_in_force: TimeInForce | None = None
    account: str | None = None


class MarketData(msgspec.Struct, frozen=True):
    """The market of one symbol right after one quote or trade of the feed, in units.

    `price` and `volume` are of the last trade, `spread` is ask - bid, `timestamp_ns` is the feed's time of this tick. NaN until the feed
    has brought one: a feed of trades alone never has a bid or an ask.
    """

    symbol: str
    price: float
    volume: float
    timestamp_ns: int
    bid: float
    ask: float
    spread: float


class SubscriptionHandle:
    """A subscription. `dropped` counts market data that were overwritten because the callback is slower than the market."""

    def __init__(
        self, symbols: Sequence[str], callback: Callback, loop: asyncio.AbstractEventLoop, leave: Callable[[SubscriptionHandle], None]
    ) -> None:
        self.symbols = tuple(symbols)
        self.delivered = 0
        self.dropped = 0
        self.failures = 0
        self._callback = callback
        self._loop = loop
        self._leave = leave
        self._items: collections.deque[MarketData] = collections.deque()
        self._ready = asyncio.Event()
        self._woken = False
        self._active = True
        self._task = loop.create_task(self._deliver(), name="nt-subscription")

    @property
    def active(self) -> bool:
        """Whether market data still come."""
        return self._active

    async def unsubscribe(self) -> None:
        """End it: the callback is not called again, and one that is under way is cancelled where it awaits. Twice is harmless."""
        self._active = False
        self._leave(self)
        self._items.clear()
        if self._task is not asyncio.current_task() and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def _push(self, items: Sequence[MarketData]) -> None:
        """Called by the reader."""
        self._items.extend(items)
        while len(self._items) > _QUEUE_ITEMS:
            try:
                self._items.popleft()
            except IndexError:  # the event loop took the rest meanwhile
                break
            if self.dropped == 0:
                log.warning("a callback for %s is slower than the market: the oldest data are dropped", ", ".join(self.symbols))
            self.dropped += 1
        if not self._woken and not self._loop.is_closed():
            self._woken = True
            self._loop.call_soon_threadsafe(self._ready.set)

    async def _deliver(self) -> None:
        while self._active:
            await self._ready.wait()
            self._ready.clear()
            self._woken = False
            while self._items and self._active:
                item = self._items.popleft()
                try:
                    answer = self._callback(item)
                    if inspect.isawaitable(answer):
                        await answer
                except Exception:
                    self.failures += 1
                    if self.failures & (self.failures - 1) == 0:  # the 1st, 2nd, 4th …: a callback that always fails does not flood the log
                        log.exception("the market data callback for %s failed (failure %d)", item.symbol, self.failures)
                self.delivered += 1
                if self.delivered % _TURN_ITEMS == 0:
                    await asyncio.sleep(0)


# ---- the reader ----------------------------------------------------------------------------------------------------------------


class Answer(Future[ExecutionResult]):
    """What a caller in the event loop waits for."""

    def __init__(self) -> None:
        super().__init__()
        self.order_id: int | None = None  # once the order was sent
        self.abandoned = False  # nobody waits any more

    def settle(self, outcome: ExecutionResult | Exception) -> None:
        """Resolve it."""
        if isinstance(outcome, Exception):
            self.set_exception(outcome)
        else:
            self.set_result(outcome)


Request = Callable[[Answer], None]


class _Wait(NamedTuple):
    """Somebody who waits for an order."""

    until: Until
    answer: Answer


class _Watched:
    """An order of the engine: its reports so far and who waits for it."""

    __slots__ = ("latency_ns", "reports", "started_ns", "waits")

    def __init__(self, started_ns: int) -> None:
        self.started_ns = started_ns
        self.latency_ns = 0
        self.reports: list[Report] = []
        self.waits: list[_Wait] = []

    def result(self, order_id: int) -> ExecutionResult:
        return ExecutionResult(order_id, list(self.reports), self.latency_ns)

    def reached(self, until: Until) -> bool:
        status = self.reports[-1].status if self.reports else "PENDING"
        return status in TERMINAL or (until == "accepted" and status != "PENDING")


class _Market:
    """The latest market of each instrument as the ticks tell it, and market data for those who subscribed."""

    def __init__(self, tradables: Sequence[Tradable]) -> None:
        self._tradables = tradables
        self._quotes = [(abi.NT_ABSENT, abi.NT_ABSENT)] * len(tradables)
        self._trades = [(abi.NT_ABSENT, abi.NT_ABSENT)] * len(tradables)

    def take(self, ticks: NDArray[Any], wanted: frozenset[str]) -> list[MarketData]:
        """Note ticks; market data after each quote and trade of a wanted symbol, in the order of the ticks."""
        ticks = ticks[(ticks["kind"] <= abi.NT_TICK_TRADE) & (ticks["instrument"] < len(self._tradables))]
        shown = [tradable.index for tradable in self._tradables if tradable.symbol in wanted]
        is_shown = np.isin(ticks["instrument"], shown)
        rest = ticks[~is_shown][::-1]
        _, last = np.unique(rest["instrument"].astype(np.int64) * 2 + (rest["kind"] == abi.NT_TICK_QUOTE), return_index=True)
        for _ in self._after(rest[last]):
            pass
        return list(self._after(ticks[is_shown]))

    def _after(self, ticks: NDArray[Any]) -> Iterator[MarketData]:
        """Note quotes and trades, and say how the market is after each."""
        columns = (ticks[name].tolist() for name in ("instrument", "kind", "ts_event", "bid_price", "ask_price"))
        for index, kind, ts_event, first, second in zip(*columns, strict=True):
            if kind == abi.NT_TICK_QUOTE:
                self._quotes[index] = (first, second)
            else:
                self._trades[index] = (first, second)  # price and size lie where a quote has its prices
            tradable, (bid, ask), (price, size) = self._tradables[index], self._quotes[index], self._trades[index]
            decimals = tradable.price_decimals
            known = abi.NT_ABSENT not in (bid, ask)
            yield MarketData(
                tradable.symbol,
                from_raw(price, decimals),
                from_raw(size, tradable.quantity_decimals),
                ts_event,
                from_raw(bid, decimals),
                from_raw(ask, decimals),
                from_raw(ask - bid, decimals) if known else math.nan,
            )


class Reader:
    """The kernel, its client, and the thread that alone calls the client."""

    def __init__(self, config: Config) -> None:
        self.kernel = Kernel(config, realtime=True)
        self.subscriptions: tuple[SubscriptionHandle, ...] = ()  # replaced as a whole: the reader sees the old or the new ones
        self.submitted = self.reports = self.ticks = self.ticks_lost = 0
        self._requests: queue.SimpleQueue[tuple[Request, Answer]] = queue.SimpleQueue()
        self._gate = threading.Lock()  # a request is either taken or refused, also while the engine stops
        self._open: dict[int, _Watched] = {}
        self._ended: collections.OrderedDict[int, _Watched] = collections.OrderedDict()
        self._stopping = False
        self._failure: NeuralTraderError | None = None
        try:
            source = self.kernel.config.source.path
            self.kernel.start(source, feed=False)
            self.client: Client = self.kernel.client(_CLIENT)
            self.monitor = Monitor(self.kernel.name)
            self._market = _Market(self.client._by_index)
            self._thread = threading.Thread(target=self._run, name="nt-engine", daemon=True)
            self._thread.start()
            if source is not None:
                self.kernel.feed()  # after the client is there: it sees the first tick
        except BaseException:
            self.close()
            raise

    # -- from the event loop's thread

    def request(self, request: Request) -> Answer:
        """Have the reader call `request` with an answer, which it or a later report settles."""
        answer = Answer()
        with self._gate:
            if self._failure is not None:
                raise copy.copy(self._failure)
            if self._stopping:
                raise StateError("the engine stops; start it again to trade")
            self._requests.put((request, answer))
        return answer

    @property
    def waiting(self) -> int:
        """How many waits are open."""
        return sum(not wait.answer.abandoned for watched in list(self._open.values()) for wait in list(watched.waits))

    @property
    def open_orders(self) -> int:
        """Orders that have not come to their end, as their reports tell."""
        return len(self._open)

    def close(self) -> None:
        """Stop the thread, leave the kernel and end it. Waits for all of that."""
        with self._gate:
            self._stopping = True
        if hasattr(self, "_thread"):
            self._thread.join()
        for name in ("monitor", "client"):
            if hasattr(self, name):
                getattr(self, name).close()
        self.kernel.close()

    # -- on the reader's thread

    def submit(self, order: TradeOrder, until: Until, answer: Answer) -> None:
        """Send an order; the answer is its result."""
        watched = _Watched(time.perf_counter_ns())
        number = self.client.submit(
            order.symbol,
            order.side,
            order.quantity,
            order.price,
            order_type=order.order_type,
            trigger_price=order.trigger_price,
            time_in_force=order.time_in_force,
            account=order.account,
        )
        self.submitted += 1
        self._open[number] = watched
        watched.waits.append(_Wait(until, answer))
        answer.order_id = number

    def wait(self, order_id: int, until: Until, answer: Answer) -> None:
        """Wait for an order that was sent before."""
        watched = self._find(order_id)
        answer.order_id = order_id
        if watched.reached(until):
            answer.settle(watched.result(order_id))
            return
        watched.waits = [wait for wait in watched.waits if not wait.answer.abandoned]
        watched.waits.append(_Wait(until, answer))

    def cancel(self, order_id: int, answer: Answer) -> None:
        """Ask to cancel; the answer is the result once the order is at its end."""
        if not self._find(order_id).reached("done"):
            self.client.cancel(order_id)
        self.wait(order_id, "done", answer)

    def look(self, of: Answer, answer: Answer) -> None:
        """How the order of another answer stands. That answer was requested before, so it is known whether the order was sent."""
        if of.order_id is None:
            error = of.exception()  # it is settled: the order was refused before it was sent
            raise error if isinstance(error, Exception) else StateError("the order was not sent")
        answer.settle(self._find(of.order_id).result(of.order_id))

    def _find(self, order_id: int) -> _Watched:
        watched = self._open.get(order_id) or self._ended.get(order_id)
        if watched is None:
            raise NotFound(f"this engine knows no order {order_id!r}; orders that ended long ago are forgotten")
        return watched

    def _run(self) -> None:
        try:
            self._loop()
        except NeuralTraderError as error:
            log.error("the engine lost its kernel: %s", error)
            self._fail(error)
        except Exception as error:  # such as an event loop that was closed before the engine was stopped
            log.exception("the engine's reader ended")
            self._fail(StateError(f"the engine's reader ended: {type(error).__name__}: {error}"))

    def _loop(self) -> None:
        busy_until = looked = time.monotonic_ns()
        while not self._stopping:
            asked = self._take_requests()
            now = time.monotonic_ns()
            if asked:
                busy_until = now + _BUSY_NS
            self._take_reports(self.client._poll_once(4096, _BUSY_WAIT_NS if now < busy_until else _WAIT_NS))
            self._take_ticks()
            if now - looked > _LOOK_NS:
                looked = now
                if not self.kernel.running:
                    raise StateError("the kernel's loop was ended from outside; start the engine again")
        self._take_reports(self.client._poll_once(1, 0))
        self._fail(Closed("the engine was stopped while this waited; what worked at the venue is cancelled"))

    def _take_requests(self) -> int:
        taken = 0
        while not self._requests.empty():
            request, answer = self._requests.get()
            taken += 1
            if not answer.set_running_or_notify_cancel():
                continue  # given up before it was taken: nothing is sent
            try:
                request(answer)
            except Exception as error:
                answer.settle(error)
        return taken

    def _take_reports(self, reports: Sequence[Report]) -> None:
        now = time.perf_counter_ns()
        self.reports += len(reports)
        for report in reports:
            order_id = report.order_id
            watched = self._open.get(order_id) or self._ended.get(order_id)
            if watched is None:
                log.error("a report of an order that this engine did not send: %s", report)
                continue
            watched.reports.append(report)
            watched.latency_ns = now - watched.started_ns
            if watched.waits:
                self._settle_reached(order_id, watched)
            if order_id in self._open and watched.reached("done"):
                self._ended[order_id] = self._open.pop(order_id)
                if len(self._ended) > _ENDED_KEPT:
                    self._ended.popitem(last=False)

    def _settle_reached(self, order_id: int, watched: _Watched) -> None:
        left = []
        for wait in watched.waits:
            if watched.reached(wait.until):
                wait.answer.settle(watched.result(order_id))
            else:
                left.append(wait)
        watched.waits = left

    def _take_ticks(self) -> None:
        poll = self.client._poll
        if poll.lost and not self.ticks_lost:
            log.warning("ticks were overwritten before the engine read them; get_stats counts them")
        self.ticks_lost += poll.lost
        if not poll.ticks:
            return
        self.ticks += poll.ticks
        subscriptions = self.subscriptions
        wanted = frozenset(symbol for subscription in subscriptions for symbol in subscription.symbols)
        found = self._market.take(self.client.last_ticks().raw, wanted)
        for subscription in subscriptions:
            items = [item for item in found if item.symbol in subscription.symbols]
            if items and subscription.active:
                subscription._push(items)

    def _fail(self, error: NeuralTraderError) -> None:
        """Refuse what comes, what has come and was not sent, and everybody who waits."""
        with self._gate:
            self._failure = error
        waiting = [wait.answer for watched in self._open.values() for wait in watched.waits]
        while not self._requests.empty():
            _, answer = self._requests.get()
            if answer.set_running_or_notify_cancel():
                waiting.append(answer)
        for answer in waiting:
            answer.settle(copy.copy(error))
        for watched in self._open.values():
            watched.waits = []
