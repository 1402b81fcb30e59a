"""A CUDA device by way of CuPy, for `neural_trader.models.gpu`: memory, graphs, and the kernel that stays."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import SystemFailure
from neural_trader.models.gpu_device import (
    COMPILE_OPTIONS,
    THREADS_MAX,
    Call,
    GpuFailed,
    GpuOutOfMemory,
    GpuUnavailable,
    Mailbox,
    kernel_source,
)
from neural_trader.models.program import PRECISIONS

__all__ = ["CudaDevice", "compiled_kernels"]

_MAPPED: Final = 2  # cudaHostRegisterMapped
_TO_DEVICE, _FROM_DEVICE = 1, 2
_CAPABILITY_MAJOR, _CAPABILITY_MINOR = 75, 76  # cudaDevAttrComputeCapabilityMajor, Minor


@contextlib.contextmanager
def _typed(cupy: Any) -> Iterator[None]:
    """CUDA's errors as this package's."""
    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError as error:
        raise GpuOutOfMemory(f"the GPU is out of memory: {error}") from error
    except (cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError) as error:
        if "out of memory" in str(error):
            raise GpuOutOfMemory(f"the GPU is out of memory: {error}") from error
        raise GpuFailed(f"the GPU failed: {error}") from error


class _Graph:
    """A call as a CUDA graph: copies from pinned memory, kernel, copies back."""

    def __init__(self, device: CudaDevice, call: Call) -> None:
        self._device, cupy = device, device.cupy
        inputs, results = call.count * call.steps * call.features, call.count * (call.outputs + 1)
        self._pinned_in = cupy.cuda.alloc_pinned_memory(4 * (inputs + call.count))
        self._pinned_out = cupy.cuda.alloc_pinned_memory(4 * results)
        words = np.frombuffer(self._pinned_in, np.uint32, inputs + call.count)
        self.rows: NDArray[np.uint32] = words[inputs:] if call.rows else words[:0]
        self.inputs: NDArray[np.float32] = words[:inputs].view(np.float32).reshape(call.count, call.steps, call.features)
        words = np.frombuffer(self._pinned_out, np.uint32, results)
        self.status: NDArray[np.uint32] = words[call.count * call.outputs :]
        self.outputs: NDArray[np.float32] = words[: call.count * call.outputs].view(np.float32).reshape(call.count, call.outputs)
        self._in, self._out = device.buffer(inputs + call.count), device.buffer(results)
        self._call = call  # keeps its buffers
        kernel = device.kernel(f"nt_step_{PRECISIONS[call.precision - 1]}", call.shared_bytes)
        stream = device.stream
        copied = 4 * (inputs + (call.count if call.rows else 0))
        with stream:
            stream.begin_capture()
            try:
                cupy.cuda.runtime.memcpyAsync(self._in.data.ptr, self._pinned_in.ptr, copied, _TO_DEVICE, stream.ptr)
                if call.clear:
                    cupy.cuda.runtime.memsetAsync(call.states.data.ptr, 0, call.states.nbytes, stream.ptr)
                rows = self._in[inputs:] if call.rows else 0
                outputs, status = self._out[: call.count * call.outputs], self._out[call.count * call.outputs :]
                kernel(
                    (call.grid,),
                    (call.threads,),
                    (
                        *(call.records, call.image, call.states, np.uint64(call.instruments), rows if call.rows else np.uint64(0)),
                        *(self._in, outputs, status, np.uint32(call.count), np.uint32(call.steps)),
                    ),
                    shared_mem=call.shared_bytes,
                )
                cupy.cuda.runtime.memcpyAsync(self._pinned_out.ptr, self._out.data.ptr, 4 * results, _FROM_DEVICE, stream.ptr)
            finally:
                graph = stream.end_capture()
        self._graph = graph
        graph.upload(stream)

    def run(self) -> None:
        with _typed(self._device.cupy):
            self._graph.launch(self._device.stream)
            self._device.stream.synchronize()


class _Kernel:
    """The kernel that stays, on a stream of its own."""

    def __init__(self, device: CudaDevice, call: Call, mailbox: Mailbox, sequence: int) -> None:
        self._cupy, self._stream, self._call = device.cupy, device.server_stream, call
        kernel = device.kernel(f"nt_serve_{PRECISIONS[call.precision - 1]}", call.shared_bytes)
        with self._stream:
            kernel(
                (1,),
                (call.threads,),
                (
                    *(call.records, call.image, call.states, np.uint64(call.instruments)),
                    *(np.uint64(device.share(mailbox)), np.uint32(sequence)),
                ),
                shared_mem=call.shared_bytes,
            )

    def done(self) -> bool:
        with _typed(self._cupy):
            return bool(self._stream.done)


def _cache_directory() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neural-trader" / "kernels"


def compiled_kernels(nvrtc: Any, architecture: str, precision: int) -> Path:
    """The file with the machine code of a precision's kernels, in the user's cache; compiled where it is not there or not whole.

    By NVRTC itself: CuPy's own compilation makes denormals zero, whatever the options say. Beside the file is its digest.
    GpuUnavailable where the kernels do not compile; SystemFailure where the file cannot be written.
    """
    source, options = kernel_source(), (f"--gpu-architecture={architecture}", *COMPILE_OPTIONS, f"-DNT_PRECISION={precision}")
    try:
        version = nvrtc.getVersion()
    except RuntimeError as error:
        raise GpuUnavailable(f"CuPy finds no NVRTC to compile the kernels with: {error}") from error
    key = hashlib.sha256(repr((source, options, version)).encode()).hexdigest()
    file = _cache_directory() / f"{key}.cubin"
    digest = file.with_suffix(".sha256")
    with contextlib.suppress(OSError):
        if hashlib.sha256(file.read_bytes()).digest() == digest.read_bytes():
            return file
    program = nvrtc.createProgram(source, "program.cu", (), ())
    try:
        nvrtc.compileProgram(program, options)
        code: bytes = nvrtc.getCUBIN(program)
    except nvrtc.NVRTCError as error:
        raise GpuUnavailable(f"the kernels cannot be compiled: {error}: {nvrtc.getProgramLog(program)[:500]}") from error
    finally:
        nvrtc.destroyProgram(program)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        for path, content in ((file, code), (digest, hashlib.sha256(code).digest())):
            partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
            partial.write_bytes(content)
            partial.replace(path)
    except OSError as error:
        raise SystemFailure(f"{file} cannot be written", system_error=error.errno or 0) from error
    return file


class CudaDevice:
    """A `Device`: the current device of CuPy. GpuUnavailable where it is older than compute capability 8.0."""

    threads_max = THREADS_MAX

    def __init__(self, cupy: Any, nvrtc: Any) -> None:
        self.cupy, self._nvrtc = cupy, nvrtc
        with _typed(cupy):
            runtime = cupy.cuda.runtime
            number = runtime.getDevice()
            major, minor = (runtime.deviceGetAttribute(each, number) for each in (_CAPABILITY_MAJOR, _CAPABILITY_MINOR))
            self._architecture = f"sm_{major}{minor}"
            if major < 8:
                raise GpuUnavailable("the GPU is older than compute capability 8.0")
            self.description: str = runtime.getDeviceProperties(number)["name"].decode()
            self.multiprocessors: int = runtime.deviceGetAttribute(runtime.cudaDevAttrMultiProcessorCount, number)
            self.shared_bytes_max: int = runtime.deviceGetAttribute(runtime.cudaDevAttrMaxSharedMemoryPerBlockOptin, number)
            self.stream = cupy.cuda.Stream(non_blocking=True)
            self.server_stream = cupy.cuda.Stream(non_blocking=True)
        self._kernels: dict[str, Any] = {}
        self._shared: dict[int, tuple[int, Mailbox]] = {}  # what is registered has to stay mapped

    def prepare(self, precision: int) -> None:
        """Compile and load nt_step and nt_serve of a precision."""
        names = [f"nt_{use}_{PRECISIONS[precision - 1]}" for use in ("step", "serve")]
        if names[0] in self._kernels:
            return
        file = compiled_kernels(self._nvrtc, self._architecture, precision)
        with _typed(self.cupy):
            module = self.cupy.RawModule(path=str(file))
            # Both now: loading one while the other stays on the device would wait for it.
            self._kernels.update({name: module.get_function(name) for name in names})

    def kernel(self, name: str, shared_bytes: int) -> Any:
        """One that was prepared, with room for so much dynamic shared memory."""
        kernel = self._kernels[name]
        kernel.max_dynamic_shared_size_bytes = max(kernel.max_dynamic_shared_size_bytes, shared_bytes)
        return kernel

    def buffer(self, words: int) -> Any:
        """Zeros, from CuPy's pool."""
        with _typed(self.cupy), self.stream:
            made = self.cupy.zeros(words, self.cupy.uint32)
            self.stream.synchronize()
            return made

    def write(self, buffer: Any, words: NDArray[np.uint32]) -> None:
        """Overwrite the whole buffer."""
        with _typed(self.cupy), self.stream:
            buffer.set(words)
            self.stream.synchronize()

    def read(self, buffer: Any) -> NDArray[np.uint32]:
        """A copy of the whole buffer."""
        with _typed(self.cupy), self.stream:
            words: NDArray[np.uint32] = buffer.get()
            return words

    def clear(self, buffer: Any, column: int | None, columns: int) -> None:
        """Zeros in a column, or everywhere."""
        with _typed(self.cupy), self.stream:
            if column is None:
                buffer.fill(0)
            else:
                buffer.reshape(-1, columns)[:, column] = 0
            self.stream.synchronize()

    def runner(self, call: Call) -> _Graph:
        """Capture a graph."""
        with _typed(self.cupy):
            return _Graph(self, call)

    def share(self, mailbox: Mailbox) -> int:
        """The mailbox's address on the device; its pages are registered once."""
        address = mailbox.words.ctypes.data
        if address not in self._shared:
            self.cupy.cuda.runtime.hostRegister(address, mailbox.words.nbytes, _MAPPED)
            self._shared[address] = self.cupy.cuda.runtime.pointerGetAttributes(address).devicePointer, mailbox
        return self._shared[address][0]

    def serve(self, call: Call, mailbox: Mailbox, sequence: int) -> _Kernel:
        """Start nt_serve."""
        with _typed(self.cupy):
            return _Kernel(self, call, mailbox, sequence)

    def release(self, mailbox: Mailbox) -> None:
        """Unregister the mailbox's pages."""
        address = mailbox.words.ctypes.data
        if self._shared.pop(address, None) is not None:
            with _typed(self.cupy):
                self.cupy.cuda.runtime.hostUnregister(address)
