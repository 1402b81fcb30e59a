"""What the doctor sees of real segments, of processes that were killed, and of files that are none of ours."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Market, Peer, config_of, segments

from neural_trader import doctor
from neural_trader._native import abi, ffi, lib
from neural_trader.client import Client
from neural_trader.doctor import SegmentState, examine_segments, remove_dead, shared_memory_bytes
from neural_trader.records import call


def by_file(name: str) -> dict[str, SegmentState]:
    return {state.file.removeprefix(f"nt.{name}."): state for state in examine_segments(name)}


def holders(state: SegmentState) -> dict[str, int | None]:
    return {lock.role: lock.pid for lock in state.locks if lock.held}


@pytest.fixture
def ring_name(kernel_name: str) -> Iterator[str]:
    yield kernel_name
    Path(f"/dev/shm/nt.ring.{kernel_name}").unlink(missing_ok=True)


# ---- kernels -------------------------------------------------------------------------------------------------------------------------


def test_a_living_kernel_and_its_clients_are_shown_with_their_holders(kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        assert kernel.hear() == "started"
        before = by_file(kernel_name)
        assert set(before) == {"core", "feed", "control", *map(str, range(8))}
        assert {state.state for state in before.values()} == {"alive"}
        assert {state.kind for state in before.values()} == {"core", "feed", "control", "channel"}
        assert [before[str(number)].channel for number in range(8)] == list(range(8))
        for file, state in before.items():
            assert holders(state) == {role: kernel.pid for role in ("kernel", "feed") if role == "kernel" or file == "feed"}
            assert (state.pid, state.owner, state.abi_version) == (kernel.pid, kernel_name, abi.NT_ABI_VERSION)
            assert state.bytes == Path(f"/dev/shm/nt.{kernel_name}.{file}").stat().st_size
        core = before["core"].locks[0]
        assert core.command is not None
        assert "quiet_kernel" in core.command
        assert len({state.incarnation for state in before.values()}) == 1
        with Client.attach(kernel_name, name="looker", timeout_s=20):
            held = [holders(state) for state in by_file(kernel_name).values()]
            assert [found for found in held if "client" in found] == [{"kernel": kernel.pid, "client": os.getpid()}]
        assert not any("client" in holders(state) for state in by_file(kernel_name).values())
        assert remove_dead(kernel_name) == []
        assert set(by_file(kernel_name)) == set(before)
        kernel.leave()
    assert examine_segments(kernel_name) == []


def test_each_life_of_a_kernel_has_its_own_incarnation(kernel_name: str) -> None:
    seen = []
    for _ in range(2):
        with Market(config_of(kernel_name)):
            core = by_file(kernel_name)["core"]
            seen.append(core.incarnation)
            assert core.pid == os.getpid()
    assert seen[0] != seen[1]


def test_a_killed_kernel_is_dead_and_its_leftovers_are_removed(kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        assert kernel.hear() == "started"
        kernel.kill()
        left = by_file(kernel_name)
        assert len(left) == 11
        assert {state.state for state in left.values()} == {"dead"}
        assert all(not holders(state) and state.note == "nobody holds it" for state in left.values())
        removals = remove_dead(kernel_name)
        assert {row.file for row in removals} == {state.file for state in left.values()}
        assert all(row.removed for row in removals)
        assert sum(row.bytes for row in removals) == sum(state.bytes for state in left.values())
    assert segments(kernel_name) == []
    assert remove_dead(kernel_name) == []
    with Market(config_of(kernel_name)) as market, market.client() as client:  # the name is free again
        market.trade(1000)
        assert client.execute("TEST", "BUY", 1, 900).status == "NEW"


def test_what_a_living_client_of_a_killed_kernel_holds_is_kept_until_it_leaves(kernel_name: str) -> None:
    with Peer("quiet_kernel", name=kernel_name) as kernel:
        assert kernel.hear() == "started"
        with Client.attach(kernel_name, name="orphan", timeout_s=20):
            kernel.kill()
            held = [state for state in examine_segments(kernel_name) if state.state == "held"]
            assert len(held) == 1
            assert holders(held[0]) == {"client": os.getpid()}
            assert held[0].note == f"its kernel is gone, but the client {os.getpid()} still holds it"
            assert len(remove_dead(kernel_name)) == 10
            assert segments(kernel_name) == [held[0].file]
        assert [state.state for state in examine_segments(kernel_name)] == ["dead"]
        assert [row.removed for row in remove_dead(kernel_name)] == [True]


def test_a_killed_client_frees_its_lock_and_its_kernel_lives(kernel_name: str) -> None:
    with Market(config_of(kernel_name)):
        with Peer("trader", name=kernel_name, client="victim") as trader:
            trader.hear()
            states = by_file(kernel_name).values()
            assert [holders(state).get("client") for state in states if "client" in holders(state)] == [trader.pid]
            trader.kill()
            assert all("client" not in holders(state) for state in by_file(kernel_name).values())
        assert {state.state for state in by_file(kernel_name).values()} == {"alive"}


def test_a_ring_shows_its_owner_producer_and_consumer(ring_name: str) -> None:
    error, ring, producer = ffi.new("nt_error *"), ffi.new("uint32_t *"), ffi.new("uint32_t *")
    assert lib.nt_ring_create(ring_name.encode(), 64, 16, 0, ring, error) == 0
    try:
        (state,) = [state for state in examine_segments(ring_name) if state.kind == "ring"]
        assert (state.owner, state.state, holders(state)) == (ring_name, "alive", {"owner": os.getpid()})
        call(lib.nt_ring_attach, ring_name.encode(), abi.NT_ROLE_PRODUCER, producer)
        (state,) = examine_segments(ring_name)
        assert holders(state) == {"owner": os.getpid(), "producer": os.getpid()}
        assert lib.nt_close(producer[0]) == 0
    finally:
        lib.nt_close(ring[0])
    assert examine_segments(ring_name) == []


# ---- files that are none of ours -----------------------------------------------------------------------------------------------------


def header(*, magic: int = 0x544E31474553544E, version: int = abi.NT_ABI_VERSION, layout: int = abi.LAYOUT_HASH, size: int = 4096) -> bytes:
    start = struct.pack("<QIIQIIQQQIIq", magic, version, 0x01020304, layout, 1, 4096, size, 7, 0, 1, 4242, 10**18)
    return start.ljust(4096, b"\0")


@pytest.mark.parametrize(
    ("file", "content", "state", "note"),
    [
        ("nt.k.core", header(), "dead", "nobody holds it"),
        (
            "nt.k.core",
            header(version=9),
            "dead",
            f"of another version of the library (ABI 9, layout {abi.LAYOUT_HASH:016x}); nobody holds it",
        ),
        (
            "nt.k.core",
            header(layout=1),
            "dead",
            f"of another version of the library (ABI {abi.NT_ABI_VERSION}, layout {1:016x}); nobody holds it",
        ),
        ("nt.k.core", header(size=8192), "dead", "is damaged: its header says 8192 bytes; nobody holds it"),
        ("nt.k.core", b"", "dead", "was not published; nobody holds it"),
        ("nt.k.core", bytes(4096), "dead", "was not published; nobody holds it"),
        ("nt.k.core", b"somebody else's", "unknown", "is no segment of this library; it is left alone"),
        ("nt.k.core", b"x" * 4096, "unknown", "is no segment of this library; it is left alone"),
        ("nt.other", b"", "unknown", "is no segment of this library; it is left alone"),
        ("nt.other", header(), "dead", "nobody holds it"),
    ],
)
def test_only_what_is_provably_a_dead_segment_is_removed(tmp_path: Path, file: str, content: bytes, state: str, note: str) -> None:
    (tmp_path / file).write_bytes(content)
    (tmp_path / "other.core").write_bytes(header())
    (found,) = examine_segments(directory=tmp_path)
    assert (found.file, found.state, found.note, found.bytes) == (file, state, note, len(content))
    assert (found.incarnation, found.pid) == ((7, 4242) if content.startswith(header()[:8]) else (None, None))
    removals = remove_dead(directory=tmp_path)
    assert [row.removed for row in removals] == ([True] if state == "dead" else [])
    assert (tmp_path / file).exists() == (state != "dead")
    assert (tmp_path / "other.core").exists()


def test_links_and_directories_are_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(header())
    (tmp_path / "nt.k.core").symlink_to(target)
    (tmp_path / "nt.d.core").mkdir()
    os.mkfifo(tmp_path / "nt.f.core")
    found = {state.owner: state for state in examine_segments(directory=tmp_path)}
    assert {state.state for state in found.values()} == {"unknown"}
    assert "cannot be opened" in found["k"].note
    assert found["d"].note == found["f"].note == "is no regular file"
    assert remove_dead(directory=tmp_path) == []
    assert target.exists()


def test_names_with_dots_belong_to_their_kernel(tmp_path: Path) -> None:
    for file in ("nt.a.b.core", "nt.a.core", "nt.ring.a.core", "nt.a.12"):
        (tmp_path / file).write_bytes(header())
    found = {state.file: (state.owner, state.kind, state.channel) for state in examine_segments(directory=tmp_path)}
    assert found == {
        "nt.a.12": ("a", "channel", 12),
        "nt.a.b.core": ("a.b", "core", None),
        "nt.a.core": ("a", "core", None),
        "nt.ring.a.core": ("a.core", "ring", None),
    }
    assert [row.file for row in remove_dead("a", tmp_path)] == ["nt.a.12", "nt.a.core"]


def test_a_segment_that_is_taken_again_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nt.k.core"
    path.write_bytes(header())
    (state,) = examine_segments(directory=tmp_path)
    descriptor = os.open(path, os.O_RDWR)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0))
    assert doctor._remove(path, state).note == "somebody has taken it meanwhile"
    os.close(descriptor)
    ours = os.fstat

    def made_anew(number: int) -> Any:
        path.unlink()
        path.write_bytes(header())
        monkeypatch.setattr(os, "fstat", ours)
        return ours(number)

    monkeypatch.setattr(os, "fstat", made_anew)
    assert doctor._remove(path, state).note == "was made anew meanwhile"
    assert path.exists()
    path.unlink()
    gone = doctor._remove(path, state)
    assert (gone.removed, gone.note) == (False, "is gone already")


def test_shared_memory_is_counted_by_the_system() -> None:
    room = shared_memory_bytes()
    system = os.statvfs("/dev/shm")
    assert room["total"] == system.f_frsize * system.f_blocks
    assert 0 < room["free"] <= room["total"]
