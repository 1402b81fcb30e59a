"""Recorded market data for the benchmarks: the directory that NEURAL_TRADER_DATA names, or shared/data in or beside this tree."""

from __future__ import annotations

import os
from pathlib import Path

from harness import ROOT


class MissingRecordingError(Exception):
    """A recording is not there; the message says where it was looked for."""


def recorded(name: str) -> Path:
    """The place of a recording."""
    given = os.environ.get("NEURAL_TRADER_DATA")
    places = [Path(given)] if given else [ROOT / "shared" / "data", ROOT.parent / "shared" / "data"]
    for place in places:
        if (place / name).exists():
            return place / name
    raise MissingRecordingError(f"{name} is not in {' or '.join(map(str, places))}; set NEURAL_TRADER_DATA")
