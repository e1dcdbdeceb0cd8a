"""Explanations: they add up, and they say what the lists say."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ALL, GATED, KeywordEncoder, Slow, random_frame, toy_frame, toy_model

from relatedevents import RelatedEvents, Weights
from relatedevents.weights import SIGNALS


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10**6),
    weights=st.sampled_from([ALL, GATED, Weights(), Weights.only(coverage=1)]),
)
def test_every_explanation_adds_up_and_agrees_with_the_lists(seed, weights):
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights).fit(random_frame(seed, 20))
    slow = Slow(model.archive_, KeywordEncoder(), weights)
    for row in model.related_all(5).itertuples():
        told = model.explain(row.id, row.related_id)
        assert told.score == row.score
        assert told.score == pytest.approx(slow.score(row.id, row.related_id), abs=1e-9)
        assert told.parts == {name: getattr(row, name) for name in SIGNALS}
        assert sum(told.parts.values()) == pytest.approx(told.score, abs=1e-9)
        assert list(told.tag_shares) == row.shared_tags
        assert sum(told.tag_shares.values()) == pytest.approx(
            told.parts["tags"] + told.parts["coverage"], abs=1e-9
        )
        for name, shares in told.shares.items():
            if shares:
                assert sum(shares.values()) == pytest.approx(told.parts[name], abs=1e-9)
        assert sum(told.word_shares.values()) == pytest.approx(told.parts["words"], abs=1e-9)
        assert told.basis == row.basis


def test_each_tag_has_its_own_share():
    told = toy_model(Weights.only(tags=1)).explain("b1", "b3")
    # France stands in three events of twelve, Vote in two; both count with the square of idf.
    france, vote = np.log(13 / 4), np.log(13 / 3)
    assert told.tag_shares["Vote"] / told.tag_shares["France"] == pytest.approx(
        (vote / france) ** 2
    )


def test_words_of_a_person():
    told = toy_model().explain("a1", "a3")
    assert (told.id, told.related_id, told.days_between) == ("a1", "a3", 10)
    assert (told.headline, told.related_headline) == ("Flood hits town", "Flood and strike")
    text = str(told)
    assert "Flood hits town" in text
    assert "Spain" in text
    assert "10 days apart" in text
    assert "coverage" not in text
    assert toy_model().explain("a1", "u1").days_between is None
    assert "apart" not in str(toy_model().explain("a1", "u1"))
    assert "on the same day" in str(toy_model().explain("a1", "a2"))


def test_plain_values_and_frame():
    told = toy_model().explain("b1", "b2")
    assert json.loads(json.dumps(told.to_dict())) == told.to_dict()
    frame = told.to_frame()
    assert list(frame.index) == list(SIGNALS)
    assert frame["part"].sum() == pytest.approx(told.score)
    assert frame["share"].sum() == pytest.approx(1.0)
    assert (frame["weight"] * frame["value"]).tolist() == pytest.approx(frame["part"].tolist())


def test_nothing_in_common():
    told = toy_model().explain("u2", "e2")
    assert told.score == 0.0
    assert told.basis == "none"
    assert told.to_frame()["share"].tolist() == [0.0] * len(SIGNALS)


def test_an_event_with_itself_has_every_part_in_full():
    frame = toy_frame().assign(category="Law and crime")
    told = RelatedEvents(encoder=KeywordEncoder(), weights=ALL).fit(frame).explain("b3", "b3")
    newest = pd.Timestamp("2012-12-31") - pd.Timestamp("2012-02-09")
    wanted = {name: getattr(ALL, name) for name in SIGNALS}
    wanted["recency"] *= 0.5 ** (newest.days / ALL.recency_half_life)
    assert told.parts == pytest.approx(wanted, abs=1e-6)


def test_each_word_has_its_share_of_the_saturated_part():
    told = toy_model(Weights.only(words=2)).explain("a1", "a3")
    # "flood" is all that the two have in common: its share is the saturated cosine, not the cosine.
    slow = Slow(toy_frame(), KeywordEncoder(), Weights())
    cosine = slow.dot(slow.of_id("a1")[2], slow.of_id("a3")[2])
    assert 0 < cosine < 1
    assert told.word_shares == {"flood": pytest.approx(2 * 1.2 * cosine / (cosine + 0.2))}
    both = toy_model(Weights.only(words=2)).explain("a1", "a2")
    assert set(both.word_shares) == {"flood", "hits", "town"}
    assert sum(both.word_shares.values()) == pytest.approx(2.0)
