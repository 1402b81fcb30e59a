"""Configurations as documents: what is wrong with each, or the rows of the core that it stands for.

A document with a `file` is read from that TOML file, from the root of the tree. The paths in the others are relative to this directory,
which a text calls <directory>. What a row leaves out is NT_ABSENT.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from neural_trader import _fields as rule
from neural_trader._native import abi
from neural_trader.config import Config, examine, read_tables
from neural_trader.config_rows import account_row, terms_row
from neural_trader.kernel import kernel_row

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
FILE: Final = "generate.py"  # one that exists
LEAVE_OUT: Final = object()

ES: Final[dict[str, Any]] = {
    "tick_size": 0.25,
    "multiplier": 50,
    "currency": "USD",
    "max_price": 100_000,
    "session": {"days": "Sun-Thu", "opens": "17:00:00", "closes": "16:15", "early_closes": {"2013-09-02": "10:30:00"}},
    "fee_taker": {"per_contract": 2.1},
    "fee_maker": {"per_contract": -0.25, "bps": 0.5},
}
COIN: Final[dict[str, Any]] = {"tick_size": 0.01, "lot_size": 1e-05, "currency": "USD", "max_price": 1e6, "minimum_quantity": 0.001}
PLAIN: Final[dict[str, Any]] = {"tick_size": 0.25, "multiplier": 50, "currency": "USD", "max_price": 100_000}
BASE: Final[dict[str, Any]] = {"name": "demo", "instruments": {"ES": PLAIN}, "accounts": {"main": {"currency": "USD", "cash": 100_000}}}
RICH: Final[dict[str, Any]] = {**BASE, "instruments": {"ES": ES}}
LIMITS: Final[dict[str, Any]] = {
    "max_order_quantity": 10,
    "max_order_notional": 1_000_000,
    "max_position": 5,
    "max_open_orders": 20,
    "price_collar_bps": 50,
    "max_quote_age_ms": 2_000,
    "max_orders_per_second": 20,
    "max_daily_loss": 50_000.5,
    "no_buy": ["ES"],
    "no_sell": ["*"],
    "no_short": ["ES", "*", "ES"],
    "allowed_order_types": ["limit", "market", "limit"],
    "allowed_times_in_force": ["gtd", "day"],
    "max_order_age_ms": 3,
    "min_order_notional": 4,
    "max_gross_exposure": 5e6,
    "max_open_notional": 6e6,
    "initial_margin_bps": 7,
    "max_cancels_per_second": 8,
    "max_duplicate_orders": 2,
    "duplicate_window_ms": 9,
    "max_fills": 10,
    "fills_window_ms": 60_000,
    "max_daily_value": 1e7,
    "self_trade": "cancel_oldest",
}
# Where each struct stands in a document.
PLACES: Final = (
    ("", "Config"),
    ("source", "SourceConfig"),
    ("instruments.ES", "Instrument"),
    ("instruments.ES.session", "Session"),
    ("instruments.ES.fee_taker", "Fee"),
    ("venue", "VenueConfig"),
    ("venues.near", "VenueLatency"),
    ("accounts.main", "AccountConfig"),
    ("limits", "Limits"),
    ("models.mid", "ModelConfig"),
    ("output", "OutputConfig"),
)
STRANGE: Final = ("5", "", True, None, 2.5, -1, [], ["x", 5], ["x", ""], {}, {"a": 1})


def changed(*changes: tuple[str, Any], base: dict[str, Any] = BASE) -> dict[str, Any]:
    """The base with dotted keys set, or left out."""
    data = copy.deepcopy(base)
    for path, value in changes:
        *tables, key = path.split(".")
        table = data
        for name in tables:
            table = table.setdefault(name, {})
        if value is LEAVE_OUT:
            del table[key]
        else:
            table[key] = copy.deepcopy(value)
    return data


def struct_at(path: str) -> type[msgspec.Struct]:
    """The struct that stands at a path."""
    expected: rule.Rule = rule.Nested(Config)
    for key in path.split(".") if path else ():
        assert isinstance(expected, rule.Nested | rule.Table)
        expected = rule.rules_of(expected.struct)[key] if isinstance(expected, rule.Nested) else expected.item
    assert isinstance(expected, rule.Nested)
    return expected.struct


def bounds_of(expected: rule.Rule) -> tuple[list[Any], list[Any]]:
    """Values at the edges of a rule, and values just beyond them."""
    if isinstance(expected, rule.Whole):
        return [expected.minimum, expected.maximum], [expected.minimum - 1, expected.maximum + 1]
    if isinstance(expected, rule.Number):
        most = float(expected.most) if expected.most > 2**53 else expected.most
        inside = [1e-4 if expected.above is not None else expected.least if expected.least is not None else -most, most]
        outside = [-most if expected.above is not None else inside[0] - 0.5, most * 2]
        return inside, [0 if expected.above is not None else outside[0], outside[1]]
    if isinstance(expected, rule.Choice | rule.Words):
        words = list(expected.allowed or ("ES",))
        if isinstance(expected, rule.Words):
            return [words, words[:1]], [[*words, "Es"], words[0]]
        return [words[0], words[-1]], [words[0].upper(), words[:1]]
    return [], []


def of_rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each table with all of its fields at their edges, just beyond, and of another type."""
    for path, name in PLACES:
        prefix = f"{path}." if path else ""
        rules = {key: expected for key, expected in rule.rules_of(struct_at(path)).items() if prefix or key != "instruments"}
        for at, said in enumerate(("least", "most")):
            for beyond in (False, True):
                values = {key: bounds_of(expected)[beyond] for key, expected in rules.items()}
                values = {key: pair[at] for key, pair in values.items() if pair}
                if values:
                    text = f"{name}: every key {'beyond' if beyond else 'at'} its {said}"
                    yield text, changed(*((prefix + key, value) for key, value in values.items()))
        for value in STRANGE:
            yield f"{name}: every key is {json.dumps(value)}", changed(*((prefix + key, value) for key in rules))
        if path:
            for value in (5, "x", [], None):
                yield f"{name} is {json.dumps(value)}", changed((path, value))
        required = [field.name for field in msgspec.structs.fields(struct_at(path)) if field.required]
        yield f"{name}: no key that it needs", changed((prefix + "unknown", 1), *((prefix + key, 1) for key in required))
        if path and required:
            yield f"{name} is empty", changed((path, {}))


def by_hand() -> Iterator[tuple[str, dict[str, Any]]]:
    """What the rules do not say by themselves."""
    yield "the base", changed()
    yield "an instrument with everything", changed(base=RICH)
    yield "a name and an account", {"name": "x", "accounts": {"main": {"currency": "USD", "cash": 0}}}
    yield "nothing", {}
    yield "every limit", changed(("limits", LIMITS))
    yield "no accounts", changed(("accounts", LEAVE_OUT))
    yield "no accounts, and instruments in another currency", changed(("accounts", LEAVE_OUT), ("instruments.ES.currency", "EUR"))
    yield "accounts that are empty", changed(("accounts", {}))
    yield (
        "everything at once",
        changed(
            ("limits", {"max_positon": 1, "max_daily_loss": -1, "max_fills": 1}),
            ("venue.latency_in_us", -1),
            ("instruments.ES.session.opens", 5),
            ("nam", "x"),
            ("accounts.main.cash", 1e-05),
            ("fx", {"EUR/USD": 2, "USD/EUR": 0.5}),
            ("strategy", "missing.py:Flow"),
        ),
    )
    yield "live", changed(("mode", "live"))
    # Names and texts.
    yield (
        "names",
        changed(
            ("name", "a.b-c_D.9"),
            ("accounts", {"__proto__": {"currency": "A1", "cash": 1}, "constructor": {"currency": "USD", "cash": 2}}),
            ("instruments", {"__proto__": COIN, "hasOwnProperty": COIN, "BRK.B": COIN, "600519": COIN, "n" * 31: COIN}),
            ("fx", {"USD/A1": 2}),
            ("limits.no_buy", ["__proto__", "BRK.B"]),
            ("venues", {"toString": {"symbols": ["600519", "hasOwnProperty"], "latency_in_us": 0.001, "latency_out_us": 1e-04}}),
        ),
    )
    for text in (".hidden", "n" * 32, "a/b", "a b", "é", "😀" * 40, 'it\'s "quoted" \\ \n\t\u007f', "a\n", "x" * 61, "😀" * 30 + "x" * 31):
        yield (
            f"a name {json.dumps(text[:40])}",
            changed(("name", text), ("accounts." + text.replace(".", ""), {}), ("limits.no_buy", [text]), ("limits.self_trade", text)),
        )
    for text in (
        "flow.py",
        "flow:Flow",
        "flow.py:9",
        "flow.py:a-b",
        ".py:A",
        "a\n.py:A",
        "a.py:A\n",
        f"{FILE}:Ünique_1",
        f"{FILE}:²",
        "none.py:A",
    ):
        yield f"a strategy {json.dumps(text)}", changed(("strategy", text))
    typos = (
        "max_positon",
        "maxposition",
        "max_position_",
        "position",
        "self",
        "SELF_TRADE",
        "max_fill",
        "fill_max",
        "x",
        "",
        "a.b",
        "max_",
    )
    more = ("toString", "__proto__", "duplicate_ms", "max_orders", "no-buy", "initial_margin", "open_orders", "z" * 300, "mäx_position")
    yield "keys with typos", changed(("limits", dict.fromkeys(typos + more, 1)))
    yield "typos everywhere", changed(
        ("nmae", 1), ("a.b", 1), ("instrument", {}), ("instruments.ES.ticksize", 1), ("instruments.ES.fee_taker", {"perc_ontract": 1}),
        ("instruments.ES.session.open", 1), ("venue.latency", {"in": 1}), ("source", {"sped": 1, "paths": 1}), ("accounts.main.csh", 1),
        ("models", {"m": {"pth": "x"}}), ("output.dir", "x"), ("venues", {"v": {"symbol": []}}),
    )  # fmt: skip
    # Times, dates, days, zones.
    for days in (
        "Mon-Fri",
        "Mon, Wed ,Fri - Fri",
        "Sat-Fri",
        "",
        "Monday",
        "mon",
        "Mon-",
        "Mon-Fry",
        "Mon;Tue",
        "Mon-Tue-Wed",
        ",",
        "\u00a0Mon\u2003",
    ):
        yield f"days {json.dumps(days)}", changed(("instruments.ES.session", {"days": days, "opens": "09:30", "closes": "16:00"}))
    for time in (
        "00:00",
        "23:59:59",
        "24:00",
        "9:30",
        "09:30:60",
        "09:60",
        "T09:30",
        "0930",
        "09:30Z",
        "09:30:00.5",
        " 09:30",
        "09:30\n",
        930,
    ):
        yield f"a time {json.dumps(time)}", changed(("instruments.ES.session", {"days": "Mon", "opens": time, "closes": "16:00"}))
    for day in (
        "2013-09-01",
        "2013-09-06",
        "2013-09-31",
        "2012-02-29",
        "2013-02-29",
        "2013-9-2",
        "20130902",
        "0001-01-06",
        "0000-01-01",
        "9999-12-31",
    ):
        yield f"an early close on {day}", changed(("instruments.ES.session.early_closes", {day: "10:00"}), base=RICH)
    daily = {"days": "Mon-Fri", "opens": "09:30", "closes": "16:00", "early_closes": {"2013-09-06": "12:00", "2013-09-07": "12:00"}}
    yield "early closes of a daily session", changed(("instruments.ES.session", daily))
    yield (
        "a session of one day a week",
        changed(("instruments.ES.session", {**daily, "days": "Fri-Fri", "early_closes": {"2013-09-05": "12:00"}})),
    )
    yield "a session without an end", changed(("instruments.ES.session", {**daily, "closes": "09:30"}))
    for zone in (
        "UTC",
        "America/Chicago",
        "Etc/GMT+5",
        "America/Port-au-Prince",
        "America/Chicgo",
        "america/chicago",
        "../UTC",
        "",
        "+05:30",
        "UTC ",
    ):
        yield f"a time zone {json.dumps(zone)}", changed(("source.timezone", zone), ("instruments.ES.session.timezone", zone), base=RICH)
    # Instruments.
    for places in range(17):
        size = float(f"1e-{places}")
        yield (
            f"{places} decimals of the price",
            changed(("instruments.ES", {**COIN, "tick_size": size, "lot_size": 1, "minimum_quantity": 1, "max_price": 1})),
        )
        yield f"{places} decimals of the quantity", changed(("instruments.ES", {**COIN, "lot_size": size, "minimum_quantity": 1}))
    for changes in (
        {"tick_size": 2.0**52, "max_price": 2.0**51},
        {"lot_size": 2.0**52},
        {"lot_size": 2.0**52, "minimum_quantity": 1},
        {"lot_size": 10, "minimum_quantity": 15},
        {"lot_size": 10, "minimum_quantity": 20},
        {"lot_size": 0.5, "minimum_quantity": 0.25},
        {"max_price": 2.0**51},
        {"max_price": 22517998136852.48, "tick_size": 0.01},
        {"max_price": 22517998136852.5, "tick_size": 0.01},
        {"max_price": 1.005, "tick_size": 0.01},
        {"max_price": 0.2},
        {"multiplier": 1.0000000000000002},
        {"multiplier": 1e18},
        {"multiplier": 1e-16},
        {"multiplier": 1e-18},
        {"multiplier": 1e-300, "tick_size": 1e-300},
        {"multiplier": 0.1, "tick_size": 3},
        {"tick_size": 1.5, "lot_size": 0.3, "minimum_quantity": None},
        {"fee_taker": {}},
        {"fee_maker": {"bps": None, "per_contract": None}},
        {"fee_taker": {"per_contract": 1e-05}, "fee_maker": {"bps": 1e-06}},
        {"fee_taker": {"bps": 1e-05}, "fee_maker": {"bps": -10_000, "per_contract": -1e9}},
        {"fee_taker": None, "fee_maker": None, "session": None, "symbol": None},
        {"symbol": "NQ"},
        {"symbol": "ES"},
        {"currency": "EUR"},
    ):
        yield f"ES with {json.dumps(changes)}", changed(*((f"instruments.ES.{key}", value) for key, value in changes.items()), base=RICH)
    yield "symbols that begin alike", changed(("instruments", {"ES": {**PLAIN, "tick_size": -1}, "E": {**PLAIN, "tick_size": 1e-17}}))
    # Accounts and rates.
    for cash in (1e11, 0.0001, 1e-05, 123456789.1235, 99999999999.9999):
        yield f"cash {cash}", changed(("accounts.main.cash", cash))
    euro = (("instruments.EU", {**ES, "currency": "EUR"}), ("accounts.second", {"currency": "EUR", "cash": 0.5}))
    for fx in (
        *({}, {"EUR/USD": 1.085}, {"USD/EUR": 0.8}, {"USD/EUR": 3}, {"EUR/USD": 1e-09}, {"EUR/USD": 1.0000000000000002}),
        *({"USD/EUR": 1.0000000000000002}, {"EUR/USD": 2e11}, {"EUR/USD": 1e18}, {"USD/EUR": 1e-12}, {"EUR/USD": 2, "USD/EUR": 0.5}),
        *({"USD/EUR": 2, "EUR/USD": 2, "GBP/USD": 1}, {"EURUSD": 1}, {"EUR/EUR": 1}, {"EUR/usd": 1}, {"EUR/USD": 0}, {"EUR/USD": "1"}),
        *({"A/B": 1e-300}, {"A1234567/USD": 1}),
    ):
        yield f"fx {json.dumps(fx)}", changed(*euro, ("fx", fx))
    for instruments, account, fx in (
        *((("EUR",), "USD", {}), (("EUR", "CHF", "AAA"), "CHX", {"EUR/USD": 1}), (("EUR",), "USD", {"GBP/USD": 2})),
        *((("EUR",), "USD", {"USD/EUR": 2}), (("BBB", "AAA"), "ZZZ", {}), (("BBB", "AAA"), "ZZZ", {"x": 1})),
    ):
        rows = {f"I{number}": {**COIN, "currency": currency} for number, currency in enumerate(instruments)}
        yield (
            f"instruments in {instruments}, an account in {account}, fx {fx}",
            changed(("instruments", rows), ("accounts.main.currency", account), ("fx", fx)),
        )
    # Limits.
    for limits in (
        *({"max_fills": 5}, {"fills_window_ms": 5}, {"max_duplicate_orders": 5}, {"duplicate_window_ms": 5}),
        *({"max_fills": 5, "fills_window_ms": None}, {"no_short": ["EZ", "AB", "EZ"]}, {"no_buy": ["ESS"], "no_sell": ["*", "QQ"]}),
        {"max_order_quantity": 2.9999, "max_position": 0.00001},
        {"max_order_quantity": 1e16, "max_position": 1e17, "max_order_notional": 1e15, "max_daily_loss": 1e15, "max_gross_exposure": 1e15},
        {"max_order_notional": 225179981368.5248, "max_daily_loss": 225179981368.5249, "max_open_notional": 225179981368.52485},
        {"max_order_quantity": 2.0**51, "max_position": 2.0**51 + 1},
        {"max_daily_value": 1e15, "max_open_notional": 1e15},
        *({"min_order_notional": 1.00001, "max_open_notional": 1.00009}, {"min_order_notional": 1e15}, {"min_order_notional": 1e-300}),
        {"max_order_notional": 1e-300, "max_position": 5e-324, "max_daily_loss": 1e-05},
        {"max_position": 1e18, "max_gross_exposure": 1e18},
        {"max_position": 1e39, "max_order_quantity": 1e40, "max_daily_loss": -1e-39, "min_order_notional": -1e-40},
        {"max_position": 1e300, "max_order_notional": 1.5e60, "min_order_notional": -1e-60, "max_daily_loss": -1.25e45},
    ):
        yield f"limits {json.dumps(limits)}", changed(("limits", limits), ("instruments.BTC", COIN))
    alike = {"ABCDE": PLAIN, "ESA": PLAIN, "ESB": PLAIN, "B-B-": PLAIN}
    yield (
        "symbols that others are like",
        changed(("instruments", alike), ("limits", {"no_buy": ["ABCXY", "ABCX", "B-A-"], "no_sell": ["ESX"]})),
    )
    whole = {"max_open_orders": 20.0, "price_collar_bps": 1e6, "max_fills": 1e40, "fills_window_ms": 2.5}
    yield "whole numbers with a point", changed(("limits", whole), ("venue.slippage_ticks", 2.0))
    yield "whole numbers with a point that are sound", changed(("limits", {"max_open_orders": 20.0}), ("venue.slippage_ticks", 2.0))
    # Sources, venues, models.
    trades = (("source.path", ["ES=trades.csv", "more.csv"]), ("limits.no_buy", ["ESS", "XX"]))
    yield "trade files", changed(*trades)
    yield "trade files without an instrument", changed(*trades, ("instruments", {}))
    yield "a tape beside a trade file", changed(("source.path", ["ES=trades.csv", "tape.nt"]), ("limits.no_buy", ["ESS"]))
    yield "a sample", changed(("source.path", "sample:es-2013-09"), ("limits.no_buy", ["ESS"]))
    near = {"symbols": ["ES", "BTC"], "latency_in_us": 12.3456, "latency_out_us": 0}
    yield "two venues", changed(("instruments.BTC", COIN), ("venues", {"near": near, "far": {**near, "symbols": ["BTC", "EX"]}}))
    yield (
        "a venue",
        changed(("instruments.BTC", COIN), ("venues", {"near": near}), ("venue", {"latency": "measured", "fill_model": "queue"})),
    )
    yield (
        "models",
        changed(("models", {"mid": {"path": FILE, "precision": "int8"}, "ours": {}, "none": {"precision": "bf16"}, "lost": {"path": "m"}})),
    )
    yield "models of clients", changed(("models", {f"m{number}": {} for number in range(8)}))
    yield "too many models", changed(("models", {f"m{number}": {} for number in range(9)}))
    model = json.loads(
        json.dumps(
            read_tables(ROOT / "examples/model.toml"), default=lambda value: str(value) if not isinstance(value, Decimal) else float(value)
        )
    )
    yield "examples/model.toml", {**model, "strategy": f"{FILE}:ModelFlow", "models": {"mid": {"path": FILE}}}
    yield "parameters", changed(("parameters", {"a": [0.5, {"b": None}], "c": "x", "": 1}))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value.decode() if isinstance(value, bytes) else value for key, value in row.items()}
    return {key: value for key, value in shown.items() if value != abi.NT_ABSENT}


def rows_of(config: Config) -> dict[str, Any]:
    """The rows of a kernel; terms by account, then by instrument."""
    accounts, instruments = config.accounts, config.instruments
    return {
        "kernel": kernel_row(config, len(instruments)),
        "instruments": {symbol: _row(instrument.row()) for symbol, instrument in instruments.items()},
        "accounts": {name: _row(account_row(name, account, config.limits)) for name, account in accounts.items()},
        "terms": {
            name: {symbol: _row(terms_row(instrument, account, config)) for symbol, instrument in instruments.items()}
            for name, account in accounts.items()
        },
        "venues": {name: venue.latency_ns for name, venue in config.venues.items()},
    }


def answer(data: Any, directory: Path) -> dict[str, Any]:
    """What is wrong with the tables of a configuration, or its rows."""
    config, problems = examine(data, directory)
    if problems:
        return {"problems": [[path, message.replace(str(directory), "<directory>")] for path, message in problems]}
    assert config is not None
    return {"rows": rows_of(config)}


def vectors() -> dict[str, Any]:
    """The documents with their answers."""
    documents = []
    for name, config in [*by_hand(), *of_rules()]:
        read = json.loads(json.dumps(config), parse_float=Decimal)
        documents.append({"name": name, "config": config, **answer(read, HERE)})
    file = "examples/run.toml"
    documents.append({"name": file, "file": file, **answer(read_tables(ROOT / file), (ROOT / file).parent)})
    return {"documents": documents}
