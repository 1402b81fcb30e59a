"""What runs here: the versions of the package, its C library and what it stands on."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np

from neural_trader._native import MODE, NativeLibraryError, lib, library_path

__all__ = ["get_version"]

_DISTRIBUTION: Final = "neural-trader"
_DEVELOPMENT: Final = frozenset({"bench", "dev", "docs", "test"})  # extras for work on the package itself
_COMPILER: Final = re.compile(rb"(GCC: \([^\0]{1,100}|[^\0]{0,40}clang version [^\0]{1,100})\0")  # as compilers sign what they make
_EXTRA: Final = re.compile(r"""^\s*([A-Za-z0-9._-]+).*\bextra\s*==\s*['"]([^'"]+)['"]""")


def get_version() -> dict[str, Any]:
    """What runs here. Nothing is assumed: what cannot be found out is None.

    Keys: `version` of the package; `abi_version` (int) and `layout_hash` (16 hexadecimal digits) of the loaded C library; `library_path` of
    the shared library that this process has loaded, `binding` ("api" or "abi", the way of cffi into it) and the `compiler` that signed it;
    `platform`, `python` and `numpy`; `extras`, the optional distributions by name with their version, None for one that is not installed.
    """
    path = _library()
    return {
        "version": _version(_DISTRIBUTION),
        "abi_version": int(lib.nt_abi_version()),
        "layout_hash": f"{int(lib.nt_layout_hash()):016x}",
        "library_path": str(path) if path is not None else None,
        "binding": MODE,
        "compiler": _compiler(path),
        "platform": platform.platform() or None,
        "python": platform.python_version(),
        "numpy": str(np.__version__),
        "extras": _extras(),
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _library() -> Path | None:
    """The library that is mapped into this process, else the installed one."""
    try:
        mapped = {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()}
    except OSError:
        mapped = set()
    for name in sorted(mapped):
        if Path(name).name.startswith("libneural_trader."):
            return Path(name)
    try:
        return library_path()
    except NativeLibraryError:
        return None


def _compiler(path: Path | None) -> str | None:
    """What the compiler wrote into the library's comment section."""
    try:
        found = _COMPILER.search(path.read_bytes()) if path is not None else None
    except OSError:
        return None
    return found[1].decode("ascii", "replace").strip() if found is not None else None


def _extras() -> dict[str, str | None]:
    """Optional distributions for users of the package, as its metadata names them."""
    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return {}
    names = {match[1] for line in requirements if (match := _EXTRA.match(line)) and match[2] not in _DEVELOPMENT}
    return {name: _version(name) for name in sorted(names)}
