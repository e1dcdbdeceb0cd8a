"""What every engine is: what goes in, what comes out, and the register of those there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from relatedevents._util.arrays import F32, F64, I32, I64, Mask
from relatedevents._util.checks import check_choice
from relatedevents._util.memory import check_lists_fit
from relatedevents.engines.config import EngineConfig
from relatedevents.engines.ranking import best_of_each
from relatedevents.engines.terms import ScoreTerms

if TYPE_CHECKING:
    from relatedevents.engines.bounds import ProjectedVectors

#: (query numbers, candidate rows) -> the float64 score of each pair, shape (n_pairs,).
ExactScores = Callable[[I64, I64], F64]
#: Called with how many queries were done since the last call.
Progress = Callable[[int], None]

#: Where each engine lies: "module:class". Add one here, and the contract suite
#: (tests/test_engine_contract.py) checks it, and every option `engine` takes its name.
ENGINES = {
    "exact": "relatedevents.engines.exact:ExactEngine",
    "approximate": "relatedevents.engines.approximate:ApproximateEngine",
}


def engine_class(name: str) -> type[Engine]:
    """Return the class of the engine that `ENGINES` has under a name.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> engine_class("exact").__name__
    'ExactEngine'
    """
    check_choice("engine", name, ENGINES)
    module, _, kind = ENGINES[name].partition(":")
    return cast("type[Engine]", getattr(import_module(module), kind))


@dataclass(frozen=True)
class Filters:
    """Which candidates a row may have.

    Attributes
    ----------
    allowed : numpy.ndarray of bool, shape (n_candidates,)
        False for a candidate that no list may hold.
    until : numpy.ndarray of int64, shape (n_queries,), or None
        The latest day a candidate of each query may have; undated ones are then left out.
    """

    allowed: Mask
    until: I64 | None = None

    def possible(self, days: I32) -> Mask:
        """Return which candidates, of some days, any query may have."""
        if self.until is None:
            return self.allowed
        return np.asarray(self.allowed & (days <= self.until.max(initial=0)))

    def take(self, queries: I64) -> Filters:
        """Return the filters of some queries."""
        return Filters(self.allowed, None if self.until is None else self.until[queries])


@dataclass(frozen=True)
class Best:
    """The best candidates of some queries, best first.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (n_queries, n)
        Candidate rows; -1 where a list is shorter than n.
    scores : numpy.ndarray of float64, shape (n_queries, n)
        Their exact scores; 0 where there is no candidate.
    rechecked : int
        How many queries float32 alone could not settle.
    """

    rows: I64
    scores: F64
    rechecked: int = 0

    @classmethod
    def empty(cls, n_queries: int, n: int) -> Best:
        """Return lists without any candidate.

        Raises
        ------
        InputError
            If so many lists can't fit into memory.
        """
        # A row and its score, once in pieces and once joined.
        check_lists_fit(n_queries, n, 2 * 8 * 2)
        return cls(np.full((n_queries, n), -1, dtype=np.int64), np.zeros((n_queries, n)))

    def take(self, queries: I64) -> Best:
        """Return those of some queries."""
        return Best(self.rows[queries], self.scores[queries])

    def put(self, queries: I64 | slice, other: Best) -> None:
        """Write the lists of some queries, which may be shorter."""
        n = other.rows.shape[1]
        self.rows[queries, :n] = other.rows
        self.scores[queries, :n] = other.scores


class Engine(Protocol):
    """Finds the best candidates of any query among a fixed set of candidates.

    Every score and every order told is exact: lists are sorted by the score of the caller's own
    function, rounded to 6 decimals, then by smaller row. No query is listed as its own candidate,
    and what a filter forbids is never listed.

    Parameters
    ----------
    candidates : ScoreTerms
        The candidates' terms of the score, in the order that decides equal scores.
    block_size : int
        How many rows are worked on at once; it changes no list.
    n_threads : int or None
        Worker threads, no more than the processors this process may use; None takes them all.
        They change no list.
    config : EngineConfig or None
        How the engine works; None for the defaults.
    """

    candidates: ScoreTerms
    n_threads: int

    def __init__(
        self,
        candidates: ScoreTerms,
        *,
        block_size: int = 1024,
        n_threads: int | None = None,
        config: EngineConfig | None = None,
    ) -> None: ...

    def best_of_rows(
        self,
        queries: ScoreTerms,
        own_rows: I64,
        exact: ExactScores,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query.

        Parameters
        ----------
        queries : ScoreTerms
            The queries' terms, made with the candidates' weights and columns.
        own_rows : numpy.ndarray of int64, shape (n_queries,)
            The row that each query is itself among the candidates, -1 for one from outside.
        exact : callable
            (query numbers, candidate rows) -> float64 scores, shape (n_pairs,).
        n : int
            How many.
        filters : Filters
            Which candidates are allowed.
        on_progress : callable, optional
            Called with how many queries were done since the last call.

        Returns
        -------
        Best
            With lists of length n, or of the number of candidates where that is smaller.
        """
        ...

    def best_of_all(
        self, exact: ExactScores, n: int, filters: Filters, on_progress: Progress | None = None
    ) -> Best:
        """Return the best n of every candidate among the others; parameters as `best_of_rows`."""
        ...

    def best_of_some(
        self,
        rows: I64,
        exact: ExactScores,
        n: int,
        low: F32 | None = None,
        projected: ProjectedVectors | None = None,
    ) -> tuple[Best, I64, I64]:
        """Return the best n of some candidates among all others, and whom they matter to.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n_queries,)
            Which candidates.
        exact, n
            As in `best_of_rows`.
        low : numpy.ndarray of float32, shape (n_candidates,), optional
            The float32 score at which one of `rows` matters to each candidate, with the
            candidate as the query (`exact` tells the other direction, which may differ);
            without it, to none.
        projected : ProjectedVectors, optional
            Those of all candidates' dense vectors, where these have many more dimensions.

        Returns
        -------
        Best
            The lists, always exact.
        numpy.ndarray of int64, numpy.ndarray of int64, shape (n_pairs,)
            Each candidate and the one of `rows` that matters to it.
        """
        ...


def rank_candidates(queries: I64, counts: I64, candidates: I64, exact: ExactScores, n: int) -> Best:
    """Score each query's candidates (`counts` of them, one query after the other), keep the best n.

    In the tie-break order: rounded score, then smaller row.
    """
    scores = exact(np.repeat(queries, counts), candidates)
    chosen, kept = best_of_each(counts, candidates, scores, n)
    best = Best.empty(len(queries), n)
    there = np.arange(n) < kept[:, None]
    best.rows[there] = candidates[chosen]
    best.scores[there] = scores[chosen]
    return best
