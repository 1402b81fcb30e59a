"""Rings through the C functions: between processes, over the edge of 32 bits, and when a producer is killed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support import Peer, until
from support_peers import payload, written

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import BadHandle, Busy, Closed, InvalidArgument, InvalidName, NameInUse, NotFound, StateError, TimedOut
from neural_trader.records import call, check

START = 2**32 - 10**6


class Ring:
    """A ring's handle. Closing the owner's removes the name."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def push(self, records: NDArray[Any]) -> int:
        return check(lib.nt_ring_push(self.handle, ffi.cast("void *", records.ctypes.data), len(records)), self.handle)

    def pop(self, count: int, wait_s: float | None = None) -> NDArray[Any]:
        out: NDArray[Any] = np.zeros((count, 8), np.uint64)
        memory = ffi.cast("void *", out.ctypes.data)
        if wait_s is None:
            return out[: check(lib.nt_ring_pop(self.handle, memory, count), self.handle)]
        return out[: check(lib.nt_ring_pop_wait(self.handle, memory, count, int(wait_s * 1e9)), self.handle)]

    def peek(self, count: int) -> NDArray[Any]:
        pointer = ffi.new("void **")
        found = check(lib.nt_ring_peek(self.handle, count, pointer), self.handle)
        return np.frombuffer(ffi.buffer(pointer[0], max(found, 1) * 64), np.uint64).reshape(-1, 8)[:found].copy()

    def close(self) -> int:
        result: int = lib.nt_close(self.handle)
        return result


@pytest.fixture
def name(kernel_name: str) -> str:
    return kernel_name


@pytest.fixture
def opened() -> Iterator[list[Ring]]:
    rings: list[Ring] = []
    yield rings
    for ring in reversed(rings):
        ring.close()


def create(opened: list[Ring], name: str, capacity: int = 4096, start: int = 0, record_bytes: int = 64) -> Ring:
    handle = ffi.new("uint32_t *")
    call(lib.nt_ring_create, name.encode(), record_bytes, capacity, start, handle)
    opened.append(Ring(handle[0]))
    return opened[-1]


def attach(opened: list[Ring], name: str, role: int) -> Ring:
    handle = ffi.new("uint32_t *")
    call(lib.nt_ring_attach, name.encode(), role, handle)
    opened.append(Ring(handle[0]))
    return opened[-1]


def records(first: int, count: int) -> NDArray[Any]:
    out: NDArray[Any] = np.zeros((count, 8), np.uint64)
    out[:, 1:] = payload(np.arange(first, first + count, dtype=np.uint64))
    return out


def is_the_stream(received: NDArray[Any], first: int) -> bool:
    """Whether these are records number `first` and on, whole."""
    numbers = np.arange(first, first + len(received), dtype=np.uint64)
    return bool((received[:, 0] == numbers + np.uint64(1)).all() and (received[:, 1:] == payload(numbers)).all())


def test_two_processes_and_killed_producers_lose_and_repeat_nothing(name: str, opened: list[Ring]) -> None:
    create(opened, name, start=START)
    consumer = attach(opened, name, abi.NT_ROLE_CONSUMER)
    end, at, kills = START + 1_400_000, START, 0
    generator = random.Random(11)
    while at < end:
        with Peer("producer", name=name, end=end, seed=kills) as producer:
            first = producer.hear()
            assert at <= first <= at + 4096  # where the one before it stopped
            kill_at = at + generator.randrange(50_000, 260_000) if kills < 5 else end
            while at < kill_at and at < end:
                received = consumer.pop(1024, 20)
                assert is_the_stream(received, at)
                at += len(received)
            if at < end:
                producer.kill()
                kills += 1
    assert kills == 5
    assert at == end == written(name)
    assert len(consumer.pop(1)) == 0


def test_indices_wrap_at_two_to_the_64(name: str, opened: list[Ring]) -> None:
    create(opened, name, capacity=8, start=2**64 - 5)
    producer, consumer = attach(opened, name, abi.NT_ROLE_PRODUCER), attach(opened, name, abi.NT_ROLE_CONSUMER)
    batch = records(0, 20)
    assert producer.push(batch) == 8
    assert producer.push(batch) == 0  # full is no error
    received = consumer.pop(20)
    assert received[:, 0].tolist() == [2**64 - 4, 2**64 - 3, 2**64 - 2, 2**64 - 1, 0, 1, 2, 3]
    assert (received[:, 1:] == batch[:8, 1:]).all()
    assert len(consumer.pop(20)) == 0


def test_what_was_not_released_comes_again(name: str, opened: list[Ring]) -> None:
    create(opened, name, capacity=16)
    producer, consumer = attach(opened, name, abi.NT_ROLE_PRODUCER), attach(opened, name, abi.NT_ROLE_CONSUMER)
    assert producer.push(records(0, 10)) == 10
    assert is_the_stream(consumer.peek(10), 0)
    assert lib.nt_ring_release(consumer.handle, 4) == 4
    assert is_the_stream(consumer.peek(10), 4)
    opened.remove(consumer)
    consumer.close()
    again = attach(opened, name, abi.NT_ROLE_CONSUMER)
    assert is_the_stream(again.pop(16), 4)


def test_records_of_128_bytes(name: str, opened: list[Ring]) -> None:
    create(opened, name, capacity=4, record_bytes=128)
    producer, consumer = attach(opened, name, abi.NT_ROLE_PRODUCER), attach(opened, name, abi.NT_ROLE_CONSUMER)
    sent = np.arange(96, dtype=np.uint64).reshape(6, 16)
    received = np.zeros_like(sent)
    assert lib.nt_ring_push(producer.handle, ffi.cast("void *", sent.ctypes.data), 6) == 4
    assert lib.nt_ring_pop(consumer.handle, ffi.cast("void *", received.ctypes.data), 6) == 4
    assert (received[:4, 1:] == sent[:4, 1:]).all()
    assert received[:, 0].tolist() == [1, 2, 3, 4, 0, 0]


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((65, 8, 0), "64 or 128"),
        ((0, 8, 0), "64 or 128"),
        ((64, 0, 0), "power of two"),
        ((64, 1, 0), "power of two"),
        ((64, 12, 0), "power of two"),
        ((64, 2**31, 0), "power of two"),
    ],
)
def test_shapes_that_cannot_be_are_refused(name: str, shape: tuple[int, int, int], says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        call(lib.nt_ring_create, name.encode(), *shape, ffi.new("uint32_t *"))


@pytest.mark.parametrize("wrong", ["", "a/b", "../x", ".x", "x" * 32, "a b", "ä"])
def test_names_that_cannot_be_are_refused(wrong: str) -> None:
    handle = ffi.new("uint32_t *")
    with pytest.raises(InvalidName):
        call(lib.nt_ring_create, wrong.encode(), 64, 8, 0, handle)
    with pytest.raises(InvalidName):
        call(lib.nt_ring_attach, wrong.encode(), abi.NT_ROLE_PRODUCER, handle)


def test_each_role_has_one_holder_and_its_own_calls(name: str, opened: list[Ring]) -> None:
    handle = ffi.new("uint32_t *")
    with pytest.raises(NotFound):
        attach(opened, name, abi.NT_ROLE_PRODUCER)
    owner = create(opened, name, capacity=8)
    producer, consumer = attach(opened, name, abi.NT_ROLE_PRODUCER), attach(opened, name, abi.NT_ROLE_CONSUMER)
    for role, says in ((abi.NT_ROLE_PRODUCER, "a producer already"), (abi.NT_ROLE_CONSUMER, "a consumer already")):
        with pytest.raises(NameInUse, match=says):
            attach(opened, name, role)
    with pytest.raises(InvalidArgument, match="role"):
        attach(opened, name, 3)
    with pytest.raises(NameInUse, match="living process"):
        create(opened, name)
    for ring in (owner, consumer):
        with pytest.raises(StateError, match="not the ring's producer"):
            ring.push(records(0, 1))
    for ring in (owner, producer):
        with pytest.raises(StateError, match="not the ring's consumer"):
            ring.pop(1)
    with pytest.raises(InvalidArgument, match="more slots than were claimed"):
        check(lib.nt_ring_commit(producer.handle, 1), producer.handle)
    with pytest.raises(InvalidArgument, match="more records than were peeked"):
        check(lib.nt_ring_release(consumer.handle, 1), consumer.handle)
    with pytest.raises(InvalidArgument, match="pointer"):
        check(lib.nt_ring_push(producer.handle, ffi.NULL, 1), producer.handle)
    with pytest.raises(BadHandle):
        check(lib.nt_ring_push(handle[0], ffi.NULL, 1), handle[0])
    with pytest.raises(TimedOut):
        consumer.pop(1, 0.01)
    assert Path(f"/dev/shm/nt.ring.{name}").exists()


def test_the_owner_removes_the_name_and_a_dead_owners_ring_is_replaced(name: str, opened: list[Ring]) -> None:
    path = Path(f"/dev/shm/nt.ring.{name}")
    owner = create(opened, name, capacity=8)
    leftover = path.read_bytes()
    opened.remove(owner)
    assert owner.close() == 0
    assert not path.exists()
    path.write_bytes(leftover)  # of an owner that was killed: nobody holds its lock
    create(opened, name, capacity=16)
    assert path.stat().st_size != 0
    assert attach(opened, name, abi.NT_ROLE_PRODUCER).push(records(0, 20)) == 16


def test_a_second_thread_is_busy_and_closing_ends_a_wait(name: str, opened: list[Ring]) -> None:
    create(opened, name, capacity=8)
    consumer = attach(opened, name, abi.NT_ROLE_CONSUMER)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            consumer.pop(1, 60)
        except Closed as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    result = until(lambda: lib.nt_ring_release(consumer.handle, 0) or None, "the other thread's wait")
    assert result == abi.NT_ERR_BUSY
    with pytest.raises(Busy):
        check(result, consumer.handle)
    time.sleep(0.05)  # asleep by now
    opened.remove(consumer)
    assert consumer.close() == 0
    thread.join(10)
    assert [type(error) for error in raised] == [Closed]
    assert consumer.close() == abi.NT_ERR_BAD_HANDLE
