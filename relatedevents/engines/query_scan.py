"""Query scan: the pairs of some queries with all candidates, in float32.

Both sides of each pair are served: which candidates can be among a query's best, and to which of
them the query itself is good enough. Blocks of candidates stay in the processor's cache, and
threads share them; what the queries have of tags and words is looked up by what each candidate
has, so the archive needs no postings.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from relatedevents._util.arrays import F32, I32, I64, Mask
from relatedevents._util.threads import in_threads
from relatedevents.engines.base import Filters
from relatedevents.engines.bounds import ProjectedVectors
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.kernel_data import latest_days, row_data
from relatedevents.engines.kernels.structs import (
    Products,
    RowData,
    ScoreConfig,
    SparseArrays,
    Thresholds,
)
from relatedevents.engines.postings import Postings, csr_arrays
from relatedevents.engines.terms import DECIMALS, SPARSE, ScoreTerms

# How many times as many candidates are worked on at once where queries are few.
_WIDEST = 8

#: What is found in a block: query, row, score, whether it matters to the query, to the row.
_Found = tuple[I32, I32, F32, Mask, Mask]


class _Block(NamedTuple):
    """Candidates from `j0` to before `j1`, for the queries from `q0` to before `q1`."""

    j0: int
    j1: int
    q0: int
    q1: int


class CandidatePairs(NamedTuple):
    """Pairs found: (query, candidate) that may be among the best, and (entrant, owner).

    An entrant is a query that its owner, a candidate, may want in its own list.
    """

    queries: I64
    candidates: I64
    entrants: I64
    owners: I64


class QueryScan:
    """The first stage for some queries: each scored with every candidate.

    Parameters
    ----------
    candidates : RowData
        All candidates.
    score : ScoreConfig
        How terms are added up.
    queries : ScoreTerms
        What is asked for; not too much at once, see `EngineConfig.scan_queries`.
    own_rows : numpy.ndarray of int64, shape (n_queries,)
        The candidate that each query is itself, -1 for one from outside.
    n : int
        How many candidates a list has, at least 1.
    filters : Filters
        Which candidates a query's list may hold.
    low : numpy.ndarray of float32, shape (n_candidates,), or None
        The score at which a query matters to each candidate; None where none does.
    projected : ProjectedVectors or None
        The candidates' dense vectors, where queries are candidates too: bounds then tell which of
        their products are needed.
    by_column : sequence of (numpy.ndarray, numpy.ndarray, numpy.ndarray), or None
        The candidates' postings of the sparse terms; None to look the queries' up instead.
    config : EngineConfig
        How many candidates are worked on at once.
    """

    def __init__(
        self,
        candidates: RowData,
        score: ScoreConfig,
        queries: ScoreTerms,
        own_rows: I64,
        n: int,
        filters: Filters,
        low: F32 | None,
        projected: ProjectedVectors | None,
        by_column: Sequence[SparseArrays] | None,
        config: EngineConfig,
    ) -> None:
        self._candidates, self._score, self._config = candidates, score, config
        self._queries = row_data(queries)
        self._projected = projected
        matrices = queries.sparse_matrices()
        self._used = [matrix.shape[1] > 0 for matrix in matrices]
        self._by_column = by_column
        if by_column is None:
            none = candidates.sparse_values[:0]
            self._by_row = (
                *(candidates[at : at + 3] for at in (2, 5, 8)),
                (*candidates[11:13], none),
            )
            self._asked = [Postings.of(matrix).arrays for matrix in matrices]
            # Which columns any query has.
            self._wanted = [
                np.packbits(np.diff(start) > 0, bitorder="little") for start, *_ in self._asked
            ]
        else:
            self._asked = [csr_arrays(matrix) for matrix in matrices]
        self.n_rows, self.n, self.n_queries = len(candidates.days), n, len(own_rows)
        # Fewer queries leave room in the cache for more candidates.
        room = config.scan_queries // max(self.n_queries, 1)
        self._size = config.scan_block * min(max(room, 1), _WIDEST)
        if low is None:
            low = np.full(self.n_rows, np.inf, dtype=np.float32)
        self._limits = Thresholds(
            own_rows,
            latest_days(filters, self.n_queries),
            np.logical_not(queries.dense.any(axis=1) | queries.second.any(axis=1)),
            filters.allowed,
            np.empty((0, n), dtype=np.float32),
            np.full(self.n_queries, -np.inf, dtype=np.float32),
            low,
            np.float32(2.0 * queries.error + 10.0**-DECIMALS),
        )

    def run(self, n_threads: int) -> CandidatePairs:
        """Return the pairs that matter, by query and then best first."""
        size = self._size
        n_workers = min(n_threads, -(-self.n_rows // size))
        bounded = self._projected is not None
        if bounded:
            # Where rows lie in the order of days, most of the best candidates lie beside a query:
            # with them as a floor, few bounds further off are high enough.
            self._share(n_workers, self._beside(), bounded=False)
        firsts = range(0, self.n_rows, size)
        blocks = [_Block(j, min(j + size, self.n_rows), 0, self.n_queries) for j in firsts]
        found = self._share(n_workers, blocks, bounded=bounded)
        queries, rows, scores, own, back = (np.concatenate(one) for one in zip(*found, strict=True))
        queries, rows = queries.astype(np.int64), rows.astype(np.int64)
        floor, slack = self._limits.floor, self._limits.slack
        near = np.flatnonzero(own & (scores >= floor[queries] - slack))
        near = near[np.lexsort((rows[near], -scores[near], queries[near]))]
        near = near[self._best(queries[near], scores[near])]
        reached = np.flatnonzero(back)
        reached = reached[np.lexsort((rows[reached], queries[reached]))]
        return CandidatePairs(queries[near], rows[near], queries[reached], rows[reached])

    def _best(self, queries: I64, scores: F32) -> Mask:
        """Return which pairs, best first, can be among the best n of their query."""
        if not len(queries):
            return np.zeros(0, dtype=np.bool_)
        counts = np.bincount(queries, minlength=self.n_queries)
        starts = np.cumsum(counts) - counts
        full = counts >= self.n
        lowest = np.full(len(counts), -np.inf, dtype=np.float32)
        lowest[full] = scores[starts[full] + self.n - 1] - self._limits.slack
        # Exact zeros are equal: those of smaller rows stand first.
        zeros = (scores == 0.0) & self._limits.zeros_are_equal[queries]
        before = np.cumsum(zeros) - zeros
        nth = before - before[np.minimum(starts, len(before) - 1)][queries]
        return np.asarray((scores >= lowest[queries]) & ~(zeros & (nth >= self.n)))

    def _beside(self) -> list[_Block]:
        """Return the queries with the candidates beside them, neighbours together."""
        blocks = []
        reach, size = self._config.scan_beside, self._size
        rows, q0 = self._limits.own_rows.tolist(), 0
        for q1 in range(1, len(rows) + 1):
            if q1 == len(rows) or not 0 <= rows[q1] - rows[q0] < size - 2 * reach:
                first = max(rows[q0] - reach, 0)
                blocks.append(_Block(first, min(rows[q1 - 1] + reach, self.n_rows), q0, q1))
                q0 = q1
        return blocks

    def _share(self, n_workers: int, blocks: list[_Block], *, bounded: bool) -> list[_Found]:
        """Return what is found in some blocks, which no candidate and query share twice."""
        todo, lock = iter(blocks), threading.Lock()

        def work(_: int) -> list[_Found]:
            kept = np.full((self.n_queries, self.n), -np.inf, dtype=np.float32)
            limits = self._limits._replace(kept=kept)
            buffers = np.empty((6, self.n_queries * self._size), dtype=np.float32)
            found: list[_Found] = []
            while True:
                with lock:
                    block = next(todo, None)
                if block is None:
                    return found
                found.append(self._offer(block, limits, buffers, bounded=bounded))

        return list(chain.from_iterable(in_threads(n_workers, work, range(n_workers))))

    def _offer(self, block: _Block, limits: Thresholds, buffers: F32, *, bounded: bool) -> _Found:
        from relatedevents.engines.kernels.query_scan import offer

        j0, _, q0, q1 = block
        products = self._products(block, buffers, bounded=bounded)
        found: _Found = offer(
            self._queries, q0, q1, self._candidates, j0, self._score, products, limits
        )
        return found

    def _products(self, block: _Block, buffers: F32, *, bounded: bool) -> Products:
        from relatedevents.engines.kernels import query_scan as kernels

        j0, j1, q0, q1 = block
        queries, rows = self._queries, self._candidates
        shape = (q1 - q0, j1 - j0)
        # BLAS wants its output without gaps.
        buffers = buffers[:, : shape[0] * shape[1]].reshape(6, *shape)
        empty = np.empty((0, 0), dtype=np.float32)
        dense, second, sums = empty, empty, [empty] * len(SPARSE)
        if bounded and self._projected is not None:
            dense = self._projected.bounds(self._limits.own_rows[q0:q1], j0, j1)
        elif rows.dense.shape[1]:
            dense = np.dot(queries.dense[q0:q1], rows.dense[j0:j1].T, out=buffers[0])
        if rows.second.shape[1]:
            second = np.dot(queries.second[q0:q1], rows.second[j0:j1].T, out=buffers[1])
        for number, name in enumerate(SPARSE):
            if self._used[number]:
                sums[number], counted = buffers[2 + number], name == "overlap"
                where = (j0, j1, *self._asked[number])
                if self._by_column is None:
                    kernels.scatter(
                        *self._by_row[number], *where, self._wanted[number],
                        q0, q1, counted, sums[number],
                    )  # fmt: skip
                else:
                    kernels.gather(*self._by_column[number], *where, q0, q1, counted, sums[number])
        sparse, saturated, other, overlap = sums
        return Products(dense, second, sparse, saturated, other, overlap, shape[1], bounded)
