"""NeuralModel: loading, predicting, stepping, training and saving, and each way in which it is refused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import neural_trader as nt
from neural_trader.engine import MarketData
from neural_trader.errors import BadHandle, Busy, DeviceUnavailable, InvalidArgument, NoData, PrecisionRefused, SystemFailure
from neural_trader.models import architectures, neural_model
from neural_trader.models.dataset import feature_names, read
from neural_trader.models.examples import Question
from neural_trader.models.file import (
    Calibration,
    Clock,
    Deviation,
    InputFeatures,
    InstrumentScope,
    ModelFile,
    Output,
    State,
    Target,
    encode_model,
    read_model,
)
from neural_trader.models.labels import DOWN, FLAT, UP, Labels, mid_move, move_in_time, next_move, triple_barrier
from neural_trader.models.neural_model import Prediction, load_to_measure
from neural_trader.models.precision import deviation_between, failures, with_deviation
from neural_trader.models.splits import split
from neural_trader.models.study import evaluate_file, measure_precision
from neural_trader.models.train import logits
from neural_trader.records import Ticks, Tradable
from neural_trader.sources import open_source

WIDTH = 8
SAMPLE = "sample:es-2013-09:20000"
WALK = np.cumsum(np.random.default_rng(2).integers(-1, 2, 1500)).astype(np.float64)
SECONDS = np.arange(1500) * 10**9


def made(
    architecture: str = "mlp", *, names: tuple[str, ...] = feature_names()[22 : 22 + WIDTH], warm_up: int = 0, **changes: Any
) -> ModelFile:
    """A model with random weights."""
    build: Any = architectures.ARCHITECTURES[architecture]
    ops, tensors = build(len(names), 3, seed=3)
    stateful = architecture in ("lstm", "gru", "tcn")
    state = State(kind="stream", steps=16, warm_up=warm_up) if stateful else State()
    target = Target(kind="mid_move", horizon=5, unit="ticks", dead_band_ticks=0.5)
    file = ModelFile(
        name=architecture,
        version="1.0.0",
        clock=Clock(on="time_change"),
        features=InputFeatures(names=names),
        state=state,
        ops=ops,
        output=Output(kind="classes", register=ops[-1]["out"], labels=("down", "flat", "up"), target=target),
        tensors=tensors,
    )
    return msgspec.structs.replace(file, **changes)


def load(file: ModelFile, **options: Any) -> nt.NeuralModel:
    return nt.NeuralModel.load(encode_model(file), **options)


def rows(count: int, seed: int = 0, width: int = WIDTH) -> Any:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def reference(file: ModelFile, table: Any) -> Any:
    values = logits(file.ops, file.tensors, table).astype(np.float64)
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


# ---- predictions ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("architecture", ["linear", "mlp", "lstm", "gru", "tcn"])
def test_predictions_are_those_of_the_reference(architecture: str) -> None:
    file, table = made(architecture), rows(40)
    with load(file) as model:
        found = model.predict(table)
    np.testing.assert_allclose(found.predictions, reference(file, table), atol=2e-5)
    assert found.predictions.dtype == np.float64
    np.testing.assert_array_equal(found.confidence, found.predictions.max(axis=1))
    assert (found.device, found.precision, found.output, found.calibrated) == ("cpu", "fp32", "classes", False)
    assert found.latency_ns > 0


def test_shapes_and_types_of_one_row_agree() -> None:
    table = rows(3)
    with load(made()) as model:
        whole = model.predict(table).predictions
        assert whole.shape == (3, 3)
        for row in range(3):
            assert model.predict(table[row]).predictions.tobytes() == whole[row : row + 1].tobytes()
        assert model.predict(table.astype(np.float64)).predictions.tobytes() == whole.tobytes()
        assert model.predict(table[:, None, :]).predictions.tobytes() == whole.tobytes()
        assert model.predict(np.asfortranarray(table)).predictions.tobytes() == whole.tobytes()
        wide = np.repeat(table, 2, axis=0)
        assert model.predict(wide[::2]).predictions.tobytes() == whole.tobytes()


def test_an_array_that_is_changed_in_place_gives_a_new_prediction_and_old_ones_stay() -> None:
    row, other = rows(2)
    with load(made()) as model:
        first = model.predict(row)
        kept = first.predictions.copy()
        expected = model.predict(other.copy()).predictions
        model.predict(row)
        row[:] = other
        assert model.predict(row).predictions.tobytes() == expected.tobytes()
        assert first.predictions.tobytes() == kept.tobytes()
        row[2] = np.nan
        with pytest.raises(InvalidArgument, match="row 0: feature 2"):
            model.predict(row)
        row[:] = other
        assert model.predict(row).predictions.tobytes() == expected.tobytes()


def test_many_rows_are_the_same_as_a_few_at_a_time() -> None:
    table = rows(70_000, width=2)
    file = made("linear", names=feature_names()[22:24])
    with load(file) as model:
        whole = model.predict(table).predictions
        parts = np.concatenate([model.predict(part).predictions for part in np.array_split(table, 3)])
        assert whole.tobytes() == parts.tobytes()
        table[69_999, 1] = np.inf
        with pytest.raises(InvalidArgument, match="rows from 65536 on"):
            model.predict(table)


@pytest.mark.parametrize("architecture", ["lstm", "gru", "tcn"])
def test_a_stream_is_its_steps_and_the_last_of_a_sequence(architecture: str) -> None:
    table = rows(12)
    with load(made(architecture), rows=3) as model:
        stream = model.predict(table).predictions
        assert stream.shape == (12, 3)
        stepped = []
        for row in table:
            stepped.append(model.step(1, row).predictions)
            model.advance(1)
        assert np.concatenate(stepped).tobytes() == stream.tobytes()
        model.step(2, table[5])  # another instrument's state is its own
        sequences = model.predict(np.stack((table[:10], table[2:]))).predictions
        assert sequences[0].tobytes() == stream[9].tobytes()
        assert sequences[1].tobytes() != stream[11].tobytes()
        again = model.step(1, table[0]).predictions
        assert again.tobytes() != stream[:1].tobytes()
        model.reset(1)
        assert model.step(1, table[0]).predictions.tobytes() == stream[:1].tobytes()


def test_predictions_while_the_state_warms_up_are_not_calibrated() -> None:
    fitted = Calibration(kind="vector", inverse_temperature=1.5, bias=(0.1, 0.0, -0.1), ece=0.01, log_loss=0.5, rows=10)
    table = rows(4)
    with load(made("gru", warm_up=2, calibration=fitted)) as model:
        assert [model.step(0, row).calibrated for row in table] == [False, False, True, True]
        model.reset(0)
        assert not model.step(0, table[0]).calibrated
        assert not model.predict(table[None, :2]).calibrated
        assert model.predict(table[None, :3]).calibrated
    with load(made(calibration=fitted)) as model, load(made()) as plain:
        found = model.predict(table)
        assert found.calibrated
        scores = np.log(plain.predict(table).predictions) * 1.5 + np.array([0.1, 0.0, -0.1])
        expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found.predictions, expected, atol=1e-6)


def test_a_mean_has_the_confidence_of_its_sign() -> None:
    file = made("linear")
    tensors = dict(file.tensors)
    tensors["head.weight"], tensors["head.bias"] = tensors["head.weight"][:2], np.array([0.5, np.log(2.0)], np.float32)
    tensors["head.weight"] = np.zeros_like(tensors["head.weight"])
    target = Target(kind="return", horizon=5, unit="ticks")
    with load(msgspec.structs.replace(file, tensors=tensors, output=Output(kind="normal", register=2, labels=(), target=target))) as model:
        found = model.predict(rows(1))
    np.testing.assert_allclose(found.predictions, [[0.5, 2.0]], atol=1e-6)
    np.testing.assert_allclose(found.confidence, [0.598706], atol=1e-5)  # of a standard normal up to 0.25
    assert found.output == "normal"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.zeros((3, WIDTH + 1), np.float32), "shape"),
        (np.zeros((0, WIDTH), np.float32), "no row"),
        (np.zeros((2, 0, WIDTH), np.float32), "no row"),
        (np.zeros((1, 1, 1, WIDTH), np.float32), "shape"),
        (np.zeros((), np.float32), "shape"),
        (np.zeros((3, WIDTH), np.int64), "int64"),
        (np.zeros((3, 2, WIDTH), np.float32), "no state"),
        (np.full((1, WIDTH), 1e300), "infinite"),
        ([1.0] * WIDTH, "no features can be computed"),
        ([MarketData("ES", 1.0, 1.0, 1, 1.0, 1.25, 0.25)], "no sizes"),
        (None, "NoneType"),
    ],
)
def test_what_cannot_be_predicted_is_refused(data: Any, text: str) -> None:
    with load(made()) as model:
        expected = model.predict(rows(2)).predictions
        with pytest.raises(InvalidArgument, match=text):
            model.predict(data)
        assert model.predict(rows(2)).predictions.tobytes() == expected.tobytes()


def test_steps_that_cannot_be_done_are_refused_and_leave_the_state() -> None:
    table = rows(3)
    with load(made("lstm"), rows=2) as model:
        expected = model.predict(table).predictions
        model.step(0, table[0])
        for row in (-1, 2, True, 1.0, "0"):
            with pytest.raises(InvalidArgument, match="rows=2"):
                model.step(row, table[0])
            with pytest.raises(InvalidArgument, match="rows=2"):
                model.reset(row)
            with pytest.raises(InvalidArgument, match="rows=2"):
                model.advance(row)
        for features in (table[:1], table[0].astype(np.int32), [0.0] * WIDTH, table[0, :-1]):
            with pytest.raises(InvalidArgument, match="float32 or float64 array of shape"):
                model.step(0, features)
        with pytest.raises(InvalidArgument, match="feature 3"):
            model.step(0, np.where(np.arange(WIDTH) == 3, np.nan, 0.0))
        assert model.step(0, table[1].astype(np.float64)).predictions.tobytes() == expected[1:2].tobytes()


# ---- ticks ---------------------------------------------------------------------------------------------------------------------


def sample_ticks(count: int) -> Ticks:
    tape = open_source(SAMPLE, nt.Config(name="x"))
    rows_of = [
        types.SimpleNamespace(**{name: instrument.row()[name] for name in ("price_decimals", "quantity_decimals", "tick_size", "lot_size")})
        for instrument in tape.instruments.values()
    ]
    for row, (symbol, instrument) in zip(rows_of, tape.instruments.items(), strict=True):
        row.symbol, row.currency = nt_text(symbol), nt_text(instrument.currency)
    return Ticks(np.ascontiguousarray(tape.ticks), count, [Tradable(place, row) for place, row in enumerate(rows_of)])


def nt_text(text: str) -> Any:
    from neural_trader._native import ffi

    return ffi.new("char[]", text.encode())


def test_ticks_are_predicted_by_the_features_that_the_kernel_makes_of_them() -> None:
    ticks = sample_ticks(3000)
    data = read(SAMPLE)
    with load(made()) as model:
        names = model.file.features.names
        found = model.predict(ticks)
        columns = data.features[:, [data.names.index(name) for name in names]]
        columns = columns[np.isfinite(columns).all(axis=1)][: len(found.predictions)]
        assert len(found.predictions) > 100
        # the last reading of a cut tape may come before the end of its time
        assert found.predictions[:-1].tobytes() == model.predict(np.ascontiguousarray(columns)).predictions[:-1].tobytes()
        assert len(model.predict(sample_ticks(2000)).predictions) < len(found.predictions)


def test_ticks_without_the_features_of_the_model_are_refused() -> None:
    ticks = sample_ticks(3000)
    with load(made(names=("spread", "imbalance"))) as model, pytest.raises(InvalidArgument, match="spread, imbalance never is"):
        model.predict(ticks)
    listed = InstrumentScope(scope="listed", symbols=("NQ",))
    with load(made(instruments=listed)) as model, pytest.raises(InvalidArgument, match="is for NQ, not for ES"):
        model.predict(ticks)
    with load(made()) as model, pytest.raises(InvalidArgument, match="0 instruments"):
        model.predict(sample_ticks(0))


# ---- life ----------------------------------------------------------------------------------------------------------------------


def test_a_file_is_loaded_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "mlp.safetensors"
    path.write_bytes(encode_model(made()))
    model = nt.NeuralModel.load(path)
    path.unlink()
    assert repr(model) == "<NeuralModel mlp 1.0.0, fp32>"
    expected = model.predict(rows(2)).predictions
    model.save(tmp_path / "again.safetensors")
    assert [child.name for child in tmp_path.iterdir()] == ["again.safetensors"]
    with nt.NeuralModel.load(tmp_path / "again.safetensors") as again:
        assert again.predict(rows(2)).predictions.tobytes() == expected.tobytes()
    with pytest.raises(SystemFailure, match="cannot be written"):
        model.save(tmp_path / "no" / "model.safetensors")
    model.dispose()


def test_files_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    with pytest.raises(SystemFailure, match=r"none\.safetensors cannot be read"):
        nt.NeuralModel.load(tmp_path / "none.safetensors")
    short = tmp_path / "short.safetensors"
    short.write_bytes(encode_model(made())[:-4])
    with pytest.raises(InvalidArgument, match=r"short\.safetensors"):
        nt.NeuralModel.load(short)
    with pytest.raises(InvalidArgument, match="cut off"):
        nt.NeuralModel.load(b"")


def test_a_disposed_model_says_so() -> None:
    model = load(made())
    model.predict(rows(1))
    model.dispose()
    model.dispose()
    assert repr(model) == "<NeuralModel disposed>"
    for use in (
        lambda: model.predict(rows(1)),
        lambda: model.step(0, rows(1)[0]),
        lambda: model.advance(0),
        lambda: model.reset(0),
        lambda: model.save("never"),
        lambda: model.file,
        lambda: model.train(rows(10), np.zeros(10, int), epochs=1, learning_rate=0.1),
    ):
        with pytest.raises(BadHandle, match="was disposed"):
            use()


def test_a_model_without_weights_says_so() -> None:
    model = nt.NeuralModel()
    for use in (lambda: model.predict(rows(1)), lambda: model.step(0, rows(1)[0]), lambda: model.save("never")):
        with pytest.raises(BadHandle, match="no weights yet"):
            use()
    model.dispose()


@pytest.mark.parametrize("count", [0, -1, 1 << 20, True, 1.5])
def test_rows_have_to_be_a_number_of_instruments(count: Any) -> None:
    with pytest.raises(InvalidArgument, match="number of instruments"):
        load(made(), rows=count)


def test_a_second_thread_is_told_that_the_model_is_busy() -> None:
    table = rows(20_000)
    found: list[BaseException] = []
    done = threading.Event()
    with load(made("lstm")) as model:
        expected = model.predict(table).predictions

        def disturb() -> None:
            while not done.wait(0.0005):
                try:
                    model.predict(table[:5])
                except Busy as error:
                    found.append(error)

        thread = threading.Thread(target=disturb)
        thread.start()
        mine: Any = None
        until_s = time.monotonic() + 30
        try:
            while (not found or mine is None) and time.monotonic() < until_s:
                with contextlib.suppress(Busy):
                    mine = model.predict(table)
        finally:
            done.set()
            thread.join()
        assert mine.predictions.tobytes() == expected.tobytes()
        assert found
        assert "load one for each thread" in str(found[0])
        assert model.predict(table[:5]).predictions.tobytes() == expected[:5].tobytes()


def test_import_of_the_package_does_not_load_models() -> None:
    code = "import sys, neural_trader; print([n for n in sys.modules if n.startswith('neural_trader.models')]); neural_trader.NeuralModel"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
    assert "NeuralModel" in dir(nt)
    assert nt.Prediction is Prediction


# ---- precision -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("precision", "name"), [("bf16", "bfloat16"), ("int8", "int8")])
def test_a_precision_has_to_be_measured_and_near(precision: Any, name: str) -> None:
    file, table = made(), rows(300)
    with pytest.raises(PrecisionRefused, match="`neural-trader model quantize MODEL --precision"):
        load(file, precision=precision)
    near = Deviation(max_dp=0.02, p99_dp=0.005, log_loss_change=0.001, rows=9)
    with load(msgspec.structs.replace(file, deviations={name: near}), precision=precision) as model, load(file) as exact:
        found = model.predict(table)
        assert found.precision == precision
        apart = np.abs(found.predictions - exact.predict(table).predictions).max()
        assert 0 < apart < 0.02
        assert model.step(0, table[0]).predictions.tobytes() == found.predictions[:1].tobytes()
    for change, text in (({"max_dp": 0.0201}, "largest"), ({"p99_dp": 0.0051}, "p99"), ({"log_loss_change": 0.0011}, "1.100 millinats")):
        far = msgspec.structs.replace(near, **change)
        with pytest.raises(PrecisionRefused, match=text):
            load(msgspec.structs.replace(file, deviations={name: far}), precision=precision)


def test_fp16_and_unknown_precisions_and_devices_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="not defined to the bit"):
        load(made(), precision="fp16")
    with pytest.raises(InvalidArgument, match="choose fp32"):
        load(made(), precision="fp8")
    with pytest.raises(InvalidArgument, match="choose cpu, gpu or auto"):
        load(made(), device="tpu")


def test_deviations_are_what_they_say() -> None:
    exact = np.array([[0.5, 0.5], [0.25, 0.75]])
    other = np.array([[0.5, 0.5], [0.20, 0.80]])
    found = deviation_between(exact, other, np.array([0, 1]))
    assert found.max_dp == pytest.approx(0.05)
    assert found.p99_dp == pytest.approx(np.percentile([0, 0, 0.05, 0.05], 99))
    assert found.log_loss_change == pytest.approx((np.log(0.75) - np.log(0.80)) / 2)
    assert found.rows == 2
    assert len(failures(found)) == 2
    assert with_deviation(made(), "int8", found).deviations == {"int8": found}
    for first, second, labels, text in (
        (exact, other[:1], [0, 1], "do not fit"),
        (exact, other, [0, 2], "0 to 1"),
        (exact, other * np.nan, [0, 1], "not finite"),
        (exact, np.array([[0.0, 1.0], [0.2, 0.8]]), [0, 1], "probability 0"),
        (exact[:0], other[:0], [], "do not fit"),
    ):
        with pytest.raises(InvalidArgument, match=text):
            deviation_between(first, second, np.array(labels, np.int64))


# ---- the GPU -------------------------------------------------------------------------------------------------------------------


class Device:
    """A device that computes by the core and says what it was asked; in the place of the module for a GPU."""

    def __init__(self, reason: str | None) -> None:
        self.reason = reason
        self.calls: list[tuple[int, ...]] = []
        self.closed = 0

    def usable(self) -> str | None:
        return self.reason

    def GpuModel(self, file: ModelFile, *, precision: str) -> Any:  # noqa: N802 - as the module's class
        assert precision == "float32"
        inner = load_to_measure(file, "fp32")

        def predict(table: Any) -> Any:
            self.calls.append(table.shape)
            return inner.predict(table).predictions.astype(np.float32)

        def dispose() -> None:
            self.closed += 1
            inner.dispose()

        return types.SimpleNamespace(predict=predict, dispose=dispose)


def put(monkeypatch: pytest.MonkeyPatch, reason: str | None) -> Device:
    device = Device(reason)
    monkeypatch.setitem(sys.modules, "neural_trader.models.gpu", device)  # type: ignore[arg-type]
    return device


def test_without_a_gpu_the_cpu_is_used_only_where_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, "no driver")
    with pytest.raises(DeviceUnavailable, match="no driver"):
        load(made(), device="gpu")
    with load(made(), device="gpu", fallback=True) as model, load(made(), device="auto") as auto:
        assert (model.device, model.gpu_rows) == ("cpu", None)
        assert model.predict(rows(2)).device == auto.predict(rows(2)).device == "cpu"
    monkeypatch.setitem(sys.modules, "neural_trader.models.gpu", None)
    with pytest.raises(DeviceUnavailable, match=r"neural_trader\.models\.gpu"):
        load(made(), device="gpu")


def test_a_gpu_predicts_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    device = put(monkeypatch, None)
    table = rows(5)
    with load(made()) as plain:
        expected = plain.predict(table).predictions
    with load(made(), device="gpu") as model:
        found = model.predict(table)
        assert (found.device, model.device, model.gpu_rows) == ("gpu", "gpu", 1)
        assert found.predictions.tobytes() == expected.tobytes()
        assert device.calls == [(5, 1, WIDTH)]
        assert model.step(0, table[0]).device == "cpu"
        table[3, 1] = np.nan
        with pytest.raises(InvalidArgument, match="row 3"):
            model.predict(table)
    assert device.closed == 1
    with load(made("gru"), device="gpu") as model:  # a stream's state is on the CPU
        table = rows(5)
        found = model.predict(table)
        assert found.device == "cpu"
        last = model.predict(table[None])
        assert last.device == "gpu"
        assert last.predictions.tobytes() == found.predictions[-1:].tobytes()
        table[3, 1] = np.nan
        with pytest.raises(InvalidArgument, match="rows from 3 on"):
            model.predict(table)


def test_auto_takes_the_gpu_from_where_it_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    device = put(monkeypatch, None)
    clock = iter(range(0, 10**9, 10))

    def now_ns() -> int:  # a call of the CPU takes 10, of the GPU 1,010 and from 256 rows on 9
        calls = len(device.calls)
        return next(clock) + (-calls if device.calls[-1][0] >= 256 else 1000 * calls)

    monkeypatch.setattr("neural_trader.models.device.perf_counter_ns", now_ns)
    with load(made(), device="auto") as model:
        assert model.gpu_rows == 256
        assert model.predict(rows(255)).device == "cpu"
        assert model.predict(rows(256)).device == "gpu"


# ---- training ------------------------------------------------------------------------------------------------------------------


def lesson(count: int = 1200) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    table = random.normal(size=(count, WIDTH))
    scores = table @ random.normal(size=(WIDTH, 3)) + random.gumbel(size=(count, 3))
    return table, scores.argmax(axis=1)


def test_training_makes_a_model_that_knows_more_than_the_prior(tmp_path: Path) -> None:
    table, labels = lesson()
    names = feature_names()[:WIDTH]
    model = nt.NeuralModel()
    seen: list[tuple[int, int]] = []
    found = model.train(
        table,
        labels,
        epochs=4,
        learning_rate=0.02,
        architecture="linear",
        names=names,
        horizon=3,
        progress=lambda epoch, batch, loss: seen.append((epoch, batch)),
    )
    assert found["test"]["gain_millinats"] > 100
    assert found["test"]["log_loss"] == pytest.approx(found["test"]["prior_log_loss"] - found["test"]["gain_millinats"] / 1000)
    assert found["rows"] == {"train": 717, "calibrate": 237, "test": 240, "purged": 6}  # three rows before each cut
    assert found["losses"][-1] < found["losses"][0]
    assert seen[-1][0] == found["epochs"] == 4
    prediction = model.predict(table[-200:])
    assert prediction.calibrated
    assert (prediction.predictions.argmax(axis=1) == labels[-200:]).mean() > 0.6
    assert model.file.features.names == names
    model.save(tmp_path / "a")
    again = nt.NeuralModel()
    again.train(table, labels, epochs=4, learning_rate=0.02, architecture="linear", names=names, horizon=3)
    again.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    other = again.train(table, labels, epochs=4, learning_rate=0.02, seed=1, architecture="linear", horizon=3)
    assert other["losses"] != found["losses"]
    assert again.file.features.names == names  # of the model that was there
    model.dispose()
    again.dispose()


def test_a_model_that_is_in_use_is_not_replaced() -> None:
    table, labels = lesson(300)
    with load(made()) as model:
        expected = model.predict(rows(2)).predictions
        cell = model._cells.pop()  # as another thread has it during a call
        for use in (
            lambda: model.train(table, labels, horizon=1, epochs=1, learning_rate=0.01, architecture="linear"),
            model.dispose,
            lambda: model.predict(rows(2)),
            lambda: model.reset(0),
        ):
            with pytest.raises(Busy):
                use()
        model._cells.append(cell)
        assert model.file.name == "mlp"
        assert model.predict(rows(2)).predictions.tobytes() == expected.tobytes()


def test_training_takes_labels_that_know_how_far_they_look() -> None:
    mids = np.cumsum(np.random.default_rng(2).integers(-1, 2, 1500)).astype(np.float64)
    answers = mid_move(mids, np.arange(1500) * 10**9, horizon=4)
    table = np.random.default_rng(3).normal(size=(1500, WIDTH))
    table[:-4, 0] = answers.moves[:-4] + np.random.default_rng(4).normal(size=1496)
    with nt.NeuralModel() as model:
        found = model.train(table, answers, epochs=3, learning_rate=0.02, architecture="gru", names=feature_names()[:WIDTH])
        assert found["test"]["gain_millinats"] > 0
        assert model.file.output.target == Target(kind="mid_move", horizon=4, unit="ticks", dead_band_ticks=0.5)
        assert model.file.state.kind == "stream"
        assert model.file.state.warm_up == found["warm_up"]


@pytest.mark.parametrize(
    ("answers", "target", "names"),
    [
        (next_move(WALK, SECONDS), Target(kind="next_move", horizon=1, unit="ticks"), ("down", "up")),
        (
            triple_barrier(WALK, SECONDS, barrier_ticks=2, horizon=9),
            Target(kind="triple_barrier", horizon=9, unit="ticks", dead_band_ticks=2.0),
            ("down", "flat", "up"),
        ),
        (
            move_in_time(WALK, SECONDS, horizon_ns=5 * 10**9, dead_band_ticks=1),
            Target(kind="return", horizon=5 * 10**9, unit="ns", dead_band_ticks=1.0),
            ("down", "flat", "up"),
        ),
    ],
)
def test_every_kind_of_label_is_learned_and_filed_as_what_it_is(answers: Labels, target: Target, names: tuple[str, ...]) -> None:
    table = np.random.default_rng(3).normal(size=(len(WALK), WIDTH))
    table[:, 0] += np.nan_to_num(answers.moves)
    with nt.NeuralModel() as model:
        found = model.train(table, answers, epochs=3, learning_rate=0.02, architecture="linear", names=feature_names()[:WIDTH])
        assert found["test"]["gain_millinats"] > 50
        file = model.file
    assert (file.output.target, file.output.labels) == (target, names)
    question = Question.of(file.output.target)
    assert question.answers(WALK, SECONDS).labels.tolist() == answers.labels.tolist()
    parts = split(answers, fractions=(0.6, 0.2, 0.2))
    assert file.trained["parts_ns"] == parts.spans_ns(answers)
    assert [span[0] for span in file.trained["parts_ns"]][1:] == list(parts.boundaries_ns)
    came = answers.labels[parts.calibrate]
    assert file.trained["label_counts"] == [int((came == label).sum()) for label in (DOWN, FLAT, UP) if label != FLAT or len(names) == 3]


def test_a_model_of_labels_with_times_is_judged_and_quantized_and_one_of_numbers_is_not() -> None:
    source = open_source(SAMPLE, nt.Config(name="x"))
    data = read(source)
    names = ("return_4", "sign_8", "impact", "run")
    table = data.features[:, [data.names.index(name) for name in names]]
    rows = np.flatnonzero(np.isfinite(table).all(axis=1) & np.isfinite(data.event_mid[data.event]))
    priced = np.isfinite(data.event_mid)
    event = (np.cumsum(priced)[data.event] - 1)[rows]
    answers = mid_move(data.event_mid[priced], data.event_ts[priced], horizon=50).at(event)
    with nt.NeuralModel() as model:
        found = model.train(table[rows], answers, epochs=3, learning_rate=0.02, architecture="linear", names=names)
        judged = evaluate_file(model, source)
        assert judged.metrics["rows"]["test"] == found["rows"]["test"]
        assert judged.metrics["test"]["log_loss"]["value"] == pytest.approx(found["test"]["log_loss"], abs=1e-5)
        assert 0 < model.file.trained["sure"] < 1
        assert measure_precision(model.file, "bf16", source).rows == found["rows"]["calibrate"]
        model.train(table[rows], answers.labels, horizon=50, epochs=1, learning_rate=0.02, architecture="linear", names=names)
        with pytest.raises(NoData, match="or with labels that have times"):
            evaluate_file(model, source)
        with pytest.raises(InvalidArgument, match="or with labels that have times"):
            measure_precision(model.file, "bf16", source)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"features": np.zeros(5)}, InvalidArgument, "rows, features"),
        ({"features": np.full((1200, WIDTH), np.nan)}, InvalidArgument, "not finite"),
        ({"labels": np.zeros((1200, 1), int)}, InvalidArgument, "one a row"),
        ({"labels": np.zeros(1199, int)}, InvalidArgument, "1200 rows of features and 1199 labels"),
        ({"labels": np.zeros(1200, int)}, InvalidArgument, "only label down"),
        ({"labels": np.full(1200, 0.5)}, InvalidArgument, "whole numbers"),
        ({"labels": np.full(1200, 64)}, InvalidArgument, "whole numbers"),
        ({"names": ("spread",)}, InvalidArgument, "1 names"),
        ({"names": None}, InvalidArgument, "40 names"),
        ({"names": tuple("abcdefgh")}, InvalidArgument, "no feature 'a'"),
        ({"horizon": 0}, InvalidArgument, "horizon"),
        ({"labels": mid_move(np.arange(1200.0), np.arange(1200), horizon=2)}, InvalidArgument, "leave horizon out"),
        ({"starts": [99_999]}, InvalidArgument, "ascending row numbers from 0 to 1199"),
        ({"starts": [5, 3]}, InvalidArgument, "ascending row numbers"),
        ({"starts": [1.5]}, InvalidArgument, "ascending row numbers"),
        ({"starts": [-1]}, InvalidArgument, "ascending row numbers"),
        ({"horizon": 900}, NoData, "no rows are left"),
        ({"epochs": 0}, InvalidArgument, "epochs"),
        ({"learning_rate": float("nan")}, InvalidArgument, "learning_rate"),
        ({"architecture": "transformer"}, InvalidArgument, "choose linear"),
        ({"fractions": (0.5, 0.5, 0.5)}, InvalidArgument, "fractions"),
    ],
)
def test_training_that_cannot_be_done_is_refused_and_leaves_the_model(change: dict[str, Any], error: type[Exception], text: str) -> None:
    table, labels = lesson()
    arguments = {
        "features": table,
        "labels": labels,
        "names": feature_names()[:WIDTH],
        "horizon": 1,
        "epochs": 1,
        "learning_rate": 0.01,
    } | change
    with nt.NeuralModel() as model:
        with pytest.raises(error, match=text):
            model.train(arguments.pop("features"), arguments.pop("labels"), **arguments)
        assert repr(model) == "<NeuralModel without weights>"


def test_a_trained_file_reads_as_it_was_written(tmp_path: Path) -> None:
    table, labels = lesson()
    with nt.NeuralModel() as model:
        metrics = model.train(table, labels, horizon=1, epochs=1, learning_rate=0.01, names=feature_names()[:WIDTH])
        model.save(tmp_path / "m")
        file = read_model(tmp_path / "m")
    assert file.trained["metrics"]["test"] == metrics["test"]
    assert file.features.required == ("quote", "size")
    assert neural_model.NeuralModel.load(tmp_path / "m").file.calibration == file.calibration
