"""Signals: every part of every pair against the slow reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import (
    ALL,
    CONTENT,
    GATED,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    Slow,
    random_frame,
    toy_model,
)

from relatedevents import RelatedEvents, Weights
from relatedevents._util.arrays import UNDATED
from relatedevents.engines.terms import SATURATION
from relatedevents.signals.recency import recency_values
from relatedevents.signals.register import all_signals
from relatedevents.signals.score import add_parts, pair_parts, score_terms
from relatedevents.signals.text import saturate
from relatedevents.signals.time import time_values
from relatedevents.weights import SIGNALS


def all_parts(model):
    features = model.index_.features
    q, c = (rows.ravel() for rows in np.indices((len(features), len(features))))
    return q, c, pair_parts(features, q, features, c, model.weights)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 25),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    encoder=st.sampled_from([KeywordEncoder(), RandomEncoder(5), ConstantEncoder()]),
    weights=st.sampled_from(
        [ALL, GATED, Weights(), Weights.shared_tags().with_params(tie_break="date")]
    ),
)
def test_parts_of_every_pair(seed, n, missing, encoder, weights):
    model = RelatedEvents(encoder=encoder, weights=weights)
    model.fit(random_frame(seed, n, undated=missing, untagged=missing))
    slow = Slow(model.archive_, encoder, weights)
    ids = model.index_.id_of_row
    q, c, parts = all_parts(model)
    wanted = [slow.parts(slow.of_id(ids[a]), slow.of_id(ids[b])) for a, b in zip(q, c, strict=True)]
    assert np.abs(parts - np.array(wanted)).max() < 1e-9
    assert (parts >= 0).all()
    assert (parts <= np.array(weights.by_signal())).all()
    # One by one or all at once, forwards or backwards: the same bits.
    features = model.index_.features
    back = pair_parts(features, q[::-1], features, c[::-1], weights)[::-1]
    assert (back == parts).all()
    some = features.take(q[: n + 1])
    again = pair_parts(some, np.arange(len(some)), features, c[: n + 1], weights)
    assert (again == parts[: n + 1]).all()


def test_all_signals_but_coverage_and_recency_are_symmetric():
    model = RelatedEvents(encoder=RandomEncoder(), weights=ALL).fit(random_frame(2, 40))
    _, _, parts = all_parts(model)
    n = len(model.index_)
    sides = [at for at, name in enumerate(SIGNALS) if name not in ("coverage", "recency")]
    assert len(sides) == len(SIGNALS) - 2
    square = parts.reshape(n, n, len(SIGNALS))[:, :, sides]
    assert square.any(axis=(0, 1)).all()
    assert (square == square.transpose(1, 0, 2)).all()


def test_known_by_hand():
    frame_model = toy_model(
        Weights.only(
            semantic=1,
            coverage=1,
            time=1,
            recency=1,
            half_life=10.0,
            recency_half_life=326.0,
        )
    )
    parts = frame_model.explain("a1", "a3").parts
    # One of two keywords: cosine 1/sqrt(2); one of a1's two tags; ten days are one half-life.
    assert parts["semantic"] == pytest.approx(0.5**0.5, abs=1e-7)
    assert parts["coverage"] == 0.5
    assert parts["time"] == 0.5
    # The newest event is of 2012-12-31, 346 days after a3.
    assert parts["recency"] == pytest.approx(0.5 ** (346 / 326))
    back = frame_model.explain("b3", "b2").parts
    assert back["coverage"] == pytest.approx(1 / 3)
    assert frame_model.explain("b2", "b3").parts["coverage"] == 1.0


def test_time_needs_a_reason_by_hand():
    weights = Weights.only(semantic=1, coverage=1, time=0.5, half_life=10.0, time_threshold=4)
    parts = toy_model(weights).explain("a1", "a3").parts
    # Its parts as above: 0.5 of 0.5 in time, and contents of 0.5 and 1/sqrt(2) out of 4.
    assert parts["time"] == pytest.approx(0.25 * (0.5 + 0.5**0.5) / 4, abs=1e-7)
    assert parts["coverage"] == 0.5
    enough = toy_model(weights.with_params(time_threshold=0.5)).explain("a1", "a3").parts
    assert enough["time"] == 0.25
    # A stranger of the same weeks, with nothing in common.
    assert toy_model(weights).explain("a1", "c1").parts["time"] == 0.0


def test_what_is_content_and_what_is_gated():
    roles = {signal.name: signal.role for signal in all_signals()}
    assert [name for name in roles if roles[name] == "content"] == list(CONTENT)
    assert [name for name in roles if roles[name] == "gated"] == ["time"]


def test_opposite_vectors_count_nothing():
    class Signed:
        def encode(self, texts):
            return np.array([[1.0 if "up" in text else -1.0] for text in texts])

    import pandas as pd

    frame = pd.DataFrame(
        {"id": ["a", "b"], "date": ["2012-01-01"] * 2, "headline": ["up", "low"], "tags": [[], []]}
    )
    model = RelatedEvents(encoder=Signed()).fit(frame)
    assert model.explain("a", "b").parts["semantic"] == 0.0
    # Nothing in common is no reason to be near in time.
    assert model.related("a")["basis"].tolist() == ["none"]


def test_a_tag_of_every_event_weighs_nothing_but_is_covered():
    frame = random_frame(1, 6, untagged=1.0)
    frame["tags"] = [["Everywhere"]] * 6
    model = RelatedEvents(encoder=KeywordEncoder(), weights=ALL).fit(frame)
    told = model.related_all(3)
    assert (told["tags"] == 0).all()
    assert (told["coverage"] == 0.2).all()
    assert (told["shared_tags"].map(len) == 1).all()


def test_time_is_the_mean_of_its_scales():
    values = time_values(np.array([0, 7, 30]), (7.0, 30.0))
    assert values == pytest.approx([1.0, (0.5 + 0.5 ** (7 / 30)) / 2, (0.5 ** (30 / 7) + 0.5) / 2])


def test_recency_counts_from_the_newest_day():
    days = np.array([110, 100, 90, UNDATED], dtype=np.int32)
    assert recency_values(days, 100, 5.0).tolist() == [1.0, 1.0, 0.25, 0.0]


def test_scores_are_added_from_left_to_right():
    parts = np.array([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]])
    by_hand = ((((((0.1 + 0.2) + 0.3) + 0.4) + 0.5) + 0.6) + 0.7) + 0.8
    assert add_parts(parts)[0] == by_hand


def test_a_signal_of_weight_0_costs_the_engine_nothing():
    features = toy_model().index_.features
    terms = score_terms(features, Weights.only(recency=1))
    assert terms.dense.shape[1] == terms.second.shape[1] == 0
    assert terms.sparse.shape[1] == terms.saturated.shape[1] == terms.overlap.shape[1] == 0
    assert terms.code_table.tolist() == [[0.0]]
    assert terms.day_table.tolist() == [0.0]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_saturate_keeps_the_order_and_the_ends(values):
    cosines = np.sort(np.array(values))
    saturated = saturate(cosines)
    assert saturated.tolist() == pytest.approx([1.2 * x / (x + 0.2) for x in cosines], abs=1e-12)
    assert (np.diff(saturated) >= 0).all()
    assert (saturated >= cosines - 1e-12).all()
    assert (saturated <= 1.0).all()
    assert saturate(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]
    # Where it is named to be half-way between nothing and its ceiling beyond 1.
    assert saturate(np.array([SATURATION]))[0] == pytest.approx((1 + SATURATION) / 2)


def test_texts_are_saturated_in_the_part_and_nowhere_else():
    model = RelatedEvents(encoder=KeywordEncoder(), weights=Weights.only(text=2))
    model.fit(random_frame(3, 40))
    _, _, parts = all_parts(model)
    words = model.index_.features.csr("text")
    cosines = (words @ words.T).toarray().ravel().clip(0, 1)
    assert parts[:, SIGNALS.index("text")] == pytest.approx(2 * saturate(cosines), abs=1e-9)
    assert ((cosines > 0.01) & (cosines < 0.99)).any()
