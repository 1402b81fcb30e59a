"""Checked structs: each field of a configuration struct carries the rule that converts and checks its value.

msgspec constructors do not validate and its decoder stops at the first error, so `checked` walks a struct or a mapping itself, converts
every field by its rule, and collects every problem with the dotted path of its key.
"""

from __future__ import annotations

import datetime
import difflib
import re
import typing
import zoneinfo
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec
import numpy as np

from neural_trader.errors import ConfigProblem, InvalidArgument
from neural_trader.numbers import exact, plain

Problems = list[ConfigProblem]
Rule = Callable[[Any, str, Problems], Any]
S = TypeVar("S", bound=msgspec.Struct)

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}")


class _Refused:
    """Stands for a value that was refused; the problem is on the list."""


REFUSED: Any = _Refused()


def refuse(problems: Problems, path: str, message: str) -> Any:
    """Note a problem; returns REFUSED so that a rule can return the call."""
    problems.append(ConfigProblem(path, message))
    return REFUSED


def join(path: str, key: object) -> str:
    """Dotted path of a key below `path`."""
    return f"{path}.{key}" if path else str(key)


def describe(value: object) -> str:
    """A value and its kind for an error text."""
    text = repr(value) if not isinstance(value, Decimal | datetime.date | datetime.time) else str(value)
    return f"{text[:60]} ({'table' if isinstance(value, Mapping) else type(value).__name__})"


def checked(kind: type[S], data: object, path: str, problems: Problems) -> S | Any:
    """A new `kind` from an instance or a mapping, every field converted by its rule. REFUSED when any of it was."""
    if isinstance(data, kind):
        given: Mapping[Any, Any] = {name: getattr(data, name) for name in kind.__struct_fields__}
    elif isinstance(data, Mapping):
        given = data
    else:
        return refuse(problems, path, f"must be a table, not {describe(data)}")
    rules = rules_of(kind)
    before = len(problems)
    for key in given:
        if key not in rules:
            near = difflib.get_close_matches(str(key), rules, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(rules)}"
            refuse(problems, join(path, key), f"unknown key; {hint}")
    values = {}
    for field in msgspec.structs.fields(kind):
        if field.name in given:
            value, rule = given[field.name], rules[field.name]
            absent = value is None and field.default is None
            values[field.name] = None if absent else rule(value, join(path, field.name), problems)
        elif field.required:
            refuse(problems, join(path, field.name), "is missing")
    return REFUSED if len(problems) > before else kind(**values)


@cache
def rules_of(kind: type[msgspec.Struct]) -> dict[str, Rule]:
    """The rule of each field, from its annotation."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name].__metadata__[0] for name in kind.__struct_fields__}


def text(value: Any, path: str, problems: Problems) -> Any:
    """A string that is not empty."""
    return value if isinstance(value, str) and value else refuse(problems, path, f"must be a text, not {describe(value)}")


def name(value: Any, path: str, problems: Problems) -> Any:
    """A name that the core accepts."""
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    return refuse(problems, path, f"must be 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot, not {describe(value)}")


def currency(value: Any, path: str, problems: Problems) -> Any:
    """A currency code of 1 to 7 capital letters or digits."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{1,7}", value):
        return value
    return refuse(problems, path, f"must be a currency code such as USD, not {describe(value)}")


def currency_pair(value: Any, path: str, problems: Problems) -> Any:
    """Two currency codes, as EUR/USD."""
    if isinstance(value, str) and re.fullmatch(r"([A-Z0-9]{1,7})/(?!\1$)[A-Z0-9]{1,7}", value):
        return value
    return refuse(problems, path, f"must be two currency codes such as EUR/USD, not {describe(value)}")


def choice(*allowed: str) -> Rule:
    """One of some words."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, str) and value in allowed:
            return value
        return refuse(problems, path, f"must be {' or '.join(map(repr, allowed))}, not {describe(value)}")

    return rule


def words(*allowed: str) -> Rule:
    """A list of one or more names, or of some words: an empty one would mean neither all nor none."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, list | tuple) or not value or not all(isinstance(item, str) and item for item in value):
            return refuse(problems, path, f"must be a list of {' or '.join(map(repr, allowed)) or 'names'}, not {describe(value)}")
        for item in value:
            if allowed and item not in allowed:
                return refuse(problems, path, f"must hold only {' or '.join(map(repr, allowed))}, not {item!r}")
        return tuple(dict.fromkeys(value))

    return rule


def flag(value: Any, path: str, problems: Problems) -> Any:
    """True or false."""
    return value if isinstance(value, bool) else refuse(problems, path, f"must be true or false, not {describe(value)}")


def whole(minimum: int, maximum: int) -> Rule:
    """An integer within bounds; never a bool or a float."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            return refuse(problems, path, f"must be a whole number, not {describe(value)}")
        if not minimum <= value <= maximum:
            return refuse(problems, path, f"must be {minimum} to {maximum}, not {value}")
        return int(value)

    return rule


def amount(*, above: int | None = None, least: int | None = None, most: int = 10**18) -> Rule:
    """A finite number as Decimal, greater than `above` or at least `least`, at most `most`."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        if isinstance(value, str):
            return refuse(problems, path, f"must be a number without quotes, not {describe(value)}")
        try:
            number = exact(value, "the value")
        except InvalidArgument as error:
            return refuse(problems, path, str(error))
        if above is not None and not number > above:
            return refuse(problems, path, f"must be greater than {above}, not {plain(number)}")
        if least is not None and number < least:
            return refuse(problems, path, f"must be at least {least}, not {plain(number)}")
        if abs(number) > most:
            return refuse(problems, path, f"must be at most {most}, not {number:.12g}")
        return number

    return rule


def local_time(value: Any, path: str, problems: Problems) -> Any:
    """A time of day without offset, in whole seconds; a text such as "17:00:00" is read."""
    try:
        moment = datetime.time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if not isinstance(moment, datetime.time) or moment.tzinfo is not None or moment.microsecond:
        return refuse(problems, path, f"must be a local time of day such as 17:00:00, not {describe(value)}")
    return moment


def local_date(value: Any, path: str, problems: Problems) -> Any:
    """A calendar date; a text such as "2013-09-02" is read."""
    try:
        day = datetime.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        return refuse(problems, path, f"must be a date such as 2013-09-02, not {describe(value)}")
    return day


def time_zone(value: Any, path: str, problems: Problems) -> Any:
    """A name of the time zone database."""
    try:
        return str(zoneinfo.ZoneInfo(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return refuse(problems, path, f"must be a time zone such as America/Chicago or UTC, not {describe(value)}")


def nested(kind: type[msgspec.Struct]) -> Rule:
    """A struct or table of `kind`."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        return checked(kind, value, path, problems)

    return rule


def mapping(key_rule: Rule, value_rule: Rule) -> Rule:
    """A table; each key and each value by its rule."""

    def rule(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            return refuse(problems, path, f"must be a table, not {describe(value)}")
        before = len(problems)
        pairs = [(key_rule(key, join(path, key), problems), value_rule(item, join(path, key), problems)) for key, item in value.items()]
        return REFUSED if len(problems) > before else dict(pairs)

    return rule


def anything(value: Any, _path: str, _problems: Problems) -> Any:
    """No rule."""
    return value
