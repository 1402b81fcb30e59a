"""Models on a GPU: the same bits as on the CPU, for many instruments at once or for one with the least delay.

`usable()` says whether this machine can (CuPy comes with the extra "gpu" and is imported here only). A `GpuModel` keeps the weights and
the state of its instruments on the device. `step` and `predict` copy inputs in, run one kernel and copy results out, as a CUDA graph
that is made once for each size of batch. `serve` starts the kernel that stays: it waits for requests in memory that host and device
share, so that an answer costs no launch.

Precisions are float32, bfloat16 and int8, which are defined to the bit (csrc/model_dense.h); results are equal to the C library's.
float16 is refused because its sums are not defined so. Products are computed by this package's kernel alone: those of a BLAS differ in
their last bits from device to device.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import logging
import os
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, MissingExtra, NeuralTraderError, StateError, SystemFailure
from neural_trader.models.file import Clock, InputFeatures, ModelFile, Output, Target
from neural_trader.models.gpu_device import (
    THREADS_MAX,
    Call,
    Device,
    GpuFailed,
    GpuOutOfMemory,
    GpuUnavailable,
    Mailbox,
    Runner,
    Running,
    following,
)
from neural_trader.models.program import PRECISIONS, ROWS_MAX, Placement, Program, pack_program

__all__ = [
    "Crossover",
    "GpuFailed",
    "GpuModel",
    "GpuOutOfMemory",
    "GpuUnavailable",
    "Server",
    "check_device",
    "load_crossover",
    "measure_crossover",
    "open_device",
    "usable",
]

Floats = NDArray[np.float32]
_log = logging.getLogger(__name__)

TILES: Final = (8, 16, 32)
CALLS_KEPT: Final = 8  # graphs of a model, by size of batch
BATCH_MAX: Final = 1 << 20


# ---- models --------------------------------------------------------------------------------------------------------------------

_open_servers: weakref.WeakSet[Server] = weakref.WeakSet()


@atexit.register
def _stop_servers() -> None:
    for server in list(_open_servers):
        with contextlib.suppress(NeuralTraderError):
            server.stop()


class _Placed(NamedTuple):
    placement: Placement
    records: Any


class GpuModel:
    """A model on a device, with a private state for each of `instruments` rows.

    - precision: one of PRECISIONS; `precision` says which one computes.
    - device: from `open_device`, which is also the default.

    InvalidArgument for a precision or model that the kernel does not take, GpuUnavailable, GpuOutOfMemory. One thread at a time.
    """

    def __init__(self, model: ModelFile, *, precision: str = "float32", instruments: int = 1, device: Device | None = None) -> None:
        if isinstance(instruments, bool) or not isinstance(instruments, int) or not 1 <= instruments <= ROWS_MAX:
            raise InvalidArgument(f"instruments is {instruments!r}; give an integer from 1 to {ROWS_MAX}")
        self.program: Program = pack_program(model, precision)
        self.precision: str = self.program.precision
        self.instruments = instruments
        self.device: Device = open_device() if device is None else device
        self._code = PRECISIONS.index(self.precision) + 1
        self.device.prepare(self._code)
        self._image = self.device.buffer(self.program.image.size)
        self.device.write(self._image, self.program.image)
        self._states = self.device.buffer(self.program.row_words * instruments)
        self._placed: dict[int, _Placed] = {}
        self._runners: OrderedDict[tuple[Any, ...], Runner] = OrderedDict()
        self._scratch: tuple[int, Any] = (0, None)
        self._server: Server | None = None
        self._disposed = False

    # -- launches --

    def _ready(self) -> None:
        if self._disposed:
            raise StateError("the model is disposed of; make another one from its file")
        if self._server is not None:
            raise StateError("the model serves requests; stop its server first")

    def _place(self, lanes: int) -> _Placed:
        if lanes not in self._placed:
            placement = self.program.place(lanes, self.device.shared_bytes_max)
            records = self.device.buffer(placement.records.size)
            self.device.write(records, placement.records)
            self._placed[lanes] = _Placed(placement, records)
        return self._placed[lanes]

    def _tile(self, count: int) -> tuple[int, _Placed]:
        """The size of tiles that gives the least work to the busiest multiprocessor, and of equal ones the largest that fits."""
        best: tuple[int, int, int] | None = None
        refused: InvalidArgument | None = None
        for lanes in TILES:
            tiles = -(-count // lanes)
            work = -(-tiles // self.device.multiprocessors) * lanes
            if best is not None and work > best[0]:
                continue
            try:
                self._place(lanes)
            except InvalidArgument as error:
                refused = error
                continue
            best = (work, tiles, lanes)
        if best is None:
            assert refused is not None
            raise refused
        return min(best[1], self.device.multiprocessors), self._place(best[2])

    def _call(self, count: int, steps: int, rows: bool, states: Any, instruments: int, clear: bool) -> Call:
        grid, (placement, records) = self._tile(count)
        return Call(
            *(self._code, grid, min(THREADS_MAX, self.device.threads_max), placement.shared_bytes, records, self._image, states),
            *(instruments, count, steps, self.program.features, self.program.outputs, rows, clear),
        )

    def _runner(self, key: tuple[Any, ...], make: Callable[[], Call]) -> Runner:
        runner = self._runners.get(key)
        if runner is None:
            runner = self._runners[key] = self.device.runner(make())
            if len(self._runners) > CALLS_KEPT:
                self._runners.popitem(last=False)
        self._runners.move_to_end(key)
        return runner

    def _inputs(self, values: Any, dims: int, what: str) -> Floats:
        inputs = np.asarray(values)
        if inputs.dtype != np.float32 or inputs.ndim != dims or inputs.shape[-1] != self.program.features:
            shape = ("count, " if dims == 2 else "count, steps, ") + str(self.program.features)
            raise InvalidArgument(f"{what} must be float32 of shape ({shape}), is {inputs.dtype} of shape {inputs.shape}")
        if 0 in inputs.shape or inputs.shape[0] > BATCH_MAX:
            raise InvalidArgument(f"{what} has shape {inputs.shape}; give 1 to {BATCH_MAX} instruments with at least 1 step each")
        return inputs

    def _rows(self, rows: Any, count: int) -> NDArray[np.uint32] | None:
        if rows is None:
            if count > self.instruments:
                raise InvalidArgument(f"{count} rows of features for {self.instruments} instruments")
            return None
        given = np.asarray(rows)
        if given.shape != (count,) or given.dtype.kind not in "iu":
            raise InvalidArgument(f"rows must be {count} integers, one for each row of features, is {given.dtype} of shape {given.shape}")
        if given.min() < 0 or given.max() >= self.instruments or np.unique(given).size != count:
            raise InvalidArgument(f"rows must be different integers from 0 to {self.instruments - 1}")
        return given.astype(np.uint32)

    # -- results --

    def step(self, features: Any, rows: Any = None) -> Floats:
        """The next step of instruments: probabilities of the classes (or mean and deviation) of shape (count, outputs), float32.

        - features: float32 (count, features).
        - rows: the instruments, `count` different integers; 0 to count - 1 when None.

        InvalidArgument where features are not finite: the instruments that it names in `observed` (the first) were left as they were,
        the others have done their step. GpuFailed where the device ended it.
        """
        self._ready()
        inputs = self._inputs(features, 2, "features")
        count = inputs.shape[0]
        which = self._rows(rows, count)
        key = ("step", count, which is not None)
        runner = self._runner(key, lambda: self._call(count, 1, which is not None, self._states, self.instruments, False))
        runner.inputs[:, 0] = inputs
        if which is not None:
            runner.rows[:] = which
        runner.run()
        return self._result(runner, "features", which)

    def predict(self, inputs: Any) -> Floats:
        """The results of the last steps of sequences that begin from zeros, of shape (count, outputs), float32.

        - inputs: float32 (count, steps, features); steps is 1 for a model without state.

        InvalidArgument where features are not finite. The instruments' states are not touched.
        """
        self._ready()
        given = self._inputs(inputs, 3, "inputs")
        count, steps, _ = given.shape
        if steps > 1 and not self.program.stateful:
            raise InvalidArgument(f"the model has no state, so a sequence has 1 step, not {steps}; give each row as a sequence of its own")
        if self._scratch[0] < count:
            self._scratch = (count, self.device.buffer(self.program.row_words * count))
            for key in [key for key in self._runners if key[0] == "predict"]:
                del self._runners[key]
        size, scratch = self._scratch
        runner = self._runner(("predict", count, steps), lambda: self._call(count, steps, False, scratch, size, True))
        runner.inputs[:] = given
        runner.run()
        return self._result(runner, "inputs", None)

    def _result(self, runner: Runner, what: str, rows: NDArray[np.uint32] | None) -> Floats:
        if not runner.status.all():
            at = int(np.argmin(runner.status))
            row = at if rows is None else int(rows[at])
            raise InvalidArgument(
                f"{int((runner.status == 0).sum())} rows of {what} are infinite or not numbers, the first at {at} (instrument {row}); "
                "these instruments were left as they were",
                observed=at,
            )
        return runner.outputs.copy()

    # -- state --

    def reset(self, row: int | None = None) -> None:
        """Zeros for the state of an instrument, or of all."""
        self._ready()
        if row is not None and not 0 <= row < self.instruments:
            raise InvalidArgument(f"row {row}; there are {self.instruments} instruments")
        self.device.clear(self._states, row, self.instruments)

    def states(self) -> NDArray[np.uint32]:
        """A copy of the state of all instruments, for `restore`: words of shape (row_words, instruments)."""
        self._ready()
        return self.device.read(self._states).reshape(self.program.row_words, self.instruments)

    def restore(self, states: NDArray[np.uint32]) -> None:
        """Put back what `states` gave, of this model or of one that was made from the same file with the same precision."""
        self._ready()
        if states.shape != (self.program.row_words, self.instruments) or states.dtype != np.uint32:
            raise InvalidArgument(f"states must be uint32 of shape {(self.program.row_words, self.instruments)}")
        self.device.write(self._states, np.ascontiguousarray(states).ravel())

    # -- the kernel that stays --

    def serve(self, *, idle_seconds: float = 1.0, patience_seconds: float = 5.0) -> Server:
        """Start the kernel that stays, and the way to ask it.

        It leaves when no request comes for `idle_seconds`, and is started again with the next one. A request that is not answered within
        `patience_seconds` raises GpuFailed. Until the server is stopped nothing else can be done with the model, and no other work
        should be on the device: a call that waits for the whole device would wait for the kernel.
        """
        self._ready()
        if not 0 < idle_seconds <= 3600 or not 0 < patience_seconds <= 3600:
            raise InvalidArgument("idle_seconds and patience_seconds are greater than 0 and at most 3600")
        placement, records = self._place(1)
        busy = -(-max(self.program.units, self.program.features + 1) // 32) * 32  # more would only make barriers slower
        threads = min(THREADS_MAX, self.device.threads_max, busy)
        call = Call(
            *(self._code, 1, threads, placement.shared_bytes, records, self._image, self._states, self.instruments),
            *(1, 1, self.program.features, self.program.outputs, False, False),
        )
        self._server = Server(self, call, int(idle_seconds * 1e9), int(patience_seconds * 1e9))
        return self._server

    def _served(self) -> None:
        self._server = None

    def dispose(self) -> None:
        """Give everything back. May be called again."""
        try:
            if self._server is not None:
                self._server.stop()
        finally:
            self._disposed = True
            self._runners.clear()
            self._placed.clear()
            self._image = self._states = None
            self._scratch = (0, None)

    def __enter__(self) -> GpuModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.dispose()


class Server:
    """The kernel that stays, for one instrument at a time; from `GpuModel.serve`."""

    def __init__(self, model: GpuModel, call: Call, idle_ns: int, patience_ns: int) -> None:
        self._model, self._call, self._patience_ns = model, call, patience_ns
        self._sequence = 0
        self.mailbox = Mailbox(call.features, call.outputs, idle_ns)
        self._running: Running | None = model.device.serve(call, self.mailbox, 0)
        self.starts = 1  # of the kernel
        _open_servers.add(self)

    def step(self, row: int, features: Any) -> Floats:
        """The next step of an instrument; as `GpuModel.step` of one row. Returns (outputs,)."""
        if self._running is None:
            raise StateError("the server is stopped; start another one")
        if not 0 <= row < self._call.instruments:
            raise InvalidArgument(f"row {row}; there are {self._call.instruments} instruments")
        given = np.ascontiguousarray(features)
        if given.dtype != np.float32 or given.shape != (self._call.features,):
            raise InvalidArgument(f"features must be float32 of shape ({self._call.features},), is {given.dtype} of shape {given.shape}")
        sequence = following(self._sequence)
        self.mailbox.post(sequence, row, given)
        answer = self._wait(sequence)
        self._sequence = sequence
        finite, outputs = answer
        if not finite:
            raise InvalidArgument(f"the features are infinite or not numbers; instrument {row} was left as it was", observed=0)
        return outputs

    def _wait(self, sequence: int) -> tuple[bool, Floats]:
        begin = time.monotonic_ns()
        try:
            while (answer := self.mailbox.answer(sequence)) is None:
                if self.mailbox.left:
                    self._start_again()
                elif time.monotonic_ns() - begin > self._patience_ns:
                    raise GpuFailed("the kernel does not answer; dispose of the model and make it again from its file")
                elif self._running is not None and self._running.done() and not self.mailbox.left:
                    raise GpuFailed("the kernel was ended while it served; dispose of the model and make it again from its file")
        except GpuFailed:
            self._close()
            raise
        return answer

    def _start_again(self) -> None:
        self._leave()
        self.mailbox.restart()
        self._running = self._model.device.serve(self._call, self.mailbox, self._sequence)
        self.starts += 1

    def _leave(self) -> None:
        """Until the kernel is off the device."""
        begin = time.monotonic_ns()
        while self._running is not None and not self._running.done():
            if time.monotonic_ns() - begin > self._patience_ns:
                raise GpuFailed("the kernel does not leave; end this process")
            time.sleep(0)

    def _close(self) -> None:
        self._running = None
        _open_servers.discard(self)
        self._model._served()

    def stop(self) -> None:
        """Make the kernel leave; the states of instruments stay with the model. May be called again."""
        if self._running is None:
            return
        self.mailbox.stop()
        try:
            self._leave()
            self._model.device.release(self.mailbox)
        finally:
            self._close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


# ---- GPU or CPU ----------------------------------------------------------------------------------------------------------------


class Crossover(NamedTuple):
    """From how many instruments at once a model is faster on the device; 0: never, as far as was measured."""

    device: str
    precision: str
    cpu_seconds: float  # of a step of one instrument
    gpu_seconds: dict[int, float]  # of a step of so many at once, copies included
    instruments: int


def measure_crossover(model: GpuModel, cpu_step: Callable[[Floats], object], *, store: Path | None = None, repeats: int = 20) -> Crossover:
    """Measure both, and keep the figure in the JSON file `store`.

    `cpu_step` does a step of one instrument from (features,) float32. The states of the model are put back. Times are medians.
    """
    features = np.zeros((model.instruments, model.program.features), np.float32)
    before = model.states()
    cpu = _median(lambda: cpu_step(features[0]), repeats)
    gpu, counts = dict[int, float](), [1 << shift for shift in range(model.instruments.bit_length())]
    for count in sorted({*counts, model.instruments}):
        batch = features[:count]
        model.step(batch)  # makes it ready
        gpu[count] = _median(lambda batch=batch: model.step(batch), repeats)  # type: ignore[misc]
    model.restore(before)
    better = [count for count, seconds in gpu.items() if seconds < cpu * count]
    worse = [count for count, seconds in gpu.items() if seconds >= cpu * count]
    first = min((count for count in better if count > max(worse, default=0)), default=0)
    found = Crossover(model.device.description, model.precision, cpu, gpu, first)
    if store is not None:
        store.write_text(json.dumps({**found._asdict(), "gpu_seconds": {str(count): each for count, each in gpu.items()}}, indent=1))
    return found


def load_crossover(store: Path, device: str, precision: str) -> Crossover | None:
    """What `measure_crossover` stored; None where nothing usable is there for this device and precision."""
    try:
        value = json.loads(store.read_text())
        times = {int(count): float(each) for count, each in value["gpu_seconds"].items()}
        found = Crossover(str(value["device"]), str(value["precision"]), float(value["cpu_seconds"]), times, int(value["instruments"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if (found.device, found.precision) == (device, precision) else None


def _median(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


# ---- CUDA by way of CuPy -------------------------------------------------------------------------------------------------------


def usable() -> str | None:
    """None where a GPU can be used, else the reason why not."""
    try:
        open_device()
    except (MissingExtra, GpuUnavailable, GpuFailed, SystemFailure) as error:
        return str(error)
    return None


_device: Device | None = None


def check_device(device: Device) -> None:
    """Compare a small model's result with what it has to be. GpuUnavailable where it is another."""
    slots = {"mean": "mean", "inverse_scale": "scale"}
    tensors = {"mean": [0.5], "scale": [2.0], "weight": [[2.0], [-1.0]], "bias": [0.25, 1.0]}
    model = ModelFile(
        name="check",
        version="1",
        clock=Clock(on="tick"),
        features=InputFeatures(names=("any",)),
        ops=[
            {"op": "normalise", "in": [0], "out": 1, "tensors": slots, "clip": 8.0},
            {"op": "dense", "in": [1], "out": 2, "tensors": {"weight": "weight", "bias": "bias"}, "activation": "none"},
        ],
        output=Output(kind="normal", register=2, labels=(), target=Target(kind="return", horizon=1, unit="ticks")),
        tensors={name: np.array(values, np.float32) for name, values in tensors.items()},
    )
    with GpuModel(model, instruments=1, device=device) as on_device:
        found = on_device.step(np.ones((1, 1), np.float32))[0].tolist()
    if found != [2.25, 1.0]:  # 2 (1 - 1/2) 2 + 1/4, and e^0
        raise GpuUnavailable(f"the GPU computes {found} where [2.25, 1.0] is right")


def open_device() -> Device:
    """The GPU of this process, opened once. MissingExtra without CuPy, GpuUnavailable without a driver or a GPU that it can use."""
    global _device
    if _device is None:
        # Kernels must be on the device before one of them stays there.
        os.environ.setdefault("CUDA_MODULE_LOADING", "EAGER")
        try:
            cupy, nvrtc = importlib.import_module("cupy"), importlib.import_module("cupy_backends.cuda.libs.nvrtc")
        except ImportError as error:
            raise MissingExtra.of("models on a GPU", "gpu") from error
        if not cupy.cuda.is_available():
            raise GpuUnavailable("there is no usable GPU: CuPy finds no driver or no device")
        from neural_trader.models.gpu_cupy import CudaDevice

        device = CudaDevice(cupy, nvrtc)
        check_device(device)
        _device = device
        _log.info("models can run on %s", _device.description)
    return _device
