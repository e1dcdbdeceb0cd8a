"""The model as a scikit-learn estimator: what it promises, and what it does not claim."""

from __future__ import annotations

import copy
import inspect
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator
from toy import KeywordEncoder, random_frame, toy_frame, toy_model

from relatedevents import RelatedEvents, Weights
from relatedevents.errors import InputError

_MATRIX = (
    "It fits a matrix of numbers. An archive is a table of events with ids and headlines, so `fit` "
    "refuses a matrix with an `InputError` that says what is allowed."
)
_MATRIX_MESSAGE = (
    "It asks for the words of an error about a matrix of numbers (its features, its sparse form, "
    "complex numbers, NaN); `fit` has its own, which tells what an archive is."
)
NOT_CLAIMED = {
    "check_parameters_default_constructible": (
        "The default of `weights` is a frozen `Weights` object; the check allows only plain "
        "values. `clone`, `get_params` and `set_params` work with it, `weights__tags` too."
    ),
    **dict.fromkeys(
        [
            "check_complex_data",
            "check_estimator_sparse_array",
            "check_estimator_sparse_matrix",
            "check_estimator_sparse_tag",
            "check_estimators_empty_data_messages",
            "check_estimators_nan_inf",
            "check_fit2d_1feature",
            "check_fit2d_1sample",
        ],
        _MATRIX_MESSAGE,
    ),
    **dict.fromkeys(
        [
            "check_dict_unchanged",
            "check_dont_overwrite_parameters",
            "check_dtype_object",
            "check_estimators_dtypes",
            "check_estimators_fit_returns_self",
            "check_estimators_overwrite_params",
            "check_estimators_pickle",
            "check_f_contiguous_array_estimator",
            "check_fit2d_predict1d",
            "check_fit_check_is_fitted",
            "check_fit_idempotent",
            "check_fit_score_takes_y",
            "check_methods_sample_order_invariance",
            "check_methods_subset_invariance",
            "check_n_features_in",
            "check_n_features_in_after_fitting",
            "check_pipeline_consistency",
            "check_positive_only_tag_during_fit",
            "check_readonly_memmap_input",
        ],
        _MATRIX,
    ),
}
"""scikit-learn's estimator checks that the model does not claim -> why."""

CLAIMED = {
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_no_attributes_set_in_init",
    "check_set_params",
}


@pytest.mark.skipif(
    "on_fail" not in inspect.signature(check_estimator).parameters,
    reason="before scikit-learn 1.6 the first failed check ends them all",
)
def test_every_check_passes_or_is_not_claimed():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = RelatedEvents(encoder=KeywordEncoder())
        results = check_estimator(model, on_fail=None, on_skip=None)
    status = {result["check_name"]: result["status"] for result in results}
    failed = {name for name, what in status.items() if what == "failed"}
    assert failed <= set(NOT_CLAIMED)
    assert {name for name, what in status.items() if what == "passed"} >= CLAIMED
    # A reason that no check needs any more would be a stale excuse.
    assert set(NOT_CLAIMED) & set(status) <= failed


# --- the same promises, on an archive -------------------------------------------------------


def test_the_constructor_only_stores():
    params = {
        "encoder": object(),
        "weights": "odd",
        "n_related": -1,
        "engine": 5,
        "tag_aliases": 5,
        "cache_dir": 5,
        "allow_download": "x",
        "n_threads": -1,
        "block_size": None,
        "progress": None,
    }
    model = RelatedEvents(**params)
    assert vars(model) == params
    assert all(model.get_params(deep=False)[name] is value for name, value in params.items())


def test_fit_returns_self_and_keeps_parameters():
    model = RelatedEvents(encoder=KeywordEncoder(), weights=Weights(half_life=(7, 30)))
    before = model.get_params()
    assert model.fit(toy_frame()) is model
    assert model.get_params() == before
    assert model.fit(toy_frame(), None) is model


def test_get_and_set_nested_parameters():
    model = RelatedEvents()
    params = model.get_params()
    assert params["weights__tags"] == Weights().tags
    assert params["weights__half_life"] == Weights().half_life
    assert set(model.get_params(deep=False)) == {name for name in params if "__" not in name}
    shared = model.weights
    assert model.set_params(weights__tags=2, n_related=3) is model
    assert (model.weights.tags, model.n_related) == (2.0, 3)
    assert shared == Weights()
    model.set_params(weights=Weights(time=1), weights__tags=4)
    assert (model.weights.tags, model.weights.time) == (4.0, 1.0)
    with pytest.raises(ValueError, match="Invalid parameter 'n' for estimator RelatedEvents"):
        model.set_params(n=3)
    with pytest.raises(InputError, match=r"weights\.tags: got -1; allowed"):
        model.set_params(weights__tags=-1)
    model.weights = None
    with pytest.raises(InputError, match=r"weights: got None; allowed: a Weights"):
        model.set_params(weights__tags=1)


@pytest.mark.parametrize("half_life", [41.6, (7.0, 30.0)])
def test_clone(half_life):
    weights = Weights(half_life=half_life)
    model = toy_model(weights, tag_aliases={"UN": "United Nations"}, n_related=3)
    copied = clone(model)
    mine, theirs = model.get_params(), copied.get_params()
    assert type(theirs.pop("encoder")) is type(mine.pop("encoder"))
    assert theirs == mine
    assert not hasattr(copied, "archive_")
    with pytest.raises(NotFittedError):
        copied.related_all()
    assert copied.fit(toy_frame()).related_all().equals(model.related_all())


def test_fit_twice_is_fit_once():
    model = toy_model()
    first = model.related_all()
    assert model.fit(toy_frame()).related_all().equals(first)
    other = random_frame(3, 20)
    fresh = RelatedEvents(encoder=KeywordEncoder()).fit(other)
    assert model.fit(other).related_all().equals(fresh.related_all())


def test_a_failed_fit_leaves_the_fitted_model():
    model = toy_model()
    first = model.related_all()
    with pytest.raises(InputError):
        model.fit(toy_frame().assign(id="a"))
    assert model.related_all().equals(first)


@pytest.mark.parametrize(
    "ask",
    [
        lambda m: m.related("a1"),
        lambda m: m.related_to("Flood"),
        lambda m: m.related_many(["a1"]),
        lambda m: m.related_all(),
        lambda m: m.explain("a1", "a2"),
        lambda m: m.kneighbors(),
        lambda m: m.kneighbors_graph(),
        lambda m: m.tune({"a1": ["a2"]}),
        lambda m: m.save("nowhere"),
    ],
)
def test_not_fitted(ask):
    message = "This RelatedEvents has no archive yet: call fit or load first."
    with pytest.raises(NotFittedError, match=re.escape(message)):
        ask(RelatedEvents())


def test_lists_survive_copies_of_the_model():
    model = toy_model()
    wanted = model.related_all()
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert copied.related_all().equals(wanted)


def test_weights_may_change_after_fit():
    model = toy_model()
    model.set_params(weights=Weights.shared_tags())
    assert model.related_all().equals(toy_model(Weights.shared_tags()).related_all())
    model.set_params(weights=Weights())
    assert model.related_all().equals(toy_model().related_all())


@pytest.mark.parametrize("before", ["date", "page", "column:views:ascending"])
@pytest.mark.parametrize("after", ["date", "page", "column:views:ascending"])
def test_another_tie_break_is_as_good_as_a_fresh_fit(before, after):
    # Days and scores alike by the dozen, so that the order decides everywhere.
    frame = random_frame(6, 60, days=3).assign(views=np.arange(60) % 7)
    encoder = KeywordEncoder()
    model = RelatedEvents(encoder=encoder, weights=Weights(tie_break=before)).fit(frame)
    model.related_all(3)
    model.set_params(weights__tie_break=after)
    fresh = RelatedEvents(encoder=encoder, weights=Weights(tie_break=after)).fit(frame)
    pd.testing.assert_frame_equal(model.related_all(9), fresh.related_all(9), check_exact=True)
    ours, theirs = model.index_, fresh.index_
    assert ours.tie_break == theirs.tie_break == after
    assert ours.id_of_row.tolist() == theirs.id_of_row.tolist()
    assert np.array_equal(ours.features.days, theirs.features.days)
    for name in ("vectors", "topics", "tags_counts", "categories"):
        assert np.array_equal(ours.features.dense(name), theirs.features.dense(name)), name
    for name in ("tags", "words"):
        assert (ours.features.csr(name) != theirs.features.csr(name)).nnz == 0
    assert np.array_equal(
        ours.features.spaces["topic"].directions, theirs.features.spaces["topic"].directions
    )


def test_repr_names_what_was_set():
    assert "n_related=3" in repr(RelatedEvents(n_related=3))
    assert repr(RelatedEvents()) == "RelatedEvents()"


# --- neighbours -----------------------------------------------------------------------------


@pytest.mark.parametrize("shuffle", [0, 1])
def test_kneighbors_speaks_of_the_same_lists(shuffle):
    frame = random_frame(4, 30).sample(frac=1, random_state=shuffle)
    weights = Weights.only(semantic=0.5, tags=0.3, words=0.3, category=0.25, time=0.4)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights, n_related=4).fit(frame)
    ids = model.archive_["id"].to_numpy()
    for asked in (None, ids[3:7].tolist()):
        distances, places = model.kneighbors(asked)
        table = model.related_all() if asked is None else model.related_many(asked)
        assert places.dtype == np.int64
        assert distances.shape == places.shape == (30 if asked is None else 4, 4)
        assert ids[places].ravel().tolist() == table["related_id"].tolist()
        assert (1.75 - distances).ravel() == pytest.approx(table["score"].to_numpy())
        assert (distances >= 0).all()
        assert (model.kneighbors(asked, return_distance=False) == places).all()
    assert (model.kneighbors()[1] != np.arange(30)[:, None]).all()
    assert model.kneighbors(n_neighbors=29)[1].shape == (30, 29)
    assert model.kneighbors([], 3)[1].shape == (0, 3)


def test_the_graph():
    model = toy_model(n_related=3)
    distances, places = model.kneighbors()
    graph = model.kneighbors_graph()
    assert graph.shape == (12, 12)
    assert graph.nnz == 36
    wanted = np.zeros((12, 12))
    np.put_along_axis(wanted, places, 1.0, axis=1)
    assert (graph.toarray() == wanted).all()
    far = model.kneighbors_graph(mode="distance").toarray()
    assert np.take_along_axis(far, places, axis=1) == pytest.approx(distances)
    some = model.kneighbors_graph(["b1", "a1"], 2)
    assert some.shape == (2, 12)
    assert some.getnnz(axis=1).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.kneighbors(n_neighbors=0), "n_neighbors: got 0; allowed: a whole number of 1"),
        (lambda m: m.kneighbors(n_neighbors=2.0), "n_neighbors: got 2.0; allowed: a whole number"),
        (
            lambda m: m.kneighbors(n_neighbors=12),
            "n_neighbors: got 12; allowed: fewer than the archive's 12 events.",
        ),
        (lambda m: m.kneighbors(["a9"], 2), "X: the archive has no 'a9'; allowed: one of its 12"),
        (lambda m: m.kneighbors("a1", 2), "X: got 'a1'; allowed: a list of ids."),
        (lambda m: m.kneighbors(np.ones((2, 3)), 2), "X, position 0: got array([1., 1., 1.]); all"),
        (
            lambda m: m.kneighbors_graph(mode="connected"),
            "mode: got 'connected'; allowed: 'connectivity', 'distance'.",
        ),
    ],
)
def test_bad_input(ask, message):
    with pytest.raises(InputError, match=re.escape(message)):
        ask(toy_model())


def test_a_series_of_ids_is_a_list_of_ids():
    model = toy_model(n_related=2)
    some = pd.Series(["a1", "b1"], index=[7, 9])
    assert model.related_many(some).equals(model.related_many(["a1", "b1"]))
    assert (model.kneighbors(some)[1] == model.kneighbors(["a1", "b1"])[1]).all()
