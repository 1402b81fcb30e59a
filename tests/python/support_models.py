"""Small models for tests: random weights of a seed, in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neural_trader.models.architectures import lstm, mlp
from neural_trader.models.file import (
    Calibration,
    Clock,
    Deviation,
    InputFeatures,
    InstrumentScope,
    ModelFile,
    Output,
    State,
    Target,
    encode_model,
)

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


def every_op(seed: int = 0) -> ModelFile:
    """A model with one of each op."""
    random = np.random.default_rng(seed)
    shapes = {
        "norm.mean": (2,),
        "norm.scale": (2,),
        "fc.weight": (4, 2),
        "fc.bias": (4,),
        "rnn.weight_ih_l0": (12, 4),
        "rnn.weight_hh_l0": (12, 3),
        "rnn.bias_ih_l0": (12,),
        "rnn.bias_hh_l0": (12,),
        "gru.weight_ih": (9, 3),
        "gru.weight_hh": (9, 3),
        "gru.bias_ih": (9,),
        "gru.bias_hh": (9,),
        "conv.weight": (2, 3, 2),
        "conv.bias": (2,),
        "ln.weight": (2,),
        "ln.bias": (2,),
        "head.weight": (3, 5),
        "head.bias": (3,),
    }
    lstm = {slot: f"rnn.{slot}_l0" for slot in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    gru = {slot: f"gru.{slot}" for slot in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    return ModelFile(
        name="all-ops",
        version="1.2.0",
        clock=Clock(on="trade", every=5),
        features=InputFeatures(names=("run", "spread"), required=("trade", "quote")),
        instruments=InstrumentScope(scope="listed", symbols=("ES", "NQ")),
        state=State(kind="stream", steps=32, warm_up=64, reset_on=("session", "gap"), gap_ns=60_000_000_000),
        ops=[
            {"op": "normalise", "in": [0], "out": 1, "tensors": {"mean": "norm.mean", "inverse_scale": "norm.scale"}, "clip": 5.5},
            {"op": "dense", "in": [1], "out": 2, "tensors": {"weight": "fc.weight", "bias": "fc.bias"}, "activation": "gelu"},
            {"op": "lstm", "in": [2], "out": 3, "tensors": lstm},
            {"op": "gru", "in": [3], "out": 4, "tensors": gru},
            {"op": "add", "in": [3, 4], "out": 5},
            {"op": "multiply", "in": [3, 4], "out": 6},
            {
                "op": "causal_conv",
                "in": [5],
                "out": 7,
                "tensors": {"weight": "conv.weight", "bias": "conv.bias"},
                "activation": "relu",
                "dilation": 3,
            },
            {"op": "layer_norm", "in": [7], "out": 8, "tensors": {"weight": "ln.weight", "bias": "ln.bias"}},
            {"op": "concat", "in": [8, 6], "out": 9},
            {"op": "dense", "in": [9], "out": 10, "tensors": {"weight": "head.weight", "bias": "head.bias"}, "activation": "none"},
        ],
        output=Output(
            kind="classes",
            register=10,
            labels=("down", "flat", "up"),
            target=Target(kind="mid_move", horizon=50, unit="ticks", dead_band_ticks=0.5),
        ),
        calibration=Calibration(kind="vector", inverse_temperature=0.75, bias=(0.5, -1.0, 0.2), ece=0.02, log_loss=0.45, rows=16720),
        deviations={"int8": Deviation(max_dp=0.01, p99_dp=0.004, log_loss_change=-0.0004, rows=99)},
        trained={"data_sha256": "00", "seed": 7, "parts_ns": [[0, 1], [2, 3]], "note": "Zürich \U0001f600\n", "metrics": {"x": 1e-300}},
        tensors={name: random.standard_normal(shape, np.float32) for name, shape in shapes.items()},
    )
