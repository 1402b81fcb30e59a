"""Rings between Python, C, Node, Bun and Deno: tests/conformance/ring_torture.py, pair by pair."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from ring_torture import PAIRS, compile_worker, missing, run


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_worker(tmp_path_factory.mktemp("ring"))


@pytest.mark.parametrize("pair", PAIRS)
def test_two_million_records_arrive_once_whole_and_in_order(pair: str, kernel_name: str, tmp_path: Path, compiled: Path) -> None:
    lacking = missing(PAIRS[pair])
    if lacking is not None:
        assert os.environ.get("CI") != "true", f"CI needs {lacking} (make javascript)"
        pytest.skip(f"{lacking} is not here (make javascript)")
    run(PAIRS[pair], kernel_name, tmp_path, compiled)
