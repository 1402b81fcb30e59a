"""nautilus_trader on a day of quotes and trades with the README's rule: `peer_nautilus_day.py TICKS PRICE_SCALE RUNS`.

TICKS are the kernel's ticks of the day in its own layout: the peer gets the same quotes and trades in the same order, with the aggressor
from the quote where the tape does not say. The rule decides at each quote and each trade. Making its tick objects, adding them and setting
up the engine are not part of the time.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import peer_common

_begin = time.perf_counter()
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # noqa: E402
from nautilus_trader.config import LoggingConfig, StrategyConfig  # noqa: E402
from nautilus_trader.model.currencies import USD  # noqa: E402
from nautilus_trader.model.data import QuoteTick, TradeTick  # noqa: E402
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide  # noqa: E402
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue  # noqa: E402
from nautilus_trader.model.instruments import Equity  # noqa: E402
from nautilus_trader.model.objects import Money, Price, Quantity  # noqa: E402
from nautilus_trader.trading.strategy import Strategy  # noqa: E402

IMPORT_S = time.perf_counter() - _begin
VENUE = Venue("SIM")
QUOTE, TRADE = 1, 2
FIELDS = ("ts", "a", "b", "c", "d", "kind")
LAYOUT = {"names": FIELDS, "formats": ["<i8"] * 5 + ["u1"], "offsets": [8, 24, 32, 40, 48, 60], "itemsize": 64}


class Flow(Strategy):
    """The README's rule."""

    def __init__(self, instrument: Equity) -> None:
        super().__init__(StrategyConfig())
        self.instrument = instrument
        self.flow_of = peer_common.flow_of()
        self.flow = 0.0
        self.held = 0
        self.seen = 0
        self.orders = 0
        self.fills = 0

    def on_start(self) -> None:
        self.subscribe_quote_ticks(self.instrument.id)
        self.subscribe_trade_ticks(self.instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        self.decide()

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.flow = self.flow_of(float(tick.size), tick.aggressor_side == AggressorSide.BUYER)
        self.decide()

    def decide(self) -> None:
        self.seen += 1
        if abs(self.flow) > peer_common.ENTER and self.held * self.flow <= 0:
            quantity = 1 + abs(self.held)
            self.orders += 1
            side = OrderSide.BUY if self.flow > 0 else OrderSide.SELL
            self.held += quantity if self.flow > 0 else -quantity
            self.submit_order(self.order_factory.market(self.instrument.id, side, Quantity.from_int(quantity)))

    def on_order_filled(self, event: Any) -> None:
        self.fills += 1


def objects(path: Path, scale: float, instrument: Equity) -> list[Any]:
    """The feed in nautilus_trader's own types."""
    ticks = np.fromfile(path, np.dtype(LAYOUT))  # type: ignore[call-overload]
    found: list[Any] = []
    middle, buy = 0.0, True
    for number, (ts, a, b, c, d, kind) in enumerate(ticks[list(FIELDS)].tolist()):
        if kind == QUOTE:
            middle = (a + b) / 2
            sizes = Quantity(c, 0), Quantity(d, 0)
            found.append(QuoteTick(instrument.id, Price(a / scale, 2), Price(b / scale, 2), *sizes, ts, ts))
        elif kind == TRADE:
            if d != 0:
                buy = d == 1
            elif a != middle:
                buy = a > middle
            side = AggressorSide.BUYER if buy else AggressorSide.SELLER
            found.append(TradeTick(instrument.id, Price(a / scale, 2), Quantity(b, 0), side, TradeId(str(number)), ts, ts))
    return found


def prepare(ticks: list[Any], instrument: Equity) -> Callable[[], dict[str, int]]:
    """One run."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD)
    engine.add_instrument(instrument)
    strategy = Flow(instrument)
    engine.add_strategy(strategy)
    engine.add_data(ticks)

    def timed() -> dict[str, int]:
        engine.run()
        found = {"seen": strategy.seen, "orders": strategy.orders, "fills": strategy.fills}
        engine.dispose()
        return found

    return timed


def main(path: Path, scale: float, runs: int) -> None:
    """Measure and print."""
    instrument = Equity(
        instrument_id=InstrumentId(Symbol("IBM"), VENUE),
        raw_symbol=Symbol("IBM"),
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.01"),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )
    begin = time.perf_counter()
    ticks = objects(path, scale, instrument)
    objects_ms = (time.perf_counter() - begin) * 1e3
    run_ms = []
    counts: dict[str, int] = {}
    for _ in range(runs):
        timed = prepare(ticks, instrument)
        gc.collect()
        begin = time.perf_counter()
        counts = timed()
        run_ms.append((time.perf_counter() - begin) * 1e3)
    found = {"version": version("nautilus_trader"), "run_ms": run_ms, "ticks": len(ticks), "objects_ms": objects_ms, **counts}
    print(json.dumps({**found, "import_s": IMPORT_S, "vm_hwm_mb": peer_common.vm_hwm_mb()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
