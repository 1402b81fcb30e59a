"""Sources that belong together or do not: recordings of one symbol, names, markets, pairs of files, time zones; and absent files."""

from __future__ import annotations

import datetime
import gzip
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from recorded import needs_recorded, recorded

from neural_trader._native import abi
from neural_trader.config import Config, Instrument, Session, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.instruments import Fee
from neural_trader.numbers import RAW_MAX
from neural_trader.sources import Source, instruments_of, open_source
from neural_trader.sources.merge import merge, unite

START = 1_723_161_600_000_000_000  # 2024-08-09 00:00 UTC
DAY = 86_400_000_000_000
PLAIN = Config(name="x")
SPOT, FUTURES = "hftbacktest/spot_btcusdt_20240808.gz", "hftbacktest/usdm_btcusdt_20240808.gz"


def quote(at: int, bid: str, ask: str, size: str = "1.0", symbol: str = "BTCUSDT", **more: Any) -> str:
    data = {"u": 5, "s": symbol, "b": bid, "B": size, "a": ask, "A": size, **more}
    return f"{START + at} " + json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data})


def trade(at: int, price: str, size: str, **more: Any) -> str:
    return f"{START + at} " + json.dumps({"stream": "btcusdt@trade", "data": {"t": 7, "p": price, "q": size, "m": False, **more}})


def diff(at: int, bids: Any, asks: Any, **more: Any) -> str:
    data = {"U": 9, "u": 9, "b": bids, "a": asks, **more}
    return f"{START + at} " + json.dumps({"stream": "btcusdt@depth@100ms", "data": data})


def snapshot(at: int, bids: Any, asks: Any) -> str:
    return f"{START + at} " + json.dumps({"lastUpdateId": 8, "bids": bids, "asks": asks})


def capture(path: Path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def values(source: Source, kind: int, *names: str) -> list[tuple[int, ...]]:
    ticks = source.ticks[source.ticks["kind"] == kind]
    return list(zip(*(ticks[name].tolist() for name in names), strict=True))


# ---- recordings of one symbol ------------------------------------------------------------------------------------------------------


@pytest.fixture
def days(tmp_path: Path) -> list[str]:
    """Two days whose finest decimals and highest prices differ."""
    first = capture(tmp_path / "first", quote(0, "100.5", "100.6", "1.25"), trade(1, "100.6", "0.5"))
    second = capture(tmp_path / "second", quote(DAY, "90.25", "90.5", "3"), trade(DAY + 1, "90.25", "2.5"))
    return [first, second]


def test_days_of_a_symbol_that_is_not_configured_are_one_tape(days: list[str]) -> None:
    source = open_source(days, PLAIN)
    expected = Instrument(
        symbol="BTCUSDT", tick_size=Decimal("0.01"), lot_size=Decimal("0.01"), currency="USDT", max_price=Decimal("201.2")
    )
    assert dict(source.instruments) == dict(instruments_of(days, PLAIN)) == {"BTCUSDT": expected}
    names = ("bid_price", "ask_price", "bid_size", "ask_size")
    assert values(source, abi.NT_TICK_QUOTE, *names) == [(10050, 10060, 125, 125), (9025, 9050, 300, 300)]
    assert values(source, abi.NT_TICK_TRADE, "price", "size", "trade_id", "aggressor") == [(10060, 50, 7, 1), (9025, 250, 7, 1)]
    assert source.assumptions[-1] == (
        "BTCUSDT: its recordings were found to have different terms; all are read with the finest tick 0.01 and lot 0.01, and the greatest "
        "max_price 201.2."
    )
    backwards = open_source(days[::-1], PLAIN)
    assert backwards.ticks.tobytes() == source.ticks.tobytes()
    assert dict(backwards.instruments) == dict(source.instruments)


def test_days_with_the_same_terms_are_not_said_to_differ(days: list[str], tmp_path: Path) -> None:
    again = capture(tmp_path / "again", quote(DAY, "100.5", "100.6", "1.25"))
    source = open_source([days[0], again], PLAIN)
    assert not any("different terms" in text for text in source.assumptions)


def test_terms_that_are_configured_are_not_widened(days: list[str]) -> None:
    own = Instrument(tick_size=Decimal("0.01"), lot_size=Decimal("0.01"), currency="USDT", max_price=100)
    with pytest.raises(SourceError, match=r"first: a price of 100\.6 is above max_price 100 of BTCUSDT"):
        open_source(days, Config(name="x", instruments={"BTCUSDT": own}))
    derived = open_source(days[0], PLAIN)
    fixed = open_source(days[1], PLAIN)
    fixed = Source("fixed", fixed.symbols, fixed.instruments, fixed.ticks, fixed.rows, (), fixed.sha256)
    with pytest.raises(SourceError, match=r"^fixed: instrument BTCUSDT has other terms than in one \(tick_size is 0\.1 and 0\.01, "):
        merge([("one", derived), ("fixed", fixed)], {})


def test_terms_beyond_raw_numbers_are_refused(tmp_path: Path) -> None:
    fine = Instrument(symbol="A", tick_size=Decimal("0.00000001"), currency="USD", max_price=1)
    high = Instrument(symbol="A", tick_size=1, currency="USD", max_price=10**9)
    with pytest.raises(SourceError, match=r"^two: with the other recordings of A: .*; configure \[instruments\.A\]$"):
        unite([("one", {"A": fine}), ("two", {"A": high})], {}, {("one", "A"), ("two", "A")})
    paid = Instrument(symbol="A", tick_size=1, currency="USD", max_price=1, fee_taker=Fee(per_contract=1))
    with pytest.raises(SourceError, match="fee_taker is None and"):
        unite([("one", {"A": fine}), ("two", {"A": paid})], {}, {("one", "A"), ("two", "A")})
    small = capture(tmp_path / "small", quote(0, "100.5", "100.6", "0.00001"))
    large = capture(tmp_path / "large", quote(1, "100.5", "100.6", str(RAW_MAX // 1000)))
    with pytest.raises(SourceError, match=r"large: a size with the 5 decimals of the other recordings of BTCUSDT is beyond 2\^51 raw"):
        open_source([small, large], PLAIN)


def test_max_price_is_of_where_it_could_trade(tmp_path: Path) -> None:
    config = Config(name="x", source=SourceConfig(levels=True))
    lines = [snapshot(0, [["100.0", "1"]], [["101.0", "1"], ["150.0", "1"]]), quote(1, "100.0", "101.0")]

    def most(*more: str) -> Any:
        spec = capture(tmp_path / "depth", *lines, *more)
        found = open_source(spec, config)
        assert dict(found.instruments) == dict(instruments_of(spec, config))
        return found.instruments["BTCUSDT"].max_price

    assert most(diff(2, [], [["199.0", "1"]])) == 202  # an offer far away says nothing of what the price may come to
    assert most(diff(2, [], [["500.0", "1"]])) == 500  # but it has to be within the bound
    assert most(diff(2, [["120.0", "1"]], [])) == 240  # a bid is a price at which it could trade
    assert most(trade(2, "130.0", "1")) == 260
    offers = capture(tmp_path / "offers", snapshot(0, [], [["101.0", "1"]]), diff(1, [], [["102.0", "1"]]))
    assert open_source(offers, config).instruments["BTCUSDT"].max_price == 204


# ---- names and markets -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def markets(tmp_path: Path) -> tuple[str, str]:
    """Spot and futures of one symbol."""
    spot = capture(tmp_path / "spot", quote(0, "100.5", "100.6"), trade(2, "100.6", "1"))
    futures = capture(tmp_path / "futures", quote(1, "101.5", "101.6", e="bookTicker", E=1), trade(3, "101.6", "2", X="MARKET"))
    return spot, futures


def test_spot_and_futures_of_one_symbol_are_not_one_instrument(markets: tuple[str, str]) -> None:
    spot, futures = markets
    own = Instrument(tick_size=Decimal("0.1"), currency="USDT", max_price=1000)
    for config in (PLAIN, Config(name="x", instruments={"BTCUSDT": own})):
        with pytest.raises(SourceError) as caught:
            open_source([spot, futures], config)
        assert caught.value.file == futures
        assert str(caught.value) == (
            f"{futures}: is of Binance futures, and {spot} of Binance spot: they are not one instrument, and both are called BTCUSDT; "
            f"give them names (SYMBOL=PATH), for instance BTCUSDT.spot={spot} and BTCUSDT.futures={futures}"
        )
    with pytest.raises(SourceError, match=rf"for instance X\.futures={futures} and X\.spot={spot}$"):
        open_source([f"X={futures}", f"X={spot}"], PLAIN)


@pytest.mark.parametrize(
    ("line", "market"),
    [
        (quote(0, "1.5", "1.6"), "Binance spot"),
        (quote(0, "1.5", "1.6", E=1), "Binance futures"),
        (trade(0, "1.5", "1", E=1), "Binance spot"),
        (trade(0, "1.5", "1", E=1, X="MARKET"), "Binance futures"),
        (diff(0, [], [], E=1) + "\n" + trade(0, "1.5", "1"), "Binance spot"),
        (diff(0, [], [], pu=8) + "\n" + trade(0, "1.5", "1"), "Binance futures"),
    ],
)
def test_what_tells_a_market(tmp_path: Path, line: str, market: str) -> None:
    assert open_source(capture(tmp_path / "a", line), PLAIN).market == market


def test_names_of_ones_own(markets: tuple[str, str]) -> None:
    specs = [f"BTCUSDT.{name}={path}" for name, path in zip(("spot", "futures"), markets, strict=True)]
    source = open_source(specs, PLAIN)
    assert source.symbols == tuple(source.instruments) == ("BTCUSDT.spot", "BTCUSDT.futures")
    assert dict(source.instruments) == dict(instruments_of(specs, PLAIN))
    assert [item.symbol for item in source.instruments.values()] == ["BTCUSDT.spot", "BTCUSDT.futures"]
    assert [item.currency for item in source.instruments.values()] == ["USDT", "USDT"]
    assert values(source, abi.NT_TICK_TRADE, "instrument", "price", "size") == [(0, 1006, 1), (1, 1016, 2)]
    assert f"{specs[0]}: BTCUSDT.spot is what BTCUSDT of the recording is called." in source.assumptions


def test_a_name_has_the_terms_that_are_configured_for_it(markets: tuple[str, str]) -> None:
    own = Instrument(tick_size=Decimal("0.01"), lot_size=Decimal("0.5"), currency="USD", max_price=300)
    other = Instrument(tick_size=1, currency="USD", max_price=10)
    config = Config(name="x", instruments={"OTHER": other, "PERP": own}).validated()
    for spec in (f"PERP={markets[1]}", [f"PERP={markets[1]}"]):
        source = open_source(spec, config)
        assert dict(source.instruments) == dict(instruments_of(spec, config)) == dict(config.instruments)
        assert source.symbols == ("PERP",)
        assert values(source, abi.NT_TICK_TRADE, "instrument", "price", "size") == [(1, 10160, 20)]


def test_a_name_that_is_another_symbol_is_refused(markets: tuple[str, str]) -> None:
    with pytest.raises(SourceError, match="has data of BTCUSDT and not of ETHUSDT; write BTCUSDT= or leave ETHUSDT= out"):
        open_source(f"ETHUSDT={markets[0]}", PLAIN)
    assert open_source(f"BTC-USDT={markets[0]}", PLAIN).symbols == ("BTC-USDT",)


def test_a_name_for_what_is_priced_in_an_unknown_asset(tmp_path: Path) -> None:
    spec = capture(tmp_path / "a", quote(0, "1.5", "1.6", symbol="ABCXYZ"))
    with pytest.raises(SourceError, match=r"what ABCXYZ is priced in is not known; add \[instruments\.MINE\]"):
        open_source(f"MINE={spec}", PLAIN)


@needs_recorded(SPOT)
@needs_recorded(FUTURES)
def test_recorded_spot_and_futures() -> None:
    files = [str(recorded(SPOT)), str(recorded(FUTURES))]
    with pytest.raises(SourceError, match=r"is of Binance futures, and .* of Binance spot"):
        open_source(files, PLAIN)
    apart = [open_source(file, PLAIN) for file in files]
    both = open_source([f"SPOT={files[0]}", f"PERP={files[1]}"], PLAIN)
    for number, source in enumerate(apart):
        own = both.ticks[both.ticks["instrument"] == number]
        assert (own["price"][own["kind"] == abi.NT_TICK_TRADE] == source.ticks["price"][source.ticks["kind"] == abi.NT_TICK_TRADE]).all()
    assert both.rows == sum(source.rows for source in apart)


# ---- pairs of files ----------------------------------------------------------------------------------------------------------------


def test_a_lobster_pair_is_read_once(tmp_path: Path) -> None:
    name = "AAPL_2012-06-{}_34200000_57600000_{}_1.csv"
    files = []
    for day in (21, 22):
        for kind, text in (("message", "34200.01,4,16113575,8,5853300,1\n"), ("orderbook", "5859400,200,5853300,10\n")):
            (tmp_path / name.format(day, kind)).write_text(text)
            files.append(str(tmp_path / name.format(day, kind)))
    config = Config(name="x", instruments={"AAPL": Instrument(tick_size=Decimal("0.01"), currency="USD", max_price=10_000)})
    alone = open_source(files[0], config)
    assert open_source(files[:2], config).ticks.tobytes() == open_source(files[1::-1], config).ticks.tobytes() == alone.ticks.tobytes()
    assert [open_source(spec, config).rows for spec in (files[0], files[:2], files, str(tmp_path), [files[1], files[2]])] == [1, 1, 2, 2, 2]
    for twice in ([files[0], files[0]], [*files[:2], files[1]]):
        with pytest.raises(SourceError, match="is given twice"):
            open_source(twice, config)
    two = Config(name="x", instruments={**config.instruments, "B": config.instruments["AAPL"]})
    with pytest.raises(SourceError, match=r"is given twice \(as AAPL=.* and as B=.*\)"):
        open_source([f"AAPL={files[0]}", f"B={files[1]}"], two)


# ---- time zones --------------------------------------------------------------------------------------------------------------------

TRADES = "DateTime,Price,Volume\n2024-08-08 19:00:00,100.5,1\n2024-08-08 19:00:01,100.5,1\n"


def share(**changes: Any) -> Instrument:
    return Instrument(tick_size=Decimal("0.1"), currency="USD", max_price=1000, **changes)


def test_the_time_zone_is_for_times_that_carry_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TRADES)
    spot = capture(tmp_path / "spot", quote(5, "100.5", "100.6"))
    config = Config(name="x", instruments={"A": share()}, source=SourceConfig(timezone="America/Chicago")).validated()
    source = open_source([f"A={tmp_path / 'a.csv'}", spot], config)
    assert source.symbols == ("A", "BTCUSDT")
    assert values(source, abi.NT_TICK_TRADE, "ts_event") == [(START,), (START + 1_000_000_000,)]
    assert values(source, abi.NT_TICK_QUOTE, "ts_event") == [(START + 5,)]
    assert list(instruments_of([f"A={tmp_path / 'a.csv'}", spot], config)) == ["A", "BTCUSDT"]
    with pytest.raises(SourceError, match=r"its times are in UTC; remove source\.timezone = 'America/Chicago'"):
        open_source([spot], config)  # nothing needs it: it can only be a mistake


def test_the_time_zone_is_for_archives_that_say_none(tmp_path: Path) -> None:
    rows = {"equity": "0,1000000,3,1001000,2,N,0,0\n", "forex": "0,1.5,1.6\n"}
    for kind, text in rows.items():
        (tmp_path / kind).mkdir()
        with zipfile.ZipFile(tmp_path / kind / "20240808_quote.zip", "w") as archive:
            archive.writestr(f"20240808_{kind}_Quote_Tick.csv", text)
    (tmp_path / "a.csv").write_text(TRADES)
    instruments = {symbol: share() for symbol in ("A", "EQUITY", "FOREX")}
    config = Config(name="x", instruments=instruments, source=SourceConfig(timezone="America/Chicago")).validated()
    equity, forex, trades = str(tmp_path / "equity"), str(tmp_path / "forex"), f"A={tmp_path / 'a.csv'}"
    midnight = START - DAY  # 8 August, of UTC
    hour = DAY // 24
    for specs, expected in (
        ([equity, forex], [midnight + 4 * hour, midnight + 5 * hour]),  # New York's own, and Chicago's
        ([equity, trades], [midnight + 4 * hour]),
        ([forex, trades], [midnight + 5 * hour]),
    ):
        assert [ts for (ts,) in values(open_source(specs, config), abi.NT_TICK_QUOTE, "ts_event")] == expected
    said = [
        any("what takes one fills whole" in text for text in open_source([spec], zoned).assumptions)
        for spec, zoned in ((forex, config), (equity, msgspec.structs.replace(config, source=SourceConfig())))
    ]
    assert said == [True, False]
    with pytest.raises(SourceError, match=r"its times are in America/New_York; remove source\.timezone"):
        open_source([equity], config)


def test_days_of_one_instrument_in_two_time_zones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TRADES)
    spot = capture(tmp_path / "spot", quote(5, "100.5", "100.6"))
    specs = [f"BTCUSDT={tmp_path / 'a.csv'}", spot]
    hours: dict[str, Any] = {"days": "Mon-Sun", "opens": datetime.time(0), "closes": datetime.time(23)}

    def config(instrument: Instrument, zone: str = "America/Chicago") -> Config:
        return Config(name="x", instruments={"BTCUSDT": instrument}, source=SourceConfig(timezone=zone)).validated()

    text = (
        rf"^{spot}: the days are those of UTC, and in {specs[0]} those of America/Chicago, of one instrument BTCUSDT; add \[instruments\."
    )
    with pytest.raises(SourceError, match=text):
        open_source(specs, config(share()))
    with pytest.raises(SourceError, match="the hours of its session are those of UTC"):
        open_source(specs, config(share(session=Session(**hours))))
    assert open_source(specs, config(share(session=Session(**hours, timezone="UTC")))).rows == 2
    assert open_source(specs, config(share(), "UTC")).rows == 2


# ---- files -------------------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_said_to_be_so_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text(TRADES)
    for read in (open_source, instruments_of):
        with pytest.raises(SourceError) as caught:
            read(str(tmp_path / "trads.csv"), PLAIN)
        assert str(caught.value) == (
            f"{tmp_path}/trads.csv: cannot be read: No such file or directory; did you mean {tmp_path}/trades.csv?"
        )
        for far in (tmp_path / "quotes.bin", tmp_path / "no" / "trades.csv"):
            with pytest.raises(SourceError, match=r"No such file or directory$"):
                read([str(far)], PLAIN)


def test_trade_files_compressed_by_gzip(tmp_path: Path) -> None:
    config = Config(name="x", instruments={"A": share()}, source=SourceConfig(timezone="UTC")).validated()
    plain, packed = tmp_path / "a.csv", tmp_path / "all" / "a.csv.gz"
    packed.parent.mkdir()
    plain.write_text(TRADES)
    packed.write_bytes(gzip.compress(TRADES.encode(), mtime=0))
    expected = open_source(str(plain), config)
    for spec in (str(packed), str(packed.parent)):
        source = open_source(spec, config)
        assert source.ticks.tobytes() == expected.ticks.tobytes()
        assert source.sha256 != expected.sha256
    packed.write_bytes(gzip.compress(TRADES.encode(), mtime=1))
    assert open_source(str(packed), config).sha256 != source.sha256
    whole = packed.read_bytes()
    packed.write_bytes(whole[:-9])
    with pytest.raises(SourceError, match=r"a\.csv\.gz: cannot be read: Compressed file ended"):
        open_source(str(packed), config)
    packed.write_bytes(whole[:20] + b"\xff\xff\xff" + whole[23:])
    with pytest.raises(SourceError, match=r"a\.csv\.gz: cannot be read: "):
        open_source(str(packed), config)


@pytest.mark.parametrize(
    ("begin", "what"),
    [(b"BZh91AY", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd\0", "zstd"), (b"PK\x03\x04\0", "zip"), (b"\x04\x22\x4d\x18", "lz4")],
)
def test_other_compression_is_named(tmp_path: Path, begin: bytes, what: str) -> None:
    config = Config(name="x", instruments={"A": share()}, source=SourceConfig(timezone="UTC")).validated()
    (tmp_path / "a.csv").write_bytes(begin)
    with pytest.raises(SourceError, match=f"is compressed by {what}; decompress it, or compress it by gzip"):
        open_source(str(tmp_path / "a.csv"), config)
