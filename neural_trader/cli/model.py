"""`neural-trader model`: train, evaluate, predict, quantize and info."""

from __future__ import annotations

import argparse
import contextlib
import csv
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from neural_trader.cli.common import (
    EXIT_OK,
    ProgressLine,
    add_command,
    add_settings,
    add_sources,
    config_from,
    json_line,
    print_json,
    source_from,
    with_source,
)
from neural_trader.cli.targets import Place, check_targets, open_target
from neural_trader.errors import InvalidArgument
from neural_trader.sources import Source, open_source
from neural_trader.wording import counted

__all__ = ["add"]

_ARCHITECTURES: Final = ("linear", "mlp", "lstm", "gru", "tcn", "best")
_CLOCKS: Final = ("tick", "quote", "trade", "time_change")
_LABELS: Final = ("mid_move", "next_move", "time", "triple_barrier")
_RANDOM: Final = (
    "--split random is refused: neighbouring rows share their features and their future, so later rows leak into the training, "
    "and every figure comes out too good. Give three shares, in the order of time, such as 60/20/20"
)


def add(commands: Any) -> None:
    """Add the command and its five."""
    parser = commands.add_parser(
        "model",
        help="train models of what the mid does next, judge them and look into them",
        description="Models: trained on a source, judged by the rows after, kept in one file that the kernel loads.",
        allow_abbrev=False,
    )
    own = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_train(own)
    _add_evaluate(own)
    _add_predict(own)
    _add_quantize(own)
    info_parser = add_command(
        own, "info", "show what a model file holds", ("model info mid.safetensors", "model info mid.safetensors --json")
    )
    info_parser.add_argument("model", metavar="MODEL", help="the model file")
    info_parser.set_defaults(function=info)


def _add_train(own: Any) -> None:
    parser = add_command(
        own,
        "train",
        "train a model on a source and judge it by the rows after",
        (
            "model train --source sample:es-2013-09 --architecture mlp --horizon 50 --output mid.safetensors",
            "model train --source sample:es-2013-09 --architecture linear --label time --horizon 500ms --output time.safetensors",
            "model train --source es.tape --architecture lstm --horizon 200 --resume lstm.checkpoint --output lstm.safetensors",
            "model train --source sample:es-2013-09 --architecture best --horizon 50 --output mid.safetensors --tearsheet mid.html --json",
        ),
        "The same arguments give the same bytes of the file.",
    )
    _add_source(parser)
    parser.add_argument(
        "--architecture",
        choices=_ARCHITECTURES,
        default="mlp",
        help="what to train (mlp); a linear model is trained beside it. best: an mlp where it beats that on the second part by "
        "more than 0.1 millinats with all of the paired 95 %% interval, else the linear model",
    )
    parser.add_argument("--sizes", metavar="N,N", help="widths of its layers, such as 64,32; the architecture's own unless given")
    parser.add_argument(
        "--label",
        choices=_LABELS,
        default="mid_move",
        help="what to predict: the move of the mid after a number of events or after a time, its next move, or which barrier it touches "
        "(mid_move)",
    )
    parser.add_argument("--horizon", metavar="K", help="how far ahead: a number of events, or a time such as 500ms for --label time")
    parser.add_argument("--dead-band", type=float, default=0.5, metavar="TICKS", help="moves up to this are flat (0.5)")
    parser.add_argument("--barrier", type=float, default=2.0, metavar="TICKS", help="distance of the barriers of triple_barrier (2)")
    parser.add_argument("--clock", choices=_CLOCKS, default="time_change", help="when the model looks: after each of these (time_change)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="and only after each N-th of them (1)")
    parser.add_argument("--epochs", type=int, default=50, help="at most; it ends before when nothing gets better (50)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="of Adam (0.001)")
    parser.add_argument("--seed", type=int, default=0, help="of first weights, order of rows and bootstrap (0)")
    parser.add_argument(
        "--split",
        default="60/20/20",
        metavar="A/B/C",
        help="shares of the rows, in the order of time, to train, calibrate and test on (60/20/20)",
    )
    parser.add_argument("--name", help="the model's name in its file; made of architecture, label and horizon unless given")
    parser.add_argument("--output", required=True, metavar="FILE", help="the model file; one of that name is replaced")
    parser.add_argument("--tearsheet", metavar="FILE", type=Path, help="write the figures and drawings as one HTML file")
    parser.add_argument(
        "--resume", metavar="FILE", help="keep the training in this file after each epoch, and go on from it where it exists"
    )
    parser.set_defaults(function=train)


def _add_evaluate(own: Any) -> None:
    parser = add_command(
        own,
        "evaluate",
        "judge a model by the rows of a source that it was not made of",
        (
            "model evaluate mid.safetensors --source sample:es-2013-09",
            "model evaluate mid.safetensors --source next.tape --tearsheet next.html",
        ),
        "Rows of the time that it was trained and calibrated in are left out.",
    )
    _add_model(parser)
    _add_source(parser)
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (0)")
    parser.add_argument("--tearsheet", metavar="FILE", type=Path, help="write the figures and drawings as one HTML file")
    parser.set_defaults(function=evaluate)


def _add_predict(own: Any) -> None:
    parser = add_command(
        own,
        "predict",
        "write a model's probabilities for each row of a source",
        (
            "model predict mid.safetensors --source sample:es-2013-09 --output mid.csv",
            "model predict mid.safetensors --source sample:es-2013-09:20000 --json",
        ),
        "CSV with a head, or with --json a line of JSON for each row. Rows in which a model with state warms up are left out.",
        json_help="write JSON instead of CSV, one object on one line for each row",
    )
    _add_model(parser)
    _add_source(parser)
    parser.add_argument("--output", metavar="FILE", help="write there instead of to standard output; it appears whole or not at all")
    parser.set_defaults(function=predict)


def _add_quantize(own: Any) -> None:
    parser = add_command(
        own,
        "quantize",
        "measure how far bf16 or int8 is from fp32, and let the model run in it where that is near enough",
        ("model quantize mid.safetensors --precision int8 --source sample:es-2013-09",),
        "Measured by the core on the rows that the model was calibrated on, and written into the file, which is else left as it was.",
    )
    parser.add_argument("model", metavar="MODEL", help="the model file")
    _add_source(parser)
    parser.add_argument("--precision", choices=("bf16", "int8"), required=True, help="what to measure")
    parser.add_argument("--output", metavar="FILE", help="write the model there instead of in its place")
    parser.set_defaults(function=quantize)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="the model file")
    parser.add_argument("--precision", choices=("fp32", "bf16", "int8"), default="fp32", help="what to compute in (fp32)")


def _add_source(parser: argparse.ArgumentParser) -> None:
    add_sources(parser)
    parser.add_argument("--config", metavar="FILE", help="its instruments; sources that bring their own need none")
    add_settings(parser)
    parser.add_argument("--symbol", help="which instrument, where the source has several")


# ---- commands ------------------------------------------------------------------------------------------------------------------


def train(options: argparse.Namespace) -> int:
    """Train a model."""
    from neural_trader.models.examples import Question
    from neural_trader.models.file import Clock, write_model
    from neural_trader.models.fitting import Recipe
    from neural_trader.models.study import best, study

    fractions = _fractions(options.split)
    horizon = options.horizon
    if options.label == "next_move":
        if horizon is not None:
            raise InvalidArgument("label next_move has no horizon: it looks to the next move, whenever that is; leave --horizon out")
        horizon = "1"
    if horizon is None:
        raise InvalidArgument("--horizon is missing; give a number of events such as 50, or a time such as 500ms for --label time")
    question = Question.parse(options.label, horizon, dead_band_ticks=options.dead_band, barrier_ticks=options.barrier)
    recipe = Recipe(
        architecture="mlp" if options.architecture == "best" else options.architecture,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        seed=options.seed,
        sizes=_sizes(options.sizes),
    )
    targets = (("the model", options.output), ("the tearsheet", options.tearsheet), ("the checkpoint", options.resume))
    source = _source(options, targets)()
    reading = ProgressLine()
    epochs = _EpochLine(recipe.epochs, reading)
    logging.getLogger("neural_trader.models.train").setLevel(logging.WARNING)  # the line of progress says it
    begin_s = time.monotonic()
    try:
        found = (best if options.architecture == "best" else study)(
            source,
            question,
            recipe,
            clock=Clock(on=options.clock, every=options.every),
            symbol=options.symbol,
            fractions=fractions,
            name=options.name,
            checkpoint=options.resume,
            reading=reading,
            progress=epochs,
        )
    except KeyboardInterrupt:
        epochs.finish()
        print(f"neural-trader: {_kept(epochs, options.resume)}", file=sys.stderr)
        raise
    finally:
        epochs.finish()
    write_model(found.file, options.output)
    if options.tearsheet is not None:
        _write_page(found, options.tearsheet)
    if options.json:
        print_json({"model": options.output, **_described(found.file), "features_left_out": found.examples.left_out, **found.metrics})
        return EXIT_OK
    metrics = found.metrics
    rows, elapsed_s = metrics["rows"], time.monotonic() - begin_s
    print(
        f"{options.output}: {found.file.name}, {metrics['weights']:,} weights, {len(found.examples.names)} features of "
        f"{found.examples.rows.symbol}, {counted(metrics['epochs'], 'epoch')}, best {metrics['best_epoch']}, {elapsed_s:.1f} s"
    )
    print(
        f"  rows: {rows['train']:,} to train, {rows['calibrate']:,} to calibrate, {rows['test']:,} to test; {rows['purged']:,} purged "
        f"between them, {rows['dropped']:,} without all features"
    )
    _show_scores(found)
    return EXIT_OK


def evaluate(options: argparse.Namespace) -> int:
    """Judge a model."""
    from neural_trader.models.neural_model import NeuralModel
    from neural_trader.models.study import evaluate_file

    opened = _source(options, (("the tearsheet", options.tearsheet),), options.model)
    with NeuralModel.load(options.model, precision=options.precision) as model, _reading() as reading:
        found = evaluate_file(model, opened(), symbol=options.symbol, seed=options.seed, reading=reading)
    if options.tearsheet is not None:
        _write_page(found, options.tearsheet)
    if options.json:
        print_json({"model": options.model, "precision": options.precision, **_described(found.file), **found.metrics})
        return EXIT_OK
    print(f"{options.model}: {found.file.name} in {options.precision} on {len(found.rows):,} rows of {found.examples.rows.symbol}")
    _show_scores(found)
    return EXIT_OK


def predict(options: argparse.Namespace) -> int:
    """Write probabilities."""
    from neural_trader.models.examples import inputs_of
    from neural_trader.models.neural_model import NeuralModel
    from neural_trader.models.scoring import predicted

    opened = _source(options, (("the probabilities", options.output),), options.model)
    with NeuralModel.load(options.model, precision=options.precision) as model, _reading() as reading:
        found = inputs_of(model.file, opened(), symbol=options.symbol, progress=reading)
        probabilities, ready = predicted(model, found)
        labels = model.file.output.labels or ("mean", "deviation")
    rows = np.flatnonzero(ready)
    times = found.ts_event
    with open_target(options.output) as stream:
        if options.json:
            for row in rows.tolist():
                line = {"ts_event": int(times[row]), **dict(zip(labels, probabilities[row].tolist(), strict=True))}
                stream.write(json_line(line) + "\n")
        else:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(("ts_event", *labels))
            writer.writerows((int(times[row]), *map(repr, probabilities[row].tolist())) for row in rows.tolist())
    if options.output is not None:
        print(
            f"{options.output}: {counted(len(rows), 'row')} of {found.rows.symbol}, {found.dropped:,} without all features", file=sys.stderr
        )
    return EXIT_OK


def quantize(options: argparse.Namespace) -> int:
    """Measure a precision."""
    from neural_trader.models import precision
    from neural_trader.models.file import read_model, write_model
    from neural_trader.models.study import measure_precision

    output = options.output if options.output is not None else options.model
    opened = _source(options, (("the model", output),))
    file = read_model(options.model)
    with _reading() as reading:
        measured = measure_precision(file, options.precision, opened(), symbol=options.symbol, reading=reading)
    changed = precision.with_deviation(file, options.precision, measured)
    precision.refuse_unmeasured(changed, options.precision)
    write_model(changed, output)
    if options.json:
        print_json({"model": output, "precision": options.precision, **msgspec.to_builtins(measured)})
        return EXIT_OK
    print(
        f"{output}: {options.precision} is near enough to fp32 on {measured.rows:,} rows: p99 |dp| {measured.p99_dp:.5f}, largest "
        f"{measured.max_dp:.5f}, log loss change {1000 * measured.log_loss_change:+.3f} millinats"
    )
    return EXIT_OK


def info(options: argparse.Namespace) -> int:
    """Show a file."""
    from neural_trader.models.file import read_model
    from neural_trader.models.precision import PRECISIONS, failures

    file = read_model(options.model)
    described = _described(file)
    if options.json:
        print_json({"model": options.model, **described, "ops": file.ops, "trained": file.trained})
        return EXIT_OK
    state, target, calibration = file.state, file.output.target, file.calibration
    print(f"{file.name} {file.version}: {described['weights']:,} weights, {' → '.join(str(op['op']) for op in file.ops)}")
    print(f"  predicts: {target.kind}, horizon {target.horizon_text()}: {', '.join(file.output.labels) or file.output.kind}")
    print(f"  clock: {file.clock.on}, every {file.clock.every}; instruments: {', '.join(file.instruments.symbols) or 'any'}")
    print(f"  features: {', '.join(file.features.names)}; the feed needs {', '.join(file.features.required) or 'prices only'}")
    print("  state: none" if state.kind == "none" else f"  state: windows of {state.steps:,}, {state.warm_up:,} predictions to warm up")
    if calibration.kind == "none":
        print("  calibration: none")
    else:
        print(f"  calibration: on {calibration.rows:,} rows, log loss {calibration.log_loss:.4f} nats, ECE {calibration.ece:.4f}")
    print("  precision: fp32")
    for short, (name, _) in PRECISIONS.items():
        measured = file.deviations.get(name)
        if measured is not None:
            found = failures(measured)
            figures = f"p99 |dp| {measured.p99_dp:.5f}, largest {measured.max_dp:.5f}, {1000 * measured.log_loss_change:+.3f} millinats"
            print(f"  precision: {short} {'refused: ' + '; '.join(found) if found else figures} on {measured.rows:,} rows")
    return EXIT_OK


# ---- what they share -----------------------------------------------------------------------------------------------------------


def _source(options: argparse.Namespace, targets: Sequence[Place], model: str | None = None) -> Callable[[], Source]:
    """What opens the source of the command, once its targets were looked at: none may be the source, the configuration or a model read."""
    config = config_from(options.config, options.settings, name="model")
    source = source_from(options, config)
    check_targets(targets, (("the model", model), ("the configuration", options.config)), source)
    return lambda: open_source(source, with_source(config, source))


@contextlib.contextmanager
def _reading() -> Iterator[Callable[[int, int], None]]:
    progress = ProgressLine()
    try:
        yield progress
    finally:
        progress.finish()


def _fractions(text: str) -> tuple[float, ...]:
    if text == "random":
        raise InvalidArgument(_RANDOM)
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        shares = []
    if len(shares) != 3 or not all(0 < share < 100 for share in shares) or abs(sum(shares) - 100) > 1e-9:
        raise InvalidArgument(f"--split {text}: give three shares in percent, in the order of time, that add up to 100, such as 60/20/20")
    return tuple(share / 100 for share in shares)


def _sizes(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise InvalidArgument(f"--sizes {text}: give the widths of the layers, such as 64,32")
    return tuple(int(part) for part in parts)


def _described(file: Any) -> dict[str, Any]:
    """What a file is, without its tensors."""
    parts = ("name", "version", "clock", "features", "instruments", "state", "output", "calibration", "deviations")
    return {**{part: msgspec.to_builtins(getattr(file, part)) for part in parts}, "weights": sum(t.size for t in file.tensors.values())}


def _show_scores(found: Any) -> None:
    from neural_trader._tearsheet.model_page import NO_BETTER, interval_text, money_text
    from neural_trader.models.evaluate import Interval

    scores, money = found.scores.evaluation, found.scores.money
    if money is None:
        print(f"  {NO_BETTER}; log loss {scores.log_loss.value:.4f}, as that of the prior {scores.prior_log_loss:.4f}")
        _show_comparison(found)
        return
    gain = interval_text(scores.gain_millinats, 1, unit=" millinats")
    relative = interval_text(scores.gain_relative, 1, scale=100.0, unit=" %")
    print(f"  gain over the prior: {gain}, {relative}, log loss {scores.log_loss.value:.4f}")
    beyond = found.metrics.get("gain_millinats_beyond_band")
    if beyond is not None:
        what = interval_text(Interval(**beyond), 1, unit=" millinats")
        print(f"  beyond the band: {what} over a prior that knows the edge of the last print")
    print(f"  Brier {interval_text(scores.brier, 4)}, ECE {interval_text(scores.ece, 4)}, MCC {interval_text(scores.mcc, 3)}")
    print(f"  information coefficient {interval_text(scores.information_coefficient, 3)}")
    ticks = interval_text(money.ticks_per_trade, 3)
    print(f"  money: {counted(money.trades, 'trade')} at the next print of their side, {ticks} ticks a trade before fees")
    print(f"  net: {money_text(money.net, money.currency)}")
    _show_comparison(found)
    print("  intervals are 95 % of a block bootstrap")


def _show_comparison(found: Any) -> None:
    from neural_trader._tearsheet.model_page import comparison_of, interval_text, won_text
    from neural_trader.models.evaluate import Interval

    compared = comparison_of(found)
    if compared is None:
        return
    pairs = [f"{part} {interval_text(Interval(**compared[f'gain_millinats_{part}']), 1)}" for part in ("calibrate", "test")]
    print(f"  better than linear by millinats: {', '.join(pairs)}; won: {won_text(found)}")


def _write_page(found: Any, file: Path) -> None:
    from neural_trader._tearsheet.model_page import render_model

    with open_target(file) as stream:
        stream.write(render_model(found))


class _EpochLine:
    """Progress of a training on standard error: redrawn on a terminal, else a line an epoch."""

    def __init__(self, epochs: int, before: ProgressLine) -> None:
        self.epoch = 0
        self._before = before
        self._epochs = epochs
        self._terminal = sys.stderr.isatty()
        self._drawn_s = 0.0
        self._open = False

    def __call__(self, epoch: int, batch: int, loss: float) -> None:
        """After a batch; the loss is that batch's, in nats a row."""
        self._before.finish()
        begun, self.epoch = epoch != self.epoch, epoch
        now = time.monotonic()
        if self._terminal:
            if now - self._drawn_s >= 0.1:
                sys.stderr.write(f"\repoch {epoch:,} of {self._epochs:,} at most, batch {batch:,}, loss {loss:.4f}\x1b[K")
                self._drawn_s, self._open = now, True
        elif begun:
            sys.stderr.write(f"epoch {epoch:,} of {self._epochs:,} at most\n")
        sys.stderr.flush()

    def finish(self) -> None:
        """End the line, and the one before."""
        self._before.finish()
        if self._open:
            self._open = False
            sys.stderr.write("\n")
            sys.stderr.flush()


def _kept(epochs: _EpochLine, file: str | None) -> str:
    """What an interrupted training leaves, and how to go on."""
    done = f"interrupted in epoch {epochs.epoch:,}" if epochs.epoch else "interrupted before the first epoch"
    if file is None:
        return f"{done}, nothing is kept; add --resume FILE to keep each epoch as it ends"
    return f"{done}; the same command, with --resume {file}, goes on from there"
