"""Words: TF-IDF vectors by hand, and the same vectors at fit and later."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import KeywordEncoder, Slow, toy_frame

from relatedevents import Weights
from relatedevents.features.tokens import words_of
from relatedevents.features.words import WordSpace

HEADLINES = st.lists(st.text(alphabet="ab éÉß.-1", min_size=1, max_size=12), min_size=1, max_size=8)


def test_by_hand():
    texts = ["Flood, flood and flood", "The FLOOD of Rome", "Rome", "Zebra"]
    space, matrix = WordSpace.fit(texts, 1.0)
    assert space.words == ["flood", "rome"]
    weight = math.log(5 / 3)
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
    space, matrix = WordSpace.fit(headlines, 0.5)
    assert (matrix != space.transform(headlines)).nnz == 0
    assert matrix.has_sorted_indices
    assert space.words == sorted(space.words)


@pytest.mark.parametrize("headlines", [["the of and", "is"], ["?!", "."], ["Alone"]])
def test_no_word_at_all(headlines):
    space, matrix = WordSpace.fit(headlines, 0.5)
    assert space.words == []
    assert matrix.shape == (len(headlines), 0)
    assert space.transform(["anything"]).shape == (1, 0)


def test_matches_the_reference_on_the_toy_world():
    frame = toy_frame()
    slow = Slow(frame, KeywordEncoder(), Weights())
    space, matrix = WordSpace.fit(frame["headline"].tolist(), 0.02)
    for row, (_, _, words, *_) in enumerate(slow.events):
        got = dict(zip(space.words, matrix[row].toarray()[0], strict=True))
        assert {word: value for word, value in got.items() if value} == pytest.approx(words)


def test_a_word_of_many_texts_weighs_nothing_and_stays_known():
    texts = ["the go", *["the end"] * 30, "go", "R", "R the"]
    space, matrix = WordSpace.fit(texts, 0.5)
    weights = dict(zip(space.words, space.weights, strict=True))
    assert weights == pytest.approx(
        {"end": 0.0, "go": math.log(35 / 3), "r": math.log(35 / 3), "the": 0.0}
    )
    assert (np.diff(matrix.indptr) == [1, *[0] * 30, 1, 1, 1]).all()
    # What came to weigh nothing is no new word to an update, which would weigh the most.
    grown, _ = space.grown(["the end of R"])
    assert dict(zip(grown.words, grown.weights, strict=True))["the"] == 0.0
    # A few texts are never many.
    few, _ = WordSpace.fit(["the go", "the end", "is"], 0.02)
    assert few.weights == pytest.approx([math.log(4 / 3)])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Go, R and C", ["go", "r", "and", "c"]),
        ("2010: A1", ["2010", "a1"]),
        ("日本語の本", ["日本", "本語", "語の", "の本"]),
        ("HTML5の本", ["html5", "の本"]),
        ("書", ["書"]),
        ("ข่าว ok", ["ข่าว"[i : i + 2] for i in range(3)] + ["ok"]),
        ("हिन्दी की किताब", ["हिन्दी", "की", "किताब"]),
        ("cafe\u0301", ["cafe\u0301"]),
        ("¿?", []),
    ],
)
def test_tokens(text, words):
    assert words_of(text) == words
