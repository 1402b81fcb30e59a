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

__all__ = [
    "ACTIVATIONS",
    "KINDS",
    "LAYER_NORM_EPSILON",
    "REGISTERS_MAX",
    "WIDTH_MAX",
    "Array",
    "Kind",
    "Op",
    "Pass",
    "backward",
    "forward",
    "is_stateful",
    "tensor_names",
    "widths",
]

Array = Any  # numpy.ndarray or cupy.ndarray, which share no base
Op = Mapping[str, Any]  # {"op", "in", "out", "tensors", and what the kind asks for}, as in the file

OPS_MAX: Final = 64
REGISTERS_MAX: Final = 64
WIDTH_MAX: Final = 4096
LAYER_NORM_EPSILON: Final = 1e-5
_GELU_SCALE: Final = 0.7978845608  # the root of 2 / pi
_GELU_CUBE: Final = 0.044715


# ---- activations ---------------------------------------------------------------------------------------------------------------


def _sigmoid(xp: ModuleType, x: Array) -> Array:
    return xp.tanh(x * 0.5) * 0.5 + 0.5  # overflows nowhere


def _gelu(xp: ModuleType, x: Array) -> Array:
    return 0.5 * x * (1.0 + xp.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x)))


def _gelu_slope(xp: ModuleType, x: Array) -> Array:
    t = xp.tanh(_GELU_SCALE * (x + _GELU_CUBE * x * x * x))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * _GELU_SCALE * (1.0 + 3.0 * _GELU_CUBE * x * x)


class _Activation(NamedTuple):
    """value(xp, x) -> y, and slope(xp, x, y) -> dy/dx."""

    value: Callable[[ModuleType, Array], Array]
    slope: Callable[[ModuleType, Array, Array], Array]


ACTIVATIONS: Final[Mapping[str, _Activation]] = {
    "none": _Activation(lambda xp, x: x, lambda xp, x, y: xp.ones_like(x)),
    "relu": _Activation(lambda xp, x: xp.maximum(x, 0), lambda xp, x, y: (x > 0).astype(x.dtype)),
    "tanh": _Activation(lambda xp, x: xp.tanh(x), lambda xp, x, y: 1.0 - y * y),
    "sigmoid": _Activation(_sigmoid, lambda xp, x, y: y * (1.0 - y)),
    "gelu": _Activation(_gelu, lambda xp, x, y: _gelu_slope(xp, x)),
}


# ---- one op --------------------------------------------------------------------------------------------------------------------


class Kind(NamedTuple):
    """One kind of op.

    `slots` are the names of its tensors, in the order of the file; `trained` says whether training moves them. `inputs` is the least
    and the largest number of registers read. `attributes` are the further keys. `shapes(widths in, first tensor's shape)` gives the
    width out and the shape of every tensor. `forward(xp, op, inputs, tensors)` gives the output and what `backward(xp, op, inputs,
    tensors, saved, gradient of the output)` needs to give the gradients of the inputs and of the tensors.
    """

    slots: tuple[str, ...]
    inputs: tuple[int, int]
    attributes: tuple[str, ...]
    trained: bool
    stateful: bool
    shapes: Callable[[Sequence[int], tuple[int, ...]], tuple[int, tuple[tuple[int, ...], ...]]]
    forward: Callable[[ModuleType, Op, Sequence[Array], Sequence[Array]], tuple[Array, Any]]
    backward: Callable[[ModuleType, Op, Sequence[Array], Sequence[Array], Any, Array], tuple[list[Array], list[Array]]]


def _flat(x: Array) -> Array:
    """(batch, steps, width) as rows."""
    return x.reshape(-1, x.shape[-1])


def _weight_gradient(gradient: Array, x: Array) -> Array:
    """Of a matrix (N, K) that made `gradient`'s (batch, steps, N) from x (batch, steps, K)."""
    return _flat(gradient).T @ _flat(x)


def _normalise(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    mean, inverse_scale = tensors
    scaled = (inputs[0] - mean) * inverse_scale
    return xp.clip(scaled, -op["clip"], op["clip"]), scaled


def _normalise_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    inside = gradient * (xp.abs(saved) <= op["clip"])
    mean, inverse_scale = tensors
    rows = _flat(inside)
    return [inside * inverse_scale], [-rows.sum(axis=0) * inverse_scale, (rows * (_flat(inputs[0]) - mean)).sum(axis=0)]


def _dense(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    weight, bias = tensors
    before = inputs[0] @ weight.T + bias
    after = ACTIVATIONS[op["activation"]].value(xp, before)
    return after, (before, after)


def _dense_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    inner = gradient * ACTIVATIONS[op["activation"]].slope(xp, *saved)
    return [inner @ tensors[0]], [_weight_gradient(inner, inputs[0]), _flat(inner).sum(axis=0)]


def _lstm(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    x = inputs[0]
    weight_ih, weight_hh, bias_ih, bias_hh = tensors
    batch, steps, _ = x.shape
    size = weight_hh.shape[1]
    gates = xp.ascontiguousarray((x @ weight_ih.T + (bias_ih + bias_hh)).swapaxes(0, 1))  # (steps, batch, 4 size)
    cells = xp.zeros((steps + 1, batch, size), gates.dtype)  # [t + 1] is the cell after step t
    hidden = xp.zeros((steps + 1, batch, size), gates.dtype)
    for t in range(steps):
        pre = gates[t]
        pre += hidden[t] @ weight_hh.T
        pre[:, : 2 * size] = _sigmoid(xp, pre[:, : 2 * size])
        pre[:, 2 * size : 3 * size] = xp.tanh(pre[:, 2 * size : 3 * size])
        pre[:, 3 * size :] = _sigmoid(xp, pre[:, 3 * size :])
        i, f, g, o = (pre[:, k * size : (k + 1) * size] for k in range(4))
        cells[t + 1] = f * cells[t] + i * g
        hidden[t + 1] = o * xp.tanh(cells[t + 1])
    return xp.ascontiguousarray(hidden[1:].swapaxes(0, 1)), (gates, cells, hidden)


def _lstm_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    gates, cells, hidden = saved
    weight_ih, weight_hh, _, _ = tensors
    steps, batch, size = hidden.shape[0] - 1, hidden.shape[1], hidden.shape[2]
    inner = xp.empty_like(gates)
    hidden_carry = xp.zeros((batch, size), gates.dtype)
    cell_carry = xp.zeros((batch, size), gates.dtype)
    for t in reversed(range(steps)):
        i, f, g, o = (gates[t, :, k * size : (k + 1) * size] for k in range(4))
        above = gradient[:, t] + hidden_carry
        squashed = xp.tanh(cells[t + 1])
        cell = cell_carry + above * o * (1.0 - squashed * squashed)
        inner[t, :, :size] = cell * g * i * (1.0 - i)
        inner[t, :, size : 2 * size] = cell * cells[t] * f * (1.0 - f)
        inner[t, :, 2 * size : 3 * size] = cell * i * (1.0 - g * g)
        inner[t, :, 3 * size :] = above * squashed * o * (1.0 - o)
        cell_carry = cell * f
        hidden_carry = inner[t] @ weight_hh
    by_sequence = xp.ascontiguousarray(inner.swapaxes(0, 1))
    bias = _flat(inner).sum(axis=0)
    return [by_sequence @ weight_ih], [
        _weight_gradient(by_sequence, inputs[0]),
        _weight_gradient(inner, hidden[:-1]),
        bias,
        bias.copy(),
    ]


def _gru(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    x = inputs[0]
    weight_ih, weight_hh, bias_ih, bias_hh = tensors
    batch, steps, _ = x.shape
    size = weight_hh.shape[1]
    gates = xp.ascontiguousarray((x @ weight_ih.T + bias_ih).swapaxes(0, 1))  # (steps, batch, 3 size)
    remembered = xp.empty((steps, batch, size), gates.dtype)  # W_hn h + b_hn, before the reset gate
    hidden = xp.zeros((steps + 1, batch, size), gates.dtype)
    for t in range(steps):
        pre = gates[t]
        recurrent = hidden[t] @ weight_hh.T + bias_hh
        pre[:, : 2 * size] = _sigmoid(xp, pre[:, : 2 * size] + recurrent[:, : 2 * size])
        remembered[t] = recurrent[:, 2 * size :]
        r, z = pre[:, :size], pre[:, size : 2 * size]
        pre[:, 2 * size :] = xp.tanh(pre[:, 2 * size :] + r * remembered[t])
        n = pre[:, 2 * size :]
        hidden[t + 1] = n + z * (hidden[t] - n)
    return xp.ascontiguousarray(hidden[1:].swapaxes(0, 1)), (gates, remembered, hidden)


def _gru_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    gates, remembered, hidden = saved
    weight_ih, weight_hh, _, _ = tensors
    steps, batch, size = remembered.shape
    inner = xp.empty_like(gates)  # of what the input half adds
    recurrent = xp.empty_like(gates)  # of what the recurrent half adds: the same but for n, where the reset gate stands between
    carry = xp.zeros((batch, size), gates.dtype)
    for t in reversed(range(steps)):
        r, z, n = (gates[t, :, k * size : (k + 1) * size] for k in range(3))
        above = gradient[:, t] + carry
        inner[t, :, 2 * size :] = above * (1.0 - z) * (1.0 - n * n)
        inner[t, :, size : 2 * size] = above * (hidden[t] - n) * z * (1.0 - z)
        inner[t, :, :size] = inner[t, :, 2 * size :] * remembered[t] * r * (1.0 - r)
        recurrent[t, :, : 2 * size] = inner[t, :, : 2 * size]
        recurrent[t, :, 2 * size :] = inner[t, :, 2 * size :] * r
        carry = above * z + recurrent[t] @ weight_hh
    by_sequence = xp.ascontiguousarray(inner.swapaxes(0, 1))
    return [by_sequence @ weight_ih], [
        _weight_gradient(by_sequence, inputs[0]),
        _weight_gradient(recurrent, hidden[:-1]),
        _flat(inner).sum(axis=0),
        _flat(recurrent).sum(axis=0),
    ]


def _taps(xp: ModuleType, x: Array, taps: int, dilation: int) -> Array:
    """(batch, steps, taps * width): beside each row the rows before it that the taps see, oldest first, zeros before the first row."""
    batch, steps, width = x.shape
    behind = (taps - 1) * dilation
    padded = xp.concatenate([xp.zeros((batch, behind, width), x.dtype), x], axis=1)
    return xp.concatenate([padded[:, j * dilation : j * dilation + steps] for j in range(taps)], axis=2)


def _conv_matrix(xp: ModuleType, weight: Array) -> Array:
    """Conv1d's weight (N, K, taps) as the matrix (N, taps * K) that multiplies what _taps gives."""
    return xp.ascontiguousarray(weight.swapaxes(1, 2)).reshape(weight.shape[0], -1)


def _causal_conv(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    weight, bias = tensors
    seen = _taps(xp, inputs[0], weight.shape[2], op["dilation"])
    before = seen @ _conv_matrix(xp, weight).T + bias
    after = ACTIVATIONS[op["activation"]].value(xp, before)
    return after, (seen, before, after)


def _causal_conv_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    seen, before, after = saved
    weight = tensors[0]
    rows, width, taps = weight.shape
    dilation = op["dilation"]
    steps = before.shape[1]
    inner = gradient * ACTIVATIONS[op["activation"]].slope(xp, before, after)
    by_tap = inner @ _conv_matrix(xp, weight)
    x = xp.zeros_like(inputs[0])
    for j in range(taps):
        behind = (taps - 1 - j) * dilation
        if behind < steps:
            x[:, : steps - behind] += by_tap[:, behind:, j * width : (j + 1) * width]
    matrix = _weight_gradient(inner, seen).reshape(rows, taps, width)
    return [x], [xp.ascontiguousarray(matrix.swapaxes(1, 2)), _flat(inner).sum(axis=0)]


def _layer_norm(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    weight, bias = tensors
    centred = inputs[0] - inputs[0].mean(axis=-1, keepdims=True)
    inverse = 1.0 / xp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + LAYER_NORM_EPSILON)
    scaled = centred * inverse
    return scaled * weight + bias, (scaled, inverse)


def _layer_norm_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    scaled, inverse = saved
    inner = gradient * tensors[0]
    along = (inner * scaled).mean(axis=-1, keepdims=True)
    x = inverse * (inner - inner.mean(axis=-1, keepdims=True) - scaled * along)
    return [x], [_flat(gradient * scaled).sum(axis=0), _flat(gradient).sum(axis=0)]


def _add(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total, None


def _add_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    return [gradient for _ in inputs], []


def _multiply(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    product = inputs[0]
    for x in inputs[1:]:
        product = product * x
    return product, None


def _multiply_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    gradients = []
    for k in range(len(inputs)):
        product = gradient
        for j, x in enumerate(inputs):
            if j != k:
                product = product * x
        gradients.append(product)
    return gradients, []


def _concat(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    return xp.concatenate(list(inputs), axis=-1), None


def _concat_back(
    xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array
) -> tuple[list[Array], list[Array]]:
    gradients, begin = [], 0
    for x in inputs:
        gradients.append(gradient[..., begin : begin + x.shape[-1]])
        begin += x.shape[-1]
    return gradients, []


Shapes = tuple[int, tuple[tuple[int, ...], ...]]


def _dense_shapes(ins: Sequence[int], first: tuple[int, ...]) -> Shapes:
    return first[0], ((first[0], ins[0]), (first[0],))


def _recurrent_shapes(gates: int) -> Callable[[Sequence[int], tuple[int, ...]], Shapes]:
    def shapes(ins: Sequence[int], first: tuple[int, ...]) -> Shapes:
        size = max(1, first[0] // gates)
        return size, ((gates * size, ins[0]), (gates * size, size), (gates * size,), (gates * size,))

    return shapes


def _conv_shapes(ins: Sequence[int], first: tuple[int, ...]) -> Shapes:
    return first[0], ((first[0], ins[0], first[2] if len(first) == 3 else 1), (first[0],))


_MATRIX = ("weight", "bias")
_RECURRENT = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

KINDS: Final[Mapping[str, Kind]] = {
    "normalise": Kind(
        ("mean", "inverse_scale"),
        (1, 1),
        ("clip",),
        False,
        False,
        lambda ins, first: (ins[0], ((ins[0],), (ins[0],))),
        _normalise,
        _normalise_back,
    ),
    "dense": Kind(_MATRIX, (1, 1), ("activation",), True, False, _dense_shapes, _dense, _dense_back),
    "lstm": Kind(_RECURRENT, (1, 1), (), True, True, _recurrent_shapes(4), _lstm, _lstm_back),
    "gru": Kind(_RECURRENT, (1, 1), (), True, True, _recurrent_shapes(3), _gru, _gru_back),
    "causal_conv": Kind(_MATRIX, (1, 1), ("activation", "dilation"), True, True, _conv_shapes, _causal_conv, _causal_conv_back),
    "layer_norm": Kind(
        _MATRIX, (1, 1), (), True, False, lambda ins, first: (ins[0], ((ins[0],), (ins[0],))), _layer_norm, _layer_norm_back
    ),
    "add": Kind((), (2, 4), (), False, False, lambda ins, first: (ins[0], ()), _add, _add_back),
    "multiply": Kind((), (2, 4), (), False, False, lambda ins, first: (ins[0], ()), _multiply, _multiply_back),
    "concat": Kind((), (2, 4), (), False, False, lambda ins, first: (sum(ins), ()), _concat, _concat_back),
}


# ---- a list of ops -------------------------------------------------------------------------------------------------------------


def tensor_names(op: Op) -> list[str]:
    """The names of an op's tensors, in the order of its kind's slots."""
    given = op.get("tensors", {})
    return [given[slot] for slot in KINDS[op["op"]].slots]


def is_stateful(ops: Sequence[Op]) -> bool:
    """Whether any op looks back at earlier rows: lstm, gru, causal_conv."""
    return any(KINDS[op["op"]].stateful for op in ops)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_attributes(op: Op, where: str) -> None:
    kind = KINDS[op["op"]]
    expected = {"op", "in", "out", *kind.attributes, *(("tensors",) if kind.slots else ())}
    given = set(op) - ({"tensors"} if not kind.slots and not op.get("tensors") else set())
    if given != expected:
        raise InvalidArgument(f"{where} has the keys {', '.join(sorted(map(str, op)))}; it needs {', '.join(sorted(expected))}")
    if kind.slots and set(op["tensors"]) != set(kind.slots):
        raise InvalidArgument(f"{where} names the tensors {', '.join(sorted(op['tensors']))}; it needs {', '.join(kind.slots)}")
    if "activation" in kind.attributes and op["activation"] not in ACTIVATIONS:
        raise InvalidArgument(f"{where}: activation is {op['activation']!r}; choose one of {', '.join(ACTIVATIONS)}")
    if "dilation" in kind.attributes and not (_is_count(op["dilation"]) and op["dilation"] >= 1):
        raise InvalidArgument(f"{where}: dilation is {op['dilation']!r}; give an integer from 1")
    if "clip" in kind.attributes:
        clip = op["clip"]
        if isinstance(clip, bool) or not isinstance(clip, int | float) or not 0 < clip < float("inf"):
            raise InvalidArgument(f"{where}: clip is {clip!r}; give a number above zero")


def widths(ops: Sequence[Op], tensors: Mapping[str, Array], features: int) -> dict[int, int]:
    """The width of every register, by its number, after a check of the whole list against its tensors.

    InvalidArgument where an op is unknown, has other keys than its kind, reads a register that no earlier op wrote, writes one a
    second time, or has a tensor that is missing, used twice, left over or of another shape than its input asks for.
    """
    if not 1 <= len(ops) <= OPS_MAX:
        raise InvalidArgument(f"the model has {len(ops)} ops; give 1 to {OPS_MAX}")
    if not 1 <= features <= WIDTH_MAX:
        raise InvalidArgument(f"the model has {features} features; give 1 to {WIDTH_MAX}")
    known = {0: features}
    used: set[str] = set()
    for number, op in enumerate(ops):
        name = op.get("op", "")
        where = f"op {number} ({name})"
        if name not in KINDS:
            raise InvalidArgument(f"op {number} is {name!r}; choose one of {', '.join(KINDS)}")
        kind = KINDS[name]
        _check_attributes(op, where)
        least, most = kind.inputs
        if not least <= len(op["in"]) <= most:
            raise InvalidArgument(f"{where} reads {len(op['in'])} registers; it needs {least if least == most else f'{least} to {most}'}")
        for register in op["in"]:
            if register not in known:
                raise InvalidArgument(f"{where} reads register {register}, which no earlier op writes")
        out = op["out"]
        if not _is_count(out) or not 1 <= out < REGISTERS_MAX or out in known:
            raise InvalidArgument(f"{where} writes register {out!r}; give one from 1 to {REGISTERS_MAX - 1} that no other op writes")
        ins = [known[register] for register in op["in"]]
        if name in {"add", "multiply"} and len(set(ins)) > 1:
            raise InvalidArgument(f"{where} reads registers of widths {', '.join(map(str, ins))}; they need to be equal")
        names = tensor_names(op)
        for tensor in names:
            if tensor not in tensors:
                raise InvalidArgument(f"{where} needs the tensor {tensor!r}, which is missing")
            if tensor in used:
                raise InvalidArgument(f"{where}: the tensor {tensor!r} is used twice; give each op its own")
            used.add(tensor)
        shape = tuple(tensors[names[0]].shape) if names else ()
        if names and not shape:
            raise InvalidArgument(f"{where}: the tensor {names[0]!r} is a single number; give an array")
        width, expected = kind.shapes(ins, shape)
        for tensor, wanted in zip(names, expected, strict=True):
            if tuple(tensors[tensor].shape) != wanted:
                raise InvalidArgument(f"{where}: the tensor {tensor!r} has the shape {tuple(tensors[tensor].shape)}; it needs {wanted}")
        if not 1 <= width <= WIDTH_MAX:
            raise InvalidArgument(f"{where} makes a register of width {width}; give 1 to {WIDTH_MAX}")
        known[out] = width
    left = sorted(set(tensors) - used)
    if left:
        raise InvalidArgument(f"no op uses the tensors {', '.join(left)}; leave them out")
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
