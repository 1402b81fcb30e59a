"""Damaged and arbitrary LOBSTER pairs: trades and quotes in range, or a SourceError that names one of the two files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.config import Config, Instrument
from neural_trader.errors import SourceError
from neural_trader.numbers import RAW_MAX
from neural_trader.sources import Source, is_trades, lobster, open_source

_SETTINGS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CONFIG = Config(name="x", instruments={"AAPL": Instrument(tick_size=Decimal("0.01"), currency="USD", max_price=10_000)}).validated()
NAME = "AAPL_2012-06-21_34200000_57600000_{}_1.csv"
MESSAGES = b"34200.004241176,1,16113575,18,5853300,1\n34200.01,4,16113575,8,5853300,1\n34201,5,0,30,5855000,-1\n"
BOOKS = b"5859400,200,5853300,18\n5859400,200,5853300,10\n5859400,200,5853300,10\n"

patches = st.one_of(st.binary(max_size=3), st.sampled_from([b",", b"\n", b"9" * 19, b"-", b"e9", b"nan", b"-9999999999", b"7"]))


def opened(directory: Path, messages: bytes, books: bytes) -> Source | None:
    message, book = directory / NAME.format("message"), directory / NAME.format("orderbook")
    message.write_bytes(messages)
    book.write_bytes(books)
    trade_file = messages.startswith(b"DateTime,")
    assert (lobster.recognises(str(message)), is_trades(str(message))) == (not trade_file, trade_file)
    try:
        source = open_source(str(message), CONFIG)
    except SourceError as error:
        return None if error.file in (str(message), str(book)) else pytest.fail(f"the error names neither file: {error}")
    ticks = source.ticks
    assert (np.diff(ticks["ts_event"]) >= 0).all()
    trades, quotes = ticks[ticks["kind"] == abi.NT_TICK_TRADE], ticks[ticks["kind"] == abi.NT_TICK_QUOTE]
    for column in (trades["price"], quotes["bid_price"], quotes["ask_price"]):
        assert ((column >= 1) & (column <= 1_000_000)).all()
    for column in (trades["size"], quotes["bid_size"], quotes["ask_size"]):
        assert ((column >= 0) & (column <= RAW_MAX)).all()
    return source


@st.composite
def damaged(draw: st.DrawFn, sound: bytes) -> bytes:
    content = bytearray(sound)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(content)))
        content[at : at + draw(st.integers(0, 3))] = draw(patches)
    return bytes(content)


def test_the_pair_that_is_damaged_is_sound(tmp_path: Path) -> None:
    source = opened(tmp_path, MESSAGES, BOOKS)
    assert source is not None
    assert source.rows == 2


@_SETTINGS
@given(messages=damaged(MESSAGES), books=damaged(BOOKS))
def test_damaged_rows(tmp_path: Path, messages: bytes, books: bytes) -> None:
    opened(tmp_path, messages, books)


@_SETTINGS
@example(messages=b"DateTime,", books=BOOKS)
@example(messages=b"DateTime,Price,Volume\n2012-06-21 10:00:00,585.33,1\n", books=BOOKS)
@given(messages=st.binary(max_size=120), books=st.one_of(st.just(BOOKS), st.binary(max_size=80)))
def test_any_bytes(tmp_path: Path, messages: bytes, books: bytes) -> None:
    opened(tmp_path, messages, books)
