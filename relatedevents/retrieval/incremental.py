"""Merging: kept lists brought up to date after few events came or went, and which changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.archive import inverse
from relatedevents.engines.base import Best, Engine
from relatedevents.engines.bounds import ProjectedVectors
from relatedevents.engines.ranking import best_of_each
from relatedevents.index.index import Index
from relatedevents.rerank import Neighbourhoods, neighbour_values
from relatedevents.retrieval.list_cache import KeptLists, Lists, hold
from relatedevents.scoring.signals import DECIMALS, pair_scores
from relatedevents.weights import Weights

Places = npt.NDArray[np.int64]

# Fewer pairs are no work for a second thread.
_PIECE = 4096


@dataclass(frozen=True)
class Merged:
    """What a merger did.

    Attributes
    ----------
    lists : KeptLists
        The lists now.
    places : numpy.ndarray of int64, shape (n_touched,)
        The events whose lists were written.
    before : numpy.ndarray of int32, shape (n_touched, width)
        What was left of their lists.
    searched, merged : int
        How many were looked for among all events, and how many merged.
    """

    lists: KeptLists
    places: Places
    before: Lists
    searched: int
    merged: int


@dataclass(frozen=True)
class _Newcomers:
    """Pairs of a row and one that came and reaches its bound."""

    owners: Places
    rows: Places
    scores: npt.NDArray[np.float64]
    keys: npt.NDArray[np.float64]


class Merger:
    """Brings lists up to date where few events came or went.

    What is not in a list scored no better than its last one, its bound. So the best of those that
    are left and of the newcomers that reach the bound are the list, as long as there are enough
    of them above it; else the list is looked for among all events.

    Parameters
    ----------
    index : Index
        The archive now.
    engine : Engine
        Over its rows.
    weights : Weights
        Of the first lists.
    left : KeptLists
        What is left of the lists, nobody else's: they are brought up to date in place.
    """

    def __init__(self, index: Index, engine: Engine, weights: Weights, left: KeptLists) -> None:
        self.index, self.engine, self.weights, self.left = index, engine, weights, left
        self.width = min(left.n, len(index) - 1)

    def run(
        self, fresh: Places, lost: npt.NDArray[np.bool_], bounds: npt.NDArray[np.float64]
    ) -> Merged:
        """Bring the lists up to date, and say which were touched.

        Parameters
        ----------
        fresh : numpy.ndarray of int64
            Rows of the events that came.
        lost : numpy.ndarray of bool, shape (n_events,)
            Places of lists that lost an event.
        bounds : numpy.ndarray of float64, shape (n_events,)
            By place: what a rounded score has to reach; inf for an event that came.
        """
        order = self.index.order
        row_of = inverse(order)
        own, came = self._newcomers(fresh, bounds[order])
        above = np.bincount(
            came.owners[came.keys > bounds[order[came.owners]]], minlength=len(order)
        )
        touched = lost[order]
        touched[came.owners] = True
        rows = np.flatnonzero(touched)
        there = (self.left.places[order[rows]] >= 0).sum(axis=1)
        enough = (there + above[rows] >= self.width) | np.isneginf(bounds[order[rows]])
        merged, again = rows[enough], rows[~enough]
        pooled = self._pool(merged, came, row_of)
        found, _, _ = self._search(again)
        places = order[np.concatenate([fresh, merged, again])]
        before = self.left.places[places]
        for some, (best, scores) in (
            (fresh, (own.rows, own.scores)),
            (merged, pooled),
            (again, (found.rows, found.scores)),
        ):
            best = best[:, : self.width]
            self.left.places[order[some], : self.width] = np.where(best >= 0, order[best], -1)
            self.left.scores[order[some], : self.width] = scores[:, : self.width]
        now = self.left.cut()
        return Merged(now, places, before, len(fresh) + len(again), len(merged))

    def _exact(self, rows: Places, candidates: Places) -> npt.NDArray[np.float64]:
        features = self.index.features
        return pair_scores(features, rows, features, candidates, self.weights)

    def _search(
        self, rows: Places, low: npt.NDArray[np.float32] | None = None
    ) -> tuple[Best, Places, Places]:
        def exact(queries: Places, candidates: Places) -> npt.NDArray[np.float64]:
            return self._exact(rows[queries], candidates)

        return self.engine.best_of_some(rows, exact, self.width, low, self._projected())

    def _projected(self) -> ProjectedVectors | None:
        """Return the projected dense vectors, where their bounds cost less than they do."""
        coordinates, space = self.index.features.coordinates, self.index.neighbour_space
        if self.engine.candidates.dense.shape[1] < 2 * coordinates.shape[1]:
            return None
        return ProjectedVectors(coordinates, space.mean @ space.directions)

    def _newcomers(self, fresh: Places, bounds: npt.NDArray[np.float64]) -> tuple[Best, _Newcomers]:
        """Return the lists of new rows, and the pairs of rows and new ones that reach a bound."""
        # The last place is for the rounding of the bound itself, and of the sums below.
        error = self.engine.candidates.error
        low = (bounds - 2.0 * error - 2.0 * 10.0**-DECIMALS).astype(np.float32)
        own, owners, comers = self._search(fresh, low)
        scores = self._exact(owners, comers)
        keys = np.round(scores, DECIMALS)
        near = keys >= bounds[owners]
        return own, _Newcomers(owners[near], comers[near], scores[near], keys[near])

    def _pool(
        self, rows: Places, came: _Newcomers, row_of: Places
    ) -> tuple[Places, npt.NDArray[np.float64]]:
        """Return the best of what is left of some lists and of the newcomers that reach them."""
        from relatedevents.retrieval import _list_kernels

        left = self.left.places[self.index.order[rows]]
        # A place of -1 looks up the extra last entry.
        left_rows = np.append(row_of, -1)[left]
        left_scores = self.left.scores[self.index.order[rows]]
        number = np.full(len(row_of), -1, dtype=np.int64)
        number[rows] = np.arange(len(rows))
        lists = number[came.owners]
        order = np.lexsort((came.rows, -came.keys, lists))
        # Pairs of lists that are looked for among all events stand first, under -1.
        starts = np.searchsorted(lists[order], np.arange(len(rows) + 1))
        best = np.empty((len(rows), self.width), dtype=np.int64)
        scores = np.empty(best.shape)
        _list_kernels.merge(
            left_rows,
            np.round(left_scores, DECIMALS),
            left_scores,
            starts,
            came.rows[order],
            came.keys[order],
            came.scores[order],
            best,
            scores,
        )
        return best, scores


def second_lists(
    index: Index,
    weights: Weights,
    near: Neighbourhoods | None,
    first: KeptLists,
    rows: Places,
    n: int,
    n_threads: int = 1,
) -> Lists:
    """Return the lists of some rows as they are shown, as places in the table; -1 beyond the end.

    Parameters
    ----------
    index : Index
        The fitted archive.
    weights : Weights
        What the neighbours count.
    near : Neighbourhoods or None
        Of the whole archive; None where they count nothing.
    first : KeptLists
        The first lists.
    rows : numpy.ndarray of int64
        Whose lists.
    n : int
        How many related events.
    n_threads : int
        Worker threads.
    """
    best = first.best(index.order, rows)
    candidates, scores = best.rows, best.scores
    width = min(n, candidates.shape[1])
    if near is not None:
        there = candidates >= 0
        queries, listed = np.repeat(rows, there.sum(axis=1)), candidates[there]
        values = np.empty(len(queries))

        def work(some: slice) -> None:
            values[some] = neighbour_values(near, queries[some], near, listed[some], index.features)

        size = max(-(-len(queries) // n_threads), _PIECE)
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(work, [slice(k, k + size) for k in range(0, len(queries), size)]))
        total = scores[there] + weights.neighbours * values
        chosen, counts = best_of_each(there.sum(axis=1), listed, total, width)
        candidates = np.full((len(rows), width), -1, dtype=np.int64)
        candidates[np.arange(width) < counts[:, None]] = listed[chosen]
    candidates = candidates[:, :width]
    return np.where(candidates >= 0, index.order[candidates], -1).astype(np.int32)


def share(lists: Lists, index: Index, column: int) -> npt.NDArray[np.bool_]:
    """Return which lists hold an event that shares a tag with the list's own."""
    rows = np.flatnonzero(np.diff(index.features.tags[:, [column]].indptr))
    have = np.zeros(len(index), dtype=np.bool_)
    have[index.order[rows]] = True
    return have & hold(lists, have)
