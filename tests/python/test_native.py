"""Loading the C library: the fallback without the compiled module, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from neural_trader import _native
from neural_trader._native import abi


@pytest.fixture
def no_compiled_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where the package was built without Python's headers."""
    monkeypatch.setitem(sys.modules, "neural_trader._native._cffi", None)


@pytest.mark.usefixtures("no_compiled_module")
def test_the_fallback_opens_the_plain_library() -> None:
    ffi, lib, mode = _native._load()
    assert mode == "abi"
    _native._check(lib)
    name = ffi.new("char[64]")
    assert lib.nt_feature_name(0, name, 64) >= 0
    assert ffi.string(name) == b"spread"
    assert lib.nt_close(0) == abi.NT_ERR_BAD_HANDLE


@pytest.mark.usefixtures("no_compiled_module")
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_native, "__path__", [str(tmp_path)])
    with pytest.raises(_native.NativeLibraryError, match=r"libneural_trader\.\w+ is not in .*install the package again"):
        _native._load()


@pytest.mark.usefixtures("no_compiled_module")
def test_a_file_that_is_no_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / _native.library_path().name).write_bytes(b"words")
    monkeypatch.setattr(_native, "__path__", [str(tmp_path)])
    with pytest.raises(_native.NativeLibraryError, match="cannot be loaded") as caught:
        _native._load()
    assert caught.value.path == str(_native.library_path())


def test_a_module_that_fails_for_another_reason_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "_cffi.py").write_text("import a_module_that_does_not_exist\n")
    monkeypatch.delitem(sys.modules, "neural_trader._native._cffi", raising=False)
    monkeypatch.setattr(_native, "__path__", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if not type(finder).__name__.startswith("ScikitBuild")])
    with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
        _native._load()


@pytest.mark.parametrize(
    ("version", "layout", "message"),
    [
        (2, abi.LAYOUT_HASH, "the C library has ABI version 2, the Python package has 1"),
        (1, 0x77, f"the C library has layout 0000000000000077, the Python package has {abi.LAYOUT_HASH:016x}"),
    ],
)
def test_another_library_is_refused(version: int, layout: int, message: str) -> None:
    library = SimpleNamespace(nt_abi_version=lambda: version, nt_layout_hash=lambda: layout)
    with pytest.raises(ImportError, match=message):
        _native._check(library)
