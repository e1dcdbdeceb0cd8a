"""Kept lists: the first lists of everyone, and what was shown, so that changes can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from relatedevents.archive import inverse
from relatedevents.engines.base import Best
from relatedevents.scoring.signals import DECIMALS
from relatedevents.store import Contents
from relatedevents.weights import Weights

Places = npt.NDArray[np.int64]
Lists = npt.NDArray[np.int32]
_Array = TypeVar("_Array", bound=npt.NDArray[Any])
_NAMES = ("list_places", "list_scores", "list_shown")


@dataclass(frozen=True)
class KeptLists:
    """The first lists of a whole archive, one row an event, in the order of its table.

    They say who the neighbours of every event are, and what `update` has to look at. Where
    neighbours count nothing, they are the lists themselves.

    Attributes
    ----------
    places : numpy.ndarray of int32, shape (n_events, width)
        The places of the related events in the table, best first; -1 where a list is shorter.
        Lists are `n` long, or as long as the archive's size allows.
    scores : numpy.ndarray of float64, shape (n_events, width)
        Their scores without the neighbours' part; 0 where a list is shorter.
    n : int
        How many related events were asked for.
    weights : Weights
        Under which weights.
    shown : numpy.ndarray of int, shape (n_events, width of the lists shown)
        The places of the events of the lists that were shown; of width 0 if none were yet.
    n_shown : int
        How many related events they were asked for; 0 if they were not.
    """

    places: Lists
    scores: npt.NDArray[np.float64]
    n: int
    weights: Weights
    shown: npt.NDArray[np.signedinteger[Any]]
    n_shown: int

    @classmethod
    def of_rows(
        cls,
        rows: Places,
        scores: npt.NDArray[np.float64],
        order: Places,
        n: int,
        weights: Weights,
    ) -> KeptLists:
        """Return the lists of all rows of an index, given row by row.

        Parameters
        ----------
        rows : numpy.ndarray of int64, shape (n_events, at least the width)
            Best first, -1 beyond the end of a list.
        scores : numpy.ndarray of float64, of the same shape
            Their scores.
        order : numpy.ndarray of int64, shape (n_events,)
            The place in the table of each row.
        n, weights
            As the attributes.
        """
        width = min(n, len(order) - 1)
        places = np.empty((len(order), width), dtype=np.int32)
        places[order] = order.astype(np.int32)[rows[:, :width]]
        of_place = np.empty((len(order), width))
        of_place[order] = scores[:, :width]
        nothing = np.zeros((len(order), 0), dtype=np.int32)
        return cls(places, of_place, n, weights, nothing, 0)

    def best(self, order: Places, rows: Places | None = None) -> Best:
        """Return the first lists by row of an index, as an engine gives them.

        With `rows`, those of some rows.
        """
        asked = order if rows is None else order[rows]
        places = self.places[asked]
        # A place of -1 looks up the extra last entry.
        found = np.append(inverse(order), -1)[places]
        return Best(found, self.scores[asked])

    def serves(self, n: int, weights: Weights) -> bool:
        """Return whether these are first lists under some weights, and long enough for `n`."""
        wide = self.n >= n or self.places.shape[1] == len(self.places) - 1
        return wide and self.weights.first_pass() == weights.first_pass()

    def bounds(self) -> npt.NDArray[np.float64]:
        """Return what a rounded score has to reach to enter each list, -inf where all may."""
        n_events = len(self.places)
        if n_events - 1 < self.n:
            return np.full(n_events, -np.inf)
        return np.round(self.scores[:, self.n - 1], DECIMALS)

    def moved(self, place_now: Places, n_events: int) -> KeptLists:
        """Return the lists over a changed table.

        Parameters
        ----------
        place_now : numpy.ndarray of int64, shape (n_events before,)
            The place now of each event, -1 for one that went.
        n_events : int
            How many events there are now; those that came have empty lists.
        """
        came = n_events - len(place_now)
        if came >= 0 and np.array_equal(place_now, np.arange(len(place_now))):
            # Nothing went: events that come stand at the end of the table, whoever they are.
            places = _longer(self.places, n_events, self.n, -1)
            scores = _longer(self.scores, n_events, self.n, 0.0)
            shown = _longer(self._shown32, n_events, self.n_shown, -1)
        else:
            places, scores = _moved(self.places, self.scores, place_now, n_events, self.n)
            shown, _ = _moved(self._shown32, None, place_now, n_events, self.n_shown)
        return replace(self, places=places, scores=scores, shown=shown)

    def cut(self) -> KeptLists:
        """Return the lists no wider than so few events allow."""
        most = len(self.places) - 1
        if self.places.shape[1] <= most:
            return self
        return replace(
            self,
            places=np.ascontiguousarray(self.places[:, :most]),
            scores=np.ascontiguousarray(self.scores[:, :most]),
            shown=np.ascontiguousarray(self.shown[:, :most]),
        )

    @property
    def _shown32(self) -> Lists:
        return self.shown.astype(np.int32, copy=False)

    def into(self, contents: Contents) -> Contents:
        """Return what a saved model holds, with the lists."""
        lists = {"n": self.n, "weights": self.weights.to_dict(), "n_shown": self.n_shown}
        values = (self.places, self.scores, self._shown32)
        arrays: dict[str, npt.NDArray[Any]] = dict(zip(_NAMES, values, strict=True))
        return replace(
            contents,
            settings={**contents.settings, "lists": lists},
            arrays={**contents.arrays, **arrays},
        )

    @classmethod
    def of_contents(cls, contents: Contents, n_events: int) -> KeptLists | None:
        """Return the lists that a saved model holds, or None.

        Raises
        ------
        ValueError
            If they are not those of so many events.
        """
        saved: dict[str, Any] | None = contents.settings.get("lists")
        if saved is None:
            return None
        places, scores, shown = (np.asarray(contents.arrays[name]) for name in _NAMES)
        shape = (n_events, min(saved["n"], n_events - 1))
        if not (places.shape == scores.shape == shape):
            came = f"lists of shape {places.shape} and {scores.shape} for {n_events} events"
            raise ValueError(came)
        if shown.shape != (n_events, min(saved["n_shown"], n_events - 1)):
            came = f"shown lists of shape {shown.shape} for {n_events} events"
            raise ValueError(came)
        return cls(
            places.astype(np.int32, copy=False),
            scores,
            saved["n"],
            Weights.from_dict(saved["weights"]),
            shown.astype(np.int32, copy=False),
            saved["n_shown"],
        )


def _width(lists: npt.NDArray[Any], n_events: int, n: int) -> int:
    return max(int(lists.shape[1]), min(n, n_events - 1))


def _longer(lists: _Array, n_events: int, n: int, empty: float) -> _Array:
    """Return a copy with lists for more events, and as wide as so many events allow."""
    n_before, width = lists.shape
    longer = np.empty((n_events, _width(lists, n_events, n)), dtype=lists.dtype)
    longer[:n_before, :width] = lists
    longer[:n_before, width:] = empty
    longer[n_before:] = empty
    return cast(_Array, longer)


def _moved(
    lists: Lists,
    scores: npt.NDArray[np.float64] | None,
    place_now: Places,
    n_events: int,
    n: int,
) -> tuple[Lists, npt.NDArray[np.float64]]:
    from relatedevents.retrieval import _list_kernels

    places = np.full((n_events, _width(lists, n_events, n)), -1, dtype=np.int32)
    scores_now = np.zeros((n_events, 0) if scores is None else places.shape)
    before = np.zeros((len(lists), 0)) if scores is None else np.ascontiguousarray(scores)
    _list_kernels.move(np.ascontiguousarray(lists), before, place_now, places, scores_now)
    return places, scores_now


def lacking(lists: Lists, width: int) -> npt.NDArray[np.bool_]:
    """Return which lists have a gap among their first `width` places."""
    from relatedevents.retrieval import _list_kernels

    lack = np.zeros(len(lists), dtype=np.bool_)
    _list_kernels.lacking(lists, width, lack)
    return lack


def differ(before: Lists, now: Lists) -> npt.NDArray[np.bool_]:
    """Return which lists hold other events, or the same in another order."""
    width = min(before.shape[1], now.shape[1])
    longer = (before[:, width:] >= 0).any(axis=1) | (now[:, width:] >= 0).any(axis=1)
    return np.asarray(longer | (before[:, :width] != now[:, :width]).any(axis=1))


def hold(lists: Lists, named: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which lists hold one of the places named."""
    from relatedevents.retrieval import _list_kernels

    held = np.zeros(len(lists), dtype=np.bool_)
    _list_kernels.hold(np.ascontiguousarray(lists, dtype=np.int32), named, held)
    return held
