"""Recorded market data for tests: the directory that NEURAL_TRADER_DATA names, or shared/data in or beside this tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["needs_recorded", "recorded", "recorded_or_skip"]

_ROOT = Path(__file__).parents[2]


def _directory() -> Path | None:
    given = os.environ.get("NEURAL_TRADER_DATA")
    places = [Path(given)] if given else [_ROOT / "shared" / "data", _ROOT.parent / "shared" / "data"]
    return next((place for place in places if place.is_dir()), None)


def recorded(name: str) -> Path:
    """The place of a recording. A test whose recording is absent is to carry `needs_recorded`."""
    return (_directory() or Path("absent")) / name


def needs_recorded(name: str) -> pytest.MarkDecorator:
    """Skip a test, and say why, where a recording is absent."""
    return pytest.mark.skipif(not recorded(name).exists(), reason=f"{name} is not in NEURAL_TRADER_DATA")


def recorded_or_skip(name: str) -> Path:
    """The place of a recording; skips the test, and says why, where it is absent."""
    path = recorded(name)
    if not path.exists():
        pytest.skip(f"{name} is not in NEURAL_TRADER_DATA")
    return path
