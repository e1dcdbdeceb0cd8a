"""Compiled kernels of the blocks: pairs of everyone with everyone, in float32, each scored once.

Most pairs of an archive are nowhere near a list. So a strip of a block is first gone through
with an upper bound of each score, in loops that compile to vector instructions; only the few
pairs whose bound beats what a row already has are looked at one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents.engines.kernels.strip import F32, I32, Mask, add_bent, add_count, add_sparse

if TYPE_CHECKING:
    from relatedevents.engines.all_pairs import Columns, Found, Rows, Scratch, Sums


@compiled()
def fill_codes(code_rows: F32, code_table: F32, codes: I32) -> None:
    """Write the code part of every code with each candidate, side by side in memory."""
    for code in range(code_rows.shape[0]):
        for c in range(codes.shape[0]):
            code_rows[code, c] = code_table[code, codes[c]]


@compiled()
def _fill_time(row: F32, day: int, undated: int, days: I32, table: F32) -> None:
    last = table.shape[0] - 1
    if last == 0 or day == undated:
        row[:] = 0.0
        return
    for c in range(row.shape[0]):
        row[c] = table[min(abs(days[c] - day), last)]


# The order of a sum is left to the compiler, so that it may add in vectors.
@compiled(fastmath={"reassoc", "contract"})
def dot(left: F32, right: F32) -> np.float32:
    """Return the dot product of two vectors."""
    total = np.float32(0.0)
    for k in range(left.shape[0]):
        total += left[k] * right[k]
    return total


@compiled()
def add_clipped(total: F32, terms: F32, dots: F32, weight: np.float32) -> None:
    """Write the terms with weight x dot product added to each, where that is not below 0."""
    none = np.float32(0.0)
    for c in range(total.shape[0]):
        product = dots[c]
        total[c] = terms[c] + weight * (product if product > none else none)


@compiled()
def _flag(flags: Mask, there: F32, back: F32, own: np.float32, others: F32) -> None:
    for c in range(there.shape[0]):
        flags[c] = (there[c] > own) | (back[c] > others[c])


@compiled()
def _outwards(turns: I32, middle: int) -> None:
    """Write the numbers from 0 to the number of turns in the order of their distance to one."""
    below, above = middle, middle + 1
    for turn in range(turns.shape[0]):
        if above == turns.shape[0] or (below >= 0 and middle - below < above - middle):
            turns[turn] = below
            below -= 1
        else:
            turns[turn] = above
            above += 1


@compiled()
def _keep(
    best: F32, best_rows: I32, low_at: I32, floor: F32, row: int, score: np.float32, other: int
) -> None:
    # The lowest of the kept scores gives way; the kept ones stand in no order.
    best[row, low_at[row]] = score
    best_rows[row, low_at[row]] = other
    low = 0
    for k in range(1, best.shape[1]):
        if best[row, k] < best[row, low]:
            low = k
    low_at[row] = low
    # Other threads read and write the floor too. Whatever order they do it in, each value ever
    # written is one that n_kept candidates of the row reach.
    if best[row, low] > floor[row]:
        floor[row] = best[row, low]


@compiled()
def _sparse_parts(q: int, rows: Rows, columns: Columns, sums: Sums, rest: F32, shared: F32) -> None:
    p, p_end = rows.sparse_start[q], rows.sparse_start[q + 1]
    add_sparse(
        rest,
        rows.sparse_columns[p:p_end],
        rows.sparse_values[p:p_end],
        columns.sparse_start,
        columns.sparse_rows,
        columns.sparse_values,
    )
    p, p_end = rows.bent_start[q], rows.bent_start[q + 1]
    if p < p_end:
        shared[:] = 0.0
        add_sparse(
            shared,
            rows.bent_columns[p:p_end],
            rows.bent_values[p:p_end],
            columns.bent_start,
            columns.bent_rows,
            columns.bent_values,
        )
        add_bent(rest, shared, sums.bent_weight, sums.bend)


@compiled()
def strip_pass(
    block: F32,
    side: F32,
    i0: int,
    j0: int,
    mirror: bool,
    bounded: bool,
    rows: Rows,
    columns: Columns,
    sums: Sums,
    found: Found,
    scratch: Scratch,
) -> int:
    """Offer each pair of a strip to both of its rows' kept candidates; say how many were flagged.

    `block` and `side` hold dot products of the rows from `i0` with those from `j0`; where
    `bounded`, they are upper bounds. With `mirror` the strip lies off the diagonal
    and serves its columns too, so each pair is scored once.
    """
    width = block.shape[1]
    dense_weight = np.float32(sums.dense_weight)
    side_weight = np.float32(sums.side_weight)
    none = np.float32(0.0)
    days = rows.days[j0 : j0 + width]
    floor = found.floor
    others = scratch.others[:width]
    time, rest = scratch.time[:width], scratch.rest[:width]
    shared = scratch.shared[:width]
    total, back_total = scratch.total[:width], scratch.total[:width]
    if sums.one_sided:
        back_total = scratch.back[:width]
    flags = scratch.flags[:width]
    eights = scratch.flags.view(np.uint64)[: (width + 7) // 8]
    turns = scratch.turns[: eights.shape[0]]
    if mirror:
        others[:] = floor[j0 : j0 + width]
        for turn in range(turns.shape[0]):
            turns[turn] = turn
    else:
        others[:] = np.inf
    time_of = sums.undated
    time[:] = 0.0
    n_flagged = 0
    for r in range(block.shape[0]):
        q = i0 + r
        if rows.days[q] != time_of:
            # Events of one day follow each other, so most rows find their times done.
            time_of = rows.days[q]
            _fill_time(time, time_of, sums.undated, days, sums.table)
        if columns.code_rows.shape[0] > 0:
            code_row = columns.code_rows[rows.codes[q]]
            for c in range(width):
                rest[c] = time[c] + code_row[c]
        else:
            rest[:] = time
        if side.shape[0] > 0:
            add_clipped(rest, rest, side[r], side_weight)
        _sparse_parts(q, rows, columns, sums, rest, shared)
        add_clipped(total, rest, block[r], dense_weight)
        if sums.one_sided:
            shared[:] = 0.0
            p, p_end = rows.pattern_start[q], rows.pattern_start[q + 1]
            add_count(
                shared,
                rows.pattern_columns[p:p_end],
                columns.pattern_start,
                columns.pattern_rows,
            )
            for c in range(width):
                back_total[c] = total[c] + rows.factor[j0 + c] * shared[c] + rows.bonus[q]
                total[c] += rows.factor[q] * shared[c] + rows.bonus[j0 + c]
        _flag(flags, total, back_total, floor[q], others)
        if not mirror:
            _outwards(turns, (q - j0) // 8)
        for turn in range(turns.shape[0]):
            eight = turns[turn]
            if not mirror and (turn == 8 or turn == 32):
                # The floor was low, or none yet, when all were flagged.
                _flag(flags, total, back_total, floor[q], others)
            if eights[eight] == 0:
                continue
            for c in range(8 * eight, min(8 * eight + 8, width)):
                if not flags[c]:
                    continue
                n_flagged += 1
                other = j0 + c
                score, back = total[c], back_total[c]
                if bounded:
                    apart = np.float32(0.0)
                    if side.shape[0] > 0:
                        # The shorter one first: it alone rules out most pairs.
                        product = dot(rows.side[q], rows.side[other])
                        apart = side_weight * (max(product, none) - max(side[r, c], none))
                        if score + apart <= floor[q] and back + apart <= others[c]:
                            continue
                    product = dot(rows.dense[q], rows.dense[other])
                    score = rest[c] + apart + dense_weight * max(product, none)
                    back = score
                    if sums.one_sided:
                        score += rows.factor[q] * shared[c] + rows.bonus[other]
                        back += rows.factor[other] * shared[c] + rows.bonus[q]
                if (
                    score > floor[q]
                    and found.allowed[other]
                    and rows.days[other] <= found.until[q]
                    and other != q
                ):
                    _keep(found.best, found.best_rows, found.low_at, floor, q, score, other)
                if (
                    mirror
                    and back > floor[other]
                    and found.allowed[q]
                    and rows.days[q] <= found.until[other]
                ):
                    _keep(found.best, found.best_rows, found.low_at, floor, other, back, q)
                    others[c] = floor[other]
    return n_flagged
