"""Ranking: the tie-break order of equal scores, for lists that stand one after the other."""

from __future__ import annotations

import numpy as np

from relatedevents._util.arrays import F64, I64, starts_of
from relatedevents.engines.kernels import ranking as kernels
from relatedevents.engines.terms import DECIMALS

# Lists are put in order by insertion; longer ones, and a few, are sorted.
_LONG = 64
# So many pairs of a process are worth no compiling.
_FEW = 1 << 20


def best_of_each(counts: I64, candidates: I64, scores: F64, n: int) -> tuple[I64, I64]:
    """Return which pairs are the best n of each list, in the tie-break order, and how many a list.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (n_lists,)
        How many pairs each list has; they stand one list after the other.
    candidates : numpy.ndarray of int64, shape (n_pairs,)
        Candidate rows: where rounded scores are equal, the smaller one comes first.
    scores : numpy.ndarray of float64, shape (n_pairs,)
        Their scores.
    n : int
        How many.

    Examples
    --------
    >>> pairs, counts = best_of_each(
    ...     np.array([3, 1]), np.array([7, 5, 6, 7]), np.array([0.1, 0.4, 0.4, 0.2]), 2
    ... )
    >>> pairs.tolist(), counts.tolist()
    ([1, 2, 3], [2, 1])
    """
    keys = np.round(scores, DECIMALS)
    n = min(n, int(counts.max(initial=0)))
    if n > _LONG or kernels.best_of_each.spares(len(scores), _FEW):
        lists = np.repeat(np.arange(len(counts)), counts)
        order = np.lexsort((candidates, -keys, lists))
        ranks = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        return order[ranks < n], np.minimum(counts, n)
    chosen = np.zeros((len(counts), n), dtype=np.int64)
    kept = np.zeros(len(counts), dtype=np.int64)
    if n:
        kernels.best_of_each(starts_of(counts), candidates, keys, n, chosen, kept)
    return chosen[np.arange(n) < kept[:, None]], kept
