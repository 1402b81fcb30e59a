"""Fills at the quote and by queue position (NT_FILL_QUEUE and NT_FILL_PROBABILISTIC)."""

from __future__ import annotations

from fractions import Fraction

from neural_trader._native import abi
from reference.inputs import NEVER, Tick
from reference.orders import BUY, SELL, Order, Place
from reference.venue import Venue

UNBOUNDED = NEVER


def other(side: int) -> int:
    """The opposite side."""
    return SELL if side == BUY else BUY


class QueueVenue(Venue):
    """Takers meet what is displayed, resting orders wait behind it."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        sides = [(number, side) for number in range(len(self.markets)) for side in (BUY, SELL)]
        self.taken = dict.fromkeys(sides, 0)  # by our takers, since it was told
        self.told: dict[tuple[int, int], tuple[int | None, int | None]] = dict.fromkeys(sides, (None, None))  # best price, size

    # ---- takers

    def displayed(self, instrument: int, side: int) -> list[tuple[int, int]]:
        """Levels that a taker meets, best first: those of the book, or the one that the quote is."""
        market = self.markets[instrument]
        if market.book.booked:
            return market.book.ladder(side)
        best, size = market.best(side), market.size(side)
        return [] if best is None else [(best, UNBOUNDED if size is None else size)]

    def left(self, order: Order) -> list[tuple[int, int]]:
        """Levels as far as the order reaches, without what our takers have had of them."""
        levels, taken = [], self.taken[order.instrument, other(order.side)]
        for price, size in self.displayed(order.instrument, other(order.side)):
            if order.venue_price is None or (price - order.venue_price) * order.direction <= 0:
                gone = min(size, taken)
                taken -= gone
                if size > gone:
                    levels.append((price, size - gone))
        return levels

    def levels(self, order: Order) -> int:
        """How many of what is displayed it goes through."""
        sums, count, taken = 0, 0, self.taken[order.instrument, other(order.side)]
        for price, size in self.displayed(order.instrument, other(order.side)):
            if sums - taken >= order.venue_leaves or (order.venue_price is not None and (price - order.venue_price) * order.direction > 0):
                break
            sums, count = UNBOUNDED if size == UNBOUNDED else sums + size, count + 1
        return count

    def wanted(self, order: Order, available: int) -> int:
        """What it takes of this much."""
        most = min(order.venue_leaves, available)
        return min(most, self.reducible(order)) if order.reduce_only else most

    def take(self, order: Order) -> None:
        """What it can; reduce-only orders end with nothing to reduce."""
        self.take_levels(order)
        self.drop_if_reduced(order)

    def take_levels(self, order: Order) -> None:
        """What it can at the quote, level by level. FOK: everything or nothing."""
        if not self.is_open(order.instrument):
            return
        want = self.wanted(order, sum(size for _, size in self.left(order)))
        if order.time_in_force == abi.NT_TIF_FOK and (want < order.venue_leaves or not self.room_for(self.levels(order))):
            return
        place, wanted = (order.instrument, other(order.side)), want
        while want > 0 and self.room() and (levels := self.left(order)):
            price, size = levels[0]
            quantity = min(size, want)
            want -= quantity
            self.taken[place] += quantity
            self.fill(order, quantity, self.worse(order, price), abi.NT_LIQUIDITY_TAKER)
        if want < wanted:
            self.tell_others(order)

    def take_at_once(self, order: Order) -> None:
        self.take(order)
        if order.place is Place.TAKER and order.immediate:
            self.finish(order, abi.NT_EXEC_CANCELED, abi.NT_REASON_NO_PRINT)

    def take_if_marketable(self, order: Order) -> None:
        if order.marketable:
            self.take(order)

    # ---- makers

    def rest(self, order: Order) -> None:
        """Behind what is displayed at its price."""
        super().rest(order)
        market, price = self.markets[order.instrument], order.venue_price
        assert price is not None
        best = market.best(order.side)
        order.traded = 0
        if market.book.booked:
            order.ahead = market.book.size_at(order.side, price)
        elif best is None or (price - best) * order.direction > 0:
            order.ahead = 0
        else:
            order.ahead = market.size(order.side) if price == best else None

    def share_of(self, order: Order, available: int) -> int:
        """What it gets as maker."""
        quantity = self.wanted(order, available) if self.room() else 0
        if order.shown is not None:
            quantity = min(quantity, order.shown)
        return max(0, quantity)

    def make(self, order: Order, quantity: int) -> None:
        """It fills as maker at its price."""
        if quantity > 0:
            assert order.venue_price is not None
            self.fill(order, quantity, order.venue_price, abi.NT_LIQUIDITY_MAKER)
            self.tell_others(order)
        self.drop_if_reduced(order)

    def trade(self, tick: Tick) -> None:
        """A print shortens the queues at its price and fills what it goes through."""
        for side in (BUY, SELL):
            volume = tick.size
            for order in self.resting(tick.instrument, side):
                assert order.venue_price is not None
                beyond = (order.venue_price - tick.price) * order.direction
                if order.place is not Place.RESTING or beyond < 0 or (beyond == 0 and tick.aggressor != other(side)):
                    continue
                available = volume
                if beyond == 0:
                    if order.ahead is None:
                        continue
                    order.ahead -= tick.size
                    order.traded += tick.size
                    if order.ahead >= 0:
                        continue
                    available = min(volume, -order.ahead)
                    order.ahead = 0
                quantity = self.share_of(order, available)
                volume -= quantity
                self.make(order, quantity)

    def quote(self, instrument: int) -> None:
        """The quote moves queues, is taken by waiting takers, and fills resting orders that it goes through."""
        market = self.markets[instrument]
        for side in (BUY, SELL):
            price, size = market.best(side), market.size(side)
            if not market.book.booked and price is not None and size is not None:
                told_price, told_size = self.told[instrument, side]
                self.shrink(instrument, side, price, told_size if told_price == price else None, size)
            if size is None or (price, size) != self.told[instrument, side]:
                self.taken[instrument, side] = 0
            self.told[instrument, side] = (price, size)
        if not self.is_open(instrument):
            return
        for side in (BUY, SELL):
            opposite = market.best(other(side))
            if opposite is None:
                continue
            for order in self.takers(instrument, side):
                if order.place is Place.TAKER:
                    self.take(order)
            size = market.size(other(side))
            for order in self.resting(instrument, side):
                assert order.venue_price is not None
                if order.place is Place.RESTING and (order.venue_price - opposite) * order.direction >= 0:
                    left = (UNBOUNDED if size is None else size) - self.taken[instrument, other(side)]
                    quantity = self.share_of(order, left)
                    self.taken[instrument, other(side)] += quantity
                    self.make(order, quantity)

    def level(self, tick: Tick, before: int) -> None:
        self.shrink(tick.instrument, tick.aggressor, tick.price, before, tick.size)

    def shrink(self, instrument: int, side: int, price: int, before: int | None, after: int) -> None:
        """What is displayed at a price was `before` (None: not known) and is `after`."""
        probabilistic = self.settings.fill_model == abi.NT_FILL_PROBABILISTIC
        for order in self.resting(instrument, side):
            if order.venue_price != price:
                continue
            ahead = order.ahead
            if ahead is not None and probabilistic and before is not None and before > 0 and ahead > 0:
                left = before - after - order.traded  # without a trade
                behind = max(0, before - ahead)
                if left > 0:
                    ahead -= int(Fraction(left * ahead, ahead + behind))
            order.ahead = after if ahead is None else min(ahead, after)
            order.traded = 0
