"""Days as the kernels take them: in int32, so far from its ends that no difference overflows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents.engines.base import Filters
from relatedevents.engines.terms import UNDATED

#: The day of an undated event: later than every day, and beyond every time table.
FAR = np.int32(2**30)


def near_days(days: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the days with "undated" moved to `FAR`."""
    return np.where(days == UNDATED, FAR, days).astype(np.int32)


def latest_days(filters: Filters, n_queries: int) -> npt.NDArray[np.int32]:
    """Return the latest day a candidate of each query may have."""
    if filters.until is None:
        return np.full(n_queries, FAR, dtype=np.int32)
    # Whatever the latest day may be, an undated candidate lies beyond it.
    return np.clip(filters.until, -FAR, FAR - 1).astype(np.int32)
