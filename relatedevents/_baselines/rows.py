"""Rows: an archive in the order of equal scores, and scores of whole rows cut to lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents.archive import Ids, days_of
from relatedevents.index.order import tie_order
from relatedevents.weights import Weights

#: What a scorer gives to an event that its list must never hold.
EXCLUDED = -np.inf

# A block of scores holds at most so many float64 numbers: 32 MB.
_BLOCK = 4_000_000

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

#: Rows of some queries -> a score for every event, `EXCLUDED` where it does not match.
Scorer = Callable[[Rows], Scores]


@dataclass(frozen=True)
class OrderedArchive:
    """An archive's events, newer first, undated last, then smaller id.

    Attributes
    ----------
    table : pandas.DataFrame
        The checked archive, in that order.
    place : numpy.ndarray of int64, shape (n_events,)
        Where each row stood in the archive as given.
    ids : Ids
        The id of each row.
    id_of_row : numpy.ndarray of object, shape (n_events,)
        The same as an array.
    days : numpy.ndarray of int32, shape (n_events,)
        Days since 1970-01-01, the largest int32 where there is no date.
    """

    table: pd.DataFrame
    place: Rows
    ids: Ids
    id_of_row: npt.NDArray[np.object_]
    days: npt.NDArray[np.int32]

    @classmethod
    def of(cls, archive: pd.DataFrame) -> OrderedArchive:
        """Return the events of a checked archive."""
        place = tie_order(archive, Weights(tie_break="date"))
        table = archive.iloc[place].reset_index(drop=True)
        id_of_row = table["id"].to_numpy(dtype=object)
        return cls(table, place, Ids(id_of_row), id_of_row, days_of(table["date"]))

    def __len__(self) -> int:
        return len(self.days)


def best_rows(scores: Scores, n: int) -> Rows:
    """Return the rows of the n highest scores, best first, equal ones by row; never `EXCLUDED`.

    Parameters
    ----------
    scores : numpy.ndarray of float64, shape (n_events,)
        One score a row.
    n : int
        How many rows at most.

    Examples
    --------
    >>> best_rows(np.array([1.0, EXCLUDED, 3.0, 1.0, 0.0]), 3).tolist()
    [2, 0, 3]
    """
    rows = np.flatnonzero(scores > EXCLUDED)
    if len(rows) > n:
        # All that tie with the n-th stay, so that the row decides among them, not the partition.
        lowest = np.partition(scores[rows], len(rows) - n)[len(rows) - n]
        rows = rows[scores[rows] >= lowest]
    return rows[np.argsort(-scores[rows], kind="stable")[:n]]


def scored_lists(
    events: OrderedArchive,
    queries: Rows,
    until: Rows | None,
    scorer: Scorer,
    n: int,
    on_progress: Callable[[int], object],
) -> pd.DataFrame:
    """Return the lists of some queries by the scores of whole rows, in blocks.

    Parameters
    ----------
    events : OrderedArchive
        The archive.
    queries : numpy.ndarray of int64, shape (n_queries,)
        The rows that get a list; none is in its own.
    until : numpy.ndarray of int64, shape (n_queries,), or None
        The latest day that each list may know; undated events are then left out.
    scorer : callable
        Gives the scores of a block of queries, shape (block, n_events).
    n : int
        How many related events at most.
    on_progress : callable
        Told how many queries are done, block by block.

    Returns
    -------
    pandas.DataFrame
        Columns id, rank, related_id, score; a query that nothing matches has no row.
    """
    size = max(1, _BLOCK // max(1, len(events)))
    found: list[Rows] = []
    values: list[Scores] = []
    for first in range(0, len(queries), size):
        block = queries[first : first + size]
        scores = scorer(block)
        scores[np.arange(len(block)), block] = EXCLUDED
        if until is not None:
            scores[events.days[None, :] > until[first : first + size, None]] = EXCLUDED
        for line in scores:
            found.append(best_rows(line, n))
            values.append(line[found[-1]])
        on_progress(len(block))
    lengths = np.array([len(rows) for rows in found], dtype=np.int64)
    return list_table(
        events,
        np.repeat(queries, lengths),
        np.concatenate([np.zeros(0, dtype=np.int64), *found]),
        np.concatenate([np.zeros(0), *values]),
    )


def list_table(
    events: OrderedArchive, queries: Rows, related: Rows, scores: Scores
) -> pd.DataFrame:
    """Return pairs of rows, list by list and best first, as a table id, rank, related_id, score."""
    new = np.ones(len(queries), dtype=np.bool_)
    new[1:] = queries[1:] != queries[:-1]
    start = np.maximum.accumulate(np.where(new, np.arange(len(queries)), 0))
    return pd.DataFrame(
        {
            "id": events.id_of_row[queries],
            "rank": np.arange(1, len(queries) + 1) - start,
            "related_id": events.id_of_row[related],
            "score": scores,
        }
    )
