"""Arrays: the types of those that most modules hand around, and what is done to them everywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: The day, in int32, of what has no date: later than every real day.
UNDATED = int(np.iinfo(np.int32).max)


def inverse(order: I64) -> I64:
    """Return the permutation that undoes another: the row of each position.

    Examples
    --------
    >>> inverse(np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    row_of = np.empty_like(order)
    row_of[order] = np.arange(len(order))
    return row_of


def starts_of(counts: I64) -> I64:
    """Return where each of some lists begins that stand one after the other, and where all end.

    Examples
    --------
    >>> starts_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])


def chunks(numbers: I64, size: int) -> list[I64]:
    """Return an array in pieces of `size`, of which the last may be shorter.

    Examples
    --------
    >>> [piece.tolist() for piece in chunks(np.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    return [numbers[first : first + size] for first in range(0, len(numbers), size)]
