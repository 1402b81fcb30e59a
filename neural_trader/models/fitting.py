"""From rows and labels to a model: parts by time, training, calibration, warm-up, and the file.

The first part of the rows is trained on. The second, later one ends the training and calibrates. The third has no part in the model and
tests it. Rows whose label reaches into the next part are dropped between them (see `splits`).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument
from neural_trader.models._bounds import WIDTH_MAX
from neural_trader.models._scores import Floats, sure_beyond
from neural_trader.models._values import whole_number
from neural_trader.models.architectures import ARCHITECTURES
from neural_trader.models.calibrate import Calibration, calibrate, expected_calibration_error
from neural_trader.models.dataset import feature_names
from neural_trader.models.file import Clock, InputFeatures, InstrumentScope, ModelFile, Output, State, Target
from neural_trader.models.labels import INCOMPLETE, UP, Labels, label_names
from neural_trader.models.ops import forward, is_stateful
from neural_trader.models.splits import PARTS, Split, split
from neural_trader.models.train import Options, Part, Training, check_starts, logits, train
from neural_trader.version import get_version

__all__ = ["Fitted", "Recipe", "fit", "made_of", "train_file"]

STEPS: Final = 64  # of a training window
WINDOW_WARM_UP: Final = 16  # of them without loss
GAP_NS: Final = 60_000_000_000  # after which a state begins anew
_SIZES: Final = {"mlp": "hidden", "lstm": "hidden", "gru": "hidden", "tcn": "channels"}
_WARM_UP_DP: Final = 0.01  # until cold and warm probabilities are as near as this
_WARM_UP_STARTS: Final = 64
_WARM_UP_STEPS: Final = 512
_PURGE: Final = "rows whose label reaches into the next part are in none"

Progress = Callable[[int, int, float], object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to train and how; `sizes` are the widths of the layers (none: the architecture's own), the others as in `train.Options`."""

    architecture: str = "mlp"
    epochs: int = 50
    learning_rate: float = 1e-3
    seed: int = 0
    sizes: tuple[int, ...] = ()
    patience: int = 5
    batch: int = 256

    def model(self, features: int, classes: int) -> tuple[list[dict[str, Any]], dict[str, NDArray[np.float32]]]:
        """Ops and first tensors. InvalidArgument for an unknown architecture, or sizes that it has not."""
        if self.architecture not in ARCHITECTURES:
            raise InvalidArgument(f"architecture is {self.architecture!r}; choose {', '.join(ARCHITECTURES)}")
        named: dict[str, Any] = {}
        if self.sizes:
            if self.architecture not in _SIZES:
                raise InvalidArgument(f"{self.architecture} has no layers to size; leave sizes out")
            named[_SIZES[self.architecture]] = [whole_number(size, f"sizes[{k}]", 1, WIDTH_MAX) for k, size in enumerate(self.sizes)]
        make: Callable[..., Any] = ARCHITECTURES[self.architecture]
        ops, tensors = make(features, classes, seed=self.seed, **named)
        return ops, tensors

    def options(self, stateful: bool) -> Options:
        """For `train`."""
        return Options(
            epochs=self.epochs,
            patience=self.patience,
            batch=self.batch if not stateful else max(self.batch // 8, 1),
            learning_rate=self.learning_rate,
            seed=self.seed,
            steps=STEPS if stateful else 0,
            warm_up=WINDOW_WARM_UP if stateful else 0,
        )


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained and calibrated model that has no name yet.

    `warm_up` is after how many rows a state of zeros gives probabilities within 0.01 of those of a longer history; `warm_up_reached` says
    whether that came about within the rows that were looked at.
    """

    recipe: Recipe
    ops: list[dict[str, Any]]
    tensors: dict[str, NDArray[np.float32]]
    training: Training
    calibration: Calibration
    steps: int
    warm_up: int
    warm_up_reached: bool

    def metrics(self) -> dict[str, Any]:
        """Figures of training and calibration, for a report; losses in nats a row."""
        training, fitted = self.training, self.calibration
        return {
            "architecture": self.recipe.architecture,
            "seed": self.recipe.seed,
            "weights": int(sum(tensor.size for tensor in self.tensors.values())),
            "epochs": len(training.losses),
            "best_epoch": training.best_epoch,
            "stopped_early": training.stopped_early,
            "losses": [float(loss) for loss in training.losses],
            "validation_losses": [float(loss) for loss in training.validation_losses],
            "rows": {"train": training.rows, "calibrate": fitted.rows},
            "calibration": {
                "inverse_temperature": fitted.inverse_temperature,
                "log_loss_before": fitted.log_loss_before,
                "log_loss": fitted.log_loss_after,
                "ece_before": fitted.ece_before,
                "ece": fitted.ece_after,
            },
            "warm_up": self.warm_up,
            "warm_up_reached": self.warm_up_reached,
        }


def fit(
    table: NDArray[Any],
    classes_of_rows: NDArray[Any],
    parts: Split,
    recipe: Recipe,
    *,
    classes: int,
    starts: Sequence[int] | NDArray[np.int64] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Train on parts.train and calibrate on parts.calibrate.

    `table` is (rows, features), `classes_of_rows` (rows,) from 0, `starts` the rows at which sequences begin. With a checkpoint a run goes
    on where it stopped (see `train`). InvalidArgument as in `train` and `calibrate`, and for starts that are no rows of the table.
    """
    ops, first = recipe.model(np.shape(table)[1], classes)
    stateful = is_stateful(ops)
    begins = check_starts(starts, len(table), "given")
    training = train(
        ops,
        first,
        _part(table, classes_of_rows, parts.train, begins),
        _part(table, classes_of_rows, parts.calibrate, begins),
        recipe.options(stateful),
        checkpoint=checkpoint,
        progress=progress,
    )
    until = int(parts.calibrate[-1]) + 1
    if stateful:  # over all of the history, as it will be live
        values = logits(ops, training.tensors, table[:until], begins[begins < until])[parts.calibrate]
    else:
        values = logits(ops, training.tensors, table[parts.calibrate])
    fitted = calibrate(values, np.asarray(classes_of_rows)[parts.calibrate])
    warm_up, reached = 0, True
    if stateful:
        warm_up, reached = _warm_up(ops, training.tensors, fitted, table, parts.calibrate, begins)
    return Fitted(recipe, ops, training.tensors, training, fitted, STEPS if stateful else 0, warm_up, reached)


def _part(table: NDArray[Any], labels: NDArray[Any], rows: NDArray[np.int64], starts: NDArray[np.int64]) -> Part:
    """The stretch of rows from the first to the last of a part; those that do not belong to it have no label."""
    begin, end = int(rows[0]), int(rows[-1]) + 1
    kept = np.full(end - begin, -1, np.int64)
    kept[rows - begin] = np.asarray(labels)[rows]
    inner = starts[(starts > begin) & (starts < end)] - begin
    return Part(table[begin:end], kept, inner)


def _warm_up(
    ops: list[dict[str, Any]],
    tensors: Mapping[str, Any],
    fitted: Calibration,
    table: NDArray[Any],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> tuple[int, bool]:
    """Rows until runs that began with a state of zeros are near the one that began at the start of the sequence, from there on."""
    sequence = int(np.searchsorted(starts, rows[-1], side="right")) - 1
    first = int(starts[sequence])
    end = int(rows[-1]) + 1
    steps = min(_WARM_UP_STEPS, (end - first) // 2)
    if steps < 1:
        return 0, False
    warm = fitted.probabilities(logits(ops, tensors, table[first:end]))
    begins = np.unique(np.linspace((end - first) // 2, end - first - steps, _WARM_UP_STARTS).astype(np.int64))
    cold_rows = np.asarray(table[first:end][begins[:, None] + np.arange(steps)], np.float32)
    cold = np.asarray(forward(ops, dict(tensors), cold_rows).registers[ops[-1]["out"]])
    probabilities = fitted.probabilities(cold.reshape(-1, cold.shape[-1])).reshape(len(begins), steps, -1)
    apart = np.abs(probabilities - warm[begins[:, None] + np.arange(steps)]).max(axis=(0, 2))
    far = np.flatnonzero(apart > _WARM_UP_DP)
    if not len(far):
        return 0, True
    last = int(far[-1]) + 1
    return last, last < steps


def required_of(names: Sequence[str]) -> tuple[Any, ...]:
    """What a feed has to carry for features: quote, size, trade."""
    needs = {need for name in names for need in _NEEDS.get(name, ())}
    return tuple(need for need in ("quote", "size", "trade") if need in needs)


_QUOTE: Final = ("spread", "spread_relative")
_QUOTE_SIZE: Final = (
    *("imbalance", "imbalance_16", "imbalance_less_128", "depth_relative", "microprice_less_64"),
    *("order_flow_4", "order_flow_16", "order_flow_64", "order_flow_256"),
)
_TRADE: Final = (
    *("trade_flow_4", "trade_flow_16", "trade_flow_64", "trade_flow_256", "sign_8", "sign_64", "run", "size_relative", "large_flow"),
    *("mid_less_vwap", "trade_position", "sign_persistence", "impact", "flow_1s", "flow_10s"),
)
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(_QUOTE, ("quote",)),
    **dict.fromkeys(_QUOTE_SIZE, ("quote", "size")),
    **dict.fromkeys(_TRADE, ("trade",)),
    "trade_share": ("quote", "trade"),
}


def file_of(
    fitted: Fitted,
    *,
    name: str,
    version: str,
    clock: Clock,
    names: Sequence[str],
    labels: Sequence[str],
    target: Target,
    trained: Mapping[str, Any],
    instruments: InstrumentScope,
) -> ModelFile:
    """The file of a fitted model."""
    stateful = is_stateful(fitted.ops)
    state = (
        State(kind="stream", steps=fitted.steps, warm_up=fitted.warm_up, reset_on=("session", "gap"), gap_ns=GAP_NS)
        if stateful
        else State()
    )
    return ModelFile(
        name=name,
        version=version,
        clock=clock,
        features=InputFeatures(names=tuple(names), required=required_of(names)),
        instruments=instruments,
        state=state,
        ops=fitted.ops,
        output=Output(kind="classes", register=fitted.ops[-1]["out"], labels=tuple(labels), target=target),
        calibration=fitted.calibration.metadata(),
        trained=dict(trained),
        tensors=fitted.tensors,
    )


def made_of(fitted: Fitted, labels: Labels, classes_of_rows: NDArray[np.int64], parts: Split, sure: float) -> dict[str, Any]:
    """What `trained` says, so that a file can be judged and quantized: its parts by time, how often each label came in the second one,
    and what `sure_beyond` gives there."""
    counts = np.bincount(classes_of_rows[parts.calibrate], minlength=len(fitted.calibration.bias))
    return {
        "parts": list(PARTS),
        "parts_ns": parts.spans_ns(labels),
        "purge": _PURGE,
        "purged": parts.purged,
        "sure": sure,
        "label_counts": counts.tolist(),
    }


def code_version() -> str:
    """The version of this package, for `trained`."""
    return str(get_version()["version"])


# ---- arrays of a caller --------------------------------------------------------------------------------------------------------


def train_file(
    features: Any,
    labels: Any,
    *,
    before: ModelFile | None,
    names: Sequence[str] | None,
    horizon: int | None,
    fractions: Sequence[float],
    starts: Sequence[int] | NDArray[np.int64],
    recipe: Recipe,
    checkpoint: str | os.PathLike[str] | None,
    progress: Progress | None,
) -> tuple[ModelFile, dict[str, Any]]:
    """What NeuralModel.train does, up to the file; its figures with those of the third part under `test`."""
    table = np.asarray(features)
    if table.ndim != 2 or not np.issubdtype(table.dtype, np.floating):
        raise InvalidArgument(f"the features are {table.dtype} of shape {table.shape}; give floats (rows, features)")
    columns = tuple(names) if names is not None else before.features.names if before is not None else feature_names()
    if len(columns) != table.shape[1]:
        raise InvalidArgument(f"the features have {table.shape[1]} columns, and {len(columns)} names; give names= of all of them")
    timed = isinstance(labels, Labels)
    if timed and horizon is not None:
        raise InvalidArgument("these labels know their horizon; leave horizon out")
    known = labels if isinstance(labels, Labels) else _labels(labels, 1 if horizon is None else horizon)
    if len(known) != len(table):
        raise InvalidArgument(f"there are {len(table)} rows of features and {len(known)} labels; give one a row")
    given = known.labels.astype(np.int64)
    if known.kind == "next_move":
        given[given == UP] = 1  # nothing is flat
    classes = max(int(given.max()) + 1, 2) if not timed else 2 if known.kind == "next_move" else 3
    parts = split(known, fractions=fractions)
    fitted = fit(table, given, parts, recipe, classes=classes, starts=starts, checkpoint=checkpoint, progress=progress)
    metrics = fitted.metrics()
    metrics["rows"] |= {"test": len(parts.test), "purged": parts.purged}
    metrics["test"] = _tested(fitted, table, given, parts, starts)
    trained = {"code": code_version(), "seed": recipe.seed, "recipe": dataclasses.asdict(recipe), "metrics": metrics}
    if not timed:
        trained["horizon"] = "rows, as the caller said" if horizon is not None else "nobody said how far the labels look ahead"
    else:
        trained |= made_of(fitted, known, given, parts, sure_beyond(_said(fitted, table, parts.calibrate, starts)))
    kind: Any = known.kind
    file = file_of(
        fitted,
        name=before.name if before is not None else recipe.architecture,
        version=before.version if before is not None else "1.0.0",
        clock=before.clock if before is not None else Clock(on="time_change"),
        names=columns,
        labels=label_names(classes),
        target=Target(
            kind=kind, horizon=max(known.horizon, 1), unit="ns" if kind == "return" else "ticks", dead_band_ticks=known.dead_band_ticks
        ),
        instruments=before.instruments if before is not None else InstrumentScope(),
        trained=trained,
    )
    return file, metrics


def _labels(labels: Any, horizon: int) -> Labels:
    """Labels by class number, each made of the next `horizon` rows; their times are row numbers."""
    given = np.asarray(labels)
    if given.ndim != 1 or not len(given):
        raise InvalidArgument(f"the labels have the shape {given.shape}; give one a row, shape (rows,)")
    whole = given.astype(np.int64) if given.dtype.kind in "iu" else None
    if whole is None and given.dtype.kind == "f" and np.isfinite(given).all() and (given == np.rint(given)).all():
        whole = given.astype(np.int64)
    if whole is None or whole.min() < -1 or whole.max() >= 64:
        raise InvalidArgument("the labels have to be whole numbers from 0 to 63, -1 for none")
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise InvalidArgument(f"horizon is {horizon!r}; give the number of rows that a label looks ahead, at least 1")
    rows = np.arange(len(whole), dtype=np.int64)
    return Labels(
        labels=whole.astype(np.int8),
        moves=np.full(len(whole), np.nan),
        begin=rows,
        end=np.where(whole == INCOMPLETE, -1, rows + horizon),
        begin_ns=rows,
        end_ns=np.where(whole == INCOMPLETE, rows, rows + horizon),
        kind="mid_move",
        horizon=int(horizon),
        dead_band_ticks=0.0,
    )


def _said(fitted: Fitted, table: NDArray[Any], rows: NDArray[np.int64], starts: Any) -> Floats:
    """Probabilities of some rows, each from the rows of its sequence up to it."""
    if is_stateful(fitted.ops):
        values = logits(fitted.ops, fitted.tensors, table, starts)[rows]
    else:
        values = logits(fitted.ops, fitted.tensors, table[rows])
    return fitted.calibration.probabilities(values)


def _tested(fitted: Fitted, table: NDArray[Any], labels: NDArray[np.int64], parts: Split, starts: Any) -> dict[str, Any]:
    """Figures on the third part, against the frequencies of the second."""
    rows = parts.test
    found, truth = _said(fitted, table, rows, starts), labels[rows]
    prior = np.bincount(labels[parts.calibrate], minlength=found.shape[1]) / len(parts.calibrate)
    loss = float(-np.log(found[np.arange(len(truth)), truth]).mean())
    prior_loss = float(-np.log(prior[truth]).mean())
    return {
        "rows": len(rows),
        "log_loss": loss,
        "prior_log_loss": prior_loss,
        "gain_millinats": 1000 * (prior_loss - loss),
        "accuracy": float((found.argmax(axis=1) == truth).mean()),
        "ece": expected_calibration_error(found, truth),
    }
