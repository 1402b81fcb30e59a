"""The TypeScript of the documentation compiles, under the strictest settings, against the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

PAGES = ["README.md", "docs/javascript.md", "bindings/node/README.md"]
GIVEN = 'import { Client as GivenClient } from "@neural-trader/core";\ndeclare const client: GivenClient;\n'


@pytest.fixture(scope="module")
def package(root: Path) -> Path:
    """The compiled package."""
    found = root / "bindings/node"
    if not (found / "dist/index.d.ts").exists():
        assert os.environ.get("CI") != "true", "the package is not compiled: make javascript"
        pytest.skip("the package is not compiled: make javascript")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_blocks_compile(root: Path, package: Path, tmp_path: Path, page: str) -> None:
    blocks = re.findall(r"```ts\n(.*?)```", (root / page).read_text(), re.DOTALL)
    assert blocks
    (tmp_path / "node_modules/@neural-trader").mkdir(parents=True)
    (tmp_path / "node_modules/@neural-trader/core").symlink_to(package)
    (tmp_path / "node_modules/@types").symlink_to(package / "node_modules/@types")
    for number, block in enumerate(blocks):
        given = "" if re.search(r"\b(const|using) client\b", block) else GIVEN
        (tmp_path / f"block{number}.ts").write_text(f"{given}{block}export {{}};\n")
    options = {
        "strict": True,
        "skipLibCheck": False,
        "noEmit": True,
        "target": "es2023",
        "lib": ["es2023", "esnext.disposable"],
        "module": "nodenext",
        "types": ["node"],
        "noUncheckedIndexedAccess": True,
        "exactOptionalPropertyTypes": True,
    }
    (tmp_path / "package.json").write_text('{ "type": "module" }')
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "include": ["*.ts"]}))
    done = subprocess.run([package / "node_modules/.bin/tsc", "-p", tmp_path], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
