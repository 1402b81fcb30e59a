"""One thread for numpy's linear algebra: with more, sums are split by their number, and so are the last bits of a result."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[object]:
    """While it is entered, matrix products of this process run in their caller's thread (OpenBLAS, MKL, BLIS)."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
