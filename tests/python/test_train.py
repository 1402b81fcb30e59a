"""Training: it learns, from a seed to the byte, resumes to the byte, cuts windows as it says, and refuses what it cannot learn from."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import torch

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models.architectures import ARCHITECTURES, gru, lstm, mlp, tcn
from neural_trader.models.calibrate import softmax
from neural_trader.models.ops import backward, forward
from neural_trader.models.train import Options, Part, Training, _cut, cross_entropy, fit_normalisation, logits, train

FEATURES = 4


def part(rows: int, seed: int, *, memory: bool = False) -> Part:
    """Rows whose label follows from their first two features; with `memory` from those of three rows before."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, FEATURES)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 50.0, 0.0, -3.0]
    signal = features[:, 0] + (features[:, 1] - 50.0) / 10.0
    seen = np.roll(signal, 3) if memory else signal
    score = seen + random.normal(size=rows) * 0.3
    return Part(features, np.digitize(score, [-0.7, 0.7]))


def digest(tensors: dict[str, Any]) -> str:
    made = hashlib.sha256()
    for name in sorted(tensors):
        made.update(name.encode() + tensors[name].tobytes())
    return made.hexdigest()


def share_right(ops: Any, done: Training, judged: Part) -> float:
    return float((logits(ops, done.tensors, judged.features).argmax(axis=1) == judged.labels).mean())


QUICK = Options(epochs=4, batch=64, learning_rate=0.01, seed=5)
WINDOWED = dataclasses.replace(QUICK, steps=16, warm_up=8, batch=16)


def options_of(name: str) -> Options:
    return QUICK if name in {"linear", "mlp"} else WINDOWED


def small(name: str) -> Any:
    sizes = {"linear": {}, "mlp": {"hidden": (8,)}, "lstm": {"hidden": (8,)}, "gru": {"hidden": (8,)}, "tcn": {"channels": (8, 8)}}
    return ARCHITECTURES[name](FEATURES, 3, seed=1, **sizes[name])  # type: ignore[operator]


# ---- it learns -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["linear", "mlp"])
def test_learns_what_rows_tell(name: str) -> None:
    ops, tensors = small(name)
    judged = part(2000, 2)
    done = train(ops, tensors, part(4000, 1), judged, Options(epochs=30, batch=64, learning_rate=0.01))
    assert share_right(ops, done, judged) > 0.8
    assert done.validation_losses[done.best_epoch - 1] < 0.5
    assert done.losses[-1] < done.losses[0]
    assert done.rows == 4000
    assert done.validation_rows == 2000


@pytest.mark.parametrize(("name", "learns"), [("lstm", True), ("gru", True), ("tcn", True), ("mlp", False)])
def test_models_with_state_learn_what_earlier_rows_tell(name: str, learns: bool) -> None:
    """The label follows from the row three before: rows alone say nothing about it."""
    ops, tensors = small(name)
    judged = part(1500, 2, memory=True)
    options = Options(epochs=12, batch=16, learning_rate=0.02, seed=1)
    if learns:
        options = dataclasses.replace(options, steps=24, warm_up=8)
    done = train(ops, tensors, part(4000, 1, memory=True), judged, options)
    right = share_right(ops, done, judged)
    assert (right > 0.75) == learns, right
    if not learns:
        assert right < 0.5


def test_one_step_is_pytorchs_adam_and_clip() -> None:
    """Ten steps over one batch, with a clip that is reached."""

    ops, tensors = mlp(FEATURES, 3, hidden=(5,), activation="tanh", seed=2)
    data = part(40, 1)
    done = train(ops, tensors, data, data, Options(epochs=10, patience=10, batch=40, learning_rate=0.05, clip_norm=0.1))
    assert done.best_epoch == 10  # so what comes back is the tenth step
    mean, inverse_scale = fit_normalisation(data.features)
    x = torch.tensor(np.clip((data.features.astype(np.float32) - mean) * inverse_scale, -5, 5))
    labels = torch.tensor(data.labels)
    module = torch.nn.Sequential(torch.nn.Linear(FEATURES, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    names = {"0.weight": "fc.0.weight", "0.bias": "fc.0.bias", "2.weight": "head.weight", "2.bias": "head.bias"}
    module.load_state_dict({ours: torch.tensor(tensors[name]) for ours, name in names.items()})
    adam = torch.optim.Adam(module.parameters(), lr=0.05)
    for _ in range(10):
        adam.zero_grad()
        torch.nn.functional.cross_entropy(module(x), labels).backward()
        assert float(torch.nn.utils.clip_grad_norm_(module.parameters(), 0.1)) > 0.1
        adam.step()
    for ours, name in names.items():
        assert done.tensors[name] == pytest.approx(module.state_dict()[ours].numpy(), abs=1e-5), name


def test_cross_entropy_is_the_mean_over_labelled_rows_and_its_gradient() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=(2, 3, 4)) * 3
    labels = np.array([[0, -1, 3], [-1, 2, 2]])
    loss, gradient = cross_entropy(np, values, labels)
    chosen = [(0, 0, 0), (0, 2, 3), (1, 1, 2), (1, 2, 2)]
    expected = -np.mean([np.log(softmax(values[b, s][None])[0, k]) for b, s, k in chosen])
    assert loss == pytest.approx(expected, rel=1e-12)
    for index in np.ndindex(values.shape):
        up, down = values.copy(), values.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        slope = (cross_entropy(np, up, labels)[0] - cross_entropy(np, down, labels)[0]) / 2e-6
        assert gradient[index] == pytest.approx(slope, abs=1e-8)
    assert not gradient[0, 1].any()
    assert cross_entropy(np, values * 1e4, labels)[0] < 1e6


def test_a_training_step_lowers_the_loss_of_every_architecture() -> None:
    data = part(300, 1)
    for name in ARCHITECTURES:
        ops, tensors = small(name)
        x = data.features.astype(np.float32)[None] * [1, 0.1, 1, 1] - [0, 5, 0, 0]
        done = forward(ops, tensors, x)
        before, gradient = cross_entropy(np, done.registers[ops[-1]["out"]], np.asarray(data.labels)[None])
        found, _ = backward(ops, tensors, done, {ops[-1]["out"]: gradient})
        moved = {key: value - 1e-3 * found[key] * (not key.startswith("norm")) for key, value in tensors.items()}
        after, _ = cross_entropy(np, forward(ops, moved, x).registers[ops[-1]["out"]], np.asarray(data.labels)[None])
        assert after < before, name


# ---- to the byte ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    ops, tensors = small(name)
    before = digest(tensors)
    first = train(ops, tensors, part(600, 1), part(300, 2), options_of(name))
    second = train(ops, tensors, part(600, 1), part(300, 2), options_of(name))
    assert digest(first.tensors) == digest(second.tensors)
    assert dataclasses.replace(first, tensors={}) == dataclasses.replace(second, tensors={})
    assert digest(tensors) == before
    assert digest(first.tensors) != before


def test_every_input_changes_the_result() -> None:
    ops, tensors = small("gru")
    training, validation = part(600, 1), part(300, 2)
    base = digest(train(ops, tensors, training, validation, WINDOWED).tensors)
    for name, value in {"epochs": 1, "batch": 8, "learning_rate": 0.02, "clip_norm": 0.05, "seed": 6, "steps": 17, "warm_up": 7}.items():
        assert digest(train(ops, tensors, training, validation, dataclasses.replace(WINDOWED, **{name: value})).tensors) != base, name
    features = training.features.copy()
    features[10, 0] += 1.0
    assert digest(train(ops, tensors, dataclasses.replace(training, features=features), validation, WINDOWED).tensors) != base
    labels = training.labels.copy()
    labels[20] = (labels[20] + 1) % 3
    assert digest(train(ops, tensors, dataclasses.replace(training, labels=labels), validation, WINDOWED).tensors) != base
    assert digest(train(ops, tensors, dataclasses.replace(training, starts=[300]), validation, WINDOWED).tensors) != base
    others = gru(FEATURES, 3, hidden=(8,), seed=2)[1]
    assert digest(train(ops, others, training, validation, WINDOWED).tensors) != base
    assert (
        train(ops, tensors, training, part(300, 3), WINDOWED).validation_losses
        != train(ops, tensors, training, validation, WINDOWED).validation_losses
    )


THREADS = """
    import hashlib
    import numpy as np
    from threadpoolctl import threadpool_info
    from neural_trader.models.architectures import gru, mlp
    from neural_trader.models.calibrate import calibrate
    from neural_trader.models.train import Options, Part, logits, train
    random = np.random.default_rng(1)
    features = random.normal(size=(4000, 30))
    data = Part(features, np.digitize(features[:, 0] + random.normal(size=4000), [-0.5, 0.5]))
    digest = hashlib.sha256()
    for model, options in [
        (mlp(30, 3, hidden=(256, 128)), Options(epochs=2, batch=1024)),
        (gru(30, 3, hidden=(64,)), Options(epochs=1, steps=32)),
    ]:
        done = train(*model, data, data, options)
        made = logits(model[0], done.tensors, features)
        for array in [*(done.tensors[name] for name in sorted(done.tensors)), made, np.array(calibrate(made, data.labels).bias)]:
            digest.update(array.tobytes())
    print(max(info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"), digest.hexdigest())
"""


def test_the_number_of_threads_does_not_matter() -> None:
    told = []
    for threads in ("1", "2"):
        environment = {**os.environ, **dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), threads)}
        command = [sys.executable, "-c", textwrap.dedent(THREADS)]
        told.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120).stdout.split())
    assert told[0][1] == told[1][1]
    assert told[0][0] == "1"
    assert told[1][0] == str(min(2, len(os.sched_getaffinity(0))))  # given back afterwards


# ---- early stopping, normalisation, progress -----------------------------------------------------------------------------------


def test_stops_early_and_returns_the_best_epoch() -> None:
    """Labels without a cause: training only learns them by heart, and the validation loss rises."""
    random = np.random.default_rng(1)
    training = Part(random.normal(size=(120, FEATURES)), random.integers(0, 3, 120))
    validation = Part(random.normal(size=(120, FEATURES)), random.integers(0, 3, 120))
    ops, tensors = mlp(FEATURES, 3, hidden=(32,), seed=1)
    options = Options(epochs=60, patience=3, batch=16, learning_rate=0.02)
    done = train(ops, tensors, training, validation, options)
    assert done.stopped_early
    assert len(done.losses) == len(done.validation_losses) == done.best_epoch + 3 < 60
    assert min(done.validation_losses) == done.validation_losses[done.best_epoch - 1]
    until_best = train(ops, tensors, training, validation, dataclasses.replace(options, epochs=done.best_epoch))
    assert digest(until_best.tensors) == digest(done.tensors)
    assert not until_best.stopped_early
    patient = train(ops, tensors, training, validation, dataclasses.replace(options, patience=6))
    assert len(patient.losses) > len(done.losses)


def test_normalisation_is_of_the_training_part_alone() -> None:
    ops, tensors = small("linear")
    training = part(600, 1)
    far = part(300, 2)
    far = dataclasses.replace(far, features=far.features * 100.0)
    done = train(ops, tensors, training, far, QUICK)
    assert done.tensors["norm.mean"] == pytest.approx(training.features.mean(axis=0), rel=1e-5, abs=1e-6)
    assert done.tensors["norm.inverse_scale"] == pytest.approx(1 / training.features.std(axis=0), rel=1e-4)
    near = train(ops, tensors, training, part(300, 2), QUICK)
    for name in ("norm.mean", "norm.inverse_scale"):
        assert done.tensors[name].tobytes() == near.tensors[name].tobytes()


def test_a_column_without_variation_has_no_effect() -> None:
    features = part(600, 1).features.astype(np.float32)
    features[:, 2] = 0.1
    mean, inverse_scale = fit_normalisation(features)
    assert mean[2] == np.float32(0.1)
    assert inverse_scale[2] == 0.0
    assert (np.delete(inverse_scale, 2) > 0.0).all()


def test_the_normalisation_is_of_the_rows_it_is_given() -> None:
    random = np.random.default_rng(3)
    features = random.normal(5, 3, (500, 4)).astype(np.float32)
    mean, inverse_scale = fit_normalisation(features)
    wide = features.astype(np.float64)
    assert mean.tolist() == wide.mean(axis=0).astype(np.float32).tolist()
    assert inverse_scale.tolist() == (1 / wide.std(axis=0)).astype(np.float32).tolist()
    features[499, 2] += 100
    again = fit_normalisation(features)
    assert (again[0] != mean).tolist() == [False, False, True, False]
    assert (again[1] != inverse_scale).tolist() == [False, False, True, False]


def test_progress_tells_every_batch() -> None:
    ops, tensors = small("linear")
    told: list[tuple[int, int, float]] = []
    done = train(ops, tensors, part(200, 1), part(100, 2), QUICK, progress=lambda *what: told.append(what))
    assert [(epoch, batch) for epoch, batch, _ in told] == [(epoch, batch) for epoch in range(1, 5) for batch in range(1, 5)]
    rows = [64, 64, 64, 8]
    for epoch in range(4):
        losses = [loss for _, _, loss in told[4 * epoch : 4 * epoch + 4]]
        assert done.losses[epoch] == pytest.approx(np.average(losses, weights=rows))


def test_each_epoch_has_an_order_of_its_own() -> None:
    """With steps too small to matter a batch's loss tells which rows are in it."""
    ops, tensors = small("mlp")
    told: dict[int, list[float]] = {}
    options = dataclasses.replace(QUICK, learning_rate=1e-12)
    train(ops, tensors, part(200, 1), part(100, 2), options, progress=lambda epoch, _, loss: told.setdefault(epoch, []).append(loss))
    for first, second in itertools.combinations(told.values(), 2):
        assert abs(first[0] - second[0]) > 1e-4


# ---- windows -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("steps", "warm_up"), [(1, 0), (8, 0), (8, 5), (8, 7), (20, 3)])
@pytest.mark.parametrize("starts", [(), (0,), (20, 45), (20, 25, 61)])
def test_windows_count_each_row_once_and_cross_no_start(steps: int, warm_up: int, starts: tuple[int, ...]) -> None:
    data = part(100, 1)
    labels = np.array(data.labels)
    labels[[30, 31, 77]] = -1
    table = data.features.astype(np.float32)
    cut = _cut(table, Part(table, labels, starts), 3, steps, warm_up, "training", np)
    counted = np.zeros(100, int)
    bounds = [0, *starts, 100]
    features, targets = cut.batch(np, np.arange(len(cut.begins)))
    assert features.shape == (len(cut.begins), steps, FEATURES)
    for k, begin in enumerate(cut.begins.tolist()):
        assert np.array_equal(features[k], table[begin : begin + steps])
        assert not any(begin < bound < begin + steps for bound in bounds)
        rows = begin + np.flatnonzero(targets[k] >= 0)
        assert len(rows)
        assert (rows >= begin + warm_up).all()
        assert np.array_equal(targets[k][targets[k] >= 0], labels[rows])
        counted[rows] += 1
    expected = np.zeros(100, int)
    for begin, end in itertools.pairwise(bounds):
        if end - begin >= steps:
            expected[begin + warm_up : end] = 1
    expected[labels < 0] = 0
    assert np.array_equal(counted, expected)
    assert cut.rows == expected.sum()


def test_rows_without_a_label_are_history_only() -> None:
    ops, tensors = small("gru")
    data = part(600, 1)
    labels = np.array(data.labels)
    labels[::2] = -1
    half = dataclasses.replace(data, labels=labels)
    done = train(ops, tensors, half, part(300, 2), WINDOWED)
    assert done.rows == int((labels[8:] >= 0).sum())
    features = half.features.copy()
    features[::2] += 0.5
    assert digest(train(ops, tensors, dataclasses.replace(half, features=features), part(300, 2), WINDOWED).tensors) != digest(done.tensors)


# ---- logits --------------------------------------------------------------------------------------------------------------------


def test_logits_of_rows_are_the_forward_pass() -> None:
    ops, tensors = small("mlp")
    features = part(5000, 1).features
    expected = forward(ops, tensors, features.astype(np.float32)[:, None]).registers[ops[-1]["out"]][:, 0]
    assert logits(ops, tensors, features) == pytest.approx(expected, abs=1e-5)
    assert logits(ops, tensors, features).dtype == np.float32


@pytest.mark.parametrize("name", ["lstm", "gru", "tcn"])
def test_logits_of_a_model_with_state_begin_anew_at_each_start(name: str) -> None:
    ops, tensors = small(name)
    features = part(60, 1).features
    whole = logits(ops, tensors, features)
    apart = logits(ops, tensors, features, starts=[0, 25])
    assert np.array_equal(apart[:25], logits(ops, tensors, features[:25]))
    assert np.array_equal(apart[25:], logits(ops, tensors, features[25:]))
    assert apart[:25] == pytest.approx(whole[:25], abs=1e-5)
    assert np.abs(apart[25:] - whole[25:]).max() > 1e-4


def test_logits_refuse_what_they_cannot_compute() -> None:
    ops, tensors = small("mlp")
    with pytest.raises(InvalidArgument, match="give floats of shape \\(rows, 4\\)"):
        logits(ops, tensors, np.zeros((3, FEATURES + 1)))
    with pytest.raises(NoData, match="no rows"):
        logits(ops, tensors, np.zeros((0, FEATURES)))
    with pytest.raises(InvalidArgument, match="not finite"):
        logits(ops, tensors, np.full((3, FEATURES), np.nan))
    with pytest.raises(InvalidArgument, match="give floats of shape \\(rows, 4\\)"):
        logits(ops, tensors, np.zeros(3))
    huge = {name: tensor * np.float32(1e30) for name, tensor in tensors.items()}
    with pytest.raises(InvalidArgument, match="logits are not finite"):
        logits(ops, huge, np.ones((3, FEATURES)))


# ---- what is refused -----------------------------------------------------------------------------------------------------------


def refused(
    text: str, *, model: Any = None, training: Part | None = None, validation: Part | None = None, options: Options = QUICK
) -> None:
    ops, tensors = model or small("linear")
    with pytest.raises(InvalidArgument, match=text):
        train(ops, tensors, training or part(200, 1), validation or part(100, 2), options)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_features_that_are_not_finite_are_refused(value: float) -> None:
    for what, index in (("training", 1), ("validation", 2)):
        bad = part(200, index)
        bad.features[17, 2] = value
        refused(f"the {what} features have 1 values that are not finite in float32, the first in row 17, column 2", **{what: bad})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"features": np.zeros((200, 3))}, "features are float64 of shape \\(200, 3\\); give floats of shape \\(rows, 4\\)"),
        ({"features": np.zeros(200)}, "shape \\(200,\\)"),
        ({"features": np.zeros((200, 4), int)}, "features are int64"),
        ({"labels": np.zeros(199, int)}, "labels are int64 of shape \\(199,\\); give 200 integers"),
        ({"labels": np.zeros(200)}, "labels are float64"),
        ({"labels": np.arange(200) % 4}, "label of row 3 is 3; give 0 to 2, or -1"),
        ({"labels": np.full(200, -2)}, "label of row 0 is -2"),
        ({"labels": np.ones(200, int)}, "only label flat \\(200 rows that count\\); give rows of two labels"),
        ({"labels": np.full(200, -1)}, "no label \\(0 rows that count\\)"),
        ({"starts": [5, 5]}, "starts are not ascending row numbers from 0 to 199"),
        ({"starts": [-1]}, "starts are not"),
        ({"starts": [200]}, "starts are not"),
        ({"starts": [0.5]}, "starts are not"),
    ],
)
def test_wrong_parts_are_refused(change: dict[str, Any], text: str) -> None:
    refused(
        "the training " + (text if text.startswith(("features", "labels", "label", "starts")) else ".*" + text),
        training=dataclasses.replace(part(200, 1), **change),
    )
    refused(
        "the validation .*" + text.removeprefix("features ").removeprefix("labels "), validation=dataclasses.replace(part(200, 1), **change)
    )


def test_too_few_rows_for_a_window_are_refused() -> None:
    model = lstm(FEATURES, 3, hidden=(4,))
    refused("longest sequence of the training part has 15 rows, and a window 16", model=model, training=part(15, 1), options=WINDOWED)
    short = dataclasses.replace(part(40, 1), starts=[14, 28])
    refused("longest sequence of the validation part has 14 rows", model=model, validation=short, options=WINDOWED)
    refused("longest sequence of the training part has 0 rows, and a window 1", training=Part(np.zeros((0, 4)), np.zeros(0, int)))


def test_classes_count_only_where_the_loss_does() -> None:
    data = part(16, 1)
    labels = np.array([0, 1, 2] * 2 + [2] * 10)
    refused(
        "has only label up \\(8 rows that count\\)", model=small("gru"), training=dataclasses.replace(data, labels=labels), options=WINDOWED
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"epochs": 0}, "epochs is 0; give an integer from 1"),
        ({"epochs": True}, "epochs is True"),
        ({"patience": 0}, "patience is 0"),
        ({"batch": 2.0}, "batch is 2.0"),
        ({"seed": -1}, "seed is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; give a finite number above zero"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"clip_norm": float("inf")}, "clip_norm is inf"),
        ({"clip_norm": "1"}, "clip_norm is '1'"),
        ({"steps": 8}, "are for models with state; leave both 0"),
        ({"warm_up": 8}, "are for models with state"),
    ],
)
def test_wrong_options_are_refused(change: dict[str, Any], text: str) -> None:
    refused(text, options=dataclasses.replace(QUICK, **change))


def test_a_model_with_state_needs_windows() -> None:
    for model in (small("lstm"), small("tcn"), tcn(FEATURES, 3)):
        refused("steps is 0; give an integer from 1", model=model)
        refused("warm_up is 8; give an integer from 0 to 7", model=model, options=dataclasses.replace(QUICK, steps=8, warm_up=8))


def test_wrong_models_are_refused() -> None:
    ops, tensors = small("linear")
    refused("ops: there are none; op 0 must be normalise", model=([], {}))
    refused("op 0 must be normalise, and no other may be; this is dense", model=(ops[1:], tensors))
    for name in ("head.bias", "norm.mean"):
        refused(f"there is no tensor '{name}'", model=(ops, {key: value for key, value in tensors.items() if key != name}))
    again = {**ops[0], "in": [2], "out": 3, "tensors": {"mean": "m", "inverse_scale": "s"}}
    more = {"m": np.zeros(3, np.float32), "s": np.ones(3, np.float32)}
    refused("no other may be; this is normalise", model=([*ops, again], {**tensors, **more}))


def test_a_loss_that_grows_without_bound_is_refused() -> None:
    ops, tensors = small("mlp")
    wild = dataclasses.replace(QUICK, learning_rate=1e38)
    refused("loss is no longer finite after [1-3] steps; lower learning_rate \\(1e\\+38\\)$", model=(ops, tensors), options=wild)
    once = dataclasses.replace(wild, batch=200)  # one step, which only the validation sees
    refused("validation loss is not finite after epoch 1; lower learning_rate", model=(ops, tensors), options=once)


def test_normalisation_refuses_what_it_cannot_fit() -> None:
    with pytest.raises(NoData, match="no training rows"):
        fit_normalisation(np.zeros((0, 3)))
    with pytest.raises(InvalidArgument, match="column 1 varies by only"):
        fit_normalisation(np.array([[0.0, 1e-42], [1.0, -1e-42]]))
    with pytest.raises(InvalidArgument, match="not finite"):
        fit_normalisation(np.array([[0.0, np.nan]]))
    with pytest.raises(InvalidArgument, match="shape \\(3,\\)"):
        fit_normalisation(np.zeros(3))
