"""The second step of `tune`: whether neighbours count, and that its figures are of real lists."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relatedevents.model_parts.trials import Trial, Wanted

from relatedevents import RelatedEvents, Weights
from relatedevents.learning.coordinate_search import folds_of

N_STORIES, PER_STORY = 14, 14


class NoisyEncoder:
    """A centre a story, and noise as long: two events tell little, ten of a story tell it well."""

    def encode(self, texts):
        rows = []
        for text in texts:
            story, number = map(int, text[1:].split("x"))
            centre = np.random.default_rng(story).normal(size=24)
            rows.append(centre + np.random.default_rng([story, number]).normal(size=24))
        return np.array(rows)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    days = rng.integers(0, 400, size=N_STORIES * PER_STORY)
    rows = [
        (f"{at // PER_STORY}-{at}", f"e{at // PER_STORY}x{at}", day, [], f"s{at // PER_STORY}")
        for at, day in enumerate(pd.Timestamp("2001-01-01") + pd.to_timedelta(days, unit="D"))
    ]
    return pd.DataFrame(rows, columns=["id", "headline", "date", "tags", "story"])


@pytest.fixture(scope="module")
def fitted(frame):
    return RelatedEvents(encoder=NoisyEncoder()).fit(frame)


def weighing(fitted, **weights):
    """A model of its own with these weights alone; it has kept no lists yet."""
    model = RelatedEvents(encoder=fitted.encoder_, weights=Weights.only(**weights))
    model._set_fitted(fitted.index_, fitted.encoder_)
    return model


def story_links(frame, dated):
    """Eight queries a story, each linked to all of it; with an as_of to what was there by then."""
    rng = np.random.default_rng(1)
    rows = []
    for _, story in frame.groupby("story", sort=False):
        day = story["date"].sort_values().iloc[-3]
        for query in rng.choice(story["id"], 8, replace=False):
            there = story[(story["id"] != query) & ((story["date"] <= day) | (not dated))]
            rows += [(str(query), related, day) for related in there["id"]]
    links = pd.DataFrame(rows, columns=["id", "related_id", "as_of"])
    return links if dated else links.drop(columns="as_of")


def figures(model, links, n=10):
    """The nDCG of the lists that a model really gives, query by query."""
    as_of = links.groupby("id")["as_of"].first().to_dict() if "as_of" in links else None
    related = links.groupby("id", sort=False)["related_id"].agg(set).to_dict()
    table = model.related_many(list(related), n, as_of=as_of)
    found = {}
    for id_, some in related.items():
        ranked = table.loc[table["id"] == id_, "related_id"]
        gain = sum(1 / math.log2(at + 2) for at, one in enumerate(ranked) if one in some)
        found[id_] = gain / sum(1 / math.log2(at + 2) for at in range(min(n, len(some))))
    return found


@pytest.mark.parametrize("dated", [False, True])
def test_neighbours_count_where_they_help_and_figures_are_of_real_lists(frame, fitted, dated):
    model, links = weighing(fitted, semantic=1), story_links(frame, dated)
    tuned = model.tune(links, n_folds=2, seed=3)
    told = tuned.tuning_
    assert told.kept
    assert tuned.weights.neighbours > 0.0
    assert told.neighbours_gain > 0.02
    assert told.neighbours_low > 0.0
    assert "; they count." in str(told)
    assert told.before == pytest.approx(np.mean(list(figures(model, links).values())), abs=1e-9)
    # What was learned from the other fold, by hand: its lists are what the report tells.
    ids = links["id"].unique()
    stories = pd.factorize(frame.set_index("id").loc[ids, "story"])[0]
    after = {}
    for fold in folds_of(stories, 2, 3):
        mine = links["id"].isin(ids[fold])
        other = model.tune(links[~mine], n_folds=2)
        assert other.tuning_.kept
        assert other.weights.neighbours > 0.0
        after.update(figures(other, links[mine]))
    assert len(after) == told.n_queries == len(ids)
    assert told.after == pytest.approx(np.mean(list(after.values())), abs=1e-9)
    # And the weights that the user gets do on all links what they promise, or more.
    assert np.mean(list(figures(tuned, links).values())) > told.after - 0.02


def test_neighbours_are_left_out_where_links_were_made_without_them(frame, fitted):
    links = weighing(fitted, semantic=1).related_many(frame["id"][::5], 10)[["id", "related_id"]]
    tuned = weighing(fitted, semantic=1, neighbours=2.0).tune(links, n_folds=3)
    told = tuned.tuning_
    assert told.kept
    assert told.before < 0.9
    assert told.after == pytest.approx(1.0)
    assert tuned.weights.neighbours == 0.0
    assert told.neighbours_low <= 0.0
    assert "; they count nothing there." in str(told)


def test_own_weights_stay_where_neighbours_did_all_that_can_be_done(frame, fitted):
    model = weighing(fitted, semantic=1, neighbours=0.5)
    links = model.related_many(frame["id"][::5], 10)[["id", "related_id"]]
    told = model.tune(links, n_folds=3).tuning_
    assert told.before == pytest.approx(1.0)
    assert not told.kept
    assert told.weights_after == model.weights
    # From the same weights without neighbours, they are found.
    tuned = weighing(fitted, semantic=1).tune(links, n_folds=3)
    assert tuned.tuning_.kept
    assert 0.3 < tuned.weights.neighbours / tuned.weights.semantic < 0.7


@pytest.mark.parametrize("until", [None, 11_500])
def test_a_trial_is_the_same_from_all_lists_or_from_a_few(fitted, monkeypatch, until):
    def trial(at_once, kept=False):
        monkeypatch.setattr("relatedevents.model_parts.trials._AT_ONCE", at_once)
        model = weighing(fitted, semantic=1, time=0.3, neighbours=1)
        if kept:
            model.related_all(3)
        index = model._index()
        rows = np.arange(3, 40, 9)
        days = None if until is None else np.full(len(rows), until)
        wanted = Wanted(rows, [rows[rows != row] for row in rows], [np.ones(4)] * 5, days, 0)
        return Trial.of(model, wanted, index.order, 10).lists

    some = trial(0)
    for everyone in (trial(10**6), trial(0, kept=True)):
        assert (some.values == everyone.values).all()
        assert (some.places == everyone.places).all()
    assert (some.values[:, 1] > 0.5).any()


@given(
    st.lists(
        st.dictionaries(st.integers(0, 9), st.floats(0.5, 3), min_size=1), min_size=1, max_size=5
    ),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), max_size=30),
)
def test_the_grades_of_pairs(links, asked):
    wanted = Wanted(
        np.arange(len(links)),
        [np.array(list(some)) for some in links],
        [np.array(list(some.values())) for some in links],
        None,
        0,
    )
    asked = [(query, row) for query, row in asked if query < len(links)]
    pairs = np.array(asked, dtype=np.int64).reshape(-1, 2)
    found = wanted.grades_of(pairs[:, 0], pairs[:, 1])
    assert found.tolist() == [links[query].get(row, 0.0) for query, row in asked]
