"""The op set in numpy or CuPy: what each op computes, and its gradient.

A model is a list of ops over registers. Register 0 is the input; every op reads the registers of `in` and writes the register `out`. A
register holds an array (batch, steps, width): `batch` sequences of `steps` rows, oldest first. The ops that look back (lstm, gru,
causal_conv) begin each sequence with a state of zeros; the others treat every row by itself.

This is the reference of the C core and what training differentiates. It computes in the type of its arrays (float64 or float32) with
the functions of `xp`, numpy or cupy, which have all the names used here. In float64 it is what the core's float32 results are measured
against; its own float32 results are not the core's bits.

Layouts and gate orders are PyTorch's: Linear, LSTM (i, f, g, o), GRU (r, z, n), Conv1d, LayerNorm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, NamedTuple

import numpy as np

from neural_trader.errors import InvalidArgument
from neural_trader.models import _functions as functions
from neural_trader.models import _values as values
from neural_trader.models._bounds import DIMENSIONS_MAX, INPUTS_MAX, OPS_MAX, REGISTERS_MAX, STATE_BYTES_MAX, WIDTH_MAX
from neural_trader.models._functions import ACTIVATIONS, LAYER_NORM_EPSILON, Array, Gradients, Op

__all__ = [
    "ACTIVATIONS",
    "GATES",
    "KINDS",
    "LAYER_NORM_EPSILON",
    "OP_KEYS",
    "Array",
    "Kind",
    "Op",
    "Pass",
    "backward",
    "forward",
    "is_stateful",
    "require_normalise_first",
    "tensor_names",
    "widths",
]

GATES: Final = {"lstm": 4, "gru": 3}  # rows of weights a hidden unit
OP_KEYS: Final = ("op", "in", "out", "tensors", "activation", "dilation", "clip")  # in the order of the file
Shape = tuple[int, ...]


# ---- the table -----------------------------------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """One kind of op.

    `slots` are the names of its tensors, in the order of the file; `trained` says whether training moves them. `inputs` is the least
    and the largest number of registers read. `attributes` are the further keys. `shapes(widths in, first tensor's shape)` gives the
    width out and the shape of every tensor. `state(op, width in, first tensor's shape)` is the number of floats that an instrument's
    state takes, None for a kind that looks back at nothing. `forward` and `backward` are the pair of `_functions`.
    """

    slots: tuple[str, ...]
    inputs: tuple[int, int]
    attributes: tuple[str, ...]
    trained: bool
    shapes: Callable[[Sequence[int], Shape], tuple[int, tuple[Shape, ...]]]
    state: Callable[[Op, int, Shape], int] | None
    forward: Callable[[ModuleType, Op, Sequence[Array], Sequence[Array]], tuple[Array, Any]]
    backward: Callable[[ModuleType, Op, Sequence[Array], Sequence[Array], Any, Array], Gradients]


def _row_shapes(ins: Sequence[int], first: Shape) -> tuple[int, tuple[Shape, ...]]:
    return ins[0], ((ins[0],), (ins[0],))


def _dense_shapes(ins: Sequence[int], first: Shape) -> tuple[int, tuple[Shape, ...]]:
    return first[0], ((first[0], ins[0]), (first[0],))


def _recurrent_shapes(gates: int) -> Callable[[Sequence[int], Shape], tuple[int, tuple[Shape, ...]]]:
    def shapes(ins: Sequence[int], first: Shape) -> tuple[int, tuple[Shape, ...]]:
        size = max(1, first[0] // gates)
        return size, ((gates * size, ins[0]), (gates * size, size), (gates * size,), (gates * size,))

    return shapes


def _conv_shapes(ins: Sequence[int], first: Shape) -> tuple[int, tuple[Shape, ...]]:
    return first[0], ((first[0], ins[0], first[2] if len(first) == 3 else 1), (first[0],))


_MATRIX: Final = ("weight", "bias")
_RECURRENT: Final = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
_ONE: Final = (1, 1)
_SEVERAL: Final = (2, INPUTS_MAX)

KINDS: Final[Mapping[str, Kind]] = {
    "normalise": Kind(("mean", "inverse_scale"), _ONE, ("clip",), False, _row_shapes, None, functions.normalise, functions.normalise_back),
    "dense": Kind(_MATRIX, _ONE, ("activation",), True, _dense_shapes, None, functions.dense, functions.dense_back),
    "lstm": Kind(
        _RECURRENT,
        _ONE,
        (),
        True,
        _recurrent_shapes(GATES["lstm"]),
        lambda op, width, first: first[0] // GATES["lstm"] * 2,
        functions.lstm,
        functions.lstm_back,
    ),
    "gru": Kind(
        _RECURRENT,
        _ONE,
        (),
        True,
        _recurrent_shapes(GATES["gru"]),
        lambda op, width, first: first[0] // GATES["gru"],
        functions.gru,
        functions.gru_back,
    ),
    "causal_conv": Kind(
        _MATRIX,
        _ONE,
        ("activation", "dilation"),
        True,
        _conv_shapes,
        lambda op, width, first: (first[2] - 1) * op["dilation"] * width,
        functions.causal_conv,
        functions.causal_conv_back,
    ),
    "layer_norm": Kind(_MATRIX, _ONE, (), True, _row_shapes, None, functions.layer_norm, functions.layer_norm_back),
    "add": Kind((), _SEVERAL, (), False, lambda ins, first: (ins[0], ()), None, functions.add, functions.add_back),
    "multiply": Kind((), _SEVERAL, (), False, lambda ins, first: (ins[0], ()), None, functions.multiply, functions.multiply_back),
    "concat": Kind((), _SEVERAL, (), False, lambda ins, first: (sum(ins), ()), None, functions.concat, functions.concat_back),
}


# ---- a list of ops -------------------------------------------------------------------------------------------------------------


def tensor_names(op: Op) -> list[str]:
    """The names of an op's tensors, in the order of its kind's slots."""
    slots = KINDS[op["op"]].slots
    return [op["tensors"][slot] for slot in slots]


def is_stateful(ops: Sequence[Op]) -> bool:
    """Whether any op looks back at earlier rows: lstm, gru, causal_conv."""
    return any(KINDS[op["op"]].state is not None for op in ops)


def require_normalise_first(ops: Sequence[Op], path: str = "ops") -> None:
    """InvalidArgument unless op 0 is the normalisation and no other is, as a model file and training ask for."""
    for index, op in enumerate(ops):
        if (index == 0) != (op.get("op") == "normalise"):
            values.refuse(f"{path}[{index}]", f"op 0 must be normalise, and no other may be; this is {op.get('op')}")
    if not ops:
        values.refuse(path, "there are none; op 0 must be normalise")


def _check_keys(given: Any, path: str) -> Op:
    """The keys of one op and their values, each by itself."""
    op = values.as_object(given, path, ("op", "in", "out"), OP_KEYS[3:])
    name = values.word(op["op"], f"{path}.op", *KINDS)
    kind = KINDS[name]
    values.as_object(op, path, ("op", "in", "out", *(("tensors",) if kind.slots else ()), *kind.attributes))
    ins = values.as_list(op["in"], f"{path}.in", INPUTS_MAX)
    for index, register in enumerate(ins):
        values.integer(register, f"{path}.in[{index}]", 0, REGISTERS_MAX - 1)
    least, most = kind.inputs
    if not least <= len(ins) <= most:
        values.refuse(path, f"{name} takes {'one input' if most == 1 else f'{least} to {most} inputs'}, has {len(ins)}")
    values.integer(op["out"], f"{path}.out", 1, REGISTERS_MAX - 1)
    if kind.slots:
        for slot, tensor in values.as_object(op["tensors"], f"{path}.tensors", kind.slots).items():
            if not isinstance(tensor, str):
                values.refuse(f"{path}.tensors.{slot}", f"must be a string, is {values.shown(tensor)}")
    if "activation" in kind.attributes:
        values.word(op["activation"], f"{path}.activation", *ACTIVATIONS)
    if "dilation" in kind.attributes:
        values.integer(op["dilation"], f"{path}.dilation", 1, STATE_BYTES_MAX // 4)
    if "clip" in kind.attributes:
        values.float32(op["clip"], f"{path}.clip", positive=True)
    return op


def widths(given: Any, tensors: Mapping[str, Array], features: int, path: str = "ops") -> dict[int, int]:
    """The width of every register, by its number, after a check of the whole list against its tensors; only their shapes are looked at.

    InvalidArgument, which begins with `path`, where an op has other keys or values than its kind asks for, reads a register that no
    earlier op wrote, writes one a second time, is too wide, or has a tensor that is missing, used twice, left over or of another shape
    than its input asks for, and where the state of an instrument would be too large.
    """
    ops = values.as_list(given, path, OPS_MAX)
    if not ops:
        values.refuse(path, "there are none; op 0 must be normalise")
    known = {0: features}
    unused = dict.fromkeys(tensors)
    state_bytes = 0
    for index, item in enumerate(ops):
        where = f"{path}[{index}]"
        op = _check_keys(item, where)
        name, kind = op["op"], KINDS[op["op"]]
        for register in op["in"]:
            if register not in known:
                values.refuse(where, f"{name}: register {register} is read before it is written")
        if op["out"] in known:
            values.refuse(where, f"{name}: register {op['out']} is written twice")
        ins = [known[register] for register in op["in"]]
        if name in ("add", "multiply") and len(set(ins)) > 1:
            values.refuse(where, f"{name}: registers {list(op['in'])} are {ins} wide; they must be equal")
        shapes = []
        for slot in kind.slots:
            tensor, place = op["tensors"][slot], f"{where}.tensors.{slot}"
            if tensor not in tensors:
                values.refuse(place, f"there is no tensor {values.shown(tensor)}")
            if tensor not in unused:
                values.refuse(place, f"tensor {values.shown(tensor)} is used before; each belongs to one op")
            del unused[tensor]
            shapes.append(tuple(tensors[tensor].shape))
            if not 1 <= len(shapes[-1]) <= DIMENSIONS_MAX:
                values.refuse(place, f"tensor {values.shown(tensor)} must have 1 to {DIMENSIONS_MAX} dimensions, has {len(shapes[-1])}")
        first = shapes[0] if shapes else ()
        width, expected = kind.shapes(ins, first)
        for slot, shape, wanted in zip(kind.slots, shapes, expected, strict=True):
            if shape != wanted:
                tensor = values.shown(op["tensors"][slot])
                values.refuse(where, f"{name}: tensor {tensor} as {slot} must have shape {list(wanted)}, has {list(shape)}")
        if not 1 <= width <= WIDTH_MAX:
            values.refuse(where, f"{name}: output is {width} wide; give 1 to {WIDTH_MAX}")
        state_bytes += 4 * kind.state(op, ins[0], first) if kind.state is not None else 0
        if state_bytes > STATE_BYTES_MAX:
            values.refuse(where, f"{name}: an instrument would need {state_bytes} bytes of state; at most {STATE_BYTES_MAX}")
        known[op["out"]] = width
    for name in unused:
        values.refuse(path, f"tensor {values.shown(name)} belongs to no op; remove it from the file")
    return known


class Pass(NamedTuple):
    """What `forward` made: every register by its number, and what each op keeps for `backward`."""

    registers: dict[int, Array]
    saved: list[Any]


def forward(ops: Sequence[Op], tensors: Mapping[str, Array], inputs: Array, xp: ModuleType = np) -> Pass:
    """Run the ops over `inputs` (batch, steps, features); the registers are (batch, steps, width).

    The list is taken as `widths` has checked it; what is computed is not. InvalidArgument where `inputs` has not three dimensions.
    """
    if inputs.ndim != 3:
        raise InvalidArgument(f"the inputs have {inputs.ndim} dimensions; give (batch, steps, features)")
    registers = {0: inputs}
    saved = []
    for op in ops:
        read = [registers[register] for register in op["in"]]
        registers[op["out"]], kept = KINDS[op["op"]].forward(xp, op, read, [tensors[name] for name in tensor_names(op)])
        saved.append(kept)
    return Pass(registers, saved)


def backward(
    ops: Sequence[Op], tensors: Mapping[str, Array], done: Pass, gradients: Mapping[int, Array], xp: ModuleType = np
) -> tuple[dict[str, Array], Array]:
    """The gradients of a loss with respect to every tensor, by name, and to the inputs.

    `done` is what `forward` gave, `gradients` the loss's gradient with respect to one or more registers, by number. A tensor that the
    loss does not depend on has zeros.
    """
    above = dict(gradients)
    found: dict[str, Array] = {}
    for op, kept in zip(reversed(ops), reversed(done.saved), strict=True):
        names = tensor_names(op)
        gradient = above.pop(op["out"], None)
        if gradient is None:
            found.update({name: xp.zeros_like(tensors[name]) for name in names})
            continue
        read = [done.registers[register] for register in op["in"]]
        of_inputs, of_tensors = KINDS[op["op"]].backward(xp, op, read, [tensors[name] for name in names], kept, gradient)
        found.update(zip(names, of_tensors, strict=True))
        for register, part in zip(op["in"], of_inputs, strict=True):
            above[register] = above[register] + part if register in above else part
    return found, above[0] if 0 in above else xp.zeros_like(done.registers[0])
