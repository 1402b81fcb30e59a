"""What get_version says of this process."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_trader import version
from neural_trader._native import MODE, abi
from neural_trader.version import get_version


def test_it_says_what_runs() -> None:
    found = get_version()
    assert found["version"] == metadata.version("neural-trader")
    assert (found["abi_version"], found["layout_hash"]) == (abi.NT_ABI_VERSION, f"{abi.LAYOUT_HASH:016x}")
    assert (found["python"], found["numpy"]) == (platform.python_version(), np.__version__)
    assert found["binding"] == MODE
    assert found["platform"] == platform.platform()
    assert json.loads(json.dumps(found)) == found


def test_the_library_is_the_mapped_one() -> None:
    path = Path(get_version()["library_path"])
    assert path.is_file()
    assert str(path) in Path("/proc/self/maps").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("readelf") is None, reason="no readelf to compare with")
def test_the_compiler_is_the_one_that_signed_the_library() -> None:
    found = get_version()
    comment = subprocess.run(["readelf", "-p", ".comment", found["library_path"]], capture_output=True, text=True, check=True).stdout
    assert found["compiler"] is not None
    assert found["compiler"] in comment


def test_a_library_that_no_compiler_signed_has_none(tmp_path: Path) -> None:
    plain = tmp_path / "library.so"
    assert version._compiler(plain) is None
    plain.write_bytes(b"\x7fELF nothing here\0")
    assert version._compiler(plain) is None
    for signature in (b"GCC: (Debian 12.2.0-14) 12.2.0", b"Ubuntu clang version 18.1.3"):
        plain.write_bytes(b"\x7fELF\0\0" + signature + b"\0more")
        assert version._compiler(plain) == signature.decode()
    assert version._compiler(None) is None


def test_extras_are_those_of_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"neural-trader": "9.9", "there": "1.2"}

    def version_of(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    requires = ["numpy>=1", 'there>=1.0; extra == "table"', "absent ; extra == 'chart'", 'pytest>=8; extra == "test"']
    monkeypatch.setattr("neural_trader.version.metadata.version", version_of)
    monkeypatch.setattr("neural_trader.version.metadata.requires", lambda name: requires)
    found = get_version()
    assert found["version"] == "9.9"
    assert found["extras"] == {"there": "1.2", "absent": None}


def test_what_cannot_be_found_out_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("neural_trader.version.metadata.version", missing)
    monkeypatch.setattr("neural_trader.version.metadata.requires", missing)
    monkeypatch.setattr("neural_trader.version._library", lambda: None)
    found = get_version()
    assert (found["version"], found["library_path"], found["compiler"], found["extras"]) == (None, None, None, {})


def test_the_installed_library_stands_in_where_maps_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> str:
        raise OSError("as asked")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert version._library() == version.library_path()
