"""The list cache: the lists of a whole archive without options, by which changes are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from relatedevents._util.contents import Contents
from relatedevents.engines.base import Best
from relatedevents.engines.terms import DECIMALS
from relatedevents.index.numbering import Rows
from relatedevents.weights import Weights

#: Rows in the four bytes that an archive of two thousand million events needs.
ListRows = npt.NDArray[np.int32]
_ROWS, _SCORES = "list_rows", "list_scores"


@dataclass(frozen=True)
class ListCache:
    """The lists of a whole archive under some weights, row by row, best first.

    Attributes
    ----------
    rows : numpy.ndarray of int32, shape (n_events, width)
        The related events' rows; -1 where a list is shorter. Lists are `n` long, or as long as
        the archive's size allows.
    scores : numpy.ndarray of float64, shape (n_events, width)
        Their scores; 0 where a list is shorter.
    n : int
        How many related events were asked for.
    weights : Weights
        Under which weights.
    version : int
        Of which version of the index.
    engine : str
        Which engine found them, "exact" or "approximate".
    """

    rows: ListRows
    scores: npt.NDArray[np.float64]
    n: int
    weights: Weights
    version: int
    engine: str

    @classmethod
    def of(cls, best: Best, n: int, weights: Weights, version: int, engine: str) -> ListCache:
        """Return the lists that an engine found for every row."""
        width = min(n, len(best.rows) - 1)
        rows = np.ascontiguousarray(best.rows[:, :width], dtype=np.int32)
        return cls(rows, np.ascontiguousarray(best.scores[:, :width]), n, weights, version, engine)

    def __len__(self) -> int:
        return len(self.rows)

    def serves(self, n: int, weights: Weights, version: int, engine: str) -> bool:
        """Return whether these are lists of `n` events under such weights."""
        same = self.weights == weights and self.version == version and self.engine == engine
        return self.n >= n and same

    def first(self, n: int) -> ListCache:
        """Return the lists of `n` events: a longer list begins with the shorter one."""
        return ListCache.of(self.best(), n, self.weights, self.version, self.engine)

    def best(self, rows: Rows | None = None) -> Best:
        """Return the lists of some rows, or of all, as an engine gives them."""
        if rows is None:
            return Best(self.rows.astype(np.int64), self.scores)
        return Best(self.rows[rows].astype(np.int64), self.scores[rows])

    def bounds(self) -> npt.NDArray[np.float64]:
        """Return what a rounded score has to reach to enter each list, -inf where all may."""
        if len(self) - 1 < self.n:
            return np.full(len(self), -np.inf)
        return np.round(self.scores[:, self.n - 1], DECIMALS)

    def reaching(self, least: float) -> ListCache:
        """Return the lists without what has a lower score than that, rounded."""
        rows = np.where(np.round(self.scores, DECIMALS) >= least, self.rows, -1)
        return replace(self, rows=rows.astype(np.int32, copy=False))

    def renumbered(self, source: npt.NDArray[np.int64]) -> ListCache:
        """Return what is left of the lists after events came or went; nobody else's arrays.

        Parameters
        ----------
        source : numpy.ndarray of int64, shape (n_events now,)
            The row before of each row now, -1 for an event that came: its list is empty. Events
            that went leave a gap, -1 with a score of 0. Lists are as wide as so many events allow.
        """
        from relatedevents.retrieval import _list_kernels

        n_events = len(source)
        width = max(self.rows.shape[1], min(self.n, n_events - 1))
        rows = np.full((n_events, width), -1, dtype=np.int32)
        scores = np.zeros((n_events, width))
        row_now = np.full(len(self), -1, dtype=np.int64)
        stayed = np.flatnonzero(source >= 0)
        row_now[source[stayed]] = stayed
        _list_kernels.renumber(self.rows, np.asarray(self.scores), row_now, rows, scores)
        return replace(self, rows=rows, scores=scores, version=self.version + 1)

    def contents(self) -> Contents:
        """Return what a saved model holds of the lists."""
        told = {"n": self.n, "weights": self.weights.to_dict(), "engine": self.engine}
        return Contents({"lists": told}, {_ROWS: self.rows, _SCORES: self.scores}, {})

    @classmethod
    def of_contents(cls, contents: Contents, n_events: int) -> ListCache | None:
        """Return the lists that a saved model holds, or None.

        Raises
        ------
        ValueError
            If they are not those of so many events.
        """
        saved: dict[str, Any] | None = contents.settings.get("lists")
        if saved is None:
            return None
        rows, scores = np.asarray(contents.arrays[_ROWS]), np.asarray(contents.arrays[_SCORES])
        if not rows.shape == scores.shape == (n_events, min(saved["n"], n_events - 1)):
            came = f"lists of shape {rows.shape} and {scores.shape} for {n_events} events"
            raise ValueError(came)
        rows = rows.astype(np.int32, copy=False)
        weights, engine = Weights.only(**saved["weights"]), saved.get("engine", "exact")
        return cls(rows, scores, saved["n"], weights, version=0, engine=engine)


def differ(before: ListRows, now: ListRows) -> npt.NDArray[np.bool_]:
    """Return which lists hold other events, or the same in another order."""
    width = min(before.shape[1], now.shape[1])
    longer = (before[:, width:] >= 0).any(axis=1) | (now[:, width:] >= 0).any(axis=1)
    return np.asarray(longer | (before[:, :width] != now[:, :width]).any(axis=1))


def hold(rows: ListRows, named: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which lists hold one of the rows named."""
    from relatedevents.retrieval import _list_kernels

    held = np.zeros(len(rows), dtype=np.bool_)
    _list_kernels.hold(np.ascontiguousarray(rows, dtype=np.int32), named, held)
    return held
