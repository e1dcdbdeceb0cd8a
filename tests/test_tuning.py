"""Tuning: the search against brute force on toy pools, and `tune` on links of a known rule."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from toy import KeywordEncoder, random_frame, same_archive

from relatedevents import RelatedEvents, Weights, load_sample, load_sample_links
from relatedevents.errors import InputError, UnknownIdError
from relatedevents.learning.coordinate_search import (
    Candidates,
    Hyperparameters,
    ideal_gain,
    learn,
    learn_without,
    ndcg,
    ranks,
)
from relatedevents.learning.folds import communities_of, folds_of
from relatedevents.learning.links import groups_of
from relatedevents.weights import SIGNALS

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2] / "shared" / "data"
TIME = 2


# --- the search, on arrays ------------------------------------------------------------------


def pool(seed, n_queries=12, values=None):
    """A pool of random signals: two plain ones, the time signal with three half-lives, two orders.

    `values` may turn (rng, grades) into the plain signals' values. One plain signal is content, the
    other is apart, and time is gated. A third of the candidates are queries themselves.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 20, size=n_queries)
    total = int(counts.sum())
    starts = np.concatenate([[0], np.cumsum(counts)])
    grades = rng.choice([0.0, 0.0, 0.0, 1.0, 2.0], size=total)
    grades[starts[:-1]] = 1.0
    plain = rng.random((total, 2)) if values is None else values(rng, grades)
    return Candidates(
        starts,
        np.vstack([plain.T, np.zeros(total)]),
        np.array([0, 1, 2]),
        rng.random((3, total)),
        TIME,
        np.array([rng.permutation(total), rng.permutation(total)]),
        grades,
        np.where(rng.random(total) < 0.3, rng.integers(0, n_queries, total), -1),
    )


def slow_ndcg(candidates, setting, k):
    """nDCG of every query by sorting its candidates, one at a time."""
    found = []
    for a, b in pairwise(candidates.starts):

        def key(row):
            content, apart = (
                w * v
                for w, v in zip(setting.weights[:TIME], candidates.values[:TIME, row], strict=True)
            )
            gated = setting.weights[TIME] * candidates.time[setting.half_life, row]
            if setting.threshold:
                gated *= min(1.0, content / setting.threshold)
            return -round(content + apart + gated, 6), candidates.places[setting.order, row]

        ordered = sorted(range(a, b), key=key)[:k]
        gain = sum(candidates.grades[row] / math.log2(at + 2) for at, row in enumerate(ordered))
        best = sorted(candidates.grades[a:b], reverse=True)[:k]
        found.append(gain / sum(grade / math.log2(at + 2) for at, grade in enumerate(best)))
    return found


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    weights=st.tuples(*[st.sampled_from([0.0, 0.3, 1.0, 7.5])] * 3).filter(any),
    half_life=st.integers(0, 2),
    order=st.integers(0, 1),
    threshold=st.sampled_from([0.0, 0.2, 3.0]),
    k=st.sampled_from([1, 3, 10]),
    coarse=st.booleans(),
)
def test_ndcg_is_that_of_sorting(seed, weights, half_life, order, threshold, k, coarse):
    # Coarse values tie by the dozen, so that the order of equal scores decides.
    candidates = pool(
        seed, values=(lambda rng, g: rng.integers(0, 2, (len(g), 2)) / 1.0) if coarse else None
    )
    setting = Hyperparameters(weights, half_life, order, threshold)
    assert ndcg(candidates, setting, k) == pytest.approx(slow_ndcg(candidates, setting, k))
    rank = ranks(candidates, setting)
    first = (candidates.grades > 0.0) & (rank < k)
    gains = np.where(first, candidates.grades / np.log2(rank + 2.0), 0.0)
    by_rank = np.bincount(candidates.owner, gains) / candidates.ideal(k)
    assert by_rank == pytest.approx(ndcg(candidates, setting, k))
    for a, b in pairwise(candidates.starts):
        assert sorted(rank[a:b]) == list(range(b - a))


def test_ideal_gain_by_hand():
    assert ideal_gain(np.array([]), 10) == 0.0
    assert ideal_gain(np.array([0.0, 2.0, 1.0]), 10) == pytest.approx(2 + 1 / math.log2(3))
    assert ideal_gain(np.array([1.0] * 5), 2) == pytest.approx(1 + 1 / math.log2(3))


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
    assert ndcg(candidates, both).mean() < 0.97
    for starts in ([both], starts_of(), [both, *starts_of()]):
        setting = learn(candidates, starts)
        assert ndcg(candidates, setting).mean() > 0.99
        assert max(setting.weights) == setting.weights[column] > 0


def test_learn_chooses_the_half_life_and_the_order_that_tell():
    candidates = pool(5, 40)
    time = candidates.time.copy()
    time[2] = candidates.grades / 2
    told = replace(candidates, time=time)
    setting = learn(told, [Hyperparameters((1.0, 1.0, 1.0))])
    assert setting.half_life == 2
    assert ndcg(told, setting).mean() > 0.99
    places = candidates.places.copy()
    places[1, np.argsort(-candidates.grades, kind="stable")] = np.arange(places.shape[1])
    still = np.zeros_like(candidates.values)
    ordered = replace(candidates, values=still, time=still, places=places)
    setting = learn(ordered, starts_of())
    assert setting.order == 1
    assert ndcg(ordered, setting) == pytest.approx(1.0)


def test_learn_chooses_the_threshold_that_tells():
    # What is linked is fairly alike and fairly near; strangers are alike and far, or near and
    # unlike: no sum of the two sets the links first.
    candidates = pool(5, 40)
    linked = candidates.grades > 0.0
    alike = np.random.default_rng(0).random(len(linked)) < 0.5
    content = np.where(linked, 0.4, np.where(alike, 0.9, 0.0))
    nearness = np.where(linked, 0.5, np.where(alike, 0.0, 1.0))
    told = replace(
        candidates,
        values=np.vstack([content, np.zeros((2, len(linked)))]),
        time=np.tile(nearness, (3, 1)),
        grades=linked * 1.0,
    )
    starts = [Hyperparameters((1.0, 0.0, 1.0))]
    setting = learn(told, starts)
    assert setting.threshold > 0.0
    assert ndcg(told, setting).mean() > 0.99
    # Where nothing is gated no threshold helps.
    ungated = replace(told, roles=np.array([0, 1, 1]))
    assert ndcg(ungated, learn(ungated, starts)).mean() < 0.9


@pytest.mark.parametrize("seed", range(6))
def test_learned_weights_are_never_negative_and_never_worse(seed):
    # What is linked lies low in both signals, so a sum of negative weights would be best.
    def low(rng, grades):
        return 1.0 - 0.4 * grades[:, None] - 0.2 * rng.random((len(grades), 2))

    candidates = pool(seed, 20, low)
    starts = [Hyperparameters((1.0, 1.0, 0.0)), *starts_of()]
    setting = learn(candidates, starts)
    assert min(setting.weights) >= 0.0
    assert max(setting.weights) > 0.0
    reached = ndcg(candidates, setting).mean()
    assert all(reached >= ndcg(candidates, one).mean() for one in starts)
    assert setting == learn(candidates, starts)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_without_some_queries(seed):
    candidates = pool(seed)
    left_out = np.array([7, 2, 11])
    some = candidates.without(left_out)
    rows, number = [], {}
    for query, (a, b) in enumerate(pairwise(candidates.starts)):
        mine = [
            row
            for row in range(a, b)
            if not (candidates.grades[row] > 0.0 and candidates.query_of[row] in left_out)
        ]
        if query not in left_out and any(candidates.grades[mine] > 0.0):
            number[query] = len(number)
            rows.append(mine)
    kept = np.concatenate(rows)
    assert np.diff(some.starts).tolist() == list(map(len, rows))
    assert (some.values == candidates.values[:, kept]).all()
    assert (some.time == candidates.time[:, kept]).all()
    assert (some.places == candidates.places[:, kept]).all()
    assert (some.grades == candidates.grades[kept]).all()
    assert some.query_of.tolist() == [number.get(one, -1) for one in candidates.query_of[kept]]
    whole = candidates.without(np.zeros(0, dtype=np.int64))
    setting = Hyperparameters((0.5, 1.0, 2.0), half_life=1, order=1)
    assert ndcg(whole, setting).tolist() == ndcg(candidates, setting).tolist()


def test_nothing_is_learned_where_every_link_leads_to_the_fold_left_out():
    candidates = pool(1, 4)
    mirrored = replace(candidates, query_of=np.where(candidates.owner < 2, 2, 0))
    starts = starts_of()
    folds = [np.array([2, 3]), np.array([0, 1])]
    assert learn_without(mirrored, starts, folds) == [starts[0], starts[0]]


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


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=80),
    st.lists(st.tuples(st.integers(0, 79), st.integers(0, 79)), max_size=60),
)
def test_communities_hold_whole_groups_that_links_join(groups, links):
    groups = np.array(groups)
    ends = np.array(links, dtype=np.int64).reshape(-1, 2) % len(groups)
    found = communities_of(groups, ends[:, 0], ends[:, 1])
    assert all(len(set(found[groups == one].tolist())) == 1 for one in groups)
    # Nothing is joined that no chain of links joins.
    both = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), [len(groups)] * 2)
    same = groups[:, None] == groups[None]
    chain = connected_components(both + sparse.csr_matrix(same), directed=False)[1]
    largest = max(5, len(groups) // 20)
    for one in set(found.tolist()):
        mine = found == one
        assert len(set(chain[mine].tolist())) == 1
        assert mine.sum() <= largest or len(set(groups[mine].tolist())) == 1
    again = communities_of(groups, ends[:, 0], ends[:, 1])
    assert again.tolist() == found.tolist()


def test_a_giant_is_cut_where_few_links_are():
    # Ten rings of ten, each with all links inside and one to the next.
    pairs = [
        (10 * ring + a, 10 * ring + b) for ring in range(10) for a in range(10) for b in range(a)
    ]
    bridges = [(10 * ring, (10 * ring + 11) % 100) for ring in range(10)]
    left, right = np.array(pairs + bridges).T
    found = communities_of(np.repeat(np.arange(100), 2)[::2], left, right)
    crossing = found[left] != found[right]
    assert len(set(found.tolist())) == 20
    assert crossing.mean() < 0.6
    # In a larger archive each ring is small enough to stay whole.
    found = communities_of(np.arange(400), left, right)
    assert [len(set(found[10 * ring : 10 * ring + 10].tolist())) for ring in range(10)] == [1] * 10


def test_no_query_is_measured_by_what_its_own_fold_taught():
    # The links of the last ten queries follow a signal that tells nothing in all others.
    def values(rng, grades):
        plain = rng.random((len(grades), 2))
        plain[:, 0] = 0.4 * grades + 0.1 * plain[:, 0]
        return plain

    candidates = pool(4, 40, values)
    odd = slice(candidates.starts[30], candidates.starts[40])
    turned = candidates.values.copy()
    turned[1, odd] = 0.4 * candidates.grades[odd] + 0.1 * turned[1, odd]
    turned[0, odd] = np.random.default_rng(0).random(odd.stop - odd.start)
    none = np.full(len(candidates.grades), -1)
    candidates = replace(candidates, values=turned, query_of=none)
    folds = folds_of(np.where(np.arange(40) < 30, np.arange(40), 99), 4, 0)
    found = np.zeros(40)
    learned = learn_without(candidates, starts_of(), folds, n_threads=2)
    for fold, setting in zip(folds, learned, strict=True):
        assert setting == learn(candidates.without(fold), starts_of())
        others = np.setdiff1d(np.arange(40), fold)
        found[fold] = ndcg(candidates.without(others), setting)
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
    stories = [frame.loc[id_, "story"] or str(frame.loc[id_, "date"]) for id_ in links]
    positions = model.index_.positions_of(list(links), "links")
    assert (
        groups_of(model.index_, positions).tolist() == pd.factorize(pd.Series(stories))[0].tolist()
    )
    told = model.tune(links, n=3, n_folds=2).tuning_
    # Links join some of them.
    assert 20 < told.n_groups < len(set(stories)) < 60
    dated = random_frame(1, 40, days=6, undated=0.4)
    other = RelatedEvents(encoder=KeywordEncoder()).fit(dated).index_
    found = groups_of(other, other.positions_of(dated["id"], "links"))
    # Events without a date are not of one day.
    assert found.max() + 1 == dated["date"].nunique() + dated["date"].isna().sum()


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
