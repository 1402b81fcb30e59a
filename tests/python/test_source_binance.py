"""Raw captures of Binance streams: made ones line by line, and recorded ones where they are at hand."""

from __future__ import annotations

import gzip
import hashlib
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.cli import main
from neural_trader.config import AccountConfig, Config, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.instruments import Instrument, Session
from neural_trader.sources import binance, instruments_of, open_source

ROOT = Path(__file__).resolve().parents[2]
START = 1_723_161_600_000_000_000  # 2024-08-09 00:00 UTC
CONFIG = Config(name="test")
USDT = {"main": AccountConfig(currency="USDT", cash=1000)}
QUOTE, TRADE, SESSION, GAP, END, LEVEL, CLEAR = (
    abi.NT_TICK_QUOTE,
    abi.NT_TICK_TRADE,
    abi.NT_TICK_SESSION,
    abi.NT_TICK_GAP,
    abi.NT_TICK_END,
    abi.NT_TICK_LEVEL,
    abi.NT_TICK_BOOK_CLEAR,
)


def with_levels(config: Config) -> Config:
    return msgspec.structs.replace(config, source=msgspec.structs.replace(config.source, levels=True))


def quote(at: int, bid: str = "100.50", ask: str = "100.60", sizes: tuple[str, str] = ("1.000", "2.000"), symbol: str = "BTCUSDT") -> str:
    data = {"u": 5, "s": symbol, "b": bid, "B": sizes[0], "a": ask, "A": sizes[1]}
    return f"{START + at} " + json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data}, separators=(",", ":"))


def trade(at: int, price: str = "100.60", size: str = "0.500", number: int = 7, maker: Any = False, **more: Any) -> str:
    data = {"e": "trade", "s": "BTCUSDT", "t": number, "p": price, "q": size, "b": 1, "a": 2, "m": maker, **more}
    return f"{START + at} " + json.dumps({"stream": "btcusdt@trade", "data": data})


def diff(at: int, first: int, last: int, bids: Any = (), asks: Any = (), previous: int | None = None) -> str:
    data = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": asks}
    if previous is not None:
        data["pu"] = previous
    return f"{START + at} " + json.dumps({"stream": "btcusdt@depth@100ms", "data": data})


def snapshot(at: int, last: int, bids: Any = (("100.50", "1.000"),), asks: Any = (("100.60", "2.000"),), **more: Any) -> str:
    return f"{START + at} " + json.dumps({"lastUpdateId": last, "bids": bids, "asks": asks, **more})


def capture(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "capture.dat"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def ticks_of(tmp_path: Path, *lines: str, levels: bool = True, config: Config = CONFIG) -> list[tuple[int, ...]]:
    """(kind, four values, ns since START) of each tick but the first session and the end."""
    return rows(binance.open_source(capture(tmp_path, *lines), with_levels(config) if levels else config).ticks)


def rows(ticks: Any) -> list[tuple[int, ...]]:
    names = ("kind", "bid_price", "ask_price", "bid_size", "ask_size", "ts_event")
    columns = [ticks[name].astype(np.int64).tolist() for name in names]
    return [(*row[:5], row[5] - START) for row in zip(*columns, strict=True)][1:-1]


# ---- quotes and trades --------------------------------------------------------------------------------------------------------------


def test_quote_and_trade_become_ticks(tmp_path: Path) -> None:
    lines = [quote(10), trade(20, "100.6", "0.25", 41, maker=True), trade(30, "100.5", "0.5", 42, maker=False)]
    assert ticks_of(tmp_path, *lines) == [
        (QUOTE, 1005, 1006, 100, 200, 10),
        (TRADE, 1006, 25, 41, 2, 20),
        (TRADE, 1005, 50, 42, 1, 30),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (quote(10, bid="100.4"), (QUOTE, 1004, 1006, 10, 20, 10)),
        (quote(10, ask="100.7"), (QUOTE, 1005, 1007, 10, 20, 10)),
        (quote(10, sizes=("1.1", "2")), (QUOTE, 1005, 1006, 11, 20, 10)),
        (quote(10, sizes=("1", "2.1")), (QUOTE, 1005, 1006, 10, 21, 10)),
        (quote(11), (QUOTE, 1005, 1006, 10, 20, 11)),
        (quote(10, sizes=("0.0", "2.0")), (QUOTE, 1005, 1006, 0, 20, 10)),
    ],
)
def test_each_field_of_a_quote_counts(tmp_path: Path, line: str, expected: tuple[int, ...]) -> None:
    assert ticks_of(tmp_path, line, trade(20, size="0.1"))[0] == expected


def test_head_and_tail_of_the_tape(tmp_path: Path) -> None:
    ticks = open_source(capture(tmp_path, quote(10), quote(10), quote(20)), CONFIG).ticks
    assert ticks["kind"].tolist() == [SESSION, QUOTE, QUOTE, QUOTE, END]
    assert ticks["price"][0] == abi.NT_SESSION_OPEN
    assert ticks["size"][0] == START // 86_400_000_000_000
    assert ticks["flags"].tolist() == [0, 0, 1, 0, 1]
    assert (ticks["ts_event"] == ticks["ts_recv"]).all()


def test_microseconds_become_nanoseconds(tmp_path: Path) -> None:
    stamp = START // 1000
    lines = [quote(0).replace(str(START), str(stamp)), quote(0).replace(str(START), str(stamp + 3))]
    source = open_source(capture(tmp_path, *lines), CONFIG)
    assert [row[-1] for row in rows(source.ticks)] == [0, 3000]
    assert any("microseconds" in text for text in source.assumptions)


def test_time_does_not_go_back(tmp_path: Path) -> None:
    source = open_source(capture(tmp_path, quote(10), quote(5), quote(12)), CONFIG)
    assert [row[-1] for row in rows(source.ticks)] == [10, 10, 12]
    assert any(text.startswith("1 messages carry an earlier receive time") for text in source.assumptions)


def test_trades_that_match_no_orders_are_dropped_and_counted(tmp_path: Path) -> None:
    lines = [quote(1), trade(2, X="MARKET"), trade(3, "99999.123456", "0.0000001", X="INSURANCE_FUND"), trade(4, "0", "0", X="NA")]
    source = open_source(capture(tmp_path, *lines), CONFIG)
    assert [row[0] for row in rows(source.ticks)] == [QUOTE, TRADE]
    assert source.rows == 1
    assert source.instruments["BTCUSDT"].tick_size == Decimal("0.1")
    assert "1 messages of trades with X = INSURANCE_FUND are left out." in source.assumptions
    assert "1 messages of trades with X = NA are left out." in source.assumptions


def test_other_streams_are_counted(tmp_path: Path) -> None:
    other = f'{START} {{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"1.23456","q":"1","m":true}}}}'
    partial = f'{START} {{"stream":"btcusdt@depth5","data":{{"lastUpdateId":1,"bids":[],"asks":[]}}}}'
    answer = f'{START} {{"result":null,"id":1}}'
    source = open_source(capture(tmp_path, quote(0), other, other, partial, answer), CONFIG)
    assert [row[0] for row in rows(source.ticks)] == [QUOTE]
    assert "2 messages of aggTrade are left out." in source.assumptions
    assert "1 messages of depth5 are left out." in source.assumptions
    assert "1 messages of no stream are left out." in source.assumptions


def test_numbers_are_exact_where_floats_are_not(tmp_path: Path) -> None:
    bid, ask = "22517998.13685247", "22517998.13685246"
    ticks = open_source(capture(tmp_path, quote(0, bid, ask)), CONFIG_FINE).ticks
    assert (int(ticks["bid_price"][1]), int(ticks["ask_price"][1])) == (2251799813685247, 2251799813685246)


CONFIG_FINE = Config(
    name="test",
    instruments={"BTCUSDT": Instrument(tick_size=Decimal("1E-8"), lot_size=1, currency="USDT", max_price=Decimal("22517998.13685247"))},
)


def test_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [quote(i, f"100.{i % 90 + 10}", f"101.{i % 7}") if i % 3 else trade(i, f"{100 + i % 5}.25", number=i) for i in range(500)]
    lines[250] = quote(250, "100.123", "101")
    whole = open_source(capture(tmp_path, *lines), CONFIG)
    monkeypatch.setattr("neural_trader.sources._binance_messages._BLOCK_BYTES", 300)
    monkeypatch.setattr("neural_trader.sources._binance_messages._READ_BYTES", 100)
    parts = open_source(capture(tmp_path, *lines), CONFIG)
    assert parts.ticks.tobytes() == whole.ticks.tobytes()
    assert parts.instruments == whole.instruments
    assert whole.instruments["BTCUSDT"].tick_size == Decimal("0.001")
    assert parts.sha256 == whole.sha256 == hashlib.sha256((tmp_path / "capture.dat").read_bytes()).hexdigest()


# ---- depth --------------------------------------------------------------------------------------------------------------------------


def test_late_snapshot_and_the_diffs_before_it(tmp_path: Path) -> None:
    lines = [
        diff(1, 11, 12, [["100.5", "9.0"]]),
        diff(2, 13, 14, [["100.4", "3.0"]], [["100.7", "0.0"]]),
        snapshot(3, 12, [["100.5", "1.0"], ["100.3", "4.0"]], [["100.6", "2.5"]]),
        diff(4, 15, 15, [], [["100.6", "1.5"]]),
    ]
    source = binance.open_source(capture(tmp_path, *lines), with_levels(CONFIG))
    assert rows(source.ticks) == [
        (GAP, 0, 0, 0, 0, 1),
        (CLEAR, 0, 0, 12, 0, 3),
        (LEVEL, 1005, 10, 12, 1, 3),
        (LEVEL, 1003, 40, 12, 1, 3),
        (LEVEL, 1006, 25, 12, 2, 3),
        (LEVEL, 1004, 30, 14, 1, 3),
        (LEVEL, 1007, 0, 14, 2, 3),
        (LEVEL, 1006, 15, 15, 2, 4),
    ]
    assert (source.ticks["flags"][1:-1] & abi.NT_TICK_SNAPSHOT).tolist() == [0, 0, 4, 4, 4, 0, 0, 0]
    assert (source.ticks["flags"][1:-1] & abi.NT_TICK_LAST_OF_SLICE).tolist() == [1, 0, 0, 0, 0, 0, 1, 0]
    assert "1 depth diffs without a snapshot that they apply to are left out." in source.assumptions


def kinds(tmp_path: Path, *lines: str, levels: bool = True) -> list[int]:
    return [row[0] for row in ticks_of(tmp_path, *lines, levels=levels)]


ONE = [["100.4", "3.0"]]


@pytest.mark.parametrize(
    ("diffs", "expected"),
    [
        ([diff(2, 11, 12, ONE), diff(3, 13, 15, ONE)], [LEVEL, LEVEL]),
        ([diff(2, 9, 12, ONE), diff(3, 13, 15, ONE)], [LEVEL, LEVEL]),
        ([diff(2, 8, 9, ONE), diff(2, 10, 10, ONE), diff(3, 11, 15, ONE)], [LEVEL]),
        ([diff(2, 12, 12, ONE), diff(3, 13, 15, ONE)], [GAP]),
        ([diff(2, 11, 12, ONE), diff(3, 14, 15, ONE), diff(4, 16, 16, ONE)], [LEVEL, GAP]),
        ([diff(2, 11, 12, ONE), diff(3, 12, 15, ONE)], [LEVEL, GAP]),
        ([diff(2, 90, 95, ONE, previous=10), diff(3, 100, 101, ONE, previous=95)], [LEVEL, LEVEL]),
        ([diff(2, 90, 95, ONE, previous=9), diff(3, 96, 101, ONE, previous=94)], [LEVEL, GAP]),
        ([diff(2, 11, 95, ONE, previous=11)], [GAP]),
    ],
)
@pytest.mark.parametrize("levels", [True, False])
def test_continuity_of_update_ids(tmp_path: Path, diffs: list[str], expected: list[int], levels: bool) -> None:
    found = kinds(tmp_path, quote(0), snapshot(1, 10, [["100.5", "1.0"]], []), *diffs, levels=levels)
    if levels:
        assert found == [QUOTE, CLEAR, LEVEL, *expected]
    else:
        assert found == [QUOTE, *(kind for kind in expected if kind == GAP)]


def test_levels_come_back_with_the_next_snapshot(tmp_path: Path) -> None:
    first = [snapshot(1, 10, ONE, []), diff(2, 11, 12, ONE), diff(3, 20, 21, ONE), diff(4, 22, 23, ONE)]
    stale, sound = snapshot(5, 15, ONE, []), snapshot(6, 22, ONE, [])
    assert kinds(tmp_path, *first, stale) == [CLEAR, LEVEL, LEVEL, GAP]
    found = ticks_of(tmp_path, *first, stale, sound, diff(7, 24, 24, ONE))
    assert [row[0] for row in found] == [CLEAR, LEVEL, LEVEL, GAP, CLEAR, LEVEL, LEVEL, LEVEL]
    assert [row[3] for row in found[4:]] == [22, 22, 23, 24]


def test_snapshot_older_than_the_book_is_passed_over(tmp_path: Path) -> None:
    lines = [snapshot(1, 10, ONE, []), diff(2, 11, 14, ONE), snapshot(3, 12, ONE, []), diff(4, 15, 16, ONE), snapshot(5, 30, ONE, [])]
    assert [row[3] for row in ticks_of(tmp_path, *lines)] == [10, 10, 14, 16, 30, 30]


def test_snapshot_that_the_book_has_reached_is_passed_over(tmp_path: Path) -> None:
    lines = [snapshot(1, 10, ONE, []), diff(2, 11, 14, ONE), snapshot(3, 14, ONE, []), diff(4, 15, 16, ONE)]
    assert kinds(tmp_path, *lines) == [CLEAR, LEVEL, LEVEL, LEVEL]


def test_diffs_before_a_gap_do_not_apply_to_a_snapshot_after_it(tmp_path: Path) -> None:
    lines = [diff(1, 11, 12, ONE), diff(2, 15, 16, ONE), snapshot(3, 14, ONE, [])]
    assert [(row[0], row[3]) for row in ticks_of(tmp_path, *lines)] == [(GAP, 0), (GAP, 0), (CLEAR, 14), (LEVEL, 14), (LEVEL, 16)]
    assert kinds(tmp_path, *lines[:2], snapshot(3, 11, ONE, []), quote(4)) == [GAP, GAP, QUOTE]


def test_after_a_snapshot_at_the_last_diff_the_next_has_to_follow_exactly(tmp_path: Path) -> None:
    lines = [diff(1, 11, 12, ONE), snapshot(2, 12, ONE, [])]
    assert kinds(tmp_path, *lines, diff(3, 13, 14, ONE)) == [GAP, CLEAR, LEVEL, LEVEL]
    assert kinds(tmp_path, *lines, diff(3, 12, 14, ONE)) == [GAP, CLEAR, LEVEL, GAP]


def test_diffs_without_any_snapshot_are_one_gap(tmp_path: Path) -> None:
    lines = [diff(1, 11, 12, ONE), quote(2), diff(3, 13, 14, ONE)]
    source = binance.open_source(capture(tmp_path, *lines), with_levels(CONFIG))
    assert [row[0] for row in rows(source.ticks)] == [GAP, QUOTE]
    assert "2 depth diffs without a snapshot that they apply to are left out." in source.assumptions


def test_levels_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    source = open_source(capture(tmp_path, snapshot(1, 10), quote(2), diff(3, 11, 12, ONE)), CONFIG)
    assert [row[0] for row in rows(source.ticks)] == [QUOTE]
    assert "Depth is read for gaps only; its levels are left out." in source.assumptions


# ---- the instrument -----------------------------------------------------------------------------------------------------------------


def test_instrument_comes_from_the_data(tmp_path: Path) -> None:
    spec = capture(tmp_path, quote(0, "100.50000000", "100.60000000", ("1.00000000", "2.50000000")), trade(1, "1234", "0.00300000"))
    expected = Instrument(symbol="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"), currency="USDT", max_price=Decimal(2468))
    source = open_source(spec, CONFIG)
    assert source.instruments == instruments_of(spec, CONFIG) == {"BTCUSDT": expected}
    assert source.symbols == ("BTCUSDT",)
    assert any(text.startswith("BTCUSDT is not configured: its tick 0.1 and lot 0.001") for text in source.assumptions)


def test_configured_instrument_is_kept(tmp_path: Path) -> None:
    own = Instrument(tick_size=Decimal("0.005"), lot_size=Decimal("0.25"), currency="USD", max_price=200, minimum_quantity=1)
    other = Instrument(tick_size=1, currency="USD", max_price=10)
    config = Config(name="test", instruments={"OTHER": other, "BTCUSDT": own}).validated()
    spec = capture(tmp_path, quote(0), trade(1, "100.605", "0.5"))
    source = open_source(spec, config)
    assert dict(source.instruments) == dict(instruments_of(spec, config)) == dict(config.instruments)
    assert rows(source.ticks) == [(QUOTE, 100500, 100600, 100, 200, 0), (TRADE, 100605, 50, 7, 1, 1)]
    assert set(source.ticks["instrument"][:-1].tolist()) == {1}


def test_instruments_of_the_configuration_come_first(tmp_path: Path) -> None:
    config = Config(name="test", instruments={"OTHER": Instrument(tick_size=1, currency="USD", max_price=10)})
    source = open_source(capture(tmp_path, quote(0)), config)
    assert list(source.instruments) == ["OTHER", "BTCUSDT"]
    assert set(source.ticks["instrument"][:-1].tolist()) == {1}


def test_trading_days_are_those_of_utc_or_of_the_session(tmp_path: Path) -> None:
    day = 86_400_000_000_000
    lines = [quote(-1_000), quote(0), quote(day + 5)]
    source = open_source(capture(tmp_path, *lines), CONFIG)
    sessions = source.ticks[source.ticks["kind"] == SESSION]
    assert (sessions["size"] - START // day).tolist() == [-1, 0, 1]
    assert (sessions["ts_event"] - START).tolist() == [-1_000, 0, day]
    session = Session(days="Mon-Fri", opens="09:00", closes="17:00")  # type: ignore[arg-type]
    own = Instrument(tick_size=Decimal("0.1"), lot_size=Decimal("0.1"), currency="USDT", max_price=200, session=session)
    config = Config(name="test", accounts=USDT, instruments={"BTCUSDT": own}).validated()
    hour = day // 24
    sessions = open_source(capture(tmp_path, quote(8 * hour), quote(12 * hour), quote(18 * hour)), config).ticks
    sessions = sessions[sessions["kind"] == SESSION]
    assert sessions["price"].tolist() == [abi.NT_SESSION_CLOSED, abi.NT_SESSION_OPEN, abi.NT_SESSION_CLOSED]
    assert (sessions["ts_event"] - START).tolist() == [8 * hour, 9 * hour, 17 * hour]


def coin_margined(config: Config, tmp_path: Path) -> Any:
    return open_source(capture(tmp_path, quote(0, symbol="BTCUSD_PERP", sizes=("12", "5"))), config)


def test_contract_margined_in_coin_has_to_be_configured(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"not linear in its price.*\[instruments.BTCUSD_PERP\]"):
        coin_margined(CONFIG, tmp_path)
    own = Instrument(tick_size=Decimal("0.1"), currency="USD", max_price=200, multiplier=Decimal("0.01"))
    source = coin_margined(Config(name="test", instruments={"BTCUSD_PERP": own}), tmp_path)
    assert rows(source.ticks) == [(QUOTE, 1005, 1006, 12, 5, 0)]
    assert any("margined in coin" in text for text in source.assumptions)


def test_delivery_contract_has_the_currency_of_its_pair(tmp_path: Path) -> None:
    spec = capture(tmp_path, quote(0, symbol="BTCUSDT_240927"))
    assert open_source(spec, CONFIG).instruments["BTCUSDT_240927"].currency == "USDT"


def configured(**changes: Any) -> Config:
    values = {"tick_size": Decimal("0.1"), "lot_size": Decimal("0.001"), "currency": "USDT", "max_price": 1000, **changes}
    return Config(name="test", instruments={"BTCUSDT": Instrument(**values)})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (configured(tick_size=Decimal("0.25")), "a price of BTCUSDT is not a multiple of 0.25; their finest step is 0.1"),
        (configured(lot_size=Decimal("0.1")), "a size of BTCUSDT is not a multiple of 0.1; their finest step is 0.05"),
        (configured(max_price=100), "a price of 100.6 is above max_price 100 of BTCUSDT"),
        (configured(tick_size=Decimal("1E-14"), max_price=Decimal("0.001")), "beyond 2\\^51 raw"),
        (Config(name="test", source=SourceConfig(timezone="America/Chicago")), "its times are in UTC; remove source.timezone"),
    ],
)
def test_configuration_that_does_not_fit(tmp_path: Path, config: Config, message: str) -> None:
    spec = capture(tmp_path, quote(0), trade(1, size="0.05"))
    with pytest.raises(SourceError, match=message) as caught:
        open_source(spec, config)
    assert caught.value.file == spec


# ---- refusals -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "is not a receive stamp"),
        ("x", "is not a receive stamp"),
        (str(START), "is not a receive stamp"),
        (f"{START} {{}} {{}}", "is not a receive stamp"),
        (f"{START} 12", "is not a receive stamp"),
        (f"{START}.5 {{}}", "is not a receive stamp"),
        (quote(0)[:-5], "is not a receive stamp"),
        (quote(0).replace(str(START), str(START // 1000)), "has not 19 digits"),
        (quote(0).replace(str(START), str(START // 10)), "has not 19 digits"),
        (quote(0, bid="NaN"), 'a price is "NaN", not a plain'),
        (quote(0, ask="-1.5"), 'a price is "-1.5", not a plain'),
        (quote(0, ask="1e5"), 'a price is "1e5", not a plain'),
        (quote(0, ask="1.2.3"), 'a price is "1.2.3", not a plain'),
        (quote(0, ask=".5"), 'a price is ".5", not a plain'),
        (quote(0, ask="5."), 'a price is "5.", not a plain'),
        (quote(0, ask=""), 'a price is "", not a plain'),
        (quote(0, ask="1,5"), 'a price is "1,5", not a plain'),
        (quote(0, ask="1234567890123456789"), "a price has too many digits"),
        (quote(0, bid="0.00"), "a price is 0: there is none"),
        (quote(0, sizes=("inf", "1")), 'a size is "inf", not a plain'),
        (quote(0).replace('"A":"2.000"', '"X":"y"'), "a size is missing"),
        (quote(0).replace('"b":"100.50"', '"b":[["1","2"]]'), "not a plain decimal number"),
        (trade(0, size="0.000"), "a size of the trade is 0"),
        (trade(0, price="0"), "a price is 0"),
        (trade(0, maker=None), "does not say whether the buyer is the maker"),
        (trade(0, maker=1), "is not a receive stamp"),
        (trade(0).replace('"t": 7', '"y": 7'), "the trade has no id"),
        (trade(0, number=-7), "is not a receive stamp"),
        (trade(0, number=2**63), "is not a receive stamp"),
        (f'{START} {{"stream":"btcusdt@trade"}}', "does not say whether the buyer is the maker"),
        (f'{START} {{"stream":"btcusdt@bookTicker"}}', "a price is missing"),
        (f'{START} {{"stream":"btcusdt@trade","data":null}}', "is not a receive stamp"),
        (diff(0, 12, 11), "has no update ids"),
        (diff(0, 12, 13).replace('"U"', '"V"'), "has no update ids"),
        (diff(0, 12, 13).replace('"u"', '"v"'), "has no update ids"),
        (f'{START} {{"stream":"btcusdt@depth"}}', "has no update ids"),
        (snapshot(0, 11, bids=[["1"]]), "not a list of pairs"),
        (snapshot(0, 11, asks=[[1, 2]]), "not a list of pairs"),
        (snapshot(0, 11).replace('"asks"', '"sells"'), "not a list of pairs"),
        (snapshot(0, 11, [["100.5", "x"]]), "a size is x, not a plain"),
        (snapshot(0, 11, [["100.5", "1"], ["0", "1"]]), "a price is 0"),
        (snapshot(0, 11, symbol="ETHUSDT"), "is of ETHUSDT, and the streams are of BTCUSDT"),
        (quote(0, symbol="ETHUSDT"), "is of ETHUSDT, and what came before of BTCUSDT"),
    ],
)
def test_a_line_that_is_refused(tmp_path: Path, line: str, message: str) -> None:
    spec = capture(tmp_path, quote(0), trade(0), line, quote(0))
    with pytest.raises(SourceError, match=message) as caught:
        binance.open_source(spec, with_levels(CONFIG))
    assert (caught.value.file, caught.value.line) == (spec, 3)


def test_line_numbers_go_on_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_trader.sources._binance_messages._BLOCK_BYTES", 300)
    monkeypatch.setattr("neural_trader.sources._binance_messages._READ_BYTES", 100)
    spec = capture(tmp_path, *(quote(i) for i in range(30)), quote(31, bid="x"))
    with pytest.raises(SourceError) as caught:
        open_source(spec, CONFIG)
    assert caught.value.line == 31


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([quote(0, symbol="BTCXYZ")], "what BTCXYZ is priced in is not known"),
        ([quote(0).replace(str(START), "17231616000000000")], "has 17 digits"),
        ([f'{START} {{"stream":"btcusdt@aggTrade","data":{{}}}}'], "has no quote, trade or depth"),
        ([diff(0, 1, 2)], "has no quote, trade or depth"),
        ([snapshot(0, 11)], "has no quote, trade or depth"),
    ],
)
def test_a_file_that_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        binance.open_source(capture(tmp_path, *lines), CONFIG)


def test_a_snapshot_of_another_symbol_before_the_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_trader.sources._binance_messages._BLOCK_BYTES", 10)
    monkeypatch.setattr("neural_trader.sources._binance_messages._READ_BYTES", 40)
    with pytest.raises(SourceError, match="holds a snapshot of ETHUSDT, and streams of BTCUSDT"):
        open_source(capture(tmp_path, snapshot(0, 11, symbol="ETHUSDT"), quote(0)), CONFIG)
    assert open_source(capture(tmp_path, snapshot(0, 11, symbol="BTCUSDT"), quote(0)), CONFIG).symbols == ("BTCUSDT",)


def test_instruments_of_refuses_what_is_no_capture(tmp_path: Path) -> None:
    spec = capture(tmp_path, f'{START} {{"stream":"btcusdt@aggTrade","data":{{}}}}')
    with pytest.raises(SourceError, match="has no quote, trade or depth"):
        instruments_of(spec, CONFIG)
    with pytest.raises(SourceError, match="cannot be read"):
        binance.instruments_of(str(tmp_path / "nothing"), CONFIG)
    with pytest.raises(SourceError, match="cannot be read"):
        binance.open_source(str(tmp_path / "nothing"), CONFIG)


def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neural_trader.sources._binance_messages._LINE_BYTES_MOST", 1 << 20)
    spec = capture(tmp_path, quote(0), quote(0) + " " * (2 << 20))
    with pytest.raises(SourceError, match="longer than 1,048,576 bytes") as caught:
        open_source(spec, CONFIG)
    assert caught.value.line == 2


# ---- the file -----------------------------------------------------------------------------------------------------------------------


def test_compressed_is_the_same_as_plain(tmp_path: Path) -> None:
    lines = [quote(i, f"{100 + i}.5", "1000") for i in range(50)]
    plain = open_source(capture(tmp_path, *lines), CONFIG)
    text = Path(plain.name).read_bytes()
    for name, content in (("one.gz", gzip.compress(text)), ("two.gz", gzip.compress(text[:777]) + gzip.compress(text[777:]))):
        (tmp_path / name).write_bytes(content)
        source = open_source(str(tmp_path / name), CONFIG)
        assert source.ticks.tobytes() == plain.ticks.tobytes()
        assert source.sha256 == hashlib.sha256(content).hexdigest()


def test_last_line_may_lack_its_end(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_text(quote(0) + "\n" + quote(1))
    assert len(rows(open_source(str(path), CONFIG).ticks)) == 2


@pytest.mark.parametrize("cut", [-1, -8, -30])
def test_compression_that_ends_early(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "capture.gz"
    path.write_bytes(gzip.compress("\n".join(quote(i) for i in range(100)).encode())[:cut])
    with pytest.raises(SourceError, match="ends in the middle of its compression"):
        binance.open_source(str(path), CONFIG)


def test_compression_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "capture.gz"
    content = bytearray(gzip.compress("\n".join(quote(i) for i in range(100)).encode()))
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(SourceError, match="its compression is damaged"):
        binance.open_source(str(path), CONFIG)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (quote(0).encode(), True),
        (gzip.compress(quote(0).encode(), mtime=0), True),
        (snapshot(0, 5).encode(), True),
        (quote(0).replace(str(START), str(START // 1000)).encode(), True),
        (quote(0).replace(str(START), str(START // 10)).encode(), False),
        (b"DateTime,Price,Volume\n2024-03-04 12:00:00,1,1\n", False),
        (gzip.compress(b"DateTime,Price,Volume\n", mtime=0), False),
        (b'1737918843893903000 {"channel":"l2Book","data":{"coin":"BTC"}}', False),
        (b"\x1f\x8bno compression", False),
        (b"\x1f\x8b", False),
        (b"", False),
    ],
)
def test_recognises_by_the_first_bytes(tmp_path: Path, content: bytes, expected: bool) -> None:
    (tmp_path / "file").write_bytes(content)
    assert binance.recognises(str(tmp_path / "file")) is expected


def test_recognises_files_only(tmp_path: Path) -> None:
    assert not binance.recognises(str(tmp_path))
    assert not binance.recognises(str(tmp_path / "nothing"))
    assert not binance.recognises("sample:es-2013-09")
    assert not binance.recognises("a\0b")


# ---- end to end ---------------------------------------------------------------------------------------------------------------------


class Buyer(nt.Strategy):
    """Buys once, at the first tick."""

    done = False

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        if not self.done:
            self.done = True
            client.submit("BTCUSDT", "BUY", "0.2")


def test_backtest_over_a_capture(tmp_path: Path) -> None:
    config = Config(name="test", accounts=USDT)
    for price, fill in (("100.60", Decimal("100.7")), ("100.80", Decimal("100.9"))):  # one tick of slippage
        spec = capture(tmp_path, quote(0), *(trade(i * 1_000_000, price, number=i) for i in range(1, 9)))
        result = nt.backtest(Buyer(), spec, config)
        assert result.summary["source_sha256"] == hashlib.sha256(Path(spec).read_bytes()).hexdigest()
        fills = [row for row in result.reports if row["last_quantity"] > 0]
        assert [(int(row["last_quantity"]), int(row["last_price"])) for row in fills] == [(2, int(fill * 10))]


TOML = """
name = "test"
[instruments.BTCUSDT]
tick_size = 0.1
lot_size = 0.1
currency = "USDT"
max_price = 1000
[accounts.main]
currency = "USDT"
cash = 1000
"""


def test_command_line_takes_a_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test.toml").write_text(TOML, encoding="utf-8")
    flow = str(ROOT / "examples" / "flow.py")
    for maker, side in ((False, "BUY"), (True, "SELL")):
        spec = capture(tmp_path, quote(0), *(trade(i * 1_000_000, number=i, maker=maker) for i in range(1, 200)))
        arguments = ["backtest", flow, "--source", spec, "--config", str(tmp_path / "test.toml"), "--set", "symbol=BTCUSDT", "--json"]
        assert main(arguments) == 0
        summary = json.loads(capsys.readouterr().out)
        assert summary["ticks"] == 202
        assert summary["source_sha256"] == hashlib.sha256(Path(spec).read_bytes()).hexdigest()
        assert summary["fills"] > 0, side
