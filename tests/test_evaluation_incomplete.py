from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.evaluation.metrics import score_run
from relatedevents.evaluation.unjudged import INCOMPLETE_WORDS, incomplete

NAMES = ["ndcg@4", "ndcg@10", "p@4", "r@4", "rc@4", "rc@10", "success@2", "ap", "rr"]
IDS = [f"e{i}" for i in range(9)]


def one(name, ranked, grades):
    return score_run({"q": ranked}, {"q": grades}, [name]).loc["q", name]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(IDS), unique=True, max_size=6),
    st.dictionaries(st.sampled_from(IDS), st.sampled_from([0, 1]), max_size=4),
    st.sampled_from(NAMES),
)
def test_the_range_equals_trying_every_choice(ranked, grades, name):
    grades = grades | {"outside": 1}
    k = int(name.partition("@")[2] or len(ranked))
    unjudged = [c for c in ranked[:k] if c not in grades]
    choices = [s for n in range(len(unjudged) + 1) for s in combinations(unjudged, n)]
    values = [one(name, ranked, grades | dict.fromkeys(s, 1)) for s in choices]
    row = incomplete({"q": ranked}, {"q": grades}, [name]).table.loc[name]
    assert row["lowest"] == pytest.approx(min(values))
    assert row["highest"] == pytest.approx(max(values))
    assert row["as_wrong"] == row["plain"] == pytest.approx(values[0])
    assert row["as_right"] == pytest.approx(values[-1])


def test_links_alone_define_neither_judged_nor_condensed():
    run = {"q": ["a", "b", "c"], "r": ["a", "d"]}
    found = incomplete(run, {"q": ["b"], "r": ["d", "e"]}, ["p@3", "success@3"])
    assert not found.has_negatives
    assert found.table[["judged", "condensed"]].isna().to_numpy().all()
    assert (found.shown()[["judged", "condensed"]] == "not defined").to_numpy().all()
    assert "not defined" in found.words
    assert found.table.loc["p@3", "plain"] == pytest.approx(1 / 3)
    # The list of two has two of three places right at best.
    assert found.table.loc["p@3", "as_right"] == pytest.approx((1 + 2 / 3) / 2)


def test_judgements_give_judged_share_and_condensed_lists_by_hand():
    run = {"q": ["new", "bad", "good", "newer"], "r": ["good"]}
    links = {"q": {"good": 1, "bad": 0, "far": 0}, "r": {"good": 1}}
    found = incomplete(run, links, ["rr", "p@2"])
    assert found.has_negatives
    row = found.table.loc["rr"]
    assert row["judged"] == pytest.approx((2 / 4 + 1) / 2)
    assert row["plain"] == pytest.approx((1 / 3 + 1) / 2)
    assert row["condensed"] == pytest.approx((1 / 2 + 1) / 2)
    assert found.table.loc["p@2", "judged"] == pytest.approx((1 / 2 + 1) / 2)
    assert found.table.loc["p@2", "condensed"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert "2 times 'not related' (grade 0), on 1 of 2 queries" in found.words


def test_a_list_without_judged_events_is_counted():
    found = incomplete({"q": ["x"], "r": []}, {"q": {"a": 1, "b": 0}, "r": ["a"]}, ["rr"])
    assert found.counts["no_judged"] == 2
    assert found.counts["empty"] == 1
    assert found.table.loc["rr", "judged"] == 0.0
    assert found.table.loc["rr", "condensed"] == 0.0


def test_the_lowest_figure_can_lie_below_the_plain_one():
    # One link, on top: perfect now, but not if the event far below is related too.
    found = incomplete({"q": ["a", "b", "c", "d"]}, {"q": ["a"]}, ["ndcg@4"])
    row = found.table.loc["ndcg@4"]
    assert row["plain"] == 1.0
    assert row["lowest"] < 1.0
    assert row["as_right"] == row["highest"] == 1.0


def test_every_column_is_told_in_words():
    found = incomplete({"q": ["a"]}, {"q": ["a"]}, ["rr"])
    assert list(found.table.columns) == list(INCOMPLETE_WORDS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"metrics": ["rbo@10:0.9"]}, "metric 'rbo@10:0.9': rank-biased overlap has no unjudged"),
        ({"right_grade": 0}, "right_grade: got 0; allowed: a whole number of 1 or more"),
        ({"right_grade": 2000}, "right_grade: got 2000; allowed: 1 to 1000"),
        ({"links": {"q": {"a": 0}}}, "links: 1 queries have no links: 'q'"),
        ({"run": {}}, "run: it is empty"),
        ({"metrics": ["p@0"]}, "metric: got 'p@0'"),
    ],
)
def test_bad_input_is_told_apart(changed, message):
    with pytest.raises(InputError, match=message):
        incomplete(**({"run": {"q": ["a"]}, "links": {"q": ["a"]}} | changed))
