"""Tape files: what is written is read, what is damaged is refused, and what is replayed takes no memory."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import Config
from neural_trader.errors import NoSpace, SourceError, SystemFailure
from neural_trader.sources import Source, instruments_of, open_source, sample, tape_files
from neural_trader.sources.tape_files import give_back, recognises, verify, write_tape

SAMPLE = "sample:es-2013-09:20000"
PLAIN = Config(name="x")
HEADER = struct.Struct("<8sIIQQQQ32s32s32s")


@pytest.fixture(scope="module")
def source() -> Source:
    return open_source(SAMPLE, PLAIN)


@pytest.fixture
def file(source: Source, tmp_path: Path) -> Path:
    target = tmp_path / "es.tape"
    write_tape(source, target)
    return target


def opened(file: Path, config: Config = PLAIN) -> Source:
    return open_source(str(file), config)


def refused(file: Path, config: Config = PLAIN) -> str:
    """The text of the refusal; it names the file."""
    with pytest.raises(SourceError) as caught:
        opened(file, config)
    assert caught.value.file == str(file)
    return caught.value.message


def test_what_is_written_is_read(source: Source, file: Path) -> None:
    found = opened(file)
    assert found.ticks.tobytes() == source.ticks.tobytes()
    assert found.ticks.dtype == abi.NT_TICK
    for name in ("symbols", "rows", "assumptions", "sha256"):
        assert getattr(found, name) == getattr(source, name)
    assert dict(found.instruments) == {"ES": sample.INSTRUMENT}
    assert found.name == str(file)
    assert dict(instruments_of(str(file), PLAIN)) == dict(found.instruments)
    assert verify(str(file)) == len(source.ticks)


def test_the_ticks_are_the_file_and_not_a_copy(file: Path) -> None:
    found = opened(file)
    assert not found.ticks.flags.writeable
    offset = HEADER.unpack(file.read_bytes()[: HEADER.size])[5]
    price = int(found.ticks["price"][5])
    with file.open("r+b") as stream:
        stream.seek(offset + 5 * 64 + 24)
        stream.write(struct.pack("<q", price + 25))
    assert int(found.ticks["price"][5]) == price + 25


def test_the_header_is_as_documented(source: Source, file: Path) -> None:
    data = file.read_bytes()
    magic, order, version, _, count, offset, length, source_hash, ticks_hash, seal = HEADER.unpack(data[: HEADER.size])
    document = data[HEADER.size : HEADER.size + length]
    assert (magic, order, version, count) == (b"NTTAPE\r\n", 0x01020304, 1, len(source.ticks))
    assert offset % 4096 == 0
    assert not any(data[HEADER.size + length : offset])
    assert source_hash.hex() == source.sha256
    assert ticks_hash == hashlib.sha256(data[offset:]).digest() == hashlib.sha256(source.ticks.tobytes()).digest()
    assert seal == hashlib.sha256(data[: HEADER.size - 32] + document).digest()
    assert json.loads(document)["instruments"]["ES"]["tick_size"] == "0.25"


def test_a_backtest_over_a_tape_file_is_that_over_its_source(file: Path) -> None:
    wanted = nt.backtest(Turns(), SAMPLE).summary
    found = nt.backtest(Turns(), str(file)).summary
    assert found["fills"] > 10
    for name in ("digest", "pnl", "fills", "ticks", "source_sha256", "drawdown", "assumptions"):
        assert found[name] == wanted[name]


class Turns(nt.Strategy):
    """Buys and sells in turn."""

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if self.slices % 200 == 0:
            client.submit("ES", "BUY" if self.slices % 400 else "SELL", 1)


def test_a_tape_of_several_sources(source: Source, file: Path, tmp_path: Path) -> None:
    other = msgspec.structs.replace(sample.INSTRUMENT, symbol="NQ")
    write_tape(dataclasses.replace(source, symbols=("NQ",), instruments={"NQ": other}), tmp_path / "nq.tape")
    both = open_source([str(tmp_path / "nq.tape"), str(file)], PLAIN)
    write_tape(both, tmp_path / "both.tape")
    found = opened(tmp_path / "both.tape")
    assert found.ticks.tobytes() == both.ticks.tobytes()
    assert (found.symbols, found.rows, found.sha256) == (("NQ", "ES"), 40_000, both.sha256)


# ---- instruments ---------------------------------------------------------------------------------------------------------------


def configured(**changes: Any) -> Config:
    return Config(name="x", instruments={"ES": msgspec.structs.replace(sample.INSTRUMENT, **changes)}).validated()


def test_the_terms_of_the_configuration_hold_where_ticks_do_not_depend_on_them(file: Path) -> None:
    fee = nt.Fee(per_contract=Decimal("9.99"))
    found = opened(file, configured(fee_taker=fee, multiplier=10)).instruments["ES"]
    assert (found.fee_taker, found.multiplier) == (fee, 10)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tick_size": Decimal("0.125")}, "price_decimals 2, and is configured with 3"),
        ({"tick_size": Decimal("0.75")}, "tick_raw 25, and is configured with 75"),
        ({"lot_size": Decimal("0.1")}, "quantity_decimals 0, and is configured with 1"),
        ({"lot_size": 2}, "lot_raw 1, and is configured with 2"),
        ({"session": None}, "session Sun-Thu 17:00 to 16:15 (America/Chicago, 1 early closes), and is configured with none"),
    ],
)
def test_terms_that_the_ticks_depend_on_have_to_be_the_same(file: Path, changes: dict[str, Any], named: str) -> None:
    text = refused(file, configured(**changes))
    assert named in text
    assert "convert the source again" in text
    with pytest.raises(SourceError, match="ES was converted with"):
        instruments_of(str(file), configured(**changes))


def test_instruments_of_the_configuration_come_after_those_of_the_file(file: Path) -> None:
    other = Config(name="x", instruments={"AA": msgspec.structs.replace(sample.INSTRUMENT, symbol="AA")})
    assert list(opened(file, other).instruments) == ["ES", "AA"]
    assert list(instruments_of(str(file), other)) == ["ES", "AA"]
    assert nt.backtest(Turns(), str(file), other).summary["fills"] > 10


def test_a_lower_max_price_refuses_the_ticks(file: Path) -> None:
    assert "has a price (max_price bounds it)" in refused(file, configured(max_price=1000))


# ---- files that are not in order -----------------------------------------------------------------------------------------------


def damage(file: Path, at: int, content: bytes, *, reseal: bool = False) -> None:
    """Write over a part of a file; with `reseal` the hash of its header is made right again."""
    data = bytearray(file.read_bytes())
    data[at : at + len(content)] = content
    if reseal:
        length = struct.unpack_from("<Q", data, 40)[0]
        sealed = bytes(data[: HEADER.size - 32])
        data[HEADER.size - 32 : HEADER.size] = hashlib.sha256(sealed + data[HEADER.size : HEADER.size + length]).digest()
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (0, b"NTTAPE\n\n", "at byte 0: is not a tape file"),
        (8, b"\x01\x02\x03\x04", "at byte 8: the byte order mark is 0x04030201"),
        (12, b"\x02", "at byte 12: the version is 2, and this program reads 1"),
        (16, b"\x00\x00", "at byte 16: the layout of its ticks is"),
        (32, b"\x01", "at byte 32: the ticks begin at"),
        (40, b"\xff" * 8, "at byte 32: the ticks begin at"),
        (24, b"\xff" * 8, "the header or the document is not what was written"),
        (48, b"\x00\x01\x02", "the header or the document is not what was written"),
        (HEADER.size - 1, b"\x00\x01", "the header or the document is not what was written"),
        (HEADER.size + 3, b"x", "at byte 112: the header or the document is not what was written"),
    ],
)
def test_a_damaged_header(file: Path, at: int, content: bytes, message: str) -> None:
    damage(file, at, content)
    assert message in refused(file)
    with pytest.raises(SourceError):
        instruments_of(str(file), PLAIN)


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (0, "the file has no ticks"),
        (5, "the file goes on after its ticks"),
        (2**62, "the file ends early"),
        (2**64 - 1, "the file ends early"),
    ],
)
def test_a_count_that_is_not_that_of_the_file(file: Path, count: int, message: str) -> None:
    damage(file, 24, struct.pack("<Q", count), reseal=True)
    assert message in refused(file)


@pytest.mark.parametrize("size", [0, 3, 8, 40, HEADER.size, HEADER.size + 10, 4095, 4096, 100_000, -64, -1])
def test_a_truncated_file(file: Path, size: int) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:size])
    assert refused(file).startswith("at byte ")


def test_a_file_that_goes_on(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")
    assert "the file goes on after its ticks" in refused(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text["instruments"]["ES"].update(tick_size="-1"), "is not valid: instruments.ES.tick_size must be greater than 0"),
        (lambda text: text["instruments"]["ES"].update(tick_size="1e-12"), "is not valid: instruments.ES.max_price"),
        (lambda text: text["instruments"]["ES"].update(symbol="NQ"), "instruments.ES.symbol is NQ"),
        (lambda text: text.update(symbols=["NQ"]), "NQ are not all among the instruments"),
        (lambda text: text.update(instruments={}), "are not all among the instruments"),
        (lambda text: text.update(rows=-1), "is not valid"),
        (lambda text: text.update(rows="many"), "the document cannot be read"),
        (lambda text: text.update(more=1), "the document cannot be read"),
        (lambda text: text.pop("name"), "the document cannot be read"),
    ],
)
def test_a_document_that_is_not_valid(file: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    data = file.read_bytes()
    head = list(HEADER.unpack(data[: HEADER.size]))
    text = json.loads(data[HEADER.size : HEADER.size + head[6]])
    change(text)
    document, body = json.dumps(text).encode(), data[head[5] :]
    head[5], head[6] = -(-(HEADER.size + len(document)) // 4096) * 4096, len(document)
    sealed = HEADER.pack(*head)[:-32]
    begin = sealed + hashlib.sha256(sealed + document).digest() + document
    file.write_bytes(begin.ljust(head[5], b"\0") + body)
    refusal = refused(file)
    assert message in refusal
    assert refusal.startswith(f"at byte {HEADER.size}: ")


@pytest.mark.parametrize(
    ("at", "column", "value", "message"),
    [
        (100, "kind", 10, "is of an unknown kind"),
        (100, "kind", 0, "is of an unknown kind"),
        (100, "kind", abi.NT_TICK_END, "ends the tape before its end"),
        (100, "instrument", 1, "is of an unknown instrument"),
        (100, "ts_event", 5, "is out of order of time"),
        (0, "ts_event", -(2**63), "is out of order of time"),
        (-1, "ts_event", 2**63 - 1, "is out of order of time, or beyond all time"),
        (100, "price", 0, "is out of range"),
        (100, "price", -25, "is out of range"),
        (100, "price", 2**62, "is out of range"),
        (100, "size", 0, "is out of range"),
        (100, "size", 2**60, "is out of range"),
        (100, "aggressor", 3, "is out of range"),
        (0, "price", 9, "is out of range"),
        (0, "size", -1, "is out of range"),
    ],
)
def test_ticks_that_the_core_would_not_take(source: Source, tmp_path: Path, at: int, column: str, value: int, message: str) -> None:
    ticks = source.ticks.copy()
    ticks[column][at] = value
    file = tmp_path / "bad.tape"
    write_tape(dataclasses.replace(source, ticks=ticks), file)
    text = refused(file)
    number = at % len(ticks)
    offset = HEADER.unpack(file.read_bytes()[: HEADER.size])[5]
    assert message in text
    assert text.startswith(f"at byte {offset + number * 64:,}: tick {number:,} ")


@pytest.mark.parametrize(("column", "value"), [("bid_price", 0), ("ask_price", 2**61), ("bid_size", -1), ("ask_size", 2**61)])
def test_quotes_that_the_core_would_not_take(source: Source, tmp_path: Path, column: str, value: int) -> None:
    ticks = source.ticks.copy()
    ticks["kind"][50] = abi.NT_TICK_QUOTE
    for name in ("bid_price", "ask_price", "bid_size", "ask_size"):
        ticks[name][50] = 164_025
    file = tmp_path / "quotes.tape"
    write_tape(dataclasses.replace(source, ticks=ticks), file)
    assert len(opened(file).ticks) == len(ticks)
    ticks[column][50] = value
    write_tape(dataclasses.replace(source, ticks=ticks), file)
    assert "is out of range" in refused(file)


def test_a_tape_without_its_end(source: Source, tmp_path: Path) -> None:
    file = tmp_path / "endless.tape"
    write_tape(dataclasses.replace(source, ticks=source.ticks[:-1]), file)
    assert "the last tick is not an end" in refused(file)


def test_a_wrong_order_across_two_pieces(tmp_path: Path) -> None:
    whole = open_source("sample:es-2013-09:70000", PLAIN)
    ticks = whole.ticks.copy()
    ticks["ts_event"][65_536] = ticks["ts_event"][65_535] - 1
    write_tape(dataclasses.replace(whole, ticks=ticks), tmp_path / "x.tape")
    assert "tick 65,536 is out of order of time" in refused(tmp_path / "x.tape")


def test_a_tick_that_was_changed_is_found_by_verify(file: Path) -> None:
    damage(file, file.stat().st_size - 64 * 50 + 24, struct.pack("<q", 160_000))
    assert len(opened(file).ticks) > 0  # in range: only the hash can tell
    with pytest.raises(SourceError, match="the ticks are not those that were written"):
        verify(str(file))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refused(tmp_path / "none.tape")
    (tmp_path / "dir.tape").mkdir()
    assert not recognises(str(tmp_path / "dir.tape"))


def test_a_tape_file_is_known_by_its_name_or_its_first_bytes(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "es.data"
    file.rename(other)
    assert recognises(str(other))
    assert opened(other).rows == 20_000
    assert not recognises("sample:es-2013-09")
    assert not recognises("no\0file")


# ---- writing -------------------------------------------------------------------------------------------------------------------


def test_progress_is_of_ticks(source: Source, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_tape(open_source("sample:es-2013-09:70000", PLAIN), tmp_path / "x.tape", lambda done, total: calls.append((done, total)))
    total = calls[-1][1]
    assert total > 70_000
    assert calls == [(65_536, total), (total, total)]


def test_what_goes_wrong_leaves_what_was_there(source: Source, file: Path) -> None:
    before = file.read_bytes()

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_tape(source, file, interrupted)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == ["es.tape"]


def test_a_place_that_cannot_be_written(source: Source, tmp_path: Path) -> None:
    with pytest.raises(SystemFailure, match=r"es\.tape cannot be written") as caught:
        write_tape(source, tmp_path / "none" / "es.tape")
    assert caught.value.strerror == "No such file or directory"
    (tmp_path / "taken.tape").mkdir()
    with pytest.raises(SystemFailure, match=r"taken\.tape cannot be written"):
        write_tape(source, tmp_path / "taken.tape")
    assert os.listdir(tmp_path) == ["taken.tape"]


def test_a_full_disk(source: Source, tmp_path: Path) -> None:
    """A child with a limit on the size of a file it may write stands for a full disk: the write fails in the middle."""
    program = (
        "import resource, signal, sys\n"
        "from neural_trader.config import Config\n"
        "from neural_trader.errors import SystemFailure\n"
        "from neural_trader.sources import open_source\n"
        "from neural_trader.sources.tape_files import write_tape\n"
        "source = open_source(sys.argv[1], Config(name='x'))\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "try:\n"
        "    write_tape(source, sys.argv[2])\n"
        "except SystemFailure as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, SAMPLE, str(tmp_path / "x.tape")], capture_output=True, text=True, check=True)
    assert "x.tape cannot be written (EFBIG" in done.stdout
    assert os.listdir(tmp_path) == []
    assert issubclass(NoSpace, SystemFailure)


# ---- memory --------------------------------------------------------------------------------------------------------------------


def test_pages_are_given_back(source: Source, tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    whole = open_source("sample:es-2013-09", PLAIN)
    write_tape(whole, tmp_path / "x.tape")
    ticks = opened(tmp_path / "x.tape").ticks
    price = int(ticks["price"].sum())
    held = resident()
    give_back(ticks, len(ticks))
    assert held - resident() > ticks.nbytes // 2
    assert int(ticks["price"].sum()) == price
    give_back(whole.ticks, len(whole.ticks))  # memory of its own: it stays
    assert int(whole.ticks["price"].sum()) == price


DAYS = """
import dataclasses, sys
import numpy as np
from neural_trader.config import Config
from neural_trader.sources import open_source
from neural_trader.sources.tape_files import write_tape
day = open_source("sample:es-2013-09", Config(name="x"))
part = day.ticks[:-1]
for count, file in ((1, sys.argv[1]), (7, sys.argv[2])):
    ticks = np.zeros(count * len(part) + 1, part.dtype)
    for number in range(count):
        own = ticks[number * len(part) : (number + 1) * len(part)]
        own.view(np.uint64)[:] = part.view(np.uint64)
        for column in ("ts_event", "ts_recv"):
            own[column] += number * 604_800_000_000_000
        own["size"][own["kind"] == 4] += 7 * number
    ticks[-1:].view(np.uint64)[:] = day.ticks[-1:].view(np.uint64)
    ticks["ts_event"][-1] = ticks["ts_recv"][-1] = ticks["ts_event"][-2]
    write_tape(dataclasses.replace(day, ticks=ticks, rows=count * day.rows), file)
"""
RUN = """
import sys
import neural_trader as nt
class Turns(nt.Strategy):
    def on_start(self, client):
        self.slices = 0
    def on_ticks(self, client, ticks):
        self.slices += 1
        if self.slices % 1000 == 0:
            client.submit("ES", "BUY" if self.slices % 2000 else "SELL", 1)
summary = nt.backtest(Turns(), sys.argv[1]).summary
print(summary["ticks"], summary["fills"], summary["peak_memory_bytes"])
"""


def test_a_backtest_over_seven_days_takes_the_memory_of_one(tmp_path: Path) -> None:
    one, seven = str(tmp_path / "one.tape"), str(tmp_path / "seven.tape")
    subprocess.run([sys.executable, "-c", DAYS, one, seven], check=True)
    found = []
    for file in (one, seven):
        done = subprocess.run([sys.executable, "-c", RUN, file], capture_output=True, text=True, check=True)
        found.append([int(word) for word in done.stdout.split()])
    (ticks, fills, peak), (ticks_of_seven, fills_of_seven, peak_of_seven) = found
    assert ticks_of_seven > 6.9 * ticks
    assert fills_of_seven > 5 * fills > 0
    assert peak_of_seven < 1.1 * peak
    assert peak_of_seven < Path(seven).stat().st_size / 2


def test_the_layout_is_part_of_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tape_files._layout_hash()
    monkeypatch.setattr(abi, "NT_TICK", np.dtype([("ts_event", "<i8"), ("rest", "V56")]))
    assert tape_files._layout_hash() != found
    assert "the layout of its ticks is" in refused(file)
