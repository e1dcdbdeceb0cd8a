"""Postings: sparse matrices as the kernels take them, by row and by column."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from relatedevents.engines.kernels.structs import SparseArrays


def csr_arrays(matrix: sparse.csr_matrix) -> SparseArrays:
    """Return starts, columns and values of the rows, copied only where the dtype is another."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float32, copy=False),
    )


class Postings:
    """For each column of a sparse matrix the rows that have it, of a block of rows at a time.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix
    size : int
        How many rows a block has.
    """

    def __init__(self, matrix: sparse.csr_matrix, size: int) -> None:
        n_rows, n_columns = matrix.shape
        firsts = np.arange(0, n_rows, size)
        counts = matrix.indptr[np.minimum(firsts + size, n_rows)] - matrix.indptr[firsts]
        most = int(counts.max(initial=0))
        self._matrix = csr_arrays(matrix)
        self.arrays: SparseArrays = (
            np.zeros(n_columns + 1, dtype=np.int64),
            np.zeros(most, dtype=np.int32),
            np.zeros(most, dtype=np.float32),
        )

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> Postings:
        """Return the postings of all rows."""
        postings = cls(matrix, max(matrix.shape[0], 1))
        postings.fill(0, matrix.shape[0])
        return postings

    def fill(self, first: int, last: int) -> None:
        """Hold the postings of the rows from `first` to before `last` in `arrays`."""
        from relatedevents.engines.kernels.scores import fill_postings

        fill_postings(*self._matrix, first, last, *self.arrays)
