"""The tests catch what they are for: each check, fee and rule of an order's life is removed or shifted in a copy of its source, and the C
test of that very rule has to fail."""

from pathlib import Path

import pytest
from mutants_of_checks import MORE, MUTANTS
from mutants_of_models import INFERENCE
from mutants_of_venue import LIFECYCLE
from mutation import changed, compile_all, outcome


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The core, compiled once."""
    directory = tmp_path_factory.mktemp("objects")
    compile_all(directory)
    return directory


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_removed_or_shifted_check_is_noticed(objects: Path, tmp_path: Path, name: str) -> None:
    text, mutant, test = MUTANTS[name]
    assert outcome(objects, tmp_path, "validate.c", changed("validate.c", text, mutant), "test_checks.c") == test


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", [*MORE, *LIFECYCLE, *INFERENCE])
def test_a_changed_rule_is_noticed(objects: Path, tmp_path: Path, name: str) -> None:
    source, file, text, mutant, test = (MORE | LIFECYCLE | INFERENCE)[name]
    assert outcome(objects, tmp_path, source, changed(source, text, mutant), file) == test


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("file", sorted({"test_checks.c", *(row[1] for row in (MORE | LIFECYCLE | INFERENCE).values())}))
def test_without_a_change_every_test_passes(objects: Path, tmp_path: Path, file: str) -> None:
    assert outcome(objects, tmp_path, "validate.c", changed("validate.c", "Pre-trade checks", "Checks"), file) is None
