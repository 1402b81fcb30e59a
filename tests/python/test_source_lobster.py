"""LOBSTER message and order book files to tapes: trades, best quotes, halts, and the file and line that is wrong."""

from __future__ import annotations

import csv
import datetime
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from recorded import needs_recorded, recorded

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import Config, Instrument, Session, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.sources import Source, instruments_of, lobster, open_source
from neural_trader.strategy import Strategy

_NAME = "lobster/AAPL_2012-06-21_message_10_first998.csv"
REAL = recorded(_NAME)
DATA = REAL.parent
needs_data = needs_recorded(_NAME)

NAME = "AAPL_2012-06-21_34200000_57600000_{}_2.csv"
OPEN = int(datetime.datetime(2012, 6, 21, 9, 30, tzinfo=ZoneInfo("America/New_York")).timestamp()) * 1_000_000_000
DEEP = ",5860000,5,5850000,7"
MESSAGES = [
    "34200.004241176,1,16113575,18,5853300,1",
    "34200.01,4,16113575,8,5853300,1",
    "34200.01,5,0,30,5855000,-1",
    "34201,3,16113575,10,5853300,1",
]
BEST = ("5859400,200,5853300,18", "5859400,200,5853300,10", "5859400,200,5853300,10", "5859400,200,5853000,150")
BOOKS = [best + DEEP for best in BEST]


def config(timezone: str | None = None, symbol: str = "AAPL", **changes: Any) -> Config:
    fields = {"tick_size": Decimal("0.01"), "currency": "USD", "max_price": 10_000, **changes}
    return Config(name="x", instruments={symbol: Instrument(**fields)}, source=SourceConfig(timezone=timezone)).validated()


def pair(directory: Path, messages: list[str] = MESSAGES, books: list[str] = BOOKS, name: str = NAME) -> Path:
    for kind, rows in (("message", messages), ("orderbook", books)):
        (directory / name.format(kind)).write_text("".join(f"{row}\n" for row in rows))
    return directory / name.format("message")


def rows(source: Source) -> list[tuple[int, ...]]:
    names = ("ts_event", "kind", "bid_price", "ask_price", "bid_size", "ask_size")
    return list(zip(*(source.ticks[name].tolist() for name in names), strict=True))


def test_trades_and_best_quotes(tmp_path: Path) -> None:
    path = pair(tmp_path)
    source = open_source(str(path), config())
    quote, trade = abi.NT_TICK_QUOTE, abi.NT_TICK_TRADE
    assert rows(source)[1:-1] == [
        (OPEN + 4_241_176, quote, 58533, 58594, 18, 200),
        (OPEN + 10_000_000, trade, 58533, 8, 1, abi.NT_SIDE_SELL),
        (OPEN + 10_000_000, quote, 58533, 58594, 10, 200),
        (OPEN + 10_000_000, trade, 58550, 30, 2, abi.NT_SIDE_BUY),
        (OPEN + 1_000_000_000, quote, 58530, 58594, 150, 200),
    ]
    assert source.ticks["kind"][[0, -1]].tolist() == [abi.NT_TICK_SESSION, abi.NT_TICK_END]
    assert source.ticks["flags"].tolist() == [0, 1, 0, 0, 1, 0, 1]
    assert (source.rows, source.symbols) == (2, ("AAPL",))
    books = path.with_name(NAME.format("orderbook"))
    assert source.sha256 == hashlib.sha256(path.read_bytes() + books.read_bytes()).hexdigest()
    assert rows(open_source(str(books), config())) == rows(source)


def test_the_tick_size_scales(tmp_path: Path) -> None:
    source = open_source(str(pair(tmp_path)), config(tick_size=Decimal("0.0001"), lot_size=Decimal("0.1")))
    assert rows(source)[1][2:] == (5853300, 5859400, 180, 2000)
    assert rows(source)[2][2:4] == (5853300, 80)


def test_an_empty_side_gives_no_quote(tmp_path: Path) -> None:
    books = ["9999999999,0,5853300,18" + DEEP, BOOKS[1], "5859400,200,-9999999999,0" + DEEP, BOOKS[1]]
    source = open_source(str(pair(tmp_path, books=books)), config())
    assert [row[2:] for row in rows(source) if row[1] == abi.NT_TICK_QUOTE] == [(58533, 58594, 10, 200)]
    assert any("2 rows of the book with an empty side" in sentence for sentence in source.assumptions)


def test_crosses_are_left_out_and_said(tmp_path: Path) -> None:
    messages = [*MESSAGES[:2], MESSAGES[2].replace(",5,0,30", ",6,-1,30"), MESSAGES[3]]
    source = open_source(str(pair(tmp_path, messages)), config())
    assert source.rows == 1
    assert any(sentence.startswith("1 executions in a cross (type 6) are left out") for sentence in source.assumptions)


def test_halts_are_session_ticks(tmp_path: Path) -> None:
    day = (datetime.date(2012, 6, 21) - datetime.date(1970, 1, 1)).days
    messages = [MESSAGES[0], "34200.5,7,0,0,-1,-1", "34200.6,7,0,0,0,-1", "34200.7,7,0,0,1,-1"]
    later = Session(days="Mon-Fri", opens=datetime.time(10), closes=datetime.time(16))
    for session, opened in ((None, abi.NT_SESSION_OPEN), (later, abi.NT_SESSION_CLOSED)):
        source = open_source(str(pair(tmp_path, messages)), config(session=session))
        found = [row for row in rows(source) if row[1] == abi.NT_TICK_SESSION]
        assert [row[0] - OPEN for row in found[1:]] == [500_000_000, 700_000_000]
        assert [row[2] for row in found[1:]] == [abi.NT_SESSION_HALTED, opened]
        if session is None:
            assert [row[3] for row in found] == [day, day, day]
        assert any("halted or resumed 2 times" in sentence for sentence in source.assumptions)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("", "has 1 fields instead of 6"),
        (MESSAGES[1] + ",1", "has 7 fields instead of 6"),
        (MESSAGES[1].replace(",8,", ", 8,"), "a character that is part of no number"),
        (MESSAGES[1].replace("34200.01", "nan"), "time 'nan' is not a number of seconds"),
        (MESSAGES[1].replace("34200.01", "34200.0123456789"), "at most 9 decimals"),
        (MESSAGES[1].replace("34200.01", "86400"), "beyond a day's 86400 seconds"),
        (MESSAGES[1].replace("34200.01", "34199"), "earlier than that of the line before"),
        (MESSAGES[1].replace(",4,", ",0,"), "type 0 is not 1 to 7"),
        (MESSAGES[1].replace(",4,", ",8,"), "type 8 is not 1 to 7"),
        (MESSAGES[1].replace(",4,", ",x,"), "type 'x' is not a whole number"),
        (MESSAGES[1].replace("16113575", "1e5"), "order id '1e5' is not a whole number"),
        (MESSAGES[1].replace(",8,", ",,"), "size '' is not a whole number"),
        (MESSAGES[1].replace(",8,", ",-8,"), "size '-8' is not a whole number"),
        (MESSAGES[1].replace(",8,", ",0,"), "size 0 is not greater than zero"),
        (MESSAGES[1].replace(",8,", ",2251799813685249,"), "size 2251799813685249 is beyond the bound"),
        (MESSAGES[1].replace("5853300", "inf"), "price 'inf' is not a whole number"),
        (MESSAGES[1].replace("5853300", "-5853300"), "price -5853300 is not greater than zero"),
        (MESSAGES[1].replace("5853300", "0"), "price 0 is not greater than zero"),
        (MESSAGES[1].replace("5853300", "5853350"), "price 585.335 is not a multiple of the tick size 0.01"),
        (MESSAGES[1].replace("5853300", "100000100"), "price 10000.01 is beyond max_price of 10000"),
        (MESSAGES[1].replace("5853300", "99999999999999999"), "is not a whole number"),
        (MESSAGES[1][:-1] + "0", "direction 0 is not 1 or -1"),
        (MESSAGES[1][:-1] + "2", "direction 2 is not 1 or -1"),
        (MESSAGES[1][:-1] + "-", "direction '-' is not a whole number"),
        ("34200.01,7,0,0,2,-1", "price 2 of a halt is not -1, 0 or 1"),
    ],
)
def test_a_wrong_message_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = pair(tmp_path, [MESSAGES[0], row, *MESSAGES[2:]])
    with pytest.raises(SourceError) as caught:
        open_source(str(path), config())
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == (str(path), 2)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (BOOKS[2] + ",1", "has 9 fields instead of 8"),
        (BOOKS[2].replace("5859400", "x"), "a character that is part of no number"),
        (BOOKS[2].replace("5860000", "nan"), "a character that is part of no number"),
        (BOOKS[2].replace("5859400", ""), "ask price '' is not a whole number"),
        (BOOKS[2].replace("5859400", "58594.5"), "ask price '58594.5' is not a whole number"),
        (BOOKS[2].replace("5859400", "5859450"), "ask price 585.945 is not a multiple of the tick size"),
        (BOOKS[2].replace("5859400", "200000000"), "ask price 20000 is beyond max_price"),
        (BOOKS[2].replace("5859400", "-5"), "ask price -5 is not greater than zero"),
        (BOOKS[2].replace("5853300", "0"), "bid price 0 is not greater than zero"),
        (BOOKS[2].replace("5853300", "9999999999"), "bid price 999999.9999 is beyond max_price"),
        (BOOKS[2].replace(",200,", ",0,"), "ask size 0 is not greater than zero"),
        (BOOKS[2].replace(",10,", ",-1,"), "bid size -1 is not greater than zero"),
        (BOOKS[2].replace(",10,", ",2251799813685249,"), "bid size 2251799813685249 is beyond the bound"),
    ],
)
def test_a_wrong_book_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = pair(tmp_path, books=[*BOOKS[:2], row, BOOKS[3]])
    with pytest.raises(SourceError) as caught:
        open_source(str(path), config())
    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == (str(path.with_name(NAME.format("orderbook"))), 3)


def test_the_files_belong_together(tmp_path: Path) -> None:
    path = pair(tmp_path, books=BOOKS[:3])
    with pytest.raises(SourceError, match=r"has 3 rows, .*message_2.csv has 4"):
        open_source(str(path), config())
    path.with_name(NAME.format("orderbook")).unlink()
    for call in (open_source, instruments_of):
        with pytest.raises(SourceError, match=r"orderbook_2.csv: there is no such file; .* needs it beside it"):
            call(str(path), config())


@pytest.mark.parametrize("kind", ["message", "orderbook"])
def test_an_empty_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = pair(tmp_path, **{"messages" if kind == "message" else "books": []})
    with pytest.raises(SourceError, match=f"{kind}_2.csv: is empty"):
        open_source(str(path), config())


def test_nothing_usable_is_refused(tmp_path: Path) -> None:
    path = pair(tmp_path, MESSAGES[:1], ["9999999999,0,-9999999999,0" + DEEP])
    with pytest.raises(SourceError, match="no trade and no quote"):
        open_source(str(path), config())


@pytest.mark.parametrize(("day", "text"), [("2012-06-31", "is not a day"), ("1969-12-31", "the year 1969")])
def test_a_wrong_date_is_refused(tmp_path: Path, day: str, text: str) -> None:
    path = pair(tmp_path, name=NAME.replace("2012-06-21", day))
    with pytest.raises(SourceError, match=text):
        open_source(str(path), config())


def test_a_clock_change(tmp_path: Path) -> None:
    name = NAME.replace("2012-06-21", "2012-03-11")
    source = open_source(str(pair(tmp_path, name=name)), config())
    wanted = datetime.datetime(2012, 3, 11, 9, 30, tzinfo=ZoneInfo("America/New_York")).timestamp()
    assert rows(source)[1][0] == int(wanted) * 1_000_000_000 + 4_241_176
    with pytest.raises(SourceError, match="2012-03-11 02:00 does not exist") as caught:
        open_source(str(pair(tmp_path, ["1,1,1,1,100,1", "7300,1,1,1,100,1"], BOOKS[:2], name)), config())
    assert caught.value.line == 2
    autumn = pair(tmp_path, ["3700,1,1,1,100,1"], BOOKS[:1], NAME.replace("2012-06-21", "2012-11-04"))
    assert any("first pass" in sentence for sentence in open_source(str(autumn), config()).assumptions)


def test_the_instrument_and_the_time_zone_have_to_be_right(tmp_path: Path) -> None:
    path = str(pair(tmp_path))
    for call in (open_source, instruments_of):
        with pytest.raises(SourceError, match=r"not configured; add \[instruments.AAPL\]"):
            call(path, config(symbol="MSFT"))
        with pytest.raises(SourceError, match="its times are in America/New_York; remove"):
            call(path, config("UTC"))
    assert rows(open_source(path, config("America/New_York", "aapl"))) == rows(open_source(path, config()))
    assert list(instruments_of(path, config())) == ["AAPL"]


def test_only_its_names_are_taken(tmp_path: Path) -> None:
    path = pair(tmp_path)
    assert lobster.recognises(str(path))
    assert lobster.recognises(str(path.with_name(NAME.format("orderbook"))))
    assert lobster.recognises(str(tmp_path / NAME.format("message").replace("AAPL", "GONE")))  # whose error says what is missing
    assert not lobster.recognises(str(tmp_path))
    assert not lobster.recognises("sample:es-2013-09")
    assert not lobster.recognises(str(tmp_path / "AAPL_2012-06-21_trades.csv"))
    path.write_text("DateTime,Price,Volume\n2013-09-01 17:00:00,5,1\n")
    assert not lobster.recognises(str(path))


class Taker(Strategy):
    """Buys and sells in turn."""

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if self.slices % 50 == 0:
            client.submit("AAPL", "BUY" if self.slices % 100 else "SELL", 5)


@needs_data
def test_real_rows() -> None:
    source = open_source(str(REAL), config())
    messages, books = (
        list(csv.reader(REAL.with_name(REAL.name.replace("message", kind)).read_text().splitlines())) for kind in ("message", "orderbook")
    )
    wanted: list[tuple[int, ...]] = []
    last = None
    trades = 0
    for (time, kind, _, size, price, side), book in zip(messages, books, strict=True):
        ts = OPEN + int((Decimal(time) - 34200) * 1_000_000_000)
        if kind in "45":
            trades += 1
            wanted.append((ts, abi.NT_TICK_TRADE, int(price) // 100, int(size), trades, 2 if side == "1" else 1))
        quote = (int(book[2]) // 100, int(book[0]) // 100, int(book[3]), int(book[1]))
        if quote != last:
            wanted.append((ts, abi.NT_TICK_QUOTE, *quote))
            last = quote
    assert rows(source)[1:-1] == wanted
    assert source.rows == trades > 100


@needs_data
def test_real_rows_in_a_backtest() -> None:
    chosen = nt.Config(name="lobster", instruments=config().instruments, venue=nt.VenueConfig(fill_model="queue")).validated()
    result = nt.backtest(Taker(), str(REAL), chosen)
    fills = result.reports[result.reports["exec_type"] == abi.NT_EXEC_TRADE]
    assert len(fills) > 3
    assert 58_000 < fills["last_price"].min() <= fills["last_price"].max() < 59_000
