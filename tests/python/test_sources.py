"""Trade files to tapes: decoding, sessions, and the line that is wrong."""

from __future__ import annotations

import datetime
import hashlib
import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neural_trader._native import abi
from neural_trader.config import Config, Instrument, Session, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.sources import Source, csv_trades, open_source
from neural_trader.sources.csv_trades import Rows, TradeReader

HEADER = "DateTime,Price,Volume\n"
GOOD = "2013-09-03 09:30:00.000,1640.25,8\n"


def instrument(**changes: Any) -> Instrument:
    fields: dict[str, Any] = {"symbol": "ES", "tick_size": Decimal("0.25"), "currency": "USD", "max_price": 100_000}
    return Instrument(**{**fields, **changes})


def config(timezone: str | None = "UTC", **changes: Any) -> Config:
    return Config(name="x", instruments={"ES": instrument(**changes)}, source=SourceConfig(timezone=timezone)).validated()


def opened(tmp_path: Path, text: str | bytes, settings: Config | None = None) -> Source:
    file = tmp_path / "trades.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_source(str(file), settings or config())


def ns(text: str, timezone: str = "UTC", fold: int = 0) -> int:
    """UTC nanoseconds of a local time, by another road."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone), fold=fold).astimezone(datetime.UTC)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1) * 1000


def day(text: str) -> int:
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


def session_ticks(source: Source) -> list[tuple[int, int, int]]:
    chosen = source.ticks[source.ticks["kind"] == abi.NT_TICK_SESSION]
    return list(zip(chosen["ts_event"].tolist(), chosen["price"].tolist(), chosen["size"].tolist(), strict=True))


def test_rows_become_ticks(tmp_path: Path) -> None:
    text = HEADER + GOOD + "2013-09-03 09:30:00.000,1640.5,1\n2013-09-03 09:30:00.001,1641.0,12\n"
    source = opened(tmp_path, text)
    assert (source.rows, source.symbols, list(source.instruments)) == (3, ("ES",), ["ES"])
    assert source.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert source.ticks.dtype == abi.NT_TICK
    first, last = ns("2013-09-03T09:30:00"), ns("2013-09-03T09:30:00.001")
    kinds = [abi.NT_TICK_SESSION, *[abi.NT_TICK_TRADE] * 3, abi.NT_TICK_END]
    assert source.ticks["kind"].tolist() == kinds
    assert source.ticks["ts_event"].tolist() == [first, first, first, last, last]
    assert source.ticks["ts_recv"].tolist() == source.ticks["ts_event"].tolist()
    assert source.ticks["flags"].tolist() == [0, 0, abi.NT_TICK_LAST_OF_SLICE, 0, abi.NT_TICK_LAST_OF_SLICE]
    trades = source.ticks[1:4]
    assert trades["price"].tolist() == [164025, 164050, 164100]
    assert trades["size"].tolist() == [8, 1, 12]
    assert trades["trade_id"].tolist() == [1, 2, 3]
    for column in ("seq", "aggressor", "instrument", "venue"):
        assert not source.ticks[column].any()


def test_ways_to_write_a_row(tmp_path: Path) -> None:
    lines = ["2013-09-03 09:30:00,5,1", "2013-09-03T09:30:00.5,5.00,2", "2013-09-03 09:30:00.123456789,05.25,0003"]
    lines.sort()
    source = opened(tmp_path, "\ufeff" + HEADER.replace("\n", "\r\n") + "\r\n".join(lines))
    trades = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    base = ns("2013-09-03T09:30:00")
    assert (trades["ts_event"] - base).tolist() == [0, 123_456_789, 500_000_000]
    assert trades["price"].tolist() == [500, 525, 500]
    assert any("no line end" in sentence for sentence in source.assumptions)


def test_quantities_have_the_decimals_of_the_lot(tmp_path: Path) -> None:
    source = opened(tmp_path, HEADER + "2013-09-03 09:30:00,5,1.5\n2013-09-03 09:30:00,5,0.001\n", config(lot_size=Decimal("0.001")))
    assert source.ticks["size"][1:3].tolist() == [1500, 1]


def test_an_odd_lot_is_a_trade(tmp_path: Path) -> None:
    assert opened(tmp_path, HEADER + "2013-09-03 09:30:00,5,7\n", config(lot_size=100)).ticks["size"][1] == 7


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2013-09-03 09:30:00.000,1640.25", "has 2 fields instead of 3"),
        ("2013-09-03 09:30:00.000,1640.25,8,9", "has 4 fields instead of 3"),
        ("2013-09-03 09:30:00.000,1640.25,", "volume '' is not a positive decimal number"),
        ("2013-09-03 09:3", "has 1 fields"),
        ("", "has 1 fields"),
        ("2013-09-03 09:30:00.000,nan,8", "price 'nan' is not a positive"),
        ("2013-09-03 09:30:00.000,inf,8", "price 'inf' is not a positive"),
        ("2013-09-03 09:30:00.000,-1640.25,8", "price '-1640.25' is not a positive"),
        ("2013-09-03 09:30:00.000,1e3,8", "price '1e3' is not a positive"),
        ("2013-09-03 09:30:00.000,16.40.25,8", "price '16.40.25' is not a positive"),
        ("2013-09-03 09:30:00.000,.25,8", "price '.25' is not a positive"),
        ("2013-09-03 09:30:00.000,5.,8", "price '5.' is not a positive"),
        ("2013-09-03 09:30:00.000, 5,8", "price ' 5' is not a positive"),
        ("2013-09-03 09:30:00.000,0,8", "price 0 is not greater than zero"),
        ("2013-09-03 09:30:00.000,0.00,8", "price 0.00 is not greater than zero"),
        ("2013-09-03 09:30:00.000,1640.25,0", "volume 0 is not greater than zero"),
        ("2013-09-03 09:30:00.000,1640.25,-8", "volume '-8' is not a positive"),
        ("2013-09-03 09:30:00.000,1640.25,NaN", "volume 'NaN' is not a positive"),
        ("2013-09-03 09:30:00.000,1640.25,1.5", "quantity of ES 1.5 is not a multiple of 1"),
        ("2013-09-03 09:30:00.000,1640.30,8", "price of ES 1640.30 is not a multiple of 0.25: the nearest are 1640.25 and 1640.50"),
        ("2013-09-03 09:30:00.000,1640.255,8", "price of ES 1640.255 is not a multiple of 0.25"),
        ("2013-09-03 09:30:00.000,100000.25,8", "price 100000.25 is beyond max_price of 100000"),
        ("2013-09-03 09:30:00.000,1640.25,2251799813685249", "beyond the bound of 2251799813685248"),
        ("2013-09-03 09:30:00.000,1640.25,9007199254740993", "beyond the bound"),
        ("2013-09-03 09:30:00.000,1640.25,9223372036854775808", "beyond the bound"),
        ("2013-09-03 09:30:00.000,1640.25," + "9" * 70, "is not a plain decimal number"),
        ("2013-09-03 09:30:00.000,1640.25," + "9" * 300, "bytes long; at most 200"),
        ("2013-09-03 09:30:60.000,1640.25,8", "has 60 seconds"),
        ("2013-09-03 24:00:00.000,1640.25,8", "hour must be in 0..23"),
        ("2013-02-29 09:30:00.000,1640.25,8", "day is out of range for month"),
        ("2013/09/03 09:30:00.000,1640.25,8", "is not written as YYYY-MM-DD HH:MM:SS.fff"),
        ("2013-09-03 09:30:00+0000,1640.25,8", "is not written as"),
        ("2013-09-03 09:30:00.0000000001,1640.25,8", "is not written as"),
        ("1969-12-31 09:30:00.000,1640.25,8", "the year 1969 is not between 1970 and 2261"),
        ("2262-12-31 09:30:00.000,1640.25,8", "the year 2262 is not between"),
        ("2013-09-03 09:29:59.999,1640.25,8", "the time is earlier than that of the line before"),
    ],
)
@pytest.mark.parametrize("before", [1, 2, 4000])
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, row: str, message: str, before: int) -> None:
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, HEADER + GOOD * before + row + "\n" + GOOD)
    error = caught.value
    assert (error.file, error.line) == (str(tmp_path / "trades.csv"), before + 2)
    assert message in str(error)
    assert str(error).startswith(f"{tmp_path}/trades.csv:{before + 2}: ")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", None, "is empty"),
        (HEADER.encode(), None, "has a header but no rows"),
        (HEADER.encode()[:-1], None, "has a header but no rows"),
        (GOOD.encode(), 1, "the header must be DateTime,Price,Volume, not '2013-09-03 09:30:00.000,1640.25,8'"),
        (b"datetime,price,volume\n" + GOOD.encode(), 1, "the header must be"),
        (b"DateTime,Price,Volume,Side\n" + GOOD.encode(), 1, "the header must be"),
        (HEADER.encode("utf-16"), 1, "is not UTF-8 text (byte 0xFF at column 1)"),
        (b"\x1f\x8b\x08\x00", None, "cannot be read: Compressed file ended before"),
        (HEADER.encode() + GOOD.encode() + b"2013-09-03 09:30:00.000,1640.25,8\xe9\n", 3, "is not UTF-8 text (byte 0xE9 at column 34)"),
        (HEADER.encode() + "2013-09-03 09:30:00.000,1640.25,\u0668\n".encode(), 2, "is not a positive decimal number"),
        (HEADER.encode() + GOOD.encode()[:-3], 2, "has 2 fields"),
        (HEADER.encode() + b"5" * 300_000, 2, "the line does not end"),
        (HEADER.encode() + b"\x00" * 50, 2, "has 1 fields"),
    ],
)
def test_a_bad_file(tmp_path: Path, content: bytes, line: int | None, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        opened(tmp_path, content)
    assert caught.value.line == line
    assert message in str(caught.value)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"missing\.csv: cannot be read: No such file"):
        open_source(str(tmp_path / "missing.csv"), config())
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        open_source(str(tmp_path), config())


def test_what_the_configuration_has_to_say(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"its instrument is not configured; add \[instruments\.SYMBOL\]"):
        opened(tmp_path, HEADER + GOOD, Config(name="x"))
    two = Config(name="x", instruments={"ES": instrument(), "NQ": instrument(symbol="NQ")}, source=SourceConfig(timezone="UTC"))
    with pytest.raises(SourceError, match="Keep one of ES, NQ"):
        opened(tmp_path, HEADER + GOOD, two)
    with pytest.raises(SourceError, match="times carry no time zone; add timezone"):
        opened(tmp_path, HEADER + GOOD, config(timezone=None))


def test_a_stream_that_breaks_is_a_source_error() -> None:
    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise EOFError("compressed data ended early")

    with pytest.raises(SourceError, match=r"a\.csv: cannot be read: compressed data ended early"):
        next(TradeReader(Broken(), "a.csv", instrument(), "UTC"))


times = st.datetimes(datetime.datetime(2012, 1, 1), datetime.datetime(2014, 12, 31))


@given(
    st.lists(st.tuples(times, st.integers(1, 400_000), st.integers(1, 10**6)), min_size=1, max_size=60),
    st.sampled_from(["milliseconds", "microseconds", "seconds"]),
    st.sampled_from(["UTC", "America/Chicago", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.sampled_from([48, 200, 1 << 16]),
    st.booleans(),
)
def test_columns_and_rows_agree(
    rows: list[tuple[datetime.datetime, int, int]], resolution: str, timezone: str, block: int, ends: bool
) -> None:
    zone = ZoneInfo(timezone)
    moments = sorted(moment for moment, _, _ in rows)
    moments = [m for m in moments if m.replace(tzinfo=zone).astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None) == m]
    data = HEADER.encode()
    for moment, (_, price, size) in zip(moments, rows, strict=False):
        data += f"{moment.isoformat(' ', resolution)},{Decimal(price) / 4},{size}\n".encode()
    if not moments:
        return
    if not ends:
        data = data[:-1]

    def read(one_by_one: bool) -> list[Rows]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_trades, "_BLOCK_BYTES", block)
            if one_by_one:
                patch.setattr(TradeReader, "_columns", lambda *_: None)
            return list(TradeReader(io.BytesIO(data), "a.csv", instrument(), timezone))

    fast, slow = ([np.concatenate(column) for column in zip(*read(one_by_one), strict=True)] for one_by_one in (False, True))
    for left, right in zip(fast, slow, strict=True):
        assert left.tolist() == right.tolist()
    assert fast[1].tolist() == [price * 25 for _, price, _ in rows[: len(moments)]]
    cut = {"milliseconds": 1000, "microseconds": 1, "seconds": 10**6}[resolution]
    assert fast[0].tolist() == [ns(m.replace(microsecond=m.microsecond // cut * cut).isoformat(), timezone) for m in moments]


def test_an_hour_that_comes_twice(tmp_path: Path) -> None:
    local = ["00:59:59", "01:00:00", "01:59:59", "01:00:00", "01:59:59", "02:00:00"]
    text = HEADER + "".join(f"2013-11-03 {time},5,1\n" for time in local)
    source = opened(tmp_path, text, config("America/Chicago"))
    ts = source.ticks["ts_event"][source.ticks["kind"] == abi.NT_TICK_TRADE]
    folds = [0, 0, 0, 1, 1, 0]
    assert ts.tolist() == [ns(f"2013-11-03T{time}", "America/Chicago", fold) for time, fold in zip(local, folds, strict=True)]
    assert any("go through twice" in sentence for sentence in source.assumptions)


def test_an_hour_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="2013-03-10 02:30 does not exist in America/Chicago") as caught:
        opened(tmp_path, HEADER + "2013-03-10 01:59:59,5,1\n2013-03-10 02:30:00,5,1\n", config("America/Chicago"))
    assert caught.value.line == 3


OVERNIGHT = Session(
    days="Sun-Thu",
    opens=datetime.time(17),
    closes=datetime.time(16, 15),
    early_closes={datetime.date(2013, 9, 2): datetime.time(10, 30)},
)
DAILY = Session(days="Mon-Fri", opens=datetime.time(9, 30), closes=datetime.time(16), timezone="America/New_York")
OPEN, CLOSED = abi.NT_SESSION_OPEN, abi.NT_SESSION_CLOSED


def chicago(text: str) -> int:
    return ns(text, "America/Chicago")


def test_session_ticks_stand_where_the_tape_spans_them(tmp_path: Path) -> None:
    local = ["2013-09-01 17:00:00.083", "2013-09-02 10:29:59", "2013-09-02 10:30:00", "2013-09-02 17:00:00", "2013-09-03 16:15:00"]
    source = opened(tmp_path, HEADER + "".join(f"{time},5,1\n" for time in local), config("America/Chicago", session=OVERNIGHT))
    assert session_ticks(source) == [
        (chicago("2013-09-01T17:00:00.083"), OPEN, day("2013-09-02")),
        (chicago("2013-09-02T10:30:00"), CLOSED, day("2013-09-02")),
        (chicago("2013-09-02T17:00:00"), OPEN, day("2013-09-03")),
        (chicago("2013-09-03T16:15:00"), CLOSED, day("2013-09-03")),
    ]
    kind = source.ticks["kind"].tolist()
    assert kind == [4, 2, 2, 4, 2, 4, 2, 4, 2, 6]  # a session tick comes before the trades of its time
    assert (np.diff(source.ticks["ts_event"]) >= 0).all()
    assert source.ticks["trade_id"][source.ticks["kind"] == 2].tolist() == [1, 2, 3, 4, 5]
    last_of_slice = (source.ticks["flags"] & abi.NT_TICK_LAST_OF_SLICE) != 0
    assert last_of_slice.tolist() == [*(np.diff(source.ticks["ts_event"]) > 0).tolist(), True]


@pytest.mark.parametrize(
    ("time", "state", "trading_day"),
    [
        ("2013-09-03 09:00:00", OPEN, "2013-09-03"),
        ("2013-09-03 16:14:59.999", OPEN, "2013-09-03"),
        ("2013-09-03 16:15:00", CLOSED, "2013-09-03"),
        ("2013-09-03 16:59:59", CLOSED, "2013-09-03"),
        ("2013-09-03 17:00:00", OPEN, "2013-09-04"),
        ("2013-09-02 12:00:00", CLOSED, "2013-09-02"),
        ("2013-09-07 12:00:00", CLOSED, "2013-09-06"),
    ],
)
def test_a_tape_begins_with_the_state_that_holds(tmp_path: Path, time: str, state: int, trading_day: str) -> None:
    source = opened(tmp_path, HEADER + f"{time},5,1\n", config("America/Chicago", session=OVERNIGHT))
    assert session_ticks(source) == [(chicago(time), state, day(trading_day))]


def test_a_session_in_another_time_zone_than_the_file(tmp_path: Path) -> None:
    rows = "2013-03-08 14:30:00,5,1\n2013-03-11 20:00:00,5,1\n"  # clocks changed on the weekend between
    source = opened(tmp_path, HEADER + rows, config("UTC", session=DAILY))
    assert session_ticks(source) == [
        (ns("2013-03-08T14:30:00"), OPEN, day("2013-03-08")),
        (ns("2013-03-08T21:00:00"), CLOSED, day("2013-03-08")),
        (ns("2013-03-11T13:30:00"), OPEN, day("2013-03-11")),
        (ns("2013-03-11T20:00:00"), CLOSED, day("2013-03-11")),
    ]
    assert any("America/New_York" in sentence for sentence in source.assumptions)


def test_a_day_that_closes_before_it_opens_stays_closed(tmp_path: Path) -> None:
    holiday = Session(
        days="Mon-Fri", opens=datetime.time(9), closes=datetime.time(16), early_closes={datetime.date(2013, 9, 3): datetime.time(9)}
    )
    source = opened(tmp_path, HEADER + "2013-09-02 15:00:00,5,1\n2013-09-04 10:00:00,5,1\n", config("UTC", session=holiday))
    assert [(state, when) for _, state, when in session_ticks(source)] == [
        (OPEN, day("2013-09-02")),
        (CLOSED, day("2013-09-02")),
        (OPEN, day("2013-09-04")),
    ]


def test_a_session_of_a_whole_day_closes_before_it_opens_again(tmp_path: Path) -> None:
    whole = Session(days="Mon-Fri", opens=datetime.time(17), closes=datetime.time(17))
    source = opened(tmp_path, HEADER + "2013-09-03 16:00:00,5,1\n2013-09-03 18:00:00,5,1\n", config("UTC", session=whole))
    assert [(state, when) for _, state, when in session_ticks(source)] == [
        (OPEN, day("2013-09-03")),
        (CLOSED, day("2013-09-03")),
        (OPEN, day("2013-09-04")),
    ]


def test_before_any_session_it_is_closed(tmp_path: Path) -> None:
    rare = Session(days="Mon", opens=datetime.time(9), closes=datetime.time(8, 59))
    source = opened(tmp_path, HEADER + "1970-01-04 00:00:00,5,1\n", config("UTC", session=rare))
    assert session_ticks(source) == [(ns("1970-01-04T00:00:00"), CLOSED, day("1969-12-30"))]


def test_without_a_session_a_day_is_a_calendar_day(tmp_path: Path) -> None:
    text = HEADER + "2013-09-03 23:00:00,5,1\n2013-09-05 00:00:00,5,1\n"
    source = opened(tmp_path, text, config("America/Chicago"))
    assert session_ticks(source) == [
        (chicago("2013-09-03T23:00:00"), OPEN, day("2013-09-03")),
        (chicago("2013-09-04T00:00:00"), OPEN, day("2013-09-04")),
        (chicago("2013-09-05T00:00:00"), OPEN, day("2013-09-05")),
    ]
    assert any("always open" in sentence for sentence in source.assumptions)


def test_a_tape_of_years_has_room_for_its_sessions(tmp_path: Path) -> None:
    text = HEADER + "2003-09-03 12:00:00,5,1\n2013-09-03 12:00:00,5,1\n"
    source = opened(tmp_path, text, config("UTC"))
    assert source.ticks["kind"].tolist() == [4, 2, *[4] * 3653, 2, 6]
    assert not source.ticks["seq"].any()


def test_blocks_of_any_size_give_the_same_tape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"2013-09-0{1 + i // 100} 09:{i % 60:02}:00.{i:03},{5 + i % 7}.25,{1 + i}\n" for i in range(300))
    rows = "".join(sorted(rows.splitlines(keepends=True)))
    whole = opened(tmp_path, HEADER + rows).ticks.tobytes()
    for size in (33, 64, 1000):
        monkeypatch.setattr(csv_trades, "_BLOCK_BYTES", size)
        assert opened(tmp_path, HEADER + rows).ticks.tobytes() == whole
