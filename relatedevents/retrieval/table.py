"""Lists: the engine's rows and parts turned into the long table that users meet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._util.gc import collector_paused
from relatedevents.engines.terms import DECIMALS
from relatedevents.retrieval.pairs import Pairs
from relatedevents.signals.base import csr_arrays
from relatedevents.signals.pair_values import shared_columns
from relatedevents.signals.register import signal_names

#: The basis of a pair for which no signal found anything.
NO_EVIDENCE = "none"
PIN = "pin"


def basis_of(
    parts: npt.NDArray[np.float64], pinned: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    """Return the signals that had evidence for each pair, joined by "+".

    A part that rounds to 0 at the decimals that order a list is no evidence: two events ten years
    apart are not related by time.

    Examples
    --------
    >>> parts = np.array([[0.5, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.2, 0.0], [0.0] * 9])
    >>> basis_of(parts, np.array([False, True])).tolist()
    ['semantic+tags+time', 'pin+none']
    """
    names = signal_names()[: parts.shape[1]]
    # Signal by signal: all at once would take as much memory as the parts, twice over.
    number = np.zeros(len(parts), dtype=np.int64)
    for column in range(len(names)):
        number += (1 << column) * (np.round(parts[:, column], DECIMALS) > 0.0)
    basis = np.asarray(_basis_names(names)[number])
    if pinned.any():
        basis[pinned] = PIN + "+" + basis[pinned]
    return basis


@cache
def _basis_names(signals: tuple[str, ...]) -> npt.NDArray[np.object_]:
    """Return the basis for every set of signals, by the sum of their bits."""
    names = np.empty(2 ** len(signals), dtype=object)
    for code in range(len(names)):
        there = [name for column, name in enumerate(signals) if code >> column & 1]
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
        shared = [names[column] for column in columns]
        return [shared[a:b] for a, b in pairwise(starts.tolist())]


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
    table = pd.DataFrame(parts, columns=list(signal_names()), copy=False)
    table.insert(0, "probability", probabilities)
    table.insert(0, "score", pairs.scores)
    table.insert(0, "related_id", text_column(related_ids[pairs.candidates]))
    table.insert(0, "rank", pairs.ranks())
    table.insert(0, "id", text_column(query_ids[pairs.queries]))
    table["shared_tags"] = pd.Series(tags, dtype=object)
    table["basis"] = text_column(basis_of(parts, pairs.pinned))
    return table


def text_column(values: npt.NDArray[np.object_]) -> pd.Series:
    """Return texts as a column of a long table."""
    # The type that pandas gives to text; it can't tell it from an empty column.
    dtype = pd.Series([""]).dtype
    if isinstance(dtype, pd.StringDtype):
        # Each text stands in many lists: held once, and not once a list as pyarrow would.
        dtype = pd.StringDtype("python", na_value=dtype.na_value)
    return pd.Series(values, dtype=dtype)
