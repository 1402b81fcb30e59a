"""A study: a model trained on a source and judged by the rows after, beside a linear one; or a file judged by a source.

What it says about a model is what a page and a report need; the file holds the same figures under `trained`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument, NoData
from neural_trader.models import fitting
from neural_trader.models.examples import Examples, Question, examples, examples_of, parts_ns, rows_between, unseen_rows
from neural_trader.models.file import Clock, Deviation, InstrumentScope, ModelFile, encode_model
from neural_trader.models.fitting import Fitted, Progress, Recipe, fit
from neural_trader.models.neural_model import NeuralModel, Precision, load_to_measure
from neural_trader.models.precision import deviation_between
from neural_trader.models.scoring import Scores, paired_gain, predicted, score, sure_beyond
from neural_trader.models.splits import PARTS, Split
from neural_trader.sources import Source

__all__ = ["Study", "best", "evaluate_file", "measure_precision", "study"]

_LATENCY_CALLS: Final = 2000
_PLAIN: Final = "linear"
_PLAIN_EPOCHS: Final = 200  # at most: the linear model has to have come to its end for the comparison to be fair
_PURGE: Final = "rows whose label reaches into the next part are in none"

Reading = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True, eq=False)
class Study:
    """A model and how it did on rows that it was not made of.

    - file: the model; metrics: plain numbers of training, calibration, scores and comparison
    - scores, probabilities (rows, classes), classes (rows,): of the rows that judged it; latency_ns (calls,): of predictions of one row
    - losses, validation_losses: nats a row, one an epoch; empty for a file that was not trained here
    - examples, rows: which rows judged it
    """

    file: ModelFile
    metrics: dict[str, Any]
    scores: Scores
    probabilities: NDArray[np.float64]
    classes: NDArray[np.int64]
    latency_ns: NDArray[np.int64]
    losses: list[float]
    validation_losses: list[float]
    examples: Examples
    rows: NDArray[np.int64]


def study(
    source: Source,
    question: Question,
    recipe: Recipe,
    *,
    clock: Clock,
    symbol: str | None = None,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    name: str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> Study:
    """Train a model on the first part of a source, calibrate it on the second, judge it by the third.

    Beside any other architecture a linear model is trained on the same rows to its end; `metrics["comparison"]` says by how much the one
    is better on the second part, where it may still be chosen, and on the third. The same arguments give the same file. `reading` gets
    ticks done and all, `progress` as in `train`. The errors are those of the parts.
    """
    found = examples(source, question, clock=clock, symbol=symbol, progress=reading)
    parts = found.split(fractions)
    fitted = fit(
        found.table,
        found.classes,
        parts,
        recipe,
        classes=len(question.labels),
        starts=found.starts,
        checkpoint=checkpoint,
        progress=progress,
    )
    file = _file(fitted, found, parts, clock, name)
    with NeuralModel.load(encode_model(file)) as model:
        probabilities, latency_ns = _ready(model, found), _latencies(model, found, parts.test)
    test = _kept(probabilities, parts.test)
    prior = found.classes[parts.calibrate]
    sure = sure_beyond(probabilities[_kept(probabilities, parts.calibrate)])
    scores = score(probabilities, found, test, source, prior_classes=prior, sure=sure, seed=recipe.seed)
    metrics = fitted.metrics()
    metrics["rows"] |= {"test": len(test), "purged": parts.purged, "dropped": found.dropped}
    metrics["test"] = scores.metrics()
    metrics["comparison"] = None
    if recipe.architecture != _PLAIN:
        metrics["comparison"] = _compared(found, parts, recipe, clock, probabilities)
    counts = np.bincount(prior, minlength=len(question.labels)).tolist()
    trained = {**file.trained, "sure": sure, "label_counts": counts, "metrics": metrics}
    return Study(
        file=msgspec.structs.replace(file, trained=trained),
        metrics=metrics,
        scores=scores,
        probabilities=probabilities[test],
        classes=found.classes[test],
        latency_ns=latency_ns,
        losses=fitted.training.losses,
        validation_losses=fitted.training.validation_losses,
        examples=found,
        rows=test,
    )


def best(source: Source, question: Question, recipe: Recipe, **arguments: Any) -> Study:
    """The study of the recipe's network where it is better than a linear model on the second part, with the whole of the paired 95 %
    interval above zero; else that of the linear model. `metrics["comparison"]` says by how much either way. The arguments are those of
    `study`."""
    network = study(source, question, recipe, **arguments)
    comparison = network.metrics["comparison"]
    if comparison is None or comparison["won"] != _PLAIN:
        return network
    plain = Recipe(architecture=_PLAIN, epochs=_PLAIN_EPOCHS, seed=recipe.seed)
    linear = study(source, question, plain, **{**arguments, "checkpoint": None})
    metrics = {**linear.metrics, "comparison": comparison}
    trained = {**linear.file.trained, "metrics": metrics}
    return dataclasses.replace(linear, metrics=metrics, file=msgspec.structs.replace(linear.file, trained=trained))


def evaluate_file(model: NeuralModel, source: Source, *, symbol: str | None = None, seed: int = 0, reading: Reading | None = None) -> Study:
    """Judge a model by the rows of a source outside the time that it was trained and calibrated in.

    The prior is that of the rows it was calibrated on. NoData where the file does not say how often each label came there, or where no row
    is left.
    """
    file = model.file
    counts, sure = file.trained.get("label_counts"), file.trained.get("sure")
    if not isinstance(counts, list) or len(counts) != len(file.output.labels) or not isinstance(sure, int | float):
        raise NoData(
            f"model {file.name} does not say how often each label came when it was calibrated; train it with `neural-trader model train`"
        )
    found = examples_of(file, source, symbol=symbol, progress=reading)
    probabilities = _ready(model, found)
    rows = _kept(probabilities, unseen_rows(found, file))
    prior = np.repeat(np.arange(len(counts)), np.array(counts, np.int64))
    scores = score(probabilities, found, rows, source, prior_classes=prior, sure=float(sure), seed=seed)
    return Study(
        file=file,
        metrics={"rows": {"test": len(rows), "dropped": found.dropped}, "test": scores.metrics()},
        scores=scores,
        probabilities=probabilities[rows],
        classes=found.classes[rows],
        latency_ns=_latencies(model, found, rows),
        losses=[],
        validation_losses=[],
        examples=found,
        rows=rows,
    )


def measure_precision(
    file: ModelFile, precision: Precision, source: Source, *, symbol: str | None = None, reading: Reading | None = None
) -> Deviation:
    """How far a precision is from fp32 on the rows that the model was calibrated on, computed by the core in both.

    InvalidArgument for fp32, for fp16 (which the core does not have), and for a model that does not say what it was calibrated on; NoData
    where the source has no row of that time.
    """
    if precision not in ("bf16", "int8"):
        raise InvalidArgument(f"precision is {precision!r}; bf16 and int8 can be measured")
    parts = parts_ns(file)
    if parts is None:
        raise InvalidArgument(f"model {file.name} does not say which time it was calibrated in; train it with `neural-trader model train`")
    found = examples_of(file, source, symbol=symbol, progress=reading)
    rows = rows_between(found, parts[1][0], parts[2][0])
    if not len(rows):
        raise NoData(
            f"{source.name} has no row of the time that model {file.name} was calibrated in; take the source that it was trained on"
        )
    tables = []
    both: tuple[Precision, Precision] = ("fp32", precision)
    for chosen in both:
        with load_to_measure(file, chosen) as model:
            tables.append(_ready(model, found)[rows])
    ready = np.isfinite(tables[0]).all(axis=1)
    return deviation_between(tables[0][ready], tables[1][ready], found.classes[rows][ready])


def _ready(model: NeuralModel, found: Examples) -> NDArray[np.float64]:
    """Probabilities of all rows, NaN while the state of a sequence warms up."""
    probabilities, ready = predicted(model, found)
    probabilities[~ready] = np.nan
    return probabilities


def _kept(probabilities: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that have a prediction."""
    kept = rows[np.isfinite(probabilities[rows]).all(axis=1)]
    if not len(kept):
        raise NoData("no row is past the warm-up of the model; take a longer source")
    return kept


def _latencies(model: NeuralModel, found: Examples, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Measured, one row a call, of the steps of one instrument."""
    row = np.empty(found.table.shape[1], np.float32)
    times = []
    model.reset(0)
    for place in rows[:_LATENCY_CALLS].tolist():
        row[:] = found.table[place]
        times.append(model.step(0, row).latency_ns)
    model.reset(0)
    return np.array(times, np.int64)


def _file(fitted: Fitted, found: Examples, parts: Split, clock: Clock, name: str | None) -> ModelFile:
    question, begin = found.question, found.labels.begin_ns
    spans = [[int(begin[rows[0]]), int(begin[rows[-1]])] for rows in (parts.train, parts.calibrate, parts.test)]
    for part, boundary in zip((1, 2), parts.boundaries_ns, strict=True):
        spans[part][0] = int(boundary)
    horizon = f"_{question.horizon}{'ns' if question.kind == 'time' else ''}" if question.kind != "next_move" else ""
    recipe = dataclasses.asdict(fitted.recipe)
    return fitting.file_of(
        fitted,
        name=name if name is not None else f"{fitted.recipe.architecture}_{question.kind}{horizon}"[:31],
        version="1.0.0",
        clock=clock,
        names=found.names,
        labels=question.labels,
        target=question.target(),
        instruments=InstrumentScope(scope="listed", symbols=(found.rows.symbol,)),
        trained={
            "data_sha256": found.data_sha256,
            "code": fitting.code_version(),
            "seed": fitted.recipe.seed,
            "recipe": {**recipe, "sizes": list(recipe["sizes"])},
            "parts": list(PARTS),
            "parts_ns": spans,
            "purge": _PURGE,
            "purged": parts.purged,
        },
    )


def _compared(found: Examples, parts: Split, recipe: Recipe, clock: Clock, network: NDArray[np.float64]) -> dict[str, Any]:
    """The network beside a linear model of the same rows: the gain of the one over the other, and which won on the second part."""
    plain = Recipe(architecture=_PLAIN, epochs=_PLAIN_EPOCHS, seed=recipe.seed)
    fitted = fit(found.table, found.classes, parts, plain, classes=len(found.question.labels), starts=found.starts)
    with NeuralModel.load(encode_model(_file(fitted, found, parts, clock, None))) as model:
        linear = _ready(model, found)
    gains = {}
    for part, rows in (("calibrate", parts.calibrate), ("test", parts.test)):
        chosen = _kept(network, rows)
        gains[part] = paired_gain(
            network[chosen], linear[chosen], found.classes[chosen], block_rows=found.block_rows(chosen), seed=recipe.seed
        )
    won = recipe.architecture if gains["calibrate"].low > 0 else _PLAIN
    return {"with": _PLAIN, "won": won, **{f"gain_millinats_{part}": dataclasses.asdict(gain) for part, gain in gains.items()}}
