"""An MLP 64-128-64-3 from Python, ours beside onnxruntime and numpy, all on one thread; and how long a million weights take to load.

`model_python.py MLP_FILE MILLION_FILE ROUNDS CALLS` prints one JSON object.

All get the same weights and the same rows, and give probabilities, which have to agree within 1e-4 before anything is timed. Ours takes 32
features, normalises and clips them and doubles them to 64; the others get 64 numbers. Sides take turns, round by round: each call is timed
for itself, then as many in a loop without a clock.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
os.sched_setaffinity(0, {0})

import gc  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from neural_trader._native import abi, ffi, lib  # noqa: E402
from neural_trader.models.file import read_model  # noqa: E402

ROWS = 64
DIFFERENCE = 1e-4
LAYERS = ("fc.0", "fc.1", "head")
Side = tuple[Callable[[Any], Any], list[Any], Callable[[Any], NDArray[np.float32]]]  # a call, its arguments, and how its result is read


def load(data: bytes, precision: int) -> int:
    """A handle on a model with one row."""
    handle, error = ffi.new("uint32_t *"), ffi.new("nt_error *")
    if lib.nt_model_load(ffi.from_buffer(data), len(data), precision, abi.NT_ISA_AUTO, 1, handle, error) != 0:
        raise RuntimeError(ffi.string(error.text).decode())
    return int(handle[0])


def public(path: Path, rows: NDArray[np.float32]) -> Side:
    """NeuralModel.predict. ImportError where the package has none."""
    from neural_trader import NeuralModel

    return NeuralModel.load(path).predict, list(rows), lambda result: np.asarray(result.predictions, np.float32).reshape(-1)


def core(path: Path, rows: NDArray[np.float32]) -> Side:
    """nt_model_predict with pointers that were made before."""
    handle = load(path.read_bytes(), abi.NT_PRECISION_FLOAT32)
    outputs = np.zeros(3)
    to = ffi.cast("double *", outputs.ctypes.data)
    pointers = [ffi.cast("const float *", row.ctypes.data) for row in rows]
    predict = lib.nt_model_predict

    def call(pointer: Any) -> None:
        if predict(handle, pointer, 1, 1, to) != 0:
            raise RuntimeError("nt_model_predict failed")

    return call, pointers, lambda _: outputs.astype(np.float32)


def numpy_side(tensors: dict[str, NDArray[np.float32]], rows: NDArray[np.float32]) -> Side:
    """Matrix times vector, thrice, and softmax."""
    (w0, b0), (w1, b1), (w2, b2) = ((tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]) for layer in LAYERS)

    def call(row: NDArray[np.float32]) -> NDArray[np.float32]:
        hidden = np.maximum(w0 @ row + b0, 0.0)
        hidden = np.maximum(w1 @ hidden + b1, 0.0)
        logits = w2 @ hidden + b2
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()

    return call, list(rows), lambda result: result


def onnx_session(tensors: dict[str, NDArray[np.float32]], inputs: int) -> Any:
    """A session of onnxruntime with one thread, of the graph Gemm, Relu, Gemm, Relu, Gemm, Softmax."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, values, at = [], [], "x"
    for number, layer in enumerate(LAYERS):
        for part in ("weight", "bias"):
            values.append(numpy_helper.from_array(tensors[f"{layer}.{part}"], f"{layer}.{part}"))
        nodes.append(helper.make_node("Gemm", [at, f"{layer}.weight", f"{layer}.bias"], [f"y{number}"], transB=1))
        last = number == len(LAYERS) - 1
        at = "p" if last else f"z{number}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"y{number}"], [at], **({"axis": 1} if last else {})))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, inputs])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [1, 3])],
        values,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnx_side(session: Any, rows: NDArray[np.float32]) -> Side:
    """session.run, as everybody calls it."""
    run, names = session.run, ["p"]

    def call(feed: dict[str, NDArray[np.float32]]) -> Any:
        return run(names, feed)

    return call, [{"x": row[np.newaxis]} for row in rows], lambda result: result[0][0]


def onnx_bound_side(session: Any, rows: NDArray[np.float32]) -> Side:
    """session.run_with_iobinding on memory bound before: its fastest way."""
    import onnxruntime

    output = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, 3), np.float32))
    bindings = []
    for row in rows:
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", onnxruntime.OrtValue.ortvalue_from_numpy(row[np.newaxis]))
        binding.bind_ortvalue_output("p", output)
        bindings.append(binding)
    run = session.run_with_iobinding
    return run, bindings, lambda _: output.numpy()[0]


def difference(sides: dict[str, Side]) -> float:
    """The largest one between any side and the first on any row."""
    worst = 0.0
    for row in range(ROWS):
        results = [np.array(read(call(arguments[row]))) for call, arguments, read in sides.values()]
        worst = max(worst, *(float(np.abs(result - results[0]).max()) for result in results[1:]))
    return worst


def timed(side: Side, calls: int) -> dict[str, float]:
    """One round, in us."""
    call, arguments, _ = side
    clock, count = time.perf_counter_ns, len(arguments)
    in_turn = [arguments[number % count] for number in range(calls)]
    taken = []
    for argument in in_turn:
        begin = clock()
        call(argument)
        taken.append(clock() - begin)
    begin = clock()
    for argument in in_turn:
        call(argument)
    back = (clock() - begin) / calls
    taken.sort()
    return {"p50": taken[calls // 2] / 1e3, "p99": taken[int(calls * 0.99)] / 1e3, "back": back / 1e3}


def load_times(path: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds from bytes in memory to a model that runs, and back, by precision."""
    data = path.read_bytes()
    found: dict[str, Any] = {}
    for precision in ("FLOAT32", "BFLOAT16", "INT8"):
        times = []
        for _ in range(rounds):
            begin = time.perf_counter_ns()
            handle = load(data, getattr(abi, f"NT_PRECISION_{precision}"))
            times.append((time.perf_counter_ns() - begin) / 1e6)
            lib.nt_close(handle)
        found[precision.lower()] = times
    return found


def main(mlp: Path, million: Path, rounds: int, calls: int) -> None:
    """Compare, then time."""
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in read_model(mlp).tensors.items()}
    features = tensors["norm.mean"].size
    rows = np.random.default_rng(7).uniform(-2, 2, (ROWS, features)).astype(np.float32)
    doubled = np.concatenate([rows, rows], axis=1)
    sides = {"core": core(mlp, rows), "numpy": numpy_side(tensors, doubled)}
    missing = {}
    try:
        sides["neural_model"] = public(mlp, rows)
    except ImportError:
        missing["neural_model"] = "the package has no NeuralModel"
    try:
        session = onnx_session(tensors, 2 * features)
    except ImportError as error:
        missing["onnxruntime"] = missing["onnxruntime_bound"] = str(error)
    else:
        sides["onnxruntime"] = onnx_side(session, doubled)
        sides["onnxruntime_bound"] = onnx_bound_side(session, doubled)
    worst = difference(sides)
    if worst > DIFFERENCE:
        raise SystemExit(f"the probabilities differ by {worst:g}, more than {DIFFERENCE:g}")
    gc.disable()
    found: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    for number in range(-1, rounds):
        for name, side in sides.items():
            measured = timed(side, calls if number >= 0 else calls // 10)
            if number >= 0:
                found[name].append(measured)
    print(json.dumps({"difference": worst, "rounds": found, "missing": missing, "load_ms": load_times(million, rounds)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
