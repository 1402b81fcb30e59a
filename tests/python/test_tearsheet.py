"""The tearsheet as text: what is in it, in which order, that it follows its input, and that nothing in it is taken for markup."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import numpy as np
import pytest
from running import Case, command
from support import config_of, until, walk, write_tape
from support_peers import Turns
from support_results import INSTRUMENTS, Quote, Scripted, Trade, random_events, random_orders, run, tape_of

import neural_trader as nt
from neural_trader._native import abi
from neural_trader._tearsheet.markup import moment
from neural_trader.config import AccountConfig, Limits, VenueConfig
from neural_trader.errors import InvalidArgument
from neural_trader.kernel import Kernel
from neural_trader.result import Result
from neural_trader.tearsheet import render

USD = {"main": AccountConfig(currency="USD", cash=10**9)}
ORDER = ["configuration", "assumptions", "figures", "equity", "fills", "markouts", "sensitivity", "denials", "latency"]
VOID = {"meta", "br", "img", "hr", "link", "input"}
EVIL = "<script>window.taken=1</script>\"'><img src=x onerror=window.taken=2>&amp;\u202e\x00</style></script>"


class Page(HTMLParser):
    """A page taken apart: texts by element id, tables by id, attributes, and tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if own.get("id"):
            self.ids.append(str(own["id"]))
        if tag not in VOID:
            self.open.append((tag, own.get("id")))
        table = self._table()
        if table is not None and tag == "tr":
            self.tables.setdefault(table, []).append([])
        if table is not None and tag in ("td", "th"):
            self.tables[table][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, identity in self.open:
            if identity:
                self.texts[identity] = self.texts.get(identity, "") + data
        table = self._table()
        if table is not None and self.open[-1][0] not in ("table", "thead", "tbody", "tr"):
            self.tables[table][-1][-1] += data

    def _table(self) -> str | None:
        return next((identity for tag, identity in self.open if tag == "table"), None)

    def definitions(self, identity: str) -> str:
        return self.texts[identity]


def points_of(text: str, chart: str) -> dict[str, Any]:
    """What the script reads of a chart."""
    found = re.search(rf'<figure id="{chart}"><svg [^>]*data-points="([^"]*)"', text)
    assert found, chart
    points: dict[str, Any] = json.loads(found.group(1).replace("&quot;", '"').replace("&#x27;", "'"))
    return points


def svgs_of(text: str) -> list[ET.Element]:
    return [ET.fromstring(part) for part in re.findall(r"<svg .*?</svg>", text, re.DOTALL)]


def made(seed: int = 1, *, quotes: bool = False, venue: VenueConfig | None = None, **changes: Any) -> Result:
    script = Scripted(orders=[*random_orders(seed, 300), (20, "TEST", 77, "main"), (30, "EURO", 1, "main")])
    limits = Limits(max_order_quantity=50)
    return run(tape_of(random_events(seed, quotes=quotes)), script, limits=limits, venue=venue, **changes)


@pytest.fixture(scope="module")
def base() -> Result:
    return made()


@pytest.fixture(scope="module")
def text(base: Result) -> str:
    return render(base)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


# ---- one file ------------------------------------------------------------------------------------------------------------------------


def test_the_file_needs_nothing_else(base: Result, text: str, page: Page, tmp_path: Path) -> None:
    target = base.tearsheet(tmp_path / "sheet.html")
    assert target == tmp_path / "sheet.html"
    assert target.read_text(encoding="utf-8") == text
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    assert not {name for _, name, _ in page.attributes} & {"src", "href", "srcset", "action", "onload", "onclick", "style"}
    assert not {"link", "iframe", "img", "object", "embed", "form"} & set(page.tags)
    assert page.tags.count("script") == page.tags.count("style") == 1
    (policy,) = [value for _, name, value in page.attributes if name == "content" and "default-src" in str(value)]
    assert "default-src 'none'" in str(policy)
    assert "unsafe" not in str(policy)


def test_drawings_are_well_formed(text: str) -> None:
    drawings = svgs_of(text)
    assert len(drawings) >= 6
    for drawing in drawings:
        numbers = [value for part in drawing.iter() for value in part.attrib.values()]
        assert not any(word in value for value in numbers for word in ("nan", "inf"))


def test_a_file_that_cannot_be_written_is_an_error(base: Result, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        base.tearsheet(tmp_path / "missing" / "sheet.html")


def test_the_order_of_sections(page: Page) -> None:
    assert [name for name in page.ids if name in ORDER] == ORDER


def test_the_same_run_gives_the_same_page(base: Result, text: str) -> None:
    assert render(base) == text


# ---- configuration and assumptions ---------------------------------------------------------------------------------------------------


def test_the_configuration_is_first(base: Result, page: Page) -> None:
    said = page.texts["configuration"]
    assert base.source is not None
    for value in (
        base.source.sha256,
        "made",
        "conservative",
        "100000 USD",
        "20000 EUR",
        "ended ACTIVE",
        "2024-03-04 00:00:00",
        "EURO",
        "2.5",
    ):
        assert value in said
    assert ["max_order_quantity", "50"] in page.tables["limits"]
    assert ["max_position", "off"] in page.tables["limits"]
    assert base.summary["digest"] in render(base)


def test_every_assumption_is_there(base: Result, page: Page) -> None:
    assert len(base.summary["assumptions"]) >= 4
    for sentence in base.summary["assumptions"]:
        assert sentence in page.texts["assumptions"]
    assert "those in EUR are apart" in page.texts["assumptions"]


def test_the_configuration_follows_its_input() -> None:
    venue = VenueConfig(latency_in_us=1234, latency_out_us=77, slippage_ticks=3, fill_model="queue")
    result = made(venue=venue, parameters={"window": 17})
    result.strategies = ()  # of another process: what there is to show is the configuration
    said = Page(render(result)).texts
    for value in ("queue", "1234 / 77 µs", "3 ticks", "parameter window", "17"):
        assert value in said["configuration"]
    assert "waits behind the size displayed" in said["assumptions"]


# ---- figures -------------------------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_metrics(base: Result, page: Page) -> None:
    for currency, row in base.metrics.by_currency.items():
        said = page.texts[f"figures-{currency}"]
        for money in (row.pnl.gross, row.pnl.fees, row.pnl.net, row.pnl.slippage, row.pnl.gross_at_arrival, row.hold, row.turnover):
            assert f"{money:,.2f} {currency}" in said
        assert f"{row.round_trips.hit_rate:.2%}" in said
        assert f"{row.round_trips.profit_factor:,.3f}" in said
        assert f"{row.fills:,}" in said
    said = page.texts["figures-equity"]
    assert f"{base.metrics.drawdown.money:,.2f} USD" in said
    assert f"{base.metrics.drawdown.ratio:.2%}" in said
    assert f"{base.metrics.exposure.time_in_market:.2%}" in said
    assert f"none ({base.metrics.reasons['sharpe']})" in said


def test_markouts_follow_the_metrics(base: Result, text: str, page: Page) -> None:
    for currency, row in base.metrics.by_currency.items():
        rows = page.tables[f"markouts-{currency}"][1:]
        assert rows == [[f"{m.horizon_s} s", f"{m.fills:,}", f"{m.missing:,}", f"{m.money:,.2f}", f"{m.bps:,.3f}"] for m in row.markouts]
        drawn = re.search(rf'<figure id="markouts-chart-{currency}">(.*?)</figure>', text, re.DOTALL)
        assert drawn is not None
        for m in row.markouts:
            assert f"{m.bps:+.3f} bps" in drawn.group(1)


# ---- drawings ------------------------------------------------------------------------------------------------------------------------


def test_equity_and_drawdown_end_where_the_run_ended(base: Result, text: str) -> None:
    equity = base.equity["equity"]
    lowest = np.maximum.accumulate(equity) - equity
    for chart, last in (("equity-chart", equity[-1]), ("drawdown-chart", -lowest[-1])):
        points = points_of(text, chart)
        assert points["text"][-1] == f"{moment(int(base.equity['ts'][-1]))} UTC: {last / 10_000:,.2f}"
        assert len(points["x"]) == len(points["text"]) > 100
        assert points["x"] == sorted(points["x"])


def test_every_fill_is_on_the_price(base: Result, text: str) -> None:
    for number_, symbol in enumerate(INSTRUMENTS):
        own = base.fills[base.fills["instrument"] == number_]
        bought = int((own["side"] == abi.NT_SIDE_BUY).sum())
        found = re.search(rf'<figure id="fills-chart-{number_}">(.*?)</figure>', text, re.DOTALL)
        assert found
        assert f"{symbol}: {len(own)} fills ({bought} ▲ bought, {len(own) - bought} ▼ sold)" in found.group(1)
        for kind, side in (("buy", abi.NT_SIDE_BUY), ("sell", abi.NT_SIDE_SELL)):
            shapes = re.search(rf'class="{kind}" d="([^"]*)"', found.group(1))
            assert shapes
            count = shapes.group(1).count("z")
            assert 0 < count <= int((own["side"] == side).sum())


def test_fills_at_known_places() -> None:
    """Two prints span the chart, so that a fill's place follows from its time and its price."""
    events = [Trade(0, 1000), Trade(50, 1001), Trade(100, 1002)]
    for at, x in ((1, 84 + 862 * 0.5), (2, 84 + 862)):
        result = run(tape_of(events), Scripted(orders=[(at, "TEST", 1, "main")]))
        (fill,) = result.fills
        assert int(fill["ts_event"]) == int(result.source.ticks["ts_event"][0]) + at * 50 * 10**9  # type: ignore[union-attr]
        found = re.search(r'class="buy" d="M(\d+) (\d+)l', render(result))
        assert found
        assert abs(int(found.group(1)) - x) <= 2
        high = 260 - 24 - 226 * (0.08 + (int(fill["last_price"]) / 100 - 1000)) / 2.16
        assert abs(int(found.group(2)) - high) <= 3


def test_other_runs_give_other_drawings(text: str) -> None:
    other = render(made(seed=2))
    for chart in ("equity-chart", "drawdown-chart", "fills-chart-0", "fills-chart-1", "markouts-chart-USD", "markouts-chart-EUR"):
        pattern = rf'<figure id="{chart}">(.*?)</figure>'
        one, two = (re.search(pattern, page, re.DOTALL) for page in (text, other))
        assert one is not None
        assert two is not None
        assert one.group(1) != two.group(1)


def test_a_tape_of_quotes_draws_their_middle() -> None:
    quotes = [Quote(number_, 1000 + number_ / 2, 1000.5 + number_ / 2) for number_ in range(20)]
    venue = VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=0, fill_model="queue")
    drawn = render(run(tape_of(quotes), Scripted(orders=[(3, "TEST", 4, "main")]), venue=venue))
    assert points_of(drawn, "fills-chart-0")["text"][-1].endswith(": 1,009.75")
    assert len(points_of(drawn, "equity-chart")["x"]) == 20


def test_the_instruments_with_most_fills_are_drawn() -> None:
    instruments = {f"I{place}": INSTRUMENTS["TEST"] for place in range(6)}
    events = [Trade(second, 1000, symbol, aggressor="BUY") for second in range(20) for symbol in instruments]
    orders = [(place + turn, f"I{place}", 1, "main") for place in range(6) for turn in range(1, place + 2)]
    result = run(tape_of(events, instruments), Scripted(orders=orders), instruments=instruments, accounts=USD)
    assert len(result.fills) == 21
    said = Page(render(result))
    assert [name for name in said.ids if name.startswith("fills-chart")] == [f"fills-chart-{place}" for place in (5, 4, 3, 2)]
    assert "Also traded, less than these: 2 more instruments." in said.texts["fills"]


def test_a_long_tape_stays_small() -> None:
    count = 200_000
    generator = np.random.default_rng(5)
    prices = 1000 + 0.25 * (generator.integers(-2, 3, count).cumsum() % 800)
    short = tape_of([Trade(0, 1000.0), Trade(1, 1000.0)])
    ticks = np.zeros(count + 3, abi.NT_TICK)
    ticks[:2] = short.ticks[:2]
    body = ticks[2:-1]
    body["kind"], body["size"], body["aggressor"] = abi.NT_TICK_TRADE, 1000, generator.integers(1, 3, count)
    body["price"] = (prices * 100).astype(np.int64)
    body["ts_event"] = body["ts_recv"] = short.ticks["ts_event"][0] + np.arange(1, count + 1) * 10**8
    body["flags"] = abi.NT_TICK_LAST_OF_SLICE
    ticks[-1] = short.ticks[-1]
    ticks["ts_event"][-1] = ticks["ts_recv"][-1] = body["ts_event"][-1]
    source = dataclasses.replace(short, ticks=ticks, rows=count)
    result = run(source, Turns(every=5), accounts=USD, limits=Limits(max_order_quantity=100))
    assert result.summary["fills"] > 20_000
    assert len(result.reports[result.reports["exec_type"] == abi.NT_EXEC_DENIED]) > 1000
    drawn = render(result)
    assert len(drawn.encode()) < 2_000_000
    said = Page(drawn)
    assert "The first 200 of " in said.texts["denials"]
    assert len(said.tables["denial-list"]) == 201


# ---- sensitivity ---------------------------------------------------------------------------------------------------------------------


def test_sensitivity_says_why_it_is_not_there(page: Page) -> None:
    assert "no other runs were given" in page.texts["sensitivity"]
    assert "sensitivity-table" not in page.tables


def test_sensitivity_compares_runs(base: Result, tmp_path: Path) -> None:
    slow, queued = (
        made(venue=venue)
        for venue in (
            VenueConfig(latency_in_us=900_000, latency_out_us=5, slippage_ticks=0),
            VenueConfig(latency_in_us=0, latency_out_us=0, slippage_ticks=2),
        )
    )
    target = base.tearsheet(tmp_path / "sheet.html", sensitivity=[slow, queued])
    rows = Page(target.read_text(encoding="utf-8")).tables["sensitivity-table"][1:]
    for row, result in zip(rows, (base, slow, queued), strict=True):
        pnl = result.summary["pnl"]
        assert row[1:6] == [
            "conservative",
            str(result.config.venue.latency_in_us),
            str(result.config.venue.latency_out_us),
            str(result.config.venue.slippage_ticks),
            f"{result.summary['fills']:,}",
        ]
        assert row[6:10] == [
            *(f"{pnl[name]:,.2f}" for name in ("gross", "fees", "net")),
            f"{pnl['net'] - base.summary['pnl']['net']:+,.2f}",
        ]
        assert row[10:] == [f"{result.summary['drawdown']['money']:,.2f}", result.summary["digest"][:12]]
    assert rows[0][0] == "this run"
    assert len({row[8] for row in rows}) == 3


def test_sensitivity_is_of_one_tape(base: Result) -> None:
    with pytest.raises(InvalidArgument, match=r"sensitivity\[1\] ran on another tape"):
        render(base, [base, made(seed=2)])


# ---- denials and latency -------------------------------------------------------------------------------------------------------------


def test_denials_have_what_was_seen_and_the_limit(base: Result, page: Page) -> None:
    counts = {row[0]: int(row[1]) for row in page.tables["denial-counts"][1:]}
    assert counts == base.summary["orders"]["denied"]
    (row,) = [row for row in page.tables["denial-list"] if "QUANTITY_EXCEEDS_MAXIMUM" in row]
    assert row[2:] == ["TEST", "BUY", "DENIED", "QUANTITY_EXCEEDS_MAXIMUM", "77", "50"]
    assert row[0].startswith("2024-03-04 00:00")


def test_a_run_without_denials_says_so() -> None:
    result = run(tape_of(random_events(1)), nt.Strategy())
    said = Page(render(result)).texts
    assert "No request was denied" in said["denials"]
    assert "There is no drawing: nothing was filled." in said["fills"]
    assert "USD: none, nothing was filled" in said["markouts"]
    assert "no order was filled" in said["latency"]
    assert "none (nothing was filled)" in said["figures-USD"]


def test_latencies_of_the_machine_and_of_the_tape() -> None:
    result = made(venue=VenueConfig(latency_in_us=2000, latency_out_us=0))
    drawn = render(result)
    assert "by the machine's clock and move no fill" in Page(drawn).texts["latency"]
    for name in ("tick_to_order", "order_to_report"):
        counts = result.latency_counts[name]
        measured = result.latency_ns[name]
        assert (measured is None) == (counts.sum() == 0) == (f'id="latency-{name}"' not in drawn)
        if measured is not None:
            assert int(counts.sum()) == measured["count"]
            assert int(counts[measured["minimum"].bit_length() - 1]) >= 1
            assert int(counts[measured["maximum"].bit_length() - 1]) >= 1
            figure = re.search(rf'<figure id="latency-{name}">(.*?)</figure>', drawn, re.DOTALL)
            assert figure is not None
            shown = [int(text.rpartition(": ")[2].replace(",", "")) for text in re.findall(r"<title>(.*?)</title>", figure[1])]
            assert [count for count in shown if count] == [int(count) for count in counts if count]
    assert result.latency_counts["tick_to_order"].any()
    rows = {row[0]: row[1:] for row in Page(drawn).tables["latency-table"][1:]}
    for name, title in (("tick_to_order", "tick to order"), ("order_to_report", "order to report")):
        measured = result.latency_ns[name]
        assert measured is not None
        assert rows[title][0] == f"{measured['count']:,}"
        assert rows[title][2] == f"{measured['p50'] / 1000:,.2f}"
        assert rows[title][-1] == f"{measured['maximum'] / 1000:,.2f}"
    found = re.search(r'<figure id="latency-chart">(.*?)</figure>', drawn, re.DOTALL)
    assert found
    bars = re.findall(r"<title>from ([\d,]+ \S+): ([\d,]+)</title>", found.group(1))
    filled = {(int(fill["channel"]), int(fill["client_order_id"])) for fill in result.fills}
    assert sum(int(count.replace(",", "")) for _, count in bars) == len(filled)
    assert {bar for bar, count in bars if count != "0"} <= {
        "1 ms",
        "3 ms",
        "10 ms",
        "30 ms",
        "100 ms",
        "300 ms",
        "1 s",
        "3 s",
        "10 s",
        "30 s",
    }


# ---- without a tape ------------------------------------------------------------------------------------------------------------------


def test_a_run_without_a_tape_says_what_it_cannot_know(kernel_name: str) -> None:
    with Kernel(config_of(kernel_name), realtime=True) as kernel:
        kernel.start()
        with kernel.client("tester") as client:
            client.submit("TEST", "BUY", 1, 999)
        result = kernel.stop()
    said = Page(render(result)).texts
    assert "There is no curve: the run has no tape to value it on." in said["equity"]
    assert 'id="latency-tick_to_order"' not in render(result)
    assert "nothing was filled" in said["fills"]
    assert "none (the run has no tape to value it on)" in str(result)
    assert result.summary["drawdown"] == {"money": None, "ratio": None}
    assert "no tape to value it on" in said["figures-equity"]
    assert result.metrics.by_currency["USD"].markouts == ()


def test_a_run_in_real_time_keeps_its_clocks_apart(kernel_name: str, tmp_path: Path) -> None:
    """Orders and fills are stamped by the machine there: nothing is valued at a time of the tape that nobody knows."""
    tape = write_tape(tmp_path / "trades.csv", walk(300))
    with Kernel(config_of(kernel_name, limits=Limits(max_order_quantity=50)), realtime=True) as kernel:
        kernel.start(tape, feed=False)
        with kernel.client("tester") as client:
            client.submit("TEST", "BUY", 2)
            client.submit("TEST", "BUY", 77)
            kinds: set[str] = set()
            until(lambda: kinds.update(report.kind for report in client.poll().reports) or {"NEW", "DENIED"} <= kinds, "the answers")
            kernel.feed(0)
            until(lambda: kernel.ended, "the end of the tape")
        result = kernel.stop()
    assert len(result.fills) == 1
    said = Page(render(result))
    reason = "the run was in real time, and its fills have the machine's time, not the tape's"
    whole = ("sharpe", "sortino", "drawdown", "exposure", "sessions")
    for name in (*whole, *(f"USD.{figure}" for figure in ("slippage", "gross_at_arrival", "hold", "markouts"))):
        assert result.metrics.reasons[name] == reason
    assert len(result.equity) == len(result.closes) == 0
    for place in ("figures-USD", "figures-equity", "equity", "fills", "markouts"):
        assert reason in said.texts[place]
    assert "no order was filled on the tape's clock" in said.texts["latency"]
    assert "when ticks were published" in said.texts["latency"]
    assert "move no fill" not in said.texts["latency"]
    assert "none (the run was in real time, and its fills have the machine's time, not the tape's)" in str(result)
    assert said.tables["denial-list"][0][0] == "machine's clock, ns"
    assert said.tables["denial-list"][1][-2:] == ["77", "50"]
    row = result.metrics.by_currency["USD"]
    assert (row.fills, row.pnl.net) == (1, result.summary["equity_final"] - 100_000)
    assert row.turnover == int(result.fills["last_price"][0])  # two contracts of 50 a point, in cents


# ---- hostile text --------------------------------------------------------------------------------------------------------------------


def hostile() -> Result:
    """A run whose every name is an attack."""
    script = Scripted(orders=[*random_orders(1, 300), (20, "TEST", 77, "main")])
    source = dataclasses.replace(tape_of(random_events(1), assumptions=(EVIL,)), name=EVIL)
    result = run(source, script, limits=Limits(max_order_quantity=50), parameters={EVIL: EVIL})
    changed = copy.copy(result)
    changed.config = msgspec.structs.replace(result.config, strategy=f"{EVIL}.py:Strategy")
    changed.instruments = {
        EVIL: msgspec.structs.replace(result.instruments["TEST"], symbol="<b>&'\"</td>"),
        "EURO": result.instruments["EURO"],
    }
    changed.summary = {**result.summary, "name": EVIL, "source_sha256": EVIL, "accounts": dict.fromkeys(result.summary["accounts"], EVIL)}
    return changed


def test_no_name_is_taken_for_markup(text: str) -> None:
    evil = hostile()
    drawn = render(evil, [evil])
    said = Page(drawn)
    assert drawn.count("&lt;script&gt;window.taken=1&lt;/script&gt;") >= 10
    assert "\x00" not in drawn
    assert "\u202e" not in drawn
    assert (said.tags.count("script"), said.tags.count("style"), said.tags.count("img")) == (1, 1, 0)
    assert not {name for _, name, _ in said.attributes if name.startswith("on")}
    assert {name for _, name, _ in said.attributes} == {name for _, name, _ in Page(text).attributes}
    assert len(svgs_of(drawn)) == len(svgs_of(text))
    cell = Page(evil._repr_html_())
    assert set(cell.tags) == {"div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li"}


# ---- a notebook's cell, and the command line -----------------------------------------------------------------------------------------


def test_a_cell_has_the_figures(base: Result) -> None:
    cell = base._repr_html_()
    summary = base.summary
    for figure in (*(f"{summary['pnl'][name]:,.2f} USD" for name in ("gross", "fees", "net")), summary["digest"], "made", "ACTIVE"):
        assert figure in cell
    assert made(seed=2)._repr_html_() != cell


def test_backtest_writes_it(tmp_path: Path) -> None:
    case = Case(tmp_path, "sheet")
    target = tmp_path / "sheet.html"
    done = command("backtest", f"{case.strategy}:Turns", "--config", str(case.config), "--json", "--tearsheet", str(target), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    drawn = target.read_text(encoding="utf-8")
    assert summary["digest"] in drawn
    assert summary["source_sha256"] in Page(drawn).texts["configuration"]
    assert sorted(path.name for path in tmp_path.glob("*.html")) == ["sheet.html"]
    rows = Page(drawn).tables["sensitivity-table"][1:]
    assert [row[0] for row in rows] == ["this run", "queue", "probabilistic", "no-latency", "slower"]
    assert [row[3] for row in rows[2:]] == ["250", "0", "1000"]
    assert rows[0][-1] == summary["digest"][:12] != rows[4][-1]


def test_backtest_writes_it_alone(tmp_path: Path) -> None:
    case = Case(tmp_path, "sheet")
    target = tmp_path / "sheet.html"
    done = command(
        "backtest", str(case.strategy), "--config", str(case.config), "--tearsheet", str(target), "--no-sensitivity", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "sensitivity-table" not in Page(target.read_text(encoding="utf-8")).tables


def test_a_run_beside_it_that_fails_is_left_out(tmp_path: Path) -> None:
    case = Case(tmp_path, "sheet")
    target = tmp_path / "sheet.html"
    case.strategy.write_text(
        "import neural_trader as nt\n\n\nclass Fickle(nt.Strategy):\n    def on_report(self, client, report):\n"
        "        if report.kind == 'REJECTED':\n            raise ValueError('rejected')\n\n"
        "    def on_ticks(self, client, ticks):\n        client.submit('TEST', 'BUY', 1, time_in_force='IOC')\n",
        encoding="utf-8",
    )
    done = command("backtest", str(case.strategy), "--config", str(case.config), "--tearsheet", str(target), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "tearsheet: it failed (ValueError: rejected) and is left out" in done.stderr
    assert len(Page(target.read_text(encoding="utf-8")).tables["sensitivity-table"]) == 4


def test_backtest_refuses_a_directory_that_is_not_there(tmp_path: Path) -> None:
    case = Case(tmp_path, "sheet")
    target = tmp_path / "missing" / "sheet.html"
    done = command("backtest", f"{case.strategy}:Turns", "--config", str(case.config), "--tearsheet", str(target), cwd=tmp_path)
    assert done.returncode == 2
    assert f"there is no directory {target.parent} for the tearsheet; make it first" in done.stderr
    assert done.stdout == ""  # before anything ran
