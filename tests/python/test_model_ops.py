"""The op set: values by hand, gradients against differences, PyTorch as a peer, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support_torch import torch

from neural_trader.errors import InvalidArgument
from neural_trader.models import ops as model_ops
from neural_trader.models.ops import (
    ACTIVATIONS,
    GATES,
    KINDS,
    backward,
    forward,
    is_stateful,
    require_normalise_first,
    tensor_names,
    widths,
)

BATCH, STEPS, WIDTH, SIZE = 3, 7, 5, 4


def dense(weight: Any, bias: Any, activation: str = "none") -> tuple[dict[str, Any], dict[str, Any]]:
    op = {"op": "dense", "in": [0], "out": 1, "tensors": {"weight": "w", "bias": "b"}, "activation": activation}
    return op, {"w": np.array(weight, np.float64), "b": np.array(bias, np.float64)}


def recurrent(kind: str, random: np.random.Generator) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rows = {"lstm": 4, "gru": 3}[kind] * SIZE
    op = {"op": kind, "in": [0], "out": 1, "tensors": {slot: slot for slot in KINDS[kind].slots}}
    shapes = ((rows, WIDTH), (rows, SIZE), (rows,), (rows,))
    return [op], {slot: random.normal(size=shape) * 0.7 for slot, shape in zip(KINDS[kind].slots, shapes, strict=True)}


def case(name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Ops that show one kind, with random float64 tensors, over inputs of WIDTH."""
    random = np.random.default_rng(5)
    kind, _, variant = name.partition("-")
    if kind in {"lstm", "gru"}:
        return recurrent(kind, random)
    if kind == "dense":
        op, _ = dense([], [], variant)
        return [op], {"w": random.normal(size=(SIZE, WIDTH)), "b": random.normal(size=SIZE)}
    if kind == "normalise":
        op = {"op": kind, "in": [0], "out": 1, "tensors": {"mean": "m", "inverse_scale": "s"}, "clip": 1.2}
        return [op], {"m": random.normal(size=WIDTH), "s": random.uniform(0.5, 2.0, size=WIDTH)}
    if kind == "causal_conv":
        taps, dilation, activation = variant.split("/")
        slots = {"weight": "w", "bias": "b"}
        op = {"op": kind, "in": [0], "out": 1, "tensors": slots, "activation": activation, "dilation": int(dilation)}
        return [op], {"w": random.normal(size=(SIZE, WIDTH, int(taps))), "b": random.normal(size=SIZE)}
    if kind == "layer_norm":
        op = {"op": kind, "in": [0], "out": 1, "tensors": {"weight": "w", "bias": "b"}}
        return [op], {"w": random.normal(size=WIDTH), "b": random.normal(size=WIDTH)}
    # the ops over several registers read the input twice, and what a dense layer makes of it
    first, tensors = dense(random.normal(size=(WIDTH, WIDTH)), random.normal(size=WIDTH), "tanh")
    return [first, {"op": kind, "in": [0, 1, 0][: int(variant)], "out": 2}], tensors


NAMES = [
    *(f"dense-{activation}" for activation in ACTIVATIONS),
    "normalise",
    "lstm",
    "gru",
    "causal_conv-1/1/none",
    "causal_conv-3/1/gelu",
    "causal_conv-3/2/tanh",
    "causal_conv-4/2/none",  # just reaches from the last row to the first
    "causal_conv-2/9/relu",  # looks further back than the sequence is long
    "layer_norm",
    *(f"{kind}-{count}" for kind in ("add", "multiply", "concat") for count in (2, 3)),
]


def inputs(dtype: Any = np.float64) -> Any:
    return np.random.default_rng(6).normal(size=(BATCH, STEPS, WIDTH)).astype(dtype)


def output(ops: Any, tensors: Any, x: Any) -> Any:
    return forward(ops, tensors, x).registers[ops[-1]["out"]]


# ---- values --------------------------------------------------------------------------------------------------------------------


def test_every_kind_has_a_case() -> None:
    assert {name.partition("-")[0] for name in NAMES} == set(KINDS)


def test_dense_by_hand() -> None:
    op, tensors = dense([[1.0, 2.0], [0.5, -1.0]], [0.25, -0.5], "relu")
    made = output([op], tensors, np.array([[[3.0, -1.0], [-2.0, 0.0]]]))
    assert made.tolist() == [[[1.25, 2.0], [0.0, 0.0]]]


def test_activations_by_hand() -> None:
    x = np.array([-2.0, 0.0, 0.5])
    found = {name: activation.value(np, x).tolist() for name, activation in ACTIVATIONS.items()}
    assert found["none"] == [-2.0, 0.0, 0.5]
    assert found["relu"] == [0.0, 0.0, 0.5]
    assert found["tanh"] == pytest.approx([-0.9640275800758169, 0.0, 0.46211715726000973])
    assert found["sigmoid"] == pytest.approx([0.11920292202211755, 0.5, 0.6224593312018546])
    assert found["gelu"] == pytest.approx([-0.0454023, 0.0, 0.3457140], abs=1e-7)


def test_activations_of_large_numbers_stay_finite() -> None:
    x = np.array([-1e4, 1e4], np.float32)
    for activation in ACTIVATIONS.values():
        y = activation.value(np, x)
        assert np.isfinite(y).all()
        assert np.isfinite(activation.slope(np, x, y)).all()
    assert ACTIVATIONS["sigmoid"].value(np, x).tolist() == [0.0, 1.0]


def test_normalise_clips() -> None:
    op = {"op": "normalise", "in": [0], "out": 1, "tensors": {"mean": "m", "inverse_scale": "s"}, "clip": 1.5}
    tensors = {"m": np.array([1.0, 0.0]), "s": np.array([0.5, 2.0])}
    assert output([op], tensors, np.array([[[2.0, 0.25], [100.0, -100.0]]])).tolist() == [[[0.5, 0.5], [1.5, -1.5]]]


def test_lstm_by_hand() -> None:
    # one unit, one input, weights of one gate each: two steps worked out with the logistic function
    ops, _ = recurrent("lstm", np.random.default_rng(1))
    tensors = {
        "weight_ih": np.array([[1.0], [0.0], [2.0], [0.0]]),
        "weight_hh": np.array([[0.0], [1.0], [0.0], [0.0]]),
        "bias_ih": np.array([0.0, 1.0, 0.0, 0.5]),
        "bias_hh": np.array([0.0, 0.0, 0.0, 0.5]),
    }
    h = c = 0.0
    expected = []
    for x in (0.5, -1.0):
        i, f, g, o = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-1.0 - h)), np.tanh(2 * x), 1 / (1 + np.exp(-1.0))
        c = f * c + i * g
        h = o * np.tanh(c)
        expected.append(h)
    assert output(ops, tensors, np.array([[[0.5], [-1.0]]]))[0, :, 0] == pytest.approx(expected, rel=1e-12)


def test_gru_by_hand() -> None:
    ops, _ = recurrent("gru", np.random.default_rng(1))
    tensors = {
        "weight_ih": np.array([[1.0], [0.5], [2.0]]),
        "weight_hh": np.array([[0.3], [-1.0], [0.8]]),
        "bias_ih": np.array([0.1, 0.2, 0.3]),
        "bias_hh": np.array([0.4, 0.5, 0.6]),
    }
    h = 0.0
    expected = []
    for x in (0.5, -1.0):
        r = 1 / (1 + np.exp(-(x + 0.1 + 0.3 * h + 0.4)))
        z = 1 / (1 + np.exp(-(0.5 * x + 0.2 - h + 0.5)))
        n = np.tanh(2 * x + 0.3 + r * (0.8 * h + 0.6))
        h = (1 - z) * n + z * h
        expected.append(h)
    assert output(ops, tensors, np.array([[[0.5], [-1.0]]]))[0, :, 0] == pytest.approx(expected, rel=1e-12)


def test_causal_conv_by_hand() -> None:
    slots = {"weight": "w", "bias": "b"}
    op = {"op": "causal_conv", "in": [0], "out": 1, "tensors": slots, "activation": "none", "dilation": 2}
    tensors = {"w": np.array([[[10.0, 1.0]]]), "b": np.array([0.5])}  # ten times the row two before, and the row
    assert output([op], tensors, np.array([[[1.0], [2.0], [3.0], [4.0]]]))[0, :, 0].tolist() == [1.5, 2.5, 13.5, 24.5]


def test_layer_norm_by_hand() -> None:
    op = {"op": "layer_norm", "in": [0], "out": 1, "tensors": {"weight": "w", "bias": "b"}}
    tensors = {"w": np.array([1.0, 2.0]), "b": np.array([0.0, 1.0])}
    scale = 1 / np.sqrt(1 + 1e-5)
    assert output([op], tensors, np.array([[[1.0, 3.0]]]))[0, 0] == pytest.approx([-scale, 1 + 2 * scale])


@pytest.mark.parametrize("name", NAMES)
def test_output_changes_with_input_and_every_tensor(name: str) -> None:
    ops, tensors = case(name)
    x = inputs()
    made = output(ops, tensors, x)
    assert not np.array_equal(made, output(ops, tensors, x + 0.01))
    for key in tensors:
        assert not np.array_equal(made, output(ops, {**tensors, key: tensors[key] * 1.5}, x)), key


@pytest.mark.parametrize("name", NAMES)
def test_nothing_looks_ahead_and_sequences_are_apart(name: str) -> None:
    ops, tensors = case(name)
    x = inputs()
    made = output(ops, tensors, x)
    later = x.copy()
    later[:, 4:] += 1.0
    assert output(ops, tensors, later)[:, :4] == pytest.approx(made[:, :4], rel=1e-12)
    other = x.copy()
    other[0] += 1.0
    assert output(ops, tensors, other)[1:] == pytest.approx(made[1:], rel=1e-12)
    first = x.copy()
    first[:, 3] += 1.0
    moved = not np.allclose(output(ops, tensors, first)[:, 4:], made[:, 4:])
    looks_back = is_stateful(ops) and not name.startswith(("causal_conv-1/", "causal_conv-2/9"))
    assert moved == looks_back


@pytest.mark.parametrize("name", NAMES)
def test_float32_follows_float64(name: str) -> None:
    ops, tensors = case(name)
    narrow = {key: value.astype(np.float32) for key, value in tensors.items()}
    made = output(ops, narrow, inputs(np.float32))
    wide = output(ops, {key: value.astype(np.float64) for key, value in narrow.items()}, inputs(np.float32).astype(np.float64))
    assert made.dtype == np.float32
    assert np.abs(made - wide).max() < 2e-5
    done = forward(ops, narrow, inputs(np.float32))
    gradients, of_input = backward(ops, narrow, done, {ops[-1]["out"]: np.ones_like(made)})
    assert {value.dtype for value in (*gradients.values(), of_input)} == {np.dtype(np.float32)}


# ---- gradients -----------------------------------------------------------------------------------------------------------------


def differences(loss: Any, at: Any) -> Any:
    """The gradient of loss() with respect to the array `at`, by central differences in place."""
    found = np.empty_like(at)
    step = 1e-6
    for index in np.ndindex(at.shape):
        value = at[index]
        at[index] = value + step
        up = loss()
        at[index] = value - step
        down = loss()
        at[index] = value
        found[index] = (up - down) / (2 * step)
    return found


def check_gradients(ops: Any, tensors: Any, x: Any) -> None:
    out = ops[-1]["out"]
    target = np.random.default_rng(7).normal(size=output(ops, tensors, x).shape)

    def loss() -> float:
        return float((output(ops, tensors, x) * target).sum())

    done = forward(ops, tensors, x)
    gradients, of_input = backward(ops, tensors, done, {out: target})
    assert set(gradients) == set(tensors)
    for key in tensors:
        assert gradients[key] == pytest.approx(differences(loss, tensors[key]), rel=1e-5, abs=1e-7), key
    assert of_input == pytest.approx(differences(loss, x), rel=1e-5, abs=1e-7)
    assert np.abs(of_input).max() > 0.0


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_the_differences(name: str) -> None:
    check_gradients(*case(name), inputs())


def test_gradients_through_a_graph() -> None:
    """A register read by several ops, a recurrent layer over a convolution, all of it at once."""
    random = np.random.default_rng(3)
    tensors = {
        "m": random.normal(size=WIDTH),
        "s": random.uniform(0.5, 1.0, size=WIDTH),
        "cw": random.normal(size=(SIZE, WIDTH, 2)),
        "cb": random.normal(size=SIZE),
        "wi": random.normal(size=(3 * SIZE, SIZE)),
        "wh": random.normal(size=(3 * SIZE, SIZE)),
        "bi": random.normal(size=3 * SIZE),
        "bh": random.normal(size=3 * SIZE),
        "lw": random.normal(size=SIZE),
        "lb": random.normal(size=SIZE),
        "hw": random.normal(size=(3, 3 * SIZE)),
        "hb": random.normal(size=3),
    }
    matrix = {"weight": "cw", "bias": "cb"}
    ops = [
        {"op": "normalise", "in": [0], "out": 1, "tensors": {"mean": "m", "inverse_scale": "s"}, "clip": 5.0},
        {"op": "causal_conv", "in": [1], "out": 2, "tensors": matrix, "activation": "tanh", "dilation": 2},
        {"op": "gru", "in": [2], "out": 3, "tensors": {"weight_ih": "wi", "weight_hh": "wh", "bias_ih": "bi", "bias_hh": "bh"}},
        {"op": "add", "in": [2, 3], "out": 4},
        {"op": "layer_norm", "in": [4], "out": 5, "tensors": {"weight": "lw", "bias": "lb"}},
        {"op": "multiply", "in": [5, 2], "out": 6},
        {"op": "concat", "in": [6, 3, 2], "out": 7},
        {"op": "dense", "in": [7], "out": 8, "tensors": {"weight": "hw", "bias": "hb"}, "activation": "none"},
    ]
    assert widths(ops, tensors, WIDTH) == {0: 5, 1: 5, 2: 4, 3: 4, 4: 4, 5: 4, 6: 4, 7: 12, 8: 3}
    check_gradients(ops, tensors, inputs())


def test_what_the_loss_does_not_reach_has_no_gradient() -> None:
    first, tensors = dense(np.ones((2, WIDTH)), np.ones(2))
    second = {"op": "dense", "in": [0], "out": 2, "tensors": {"weight": "v", "bias": "c"}, "activation": "none"}
    tensors |= {"v": np.ones((3, WIDTH)), "c": np.ones(3)}
    done = forward([first, second], tensors, inputs())
    gradients, of_input = backward([first, second], tensors, done, {1: np.ones((BATCH, STEPS, 2))})
    assert not gradients["v"].any()
    assert not gradients["c"].any()
    assert gradients["w"].any()
    assert (of_input == 2.0).all()
    nothing, of_input = backward([first, second], tensors, done, {})
    assert not any(value.any() for value in nothing.values())
    assert not of_input.any()
    assert of_input.shape == (BATCH, STEPS, WIDTH)


# ---- PyTorch as a peer ---------------------------------------------------------------------------------------------------------


def torch_module(name: str) -> tuple[Any, Any]:
    """The module that is the peer of a case, and what runs it over (batch, steps, width)."""
    kind, _, variant = name.partition("-")
    if kind == "dense":
        module = torch.nn.Linear(WIDTH, SIZE)
        after = {
            "none": torch.nn.Identity(),
            "relu": torch.nn.ReLU(),
            "tanh": torch.nn.Tanh(),
            "sigmoid": torch.nn.Sigmoid(),
            "gelu": torch.nn.GELU(approximate="tanh"),
        }[variant]
        return module, lambda x: after(module(x))
    if kind in {"lstm", "gru"}:
        module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](WIDTH, SIZE, batch_first=True)
        return module, lambda x: module(x)[0]
    if kind == "layer_norm":
        module = torch.nn.LayerNorm(WIDTH)
        return module, module
    taps, dilation, activation = variant.split("/")
    module = torch.nn.Conv1d(WIDTH, SIZE, int(taps), dilation=int(dilation))
    behind = (int(taps) - 1) * int(dilation)
    after = {"none": lambda x: x, "gelu": torch.nn.GELU(approximate="tanh"), "tanh": torch.tanh, "relu": torch.relu}[activation]
    return module, lambda x: after(module(torch.nn.functional.pad(x.transpose(1, 2), (behind, 0)))).transpose(1, 2)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("dense", "lstm", "gru", "causal", "layer"))])
def test_pytorch_agrees_from_its_state_dict(name: str) -> None:
    torch.manual_seed(11)
    module, run = torch_module(name)
    module = module.double()
    for parameter in module.parameters():  # LayerNorm begins with ones and zeros, which would hide a mistake
        torch.nn.init.normal_(parameter, std=0.6)
    ops, _ = case(name)
    tensors = {key.removesuffix("_l0"): value.detach().numpy().copy() for key, value in module.state_dict().items()}
    op = {**ops[0], "tensors": {slot: slot for slot in KINDS[ops[0]["op"]].slots}}
    assert tensor_names(op) == list(tensors)  # the slots are PyTorch's names, in its order
    widths([op], tensors, WIDTH)
    x = torch.tensor(inputs(), requires_grad=True)
    expected = run(x)
    target = torch.tensor(np.random.default_rng(7).normal(size=tuple(expected.shape)))
    (expected * target).sum().backward()
    done = forward([op], tensors, inputs())
    assert done.registers[1] == pytest.approx(expected.detach().numpy(), rel=1e-8, abs=1e-9)  # gelu's constant has ten digits
    gradients, of_input = backward([op], tensors, done, {1: target.numpy()})
    assert of_input == pytest.approx(x.grad.numpy(), rel=1e-8, abs=1e-9)
    for key, parameter in module.named_parameters():
        assert gradients[key.removesuffix("_l0")] == pytest.approx(parameter.grad.numpy(), rel=1e-8, abs=1e-9), key


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith(("normalise", "add", "multiply", "concat"))])
def test_pytorch_agrees_on_ops_without_a_module(name: str) -> None:
    ops, tensors = case(name)
    x = torch.tensor(inputs(), requires_grad=True)
    known = {key: torch.tensor(value, requires_grad=True) for key, value in tensors.items()}
    if name == "normalise":
        expected = ((x - known["m"]) * known["s"]).clamp(-1.2, 1.2)
    else:
        made = torch.tanh(torch.nn.functional.linear(x, known["w"], known["b"]))
        read = [x, made, x][: int(name[-1])]
        expected = torch.cat(read, -1) if name.startswith("concat") else torch.stack(read)
        expected = expected.sum(0) if name.startswith("add") else expected.prod(0) if name.startswith("multiply") else expected
    target = torch.tensor(np.random.default_rng(7).normal(size=tuple(expected.shape)))
    (expected * target).sum().backward()
    done = forward(ops, tensors, inputs())
    assert done.registers[ops[-1]["out"]] == pytest.approx(expected.detach().numpy(), rel=1e-12)
    gradients, of_input = backward(ops, tensors, done, {ops[-1]["out"]: target.numpy()})
    assert of_input == pytest.approx(x.grad.numpy(), rel=1e-10, abs=1e-12)
    for key, value in known.items():
        assert gradients[key] == pytest.approx(value.grad.numpy(), rel=1e-10, abs=1e-12), key


# ---- what is refused -----------------------------------------------------------------------------------------------------------


def refused(ops: Any, tensors: Any, text: str, features: int = WIDTH) -> None:
    with pytest.raises(InvalidArgument, match=text):
        widths(ops, tensors, features)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"op": "softsign"}, r"^ops\[0\].op: must be normalise or dense or .*, is 'softsign'"),
        ({"activation": "swish"}, r"^ops\[0\].activation: must be none or relu or .*, is 'swish'"),
        ({"extra": 1}, r"^ops\[0\].extra: unknown key; expected op, in, out, tensors"),
        ({"dilation": 1}, r"^ops\[0\].dilation: unknown key; expected op, in, out, tensors, activation$"),
        ({"in": [1]}, r"^ops\[0\]: dense: register 1 is read before it is written"),
        ({"in": []}, "dense takes one input, has 0"),
        ({"in": [0, 0]}, "dense takes one input, has 2"),
        ({"in": 0}, r"^ops\[0\].in: must be a list, is 0"),
        ({"in": [-1]}, r"^ops\[0\].in\[0\]: must be 0 to 63, is -1"),
        ({"out": 0}, r"^ops\[0\].out: must be 1 to 63, is 0"),
        ({"out": True}, r"^ops\[0\].out: must be a whole number .* is True"),
        ({"out": 64}, r"^ops\[0\].out: must be 1 to 63, is 64"),
        ({"tensors": {"weight": "w"}}, r"^ops\[0\].tensors: key 'bias' is missing"),
        ({"tensors": {"weight": "w", "bias": 1}}, r"^ops\[0\].tensors.bias: must be a string, is 1"),
        ({"tensors": {"weight": "w", "bias": "nowhere"}}, r"^ops\[0\].tensors.bias: there is no tensor 'nowhere'"),
        ({"tensors": {"weight": "w", "bias": "w"}}, r"^ops\[0\].tensors.bias: tensor 'w' is used before; each belongs to one op"),
    ],
)
def test_wrong_op_is_refused(change: dict[str, Any], text: str) -> None:
    ops, tensors = case("dense-relu")
    widths(ops, tensors, WIDTH)
    refused([{**ops[0], **change}], tensors, text)


def test_missing_key_is_refused() -> None:
    ops, tensors = case("dense-relu")
    refused([{key: value for key, value in ops[0].items() if key != "activation"}], tensors, r"^ops\[0\]: key 'activation' is missing")


@pytest.mark.parametrize(
    ("clip", "text"),
    [
        (0, "must be greater than 0 in float32, is 0"),
        (-1.0, "must be greater than 0 in float32, is -1"),
        (1e-50, "must be greater than 0 in float32, is 1e-50"),
        (float("inf"), "inf is too large for float32"),
        (float("nan"), "nan is too large for float32"),
        (True, "must be a number, is True"),
        ("5", "must be a number, is '5'"),
    ],
)
def test_wrong_clip_is_refused(clip: Any, text: str) -> None:
    ops, tensors = case("normalise")
    refused([{**ops[0], "clip": clip}], tensors, r"^ops\[0\].clip: " + text)


@pytest.mark.parametrize("dilation", [0, -1, 1.0, True, 16385])
def test_wrong_dilation_is_refused(dilation: Any) -> None:
    ops, tensors = case("causal_conv-3/2/tanh")
    refused([{**ops[0], "dilation": dilation}], tensors, r"^ops\[0\].dilation: must be (1 to 16384|a whole number)")


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(("add", "multiply", "concat"))])
def test_wrong_shape_of_any_tensor_is_refused(name: str) -> None:
    ops, tensors = case(name)
    for key, value in tensors.items():
        wrong = np.zeros((*value.shape[:-1], value.shape[-1] + 1))
        if name.startswith("causal_conv") and key == "w":
            wrong = value[:, :-1]  # the number of taps is free
        refused(ops, {**tensors, key: wrong}, "tensor '.*' as .* must have shape .*, has ")
        refused(ops, {**tensors, key: value[None]}, "tensor '.*' (as .* must have shape|must have 1 to 3 dimensions, has 4)")
        refused(ops, {**tensors, key: np.zeros(())}, f"tensor '{key}' must have 1 to 3 dimensions, has 0")


def test_registers_of_other_widths_are_refused() -> None:
    op, tensors = dense(np.ones((SIZE, WIDTH)), np.ones(SIZE))
    for kind in ("add", "multiply"):
        refused(
            [op, {"op": kind, "in": [0, 1], "out": 2}], tensors, r"ops\[1\]: .*: registers \[0, 1\] are \[5, 4\] wide; they must be equal"
        )
    refused([op, {"op": "concat", "in": [0, 1, 0, 1, 0], "out": 2}], tensors, r"ops\[1\].in: there are 5; at most 4")
    refused([op, {"op": "add", "in": [0, 0], "out": 1}], tensors, "register 1 is written twice")
    refused([op, {"op": "add", "in": [0], "out": 2}], tensors, "add takes 2 to 4 inputs, has 1")


def test_limits_of_a_model() -> None:
    op, tensors = case("dense-none")
    refused([], {}, "^ops: there are none")
    refused(op * 65, tensors, "^ops: there are 65; at most 64")
    refused(op, {**tensors, "left": np.zeros(3)}, "^ops: tensor 'left' belongs to no op; remove it")
    refused([{"op": "concat", "in": [0, 0], "out": 1}], {}, "output is 8192 wide; give 1 to 4096", features=4096)
    refused(op, {"w": np.zeros((0, WIDTH)), "b": np.zeros(0)}, "output is 0 wide")
    refused(op, tensors, "must have shape", features=0)


def zeros(shape: tuple[int, ...]) -> Any:
    """An array of any size that takes no memory."""
    return np.broadcast_to(np.zeros(1), shape)


@pytest.mark.parametrize(("name", "layers"), [("lstm", 2), ("gru", 4)])
def test_state_of_recurrent_ops_is_bounded(name: str, layers: int) -> None:
    """h and c, or h, in 4 bytes each: so many layers of the largest width have 65536 bytes."""
    slots, size = KINDS[name].slots, 4096
    shapes = KINDS[name].shapes([size], (GATES[name] * size,))[1]
    ops = [{"op": name, "in": [k], "out": k + 1, "tensors": {slot: f"{slot}{k}" for slot in slots}} for k in range(layers + 1)]
    tensors = {f"{slot}{k}": zeros(shape) for k in range(layers + 1) for slot, shape in zip(slots, shapes, strict=True)}
    fitting = {key: value for key, value in tensors.items() if not key.endswith(str(layers))}
    assert widths(ops[:layers], fitting, size)[layers] == size
    more = 65536 // layers
    refused(ops, tensors, f"{name}: an instrument would need {65536 + more} bytes of state; at most 65536", features=size)


def test_state_of_a_convolution_is_bounded() -> None:
    """The inputs that it looks back at."""
    ops, tensors = case("causal_conv-1/1/none")
    op = {**ops[0], "dilation": 16384}
    assert widths([op], {**tensors, "w": zeros((SIZE, 1, 2))}, 1)[1] == SIZE
    refused([op], {**tensors, "w": zeros((SIZE, 1, 3))}, "would need 131072 bytes of state", features=1)
    refused([op], {**tensors, "w": zeros((SIZE, 2, 2))}, "would need 131072 bytes of state", features=2)


def test_only_the_first_op_normalises() -> None:
    ops, _ = case("normalise")
    require_normalise_first(ops)
    with pytest.raises(InvalidArgument, match=r"^ops\[1\]: op 0 must be normalise, and no other may be; this is normalise"):
        require_normalise_first([*ops, {**ops[0], "in": [1], "out": 2}])
    with pytest.raises(InvalidArgument, match=r"^model\[0\]: op 0 must be normalise, and no other may be; this is lstm"):
        require_normalise_first(case("lstm")[0], "model")
    with pytest.raises(InvalidArgument, match=r"^ops: there are none"):
        require_normalise_first([])


def test_inputs_need_three_dimensions() -> None:
    ops, tensors = case("dense-none")
    with pytest.raises(InvalidArgument, match="have 2 dimensions"):
        forward(ops, tensors, inputs()[0])


def test_every_slot_is_listed_once() -> None:
    for kind in KINDS.values():
        assert len(set(kind.slots)) == len(kind.slots)
        assert kind.inputs[0] <= kind.inputs[1] <= 4
    assert model_ops.LAYER_NORM_EPSILON == 1e-5
