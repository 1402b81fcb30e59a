"""Configuration: what is read, and what is refused with which words."""

from __future__ import annotations

import datetime
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from neural_trader import _fields
from neural_trader._native import abi
from neural_trader.config import (
    AccountConfig,
    Config,
    Fee,
    Instrument,
    Limits,
    OutputConfig,
    Session,
    SourceConfig,
    VenueConfig,
)
from neural_trader.config_check import validate_config
from neural_trader.config_limits import describe_limits
from neural_trader.config_rows import account_row, terms_row
from neural_trader.errors import ConfigError, LiveTradingUnavailable
from neural_trader.kernel import Kernel

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "run.toml"
WINDOWS = ("duplicate_window_ms", "fills_window_ms")
FULL = Limits(
    no_buy=(),
    no_sell=("ES",),
    no_short=("*",),
    allowed_order_types=("limit", "market"),
    allowed_times_in_force=("day", "fok"),
    max_order_age_ms=3,
    min_order_notional=4,
    max_gross_exposure=5,
    max_open_notional=6,
    initial_margin_bps=7,
    max_cancels_per_second=8,
    max_duplicate_orders=2,
    duplicate_window_ms=9,
    max_fills=10,
    fills_window_ms=60_000,
    max_daily_value=11,
    self_trade="cancel_both",
)
FULL_NAMES = tuple(name for name in Limits.__struct_fields__ if getattr(FULL, name) is not None)
FULL_RAW = {
    "restrictions": 6,
    "allowed_order_types": 6,
    "allowed_times_in_force": 18,
    "max_order_age_ns": 3_000_000,
    "min_order_notional": 40_000,
    "max_gross_exposure": 50_000,
    "max_open_notional": 60_000,
    "initial_margin_bps": 7,
    "max_cancels_per_second": 8,
    "max_duplicate_orders": 2,
    "duplicate_window_ns": 9_000_000,
    "max_fills": 10,
    "fills_window_ns": 60_000_000_000,
    "max_daily_value": 110_000,
    "self_trade": 3,
}
OFF_ACCOUNT = (
    *("max_cancels_per_second", "max_order_age_ns", "allowed_order_types", "allowed_times_in_force", "max_gross_exposure"),
    *("max_open_notional", "max_daily_value", "max_duplicate_orders", "duplicate_window_ns", "max_fills", "fills_window_ns"),
)


def example() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text(), parse_float=Decimal)


def refused(data: dict[str, Any]) -> dict[str, str]:
    """The problems of a configuration: path to message."""
    with pytest.raises(ConfigError) as caught:
        Config.from_dict(data, directory=EXAMPLE.parent)
    return {problem.path: problem.message for problem in caught.value.errors}


def changed(path: str, value: object) -> dict[str, Any]:
    """The example with one dotted key set."""
    data = example()
    *tables, key = path.split(".")
    table = data
    for name in tables:
        table = table.setdefault(name, {})
    table[key] = value
    return data


def test_the_example_is_read() -> None:
    config = Config.read(EXAMPLE)
    assert config.name == "es-paper"
    assert config.strategy == str(EXAMPLE.parent / "flow.py:Flow")
    assert config.parameters == {"enter": 0.6}
    assert type(config.parameters["enter"]) is float
    assert config.source == SourceConfig(path="sample:es-2013-09", timezone="America/Chicago", speed=0)
    es = config.instruments["ES"]
    assert (es.symbol, es.tick_size, es.multiplier, es.currency) == ("ES", Decimal("0.25"), 50, "USD")
    assert es.session == Session(
        days="Sun-Thu",
        opens=datetime.time(17),
        closes=datetime.time(16, 15),
        early_closes={datetime.date(2013, 9, 2): datetime.time(10, 30)},
    )
    assert es.fee_taker == Fee(per_contract=Decimal("2.10"))
    assert (config.venue.latency_in_ns, config.venue.latency_out_ns, config.venue.slippage_ticks) == (250_000, 250_000, 1)
    assert config.accounts == {"main": AccountConfig(currency="USD", cash=100_000)}
    assert config.limits.max_daily_loss == 50_000
    assert config.output.directory == "runs"
    assert config.validated() == config


def test_a_name_is_enough() -> None:
    config = Config(name="x").validated()
    assert config.accounts == {"main": AccountConfig(currency="USD", cash=100_000)}
    assert config.limits == Limits()
    assert config.instruments == {}
    assert config.venue.slippage_ticks == 1


def test_amounts_become_decimals_and_names_are_filled_in() -> None:
    instrument = Instrument(tick_size=0.25, currency="USD", max_price=np.float64(1e5))
    limits = Limits(max_position=np.int64(3), max_order_notional=0.1, max_open_orders=np.int32(2), max_fills=5.0, fills_window_ms=1)  # type: ignore[arg-type]
    config = Config(name="x", instruments={"ES": instrument}, limits=limits).validated()
    assert config.instruments["ES"].symbol == "ES"
    assert (config.limits.max_position, config.limits.max_order_notional) == (Decimal(3), Decimal("0.1"))
    assert (type(config.limits.max_open_orders), type(config.limits.max_fills)) == (int, int)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("limits.max_positon", 5, "unknown key; did you mean max_position?"),
        ("limits.max_quote_age_s", 2, "unknown key; did you mean max_quote_age_ms?"),
        ("limits.max_net_exposure", 5, "unknown key"),
        ("limits.max_position", "5", "must be a number without quotes"),
        ("limits.max_position", True, "must be a number, not true"),
        ("limits.max_position", Decimal("NaN"), "finite"),
        ("limits.max_position", float("inf"), "finite"),
        ("limits.max_position", -1, "must be at least 0, not -1"),
        ("limits.max_position", Decimal("1E+19"), "must be at most"),
        ("limits.max_position", [5], "must be a number, not a list"),
        ("limits.max_daily_loss", 0, "must be greater than 0, not 0"),
        ("limits.max_daily_loss", Decimal("-50000.5"), "must be greater than 0, not -50000.5"),
        ("limits.max_open_orders", True, "must be a whole number, not true"),
        ("limits.max_open_orders", Decimal("2.5"), "must be a whole number, not 2.5"),
        ("limits.max_open_orders", -1, "must be 0 to 2147483648, not -1"),
        ("limits.max_orders_per_second", 0, "must be 1 to 1000000000, not 0"),
        ("limits.price_collar_bps", 1_000_001, "must be 0 to 1000000"),
        ("limits.max_quote_age_ms", "2s", "must be a whole number, not '2s'"),
        ("limits.max_order_notional", 10**15, "beyond the bound of 225179981368.5248"),
        ("limits.max_order_quantity", 10**16, "beyond the bound"),
        ("limits", 5, "must be a table, not 5"),
        ("name", "a/b", "must be 1 to 31 characters"),
        ("name", ".hidden", "must be 1 to 31 characters"),
        ("name", "n" * 32, "must be 1 to 31 characters"),
        ("name", 5, "must be 1 to 31 characters"),
        ("mode", "papr", "must be 'paper', not 'papr'"),
        ("strategy", "flow.py", 'must be "file.py:Class"'),
        ("strategy", "flow:Flow", 'must be "file.py:Class"'),
        ("strategy", "flow.py:9", 'must be "file.py:Class"'),
        ("strategy", "missing.py:Flow", "there is no file"),
        ("parameters", [1], "must be a table"),
        ("source.path", 5, "must be a text, not 5"),
        ("source.path", "", "must be a text, not ''"),
        ("source.timezone", "America/Chicgo", "must be a time zone"),
        ("source.timezone", "../UTC", "must be a time zone"),
        ("source.timezone", 5, "must be a time zone"),
        ("source.speed", 2, "must be 0 to 1, not 2"),
        ("source.sped", 1, "did you mean speed?"),
        ("venue.fill_model", "optimistic", "must be 'conservative'"),
        ("venue.latency_in_us", -1, "must be at least 0"),
        ("venue.latency_in_us", 10**9, "must be at most 60000000"),
        ("venue.latency_in_ms", 1, "did you mean latency_in_us?"),
        ("venue.slippage_ticks", Decimal("0.5"), "must be a whole number"),
        ("accounts.main.currency", "usd", "must be a currency code"),
        ("accounts.main.currency", "EUR", "no instrument is in EUR, and there is no exchange rate; use USD"),
        ("accounts.main.cash", -5, "must be at least 0"),
        ("accounts.main.cash", Decimal("0.00001"), "is not a multiple of 0.0001"),
        ("accounts.a b.currency", "USD", "must be 1 to 31 characters"),
        ("accounts", {}, "is empty; add [accounts.main]"),
        ("instruments.ES.tick_size", 0, "must be greater than 0"),
        ("instruments.ES.tick_sise", 1, "did you mean tick_size?"),
        ("instruments.ES.symbol", "NQ", "is NQ; leave it out or make it ES"),
        ("instruments.ES.max_price", 10**15, "beyond the bound"),
        ("instruments.ES.fee_taker", {}, "is empty; give per_contract, bps or both"),
        ("instruments.ES.fee_taker.per_share", 1, "unknown key; known are per_contract, bps"),
        ("instruments.ES.fee_taker.bps", 10_001, "must be at most 10000"),
        ("instruments.ES.fee_maker.bps", -10_001, "must be at least -10000"),
        ("instruments.ES.fee_taker", Decimal("2.10"), "must be a table, not 2.1"),
        ("instruments.ES.session.days", "Mon-Fry", "is not a day or a range of days"),
        ("instruments.ES.session.opens", "25:00", "must be a local time of day"),
        ("instruments.ES.session.opens", datetime.time(9, tzinfo=datetime.UTC), "must be a local time of day"),
        ("instruments.ES.session.closes", 17, "must be a local time of day"),
        ("instruments.ES.session.opens", "9:30", "must be a local time of day such as 17:00:00, not '9:30'"),
        ("instruments.ES.session.opens", "T09:30", "must be a local time of day such as 17:00:00, not 'T09:30'"),
        ("instruments.ES.session.early_closes", {"20130902": datetime.time(10)}, "must be a date such as 2013-09-02, not '20130902'"),
        ("instruments.ES.session.early_closes", {"0001-01-06": datetime.time(10)}, "no session of Sun-Thu ends on Saturday 0001-01-06"),
        ("instruments.ES.session.early_closes", {"2013-9-2": datetime.time(10)}, "must be a date such as"),
        ("instruments.ES.session.early_closes", {"2013-09-01": datetime.time(10)}, "no session of Sun-Thu ends on Sunday"),
        ("output.format", "json", "unknown key; known are directory"),
        ("latency", 5, "unknown key"),
    ],
)
def test_refused(path: str, value: object, message: str) -> None:
    found = refused(changed(path, value))
    near = [text for where, text in found.items() if where.startswith(path) or path.startswith(where)]
    assert any(message in text for text in near), found


@pytest.mark.parametrize(
    "path",
    [
        "name",
        "accounts.main.currency",
        "accounts.main.cash",
        "instruments.ES.tick_size",
        "instruments.ES.max_price",
        "instruments.ES.currency",
    ],
)
def test_missing(path: str) -> None:
    data = example()
    *tables, key = path.split(".")
    table = data
    for name in tables:
        table = table[name]
    del table[key]
    assert refused(data) == {path: "is missing"}


def test_missing_accounts_and_instruments() -> None:
    data = example()
    del data["accounts"]
    assert refused(data) == {"accounts": "is missing; add [accounts.main] with currency and cash"}
    data = example()
    del data["instruments"]
    data["source"]["path"] = "trades.csv"
    assert "add [instruments.SYMBOL]" in refused(data)["instruments"]


def test_every_problem_is_reported_at_once() -> None:
    data = changed("limits.max_positon", 1)
    data["limits"]["max_daily_loss"] = Decimal("NaN")
    data["venue"]["latency_in_us"] = -1
    data["instruments"]["ES"]["session"]["opens"] = 5
    data["nam"] = "x"
    assert set(refused(data)) == {
        "nam",
        "limits.max_positon",
        "limits.max_daily_loss",
        "venue.latency_in_us",
        "instruments.ES.session.opens",
    }


def test_live_is_refused_by_its_own_error() -> None:
    with pytest.raises(LiveTradingUnavailable, match="live trading is not available"):
        Config.from_dict(changed("mode", "live"), directory=EXAMPLE.parent)
    with pytest.raises(LiveTradingUnavailable):
        Config(name="x", mode="live").validated()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_position=Decimal("NaN")),
        Limits(max_position=Decimal("sNaN")),
        Limits(max_order_notional=float("nan")),
        Limits(max_order_quantity=float("inf")),
        Limits(max_daily_loss=-1),
        Limits(max_open_orders=True),
        Limits(max_orders_per_second=2.5),  # type: ignore[arg-type]
        Limits(max_position="5"),  # type: ignore[arg-type]
    ],
)
def test_what_a_constructor_lets_through_is_refused_by_validated(limits: Limits) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(name="x", limits=limits).validated()
    assert len(caught.value.errors) == 1
    assert caught.value.errors[0].path.startswith("limits.")


def test_validated_refuses_another_type_in_place_of_a_struct() -> None:
    with pytest.raises(ConfigError, match="limits: must be a table, not nothing"):
        Config(name="x", limits=None).validated()  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="must be a table"):
        Config.from_dict([])  # type: ignore[arg-type]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: cannot be read: No such file"):
        Config.read(tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    with pytest.raises(ConfigError, match=r"broken\.toml: is not TOML"):
        Config.read(broken)
    broken.write_bytes(b'name = "\xe9"\n')
    with pytest.raises(ConfigError, match="is not UTF-8"):
        Config.read(str(broken))
    broken.write_text('name = "x"\n[limits]\nmax_position = nan\n')
    with pytest.raises(ConfigError, match=r"broken\.toml: limits\.max_position: the value is NaN"):
        Config.read(broken)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    file = tmp_path / "run.toml"
    text = EXAMPLE.read_text().replace("flow.py:Flow", "mine.py:Mine").replace("sample:es-2013-09", "data/trades.csv")
    file.write_text(text)
    config = Config.read(file)
    assert config.strategy == f"{tmp_path}/mine.py:Mine"
    assert config.source.path == f"{tmp_path}/data/trades.csv"
    assert config.output.directory == "runs"


def test_nested_parameters_hold_floats() -> None:
    config = Config.from_dict(changed("parameters", {"a": [Decimal("0.5"), {"b": Decimal("1.5")}], "c": "x"}), directory=EXAMPLE.parent)
    assert config.parameters == {"a": [0.5, {"b": 1.5}], "c": "x"}
    assert [type(config.parameters["a"][0]), type(config.parameters["a"][1]["b"])] == [float, float]


def test_rows_of_the_example() -> None:
    config = Config.read(EXAMPLE)
    account = config.accounts["main"]
    assert account_row("main", account, config.limits) == {
        "name": b"main",
        "currency": b"USD",
        "decimals": 4,
        "cash": 1_000_000_000,
        "max_open_orders": 20,
        "max_orders_per_second": 20,
        "max_daily_loss": 500_000_000,
        "self_trade": 0,
        **dict.fromkeys(OFF_ACCOUNT, abi.NT_ABSENT),
    }
    terms = terms_row(config.instruments["ES"], account, config)
    assert terms == {
        "value_numerator": 5000,
        "value_denominator": 1,
        "fee_taker": 21000,
        "fee_maker": 21000,
        "fee_taker_ppb": 0,
        "fee_maker_ppb": 0,
        "max_order_quantity": 10,
        "max_order_notional": 10_000_000_000,
        "max_position": 5,
        "price_collar_bps": 50,
        "max_quote_age_ns": 2_000_000_000,
        "restrictions": 0,
        "min_order_notional": abi.NT_ABSENT,
        "initial_margin_bps": abi.NT_ABSENT,
    }
    assert set(terms) <= set(abi.NT_TERMS.names or ())


def test_rows_hold_the_limits_of_habits_and_money() -> None:
    es = Config.read(EXAMPLE).instruments["ES"]
    row = {
        **account_row("main", AccountConfig(currency="USD", cash=1), FULL),
        **terms_row(es, AccountConfig(currency="USD", cash=1), Config(name="x", limits=FULL)),
    }
    assert {key: row[key] for key in FULL_RAW} == FULL_RAW
    assert terms_row(es, AccountConfig(currency="USD", cash=1), Config(name="x", limits=Limits(no_buy=("*",))))["restrictions"] == 1
    assert terms_row(es, AccountConfig(currency="USD", cash=1), Config(name="x", limits=Limits(no_sell=("NQ",))))["restrictions"] == 0


def test_a_minimum_is_rounded_up_and_a_maximum_down() -> None:
    es, account = Config.read(EXAMPLE).instruments["ES"], AccountConfig(currency="USD", cash=1)
    assert terms_row(es, account, Config(name="x", limits=Limits(min_order_notional=Decimal("1.00001"))))["min_order_notional"] == 10_001
    assert account_row("main", account, Limits(max_open_notional=Decimal("1.00009")))["max_open_notional"] == 10_000


@pytest.mark.parametrize(
    ("limits", "path", "text"),
    [
        ({"max_fills": 5}, "limits.fills_window_ms", "is missing; max_fills needs it"),
        ({"fills_window_ms": 5}, "limits.max_fills", "is missing; fills_window_ms needs it"),
        ({"max_duplicate_orders": 5}, "limits.duplicate_window_ms", "is missing; max_duplicate_orders needs it"),
        ({"duplicate_window_ms": 5}, "limits.max_duplicate_orders", "is missing; duplicate_window_ms needs it"),
        ({"max_duplicate_orders": 9, "duplicate_window_ms": 5}, "limits.max_duplicate_orders", "must be 1 to 8, not 9"),
        ({"no_short": ["EZ"]}, "limits.no_short", "names EZ, which is no instrument; known are ES, and * for all"),
        ({"no_buy": ["ESS"]}, "limits.no_buy", "names ESS, which is no instrument; did you mean ES?"),
        ({"no_buy": "ES"}, "limits.no_buy", "must be a list of names, not 'ES'"),
        ({"no_buy": []}, "limits.no_buy", "must be a list of names, not an empty list"),
        ({"allowed_order_types": ["stopp"]}, "limits.allowed_order_types", "must hold only 'market' or 'limit'"),
        ({"allowed_times_in_force": []}, "limits.allowed_times_in_force", "must be a list of 'day' or"),
        ({"self_trade": "newest"}, "limits.self_trade", "must be 'cancel_newest' or 'cancel_oldest' or 'cancel_both'"),
        ({"initial_margin_bps": 0}, "limits.initial_margin_bps", "must be 1 to 1000000, not 0"),
        ({"min_order_notional": 0}, "limits.min_order_notional", "must be greater than 0, not 0"),
        ({"max_daily_loss": Decimal("0.00009")}, "limits.max_daily_loss", "max_daily_loss is less than 0.0001, the least money"),
    ],
)
@pytest.mark.parametrize("sample", [False, True])
def test_what_limits_say_against_each_other(limits: dict[str, object], path: str, text: str, sample: bool) -> None:
    data = {
        "name": "x",
        "accounts": {"main": {"currency": "USD", "cash": 1}},
        "limits": limits,
        **(
            {"source": {"path": "sample:es-2013-09"}}
            if sample
            else {"instruments": {"ES": {"tick_size": Decimal("0.25"), "currency": "USD", "max_price": 10_000}}}
        ),
    }
    problems = validate_config(data)
    assert [problem.path for problem in problems] == [path]
    assert text in problems[0].message


def test_a_kernel_refuses_a_restriction_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names EZ"):
        Kernel(Config(name="x", limits=Limits(no_short=("EZ",)))).run("sample:es-2013-09:10")


def test_without_limits_everything_is_absent() -> None:
    es = Config.read(EXAMPLE).instruments["ES"]
    account = AccountConfig(currency="USD", cash=1)
    rows = {**account_row("main", account, Limits()), **terms_row(es, account, Config(name="x", limits=Limits()))}
    assert {name for name, value in rows.items() if value == abi.NT_ABSENT} == {
        *(name.replace("_ms", "_ns") for name in Limits.__struct_fields__ if name not in {"no_buy", "no_sell", "no_short", "self_trade"}),
    }
    assert rows["restrictions"] == rows["self_trade"] == 0


def test_another_currency_has_no_value() -> None:
    es = Config.read(EXAMPLE).instruments["ES"]
    assert terms_row(es, AccountConfig(currency="EUR", cash=1), Config(name="x", limits=Limits()))["value_denominator"] == 0


def test_describe_limits_names_every_check() -> None:
    rows = describe_limits(Config.read(EXAMPLE))
    assert {row.check for row in rows} == {int(check) for check in abi.Check}
    assert [row.check for row in rows] == sorted(row.check for row in rows)
    assert {row.name for row in rows if not row.enabled} == set(FULL_NAMES) - set(WINDOWS)
    assert all(row.enabled for row in describe_limits(msgspec.structs.replace(Config(name="x"), limits=FULL)) if row.name in FULL_NAMES)
    shown = {row.name: row.value for row in describe_limits(Config(name="x", limits=FULL))}
    assert shown["max_fills"] == "10 in 60000 ms"
    assert shown["allowed_order_types"] == "limit,market"
    assert shown["self_trade"] == "cancel_both"
    assert (22, "max_daily_loss", True, "50000 in account currency") in rows
    off = {row.name for row in describe_limits(Config(name="x")) if not row.enabled}
    assert off == set(Limits.__struct_fields__) - set(WINDOWS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("2.10"), "2.1"),
        (-0.0, "0"),
        (Decimal("0E+999999"), "0"),
        (np.float32(0.5), "0.5"),
        (float("-inf"), "-Infinity"),
        (Decimal("-1.25E+60"), "-125e58"),
        (Decimal("1E-40"), "1e-40"),
        (10**70 + 1, "1e70"),
        (True, "true"),
        (None, "nothing"),
        ("it's \n", "'it's \\n'"),
        ("x" * 61, f"'{'x' * 60}…'"),
        ((), "an empty list"),
        ([1], "a list"),
        ({}, "a table"),
        (datetime.date(2013, 9, 2), "2013-09-02"),
        (b"x", "a bytes"),
    ],
)
def test_values_are_quoted_as_a_file_has_them(value: object, text: str) -> None:
    assert _fields.describe(value) == text


@pytest.mark.parametrize("kind", [Config, Limits, SourceConfig, VenueConfig, AccountConfig, OutputConfig, Instrument, Session, Fee])
def test_every_field_has_a_rule(kind: type[msgspec.Struct]) -> None:
    rules = _fields.rules_of(kind)
    assert tuple(rules) == kind.__struct_fields__
    assert all(callable(rule) for rule in rules.values())
