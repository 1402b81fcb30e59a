"""What the tests share."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_numbers = itertools.count()


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the source tree."""
    return ROOT


@pytest.fixture
def kernel_name() -> Iterator[str]:
    """A kernel name that nothing else uses; segments that a killed process left under it are removed after the test."""
    name = f"test-{os.getpid()}-{next(_numbers)}"
    yield name
    for path in Path("/dev/shm").glob(f"nt.{name}.*"):
        path.unlink(missing_ok=True)
