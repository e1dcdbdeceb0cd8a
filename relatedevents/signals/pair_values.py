"""Exact values of given pairs: of many by compiled kernels, of a few by numpy, to the same bit.

Compiling takes seconds, in which numpy does the pairs of a small archive many times over.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from relatedevents.signals import _pair_kernels as _kernels
from relatedevents.signals._pair_kernels import GRID

#: So many pairs of a process are worth no compiling.
FEW = 1 << 20
# Pairs of dense rows that are worked on at once: 2 MB for rows of 256 dimensions.
_CHUNK = 1024

Rows: TypeAlias = npt.NDArray[np.int64]
Vectors: TypeAlias = npt.NDArray[np.float32]
Values: TypeAlias = npt.NDArray[np.float64]
#: Where the rows of a CSR matrix start, their columns, their values.
Csr: TypeAlias = tuple[Rows, npt.NDArray[np.int32], Values]


def cosines(left: Vectors, left_rows: Rows, right: Vectors, right_rows: Rows) -> Values:
    """Return max(0, dot product) of each pair of rows of length 1 or 0, at most 1.

    Examples
    --------
    >>> rows = np.array([[0.6, 0.8], [1.0, 0.0]], dtype=np.float32)
    >>> cosines(rows, np.array([0, 0]), rows, np.array([1, 0])).round(6).tolist()
    [0.6, 1.0]
    """
    if _kernels.cosines.spares(len(left_rows), FEW):
        return cosines_by_numpy(left, left_rows, right, right_rows)
    values: Values = _kernels.cosines(left, left_rows, right, right_rows)
    return values


def cosines_by_numpy(left: Vectors, left_rows: Rows, right: Vectors, right_rows: Rows) -> Values:
    """Return what the kernel `cosines` returns, to the bit: see there for how it rounds."""
    values = np.zeros(len(left_rows))
    half = left.shape[1] // 2
    for first in range(0, len(values), _CHUNK):
        some = slice(first, first + _CHUNK)
        products = left[left_rows[some]].astype(np.float64)
        products *= right[right_rows[some]]
        sums = products[:, half : 2 * half] + GRID
        sums += products[:, :half]
        totals = (sums - GRID).sum(axis=1)
        totals += ((products[:, 2 * half :] + GRID) - GRID).sum(axis=1)
        values[some] = np.clip(totals, 0.0, 1.0)
    return values


def sparse_dots(left: Csr, left_rows: Rows, right: Csr, right_rows: Rows) -> tuple[Values, Rows]:
    """Return the dot product of each pair of sparse rows, and how many columns they share.

    Examples
    --------
    >>> csr = np.array([0, 2, 3]), np.array([0, 1, 1], dtype=np.int32), np.array([0.5, 2.0, 3.0])
    >>> dots, shared = sparse_dots(csr, np.array([0, 0]), csr, np.array([1, 0]))
    >>> dots.tolist(), shared.tolist()
    ([6.0, 4.25], [1, 2])
    """
    if _kernels.sparse_dots.spares(len(left_rows), FEW):
        return sparse_dots_by_numpy(left, left_rows, right, right_rows)
    found: tuple[Values, Rows] = _kernels.sparse_dots(*left, left_rows, *right, right_rows)
    return found


def sparse_dots_by_numpy(
    left: Csr, left_rows: Rows, right: Csr, right_rows: Rows
) -> tuple[Values, Rows]:
    """Return what the kernel `sparse_dots` returns, to the bit: sums run along the right row."""
    owners, at_left, at_right = _matches(left[:2], left_rows, right[:2], right_rows)
    n_pairs = len(left_rows)
    # `bincount` adds one after the other; what it makes of nothing are integers.
    products = left[2][at_left] * right[2][at_right]
    dots = np.bincount(owners, products, minlength=n_pairs).astype(np.float64)
    return dots, np.bincount(owners, minlength=n_pairs)


def shared_columns(
    left: Csr, left_rows: Rows, right: Csr, right_rows: Rows
) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Return where each pair's shared columns begin in one long array, and that array.

    Columns must be sorted within each row.

    Examples
    --------
    >>> csr = np.array([0, 2, 3]), np.array([0, 1, 1], dtype=np.int32), np.ones(3)
    >>> starts, columns = shared_columns(csr, np.array([0, 0]), csr, np.array([1, 0]))
    >>> starts.tolist(), columns.tolist()
    ([0, 1, 3], [1, 0, 1])
    """
    if _kernels.shared_columns.spares(len(left_rows), FEW):
        return shared_columns_by_numpy(left, left_rows, right, right_rows)
    found: tuple[Rows, npt.NDArray[np.int32]] = _kernels.shared_columns(
        *left[:2], left_rows, *right[:2], right_rows
    )
    return found


def shared_columns_by_numpy(
    left: Csr, left_rows: Rows, right: Csr, right_rows: Rows
) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Return what the kernel `shared_columns` returns."""
    owners, _, at_right = _matches(left[:2], left_rows, right[:2], right_rows)
    counts = np.bincount(owners, minlength=len(left_rows))
    return np.concatenate([[0], np.cumsum(counts)]), right[1][at_right]


def _matches(
    left: tuple[Rows, npt.NDArray[np.int32]],
    left_rows: Rows,
    right: tuple[Rows, npt.NDArray[np.int32]],
    right_rows: Rows,
) -> tuple[Rows, Rows, Rows]:
    """Return pair by pair, along the right row, where the two rows have the same column.

    As the pair's number, the place in the left matrix, and that in the right one.
    """
    # Left rows come again and again: each is looked up once.
    unique, number = np.unique(left_rows, return_inverse=True)
    owners, at_left = _entries(left[0], unique)
    pairs, at_right = _entries(right[0], right_rows)
    n_columns = 1 + int(max(left[1].max(initial=0), right[1].max(initial=0)))
    keys = owners * n_columns + left[1][at_left]
    order = np.argsort(keys, kind="stable")
    wanted = number[pairs] * n_columns + right[1][at_right]
    places = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    if not len(keys):
        return pairs[:0], pairs[:0], pairs[:0]
    found = order[places]
    same = keys[found] == wanted
    return pairs[same], at_left[found[same]], at_right[same]


def _entries(starts: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """Return for each entry of some rows which of them has it, and its place in the matrix."""
    counts = starts[rows + 1] - starts[rows]
    owners = np.repeat(np.arange(len(rows)), counts)
    ends = np.cumsum(counts)
    return owners, np.arange(len(owners)) + np.repeat(starts[rows] - (ends - counts), counts)
