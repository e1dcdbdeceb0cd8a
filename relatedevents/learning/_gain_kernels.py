"""Compiled kernel of the gains of many lists; it checks nothing."""

from __future__ import annotations

import numpy as np

from relatedevents._util._compiled import compiled
from relatedevents._util.arrays import F64, I64


@compiled()
def gains_of_links(
    starts: I64,
    sums: F64,
    role: int,
    values: F64,
    weights: F64,
    threshold: float,
    unit: float,
    places: I64,
    link_starts: I64,
    links: I64,
    grades: F64,
    discounts: F64,
    gains: F64,
) -> None:
    """Write the discounted gains of each query's list, one row a weight.

    A score is content + apart + gated x min(1, content / threshold): the three rows of `sums`, the
    one of the signal's role raised by weight x values.

    Only what is linked is ranked, by counting what stands before it: nothing is sorted. A
    linked candidate's grade is at its place in `links`, which hold its place among all.
    """
    longest = 0
    for query in range(starts.shape[0] - 1):
        longest = max(longest, starts[query + 1] - starts[query])
    keys = np.empty(longest)
    for query in range(starts.shape[0] - 1):
        first, n = starts[query], starts[query + 1] - starts[query]
        for number in range(weights.shape[0]):
            # One of them is the weight, and two are 0: no pair has to ask.
            to_content = weights[number] if role == 0 else 0.0
            to_apart = weights[number] if role == 1 else 0.0
            to_gated = weights[number] if role == 2 else 0.0
            for at in range(n):
                pair = first + at
                content = sums[0, pair] + to_content * values[pair]
                gated = sums[2, pair] + to_gated * values[pair]
                gate = min(1.0, content / threshold) if threshold else 1.0
                score = content + (sums[1, pair] + to_apart * values[pair]) + gated * gate
                keys[at] = np.rint(score * unit)
            total = 0.0
            for link in range(link_starts[query], link_starts[query + 1]):
                key, place = keys[links[link] - first], places[links[link]]
                rank = 0
                for at in range(n):
                    rank += keys[at] > key
                if rank < discounts.shape[0]:
                    for at in range(n):
                        rank += (keys[at] == key) & (places[first + at] < place)
                if rank < discounts.shape[0]:
                    total += grades[link] * discounts[rank]
            gains[number, query] = total
