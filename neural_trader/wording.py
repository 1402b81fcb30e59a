"""Words for people."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """A count with its noun: "1 session", "2,000 sessions"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
