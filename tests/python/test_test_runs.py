"""What keeps test runs apart and reproducible."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import Peer, remove_left_by_ended_runs, run_prefix, segments

pytestmark = pytest.mark.xdist_group("test_runs")  # each removes what ended runs have left, the other tests' too

HERE = Path(__file__).parent
EXAMPLES = """
import sys
import conftest
from hypothesis import given, settings, strategies as st
if sys.argv[1:]:
    settings.load_profile(sys.argv[1])
seen = []
@settings(max_examples=30)
@given(st.lists(st.integers()))
def draw(values):
    seen.append(values)
draw()
print(settings.default.max_examples, seen)
"""


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(20)
    return process.pid


def killed_kernel(name: str) -> list[str]:
    """The segments that a kernel leaves when it is killed."""
    with Peer("quiet_kernel", name=name) as peer:
        peer.hear()
        os.kill(peer.pid, signal.SIGKILL)
    found = segments(name)
    assert found
    return found


def test_leftovers_of_an_ended_run_are_removed_and_no_others() -> None:
    ended, ours = f"test-{ended_process()}-1-0", f"{run_prefix()}{os.getpid()}-left"
    try:
        killed_kernel(ended)
        kept = killed_kernel(ours)
        removed = {row.file for row in remove_left_by_ended_runs() if row.removed}  # unless another worker was here first
        assert not set(kept) & removed
        assert segments(ended) == []
        assert segments(ours) == kept
    finally:
        for name in (ended, ours):
            for file in segments(name):
                Path("/dev/shm", file).unlink(missing_ok=True)


def test_a_living_kernel_of_an_ended_run_stays() -> None:
    name = f"test-{ended_process()}-1-1"
    with Peer("quiet_kernel", name=name) as peer:
        peer.hear()
        before = segments(name)
        assert not {row.file for row in remove_left_by_ended_runs()} & set(before)
        assert segments(name) == before
    remove_left_by_ended_runs()
    assert segments(name) == []


def drawn(*profile: str, ci: bool) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": "true"} if ci else {})
    command = [sys.executable, "-c", EXAMPLES, *profile]
    return subprocess.run(command, cwd=HERE, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout


def test_ci_draws_the_same_examples_each_time() -> None:
    assert drawn(ci=True) == drawn(ci=True)


@pytest.mark.parametrize("ci", [False, True])
def test_fuzzing_draws_others_each_time_and_more(ci: bool) -> None:
    first, second = drawn("fuzz", ci=ci), drawn("fuzz", ci=ci)
    assert first != second
    assert first.startswith("1000 ")
