"""Blocks: the first pass over all pairs, in float32, which keeps a few candidates a row.

Scores are symmetric but for the one-sided signals, so each pair is scored once and offered to
both rows. First come the blocks on the diagonal and beside it: where rows lie in the order of
days, that is where most of the best candidates are. What a row has by then is the floor that a
bound on all other pairs must beat.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from relatedevents._util.memory import fitting_block
from relatedevents.engines.base import Filters, Progress
from relatedevents.engines.bounds import bounding_vectors
from relatedevents.engines.days import FAR, latest_days, near_days
from relatedevents.engines.postings import CsrArrays, Postings
from relatedevents.engines.terms import SATURATION, ScoreTerms

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Does one task for each item, several at a time.
InThreads = Callable[[Callable[["_Worker"], None], Sequence["_Worker"]], object]

#: Rows of a block that are scored at once, so that they stay in the processor's cache.
STRIP = 256
# Rows whose candidates are joined at once.
_CHUNK = 65_536
# Where more pairs than this share pass the bound, whole dot products cost less.
_CROWD = 0.08


class Rows(NamedTuple):
    """What the kernels know of every row."""

    dense: F32
    side: F32
    sparse_start: I64
    sparse_columns: I32
    sparse_values: F32
    bent_start: I64
    bent_columns: I32
    bent_values: F32
    pattern_start: I64
    pattern_columns: I32
    factor: F32
    bonus: F32
    codes: I32
    days: I32


class Columns(NamedTuple):
    """What they know of the rows that are a block's columns, by what these have."""

    sparse_start: I64
    sparse_rows: I32
    sparse_values: F32
    bent_start: I64
    bent_rows: I32
    bent_values: F32
    pattern_start: I64
    pattern_rows: I32
    code_rows: F32


class Sums(NamedTuple):
    """How the parts are added up."""

    dense_weight: float
    side_weight: float
    bent_weight: float
    bend: float
    table: F32
    undated: int
    one_sided: bool


class Found(NamedTuple):
    """The candidates kept so far, and which ones a row may have.

    `floor` is shared by all threads: no candidate that scores less can still matter to the row.
    """

    best: F32
    best_rows: I32
    low_at: I32
    floor: F32
    allowed: Mask
    until: I32

    @classmethod
    def none(cls, n_kept: int, floor: F32, allowed: Mask, until: I32) -> Found:
        """Return room for so many candidates a row."""
        shape = (len(floor), n_kept)
        scores, rows = np.full(shape, -1.0, dtype=np.float32), np.full(shape, -1, dtype=np.int32)
        return cls(scores, rows, np.zeros(len(floor), dtype=np.int32), floor, allowed, until)


class Scratch(NamedTuple):
    """Space for one row of a strip."""

    time: F32
    rest: F32
    shared: F32
    total: F32
    back: F32
    others: F32
    flags: Mask
    turns: I32

    @classmethod
    def of(cls, size: int) -> Scratch:
        """Return space for rows of so many columns."""
        time, rest, shared, total, back, others = np.empty((6, size), dtype=np.float32)
        # Flags are read eight at a time; those past the end stay 0.
        flags = np.zeros(size + -size % 8, dtype=np.bool_)
        turns = np.empty(len(flags) // 8, dtype=np.int32)
        return cls(time, rest, shared, total, back, others, flags, turns)


class AllPairs:
    """The first pass over all pairs of some rows.

    Parameters
    ----------
    rows : ScoreTerms
        Both sides of each pair.
    size : int
        Rows and columns of a block; less where that does not fit into memory.
    n_workers : int
        How many threads take part.
    n_kept : int
        How many candidates each row keeps.
    filters : Filters
        Which candidates are allowed.
    """

    def __init__(
        self, rows: ScoreTerms, size: int, n_workers: int, n_kept: int, filters: Filters
    ) -> None:
        self.operands = rows
        self.n_rows = len(rows.days)
        self.size = fitting_block(
            min(size, self.n_rows),
            n_workers * self.n_rows * n_kept * 8,
            lambda columns: n_workers * _bytes_of(rows, columns),
        )
        self.sparse, self.bent, self.pattern = (
            CsrArrays.of(matrix) for matrix in (rows.sparse, rows.bent, rows.pattern)
        )
        self.rows = Rows(
            rows.dense,
            rows.side,
            *self.sparse.arrays,
            *self.bent.arrays,
            *self.pattern.arrays[:2],
            rows.factor,
            rows.bonus,
            rows.codes,
            near_days(rows.days),
        )
        self.sums = Sums(
            rows.dense_weight,
            rows.side_weight,
            rows.bent_weight,
            SATURATION,
            rows.table,
            int(FAR),
            bool(rows.pattern.shape[1] or rows.bonus.any()),
        )
        self._starts = range(0, self.n_rows, self.size)
        self._n_workers = min(n_workers, len(self._starts))
        self._n_kept = n_kept
        self._filters = filters

    @cached_property
    def short(self) -> tuple[F32, F32]:
        """Short vectors whose products bound those of the dense and the side operand."""
        # The side's products are few already, and cut much further they bound too little.
        rows = self.operands
        return bounding_vectors(rows.dense, 8), bounding_vectors(rows.side, 2)

    def run(
        self,
        in_threads: InThreads,
        on_progress: Progress | None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return each row's kept candidates, -1 where there are none, and their lowest score."""
        workers = self._workers()
        self._near(in_threads, workers)
        np.maximum(workers[0].found.floor, _joined(workers)[2], out=workers[0].found.floor)
        self._share(in_threads, workers, _Worker.far, on_progress)
        _, kept, lowest = _joined(workers)
        return kept.astype(np.int64), lowest.astype(np.float64)

    def nearby(self, in_threads: InThreads) -> Found:
        """Return what each row keeps of its own block and the blocks on both sides."""
        workers = self._workers()
        self._near(in_threads, workers)
        scores, rows, floor = _joined(workers)
        return workers[0].found._replace(best=scores, best_rows=rows, floor=floor)

    def _workers(self) -> list[_Worker]:
        floor = np.full(self.n_rows, -1.0, dtype=np.float32)
        until = latest_days(self._filters, self.n_rows)
        return [
            _Worker(self, Found.none(self._n_kept, floor, self._filters.allowed, until))
            for _ in range(self._n_workers)
        ]

    def _near(self, in_threads: InThreads, workers: list[_Worker]) -> None:
        self._share(in_threads, workers, _Worker.own, None)
        self._share(in_threads, workers, _Worker.beside, None)

    def _share(
        self,
        in_threads: InThreads,
        workers: list[_Worker],
        task: Callable[[_Worker, int], None],
        on_progress: Progress | None,
    ) -> None:
        # The last column of blocks has the most blocks above it: the long tasks go first.
        starts: Iterator[int] = iter(self._starts[::-1])
        lock = threading.Lock()

        def work(worker: _Worker) -> None:
            while True:
                with lock:
                    j0 = next(starts, None)
                if j0 is None:
                    return
                task(worker, j0)
                if on_progress is not None:
                    with lock:
                        on_progress(min(self.size, self.n_rows - j0))

        in_threads(work, workers)


class _Worker:
    """One thread's buffers and the candidates that it has kept so far."""

    def __init__(self, pairs: AllPairs, found: Found) -> None:
        size, rows = pairs.size, pairs.operands
        self._pairs = pairs
        self.found = found
        self._block = np.empty(STRIP * size, dtype=np.float32)
        self._side = np.empty(STRIP * size if rows.side.shape[1] else 0, dtype=np.float32)
        self._scratch = Scratch.of(size)
        n_codes = len(rows.code_table) if len(rows.code_table) > 1 else 0
        self._code_rows = np.empty((n_codes, size), dtype=np.float32)
        self._postings = tuple(
            Postings(matrix, size) for matrix in (pairs.sparse, pairs.bent, pairs.pattern)
        )

    def own(self, j0: int) -> None:
        """Score the pairs within the block at `j0`."""
        columns = self._columns(j0)
        for first in self._strips(j0):
            self._strip(first, j0, False, False, columns)

    def beside(self, j0: int) -> None:
        """Score the pairs of the column of blocks at `j0` with the block before it."""
        columns = self._columns(j0)
        for first in self._strips(j0 - self._pairs.size):
            self._strip(first, j0, True, False, columns)

    def far(self, j0: int) -> None:
        """Score the pairs of that column with all blocks further up."""
        columns = self._columns(j0)
        bounded = True
        for i0 in range(j0 - 2 * self._pairs.size, -1, -self._pairs.size):
            for first in self._strips(i0):
                share = self._strip(first, j0, True, bounded, columns)
                bounded = bounded and share <= _CROWD

    def _strips(self, i0: int) -> range:
        i1 = min(i0 + self._pairs.size, self._pairs.n_rows)
        return range(i0, i1, STRIP) if i0 >= 0 else range(0)

    def _columns(self, j0: int) -> Columns:
        from relatedevents.engines.kernels import all_pairs as _block_kernels

        rows = self._pairs.operands
        j1 = min(j0 + self._pairs.size, self._pairs.n_rows)
        for postings in self._postings:
            postings.fill(j0, j1)
        _block_kernels.fill_codes(self._code_rows, rows.code_table, rows.codes[j0:j1])
        sparse, bent, pattern = (postings.arrays for postings in self._postings)
        return Columns(*sparse, *bent, *pattern[:2], self._code_rows)

    def _strip(self, i: int, j0: int, mirror: bool, bounded: bool, columns: Columns) -> float:
        """Score the pairs of a strip; return the share of them that came into question."""
        from relatedevents.engines.kernels import all_pairs as _block_kernels

        pairs = self._pairs
        i1 = min(i + STRIP, i - i % pairs.size + pairs.size, pairs.n_rows)
        j1 = min(j0 + pairs.size, pairs.n_rows)
        whole = pairs.operands.dense, pairs.operands.side
        dense, side = pairs.short if bounded else whole
        flagged = _block_kernels.strip_pass(
            _products(dense, i, i1, j0, j1, self._block),
            _products(side, i, i1, j0, j1, self._side),
            i,
            j0,
            mirror,
            bounded,
            pairs.rows,
            columns,
            pairs.sums,
            self.found,
            self._scratch,
        )
        return float(flagged / ((i1 - i) * (j1 - j0)))


def _joined(workers: list[_Worker]) -> tuple[F32, I32, F32]:
    """Return what all workers together keep for each row, and the lowest score of that."""
    n_rows, n_kept = workers[0].found.best.shape
    kept = np.empty((n_rows, n_kept), dtype=np.float32), np.empty((n_rows, n_kept), dtype=np.int32)
    for first in range(0, n_rows, _CHUNK):
        here = slice(first, first + _CHUNK)
        scores = np.concatenate([worker.found.best[here] for worker in workers], axis=1)
        rows = np.concatenate([worker.found.best_rows[here] for worker in workers], axis=1)
        order = np.argpartition(-scores, n_kept - 1, axis=1)[:, :n_kept]
        kept[0][here] = np.take_along_axis(scores, order, axis=1)
        kept[1][here] = np.take_along_axis(rows, order, axis=1)
    return *kept, kept[0].min(axis=1)


def _bytes_of(rows: ScoreTerms, columns: int) -> int:
    """Return about how many bytes a worker's buffers take for so many columns."""
    strips = STRIP * (2 if rows.side.shape[1] else 1)
    return 4 * columns * (strips + len(rows.code_table))


def _products(vectors: F32, i: int, i1: int, j: int, j1: int, out: F32) -> F32:
    if not vectors.shape[1]:
        return out.reshape(0, 0)
    # The last strips are smaller; BLAS wants its output without gaps.
    corner = out[: (i1 - i) * (j1 - j)].reshape(i1 - i, j1 - j)
    np.dot(vectors[i:i1], vectors[j:j1].T, out=corner)
    return corner
