"""Compiled kernels of the exact engine, in float32; they check nothing and hold no lock.

Candidates found here are always scored again in float64, so a kernel may round as it likes, as
long as it stays within `Operands.error`.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
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


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
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


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
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


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def add_bent(row: F32, dots: F32, weight: float, bend: float) -> None:
    """Add weight x (1 + bend) x / (x + bend) of each dot product x."""
    top = np.float32(weight * (1.0 + bend))
    below = np.float32(bend)
    for c in range(row.shape[0]):
        row[c] += top * dots[c] / (dots[c] + below)


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def add_sparse(row: F32, columns: I32, values: F32, start: I64, rows: I32, data: F32) -> None:
    """Add the products of one sparse row with the postings of the candidates."""
    for p in range(columns.shape[0]):
        value = values[p]
        for at in range(start[columns[p]], start[columns[p] + 1]):
            row[rows[at]] += value * data[at]


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def add_count(row: F32, columns: I32, start: I64, rows: I32) -> None:
    """Add 1 to each candidate for each column that it shares with one row."""
    one = np.float32(1.0)
    for p in range(columns.shape[0]):
        for at in range(start[columns[p]], start[columns[p] + 1]):
            row[rows[at]] += one


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def _keep(best: F32, best_rows: I32, low_at: I32, row: int, score: float, other: int) -> None:
    # The lowest of the kept scores gives way; the kept ones stand in no order.
    best[row, low_at[row]] = score
    best_rows[row, low_at[row]] = other
    low = 0
    for k in range(1, best.shape[1]):
        if best[row, k] < best[row, low]:
            low = k
    low_at[row] = low


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
def block_pass(
    block: F32,
    side: F32,
    i0: int,
    j0: int,
    mirror: bool,
    dense_weight: float,
    side_weight: float,
    undated: int,
    days: I32,
    table: F32,
    codes: I32,
    code_table: F32,
    row_start: I64,
    columns: I32,
    values: F32,
    start: I64,
    rows: I32,
    data: F32,
    bent_row_start: I64,
    bent_columns: I32,
    bent_values: F32,
    bent_start: I64,
    bent_rows: I32,
    bent_data: F32,
    bent_weight: float,
    bend: float,
    pattern_row_start: I64,
    pattern_columns: I32,
    pattern_start: I64,
    pattern_rows: I32,
    factor: F32,
    bonus: F32,
    one_sided: bool,
    allowed: Mask,
    until: I32,
    shared: F32,
    best: F32,
    best_rows: I32,
    low_at: I32,
) -> None:
    """Finish a block of scores and offer each pair to both of its rows' kept candidates.

    `block` and `side` hold dot products of the rows from `i0` with those from `j0`; with
    `mirror` the block lies off the diagonal and serves its columns too, so each pair is scored
    once. `shared` is scratch space for one row.
    """
    width = block.shape[1]
    block_days = days[j0 : j0 + width]
    block_codes = codes[j0 : j0 + width]
    for r in range(block.shape[0]):
        q = i0 + r
        row = block[r]
        weigh_dense(row, side[r], dense_weight, side_weight)
        p, p_end = row_start[q], row_start[q + 1]
        add_sparse(row, columns[p:p_end], values[p:p_end], start, rows, data)
        p, p_end = bent_row_start[q], bent_row_start[q + 1]
        if p < p_end:
            shared[:width] = 0.0
            add_sparse(
                shared[:width],
                bent_columns[p:p_end],
                bent_values[p:p_end],
                bent_start,
                bent_rows,
                bent_data,
            )
            add_bent(row, shared[:width], bent_weight, bend)
        add_time_and_code(
            row,
            days[q],
            undated,
            block_days,
            table,
            code_table[codes[q]],
            block_codes,
        )
        if one_sided:
            shared[:width] = 0.0
            p, p_end = pattern_row_start[q], pattern_row_start[q + 1]
            add_count(shared[:width], pattern_columns[p:p_end], pattern_start, pattern_rows)
        low = best[q, low_at[q]]
        for c in range(width):
            other = j0 + c
            score = row[c]
            back = score
            if one_sided:
                score += factor[q] * shared[c] + bonus[other]
                back += factor[other] * shared[c] + bonus[q]
            if score > low and allowed[other] and days[other] <= until[q] and other != q:
                _keep(best, best_rows, low_at, q, score, other)
                low = best[q, low_at[q]]
            if (
                mirror
                and back > best[other, low_at[other]]
                and allowed[q]
                and days[q] <= until[other]
            ):
                _keep(best, best_rows, low_at, other, back, q)


@numba.njit(cache=True, nogil=True)  # type: ignore[misc, untyped-decorator, unused-ignore]
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
