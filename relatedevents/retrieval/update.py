"""Lists brought up to date after events were added or removed, and which of them changed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from relatedevents.engines.base import Best, Engine
from relatedevents.engines.terms import DECIMALS
from relatedevents.index.index import Index
from relatedevents.index.update import IndexUpdate
from relatedevents.retrieval.list_cache import ListCache, ListRows, differ, hold
from relatedevents.signals.score import pair_scores
from relatedevents.weights import Weights

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Row by row a list costs several times what it costs among all of them.
_SHARE = 16
_SMALL = 4096


@dataclass(frozen=True)
class Update:
    """What the last `update` or `remove` did.

    Attributes
    ----------
    added, replaced, removed : int
        Events.
    changed : int
        Lists that changed, those of the events that came among them.
    searched : int
        Lists that were looked for among all events: those of the events that came, and those
        that lost an event and could not be told from what was cached.
    merged : int
        Lists into which events that came were put by their scores alone.
    whole : bool
        Whether all lists were computed instead: with options of the lists or `refresh`, under
        other weights or by another engine than those of the cached lists, where the order of equal
        scores changed, or where many events came.
    """

    added: int
    replaced: int
    removed: int
    changed: int = 0
    searched: int = 0
    merged: int = 0
    whole: bool = False


@dataclass(frozen=True)
class ListChange:
    """What an update of the index does to lists that were known before it.

    Attributes
    ----------
    change : IndexUpdate
        What became of the index.
    before : ListCache
        The lists before.
    left : ListCache
        What is left of them, under the rows of now.
    gaps : numpy.ndarray of bool, shape (n_events,)
        Which lists lost an event; those of added events are empty, and count too.
    """

    change: IndexUpdate
    before: ListCache
    left: ListCache
    gaps: Mask

    @classmethod
    def of(cls, change: IndexUpdate, before: ListCache) -> ListChange:
        """Look at the lists under the rows of now."""
        left, source = before.renumbered(change.source), change.source
        n_before = (before.rows >= 0).sum(axis=1)[source]
        return cls(change, before, left, (source < 0) | ((left.rows >= 0).sum(axis=1) < n_before))

    def whole(self, weights: Weights, engine: str) -> bool:
        """Return whether all lists are found anew, since that is cheaper or alone is right."""
        same = self.before.weights == weights and self.before.engine == engine
        if not (self.change.same_order and same):
            return True
        n_events = len(self.change.index)
        return n_events > _SMALL and int(self.gaps.sum()) * _SHARE > n_events

    def changed(self, now: ListCache) -> Mask:
        """Return by row which lists changed: new, another event or order, or a tag spelt anew."""
        added = self.change.source < 0
        # A list that lost an event has changed, whatever stands there now.
        changed = added | self.gaps | differ(self.left.rows, now.rows) | hold(now.rows, added)
        for column in self.change.renamed_tags:
            changed |= _share_tag(now.rows, self.change.index, int(column))
        return np.asarray(changed)


def _share_tag(rows: ListRows, index: Index, column: int) -> Mask:
    """Return which lists hold an event that shares a tag with the list's own."""
    have = np.zeros(len(index), dtype=np.bool_)
    have[np.flatnonzero(np.diff(index.features.tags[:, [column]].indptr))] = True
    return have & hold(rows, have)


@dataclass(frozen=True)
class _NewPairs:
    """Pairs of a row and an added one that reaches the row's bound."""

    owners: I64
    rows: I64
    scores: F64
    keys: F64


@dataclass(frozen=True)
class IncrementalTopK:
    """Brings lists up to date where few events were added or removed.

    What is not in a list scored no better than its last one, its bound. So the best of those that
    are left and of the added events that reach the bound are the list, as long as there are enough
    of them above it; else the list is searched for among all events.

    Attributes
    ----------
    change : IndexUpdate
        What became of the index.
    engine : Engine
        Over the rows of the index now.
    weights : Weights
        Of the lists.
    """

    change: IndexUpdate
    engine: Engine
    weights: Weights

    def run(self, lists: ListChange) -> tuple[ListCache, int, int]:
        """Return the lists now, how many were searched for, and how many merged."""
        before = lists.before
        source, n_events = self.change.source, len(self.change.index)
        # Written into below, while what was left is still compared with.
        left = replace(lists.left, rows=lists.left.rows.copy(), scores=lists.left.scores.copy())
        added = np.flatnonzero(source < 0)
        bounds = np.full(n_events, np.inf)
        bounds[source >= 0] = before.bounds()[source[source >= 0]]
        width = min(left.n, n_events - 1)
        own, new = self._new_pairs(added, bounds, width)
        n_above = np.bincount(new.owners[new.keys > bounds[new.owners]], minlength=n_events)
        touched = lists.gaps & (source >= 0)
        touched[new.owners] = True
        rows = np.flatnonzero(touched)
        n_left = (left.rows[rows] >= 0).sum(axis=1)
        enough = (n_left + n_above[rows] >= width) | np.isneginf(bounds[rows])
        merged, again = rows[enough], rows[~enough]
        found, _, _ = self._search(again, width)
        for some, best in (
            (added, own),
            (merged, self._merge(left, merged, new, width)),
            (again, found),
        ):
            left.rows[some, :width] = best.rows[:, :width]
            left.scores[some, :width] = best.scores[:, :width]
        return left.first(left.n), len(added) + len(again), len(merged)

    def _exact(self, rows: I64, candidates: I64) -> F64:
        features = self.change.index.features
        return pair_scores(features, rows, features, candidates, self.weights)

    def _search(
        self, rows: I64, width: int, low: npt.NDArray[np.float32] | None = None
    ) -> tuple[Best, I64, I64]:
        def exact(queries: I64, candidates: I64) -> F64:
            return self._exact(rows[queries], candidates)

        return self.engine.best_of_some(rows, exact, width, low)

    def _new_pairs(self, added: I64, bounds: F64, width: int) -> tuple[Best, _NewPairs]:
        """Return the lists of added rows, and the pairs of rows and added ones above a bound."""
        # The last decimal is for the rounding of the bound itself, and of the sums below.
        error = self.engine.candidates.error
        low = (bounds - 2.0 * error - 2.0 * 10.0**-DECIMALS).astype(np.float32)
        own, owners, rows = self._search(added, width, low)
        scores = self._exact(owners, rows)
        keys = np.round(scores, DECIMALS)
        near = keys >= bounds[owners]
        return own, _NewPairs(owners[near], rows[near], scores[near], keys[near])

    def _merge(self, left: ListCache, rows: I64, new: _NewPairs, width: int) -> Best:
        """Return the best of what is left of some lists and of the new pairs that reach them."""
        from relatedevents.retrieval import _list_kernels

        number = np.full(len(left), -1, dtype=np.int64)
        number[rows] = np.arange(len(rows))
        lists = number[new.owners]
        order = np.lexsort((new.rows, -new.keys, lists))
        # Pairs of lists that are searched for among all events stand first, under -1.
        starts = np.searchsorted(lists[order], np.arange(len(rows) + 1))
        best = np.empty((len(rows), width), dtype=np.int64)
        scores = np.empty(best.shape)
        _list_kernels.merge(
            left.rows[rows].astype(np.int64),
            np.round(left.scores[rows], DECIMALS),
            left.scores[rows],
            starts,
            new.rows[order],
            new.keys[order],
            new.scores[order],
            best,
            scores,
        )
        return Best(best, scores)
