"""lrvx: a C++ core with one Python callback a trade; orders go to its simulated executor."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import peer_common

_begin = time.perf_counter()
import lrvx  # noqa: E402

IMPORT_S = time.perf_counter() - _begin


def prepare(columns: dict[str, Any], with_orders: bool) -> Callable[[], dict[str, int]]:
    """One run."""
    registry = lrvx.SymbolRegistry()
    symbol = int(registry.add_symbol("x", "ES", tick_size=0.25))
    flow_of = peer_common.flow_of()
    seen = 0
    held = 0.0
    orders = 0

    class Count(lrvx.Strategy):
        def on_trade(self, ctx: Any, trade: Any) -> None:
            nonlocal seen
            seen += 1

    class Flow(lrvx.Strategy):
        def on_trade(self, ctx: Any, trade: Any) -> None:
            nonlocal seen, held, orders
            seen += 1
            flow = flow_of(trade.quantity, trade.is_buy)
            if abs(flow) > peer_common.ENTER and held * flow <= 0:
                quantity = 1 + abs(held)
                orders += 1
                if flow > 0:
                    self.emit_market_buy(symbol, quantity)
                    held += quantity
                else:
                    self.emit_market_sell(symbol, quantity)
                    held -= quantity

    executor = lrvx.SimulatedExecutor()

    def on_signal(signal: Any) -> None:
        executor.submit_order(signal.order_id, signal.side, 0.0, signal.quantity, "market", symbol)

    runner = lrvx.Runner(registry, on_signal)
    runner.add_strategy((Flow if with_orders else Count)([symbol]))
    runner.start()
    rows = list(zip(columns["price"].tolist(), columns["size"].tolist(), columns["buy"].tolist(), columns["ts"].tolist(), strict=True))

    def timed() -> dict[str, int]:
        on_trade, venue = runner.on_trade, executor.on_trade
        for price, size, buy, ts in rows:
            if with_orders:
                venue(symbol, price, buy)
            on_trade(symbol, price, size, buy, ts)
        runner.stop()
        return {"seen": seen, "orders": orders, "fills": executor.fill_count}

    return timed


if __name__ == "__main__":
    peer_common.main(version("lrvx"), IMPORT_S, prepare)
