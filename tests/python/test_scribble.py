"""A client that writes anything anywhere into its channel: the kernel, its other clients and those that come after it go on."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import SHARED, Market, Peer, answer, config_of, segments, until
from support_peers import section

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.errors import NeuralTraderError
from neural_trader.monitor import Monitor

HEADER_BYTES = 4096
DESK, IN, IN_SLOTS, OUT, OUT_SLOTS = range(20, 25)


@contextmanager
def memory_of(kernel: str, client: str) -> Iterator[mmap.mmap]:
    """The shared memory of a client's channel, writable."""
    with Monitor(kernel) as monitor:
        number = next(channel.index for channel in monitor.channels() if channel.client == client)
    with (SHARED / f"nt.{kernel}.{number}").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        yield memory


@pytest.fixture(scope="module")
def kernel_of_another_process() -> Iterator[str]:

    name = f"test-scribble-{os.getpid()}"
    with Peer("kernel", name=name) as peer:
        assert peer.hear() == "started"
        yield name
        assert peer.leave() == 0, "the kernel did not survive"
    assert segments(name) == []


def use(client: nt.Client) -> None:
    """Whatever a client does; damage to its own channel may be an error, no more."""
    for method in (
        lambda: client.submit("TEST", "BUY", 1, 900),
        client.poll,
        lambda: client.position("TEST"),
        client.cancel_all,
        client.orders,
    ):
        try:
            method()
        except NeuralTraderError:
            continue


def is_served(client: nt.Client) -> None:
    """The kernel takes, decides, reports and cancels as always."""
    order_id = client.submit("TEST", "BUY", 3, 900)
    report = answer(client, order_id)
    assert (report.kind, report.leaves_quantity, report.symbol, report.side) == ("NEW", 3.0, "TEST", "BUY")
    assert [(order.id, order.quantity) for order in client.orders()] == [(order_id, 3.0)]
    client.cancel(order_id)
    assert answer(client, order_id).kind == "CANCELED"
    assert client.execute("TEST", "BUY", 1, -5).reason == "PRICE_NOT_POSITIVE"


WORDS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]), st.integers(0, 64), st.integers(0, 2**64 - 1)
)
PLACES = st.tuples(st.sampled_from([DESK, DESK, IN, IN, OUT, OUT, IN_SLOTS, OUT_SLOTS]), st.integers(0, 2**16))
PATCHES = st.lists(st.tuples(PLACES, st.lists(WORDS, min_size=1, max_size=17)), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(patches=PATCHES, working=st.integers(0, 5))
def test_words_anywhere_in_a_channel(kernel_of_another_process: str, patches: list[Any], working: int) -> None:
    name = kernel_of_another_process
    with nt.Client.attach(name, name="other") as other:
        with nt.Client.attach(name, name="hostile") as hostile:
            for _ in range(working):
                hostile.submit("TEST", "SELL", 1, 2000)
            with memory_of(name, "hostile") as memory:
                for (kind, at), words in patches:
                    begin, size = section(memory, kind)
                    position = at % (size // 8)
                    for number, word in enumerate(words[: size // 8 - position]):
                        struct.pack_into("<Q", memory, begin + (position + number) * 8, word)
                    use(hostile)
                is_served(other)
        is_served(other)
        with nt.Client.attach(name, name="hostile") as again:  # the same name, and the same channel
            is_served(again)


@pytest.mark.parametrize("seed", range(10))
def test_noise_all_over_a_channel(kernel_name: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    with Market(config_of(kernel_name)) as market, market.client("other") as other:
        market.trade(1000)
        with nt.Client.attach(kernel_name, name="hostile") as hostile:
            for _ in range(20):
                hostile.submit("TEST", "BUY", 1, 900)
            with memory_of(kernel_name, "hostile") as memory:
                begin = 0 if seed % 2 else HEADER_BYTES
                for _ in range(5):
                    noise = generator.bytes(len(memory) - begin)
                    memory[begin:] = noise
                    use(hostile)
                    is_served(other)
        until(lambda: other.position("TEST").working_buy == 0, "the cancels of what it had sent")
        for number in range(10):  # more than there are channels
            with nt.Client.attach(kernel_name, name=f"later-{number}") as later:
                is_served(later)
        with nt.Client.attach(kernel_name, name="hostile") as again:
            is_served(again)
        is_served(other)


def test_forged_orders_are_checked_and_counted(kernel_name: str) -> None:
    generator = np.random.default_rng(3)
    with Market(config_of(kernel_name)) as market, market.client("other") as other:
        with nt.Client.attach(kernel_name, name="hostile") as hostile, memory_of(kernel_name, "hostile") as memory:
            begin, size = section(memory, IN_SLOTS)
            written = section(memory, IN)[0] + 128
            count = 500
            for number in range(count):  # past the library, straight into the ring: a sequence, and bytes
                slot = begin + number * 128 % size
                memory[slot + 8 : slot + 128] = generator.bytes(120)
                struct.pack_into("<Q", memory, slot, number + 1)
                struct.pack_into("<Q", memory, written, number + 1)
            denied = until(lambda: (c := market.counters()).orders_denied + c.requests_denied >= count and c, "the denials")
            assert denied.denied[abi.NT_REASON_MALFORMED - 100] > 0.9 * count
            assert denied.orders_accepted == 0
            reports = 0
            while reports < count:
                reports += len(hostile.poll(timeout_s=5).reports)
        is_served(other)


def test_a_forged_name_does_not_take_a_channel_from_its_client(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, market.client("victim") as victim:
        order_id = victim.execute("TEST", "BUY", 1, 900).order_id
        with nt.Client.attach(kernel_name, name="hostile"), memory_of(kernel_name, "hostile") as memory:
            desk, _ = section(memory, DESK)
            for forged in (b"victim", b"", b"a/b", b"..", b"a b"):
                number = struct.unpack_from("<I", memory, desk)[0]
                struct.pack_into("<I", memory, desk + 4, 1)  # attach, under this name
                memory[desk + 16 : desk + 48] = forged.ljust(32, b"\0")
                struct.pack_into("<I", memory, desk, number + 1)
                until(partial(answered, memory, desk, number + 1), "the answer")
                assert struct.unpack_from("<i", memory, desk + 260)[0] in (abi.NT_ERR_NAME_IN_USE, abi.NT_ERR_NAME)
        assert [order.id for order in victim.orders()] == [order_id]
        is_served_beside(victim, order_id)


def answered(memory: mmap.mmap, desk: int, number: int) -> bool:
    """Whether the kernel has answered this request at the desk."""
    return bool(struct.unpack_from("<I", memory, desk + 256)[0] == number)


def is_served_beside(client: nt.Client, order_id: int) -> None:
    """Its order still works, and only it may cancel it."""
    assert client.position("TEST").working_buy == 1
    client.cancel(order_id)
    assert answer(client, order_id).reason == "USER_REQUEST"


def test_channels_are_where_the_header_says(kernel_name: str) -> None:
    """Guards the tests above: what they write into is what the kernel reads."""
    with Market(config_of(kernel_name)), nt.Client.attach(kernel_name, name="one") as client:
        client.execute("TEST", "BUY", 1, 900)
        with memory_of(kernel_name, "one") as memory:
            assert {kind: section(memory, kind)[1] for kind in (IN_SLOTS, OUT_SLOTS)} == dict.fromkeys((IN_SLOTS, OUT_SLOTS), 4096 * 128)
            assert struct.unpack_from("<Q", memory, section(memory, IN)[0] + 128)[0] == 1
            assert struct.unpack_from("<Q", memory, section(memory, OUT)[0] + 256)[0] == 1
            assert memory[section(memory, DESK)[0] + 16 :][:4] == b"one\0"
            assert Path(f"/dev/shm/nt.{kernel_name}.core").stat().st_mode & 0o777 == 0o600
