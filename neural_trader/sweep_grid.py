"""Grids of parameters: texts and sequences in, checked points out.

Everything that is wrong with a grid is said at once, with the names of the strategy's fields.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from neural_trader.errors import ConfigError, ConfigProblem, InvalidArgument
from neural_trader.loading import check_parameters
from neural_trader.numbers import exact, plain
from neural_trader.strategy import Strategy

__all__ = ["POINTS_MAX", "axis_values", "parse_axis", "points"]

POINTS_MAX: Final = 1_000_000


def parse_axis(text: str) -> tuple[str, str]:
    """Name and values of a text such as "enter=0.2:0.8:0.1". ConfigError when it is not of that form."""
    name, separator, values = text.partition("=")
    if not separator or not name.strip() or not values.strip():
        raise ConfigError([ConfigProblem("grid", f"{text!r}: write it as NAME=START:STOP:STEP, NAME=1,2,5 or NAME=JSON")])
    return name.strip(), values.strip()


def axis_values(text: str) -> list[Any]:
    """Values of an axis that is written as text.

    "0.2:0.8:0.1" counts in decimals from the first to the second, which is included and has to be met; "1,2,5" lists JSON values, or words;
    a JSON array gives its elements. InvalidArgument says what is wrong.
    """
    stripped = text.strip()
    if stripped.startswith("["):
        try:
            values = json.loads(stripped, parse_float=Decimal)
        except ValueError as error:
            raise InvalidArgument(f"{text!r} is not a JSON array: {error}") from error
        if isinstance(values, list):
            return values
    if stripped.count(":") == 2 and not stripped.startswith('"'):
        return _range(stripped)
    return [_scalar(part.strip()) for part in _split(stripped)]


def _split(text: str) -> list[str]:
    """Parts between the commas that are not inside of JSON text, arrays or objects."""
    parts, depth, quoted, begin = [], 0, False, 0
    for at, char in enumerate(text):
        if char == '"' and (at == 0 or text[at - 1] != "\\"):
            quoted = not quoted
        elif not quoted and char in "[{":
            depth += 1
        elif not quoted and char in "]}":
            depth -= 1
        elif not quoted and depth == 0 and char == ",":
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]


def _scalar(text: str) -> Any:
    if not text:
        raise InvalidArgument("there is nothing between two commas, or after the last")
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def _range(text: str) -> list[Any]:
    start, stop, step = (exact(part.strip(), "the range's number") for part in text.split(":"))
    if step == 0 or (stop - start) * step < 0:
        raise InvalidArgument(f"{text} never gets from {plain(start)} to {plain(stop)}; give a step that leads there")
    count, rest = divmod(abs(stop - start), abs(step))
    if count >= POINTS_MAX:
        raise InvalidArgument(f"{text} has more than {POINTS_MAX:,} values; use a larger step", limit=POINTS_MAX)
    if rest:
        last = start + count * step
        raise InvalidArgument(f"{text} does not meet its end; end it at {plain(last)} or {plain(last + step)}")
    values = [start + index * step for index in range(int(count) + 1)]
    whole = all("." not in part for part in text.split(":"))
    return [int(value) for value in values] if whole else values


def points(strategy: type[Strategy], grid: Mapping[str, Sequence[object] | str]) -> list[dict[str, Any]]:
    """Every combination of a grid, the last axis fastest, as JSON values of the strategy's field types.

    ConfigError lists every mistake: an empty grid or axis, a name that is no field, a value of another type, one that is not finite or
    given twice, a field without a value.
    """
    problems: list[ConfigProblem] = []
    axes: dict[str, list[Any]] = {}
    if not grid:
        problems.append(ConfigProblem("grid", f"is empty; give values of {_fields(strategy)}"))
    for name, values in grid.items():
        try:
            axes[name] = axis_values(values) if isinstance(values, str) else _listed(values)
        except InvalidArgument as error:
            problems.append(ConfigProblem(f"grid.{name}", str(error)))
    if problems:
        raise ConfigError(problems)
    firsts = {name: _fitting(strategy, name, values[0]) for name, values in axes.items()}
    checked: dict[str, list[Any]] = {}
    for name, values in axes.items():
        seen: dict[str, Any] = {}
        for value in values:
            found: list[ConfigProblem] = []
            fitted = check_parameters(strategy, {**firsts, name: _fitting(strategy, name, value)}, found)
            problems += [ConfigProblem(problem.path.replace("parameters", "grid", 1), problem.message) for problem in found]
            if name not in fitted:
                continue
            plain_value = msgspec.to_builtins(fitted[name])
            key = msgspec.json.encode(plain_value, order="deterministic").decode()
            if not _finite(plain_value):
                problems.append(ConfigProblem(f"grid.{name}", f"{value} is not a finite number"))
            elif key in seen:
                problems.append(ConfigProblem(f"grid.{name}", f"{value} is given twice; a trial that is repeated would count as two"))
            seen[key] = plain_value
        checked[name] = list(seen.values())
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    total = math.prod(len(values) for values in checked.values())
    if total > POINTS_MAX:
        raise ConfigError([ConfigProblem("grid", f"has {total:,} points, more than {POINTS_MAX:,}; give fewer values")])
    return [dict(zip(checked, chosen, strict=True)) for chosen in itertools.product(*checked.values())]


def _listed(values: Sequence[object]) -> list[Any]:
    if not isinstance(values, Sequence) or isinstance(values, bytes):
        raise InvalidArgument(f"must be a sequence of values or a text such as 0.2:0.8:0.1, not {type(values).__name__}")
    if not values:
        raise InvalidArgument("has no values; give one or more")
    return list(values)


def _fitting(strategy: type[Strategy], name: str, value: Any) -> Any:
    """A Decimal in the form that its field takes: itself, else the nearest float. What fits neither is left for the check to refuse."""
    kind = next((field.type for field in msgspec.structs.fields(strategy) if field.name == name), Any)
    if not isinstance(value, Decimal) or kind is Decimal:
        return value
    return float(value)


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(item) for item in value.values())
    return all(_finite(item) for item in value) if isinstance(value, list) else True


def _fields(strategy: type[Strategy]) -> str:
    return ", ".join(field.name for field in msgspec.structs.fields(strategy)) or f"{strategy.__name__}, which has no fields"
