"""Figures of predicted probabilities against their definitions, and what changes each."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models.calibrate import expected_calibration_error
from neural_trader.models.evaluate import ECE_BINS, Evaluation, evaluate

ROWS = 2000
PRIOR = (30, 50, 20)


def data(seed: int, rows: int = ROWS) -> tuple[Any, Any, Any]:
    """Probabilities that know something of the labels, in runs, and moves."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.integers(0, 3, rows // 10 + 1), 10)[:rows]
    logits = random.normal(0, 1, (rows, 3)) + 0.8 * np.eye(3)[labels]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return p, labels, (labels - 1) * random.integers(1, 4, rows) / 2


def figures(p: Any, labels: Any, moves: Any, **arguments: Any) -> Evaluation:
    return evaluate(p, labels, moves, prior_counts=PRIOR, **({"block_rows": 20, "resamples": 200} | arguments))


def slow_ranks(x: Any) -> list[float]:
    return [((x < value).sum() + (x <= value).sum() - 1) / 2 for value in x]


def test_figures_are_what_their_definitions_say() -> None:
    p, labels, moves = data(1, 700)
    p = np.round(p, 2)  # equal confidences and scores
    p[:, 1] = 1 - p[:, 0] - p[:, 2]
    p = np.clip(p, 0.001, None)
    p /= p.sum(axis=1, keepdims=True)
    found = figures(p, labels, moves)
    rows = range(len(labels))
    log_loss = sum(-math.log(p[i, labels[i]]) for i in rows) / len(labels)
    prior_loss = sum(-math.log([0.3, 0.5, 0.2][labels[i]]) for i in rows) / len(labels)
    assert found.rows == 700
    assert found.log_loss.value == pytest.approx(log_loss)
    assert found.prior_log_loss == pytest.approx(prior_loss)
    assert found.gain_millinats.value == pytest.approx(1000 * (prior_loss - log_loss))
    assert found.gain_relative.value == pytest.approx((prior_loss - log_loss) / prior_loss)
    assert found.brier.value == pytest.approx(sum((p[i, c] - (labels[i] == c)) ** 2 for i in rows for c in range(3)) / len(labels))
    x, y = slow_ranks(p[:, 2] - p[:, 0]), slow_ranks(moves)
    assert found.information_coefficient is not None
    assert found.information_coefficient.value == pytest.approx(np.corrcoef(x, y)[0, 1])
    guess = [int(np.argmax(p[i])) for i in rows]
    one_hot = [np.eye(3)[guess], np.eye(3)[labels]]
    covariance = [[((a - a.mean(0)) * (b - b.mean(0))).sum() for b in one_hot] for a in one_hot]
    assert found.mcc is not None
    assert found.mcc.value == pytest.approx(covariance[0][1] / math.sqrt(covariance[0][0] * covariance[1][1]))


def test_the_calibration_error_is_over_bins_of_equal_mass() -> None:
    random = np.random.default_rng(5)
    rows = 15 * 100
    confidence = random.permutation(np.linspace(0.55, 0.9, rows))
    p = np.stack((1 - confidence, np.zeros(rows) + 1e-9, confidence - 1e-9), axis=1)
    labels = np.where(random.random(rows) < 0.7, 2, 0)
    found = figures(p, labels, labels - 1.0)
    order = np.argsort(confidence)
    expected = sum(abs(p.max(axis=1)[part].mean() - (labels[part] == 2).mean()) / ECE_BINS for part in np.array_split(order, ECE_BINS))
    assert found.ece.value == pytest.approx(expected, rel=1e-6)
    exact = figures(np.tile([0.3, 1e-9, 0.7 - 1e-9], (10, 1)), np.array([0, 0, 0] + [2] * 7), np.arange(10.0), block_rows=1)
    assert exact.ece.value == pytest.approx(0, abs=1e-8)
    wrong = figures(np.tile([0.1, 1e-9, 0.9 - 1e-9], (10, 1)), np.array([0, 0, 0] + [2] * 7), np.arange(10.0), block_rows=1)
    assert wrong.ece.value == pytest.approx(0.2, abs=1e-8)


def test_the_calibration_error_is_that_of_calibration() -> None:
    p, labels, moves = data(3, 900)
    ties = np.clip(p.round(1), 0.05, None)
    for table in (p, ties / ties.sum(axis=1, keepdims=True)):
        assert figures(table, labels, moves).ece.value == pytest.approx(expected_calibration_error(table, labels), rel=1e-12)


def test_the_prior_gains_nothing_against_itself() -> None:
    _, labels, moves = data(2)
    found = figures(np.tile([0.3, 0.5, 0.2], (ROWS, 1)), labels, moves)
    assert found.gain_millinats.value == pytest.approx(0, abs=1e-9)
    assert found.gain_millinats.low == pytest.approx(0, abs=1e-9)
    assert found.mcc is None
    assert found.information_coefficient is None


def test_knowing_more_is_better_by_every_figure() -> None:
    p, labels, moves = data(3)
    sharp = 0.5 * p + 0.5 * np.eye(3)[labels]
    blind = figures(p[np.random.default_rng(1).permutation(ROWS)], labels, moves)
    some, more = figures(p, labels, moves), figures(sharp, labels, moves)
    for worse, better in ((blind, some), (some, more)):
        assert worse.log_loss.value > better.log_loss.value
        assert worse.gain_millinats.value < better.gain_millinats.value
        assert worse.gain_relative.value < better.gain_relative.value
        assert worse.brier.value > better.brier.value
        assert worse.mcc is not None
        assert better.mcc is not None
        assert worse.mcc.value < better.mcc.value
        assert worse.information_coefficient is not None
        assert better.information_coefficient is not None
        assert worse.information_coefficient.value < better.information_coefficient.value
    assert some.gain_millinats.low > 0 > blind.gain_millinats.high


def test_moves_change_the_information_coefficient_only_and_the_prior_the_gain_only() -> None:
    p, labels, moves = data(4)
    found = dataclasses.asdict(figures(p, labels, moves))
    by_moves = dataclasses.asdict(figures(p, labels, -moves))
    assert {name for name in found if found[name] != by_moves[name]} == {"information_coefficient"}
    assert by_moves["information_coefficient"]["value"] == pytest.approx(-found["information_coefficient"]["value"])
    wide = evaluate(p, labels, moves, prior_counts=np.array(PRIOR) * 10**15, block_rows=20, resamples=200)
    assert wide.prior_log_loss == pytest.approx(found["prior_log_loss"])  # counts of any size, of which only the shares matter
    other = dataclasses.asdict(evaluate(p, labels, moves, prior_counts=(10, 50, 20), block_rows=20, resamples=200))
    assert {name for name in found if found[name] != other[name]} == {"prior_log_loss", "gain_millinats", "gain_relative"}


# ---- intervals -----------------------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_intervals() -> None:
    p, labels, moves = data(6)
    assert figures(p, labels, moves, seed=3) == figures(p, labels, moves, seed=3)
    one, other = figures(p, labels, moves, seed=3), figures(p, labels, moves, seed=4)
    assert one.log_loss.value == other.log_loss.value
    assert one.log_loss.low != other.log_loss.low


def test_intervals_contain_their_figure_and_widen_with_blocks_that_hold_dependence() -> None:
    random = np.random.default_rng(7)
    labels = np.repeat(random.integers(0, 3, 100), 20)
    p = np.repeat(random.dirichlet((2, 2, 2), 100), 20, axis=0)  # whole runs are right or wrong together
    moves = labels - 1.0
    narrow = evaluate(p, labels, moves, prior_counts=PRIOR, block_rows=1)
    wide = evaluate(p, labels, moves, prior_counts=PRIOR, block_rows=20)
    for name in ("log_loss", "gain_millinats", "gain_relative", "brier", "mcc", "information_coefficient"):
        one, other = getattr(narrow, name), getattr(wide, name)
        assert one.low < one.value < one.high
        assert other.low < other.value < other.high
        assert other.high - other.low > 2 * (one.high - one.low), name
    assert (wide.block_rows, wide.resamples, wide.seed) == (20, 1000, 0)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        labels = (random.random((400, 1)) > np.array([0.3, 0.7])).sum(axis=1)
        p = np.where(random.random((400, 1)) < 0.5, [0.6, 0.2, 0.2], [0.2, 0.3, 0.5])
        # Labels 0.3, 0.4, 0.3 whatever is said: the expected score of each row is a mean over the three.
        expected = np.mean([sum(w * ((q - np.eye(3)[c]) ** 2).sum() for c, w in enumerate((0.3, 0.4, 0.3))) for q in np.unique(p, axis=0)])
        found = evaluate(p, labels, labels - 1.0, prior_counts=PRIOR, block_rows=5, resamples=200)
        covered += found.brier.low <= expected <= found.brier.high
    assert 85 <= covered <= 99


# ---- refused -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "name"), [(0, "down"), (1, "flat"), (2, "up")])
def test_labels_of_one_class_are_refused(label: int, name: str) -> None:
    p, _, moves = data(1)
    with pytest.raises(InvalidArgument, match=f"all {ROWS} labels are {name}"):
        figures(p, np.full(ROWS, label), moves)


def test_empty_parts_are_refused() -> None:
    with pytest.raises(NoData, match=r"^labels are empty"):
        figures(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0))
    p, labels, moves = data(1)
    with pytest.raises(NoData, match="prior_counts are 0"):
        evaluate(p, labels, moves, prior_counts=(0, 0, 0), block_rows=5)


def changed(array: Any, place: Any, value: float) -> Any:
    array = array.copy()
    array[place] = value
    return array


def refusals() -> list[tuple[Any, Any, Any, dict[str, Any], str]]:
    p, labels, moves = data(1)
    certain = p.copy()
    certain[4] = np.eye(3)[(labels[4] + 1) % 3]
    return [
        (p[:, :2], labels, moves, {}, "shape"),
        (p[1:], labels, moves, {}, "shape"),
        (p, labels, moves[1:], {}, "shape"),
        (p.astype(str), labels, moves, {}, "probabilities are <U"),
        (p, labels, moves.astype(object), {}, "moves are object"),
        (p, labels.reshape(-1, 1), moves, {}, "shape"),
        (p * 1.01, labels, moves, {}, "add up to 1"),
        (changed(p, (3, 1), np.nan), labels, moves, {}, "add up to 1"),
        (p + np.array([1, 0, -1]), labels, moves, {}, "none below 0"),
        (p, labels, changed(moves, 7, np.nan), {}, "move of row 7"),
        (p, changed(labels, 2, -1), moves, {}, "leave incomplete rows out"),
        (p, changed(labels, 2, 3), moves, {}, "leave incomplete rows out"),
        (p, labels.astype(float), moves, {}, "have to be 0"),
        (certain, labels, moves, {}, "row 4 has probability 0"),
        (p, labels, moves, {"prior_counts": (1, 2, 0)}, "label up never occurs"),
        (p, labels, moves, {"prior_counts": (1, 2)}, "3 whole numbers"),
        (p, labels, moves, {"prior_counts": (1, 2, -1)}, "none below 0"),
        (p, labels, moves, {"prior_counts": (1.0, 2.0, 1e12)}, "whole numbers"),
        (p, labels, moves, {"prior_counts": (1, 2, 10**30)}, "whole numbers"),
        (p, labels, moves, {"block_rows": 0}, "block_rows"),
        (p, labels, moves, {"block_rows": ROWS + 1}, "block_rows"),
        (p, labels, moves, {"block_rows": 1.5}, "block_rows"),
        (p, labels, moves, {"resamples": 99}, "resamples"),
        (p, labels, moves, {"seed": -1}, "seed"),
        (p, labels, moves, {"seed": True}, "seed"),
    ]


@pytest.mark.parametrize("number", range(len(refusals())))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    p, labels, moves, arguments, text = refusals()[number]
    with pytest.raises(InvalidArgument, match=text):
        evaluate(p, labels, moves, **({"prior_counts": PRIOR, "block_rows": 20} | arguments))
