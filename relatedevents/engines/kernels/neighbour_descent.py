"""Compiled kernels of the lists of everyone, in float32; they check nothing and hold no lock.

What they find is scored again in float64. Every kernel writes to the lists of the queries that it
was given alone, and reads others' from copies, so that threads never wait for each other. What
they call is inlined: a call would hand over the hundred numbers that tell where arrays lie.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents.engines.kernels.all_pairs import dot
from relatedevents.engines.kernels.strip import F32, I32, I64

if TYPE_CHECKING:
    from relatedevents.engines.all_pairs import Found, Rows, Sums
    from relatedevents.engines.neighbour_descent import Members, Own, Reach


@compiled()
def sift(scores: F32, rows: I32, at: int, score: float, row: int) -> None:
    """Put a score where it belongs at or below a place of a heap that has its lowest at 0."""
    size = scores.shape[0]
    child = 2 * at + 1
    while child < size:
        if child + 1 < size and scores[child + 1] < scores[child]:
            child += 1
        if scores[child] >= score:
            break
        scores[at] = scores[child]
        rows[at] = rows[child]
        at = child
        child = 2 * at + 1
    scores[at] = score
    rows[at] = row


@compiled()
def heapify(scores: F32, rows: I32) -> None:
    """Make a heap of each row."""
    for q in range(scores.shape[0]):
        for at in range(scores.shape[1] // 2 - 1, -1, -1):
            sift(scores[q], rows[q], at, scores[q, at], rows[q, at])


@compiled(forceinline=True)
def _holds(rows: I32, row: int) -> bool:
    held = False
    for k in range(rows.shape[0]):
        held |= rows[k] == row
    return held


@compiled(forceinline=True)
def _spread_out(q: int, rows: Rows, own: Own) -> None:
    """Write what a query has into the places of its columns."""
    for p in range(rows.sparse_start[q], rows.sparse_start[q + 1]):
        own.sparse[rows.sparse_columns[p]] = rows.sparse_values[p]
    for p in range(rows.bent_start[q], rows.bent_start[q + 1]):
        own.bent[rows.bent_columns[p]] = rows.bent_values[p]
    for p in range(rows.pattern_start[q], rows.pattern_start[q + 1]):
        own.pattern[rows.pattern_columns[p]] = rows.factor[q]


@compiled(forceinline=True)
def _take_back(q: int, rows: Rows, own: Own) -> None:
    for p in range(rows.sparse_start[q], rows.sparse_start[q + 1]):
        own.sparse[rows.sparse_columns[p]] = 0.0
    for p in range(rows.bent_start[q], rows.bent_start[q + 1]):
        own.bent[rows.bent_columns[p]] = 0.0
    for p in range(rows.pattern_start[q], rows.pattern_start[q + 1]):
        own.pattern[rows.pattern_columns[p]] = 0.0


@compiled(forceinline=True)
def _time_of(q: int, c: int, rows: Rows, sums: Sums) -> np.float32:
    last = sums.table.shape[0] - 1
    if rows.days[q] == sums.undated:
        return np.float32(sums.table[last])
    return np.float32(sums.table[min(abs(rows.days[c] - rows.days[q]), last)])


@compiled(forceinline=True)
def _bent(value: np.float32, sums: Sums) -> np.float32:
    bend = np.float32(sums.bend)
    return np.float32(sums.bent_weight) * (np.float32(1.0) + bend) * value / (value + bend)


@compiled(forceinline=True)
def _offer(
    q: int,
    c: int,
    rows: Rows,
    sums: Sums,
    code_table: F32,
    most_sparse: np.float32,
    own: Own,
    found: Found,
) -> None:
    """Put a candidate into a query's list if it is good enough and not there yet.

    The query is spread out in `own`. What candidates have of tags and words lies far apart in
    memory, so nothing of it is read where even `most_sparse` more would not be enough.
    """
    if not found.allowed[c] or rows.days[c] > found.until[q]:
        return
    none = np.float32(0.0)
    score = code_table[rows.codes[q], rows.codes[c]] + _time_of(q, c, rows, sums)
    score += np.float32(sums.dense_weight) * max(dot(rows.dense[q], rows.dense[c]), none)
    if rows.side.shape[1] > 0:
        score += np.float32(sums.side_weight) * max(dot(rows.side[q], rows.side[c]), none)
    if sums.one_sided:
        score += rows.bonus[c]
        for p in range(rows.pattern_start[c], rows.pattern_start[c + 1]):
            score += own.pattern[rows.pattern_columns[p]]
    if score + most_sparse <= found.best[q, 0]:
        return
    for p in range(rows.sparse_start[c], rows.sparse_start[c + 1]):
        score += rows.sparse_values[p] * own.sparse[rows.sparse_columns[p]]
    shared = none
    for p in range(rows.bent_start[c], rows.bent_start[c + 1]):
        shared += rows.bent_values[p] * own.bent[rows.bent_columns[p]]
    score += _bent(shared, sums)
    if score > found.best[q, 0] and not _holds(found.best_rows[q], c):
        sift(found.best[q], found.best_rows[q], 0, score, c)


@compiled(forceinline=True)
def _touch(
    q: int,
    start: I64,
    columns: I32,
    values: F32,
    postings: tuple[I64, I32, F32],
    reach: int,
    which: int,
    window: tuple[int, int],
    own: Own,
    n_touched: int,
) -> int:
    """Add what a query's columns share with candidates beyond the window to a column of `sums`.

    Returns how many candidates have been touched; a column of more than `reach` is left out.
    """
    for p in range(start[q], start[q + 1]):
        first, last = postings[0][columns[p]], postings[0][columns[p] + 1]
        value = values[p]
        if last - first > reach or value <= 0.0:
            continue
        for at in range(first, last):
            row = postings[1][at]
            if window[0] <= row < window[1]:
                continue
            own.touched[n_touched] = row
            n_touched += own.sums[row, 0] == 0.0 and own.sums[row, 1] == 0.0
            own.sums[row, which] += value * postings[2][at]
    return n_touched


@compiled(forceinline=True)
def _follow(
    q: int,
    window: tuple[int, int],
    rows: Rows,
    tags: tuple[I64, I32, F32],
    words: tuple[I64, I32, F32],
    sums: Sums,
    code_table: F32,
    reach: Reach,
    own: Own,
    lowest: np.float32,
    looked: I32,
    looked_scores: F32,
) -> None:
    """Write which candidates beyond the window promise most by the rare tags and words they share.

    That is by all that they are known to have in common so far, and at least `lowest`.
    """
    n_touched = _touch(
        q, rows.sparse_start, rows.sparse_columns, rows.sparse_values,
        tags, reach.tag, 0, window, own, 0,
    )  # fmt: skip
    n_touched = _touch(
        q, rows.bent_start, rows.bent_columns, rows.bent_values,
        words, reach.word, 1, window, own, n_touched,
    )  # fmt: skip
    for k in range(n_touched):
        row = own.touched[k]
        score = own.sums[row, 0] + _bent(own.sums[row, 1], sums)
        own.sums[row, 0] = 0.0
        own.sums[row, 1] = 0.0
        score += _time_of(q, row, rows, sums) + code_table[rows.codes[q], rows.codes[row]]
        score += rows.bonus[row]
        if score > looked_scores[0] and score > lowest:
            sift(looked_scores, looked, 0, score, row)


@compiled(forceinline=True)
def _in_cells(
    q: int,
    products: F32,
    window: tuple[int, int],
    members: Members,
    rows: Rows,
    sums: Sums,
    code_table: F32,
    own: Own,
    lowest: np.float32,
    looked: I32,
    looked_scores: F32,
) -> None:
    """Write which members of the cells around a query promise most by vectors, time and code."""
    table, last = sums.table, sums.table.shape[0] - 1
    day = rows.days[q]
    codes = code_table[rows.codes[q]]
    scores = own.scores[: members.rows.shape[0]]
    none = np.float32(0.0)
    for k in range(scores.shape[0]):
        scores[k] = max(products[k], none) + members.bonus[k]
    if day != sums.undated:
        for k in range(scores.shape[0]):
            scores[k] += table[min(abs(members.days[k] - day), last)]
    for k in range(scores.shape[0]):
        scores[k] += codes[members.codes[k]]
    limit = max(looked_scores[0], lowest)
    for k in range(scores.shape[0]):
        if scores[k] <= limit:
            continue
        row = members.rows[k]
        if window[0] <= row < window[1] or row == q:
            continue
        sift(looked_scores, looked, 0, scores[k], row)
        limit = max(looked_scores[0], lowest)


@compiled()
def look_far(
    queries: I64,
    products: F32,
    members: Members,
    first_rows: I32,
    width: int,
    rows: Rows,
    tags: tuple[I64, I32, F32],
    words: tuple[I64, I32, F32],
    sums: Sums,
    code_table: F32,
    reach: Reach,
    own: Own,
    found: Found,
) -> None:
    """Offer queries of one cell what lies beyond the window: by tags and words, and by vectors.

    `products` are those of the queries' short vectors with the `members` of the cells around.
    Those of `first_rows` lead where nothing is in common, or by their bonus.
    """
    n = rows.days.shape[0]
    shared, shared_scores = np.empty(reach.n_shared, np.int32), np.empty(reach.n_shared, np.float32)
    near, near_scores = np.empty(reach.n_near, np.int32), np.empty(reach.n_near, np.float32)
    nothing, most_sparse = np.float32(-np.inf), np.float32(reach.most_sparse)
    for number in range(queries.shape[0]):
        q = queries[number]
        begin = q - q % width
        window = (max(begin - width, 0), min(begin + 2 * width, n))
        floor = found.best[q, 0]
        shared[:], shared_scores[:] = -1, nothing
        near[:], near_scores[:] = -1, nothing
        _follow(
            q, window, rows, tags, words, sums, code_table, reach, own,
            floor - np.float32(reach.most_dense), shared, shared_scores,
        )  # fmt: skip
        _in_cells(
            q, products[number], window, members, rows, sums, code_table, own,
            floor - most_sparse, near, near_scores,
        )  # fmt: skip
        _spread_out(q, rows, own)
        for k in range(shared.shape[0]):
            if shared[k] >= 0:
                # Rare tags and words are known; the others may add some more.
                known = shared_scores[k] - _time_of(q, shared[k], rows, sums)
                known -= code_table[rows.codes[q], rows.codes[shared[k]]] + rows.bonus[shared[k]]
                more = np.float32(reach.more) + known
                _offer(q, shared[k], rows, sums, code_table, more, own, found)
        for k in range(near.shape[0]):
            if near[k] >= 0:
                _offer(q, near[k], rows, sums, code_table, most_sparse, own, found)
        for k in range(first_rows.shape[0]):
            if first_rows[k] != q:
                _offer(q, first_rows[k], rows, sums, code_table, most_sparse, own, found)
        _take_back(q, rows, own)


@compiled()
def turn_round(lists: I32, start: I64, listed_by: I32) -> None:
    """Write for each row the queries whose list holds it, from its `start`; -1 ends a list."""
    start[:] = 0
    for q in range(lists.shape[0]):
        for k in range(lists.shape[1]):
            if lists[q, k] >= 0:
                start[lists[q, k] + 1] += 1
    for row in range(lists.shape[0]):
        start[row + 1] += start[row]
    for q in range(lists.shape[0] - 1, -1, -1):
        for k in range(lists.shape[1]):
            row = lists[q, k]
            if row >= 0:
                start[row + 1] -= 1
                listed_by[start[row + 1]] = q
    # Counting down moved each row's start one place up; move them back.
    for row in range(lists.shape[0]):
        start[row] = start[row + 1]
    start[lists.shape[0]] = (lists >= 0).sum()


@compiled()
def look_around(
    queries: I64,
    lists: I32,
    start: I64,
    listed_by: I32,
    most_listed: int,
    width: int,
    rows: Rows,
    sums: Sums,
    code_table: F32,
    most_sparse: np.float32,
    own: Own,
    found: Found,
) -> None:
    """Offer queries the neighbours of their neighbours, and those whose neighbour they are."""
    n = rows.days.shape[0]
    for number in range(queries.shape[0]):
        q = queries[number]
        begin = q - q % width
        window = (max(begin - width, 0), min(begin + 2 * width, n))
        # A row's mark is the query that it was last looked at for.
        own.marks[q] = q
        for k in range(found.best_rows.shape[1]):
            if found.best_rows[q, k] >= 0:
                own.marks[found.best_rows[q, k]] = q
        _spread_out(q, rows, own)
        for at in range(start[q], min(start[q + 1], start[q] + most_listed)):
            row = listed_by[at]
            if own.marks[row] != q and not window[0] <= row < window[1]:
                own.marks[row] = q
                _offer(q, row, rows, sums, code_table, most_sparse, own, found)
        for k in range(lists.shape[1]):
            if lists[q, k] < 0:
                break
            for j in range(lists.shape[1]):
                row = lists[lists[q, k], j]
                if row < 0:
                    break
                if own.marks[row] != q and not window[0] <= row < window[1]:
                    own.marks[row] = q
                    _offer(q, row, rows, sums, code_table, most_sparse, own, found)
        _take_back(q, rows, own)
