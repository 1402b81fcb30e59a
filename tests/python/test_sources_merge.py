"""Several sources as one tape."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import command, one_object

import neural_trader as nt
from neural_trader._native import abi
from neural_trader.config import Config, Instrument, SourceConfig
from neural_trader.errors import ConfigError, SourceError
from neural_trader.sources import Source, instruments_of, open_source
from neural_trader.sources.merge import merge, unite
from neural_trader.sources.source import mark_slices

HEADER = "DateTime,Price,Volume\n"
FIRST = HEADER + "2024-03-04 12:00:00.000,100.00,1\n2024-03-04 12:00:02.000,100.25,2\n2024-03-04 12:00:04.000,100.50,3\n"
SECOND = HEADER + "2024-03-04 12:00:01.000,200.00,4\n2024-03-04 12:00:02.000,200.25,5\n2024-03-04 12:00:05.000,200.50,6\n"
EXAMPLES = Path(__file__).parents[2] / "examples"


def instrument(symbol: str, **changes: Any) -> Instrument:
    fields: dict[str, Any] = {"symbol": symbol, "tick_size": Decimal("0.25"), "currency": "USD", "max_price": 100_000}
    return Instrument(**{**fields, **changes})


def config(*symbols: str) -> Config:
    return Config(name="x", instruments={symbol: instrument(symbol) for symbol in symbols}, source=SourceConfig(timezone="UTC")).validated()


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, text in (("first.csv", FIRST), ("second.csv", SECOND)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return str(tmp_path / "first.csv"), str(tmp_path / "second.csv")


def trades(source: Source) -> list[tuple[str, int]]:
    """Symbol and size of each trade."""
    names = list(source.instruments)
    chosen = source.ticks[source.ticks["kind"] == abi.NT_TICK_TRADE]
    return [(names[row["instrument"]], int(row["size"])) for row in chosen]


def tape(name: str, symbol: str, times: Sequence[int], **changes: Any) -> tuple[str, Source]:
    """A tape of trades at these times; the sizes number them."""
    ticks = np.zeros(len(times) + 1, abi.NT_TICK)
    ticks["ts_event"][:-1] = times
    ticks["ts_event"][-1] = times[-1] if times else 0
    ticks["ts_recv"] = ticks["ts_event"]
    ticks["kind"] = abi.NT_TICK_TRADE
    ticks["price"], ticks["size"] = 400, np.arange(1, len(ticks) + 1)
    ticks["kind"][-1] = abi.NT_TICK_END
    mark_slices(ticks)
    digest = hashlib.sha256(name.encode()).hexdigest()
    instruments = {symbol: instrument(symbol, **changes)}
    return name, Source(name, (symbol,), instruments, ticks, len(times), (f"{symbol} is assumed.", "Both are assumed."), digest)


def test_two_trade_files_are_one_tape_by_time(files: tuple[str, str]) -> None:
    first, second = files
    source = open_source([f"B={first}", f"A={second}"], config("A", "B"))
    assert list(source.instruments) == ["A", "B"]  # as configured, not as named
    assert source.symbols == ("A", "B")
    assert trades(source) == [("B", 1), ("A", 4), ("B", 2), ("A", 5), ("B", 3), ("A", 6)]
    assert source.rows == 6
    ts = source.ticks["ts_event"]
    assert np.all(ts[1:] >= ts[:-1])
    kinds = source.ticks["kind"].tolist()
    assert kinds.count(abi.NT_TICK_END) == 1
    assert kinds[-1] == abi.NT_TICK_END
    assert ts[-1] == ts[-2]
    hashes = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]
    assert source.sha256 == hashlib.sha256(f"{hashes[0]}\n{hashes[1]}\n".encode()).hexdigest()
    assert "2 sources are one tape" in source.assumptions[0]
    assert source.name == f"B={first}, A={second}"


def test_the_order_of_the_list_decides_at_equal_times(files: tuple[str, str]) -> None:
    first, second = files
    source = open_source([f"A={second}", f"B={first}"], config("A", "B"))
    assert trades(source) == [("B", 1), ("A", 4), ("A", 5), ("B", 2), ("B", 3), ("A", 6)]
    other = open_source([f"B={first}", f"A={second}"], config("A", "B"))
    assert source.sha256 != other.sha256


def test_slices_are_marked_anew(files: tuple[str, str]) -> None:
    source = open_source([f"B={files[0]}", f"A={files[1]}"], config("A", "B"))
    ts = source.ticks["ts_event"]
    wanted = np.append(ts[1:] > ts[:-1], True)
    assert np.array_equal(source.ticks["flags"] & abi.NT_TICK_LAST_OF_SLICE != 0, wanted)
    assert not np.all(wanted)


def test_instruments_are_known_before_the_trades_are_read(files: tuple[str, str]) -> None:
    specs = [f"B={files[0]}", f"A={files[1]}"]
    for spec in (specs, specs[:1], specs[0]):
        assert list(instruments_of(spec, config("A", "B", "C")).items()) == list(
            open_source(spec, config("A", "B", "C")).instruments.items()
        )
    chicago = msgspec.structs.replace(config("A", "B"), source=SourceConfig(timezone="America/Chicago"))
    with_sample = open_source([*specs, "sample:es-2013-09:10"], chicago)
    assert list(instruments_of([*specs, "sample:es-2013-09:10"], chicago)) == list(with_sample.instruments) == ["A", "B", "ES"]
    assert with_sample.symbols == ("A", "B", "ES")


def test_one_file_of_several_instruments(files: tuple[str, str]) -> None:
    source = open_source(f"B={files[0]}", config("A", "B"))
    assert (list(source.instruments), source.symbols) == (["A", "B"], ("B",))
    assert trades(source) == [("B", 1), ("B", 2), ("B", 3)]
    assert source.sha256 == hashlib.sha256(Path(files[0]).read_bytes()).hexdigest()
    assert not any("one tape" in sentence for sentence in source.assumptions)


def test_a_list_of_one_is_that_one(files: tuple[str, str]) -> None:
    alone, listed = open_source(files[0], config("A")), open_source([files[0]], config("A"))
    assert alone.ticks.tobytes() == listed.ticks.tobytes()
    assert (alone.sha256, alone.name, alone.assumptions) == (listed.sha256, listed.name, listed.assumptions)


def test_days_of_one_instrument(files: tuple[str, str], tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text(FIRST.replace("03-04", "03-05"), encoding="utf-8")
    source = open_source([files[0], str(later)], config("A"))
    assert trades(source) == [("A", 1), ("A", 2), ("A", 3)] * 2
    days = source.ticks["size"][source.ticks["kind"] == abi.NT_TICK_SESSION]
    assert days[-1] == days[0] + 1
    assert open_source([str(later), files[0]], config("A")).ticks["ts_event"].tolist() == source.ticks["ts_event"].tolist()


def test_a_directory_is_its_files_by_name(files: tuple[str, str], tmp_path: Path) -> None:
    Path(files[1]).write_text(SECOND.replace("03-04", "03-05"), encoding="utf-8")
    (tmp_path / ".hidden").write_text("no data", encoding="utf-8")
    source = open_source(str(tmp_path), config("A"))
    assert source.ticks.tobytes() == open_source(list(files), config("A")).ticks.tobytes()
    assert open_source(f"A={tmp_path}", config("A", "B")).symbols == ("A",)
    (tmp_path / "notes.txt").write_text("no data", encoding="utf-8")
    with pytest.raises(SourceError, match=r"no market data: notes\.txt; take it out"):
        open_source(str(tmp_path), config("A"))


def test_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Is a directory without files"):
        open_source(str(tmp_path), config("A"))


def test_a_file_whose_name_looks_like_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "A=b.csv").write_text(FIRST, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert open_source("./A=b.csv", config("A")).rows == 3
    with pytest.raises(SourceError, match=r"b\.csv: cannot be read: No such file"):
        open_source("A=b.csv", config("A"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ([], "the list of sources is empty"),
        (["A="], "'A=' names no file"),
        (["A=\0"], "names no file"),
        (["A=" + "x" * 300], "cannot be read: File name too long"),
        (["C={first}"], r"instrument C is not configured \(configured: A, B\); add \[instruments\.C\]"),
        (
            ["A={first}", "{second}"],
            r"second\.csv: which instrument is it\? Keep one of A, B in the configuration, or write SYMBOL=second\.csv",
        ),
        (["A={first}", "B={first}"], r"is given twice \(as A=.*first\.csv and as B=.*first\.csv\)"),
        (["sample:es-2013-09:5", "sample:es-2013-09:5"], "given twice"),
        (["A={first}", "B={second}x"], r"second\.csvx: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_one_tape(files: tuple[str, str], spec: list[str], message: str) -> None:
    names = [item.format(first=files[0], second=files[1]) for item in spec]
    with pytest.raises(SourceError, match=message):
        open_source(names, config("A", "B"))


@pytest.mark.parametrize("spec", [5, [5], None, Path("first.csv"), [Path("first.csv")], b"first.csv"])
def test_what_is_no_name_of_a_source(spec: Any) -> None:
    with pytest.raises(SourceError, match="a source must be a text or a list of texts, not "):
        open_source(spec, config("A"))


def test_a_source_that_is_of_another_instrument() -> None:
    settings = Config(name="x", instruments={"NQ": instrument("NQ")})
    with pytest.raises(SourceError, match="NQ=sample:es-2013-09:5: has data of ES and not of NQ; leave NQ= out"):
        open_source("NQ=sample:es-2013-09:5", settings)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"tick_size": Decimal("0.5")}, "tick_size is 0.25 and 0.5"),
        ({"multiplier": 2}, "multiplier is 1 and 2"),
        ({"currency": "EUR"}, "currency is USD and EUR"),
        ({"max_price": 5}, "max_price is 100000 and 5"),
    ],
)
def test_differing_terms_of_one_symbol_name_both(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(SourceError, match=rf"^two: instrument A has other terms than in one \({named}\)"):
        merge([tape("one", "A", [1]), tape("two", "A", [2], **changes)], {})


def test_terms_that_are_written_otherwise_are_the_same() -> None:
    parts = [("one", {"A": instrument("A", tick_size="0.25")}), ("two", {"A": instrument("A", tick_size=Decimal("0.250"))})]
    assert list(unite(parts, {"B": instrument("B")})) == ["B", "A"]


def test_sentences_of_all_come_once_and_others_with_their_source() -> None:
    merged = merge([tape("one", "A", [1]), tape("two", "B", [2])], {})
    assert merged.assumptions[1:] == ("Both are assumed.", "one: A is assumed.", "two: B is assumed.")


def test_a_name_for_many() -> None:
    parts = [tape(f"part-{number}", "A", [number]) for number in range(5)]
    assert merge(parts, {}).name == "part-0, part-1, part-2 and 2 more"


def test_parts_that_are_no_tapes() -> None:
    with pytest.raises(SourceError, match="two: its ticks are not in order of time"):
        merge([tape("one", "A", [1]), tape("two", "B", [3, 2])], {})
    with pytest.raises(SourceError, match="there is no tick in any"):
        merge([tape("one", "A", []), tape("two", "B", [])], {})
    name, source = tape("two", "B", [5])
    source.ticks["instrument"][0] = 1
    with pytest.raises(SourceError, match="two: it has ticks of an instrument that it does not name"):
        merge([tape("one", "A", [1]), (name, source)], {})


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=30), min_size=2, max_size=4))
def test_merging_is_a_stable_sort(times: list[list[int]]) -> None:
    merged = merge([tape(str(number), f"S{number}", sorted(part)) for number, part in enumerate(times)], {})
    wanted = sorted((ts, number, size) for number, part in enumerate(times) for size, ts in enumerate(sorted(part), 1))
    body = merged.ticks[:-1]
    assert list(zip(body["ts_event"].tolist(), body["instrument"].tolist(), body["size"].tolist(), strict=True)) == wanted
    ts = merged.ticks["ts_event"]
    assert np.array_equal(merged.ticks["flags"] == abi.NT_TICK_LAST_OF_SLICE, np.append(ts[1:] > ts[:-1], True))


# ---- through the kernel and the command line ---------------------------------------------------------------------------------------


class Seen(nt.Strategy):
    """Notes what it is shown."""

    def on_start(self, client: nt.Client) -> None:
        self.trades: list[tuple[int, int]] = []
        self.slices = 0

    def on_ticks(self, client: nt.Client, ticks: nt.Ticks) -> None:
        self.slices += 1
        rows = ticks.raw
        self.trades += [(int(row["instrument"]), int(row["size"])) for row in rows if row["kind"] == abi.NT_TICK_TRADE]


def test_a_strategy_sees_both_in_one_slice(files: tuple[str, str]) -> None:
    seen = Seen()
    result = nt.backtest(seen, [f"B={files[0]}", f"A={files[1]}"], config("A", "B"))
    assert seen.trades == [(1, 1), (0, 4), (1, 2), (0, 5), (1, 3), (0, 6)]
    assert seen.slices == 5  # 12:00:00 to :05, two trades at :02, none at :03
    assert result.summary["ticks"] > 6


PAIRS = """
name = "pairs"
[source]
path = ["A=first.csv", "B=second.csv"]
timezone = "UTC"
[instruments.A]
tick_size = 0.25
currency = "USD"
max_price = 100000
[instruments.B]
tick_size = 0.25
currency = "USD"
max_price = 100000
[accounts.main]
currency = "USD"
cash = 100000
"""


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two trade files, of which the first runs away from the second and comes back, and a configuration of both."""
    generator = np.random.default_rng(4)
    common = np.cumsum(generator.integers(-1, 2, 1500))
    apart = np.zeros(1500, np.int64)
    for number in range(1, len(apart)):
        apart[number] = round(0.95 * apart[number - 1] + generator.normal(0, 1.5))
    for name, offset, level in (("first", 0, 4000 + common + apart), ("second", 50, 4000 + common)):
        rows = (f"2024-03-04 12:{n // 60 % 60:02d}:{n % 60:02d}.{offset:03d},{price / 4:.2f},10" for n, price in enumerate(level.tolist()))
        (tmp_path / f"{name}.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    file = tmp_path / "pairs.toml"
    file.write_text(PAIRS, encoding="utf-8")
    return file


def test_pairs_runs_from_the_command_line_on_two_files(pair: Path) -> None:
    line = ["backtest", str(EXAMPLES / "pairs.py"), "--config", str(pair), "--json", "--set", "length=100"]
    first, second = pair.parent / "first.csv", pair.parent / "second.csv"
    done = command(*line, "--source", f"A={first}", "--source", f"B={second}")
    assert done.returncode == 0, done.stderr
    found = one_object(done)
    assert found["fills"] > 10
    assert found["orders"]["denied"] == {}
    assert "instrument A: tick 0.25" in done.stderr
    assert one_object(command(*line))["digest"] == found["digest"]  # the files of the configuration
    swapped = one_object(command(*line, "--source", f"A={second}", "--source", f"B={first}"))
    assert swapped["digest"] != found["digest"]


def test_check_and_run_take_sources_too(pair: Path) -> None:
    good = command("check", str(pair), "--json")
    assert good.returncode == 0, good.stderr
    assert list(one_object(good)["instruments"]) == ["A", "B"]
    assert one_object(good)["source"]["path"] == [f"A={pair.parent}/first.csv", f"B={pair.parent}/second.csv"]
    bad = command("check", str(pair), "--source", f"A={pair.parent}/first.csv", "--source", "none.csv")
    assert bad.returncode == 2
    assert "there is no file" in bad.stderr
    unmapped = command("check", str(pair), "--source", str(pair.parent / "first.csv"))
    assert unmapped.returncode == 2
    assert "or write SYMBOL=first.csv" in unmapped.stderr
    strategy = ["--set", f"strategy={EXAMPLES / 'pairs.py'}:Pairs", "--set", "length=100"]
    ran = command("run", str(pair), *strategy, "--json")
    assert ran.returncode == 0, ran.stderr
    three = command(
        "run",
        str(pair),
        *strategy,
        "--json",
        "--processes",
        "3",
        "--source",
        f"A={pair.parent}/first.csv",
        "--source",
        f"B={pair.parent}/second.csv",
    )
    assert three.returncode == 0, three.stderr
    assert one_object(three)["digest"] == one_object(ran)["digest"]


def test_a_sweep_over_two_files_is_a_backtest_for_each_point(pair: Path) -> None:
    sources = ["--source", f"A={pair.parent}/first.csv", "--source", f"B={pair.parent}/second.csv"]
    line = [str(EXAMPLES / "pairs.py"), "--config", str(pair), "--json", *sources, "--set", "length=100"]
    done = command("sweep", *line, "--grid", "enter=2.0,3.0", "--processes", "1")
    assert done.returncode == 0, done.stderr
    for trial in one_object(done)["trials"]:
        alone = one_object(command("backtest", *line, "--set", f"enter={trial['parameters']['enter']}"))
        assert alone["digest"] == trial["outcome"]["digest"]


@pytest.mark.parametrize(
    ("path", "message"),
    [([], "is an empty list"), (["a.csv", 5], "must be a text, not 5"), ([""], "must be a text, not ''"), ({"a": 1}, "must be a text")],
)
def test_a_configured_list_is_checked(path: object, message: str) -> None:
    data = {"name": "x", "accounts": {"main": {"currency": "USD", "cash": 1}}, "source": {"path": path}}
    with pytest.raises(ConfigError, match=message) as caught:
        Config.from_dict(data)
    assert {problem.path for problem in caught.value.errors} == {"source.path"}


def test_paths_of_a_list_are_relative_to_the_file() -> None:
    data = {
        "name": "x",
        "accounts": {"main": {"currency": "USD", "cash": 1}},
        "source": {"path": ["ES=a.zip", "b.gz", "sample:es-2013-09"]},
    }
    settings = Config.from_dict(data, directory="/data")
    assert settings.source.path == ("ES=/data/a.zip", "/data/b.gz", "sample:es-2013-09")
    assert msgspec.structs.replace(settings.source, path=None).paths == ()


def test_each_missing_file_of_a_list_is_named(files: tuple[str, str]) -> None:
    settings = Config(
        name="x",
        instruments=config("A", "B").instruments,
        source=SourceConfig(path=(f"A={files[0]}", "B=none.csv", "gone"), timezone="UTC"),
    )
    found = nt.validate_config(settings)
    assert [problem.path for problem in found] == ["source.path", "source.path"]
    assert ["none.csv" in found[0].message, "gone" in found[1].message] == [True, True]
    assert found[0].allowed == "a text, or a list of texts"
    good = msgspec.structs.replace(settings, source=SourceConfig(path=(f"A={files[0]}", f"B={files[1]}"), timezone="UTC"))
    assert nt.validate_config(good) == []
    same = msgspec.structs.replace(settings, source=SourceConfig(path=(files[0], files[1]), timezone="UTC"))
    assert "which instrument is it?" in nt.validate_config(same)[0].message


def test_a_list_can_be_set_on_the_command_line(pair: Path) -> None:
    first, second = f"A={pair.parent}/first.csv", f"B={pair.parent}/second.csv"
    done = command("check", str(pair), "--json", "--set", f'source.path=["{second}", "{first}"]')
    assert done.returncode == 0, done.stderr
    assert one_object(done)["source"]["path"] == [second, first]
    assert len([sentence for sentence in one_object(done)["assumptions"] if "There is no aggressor" in sentence]) == 1
