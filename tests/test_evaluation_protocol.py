import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents import evaluation
from relatedevents.errors import InputError, LeakError
from relatedevents.evaluation.protocol import check_leaks, filter_as_of
from relatedevents.evaluation.splits import split_by_story, split_by_time

DAYS = {"a": 10, "b": 20, "c": 30, "u": None, "n": float("nan"), "q": 20, "r": 5}


def test_one_day_for_all_is_inclusive_and_leaves_undated_events_out():
    found = filter_as_of({"q": ["c", "b", "u", "a", "n"], "r": ["a"]}, DAYS, 20)
    assert found.run == {"q": ["b", "a"], "r": ["a"]}
    assert found.counts == {"later": 1, "undated": 2, "shortened": 1, "emptied": 0}


def test_each_query_has_its_own_day():
    run = {"q": ["c", "b"], "r": ["a"]}
    assert filter_as_of(run, DAYS, "own").run == {"q": ["b"], "r": []}
    assert filter_as_of(run, DAYS, "own").counts["emptied"] == 1
    assert filter_as_of(run, DAYS, {"q": 99, "r": 9.5}).run == {"q": ["c", "b"], "r": []}


@given(
    st.dictionaries(
        st.sampled_from("ABC"), st.lists(st.sampled_from("uvwxyz"), unique=True), min_size=1
    ),
    st.fixed_dictionaries({x: st.none() | st.integers(0, 9) for x in "uvwxyz"}),
    st.integers(0, 9),
)
def test_filtered_lists_keep_order_and_lose_only_what_is_counted(run, days, as_of):
    found = filter_as_of(run, days, as_of)
    for query, ids in run.items():
        slow = [c for c in ids if days[c] is not None and days[c] <= as_of]
        assert found.run[query] == slow
    gone = sum(map(len, run.values())) - sum(map(len, found.run.values()))
    assert found.counts["later"] + found.counts["undated"] == gone


LINKS = {
    "old": ["past", "near", "undated"],
    "lonely": ["near"],
    "mid": ["past"],
    "new": ["old"],
    "unknown": ["past"],
}
WHEN = {"past": 0, "old": 10, "lonely": 39, "near": 41, "mid": 40, "new": 100}
WHEN |= {"undated": None, "unknown": None}


def test_a_split_in_time_keeps_the_gap_in_queries_and_links():
    split = split_by_time(LINKS, WHEN, 100, gap=60)
    assert split.tune == {"old": {"past": 1}}
    assert split.test == {"new": {"old": 1}}
    assert split.left_out == ("lonely", "mid", "unknown")
    assert split.counts == {"tune": 1, "test": 1, "left_out": 3, "tune_links_cut": 3}
    assert split_by_time(LINKS, WHEN, 100, gap=0).counts["tune"] == 3


def test_grades_travel_with_a_split():
    split = split_by_time({"old": {"past": 2, "mid": 0}, "new": {"old": 3}}, WHEN, 100, gap=10)
    assert split.tune == {"old": {"past": 2, "mid": 0}}
    assert split.test == {"new": {"old": 3}}
    assert split_by_time({"old": {"past": 0}}, WHEN, 100).left_out == ("old",)


def test_a_split_by_story_looks_at_the_whole_life_of_a_story():
    links = {q: ["past"] for q in ["s1", "s2", "s3", "s4", "s5"]}
    stories = {"s1": "ended", "s2": "long", "s3": "fresh", "s4": ["ended", "long"], "s5": "fresh"}
    stories |= {"late": "long", "early": "ended"}
    days = {"past": 0, "s1": 30, "s2": 20, "s3": 100, "s4": 15, "s5": 300, "late": 90, "early": 1}
    split = split_by_story(links, stories, days, 100, gap=60)
    assert list(split.tune) == ["s1"]
    assert list(split.test) == ["s3", "s5"]
    assert split.left_out == ("s2", "s4")
    # One event of the story, no query itself, moves its end into the gap.
    assert split_by_story(links, stories | {"late": ["long", "ended"]}, days, 100).tune == {}


def test_queries_without_a_story_are_left_out_only_when_asked_for():
    links, days = {"s": ["past"], "t": ["past"]}, {"past": 0, "s": 1, "t": 2}
    with pytest.raises(
        InputError, match="stories: 1 of 2 queries have none: 't'; allowed: a story"
    ):
        split_by_story(links, {"s": "x"}, days, 100)
    split = split_by_story(links, {"s": "x"}, days, 100, unlabelled="leave_out")
    assert (list(split.tune), split.left_out) == (["s"], ("t",))


@given(st.dictionaries(st.integers(0, 30), st.integers(0, 30), min_size=1), st.integers(0, 40))
def test_what_a_time_split_makes_never_leaks(pairs, boundary):
    links = {f"{q}": [f"{c}"] for q, c in pairs.items() if q != c} or {"1": ["2"]}
    days = {f"{i}": float(i) for i in range(31)}
    split = split_by_time(links, days, boundary, gap=5)
    assert len(split.tune) + len(split.test) + len(split.left_out) == len(links)
    if split.tune and split.test:
        counts = check_leaks(split.tune, split.test, days=days, gap=5)
        assert set(counts.values()) == {0}


TUNING = {"a": ["b", "c"], "d": {"e": 1, "f": 0}}


@pytest.mark.parametrize(
    ("test", "extra", "message"),
    [
        ({"a": ["z"]}, {}, r"test: queries used in tuning: 1 \('a'\); allowed: queries and links "),
        ({"b": ["a"]}, {}, r"test: links used in tuning: 1 \('b -> a'\); allowed"),
        ({"a": ["b"], "f": ["d"]}, {}, r"tuning: 1 \('a'\); links used in tuning: 2 \('a -> b', "),
        (
            {"x": ["y"]},
            {"stories": {"x": ["s", "t"], "a": "s"}},
            r"test: queries of a story used in tuning: 1 \('x'\)",
        ),
        (
            {"x": ["y"]},
            {"days": {"x": 100, "a": 41, "d": 0}},
            r"test: queries within the gap around a tuning query: 1 \('x'\)",
        ),
        (
            {"x": ["y"]},
            {"days": {"x": 0, "a": 41, "d": None}},
            r"queries within the gap .* split_by_story of .* make them\), or pass allow_leak=True",
        ),
    ],
)
def test_leaks_are_refused_with_counts(test, extra, message):
    with pytest.raises(LeakError, match=message):
        check_leaks(TUNING, test, **extra)
    assert sum(check_leaks(TUNING, test, **extra, allow_leak=True).values()) > 0


def test_a_clean_test_passes_and_tells_what_tuning_met_as_related():
    days = {"c": 101, "a": 41, "d": 0}
    counts = check_leaks(TUNING, {"c": ["x"]}, stories={"c": "s", "b": "s"}, days=days)
    assert counts == {
        "queries": 0,
        "links": 0,
        "same_story": 0,
        "within_gap": 0,
        "linked_in_tuning": 1,
    }


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (filter_as_of, ({}, DAYS, 1), "run: it is empty"),
        (filter_as_of, ({"q": ["zz"]}, DAYS, 1), "days: 1 listed events have no entry: 'zz'"),
        (
            filter_as_of,
            ({"q": ["a"]}, {"a": "1 May"}, 1),
            r"days\['a'\]: got '1 May'; allowed: a d",
        ),
        (filter_as_of, ({"q": ["a"]}, DAYS, "today"), "as_of: got 'today'; allowed: 'own'"),
        (filter_as_of, ({"q": ["a"]}, DAYS, {"r": 1}), "as_of: 1 of 1 queries have no day: 'q'"),
        (filter_as_of, ({"u": ["a"]}, DAYS, "own"), "as_of: 1 of 1 queries have no day: 'u'"),
        (filter_as_of, ({"q": ["a"]}, DAYS, {"q": "x"}), r"as_of\['q'\]: got 'x'; allowed: a day"),
        (filter_as_of, ({"q": ["a"]}, DAYS, float("nan")), "as_of: got nan; allowed: a finite"),
        (
            split_by_time,
            (LINKS, {"old": 1}, 9),
            "days: 7 events of the links have no entry: 'lonel",
        ),
        (split_by_time, (LINKS, WHEN, "2014"), "boundary: got '2014'; allowed: a finite number"),
        (split_by_story, (LINKS, {}, WHEN, 9), "stories: 5 of 5 queries have none"),
        (check_leaks, ({}, {"a": ["b"]}), "tuning: it is empty"),
        (check_leaks, ({"a": ["b"]}, {"c": {"d": -1}}), r"test\['c'\]\['d'\]: got the grade -1"),
    ],
)
def test_bad_input_is_told_apart(function, arguments, message):
    with pytest.raises(InputError, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (split_by_time, (LINKS, WHEN, 100)),
        (split_by_story, (LINKS, dict.fromkeys(LINKS, "s"), WHEN, 100)),
        (check_leaks, (TUNING, {"x": ["y"]})),
    ],
)
def test_a_gap_is_a_count_of_days(function, arguments):
    with pytest.raises(InputError, match="gap: got -1; allowed: a whole number of 0 or more"):
        function(*arguments, gap=-1)


def test_the_splits_that_the_refusal_advises_are_there_and_have_no_leak():
    links = {"old": ["a"], "mid": ["a"], "new": ["mid"]}
    with pytest.raises(LeakError) as caught:
        evaluation.check_leaks(links, links)
    advised = re.findall(r"split_by_\w+", str(caught.value))
    assert advised == ["split_by_time", "split_by_story"]
    assert "of relatedevents.evaluation" in str(caught.value)
    assert all(callable(getattr(evaluation, name)) for name in advised)
    days = {"a": 0, "old": 10, "mid": 90, "new": 100}
    split = evaluation.split_by_time(links, days, 100)
    found = evaluation.check_leaks(split.tune, split.test, days=days)
    assert set(found.values()) == {0}
