"""Pairs of events, against a slow reference that compares every two events."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.learning.pairs import (
    drawing_chances,
    joined,
    partner_matrix,
    sharing_pairs,
)

DAY = np.datetime64("2010-01-01")


def slow_pairs(labels, days, most_events, window_days):
    """Return {(left, right): weight} by looking at every two events."""
    count = Counter(name for names in labels for name in set(names))
    weights = {}
    for left in range(len(labels)):
        for right in range(left + 1, len(labels)):
            if None in (days[left], days[right]) or abs(days[left] - days[right]) > window_days:
                continue
            shared = [n for n in set(labels[left]) & set(labels[right]) if count[n] <= most_events]
            if shared:
                weights[left, right] = sum(
                    math.log((1 + len(labels)) / (1 + count[name])) for name in shared
                )
    return weights


def dates_of(days):
    return np.array(
        [
            np.datetime64("NaT", "D") if day is None else DAY + np.timedelta64(day, "D")
            for day in days
        ],
        "datetime64[D]",
    )


events = st.lists(
    st.tuples(st.lists(st.sampled_from("abcde"), max_size=4), st.none() | st.integers(0, 40)),
    max_size=14,
)


@given(events, st.integers(2, 6), st.integers(0, 30))
def test_pairs_are_those_of_the_slow_reference(events, most_events, window_days):
    labels, days = [names for names, _ in events], [day for _, day in events]
    pairs = sharing_pairs(labels, dates_of(days), most_events=most_events, window_days=window_days)
    found = dict(
        zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.weight, strict=True)
    )
    assert found == pytest.approx(slow_pairs(labels, days, most_events, window_days))
    assert list(found) == sorted(found)


@given(events)
def test_joining_adds_weights_and_keeps_each_pair_once(events):
    labels, dates = [names for names, _ in events], dates_of([day for _, day in events])
    some = sharing_pairs(labels, dates, most_events=9, window_days=20)
    both = joined(some, some)
    np.testing.assert_array_equal(both.left, some.left)
    np.testing.assert_allclose(both.weight, 2 * some.weight)


def test_partners_are_symmetric_and_every_event_is_its_own():
    pairs = sharing_pairs([["a"], ["b"], ["a"]], dates_of([0, 0, 1]), most_events=5, window_days=5)
    expected = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert partner_matrix(pairs).toarray().tolist() == expected


def test_a_large_story_does_not_fill_the_lesson():
    labels = [["big"]] * 20 + [["small"]] * 2
    pairs = sharing_pairs(labels, dates_of([0] * 22), most_events=50, window_days=5)
    chances = drawing_chances(pairs)
    assert chances.sum() == pytest.approx(1)
    # 190 pairs of the big story, one of the small: by weight alone it would be drawn 1 in 400.
    assert chances[pairs.left == 20].sum() > 10 / 400


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"most_events": 1}, "most_events: got 1; allowed: a whole number of 2 or more"),
        ({"window_days": -1}, "window_days: got -1"),
        ({"dates": dates_of([0])}, "dates: got 1 dates for 2 events; allowed: one date an event"),
    ],
)
def test_bad_input(change, message):
    good = {"dates": dates_of([0, 1]), "most_events": 5, "window_days": 5}
    with pytest.raises(InputError, match=message):
        sharing_pairs([["a"], ["a"]], **{**good, **change})


def test_joining_sets_over_different_archives_is_refused():
    one = sharing_pairs([["a"]], dates_of([0]), most_events=5, window_days=5)
    two = sharing_pairs([["a"], []], dates_of([0, 0]), most_events=5, window_days=5)
    with pytest.raises(InputError, match="sets over \\[1, 2\\] events"):
        joined(one, two)
