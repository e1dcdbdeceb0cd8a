"""A signal of one's own: what it takes to add one, and that everything holds for it.

`Sources` below is all that has to be written: the rest of the package loops over the register.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from relatedevents import RelatedEvents, Weights, load_sample
from relatedevents.calibration import shipped_calibration
from relatedevents.errors import InputError
from relatedevents.signals.base import Signal
from relatedevents.signals.register import register, signal_names, unregister
from relatedevents.signals.tags import ListCosine
from relatedevents.signals.terms import PriorTerm, SparseTerm

pytestmark = pytest.mark.slow


class Sources(ListCosine):
    """Cosine of the idf-weighted news sources that two events share."""

    name = "sources"
    column = "sources"


class Length(Signal):
    """Long headlines first: a signal from nothing, without a column or a space of its own."""

    name = "length"
    columns = ("lengths",)
    content = False

    def fit(self, events, features):
        return None, self.transform(events, features)

    def transform(self, events, features):
        lengths = [min(len(text), 100) / 100 for text in events.values("headline")]
        return {"lengths": np.array(lengths)}

    def values(self, pairs, scales):
        return pairs.candidates.dense("lengths")[pairs.candidate_rows]

    def terms(self, features, weight, scales):
        return [PriorTerm(weight * features.dense("lengths"), weight)]


SIGNALS = {"sources": Sources, "length": Length}
PAPERS = ["The Courier", "Morning Post", "Evening Star", "Daily Wire", "The Herald"]
N = 5


class Weekday(Signal):
    """Equal weekdays, as sparse rows: no reason, and yet in the form of one."""

    name = "weekday"
    content = False

    def values(self, pairs, scales):
        both = (pairs.queries.days[pairs.query_rows], pairs.candidates.days[pairs.candidate_rows])
        return (both[0] % 7 == both[1] % 7).astype(float)

    def terms(self, features, weight, scales):
        rows = np.eye(7)[features.days % 7]
        return [SparseTerm(sparse.csr_matrix(rows), weight)]


def test_a_term_that_a_gated_sum_has_no_place_for_is_told(archive):
    register(Weekday())
    try:
        weights = Weights(extra={"weekday": 0.5}, time_threshold=0)
        model = RelatedEvents(weights=weights).fit(archive)
        model.related(archive["id"].iloc[0])
        message = r"weekday is neither content nor gated, and brings a SparseTerm; allowed: .*"
        message += r"of a signal that is content\. Change content and gated .*time_threshold=0\."
        with pytest.raises(InputError, match=message):
            model.set_params(weights__time_threshold=1.5).related(archive["id"].iloc[0])
    finally:
        unregister("weekday")


# Before the fixture adds a signal.
def test_names_are_checked():
    with pytest.raises(InputError, match="'tags'"):
        register(type("Again", (Signal,), {"name": "tags"})())
    with pytest.raises(InputError, match="register it first"):
        Weights(extra={"sources": 1.0})
    with pytest.raises(InputError, match="none was added"):
        unregister("tags")


@pytest.fixture(params=SIGNALS, scope="module")
def added(request):
    """Return name and weights of a signal that is in the register for a while."""
    register(SIGNALS[request.param]())
    yield request.param, Weights(extra={request.param: 0.7}, time_threshold=1.0)
    unregister(request.param)


@pytest.fixture(scope="module")
def archive():
    """Return the sample with news sources: each event has one or two of five papers, or none."""
    table = load_sample()
    rng = np.random.default_rng(0)
    drawn = [rng.choice(PAPERS, size, replace=False).tolist() for size in rng.integers(0, 3, 421)]
    return table.assign(sources=pd.Series(drawn, dtype=object))


@pytest.fixture(scope="module")
def model(added, archive):
    return RelatedEvents(weights=added[1]).fit(archive)


def test_parts_add_up_and_the_signal_counts(added, model):
    lists = model.related_all(N)
    assert lists[list(signal_names())].sum(axis=1).to_numpy() == pytest.approx(
        lists["score"].to_numpy(), abs=1e-9
    )
    assert (lists[added[0]] > 0).any()
    assert lists["basis"].str.contains(added[0]).any()


def test_single_equals_batch(model, archive):
    ids = archive["id"].iloc[::60].tolist()
    batch = model.related_all(N)
    many = model.related_many(ids, N)
    for id_ in ids:
        single = model.related(id_, N).drop(columns=["headline", "date"])
        for others in (batch, many):
            expected = others[others["id"] == id_].reset_index(drop=True)
            pd.testing.assert_frame_equal(single, expected, check_exact=True)


def test_lists_are_those_of_every_pair_scored(added, model, archive):
    """The engine's sum finds what `explain` says is best."""
    id_ = archive["id"].iloc[7]
    scores = {other: model.explain(id_, other).score for other in archive["id"] if other != id_}
    best = sorted(scores.values(), reverse=True)[:N]
    assert model.related(id_, N)["score"].tolist() == pytest.approx(best, abs=1e-6)


def test_explanations_tell_the_part(added, model, archive):
    lists = model.related(archive["id"].iloc[3], N)
    for row in lists.to_dict("records"):
        explained = model.explain(row["id"], row["related_id"])
        assert explained.parts[added[0]] == row[added[0]]
        if added[0] == "sources" and row["sources"]:
            assert sum(explained.shares["sources"].values()) == pytest.approx(row["sources"])
            assert "sources" in str(explained)


def test_update_equals_batch(added, model, archive):
    grown = RelatedEvents(weights=added[1]).fit(archive.iloc[40:])
    grown.related_all(N)
    changed = grown.update(archive.iloc[:40])
    assert set(archive["id"].iloc[:40]) <= set(changed)
    after = grown.related_all(N)
    grown._fitted.lists, grown._fitted.engines = None, {}
    pd.testing.assert_frame_equal(after, grown.related_all(N), check_exact=True)


def test_save_and_load(added, model, tmp_path, archive):
    loaded = RelatedEvents.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.related_all(N), model.related_all(N), check_exact=True)
    new = archive.iloc[:1].assign(id="new")
    assert "new" in loaded.update(new)


def test_a_name_added_breaks_neither_saved_models_nor_probabilities(tmp_path, archive):
    before = RelatedEvents().fit(archive)
    expected = before.related_all(N)
    folder = before.save(tmp_path / "model")
    register(Sources())
    try:
        for model in (before, RelatedEvents.load(folder)):
            lists = model.related_all(N)
            assert (lists.pop("sources") == 0.0).all()
            assert lists["probability"].notna().all()
            pd.testing.assert_frame_equal(lists, expected, check_exact=True)
    finally:
        unregister("sources")


def test_a_name_taken_out_again_breaks_neither_models_nor_probabilities(archive):
    # What comes with the package is read once: here while there is one signal more.
    shipped_calibration.cache_clear()
    register(Sources())
    try:
        model = RelatedEvents().fit(archive)
        expected = model.related_all(N).drop(columns="sources")
    finally:
        unregister("sources")
    for one in (model, RelatedEvents().fit(archive)):
        pd.testing.assert_frame_equal(one.related_all(N), expected, check_exact=True)
