"""Words: TF-IDF vectors by hand, and the same vectors at fit and later."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import KeywordEncoder, Slow, toy_frame

from relatedevents import Weights
from relatedevents.features.words import WordSpace

HEADLINES = st.lists(st.text(alphabet="ab éÉß.-1", min_size=1, max_size=12), min_size=1, max_size=8)


def test_by_hand():
    space, matrix = WordSpace.fit(["Flood, flood and flood", "The FLOOD of Rome", "Rome", "Zebra"])
    assert space.words == ["flood", "rome"]
    weight = math.log(5 / 3) + 1
    flood, rome = (1 + math.log(3)) * weight, weight
    assert space.weights == pytest.approx([weight, weight])
    rows = matrix.toarray()
    assert rows[0] == pytest.approx([1.0, 0.0])
    assert rows[1] == pytest.approx([math.sqrt(0.5)] * 2)
    assert rows[3].tolist() == [0.0, 0.0]
    new = space.transform(["flood flood flood in rome and zebra"]).toarray()[0]
    length = math.hypot(flood, rome)
    assert new == pytest.approx([flood / length, rome / length])


@given(HEADLINES)
def test_transform_gives_what_fit_gave(headlines):
    space, matrix = WordSpace.fit(headlines)
    assert (matrix != space.transform(headlines)).nnz == 0
    assert matrix.has_sorted_indices
    assert space.words == sorted(space.words)


@pytest.mark.parametrize("headlines", [["the of and", "is"], ["?!", "."], ["Alone"]])
def test_no_word_at_all(headlines):
    space, matrix = WordSpace.fit(headlines)
    assert space.words == []
    assert matrix.shape == (len(headlines), 0)
    assert space.transform(["anything"]).shape == (1, 0)


def test_matches_the_reference_on_the_toy_world():
    frame = toy_frame()
    slow = Slow(frame, KeywordEncoder(), Weights())
    space, matrix = WordSpace.fit(frame["headline"].tolist())
    for row, (_, _, words, *_) in enumerate(slow.events):
        got = dict(zip(space.words, matrix[row].toarray()[0], strict=True))
        assert {word: value for word, value in got.items() if value} == pytest.approx(words)
