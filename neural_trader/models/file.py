"""Model files: safetensors with one metadata key of ours, which holds what a model is besides its tensors.

`write_model` and `read_model` refuse what the core refuses when it loads the file, so a model that was written can be loaded. The same
model gives the same bytes: tensors in the order of their names, keys in a fixed order, no spaces beyond the padding of the header to 8
bytes. Tensor shapes and the order of gates are PyTorch's, so a state_dict fits as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from neural_trader.errors import InvalidArgument, SystemFailure
from neural_trader.models._bounds import FILE_BYTES_MAX, FORMAT
from neural_trader.models._check import KEY, check
from neural_trader.models._safetensors import METADATA, dump, pack, unpack
from neural_trader.models._values import load, refuse, shown
from neural_trader.models._whole_file import write_whole
from neural_trader.models.description import (
    Calibration,
    Clock,
    Deviation,
    InputFeatures,
    InstrumentScope,
    ModelFile,
    Output,
    State,
    Target,
)
from neural_trader.models.ops import OP_KEYS

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


def decode_model(data: bytes) -> ModelFile:
    """The model in the bytes of a file. InvalidArgument names the key, tensor or op that is wrong, and what was expected."""
    metadata, tensors = unpack(data)
    if KEY not in metadata:
        refuse(f"header.{METADATA}", f'has no key "{KEY}": this is no model file of ours, or it was saved without it')
    model = check(load(metadata[KEY], KEY), tensors)
    precision = {name: value for name, value in model.pop("precision").items() if name != "float32"}
    del model["format"]
    plain = {name: model.pop(name) for name in ("ops", "trained")}
    kinds = {field.name: field.type for field in msgspec.structs.fields(ModelFile)}
    parts = {name: msgspec.convert(value, kinds[name]) for name, value in model.items()}
    return ModelFile(**parts, **plain, deviations=msgspec.convert(precision, dict[str, Deviation]), tensors=tensors)


def _scalar(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise InvalidArgument(f"{shown(value)} ({type(value).__name__}) cannot be written to a model file")


def encode_model(model: ModelFile) -> bytes:
    """The bytes of a model's file, the same for the same model. InvalidArgument when the core would refuse it."""
    parts: dict[str, Any] = {"format": FORMAT}
    for field in ("name", "version", "clock", "features", "instruments", "state", "ops", "output", "calibration"):
        parts[field] = getattr(model, field)
    parts["ops"] = [_ordered(op) for op in model.ops]
    parts["precision"] = {"float32": {}, **{name: model.deviations[name] for name in sorted(model.deviations)}}
    parts["trained"] = model.trained
    try:
        plain = msgspec.to_builtins(parts, enc_hook=_scalar)
    except InvalidArgument:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidArgument(f"the model cannot be written as JSON: {error}") from error
    data = pack({KEY: dump(plain)}, model.tensors)
    decode_model(data)
    return data


def _ordered(op: Any) -> Any:
    if not isinstance(op, Mapping):
        return op
    known = {key: op[key] for key in OP_KEYS if key in op}
    if isinstance(op.get("tensors"), Mapping):
        known["tensors"] = dict(sorted(op["tensors"].items()))
    return {**known, **{key: op[key] for key in op if key not in known}}


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
    write_whole(Path(file), encode_model(model))
