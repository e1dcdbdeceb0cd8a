"""Coverage: shared tags / the query's tags, which ranks like a plain count of shared tags."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relatedevents.signals.base import F64, Pairs, Scales, Signal, shares_of_columns
from relatedevents.signals.features import Features
from relatedevents.signals.terms import OverlapTerm, Term


class Coverage(Signal):
    """Shared tags divided by the query's tags: the hand-made rule."""

    name = "coverage"
    needs = ("tags", "tags_counts")

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the shares."""
        counts = np.maximum(pairs.queries.dense("tags_counts")[pairs.query_rows], 1)
        return np.asarray(pairs.sparse_dots("tags")[1] / counts)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one overlap term, which is the query's alone to weigh."""
        counts = np.maximum(features.dense("tags_counts"), 1)
        return [OverlapTerm(features.tags, weight / counts, weight)]

    def shares(self, pair: Pairs, part: float) -> dict[str, float]:
        """Return each shared tag's share: all count alike."""
        names = pair.candidates.spaces["tags"].names
        rows = int(pair.query_rows[0]), int(pair.candidate_rows[0])
        shared = shares_of_columns(pair.queries.tags, rows[0], pair.candidates.tags, rows[1], 1.0)
        return {names[column]: part / len(shared) for column in shared}
