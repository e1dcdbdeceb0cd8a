"""Threads: how many this process may use, and one task done for each of several items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_In = TypeVar("_In")
_Out = TypeVar("_Out")


def processors() -> int:
    """Return how many processors this process may use, quotas of its control group included."""
    from joblib import cpu_count

    return int(cpu_count())


def threads(wanted: int | None) -> int:
    """Return how many threads to start: as many as wanted, no more than there are processors.

    More would only wait for each other, and each holds buffers of its own.

    Examples
    --------
    >>> threads(1), threads(None) == threads(10**6) == processors()
    (1, True)
    """
    return processors() if wanted is None else min(wanted, processors())


def in_threads(n_threads: int, work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """Return what `work` makes of each item, in their order.

    Examples
    --------
    >>> in_threads(2, len, ["a", "bc", ""])
    [1, 2, 0]
    """
    # BLAS threads and ours would fight for the same cores.
    with one_blas_thread():
        if n_threads == 1 or len(items) == 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(work, items))


def one_blas_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS takes one thread: small arrays lose by more.

    Examples
    --------
    >>> with one_blas_thread():
    ...     len("a product of small arrays")
    25
    """
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limited


@cache
def _blas() -> ThreadpoolController:
    # Looking for the libraries takes as long as a list for one event.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
