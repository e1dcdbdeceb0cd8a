"""Semantic: cosine of the embeddings of headlines and what their tags add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from relatedevents.features.tags import tag_key
from relatedevents.features.tokens import words_of
from relatedevents.signals.base import F64, Pairs, Scales, Signal
from relatedevents.signals.features import Column, Events, Features, as_lists
from relatedevents.signals.terms import DenseTerm, Term


def encoded_texts(headlines: Sequence[str], tags: Sequence[Any]) -> list[str]:
    """Return what is encoded of some events: the headline, then the tags that add a word to it.

    A tag whose words all stand in the headline would only count them twice. Neither the order of
    tags nor a tag that stands twice makes another text.

    Examples
    --------
    >>> encoded_texts(["Rebels leave Kidal"], [["Mali", "Kidal", "Mali"]])
    ['Rebels leave Kidal. Mali']
    """
    texts = []
    for headline, some in zip(headlines, as_lists(tags), strict=True):
        said = set(words_of(headline))
        names = {tag_key(tag): tag for tag in sorted(some)}
        adding = [names[key] for key in sorted(names) if not said.issuperset(words_of(key))]
        texts.append(f"{headline}. {', '.join(adding)}" if adding else headline)
    return texts


class Semantic(Signal):
    """Cosine of the embeddings of headline and tags, below 0 counts 0."""

    name = "semantic"
    columns = ("vectors",)

    def fit(self, events: Events, features: Features) -> tuple[None, Mapping[str, Column]]:
        """Encode the archive; the encoder is all there is to learn."""
        return None, self.transform(events, features)

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Encode some events."""
        texts = encoded_texts(events.values("headline"), events.values("tags"))
        return {"vectors": events.encode(texts)}

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return pairs.cosines("vectors")

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one dense term."""
        return [DenseTerm(features.vectors, weight)]
