"""Cells: candidates grouped by their vectors, so that near ones are found without seeing all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import require

_CELLS_PER_ROOT = 2.0
_PER_CELL = 16
_TURNS = 5
_CHUNK = 8192


@dataclass(frozen=True)
class Cells:
    """Groups of vectors around centres found by k-means (Lloyd 1982).

    Attributes
    ----------
    centres : numpy.ndarray of float32, shape (n_cells, n_dimensions)
    start : numpy.ndarray of int64, shape (n_cells + 1,)
        Where each cell's members begin.
    members : numpy.ndarray of int64, shape (n_vectors,)
        Numbers of vectors, cell by cell, rising within each.
    cell_of : numpy.ndarray of int64, shape (n_vectors,)
    near : numpy.ndarray of int64, shape (n_cells, n_cells)
        The cells around each, the nearest first.
    """

    centres: npt.NDArray[np.float32]
    start: npt.NDArray[np.int64]
    members: npt.NDArray[np.int64]
    cell_of: npt.NDArray[np.int64]
    near: npt.NDArray[np.int64]

    @classmethod
    def of(cls, vectors: npt.NDArray[np.float32], seed: int) -> Cells:
        """Group vectors; the same ones and the same seed give the same cells.

        faiss runs on one thread here, since it may add in another order on more.
        """
        from threadpoolctl import threadpool_limits

        faiss = require("faiss", "engine='approximate'")
        n = len(vectors)
        n_cells = max(1, min(n // 16, int(_CELLS_PER_ROOT * np.sqrt(n))))
        rng = np.random.default_rng(seed)
        sample = np.sort(rng.choice(n, min(n, _PER_CELL * n_cells), replace=False))
        kmeans = faiss.Kmeans(
            vectors.shape[1],
            n_cells,
            niter=_TURNS,
            seed=seed,
            min_points_per_centroid=1,
            max_points_per_centroid=_PER_CELL,
        )
        with threadpool_limits(1):
            kmeans.train(vectors[sample])
            centres = np.asarray(kmeans.centroids, dtype=np.float32).reshape(n_cells, -1)
        cell_of = nearest(vectors, centres)
        members = np.argsort(cell_of, kind="stable")
        start = np.searchsorted(cell_of[members], np.arange(n_cells + 1))
        lengths = (centres**2).sum(axis=1)
        apart = lengths[None, :] - 2.0 * (centres @ centres.T)
        np.fill_diagonal(apart, -np.inf)
        near = np.argsort(apart, axis=1, kind="stable")
        return cls(centres, start.astype(np.int64), members, cell_of, near)

    def around(self, cell: int, n: int, middle: int) -> npt.NDArray[np.int64]:
        """Return the members of a cell and of those nearest to it, at least n if there are.

        A cell with more than n members (equal vectors, or none at all) gives those around the
        number `middle`.
        """
        cells = self.near[cell]
        many = np.cumsum(self.start[cells + 1] - self.start[cells])
        taken = cells[: int(np.searchsorted(many, n)) + 1]
        return np.concatenate([self._some(int(one), n, middle) for one in taken])

    def _some(self, cell: int, n: int, middle: int) -> npt.NDArray[np.int64]:
        members = self.members[self.start[cell] : self.start[cell + 1]]
        if len(members) <= n:
            return members
        first = int(np.searchsorted(members, middle)) - n // 2
        first = min(max(first, 0), len(members) - n)
        return members[first : first + n]


def nearest(
    vectors: npt.NDArray[np.float32], centres: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """Return the number of the centre nearest to each vector."""
    half = 0.5 * (centres**2).sum(axis=1)
    found = np.empty(len(vectors), dtype=np.int64)
    for first in range(0, len(vectors), _CHUNK):
        found[first : first + _CHUNK] = np.argmax(
            vectors[first : first + _CHUNK] @ centres.T - half, axis=1
        )
    return found
