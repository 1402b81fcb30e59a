"""Strategies from files: "flow.py:Flow" and parameters in, an instance out."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

import msgspec

from neural_trader.errors import ConfigError, ConfigProblem
from neural_trader.strategy import Strategy

__all__ = ["MODULE_PREFIX", "load_strategy", "strategy_class"]

MODULE_PREFIX: Final = "neural_trader_strategy_"  # of the modules that strategies are loaded as


def load_strategy(spec: str, parameters: Mapping[str, Any] | None = None) -> Strategy:
    """The strategy of "file.py:Class", or of "file.py" when it holds one, with its fields set from `parameters`.

    ConfigError lists everything that is wrong: the file, the class, and each parameter that it does not have or that has another type.
    """
    kind = strategy_class(spec)
    problems: list[ConfigProblem] = []
    values = check_parameters(kind, parameters or {}, problems)
    if problems:
        raise ConfigError(problems, spec)
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ConfigError([ConfigProblem("parameters", str(error))], spec) from error


def strategy_class(spec: str) -> type[Strategy]:
    """The class that a text such as "flow.py:Flow" or "flow.py" names."""
    file, separator, name = spec.rpartition(":")
    if not separator:
        file, name = spec, ""
    if not file.endswith(".py") or (separator and not name.isidentifier()):
        _refuse(f'must be "file.py:Class" or "file.py", not {spec!r}')
    module = _module(Path(file))
    found = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Strategy) and value.__module__ == module.__name__
    }
    if name:
        if name in found:
            return found[name]
        near = difflib.get_close_matches(name, found, n=1)
        hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(found)}" if found else ""
        _refuse(f"{file} has no strategy {name}{hint}")
    if not found:
        _refuse(f"{file} has no class derived from Strategy")
    if len(found) > 1:
        _refuse(f"which of {', '.join(found)} is it? Write {file}:{next(iter(found))}")
    return next(iter(found.values()))


def _module(path: Path) -> ModuleType:
    """Execute a file as a module of its own. What it imports from its directory is found there."""
    path = path.absolute()
    name = f"{MODULE_PREFIX}{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    if not path.is_file():
        _refuse(f"there is no file {path}")
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # annotations of its classes are resolved through it
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    try:
        specification.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = _line_in(path, error)
        place = f"{path}:{line}" if line is not None else str(path)
        raise ConfigError([ConfigProblem("strategy", f"{place} cannot be loaded: {type(error).__name__}: {error}")]) from error
    return module


def _line_in(path: Path, error: Exception) -> int | None:
    """The last line of the file that an error passed through."""
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def check_parameters(kind: type[Strategy], given: Mapping[str, Any], problems: list[ConfigProblem]) -> dict[str, Any]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        field = fields.get(name)
        if field is None:
            near = difflib.get_close_matches(name, fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(fields)}" if fields else "; it has none"
            problems.append(ConfigProblem(f"parameters.{name}", f"{kind.__name__} has no such parameter{hint}"))
            continue
        try:
            values[name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            problems.append(ConfigProblem(f"parameters.{name}", f"{str(error).replace('`', '')}; it is {value!r}"))
    for name, field in fields.items():
        if field.required and name not in given:
            problems.append(ConfigProblem(f"parameters.{name}", f"is missing; {kind.__name__} needs it"))
    return values


def _refuse(message: str) -> NoReturn:
    raise ConfigError([ConfigProblem("strategy", message)])
