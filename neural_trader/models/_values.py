"""Strict JSON, and what its values have to be: every refusal is an InvalidArgument that begins with the path of the value.

The functions take what `load` gives, and mappings and tuples where a caller hands over a description that was never text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

import numpy as np

from neural_trader._fields import NAME
from neural_trader.errors import InvalidArgument
from neural_trader.models._bounds import DEPTH_MAX, KEYS_MAX, NUMBER_BYTES_MAX

FLOAT32_MAX: Final = float(np.finfo(np.float32).max)


def refuse(path: str, text: str) -> NoReturn:
    """InvalidArgument: what is wrong, and where."""
    raise InvalidArgument(f"{path}: {text}")


def shown(value: object) -> str:
    """A value for an error text: short."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEYS_MAX:
        raise ValueError(f"an object has more than {KEYS_MAX} keys")
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {shown(next(key for key in keys if keys.count(key) > 1))} is there twice")
    return result


def _number_text(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def converted(text: str) -> Any:
        if len(text) > NUMBER_BYTES_MAX:
            raise ValueError(f"a number has {len(text)} characters; write it with at most {NUMBER_BYTES_MAX}")
        value = convert(text)
        if not math.isfinite(value):
            raise ValueError(f"{text} is too large for a double")
        return value

    return converted


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _examine(value: Any, path: str, depth: int) -> None:
    """Depth, and the characters of strings."""
    if isinstance(value, str):
        if "\0" in value:
            refuse(path, "no zero character may be in a string")
        try:
            value.encode()
        except UnicodeEncodeError:
            refuse(path, "half a surrogate pair is in a string")
    elif isinstance(value, dict | list):
        if depth == DEPTH_MAX:
            refuse(path, f"is nested deeper than {DEPTH_MAX}")
        for item in value:
            _examine(item, path, depth + 1)
        if isinstance(value, dict):
            for item in value.values():
                _examine(item, path, depth + 1)


def load(text: str, path: str) -> Any:
    """The value of a JSON text, within the bounds: no key twice, no NaN, no zero character, no half of a surrogate pair."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=_number_text(int),
            parse_float=_number_text(float),
            parse_constant=_no_constant,
        )
    except RecursionError:
        refuse(path, f"is nested deeper than {DEPTH_MAX}")
    except ValueError as error:
        raise InvalidArgument(f"{path}: {error}") from error
    _examine(value, path, 0)
    return value


# ---- values --------------------------------------------------------------------------------------------------------------------


def as_object(value: Any, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, Any]:
    """A mapping with all of the required keys and none beyond the optional ones."""
    if not isinstance(value, Mapping):
        refuse(path, f"must be an object, is {shown(value)}")
    known = (*required, *optional)
    for key in value:
        if key not in known:
            refuse(f"{path}.{str(key)[:40]}", f"unknown key; expected {', '.join(known) or 'none'}")
    for key in required:
        if key not in value:
            refuse(path, f"key {key!r} is missing")
    return value


def as_list(value: Any, path: str, most: int) -> Sequence[Any]:
    """A list of at most `most` items."""
    if not isinstance(value, list | tuple):
        refuse(path, f"must be a list, is {shown(value)}")
    if len(value) > most:
        refuse(path, f"there are {len(value)}; at most {most}")
    return value


def integer(value: Any, path: str, least: int, most: int) -> int:
    """A whole number of the range; True is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        refuse(path, f"must be a whole number without point or exponent, is {shown(value)}")
    if not least <= value <= most:
        refuse(path, f"must be {least} to {most}, is {value}")
    return value


def number(value: Any, path: str, *, negative: bool = False) -> float:
    """A number, from 0 on unless `negative`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(path, f"must be a number, is {shown(value)}")
    if value < 0 and not negative:
        refuse(path, f"must not be negative, is {value}")
    return float(value)


def float32(value: Any, path: str, *, positive: bool = False) -> float:
    """A number that is finite in float32, and with `positive` above 0 there."""
    given = number(value, path, negative=True)
    if not abs(given) <= FLOAT32_MAX:
        refuse(path, f"{given} is too large for float32")
    if positive and not np.float32(given) > 0:
        refuse(path, f"must be greater than 0 in float32, is {given}")
    return given


def word(value: Any, path: str, *known: str) -> str:
    """One of the words."""
    if not isinstance(value, str) or value not in known:
        refuse(path, f"must be {' or '.join(known)}, is {shown(value)}")
    return value


def name(value: Any, path: str) -> str:
    """A name as the core takes it."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        refuse(path, f"must be 1 to 31 characters of a-z A-Z 0-9 . _ - and not start with a dot, is {shown(value)}")
    return value


def _once(values: list[Any], path: str) -> list[Any]:
    for index, value in enumerate(values):
        if value in values[:index]:
            refuse(path, f"{value!r} is there twice")
    return values


def names(value: Any, path: str, most: int) -> list[str]:
    """A list of names without repeats."""
    return _once([name(item, f"{path}[{index}]") for index, item in enumerate(as_list(value, path, most))], path)


def words(value: Any, path: str, *known: str) -> list[str]:
    """A list of some of the words without repeats."""
    return _once([word(item, f"{path}[{index}]", *known) for index, item in enumerate(as_list(value, path, len(known)))], path)


# ---- arguments -----------------------------------------------------------------------------------------------------------------


def whole_number(value: Any, what: str, least: int, most: int) -> int:
    """An argument that is a whole number of the range, Python's or numpy's. InvalidArgument names it as `what`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InvalidArgument(f"{what} is {value!r}; give an integer from {least} to {most}")
    return int(value)
