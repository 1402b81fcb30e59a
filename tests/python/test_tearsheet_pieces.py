"""Pieces of the tearsheet: lines that are thinned, axes of any range, bars, and text that comes back as it was."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader._tearsheet.charts import bar_chart, line_chart, thinned
from neural_trader._tearsheet.markup import Markup, escaped, moment, number

# ---- drawings ------------------------------------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(-50, 50)), min_size=1, max_size=300),
    st.integers(1, 40),
)
def test_thinning_keeps_every_extreme(points: list[tuple[int, int]], columns: int) -> None:
    ts = np.cumsum([gap for gap, _ in points])
    values = np.array([float(value) for _, value in points])
    kept = thinned(ts, values, columns).tolist()
    assert kept == sorted(set(kept))
    assert len(kept) <= 4 * columns
    assert {0, len(ts) - 1} <= set(kept)
    span = max(int(ts[-1] - ts[0]), 1)
    of = [min(int((at - ts[0]) / span * columns), columns - 1) for at in ts.tolist()]
    for column in set(of):
        own = [place for place, value in enumerate(of) if value == column]
        drawn = [values[place] for place in own if place in set(kept)]
        assert (min(drawn), max(drawn)) == (values[own].min(), values[own].max())
        assert {own[0], own[-1]} <= set(kept)


def test_thinning_nothing_is_nothing() -> None:
    assert thinned(np.empty(0, np.int64), np.empty(0), 10).tolist() == []


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [-1e15, 1e15], [1e-9, 2e-9], [3.0, 3.0, 3.0]])
@pytest.mark.parametrize("span", [0, 1, 10**3, 10**9, 86_400 * 10**9, 3 * 365 * 86_400 * 10**9, 2 * 10**18])
def test_any_range_can_be_drawn(values: list[float], span: int) -> None:
    ts = np.linspace(1, 1 + span, len(values)).astype(np.int64)
    drawn = ET.fromstring(re.findall(r"<svg .*?</svg>", line_chart("c", "a line", ts, np.array(values), label=number))[0])
    lines = drawn.findall("line")
    assert 1 <= len(lines) < 40
    assert "nan" not in ET.tostring(drawn, encoding="unicode")


def test_bars_hang_when_negative() -> None:
    drawn = ET.fromstring(re.findall(r"<svg .*?</svg>", bar_chart("b", "bars", [("a", 2.0, "2"), ("b", -1.0, "-1")]))[0])
    up, down = drawn.findall("rect")
    assert (up.get("class"), down.get("class")) == ("bar", "bar loss")
    assert float(str(up.get("height"))) == pytest.approx(2 * float(str(down.get("height"))), abs=0.2)
    assert float(str(up.get("y"))) < float(str(down.get("y")))


# ---- text ----------------------------------------------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_comes_back_as_it_was(value: str) -> None:
    seen: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            seen.append(data)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(dict(attrs)["title"] or "")

    reader = Reader()
    reader.feed(f'<i title="{escaped(value)}">{escaped(value)}</i>')
    reader.close()
    plain = "".join(c if escaped(c) != "\ufffd" else "\ufffd" for c in value)
    assert seen[0] == plain
    assert "".join(seen[1:]) == plain
    ET.fromstring(f"<i>{escaped(value)}</i>".encode())


def test_markup_is_not_escaped_twice() -> None:
    assert escaped(escaped("<&>")) == "&lt;&amp;&gt;"
    assert escaped(Markup("<b>")) == "<b>"
    assert escaped(Decimal("1.50")) == "1.50"


@pytest.mark.parametrize(
    ("ns", "decimals", "expected"),
    [
        (0, 3, "1970-01-01 00:00:00.000"),
        (-1, 9, "1969-12-31 23:59:59.999999999"),
        (1_709_514_000_123_456_789, 3, "2024-03-04 01:00:00.123"),
        (1_709_514_000_123_456_789, 0, "2024-03-04 01:00:00"),
        (2**63 - 1, 0, "2262-04-11 23:47:16"),
        (-(10**20), 0, f"{-(10**20)} ns"),
    ],
)
def test_moments(ns: int, decimals: int, expected: str) -> None:
    assert moment(ns, decimals) == expected
