"""What models say: records of the kernel, and what clients send in their place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import InvalidArgument
from neural_trader.records import Tradable, check

__all__ = ["Device", "Precision", "Signal", "find_models", "take_signals", "write_signal"]

Precision = Literal["fp32", "bf16", "int8"]
Device = Literal["cpu", "gpu"]

PRECISIONS: Final[dict[str, int]] = {
    "fp32": abi.NT_PRECISION_FLOAT32,
    "bf16": abi.NT_PRECISION_BFLOAT16,
    "int8": abi.NT_PRECISION_INT8,
}
_SUM_SLACK: Final = 1e-3  # of probabilities in float32
_FLAGS: Final[dict[Precision, int]] = {"fp32": 0, "bf16": abi.NT_SIGNAL_BFLOAT16, "int8": abi.NT_SIGNAL_INT8}


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What a model found.

    `values` are the probabilities of the model's classes in their order, or mean and deviation; `confidence` is the largest probability,
    or how likely the sign of the mean is right. Not `ready`: the model is warming up after its state was reset, the values are NaN, and its
    last signal does not hold any more. `ts_event` is the time of the tick that it is about, in ns.
    """

    model: str
    symbol: str
    ts_event: int
    values: tuple[float, ...]
    confidence: float
    ready: bool
    calibrated: bool
    precision: Precision
    device: Device


def find_models(handle: int) -> tuple[str, ...]:
    """Names of a kernel's models, by id."""
    name = ffi.new("char[]", abi.NT_NAME_BYTES)
    found: list[str] = []
    while (result := lib.nt_read_model_name(handle, len(found), name, abi.NT_NAME_BYTES)) != abi.NT_ERR_NOT_FOUND:
        check(result, handle)
        found.append(ffi.string(name).decode())
    return tuple(found)


def signal_of(row: Any, models: Sequence[str], tradables: Sequence[Tradable]) -> Signal:
    """A record, of a structure of the library or of an array, as a Signal."""
    get = row.__getitem__ if isinstance(row, np.void) else row.__getattribute__
    flags, count = int(get("signal_flags")), int(get("value_count"))
    values = get("values")
    return Signal(
        model=models[int(get("model"))],
        symbol=tradables[int(get("instrument"))].symbol,
        ts_event=int(get("ts_event")),
        values=tuple(float(values[i]) for i in range(count)),
        confidence=float(get("confidence")),
        ready=not flags & abi.NT_SIGNAL_NOT_READY,
        calibrated=bool(flags & abi.NT_SIGNAL_CALIBRATED),
        precision="int8" if flags & abi.NT_SIGNAL_INT8 else "bf16" if flags & abi.NT_SIGNAL_BFLOAT16 else "fp32",
        device="gpu" if flags & abi.NT_SIGNAL_DEVICE else "cpu",
    )


def take_signals(ticks: NDArray[Any]) -> NDArray[Any] | None:
    """Take the signals out of the ticks of a poll, which close up in place. None where there are none."""
    chosen = ticks["kind"] == abi.NT_TICK_SIGNAL
    if not chosen.any():
        return None
    signals: NDArray[Any] = ticks[chosen]
    rest = ticks[~chosen]
    ticks[: len(rest)] = rest
    return signals


def write_signal(
    row: Any, values: Sequence[float], confidence: float | None, *, ready: bool, calibrated: bool, precision: Precision, device: Device
) -> None:
    """Fill an nt_tick's values. InvalidArgument for what is no signal."""
    if not ready:
        values, confidence = [math.nan] * max(len(values), 1), math.nan
    try:
        values = [float(value) for value in values]
        confidence = confidence if confidence is None else float(confidence)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"values {values!r} and confidence {confidence!r} have to be numbers") from error
    if confidence is None and not (all(value >= 0 for value in values) and abs(sum(values) - 1) <= _SUM_SLACK):
        raise InvalidArgument(
            f"values {values!r} are no probabilities, which are at least 0 and sum to 1; say how sure the model is: confidence="
        )
    if not 1 <= len(values) <= abi.NT_SIGNAL_VALUES:
        raise InvalidArgument(f"a signal has 1 to {abi.NT_SIGNAL_VALUES} values, not {len(values)}")
    if precision not in _FLAGS:
        raise InvalidArgument(f"precision {precision!r} is none of {', '.join(_FLAGS)}")
    if device not in ("cpu", "gpu"):
        raise InvalidArgument(f"device {device!r} is neither 'cpu' nor 'gpu'")
    row.value_count = len(values)
    for index in range(abi.NT_SIGNAL_VALUES):
        row.values[index] = values[index] if index < len(values) else 0.0
    row.confidence = max(values) if confidence is None else confidence
    flags = 0 if ready else abi.NT_SIGNAL_NOT_READY
    row.signal_flags = (
        flags | (abi.NT_SIGNAL_CALIBRATED if calibrated else 0) | _FLAGS[precision] | (abi.NT_SIGNAL_DEVICE if device == "gpu" else 0)
    )
