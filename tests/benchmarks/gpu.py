"""Models on the GPU beside one core of the CPU: `python tests/benchmarks/gpu.py [--json FILE]`.

Both compute the same model from the same inputs, and results have to be equal to the bit. Without a usable GPU the figure "gpu" is null,
and "gpu_reason" says why. The shape LSTM_A is that of the STAC-ML benchmarks' model; the figures are unaudited and no STAC results.
"""

from __future__ import annotations

import argparse
import ctypes
import datetime
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import machine
import numpy as np
from harness import ARCHIVE, BUILD, HERE, ROOT, Bench, BenchmarkError, run, table, tool

from neural_trader.models.file import Clock, InputFeatures, ModelFile, Output, State, Target, encode_model
from neural_trader.models.gpu import GpuModel, measure_crossover, open_device, usable
from neural_trader.models.gpu_device import Device
from neural_trader.models.program import PRECISIONS
from neural_trader.records import Features

GROUP = "gpu"
FEATURES, HIDDEN, LAYERS = 100, 100, 2  # LSTM_A
COPIES = 4  # of each of the baseline's features
INSTRUMENTS = 10_000
CLIP = 5.0


def lstm(layers: int, names: tuple[str, ...], copies: int, seed: int = 1) -> ModelFile:
    """`layers` of LSTM with HIDDEN units on the features, `copies` times side by side, with random weights."""
    random = np.random.default_rng(seed)
    features, width = len(names), len(names) * copies
    tensors: dict[str, Any] = {"mean": np.zeros(features), "inverse_scale": np.ones(features)}
    ops: list[dict[str, Any]] = [{"op": "normalise", "in": [0], "out": 1, "tensors": {name: name for name in tensors}, "clip": CLIP}]
    if copies > 1:
        ops.append({"op": "concat", "in": [1] * copies, "out": 2})
    for layer in range(layers):
        shapes = {"weight_ih": (4 * HIDDEN, width), "weight_hh": (4 * HIDDEN, HIDDEN), "bias_ih": (4 * HIDDEN,), "bias_hh": (4 * HIDDEN,)}
        slots = {slot: f"{slot}_l{layer}" for slot in shapes}
        tensors |= {slots[slot]: random.uniform(-1, 1, shape) / HIDDEN**0.5 for slot, shape in shapes.items()}
        ops.append({"op": "lstm", "in": [len(ops)], "out": len(ops) + 1, "tensors": slots})
        width = HIDDEN
    tensors |= {"weight": random.uniform(-1, 1, (2, width)) / width**0.5, "bias": random.uniform(-0.1, 0.1, 2)}
    slots = {"weight": "weight", "bias": "bias"}
    ops.append({"op": "dense", "in": [len(ops)], "out": len(ops) + 1, "tensors": slots, "activation": "none"})
    return ModelFile(
        name="bench",
        version="1",
        clock=Clock(on="tick"),
        features=InputFeatures(names=names),
        state=State(kind="stream", steps=50) if layers else State(),
        ops=ops,
        output=Output(kind="normal", register=len(ops), labels=(), target=Target(kind="return", horizon=1, unit="ticks")),
        tensors={name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()},
    )


def wide(layers: int) -> ModelFile:
    """For the GPU: 100 features for an LSTM, 1 without. A model file has no names for so many features."""
    return lstm(layers, tuple(f"x{at}" for at in range(FEATURES if layers else 1)), 1)


class Baseline:
    """The same on one core, by the C library: a quarter of the features, each four times, which gives the same numbers."""

    def __init__(self, library: ctypes.CDLL, layers: int, precision: str, rows: int) -> None:
        self.library, self.copies = library, COPIES if layers else 1
        names = tuple(Features([]))[: FEATURES // COPIES if layers else 1]
        self.features = len(names)
        data = encode_model(lstm(layers, names, self.copies))
        self.model = library.gpu_baseline_load(data, len(data), PRECISIONS.index(precision) + 1, rows)
        if self.model < 0:
            raise BenchmarkError(f"the C library refused the model ({self.model})")

    def draw(self, random: np.random.Generator, count: int) -> tuple[Any, Any]:
        """Features for `count` steps: for this model, and for that of `wide`."""
        features = random.normal(size=(count, self.features)).astype(np.float32)
        return features, np.tile(features, (1, self.copies))

    def step(self, features: Any) -> tuple[float, Any]:
        """Rows 0 on; the seconds, and the results."""
        count, outputs = features.shape[0], np.empty((features.shape[0], 2))
        ns = self.library.gpu_baseline_step(self.model, count, self.features, features.ctypes.data, 2, outputs.ctypes.data)
        if ns < 0:
            raise BenchmarkError("the model of the CPU refused the features")
        return ns / 1e9, outputs.astype(np.float32)

    def close(self) -> None:
        """Give the model back."""
        self.library.gpu_baseline_close(self.model)


@functools.cache
def build() -> ctypes.CDLL:
    """c/gpu.c as a shared library."""
    if not ARCHIVE.exists():
        raise BenchmarkError(f"{ARCHIVE.relative_to(ROOT)} does not exist; run `make build`")
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / "gpu.so"
    flags = ["-std=gnu11", "-O3", "-fPIC", "-shared", "-Wall", "-Wextra", f"-I{ROOT / 'csrc'}"]
    run([tool("CC", "cc", "gcc", "clang"), *flags, HERE / "c/gpu.c", ARCHIVE, "-o", path, "-pthread", "-lrt", "-lm"], timeout_s=120)
    library = ctypes.CDLL(str(path))
    number, pointer, long = ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint64
    library.gpu_baseline_load.argtypes = [ctypes.c_char_p, long, number, number]
    library.gpu_baseline_load.restype = ctypes.c_int64
    library.gpu_baseline_close.argtypes = [number]
    library.gpu_baseline_step.argtypes = [number, number, number, pointer, number, pointer]
    library.gpu_baseline_step.restype = ctypes.c_int64
    library.gpu_round_trips.argtypes = [pointer, number, number, number, number, long, long, pointer, pointer, pointer]
    library.gpu_round_trips.restype = number
    return library


def _equal(found: Any, expected: Any, what: str) -> None:
    if found.tobytes() != expected.tobytes():
        raise BenchmarkError(f"{what}: the GPU's results are not those of the CPU")


def _batches(bench: Bench, device: Device, library: ctypes.CDLL, instruments: int, runs: int) -> None:
    """A step of many instruments, copies included, beside one core."""
    shape = wide(LAYERS)
    random = np.random.default_rng(2)
    for precision in PRECISIONS:
        bench.progress(f"gpu: {instruments} instruments, {precision}")
        cpu = Baseline(library, LAYERS, precision, instruments)
        with GpuModel(shape, precision=precision, instruments=instruments, device=device) as model:
            ours, theirs = [], []
            for at in range(runs + 1):
                narrow, features = cpu.draw(random, instruments)
                seconds, expected = cpu.step(narrow)
                begin = time.perf_counter_ns()
                found = model.step(features)
                elapsed = (time.perf_counter_ns() - begin) / 1e9
                _equal(found, expected, f"batch, {precision}")
                if at > 0:  # the first one makes the call ready
                    ours.append(elapsed)
                    theirs.append(seconds)
            over = float(np.median(theirs) / np.median(ours))
            key = f"gpu.batch.{precision}"
            bench.put(
                key, {"gpu_us": 1e6 * float(np.median(ours)), "gpu_max_us": 1e6 * max(ours), "cpu_us": 1e6 * float(np.median(theirs))}
            )
            bench.put(f"{key}.over_one_core", over)
            note = f"median of {runs}: {1e6 * np.median(ours):.0f} us against {1e6 * np.median(theirs):.0f} us, copies included; equal bits"
            target = 20.0 if precision == "float32" else None
            what = f"{instruments:,} x LSTM 2x100, {precision}, over one core"
            bench.row(GROUP, what, over, "x", target=target, better="higher", note=note)
            bench.put(f"{key}.crossover", _crossover(bench, model, cpu, precision))
        cpu.close()


def _crossover(bench: Bench, model: GpuModel, cpu: Baseline, precision: str) -> dict[str, Any]:
    found = measure_crossover(model, lambda features: cpu.step(features[None, : cpu.features]))
    bench.row(GROUP, f"faster than one core from, {precision}", float(found.instruments), "instruments", note="0: never, up to all of them")
    return {
        "instruments": found.instruments,
        "cpu_us": 1e6 * found.cpu_seconds,
        "gpu_us": {str(count): 1e6 * seconds for count, seconds in found.gpu_seconds.items()},
    }


def _round_trips(bench: Bench, device: Device, library: ctypes.CDLL, count: int, *, layers: int, precision: str, gap_ns: int) -> None:
    """Requests to the kernel that stays, from C."""
    what = "LSTM_A" if layers else "ping-pong"
    bench.progress(f"gpu: {what}, {precision}, {gap_ns} ns apart")
    cpu = Baseline(library, layers, precision, 1)
    narrow, inputs = cpu.draw(np.random.default_rng(3), count)
    times, results = np.zeros(count, np.uint64), np.zeros((count, 2), np.float32)
    with (
        GpuModel(wide(layers), precision=precision, device=device) as model,
        model.serve(idle_seconds=30.0) as server,
    ):
        served = library.gpu_round_trips(
            *(server.mailbox.words.ctypes.data, inputs.shape[1], 2, 1, count, gap_ns, 10_000_000_000),
            *(inputs.ctypes.data, times.ctypes.data, results.ctypes.data),
        )
    if served != count:
        raise BenchmarkError(f"{what}: {served} of {count} requests were answered")
    _equal(results, np.concatenate([cpu.step(narrow[at : at + 1])[1] for at in range(count)]), what)
    cpu.close()
    late = times[count // 10 :] / 1e3  # the first tenth warms up
    p50, p99 = float(np.percentile(late, 50)), float(np.percentile(late, 99))
    key = f"gpu.{'lstm_a' if layers else 'ping_pong'}.{precision}.{'isolated' if gap_ns else 'back_to_back'}"
    bench.put(key, {"p50_us": p50, "p99_us": p99, "max_us": float(late.max()), "requests": count})
    target = 8.0 if layers and gap_ns and precision != "float32" else None
    label = "LSTM_A, STAC-ML-shaped, unaudited" if layers else "signalling ping-pong"
    note = f"p50 {p50:.2f} us, max {late.max():.1f} us, {'20 us apart' if gap_ns else 'back to back'}; equal bits"
    bench.row(GROUP, f"{label}, {precision}, p99", p99, "us", target=target, note=note)


def measure_on(bench: Bench, device: Device, *, instruments: int = INSTRUMENTS, runs: int = 50, requests: int = 20_000) -> None:
    """Everything, on one device."""
    library = build()
    bench.put("gpu.device", device.description)
    bench.put("gpu.date", datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    _batches(bench, device, library, instruments, runs)
    for gap_ns in (20_000, 0):
        _round_trips(bench, device, library, requests, layers=0, precision="float32", gap_ns=gap_ns)
        for precision in PRECISIONS:
            _round_trips(bench, device, library, requests, layers=LAYERS, precision=precision, gap_ns=gap_ns)


def measure(bench: Bench) -> None:
    """On this machine's GPU, or why not."""
    reason = usable()
    if reason is not None:
        bench.put("gpu", None)
        bench.put("gpu_reason", reason)
        bench.row(GROUP, "models on a GPU", None, "", note=f"not measured: {reason}")
        return
    if bench.quick:
        measure_on(bench, open_device(), runs=10, requests=2_000)
    else:
        measure_on(bench, open_device())


def main() -> int:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(description="Measure models on the GPU beside one core of the CPU.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    options = parser.parse_args()
    bench = Bench(quick=options.quick)
    machine.before(bench)
    try:
        measure(bench)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json is not None:
        options.json.write_text(json.dumps(bench.figures, indent=2) + "\n", encoding="utf-8")
    print(table(bench.rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
