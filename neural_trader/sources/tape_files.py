"""Tape files: ticks as the core takes them, with the instruments and assumptions that they were made with, in one file.

A tape file is little-endian. It begins with a header of fixed size, then comes a JSON document (what `Source` holds beside its ticks),
then zeros up to the next multiple of 4096 bytes, then the records of nt_tick. The header holds, in this order: the magic, the byte order
mark 0x01020304 and the version as 32-bit numbers; the layout hash of nt_tick, the count of the records, their offset in the file and the
length of the JSON document as 64-bit numbers; three SHA-256: of the source that was converted, of the records, and of the header up to
here with the JSON document after it.
"""

import contextlib
import dataclasses
import errno
import hashlib
import mmap
import os
import secrets
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader import _fields as rule
from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.errors import NoSpace, SourceError, SystemFailure
from neural_trader.instruments import Instrument
from neural_trader.numbers import RAW_MAX, Converter, exact
from neural_trader.sources.source import Source

__all__ = ["MAGIC", "SUFFIX", "VERSION", "give_back", "instruments_of", "open_source", "recognises", "verify", "write_tape"]

MAGIC: Final = b"NTTAPE\r\n"
SUFFIX: Final = ".tape"
VERSION: Final = 1

_ORDER: Final = 0x01020304
_HEADER: Final = struct.Struct("<8sIIQQQQ32s32s32s")
_SEALED: Final = _HEADER.size - 32  # bytes of the header that its own hash covers
_ALIGNMENT: Final = 4096
_DOCUMENT_BYTES_MAX: Final = 1 << 26
_CHUNK: Final = 65_536  # ticks in one piece
_TIME_MAX: Final = 2**62 - 1  # nanoseconds since 1970, either way: beyond it the core takes no tape
_DAY_MAX: Final = 1_000_000  # days since 1970
_KINDS: Final = tuple(kind for kind in abi.TickKind if kind != abi.NT_TICK_SIGNAL)  # which no source brings
_FIXED_TERMS: Final = ("price_decimals", "quantity_decimals", "tick_raw", "lot_raw", "session", "currency")

Progress = Callable[[int, int], None]


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    """What a tape file says of its ticks. The instrument column counts in the order of `instruments`."""

    name: str
    symbols: tuple[str, ...]
    rows: int
    instruments: dict[str, Instrument]
    assumptions: tuple[str, ...]


class _Head(NamedTuple):
    """A header that was found in order."""

    ticks: int
    offset: int
    source_sha256: str
    ticks_sha256: bytes
    document: _Document


def _layout_hash() -> int:
    """Of the name, format and place of each field of nt_tick, and its size."""
    fields = abi.NT_TICK.fields
    assert fields is not None
    text = ";".join(f"{name} {field[0].str} {field[1]}" for name, field in fields.items())
    return int.from_bytes(hashlib.sha256(f"{text};{abi.NT_TICK.itemsize}".encode()).digest()[:8], "little")


# ---- reading -------------------------------------------------------------------------------------------------------------------


def recognises(spec: str) -> bool:
    """Whether a source is a tape file, by its name or by its first bytes."""
    path = Path(spec)
    if path.suffix == SUFFIX:
        return not os.path.isdir(path)
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def open_source(spec: str, config: Config) -> Source:
    """A tape file as a tape, in place: its ticks are pages of the file, read-only.

    Header, order of time, kinds, instruments and ranges are checked; the hash of the ticks is for `verify`. The instruments are those of
    the file in its order, then those of the configuration that it lacks. Where both have one, the configuration's terms hold, but those
    that the ticks depend on (currency, tick and lot sizes, session) have to be the file's. SourceError names file and offset. A file
    that is open must not be cut short in place: the system ends a process that reads beyond the end of one.
    """
    head = _read_head(spec)
    instruments = _united(spec, head.document, config)
    ticks = _mapped(spec, head)
    _check_ticks(spec, head, ticks, instruments)
    document = head.document
    return Source(
        name=spec,
        symbols=document.symbols,
        instruments=instruments,
        ticks=ticks,
        rows=document.rows,
        assumptions=document.assumptions,
        sha256=head.source_sha256,
    )


def instruments_of(spec: str, config: Config) -> Mapping[str, Instrument]:
    """The instruments that `open_source` would give, from the header."""
    return _united(spec, _read_head(spec).document, config)


def verify(spec: str) -> int:
    """Compare the hash of a tape file's ticks with the one that its header has, and give the number of ticks. SourceError when they
    differ."""
    head = _read_head(spec)
    ticks = _mapped(spec, head)
    found = hashlib.sha256()
    for begin in range(0, head.ticks, _CHUNK):
        found.update(ticks[begin : begin + _CHUNK].view(np.uint8).data)
        give_back(ticks, begin + _CHUNK)
    if found.digest() != head.ticks_sha256:
        text = f"the ticks are not those that were written: their SHA-256 is {found.hexdigest()}, the header has {head.ticks_sha256.hex()}"
        _refuse(spec, head.offset, f"{text}; convert the source again")
    return head.ticks


def give_back(ticks: NDArray[Any], until: int) -> None:
    """Let the system have the memory of the ticks before `until`, where it is pages of a tape file: they are read again when they are
    needed. Other tapes stay as they are."""
    base: Any = ticks
    of_file = False
    while isinstance(base, np.ndarray):
        of_file = of_file or isinstance(base, np.memmap)
        base = base.base
    if not of_file or not isinstance(base, mmap.mmap):
        return
    start = ticks.ctypes.data - np.frombuffer(base, np.uint8).ctypes.data
    end = (start + min(until, len(ticks)) * ticks.itemsize) // mmap.PAGESIZE * mmap.PAGESIZE
    begin = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    if end > begin:
        base.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def _refuse(spec: str, offset: int, text: str) -> NoReturn:
    raise SourceError(f"at byte {offset:,}: {text}", file=spec)


def _read_head(spec: str) -> _Head:
    try:
        with Path(spec).open("rb") as stream:
            return _head(spec, stream)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", file=spec) from error


def _head(spec: str, stream: BinaryIO) -> _Head:
    begin = stream.read(_HEADER.size)
    size = os.fstat(stream.fileno()).st_size
    if begin[: len(MAGIC)] != MAGIC:
        _refuse(spec, 0, f"is not a tape file: it begins with {begin[: len(MAGIC)]!r} instead of {MAGIC!r}")
    if len(begin) < _HEADER.size:
        _refuse(spec, len(begin), f"the file ends in its header, which has {_HEADER.size} bytes; convert the source again")
    _, order, version, layout, count, offset, length, source_sha256, ticks_sha256, seal = _HEADER.unpack(begin)
    if order != _ORDER:
        _refuse(spec, 8, f"the byte order mark is {order:#010x} instead of {_ORDER:#010x}: the file is not little-endian")
    if version != VERSION:
        _refuse(spec, 12, f"the version is {version}, and this program reads {VERSION}; convert the source again")
    if layout != _layout_hash():
        text = f"the layout of its ticks is {layout:016x}, and this program's is {_layout_hash():016x}; convert the source again"
        _refuse(spec, 16, text)
    if length > _DOCUMENT_BYTES_MAX or offset != _offset(length):
        _refuse(spec, 32, f"the ticks begin at {offset:,} after a document of {length:,} bytes, which cannot be; convert the source again")
    document = stream.read(length)
    if len(document) < length:
        _refuse(spec, _HEADER.size + len(document), "the file ends in its document; convert the source again")
    if hashlib.sha256(begin[:_SEALED] + document).digest() != seal:
        _refuse(spec, _SEALED, "the header or the document is not what was written: its SHA-256 differs; convert the source again")
    expected = offset + count * abi.NT_TICK.itemsize
    if count == 0 or size != expected:
        what = "ends early" if size < expected else "goes on after its ticks" if count else "has no ticks"
        _refuse(
            spec,
            min(size, expected),
            f"the file {what}: {count:,} ticks make {expected:,} bytes, it has {size:,}; convert the source again",
        )
    return _Head(count, offset, source_sha256.hex(), ticks_sha256, _document(spec, document))


def _document(spec: str, text: bytes) -> _Document:
    """The document, its instruments checked as those of a configuration are."""
    try:
        document = msgspec.json.decode(text, type=_Document)
    except (msgspec.DecodeError, ArithmeticError, UnicodeDecodeError) as error:
        _refuse(spec, _HEADER.size, f"the document cannot be read: {error}")
    problems: rule.Problems = []
    instruments = rule.Table(rule.name, rule.Nested(Instrument))(document.instruments, "instruments", problems)
    if not problems:
        for symbol, instrument in instruments.items():
            if instrument.symbol != symbol:
                rule.refuse(problems, f"instruments.{symbol}.symbol", f"is {instrument.symbol}")
            instrument.check(f"instruments.{symbol}", problems)
    if not problems and (not instruments or not set(document.symbols) <= instruments.keys() or document.rows < 0):
        rule.refuse(problems, "symbols", f"{', '.join(document.symbols)} are not all among the instruments")
    if problems:
        _refuse(spec, _HEADER.size, f"the document is not valid: {problems[0].path} {problems[0].message}")
    document.instruments = instruments
    return document


def _united(spec: str, document: _Document, config: Config) -> dict[str, Instrument]:
    instruments = dict(document.instruments)
    for symbol, configured in config.instruments.items():
        own = instruments.get(symbol)
        instruments[symbol] = msgspec.structs.replace(configured, symbol=symbol)
        if own is None:
            continue
        for term in _FIXED_TERMS:
            if getattr(own, term) != getattr(configured, term):
                text = (
                    f"{symbol} was converted with {term} {_term(own, term)}, and is configured with {_term(configured, term)}; take "
                    f"[instruments.{symbol}] out to use the terms of the file, or convert the source again"
                )
                raise SourceError(text, file=spec)
    return instruments


def _term(instrument: Instrument, term: str) -> str:
    if term != "session":
        return str(getattr(instrument, term))
    session = instrument.session
    if session is None:
        return "none"
    zone = session.timezone or "the time zone of the source"
    return f"{session.days} {session.opens:%H:%M} to {session.closes:%H:%M} ({zone}, {len(session.early_closes)} early closes)"


def _mapped(spec: str, head: _Head) -> NDArray[Any]:
    try:
        return np.asarray(np.memmap(spec, abi.NT_TICK, mode="r", offset=head.offset, shape=(head.ticks,)))
    except (OSError, ValueError) as error:
        raise SourceError(f"cannot be mapped: {error}", file=spec) from error


def _check_ticks(spec: str, head: _Head, ticks: NDArray[Any], instruments: Mapping[str, Instrument]) -> None:
    """Refuse what the core would not take. The pages are given back as it goes."""
    bounds = np.array([Converter(i.price_decimals, 1, "max_price").raw(exact(i.max_price)) for i in instruments.values()], np.int64)
    own = len(head.document.instruments)
    last = -_TIME_MAX

    def refuse(wrong: NDArray[np.bool_], begin: int, text: str) -> None:
        if np.any(wrong):
            at = begin + int(np.argmax(wrong))
            _refuse(spec, head.offset + at * abi.NT_TICK.itemsize, f"tick {at:,} {text}; convert the source again")

    for begin in range(0, head.ticks, _CHUNK):
        part = ticks[begin : begin + _CHUNK]
        kind, ts = part["kind"], part["ts_event"]
        refuse(~np.isin(kind, _KINDS), begin, "is of an unknown kind")
        refuse(
            (ts < np.concatenate((np.array([last], np.int64), ts[:-1]))) | (ts > _TIME_MAX),
            begin,
            "is out of order of time, or beyond all time",
        )
        refuse((kind == abi.NT_TICK_END) & (np.arange(begin, begin + len(part)) != head.ticks - 1), begin, "ends the tape before its end")
        refuse((part["instrument"] >= own) & ~np.isin(kind, (abi.NT_TICK_CLOCK, abi.NT_TICK_END)), begin, "is of an unknown instrument")
        most = bounds[np.minimum(part["instrument"], own - 1)]
        refuse(_out_of_range(part, most), begin, "has a price (max_price bounds it), a size or a state that is out of range")
        last = int(ts[-1])
        give_back(ticks, begin + _CHUNK)
    if ticks["kind"][-1] != abi.NT_TICK_END:
        _refuse(spec, head.offset + (head.ticks - 1) * abi.NT_TICK.itemsize, "the last tick is not an end; convert the source again")


def _out_of_range(part: NDArray[Any], most: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which ticks the core would take for hostile by their values; `most` is the highest price of each."""
    kind, price, size = part["kind"], part["price"], part["size"]

    def prices(values: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (values < 1) | (values > most)

    def sizes(values: NDArray[np.int64]) -> NDArray[np.bool_]:
        return (values < 0) | (values > RAW_MAX)

    aggressor = part["aggressor"]
    trade = prices(price) | sizes(size) | (size == 0) | (aggressor < 0) | (aggressor > abi.NT_SIDE_SELL)
    quote = prices(part["bid_price"]) | prices(part["ask_price"]) | sizes(part["bid_size"]) | sizes(part["ask_size"])
    session = (price < abi.NT_SESSION_OPEN) | (price > abi.NT_SESSION_HALTED) | (size < 0) | (size > _DAY_MAX)
    wrong: NDArray[np.bool_] = (
        ((kind == abi.NT_TICK_TRADE) & trade) | ((kind == abi.NT_TICK_QUOTE) & quote) | ((kind == abi.NT_TICK_SESSION) & session)
    )
    return wrong


# ---- writing -------------------------------------------------------------------------------------------------------------------


def write_tape(source: Source, file: str | os.PathLike[str], progress: Progress | None = None) -> None:
    """Write a tape as a tape file. `progress` is called with ticks done and all.

    The file appears whole or not at all, and takes the place of one that has its name: it is written under another name in the same
    directory, which is removed when anything goes wrong. SystemFailure (NoSpace when the disk is full) says why it cannot be written.
    """
    target = Path(file)
    partial = target.parent / f".{target.name}.{secrets.token_hex(8)}.partial"
    try:
        with partial.open("xb") as stream:
            _write(source, stream, progress)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, target)
    except OSError as error:
        kind = NoSpace if error.errno in (errno.ENOSPC, errno.EDQUOT) else SystemFailure
        raise kind(f"{target} cannot be written", system_error=error.errno or 0) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def _write(source: Source, stream: BinaryIO, progress: Progress | None) -> None:
    ticks, total = source.ticks, len(source.ticks)
    given = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    document = msgspec.json.encode(_Document(**{name: given[name] for name in _Document.__struct_fields__}))
    offset = _offset(len(document))
    stream.seek(offset)
    written = hashlib.sha256()
    for begin in range(0, total, _CHUNK):
        piece = np.ascontiguousarray(ticks[begin : begin + _CHUNK]).view(np.uint8).data
        written.update(piece)
        stream.write(piece)
        give_back(ticks, begin + _CHUNK)
        if progress is not None:
            progress(min(begin + _CHUNK, total), total)
    hashes = (bytes.fromhex(source.sha256), written.digest())
    sealed = _HEADER.pack(MAGIC, _ORDER, VERSION, _layout_hash(), total, offset, len(document), *hashes, bytes(32))[:_SEALED]
    stream.seek(0)
    stream.write(sealed + hashlib.sha256(sealed + document).digest() + document)


def _offset(length: int) -> int:
    """Where the ticks begin after a document of this length."""
    return -(-(_HEADER.size + length) // _ALIGNMENT) * _ALIGNMENT
