"""Compiled kernels of the exact engine, in float32; they check nothing and hold no lock.

Candidates found here are always scored again in float64, so a kernel may round as it likes, as
long as it stays within `ScoreTerms.error`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


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


@compiled()
def weigh_dense(row: F32, side: F32, dense_weight: float, side_weight: float) -> None:
    """Turn rows of dot products into dense parts; `side` is empty where that signal is off."""
    weight = np.float32(dense_weight)
    none = np.float32(0.0)
    for c in range(row.shape[0]):
        row[c] = weight * max(row[c], none)
    if side.shape[0] > 0:
        weight = np.float32(side_weight)
        for c in range(row.shape[0]):
            row[c] += weight * max(side[c], none)


@compiled()
def add_time_and_code(
    row: F32,
    day: int,
    undated: int,
    days: I32,
    table: F32,
    code_row: F32,
    codes: I32,
) -> None:
    """Add the time parts and the code parts."""
    last = table.shape[0] - 1
    if last > 0 and day != undated:
        for c in range(row.shape[0]):
            gap = min(abs(days[c] - day), last)
            row[c] += table[gap]
    if code_row.shape[0] > 1:
        for c in range(row.shape[0]):
            row[c] += code_row[codes[c]]


# NumPy's division, which is no error at 0, compiles to vector instructions.
@compiled(error_model="numpy")
def add_bent(row: F32, dots: F32, weight: float, bend: float) -> None:
    """Add weight x (1 + bend) x / (x + bend) of each dot product x."""
    top = np.float32(weight * (1.0 + bend))
    below = np.float32(bend)
    for c in range(row.shape[0]):
        row[c] += top * dots[c] / (dots[c] + below)


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


@compiled()
def near_best(
    row: F32,
    own: int,
    allowed: Mask,
    days: I32,
    until: int,
    n: int,
    slack: float,
    zeros_are_equal: bool,
    kept: F32,
) -> I64:
    """Return the candidates that can be among the best `n` once scored exactly.

    That is every allowed candidate within `slack` of the n-th best score. Where that reaches
    down to 0 and `zeros_are_equal` (a 0 here is an exact 0), only the first n zeros are taken:
    equal scores go by row. `kept` is scratch space for n scores.
    """
    # A heap with its lowest score at 0: n may be as large as the archive.
    kept[:] = -1.0
    for c in range(row.shape[0]):
        if row[c] > kept[0] and allowed[c] and days[c] <= until and c != own:
            at = 0
            child = 1
            while child < n:
                if child + 1 < n and kept[child + 1] < kept[child]:
                    child += 1
                if kept[child] >= row[c]:
                    break
                kept[at] = kept[child]
                at = child
                child = 2 * at + 1
            kept[at] = row[c]
    limit = kept[0] - slack
    found = 0
    zeros = 0
    for turn in range(2):
        if turn == 1:
            result = np.empty(found, dtype=np.int64)
            found = 0
            zeros = 0
        for c in range(row.shape[0]):
            if row[c] >= limit and allowed[c] and days[c] <= until and c != own:
                if row[c] == 0.0 and zeros_are_equal:
                    zeros += 1
                    if zeros > n:
                        continue
                if turn == 1:
                    result[found] = c
                found += 1
    return result
