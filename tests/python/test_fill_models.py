"""The paper venue's fill models through the configuration: the same market, other fills."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from support import Market, answer, config_of

from neural_trader.config import Config, VenueConfig
from neural_trader.result import venue_assumptions


def modelled(kernel_name: str, fill_model: Any, slippage_ticks: int = 0) -> Config:
    config = config_of(kernel_name)
    return msgspec.structs.replace(config, venue=VenueConfig(fill_model=fill_model, slippage_ticks=slippage_ticks))


@pytest.mark.parametrize("slippage_ticks", [0, 2])
def test_a_taker_fills_at_the_quote(kernel_name: str, slippage_ticks: int) -> None:
    with Market(modelled(kernel_name, "queue", slippage_ticks)) as market, market.client() as client:
        market.quote(999.75, 1000, size=3)
        order_id = client.submit("TEST", "BUY", 5)
        report = answer(client, order_id, "TRADE")
        assert (report.last_price, report.last_quantity) == (1000 + 0.25 * slippage_ticks, 3)
        market.quote(999.75, 1000.25, size=3)
        report = answer(client, order_id, "TRADE")
        assert (report.last_price, report.last_quantity, report.status) == (1000.25 + 0.25 * slippage_ticks, 2, "FILLED")


@pytest.mark.parametrize(("fill_model", "ahead"), [("queue", 10), ("probabilistic", 6)])
def test_a_resting_order_waits_in_its_queue(kernel_name: str, fill_model: str, ahead: int) -> None:
    with Market(modelled(kernel_name, fill_model)) as market, market.client() as client:
        market.quote(999.75, 1000, size=10)
        order_id = client.submit("TEST", "BUY", 1, 999.75)
        assert answer(client, order_id).status == "NEW"
        market.quote(999.75, 1000, size=20)
        market.quote(999.75, 1000, size=12)
        market.trade(999.75, ahead, "SELL")
        assert client.poll().reports == []
        market.trade(999.75, 1, "SELL")
        assert answer(client, order_id).status == "FILLED"


def test_the_conservative_model_does_not_fill_at_a_quote(kernel_name: str) -> None:
    with Market(modelled(kernel_name, "conservative")) as market, market.client() as client:
        market.quote(999.75, 1000)
        order_id = client.submit("TEST", "BUY", 1)
        assert answer(client, order_id).status == "NEW"
        market.quote(999.75, 1000)
        assert client.poll().reports == []
        market.trade(1000, side="BUY")
        assert answer(client, order_id).status == "FILLED"


def test_every_model_says_what_it_assumes() -> None:
    said = {model: tuple(venue_assumptions(modelled("x", model))) for model in ("conservative", "queue", "probabilistic")}
    assert len(set(said.values())) == 3
    assert "fills at its print" in said["conservative"][1]
    assert "waits behind the size displayed" in said["queue"][2]
