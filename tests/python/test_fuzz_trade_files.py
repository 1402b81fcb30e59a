"""Damaged and arbitrary trade files: trades in order of time and in range, or a SourceError that names the file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.config import Config, Instrument, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.numbers import RAW_MAX
from neural_trader.sources import Source, open_source

_SETTINGS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
INSTRUMENT = Instrument(tick_size=Decimal("0.25"), currency="USD", max_price=10_000)
CONFIG = Config(name="x", instruments={"ES": INSTRUMENT}, source=SourceConfig(timezone="UTC")).validated()
HEADER = "DateTime,Price,Volume\n"

prices = st.integers(1, 40_000).map(lambda quarters: str(Decimal(quarters) / 4))
rows = st.builds(lambda second, price, volume: (second, price, volume), st.integers(0, 59), prices, st.integers(1, 10**6).map(str))


def opened(file: Path, content: bytes) -> Source | None:
    file.write_bytes(content)
    try:
        source = open_source(str(file), CONFIG)
    except SourceError as error:
        return None if error.file == str(file) else pytest.fail(f"the error does not name the file: {error}")
    ticks = source.ticks
    assert (np.diff(ticks["ts_event"]) >= 0).all()
    trades = ticks[ticks["kind"] == abi.NT_TICK_TRADE]
    assert len(trades) == source.rows
    assert ((trades["price"] >= 1) & (trades["price"] <= 1_000_000)).all()
    assert ((trades["size"] >= 1) & (trades["size"] <= RAW_MAX)).all()
    return source


def text_of(found: list[tuple[int, str, str]]) -> str:
    return HEADER + "".join(
        f"2013-09-02 10:00:{second:02},{price},{volume}\n" for second, price, volume in sorted(found, key=lambda row: row[0])
    )


@_SETTINGS
@given(content=st.one_of(st.binary(max_size=200), st.binary(max_size=120).map(lambda rest: HEADER.encode() + rest)))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path / "a.csv", content)


@_SETTINGS
@given(found=st.lists(rows, min_size=1, max_size=8))
def test_sound_rows_are_read_exactly(tmp_path: Path, found: list[tuple[int, str, str]]) -> None:
    source = opened(tmp_path / "a.csv", text_of(found).encode())
    assert source is not None
    trades = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    wanted = sorted(found, key=lambda row: row[0])
    assert [Decimal(int(raw)) / 100 for raw in trades["price"]] == [Decimal(price) for _, price, _ in wanted]
    assert trades["size"].tolist() == [int(volume) for _, _, volume in wanted]


@_SETTINGS
@given(found=st.lists(rows, min_size=1, max_size=5), data=st.data())
def test_damaged_rows(tmp_path: Path, found: list[tuple[int, str, str]], data: st.DataObject) -> None:
    content = bytearray(text_of(found).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b",", b"\n", b"9" * 19, b"-", b"e9"]))
        )
        content = content or bytearray(b" ")
    opened(tmp_path / "a.csv", bytes(content))
