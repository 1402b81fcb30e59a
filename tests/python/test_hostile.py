"""A client that writes arbitrary bytes over its channel harms itself: the kernel and the other clients go on."""

import mmap
import os
import random
import struct
from pathlib import Path

import pytest
from test_client import ES

import neural_trader as nt
from neural_trader import errors
from neural_trader.monitor import Monitor

HEADER_BYTES = 4096


def channel_of(kernel: str, client: str) -> Path:
    with Monitor(kernel) as monitor:
        for channel in monitor.channels():
            if channel.client == client:
                return Path(f"/dev/shm/nt.{kernel}.{channel.index}")
    raise AssertionError(f"{client} has no channel")


@pytest.mark.parametrize("seed", range(8))
def test_a_scribbled_channel_harms_nobody_else(kernel_name: str, seed: int) -> None:
    rng = random.Random(seed)
    config = nt.Config(name=kernel_name, instruments={"ES": ES}, venue=nt.VenueConfig(latency_in_us=0, latency_out_us=0))
    with nt.Kernel(config, realtime=True) as kernel:
        kernel.start()
        with nt.Client.attach(kernel_name, name="other") as other, nt.Client.attach(kernel_name, name="hostile") as hostile:
            for _ in range(20):
                hostile.submit("ES", "BUY", 1, 90)
            path = channel_of(kernel_name, "hostile")
            with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
                for _ in range(300):
                    if seed % 2:  # control words and first slots
                        at = HEADER_BYTES + rng.randrange(0, 8192 - 8) // 8 * 8
                        memory[at : at + 8] = struct.pack(
                            "<Q", rng.choice([0, 1, 2**32 - 1, 2**63, 2**64 - 1, rng.getrandbits(64), rng.randrange(100)])
                        )
                    else:
                        at = rng.randrange(HEADER_BYTES, len(memory) - 64)
                        memory[at : at + 64] = os.urandom(64)
                if seed >= 6:
                    memory[HEADER_BYTES:] = os.urandom(len(memory) - HEADER_BYTES)
            for number in range(20):
                result = other.execute("ES", "BUY", 1, 80, timeout_s=10)
                assert (result.status, result.order_id) == ("NEW", number + 1)
            assert other.cancel_all() == 20
            assert kernel.running
        result = kernel.stop()
    assert result.summary["orders"]["accepted"] >= 20


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [
        (8, struct.pack("<I", 99), errors.VersionMismatch),  # ABI version
        (12, struct.pack(">I", 0x01020304), errors.VersionMismatch),  # byte order
        (16, struct.pack("<Q", 1), errors.VersionMismatch),  # layout
        (24, struct.pack("<I", 2), errors.Corrupt),  # kind
        (32, struct.pack("<Q", 2**60), errors.Corrupt),  # size
        (0, struct.pack("<Q", 0), errors.NeuralTraderError),  # not published
    ],
)
def test_another_layout_is_refused_on_attach(kernel_name: str, offset: int, value: bytes, error: type[Exception]) -> None:
    with nt.Kernel(nt.Config(name=kernel_name, instruments={"ES": ES}), realtime=True) as kernel:
        kernel.start()
        core = Path(f"/dev/shm/nt.{kernel_name}.core")
        with core.open("r+b") as file:
            file.seek(offset)
            before = file.read(len(value))
            assert before != value
            file.seek(offset)
            file.write(value)
            file.flush()
            with pytest.raises(error):
                nt.Client.attach(kernel_name, timeout_s=0.05)
            file.seek(offset)
            file.write(before)
            file.flush()
        with nt.Client.attach(kernel_name) as client:
            assert client.execute("ES", "BUY", 1, 90, timeout_s=5).status == "NEW"


def test_a_truncated_segment_is_refused_on_attach(kernel_name: str) -> None:
    with nt.Kernel(nt.Config(name=kernel_name, instruments={"ES": ES}), realtime=True) as kernel:
        kernel.start()
        copy = Path(f"/dev/shm/nt.{kernel_name}-cut.core")
        copy.write_bytes(Path(f"/dev/shm/nt.{kernel_name}.core").read_bytes()[:5000])
        try:
            with pytest.raises((errors.Corrupt, errors.NotFound, errors.KernelDead)):
                nt.Client.attach(f"{kernel_name}-cut", timeout_s=0.05)
        finally:
            copy.unlink()
