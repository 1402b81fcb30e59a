"""The command line, as its own process."""

from __future__ import annotations

import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from running import SIGINT, SIGTERM, STRATEGY, TICKS, Case, Started, attached, command, eventually, on_terminal, one_object

from neural_trader._native import abi


@pytest.fixture
def case(tmp_path: Path, kernel_name: str) -> Case:
    return Case(tmp_path, kernel_name)


# ---- run -----------------------------------------------------------------------------------------------------------------------


def test_run_prints_what_is_on_what_happened_and_what_was_assumed(case: Case) -> None:
    done = case.run("--final-order", "BUY 500 TEST")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"{case.name}: paper, {case.trades}"
    assert (
        "  instrument TEST: tick 0.25, lot 1, multiplier 10, USD, max_price 1000, taker fee 0.55 a contract, maker fee 0.55 a contract"
        in lines
    )
    assert "  limits on: max_order_quantity 10, max_position 5" in lines
    assert any(line.startswith("  limits off: no_buy, ") and "max_quote_age_ms, price_collar_bps" in line for line in lines)
    assert "the strategy starts" in lines
    assert any(line.split() == ["QUANTITY_EXCEEDS_MAXIMUM", "1"] for line in lines)
    assert "assumed:" in lines
    assert lines[-1] == "final order BUY 500 TEST: DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10"
    assert "100%" in done.stderr
    assert case.segments() == []


def test_run_with_json_prints_one_object_and_saves_it(case: Case) -> None:
    done = case.run("--json", "--final-order", "BUY 500 TEST")
    assert done.returncode == 0, done.stderr
    summary = one_object(done)
    assert "the strategy starts" in done.stderr
    assert summary["ticks"] == TICKS + 2
    assert summary["orders"]["denied"] == {"QUANTITY_EXCEEDS_MAXIMUM": 1}
    assert summary["fills"] > 10
    assert summary["final_order"]["status"] == "DENIED"
    assert (summary["final_order"]["observed"], summary["final_order"]["limit"]) == ("500", "10")
    for kind in ("tick_to_order", "order_to_report"):
        values = summary["latency_ns"][kind]
        assert 0 < values["p50"] <= values["p99"] <= values["p999"]
    assert summary["peak_memory_bytes"] > 10**6
    assert len(summary["digest"]) == 64
    saved = json.loads((Path(summary["saved"]) / "summary.json").read_text(encoding="utf-8"))
    assert saved["digest"] == summary["digest"]
    assert saved["final_order"] == summary["final_order"]


def test_money_is_exact_to_the_cent_and_follows_from_the_saved_fills(case: Case) -> None:
    summary = json.loads(case.run("--json").stdout, parse_float=Decimal)
    reports = np.load(Path(summary["saved"]) / "reports.npy")
    fills = reports[reports["exec_type"] == abi.NT_EXEC_TRADE]
    signed = np.where(fills["side"] == abi.NT_SIDE_BUY, 1, -1) * fills["last_quantity"]
    last = Decimal(case.trades.read_text(encoding="utf-8").splitlines()[-1].split(",")[1])
    spent = sum(int(q) * int(p) for q, p in zip(signed, fills["last_price"], strict=True))
    gross = (int(signed.sum()) * last - Decimal(spent) / 100) * 10
    fees = Decimal("0.55") * int(fills["last_quantity"].sum())
    assert summary["fills"] == len(fills)
    assert summary["pnl"] == {"gross": gross, "fees": fees, "net": gross - fees}
    assert summary["equity_final"] == 10_000 + gross - fees


def test_each_run_has_a_directory_of_its_own(case: Case) -> None:
    first, second = (one_object(case.run("--json")) for _ in range(2))
    assert first["saved"] != second["saved"]
    assert first["digest"] == second["digest"]


def test_without_an_output_directory_nothing_is_saved(case: Case) -> None:
    case.config.write_text(case.config.read_text(encoding="utf-8").partition("[output]")[0], encoding="utf-8")
    assert one_object(case.run("--json"))["saved"] is None
    assert not case.output.exists()


def test_a_final_order_with_a_price_is_a_limit_order(case: Case) -> None:
    summary = one_object(case.run("--json", "--final-order", "sell 1 TEST @ 250.25"))
    assert summary["final_order"]["order"] == "SELL 1 TEST @ 250.25"
    assert summary["final_order"]["status"] == "NEW"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("HOLD 1 TEST", 'write it as "BUY 500 ES"'),
        ("BUY 1", 'write it as "BUY 500 ES"'),
        ("", 'write it as "BUY 500 ES"'),
        ("BUY 1 OTHER", "there is no symbol OTHER; the symbols are TEST"),
        ("BUY 1.5 TEST", "1.5"),
        ("BUY nan TEST", "nan"),
        ("BUY 1 TEST @ 100.1", "100.1"),
    ],
)
def test_a_final_order_that_makes_no_sense_is_refused_before_anything_runs(case: Case, order: str, says: str) -> None:
    done = case.run("--final-order", order)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert not case.output.exists()


def test_a_run_that_ends_halted_exits_3(case: Case) -> None:
    summary = one_object(done := case.run("--json", "--set", "limits.max_daily_loss=1", "--set", "quantity=5"))
    assert done.returncode == 3
    assert summary["accounts"] == {"main": "HALTED"}
    assert summary["orders"]["denied"]["DAILY_LOSS_LIMIT"] > 0


def test_settings_reach_the_configuration_and_the_strategy(case: Case) -> None:
    usual = one_object(case.run("--json"))
    seldom = one_object(case.run("--json", "--set", "every=50", "--set", "limits.max_position=0"))
    assert usual["orders"]["accepted"] > 20
    assert seldom["orders"] == {"accepted": 0, "denied": {"POSITION_LIMIT_EXCEEDED": 8}}
    free = one_object(case.run("--json", "--set", "limits.max_order_quantity=off", "--final-order", "BUY 5 TEST"))
    assert free["limits"]["max_order_quantity"] is None


def test_a_path_on_the_command_line_is_relative_to_the_working_directory(case: Case, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "mine.py").write_text(STRATEGY, encoding="utf-8")
    (other / "few.csv").write_text("".join(case.trades.read_text(encoding="utf-8").splitlines(keepends=True)[:51]), encoding="utf-8")
    done = case.run("--json", "--set", "strategy=mine.py:Turns", "--set", "source.path=few.csv", cwd=other)
    assert one_object(done)["ticks"] == 52


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["limits.max_positon=1"], "limits.max_positon: unknown key; did you mean max_position?"),
        (["limits.max_position=nan"], "limits.max_position"),
        (["evry=3"], "parameters.evry: Turns has no such parameter; did you mean every?"),
        (["every=often"], "parameters.every"),
        (["mode=live"], "live trading is not available"),
        (["strategy=none.py:Turns"], "there is no file"),
        (["strategy=turns"], "strategy"),
        (["nonsense"], "write it as KEY=VALUE"),
        (["name.first=x"], "name is not a table"),
        (["source.path=none.csv"], "none.csv"),
        (["name=a/b"], "name"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_exit_code_2(case: Case, settings: list[str], says: str) -> None:
    done = case.run(*(word for setting in settings for word in ("--set", setting)), cwd=case.directory)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert case.segments() == []


def test_a_run_needs_a_source_and_a_strategy(case: Case) -> None:
    text = case.config.read_text(encoding="utf-8")
    case.config.write_text(text.replace('strategy = "turns.py:Turns"\n', "").replace('path = "trades.csv"\n', ""), encoding="utf-8")
    done = case.run()
    assert done.returncode == 2
    assert "source.path: is missing" in done.stderr
    assert "strategy: is missing" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--speed", "2"),
        ("--realtime", "--speed", "-1"),
        ("--realtime", "--speed", "nan"),
        ("--processes", "2"),
        ("--frobnicate",),
    ],
)
def test_options_that_make_no_sense_exit_2(case: Case, arguments: tuple[str, ...]) -> None:
    done = case.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""


def test_a_missing_or_broken_configuration_file_exits_2(tmp_path: Path) -> None:
    assert command("run", str(tmp_path / "none.toml")).returncode == 2
    (tmp_path / "broken.toml").write_text("name = ", encoding="utf-8")
    done = command("run", str(tmp_path / "broken.toml"))
    assert done.returncode == 2
    assert "is not TOML" in done.stderr


def test_an_error_in_a_strategy_names_its_line_and_exits_1(case: Case) -> None:
    done = case.run("--set", "fail_at=20")
    line = 1 + STRATEGY.splitlines().index('            raise ZeroDivisionError("as asked")')
    assert done.returncode == 1
    assert f"ZeroDivisionError: as asked ({case.strategy}:{line})" in done.stderr
    assert "Traceback" not in done.stderr
    assert case.segments() == []


def test_a_refused_argument_in_a_strategy_is_its_failure(case: Case) -> None:
    done = case.run("--set", "symbol=OTHER")
    assert done.returncode == 1
    assert "there is no symbol 'OTHER'" in done.stderr
    assert str(case.strategy) in done.stderr


def test_debug_shows_the_traceback(case: Case) -> None:
    done = case.run("--set", "fail_at=20", env={**os.environ, "NEURAL_TRADER_DEBUG": "1"})
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_name_in_use_is_refused(case: Case) -> None:
    with case.start("--realtime") as first:
        attached(case.name).close()
        done = case.run()
        assert done.returncode == 1
        assert case.name in done.stderr
        assert first.end(SIGTERM).returncode == 143


@pytest.mark.parametrize("arguments", [(), ("--processes", "3"), ("--realtime",), ("--realtime", "--processes", "3")])
@pytest.mark.parametrize(("number", "code"), [(SIGINT, 130), (SIGTERM, 143)])
def test_a_signal_leaves_nothing_behind(case: Case, arguments: tuple[str, ...], number: int, code: int) -> None:
    with case.start("--set", "pause_s=0.02", *arguments) as started:
        attached(case.name).close()
        assert case.segments() != []
        done = started.end(number)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert case.segments() == []


@pytest.mark.parametrize("processes", ["1", "3"])
def test_real_time_as_fast_as_it_goes_reaches_the_strategy(case: Case, processes: str) -> None:
    summary = one_object(case.run("--json", "--realtime", "--speed", "0", "--set", "every=1", "--processes", processes))
    assert summary["ticks"] == TICKS + 1  # the end is no tick of real time
    assert summary["orders"]["accepted"] > 0


def test_an_error_of_a_strategy_in_real_time(case: Case) -> None:
    done = case.run("--realtime", "--speed", "0", "--set", "fail_at=1")
    assert done.returncode == 1
    assert "ZeroDivisionError: as asked" in done.stderr
    assert case.segments() == []


def test_a_strategy_that_never_returns_is_left_behind(case: Case) -> None:
    with case.start("--realtime", "--set", "pause_s=1000") as started:
        attached(case.name).close()
        time.sleep(0.5)
        done = started.end(SIGINT)
    assert done.returncode == 1
    assert "the strategy did not return from its callback within 5 s" in done.stderr
    assert case.segments() == []


def test_a_second_signal_after_a_while_ends_the_process_at_once(case: Case) -> None:
    with case.start("--realtime", "--set", "pause_s=1000") as started:
        attached(case.name).close()
        time.sleep(0.5)
        started.process.send_signal(SIGINT)
        started.process.send_signal(SIGINT)
        time.sleep(2.5)
        done = started.end(SIGTERM)
    assert done.returncode == 143
    assert done.stdout.count("\n") < 10  # no summary


def test_progress_on_a_terminal_is_a_bar(case: Case) -> None:
    code, text = on_terminal("run", str(case.config))
    assert code == 0
    assert f"\r{'█' * 30} {TICKS + 2} of {TICKS + 2} ticks 100%" in text
    assert "orders accepted" in text


def test_a_signal_at_any_moment_leaves_nothing_behind(case: Case) -> None:
    for number in range(12):
        with case.start() as started:
            eventually(lambda: case.segments() or started.process.poll() is not None, "a segment")
            for _ in range(number * 2000):
                pass
            done = started.end(SIGINT)
        assert done.returncode in (0, 130), done.stderr
        assert case.segments() == []


# ---- backtest ------------------------------------------------------------------------------------------------------------------


def test_backtest_prints_a_result_and_saves_nothing(case: Case) -> None:
    done = command("backtest", str(case.strategy), "--config", str(case.config), "--limit", "max_position=3")
    assert done.returncode == 0, done.stderr
    assert "limits on: max_order_quantity 10, max_position 3" in done.stdout
    assert "orders accepted" in done.stdout
    assert not case.output.exists()


def test_backtest_without_a_configuration(case: Case) -> None:
    row = ["tick_size=0.25", "currency=USD", "max_price=1000"]
    settings = [word for setting in row for word in ("--set", f"instruments.TEST.{setting}")]
    arguments = (f"{case.strategy}:Turns", "--source", str(case.trades), "--set", "source.timezone=UTC", "--set", "every=5", *settings)
    summary = one_object(command("backtest", *arguments, "--json"))
    assert summary["name"] == "backtest"
    assert summary["orders"]["accepted"] == TICKS // 5
    again = one_object(command("backtest", *arguments, "--json", "--limit", "max_position=0"))
    assert again["orders"]["accepted"] == 0
    assert again["orders"]["denied"] == {"POSITION_LIMIT_EXCEEDED": TICKS // 5}


def test_backtest_is_the_same_as_run(case: Case) -> None:
    tested = one_object(command("backtest", f"{case.strategy}:Turns", "--config", str(case.config), "--json"))
    assert tested["digest"] == one_object(case.run("--json"))["digest"]


def test_backtest_takes_parameters_of_the_file_only_for_its_own_strategy(case: Case) -> None:
    text = case.config.read_text(encoding="utf-8").replace("[source]", "[parameters]\nevery = 50\n[source]")
    case.config.write_text(text, encoding="utf-8")
    other = case.directory / "other.py"
    other.write_text(STRATEGY, encoding="utf-8")
    own = one_object(command("backtest", str(case.strategy), "--config", str(case.config), "--json"))
    named = one_object(command("backtest", f"{case.strategy}:Turns", "--config", str(case.config), "--json"))
    others = one_object(command("backtest", str(other), "--config", str(case.config), "--json"))
    case.config.write_text(text.replace('strategy = "turns.py:Turns"\n', ""), encoding="utf-8")
    nobodys = one_object(command("backtest", str(case.strategy), "--config", str(case.config), "--json"))
    assert nobodys["orders"]["accepted"] == TICKS // 10
    assert own["orders"]["accepted"] == named["orders"]["accepted"] == TICKS // 50
    assert others["orders"]["accepted"] == TICKS // 10


def test_backtest_needs_a_source(case: Case) -> None:
    done = command("backtest", str(case.strategy))
    assert done.returncode == 2
    assert "source: is missing; add --source" in done.stderr


def test_backtest_that_ends_halted_exits_3(case: Case) -> None:
    done = command("backtest", str(case.strategy), "--config", str(case.config), "--limit", "max_daily_loss=1", "--set", "quantity=5")
    assert done.returncode == 3


# ---- check ---------------------------------------------------------------------------------------------------------------------


def test_check_says_which_limits_are_on_and_which_are_off(case: Case) -> None:
    done = command("check", str(case.config))
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["15", "max_position", "on", "5"] in rows
    assert ["22", "max_daily_loss", "OFF"] in rows
    assert "slippage" in done.stdout
    assert "assumed:" in done.stdout


def test_check_with_json(case: Case) -> None:
    checked = one_object(command("check", str(case.config), "--json"))
    assert checked["ok"] is True
    state = {row["name"]: (row["enabled"], row["value"]) for row in checked["checks"]}
    assert state["max_position"] == (True, "5")
    assert state["max_daily_loss"] == (False, None)
    assert checked["instruments"]["TEST"]["multiplier"] == 10
    assert checked["assumptions"]


def test_check_lists_every_problem(case: Case) -> None:
    settings = ("--set", "limits.max_positon=1", "--set", "venue.slippage_ticks=-1", "--set", "accounts.main.cash=x")
    done = command("check", str(case.config), *settings)
    assert done.returncode == 2
    for key in ("limits.max_positon", "venue.slippage_ticks", "accounts.main.cash"):
        assert key in done.stderr
    listed = command("check", str(case.config), *settings, "--json")
    assert listed.returncode == 2
    answer = one_object(listed)
    assert answer["ok"] is False
    assert {problem["path"] for problem in answer["errors"]} == {"limits.max_positon", "venue.slippage_ticks", "accounts.main.cash"}


def test_check_lists_what_is_wrong_with_source_and_strategy_together(case: Case) -> None:
    case.trades.unlink()
    done = command("check", str(case.config), "--set", "evry=1")
    assert done.returncode == 2
    assert "source.path: there is no file" in done.stderr
    assert "parameters.evry" in done.stderr


def test_check_of_an_unknown_sample(case: Case) -> None:
    answer = one_object(done := command("check", str(case.config), "--set", "source.path=sample:none", "--json"))
    assert done.returncode == 2
    assert "there is no sample 'none'" in answer["errors"][0]["message"]


# ---- all -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["backtest", "run", "check", "halt", "resume", "top"])
def test_help_has_examples(name: str) -> None:
    done = command(name, "--help")
    assert done.returncode == 0
    assert f"examples:\n  neural-trader {name} " in done.stdout
    assert "--json" in done.stdout


def test_version_and_usage() -> None:
    assert command("--version").stdout.startswith("neural-trader 0.")
    done = command()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: neural-trader")
    assert command("frobnicate").returncode == 2


def test_a_reader_that_leaves_is_no_error(case: Case) -> None:
    with case.start("--realtime") as started:
        attached(case.name).close()
        with Started("top", case.name, "--interval", "0.05") as top:
            assert top.process.stdout is not None
            top.process.stdout.readline()
            top.process.stdout.close()
            assert top.process.wait(30) == 1
            assert top.process.stderr is not None
            assert top.process.stderr.read() == ""
        started.end(SIGINT)


def test_the_module_is_the_command() -> None:
    script = Path(sys.executable).parent / "neural-trader"
    if not script.exists():
        pytest.skip("the package is not installed beside this interpreter")
    assert "neural_trader.cli" in script.read_text(encoding="utf-8")
