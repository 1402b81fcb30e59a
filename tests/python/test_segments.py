"""Shared memory that somebody else left: every header that this library did not write is refused on attach, with its own error."""

from __future__ import annotations

import mmap
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support import SHARED, Market, config_of, until
from support_peers import section

import neural_trader as nt
from neural_trader._native import abi, ffi, lib
from neural_trader.errors import Busy, Corrupt, InvalidArgument, KernelDead, NeuralTraderError, NotFound, VersionMismatch
from neural_trader.kernel import Kernel
from neural_trader.monitor import Monitor
from neural_trader.records import call, check

LIVE, INSTRUMENTS, ACCOUNT_VIEWS, SIGNALS, MODELS = 1, 3, 9, 16, 17  # NT_CORE_
MAGIC = struct.pack("<Q", 0x544E31474553544E)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The core segment of a kernel that has traded."""
    name = f"test-{tmp_path_factory.mktemp('segments').name}-{id(tmp_path_factory)}"[:31]
    with Market(config_of(name)) as market, market.client() as client:
        market.trade(1000)
        client.execute("TEST", "BUY", 1, 900)
        return Path(f"/dev/shm/nt.{name}.core").read_bytes()


@pytest.fixture
def leave(kernel_name: str) -> Iterator[Callable[[bytes], str]]:
    """Leave bytes as the core of a kernel; gives its name. The name's end removes them."""

    def write(content: bytes) -> str:
        (SHARED / f"nt.{kernel_name}.core").write_bytes(content)
        return kernel_name

    yield write
    (SHARED / f"nt.{kernel_name}.core").unlink(missing_ok=True)


def attempts(name: str) -> list[Callable[[], object]]:
    """Every way to attach to a kernel of another process."""
    handle = ffi.new("uint32_t *")
    return [
        lambda: nt.Client.attach(name, timeout_s=0),
        lambda: Monitor(name),
        lambda: call(lib.nt_feed_attach, name.encode(), 0, handle),
        lambda: call(lib.nt_control_attach, name.encode(), 0, handle),
    ]


def test_a_whole_segment_whose_kernel_is_gone(whole: bytes, leave: Callable[[bytes], str]) -> None:
    for attempt in attempts(leave(whole)):
        with pytest.raises(KernelDead, match="its next start cleans up"):
            attempt()


@pytest.mark.parametrize(
    ("at", "bytes_there", "error", "says"),
    [
        pytest.param(0, bytes(8), NotFound, "no kernel named", id="not published yet"),
        pytest.param(0, MAGIC[::-1], VersionMismatch, "byte order", id="magic of the other byte order"),
        pytest.param(0, b"ELF\0\0\0\0\0", Corrupt, "no segment of this library", id="another magic"),
        pytest.param(8, struct.pack("<I", abi.NT_ABI_VERSION + 1), VersionMismatch, "ABI version 2, this library has 1", id="newer ABI"),
        pytest.param(8, bytes(4), VersionMismatch, "has ABI version 0", id="older ABI"),
        pytest.param(12, struct.pack(">I", 0x01020304), VersionMismatch, "byte order 4030201, this library has 1020304", id="endianness"),
        pytest.param(16, struct.pack("<Q", abi.LAYOUT_HASH ^ 1), VersionMismatch, "has layout", id="layout hash"),
        pytest.param(24, struct.pack("<I", 2), Corrupt, "another kind", id="a channel"),
        pytest.param(28, struct.pack("<I", 8192), Corrupt, "size differs", id="header size"),
        pytest.param(32, struct.pack("<Q", 4096), Corrupt, "size differs", id="too small"),
        pytest.param(32, struct.pack("<Q", 2**63), Corrupt, "size differs", id="too large"),
        pytest.param(136, struct.pack("<I", 25), Corrupt, "too many sections", id="section count"),
        pytest.param(136, struct.pack("<I", 0), Corrupt, "contradict", id="no sections"),
        pytest.param(144 + 4, struct.pack("<I", 2**31), Corrupt, "bad section", id="rows of a section"),
        pytest.param(144 + 8, struct.pack("<Q", 2**62), Corrupt, "bad section", id="offset outside"),
        pytest.param(144 + 8, struct.pack("<Q", 0), Corrupt, "bad section", id="offset in the header"),
        pytest.param(144 + 8, struct.pack("<Q", 4096 + 8), Corrupt, "bad section", id="offset off its alignment"),
        pytest.param(144 + 24, struct.pack("<I", 64), Corrupt, "bad section", id="stride"),
        pytest.param(144, struct.pack("<I", 99), Corrupt, "contradict", id="unknown section instead"),
        pytest.param(4095, b"\1", Corrupt, "reserved bytes", id="reserved"),
    ],
)
def test_a_foreign_header_is_refused(
    whole: bytes, leave: Callable[[bytes], str], at: int, bytes_there: bytes, error: type[Exception], says: str
) -> None:
    assert whole[at : at + len(bytes_there)] != bytes_there
    name = leave(whole[:at] + bytes_there + whole[at + len(bytes_there) :])
    for attempt in attempts(name):
        with pytest.raises(error, match=says):
            attempt()


def test_more_models_than_there_can_be_are_refused(whole: bytes, leave: Callable[[bytes], str]) -> None:
    """Tables that agree with each other, of nine models: bits of 32 say which of them the kernel steps."""
    content, models = bytearray(whole), abi.NT_MODEL_MAX + 1
    at = {struct.unpack_from("<I", whole, 144 + 32 * number)[0]: 144 + 32 * number for number in range(17)}
    assert list(at)[-2:] == [SIGNALS, MODELS]  # so that they may grow
    instruments = struct.unpack_from("<I", whole, at[INSTRUMENTS] + 4)[0]
    for kind, rows in ((SIGNALS, models * instruments), (MODELS, models)):
        stride = struct.unpack_from("<I", whole, at[kind] + 24)[0]
        struct.pack_into("<IIQQ", content, at[kind], kind, rows, len(content), rows * stride)
        content += bytes(-(-rows * stride // 4096) * 4096)
    struct.pack_into("<Q", content, 32, len(content))
    for attempt in attempts(leave(bytes(content))):
        with pytest.raises(Corrupt, match="contradict"):
            attempt()


@pytest.mark.parametrize("size", [0, 1, 143, 4095, 4096, 4097, 8192, -4096, -1])
def test_a_truncated_segment_is_refused(whole: bytes, leave: Callable[[bytes], str], size: int) -> None:
    for attempt in attempts(leave(whole[:size])):
        with pytest.raises(NotFound if size == 0 else Corrupt):
            attempt()


def test_random_headers_are_refused(whole: bytes, leave: Callable[[bytes], str]) -> None:
    generator = np.random.default_rng(8)
    seen = set()
    for _ in range(300):
        header = bytearray(whole[:4096])
        for _ in range(int(generator.integers(1, 20))):
            at = int(generator.integers(0, 144 + 14 * 32 // 8 * 8)) // 4 * 4
            struct.pack_into("<I", header, at, int(generator.choice([0, 1, 2**31, 2**32 - 1, int(generator.integers(0, 2**32))])))
        name = leave(bytes(header) + whole[4096:])
        with pytest.raises(NeuralTraderError) as raised:
            nt.Client.attach(name, timeout_s=0)
        seen.add(type(raised.value))
    assert {Corrupt, VersionMismatch} <= seen <= {Corrupt, VersionMismatch, NotFound, KernelDead}


def test_a_foreign_segment_does_not_stop_a_kernel_of_its_name(leave: Callable[[bytes], str]) -> None:
    name = leave(b"not a segment")
    for number in (0, 7, 63):
        (SHARED / f"nt.{name}.{number}").write_bytes(bytes(5000))
    (SHARED / f"nt.{name}.feed").write_bytes(b"")
    with Market(config_of(name)) as market, market.client() as client:
        assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
        assert not (SHARED / f"nt.{name}.63").exists()
    assert not list(SHARED.glob(f"nt.{name}.*"))


def test_something_that_cannot_be_a_segment_is_an_error_and_stays(kernel_name: str) -> None:
    path = SHARED / f"nt.{kernel_name}.core"
    path.mkdir()
    try:
        with Kernel(config_of(kernel_name)) as kernel, pytest.raises(NeuralTraderError):
            kernel.start()
        with pytest.raises(NeuralTraderError):
            nt.Client.attach(kernel_name, timeout_s=0)
        assert path.is_dir()
    finally:
        path.rmdir()


@pytest.mark.parametrize("at", [0, 8, 16, 24, 32, 56 - 8])
def test_a_damaged_header_of_a_free_channel_comes_back(kernel_name: str, at: int) -> None:
    with Market(config_of(kernel_name)), nt.Client.attach(kernel_name, name="first"):
        paths = [SHARED / f"nt.{kernel_name}.{channel}" for channel in range(1, 8)]
        before = [path.read_bytes()[:4096] for path in paths]
        for path in paths:
            with path.open("r+b") as file:
                file.seek(at)
                file.write(b"\xa5" * 8)
        until(lambda: [path.read_bytes()[:4096] for path in paths] == before, "the headers")
        with nt.Client.attach(kernel_name, name="second") as second:
            assert second.execute("TEST", "BUY", 1, 900).status == "NEW"


def test_channels_of_another_run_are_refused(kernel_name: str) -> None:
    channels = [SHARED / f"nt.{kernel_name}.{number}" for number in range(8)]
    with Market(config_of(kernel_name)):
        old = [channel.read_bytes() for channel in channels]
    with Market(config_of(kernel_name)):
        for channel, content in zip(channels[:7], old[:7], strict=True):
            channel.unlink()  # a name that leads to other memory than the kernel's
            channel.write_bytes(content)
        with nt.Client.attach(kernel_name, name="found") as client:  # the one that is left
            assert client.execute("TEST", "BUY", 1, 900).status == "NEW"
        channels[7].unlink()
        channels[7].write_bytes(old[7])
        with pytest.raises(Corrupt, match="another run of the kernel"):
            nt.Client.attach(kernel_name, name="lost", timeout_s=0)
    assert [channel for channel in channels if not channel.exists()] == []  # what is not the kernel's stays when it ends
    for channel in channels:
        channel.unlink()


def test_a_kernel_that_says_that_it_has_a_thousand_models(kernel_name: str) -> None:
    with Market(config_of(kernel_name, models={"mine": nt.ModelConfig()})), nt.Client.attach(kernel_name, name="one") as client:
        with (SHARED / f"nt.{kernel_name}.core").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            at = section(memory, LIVE)[0] + 32
            assert struct.unpack_from("<I", memory, at)[0] == 1
            struct.pack_into("<I", memory, at, 1000)
        signal = ffi.new("nt_tick *", {"model": 40, "value_count": 1, "values": [0.5], "confidence": 0.5})
        with pytest.raises(InvalidArgument, match="an instrument and a model of the kernel"):
            check(lib.nt_client_signal(client._handle, signal), client._handle)
        client.send_signal("TEST", [0.25, 0.75], model="mine")


def test_a_row_in_the_middle_of_a_write_is_waited_for(kernel_name: str) -> None:
    with Market(config_of(kernel_name)) as market, nt.Client.attach(kernel_name, name="reader") as client:
        market.trade(1000)
        with (SHARED / f"nt.{kernel_name}.core").open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            row, _ = section(memory, ACCOUNT_VIEWS)
            sequence = struct.unpack_from("<Q", memory, row)[0]
            assert sequence % 2 == 0
            struct.pack_into("<Q", memory, row, sequence | 1)  # as a writer that lost its processor leaves it
            finish = threading.Timer(0.005, struct.pack_into, ("<Q", memory, row, sequence + 2))
            finish.start()
            assert client.account().equity == 100_000
            finish.join()
            struct.pack_into("<Q", memory, row, sequence | 1)  # and one that died
            with pytest.raises(Busy):
                client.account()
        market.kernel.set_state("REDUCING", "the next write heals it")
        until(lambda: client.account().state == "REDUCING", "the write")
