"""Precisions: how far bfloat16 or int8 is from float32 on data, and the gate that a model has to pass to run in it.

What is measured is the difference of probabilities on the rows that the model was calibrated on, of the core itself: the largest, the
99th percentile over all rows and classes, and the change of log loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument, PrecisionRefused
from neural_trader.models.file import Deviation, ModelFile

__all__ = [
    "LOG_LOSS_CHANGE_MAX",
    "MAX_DP_MAX",
    "P99_DP_MAX",
    "PRECISIONS",
    "deviation_between",
    "failures",
    "refuse_unmeasured",
]

P99_DP_MAX: Final = abi.NT_PRECISION_P99_PPM / 1e6
MAX_DP_MAX: Final = abi.NT_PRECISION_MAX_PPM / 1e6
LOG_LOSS_CHANGE_MAX: Final = abi.NT_PRECISION_LOG_LOSS_PPM / 1e6  # nats

# By their short names: the name in the file, and the core's number.
PRECISIONS: Final[dict[str, tuple[str, int]]] = {
    "fp32": ("float32", abi.NT_PRECISION_FLOAT32),
    "bf16": ("bfloat16", abi.NT_PRECISION_BFLOAT16),
    "int8": ("int8", abi.NT_PRECISION_INT8),
}


def deviation_between(exact: NDArray[Any], other: NDArray[Any], labels: NDArray[Any]) -> Deviation:
    """How far probabilities `other` are from `exact`, both (rows, classes), where `labels` (rows,) came: 0 to classes - 1.

    InvalidArgument where shapes do not fit, there is no row, a number is not finite, or what came had probability 0.
    """
    first, second = np.asarray(exact, np.float64), np.asarray(other, np.float64)
    truth = np.asarray(labels)
    if first.ndim != 2 or first.shape != second.shape or truth.shape != first.shape[:1] or not len(truth):
        raise InvalidArgument(
            f"probabilities {first.shape} and {second.shape} and labels {truth.shape} do not fit; give (rows, classes) twice"
        )
    if truth.dtype.kind not in "iu" or truth.min() < 0 or truth.max() >= first.shape[1]:
        raise InvalidArgument(f"labels have to be whole numbers from 0 to {first.shape[1] - 1}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise InvalidArgument("a probability is not finite")
    rows = np.arange(len(truth))
    came = [values[rows, truth] for values in (first, second)]
    for values in came:
        if (values <= 0.0).any():
            raise InvalidArgument(f"what came in row {int(np.argmin(values))} had probability 0: its log loss is infinite")
    apart = np.abs(second - first)
    return Deviation(
        max_dp=float(apart.max()),
        p99_dp=float(np.percentile(apart, 99)),
        log_loss_change=float(np.log(came[0]).mean() - np.log(came[1]).mean()),
        rows=len(truth),
    )


def failures(measured: Deviation) -> list[str]:
    """What of the gate a deviation does not pass, in words with numbers; empty where it passes."""
    rows: Sequence[tuple[str, float, float, Callable[[float], str]]] = (
        ("p99 |dp|", measured.p99_dp, P99_DP_MAX, "{:.5f}".format),
        ("largest |dp|", measured.max_dp, MAX_DP_MAX, "{:.5f}".format),
        ("log loss change", 1000 * measured.log_loss_change, 1000 * LOG_LOSS_CHANGE_MAX, "{:.3f} millinats".format),
    )
    return [f"{name} is {shown(value)}, at most {shown(limit)} is allowed" for name, value, limit, shown in rows if not value <= limit]


def with_deviation(file: ModelFile, precision: str, measured: Deviation) -> ModelFile:
    """The file with the deviation of a precision, which replaces an older one."""
    return msgspec.structs.replace(file, deviations={**file.deviations, PRECISIONS[precision][0]: measured})


def refuse_unmeasured(file: ModelFile, precision: str) -> None:
    """PrecisionRefused unless the file may run in the precision: it is fp32, or measured and within the gate."""
    if precision == "fp32":
        return
    measured = file.deviations.get(PRECISIONS[precision][0])
    if measured is None:
        raise PrecisionRefused(
            f"it was not measured how far {precision} is from fp32 for model {file.name} {file.version}: "
            f"`neural-trader model quantize MODEL --precision {precision} --source SOURCE` measures it"
        )
    found = failures(measured)
    if found:
        raise PrecisionRefused(
            f"{precision} is too far from fp32 for model {file.name} {file.version} on {measured.rows:,} rows: {'; '.join(found)}; use fp32"
        )
