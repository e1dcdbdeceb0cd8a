"""Kernel data: terms and filters as the kernels take them.

Days are in int32, so far from its ends that no difference overflows.
"""

from __future__ import annotations

import numpy as np

from relatedevents._util.arrays import I32, UNDATED
from relatedevents.engines.base import Filters
from relatedevents.engines.kernels.structs import RowData, ScoreConfig
from relatedevents.engines.postings import csr_arrays
from relatedevents.engines.terms import SATURATION, ScoreTerms

#: The day of an undated event: later than every day, and beyond every table of days.
FAR = np.int32(2**30)


def row_data(terms: ScoreTerms) -> RowData:
    """Return what the kernels know of the rows."""
    return RowData(
        terms.dense,
        terms.second,
        *csr_arrays(terms.sparse),
        *csr_arrays(terms.saturated),
        *csr_arrays(terms.second_saturated),
        *csr_arrays(terms.overlap)[:2],
        terms.overlap_factor,
        terms.prior,
        terms.codes,
        near_days(terms.days),
    )


def score_config(terms: ScoreTerms) -> ScoreConfig:
    """Return how the terms are added up."""
    return ScoreConfig(
        terms.dense_weight,
        terms.second_weight,
        terms.saturated_weight,
        terms.second_saturated_weight,
        SATURATION,
        terms.day_table,
        terms.code_table,
        int(FAR),
        bool(terms.overlap.shape[1] or terms.prior.any()),
        0.0 if terms.threshold else 1.0,
        1.0 / terms.threshold if terms.threshold else 0.0,
    )


def near_days(days: I32) -> I32:
    """Return the days with "undated" moved to `FAR`."""
    return np.where(days == UNDATED, FAR, days).astype(np.int32)


def latest_days(filters: Filters, n_queries: int) -> I32:
    """Return the latest day a candidate of each query may have."""
    if filters.until is None:
        return np.full(n_queries, FAR, dtype=np.int32)
    # Whatever the latest day may be, an undated candidate lies beyond it.
    return np.clip(filters.until, -FAR, FAR - 1).astype(np.int32)
