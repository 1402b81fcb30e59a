"""Every segment in shared memory on this machine: whose it is, who holds its locks, and what a killed process has left.

A segment is a file /dev/shm/nt.*. Its owner holds a lock on byte 0 of it, its peers on the bytes after; the system frees the lock of a
process that ends in whatever way. So a free owner's lock proves that the owner is gone, and a process id proves nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from neural_trader._native import abi

__all__ = ["LockState", "Removal", "SegmentState", "examine_segments", "remove_dead", "shared_memory_bytes"]

Kind = Literal["core", "channel", "feed", "control", "ring", "unknown"]
State = Literal["alive", "dead", "held", "unknown"]

_SHARED: Final = Path("/dev/shm")
_NAME: Final = re.compile(r"nt\.(?:ring\.(?P<ring>.+)|(?P<kernel>.+)\.(?P<part>core|feed|control|\d{1,2}))", re.ASCII)
_PARTS: Final[Mapping[str, Kind]] = {"core": "core", "feed": "feed", "control": "control"}
_MAGIC: Final = 0x544E31474553544E  # of csrc/segment.h, as is the layout of the header
_HEADER: Final = struct.Struct("<QIIQIIQQQIIq")
_OWNER: Final = 0
_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "core": ("kernel",),
    "channel": ("kernel", "client"),
    "feed": ("kernel", "feed"),
    "control": ("kernel", "controller"),
    "ring": ("owner", "producer", "consumer"),
    "unknown": ("owner",),
}
_FLOCK: Final = struct.Struct("@hhqqi4x")
_LOCK_LINE: Final = re.compile(r"lock:.*\sOFDLCK\s+ADVISORY\s+WRITE\s.*:(\d+)\s+(\d+)\s+(\d+|EOF)\s*$")


class LockState(msgspec.Struct, frozen=True, kw_only=True):
    """One lock of a segment. `pid` and `command` are of its holder, None where it is free or where this user may not see the holder."""

    role: str
    held: bool
    pid: int | None
    command: str | None


class SegmentState(msgspec.Struct, frozen=True, kw_only=True):
    """One file of shared memory.

    `owner` is the name of its kernel or ring, `channel` the number of a client's channel. `bytes` is its size, `incarnation` the number of
    its kernel's life, `pid` the process that made it and `created_ns` when (nanoseconds since 1970); these are None where the header is not
    ours. `state` is "alive" (its owner holds it), "dead" (nobody holds it: a leftover), "held" (its owner is gone and a peer still has it)
    or "unknown" (not a segment of this library, or not readable), and `note` says more.
    """

    file: str
    kind: Kind
    owner: str
    channel: int | None
    bytes: int
    incarnation: int | None
    pid: int | None
    created_ns: int | None
    abi_version: int | None
    state: State
    locks: list[LockState]
    note: str


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a dead segment: whether it was removed, and why not."""

    file: str
    bytes: int
    removed: bool
    note: str


class _Header(NamedTuple):
    bytes: int
    incarnation: int
    pid: int
    created_ns: int
    abi_version: int
    layout_hash: int


def shared_memory_bytes(directory: Path = _SHARED) -> dict[str, int]:
    """Size of the machine's shared memory and what of it is free."""
    system = os.statvfs(directory)
    return {"total": system.f_frsize * system.f_blocks, "free": system.f_frsize * system.f_bavail}


def examine_segments(owner: str | None = None, directory: Path = _SHARED) -> list[SegmentState]:
    """Every segment on this machine, or of one kernel or ring, in the order of its name. Nothing is changed, and nobody is disturbed."""
    files = [path for path in sorted(directory.glob("nt.*")) if owner is None or _owner_of(path) == owner]
    holders = _holders(directory) if files else {}
    return [state for path in files if (state := _examine(path, holders)) is not None]


def remove_dead(owner: str | None = None, directory: Path = _SHARED) -> list[Removal]:
    """Remove every dead segment, or those of one kernel or ring: what has no holder of any lock. Each is locked first, so that one whose
    name somebody else has just taken again stays."""
    return [_remove(directory / state.file, state) for state in examine_segments(owner, directory) if state.state == "dead"]


# ---- one segment ---------------------------------------------------------------------------------------------------------------------


def _examine(path: Path, holders: Mapping[tuple[int, int], tuple[int, str | None]]) -> SegmentState | None:
    """None when it went away meanwhile."""
    named = _NAME.fullmatch(path.name)
    kind: Kind = "unknown"
    if named is not None:
        kind = "ring" if named["ring"] else _PARTS.get(named["part"], "channel")
    channel = int(named["part"]) if named is not None and kind == "channel" else None

    def state(found: State, note: str, size: int, header: _Header | None, locks: list[LockState]) -> SegmentState:
        return SegmentState(
            file=path.name,
            kind=kind,
            owner=_owner_of(path),
            channel=channel,
            bytes=size,
            incarnation=header.incarnation if header is not None else None,
            pid=header.pid if header is not None else None,
            created_ns=header.created_ns if header is not None else None,
            abi_version=header.abi_version if header is not None else None,
            state=found,
            locks=locks,
            note=note,
        )

    try:
        descriptor = _open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    except OSError as error:
        return state("unknown", f"cannot be opened: {error.strerror}", path.lstat().st_size, None, [])
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return state("unknown", "is no regular file", about.st_size, None, [])
        start = os.pread(descriptor, _HEADER.size, 0)
        header = _header(start)
        if header is None and (any(start) or named is None):
            return state("unknown", "is no segment of this library; it is left alone", about.st_size, None, [])
        locks = [_lock(descriptor, about.st_ino, byte, role, holders) for byte, role in enumerate(_ROLES[kind])]
        found, note = _judge(locks, header, about.st_size)
        return state(found, note, about.st_size, header, locks)
    finally:
        os.close(descriptor)


def _owner_of(path: Path) -> str:
    """Name of the kernel or ring that a file belongs to."""
    named = _NAME.fullmatch(path.name)
    return path.name.removeprefix("nt.") if named is None else str(named["ring"] or named["kernel"])


def _open(path: Path, mode: int) -> int:
    return os.open(path, mode | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _header(start: bytes) -> _Header | None:
    """The header at the start of a published segment of this machine's byte order."""
    if len(start) < _HEADER.size:
        return None
    magic, version, _, layout, _, _, size, incarnation, _, _, pid, created = _HEADER.unpack(start)
    return _Header(size, incarnation, pid, created, version, layout) if magic == _MAGIC else None


def _judge(locks: list[LockState], header: _Header | None, size: int) -> tuple[State, str]:
    held = [lock for lock in locks if lock.held]
    notes = []
    if header is None:
        notes.append("was not published")
    elif header.abi_version != abi.NT_ABI_VERSION or header.layout_hash != abi.LAYOUT_HASH:
        notes.append(f"of another version of the library (ABI {header.abi_version}, layout {header.layout_hash:016x})")
    elif header.bytes != size:
        notes.append(f"is damaged: its header says {header.bytes} bytes")
    if locks[_OWNER].held:
        return "alive", "; ".join(notes)
    if held:
        who = ", ".join(f"{lock.role}{f' {lock.pid}' if lock.pid is not None else ''}" for lock in held)
        return "held", "; ".join([*notes, f"its {locks[_OWNER].role} is gone, but the {who} still holds it"])
    return "dead", "; ".join([*notes, "nobody holds it"])


def _lock(descriptor: int, inode: int, byte: int, role: str, holders: Mapping[tuple[int, int], tuple[int, str | None]]) -> LockState:
    """Whether anybody holds a byte, and who. Asking takes no lock."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    held = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK
    pid, command = holders.get((inode, byte), (None, None)) if held else (None, None)
    return LockState(role=role, held=held, pid=pid, command=command)


def _holders(directory: Path) -> dict[tuple[int, int], tuple[int, str | None]]:
    """(inode, byte) of each lock on a segment to its process and command, from what the system tells of open files."""
    found: dict[tuple[int, int], tuple[int, str | None]] = {}
    start = f"{directory}/nt."
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            descriptors = os.listdir(process / "fd")
        except OSError:  # of another user, or gone
            continue
        for number in descriptors:
            try:
                if not os.readlink(process / "fd" / number).startswith(start):
                    continue
                lines = (process / "fdinfo" / number).read_text(encoding="utf-8").splitlines()
            except OSError:
                continue
            for line in lines:
                match = _LOCK_LINE.match(line)
                if match is not None:
                    first, last = int(match[2]), int(match[2]) if match[3] == "EOF" else int(match[3])
                    for byte in range(first, min(last, first + len(_ROLES["ring"])) + 1):
                        found[int(match[1]), byte] = (int(process.name), _command(process))
    return found


def _command(process: Path) -> str | None:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return " ".join(word.decode("utf-8", "replace") for word in words if word)[:200] or None


def _remove(path: Path, state: SegmentState) -> Removal:
    def outcome(removed: bool, note: str) -> Removal:
        return Removal(file=path.name, bytes=state.bytes, removed=removed, note=note)

    try:
        descriptor = _open(path, os.O_RDWR)
    except FileNotFoundError:
        return outcome(False, "is gone already")
    except OSError as error:
        return outcome(False, f"cannot be opened: {error.strerror}")
    try:
        for byte in range(len(state.locks)):  # all of them: what a peer still holds stays
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0))
        ours, named = os.fstat(descriptor), os.stat(path, follow_symlinks=False)
        if (ours.st_dev, ours.st_ino) != (named.st_dev, named.st_ino):
            return outcome(False, "was made anew meanwhile")
        path.unlink()
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return outcome(False, "somebody has taken it meanwhile")
        return outcome(False, "is gone already" if error.errno == errno.ENOENT else f"cannot be removed: {error.strerror}")
    finally:
        os.close(descriptor)
    return outcome(True, state.note)
