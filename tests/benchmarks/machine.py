"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from harness import Bench, tool


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _field(path: str, name: str) -> str | None:
    for line in _lines(path):
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


def _compiler() -> str:
    command = tool("CC", "cc", "gcc", "clang")
    return subprocess.run([command, "--version"], capture_output=True, text=True, check=False).stdout.splitlines()[0]


def before(bench: Bench) -> None:
    """Record the machine, and how busy it is before anything is measured."""
    memory = _field("/proc/meminfo", "MemTotal")
    model = _field("/proc/cpuinfo", "model name") or platform.processor() or platform.machine()
    flags = (_field("/proc/cpuinfo", "flags") or "").split()
    caches = {
        f"L{(level or ['?'])[0]} {(kind or ['?'])[0].lower()}": (size or ["?"])[0]
        for index in range(8)
        for base in [f"/sys/devices/system/cpu/cpu0/cache/index{index}"]
        for level, kind, size in [(_lines(f"{base}/level"), _lines(f"{base}/type"), _lines(f"{base}/size"))]
        if level
    }
    bench.figures["machine"] = {
        "processor": model,
        "architecture": platform.machine(),
        "processors": os.cpu_count(),
        "virtual": "hypervisor" in flags,
        "caches": caches,
        "memory_mb": int(memory.split()[0]) // 1024 if memory else None,
        "system": platform.platform(),
        "compiler": _compiler(),
        "python": platform.python_version(),
        "load_average_before": os.getloadavg()[0],
        "quick": bench.quick,
        "command": " ".join([Path(sys.executable).name, *sys.argv]),
    }


def after(bench: Bench) -> None:
    """Record how busy the machine was at the end: a busy one measures itself."""
    bench.put("machine.load_average_after", os.getloadavg()[0])


def sentence(bench: Bench) -> str:
    """The machine in one line."""
    found = bench.figures["machine"]
    virtual = " (virtual)" if found["virtual"] else ""
    load = f"load {found['load_average_before']:.1f} before and {found['load_average_after']:.1f} after"
    parts = [f"{found['processor']}{virtual}", f"{found['processors']} processors", found["system"], found["compiler"]]
    return ", ".join([*parts, f"Python {found['python']}", load])
