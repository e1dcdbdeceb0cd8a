"""Compiled kernels of some queries against all candidates, a block at a time, in float32.

They check nothing, and what they let through is scored again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F32, I32, I64, Mask
from relatedevents.engines.kernels.heap import sift_score
from relatedevents.engines.kernels.scores import (
    add_apart,
    add_clipped,
    add_saturated,
    dot,
    fill_time,
    gated,
)
from relatedevents.engines.kernels.structs import Products, RowData, ScoreConfig, Thresholds


@compiled()
def scatter(
    start: I64,
    columns: I32,
    values: F32,
    j0: int,
    j1: int,
    query_start: I64,
    query_rows: I32,
    query_values: F32,
    wanted: npt.NDArray[np.uint8],
    q0: int,
    q1: int,
    counted: bool,
    sums: F32,
) -> None:
    """Write the products of the rows from `j0` with queries that are given by their postings.

    Of the queries from `q0` to before `q1`, which `sums` begins with; where `counted`, how many
    columns they share instead. `wanted` tells, bit by bit, which columns any query has: small
    enough to stay in the processor's cache, where the postings do not.
    """
    sums[:] = np.float32(0.0)
    for c in range(j0, j1):
        for p in range(start[c], start[c + 1]):
            column = columns[p]
            if not (wanted[column >> 3] >> (column & 7)) & 1:
                continue
            for at in range(query_start[column], query_start[column + 1]):
                row = query_rows[at]
                if q0 <= row < q1:
                    sums[row - q0, c - j0] += (
                        np.float32(1.0) if counted else values[p] * query_values[at]
                    )


@compiled()
def gather(
    start: I64,
    rows: I32,
    values: F32,
    j0: int,
    j1: int,
    query_start: I64,
    query_columns: I32,
    query_values: F32,
    q0: int,
    q1: int,
    counted: bool,
    sums: F32,
) -> None:
    """Write what `scatter` does from the candidates' postings: sooner, where queries are few."""
    sums[:] = np.float32(0.0)
    for q in range(q0, q1):
        for p in range(query_start[q], query_start[q + 1]):
            at, last = start[query_columns[p]], start[query_columns[p] + 1]
            at += np.searchsorted(rows[at:last], j0)
            while at < last and rows[at] < j1:
                sums[q - q0, rows[at] - j0] += (
                    np.float32(1.0) if counted else values[at] * query_values[p]
                )
                at += 1


@compiled()
def _flag(flags: Mask, there: F32, back: F32, limit: np.float32, low: F32) -> None:
    for c in range(there.shape[0]):
        flags[c] = (there[c] >= limit) | (back[c] >= low[c])


@compiled()
def _doubled(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    longer = np.empty(2 * values.shape[0], dtype=values.dtype)
    longer[: values.shape[0]] = values
    return longer


@compiled()
def offer(
    queries: RowData,
    q0: int,
    q1: int,
    candidates: RowData,
    j0: int,
    config: ScoreConfig,
    products: Products,
    limits: Thresholds,
) -> tuple[I32, I32, F32, Mask, Mask]:
    """Return the pairs of a block that matter: query, row, score, to the query, to the row.

    Of the queries from `q0` to before `q1`, which the products begin with.

    A pair matters to the query if it may be among its best n, as far as they are known; to the
    row, if it reaches the row's `low`. Of scores that are exactly 0, only the first n of a block
    matter to the query: equal scores go by row.
    """
    width = products.width
    days, codes = candidates.days[j0 : j0 + width], candidates.codes[j0 : j0 + width]
    low = limits.low[j0 : j0 + width]
    n = limits.kept.shape[1]
    dense_weight = np.float32(config.dense_weight)
    content, apart = np.empty(width, dtype=np.float32), np.zeros(width, dtype=np.float32)
    time = np.empty(width, dtype=np.float32)
    total, back_total = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    # Flags are read eight at a time; those past the end stay 0.
    flags = np.zeros(width + (-width) % 8, dtype=np.bool_)
    eights = flags.view(np.uint64)
    flags = flags[:width]
    numbers, rows = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    scores = np.empty(1024, dtype=np.float32)
    own, back = np.empty(1024, dtype=np.bool_), np.empty(1024, dtype=np.bool_)
    found = 0
    for q in range(q0, q1):
        fill_time(time, queries.days[q], days, config)
        code_row = config.code_table[queries.codes[q]]
        if code_row.shape[0] > 1:
            for c in range(width):
                apart[c] = code_row[codes[c]]
        content[:] = np.float32(0.0)
        if products.second.shape[0] > 0:
            add_clipped(content, content, products.second[q - q0], np.float32(config.second_weight))
        if products.sparse.shape[0] > 0:
            for c in range(width):
                content[c] += products.sparse[q - q0, c]
        if products.saturated.shape[0] > 0:
            add_saturated(content, products.saturated[q - q0], config.saturated_weight, config)
        if products.second_saturated.shape[0] > 0:
            dots = products.second_saturated[q - q0]
            add_saturated(content, dots, config.second_saturated_weight, config)
        if products.dense.shape[0] > 0:
            add_clipped(total, content, products.dense[q - q0], dense_weight)
        else:
            total[:] = content
        if config.one_sided:
            back_total[:] = total
            if products.overlap.shape[0] > 0:
                for c in range(width):
                    shared = products.overlap[q - q0, c]
                    total[c] += queries.overlap_factor[q] * shared
                    back_total[c] += candidates.overlap_factor[j0 + c] * shared
            add_apart(total, apart, time, config)
            add_apart(back_total, apart, time, config)
            for c in range(width):
                total[c] += candidates.prior[j0 + c]
                back_total[c] += queries.prior[q]
            _flag(flags, total, back_total, limits.floor[q] - limits.slack, low)
        else:
            add_apart(total, apart, time, config)
            _flag(flags, total, total, limits.floor[q] - limits.slack, low)
        zeros = 0
        for eight in range(eights.shape[0]):
            if eights[eight] == 0:
                continue
            for c in range(8 * eight, min(8 * eight + 8, width)):
                row = j0 + c
                if not flags[c] or row == limits.own_rows[q]:
                    continue
                score = total[c]
                returned = back_total[c] if config.one_sided else score
                if products.bounded:
                    # The floor may have risen since the row was flagged.
                    if score < limits.floor[q] - limits.slack and returned < low[c]:
                        continue
                    score = content[c] + dense_weight * max(
                        dot(queries.dense[q], candidates.dense[row]), np.float32(0.0)
                    )
                    returned = score
                    if products.overlap.shape[0] > 0:
                        shared = products.overlap[q - q0, c]
                        score += queries.overlap_factor[q] * shared
                        returned += candidates.overlap_factor[row] * shared
                    score += apart[c] + gated(time[c], score, config)
                    returned += apart[c] + gated(time[c], returned, config)
                    if config.one_sided:
                        score += candidates.prior[row]
                        returned += queries.prior[q]
                reaches = (
                    score >= limits.floor[q] - limits.slack
                    and limits.allowed[row]
                    and days[c] <= limits.until[q]
                )
                if reaches and score == 0.0 and limits.zeros_are_equal[q]:
                    zeros += 1
                    reaches = zeros <= n
                if reaches and score > limits.kept[q, 0]:
                    sift_score(limits.kept[q], score)
                    # Other threads read and write the floor too. Whatever order they do it in,
                    # each value ever written is one that n candidates reach.
                    if limits.kept[q, 0] > limits.floor[q]:
                        limits.floor[q] = limits.kept[q, 0]
                returns = returned >= low[c]
                if not (reaches or returns):
                    continue
                if found == numbers.shape[0]:
                    numbers, rows, scores = _doubled(numbers), _doubled(rows), _doubled(scores)
                    own, back = _doubled(own), _doubled(back)
                numbers[found], rows[found], scores[found] = q, row, score
                own[found], back[found] = reaches, returns
                found += 1
    return numbers[:found], rows[:found], scores[:found], own[:found], back[:found]
