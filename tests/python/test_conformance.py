"""The conformance vectors are what the core answers now, through the Python package; other languages compare themselves with the files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

VECTORS = Path(__file__).resolve().parents[1] / "conformance"
FILES = [*sorted(path.name for path in VECTORS.glob("*.json")), "session.bin"]


def checked(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(VECTORS / "generate.py"), "--check", "--directory", str(directory)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_vectors_are_what_the_core_answers() -> None:
    done = checked(VECTORS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a directory in which every file differs in one byte, in its middle."""
    directory = tmp_path_factory.mktemp("vectors")
    for name in FILES:
        data = bytearray((VECTORS / name).read_bytes())
        at = next(place for place in range(len(data) // 2, len(data)) if chr(data[place]).isdigit() or name.endswith(".bin"))
        data[at] ^= 1
        (directory / name).write_bytes(data)
    done = checked(directory)
    assert done.returncode == 1
    return done.stdout


@pytest.mark.parametrize("name", FILES)
def test_a_changed_vector_is_found(name: str, spoilt: str) -> None:
    assert re.search(rf"^(--- )?{re.escape(name)}[ :]", spoilt, re.MULTILINE), spoilt


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    for name in FILES[1:]:
        shutil.copy(VECTORS / name, tmp_path)
    done = checked(tmp_path)
    assert done.returncode == 1
    assert FILES[0] in done.stdout
