"""nautilus_trader's RiskEngine alone: an accepted limit order through all its checks, with an execution engine that only counts.

`peer_nautilus_risk.py ORDERS RUNS`. The nearest peer to a validation path; it prints one JSON object with the quantiles of each run.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from importlib.metadata import version
from typing import Any

from nautilus_trader.common.component import MessageBus, TestClock
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.config import RiskEngineConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import OrderSide
from nautilus_trader.model.identifiers import AccountId, StrategyId, TraderId, Venue
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.risk.engine import RiskEngine
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.test_kit.stubs.component import TestComponentStubs
from nautilus_trader.test_kit.stubs.execution import TestExecStubs


def run(orders: int) -> list[int]:
    """Nanoseconds of each order, sorted."""
    instrument = TestInstrumentProvider.default_fx_ccy("AUD/USD", venue=Venue("SIM"))
    trader, strategy, clock = TraderId("BENCH-001"), StrategyId("S-001"), TestClock()
    bus = MessageBus(trader_id=trader, clock=clock)
    cache = TestComponentStubs.cache()
    portfolio = Portfolio(msgbus=bus, cache=cache, clock=clock)
    config = RiskEngineConfig(max_order_submit_rate="10000000/00:00:01", max_notional_per_order={str(instrument.id): 100_000})
    risk = RiskEngine(portfolio=portfolio, msgbus=bus, cache=cache, clock=clock, config=config)
    passed = 0

    def accept(command: Any) -> None:
        nonlocal passed
        passed += 1

    for endpoint in ("ExecEngine.execute", "ExecEngine.queue_execute", "ExecEngine.process"):
        bus.register(endpoint=endpoint, handler=accept)
    cache.add_instrument(instrument)
    cache.add_account(TestExecStubs.cash_account(AccountId("SIM-001")))
    size = Quantity(1_000_000, 0)
    cache.add_quote_tick(QuoteTick(instrument.id, Price(0.75, 5), Price(0.75002, 5), size, size, 0, 0))
    factory = OrderFactory(trader, strategy, clock)
    commands = []
    for _ in range(orders):
        order = factory.limit(instrument.id, OrderSide.BUY, Quantity(2000, 0), Price(0.74, 5))
        cache.add_order(order, None)
        commands.append(SubmitOrder(trader, strategy, order, UUID4(), 0, None, None))
    execute, now = risk.execute, time.perf_counter_ns
    times = [0] * orders
    gc.collect()
    gc.disable()
    for number, command in enumerate(commands):
        begin = now()
        execute(command)
        times[number] = now() - begin
    gc.enable()
    if passed != orders:
        raise RuntimeError(f"{passed} of {orders} orders passed")
    return sorted(times)


def main(orders: int, runs: int) -> None:
    """Measure and print."""
    series = [run(orders) for _ in range(runs)]
    p50 = [times[orders // 2] for times in series]
    print(json.dumps({"version": version("nautilus_trader"), "p50_ns": p50, "p99_ns": [times[orders * 99 // 100] for times in series]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
