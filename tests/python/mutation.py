"""A copy of one source of the core with one change, and which function of a C test notices it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FLAGS = ["-std=gnu11", "-O1", "-ffp-contract=off"]


def compile_all(directory: Path) -> None:
    """Every source of the core, unchanged, as objects in a directory."""
    sources = [*(ROOT / "csrc").glob("*.c"), ROOT / "csrc" / "platform" / "posix.c"]
    subprocess.run(["gcc", *FLAGS, "-I", str(ROOT / "csrc"), "-c", *map(str, sources)], check=True, cwd=directory)


def changed(source: str, text: str, mutant: str) -> str:
    """The code of a source of the core with one text replaced, which has to stand there once."""
    code = (ROOT / "csrc" / source).read_text(encoding="utf-8")
    assert code.count(text) == 1, f"{text!r} stands {code.count(text)} times in {source}"
    return code.replace(text, mutant)


def outcome(objects: Path, directory: Path, source: str, code: str, test: str) -> str | None:
    """The function of a C test that fails with this code for one source, None when all pass."""
    core = shutil.copytree(ROOT / "csrc", directory / "csrc")
    (core / source).write_text(code, encoding="utf-8")
    if source.endswith(".h"):
        rest = [*core.glob("*.c"), core / "platform" / "posix.c"]
    else:
        rest = [core / source, *(path for path in sorted(objects.glob("*.o")) if path.stem != Path(source).stem)]
    command = ["gcc", *FLAGS, "-I", str(core), "-w", str(ROOT / "tests" / "c" / test), *map(str, rest)]
    subprocess.run([*command, "-o", str(directory / "test"), "-lpthread", "-lrt", "-lm"], check=True)
    done = subprocess.run([directory / "test"], check=False, capture_output=True, text=True, timeout=60, env={"NT_TRACE": "1"})
    return None if done.returncode == 0 else re.findall(r"^in (\w+)$", done.stderr, re.M)[-1]
