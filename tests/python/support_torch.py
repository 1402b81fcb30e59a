"""PyTorch, a peer of some tests, where the test tools bring it."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

__all__ = ["torch"]

torch: Any = (
    importlib.import_module("torch")
    if sys.version_info < (3, 12)
    else pytest.importorskip("torch", reason="PyTorch is a peer in tests with Python 3.11")
)
