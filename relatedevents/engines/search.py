"""The search of the approximate engine: candidates from every source, the best scored exactly."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from relatedevents.engines.base import Best, ExactScores, Progress, rank_candidates
from relatedevents.engines.clusters import Cells
from relatedevents.engines.places import FAR, Places, Queries, Windows, available
from relatedevents.engines.postings import Postings
from relatedevents.engines.terms import SATURATION, ScoreTerms

I64 = npt.NDArray[np.int64]
_Out = TypeVar("_Out")

# How many events nearest in time are all looked at.
_WINDOW = 768
# How many events the cells around a query's vector hold at least, and where time tells nothing.
_NEAR, _NEAR_WITHOUT_TIME = 512, 16384
# A tag or word of more events names the nearest in time of them alone.
_TAG_REACH, _WORD_REACH = 4096, 192
# How many of the cells' and of the tags' and words' candidates are looked at more closely.
_FOUND, _LOOKED = 24, 32
# What is not in the window gets its dense part worked out only where this share of the most that
# it can be would lift it into the list.
_PROMISE = 0.8
_BLOCK, _CELL_BLOCK = 128, 256


class Sorted:
    """The candidates in the order of days, with their postings and cells."""

    def __init__(self, candidates: ScoreTerms, n_threads: int, seed: int) -> None:
        self.operands = candidates
        self.n_threads = n_threads
        self.places = Places.of(candidates)
        self.side = self.places.side
        n = len(candidates.days)
        self.postings = tuple(Postings(matrix, n) for matrix in self.side.matrices)
        for postings in self.postings:
            postings.fill(0, n)
        self.timed = len(candidates.table) > 1
        self.cells = Cells.of(self.side.dense, seed) if self.side.dense.shape[1] else None
        self.scratch: queue.SimpleQueue[_Scratch] = queue.SimpleQueue()
        for _ in range(n_threads):
            self.scratch.put(_Scratch(n))

    def search(
        self,
        queries: ScoreTerms | None,
        own_rows: I64,
        allowed: npt.NDArray[np.bool_],
        until: I64 | None,
    ) -> Search:
        """Return a search for some queries, `None` for all candidates, over what is allowed."""
        asked = self.places.queries(queries, own_rows)
        width = _WINDOW if self.timed else 0
        windows = Windows.of(asked, self.side.days, until, width)
        return Search(self, asked, windows, allowed[self.places.row_of])

    def in_threads(self, work: Callable[[I64], _Out], items: Sequence[I64]) -> Iterable[_Out]:
        """Give what `work` makes of each item, in their order."""
        from threadpoolctl import threadpool_limits

        # BLAS threads and ours would fight for the same cores.
        with threadpool_limits(1), ThreadPoolExecutor(self.n_threads) as pool:
            yield from pool.map(work, items)


@dataclass(frozen=True)
class Search:
    """Queries in the order of days over the allowed candidates."""

    within: Sorted
    asked: Queries
    windows: Windows
    allowed: npt.NDArray[np.bool_]

    def best(self, exact: ExactScores, n: int, on_progress: Progress | None) -> tuple[Best, I64]:
        """Return the best n of each query, and the queries whose lists are not full."""
        asked = self.asked
        size = n + max(6, n // 4)
        found, dots = self._near(max(_FOUND, size))
        always = self._always(size + 1)

        def work(block: I64) -> Best:
            mine = self.within.scratch.get()
            try:
                return self._block(block, found, dots, always, size, exact, n, mine)
            finally:
                self.within.scratch.put(mine)

        # Queries of one block lie near each other, so that their windows do too.
        order = np.argsort(asked.centre, kind="stable")
        starts = np.flatnonzero(np.diff(asked.centre[order] // _BLOCK, prepend=-1))
        blocks = [
            some[first : first + _BLOCK]
            for some in np.split(order, starts[1:])
            for first in range(0, len(some), _BLOCK)
        ]
        best = Best.empty(len(order), n)
        for block, done in zip(blocks, self.within.in_threads(work, blocks), strict=True):
            best.put(asked.numbers[block], done)
            if on_progress is not None:
                on_progress(len(block))
        there = available(self.windows, asked, self.allowed)
        full = np.minimum(there, n)
        short = asked.numbers[(best.rows[asked.numbers] >= 0).sum(axis=1) < full]
        return best, np.sort(short)

    def _near(self, size: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return each query's best candidates of the cells around it, and their dense parts."""
        asked, cells = self.asked, self.within.cells
        found = np.full((len(asked.numbers), 0 if cells is None else size), -1, dtype=np.int32)
        dots = np.zeros(found.shape, dtype=np.float32)
        if cells is None:
            return found, dots
        # Each distinct cell once, its queries in the order of days.
        cell_of = asked.cells(cells)
        order = np.argsort(cell_of, kind="stable")
        starts = np.flatnonzero(np.diff(cell_of[order], prepend=-1))
        groups = np.split(order, starts[1:])

        def work(some: I64) -> None:
            self._cell(cells, int(cell_of[some[0]]), some, found, dots)

        for _ in self.within.in_threads(work, groups):
            pass
        return found, dots

    def _cell(
        self,
        cells: Cells,
        cell: int,
        queries: I64,
        found: npt.NDArray[np.int32],
        found_dots: npt.NDArray[np.float32],
    ) -> None:
        from relatedevents.engines.kernels import sorted_search as kernels

        within, asked, windows = self.within, self.asked, self.windows
        enough = _NEAR if within.timed else _NEAR_WITHOUT_TIME
        side = within.side
        for first in range(0, len(queries), _CELL_BLOCK):
            some = queries[first : first + _CELL_BLOCK]
            middle = int(asked.centre[some[len(some) // 2]])
            members = cells.around(cell, enough, middle)
            kernels.near_in_cells(
                asked.side.dense[some] @ side.dense[members].T,
                members,
                side.days[members],
                side.codes[members],
                side.bonus[members],
                some,
                asked.side.days,
                asked.side.codes,
                within.operands.table,
                within.operands.code_table,
                self.allowed,
                within.places.row_of,
                windows.first,
                windows.until,
                windows.end,
                asked.own,
                found,
                found_dots,
            )

    def _always(self, size: int) -> npt.NDArray[np.int32]:
        """Return the places that lead where nothing is in common: by bonus, then by row."""
        places = self.within.places
        rows = np.flatnonzero(self.allowed[places.place_of])
        bonus = self.within.operands.bonus[rows]
        if bonus.any() and len(rows) > size:
            lowest = np.partition(bonus, len(rows) - size)[len(rows) - size]
            rows = np.append(rows[bonus > lowest], rows[bonus == lowest][:size])
        return places.place_of[rows[:size]].astype(np.int32)

    def _block(
        self,
        block: I64,
        found: npt.NDArray[np.int32],
        found_dots: npt.NDArray[np.float32],
        always: npt.NDArray[np.int32],
        size: int,
        exact: ExactScores,
        n: int,
        mine: _Scratch,
    ) -> Best:
        from relatedevents.engines.kernels import sorted_search as kernels

        within, asked, windows = self.within, self.asked, self.windows
        side, operands = within.side, within.operands
        wide = windows.until[block] > windows.first[block]
        first = int(windows.first[block][wide].min(initial=FAR))
        last = int(windows.until[block][wide].max(initial=0))
        dots = np.zeros((len(block), max(last - first, 0)), dtype=np.float32)
        if side.dense.shape[1] and dots.shape[1]:
            np.dot(asked.side.dense[block], side.dense[first:last].T, out=dots)
        scores = np.empty((len(block), size), dtype=np.float32)
        places = np.empty((len(block), size), dtype=np.int32)
        most = operands.dense_weight * bool(operands.dense.shape[1])
        most += operands.side_weight * bool(operands.side.shape[1])
        kernels.best_of_block(
            dots,
            first,
            block,
            asked.side.dense,
            asked.side.days,
            asked.side.codes,
            asked.side.factor,
            windows.first,
            windows.until,
            windows.end,
            asked.own,
            asked.centre,
            found,
            found_dots,
            always,
            side.dense,
            side.days,
            side.codes,
            side.bonus,
            FAR,
            self.allowed,
            within.places.row_of,
            operands.table,
            operands.code_table,
            *asked.side.matrices[0].arrays,
            *within.postings[0].arrays,
            *asked.side.matrices[1].arrays,
            *within.postings[1].arrays,
            operands.bent_weight,
            SATURATION,
            *asked.side.matrices[2].arrays,
            *within.postings[2].arrays,
            _TAG_REACH,
            _WORD_REACH,
            mine.sums,
            mine.touched,
            mine.scores,
            max(_LOOKED, 2 * size),
            _PROMISE * most,
            scores,
            places,
        )
        there = places >= 0
        rows = within.places.row_of[places[there]].astype(np.int64)
        return rank_candidates(asked.numbers[block], there.sum(axis=1), rows, exact, n)


class _Scratch:
    """One thread's running sums, two a place; zeros between queries."""

    def __init__(self, n: int) -> None:
        # Beside each other, since both are looked up for every place that is met.
        self.sums = np.zeros((n, 2), dtype=np.float32)
        # A place may be met in each of the three matrices.
        self.touched = np.empty(3 * n + 1, dtype=np.int32)
        self.scores = np.empty(n, dtype=np.float32)
