"""`neural-trader data`, as its own process, and what it finds in a tape."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import SIGINT, Started, command, one_object

from neural_trader._native import abi
from neural_trader.cli.data import survey
from neural_trader.config import Config
from neural_trader.sources import Source, open_source
from neural_trader.sources.tape_files import write_tape

SAMPLE = "sample:es-2013-09:20000"
HEADER = "DateTime,Price,Volume\n"
TERMS = "tick_size = 0.25\ncurrency = 'USD'\nmax_price = 100000\n"
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def source() -> Source:
    return open_source(SAMPLE, Config(name="x"))


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str, str]:
    """Two trade files and a configuration with both instruments."""
    for name, price in (("a", 100), ("b", 200)):
        rows = "".join(f"2024-03-04 12:00:0{second}.000,{price}.25,{second + 1}\n" for second in range(4))
        (tmp_path / f"{name}.csv").write_text(HEADER + rows, encoding="utf-8")
    instruments = f"[instruments.A]\n{TERMS}[instruments.B]\n{TERMS}"
    text = f"name = 'two'\n[source]\ntimezone = 'UTC'\n{instruments}[accounts.main]\ncurrency = 'USD'\ncash = 1\n"
    (tmp_path / "two.toml").write_text(text, encoding="utf-8")
    return f"A={tmp_path}/a.csv", f"B={tmp_path}/b.csv", str(tmp_path / "two.toml")


def test_convert_then_info_then_backtest(tmp_path: Path) -> None:
    file = tmp_path / "es.tape"
    done = command("data", "convert", SAMPLE, "--output", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{file}: 20,")
    assert "ticks of ES" in done.stdout
    assert "100%" in done.stderr
    assert os.listdir(tmp_path) == ["es.tape"]
    found = command("data", "info", str(file), "--verify")
    assert found.returncode == 0, found.stderr
    assert "instrument ES: tick 0.25, lot 1, multiplier 50, USD" in found.stdout
    assert "20,000 trade" in found.stdout
    assert "There is no quote in the file" in found.stdout
    assert "ticks are those that were written" in found.stdout


def test_info_of_a_tape_file_is_that_of_its_source(tmp_path: Path) -> None:
    file = tmp_path / "es.tape"
    answer = one_object(command("data", "convert", SAMPLE, "--output", str(file), "--json"))
    assert (answer["output"], answer["bytes"]) == (str(file), file.stat().st_size)
    wanted = one_object(command("data", "info", SAMPLE, "--json"))
    found = one_object(command("data", "info", str(file), "--json", "--verify"))
    assert found["verified_ticks"] == found["ticks"] == answer["ticks"] == sum(wanted["counts"].values())
    assert wanted["verified_ticks"] is None
    changed = {"source", "verified_ticks"}
    assert {key: value for key, value in found.items() if key not in changed} == {k: v for k, v in wanted.items() if k not in changed}
    assert found["sha256"] == answer["source_sha256"]
    assert found["instruments"]["ES"]["terms"]["tick_size"] == 0.25


def test_two_files_become_one_tape(tmp_path: Path, two: tuple[str, str, str]) -> None:
    first, second, config = two
    file = str(tmp_path / "both.tape")
    assert command("data", "convert", first, second, "--config", config, "--output", file).returncode == 0
    found = one_object(command("data", "info", file, "--json"))
    assert {symbol: row["counts"]["trade"] for symbol, row in found["instruments"].items()} == {"A": 4, "B": 4}
    assert found["span_s"] == 3
    assert any("2 sources are one tape" in sentence for sentence in found["assumptions"])
    strategy = str(Path(__file__).parents[2] / "examples" / "pairs.py")
    ran = command("backtest", strategy, "--source", file, "--json")
    assert ran.returncode == 0, ran.stderr
    assert one_object(ran)["ticks"] == found["ticks"]


def test_what_is_refused(tmp_path: Path, two: tuple[str, str, str]) -> None:
    first, _, config = two
    absent = command("data", "info", str(tmp_path / "none.csv"))
    assert absent.returncode == 2
    assert "none.csv: cannot be read: No such file or directory" in absent.stderr
    unknown = command("data", "info", str(tmp_path / "a.csv"))
    assert unknown.returncode == 2
    assert "its instrument is not configured" in unknown.stderr
    unverified = command("data", "info", first, "--config", config, "--verify")
    assert unverified.returncode == 2
    assert "--verify is for tape files" in unverified.stderr
    missing = command("data", "convert", SAMPLE, "--output", str(tmp_path / "no" / "es.tape"))
    assert missing.returncode == 1
    assert "es.tape cannot be written" in missing.stderr
    assert command("data", "convert", SAMPLE).returncode == 2
    assert command("data").returncode == 2


def test_verify_finds_a_changed_tick(tmp_path: Path, source: Source) -> None:
    file = tmp_path / "es.tape"
    write_tape(source, file)
    data = bytearray(file.read_bytes())
    struct.pack_into("<q", data, len(data) - 64 * 50 + 24, 160_000)
    file.write_bytes(data)
    assert command("data", "info", str(file)).returncode == 0
    found = command("data", "info", str(file), "--verify")
    assert found.returncode == 2
    assert "the ticks are not those that were written" in found.stderr


def test_a_tape_file_may_be_converted_onto_itself(tmp_path: Path, source: Source) -> None:
    file = str(tmp_path / "es.tape")
    write_tape(source, file)
    assert command("data", "convert", file, "--output", file).returncode == 0
    assert one_object(command("data", "info", file, "--verify", "--json"))["verified_ticks"] == len(source.ticks)


def test_every_command_takes_a_tape_file(tmp_path: Path, source: Source) -> None:
    write_tape(source, tmp_path / "es.tape")
    flow = str(Path(__file__).parents[2] / "examples" / "flow.py")
    file = str(tmp_path / "es.tape")
    wanted = one_object(command("backtest", flow, "--source", SAMPLE, "--json", "--set", "enter=0.4"))
    swept = command("sweep", flow, "--source", file, "--json", "--grid", "enter=0.4,0.6", "--processes", "2")
    assert swept.returncode == 0, swept.stderr
    trials = {trial["parameters"]["enter"]: trial["outcome"]["digest"] for trial in one_object(swept)["trials"]}
    assert trials[0.4] == wanted["digest"] != trials[0.6]
    text = f"name = 'tape-{os.getpid()}'\nstrategy = '{flow}:Flow'\n[parameters]\nenter = 0.4\n"
    text += "[accounts.main]\ncurrency = 'USD'\ncash = 100000\n"
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    for processes in ("1", "3"):
        ran = command("run", str(tmp_path / "x.toml"), "--source", file, "--json", "--processes", processes)
        assert ran.returncode == 0, ran.stderr
        assert one_object(ran)["digest"] == wanted["digest"]


def test_check_says_nothing_of_trade_files_for_a_tape_file(tmp_path: Path, source: Source) -> None:
    write_tape(source, tmp_path / "es.tape")
    text = "name = 'x'\n[source]\npath = 'es.tape'\n[accounts.main]\ncurrency = 'USD'\ncash = 1\n"
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    done = command("check", str(tmp_path / "x.toml"), "--json")
    assert done.returncode == 0, done.stderr
    assert list(one_object(done)["instruments"]) == ["ES"]
    assert not any("aggressor" in sentence for sentence in one_object(done)["assumptions"])


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """The program is stopped as soon as it has begun to write, and told to end before it goes on."""
    day = open_source("sample:es-2013-09", Config(name="x"))
    body = day.ticks[:-1].view(np.uint64)
    ticks = np.concatenate([*[body] * 4, day.ticks[-1:].view(np.uint64)]).view(abi.NT_TICK)
    for number in range(4):
        part = ticks[number * (len(day.ticks) - 1) : (number + 1) * (len(day.ticks) - 1)]
        part["ts_event"] += number * 604_800 * SECOND_NS
    ticks["ts_event"][-1] = ticks["ts_event"][-2]
    write_tape(dataclasses.replace(day, ticks=ticks), tmp_path / "long.tape")
    output = tmp_path / "out"
    output.mkdir()
    (output / "x.tape").write_text("what was there", encoding="utf-8")
    with Started("data", "convert", str(tmp_path / "long.tape"), "--output", str(output / "x.tape")) as started:
        while started.process.poll() is None and len(os.listdir(output)) < 2:
            time.sleep(0.001)
        started.process.send_signal(signal.SIGSTOP)
        assert any(name.endswith(".partial") for name in os.listdir(output))
        started.process.send_signal(SIGINT)
        assert started.end(signal.SIGCONT).returncode == 130
    assert os.listdir(output) == ["x.tape"]
    assert (output / "x.tape").read_text(encoding="utf-8") == "what was there"


# ---- what a tape holds -------------------------------------------------------------------------------------------------------------


def quoted(source: Source) -> Source:
    """The tape with ten quotes in place of trades: two crossed, three locked."""
    ticks = source.ticks.copy()
    at = np.flatnonzero(ticks["kind"] == abi.NT_TICK_TRADE)[100:110]
    ticks["kind"][at] = abi.NT_TICK_QUOTE
    ticks["bid_size"][at] = ticks["ask_size"][at] = 1
    ticks["bid_price"][at] = 164_000
    ticks["ask_price"][at] = 164_025
    ticks["ask_price"][at[:2]] = 163_975
    ticks["ask_price"][at[2:5]] = 164_000
    return dataclasses.replace(source, ticks=ticks)


def test_counts_and_quotes(source: Source) -> None:
    found = survey(quoted(source))
    row = found["instruments"]["ES"]
    assert (row["crossed_quotes"], row["locked_quotes"]) == (2, 3)
    assert (row["counts"]["quote"], row["counts"]["trade"]) == (10, 19_990)
    assert found["counts"]["quote"] == 10
    assert sum(found["counts"].values()) == found["ticks"] == len(source.ticks)
    plain = survey(source)["instruments"]["ES"]
    assert (plain["crossed_quotes"], plain["locked_quotes"]) == (0, 0)


def test_times_and_days(source: Source) -> None:
    found = survey(source)
    trades = source.ticks["ts_event"][source.ticks["kind"] == abi.NT_TICK_TRADE]
    row = found["instruments"]["ES"]
    assert (row["first_ns"], row["last_ns"]) == (int(trades[0]), int(trades[-1]))
    assert found["span_s"] == (int(source.ticks["ts_event"][-1]) - int(source.ticks["ts_event"][0])) / SECOND_NS
    steps = np.diff(trades)
    assert row["longest_silence_s"] == int(steps.max()) / SECOND_NS
    assert row["longest_silence_from_ns"] == int(trades[int(np.argmax(steps))])
    assert row["trading_days"] == ["2013-09-02"]


def test_several_pieces_give_what_one_gives() -> None:
    whole = open_source("sample:es-2013-09", Config(name="x"))
    found = survey(whole)["instruments"]["ES"]
    ticks = whole.ticks
    market = ticks["kind"] == abi.NT_TICK_TRADE
    session = np.cumsum(ticks["kind"] == abi.NT_TICK_SESSION)[market]
    ts = ticks["ts_event"][market]
    steps = np.where(session[1:] == session[:-1], np.diff(ts), 0)
    assert found["longest_silence_s"] == int(steps.max()) / SECOND_NS
    assert found["counts"]["trade"] == 500_000
    assert len(found["trading_days"]) == 2


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        (lambda ticks: ticks["kind"].__setitem__(50, abi.NT_TICK_GAP), "gap", 1),
        (lambda ticks: ticks["kind"].__setitem__(slice(50, 53), abi.NT_TICK_CLOCK), "clock", 3),
    ],
)
def test_other_kinds_are_counted(source: Source, change: Callable[[Any], None], key: str, value: int) -> None:
    ticks = source.ticks.copy()
    change(ticks)
    found = survey(dataclasses.replace(source, ticks=ticks))
    assert found["counts"][key] == value
    assert survey(source)["counts"][key] == 0


def test_a_silence_across_a_session_is_none(source: Source) -> None:
    ticks = source.ticks.copy()
    ticks["ts_event"][101:] += 3600 * SECOND_NS
    longest = survey(dataclasses.replace(source, ticks=ticks))["instruments"]["ES"]["longest_silence_s"]
    assert longest >= 3600
    ticks["kind"][101], ticks["price"][101], ticks["size"][101] = abi.NT_TICK_SESSION, abi.NT_SESSION_OPEN, 15_951
    assert survey(dataclasses.replace(source, ticks=ticks))["instruments"]["ES"]["longest_silence_s"] < 3600


def test_an_instrument_without_sessions_or_data(tmp_path: Path, source: Source) -> None:
    ticks = source.ticks[source.ticks["kind"] != abi.NT_TICK_SESSION].copy()
    found = survey(dataclasses.replace(source, ticks=ticks))["instruments"]["ES"]
    assert found["trading_days"] is None
    assert survey(dataclasses.replace(source, symbols=()))["instruments"] == {}
    assert json.dumps(found["counts"])
