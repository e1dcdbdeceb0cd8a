import datetime as dt
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.evaluation.beyond_accuracy import BEYOND_ACCURACY, describe_lists, gini

CATALOGUE = ["a", "b", "c", "d", "e", "f"]
RUN = {"a": ["b", "c"], "b": ["a", "c", "d"], "c": ["d"], "e": []}


def value(metric, run=RUN, **given_data):
    table = describe_lists(run, CATALOGUE, n=2, **given_data)
    return table.loc[metric, "value"], table.loc[metric, "cases"]


def test_reach_and_balance_by_hand():
    assert value("lists") == (4, 4)
    assert value("short_lists") == (0.5, 4)
    assert value("empty_lists") == (0.25, 4)
    assert value("coverage") == (pytest.approx(4 / 6), 6)
    assert value("never_linked") == (2, 6)
    # a->b, a->c, b->a and b->c have lists at both ends; only a and b return each other.
    assert value("mutual") == (0.5, 4)


def test_days_by_hand():
    days = {"a": 0, "b": 10, "c": 40, "d": None, "e": 7}
    # apart: a-b 10, a-c 40, b-a 10, b-c 30; spread: 30 in a's list, 40 in b's.
    assert value("days_apart", days=days) == (20, 4)
    assert value("days_spread", days=days) == (35, 2)
    as_array = np.array([0, 10, 40, np.nan, 7, np.nan])
    assert value("days_spread", days=as_array) == (35, 2)


def test_near_duplicates_by_keys():
    # c is b's copy (second in a's list, and in b's own list); d has no key.
    keys = {"a": 1, "b": 2, "c": 2, "d": None, "e": None}
    assert value("near_duplicates", duplicate_keys=keys) == (pytest.approx(2 / 6), 6)


def test_near_duplicates_by_vectors_agree_with_keys():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(3, 8))
    vectors = np.vstack([base[0], base[1], 3 * base[1], base[2], np.zeros((2, 8))])
    for dtype in (np.float32, np.float64):
        found = value("near_duplicates", vectors=vectors.astype(dtype), near=1.0)
        assert found == (pytest.approx(2 / 6), 6)


def test_zero_vectors_are_no_duplicates_of_each_other():
    assert value("near_duplicates", vectors=np.zeros((6, 4)))[0] == 0.0


def test_same_story_counts_only_events_that_have_one():
    stories = {"a": "flood", "b": ["flood", "election"], "c": {"election"}, "d": None}
    # a-b yes, a-c no, b-a yes, b-c yes; links to d have no story to agree with.
    assert value("same_story", stories=stories) == (0.75, 4)
    as_list = ["flood", ["flood", "election"], {"election"}, None, float("nan"), None]
    assert value("same_story", stories=as_list) == (0.75, 4)


def test_a_metric_without_cases_is_not_a_number():
    table = describe_lists(
        {"a": []}, CATALOGUE, days={"a": 1}, stories={"a": "s"}, duplicate_keys=["x"] * 6
    )
    for metric in ("gini", "mutual", "days_apart", "days_spread", "near_duplicates", "same_story"):
        assert np.isnan(table.loc[metric, "value"])
    assert table.loc["empty_lists", "value"] == 1.0


def test_only_what_the_data_allow_is_reported_and_all_of_it_in_words():
    plain = describe_lists(RUN, CATALOGUE)
    assert "days_apart" not in plain.index
    assert "fewer than the 10 events" in plain.loc["short_lists", "words"]
    full = describe_lists(
        RUN, CATALOGUE, days=range(6), stories=[None] * 6, duplicate_keys=range(6)
    )
    assert set(full.index) == set(BEYOND_ACCURACY)
    assert (full["words"].str.len() > 20).all()


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any))
def test_gini_equals_the_mean_difference_of_all_pairs(counts):
    m = len(counts)
    pairs = sum(abs(x - y) for x, y in combinations(counts, 2)) * 2
    assert gini(counts) == pytest.approx(pairs / (2 * m * sum(counts)))


@given(
    st.dictionaries(
        st.sampled_from(CATALOGUE), st.lists(st.sampled_from(CATALOGUE), unique=True), min_size=1
    ),
    st.lists(st.sampled_from([1, 2, None]), min_size=6, max_size=6),
)
def test_keys_and_mutual_links_equal_slow_loops(run, keys):
    run = {q: [c for c in ids if c != q] for q, ids in run.items()}
    key = dict(zip(CATALOGUE, keys, strict=True))
    repeated, mutual, listed = 0, [], 0
    for q, ids in run.items():
        for i, c in enumerate(ids):
            listed += 1
            repeated += key[c] is not None and key[c] in [key[x] for x in [q, *ids[:i]]]
            if c in run:
                mutual.append(q in run[c])
    table = describe_lists(run, CATALOGUE, duplicate_keys=keys)
    assert table["cases"][["near_duplicates", "mutual"]].tolist() == [listed, len(mutual)]
    if listed:
        assert table.loc["near_duplicates", "value"] == pytest.approx(repeated / listed)
    if mutual:
        assert table.loc["mutual", "value"] == pytest.approx(np.mean(mutual))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": 0}, "n: got 0; allowed: a whole number of 1 or more"),
        ({"run": {}}, "run: it is empty"),
        ({"run": {"a": ["z", "y"]}}, "run: 2 ids are not in the catalogue: 'z', 'y'; allowed"),
        ({"run": {"z": ["a"]}}, "run: 1 ids are not in the catalogue: 'z'"),
        ({"catalogue": []}, r"catalogue: got \[\]; allowed: the ids of all events"),
        ({"catalogue": ["a", "a"]}, "catalogue: 1 ids come twice; allowed: every id once"),
        ({"days": [1, 2]}, "days: got 2 values for 6 events; allowed: one for each event"),
        ({"days": {"a": "2012-01-01"}}, "days: got '2012-01-01'; allowed: day numbers, NaN"),
        ({"days": [dt.date(2012, 1, 1)] * 6}, r"days: got datetime.date\(2012, 1, 1\); allowed"),
        ({"days": np.zeros(6, "datetime64[ns]")}, "days: got .*; allowed: day numbers"),
        ({"days": {"zz": 1}}, "days: none of its 1 ids is in the catalogue: 'zz'"),
        ({"stories": ["s"]}, "stories: got 1 values for 6 events"),
        ({"vectors": np.ones((5, 2))}, r"vectors: got an array of shape \(5, 2\); allowed: finite"),
        ({"vectors": np.full((6, 2), np.nan)}, "vectors: some values are not finite; allowed"),
        ({"near": 0}, "near: got 0; allowed: a finite number above 0 up to 1"),
        (
            {"vectors": np.ones((6, 2)), "duplicate_keys": [1] * 6},
            "duplicate_keys: got keys and vectors; allowed: one of",
        ),
    ],
)
def test_bad_input_is_told_apart(changed, message):
    with pytest.raises(InputError, match=message):
        describe_lists(**({"run": RUN, "catalogue": CATALOGUE} | changed))
