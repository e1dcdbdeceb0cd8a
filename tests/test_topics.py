"""Topics: against a dense decomposition, for events without tags, and for new ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from toy import KeywordEncoder, random_frame

from relatedevents import RelatedEvents, Weights, load_sample
from relatedevents.features.tags import TagSpace
from relatedevents.features.topics import N_TOPICS, TopicSpace

TOPIC = Weights.only(topic=1)


def sample_tags():
    tags = load_sample()["tags"].tolist()
    space = TagSpace.fit(tags)
    return space, space.transform(tags).weights


def clustered_tags(n_groups, asides, seed):
    """Events of some groups of very different sizes: most of a group's three tags, one aside."""
    rng = np.random.default_rng(seed)
    rows = []
    for group in range(n_groups):
        for _ in range(round(10 * 1.8**group)):
            some = [f"{group}-{number}" for number in range(3) if rng.random() < 0.95]
            rows.append([*some, f"aside {rng.integers(asides)}"] if asides else some)
    rows += [["0-0", f"{n_groups - 1}-0"], [], []]
    return TagSpace.fit(rows).transform(rows).weights


@pytest.mark.parametrize(
    ("n_topics", "n_groups", "asides"), [(1, 3, 2), (2, 3, 3), (4, 4, 2), (1, 8, 0), (3, 8, 0)]
)
@pytest.mark.parametrize("seed", range(3))
def test_places_are_those_of_a_dense_decomposition(n_topics, n_groups, asides, seed):
    tags = clustered_tags(n_groups, asides, seed)
    places = TopicSpace.fit(tags, n_topics).transform(tags).astype(np.float64)
    assert places.shape == (tags.shape[0], n_topics)
    left, strength, _ = np.linalg.svd(tags.toarray(), full_matrices=False)
    wanted = left[:, :n_topics] * strength[:n_topics]
    lengths = np.linalg.norm(wanted, axis=1)
    # An event that hardly lies in these directions has no certain place among them.
    told = lengths > 0.05
    assert told.sum() > len(told) / 4
    wanted = wanted[told] / lengths[told, None]
    assert np.abs(places[told] @ places[told].T - wanted @ wanted.T).max() < 1e-4


def test_every_direction_of_a_small_archive_gives_the_plain_cosine_back():
    # With all directions but one nothing is left out, as long as the last one says nothing.
    tags = sparse.csr_matrix(np.array([[0.6, 0.8, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]))
    space = TopicSpace.fit(tags)
    places = space.transform(tags).astype(np.float64)
    assert space.directions.shape == (3, 2)
    assert np.abs(places @ places.T - (tags @ tags.T).toarray()).max() < 1e-6


def test_the_sample_s_directions_explain_as_much_as_any_can():
    """What the directions keep of the tags is within a hundredth of the best possible."""
    _, tags = sample_tags()
    space = TopicSpace.fit(tags)
    assert space.directions.shape == (tags.shape[1], N_TOPICS)
    gram = space.directions.T.astype(np.float64) @ space.directions
    assert np.abs(gram - np.eye(N_TOPICS)).max() < 1e-5
    kept = np.linalg.norm(tags @ space.directions.astype(np.float64)) ** 2
    best = (np.linalg.svd(tags.toarray(), compute_uv=False)[:N_TOPICS] ** 2).sum()
    assert 0.99 * best < kept <= best * (1 + 1e-6)


def test_names_of_one_thing_lie_close_without_a_shared_tag():
    rows = [["Mali", "Kidal"], ["Mali", "Azawad"]] * 5 + [["Kidal"], ["Azawad"]]
    rows += [["Rome", "Vote"], ["Rome", "Law"]] * 5
    frame = pd.DataFrame(
        {
            "id": [f"e{number}" for number in range(len(rows))],
            "date": pd.Timestamp("2012-01-01"),
            "headline": "Something",
            "tags": rows,
        }
    )
    space = TagSpace.fit(rows)
    tags = space.transform(rows).weights
    # Two things are told of, so two directions: plainer than the many of a whole archive.
    places = TopicSpace.fit(tags, 2).transform(tags)
    assert (tags[10] @ tags[11].T).toarray()[0, 0] == 0.0
    assert places[10] @ places[11] > 0.99
    assert abs(places[10] @ places[12]) < 1e-3
    assert RelatedEvents(encoder=KeywordEncoder(), weights=TOPIC).fit(frame).index_ is not None


def test_events_without_tags_stand_nowhere():
    frame = random_frame(1, 60, untagged=0.4)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=TOPIC).fit(frame)
    topics = model.index_.features.dense("topics")
    lengths = np.linalg.norm(topics, axis=1)
    bare = model.index_.features.dense("tags_counts") == 0
    assert 0 < bare.sum() < 60
    assert (lengths[bare] == 0).all()
    assert lengths[~bare].max() == pytest.approx(1.0, abs=1e-6)
    untagged = [one for one, tags in zip(frame["id"], frame["tags"], strict=True) if not tags]
    table = model.related_many(untagged, 5)
    assert (table["basis"] == "none").all()
    assert not np.isnan(topics).any()


TOO_FEW = {
    "no tags": [[], [], []],
    "one event": [["Mali", "Law"]],
    "one tag": [["Mali"], ["Mali"], ["Mali"], []],
    "a tag of everyone": [["Mali"], ["Mali"]],
}


@pytest.mark.parametrize("name", TOO_FEW)
def test_too_few_tags_tell_no_direction(name):
    tags = TagSpace.fit(TOO_FEW[name]).transform(TOO_FEW[name]).weights
    space = TopicSpace.fit(tags)
    assert space.directions.shape == (tags.shape[1], 0)
    assert space.transform(tags).shape == (len(TOO_FEW[name]), 0)
    frame = pd.DataFrame(
        {
            "id": [str(number) for number in range(len(TOO_FEW[name]))],
            "date": pd.Timestamp("2012-01-01"),
            "headline": "Something",
            "tags": TOO_FEW[name],
        }
    )
    model = RelatedEvents(encoder=KeywordEncoder(), weights=TOPIC).fit(frame)
    assert (model.related_all()["topic"] == 0).all()
    assert (model.related_to("Else", tags=["Mali", "New"])["topic"] == 0).all()


def test_tags_that_weigh_nothing_tell_no_direction():
    # Every event has both tags, so idf leaves nothing of either.
    rows = [["Mali", "Law"]] * 4
    tags = TagSpace.fit(rows).transform(rows).weights
    space = TopicSpace.fit(tags)
    assert space.directions.shape[1] == 0
    assert space.transform(tags).shape == (4, 0)


def test_the_same_every_time():
    _, tags = sample_tags()
    first = TopicSpace.fit(tags)
    np.random.default_rng(1).normal(size=7)
    assert (TopicSpace.fit(tags.copy()).directions == first.directions).all()
    assert first.directions.dtype == np.float32
    assert first.directions.flags.c_contiguous


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_no_place_depends_on_the_archive_s_order(seed):
    frame = random_frame(seed, 40, days=4)
    models = [
        RelatedEvents(encoder=KeywordEncoder()).fit(some)
        for some in (frame, frame.sample(frac=1, random_state=seed % 100))
    ]
    first, second = (
        dict(
            zip(model.index_.id_of_row, model.index_.features.dense("topics").tolist(), strict=True)
        )
        for model in models
    )
    assert first == second


def test_new_events_get_the_place_of_their_tags():
    space, tags = sample_tags()
    topics = TopicSpace.fit(tags)
    whole = topics.transform(tags)
    for row in (0, 17, 230):
        again = space.transform([load_sample()["tags"].iloc[row]]).weights
        assert (topics.transform(again)[0] == whole[row]).all()
    new = space.transform([["Mali", "Never seen before"], ["Never seen before"], []]).weights
    placed = topics.transform(new)
    assert placed.dtype == np.float32
    assert np.linalg.norm(placed[0]) == pytest.approx(1.0, abs=1e-6)
    assert (placed[1:] == 0).all()
    # An unknown tag beside a known one changes no direction.
    assert placed[0] == pytest.approx(topics.transform(space.transform([["Mali"]]).weights)[0])
