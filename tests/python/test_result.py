"""Results: money that anybody can recompute from the fills, figures that follow their inputs, and files that read back."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import COIN, TEST, config_of, walk, write_tape
from support_peers import Turns

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import Fee, VenueConfig
from neural_trader.errors import InvalidArgument, MissingExtra
from neural_trader.instruments import Instrument
from neural_trader.result import Result, peak_memory_bytes


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_tape(tmp_path_factory.mktemp("tape") / "trades.csv", walk(1500))


def run(tape: str, strategy: nt.Strategy | None = None, *, instrument: Instrument = TEST, **changes: Any) -> Result:
    return nt.backtest(strategy or Turns(), tape, config_of("result", instruments={"TEST": instrument}, **changes))


@pytest.fixture(scope="module")
def base(tape: str) -> Result:
    return run(tape)


class Scripted(nt.Strategy):
    """Sends signed market orders at given slices, counted from 1."""

    orders: dict[int, int]

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if quantity := self.orders.get(self.slices):
            client.submit("TEST", "BUY" if quantity > 0 else "SELL", abs(quantity))


def tape_of(path: Path, prices: list[float]) -> str:
    """A trade each 100 ms, of a large volume."""
    return write_tape(path / "scripted.csv", [(100 * number, price, 1000) for number, price in enumerate(prices)])


# ---- equity from the fills -----------------------------------------------------------------------------------------------------------


def recomputed(result: Result, instrument: Instrument, cash: int, last: Decimal) -> Decimal:
    """Cash and what the position is worth at the last trade, from the fills alone."""
    price, quantity = Decimal(10) ** -instrument.price_decimals, Decimal(10) ** -instrument.quantity_decimals
    money, position = Decimal(cash), Decimal(0)
    for fill in result.fills:
        bought = int(fill["last_quantity"]) * quantity * (1 if fill["side"] == abi.NT_SIDE_BUY else -1)
        money -= bought * int(fill["last_price"]) * price * Decimal(instrument.multiplier) + int(fill["fee"]) * Decimal("0.0001")
        position += bought
    return money + position * last * Decimal(instrument.multiplier)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("odd", [False, True], ids=["futures", "fractions"])
def test_equity_is_what_the_fills_say(tmp_path: Path, seed: int, odd: bool) -> None:
    trades = walk(1200, seed)
    instrument = TEST
    if odd:  # a multiplier and fees that do not come out even
        fees = Fee(per_contract=Decimal("0.3333")), Fee(per_contract=Decimal("-0.1111"))
        instrument = Instrument(
            tick_size=COIN.tick_size, currency="USD", max_price=10_000, multiplier=Decimal("0.037"), fee_taker=fees[0], fee_maker=fees[1]
        )
    result = run(write_tape(tmp_path / "t.csv", trades), Turns(every=5, offset=seed), instrument=instrument, cash=50_000)
    expected = recomputed(result, instrument, 50_000, Decimal(str(trades[-1][1])))
    assert result.summary["fills"] > 100
    assert abs(result.summary["equity_final"] - expected) < Decimal("0.0003" if odd else "0.0001")
    pnl = result.summary["pnl"]
    assert pnl["net"] == pnl["gross"] - pnl["fees"] == result.summary["equity_final"] - 50_000
    assert pnl["fees"] == sum(int(fee) for fee in result.fills["fee"]) * Decimal("0.0001")
    assert {"TAKER", "MAKER"} == {abi.Liquidity(value).name for value in result.fills["liquidity"].tolist()}


@pytest.mark.parametrize(
    ("orders", "gross", "fees"),
    [
        # Rising by a tick a slice: an order of slice n fills one slice later at that trade, plus a tick of slippage.
        ({1: 2}, 2 * 50 * (1004.75 - 1000.50), 2 * 1.25),  # long, held to the end
        ({1: 2, 5: -2}, 0, 0),  # sells need a print of their side
        ({2: 3, 6: 1}, 3 * 50 * (1004.75 - 1000.75) + 50 * (1004.75 - 1001.75), 4 * 1.25),
    ],
)
def test_longs_by_hand(tmp_path: Path, orders: dict[int, int], gross: float, fees: float) -> None:
    result = run(tape_of(tmp_path, [1000 + number / 4 for number in range(20)]), Scripted(orders=orders))
    if fees:
        assert (float(result.summary["pnl"]["gross"]), float(result.summary["pnl"]["fees"])) == (gross, fees)
    else:
        assert result.summary["fills"] == 1  # the sell waits until the end


def test_a_short_a_flip_and_a_flat_by_hand(tmp_path: Path) -> None:
    prices = [1000, 1000.25, 1000, 999.75, 1000, 1000.25, 1000, 999.75, 999.5]
    #         1     2 buy    3 sell 4 sell 5 buy 6 buy    7 sell 8 sell 9 sell
    result = run(tape_of(tmp_path, prices), Scripted(orders={1: -2, 4: 5, 6: -3}))
    fills = [(int(f["side"]), int(f["last_price"]) / 100, int(f["last_quantity"])) for f in result.fills]
    assert fills == [
        (abi.NT_SIDE_SELL, 999.75, 2),  # the first sell print, 1000, less a tick
        (abi.NT_SIDE_BUY, 1000.25, 5),  # 1000 plus a tick: flat, then three long
        (abi.NT_SIDE_SELL, 999.75, 3),  # flat
    ]
    assert result.summary["pnl"]["gross"] == Decimal("50") * (2 * (Decimal("999.75") - Decimal("1000.25")) - 3 * Decimal("0.5"))
    assert result.summary["equity_final"] == 100_000 + result.summary["pnl"]["gross"] - 10 * Decimal("1.25")


# ---- every figure follows its input --------------------------------------------------------------------------------------------------


def test_fees_move_fees_and_net_only(tape: str, base: Result) -> None:
    dear = Fee(per_contract=Decimal("2.50"))
    other = run(tape, instrument=Instrument(**{**_fields(TEST), "fee_taker": dear, "fee_maker": dear}))
    assert other.summary["pnl"]["fees"] == 2 * base.summary["pnl"]["fees"] > 0
    assert other.summary["pnl"]["gross"] == base.summary["pnl"]["gross"]
    assert other.summary["equity_final"] == base.summary["equity_final"] - base.summary["pnl"]["fees"]
    assert other.summary["digest"] != base.summary["digest"]


def _fields(instrument: Instrument) -> dict[str, Any]:
    return {name: getattr(instrument, name) for name in instrument.__struct_fields__}


def test_cash_moves_equity_and_the_ratio_of_the_drawdown(tape: str, base: Result) -> None:
    other = run(tape, cash=200_000)
    assert other.summary["equity_final"] == base.summary["equity_final"] + 100_000
    assert other.summary["pnl"] == base.summary["pnl"]
    assert other.summary["drawdown"]["money"] == base.summary["drawdown"]["money"] > 0
    assert 0 < other.summary["drawdown"]["ratio"] < base.summary["drawdown"]["ratio"]
    assert other.summary["digest"] == base.summary["digest"]


def test_the_multiplier_moves_gross(tape: str, base: Result) -> None:
    other = run(tape, instrument=Instrument(**{**_fields(TEST), "multiplier": 100}))
    assert other.summary["pnl"]["gross"] == 2 * base.summary["pnl"]["gross"] != 0
    assert other.summary["pnl"]["fees"] == base.summary["pnl"]["fees"]


def test_slippage_costs_a_tick_on_what_takes(tape: str) -> None:
    without, one = (
        run(tape, Scripted(orders={3: 1, 200: -2}), venue=VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=ticks))
        for ticks in (0, 1)
    )
    assert without.summary["pnl"]["gross"] - one.summary["pnl"]["gross"] == 3 * Decimal("0.25") * 50


def test_latency_moves_reports_and_the_digest(tape: str, base: Result) -> None:
    other = run(tape, venue=VenueConfig(latency_in_us=150_000, latency_out_us=0))
    assert other.summary["digest"] != base.summary["digest"]
    assert other.summary["fills"] != base.summary["fills"]
    assert "150000 µs" in " ".join(other.summary["assumptions"])


def test_limits_move_denials(tape: str, base: Result) -> None:
    other = run(tape, limits=nt.Limits(max_order_quantity=10, max_position=2))
    limited = {"QUANTITY_EXCEEDS_MAXIMUM", "POSITION_LIMIT_EXCEEDED"}
    denied = other.summary["orders"]["denied"]
    assert set(denied) - set(base.summary["orders"]["denied"]) == limited
    for reason in limited:
        orders = other.reports[other.reports["exec_type"] == abi.NT_EXEC_DENIED]
        chosen = orders[orders["reason"] == abi.Reason[reason]]
        assert denied[reason] == len(chosen) > 0
    sent = int((other.orders["message"] == abi.NT_MESSAGE_NEW).sum())
    assert sent == other.summary["orders"]["accepted"] + int((other.reports["exec_type"] == abi.NT_EXEC_DENIED).sum())
    assert (other.summary["limits"]["max_order_quantity"], other.summary["limits"]["max_position"]) == ("10", "2")


def test_the_tape_moves_ticks_hash_and_name(tmp_path: Path, tape: str, base: Result) -> None:
    shorter = write_tape(tmp_path / "shorter.csv", walk(1500)[:-1])
    other = run(shorter)
    assert (base.summary["ticks"], other.summary["ticks"]) == (1502, 1501)  # with the session's opening and the end
    for result, file in ((base, tape), (other, shorter)):
        assert result.summary["source"] == file
        assert result.summary["source_sha256"] == hashlib.sha256(Path(file).read_bytes()).hexdigest()


def test_a_quiet_strategy_has_nothing_to_show(tape: str) -> None:
    result = run(tape, nt.Strategy())
    summary = result.summary
    assert (summary["fills"], summary["orders"], len(result.reports)) == (0, {"accepted": 0, "denied": {}}, 0)
    assert summary["equity_final"] == 100_000
    assert summary["drawdown"] == {"money": 0, "ratio": 0.0}
    assert summary["latency_ns"] == {key: {"p50": None, "p99": None, "p999": None} for key in ("tick_to_order", "order_to_report")}
    assert summary["digest"] == hashlib.sha256(b"").hexdigest()
    assert "none" in str(result)


def test_latencies_are_measured_and_in_order(base: Result) -> None:
    for name in ("tick_to_order", "order_to_report"):
        values = base.summary["latency_ns"][name]
        assert 0 < values["p50"] <= values["p99"] <= values["p999"]
    assert base.summary["elapsed_s"] > 0


def test_a_daily_loss_halts_and_is_shown(tmp_path: Path) -> None:
    falling = tape_of(tmp_path, [1000, 1000.25] + [1000 - number for number in range(20)])
    result = run(falling, Scripted(orders={1: 1, 15: 1}), limits=nt.Limits(max_daily_loss=200))
    assert result.summary["accounts"] == {"main": "HALTED"}
    assert result.summary["orders"]["denied"] == {"DAILY_LOSS_LIMIT": 1}


def test_the_drawdown_is_the_largest_fall(tmp_path: Path) -> None:
    prices = [1000, 1000.25, 1010, 990, 1020, 1005]
    result = run(tape_of(tmp_path, prices), Scripted(orders={1: 1}))
    high = Decimal(100_000) - Decimal("1.25") + 50 * (Decimal(1010) - Decimal("1000.5"))
    assert result.summary["drawdown"]["money"] == 50 * 20
    assert result.summary["drawdown"]["ratio"] == pytest.approx(1000 / float(high))


def test_the_equity_curve_ends_at_the_equity(base: Result) -> None:
    curve = base.equity
    assert len(curve) == 1500
    assert (np.diff(curve["ts"]) >= 0).all()
    assert int(curve["equity"][0]) == 100_000 * 10**4
    assert Decimal(int(curve["equity"][-1])).scaleb(-4) == base.summary["equity_final"]


def test_a_long_curve_is_thinned_and_keeps_its_lows(tmp_path: Path) -> None:
    count = 25_000
    prices = [1000.0 + (number % 2) / 4 for number in range(count)]
    prices[12_345] = 900.0
    tape = write_tape(tmp_path / "long.csv", [(number, price, 100) for number, price in enumerate(prices)])
    result = run(tape, Scripted(orders={1: 1}))
    assert count // 3 < len(result.equity) <= 13_000
    low = 100_000 - Decimal("1.25") + 50 * (Decimal(900) - Decimal("1000.5"))
    assert Decimal(int(result.equity["equity"].min())).scaleb(-4) == low
    assert result.summary["drawdown"]["money"] == result.summary["drawdown"]["money"].quantize(Decimal("0.0001")) > 5000


def test_peak_memory_grows_with_memory() -> None:
    before = peak_memory_bytes()
    memory = np.ones(before // 8 + 2**20)
    assert peak_memory_bytes() > before + 2**20
    assert memory.sum() > 0


# ---- out -----------------------------------------------------------------------------------------------------------------------------


def test_save_and_load(tmp_path: Path, base: Result) -> None:
    target = tmp_path / "deep" / "run"
    base.save(target)
    base.save(str(target))  # again, over it
    summary = json.loads((target / "summary.json").read_text(encoding="utf-8"))
    assert summary["digest"] == base.summary["digest"]
    assert summary["equity_final"] == float(base.summary["equity_final"])
    assert summary["assumptions"] == base.summary["assumptions"]
    for name in ("orders", "reports", "equity"):
        loaded = np.load(target / f"{name}.npy", allow_pickle=False)
        assert loaded.dtype == getattr(base, name).dtype
        assert loaded.tobytes() == getattr(base, name).tobytes()
    assert hashlib.sha256(np.load(target / "reports.npy").tobytes()).hexdigest() == summary["digest"]


def test_requests_are_stamped_in_the_order_they_were_taken(base: Result) -> None:
    assert len(base.taken) == len(base.orders) > 100
    assert (np.diff(base.taken["ts"]) >= 0).all()
    new = base.orders["message"] == abi.NT_MESSAGE_NEW
    assert len(base.arrivals) == int(new.sum())
    for fill in base.fills:
        assert base.arrivals[int(fill["channel"]), int(fill["client_order_id"])] <= fill["ts_recv"]


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path, base: Result) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        base.save(tmp_path / "file" / "run")


def test_the_text_has_every_figure(tape: str) -> None:
    result = run(tape, limits=nt.Limits(max_order_quantity=10))
    text = str(result)
    summary = result.summary
    for figure in (
        f"{summary['ticks']:,}",
        f"{summary['orders']['accepted']:,}",
        f"{summary['fills']:,}",
        f"{summary['equity_final']:,.2f}",
        f"{summary['pnl']['gross']:,.2f}",
        f"{summary['pnl']['fees']:,.2f}",
        f"{summary['pnl']['net']:,.2f}",
        f"{summary['drawdown']['money']:,.2f}",
        summary["digest"],
        summary["source"],
        "QUANTITY_EXCEEDS_MAXIMUM",
        "account main",
        "ACTIVE",
        *summary["assumptions"],
    ):
        assert figure in text
    assert repr(result) == text


def test_reports_are_by_channel_then_sequence(base: Result) -> None:
    assert base.reports["seq"].tolist() == list(range(1, len(base.reports) + 1))
    assert set(base.reports["channel"].tolist()) == {0}
    assert base.summary["digest"] == hashlib.sha256(base.reports.tobytes()).hexdigest()
    assert len(base.fills) == base.summary["fills"]
    executions = base.fills["execution_id"].tolist()
    assert len(set(executions)) == len(executions)


def test_without_polars_the_error_names_the_extra(base: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)  # as if it were not installed
    with pytest.raises(MissingExtra, match=r"pip install 'neural-trader\[polars\]'") as caught:
        base.to_polars("orders")
    assert isinstance(caught.value, (ImportError, nt.errors.NeuralTraderError))


@pytest.mark.skipif(importlib.util.find_spec("polars") is None, reason="polars is not installed")
def test_tables_for_polars(base: Result) -> None:
    for table in ("orders", "reports", "equity"):
        frame = base.to_polars(table)  # type: ignore[arg-type]
        assert frame.height == len(getattr(base, table))
    frame = base.to_polars("reports")
    assert frame["client_order_id"].to_list() == base.reports["client_order_id"].tolist()
    with pytest.raises(InvalidArgument, match="orders, reports and equity"):
        base.to_polars("fills")  # type: ignore[arg-type]
