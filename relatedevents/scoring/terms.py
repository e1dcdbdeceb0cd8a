"""Operands: the weighted sum of the signals as plain arrays, for an engine that knows no tags."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents.scoring.signals import (
    BEND,
    UNDATED,
    Features,
    recency_values,
    time_values,
)
from relatedevents.weights import Weights

# A time part below this can't move a score by its sixth decimal.
_NO_TIME = 1e-9
# No two days of the calendar's years 1 to 9999 lie further apart.
_LONGEST_GAP = 3_652_058


@dataclass(frozen=True)
class Operands:
    """One side of the weighted sum, as plain arrays for an engine.

    score(q, c) = dense_weight x max(0, dense_q . dense_c)
    + side_weight x max(0, side_q . side_c)
    + sparse_q . sparse_c
    + bent_weight x bend(bent_q . bent_c)
    + factor_q x |pattern_q and pattern_c|
    + code_table[code_q, code_c]
    + table[|day_q - day_c|] + bonus_c,
    where everything is float32, and days beyond the table (undated ones among them) add nothing.

    Attributes
    ----------
    dense, side : numpy.ndarray of float32, shape (n, n_dimensions)
    dense_weight, side_weight, bent_weight : float
    sparse, bent, pattern : scipy.sparse.csr_matrix of float32, shape (n, n_columns)
    factor, bonus : numpy.ndarray of float32, shape (n,)
    codes : numpy.ndarray of int32, shape (n,)
    code_table : numpy.ndarray of float32, shape (n_codes, n_codes)
    days : numpy.ndarray of int32, shape (n,)
    table : numpy.ndarray of float32
    error : float
        How far such a float32 score can be from the float64 one at most.
    """

    dense: npt.NDArray[np.float32]
    dense_weight: float
    side: npt.NDArray[np.float32]
    side_weight: float
    sparse: sparse.csr_matrix
    bent: sparse.csr_matrix
    bent_weight: float
    pattern: sparse.csr_matrix
    factor: npt.NDArray[np.float32]
    codes: npt.NDArray[np.int32]
    code_table: npt.NDArray[np.float32]
    days: npt.NDArray[np.int32]
    table: npt.NDArray[np.float32]
    bonus: npt.NDArray[np.float32]
    error: float

    def take(self, rows: npt.NDArray[np.int64]) -> Operands:
        """Return the operands of some rows."""
        chosen = {name: getattr(self, name)[rows] for name in ("dense", "side", "factor", "codes")}
        chosen |= {name: getattr(self, name)[rows] for name in ("days", "bonus")}
        chosen |= {
            name: sparse.csr_matrix(getattr(self, name)[rows])
            for name in ("sparse", "bent", "pattern")
        }
        return replace(self, **chosen)


def score_terms(features: Features, weights: Weights) -> Operands:
    """Return the engine's operands of `features` under `weights`.

    Parameters
    ----------
    features : Features
        The events.
    weights : Weights
        What each signal counts; a signal of weight 0 costs the engine nothing.
    """
    n = len(features)
    bonus = np.zeros(n)
    if weights.recency:
        bonus = weights.recency * recency_values(
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
    # bend is steepest at 0, where it makes an error of its argument (1 + BEND) / BEND as large.
    reach = sum(weights.by_signal()) + weights.words / BEND
    return Operands(
        dense=features.vectors if weights.semantic else features.vectors[:, :0],
        dense_weight=weights.semantic,
        side=features.topics if weights.topic else features.topics[:, :0],
        side_weight=weights.topic,
        # sqrt(weight) on both sides makes the weight.
        sparse=_sparse_or_nothing(features.tags * np.sqrt(weights.tags), weights.tags),
        bent=_sparse_or_nothing(features.words, weights.words),
        bent_weight=weights.words,
        pattern=_sparse_or_nothing(features.tags, weights.coverage),
        factor=(weights.coverage / np.maximum(features.tag_counts, 1)).astype(np.float32),
        codes=features.categories if weights.category else np.zeros(n, dtype=np.int32),
        code_table=(
            (weights.category * features.likeness).astype(np.float32)
            if weights.category
            else np.zeros((1, 1), dtype=np.float32)
        ),
        days=features.days,
        table=_time_table(features.days, weights.time, weights.half_lives()),
        bonus=bonus.astype(np.float32),
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
