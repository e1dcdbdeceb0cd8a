"""What the kernels are handed: arrays under names, so that a call needs few arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from relatedevents._util.arrays import F32, I32, I64, Mask

#: Where the rows of a sparse matrix begin, their columns and their values; or, of its postings,
#: where the columns begin, their rows and their values.
SparseArrays = tuple[I64, I32, F32]


class RowData(NamedTuple):
    """The terms of some rows; `days` with "undated" moved to `postings.FAR`."""

    dense: F32
    second: F32
    sparse_start: I64
    sparse_columns: I32
    sparse_values: F32
    saturated_start: I64
    saturated_columns: I32
    saturated_values: F32
    second_saturated_start: I64
    second_saturated_columns: I32
    second_saturated_values: F32
    overlap_start: I64
    overlap_columns: I32
    overlap_factor: F32
    prior: F32
    codes: I32
    days: I32


class BlockPostings(NamedTuple):
    """What the rows that are a block's columns have, by what they have."""

    sparse_start: I64
    sparse_rows: I32
    sparse_values: F32
    saturated_start: I64
    saturated_rows: I32
    saturated_values: F32
    second_saturated_start: I64
    second_saturated_rows: I32
    second_saturated_values: F32
    overlap_start: I64
    overlap_rows: I32
    code_rows: F32


class ScoreConfig(NamedTuple):
    """How the terms of a score are added up.

    What the days add is let through by min(1, gate_base + gate_slope x content): a base of 1 and a
    slope of 0 let all of it through.
    """

    dense_weight: float
    second_weight: float
    saturated_weight: float
    second_saturated_weight: float
    saturation: float
    day_table: F32
    code_table: F32
    undated: int
    one_sided: bool
    gate_base: float
    gate_slope: float


class TopK(NamedTuple):
    """The candidates kept so far, each row a heap, and which ones a row may have.

    `floor` is shared by all threads: no candidate that scores less can still matter to the row.
    """

    best: F32
    best_rows: I32
    floor: F32
    allowed: Mask
    until: I32

    @classmethod
    def empty(cls, n_kept: int, floor: F32, allowed: Mask, until: I32) -> TopK:
        """Return room for so many candidates a row."""
        shape = (len(floor), n_kept)
        scores, rows = np.full(shape, -1.0, dtype=np.float32), np.full(shape, -1, dtype=np.int32)
        return cls(scores, rows, floor, allowed, until)


class Workspace(NamedTuple):
    """A thread's own space for one row of a strip."""

    time: F32
    content: F32
    shared: F32
    total: F32
    back: F32
    others: F32
    flags: Mask
    turns: I32

    @classmethod
    def of(cls, size: int) -> Workspace:
        """Return space for rows of so many columns."""
        # Flags are read eight at a time; those past the end stay 0.
        flags = np.zeros(size + -size % 8, dtype=np.bool_)
        turns = np.empty(len(flags) // 8, dtype=np.int32)
        time, content, shared, total, back, others = np.empty((6, size), dtype=np.float32)
        return cls(time, content, shared, total, back, others, flags, turns)


class Products(NamedTuple):
    """The products of queries with a block of columns; of shape (0, 0) if unused.

    Where `bounded`, those of `dense` are upper bounds.
    """

    dense: F32
    second: F32
    sparse: F32
    saturated: F32
    second_saturated: F32
    overlap: F32
    width: int
    bounded: bool


class Thresholds(NamedTuple):
    """What a pair has to reach, and be, to matter to its query or to its candidate.

    `kept` holds the n best scores that a thread has seen of each query, as a heap; `floor` is
    shared by all threads. A candidate is reached from the score `low` on.
    """

    own_rows: I64
    until: I32
    zeros_are_equal: Mask
    allowed: Mask
    kept: F32
    floor: F32
    low: F32
    slack: np.float32


class SearchLimits(NamedTuple):
    """How far is looked, and what a candidate may still gain by what is not known of it."""

    tag_reach: int
    word_reach: int
    n_sharing: int
    n_near: int
    dense_margin: float
    sparse_margin: float
    more_margin: float


class ClusterMembers(NamedTuple):
    """Members of the clusters around a query."""

    rows: I64
    days: I32
    codes: I32
    prior: F32


class QuerySpace(NamedTuple):
    """A thread's own space: what a query has, by column; sums, marks and scores, by row."""

    sparse: F32
    saturated: F32
    second_saturated: F32
    overlap: F32
    sums: F32
    visited: I32
    marks: I32
    scores: F32

    @classmethod
    def of(cls, n_rows: int, n_columns: Sequence[int]) -> QuerySpace:
        """Return empty space for so many columns of each sparse term."""
        sparse, saturated, other, overlap = (np.zeros(n, dtype=np.float32) for n in n_columns)
        return cls(
            sparse,
            saturated,
            other,
            overlap,
            np.zeros((n_rows, 3), dtype=np.float32),
            # One more, which is written to before it is known to be new.
            np.empty(n_rows + 1, dtype=np.int32),
            np.full(n_rows, -1, dtype=np.int32),
            np.empty(n_rows, dtype=np.float32),
        )
