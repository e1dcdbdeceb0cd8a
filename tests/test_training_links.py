"""Links to learn from, and `tune`'s report: its nDCG is that of the lists that a model gives."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents import RelatedEvents, Weights
from relatedevents.learning.folds import folds_of
from relatedevents.learning.links import TrainingLinks, read_training_links
from relatedevents.learning.tune import list_ndcg

pytestmark = pytest.mark.slow

N_STORIES, PER_STORY = 14, 14


class NoisyEncoder:
    """A centre a story, and noise as long: two events tell little of whether they are of one."""

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
    # Nearness in time says nothing of these stories.
    return RelatedEvents(encoder=NoisyEncoder(), weights=Weights.only(semantic=1, time=3)).fit(
        frame
    )


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


def ndcg_of_lists(model, links, n=10):
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
def test_the_report_tells_the_lists_that_were_not_learned_from(frame, fitted, dated):
    links = story_links(frame, dated)
    tuned = fitted.tune(links, n_folds=2, seed=3)
    told = tuned.tuning_
    assert told.kept
    before = list(ndcg_of_lists(fitted, links).values())
    assert told.before == pytest.approx(np.mean(before), abs=1e-9)
    # What was learned from the other fold, by hand: its lists are what the report tells.
    ids = links["id"].unique()
    stories = pd.factorize(frame.set_index("id").loc[ids, "story"])[0]
    after = {}
    for fold in folds_of(stories, 2, 3):
        mine = links["id"].isin(ids[fold])
        other = fitted.tune(links[~mine], n_folds=2)
        assert other.tuning_.kept
        after.update(ndcg_of_lists(other, links[mine]))
    assert len(after) == told.n_queries == len(ids)
    assert told.after == pytest.approx(np.mean(list(after.values())), abs=1e-9)
    # And the weights that the user gets do on all links what they promise, or more.
    assert np.mean(list(ndcg_of_lists(tuned, links).values())) > told.after - 0.02


@pytest.mark.parametrize("tie_break", ["date", "page", "column:story:ascending"])
@pytest.mark.parametrize("n", [3, 10, 300])
def test_ndcg_is_that_of_real_lists_in_any_order_of_rows(frame, fitted, tie_break, n):
    links = story_links(frame, dated=True)
    retriever = fitted._retriever().under(Weights.only(semantic=1, tie_break=tie_break))
    other = RelatedEvents(encoder=NoisyEncoder(), weights=retriever.setup.weights).fit(frame)
    expected = ndcg_of_lists(other, links, n)
    training = read_training_links(links, fitted.index_)
    found = list_ndcg(retriever, training, n)
    ids = frame["id"].to_numpy()[training.queries]
    assert dict(zip(ids, found.tolist(), strict=True)) == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(
        st.dictionaries(st.integers(0, 9), st.floats(0.5, 3), min_size=1), min_size=1, max_size=5
    ),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 12)), max_size=30),
)
def test_the_grades_of_pairs(links, asked):
    training = TrainingLinks(
        np.arange(len(links)),
        [np.array(list(some)) for some in links],
        [np.array(list(some.values())) for some in links],
        None,
        np.arange(len(links)),
        0,
    )
    asked = [(query, row) for query, row in asked if query < len(links)]
    pairs = np.array(asked, dtype=np.int64).reshape(-1, 2)
    found = training.grades_of(pairs[:, 0], pairs[:, 1])
    assert found.tolist() == [links[query].get(row, 0.0) for query, row in asked]
