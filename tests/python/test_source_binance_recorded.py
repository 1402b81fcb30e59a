"""Recorded captures of Binance streams: quotes and trades are those of the file, depth gives the quotes of the same update."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from recorded import recorded_or_skip

from neural_trader._native import abi
from neural_trader.client import Client
from neural_trader.config import Config, VenueConfig
from neural_trader.instruments import Instrument
from neural_trader.kernel import Kernel
from neural_trader.records import Ticks
from neural_trader.sources import binance, open_source
from neural_trader.strategy import Strategy

CONFIG = Config(name="test")
QUOTE, TRADE, GAP, LEVEL, CLEAR = (
    abi.NT_TICK_QUOTE,
    abi.NT_TICK_TRADE,
    abi.NT_TICK_GAP,
    abi.NT_TICK_LEVEL,
    abi.NT_TICK_BOOK_CLEAR,
)


def messages(path: Path) -> Iterator[dict[str, Any]]:
    """The messages of a capture, by the plain means of the standard library."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line.partition(" ")[2])


def expected_counts(path: Path) -> Counter[str]:
    """Messages by kind; trades that match no orders are of a kind of their own."""
    counts: Counter[str] = Counter()
    for message in messages(path):
        data = message.get("data", {})
        counts[message.get("stream", "@snapshot").split("@")[1] if data.get("X", "MARKET") == "MARKET" else "other trade"] += 1
    return counts


def config_for(path: Path) -> Config:
    if "perp" not in path.name:
        return CONFIG
    perpetual = Instrument(tick_size=Decimal("0.1"), currency="USD", max_price=2_000_000)
    return Config(name="test", instruments={"BTCUSD_PERP": perpetual})


@pytest.mark.parametrize(
    "name",
    [
        "spot_btcusdt_20230405.dat.gz",
        "spot_btcusdt_20240808.gz",
        "spot_btcusdt_20240809.gz",
        "spot_ethusdt_20240808.gz",
        "usdm_btcusdt_20240808.gz",
        "cm_btcusd_perp_20240808.gz",
    ],
)
def test_recorded_quotes_and_trades_are_those_of_the_file(name: str) -> None:
    path = recorded_or_skip(f"hftbacktest/{name}")
    source = open_source(str(path), config_for(path))
    instrument = source.instruments[source.symbols[0]]
    ticks = source.ticks
    price, size = Decimal(1).scaleb(-instrument.price_decimals), Decimal(1).scaleb(-instrument.quantity_decimals)
    expected: list[tuple[int, ...]] = []
    for message in messages(path):
        kind, data = message.get("stream", "").partition("@")[2], message.get("data", {})
        if kind == "bookTicker":
            expected.append(
                (QUOTE, *(int(Decimal(data[key]) / unit) for key, unit in zip("baBA", (price, price, size, size), strict=True)))
            )
        elif kind == "trade" and data.get("X", "MARKET") == "MARKET":
            expected.append((TRADE, int(Decimal(data["p"]) / price), int(Decimal(data["q"]) / size), data["t"], 2 if data["m"] else 1))
    found = ticks[(ticks["kind"] == QUOTE) | (ticks["kind"] == TRADE)]
    columns = (found[field].astype(np.int64).tolist() for field in ("kind", "bid_price", "ask_price", "bid_size", "ask_size"))
    assert list(zip(*columns, strict=True)) == expected
    counts = expected_counts(path)
    assert source.rows == counts["trade"]
    assert not (ticks["kind"] == GAP).any()
    assert (np.diff(ticks["ts_event"]) >= 0).all()
    assert instrument.tick_size in ({Decimal("0.01")} if name.startswith("spot") else {Decimal("0.1")})


def book_tops(ticks: Any) -> dict[int, tuple[tuple[int, int], tuple[int, int]]]:
    """Best bid and ask (price, size) after each update id, from the ticks alone."""
    books: tuple[dict[int, int], dict[int, int]] = ({}, {})
    tops: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}
    depth = ticks[(ticks["kind"] == LEVEL) | (ticks["kind"] == CLEAR)]
    columns = [depth[name].astype(np.int64).tolist() for name in ("kind", "price", "size", "trade_id", "aggressor")]
    last = None
    for kind, price, size, update, side in zip(*columns, strict=True):
        if last not in (None, update) and books[0] and books[1]:
            bid, ask = max(books[0]), min(books[1])
            tops[last] = ((bid, books[0][bid]), (ask, books[1][ask]))
        last = update
        if kind == CLEAR:
            books[0].clear()
            books[1].clear()
        elif size:
            books[side - 1][price] = size
        else:
            books[side - 1].pop(price, None)
    return tops


def with_levels(config: Config) -> Config:
    return msgspec.structs.replace(config, source=msgspec.structs.replace(config.source, levels=True))


@pytest.mark.parametrize(
    ("name", "updates"),
    [
        ("spot_btcusdt_20240808.gz", 564),
        ("spot_ethusdt_20240808.gz", 577),
        ("usdm_btcusdt_20240808.gz", 629),
        ("cm_btcusd_perp_20240808.gz", 1124),
    ],
)
def test_recorded_depth_gives_the_quotes_of_the_same_update(name: str, updates: int) -> None:
    path = recorded_or_skip(f"hftbacktest/{name}")
    source = binance.open_source(str(path), with_levels(config_for(path)))
    instrument = source.instruments[source.symbols[0]]
    price, size = Decimal(1).scaleb(-instrument.price_decimals), Decimal(1).scaleb(-instrument.quantity_decimals)
    tops = book_tops(source.ticks)
    compared = equal = 0
    for message in messages(path):
        if message.get("stream", "").endswith("@bookTicker") and (top := tops.get(message["data"]["u"])) is not None:
            data = message["data"]
            bid, ask = ((int(Decimal(data[p]) / price), int(Decimal(data[q]) / size)) for p, q in ("bB", "aA"))
            compared += 1
            equal += top == (bid, ask)
    assert (compared, equal) == (updates, updates)


class Tops(Strategy):
    """The best levels of the core's book after each slice, by update id."""

    symbol: str

    def on_start(self, client: Client) -> None:
        self.found: dict[int, tuple[tuple[int, int], tuple[int, int]]] = {}
        self.stale = 0

    def on_ticks(self, client: Client, ticks: Ticks) -> None:
        if abi.NT_TICK_LEVEL not in ticks.raw["kind"]:
            return
        book = client.book(self.symbol)
        self.stale += book.stale
        raw = book.raw
        self.found[book.update_id] = (
            (int(raw["bid_prices"][0]), int(raw["bid_sizes"][0])),
            (int(raw["ask_prices"][0]), int(raw["ask_sizes"][0])),
        )


@pytest.mark.parametrize(("name", "updates"), [("spot_btcusdt_20240808.gz", 564), ("usdm_btcusdt_20240808.gz", 629)])
def test_the_book_of_the_core_is_the_book_of_the_exchange(name: str, updates: int) -> None:
    path = recorded_or_skip(f"hftbacktest/{name}")
    config = with_levels(config_for(path))
    source = binance.open_source(str(path), config)
    symbol = source.symbols[0]
    instrument = source.instruments[symbol]
    price, size = Decimal(1).scaleb(-instrument.price_decimals), Decimal(1).scaleb(-instrument.quantity_decimals)
    strategy = Tops(symbol=symbol)
    with Kernel(config, private=True) as kernel:
        kernel.run(source, strategy)
    equal = compared = 0
    for message in messages(path):
        if message.get("stream", "").endswith("@bookTicker") and (top := strategy.found.get(message["data"]["u"])) is not None:
            data = message["data"]
            compared += 1
            equal += top == tuple((int(Decimal(data[p]) / price), int(Decimal(data[q]) / size)) for p, q in ("bB", "aA"))
    assert (compared, equal, strategy.stale) == (updates, updates, 0)


def test_measured_latency_of_a_recording() -> None:
    path = recorded_or_skip("hftbacktest/usdm_btcusdt_20240808.gz")
    plain = config_for(path)
    config = msgspec.structs.replace(plain, venue=VenueConfig(latency="measured", latency_in_us=1000, latency_out_us=500))
    ticks = binance.open_source(str(path), config).ticks
    told = ticks[ticks["kind"] == abi.NT_TICK_LATENCY]
    assert (ticks["ts_event"][1:] >= ticks["ts_event"][:-1]).all()
    assert (told["price"] - told["size"] == 500_000).all()
    excess: dict[int, list[int]] = {}
    for message, stamp in zip(messages(path), stamps(path), strict=True):
        if message.get("stream", "").endswith("@trade") and message["data"]["X"] == "MARKET":
            excess.setdefault(stamp // 10**9, []).append(stamp - message["data"]["E"] * 10**6)
    least = min(min(values) for values in excess.values())
    expected = {second + 1: int(np.median(np.array(values) - least)) + 1_000_000 for second, values in excess.items()}
    found = dict(zip((told["ts_event"] // 10**9).tolist(), told["price"].tolist(), strict=True))
    assert found == {second: latency for second, latency in expected.items() if second * 10**9 <= ticks["ts_event"][-1]}
    assert len(found) > 100
    assert not (binance.open_source(str(path), plain).ticks["kind"] == abi.NT_TICK_LATENCY).any()


def stamps(path: Path) -> Iterator[int]:
    """Receive times in ns, none before the one before it."""
    last = 0
    with gzip.open(path, "rt") as lines:
        for line in lines:
            text = line.partition(" ")[0]
            last = max(last, int(text) * (1000 if len(text) == 16 else 1))
            yield last
