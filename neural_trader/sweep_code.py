"""The code of a strategy: the file of its class and bases, and every file of the user's own that these import, with a hash of each."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

__all__ = ["changed_files", "code_of", "local_files"]

_OWN: Final = Path(__file__).resolve().parent
_INSTALLED: Final = ("site-packages", "dist-packages")
_SYSTEM: Final = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))


def code_of(sources: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each of the files and of every local file that they import, by its path from the directory of the first."""
    files = local_files(sources)
    return {os.path.relpath(file, files[0].parent): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def changed_files(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Names of the files that are not the same in both, in order."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def local_files(sources: Iterable[str]) -> list[Path]:
    """The files, and after them what their import statements reach, wherever in a file they stand, without running anything. What is
    installed, of Python itself or of this library is not followed. An import by a name that is computed is not seen."""
    importlib.invalidate_caches()
    found = dict.fromkeys(Path(source).resolve() for source in sources)
    waiting = list(found)
    path = [*sys.path, *(str(file.parent) for file in waiting)]  # as a worker looks for them
    while waiting:
        for file in _imported(waiting.pop(0), path):
            if file not in found and _is_local(file):
                found[file] = None
                waiting.append(file)
    return list(found)


def _is_local(file: Path) -> bool:
    if not file.is_file() or file.is_relative_to(_OWN) or any(part in _INSTALLED for part in file.parts):
        return False
    return not any(file.is_relative_to(directory) for directory in _SYSTEM)


def _imported(file: Path, path: list[str]) -> Iterator[Path]:
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # the import itself says what is wrong with it
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(alias.name, path)
        elif isinstance(node, ast.ImportFrom):
            where = path if node.level == 0 else [str(file.parents[node.level - 1])]
            for alias in node.names:
                yield from _files_of(".".join(part for part in (node.module, alias.name) if part), where)


def _files_of(name: str, path: list[str]) -> Iterator[Path]:
    """The files of a dotted name, its packages first, as far as they are found; a last part that is no module is a name in one."""
    where: list[str] | None = path
    for number, part in enumerate(name.split("."), 1):
        try:
            specification = PathFinder.find_spec(part, where)
        except (ImportError, ValueError):
            return
        if specification is None:
            loaded = sys.modules.get(".".join(name.split(".")[:number])) if where is path else None
            if loaded is None or getattr(loaded, "__file__", None) is None:
                return
            yield Path(str(loaded.__file__)).resolve()
            where = list(getattr(loaded, "__path__", ())) or None
        else:
            if specification.origin is not None and specification.has_location:
                yield Path(specification.origin).resolve()
            where = None if specification.submodule_search_locations is None else list(specification.submodule_search_locations)
        if where is None:
            return
