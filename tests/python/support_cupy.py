"""CuPy's part that neural_trader.models.gpu_cupy uses, on the host: buffers are arrays, kernels are those of the shim.

Arguments of a launch are checked against the kernels' signatures, copies against the memory that exists, and captured work runs when its
graph is launched.
"""

from __future__ import annotations

import ctypes
import mmap
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from cffi import FFI

from neural_trader.models.program import PRECISIONS

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2


class OutOfMemoryError(MemoryError):
    pass


class CUDARuntimeError(RuntimeError):
    pass


class CUDADriverError(RuntimeError):
    pass


class HostNvrtc:
    """The module cupy_backends.cuda.libs.nvrtc; its machine code says what it was made from."""

    class NVRTCError(RuntimeError):
        pass

    def __init__(self) -> None:
        self.compiled: list[tuple[str, ...]] = []
        self.open: set[str] = set()
        self.failing = self.absent = False

    def getVersion(self) -> tuple[int, int]:  # noqa: N802 - CuPy's name, as all of these
        if self.absent:
            raise RuntimeError("CuPy failed to load libnvrtc.so.13")
        return 13, 0

    def createProgram(self, source: str, name: str, headers: tuple[str, ...], includes: tuple[str, ...]) -> str:  # noqa: N802
        assert (name, headers, includes) == ("program.cu", (), ())
        self.open.add(source)
        return source

    def compileProgram(self, program: str, options: tuple[str, ...]) -> None:  # noqa: N802
        self.compiled.append(options)
        if self.failing:
            raise self.NVRTCError("NVRTC_ERROR_COMPILATION")

    def getCUBIN(self, program: str) -> bytes:  # noqa: N802
        return f"{len(program)} {' '.join(self.compiled[-1])}".encode()

    def getProgramLog(self, program: str) -> str:  # noqa: N802
        return f"in line 3 of {len(program)} characters"

    def destroyProgram(self, program: str) -> None:  # noqa: N802
        self.open.remove(program)


class Buffer(np.ndarray[Any, Any]):
    """Memory of the device."""

    @property
    def data(self) -> Any:
        return SimpleNamespace(ptr=self.ctypes.data)

    def set(self, values: Any) -> None:
        assert values.dtype == self.dtype
        assert values.shape == self.shape
        self[...] = values

    def get(self) -> Any:
        return np.array(self)


class Pinned(np.ndarray[Any, Any]):
    """Memory of the host that copies may use."""

    @property
    def ptr(self) -> int:
        return self.ctypes.data


class Graph:
    def __init__(self, work: list[Callable[[], None]]) -> None:
        self.work = work

    def upload(self, stream: Stream) -> None:
        assert stream.captured is None

    def launch(self, stream: Stream) -> None:
        stream.cupy.fail("launch")
        for each in self.work:
            each()


class Stream:
    def __init__(self, cupy: HostCupy, non_blocking: bool) -> None:
        assert non_blocking
        self.cupy, self.captured, self.threads = cupy, None, list[threading.Thread]()
        self.ptr = id(self)
        self.captured: list[Callable[[], None]] | None

    def __enter__(self) -> Stream:
        self.cupy.streams.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.cupy.streams.pop()

    def begin_capture(self) -> None:
        assert self.captured is None
        self.captured = []

    def end_capture(self) -> Graph:
        assert self.captured is not None
        graph, self.captured = Graph(self.captured), None
        return graph

    def synchronize(self) -> None:
        assert self.captured is None
        self.cupy.fail("synchronize")

    @property
    def done(self) -> bool:
        self.cupy.fail("done")
        return not any(thread.is_alive() for thread in self.threads)

    def run(self, work: Callable[[], None]) -> None:
        if self.captured is None:
            work()
        else:
            self.captured.append(work)


class Kernel:
    """nt_step or nt_serve of one precision."""

    def __init__(self, cupy: HostCupy, name: str) -> None:
        self.cupy, self.name, self.max_dynamic_shared_size_bytes = cupy, name, 48 * 1024
        self.precision = PRECISIONS.index(name.rsplit("_", 1)[1]) + 1

    def __call__(self, grid: tuple[int], block: tuple[int], arguments: tuple[Any, ...], *, shared_mem: int) -> None:
        cupy, ffi, lib = self.cupy, self.cupy.ffi, self.cupy.lib
        stream, text = cupy.streams[-1], self.cupy.ffi.new("char[256]")
        assert shared_mem <= self.max_dynamic_shared_size_bytes <= cupy.attributes["shared"]
        assert block[0] <= 512

        def pointer(kind: str, value: Any) -> Any:
            assert isinstance(value, Buffer | np.uint64), value
            return ffi.cast(kind, value.ctypes.data if isinstance(value, Buffer) else int(value))

        records, image, states, instruments, *rest = arguments
        assert isinstance(instruments, np.uint64)
        first = pointer("uint32_t *", records), pointer("uint32_t *", image), pointer("float *", states), int(instruments)
        if self.name.startswith("nt_step_"):
            rows, inputs, outputs, status, count, steps = rest
            assert isinstance(count, np.uint32)
            assert isinstance(steps, np.uint32)
            last = pointer("uint32_t *", rows), pointer("float *", inputs), pointer("float *", outputs), pointer("uint32_t *", status)

            def step() -> None:
                code = lib.host_step(self.precision, *grid, *block, shared_mem, 3, *first, *last, int(count), int(steps), text)
                assert code == 0, ffi.string(text)

            stream.run(step)
            return
        mailbox, sequence = rest
        assert isinstance(sequence, np.uint32)
        assert int(mailbox) - cupy.OFFSET in cupy.registered
        assert (grid, stream.captured) == ((1,), None)
        address = ffi.cast("char *", int(mailbox) - cupy.OFFSET)
        work = (self.precision, *block, shared_mem, 3, *first, address, int(sequence), text)
        stream.threads.append(threading.Thread(target=lib.host_serve, args=work, daemon=True))
        stream.threads[-1].start()


class HostCupy:
    """The module. `failing`: what fails next, and how; `room`: bytes that are left."""

    uint32 = np.uint32
    OFFSET = 1 << 50  # between the addresses of the device and of the host

    def __init__(self, built: tuple[FFI, Any]) -> None:
        self.ffi, self.lib = built
        self.streams: list[Stream] = []
        self.registered: dict[int, int] = {}
        self.failing: dict[str, Exception] = {}
        self.room = 1 << 26
        self.attributes = {"major": 9, "minor": 0, "multiprocessors": 4, "shared": 232_448}
        runtime = SimpleNamespace(
            CUDARuntimeError=CUDARuntimeError,
            cudaDevAttrMultiProcessorCount=16,
            cudaDevAttrMaxSharedMemoryPerBlockOptin=97,
            getDevice=lambda: 0,
            deviceGetAttribute=lambda number, _: self.attributes[{75: "major", 76: "minor", 16: "multiprocessors", 97: "shared"}[number]],
            getDeviceProperties=lambda _: {"name": b"Host"},
            memcpyAsync=self._copy,
            memsetAsync=self._set,
            hostRegister=self._register,
            hostUnregister=self._unregister,
            pointerGetAttributes=lambda address: SimpleNamespace(devicePointer=address + self.OFFSET),
        )
        self.cuda = SimpleNamespace(
            runtime=runtime,
            driver=SimpleNamespace(CUDADriverError=CUDADriverError),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
            alloc_pinned_memory=lambda size: np.zeros(size, np.uint8).view(Pinned),
            is_available=lambda: True,
            Stream=lambda non_blocking=False: Stream(self, non_blocking),
        )

    def fail(self, what: str) -> None:
        if what in self.failing:
            raise self.failing.pop(what)

    def zeros(self, count: int, dtype: Any) -> Buffer:
        if 4 * count > self.room:
            raise OutOfMemoryError(f"Out of memory allocating {4 * count} bytes")
        self.room -= 4 * count
        return np.zeros(count, dtype).view(Buffer)

    def RawModule(self, *, path: str) -> Any:  # noqa: N802 - CuPy's name
        text = Path(path).read_text()

        def function(name: str) -> Kernel:
            assert text.endswith(f"-DNT_PRECISION={PRECISIONS.index(name.rsplit('_', 1)[1]) + 1}")
            return Kernel(self, name)

        return SimpleNamespace(get_function=function)

    def _copy(self, to: int, start: int, size: int, kind: int, stream: int) -> None:
        assert kind in (HOST_TO_DEVICE, DEVICE_TO_HOST)
        assert stream == self.streams[-1].ptr
        self.streams[-1].run(lambda: ctypes.memmove(to, start, size) and None)

    def _set(self, to: int, value: int, size: int, stream: int) -> None:
        assert stream == self.streams[-1].ptr
        self.streams[-1].run(lambda: ctypes.memset(to, value, size) and None)

    def _register(self, address: int, size: int, flags: int) -> None:
        assert address % mmap.PAGESIZE == size % mmap.PAGESIZE == 0
        assert flags == 2
        assert address not in self.registered
        self.registered[address] = size

    def _unregister(self, address: int) -> None:
        del self.registered[address]
