"""The exact engine: the best n of every row, in the written order, for any block size and thread.

A first pass in float32 keeps a few more candidates than asked for. Those are scored again in
float64 by the caller's own function and put in order: score rounded to 6 decimals, then smaller
row. Where float32's error leaves a doubt that a better candidate was dropped, that row is done
again over all candidates near its n-th score, so no list depends on rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from relatedevents._util.memory import threads
from relatedevents._util.threads import in_threads
from relatedevents.engines import numpy_scan
from relatedevents.engines.all_pairs import AllPairs
from relatedevents.engines.base import Best, ExactScores, Filters, Progress, rank_candidates
from relatedevents.engines.bounds import Outline
from relatedevents.engines.days import FAR, latest_days, near_days
from relatedevents.engines.kernels import strip as _kernels
from relatedevents.engines.postings import CsrArrays, Postings
from relatedevents.engines.query_scan import MANY, SomePairs
from relatedevents.engines.terms import DECIMALS, SATURATION, ScoreTerms

# Rows of a dense strip worked on at once; below _SMALL rows a strip beats square blocks.
_STRIP = 32
_SMALL = 4096
# Blocks pay where a row keeps few of its candidates: one in so many at most.
_FEW = 8
# Rows whose candidates are ranked at once.
_RANKED = 2048

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class ExactEngine:
    """Finds the best candidates of any query among a fixed set of candidates.

    Parameters
    ----------
    candidates : ScoreTerms
        The candidates' side of the weighted sum, in the order that decides equal scores.
    block_size : int
        Rows and columns of a block; less where that does not fit into memory.
    n_threads : int or None
        Worker threads, no more than the processors this process may use; None takes them all.
    """

    def __init__(
        self, candidates: ScoreTerms, *, block_size: int = 1024, n_threads: int | None = None
    ) -> None:
        self.candidates = candidates
        self.block_size = block_size
        self.n_threads = threads(n_threads)
        self._days = near_days(candidates.days)
        self._sparse = CsrArrays.of(candidates.sparse)
        self._bent = CsrArrays.of(candidates.bent)
        self._pattern = CsrArrays.of(candidates.pattern)
        self._all_postings: tuple[Postings, ...] | None = None

    def best_of_rows(
        self,
        queries: ScoreTerms,
        own_rows: npt.NDArray[np.int64],
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query.

        Parameters
        ----------
        queries : ScoreTerms
            The queries' side, made with the candidates' weights and columns.
        own_rows : numpy.ndarray of int64, shape (n_queries,)
            The row that each query is itself among the candidates, -1 for one from outside.
        exact : callable
            (query numbers, candidate rows) -> float64 scores, shape (n_pairs,).
        n : int
            How many.
        filters : Filters
            Which candidates are allowed.
        on_progress : callable, optional
            Told how many queries were done since the last call.
        """
        n = min(n, len(self._days))
        best = Best.empty(len(own_rows), n)
        if _kernels.near_best.spares(len(own_rows) * len(self._days), numpy_scan.FEW):
            found = numpy_scan.found_by_numpy(self.candidates, queries, own_rows, n, filters)
            for numbers, counts, rows in found:
                best.put(numbers, rank_candidates(numbers, counts, rows, exact, n))
                if on_progress is not None:
                    on_progress(len(numbers))
            return best
        strips = [
            np.arange(first, min(first + _STRIP, len(own_rows)))
            for first in range(0, len(own_rows), _STRIP)
        ]
        postings = self._postings()

        def work(strip: npt.NDArray[np.int64]) -> None:
            best.put(strip, self._strip(queries, own_rows, exact, n, filters, strip, postings))
            if on_progress is not None:
                on_progress(len(strip))

        self._in_threads(work, strips)
        return best

    def best_of_some(
        self,
        rows: npt.NDArray[np.int64],
        exact: ExactScores,
        n: int,
        low: npt.NDArray[np.float32] | None = None,
        outline: Outline | None = None,
    ) -> tuple[Best, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the best n of some candidates among all others, and whom they matter to.

        Faster than `best_of_rows` where more than a few are asked for.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n_queries,)
            Which candidates.
        exact, n
            As in `best_of_rows`.
        low : numpy.ndarray of float32, shape (n_candidates,), optional
            The float32 score at which one of `rows` matters to each candidate; without it, to
            none.
        outline : Outline, optional
            Of the dense vectors of all candidates, where those have many more dimensions.

        Returns
        -------
        Best
            The lists.
        numpy.ndarray of int64, numpy.ndarray of int64, shape (n_pairs,)
            Each candidate and the one of `rows` that matters to it.
        """
        n = max(1, min(n, len(self._days)))
        best = Best.empty(len(rows), n)
        owners, comers = [rows[:0]], [rows[:0]]
        for first in range(0, len(rows), MANY):
            some = rows[first : first + MANY]
            pairs = SomePairs(self.candidates, some, n, low, outline)
            near = pairs.run(self._in_threads, self.n_threads)
            numbers = first + np.arange(len(some))
            counts = np.bincount(near.queries, minlength=len(some))
            best.put(numbers, rank_candidates(numbers, counts, near.candidates, exact, n))
            owners.append(near.owners)
            comers.append(some[near.comers])
        return best, np.concatenate(owners), np.concatenate(comers)

    def best_of_all(
        self,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of every candidate among the others; parameters as `best_of_rows`."""
        n_rows = len(self._days)
        everyone = np.arange(n_rows)
        n_kept = n + max(6, n // 4)
        if not self.candidates.dense.shape[1] or n_rows < max(_SMALL, _FEW * n_kept):
            # Without a dense part a strip costs next to nothing, and ties are the rule.
            return self.best_of_rows(self.candidates, everyone, exact, n, filters, on_progress)
        best = Best.empty(n_rows, n)
        kept, bound = self._all_blocks(n_kept, filters, on_progress)
        last = np.empty(n_rows)

        def work(first: int) -> None:
            rows = everyone[first : first + _RANKED]
            pairs = kept[rows]
            there = pairs >= 0
            counts = there.sum(axis=1)
            best.put(rows, rank_candidates(rows, counts, pairs[there], exact, n))
            nth = np.round(best.scores[rows, n - 1], DECIMALS)
            last[rows] = np.where(counts < n_kept, np.inf, nth)

        self._in_threads(work, range(0, n_rows, _RANKED))
        # A dropped candidate scores at most bound + error; it must round to less than the n-th.
        doubtful = np.flatnonzero(last - (bound + self.candidates.error) <= 10.0**-DECIMALS)
        if len(doubtful):
            again = self.best_of_rows(
                self.candidates.take(doubtful),
                doubtful,
                lambda q, c: exact(doubtful[q], c),
                n,
                filters.take(doubtful),
            )
            best.put(doubtful, again)
        return replace(best, rechecked=len(doubtful))

    def _in_threads(self, work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
        if len(items) == 1 and self.n_threads > 1:
            return [work(items[0])]
        return in_threads(self.n_threads, work, items)

    def _postings(self) -> tuple[Postings, ...]:
        if self._all_postings is None:
            n = len(self._days)
            matrices = (self._sparse, self._bent, self._pattern)
            self._all_postings = tuple(Postings(matrix, n) for matrix in matrices)
            for postings in self._all_postings:
                postings.fill(0, n)
        return self._all_postings

    def _strip(
        self,
        queries: ScoreTerms,
        own_rows: npt.NDArray[np.int64],
        exact: ExactScores,
        n: int,
        filters: Filters,
        strip: npt.NDArray[np.int64],
        postings: tuple[Postings, ...],
    ) -> Best:
        sides = (queries.sparse, queries.bent, queries.pattern)
        sparse_rows, bent_rows, pattern_rows = (CsrArrays.of(matrix) for matrix in sides)
        days = near_days(queries.days)
        dense, side = queries.dense[strip], queries.side[strip]
        scores = np.zeros((len(strip), len(self._days)), dtype=np.float32)
        if dense.shape[1]:
            np.dot(dense, self.candidates.dense.T, out=scores)
        beside = np.zeros((len(strip), 0), dtype=np.float32)
        if side.shape[1]:
            beside = side @ self.candidates.side.T
        scratch = np.empty(n, dtype=np.float32)
        shared = np.empty(len(self._days), dtype=np.float32)
        slack = 2.0 * queries.error + 10.0**-DECIMALS
        until = latest_days(filters.take(strip), len(strip))
        found = []
        for number, query in enumerate(strip):
            row = scores[number]
            _kernels.weigh_dense(row, beside[number], queries.dense_weight, queries.side_weight)
            _kernels.add_sparse(row, *sparse_rows.row(query), *postings[0].arrays)
            if self.candidates.bent.shape[1]:
                shared[:] = 0.0
                _kernels.add_sparse(shared, *bent_rows.row(query), *postings[1].arrays)
                _kernels.add_bent(row, shared, self.candidates.bent_weight, SATURATION)
            _kernels.add_time_and_code(
                row,
                days[query],
                int(FAR),
                self._days,
                self.candidates.table,
                self.candidates.code_table[queries.codes[query]],
                self.candidates.codes,
            )
            if self.candidates.pattern.shape[1]:
                shared[:] = 0.0
                columns, _ = pattern_rows.row(query)
                _kernels.add_count(shared, columns, *postings[2].arrays[:2])
                row += queries.factor[query] * shared
            row += self.candidates.bonus
            found.append(
                _kernels.near_best(
                    row,
                    int(own_rows[query]),
                    filters.allowed,
                    self._days,
                    int(until[number]),
                    n,
                    slack,
                    not dense[number].any() and not side[number].any(),
                    scratch,
                )
            )
        counts = np.array([len(rows) for rows in found])
        return rank_candidates(strip, counts, np.concatenate(found), exact, n)

    def _all_blocks(
        self, n_kept: int, filters: Filters, on_progress: Progress | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        pairs = AllPairs(self.candidates, self.block_size, self.n_threads, n_kept, filters)
        return pairs.run(self._in_threads, on_progress)
