"""Words: cosine of the TF-IDF vectors of the headlines' words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from relatedevents._util.contents import Contents
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
from relatedevents.signals.terms import SparseTerm, Term


class Words(Signal):
    """Cosine of the TF-IDF vectors of the headlines' words.

    Attributes
    ----------
    most_common : float
        The share of all texts up to which a word weighs something.
    kept : int or None
        By how many of its words a text is compared; see `WordSpace`.
    saved : str
        What the names of its space in a saved model begin with.
    """

    name = "words"
    columns = ("words",)
    most_common: ClassVar[float] = 0.02
    kept: ClassVar[int | None] = None
    saved: ClassVar[str] = ""

    def texts(self, events: Events) -> list[str]:
        """Return what is compared of each event."""
        return events.values("headline")

    def fit(self, events: Events, features: Features) -> tuple[Any, Mapping[str, Column]]:
        """Learn the words and their weights."""
        space, matrix = WordSpace.fit(self.texts(events), self.most_common, self.kept)
        return space, {self.name: matrix}

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Return the vectors of some events' words."""
        space: WordSpace = features.spaces[self.name]
        return {self.name: space.transform(self.texts(events))}

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Add the words that came; each weighs as one that no event of the fit had."""
        space: WordSpace = before.features.spaces[self.name]
        space, columns = space.grown(self.texts(added))
        return Extension(space, {self.name: columns})

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return np.clip(pairs.sparse_dots(self.name)[0], 0.0, 1.0)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one sparse term."""
        return [SparseTerm(features.csr(self.name), weight)]

    def shares(self, pair: Pairs, part: float) -> dict[str, float]:
        """Return each shared word's share."""
        words = pair.candidates.spaces[self.name].words
        left, right = pair.queries.csr(self.name), pair.candidates.csr(self.name)
        rows = int(pair.query_rows[0]), int(pair.candidate_rows[0])
        shares = shares_of_columns(left, rows[0], right, rows[1], part)
        return {words[column]: share for column, share in shares.items()}

    def contents(self, space: WordSpace) -> Contents:
        """Return words and weights."""
        settings = {
            f"{self.saved}word_list": space.words,
            f"{self.saved}unknown_word_idf": space.unknown_weight,
            f"{self.saved}kept_words": space.kept,
        }
        return Contents(settings, {f"{self.saved}word_idf": space.weights})

    def of_contents(self, contents: Contents) -> WordSpace:
        """Read the same; models of earlier versions keep every word."""
        settings, weights = contents.settings, contents.arrays[f"{self.saved}word_idf"]
        return WordSpace(
            settings[f"{self.saved}word_list"],
            np.asarray(weights),
            settings[f"{self.saved}unknown_word_idf"],
            settings.get(f"{self.saved}kept_words"),
        )
