"""The book of an instrument, as a client sees it."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from support import COIN, TEST, Market, config_of, until

import neural_trader as nt
from neural_trader.config import Config, VenueConfig
from neural_trader.errors import NoData, NotFound

UPDATE = [("BUY", 999.75, 10), ("BUY", 999.5, 20), ("SELL", 1000, 5), ("SELL", 1000.5, 15), ("BUY", 999.0, 7)]


def test_levels_come_best_first(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.clear()
        market.levels(42, UPDATE)
        book = client.book("TEST")
        assert book.bids.dtype == np.float64
        assert book.bids.tolist() == [[999.75, 10], [999.5, 20], [999, 7]]
        assert book.asks.tolist() == [[1000, 5], [1000.5, 15]]
        assert (book.update_id, book.stale, book.crossed, book.inexact) == (42, False, False, False)
        assert repr(book) == "Book(bid=999.75 x 10, ask=1000 x 5, levels=3/2)"
        quote = client.quote("TEST")
        assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (999.75, 10, 1000, 5)
        assert quote.ts_event == book.ts_event > 0
        market.levels(43, [("BUY", 999.75, 0), ("SELL", 1000, 3)])
        book = client.book("TEST")
        assert book.bids.tolist() == [[999.5, 20], [999, 7]]
        assert book.asks.tolist() == [[1000, 3], [1000.5, 15]]
        assert book.update_id == 43
        assert book.raw["bid_prices"][0] == 99950


def test_ten_of_many_levels(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.clear()
        market.levels(1, [("SELL", 1000 + 0.25 * i, i + 1) for i in range(25)])
        book = client.book("TEST")
        assert book.bids.shape == (0, 2)
        assert book.asks.tolist() == [[1000 + 0.25 * i, i + 1] for i in range(10)]
        assert repr(book) == "Book(bid=none, ask=1000 x 1, levels=0/10)"
        market.levels(2, [("SELL", 1000 + 0.25 * i, 0) for i in range(12)])
        assert client.book("TEST").asks[0].tolist() == [1003, 13]


def test_decimals_are_the_instruments(kernel_name: str) -> None:
    config: Config = config_of(kernel_name, instruments={"TEST": TEST, "COIN": COIN})
    with Market(config) as market, market.client() as client:
        market.clear("COIN")
        market.levels(1, [("BUY", 50_000.01, 0.125)], "COIN")
        assert client.book("COIN").bids.tolist() == [[50_000.01, 0.125]]
        with pytest.raises(NoData, match="no level of TEST has come yet"):
            client.book("TEST")
        market.quote(999.75, 1000)
        with pytest.raises(NoData):
            client.book("TEST")
        with pytest.raises(NotFound):
            client.book("OTHER")


def test_a_crossed_book_says_so(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.clear()
        market.levels(1, UPDATE)
        market.levels(2, [("BUY", 1000, 1)])
        book = client.book("TEST")
        assert book.crossed
        assert repr(book).endswith(", crossed)")


def test_before_a_clear_a_book_is_stale(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client() as client:
        market.quote(500, 500.25)
        market.levels(1, UPDATE)
        assert client.book("TEST").stale
        assert client.quote("TEST").bid == 500
        market.clear()
        assert np.isnan(client.quote("TEST").bid)


def test_an_order_walks_the_levels(kernel_name: str) -> None:
    config = msgspec.structs.replace(config_of(kernel_name), venue=VenueConfig(fill_model="queue", slippage_ticks=0))
    with Market(config) as market, market.client() as client:
        market.clear()
        market.levels(1, UPDATE)
        client.submit("TEST", "BUY", 12)
        fills: list[tuple[float, float]] = []
        until(
            lambda: fills.extend((r.last_price, r.last_quantity) for r in client.poll().reports if r.kind == "TRADE") or len(fills) > 1,
            "the fills",
        )
        assert fills == [(1000, 5), (1000.5, 7)]


def test_it_is_part_of_the_package() -> None:
    assert nt.Book.__name__ in nt.__all__
