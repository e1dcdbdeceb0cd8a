import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.evaluation.formulas import rank_biased_overlap
from relatedevents.evaluation.metrics import METRICS, parse_metric, score_run

IDS = [f"e{i}" for i in range(12)]


def slow_value(name, ranked, grades, order):
    """Every metric again, straight from its definition."""
    metric = parse_metric(name)
    gains = [grades.get(x, 0) for x in ranked]
    hits = [g > 0 for g in gains]
    relevant = sum(g > 0 for g in grades.values())
    k = metric.k
    if metric.kind == "ndcg":
        ideal = sorted(grades.values(), reverse=True)
        dcg = sum(g / math.log2(i + 2) for i, g in enumerate(gains[:k]))
        return dcg / sum(g / math.log2(i + 2) for i, g in enumerate(ideal[:k]))
    if metric.kind == "p":
        return sum(hits[:k]) / k
    if metric.kind == "r":
        return sum(hits[:k]) / relevant
    if metric.kind == "rc":
        return sum(hits[:k]) / min(k, relevant)
    if metric.kind == "success":
        return float(any(hits[:k]))
    if metric.kind == "ap":
        return sum(sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit) / relevant
    if metric.kind == "rr":
        return next((1 / (i + 1) for i, hit in enumerate(hits) if hit), 0.0)
    return slow_rbo(ranked[:k], order[:k], metric.p)


def slow_rbo(first, second, p, depths=2000):
    """Agreement at every depth, the lists' assumed continuation written out far beyond them."""
    short, long = sorted((first, second), key=len)
    if not short:
        return 0.0
    s, n = len(short), len(long)
    end_of_short = len(set(short) & set(long[:s]))
    total = 0.0
    for depth in range(1, depths):
        reach = min(depth, n)
        common = len(set(short[:reach]) & set(long[:reach]))
        if reach > s:
            common += end_of_short * (reach - s) / s
        total += (1 - p) * p ** (depth - 1) * common / reach
    return total


@st.composite
def worlds(draw):
    """A run and graded, ordered links over the same few queries."""
    run, links, order = {}, {}, {}
    for query in draw(
        st.lists(st.sampled_from(["q1", "q2", "ü q", "q%"]), min_size=1, unique=True)
    ):
        run[query] = draw(st.lists(st.sampled_from(IDS), unique=True))
        judged = draw(st.lists(st.sampled_from(IDS), min_size=1, unique=True))
        grades = draw(st.lists(st.integers(0, 3), min_size=len(judged), max_size=len(judged)))
        links[query] = dict(zip(judged, grades, strict=True)) | {judged[0]: 2}
        order[query] = judged
    return run, links, order


NAMES = ["ndcg@10", "ndcg@3", "p@5", "r@4", "rc@4", "rc@10", "success@1", "ap", "rr", "rbo@10:0.9"]


@given(worlds())
def test_every_metric_equals_its_definition(world):
    run, links, order = world
    table = score_run(run, links, NAMES, order=order)
    assert list(table.index) == list(links)
    for query in links:
        for name in NAMES:
            slow = slow_value(name, run[query], links[query], order[query])
            assert table.loc[query, name] == pytest.approx(slow, abs=1e-6), (query, name)


@given(worlds())
def test_every_value_lies_between_0_and_1_and_an_ideal_list_gets_1(world):
    run, links, order = world
    values = score_run(run, links, NAMES, order=order).to_numpy()
    assert ((values >= 0) & (values <= 1)).all()
    ideal = {q: sorted(g, key=lambda x: -g[x]) for q, g in links.items()}
    best = score_run(ideal, links, ["ndcg@10", "rc@4", "success@1", "ap", "rr"])
    assert np.allclose(best, 1.0)


@given(
    st.lists(st.sampled_from(IDS), unique=True),
    st.lists(st.sampled_from(IDS), unique=True),
    st.sampled_from([0.1, 0.5, 0.9, 0.98]),
    st.integers(1, 12),
)
def test_rbo_equals_the_written_out_sum(first, second, p, k):
    value = rank_biased_overlap(first, second, k, p)
    assert value == pytest.approx(slow_rbo(first[:k], second[:k], p), abs=1e-9)
    assert value == rank_biased_overlap(second, first, k, p)


def test_figures_worked_out_by_hand():
    run = {"a": ["x", "b", "c"]}
    links = {"a": ["b", "c", "d"]}
    table = score_run(run, links, ["p@2", "r@3", "rc@2", "rr", "ap", "success@1", "ndcg@3"])
    row = table.loc["a"]
    assert row["p@2"] == 0.5
    assert row["r@3"] == pytest.approx(2 / 3)
    assert row["rc@2"] == 0.5
    assert row["rr"] == 0.5
    assert row["ap"] == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert row["success@1"] == 0.0
    log3 = 1 / math.log2(3)
    assert row["ndcg@3"] == pytest.approx((log3 + 0.5) / (1 + log3 + 0.5))


def test_only_the_order_of_a_list_counts_not_its_ids():
    # trec_eval left to itself sorts equal scores by document id: here it would help "z...".
    links = {"q": ["z9"]}
    first = score_run({"q": ["z9", "a1", "b2"]}, links, ["rr"]).loc["q", "rr"]
    last = score_run({"q": ["a1", "b2", "z9"]}, links, ["rr"]).loc["q", "rr"]
    assert (first, last) == (1.0, pytest.approx(1 / 3))


def test_long_lists_keep_their_order_in_single_precision():
    ranked = [f"d{i}" for i in range(5000)]
    for place in (0, 1, 2498, 4999):
        value = score_run({"q": ranked}, {"q": [ranked[place]]}, ["rr"]).loc["q", "rr"]
        assert value == pytest.approx(1 / (place + 1))


def test_ids_of_any_text_are_scored():
    odd = ["a b", "tab\tid", "nul\0id", "ü/%20", "\ud800"]
    table = score_run({"q 1": odd}, {"q 1": [odd[0], odd[4]]}, ["p@5", "ap"])
    assert table.loc["q 1", "p@5"] == pytest.approx(0.4)
    assert table.loc["q 1", "ap"] == pytest.approx((1 + 2 / 5) / 2)


def test_grade_0_is_no_link():
    table = score_run({"q": ["bad", "good"]}, {"q": {"bad": 0, "good": 1}}, ["p@2", "rr", "rc@2"])
    assert table.loc["q"].tolist() == [0.5, 0.5, 1.0]


def test_a_missing_query_is_an_empty_list_only_when_asked_for():
    run, links = {"a": ["b"], "c": []}, {"a": ["b"], "c": ["b"], "d": ["b"]}
    with pytest.raises(InputError, match="run: 1 of 3 queries have no list: 'd'; allowed"):
        score_run(run, links, ["rr"])
    table = score_run(run, links, ["rr", "rbo@5:0.9"], missing="empty")
    assert table["rr"].tolist() == [1.0, 0.0, 0.0]
    assert table["rbo@5:0.9"].tolist() == [1.0, 0.0, 0.0]
    counts = {"queries": 3, "missing": 1, "empty": 1, "unlinked": 0, "nothing_related": 0}
    assert table.attrs["counts"] == counts


def test_queries_without_links_are_left_out_only_when_asked_for():
    run = {"a": ["b"], "x": ["b"], "n": ["b"]}
    links = {"a": ["b"], "n": {"b": 0}}
    with pytest.raises(InputError, match="links: 2 queries have no links: 'x', 'n'; allowed"):
        score_run(run, links, ["rr"])
    table = score_run(run, links, ["rr"], unlinked="skip")
    assert list(table.index) == ["a"]
    assert table.attrs["counts"]["unlinked"] == 1
    assert table.attrs["counts"]["nothing_related"] == 1


def test_the_order_of_graded_links_can_be_given():
    links = {"q": {"a": 3, "b": 1}}
    table = score_run({"q": ["a", "b"]}, links, ["rbo@10:0.9"], order={"q": ["a", "b"]})
    assert table.loc["q", "rbo@10:0.9"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["ndcg@10", "p@10", "rc@7", "ap", "rr", "rbo@10:0.9"])
def test_every_metric_says_in_words_what_it_means(name):
    words = parse_metric(name).words
    assert len(words) > 40
    assert "{" not in words


def test_the_table_of_names_holds_every_form_once():
    forms = [kind.form for kind in METRICS.values()]
    assert len(set(forms)) == len(forms)
    for key, kind in METRICS.items():
        assert kind.form.split("@")[0] == key
        example = kind.form.replace("k", "10").replace(":p", ":0.5")
        assert parse_metric(example).kind == key


FORMS = ", ".join(kind.form for kind in METRICS.values())
OK_RUN, OK_LINKS = {"q": ["a", "b"]}, {"q": ["b"]}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("metrics", ["map@10"], f"metric: got 'map@10'; allowed: one of {FORMS}, with k a whole"),
        ("metrics", ["nDCG@10"], "metric: got 'nDCG@10'; allowed: one of ndcg@k"),
        ("metrics", ["ndcg"], "metric: got 'ndcg'; allowed: one of"),
        ("metrics", ["ap@10"], "metric: got 'ap@10'; allowed: one of"),
        ("metrics", ["ndcg@0"], "metric: got 'ndcg@0'; allowed: .*k a whole number of 1 or more"),
        ("metrics", ["p@-1"], "metric: got 'p@-1'; allowed"),
        ("metrics", ["rbo@10"], "metric: got 'rbo@10'; allowed"),
        ("metrics", ["rbo@10:1.5"], "metric: got 'rbo@10:1.5'; allowed: .*p between 0 and 1"),
        ("metrics", ["rbo@10:0.0"], "metric: got 'rbo@10:0.0'; allowed"),
        ("metrics", ["p@٣"], "metric: got 'p@٣'; allowed"),
        ("metrics", [5], "metric: got 5; allowed"),
        ("metrics", "ndcg@10", r'metrics: got .ndcg@10.; allowed: a list of names. Write \["ndcg'),
        ("metrics", [], r"metrics: got \[\]; allowed: a list of names"),
        ("metrics", ["rr", "rr"], "metrics: 'rr' comes twice; allowed: every name once"),
        ("missing", "skip", "missing: got 'skip'; allowed: 'error', 'empty'"),
        ("unlinked", "drop", "unlinked: got 'drop'; allowed: 'error', 'skip'"),
        ("run", {}, "run: it is empty; allowed: at least one entry {query: ids, best first}"),
        ("run", [("q", "a")], "run: got list; allowed: a mapping {query: ids, best first}"),
        ("run", pd.DataFrame(), "run: got DataFrame; allowed: .* run_from_table"),
        ("run", {"q": "ab"}, r"run\['q'\]: got 'ab'; allowed: a list of ids, best first"),
        ("run", {"q": {"a", "b"}}, r"run\['q'\]: got {.*}; allowed: a list of ids, best first"),
        ("run", {"q": ["a", "b", "a"]}, r"run\['q'\]: 'a' stands at ranks 1 and 3; allowed"),
        ("run", {"q": ["a", "q"]}, r"run\['q'\]: the event is listed under itself at rank 2"),
        ("run", {"q": ["a", 7]}, r"run\['q'\], rank 2: got 7; allowed: a non-empty text as id"),
        ("run", {"q": [""]}, r"run\['q'\], rank 1: got ''; allowed: a non-empty text"),
        ("run", {"": ["a"]}, "run, a query: got ''; allowed: a non-empty text as id"),
        ("run", {"other": ["a"]}, "links: 1 queries have no links: 'other'; allowed"),
        ("links", {}, "links: it is empty; allowed: at least one entry"),
        ("links", {"q": []}, "links: 1 queries have no links: 'q'; allowed"),
        ("links", {"q": {"b": 0}}, "links: 1 queries have no links: 'q'; allowed"),
        ("links", {"q": 3}, r"links\['q'\]: got 3; allowed: a list of ids or {id: grade}"),
        ("links", {"q": ["b", "b"]}, r"links\['q'\]: 'b' stands at ranks 1 and 2"),
        ("links", {"q": ["q"]}, r"links\['q'\]: the event is listed under itself at rank 1"),
        ("links", {"q": {"b": -1}}, r"links\['q'\]\['b'\]: got the grade -1; allowed: a whole num"),
        ("links", {"q": {"b": 0.5}}, r"links\['q'\]\['b'\]: got the grade 0.5; allowed"),
        ("links", {"q": {"b": float("nan")}}, r"got the grade nan; allowed"),
        ("links", {"q": {"b": True}}, r"got the grade True; allowed"),
        ("links", {"q": {"b": 10**8}}, r"got the grade 100000000; allowed: .* to 1000"),
        ("order", {"q": ["b", "b"]}, r"order\['q'\]: 'b' stands at ranks 1 and 2"),
    ],
)
def test_bad_input_is_told_apart(name, value, message):
    arguments = {"run": OK_RUN, "links": OK_LINKS, "metrics": ["ndcg@10"]} | {name: value}
    with pytest.raises(InputError, match=message):
        score_run(**arguments)


def test_a_run_about_other_queries_is_refused_even_with_both_switches():
    with pytest.raises(InputError, match="run: none of its 1 queries has links; the first is 'z'"):
        score_run({"z": ["a"]}, OK_LINKS, ["rr"], missing="empty", unlinked="skip")


def test_links_with_nothing_related_at_all_are_refused():
    with pytest.raises(InputError, match="links: no query has a link above grade 0"):
        score_run(OK_RUN, {"q": {"b": 0}}, ["rr"], unlinked="skip")


@pytest.mark.parametrize("links", [{"q": {"b"}}, {"q": {"b": 1}}])
def test_rbo_needs_ordered_links(links):
    with pytest.raises(
        InputError, match=r"metric 'rbo@10:0.9': the links of a query have no order"
    ):
        score_run(OK_RUN, links, ["rbo@10:0.9"])
