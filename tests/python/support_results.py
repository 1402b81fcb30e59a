"""Runs for the tests of results: tapes made tick by tick, of several instruments, days and currencies, and scripted strategies."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from support import TEST, config_of

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import AccountConfig, Config, VenueConfig
from neural_trader.instruments import Fee, Instrument
from neural_trader.kernel import Kernel
from neural_trader.result import Result
from neural_trader.sources import Source
from neural_trader.sources.sessions import SessionEvent
from neural_trader.sources.source import Tape

NS = 1_000_000_000
DAY_NS = 86_400 * NS
FIRST_DAY = 19_786  # 4 March 2024
EURO = Instrument(
    tick_size=Decimal("0.05"),
    multiplier=Decimal("2.5"),
    currency="EUR",
    max_price=10_000,
    fee_taker=Fee(per_contract=Decimal("0.75")),
    fee_maker=Fee(per_contract=Decimal("-0.10")),
)
INSTRUMENTS = {"TEST": TEST, "EURO": EURO}
ACCOUNTS = {
    "main": AccountConfig(currency="USD", cash=100_000),
    "second": AccountConfig(currency="USD", cash=50_000),
    "euro": AccountConfig(currency="EUR", cash=20_000),
}


@dataclasses.dataclass(frozen=True)
class Trade:
    """A print: seconds from the start of the tape, price."""

    at_s: float
    price: float
    symbol: str = "TEST"
    size: int = 1000
    aggressor: str = "BUY"


@dataclasses.dataclass(frozen=True)
class Quote:
    """A quote: seconds from the start of the tape, both prices."""

    at_s: float
    bid: float
    ask: float
    symbol: str = "TEST"
    size: int = 1000


def tape_of(
    events: Sequence[Trade | Quote], instruments: Mapping[str, Instrument] = INSTRUMENTS, assumptions: tuple[str, ...] = ("made by hand",)
) -> Source:
    """A tape from midnight, 4 March 2024 UTC. Each day that has events begins with a session that opens."""
    tape = Tape(len(events) * 2 + 64)
    symbols = list(instruments)
    begun = -1
    for event in sorted(events, key=lambda event: event.at_s):
        ts = FIRST_DAY * DAY_NS + round(event.at_s * NS)
        day = ts // DAY_NS
        if day != begun:
            for number in range(len(symbols)):
                tape.session(SessionEvent(day * DAY_NS, abi.NT_SESSION_OPEN, day), number)
            begun = day
        instrument = instruments[event.symbol]
        price, size = instrument.price_converter().raw, instrument.quantity_converter().raw(event.size)
        tick = tape.room(1)
        tick["ts_event"] = tick["ts_recv"] = ts
        tick["instrument"] = symbols.index(event.symbol)
        if isinstance(event, Trade):
            tick["kind"], tick["price"], tick["size"] = abi.NT_TICK_TRADE, price(event.price), size
            tick["aggressor"] = abi.Side[event.aggressor]
        else:
            tick["kind"], tick["bid_price"], tick["ask_price"] = abi.NT_TICK_QUOTE, price(event.bid), price(event.ask)
            tick["bid_size"] = tick["ask_size"] = size
    ticks = tape.finish()
    rows = sum(isinstance(event, Trade) for event in events)
    digest = hashlib.sha256(ticks.tobytes()).hexdigest()
    named = {symbol: msgspec.structs.replace(row, symbol=symbol) for symbol, row in instruments.items()}
    return Source("made", symbols[0], named, ticks, max(rows, 1), assumptions, digest)


class Scripted(nt.Strategy):
    """Sends market orders at given slices, counted from 1: (slice, symbol, signed quantity, account)."""

    orders: list[tuple[int, str, int, str]]

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        for at, symbol, quantity, account in self.orders:
            if at == self.slices:
                client.submit(symbol, "BUY" if quantity > 0 else "SELL", abs(quantity), account=account)


def run(
    source: Source,
    strategy: nt.Strategy,
    *,
    instruments: Mapping[str, Instrument] = INSTRUMENTS,
    accounts: Mapping[str, AccountConfig] = ACCOUNTS,
    venue: VenueConfig | None = None,
    **changes: Any,
) -> Result:
    """A run over a made tape, without latency and slippage unless said."""
    chosen = venue if venue is not None else VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=0)
    config: Config = config_of("results", instruments=dict(instruments), accounts=dict(accounts), venue=chosen, **changes)
    with Kernel(config, private=True) as kernel:
        return kernel.run(source, strategy)


def random_events(seed: int, count: int = 400, *, quotes: bool = False, symbols: Sequence[str] = ("TEST", "EURO")) -> list[Trade | Quote]:
    """Prints, and quotes around them, of instruments that walk by ticks a second or so apart."""
    generator = np.random.default_rng(seed)
    prices = dict.fromkeys(symbols, 1000.0)
    events: list[Trade | Quote] = []
    at = 0.0
    for _ in range(count):
        at += float(generator.integers(0, 2500)) / 1000
        symbol = str(generator.choice(list(symbols)))
        step = float(INSTRUMENTS[symbol].tick_size)
        prices[symbol] = round(prices[symbol] + int(generator.integers(-2, 3)) * step, 2)
        price = prices[symbol]
        if quotes and generator.random() < 0.5:
            events.append(Quote(at, round(price - step, 2), round(price + step, 2), symbol))
        else:
            events.append(Trade(at, price, symbol, aggressor="BUY" if generator.random() < 0.5 else "SELL"))
    return events


def random_orders(seed: int, slices: int, count: int = 60) -> list[tuple[int, str, int, str]]:
    """Market orders on both instruments from the accounts of their currency."""
    generator = np.random.default_rng(seed + 1000)
    rows = []
    for at in sorted(generator.integers(1, slices, count).tolist()):
        quantity = int(generator.integers(1, 6)) * (1 if generator.random() < 0.5 else -1)
        account = str(generator.choice(["main", "second", "euro"]))
        rows.append((at, "EURO" if account == "euro" else "TEST", quantity, account))
    return rows
