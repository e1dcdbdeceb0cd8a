"""The tail: what is cut by default, and why a list is shorter than was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import KeywordEncoder, random_frame, toy_frame

from relatedevents import RelatedEvents, Weights
from relatedevents.calibration import shipped_calibration

WEIGHTS = Weights(time=0.5)


def calibrated(frame=None, **changes):
    model = RelatedEvents(encoder=KeywordEncoder(), weights=WEIGHTS)
    model.fit(toy_frame() if frame is None else frame)
    numbers = {"base_rate": 0.3, "intercept": -6.0, "slope": 4.0, **changes}
    learned = replace(shipped_calibration(), weights=WEIGHTS, meaning="being linked", **numbers)
    model._fitted.calibration = learned
    return model


@given(
    st.floats(1e-5, 0.99999),
    st.floats(-8.0, 2.0),
    st.floats(0.0, 20.0),
)
def test_the_least_score_is_the_first_that_is_probable_enough(probability, intercept, slope):
    learned = replace(shipped_calibration(), intercept=intercept, slope=slope)
    least = learned.least_score(probability)
    scores = np.arange(0, 12_000_000, 997) / 1e6
    if np.isfinite(least):
        scores = np.append(scores, [least, least - 1e-6])
    enough = learned.probabilities(scores) >= probability
    heaviest = sum(learned.weights.by_signal())
    reached = np.round(scores, 6) >= least
    assert (enough == reached)[scores <= heaviest].all()


def test_what_is_improbable_is_not_listed_and_it_is_said():
    model = calibrated()
    everything, listed = model.related_all(min_probability=0), model.related_all()
    likely = everything[everything["probability"] >= 0.2 * 0.3].reset_index(drop=True)
    assert 0 < len(listed) < len(everything)
    pd.testing.assert_frame_equal(listed, likely)
    assert set(everything.attrs["ended"]) == set()
    counts = listed.groupby("id").size().reindex(model.archive_["id"], fill_value=0)
    assert set(listed.attrs["ended"]) == set(counts.index[counts < 10])
    for id_, why in listed.attrs["ended"].items():
        assert why == (
            f"{counts[id_]} of 10: no other event has a probability of 0.06 or more of being linked"
        )


def test_without_probabilities_nothing_is_cut():
    plain = RelatedEvents(encoder=KeywordEncoder(), weights=WEIGHTS).fit(toy_frame())
    assert (plain.related_all().groupby("id").size() == 10).all()
    pd.testing.assert_frame_equal(plain.related_all(min_probability=0), plain.related_all())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"n": 20, "min_probability": 0}, "11 of 20: the archive has 11 other events"),
        ({"as_of": "2012-01-31", "min_probability": 0}, "of 10: the filters leave"),
        ({"where": {"id": ["a2", "a3"]}, "min_probability": 0}, "2 of 10: the filters leave 2 "),
        ({"min_score": 2.5, "min_probability": 0}, "event has a score of 2.5 or more"),
        ({"min_score": 2.5}, "0.06 or more of being linked and has a score of 2.5 or more"),
        ({"near_duplicates": "drop", "n": 11, "min_probability": 0}, "event is no near-duplicate"),
    ],
)
def test_reasons(options, why):
    if "n" not in options:
        options = {"n": 10, **options}
    frame = toy_frame()
    frame.loc[frame["id"] == "a2", "headline"] = frame.loc[frame["id"] == "a1", "headline"].iloc[0]
    told = calibrated(frame).related("a1", **options)
    assert why in told.attrs["ended"]["a1"], told.attrs["ended"]


def test_counts_of_candidates_are_those_of_the_lists():
    frame = random_frame(5, 30)
    model = calibrated(frame)
    for options in (
        {"as_of": "own"},
        {"as_of": "2012-01-20", "where": {"category": "Sport"}},
        {"exclude": {"id3": ["id1", "id2"]}, "pins": ["id7"]},
    ):
        lists = model.related_all(n=40, min_probability=0, **options)
        counts = lists.groupby("id").size().reindex(frame["id"], fill_value=0)
        for id_, why in lists.attrs["ended"].items():
            assert why == f"{counts[id_]} of 40: the filters leave {counts[id_]} candidates"


def test_an_update_tells_no_change_below_the_cut():
    frame = random_frame(2, 60)
    model = calibrated(frame.iloc[:50])
    before = model.related_all()
    changed = model.update(frame.iloc[50:])
    after = model.related_all()
    seen = [
        id_
        for id_ in model.archive_["id"]
        if id_ in set(frame["id"].iloc[50:])
        or before.loc[before["id"] == id_, "related_id"].tolist()
        != after.loc[after["id"] == id_, "related_id"].tolist()
    ]
    assert changed == seen


def test_blocks_say_why_too():
    model = calibrated()
    ended = model.related_all().attrs["ended"]
    for options in ({}, {"where": {"id": ("!=", "a2")}}):
        ended = model.related_all(**options).attrs["ended"]
        blocks = list(model.related_blocks(size=5, **options))
        assert {k: v for block in blocks for k, v in block.attrs["ended"].items()} == ended


def test_the_summary_tells_what_counts_and_what_is_missing():
    frame = toy_frame()
    told = calibrated(frame).summary().splitlines()
    n_tagged = sum(bool(tags) for tags in frame["tags"]) / len(frame)
    n_dated = frame["date"].notna().mean()
    assert told[0] == f"12 events, {n_tagged:.0%} with tags, {n_dated:.0%} with dates"
    assert "time           0.5" in told
    assert "text             4  nothing here to read" in told
    assert "time is halved in 3, 30, 365 days" in told
    assert "and counts in full from 2 of content in common on" in told
    assert told[-1] == "nothing less probable than 0.06 is listed"
    plain = RelatedEvents(encoder=KeywordEncoder(), weights=Weights.only(tags=1)).fit(frame)
    assert plain.summary().splitlines()[1:] == [
        "tags             1",
        "no probability is known under these weights",
    ]
