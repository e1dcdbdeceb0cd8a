"""Heaps of scores with the lowest at 0, which gives way to a better one; they check nothing."""

from __future__ import annotations

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F32, I32


@compiled()
def sift(scores: F32, rows: I32, at: int, score: float, row: int) -> None:
    """Put a score and its row where they belong at or below a node of a heap."""
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
def sift_score(scores: F32, score: float) -> None:
    """Put a score into a heap that knows no rows, in place of the lowest."""
    size = scores.shape[0]
    at, child = 0, 1
    while child < size:
        if child + 1 < size and scores[child + 1] < scores[child]:
            child += 1
        if scores[child] >= score:
            break
        scores[at] = scores[child]
        at = child
        child = 2 * at + 1
    scores[at] = score


@compiled()
def heapify(scores: F32, rows: I32) -> None:
    """Make a heap of each row."""
    for q in range(scores.shape[0]):
        for at in range(scores.shape[1] // 2 - 1, -1, -1):
            sift(scores[q], rows[q], at, scores[q, at], rows[q, at])
