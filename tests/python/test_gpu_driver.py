"""Models on a GPU as callers see them, on a device that is the host: the kernels are the real ones."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI
from support_gpu import (
    SHIM_CDEF,
    Builder,
    HostDevice,
    Reference,
    bits_differ,
    build_shim,
    opened,
    rich_model,
)

from neural_trader.errors import InvalidArgument, MissingExtra, StateError
from neural_trader.models import gpu as driver
from neural_trader.models import gpu_device
from neural_trader.models.file import ModelFile, encode_model
from neural_trader.models.gpu import (
    CALLS_KEPT,
    GpuFailed,
    GpuModel,
    GpuOutOfMemory,
    GpuUnavailable,
    check_device,
    load_crossover,
    measure_crossover,
    usable,
)
from neural_trader.models.gpu_device import Mailbox, following, kernel_source
from neural_trader.models.program import PRECISIONS

pytestmark = pytest.mark.xdist_group("gpu")

Built = tuple[FFI, Any]


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return opened(SHIM_CDEF, build_shim(tmp_path_factory.mktemp("gpu")))


@pytest.fixture
def device(shim: Built) -> HostDevice:
    return HostDevice(shim)


def batch(count: int, seed: int = 1, *, steps: int | None = None, features: int = 6) -> Any:
    shape = (count, features) if steps is None else (count, steps, features)
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def stateless() -> ModelFile:
    make = Builder(3, 6)
    return make.model(make.dense(make.dense(1, 20, "relu"), 3))


# ---- results -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", PRECISIONS)
def test_steps_predictions_and_resets(device: HostDevice, precision: str) -> None:
    model, instruments = rich_model(1), 90
    expected = Reference(encode_model(model), precision, instruments)
    with GpuModel(model, precision=precision, instruments=instruments, device=device) as on_device:
        assert on_device.precision == precision
        assert device.prepared == {PRECISIONS.index(precision) + 1}
        outputs = on_device.program.outputs
        for step in range(3):
            features = batch(instruments, step)
            want = np.array([expected.step(row, features[row], outputs) for row in range(instruments)])
            assert not bits_differ(on_device.step(features), want)
        rows = np.array([70, 3, 12])
        features = batch(3, 9)
        want = np.array([expected.step(int(row), features[at], outputs) for at, row in enumerate(rows)])
        assert not bits_differ(on_device.step(features, rows), want)
        on_device.reset(3)
        expected.reset(3)
        want = np.array([expected.step(int(row), features[at], outputs) for at, row in enumerate(rows)])
        assert not bits_differ(on_device.step(features, rows), want)
        sequences = batch(5, 4, steps=7)
        for _ in range(2):
            assert not bits_differ(on_device.predict(sequences), expected.predict(sequences, outputs))
        many = batch(40, 5, steps=2)
        assert not bits_differ(on_device.predict(many), expected.predict(many, outputs))
        assert not bits_differ(on_device.predict(sequences), expected.predict(sequences, outputs))
        on_device.reset()
        for row in range(instruments):
            expected.reset(row)
        features = batch(instruments, 11)
        want = np.array([expected.step(row, features[row], outputs) for row in range(instruments)])
        assert not bits_differ(on_device.step(features), want)


def test_results_belong_to_the_caller(device: HostDevice) -> None:
    with GpuModel(stateless(), instruments=2, device=device) as model:
        first = model.step(batch(2, 1))
        kept = first.copy()
        second = model.step(batch(2, 2))
        assert not bits_differ(first, kept)
        assert bits_differ(first, second)


def test_states_are_kept_and_put_back(device: HostDevice) -> None:
    with GpuModel(rich_model(1), instruments=4, device=device) as model:
        model.step(batch(4, 1))
        kept = model.states()
        second = model.step(batch(4, 2))
        assert bits_differ(kept, model.states())
        model.restore(kept)
        assert not bits_differ(model.step(batch(4, 2)), second)
        for wrong in (kept[:, :2], kept.astype(np.int64)):
            with pytest.raises(InvalidArgument, match="states must be uint32"):
                model.restore(wrong)


def test_calls_are_made_once_for_each_size_and_the_oldest_go(device: HostDevice) -> None:
    with GpuModel(stateless(), instruments=20, device=device) as model:
        for count in (3, 4, 3, 4, 3):
            model.step(batch(count))
        assert device.runners == 2
        for count in range(1, CALLS_KEPT + 3):
            model.step(batch(count))
        before = device.runners
        model.step(batch(CALLS_KEPT + 2))
        assert device.runners == before
        model.step(batch(1))
        assert device.runners == before + 1


def test_tiles_give_each_multiprocessor_about_the_same(device: HostDevice) -> None:
    with GpuModel(stateless(), instruments=1000, device=device) as model:
        found = {}
        for count in (1, 8, 24, 25, 96, 1000):
            grid, placed = model._tile(count)
            found[count] = (grid, placed.placement.lanes)
        assert found == {1: (1, 8), 8: (1, 8), 24: (3, 8), 25: (2, 16), 96: (3, 32), 1000: (3, 16)}


def test_narrow_shared_memory_takes_small_tiles_or_none(shim: Built) -> None:
    make = Builder(1, 6)
    model = make.model(make.dense(make.dense(1, 300), 3))
    expected = Reference(encode_model(model), "float32", 1)
    inputs = batch(200, steps=1)
    for room, lanes in ((160_000, 32), (21_000, 16), (11_000, 8)):
        with GpuModel(model, instruments=1, device=HostDevice(shim, shared_bytes=room)) as on_device:
            assert on_device._tile(96)[1].placement.lanes == lanes
            assert not bits_differ(on_device.predict(inputs), expected.predict(inputs, 3))
    with (
        GpuModel(model, instruments=1, device=HostDevice(shim, shared_bytes=5_000)) as on_device,
        pytest.raises(InvalidArgument, match="bytes of shared memory, and a block has 5000"),
    ):
        on_device.predict(inputs)


# ---- what is refused -----------------------------------------------------------------------------------------------------------


def test_features_that_are_not_finite_leave_their_instruments_alone(device: HostDevice) -> None:
    model = rich_model(2)
    expected = Reference(encode_model(model), "float32", 5)
    with GpuModel(model, instruments=5, device=device) as on_device:
        features = batch(4)
        features[2, 1] = np.nan
        with pytest.raises(InvalidArgument, match=r"1 rows of features .* first at 2 \(instrument 0\)") as caught:
            on_device.step(features, [4, 1, 0, 3])
        assert caught.value.observed == 2
        for at, row in enumerate([4, 1, 0, 3]):
            expected.step(row, features[at], 3)
        features = batch(5, 8)
        want = np.array([expected.step(row, features[row], 3) for row in range(5)])
        assert not bits_differ(on_device.step(features), want)
        sequences = batch(3, steps=4)
        sequences[1, 2, 0] = np.inf
        with pytest.raises(InvalidArgument, match="1 rows of inputs"):
            on_device.predict(sequences)


@pytest.mark.parametrize(
    ("features", "rows", "text"),
    [
        (np.zeros((2, 6)), None, "must be float32"),
        (np.zeros((2, 5), np.float32), None, "must be float32 of shape"),
        (np.zeros(6, np.float32), None, "must be float32 of shape"),
        (np.zeros((0, 6), np.float32), None, "at least 1 step"),
        (np.zeros((4, 6), np.float32), None, "4 rows of features for 3 instruments"),
        (np.zeros((2, 6), np.float32), [1], "rows must be 2 integers"),
        (np.zeros((2, 6), np.float32), [0.0, 1.0], "rows must be 2 integers"),
        (np.zeros((2, 6), np.float32), [1, 1], "different integers from 0 to 2"),
        (np.zeros((2, 6), np.float32), [-1, 1], "different integers from 0 to 2"),
        (np.zeros((2, 6), np.float32), [0, 3], "different integers from 0 to 2"),
    ],
)
def test_arguments_of_step(device: HostDevice, features: Any, rows: Any, text: str) -> None:
    with GpuModel(rich_model(1), instruments=3, device=device) as model:
        before = model.states()
        with pytest.raises(InvalidArgument, match=text):
            model.step(features, rows)
        assert not bits_differ(model.states(), before)


def test_arguments_of_predict_reset_and_serve(device: HostDevice) -> None:
    with GpuModel(stateless(), instruments=3, device=device) as model:
        with pytest.raises(InvalidArgument, match="has no state, so a sequence has 1 step, not 2"):
            model.predict(batch(2, steps=2))
        with pytest.raises(InvalidArgument, match=r"\(count, steps, 6\)"):
            model.predict(batch(2))
        for row in (-1, 3):
            with pytest.raises(InvalidArgument, match="there are 3 instruments"):
                model.reset(row)
        for wrong in ({"idle_seconds": 0.0}, {"patience_seconds": float("nan")}):
            with pytest.raises(InvalidArgument, match="greater than 0"):
                model.serve(**wrong)


@pytest.mark.parametrize("instruments", [0, -1, True, 1.0, 2**20 + 1])
def test_numbers_of_instruments_that_are_refused(device: HostDevice, instruments: Any) -> None:
    with pytest.raises(InvalidArgument, match="instruments is"):
        GpuModel(stateless(), instruments=instruments, device=device)


def test_a_disposed_model(device: HostDevice) -> None:
    model = GpuModel(stateless(), device=device)
    model.dispose()
    model.dispose()
    for use in (lambda: model.step(batch(1)), lambda: model.predict(batch(1, steps=1)), model.reset, model.states, model.serve):
        with pytest.raises(StateError, match="disposed"):
            use()


def test_no_room_on_the_device(shim: Built) -> None:
    device = HostDevice(shim, room=500)
    with pytest.raises(GpuOutOfMemory, match="out of memory"):
        GpuModel(rich_model(1), instruments=100, device=device)
    device.room = 1 << 20
    with GpuModel(rich_model(1), instruments=2, device=device) as model:
        model.step(batch(2, 1))
        before = model.states()
        device.room = 100
        with pytest.raises(GpuOutOfMemory):
            model.predict(batch(50, steps=2))
        assert not bits_differ(model.states(), before)
        device.room = 1 << 20
        assert model.predict(batch(50, steps=2)).shape == (50, 3)


def test_a_launch_that_fails(device: HostDevice) -> None:
    with GpuModel(rich_model(1), instruments=2, device=device) as model:
        features = batch(2)
        kept = features.copy()
        device.broken = True
        with pytest.raises(GpuFailed, match="broken"):
            model.step(features)
        with pytest.raises(GpuFailed, match="broken"):
            model.serve()
        assert not bits_differ(features, kept)
        device.broken = False
        assert model.step(features).shape == (2, 3)


# ---- the kernel that stays -----------------------------------------------------------------------------------------------------


def test_a_server_and_launches_in_turn(device: HostDevice) -> None:
    model = rich_model(4)
    expected = Reference(encode_model(model), "bfloat16", 3)
    with GpuModel(model, precision="bfloat16", instruments=3, device=device) as on_device:
        for part in range(2):
            features = batch(3, part)
            on_device.step(features)
            for row in range(3):
                expected.step(row, features[row], 3)
            with on_device.serve() as server:
                assert device.shared == {server.mailbox.words.ctypes.data}
                for use in (lambda: on_device.step(batch(3)), on_device.reset, on_device.serve):
                    with pytest.raises(StateError, match="stop its server first"):
                        use()
                for at in range(4):
                    found = server.step(at % 3, features[at % 3] * np.float32(0.5))
                    assert not bits_differ(found, expected.step(at % 3, features[at % 3] * np.float32(0.5), 3))
            assert device.shared == set()
            server.stop()
            with pytest.raises(StateError, match="is stopped"):
                server.step(0, features[0])


def test_a_request_after_an_idle_time_starts_the_kernel_again(device: HostDevice) -> None:
    model = rich_model(5)
    expected = Reference(encode_model(model), "float32", 2)
    with GpuModel(model, instruments=2, device=device) as on_device, on_device.serve(idle_seconds=0.02) as server:
        for at in range(3):
            features = batch(1, at)[0]
            assert not bits_differ(server.step(1, features), expected.step(1, features, 3))
            deadline = time.monotonic() + 20
            while server.mailbox.left != 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert server.mailbox.left == 2
        assert server.starts == 3


def test_arguments_of_a_server(device: HostDevice) -> None:
    with GpuModel(rich_model(1), instruments=2, device=device) as model, model.serve() as server:
        for row in (-1, 2):
            with pytest.raises(InvalidArgument, match="there are 2 instruments"):
                server.step(row, np.zeros(6, np.float32))
        for wrong in (np.zeros(6), np.zeros(5, np.float32), np.zeros((1, 6), np.float32)):
            with pytest.raises(InvalidArgument, match=r"float32 of shape \(6,\)"):
                server.step(0, wrong)
        with pytest.raises(InvalidArgument, match="instrument 1 was left as it was"):
            server.step(1, np.full(6, np.nan, np.float32))


def test_a_kernel_that_is_ended_while_it_serves(device: HostDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    model = GpuModel(rich_model(1), instruments=2, device=device)
    server = model.serve()
    running = server._running
    assert running is not None
    # What the device leaves when it ends a kernel: the launch is over, and the mailbox has no word of it.
    server.mailbox.stop()
    deadline = time.monotonic() + 20
    while not running.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    server.mailbox.restart()
    with pytest.raises(GpuFailed, match="was ended while it served"):
        server.step(0, batch(1)[0])
    assert model.step(batch(2)).shape == (2, 3)  # the server is gone, the model is not
    model.dispose()


def test_a_kernel_that_does_not_answer(device: HostDevice) -> None:
    with GpuModel(rich_model(1), instruments=2, device=device) as model:
        server = model.serve(patience_seconds=0.05)
        running = server._running
        server._sequence = 77  # so that the kernel waits for another request
        with pytest.raises(GpuFailed, match="does not answer"):
            server.step(0, batch(1)[0])
        server.mailbox.stop()
        assert running is not None
        deadline = time.monotonic() + 20
        while not running.done() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert running.done()


def test_a_kernel_that_does_not_leave(device: HostDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    model = GpuModel(rich_model(1), instruments=2, device=device)
    server = model.serve(patience_seconds=0.05)
    running, stop = server._running, server.mailbox.stop
    monkeypatch.setattr(server.mailbox, "stop", lambda: None)
    with pytest.raises(GpuFailed, match="does not leave; end this process"):
        model.dispose()
    with pytest.raises(StateError, match="disposed"):
        model.reset()
    stop()
    assert running is not None
    deadline = time.monotonic() + 20
    while not running.done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert running.done()


def test_threads_of_the_kernel_that_stays(shim: Built) -> None:
    make = Builder(1, 33)
    small = make.model(make.dense(1, 3))
    make = Builder(1, 6)
    large = make.model(make.dense(make.recurrent("gru", 1, 90), 3))
    for model, threads in ((small, 64), (large, 96)):
        with GpuModel(model, device=HostDevice(shim, threads=512)) as on_device, on_device.serve() as server:
            assert server._call.threads == threads
            assert server.step(0, np.zeros(on_device.program.features, np.float32)).shape == (3,)


def test_disposing_stops_the_server(device: HostDevice) -> None:
    model = GpuModel(rich_model(1), device=device)
    server = model.serve(idle_seconds=600)
    model.dispose()
    assert server.mailbox.left == 1
    assert device.shared == set()


def test_a_process_that_forgets_its_server_ends(tmp_path: Path) -> None:
    program = f"""
import atexit, sys
atexit.register(lambda: print("left", server.mailbox.left, flush=True))  # what is registered first comes last
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from support_gpu import HostDevice, SHIM_CDEF, build_shim, opened, rich_model
from neural_trader.models.gpu import GpuModel
model = GpuModel(rich_model(1), device=HostDevice(opened(SHIM_CDEF, build_shim(Path({str(tmp_path)!r})))))
server = model.serve(idle_seconds=3600)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "left 1\n", done.stderr


def test_sequences_and_mailboxes() -> None:
    assert [following(each) for each in (0, 1, 0xFFFFFFFE, 0xFFFFFFFF)] == [1, 2, 0xFFFFFFFF, 1]
    mailbox = Mailbox(9, 2, 5)
    mailbox.post(3, 8, np.arange(9, dtype=np.float32))
    assert mailbox.words[8] == 3 << 32 | 8
    assert mailbox.words[9 + 1] == 3 << 32 | 0x3F800000
    assert mailbox.answer(3) is None
    mailbox.words[24] = 3 << 32 | 1
    assert mailbox.answer(3) is None  # its outputs are not there yet
    mailbox.words[25] = mailbox.words[26] = 3 << 32 | 0x40000000
    finite, outputs = mailbox.answer(3) or (False, np.zeros(0))
    assert finite
    assert outputs.tolist() == [2.0, 2.0]
    mailbox.words[24] = 4 << 32
    assert mailbox.answer(3) is None
    assert (mailbox.answer(4) or (True,))[0] is False


# ---- which device --------------------------------------------------------------------------------------------------------------


def test_without_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setattr(driver, "_device", None)
    monkeypatch.setenv("CUDA_MODULE_LOADING", "EAGER")
    with pytest.raises(MissingExtra, match=r"neural-trader\[gpu\]"):
        GpuModel(stateless())
    reason = usable()
    assert reason is not None
    assert "gpu" in reason


def test_with_cupy_and_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    cupy = pytest.importorskip("cupy", reason="CuPy comes with the extra gpu, for machines with a GPU")
    if cupy.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.setattr(driver, "_device", None)
    with pytest.raises(GpuUnavailable, match="no driver or no device"):
        GpuModel(stateless())


def test_nothing_imports_cupy_before_it_is_asked_for() -> None:
    code = "import sys, neural_trader.models.gpu; print('cupy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_device_is_checked_before_it_is_used(device: HostDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    check_device(device)
    assert device.runs == 1
    write = device.write

    def faulty(buffer: Any, words: Any) -> None:
        write(buffer, np.where(words == 0x40000000, np.uint32(0x40000001), words))

    monkeypatch.setattr(device, "write", faulty)
    with pytest.raises(GpuUnavailable, match=r"where \[2.25, 1.0\] is right"):
        check_device(device)


def test_the_source_is_one_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = kernel_source()
    assert '#include "model_math.h"' not in text
    assert "nt_gelu(nt_lanes x)" in text
    monkeypatch.setattr(gpu_device, "__file__", str(tmp_path / "neural_trader/models/gpu_device.py"))
    with pytest.raises(GpuUnavailable, match="not installed"):
        kernel_source()


# ---- GPU or CPU ----------------------------------------------------------------------------------------------------------------


def test_a_crossover_is_measured_and_kept(device: HostDevice, tmp_path: Path) -> None:
    store = tmp_path / "crossover.json"
    with GpuModel(rich_model(1), precision="int8", instruments=6, device=device) as model:
        model.step(batch(6))
        before = model.states()
        slow = measure_crossover(model, lambda _: time.sleep(0.05), store=store, repeats=3)
        assert not bits_differ(model.states(), before)
        assert list(slow.gpu_seconds) == [1, 2, 4, 6]
        assert slow.instruments == 1
        assert slow.cpu_seconds > 0.04
        assert load_crossover(store, "host shim", "int8") == slow
        fast = measure_crossover(model, lambda _: None, repeats=3)
        assert fast.instruments == 0
    assert load_crossover(store, "another", "int8") is None
    assert load_crossover(store, "host shim", "float32") is None
    assert load_crossover(tmp_path / "absent.json", "host shim", "int8") is None
    for text in ("{", "[]", json.dumps({**json.loads(store.read_text()), "gpu_seconds": 3}), '{"device": 1}'):
        store.write_text(text)
        assert load_crossover(store, "host shim", "int8") is None


def test_the_benchmark_compares_and_tells(shim: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    benchmark, harness = importlib.import_module("gpu"), importlib.import_module("harness")
    bench = harness.Bench(quick=True)
    device = HostDevice(shim, threads=128, shared_bytes=227 * 1024)
    benchmark.measure_on(bench, device, instruments=9, runs=2, requests=20)
    assert set(bench.figures["gpu"]) == {"device", "date", "batch", "lstm_a", "ping_pong"}
    assert set(bench.figures["gpu"]["batch"]) == set(bench.figures["gpu"]["lstm_a"]) == set(PRECISIONS)
    assert bench.figures["gpu"]["lstm_a"]["int8"]["isolated"]["requests"] == 20
    assert all("STAC-ML-shaped, unaudited" in row.what for row in bench.rows if "LSTM_A" in row.what)
    library = benchmark.build()

    class Changed(benchmark.Baseline):
        def step(self, features: Any) -> Any:
            seconds, outputs = super().step(features)
            return seconds, np.nextafter(outputs, np.float32(9))

    monkeypatch.setattr(benchmark, "Baseline", Changed)
    with pytest.raises(harness.BenchmarkError, match="the GPU's results are not those of the CPU"):
        benchmark._batches(bench, device, library, 2, 1)
    monkeypatch.setattr(benchmark, "usable", lambda: "because")
    bench = harness.Bench(quick=True)
    benchmark.measure(bench)
    assert bench.figures == {"gpu": None, "gpu_reason": "because"}
    assert bench.rows[0].note == "not measured: because"
