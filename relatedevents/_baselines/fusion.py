"""Reciprocal rank fusion: several runs joined by rank alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from relatedevents._baselines.rows import OrderedArchive, Rows, list_table

#: The constant of Cormack, Clarke and Büttcher (SIGIR 2009).
K = 60

# Sums of a few 1 / (k + rank) differ in the 17th digit with the order of adding.
_DECIMALS = 12


def fuse(
    events: OrderedArchive, queries: Rows, lists: Sequence[pd.DataFrame], n: int, k: int = K
) -> pd.DataFrame:
    """Return the fused lists: score(q, c) = sum over the lists that hold c of 1 / (k + rank).

    An event that a list only holds to fill it (score 0) gets nothing for its rank. Equal scores
    go by the events' order: newer first, undated last, then smaller id.

    Parameters
    ----------
    events : OrderedArchive
        The archive.
    queries : numpy.ndarray of int64, shape (n_queries,)
        The rows that get a list.
    lists : sequence of pandas.DataFrame
        Columns id, rank, related_id, score; deeper than n, else an event that two lists know
        further down can't come up.
    n : int
        How many related events at most.
    k : int
        The larger, the less a first rank counts.

    Returns
    -------
    pandas.DataFrame
        Columns id, rank, related_id, score; a query for which no list has anything has no row.

    Examples
    --------
    >>> from relatedevents.archive import check_events
    >>> table = pd.DataFrame({"id": list("abc"), "headline": list("xyz"), "date": "2012-10-12"})
    >>> events = OrderedArchive.of(check_events(table.assign(tags=[[], [], []])))
    >>> one = pd.DataFrame({"id": "a", "rank": [1, 2], "related_id": ["b", "c"], "score": 1.0})
    >>> two = pd.DataFrame({"id": "a", "rank": [1], "related_id": ["c"], "score": 1.0})
    >>> fuse(events, np.array([0]), [one, two], n=2)[["related_id", "score"]].round(4)
      related_id   score
    0          c  0.0325
    1          b  0.0164
    """
    queries_of, related_of, gains = [], [], []
    for table in lists:
        kept = table[table["score"] > 0.0]
        queries_of.append(events.ids.rows_of(kept["id"], "id"))
        related_of.append(events.ids.rows_of(kept["related_id"], "related_id"))
        gains.append(1.0 / (k + kept["rank"].to_numpy(dtype=np.float64)))
    asked, related = np.concatenate(queries_of), np.concatenate(related_of)
    pairs, number = np.unique(np.stack([asked, related]), axis=1, return_inverse=True)
    total = np.bincount(number.ravel(), weights=np.concatenate(gains), minlength=pairs.shape[1])
    scores = np.asarray(total, dtype=np.float64).round(_DECIMALS)
    turn = np.empty(len(events), dtype=np.int64)
    turn[queries] = np.arange(len(queries))
    order = np.lexsort((pairs[1], -scores, turn[pairs[0]]))
    table = list_table(events, pairs[0][order], pairs[1][order], scores[order])
    return table[table["rank"] <= n].reset_index(drop=True)
