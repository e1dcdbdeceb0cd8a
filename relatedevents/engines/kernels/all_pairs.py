"""Compiled kernels of all pairs: every row with every other, in float32, each pair scored once.

Most pairs of an archive are nowhere near a list. So a strip of a block is first gone through
with an upper bound of each score, in loops that compile to vector instructions; only the few
pairs whose bound beats what a row already has are looked at one by one.
"""

from __future__ import annotations

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F32, I32, Mask
from relatedevents.engines.kernels.heap import sift
from relatedevents.engines.kernels.scores import (
    add_apart,
    add_clipped,
    add_count,
    add_saturated,
    add_sparse,
    dot,
    fill_time,
    gated,
)
from relatedevents.engines.kernels.structs import (
    BlockPostings,
    RowData,
    ScoreConfig,
    TopK,
    Workspace,
)


@compiled()
def fill_codes(code_rows: F32, code_table: F32, codes: I32) -> None:
    """Write the code part of every code with each candidate, second by second in memory."""
    for code in range(code_rows.shape[0]):
        for c in range(codes.shape[0]):
            code_rows[code, c] = code_table[code, codes[c]]


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
def _keep(found: TopK, row: int, score: np.float32, other: int) -> None:
    sift(found.best[row], found.best_rows[row], 0, score, other)
    # Other threads read and write the floor too. Whatever order they do it in, each value ever
    # written is one that n_kept candidates of the row reach.
    if found.best[row, 0] > found.floor[row]:
        found.floor[row] = found.best[row, 0]


@compiled()
def _add_sparse_terms(
    q: int, rows: RowData, columns: BlockPostings, config: ScoreConfig, content: F32, shared: F32
) -> None:
    p, p_end = rows.sparse_start[q], rows.sparse_start[q + 1]
    add_sparse(
        content,
        rows.sparse_columns[p:p_end],
        rows.sparse_values[p:p_end],
        columns.sparse_start,
        columns.sparse_rows,
        columns.sparse_values,
    )
    p, p_end = rows.saturated_start[q], rows.saturated_start[q + 1]
    if p < p_end:
        shared[:] = 0.0
        add_sparse(
            shared,
            rows.saturated_columns[p:p_end],
            rows.saturated_values[p:p_end],
            columns.saturated_start,
            columns.saturated_rows,
            columns.saturated_values,
        )
        add_saturated(content, shared, config.saturated_weight, config)
    p, p_end = rows.second_saturated_start[q], rows.second_saturated_start[q + 1]
    if p < p_end:
        shared[:] = 0.0
        add_sparse(
            shared,
            rows.second_saturated_columns[p:p_end],
            rows.second_saturated_values[p:p_end],
            columns.second_saturated_start,
            columns.second_saturated_rows,
            columns.second_saturated_values,
        )
        add_saturated(content, shared, config.second_saturated_weight, config)


@compiled()
def strip_pass(
    dense: F32,
    second: F32,
    i0: int,
    i1: int,
    j0: int,
    j1: int,
    mirror: bool,
    bounded: bool,
    rows: RowData,
    columns: BlockPostings,
    config: ScoreConfig,
    found: TopK,
    space: Workspace,
) -> int:
    """Offer each pair of a strip to both of its rows' kept candidates; say how many were flagged.

    `dense` and `second` hold dot products of the rows from `i0` with those from `j0`, and nothing
    where there are no vectors; where `bounded`, they are upper bounds. With `mirror` the strip
    lies off the diagonal and serves its columns too, so each pair is scored once.
    """
    width = j1 - j0
    dense_weight = np.float32(config.dense_weight)
    second_weight = np.float32(config.second_weight)
    zero = np.float32(0.0)
    days = rows.days[j0 : j0 + width]
    floor = found.floor
    others = space.others[:width]
    time, content = space.time[:width], space.content[:width]
    shared = space.shared[:width]
    total, back_total = space.total[:width], space.total[:width]
    if config.one_sided:
        back_total = space.back[:width]
    flags = space.flags[:width]
    eights = space.flags.view(np.uint64)[: (width + 7) // 8]
    turns = space.turns[: eights.shape[0]]
    if mirror:
        others[:] = floor[j0 : j0 + width]
        for turn in range(turns.shape[0]):
            turns[turn] = turn
    else:
        others[:] = np.inf
    time_of = config.undated
    time[:] = 0.0
    n_flagged = 0
    for r in range(i1 - i0):
        q = i0 + r
        if rows.days[q] != time_of:
            # Events of one day follow each other, so most rows find their times done.
            time_of = rows.days[q]
            fill_time(time, time_of, days, config)
        apart = columns.code_rows[rows.codes[q], :width]
        content[:] = zero
        if second.shape[0] > 0:
            add_clipped(content, content, second[r], second_weight)
        _add_sparse_terms(q, rows, columns, config, content, shared)
        if dense.shape[0] > 0:
            add_clipped(total, content, dense[r], dense_weight)
        else:
            total[:] = content
        if config.one_sided:
            shared[:] = 0.0
            p, p_end = rows.overlap_start[q], rows.overlap_start[q + 1]
            add_count(
                shared,
                rows.overlap_columns[p:p_end],
                columns.overlap_start,
                columns.overlap_rows,
            )
            for c in range(width):
                back_total[c] = total[c] + rows.overlap_factor[j0 + c] * shared[c]
                total[c] += rows.overlap_factor[q] * shared[c]
            add_apart(back_total, apart, time, config)
            for c in range(width):
                back_total[c] += rows.prior[q]
        add_apart(total, apart, time, config)
        if config.one_sided:
            for c in range(width):
                total[c] += rows.prior[j0 + c]
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
                    less = np.float32(0.0)
                    if second.shape[0] > 0:
                        # The shorter one first: it alone rules out most pairs.
                        product = dot(rows.second[q], rows.second[other])
                        less = second_weight * (max(product, zero) - max(second[r, c], zero))
                        # A score falls by no less than its content does.
                        if score + less <= floor[q] and back + less <= others[c]:
                            continue
                    product = dot(rows.dense[q], rows.dense[other])
                    score = content[c] + less + dense_weight * max(product, zero)
                    back = score
                    if config.one_sided:
                        score += rows.overlap_factor[q] * shared[c]
                        back += rows.overlap_factor[other] * shared[c]
                    score += apart[c] + gated(time[c], score, config)
                    back += apart[c] + gated(time[c], back, config)
                    if config.one_sided:
                        score += rows.prior[other]
                        back += rows.prior[q]
                if (
                    score > floor[q]
                    and found.allowed[other]
                    and rows.days[other] <= found.until[q]
                    and other != q
                ):
                    _keep(found, q, score, other)
                if (
                    mirror
                    and back > floor[other]
                    and found.allowed[q]
                    and rows.days[q] <= found.until[other]
                ):
                    _keep(found, other, back, q)
                    others[c] = floor[other]
    return n_flagged
