"""Market data of one instrument: the quote, the quote that prints imply, and the book."""

from __future__ import annotations

from dataclasses import dataclass, field

from neural_trader._native import abi
from reference.inputs import Instrument, Tick
from reference.orders import BUY, SELL


@dataclass
class Book:
    """Displayed levels, sizes by price; a side keeps its `depth` best ones."""

    depth: int
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    best_dropped: dict[int, int | None] = field(default_factory=lambda: {BUY: None, SELL: None})
    begun: bool = False
    whole: bool = False
    booked: bool = False  # it is the quote
    pending: bool = False  # an update has begun and does not show
    update_id: int = 0
    ts: int = 0

    def levels(self, side: int) -> dict[int, int]:
        """Of the bids or the asks."""
        return self.bids if side == BUY else self.asks

    def sorted(self, side: int) -> list[tuple[int, int]]:
        """Price and size, best first."""
        return sorted(self.levels(side).items(), reverse=side == BUY)

    def known(self, side: int, price: int) -> bool:
        """Whether nothing as good was dropped."""
        dropped = self.best_dropped[side]
        return dropped is None or (price > dropped if side == BUY else price < dropped)

    def ladder(self, side: int) -> list[tuple[int, int]]:
        """Levels that are known to be the best, best first."""
        return [(price, size) for price, size in self.sorted(side) if self.whole and self.known(side, price)]

    def size_at(self, side: int, price: int) -> int | None:
        """Displayed there; None: not known."""
        if not self.whole or not self.known(side, price):
            return None
        return self.levels(side).get(price, 0)

    def clear(self) -> None:
        """Empty, and whole."""
        self.bids, self.asks, self.best_dropped = {}, {}, {BUY: None, SELL: None}
        self.update_id, self.whole, self.booked, self.begun = 0, True, True, True

    def level(self, side: int, price: int, size: int) -> None:
        """All that is displayed there now."""
        levels = self.levels(side)
        if size > 0:
            levels[price] = size
        else:
            levels.pop(price, None)
        if len(levels) > self.depth:
            worst = self.sorted(side)[-1][0]
            del levels[worst]
            dropped = self.best_dropped[side]
            better = max if side == BUY else min
            self.best_dropped[side] = worst if dropped is None else better(dropped, worst)


@dataclass
class Market:
    """What checks and venue know of an instrument's market."""

    instrument: Instrument
    slippage: int
    book: Book
    bid: int | None = None
    ask: int | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    last: int | None = None
    mark: int | None = None
    quote_ts: int | None = None
    prints: int = 0
    implied: bool = False
    session: int = abi.NT_SESSION_OPEN

    def best(self, side: int) -> int | None:
        """Of the bids or the asks."""
        return self.bid if side == BUY else self.ask

    def size(self, side: int) -> int | None:
        """Displayed at the best price; None: the source does not say."""
        size = self.bid_size if side == BUY else self.ask_size
        return None if self.implied or size is None or size <= 0 else size

    @property
    def quoted(self) -> bool:
        """A quote of the feed, both sides."""
        return not self.implied and self.bid is not None and self.ask is not None

    @property
    def sound(self) -> bool:
        """A quote that checks may use."""
        bid, ask = self.bid, self.ask
        return bid is not None and ask is not None and bid <= ask and (bid > 0 or self.instrument.allow_negative_price == 1)

    def trade(self, tick: Tick) -> int:
        """Take a print; who was the aggressor, 0 where nobody knows."""
        aggressor = tick.aggressor
        if not self.book.booked and (self.quote_ts is None or self.implied):
            self.implied = True
            aggressor = self._imply(tick.price, aggressor)
            self.quote_ts = tick.ts_event
        elif aggressor == 0:
            if self.ask is not None and tick.price >= self.ask:
                aggressor = BUY
            elif self.bid is not None and tick.price <= self.bid:
                aggressor = SELL
        self.last = self.mark = tick.price
        self.prints += 1
        return aggressor

    def _imply(self, price: int, aggressor: int) -> int:
        """A band of one tick around the prints of a feed that has no quote (the tick rule)."""
        step = self.instrument.tick_size
        if aggressor == BUY or (aggressor == 0 and self.ask is None):
            self.bid, self.ask = price - step, price
            return aggressor
        if aggressor == SELL:
            self.bid, self.ask = price, price + step
            return aggressor
        assert self.bid is not None
        assert self.ask is not None
        if price > self.ask:
            self.bid, self.ask = price - step, price
        elif price < self.bid:
            self.bid, self.ask = price, price + step
        return BUY if price >= self.ask else SELL

    def quote(self, tick: Tick) -> None:
        """Take a quote of the feed."""
        self.implied = False
        self.bid, self.ask, self.bid_size, self.ask_size = tick.bid_price, tick.ask_price, tick.bid_size, tick.ask_size
        self.quote_ts = tick.ts_event
        self._mark_middle()

    def show_book(self) -> bool:
        """The book's best levels are the quote. Whether that moves the mark."""
        before = None if self.implied else (self.bid, self.ask, self.bid_size, self.ask_size)
        self.implied = False
        bids, asks = self.book.ladder(BUY), self.book.ladder(SELL)
        self.bid, self.bid_size = bids[0] if bids else (None, None)
        self.ask, self.ask_size = asks[0] if asks else (None, None)
        self.quote_ts = self.book.ts
        self._mark_middle()
        return self.prints == 0 and self.quoted and before != (self.bid, self.ask, self.bid_size, self.ask_size)

    def _mark_middle(self) -> None:
        if self.prints == 0 and self.bid is not None and self.ask is not None:
            self.mark = (self.bid + self.ask) // 2
