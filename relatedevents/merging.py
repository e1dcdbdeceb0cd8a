"""Merging: kept lists brought up to date after few events came or went, and which changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from relatedevents.archive import inverse
from relatedevents.engines.contract import Best, Filters
from relatedevents.engines.exact import ExactEngine, rank_candidates
from relatedevents.index import Index
from relatedevents.kept import KeptLists
from relatedevents.rerank import Neighbourhoods, best_of_each, neighbour_values
from relatedevents.signals import DECIMALS, add_parts, pair_parts
from relatedevents.weights import Weights

Places = npt.NDArray[np.int64]


class Merger:
    """Brings lists up to date where few events came or went.

    What is not in a list scored no better than its last one, its bound. So the best of those that
    are left and of the newcomers that reach the bound are the list, as long as there are enough
    of them above it; else the list is looked for among all events.
    """

    def __init__(
        self, index: Index, engine: ExactEngine, weights: Weights, left: KeptLists
    ) -> None:
        self.index, self.engine, self.weights, self.left = index, engine, weights, left
        self.width = min(left.n, len(index) - 1)

    def run(
        self, fresh: Places, lost: npt.NDArray[np.bool_], bounds: npt.NDArray[np.float64]
    ) -> tuple[KeptLists, int, int]:
        """Return the lists, how many were searched for, and how many merged.

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
        own, owners, comers, rounded = self._newcomers(fresh, bounds[order])
        above = np.bincount(owners[rounded > bounds[order[owners]]], minlength=len(order))
        touched = lost[order]
        touched[owners] = True
        there = (self.left.places[order] >= 0).sum(axis=1)
        enough = (there + above >= self.width) | np.isneginf(bounds[order])
        merged, again = np.flatnonzero(touched & enough), np.flatnonzero(touched & ~enough)

        places = self.left.places[:, : self.width].copy()
        scores = self.left.scores[:, : self.width].copy()
        pool = self._pool(merged, owners, comers, row_of)
        for rows, best in ((fresh, own), (merged, pool), (again, self._search(again))):
            found = best.rows[:, : self.width]
            places[order[rows]] = np.where(found >= 0, order[found], -1)
            scores[order[rows]] = _scores(best)[:, : self.width]
        now = replace(self.left, places=places, scores=scores)
        return now, len(fresh) + len(again), len(merged)

    def _exact(self, rows: Places, candidates: Places) -> npt.NDArray[np.float64]:
        features = self.index.features
        return pair_parts(features, rows, features, candidates, self.weights)

    def _search(self, rows: Places, **watch: object) -> Best:
        return self.engine.best_of_rows(
            self.engine.candidates.take(rows),
            rows,
            lambda q, c: self._exact(rows[q], c),
            max(self.width, 1),
            Filters(np.ones(len(self.index), dtype=np.bool_)),
            **watch,  # type: ignore[arg-type]
        )

    def _newcomers(
        self, fresh: Places, bounds: npt.NDArray[np.float64]
    ) -> tuple[Best, Places, Places, npt.NDArray[np.float64]]:
        """Return the lists of new rows, and the pairs (row, new row, score) that reach a bound."""
        all_rows = self.engine.candidates
        # The last place is for the rounding of the bound itself, and of the sums below.
        low = (bounds - 2.0 * all_rows.error - 2.0 * 10.0**-DECIMALS).astype(np.float32)
        one_sided = bool(all_rows.pattern.shape[1] or all_rows.bonus.any())
        found: list[tuple[int, Places]] = []

        def watch(
            query: int, row: npt.NDArray[np.float32], shared: npt.NDArray[np.float32]
        ) -> None:
            back = row
            if one_sided:
                q = fresh[query]
                back = row + (all_rows.bonus[q] - all_rows.bonus)
                if all_rows.pattern.shape[1]:
                    back = back + (all_rows.factor - all_rows.factor[q]) * shared
            found.append((query, np.flatnonzero(back >= low)))

        own = self._search(fresh, on_scores=watch)
        owners = np.concatenate([np.zeros(0, dtype=np.int64), *(rows for _, rows in found)])
        queries = np.array([query for query, _ in found], dtype=np.int64)
        comers = np.repeat(fresh[queries], np.array([len(rows) for _, rows in found], dtype=int))
        rounded = np.round(add_parts(self._exact(owners, comers)), DECIMALS)
        near = rounded >= bounds[owners]
        return own, owners[near], comers[near], rounded[near]

    def _pool(self, rows: Places, owners: Places, comers: Places, row_of: Places) -> Best:
        """Return the best of what is left of some lists and of the newcomers that reach them."""
        left = self.left.places[self.index.order[rows]]
        number = np.full(len(row_of), -1, dtype=np.int64)
        number[rows] = np.arange(len(rows))
        mine = number[owners] >= 0
        there = left >= 0
        queries = np.concatenate([np.nonzero(there)[0], number[owners[mine]]])
        candidates = np.concatenate([row_of[left[there]], comers[mine]])
        order = np.argsort(queries, kind="stable")
        return rank_candidates(
            np.arange(len(rows)),
            np.bincount(queries, minlength=len(rows)),
            candidates[order],
            lambda q, c: self._exact(rows[q], c),
            max(self.width, 1),
        )


def _scores(best: Best) -> npt.NDArray[np.float64]:
    return add_parts(best.parts.reshape(-1, best.parts.shape[2])).reshape(best.rows.shape)


def second_lists(
    index: Index,
    weights: Weights,
    near: Neighbourhoods | None,
    first: KeptLists,
    rows: Places,
    n: int,
) -> Places:
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
    """
    best = first.best(index.order, rows)
    candidates, scores = best.rows, best.parts[:, :, 0]
    width = min(n, candidates.shape[1])
    if near is not None:
        there = candidates >= 0
        queries, listed = np.repeat(rows, there.sum(axis=1)), candidates[there]
        values = neighbour_values(near, queries, near, listed, index.features)
        total = scores[there] + weights.neighbours * values
        chosen, counts = best_of_each(there.sum(axis=1), listed, total, width)
        candidates = np.full((len(rows), width), -1, dtype=np.int64)
        candidates[np.arange(width) < counts[:, None]] = listed[chosen]
    candidates = candidates[:, :width]
    return np.where(candidates >= 0, index.order[candidates], -1)


def differ(before: Places, now: Places) -> npt.NDArray[np.bool_]:
    """Return which lists hold other events, or the same in another order."""
    width = min(before.shape[1], now.shape[1])
    longer = (before[:, width:] >= 0).any(axis=1) | (now[:, width:] >= 0).any(axis=1)
    return np.asarray(longer | (before[:, :width] != now[:, :width]).any(axis=1))


def hold(lists: Places, named: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which lists hold one of the places named."""
    return np.asarray(np.append(named, False)[lists].any(axis=1))


def share(lists: Places, index: Index, column: int) -> npt.NDArray[np.bool_]:
    """Return which lists hold an event that shares a tag with the list's own."""
    rows = np.flatnonzero(np.diff(index.features.tags[:, [column]].indptr))
    have = np.zeros(len(index), dtype=np.bool_)
    have[index.order[rows]] = True
    return have & hold(lists, have)
