"""The exact engine: the best n of every row, in the tie-break order, for any block size and thread.

A first stage in float32 keeps a few more candidates than asked for. Those are scored again in
float64 by the caller's own function and put in order: score rounded to 6 decimals, then smaller
row. Where float32's error leaves a doubt that a better candidate was dropped, that row is done
again over all candidates near its n-th score, so no list depends on rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from relatedevents._util.arrays import F32, F64, I64, chunks
from relatedevents._util.threads import in_threads, threads
from relatedevents.engines import config as settings
from relatedevents.engines import numpy_scan
from relatedevents.engines.all_pairs import AllPairs
from relatedevents.engines.base import Best, ExactScores, Filters, Progress, rank_candidates
from relatedevents.engines.bounds import ProjectedVectors
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.kernel_data import row_data, score_config
from relatedevents.engines.kernels import query_scan as kernels
from relatedevents.engines.kernels.structs import SparseArrays
from relatedevents.engines.postings import Postings
from relatedevents.engines.query_scan import QueryScan
from relatedevents.engines.terms import DECIMALS, ScoreTerms

# Rows whose candidates are ranked at once.
_RANKED = 2048
# Where at most one in so many candidates is allowed, those are copied.
_FEW = 4
# Scores of queries' lists that a scan keeps at once.
_KEPT = 2**22


class ExactEngine:
    """Finds the best candidates of any query; parameters and methods as `Engine`.

    Blocks are smaller than `block_size` where that does not fit into memory.
    """

    def __init__(
        self,
        candidates: ScoreTerms,
        *,
        block_size: int = 1024,
        n_threads: int | None = None,
        config: EngineConfig | None = None,
    ) -> None:
        self.candidates = candidates
        self.block_size = block_size
        self.n_threads = threads(n_threads)
        self.config = config or settings.DEFAULTS
        self._rows, self._score = row_data(candidates), score_config(candidates)
        self._postings: list[SparseArrays] | None = None

    def best_of_rows(
        self,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query; parameters as `Engine.best_of_rows`."""
        return self._scan(queries, own_rows, exact, n, filters, on_progress=on_progress)[0]

    def best_of_some(
        self,
        rows: I64,
        exact: ExactScores,
        n: int,
        low: F32 | None = None,
        projected: ProjectedVectors | None = None,
    ) -> tuple[Best, I64, I64]:
        """Return the best n of some candidates, and whom they matter to, as `Engine`."""
        everyone = Filters(np.ones(len(self.candidates), dtype=np.bool_))
        queries = self.candidates.take(rows)
        return self._scan(queries, rows, exact, n, everyone, low, projected)

    def best_of_all(
        self, exact: ExactScores, n: int, filters: Filters, on_progress: Progress | None = None
    ) -> Best:
        """Return the best n of every candidate among the others; parameters as `best_of_rows`."""
        n_rows = len(self.candidates)
        everyone = np.arange(n_rows)
        allowed = np.flatnonzero(filters.possible(self.candidates.days))
        if _FEW * len(allowed) <= n_rows:
            return self._best_among(allowed, exact, n, filters, on_progress)
        n_kept = n + max(6, n // 4)
        least = max(self.config.small, self.config.least_share * n_kept)
        if n_rows < least:
            return self.best_of_rows(self.candidates, everyone, exact, n, filters, on_progress)
        best = Best.empty(n_rows, n)
        kept, bound = self._all_pairs(n_kept, filters, on_progress)
        last = np.empty(n_rows)

        def rank(rows: I64) -> None:
            pairs = kept[rows]
            there = pairs >= 0
            counts = there.sum(axis=1)
            best.put(rows, rank_candidates(rows, counts, pairs[there], exact, n))
            nth = np.round(best.scores[rows, n - 1], DECIMALS)
            last[rows] = np.where(counts < n_kept, np.inf, nth)

        in_threads(self.n_threads, rank, chunks(everyone, _RANKED))
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

    def _best_among(
        self,
        allowed: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None,
    ) -> Best:
        """Return the best n of every row from a copy of the few candidates that are allowed."""
        best = Best.empty(len(self.candidates), min(n, len(self.candidates)))
        if not len(allowed):
            return best
        number = np.full(len(self.candidates), -1, dtype=np.int64)
        number[allowed] = np.arange(len(allowed))
        engine = ExactEngine(
            self.candidates.take(allowed), n_threads=self.n_threads, config=self.config
        )
        found = engine.best_of_rows(
            self.candidates,
            number,
            lambda q, c: exact(q, allowed[c]),
            n,
            Filters(np.ones(len(allowed), dtype=np.bool_), filters.until),
            on_progress,
        )
        # The last entry answers for the -1 of an unused rank.
        best.put(slice(None), Best(np.append(allowed, -1)[found.rows], found.scores))
        return best

    def _all_pairs(
        self, n_kept: int, filters: Filters, on_progress: Progress | None
    ) -> tuple[I64, F64]:
        pairs = AllPairs(
            self.candidates, self.block_size, self.n_threads, n_kept, filters, self.config
        )
        return pairs.run(on_progress)

    def _by_column(self) -> list[SparseArrays]:
        if self._postings is None:
            matrices = self.candidates.sparse_matrices()
            self._postings = [Postings.of(matrix).arrays for matrix in matrices]
        return self._postings

    def _scan(
        self,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        low: F32 | None = None,
        projected: ProjectedVectors | None = None,
        on_progress: Progress | None = None,
    ) -> tuple[Best, I64, I64]:
        n = max(1, min(n, len(self.candidates)))
        best = Best.empty(len(own_rows), n)
        n_pairs = len(own_rows) * len(self.candidates)
        if low is None and kernels.offer.spares(n_pairs, numpy_scan.FEW):
            self._scan_by_numpy(best, queries, own_rows, exact, filters, on_progress)
            return best, own_rows[:0], own_rows[:0]
        size = max(1, min(self.config.scan_queries, _KEPT // n))
        pieces = chunks(np.arange(len(own_rows)), size)
        by_column = None
        if len(own_rows) <= self.config.few_queries and low is None:
            by_column = self._by_column()
        # Many pieces are shared by the threads; of a few, each is.
        across = len(pieces) >= 2 * self.n_threads

        def work(numbers: I64) -> tuple[I64, I64]:
            whole = len(numbers) == len(own_rows)
            scan = QueryScan(
                self._rows,
                self._score,
                queries if whole else queries.take(numbers),
                own_rows[numbers],
                n,
                filters.take(numbers),
                low,
                projected,
                by_column,
                self.config,
            )
            pairs = scan.run(1 if across else self.n_threads)
            counts = np.bincount(pairs.queries, minlength=len(numbers))
            best.put(numbers, rank_candidates(numbers, counts, pairs.candidates, exact, n))
            if on_progress is not None:
                on_progress(len(numbers))
            return pairs.owners, own_rows[numbers[pairs.entrants]]

        found = in_threads(self.n_threads if across else 1, work, pieces)
        owners = [own_rows[:0], *(owners for owners, _ in found)]
        entrants = [own_rows[:0], *(entrants for _, entrants in found)]
        return best, np.concatenate(owners), np.concatenate(entrants)

    def _scan_by_numpy(
        self,
        best: Best,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        filters: Filters,
        on_progress: Progress | None,
    ) -> None:
        """Write the lists of a few queries among a few candidates: nothing is compiled."""
        n = best.rows.shape[1]
        found = numpy_scan.found_by_numpy(self.candidates, queries, own_rows, n, filters)
        for numbers, counts, rows in found:
            best.put(numbers, rank_candidates(numbers, counts, rows, exact, n))
            if on_progress is not None:
                on_progress(len(numbers))
