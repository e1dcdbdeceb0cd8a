"""Vocabulary: sorted names that grow, and where each of the old ones went."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def place_of(names: Sequence[str], name: str) -> int:
    """Return the place of a name among sorted ones, -1 if it is not there.

    For a few names: to look up many, a dict is faster once it is made.

    Examples
    --------
    >>> place_of(["a", "c"], "c"), place_of(["a", "c"], "b")
    (1, -1)
    """
    at = bisect_left(names, name)
    return at if at < len(names) and names[at] == name else -1


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
    return inserted(old, new_places, new), places, new_places


def inserted(old: Sequence[str], places: npt.NDArray[np.int64], new: Sequence[str]) -> list[str]:
    """Return a list with new items at some places of it, rising; the old ones keep their order.

    Examples
    --------
    >>> inserted(["a", "c"], np.array([1]), ["b"])
    ['a', 'b', 'c']
    """
    # Slice by slice: few items come into many.
    items: list[str] = []
    last = 0
    for number, (at, item) in enumerate(zip(places.tolist(), new, strict=True)):
        items += old[last : at - number]
        items.append(item)
        last = at - number
    items += old[last:]
    return items
