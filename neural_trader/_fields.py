"""Checked structs: each field of a configuration struct carries the rule that converts and checks its value.

msgspec constructors do not validate and its decoder stops at the first error, so `checked` walks a struct or a mapping itself, converts
every field by its rule, and collects every problem with the dotted path of its key. bindings/node/generate_config.py reads the same rules
for the TypeScript package; texts are those of the file, whatever the language, and quote a value as a file has it.
"""

from __future__ import annotations

import datetime
import difflib
import json
import re
import typing
import zoneinfo
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

import msgspec
import numpy as np

from neural_trader.errors import ConfigProblem, InvalidArgument
from neural_trader.numbers import brief, exact

Problems = list[ConfigProblem]
S = TypeVar("S", bound=msgspec.Struct)

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}")
_SHOWN_MAX = 60  # characters of a text that an error quotes
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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


def quoted(value: str) -> str:
    """A text in quotes, cut where it is long."""
    shown = value if len(value) <= _SHOWN_MAX else f"{value[:_SHOWN_MAX]}…"
    return f"'{json.dumps(shown, ensure_ascii=False)[1:-1]}'"


def either(allowed: tuple[str, ...]) -> str:
    """Some words to choose from."""
    return " or ".join(f"'{word}'" for word in allowed)


def describe(value: object) -> str:
    """A value as a file has it, for an error text."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, int | float | Decimal | np.integer | np.floating):
        plain = value.item() if isinstance(value, np.generic) else value
        return brief(Decimal(repr(plain)) if isinstance(plain, float) else Decimal(plain))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "nothing" if value is None else "a table" if isinstance(value, Mapping) else f"a {type(value).__name__}"


# ---- rules ---------------------------------------------------------------------------------------------------------------------------


class Rule(ABC):
    """Checks and converts the value of a field. `kind` is its name in other languages, `takes` says in words what it accepts."""

    kind: str

    @property
    @abstractmethod
    def takes(self) -> str:
        """What it accepts."""

    @abstractmethod
    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """The value as it is kept, or REFUSED with a problem more."""


class Simple(Rule):
    """A rule without bounds: the function that `simple` decorates."""

    def __init__(self, check: Callable[[Any, str, Problems], Any], takes: str) -> None:
        self.kind = check.__name__.lstrip("_")
        self._check = check
        self._takes = takes

    @property
    def takes(self) -> str:
        """What it accepts."""
        return self._takes

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """As the function says."""
        return self._check(value, path, problems)


def simple(takes: str) -> Callable[[Callable[[Any, str, Problems], Any]], Simple]:
    """Make a function a rule, of the kind that it is named after."""
    return lambda check: Simple(check, takes)


@simple("a text")
def text(value: Any, path: str, problems: Problems) -> Any:
    """A string that is not empty."""
    return value if isinstance(value, str) and value else refuse(problems, path, f"must be a text, not {describe(value)}")


@simple("1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot")
def name(value: Any, path: str, problems: Problems) -> Any:
    """A name that the core accepts."""
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    return refuse(problems, path, f"must be {name.takes}, not {describe(value)}")


@simple("a currency code such as USD")
def currency(value: Any, path: str, problems: Problems) -> Any:
    """A currency code of 1 to 7 capital letters or digits."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{1,7}", value):
        return value
    return refuse(problems, path, f"must be {currency.takes}, not {describe(value)}")


@simple("two currency codes such as EUR/USD")
def currency_pair(value: Any, path: str, problems: Problems) -> Any:
    """Two currency codes, as EUR/USD."""
    if isinstance(value, str) and re.fullmatch(r"([A-Z0-9]{1,7})/(?!\1$)[A-Z0-9]{1,7}", value):
        return value
    return refuse(problems, path, f"must be {currency_pair.takes}, not {describe(value)}")


@simple("true or false")
def flag(value: Any, path: str, problems: Problems) -> Any:
    """True or false."""
    return value if isinstance(value, bool) else refuse(problems, path, f"must be true or false, not {describe(value)}")


@simple("a local time of day such as 17:00:00")
def local_time(value: Any, path: str, problems: Problems) -> Any:
    """A time of day without offset, in whole seconds; a text such as "17:00:00" is read."""
    moment = _of_text(datetime.time, _TIME, value)
    if not isinstance(moment, datetime.time) or moment.tzinfo is not None or moment.microsecond:
        return refuse(problems, path, f"must be {local_time.takes}, not {describe(value)}")
    return moment


@simple("a date such as 2013-09-02")
def local_date(value: Any, path: str, problems: Problems) -> Any:
    """A calendar date; a text such as "2013-09-02" is read."""
    day = _of_text(datetime.date, _DATE, value)
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        return refuse(problems, path, f"must be {local_date.takes}, not {describe(value)}")
    return day


def _of_text(kind: type[datetime.time] | type[datetime.date], pattern: re.Pattern[str], value: Any) -> Any:
    """A text of this form as a time or date, None when it is none; another value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return kind.fromisoformat(value) if pattern.fullmatch(value) else None
    except ValueError:
        return None


@simple("a time zone such as America/Chicago or UTC")
def time_zone(value: Any, path: str, problems: Problems) -> Any:
    """A name of the time zone database."""
    try:
        return str(zoneinfo.ZoneInfo(value))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return refuse(problems, path, f"must be {time_zone.takes}, not {describe(value)}")


@simple("a value of the strategy's")
def anything(value: Any, _path: str, _problems: Problems) -> Any:
    """No rule."""
    return value


class Choice(Rule):
    """One of some words."""

    kind = "choice"

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    @property
    def takes(self) -> str:
        """What it accepts."""
        return either(self.allowed)

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """The word."""
        if isinstance(value, str) and value in self.allowed:
            return value
        return refuse(problems, path, f"must be {self.takes}, not {describe(value)}")


class Words(Rule):
    """A list of one or more names, or of some words: an empty one would mean neither all nor none."""

    kind = "words"

    def __init__(self, *allowed: str) -> None:
        self.allowed = allowed

    @property
    def takes(self) -> str:
        """What it accepts."""
        return f"a list of {either(self.allowed) or 'names'}"

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """Each word once, as a tuple."""
        if not isinstance(value, list | tuple) or not value or not all(isinstance(item, str) and item for item in value):
            return refuse(problems, path, f"must be {self.takes}, not {describe(value)}")
        for item in value:
            if self.allowed and item not in self.allowed:
                return refuse(problems, path, f"must hold only {either(self.allowed)}, not {quoted(item)}")
        return tuple(dict.fromkeys(value))


def _is_whole(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    if isinstance(value, float | np.floating):
        return float(value).is_integer()
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


class Whole(Rule):
    """A whole number within bounds, however it is written: 5.0 is 5. Never a bool."""

    kind = "whole"

    def __init__(self, minimum: int, maximum: int) -> None:
        self.minimum, self.maximum = minimum, maximum

    @property
    def takes(self) -> str:
        """What it accepts."""
        return f"a whole number from {self.minimum} to {self.maximum}"

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """As an int."""
        if not _is_whole(value):
            return refuse(problems, path, f"must be a whole number, not {describe(value)}")
        if not self.minimum <= value <= self.maximum:
            return refuse(problems, path, f"must be {self.minimum} to {self.maximum}, not {describe(value)}")
        return int(value)


class Number(Rule):
    """A finite number, greater than `above` or at least `least`, at most `most`."""

    kind = "number"

    def __init__(self, *, above: int | None = None, least: int | None = None, most: int = 10**18) -> None:
        self.above, self.least, self.most = above, least, most

    @property
    def takes(self) -> str:
        """What it accepts."""
        bounds = [f"{word} {bound}" for word, bound in (("greater than", self.above), ("at least", self.least)) if bound is not None]
        return f"a number {' and '.join([*bounds, f'at most {self.most}'])}"

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """As a Decimal."""
        if isinstance(value, str):
            return refuse(problems, path, f"must be a number without quotes, not {describe(value)}")
        if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | Decimal | np.integer | np.floating):
            return refuse(problems, path, f"must be a number, not {describe(value)}")
        try:
            number = exact(value, "the value")
        except InvalidArgument as error:
            return refuse(problems, path, str(error))
        if self.above is not None and not number > self.above:
            return refuse(problems, path, f"must be greater than {self.above}, not {brief(number)}")
        if self.least is not None and number < self.least:
            return refuse(problems, path, f"must be at least {self.least}, not {brief(number)}")
        if abs(number) > self.most:
            return refuse(problems, path, f"must be at most {self.most}, not {brief(number)}")
        return number


class Nested(Rule):
    """A table with the fields of a struct, or such a struct."""

    kind = "nested"

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self.struct = struct

    @property
    def takes(self) -> str:
        """What it accepts."""
        return f"a table with {', '.join(rules_of(self.struct))}"

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """As a new struct."""
        return checked(self.struct, value, path, problems)


class Table(Rule):
    """A table of any keys; each key and each value by its rule."""

    kind = "table"

    def __init__(self, key: Rule, item: Rule) -> None:
        self.key, self.item = key, item

    @property
    def takes(self) -> str:
        """What it accepts."""
        return f"a table whose keys are {self.key.takes}, and each value {self.item.takes}"

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        """As a dict."""
        if not isinstance(value, Mapping):
            return refuse(problems, path, f"must be a table, not {describe(value)}")
        before = len(problems)
        pairs = [(self.key(key, join(path, key), problems), self.item(item, join(path, key), problems)) for key, item in value.items()]
        return REFUSED if len(problems) > before else dict(pairs)


# ---- structs -------------------------------------------------------------------------------------------------------------------------


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
