"""The C library: found, loaded and checked.

`ffi` and `lib` are cffi's objects for csrc/neural_trader.h, whichever way they came: MODE is "api" with the compiled module, and "abi"
where the package was built without Python's headers. Both give the same results; "abi" costs about twice as much per call.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final, Literal

from neural_trader._native import abi

__all__ = ["MODE", "NativeLibraryError", "ffi", "lib", "library_path"]


class NativeLibraryError(ImportError):
    """The C library is missing, or it is not the one that this package was generated for."""


def library_path() -> Path:
    """The plain shared library, for programs in other languages; its header is include/neural_trader.h beside it."""
    name = "libneural_trader.dylib" if sys.platform == "darwin" else "libneural_trader.so"
    for directory in __path__:
        path = Path(directory, name)
        if path.exists():
            return path
    raise NativeLibraryError(f"{name} is not in {', '.join(__path__)}; install the package again", name=__name__)


def _load() -> tuple[Any, Any, Literal["api", "abi"]]:
    """The compiled module, else the plain library by way of the declarations."""
    try:
        compiled = importlib.import_module("neural_trader._native._cffi")
    except ModuleNotFoundError as error:
        if error.name != "neural_trader._native._cffi":
            raise
    else:
        return compiled.ffi, compiled.lib, "api"
    from cffi import FFI

    from neural_trader._native.cdef import CDEF

    declared = FFI()
    declared.cdef(CDEF)
    try:
        return declared, declared.dlopen(str(library_path())), "abi"
    except OSError as error:
        raise NativeLibraryError(f"the C library cannot be loaded: {error}", name=__name__, path=str(library_path())) from error


def _check(library: Any) -> None:
    """Refuse a library of another ABI version or layout before a record is written into the wrong place."""
    version, layout = library.nt_abi_version(), library.nt_layout_hash()
    if version != abi.NT_ABI_VERSION:
        raise NativeLibraryError(
            f"the C library has ABI version {version}, the Python package has {abi.NT_ABI_VERSION}; install both from one build",
            name=__name__,
        )
    if layout != abi.LAYOUT_HASH:
        raise NativeLibraryError(
            f"the C library has layout {layout:016x}, the Python package has {abi.LAYOUT_HASH:016x}; install both from one build",
            name=__name__,
        )


_loaded = _load()
ffi: Final[Any] = _loaded[0]
lib: Final[Any] = _loaded[1]
MODE: Final[Literal["api", "abi"]] = _loaded[2]
_check(lib)
