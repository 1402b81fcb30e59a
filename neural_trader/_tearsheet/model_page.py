"""The page of a model: what it is, what it was judged by, how well it did, as one HTML file that loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neural_trader._tearsheet.markup import Markup, definitions, document, escaped, joined, moment, number, paragraph, section, table
from neural_trader._tearsheet.model_charts import latency_chart, loss_chart, reliability_chart, reliability_rows
from neural_trader.models.evaluate import Interval

if TYPE_CHECKING:
    from neural_trader.models.study import Study

__all__ = ["NO_BETTER", "comparison_of", "interval_text", "money_text", "render_model", "won_text"]

NO_BETTER: Final = "the model is no better than the prior, as it says the prior of every row"


def interval_text(value: Interval | None, decimals: int = 2, *, scale: float = 1.0, unit: str = "") -> str:
    """A figure with its 95 % interval; "none" where there is none."""
    if value is None:
        return "none"
    low, high = (number(scale * bound, decimals) for bound in (value.low, value.high))
    return f"{number(scale * value.value, decimals)}{unit} [{low}, {high}]"


def money_text(value: float | None, currency: str) -> str:
    """An amount, or why there is none."""
    return "none: the source does not know the fee" if value is None else f"{number(value)} {currency}"


def comparison_of(found: Study) -> dict[str, Any] | None:
    """The comparison with a linear model; None where there was none, or neither says more than the prior."""
    compared: dict[str, Any] | None = found.metrics.get("comparison")
    return None if compared is not None and compared["won"] is None and found.scores.money is None else compared


def won_text(found: Study) -> str:
    """Which model of a comparison won, and which one the file holds where that is another."""
    won, saved = found.metrics["comparison"]["won"], found.metrics["architecture"]
    if won is None:
        return f"none, as linear is no better than the prior; saved: {saved}"
    return str(won) if won == saved else f"{won}; saved: {saved}"


def render_model(found: Study) -> str:
    """The page as text."""
    file = found.file
    body = joined(
        (
            Markup(f"<header><h1>{escaped(file.name)}</h1><p class=note>version {escaped(file.version)}</p></header>"),
            _model(found),
            _assumptions(),
            _figures(found),
            _money(found),
            _reliability(found),
            _losses(found),
            _latency(found),
        )
    )
    return document(f"{file.name}: model", body)


def _model(found: Study) -> Markup:
    file, target = found.file, found.file.output.target
    times = found.examples.labels.begin_ns[found.rows]
    rows: list[tuple[str, Any]] = [
        ("instrument", found.examples.rows.symbol),
        ("predicts", f"{target.kind}, horizon {target.horizon_text()}: {', '.join(file.output.labels)}"),
        ("clock", f"{file.clock.on}, every {file.clock.every}"),
        ("ops", " → ".join(str(op["op"]) for op in file.ops)),
        ("weights", f"{sum(tensor.size for tensor in file.tensors.values()):,}"),
        ("features", ", ".join(file.features.names)),
        ("judged by", f"{len(found.rows):,} rows, {moment(int(times[0]))} to {moment(int(times[-1]))} UTC"),
        ("data SHA-256", Markup(f"<code>{escaped(found.examples.data_sha256)}</code>")),
    ]
    return section("model", "Model", definitions(rows, name="model-terms"))


def _assumptions() -> Markup:
    sentences = (
        "Rows are in the order of time: trained on the first part, stopped and calibrated by the second, judged by rows after them.",
        "Rows whose label reaches into the next part are in none.",
        "Intervals are 95 % of a block bootstrap over rows; the prior is the frequency of each label in the calibration part.",
        "Trades fill at the next print of their own side after the row, and close at the next print of the other side after the horizon; "
        "nobody was asked for them, so the market stays as it was.",
    )
    items = Markup("<ul>" + "".join(f"<li>{escaped(sentence)}</li>" for sentence in sentences) + "</ul>")
    return section("assumptions", "Assumptions", items)


def _figures(found: Study) -> Markup:
    scores = found.scores.evaluation
    rows: list[tuple[str, Any]] = [
        ("gain over the prior", interval_text(scores.gain_millinats, 1, unit=" millinats")),
        ("relative gain", interval_text(scores.gain_relative, 2, scale=100.0, unit=" %")),
        ("log loss", interval_text(scores.log_loss, 4, unit=" nats")),
        ("log loss of the prior", f"{number(scores.prior_log_loss, 4)} nats"),
        ("Brier score", interval_text(scores.brier, 4)),
        ("calibration error (ECE)", interval_text(scores.ece, 4)),
        ("Matthews correlation", interval_text(scores.mcc, 3)),
        ("information coefficient", interval_text(scores.information_coefficient, 3)),
        ("bootstrap", f"{scores.resamples:,} resamples of blocks of {scores.block_rows:,} rows"),
    ]
    parts: list[Any] = [definitions(rows, name="model-figures")]
    compared = comparison_of(found)
    if compared is not None:
        lines = [
            (part, interval_text(Interval(**compared[f"gain_millinats_{part}"]), 1, unit=" millinats")) for part in ("calibrate", "test")
        ]
        parts.append(table(("part", "better than linear by"), lines, name="model-comparison"))
        parts.append(paragraph(f"Won on the calibration part: {won_text(found)}.", "note"))
    return section("figures", "Figures", *parts)


def _money(found: Study) -> Markup:
    money = found.scores.money
    if money is None:
        return section("money", "Money at fills that were there", paragraph(f"There are no trades: {NO_BETTER}.", "note"))
    rows: list[tuple[str, Any]] = [
        ("trades", f"{money.trades:,}, and {money.unfilled:,} without a print"),
        ("ticks a trade, before fees", interval_text(money.ticks_per_trade, 3)),
        ("the same at mid, where nobody trades", number(money.mid_ticks_per_trade, 3)),
        ("gross", money_text(money.gross, money.currency)),
        ("fees", money_text(money.fees, money.currency)),
        ("net", money_text(money.net, money.currency)),
    ]
    return section("money", "Money at fills that were there", definitions(rows, name="model-money"))


def _reliability(found: Study) -> Markup:
    parts: list[Any] = []
    for number_of, label in enumerate(found.file.output.labels):
        rows = reliability_rows(found.probabilities[:, number_of], found.classes == number_of)
        parts.append(reliability_chart(f"reliability-{number_of}", label, rows))
        lines = [(f"{said:.2%}", f"{came:.2%}", f"{count:,}") for said, came, count in rows]
        parts.append(table(("said", "came", "rows"), lines, right=range(3), name=f"reliability-table-{number_of}"))
    return section("reliability", "Reliability", *parts)


def _losses(found: Study) -> Markup:
    if not found.losses:
        return section("losses", "Losses", paragraph("There are no loss curves: the model was not trained in this run.", "note"))
    return section("losses", "Losses", loss_chart(found.losses, found.validation_losses, found.metrics["best_epoch"]))


def _latency(found: Study) -> Markup:
    times = found.latency_ns
    marks = {"least": times.min(), "p50": np.percentile(times, 50), "p99": np.percentile(times, 99), "most": times.max()}
    rows = [tuple(f"{float(value) / 1000:,.2f}" for value in marks.values())]
    head = [f"{name}, µs" for name in marks]
    return section("latency", "Latency", latency_chart(times), table(head, rows, right=range(4), name="model-latency"))
