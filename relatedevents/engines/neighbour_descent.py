"""Neighbour descent: nearly all of the best candidates of every event of a large archive at once.

What lies near in time is scored with everything, each pair once, as the exact engine does. Beyond
it, those that share a rare tag or word and those with vectors close by are offered to a list, and
then the neighbours of its neighbours, since events of one story list each other (NN-descent: Dong,
Moses and Li 2011).
"""

from __future__ import annotations

import math
import queue
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from scipy import sparse

from relatedevents._util.arrays import F32, I32, I64, UNDATED, Mask, chunks
from relatedevents._util.threads import in_threads
from relatedevents.engines.all_pairs import AllPairs
from relatedevents.engines.base import Best, ExactScores, Filters, Progress, rank_candidates
from relatedevents.engines.bounds import main_directions
from relatedevents.engines.clusters import Clusters
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.kernels.structs import ClusterMembers, QuerySpace, SearchLimits, TopK
from relatedevents.engines.postings import Postings
from relatedevents.engines.terms import ScoreTerms

# More are kept than are asked for, since float32 may take one for another.
_SPARE = 2
# So many at least: what is too weak for a short list may lead to what belongs in it.
_LEAST_KEPT = 32
# Rows at a time: of lists that are ranked, of a cluster's queries, of vectors; and a sample.
_RANKED, _QUERIES, _CHUNK, _SAMPLE = 2048, 256, 8192, 8192
# How many times as far is looked at most, where filters leave few candidates.
_WIDEST = 4.0
# Scores so low may be equal for many, and then the first rows lead.
_LOW = 1e-5


class NeighbourDescent:
    """The search for the lists of all rows.

    Parameters
    ----------
    rows : ScoreTerms
        Of queries and candidates alike.
    n_threads : int
        Worker threads.
    seed : int
        Of the clusters.
    config : EngineConfig
        How far is looked.
    """

    def __init__(self, rows: ScoreTerms, n_threads: int, seed: int, config: EngineConfig) -> None:
        # Row by row here, the number that the caller knows it by.
        self.numbers = _by_day(rows.days)
        ordered = bool((np.diff(self.numbers) > 0).all())
        self.rows = rows if ordered else rows.take(self.numbers)
        self.n_threads, self.config = n_threads, config
        self._short = _short_vectors(self.rows, n_threads, config.n_directions)
        self._clusters = Clusters.of(self._short, seed) if self._short.shape[1] else None
        self._postings = tuple(
            Postings.of(matrix).arrays for matrix in self.rows.sparse_matrices()[:-1]
        )
        # The most that vectors, and that tags and words, can add.
        self._most_dense = self.rows.dense_weight + self.rows.second_weight
        of_tags = float(_squares(self.rows.sparse).max(initial=0.0))
        saturated = self.rows.saturated_weight + self.rows.second_saturated_weight
        self._most_sparse = saturated + of_tags

    def best(
        self, exact: ExactScores, n: int, filters: Filters, on_progress: Progress | None
    ) -> tuple[Best, I64]:
        """Return the best n of each row, and which rows' lists may be short or of many equal.

        Parameters as `Engine.best_of_all`.
        """
        from relatedevents.engines.kernels.heap import heapify

        n_rows = len(self.numbers)
        best = Best.empty(n_rows, n)
        wanted = min(n + _SPARE, n_rows)
        size = min(max(wanted, _LEAST_KEPT), n_rows)
        here = Filters(filters.allowed[self.numbers], filters.take(self.numbers).until)
        # Where filters leave few candidates, as many are looked at of more rows.
        n_possible = max(int(here.possible(self.rows.days).sum()), 1)
        reach = math.sqrt(n_rows) * min(n_rows / n_possible, _WIDEST)
        width = self.config.width_per_root * reach
        width = 2 ** max(round(math.log2(width)), 0)
        near = AllPairs(self.rows, width, self.n_threads, size, here, self.config)
        found = near.nearby()
        heapify(found.best, found.best_rows)
        # Anew for each search, since what a thread has marked is true of one alone.
        spaces: queue.SimpleQueue[QuerySpace] = queue.SimpleQueue()
        n_columns = [matrix.shape[1] for matrix in self.rows.sparse_matrices()]
        for _ in range(self.n_threads):
            spaces.put(QuerySpace.of(n_rows, n_columns))
        self._search_far(near, found, spaces, n, int(self.config.near_per_root * reach))
        self._descend(near, found, spaces)
        there = _available(self.rows.days, here)
        settled = np.empty(n_rows, dtype=np.bool_)

        def rank(some: I64) -> None:
            held = found.best_rows[some] >= 0
            counts = held.sum(axis=1)
            candidates = self.numbers[found.best_rows[some][held]]
            numbers = self.numbers[some]
            best.put(numbers, rank_candidates(numbers, counts, candidates, exact, n))
            enough = counts >= np.minimum(there[some], wanted)
            last = np.partition(found.best[some], size - wanted, axis=1)[:, size - wanted]
            equal = (last <= _LOW) & (counts < there[some])
            settled[numbers] = enough & ~equal
            if on_progress is not None:
                on_progress(len(some))

        in_threads(self.n_threads, rank, chunks(np.arange(n_rows), _RANKED))
        return best, np.flatnonzero(~settled)

    def _search_far(
        self,
        near: AllPairs,
        found: TopK,
        spaces: queue.SimpleQueue[QuerySpace],
        n: int,
        enough: int,
    ) -> None:
        """Offer each row what shares rare tags and words, and what lies in clusters around it."""
        from relatedevents.engines.kernels.neighbour_descent import search_far

        rows, clusters, config = near.rows, self._clusters, self.config
        limits = SearchLimits(
            config.tag_reach,
            config.word_reach,
            max(config.n_sharing, n),
            max(config.n_near, n),
            config.dense_margin * self._most_dense,
            config.sparse_margin * self._most_sparse,
            config.more_margin * self._most_sparse,
        )
        fallback = _fallback(rows.prior, found.allowed, found.best.shape[1] + 1)

        def work(queries: I64) -> None:
            around = queries[:0]
            if clusters is not None:
                cluster = int(clusters.cluster_of[queries[0]])
                around = clusters.probe(cluster, enough, int(queries[len(queries) // 2]))
            members = ClusterMembers(
                around, rows.days[around], rows.codes[around], rows.prior[around]
            )
            products = self._short[queries] @ self._short[around].T
            with _one_of(spaces) as space:
                search_far(
                    queries,
                    products,
                    members,
                    fallback,
                    near.size,
                    rows,
                    self._postings,
                    near.score,
                    limits,
                    space,
                    found,
                )

        in_threads(self.n_threads, work, self._query_groups())

    def _descend(self, near: AllPairs, found: TopK, spaces: queue.SimpleQueue[QuerySpace]) -> None:
        """Offer each row the neighbours of its neighbours, and those whose neighbour it is."""
        from relatedevents.engines.kernels.neighbour_descent import descend

        n_neighbours = min(self.config.n_neighbours, found.best_rows.shape[1])
        lists = np.empty((len(found.best), n_neighbours), dtype=np.int32)

        def sort(some: I64) -> None:
            order = np.argsort(-found.best[some], axis=1, kind="stable")[:, :n_neighbours]
            lists[some] = np.take_along_axis(found.best_rows[some], order, axis=1)

        in_threads(self.n_threads, sort, chunks(np.arange(len(lists)), _CHUNK))
        start, listed_by = _reversed(lists)

        def work(queries: I64) -> None:
            with _one_of(spaces) as space:
                descend(
                    queries,
                    lists,
                    start,
                    listed_by,
                    self.config.n_listed,
                    near.size,
                    near.rows,
                    near.score,
                    np.float32(self.config.sparse_margin * self._most_sparse),
                    space,
                    found,
                )

        in_threads(self.n_threads, work, self._query_groups())

    def _query_groups(self) -> list[I64]:
        """Return the queries of each cluster, since they have candidates in common."""
        if self._clusters is None:
            return chunks(np.arange(len(self.numbers)), _QUERIES)
        groups = np.split(self._clusters.members, self._clusters.start[1:-1])
        return [some for group in groups for some in chunks(group, _QUERIES)]


@contextmanager
def _one_of(spaces: queue.SimpleQueue[QuerySpace]) -> Iterator[QuerySpace]:
    """Let a thread have one of the spaces to itself."""
    space = spaces.get()
    try:
        yield space
    finally:
        spaces.put(space)


def _by_day(days: I32) -> I64:
    """Return the rows in the order of days, newest first and undated last; 0, 1, ... if they are.

    Rows in that order are left alone, and so need no copy.
    """
    undated = days == UNDATED
    return np.lexsort((-days.astype(np.int64), undated))


def _short_vectors(rows: ScoreTerms, n_threads: int, n_directions: int) -> F32:
    """Return where the dense vectors together lie along their main directions.

    Their products are nearly the dense terms of a score, but for those below 0.
    """
    some = np.unique(np.linspace(0, len(rows) - 1, _SAMPLE).astype(np.int64))
    both = ((rows.dense, rows.dense_weight), (rows.second, rows.second_weight))
    weighed = [vectors[some] * np.float32(np.sqrt(weight)) for vectors, weight in both]
    width = rows.dense.shape[1]
    short = np.empty((len(rows), min(n_directions, width + rows.second.shape[1])), np.float32)

    def learn(sample: F32) -> F32:
        return main_directions(sample, short.shape[1]).astype(np.float32)

    # In a worker, as all that follows, so that no sum depends on how many threads there are.
    (main,) = in_threads(1, learn, [np.hstack(weighed)])
    onto = (main[:width] * np.sqrt(rows.dense_weight)).astype(np.float32)
    second_onto = (main[width:] * np.sqrt(rows.second_weight)).astype(np.float32)

    def shorten(some: I64) -> None:
        here = slice(some[0], some[-1] + 1)
        short[here] = rows.dense[here] @ onto
        if len(second_onto):
            short[here] += rows.second[here] @ second_onto

    in_threads(n_threads, shorten, chunks(np.arange(len(short)), _CHUNK))
    return short


def _squares(matrix: sparse.csr_matrix) -> F32:
    """Return the sum of squares of each row."""
    squares = np.append(0.0, np.cumsum(matrix.data.astype(np.float64) ** 2))
    return np.asarray(np.diff(squares[matrix.indptr]))


def _reversed(lists: I32) -> tuple[I64, I32]:
    """Return where the queries of each row begin whose list holds it, and those; -1 ends a list."""
    there = lists >= 0
    starts = np.append(0, np.cumsum(there.sum(axis=1)))
    marks = np.ones(starts[-1], dtype=np.bool_)
    by_row = sparse.csr_matrix((marks, lists[there], starts), shape=(len(lists),) * 2).tocsc()
    return by_row.indptr.astype(np.int64), by_row.indices.astype(np.int32)


def _fallback(prior: F32, allowed: Mask, size: int) -> I32:
    """Return the allowed rows of the highest prior, none where all have the same."""
    rows = np.flatnonzero(allowed).astype(np.int32)
    if not prior.any():
        return rows[:0]
    return rows[np.argsort(-prior[rows], kind="stable")[:size]]


def _available(days: I32, filters: Filters) -> I64:
    """Return how many candidates each row may have, itself not counted."""
    allowed = filters.allowed
    if filters.until is None:
        return np.asarray(allowed.sum() - allowed)
    dated = np.sort(days[allowed & (days != UNDATED)])
    latest = np.minimum(filters.until, UNDATED - 1)
    own = allowed & (days <= latest)
    return np.asarray(np.searchsorted(dated, latest, side="right") - own)
