"""Write the conformance vectors: what the core answers, for every language and adapter to reproduce exactly.

    python tests/conformance/generate.py                  write every file
    python tests/conformance/generate.py orders models    write these only
    python tests/conformance/generate.py --check          exit 1 and show a diff where a file is not what the core answers now
    python tests/conformance/generate.py --check --directory DIR      the same of the files in another directory

Each module named in MODULES has `vectors()`, whose value becomes MODULE.json: one line a step. Integers beyond 2^53 are decimal strings,
bytes hexadecimal, in the order of memory. session.bin has what a C program replays of them; `binary` says how it is laid out.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
MODULES: Final = ("orders", "ticks", "errors", "models", "configurations")
BINARY: Final = "session.bin"
EXACT: Final = 2**53

sys.path[:0] = [str(HERE.parent / "python"), str(HERE)]


def portable(value: Any) -> Any:
    """As JSON readers with doubles for numbers take it exactly."""
    if isinstance(value, Mapping):
        return {str(key): portable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [portable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value


def rendered(value: Any, indent: str = "") -> str:
    """JSON with one line for whatever has no list of objects or lists in it."""
    inner = indent + " "
    if isinstance(value, Mapping) and any(map(_is_long, value.values())):
        items = [f"{json.dumps(key)}: {rendered(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{indent}}}"
    if _is_long(value):
        return "[\n" + ",\n".join(inner + rendered(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _is_long(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_is_long, value.values()))
    return isinstance(value, list) and len(value) > 1 and all(isinstance(item, Mapping | list) for item in value)


def made(names: Iterable[str]) -> dict[str, bytes]:
    """The files of some modules, by name."""
    files: dict[str, bytes] = {}
    for name in names:
        if not (HERE / f"{name}.py").exists():
            continue
        files[f"{name}.json"] = (rendered(portable(importlib.import_module(name).vectors())) + "\n").encode()
    if {"orders", "ticks", "models"} & set(names):
        binary = importlib.import_module("binary")
        files[BINARY] = binary.packed(importlib.import_module(name).recordings() for name in ("orders", "ticks", "models"))
    return files


def difference(name: str, found: bytes, wanted: bytes) -> str:
    """What is in a file and is not what the core answers, in at most 40 lines."""
    if name == BINARY:
        at = next((i for i, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), min(len(found), len(wanted)))
        return f"{name}: {len(found)} bytes, of which number {at} is the first to differ from the {len(wanted)} of now"
    lines: Sequence[str] = list(
        difflib.unified_diff(found.decode().splitlines(), wanted.decode().splitlines(), f"{name} as it is", f"{name} as answered now", n=1)
    )
    return "\n".join(line[:300] for line in lines[:40])


def main(arguments: Sequence[str]) -> int:
    """Write or check; the exit status."""
    parser = argparse.ArgumentParser(description="Write or check the conformance vectors.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; all unless given")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--directory", type=Path, default=HERE, help="where the files are")
    options = parser.parse_args(arguments)
    if unknown := set(options.modules) - set(MODULES):
        parser.error(f"there is no module {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    status = 0
    for name, wanted in made(options.modules or MODULES).items():
        path = options.directory / name
        found = path.read_bytes() if path.exists() else b""
        if found == wanted:
            continue
        status = 1 if options.check else 0
        if options.check:
            print(difference(name, found, wanted))
        else:
            path.write_bytes(wanted)
            print(f"{path}: {len(wanted):,} bytes")
    if status:
        print("these vectors are not what the core answers; where it is right, run python tests/conformance/generate.py")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
