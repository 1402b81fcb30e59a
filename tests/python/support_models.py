"""Small models for tests: random weights of a seed, in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neural_trader.models.architectures import lstm, mlp
from neural_trader.models.file import Calibration, Clock, InputFeatures, ModelFile, Output, State, Target, encode_model

NAMES = ("return_4", "trade_flow_16", "sign_8", "run")


def model_of(
    kind: str = "mlp", *, clock: str = "time_change", every: int = 1, warm_up: int = 0, seed: int = 6, **changes: Any
) -> ModelFile:
    """A model of four features and three classes: an mlp, or an lstm whose stream begins anew after a minute or at a session."""
    ops, tensors = lstm(len(NAMES), 3, hidden=(8,), seed=seed) if kind == "lstm" else mlp(len(NAMES), 3, hidden=(8,), seed=seed)
    head = 4 * tensors["head.weight"]  # so that its mind changes
    stream = State(kind="stream", steps=16, warm_up=warm_up, reset_on=("session", "gap"), gap_ns=60_000_000_000)
    values: dict[str, Any] = {
        "name": kind,
        "version": "1",
        "clock": Clock(on=clock, every=every),  # type: ignore[arg-type]
        "features": InputFeatures(names=NAMES, required=("trade",)),
        "state": stream if kind == "lstm" else State(warm_up=warm_up),
        "ops": ops,
        "output": Output(
            kind="classes",
            register=len(ops),
            labels=("down", "flat", "up"),
            target=Target(kind="mid_move", horizon=5, unit="ticks", dead_band_ticks=0.5),
        ),
        "calibration": Calibration(kind="vector", inverse_temperature=1.25, bias=(0.0, 0.0, 0.0), ece=0.01, log_loss=1.0, rows=100),
        "tensors": {**tensors, "head.weight": head.astype(np.float32)},
    }
    return ModelFile(**{**values, **changes})


def write_model_file(path: Path, **arguments: Any) -> str:
    """The file of `model_of`; its path."""
    path.write_bytes(encode_model(model_of(**arguments)))
    return str(path)
