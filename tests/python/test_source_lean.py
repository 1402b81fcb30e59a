"""Lean tick archives to tapes: pairing, times, scales, what is left out, and the file and line that is wrong."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import zipfile
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
from neural_trader.sources import Source, instruments_of, lean, open_source
from neural_trader.strategy import Strategy

DATA = recorded("lean")
needs_data = needs_recorded("lean")

BID = "34200000,1800000,300,0,0,N,1,0"
ASK = "34200000,0,0,1800100,200,Q,1,0"
TRADE = "34200000,1800100,100,D,1,0"
PAIR = "1000,1.38676,1.38686"


def instrument(**changes: Any) -> Instrument:
    return Instrument(**{"tick_size": Decimal("0.01"), "currency": "USD", "max_price": 100_000, **changes})


def config(symbol: str = "IBM", timezone: str | None = None, **changes: Any) -> Config:
    return Config(name="x", instruments={symbol: instrument(**changes)}, source=SourceConfig(timezone=timezone)).validated()


def forex(timezone: str | None = "UTC", **changes: Any) -> Config:
    return config("EURUSD", timezone, **{"tick_size": Decimal("0.00001"), **changes})


def archive(
    directory: Path, rows: list[str] | bytes, kind: str = "quote", day: str = "20131007", symbol: str = "ibm", member: str | None = None
) -> Path:
    path = directory / f"{day}_{kind}.zip"
    content = rows if isinstance(rows, bytes) else "\n".join(rows).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(member or f"{day}_{symbol}_{kind.title()}_Tick.csv", content)
    return path


def ns(text: str, timezone: str = "America/New_York", fold: int = 0) -> int:
    """UTC nanoseconds of a local time, by another road."""
    moment = datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone), fold=fold).astimezone(datetime.UTC)
    return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1) * 1000


def quotes(source: Source) -> list[tuple[int, ...]]:
    chosen = source.ticks[source.ticks["kind"] == abi.NT_TICK_QUOTE]
    names = ("ts_event", "bid_price", "ask_price", "bid_size", "ask_size")
    return list(zip(*(chosen[name].tolist() for name in names), strict=True))


def trades(source: Source) -> list[tuple[int, ...]]:
    chosen = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    return list(zip(*(chosen[name].tolist() for name in ("ts_event", "price", "size", "trade_id", "aggressor")), strict=True))


# ---- what a row becomes ----------------------------------------------------------------------------------------------------------------


def test_a_bid_row_and_its_ask_row_are_one_quote(tmp_path: Path) -> None:
    path = archive(tmp_path, [BID, ASK, "34200001,1800200,100,0,0,N,1,0", "34200001,0,0,1800300,700,N,1,0"])
    source = open_source(str(path), config())
    first, second = ns("2013-10-07T09:30:00"), ns("2013-10-07T09:30:00.001")
    assert quotes(source) == [(first, 18000, 18001, 300, 200), (second, 18002, 18003, 100, 700)]
    assert source.ticks["kind"].tolist() == [abi.NT_TICK_SESSION, abi.NT_TICK_QUOTE, abi.NT_TICK_QUOTE, abi.NT_TICK_END]
    assert source.ticks["flags"].tolist() == [0, 1, 0, 1]
    assert source.ticks["ts_recv"].tolist() == source.ticks["ts_event"].tolist()
    assert (source.rows, source.symbols, source.name) == (0, ("IBM",), str(path))
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.ticks.dtype == abi.NT_TICK


def test_a_side_that_a_row_leaves_out_stays(tmp_path: Path) -> None:
    rows = [
        "1000,0,0,1800500,100,Q,1,0",  # an ask before any bid is known
        BID,
        ASK,
        "34200002,1800050,50,0,0,P,1,0".replace("1800050", "1800000"),
        "34200003,0,0,1800200,20,P,1,0",
        "34200004,1799900,10,1800300,30,P,1,0",
    ]
    source = open_source(str(archive(tmp_path, rows)), config())
    assert [quote[1:] for quote in quotes(source)] == [
        (18000, 18001, 300, 200),
        (18000, 18001, 50, 200),
        (18000, 18002, 50, 20),
        (17999, 18003, 10, 30),
    ]
    assert any("1 row before both sides were known gave no quote" in sentence for sentence in source.assumptions)


def test_rows_of_other_times_are_no_pair(tmp_path: Path) -> None:
    source = open_source(str(archive(tmp_path, [BID, ASK, BID, ASK.replace("34200000", "34200001")])), config())
    assert [quote[0] % 1_000_000_000 for quote in quotes(source)] == [0, 0, 1_000_000]


def test_suspicious_rows_are_left_out_with_their_pair(tmp_path: Path) -> None:
    marked = "34200001,0,0,9900000,1,Q,1,1"
    rows = [BID, ASK, BID.replace("34200000", "34200001"), marked, "34200002,1800000,5,0,0,N,1,0"]
    source = open_source(str(archive(tmp_path, rows)), config())
    assert [quote[1:] for quote in quotes(source)] == [(18000, 18001, 300, 200), (18000, 18001, 5, 200)]
    assert any("2 rows marked as suspicious, or paired with one that is, left out" in sentence for sentence in source.assumptions)


def test_trades(tmp_path: Path) -> None:
    rows = [TRADE, "34200000,1800000,7,N,20000020,0", "34200005,1800200,900,,2000,0"]
    source = open_source(str(archive(tmp_path, rows, "trade")), config())
    first = ns("2013-10-07T09:30:00")
    assert trades(source) == [(first, 18001, 100, 1, 0), (first, 18000, 7, 2, 0), (first + 5_000_000, 18002, 900, 3, 0)]
    assert source.rows == 3


@pytest.mark.parametrize(
    ("condition", "kept"),
    [("1", True), ("20", True), ("80000000", True), ("2000", True), ("0", True), ("ffffffff", False), ("FFFFFFFF", False)]
    + [(f"{1 << bit:x}", bit not in (1, 2, 3, 9, 11, 14, 18, 20, 24, 25, 26)) for bit in range(32)],
)
def test_conditions_decide(tmp_path: Path, condition: str, kept: bool) -> None:
    rows = [TRADE, f"34200001,1800100,5,N,{condition},0"]
    source = open_source(str(archive(tmp_path, rows, "trade")), config())
    assert [trade[2] for trade in trades(source)] == ([100, 5] if kept else [100])
    assert any("1 row left out whose condition" in sentence for sentence in source.assumptions) == (not kept)


def test_suspicious_trades_are_left_out(tmp_path: Path) -> None:
    source = open_source(str(archive(tmp_path, [TRADE, TRADE.replace(",1,0", ",1,1")], "trade")), config())
    assert source.rows == 1
    assert any("1 row marked as suspicious left out" in sentence for sentence in source.assumptions)


def test_forex_quotes(tmp_path: Path) -> None:
    path = archive(tmp_path, ["1000.25,1.38676,1.38686", "2000,1.3867,1.3868\r", "2000,2,2", "2000,1.5,1.25"], symbol="eurusd", member=None)
    source = open_source(str(path), forex())
    start = ns("2013-10-07T00:00:00", "UTC")
    assert quotes(source) == [
        (start + 1_000_250_000, 138676, 138686, 0, 0),
        (start + 2_000_000_000, 138670, 138680, 0, 0),
        (start + 2_000_000_000, 200000, 200000, 0, 0),
        (start + 2_000_000_000, 150000, 125000, 0, 0),
    ]
    assert any("1 are crossed (bid above ask) and 1 locked" in sentence for sentence in source.assumptions)
    assert quotes(open_source(str(path), forex("America/New_York")))[0][0] == start + 4 * 3_600_000_000_000 + 1_000_250_000


def test_decimals_follow_the_instrument(tmp_path: Path) -> None:
    path = str(archive(tmp_path, [TRADE], "trade"))
    fine = config(tick_size=Decimal("0.000001"), lot_size=Decimal("0.01"))
    assert trades(open_source(path, fine))[0][1:3] == (180010000, 10000)
    coarse = archive(tmp_path, ["0,1800000,100,N,1,0"], "trade")
    assert trades(open_source(str(coarse), config(tick_size=1)))[0][1] == 180


def test_line_ends_do_not_matter(tmp_path: Path) -> None:
    wanted = None
    for content in (f"{BID}\n{ASK}", f"{BID}\n{ASK}\n", f"{BID}\r\n{ASK}\r\n", f"{BID}\r\n{ASK}"):
        got = quotes(open_source(str(archive(tmp_path, content.encode())), config()))
        wanted = wanted or got
        assert got == wanted
        assert len(got) == 1


@pytest.mark.parametrize(
    ("day", "time", "wanted"),
    [
        ("20131007", 14_400_000, "2013-10-07T04:00:00"),
        ("20131231", 14_400_000, "2013-12-31T04:00:00"),
        ("20131103", 3_600_000 // 2, "2013-11-03T00:30:00"),
        ("20131103", 5_400_000, "2013-11-03T01:30:00"),
        ("20131103", 10_800_000, "2013-11-03T03:00:00"),
        ("20140309", 10_800_000, "2014-03-09T03:00:00"),
        ("20140309", 7_199_999, "2014-03-09T01:59:59.999"),
    ],
)
def test_times_are_new_york_wall_clock(tmp_path: Path, day: str, time: int, wanted: str) -> None:
    source = open_source(str(archive(tmp_path, [TRADE.replace("34200000", str(time))], "trade", day)), config())
    assert trades(source)[0][0] == ns(wanted)
    assert any("first pass" in sentence for sentence in source.assumptions) == (day == "20131103" and time == 5_400_000)


def test_clocks_that_change_at_midnight(tmp_path: Path) -> None:
    path = str(archive(tmp_path, ["3600000,1.5,1.6"], day="20140309", symbol="eurusd"))
    assert quotes(open_source(path, forex("America/Havana")))[0][0] == ns("2014-03-09T01:00:00", "America/Havana")
    path = str(archive(tmp_path, ["3599999,1.5,1.6"], day="20140309", symbol="eurusd"))
    with pytest.raises(SourceError, match="2014-03-09 00:59 does not exist"):
        open_source(path, forex("America/Havana"))


def test_a_time_that_clocks_skip_is_refused(tmp_path: Path) -> None:
    rows = [TRADE.replace("34200000", time) for time in ("7199999", "7200000")]
    with pytest.raises(SourceError, match=r"2014-03-09 02:00 does not exist") as caught:
        open_source(str(archive(tmp_path, rows, "trade", "20140309")), config())
    assert caught.value.line == 2


# ---- several archives ------------------------------------------------------------------------------------------------------------------


def test_archives_become_one_tape(tmp_path: Path) -> None:
    archive(tmp_path, [BID, ASK, "34200002,1800200,1,0,0,N,1,0", "34200002,0,0,1800300,1,N,1,0"])
    archive(tmp_path, [TRADE, TRADE, "34200001,1800000,1,N,1,0"], "trade")
    archive(tmp_path, [TRADE.replace("1800100", "1900000")], "trade", "20131008")
    (tmp_path / "readme.txt").write_text("not an archive")
    session, trade, quote, end = abi.NT_TICK_SESSION, abi.NT_TICK_TRADE, abi.NT_TICK_QUOTE, abi.NT_TICK_END
    whole = open_source(str(tmp_path), config())
    assert whole.ticks["kind"].tolist() == [session, trade, trade, quote, trade, quote, session, trade, end]
    assert whole.ticks["flags"].tolist() == [0, 0, 0, 1, 1, 1, 1, 0, 1]
    assert [row[3] for row in trades(whole)] == [1, 2, 3, 4]
    assert whole.rows == 4
    day = open_source(str(tmp_path / "20131007_*.zip"), config())
    assert day.ticks["kind"].tolist() == [session, trade, trade, quote, trade, quote, end]
    contents = [(tmp_path / name).read_bytes() for name in ("20131007_trade.zip", "20131007_quote.zip")]
    assert day.sha256 == hashlib.sha256(b"".join(contents)).hexdigest()


def test_symbols_have_their_own_instruments_and_sessions(tmp_path: Path) -> None:
    for name, symbol, kind in (("ibm_20131007_trade", "ibm", "Trade"), ("bac_20131007_trade", "bac", "Trade")):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as opened:
            opened.writestr(f"20131007_{symbol}_{kind}_Tick.csv", TRADE)
    session = Session(days="Mon-Fri", opens=datetime.time(9, 30), closes=datetime.time(16))
    both = Config(name="x", instruments={"SPY": instrument(), "IBM": instrument(session=session), "bac": instrument()}).validated()
    source = open_source(str(tmp_path), both)
    assert list(source.instruments) == ["SPY", "IBM", "bac"]
    assert source.ticks["instrument"].tolist() == [1, 2, 2, 1, 0]
    assert source.symbols == ("IBM", "bac")
    assert instruments_of(str(tmp_path), both) == source.instruments
    with pytest.raises(SourceError, match=r"add \[instruments.BAC\]"):
        instruments_of(str(tmp_path), config())


def test_two_archives_of_the_same_are_refused(tmp_path: Path) -> None:
    archive(tmp_path, [TRADE], "trade").rename(tmp_path / "copy_20131007_trade.zip")
    archive(tmp_path, [TRADE], "trade")
    with pytest.raises(SourceError, match=r"has the trades of IBM of 2013-10-07, as .* has; keep one"):
        open_source(str(tmp_path), config())


# ---- which paths are taken -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trades.csv", "quote.zip", "2013107_quote.zip", "20131007_quote.zip.csv", "20131007_openinterest.zip"])
def test_other_names_are_not_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    assert not lean.recognises(str(tmp_path / name))
    assert not lean.recognises(str(tmp_path))
    assert not lean.recognises("sample:es-2013-09")


@pytest.mark.parametrize("spec", ["", "x" * 5000, "x" * 5000 + "/20131007_quote.zip", "a\0/20131007_*.zip", "*", "[", "nowhere/*.zip"])
def test_odd_paths_are_no_surprise(spec: str) -> None:
    assert lean.recognises(spec) == ("20131007" in spec)
    if lean.recognises(spec):
        with pytest.raises(SourceError):
            open_source(spec, config())


def test_sessions_and_missing_quotes_are_said(tmp_path: Path) -> None:
    path = str(archive(tmp_path, [TRADE], "trade"))
    said = open_source(path, config()).assumptions
    assert any("No session is configured for IBM: it is always open" in sentence for sentence in said)
    assert any("There are no quotes: the implied quote" in sentence for sentence in said)
    session = Session(days="Mon-Fri", opens=datetime.time(9, 30), closes=datetime.time(16))
    archive(tmp_path, [BID, ASK])
    said = open_source(str(tmp_path), config(session=session)).assumptions
    assert not any("No session" in sentence or "There are no quotes" in sentence for sentence in said)


def test_other_content_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "20131007_quote.zip"
    path.write_bytes(b"DateTime,Price,Volume\n")
    assert not lean.recognises(str(path))
    path.write_bytes(b"PK\x03\x04more")
    assert lean.recognises(str(path))
    assert lean.recognises(str(tmp_path))


# ---- real days -------------------------------------------------------------------------------------------------------------------------


class Taker(Strategy):
    """Buys and sells in turn, once in a while."""

    symbol: str = "IBM"

    def on_start(self, client: nt.Client) -> None:
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        if self.slices % 500 == 0:
            client.submit(self.symbol, "BUY" if self.slices % 1000 else "SELL", 100)


def test_a_backtest_fills_at_its_quotes(tmp_path: Path) -> None:
    rows = []
    for second in range(3000):
        time = 34200000 + second * 1000
        rows += [f"{time},{1800000 + second % 7 * 100},300,0,0,N,1,0", f"{time},0,0,1801000,{200 + second % 2},Q,1,0"]
    venue = nt.VenueConfig(fill_model="queue", slippage_ticks=0)
    chosen = nt.Config(name="lean", instruments={"IBM": instrument()}, venue=venue).validated()
    result = nt.backtest(Taker(), str(archive(tmp_path, rows)), chosen)
    fills = result.reports[result.reports["exec_type"] == abi.NT_EXEC_TRADE]
    assert len(fills) == 6
    assert set(fills["last_price"][fills["side"] == abi.NT_SIDE_BUY].tolist()) == {18010}
    assert set(fills["last_price"][fills["side"] == abi.NT_SIDE_SELL].tolist()) <= set(range(18000, 18007))


def rows_of(path: Path) -> list[list[str]]:
    with zipfile.ZipFile(path) as opened:
        return list(csv.reader(io.StringIO(opened.read(opened.namelist()[0]).decode())))


@needs_data
@pytest.mark.parametrize("day", ["bac_20131007", "bac_20131008", "ibm_20131007", "ibm_20131008", "ibm_20131009"])
def test_real_equity_quotes(day: str) -> None:
    path = DATA / f"equity_usa_tick_{day}_quote.zip"
    symbol, date = day.split("_")
    source = open_source(str(path), config(symbol.upper()))
    midnight = ns(f"{date[:4]}-{date[4:6]}-{date[6:]}T00:00:00")
    bid, ask, wanted = ("0", "0"), ("0", "0"), []
    rows = rows_of(path)
    drop = {i for i, row in enumerate(rows) if row[7] == "1"}
    for i, row in enumerate(rows):  # every file is pairs but for a first ask
        after, before = rows[i + 1 : i + 2], rows[i - 1 : i] if i else []
        opens = row[3] == "0" and bool(after) and after[0][1] == "0" and after[0][0] == row[0]
        closes = row[1] == "0" and bool(before) and before[0][3] == "0" and before[0][0] == row[0]
        if i in drop or (opens and i + 1 in drop) or (closes and i - 1 in drop):
            continue
        bid, ask = (row[1], row[2]) if row[1] != "0" else bid, (row[3], row[4]) if row[3] != "0" else ask
        if not opens and bid[0] != "0" and ask[0] != "0":
            values = (int(bid[0]) // 100, int(ask[0]) // 100, int(bid[1]), int(ask[1]))
            wanted.append((midnight + int(row[0]) * 1_000_000, *values))
    assert quotes(source) == wanted
    crossed, locked = sum(quote[1] > quote[2] for quote in wanted), sum(quote[1] == quote[2] for quote in wanted)
    assert any(f"{crossed:,} are crossed (bid above ask) and {locked:,} locked" in sentence for sentence in source.assumptions)
    assert (len(rows) - 1) // 2 - 1 <= len(wanted) <= len(rows) // 2
    assert crossed < len(wanted) // 1000


@needs_data
@pytest.mark.parametrize("day", ["bac_20131007", "bac_20131008", "ibm_20131007", "ibm_20131008", "ibm_20131009", "spy_20131007"])
def test_real_equity_trades(day: str) -> None:
    path = DATA / f"equity_usa_tick_{day}_trade.zip"
    symbol, date = day.split("_")
    source = open_source(str(path), config(symbol.upper()))
    midnight = ns(f"{date[:4]}-{date[4:6]}-{date[6:]}T00:00:00")
    refused = 0b111 << 1 | 1 << 9 | 1 << 11 | 1 << 14 | 1 << 18 | 1 << 20 | 0b111 << 24
    rows = [row for row in rows_of(path) if not int(row[4], 16) & refused and row[5] == "0"]
    wanted = [(midnight + int(row[0]) * 1_000_000, int(row[1]) // 100, int(row[2]), i, 0) for i, row in enumerate(rows, 1)]
    assert trades(source) == wanted
    assert source.rows == len(rows)


@needs_data
@pytest.mark.parametrize(
    ("name", "tick", "locked_or_crossed"),
    [
        ("forex_fxcm_tick_eurusd_20140508", "0.00001", 0.22),
        ("forex_oanda_tick_eurusd_20140501", "0.00001", 0),
        ("forex_oanda_tick_nzdusd_20140508", "0.00001", 0),
        ("cfd_oanda_tick_xauusd_20140502", "0.001", 0),
    ],
)
def test_real_pairs(name: str, tick: str, locked_or_crossed: float) -> None:
    path = DATA / f"{name}_quote.zip"
    symbol, date = name.split("_")[3:]
    source = open_source(str(path), config(symbol.upper(), "UTC", tick_size=Decimal(tick)))
    midnight = ns(f"{date[:4]}-{date[4:6]}-{date[6:]}T00:00:00", "UTC")
    unit = Decimal(tick)
    wanted = [
        (midnight + int(Decimal(row[0]) * 1_000_000), int(Decimal(row[1]) / unit), int(Decimal(row[2]) / unit), 0, 0)
        for row in rows_of(path)
    ]
    assert quotes(source) == wanted
    assert round(sum(quote[1] >= quote[2] for quote in wanted) / len(wanted), 2) == locked_or_crossed


@needs_data
def test_a_real_day_in_a_backtest() -> None:
    chosen = nt.Config(
        name="lean",
        instruments={"IBM": instrument()},
        venue=nt.VenueConfig(fill_model="queue", slippage_ticks=0),
        accounts={"main": nt.AccountConfig(currency="USD", cash=1_000_000)},
    ).validated()
    result = nt.backtest(Taker(), str(DATA / "equity_usa_tick_ibm_20131009_*.zip"), chosen)
    fills = result.reports[result.reports["exec_type"] == abi.NT_EXEC_TRADE]
    assert len(fills) > 50
    assert fills["last_price"].min() > 17_000
    assert fills["last_price"].max() < 19_000
