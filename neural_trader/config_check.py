"""Everything that is wrong with a configuration at once, each with its key, the value that was seen and what the key takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final

import msgspec

from neural_trader import _fields as rule
from neural_trader.config import Config, examine, read_tables, split_symbol, symbols_refused
from neural_trader.errors import ConfigError, ConfigProblem, InvalidArgument, SourceError
from neural_trader.sources import instruments_of, nearest, recognised

__all__ = ["InvalidSetting", "inspect_config", "settings_refused", "validate_config"]

_SAMPLE: Final = "sample:"


class InvalidSetting(msgspec.Struct, frozen=True):
    """One thing wrong in a configuration.

    `path` is the dotted path of the key ("" for the configuration as a whole), `message` says what to do, `observed` is the value that the
    key has (None where it is absent), `allowed` what the key takes in words (None where that does not apply).
    """

    path: str
    message: str
    observed: Any
    allowed: str | None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def validate_config(config: Config | Mapping[str, Any] | str | PathLike[str]) -> list[InvalidSetting]:
    """Everything that is wrong with a Config, the tables of one, or a TOML file: empty when it is in order.

    Paths of files are checked too; those of a TOML file are relative to it. No market data are read and no strategy is loaded
    (`neural-trader check` does that). InvalidArgument when `config` is none of these.
    """
    if isinstance(config, Config | Mapping):
        return settings_refused(config, inspect_config(config)[1])
    if not isinstance(config, str | PathLike):
        raise InvalidArgument(f"config must be a Config, a mapping or the path of a TOML file, not {config!r}")
    try:
        tables = read_tables(config)
    except ConfigError as error:
        return settings_refused({}, error.errors)
    return settings_refused(tables, inspect_config(tables, Path(fspath(config)).parent)[1])


def _hint(file: str) -> str:
    near = nearest(file)
    return "give the path of a trade file or a sample" if near is None else f"did you mean {near}?"


def inspect_config(
    data: Config | Mapping[str, Any], directory: str | PathLike[str] | None = None
) -> tuple[Config | None, list[ConfigProblem]]:
    """The configuration as far as it is sound, and everything that is wrong with it, its source included."""
    config, problems = examine(data, directory)
    paths = {problem.path for problem in problems}
    source = config.source.path if config is not None else None
    if config is None or source is None or paths & {"source", "source.path"}:
        return config, problems
    files = [split_symbol(path)[1] for path in config.source.paths]
    missing = [file for file in files if not file.startswith(_SAMPLE) and not os.path.exists(file) and recognised(file) is None]
    if missing:
        texts = (f"there is no file {file}; {_hint(file)}" for file in missing)
        return config, [*problems, *(ConfigProblem("source.path", text) for text in texts)]
    if not any(path.partition(".")[0] == "instruments" for path in paths):
        try:
            instruments = instruments_of(source, config)
        except SourceError as error:
            problems = [*problems, ConfigProblem("source", str(error))]
        else:
            if config.source.brings_instruments and not {"limits", "venues"} & paths:
                problems = [*problems, *symbols_refused(config, instruments)]
    return config, problems


def settings_refused(data: Config | Mapping[str, Any], problems: list[ConfigProblem]) -> list[InvalidSetting]:
    """Problems with what the keys of `data` hold and what they take."""
    found = []
    for path, text in problems:
        allowed = _allowed(rule.Nested(Config), data, path) if path else None
        message = f"{text}; set it to {allowed}" if text == "is missing" and allowed else text
        found.append(InvalidSetting(path, message, _observed(data, path) if path else None, allowed))
    return found


# ---- what a key has and takes --------------------------------------------------------------------------------------------------------


def _items(value: object) -> Mapping[Any, Any]:
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return value if isinstance(value, Mapping) else {}


def _split(path: str, keys: Mapping[Any, Any]) -> tuple[Any, str]:
    """The key that a path begins with, and the rest: keys such as BRK.B have dots themselves."""
    fitting = [key for key in keys if f"{path}.".startswith(f"{key}.")]
    if not fitting:
        first, _, rest = path.partition(".")
        return first, rest
    key = max(fitting, key=lambda candidate: len(str(candidate)))
    return key, path[len(str(key)) + 1 :]


def _observed(value: Any, path: str) -> Any:
    while path:
        items = _items(value)
        key, path = _split(path, items)
        if key not in items:
            return None
        value = items[key]
    return value


def _allowed(expected: rule.Rule, value: Any, path: str) -> str | None:
    """What the key at a path takes, from the rule of the table that it is in."""
    if not path:
        return expected.takes
    items = _items(value)
    if isinstance(expected, rule.Nested):
        rules = rule.rules_of(expected.struct)
        key, rest = _split(path, rules)
        if key not in rules:
            return f"one of {', '.join(rules)}"
        return _allowed(rules[key], items.get(key), rest)
    if isinstance(expected, rule.Table):
        key, rest = _split(path, items)
        return _allowed(expected.item, items.get(key), rest)
    return None
