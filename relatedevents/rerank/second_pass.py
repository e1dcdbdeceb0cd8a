"""The second pass: what the first lists say of two events, and lists put in order by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.scoring.signals import DECIMALS, UNDATED, Features

#: How many of an event's first list are its neighbours.
N_NEIGHBOURS = 10
#: How long a first list is, where a list asked for is not longer.
FIRST_LIST = 30

# Every day, "undated" too, is no later than this one.
_ALWAYS = np.iinfo(np.int32).max

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Neighbourhoods:
    """The middles of some events' neighbourhoods.

    A neighbourhood is the first ten of the event's first list, as far as they have any evidence;
    its middle is the sum of their coordinates, made of length 1 (0 where there are none).

    Attributes
    ----------
    members : numpy.ndarray of int64, shape (n_events, n_neighbours)
        Rows of the archive, -1 where there are fewer.
    places : numpy.ndarray of float32, shape (n_events, n_directions)
        The middles.
    """

    members: Rows
    places: npt.NDArray[np.float32]

    @classmethod
    def of(
        cls,
        rows: Rows,
        scores: npt.NDArray[np.float64],
        archive: Features,
        until: Rows | None = None,
    ) -> Neighbourhoods:
        """Return the neighbourhoods of events whose first lists are known.

        Parameters
        ----------
        rows, scores : numpy.ndarray, shape (n_events, at least n_neighbours or all there are)
            The first lists, best first, -1 beyond their end.
        archive : Features
            Of the archive.
        until : numpy.ndarray of int64, shape (n_events,), optional
            The latest day that a neighbour of each event may have; undated ones are then left
            out.
        """
        evidence = np.round(scores[:, :N_NEIGHBOURS], DECIMALS) > 0.0
        members = np.where(evidence, rows[:, :N_NEIGHBOURS], -1).astype(np.int64)
        return cls(members, _middles(members, archive, until))

    def carried(self, source: Rows, width: int) -> Neighbourhoods:
        """Return the same after events came or went.

        Parameters
        ----------
        source : numpy.ndarray of int64, shape (n_events now,)
            The row before of each row now, -1 for an event that came: its neighbourhood is empty,
            like the places of neighbours that went.
        width : int
            How many members a neighbourhood may have now.
        """
        from relatedevents.rerank import _kernels

        row_now = np.full(len(self.members), -1, dtype=np.int64)
        stayed = np.flatnonzero(source >= 0)
        row_now[source[stayed]] = stayed
        members = np.full((len(source), width), -1, dtype=np.int64)
        places = np.empty((len(source), self.places.shape[1]), dtype=np.float32)
        _kernels.carry(self.members, self.places, source, row_now, members, places)
        return Neighbourhoods(members, places)

    def put(self, rows: Rows, others: Neighbourhoods) -> None:
        """Put others in the place of those of some rows."""
        self.members[rows], self.places[rows] = others.members, others.places

    def take(self, rows: Rows) -> Neighbourhoods:
        """Return the neighbourhoods of some events."""
        return Neighbourhoods(self.members[rows], self.places[rows])

    def known(self, archive: Features, until: Rows) -> Neighbourhoods:
        """Return the same without members that are later than a day, one day an event."""
        return Neighbourhoods(self.members, _middles(self.members, archive, until))


def _middles(members: Rows, archive: Features, until: Rows | None) -> npt.NDArray[np.float32]:
    from relatedevents.rerank import _kernels

    latest = np.full(len(members), _ALWAYS, dtype=np.int64)
    if until is not None:
        latest = np.minimum(until, UNDATED - 1)
    coordinates = archive.coordinates
    places = np.empty((len(members), coordinates.shape[1]), dtype=np.float32)
    _kernels.middles(np.ascontiguousarray(members), coordinates, archive.days, latest, places)
    return places


def neighbour_values(
    queries: Neighbourhoods,
    query_rows: Rows,
    archive: Neighbourhoods,
    candidate_rows: Rows,
    features: Features,
    until: Rows | None = None,
) -> npt.NDArray[np.float64]:
    """Return the neighbours signal of some pairs: the cosine of the middles, below 0 counts 0.

    Parameters
    ----------
    queries : Neighbourhoods
        Of the queries, as they are without `until`.
    query_rows, candidate_rows : numpy.ndarray of int64, shape (n_pairs,)
        Rows of the queries and of the archive.
    archive : Neighbourhoods
        Of the whole archive.
    features : Features
        Of the archive.
    until : numpy.ndarray of int64, shape (n_queries,), optional
        What the page of each query could know: on both sides later neighbours are left out.
    """
    from relatedevents.scoring import pairs

    if until is None:
        return np.asarray(pairs.cosines(queries.places, query_rows, archive.places, candidate_rows))
    values = np.empty(len(query_rows))
    mine = queries.known(features, until).places
    # In pieces: every pair has a middle of its own.
    for first in range(0, len(query_rows), _PIECE):
        q, c = query_rows[first : first + _PIECE], candidate_rows[first : first + _PIECE]
        theirs = archive.take(c).known(features, until[q]).places
        values[first : first + len(q)] = pairs.cosines(mine, q, theirs, np.arange(len(c)))
    return values


_PIECE = 65_536
