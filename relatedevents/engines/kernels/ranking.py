"""Compiled kernels of the tie-break order; they check nothing."""

from __future__ import annotations

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F64, I64


@compiled()
def best_of_each(
    starts: I64,
    candidates: I64,
    keys: F64,
    n: int,
    chosen: I64,
    counts: I64,
) -> None:
    """Write where each list's best n stand: larger key first, then smaller candidate."""
    for number in range(starts.shape[0] - 1):
        mine = chosen[number]
        held = 0
        for pair in range(starts[number], starts[number + 1]):
            at = held
            while at > 0:
                other = mine[at - 1]
                ahead = keys[other] > keys[pair] or (
                    keys[other] == keys[pair] and candidates[other] < candidates[pair]
                )
                if ahead:
                    break
                at -= 1
            if at >= n:
                continue
            held = min(held + 1, n)
            for k in range(held - 1, at, -1):
                mine[k] = mine[k - 1]
            mine[at] = pair
        counts[number] = held
