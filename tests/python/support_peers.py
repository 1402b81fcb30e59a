"""What the processes of the tests do: `support_peers.py ROLE JOB`, the job in JSON. Roles say what has happened in lines of JSON and
leave when their standard input ends."""

from __future__ import annotations

import json
import mmap
import os
import select
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
from support import Market, config_of

import neural_trader as nt
from neural_trader._native import abi, ffi, lib
from neural_trader.kernel import feed_source
from neural_trader.records import call
from neural_trader.strategy import Strategy


def say(fact: Any) -> None:
    print(json.dumps(fact), flush=True)


def asked_to_leave() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def kernel(name: str) -> None:
    """A real-time kernel whose market moves all the time."""
    with Market(config_of(name)) as market:
        say("started")
        count = 0
        while not asked_to_leave():
            count += 1
            market.trade(1000 + count % 3 * 0.25, side="BUY" if count % 2 else "SELL")
            time.sleep(0.0005)


def quiet_kernel(name: str) -> None:
    """A real-time kernel without a market."""
    with Market(config_of(name)):
        say("started")
        sys.stdin.read()


def feed(name: str, source: str) -> None:
    """Push a whole source."""
    say(feed_source(name, source, config_of(name)))


class Turns(Strategy):
    """Trades by the last price and by its position, with resting orders, replaces and cancels among its requests."""

    every: int = 7
    offset: int = 0
    stop_at: int = 0

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0
        self.resting = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if self.stop_at and self.slices == self.stop_at:
            client.submit("TEST", "BUY", 2, 900, time_in_force="GTC")
            client.submit("TEST", "SELL", 3, 1100, time_in_force="GTC")
            say("stopped")
            time.sleep(600)
        turn = self.slices + self.offset
        held = client.position("TEST").projected
        if turn % self.every == 0:
            client.submit("TEST", "BUY" if held <= 0 else "SELL", 1 + abs(held))
        if turn % 11 == 0:
            last = float(ticks.column("price")[-1])
            self.resting = client.submit("TEST", "BUY" if turn % 2 else "SELL", 2, last + (-0.5 if turn % 2 else 0.5))
        if turn % 13 == 0 and any(order.id == self.resting for order in client.orders()):
            client.replace(self.resting, quantity=3)
        if turn % 17 == 0 and self.resting:
            client.cancel(self.resting)
        if turn % 41 == 0:
            client.submit("TEST", "BUY", 1000)

    def on_report(self, client: nt.Client, report: nt.Report) -> None:
        if report.kind == "TRADE" and report.order_id % 5 == 0:
            client.submit("TEST", "SELL" if report.side == "BUY" else "BUY", 1, time_in_force="IOC")


def strategy(name: str, client: str, offset: int = 0, stop_at: int = 0) -> None:
    """Take part in the lockstep."""
    with nt.Client.attach(name, name=client) as attached:
        say("attached")
        attached.run(Turns(offset=offset, stop_at=stop_at))
        say("ended")
        sys.stdin.read()  # a client that leaves before the others is another input


def trader(name: str, client: str) -> None:
    """Send and cancel orders without end, leave some working, and say when the kernel has gone."""
    with nt.Client.attach(name, name=client, timeout_s=20) as attached:
        say(attached.submit("TEST", "BUY", 1, 900))
        try:
            while not asked_to_leave():
                try:
                    order = attached.submit("TEST", "SELL", 1, 1100)
                    if order % 3:
                        attached.cancel(order)
                    if order % 64 == 0:
                        attached.cancel_all()
                except nt.errors.Full:
                    attached.poll(timeout_s=0.01)
                attached.poll()
        except nt.errors.KernelDead:
            say("the kernel has gone")


# ---- fork ----------------------------------------------------------------------------------------------------------------------------


def outcome(function: Callable[[], object]) -> str:
    try:
        function()
    except nt.NeuralTraderError as error:
        return type(error).__name__
    return "no error"


def forks(name: str) -> None:
    """Own a kernel and a client, fork, and say what child and parent may do; the child stays alive."""
    with Market(config_of(name)) as market, market.client() as client, nt.Client.attach(name, name="remote") as remote:
        market.trade(1000)
        read, write = os.pipe()
        if os.fork() == 0:
            tried = {
                "submit": outcome(lambda: client.submit("TEST", "BUY", 1)),
                "poll": outcome(client.poll),
                "position": outcome(lambda: client.position("TEST")),
                "remote": outcome(lambda: remote.quote("TEST")),
                "kernel": outcome(lambda: market.kernel.set_state("HALTED", "the child")),
                "stop": outcome(market.kernel.stop),
            }
            remote.close()
            tried["closed"] = outcome(remote.poll)
            os.write(write, json.dumps(tried).encode())
            os.close(write)
            sys.stdin.close()
            time.sleep(60)
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            say(json.loads(pipe.read()))
        say([client.execute("TEST", "BUY", 1, 900).status, remote.execute("TEST", "BUY", 1, 900).status])
        sys.stdin.read()


# ---- rings ---------------------------------------------------------------------------------------------------------------------------

_BLOCK = 1  # section kind of a ring's control words


def section(memory: Any, kind: int) -> tuple[int, int]:
    """Offset and size of a section, from the table in a segment's header."""
    count = struct.unpack_from("<I", memory, 136)[0]
    for number in range(count):
        found, _, offset, size, _, _ = struct.unpack_from("<IIQQII", memory, 144 + 32 * number)
        if found == kind:
            return offset, size
    raise LookupError(f"no section of kind {kind}")


def payload(numbers: Any) -> Any:
    """Seven words that belong to each record number."""
    base = np.asarray(numbers, np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    return base ^ np.arange(1, 8, dtype=np.uint64)


def written(name: str) -> int:
    """How many records a ring has taken, with its first index."""
    with Path(f"/dev/shm/nt.ring.{name}").open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        return int(struct.unpack_from("<Q", memory, section(memory, _BLOCK)[0] + 128)[0])


def producer(name: str, end: int, seed: int) -> None:
    """Push records up to number `end`, from where the last producer stopped: one at a time, in batches, claimed and committed."""
    handle = ffi.new("uint32_t *")
    call(lib.nt_ring_attach, name.encode(), abi.NT_ROLE_PRODUCER, handle)
    at = written(name)
    say(at)
    generator = np.random.default_rng(seed)
    slots = ffi.new("void **")
    while at < end:
        count = min(int(generator.choice([1, 7, 256])), end - at)
        records = np.zeros((count, 8), np.uint64)
        records[:, 1:] = payload(np.arange(at, at + count, dtype=np.uint64))
        if generator.integers(3) == 0:
            claimed = lib.nt_ring_claim(handle[0], count, slots)
            memory = np.frombuffer(ffi.buffer(slots[0], max(claimed, 1) * 64), np.uint64).reshape(-1, 8)
            memory[:claimed, 1:] = records[:claimed, 1:]
            at += lib.nt_ring_commit(handle[0], claimed)
        else:
            at += lib.nt_ring_push(handle[0], ffi.cast("void *", records.ctypes.data), count)
    say("done")


ROLES = {role.__name__: role for role in (kernel, quiet_kernel, feed, strategy, trader, forks, producer)}

if __name__ == "__main__":
    ROLES[sys.argv[1]](**json.loads(sys.argv[2]))
