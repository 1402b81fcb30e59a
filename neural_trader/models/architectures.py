"""Architectures: functions that give the ops of a model and its first tensors.

Each takes the number of features and of classes, its sizes and a seed, and gives (ops, tensors): the op list as the model file carries
it, and float32 arrays by name. The first op normalises (a mean of 0 and a scale of 1 until training fits them), the last one gives the
logits, one a class. The core knows none of these names: any op list that `ops.widths` accepts is a model.

First values are PyTorch's defaults: every weight and bias is uniform between plus and minus one over the root of the inputs of a
dense layer, of the inputs times the taps of a convolution, and of the hidden size of an LSTM or GRU. They are drawn from numpy's PCG64
in the order of the ops, so a seed gives the same bytes everywhere. Tensor names are those of a PyTorch module with the members
norm, fc, rnn, conv and head.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument
from neural_trader.models._bounds import CLASSES_MAX, WIDTH_MAX
from neural_trader.models._values import whole_number
from neural_trader.models.ops import ACTIVATIONS, GATES, KINDS, widths

__all__ = ["ARCHITECTURES", "CLIP", "Model", "gru", "linear", "lstm", "mlp", "tcn"]

Model = tuple[list[dict[str, Any]], dict[str, NDArray[np.float32]]]

CLIP: Final = 5.0  # of normalised features: the ones that lie further out are as good as there
TAPS_MAX: Final = 64


class _Builder:
    """An op list in the making: every op reads what an earlier one wrote, registers are numbered in order."""

    def __init__(self, features: int, classes: int, seed: int) -> None:
        self.features = whole_number(features, "features", 1, WIDTH_MAX)
        self.classes = whole_number(classes, "classes", 2, CLASSES_MAX)
        self.ops: list[dict[str, Any]] = []
        self.tensors: dict[str, NDArray[np.float32]] = {}
        self.width = {0: self.features}
        self._random = np.random.Generator(np.random.PCG64(whole_number(seed, "seed", 0, 2**63 - 1)))

    def _draw(self, kind: str, register: int, first: tuple[int, ...], slots: dict[str, str], inputs: int) -> None:
        """The tensors of an op, in the shapes that the table has for them."""
        bound = 1.0 / math.sqrt(inputs)
        for name, shape in zip(slots.values(), KINDS[kind].shapes([self.width[register]], first)[1], strict=True):
            self.tensors[name] = ((self._random.random(shape) * 2.0 - 1.0) * bound).astype(np.float32)

    def _append(self, kind: str, ins: Sequence[int], width: int, tensors: dict[str, str], **attributes: Any) -> int:
        out = len(self.ops) + 1
        self.ops.append({"op": kind, "in": list(ins), "out": out, **({"tensors": tensors} if tensors else {}), **attributes})
        self.width[out] = width
        return out

    def normalise(self) -> int:
        self.tensors["norm.mean"] = np.zeros(self.features, np.float32)
        self.tensors["norm.inverse_scale"] = np.ones(self.features, np.float32)
        return self._append("normalise", [0], self.features, {"mean": "norm.mean", "inverse_scale": "norm.inverse_scale"}, clip=CLIP)

    def dense(self, register: int, width: int, name: str, activation: str) -> int:
        slots = {slot: f"{name}.{slot}" for slot in KINDS["dense"].slots}
        self._draw("dense", register, (width,), slots, self.width[register])
        return self._append("dense", [register], width, slots, activation=activation)

    def recurrent(self, register: int, kind: str, size: int, layer: int) -> int:
        slots = {slot: f"rnn.{slot}_l{layer}" for slot in KINDS[kind].slots}
        self._draw(kind, register, (GATES[kind] * size,), slots, size)
        return self._append(kind, [register], size, slots)

    def causal_conv(self, register: int, width: int, taps: int, dilation: int, name: str) -> int:
        slots = {slot: f"{name}.{slot}" for slot in KINDS["causal_conv"].slots}
        self._draw("causal_conv", register, (width, self.width[register], taps), slots, self.width[register] * taps)
        return self._append("causal_conv", [register], width, slots, activation="relu", dilation=dilation)

    def add(self, first: int, second: int) -> int:
        return self._append("add", [first, second], self.width[first], {})

    def done(self) -> Model:
        widths(self.ops, self.tensors, self.features)
        return self.ops, self.tensors


def _sizes(sizes: Sequence[int], what: str) -> list[int]:
    if isinstance(sizes, str) or not isinstance(sizes, Sequence) or not sizes:
        raise InvalidArgument(f"{what} is {sizes!r}; give at least one size, as (64, 32)")
    return [whole_number(size, f"{what}[{k}]", 1, WIDTH_MAX) for k, size in enumerate(sizes)]


def linear(features: int, classes: int, *, seed: int = 0) -> Model:
    """Multinomial logistic regression: one dense layer."""
    made = _Builder(features, classes, seed)
    made.dense(made.normalise(), made.classes, "head", "none")
    return made.done()


def mlp(features: int, classes: int, *, hidden: Sequence[int] = (64, 32), activation: str = "relu", seed: int = 0) -> Model:
    """Dense layers of these widths with the activation (none, relu, tanh, sigmoid, gelu), then the head."""
    made = _Builder(features, classes, seed)
    if activation not in ACTIVATIONS:
        raise InvalidArgument(f"activation is {activation!r}; choose one of {', '.join(ACTIVATIONS)}")
    register = made.normalise()
    for layer, size in enumerate(_sizes(hidden, "hidden")):
        register = made.dense(register, size, f"fc.{layer}", activation)
    made.dense(register, made.classes, "head", "none")
    return made.done()


def _recurrent(kind: str, features: int, classes: int, hidden: Sequence[int], seed: int) -> Model:
    made = _Builder(features, classes, seed)
    register = made.normalise()
    for layer, size in enumerate(_sizes(hidden, "hidden")):
        register = made.recurrent(register, kind, size, layer)
    made.dense(register, made.classes, "head", "none")
    return made.done()


def lstm(features: int, classes: int, *, hidden: Sequence[int] = (64,), seed: int = 0) -> Model:
    """LSTM layers of these sizes, each reading the one before, then the head on the last one's output."""
    return _recurrent("lstm", features, classes, hidden, seed)


def gru(features: int, classes: int, *, hidden: Sequence[int] = (64,), seed: int = 0) -> Model:
    """GRU layers of these sizes, each reading the one before, then the head on the last one's output."""
    return _recurrent("gru", features, classes, hidden, seed)


def tcn(features: int, classes: int, *, channels: Sequence[int] = (32, 32, 32, 32), taps: int = 3, seed: int = 0) -> Model:
    """Temporal convolutional network: causal convolutions with relu and dilations 1, 2, 4, ..., then the head.

    Where a layer is as wide as its input, its input is added to its output. A row sees (taps - 1) * (2^layers - 1) rows before it.
    """
    made = _Builder(features, classes, seed)
    taps = whole_number(taps, "taps", 1, TAPS_MAX)
    register = made.normalise()
    for layer, size in enumerate(_sizes(channels, "channels")):
        below = register
        register = made.causal_conv(below, size, taps, 2**layer, f"conv.{layer}")
        if made.width[below] == size:
            register = made.add(register, below)
    made.dense(register, made.classes, "head", "none")
    return made.done()


ARCHITECTURES: Final = {"linear": linear, "mlp": mlp, "lstm": lstm, "gru": gru, "tcn": tcn}
