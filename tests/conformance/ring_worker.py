"""One side of a ring, for ring_torture.py: ROLE NAME RECORD_BYTES END SEED LEDGER."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.records import call, check

BATCHES = (1, 2, 7, 64, 256, 1024)
NAP_S = 50e-6

Words = NDArray[np.uint32]


class Side:
    """A producer or consumer and its ledger."""

    def __init__(self, role: str, name: str, record_bytes: int, seed: int, ledger: str) -> None:
        handle = ffi.new("uint32_t *")
        call(lib.nt_ring_attach, name.encode(), abi.NT_ROLE_PRODUCER if role == "producer" else abi.NT_ROLE_CONSUMER, handle)
        self.ring = handle[0]
        self.words = record_bytes // 4
        self.random = np.random.default_rng(seed)
        self.ledger = os.open(ledger, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        self.records = np.zeros((max(BATCHES), self.words), np.uint32)
        self.pointer = ffi.cast("void *", self.records.ctypes.data)
        self.slots = ffi.new("void **")

    def expected(self, at: int, count: int) -> Words:
        """The words 2 and on of so many records; the first two are the ring's."""
        numbers = np.arange(at, at + count, dtype=np.uint64)[:, None]
        low, high = numbers.astype(np.uint32), (numbers >> np.uint64(32)).astype(np.uint32)
        j = np.arange(2, self.words, dtype=np.uint32) * np.uint32(0x9E3779B1)
        words: Words = ((low ^ j) * np.uint32(0x85EBCA6B)) ^ ((high + np.uint32(1)) * np.uint32(0xC2B2AE35))
        return words

    def note(self, at: int) -> None:
        """What has been pushed, or verified, as of now: a killed process leaves it behind."""
        os.pwrite(self.ledger, at.to_bytes(8, "little"), 0)

    def draw(self, below: int) -> int:
        return int(self.random.integers(below))

    def memory(self, count: int) -> Words:
        """Shared memory that was claimed or peeked."""
        size = max(count, 1) * self.words * 4
        return np.frombuffer(ffi.buffer(self.slots[0], size), np.uint32).reshape(-1, self.words)[:count]

    def check(self, result: int) -> int:
        return check(result, self.ring)

    def produce(self, at: int, end: int) -> None:
        while at < end:
            count = min(BATCHES[self.draw(len(BATCHES))], end - at)
            if self.draw(2) == 0:
                self.records[:count, 2:] = self.expected(at, count)
                pushed = self.check(lib.nt_ring_push(self.ring, self.pointer, count))
            else:
                claimed = self.check(lib.nt_ring_claim(self.ring, count, self.slots))
                self.memory(claimed)[:, 2:] = self.expected(at, claimed)
                pushed = self.check(lib.nt_ring_commit(self.ring, claimed - self.draw(claimed // 4 + 1)))
            at += pushed
            self.note(at)
            if pushed == 0:
                time.sleep(NAP_S)

    def consume(self, at: int, end: int) -> None:
        while at < end:
            count = BATCHES[self.draw(len(BATCHES))]
            if self.draw(2) == 0:
                popped = self.check(lib.nt_ring_pop_wait(self.ring, self.pointer, count, 60 * 10**9))
                self.verify(self.records[:popped], at)
                at += popped
                self.note(at)
            else:
                peeked = self.check(lib.nt_ring_peek(self.ring, count, self.slots))
                self.verify(self.memory(peeked), at)
                self.note(at + peeked)
                at += self.check(lib.nt_ring_release(self.ring, peeked - self.draw(peeked // 4 + 1)))

    def verify(self, records: Words, at: int) -> None:
        sequences = np.ascontiguousarray(records[:, :2]).view(np.uint64).ravel()
        numbers = np.arange(at + 1, at + 1 + len(records), dtype=np.uint64)
        if not ((sequences == numbers).all() and (records[:, 2:] == self.expected(at, len(records))).all()):
            say(f"bad records from {at}")
            sys.exit(1)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(role: str, name: str, record_bytes: str, end: str, seed: str, ledger: Any) -> None:
    side = Side(role, name, int(record_bytes), int(seed), ledger)
    say("attached")
    at = int(sys.stdin.readline())
    (side.produce if role == "producer" else side.consume)(at, int(end))
    say("done")
    lib.nt_close(side.ring)


if __name__ == "__main__":
    main(*sys.argv[1:])
