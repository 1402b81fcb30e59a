"""Examples out of a source, money at prints against a plain loop, comparisons, and the drawings of a model."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from neural_trader import NeuralModel
from neural_trader._native import abi, ffi, lib
from neural_trader._tearsheet.model_charts import latency_chart, loss_chart, reliability_chart, reliability_rows
from neural_trader.config import Config, SourceConfig
from neural_trader.errors import InvalidArgument, NoData
from neural_trader.instruments import Fee, Instrument
from neural_trader.models import study as module
from neural_trader.models._scores import of_three, sure_beyond
from neural_trader.models.examples import Examples, Question, examples, examples_of, inputs_of, rows_between, unseen_rows
from neural_trader.models.file import Clock, InstrumentScope, Target, encode_model
from neural_trader.models.fitting import Recipe, fit
from neural_trader.models.scoring import money_at_prints, paired_gain, predicted, says_more, score
from neural_trader.models.study import evaluate_file, measure_precision, study
from neural_trader.records import call, check
from neural_trader.sources import Source, open_source

NAMES = ("return_4", "sign_8", "impact")


def tape(directory: Path, count: int = 400, *, fee: Fee | None = None, gap_at: int | None = None) -> Source:
    """Trades that walk on ticks of a quarter, 100 ms apart; after `gap_at` of them two minutes without any."""
    generator = random.Random(5)
    moment, price = datetime.datetime(2024, 3, 4, 12), 400
    path = directory / "trades.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("DateTime", "Price", "Volume"))
        for place in range(count):
            price += generator.choice((-1, 0, 0, 1))
            writer.writerow((moment.isoformat(sep=" ", timespec="milliseconds"), f"{price / 4:.2f}", generator.randint(1, 9)))
            moment += datetime.timedelta(milliseconds=100) if place != gap_at else datetime.timedelta(minutes=2)
    terms = Instrument(tick_size="0.25", multiplier=10, currency="USD", max_price=1000, lot_size=1, fee_taker=fee)
    return open_source(str(path), Config(name="x", source=SourceConfig(timezone="UTC"), instruments={"TEST": terms}))


def found_in(source: Source, horizon: int = 5, **options: Any) -> Examples:
    return examples(source, Question(horizon=horizon), clock=Clock(on="trade"), names=NAMES, **options)


# ---- questions and examples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "horizon", "expected"),
    [
        ("mid_move", "50", Target(kind="mid_move", horizon=50, unit="ticks", dead_band_ticks=0.5)),
        ("time", "500ms", Target(kind="return", horizon=500_000_000, unit="ns", dead_band_ticks=0.5)),
        ("time", "2m", Target(kind="return", horizon=120 * 10**9, unit="ns", dead_band_ticks=0.5)),
        ("triple_barrier", "100", Target(kind="triple_barrier", horizon=100, unit="ticks", dead_band_ticks=2.0)),
        ("next_move", "1", Target(kind="next_move", horizon=1, unit="ticks", dead_band_ticks=0.0)),
    ],
)
def test_a_question_is_the_target_of_its_file(kind: str, horizon: str, expected: Target) -> None:
    question = Question.parse(kind, horizon)
    assert question.target() == expected
    again = Question.of(expected)
    assert again.target() == expected
    mids = np.cumsum(np.random.default_rng(0).integers(-1, 2, 4000)).astype(float)
    times = np.arange(4000) * 10**8
    assert np.array_equal(again.answers(mids, times).labels, question.answers(mids, times).labels)


@pytest.mark.parametrize(
    ("kind", "horizon"), [("mid_move", "5s"), ("time", "5"), ("time", "0s"), ("mid_move", "-1"), ("mid_move", ""), ("x", "5")]
)
def test_a_question_without_sense_is_refused(kind: str, horizon: str) -> None:
    with pytest.raises(InvalidArgument, match=r"label|horizon"):
        Question.parse(kind, horizon)


def test_examples_are_the_rows_with_what_came_after(tmp_path: Path) -> None:
    found = found_in(tape(tmp_path), horizon=5)
    rows = found.rows
    assert found.names == NAMES
    assert np.array_equal(found.table, rows.features[np.ix_(found.kept, [rows.names.index(n) for n in NAMES])].astype(np.float32))
    assert found.dropped == len(rows) - len(found.kept) > 0
    mids = rows.mid[found.kept]
    moves = mids[5:] - mids[:-5]
    np.testing.assert_array_equal(found.labels.moves[:-5], moves)
    np.testing.assert_array_equal(found.classes[:-5], np.where(moves > 0.5, 2, np.where(moves < -0.5, 0, 1)))
    assert (found.classes[-5:] == -1).all()
    assert found.starts.tolist() == [0]
    assert found.data_sha256 != found_in(tape(tmp_path), horizon=6).data_sha256
    begin = found.ts_event
    inside = rows_between(found, int(begin[10]), int(begin[30]))
    assert inside.tolist() == list(range(10, 25))  # the label of row 25 ends with row 30


def test_a_sequence_ends_at_a_gap_and_all_features_are_those_that_are_known(tmp_path: Path) -> None:
    source = tape(tmp_path, gap_at=199)
    found = found_in(source)
    (at,) = found.starts[1:].tolist()
    assert found.ts_event[at] - found.ts_event[at - 1] == 120 * 10**9
    every = examples(source, Question(horizon=5), clock=Clock(on="trade"))
    assert "imbalance" in every.left_out
    assert set(every.names) | set(every.left_out) == set(every.rows.names)
    assert np.isfinite(every.table).all()


def test_examples_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    source = tape(tmp_path)
    with pytest.raises(InvalidArgument, match="no feature 'mood'"):
        examples(source, Question(horizon=5), clock=Clock(on="trade"), names=("mood",))
    with pytest.raises(NoData, match="does not carry imbalance"):
        examples(source, Question(horizon=5), clock=Clock(on="trade"), names=("run", "imbalance"))
    with pytest.raises(NoData, match=r"not more than the horizon of 4000.*shorter horizon or a longer source"):
        found_in(source, horizon=4000)


# ---- money ---------------------------------------------------------------------------------------------------------------------


def by_hand(source: Source, found: Examples, rows: Any, strength: Any, sure: float) -> list[float]:
    """Ticks gained by each trade, print by print."""
    prints, bid, ask = [], None, None
    for tick in source.ticks:
        if tick["kind"] != 2:
            continue
        price = float(tick["price"]) / 25
        if bid is None or ask is None:
            bid, ask = (price, price + 1) if found.rows.bid[0] == price else (price - 1, price)
        elif price > ask:
            bid, ask = price - 1, price
        elif price < bid:
            bid, ask = price, price + 1
        prints.append((int(tick["ts_event"]), price, 1 if price >= ask else -1))
    gained = []
    for row, value in zip(rows, strength, strict=True):
        if abs(value) <= sure:
            continue
        side = 1 if value > 0 else -1
        begin, end = found.labels.begin_ns[row], found.labels.end_ns[row]
        entry = next(((t, p) for t, p, s in prints if t > begin and s == side), None)
        leave = None if entry is None else next((p for t, p, s in prints if t > max(end, entry[0]) and s == -side), None)
        if entry is not None and leave is not None:
            gained.append(side * (leave - entry[1]))
    return gained


def test_money_is_what_a_plain_loop_over_the_prints_gives(tmp_path: Path) -> None:
    source = tape(tmp_path, fee=Fee(per_contract="0.55"))
    found = found_in(source)
    rows = np.flatnonzero(found.classes >= 0)
    table = np.random.default_rng(1).dirichlet((1, 1, 1), len(rows))
    strength = table[:, 2] - table[:, 0]
    sure = 0.4
    gained = by_hand(source, found, rows, strength, sure)
    money = money_at_prints(table, found, rows, source, sure=sure, seed=0)
    assert 50 < money.trades == len(gained)
    assert money.trades + money.unfilled == (np.abs(strength) > sure).sum()
    assert money.ticks_per_trade is not None
    assert money.ticks_per_trade.value == pytest.approx(np.mean(gained))
    assert money.ticks_per_trade.low < money.ticks_per_trade.value < money.ticks_per_trade.high
    assert money.gross == pytest.approx(sum(gained) * 2.5)
    assert money.fees == pytest.approx(2 * 0.55 * money.trades)
    assert money.net == pytest.approx(sum(gained) * 2.5 - 1.1 * money.trades)
    assert money_at_prints(table, found, rows, source, sure=0.6, seed=0).trades < money.trades
    idle = money_at_prints(table, found, rows, source, sure=1.0, seed=0)
    assert (idle.trades, idle.ticks_per_trade, idle.mid_ticks_per_trade, idle.net) == (0, None, None, 0.0)


def test_fees_by_turnover_and_fees_that_nobody_knows(tmp_path: Path) -> None:
    table = None
    results = []
    for fee in (None, Fee(bps=2), Fee(per_contract=1, bps=2)):
        source = tape(tmp_path, fee=fee)
        found = found_in(source)
        rows = np.flatnonzero(found.classes >= 0)
        table = np.random.default_rng(1).dirichlet((1, 1, 1), len(rows)) if table is None else table
        results.append(money_at_prints(table, found, rows, source, sure=0.4, seed=0))
    unknown, turnover, both = results
    assert unknown.fees is None
    assert unknown.net is None
    assert turnover.fees == pytest.approx(2e-4 * 2 * turnover.trades * 1000, rel=0.1)  # about 100.00 times ten, in and out
    assert both.fees is not None
    assert turnover.fees is not None
    assert both.fees - turnover.fees == pytest.approx(2 * both.trades)
    assert unknown.gross == turnover.gross == both.gross


def quoted(directory: Path, aggressors: bool) -> Source:
    """Trades that hit a standing quote of two ticks, at its bid or its ask."""
    source = tape(directory)
    trades = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    generator = np.random.default_rng(3)
    middle = (400 + np.cumsum(generator.integers(-1, 2, len(trades)))) * 25
    buys = generator.random(len(trades)) < 0.5
    both = np.zeros(2 * len(trades), abi.NT_TICK)
    both["ts_event"] = both["ts_recv"] = np.repeat(trades["ts_event"], 2) + np.tile([0, 1_000_000], len(trades))
    both["flags"] = abi.NT_TICK_LAST_OF_SLICE
    quotes, prints = both[::2], both[1::2]
    quotes["kind"], prints["kind"] = abi.NT_TICK_QUOTE, abi.NT_TICK_TRADE
    quotes["bid_price"], quotes["ask_price"] = middle - 25, middle + 25
    quotes["bid_size"] = quotes["ask_size"] = 5
    prints["price"], prints["size"], prints["trade_id"] = np.where(buys, middle + 25, middle - 25), 1, np.arange(len(trades))
    prints["aggressor"] = np.where(buys, abi.NT_SIDE_BUY, abi.NT_SIDE_SELL) if aggressors else 0
    return dataclasses.replace(source, ticks=both)


def test_the_side_of_a_print_is_told_from_the_quote_where_the_source_does_not_say(tmp_path: Path) -> None:
    results = []
    for source in (quoted(tmp_path, True), quoted(tmp_path, False)):
        found = found_in(source)
        assert not found.rows.implied
        rows = np.flatnonzero(found.classes >= 0)
        table = np.random.default_rng(1).dirichlet((1, 1, 1), len(rows))
        results.append(money_at_prints(table, found, rows, source, sure=0.4, seed=0))
    assert results[0].trades > 50
    assert results[0] == results[1]
    assert results[0].ticks_per_trade is not None
    assert results[0].ticks_per_trade.value < -0.5  # the spread is paid


def test_two_classes_are_three_of_which_one_never_comes() -> None:
    assert of_three(np.array([[0.25, 0.75]])).tolist() == [[0.25, 0.0, 0.75]]
    assert sure_beyond(np.stack((np.linspace(0, 1, 101), 1 - np.linspace(0, 1, 101)), axis=1)) == pytest.approx(0.95, abs=0.02)


def test_a_paired_gain_is_the_mean_difference_with_its_interval() -> None:
    generator = np.random.default_rng(0)
    second = generator.dirichlet((5, 5, 5), 2000)
    classes = generator.integers(0, 3, 2000)
    first = second.copy()
    first[np.arange(2000), classes] *= 1.02
    first /= first.sum(axis=1, keepdims=True)
    gain = paired_gain(first, second, classes, block_rows=20, seed=0)
    each = np.arange(2000)
    assert gain.value == pytest.approx(1000 * np.mean(np.log(first[each, classes] / second[each, classes])))
    assert 0 < gain.low < gain.value < gain.high
    back = paired_gain(second, first, classes, block_rows=20, seed=0)
    assert (back.value, back.low, back.high) == pytest.approx((-gain.value, -gain.high, -gain.low))
    with pytest.raises(InvalidArgument, match="do not fit"):
        paired_gain(first[:5], second, classes, block_rows=20, seed=0)
    first[3, classes[3]] = 0
    with pytest.raises(InvalidArgument, match="probability 0"):
        paired_gain(first, second, classes, block_rows=20, seed=0)


def test_who_says_the_same_of_every_row_has_no_money_and_no_win(tmp_path: Path) -> None:
    source = tape(tmp_path, fee=Fee(per_contract="0.55"))
    found = found_in(source)
    rows = np.flatnonzero(found.classes >= 0)
    counts = np.bincount(found.classes[rows], minlength=3)
    prior = np.tile(counts / counts.sum(), (len(found.classes), 1))
    rounded = prior + np.random.default_rng(0).choice((-1e-5, 1e-5), (len(prior), 1)) * np.array([1, 0, -1])
    assert not says_more(prior, counts.tolist())
    assert not says_more(rounded, counts.tolist())
    assert says_more(prior, [1, *counts[1:].tolist()])  # a constant that is not the prior
    same = score(rounded, found, rows, source, prior_counts=counts.tolist(), sure=0.0, seed=0)
    assert (same.money, same.evaluation.information_coefficient, same.evaluation.mcc) == (None, None, None)
    assert same.metrics()["money"] is None
    telling = prior + np.random.default_rng(0).choice((-0.1, 0.1), (len(prior), 1)) * np.array([1, 0, -1])
    assert says_more(telling, counts.tolist())
    other = score(telling, found, rows, source, prior_counts=counts.tolist(), sure=0.0, seed=0)
    assert other.money is not None
    assert other.money.trades > 0
    assert other.evaluation.information_coefficient is not None


def test_a_network_wins_by_more_than_rounding(tmp_path: Path) -> None:
    found = found_in(tape(tmp_path, 2000))
    parts = found.split((0.6, 0.2, 0.2))
    generator = np.random.default_rng(0)
    linear = generator.dirichlet((9, 9, 9), len(found.classes))
    counts = np.bincount(found.classes[parts.calibrate], minlength=3)
    flat = np.tile(counts / counts.sum(), (len(linear), 1))

    def network(factor: float, table: Any = linear) -> Any:
        better = table.copy()
        better[np.arange(len(better)), found.classes] *= factor
        return better / better.sum(axis=1, keepdims=True)

    def won(network: Any, linear: Any) -> Any:
        return module._compared(found, parts, Recipe(architecture="mlp"), network, linear)

    close = won(network(1.00005), linear)
    assert 0 < close["gain_millinats_calibrate"]["low"] < 0.1
    assert close["won"] == "linear"
    clear = won(network(1.01), linear)
    assert clear["gain_millinats_calibrate"]["low"] > 0.1
    assert clear["won"] == "mlp"
    assert won(flat, linear)["won"] == "linear"
    assert won(flat, flat)["won"] is None
    assert won(network(1.01, flat), flat)["won"] == "mlp"


# ---- a study -------------------------------------------------------------------------------------------------------------------


def test_a_stream_warms_up_before_it_is_judged(tmp_path: Path) -> None:
    source = tape(tmp_path, 3000, fee=Fee(per_contract="0.55"))
    done = study(
        source, Question(horizon=5), Recipe(architecture="tcn", sizes=(4, 4), epochs=2, learning_rate=0.01), clock=Clock(on="trade")
    )
    state = done.file.state
    assert state.kind == "stream"
    assert 0 <= state.warm_up <= 6  # two layers of three taps look back six rows
    assert done.metrics["warm_up_reached"]
    assert done.metrics["comparison"]["won"] in ("tcn", "linear")
    assert len(done.probabilities) == len(done.classes) == len(done.rows)
    assert examples_of(done.file, source).data_sha256 == done.examples.data_sha256


def test_a_model_predicts_where_no_label_ends(tmp_path: Path) -> None:
    source = tape(tmp_path, 1500)
    file = study(source, Question(horizon=5), Recipe(architecture="linear", epochs=1), clock=Clock(on="trade")).file
    far = msgspec.structs.replace(
        file, output=msgspec.structs.replace(file.output, target=Target(kind="mid_move", horizon=9000, unit="ticks"))
    )
    with pytest.raises(NoData, match="not more than the horizon of 9000"):
        examples_of(far, source)
    found, whole = inputs_of(far, source), examples_of(file, source)
    assert found.table.tobytes() == whole.table.tobytes()
    assert (found.kept.tolist(), found.starts.tolist(), found.dropped) == (whole.kept.tolist(), whole.starts.tolist(), whole.dropped)
    listed = msgspec.structs.replace(file, instruments=InstrumentScope(scope="listed", symbols=("NQ",)))
    with pytest.raises(InvalidArgument, match="is for NQ, not for TEST"):
        inputs_of(listed, source)
    lacking = msgspec.structs.replace(file, features=msgspec.structs.replace(file.features, names=("run", "imbalance")))
    with pytest.raises(NoData, match="does not carry imbalance"):
        inputs_of(lacking, source)


def test_a_file_that_cannot_be_judged_says_why(tmp_path: Path) -> None:
    source = tape(tmp_path, 1500)
    file = study(source, Question(horizon=5), Recipe(architecture="linear", epochs=1), clock=Clock(on="trade")).file
    output = msgspec.structs.replace(file.output, labels=("a", "b", "c"))
    with pytest.raises(InvalidArgument, match="predicts a, b, c; only down, flat, up"):
        examples_of(msgspec.structs.replace(file, output=output), source)
    listed = InstrumentScope(scope="listed", symbols=("NQ",))
    with pytest.raises(InvalidArgument, match="is for NQ, not for TEST"):
        examples_of(msgspec.structs.replace(file, instruments=listed), source)
    for parts in ([[1, 2]], "x", [[1, 2], [3, 4], [5, None]]):
        other = msgspec.structs.replace(file, trained={**file.trained, "parts_ns": parts})
        with pytest.raises(InvalidArgument, match="three pairs of times"):
            unseen_rows(examples_of(file, source), other)
    rows = file.calibration.rows
    assert rows is not None
    for counts in ([-5, 1, rows + 4], ["a", 1, 2], [10**12, 1, 2], [True, 1, rows - 2], [float(rows), 0, 0], [rows, 0], [1, 2, 3], "x", 7):
        other = msgspec.structs.replace(file, trained={**file.trained, "label_counts": counts})
        with (
            NeuralModel.load(encode_model(other)) as model,
            pytest.raises(InvalidArgument, match=r"label_counts of model .* 3 whole numbers"),
        ):
            evaluate_file(model, source)
    for sure in (True, "0.5", [1]):
        other = msgspec.structs.replace(file, trained={**file.trained, "sure": sure})
        with NeuralModel.load(encode_model(other)) as model, pytest.raises(InvalidArgument, match="has to be a number"):
            evaluate_file(model, source)
    for precision in ("fp32", "fp16"):
        chosen: Any = precision
        with pytest.raises(InvalidArgument, match="bf16 and int8 can be measured"):
            measure_precision(file, chosen, source)


def kernel_signals(source: Source, data: bytes, name: str) -> dict[int, list[float]]:
    """What a kernel with the model in its loop signals on the first instrument, by the time of the tick."""
    handle = ffi.new("uint32_t *")
    config = {"clock": abi.NT_CLOCK_TAPE, "instruments": len(source.instruments), "channels": 2, "models": 1, "name": name.encode()}
    call(lib.nt_kernel_create, ffi.new("nt_kernel_config *", config), handle)
    kernel, found, out = handle[0], {}, ffi.new("nt_tick *")
    try:
        for instrument in source.instruments.values():
            check(lib.nt_kernel_add_instrument(kernel, ffi.new("nt_instrument *", instrument.row())), kernel)
        check(lib.nt_kernel_add_model(kernel, b"model", data, len(data), abi.NT_PRECISION_FLOAT32, abi.NT_ISA_AUTO), kernel)
        ticks = np.ascontiguousarray(source.ticks)
        first = ffi.cast("nt_tick *", ticks.ctypes.data)
        for place in range(len(ticks)):
            while check(lib.nt_kernel_replay(kernel, first + place, 1), kernel) == 0:
                check(lib.nt_kernel_run(kernel, 100), kernel)
            result = lib.nt_read_signal(kernel, 0, 0, out)
            if result not in (abi.NT_ERR_NO_DATA, abi.NT_ERR_NOT_READY):
                check(result, kernel)
                found[out.ts_event] = list(out.values)[:3]
    finally:
        lib.nt_close(kernel)
    return found


def test_the_rows_that_judge_a_model_are_what_the_kernel_signals(kernel_name: str) -> None:
    source = open_source("sample:es-2013-09:20000", Config(name="x"))
    recipe = Recipe(architecture="gru", sizes=(8,), epochs=1)
    done = study(source, Question(horizon=50), recipe, clock=Clock(on="time_change"))
    state = msgspec.structs.replace(done.file.state, warm_up=7)
    data = encode_model(msgspec.structs.replace(done.file, state=state))
    with NeuralModel.load(data) as model:
        probabilities, ready = predicted(model, done.examples)
    times = done.examples.ts_event
    expected = {int(times[row]): probabilities[row].tolist() for row in np.flatnonzero(ready)}
    assert len(expected) > 5000
    assert (~ready).sum() > 7 * 10  # the state began anew after gaps
    assert kernel_signals(source, data, kernel_name) == expected  # bit for bit


def test_a_recipe_that_is_none_is_refused(tmp_path: Path) -> None:
    found = found_in(tape(tmp_path))
    parts = found.split((0.6, 0.2, 0.2))
    for recipe, text in (
        (Recipe(architecture="forest"), "choose linear"),
        (Recipe(architecture="linear", sizes=(3,)), "no layers"),
        (Recipe(sizes=(0,)), r"sizes\[0\] is 0"),
        (Recipe(architecture="tcn", sizes=(4, 5000)), r"sizes\[1\] is 5000"),
    ):
        with pytest.raises(InvalidArgument, match=text):
            fit(found.table, found.classes, parts, recipe, classes=3)


# ---- drawings ------------------------------------------------------------------------------------------------------------------


def test_reliability_bins_hold_every_row_once() -> None:
    generator = np.random.default_rng(0)
    said = generator.random(1003)
    came = generator.random(1003) < said
    bins = reliability_rows(said, came)
    assert len(bins) == 10
    assert sum(count for *_, count in bins) == 1003
    assert sum(mean * count for mean, _, count in bins) == pytest.approx(said.sum())
    assert sum(share * count for _, share, count in bins) == pytest.approx(came.sum())
    assert [mean for mean, *_ in bins] == sorted(mean for mean, *_ in bins)
    chart = reliability_chart("r", "<up>", bins)
    assert chart.count("<circle") == 10
    assert "&lt;up&gt;" in chart
    assert reliability_chart("r", "up", bins[:5]) != reliability_chart("r", "up", bins[5:])
    assert len(reliability_rows(said[:3], came[:3])) == 3


def test_loss_and_latency_charts_follow_their_numbers() -> None:
    chart = loss_chart([0.9, 0.8, 0.7], [0.95, 0.85, 0.86], 2)
    assert "epoch 2: 0.850000" in chart
    assert chart != loss_chart([0.9, 0.8, 0.6], [0.95, 0.85, 0.86], 2)
    assert "epoch 1: 0.950000" in loss_chart([0.9], [0.95], 1)
    times = np.array([1000] * 500 + [2000] * 499 + [10**9])
    drawn = latency_chart(times)
    assert "1,000 predictions" in drawn
    assert "1 longer than" in drawn
    assert drawn.count("<rect") == 9  # from 1 to 2 µs in eighths of an octave
    assert "<rect" in latency_chart(np.array([700]))
