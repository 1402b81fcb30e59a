"""Lines of a Binance capture: reading them in blocks, decoding their messages, and decimal texts as exact integers."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from neural_trader.errors import SourceError

__all__ = [
    "BadNumberError",
    "Block",
    "Blocks",
    "Data",
    "Decimals",
    "Frame",
    "are_levels",
    "begins_like_capture",
    "decimals",
    "decode_levels",
]

_READ_BYTES: Final = 1 << 17
_BLOCK_BYTES: Final = 1 << 20
_LINE_BYTES_MOST: Final = 1 << 24
_GZIP: Final = b"\x1f\x8b"
_BEGIN: Final = re.compile(rb'[0-9]{16}(?:[0-9]{3})? \{ ?"(?:stream" ?: ?"[a-z0-9_]{1,40}@[A-Za-z]|lastUpdateId" ?: ?[0-9])')
_BEGIN_BYTES: Final = 128
_COMMA, _DOT, _ZERO, _LINE_END = (np.uint8(ord(character)) for character in ",.0\n")
_DIGITS_MOST: Final = 18  # of one number: fits in an int64 whatever they are
_Stamp = Annotated[int, msgspec.Meta(ge=10**15, le=2**63 - 1)]
_Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_POWERS: Final = 10 ** np.arange(_DIGITS_MOST + 1, dtype=np.int64)


class Data(msgspec.Struct, gc=False):
    """What a stream message carries; the fields that it lacks keep these values. `b` and `a` are a price in bookTicker, levels in
    depthUpdate and order ids in a spot trade, hence read only where the kind of the stream says what they are. In the order of messages,
    in which fields are found soonest."""

    first_id: _Id = msgspec.field(name="U", default=-1)
    last_id: _Id = msgspec.field(name="u", default=-1)
    previous_id: _Id = msgspec.field(name="pu", default=-1)
    bid: Raw = msgspec.field(name="b", default=Raw())
    bid_size: Raw = msgspec.field(name="B", default=Raw())
    ask: Raw = msgspec.field(name="a", default=Raw())
    ask_size: Raw = msgspec.field(name="A", default=Raw())
    event_ms: _Id = msgspec.field(name="E", default=-1)
    trade_id: _Id = msgspec.field(name="t", default=-1)
    price: Raw = msgspec.field(name="p", default=Raw())
    quantity: Raw = msgspec.field(name="q", default=Raw())
    execution: str | None = msgspec.field(name="X", default=None)
    buyer_is_maker: bool | None = msgspec.field(name="m", default=None)


class Frame(msgspec.Struct, gc=False):
    """A message: of a stream, or a bare depth snapshot."""

    stream: str = ""
    data: Data = msgspec.field(default_factory=Data)
    snapshot_id: _Id = msgspec.field(name="lastUpdateId", default=-1)
    bids: Raw = Raw()
    asks: Raw = Raw()
    symbol: str | None = None


_STREAM_OF: Final = attrgetter("stream")
_VALUES: Final = msgspec.json.Decoder(_Stamp | Frame)
_LINE: Final = msgspec.json.Decoder(tuple[_Stamp, Frame])
_LEVELS: Final = msgspec.json.Decoder(list[list[tuple[str, str]]])


class Block(NamedTuple):
    """Messages of consecutive lines: the receive stamps as they are written, the messages, their streams, and the number of the first line
    (from 1)."""

    stamps: NDArray[np.int64]
    frames: list[Frame]
    streams: list[str]
    first_line: int


class Blocks:
    """The blocks of one file, plain or compressed by gzip, in order. After the last `sha256` is that of the file.

    SourceError names the line that is no `stamp JSON`, and says when the file cannot be read or ends within its compression.
    """

    def __init__(self, spec: str) -> None:
        self._spec = spec
        self._sha = hashlib.sha256()
        try:
            self.size = Path(spec).stat().st_size
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror or error}", file=spec) from error
        self.lines = 0

    @property
    def sha256(self) -> str:
        """Of the bytes of the file that were read so far."""
        return self._sha.hexdigest()

    def __iter__(self) -> Iterator[Block]:
        try:
            with Path(self._spec).open("rb") as stream:
                rest = b""
                for part in _ahead(self._plain(stream)):
                    cut = part.rfind(b"\n") + 1
                    if cut and len(rest) + cut >= _BLOCK_BYTES // 2:
                        yield self._block(b"".join((rest, memoryview(part)[:cut])))  # nothing here keeps a block that was given
                        rest = part[cut:]
                        continue
                    rest += part
                    if len(rest) - rest.rfind(b"\n") > _LINE_BYTES_MOST + 1:
                        text = f"a line is longer than {_LINE_BYTES_MOST:,} bytes; this is no capture"
                        line = self.lines + 1 + rest.count(b"\n")
                        raise SourceError(text, file=self._spec, line=line, limit=_LINE_BYTES_MOST)
                if rest:
                    yield self._block(rest)
        except OSError as error:
            raise SourceError(f"cannot be read: {error.strerror or error}", file=self._spec) from error

    def _plain(self, stream: BinaryIO) -> Iterator[bytes]:
        """The content of the file, decompressed where it is compressed (in one member or several)."""
        part = stream.read(_READ_BYTES)
        self._sha.update(part)
        if not part.startswith(_GZIP):
            while part:
                yield part
                part = stream.read(_READ_BYTES)
                self._sha.update(part)
            return
        member = zlib.decompressobj(wbits=31)
        while part:
            try:
                yield member.decompress(part, _BLOCK_BYTES)
            except zlib.error as error:
                raise SourceError(f"its compression is damaged ({error}); get the file again", file=self._spec) from error
            part = member.unconsumed_tail
            if member.eof:
                part = member.unused_data
            if not part:
                part = stream.read(_READ_BYTES)
                self._sha.update(part)
            if member.eof and part:
                member = zlib.decompressobj(wbits=31)
        yield member.flush()
        if not member.eof:
            raise SourceError("ends in the middle of its compression; get the whole file", file=self._spec)

    def _block(self, text: bytes) -> Block:
        count = int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LINE_END)) + (not text.endswith(b"\n"))
        try:
            values = _VALUES.decode_lines(text)  # stamps and messages in turn, as white space of any kind separates values
            frames = values[1::2]
            if len(values) != 2 * count:
                raise ValueError("the lines are not a stamp and a message each")
            streams = list(map(_STREAM_OF, frames))  # no stamp has one
            block = Block(np.fromiter(values[::2], np.int64, count), frames, streams, self.lines + 1)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._broken(text.split(b"\n")) from error
        self.lines += count
        return block

    def _broken(self, lines: Sequence[bytes]) -> SourceError:
        """What is wrong with the first line that cannot be decoded by itself."""
        for number, line in enumerate(lines, self.lines + 1):
            try:
                _LINE.decode(b"[" + line.replace(b" ", b",", 1) + b"]")
            except (ValueError, RecursionError) as error:
                return SourceError(f"is not a receive stamp, a space and a message in JSON: {error}", file=self._spec, line=number)
        return SourceError("its lines are not one message each", file=self._spec)


def begins_like_capture(path: Path) -> bool:
    """Whether the first bytes of a file are those of a capture: a stamp of 16 or 19 digits, and a message of a stream or a snapshot."""
    try:
        with path.open("rb") as stream:
            begin = stream.read(2)
            stream.seek(0)
            if begin == _GZIP:
                with gzip.open(stream) as plain:
                    begin = plain.read(_BEGIN_BYTES)
            else:
                begin = stream.read(_BEGIN_BYTES)
    except (OSError, EOFError, ValueError, zlib.error):
        return False
    return _BEGIN.match(begin) is not None


def _ahead(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same parts, of which another thread makes the next while this one is used: decompressing holds no lock of Python's."""
    with ThreadPoolExecutor(1, "nt-unpack") as pool:
        coming = pool.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = pool.submit(next, parts, None)
            yield part


class BadNumberError(ValueError):
    """One of the texts is no plain decimal number; `index` says which."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


class Decimals(NamedTuple):
    """Numbers as integers: number = `raw` / 10^`places`, with as many places as the one that has most."""

    raw: NDArray[np.int64]
    places: int


def decimals(texts: Sequence[Raw | str]) -> Decimals:
    """Exact integers of decimal texts such as 61837.63000000 (bare, or as JSON strings). BadNumberError where one is anything else, or has
    more than 18 digits."""
    if not texts:
        return Decimals(np.empty(0, np.int64), 0)
    joined = ",".join(texts).encode() if isinstance(texts[0], str) else b",".join(texts).translate(None, b'"')  # type: ignore[arg-type]
    text = np.frombuffer(joined, np.uint8)
    commas = np.flatnonzero(text == _COMMA)
    dots = np.flatnonzero(text == _DOT)
    count = len(texts)
    if len(commas) != count - 1 or np.count_nonzero(text - _ZERO < 10) + len(commas) + len(dots) != len(text):
        raise _bad_number(texts)
    ends = np.empty(count, np.int64)
    ends[:-1], ends[-1] = commas, len(text)
    lengths = ends.copy()  # digits of each
    lengths[1:] -= commas + 1
    places = np.zeros(count, np.int64)
    if len(dots) == count and (dots < ends).all() and (dots[1:] > ends[:-1]).all():  # one in each
        places = ends - dots - 1
        lengths -= 1
        whole_ends = (places == 0).any()
    else:
        owners = np.searchsorted(ends, dots)
        places[owners] = ends[owners] - dots - 1
        lengths[owners] -= 1
        whole_ends = (places[owners] == 0).any() or (owners[1:] == owners[:-1]).any()
    if whole_ends or (places >= lengths).any() or int(lengths.max()) > _DIGITS_MOST:
        raise _bad_number(texts)
    raw = np.fromstring(joined.translate(None, b"."), np.int64, sep=",")  # nothing but digits and commas by now
    widest = int(places.max())
    if int(places.min()) != widest:
        if int((lengths + widest - places).max()) > _DIGITS_MOST:
            raise _bad_number(texts)
        raw *= _POWERS[widest - places]
    return Decimals(raw, widest)


_NUMBER: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?")


def _bad_number(texts: Sequence[Raw | str]) -> BadNumberError:
    """The first text that is refused, or the one with most digits where each is a number."""
    longest, most = 0, 0
    for index, text in enumerate(texts):
        written = text.encode() if isinstance(text, str) else bytes(text)
        plain = written[1:-1] if not isinstance(text, str) and written[:1] == b'"' else written
        if not written:
            return BadNumberError(index, "is missing")
        if _NUMBER.fullmatch(plain) is None:
            return BadNumberError(index, f"is {written[:40].decode(errors='replace')}, not a plain decimal number")
        if len(plain.partition(b".")[0]) > most:
            longest, most = index, len(plain.partition(b".")[0])
    return BadNumberError(longest, f"has too many digits; at most {_DIGITS_MOST} fit, with the decimals that other numbers have")


def decode_levels(sides: Sequence[Raw | bytes]) -> list[list[tuple[str, str]]]:
    """(price, size) texts of each side of a book. ValueError where one is not a list of pairs of strings."""
    return _LEVELS.decode(b"[" + b",".join(sides) + b"]")


def are_levels(side: Raw | bytes) -> bool:
    """Whether it is one side of a book."""
    try:
        return len(decode_levels([side])) == 1
    except ValueError:
        return False
