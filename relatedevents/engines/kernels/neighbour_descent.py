"""Compiled kernels of the lists of all events, in float32; they check nothing and hold no lock.

What they find is scored again in float64. Every kernel writes to the lists of the queries that it
was given alone, and reads others' from copies, so that threads never wait for each other. What
they call is inlined: a call would hand over the hundred numbers that tell where arrays lie.
"""

from __future__ import annotations

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F32, I32, I64
from relatedevents.engines.kernels.heap import sift
from relatedevents.engines.kernels.scores import dot, gated
from relatedevents.engines.kernels.structs import (
    ClusterMembers,
    QuerySpace,
    RowData,
    ScoreConfig,
    SearchLimits,
    SparseArrays,
    TopK,
)


@compiled(forceinline=True)
def _holds(rows: I32, row: int) -> bool:
    held = False
    for k in range(rows.shape[0]):
        held |= rows[k] == row
    return held


@compiled(forceinline=True)
def _load_query(q: int, rows: RowData, space: QuerySpace) -> None:
    """Write what a query has into the entries of its columns."""
    for p in range(rows.sparse_start[q], rows.sparse_start[q + 1]):
        space.sparse[rows.sparse_columns[p]] = rows.sparse_values[p]
    for p in range(rows.saturated_start[q], rows.saturated_start[q + 1]):
        space.saturated[rows.saturated_columns[p]] = rows.saturated_values[p]
    for p in range(rows.second_saturated_start[q], rows.second_saturated_start[q + 1]):
        space.second_saturated[rows.second_saturated_columns[p]] = rows.second_saturated_values[p]
    for p in range(rows.overlap_start[q], rows.overlap_start[q + 1]):
        space.overlap[rows.overlap_columns[p]] = rows.overlap_factor[q]


@compiled(forceinline=True)
def _clear_query(q: int, rows: RowData, space: QuerySpace) -> None:
    for p in range(rows.sparse_start[q], rows.sparse_start[q + 1]):
        space.sparse[rows.sparse_columns[p]] = 0.0
    for p in range(rows.saturated_start[q], rows.saturated_start[q + 1]):
        space.saturated[rows.saturated_columns[p]] = 0.0
    for p in range(rows.second_saturated_start[q], rows.second_saturated_start[q + 1]):
        space.second_saturated[rows.second_saturated_columns[p]] = 0.0
    for p in range(rows.overlap_start[q], rows.overlap_start[q + 1]):
        space.overlap[rows.overlap_columns[p]] = 0.0


@compiled(forceinline=True)
def _time_of(q: int, c: int, rows: RowData, config: ScoreConfig) -> np.float32:
    last = config.day_table.shape[0] - 1
    if rows.days[q] == config.undated:
        return np.float32(config.day_table[last])
    return np.float32(config.day_table[min(abs(rows.days[c] - rows.days[q]), last)])


@compiled(forceinline=True)
def _saturated(value: np.float32, weight: float, config: ScoreConfig) -> np.float32:
    below = np.float32(config.saturation)
    return np.float32(weight) * (np.float32(1.0) + below) * value / (value + below)


@compiled(forceinline=True)
def _offer(
    q: int,
    c: int,
    rows: RowData,
    config: ScoreConfig,
    sparse_margin: np.float32,
    space: QuerySpace,
    found: TopK,
) -> None:
    """Put a candidate into a query's list if it is good enough and not there yet.

    The query is loaded into `space`. What candidates have of tags and words lies far apart in
    memory, so nothing of it is read where even `sparse_margin` more would not be enough.
    """
    if not found.allowed[c] or rows.days[c] > found.until[q]:
        return
    zero = np.float32(0.0)
    apart = config.code_table[rows.codes[q], rows.codes[c]] + rows.prior[c]
    time = _time_of(q, c, rows, config)
    content = np.float32(config.dense_weight) * max(dot(rows.dense[q], rows.dense[c]), zero)
    if rows.second.shape[1] > 0:
        content += np.float32(config.second_weight) * max(dot(rows.second[q], rows.second[c]), zero)
    if config.one_sided:
        for p in range(rows.overlap_start[c], rows.overlap_start[c + 1]):
            content += space.overlap[rows.overlap_columns[p]]
    most = content + sparse_margin
    if most + apart + gated(time, most, config) <= found.best[q, 0]:
        return
    for p in range(rows.sparse_start[c], rows.sparse_start[c + 1]):
        content += rows.sparse_values[p] * space.sparse[rows.sparse_columns[p]]
    shared = zero
    for p in range(rows.saturated_start[c], rows.saturated_start[c + 1]):
        shared += rows.saturated_values[p] * space.saturated[rows.saturated_columns[p]]
    content += _saturated(shared, config.saturated_weight, config)
    if config.second_saturated_weight > 0.0:
        shared = zero
        for p in range(rows.second_saturated_start[c], rows.second_saturated_start[c + 1]):
            column = rows.second_saturated_columns[p]
            shared += rows.second_saturated_values[p] * space.second_saturated[column]
        content += _saturated(shared, config.second_saturated_weight, config)
    score = content + apart + gated(time, content, config)
    if score > found.best[q, 0] and not _holds(found.best_rows[q], c):
        sift(found.best[q], found.best_rows[q], 0, score, c)


@compiled(forceinline=True)
def _visit(
    q: int,
    start: I64,
    columns: I32,
    values: F32,
    postings: SparseArrays,
    reach: int,
    which: int,
    window: tuple[int, int],
    space: QuerySpace,
    n_visited: int,
) -> int:
    """Add what a query's columns share with candidates beyond the window to a column of `sums`.

    Returns how many candidates have been visited; a column of more than `reach` is left out.
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
            space.visited[n_visited] = row
            sums = space.sums[row]
            n_visited += sums[0] == 0.0 and sums[1] == 0.0 and sums[2] == 0.0
            space.sums[row, which] += value * postings[2][at]
    return n_visited


@compiled(forceinline=True)
def _find_sharing(
    q: int,
    window: tuple[int, int],
    rows: RowData,
    postings: tuple[SparseArrays, SparseArrays, SparseArrays],
    config: ScoreConfig,
    limits: SearchLimits,
    space: QuerySpace,
    lowest: np.float32,
    examined: I32,
    examined_scores: F32,
) -> None:
    """Write which candidates beyond the window promise most by the rare tags and words they share.

    That is by what they are known to have in common so far and what vectors may add, and at least
    `lowest`. What is known of tags and words is written to `space.scores`.
    """
    n_visited = _visit(
        q, rows.sparse_start, rows.sparse_columns, rows.sparse_values,
        postings[0], limits.tag_reach, 0, window, space, 0,
    )  # fmt: skip
    n_visited = _visit(
        q, rows.saturated_start, rows.saturated_columns, rows.saturated_values,
        postings[1], limits.word_reach, 1, window, space, n_visited,
    )  # fmt: skip
    n_visited = _visit(
        q, rows.second_saturated_start, rows.second_saturated_columns,
        rows.second_saturated_values, postings[2], limits.word_reach, 2, window, space, n_visited,
    )  # fmt: skip
    margin = np.float32(limits.dense_margin)
    for k in range(n_visited):
        row = space.visited[k]
        known = space.sums[row, 0] + _saturated(space.sums[row, 1], config.saturated_weight, config)
        if config.second_saturated_weight > 0.0:
            known += _saturated(space.sums[row, 2], config.second_saturated_weight, config)
        space.sums[row, :] = 0.0
        # The most that vectors may add would let time through for nearly everyone.
        likely = known + np.float32(0.5) * margin
        score = known + margin + gated(_time_of(q, row, rows, config), likely, config)
        score += config.code_table[rows.codes[q], rows.codes[row]] + rows.prior[row]
        if score > examined_scores[0] and score > lowest:
            space.scores[row] = known
            sift(examined_scores, examined, 0, score, row)


@compiled(forceinline=True)
def _find_near(
    q: int,
    products: F32,
    window: tuple[int, int],
    members: ClusterMembers,
    rows: RowData,
    config: ScoreConfig,
    margin: np.float32,
    space: QuerySpace,
    lowest: np.float32,
    examined: I32,
    examined_scores: F32,
) -> None:
    """Write which members of the clusters around a query promise most by vectors, time and code.

    With so much of a `margin` as tags and words may add, and at least `lowest`.
    """
    table, last = config.day_table, config.day_table.shape[0] - 1
    day = rows.days[q]
    codes = config.code_table[rows.codes[q]]
    scores = space.scores[: members.rows.shape[0]]
    zero = np.float32(0.0)
    for k in range(scores.shape[0]):
        scores[k] = max(products[k], zero) + margin
    if day != config.undated:
        for k in range(scores.shape[0]):
            time = table[min(abs(members.days[k] - day), last)]
            scores[k] += gated(time, scores[k], config)
    for k in range(scores.shape[0]):
        scores[k] += codes[members.codes[k]] + members.prior[k]
    limit = max(examined_scores[0], lowest)
    for k in range(scores.shape[0]):
        if scores[k] <= limit:
            continue
        row = members.rows[k]
        if window[0] <= row < window[1] or row == q:
            continue
        sift(examined_scores, examined, 0, scores[k], row)
        limit = max(examined_scores[0], lowest)


@compiled()
def search_far(
    queries: I64,
    products: F32,
    members: ClusterMembers,
    fallback: I32,
    width: int,
    rows: RowData,
    postings: tuple[SparseArrays, SparseArrays, SparseArrays],
    config: ScoreConfig,
    limits: SearchLimits,
    space: QuerySpace,
    found: TopK,
) -> None:
    """Offer queries of one cluster what lies beyond the window: by tags and words, and by vectors.

    `products` are those of the queries' short vectors with the `members` of the clusters around,
    `postings` those of the sparse term and of both saturated ones. Those of `fallback` lead where
    nothing is in common, or by their prior.
    """
    n = rows.days.shape[0]
    shared = np.empty(limits.n_sharing, np.int32)
    shared_scores = np.empty(limits.n_sharing, np.float32)
    near, near_scores = np.empty(limits.n_near, np.int32), np.empty(limits.n_near, np.float32)
    nothing, sparse_margin = np.float32(-np.inf), np.float32(limits.sparse_margin)
    for number in range(queries.shape[0]):
        q = queries[number]
        begin = q - q % width
        window = (max(begin - width, 0), min(begin + 2 * width, n))
        floor = found.best[q, 0]
        shared[:], shared_scores[:] = -1, nothing
        near[:], near_scores[:] = -1, nothing
        _find_near(
            q, products[number], window, members, rows, config, sparse_margin, space,
            floor, near, near_scores,
        )  # fmt: skip
        _find_sharing(
            q, window, rows, postings, config, limits, space, floor, shared, shared_scores,
        )  # fmt: skip
        _load_query(q, rows, space)
        for k in range(shared.shape[0]):
            if shared[k] >= 0:
                # Rare tags and words are known; the others may add some more.
                more = np.float32(limits.more_margin) + space.scores[shared[k]]
                _offer(q, shared[k], rows, config, more, space, found)
        for k in range(near.shape[0]):
            if near[k] >= 0:
                _offer(q, near[k], rows, config, sparse_margin, space, found)
        for k in range(fallback.shape[0]):
            if fallback[k] != q:
                _offer(q, fallback[k], rows, config, sparse_margin, space, found)
        _clear_query(q, rows, space)


@compiled()
def descend(
    queries: I64,
    lists: I32,
    start: I64,
    listed_by: I32,
    most_listed: int,
    width: int,
    rows: RowData,
    config: ScoreConfig,
    sparse_margin: np.float32,
    space: QuerySpace,
    found: TopK,
) -> None:
    """Offer queries the neighbours of their neighbours, and those whose neighbour they are."""
    n = rows.days.shape[0]
    for number in range(queries.shape[0]):
        q = queries[number]
        begin = q - q % width
        window = (max(begin - width, 0), min(begin + 2 * width, n))
        # A row's mark is the query that it was last offered to.
        space.marks[q] = q
        for k in range(found.best_rows.shape[1]):
            if found.best_rows[q, k] >= 0:
                space.marks[found.best_rows[q, k]] = q
        _load_query(q, rows, space)
        for at in range(start[q], min(start[q + 1], start[q] + most_listed)):
            row = listed_by[at]
            if space.marks[row] != q and not window[0] <= row < window[1]:
                space.marks[row] = q
                _offer(q, row, rows, config, sparse_margin, space, found)
        for k in range(lists.shape[1]):
            if lists[q, k] < 0:
                break
            for j in range(lists.shape[1]):
                row = lists[lists[q, k], j]
                if row < 0:
                    break
                if space.marks[row] != q and not window[0] <= row < window[1]:
                    space.marks[row] = q
                    _offer(q, row, rows, config, sparse_margin, space, found)
        _clear_query(q, rows, space)
