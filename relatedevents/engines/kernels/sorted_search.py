"""Compiled kernels of the approximate engine, in float32; they check nothing and hold no lock.

Candidates go by place here: their number in the order of days, undated ones last.
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
def _worse(score: float, row: int, other: float, other_row: int) -> bool:
    return score < other or (score == other and row > other_row)


@compiled()
def _keep(scores: F32, places: I32, rows: I32, score: float, place: int) -> None:
    """Put a candidate in the worst one's place: a heap with that one on top, empty ones of -1."""
    size = scores.shape[0]
    row = rows[place]
    at = 0
    child = 1
    while child < size:
        if child + 1 < size and _worse(
            scores[child + 1], rows[places[child + 1]], scores[child], rows[places[child]]
        ):
            child += 1
        if not _worse(scores[child], rows[places[child]], score, row):
            break
        scores[at] = scores[child]
        places[at] = places[child]
        at = child
        child = 2 * at + 1
    scores[at] = score
    places[at] = place


@compiled(fastmath=True)
def _dot(left: F32, right: F32) -> np.float32:
    total = np.float32(0.0)
    for k in range(left.shape[0]):
        total += left[k] * right[k]
    return total


@compiled()
def near_in_cells(
    dots: F32,
    members: I64,
    member_days: I32,
    member_codes: I32,
    member_bonus: F32,
    queries: I64,
    days: I32,
    codes: I32,
    table: F32,
    code_table: F32,
    allowed: Mask,
    rows: I32,
    window_from: I32,
    window_to: I32,
    end: I32,
    own: I32,
    found: I32,
    found_dots: F32,
) -> None:
    """Keep each query's best candidates of some cells by dense, time and code parts.

    `dots` holds the dense parts of some queries with the cells' `members`. What lies in a query's
    window is left out: all of it is looked at anyway.
    """
    last = table.shape[0] - 1
    kept = np.empty(found.shape[1], dtype=np.float32)
    scores = np.empty(members.shape[0], dtype=np.float32)
    none = np.float32(0.0)
    member_rows = rows[members]
    for r in range(queries.shape[0]):
        q = queries[r]
        day = days[q]
        row = dots[r]
        code_row = code_table[codes[q]]
        for c in range(members.shape[0]):
            row[c] = max(row[c], none)
            gap = min(abs(member_days[c] - day), last)
            scores[c] = row[c] + table[gap] + code_row[member_codes[c]] + member_bonus[c]
        first, until, stop = window_from[q], window_to[q], end[q]
        kept[:] = -1.0
        # First the numbers of members, then their places.
        best = found[q]
        lowest = kept[0]
        for c in range(members.shape[0]):
            if scores[c] < lowest:
                continue
            place = members[c]
            if (first <= place < until) or place >= stop or place == own[q] or not allowed[place]:
                continue
            if scores[c] == lowest and rows[place] > rows[members[best[0]]]:
                continue
            _keep(kept, best, member_rows, scores[c], c)
            lowest = kept[0]
        for k in range(best.shape[0]):
            if best[k] >= 0:
                found_dots[q, k] = row[best[k]]
                best[k] = members[best[k]]


@compiled()
def _bisect(rows: I32, first: int, last: int, value: int) -> int:
    while first < last:
        middle = (first + last) // 2
        if rows[middle] < value:
            first = middle + 1
        else:
            last = middle
    return first


@compiled()
def _spread(
    sums: F32,
    which: int,
    touched: I32,
    n_touched: int,
    row_start: I64,
    columns: I32,
    values: F32,
    counted: float,
    start: I64,
    rows: I32,
    data: F32,
    query: int,
    window_from: int,
    window_to: int,
    centre: int,
    reach: int,
) -> int:
    """Add one query's products to a column of `sums`.

    Returns how many places outside its window it has touched.

    A column of more than `reach` entries is followed for the nearest of them alone. With
    `counted` above 0 each shared column adds that much instead.
    """
    each = np.float32(counted)
    for k in range(row_start[query], row_start[query + 1]):
        column = columns[k]
        value = values[k]
        p, p_end = start[column], start[column + 1]
        inner, inner_end = p, p
        if window_from < window_to:
            inner = _bisect(rows, p, p_end, window_from)
            inner_end = _bisect(rows, inner, p_end, window_to)
        for at in range(inner, inner_end):
            sums[rows[at], which] += each if counted > 0.0 else value * data[at]
        if p_end - p > reach:
            middle = _bisect(rows, p, p_end, centre)
            p = max(p, min(middle - reach // 2, p_end - reach))
            p_end = p + reach
        for turn in range(2):
            a, b = (p, min(inner, p_end)) if turn == 0 else (max(inner_end, p), p_end)
            for at in range(a, b):
                place = rows[at]
                before = sums[place, which]
                sums[place, which] = before + (each if counted > 0.0 else value * data[at])
                touched[n_touched] = place
                n_touched += before == 0.0
    return n_touched


@compiled()
def best_of_block(
    dots: F32,
    block_from: int,
    queries: I64,
    query_dense: F32,
    query_days: I32,
    query_codes: I32,
    query_factor: F32,
    window_from: I32,
    window_to: I32,
    end: I32,
    own: I32,
    centre: I32,
    found: I32,
    found_dots: F32,
    always: I32,
    dense: F32,
    days: I32,
    codes: I32,
    bonus: F32,
    undated: int,
    allowed: Mask,
    rows: I32,
    table: F32,
    code_table: F32,
    q_start: I64,
    q_columns: I32,
    q_values: F32,
    start: I64,
    places: I32,
    data: F32,
    bent_q_start: I64,
    bent_q_columns: I32,
    bent_q_values: F32,
    bent_start: I64,
    bent_places: I32,
    bent_data: F32,
    bent_weight: float,
    bend: float,
    pattern_q_start: I64,
    pattern_q_columns: I32,
    pattern_q_values: F32,
    pattern_start: I64,
    pattern_places: I32,
    pattern_data: F32,
    tag_reach: int,
    word_reach: int,
    sums: F32,
    touched: I32,
    scratch: F32,
    n_looked: int,
    promise: float,
    best: F32,
    best_places: I32,
) -> None:
    """Keep the best candidates of some queries from all sources.

    `dots` holds dense parts of the queries with the places from `block_from`. `sums` (zeros, of
    the linear and of the bent part), `touched` and `scratch` are scratch space, by place.
    """
    last = table.shape[0] - 1
    size = best.shape[1]
    most_bonus = bonus.max()
    top = np.float32(bent_weight * (1.0 + bend))
    below = np.float32(bend)
    looked = np.empty(n_looked, dtype=np.int32)
    looked_scores = np.empty(n_looked, dtype=np.float32)
    n_dense = dense.shape[1]
    for r in range(queries.shape[0]):
        q = queries[r]
        first, until, stop, me = window_from[q], window_to[q], end[q], own[q]
        day = query_days[q]
        code_row = code_table[query_codes[q]]
        kept, kept_places = best[r], best_places[r]
        n_touched = _spread(
            sums, 0, touched, 0,
            q_start, q_columns, q_values, 0.0, start, places, data,
            q, first, until, centre[q], tag_reach,
        )  # fmt: skip
        if query_factor[q] > 0.0:
            n_touched = _spread(
                sums, 0, touched, n_touched,
                pattern_q_start, pattern_q_columns, pattern_q_values, query_factor[q],
                pattern_start, pattern_places, pattern_data,
                q, first, until, centre[q], tag_reach,
            )  # fmt: skip
        n_touched = _spread(
            sums, 1, touched, n_touched,
            bent_q_start, bent_q_columns, bent_q_values, 0.0,
            bent_start, bent_places, bent_data,
            q, first, until, centre[q], word_reach,
        )  # fmt: skip
        kept[:] = -1.0
        kept_places[:] = -1
        # The window.
        row = dots[r, first - block_from : until - block_from]
        for c in range(until - first):
            place = first + c
            gap = min(abs(days[place] - day), last)
            scratch[c] = max(row[c], np.float32(0.0)) + table[gap] + sums[place, 0] + bonus[place]
        for c in range(until - first):
            place = first + c
            scratch[c] += top * sums[place, 1] / (sums[place, 1] + below) + code_row[codes[place]]
            sums[place, 0] = 0.0
            sums[place, 1] = 0.0
        lowest = kept[0]
        for c in range(until - first):
            score = scratch[c]
            if score < lowest:
                continue
            place = first + c
            if score == lowest and rows[place] > rows[kept_places[0]]:
                continue
            if place < stop and place != me and allowed[place]:
                _keep(kept, kept_places, rows, score, place)
                lowest = kept[0]
        # Near in the vectors' cells: their dense parts are known.
        for k in range(found.shape[1]):
            place = found[q, k]
            if place < 0:
                continue
            gap = min(abs(days[place] - day), last)
            x = sums[place, 1]
            score = found_dots[q, k] + table[gap] + code_row[codes[place]] + bonus[place]
            score += sums[place, 0] + top * x / (x + below)
            # It has been looked at: nothing is left to add.
            sums[place, 0] = 0.0
            sums[place, 1] = 0.0
            if not _worse(score, rows[place], kept[0], rows[kept_places[0]]):
                _keep(kept, kept_places, rows, score, place)
        # Sharing a tag or a word: those whose other parts promise most get their dense part.
        looked_scores[:] = -1.0
        looked[:] = -1
        # One that even a close vector can't lift among the kept need not be looked at.
        enough = kept[0] - promise
        lowest = max(looked_scores[0], enough)
        # What time, code and bonus can add outside the window at most.
        most = code_row.max() + most_bonus
        if last > 0 and day < undated:
            gap = last
            if first > 0:
                gap = min(gap, abs(days[first - 1] - day))
            if until < days.shape[0]:
                gap = min(gap, abs(days[until] - day))
            most += table[gap]
        for k in range(n_touched):
            place = touched[k]
            x = sums[place, 0]
            y = sums[place, 1]
            sums[place, 0] = 0.0
            sums[place, 1] = 0.0
            score = x + top * y / (y + below)
            if score + most < lowest or score == 0.0:
                continue
            if place >= stop or place == me or not allowed[place]:
                continue
            gap = min(abs(days[place] - day), last)
            score += table[gap] + code_row[codes[place]] + bonus[place]
            if score < lowest:
                continue
            if score == looked_scores[0] and rows[place] > rows[looked[0]]:
                continue
            _keep(looked_scores, looked, rows, score, place)
            lowest = max(looked_scores[0], enough)
        for k in range(n_looked):
            place = looked[k]
            if place < 0:
                continue
            score = looked_scores[k]
            if n_dense:
                score += max(np.float32(0.0), _dot(query_dense[q], dense[place]))
            if not _worse(score, rows[place], kept[0], rows[kept_places[0]]):
                _keep(kept, kept_places, rows, score, place)
        # Those that lead where nothing is in common: the first rows, and the highest bonus.
        for k in range(always.shape[0]):
            place = always[k]
            if place >= stop or place == me or not allowed[place]:
                continue
            gap = min(abs(days[place] - day), last)
            score = table[gap] + code_row[codes[place]] + bonus[place]
            if n_dense:
                score += max(np.float32(0.0), _dot(query_dense[q], dense[place]))
            if _worse(score, rows[place], kept[0], rows[kept_places[0]]):
                continue
            known = False
            for i in range(size):
                if kept_places[i] == place:
                    known = True
                    break
            if not known:
                _keep(kept, kept_places, rows, score, place)
