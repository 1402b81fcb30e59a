"""`neural-trader doctor`."""

from __future__ import annotations

import argparse
import datetime
from typing import Any

from neural_trader.cli.common import EXIT_FAILURE, EXIT_OK, add_command, print_json, table
from neural_trader.doctor import LockState, Removal, SegmentState, examine_segments, remove_dead, shared_memory_bytes
from neural_trader.wording import counted

__all__ = ["add"]


def add(commands: Any) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "doctor",
        "look at every segment in shared memory: who holds it, and what a killed process has left",
        ("doctor", "doctor --json", "doctor es-paper --repair", "doctor --repair"),
        "Exits 1 while there are leftovers. A kernel that starts removes the leftovers of its own name by itself.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="one kernel or ring; everything on this machine unless given")
    parser.add_argument("--repair", action="store_true", help="remove the leftovers: segments whose every lock is free; nothing else")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    removals = remove_dead(options.name) if options.repair else []
    segments = examine_segments(options.name)
    room = shared_memory_bytes()
    left = [segment for segment in segments if segment.state == "dead"]
    if options.json:
        print_json({"ok": not left, "shared_memory_bytes": room, "removed": removals, "segments": segments})
    else:
        print("\n".join([*_removed(removals), *_shown(segments), *_summary(segments, room)]))
    return EXIT_FAILURE if left else EXIT_OK


def _removed(removals: list[Removal]) -> list[str]:
    return [f"{'removed' if row.removed else 'kept'} {row.file} ({_size(row.bytes)}): {row.note}" for row in removals]


def _shown(segments: list[SegmentState]) -> list[str]:
    if not segments:
        return []
    rows: list[tuple[str, ...]] = [("segment", "kind", "size", "state", "made", "incarnation", "pid", "locks", "")]
    for segment in segments:
        rows.append(
            (
                segment.file,
                segment.kind,
                _size(segment.bytes),
                segment.state.upper() if segment.state == "dead" else segment.state,
                _moment(segment.created_ns),
                "" if segment.incarnation is None else f"{segment.incarnation:x}",
                "" if segment.pid is None else str(segment.pid),
                ", ".join(_lock(lock) for lock in segment.locks),
                segment.note,
            )
        )
    return table(rows, right=(2, 6))


def _summary(segments: list[SegmentState], room: dict[str, int]) -> list[str]:
    left = [segment for segment in segments if segment.state == "dead"]
    kernels = {segment.owner for segment in segments if segment.kind == "core" and segment.state == "alive"}
    size = _size(sum(segment.bytes for segment in segments))
    lines = [
        f"{counted(len(segments), 'segment')}, {size}; {counted(len(kernels), 'kernel')} alive; "
        f"shared memory {_size(room['free'])} free of {_size(room['total'])}"
    ]
    if left:
        size = _size(sum(segment.bytes for segment in left))
        lines.append(f"{counted(len(left), 'leftover')} ({size}): add --repair to remove {'it' if len(left) == 1 else 'them'}")
    return lines


def _lock(lock: LockState) -> str:
    if not lock.held:
        return f"{lock.role} free"
    return f"{lock.role} {lock.pid}" if lock.pid is not None else f"{lock.role} held by another user"


def _moment(created_ns: int | None) -> str:
    if created_ns is None:
        return ""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=created_ns // 1000)
    return moment.isoformat(sep=" ", timespec="seconds")


def _size(count: int) -> str:
    return f"{count / 2**20:,.1f} MiB" if count >= 2**20 else f"{count / 2**10:,.1f} KiB"
