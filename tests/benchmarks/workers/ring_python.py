"""Round trips of 64 bytes between two Python processes, by several transports in turn: `ring_python.py PINGPONG_PROGRAM ROUNDS`.

This process is the caller, on processor 0; one responder on processor 1 answers the transports in the same order. The floor is measured
in each round by the C program, while the responder sleeps. Prints one JSON object.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

PAYLOAD_BYTES = 64
TRIPS = {"ring": 10_000, "multiprocessing_queue": 1_000, "pyzmq": 1_000, "iceoryx2": 2_000}
TIMEOUT_NS = 20_000_000_000

Trip = Callable[[], object]


class Ring:
    """Two rings of Neural Trader; waiting spins inside the library."""

    def __init__(self, tag: str, *, caller: bool) -> None:
        from neural_trader._native import abi, ffi, lib

        self.lib, self.ffi = lib, ffi
        self.names = [f"{tag}-there".encode(), f"{tag}-back".encode()]
        self.owned = [self._handle(lib.nt_ring_create, name, PAYLOAD_BYTES, 1024, 0) for name in self.names] if caller else []
        roles = [abi.NT_ROLE_PRODUCER, abi.NT_ROLE_CONSUMER]
        out, back = self.names if caller else reversed(self.names)
        self.out = self._handle(lib.nt_ring_attach, out, roles[0])
        self.back = self._handle(lib.nt_ring_attach, back, roles[1])
        self.record = ffi.new("uint64_t[8]")

    def _handle(self, function: Any, *arguments: Any) -> int:
        handle, error = self.ffi.new("uint32_t *"), self.ffi.new("nt_error *")
        if function(*arguments, handle, error) != 0:
            raise RuntimeError(self.ffi.string(error.text).decode())
        return int(handle[0])

    def call(self) -> Trip:
        push, pop, out, back, record = self.lib.nt_ring_push, self.lib.nt_ring_pop_wait, self.out, self.back, self.record

        def trip() -> object:
            push(out, record, 1)
            return pop(back, record, 1, TIMEOUT_NS)

        return trip

    def answer(self, count: int) -> None:
        push, pop, out, back, record = self.lib.nt_ring_push, self.lib.nt_ring_pop_wait, self.out, self.back, self.record
        for _ in range(count):
            if pop(back, record, 1, TIMEOUT_NS) != 1:
                raise RuntimeError("the caller is gone")
            push(out, record, 1)

    def close(self) -> None:
        for handle in (self.out, self.back, *self.owned):
            self.lib.nt_close(handle)


class Queue:
    """Two multiprocessing queues."""

    def __init__(self, queues: tuple[Any, Any], *, caller: bool) -> None:
        self.out, self.back = queues if caller else reversed(queues)
        self.record = bytes(PAYLOAD_BYTES)

    def call(self) -> Trip:
        put, get, record = self.out.put, self.back.get, self.record

        def trip() -> object:
            put(record)
            return get()

        return trip

    def answer(self, count: int) -> None:
        put, get = self.out.put, self.back.get
        for _ in range(count):
            put(get(timeout=TIMEOUT_NS / 1e9))

    def close(self) -> None:
        self.out.close()
        self.back.close()


class Zmq:
    """A pair of pyzmq sockets over a Unix socket."""

    def __init__(self, tag: str, *, caller: bool) -> None:
        import zmq

        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.PAIR)
        self.socket.setsockopt(zmq.RCVTIMEO, TIMEOUT_NS // 1_000_000)
        self.path = os.path.join(tempfile.gettempdir(), f"{tag}.ipc")
        address = f"ipc://{self.path}"
        if caller:
            self.socket.bind(address)
        else:
            self.socket.connect(address)
        self.record = bytes(PAYLOAD_BYTES)
        self.caller = caller

    def call(self) -> Trip:
        send, receive, record = self.socket.send, self.socket.recv, self.record

        def trip() -> object:
            send(record)
            return receive()

        return trip

    def answer(self, count: int) -> None:
        send, receive = self.socket.send, self.socket.recv
        for _ in range(count):
            send(receive())

    def close(self) -> None:
        self.socket.close(0)
        self.context.term()
        if self.caller and os.path.exists(self.path):
            os.unlink(self.path)


class Iceoryx2:
    """Two publish/subscribe services of iceoryx2; waiting spins in Python, as it has no other way to receive at once."""

    def __init__(self, tag: str, *, caller: bool) -> None:
        import ctypes

        import iceoryx2

        class Record(ctypes.Structure):
            _fields_ = [("word", ctypes.c_uint64 * 8)]

        iceoryx2.set_log_level(iceoryx2.LogLevel.Error)
        self.node = iceoryx2.NodeBuilder.new().create(iceoryx2.ServiceType.Ipc)
        services = []
        for direction in ("there", "back"):
            name = iceoryx2.ServiceName.new(f"{tag}/{direction}")
            services.append(self.node.service_builder(name).publish_subscribe(Record).open_or_create())
        out, back = services if caller else reversed(services)
        self.services = services
        self.publisher = out.publisher_builder().create()
        self.subscriber = back.subscriber_builder().create()
        self.record = Record()

    def call(self) -> Trip:
        send, receive, record = self.publisher.send_copy, self.subscriber.receive, self.record

        def trip() -> object:
            send(record)
            while True:
                sample = receive()
                if sample is not None:
                    break
            word: object = sample.payload().contents.word[0]
            sample.delete()
            return word

        return trip

    def answer(self, count: int) -> None:
        send, receive, record = self.publisher.send_copy, self.subscriber.receive, self.record
        deadline = time.monotonic_ns() + TIMEOUT_NS
        for _ in range(count):
            tries = 0
            while True:
                sample = receive()
                if sample is not None:
                    break
                tries += 1
                if tries % 100_000 == 0 and time.monotonic_ns() > deadline:
                    raise RuntimeError("the caller is gone")
            record.word[0] = sample.payload().contents.word[0]
            sample.delete()
            send(record)

    def close(self) -> None:
        self.publisher.delete()
        self.subscriber.delete()


def make(name: str, tag: str, queues: tuple[Any, Any], *, caller: bool) -> Any:
    """One end of a transport."""
    if name == "ring":
        return Ring(tag, caller=caller)
    if name == "multiprocessing_queue":
        return Queue(queues, caller=caller)
    if name == "pyzmq":
        return Zmq(tag, caller=caller)
    return Iceoryx2(tag, caller=caller)


def respond(names: list[str], tag: str, queues: tuple[Any, Any], rounds: int, ready: Any, turn: Any) -> None:
    """The other process."""
    os.sched_setaffinity(0, {1})
    ends = {name: make(name, tag, queues, caller=False) for name in names}
    gc.disable()
    ready.set()
    for _ in range(rounds):
        for name in names:
            turn.acquire()  # asleep until its transport's turn: one spinner a process, and none during the ping-pong
            ends[name].answer(TRIPS[name])
    for end in ends.values():
        end.close()


def usable(tag: str, queues: tuple[Any, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Ends of the transports that work here, and why the others do not."""
    ends, missing = {}, {}
    for name in TRIPS:
        try:
            ends[name] = make(name, tag, queues, caller=True)
        except Exception as error:  # a peer may refuse in any way of its own
            if name == "ring":
                raise
            missing[name] = f"{type(error).__name__}: {error}"
    return ends, missing


def main(program: str, rounds: int) -> None:
    """Measure and print."""
    context = multiprocessing.get_context("spawn")
    queues = (context.Queue(), context.Queue())
    tag = f"bench-{os.getpid()}"
    os.sched_setaffinity(0, {0})
    ends, missing = usable(tag, queues)
    ready, turn = context.Event(), context.Semaphore(0)
    responder = context.Process(target=respond, args=(list(ends), tag, queues, rounds, ready, turn), daemon=True)
    responder.start()
    if not ready.wait(60):
        raise RuntimeError("the responder did not start")
    found: dict[str, Any] = {name: {"p50_ns": [], "p99_ns": [], "trips": TRIPS[name]} for name in ends}
    found["ping_pong"] = {"p50_ns": [], "p99_ns": []}
    found.update({name: {"missing": reason} for name, reason in missing.items()})
    clock = time.perf_counter_ns
    gc.disable()
    for _ in range(rounds):
        os.sched_setaffinity(0, {0, 1})  # inherited by the program, which pins its own two processes
        floor = json.loads(subprocess.run([program, "pingpong", "20000"], capture_output=True, check=True, timeout=60).stdout)["ping_pong"]
        os.sched_setaffinity(0, {0})
        for key in ("p50_ns", "p99_ns"):
            found["ping_pong"][key].append(floor[key][0])
        for name, end in ends.items():
            trip, count = end.call(), TRIPS[name]
            times = [0] * count
            turn.release()
            for i in range(count):
                begin = clock()
                trip()
                times[i] = clock() - begin
            times.sort()
            found[name]["p50_ns"].append(times[count // 2])
            found[name]["p99_ns"].append(times[count * 99 // 100])
    responder.join(30)
    for end in ends.values():
        end.close()
    if responder.exitcode != 0:
        raise RuntimeError(f"the responder ended with {responder.exitcode}")
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
