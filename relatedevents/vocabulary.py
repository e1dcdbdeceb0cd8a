"""Vocabulary: sorted names that grow, and where each of the old ones went."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def merged(
    old: Sequence[str], new: Sequence[str]
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return two sorted lists without common names as one, and where each name went.

    Columns stay in the order of names, so that a vocabulary never tells in which order events
    came.

    Parameters
    ----------
    old, new : sequence of str
        Sorted, each name once, no name in both.

    Returns
    -------
    list of str
        All names, sorted.
    numpy.ndarray of int64, shape (n_old,)
        The place of each old name.
    numpy.ndarray of int64, shape (n_new,)
        The place of each new name.

    Examples
    --------
    >>> names, places, new_places = merged(["a", "c"], ["b"])
    >>> names, places.tolist(), new_places.tolist()
    (['a', 'b', 'c'], [0, 2], [1])
    """
    before = np.array([bisect_left(old, name) for name in new], dtype=np.int64)
    new_places = before + np.arange(len(new))
    places = np.arange(len(old)) + np.searchsorted(before, np.arange(len(old)), side="right")
    names: list[str] = []
    last = 0
    for name, at in zip(new, before.tolist(), strict=True):
        names += old[last:at]
        names.append(name)
        last = at
    names += old[last:]
    return names, places, new_places
