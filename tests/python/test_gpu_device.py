"""Models on a GPU that is there: `make test-gpu`. The same comparisons as on the host, and what only a device can show."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from support_gpu import Builder, Reference, bits_differ, denormal_model, rich_model

from neural_trader.errors import InvalidArgument
from neural_trader.models.file import ModelFile, encode_model
from neural_trader.models.gpu import GpuModel, GpuOutOfMemory, open_device, usable
from neural_trader.models.gpu_device import Device
from neural_trader.models.program import PRECISIONS

pytestmark = [pytest.mark.gpu, pytest.mark.xdist_group("gpu_device"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def device() -> Device:
    reason = usable()
    if reason is not None:
        pytest.skip(reason)
    return open_device()


def lstm() -> ModelFile:
    make = Builder(2, 40)
    return make.model(make.dense(make.recurrent("lstm", make.recurrent("lstm", make.dense(1, 100, "tanh"), 100), 100), 3))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("which", ["rich", "lstm"])
def test_many_instruments(device: Device, which: str, precision: str) -> None:
    model, instruments = (rich_model(1) if which == "rich" else lstm()), 3000
    random = np.random.default_rng(4)
    expected = Reference(encode_model(model), precision, instruments)
    with GpuModel(model, precision=precision, instruments=instruments, device=device) as on_device:
        outputs, width = on_device.program.outputs, on_device.program.features
        for count in (1, 7, 8, 100, 1057, instruments, instruments):
            rows = np.sort(random.permutation(instruments)[:count])
            features = random.normal(size=(count, width)).astype(np.float32)
            bad = int(random.integers(count))
            features[bad, 0] = np.nan
            with pytest.raises(InvalidArgument, match="1 rows of features"):
                on_device.step(features, rows)
            for at, row in enumerate(rows):
                expected.step(int(row), features[at], outputs)
            features = random.normal(size=(count, width)).astype(np.float32)
            want = np.array([expected.step(int(row), features[at], outputs) for at, row in enumerate(rows)])
            assert not bits_differ(on_device.step(features, rows), want)
        sequences = random.normal(size=(333, 20, width)).astype(np.float32)
        for _ in range(2):
            assert not bits_differ(on_device.predict(sequences), expected.predict(sequences, outputs))


def test_denormals_are_numbers(device: Device) -> None:
    model, inputs = denormal_model(), np.random.default_rng(1).normal(size=(9, 1, 6)).astype(np.float32)
    with GpuModel(model, device=device) as on_device:
        assert not bits_differ(on_device.predict(inputs), Reference(encode_model(model), "float32").predict(inputs, 2))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("which", ["rich", "lstm"])
def test_the_kernel_that_stays(device: Device, which: str, precision: str) -> None:
    model = rich_model(2) if which == "rich" else lstm()
    random = np.random.default_rng(5)
    expected = Reference(encode_model(model), precision, 3)
    with GpuModel(model, precision=precision, instruments=3, device=device) as on_device:
        for _ in range(2):
            features = random.normal(size=(3, on_device.program.features)).astype(np.float32)
            want = np.array([expected.step(row, features[row], on_device.program.outputs) for row in range(3)])
            assert not bits_differ(on_device.step(features), want)
            with on_device.serve() as server:
                for at in range(2000):
                    row, one = at % 3, random.normal(size=on_device.program.features).astype(np.float32)
                    assert not bits_differ(server.step(row, one), expected.step(row, one, on_device.program.outputs))
                assert server.starts == 1


def test_an_idle_kernel_leaves_and_comes_back(device: Device) -> None:
    with GpuModel(rich_model(3), instruments=1, device=device) as model, model.serve(idle_seconds=0.05) as server:
        for at in range(3):
            server.step(0, np.full(6, at, np.float32))
            deadline = time.monotonic() + 10
            while server.mailbox.left != 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert server.mailbox.left == 2
        assert server.starts == 3


def test_no_room(device: Device) -> None:
    model = GpuModel(rich_model(3), instruments=2, device=device)
    first = model.step(np.ones((2, 6), np.float32))
    with pytest.raises(GpuOutOfMemory):
        device.buffer(1 << 40)
    model.reset()
    assert not bits_differ(model.step(np.ones((2, 6), np.float32)), first)
    model.dispose()


def test_a_process_that_forgets_its_server_ends(device: Device) -> None:
    del device
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
from support_gpu import rich_model
from neural_trader.models.gpu import GpuModel
server = GpuModel(rich_model(1)).serve(idle_seconds=3600)
print(server.step(0, np.ones(6, np.float32)).size)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
