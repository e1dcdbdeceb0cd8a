"""Signals that come and go: what a fitted or saved model does where the register has changed."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from test_signal_register import Length, Sources

from relatedevents import RelatedEvents, Weights, load_sample
from relatedevents.calibration import shipped_calibration
from relatedevents.errors import InputError, StoreError
from relatedevents.signals.base import Signal
from relatedevents.signals.register import register, signal_names, unregister
from relatedevents.signals.terms import SparseTerm

N = 5


@pytest.fixture(scope="module")
def archive():
    """Return some of the sample, each event with one of three news sources."""
    table = load_sample().head(120)
    return table.assign(sources=[["The Courier", "Post", "Star"][i % 3] for i in range(120)])


class Letters(Signal):
    """A signal with a sparse column whose width never grows: it says nothing of updates."""

    name = "letters"
    columns = ("letters",)

    def fit(self, events, features):
        return None, self.transform(events, features)

    def transform(self, events, features):
        first = [[text[:1].lower() == letter for letter in "abt"] for text in events.values("id")]
        return {"letters": sparse.csr_matrix(np.array(first, dtype=np.float64).reshape(-1, 3))}

    def values(self, pairs, scales):
        return pairs.sparse_dots("letters")[0]

    def terms(self, features, weight, scales):
        return [SparseTerm(features.csr("letters"), weight)]


@contextmanager
def registered(*signals):
    for signal in signals:
        register(signal)
    try:
        yield
    finally:
        for signal in signals:
            if signal.name in signal_names():
                unregister(signal.name)


def test_a_sparse_column_needs_no_word_on_updates(archive):
    with registered(Letters()):
        grown = RelatedEvents(weights=Weights(extra={"letters": 0.5})).fit(archive.iloc[40:])
        grown.related_all(N)
        grown.update(archive.iloc[:40])
        after = grown.related_all(N)
        grown._fitted.lists, grown._fitted.engines = None, {}
        pd.testing.assert_frame_equal(after, grown.related_all(N), check_exact=True)


def test_a_signal_may_be_taken_out_after_the_fit(tmp_path, archive):
    """One that weighs nothing leaves no trace: lists, probabilities, updates, saved models."""
    shipped_calibration.cache_clear()
    plain = archive.iloc[2:120]
    expected = RelatedEvents().fit(plain).related_all(N)
    with registered(Sources(), Length()):
        shipped_calibration.cache_clear()
        model = RelatedEvents().fit(plain)
        model.save(tmp_path / "with")
    model.save(tmp_path / "without")
    try:
        models = [model, *(RelatedEvents.load(tmp_path / name) for name in ("with", "without"))]
        for one in (*models, RelatedEvents().fit(plain)):
            pd.testing.assert_frame_equal(one.related_all(N), expected, check_exact=True)
            assert set(archive["id"].iloc[:2]) <= set(one.update(archive.iloc[:2]))
        with registered(Sources()):
            again = RelatedEvents.load(tmp_path / "without").related_all(N)
            assert (again.pop("sources") == 0.0).all()
            pd.testing.assert_frame_equal(again, expected, check_exact=True)
    finally:
        shipped_calibration.cache_clear()


def test_a_signal_with_a_weight_is_missed(tmp_path, archive):
    """Lists that were kept would tell a score whose parts are no longer known."""
    with registered(Sources()):
        model = RelatedEvents(weights=Weights(extra={"sources": 0.7})).fit(archive.iloc[:60])
        model._fitted.calibration = None
        expected = model.related_all(N)
        model.save(tmp_path / "model")
    for ask in (
        lambda: model.related_all(N),
        lambda: model.update(archive.iloc[60:61]),
        lambda: model.save(tmp_path / "other"),
    ):
        with pytest.raises(InputError, match=r"'sources'.*register it first"):
            ask()
    with pytest.raises(StoreError, match=r"'sources'.*Before load, register that signal"):
        RelatedEvents.load(tmp_path / "model")
    with registered(Sources()):
        for one in (model, RelatedEvents.load(tmp_path / "model")):
            pd.testing.assert_frame_equal(one.related_all(N), expected, check_exact=True)


def test_another_spelling_of_a_name_is_none_of_a_tag(archive):
    """Lists show tags: what an added signal calls by another name now changes no list."""
    with registered(Sources()):
        base = archive.iloc[:60].assign(sources=[["Old"]] * 60)
        model = RelatedEvents(weights=Weights(extra={"sources": 0.1})).fit(base)
        new = archive.iloc[60:62].assign(sources=[["Late"], ["Late"]])
        model.update(new.iloc[:1])
        before = model.related_all(N)
        more = archive.iloc[61:64].assign(sources=[["LATE"]] * 3)
        changed = model.update(more)
        after = model.related_all(N)
        assert model.index_.features.spaces["sources"].names == ["LATE", "Old"]
        lists = [some.groupby("id")["related_id"].agg(tuple) for some in (before, after)]
        same = [id_ for id_ in lists[0].index if lists[0][id_] == lists[1][id_]]
        assert same
        assert not set(same) & set(changed)
