"""Semantic: cosine of the headlines' embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from relatedevents.signals.base import F64, Pairs, Scales, Signal
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import DenseTerm, Term


class Semantic(Signal):
    """Cosine of the headlines' embeddings, below 0 counts 0."""

    name = "semantic"
    columns = ("vectors",)

    def fit(self, events: Events, features: Features) -> tuple[None, Mapping[str, Column]]:
        """Encode the archive's headlines; the encoder is all there is to learn."""
        return None, self.transform(events, features)

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Encode some headlines."""
        return {"vectors": events.encode(events.values("headline"))}

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return pairs.cosines("vectors")

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one dense term."""
        return [DenseTerm(features.vectors, weight)]
