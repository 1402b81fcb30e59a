"""Configurations that are wrong, and what is said of each. `python test_validate_config.py` prints the table for the documentation."""

from __future__ import annotations

import json
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from running import command

import neural_trader._fields as rule
from neural_trader.config import AccountConfig, Config, Fee, Instrument, Limits, OutputConfig, Session, SourceConfig, VenueConfig
from neural_trader.config_check import InvalidSetting, validate_config
from neural_trader.errors import ConfigError, InvalidArgument

GOOD = """
name = "demo"
[instruments.ES]
tick_size = 0.25
multiplier = 50
currency = "USD"
max_price = 10_000
[accounts.main]
currency = "USD"
cash = 100_000
[limits]
max_position = 5
"""


class Wrong(NamedTuple):
    """One change to a good configuration, and the problem that it makes."""

    title: str
    before: str
    after: str
    path: str
    message: str
    observed: Any
    allowed: str | None


WRONG = [
    Wrong(
        "a limit with a typo",
        "max_position",
        "max_positon",
        "limits.max_positon",
        "unknown key; did you mean max_position?",
        5,
        "one of max_order_quantity, max_order_notional, max_position, max_open_orders, price_collar_bps, max_quote_age_ms, "
        "max_orders_per_second, max_daily_loss, no_buy, no_sell, no_short, allowed_order_types, allowed_times_in_force, "
        "max_order_age_ms, min_order_notional, max_gross_exposure, max_open_notional, initial_margin_bps, max_cancels_per_second, "
        "max_duplicate_orders, duplicate_window_ms, max_fills, fills_window_ms, max_daily_value, self_trade",
    ),
    Wrong(
        "a limit below zero",
        "max_position = 5",
        "max_position = -1",
        "limits.max_position",
        "must be at least 0, not -1",
        -1,
        "a number at least 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a limit in quotes",
        "max_position = 5",
        'max_position = "5"',
        "limits.max_position",
        "must be a number without quotes, not '5'",
        "5",
        "a number at least 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a limit that is no number",
        "max_position = 5",
        "max_position = inf",
        "limits.max_position",
        "the value is Infinity; give a finite number",
        Decimal("Infinity"),
        "a number at least 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a loss limit of nothing",
        "max_position = 5",
        "max_daily_loss = 0",
        "limits.max_daily_loss",
        "must be greater than 0, not 0",
        0,
        "a number greater than 0 and at most 1000000000000000000",
    ),
    Wrong(
        "half an order a second",
        "max_position = 5",
        "max_orders_per_second = 0.5",
        "limits.max_orders_per_second",
        "must be a whole number, not 0.5",
        Decimal("0.5"),
        "a whole number from 1 to 1000000000",
    ),
    Wrong(
        "a truth value as a count",
        "max_position = 5",
        "max_open_orders = true",
        "limits.max_open_orders",
        "must be a whole number, not true",
        True,
        "a whole number from 0 to 2147483648",
    ),
    Wrong(
        "a limit that the core cannot hold",
        "max_position = 5",
        "max_order_notional = 1e15",
        "limits.max_order_notional",
        "max_order_notional 1000000000000000 is beyond the bound of 225179981368.5248 (2^51 raw)",
        Decimal("1e15"),
        "a number at least 0 and at most 1000000000000000000",
    ),
    Wrong(
        "an instrument without its tick size",
        "tick_size = 0.25\n",
        "",
        "instruments.ES.tick_size",
        "is missing; set it to a number greater than 0 and at most 1000000000000000000",
        None,
        "a number greater than 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a tick size of nothing",
        "tick_size = 0.25",
        "tick_size = 0",
        "instruments.ES.tick_size",
        "must be greater than 0, not 0",
        0,
        "a number greater than 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a tick size finer than the core's",
        "tick_size = 0.25",
        "tick_size = 1e-18",
        "instruments.ES.tick_size",
        "needs 18 decimals; at most 15 are possible",
        Decimal("1e-18"),
        "a number greater than 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a highest price below one tick",
        "max_price = 10_000",
        "max_price = 0.1",
        "instruments.ES.max_price",
        "is less than the tick size 0.25",
        Decimal("0.1"),
        "a number greater than 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a session of unknown days",
        "max_price = 10_000",
        'max_price = 10_000\nsession = { days = "Mo-Fr", opens = 09:30:00, closes = 16:00:00 }',
        "instruments.ES.session.days",
        "'Mo-Fr' is not a day or a range of days; write Mon-Fri or Mon,Wed",
        "Mo-Fr",
        "days such as Mon-Fri or Mon,Wed",
    ),
    Wrong(
        "an account in a currency without an instrument",
        'currency = "USD"\ncash',
        'currency = "EUR"\ncash',
        "accounts.main.currency",
        "no instrument is in EUR, and there is no exchange rate; use USD",
        "EUR",
        "a currency code such as USD",
    ),
    Wrong(
        "a currency in small letters",
        'currency = "USD"\nmax_price',
        'currency = "usd"\nmax_price',
        "instruments.ES.currency",
        "must be a currency code such as USD, not 'usd'",
        "usd",
        "a currency code such as USD",
    ),
    Wrong(
        "no account",
        '[accounts.main]\ncurrency = "USD"\ncash = 100_000\n',
        "",
        "accounts",
        "is missing; add [accounts.main] with currency and cash",
        None,
        "a table whose keys are 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot, and each value a table with "
        "currency, cash",
    ),
    Wrong(
        "a name that no shared memory can have",
        'name = "demo"',
        'name = "my kernel"',
        "name",
        "must be 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot, not 'my kernel'",
        "my kernel",
        "1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot",
    ),
    Wrong(
        "live trading",
        'name = "demo"',
        'name = "demo"\nmode = "live"',
        "mode",
        'live trading is not available in this version; use mode = "paper"',
        "live",
        "'paper'",
    ),
    Wrong(
        "a strategy without its class",
        'name = "demo"',
        'name = "demo"\nstrategy = "flow.py"',
        "strategy",
        "must be \"file.py:Class\", not 'flow.py'",
        "flow.py",
        '"file.py:Class"',
    ),
    Wrong(
        "an unknown time zone",
        "[limits]",
        '[source]\npath = "sample:es-2013-09"\ntimezone = "Chicago"\n[limits]',
        "source.timezone",
        "must be a time zone such as America/Chicago or UTC, not 'Chicago'",
        "Chicago",
        "a time zone such as America/Chicago or UTC",
    ),
    Wrong(
        "a latency of minutes",
        "[limits]",
        "[venue]\nlatency_in_us = 90_000_000\n[limits]",
        "venue.latency_in_us",
        "must be at most 60000000, not 90000000",
        90_000_000,
        "a number at least 0 and at most 60000000",
    ),
    Wrong(
        "a fill model that does not exist",
        "[limits]",
        '[venue]\nfill_model = "hopeful"\n[limits]',
        "venue.fill_model",
        "must be 'conservative' or 'queue' or 'probabilistic', not 'hopeful'",
        "hopeful",
        "'conservative' or 'queue' or 'probabilistic'",
    ),
    Wrong(
        "a table in the place of a value",
        "max_position = 5",
        "max_position = { ES = 5 }",
        "limits.max_position",
        "must be a number, not a table",
        {"ES": 5},
        "a number at least 0 and at most 1000000000000000000",
    ),
    Wrong(
        "a value in the place of a table",
        "[limits]\nmax_position = 5",
        "",
        "limits",
        "must be a table, not 5",
        5,
        "a table with max_order_quantity, max_order_notional, max_position, max_open_orders, price_collar_bps, max_quote_age_ms, "
        "max_orders_per_second, max_daily_loss, no_buy, no_sell, no_short, allowed_order_types, allowed_times_in_force, "
        "max_order_age_ms, min_order_notional, max_gross_exposure, max_open_notional, initial_margin_bps, max_cancels_per_second, "
        "max_duplicate_orders, duplicate_window_ms, max_fills, fills_window_ms, max_daily_value, self_trade",
    ),
]


def text_of(wrong: Wrong) -> str:
    """The whole wrong file."""
    assert GOOD.count(wrong.before) == 1, wrong.title
    text = GOOD.replace(wrong.before, wrong.after)
    return f"limits = 5\n{text}" if wrong.path == "limits" else text


def tables(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=Decimal)


def test_a_configuration_in_order_has_no_problems(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD, encoding="utf-8")
    for good in (file, str(file), tables(GOOD), Config.read(file), Config(name="x")):
        assert validate_config(good) == []


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.title)
def test_what_is_wrong_is_said(wrong: Wrong, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text_of(wrong), encoding="utf-8")
    expected = [InvalidSetting(wrong.path, wrong.message, wrong.observed, wrong.allowed)]
    assert validate_config(file) == expected
    assert validate_config(tables(text_of(wrong))) == expected
    assert str(expected[0]) == f"{wrong.path}: {wrong.message}"
    with pytest.raises(ConfigError) as caught:
        Config.read(file)
    assert [problem.path for problem in caught.value.errors] == [wrong.path]


def test_there_are_twenty_and_their_messages_differ() -> None:
    assert len(WRONG) >= 20
    assert len({(wrong.path, wrong.message) for wrong in WRONG}) == len(WRONG)


def test_everything_is_said_at_once() -> None:
    text = """
name = "a b"
colour = "red"
strategy = "none.py:Flow"
[source]
path = "none.csv"
speed = 7
[instruments.ES]
tick_size = 0
currency = "USD"
max_price = 100
[instruments.NQ]
tick_size = 1e-18
currency = "USD"
max_price = 100
[instruments."BRK.B"]
tick_size = 0.01
currency = "USD"
max_price = 0.001
lot_size = "one"
[instruments.OK]
tick_size = 0.01
currency = "USD"
max_price = 100
[accounts.main]
currency = "USD"
cash = -5
[accounts.other]
currency = "USD"
cash = 1e11
[limits]
max_position = nan
max_order_notional = 1e15
"""
    found = {problem.path: problem for problem in validate_config(tables(text))}
    assert set(found) == {
        "name",
        "colour",
        "strategy",
        "source.path",
        "source.speed",
        "instruments.ES.tick_size",
        "instruments.NQ.tick_size",
        "instruments.BRK.B.lot_size",
        "accounts.main.cash",
        "limits.max_position",
        "limits.max_order_notional",
    }
    assert found["instruments.BRK.B.lot_size"].observed == "one"
    assert found["instruments.BRK.B.lot_size"].allowed == "a number greater than 0 and at most 1000000000000000000"
    assert found["source.speed"].allowed == "a whole number from 0 to 1"
    assert found["source.path"].message == "there is no file none.csv; give the path of a trade file or a sample"
    assert found["colour"].observed == "red"


def test_parts_that_are_left_out_are_not_said_to_be_missing() -> None:
    broken = GOOD.replace("tick_size = 0.25", "tick_size = 0").replace("cash = 100_000", "cash = -1")
    text = broken.replace("[limits]", '[source]\npath = "tape.csv"\n[limits]')
    assert {problem.path for problem in validate_config(tables(text))} == {
        "instruments.ES.tick_size",
        "accounts.main.cash",
        "source.path",
    }


def test_a_struct_is_checked_like_a_file() -> None:
    config = Config(name="x", limits=Limits(max_position=-1), venue=VenueConfig(slippage_ticks=20_000))
    assert validate_config(config) == [
        InvalidSetting("venue.slippage_ticks", "must be 0 to 10000, not 20000", 20_000, "a whole number from 0 to 10000"),
        InvalidSetting("limits.max_position", "must be at least 0, not -1", -1, "a number at least 0 and at most 1000000000000000000"),
    ]


@pytest.mark.parametrize(
    ("source", "path", "says"),
    [("sample:none", "source", "sample"), ("none.csv", "source.path", "there is no file"), (5, "source.path", "must be a text")],
)
def test_a_source_that_does_not_exist(source: object, path: str, says: str) -> None:
    (problem,) = validate_config({**tables(GOOD), "source": {"path": source}})
    assert problem.path == path
    assert says in problem.message


def test_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(GOOD.replace("[limits]", '[source]\npath = "tape.csv"\ntimezone = "UTC"\n[limits]'), encoding="utf-8")
    assert [problem.path for problem in validate_config(file)] == ["source.path"]
    (tmp_path / "tape.csv").write_text("DateTime,Price,Volume\n", encoding="utf-8")
    assert validate_config(file) == []


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    assert [(problem.path, problem.message) for problem in validate_config(file)] == [("", "cannot be read: No such file or directory")]
    file.write_text("name = ", encoding="utf-8")
    assert validate_config(str(file))[0].message.startswith("is not TOML")
    file.write_bytes(b'name = "\xff"')
    assert validate_config(file)[0].message == "is not UTF-8 text (byte 8)"


@pytest.mark.parametrize("config", [None, 5, b"x", ["x"]])
def test_what_is_no_configuration_raises(config: Any) -> None:
    with pytest.raises(InvalidArgument, match="config must be"):
        validate_config(config)


def test_tables_that_are_none() -> None:
    assert {problem.path for problem in validate_config({})} == {"name", "accounts"}
    assert [problem.path for problem in validate_config({**tables(GOOD), "instruments": 5})] == ["instruments"]


@pytest.mark.parametrize("kind", [Config, Limits, Instrument, Session, Fee, AccountConfig, SourceConfig, VenueConfig, OutputConfig])
def test_every_key_says_what_it_takes(kind: type[msgspec.Struct]) -> None:
    words = [expected.takes for expected in rule.rules_of(kind).values()]
    assert len(words) == len(kind.__struct_fields__)
    assert all(words)


def test_check_shows_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    text = GOOD.replace("max_position = 5", "max_position = -1").replace("cash = 100_000", "cash = true")
    strategy = "import neural_trader as nt\nclass Flow(nt.Strategy):\n    enter: float = 0.5\n"
    (tmp_path / "flow.py").write_text(strategy, encoding="utf-8")
    file.write_text(f'strategy = "flow.py:Flow"\n{text}[parameters]\nentr = 1\n', encoding="utf-8")
    plain = command("check", str(file))
    assert plain.returncode == 2
    lines = plain.stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["accounts.main.cash", "limits.max_position", "parameters.entr"]
    as_json = command("check", str(file), "--json", "--set", "limits.max_open_orders=-1", "--set", "nonsense")
    assert as_json.returncode == 2
    answer = json.loads(as_json.stdout)
    assert answer["ok"] is False
    assert {error["path"] for error in answer["errors"]} == {
        "",
        "accounts.main.cash",
        "limits.max_position",
        "limits.max_open_orders",
        "parameters.entr",
    }
    by_path = {error["path"]: error for error in answer["errors"]}
    assert by_path["limits.max_position"] == {
        "path": "limits.max_position",
        "message": "must be at least 0, not -1",
        "observed": -1,
        "allowed": "a number at least 0 and at most 1000000000000000000",
    }


def table() -> str:
    """The wrong configurations as a Markdown table."""
    rows = ["| what is wrong | key | what is said |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| {wrong.title} | `{wrong.path}` | {wrong.message} |" for wrong in WRONG)])


def test_the_table_has_a_row_for_each() -> None:
    assert len(table().splitlines()) == len(WRONG) + 2


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
