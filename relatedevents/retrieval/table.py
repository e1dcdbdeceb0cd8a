"""Lists: the engine's rows and parts turned into the long table that users meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._util.gc import collector_paused
from relatedevents.engines.base import Best
from relatedevents.retrieval.filters import Choice
from relatedevents.scoring.pairs import shared_columns
from relatedevents.scoring.signals import DECIMALS, add_parts, csr_arrays
from relatedevents.weights import SIGNALS

#: The columns of a long table of lists, in order.
COLUMNS = ("id", "rank", "related_id", "score", "probability", *SIGNALS, "shared_tags", "basis")

#: The basis of a pair for which no signal found anything.
NO_EVIDENCE = "none"
PIN = "pin"


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

    @classmethod
    def of(cls, best: Best) -> Pairs:
        """Return the pairs of what an engine found, unused places left out."""
        there = best.rows >= 0
        queries = np.broadcast_to(np.arange(len(there))[:, None], there.shape)[there]
        scores = add_parts(best.parts[there])
        return cls(queries, best.rows[there], scores, np.zeros(len(queries), bool))

    @classmethod
    def one_after_another(cls, pieces: Sequence[Pairs]) -> Pairs:
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


def join(*pieces: Pairs) -> tuple[Pairs, npt.NDArray[np.intp]]:
    """Return each query's pairs of the first piece, then those of the next ones; and their order.

    The order tells where each pair stood when the pieces lay one after the other.
    """
    whole = Pairs.one_after_another(pieces)
    order = np.argsort(whole.queries, kind="stable")
    return whole.take(order), order


def basis_of(
    parts: npt.NDArray[np.float64], pinned: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return the signals that had evidence for each pair, joined by "+".

    A part that rounds to 0 at the decimals that order a list is no evidence: two events ten years
    apart are not related by time.

    Examples
    --------
    >>> parts = np.array([[0.5, 0.0, 0.1, 0.0, 0.0, 0.0, 0.2, 0.0, 0.0], [0.0] * 9])
    >>> basis_of(parts, np.array([False, True])).tolist()
    ['semantic+tags+time', 'pin+none']
    """
    bits = 2 ** np.arange(len(SIGNALS))
    # Signal by signal: all at once would take as much memory as the parts, twice over.
    number = np.zeros(len(parts), dtype=np.int64)
    for place, bit in enumerate(bits):
        number += bit * (np.round(parts[:, place], DECIMALS) > 0.0)
    basis = np.asarray(_basis_names()[number])
    if pinned.any():
        basis[pinned] = PIN + "+" + basis[pinned]
    return basis


@cache
def _basis_names() -> npt.NDArray[np.object_]:
    """Return the basis for every set of signals, by the sum of their bits."""
    names = np.empty(2 ** len(SIGNALS), dtype=object)
    for code in range(len(names)):
        there = [name for place, name in enumerate(SIGNALS) if code >> place & 1]
        names[code] = "+".join(there) or NO_EVIDENCE
    return names


def shared_tags(
    query_tags: sparse.csr_matrix,
    queries: npt.NDArray[np.int64],
    candidate_tags: sparse.csr_matrix,
    candidates: npt.NDArray[np.int64],
    names: Sequence[str],
) -> list[list[str]]:
    """Return the tags that each pair shares, in the order of the tags' keys."""
    starts, columns = shared_columns(
        csr_arrays(query_tags), queries, csr_arrays(candidate_tags), candidates
    )
    with collector_paused():
        told = [names[column] for column in columns]
        return [told[a:b] for a, b in pairwise(starts.tolist())]


def long_table(
    pairs: Pairs,
    parts: npt.NDArray[np.float64],
    probabilities: npt.NDArray[np.float64],
    query_ids: npt.NDArray[np.object_],
    related_ids: npt.NDArray[np.object_],
    tags: list[list[str]],
) -> pd.DataFrame:
    """Return the long table of some pairs.

    Parameters
    ----------
    pairs : Pairs
        List by list, best first.
    parts : numpy.ndarray of float64, shape (n_pairs, n_signals)
        What their scores are made of.
    probabilities : numpy.ndarray of float64, shape (n_pairs,)
        How probable each link is, NaN where this is not known.
    query_ids : numpy.ndarray of object, shape (n_queries,)
        The id of each query number.
    related_ids : numpy.ndarray of object, shape (n_events,)
        The id of each row.
    tags : list of list of str
        The shared tags of each pair.
    """
    # The parts as they lie in memory: single columns would be copies, and pandas joins them again.
    table = pd.DataFrame(parts, columns=list(SIGNALS), copy=False)
    table.insert(0, "probability", probabilities)
    table.insert(0, "score", pairs.scores)
    table.insert(0, "related_id", _texts(related_ids[pairs.candidates]))
    table.insert(0, "rank", pairs.ranks())
    table.insert(0, "id", _texts(query_ids[pairs.queries]))
    table["shared_tags"] = pd.Series(tags, dtype=object)
    table["basis"] = _texts(basis_of(parts, pairs.pinned))
    return table


def _texts(values: npt.NDArray[np.object_]) -> pd.Series:
    # The type that pandas gives to text; it can't tell it from an empty column.
    dtype = pd.Series([""]).dtype
    if isinstance(dtype, pd.StringDtype):
        # Each text stands in many lists: held once, and not once a list as pyarrow would.
        dtype = pd.StringDtype("python", na_value=dtype.na_value)
    return pd.Series(values, dtype=dtype)
