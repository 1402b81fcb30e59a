"""The kernel's half of an order's life: requests, what they wait for, and what the venue answers."""

from __future__ import annotations

from neural_trader._native import abi
from reference import checks
from reference import exposure as worth
from reference.accounts import Keeping, Position
from reference.inputs import ABSENT, Account, Instrument, Request, Terms
from reference.inputs import Venue as Settings
from reference.market import Book, Market
from reference.orders import Fate, Order, Place, Report, Verdict, because, blank_report, order_report, raw
from reference.queue import QueueVenue
from reference.venue import Transit, Venue
from reference.wanted import Wanted, alike, is_plain, trades_at_once, well_formed

NOTHING = Terms(value_denominator=0, value_numerator=0, max_order_quantity=0)
"""A pair without terms: no order is small enough."""


class Kernel:
    """Orders, accounts and what is under way to and from the venue. Time is the business of model.py."""

    def __init__(
        self, settings: Settings, instruments: list[Instrument], accounts: list[Account], terms: dict[tuple[int, int], Terms]
    ) -> None:
        self.settings = settings
        self.sweeps = settings.fill_model != abi.NT_FILL_PRINTS
        self.now = ABSENT
        self.orders: list[Order] = []  # that have not ended, in the order of acceptance
        self.slots: list[dict[int, Order]] = [{} for _ in range(settings.channels)]
        self.last_ids = [0] * settings.channels
        self.reports: list[list[Report]] = [[] for _ in range(settings.channels)]
        self.inward: list[tuple[int, Transit]] = []
        self.outward: list[tuple[int, int, Transit]] = []
        self.next_venue_id = self.next_priority = self.next_execution_id = 1
        self.markets = [
            Market(
                instrument, instrument.tick_size * settings.slippage_ticks, Book(settings.book_depth), session=instrument.initial_session
            )
            for instrument in instruments
        ]
        self.keepings = []
        for number, account in enumerate(accounts):
            positions = [Position(terms.get((number, i), NOTHING), instrument) for i, instrument in enumerate(instruments)]
            self.keepings.append(Keeping(account, number, positions, self.markets, self.orders, day_equity=account.cash))
        model = Venue if settings.fill_model == abi.NT_FILL_PRINTS else QueueVenue
        self.venue = model(settings, self.markets, self.keepings, self.send_out)
        self.venue.next_priority = self.take_priority
        self.venue.room = self.has_room
        self.venue.room_for = self.has_room

    # ---- transit

    def take_priority(self) -> int:
        """Behind everybody."""
        self.next_priority += 1
        return self.next_priority - 1

    def has_room(self, fills: int = 0) -> bool:
        """Fills stop while half of the answers that fit, less these, are on their way."""
        entries = self.settings.channels * self.settings.order_capacity
        capacity = 16 * (1 << (entries - 1).bit_length())
        return capacity - len(self.outward) > capacity // 2 + fills

    def send_in(self, transit: Transit) -> None:
        """To the venue."""
        self.inward.append((self.now + self.settings.latency_in_ns, transit))

    def send_out(self, transit: Transit) -> None:
        """From the venue."""
        self.outward.append((self.now + self.settings.latency_out_ns, self.now, transit))

    # ---- accounts

    def state_of(self, keeping: Keeping, state: int, reason: int) -> None:
        """Whoever resumes after a loss accepts it; whoever sets ACTIVE forgets the fills."""
        if state != abi.NT_STATE_HALTED and (keeping.lost() or keeping.state_reason == abi.NT_REASON_DAILY_LOSS_LIMIT):
            keeping.day_equity = keeping.equity()
        if state == abi.NT_STATE_ACTIVE:
            keeping.fill_times = []
        keeping.state, keeping.state_reason = state, reason
        if state == abi.NT_STATE_HALTED:
            for orders in self.slots:
                mine = [order for _, order in sorted(orders.items()) if order.account == keeping.number]
                self.cancel_all(mine, 0, abi.NT_REASON_KILL_SWITCH)

    def check_loss(self, keeping: Keeping) -> None:
        """A loss at its limit latches."""
        if keeping.state_reason != abi.NT_REASON_DAILY_LOSS_LIMIT and keeping.lost():
            self.state_of(keeping, abi.NT_STATE_HALTED, abi.NT_REASON_DAILY_LOSS_LIMIT)

    # ---- requests

    def take_request(self, channel: int, request: Request, ts: int) -> None:
        """One request of a client, whose clock said ts."""
        if not request.flags & abi.NT_ORDER_EXTENDED:
            request = Request(**{name: getattr(request, name) for name in LINE_ZERO})
        if request.message == abi.NT_MESSAGE_REPLACE:
            self.take_replace(channel, request, ts)
        elif request.message == abi.NT_MESSAGE_CANCEL:
            self.take_cancel(channel, request)
        elif request.message == abi.NT_MESSAGE_MASS_CANCEL:
            self.take_all(channel, request)
        else:
            self.take_new(channel, request, ts)

    def list_of(self, channel: int, request: Request) -> Order | None:
        """The order that a contingency names: open, of the same client, account and instrument, without one itself, one kind a list."""
        first = self.slots[channel].get(request.list_id % self.settings.order_capacity)
        if first is None or first.client_order_id != request.list_id or first.ended or first.contingency != 0:
            return None
        if (first.account, first.instrument) != (request.account, request.instrument):
            return None
        after = first.group[(first.group.index(first) + 1) % len(first.group)]
        return first if after in (first,) or after.contingency == request.contingency else None

    def refuse_new(self, channel: int, request: Request, ts: int) -> tuple[Verdict | None, int | None]:
        """Why a new order is denied; when the next is due at its account's rate."""
        if not well_formed(request):
            return Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_MALFORMED, abi.NT_UNIT_COUNT), None
        last_account, last_instrument = len(self.keepings) - 1, len(self.markets) - 1
        if request.account > last_account:
            reason = abi.NT_REASON_UNKNOWN_ACCOUNT
            return Verdict(abi.NT_CHECK_WELL_FORMED, reason, abi.NT_UNIT_COUNT, request.account, last_account), None
        if request.instrument > last_instrument:
            reason = abi.NT_REASON_INSTRUMENT_NOT_FOUND
            return Verdict(abi.NT_CHECK_SESSION, reason, abi.NT_UNIT_COUNT, request.instrument, last_instrument), None
        keeping = self.keepings[request.account]
        it = Wanted(
            *(self.now, ts, keeping, self.markets[request.instrument], request.instrument, request.side, request.type),
            *(request.time_in_force, request.price, request.trigger_price, raw(request.quantity), raw(request.quantity)),
            request.flags & abi.NT_ORDER_REDUCE_ONLY != 0,
            self.sweeps,
        )
        holder = self.slots[channel].get(request.client_order_id % self.settings.order_capacity)
        list_known = request.contingency == 0 or self.list_of(channel, request) is not None
        holder_id = None if holder is None else holder.client_order_id
        verdict = checks.first(checks.new_order(it, request, self.last_ids[channel], holder_id, list_known))
        return verdict, checks.rate(self.now, keeping.order_next, keeping.limits.max_orders_per_second)[1]

    def take_new(self, channel: int, request: Request, ts: int) -> None:
        """A new order, or anything that cannot be told."""
        verdict, due = self.refuse_new(channel, request, ts)
        self.last_ids[channel] = max(self.last_ids[channel], request.client_order_id)
        if verdict is not None:
            copied = ("client_order_id", "instrument", "account", "strategy", "side")
            report = {**blank_report(self.now, channel), **{name: getattr(request, name) for name in copied}}
            report |= {"exec_type": abi.NT_EXEC_DENIED, "order_status": abi.NT_STATUS_DENIED}
            self.reports[channel].append(because(report, verdict))
            if verdict.reason == abi.NT_REASON_SELF_TRADE_PREVENTED:
                self.prevent_self_trade(request.account, request.instrument, request.side, request.price, raw(request.quantity))
            return
        keeping, market = self.keepings[request.account], self.markets[request.instrument]
        at_once = trades_at_once(market, request.type, request.side, request.trigger_price)
        if at_once:
            self.prevent_self_trade(request.account, request.instrument, request.side, request.price, raw(request.quantity))
        keeping.order_next = due
        order = self.accept(channel, request)
        asked = worth.Asked(
            *(order.side, order.type, order.price, order.trigger_price, order.trailing_offset, order.quantity, self.sweeps),
        )
        value = worth.value_price(market, asked)
        order.standing_value = market.instrument.maximum_price if value is None else value
        if not order.reduce_only:
            keeping.day_value += keeping.positions[order.instrument].up(order.value_price * order.quantity)
        keeping.accepted.append((self.now, alike(order.instrument, order.side, request.price, request.trigger_price, order.quantity)))
        if at_once:
            self.triggered(order)
        worth.note_price(keeping, order)
        self.send_in(Transit(order, abi.NT_MESSAGE_NEW))

    def accept(self, channel: int, request: Request) -> Order:
        """It is an order now, and on its way."""
        assert request.quantity is not None
        order = Order(
            *(request.client_order_id, self.next_venue_id, channel, request.instrument, request.account, request.strategy),
            *(request.side, request.type, request.time_in_force, bool(request.flags & abi.NT_ORDER_REDUCE_ONLY)),
            *(bool(request.flags & abi.NT_ORDER_POST_ONLY), request.contingency, request.price, request.quantity),
            venue_price=request.price,
            venue_quantity=request.quantity,
            priority=self.take_priority(),
            trigger_price=request.trigger_price,
            trailing_offset=request.trailing_offset,
            expire_ts=request.expire_ts if request.time_in_force == abi.NT_TIF_GTD else None,
            display_quantity=request.display_quantity,
        )
        self.next_venue_id += 1
        order.group = [order]
        if order.contingency:
            first = self.list_of(channel, request)
            assert first is not None
            order.group = first.group
            order.group.append(order)
            if first.venue_filled > 0 and order.contingency == abi.NT_CONTINGENCY_BRACKET:
                order.fate = Fate.RELEASED
            elif first.venue_filled > 0 or first.place is Place.DONE:
                order.fate = Fate.CANCELED
        self.orders.append(order)
        self.venue.orders.append(order)
        self.slots[channel][request.client_order_id % self.settings.order_capacity] = order
        return order

    def prevent_self_trade(self, account: int, instrument: int, side: int, limit: int | None, quantity: int) -> None:
        """Cancels the account's own orders that this one would cross, where the account wants that."""
        keeping = self.keepings[account]
        if keeping.limits.self_trade in (abi.NT_SELF_TRADE_CANCEL_OLDEST, abi.NT_SELF_TRADE_CANCEL_BOTH):
            for order in checks.crossed(keeping, instrument, side, limit, quantity, self.sweeps):
                order.own_price = None
                self.cancel_all([order], 0, abi.NT_REASON_SELF_TRADE_PREVENTED)

    def cancel_all(self, orders: list[Order], request_id: int, reason: int) -> None:
        """By the kernel, or by a mass cancel."""
        for order in orders:
            if not order.ended and not order.pending_cancel:
                self.begin_cancel(order, request_id, reason)

    def begin_cancel(self, order: Order, request_id: int, reason: int) -> None:
        """A cancel is on its way."""
        order.pending_cancel = True
        if order.status != abi.NT_STATUS_PENDING_NEW:
            order.status = abi.NT_STATUS_PENDING_CANCEL
        self.send_in(Transit(order, abi.NT_MESSAGE_CANCEL, reason, request_id))

    def find(self, channel: int, request: Request) -> tuple[Order | None, Verdict | None]:
        """The order that a replace or cancel names, and why it cannot be had."""
        if not request.flags & abi.NT_ORDER_EXTENDED or not is_plain(request):
            return None, Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_MALFORMED)
        if request.client_order_id <= self.last_ids[channel]:
            return None, Verdict(abi.NT_CHECK_DUPLICATE, abi.NT_REASON_DUPLICATE_CLIENT_ORDER_ID, 0, None, self.last_ids[channel])
        self.last_ids[channel] = request.client_order_id
        order = self.slots[channel].get(request.original_client_order_id % self.settings.order_capacity)
        if order is None or order.client_order_id != request.original_client_order_id:
            return None, Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_UNKNOWN_ORDER)
        if order.ended:
            return order, Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_TOO_LATE)
        pending = order.pending_cancel or (order.pending_replace and request.message == abi.NT_MESSAGE_REPLACE)
        return order, Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_PENDING_REQUEST) if pending else None

    def refuse(self, channel: int, request: Request, order: Order | None, exec_type: int, verdict: Verdict) -> None:
        """A replace or cancel that leaves its order as it was."""
        if order is not None:
            report = order_report(self.now, order, exec_type)
        else:
            copied = {name: getattr(request, name) for name in ("instrument", "account", "strategy")}
            report = {**blank_report(self.now, channel), **copied, "client_order_id": request.original_client_order_id}
            report |= {"exec_type": exec_type, "order_status": abi.NT_STATUS_REJECTED}
        report = because(report, verdict)
        if verdict.unit == 0:
            report |= {"unit": abi.NT_UNIT_ORDER_ID, "observed": request.client_order_id}
        self.reports[channel].append(report)

    def take_replace(self, channel: int, request: Request, ts: int) -> None:
        """A replace."""
        order, verdict = self.find(channel, request)
        if order is None or verdict is not None:
            assert verdict is not None
            self.refuse(channel, request, order, abi.NT_EXEC_REPLACE_REJECTED, verdict)
            return
        keeping = self.keepings[order.account]
        price = order.price if request.price is None else request.price
        quantity = order.quantity if request.quantity is None else request.quantity
        trigger = order.trigger_price if request.trigger_price is None else request.trigger_price
        it = Wanted(
            *(self.now, ts, keeping, self.markets[order.instrument], order.instrument, order.side, order.type, order.time_in_force),
            *(price, trigger, quantity, max(0, quantity - order.quantity), order.reduce_only, self.sweeps, order.triggered),
        )
        verdict = checks.first(checks.replace(it, order, request.trigger_price))
        due = checks.rate(self.now, keeping.order_next, keeping.limits.max_orders_per_second)[1]
        if verdict is not None:
            self.refuse(channel, request, order, abi.NT_EXEC_REPLACE_REJECTED, verdict)
            if verdict.reason == abi.NT_REASON_SELF_TRADE_PREVENTED:
                self.prevent_self_trade(order.account, order.instrument, order.side, price, quantity - order.filled)
            return
        if it.at_once:
            self.prevent_self_trade(order.account, order.instrument, order.side, price, quantity - order.filled)
        keeping.order_next = due
        value = worth.replaced_value(it.market, order, it, request.trigger_price, self.sweeps)
        value = it.market.instrument.maximum_price if value is None else value
        more = value * (quantity - order.filled) - order.value_price * order.leaves
        if more > 0 and not order.reduce_only:
            keeping.day_value += keeping.positions[order.instrument].up(more)
        if it.at_once:
            self.triggered(order)
        if price is not None and order.own_price is not None:
            order.own_price = max(order.own_price * order.direction, price * order.direction) * order.direction
        order.replaced_value, order.pending_replace = value, True
        order.extra = max(0, quantity - order.quantity)
        worth.note_price(keeping, order)
        if order.status != abi.NT_STATUS_PENDING_NEW:
            order.status = abi.NT_STATUS_PENDING_REPLACE
        self.send_in(Transit(order, abi.NT_MESSAGE_REPLACE, 0, request.client_order_id, price, quantity, request.trigger_price))

    def take_cancel(self, channel: int, request: Request) -> None:
        """A cancel."""
        order, verdict = self.find(channel, request)
        if order is not None and verdict is None:
            keeping = self.keepings[order.account]
            verdict, keeping.cancel_next = checks.rate(self.now, keeping.cancel_next, keeping.limits.max_cancels_per_second)
        if order is None or verdict is not None:
            assert verdict is not None
            self.refuse(channel, request, order, abi.NT_EXEC_CANCEL_REJECTED, verdict)
            return
        self.begin_cancel(order, request.client_order_id, abi.NT_REASON_USER_REQUEST)

    def take_all(self, channel: int, request: Request) -> None:
        """A mass cancel, of this client's orders of an account on one instrument or all."""
        verdict = None
        if not is_plain(request) or (request.instrument != abi.NT_NONE and request.instrument >= len(self.markets)):
            verdict = Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_MALFORMED)
        elif request.client_order_id <= self.last_ids[channel]:
            verdict = Verdict(abi.NT_CHECK_DUPLICATE, abi.NT_REASON_DUPLICATE_CLIENT_ORDER_ID, 0, None, self.last_ids[channel])
        elif request.account >= len(self.keepings):
            verdict = Verdict(abi.NT_CHECK_WELL_FORMED, abi.NT_REASON_UNKNOWN_ACCOUNT)
        else:
            self.last_ids[channel] = request.client_order_id
            keeping = self.keepings[request.account]
            verdict, keeping.cancel_next = checks.rate(self.now, keeping.cancel_next, keeping.limits.max_cancels_per_second)
        if verdict is not None:
            self.refuse(channel, request, None, abi.NT_EXEC_CANCEL_REJECTED, verdict)
            return
        mine = [order for _, order in sorted(self.slots[channel].items()) if order.account == request.account]
        mine = [order for order in mine if request.instrument in (abi.NT_NONE, order.instrument)]
        self.cancel_all(mine, request.client_order_id, abi.NT_REASON_USER_REQUEST)

    # ---- answers of the venue

    def learn(self, answer: Transit, sent: int) -> None:
        """What the venue did is known and reported."""
        order, kind = answer.order, answer.kind
        keeping = self.keepings[order.account]
        extra: Report = {"ts_event": sent}
        if kind == abi.NT_EXEC_TRADE:
            assert answer.price is not None
            held = keeping.positions[order.instrument]
            fee = held.fee(answer.price, answer.quantity, answer.liquidity)
            order.filled += answer.quantity
            order.status = abi.NT_STATUS_FILLED if order.leaves == 0 else pending_status(order)
            held.fill(order.direction, answer.price, answer.quantity, fee)
            keeping.fill_times.append(self.now)
            if order.ended:
                self.forget(order)
            worth.note_price(keeping, order)
            self.check_loss(keeping)
            extra |= {"last_price": answer.price, "last_quantity": answer.quantity, "liquidity": answer.liquidity, "fee": fee}
            extra["execution_id"] = self.next_execution_id
            self.next_execution_id += 1
        elif kind == abi.NT_EXEC_TRIGGERED:
            self.triggered(order)
        elif kind == abi.NT_EXEC_NEW:
            order.status = pending_status(order)
        elif kind in (abi.NT_EXEC_REPLACED, abi.NT_EXEC_REPLACE_REJECTED):
            order.pending_replace = False
            self.replaced(order, answer)
        elif kind == abi.NT_EXEC_CANCEL_REJECTED:
            order.pending_cancel = False
            if not order.ended:
                order.status = pending_status(order)
        else:
            ends = {abi.NT_EXEC_REJECTED: abi.NT_STATUS_REJECTED, abi.NT_EXEC_EXPIRED: abi.NT_STATUS_EXPIRED}
            order.pending_cancel &= not answer.answers_cancel
            order.status = ends.get(kind, abi.NT_STATUS_CANCELED)
            self.forget(order)
            worth.note_price(keeping, order)
        report = order_report(self.now, order, kind) | extra
        report |= because(report, Verdict(0, answer.reason)) if answer.reason else {}
        if answer.request_id:
            report |= {"unit": abi.NT_UNIT_ORDER_ID, "observed": answer.request_id}
        if answer.request_id or kind != abi.NT_EXEC_CANCEL_REJECTED:  # that the kernel's own cancel was late is no news
            self.reports[order.channel].append(report)
        if order.ended and not order.pending_cancel and not order.pending_replace:
            slot = order.client_order_id % self.settings.order_capacity
            if self.slots[order.channel].get(slot) is order:
                del self.slots[order.channel][slot]
                order.group.remove(order)
                self.venue.orders.remove(order)

    def triggered(self, order: Order) -> None:
        """It stands in the way of the account's other orders from now on."""
        if not order.triggered:
            most = order.direction * self.markets[order.instrument].instrument.maximum_price
            order.triggered, order.own_price = True, most if order.price is None else order.price

    def replaced(self, order: Order, answer: Transit) -> None:
        """A replace is answered."""
        if order.ended:
            return
        order.extra = 0
        if answer.kind == abi.NT_EXEC_REPLACED:
            order.price, order.quantity = answer.price, answer.quantity
            order.standing_value = order.replaced_value
        if order.own_price is not None and order.price is not None:
            order.own_price = order.price
        worth.note_price(self.keepings[order.account], order)
        order.status = pending_status(order)

    def forget(self, order: Order) -> None:
        """It works no more."""
        order.extra = 0
        order.own_price = None
        self.orders.remove(order)


LINE_ZERO = (
    *("client_order_id", "message", "instrument", "account", "strategy", "side", "type", "time_in_force"),
    *("price", "trigger_price", "quantity", "flags"),
)
"""What a request without NT_ORDER_EXTENDED says."""


def pending_status(order: Order) -> int:
    """Of an order that works."""
    if order.pending_cancel:
        return abi.NT_STATUS_PENDING_CANCEL
    if order.pending_replace:
        return abi.NT_STATUS_PENDING_REPLACE
    return abi.NT_STATUS_PARTIALLY_FILLED if order.filled > 0 else abi.NT_STATUS_NEW
