"""Kept lists: the first lists of everyone, and what was shown, so that changes can be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from relatedevents.archive import inverse
from relatedevents.engines.contract import Best
from relatedevents.signals import DECIMALS
from relatedevents.store import Contents
from relatedevents.weights import Weights

Places = npt.NDArray[np.int64]
_NAMES = ("list_places", "list_scores", "list_shown")


@dataclass(frozen=True)
class KeptLists:
    """The first lists of a whole archive, one row an event, in the order of its table.

    They say who the neighbours of every event are, and what `update` has to look at. Where
    neighbours count nothing, they are the lists themselves.

    Attributes
    ----------
    places : numpy.ndarray of int64, shape (n_events, width)
        The places of the related events in the table, best first; -1 where a list is shorter.
        Lists are `n` long, or as long as the archive's size allows.
    scores : numpy.ndarray of float64, shape (n_events, width)
        Their scores without the neighbours' part; 0 where a list is shorter.
    n : int
        How many related events were asked for.
    weights : Weights
        Under which weights.
    shown : numpy.ndarray of int64, shape (n_events, width of the lists shown)
        The places of the events of the lists that were shown; of width 0 if none were yet.
    n_shown : int
        How many related events they were asked for; 0 if they were not.
    """

    places: Places
    scores: npt.NDArray[np.float64]
    n: int
    weights: Weights
    shown: Places
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
        places = np.empty((len(order), width), dtype=np.int64)
        places[order] = order[rows[:, :width]]
        of_place = np.empty((len(order), width))
        of_place[order] = scores[:, :width]
        nothing = np.zeros((len(order), 0), dtype=np.int64)
        return cls(places, of_place, n, weights, nothing, 0)

    def best(self, order: Places, rows: Places | None = None) -> Best:
        """Return the first lists by row of an index, as an engine gives them: their one part.

        With `rows`, those of some rows.
        """
        asked = order if rows is None else order[rows]
        places = self.places[asked]
        found = np.where(places >= 0, inverse(order)[places], -1)
        return Best(found, self.scores[asked][:, :, None])

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
        places = _moved(self.places, place_now, n_events, self.n)
        scores = np.zeros(places.shape)
        stayed = place_now >= 0
        scores[np.ix_(place_now[stayed], np.arange(self.places.shape[1]))] = self.scores[stayed]
        scores[places < 0] = 0.0
        shown = _moved(self.shown, place_now, n_events, self.n_shown)
        return replace(self, places=places, scores=scores, shown=shown)

    def into(self, contents: Contents) -> Contents:
        """Return what a saved model holds, with the lists."""
        lists = {"n": self.n, "weights": self.weights.to_dict(), "n_shown": self.n_shown}
        values = (self.places.astype(np.int32), self.scores, self.shown.astype(np.int32))
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
            places.astype(np.int64),
            scores,
            saved["n"],
            Weights.from_dict(saved["weights"]),
            shown.astype(np.int64),
            saved["n_shown"],
        )


def _moved(lists: Places, place_now: Places, n_events: int, n: int) -> Places:
    width = max(lists.shape[1], min(n, n_events - 1))
    moved = np.full((n_events, width), -1, dtype=np.int64)
    stayed = place_now >= 0
    here = np.ix_(place_now[stayed], np.arange(lists.shape[1]))
    # A place of -1 looks up the extra last entry.
    moved[here] = np.append(place_now, -1)[lists[stayed]]
    return moved
