"""The committed documents of tests/conformance say what Python says of configurations, and so does what TypeScript is generated from."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neural_trader.config import read_tables
from neural_trader.kernel import Kernel

HERE = Path(__file__).resolve().parents[1] / "conformance"
DOCUMENTS = json.loads((HERE / "configurations.json").read_text(encoding="utf-8"), parse_float=Decimal)["documents"]


@pytest.fixture(scope="module")
def configurations() -> Iterator[ModuleType]:
    """The module that the documents come from."""
    sys.path.insert(0, str(HERE))
    import configurations as module

    yield module
    sys.path.remove(str(HERE))


def test_there_are_documents_of_every_kind() -> None:
    assert len({document["name"] for document in DOCUMENTS}) == len(DOCUMENTS) >= 60
    assert sum("rows" in document for document in DOCUMENTS) >= 60
    assert sum("problems" in document for document in DOCUMENTS) >= 60


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document["name"])
def test_python_says_the_same(document: dict[str, Any], configurations: ModuleType, root: Path) -> None:
    if "file" in document:
        data, directory = read_tables(root / document["file"]), (root / document["file"]).parent
    else:
        data, directory = document["config"], HERE
    answer = json.loads(json.dumps(configurations.answer(data, directory)))
    assert answer == {key: document[key] for key in answer}
    assert ("rows" in document) != ("problems" in document)


def test_sound_documents_make_kernels(configurations: ModuleType) -> None:
    made = 0
    for document in DOCUMENTS:
        tables = document.get("config", {})
        if "rows" not in document or not tables.get("instruments") or "source" in tables or "models" in tables:
            continue  # a source brings instruments of its own, and the models are no files of models
        config, problems = configurations.examine(tables, HERE)
        assert not problems
        with Kernel(config, private=True) as kernel:
            kernel._create(config.instruments, 0)
            made += 1
    assert made >= 50


def test_the_generated_schema_is_current(root: Path) -> None:
    program = [sys.executable, root / "bindings/node/generate_config.py"]
    checked = subprocess.run([*program, "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    assert subprocess.run([*program, "nonsense"], capture_output=True, check=False).returncode == 2


def test_a_stale_schema_is_noticed(root: Path, tmp_path: Path) -> None:
    name = "bindings/node/src/generated/config_schema.ts"
    good = (root / name).read_text(encoding="utf-8")
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(good.replace("maximum: 1000000 }", "maximum: 1 }"), encoding="utf-8")
    program = tmp_path / "bindings/node/generate_config.py"
    program.write_text((root / "bindings/node/generate_config.py").read_text(encoding="utf-8"), encoding="utf-8")
    stale = subprocess.run([sys.executable, program, "--check"], capture_output=True, text=True, check=False)
    assert stale.returncode == 1
    assert '-    ["price_collar_bps", { rule: { kind: "whole", minimum: 0, maximum: 1 }' in stale.stdout
    assert subprocess.run([sys.executable, program], check=False).returncode == 0
    assert (tmp_path / name).read_text(encoding="utf-8") == good
