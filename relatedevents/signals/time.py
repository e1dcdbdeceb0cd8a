"""Time: decay with the days between two events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from relatedevents.archive import UNDATED
from relatedevents.signals.base import F64, Pairs, Scales, Signal
from relatedevents.signals.features import Features
from relatedevents.signals.terms import DayTerm, Term

# A time part below this can't move a score by its sixth decimal.
_NO_TIME = 1e-9
# No two days of the calendar's years 1 to 9999 lie further apart.
_LONGEST_GAP = 3_652_058


def time_values(
    days_between: npt.NDArray[np.int64], half_lives: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Return the time signal: the mean over the half-lives of 0.5 ** (days / half_life).

    Parameters
    ----------
    days_between : numpy.ndarray of int
        Days between two events, 0 or more.
    half_lives : tuple of float
        In days.

    Examples
    --------
    >>> time_values(np.array([0, 30, 60]), (30.0,)).tolist()
    [1.0, 0.5, 0.25]
    """
    days = np.asarray(days_between, dtype=np.float64)
    return np.asarray(np.mean([0.5 ** (days / half_life) for half_life in half_lives], axis=0))


def _values_of_gaps(gaps: npt.NDArray[np.int64], half_lives: tuple[float, ...]) -> F64:
    """Return the time signal of some gaps, each length of gap worked out once if they are many."""
    longest = int(gaps.max(initial=0))
    if longest >= len(gaps):
        return time_values(gaps, half_lives)
    return np.asarray(time_values(np.arange(longest + 1), half_lives)[gaps])


class Time(Signal):
    """Decay with the days between the two events; nothing where one has no date."""

    name = "time"
    content = False
    gated = True

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the decays."""
        day_q = pairs.queries.days[pairs.query_rows].astype(np.int64)
        day_c = pairs.candidates.days[pairs.candidate_rows].astype(np.int64)
        dated = (day_q != UNDATED) & (day_c != UNDATED)
        gaps = np.where(dated, np.abs(day_q - day_c), 0)
        return np.where(dated, _values_of_gaps(gaps, scales.half_lives()), 0.0)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one term of days: the part of each gap."""
        if not (features.days != UNDATED).any():
            return []
        # A query from outside may lie beyond the archive's own span, so the table follows the
        # decay.
        half_lives = scales.half_lives()
        reach = np.ceil(max(half_lives) * np.log2(max(weight, 1.0) / _NO_TIME))
        span = int(min(reach, _LONGEST_GAP))
        values = weight * time_values(np.arange(span + 1), half_lives)
        return [DayTerm(np.append(values, 0.0), weight)]
