"""Order: the rows of some events, and their places in the table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the row of each place, for the place of each row.

    Examples
    --------
    >>> inverse(np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    row_of = np.empty_like(order)
    row_of[order] = np.arange(len(order))
    return row_of
