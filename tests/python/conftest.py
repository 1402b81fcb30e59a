"""What the tests share."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support import SHARED, remove_left_by_ended_runs, run_prefix

ROOT = Path(__file__).resolve().parents[2]
_numbers = itertools.count()

# In CI the same examples each time. `make fuzz` draws others each time, --hypothesis-profile=fuzz.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "print_blob": True}
settings.register_profile("reproducible", derandomize=True, database=None, **_PATIENT)
settings.register_profile("fuzz", derandomize=False, max_examples=1000, **_PATIENT)
if os.environ.get("CI") == "true":
    settings.load_profile("reproducible")


def pytest_configure(config: pytest.Config) -> None:
    """Once for a run, before its workers start: give it its prefix, and remove what runs that were killed have left in shared memory."""
    if not hasattr(config, "workerinput"):
        os.environ["NEURAL_TRADER_TEST_RUN"] = str(os.getpid())
        remove_left_by_ended_runs()


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the source tree."""
    return ROOT


@pytest.fixture
def kernel_name() -> Iterator[str]:
    """A kernel name that nothing else uses; segments that a killed process left under it are removed after the test."""
    name = f"{run_prefix()}{os.getpid()}-{next(_numbers)}"
    yield name
    for path in SHARED.glob(f"nt.{name}.*"):
        path.unlink(missing_ok=True)
