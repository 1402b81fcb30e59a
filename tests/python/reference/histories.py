"""Random histories."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, is_dataclass, replace

from neural_trader._native import abi
from reference.inputs import Account, Instrument, Request, Terms, Tick, Venue
from reference.model import Model
from reference.orders import Order


@dataclass(frozen=True)
class Send:
    """A request of a client."""

    channel: int
    request: Request


@dataclass(frozen=True)
class State:
    """A command of the operator."""

    account: int | None
    state: int


@dataclass(frozen=True)
class Slice:
    """Ticks between which nobody has a turn. The last one is flagged. late: sent before the last of several, taken after it."""

    ticks: tuple[Tick, ...]
    late: Send | None = None


Step = Slice | Send | State


@dataclass(frozen=True)
class History:
    """A configuration and what happens."""

    venue: Venue
    instruments: tuple[Instrument, ...]
    accounts: tuple[Account, ...]
    terms: tuple[tuple[tuple[int, int], Terms], ...]
    steps: tuple[Step, ...]

    def text(self) -> str:
        """As source: what differs from the defaults."""
        lines = [short(self.venue), *map(short, self.instruments), *map(short, self.accounts)]
        lines += [f"{pair}: {short(terms)}" for pair, terms in self.terms]
        return "\n".join(lines + [f"  {short(step)}" for step in self.steps])


def short(value: object) -> str:
    """A record without the fields that have their default."""
    if isinstance(value, tuple):
        return f"({', '.join(map(short, value))},)"
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    given = [(field, getattr(value, field.name)) for field in fields(value)]
    shown = [f"{field.name}={short(item)}" for field, item in given if item != field.default]
    return f"{type(value).__name__}({', '.join(shown)})"


LIMITS = (
    *("duplicates", "fills", "self_trade", "max_open_orders", "max_orders_per_second", "max_daily_loss", "max_cancels_per_second"),
    *("max_order_age_ns", "allowed_order_types", "allowed_times_in_force", "max_gross_exposure", "max_open_notional", "max_daily_value"),
    *("restrictions", "max_order_quantity", "max_order_notional", "min_order_notional", "max_position", "price_collar_bps"),
    *("max_quote_age_ns", "initial_margin_bps"),
)
SUBTLE = 2 * ("self_trade", "duplicates", "fills", "max_gross_exposure", "max_open_notional", "max_daily_value", "initial_margin_bps")
"""What a history may limit; most limit little, so that orders get far."""


def apply(model: Model, step: Step) -> None:
    """One step of a history, with a clock of the client that is the kernel's."""
    if isinstance(step, Slice):
        ts = model.now
        for tick in step.ticks:
            model.tick(tick)
        if step.late is not None:
            model.request(step.late.channel, step.late.request, ts)
    elif isinstance(step, Send):
        model.request(step.channel, step.request, model.now)
    else:
        model.set_state(step.account, step.state)


class Generator:
    """Histories that meet: few prices, few ids, limits near their edges, times that coincide."""

    def __init__(self, seed: int, steps: int = 80) -> None:
        self.random = random.Random(seed)
        pick = self.random.choice
        self.steps = steps
        self.plain = self.random.random() < 0.3  # market and limit orders only
        self.wild = self.random.random() < 0.2  # nonsense among the inputs
        self.limits = {pick(LIMITS + SUBTLE) for _ in range(pick((0, 1, 1, 2, 3, 6)))}
        self.model = pick((abi.NT_FILL_PRINTS, abi.NT_FILL_QUEUE, abi.NT_FILL_PROBABILISTIC))
        self.feed = pick(
            ("prints", "quotes", "book") if self.model == abi.NT_FILL_PRINTS else ("quotes", "quotes", "book", "book", "prints")
        )
        if self.often(0.1):
            self.feed = "all"
        self.now = pick((0, 1_000, -5_000, 1_700_000_000_000_000_000))
        self.pace = pick((1, 50, 1_000, 200_000_000))
        heavy = self.often(0.15)  # products beyond 64 bits
        self.price_scale, self.size_scale = (2**30, 2**20) if heavy else (1, 1)
        self.below_zero = self.often(0.06)
        self.middle = 0 if self.below_zero else 1000 * self.price_scale
        self.shut: set[int] = set()
        self.update = 0

    def often(self, share: float) -> bool:
        """A coin."""
        return self.random.random() < share

    def limit(self, name: str, *values: int) -> int | None:
        """Off, or one of these."""
        return self.random.choice(values) if name in self.limits else None

    def history(self) -> History:
        """One."""
        pick = self.random.choice
        latencies = (0, 0, 1, self.pace, 3 * self.pace, abi.NT_RAW_MAX if self.wild else 0)
        venue = Venue(
            fill_model=self.model,
            latency_in_ns=pick(latencies),
            latency_out_ns=pick(latencies),
            slippage_ticks=pick((0, 0, 1, 3)),
            order_capacity=pick((2, 8, 32, 64, 64)),
            channels=pick((1, 1, 2, 3)),
            book_depth=pick((10, 1024)),
        )
        instruments = tuple(self.instrument() for _ in range(pick((1, 1, 2))))
        accounts = tuple(self.account() for _ in range(pick((1, 1, 2))))
        pairs = [(account, instrument) for account in range(len(accounts)) for instrument in range(len(instruments))]
        terms = tuple((pair, self.terms()) for pair in pairs if not self.often(0.01))
        self.instruments, self.accounts = instruments, accounts
        self.shut = {number for number, one in enumerate(instruments) if one.initial_session != abi.NT_SESSION_OPEN}
        self.ids, self.sent = [0] * venue.channels, [dict[int, Request]() for _ in range(venue.channels)]
        self.knows = Model(venue, list(instruments), list(accounts), dict(terms))
        steps = [step for number in range(len(instruments)) for step in self.opening(number)]
        for step in steps:
            apply(self.knows, step)
        for _ in range(self.random.randint(5, self.steps)):
            steps.append(self.step())
            apply(self.knows, steps[-1])
        if self.often(0.2):
            steps += [Slice((Tick(abi.NT_TICK_END, self.now),)), *(self.step() for _ in range(6))]
        return History(venue, instruments, accounts, terms, tuple(steps))

    # ---- configuration

    def instrument(self) -> Instrument:
        """Prices around 1000 raw."""
        pick = self.random.choice
        return Instrument(
            price_decimals=pick((0, 2, 8)),
            quantity_decimals=pick((0, 0, 3) if self.size_scale == 1 else (7, 15)),
            tick_size=pick((1, 5, 5, 7)) * self.price_scale,
            lot_size=pick((1, 1, 2)) * self.size_scale,
            minimum_quantity=pick((1, 1, 3)) * self.size_scale,
            maximum_price=pick((1_020, 100_000, 100_000)) * self.price_scale,
            allow_negative_price=int(self.below_zero or self.often(0.1)),
            initial_session=pick((abi.NT_SESSION_OPEN,) * 28 + (abi.NT_SESSION_CLOSED, abi.NT_SESSION_HALTED)),
        )

    def account(self) -> Account:
        """Limits near what a few orders of ten at a thousand reach."""
        windows, limit = (1, self.pace, 5 * self.pace), self.limit
        duplicates, fills = limit("duplicates", 1, 2, 3, 8), limit("fills", 1, 2, 5)
        return Account(
            cash=self.random.choice((0, 10_000, 1_000_000, 1_000_000, -5)),
            self_trade=limit("self_trade", 1, 2, 3) or 0,
            max_open_orders=limit("max_open_orders", 0, 1, 3, 6),
            max_orders_per_second=limit("max_orders_per_second", 1, 2, 5, 1_000_000_000),
            max_daily_loss=limit("max_daily_loss", 1, 20, 200, 5_000),
            max_cancels_per_second=limit("max_cancels_per_second", 1, 2),
            max_order_age_ns=limit("max_order_age_ns", 0, 10),
            allowed_order_types=limit("allowed_order_types", 6, 126, 94, 62),
            allowed_times_in_force=limit("allowed_times_in_force", 6, 62, 38),
            max_gross_exposure=limit("max_gross_exposure", 9_999, 20_000, 50_000),
            max_open_notional=limit("max_open_notional", 9_999, 20_000, 50_000),
            max_daily_value=limit("max_daily_value", 0, 9_999, 20_000, 100_000),
            max_duplicate_orders=duplicates,
            duplicate_window_ns=None if duplicates is None else self.random.choice(windows),
            max_fills=fills,
            fills_window_ns=None if fills is None else self.random.choice(windows),
        )

    def terms(self) -> Terms:
        """Odd fractions, so that money rounds."""
        pick, limit = self.random.choice, self.limit
        return Terms(
            restrictions=limit("restrictions", 0, 1, 2, 4, 4, 4) or 0,
            value_numerator=pick((1, 1, 3, 50)),
            value_denominator=0 if self.wild and self.often(0.1) else pick((1, 1, 7, 100) if self.size_scale == 1 else (2**50, 2**50 - 27)),
            fee_taker=pick((0, 3, 12, -2)),
            fee_maker=pick((0, 1, -5)),
            fee_taker_ppb=pick((0, 0, 450_000, 700_000_001)),
            fee_maker_ppb=pick((0, 0, -50_000, 200_000_000)),
            max_order_quantity=limit("max_order_quantity", *(lots * self.size_scale for lots in (5, 10, 12))),
            max_order_notional=limit("max_order_notional", 5_000, 9_999, 10_000),
            min_order_notional=limit("min_order_notional", 0, 3_000, 5_005),
            max_position=limit("max_position", *(lots * self.size_scale for lots in (0, 10, 12, 20))),
            price_collar_bps=limit("price_collar_bps", 0, 50, 100, 10_000),
            max_quote_age_ns=limit("max_quote_age_ns", 0, 1, self.pace, 3 * self.pace),
            initial_margin_bps=limit("initial_margin_bps", 1, 333, 1_000, 10_000),
        )

    # ---- steps

    def opening(self, number: int) -> list[Step]:
        """Most histories begin with a quote, where the feed has one."""
        if self.feed == "prints" or self.often(0.15):
            return []
        if self.feed == "quotes":
            return [Slice((replace(self.quote_tick(self.now, number, number), flags=abi.NT_TICK_LAST_OF_SLICE),))]
        ticks = [Tick(abi.NT_TICK_BOOK_CLEAR, self.now, number, 0)]
        for away in range(self.random.choice((1, 3, 12))):
            self.update += 1
            ticks += [self.level_tick(self.now, number, side, away, self.size()) for side in (1, 2)]
        return [Slice((*ticks[:-1], replace(ticks[-1], flags=abi.NT_TICK_LAST_OF_SLICE)))]

    def step(self) -> Step:
        """A slice of ticks, a request or a command."""
        kind, active = self.random.random(), abi.NT_STATE_ACTIVE
        if kind < 0.15 and any(keeping.state != active for keeping in self.knows.keepings):
            return State(None, active)
        if kind < 0.48:
            return self.slice()
        if kind < 0.985:
            return self.send()
        account = self.random.choice((None, 0, len(self.accounts) - 1))
        return State(account, self.random.choice((active, active, active, abi.NT_STATE_REDUCING, abi.NT_STATE_HALTED)))

    def price(self, instrument: int, far: int = 3) -> int:
        """Near the middle, on the tick."""
        step = self.instruments[instrument].tick_size
        middle = self.middle // step * step
        value = middle + step * self.random.randint(-far, far)
        return self.random.choice((value + 1, -value, 0, 10**7, 2**60)) if self.wild and self.often(0.03) else value

    def touch(self, instrument: int, side: int, share: float = 0.5) -> int:
        """Often the best price of a side, where queues are."""
        best = self.knows.markets[instrument].best(side)
        return best if best is not None and self.often(share) else self.price(instrument)

    def size(self) -> int:
        """Of prints."""
        return self.random.choice((1, 2, 3, 4, 5, 6, 10, 10, 12, 20)) * self.size_scale

    def shown(self) -> int:
        """Displayed at a price."""
        return self.random.choice((0, 3, 5, 10, 30)) * self.size_scale

    def quantity(self, number: int) -> int:
        """Of orders: seldom no whole lots."""
        lots = max(1, self.instruments[number].lot_size) if self.often(0.97) else 1
        return max(lots * (self.instruments[number].minimum_quantity if self.often(0.97) else 1), self.size() // lots * lots)

    def slice(self) -> Slice:
        """Ticks of one time."""
        if self.often(0.8):
            self.now += self.random.choice((0, 1, self.pace, self.pace, self.pace * 2))
        if self.often(0.2):
            self.middle += self.random.choice((-5, 5)) * self.price_scale
        ticks = [self.tick() for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        last = replace(ticks[-1], flags=abi.NT_TICK_LAST_OF_SLICE)
        late = len(ticks) > 1 and self.often(0.8 if "max_order_age_ns" in self.limits else 0.1)
        return Slice((*ticks[:-1], last), self.send() if late else None)

    def tick(self) -> Tick:
        """One, of the kinds of this feed."""
        number = self.random.randrange(len(self.instruments))
        kind = self.random.random()
        ts = self.now - 1 if self.wild and self.often(0.03) else self.now
        if self.wild and self.often(0.02):
            number = len(self.instruments)
        if kind < 0.02 or (number in self.shut and self.often(0.5)):
            return self.session_tick(ts, number)
        if kind < 0.035:
            return Tick(abi.NT_TICK_CLOCK, ts, number, 0)
        if kind < 0.045:
            return Tick(abi.NT_TICK_GAP, ts, self.random.choice((number, abi.NT_NONE)), 0)
        instrument = min(number, len(self.instruments) - 1)
        if self.feed == "prints" or kind < 0.5:
            aggressor = self.random.choice((0, 1, 2, 1, 2)) if not self.wild else self.random.choice((0, 1, 2, 3))
            price = self.touch(instrument, 3 - aggressor if aggressor in (1, 2) else 1)
            return Tick(abi.NT_TICK_TRADE, ts, number, 0, price=price, size=self.size(), aggressor=aggressor)
        if self.feed == "quotes" or (self.feed == "all" and self.often(0.5)):
            return self.quote_tick(ts, number, instrument)
        return self.book_tick(ts, number, instrument)

    def quote_tick(self, ts: int, number: int, instrument: int) -> Tick:
        """Crossed when wild."""
        bid = self.touch(instrument, 1)
        ask = bid + self.instruments[instrument].tick_size * self.random.choice((1, 1, 2, 3, 0, -1) if self.wild else (1, 1, 2, 3))
        sizes = {"bid_size": self.shown(), "ask_size": self.shown()}
        return Tick(abi.NT_TICK_QUOTE, ts, number, 0, bid_price=bid, ask_price=ask, **sizes)

    def session_tick(self, ts: int, number: int) -> Tick:
        """What is shut opens again."""
        opens = number in self.shut or self.often(0.4)
        state = abi.NT_SESSION_OPEN if opens else self.random.choice((abi.NT_SESSION_CLOSED, abi.NT_SESSION_HALTED))
        (self.shut.discard if opens else self.shut.add)(number)
        return Tick(abi.NT_TICK_SESSION, ts, number, 0, price=state, size=self.random.choice((0, 20_000, 20_000, 20_001, 20_002)))

    def book_tick(self, ts: int, number: int, instrument: int) -> Tick:
        """Clears now and then; bids below asks but for the middle moving."""
        if self.often(0.03):
            return Tick(abi.NT_TICK_BOOK_CLEAR, ts, number, 0)
        if self.often(0.6):
            self.update += 1
        return self.level_tick(ts, number, self.random.choice((1, 2)), self.random.choice((0, 0, 1, 2, 3, 13)), self.shown())

    def level_tick(self, ts: int, number: int, side: int, away: int, size: int) -> Tick:
        """So many ticks away from the middle."""
        step = self.instruments[min(number, len(self.instruments) - 1)].tick_size
        price = self.middle // step * step + (step * (1 + away) if side == 2 else -step * away)
        best = self.knows.markets[min(number, len(self.instruments) - 1)].best(side)
        if best is not None and self.often(0.4):
            price = best
        update = self.random.choice((self.update, self.update, self.update, 0)) if self.wild else self.update
        return Tick(abi.NT_TICK_LEVEL, ts, number, 0, price=price, size=size, trade_id=update, aggressor=side)

    # ---- requests

    def send(self) -> Send:
        """A new order, or something about one."""
        channel = self.random.randrange(len(self.ids))
        self.ids[channel] += self.random.choice((1, 1, 1, 2, 5))
        kind = self.random.random()
        if kind < 0.60 or not self.sent[channel] or (kind < 0.97 and not self.working(channel)):
            again = self.sent[channel] and self.often(0.2 if "duplicates" in self.limits else 0.05)
            request = self.new(channel)
            if again:
                request = replace(self.sent[channel][max(self.sent[channel])], client_order_id=self.ids[channel])
            self.sent[channel][request.client_order_id] = request
        elif kind < 0.82:
            request = self.replacement(channel)
        elif kind < 0.98:
            request = self.about(channel, abi.NT_MESSAGE_CANCEL)
        else:
            instrument = self.random.choice((abi.NT_NONE, 0, len(self.instruments) - 1))
            request = Request(self.ids[channel], abi.NT_MESSAGE_MASS_CANCEL, instrument, self.account_number())
        if self.wild and self.often(0.03):
            request = self.spoil(request)
        return Send(channel, request)

    def account_number(self) -> int:
        """Seldom one too many."""
        return self.random.randrange(len(self.accounts)) if not self.wild or self.often(0.97) else len(self.accounts)

    def spoil(self, request: Request) -> Request:
        """Something in it makes no sense."""
        values = {"side": 3, "type": 9, "time_in_force": 0, "message": 7, "flags": 64, "display_quantity": 3, "trailing_offset": 5}
        values |= {"list_id": 1, "contingency": 3, "price": 0, "quantity": 2**62, "expire_ts": 5, "trigger_price": 1000, "instrument": 9}
        name = self.random.choice(sorted(values))
        return replace(request, **{name: values[name]})

    def new(self, channel: int) -> Request:
        """A new order of any type."""
        pick, number = self.random.choice, self.random.randrange(len(self.instruments))
        kinds = (abi.NT_ORDER_MARKET, abi.NT_ORDER_LIMIT, abi.NT_ORDER_LIMIT)
        kind = pick(kinds) if self.plain or self.often(0.6) else self.random.randint(1, 6)
        limit, triggered = kind in (abi.NT_ORDER_LIMIT, abi.NT_ORDER_STOP_LIMIT), kind > abi.NT_ORDER_LIMIT
        force = pick((abi.NT_TIF_DAY, abi.NT_TIF_DAY, abi.NT_TIF_GTC, abi.NT_TIF_IOC, abi.NT_TIF_FOK, abi.NT_TIF_GTD))
        if triggered and force in (abi.NT_TIF_IOC, abi.NT_TIF_FOK):
            force = abi.NT_TIF_GTC
        side = pick((1, 2))
        request = Request(
            self.ids[channel],
            abi.NT_MESSAGE_NEW,
            number,
            self.account_number(),
            self.random.randrange(3),
            *(side, kind, force, self.touch(number, side) if limit else None, self.price(number) if triggered else None),
            quantity=self.quantity(number),
        )
        flags, extra = 0, {}
        if force == abi.NT_TIF_GTD and not self.often(0.05):
            flags, extra = abi.NT_ORDER_EXTENDED, {"expire_ts": self.now + pick((1, self.pace, 3 * self.pace, 0))}
        if kind == abi.NT_ORDER_TRAILING_STOP:
            step = self.instruments[number].tick_size
            flags, extra = abi.NT_ORDER_EXTENDED, {**extra, "trailing_offset": step * pick((1, 2, 3))}
            request = replace(request, trigger_price=pick((None, request.trigger_price)))
        if limit and not triggered and self.often(0.15):
            flags, extra = abi.NT_ORDER_EXTENDED, {**extra, "display_quantity": pick((2, 4, 6)) * self.size_scale}
        if kind == abi.NT_ORDER_LIMIT and force not in (abi.NT_TIF_IOC, abi.NT_TIF_FOK) and self.often(0.1):
            flags |= abi.NT_ORDER_POST_ONLY
        if self.often(0.07):
            flags |= abi.NT_ORDER_REDUCE_ONLY
        if self.sent[channel] and not self.plain and self.often(0.3):
            firsts = [order for order in self.working(channel) if order.contingency == 0]
            target, contingency = self.target(channel), pick((1, 2))
            if firsts and self.often(0.9):
                parent = pick(firsts)
                target, contingency = parent.client_order_id, parent.group[-1].contingency or contingency
            extra |= {"list_id": target, "contingency": contingency}
            flags |= abi.NT_ORDER_EXTENDED | (abi.NT_ORDER_REDUCE_ONLY if contingency == abi.NT_CONTINGENCY_BRACKET else 0)
            first = self.sent[channel].get(target)
            if first is not None:
                side = 3 - first.side if contingency == abi.NT_CONTINGENCY_BRACKET and self.often(0.8) else request.side
                request = replace(request, instrument=first.instrument, account=first.account, side=side)
        return replace(request, flags=flags, **extra)

    def target(self, channel: int) -> int:
        """An id, probably of an open order."""
        working = [order.client_order_id for order in self.working(channel)]
        known = working if working and self.often(0.85) else sorted(self.sent[channel])[-5:]
        return self.random.choice(known) + (100 if self.often(0.02) else 0)

    def working(self, channel: int) -> list[Order]:
        """Open orders of a client."""
        return [order for order in self.knows.orders if order.channel == channel]

    def about(self, channel: int, message: int) -> Request:
        """A request about an order."""
        target = self.target(channel)
        first = self.sent[channel].get(target, Request(0))
        known = {"instrument": first.instrument, "account": first.account, "strategy": first.strategy, "side": first.side}
        flags = abi.NT_ORDER_EXTENDED if not self.wild or self.often(0.97) else 0
        return Request(self.ids[channel], message, flags=flags, original_client_order_id=target, **known)

    def replacement(self, channel: int) -> Request:
        """Some of quantity, price and trigger."""
        request = self.about(channel, abi.NT_MESSAGE_REPLACE)
        first = self.sent[channel].get(request.original_client_order_id, Request(0))
        changes: dict[str, int] = {}
        if self.often(0.6):
            changes["quantity"] = self.quantity(first.instrument)
        if first.price is not None and self.often(0.6):
            changes["price"] = self.price(first.instrument)
        if (first.trigger_price is not None and self.often(0.5)) or self.often(0.02):
            changes["trigger_price"] = self.price(first.instrument)
        return replace(request, **changes)
