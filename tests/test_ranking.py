"""Ranking: the best of each list in the written order, against `sorted`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relatedevents.engines.ranking import best_of_each

# Scores that are equal, that differ, and that are equal but for what rounding takes away.
SCORES = st.sampled_from([0.0, 0.25, 0.5, 0.5 + 1e-9, 0.5 + 1e-5, 2.0])
LISTS = st.lists(st.lists(SCORES, max_size=100), max_size=6)


def obvious(lists, candidates, n):
    """Return the places of the best n pairs of each list."""
    chosen, first = [], 0
    for scores in lists:
        pairs = range(first, first + len(scores))
        order = sorted(pairs, key=lambda k: (-round(scores[k - first], 6), candidates[k]))
        chosen.append(order[:n])
        first += len(scores)
    return chosen


@pytest.mark.parametrize("n", [1, 3, 64, 65, 1000])
@settings(max_examples=50)
@given(lists=LISTS, seed=st.integers(0, 99))
def test_best_of_each_is_what_sorting_gives(n, lists, seed):
    total = sum(map(len, lists))
    candidates = np.random.default_rng(seed).permutation(total)
    counts = np.array([len(scores) for scores in lists], dtype=np.int64)
    scores = np.array([score for some in lists for score in some], dtype=np.float64)
    pairs, kept = best_of_each(counts, candidates, scores, n)
    wanted = obvious(lists, candidates, n)
    assert pairs.tolist() == [pair for some in wanted for pair in some]
    assert kept.tolist() == [len(some) for some in wanted]
