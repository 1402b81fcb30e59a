"""What is refused of Lean tick archives: the file and line that is wrong, and what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from test_source_lean import ASK, BID, PAIR, TRADE, archive, config, forex, quotes

from neural_trader.errors import SourceError
from neural_trader.sources import lean, open_source


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("", "has 1 fields instead of 8"),
        (BID + ",1", "has 9 fields instead of 8"),
        (BID.replace(",1,0", ",1"), "has 7 fields instead of 8"),
        (BID.replace("300", "3 0"), "a character that is part of no number"),
        (BID.replace("300", '"3"'), "a character that is part of no number"),
        (BID.replace("300", "+3"), "a character that is part of no number"),
        (BID.replace("34200000", "x"), "time 'x' is not a number of milliseconds"),
        (BID.replace("34200000", ""), "time '' is not a number of milliseconds"),
        (BID.replace("34200000", "-1"), "time '-1' is not a number of milliseconds"),
        (BID.replace("34200000", "86400000"), "beyond a day's 86400000 milliseconds"),
        (BID.replace("34200000", "99999999999999999999"), "is not a number of milliseconds"),
        (BID.replace("34200000", "34199999"), "earlier than that of the line before"),
        (BID.replace("1800000", "nan"), "bid price 'nan' is not a whole number"),
        (BID.replace("1800000", "inf"), "bid price 'inf' is not a whole number"),
        (BID.replace("1800000", "1e9"), "bid price '1e9' is not a whole number"),
        (BID.replace("1800000", "18.5"), "bid price '18.5' is not a whole number"),
        (BID.replace("1800000", "-1800000"), "bid price '-1800000' is not a whole number"),
        (BID.replace("1800000", "\uff11\uff18"), "is not a whole number"),
        (BID.replace("1800000", "1800001"), "bid price 180.0001 is not a multiple of the tick size 0.01"),
        (BID.replace("1800000", "1000000100"), "bid price 100000.01 is beyond max_price of 100000"),
        (BID.replace("1800000", "9999999999999999"), "is beyond max_price"),
        (BID.replace("1800000", "99999999999999999"), "is not a whole number"),
        (BID.replace("1800000", "0"), "bid size 300 has no bid price"),
        (BID.replace("1800000,300", "0,0"), "has neither a bid nor an ask price"),
        (BID.replace("300", "2251799813685249"), "bid size 2251799813685249 is beyond the bound"),
        (ASK.replace("1800100", "1800150"), "ask price 180.015 is not a multiple"),
        (ASK.replace("1800100", "0"), "ask size 200 has no ask price"),
        (ASK.replace(",200,", ",2251799813685249,"), "ask size 2251799813685249 is beyond the bound"),
        (ASK.replace(",200,", ",,"), "ask size '' is not a whole number"),
        (BID.replace("N", "n"), "exchange 'n' is not a letter"),
        (BID.replace("N", "NY"), "exchange 'NY' is not a letter"),
        (BID.replace("N,1,0", "N,g,0"), "condition 'g' is not a hexadecimal number"),
        (BID.replace("N,1,0", "N,123456789,0"), "is not a hexadecimal number"),
        (BID.replace("N,1,0", "N,,0"), "condition '' is not"),
        (BID.replace("N,1,0", "N,1,2"), "suspicious '2' is not 0 or 1"),
        (BID.replace("N,1,0", "N,1,"), "suspicious '' is not 0 or 1"),
    ],
)
def test_a_wrong_quote_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    path = archive(tmp_path, [BID, ASK, row, ASK])
    with pytest.raises(SourceError) as caught:
        open_source(str(path), config())
    assert message in str(caught.value)
    assert caught.value.line == 3
    assert caught.value.file == f"{path}/20131007_ibm_Quote_Tick.csv"
    assert str(caught.value).startswith(f"{caught.value.file}:3: ")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (TRADE.replace("1800100", "0"), "price 0 is not greater than zero"),
        (TRADE.replace(",100,", ",0,"), "size 0 is not greater than zero"),
        (TRADE.replace("1800100", "1800101"), "price 180.0101 is not a multiple of the tick size 0.01; configure a finer tick_size"),
        (TRADE.replace("1800100", "nan"), "price 'nan' is not a whole number"),
        (TRADE.replace(",100,", ",1.5,"), "size '1.5' is not a whole number"),
        (TRADE.replace(",100,", ",9007199254740992,"), "size 9007199254740992 is beyond the bound"),
        (TRADE.replace("1,0", "1,0,0"), "has 7 fields instead of 6"),
    ],
)
def test_a_wrong_trade_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(str(archive(tmp_path, [TRADE, row], "trade")), config())
    assert message in str(caught.value)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (PAIR.replace("1.38676", "nan"), "bid price 'nan' is not a decimal number"),
        (PAIR.replace("1.38676", "1.3.8"), "bid price '1.3.8' is not a decimal number"),
        (PAIR.replace("1.38676", ".5"), "bid price '.5' is not a decimal number"),
        (PAIR.replace("1.38676", "1."), "bid price '1.' is not a decimal number"),
        (PAIR.replace("1.38676", "1.2345678901"), "is not a decimal number with at most 9 decimals"),
        (PAIR.replace("1.38676", "12345678901"), "is not a decimal number"),
        (PAIR.replace("1.38676", "0.00000"), "bid price is not greater than zero"),
        (PAIR.replace("1.38686", "0"), "ask price is not greater than zero"),
        (PAIR.replace("1.38686", "1.386861"), "ask price 1.386861 is not a multiple of the tick size 0.00001"),
        (PAIR.replace("1.38686", "100001"), "ask price 100001 is beyond max_price of 100000"),
        (PAIR.replace("1000", "1000.1234567"), "is not a number of milliseconds"),
        (PAIR.replace("1000", "86400000.5"), "is beyond a day's"),
        (PAIR.replace("1000", "999.9"), "earlier than that of the line before"),
    ],
)
def test_a_wrong_forex_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        open_source(str(archive(tmp_path, [PAIR, row], symbol="eurusd")), forex())
    assert message in str(caught.value)
    assert caught.value.line == 2


def test_the_first_wrong_line_is_named(tmp_path: Path) -> None:
    rows = [BID, ASK, BID.replace("N,1,0", "N,1,2"), BID.replace("1800000", "x")]
    with pytest.raises(SourceError, match="suspicious") as caught:
        open_source(str(archive(tmp_path, rows)), config())
    assert caught.value.line == 3


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError, match="is empty"):
        open_source(str(archive(tmp_path, content)), config())


def test_nothing_usable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no tick in it that can be used"):
        open_source(str(archive(tmp_path, [ASK])), config())


def test_fields_that_lean_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has 4 fields; a quote has 8 \(equity\) or 3 \(forex, CFD\)") as caught:
        open_source(str(archive(tmp_path, ["1,2,3,4"])), config())
    assert caught.value.line == 1
    with pytest.raises(SourceError, match=r"has 3 fields; a trade has 6 \(equity\)"):
        open_source(str(archive(tmp_path, ["1,2,3"], "trade")), config())


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, [BID, ASK] * 200)
    whole = path.read_bytes()
    for length in (*range(12), len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert lean.recognises(str(path))
        with pytest.raises(SourceError, match="is not a whole zip archive"):
            open_source(str(path), config())


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path, [BID, ASK])
    size = len(f"{BID}\n{ASK}")
    monkeypatch.setattr(lean, "_UNPACKED_BYTES_MAX", size)
    assert len(quotes(open_source(str(path), config()))) == 1
    monkeypatch.setattr(lean, "_UNPACKED_BYTES_MAX", size - 1)
    with pytest.raises(SourceError, match=f"is {size} bytes unpacked; at most {size - 1} are read"):
        open_source(str(path), config())


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, [f"{time},1800000,{time % 977},{1800100},5,N,1,0" for time in range(2000)])
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(SourceError, match="cannot be unpacked"):
        open_source(str(path), config())


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("20131008_ibm_Quote_Tick.csv", "is not of the date and kind that its name says"),
        ("20131007_ibm_Trade_Tick.csv", "is not of the date and kind that its name says"),
        ("20131007_ibm_minute_quote.csv", "whose name is not DATE_SYMBOL_Quote_Tick.csv"),
        ("20131007_es_tick_quote_201312.csv", "whose name is not DATE_SYMBOL_Quote_Tick.csv"),
    ],
)
def test_the_name_inside_has_to_agree(tmp_path: Path, member: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(str(archive(tmp_path, [BID, ASK], member=member)), config())


@pytest.mark.parametrize(
    ("day", "message"), [("20131301", "which is not a day"), ("20130229", "which is not a day"), ("19691231", "1969 in its name")]
)
def test_a_wrong_date_is_refused(tmp_path: Path, day: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        open_source(str(archive(tmp_path, [BID, ASK], day=day)), config())


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path, [BID, ASK])
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr("more.csv", "")
    with pytest.raises(SourceError, match="holds 2 files"):
        open_source(str(path), config())


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        open_source(str(tmp_path / "20131007_quote.zip"), config())
    with pytest.raises(SourceError, match="there is no archive of this name"):
        open_source(str(tmp_path / "20131007_*.zip"), config())


def test_the_instrument_and_the_time_zone_have_to_be_right(tmp_path: Path) -> None:
    path = str(archive(tmp_path, [BID, ASK]))
    with pytest.raises(SourceError, match=r"not configured; add \[instruments.IBM\]"):
        open_source(path, config("BAC"))
    with pytest.raises(SourceError, match=r"its times are in America/New_York; remove source\.timezone"):
        open_source(path, config(timezone="UTC"))
    assert len(quotes(open_source(path, config(timezone="America/New_York")))) == 1
    with pytest.raises(SourceError, match="its times carry no time zone"):
        open_source(str(archive(tmp_path, [PAIR], symbol="eurusd")), forex(None))
