"""The tearsheet: one HTML file with everything that a run was and gave, what was assumed first. It loads nothing, its drawings are SVG, and
without its small script only the readout under the pointer is gone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi
from neural_trader._tearsheet.charts import Marks, bar_chart, line_chart
from neural_trader._tearsheet.markup import Markup, definitions, document, escaped, joined, moment, number, paragraph, section, table
from neural_trader.config_limits import describe_limits
from neural_trader.errors import InvalidArgument
from neural_trader.instruments import MONEY_DECIMALS
from neural_trader.metrics import CurrencyMetrics, Metrics
from neural_trader.numbers import exact, plain
from neural_trader.records import REASONS, SIDES, Tradable, value_text
from neural_trader.wording import counted

if TYPE_CHECKING:
    from neural_trader.result import Result

__all__ = ["notebook", "render"]

_NS: Final = 1_000_000_000
_CHARTS: Final = 4  # instruments whose fills are drawn
_DENIALS: Final = 200  # that are listed one by one
_REFUSALS: Final = (abi.NT_EXEC_DENIED, abi.NT_EXEC_REJECTED, abi.NT_EXEC_CANCEL_REJECTED, abi.NT_EXEC_REPLACE_REJECTED)
_MEANING: Final = {  # of the latencies, by whether time was the tape's
    True: "Tick to order is how long the strategy took to answer on this machine; order to report is how long the kernel took for an "
    "order, of which it times a sample. Both are by the machine's clock and move no fill: on the tape an order takes the venue's latency.",
    False: "Tick to order is the time from when ticks were published to when the kernel took an order that followed them; order to "
    "report is how long the kernel took for an order, of which it times a sample.",
}
_SCALE: Final = 10.0**MONEY_DECIMALS


def render(result: Result, sensitivity: Sequence[Result] = ()) -> str:
    """The page of a run as text. `sensitivity` are other runs on the same tape; InvalidArgument for one on another."""
    for place, other in enumerate(sensitivity):
        if other.summary["source_sha256"] != result.summary["source_sha256"]:
            raise InvalidArgument(f"sensitivity[{place}] ran on another tape than this run; compare runs on the same source")
    summary, metrics = result.summary, result.metrics
    head = f"<header><h1>{escaped(summary['name'])}</h1><p class=note>digest <code>{summary['digest']}</code></p></header>"
    body = joined(
        (
            Markup(head),
            _configuration(result),
            _assumptions(summary["assumptions"]),
            section("figures", "Figures", *_figures(result, metrics)),
            _equity(result, metrics),
            _fills(result, metrics),
            _markouts(metrics),
            _sensitivity(result, sensitivity),
            _denials(result),
            _latency(result),
        )
    )
    return document(f"{summary['name']}: tearsheet", body)


def notebook(result: Result) -> str:
    """A short table of a run for a notebook's cell."""
    summary, currency = result.summary, result.currency
    rows: list[tuple[str, Any]] = [
        ("source", summary["source"] or "none"),
        ("ticks", f"{summary['ticks']:,}"),
        ("orders accepted / denied", f"{summary['orders']['accepted']:,} / {sum(summary['orders']['denied'].values()):,}"),
        ("fills", f"{summary['fills']:,}"),
        *((f"P&L {name}", f"{number(summary['pnl'][name])} {currency}") for name in ("gross", "fees", "net")),
        ("equity", f"{number(summary['equity_final'])} {currency}"),
        ("largest drawdown", _money(summary["drawdown"]["money"], currency) or "none"),
        *((f"account {name}", state) for name, state in summary["accounts"].items()),
        ("digest", summary["digest"]),
    ]
    notes = Markup("<ul>" + "".join(f"<li>{escaped(text)}</li>" for text in summary["assumptions"]) + "</ul>")
    return joined((table((summary["name"], ""), rows), Markup("<details><summary>assumed</summary>"), notes, Markup("</details>")))


# ---- what it was ---------------------------------------------------------------------------------------------------------------------


def _configuration(result: Result) -> Markup:
    config, summary = result.config, result.summary
    venue = config.venue
    rows: list[tuple[str, Any]] = [
        ("mode", config.mode),
        ("source", summary["source"] or "none"),
        ("source SHA-256", Markup(f"<code>{escaped(summary['source_sha256'] or 'none')}</code>")),
        ("ticks", f"{summary['ticks']:,}"),
        ("first and last tick, UTC", _span(result)),
        *_strategies(result),
        ("fill model", venue.fill_model),
        ("latency in / out", f"{_plain(venue.latency_in_us)} / {_plain(venue.latency_out_us)} µs"),
        ("slippage", counted(venue.slippage_ticks, "tick")),
        *(
            (f"account {name}", f"{_plain(row.cash)} {row.currency}, ended {summary['accounts'][name]}")
            for name, row in config.accounts.items()
        ),
    ]
    instruments = [
        (
            symbol,
            _plain(row.tick_size),
            _plain(row.lot_size),
            _plain(row.multiplier),
            row.currency,
            *("none" if fee is None else str(fee) for fee in (row.fee_taker, row.fee_maker)),
        )
        for symbol, row in result.instruments.items()
    ]
    limits = [(row.name, row.value or ("always" if row.enabled else "off")) for row in describe_limits(config)]
    return section(
        "configuration",
        "Configuration",
        definitions(rows),
        Markup("<h3>Instruments</h3>"),
        table(("symbol", "tick size", "lot size", "multiplier", "currency", "taker fee", "maker fee"), instruments, right=(1, 2, 3, 5, 6)),
        Markup("<h3>Checks</h3>"),
        table(("check", "limit"), limits, name="limits"),
    )


def _strategies(result: Result) -> list[tuple[str, Any]]:
    """What traded: as the run knew it, else as the configuration names it."""
    config = result.config
    if not result.strategies:
        named = config.strategy or "none: other programs traded, or it is not known here"
        return [("strategy", named), *((f"parameter {name}", value) for name, value in config.parameters.items())]
    rows: list[tuple[str, Any]] = []
    for place, row in enumerate(result.strategies, 1):
        title = "strategy" if len(result.strategies) == 1 else f"strategy {place}"
        helpers = len(row.files) - 1
        beside = f", with {counted(helpers, 'file')} that it imports" if helpers > 0 else ""
        digest = Markup(f"<code>{row.source_sha256}</code>") if row.source_sha256 is not None else "none: its source cannot be seen"
        rows += [
            (title, row.name if row.module is None else f"{row.module}.{row.name}"),
            (f"{title}: file", "none" if row.file is None else f"{row.file}{beside}"),
            (f"{title}: source SHA-256", digest),
            *((f"{title}: parameter {name}", value) for name, value in row.parameters.items()),
        ]
    return rows


def _plain(value: Any) -> str:
    return plain(exact(value))


def _span(result: Result) -> str:
    if result.source is None or result.summary["ticks"] == 0:
        return "none"
    times = result.source.ticks["ts_event"]
    return f"{moment(int(times[0]))} to {moment(int(times[result.summary['ticks'] - 1]))}"


def _assumptions(sentences: Sequence[str]) -> Markup:
    items = Markup("<ul>" + "".join(f"<li>{escaped(sentence)}</li>" for sentence in sentences) + "</ul>")
    return section("assumptions", "Assumptions", items)


# ---- what it gave --------------------------------------------------------------------------------------------------------------------


def _figures(result: Result, metrics: Metrics) -> list[Markup]:
    parts = []
    for row in metrics.by_currency.values():
        parts += [Markup(f"<h3>{escaped(row.currency)}</h3>"), definitions(_money_rows(row, metrics), name=f"figures-{row.currency}")]
    drawdown, exposure, money = metrics.drawdown, metrics.exposure, metrics.currency
    held = None if exposure.time_in_market is None else f"{exposure.time_in_market:.2%}"
    shared = [
        ("equity", f"{number(result.summary['equity_final'])} {money}"),
        ("largest drawdown", _or_why(_money(drawdown.money, money), metrics, "drawdown")),
        ("drawdown of the high", _or_why(None if drawdown.ratio is None else f"{drawdown.ratio:.2%}", metrics, "drawdown.ratio")),
        ("longest time below a high", _or_why(_duration(drawdown.duration_ns), metrics, "drawdown.duration_ns")),
        ("time in the market", _or_why(held, metrics, "exposure")),
        ("mean absolute position", _or_why(_money(exposure.mean_absolute_notional, money), metrics, "exposure")),
        ("sessions", _or_why(None if metrics.sessions is None else f"{metrics.sessions:,}", metrics, "sessions")),
        ("Sharpe ratio, a year", _or_why(_ratio(metrics.sharpe), metrics, "sharpe")),
        ("Sortino ratio, a year", _or_why(_ratio(metrics.sortino), metrics, "sortino")),
    ]
    parts += [Markup(f"<h3>Equity in {escaped(money)}</h3>"), definitions(shared, name="figures-equity")]
    return parts


def _money_rows(row: CurrencyMetrics, metrics: Metrics) -> list[tuple[str, Any]]:
    name, trips = row.currency, row.round_trips

    def why(text: str | None, figure: str) -> Any:
        return _or_why(text, metrics, f"{name}.{figure}")

    return [
        ("P&L at arrival prices", why(_money(row.pnl.gross_at_arrival, name), "gross_at_arrival")),
        ("slippage", why(_money(row.pnl.slippage, name), "slippage")),
        ("P&L gross", _money(row.pnl.gross, name)),
        ("fees", _money(row.pnl.fees, name)),
        ("P&L net", _money(row.pnl.net, name)),
        ("hold instead", why(_money(row.hold, name), "hold")),
        ("net less hold", why(_money(row.excess_over_hold, name), "excess_over_hold")),
        ("net less flat", _money(row.pnl.net, name)),
        ("fills", f"{row.fills:,}"),
        ("turnover", _money(row.turnover, name)),
        ("turnover of the cash", why(None if row.turnover_ratio is None else f"{row.turnover_ratio:,.2f} times", "turnover_ratio")),
        ("round trips", f"{trips.count:,}: {trips.wins:,} won, {trips.losses:,} lost"),
        ("hit rate", why(None if trips.hit_rate is None else f"{trips.hit_rate:.2%}", "hit_rate")),
        ("profit factor", why(_ratio(trips.profit_factor), "profit_factor")),
    ]


def _or_why(text: str | None, metrics: Metrics, figure: str) -> Any:
    return text if text is not None else Markup(f"none <span class=note>({escaped(metrics.reasons[figure])})</span>")


def _money(value: Decimal | None, currency: str) -> str | None:
    return None if value is None else f"{number(value)} {currency}"


def _ratio(value: float | None) -> str | None:
    return None if value is None else f"{value:,.3f}"


def _duration(ns: int | None) -> str | None:
    if ns is None:
        return None
    seconds = ns / _NS
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:,.2f} {unit}"
    return f"{seconds:,.3f} s"


def _equity(result: Result, metrics: Metrics) -> Markup:
    curve, money = result.equity, metrics.currency
    if len(curve) == 0:
        reason = metrics.reasons.get("drawdown", "the tape has neither trades nor quotes")
        return section("equity", "Equity and drawdown", paragraph(f"There is no curve: {reason}.", "note"))
    ts, equity = curve["ts"], curve["equity"]
    falls = np.maximum.accumulate(equity) - equity

    return section(
        "equity",
        "Equity and drawdown",
        line_chart(
            "equity-chart", f"Equity in {money}, net of fees; lowest of each stretch of the tape", ts, equity / _SCALE, label=number
        ),
        line_chart(
            "drawdown-chart",
            f"Fall below the highest earlier equity in {money}",
            ts,
            -falls / _SCALE,
            label=number,
            kind="fall",
            height=150,
        ),
    )


def _fills(result: Result, metrics: Metrics) -> Markup:
    fills = result.fills
    if result.source is None or not result.on_tape or len(fills) == 0:
        reason = "nothing was filled" if len(fills) == 0 else metrics.reasons["drawdown"]
        return section("fills", "Fills on price", paragraph(f"There is no drawing: {reason}.", "note"))
    ticks = result.source.ticks[: result.summary["ticks"]]
    counts = Counter(fills["instrument"].tolist()).most_common()
    parts: list[Any] = []
    for index, count in counts[:_CHARTS]:
        symbol, instrument = list(result.instruments.items())[index]
        own = fills[fills["instrument"] == index]
        scale = 10.0**instrument.price_decimals
        ts, prices = _line(ticks, index)
        marks = Marks(own["ts_event"], own["last_price"] / scale, own["side"] == abi.NT_SIDE_BUY)
        bought = int(marks.up.sum())
        caption = f"{symbol}: {counted(count, 'fill')} ({bought:,} ▲ bought, {count - bought:,} ▼ sold) on price"
        label = partial(number, decimals=instrument.price_decimals)
        chart = line_chart(f"fills-chart-{index}", caption, ts, prices / scale, label=label, marks=marks)
        parts.append(chart)
    if len(counts) > _CHARTS:
        parts.append(paragraph(f"Also traded, less than these: {counted(len(counts) - _CHARTS, 'more instrument')}.", "note"))
    return section("fills", "Fills on price", *parts)


def _line(ticks: NDArray[Any], instrument: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times and raw prices of an instrument: its trades, or the mid of its quotes where it has no trades."""
    own = ticks["instrument"] == instrument
    trades = ticks[own & (ticks["kind"] == abi.NT_TICK_TRADE)]
    if len(trades):
        return trades["ts_event"], trades["price"].astype(np.float64)
    quotes = ticks[own & (ticks["kind"] == abi.NT_TICK_QUOTE)]
    quotes = quotes[(quotes["bid_price"] != abi.NT_ABSENT) & (quotes["ask_price"] != abi.NT_ABSENT)]
    return quotes["ts_event"], (quotes["bid_price"] + quotes["ask_price"]) / 2


def _markouts(metrics: Metrics) -> Markup:
    parts: list[Any] = []
    for row in metrics.by_currency.values():
        if not row.markouts:
            parts.append(paragraph(f"{row.currency}: none, {metrics.reasons[f'{row.currency}.markouts']}.", "note"))
            continue
        rows = [(f"{m.horizon_s} s", f"{m.fills:,}", f"{m.missing:,}", number(m.money), number(m.bps, 3)) for m in row.markouts]
        head = ("after", "fills", "too near the end", row.currency, "basis points")
        bars = [(f"{m.horizon_s} s", m.bps, f"{m.bps:+.3f} bps") for m in row.markouts if m.bps is not None]
        if bars:
            caption = f"Gain after a fill, signed to its side, in basis points of the {row.currency} filled"
            parts.append(bar_chart(f"markouts-chart-{row.currency}", caption, bars))
        parts.append(table(head, rows, right=range(1, 5), name=f"markouts-{row.currency}"))
    kinds = ", ".join(f"{symbol} {kind}" for symbol, kind in metrics.reference.items())
    if kinds:
        parts.append(paragraph(f"Reference price: {kinds}.", "note"))
    return section("markouts", "Markouts", *parts)


def _sensitivity(result: Result, others: Sequence[Result]) -> Markup:
    if not others:
        text = "Not shown: no other runs were given. Run the strategy with other fill models and latencies and pass them as sensitivity."
        return section("sensitivity", "Sensitivity to fill model and latency", paragraph(text, "note"))
    base = result.summary["pnl"]["net"]
    rows = []
    for place, run in enumerate((result, *others)):
        venue, summary = run.config.venue, run.summary
        rows.append(
            (
                "this run" if place == 0 else summary["name"],
                venue.fill_model,
                _plain(venue.latency_in_us),
                _plain(venue.latency_out_us),
                f"{venue.slippage_ticks}",
                f"{summary['fills']:,}",
                *(number(summary["pnl"][name]) for name in ("gross", "fees", "net")),
                number(summary["pnl"]["net"] - base, sign=True),
                number(summary["drawdown"]["money"]),
                Markup(f"<code>{escaped(summary['digest'][:12])}</code>"),
            )
        )
    head = ("run", "fill model", "in µs", "out µs", "slippage", "fills", "gross", "fees", "net", "to this run", "drawdown", "digest")
    return section("sensitivity", "Sensitivity to fill model and latency", table(head, rows, right=range(2, 11), name="sensitivity-table"))


def _denials(result: Result) -> Markup:
    refused = result.reports[np.isin(result.reports["exec_type"], _REFUSALS)]
    if len(refused) == 0:
        return section("denials", "Denials", paragraph("No request was denied or rejected.", "note"))
    counts = Counter(REASONS.get(reason, str(reason)) for reason in refused["reason"].tolist())
    tradables = [Tradable(place, ffi.new("nt_instrument *", row.row())) for place, row in enumerate(result.instruments.values())]
    rows = []
    for report in refused[:_DENIALS]:
        index, unit = int(report["instrument"]), int(report["unit"])
        tradable = tradables[index] if index < len(tradables) else None
        observed, limit = (
            value_text(unit, int(report[name]), tradable, MONEY_DECIMALS, int(report["check"])) or "" for name in ("observed", "limit")
        )
        rows.append(
            (
                moment(int(report["ts_event"])) if result.on_tape else f"{report['ts_event']}",
                int(report["client_order_id"]),
                tradable.symbol if tradable is not None else "",
                SIDES.get(int(report["side"]), ""),
                abi.ExecType(report["exec_type"]).name,
                REASONS.get(int(report["reason"]), str(report["reason"])),
                observed,
                limit,
            )
        )
    parts: list[Any] = [
        table(("reason", "count"), [(reason, f"{count:,}") for reason, count in counts.most_common()], right=(1,), name="denial-counts")
    ]
    if len(refused) > _DENIALS:
        parts.append(paragraph(f"The first {_DENIALS:,} of {len(refused):,}:", "note"))
    head = ("time, UTC" if result.on_tape else "machine's clock, ns", "order", "symbol", "side", "answer", "reason", "observed", "limit")
    parts.append(table(head, rows, right=(1, 6, 7), name="denial-list"))
    return section("denials", "Denials", *parts)


def _latency(result: Result) -> Markup:
    parts: list[Any] = []
    names = ("count", "minimum", "p50", "p90", "p99", "p999", "maximum")
    rows = []
    for name, title in (("tick_to_order", "tick to order"), ("order_to_report", "order to report")):
        row = result.latency_ns[name]
        rows.append((title, *("none" if row is None else f"{row['count']:,}" if n == "count" else f"{row[n] / 1000:,.2f}" for n in names)))
    head = ("measured on the machine, µs", "count", "least", "p50", "p90", "p99", "p99.9", "most")
    parts.append(table(head, rows, right=range(1, 8), name="latency-table"))
    for name, title in (("tick_to_order", "Tick to order"), ("order_to_report", "Order to report")):
        counts = result.latency_counts[name]
        if counts.any():
            caption = f"{title}: {counted(int(counts.sum()), 'duration')} by power of two; bars grow with the logarithm of the count"
            parts.append(bar_chart(f"latency-{name}", caption, _octaves(counts), height=150))
    if any(result.latency_ns.values()):
        parts.append(paragraph(_MEANING[result.on_tape], "note"))
    times = _fill_times(result)
    if len(times):
        parts.append(bar_chart("latency-chart", "Orders by time from taken to first fill, on the tape", _histogram(times)))
    else:
        parts.append(paragraph("There is no histogram of times to the first fill: no order was filled on the tape's clock.", "note"))
    return section("latency", "Latency", *parts)


def _octaves(counts: NDArray[np.uint64]) -> list[tuple[str, float, str]]:
    """Bars from the least to the most octave that has a count, as high as the logarithm of it; one of 1 is seen too."""
    used = np.flatnonzero(counts)
    places = range(int(used[0]), int(used[-1]) + 1)
    return [(_power(place), math.log10(1 + int(counts[place])), f"{int(counts[place]):,}") for place in places]


def _power(exponent: int) -> str:
    """2^exponent nanoseconds, shortly."""
    ns = 1 << exponent if exponent else 0
    for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= size:
            return f"≥{ns / size:.3g} {unit}"
    return f"≥{ns} ns"


def _fill_times(result: Result) -> NDArray[np.int64]:
    """Nanoseconds on the tape from when an order was taken to when its first fill was known."""
    if not result.on_tape:
        return np.empty(0, np.int64)
    fills = result.fills
    first: dict[tuple[int, int], int] = {}
    columns = (fills["channel"], fills["client_order_id"], fills["ts_recv"])
    for channel, order, ts in zip(*(column.tolist() for column in columns), strict=True):
        first[channel, order] = min(ts, first.get((channel, order), ts))
    return np.array([ts - result.arrivals[key] for key, ts in first.items() if key in result.arrivals], np.int64)


def _histogram(times: NDArray[np.int64]) -> list[tuple[str, float, str]]:
    """Counts by decade and its halves of 1 and 3: bars from the least to the most."""
    edges = [0, *(factor * 10**power for power in range(3, 16) for factor in (1, 3))]
    counts, _ = np.histogram(times, bins=[*edges, np.inf])
    used = np.flatnonzero(counts)
    bars = []
    for place in range(int(used[0]), int(used[-1]) + 1):
        share = int(counts[place])
        bars.append((f"from {_short(edges[place])}", float(share), f"{share:,}"))
    return bars


def _short(ns: int) -> str:
    for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= size:
            return f"{ns // size:,} {unit}"
    return f"{ns} ns"
