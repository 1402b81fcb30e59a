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
from neural_trader.models._scores import sure_beyond
from neural_trader.models._values import shown
from neural_trader.models.band import beyond_the_band
from neural_trader.models.examples import Examples, Question, examples, examples_of, parts_ns, rows_between, unseen_rows
from neural_trader.models.file import Clock, Deviation, InstrumentScope, ModelFile, encode_model
from neural_trader.models.fitting import Fitted, Progress, Recipe, fit, made_of
from neural_trader.models.neural_model import NeuralModel, Precision, load_to_measure
from neural_trader.models.precision import deviation_between
from neural_trader.models.scoring import Scores, paired_gain, predicted, says_more, score
from neural_trader.models.splits import Split
from neural_trader.sources import Source

__all__ = ["Study", "best", "evaluate_file", "measure_precision", "study"]

_LATENCY_CALLS: Final = 2000
_TRAIN: Final = "train it with `neural-trader model train`, or with labels that have times (models.labels)"
_PLAIN: Final = "linear"
_PLAIN_EPOCHS: Final = 200  # at most: the linear model has to have come to its end for the comparison to be fair
_WIN_MILLINATS: Final = 0.1  # at least: less is rounding, and no reason for a network

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


def study(source: Source, question: Question, recipe: Recipe, **arguments: Any) -> Study:
    """Train a model on the first part of a source, calibrate it on the second, judge it by the third.

    Beside any other architecture a linear model is trained on the same rows to its end; `metrics["comparison"]` says by how much the one
    is better on the second part, where it may still be chosen, and on the third, and which won: the other architecture by more than 0.1
    millinats, with all of the paired 95 % interval; else the linear model; None where that says no more than the prior. The same arguments
    give the same file. The arguments are `clock`; and, unless left out, `symbol`, `fractions`, `name`, `checkpoint`, `reading`, which gets
    ticks done and all, and `progress`, as in `train`. The errors are those of the parts.
    """
    return _study(source, question, recipe, choose=False, **arguments)


def best(source: Source, question: Question, recipe: Recipe, **arguments: Any) -> Study:
    """The study of the recipe's network where it won on the second part, else that of the linear model beside it. The arguments are those
    of `study`."""
    return _study(source, question, recipe, choose=True, **arguments)


@dataclasses.dataclass(frozen=True, eq=False)
class _Candidate:
    """A fitted model, its file so far, and its probabilities of all rows."""

    fitted: Fitted
    file: ModelFile
    probabilities: NDArray[np.float64]


def _study(
    source: Source,
    question: Question,
    recipe: Recipe,
    *,
    choose: bool,
    clock: Clock,
    symbol: str | None = None,
    fractions: Sequence[float] = (0.6, 0.2, 0.2),
    name: str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    reading: Reading | None = None,
    progress: Progress | None = None,
) -> Study:
    found = examples(source, question, clock=clock, symbol=symbol, progress=reading)
    parts = found.split(fractions)

    def candidate(recipe: Recipe, **others: Any) -> _Candidate:
        fitted = fit(found.table, found.classes, parts, recipe, classes=len(question.labels), starts=found.starts, **others)
        file = _file(fitted, found, clock, name)
        with NeuralModel.load(encode_model(file)) as model:
            return _Candidate(fitted, file, _ready(model, found))

    chosen, comparison = candidate(recipe, checkpoint=checkpoint, progress=progress), None
    if recipe.architecture != _PLAIN:
        plain = candidate(Recipe(architecture=_PLAIN, epochs=_PLAIN_EPOCHS, seed=recipe.seed))
        comparison = _compared(found, parts, recipe, chosen.probabilities, plain.probabilities)
        if choose and comparison["won"] != recipe.architecture:
            chosen = plain
    fitted, file, probabilities = chosen.fitted, chosen.file, chosen.probabilities
    with NeuralModel.load(encode_model(file)) as model:
        latency_ns = _latencies(model, found, parts.test)
    test = _kept(probabilities, parts.test)
    made = made_of(fitted, found.labels, found.classes, parts, sure_beyond(probabilities[_kept(probabilities, parts.calibrate)]))
    scores = score(probabilities, found, test, source, prior_counts=made["label_counts"], sure=made["sure"], seed=recipe.seed)
    metrics = fitted.metrics()
    metrics["rows"] |= {"test": len(test), "purged": parts.purged, "dropped": found.dropped}
    beyond = beyond_the_band(probabilities, found, parts.calibrate, test, seed=recipe.seed)
    metrics["test"] = scores.metrics()
    metrics["gain_millinats_beyond_band"] = None if beyond is None else dataclasses.asdict(beyond)
    metrics["comparison"] = comparison
    return Study(
        file=msgspec.structs.replace(file, trained={**file.trained, **made, "metrics": metrics}),
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


def evaluate_file(model: NeuralModel, source: Source, *, symbol: str | None = None, seed: int = 0, reading: Reading | None = None) -> Study:
    """Judge a model by the rows of a source outside the time that it was trained and calibrated in.

    The prior is that of the rows it was calibrated on. NoData where the file does not say how often each label came there, or where no row
    is left; InvalidArgument where it says what cannot be.
    """
    file = model.file
    counts, sure = file.trained.get("label_counts"), file.trained.get("sure")
    if counts is None or sure is None:
        raise NoData(f"model {file.name} does not say how often each label came when it was calibrated; {_TRAIN}")
    if (
        not isinstance(counts, list)
        or len(counts) != len(file.output.labels)
        or not all(type(count) is int and count >= 0 for count in counts)
        or sum(counts) != file.calibration.rows
    ):
        raise InvalidArgument(
            f"the label_counts of model {file.name} are {shown(counts)}; they have to be {len(file.output.labels)} whole numbers, "
            f"none below 0, that add up to the {file.calibration.rows} rows of its calibration"
        )
    if isinstance(sure, bool) or not isinstance(sure, int | float):
        raise InvalidArgument(f"sure of model {file.name} is {shown(sure)}; it has to be a number")
    found = examples_of(file, source, symbol=symbol, progress=reading)
    probabilities = _ready(model, found)
    rows = _kept(probabilities, unseen_rows(found, file))
    scores = score(probabilities, found, rows, source, prior_counts=counts, sure=float(sure), seed=seed)
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
        raise InvalidArgument(f"model {file.name} does not say which time it was calibrated in; {_TRAIN}")
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


def _file(fitted: Fitted, found: Examples, clock: Clock, name: str | None) -> ModelFile:
    question = found.question
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
        },
    )


def _compared(found: Examples, parts: Split, recipe: Recipe, network: NDArray[np.float64], linear: NDArray[np.float64]) -> dict[str, Any]:
    """The network beside a linear model of the same rows: the gain of the one over the other, and which won on the second part."""
    gains = {}
    for part, rows in (("calibrate", parts.calibrate), ("test", parts.test)):
        chosen = _kept(network, rows)
        gains[part] = paired_gain(
            network[chosen], linear[chosen], found.classes[chosen], block_rows=found.block_rows(chosen), seed=recipe.seed
        )
    judged = _kept(network, parts.calibrate)
    counts = np.bincount(found.classes[parts.calibrate], minlength=linear.shape[1]).tolist()
    if gains["calibrate"].low > _WIN_MILLINATS and says_more(network[judged], counts):
        won: str | None = recipe.architecture
    else:
        won = _PLAIN if says_more(linear[judged], counts) else None
    return {"with": _PLAIN, "won": won, **{f"gain_millinats_{part}": dataclasses.asdict(gain) for part, gain in gains.items()}}
