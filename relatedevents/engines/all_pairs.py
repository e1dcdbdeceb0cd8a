"""All pairs: every row with every other in float32, of which a few candidates a row are kept.

Scores are symmetric but for the one-sided terms, so each pair is scored once and offered to
both rows. First come the blocks on the diagonal and beside it: where rows lie in the order of
days, that is where most of the best candidates are. What a row has by then is the floor that a
bound on all other pairs must beat.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np

from relatedevents._util.arrays import F32, F64, I32, I64
from relatedevents._util.memory import fitting_block
from relatedevents._util.threads import in_threads
from relatedevents.engines.base import Filters, Progress
from relatedevents.engines.bounds import bounding_vectors
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.kernel_data import latest_days, row_data, score_config
from relatedevents.engines.kernels.structs import BlockPostings, TopK, Workspace
from relatedevents.engines.postings import Postings
from relatedevents.engines.terms import ScoreTerms

# Rows whose candidates are joined at once.
_CHUNK = 65_536


class AllPairs:
    """The first stage for all rows: each pair scored once.

    Parameters
    ----------
    terms : ScoreTerms
        Both sides of each pair.
    size : int
        Rows and columns of a block; less where that does not fit into memory.
    n_threads : int
        How many threads take part.
    n_kept : int
        How many candidates each row keeps.
    filters : Filters
        Which candidates are allowed.
    config : EngineConfig
        How a block is worked on.
    """

    def __init__(
        self,
        terms: ScoreTerms,
        size: int,
        n_threads: int,
        n_kept: int,
        filters: Filters,
        config: EngineConfig,
    ) -> None:
        self.terms, self.strip, self.crowd = terms, config.strip, config.crowd
        self.n_rows = len(terms)
        self.size = fitting_block(
            min(size, self.n_rows),
            n_threads * self.n_rows * n_kept * 8,
            lambda columns: n_threads * _bytes_of(terms, columns, config.strip),
        )
        self.rows, self.score = row_data(terms), score_config(terms)
        self._starts = range(0, self.n_rows, self.size)
        self._n_workers = min(n_threads, len(self._starts))
        self._n_kept = n_kept
        self._filters = filters

    @cached_property
    def short(self) -> tuple[F32, F32]:
        """Short vectors whose products bound those of the dense and the second vectors."""
        # The second ones are short already, and cut much further they bound too little.
        return bounding_vectors(self.terms.dense, 8), bounding_vectors(self.terms.second, 2)

    def run(self, on_progress: Progress | None) -> tuple[I64, F64]:
        """Return each row's kept candidates, -1 where there are none, and their lowest score."""
        workers = self._near_workers()
        np.maximum(workers[0].found.floor, _joined(workers)[2], out=workers[0].found.floor)
        self._share(workers, _Worker.far, on_progress)
        _, kept, lowest = _joined(workers)
        return kept.astype(np.int64), lowest.astype(np.float64)

    def nearby(self) -> TopK:
        """Return what each row keeps of its own block and the blocks on both sides."""
        workers = self._near_workers()
        scores, rows, floor = _joined(workers)
        return workers[0].found._replace(best=scores, best_rows=rows, floor=floor)

    def _near_workers(self) -> list[_Worker]:
        """Return workers that have scored all pairs within blocks and with the next block."""
        floor = np.full(self.n_rows, -1.0, dtype=np.float32)
        until = latest_days(self._filters, self.n_rows)
        workers = [
            _Worker(self, TopK.empty(self._n_kept, floor, self._filters.allowed, until))
            for _ in range(self._n_workers)
        ]
        self._share(workers, _Worker.own, None)
        self._share(workers, _Worker.beside, None)
        return workers

    def _share(
        self,
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

        in_threads(self._n_workers, work, workers)


class _Worker:
    """One thread's buffers and the candidates that it has kept so far."""

    def __init__(self, pairs: AllPairs, found: TopK) -> None:
        size, terms = pairs.size, pairs.terms
        self._pairs = pairs
        self.found = found
        self._dense = np.empty(pairs.strip * size if terms.dense.shape[1] else 0, np.float32)
        self._second = np.empty(pairs.strip * size if terms.second.shape[1] else 0, np.float32)
        self._space = Workspace.of(size)
        self._code_rows = np.empty((len(terms.code_table), size), dtype=np.float32)
        self._postings = [Postings(matrix, size) for matrix in terms.sparse_matrices()]

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
                bounded = bounded and share <= self._pairs.crowd

    def _strips(self, i0: int) -> range:
        i1 = min(i0 + self._pairs.size, self._pairs.n_rows)
        return range(i0, i1, self._pairs.strip) if i0 >= 0 else range(0)

    def _columns(self, j0: int) -> BlockPostings:
        from relatedevents.engines.kernels.all_pairs import fill_codes

        terms = self._pairs.terms
        j1 = min(j0 + self._pairs.size, self._pairs.n_rows)
        for postings in self._postings:
            postings.fill(j0, j1)
        fill_codes(self._code_rows, terms.code_table, terms.codes[j0:j1])
        sparse, saturated, other, overlap = (postings.arrays for postings in self._postings)
        return BlockPostings(*sparse, *saturated, *other, *overlap[:2], self._code_rows)

    def _strip(self, i: int, j0: int, mirror: bool, bounded: bool, columns: BlockPostings) -> float:
        """Score the pairs of a strip; return the share of them that came into question."""
        from relatedevents.engines.kernels.all_pairs import strip_pass

        pairs = self._pairs
        i1 = min(i + pairs.strip, i - i % pairs.size + pairs.size, pairs.n_rows)
        j1 = min(j0 + pairs.size, pairs.n_rows)
        whole = pairs.terms.dense, pairs.terms.second
        dense, second = pairs.short if bounded else whole
        flagged = strip_pass(
            _products(dense, i, i1, j0, j1, self._dense),
            _products(second, i, i1, j0, j1, self._second),
            i,
            i1,
            j0,
            j1,
            mirror,
            bounded,
            pairs.rows,
            columns,
            pairs.score,
            self.found,
            self._space,
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


def _bytes_of(terms: ScoreTerms, columns: int, strip: int) -> int:
    """Return about how many bytes a worker's buffers take for so many columns."""
    strips = strip * (2 if terms.second.shape[1] else 1)
    return 4 * columns * (strips + len(terms.code_table))


def _products(vectors: F32, i: int, i1: int, j: int, j1: int, out: F32) -> F32:
    if not vectors.shape[1]:
        return out.reshape(0, 0)
    # The last strips are smaller; BLAS wants its output without gaps.
    corner = out[: (i1 - i) * (j1 - j)].reshape(i1 - i, j1 - j)
    np.dot(vectors[i:i1], vectors[j:j1].T, out=corner)
    return corner
