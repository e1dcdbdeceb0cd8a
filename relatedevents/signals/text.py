"""Text: saturated cosine of the TF-IDF vectors of all that events say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from relatedevents.archive.table import PROSE
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.words import Words

#: How often a word counts that stands once in a column.
FIELDS = {"headline": 1, "summary": 1, "text": 1}
#: By how many of its words an event is compared, those that weigh most in it: what is left out
#: tells little, and an engine's time grows with the square of how many are kept.
KEPT_WORDS = 100


class Text(Words):
    """Cosine of the TF-IDF vectors of the words of headline, summary and text, saturated as words.

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
