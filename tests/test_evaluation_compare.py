import random

import numpy as np
import pandas as pd
import pytest

from relatedevents.errors import InputError
from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.metrics import score_run

IDS = [f"e{i:02}" for i in range(30)]


def make_world(n_queries=40, seed=0):
    """Links, and three runs: good holds three links on top, bad and chance hold few."""
    rng = random.Random(seed)
    links, good, bad, chance = {}, {}, {}, {}
    for i in range(n_queries):
        query = f"q{i:02}"
        links[query] = rng.sample(IDS, 5)
        others = [c for c in IDS if c not in links[query]]
        good[query] = links[query][:3] + rng.sample(others, 7)
        bad[query] = rng.sample(others, 9) + links[query][:1]
        chance[query] = rng.sample(IDS, 10)
    return {"good": good, "bad": bad, "chance": chance}, links


RUNS, LINKS = make_world()


def test_per_query_values_and_means_are_those_of_score_run():
    found = compare(RUNS, LINKS, ["ndcg@10", "rr"], n_resamples=200, n_permutations=200)
    for name, run in RUNS.items():
        expected = score_run(run, LINKS, ["ndcg@10", "rr"])
        for metric in ("ndcg@10", "rr"):
            assert found.per_query[metric][name].equals(expected[metric].rename(name))
            row = found.means.query("metric == @metric and run == @name").iloc[0]
            assert row["mean"] == pytest.approx(expected[metric].mean())
            varies = expected[metric].nunique() > 1
            assert row["low"] <= row["mean"] <= row["high"]
            assert (row["low"] < row["mean"] < row["high"]) == varies
            assert row["queries"] == row["clusters"] == 40
    assert found.counts.loc["good", "queries"] == 40


def test_a_real_difference_is_found_and_chance_is_not():
    rng = random.Random(5)
    other = {query: rng.sample(IDS, 10) for query in LINKS}
    found = compare({**RUNS, "other": other}, LINKS, n_resamples=500, n_permutations=2000)
    pairs = found.pairs.set_index(["run_a", "run_b"])
    assert len(pairs) == found.settings["tests"] == 6
    row = pairs.loc[("good", "bad")]
    assert row["p_holm"] <= 6 / 2001
    assert (row["wins"], row["ties"], row["losses"]) == (0, 0, 40)
    assert row["high"] < 0
    assert pairs.loc[("chance", "other"), "p"] > 0.05
    assert (pairs["p_holm"] >= pairs["p"]).all()


def test_the_same_run_twice_ties_everywhere():
    found = compare({"a": RUNS["good"], "b": RUNS["good"]}, LINKS, n_permutations=99)
    row = found.pairs.iloc[0]
    assert (row["p"], row["difference"], row["low"], row["high"]) == (1.0, 0.0, 0.0, 0.0)
    assert (row["wins"], row["ties"], row["losses"]) == (0, 40, 0)


def test_figures_repeat_bit_for_bit_and_follow_the_seed():
    first, second = (compare(RUNS, LINKS, n_resamples=300, n_permutations=300) for _ in range(2))
    pd.testing.assert_frame_equal(first.means, second.means, check_exact=True)
    pd.testing.assert_frame_equal(first.pairs, second.pairs, check_exact=True)
    other = compare(RUNS, LINKS, n_resamples=300, n_permutations=300, seed=1)
    assert not first.means["low"].equals(other.means["low"])


def test_neither_the_order_of_queries_and_runs_nor_other_runs_change_a_figure():
    first = compare(RUNS, LINKS, ["rr", "ndcg@10"], n_resamples=300, n_permutations=300)
    turned = {name: dict(reversed(RUNS[name].items())) for name in ("chance", "bad", "good")}
    links = dict(reversed(LINKS.items()))
    second = compare(turned, links, ["ndcg@10"], n_resamples=300, n_permutations=300)
    expected = first.means.query("metric == 'ndcg@10'").set_index("run")
    pd.testing.assert_frame_equal(
        second.means.set_index("run").loc[expected.index], expected, check_exact=True
    )
    alone = compare(
        {"good": RUNS["good"], "bad": RUNS["bad"]}, LINKS, n_resamples=300, n_permutations=300
    )
    row = first.pairs.query("metric == 'ndcg@10' and run_a == 'good' and run_b == 'bad'").iloc[0]
    for column in ("difference", "low", "high", "p"):
        assert alone.pairs.iloc[0][column] == row[column]


def test_holm_counts_every_pair_of_every_metric():
    found = compare(RUNS, LINKS, ["rr", "ndcg@10"], n_resamples=50, n_permutations=999)
    assert found.settings["tests"] == 6
    assert found.pairs["p_holm"].min() == pytest.approx(6 * found.pairs["p"].min())


def test_clusters_widen_the_limits_of_queries_that_go_together():
    rng = np.random.default_rng(0)
    links, run, story = {}, {}, {}
    for s in range(10):
        hit = rng.random() < 0.5
        for i in range(20):
            query = f"s{s}q{i}"
            links[query], run[query], story[query] = ["x"], ["x" if hit else "y"], f"story {s}"
    empty = {query: [] for query in links}
    plain = compare({"run": run, "none": empty}, links, ["rr"], n_resamples=1000)
    grouped = compare({"run": run, "none": empty}, links, ["rr"], clusters=story, n_resamples=1000)
    width = [(c.means["high"] - c.means["low"]).iloc[0] for c in (plain, grouped)]
    assert width[1] > 3 * width[0]
    assert grouped.pairs["p"].iloc[0] > 10 * plain.pairs["p"].iloc[0]
    assert grouped.means["clusters"].tolist() == [10, 10]


def test_one_run_has_limits_and_no_pairs():
    found = compare({"only": RUNS["good"]}, LINKS, n_resamples=50)
    assert found.pairs.empty
    assert found.settings["tests"] == 0
    assert len(found.means) == 1


def test_the_queries_that_changed_most_come_with_their_lists():
    links = {"a": {"x": 1, "y": 2, "z": 0}, "b": ["x"], "c": ["x"], "d": ["x"]}
    old = {"a": ["z"], "b": ["x", "y"], "c": ["y", "x"], "d": ["x"]}
    new = {"a": ["y"], "b": ["y", "x"], "c": ["x", "y"], "d": ["x"]}
    found = compare({"old": old, "new": new}, links, ["rr"], n_resamples=10, n_permutations=9)
    table = found.most_changed("old", "new", n=5)
    assert table[["change", "query", "difference"]].to_numpy().tolist() == [
        ["gained", "a", 1.0],
        ["gained", "c", 0.5],
        ["lost", "b", -0.5],
    ]
    first = table.iloc[0]
    assert (first["list_a"], first["list_b"], first["related"]) == (["z"], ["y"], ["y", "x"])
    assert found.most_changed("new", "old", "rr", n=1)["query"].tolist() == ["b", "a"]


def test_a_missing_query_is_counted_by_run():
    short = {q: RUNS["good"][q] for q in list(LINKS)[:-2]}
    runs = {"good": RUNS["good"], "short": short}
    found = compare(runs, LINKS, missing="empty", n_resamples=10, n_permutations=10)
    assert found.counts["missing"].to_dict() == {"good": 0, "short": 2}
    with pytest.raises(InputError, match=r"runs\['short'\]: run: 2 of 40 queries have no list: 'q"):
        compare(runs, LINKS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"runs": {}}, "runs: got {}; allowed: a mapping {name: run} with at least one run"),
        ({"runs": [RUNS["good"]]}, r"runs: got \[.*; allowed: a mapping {name: run}"),
        ({"runs": {"x": {"q": ["a", "a"]}}}, r"runs\['x'\]\['q'\]: 'a' stands at ranks 1 and 2"),
        ({"runs": {"x": {"zz": ["a"]}}}, r"runs\['x'\]: links: 1 queries have no links: 'zz'"),
        ({"links": {"q00": ["e01"]}}, "links: 39 queries have no links"),
        ({"links": {"q00": ["e01"]}, "unlinked": "skip"}, "links: only one query; allowed: more"),
        ({"metrics": ["mrr"]}, "metric: got 'mrr'; allowed: one of ndcg@k"),
        ({"level": 1}, "level: got 1.0; allowed: a number above 0 and below 1"),
        ({"level": 0}, "level: got 0; allowed: a finite number above 0 up to 1"),
        ({"n_permutations": 0}, "n_permutations: got 0; allowed: a whole number of 1 or more"),
        ({"n_resamples": 1.5}, "n_resamples: got 1.5; allowed: a whole number of 1 or more"),
        ({"seed": -1}, "seed: got -1; allowed: a whole number of 0 or more"),
        ({"clusters": {"q00": "s"}}, "clusters: 39 of 40 queries have none: 'q01', .*; allowed"),
        ({"clusters": dict.fromkeys(LINKS, float("nan"))}, "clusters: 40 of 40 queries have none"),
        ({"clusters": dict.fromkeys(LINKS, "s")}, "clusters: only one cluster; allowed: more than"),
        (
            {"clusters": {query: ["s"] for query in LINKS}},
            r"clusters\['q00'\]: got \['s'\]; allowed: one",
        ),
    ],
)
def test_bad_input_is_told_apart(changed, message):
    with pytest.raises(InputError, match=message):
        compare(**({"runs": RUNS, "links": LINKS} | changed))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("good", "best"), "run_b: got 'best'; allowed: 'good', 'bad', 'chance'"),
        (("good", "bad", "rr"), "metric: got 'rr'; allowed: 'ndcg@10'"),
        (("good", "bad", None, 0), "n: got 0; allowed: a whole number of 1 or more"),
    ],
)
def test_most_changed_knows_its_names(arguments, message):
    found = compare(RUNS, LINKS, n_resamples=10, n_permutations=10)
    with pytest.raises(InputError, match=message):
        found.most_changed(*arguments)
