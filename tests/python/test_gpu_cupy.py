"""The CUDA device of CuPy, on a CuPy that is the host: what is launched, copied and registered, and which errors become which."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI
from support_cupy import CUDADriverError, CUDARuntimeError, HostCupy, HostNvrtc
from support_gpu import SHIM_CDEF, Reference, bits_differ, build_shim, opened, rich_model

from neural_trader.errors import SystemFailure
from neural_trader.models import gpu as driver
from neural_trader.models.file import encode_model
from neural_trader.models.gpu import GpuFailed, GpuModel, GpuOutOfMemory, GpuUnavailable, open_device, usable
from neural_trader.models.gpu_cupy import CudaDevice, compiled_kernels
from neural_trader.models.gpu_device import COMPILE_OPTIONS
from neural_trader.models.program import PRECISIONS

pytestmark = pytest.mark.xdist_group("gpu")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> tuple[FFI, Any]:
    return opened(SHIM_CDEF, build_shim(tmp_path_factory.mktemp("gpu")))


@pytest.fixture
def cupy(shim: tuple[FFI, Any]) -> HostCupy:
    return HostCupy(shim)


@pytest.fixture
def nvrtc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HostNvrtc:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return HostNvrtc()


@pytest.fixture
def device(cupy: HostCupy, nvrtc: HostNvrtc, monkeypatch: pytest.MonkeyPatch) -> CudaDevice:
    monkeypatch.setattr(CudaDevice, "threads_max", 64)  # fibers cost more than threads
    return CudaDevice(cupy, nvrtc)


def features(count: int, seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *shape, 6)).astype(np.float32)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_graphs_and_the_kernel_that_stays(cupy: HostCupy, device: CudaDevice, precision: str) -> None:
    model = rich_model(6)
    expected = Reference(encode_model(model), precision, 40)
    with GpuModel(model, precision=precision, instruments=40, device=device) as on_device:
        for step in range(3):
            x = features(40, step)
            assert not bits_differ(on_device.step(x), np.array([expected.step(row, x[row], 3) for row in range(40)]))
        rows = np.array([7, 31, 2])
        x = features(3, 9)
        want = [expected.step(int(row), x[at], 3) for at, row in enumerate(rows)]
        assert not bits_differ(on_device.step(x, rows), np.array(want))
        sequences = features(11, 4, 5)
        for _ in range(2):
            assert not bits_differ(on_device.predict(sequences), expected.predict(sequences, 3))
        on_device.reset(31)
        expected.reset(31)
        kept = on_device.states()
        on_device.step(x)
        on_device.restore(kept)
        for _ in range(2):
            with on_device.serve() as server:
                assert len(cupy.registered) == 1
                for at in range(6):
                    row, one = (31, 2, 5)[at % 3], x[at % 3]
                    assert not bits_differ(server.step(row, one), expected.step(row, one, 3))
            assert cupy.registered == {}
        on_device.reset()
        for row in range(3):
            expected.reset(row)
        assert not bits_differ(on_device.step(x), np.array([expected.step(row, x[row], 3) for row in range(3)]))
    assert cupy.streams == []


def options(architecture: str, precision: int) -> tuple[str, ...]:
    return (f"--gpu-architecture={architecture}", *COMPILE_OPTIONS, f"-DNT_PRECISION={precision}")


def test_kernels_are_compiled_once_and_kept(cupy: HostCupy, nvrtc: HostNvrtc, device: CudaDevice, tmp_path: Path) -> None:
    for precision in ("int8", "int8", "float32"):
        GpuModel(rich_model(1), precision=precision, device=device).dispose()
    assert nvrtc.compiled == [options("sm_90", 3), options("sm_90", 1)]
    assert nvrtc.open == set()
    another = CudaDevice(cupy, nvrtc)
    GpuModel(rich_model(1), precision="int8", device=another).dispose()
    assert len(nvrtc.compiled) == 2
    cupy.attributes |= {"major": 8, "minor": 6}
    GpuModel(rich_model(1), precision="int8", device=CudaDevice(cupy, nvrtc)).dispose()
    assert nvrtc.compiled[2:] == [options("sm_86", 3)]
    files = sorted((tmp_path / "neural-trader/kernels").iterdir())
    assert [file.suffix for file in files] == [".cubin", ".sha256"] * 3


def test_a_kept_file_that_is_not_whole_is_made_again(nvrtc: HostNvrtc) -> None:
    file = compiled_kernels(nvrtc, "sm_90", 2)
    whole = file.read_bytes()
    for spoil in (lambda: file.write_bytes(whole[:-1]), file.unlink, file.with_suffix(".sha256").unlink):
        assert compiled_kernels(nvrtc, "sm_90", 2) == file
        before = len(nvrtc.compiled)
        spoil()
        assert compiled_kernels(nvrtc, "sm_90", 2).read_bytes() == whole
        assert len(nvrtc.compiled) == before + 1


def test_kernels_that_cannot_be_kept(cupy: HostCupy, nvrtc: HostNvrtc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "neural-trader").write_text("a file where a directory should be")
    with pytest.raises(SystemFailure, match=r"\.cubin cannot be written"):
        compiled_kernels(nvrtc, "sm_90", 1)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy_backends.cuda.libs.nvrtc", nvrtc)
    monkeypatch.setattr(driver, "_device", None)
    assert "cannot be written" in (usable() or "")


def test_the_real_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    real = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", reason="CuPy comes with the extra gpu, for machines with a GPU")
    assert compiled_kernels(real, "sm_90", 3).read_bytes().startswith(b"\x7fELF")
    with pytest.raises(GpuUnavailable, match="cannot be compiled"):
        compiled_kernels(real, "sm_1", 3)


def test_what_is_read_of_the_device(cupy: HostCupy, nvrtc: HostNvrtc) -> None:
    device = CudaDevice(cupy, nvrtc)
    assert (device.description, device.multiprocessors, device.shared_bytes_max) == ("Host", 4, 232_448)
    cupy.attributes["major"] = 7
    with pytest.raises(GpuUnavailable, match="compute capability"):
        CudaDevice(cupy, nvrtc)


def test_kernels_that_do_not_compile(nvrtc: HostNvrtc, device: CudaDevice) -> None:
    nvrtc.failing = True
    with pytest.raises(GpuUnavailable, match="cannot be compiled: NVRTC_ERROR_COMPILATION: in line 3"):
        GpuModel(rich_model(1), device=device)
    assert nvrtc.open == set()
    nvrtc.absent = True
    with pytest.raises(GpuUnavailable, match="no NVRTC to compile the kernels with: CuPy failed to load"):
        GpuModel(rich_model(1), device=device)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access was encountered"), GpuFailed),
        (CUDADriverError("CUDA_ERROR_LAUNCH_FAILED"), GpuFailed),
        (CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"), GpuOutOfMemory),
    ],
)
@pytest.mark.parametrize("where", ["launch", "synchronize"])
def test_errors_of_a_launch(cupy: HostCupy, device: CudaDevice, where: str, error: Exception, kind: type[Exception]) -> None:
    with GpuModel(rich_model(1), instruments=2, device=device) as model:
        model.step(features(2, 1))
        cupy.failing[where] = error
        with pytest.raises(kind, match=str(error).split(":", maxsplit=1)[0]):
            model.step(features(2, 1))


def test_no_room(cupy: HostCupy, device: CudaDevice) -> None:
    with GpuModel(rich_model(1), instruments=2, device=device) as model:
        cupy.room = 100
        with pytest.raises(GpuOutOfMemory, match="Out of memory allocating"):
            model.step(features(2, 1))
        cupy.room = 1 << 20
        assert model.step(features(2, 1)).shape == (2, 3)


def test_a_kernel_that_is_ended(cupy: HostCupy, device: CudaDevice) -> None:
    model = GpuModel(rich_model(1), instruments=2, device=device)
    server = model.serve(idle_seconds=0.05)
    server._sequence = 77  # so that the kernel waits for another request
    cupy.failing["done"] = CUDARuntimeError("cudaErrorLaunchFailure: unspecified launch failure")
    with pytest.raises(GpuFailed, match="unspecified launch failure"):
        server.step(0, features(1, 1)[0])
    address = server.mailbox.words.ctypes.data
    for thread in device.server_stream.threads:
        thread.join()
    del server, model
    gc.collect()
    assert address in cupy.registered  # what is registered stays mapped


def test_the_device_is_opened_once_and_checked(cupy: HostCupy, nvrtc: HostNvrtc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy_backends.cuda.libs.nvrtc", nvrtc)
    monkeypatch.setattr(driver, "_device", None)
    monkeypatch.setattr(CudaDevice, "threads_max", 64)
    assert usable() is None
    assert open_device() is open_device()
    assert nvrtc.compiled == [options("sm_90", 1)]
    with GpuModel(rich_model(1)) as model:
        assert model.device is open_device()


def test_a_driver_that_fails_at_the_start(cupy: HostCupy, nvrtc: HostNvrtc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setitem(sys.modules, "cupy_backends.cuda.libs.nvrtc", nvrtc)
    monkeypatch.setattr(driver, "_device", None)
    cupy.failing["synchronize"] = CUDARuntimeError("cudaErrorDevicesUnavailable: busy")
    assert usable() == "the GPU failed: cudaErrorDevicesUnavailable: busy"
    cupy.cuda.is_available = lambda: False
    with pytest.raises(GpuUnavailable, match="no driver or no device"):
        open_device()
