"""Order: inverse permutations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def inverse(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the inverse of a permutation: where each position of the table stands in the order.

    Examples
    --------
    >>> inverse(np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    row_of = np.empty_like(order)
    row_of[order] = np.arange(len(order))
    return row_of
