"""Model files: safetensors with one metadata key of ours, which holds what a model is besides its tensors.

`write_model` and `read_model` refuse what the core refuses when it loads the file, so a model that was written can be loaded. The same
model gives the same bytes: tensors in the order of their names, keys in a fixed order, no spaces beyond the padding of the header to 8
bytes. Tensor shapes and the order of gates are PyTorch's, so a state_dict fits as it is.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._fields import NAME
from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument, NoSpace, SystemFailure

__all__ = [
    "Calibration",
    "Clock",
    "Deviation",
    "InputFeatures",
    "InstrumentScope",
    "ModelFile",
    "Output",
    "State",
    "Target",
    "decode_model",
    "encode_model",
    "read_model",
    "write_model",
]

FORMAT: Final = 1
KEY: Final = "neural_trader"
METADATA: Final = "__metadata__"
FILE_BYTES_MAX: Final = 256 << 20
HEADER_BYTES_MAX: Final = 1 << 20
DEPTH_MAX: Final = 16
KEYS_MAX: Final = 512
NUMBER_MAX: Final = 64  # characters
OPS_MAX: Final = 64
REGISTERS_MAX: Final = 64
WIDTH_MAX: Final = 4096
TENSORS_MAX: Final = 256
CLASSES_MAX: Final = 64
SYMBOLS_MAX: Final = 1024
STATE_BYTES_MAX: Final = 65536
STEPS_MAX: Final = 65536
INT32_MAX: Final = 2**31 - 1
MOST: Final = 2**53  # of a whole number: every JSON reader takes it exactly
FLOAT32_MAX: Final = float(np.finfo(np.float32).max)

Tensors = dict[str, NDArray[np.float32]]


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """When the model looks: after each `every`-th tick, quote, trade, or tick with a new time."""

    on: Literal["tick", "quote", "trade", "time_change"]
    every: int = 1


class InputFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs by the names of the core's features, in order, and what the feed has to carry for them."""

    version: int = 1
    names: tuple[str, ...]
    required: tuple[Literal["quote", "size", "trade"], ...] = ()


class InstrumentScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which instruments the model is for: any, or the symbols listed."""

    scope: Literal["any", "listed"] = "any"
    symbols: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the model remembers of an instrument: nothing, or a stream, trained on windows of `steps` predictions.

    The first `warm_up` predictions after a reset do not count. A stream is reset at a new session, or after a gap of more than `gap_ns`
    (event time, 0 unless `reset_on` has "gap").
    """

    kind: Literal["none", "stream"] = "none"
    steps: int = 0
    warm_up: int = 0
    reset_on: tuple[Literal["session", "gap"], ...] = ()
    gap_ns: int = 0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was predicted: `horizon` in ticks of the model's clock or in ns; moves within `dead_band_ticks` price steps are flat."""

    kind: Literal["mid_move", "next_move", "triple_barrier", "return"]
    horizon: int
    unit: Literal["ticks", "ns"]
    dead_band_ticks: float = 0.0


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """The register with the result: one number a label, or the 2 of a normal (mean, log deviation), or the 3 of a Student t."""

    kind: Literal["classes", "normal", "student_t"]
    register: int
    labels: tuple[str, ...]
    target: Target


class Calibration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How logits become probabilities: softmax(logits * inverse_temperature + bias), as fitted on `rows` rows, and how good it was there.

    All of it is None for kind "none". `ece` is the expected calibration error, `log_loss` in nats.
    """

    kind: Literal["none", "vector"]
    inverse_temperature: float | None = None
    bias: tuple[float, ...] | None = None
    ece: float | None = None
    log_loss: float | None = None
    rows: int | None = None


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """How far a precision's probabilities were from float32's on `rows` rows: largest, 99th percentile, change of log loss in nats."""

    max_dp: float
    p99_dp: float
    log_loss_change: float
    rows: int


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its file holds it.

    - ops: in the order in which they run, each a mapping: `op`, `in` (registers), `out` (a register), `tensors` (names by slot, for ops
      that have any), and what its kind asks for: `clip` (normalise), `activation` (dense, causal_conv), `dilation` (causal_conv).
      Register 0 is the input, as wide as there are features. Op 0 is normalise.
    - deviations: by precision ("bfloat16", "int8"), for those that were measured.
    - trained: where the model comes from; anything that JSON can hold.
    - tensors: float32 arrays by name; each belongs to exactly one op.
    """

    name: str
    version: str
    clock: Clock
    features: InputFeatures
    instruments: InstrumentScope = InstrumentScope()
    state: State = State()
    ops: Sequence[Mapping[str, Any]]
    output: Output
    calibration: Calibration = Calibration(kind="none")
    deviations: Mapping[str, Deviation] = {}
    trained: Mapping[str, Any] = {}
    tensors: Mapping[str, NDArray[np.float32]]


class _Kind(NamedTuple):
    slots: tuple[str, ...]
    inputs_max: int
    extra: tuple[str, ...] = ()


_RECURRENT = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_KINDS: Final = {
    "normalise": _Kind(("mean", "inverse_scale"), 1, ("clip",)),
    "dense": _Kind(("weight", "bias"), 1, ("activation",)),
    "lstm": _Kind(_RECURRENT, 1),
    "gru": _Kind(_RECURRENT, 1),
    "causal_conv": _Kind(("weight", "bias"), 1, ("activation", "dilation")),
    "layer_norm": _Kind(("weight", "bias"), 1),
    "add": _Kind((), 4),
    "multiply": _Kind((), 4),
    "concat": _Kind((), 4),
}
_OP_KEYS: Final = ("op", "in", "out", "tensors", "activation", "dilation", "clip")
_GATES: Final = {"lstm": 4, "gru": 3}

# ---- strict JSON ---------------------------------------------------------------------------------------------------------------


def _refuse(path: str, text: str) -> NoReturn:
    raise InvalidArgument(f"{path}: {text}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEYS_MAX:
        raise ValueError(f"an object has more than {KEYS_MAX} keys")
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {_shown(next(key for key in keys if keys.count(key) > 1))} is there twice")
    return result


def _number_text(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def converted(text: str) -> Any:
        if len(text) > NUMBER_MAX:
            raise ValueError(f"a number has {len(text)} characters; write it with at most {NUMBER_MAX}")
        value = convert(text)
        if not math.isfinite(value):
            raise ValueError(f"{text} is too large for a double")
        return value

    return converted


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _examine(value: Any, path: str, depth: int) -> None:
    """Depth, and the characters of strings."""
    if isinstance(value, str):
        if "\0" in value:
            _refuse(path, "no zero character may be in a string")
        try:
            value.encode()
        except UnicodeEncodeError:
            _refuse(path, "half a surrogate pair is in a string")
    elif isinstance(value, dict | list):
        if depth == DEPTH_MAX:
            _refuse(path, f"is nested deeper than {DEPTH_MAX}")
        for item in value:
            _examine(item, path, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _examine(item, path, depth + 1)


def _load(text: str, path: str) -> Any:
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=_number_text(int),
            parse_float=_number_text(float),
            parse_constant=_no_constant,
        )
    except RecursionError:
        _refuse(path, f"is nested deeper than {DEPTH_MAX}")
    except ValueError as error:
        raise InvalidArgument(f"{path}: {error}") from error
    _examine(value, path, 0)
    return value


# ---- values --------------------------------------------------------------------------------------------------------------------


def _object(value: Any, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(path, f"must be an object, is {_shown(value)}")
    known = (*required, *optional)
    for key in value:
        if key not in known:
            _refuse(f"{path}.{key[:40]}", f"unknown key; expected {', '.join(known) or 'none'}")
    for key in required:
        if key not in value:
            _refuse(path, f"key {key!r} is missing")
    return value


def _list(value: Any, path: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        _refuse(path, f"must be a list, is {_shown(value)}")
    if len(value) > most:
        _refuse(path, f"there are {len(value)}; at most {most}")
    return value


def _integer(value: Any, path: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _refuse(path, f"must be a whole number without point or exponent, is {_shown(value)}")
    if not least <= value <= most:
        _refuse(path, f"must be {least} to {most}, is {value}")
    return value


def _number(value: Any, path: str, *, negative: bool = False) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(path, f"must be a number, is {_shown(value)}")
    if value < 0 and not negative:
        _refuse(path, f"must not be negative, is {value}")
    return float(value)


def _float32(value: Any, path: str, *, positive: bool = False) -> float:
    number = _number(value, path, negative=True)
    if abs(number) > FLOAT32_MAX:
        _refuse(path, f"{number} is too large for float32")
    if positive and not np.float32(number) > 0:
        _refuse(path, f"must be greater than 0 in float32, is {number}")
    return number


def _word(value: Any, path: str, *words: str) -> str:
    if not isinstance(value, str) or value not in words:
        _refuse(path, f"must be {' or '.join(words)}, is {_shown(value)}")
    return value


def _name(value: Any, path: str) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        _refuse(path, f"must be 1 to 31 characters of a-z A-Z 0-9 . _ - and not start with a dot, is {_shown(value)}")
    return value


def _once(values: list[Any], path: str) -> list[Any]:
    for index, value in enumerate(values):
        if value in values[:index]:
            _refuse(path, f"{value!r} is there twice")
    return values


def _names(value: Any, path: str, most: int) -> list[str]:
    return _once([_name(item, f"{path}[{index}]") for index, item in enumerate(_list(value, path, most))], path)


def _words(value: Any, path: str, *words: str) -> list[str]:
    return _once([_word(item, f"{path}[{index}]", *words) for index, item in enumerate(_list(value, path, len(words)))], path)


# ---- the description -----------------------------------------------------------------------------------------------------------


def _feature_names() -> set[str]:
    names = set()
    for index in range(abi.NT_FEATURE_COUNT):
        name = ffi.new("char[32]")
        if lib.nt_feature_name(index, name, 32) < 0:
            raise InvalidArgument(f"the core has no feature {index}")
        names.add(ffi.string(name).decode())
    return names


def _check_clock(value: Any, path: str) -> None:
    clock = _object(value, path, ("on", "every"))
    _word(clock["on"], f"{path}.on", "tick", "quote", "trade", "time_change")
    _integer(clock["every"], f"{path}.every", 1, INT32_MAX)


def _check_features(value: Any, path: str) -> int:
    features = _object(value, path, ("version", "names", "required"))
    _integer(features["version"], f"{path}.version", 1, 1)
    names = _names(features["names"], f"{path}.names", abi.NT_FEATURE_COUNT)
    known = _feature_names()
    for name in names:
        if name not in known:
            _refuse(f"{path}.names", f"there is no feature {name!r}")
    if not names:
        _refuse(f"{path}.names", "must hold at least one feature")
    _words(features["required"], f"{path}.required", "quote", "size", "trade")
    return len(names)


def _check_instruments(value: Any, path: str) -> None:
    instruments = _object(value, path, ("scope", "symbols"))
    listed = _word(instruments["scope"], f"{path}.scope", "any", "listed") == "listed"
    if listed != bool(_names(instruments["symbols"], f"{path}.symbols", SYMBOLS_MAX)):
        _refuse(path, 'scope "listed" needs symbols, and "any" has none')


def _check_state(value: Any, path: str) -> str:
    state = _object(value, path, ("kind", "steps", "warm_up", "reset_on", "gap_ns"))
    kind = _word(state["kind"], f"{path}.kind", "none", "stream")
    if (kind == "stream") != (_integer(state["steps"], f"{path}.steps", 0, STEPS_MAX) > 0):
        _refuse(f"{path}.steps", 'must be at least 1 for "stream" and 0 for "none"')
    _integer(state["warm_up"], f"{path}.warm_up", 0, INT32_MAX)
    resets = _words(state["reset_on"], f"{path}.reset_on", "session", "gap")
    if ("gap" in resets) != (_integer(state["gap_ns"], f"{path}.gap_ns", 0, MOST) > 0):
        _refuse(f"{path}.gap_ns", 'must be greater than 0 with "gap" in reset_on, and 0 without it')
    return kind


def _check_output(value: Any, path: str) -> dict[str, Any]:
    output = _object(value, path, ("kind", "register", "labels", "target"))
    kind = _word(output["kind"], f"{path}.kind", "classes", "normal", "student_t")
    _integer(output["register"], f"{path}.register", 1, REGISTERS_MAX - 1)
    labels = _names(output["labels"], f"{path}.labels", CLASSES_MAX)
    if len(labels) < 2 if kind == "classes" else labels:
        _refuse(f"{path}.labels", '"classes" needs at least 2 labels, another kind has none')
    target = _object(output["target"], f"{path}.target", ("kind", "horizon", "unit", "dead_band_ticks"))
    _word(target["kind"], f"{path}.target.kind", "mid_move", "next_move", "triple_barrier", "return")
    _integer(target["horizon"], f"{path}.target.horizon", 1, MOST)
    _word(target["unit"], f"{path}.target.unit", "ticks", "ns")
    _number(target["dead_band_ticks"], f"{path}.target.dead_band_ticks")
    return output


def _check_calibration(value: Any, path: str, output: dict[str, Any]) -> None:
    fitted = ("inverse_temperature", "bias", "ece", "log_loss", "rows")
    kind = _word(_object(value, path, ("kind",), fitted)["kind"], f"{path}.kind", "none", "vector")
    _object(value, path, ("kind", *(fitted if kind == "vector" else ())))
    if kind == "none":
        return
    _float32(value["inverse_temperature"], f"{path}.inverse_temperature", positive=True)
    bias = _list(value["bias"], f"{path}.bias", CLASSES_MAX)
    for index, item in enumerate(bias):
        _float32(item, f"{path}.bias[{index}]")
    if output["kind"] != "classes" or len(bias) != len(output["labels"]):
        _refuse(f"{path}.bias", f'must hold one number a label of "classes": {len(output["labels"])}, has {len(bias)}')
    _number(value["ece"], f"{path}.ece")
    _number(value["log_loss"], f"{path}.log_loss")
    _integer(value["rows"], f"{path}.rows", 1, MOST)


def _check_precision(value: Any, path: str) -> None:
    precision = _object(value, path, ("float32",), ("bfloat16", "int8"))
    _object(precision["float32"], f"{path}.float32", ())
    for name in precision.keys() - {"float32"}:
        place = f"{path}.{name}"
        deviation = _object(precision[name], place, ("max_dp", "p99_dp", "log_loss_change", "rows"))
        _number(deviation["max_dp"], f"{place}.max_dp")
        _number(deviation["p99_dp"], f"{place}.p99_dp")
        _number(deviation["log_loss_change"], f"{place}.log_loss_change", negative=True)
        _integer(deviation["rows"], f"{place}.rows", 1, MOST)


# ---- ops -----------------------------------------------------------------------------------------------------------------------


def _check_op(value: Any, path: str) -> _Kind:
    """The keys of one op and their values, each by itself."""
    op = _object(value, path, ("op", "in", "out"), _OP_KEYS[3:])
    kind = _KINDS[_word(op["op"], f"{path}.op", *_KINDS)]
    _object(value, path, ("op", "in", "out", *(("tensors",) if kind.slots else ()), *kind.extra))
    ins = _list(op["in"], f"{path}.in", 4)
    for index, register in enumerate(ins):
        _integer(register, f"{path}.in[{index}]", 0, REGISTERS_MAX - 1)
    if len(ins) != 1 if kind.inputs_max == 1 else len(ins) < 2:
        _refuse(path, f"{op['op']} takes {'one input' if kind.inputs_max == 1 else '2 to 4 inputs'}, has {len(ins)}")
    _integer(op["out"], f"{path}.out", 1, REGISTERS_MAX - 1)
    if kind.slots:
        for slot, name in _object(op["tensors"], f"{path}.tensors", kind.slots).items():
            if not isinstance(name, str):
                _refuse(f"{path}.tensors.{slot}", f"must be a string, is {_shown(name)}")
    if "activation" in kind.extra:
        _word(op["activation"], f"{path}.activation", "none", "relu", "tanh", "sigmoid", "gelu")
    if "dilation" in kind.extra:
        _integer(op["dilation"], f"{path}.dilation", 1, STATE_BYTES_MAX // 4)
    if "clip" in kind.extra:
        _float32(op["clip"], f"{path}.clip", positive=True)
    return kind


class _Program:
    """Widths of registers, use of tensors and bytes of state, op by op."""

    def __init__(self, features: int, tensors: Tensors) -> None:
        self.widths = {0: features}
        self.tensors = tensors
        self.unused = dict.fromkeys(tensors)
        self.state_bytes = 0

    def add(self, value: Any, path: str, first: bool) -> None:
        kind = _check_op(value, path)
        op, name = value, value["op"]
        if first != (name == "normalise"):
            _refuse(path, f"op 0 must be normalise, and no other may be; this is {name}")
        for register in op["in"]:
            if register not in self.widths:
                _refuse(path, f"{name}: register {register} is read before it is written")
        if op["out"] in self.widths:
            _refuse(path, f"{name}: register {op['out']} is written twice")
        width = self._width(op, path, {slot: self._take(op["tensors"][slot], f"{path}.tensors.{slot}") for slot in kind.slots})
        if width > WIDTH_MAX:
            _refuse(path, f"{name}: output is {width} wide; at most {WIDTH_MAX}")
        if self.state_bytes > STATE_BYTES_MAX:
            _refuse(path, f"{name}: an instrument would need {self.state_bytes} bytes of state; at most {STATE_BYTES_MAX}")
        self.widths[op["out"]] = width

    def _take(self, name: str, path: str) -> tuple[int, ...]:
        if name not in self.tensors:
            _refuse(path, f"there is no tensor {_shown(name)}")
        if name not in self.unused:
            _refuse(path, f"tensor {_shown(name)} is used before; each belongs to one op")
        del self.unused[name]
        return self.tensors[name].shape

    def _width(self, op: dict[str, Any], path: str, shapes: dict[str, tuple[int, ...]]) -> int:
        kind = op["op"]
        ins = [self.widths[register] for register in op["in"]]
        width = out = ins[0]
        if kind in _GATES:
            rows, gates = shapes["weight_ih"][0], _GATES[kind]
            if rows % gates:
                _refuse(path, f"{kind}: weight_ih must have a multiple of {gates} rows, has {rows}")
            out = rows // gates
            expected = {"weight_ih": (rows, width), "weight_hh": (rows, out), "bias_ih": (rows,), "bias_hh": (rows,)}
            self.state_bytes += 4 * out * (2 if kind == "lstm" else 1)
        elif kind in ("dense", "causal_conv"):
            shape = shapes["weight"]
            out = shape[0]
            taps = (shape[2] if len(shape) == 3 else 1,) if kind == "causal_conv" else ()
            expected = {"weight": (out, width, *taps), "bias": (out,)}
            self.state_bytes += 4 * width * op["dilation"] * (taps[0] - 1) if taps else 0
        elif shapes:
            expected = dict.fromkeys(shapes, (width,))
        else:
            if kind != "concat" and len(set(ins)) > 1:
                _refuse(path, f"{kind}: registers {op['in']} are {ins} wide; they must be equal")
            return sum(ins) if kind == "concat" else width
        for slot, shape in shapes.items():
            if shape != expected[slot]:
                name = op["tensors"][slot]
                _refuse(path, f"{kind}: tensor {_shown(name)} as {slot} must have shape {list(expected[slot])}, has {list(shape)}")
        return out


def _check(description: Any, tensors: Tensors) -> dict[str, Any]:
    """What the core asks of a description and its tensors."""
    keys = (
        "format",
        "name",
        "version",
        "clock",
        "features",
        "instruments",
        "state",
        "ops",
        "output",
        "calibration",
        "precision",
        "trained",
    )
    model = _object(description, KEY, keys)
    _integer(model["format"], f"{KEY}.format", FORMAT, FORMAT)
    _name(model["name"], f"{KEY}.name")
    _name(model["version"], f"{KEY}.version")
    _check_clock(model["clock"], f"{KEY}.clock")
    program = _Program(_check_features(model["features"], f"{KEY}.features"), tensors)
    _check_instruments(model["instruments"], f"{KEY}.instruments")
    kind = _check_state(model["state"], f"{KEY}.state")
    ops = _list(model["ops"], f"{KEY}.ops", OPS_MAX)
    for index, op in enumerate(ops):
        program.add(op, f"{KEY}.ops[{index}]", index == 0)
    if not ops:
        _refuse(f"{KEY}.ops", "there are none; op 0 must be normalise")
    if (kind == "stream") != any(op["op"] in ("lstm", "gru", "causal_conv") for op in ops):
        _refuse(f"{KEY}.state.kind", 'must be "stream" with lstm, gru or causal_conv among the ops, and "none" without')
    output = _check_output(model["output"], f"{KEY}.output")
    width = {"normal": 2, "student_t": 3}.get(output["kind"], len(output["labels"]))
    if program.widths.get(output["register"]) != width:
        there = program.widths.get(output["register"], "not written")
        _refuse(f"{KEY}.output.register", f"register {output['register']} must be {width} wide for this kind and these labels, is {there}")
    _check_calibration(model["calibration"], f"{KEY}.calibration", output)
    _check_precision(model["precision"], f"{KEY}.precision")
    _object(model["trained"], f"{KEY}.trained", (), model["trained"])
    for name in program.unused:
        _refuse(f"{KEY}.ops", f"tensor {_shown(name)} belongs to no op; remove it from the file")
    return model


# ---- safetensors ---------------------------------------------------------------------------------------------------------------


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(data) < 8:
        _refuse("model file", "is cut off before the 8 bytes of the header's length")
    if len(data) > FILE_BYTES_MAX:
        _refuse("model file", "is larger than 256 MB")
    (length,) = struct.unpack_from("<Q", data)
    if length > HEADER_BYTES_MAX:
        _refuse("model file", "its header claims more than 1 MB")
    if length > len(data) - 8:
        _refuse("model file", "is cut off in its header")
    try:
        text = data[8 : 8 + length].decode()
    except UnicodeDecodeError:
        _refuse("model file", "its header is not UTF-8")
    if not text.startswith("{"):
        _refuse("header", "must start with {")
    return _load(text, "header"), memoryview(data)[8 + length :]


def _tensors(header: dict[str, Any], data: memoryview) -> Tensors:
    """The tensors in the order of the header. They follow each other and fill the data."""
    entries: dict[int, list[str]] = {}
    if len(header) > TENSORS_MAX:
        _refuse("header", f"there are more than {TENSORS_MAX} tensors")
    ends, shapes = {}, {}
    for name, value in header.items():
        path = f"header.{name[:40]}"
        if not name:
            _refuse(path, "a tensor has no name")
        entry = _object(value, path, ("dtype", "shape", "data_offsets"))
        _word(entry["dtype"], f"{path}.dtype", "F32")
        shape = [
            _integer(size, f"{path}.shape[{at}]", 1, FILE_BYTES_MAX) for at, size in enumerate(_list(entry["shape"], f"{path}.shape", 3))
        ]
        if not shape:
            _refuse(f"{path}.shape", "must have 1 to 3 dimensions, has none")
        offsets = _list(entry["data_offsets"], f"{path}.data_offsets", 2)
        if len(offsets) != 2:
            _refuse(f"{path}.data_offsets", "must be two offsets")
        begin, end = (_integer(offset, f"{path}.data_offsets[{at}]", 0, FILE_BYTES_MAX) for at, offset in enumerate(offsets))
        if end - begin != 4 * math.prod(shape):
            _refuse(path, f"data_offsets span {end - begin} bytes, its shape needs {4 * math.prod(shape)}")
        entries.setdefault(begin, []).append(name)
        ends[name], shapes[name] = end, shape
    offset, result = 0, {}
    for begin, names in sorted(entries.items()):
        end = ends[names[0]]
        if begin != offset or len(names) > 1 or end > len(data):
            _refuse(
                "header",
                f"the tensors overlap, leave holes or do not fit: none of them covers byte {offset} of the {len(data)} bytes of data",
            )
        values = np.frombuffer(data[begin:end], "<f4").reshape(shapes[names[0]]).astype(np.float32)
        finite = np.isfinite(values)
        if not finite.all():
            _refuse(f"header.{names[0][:40]}", f"value {int(np.argmin(finite))} is not finite")
        offset, result[names[0]] = end, values
    if offset != len(data):
        _refuse("header", f"the tensors cover {offset} of the {len(data)} bytes of data")
    return {name: result[name] for name in header}


def decode_model(data: bytes) -> ModelFile:
    """The model in the bytes of a file. InvalidArgument names the key, tensor or op that is wrong, and what was expected."""
    header, values = _split(data)
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        _refuse(f"header.{METADATA}", "must be an object of strings")
    if KEY not in metadata:
        _refuse(f"header.{METADATA}", f'has no key "{KEY}": this is no model file of ours, or it was saved without it')
    tensors = _tensors(header, values)
    model = _check(_load(metadata[KEY], KEY), tensors)
    precision = {name: value for name, value in model.pop("precision").items() if name != "float32"}
    del model["format"]
    plain = {name: model.pop(name) for name in ("ops", "trained")}
    kinds = {field.name: field.type for field in msgspec.structs.fields(ModelFile)}
    parts = {name: msgspec.convert(value, kinds[name]) for name, value in model.items()}
    return ModelFile(**parts, **plain, deviations=msgspec.convert(precision, dict[str, Deviation]), tensors=tensors)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise InvalidArgument(f"{_shown(value)} ({type(value).__name__}) cannot be written to a model file")


def encode_model(model: ModelFile) -> bytes:
    """The bytes of a model's file, the same for the same model. InvalidArgument when the core would refuse it."""
    entries, offset, chunks = {}, 0, []
    for name in sorted(model.tensors):
        tensor = np.asarray(model.tensors[name])
        if tensor.dtype != np.float32:
            _refuse(f"tensor {_shown(name)}", f"must be float32, is {tensor.dtype}")
        chunks.append(np.ascontiguousarray(tensor, "<f4").tobytes())
        entries[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(chunks[-1])]}
        offset += len(chunks[-1])
    parts: dict[str, Any] = {"format": FORMAT}
    for field in ("name", "version", "clock", "features", "instruments", "state", "ops", "output", "calibration"):
        parts[field] = getattr(model, field)
    parts["ops"] = [_ordered(op) for op in model.ops]
    parts["precision"] = {"float32": {}, **{name: model.deviations[name] for name in sorted(model.deviations)}}
    parts["trained"] = model.trained
    try:
        description = _dump(msgspec.to_builtins(parts, enc_hook=_scalar))
        header = _dump({METADATA: {KEY: description}, **entries}).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, InvalidArgument):
            raise
        raise InvalidArgument(f"the model cannot be written as JSON: {error}") from error
    header += b" " * (-len(header) % 8)
    data = struct.pack("<Q", len(header)) + header + b"".join(chunks)
    decode_model(data)
    return data


def _ordered(op: Mapping[str, Any]) -> dict[str, Any]:
    known = {key: op[key] for key in _OP_KEYS if key in op}
    if isinstance(op.get("tensors"), Mapping):
        known["tensors"] = dict(sorted(op["tensors"].items()))
    return {**known, **{key: op[key] for key in op if key not in known}}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def read_model(file: str | os.PathLike[str]) -> ModelFile:
    """Read a model file. InvalidArgument names the file and what is wrong with it, SystemFailure says why it cannot be read."""
    path = Path(file)
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SystemFailure(f"{path} cannot be read", system_error=error.errno or 0) from error
    try:
        return decode_model(data)
    except InvalidArgument as error:
        raise InvalidArgument(f"{path}: {error}") from error


def write_model(model: ModelFile, file: str | os.PathLike[str]) -> None:
    """Write a model file, whole or not at all, in the place of one that has its name.

    InvalidArgument when the core would refuse the model; SystemFailure (NoSpace when the disk is full) when the file cannot be written.
    """
    data, target = encode_model(model), Path(file)
    partial = target.parent / f".{target.name}.{secrets.token_hex(8)}.partial"
    try:
        with partial.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, target)
    except OSError as error:
        kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else SystemFailure
        raise kind(f"{target} cannot be written", system_error=error.errno or 0) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
