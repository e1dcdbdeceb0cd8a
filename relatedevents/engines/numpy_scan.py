"""The scan of a few candidates by numpy and scipy: nothing is compiled, and no list differs.

Every candidate of a query is scored in float32. Those that can be among the best n are scored
again exactly, and put in order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.threads import one_blas_thread
from relatedevents.engines.base import Filters
from relatedevents.engines.kernel_data import FAR, latest_days, near_days
from relatedevents.engines.terms import DECIMALS, SATURATION, ScoreTerms

#: So many scores of a process are worth no compiling.
FEW = 1 << 21
# Scores that are worked on at once.
_AT_ONCE = 1 << 16
_Scores = npt.NDArray[np.float32]


def found_by_numpy(
    candidates: ScoreTerms,
    queries: ScoreTerms,
    own_rows: npt.NDArray[np.int64],
    n: int,
    filters: Filters,
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Yield the candidates that can be among the best n of each query, some queries at a time.

    Parameters
    ----------
    candidates, queries : ScoreTerms
        The two sides.
    own_rows, n, filters
        As in `relatedevents.engines.exact.ExactEngine.best_of_rows`.

    Yields
    ------
    numpy.ndarray of int64, shape (n_some,)
        The numbers of some queries.
    numpy.ndarray of int64, shape (n_some,)
        How many candidates each of them has.
    numpy.ndarray of int64, shape (n_pairs,)
        These candidates, one query after the other.
    """
    n_some = max(1, _AT_ONCE // max(1, len(candidates.days)))
    days, until = near_days(candidates.days), latest_days(filters, len(own_rows))
    slack = 2.0 * queries.error + 10.0**-DECIMALS
    for first in range(0, len(own_rows), n_some):
        numbers = np.arange(first, min(first + n_some, len(own_rows)))
        some = queries.take(numbers)
        with one_blas_thread():
            scores = scores_of_all(some, candidates)
        scores[~filters.allowed | (days > until[numbers, None])] = -1.0
        inside = np.flatnonzero(own_rows[numbers] >= 0)
        scores[inside, own_rows[numbers[inside]]] = -1.0
        # Without vectors a score of 0 is an exact 0, and equal scores go by row.
        exact_zeros = np.asarray(~np.column_stack([some.dense, some.second]).any(axis=1))
        near = _near_best(scores, n, slack, exact_zeros)
        yield numbers, near.sum(axis=1), np.nonzero(near)[1]


def scores_of_all(queries: ScoreTerms, candidates: ScoreTerms) -> _Scores:
    """Return the score of every pair of a query and a candidate, see `ScoreTerms`.

    Returns
    -------
    numpy.ndarray of float32, shape (n_queries, n_candidates)
        Each within the terms' `error` of the exact one.
    """
    content = np.zeros((len(queries.days), len(candidates.days)), dtype=np.float32)
    for name in ("dense", "second"):
        mine, theirs = getattr(queries, name), getattr(candidates, name)
        if theirs.shape[1]:
            weight = np.float32(getattr(queries, f"{name}_weight"))
            content += weight * np.maximum(mine @ theirs.T, 0.0)
    if candidates.sparse.shape[1]:
        content += _products(queries.sparse, candidates.sparse)
    for name in ("saturated", "second_saturated"):
        mine, theirs = getattr(queries, name), getattr(candidates, name)
        if theirs.shape[1]:
            top = np.float32(getattr(queries, f"{name}_weight") * (1.0 + SATURATION))
            dots = _products(mine, theirs)
            content += top * dots / (dots + np.float32(SATURATION))
    if candidates.overlap.shape[1]:
        mine, theirs = _ones(queries.overlap), _ones(candidates.overlap)
        content += queries.overlap_factor[:, None] * _products(mine, theirs)
    time = _time_parts(near_days(queries.days), near_days(candidates.days), candidates.day_table)
    if candidates.threshold:
        time *= np.minimum(content * np.float32(1.0 / candidates.threshold), np.float32(1.0))
    scores = content
    if len(candidates.code_table) > 1:
        scores += candidates.code_table[queries.codes][:, candidates.codes]
    scores += time
    return np.asarray(scores + candidates.prior)


def _near_best(
    scores: _Scores, n: int, slack: float, exact_zeros: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which candidates are within `slack` of each query's n-th best; -1 is nobody."""
    if n >= scores.shape[1]:
        return np.asarray(scores >= 0.0)
    nth = np.partition(scores, -n, axis=1)[:, -n].astype(np.float64)
    near = (scores >= (nth - slack)[:, None]) & (scores >= 0.0)
    zeros = (scores == 0.0) & exact_zeros[:, None]
    return np.asarray(near & ~(zeros & (np.cumsum(zeros, axis=1) > n)))


def _products(mine: sparse.csr_matrix, theirs: sparse.csr_matrix) -> _Scores:
    return np.asarray((mine @ theirs.T).toarray(), dtype=np.float32)


def _ones(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the pattern of a matrix, whatever the values stored."""
    ones = np.ones(len(matrix.data), dtype=np.float32)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)


def _time_parts(
    mine: npt.NDArray[np.int32], theirs: npt.NDArray[np.int32], table: _Scores
) -> _Scores:
    gaps = np.minimum(np.abs(mine[:, None] - theirs), len(table) - 1)
    parts = np.asarray(table[gaps])
    parts[mine == FAR] = 0.0
    return parts
