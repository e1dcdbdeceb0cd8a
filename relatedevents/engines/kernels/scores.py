"""Compiled sums that scores are made of, in float32; they check nothing and hold no lock.

Candidates found with them are always scored again in float64, so a kernel may round as it likes,
as long as it stays within `ScoreTerms.error`.
"""

from __future__ import annotations

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F32, I32, I64
from relatedevents.engines.kernels.structs import ScoreConfig


@compiled()
def fill_postings(
    row_start: I64,
    columns: I32,
    values: F32,
    first: int,
    last: int,
    start: I64,
    rows: I32,
    data: F32,
) -> None:
    """Write the postings of the rows from `first` to before `last`: for each column its rows.

    `start` has one entry more than there are columns; `rows` (counted from `first`) and `data`
    hold at least as many entries as those rows have.
    """
    start[:] = 0
    for p in range(row_start[first], row_start[last]):
        start[columns[p] + 1] += 1
    for column in range(start.shape[0] - 1):
        start[column + 1] += start[column]
    for row in range(last - 1, first - 1, -1):
        for p in range(row_start[row], row_start[row + 1]):
            start[columns[p] + 1] -= 1
            at = start[columns[p] + 1]
            rows[at] = row - first
            data[at] = values[p]
    # Counting down moved each column's start one place up; move them back.
    for column in range(start.shape[0] - 1):
        start[column] = start[column + 1]
    start[start.shape[0] - 1] = row_start[last] - row_start[first]


# The order of a sum is left to the compiler, so that it may add in vectors.
@compiled(fastmath={"reassoc", "contract"})
def dot(left: F32, right: F32) -> np.float32:
    """Return the dot product of two vectors."""
    total = np.float32(0.0)
    for k in range(left.shape[0]):
        total += left[k] * right[k]
    return total


@compiled()
def fill_time(row: F32, day: int, days: I32, config: ScoreConfig) -> None:
    """Write the time term of candidates of some days."""
    last = config.day_table.shape[0] - 1
    if last == 0 or day == config.undated:
        row[:] = np.float32(0.0)
        return
    for c in range(row.shape[0]):
        row[c] = config.day_table[min(abs(days[c] - day), last)]


@compiled()
def add_clipped(total: F32, terms: F32, dots: F32, weight: np.float32) -> None:
    """Write the terms with weight x dot product added to each, where that is not below 0."""
    zero = np.float32(0.0)
    for c in range(total.shape[0]):
        product = dots[c]
        total[c] = terms[c] + weight * (product if product > zero else zero)


# NumPy's division, which is no error at 0, compiles to vector instructions.
@compiled(error_model="numpy")
def add_saturated(row: F32, dots: F32, weight: float, config: ScoreConfig) -> None:
    """Add weight x (1 + saturation) x / (x + saturation) of each dot product x."""
    top = np.float32(weight * (1.0 + config.saturation))
    below = np.float32(config.saturation)
    for c in range(row.shape[0]):
        row[c] += top * dots[c] / (dots[c] + below)


@compiled(forceinline=True)
def gated(time: np.float32, content: np.float32, config: ScoreConfig) -> np.float32:
    """Return how much of a time term some content lets through."""
    passed = np.float32(config.gate_base) + np.float32(config.gate_slope) * content
    return time * min(passed, np.float32(1.0))


@compiled()
def add_apart(total: F32, apart: F32, time: F32, config: ScoreConfig) -> None:
    """Add to each content what stands apart from it, and the time that it lets through."""
    base, slope = np.float32(config.gate_base), np.float32(config.gate_slope)
    one = np.float32(1.0)
    for c in range(total.shape[0]):
        passed = base + slope * total[c]
        total[c] += apart[c] + time[c] * (passed if passed < one else one)


@compiled()
def add_sparse(row: F32, columns: I32, values: F32, start: I64, rows: I32, data: F32) -> None:
    """Add the products of one sparse row with the postings of the candidates."""
    for p in range(columns.shape[0]):
        value = values[p]
        for at in range(start[columns[p]], start[columns[p] + 1]):
            row[rows[at]] += value * data[at]


@compiled()
def add_count(row: F32, columns: I32, start: I64, rows: I32) -> None:
    """Add 1 to each candidate for each column that it shares with one row."""
    one = np.float32(1.0)
    for p in range(columns.shape[0]):
        for at in range(start[columns[p]], start[columns[p] + 1]):
            row[rows[at]] += one
