"""hftbacktest: a backtest loop compiled by numba. Trades only, as the file has no book: orders are limit orders at the last price, one
tick towards the other side, filled by the trades. The compilation before the first run is not part of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
import peer_common

_begin = time.perf_counter()
from hftbacktest import GTC, LIMIT, BacktestAsset, HashMapMarketDepthBacktest  # noqa: E402
from hftbacktest.types import BUY_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT, TRADE_EVENT, event_dtype  # noqa: E402
from numba import njit  # noqa: E402

IMPORT_S = time.perf_counter() - _begin
TICK = 0.25
HOUR_NS = 3_600_000_000_000
ENDED = 1  # what wait_next_feed answers after the last event


@njit
def count(backtest):  # type: ignore[no-untyped-def]
    seen = 0
    while backtest.wait_next_feed(False, HOUR_NS) != ENDED:
        seen += len(backtest.last_trades(0))
        backtest.clear_last_trades(0)
    return seen + len(backtest.last_trades(0))


@njit
def follow(backtest, enter, weight, tick):  # type: ignore[no-untyped-def]
    seen = 0
    orders = 0
    held = 0.0
    signed = 0.0
    total = 0.0
    while backtest.wait_next_feed(False, HOUR_NS) != ENDED:
        found = backtest.last_trades(0)
        if len(found) == 0:
            continue
        price = 0.0
        for i in range(len(found)):
            size = found[i].qty
            price = found[i].px
            value = size if found[i].ev & BUY_EVENT == BUY_EVENT else -size
            if seen == 0:
                signed = value
                total = size
            else:
                signed += weight * (value - signed)
                total += weight * (size - total)
            seen += 1
        backtest.clear_last_trades(0)
        flow = signed / total
        if abs(flow) > enter and held * flow <= 0.0:
            quantity = 1.0 + abs(held)
            orders += 1
            if flow > 0.0:
                backtest.submit_buy_order(0, orders, price + tick, quantity, GTC, LIMIT, False)
                held += quantity
            else:
                backtest.submit_sell_order(0, orders, price - tick, quantity, GTC, LIMIT, False)
                held -= quantity
            backtest.clear_inactive_orders(0)
    return seen + len(backtest.last_trades(0)), orders


def events(columns: dict[str, Any]) -> Any:
    """The feed in hftbacktest's own layout."""
    feed = np.zeros(len(columns["ts"]), event_dtype)
    feed["exch_ts"] = feed["local_ts"] = columns["ts"]
    feed["px"] = columns["price"]
    feed["qty"] = columns["size"]
    feed["ev"] = np.where(columns["buy"], BUY_EVENT, SELL_EVENT) | TRADE_EVENT | EXCH_EVENT | LOCAL_EVENT
    return feed


def prepare(columns: dict[str, Any], with_orders: bool) -> Callable[[], dict[str, int]]:
    """One run; the first call compiles."""
    feed = events(columns)

    def backtest(rows: Any) -> tuple[Any, Any]:
        asset = BacktestAsset().data(rows).linear_asset(50.0).constant_order_latency(250_000, 250_000).risk_adverse_queue_model()
        asset = asset.no_partial_fill_exchange().trading_qty_fee_model(2.10, 2.10).tick_size(TICK).lot_size(1.0)
        asset = asset.last_trades_capacity(100_000)
        return HashMapMarketDepthBacktest([asset]), asset  # which borrows the rows

    def run(on: Any) -> tuple[int, int]:
        if with_orders:
            return follow(on, peer_common.ENTER, peer_common.WEIGHT, TICK)  # type: ignore[no-any-return]
        return count(on), 0

    few = feed[:1000].copy()
    warm, _asset = backtest(few)
    run(warm)
    int(warm.state_values(0).num_trades)
    warm.close()
    on, asset = backtest(feed)
    borrowed = [asset, feed]

    def timed() -> dict[str, int]:
        seen, orders = run(on)
        fills = int(on.state_values(0).num_trades)
        on.close()
        borrowed.clear()
        return {"seen": seen, "orders": orders, "fills": fills}

    return timed


if __name__ == "__main__":
    peer_common.main(version("hftbacktest"), IMPORT_S, prepare)
