"""Random and damaged Lean rows against a plain reader: the same quotes and trades, or a typed error of the same line."""

from __future__ import annotations

import re
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.config import Config, Instrument, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.sources import open_source

_SETTINGS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_MOST = 10_000  # max_price

Row = tuple[str, ...]


class RowError(Exception):
    """The line that the plain reader refuses."""


def _whole(text: str, line: int) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", text):
        raise RowError(line)
    return int(text)


def _time(text: str, line: int) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or Decimal(text) * 1_000_000 % 1 or Decimal(text) >= 86_400_000:
        raise RowError(line)
    return Decimal(text)


def _ends(row: Row, line: int) -> tuple[int, bool]:
    exchange, condition, suspicious = row
    if not re.fullmatch(r"[A-Z]?", exchange) or not re.fullmatch(r"[0-9a-fA-F]{1,8}", condition):
        raise RowError(line)
    if not re.fullmatch(r"0{1,16}|0{0,15}1", suspicious):
        raise RowError(line)
    return int(condition, 16), int(suspicious) == 1


def _price(text: str, line: int) -> int:
    value = _whole(text, line)
    if value % 100 or value > _MOST * 10_000:
        raise RowError(line)
    return value // 100


def plain_quotes(text: str) -> list[tuple[int, ...]]:
    """(milliseconds, bid, ask, bid size, ask size) of each quote. What is no table is refused before what is no number."""
    rows = []
    last = Decimal(0)
    table = [written.split(",") for written in text.split("\n")]
    for line, row in enumerate(table, 1):
        if len(row) != 8:
            raise RowError(line)
    for line, row in enumerate(table, 1):
        time = _time(row[0], line)
        bid, ask = _price(row[1], line), _price(row[3], line)
        bid_size, ask_size = _whole(row[2], line), _whole(row[4], line)
        _, suspicious = _ends(tuple(row[5:]), line)
        if time < last or (bid == 0 and bid_size) or (ask == 0 and ask_size) or (bid == ask == 0) or max(bid_size, ask_size) > 2**51:
            raise RowError(line)
        last = time
        rows.append((time, bid, bid_size, ask, ask_size, suspicious))
    found = []
    bids: tuple[int, int] | None = None
    asks: tuple[int, int] | None = None
    i = 0
    while i < len(rows):
        group = rows[i : i + 1]
        if group[0][3] == 0 and i + 1 < len(rows) and rows[i + 1][0] == group[0][0] and rows[i + 1][1] == 0:
            group = rows[i : i + 2]
        i += len(group)
        if any(row[5] for row in group):
            continue
        for row in group:
            bids = (row[1], row[2]) if row[1] else bids
            asks = (row[3], row[4]) if row[3] else asks
        if bids and asks:
            found.append((int(group[0][0] * 1_000_000), bids[0], asks[0], bids[1], asks[1]))
    return found


def expected(text: str) -> tuple[int | None, list[tuple[int, ...]]]:
    """The line that is wrong, or the quotes."""
    try:
        return None, plain_quotes(text)
    except RowError as error:
        return int(error.args[0]), []


def archive(directory: Path, text: str | bytes, kind: str = "quote", symbol: str = "ibm") -> Path:
    path = directory / f"20131007_{kind}.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr(f"20131007_{symbol}_{kind.title()}_Tick.csv", text)
    return path


def config(symbol: str = "IBM", tick_size: str = "0.01") -> Config:
    instrument = Instrument(tick_size=Decimal(tick_size), currency="USD", max_price=_MOST)
    return Config(name="x", instruments={symbol: instrument}, source=SourceConfig(timezone="America/New_York")).validated()


def read_quotes(path: Path, settings_: Config) -> list[tuple[int, ...]]:
    ticks = open_source(str(path), settings_).ticks
    ticks = ticks[ticks["kind"] == abi.NT_TICK_QUOTE]
    midnight = 1_381_118_400_000_000_000
    return [
        (row["ts_event"] - midnight, row["bid_price"], row["ask_price"], row["bid_size"], row["ask_size"])
        for row in ({name: int(tick[name]) for name in ("ts_event", "bid_price", "ask_price", "bid_size", "ask_size")} for tick in ticks)
    ]


def compared(directory: Path, text: str) -> None:
    path = archive(directory, text)
    wrong_line, wanted = expected(text)
    if wrong_line is not None:
        with pytest.raises(SourceError) as caught:
            open_source(str(path), config())
        assert caught.value.line == wrong_line
        return
    if not wanted:
        with pytest.raises(SourceError, match="no tick"):
            open_source(str(path), config())
        return
    assert read_quotes(path, config()) == wanted


side = st.tuples(st.integers(1, 2000).map(lambda cents: str(cents * 100)), st.one_of(st.integers(0, 10**6), st.integers(0, 2**51)).map(str))
ends = st.tuples(st.sampled_from(["N", "Q", ""]), st.sampled_from(["1", "20000020", "0", "FF", "ff"]), st.sampled_from("0000000001"))


@st.composite
def quote_rows(draw: st.DrawFn) -> list[str]:
    """Rows in order of time: pairs, single sides and whole quotes."""
    rows = []
    time = 0
    for _ in range(draw(st.integers(1, 12))):
        time += draw(st.sampled_from([0, 0, 1, 999, 5_000_000]))
        kind = draw(st.sampled_from("BAWPP"))
        written = f"{time}{draw(st.sampled_from(['', '', '', '.25']))}" if time % 1000 == 999 else str(time)
        bid, ask = ",".join(draw(side)), ",".join(draw(side))
        shapes = {"B": [f"{bid},0,0"], "A": [f"0,0,{ask}"], "W": [f"{bid},{ask}"], "P": [f"{bid},0,0", f"0,0,{ask}"]}
        rows += [",".join((written, shape, *draw(ends))) for shape in shapes[kind]]
    return sorted(rows, key=lambda row: Decimal(row.partition(",")[0]))


@_SETTINGS
@given(rows=quote_rows())
def test_sound_quotes_are_read_alike(tmp_path: Path, rows: list[str]) -> None:
    compared(tmp_path, "\n".join(rows))


@_SETTINGS
@given(rows=quote_rows(), data=st.data())
def test_one_damaged_character(tmp_path: Path, rows: list[str], data: st.DataObject) -> None:
    text = "\n".join(rows)
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("0123456789,.-+eEnaif xN\"'\t\n:/;\x00~"))
    how = data.draw(st.sampled_from(["put", "replace", "cut"]))
    end = place if how == "put" else place + 1
    damaged = text[:place] + ("" if how == "cut" else character) + text[end:]
    if damaged.strip() and damaged.partition("\n")[0].count(",") == 7 and not damaged.endswith("\n"):
        compared(tmp_path, damaged)
    else:
        with pytest.raises(SourceError):  # another format by its first line, or a last line that is empty
            open_source(str(archive(tmp_path, damaged + "\n")), config())


@_SETTINGS
@given(content=st.binary(max_size=200), kind=st.sampled_from(["quote", "trade"]))
def test_any_bytes_are_a_tape_or_a_typed_error(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(SourceError):
        open_source(str(archive(tmp_path, content, kind)), config())


@_SETTINGS
@given(data=st.data())
def test_any_damage_of_the_archive_is_seen(tmp_path: Path, data: st.DataObject) -> None:
    row = "1000,138000,700,139200,500,P,1,0"
    path = archive(tmp_path, "\n".join([row] * 50))
    whole = bytearray(path.read_bytes())
    wanted = read_quotes(path, config())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(4, len(whole)))])
    try:
        got = read_quotes(path, config())
    except SourceError:
        return
    assert got == wanted  # what was damaged is no part of the content: a time stamp, say


number = st.decimals(min_value="0.00001", max_value=_MOST, places=5, allow_nan=False, allow_infinity=False)


@_SETTINGS
@given(prices=st.lists(st.tuples(number, number), min_size=1, max_size=20), zeros=st.integers(0, 4))
def test_decimals_are_exact(tmp_path: Path, prices: list[tuple[Decimal, Decimal]], zeros: int) -> None:
    text = "\n".join(f"5,{bid:f}{'0' * zeros},{ask.normalize():f}" for bid, ask in prices)
    path = archive(tmp_path, text, symbol="eurusd")
    wanted = [(5_000_000, int(bid * 100_000), int(ask * 100_000), 0, 0) for bid, ask in prices]
    assert read_quotes(path, config("EURUSD", "0.00001")) == wanted
