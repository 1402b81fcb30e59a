"""Time: one input after another, and between inputs what is under way between kernel and venue."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace as changed

from neural_trader._native import abi
from reference.inputs import NEVER, Account, Instrument, Request, Terms, Tick
from reference.inputs import Venue as Settings
from reference.requests import Kernel

DAYS_MAX = 1_000_000


class Model(Kernel):
    """Kernel and venue. Inputs: tick, request, set_state. Outputs: reports by channel, and what accounts and positions say."""

    def __init__(
        self, settings: Settings, instruments: list[Instrument], accounts: list[Account], terms: dict[tuple[int, int], Terms]
    ) -> None:
        super().__init__(settings, instruments, accounts, terms)
        self.ended = False
        self.hostile = 0  # ticks that cannot be
        self.counts: Counter[int] = Counter()  # of reports that were compared, by NT_EXEC_
        self.updating: list[int] = []  # instruments with a book update in this slice, as they came

    def settle(self, until: int) -> None:
        """What is due: at equal times answers before requests before expiries. After the end of a tape nothing expires and time no longer
        holds anything back.
        """
        while True:
            expiring = None if self.ended else self.venue.expiring()
            expiry = NEVER if expiring is None or expiring.expire_ts is None else expiring.expire_ts
            out = self.outward[0][0] if self.outward else NEVER
            in_ = self.inward[0][0] if self.inward else NEVER
            due = min(out, in_, expiry)
            if due == NEVER or (due > until and not self.ended):
                return
            self.now = self.venue.now = max(self.now, due)
            if out == due:
                _, sent, answer = self.outward.pop(0)
                self.learn(answer, sent)
            elif in_ == due:
                self.venue.receive(self.inward.pop(0)[1])
            else:
                assert expiring is not None
                self.venue.finish(expiring, abi.NT_EXEC_EXPIRED, abi.NT_REASON_EXPIRE_TIME)

    def move(self, now: int) -> None:
        """Time passes to here."""
        self.settle(now)
        self.now = self.venue.now = max(self.now, now)

    # ---- inputs

    def set_state(self, account: int | None, state: int) -> None:
        """A command; None: every account."""
        self.settle(self.now)
        for keeping in self.keepings:
            if account in (None, keeping.number):
                self.state_of(keeping, state, 0)
        self.settle(self.now)

    def request(self, channel: int, request: Request, ts: int) -> None:
        """One request of a client, whose clock said ts."""
        self.settle(self.now)
        self.take_request(channel, request, ts)
        self.settle(self.now)

    # ---- ticks

    def tick(self, tick: Tick) -> None:
        """One tick of a tape."""
        if self.ended or (tick.ts_event < self.now and tick.kind != abi.NT_TICK_END):
            self.hostile += 1
        else:
            self.move(tick.ts_event)
            if self.is_possible(tick):
                self.take_tick(tick)
            else:
                self.hostile += 1
        if tick.flags & abi.NT_TICK_LAST_OF_SLICE or self.ended:
            for number in self.updating:
                self.show(number)
            self.updating = []
        self.settle(self.now)

    def is_possible(self, tick: Tick) -> bool:
        """Everything in it is in range."""
        if tick.kind in (abi.NT_TICK_CLOCK, abi.NT_TICK_GAP, abi.NT_TICK_END):
            return True
        if tick.instrument >= len(self.markets):
            return False
        market = self.markets[tick.instrument]
        highest = market.instrument.maximum_price
        prices = range(-highest if market.instrument.allow_negative_price else 1, highest + 1)
        sizes = range(abi.NT_RAW_MAX + 1)
        if tick.kind == abi.NT_TICK_TRADE:
            return tick.price in prices and tick.size in sizes and tick.size > 0 and tick.aggressor in (0, 1, 2)
        if tick.kind == abi.NT_TICK_QUOTE:
            return tick.bid_price in prices and tick.ask_price in prices and tick.bid_size in sizes and tick.ask_size in sizes
        if tick.kind == abi.NT_TICK_LEVEL:
            return tick.price in prices and tick.size in sizes and tick.aggressor in (1, 2) and tick.trade_id >= market.book.update_id
        if tick.kind == abi.NT_TICK_SESSION:
            return tick.price in (1, 2, 3) and tick.size in range(DAYS_MAX + 1)
        return tick.kind == abi.NT_TICK_BOOK_CLEAR

    def take_tick(self, tick: Tick) -> None:
        """A tick that can be."""
        number, kind = tick.instrument, tick.kind
        if kind == abi.NT_TICK_END:
            self.ended = True
        elif kind == abi.NT_TICK_GAP:
            self.gap(tick)
        elif kind in (abi.NT_TICK_LEVEL, abi.NT_TICK_BOOK_CLEAR):
            self.book_tick(tick)
        elif kind != abi.NT_TICK_CLOCK:
            self.show(number)
            market = self.markets[number]
            if kind == abi.NT_TICK_TRADE:
                known = changed(tick, aggressor=market.trade(tick))
                self.venue.print_comes(known)
                self.marked(number)
            elif kind == abi.NT_TICK_QUOTE and not market.book.booked:
                market.quote(tick)
                self.venue.quote(number)
                if market.prints == 0:
                    self.marked(number)
            elif kind == abi.NT_TICK_SESSION:
                market.session = tick.price
                if tick.price == abi.NT_SESSION_OPEN:
                    for keeping in self.keepings:
                        keeping.new_day(tick.size)
                self.venue.session(number)

    def book_tick(self, tick: Tick) -> None:
        """Levels of one update id show together; a clear shows at once, and so does a level without an id."""
        book = self.markets[tick.instrument].book
        if tick.kind == abi.NT_TICK_BOOK_CLEAR or tick.trade_id != book.update_id:
            self.show(tick.instrument)
        book.begun, book.ts, book.pending = True, tick.ts_event, True
        if tick.kind == abi.NT_TICK_BOOK_CLEAR:
            book.clear()
        else:
            before = book.levels(tick.aggressor).get(tick.price, 0)
            if book.booked:
                self.venue.level(tick, before)
            book.update_id = tick.trade_id
            book.level(tick.aggressor, tick.price, tick.size)
        if tick.kind == abi.NT_TICK_BOOK_CLEAR or tick.trade_id == 0:
            self.show(tick.instrument)
        elif tick.instrument not in self.updating:
            self.updating.append(tick.instrument)

    def gap(self, tick: Tick) -> None:
        """Books may be wrong until a clear."""
        for number, market in enumerate(self.markets):
            if market.book.begun and tick.instrument in (number, abi.NT_NONE):
                market.book.whole, market.book.pending, market.book.ts = False, True, tick.ts_event
                self.show(number)

    def show(self, instrument: int) -> None:
        """An update of the book is whole."""
        market = self.markets[instrument]
        if not market.book.pending:
            return
        market.book.pending = False
        if market.book.booked:
            if market.show_book():
                self.marked(instrument)
            self.venue.quote(instrument)

    def marked(self, instrument: int) -> None:
        """Positions are worth something else: losses are looked at."""
        for keeping in self.keepings:
            if keeping.positions[instrument].quantity != 0:
                self.check_loss(keeping)
