"""Models as words for a GPU: what neural_trader/models/kernels/program.cu executes.

A `Program` is packed from a model file for one precision. Its image holds the numbers (weights are rounded as csrc/model_dense.c rounds
them, so products give the same bits), and `place` makes the records for a size of tile: which vectors lie where in a block's shared
memory, and which matrices find room beside them. Everything is an array of little-endian 32-bit words; the layouts are those of the
structs of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument
from neural_trader.models.file import ModelFile

__all__ = ["PRECISIONS", "Placement", "Precision", "Program", "pack_program"]

Precision = Literal["float32", "bfloat16", "int8"]
Words = NDArray[np.uint32]
Floats = NDArray[np.float32]

PRECISIONS: Final = ("float32", "bfloat16", "int8")
LANES: Final = 8  # instruments that a thread computes at once, in a tile of more than one
MAGIC: Final = 0x4752504E
VERSION: Final = 1
ABSENT: Final = 0xFFFFFFFF
PARTS: Final = 16
RECORD_WORDS: Final = 32
REACH_MAX: Final = 1e15  # as in csrc/model_build.c
ROWS_MAX: Final = 1 << 20
_KINDS: Final = ("normalise", "dense", "lstm", "gru", "causal_conv", "layer_norm", "add", "multiply", "concat")
_ACTIVATIONS: Final = ("none", "relu", "tanh", "sigmoid", "gelu")
_OUTPUTS: Final = ("classes", "normal", "student_t")
_GROUP: Final = {"float32": 1, "bfloat16": 2, "int8": 4}


# ---- numbers -------------------------------------------------------------------------------------------------------------------


def _bfloat16(values: Floats) -> Words:
    """The bits of the nearest bfloat16, ties to even; 0 below 2^-50."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))) >> np.uint32(16)
    return np.where((bits & np.uint32(0x7FFFFFFF)) < np.uint32(0x26800000), np.uint32(0), rounded)


def _bias(values: Floats, precision: Precision) -> Floats:
    """What a bias counts as: with bfloat16, 0 below 2^-80."""
    if precision != "bfloat16":
        return values
    return np.where(np.abs(values) < np.float32(2.0**-80), np.float32(0), values)


def _int8(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Rows as integers and their scales, max |w| / 127."""
    scale = np.abs(weight).max(axis=1) / np.float32(127)
    divisor = np.where(scale == 0, np.float32(1), scale)[:, None]
    limited = np.clip(weight / divisor, np.float32(-127), np.float32(127))
    return np.where(scale[:, None] == 0, np.float32(0), np.rint(limited)).astype(np.int8), scale.astype(np.float32)


def _padded(count: int, to: int = 4) -> int:
    return -(-count // to) * to


@dataclass
class _Matrix:
    """A block of the image: [bias][scale, for int8][groups][units][columns of a unit]."""

    groups: int = 0
    at: int = 0
    words: int = 0


@dataclass
class _Op:
    kind: int
    width: int
    registers: tuple[int, ...]
    widths: tuple[int, ...]
    out: int
    activation: int = 1
    clip: float = 0.0
    taps: int = 1
    dilation: int = 0
    state: int = 0
    bias: int = 0
    extra: int = 0
    units: int = 0
    inputs: int = 0
    input: _Matrix = field(default_factory=_Matrix)
    recurrent: _Matrix = field(default_factory=_Matrix)

    def matrices(self) -> Iterator[_Matrix]:
        return (matrix for matrix in (self.input, self.recurrent) if matrix.words)


class _Image:
    """Blocks of words one after the other, each aligned to 16 bytes."""

    def __init__(self, precision: Precision) -> None:
        self.precision: Precision = precision
        self.blocks: list[Words] = []
        self.used = 0

    def add(self, words: Words) -> int:
        at, padded = self.used, np.zeros(_padded(words.size), np.uint32)
        padded[: words.size] = words.ravel()
        self.blocks.append(padded)
        self.used += padded.size
        return at

    def floats(self, values: Floats) -> int:
        return self.add(np.ascontiguousarray(values, np.float32).view(np.uint32))

    def matrix(self, weight: Floats, bias: Floats, units: int, gates: int = 4) -> _Matrix:
        """weight: (outputs, inputs), up to `gates` outputs for each unit; bias: (outputs,)."""
        rows, inputs = weight.shape
        group = _GROUP[self.precision]
        groups = _padded(inputs, group) // group
        full = np.zeros((units * gates, groups * group), np.float32)
        full[:rows, :inputs] = weight
        scale = np.zeros(0, np.float32)
        if self.precision == "float32":
            words = full.view(np.uint32)
        elif self.precision == "bfloat16":
            halves = _bfloat16(full)
            words = halves[:, 0::2] | halves[:, 1::2] << np.uint32(16)
        else:
            integers, scale = _int8(full)
            words = np.ascontiguousarray(integers).view("<u4").astype(np.uint32)
        head = np.zeros(_padded(units * gates) * (2 if scale.size else 1), np.uint32)
        head[: bias.size] = np.ascontiguousarray(_bias(bias, self.precision), np.float32).view(np.uint32)
        if scale.size:
            head[_padded(units * gates) :][: scale.size] = scale.view(np.uint32)
        block = np.concatenate([head, np.ascontiguousarray(words.T).ravel()])
        return _Matrix(groups, self.add(block), _padded(block.size))


def _by_unit(values: Floats, gates: int) -> Floats:
    """Rows of gates, one gate after the other, to rows of units with their gates together."""
    units = values.shape[0] // gates
    return np.ascontiguousarray(values.reshape(gates, units, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape))


# ---- bounds --------------------------------------------------------------------------------------------------------------------


def _linear_reach(weight: Floats, bias: Floats, reach: float) -> float:
    sums = np.abs(weight.astype(np.float64)).reshape(weight.shape[0], -1).sum(axis=1)
    return float((sums * reach + np.abs(bias.astype(np.float64))).max())


def _reach(op: Mapping[str, Any], slots: Mapping[str, Floats], ins: Sequence[float], width: int) -> tuple[float, float]:
    """The largest magnitudes of what an op computes on its way, and of its output, for inputs within `ins`."""
    kind = op["op"]
    if kind == "normalise":
        return float(np.float32(op["clip"])), float(np.float32(op["clip"]))
    if kind in ("dense", "causal_conv"):
        way = _linear_reach(slots["weight"], slots["bias"], ins[0])
        return way, 1.0 if op["activation"] in ("tanh", "sigmoid") else way
    if kind in ("lstm", "gru"):
        return _linear_reach(slots["weight_ih"], slots["bias_ih"], ins[0]) + _linear_reach(slots["weight_hh"], slots["bias_hh"], 1.0), 1.0
    if kind == "layer_norm":
        way = math.sqrt(width) * float(np.abs(slots["weight"]).max()) + float(np.abs(slots["bias"]).max())
    else:
        way = sum(ins) if kind == "add" else math.prod(ins) if kind == "multiply" else max(ins)
    return way, way


# ---- programs ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Placement:
    """The records of a program for tiles of `lanes` instruments.

    - records: words for the kernel, from its nt_program on.
    - shared_bytes: dynamic shared memory that a block needs.
    - resident_words: words of matrices that lie in shared memory, of `matrix_words`.
    """

    lanes: int
    records: Words
    shared_bytes: int
    resident_words: int
    matrix_words: int


@dataclass(frozen=True)
class Program:
    """A packed model. `row_words` is the state of one instrument in words; zeros are the state before the first step.

    `features` and `outputs` are the widths of an input and of a result: probabilities of the classes, or mean and deviation.
    """

    precision: Precision
    features: int
    outputs: int
    stateful: bool
    row_words: int
    image: Words
    _header: dict[str, Any]
    _ops: tuple[_Op, ...]

    @property
    def units(self) -> int:
        """The most threads that a product for one instrument keeps busy."""
        return max((op.units for op in self._ops), default=0)

    def place(self, lanes: int, shared_bytes_max: int) -> Placement:
        """Lay out shared memory for tiles of `lanes` instruments (1, or a power of two from 8 on) in at most `shared_bytes_max` bytes.

        InvalidArgument where the vectors of the tile do not fit; matrices that do not fit stay in global memory.
        """
        shift = lanes.bit_length() - 1
        if lanes < 1 or lanes != 1 << shift or 1 < lanes < LANES:
            raise InvalidArgument(f"a tile of {lanes} instruments; give 1, or a power of two from {LANES} on")
        vectors, extent = _vectors(self)
        records_words = RECORD_WORDS * (1 + len(self._ops))
        tile_words = _padded(extent << shift)
        room = shared_bytes_max // 4 - records_words - tile_words
        if room < 0:
            raise InvalidArgument(
                f"tiles of {lanes} instruments need {4 * (records_words + tile_words)} bytes of shared memory, "
                f"and a block has {shared_bytes_max}; use smaller tiles or a narrower model"
            )
        # First what a step waits for, then the recurrent matrices, which a persistent kernel reads after its response.
        resident: dict[int, int] = {}
        used = records_words
        for matrix in [op.input for op in self._ops] + [op.recurrent for op in self._ops]:
            if 0 < matrix.words <= room:
                resident[matrix.at] = used
                used, room = used + matrix.words, room - matrix.words
        shared_bytes = 4 * (used + tile_words)
        header = {**self._header, **{name: vectors[name] for name in _SCRATCH}, "logits": vectors[self._header["logits"]]}
        header |= {"tile_shift": shift, "tile_at": used, "row_words": self.row_words, "shared_bytes": shared_bytes}
        records = np.concatenate([_header_words(header), *(_op_words(op, vectors, resident) for op in self._ops)])
        matrix_words = sum(matrix.words for op in self._ops for matrix in op.matrices())
        return Placement(lanes, records, shared_bytes, used - records_words, matrix_words)


_SCRATCH: Final = ("operand", "hidden", "parts", "scales", "rows", "valid")
_HEADER: Final = (
    *("magic", "version", "precision", "op_count", "features", "outputs", "output_kind", "output_width", "logits"),
    *("inverse_temperature", "calibration", "tile_shift", *_SCRATCH, "tile_at", "row_words", "shared_bytes"),
)


def _float_word(value: float) -> int:
    return int(np.float32(value).view(np.uint32))


def _header_words(header: Mapping[str, Any]) -> Words:
    words = np.zeros(RECORD_WORDS, np.uint32)
    for at, name in enumerate(_HEADER):
        words[at] = _float_word(header[name]) if name == "inverse_temperature" else header[name]
    return words


def _op_words(op: _Op, vectors: Mapping[Any, int], resident: Mapping[int, int]) -> Words:
    def four(values: Sequence[int]) -> list[int]:
        return [*values, *[0] * (4 - len(values))]

    def matrix_words(matrix: _Matrix) -> list[int]:
        return [matrix.groups, matrix.at, matrix.words, resident.get(matrix.at, ABSENT) if matrix.words else ABSENT]

    ins = [vectors.get(register, ABSENT) for register in op.registers]
    words = [op.kind, op.activation, op.width, len(ins), *four(op.widths), *four(ins), vectors[op.out], _float_word(op.clip)]
    words += [op.taps, op.dilation, op.state, op.bias, op.extra, op.units, op.inputs, 0, 0, 0]
    return np.array([*words, *matrix_words(op.input), *matrix_words(op.recurrent)], np.uint32)


def _last_uses(program: Program) -> dict[int, int]:
    """By register, the last op that reads it; the input counts only where an op besides the first reads it."""
    uses = {register: at for at, op in enumerate(program._ops) for register in op.registers if at > 0}
    return {**uses, program._header["logits"]: len(program._ops)}


def _vectors(program: Program) -> tuple[dict[Any, int], int]:
    """Where the vectors of a tile begin, by register and by name of the scratch, in elements; and how far they reach.

    A register's elements are used again after the last op that reads it.
    """
    last, live, vectors = _last_uses(program), list[tuple[int, int, int]](), dict[Any, int]()
    extent = 0

    def allocate(register: int, width: int, until: int) -> None:
        nonlocal extent
        at = 0
        for begin, end, _ in sorted(live):
            if begin - at >= width:
                break
            at = max(at, end)
        live.append((at, at + width, until))
        vectors[register] = at
        extent = max(extent, at + width)

    if 0 in last:
        allocate(0, program.features, last[0])
    for index, op in enumerate(program._ops):
        allocate(op.out, op.width, last.get(op.out, index))
        live[:] = [each for each in live if each[2] > index]
    quantised, group = program.precision == "int8", _GROUP[program.precision]
    gathered = [op.inputs for op in program._ops if op.input.words and (program.precision != "float32" or op.taps > 1)]
    hidden = [op.width for op in program._ops if op.recurrent.words]
    norm = any(_KINDS[op.kind - 1] == "layer_norm" for op in program._ops)
    sizes = {
        "operand": max((_padded(inputs, group) // group for inputs in gathered), default=0),
        "hidden": max((_padded(width, group) // group for width in hidden), default=0),
        "parts": 2 * PARTS if quantised or norm else 0,
        "scales": 2 if quantised else 0,
        "rows": 1,
        "valid": 1,
    }
    for name in _SCRATCH:
        vectors[name] = extent
        extent += sizes[name]
    return vectors, extent


def _pack_op(image: _Image, made: _Op, op: Mapping[str, Any], slots: Mapping[str, Floats], state: int) -> int:
    """Put the op's numbers into the image; returns the words of state that it keeps from `state` on."""
    kind = op["op"]
    made.state = state
    if kind == "normalise":
        made.bias, made.extra = image.floats(slots["mean"]), image.floats(slots["inverse_scale"])
    elif kind == "layer_norm":
        made.bias, made.extra = image.floats(slots["bias"]), image.floats(slots["weight"])
    elif kind in ("dense", "causal_conv"):
        weight = slots["weight"]
        if kind == "causal_conv":
            made.taps, made.dilation = weight.shape[2], op["dilation"]
            weight = weight.swapaxes(1, 2).reshape(weight.shape[0], -1)
        made.units, made.inputs = _padded(made.width) // 4, weight.shape[1]
        made.input = image.matrix(np.ascontiguousarray(weight), slots["bias"], made.units)
        return 0 if made.taps == 1 else 1 + (made.taps - 1) * made.dilation * made.widths[0]
    elif kind in ("lstm", "gru"):
        gates = 4 if kind == "lstm" else 3
        made.units, made.inputs = made.width, made.widths[0]
        recurrent, own = slots["bias_ih"] + slots["bias_hh"], np.zeros_like(slots["bias_ih"])
        if kind == "gru":  # the candidate's two biases stay apart
            recurrent[2 * made.width :] = slots["bias_hh"][2 * made.width :]
            own[2 * made.width :] = slots["bias_ih"][2 * made.width :]
        made.input = image.matrix(_by_unit(slots["weight_ih"], gates), _by_unit(own, gates), made.units, gates)
        made.recurrent = image.matrix(_by_unit(slots["weight_hh"], gates), _by_unit(recurrent, gates), made.units, gates)
        return (gates + (2 if kind == "lstm" else 1)) * made.width
    return 0


def pack_program(model: ModelFile, precision: str) -> Program:
    """The program of a model for one of PRECISIONS.

    InvalidArgument for another precision, and for weights so large that sums of finite inputs could overflow, as in the C library.
    """
    if precision not in PRECISIONS:
        raise InvalidArgument(f"precision is {precision!r}; programs are made for {', '.join(PRECISIONS)}, which are defined to the bit")
    image = _Image(precision)  # type: ignore[arg-type]
    widths: dict[int, int] = {0: len(model.features.names)}
    reach: dict[int, float] = {0: float(np.finfo(np.float32).max)}  # features are finite, no more is known
    ops: list[_Op] = []
    row_words = 1  # whether the recurrent halves are up to date
    for index, op in enumerate(model.ops):
        slots = {slot: np.asarray(model.tensors[name], np.float32) for slot, name in op.get("tensors", {}).items()}
        ins = tuple(op["in"])
        width = _out_width(op, slots, [widths[register] for register in ins])
        way, reach[op["out"]] = _reach(op, slots, [reach[register] for register in ins], width)
        if not way <= REACH_MAX:
            raise InvalidArgument(
                f"op {index} of the model can reach {way:.3g}, and at most {REACH_MAX:.0e} is allowed, so that nothing overflows; "
                "use smaller weights"
            )
        made = _Op(_KINDS.index(op["op"]) + 1, width, ins, tuple(widths[register] for register in ins), op["out"])
        made.activation = _ACTIVATIONS.index(op.get("activation", "none")) + 1
        made.clip = op.get("clip", 0.0)
        row_words += _pack_op(image, made, op, slots, row_words)
        widths[op["out"]] = width
        ops.append(made)
    output, calibration = model.output, model.calibration
    classes = widths[output.register]
    bias = np.zeros(classes, np.float32) if calibration.bias is None else np.array(calibration.bias, np.float32)
    temperature = 1.0 if calibration.inverse_temperature is None else calibration.inverse_temperature
    if output.kind == "classes" and not reach[output.register] * abs(temperature) + float(np.abs(bias).max()) <= REACH_MAX:
        raise InvalidArgument(f"calibrated, the model can reach more than {REACH_MAX:.0e}; use a smaller inverse_temperature or bias")
    outputs = classes if output.kind == "classes" else 2
    header = {
        "magic": MAGIC,
        "version": VERSION,
        "precision": PRECISIONS.index(precision) + 1,
        "op_count": len(ops),
        "features": widths[0],
        "outputs": outputs,
        "output_kind": _OUTPUTS.index(output.kind) + 1,
        "output_width": classes,
        "logits": output.register,
        "inverse_temperature": temperature,
        "calibration": image.floats(bias),
    }
    stateful = model.state.kind == "stream"
    return Program(image.precision, widths[0], outputs, stateful, row_words, np.concatenate(image.blocks), header, tuple(ops))


def _out_width(op: Mapping[str, Any], slots: Mapping[str, Floats], ins: Sequence[int]) -> int:
    kind = op["op"]
    if kind in ("dense", "causal_conv"):
        return int(slots["weight"].shape[0])
    if kind in ("lstm", "gru"):
        return int(slots["weight_hh"].shape[1])
    return sum(ins) if kind == "concat" else ins[0]
