"""Compiled kernels of the list cache: what touches every list of an archive; they check nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@compiled()
def renumber(lists: I32, scores: F64, row_now: I64, lists_now: I32, scores_now: F64) -> None:
    """Write each list that stays to its row now, with its scores; what went becomes -1 and 0.

    What is beyond the width of `lists` is left as it is.
    """
    for before in range(lists.shape[0]):
        now = row_now[before]
        if now < 0:
            continue
        for k in range(lists.shape[1]):
            old = lists[before, k]
            row = row_now[old] if old >= 0 else -1
            lists_now[now, k] = row
            scores_now[now, k] = scores[before, k] if row >= 0 else 0.0


@compiled()
def hold(lists: I32, named: Mask, held: Mask) -> None:
    """Tell which lists hold one of the rows named."""
    for row in range(lists.shape[0]):
        held[row] = False
        for k in range(lists.shape[1]):
            if lists[row, k] >= 0 and named[lists[row, k]]:
                held[row] = True
                break


@compiled()
def merge(
    left: I64,
    left_keys: F64,
    left_scores: F64,
    starts: I64,
    added: I64,
    added_keys: F64,
    added_scores: F64,
    rows: I64,
    scores: F64,
) -> None:
    """Write the best of each list and the added events: larger key first, then smaller row.

    Both sides stand in that order, the added events of one list after those of the other; -1 in
    `left` is a gap. What is beyond both is -1 and 0.
    """
    width = left.shape[1]
    for number in range(rows.shape[0]):
        a, b, end = 0, starts[number], starts[number + 1]
        for k in range(rows.shape[1]):
            while a < width and left[number, a] < 0:
                a += 1
            if a >= width and b >= end:
                rows[number, k], scores[number, k] = -1, 0.0
                continue
            old = b >= end
            if a < width and not old:
                key, other = left_keys[number, a], added_keys[b]
                old = key > other or (key == other and left[number, a] < added[b])
            if old:
                rows[number, k], scores[number, k] = left[number, a], left_scores[number, a]
                a += 1
            else:
                rows[number, k], scores[number, k] = added[b], added_scores[b]
                b += 1
