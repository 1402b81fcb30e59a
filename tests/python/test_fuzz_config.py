"""Configurations that nobody would write: whatever they hold, problems that name a place, or a kernel that runs."""

from __future__ import annotations

import contextlib
import copy
import datetime
import tempfile
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import command

import neural_trader as nt
from neural_trader.config import Config
from neural_trader.config_check import validate_config
from neural_trader.errors import ConfigError, NeuralTraderError

GOOD = tomllib.loads(
    """
name = "demo"
[instruments.ES]
tick_size = 0.25
multiplier = 50
currency = "USD"
max_price = 10_000
[instruments.ES.session]
days = "Sun-Thu"
opens = "17:00"
closes = "16:00"
timezone = "America/Chicago"
[accounts.main]
currency = "USD"
cash = 100_000
[limits]
max_position = 5
max_order_quantity = 2
price_collar_bps = 100
max_orders_per_second = 100
allowed_order_types = ["limit", "market"]
max_daily_loss = 1000.5
[venue]
latency_in_us = 100
""",
    parse_float=Decimal,
)

numbers = st.one_of(
    st.integers(-3, 12),
    st.sampled_from([2**51, 2**53, 2**63, -(2**63), 10**18, 10**40]),
    st.decimals(allow_nan=True),
    st.floats(),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8), st.dates(), st.just(datetime.time(9, 30)))
names = st.one_of(
    st.sampled_from(
        ["name", "limits", "accounts", "main", "ES", "tick_size", "cash", "max_position", "path", "self_trade", "fill_model", ""]
    ),
    st.text(max_size=6),
)
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8)


def places(tables: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """Every table with each of its keys."""
    found: list[tuple[dict[str, Any], str]] = []
    for key, value in tables.items():
        found.append((tables, key))  # type: ignore[arg-type]
        if isinstance(value, dict):
            found += places(value)
    return found


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """Sound tables with a few keys changed, taken out or added."""
    tables: dict[str, Any] = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        every = places(tables)
        if not every:
            break
        table, key = draw(st.sampled_from(every))
        how = draw(st.sampled_from(["change", "change", "change", "remove", "add"]))
        if how == "remove":
            del table[key]
        else:
            table[key if how == "change" else draw(names)] = draw(st.one_of(numbers, nested))
    return tables


def runs(tables: Mapping[str, Any]) -> None:
    """A kernel of a sound configuration takes a tape of a few trades, or says with a typed error why not."""
    try:
        with nt.Kernel(Config.from_dict({**tables, "name": "fuzz"}), private=True) as kernel:
            kernel.run("sample:es-2013-09:5", nt.Strategy())
            assert kernel.ended
    except NeuralTraderError as error:
        if not str(error):
            pytest.fail(f"{error!r} says nothing")


def checked(tables: Mapping[str, Any]) -> None:
    problems = validate_config(tables)
    for problem in problems:
        assert problem.message
        assert isinstance(problem.path, str)
        top = problem.path.partition(".")[0].partition("[")[0]
        known = {*Config.__struct_fields__, *(str(key) for key in tables)}
        assert not problem.path or top in known or any(str(key) and problem.path.startswith(str(key)) for key in tables), problem
    if not problems:
        runs(tables)
        return
    with contextlib.suppress(ConfigError):  # sources and places of files are checked by validate_config alone
        Config.from_dict(tables)


@settings(max_examples=80, deadline=None)
@given(changed())
def test_changed_tables(tables: dict[str, Any]) -> None:
    checked(tables)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(names, nested, max_size=5))
def test_any_tables(tables: dict[str, Any]) -> None:
    checked(tables)


def test_the_tables_that_are_changed_are_sound() -> None:
    assert validate_config(GOOD) == []
    runs(GOOD)


TOML = Path(__file__).with_name("test_fuzz_config.py").read_text(encoding="utf-8").split('"""')[3].encode()


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Any bytes, or a sound file with a few of its bytes replaced."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=80))
    content = bytearray(TOML)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content) - 1))
        content[at : at + draw(st.integers(0, 6))] = draw(
            st.one_of(st.binary(max_size=4), st.text(alphabet='[]="\n.#-9einf', max_size=4).map(str.encode))
        )
    return bytes(content)


@settings(max_examples=80, deadline=None)
@given(files())
def test_any_file(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "run.toml"
        file.write_bytes(content)
        problems = validate_config(file)
        try:
            config = Config.read(file)
        except ConfigError:
            assert problems
        else:
            assert config.accounts


@settings(max_examples=4, deadline=None)
@given(files())
def test_the_command_line_never_ends_in_a_traceback(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "run.toml"
        file.write_bytes(content)
        found = command("check", str(file))
        assert found.returncode in (0, 2), found.stderr
        assert "Traceback" not in found.stdout + found.stderr
