"""Categories: how alike the names of two categories are, however they were spelt that year."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents.features.vocabulary import merged

#: More different categories than this are no categories; the commonest are kept.
MOST_CATEGORIES = 1000

_WORD = re.compile(r"[^\W\d_]+")
_EMPTY_WORDS = frozenset({"", "and", "the", "of", "in", "other"})


def category_key(name: str) -> str:
    """Return the words of a category's name, in order, without plural s and joining words.

    Examples
    --------
    >>> category_key("Armed conflicts and attacks") == category_key("Attacks, armed conflict")
    True
    """
    words = {word.removesuffix("s") for word in _WORD.findall(name.casefold())} - _EMPTY_WORDS
    return " ".join(sorted(words))


@dataclass(frozen=True)
class CategorySpace:
    """The categories of an archive.

    Attributes
    ----------
    keys : list of str
        One a category, sorted; an event's code is its key's place, or their number for none.
    likeness : numpy.ndarray of float64, shape (n_keys + 1, n_keys + 1)
        Cosine of the names' words; 0 in the last row and column, those of no category.
    """

    keys: list[str]
    likeness: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, names: Sequence[object]) -> CategorySpace:
        """Learn the categories of every event; anything but text is no category.

        Examples
        --------
        >>> space = CategorySpace.fit(["Sport", "Sports", "Law and crime", "Crime", None])
        >>> space.keys
        ['crime', 'crime law', 'sport']
        >>> space.likeness.round(2).tolist()[0]
        [1.0, 0.71, 0.0, 0.0]
        """
        keys = _keys(names)
        counts = Counter(key for key in keys if key)
        common = sorted(counts, key=lambda key: (-counts[key], key))[:MOST_CATEGORIES]
        return cls.of_keys(sorted(common))

    @classmethod
    def of_keys(cls, keys: list[str]) -> CategorySpace:
        """Return the categories of some keys."""
        words = [set(key.split()) for key in keys]
        likeness = np.zeros((len(keys) + 1, len(keys) + 1))
        for i, mine in enumerate(words):
            for j, others in enumerate(words):
                likeness[i, j] = len(mine & others) / np.sqrt(len(mine) * len(others))
        return cls(keys, np.minimum(likeness, 1.0))

    def grown(self, names: Sequence[object]) -> tuple[CategorySpace, npt.NDArray[np.int64]]:
        """Return the space with new categories too, and the code now of each old code.

        No more than `MOST_CATEGORIES` are known; beyond them a new one stays no category.

        Examples
        --------
        >>> space, codes = CategorySpace.fit(["Crime", "Sport"]).grown(["Health", None])
        >>> space.keys, codes.tolist()
        (['crime', 'health', 'sport'], [0, 2, 3])
        """
        new = sorted({key for key in _keys(names) if key}.difference(self.keys))
        new = new[: max(MOST_CATEGORIES - len(self.keys), 0)]
        keys, codes, _ = merged(self.keys, new)
        space = CategorySpace.of_keys(keys) if new else self
        return space, np.append(codes, len(keys))

    def transform(self, names: Sequence[object]) -> npt.NDArray[np.int32]:
        """Return the code of each event's category."""
        code = {key: number for number, key in enumerate(self.keys)}
        return np.array([code.get(key, len(self.keys)) for key in _keys(names)], dtype=np.int32)


def _keys(names: Sequence[object]) -> list[str]:
    known: dict[str, str] = {}
    for name in names:
        if isinstance(name, str) and name not in known:
            known[name] = category_key(name)
    return [known[name] if isinstance(name, str) else "" for name in names]
