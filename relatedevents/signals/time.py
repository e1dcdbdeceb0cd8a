"""Time: decay with the days between two events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from relatedevents._util.contents import Contents
from relatedevents.archive import UNDATED
from relatedevents.signals.base import F64, Pairs, Scales, Signal
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import DayTerm, Term

#: From this many events a week on half-lives are as they are given; how they grow below, at most.
PACE_REFERENCE, PACE_EXPONENT, PACE_LIMIT = 100.0, 0.25, 10.0

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


def pace_of(days: npt.NDArray[np.int32]) -> float | None:
    """Return an archive's pace in dated events a week, None without any date.

    Half of the dated events, over the weeks between the quartiles of their days: a few that came
    long before or after change little. Quartiles less than a week apart count as a week.

    Examples
    --------
    >>> pace_of(np.arange(0, 63, 7, dtype=np.int32))
    1.125
    """
    dated = days[days != UNDATED]
    if not len(dated):
        return None
    first, last = np.quantile(dated, [0.25, 0.75])
    return float(0.5 * len(dated) / (max(last - first, 7.0) / 7.0))


def pace_factor(pace: float | None) -> float:
    """Return by how much half-lives are longer at some pace: the slower, the longer.

    ``clip((reference / pace) ** exponent, 1, limit)``, with `PACE_REFERENCE`, `PACE_EXPONENT` and
    `PACE_LIMIT`; 1 where the pace is not known.

    Examples
    --------
    >>> pace_factor(100.0), pace_factor(6.25), pace_factor(None)
    (1.0, 2.0, 1.0)
    """
    if pace is None:
        return 1.0
    return float(np.clip((PACE_REFERENCE / pace) ** PACE_EXPONENT, 1.0, PACE_LIMIT))


def half_lives_of(features: Features, scales: Scales) -> tuple[float, ...]:
    """Return the half-lives in days that hold for the archive that some features are of."""
    factor = pace_factor(features.spaces.get(Time.name)) if scales.follows_pace else 1.0
    return tuple(factor * days for days in scales.half_lives())


class Time(Signal):
    """Decay with the days between the two events; nothing where one has no date.

    Its space is the archive's pace.
    """

    name = "time"
    content = False
    gated = True

    def fit(self, events: Events, features: Features) -> tuple[float | None, Mapping[str, Column]]:
        """Learn the pace."""
        return pace_of(events.days), {}

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the decays."""
        day_q = pairs.queries.days[pairs.query_rows].astype(np.int64)
        day_c = pairs.candidates.days[pairs.candidate_rows].astype(np.int64)
        dated = (day_q != UNDATED) & (day_c != UNDATED)
        gaps = np.where(dated, np.abs(day_q - day_c), 0)
        half_lives = half_lives_of(pairs.candidates, scales)
        return np.where(dated, _values_of_gaps(gaps, half_lives), 0.0)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one term of days: the part of each gap."""
        if not (features.days != UNDATED).any():
            return []
        # A query from outside may lie beyond the archive's own span, so the table follows the
        # decay.
        half_lives = half_lives_of(features, scales)
        reach = np.ceil(max(half_lives) * np.log2(max(weight, 1.0) / _NO_TIME))
        span = int(min(reach, _LONGEST_GAP))
        values = weight * time_values(np.arange(span + 1), half_lives)
        return [DayTerm(np.append(values, 0.0), weight)]

    def contents(self, space: float | None) -> Contents:
        """Return the pace."""
        return Contents({"time_pace": space}, {})

    def of_contents(self, contents: Contents) -> float | None:
        """Read the pace; a model that was saved before there was one knows none."""
        pace = contents.settings.get("time_pace")
        return None if pace is None else float(pace)
