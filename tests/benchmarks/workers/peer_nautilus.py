"""nautilus_trader: an event-driven engine with its RiskEngine on, one Python callback a trade, market orders against the trades."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import peer_common

_begin = time.perf_counter()
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig  # noqa: E402
from nautilus_trader.config import LoggingConfig, StrategyConfig  # noqa: E402
from nautilus_trader.model.currencies import USD  # noqa: E402
from nautilus_trader.model.data import TradeTick  # noqa: E402
from nautilus_trader.model.enums import AccountType, AggressorSide, AssetClass, OmsType, OrderSide  # noqa: E402
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue  # noqa: E402
from nautilus_trader.model.instruments import FuturesContract  # noqa: E402
from nautilus_trader.model.objects import Money, Price, Quantity  # noqa: E402
from nautilus_trader.trading.strategy import Strategy  # noqa: E402

IMPORT_S = time.perf_counter() - _begin
VENUE = Venue("SIM")
YEAR_NS = 366 * 86_400 * 1_000_000_000


def contract(first_ts: int) -> FuturesContract:
    """The E-mini contract of the tape."""
    return FuturesContract(
        instrument_id=InstrumentId(Symbol("ES"), VENUE),
        raw_symbol=Symbol("ES"),
        asset_class=AssetClass.INDEX,
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.25"),
        multiplier=Quantity.from_int(50),
        lot_size=Quantity.from_int(1),
        underlying="ES",
        activation_ns=first_ts - YEAR_NS,
        expiration_ns=first_ts + YEAR_NS,
        ts_event=first_ts,
        ts_init=first_ts,
    )


class Count(Strategy):
    """Sees every trade."""

    def __init__(self, instrument: FuturesContract) -> None:
        super().__init__(StrategyConfig())
        self.instrument = instrument
        self.seen = 0
        self.orders = 0
        self.fills = 0

    def on_start(self) -> None:
        self.subscribe_trade_ticks(self.instrument.id)

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.seen += 1


class Flow(Count):
    """The README's rule."""

    def __init__(self, instrument: FuturesContract) -> None:
        super().__init__(instrument)
        self.flow_of = peer_common.flow_of()
        self.held = 0

    def on_trade_tick(self, tick: TradeTick) -> None:
        self.seen += 1
        flow = self.flow_of(float(tick.size), tick.aggressor_side == AggressorSide.BUYER)
        if abs(flow) > peer_common.ENTER and self.held * flow <= 0:
            quantity = 1 + abs(self.held)
            self.orders += 1
            side = OrderSide.BUY if flow > 0 else OrderSide.SELL
            self.held += quantity if flow > 0 else -quantity
            self.submit_order(self.order_factory.market(self.instrument.id, side, Quantity.from_int(quantity)))

    def on_order_filled(self, event: Any) -> None:
        self.fills += 1


def prepare(columns: dict[str, Any], with_orders: bool) -> Callable[[], dict[str, int]]:
    """One run. Making the ticks, adding them and setting up the engine are not part of the time."""
    instrument = contract(int(columns["ts"][0]))
    rows = zip(columns["ts"].tolist(), columns["price"].tolist(), columns["size"].tolist(), columns["buy"].tolist(), strict=True)
    ticks = [
        TradeTick(
            instrument.id,
            Price(price, 2),
            Quantity(size, 0),
            AggressorSide.BUYER if buy else AggressorSide.SELLER,
            TradeId(str(number)),
            ts,
            ts,
        )
        for number, (ts, price, size, buy) in enumerate(rows)
    ]
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(1_000_000, USD)], base_currency=USD)
    engine.add_instrument(instrument)
    strategy = (Flow if with_orders else Count)(instrument)
    engine.add_strategy(strategy)
    engine.add_data(ticks)

    def timed() -> dict[str, int]:
        engine.run()
        found = {"seen": strategy.seen, "orders": strategy.orders, "fills": strategy.fills}
        engine.dispose()
        return found

    return timed


if __name__ == "__main__":
    peer_common.main(version("nautilus_trader"), IMPORT_S, prepare)
