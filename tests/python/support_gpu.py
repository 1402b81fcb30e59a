"""The kernels of neural_trader/models/kernels on the host, and the C library's models, for tests that compare the two."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cffi import FFI
from numpy.typing import NDArray

from neural_trader._native import abi, lib
from neural_trader._native import ffi as native
from neural_trader.errors import InvalidArgument
from neural_trader.models.file import Calibration, Clock, InputFeatures, ModelFile, Output, State, Target, encode_model
from neural_trader.models.gpu import GpuFailed, GpuModel, GpuOutOfMemory
from neural_trader.models.gpu_device import Call, Mailbox
from neural_trader.models.program import PRECISIONS, Placement, Program, pack_program

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "neural_trader/models/kernels"


def _feature_names() -> tuple[str, ...]:
    name = native.new("char[32]")
    return tuple(native.string(name).decode() for index in range(abi.NT_FEATURE_COUNT) if lib.nt_feature_name(index, name, 32) >= 0)


FEATURES = _feature_names()
ISA_AUTO = 0

SHIM_CDEF = """
int32_t host_step(uint32_t precision, uint32_t grid, uint32_t threads, uint64_t shared_bytes, uint64_t seed, const uint32_t *records,
  const uint32_t *image, float *states, uint64_t instruments, const uint32_t *rows, const float *inputs, float *outputs, uint32_t *status,
  uint32_t count, uint32_t steps, char *text);
int32_t host_serve(uint32_t precision, uint32_t threads, uint64_t shared_bytes, uint64_t seed, const uint32_t *records,
  const uint32_t *image, float *states, uint64_t instruments, void *mailbox, uint32_t sequence, char *text);
"""

# text: room for 256 characters. Returns 0, or -1 and why the launch ended.
SHIM_SOURCE = """
#define NT_HOST_SHIM
#include "program.cu"
static int32_t end(const std::string &wrong, char *text) {
  strncpy(text, wrong.c_str(), 255);
  return wrong.empty() ? 0 : -1;
}
extern "C" int32_t host_step(uint32_t precision, uint32_t grid, uint32_t threads, uint64_t shared_bytes, uint64_t seed,
    const uint32_t *records, const uint32_t *image, float *states, uint64_t instruments, const uint32_t *rows, const float *inputs,
    float *outputs, uint32_t *status, uint32_t count, uint32_t steps, char *text) {
  auto kernel = precision == FLOAT32 ? nt_step_float32 : precision == BFLOAT16 ? nt_step_bfloat16 : nt_step_int8;
  return end(nt_host::run(grid, threads, shared_bytes, seed, [&] {
    kernel(records, image, states, instruments, rows, inputs, outputs, status, count, steps); }), text);
}
extern "C" int32_t host_serve(uint32_t precision, uint32_t threads, uint64_t shared_bytes, uint64_t seed, const uint32_t *records,
    const uint32_t *image, float *states, uint64_t instruments, void *mailbox, uint32_t sequence, char *text) {
  auto kernel = precision == FLOAT32 ? nt_serve_float32 : precision == BFLOAT16 ? nt_serve_bfloat16 : nt_serve_int8;
  return end(nt_host::run(1, threads, shared_bytes, seed, [&] {
    kernel(records, image, states, instruments, (nt_mailbox *)mailbox, sequence); }), text);
}
"""

SHIM_FLAGS = (
    "-std=c++17",
    "-O2",
    "-ffp-contract=off",
    "-Wall",
    "-Wextra",
    "-Wno-unknown-pragmas",
    "-fPIC",
    f"-I{KERNELS}",
    f"-I{ROOT}/csrc",
)


def _compile(command: Sequence[str], source: str, suffix: str, directory: Path, name: str) -> Path:
    text, made = directory / f"{name}{suffix}", directory / f"{name}.so"
    text.write_text(source)
    done = subprocess.run([*command, "-shared", "-o", str(made), str(text)], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return made


def build_shim(directory: Path, *flags: str, name: str = "shim", source: str = SHIM_SOURCE, include: Path | None = None) -> Path:
    """The kernels for the host as a shared library; those of `include` where it is given."""
    first = [] if include is None else [f"-I{include}"]
    return _compile(["g++", *first, *SHIM_FLAGS, *flags], source, ".cpp", directory, name)


def opened(cdef: str, path: Path) -> tuple[FFI, Any]:
    ffi = FFI()
    ffi.cdef(cdef)
    return ffi, ffi.dlopen(str(path))


class Reference:
    """A model of the C library, with a state for each of `rows`."""

    def __init__(self, data: bytes, precision: str, rows: int = 1) -> None:
        handle, error = native.new("uint32_t *"), native.new("nt_error *")
        code = PRECISIONS.index(precision) + 1
        result = lib.nt_model_load(native.from_buffer(data), len(data), code, ISA_AUTO, rows, handle, error)
        if result != 0:
            raise InvalidArgument(native.string(error.text).decode())
        self.handle = native.gc(handle, lambda owned: lib.nt_close(owned[0]))

    def predict(self, inputs: NDArray[np.float32], outputs: int) -> NDArray[np.float32]:
        """inputs: (count, steps, features)."""
        count, steps, _ = inputs.shape
        result, whole = np.empty((count, outputs)), np.ascontiguousarray(inputs)
        pointers = native.from_buffer("float *", whole), native.from_buffer("double *", result)
        assert lib.nt_model_predict(self.handle[0], pointers[0], count, steps, pointers[1]) == 0
        return result.astype(np.float32)

    def step(self, row: int, features: NDArray[np.float32], outputs: int) -> NDArray[np.float32] | None:
        """None where the library refuses the features."""
        result, whole = np.empty(outputs), np.ascontiguousarray(features)
        pointers = native.from_buffer("float *", whole), native.from_buffer("double *", result)
        return result.astype(np.float32) if lib.nt_model_step(self.handle[0], row, *pointers) == 0 else None

    def reset(self, row: int) -> None:
        assert lib.nt_model_reset(self.handle[0], row) == 0


class Host:
    """A program's kernels on the host, with the state of `instruments` rows."""

    def __init__(self, built: tuple[FFI, Any], program: Program, instruments: int) -> None:
        self.ffi, self.lib = built
        self.program = program
        self.precision = PRECISIONS.index(program.precision) + 1
        self.states = np.zeros((program.row_words, instruments), np.float32)

    def _pointer(self, kind: str, values: NDArray[Any]) -> Any:
        return self.ffi.from_buffer(kind, values)

    def step(
        self,
        placement: Placement,
        inputs: NDArray[np.float32],
        *,
        seed: int,
        grid: int = 1,
        threads: int = 32,
        rows: NDArray[np.uint32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
        """inputs: (count, steps, features). Outputs that the kernel does not write are NaN. RuntimeError where a launch ends early."""
        count, steps, _ = inputs.shape
        outputs = np.full((count, self.program.outputs), np.nan, np.float32)
        status = np.full(count, 7, np.uint32)
        text, whole = self.ffi.new("char[256]"), np.ascontiguousarray(inputs)
        code = self.lib.host_step(
            self.precision,
            grid,
            threads,
            placement.shared_bytes,
            seed,
            self._pointer("uint32_t *", placement.records),
            self._pointer("uint32_t *", self.program.image),
            self._pointer("float *", self.states),
            self.states.shape[1],
            self.ffi.NULL if rows is None else self._pointer("uint32_t *", rows),
            self._pointer("float *", whole),
            self._pointer("float *", outputs),
            self._pointer("uint32_t *", status),
            count,
            steps,
            text,
        )
        if code != 0:
            raise RuntimeError(self.ffi.string(text).decode())
        return outputs, status

    def serve(self, placement: Placement, mailbox: NDArray[np.uint64], sequence: int, *, seed: int, threads: int = 32) -> str:
        """Runs until the kernel leaves; returns what went wrong."""
        text = self.ffi.new("char[256]")
        self.lib.host_serve(
            self.precision,
            threads,
            placement.shared_bytes,
            seed,
            self._pointer("uint32_t *", placement.records),
            self._pointer("uint32_t *", self.program.image),
            self._pointer("float *", self.states),
            self.states.shape[1],
            self._pointer("char *", mailbox),
            sequence,
            text,
        )
        return str(self.ffi.string(text).decode())


class Builder:
    """A random model, op by op."""

    def __init__(self, seed: int, features: int) -> None:
        self.random = np.random.default_rng(seed)
        self.tensors: dict[str, NDArray[np.float32]] = {}
        self.widths = {0: features}
        self.ops: list[dict[str, Any]] = []
        self.stateful = False
        self._add("normalise", [0], features, {"mean": ((features,), 0.3), "inverse_scale": ((features,), 2.0)}, clip=2.5)

    def _add(self, kind: str, ins: list[int], width: int, tensors: dict[str, tuple[tuple[int, ...], float]], **more: Any) -> int:
        names = {}
        for slot, (shape, scale) in tensors.items():
            names[slot] = f"t{len(self.tensors)}"
            self.tensors[names[slot]] = (self.random.uniform(-1, 1, shape) * scale).astype(np.float32)
        out = len(self.widths)
        self.widths[out] = width
        self.ops.append({"op": kind, "in": ins, "out": out, **({"tensors": names} if names else {}), **more})
        return out

    def dense(self, register: int, width: int, activation: str = "none") -> int:
        inputs = self.widths[register]
        tensors = {"weight": ((width, inputs), 1.7 / inputs**0.5), "bias": ((width,), 0.3)}
        return self._add("dense", [register], width, tensors, activation=activation)

    def recurrent(self, kind: str, register: int, width: int) -> int:
        self.stateful = True
        inputs, rows = self.widths[register], (4 if kind == "lstm" else 3) * width
        tensors = {
            "weight_ih": ((rows, inputs), 1.7 / inputs**0.5),
            "weight_hh": ((rows, width), 1.7 / width**0.5),
            "bias_ih": ((rows,), 0.3),
            "bias_hh": ((rows,), 0.3),
        }
        return self._add(kind, [register], width, tensors)

    def conv(self, register: int, width: int, taps: int, dilation: int, activation: str = "none") -> int:
        self.stateful = True
        inputs = self.widths[register]
        tensors = {"weight": ((width, inputs, taps), 1.7 / (inputs * taps) ** 0.5), "bias": ((width,), 0.3)}
        return self._add("causal_conv", [register], width, tensors, activation=activation, dilation=dilation)

    def layer_norm(self, register: int) -> int:
        width = self.widths[register]
        return self._add("layer_norm", [register], width, {"weight": ((width,), 1.0), "bias": ((width,), 0.3)})

    def join(self, kind: str, ins: list[int]) -> int:
        widths = [self.widths[register] for register in ins]
        return self._add(kind, ins, sum(widths) if kind == "concat" else widths[0], {})

    def model(self, register: int, kind: str = "classes") -> ModelFile:
        """With the register as its output, calibrated where it is classes."""
        classes = self.widths[register] if kind == "classes" else 0
        bias = tuple(float(value) for value in (self.random.uniform(-0.2, 0.2, classes)).astype(np.float32))
        calibrated = Calibration(kind="vector", inverse_temperature=0.8, bias=bias, ece=0.01, log_loss=0.6, rows=100)
        return ModelFile(
            name="random",
            version="1",
            clock=Clock(on="tick"),
            features=InputFeatures(names=FEATURES[: self.widths[0]]),
            state=State(kind="stream", steps=8, warm_up=0) if self.stateful else State(),
            ops=self.ops,
            output=Output(
                kind=kind,  # type: ignore[arg-type]
                register=register,
                labels=tuple(f"c{at}" for at in range(classes)),
                target=Target(kind="mid_move" if classes else "return", horizon=10, unit="ticks"),
            ),
            calibration=calibrated if classes else Calibration(kind="none"),
            tensors=self.tensors,
        )


# ---- a device that is the host -------------------------------------------------------------------------------------------------


class HostRunner:
    """A call of nt_step, by the shim."""

    def __init__(self, device: HostDevice, call: Call) -> None:
        self.device, self.call = device, call
        self.inputs = np.zeros((call.count, call.steps, call.features), np.float32)
        self.rows = np.zeros(call.count if call.rows else 0, np.uint32)
        self.outputs = np.full((call.count, call.outputs), np.nan, np.float32)
        self.status = np.full(call.count, 7, np.uint32)

    def run(self) -> None:
        device, call = self.device, self.call
        device.runs += 1
        if device.broken:
            raise GpuFailed("the GPU failed: launch of a device that is broken")
        if call.clear:
            call.states[:] = 0
        text = device.ffi.new("char[256]")
        pointer = device.ffi.from_buffer
        code = device.lib.host_step(
            *(call.precision, call.grid, call.threads, call.shared_bytes, device.seed + device.runs),
            *(pointer("uint32_t *", call.records), pointer("uint32_t *", call.image), pointer("float *", call.states), call.instruments),
            *(pointer("uint32_t *", self.rows) if call.rows else device.ffi.NULL, pointer("float *", self.inputs)),
            *(pointer("float *", self.outputs), pointer("uint32_t *", self.status), call.count, call.steps, text),
        )
        if code != 0:
            raise GpuFailed(device.ffi.string(text).decode())


class HostKernel:
    """nt_serve in a thread."""

    def __init__(self, device: HostDevice, call: Call, mailbox: Mailbox, sequence: int) -> None:
        self.text = device.ffi.new("char[256]")
        pointer = device.ffi.from_buffer
        arguments = (
            *(call.precision, call.threads, call.shared_bytes, device.seed, pointer("uint32_t *", call.records)),
            *(pointer("uint32_t *", call.image), pointer("float *", call.states), call.instruments),
            *(pointer("char *", mailbox.words), sequence, self.text),
        )
        self.ffi = device.ffi
        self.thread = threading.Thread(target=device.lib.host_serve, args=arguments, daemon=True)
        self.thread.start()

    def done(self) -> bool:
        if self.thread.is_alive():
            return False
        wrong = self.ffi.string(self.text).decode()
        if wrong:
            raise GpuFailed(wrong)
        return True


class HostDevice:
    """The interface of a device, with its memory and kernels on the host. `room`: words that it has; `broken`: launches fail."""

    def __init__(
        self, built: tuple[FFI, Any], *, seed: int = 1, threads: int = 32, shared_bytes: int = 160_000, room: int = 1 << 26
    ) -> None:
        self.ffi, self.lib = built
        self.seed, self.runs, self.runners, self.room, self.broken = seed, 0, 0, room, False
        self.description, self.multiprocessors, self.shared_bytes_max, self.threads_max = "host shim", 3, shared_bytes, threads
        self.shared: set[int] = set()
        self.prepared: set[int] = set()

    def prepare(self, precision: int) -> None:
        self.prepared.add(precision)

    def buffer(self, words: int) -> NDArray[np.uint32]:
        if words > self.room:
            raise GpuOutOfMemory(f"the GPU is out of memory: {words} words of {self.room}")
        self.room -= words
        return np.zeros(words, np.uint32)

    def write(self, buffer: NDArray[np.uint32], words: NDArray[np.uint32]) -> None:
        buffer[:] = words

    def read(self, buffer: NDArray[np.uint32]) -> NDArray[np.uint32]:
        return buffer.copy()

    def clear(self, buffer: NDArray[np.uint32], column: int | None, columns: int) -> None:
        buffer.reshape(-1, columns)[:, slice(None) if column is None else column] = 0

    def runner(self, call: Call) -> HostRunner:
        self.runners += 1
        return HostRunner(self, call)

    def serve(self, call: Call, mailbox: Mailbox, sequence: int) -> HostKernel:
        if self.broken:
            raise GpuFailed("the GPU failed: launch of a device that is broken")
        self.shared.add(mailbox.words.ctypes.data)
        return HostKernel(self, call, mailbox, sequence)

    def release(self, mailbox: Mailbox) -> None:
        self.shared.discard(mailbox.words.ctypes.data)


# ---- scenarios: what the kernels compute, against the C library ------------------------------------------------------------------


def rich_model(seed: int) -> ModelFile:
    """Every op, registers that are read late, two of each recurrent op, convolutions of several taps."""
    make = Builder(seed, 6)
    first = make.conv(1, 7, 3, 2, "gelu")
    gates = make.recurrent("lstm", first, 9)
    more = make.recurrent("gru", make.recurrent("lstm", gates, 5), 9)
    norm = make.layer_norm(make.dense(make.recurrent("gru", more, 4), 21, "tanh"))
    joined = make.join("concat", [norm, make.join("multiply", [make.join("add", [gates, more, gates]), more]), 1, 1])
    return make.model(make.dense(make.conv(make.dense(joined, 10, "sigmoid"), 8, 2, 1, "relu"), 3))


def denormal_model() -> ModelFile:
    """For float32: what its second op reads is denormal, and its result is nothing but that."""
    make = Builder(9, 6)
    last = make.dense(make.dense(1, 9), 3)
    model = make.model(last, "student_t")
    first, second = (op["tensors"] for op in model.ops[1:])
    for name in first.values():
        model.tensors[name] *= np.float32(1e-39)
    model.tensors[second["weight"]] *= np.float32(1e38)
    model.tensors[second["bias"]] *= np.float32(0)
    return model


def bits_differ(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.shape != b.shape or a.tobytes() != b.tobytes()


def check_steps(shim: tuple[FFI, Any], model: ModelFile, precision: str, seed: int, threads: int = 32) -> None:
    """Steps of rows in any order, some of them refused, in several tiles of a block; then sequences at once."""
    data, program = encode_model(model), pack_program(model, precision)
    instruments, steps = 21, 5
    random = np.random.default_rng(seed)
    expected, host = Reference(data, precision, instruments), Host(shim, program, instruments)
    placement = program.place(8, int(random.integers(30_000, 160_000)))
    for step in range(steps):
        rows = random.permutation(instruments)[: int(random.integers(17, instruments + 1))].astype(np.uint32)
        features = random.normal(size=(rows.size, 1, program.features)).astype(np.float32)
        bad = random.choice(rows.size, 2, replace=False)
        features[bad[0], 0, -1], features[bad[1], 0, 0] = np.nan, -np.inf
        found, status = host.step(placement, features, seed=seed * steps + step, threads=threads, rows=rows)
        for at, row in enumerate(rows):
            want = expected.step(int(row), features[at, 0], program.outputs)
            assert status[at] == (want is not None), (precision, seed, step, at)
            assert not bits_differ(found[at], np.full(program.outputs, np.nan, np.float32) if want is None else want), (
                precision,
                seed,
                step,
                at,
            )
    sequences = random.normal(size=(19, steps if program.stateful else 1, program.features)).astype(np.float32)
    host.states[:] = 0
    found, status = host.step(program.place(16, 60_000), sequences, seed=seed, threads=threads)
    assert status.all()
    assert not bits_differ(found, expected.predict(sequences, program.outputs)), (precision, seed)


def check_serve(shim: tuple[FFI, Any], model: ModelFile, precision: str, seed: int, requests: int, threads: int = 32) -> None:
    """Requests through the mailbox, some of them refused, in turn with launches of the other kernel."""
    data, rows = encode_model(model), 3
    expected = Reference(data, precision, rows)
    random = np.random.default_rng(seed)
    with GpuModel(model, precision=precision, instruments=rows, device=HostDevice(shim, seed=seed, threads=threads)) as gpu:
        for part in range(2):
            batch = random.normal(size=(rows, gpu.program.features)).astype(np.float32)
            assert not bits_differ(gpu.step(batch), np.array([expected.step(row, batch[row], gpu.program.outputs) for row in range(rows)]))
            with gpu.serve(idle_seconds=2.0, patience_seconds=4.0) as server:
                for at in range(requests // 2):
                    row, features = int(random.integers(rows)), random.normal(size=gpu.program.features).astype(np.float32)
                    if at % 5 == 3:
                        features[int(random.integers(features.size))] = np.inf
                    want = expected.step(row, features, gpu.program.outputs)
                    try:
                        found = server.step(row, features)
                    except InvalidArgument:
                        assert want is None, (precision, seed, part, at)
                    else:
                        assert want is not None, (precision, seed, part, at)
                        assert not bits_differ(found, want), (precision, seed, part, at)
                assert server.starts == 1


def main() -> None:
    """With the path of the kernels and how many seeds: every scenario. An assertion fails where the kernels are wrong."""
    shim = opened(SHIM_CDEF, Path(sys.argv[1]))
    for seed in range(int(sys.argv[2])):
        for precision in PRECISIONS:
            check_steps(shim, rich_model(seed), precision, seed)
            make = Builder(seed, 40)
            check_steps(shim, make.model(make.dense(make.dense(1, 30, "relu"), 3)), precision, seed)
            check_serve(shim, rich_model(seed), precision, seed, 20)
            make = Builder(seed, 40)
            check_serve(shim, make.model(make.dense(1, 3)), precision, seed, 20)
    print("equal")


if __name__ == "__main__":
    main()
