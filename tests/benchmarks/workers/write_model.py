"""Write the models of the benchmarks as files: `write_model.py mlp|million FILE`.

`mlp` is an MLP 64-128-64-3 on 32 of the core's features: they are concatenated with themselves to the 64 inputs of its first layer, for
the core has 40 features. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from neural_trader._native import abi, ffi, lib
from neural_trader.models.architectures import mlp
from neural_trader.models.file import Clock, InputFeatures, ModelFile, Output, Target, write_model

MLP_FEATURES = 32
MLP_WIDTHS = (64, 128, 64, 3)
MILLION_HIDDEN = (980, 980)  # with 40 features and 3 classes: 1,004,583 numbers


def feature_names(count: int) -> tuple[str, ...]:
    """The first features of the core."""
    names = []
    for feature in range(count):
        name = ffi.new(f"char[{abi.NT_NAME_BYTES}]")
        if lib.nt_feature_name(feature, name, abi.NT_NAME_BYTES) < 0:
            raise ValueError(f"there is no feature {feature}")
        names.append(ffi.string(name).decode())
    return tuple(names)


def _file(name: str, features: int, made: tuple[list[dict[str, object]], dict[str, np.ndarray]]) -> ModelFile:
    ops, tensors = made
    return ModelFile(
        name=name,
        version="1",
        clock=Clock(on="tick"),
        features=InputFeatures(names=feature_names(features)),
        ops=ops,
        output=Output(
            kind="classes", register=len(ops), labels=("down", "flat", "up"), target=Target(kind="mid_move", horizon=50, unit="ticks")
        ),
        tensors=tensors,
    )


def mlp_model() -> ModelFile:
    """The MLP with its doubled input: op 1 normalises, op 2 doubles, three dense ops follow."""
    ops, tensors = mlp(MLP_WIDTHS[0], MLP_WIDTHS[-1], hidden=MLP_WIDTHS[1:-1], seed=1)
    doubled = [ops[0], {"op": "concat", "in": [1, 1], "out": 2}]
    doubled += [{**op, "in": [register + 1 for register in op["in"]], "out": op["out"] + 1} for op in ops[1:]]
    tensors = {name: tensor[:MLP_FEATURES] if name.startswith("norm.") else tensor for name, tensor in tensors.items()}
    return _file("benchmark-mlp", MLP_FEATURES, (doubled, tensors))


def million_model() -> ModelFile:
    """A million weights, most of them in one matrix."""
    return _file("benchmark-million", 40, mlp(40, 3, hidden=MILLION_HIDDEN, seed=1))


def main(kind: str, path: Path) -> None:
    """Write the file, and print where it is and how many numbers it holds."""
    model = mlp_model() if kind == "mlp" else million_model()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_model(model, path)
    print(json.dumps({"path": str(path), "weights": sum(tensor.size for tensor in model.tensors.values())}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
