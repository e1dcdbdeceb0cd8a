"""Text: cosine of the TF-IDF vectors of all that events say: headline, summary and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from relatedevents.archive.table import PROSE
from relatedevents.signals.base import F64, Pairs, Scales
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import SparseTerm, Term
from relatedevents.signals.words import Words

#: How often a word counts that stands once in a column.
FIELDS = {"headline": 1, "summary": 1, "text": 1}
#: By how many of its words an event is compared, those that weigh most in it: what is left out
#: tells little, and an engine's time grows with the square of how many are kept.
KEPT_WORDS = 100


class Text(Words):
    """Cosine of the TF-IDF vectors of the words of headline, summary and text together.

    An archive without any summary or text has no such signal: nothing is made, nothing counts.
    """

    name = "text"
    columns = ("text",)
    kept = KEPT_WORDS
    saved = "text_"

    def texts(self, events: Events) -> list[str]:
        """Return all that is said of each event; of one without a text its headline is all.

        So where one of a pair has no text, the pair is compared by that one's headline.
        """
        fields = [events.values(name) for name in FIELDS]
        return [
            "\n".join(
                cell
                for cell, times in zip(cells, FIELDS.values(), strict=True)
                if isinstance(cell, str)
                for _ in range(times)
            )
            for cells in zip(*fields, strict=True)
        ]

    def fit(self, events: Events, features: Features) -> tuple[Any, Mapping[str, Column]]:
        """Learn the words and their weights, if any event has a summary or a text."""
        if not any(isinstance(cell, str) for name in PROSE for cell in events.values(name)):
            return None, {}
        return super().fit(events, features)

    # Without these two methods it is saturated as words are; an engine has room for one such term.
    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return np.clip(pairs.sparse_dots(self.name)[0], 0.0, 1.0)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one sparse term."""
        return [SparseTerm(features.csr(self.name), weight)]
