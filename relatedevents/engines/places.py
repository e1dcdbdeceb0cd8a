"""Places: candidates and queries in the order of days, as the approximate engine looks at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.engines.clusters import Cells, nearest
from relatedevents.engines.postings import CsrArrays
from relatedevents.engines.terms import UNDATED, ScoreTerms

#: The day of an undated event here: no sum of two overflows, and it lies beyond every time table.
FAR = 2**30

_CHUNK = 65536

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """One side of the weighted sum in the shapes that the kernels take.

    Attributes
    ----------
    dense : numpy.ndarray of float32, shape (n, n_dimensions)
        Both dense operands beside each other, each times the root of its weight.
    days, codes : numpy.ndarray of int32, shape (n,)
    factor, bonus : numpy.ndarray of float32, shape (n,)
    matrices : tuple of CsrArrays
        The sparse, the bent and the pattern operand.
    """

    dense: F32
    days: I32
    codes: I32
    factor: F32
    bonus: F32
    matrices: tuple[CsrArrays, CsrArrays, CsrArrays]

    @classmethod
    def of(cls, side: ScoreTerms, rows: I64) -> Side:
        """Return the rows of an operand side, in the order given."""
        pieces = [(side.dense, side.dense_weight), (side.side, side.side_weight)]
        widths = [vectors.shape[1] for vectors, _ in pieces]
        dense = np.empty((len(rows), sum(widths)), dtype=np.float32)
        for (vectors, weight), at in zip(pieces, (0, widths[0]), strict=True):
            root = np.float32(np.sqrt(weight))
            # In chunks, since a copy of all of it would take as much memory again.
            for first in range(0, len(rows), _CHUNK):
                some = rows[first : first + _CHUNK]
                here = dense[first : first + _CHUNK, at : at + vectors.shape[1]]
                np.multiply(vectors[some], root, out=here)
        return cls(
            dense,
            np.where(side.days == UNDATED, FAR, side.days)[rows].astype(np.int32),
            side.codes[rows].astype(np.int32, copy=False),
            side.factor[rows] if side.pattern.shape[1] else np.zeros(len(rows), np.float32),
            side.bonus[rows],
            (
                CsrArrays.of(side.sparse[rows]),
                CsrArrays.of(side.bent[rows]),
                CsrArrays.of(side.pattern[rows]),
            ),
        )


@dataclass(frozen=True)
class Queries:
    """Queries as the kernels take them.

    Attributes
    ----------
    side : Side
        Their side of the sum.
    numbers : numpy.ndarray of int64, shape (n_queries,)
        The number that the caller knows each by.
    own : numpy.ndarray of int32, shape (n_queries,)
        The place that each is itself, -1 for one from outside.
    centre : numpy.ndarray of int32, shape (n_queries,)
        The place around which those near in time lie.
    """

    side: Side
    numbers: I64
    own: I32
    centre: I32

    def cells(self, cells: Cells) -> I64:
        """Return the cell of each query's vector."""
        inside = self.own >= 0
        found = np.empty(len(self.own), dtype=np.int64)
        found[inside] = cells.cell_of[self.own[inside]]
        found[~inside] = nearest(self.side.dense[~inside], cells.centres)
        return found


@dataclass(frozen=True)
class Places:
    """The candidates in the order of days, undated ones last.

    Attributes
    ----------
    side : Side
        In that order.
    row_of : numpy.ndarray of int32, shape (n_candidates,)
        The row of each place.
    place_of : numpy.ndarray of int64, shape (n_candidates,)
        The place of each row.
    """

    side: Side
    row_of: I32
    place_of: I64

    @classmethod
    def of(cls, candidates: ScoreTerms) -> Places:
        """Sort candidates; those of one day stay in the order of rows."""
        row_of = np.argsort(candidates.days, kind="stable")
        place_of = np.empty(len(row_of), dtype=np.int64)
        place_of[row_of] = np.arange(len(row_of))
        return cls(Side.of(candidates, row_of), row_of.astype(np.int32), place_of)

    def queries(self, queries: ScoreTerms | None, own_rows: I64) -> Queries:
        """Return queries as the kernels take them; None for all candidates."""
        if queries is None:
            places = np.arange(len(self.row_of), dtype=np.int32)
            return Queries(self.side, self.row_of.astype(np.int64), places, places)
        numbers = np.arange(len(own_rows))
        side = Side.of(queries, numbers)
        centre = np.searchsorted(self.side.days, side.days)
        own = np.where(own_rows >= 0, self.place_of[own_rows], -1)
        centre = np.where(own_rows >= 0, own, centre)
        return Queries(side, numbers, own.astype(np.int32), centre.astype(np.int32))


@dataclass(frozen=True)
class Windows:
    """The places that are all looked at for each query, from `first` to before `until`.

    `end` is the place before which a query's candidates lie: those up to its last day.
    """

    first: I32
    until: I32
    end: I32

    @classmethod
    def of(cls, asked: Queries, days: I32, last_days: I64 | None, width: int) -> Windows:
        """Return windows of `width` places around the queries, none for undated queries.

        Parameters
        ----------
        asked : Queries
            The queries.
        days : numpy.ndarray of int32
            The day of each place, rising.
        last_days : numpy.ndarray of int64 or None
            By the queries' numbers: the last day of a candidate.
        width : int
            Moved rather than cut where a window would reach past the first or the last place.
        """
        n = len(days)
        end = np.full(len(asked.numbers), n, dtype=np.int64)
        if last_days is not None:
            # Whatever the last day may be, an undated candidate lies beyond it.
            latest = np.clip(last_days[asked.numbers], -FAR, FAR - 1)
            end = np.searchsorted(days, latest, side="right")
        first = np.maximum(np.minimum(asked.centre - width // 2, end - width), 0)
        until = np.minimum(first + width, end)
        none = asked.side.days == FAR
        first[none] = until[none] = 0
        return cls(first.astype(np.int32), until.astype(np.int32), end.astype(np.int32))


def available(windows: Windows, asked: Queries, allowed: npt.NDArray[np.bool_]) -> I64:
    """Return how many candidates each query has, itself not counted."""
    before = np.append(0, np.cumsum(allowed))
    mine = (asked.own >= 0) & (asked.own < windows.end) & allowed[asked.own]
    return np.asarray(before[windows.end] - mine)
