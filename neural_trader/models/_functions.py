"""What each op computes, and its gradient: (batch, steps, width) arrays of numpy or CuPy, in their own type.

Each op is a pair. `x(xp, op, inputs, tensors)` gives the output and what `x_back(xp, op, inputs, tensors, saved, gradient of the output)`
needs to give the gradients of the inputs and of the tensors. Layouts and gate orders are PyTorch's, see `ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final, NamedTuple

Array = Any  # numpy.ndarray or cupy.ndarray, which share no base
Op = Mapping[str, Any]  # {"op", "in", "out", "tensors", and what the kind asks for}, as in the file
Gradients = tuple[list[Array], list[Array]]  # of the inputs, of the tensors

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


class Activation(NamedTuple):
    """value(xp, x) -> y, and slope(xp, x, y) -> dy/dx."""

    value: Callable[[ModuleType, Array], Array]
    slope: Callable[[ModuleType, Array, Array], Array]


ACTIVATIONS: Final[Mapping[str, Activation]] = {
    "none": Activation(lambda xp, x: x, lambda xp, x, y: xp.ones_like(x)),
    "relu": Activation(lambda xp, x: xp.maximum(x, 0), lambda xp, x, y: (x > 0).astype(x.dtype)),
    "tanh": Activation(lambda xp, x: xp.tanh(x), lambda xp, x, y: 1.0 - y * y),
    "sigmoid": Activation(_sigmoid, lambda xp, x, y: y * (1.0 - y)),
    "gelu": Activation(_gelu, lambda xp, x, y: _gelu_slope(xp, x)),
}


# ---- ops ---------------------------------------------------------------------------------------------------------------------


def _flat(x: Array) -> Array:
    """(batch, steps, width) as rows."""
    return x.reshape(-1, x.shape[-1])


def _times(x: Array, matrix: Array) -> Array:
    """x (batch, steps, K) times a matrix (K, N), as one product: numpy would make one a sequence."""
    return (_flat(x) @ matrix).reshape(*x.shape[:-1], matrix.shape[1])


def _weight_gradient(gradient: Array, x: Array) -> Array:
    """Of a matrix (N, K) that made `gradient`'s (batch, steps, N) from x (batch, steps, K)."""
    return _flat(gradient).T @ _flat(x)


def normalise(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """Clamped, scaled distance from the mean."""
    mean, inverse_scale = tensors
    scaled = (inputs[0] - mean) * inverse_scale
    return xp.clip(scaled, -op["clip"], op["clip"]), scaled


def normalise_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `normalise`."""
    inside = gradient * (xp.abs(saved) <= op["clip"])
    mean, inverse_scale = tensors
    rows = _flat(inside)
    return [inside * inverse_scale], [-rows.sum(axis=0) * inverse_scale, (rows * (_flat(inputs[0]) - mean)).sum(axis=0)]


def dense(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """Linear's, then the activation."""
    weight, bias = tensors
    before = _times(inputs[0], weight.T) + bias
    after = ACTIVATIONS[op["activation"]].value(xp, before)
    return after, (before, after)


def dense_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `dense`."""
    inner = gradient * ACTIVATIONS[op["activation"]].slope(xp, *saved)
    return [_times(inner, tensors[0])], [_weight_gradient(inner, inputs[0]), _flat(inner).sum(axis=0)]


def _by_step(xp: ModuleType, x: Array) -> Array:
    """(batch, steps, width) as (steps, batch, width), or the way back."""
    return xp.ascontiguousarray(x.swapaxes(0, 1))


def lstm(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """Gates i, f, g, o."""
    weight_ih, weight_hh, bias_ih, bias_hh = tensors
    x = _by_step(xp, inputs[0])
    steps, batch, _ = x.shape
    size = weight_hh.shape[1]
    gates = _times(x, weight_ih.T)
    gates += bias_ih + bias_hh
    cells = xp.zeros((steps + 1, batch, size), gates.dtype)  # [t + 1] is the cell after step t
    hidden = xp.zeros((steps + 1, batch, size), gates.dtype)
    squashed = xp.empty((steps, batch, size), gates.dtype)  # tanh of the cells
    # i, f and o are tanh(x / 2) / 2 + 1 / 2, g is tanh(x): all four at once
    scale = xp.full(4 * size, 0.5, gates.dtype)
    shift = xp.full(4 * size, 0.5, gates.dtype)
    scale[2 * size : 3 * size] = 1.0
    shift[2 * size : 3 * size] = 0.0
    for t in range(steps):
        pre = gates[t]
        pre += hidden[t] @ weight_hh.T
        pre *= scale
        xp.tanh(pre, out=pre)
        pre *= scale
        pre += shift
        i, f, g, o = (pre[:, k * size : (k + 1) * size] for k in range(4))
        xp.multiply(f, cells[t], out=cells[t + 1])
        cells[t + 1] += i * g
        xp.tanh(cells[t + 1], out=squashed[t])
        xp.multiply(o, squashed[t], out=hidden[t + 1])
    return _by_step(xp, hidden[1:]), (x, gates, cells, squashed, hidden)


def lstm_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `lstm`."""
    x, gates, cells, squashed, hidden = saved
    weight_ih, weight_hh, _, _ = tensors
    steps, batch, size = squashed.shape
    i, f, g, o = (gates[:, :, k * size : (k + 1) * size] for k in range(4))
    of_cell = o * (1.0 - squashed * squashed)
    inner = xp.empty_like(gates)  # first what the cell's gradient is multiplied by, then the gradient before the gates' functions
    inner[:, :, :size] = g * i * (1.0 - i)
    inner[:, :, size : 2 * size] = cells[:-1] * f * (1.0 - f)
    inner[:, :, 2 * size : 3 * size] = i * (1.0 - g * g)
    inner[:, :, 3 * size :] = squashed * o * (1.0 - o)
    above = gradient.swapaxes(0, 1).copy()
    hidden_carry = xp.zeros((batch, size), gates.dtype)
    cell_carry = xp.zeros((batch, size), gates.dtype)
    for t in reversed(range(steps)):
        above[t] += hidden_carry
        cell = above[t] * of_cell[t]
        cell += cell_carry
        by_gate = inner[t].reshape(batch, 4, size)
        by_gate[:, :3] *= cell[:, None]
        by_gate[:, 3] *= above[t]
        cell_carry = cell * f[t]
        hidden_carry = inner[t] @ weight_hh
    bias = _flat(inner).sum(axis=0)
    return [_by_step(xp, _times(inner, weight_ih))], [
        _weight_gradient(inner, x),
        _weight_gradient(inner, hidden[:-1]),
        bias,
        bias.copy(),
    ]


def gru(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """Gates r, z, n; the reset gate after the product."""
    weight_ih, weight_hh, bias_ih, bias_hh = tensors
    x = _by_step(xp, inputs[0])
    steps, batch, _ = x.shape
    size = weight_hh.shape[1]
    gates = _times(x, weight_ih.T)
    gates += bias_ih
    remembered = xp.empty((steps, batch, size), gates.dtype)  # W_hn h + b_hn, before the reset gate
    hidden = xp.zeros((steps + 1, batch, size), gates.dtype)
    for t in range(steps):
        recurrent = hidden[t] @ weight_hh.T
        recurrent += bias_hh
        both, n = gates[t, :, : 2 * size], gates[t, :, 2 * size :]
        both += recurrent[:, : 2 * size]
        both *= 0.5
        xp.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        remembered[t] = recurrent[:, 2 * size :]
        n += both[:, :size] * remembered[t]
        xp.tanh(n, out=n)
        xp.subtract(hidden[t], n, out=hidden[t + 1])
        hidden[t + 1] *= both[:, size:]
        hidden[t + 1] += n
    return _by_step(xp, hidden[1:]), (x, gates, remembered, hidden)


def gru_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `gru`."""
    x, gates, remembered, hidden = saved
    weight_ih, weight_hh, _, _ = tensors
    steps, batch, size = remembered.shape
    r, z, n = (gates[:, :, k * size : (k + 1) * size] for k in range(3))
    inner = xp.empty_like(gates)  # of what the input half adds; first what the gradient of the output is multiplied by
    inner[:, :, 2 * size :] = (1.0 - z) * (1.0 - n * n)
    inner[:, :, size : 2 * size] = (hidden[:-1] - n) * z * (1.0 - z)
    inner[:, :, :size] = inner[:, :, 2 * size :] * remembered * r * (1.0 - r)
    recurrent = inner.copy()  # of what the recurrent half adds: the same but for n, where the reset gate stands between
    recurrent[:, :, 2 * size :] *= r
    above = gradient.swapaxes(0, 1).copy()
    carry = xp.zeros((batch, size), gates.dtype)
    for t in reversed(range(steps)):
        above[t] += carry
        by_gate = recurrent[t].reshape(batch, 3, size)
        by_gate *= above[t][:, None]
        carry = above[t] * z[t]
        carry += recurrent[t] @ weight_hh
    by_gate = inner.reshape(steps, batch, 3, size)
    by_gate *= above[:, :, None]
    return [_by_step(xp, _times(inner, weight_ih))], [
        _weight_gradient(inner, x),
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


def causal_conv(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """Conv1d's over the rows up to this one, then the activation."""
    weight, bias = tensors
    seen = _taps(xp, inputs[0], weight.shape[2], op["dilation"])
    before = _times(seen, _conv_matrix(xp, weight).T) + bias
    after = ACTIVATIONS[op["activation"]].value(xp, before)
    return after, (seen, before, after)


def causal_conv_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `causal_conv`."""
    seen, before, after = saved
    weight = tensors[0]
    rows, width, taps = weight.shape
    dilation = op["dilation"]
    steps = before.shape[1]
    inner = gradient * ACTIVATIONS[op["activation"]].slope(xp, before, after)
    by_tap = _times(inner, _conv_matrix(xp, weight))
    x = xp.zeros_like(inputs[0])
    for j in range(taps):
        behind = (taps - 1 - j) * dilation
        if behind < steps:
            x[:, : steps - behind] += by_tap[:, behind:, j * width : (j + 1) * width]
    matrix = _weight_gradient(inner, seen).reshape(rows, taps, width)
    return [x], [xp.ascontiguousarray(matrix.swapaxes(1, 2)), _flat(inner).sum(axis=0)]


def layer_norm(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """LayerNorm's."""
    weight, bias = tensors
    centred = inputs[0] - inputs[0].mean(axis=-1, keepdims=True)
    inverse = 1.0 / xp.sqrt((centred * centred).mean(axis=-1, keepdims=True) + LAYER_NORM_EPSILON)
    scaled = centred * inverse
    return scaled * weight + bias, (scaled, inverse)


def layer_norm_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `layer_norm`."""
    scaled, inverse = saved
    inner = gradient * tensors[0]
    along = (inner * scaled).mean(axis=-1, keepdims=True)
    x = inverse * (inner - inner.mean(axis=-1, keepdims=True) - scaled * along)
    return [x], [_flat(gradient * scaled).sum(axis=0), _flat(gradient).sum(axis=0)]


def add(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """The sum of the registers."""
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x
    return total, None


def add_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `add`."""
    return [gradient for _ in inputs], []


def multiply(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """The product of the registers."""
    product = inputs[0]
    for x in inputs[1:]:
        product = product * x
    return product, None


def multiply_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `multiply`."""
    gradients = []
    for k in range(len(inputs)):
        product = gradient
        for j, x in enumerate(inputs):
            if j != k:
                product = product * x
        gradients.append(product)
    return gradients, []


def concat(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array]) -> tuple[Array, Any]:
    """The registers side by side."""
    return xp.concatenate(list(inputs), axis=-1), None


def concat_back(xp: ModuleType, op: Op, inputs: Sequence[Array], tensors: Sequence[Array], saved: Any, gradient: Array) -> Gradients:
    """Gradients of `concat`."""
    gradients, begin = [], 0
    for x in inputs:
        gradients.append(gradient[..., begin : begin + x.shape[-1]])
        begin += x.shape[-1]
    return gradients, []
