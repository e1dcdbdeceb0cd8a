"""Terms: the weighted sum of the signals as the plain arrays that an engine takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents.engines.terms import SATURATION, UNDATED, ScoreTerms
from relatedevents.scoring.signals import Features, recency_values, time_values
from relatedevents.weights import Weights

# A time part below this can't move a score by its sixth decimal.
_NO_TIME = 1e-9
# No two days of the calendar's years 1 to 9999 lie further apart.
_LONGEST_GAP = 3_652_058


def score_terms(features: Features, weights: Weights) -> ScoreTerms:
    """Return the engine's terms of `features` under `weights`.

    Parameters
    ----------
    features : Features
        The events.
    weights : Weights
        What each signal counts; a signal of weight 0 costs the engine nothing.
    """
    n = len(features)
    prior = np.zeros(n)
    if weights.recency:
        prior = weights.recency * recency_values(
            features.days, features.newest, weights.recency_half_life
        )
    longest = max(
        int(np.diff(matrix.indptr).max(initial=0)) for matrix in (features.tags, features.words)
    )
    dimensions = max(
        features.vectors.shape[1] if weights.semantic else 0,
        features.topics.shape[1] if weights.topic else 0,
    )
    roundings = dimensions + longest + 16
    # Saturation is steepest at 0, where it makes an error (1 + SATURATION) / SATURATION times
    # as large.
    reach = sum(weights.by_signal()) + weights.words / SATURATION
    return ScoreTerms(
        dense=features.vectors if weights.semantic else features.vectors[:, :0],
        dense_weight=weights.semantic,
        second=features.topics if weights.topic else features.topics[:, :0],
        second_weight=weights.topic,
        # sqrt(weight) on both sides makes the weight.
        sparse=_sparse_or_nothing(features.tags * np.sqrt(weights.tags), weights.tags),
        saturated=_sparse_or_nothing(features.words, weights.words),
        saturated_weight=weights.words,
        overlap=_sparse_or_nothing(features.tags, weights.coverage),
        overlap_factor=(weights.coverage / np.maximum(features.tag_counts, 1)).astype(np.float32),
        codes=features.categories if weights.category else np.zeros(n, dtype=np.int32),
        code_table=(
            (weights.category * features.likeness).astype(np.float32)
            if weights.category
            else np.zeros((1, 1), dtype=np.float32)
        ),
        days=features.days,
        day_table=_time_table(features.days, weights.time, weights.half_lives()),
        prior=prior.astype(np.float32),
        # Each of the at most `roundings` float32 operations errs by half a unit in the last
        # place of a value no larger than the sum of the weights (Higham 2002, section 3.1);
        # rounding the inputs and what the table leaves out is within the factor of 2.
        error=2.0 * roundings * float(np.finfo(np.float32).eps) * reach,
    )


def _sparse_or_nothing(matrix: sparse.csr_matrix, weight: float) -> sparse.csr_matrix:
    if not weight:
        return sparse.csr_matrix((matrix.shape[0], 0), dtype=np.float32)
    return sparse.csr_matrix(matrix, dtype=np.float32)


def _time_table(
    days: npt.NDArray[np.int32], weight: float, half_lives: tuple[float, ...]
) -> npt.NDArray[np.float32]:
    dated = days[days != UNDATED]
    if not weight or not len(dated):
        return np.zeros(1, dtype=np.float32)
    # A query from outside may lie beyond the archive's own span, so the table follows the decay.
    reach = np.ceil(max(half_lives) * np.log2(max(weight, 1.0) / _NO_TIME))
    span = int(min(reach, _LONGEST_GAP))
    values = weight * time_values(np.arange(span + 1), half_lives)
    return np.append(values, 0.0).astype(np.float32)
