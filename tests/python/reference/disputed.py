"""Where the core is known to break its contract. A history that comes to such a place ends there; test_reference.py has small ones.

Whoever mends the core takes the name out of OPEN and the test passes again.
"""

from __future__ import annotations

OPEN: set[str] = set()


class DisputedError(Exception):
    """The rest of this history is not compared."""


def is_open(name: str) -> bool:
    """It has not been settled yet."""
    return name in OPEN


def dispute(name: str) -> None:
    """The model comes to a place that is disputed."""
    if is_open(name):
        raise DisputedError(name)
