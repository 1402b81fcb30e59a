"""The JavaScript runtimes that bindings/node/package.json pins, as programs. For tests of every kind, and benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["MODULES", "PACKAGE", "PROGRAMS"]

PACKAGE: Final = Path(__file__).resolve().parents[2] / "bindings" / "node"
MODULES: Final = PACKAGE / "node_modules"
PROGRAMS: Final = {
    "node20": MODULES / "node20/bin/node",
    "node26": MODULES / "node26/bin/node",
    "bun": MODULES / "@oven/bun-linux-x64/bin/bun",
    "deno": MODULES / "@deno/linux-x64-glibc/deno",
}
