"""The page of the checks, from the C header and the C sources that decide them.

The header says which checks, reasons and units there are, the sources which check gives which reason and what it counts. What a trader
does about a reason is written here; a reason without such a text, and a text without its reason, stop the generator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from neural_trader._native import abi
from neural_trader.config import Config, Limits
from neural_trader.config_limits import describe_limits

__all__ = ["checks_page"]

_SOURCES: Final = ("validate.c", "order_types.c")
_FUNCTION = re.compile(r"^(?:static |inline |int |void |uint16_t |int64_t )[^;{}]*?\b(\w+)\([^;{}]*\) \{\n(.*?)^\}", re.M | re.S)
_VERDICT = re.compile(r"\b(?:deny|deny_wide|refuse)\((verdict,[^;]*);", re.S)

_TITLES: Final[Mapping[str, str]] = {
    "WELL_FORMED": "Every field of the record has a meaning, and the account exists.",
    "TRADING_STATE": "The account is ACTIVE, or it is REDUCING and the order can only reduce.",
    "SESSION": "The instrument exists and its session is open.",
    "RESTRICTED": "The account may trade this side, this order type and this time in force; sells cover no more than is held.",
    "DUPLICATE": "The id is greater than every id that this client has used.",
    "ORDER_AGE": "The client's time stamp is not older, and not further ahead, than allowed.",
    "QUANTITY": "Positive, at least the minimum, at most the maximum, whole lots.",
    "PRICE": "Positive, whole ticks, at most `max_price`; the trigger too.",
    "EXPIRY": "A GTD order has an expiry, and it is in the future.",
    "FRESHNESS": "There is a sound quote, and it is young enough.",
    "COLLAR": "The limit price is near the market: from the opposite side of the quote if it would take, else from the middle.",
    "NOTIONAL": "Price times quantity times multiplier is at most the limit. A market order is priced at the worse side plus slippage.",
    "MINIMUM_NOTIONAL": "Price times quantity times multiplier is at least the limit; reduce-only orders may be smaller.",
    "OPEN_ORDERS": "The account has room for one more open order.",
    "POSITION": "The position stays within the limit even when everything that works on this side fills.",
    "REDUCE_ONLY": "A reduce-only order, with the others that work, closes no more than is open.",
    "EXPOSURE": "The sums over all instruments stay within their limits.",
    "BUYING_POWER": "The margin and the worst fee of what works and is held are free in the account.",
    "RATE": "New orders and replaces, and apart from them cancels, come no faster than allowed.",
    "REPEATED": "Not too many orders alike, and not too many fills, within a window.",
    "DAILY_VALUE": "The value of all orders accepted in the trading day stays within the limit.",
    "DAILY_LOSS": "The day's loss has not reached its limit. When it does, the account is HALTED and its working orders are cancelled.",
    "SELF_TRADE": "The order does not meet a working order of its own account.",
    "POST_ONLY": "A post-only order rests. The venue looks again when it arrives.",
}

_ADVICE: Final[Mapping[str, str]] = {
    "MALFORMED": "A field is outside its range or does not fit the order type, such as post-only on a market order. Look at the page on "
    "[order types](order_types.md), from C at the contract of `nt_order`.",
    "UNKNOWN_ACCOUNT": "Name an account of the configuration.",
    "TRADING_HALTED": "Find out who halted and why (`neural-trader top NAME`), then `neural-trader resume NAME`.",
    "TRADING_STATE_REDUCING": "Send only what closes the position, or set the state to ACTIVE.",
    "INSTRUMENT_NOT_FOUND": "Use a symbol of the configuration.",
    "MARKET_CLOSED": "Wait for the session, or correct `session` of the instrument.",
    "INSTRUMENT_HALTED": "Wait until trading goes on.",
    "DUPLICATE_CLIENT_ORDER_ID": "Let the library choose ids, or send greater ones.",
    "ORDER_SLOT_TAKEN": "Take the next id: an open order holds the slot of this one.",
    "QUANTITY_NOT_POSITIVE": "Send a quantity above zero; the side says the direction.",
    "QUANTITY_BELOW_MINIMUM": "Send at least the instrument's minimum.",
    "QUANTITY_EXCEEDS_MAXIMUM": "Split the order, or raise `max_order_quantity`.",
    "LOT_SIZE_VIOLATION": "Round to whole lots.",
    "PRICE_NOT_POSITIVE": "Send a price above zero.",
    "PRICE_EXCEEDS_MAXIMUM": "The price looks like a mistake; else raise `max_price` of the instrument.",
    "TICK_SIZE_VIOLATION": "Round to whole ticks.",
    "MARKET_PRICE_UNAVAILABLE": "There is no sound quote to judge by: wait for one, or see why the feed gives none.",
    "STALE_MARKET_DATA": "The feed is late or the market is quiet; else raise `max_quote_age_ms`.",
    "PRICE_COLLAR": "Move the price to `limit` or nearer to the market.",
    "NOTIONAL_EXCEEDS_MAXIMUM": "Send less, or raise `max_order_notional`.",
    "FX_RATE_UNAVAILABLE": "The account's currency is not the instrument's: use an account in the instrument's currency.",
    "TOO_MANY_OPEN_ORDERS": "Cancel some, or raise `max_open_orders`.",
    "POSITION_LIMIT_EXCEEDED": "Count what works (`client.position(symbol).projected`) before you send, or raise `max_position`.",
    "RATE_LIMIT_EXCEEDED": "Send less often. A denied request uses up nothing.",
    "DAILY_LOSS_LIMIT": "Trading has ended for the account. `neural-trader resume NAME` after a decision of yours.",
    "UNKNOWN_ORDER": "The order is none of this client's, or it ended so long ago that its slot was used again.",
    "TOO_LATE": "The order had already ended, or a trigger had already fired.",
    "PENDING_REQUEST": "Wait for the answer to the request before.",
    "NO_PRINT": "An IOC or FOK order could not trade (FOK: not wholly). This is its normal end.",
    "SESSION_CLOSED": "A DAY order ended with its session. Use GTC to keep one.",
    "USER_REQUEST": "You cancelled it.",
    "KILL_SWITCH": "A halt cancelled it.",
    "CLIENT_DEATH": "Its client left or was killed; its working orders go with it.",
    "QUANTITY_BELOW_FILLED": "A replace has to ask for more than has traded.",
    "RESTRICTED_INSTRUMENT": "The symbol is on `no_buy` or `no_sell`.",
    "SHORT_SALE_RESTRICTED": "Sell at most what is held less what other sells work for.",
    "ORDER_TYPE_NOT_PERMITTED": "Use a type of `allowed_order_types` and a time in force of `allowed_times_in_force`.",
    "ORDER_TOO_OLD": "It waited too long, or the client's clock is ahead: look at the market and send it again.",
    "NOTIONAL_BELOW_MINIMUM": "Send more, or mark it reduce-only where it closes a position.",
    "GROSS_EXPOSURE_EXCEEDED": "Close something, or raise `max_gross_exposure`.",
    "OPEN_NOTIONAL_EXCEEDED": "Cancel something, or raise `max_open_notional`.",
    "INSUFFICIENT_BUYING_POWER": "`observed` is what the order needs, `limit` what is free: send less or close something.",
    "DUPLICATIVE_ORDER": "Look for a loop that sends the same order again and again.",
    "REPEATED_EXECUTION": "Look for a loop that trades again and again. It passes with its window, or with `neural-trader resume`.",
    "DAILY_VALUE_EXCEEDED": "The day's value is used up; cancels give nothing back.",
    "SELF_TRADE_PREVENTED": "Cancel your order on the other side first, or choose another `self_trade`.",
    "LINKED_ORDER": "An order that it hangs together with traded or ended.",
    "UNKNOWN_LIST": "`oco` and `bracket` name an open order of the same client, account and symbol that hangs on no other.",
    "POST_ONLY_WOULD_CROSS": "Move the price behind the quote.",
    "REDUCE_ONLY_WOULD_INCREASE_POSITION": "Send at most what is open, less what other reduce-only orders work for.",
    "EXPIRE_TIME_MISSING": "Give `expire_ns` with GTD.",
    "EXPIRE_TIME_IN_PAST": "Give a later `expire_ns`, in the kernel's time (`client.now_ns`).",
    "EXPIRE_TIME": "A GTD order ended at its time.",
}

_ENDS: Final = "request or end"


class _Verdict(NamedTuple):
    check: str
    reason: str
    unit: str


def _verdicts(sources: Path) -> list[_Verdict]:
    """Every (check, reason, unit) that the sources can decide, in the order of the text."""
    found: dict[_Verdict, None] = {}
    for name in _SOURCES:
        functions = dict(_FUNCTION.findall((sources / name).read_text(encoding="utf-8")))
        for body in functions.values():
            found |= dict.fromkeys(_decided(body))
            if "is_valued(" in body:
                shared = _decided(functions["is_valued"], set(re.findall(r"NT_CHECK_(\w+)", body)))
                found |= dict.fromkeys(shared)
    return list(found)


def _decided(body: str, checks: set[str] | None = None) -> Iterator[_Verdict]:
    for call in _VERDICT.findall(body):
        named = set(re.findall(r"NT_CHECK_(\w+)", call)) or checks or set()
        units = re.findall(r"NT_UNIT_(\w+)", call)
        for check in sorted(named, key=lambda name: abi.Check[name]):
            for reason in re.findall(r"NT_REASON_(\w+)", call):
                yield _Verdict(check, reason, units[0].lower() if units else "")


def _sequence(sources: Path) -> str:
    """Numbers of the checks in the order in which nt_validate_new calls them."""
    functions = {key: body for name in _SOURCES for key, body in _FUNCTION.findall((sources / name).read_text(encoding="utf-8"))}
    call = re.compile(r"NT_CHECK_(\w+)|\b(" + "|".join(functions) + r")\(")

    def walk(name: str) -> list[int]:
        found: list[int] = []
        for check, inner in call.findall(functions[name]):
            found += [abi.Check[check].value] if check else walk(inner)
        return found if name == "nt_validate_new" else list(dict.fromkeys(found))

    numbers = walk("nt_validate_new")
    return ", ".join(str(number) for i, number in enumerate(numbers) if i == 0 or numbers[i - 1] != number)


def _fix_reasons(sources: Path) -> dict[str, int]:
    """FIX 103 of each reason, from the switch that decides it; 99 (other) where none is named."""
    text = (sources / "validate.c").read_text(encoding="utf-8")
    body = text[text.index("uint16_t nt_reason_fix") :]
    found: dict[str, int] = {}
    waiting: list[str] = []
    for reason, code in re.findall(r"case NT_REASON_(\w+):|return (\d+);", body):
        if reason:
            waiting.append(reason)
        else:
            found |= dict.fromkeys(waiting, int(code))
            waiting = []
    return {item.name: found.get(item.name, 99) for item in abi.Reason}


def checks_page(root: Path) -> str:
    """The page, from the sources below `root`. ValueError when a check or a reason is not described here, or no longer exists."""
    reasons, checks = [item.name for item in abi.Reason], [item.name for item in abi.Check]
    for what, names, texts in (("reason", reasons, _ADVICE), ("check", checks, _TITLES)):
        if missing := sorted(set(names) ^ set(texts)):
            raise ValueError(f"generate_checks.py and neural_trader.h differ in the {what}s {', '.join(missing)}")
    verdicts = _verdicts(root / "csrc")
    if silent := sorted(set(checks) - {verdict.check for verdict in verdicts}):
        raise ValueError(f"no source decides the checks {', '.join(silent)}")
    fix = _fix_reasons(root / "csrc")
    limits: dict[str, list[str]] = {}
    for row in describe_limits(Config(name="x")):
        if row.name in Limits.__struct_fields__:
            limits.setdefault(abi.Check(row.check).name, []).append(row.name)
    lines = [
        "# The checks",
        "",
        "The first check that fails denies a new order. The report names the check, the reason, what was observed and what is allowed.",
        "A check whose input is missing denies. A replace meets the same checks with what it adds. A cancel meets only its rate.",
        "How limits behave is on the page [limits](limits.md).",
        "",
        f"A new order meets them in this sequence: {_sequence(root / 'csrc')}.",
        "Some appear twice, because parts of them need different inputs.",
        "",
        "| number | check | limit | denied as |",
        "|---|---|---|---|",
    ]
    for name in checks:
        given = ", ".join(f"`{limit}`" for limit in limits.get(name, [])) or "always on"
        denied = ", ".join(dict.fromkeys(f"`{verdict.reason}`" for verdict in verdicts if verdict.check == name))
        lines.append(f"| {abi.Check[name]} | {name.lower().replace('_', ' ')}: {_TITLES[name]} | {given} | {denied} |")
    lines += [
        "",
        "## The reasons",
        "",
        "The number is that of a report's `reason`. FIX is tag 103, OrdRejReason. The unit is that of `observed` and `limit`.",
        "Reasons without a check answer a replace or a cancel, or say why an order ended.",
        "",
        "| reason | number | check | unit | FIX 103 | what to do |",
        "|---|---|---|---|---|---|",
    ]
    for name in reasons:
        mine = [verdict for verdict in verdicts if verdict.reason == name]
        numbers = ", ".join(dict.fromkeys(str(int(abi.Check[verdict.check])) for verdict in mine)) or _ENDS
        units = ", ".join(dict.fromkeys(verdict.unit for verdict in mine if verdict.unit)) or "none"
        lines.append(f"| `{name}` | {int(abi.Reason[name])} | {numbers} | {units} | {fix[name]} | {_ADVICE[name]} |")
    return "\n".join(lines) + "\n"
