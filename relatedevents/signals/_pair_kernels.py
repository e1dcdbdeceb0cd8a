"""Compiled kernels of the exact parts of given pairs, in float64; they check nothing.

A pair's value never depends on what else is asked for, nor on who works it out: every sum is
exact or runs in a written order. `relatedevents.signals.pair_values` does the same without them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled

#: 1.5 x 4: added to a number of at most 2, it leaves a float64 in [4, 8), a multiple of 2**-50.
GRID = 6.0


# The product of two float32 is exact in float64, so contracting it with the sum changes nothing.
@compiled(forceinline=True, fastmath={"contract"})
def _of_two(x: float, y: np.float32, other_x: float, other_y: np.float32) -> float:
    return (x * np.float64(y) + (other_x * np.float64(other_y) + GRID)) - GRID


# Multiples of 2**-50 below 8 add without rounding: the compiler may add them in any order, in
# vectors, which takes a third of the time.
@compiled(fastmath={"reassoc"})
def cosines(
    left: npt.NDArray[np.float32],
    left_rows: npt.NDArray[np.int64],
    right: npt.NDArray[np.float32],
    right_rows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Return max(0, dot product) of each pair of rows of length 1 or 0, at most 1.

    Number k of the first half of the dimensions makes one summand with number k of the second
    half, x_k y_k + x_(h+k) y_(h+k), rounded to a multiple of 2**-50; so does an odd last one.
    Pairs with one left row should follow each other: it is made float64 once.
    """
    values = np.zeros(left_rows.shape[0])
    half = left.shape[1] // 2
    x = np.zeros(left.shape[1])
    held = -1
    for pair in range(left_rows.shape[0]):
        row = left_rows[pair]
        if row != held:
            for k in range(x.shape[0]):
                x[k] = left[row, k]
            held = row
        y = right[right_rows[pair]]
        total = 0.0
        for k in range(half):
            total += _of_two(x[k], y[k], x[half + k], y[half + k])
        for k in range(2 * half, x.shape[0]):
            total += _of_two(x[k], y[k], 0.0, y[k])
        values[pair] = min(max(total, 0.0), 1.0)
    return values


@compiled()
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

    The columns of a left row lie in a small hash table with open addresses, filled once for pairs
    that follow each other: walking two sorted rows side by side guesses wrong at every step.
    """
    dots = np.zeros(left_rows.shape[0])
    shared = np.zeros(left_rows.shape[0], dtype=np.int64)
    longest = 0
    for pair in range(left_rows.shape[0]):
        row = left_rows[pair]
        longest = max(longest, left_start[row + 1] - left_start[row])
    size = 8
    while size < 16 * longest:
        size *= 2
    keys = np.full(size, -1, dtype=np.int32)
    values = np.zeros(size)
    filled = np.zeros(longest, dtype=np.int64)
    n_filled = 0
    held = -1
    for pair in range(left_rows.shape[0]):
        row = left_rows[pair]
        if row != held:
            for number in range(n_filled):
                keys[filled[number]] = -1
            n_filled = left_start[row + 1] - left_start[row]
            for number in range(n_filled):
                column = left_columns[left_start[row] + number]
                slot = column & (size - 1)
                while keys[slot] >= 0:
                    slot = (slot + 1) & (size - 1)
                keys[slot] = column
                values[slot] = left_values[left_start[row] + number]
                filled[number] = slot
            held = row
        for j in range(right_start[right_rows[pair]], right_start[right_rows[pair] + 1]):
            column = right_columns[j]
            slot = column & (size - 1)
            while keys[slot] >= 0 and keys[slot] != column:
                slot = (slot + 1) & (size - 1)
            if keys[slot] >= 0:
                dots[pair] += values[slot] * right_values[j]
                shared[pair] += 1
    return dots, shared


@compiled()
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
