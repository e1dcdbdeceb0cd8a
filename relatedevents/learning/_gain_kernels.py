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
    places: I64,
    choices: I64,
    numbers: F64,
    links: tuple[I64, I64, F64],
    discounts: F64,
    gains: F64,
) -> None:
    """Write the discounted gains of each query's list, one row a setting.

    A score is content + apart + gated x min(1, content / threshold): the three rows of `sums`, the
    one of the signal's role raised by weight x value. A row of `choices` names the rows of
    `values` and of `places`, one of `numbers` holds weight, threshold, and what rounds a score.
    Only what is linked is ranked, by counting what stands before it: nothing is sorted. `links`
    has where those of each query begin, where each stands among the candidates, and its grade.
    """
    link_starts, link_pairs, grades = links
    longest = 0
    for query in range(starts.shape[0] - 1):
        longest = max(longest, starts[query + 1] - starts[query])
    keys = np.empty(longest)
    for query in range(starts.shape[0] - 1):
        first, n = starts[query], starts[query + 1] - starts[query]
        for setting in range(choices.shape[0]):
            value, place_of = values[choices[setting, 0]], places[choices[setting, 1]]
            weight, threshold, unit = numbers[setting]
            # One of them is the weight, and two are 0: no pair has to ask.
            to_content = weight if role == 0 else 0.0
            to_apart = weight if role == 1 else 0.0
            to_gated = weight if role == 2 else 0.0
            for at in range(n):
                pair = first + at
                content = sums[0, pair] + to_content * value[pair]
                gated = sums[2, pair] + to_gated * value[pair]
                gate = min(1.0, content / threshold) if threshold else 1.0
                score = content + (sums[1, pair] + to_apart * value[pair]) + gated * gate
                keys[at] = np.rint(score * unit)
            total = 0.0
            for link in range(link_starts[query], link_starts[query + 1]):
                pair = link_pairs[link]
                key, place, rank = keys[pair - first], place_of[pair], 0
                for at in range(n):
                    rank += keys[at] > key
                if rank < discounts.shape[0]:
                    for at in range(n):
                        rank += (keys[at] == key) & (place_of[first + at] < place)
                if rank < discounts.shape[0]:
                    total += grades[link] * discounts[rank]
            gains[setting, query] = total
