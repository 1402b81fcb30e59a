# ruff: noqa: N818 - as in neural_trader.errors
"""What models need of a GPU: memory, launches, a mailbox; and what goes wrong there.

`neural_trader.models.gpu` drives a `Device`, `neural_trader.models.gpu_cupy` is the one of CUDA.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from neural_trader import _native
from neural_trader.errors import DeviceUnavailable, NeuralTraderError

__all__ = [
    "COMPILE_OPTIONS",
    "THREADS_MAX",
    "Call",
    "Device",
    "GpuFailed",
    "GpuOutOfMemory",
    "GpuUnavailable",
    "Mailbox",
    "Runner",
    "Running",
    "following",
    "kernel_source",
]

Floats = NDArray[np.float32]

THREADS_MAX: Final = 512  # as the kernels are bounded
COMPILE_OPTIONS: Final = ("-std=c++17", "--fmad=false", "--ftz=false", "--prec-div=true", "--prec-sqrt=true")
_INCLUDE: Final = re.compile(r'#include "((?!host_shim)\w+\.\w+)"')


class GpuUnavailable(DeviceUnavailable):
    """This machine has no GPU that can be used."""

    default_text = "there is no usable GPU"


class GpuOutOfMemory(NeuralTraderError):
    """The device has no room. Nothing was changed."""

    default_text = "the GPU is out of memory"


class GpuFailed(NeuralTraderError):
    """The device or its driver ended the work. The model can be disposed of, and made again from its file; the inputs are untouched."""

    default_text = "the GPU failed"


# ---- what a device does --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Call:
    """A launch of nt_step. Buffers are the device's. `rows`: whether rows are given; `clear`: whether states become zeros before."""

    precision: int
    grid: int
    threads: int
    shared_bytes: int
    records: Any
    image: Any
    states: Any
    instruments: int
    count: int
    steps: int
    features: int
    outputs: int
    rows: bool
    clear: bool


class Runner(Protocol):
    """A call that is ready. Fill `inputs` (and `rows`), `run`, read `outputs` and `status`, which belong to the runner."""

    inputs: Floats  # (count, steps, features)
    rows: NDArray[np.uint32]  # (count,), or (0,)
    outputs: Floats  # (count, outputs)
    status: NDArray[np.uint32]  # (count,)

    def run(self) -> None:
        """Copy in, execute, copy out; returns when all is done."""
        ...


class Running(Protocol):
    """A kernel that stays."""

    def done(self) -> bool:
        """Whether it has left. GpuFailed where it was ended."""
        ...


class Device(Protocol):
    """Memory and launches of one device."""

    description: str
    multiprocessors: int
    shared_bytes_max: int  # of a block
    threads_max: int

    def prepare(self, precision: int) -> None:
        """Compile and load the kernels of a precision, so that no later call does. GpuUnavailable."""
        ...

    def buffer(self, words: int) -> Any:
        """Zeros. GpuOutOfMemory."""
        ...

    def write(self, buffer: Any, words: NDArray[np.uint32]) -> None:
        """Overwrite the whole buffer."""
        ...

    def read(self, buffer: Any) -> NDArray[np.uint32]:
        """A copy of the whole buffer."""
        ...

    def clear(self, buffer: Any, column: int | None, columns: int) -> None:
        """Zeros in a column of a buffer of `columns` columns, or everywhere."""
        ...

    def runner(self, call: Call) -> Runner:
        """Make a call ready. GpuOutOfMemory."""
        ...

    def serve(self, call: Call, mailbox: Mailbox, sequence: int) -> Running:
        """Start nt_serve on the mailbox; `sequence` is the last one served."""
        ...

    def release(self, mailbox: Mailbox) -> None:
        """The device does not use the mailbox any more."""
        ...


# ---- the mailbox ---------------------------------------------------------------------------------------------------------------

_STOP, _IDLE_NS, _LEFT = 0, 1, 2
_HEAD: Final = 8  # words before the slots


class Mailbox:
    """Memory of whole pages that host and device share: the struct nt_mailbox of the kernel. A sequence is 1 to 2^32 - 1."""

    def __init__(self, features: int, outputs: int, idle_ns: int) -> None:
        response = _HEAD + -(-(1 + features) // 8) * 8
        count = response + 1 + outputs
        self._map = mmap.mmap(-1, -(-8 * count // mmap.PAGESIZE) * mmap.PAGESIZE)
        self.words: NDArray[np.uint64] = np.frombuffer(self._map, np.uint64)
        self._request = self.words[_HEAD : _HEAD + 1 + features]
        self._response = self.words[response:count]
        self._numbers = np.zeros(1 + features, np.uint32)
        self.words[_IDLE_NS] = idle_ns

    def post(self, sequence: int, row: int, features: Floats) -> None:
        """Every slot is stored whole, with its sequence."""
        self._numbers[0] = row
        self._numbers[1:] = features.view(np.uint32)
        np.bitwise_or(self._numbers, np.uint64(sequence << 32), out=self._request)

    def answer(self, sequence: int) -> tuple[bool, Floats] | None:
        """Whether the features were finite, and the outputs if so; None where the response is not complete."""
        slots = self._response.copy()
        there = slots >> np.uint64(32) == sequence
        if not there[0]:
            return None
        if int(slots[0]) & 1 == 0:
            return False, np.empty(0, np.float32)
        if not there.all():
            return None
        return True, slots[1:].astype(np.uint32).view(np.float32)

    def stop(self) -> None:
        """Ask the kernel to leave."""
        self.words[_STOP] = 1

    @property
    def left(self) -> int:
        """0 while the kernel serves; 1 when it was stopped, 2 when it was idle for too long."""
        return int(self.words[_LEFT])

    def restart(self) -> None:
        """Before the kernel is started again."""
        self.words[_STOP] = self.words[_LEFT] = 0


def following(sequence: int) -> int:
    """The sequence after this one; never 0."""
    return 1 if sequence >= 0xFFFFFFFF else sequence + 1


# ---- the kernels' text ---------------------------------------------------------------------------------------------------------


def kernel_source() -> str:
    """The kernels as one text, for NVRTC or nvcc. GpuUnavailable where the package was installed without them."""
    kernels = Path(__file__).with_name("kernels")
    places = [kernels, *(Path(directory, "include") for directory in _native.__path__), Path(__file__).resolve().parents[2] / "csrc"]

    def text_of(name: str) -> str:
        found = next((place / name for place in places if (place / name).exists()), None)
        if found is None:
            raise GpuUnavailable(f"{name}, a source of the kernels, is not installed; install the package again")
        return _INCLUDE.sub(lambda match: text_of(match[1]), found.read_text())

    return text_of("program.cu")
