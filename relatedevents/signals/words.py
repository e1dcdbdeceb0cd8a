"""Words: saturated cosine of the TF-IDF vectors of the headlines' words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from relatedevents._util.contents import Contents
from relatedevents.engines.terms import SATURATION
from relatedevents.features.words import WordSpace
from relatedevents.signals.base import (
    F64,
    Extension,
    Pairs,
    Scales,
    Signal,
    Stayed,
    shares_of_columns,
)
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import SaturatedTerm, Term


def saturate(values: F64) -> F64:
    """Return (1 + s) x / (x + s) with s = 0.2: from 0 to 1, steep at first.

    The saturation of BM25's term frequency (Robertson and Walker 1994), scaled to end at 1.

    Examples
    --------
    >>> saturate(np.array([0.0, 0.2, 1.0])).round(3).tolist()
    [0.0, 0.6, 1.0]
    """
    return (1.0 + SATURATION) * values / (values + SATURATION)


class Words(Signal):
    """Cosine x of the TF-IDF vectors of the headlines' words, saturated to 1.2 x / (x + 0.2)."""

    name = "words"
    columns = ("words",)

    def fit(self, events: Events, features: Features) -> tuple[WordSpace, Mapping[str, Column]]:
        """Learn the words and their weights."""
        space, matrix = WordSpace.fit(events.values("headline"))
        return space, {"words": matrix}

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Return the vectors of some headlines."""
        space: WordSpace = features.spaces[self.name]
        return {"words": space.transform(events.values("headline"))}

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Add the words that came; each weighs as one that no headline of the fit had."""
        space: WordSpace = before.features.spaces[self.name]
        space, columns = space.grown(added.values("headline"))
        return Extension(space, {"words": columns})

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the saturated cosines."""
        return saturate(np.clip(pairs.sparse_dots("words")[0], 0.0, 1.0))

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one saturated term."""
        return [SaturatedTerm(features.csr("words"), weight)]

    def shares(self, pair: Pairs, part: float) -> dict[str, float]:
        """Return each shared word's share."""
        words = pair.candidates.spaces[self.name].words
        left, right = pair.queries.csr("words"), pair.candidates.csr("words")
        rows = int(pair.query_rows[0]), int(pair.candidate_rows[0])
        shares = shares_of_columns(left, rows[0], right, rows[1], part)
        return {words[column]: share for column, share in shares.items()}

    def contents(self, space: WordSpace) -> Contents:
        """Return words and weights."""
        settings = {"word_list": space.words, "unknown_word_idf": space.unknown_weight}
        return Contents(settings, {"word_idf": space.weights})

    def of_contents(self, contents: Contents) -> WordSpace:
        """Read the same."""
        settings, weights = contents.settings, np.asarray(contents.arrays["word_idf"])
        return WordSpace(settings["word_list"], weights, settings["unknown_word_idf"])
