"""The paper venue: where orders are between their arrival and their end, and how prints fill them (NT_FILL_PRINTS)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from neural_trader._native import abi
from reference.accounts import Keeping
from reference.inputs import Tick
from reference.inputs import Venue as Settings
from reference.market import Market
from reference.orders import BUY, SELL, Fate, Order, Place
from reference.wanted import rises

WAITING = (Place.TRIGGER, Place.TRAILING, Place.HELD)
"""Places of orders whose trigger may still be replaced."""


@dataclass(frozen=True)
class Transit:
    """A request on its way to the venue (kind: NT_MESSAGE_), or an answer on its way back (kind: NT_EXEC_)."""

    order: Order
    kind: int
    reason: int = 0
    request_id: int = 0
    price: int | None = None
    quantity: int = 0
    trigger_price: int | None = None
    liquidity: int = 0
    answers_cancel: bool = False


class Venue:
    """Every order that has been sent to it, and the rules. Answers go out by `send`; `room`: fills may still be sent."""

    def __init__(self, settings: Settings, markets: list[Market], keepings: list[Keeping], send: Callable[[Transit], None]) -> None:
        self.settings, self.markets, self.keepings, self.send = settings, markets, keepings, send
        self.orders: list[Order] = []  # that are here or on their way
        self.now = abi.NT_ABSENT
        self.room: Callable[[], bool] = lambda: True
        self.room_for: Callable[[int], bool] = lambda fills: True
        self.next_listed = 1
        self.next_priority: Callable[[], int] = lambda: 0

    # ---- who is where

    def at(self, instrument: int, *places: Place) -> list[Order]:
        """Orders of an instrument in these places, by time priority."""
        here = [order for order in self.orders if order.instrument == instrument and order.place in places]
        return sorted(here, key=lambda order: order.priority)

    def resting(self, instrument: int, side: int) -> list[Order]:
        """Best price first, then time priority."""
        here = [order for order in self.at(instrument, Place.RESTING) if order.side == side]
        return sorted(here, key=lambda order: (-order.direction * (order.venue_price or 0), order.priority))

    def takers(self, instrument: int, side: int) -> list[Order]:
        """In the order in which they began to wait."""
        return sorted((order for order in self.at(instrument, Place.TAKER) if order.side == side), key=lambda order: order.listed)

    def expiring(self) -> Order | None:
        """The order that is the next to expire."""
        here = [order for order in self.orders if order.expire_ts is not None and order.place not in (Place.TRANSIT, Place.DONE)]
        return min(here, key=lambda order: (order.expire_ts, order.venue_order_id), default=None)

    # ---- answers and what they mean to other orders

    def answer(self, order: Order, kind: int, reason: int = 0) -> None:
        """An answer that nobody asked for."""
        self.send(Transit(order, kind, reason))

    def finish(self, order: Order, kind: int, reason: int) -> None:
        """The order ends here."""
        order.place = Place.DONE
        self.answer(order, kind, reason)
        self.tell_others(order)

    def tell_others(self, order: Order) -> None:
        """It has traded or ended."""
        place = order.group.index(order) if order in order.group else 0
        for other in order.group[place + 1 :] + order.group[:place]:
            oco = abi.NT_CONTINGENCY_OCO in (order.contingency, other.contingency)
            ended = order.place is Place.DONE
            is_first = order.contingency == 0
            if oco or (ended and not (is_first and order.venue_filled > 0) and (is_first or other.contingency != 0)):
                self.cancel_linked(other)
            elif is_first and order.venue_filled > 0:
                self.release(other)

    def cancel_linked(self, order: Order) -> None:
        """Because of another order of its list."""
        if order.place is Place.TRANSIT:
            order.fate = Fate.CANCELED
        elif order.place is not Place.DONE:
            order.place = Place.DONE
            self.answer(order, abi.NT_EXEC_CANCELED, abi.NT_REASON_LINKED_ORDER)

    def release(self, order: Order) -> None:
        """A bracket order whose first order has traded."""
        if order.place is Place.TRANSIT and order.fate is Fate.OPEN:
            order.fate = Fate.RELEASED
        elif order.place is Place.HELD and order.post_only and self.is_marketable(order, order.venue_price):
            self.finish(order, abi.NT_EXEC_REJECTED, abi.NT_REASON_POST_ONLY_WOULD_CROSS)
        elif order.place is Place.HELD:
            self.enter(order)

    # ---- requests

    def receive(self, request: Transit) -> None:
        """A request arrives."""
        if request.kind == abi.NT_MESSAGE_NEW:
            self.arrive(request.order)
        elif request.kind == abi.NT_MESSAGE_REPLACE:
            self.replace(request)
        else:
            self.cancel(request)

    def is_marketable(self, order: Order, price: int | None) -> bool:
        """A limit order at this price reaches the other side of the quote."""
        opposite = self.markets[order.instrument].best(SELL if order.side == BUY else BUY)
        if opposite is None or price is None:
            return False
        return price >= opposite if order.side == BUY else price <= opposite

    def arrive(self, order: Order) -> None:
        """A new order."""
        market = self.markets[order.instrument]
        takes = order.type == abi.NT_ORDER_MARKET or order.immediate
        order.place = Place.HELD
        if order.fate is Fate.CANCELED:
            self.cancel_linked(order)
        elif market.session == abi.NT_SESSION_CLOSED:
            self.finish(order, abi.NT_EXEC_REJECTED, abi.NT_REASON_MARKET_CLOSED)
        elif market.session == abi.NT_SESSION_HALTED:
            self.finish(order, abi.NT_EXEC_REJECTED, abi.NT_REASON_INSTRUMENT_HALTED)
        elif takes and self.settings.fill_model != abi.NT_FILL_PRINTS and not market.quoted:
            self.finish(order, abi.NT_EXEC_REJECTED, abi.NT_REASON_MARKET_PRICE_UNAVAILABLE)
        elif order.post_only and self.is_marketable(order, order.venue_price):
            self.finish(order, abi.NT_EXEC_REJECTED, abi.NT_REASON_POST_ONLY_WOULD_CROSS)
        elif order.expire_ts is not None and order.expire_ts <= self.now:
            self.finish(order, abi.NT_EXEC_EXPIRED, abi.NT_REASON_EXPIRE_TIME)
        else:
            self.answer(order, abi.NT_EXEC_NEW)
            if order.contingency != abi.NT_CONTINGENCY_BRACKET or order.fate is Fate.RELEASED:
                self.enter(order)

    def replace(self, request: Transit) -> None:
        """A replace that comes in time changes quantity, price and trigger."""
        order = request.order
        reason = self.replace_refused(request)
        kind = abi.NT_EXEC_REPLACE_REJECTED if reason else abi.NT_EXEC_REPLACED
        self.send(Transit(order, kind, reason, request.request_id, request.price, request.quantity, request.trigger_price))
        if reason:
            return
        moved = order.venue_price != request.price
        order.venue_quantity, order.venue_price = request.quantity, request.price
        if order.place is Place.RESTING:
            self.reslice(order)
        if order.place is Place.RESTING and moved:
            self.rest(order)
            self.take_if_marketable(order)
        if request.trigger_price is not None:
            order.trigger_price = request.trigger_price
            if order.place is not Place.HELD:
                self.enter(order)

    def replace_refused(self, request: Transit) -> int:
        """Why a replace comes too late, or 0."""
        order = request.order
        if order.place is Place.DONE or (request.trigger_price is not None and order.place not in WAITING):
            return abi.NT_REASON_TOO_LATE
        if request.quantity <= order.venue_filled:
            return abi.NT_REASON_QUANTITY_BELOW_FILLED
        crosses = order.post_only and request.price != order.venue_price and self.is_marketable(order, request.price)
        return abi.NT_REASON_POST_ONLY_WOULD_CROSS if crosses else 0

    def cancel(self, request: Transit) -> None:
        """A cancel that comes in time ends the order."""
        order = request.order
        late = order.place is Place.DONE
        order.place = Place.DONE
        kind = abi.NT_EXEC_CANCEL_REJECTED if late else abi.NT_EXEC_CANCELED
        reason = abi.NT_REASON_TOO_LATE if late else request.reason
        self.send(Transit(order, kind, reason, request.request_id, answers_cancel=True))
        if not late:
            self.tell_others(order)

    # ---- orders begin to work

    def enter(self, order: Order) -> None:
        """Into the market, or to wait for a trigger. A trailing trigger starts from the last trade."""
        last = self.markets[order.instrument].last
        if order.type in (abi.NT_ORDER_MARKET, abi.NT_ORDER_LIMIT):
            self.work(order)
            return
        if order.type == abi.NT_ORDER_TRAILING_STOP and last is not None:
            self.trail(order, last)
        order.place = Place.TRAILING if order.type == abi.NT_ORDER_TRAILING_STOP else Place.TRIGGER
        self.queue_up(order)
        if last is not None and self.is_reached(order, last) and self.is_open(order.instrument):
            self.trigger(order)

    def is_open(self, instrument: int) -> bool:
        """What works fills and triggers only while its session is open."""
        return self.markets[instrument].session == abi.NT_SESSION_OPEN

    def queue_up(self, order: Order) -> None:
        """It waits behind those that wait already."""
        order.listed = self.next_listed
        self.next_listed += 1

    def is_reached(self, order: Order, last: int) -> bool:
        """A trade at this price triggers it."""
        assert order.trigger_price is not None
        return last >= order.trigger_price if rises(order.type, order.side) else last <= order.trigger_price

    def trail(self, order: Order, last: int) -> None:
        """The trigger follows in its favour and never comes back."""
        follows = last + order.direction * order.trailing_offset
        if order.trigger_price is None:
            order.trigger_price = follows
        else:
            order.trigger_price = min(follows, order.trigger_price) if order.side == BUY else max(follows, order.trigger_price)

    def trigger(self, order: Order) -> None:
        """It is a market or limit order from now on."""
        order.place = Place.HELD
        self.answer(order, abi.NT_EXEC_TRIGGERED)
        self.work(order)

    def work(self, order: Order) -> None:
        """As a market or limit order."""
        if order.venue_price is None or order.immediate:
            order.place = Place.TAKER
            self.queue_up(order)
            self.take_at_once(order)
            return
        order.shown = None
        self.reslice(order)
        self.rest(order)
        self.take_if_marketable(order)

    def reslice(self, order: Order) -> None:
        """An iceberg shows at most its display quantity; everything when no more is left."""
        if order.display_quantity and order.shown is None and order.venue_leaves > order.display_quantity:
            order.shown = order.display_quantity

    def rest(self, order: Order) -> None:
        """At its price."""
        order.place = Place.RESTING
        order.marketable = self.is_marketable(order, order.venue_price)
        order.arrival_print = self.markets[order.instrument].prints

    def take_at_once(self, order: Order) -> None:
        """Queue models only."""

    def take_if_marketable(self, order: Order) -> None:
        """Queue models only."""

    # ---- fills

    def position(self, order: Order) -> int:
        """As the venue knows it, in the order's direction; what is open for a reduce-only order to close is less than 0."""
        return self.keepings[order.account].positions[order.instrument].venue_quantity * order.direction

    def reducible(self, order: Order) -> int:
        """How much a reduce-only order may trade."""
        return max(0, -self.position(order))

    def worse(self, order: Order, price: int) -> int:
        """By slippage, which stops where prices do; never worse than the order's limit."""
        market = self.markets[order.instrument]
        slipped = price + order.direction * market.slippage
        if not market.instrument.allow_negative_price:
            slipped = max(slipped, min(price, market.instrument.tick_size))
        if order.venue_price is None:
            return slipped
        return min(slipped, order.venue_price) if order.side == BUY else max(slipped, order.venue_price)

    def fill(self, order: Order, quantity: int, price: int, liquidity: int) -> None:
        """A trade."""
        order.venue_filled += quantity
        self.keepings[order.account].positions[order.instrument].venue_quantity += order.direction * quantity
        self.send(Transit(order, abi.NT_EXEC_TRADE, price=price, quantity=quantity, liquidity=liquidity))
        if order.venue_leaves == 0:
            order.place = Place.DONE
        elif order.shown is not None:
            order.shown -= quantity
            if order.shown <= 0:
                order.priority = self.next_priority()
                order.shown = None
                self.reslice(order)
                self.rest(order)
                order.marketable = False

    def is_through(self, order: Order, price: int) -> bool:
        """A print strictly through its price."""
        return order.venue_price is None or (price - order.venue_price) * order.direction < 0

    def share(self, order: Order, price: int, volume: int) -> int:
        """What it gets of a print."""
        if not self.is_through(order, price):
            return 0
        most = [order.venue_leaves, volume]
        if order.shown is not None:
            most.append(order.shown)
        if order.reduce_only:
            most.append(self.reducible(order))
        quantity = min(most)
        return 0 if order.time_in_force == abi.NT_TIF_FOK and quantity < order.venue_leaves else quantity

    def first_works(self, order: Order) -> bool:
        """The first order of its bracket may yet open what it is to close."""
        bracket = order.contingency == abi.NT_CONTINGENCY_BRACKET
        return bracket and any(other.contingency == 0 and other.place is not Place.DONE for other in order.group)

    def drop_if_reduced(self, order: Order) -> None:
        """It might have traded, only reduces, and nothing is left to reduce."""
        if order.reduce_only and not order.done and self.reducible(order) == 0 and not self.first_works(order):
            self.finish(order, abi.NT_EXEC_CANCELED, abi.NT_REASON_REDUCE_ONLY_WOULD_INCREASE_POSITION)

    def trade(self, tick: Tick) -> None:
        """Prints fill what looks at them, in the order of time priority."""
        number = tick.instrument
        looking = [order for order in self.at(number, Place.TAKER) if order.side == tick.aggressor]
        looking += [order for order in self.at(number, Place.RESTING) if self.is_through(order, tick.price)]
        volume = tick.size
        for order in sorted(looking, key=lambda order: order.priority):
            if order.place not in (Place.TAKER, Place.RESTING):
                continue
            quantity = self.share(order, tick.price, volume) if self.room() else 0
            taker = order.place is Place.TAKER
            taker |= order.marketable and self.markets[number].prints == order.arrival_print + 1
            if quantity > 0:
                volume -= quantity
                price = self.worse(order, tick.price) if taker else order.venue_price
                assert price is not None
                self.fill(order, quantity, price, abi.NT_LIQUIDITY_TAKER if taker else abi.NT_LIQUIDITY_MAKER)
                self.tell_others(order)
            self.drop_if_reduced(order)
            if order.place is Place.TAKER and order.immediate:
                self.finish(order, abi.NT_EXEC_CANCELED, abi.NT_REASON_NO_PRINT)

    def trigger_all(self, instrument: int, last: int) -> None:
        """Triggers look at a print after it has filled what it could."""
        waiting = self.at(instrument, Place.TRIGGER)
        rising = sorted(
            (order for order in waiting if rises(order.type, order.side)), key=lambda order: (order.trigger_price, order.priority)
        )
        falling = [order for order in waiting if not rises(order.type, order.side)]
        falling.sort(key=lambda order: (-(order.trigger_price or 0), order.priority))
        trailing = sorted(self.at(instrument, Place.TRAILING), key=lambda order: order.listed)
        for order in [*rising, *falling]:
            if order.place is Place.TRIGGER and self.is_reached(order, last):
                self.trigger(order)
        for order in trailing:
            if order.place is not Place.TRAILING:
                continue
            self.trail(order, last)
            if self.is_reached(order, last):
                self.trigger(order)

    # ---- market data

    def print_comes(self, tick: Tick) -> None:
        """A trade of the market."""
        if not self.is_open(tick.instrument):
            return
        self.trade(tick)
        self.trigger_all(tick.instrument, tick.price)

    def quote(self, instrument: int) -> None:
        """The quote was told anew: queue models only."""

    def level(self, tick: Tick, before: int) -> None:
        """A level of the book was told, and what was displayed before: queue models only."""

    def session(self, instrument: int) -> None:
        """When a session has closed its DAY orders expire, held ones of a bracket too, and what cannot wait."""
        if self.markets[instrument].session != abi.NT_SESSION_CLOSED:
            return
        for order in self.at(instrument, Place.TAKER, Place.RESTING, Place.TRIGGER, Place.TRAILING, Place.HELD):
            if order.place is not Place.DONE and order.time_in_force not in (abi.NT_TIF_GTC, abi.NT_TIF_GTD):
                self.finish(order, abi.NT_EXEC_EXPIRED, abi.NT_REASON_SESSION_CLOSED)
