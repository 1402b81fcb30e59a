"""Performance figures worked out by hand: round trips, and what a run leaves undefined."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from support import TEST, config_of
from support_results import EURO, Scripted, Trade, random_events, random_orders, run, tape_of

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import AccountConfig
from neural_trader.equity import PairFills, pairs_of
from neural_trader.instruments import Fee, Instrument
from neural_trader.metrics import Metrics, RoundTrips, round_trips

CENT = Decimal("0.0001")  # the last decimal of accounts

# ---- round trips by hand -------------------------------------------------------------------------------------------------------------


def pair_of(rows: list[tuple[int, int, int, int]], instrument: Instrument = TEST) -> PairFills:
    """Fills of one account: (order, signed quantity, raw price, raw fee)."""
    reports: Any = np.zeros(len(rows), abi.NT_REPORT)
    for at, (report, (order, signed, price, fee)) in enumerate(zip(reports, rows, strict=True)):
        report["exec_type"], report["client_order_id"] = abi.NT_EXEC_TRADE, order
        report["ts_event"] = report["ts_recv"] = at
        report["side"] = abi.NT_SIDE_BUY if signed > 0 else abi.NT_SIDE_SELL
        report["last_quantity"], report["last_price"], report["fee"] = abs(signed), price, fee
    (pair,) = pairs_of(config_of("trips", instruments={"TEST": instrument}), {"TEST": instrument}, reports)
    return pair


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # A raw price is a cent, a contract is worth 50 a point: 0.5 a cent. Fees are in hundredths of a cent.
        ([(1, 2, 100_000, 0), (2, -2, 100_100, 0)], (1, 1, 0, "100", "0", 1.0, None)),
        ([(1, 2, 100_000, 10_000), (2, -2, 100_100, 10_000)], (1, 1, 0, "98", "0", 1.0, None)),
        # One order that closes in two fills is one trip; two orders are two.
        ([(1, 2, 100_000, 0), (2, -1, 100_100, 0), (2, -1, 99_900, 0)], (1, 0, 0, "0", "0", 0.0, None)),
        ([(1, 2, 100_000, 0), (2, -1, 100_100, 0), (3, -1, 99_900, 0)], (2, 1, 1, "50", "50", 0.5, 1.0)),
        # A flip closes what there was and opens the rest: the fee of 3 is a third for the close.
        ([(1, 1, 100_000, 0), (2, -3, 100_200, 30_000), (3, 2, 100_300, 0)], (2, 1, 1, "99", "102", 0.5, 99 / 102)),
        # Average cost of a short: (1000 + 1002) / 2 = 1001.
        ([(1, -1, 100_000, 0), (2, -1, 100_200, 0), (3, 1, 100_000, 0), (4, 1, 100_300, 0)], (2, 1, 1, "50", "100", 0.5, 0.5)),
        ([(1, 3, 100_000, 0)], (0, 0, 0, "0", "0", None, None)),
    ],
)
def test_round_trips_by_hand(rows: list[tuple[int, int, int, int]], expected: tuple[Any, ...]) -> None:
    found = round_trips([pair_of(rows)])
    count, wins, losses, profit, loss, hit_rate, factor = expected
    assert found == RoundTrips(count, wins, losses, Decimal(profit), Decimal(loss), hit_rate, pytest.approx(factor))


def test_a_position_that_is_never_flat_keeps_its_sum() -> None:
    """Shares of costs that do not come out even: what is closed and what is left are all of the profit."""
    generator = np.random.default_rng(4)
    rows = [(number, int(generator.choice([-3, -2, 5, 7])), int(generator.integers(99_000, 101_000)), 7) for number in range(1, 400)]
    held = sum(row[1] for row in rows)
    rows.append((400, -held, 100_000, 7))
    found = round_trips([pair_of(rows)])
    total = sum((Decimal(-signed * price) / 2 for _, signed, price, _ in rows), Decimal(0)) - len(rows) * 7 * CENT
    assert abs(found.profit - found.loss - total) <= CENT


# ---- what is not defined -------------------------------------------------------------------------------------------------------------


def none_paths(value: Any, path: str = "") -> set[str]:
    """Where a dictionary of figures has None; NaN and infinities are no figures."""
    if isinstance(value, dict):
        return {found for key, part in value.items() for found in none_paths(part, f"{path}.{key}" if path else str(key))}
    if isinstance(value, (tuple, list)):
        return {found for number, part in enumerate(value) for found in none_paths(part, f"{path}[{number}]")}
    if isinstance(value, float):
        assert math.isfinite(value), path
    return {path} if value is None else set()


def reasons_cover(metrics: Metrics) -> None:
    """Each None has its reason, and each reason its None."""
    summary = metrics.summary
    reasons = summary.pop("reasons")
    assert all(reasons.values())
    missing = none_paths(summary)
    names = set()
    for path in missing:
        name = path.removeprefix("by_currency.").replace("pnl.", "").replace("round_trips.", "")
        if name.startswith("exposure."):
            name = "exposure"
        if name in {"drawdown.high_ns", "drawdown.low_ns"}:  # nothing fell, or no tape says when
            continue
        if ".markouts[" in name:
            currency, _, rest = name.partition(".markouts[")
            name = f"{currency}.markout_{(1, 10, 60)[int(rest[0])]}s"
        names.add(name)
    assert names == {name for name in reasons if not name.endswith(".markouts")}


def test_a_run_without_fills_says_why() -> None:
    result = run(tape_of([Trade(number, 1000) for number in range(5)]), nt.Strategy())
    metrics = result.metrics
    reasons_cover(metrics)
    row = metrics.by_currency["USD"]
    assert (row.pnl.slippage, row.round_trips.hit_rate, row.round_trips.profit_factor, row.hold) == (None, None, None, None)
    assert (row.turnover, row.turnover_ratio, row.markouts) == (0, 0.0, ())
    assert metrics.reasons["USD.slippage"] == "nothing was filled"
    assert metrics.reasons["USD.hit_rate"] == "no position was closed"
    assert metrics.exposure.time_in_market == 0
    assert metrics.exposure.mean_absolute_notional == 0
    assert (metrics.drawdown.money, metrics.drawdown.duration_ns, metrics.drawdown.recovered) == (0, 0, True)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("count", [3, 12, 60])
def test_every_figure_that_is_missing_has_a_reason(seed: int, count: int) -> None:
    orders = random_orders(seed, 300)[:count]
    reasons_cover(run(tape_of(random_events(seed, quotes=True)), Scripted(orders=orders)).metrics)


def test_the_end_of_the_tape_is_too_near() -> None:
    events = [Trade(number / 2, 1000 + number / 4) for number in range(6)]
    result = run(tape_of(events), Scripted(orders=[(1, "TEST", 1, "main")]))
    reasons_cover(result.metrics)
    one, ten, minute = result.metrics.by_currency["USD"].markouts
    assert (one.fills, one.missing) == (1, 0)
    assert one.money == 50 * Decimal("0.5")
    for late in (ten, minute):
        assert (late.fills, late.missing, late.money, late.bps) == (0, 1, None, None)
    assert "end of the tape" in result.metrics.reasons["USD.markout_10s"]


def test_no_loss_has_no_profit_factor() -> None:
    free = Instrument(
        tick_size=TEST.tick_size,
        multiplier=50,
        currency="USD",
        max_price=10_000,
        fee_taker=Fee(per_contract=0),
        fee_maker=Fee(per_contract=0),
    )
    events = [Trade(number, 1000 + number, aggressor="BUY" if number < 6 else "SELL") for number in range(12)]
    instruments = {"TEST": free, "EURO": EURO}
    script = Scripted(orders=[(1, "TEST", 1, "main"), (8, "TEST", -1, "main")])
    result = run(tape_of(events, instruments), script, instruments=instruments)
    trips = result.metrics.by_currency["USD"].round_trips
    assert (trips.count, trips.hit_rate, trips.profit_factor, trips.loss) == (1, 1.0, None, 0)
    assert result.metrics.reasons["USD.profit_factor"] == "no round trip lost money"
    reasons_cover(result.metrics)


def test_accounts_without_cash_have_no_ratios() -> None:
    accounts = {"main": AccountConfig(currency="USD", cash=0)}
    events = [Trade(number, 1000 - number) for number in range(10)]
    result = run(tape_of(events), Scripted(orders=[(1, "TEST", 1, "main")]), accounts=accounts)
    metrics = result.metrics
    assert metrics.by_currency["USD"].turnover_ratio is None
    assert "without cash" in metrics.reasons["USD.turnover_ratio"]
    assert (metrics.drawdown.ratio, result.summary["drawdown"]["ratio"]) == (None, None)
    assert "never above zero" in metrics.reasons["drawdown.ratio"]
    assert "no ratio" in str(result)
    reasons_cover(metrics)
