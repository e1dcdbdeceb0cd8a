"""Text: saturated cosine of the TF-IDF vectors of all that events say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relatedevents.archive.table import PROSE
from relatedevents.engines.terms import SATURATION
from relatedevents.signals.base import F64, Pairs, Scales
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import SaturatedTerm, Term
from relatedevents.signals.words import Words

#: How often a word counts that stands once in a column.
FIELDS = {"headline": 1, "summary": 1, "text": 1}
#: By how many of its words an event is compared, those that weigh most in it: what is left out
#: tells little, and an engine's time grows with the square of how many are kept.
KEPT_WORDS = 100


def saturate(values: F64) -> F64:
    """Return (1 + s) x / (x + s) with s = 0.2: from 0 to 1, steep at first.

    The saturation of BM25's term frequency (Robertson and Walker 1994), scaled to end at 1.

    Examples
    --------
    >>> import numpy as np
    >>> saturate(np.array([0.0, 0.2, 1.0])).round(3).tolist()
    [0.0, 0.6, 1.0]
    """
    return (1.0 + SATURATION) * values / (values + SATURATION)


class Text(Words):
    """Cosine x of the TF-IDF vectors of all words of an event, saturated to 1.2 x / (x + 0.2).

    An archive without any summary or text has no such signal: nothing is made, nothing counts.
    """

    name = "text"
    columns = ("text",)
    most_common = 0.2
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

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the saturated cosines."""
        return saturate(super().values(pairs, scales))

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one saturated term."""
        return [SaturatedTerm(features.csr(self.name), weight)]
