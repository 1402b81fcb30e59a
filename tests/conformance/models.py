"""Models: small files with every op, what they find in every precision, whole and step by step, and what a kernel says of them."""

from __future__ import annotations

import base64
import functools
import struct
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from answers import SECOND_NS, START_NS, doubles, opening, refusal, tick
from session import Script, Session, of_sessions, play
from stage import COIN, ES, begin
from support_models import NAMES, every_op, model_of
from ticks import market

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import NeuralTraderError
from neural_trader.models.architectures import gru, linear, lstm, mlp, tcn
from neural_trader.models.file import Calibration, Deviation, InputFeatures, ModelFile, Output, Target, decode_model, encode_model
from neural_trader.models.neural_model import NeuralModel
from neural_trader.models.precision import PRECISIONS
from neural_trader.records import call, check

ROWS: Final = 12  # of features
INSTRUMENTS: Final = 2  # with a state
NEAR: Final = Deviation(max_dp=0.01, p99_dp=0.004, log_loss_change=0.0005, rows=4321)
FAR: Final = Deviation(max_dp=0.05, p99_dp=0.0061, log_loss_change=0.0021, rows=4321)
CLOCKS: Final = {int(clock): clock.name.lower() for clock in abi.ModelClock}
KINDS: Final = {int(kind): kind.name.lower() for kind in abi.ModelOutput}
SHORT: Final = ("fp32", "bf16", "int8")


# ---- files ---------------------------------------------------------------------------------------------------------------------------


def _numbers(kind: str, width: int) -> dict[str, Any]:
    """Changes for a model of a mean and what is around it."""
    ops, tensors = mlp(len(NAMES), width, hidden=(8,), activation="tanh", seed=9)
    output = Output(kind=kind, register=len(ops), labels=(), target=Target(kind="return", horizon=5, unit="ns"))  # type: ignore[arg-type]
    return {"ops": ops, "tensors": tensors, "output": output, "calibration": Calibration(kind="none")}


@functools.cache
def files() -> Mapping[str, bytes]:
    """The files by name."""
    near = {"bfloat16": NEAR, "int8": NEAR}
    trained = {
        "linear": model_of("linear", ops=linear(4, 3, seed=1)[0], deviations=near),
        "mlp": model_of("mlp", every=2, warm_up=2, deviations=near),
        "lstm": model_of("lstm", clock="trade", warm_up=3, deviations=near),
        "gru": model_of("lstm", name="gru", deviations={"bfloat16": NEAR, "int8": FAR}),
        "tcn": model_of("lstm", name="tcn"),
        "normal": model_of("mlp", name="normal", **_numbers("normal", 2)),
        "student": model_of("mlp", name="student", **_numbers("student_t", 3)),
        "every-op": msgspec.structs.replace(every_op(3), deviations=near),
    }
    for name, (ops, tensors) in {
        "linear": linear(4, 3, seed=1),
        "gru": gru(4, 3, hidden=(8, 6), seed=2),
        "tcn": tcn(4, 3, channels=(6, 6), taps=2, seed=3),
        "lstm": lstm(4, 3, hidden=(8,), seed=4),
    }.items():
        model = trained[name]
        output = msgspec.structs.replace(model.output, register=len(ops))
        trained[name] = msgspec.structs.replace(model, ops=ops, tensors=tensors, output=output)
    features = InputFeatures(names=("run", "sign_8"), required=("trade",))
    scope = msgspec.structs.replace(trained["every-op"].instruments, scope="any", symbols=())
    trained["every-op"] = msgspec.structs.replace(trained["every-op"], features=features, instruments=scope)
    return {name: encode_model(_without_history(model)) for name, model in trained.items()}


def _without_history(model: ModelFile) -> ModelFile:
    return msgspec.structs.replace(model, trained={})


def spoilt() -> dict[str, tuple[int, int, bytes]]:
    """Changes that make the file "linear" one that has to be refused: at a byte, so many bytes become these."""
    whole = files()["linear"]

    def other(text: bytes, by: bytes) -> tuple[int, int, bytes]:
        return whole.index(text), len(text), by

    return {
        "empty": (0, len(whole), b""),
        "cut": (len(whole) - 4, 4, b""),
        "long header": (0, 8, struct.pack("<Q", 1 << 40)),
        "not ours": other(b"neural_trader", b"neural_dealer"),
        "no number": (len(whole) - 4, 4, struct.pack("<f", float("nan"))),
        "a feature that is none": other(b"return_4", b"return_5"),
        "an op that is none": other(b"normalise", b"normalize"),
        "no JSON": other(b"{", b"["),
    }


def changed(at: int, removed: int, put: bytes) -> bytes:
    """The file "linear" with a change."""
    whole = files()["linear"]
    return whole[:at] + put + whole[at + removed :]


# ---- what they find ------------------------------------------------------------------------------------------------------------------


def inputs(width: int) -> np.ndarray[Any, Any]:
    """Rows of features: ordinary ones, and the ends of what a float can be."""
    table = np.random.Generator(np.random.PCG64(5)).normal(0, 1.5, (ROWS, width)).astype(np.float32)
    table[3], table[4], table[5] = 0, -0.0, np.float32(1e-45)
    table[6], table[7] = np.finfo(np.float32).max, np.finfo(np.float32).min
    return table


def _info(model: NeuralModel, handle: int) -> dict[str, Any]:
    row = ffi.new("nt_model_info *")
    check(lib.nt_model_read_info(handle, row), handle)
    file = model.file
    numbers = ("inputs", "outputs", "steps", "warm_up", "clock_every", "weights", "row_bytes")
    return {
        "name": ffi.string(row.name).decode(),
        "version": ffi.string(row.version).decode(),
        "output": KINDS[row.output_kind],
        "labels": list(file.output.labels),
        "features": list(file.features.names),
        "clock": CLOCKS[row.clock],
        "stateful": bool(row.stateful),
        "calibrated": bool(row.calibrated),
        **{name: int(getattr(row, name)) for name in numbers},
    }


# Row of state, or None; number of the input row. "advance" and "reset" are of the row of state.
STEPS: Final = (
    *(("step", 0, number) for number in range(4)),
    ("step", 1, 8),
    ("advance", 0, 0),
    *(("step", 0, number) for number in range(4, 9)),
    ("reset", 0, 0),
    ("step", 1, 9),
    *(("step", 0, number) for number in range(3)),
)


def _steps(model: NeuralModel, table: np.ndarray[Any, Any]) -> list[list[Any]]:
    done: list[list[Any]] = []
    for do, row, number in STEPS:
        if do == "step":
            found = model.step(row, table[number])
            done.append([do, row, number, doubles(found.predictions[0].tolist()), found.calibrated])
        else:
            (model.advance if do == "advance" else model.reset)(row)
            done.append([do, row])
    return done


def _generic(data: bytes, precision: str, table: np.ndarray[Any, Any], count: int, steps: int) -> list[float]:
    """As found by code without vectors."""
    handle, out = ffi.new("uint32_t *"), ffi.new(f"double[{count * 8}]")
    call(lib.nt_model_load, ffi.from_buffer(data), len(data), PRECISIONS[precision][1], abi.NT_ISA_GENERIC, 1, handle)
    try:
        check(lib.nt_model_predict(handle[0], ffi.from_buffer("float[]", table), count, steps, out), handle[0])
        row = ffi.new("nt_model_info *")
        check(lib.nt_model_read_info(handle[0], row), handle[0])
        return list(ffi.unpack(out, count * row.outputs))
    finally:
        lib.nt_close(handle[0])


def _found(name: str) -> dict[str, Any]:
    """A model, and what it finds in each precision that it may run in."""
    data = files()[name]
    found: list[dict[str, Any]] = []
    for precision in SHORT:
        if precision != "fp32" and decode_model(data).deviations.get(PRECISIONS[precision][0]) != NEAR:
            continue
        with NeuralModel.load(data, precision=precision, rows=INSTRUMENTS) as model:
            info = _info(model, model._handle)
            found.append({"precision": precision, **_predictions(model, info, data, precision)})
    return {"file": name, "info": info, "found": found}


def _predictions(model: NeuralModel, info: Mapping[str, Any], data: bytes, precision: str) -> dict[str, Any]:
    """Sequences and steps. They have to agree, and every instruction set."""
    table = inputs(info["inputs"])
    shapes = [(ROWS, 1), (1, 1)] if not info["stateful"] else [(ROWS // 4, 4), (1, ROWS), (ROWS, 1)]
    predictions = []
    for count, steps in shapes:
        values = model.predict(table[: count * steps].reshape(count, steps, -1)).predictions.ravel().tolist()
        if doubles(values) != doubles(_generic(data, precision, table, count, steps)):
            raise AssertionError(f"{info['name']} in {precision}: not every instruction set gives the same bits")
        predictions.append({"count": count, "steps": steps, "values": doubles(values)})
    taken = _steps(model, table)
    sequence = model.predict(table[:4].reshape(1 if info["stateful"] else 4, -1, info["inputs"])).predictions[-1]
    if taken[3][3] != doubles(sequence.tolist()):
        raise AssertionError(f"{info['name']} in {precision}: four steps are not a sequence of four")
    return {"predictions": predictions, "steps": taken}


def _refused() -> list[dict[str, Any]]:
    """Files and precisions that are refused, as the core says it; the Python package has to raise the same."""
    rows: list[dict[str, Any]] = []
    for name, (at, removed, put) in spoilt().items():
        data, handle = changed(at, removed, put), ffi.new("uint32_t *")
        try:
            call(lib.nt_model_load, ffi.from_buffer(data), len(data), abi.NT_PRECISION_FLOAT32, 0, 1, handle)
        except NeuralTraderError as error:
            change = {"at": at, "removed": removed, "put": put.hex()}
            rows.append({"name": name, "file": "linear", **change, "precision": "fp32", "error": refusal(error)})
            _expect(type(error), data, "fp32")
    for name, precision in (("gru", "int8"), ("tcn", "int8"), ("normal", "bf16")):
        try:
            NeuralModel.load(files()[name], precision=precision)  # type: ignore[arg-type]
        except NeuralTraderError as error:
            rows.append({"name": f"{name} in {precision}", "file": name, "precision": precision, "error": refusal(error)})
    return rows


def _expect(kind: type[NeuralTraderError], data: bytes, precision: Any) -> None:
    try:
        NeuralModel.load(data, precision=precision).dispose()
    except kind:
        return
    raise AssertionError("the package takes a file that the core refuses")


# ---- in a kernel ---------------------------------------------------------------------------------------------------------------------


def signals_of_a_tape(s: Session) -> None:
    """Models that the kernel steps: one a print, one every second slice in int8, one that only clients speak for."""
    begin(s, instruments=(ES, COIN), models=4)
    s.model("lstm", "lstm", abi.NT_PRECISION_FLOAT32, abi.NT_ISA_GENERIC)
    s.model("mlp", "mlp", abi.NT_PRECISION_INT8, abi.NT_ISA_AUTO)
    s.model("normal", "normal", abi.NT_PRECISION_FLOAT32)
    s.model("clients")
    s.client("a")
    s.feed(opening(START_NS, more=True), opening(START_NS, instrument=1))
    s.signal("a", "ES")
    s.feed(*market(20, START_NS + 1, 7))
    s.poll("a", keep=True)
    s.signal("a", "ES")
    s.signal("a", "ES", "mlp")
    s.signal("a", "COIN", "normal")
    s.signal("a", "ES", "clients")
    s.signal("a", "ES", "nobody")
    s.feed(tick(abi.NT_TICK_GAP, START_NS + 100 * SECOND_NS, instrument=0))
    s.poll("a", keep=True)
    s.signal("a", "ES", "lstm")
    s.feed(*market(10, START_NS + 101 * SECOND_NS, 8))
    s.poll("a", keep=True)
    s.signal("a", "ES", "lstm")


SCRIPTS: tuple[Script, ...] = (signals_of_a_tape,)


@functools.cache
def _played() -> tuple[tuple[dict[str, Any], list[Any]], ...]:
    return tuple(play(script, files()) for script in SCRIPTS)


def recordings() -> list[tuple[str, list[Any]]]:
    """Calls for programs in C."""
    return [(vector["name"], calls) for vector, calls in _played()]


def vectors() -> dict[str, Any]:
    """Files, what is found with them, and the sessions."""
    return {
        "files": {name: base64.b64encode(data).decode() for name, data in files().items()},
        "inputs": {str(width): inputs(width).tobytes().hex() for width in (2, 4)},
        "models": [_found(name) for name in files()],
        "refused": _refused(),
        **of_sessions([vector for vector, _ in _played()]),
    }
