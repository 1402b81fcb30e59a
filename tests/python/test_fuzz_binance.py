"""Captures that nobody would write: whatever the lines are, a source that holds what they say, or a SourceError."""

from __future__ import annotations

import gzip
import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.config import Config, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.numbers import RAW_MAX
from neural_trader.sources import binance
from neural_trader.sources._binance_messages import BadNumberError, decimals

START = 1_723_161_600_000_000_000
CONFIG = Config(name="test")

plain_numbers = st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True)
texts = st.one_of(plain_numbers, st.text(alphabet='0123456789.-+eE,"\\ naif', max_size=24))
ids = st.integers(-1, 40)
values = st.one_of(texts, ids, st.none(), st.booleans(), st.lists(st.tuples(texts, texts), max_size=3), st.lists(texts, max_size=3))
kinds = st.sampled_from(["bookTicker", "trade", "depth", "depth@100ms", "depth5", "aggTrade", ""])
names = st.sampled_from([*"esEuUpbaBAtqmXT", "pu", "lastUpdateId"])


def line(stamp: int, message: Any) -> bytes:
    return f"{stamp} {json.dumps(message)}".encode()


def level_lists(prices: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
    return st.lists(st.tuples(prices, plain_numbers), max_size=3)


@st.composite
def near_messages(draw: st.DrawFn) -> Any:
    """A message that is nearly one: fields of any kind and value, or a sound one with a field changed."""
    kind = draw(kinds)
    data: dict[str, Any] = {name: draw(plain_numbers) for name in "baBApq"}
    data.update(s="BTCUSDT", u=draw(ids), U=draw(ids), t=1, m=draw(st.booleans()))
    if kind.startswith("depth"):
        data["b"], data["a"] = draw(level_lists(plain_numbers)), draw(level_lists(plain_numbers))
    for name in draw(st.lists(names, max_size=2)):
        data[name] = draw(values)
    if draw(st.integers(0, 5)) == 0:
        return {"lastUpdateId": draw(ids), "bids": draw(values), "asks": draw(level_lists(plain_numbers))}
    return {"stream": f"btcusdt@{kind}", "data": draw(st.sampled_from([data, data, data, None, {}]))}


lines = st.one_of(
    st.builds(line, st.integers(START, START + 9), near_messages()),
    st.builds(line, st.sampled_from([START, START // 1000, 0, -1, 10**15, 2**64]), near_messages()),
    st.binary(max_size=60),
)


def opened(content: bytes, levels: bool) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "capture"
        path.write_bytes(content)
        binance.recognises(str(path))
        try:
            return binance.open_source(str(path), msgspec.structs.replace(CONFIG, source=SourceConfig(levels=levels)))
        except SourceError as error:
            return None if error.file == str(path) else pytest.fail(f"the error does not name the file: {error}")


def sound(source: Any) -> None:
    """What every tape has to be, whatever it was made of."""
    ticks = source.ticks
    assert ticks["kind"][0] == abi.NT_TICK_SESSION
    assert ticks["kind"][-1] == abi.NT_TICK_END
    assert (np.diff(ticks["ts_event"]) >= 0).all()
    quotes, trades = ticks[ticks["kind"] == abi.NT_TICK_QUOTE], ticks[ticks["kind"] == abi.NT_TICK_TRADE]
    levels = ticks[ticks["kind"] == abi.NT_TICK_LEVEL]
    for column in (quotes["bid_price"], quotes["ask_price"], trades["price"], trades["size"], levels["price"]):
        assert ((column >= 1) & (column <= RAW_MAX)).all()
    for column in (quotes["bid_size"], quotes["ask_size"], levels["size"]):
        assert ((column >= 0) & (column <= RAW_MAX)).all()
    assert set(trades["aggressor"].tolist()) | set(levels["aggressor"].tolist()) <= {1, 2}
    assert len(trades) == source.rows


@settings(max_examples=200, deadline=None)
@given(st.lists(lines, max_size=6), st.booleans())
def test_any_lines(parts: list[bytes], levels: bool) -> None:
    source = opened(b"\n".join(parts), levels)
    if source is not None:
        sound(source)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.builds(line, st.integers(START, START + 9), near_messages()), min_size=1, max_size=4), st.binary(max_size=8), st.data())
def test_damaged_compression(parts: list[bytes], patch: bytes, data: st.DataObject) -> None:
    content = gzip.compress(b"\n".join(parts))
    at = data.draw(st.integers(2, len(content)))
    source = opened(content[:at] + patch + content[at + len(patch) + data.draw(st.integers(0, 2)) :], True)
    if source is not None:
        sound(source)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(plain_numbers, plain_numbers, plain_numbers, plain_numbers), min_size=1, max_size=8))
def test_quotes_are_exact(quotes: list[tuple[str, str, str, str]]) -> None:
    content = b"\n".join(
        line(START, {"stream": "btcusdt@bookTicker", "data": dict(zip(("s", "b", "a", "B", "A"), ("BTCUSDT", *q), strict=True))})
        for q in quotes
    )
    source = opened(content, False)
    if any(Decimal(price) == 0 for quote in quotes for price in quote[:2]):
        assert source is None
        return
    if source is None:
        assert max(Decimal(number) for quote in quotes for number in quote).scaleb(6) > RAW_MAX // 2
        return
    sound(source)
    instrument = source.instruments["BTCUSDT"]
    places = [instrument.price_decimals] * 2 + [instrument.quantity_decimals] * 2
    found = source.ticks[1:-1]
    for index, quote in enumerate(quotes):
        row = [int(found[name][index]) for name in ("bid_price", "ask_price", "bid_size", "ask_size")]
        assert [Decimal(raw).scaleb(-place) for raw, place in zip(row, places, strict=True)] == [Decimal(number) for number in quote]
    for numbers, step in (((0, 1), instrument.tick_size), ((2, 3), instrument.lot_size)):
        assert all(Decimal(quote[number]) % Decimal(str(step)) == 0 for quote in quotes for number in numbers)
        if Decimal(str(step)) < 1:
            assert any(Decimal(quote[number]) % (10 * Decimal(str(step))) for quote in quotes for number in numbers)


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, max_size=8))
def test_decimal_texts(numbers: list[str]) -> None:
    sound_ones = [number.replace('"', "") for number in numbers]
    plain = [
        number.isascii() and number.replace(".", "", 1).isdigit() and not number.startswith(".") and not number.endswith(".")
        for number in numbers
    ]
    try:
        found = decimals(numbers)
    except BadNumberError as error:
        if plain[error.index] and not all(plain):
            pytest.fail(f"{numbers[error.index]!r} is a number")
        return
    assert all(plain)
    assert [Decimal(int(raw)).scaleb(-found.places) for raw in found.raw] == [Decimal(number) for number in sound_ones]
