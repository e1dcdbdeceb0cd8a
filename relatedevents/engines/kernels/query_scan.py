"""Compiled kernels of some rows against everyone: a block of columns at a time, in float32.

They check nothing, and what they let through is scored again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled
from relatedevents.engines.kernels.all_pairs import add_clipped, dot
from relatedevents.engines.kernels.strip import F32, I32, I64, Mask, add_bent

if TYPE_CHECKING:
    from relatedevents.engines.query_scan import Asked, Everyone, Products, Reached


@compiled()
def scatter(
    start: I64,
    columns: I32,
    values: F32,
    j0: int,
    j1: int,
    asked_start: I64,
    asked_rows: I32,
    asked_values: F32,
    asked_have: Mask,
    q0: int,
    q1: int,
    sums: F32,
) -> None:
    """Write the products of the rows from `j0` with some others, given by their postings.

    Of those from `q0` to before `q1`, which `sums` begins with. `asked_have` tells which columns
    any of them has: small enough to stay in the processor's cache, where the postings do not.
    """
    sums[:] = np.float32(0.0)
    for c in range(j0, j1):
        for p in range(start[c], start[c + 1]):
            column = columns[p]
            if not asked_have[column]:
                continue
            value = values[p]
            for at in range(asked_start[column], asked_start[column + 1]):
                row = asked_rows[at]
                if q0 <= row < q1:
                    sums[row - q0, c - j0] += value * asked_values[at]


@compiled()
def count(
    start: I64,
    columns: I32,
    j0: int,
    j1: int,
    asked_start: I64,
    asked_rows: I32,
    q0: int,
    q1: int,
    shared: F32,
) -> None:
    """Write how many columns the rows from `j0` share with some others, as `scatter` does."""
    shared[:] = np.float32(0.0)
    for c in range(j0, j1):
        for p in range(start[c], start[c + 1]):
            for at in range(asked_start[columns[p]], asked_start[columns[p] + 1]):
                row = asked_rows[at]
                if q0 <= row < q1:
                    shared[row - q0, c - j0] += np.float32(1.0)


@compiled()
def _push(kept: F32, score: np.float32) -> None:
    # A heap with its lowest score at 0, which gives way: n may be as large as the archive.
    n = kept.shape[0]
    at, child = 0, 1
    while child < n:
        if child + 1 < n and kept[child + 1] < kept[child]:
            child += 1
        if kept[child] >= score:
            break
        kept[at] = kept[child]
        at = child
        child = 2 * at + 1
    kept[at] = score


@compiled()
def _fill_rest(
    rest: F32, day: int, days: I32, undated: int, table: F32, code_row: F32, codes: I32
) -> None:
    """Write the time parts and the code parts."""
    last = table.shape[0] - 1
    if last > 0 and day != undated:
        for c in range(rest.shape[0]):
            rest[c] = table[min(abs(days[c] - day), last)]
    else:
        rest[:] = np.float32(0.0)
    if code_row.shape[0] > 1:
        for c in range(rest.shape[0]):
            rest[c] += code_row[codes[c]]


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
    asked: Asked,
    q0: int,
    q1: int,
    everyone: Everyone,
    products: Products,
    reached: Reached,
    j0: int,
) -> tuple[I32, I32, F32, Mask, Mask]:
    """Return the pairs of a block that matter: query, row, score, to the query, to the row.

    Of the queries from `q0` to before `q1`, which the products begin with.

    A pair matters to the query if it may be among its best n, as far as they are known; to the
    row, if it reaches the row's `low`. Of scores that are exactly 0, only the first n of a block
    matter to the query: equal scores go by row.
    """
    width = products.width
    days, codes = everyone.days[j0 : j0 + width], everyone.codes[j0 : j0 + width]
    low = reached.low[j0 : j0 + width]
    n = reached.kept.shape[1]
    dense_weight = np.float32(everyone.dense_weight)
    rest = np.empty(width, dtype=np.float32)
    total, back_total = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    # Flags are read eight at a time; those past the end stay 0.
    flags = np.zeros(width + (-width) % 8, dtype=np.bool_)
    eights = flags.view(np.uint64)
    flags = flags[:width]
    queries, rows = np.empty(1024, dtype=np.int32), np.empty(1024, dtype=np.int32)
    scores = np.empty(1024, dtype=np.float32)
    own, back = np.empty(1024, dtype=np.bool_), np.empty(1024, dtype=np.bool_)
    found = 0
    for q in range(q0, q1):
        code_row = everyone.code_table[asked.codes[q]]
        _fill_rest(rest, asked.days[q], days, everyone.undated, everyone.table, code_row, codes)
        if products.side.shape[0] > 0:
            add_clipped(rest, rest, products.side[q - q0], np.float32(everyone.side_weight))
        if products.sparse.shape[0] > 0:
            for c in range(width):
                rest[c] += products.sparse[q - q0, c]
        if products.bent.shape[0] > 0:
            add_bent(rest, products.bent[q - q0], everyone.bent_weight, everyone.bend)
        if products.dense.shape[0] > 0:
            add_clipped(total, rest, products.dense[q - q0], dense_weight)
        else:
            total[:] = rest
        if everyone.one_sided:
            back_total[:] = total
            if products.shared.shape[0] > 0:
                for c in range(width):
                    shared = products.shared[q - q0, c]
                    total[c] += asked.factor[q] * shared
                    back_total[c] += everyone.factor[j0 + c] * shared
            for c in range(width):
                total[c] += everyone.bonus[j0 + c]
                back_total[c] += asked.bonus[q]
            _flag(flags, total, back_total, reached.floor[q] - reached.slack, low)
        else:
            _flag(flags, total, total, reached.floor[q] - reached.slack, low)
        zeros = 0
        for eight in range(eights.shape[0]):
            if eights[eight] == 0:
                continue
            for c in range(8 * eight, min(8 * eight + 8, width)):
                if not flags[c] or j0 + c == asked.rows[q]:
                    continue
                score = total[c]
                returned = back_total[c] if everyone.one_sided else score
                if products.bounded:
                    # The floor may have risen since the row was flagged.
                    limit = reached.floor[q] - reached.slack
                    if score < limit and returned < low[c]:
                        continue
                    score = rest[c] + dense_weight * max(
                        dot(asked.dense[q], everyone.dense[j0 + c]), np.float32(0.0)
                    )
                    returned = score
                    if everyone.one_sided:
                        score += everyone.bonus[j0 + c]
                        returned += asked.bonus[q]
                        if products.shared.shape[0] > 0:
                            score += asked.factor[q] * products.shared[q - q0, c]
                            returned += everyone.factor[j0 + c] * products.shared[q - q0, c]
                reaches = score >= reached.floor[q] - reached.slack
                if reaches and score == 0.0 and asked.exact_zeros[q]:
                    zeros += 1
                    reaches = zeros <= n
                if reaches and score > reached.kept[q, 0]:
                    _push(reached.kept[q], score)
                    # Other threads read and write the floor too. Whatever order they do it in,
                    # each value ever written is one that n candidates reach.
                    if reached.kept[q, 0] > reached.floor[q]:
                        reached.floor[q] = reached.kept[q, 0]
                returns = returned >= low[c]
                if not (reaches or returns):
                    continue
                if found == queries.shape[0]:
                    queries, rows, scores = _doubled(queries), _doubled(rows), _doubled(scores)
                    own, back = _doubled(own), _doubled(back)
                queries[found], rows[found], scores[found] = q, j0 + c, score
                own[found], back[found] = reaches, returns
                found += 1
    return queries[:found], rows[:found], scores[:found], own[:found], back[:found]
