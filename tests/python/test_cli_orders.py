"""`neural-trader orders`."""

from __future__ import annotations

import os

from running import command, one_object
from support import Market, config_of, until

from neural_trader.config import Limits


def test_what_is_under_way_is_shown_and_follows_the_orders(kernel_name: str) -> None:
    with Market(config_of(kernel_name, limits=Limits(max_order_quantity=5))) as market, market.client("alice") as client:
        market.trade(1000)
        empty = one_object(command("orders", kernel_name, "--json"))
        assert (empty["accepted"], empty["working"], empty["accounts"][0]["open_orders"]) == (0, [], 0)
        kept = [client.execute("TEST", "BUY", quantity, 900) for quantity in (2, 3)]
        client.execute("TEST", "SELL", 4, 1100)
        assert client.execute("TEST", "SELL", 6, 1100).status == "DENIED"
        answer = one_object(command("orders", kernel_name, "--json"))
        assert (answer["accepted"], answer["denied"]) == (3, {"QUANTITY_EXCEEDS_MAXIMUM": 1})
        assert answer["accounts"] == [{"account": "main", "state": "ACTIVE", "state_reason": None, "open_orders": 3}]
        assert answer["working"] == [{"account": "main", "symbol": "TEST", "buy": 5, "sell": 4}]
        (row,) = answer["clients"]
        assert (row["client"], row["pid"], row["orders_taken"], row["orders_waiting"]) == ("alice", os.getpid(), 4, 0)
        assert row["reports_pushed"] == 4
        done = command("orders", kernel_name)
        assert done.returncode == 0
        lines = [line.split() for line in done.stdout.splitlines()]
        assert "3 accepted, 1 denied (QUANTITY_EXCEEDS_MAXIMUM 1), 0 rejected" in done.stdout
        assert ["main", "ACTIVE", "3"] in lines
        assert ["main", "TEST", "5", "4"] in lines
        clients = [line[:-1] for line in lines if line[:2] == ["alice", str(os.getpid())]]
        assert clients == [["alice", str(os.getpid()), "4", "0", str(row["last_client_order_id"]), "4"]]
        client.cancel(kept[0].order_id)
        while client.orders() and any(order.id == kept[0].order_id for order in client.orders()):
            client.poll(timeout_s=0.1)
        after = one_object(command("orders", kernel_name, "--json"))
        assert (after["cancels"], after["accounts"][0]["open_orders"], after["working"][0]["buy"]) == (1, 2, 3)
        for _ in range(3):
            client.submit("TEST", "BUY", 1, 900)
        until(lambda: market.counters().orders_accepted == 6, "the orders")
        (row,) = one_object(command("orders", kernel_name, "--json"))["clients"]
        assert row["reports_waiting"] >= 3  # nobody has polled them


def test_a_kernel_without_orders_or_clients_is_short(kernel_name: str) -> None:
    with Market(config_of(kernel_name)):
        done = command("orders", kernel_name)
    assert done.returncode == 0
    assert "working" not in done.stdout
    assert "client" not in done.stdout


def test_no_such_kernel(kernel_name: str) -> None:
    done = command("orders", kernel_name)
    assert done.returncode == 1
    assert f"no kernel named {kernel_name} runs here" in done.stderr
    assert done.stdout == ""
    assert command("orders").returncode == 2
    assert "neural-trader orders es-paper --json" in command("orders", "--help").stdout


def test_every_order_that_works_is_listed(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client("alice") as alice, market.client("bob") as bob:
        market.trade(1000)
        first = alice.execute("TEST", "BUY", 2, 900)
        second = bob.submit("TEST", "SELL", 3, trigger_price=950, order_type="STOP", time_in_force="GTC")
        until(lambda: market.counters().orders_accepted == 2 and [r for r in bob.poll(timeout_s=0.01).reports if r.kind == "NEW"], "it")
        orders = {order["client"]: order for order in one_object(command("orders", kernel_name, "--json"))["orders"]}
        assert orders["alice"] == {
            "client": "alice",
            "order_id": first.order_id,
            "account": "main",
            "symbol": "TEST",
            "side": "BUY",
            "type": "LIMIT",
            "leaves_quantity": 2,
            "price": 900,
            "trigger_price": None,
            "time_in_force": "DAY",
            "status": "NEW",
        }
        assert (orders["bob"]["order_id"], orders["bob"]["type"], orders["bob"]["price"]) == (second, "STOP", None)
        assert (orders["bob"]["trigger_price"], orders["bob"]["time_in_force"], orders["bob"]["side"]) == (950, "GTC", "SELL")
        lines = [line.split() for line in command("orders", kernel_name).stdout.splitlines()]
        assert ["alice", str(first.order_id), "main", "TEST", "BUY", "LIMIT", "2", "900", "DAY", "NEW"] in lines
        assert ["bob", str(second), "main", "TEST", "SELL", "STOP", "3", "950", "GTC", "NEW"] in lines
