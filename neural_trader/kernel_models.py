"""Models of a kernel: out of their files into the kernel, and what a result and a check say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config, ModelConfig
from neural_trader.errors import ConfigProblem, InvalidArgument, NeuralTraderError, error_for
from neural_trader.instruments import Instrument
from neural_trader.records import call, check
from neural_trader.signals import PRECISIONS

__all__ = ["add_model", "try_models"]

_FILE_BYTES_MAX: Final = 256 << 20  # the core refuses more; what is larger is not read


def add_model(kernel: int, name: str, model: ModelConfig) -> dict[str, Any]:
    """Give a kernel a model: out of its file, or one whose signals come from clients. Returns path, precision and the SHA-256 of the file,
    None for one without. InvalidArgument says what is wrong with the file."""
    if model.path is None:
        check(lib.nt_kernel_add_model(kernel, name.encode(), ffi.NULL, 0, 0, 0), kernel)
        return {"path": None, "precision": None, "sha256": None}
    try:
        with open(model.path, "rb") as stream:
            data = stream.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        raise InvalidArgument(f"{model.path}: cannot be read: {error.strerror}") from error
    result = lib.nt_kernel_add_model(kernel, name.encode(), ffi.from_buffer(data), len(data), PRECISIONS[model.precision], abi.NT_ISA_AUTO)
    try:
        check(result, kernel)
    except NeuralTraderError as error:
        raise error_for(error.code, f"{model.path}: {error}") from None
    return {"path": model.path, "precision": model.precision, "sha256": hashlib.sha256(data).hexdigest()}


def try_models(config: Config, instruments: Mapping[str, Instrument]) -> tuple[dict[str, dict[str, Any]], list[ConfigProblem]]:
    """What `add_model` gives for each model in a kernel of these instruments, and why it would not take the others."""
    handle = ffi.new("uint32_t *")
    rows = {"clock": abi.NT_CLOCK_TAPE, "channels": 1, "instruments": max(len(instruments), 1), "models": len(config.models)}
    call(lib.nt_kernel_create, ffi.new("nt_kernel_config *", rows), handle)
    found: dict[str, dict[str, Any]] = {}
    problems = []
    try:
        for instrument in instruments.values():
            check(lib.nt_kernel_add_instrument(handle[0], ffi.new("nt_instrument *", instrument.row())), handle[0])
        for name, model in config.models.items():
            try:
                found[name] = add_model(handle[0], name, model)
            except NeuralTraderError as error:
                problems.append(ConfigProblem(f"models.{name}", str(error)))
    finally:
        lib.nt_close(handle[0])
    return found, problems
