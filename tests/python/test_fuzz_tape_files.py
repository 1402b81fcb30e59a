"""Damaged and arbitrary tape files: the same tape, or a SourceError that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_trader.config import Config
from neural_trader.errors import SourceError
from neural_trader.sources import Source, instruments_of, open_source, tape_files
from neural_trader.sources.tape_files import verify, write_tape

CONFIG = Config(name="x")
_SETTINGS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("tape") / "es.tape"
    write_tape(open_source("sample:es-2013-09:20", CONFIG), file)
    return file.read_bytes()


def opened(file: Path, content: bytes) -> Source | None:
    """What a tape file holds; None when it is refused."""
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    tape_files.recognises(str(file))
    try:
        instruments_of(str(file), CONFIG)
        source = tape_files.open_source(str(file), CONFIG)
    except SourceError as error:
        return None if error.file == str(file) and error.message else pytest.fail(f"the error does not name the file: {error}")
    assert len(source.ticks) > 0
    return source


@_SETTINGS
@given(content=st.binary(max_size=300))
def test_any_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    assert opened(tmp_path / "a.tape", content) is None


@_SETTINGS
@given(data=st.data())
def test_any_damage_is_seen(tmp_path: Path, written: bytes, data: st.DataObject) -> None:
    content = bytearray(written)
    for _ in range(data.draw(st.integers(1, 4))):
        most = data.draw(st.sampled_from([200, len(content) - 1]))
        at = data.draw(st.integers(0, most))
        content[at : at + 1] = data.draw(st.binary(min_size=1, max_size=1))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    damaged = bytes(content[:end]) + data.draw(st.one_of(st.just(b""), st.binary(max_size=70)))
    file = tmp_path / "a.tape"
    source = opened(file, damaged)
    if source is None:
        return
    try:
        verify(str(file))
    except SourceError as error:
        if damaged == written or error.file != str(file):
            pytest.fail(f"{error}")
        return
    assert source.ticks.tobytes() == open_source("sample:es-2013-09:20", CONFIG).ticks.tobytes()  # what differs fills up to the ticks
