"""Rows: the first pass over the pairs of some rows with everyone, in float32.

Both sides of each pair are served: which candidates can be among a row's best, and to which of
them the row itself is good enough. Blocks of columns stay in the processor's cache, and threads
share them; what the rows have of tags and words is looked up by what each column has, so the
archive needs no postings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from relatedevents.engines.bounds import Outline
from relatedevents.engines.days import FAR, near_days
from relatedevents.engines.postings import CsrArrays, Postings
from relatedevents.engines.terms import DECIMALS, SATURATION, ScoreTerms

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: What is found in a block: query, row, score, whether it matters to the query, to the row.
_Found = tuple[I32, I32, F32, Mask, Mask]
#: Does one task for each item, several at a time.
InThreads = Callable[[Callable[[int], list[_Found]], Sequence[int]], list[list[_Found]]]

#: Rows worked on at once.
MANY = 128
# Columns of a block.
_BLOCK = 1024
# How many candidates on each side of a query are looked at first.
_BESIDE = 128


class _Block(NamedTuple):
    """Columns from `j0` to before `j1`, for the queries from `q0` to before `q1`."""

    j0: int
    j1: int
    q0: int
    q1: int


class Asked(NamedTuple):
    """What the kernels know of the rows that are asked for."""

    rows: I64
    dense: F32
    days: I32
    codes: I32
    factor: F32
    bonus: F32
    exact_zeros: Mask


class Everyone(NamedTuple):
    """What they know of all candidates, and how the parts are added up."""

    dense: F32
    days: I32
    codes: I32
    factor: F32
    bonus: F32
    table: F32
    code_table: F32
    dense_weight: float
    side_weight: float
    bent_weight: float
    bend: float
    undated: int
    one_sided: bool


class Products(NamedTuple):
    """The products of the rows that are asked for with a block of columns; (0, 0) if unused.

    Where `bounded`, those of `dense` are upper bounds.
    """

    dense: F32
    side: F32
    sparse: F32
    bent: F32
    shared: F32
    width: int
    bounded: bool


class Reached(NamedTuple):
    """What a score has to reach: the n best that a thread has seen, the floor of all threads."""

    kept: F32
    floor: F32
    low: F32
    slack: np.float32


class Near(NamedTuple):
    """Pairs found: (query, candidate) that may be among the best, and (query, row) that reach."""

    queries: I64
    candidates: I64
    comers: I64
    owners: I64


class SomePairs:
    """The first pass over the pairs of some rows with everyone else.

    Parameters
    ----------
    everyone : ScoreTerms
        All candidates.
    rows : numpy.ndarray of int64, shape (n_asked,)
        Which of them are asked for; not too many at once, see `MANY`.
    n : int
        How many candidates a list has, at least 1.
    low : numpy.ndarray of float32, shape (n_candidates,), or None
        The score at which a row of `rows` matters to each candidate.
    outline : Outline or None
        Of the candidates' dense vectors: bounds then tell which of their products are needed.
    """

    def __init__(
        self, everyone: ScoreTerms, rows: I64, n: int, low: F32 | None, outline: Outline | None
    ) -> None:
        side = everyone.take(rows)
        self._all, self._side, self._outline = everyone, side, outline
        self._csr = tuple(map(CsrArrays.of, (everyone.sparse, everyone.bent, everyone.pattern)))
        matrices = (side.sparse, side.bent, side.pattern)
        self._postings = tuple(Postings(CsrArrays.of(matrix), len(rows)) for matrix in matrices)
        for postings in self._postings:
            postings.fill(0, len(rows))
        self._have = tuple(np.diff(postings.arrays[0]) > 0 for postings in self._postings)
        self.n_rows, self.n = len(everyone.days), n
        days = near_days(everyone.days)
        self.asked = Asked(
            rows,
            side.dense,
            days[rows],
            side.codes,
            side.factor,
            side.bonus,
            np.logical_not(side.dense.any(axis=1) | side.side.any(axis=1)),
        )
        self.everyone = Everyone(
            everyone.dense,
            days,
            everyone.codes,
            everyone.factor,
            everyone.bonus,
            everyone.table,
            everyone.code_table,
            everyone.dense_weight,
            everyone.side_weight,
            everyone.bent_weight,
            SATURATION,
            int(FAR),
            bool(everyone.pattern.shape[1] or everyone.bonus.any()),
        )
        self.floor = np.full(len(rows), -np.inf, dtype=np.float32)
        self.low = np.full(self.n_rows, np.inf, dtype=np.float32) if low is None else low
        self.slack = np.float32(2.0 * everyone.error + 10.0**-DECIMALS)

    def run(self, in_threads: InThreads, n_threads: int) -> Near:
        """Return the pairs that matter, by query and then by row."""
        n_workers = min(n_threads, -(-self.n_rows // _BLOCK))
        if self._outline is not None:
            # Where rows lie in the order of days, most of the best candidates lie beside a query:
            # with them as a floor, few bounds further off are high enough.
            self._share(in_threads, n_workers, self._beside(), bounded=False)
        n_asked = len(self.floor)
        blocks = [
            _Block(j0, min(j0 + _BLOCK, self.n_rows), 0, n_asked)
            for j0 in range(0, self.n_rows, _BLOCK)
        ]
        done = self._share(in_threads, n_workers, blocks, bounded=self._outline is not None)
        together = [np.concatenate(some) for some in zip(*done, strict=True)]
        queries, rows, scores, own, back = together
        queries, rows = queries.astype(np.int64), rows.astype(np.int64)
        mine = np.flatnonzero(own & (scores >= self.floor[queries] - self.slack))
        mine = mine[np.lexsort((rows[mine], -scores[mine], queries[mine]))]
        mine = mine[self._best(queries[mine], scores[mine])]
        theirs = np.flatnonzero(back)
        theirs = theirs[np.lexsort((rows[theirs], queries[theirs]))]
        return Near(queries[mine], rows[mine], queries[theirs], rows[theirs])

    def _best(self, queries: I64, scores: F32) -> Mask:
        """Return which pairs, best first, can be among the best n of their query."""
        if not len(queries):
            return np.zeros(0, dtype=np.bool_)
        counts = np.bincount(queries, minlength=len(self.floor))
        starts = np.cumsum(counts) - counts
        full = counts >= self.n
        limit = np.full(len(counts), -np.inf, dtype=np.float32)
        limit[full] = scores[starts[full] + self.n - 1] - self.slack
        # Exact zeros are equal: those of smaller rows stand first.
        zeros = (scores == 0.0) & self.asked.exact_zeros[queries]
        before = np.cumsum(zeros) - zeros
        nth = before - before[np.minimum(starts, len(before) - 1)][queries]
        return np.asarray((scores >= limit[queries]) & ~(zeros & (nth >= self.n)))

    def _beside(self) -> list[_Block]:
        """Return the queries with the columns beside them, neighbours together."""
        blocks = []
        rows, q0 = self.asked.rows.tolist(), 0
        for q1 in range(1, len(rows) + 1):
            if q1 == len(rows) or not 0 <= rows[q1] - rows[q0] < _BLOCK - 2 * _BESIDE:
                first = max(rows[q0] - _BESIDE, 0)
                blocks.append(_Block(first, min(rows[q1 - 1] + _BESIDE, self.n_rows), q0, q1))
                q0 = q1
        return blocks

    def _share(
        self, in_threads: InThreads, n_workers: int, blocks: list[_Block], *, bounded: bool
    ) -> list[_Found]:
        """Return what is found in some blocks, which no column and query share twice."""
        todo, lock = iter(blocks), threading.Lock()

        def work(_: int) -> list[_Found]:
            kept = np.full((len(self.floor), self.n), -np.inf, dtype=np.float32)
            reached = Reached(kept, self.floor, self.low, self.slack)
            buffers = np.empty((5, len(self.floor) * _BLOCK), dtype=np.float32)
            found: list[_Found] = []
            while True:
                with lock:
                    block = next(todo, None)
                if block is None:
                    return found
                found.append(self._offer(block, reached, buffers, bounded=bounded))

        return list(chain.from_iterable(in_threads(work, range(n_workers))))

    def _offer(self, block: _Block, reached: Reached, buffers: F32, *, bounded: bool) -> _Found:
        from relatedevents.engines.kernels import query_scan as _row_kernels

        j0, j1, q0, q1 = block
        shape = (q1 - q0, j1 - j0)
        # BLAS wants its output without gaps.
        dense, side, sparse, bent, shared = (
            buffer[: shape[0] * shape[1]].reshape(shape) for buffer in buffers
        )
        none = buffers[0, :0].reshape(0, 0)
        if bounded and self._outline is not None:
            dense = self._outline.bounds(self.asked.rows[q0:q1], j0, j1)
        elif self._all.dense.shape[1]:
            np.dot(self._side.dense[q0:q1], self._all.dense[j0:j1].T, out=dense)
        if self._all.side.shape[1]:
            np.dot(self._side.side[q0:q1], self._all.side[j0:j1].T, out=side)
        used = [matrix.n_columns > 0 for matrix in self._csr]
        for number, sums in enumerate((sparse, bent)):
            if used[number]:
                csr, postings, have = self._csr[number], self._postings[number], self._have[number]
                _row_kernels.scatter(*csr.arrays, j0, j1, *postings.arrays, have, q0, q1, sums)
        if used[2]:
            csr, postings = self._csr[2], self._postings[2]
            _row_kernels.count(*csr.arrays[:2], j0, j1, *postings.arrays[:2], q0, q1, shared)
        products = Products(
            dense if self._all.dense.shape[1] else none,
            side if self._all.side.shape[1] else none,
            sparse if used[0] else none,
            bent if used[1] else none,
            shared if used[2] else none,
            j1 - j0,
            bounded,
        )
        found: _Found = _row_kernels.offer(self.asked, q0, q1, self.everyone, products, reached, j0)
        return found
