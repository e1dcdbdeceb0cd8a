"""Pairs: queries and related events, list by list and best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.engines.base import Best
from relatedevents.retrieval.filters import Choice


@dataclass(frozen=True)
class Pairs:
    """The pairs of some lists, list by list and best first.

    Attributes
    ----------
    queries : numpy.ndarray of int64, shape (n_pairs,)
        The number of the query, from 0.
    candidates : numpy.ndarray of int64, shape (n_pairs,)
        The related event's row.
    scores : numpy.ndarray of float64, shape (n_pairs,)
    pinned : numpy.ndarray of bool, shape (n_pairs,)
    """

    queries: npt.NDArray[np.int64]
    candidates: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    pinned: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.queries)

    @classmethod
    def of(cls, best: Best) -> Pairs:
        """Return the pairs of what an engine found, unused places left out."""
        there = best.rows >= 0
        queries = np.broadcast_to(np.arange(len(there))[:, None], there.shape)[there]
        pinned = np.zeros(len(queries), dtype=np.bool_)
        return cls(queries, best.rows[there], best.scores[there], pinned)

    @classmethod
    def concatenated(cls, pieces: Sequence[Pairs]) -> Pairs:
        """Return the pairs of the first piece, then those of the next ones."""
        return cls(
            np.concatenate([some.queries for some in pieces]),
            np.concatenate([some.candidates for some in pieces]),
            np.concatenate([some.scores for some in pieces]),
            np.concatenate([some.pinned for some in pieces]),
        )

    def where(self, mask: npt.NDArray[np.bool_]) -> Pairs:
        """Return the pairs for which the mask holds."""
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def take(self, places: npt.NDArray[np.intp]) -> Pairs:
        """Return some pairs, in the order given."""
        return Pairs(
            self.queries[places],
            self.candidates[places],
            self.scores[places],
            self.pinned[places],
        )

    def ranks(self) -> npt.NDArray[np.int64]:
        """Return each pair's place in its list, from 1."""
        new = np.r_[True, self.queries[1:] != self.queries[:-1]] if len(self.queries) else []
        first = np.maximum.accumulate(np.where(new, np.arange(len(self.queries)), 0))
        return np.arange(1, len(self.queries) + 1) - first


def named_pairs(
    query_rows: npt.NDArray[np.int64], choice: Choice
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return what a user named for the queries, as query numbers and candidate rows."""
    if not choice.most:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    rows = [choice.of(int(row)) for row in query_rows]
    numbers = np.repeat(np.arange(len(rows)), [len(some) for some in rows])
    return numbers, np.concatenate([np.zeros(0, dtype=np.int64), *rows])


def without(pairs: Pairs, query_rows: npt.NDArray[np.int64], choice: Choice) -> Pairs:
    """Return the pairs without those whose candidate was named for their query."""
    numbers, rows = named_pairs(query_rows, choice)
    if not len(rows):
        return pairs
    span = int(max(pairs.candidates.max(initial=0), rows.max())) + 1
    return pairs.where(~np.isin(pairs.queries * span + pairs.candidates, numbers * span + rows))


def join(*pieces: Pairs) -> Pairs:
    """Return each query's pairs of the first piece, then those of the next ones."""
    whole = Pairs.concatenated(pieces)
    return whole.take(np.argsort(whole.queries, kind="stable"))
