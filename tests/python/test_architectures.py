"""Architectures: op lists that hold together, tensors from a seed, arrays of another library, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support_torch import torch
from test_model_ops import NAMES, case, inputs

from neural_trader.errors import InvalidArgument
from neural_trader.models.architectures import ARCHITECTURES, Model, gru, linear, lstm, mlp, tcn
from neural_trader.models.ops import KINDS, backward, forward, is_stateful, tensor_names, widths
from neural_trader.models.train import Options, Part, logits, train

FEATURES, CLASSES = 12, 3


def digest(model: Model) -> str:
    ops, tensors = model
    made = hashlib.sha256(json.dumps(ops).encode())
    for name, tensor in tensors.items():
        made.update(name.encode() + tensor.tobytes())
    return made.hexdigest()


def summary(model: Model) -> list[tuple[str, list[int], int]]:
    return [(op["op"], op["in"], op["out"]) for op in model[0]]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_model_holds_together(name: str) -> None:
    ops, tensors = ARCHITECTURES[name](FEATURES, CLASSES, seed=3)
    known = widths(ops, tensors, FEATURES)
    assert known[ops[-1]["out"]] == CLASSES
    assert ops[0]["op"] == "normalise"
    assert ops[0]["clip"] == 5.0
    assert all(tensor.dtype == np.float32 and np.isfinite(tensor).all() for tensor in tensors.values())
    assert not tensors["norm.mean"].any()
    assert (tensors["norm.inverse_scale"] == 1.0).all()
    assert json.loads(json.dumps(ops)) == ops  # as the file carries it
    assert is_stateful(ops) == (name in {"lstm", "gru", "tcn"})
    x = np.random.default_rng(1).normal(size=(2, 9, FEATURES)).astype(np.float32)
    logits = forward(ops, tensors, x).registers[ops[-1]["out"]]
    assert logits.shape == (2, 9, CLASSES)
    assert logits.dtype == np.float32
    assert np.ptp(logits) > 0.0


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(name: str) -> None:
    architecture = ARCHITECTURES[name]
    assert digest(architecture(FEATURES, CLASSES, seed=3)) == digest(architecture(FEATURES, CLASSES, seed=3))
    assert digest(architecture(FEATURES, CLASSES, seed=3)) != digest(architecture(FEATURES, CLASSES, seed=4))
    assert digest(architecture(FEATURES, CLASSES)) == digest(architecture(FEATURES, CLASSES, seed=0))


def test_first_values_are_the_same_everywhere() -> None:
    """The first numbers of PCG64 with seed 0, scaled: what any other machine has to give."""
    _, tensors = linear(4, 2, seed=0)
    drawn = [0.6369616873214543, 0.2697867137638703, 0.04097352393619469, 0.016527635528529094]
    assert tensors["head.weight"][0].tolist() == [float(np.float32((2 * value - 1) / 2)) for value in drawn]


@pytest.mark.parametrize(
    ("model", "bounds"),
    [
        (linear(FEATURES, CLASSES), {"head": FEATURES}),
        (mlp(FEATURES, CLASSES, hidden=(20, 50)), {"fc.0": FEATURES, "fc.1": 20, "head": 50}),
        (lstm(FEATURES, CLASSES, hidden=(30,)), {"rnn": 30, "head": 30}),
        (gru(FEATURES, CLASSES, hidden=(30,)), {"rnn": 30, "head": 30}),
        (tcn(FEATURES, CLASSES, channels=(16, 20), taps=4), {"conv.0": FEATURES * 4, "conv.1": 16 * 4, "head": 20}),
    ],
)
def test_first_values_are_uniform_within_the_stated_bound(model: Model, bounds: dict[str, int]) -> None:
    for prefix, fan_in in bounds.items():
        chosen = [tensor.ravel() for name, tensor in model[1].items() if name.startswith(prefix + ".")]
        values = np.concatenate(chosen) * math.sqrt(fan_in)
        assert len(chosen) in {2, 4}
        assert np.abs(values).max() <= 1.0 + 1e-6
        assert abs(values.mean()) < 4.0 / math.sqrt(3 * len(values))
        assert abs(values.std() - 1 / math.sqrt(3)) < 4.0 / math.sqrt(8 * len(values))


def test_sizes_make_the_shapes() -> None:
    _, tensors = lstm(FEATURES, CLASSES, hidden=(7, 5))
    assert {name: tensor.shape for name, tensor in tensors.items()} == {
        "norm.mean": (12,),
        "norm.inverse_scale": (12,),
        "rnn.weight_ih_l0": (28, 12),
        "rnn.weight_hh_l0": (28, 7),
        "rnn.bias_ih_l0": (28,),
        "rnn.bias_hh_l0": (28,),
        "rnn.weight_ih_l1": (20, 7),
        "rnn.weight_hh_l1": (20, 5),
        "rnn.bias_ih_l1": (20,),
        "rnn.bias_hh_l1": (20,),
        "head.weight": (3, 5),
        "head.bias": (3,),
    }
    assert gru(FEATURES, CLASSES, hidden=(7,))[1]["rnn.weight_ih_l0"].shape == (21, 12)
    assert tcn(FEATURES, CLASSES, channels=(6,), taps=5)[1]["conv.0.weight"].shape == (6, 12, 5)
    assert linear(4, 2)[1]["head.weight"].shape == (2, 4)


def test_linear_is_one_dense_layer() -> None:
    assert summary(linear(FEATURES, CLASSES)) == [("normalise", [0], 1), ("dense", [1], 2)]


def test_mlp_has_its_activation_but_for_the_head() -> None:
    ops, _ = mlp(FEATURES, CLASSES, hidden=(8, 8, 8), activation="gelu")
    assert [op["activation"] for op in ops[1:]] == ["gelu", "gelu", "gelu", "none"]


def test_tcn_adds_what_is_as_wide_and_doubles_its_dilation() -> None:
    model = tcn(FEATURES, CLASSES, channels=(8, 8, 6))
    assert summary(model) == [
        ("normalise", [0], 1),
        ("causal_conv", [1], 2),
        ("causal_conv", [2], 3),
        ("add", [3, 2], 4),
        ("causal_conv", [4], 5),
        ("dense", [5], 6),
    ]
    assert [op["dilation"] for op in model[0] if op["op"] == "causal_conv"] == [1, 2, 4]


def test_tcn_sees_as_far_as_it_says() -> None:
    ops, tensors = tcn(2, 2, channels=(9, 9, 9), taps=3, seed=2)
    far = (3 - 1) * (2**3 - 1)
    x = np.random.default_rng(1).normal(size=(1, 40, 2))

    def last(at: np.ndarray) -> np.ndarray:
        return np.asarray(forward(ops, tensors, at).registers[ops[-1]["out"]][0, -1])

    inside, outside = x.copy(), x.copy()
    inside[0, 39 - far] += 3.0
    outside[0, : 39 - far] += 3.0
    assert np.array_equal(last(x), last(outside))
    assert not np.array_equal(last(x), last(inside))


def test_names_are_those_of_a_pytorch_module() -> None:
    """A PyTorch module with these members has these keys, and computes the same logits."""

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, 6, num_layers=2, batch_first=True)
            self.head = torch.nn.Linear(6, CLASSES)

    ops, tensors = lstm(FEATURES, CLASSES, hidden=(6, 6), seed=9)
    module = Module()
    module.load_state_dict({name: torch.tensor(tensor) for name, tensor in tensors.items() if not name.startswith("norm.")}, strict=True)
    x = np.random.default_rng(1).normal(size=(2, 9, FEATURES)).astype(np.float32)
    with torch.no_grad():
        expected = module.head(module.rnn(torch.tensor(x))[0]).numpy()
    assert forward(ops, tensors, x).registers[ops[-1]["out"]] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(
    ("features", "classes", "seed", "text"),
    [
        (0, 3, 0, "features is 0; give an integer from 1 to 4096"),
        (4097, 3, 0, "features is 4097"),
        (2.0, 3, 0, "features is 2.0"),
        (12, 1, 0, "classes is 1; give an integer from 2"),
        (12, True, 0, "classes is True"),
        (12, 65, 0, "classes is 65"),
        (12, 3, -1, "seed is -1"),
        (12, 3, None, "seed is None"),
    ],
)
def test_wrong_numbers_are_refused(name: str, features: Any, classes: Any, seed: Any, text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        ARCHITECTURES[name](features, classes, seed=seed)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: mlp(4, 2, hidden=()), "hidden is \\(\\); give at least one size"),
        (lambda: mlp(4, 2, hidden=5), "hidden is 5"),  # type: ignore[arg-type]
        (lambda: mlp(4, 2, hidden="64"), "hidden is '64'"),  # type: ignore[arg-type]
        (lambda: mlp(4, 2, hidden=(8, 0)), "hidden\\[1\\] is 0"),
        (lambda: mlp(4, 2, hidden=(4097,)), "hidden\\[0\\] is 4097"),
        (lambda: mlp(4, 2, activation="swish"), "activation is 'swish'; choose one of none, relu"),
        (lambda: mlp(4, 2, hidden=(4,) * 63), "there are 65; at most 64"),
        (lambda: lstm(4, 2, hidden=(-1,)), "hidden\\[0\\] is -1"),
        (lambda: gru(4, 2, hidden=(1.5,)), "hidden\\[0\\] is 1.5"),  # type: ignore[arg-type]
        (lambda: tcn(4, 2, taps=0), "taps is 0; give an integer from 1 to 64"),
        (lambda: tcn(4, 2, channels=[]), "channels is \\[\\]"),
    ],
)
def test_wrong_sizes_are_refused(make: Callable[[], Model], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        make()


def test_each_tensor_is_named_once() -> None:
    for architecture in ARCHITECTURES.values():
        ops, tensors = architecture(FEATURES, CLASSES)
        named = [name for op in ops for name in tensor_names(op)]
        assert sorted(named) == sorted(tensors)
        assert all(set(op.get("tensors", {})) == set(KINDS[op["op"]].slots) for op in ops)


# ---- arrays of another library -------------------------------------------------------------------------------------------------


class Elsewhere:
    """An array that is not numpy's and, as CuPy's, neither becomes one unasked nor mixes with one."""

    __array_ufunc__ = None

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("an array elsewhere becomes one here by get() only")

    def get(self) -> Any:
        return self.values.copy()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.values, name)
        return (lambda *values, **more: there(found(*here(values), **here(more)))) if callable(found) else there(found)

    def __getitem__(self, index: Any) -> Any:
        return there(self.values[here(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.values[here(index)] = here(value)

    def __len__(self) -> int:
        return len(self.values)

    def __float__(self) -> float:
        return float(self.values)


def here(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(here(one) for one in value)
    if isinstance(value, dict):
        return {key: here(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        raise TypeError("a numpy array among arrays from elsewhere")
    return value.values if isinstance(value, Elsewhere) else value


def there(value: Any) -> Any:
    return Elsewhere(value) if isinstance(value, np.ndarray | np.generic) else value


def operator_of(name: str) -> Callable[..., Any]:
    return lambda self, *other: there(getattr(self.values, name)(*here(other)))


for operator in ("add", "sub", "mul", "truediv", "matmul", "pow"):
    for prefix in ("", "r", "i"):
        setattr(Elsewhere, f"__{prefix}{operator}__", operator_of(f"__{prefix}{operator}__"))
for operator in ("neg", "gt", "ge", "lt", "le"):
    setattr(Elsewhere, f"__{operator}__", operator_of(f"__{operator}__"))


class Library:
    """numpy's functions over arrays from elsewhere; `asarray` alone takes numpy's."""

    def asarray(self, values: Any, dtype: Any = None) -> Any:
        return values if isinstance(values, Elsewhere) else Elsewhere(np.array(values, dtype))

    def __getattr__(self, name: str) -> Any:
        return lambda *values, **more: there(getattr(np, name)(*here(values), **here(more)))


def test_arrays_elsewhere_do_not_mix() -> None:
    placed = Library().asarray(np.ones(3))
    for mix in (lambda: placed + np.ones(3), lambda: np.ones(3) * placed, lambda: np.exp(placed), lambda: np.asarray(placed)):
        with pytest.raises(TypeError):
            mix()
    assert (placed + 1.0).get().tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("name", NAMES)
def test_every_op_computes_elsewhere(name: str) -> None:
    ops, tensors = case(name)
    library: Any = Library()
    placed = {key: library.asarray(value) for key, value in tensors.items()}
    done, expected = forward(ops, placed, library.asarray(inputs()), library), forward(ops, tensors, inputs())
    out = ops[-1]["out"]
    assert np.array_equal(done.registers[out].get(), expected.registers[out])
    found, of_input = backward(ops, placed, done, {out: done.registers[out]}, library)
    wanted, of_input_wanted = backward(ops, tensors, expected, {out: expected.registers[out]})
    assert np.array_equal(of_input.get(), of_input_wanted)
    assert set(found) == set(wanted)
    assert all(np.array_equal(found[key].get(), wanted[key]) for key in wanted)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training_elsewhere_gives_the_same(name: str, tmp_path: Path) -> None:
    ops, tensors = ARCHITECTURES[name](4, 3, seed=1)
    random = np.random.default_rng(1)
    features = random.normal(size=(300, 4))
    part = Part(features, np.digitize(features[:, 0], [-0.5, 0.5]))
    options = Options(epochs=2, batch=32, **({"steps": 8, "warm_up": 2} if is_stateful(ops) else {}))
    library: Any = Library()
    train(ops, tensors, part, part, dataclasses.replace(options, epochs=1), checkpoint=tmp_path / "run", xp=library)
    done = train(ops, tensors, part, part, options, checkpoint=tmp_path / "run", xp=library)
    expected = train(ops, tensors, part, part, options)
    assert done.losses == expected.losses
    assert all(type(tensor) is np.ndarray for tensor in done.tensors.values())
    assert digest((ops, done.tensors)) == digest((ops, {key: expected.tensors[key] for key in done.tensors}))
    made = logits(ops, done.tensors, features, xp=library)
    assert type(made) is np.ndarray
    assert np.array_equal(made, logits(ops, expected.tensors, features))
