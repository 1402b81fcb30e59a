"""Values that a strategy writes down as it goes, by name, to be seen beside its fills."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import Full, InvalidArgument
from neural_trader.records import Features

if TYPE_CHECKING:
    from neural_trader.strategy import Strategy

__all__ = ["RECORDED", "Recordings", "begin_recording", "recordings_of"]

RECORDED: Final = np.dtype([("ts", "<i8"), ("value", "<f8")])

_VALUES: Final = 10_000_000  # of one strategy, all names together: 160 MB
_NAME_LENGTH: Final = 64
_PLACE: Final = "_recordings"  # in the strategy's __dict__: an annotation would be a parameter


class Recordings:
    """Named series of (kernel time in ns, value) of one strategy in one run."""

    def __init__(self) -> None:
        self._series: dict[str, tuple[array[int], array[float]]] = {}
        self._count = 0

    def declare(self, name: str) -> None:
        """Begin a series. InvalidArgument for a name that is no identifier, is too long, or is a streaming feature's."""
        if not isinstance(name, str) or not name.isidentifier() or len(name) > _NAME_LENGTH:
            raise InvalidArgument(f"{name!r} cannot name a recorded value; use a Python identifier of at most {_NAME_LENGTH} characters")
        if name in Features._index:
            raise InvalidArgument(f"{name!r} is the name of a streaming feature; give the recorded value another")
        self._series[name] = (array("q"), array("d"))

    def add(self, name: str, ts: int, value: float) -> None:
        """Append one value. InvalidArgument for NaN, infinity and what is no number; Full beyond 10,000,000 values."""
        if name not in self._series:
            self.declare(name)
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise InvalidArgument(f"the value of {name} is {value!r}; only finite numbers are recorded: leave out what there is not")
        self._room(1)
        stamps, values = self._series[name]
        stamps.append(ts)
        values.append(number)

    def add_rows(self, names: tuple[str, ...], stamps: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Append rows: `stamps` of shape (rows,) and `values` of shape (rows, names), NaN where there is none. Errors as in `add`."""
        for column, name in enumerate(names):
            given = ~np.isnan(values[:, column])
            chosen = values[given, column]
            if not np.isfinite(chosen).all():
                raise InvalidArgument(f"the value of {name} is infinite; only finite numbers are recorded")
            self._room(len(chosen))
            self._series[name][0].frombytes(stamps[given].tobytes())
            self._series[name][1].frombytes(chosen.tobytes())

    def _room(self, count: int) -> None:
        if self._count + count > _VALUES:
            raise Full(f"a strategy records at most {_VALUES:,} values; record less often", observed=self._count + count, limit=_VALUES)
        self._count += count

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Every series as an array with the fields ts and value, in order of time."""
        found = {}
        for name, (stamps, values) in self._series.items():
            found[name] = np.empty(len(stamps), RECORDED)
            found[name]["ts"] = stamps
            found[name]["value"] = values
        return found


def recordings_of(strategy: Strategy) -> Recordings:
    """Where a strategy's values go."""
    recordings: Recordings = strategy.__dict__.setdefault(_PLACE, Recordings())
    return recordings


def begin_recording(strategy: Strategy) -> None:
    """A new run: what an earlier one recorded is forgotten."""
    strategy.__dict__[_PLACE] = Recordings()
