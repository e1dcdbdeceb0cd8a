"""Postings: for each column of a sparse matrix the rows that have it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse


@dataclass(frozen=True)
class CsrArrays:
    """A CSR matrix as arrays of the one dtype that the kernels are compiled for."""

    start: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    n_columns: int

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> CsrArrays:
        """Return the arrays of a matrix, copied only where the dtype is another."""
        return cls(
            matrix.indptr.astype(np.int64, copy=False),
            matrix.indices.astype(np.int32, copy=False),
            matrix.data.astype(np.float32, copy=False),
            matrix.shape[1],
        )

    @property
    def arrays(
        self,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """The arrays in the order in which kernels take them."""
        return self.start, self.columns, self.values

    def row(self, row: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return the columns and values of one row."""
        here = slice(self.start[row], self.start[row + 1])
        return self.columns[here], self.values[here]


class Postings:
    """For each column the rows that have it, of one block of rows at a time."""

    def __init__(self, matrix: CsrArrays, size: int) -> None:
        n_rows = len(matrix.start) - 1
        firsts = matrix.start[np.arange(0, n_rows, size)]
        lasts = matrix.start[np.minimum(np.arange(0, n_rows, size) + size, n_rows)]
        most = int((lasts - firsts).max(initial=0))
        self._matrix = matrix
        self.arrays = (
            np.zeros(matrix.n_columns + 1, dtype=np.int64),
            np.zeros(most, dtype=np.int32),
            np.zeros(most, dtype=np.float32),
        )

    def fill(self, first: int, last: int) -> None:
        """Hold the postings of the rows from `first` to before `last` in `arrays`."""
        from relatedevents.engines.kernels import strip as _kernels

        _kernels.fill_postings(*self._matrix.arrays, first, last, *self.arrays)
