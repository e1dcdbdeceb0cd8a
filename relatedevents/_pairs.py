"""Compiled kernels of the exact parts of given pairs, in float64; they check nothing.

Every sum runs in one fixed order, so a pair's value never depends on what else is asked for.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def cosines(
    left: npt.NDArray[np.float32],
    left_rows: npt.NDArray[np.int64],
    right: npt.NDArray[np.float32],
    right_rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return max(0, dot product) of each pair of rows, at most 1.

    Four running sums, added in one order: four times as fast as one, and as repeatable.
    """
    values = np.zeros(left_rows.shape[0])
    n = left.shape[1]
    whole = n - n % 4
    for pair in range(left_rows.shape[0]):
        x = left[left_rows[pair]]
        y = right[right_rows[pair]]
        a = b = c = d = 0.0
        for k in range(0, whole, 4):
            a += np.float64(x[k]) * np.float64(y[k])
            b += np.float64(x[k + 1]) * np.float64(y[k + 1])
            c += np.float64(x[k + 2]) * np.float64(y[k + 2])
            d += np.float64(x[k + 3]) * np.float64(y[k + 3])
        for k in range(whole, n):
            a += np.float64(x[k]) * np.float64(y[k])
        values[pair] = min(max((a + b) + (c + d), 0.0), 1.0)
    return values


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def sparse_dots(
    left_start: npt.NDArray[np.int64],
    left_columns: npt.NDArray[np.int32],
    left_values: npt.NDArray[np.float64],
    left_rows: npt.NDArray[np.int64],
    right_start: npt.NDArray[np.int64],
    right_columns: npt.NDArray[np.int32],
    right_values: npt.NDArray[np.float64],
    right_rows: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the dot product of each pair of sparse rows, and how many columns they share.

    Columns must be sorted within each row.
    """
    dots = np.zeros(left_rows.shape[0])
    shared = np.zeros(left_rows.shape[0], dtype=np.int64)
    for pair in range(left_rows.shape[0]):
        i, i_end = left_start[left_rows[pair]], left_start[left_rows[pair] + 1]
        j, j_end = right_start[right_rows[pair]], right_start[right_rows[pair] + 1]
        while i < i_end and j < j_end:
            if left_columns[i] < right_columns[j]:
                i += 1
            elif left_columns[i] > right_columns[j]:
                j += 1
            else:
                dots[pair] += left_values[i] * right_values[j]
                shared[pair] += 1
                i += 1
                j += 1
    return dots, shared


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def shared_columns(
    left_start: npt.NDArray[np.int64],
    left_columns: npt.NDArray[np.int32],
    left_rows: npt.NDArray[np.int64],
    right_start: npt.NDArray[np.int64],
    right_columns: npt.NDArray[np.int32],
    right_rows: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return where each pair's shared columns begin in one long array, and that array.

    Columns must be sorted within each row.
    """
    starts = np.zeros(left_rows.shape[0] + 1, dtype=np.int64)
    most = 0
    for pair in range(left_rows.shape[0]):
        most += left_start[left_rows[pair] + 1] - left_start[left_rows[pair]]
    columns = np.zeros(most, dtype=np.int32)
    at = 0
    for pair in range(left_rows.shape[0]):
        i, i_end = left_start[left_rows[pair]], left_start[left_rows[pair] + 1]
        j, j_end = right_start[right_rows[pair]], right_start[right_rows[pair] + 1]
        while i < i_end and j < j_end:
            if left_columns[i] < right_columns[j]:
                i += 1
            elif left_columns[i] > right_columns[j]:
                j += 1
            else:
                columns[at] = left_columns[i]
                at += 1
                i += 1
                j += 1
        starts[pair + 1] = at
    return starts, columns[:at]
