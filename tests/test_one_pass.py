"""A list depends on its own event alone: not on how long it is, on later events, or other lists."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import (
    ALL,
    GATED,
    SIGNALS,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    configure,
    random_frame,
    same_archive,
)

from relatedevents import RelatedEvents, Weights, load_sample
from relatedevents.calibration import shipped_calibration
from relatedevents.engines.base import ENGINES, engine_class

pytestmark = pytest.mark.slow

WEIGHTS = {
    "default": Weights(),
    "every signal": ALL,
    "gated": GATED,
    "tags": Weights.only(tags=1.0),
    "shared tags": Weights.shared_tags(),
    "by a column": Weights(tie_break="column:category:descending"),
}
ENCODERS = {"keywords": KeywordEncoder(), "noise": RandomEncoder(), "constant": ConstantEncoder()}
cases = {
    "seed": st.integers(0, 10**6),
    "n_events": st.integers(2, 45),
    "days": st.sampled_from([1, 3, 40]),
    "weights": st.sampled_from(sorted(WEIGHTS)),
    "encoder": st.sampled_from(sorted(ENCODERS)),
}


def fitted(seed, n_events, days, weights, encoder):
    """A model of a small archive, with a probability beside every score."""
    frame = random_frame(seed, n_events, days=days)
    weights = Weights.only(**weights) if isinstance(weights, dict) else WEIGHTS[weights]
    model = RelatedEvents(encoder=ENCODERS[encoder], weights=weights).fit(frame)
    model._fitted.calibration = replace(shipped_calibration(), weights=weights)
    return model


def assert_begins_with(longer, shorter):
    """Every list of the longer table begins with the shorter one's, to the last bit."""
    n_listed = longer["id"].map(shorter["id"].value_counts()).fillna(0)
    first = longer[longer["rank"] <= n_listed].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, shorter, check_exact=True)


@settings(max_examples=80)
@given(
    **cases,
    n=st.integers(1, 50),
    more=st.sampled_from([1, 1, 2, 30]),
    as_of=st.sampled_from([None, "own", "2012-01-15"]),
    share=st.sampled_from([None, 0.2, 0.8]),
    named=st.sampled_from([(), ("exclude",), ("pins",), ("exclude", "pins")]),
    by_id=st.booleans(),
    min_score=st.sampled_from([None, 0.4]),
    min_probability=st.sampled_from([None, 0.1]),
    near_duplicates=st.sampled_from(["keep", "drop"]),
    series_limit=st.sampled_from([None, 1, 2]),
    blocks=st.booleans(),
)
def test_a_longer_list_begins_with_the_shorter_one(
    seed, n_events, days, weights, encoder, n, more, as_of, share, named, by_id, min_score,
    min_probability, near_duplicates, series_limit, blocks,
):  # fmt: skip
    rng = np.random.default_rng(seed)
    model = fitted(seed, n_events, days, weights, encoder)
    ids = model.archive_["id"].tolist()
    if (model.archive_["date"].isna()).any() and as_of == "own":
        as_of = None  # An undated event has no day of its own.
    chosen = {}
    for name, some in zip(named, np.array_split(rng.permutation(ids)[:6], 2), strict=False):
        chosen[name] = {ids[0]: list(some), ids[-1]: list(some[:1])} if by_id else list(some)
    options = {
        "as_of": as_of,
        "where": None if share is None else rng.random(n_events) < share,
        "min_score": min_score,
        "min_probability": min_probability,
        "near_duplicates": near_duplicates,
        "series_limit": series_limit,
        **chosen,
    }
    with pytest.MonkeyPatch.context() as patch:
        if blocks:
            configure(patch, small=1, least_share=1)
        longer = model.related_all(n + more, **options)
        assert_begins_with(longer, model.related_all(n, **options))
        # Nor does it matter that the longer ones were found before.
        other = same_archive(model, encoder=model.encoder, weights=model.weights)
        shorter = other.related_all(n, **options)
        assert_begins_with(longer, shorter)
        mine = other.related_many(ids[:3], n, **options)
        pd.testing.assert_frame_equal(
            mine, shorter[shorter["id"].isin(ids[:3])].reset_index(drop=True), check_exact=True
        )
    if not by_id and as_of != "own":
        new = [model.related_to("A flood", n=k, **options) for k in (n + more, n)]
        assert_begins_with(*new)


@pytest.mark.parametrize("options", [{}, {"as_of": "own"}, {"near_duplicates": "drop"}])
def test_a_longer_list_of_the_sample_begins_with_the_shorter_one(options):
    model = RelatedEvents().fit(load_sample())
    shorter = model.related_all(1, **options)
    for n in (2, 3, 5, 9, 10, 11, 29, 30, 31, 60):
        longer = model.related_all(n, **options)
        assert_begins_with(longer, shorter)
        shorter = longer


options_of_lists = st.fixed_dictionaries(
    {},
    optional={
        "where": st.sampled_from([{"category": ["Sport", "Crime"]}, {"tags": "Spain"}]),
        "min_score": st.just(0.3),
        "min_probability": st.just(0.1),
        "diversity": st.sampled_from([0.2, 1.0]),
        "near_duplicates": st.just("drop"),
        "series_limit": st.sampled_from([1, None]),
    },
)
random_weights = st.fixed_dictionaries(
    {name: st.sampled_from([0.0, 0.1, 0.7, 1.3]) for name in SIGNALS}
    | {
        "coverage": st.sampled_from([0.1, 0.9]),
        "half_life": st.sampled_from([5.0, (3.0, 90.0)]),
        "recency_half_life": st.just(9.0),
        "time_threshold": st.sampled_from([0.0, 0.7]),
    }
)


def cut_at(model, known):
    """A model of the events that were known, under the statistics of the fit.

    The archive's newest day, from which recency counts, is one of them.
    """
    cut = same_archive(model, encoder=model.encoder, weights=model.weights)
    if not known.all():
        cut.remove(model.archive_["id"][~known])
    assert cut.archive_["id"].tolist() == model.archive_["id"][known].tolist()
    return cut


@settings(max_examples=80)
@given(
    **{**cases, "weights": st.sampled_from(sorted(WEIGHTS)) | random_weights},
    n=st.sampled_from([1, 3, 10, 60]),
    options=options_of_lists,
    named=st.sampled_from([(), ("exclude",), ("pins",)]),
)
def test_the_list_as_of_a_day_is_that_of_the_archive_cut_at_that_day(
    seed, n_events, days, weights, encoder, n, options, named
):
    model = fitted(seed, n_events, days, weights, encoder)
    dates = model.archive_["date"]
    if dates.isna().all():
        return
    rng = np.random.default_rng(seed)
    day = rng.choice(dates.dropna())
    known, ids = (dates <= day).to_numpy(), model.archive_["id"]
    options |= {name: rng.permutation(ids[known])[:2].tolist() for name in named}
    new = {"tags": ["Spain"], "date": day, "n": n, **options}
    cut = cut_at(model, known)
    now = cut.related_all(n, **options)
    then = model.related_many(ids[known], n, as_of=day, **options)
    pd.testing.assert_frame_equal(then, now, check_exact=True)
    pd.testing.assert_frame_equal(
        model.related_to("A flood", as_of=day, **new),
        cut.related_to("A flood", **new),
        check_exact=True,
    )
    # Each event of that day as of its own day.
    own = model.related_all(n, as_of="own", **options)
    of_day = set(ids[(dates == day).to_numpy()])
    own, now = (one[one["id"].isin(of_day)].reset_index(drop=True) for one in (own, now))
    pd.testing.assert_frame_equal(own, now, check_exact=True)
    # An event that came later, or has no date, sees no more than the archive did.
    for place in rng.permutation(np.flatnonzero(~known))[:3]:
        with_it = known.copy()
        with_it[place] = True
        pd.testing.assert_frame_equal(
            model.related(ids[place], n, as_of=day, **options),
            cut_at(model, with_it).related(ids[place], n, **options),
            check_exact=True,
        )


def test_what_near_duplicates_share_weighs_as_at_the_fit(tmp_path):
    """Half of the weight of the words of two headlines is in both; four fifths, later on."""
    headlines = ["Rome votes on army", "Rome votes on town", *["Else"] * 4]
    frame = pd.DataFrame({"id": list("abcdef"), "headline": headlines}).assign(date="2012-01-01")
    frame["tags"] = [["Vote"], ["Vote"], *[[] for _ in range(4)]]
    more = frame.assign(id=list("uvwxyz"), headline="An army in a town", tags=[[]] * 6)
    drop = {"near_duplicates": "drop"}
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    assert model.related("a", 1, **drop)["related_id"].tolist() == ["b"]
    model.update(more, **drop)
    assert "b" in set(model.related("a", 12, **drop)["related_id"])
    loaded = RelatedEvents.load(model.save(tmp_path / "model"), encoder=KeywordEncoder())
    pd.testing.assert_frame_equal(loaded.related_all(12, **drop), model.related_all(12, **drop))
    # Learned anew, the two say the same.
    anew = RelatedEvents(encoder=KeywordEncoder()).fit(model.archive_)
    assert "b" not in set(anew.related("a", 12, **drop)["related_id"])
    loaded.update(more.assign(id=list("mnopqr")), refresh=True)
    assert "b" not in set(loaded.related("a", 12, **drop)["related_id"])


@settings(max_examples=30)
@given(**cases)
def test_what_comes_later_does_not_move_the_list_as_of_a_day(
    seed, n_events, days, weights, encoder
):
    frame = random_frame(seed, n_events, days=days)
    dates = frame["date"].dropna()
    if dates.empty:
        return
    day = dates.iloc[seed % len(dates)]
    known = (frame["date"] <= day).to_numpy()
    model = RelatedEvents(encoder=ENCODERS[encoder], weights=WEIGHTS[weights]).fit(frame[known])
    before = model.related_all(5)
    if not known.all():
        model.update(frame[~known])
    then = model.related_many(before["id"].unique(), 5, as_of=day)
    pd.testing.assert_frame_equal(then, before, check_exact=True)


@pytest.mark.parametrize("engine", ["exact", "approximate"])
def test_one_list_needs_nobody_else_s(monkeypatch, engine):
    if engine == "approximate":
        pytest.importorskip("faiss")

    def refuse(*_, **__):
        raise AssertionError("lists of all events")

    for name in ENGINES:
        monkeypatch.setattr(engine_class(name), "best_of_all", refuse)
    model = RelatedEvents(encoder=KeywordEncoder(), engine=engine).fit(random_frame(5, 60))
    ids = model.archive_["id"].tolist()
    options = {"as_of": "2012-01-20", "diversity": 0.3, "near_duplicates": "drop"}
    assert len(model.related(ids[0], 10)) == 10
    assert len(model.related(ids[0], 10, **options)) > 0
    assert len(model.related_many(ids[:5], 10)) == 50
    assert len(model.related_to("A flood in Spain", n=10)) == 10
    assert model.explain(ids[0], ids[1]).parts
    assert model._fitted.lists is None
