"""The score of any pair of a query and an event of the fitted archive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.calibration import Calibration
from relatedevents.engines.base import ExactScores
from relatedevents.index.index import Index
from relatedevents.retrieval.queries import Queries
from relatedevents.signals.score import add_parts, pair_parts
from relatedevents.weights import Weights


@dataclass(frozen=True)
class Scorer:
    """The score of any pair, from the fitted archive.

    Attributes
    ----------
    index : Index
        The fitted archive.
    weights : Weights
        What each signal counts.
    calibration : Calibration or None
        What turns scores into probabilities; None where nothing does under these weights.
    """

    index: Index
    weights: Weights
    calibration: Calibration | None = None

    def exact_scores(self, queries: Queries) -> ExactScores:
        """Return the function that scores pairs of a query number and a row, in float64."""

        def scores(q: npt.NDArray[np.int64], c: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
            return add_parts(self.parts(queries, q, c))

        return scores

    def parts(
        self, queries: Queries, numbers: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return every part of some pairs, shape (n_pairs, n_signals)."""
        q = queries.feature_rows[numbers]
        return pair_parts(queries.features, q, self.index.features, rows, self.weights)

    def probabilities(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probability of some pairs from their scores, NaN where none is known."""
        if self.calibration is None:
            return np.full(len(scores), np.nan)
        return self.calibration.probabilities(scores)
