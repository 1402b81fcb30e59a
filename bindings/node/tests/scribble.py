"""Write over a kernel's shared memory: `scribble.py KERNEL core|CLIENT SEED SECONDS`. Says how often it has, once it is over."""

from __future__ import annotations

import mmap
import random
import struct
import sys
import time
from pathlib import Path

from neural_trader.monitor import Monitor

SHARED = Path("/dev/shm")
HEADER_BYTES = 4096
WORDS = (0, 1, 2, 255, 2**31, 2**32 - 1, 2**32, 2**51, 2**53, 2**53 + 1, 2**62, 2**63, 2**64 - 1)


def memory_of(kernel: str, what: str) -> Path:
    """The core, or the channel of a client."""
    if what == "core":
        return SHARED / f"nt.{kernel}.core"
    with Monitor(kernel) as monitor:
        number = next(channel.index for channel in monitor.channels() if channel.client == what)
    return SHARED / f"nt.{kernel}.{number}"


def main(kernel: str, what: str, seed: str, seconds: str) -> None:
    """Noise, single words that are edges, and stretches of one byte; the header only now and then."""
    generator = random.Random(int(seed))
    count = 0
    with memory_of(kernel, what).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        sys.stdout.write("begins\n")
        sys.stdout.flush()
        end = time.monotonic() + float(seconds)
        while time.monotonic() < end:
            count += 1
            begin = 0 if generator.random() < 0.02 else HEADER_BYTES
            # Control words and rows lie in front, rings behind them.
            stop = len(memory) - 4096 if generator.random() < 0.5 else min(len(memory), begin + 65536) - 4096
            at = generator.randrange(begin, stop) // 8 * 8
            way = generator.randrange(3)
            if way == 0:
                size = generator.choice((8, 64, 512, 4096))
                memory[at : at + size] = generator.randbytes(size)
            elif way == 1:
                for number in range(generator.choice((1, 4, 64))):
                    struct.pack_into("<Q", memory, at + 8 * number, generator.choice(WORDS))
            else:
                memory[at : at + 2048] = bytes([generator.choice((0, 1, 127, 128, 255))]) * 2048
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
