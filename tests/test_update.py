"""Updates: the lists of a grown archive, whichever way it grew, and which of them changed."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from toy import (
    ALL,
    GATED,
    TOY,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    Slow,
    random_frame,
    toy_frame,
)

from relatedevents import RelatedEvents, Weights
from relatedevents.cli import main
from relatedevents.encoders import encode_headlines
from relatedevents.engines.approximate import ApproximateEngine
from relatedevents.errors import InputError, StoreError, UnknownIdError
from relatedevents.features.vocabulary import merged
from relatedevents.index.order import tie_order
from relatedevents.index.update import update_index
from relatedevents.retrieval import update as list_update
from relatedevents.retrieval.update import Update

pytestmark = pytest.mark.slow

EVERY = {
    "default": Weights(),
    "every signal": ALL,
    "gated": GATED,
    "shared tags": Weights.shared_tags(),
    "tags alone": Weights.only(tags=1.0),
    "recency": Weights.only(recency=1.0, coverage=0.1),
    "by a column": Weights(tie_break="column:views:descending"),
}
ENCODERS = {"keywords": KeywordEncoder(), "noise": RandomEncoder(), "constant": ConstantEncoder()}
cases = {
    "seed": st.integers(0, 10**6),
    "n_fitted": st.integers(1, 25),
    "weights": st.sampled_from(sorted(EVERY)),
    "encoder": st.sampled_from(sorted(ENCODERS)),
    "n": st.sampled_from([1, 2, 5, 10, 23, 24, 60]),
    "days": st.sampled_from([1, 3, 40]),
}


def frame_of(seed, days, n=26):
    frame = random_frame(seed, n, days=days, undated=0.1 + 0.3 * (seed % 2))
    rng = np.random.default_rng(seed)
    frame["views"] = rng.integers(0, 3, size=n)
    for row in rng.permutation(n)[: n // 3]:
        # Tags, words and categories that only some events have, in several spellings.
        frame.at[row, "tags"] = [*frame.at[row, "tags"], str(rng.choice(["New", "NEW", "new-2"]))]
        frame.at[row, "headline"] += " " + str(rng.choice(["novelty", "Novelty unseen", "match"]))
        frame.at[row, "category"] = str(rng.choice(["Arts", "Fine arts", "Sport"]))
    return frame


def fitted(frame, weights, encoder, n):
    model = RelatedEvents(encoder=ENCODERS[encoder], weights=EVERY[weights], n_related=n)
    return model.fit(frame)


def told(model, n):
    """{id: what its list shows, scores and all} of every event."""
    table = model.related_all(n)
    lists = {id_: [] for id_ in model.archive_["id"]}
    tags = map(tuple, table["shared_tags"])
    for id_, *rest in zip(table["id"], table["related_id"], table["score"], tags, strict=True):
        lists[id_].append(tuple(rest))
    return lists


def assert_same_model(left, right):
    """The same answers, bit by bit, whatever way the two came about."""
    pd.testing.assert_frame_equal(left.related_all(), right.related_all(), check_exact=True)
    ours, theirs = left.index_, right.index_
    assert ours.tag_space.keys == theirs.tag_space.keys
    assert ours.tag_space.names == theirs.tag_space.names
    for name in {"words", "text"} & ours.features.spaces.keys():
        assert ours.features.spaces[name].words == theirs.features.spaces[name].words
    assert ours.features.spaces["category"].keys == theirs.features.spaces["category"].keys
    np.testing.assert_array_equal(ours.features.days, theirs.features.days)
    assert ours.features.spaces["time"] == theirs.features.spaces["time"]
    assert ours.features.columns.keys() == theirs.features.columns.keys()
    for name, one in ours.features.columns.items():
        other = theirs.features.columns[name]
        if sparse.issparse(one):
            assert one.has_sorted_indices
            one, other = one.toarray(), other.toarray()
        np.testing.assert_array_equal(one, other)


def assert_cache_is_true(model):
    """What the model keeps of its lists is what it answers."""
    cached = model._fitted.lists
    # Found anew, not looked up.
    model._fitted.lists = None
    model.related_all(cached.n)
    np.testing.assert_array_equal(cached.rows, model._fitted.lists.rows)
    np.testing.assert_array_equal(cached.scores, model._fitted.lists.scores)


# --- the property: an update is the grown archive under the statistics of the fit --------------


@settings(max_examples=60)
@given(**cases, cuts=st.lists(st.integers(1, 25), max_size=3))
def test_any_split_equals_one_update(seed, n_fitted, weights, encoder, n, days, cuts):
    frame = frame_of(seed, days)
    once = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    once.update(frame.iloc[n_fitted:])
    again = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    ends = sorted({cut for cut in cuts if n_fitted < cut < len(frame)} | {len(frame)})
    for first, last in zip([n_fitted, *ends], ends, strict=False):
        again.update(frame.iloc[first:last])
    assert_cache_is_true(again)
    assert_same_model(once, again)


@settings(max_examples=60)
@given(**cases)
@example(1, 1, "default", "keywords", 10, 3)
def test_what_changed_is_told_exactly(seed, n_fitted, weights, encoder, n, days):
    frame = frame_of(seed, days)
    model = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    before = told(model, n)
    changed = model.update(frame.iloc[n_fitted:])
    assert_cache_is_true(model)
    after = told(model, n)
    assert changed == [id_ for id_ in frame["id"] if after[id_] != before.get(id_)]
    done = model.last_update_
    assert (done.added, done.changed) == (len(frame) - n_fitted, len(changed))


@settings(max_examples=60)
@given(**cases, gone=st.sets(st.integers(0, 25), min_size=1, max_size=24))
def test_removed_events_leave_no_trace(seed, n_fitted, weights, encoder, n, days, gone):
    frame = frame_of(seed, days)
    model = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    model.update(frame.iloc[n_fitted:])
    before = told(model, n)
    ids = frame["id"].iloc[sorted(gone)].tolist()
    changed = model.remove(ids)
    assert_cache_is_true(model)
    after = told(model, n)
    left = [id_ for id_ in frame["id"] if id_ not in ids]
    assert list(after) == left
    assert changed == [id_ for id_ in left if after[id_] != before[id_]]
    # The best that are left, and those who move up: the same as if they had been filtered out.
    for id_ in left:
        kept = [pair for pair in before[id_] if pair[0] not in ids]
        assert [pair[:2] for pair in after[id_]][: len(kept)] == [pair[:2] for pair in kept]


@settings(max_examples=60)
@given(**cases, again=st.sets(st.integers(0, 25), min_size=1, max_size=8))
def test_replaced_events_stand_in_the_old_ones_place(
    seed, n_fitted, weights, encoder, n, days, again
):
    frame = frame_of(seed, days)
    other = frame_of(seed + 1, days)
    model = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    before = told(model, n)
    rows = sorted(again)
    events = other.iloc[rows].assign(id=frame["id"].iloc[rows].to_numpy())
    changed = model.update(events, on_existing="replace")
    assert_cache_is_true(model)
    there = [row for row in rows if row < n_fitted]
    expected = frame["id"].iloc[[*range(n_fitted), *(row for row in rows if row >= n_fitted)]]
    assert model.archive_["id"].tolist() == expected.tolist()
    assert model.last_update_.replaced == len(there)
    # An event that is removed and comes back is the same, but for its place.
    twin = fitted(frame.iloc[:n_fitted], weights, encoder, n)
    if len(there) < n_fitted:
        twin.remove(frame["id"].iloc[there])
        twin.update(events)
        assert told(twin, n) == told(model, n)
    after = told(model, n)
    came = set(events["id"])
    assert changed == [
        id_
        for id_ in expected
        if id_ in came
        or after[id_] != before[id_]
        or came & {related_id for related_id, *_ in after[id_]}
    ]


class Grown(Slow):
    """The slow reference, with events that came after the fit under the statistics of the fit."""

    def add(self, frame):
        names = frame["category"]
        for (_, event), name in zip(frame.iterrows(), names, strict=True):
            keys = {self.key(tag) for tag in event["tags"]}
            vector = encode_headlines(self.encoder, [event["headline"]])[0]
            topic = self.topic_space.transform(self.tag_space.transform([event["tags"]]).weights)[0]
            many, text = self.count(event["headline"]), self.count(self.said(event))
            known = self.word_df, self.text_df
            # Every word of theirs counts, one that the fit did not know as one of no event.
            self.word_df, self.text_df = (Counter(df) for df in known)
            for word in many:
                self.word_df.setdefault(word, 0)
            for word in text:
                self.text_df.setdefault(word, 0)
            day, category = self.day(event["date"]), self.category(name)
            made = self.event(vector, keys, many, day, topic, category, text)
            self.word_df, self.text_df = known
            self.events.append((*made, event["id"]))
            self.ids.append(event["id"])
            self.row[event["id"]] = len(self.row)
            self.days.append(self.day(event["date"]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_fitted", [2, 15, 25])
def test_the_lists_are_those_of_the_slow_reference(seed, n_fitted):
    frame = frame_of(seed, 40)
    weights = EVERY["every signal"]
    model = fitted(frame.iloc[:n_fitted], "every signal", "keywords", 25)
    model.update(frame.iloc[n_fitted:])
    slow = Grown(frame.iloc[:n_fitted], KeywordEncoder(), weights)
    slow.add(frame.iloc[n_fitted:])
    table = model.related_all()
    for id_, part in table.groupby("id"):
        scores = dict(zip(part["related_id"], part["score"], strict=True))
        for related_id, score in scores.items():
            assert score == pytest.approx(slow.score(id_, related_id), abs=1e-6)
        expected = slow.ranked(slow.of_id(id_), 25, own=id_, score=scores.__getitem__)
        assert part["related_id"].tolist() == [related_id for related_id, _ in expected]


# --- what the toy world shows -----------------------------------------------------------------

NEW = pd.DataFrame(
    [
        ("n1", "2012-01-11", "Flood in Ruritania", ["Ruritania", "Spain"]),
        ("n2", "2013-05-01", "Parley in RURITANIA", ["ruritania"]),
    ],
    columns=["id", "date", "headline", "tags"],
)


@pytest.fixture
def toy():
    return RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame())


def test_new_tags_and_words_match_each_other_with_the_weight_of_unknown_ones(toy):
    changed = toy.update(NEW)
    assert {"n1", "n2"} <= set(changed)
    why = toy.explain("n2", "n1")
    assert set(why.tag_shares) == {"Ruritania"} or set(why.tag_shares) == {"ruritania"}
    assert set(why.word_shares) == {"in", "ruritania"}
    spaces = toy.index_.tag_space, toy.index_.features.spaces["words"]
    assert spaces[0].weights[spaces[0].keys.index("ruritania")] == pytest.approx(np.log(13))
    assert spaces[1].weights[spaces[1].words.index("ruritania")] == pytest.approx(np.log(13))
    # Old pairs keep their scores, to the last bit.
    fresh = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame())
    assert toy.explain("a1", "a3") == fresh.explain("a1", "a3")


def test_a_list_is_told_as_changed_when_a_tag_is_spelt_anew(toy):
    toy.update(NEW.assign(tags=[["Ruritania"], ["Ruritania"]]))
    more = [(f"m{k}", "1990-01-01", "Quiet", ["RURITANIA"]) for k in range(3)]
    changed = toy.update(pd.DataFrame(more, columns=NEW.columns))
    assert toy.explain("n2", "n1").tag_shares.keys() == {"RURITANIA"}
    assert {"n1", "n2"} <= set(changed)


def test_only_what_changed_is_told(toy):
    far = pd.DataFrame([("far", "1950-01-01", "Xylophone", [])], columns=NEW.columns)
    toy.related_all(3)
    assert toy.update(far) == ["far"]
    assert toy.remove(["far"]) == []
    # No list held it.
    assert toy.last_update_ == Update(0, 0, 1, 0, 0, 0, False)


@pytest.mark.parametrize("gone", [row[0] for row in TOY])
def test_a_list_that_only_lost_its_last_event_has_changed(toy, gone):
    before = told(toy, 11)
    assert before["a1"][-1][0] == "u2"
    left = [id_ for id_ in before if id_ != gone]
    assert toy.remove([gone]) == left
    assert_cache_is_true(toy)


def test_lists_are_compared_with_those_last_asked_for(toy):
    assert toy._fitted.lists is None
    toy.related_all(3, min_score=0.1)
    assert toy._fitted.lists is None
    toy.related_all(3)
    toy.related_all(5, exclude=["a1"])
    toy.update(NEW)
    assert toy._fitted.lists.n == 3
    other = RelatedEvents(encoder=KeywordEncoder(), n_related=4).fit(toy_frame())
    other.update(NEW)
    assert other._fitted.lists.n == 4


def test_other_weights_since_the_lists_were_kept(toy):
    before = told(toy, 10)
    toy.set_params(weights=Weights.only(words=1.0))
    changed = toy.update(NEW)
    assert toy.last_update_.whole
    assert_cache_is_true(toy)
    after = told(toy, 10)
    related = {id_: [pair[0] for pair in some] for id_, some in before.items()}
    assert changed == [id_ for id_ in after if [p[0] for p in after[id_]] != related.get(id_)]


def test_a_page_column_that_comes_later_orders_anew():
    weights = Weights.shared_tags()
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights).fit(toy_frame())
    model.related_all()
    model.update(NEW.assign(page=["2012/z", "2013/y"]))
    assert model.last_update_.whole
    assert_cache_is_true(model)


def test_many_events_are_computed_as_a_whole(monkeypatch, toy):
    other = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame())
    other.update(NEW)
    monkeypatch.setattr(list_update, "_SMALL", 5)
    changed = toy.update(NEW)
    assert toy.last_update_.whole
    assert not other.last_update_.whole
    assert len(changed) == other.last_update_.changed
    assert_same_model(toy, other)


def test_refresh_is_a_fit_on_the_grown_archive(toy):
    before = told(toy, 10)
    changed = toy.update(NEW, refresh=True)
    fresh = RelatedEvents(encoder=KeywordEncoder()).fit(pd.concat([toy_frame(), NEW]))
    assert_same_model(toy, fresh)
    after = told(fresh, 10)
    related = {id_: [pair[0] for pair in some] for id_, some in before.items()}
    assert changed == [id_ for id_ in after if [p[0] for p in after[id_]] != related.get(id_)]
    assert toy.last_update_.whole


def test_a_refresh_tells_which_tags_are_spelt_anew():
    """The commonest spelling is shown: one that a refresh makes the commonest is told too."""
    days = pd.date_range("2012-01-01", periods=4).astype(str)
    archive = pd.DataFrame(
        {"id": list("abcd"), "date": days, "tags": [["Mali"], ["Mali"], ["Niger"], ["Niger"]]}
    ).assign(headline="A vote is held.")
    model = RelatedEvents(encoder=KeywordEncoder(), weights=Weights.only(tags=1.0), n_related=1)
    model.fit(archive)
    assert model.related("a")["shared_tags"].tolist() == [["Mali"]]
    new = archive.iloc[:3].assign(id=["x", "y", "z"], date="1999-01-01", tags=[["mali"]] * 3)
    changed = model.update(new, refresh=True)
    assert model.related("a")["shared_tags"].tolist() == [["mali"]]
    assert changed == ["a", "b", "x", "y", "z"]


@pytest.mark.parametrize("asked_between", [False, True])
def test_another_tie_break_keeps_what_an_update_is_compared_with(asked_between):
    archive = frame_of(3, 3)
    model = fitted(archive.iloc[2:], "tags alone", "keywords", 5)
    before = told(model, 5)
    model.set_params(weights__tie_break="column:views:descending")
    if asked_between:
        model.related(archive["id"].iloc[5])
    changed = model.update(archive.iloc[:2])
    assert model.last_update_.whole
    after = told(model, 5)
    lists = [{id_: [p[0] for p in some] for id_, some in one.items()} for one in (before, after)]
    moved = [id_ for id_ in after if lists[1][id_] != lists[0].get(id_)]
    assert len(moved) > 2
    assert set(moved) <= set(changed)
    for tie_break in ("date", "page", "column:views:descending"):
        model.set_params(weights__tie_break=tie_break).related(archive["id"].iloc[5])
    assert_cache_is_true(model)


def test_lists_of_another_engine_are_not_served(monkeypatch):
    """What the approximate engine missed is there once the exact one is asked for."""
    archive = frame_of(4, 40)
    model = fitted(archive, "default", "noise", 4)
    exact = model.related_all()
    best_of_all = ApproximateEngine.best_of_all

    def worse(self, scores, n, filters, on_progress=None):
        best = best_of_all(self, scores, n, filters, on_progress)
        return replace(best, rows=best.rows[:, ::-1].copy(), scores=best.scores[:, ::-1].copy())

    monkeypatch.setattr(ApproximateEngine, "best_of_all", worse)
    model.set_params(engine="approximate")
    assert not model.related_all().equals(exact)
    model.set_params(engine="exact")
    model.update(archive.iloc[:1], on_existing="replace")
    assert model.last_update_.whole
    assert len(model.update(archive.iloc[:1].assign(id="new"))) < len(archive)
    assert not model.last_update_.whole
    assert_cache_is_true(model)


def test_lists_with_a_threshold_and_neighbours_leave_the_kept_lists(toy):
    """An update is compared with the last `related_all`, whatever else was asked since."""
    toy.related_all(5)
    list(toy.related_blocks(2, min_score=0.1))
    toy.kneighbors(n_neighbors=1)
    assert toy._fitted.lists.n == 5
    list(toy.related_blocks(2))
    assert toy._fitted.lists.n == 2


def test_columns_that_differ(toy):
    with pytest.warns(Warning, match="no column 'tags'"):
        toy.update(NEW[["id", "date", "headline"]].assign(views=[3, 4]))
    table = toy.archive_
    assert table["tags"].iloc[-1] == []
    assert table["views"].isna().tolist() == [True] * 12 + [False] * 2
    toy.update(NEW.assign(id=["n3", "n4"]))
    assert table["id"].tolist() == [row[0] for row in TOY] + ["n1", "n2"]
    assert toy.archive_["views"].iloc[-2:].isna().all()
    assert toy.related("a1", where={"views": 3})["related_id"].tolist() == ["n1"]


def test_a_category_that_comes_later(toy):
    toy.update(NEW.assign(category=["Arts", "Art"]))
    assert toy.index_.features.spaces["category"].keys == ["art"]
    assert toy.explain("n1", "n2").parts["category"] == pytest.approx(Weights().category)
    assert toy.explain("n1", "a1").parts["category"] == 0.0


def test_recency_counts_from_the_fit_s_newest_day():
    weights = Weights.only(recency=1.0)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights).fit(toy_frame())
    before = model.related_all(11).set_index(["id", "related_id"])["score"]
    model.update(NEW)
    after = model.related_all(13).set_index(["id", "related_id"])["score"]
    pd.testing.assert_series_equal(after[before.index], before)
    assert after["a1", "n2"] == 1.0


def test_one_event_more_and_one_left():
    model = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame().head(1))
    assert model.update(toy_frame().iloc[1:2]) == ["a1", "a2"]
    assert model.remove(["a1"]) == ["a2"]
    assert model.related_all().empty
    assert model.remove([]) == []


@pytest.mark.parametrize("mmap", [True, False])
def test_save_and_load_between(tmp_path, mmap):
    frame = frame_of(3, 40)
    straight = fitted(frame.iloc[:15], "default", "keywords", 5)
    straight.related_all()
    folder = straight.save(tmp_path / "model")
    loaded = RelatedEvents.load(folder, encoder=KeywordEncoder(), mmap=mmap)
    assert loaded._fitted.lists is not None
    assert loaded.update(frame.iloc[15:]) == straight.update(frame.iloc[15:])
    assert loaded.last_update_ == straight.last_update_
    assert_same_model(loaded, straight)
    loaded.save(folder)
    again = RelatedEvents.load(folder, encoder=KeywordEncoder(), mmap=mmap)
    assert_same_model(again, straight)
    gone = frame["id"].iloc[[2, 20]]
    assert again.remove(gone) == straight.remove(gone)
    assert_same_model(again, straight)


def test_saved_lists_of_another_size_are_refused(tmp_path, toy):
    toy.related_all()
    toy._fitted.lists = replace(
        toy._fitted.lists.renumbered(np.append(np.arange(12), -1)), version=0
    )
    with pytest.raises(StoreError, match=r"lists of shape \(13, 10\)"):
        RelatedEvents.load(toy.save(tmp_path / "model"))


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "keywords", "message"),
    [
        (NEW.assign(id=["a1", "n2"]), {}, "1 id is in the archive already: 'a1'; allowed: ids"),
        (
            NEW.assign(id=["a1", "b1"]),
            {},
            "2 ids are in the archive already: 'a1', 'b1'; allowed: ids that are new. Leave them "
            'out, or pass on_existing="replace".',
        ),
        (NEW.assign(id=["n1", "n1"]), {}, "new_events, column 'id': 1 id doubled: 'n1' in rows 0"),
        (
            NEW.assign(id=["a1", "a1"]),
            {"on_existing": "replace"},
            "new_events, column 'id': 1 id doubled",
        ),
        (NEW.iloc[:0], {}, "new_events: an empty archive, no rows"),
        (NEW.drop(columns="headline"), {}, "new_events: no column 'headline'"),
        (NEW.assign(date="someday"), {}, "new_events, column 'date': 2 rows can't be used"),
        ("events.csv", {}, "new_events: got 'events.csv'; allowed: a DataFrame. Read the file"),
        ([1], {}, "new_events: got list; allowed: a DataFrame"),
        (NEW, {"on_existing": "skip"}, "on_existing: got 'skip'; allowed: 'error', 'replace'"),
        (NEW, {"refresh": 1}, "refresh: got 1; allowed: True or False"),
        (
            NEW.assign(views=["many", "few"]),
            {},
            "new_events, column 'views': holds text; allowed: numbers, as in the archive",
        ),
    ],
)
def test_events_that_can_t_be_added(events, keywords, message):
    model = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame().assign(views=range(12)))
    lists = model.related_all()
    with pytest.raises(InputError, match=re.escape(message)):
        model.update(events, **keywords)
    assert len(model.archive_) == 12
    pd.testing.assert_frame_equal(model.related_all(), lists)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (["zz"], UnknownIdError, "ids: the archive has no 'zz'"),
        (["a1", "a1"], InputError, "ids: 'a1' named twice; allowed: each id once"),
        ("a1", InputError, "ids: got 'a1'; allowed: a list of ids"),
        (None, InputError, "ids: got None; allowed: a list of ids"),
        ({"a1": 1}, InputError, "ids: got {'a1': 1}; allowed: a list of ids"),
        ([None], InputError, "ids: got None; allowed: an id"),
        ([row[0] for row in TOY], InputError, "ids: names all 12 events; allowed: fewer events"),
    ],
)
def test_events_that_can_t_be_removed(toy, ids, error, message):
    with pytest.raises(error, match=re.escape(message)):
        toy.remove(ids)
    assert len(toy.archive_) == 12


def test_an_encoder_of_another_width(toy):
    toy._fitted.encoder = RandomEncoder(width=3)
    with pytest.raises(InputError, match=r"gives vectors of length 3; allowed: .* of length 5"):
        toy.update(NEW)


def test_not_fitted():
    with pytest.raises(Exception, match="has no archive yet: call fit or load first"):
        RelatedEvents().update(NEW)


def test_a_failure_half_way_leaves_the_model_as_it_was(monkeypatch, toy):
    lists = toy.related_all()
    index = toy.index_

    def fail(*_, **__):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("relatedevents.retrieval.update.IncrementalTopK.run", fail)
        with pytest.raises(MemoryError):
            toy.update(NEW)
    assert toy.index_ is index
    pd.testing.assert_frame_equal(toy.related_all(), lists)


def test_the_user_s_tables_stay_as_they_are():
    frame, new = toy_frame(), NEW.copy(deep=True)
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    table = model.archive_
    model.update(new)
    model.update(new.assign(headline="Vote"), on_existing="replace")
    model.remove(["a1"])
    assert len(table) == len(frame) == 12
    pd.testing.assert_frame_equal(new, NEW)


# --- small parts ------------------------------------------------------------------------------


@given(names=st.sets(st.text(max_size=3), max_size=12), new=st.sets(st.text(max_size=3)))
def test_merged_names(names, new):
    old, came = sorted(names), sorted(new - names)
    both, places, new_places = merged(old, came)
    assert both == sorted(names | new)
    assert [both[place] for place in places] == old
    assert [both[place] for place in new_places] == came


@pytest.mark.parametrize("seed", range(4))
def test_events_are_inserted_where_the_written_order_wants_them(seed):

    frame = frame_of(seed, 3)
    model = fitted(frame.iloc[:15], "default", "keywords", 5)
    model.update(frame.iloc[15:])
    np.testing.assert_array_equal(model.index_.order, tie_order(model.archive_, Weights()))
    same = update_index(model.index_, model.archive_, np.arange(len(frame)), Weights())
    assert same.same_order
    assert (same.source >= 0).all()


# --- the command line -------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    for name, frame in (("events", toy_frame()), ("new", NEW)):
        frame.assign(tags=frame["tags"].map(json.dumps)).to_csv(
            tmp_path / f"{name}.csv", index=False
        )
    assert main(["fit", str(tmp_path / "events.csv"), str(tmp_path / "model")]) == 0
    return tmp_path


def test_the_command_writes_the_model_back(files, capsys):
    capsys.readouterr()
    model = RelatedEvents.load(files / "model")
    changed = model.update(NEW)
    assert main(["update", str(files / "model"), str(files / "new.csv")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == changed
    assert err.startswith(f"2 events added, 0 replaced, {len(changed)} lists changed, saved in ")
    assert_same_model(RelatedEvents.load(files / "model"), model)
    assert main(["update", str(files / "model"), str(files / "new.csv")]) == 2
    assert "2 ids are in the archive already: 'n1', 'n2'" in capsys.readouterr().err
    changed_json = ["--json", "--changed", str(files / "changed.json")]
    again = ["update", str(files / "model"), str(files / "new.csv"), "--on-existing", "replace"]
    assert main([*again, *changed_json]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("0 events added, 0 replaced, 0 lists changed, saved in ")
    assert json.loads((files / "changed.json").read_text()) == []
    changed = model.remove(["n1", "b1"])
    assert main(["remove", str(files / "model"), "n1", "b1", *changed_json]) == 0
    assert capsys.readouterr().err.startswith(f"2 events removed, {len(changed)} lists changed, ")
    assert json.loads((files / "changed.json").read_text()) == changed
    assert_same_model(RelatedEvents.load(files / "model"), model)


def test_the_commands_tell_whose_lists_changed_under_the_options(files, capsys):
    days = [(">=", "2011-01-01"), ("<", "2012-02-09")]
    options = {"n": 3, "as_of": "own", "where": {"date": days}}
    said = [
        "-n",
        "3",
        "--as-of",
        "own",
        "--reasons",
        "--where",
        "date>=2011-01-01",
        "--where",
        "date<2012-02-09",
    ]
    model = RelatedEvents.load(files / "model")
    capsys.readouterr()
    for command, changed in (
        (["update", "MODEL", str(files / "new.csv")], model.update(NEW, **options)),
        (["remove", "MODEL", "a1"], model.remove(["a1"], **options)),
    ):
        command[1] = str(files / "model")
        assert main([*command, *said]) == 0
        assert capsys.readouterr().out.splitlines() == changed


def test_the_command_refreshes(files, capsys):
    assert main(["update", str(files / "model"), str(files / "new.csv"), "--refresh"]) == 0
    fresh = RelatedEvents().fit(pd.concat([toy_frame(), NEW]))
    assert_same_model(RelatedEvents.load(files / "model"), fresh)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model", "none.csv"], "'none.csv' is not there"),
        (["none", "new.csv"], "has no model.json"),
        (["model", "new.csv", "--on-existing", "skip"], "on_existing: got 'skip'"),
        (["model", "new.csv", "--changed", "none/changed.txt"], "none/changed.txt"),
    ],
)
def test_mistakes_on_the_command_line(files, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(files)
    before = {path.name: path.read_bytes() for path in (files / "model").iterdir()}
    capsys.readouterr()
    assert main(["update", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in (files / "model").iterdir()} == before
