"""Vector calibration: it finds what was put in, is the minimum, and refuses what has none; the calibration error by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models import file
from neural_trader.models.architectures import linear
from neural_trader.models.calibrate import Calibration, calibrate, expected_calibration_error, softmax


def drawn(rows: int, scale: float, bias: Any, seed: int = 1) -> tuple[Any, Any]:
    """Logits, and labels that follow from softmax(scale * logits + bias)."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, len(bias))) * 2.0
    probabilities = softmax(logits * scale + np.array(bias))
    return logits, (random.random((rows, 1)) > probabilities.cumsum(axis=1)).sum(axis=1).clip(0, len(bias) - 1)


def log_loss(found: Calibration, logits: Any, labels: Any) -> float:
    return float(-np.log(found.probabilities(logits)[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize(("scale", "bias"), [(0.4, (0.5, 0.0, -0.5)), (1.7, (-1.0, 1.5, -0.5)), (1.0, (0.2, -0.2))])
def test_finds_what_the_labels_were_drawn_with(scale: float, bias: tuple[float, ...]) -> None:
    logits, labels = drawn(100_000, scale, bias)
    found = calibrate(logits, labels)
    assert found.inverse_temperature == pytest.approx(scale, abs=0.02)
    assert found.bias == pytest.approx(bias, abs=0.03)
    assert sum(found.bias) == pytest.approx(0.0, abs=1e-6)
    assert found.rows == 100_000
    assert found.ece_after < 0.01
    assert found.log_loss_after <= found.log_loss_before + 1e-12
    assert found.log_loss_after == pytest.approx(log_loss(found, logits, labels), abs=1e-12)
    if scale == 0.4:
        assert found.ece_before > 0.1


def test_is_the_minimum() -> None:
    logits, labels = drawn(3000, 0.6, (0.3, 0.1, -0.4, 0.0), seed=2)
    found = calibrate(logits, labels)
    best = found.log_loss_after
    for change in (-1e-2, 1e-2):
        moved = Calibration(found.inverse_temperature + change, found.bias, 0, 0.0, 0.0, 0.0, 0.0)
        assert log_loss(moved, logits, labels) > best
        for k in range(4):
            bias = tuple(value + change * (j == k) for j, value in enumerate(found.bias))
            moved = Calibration(found.inverse_temperature, bias, 0, 0.0, 0.0, 0.0, 0.0)
            assert log_loss(moved, logits, labels) > best
    # at the minimum mean probabilities are frequencies, up to the rounding to float32
    assert found.probabilities(logits).mean(axis=0) == pytest.approx(np.bincount(labels) / len(labels), abs=1e-6)


def test_numbers_are_exact_in_float32_and_the_same_each_time() -> None:
    logits, labels = drawn(1000, 0.7, (1.0, 0.0, -1.0))
    found = calibrate(logits, labels)
    assert found == calibrate(logits.copy(), labels.astype(np.int8))
    for value in (found.inverse_temperature, *found.bias):
        assert value == float(np.float32(value))
    assert msgspec.to_builtins(found.metadata()) == {
        "kind": "vector",
        "inverse_temperature": found.inverse_temperature,
        "bias": found.bias,
        "ece": found.ece_after,
        "log_loss": found.log_loss_after,
        "rows": 1000,
    }


def test_the_size_of_logits_does_not_matter() -> None:
    logits, labels = drawn(5000, 0.7, (1.0, 0.0, -1.0))
    plain = calibrate(logits, labels)
    for factor in (1e-6, 1e6):
        other = calibrate(logits * factor + 3.0, labels)
        assert other.inverse_temperature * factor == pytest.approx(plain.inverse_temperature, rel=1e-5)
        assert other.log_loss_after == pytest.approx(plain.log_loss_after, abs=1e-6)


def test_every_input_matters() -> None:
    logits, labels = drawn(1000, 0.7, (1.0, 0.0, -1.0))
    found = calibrate(logits, labels)
    assert calibrate(logits[:-1], labels[:-1]) != found
    other = labels.copy()
    other[0] = (other[0] + 1) % 3
    assert calibrate(logits, other) != found
    moved = logits.copy()
    moved[0, 0] += 0.5
    assert calibrate(moved, labels) != found
    assert (found.probabilities(moved)[0] != found.probabilities(logits)[0]).all()


def test_logits_that_point_the_wrong_way_give_the_frequencies() -> None:
    logits, labels = drawn(20_000, -0.8, (0.5, 0.0, -0.5))
    found = calibrate(logits, labels)
    assert 0.0 < found.inverse_temperature < 1e-6
    assert found.probabilities(logits)[0] == pytest.approx(np.bincount(labels) / len(labels), abs=1e-5)
    assert found.log_loss_after < found.log_loss_before


def test_a_rare_class_keeps_its_frequency() -> None:
    logits, labels = drawn(300_000, 1.0, (0.0, -14.0), seed=8)
    assert 0 < labels.sum() < 200
    found = calibrate(logits, labels)
    assert found.probabilities(logits)[:, 1].mean() == pytest.approx(labels.mean(), rel=1e-3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_rare_class_that_is_clear_is_not_stepped_over(seed: int) -> None:
    """Whole Newton steps from the frequencies would go too far here."""
    labels = (np.arange(5000) % 100 == 0).astype(int)
    score = np.random.default_rng(seed).normal(size=5000) + 4.0 * labels
    logits = np.stack([np.zeros(5000), score], axis=1)
    found = calibrate(logits, labels)
    error = found.probabilities(logits)[:, 1] - labels
    assert abs(error.mean()) < 1e-7  # both derivatives of the loss are zero
    assert abs((error * score).mean()) < 1e-6
    assert found.inverse_temperature == pytest.approx(4.0, abs=0.6)


def test_the_file_takes_it() -> None:
    logits, labels = drawn(1000, 0.7, (1.0, 0.0, -1.0))
    found = calibrate(logits, labels)
    ops, tensors = linear(1, 3)
    target = file.Target(kind="mid_move", horizon=5, unit="ticks")
    output = file.Output(kind="classes", register=ops[-1]["out"], labels=("down", "flat", "up"), target=target)
    model = file.ModelFile(
        name="calibrated",
        version="1",
        clock=file.Clock(on="tick"),
        features=file.InputFeatures(names=("run",)),
        ops=ops,
        output=output,
        calibration=found.metadata(),
        tensors=tensors,
    )
    assert file.decode_model(file.encode_model(model)).calibration == found.metadata()


# ---- what is refused -----------------------------------------------------------------------------------------------------------


def test_what_has_no_minimum_is_refused() -> None:
    random = np.random.default_rng(4)
    labels = random.integers(0, 3, 300)
    perfect = random.normal(size=(300, 3)) * 0.1 + np.eye(3)[labels] * 5.0
    with pytest.raises(InvalidArgument, match="separate a class without a single error"):
        calibrate(perfect, labels)
    with pytest.raises(InvalidArgument, match="nothing to calibrate"):
        calibrate(np.ones((300, 3)), labels)
    for factor in (1e-35, 1e35):
        with pytest.raises(InvalidArgument, match="too small or large for float32"):
            calibrate(random.normal(size=(300, 3)) * factor, labels)
    with pytest.raises(InvalidArgument, match="do not vary"):
        calibrate(np.tile([1.0, 2.0, 0.0], (300, 1)), labels)


def test_a_class_without_rows_is_refused() -> None:
    logits, labels = drawn(300, 1.0, (0.0, 0.0, 0.0))
    with pytest.raises(InvalidArgument, match="no row of the calibration part has the label flat"):
        calibrate(logits[labels != 1], labels[labels != 1])
    with pytest.raises(InvalidArgument, match="has the label down"):
        calibrate(logits, np.full(300, 2))


@pytest.mark.parametrize(
    ("logits", "labels", "text"),
    [
        (np.ones(3), np.zeros(3, int), "shape \\(3,\\); give floats \\(rows, classes\\)"),
        (np.ones((3, 1)), np.zeros(3, int), "two classes or more"),
        (np.ones((3, 2), int), np.zeros(3, int), "are int64"),
        (np.ones((3, 2)), np.zeros(2, int), "one integer for each of the 3 rows"),
        (np.ones((3, 2)), np.zeros(3), "labels are float64"),
        (np.array([[1.0, 2.0], [np.nan, 0.0]]), np.zeros(2, int), "logits of row 1 are not finite \\(1 rows\\)"),
        (np.array([[np.inf, 2.0], [1.0, 0.0]]), np.zeros(2, int), "logits of row 0 are not finite"),
        (np.ones((3, 2)), np.array([0, 1, 2]), "label of row 2 is 2; give 0 to 1"),
        (np.ones((3, 2)), np.array([0, -1, 1]), "label of row 1 is -1"),
    ],
)
def test_wrong_input_is_refused(logits: Any, labels: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        calibrate(logits, labels)


def test_probabilities_need_the_classes() -> None:
    logits, labels = drawn(1000, 0.7, (1.0, 0.0, -1.0))
    with pytest.raises(InvalidArgument, match="give \\(rows, 3\\)"):
        calibrate(logits, labels).probabilities(logits[:, :2])


# ---- calibration error ---------------------------------------------------------------------------------------------------------


def test_calibration_error_by_hand() -> None:
    table = np.array([[0.6, 0.4], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])
    labels = np.array([0, 1, 1, 1])
    assert expected_calibration_error(table, labels) == pytest.approx((0.4 + 0.7 + 0.2 + 0.1) / 4)  # a bin a row
    # equal confidences share a bin: .6 with one hit of two, .9 with two of two
    table = np.array([[0.6, 0.4], [0.1, 0.9], [0.6, 0.4], [0.1, 0.9]])
    assert expected_calibration_error(table, labels) == pytest.approx((2 * 0.1 + 2 * 0.1) / 4)
    assert expected_calibration_error(table, 1 - labels) == pytest.approx((2 * 0.1 + 2 * 0.9) / 4)


def test_calibration_error_of_ties_does_not_depend_on_order() -> None:
    random = np.random.default_rng(9)
    confidence = random.choice([0.55, 0.7, 0.9], 500)
    table = np.stack([confidence, 1 - confidence], axis=1)
    labels = (random.random(500) > confidence).astype(int)
    order = random.permutation(500)
    assert expected_calibration_error(table, labels) == pytest.approx(expected_calibration_error(table[order], labels[order]), abs=1e-15)
    always = np.tile([0.75, 0.25], (400, 1))
    assert expected_calibration_error(always, (np.arange(400) % 4 == 3).astype(int)) == pytest.approx(0.0, abs=1e-12)


def test_calibration_error_of_a_sure_and_wrong_model_is_one() -> None:
    table = np.tile([1.0, 0.0], (50, 1))
    assert expected_calibration_error(table, np.ones(50, int)) == 1.0
    assert expected_calibration_error(table, np.zeros(50, int)) == 0.0


def test_calibration_error_refuses_what_has_none() -> None:
    with pytest.raises(NoData, match="there are no logits"):
        calibrate(np.ones((0, 2)), np.zeros(0, int))
    with pytest.raises(NoData, match="there are no probabilities"):
        expected_calibration_error(np.ones((0, 2)), np.zeros(0, int))
    with pytest.raises(InvalidArgument, match="probabilities of row 0 are not finite"):
        expected_calibration_error(np.array([[np.nan, 1.0]]), np.zeros(1, int))
