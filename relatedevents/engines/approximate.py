"""The approximate engine: the lists of all events of a large archive, from a few candidates each.

Time, tags, words and vectors name candidates, and so do the neighbours of neighbours. What float32
makes the best of them is scored again in float64 by the caller's own function and put in the exact
engine's order, so every score and every order told is exact: only a candidate that no source named
can be missing.
"""

from __future__ import annotations

from dataclasses import replace

from relatedevents._util.arrays import F32, I64
from relatedevents._util.checks import require
from relatedevents.engines.base import Best, ExactScores, Filters, Progress
from relatedevents.engines.bounds import ProjectedVectors
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.exact import ExactEngine
from relatedevents.engines.neighbour_descent import NeighbourDescent
from relatedevents.engines.terms import ScoreTerms


class ApproximateEngine:
    """Finds nearly all of the best candidates of all rows at once; parameters as `Engine`.

    Lists are as long as the filters allow, and hold nothing that a filter forbids. The exact
    engine answers for queries that are named, for up to 4096 allowed candidates, for lists longer
    than 200, where time counts nothing, and where no full list was found, since a filter leaves
    few candidates or nothing is in common.

    Parameters
    ----------
    seed : int
        Of the clusters.

    Raises
    ------
    MissingExtraError
        If faiss, which finds the clusters, is not installed.
    """

    def __init__(
        self,
        candidates: ScoreTerms,
        *,
        block_size: int = 1024,
        n_threads: int | None = None,
        config: EngineConfig | None = None,
        seed: int = 0,
    ) -> None:
        require("faiss", "engine='approximate'")
        self._exact = ExactEngine(
            candidates, block_size=block_size, n_threads=n_threads, config=config
        )
        self.candidates = candidates
        self.n_threads, self.config = self._exact.n_threads, self._exact.config
        self.seed = seed
        self._descent: NeighbourDescent | None = None

    def best_of_rows(
        self,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query, as `ExactEngine` does."""
        return self._exact.best_of_rows(queries, own_rows, exact, n, filters, on_progress)

    def best_of_some(
        self,
        rows: I64,
        exact: ExactScores,
        n: int,
        low: F32 | None = None,
        projected: ProjectedVectors | None = None,
    ) -> tuple[Best, I64, I64]:
        """Return the best n of some candidates, as `ExactEngine` does."""
        return self._exact.best_of_some(rows, exact, n, low, projected)

    def best_of_all(
        self, exact: ExactScores, n: int, filters: Filters, on_progress: Progress | None = None
    ) -> Best:
        """Return the best n of every candidate among the others; parameters as `Engine`."""
        n = min(n, len(self.candidates))
        # Without time nothing tells which events are worth looking at first.
        timed = len(self.candidates.day_table) > 1
        allowed = filters.possible(self.candidates.days)
        if allowed.sum() <= self.config.small or n > self.config.longest or not timed:
            return self._exact.best_of_all(exact, n, filters, on_progress)
        if self._descent is None:
            self._descent = NeighbourDescent(
                self.candidates, self.n_threads, self.seed, self.config
            )
        best, short = self._descent.best(exact, n, filters, on_progress)
        if len(short):
            again = self._exact.best_of_rows(
                self.candidates.take(short),
                short,
                lambda q, c: exact(short[q], c),
                n,
                filters.take(short),
                on_progress,
            )
            best.put(short, again)
        return replace(best, rechecked=len(short))
