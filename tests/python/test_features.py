"""Streaming features through the ABI against their definitions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference_features import NAMES, OF_QUOTES, FeatureHistory

from neural_trader._native import abi, ffi, lib
from neural_trader.config import Config
from neural_trader.sources import open_source

TICK_SIZE = 25
TICKS = 3000


def open_kernel() -> Iterator[int]:
    """A private kernel with one instrument, on the tape's clock."""
    handle, error = ffi.new("uint32_t *"), ffi.new("nt_error *")
    config = ffi.new("nt_kernel_config *", {"clock": abi.NT_CLOCK_TAPE, "instruments": 2, "accounts": 1})
    assert lib.nt_kernel_create(config, handle, error) == 0, ffi.string(error.text)
    instrument = {
        "symbol": b"ES",
        "currency": b"USD",
        "price_decimals": 2,
        "tick_size": TICK_SIZE,
        "lot_size": 1,
        "minimum_quantity": 1,
        "maximum_price": 10_000_000,
        "initial_session": abi.NT_SESSION_OPEN,
    }
    assert lib.nt_kernel_add_instrument(handle[0], ffi.new("nt_instrument *", instrument)) == 0
    yield handle[0]
    lib.nt_close(handle[0])


kernel = pytest.fixture(open_kernel, name="kernel")
other_kernel = pytest.fixture(open_kernel, name="other_kernel")


def make_ticks(kind: str, seed: int) -> NDArray[Any]:
    """Trades without sides, trades with sides, or quotes and trades."""
    random = np.random.default_rng(seed)
    ticks = np.zeros(TICKS, abi.NT_TICK)
    gaps = np.where(random.random(TICKS) < 0.6, 0, random.exponential(3e8, TICKS))
    ticks["ts_event"] = ticks["ts_recv"] = 1_378_058_400_000_000_000 + np.cumsum(gaps.astype(np.int64))
    mids = 164_000 + TICK_SIZE * np.cumsum(random.integers(-1, 2, TICKS) * (random.random(TICKS) < 0.2))
    quote = (random.random(TICKS) < 0.6) & (kind == "quotes")
    ticks["kind"] = np.where(quote, abi.NT_TICK_QUOTE, abi.NT_TICK_TRADE)
    for name, values in {
        "bid_price": mids - TICK_SIZE * random.integers(0, 3, TICKS),
        "ask_price": mids + TICK_SIZE * random.integers(1, 3, TICKS),
        "bid_size": random.integers(0, 300, TICKS),
        "ask_size": random.integers(0, 300, TICKS),
    }.items():
        ticks[name][quote] = values[quote]
    for name, values in {
        "price": mids + TICK_SIZE * random.integers(0, 2, TICKS),
        "size": random.integers(1, 40, TICKS),
        "aggressor": random.integers(1, 3, TICKS) if kind == "sides" else random.integers(0, 3, TICKS) * (kind == "quotes"),
    }.items():
        ticks[name][~quote] = values[~quote]
    return ticks


def take(history: FeatureHistory, tick: Any) -> None:
    if tick["kind"] == abi.NT_TICK_QUOTE:
        history.quote(*(int(tick[name]) for name in ("ts_event", "bid_price", "ask_price", "bid_size", "ask_size")))
    elif tick["kind"] in (abi.NT_TICK_SESSION, abi.NT_TICK_GAP):
        history.resume()
    else:
        history.trade(*(int(tick[name]) for name in ("ts_event", "price", "size", "aggressor")))


def read(kernel: int) -> dict[str, float]:
    values = ffi.new("double[]", len(NAMES))
    assert lib.nt_read_features(kernel, 0, values, len(NAMES)) == len(NAMES)
    return dict(zip(NAMES, values, strict=True))


@pytest.mark.parametrize("kind", ["trades", "sides", "quotes"])
def test_features_are_what_their_definitions_say(kernel: int, kind: str) -> None:
    ticks = make_ticks(kind, seed=4)
    history = FeatureHistory(TICK_SIZE)
    done = 0
    for until in (1, 2, 3, 5, 10, 40, 200, 999, 2000, TICKS):
        replay(kernel, ticks[done:until])
        for tick in ticks[done:until]:
            take(history, tick)
        done = until
        found, expected = read(kernel), history.values()
        for name in NAMES:
            assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), (name, until)
    missing = {name for name, value in read(kernel).items() if math.isnan(value)}
    of_quotes = {*OF_QUOTES, "trade_share"}
    assert missing == {"trades": of_quotes, "sides": of_quotes, "quotes": set()}[kind]


def with_breaks(ticks: NDArray[Any]) -> NDArray[Any]:
    """Sessions that open, and gaps, one after the other too; hours pass and prices jump over most of them."""
    made = ticks.copy()
    for number, (at, kind) in enumerate(((1, "s"), (2, "g"), (300, "s"), (301, "g"), (700, "g"), (1500, "s"), (1501, "s"), (2600, "g"))):
        tick = np.zeros(1, abi.NT_TICK)
        tick["ts_event"] = made["ts_event"][at]
        tick["kind"] = abi.NT_TICK_SESSION if kind == "s" else abi.NT_TICK_GAP
        tick["price"] = abi.NT_SESSION_OPEN if kind == "s" else 0
        tick["size"] = 16000 + number if kind == "s" else 0
        tick["instrument"] = abi.NT_NONE if kind == "g" and number % 2 else 0
        rest = made[at:].copy()
        rest["ts_event"] += 7_200_000_000_000 * (number % 3)
        jump = TICK_SIZE * (37 - 20 * (number % 4))
        trade = rest["kind"] == abi.NT_TICK_TRADE
        quote = rest["kind"] == abi.NT_TICK_QUOTE
        rest["price"][trade] += jump
        rest["bid_price"][quote] += jump
        rest["ask_price"][quote] += jump
        longer = np.zeros(len(made) + 1, abi.NT_TICK)  # concatenate would lay the record's fields out anew
        longer[:at], longer[at : at + 1], longer[at + 1 :] = made[:at], tick, rest
        made = longer
    return made


@pytest.mark.parametrize("kind", ["trades", "sides", "quotes"])
def test_features_begin_anew_after_a_break(kernel: int, kind: str) -> None:
    ticks = with_breaks(make_ticks(kind, seed=8))
    history = FeatureHistory(TICK_SIZE)
    done = 0
    for until in (
        1,
        2,
        3,
        4,
        5,
        6,
        9,
        302,
        303,
        304,
        305,
        306,
        307,
        320,
        705,
        706,
        707,
        900,
        1506,
        1508,
        1509,
        1512,
        2000,
        2608,
        2700,
        len(ticks),
    ):
        replay(kernel, ticks[done:until])
        for tick in ticks[done:until]:
            take(history, tick)
        done = until
        found, expected = read(kernel), history.values()
        for name in NAMES:
            assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), (name, until)


def replay(kernel: int, ticks: NDArray[Any]) -> None:
    position = 0
    while position < len(ticks):
        taken = lib.nt_kernel_replay(kernel, ffi.cast("nt_tick *", ticks[position:].ctypes.data), len(ticks) - position)
        assert taken > 0
        position += taken


def test_features_of_the_sample_are_what_their_definitions_say(kernel: int) -> None:
    ticks = open_source("sample:es-2013-09:12000", Config(name="features")).ticks
    ticks = ticks[ticks["kind"] == abi.NT_TICK_TRADE]
    history = FeatureHistory(TICK_SIZE)
    seen = []
    done = 0
    for until in (10, 300, 4000, 7001, 7002, 9500, len(ticks)):
        replay(kernel, ticks[done:until])
        for tick in ticks[done:until]:
            take(history, tick)
        done = until
        found, expected = read(kernel), history.values()
        for name in NAMES:
            assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True), (name, until)
        seen.append(found)
    of_trades = set(NAMES) - {*OF_QUOTES, "trade_share"}
    assert {name for name in NAMES if not math.isnan(seen[-1][name])} == of_trades
    assert {name for name in of_trades if len({found[name] for found in seen}) > 1} == of_trades


def test_what_comes_later_does_not_change_features(kernel: int, other_kernel: int) -> None:
    ticks = make_ticks("quotes", seed=5)
    other = make_ticks("quotes", seed=6)
    other[:500] = ticks[:500]
    other["ts_event"][500:] = other["ts_recv"][500:] = ticks["ts_event"][500:]
    before, after = [], []
    for rows, seen, number in ((ticks, before, kernel), (other, after, other_kernel)):
        for tick in range(600):
            replay(number, rows[tick : tick + 1])
            seen.append(bytes(np.array(list(read(number).values()))))
    assert before[:500] == after[:500]
    assert before[599] != after[599]


def test_names_are_in_the_order_of_the_values() -> None:
    name = ffi.new("char[32]")
    for index, expected in enumerate(NAMES):
        assert lib.nt_feature_name(index, name, 32) == 0
        assert ffi.string(name).decode() == expected
    assert lib.nt_feature_name(len(NAMES), name, 32) == abi.NT_ERR_INVALID
    assert lib.nt_feature_name(0, name, 4) == abi.NT_ERR_INVALID


def test_no_features_before_the_first_tick(kernel: int) -> None:
    values = ffi.new("double[]", len(NAMES))
    assert lib.nt_kernel_run(kernel, 1) == 0  # the tables are closed and published
    assert lib.nt_read_features(kernel, 0, values, len(NAMES)) == abi.NT_ERR_NO_DATA
    assert lib.nt_read_features(kernel, 1, values, len(NAMES)) == abi.NT_ERR_NOT_FOUND
    assert lib.nt_read_features(kernel, 0, ffi.NULL, len(NAMES)) == abi.NT_ERR_INVALID
    assert lib.nt_read_features(kernel, 0, values, 0) == abi.NT_ERR_INVALID
