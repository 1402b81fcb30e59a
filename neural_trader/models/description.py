"""What a model is besides its tensors: the parts of its file, as `file` writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "Clock", "Deviation", "InputFeatures", "InstrumentScope", "ModelFile", "Output", "State", "Target"]


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """When the model looks: after each `every`-th tick, quote, trade, or tick with a new time."""

    on: Literal["tick", "quote", "trade", "time_change"]
    every: int = 1


class InputFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs by the names of the core's features, in order, and what the feed has to carry for them."""

    version: int = 1
    names: tuple[str, ...]
    required: tuple[Literal["quote", "size", "trade"], ...] = ()


class InstrumentScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which instruments the model is for: any, or the symbols listed."""

    scope: Literal["any", "listed"] = "any"
    symbols: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the model remembers of an instrument: nothing, or a stream, trained on windows of `steps` predictions.

    The first `warm_up` predictions after a reset do not count. A stream is reset at a new session, or after a gap of more than `gap_ns`
    (event time, 0 unless `reset_on` has "gap").
    """

    kind: Literal["none", "stream"] = "none"
    steps: int = 0
    warm_up: int = 0
    reset_on: tuple[Literal["session", "gap"], ...] = ()
    gap_ns: int = 0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What was predicted: the move after `horizon` events (quotes, book updates and trades; the unit "ticks"), or ns; moves within
    `dead_band_ticks` price steps are flat, for "triple_barrier" those that do not reach them."""

    kind: Literal["mid_move", "next_move", "triple_barrier", "return"]
    horizon: int
    unit: Literal["ticks", "ns"]
    dead_band_ticks: float = 0.0

    def horizon_text(self) -> str:
        """The horizon for people."""
        return f"{self.horizon:,} {'ns' if self.unit == 'ns' else 'events' if self.horizon > 1 else 'event'}"


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """The register with the result: one number a label, or the 2 of a normal (mean, log deviation), or the 3 of a Student t."""

    kind: Literal["classes", "normal", "student_t"]
    register: int
    labels: tuple[str, ...]
    target: Target


class Calibration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How logits become probabilities: softmax(logits * inverse_temperature + bias), as fitted on `rows` rows, and how good it was there.

    All of it is None for kind "none". `ece` is the expected calibration error, `log_loss` in nats.
    """

    kind: Literal["none", "vector"]
    inverse_temperature: float | None = None
    bias: tuple[float, ...] | None = None
    ece: float | None = None
    log_loss: float | None = None
    rows: int | None = None


class Deviation(msgspec.Struct, frozen=True, kw_only=True):
    """How far a precision's probabilities were from float32's on `rows` rows: largest, 99th percentile, change of log loss in nats."""

    max_dp: float
    p99_dp: float
    log_loss_change: float
    rows: int


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its file holds it.

    - ops: in the order in which they run, each a mapping: `op`, `in` (registers), `out` (a register), `tensors` (names by slot, for ops
      that have any), and what its kind asks for: `clip` (normalise), `activation` (dense, causal_conv), `dilation` (causal_conv).
      Register 0 is the input, as wide as there are features. Op 0 is normalise.
    - deviations: by precision ("bfloat16", "int8"), for those that were measured.
    - trained: where the model comes from; anything that JSON can hold.
    - tensors: float32 arrays by name; each belongs to exactly one op.
    """

    name: str
    version: str
    clock: Clock
    features: InputFeatures
    instruments: InstrumentScope = InstrumentScope()
    state: State = State()
    ops: Sequence[Mapping[str, Any]]
    output: Output
    calibration: Calibration = Calibration(kind="none")
    deviations: Mapping[str, Deviation] = {}
    trained: Mapping[str, Any] = {}
    tensors: Mapping[str, NDArray[np.float32]]
