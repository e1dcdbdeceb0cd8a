"""Coordinate search: which sum of signals puts a site's own links first.

Arrays in, a setting out. The figure that is raised is nDCG itself, by steps in one coordinate at
a time from several starts: it needs no gradient, keeps weights non-negative, and can choose a
half-life or the order of equal scores as well as a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from relatedevents._util.arrays import F64, I64
from relatedevents._util.threads import in_threads
from relatedevents.engines.terms import DECIMALS
from relatedevents.learning._gain_kernels import gains_of_links
from relatedevents.signals.terms import Role

_STEPS = (0.0, 0.25, 0.5, 0.8, 0.9, 1.1, 1.25, 2.0, 4.0)
_FRESH = (0.02, 0.1, 0.3, 1.0)
_LEAST_GAIN = 1e-4
_ROUNDS = 6
_THRESHOLD_STEPS = (0.0, 0.5, 0.8, 1.25, 2.0)
_FRESH_THRESHOLDS = (0.3, 1.0, 2.0)
_LEAST_THRESHOLD = 0.01

#: What becomes of a signal's part, in the order of the rows of sums.
ROLES: tuple[Role, ...] = ("content", "apart", "gated")


@dataclass(frozen=True)
class Candidates:
    """The candidates of some queries, query after query, and what each signal says of them.

    Weights stay apart from values, so that each value is worked out once, whatever is tried.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n_queries + 1,)
        Where each query's candidates begin.
    values : numpy.ndarray of float64, shape (n_signals, n_pairs)
        Signal values; those of the time signal are not read.
    roles : numpy.ndarray of int64, shape (n_signals,)
        What becomes of each signal's part, as a number in `ROLES`.
    time : numpy.ndarray of float64, shape (n_half_lives, n_pairs)
        The time signal's value under each half-life that may be chosen.
    time_signal : int
        Which of the signals that is.
    places : numpy.ndarray of int64, shape (n_orders, n_pairs)
        The candidate's place in each order of equal scores that may be chosen.
    grades : numpy.ndarray of float64, shape (n_pairs,)
        The gain of each candidate; 0 where there is no link.
    query_of : numpy.ndarray of int64, shape (n_pairs,)
        The number of the query that the candidate itself is, -1 where it is none.
    """

    starts: I64
    values: F64
    roles: I64
    time: F64
    time_signal: int
    places: I64
    grades: F64
    query_of: I64

    @cached_property
    def owner(self) -> I64:
        """The number of the query that each candidate belongs to."""
        counts = np.diff(self.starts)
        return np.repeat(np.arange(len(counts)), counts)

    def ideal(self, k: int) -> F64:
        """Return the best sum of discounted gains that a list of each query could have."""
        linked = np.flatnonzero(self.grades)
        cuts = np.searchsorted(self.owner[linked], np.arange(len(self.starts)))
        grades = self.grades[linked]
        return np.array([ideal_gain(grades[a:b], k) for a, b in pairwise(cuts)])

    def without(self, queries: I64) -> Candidates:
        """Return the candidates of the other queries, without their links to the ones left out.

        Queries that have no other link go too. A link and its mirror are one fact: what is
        measured on a query must not have been learned from the other end.
        """
        out = np.zeros(len(self.starts) - 1, dtype=np.bool_)
        out[queries] = True
        # The last entry answers for the -1 of what is no query.
        crossing = np.append(out, False)[self.query_of] & (self.grades > 0.0)
        left = ~crossing & (self.grades > 0.0)
        out |= ~np.isin(np.arange(len(out)), self.owner[left])
        kept = np.flatnonzero(~crossing & ~out[self.owner])
        counts = np.bincount(self.owner[kept], minlength=len(out))[~out]
        number = np.append(np.where(out, -1, np.cumsum(~out) - 1), -1)
        return Candidates(
            np.concatenate([[0], np.cumsum(counts)]),
            self.values[:, kept],
            self.roles,
            self.time[:, kept],
            self.time_signal,
            self.places[:, kept],
            self.grades[kept],
            number[self.query_of[kept]],
        )


@dataclass(frozen=True)
class Hyperparameters:
    """One choice of everything that can be learned.

    Attributes
    ----------
    weights : tuple of float
        One a signal.
    half_life : int
        Which row of `Candidates.time`.
    order : int
        Which row of `Candidates.places`.
    threshold : float
        How much content lets all of a gated part through; 0 where no part is gated.
    """

    weights: tuple[float, ...]
    half_life: int = 0
    order: int = 0
    threshold: float = 0.0


def ideal_gain(grades: npt.NDArray[np.float64], k: int) -> float:
    """Return the discounted gains of the best list of `k` (Järvelin and Kekäläinen 2002).

    Examples
    --------
    >>> ideal_gain(np.array([0.0, 1.0]), k=10)
    1.0
    """
    best = np.sort(grades)[::-1][:k]
    return float((best / np.log2(np.arange(2, len(best) + 2))).sum())


def _sums(candidates: Candidates, setting: Hyperparameters) -> F64:
    """Return the sum of weight x value over the signals of each role, shape (3, n_pairs)."""
    time = candidates.time_signal
    weights = np.zeros((len(ROLES), len(setting.weights)))
    weights[candidates.roles, np.arange(len(setting.weights))] = setting.weights
    weights[:, time] = 0.0
    sums: F64 = weights @ candidates.values
    if setting.weights[time]:
        sums[candidates.roles[time]] += setting.weights[time] * candidates.time[setting.half_life]
    return sums


def ndcg(candidates: Candidates, setting: Hyperparameters, k: int = 10) -> F64:
    """Return each query's nDCG@k under a setting.

    Parameters
    ----------
    candidates : Candidates
        Of all queries; each has a link.
    setting : Hyperparameters
        Weights, half-life and order.
    k : int
        How long the lists are.
    """
    found: F64 = _Figure(candidates, k).ndcg([setting], 0)[0]
    return found


def ranks(candidates: Candidates, setting: Hyperparameters) -> I64:
    """Return the rank of each candidate in its query's list under a setting, from 0."""
    content, apart, gated = _sums(candidates, setting)
    gate = np.minimum(1.0, content / setting.threshold) if setting.threshold else 1.0
    scores = np.round(content + apart + gated * gate, DECIMALS)
    order = np.lexsort((candidates.places[setting.order], -scores, candidates.owner))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - candidates.starts[candidates.owner]
    return rank


class _Figure:
    """nDCG@k of some candidates' lists, however they are scored."""

    def __init__(self, candidates: Candidates, k: int) -> None:
        self.candidates = candidates
        self._ideal = candidates.ideal(k)
        links = np.flatnonzero(candidates.grades > 0.0)
        starts = np.searchsorted(links, candidates.starts)
        self._links = starts, links, candidates.grades[links]
        self._discounts = 1.0 / np.log2(np.arange(2, k + 2))

    def ndcg(self, settings: list[Hyperparameters], signal: int) -> F64:
        """Return every query's nDCG under settings that weigh all signals but one alike.

        One row a setting, shape (n_settings, n_queries).
        """
        some, gains = self.candidates, np.empty((len(settings), len(self._ideal)))
        of_time = signal == some.time_signal
        gains_of_links(
            some.starts,
            # What the other signals say stays the same whatever is tried of this one.
            _sums(some, _weighted(settings[0], signal, 0.0)),
            int(some.roles[signal]),
            some.time if of_time else some.values[signal : signal + 1],
            some.places,
            np.array([(one.half_life if of_time else 0, one.order) for one in settings]),
            # Scores are compared after rounding to so many decimals, as in the lists.
            np.array([(one.weights[signal], one.threshold, 10.0**DECIMALS) for one in settings]),
            self._links,
            self._discounts,
            gains,
        )
        ndcg: F64 = gains / self._ideal
        return ndcg


def learn(candidates: Candidates, starts: list[Hyperparameters], k: int = 10) -> Hyperparameters:
    """Return the setting with the best mean nDCG@k that steps from any start lead to.

    Parameters
    ----------
    candidates : Candidates
        Of the queries to learn from.
    starts : list of Hyperparameters
        Where to begin; among equals the first wins.
    k : int
        How long the lists are.
    """
    figure = _Figure(candidates, k)
    values = [float(figure.ndcg([one], 0).mean()) for one in starts]
    # Only the most promising starts are worth the climb.
    promising = sorted(range(len(starts)), key=lambda at: -values[at])[:2]
    climbed = [_climb(figure, starts[at], values[at]) for at in promising]
    return max(climbed, key=lambda pair: pair[1])[0]


def _climb(figure: _Figure, setting: Hyperparameters, best: float) -> tuple[Hyperparameters, float]:
    time = figure.candidates.time_signal
    moves = [
        (time, _orders(figure.candidates)),
        (time, _half_lives(figure.candidates)),
        (time, _thresholds),
        *((signal, _steps(signal)) for signal in range(len(setting.weights))),
    ]
    # Where a move set out last: from the same place it leads to the same.
    began: list[Hyperparameters | None] = [None] * len(moves)
    for _ in range(_ROUNDS):
        before = best
        for number, (signal, changes) in enumerate(moves):
            if began[number] == setting:
                continue
            began[number], tried = setting, changes(setting)
            means = figure.ndcg(tried, signal).mean(axis=1).tolist()
            for change, value in zip(tried, means, strict=True):
                if value > best + _LEAST_GAIN:
                    best, setting = value, change
        if best - before <= _LEAST_GAIN:
            break
    return setting, best


_Changes = Callable[[Hyperparameters], list[Hyperparameters]]


def _orders(candidates: Candidates) -> _Changes:
    return lambda setting: [replace(setting, order=one) for one in range(len(candidates.places))]


def _half_lives(candidates: Candidates) -> _Changes:
    return lambda setting: [replace(setting, half_life=one) for one in range(len(candidates.time))]


def _thresholds(setting: Hyperparameters) -> list[Hyperparameters]:
    steps = [setting.threshold * step for step in _THRESHOLD_STEPS]
    numbers = steps if setting.threshold else _FRESH_THRESHOLDS
    return [replace(setting, threshold=one) for one in numbers if not 0.0 < one < _LEAST_THRESHOLD]


def _steps(signal: int) -> _Changes:
    def changes(setting: Hyperparameters) -> list[Hyperparameters]:
        weight = setting.weights[signal]
        numbers = [weight * step for step in _STEPS] if weight else _FRESH
        changed = [_weighted(setting, signal, number) for number in numbers]
        return [one for one in changed if any(one.weights)]

    return changes


def _weighted(setting: Hyperparameters, signal: int, weight: float) -> Hyperparameters:
    weights = (*setting.weights[:signal], weight, *setting.weights[signal + 1 :])
    return replace(setting, weights=weights)


def learn_without(
    candidates: Candidates,
    starts: list[Hyperparameters],
    folds: list[I64],
    k: int = 10,
    on_fold: Callable[[int], object] | None = None,
    n_threads: int = 1,
) -> list[Hyperparameters]:
    """Return, for each fold, the setting learned from all other queries and their own links.

    Of a fold that leaves nothing to learn from, the first start is returned. `on_fold` is called
    after each fold, with 1.
    """

    def of_others(fold: I64) -> Hyperparameters:
        others = candidates.without(fold)
        setting = learn(others, starts, k) if len(others.grades) else starts[0]
        if on_fold is not None:
            on_fold(1)
        return setting

    return in_threads(n_threads, of_others, folds)
