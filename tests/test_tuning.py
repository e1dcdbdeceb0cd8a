"""Tuning: the search against brute force on toy pools, and `tune` on links of a known rule."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import KeywordEncoder, random_frame, same_archive

from relatedevents import RelatedEvents, Weights, load_sample, load_sample_links
from relatedevents.errors import InputError, UnknownIdError
from relatedevents.learning.coordinate_search import (
    Candidates,
    Hyperparameters,
    folds_of,
    ideal_gain,
    learn,
    learn_without,
    ndcg,
    ranks,
)
from relatedevents.weights import SIGNALS

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2] / "shared" / "data"
TIME = 2


# --- the search, on arrays ------------------------------------------------------------------


def pool(seed, n_queries=12, values=None, k=10):
    """A pool of random signals: two plain ones, the time signal with three half-lives, two orders.

    `values` may turn (rng, grades) into the plain signals' values.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 20, size=n_queries)
    total = int(counts.sum())
    starts = np.concatenate([[0], np.cumsum(counts)])
    grades = rng.choice([0.0, 0.0, 0.0, 1.0, 2.0], size=total)
    grades[starts[:-1]] = 1.0
    plain = rng.random((total, 2)) if values is None else values(rng, grades)
    ideal = [ideal_gain(grades[a:b], k) for a, b in pairwise(starts)]
    return Candidates(
        starts,
        np.column_stack([plain, np.zeros(total)]),
        rng.random((total, 3)),
        np.column_stack([rng.permutation(total), rng.permutation(total)]),
        grades,
        np.array(ideal),
    )


def slow_ndcg(candidates, setting, k):
    """nDCG of every query by sorting its candidates, one at a time."""
    found = []
    for q in range(len(candidates.ideal)):
        rows = range(candidates.starts[q], candidates.starts[q + 1])

        def key(row):
            score = sum(w * v for w, v in zip(setting.weights, candidates.values[row], strict=True))
            score += setting.weights[TIME] * candidates.time[row, setting.half_life]
            return -round(score, 6), candidates.places[row, setting.order]

        ordered = sorted(rows, key=key)[:k]
        gain = sum(candidates.grades[row] / math.log2(at + 2) for at, row in enumerate(ordered))
        best = sorted((candidates.grades[row] for row in rows), reverse=True)[:k]
        found.append(gain / sum(grade / math.log2(at + 2) for at, grade in enumerate(best)))
    return found


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    weights=st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 7.5])] * 3).filter(any),
    half_life=st.integers(0, 2),
    order=st.integers(0, 1),
    k=st.sampled_from([1, 3, 10]),
    coarse=st.booleans(),
)
def test_ndcg_is_that_of_sorting(seed, weights, half_life, order, k, coarse):
    # Coarse values tie by the dozen, so that the order of equal scores decides.
    candidates = pool(
        seed, k=k, values=(lambda rng, g: rng.integers(0, 2, (len(g), 2)) / 1.0) if coarse else None
    )
    setting = Hyperparameters(weights, half_life, order)
    assert ndcg(candidates, setting, TIME, k) == pytest.approx(slow_ndcg(candidates, setting, k))
    rank = ranks(candidates, setting, TIME)
    for a, b in pairwise(candidates.starts):
        assert sorted(rank[a:b]) == list(range(b - a))


def test_ideal_gain_by_hand():
    assert ideal_gain(np.array([]), 10) == 0.0
    assert ideal_gain(np.array([0.0, 2.0, 1.0]), 10) == pytest.approx(2 + 1 / math.log2(3))
    assert ideal_gain(np.array([1.0] * 5), 2) == pytest.approx(1 + 1 / math.log2(3))


def test_links_out_of_the_pool_count_in_the_ideal_alone():
    # One link is no candidate at all: the list that has every other one is still not perfect.
    grades = np.array([1.0, 0.0, 1.0])
    candidates = Candidates(
        np.array([0, 3]),
        np.array([[0.9, 0.0], [0.1, 0.0], [0.8, 0.0]]),
        np.zeros((3, 1)),
        np.arange(3)[:, None],
        grades,
        np.array([ideal_gain(np.append(grades, 1.0), 10)]),
    )
    found = ndcg(candidates, Hyperparameters((1.0, 0.0)), 1)
    assert found == pytest.approx((1 + 1 / math.log2(3)) / (1 + 1 / math.log2(3) + 1 / 2))
    assert ndcg(candidates, Hyperparameters((1.0, 0.0)), 1, k=2) < 1


def informative(column):
    """Plain signals of noise, of which one tells the grades."""

    def values(rng, grades):
        plain = rng.random((len(grades), 2))
        plain[:, column] = 0.3 * grades + 0.2 * plain[:, column]
        return plain

    return values


def starts_of(n_signals=3):
    return [Hyperparameters(tuple(row)) for row in np.eye(n_signals).tolist()]


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("seed", range(3))
def test_learn_finds_the_one_signal_that_tells(column, seed):
    candidates = pool(seed, 40, informative(column))
    both = Hyperparameters((1.0, 1.0, 1.0))
    assert ndcg(candidates, both, TIME).mean() < 0.97
    for starts in ([both], starts_of(), [both, *starts_of()]):
        setting = learn(candidates, starts, TIME)
        assert ndcg(candidates, setting, TIME).mean() > 0.99
        assert max(setting.weights) == setting.weights[column] > 0


def test_learn_chooses_the_half_life_and_the_order_that_tell():
    candidates = pool(5, 40)
    time = candidates.time.copy()
    time[:, 2] = candidates.grades / 2
    told = Candidates(
        candidates.starts,
        candidates.values,
        time,
        candidates.places,
        candidates.grades,
        candidates.ideal,
    )
    setting = learn(told, [Hyperparameters((1.0, 1.0, 1.0))], TIME)
    assert setting.half_life == 2
    assert ndcg(told, setting, TIME).mean() > 0.99
    places = candidates.places.copy()
    places[np.argsort(-candidates.grades, kind="stable"), 1] = np.arange(len(places))
    still = np.zeros_like(candidates.values)
    ordered = Candidates(
        candidates.starts, still, still, places, candidates.grades, candidates.ideal
    )
    setting = learn(ordered, starts_of(), TIME)
    assert setting.order == 1
    assert ndcg(ordered, setting, TIME) == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(6))
def test_learned_weights_are_never_negative_and_never_worse(seed):
    # What is linked lies low in both signals, so a sum of negative weights would be best.
    def low(rng, grades):
        return 1.0 - 0.4 * grades[:, None] - 0.2 * rng.random((len(grades), 2))

    candidates = pool(seed, 20, low)
    starts = [Hyperparameters((1.0, 1.0, 0.0)), *starts_of()]
    setting = learn(candidates, starts, TIME)
    assert min(setting.weights) >= 0.0
    assert max(setting.weights) > 0.0
    reached = ndcg(candidates, setting, TIME).mean()
    assert all(reached >= ndcg(candidates, one, TIME).mean() for one in starts)
    assert setting == learn(candidates, starts, TIME)


def test_take_is_a_pool_of_its_own():
    candidates = pool(3)
    queries = np.array([7, 2, 11])
    some = candidates.take(queries)
    setting = Hyperparameters((0.5, 1.0, 2.0), half_life=1, order=1)
    assert ndcg(some, setting, TIME).tolist() == ndcg(candidates, setting, TIME)[queries].tolist()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(2, 7), st.integers(0, 99))
def test_folds_keep_groups_together(groups, n_folds, seed):
    groups = np.array(groups)
    folds = folds_of(groups, n_folds, seed)
    assert sorted(np.concatenate(folds).tolist()) == list(range(len(groups)))
    assert len(folds) == min(n_folds, len(set(groups.tolist())))
    assert all(len(fold) for fold in folds)
    of_fold = [set(groups[fold].tolist()) for fold in folds]
    assert sum(map(len, of_fold)) == len(set().union(*of_fold))
    again = folds_of(groups, n_folds, seed)
    assert [fold.tolist() for fold in folds] == [fold.tolist() for fold in again]


def test_folds_are_of_like_size_and_drawn():
    groups = np.repeat(np.arange(40), np.random.default_rng(0).integers(1, 6, 40))
    drawn = {tuple(map(tuple, folds_of(groups, 5, seed))) for seed in range(5)}
    assert len(drawn) == 5
    for folds in drawn:
        sizes = [len(fold) for fold in folds]
        assert max(sizes) - min(sizes) <= 2


def test_no_query_is_measured_by_what_its_own_fold_taught():
    # The links of the last ten queries follow a signal that tells nothing in all others.
    def values(rng, grades):
        plain = rng.random((len(grades), 2))
        plain[:, 0] = 0.4 * grades + 0.1 * plain[:, 0]
        return plain

    candidates = pool(4, 40, values)
    odd = slice(candidates.starts[30], candidates.starts[40])
    turned = candidates.values.copy()
    turned[odd, 1] = 0.4 * candidates.grades[odd] + 0.1 * turned[odd, 1]
    turned[odd, 0] = np.random.default_rng(0).random(odd.stop - odd.start)
    candidates = Candidates(
        candidates.starts,
        turned,
        candidates.time,
        candidates.places,
        candidates.grades,
        candidates.ideal,
    )
    folds = folds_of(np.where(np.arange(40) < 30, np.arange(40), 99), 4, 0)
    found = np.zeros(40)
    learned = learn_without(candidates, starts_of(), folds, TIME)
    for fold, setting in zip(folds, learned, strict=True):
        others = np.setdiff1d(np.arange(40), fold)
        assert setting == learn(candidates.take(others), starts_of(), TIME)
        found[fold] = ndcg(candidates.take(fold), setting, TIME)
    assert found[:30].mean() > 0.9
    assert found[30:].mean() < 0.9


# --- the model ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return RelatedEvents(encoder=KeywordEncoder()).fit(load_sample())


def some_ids(n, seed=0):
    ids = load_sample()["id"].tolist()
    return [str(id_) for id_ in np.random.default_rng(seed).choice(ids, n, replace=False)]


def rule_links(n_queries, n=10):
    """The lists of the hand-made rule, as a site has them that sorts so."""
    rule = RelatedEvents(encoder=KeywordEncoder(), weights=Weights.shared_tags()).fit(load_sample())
    lists = rule.related_many(some_ids(n_queries), n)
    return lists.groupby("id", sort=False)["related_id"].agg(list).to_dict()


def random_links(n_queries, seed):
    rng = np.random.default_rng(seed)
    ids = load_sample()["id"].tolist()
    return {
        id_: [str(one) for one in rng.choice(ids, 6, replace=False) if one != id_]
        for id_ in some_ids(n_queries, seed)
    }


def exact_ndcg(model, links, n=10, as_of=None):
    """The mean nDCG of the lists that the model really gives."""
    table = model.related_many(links, n, as_of=as_of)
    found = []
    for id_, related in links.items():
        ranked = table.loc[table["id"] == id_, "related_id"].tolist()
        gain = sum(1 / math.log2(at + 2) for at, one in enumerate(ranked) if one in related)
        found.append(gain / sum(1 / math.log2(at + 2) for at in range(min(n, len(related)))))
    return float(np.mean(found))


@pytest.fixture(scope="module")
def rule_tuned(model):
    links = rule_links(40)
    return links, model.tune(links, n_folds=3)


def test_the_hand_made_rule_is_found_again(model, rule_tuned):
    links, tuned = rule_tuned
    told = tuned.tuning_
    assert told.kept
    assert told.after >= 0.95
    assert told.gain == pytest.approx(told.after - told.before)
    assert 0 < told.low < told.gain < told.high
    assert told.p < 0.001
    assert told.weights_before == model.weights == Weights()
    assert told.weights_after == tuned.weights
    assert tuned.weights.tie_break == "page"
    assert tuned.weights.coverage > 0
    assert exact_ndcg(tuned, links) >= 0.99
    assert told.unexplained.empty
    # On queries that were not among the links as well.
    fresh = {id_: some for id_, some in rule_links(120).items() if id_ not in links}
    assert len(fresh) > 50
    assert exact_ndcg(tuned, fresh) >= 0.95


def test_tune_gives_a_new_model_and_leaves_the_old(model, rule_tuned, tmp_path):
    links, tuned = rule_tuned
    assert tuned is not model
    assert not hasattr(model, "tuning_")
    untouched = RelatedEvents(encoder=KeywordEncoder()).fit(load_sample())
    pd.testing.assert_frame_equal(model.related_all(3), untouched.related_all(3))
    ours, theirs = model.get_params(deep=False), tuned.get_params(deep=False)
    for params in (ours, theirs):
        del params["weights"], params["encoder"]
    assert ours == theirs
    # What was fitted is shared, not fitted again, and whole: new events too can be asked about.
    assert tuned.related_to("Flood", tags=["Mali"], n=3)["score"].iloc[0] > 0
    assert tuned.encoder_ is model.encoder_
    fresh = RelatedEvents(encoder=KeywordEncoder(), weights=tuned.weights).fit(load_sample())
    lists = (one.related_many(links).drop(columns="probability") for one in (tuned, fresh))
    pd.testing.assert_frame_equal(*lists, check_exact=True)
    loaded = RelatedEvents.load(tuned.save(tmp_path / "tuned"))
    assert loaded.weights == tuned.weights


@pytest.mark.parametrize("by_chance", [True, False])
def test_the_report_comes_back_with_a_saved_model(model, rule_tuned, tmp_path, by_chance):
    # Links by lot leave many unexplained, the rule's none: both tables come back.
    tuned = model.tune(random_links(12, 0), n_folds=2) if by_chance else rule_tuned[1]
    told = tuned.tuning_
    assert told.unexplained.empty == (not by_chance)
    loaded = RelatedEvents.load(tuned.save(tmp_path / "m")).tuning_
    assert str(loaded) == str(told)
    pd.testing.assert_frame_equal(loaded.unexplained, told.unexplained)
    ours, theirs = told.to_dict(), loaded.to_dict()
    assert json.loads(json.dumps(ours)) == json.loads(json.dumps(theirs))
    assert loaded.weights_after == told.weights_after
    assert loaded.weights_before == told.weights_before


def test_the_metric_s_old_name(rule_tuned):
    report = rule_tuned[1].tuning_
    with pytest.warns(DeprecationWarning, match=r"^Tuning\.figure is now called metric") as told:
        assert report.figure == report.metric == "ndcg@10"
    assert told[0].filename == __file__


def test_the_report_prints(rule_tuned):
    links, tuned = rule_tuned
    text = str(tuned.tuning_)
    assert f"40 queries, {sum(map(len, links.values()))} links, 3 folds of" in text
    assert f"ndcg@10: {tuned.tuning_.before:.3f} before, " in text
    assert "the learned weights are kept" in text
    assert "Not explained by any weights: 0 links (0%)" in text


def test_the_same_links_and_seed_teach_the_same(model):
    links = rule_links(14, n=4)
    first, again, other = (model.tune(links, n=4, n_folds=2, seed=s).tuning_ for s in (3, 3, 4))
    assert str(first) == str(again)
    assert first.weights_after == again.weights_after == other.weights_after
    assert (first.low, first.high) != (other.low, other.high)


@pytest.mark.parametrize("seed", range(3))
def test_links_by_lot_teach_nothing_and_the_report_says_so(model, seed):
    tuned = model.tune(random_links(25, seed), n_folds=3, seed=seed)
    told = tuned.tuning_
    assert not told.kept
    assert told.low <= 0.0
    assert told.weights_after == tuned.weights == model.weights
    assert "no clear gain on links not learned from: the weights stay as they were" in str(told)
    pd.testing.assert_frame_equal(tuned.related_all(3), model.related_all(3))
    lost = told.unexplained
    assert list(lost.columns) == ["id", "related_id", "in_common"]
    assert len(lost) > told.n_links / 4
    links = random_links(25, seed)
    assert all(row.related_id in links[row.id] for row in lost.itertuples())
    for row in lost.head(20).itertuples():
        parts = {**dict.fromkeys(SIGNALS, 1.0), "time": 0.0}
        told_apart = RelatedEvents.explain(
            same_archive(model, weights=Weights.only(**parts)), row.id, row.related_id
        )
        named = [name for name in row.in_common.split("+") if name]
        assert named == [name for name, part in told_apart.parts.items() if part > 0]


def test_a_model_that_gives_the_links_already_stays_as_it_is(model):
    lists = model.related_many(some_ids(12), 5).groupby("id", sort=False)["related_id"].agg(list)
    told = model.tune(lists.to_dict(), n=5, n_folds=2).tuning_
    assert told.before == pytest.approx(1.0)
    assert not told.kept
    assert told.weights_after == model.weights


BEFORE = {
    "default": Weights(),
    "recency of its own scale": Weights.only(
        semantic=0.2, tags=0.3, recency=1, recency_half_life=100.0
    ),
    "several half-lives": Weights.only(words=0.4, time=1, half_life=(2.0, 900.0)),
    "ties by page": Weights.only(coverage=1, category=0.2, tie_break="page"),
    "ties by a column": Weights.only(category=1, tie_break="column:url:ascending"),
}


@pytest.mark.parametrize("name", BEFORE)
@pytest.mark.parametrize("n", [3, 150])
def test_the_figure_before_is_that_of_the_model_s_own_lists(model, name, n):
    links = random_links(10, 7)
    before = same_archive(model, weights=BEFORE[name])
    told = before.tune(links, n=n, n_folds=2).tuning_
    assert told.metric == f"ndcg@{n}"
    assert told.before == pytest.approx(exact_ndcg(before, links, n), abs=1e-9)


def test_real_lists_are_better_by_what_was_learned(model):
    # The figures come from a pool of candidates; these lists come from the whole archive.
    links = load_sample_links()
    related = links.groupby("id", sort=False)["related_id"].agg(list).to_dict()
    days = links.groupby("id")["as_of"].first().to_dict()
    tuned = model.tune(links, n_folds=2)
    assert tuned.tuning_.kept
    before, after = (exact_ndcg(one, related, as_of=days) for one in (model, tuned))
    assert tuned.tuning_.before == pytest.approx(before, abs=1e-9)
    assert after > before + 0.05


def test_links_that_no_list_can_hold_are_left_out():
    frame = load_sample()
    day = dict(zip(frame["id"], frame["date"], strict=True))
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    links = pd.DataFrame(
        [(id_, one) for id_, some in random_links(40, 1).items() for one in some],
        columns=["id", "related_id"],
    )
    links["as_of"] = links["id"].map(day)
    there = links["related_id"].map(day) <= links["as_of"]
    told = model.tune(links, n_folds=2).tuning_
    assert told.unreachable == (~there).sum() > 20
    assert told.n_links == there.sum()
    assert told.n_queries == links.loc[there, "id"].nunique()
    related = links[there].groupby("id", sort=False)["related_id"].agg(list).to_dict()
    assert told.before == pytest.approx(
        exact_ndcg(model, related, as_of={id_: day[id_] for id_ in related}), abs=1e-9
    )
    assert f"{told.unreachable} more links come after their page's day" in str(told)
    lost = told.unexplained
    assert (lost["related_id"].map(day) <= lost["id"].map(day)).all()


def test_links_graded_0_are_none(model):
    rated = {id_: dict.fromkeys(some, 2) for id_, some in rule_links(12, n=4).items()}
    plain = model.tune(rated, n=4, n_folds=2).tuning_
    others = some_ids(60, 5)
    for id_, some in rated.items():
        free = [one for one in others if one != id_ and one not in some]
        some.update(dict.fromkeys(free[:3], 0))
    told = model.tune(rated, n=4, n_folds=2).tuning_
    assert str(told) == str(plain)
    assert told.weights_after == plain.weights_after


def test_queries_of_one_story_else_of_one_day_are_one_group(model):
    frame = load_sample().set_index("id")
    links = rule_links(60, n=3)
    groups = {frame.loc[id_, "story"] or str(frame.loc[id_, "date"]) for id_ in links}
    told = model.tune(links, n=3, n_folds=2).tuning_
    assert told.n_groups == len(groups) < 60
    dated = random_frame(1, 40, days=6, undated=0.4)
    other = RelatedEvents(encoder=KeywordEncoder()).fit(dated)
    ids = dated["id"].tolist()
    told = other.tune({id_: [ids[at - 1]] for at, id_ in enumerate(ids)}, n_folds=2).tuning_
    # Events without a date are not of one day.
    assert told.n_groups == dated["date"].nunique() + dated["date"].isna().sum()


IDS = some_ids(12)
FEW = {id_: [some_ids(1, 9)[0]] for id_ in some_ids(9, 3)}


def as_of_for_some():
    links = load_sample_links()
    first = links["id"].iloc[0]
    return links.assign(as_of=links["as_of"].where(links["id"] != first)), first


def on_one_day():
    frame = random_frame(2, 30, days=1, undated=0.0)
    ids = frame["id"].tolist()
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    return model.tune({id_: [ids[at - 1]] for at, id_ in enumerate(ids)})


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda m: m.tune(FEW),
            r"^links: 9 queries with a link that a list could hold; allowed: 10 or more to learn "
            r"from\.$",
        ),
        (lambda m: m.tune({}), r"^links: "),
        (lambda m: m.tune(5), r"^links: got int; allowed"),
        (lambda m: m.tune({IDS[0]: "abc"}), r"^links, id '.*: got 'abc' \(str\); allowed: a list"),
        (
            lambda m: m.tune({**{one: [IDS[11]] for one in IDS[:11]}, "nobody": [IDS[11]]}),
            r"^links, column 'id': the archive has no 'nobody' .*; allowed: one of its 421 ids",
        ),
        (
            lambda m: m.tune({one: ["nobody"] for one in IDS}),
            r"^links, column 'related_id': the archive has no 'nobody' .*; allowed: one of its",
        ),
        (
            lambda m: m.tune(as_of_for_some()[0]),
            r"^links: no as_of for '.*; allowed: an as_of for every query, or for none\.$",
        ),
        (
            lambda m: m.tune(load_sample_links().assign(as_of="1950-01-01")),
            r"^links: 0 queries with a link that a list could hold; allowed: 10 or more",
        ),
        (
            lambda m: on_one_day(),
            r"^links: all queries are of one story or day; allowed: queries of two or more, to",
        ),
        (lambda m: m.tune(load_sample_links(), n=0), r"^n: got 0; allowed: a whole number of 1"),
        (lambda m: m.tune(load_sample_links(), n_folds=1), r"^n_folds: got 1; allowed: a whole nu"),
        (lambda m: m.tune(load_sample_links(), seed=-1), r"^seed: got -1; allowed: a whole number"),
    ],
)
def test_bad_input(model, ask, message):
    with pytest.raises(InputError, match=message) as caught:
        ask(model)
    assert isinstance(caught.value, UnknownIdError) == ("archive has no" in str(caught.value))


def test_the_query_without_an_as_of_is_named(model):
    links, first = as_of_for_some()
    with pytest.raises(InputError, match="no as_of for") as caught:
        model.tune(links)
    assert first[:20] in str(caught.value)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the real archive in ../shared/data")
def test_a_site_s_own_rule_is_learned_from_its_links():
    frame = pd.read_parquet(SHARED / "events.parquet")
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    tuned = model.tune(SHARED / "links_dev.jsonl")
    told = tuned.tuning_
    assert told.n_queries == 95
    assert told.unreachable == 0
    assert told.kept
    assert told.after >= 0.78
    assert len(told.unexplained) <= 0.05 * told.n_links
