"""What goes into an engine and what comes out, whichever engine it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from relatedevents.scoring.terms import Operands

ExactParts = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[np.float64]]
Progress = Callable[[int], None]


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

    allowed: npt.NDArray[np.bool_]
    until: npt.NDArray[np.int64] | None = None

    def take(self, queries: npt.NDArray[np.int64]) -> Filters:
        """Return the filters of some queries."""
        return Filters(self.allowed, None if self.until is None else self.until[queries])


@dataclass(frozen=True)
class Best:
    """The best candidates of some queries, best first.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (n_queries, n)
        Candidate rows; -1 where a list is shorter than n.
    parts : numpy.ndarray of float64, shape (n_queries, n, n_signals)
        The parts of each score; 0 where there is no candidate.
    rechecked : int
        How many queries float32 alone could not settle.
    """

    rows: npt.NDArray[np.int64]
    parts: npt.NDArray[np.float64]
    rechecked: int = 0

    def take(self, queries: npt.NDArray[np.int64]) -> Best:
        """Return those of some queries."""
        return Best(self.rows[queries], self.parts[queries])


class Engine(Protocol):
    """What every engine can do."""

    candidates: Operands
    n_threads: int

    def best_of_rows(
        self,
        queries: Operands,
        own_rows: npt.NDArray[np.int64],
        exact: ExactParts,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of each query."""
        ...

    def best_of_all(
        self,
        exact: ExactParts,
        n: int,
        filters: Filters,
        on_progress: Progress | None = None,
    ) -> Best:
        """Return the best n of every candidate among the others."""
        ...
