"""Everyone: nearly all of the best candidates of every event of a large archive at once.

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
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.threads import in_threads
from relatedevents.engines.all_pairs import AllPairs, Found
from relatedevents.engines.base import Best, ExactScores, Filters, Progress, rank_candidates
from relatedevents.engines.bounds import main_directions
from relatedevents.engines.clusters import Cells
from relatedevents.engines.postings import CsrArrays, Postings
from relatedevents.engines.terms import UNDATED, ScoreTerms

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

# Both grow with the root of the number of rows, lest the share that is found falls: the rows of a
# block in time, each scored with all of its own block and of those on both sides (a power of two
# near it); and how many events the cells around a query hold at least.
_WIDTH_PER_ROOT, _NEAR_PER_ROOT = 2.0, 3.0
# Along how many main directions vectors are compared within cells.
_DIRECTIONS = 128
# Tags and words that more events have are not followed beyond the blocks.
_TAG_REACH, _WORD_REACH = 400, 96
# How many of those that share a tag or word, and of the cells', are scored.
_SHARED, _FROM_CELLS = 20, 48
# Of the most that vectors, or tags and words, can add to what is known of a candidate, the share
# that has to lift it into the list.
_DENSE_HOPE, _SPARSE_HOPE, _MORE_HOPE = 0.7, 0.6, 0.3
# How many of a list are its neighbours, and of how many lists that hold a row are told.
_NEIGHBOURS, _LISTED = 12, 20
# More than are asked for, since float32 may take one for another.
_SPARE = 2
# Rows at a time: of lists that are ranked, of a cell's queries, of vectors; and a sample of them.
_RANKED, _QUERIES, _CHUNK, _SAMPLE = 2048, 256, 8192, 8192
# Scores so low may be equal for many, and then the first rows lead.
_LOW = 1e-5


class Reach(NamedTuple):
    """How far is looked, and what is still hoped for."""

    tag: int
    word: int
    n_shared: int
    n_near: int
    most_dense: float
    most_sparse: float
    more: float


class Members(NamedTuple):
    """Members of the cells around a query."""

    rows: I64
    days: I32
    codes: I32
    bonus: F32


class Own(NamedTuple):
    """A thread's own space: what a query has, by column; sums, marks and scores, by row."""

    sparse: F32
    bent: F32
    pattern: F32
    sums: F32
    touched: I32
    marks: I32
    scores: F32

    @classmethod
    def of(cls, rows: ScoreTerms) -> Own:
        """Return empty space."""
        n = len(rows.days)
        columns = (matrix.shape[1] for matrix in (rows.sparse, rows.bent, rows.pattern))
        sparse, bent, pattern = (np.zeros(n_columns, dtype=np.float32) for n_columns in columns)
        return cls(
            sparse,
            bent,
            pattern,
            np.zeros((n, 2), dtype=np.float32),
            # One more, which is written to before it is known to be new.
            np.empty(n + 1, dtype=np.int32),
            np.full(n, -1, dtype=np.int32),
            np.empty(n, dtype=np.float32),
        )


#: One for each thread.
Space = queue.SimpleQueue[Own]


class Everyone:
    """The search for the lists of all rows.

    Parameters
    ----------
    rows : ScoreTerms
        Both sides of each pair; with dense vectors and a time table.
    n_threads : int
        Worker threads.
    seed : int
        Of the cells.
    """

    def __init__(self, rows: ScoreTerms, n_threads: int, seed: int) -> None:
        # Row by row here, the number that the caller knows it by.
        self.numbers = _by_day(rows.days)
        ordered = bool((np.diff(self.numbers) > 0).all())
        self.rows = rows if ordered else rows.take(self.numbers)
        self.n_threads = n_threads
        self._short = _short_vectors(self.rows, n_threads)
        self._cells = Cells.of(self._short, seed)
        matrices = (self.rows.sparse, self.rows.bent)
        n_rows = len(self.numbers)
        self._postings = tuple(Postings(CsrArrays.of(matrix), n_rows) for matrix in matrices)
        for postings in self._postings:
            postings.fill(0, n_rows)
        self._most_dense = self.rows.dense_weight + self.rows.side_weight
        of_tags = float(_squares(self.rows.sparse).max(initial=0.0))
        self._most_sparse = self.rows.bent_weight + of_tags

    def best(
        self, exact: ExactScores, n: int, filters: Filters, on_progress: Progress | None
    ) -> tuple[Best, I64]:
        """Return the best n of each row, and which rows' lists may be short or of many equal.

        Parameters as `ExactEngine.best_of_all`.
        """
        from relatedevents.engines.kernels import neighbour_descent as kernels

        n_rows = len(self.numbers)
        best = Best.empty(n_rows, n)
        size = min(n + _SPARE, n_rows)
        here = Filters(filters.allowed[self.numbers], filters.take(self.numbers).until)
        width = 2 ** max(round(math.log2(_WIDTH_PER_ROOT * math.sqrt(n_rows))), 0)
        near = AllPairs(self.rows, width, self.n_threads, size, here)
        found = near.nearby(partial(in_threads, self.n_threads))
        kernels.heapify(found.best, found.best_rows)
        # Anew for each search, since what a thread has marked is true of one alone.
        own: Space = queue.SimpleQueue()
        for _ in range(self.n_threads):
            own.put(Own.of(self.rows))
        self._look_far(near, found, own, max(_SHARED, n), max(_FROM_CELLS, n))
        self._look_around(near, found, own)
        there = _available(self.rows.days, here)
        settled = np.empty(n_rows, dtype=np.bool_)

        def rank(some: I64) -> None:
            held = found.best_rows[some] >= 0
            counts = held.sum(axis=1)
            candidates = self.numbers[found.best_rows[some][held]]
            numbers = self.numbers[some]
            best.put(numbers, rank_candidates(numbers, counts, candidates, exact, n))
            enough = counts >= np.minimum(there[some], size)
            equal = (found.best[some, 0] <= _LOW) & (counts < there[some])
            settled[numbers] = enough & ~equal
            if on_progress is not None:
                on_progress(len(some))

        in_threads(self.n_threads, rank, _pieces(np.arange(n_rows), _RANKED))
        return best, np.flatnonzero(~settled)

    def _look_far(
        self, near: AllPairs, found: Found, own: Space, n_shared: int, n_near: int
    ) -> None:
        from relatedevents.engines.kernels import neighbour_descent as kernels

        rows, cells = near.rows, self._cells
        reach = Reach(
            _TAG_REACH,
            _WORD_REACH,
            n_shared,
            n_near,
            _DENSE_HOPE * self._most_dense,
            _SPARSE_HOPE * self._most_sparse,
            _MORE_HOPE * self._most_sparse,
        )
        enough = int(_NEAR_PER_ROOT * math.sqrt(len(found.best)))
        leading = _leading(rows.bonus, found.allowed, found.best.shape[1] + 1)

        def work(queries: I64) -> None:
            cell = int(cells.cell_of[queries[0]])
            which = cells.around(cell, enough, int(queries[len(queries) // 2]))
            members = Members(which, rows.days[which], rows.codes[which], rows.bonus[which])
            products = self._short[queries] @ self._short[which].T
            with _one_of(own) as mine:
                kernels.look_far(
                    queries,
                    products,
                    members,
                    leading,
                    near.size,
                    rows,
                    *(postings.arrays for postings in self._postings),
                    near.sums,
                    self.rows.code_table,
                    reach,
                    mine,
                    found,
                )

        in_threads(self.n_threads, work, self._by_cell())

    def _look_around(self, near: AllPairs, found: Found, own: Space) -> None:
        from relatedevents.engines.kernels import neighbour_descent as kernels

        lists = np.empty((len(found.best), min(_NEIGHBOURS, found.best.shape[1])), dtype=np.int32)

        def sort(some: I64) -> None:
            order = np.argsort(-found.best[some], axis=1, kind="stable")[:, : lists.shape[1]]
            lists[some] = np.take_along_axis(found.best_rows[some], order, axis=1)

        in_threads(self.n_threads, sort, _pieces(np.arange(len(lists)), _CHUNK))
        start = np.empty(len(lists) + 1, dtype=np.int64)
        listed_by = np.empty(lists.size, dtype=np.int32)
        kernels.turn_round(lists, start, listed_by)

        def work(queries: I64) -> None:
            with _one_of(own) as mine:
                kernels.look_around(
                    queries,
                    lists,
                    start,
                    listed_by,
                    _LISTED,
                    near.size,
                    near.rows,
                    near.sums,
                    self.rows.code_table,
                    np.float32(_SPARSE_HOPE * self._most_sparse),
                    mine,
                    found,
                )

        in_threads(self.n_threads, work, self._by_cell())

    def _by_cell(self) -> list[I64]:
        """Return the queries of each cell, since they have candidates in common."""
        cells = np.split(self._cells.members, self._cells.start[1:-1])
        return [some for cell in cells if len(cell) for some in _pieces(cell, _QUERIES)]


@contextmanager
def _one_of(own: Space) -> Iterator[Own]:
    """Let a thread have one of the spaces to itself."""
    mine = own.get()
    try:
        yield mine
    finally:
        own.put(mine)


def _pieces(numbers: I64, size: int) -> list[I64]:
    return [numbers[first : first + size] for first in range(0, len(numbers), size)]


def _by_day(days: I32) -> I64:
    """Return the rows in the order of days, newest first and undated last; 0, 1, ... if they are.

    Rows in that order are left alone, and so need no copy.
    """
    undated = days == UNDATED
    return np.lexsort((-days.astype(np.int64), undated))


def _short_vectors(rows: ScoreTerms, n_threads: int) -> F32:
    """Return where the dense operands together lie along their main directions.

    Their products are nearly the dense parts of a score, but for those below 0.
    """
    some = np.unique(np.linspace(0, len(rows.days) - 1, _SAMPLE).astype(np.int64))
    operands = ((rows.dense, rows.dense_weight), (rows.side, rows.side_weight))
    weighed = [vectors[some] * np.float32(np.sqrt(weight)) for vectors, weight in operands]
    width = rows.dense.shape[1]
    short = np.empty((len(rows.days), min(_DIRECTIONS, width + rows.side.shape[1])), np.float32)

    def learn(sample: F32) -> F32:
        return main_directions(sample, short.shape[1]).astype(np.float32)

    # In a worker, as all that follows, so that no sum depends on how many threads there are.
    (main,) = in_threads(1, learn, [np.hstack(weighed)])
    onto = (main[:width] * np.sqrt(rows.dense_weight)).astype(np.float32)
    side_onto = (main[width:] * np.sqrt(rows.side_weight)).astype(np.float32)

    def shorten(some: I64) -> None:
        here = slice(some[0], some[-1] + 1)
        short[here] = rows.dense[here] @ onto
        if len(side_onto):
            short[here] += rows.side[here] @ side_onto

    in_threads(n_threads, shorten, _pieces(np.arange(len(short)), _CHUNK))
    return short


def _squares(matrix: sparse.csr_matrix) -> F32:
    """Return the sum of squares of each row."""
    squares = np.append(0.0, np.cumsum(matrix.data.astype(np.float64) ** 2))
    return np.asarray(np.diff(squares[matrix.indptr]))


def _leading(bonus: F32, allowed: npt.NDArray[np.bool_], size: int) -> I32:
    """Return the allowed rows of the highest bonus, none where all have the same."""
    rows = np.flatnonzero(allowed).astype(np.int32)
    if not bonus.any():
        return rows[:0]
    return rows[np.argsort(-bonus[rows], kind="stable")[:size]]


def _available(days: I32, filters: Filters) -> I64:
    """Return how many candidates each row may have, itself not counted."""
    allowed = filters.allowed
    if filters.until is None:
        return np.asarray(allowed.sum() - allowed)
    dated = np.sort(days[allowed & (days != UNDATED)])
    latest = np.minimum(filters.until, UNDATED - 1)
    mine = allowed & (days <= latest)
    return np.asarray(np.searchsorted(dated, latest, side="right") - mine)
