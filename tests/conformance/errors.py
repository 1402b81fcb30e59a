"""What is refused before it is tried: wrong arguments of the client and of the C library, and numbers that are no prices."""

from __future__ import annotations

from typing import Any

from answers import START_NS, opening, plainly, quote, refusal, trade
from session import ABSENT_FIELDS, Script, Session, of_sessions, play
from stage import COIN, ES, account_row, begin, terms_row

from neural_trader._native import abi
from neural_trader.errors import InvalidArgument
from neural_trader.numbers import Converter

NAN, INFINITY = float("nan"), float("inf")


def orders_that_are_none(s: Session) -> None:
    """What no client sends: the package says why."""
    begin(s, "a", instruments=(ES, COIN), accounts=({}, {}))
    s.feed(opening(START_NS), quote(START_NS, 160_000, 160_025), trade(START_NS, 160_000))
    plain: dict[str, Any] = {"symbol": "ES", "side": "BUY", "quantity": 1}
    wrong: tuple[dict[str, Any], ...] = (
        {"symbol": "NQ"},
        {"symbol": ""},
        {"account": "nobody"},
        {"side": "HOLD"},
        {"side": "buy"},
        {"quantity": 0.5},
        {"quantity": "0.25"},
        {"quantity": 2**52},
        {"quantity": "ten"},
        {"quantity": ""},
        {"symbol": "COIN", "quantity": 0.001},
        {"symbol": "COIN", "quantity": "1.0001"},
        {"price": 1600.1},
        {"price": "1600.125"},
        {"price": 1600.250001},
        {"price": -0.1},
        {"price": 1e22},
        {"price": 1e50},
        {"price": "1,600"},
        {"price": " 1600"},
        {"price": "0x10"},
        {"price": "1e400"},
        {"trigger_price": 1600.1},
        {"trailing_offset": "0.1"},
        {"price": 1600, "display_quantity": 0.5},
        {"time_in_force": "GTX"},
        {"order_type": "ICEBERG"},
        {"order_type": "LIMIT"},
        {"order_type": "MARKET", "price": 1600},
        {"order_type": "MARKET", "trigger_price": 1600},
        {"order_type": "STOP"},
        {"order_type": "STOP", "trigger_price": 1600, "price": 1600},
        {"order_type": "STOP_LIMIT", "trigger_price": 1600},
        {"order_type": "STOP_LIMIT", "price": 1600},
        {"order_type": "TRAILING_STOP"},
        {"order_type": "TRAILING_STOP", "trailing_offset": 1, "price": 1600},
        {"order_type": "MARKET_IF_TOUCHED"},
        {"order_type": "LIMIT", "price": 1600, "trailing_offset": 1},
        {"time_in_force": "GTD"},
        {"expire_ns": START_NS + 1},
        {"time_in_force": "IOC", "expire_ns": START_NS + 1},
        {"oco": 1, "bracket": 2},
        {"oco": 0},
        {"bracket": -1},
        {"bracket": 1.5},
    )
    for change in wrong:
        s.submit("a", **{**plain, **change})
    for change in ({"quantity": NAN}, {"price": INFINITY}, {"price": -INFINITY}, {"price": True}, {"quantity": []}):
        s.submit("a", shared=False, **{**plain, **change})
    s.submit("a", shared=False, **plain, time_in_force="GTD", expire_ns=0)
    order = s.submit("a", **plain, price=1590)
    s.replace("a", order)
    s.replace("a", order, price=1590.1)
    s.replace("a", order, quantity="1.5")
    s.replace("a", order, trigger_price="x")
    s.replace("a", 99, price=1590)
    s.cancel("a", -1, shared=False)
    s.cancel("a", 1.5, shared=False)
    s.cancel_all("a", symbol="NQ")
    s.cancel_all("a", account="nobody")
    s.run()
    s.poll("a")
    s.poll("a", 0)
    s.poll("a", 4097)


def nothing_to_read(s: Session) -> None:
    """Reads of what is not there, and everything once the client is closed."""
    begin(s, "a", instruments=(ES, COIN), order_capacity=2)
    s.quote("a", "ES")
    s.features("a", "ES")
    s.quote("a", "NQ")
    s.position("a", "NQ")
    s.position("a", "ES", "nobody")
    s.money("a", "nobody")
    s.features("a", "NQ")
    s.orders("a", "NQ")
    s.signal("a", "ES")
    for _ in range(3):
        s.submit("a", symbol="ES", side="BUY", quantity=1, price=1590)
    s.send("a", client_order_id=1)
    s.client("a")
    s.client("with space")
    s.client("")
    s.client("x" * 40)
    for name in ("b", "c", "d"):
        s.client(name)
    s.client("e")
    s.run()
    s.poll("a")
    s.leave("a")
    s.submit("a", symbol="ES", side="BUY", quantity=1)
    s.cancel("a", 1)
    s.poll("a")
    s.quote("a", "ES")
    s.position("a", "ES")
    s.money("a")
    s.features("a", "ES")
    s.now("a")
    s.subscribe("a")


def kernels_that_are_none(s: Session) -> None:
    """Configurations and rows that the C library refuses."""
    s.create(name="with/slash")
    s.create(clock=3)
    for config in (
        {"channels": 65},
        {"order_capacity": 100},
        {"ring_capacity": 32},
        {"tick_capacity": 65},
        {"instruments": 65_537},
        {"accounts": 1025},
        {"journal_bytes": 1 << 16},
        {"latency_in_ns": -1},
        {"slippage_ticks": 1_000_001},
        {"fill_model": 4},
        {"book_depth": 9},
        {"models": 9},
        {"participants": 9},
    ):
        s.create(**config)
    s.create(channels=2, order_capacity=64, ring_capacity=64, tick_capacity=64, instruments=2, accounts=2, models=1)
    s.instrument(**{**ES, "symbol": ""})
    s.instrument(**{**ES, "tick_size": 0})
    s.instrument(**{**ES, "lot_size": -1})
    s.instrument(**{**ES, "price_decimals": 16})
    s.instrument(**{**ES, "maximum_price": 2**51 + 1})
    s.instrument(**{**ES, "initial_session": 4})
    s.instrument(**ES)
    s.instrument(**ES)
    s.instrument(**COIN)
    s.instrument(**{**ES, "symbol": "MORE"})
    s.account(**account_row(""))
    for limit in ABSENT_FIELDS["account"][::2]:
        s.account(**account_row("main", **{limit: -1}))
    s.account(**account_row("main", max_fills=1))
    s.account(**account_row("main", max_duplicate_orders=9, duplicate_window_ns=1))
    s.account(**account_row("main", decimals=16))
    s.account(**account_row("main"))
    s.account(**account_row("main"))
    s.terms(**terms_row(1, 0, "ES"))
    s.terms(**terms_row(0, 9, "ES"))
    s.terms(**{**terms_row(0, 0, "ES"), "value_denominator": -1})
    s.terms(**terms_row(0, 0, "ES", initial_margin_bps=0))
    s.terms(**terms_row(0, 0, "ES", restrictions=8))
    s.model("bad name")
    s.model("clients", precision=1)
    s.model("clients")
    s.model("clients")
    s.model("more")
    s.client("a")
    s.state("ACTIVE", 5)
    s.run()
    s.instrument(**{**ES, "symbol": "LATE"})
    s.account(**account_row("late"))
    s.terms(**terms_row(0, 0, "ES"))


def real_time_has_no_tape(s: Session) -> None:
    """What a kernel on the machine's clock refuses."""
    s.create(clock=abi.NT_CLOCK_MONOTONIC, channels=1, instruments=1, accounts=1)
    s.client("a")
    s.subscribe("a")
    s.feed(trade(START_NS, 160_000))


SCRIPTS: tuple[Script, ...] = (orders_that_are_none, nothing_to_read, kernels_that_are_none, real_time_has_no_tape)

NUMBERS: tuple[tuple[Any, int, int], ...] = (
    *(
        (value, 2, 25)
        for value in (0, 1, -1, 1600, 1600.25, -1600.75, "1600.50", "1600.500", "+7", "-0", -0.0, 1e3, "1e3", "25e-2", ".25", "5.")
    ),
    *(
        (value, 2, 25)
        for value in (0.1, "0.10", "-0.50e-1", 1600.2500001, 1600.250000001, 1600.24999999, "1600.2500000001", 33_554_432.25, 5e-324)
    ),
    *(
        (value, 0, 1)
        for value in (2**51, -(2**51), 2**51 + 1, 2**51 - 1, 9007199254740992, "2251799813685248", "2251799813685249", 1e15, 0.5)
    ),
    *((value, 8, 1) for value in (0.1, 0.3, 1e-8, 1e-9, 22517998.13685248, 22517998.13685249, "22517998.13685248", 0.1 + 0.2, 1 / 3)),
    *((value, 15, 1) for value in (0.001, 2.251799813685248, 2.251799813685249, 1e-15, "0.000000000000001")),
    *((value, 3, 5) for value in (1.005, 1.004, 0.015, "1.0050", 1_000_000.005, 1_000_000_000.005, 2_251_799_813_685.245)),
    *((value, 1, 3) for value in (0.3, 0.6, 0.9, 1, 100_000_000.2, "99999999.9", -0.3, -0.2)),
    *((value, 2, 1) for value in ("", " ", "1 2", "--1", "1.2.3", "1e", "e5", "NaN", "Infinity", "1_000", "٣", "1e-400", "1e400")),
    *((value, 2, 1) for value in ("0." + "1" * 64, "1" * 65, "0" * 64, "1" * 60 + "e-59", "0.005", 0.005, 1e-100, 1e100)),
)


def _conversions() -> list[dict[str, Any]]:
    """Numbers to raw, and those that have none."""
    rows = []
    for value, decimals, step in NUMBERS:
        row: dict[str, Any] = {"value": plainly(value), "decimals": decimals, "step": step}
        try:
            row["raw"] = Converter(decimals, step, "price").raw(value)
        except InvalidArgument as error:
            row["error"] = refusal(error)
        rows.append(row)
    return rows


def vectors() -> dict[str, Any]:
    """Conversions and sessions."""
    return {"numbers": _conversions(), **of_sessions([play(script)[0] for script in SCRIPTS])}
