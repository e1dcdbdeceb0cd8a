"""The approximate engine: lists of large archives from candidates of several sources.

Time, tags, words and vectors each name candidates: the events nearest in time; those that share a
tag or a word; those in the cells around the query's vector; and, where everyone is asked for, the
neighbours of neighbours. What float32 makes the best of them is scored again in float64 by the
caller's own function and put in the exact engine's order, so every score and every order told is
exact: only a candidate that no source named can be missing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import require
from relatedevents._util.memory import threads
from relatedevents.engines.base import Best, ExactScores, Filters, Progress
from relatedevents.engines.bounds import Outline
from relatedevents.engines.exact import ExactEngine
from relatedevents.engines.neighbour_descent import Everyone
from relatedevents.engines.search import Sorted
from relatedevents.engines.terms import ScoreTerms

I64 = npt.NDArray[np.int64]

# Below so many candidates, or for longer lists, the exact engine is as fast.
_SMALL, _LONGEST = 4096, 200
# So few queries are answered before cells are found.
_FEW = 64


class ApproximateEngine:
    """Finds nearly all of the best candidates of any query among a large fixed set.

    Lists are as long as the filters allow, and hold nothing that a filter forbids; the same seed
    gives the same lists with any number of threads. The exact engine answers where it is as good:
    up to 64 queries at once, up to 4096 allowed candidates, lists longer than 200, and queries for
    which no full list was found, since a filter leaves few candidates or nothing is in common.

    Parameters
    ----------
    candidates : ScoreTerms
        The candidates' side of the weighted sum, in the order that decides equal scores.
    block_size : int
        As of `ExactEngine`, to which queries with few candidates go.
    n_threads : int or None
        Worker threads, no more than the processors this process may use; None takes them all.
    seed : int
        Of the cells.

    Raises
    ------
    MissingExtraError
        If faiss, which finds the cells, is not installed.
    """

    def __init__(
        self,
        candidates: ScoreTerms,
        *,
        block_size: int = 1024,
        n_threads: int | None = None,
        seed: int = 0,
    ) -> None:
        require("faiss", "engine='approximate'")
        self.candidates = candidates
        self.block_size = block_size
        self.n_threads = threads(n_threads)
        self.seed = seed
        self._everyone: Everyone | None = None
        self._sorted: Sorted | None = None
        self._exact: ExactEngine | None = None

    def best_of_rows(
        self,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query; parameters as `ExactEngine.best_of_rows`."""
        return self._best(queries, own_rows, exact, n, filters, on_progress)

    def best_of_all(
        self,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of every candidate among the others; parameters as `best_of_rows`."""
        own_rows = np.arange(len(self.candidates.days))
        return self._best(None, own_rows, exact, n, filters, on_progress)

    def _best(
        self,
        queries: ScoreTerms | None,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None,
    ) -> Best:
        n_rows = len(self.candidates.days)
        n = min(n, n_rows)
        allowed = filters.allowed
        if filters.until is not None and len(own_rows):
            allowed = allowed & (self.candidates.days <= filters.until.max())
        some = int(allowed.sum())
        if not some:
            return Best.empty(len(own_rows), n)
        if n_rows <= _SMALL or n > _LONGEST or len(own_rows) <= _FEW:
            return self._exactly(queries, own_rows, exact, n, filters, on_progress)
        if 2 * some < n_rows:
            # A copy of the few that are allowed costs less than looking past the others.
            rows = np.flatnonzero(allowed)
            return _among(self, rows, queries, own_rows, exact, n, filters.until, on_progress)
        if queries is None and self.candidates.dense.shape[1] and len(self.candidates.table) > 1:
            if self._everyone is None:
                self._everyone = Everyone(self.candidates, self.n_threads, self.seed)
            best, short = self._everyone.best(exact, n, filters, on_progress)
        else:
            if self._sorted is None:
                self._sorted = Sorted(self.candidates, self.n_threads, self.seed)
            found = self._sorted.search(queries, own_rows, allowed, filters.until)
            best, short = found.best(exact, n, on_progress)
        if len(short):
            again = self._exactly(
                (self.candidates if queries is None else queries).take(short),
                own_rows[short],
                lambda q, c: exact(short[q], c),
                n,
                filters.take(short),
                on_progress,
            )
            best.put(short, again)
        return replace(best, rechecked=len(short))

    def best_of_some(
        self,
        rows: I64,
        exact: ExactScores,
        n: int,
        low: npt.NDArray[np.float32] | None = None,
        outline: Outline | None = None,
    ) -> tuple[Best, I64, I64]:
        """Return what `ExactEngine.best_of_some` does."""
        return self._exact_engine().best_of_some(rows, exact, n, low, outline)

    def _exact_engine(self) -> ExactEngine:
        if self._exact is None:
            self._exact = ExactEngine(
                self.candidates, block_size=self.block_size, n_threads=self.n_threads
            )
        return self._exact

    def _exactly(
        self,
        queries: ScoreTerms | None,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None,
    ) -> Best:
        engine = self._exact_engine()
        if queries is None:
            return engine.best_of_all(exact, n, filters, on_progress)
        return engine.best_of_rows(queries, own_rows, exact, n, filters, on_progress)


def _among(
    engine: ApproximateEngine,
    rows: I64,
    queries: ScoreTerms | None,
    own_rows: I64,
    exact: ExactScores,
    n: int,
    until: I64 | None,
    on_progress: Progress | None,
) -> Best:
    """Return the best n of each query among some rows."""
    if queries is None:
        queries = engine.candidates
    number = np.full(len(engine.candidates.days) + 1, -1, dtype=np.int64)
    number[rows] = np.arange(len(rows))
    few = ApproximateEngine(
        engine.candidates.take(rows),
        block_size=engine.block_size,
        n_threads=engine.n_threads,
        seed=engine.seed,
    )
    best = few.best_of_rows(
        queries,
        number[own_rows],
        lambda q, c: exact(q, rows[c]),
        n,
        Filters(np.ones(len(rows), dtype=np.bool_), until),
        on_progress,
    )
    # The last entry answers for the -1 of an unused place; a list may now be narrower than n.
    wide = Best.empty(len(best.rows), n)
    wide.put(slice(None), Best(np.append(rows, -1)[best.rows], best.scores))
    return replace(wide, rechecked=best.rechecked)
