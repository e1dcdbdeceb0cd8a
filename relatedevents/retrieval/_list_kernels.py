"""Compiled kernels of the kept lists: what touches every list of an archive; they check nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util._compiled import compiled

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@compiled()
def move(lists: I32, scores: F64, place_now: I64, places: I32, scores_now: F64) -> None:
    """Write each list that stays to its place now, with its scores; what went becomes -1 and 0.

    `scores` of width 0 are left alone. What is beyond the width of `lists` is left as it is.
    """
    for before in range(lists.shape[0]):
        now = place_now[before]
        if now < 0:
            continue
        for k in range(lists.shape[1]):
            old = lists[before, k]
            place = place_now[old] if old >= 0 else -1
            places[now, k] = place
            if k < scores.shape[1]:
                scores_now[now, k] = scores[before, k] if place >= 0 else 0.0


@compiled()
def lacking(lists: I32, width: int, lack: Mask) -> None:
    """Tell which lists have a gap among their first `width` places."""
    for row in range(lists.shape[0]):
        lowest = 0
        for k in range(width):
            lowest = min(lowest, lists[row, k])
        lack[row] = lowest < 0


@compiled()
def hold(lists: I32, named: Mask, held: Mask) -> None:
    """Tell which lists hold one of the places named."""
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
    comers: I64,
    comer_keys: F64,
    comer_scores: F64,
    rows: I64,
    scores: F64,
) -> None:
    """Write the best of each list and its newcomers: larger key first, then smaller row.

    Both sides stand in that order, the newcomers of one list after those of the other; -1 in
    `left` is a gap. Places that nobody takes are -1 and 0.
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
                key, other = left_keys[number, a], comer_keys[b]
                old = key > other or (key == other and left[number, a] < comers[b])
            if old:
                rows[number, k], scores[number, k] = left[number, a], left_scores[number, a]
                a += 1
            else:
                rows[number, k], scores[number, k] = comers[b], comer_scores[b]
                b += 1
