"""SIGKILL at random moments, again and again: clients come back under their names, and nothing is left of the dead."""

from __future__ import annotations

import random
import time
from contextlib import ExitStack

import numpy as np
import pytest
from support import Market, Peer, answer, config_of, segments, until

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.errors import KernelDead, NoChannel
from neural_trader.monitor import Monitor


def trades_well(market: Market, client: nt.Client) -> None:
    """An order of each kind does what it always does."""
    held = client.position("TEST").quantity
    market.trade(1000)
    buy = client.submit("TEST", "BUY", 1)
    assert answer(client, buy).kind == "NEW"
    market.trade(1000)
    assert answer(client, buy, "TRADE").last_price == 1000.25
    resting = client.submit("TEST", "SELL", 1, 1050)
    assert answer(client, resting).kind == "NEW"
    client.cancel(resting)
    assert answer(client, resting).kind == "CANCELED"
    assert client.position("TEST").quantity == held + 1


def test_killed_clients_come_back_under_their_names(kernel_name: str) -> None:
    generator = random.Random(1)
    rounds = 6
    with Market(config_of(kernel_name)) as market, market.client("steady") as steady:
        steady_order = steady.execute("TEST", "BUY", 1, 800).order_id
        last = 0
        for _ in range(rounds):
            with Peer("trader", name=kernel_name, client="doomed") as doomed:
                assert doomed.hear() > last
                time.sleep(generator.random() * 0.05)
                trades_well(market, steady)
                doomed.kill()
                with nt.Client.attach(kernel_name, name="doomed") as heir:  # at once
                    orders = _orders_of(market, "doomed")
                    last = heir.submit("TEST", "BUY", 1, 900)
                    assert last > orders
                    # What died with it has been cancelled; the heir hears what its former life did not.
                    report = answer(heir, last)
                    assert report.kind == "NEW"
                    assert heir.position("TEST").working_sell == 0
                    assert heir.position("TEST").working_buy == 2  # its own and the steady one's
                    assert [order.id for order in heir.orders()] == [last]
        until(lambda: market.counters().deaths >= 2 * rounds, "the deaths")
        assert steady.cancel_all() == 1
        assert answer(steady, steady_order).reason == "USER_REQUEST"
        assert steady.position("TEST").working_buy == 0
        result = market.kernel.stop()
    _is_consistent(result)


def _orders_of(market: Market, client: str) -> int:
    """The last id that the kernel has taken from a client."""
    with Monitor(market.kernel.name) as monitor:
        return next(channel.last_client_order_id for channel in monitor.channels() if channel.client == client)


def _is_consistent(result: nt.Result) -> None:
    """Reports without a gap per channel, and every accepted order with one end."""
    for channel in np.unique(result.reports["channel"]):
        chosen = result.reports[result.reports["channel"] == channel]
        assert chosen["seq"].tolist() == list(range(1, len(chosen) + 1))
    made = result.reports[result.reports["exec_type"] == abi.NT_EXEC_NEW]
    assert len(made) == result.summary["orders"]["accepted"]
    ids = list(zip(made["channel"].tolist(), made["client_order_id"].tolist(), strict=True))
    assert len(set(ids)) == len(ids)
    ended = result.reports[(result.reports["leaves_quantity"] == 0) & np.isin(result.reports["exec_type"], _ENDS)]
    assert sorted(zip(ended["channel"].tolist(), ended["client_order_id"].tolist(), strict=True)) == sorted(ids)


_ENDS = [abi.NT_EXEC_TRADE, abi.NT_EXEC_CANCELED, abi.NT_EXEC_EXPIRED]


def test_clients_killed_while_they_attach_leave_their_channels(kernel_name: str) -> None:
    generator = random.Random(2)
    with Market(config_of(kernel_name)) as market, market.client("steady") as steady:
        for number in range(8):
            with Peer("trader", name=kernel_name, client=f"early-{number}") as early:
                time.sleep(0.1 + generator.random() * 0.12)  # an interpreter takes that long to come to its attach
                early.kill()
            trades_well(market, steady)
        with ExitStack() as stack:
            clients = [stack.enter_context(nt.Client.attach(kernel_name, name=f"late-{number}")) for number in range(7)]
            for client in clients:
                assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
            with pytest.raises(NoChannel):
                nt.Client.attach(kernel_name, name="one-too-many")
        assert market.kernel.running


def _trade_on(client: nt.Client) -> None:
    while True:
        client.submit("TEST", "BUY", 1, 900)
        client.poll(timeout_s=0.01)


def test_a_kernel_killed_among_its_clients_tells_them_all(kernel_name: str) -> None:
    generator = random.Random(3)
    for _ in range(3):
        with ExitStack() as stack:
            kernel = stack.enter_context(Peer("kernel", name=kernel_name))
            assert kernel.hear() == "started"
            traders = [stack.enter_context(Peer("trader", name=kernel_name, client=f"t{number}")) for number in range(2)]
            client = stack.enter_context(nt.Client.attach(kernel_name, name="here"))
            for trader in traders:
                assert trader.hear() == 1
            time.sleep(generator.random() * 0.05)
            kernel.kill()
            with pytest.raises(KernelDead):
                _trade_on(client)
            for trader in traders:
                assert trader.hear() == "the kernel has gone"
                assert trader.process.wait(20) == 0
            assert len(segments(kernel_name)) == 11
    with Market(config_of(kernel_name)) as market, market.client() as client:
        trades_well(market, client)
    assert segments(kernel_name) == []
