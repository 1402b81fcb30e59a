"""Where a model runs: why no GPU can be used, a model's program on one, and from how many rows on that is faster."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from time import perf_counter_ns
from typing import Any, Final

import numpy as np

from neural_trader.models.file import ModelFile

__all__ = ["crossover_rows", "gpu_program", "no_gpu_reason"]

_ROWS: Final = (1, 16, 256, 4096)
_RUNS: Final = 3
_GPU: Final = "neural_trader.models.gpu"  # loaded when a GPU is asked for: it needs packages that others do not


def no_gpu_reason() -> str | None:
    """Why no GPU can be used; None where one can."""
    try:
        reason: str | None = import_module(_GPU).usable()
    except ImportError as error:
        return str(error)
    return reason


def gpu_program(file: ModelFile, precision: str) -> Any:
    """The model on the GPU in a precision by its name in the file: `predict` takes float32 (count, steps, features) and gives
    (count, outputs); `dispose` frees it."""
    return import_module(_GPU).GpuModel(file, precision=precision)


def crossover_rows(file: ModelFile, on_cpu: Callable[[Any], object], on_gpu: Callable[[Any], object]) -> int | None:
    """The least of 1, 16, 256 and 4096 rows that the GPU is faster with, by the best of three runs of each; None for none of them.

    Both take float32 (count, steps, features) and give the same numbers, so that the choice changes nothing but the time.
    """
    steps = file.state.steps or 1
    for count in _ROWS:
        table = np.zeros((count, steps, len(file.features.names)), np.float32)
        if _best_ns(on_gpu, table) < _best_ns(on_cpu, table):
            return count
    return None


def _best_ns(run: Callable[[Any], object], table: Any) -> int:
    run(table)
    times = []
    for _ in range(_RUNS):
        begin = perf_counter_ns()
        run(table)
        times.append(perf_counter_ns() - begin)
    return min(times)
