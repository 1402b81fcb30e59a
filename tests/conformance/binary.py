"""session.bin: the sessions as calls of the C library, for programs that read no JSON. tests/c/test_conformance.c replays it.

All numbers are little-endian. The file begins with the eight bytes "NTCALLS1" and the layout hash of the records in it (u64). Then come
calls, each a header of 24 bytes and what it points to:

    u32 kind        see KINDS
    u32 a, b        arguments, by kind
    i32 result      what the call has to return; at least 0, or NT_ERR_
    u32 given       bytes of input that follow the header, filled up with zeros to a multiple of 8
    u32 out         bytes of output that have to come, after those, filled up likewise

Clients are numbered in the order of their `client` calls, from 0 in each session.

    session     given: the session's name, with a zero
    create      given: nt_kernel_config
    instrument  given: nt_instrument
    account     given: nt_account
    terms       given: nt_terms
    model       a: precision, b: isa; given: name of NT_NAME_BYTES, then the file; no file: signals come from clients
    client      given: name of NT_NAME_BYTES
    subscribe   a: client
    leave       a: client, which closes
    feed        given: nt_tick records; result: how many nt_kernel_replay takes
    run         a: budget
    state       a: account, b: state; given: reason, with a zero
    order       a: client, b: 1 where it brings its own id; given: nt_order, of which half is enough for one that is not
                extended; out: the id
    poll        a: client, b: room for ticks; given: u32, 1 where ticks are kept; out: nt_poll, then ticks where they are, then reports
    quote, position, money, features, book, signal, now
                a: client; given: u32, u32, the indices that the read asks for; out: the record
    journal     out: u64 bytes of all frames, u64 FNV-1a of them
    close       the end of the session
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final

from neural_trader._native import abi

MAGIC: Final = b"NTCALLS1"
KINDS: Final = (
    "session",
    "create",
    "instrument",
    "account",
    "terms",
    "model",
    "client",
    "subscribe",
    "leave",
    "feed",
    "run",
    "state",
    "order",
    "poll",
    "quote",
    "position",
    "money",
    "features",
    "book",
    "signal",
    "now",
    "journal",
    "close",
)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 8)


def packed(modules: Iterable[Sequence[tuple[str, list[Any]]]]) -> bytes:
    """The file of the sessions of some modules: pairs of a name and its calls."""
    parts = [MAGIC, struct.pack("<Q", abi.LAYOUT_HASH)]
    for sessions in modules:
        for name, calls in sessions:
            for kind, a, b, result, given, out in [("session", 0, 0, 0, name.encode() + b"\0", b""), *calls]:
                header = struct.pack("<3Ii2I", KINDS.index(kind) + 1, a, b, result, len(given), len(out))
                parts += [header, _padded(given), _padded(out)]
    return b"".join(parts)
