"""Order types through the client: each goes to the venue and back, and what does not fit together is refused before it is sent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from support import Market, answer, config_of

from neural_trader.client import Client
from neural_trader.errors import InvalidArgument


@pytest.fixture
def market(kernel_name: str) -> Iterator[Market]:
    with Market(config_of(kernel_name)) as market:
        market.trade(1000)
        yield market


@pytest.fixture
def client(market: Market) -> Iterator[Client]:
    with market.client() as client:
        yield client


def gather(client: Client, count: int) -> list[tuple[int, str, str | None]]:
    """The next reports of all orders: id, kind, reason."""
    reports = []
    deadline = time.monotonic() + 20
    while len(reports) < count:
        assert time.monotonic() < deadline, reports
        reports += [(report.order_id, report.kind, report.reason) for report in client.poll(timeout_s=0.1).reports]
    return reports


def test_a_stop_becomes_a_market_order(market: Market, client: Client) -> None:
    order_id = client.submit("TEST", "BUY", 1, trigger_price=1002)
    assert answer(client, order_id).status == "NEW"
    market.trade(1001)
    market.trade(1002)
    assert answer(client, order_id).kind == "TRIGGERED"
    market.trade(1003)
    report = answer(client, order_id)
    assert (report.kind, report.status, report.last_price) == ("TRADE", "FILLED", 1003.25)


def test_a_stop_limit_and_an_if_touched(market: Market, client: Client) -> None:
    limit = client.submit("TEST", "SELL", 1, 997, trigger_price=998)
    touched = client.submit("TEST", "BUY", 1, order_type="MARKET_IF_TOUCHED", trigger_price=999)
    assert answer(client, touched, "NEW").order_id == touched
    market.trade(999, side="SELL")
    assert answer(client, touched, "TRIGGERED").kind == "TRIGGERED"
    market.trade(998, side="SELL")
    assert answer(client, limit, "TRIGGERED").kind == "TRIGGERED"
    market.trade(999, side="BUY")
    report = answer(client, limit, "TRADE")  # marketable when it was triggered: it takes, a tick worse
    assert report.last_price == 998.75


def test_a_trailing_stop_follows(market: Market, client: Client) -> None:
    order_id = client.submit("TEST", "SELL", 1, trailing_offset=2)
    assert answer(client, order_id).status == "NEW"
    for price in (1005, 1003.25):
        market.trade(price)
    assert client.poll().reports == []
    market.trade(1003)
    assert answer(client, order_id).kind == "TRIGGERED"


def test_gtd_ends(market: Market, client: Client) -> None:
    order_id = client.submit("TEST", "BUY", 1, 990, time_in_force="GTD", expire_ns=client.now_ns + 30_000_000)
    assert answer(client, order_id).status == "NEW"
    report = answer(client, order_id)
    assert (report.status, report.reason) == ("EXPIRED", "EXPIRE_TIME")
    past = client.submit("TEST", "BUY", 1, 990, time_in_force="GTD", expire_ns=1)
    assert answer(client, past).reason == "EXPIRE_TIME_IN_PAST"


def test_post_only_and_reduce_only(client: Client) -> None:
    crosses = client.submit("TEST", "BUY", 1, 1000, post_only=True)
    report = answer(client, crosses)
    assert (report.reason, report.observed, report.limit) == ("POST_ONLY_WOULD_CROSS", "1000", "1000")
    assert answer(client, client.submit("TEST", "BUY", 1, 999, post_only=True)).status == "NEW"
    flat = client.submit("TEST", "SELL", 1, 1001, reduce_only=True)
    report = answer(client, flat)
    assert (report.reason, report.observed, report.limit) == ("REDUCE_ONLY_WOULD_INCREASE_POSITION", "1", "0")


def test_an_iceberg_trades_in_slices(market: Market, client: Client) -> None:
    order_id = client.submit("TEST", "BUY", 5, 990, display_quantity=2)
    assert answer(client, order_id).status == "NEW"
    sizes = []
    for _ in range(3):
        market.trade(989, side="SELL")
        sizes.append(answer(client, order_id).last_quantity)
    assert sizes == [2, 2, 1]


def test_one_cancels_the_other(market: Market, client: Client) -> None:
    first = client.submit("TEST", "BUY", 1, 990)
    second = client.submit("TEST", "BUY", 1, trigger_price=1010, oco=first)
    assert answer(client, second).status == "NEW"
    market.trade(989, side="SELL")
    assert gather(client, 2) == [(first, "TRADE", None), (second, "CANCELED", "LINKED_ORDER")]


def test_a_bracket(market: Market, client: Client) -> None:
    entry = client.submit("TEST", "BUY", 2, 990)
    profit = client.submit("TEST", "SELL", 2, 995, bracket=entry)
    stop = client.submit("TEST", "SELL", 2, trigger_price=985, bracket=entry)
    assert answer(client, stop).status == "NEW"
    market.trade(996)
    assert client.poll().reports == []
    market.trade(989, side="SELL")
    assert answer(client, entry, "TRADE").status == "FILLED"
    market.trade(996)
    assert gather(client, 2) == [(profit, "TRADE", None), (stop, "CANCELED", "LINKED_ORDER")]
    assert client.position("TEST").quantity == 0


def test_a_trigger_is_replaced(market: Market, client: Client) -> None:
    order_id = client.submit("TEST", "BUY", 1, trigger_price=1010)
    assert answer(client, order_id).status == "NEW"
    client.replace(order_id, trigger_price=1001)
    assert answer(client, order_id).kind == "REPLACED"
    market.trade(1001)
    assert answer(client, order_id).kind == "TRIGGERED"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"order_type": "PEGGED"}, "order_type 'PEGGED' is not one of MARKET, LIMIT, STOP"),
        ({"order_type": "LIMIT"}, "a LIMIT order needs a price"),
        ({"order_type": "STOP"}, "a STOP order needs a trigger_price"),
        ({"order_type": "STOP", "trigger_price": 1, "price": 1}, "a STOP order takes no price"),
        ({"order_type": "MARKET", "trigger_price": 1}, "a MARKET order takes no trigger_price"),
        ({"order_type": "TRAILING_STOP"}, "a TRAILING_STOP order needs a trailing_offset"),
        ({"time_in_force": "GTD", "price": 990}, "go together"),
        ({"expire_ns": 5, "price": 990}, "go together"),
        ({"time_in_force": "GTD", "price": 990, "expire_ns": -5}, "expire_ns -5 is not a whole number"),
        ({"oco": 1, "bracket": 1}, "not by both"),
        ({"oco": 0}, "oco 0 is not a whole number"),
        ({"bracket": "1"}, "bracket '1' is not a whole number"),
        ({"trigger_price": "x"}, "x"),
        ({"display_quantity": float("nan"), "price": 990}, "nan"),
    ],
)
def test_what_does_not_fit_together_is_not_sent(client: Client, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidArgument, match=text):
        client.submit("TEST", "BUY", 1, **arguments)
    assert client.submit("TEST", "BUY", 1, 990) == 1  # no id was used up
    assert client.execute("TEST", "BUY", 1, 991).status == "NEW"  # and nothing of it sticks to the next order
