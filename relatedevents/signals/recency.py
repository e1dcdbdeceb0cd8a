"""Recency: decay with the candidate's age, for sites that want what is new."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from relatedevents.archive import UNDATED
from relatedevents.signals.base import F64, Pairs, Scales, Signal
from relatedevents.signals.features import Features
from relatedevents.signals.terms import PriorTerm, Term


def recency_values(
    days: npt.NDArray[np.int32], newest: int, half_life: float
) -> npt.NDArray[np.float64]:
    """Return the recency signal: 0.5 ** (age / half_life), 0 for an undated event.

    Parameters
    ----------
    days : numpy.ndarray of int32
        The candidates' days.
    newest : int
        The day from which the age is counted; later events count as of that day.
    half_life : float
        In days.

    Examples
    --------
    >>> recency_values(np.array([100, 90, UNDATED], dtype=np.int32), 100, 10.0).tolist()
    [1.0, 0.5, 0.0]
    """
    age = np.maximum(newest - days.astype(np.float64), 0.0)
    return np.where(days == UNDATED, 0.0, 0.5 ** (age / half_life))


class Recency(Signal):
    """Decay with the candidate's age, counted from the newest event of the fit."""

    name = "recency"
    content = False

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the decays."""
        days = pairs.candidates.days[pairs.candidate_rows]
        return recency_values(days, pairs.candidates.newest, scales.recency_half_life)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one term of the candidate alone."""
        values = recency_values(features.days, features.newest, scales.recency_half_life)
        return [PriorTerm(weight * values, weight)]
