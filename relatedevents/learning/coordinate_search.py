"""Coordinate search: which sum of signals puts a site's own links first.

Arrays in, a setting out. The figure that is raised is nDCG itself, by steps in one coordinate at
a time from several starts: it needs no gradient, keeps weights non-negative, and can choose a
half-life or the order of equal scores as well as a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

#: Scores are compared after rounding to this many decimals, as in the lists.
DECIMALS = 6

_STEPS = (0.0, 0.25, 0.5, 0.8, 0.9, 1.1, 1.25, 2.0, 4.0)
_FRESH = (0.02, 0.1, 0.3, 1.0)
_LEAST_GAIN = 1e-4
_ROUNDS = 6


@dataclass(frozen=True)
class Candidates:
    """The candidates of some queries, query after query.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n_queries + 1,)
        Where each query's candidates begin.
    values : numpy.ndarray of float64, shape (n_pairs, n_signals)
        Signal values, the time signal's left at 0.
    time : numpy.ndarray of float64, shape (n_pairs, n_half_lives)
        The time signal's value under each half-life that may be chosen.
    places : numpy.ndarray of int64, shape (n_pairs, n_orders)
        The candidate's place in each order of equal scores that may be chosen.
    grades : numpy.ndarray of float64, shape (n_pairs,)
        The gain of each candidate; 0 where there is no link.
    ideal : numpy.ndarray of float64, shape (n_queries,)
        The best sum of discounted gains that a list of each query could have.
    """

    starts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    time: npt.NDArray[np.float64]
    places: npt.NDArray[np.int64]
    grades: npt.NDArray[np.float64]
    ideal: npt.NDArray[np.float64]

    @cached_property
    def owner(self) -> npt.NDArray[np.int64]:
        """The number of the query that each candidate belongs to."""
        counts = np.diff(self.starts)
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def column(self) -> npt.NDArray[np.int64]:
        """The number of each candidate among those of its query."""
        return np.arange(len(self.owner)) - self.starts[self.owner]

    def take(self, queries: npt.NDArray[np.int64]) -> Candidates:
        """Return the candidates of some queries."""
        counts = np.diff(self.starts)[queries]
        pairs = np.concatenate(
            [np.arange(self.starts[q], self.starts[q + 1]) for q in queries]
        ).astype(np.int64)
        return Candidates(
            np.concatenate([[0], np.cumsum(counts)]),
            self.values[pairs],
            self.time[pairs],
            self.places[pairs],
            self.grades[pairs],
            self.ideal[queries],
        )


@dataclass(frozen=True)
class Hyperparameters:
    """One choice of everything that can be learned.

    Attributes
    ----------
    weights : tuple of float
        One a signal.
    half_life : int
        Which column of `Candidates.time`.
    order : int
        Which column of `Candidates.places`.
    """

    weights: tuple[float, ...]
    half_life: int = 0
    order: int = 0


def ideal_gain(grades: npt.NDArray[np.float64], k: int) -> float:
    """Return the discounted gains of the best list of `k` (Järvelin and Kekäläinen 2002).

    Examples
    --------
    >>> ideal_gain(np.array([0.0, 1.0]), k=10)
    1.0
    """
    best = np.sort(grades)[::-1][:k]
    return float((best / np.log2(np.arange(2, len(best) + 2))).sum())


def ndcg(
    candidates: Candidates, setting: Hyperparameters, time_signal: int, k: int = 10
) -> npt.NDArray[np.float64]:
    """Return each query's nDCG@k under a setting.

    Parameters
    ----------
    candidates : Candidates
        Of all queries.
    setting : Hyperparameters
        Weights, half-life and order.
    time_signal : int
        Which of the weights is the time signal's.
    k : int
        How long the lists are.
    """
    scores = _scores(candidates, setting, time_signal)
    n_queries = len(candidates.ideal)
    table = np.full((n_queries, max(int(candidates.column.max(initial=0)) + 1, k)), -np.inf)
    table[candidates.owner, candidates.column] = scores
    # Sorting takes long: only what can be among the first k is sorted, all of its equals with it.
    kth = -np.partition(-table, k - 1, axis=1)[:, k - 1]
    high = np.flatnonzero(scores >= kth[candidates.owner])
    owner = candidates.owner[high]
    starts = np.searchsorted(owner, np.arange(n_queries + 1))
    rank = _ranked(scores[high], candidates.places[high, setting.order], owner, starts)
    gains = np.where(rank < k, candidates.grades[high] / np.log2(rank + 2.0), 0.0)
    return np.bincount(owner, weights=gains, minlength=n_queries) / candidates.ideal


def ranks(
    candidates: Candidates, setting: Hyperparameters, time_signal: int
) -> npt.NDArray[np.int64]:
    """Return the rank of each candidate in its query's list under a setting, from 0.

    Parameters
    ----------
    candidates, setting, time_signal
        As in `ndcg`.
    """
    scores = _scores(candidates, setting, time_signal)
    places = candidates.places[:, setting.order]
    return _ranked(scores, places, candidates.owner, candidates.starts)


def _scores(
    candidates: Candidates, setting: Hyperparameters, time_signal: int
) -> npt.NDArray[np.float64]:
    scores = candidates.values @ np.asarray(setting.weights)
    scores += setting.weights[time_signal] * candidates.time[:, setting.half_life]
    rounded: npt.NDArray[np.float64] = np.round(scores, DECIMALS)
    return rounded


def _ranked(
    scores: npt.NDArray[np.float64],
    places: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    order = np.lexsort((places, -scores, owner))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts[:-1], np.diff(starts))
    return rank


def learn(
    candidates: Candidates, starts: list[Hyperparameters], time_signal: int, k: int = 10
) -> Hyperparameters:
    """Return the setting with the best mean nDCG@k that steps from any start lead to.

    Parameters
    ----------
    candidates : Candidates
        Of the queries to learn from.
    starts : list of Hyperparameters
        Where to begin; among equals the first wins.
    time_signal : int
        Which of the weights is the time signal's.
    k : int
        How long the lists are.
    """
    # Only the most promising starts are worth the climb.
    ranked = sorted(starts, key=lambda one: -float(ndcg(candidates, one, time_signal, k).mean()))
    climbed = [_climb(candidates, start, time_signal, k) for start in ranked[:3]]
    return max(climbed, key=lambda pair: pair[1])[0]


def _climb(
    candidates: Candidates, setting: Hyperparameters, time_signal: int, k: int
) -> tuple[Hyperparameters, float]:
    best = float(ndcg(candidates, setting, time_signal, k).mean())
    for _ in range(_ROUNDS):
        before = best
        for coordinate in ("order", "half_life", *range(len(setting.weights))):
            for change in _changes(setting, coordinate, candidates):
                value = float(ndcg(candidates, change, time_signal, k).mean())
                if value > best + _LEAST_GAIN:
                    best, setting = value, change
        if best - before <= _LEAST_GAIN:
            break
    return setting, best


def _changes(
    setting: Hyperparameters, coordinate: str | int, candidates: Candidates
) -> list[Hyperparameters]:
    if coordinate == "order":
        return [replace(setting, order=one) for one in range(candidates.places.shape[1])]
    if coordinate == "half_life":
        return [replace(setting, half_life=one) for one in range(candidates.time.shape[1])]
    signal = int(coordinate)
    weight = setting.weights[signal]
    numbers = [weight * step for step in _STEPS] if weight else list(_FRESH)
    changed = [
        (*setting.weights[:signal], number, *setting.weights[signal + 1 :]) for number in numbers
    ]
    return [replace(setting, weights=weights) for weights in changed if any(weights)]


def folds_of(groups: npt.NDArray[np.int64], n_folds: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Return the queries of each fold; queries of one group never part.

    Parameters
    ----------
    groups : numpy.ndarray of int64, shape (n_queries,)
        The group of each query, such as its story or its day.
    n_folds : int
        How many folds; fewer come where there are fewer groups.
    seed : int
        Draws which groups go together.

    Examples
    --------
    >>> [fold.tolist() for fold in folds_of(np.array([5, 5, 7]), n_folds=5, seed=0)]
    [[0, 1], [2]]
    """
    names, counts = np.unique(groups, return_counts=True)
    drawn = np.random.default_rng(seed).permutation(len(names))
    # The largest groups first, each to the smallest fold so far: folds of like size.
    drawn = drawn[np.argsort(-counts[drawn], kind="stable")]
    sizes = np.zeros(min(n_folds, len(names)), dtype=np.int64)
    fold_of_group = np.zeros(len(names), dtype=np.int64)
    for group in drawn:
        fold_of_group[group] = int(np.argmin(sizes))
        sizes[fold_of_group[group]] += counts[group]
    fold = fold_of_group[np.searchsorted(names, groups)]
    return [np.flatnonzero(fold == number) for number in range(len(sizes))]


def learn_without(
    candidates: Candidates,
    starts: list[Hyperparameters],
    folds: list[npt.NDArray[np.int64]],
    time_signal: int,
    k: int = 10,
    on_fold: Callable[[int], object] | None = None,
) -> list[Hyperparameters]:
    """Return, for each fold, the setting learned from the queries of all the others.

    `on_fold` is called after each fold, with 1.
    """
    everyone = np.arange(len(candidates.ideal))
    settings = []
    for fold in folds:
        others = np.setdiff1d(everyone, fold)
        settings.append(learn(candidates.take(others), starts, time_signal, k))
        if on_fold is not None:
            on_fold(1)
    return settings
