"""Which strategy a run was of: its class, where that is from, a hash of its code, and its parameters."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgspec

from neural_trader.loading import MODULE_PREFIX
from neural_trader.strategy import Strategy
from neural_trader.sweep_code import code_of

__all__ = ["StrategyIdentity", "identity_of"]

_LENGTH: Final = 200  # of the text of a parameter
_codes: WeakKeyDictionary[type[Strategy], tuple[str | None, dict[str, str], str | None]] = WeakKeyDictionary()


class StrategyIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy as a run began with it.

    `name` is the qualified name of its class and `module` the module that holds it, None for a file that was loaded by its path; `file` is
    that file, None for a class that is in none (typed into an interpreter). `files` has the SHA-256 of the file and of every file of the
    user's own that it imports, by the path from its directory, and `source_sha256` is the hash of all of it, or of the class's text where
    there is no file; None where there is no source to see. `parameters` are its fields, as texts.
    """

    name: str
    module: str | None
    file: str | None
    files: dict[str, str]
    source_sha256: str | None
    parameters: dict[str, str]


def identity_of(strategy: Strategy) -> StrategyIdentity:
    """The identity of a strategy with its parameters as they are now. The code of a class is looked at once in a process."""
    kind = type(strategy)
    if kind not in _codes:
        _codes[kind] = _code(kind)
    file, files, digest = _codes[kind]
    return StrategyIdentity(
        name=kind.__qualname__,
        module=None if kind.__module__.startswith(MODULE_PREFIX) else kind.__module__,
        file=file,
        files=dict(files),
        source_sha256=digest,
        parameters={name: _text(value) for name, value in msgspec.structs.asdict(strategy).items()},
    )


def _code(kind: type[Strategy]) -> tuple[str | None, dict[str, str], str | None]:
    try:
        file = inspect.getsourcefile(kind)
        if file is not None and Path(file).is_file():
            files = code_of([file])
            whole = "".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items()))
            return str(Path(file).absolute()), files, hashlib.sha256(whole.encode()).hexdigest()
        return None, {}, hashlib.sha256(inspect.getsource(kind).encode()).hexdigest()
    except (OSError, TypeError):
        return None, {}, None


def _text(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"
