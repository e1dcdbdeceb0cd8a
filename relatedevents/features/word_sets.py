"""Wording: headlines as sets of weighted words, to tell which of them say the same."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from relatedevents._util.arrays import inverse

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Wording:
    """What some headlines say, word by word, under the weights of the words of a fit.

    Every word counts here, stop words and numbers too, and one that a single headline has: a name
    that differs is what tells two elections apart. Case, punctuation and blanks count nothing.

    Attributes
    ----------
    texts : dict
        {headline without case and punctuation: its code}.
    words : dict
        {word: its column}.
    weights : numpy.ndarray of float64, shape (n_words,)
        ln((1 + N) / (1 + df)) of each word, of N headlines of the fit.
    codes : numpy.ndarray of int64, shape (n_headlines,)
        The text of each headline.
    starts : numpy.ndarray of int64, shape (n_headlines + 1,)
        Where the columns of each headline begin.
    columns : numpy.ndarray of int32
        The words of each headline, each once, sorted.
    masses : numpy.ndarray of float64, shape (n_headlines,)
        The weights of each headline's words, added.
    unknown : float
        The weight of a word that the fit lacks, ln(1 + N).
    """

    texts: dict[str, int]
    words: dict[str, int]
    weights: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    masses: npt.NDArray[np.float64]
    unknown: float

    @classmethod
    def of(cls, headlines: Sequence[str]) -> Wording:
        """Weigh the words of some headlines, and read these.

        Examples
        --------
        >>> wording = Wording.of(["Town floods", "TOWN floods!", "Town votes"])
        >>> wording.codes.tolist(), wording.columns.tolist()
        ([0, 0, 1], [0, 1, 0, 1, 1, 2])
        """
        texts, words, codes, starts, columns = _read(headlines, {}, {})
        # In their own order, so that no sum depends on that of the headlines.
        names = sorted(words)
        places = inverse(np.array([words[name] for name in names], dtype=np.int64))
        owner = np.repeat(np.arange(len(codes)), np.diff(starts))
        columns = places[columns].astype(np.int32)
        columns = columns[np.lexsort((columns, owner))]
        df = np.bincount(columns, minlength=len(names))
        weights = np.log((1.0 + len(codes)) / (1.0 + df))
        known = {name: column for column, name in enumerate(names)}
        masses, unknown = _masses(weights, starts, columns), math.log(1.0 + len(codes))
        return cls(texts, known, weights, codes, starts, columns, masses, unknown)

    @classmethod
    def of_words(
        cls, words: Sequence[str], weights: npt.NDArray[np.float64], unknown: float
    ) -> Wording:
        """Return the wording of no headline, under the weights of some words."""
        columns = {word: column for column, word in enumerate(words)}
        none, starts = np.zeros(0, dtype=np.int64), np.zeros(1, dtype=np.int64)
        return cls({}, columns, weights, none, starts, none.astype(np.int32), np.zeros(0), unknown)

    def with_more(self, headlines: Sequence[str]) -> Wording:
        """Return the same with other headlines after those that it holds."""
        texts, words, codes, starts, columns = _read(headlines, dict(self.texts), dict(self.words))
        weights = np.append(self.weights, np.full(len(words) - len(self.words), self.unknown))
        return Wording(
            texts,
            words,
            weights,
            np.append(self.codes, codes),
            np.append(self.starts, starts[1:] + self.starts[-1]),
            np.append(self.columns, columns),
            np.append(self.masses, _masses(weights, starts, columns)),
            self.unknown,
        )


@dataclass(frozen=True)
class FitWords:
    """The words of a fit's headlines and their weights, learned when they are first asked for.

    Attributes
    ----------
    headlines : list of str
        The headlines of the fit.
    saved : Wording, optional
        What a saved model tells instead.
    """

    headlines: list[str]
    saved: Wording | None = None

    @cached_property
    def _of_fit(self) -> Wording:
        return Wording.of(self.headlines)

    @property
    def known(self) -> Wording:
        """The words' weights, and no headline."""
        whole = self.saved or self._of_fit
        return Wording.of_words(list(whole.words), whole.weights, whole.unknown)

    def wording(self, headlines: list[str]) -> Wording:
        """Return what some headlines say; those of the fit are not read twice."""
        if self.saved is None and headlines == self.headlines:
            return self._of_fit
        return self.known.with_more(headlines)


def _read(
    headlines: Sequence[str], texts: dict[str, int], words: dict[str, int]
) -> tuple[
    dict[str, int],
    dict[str, int],
    npt.NDArray[np.int64],
    npt.NDArray[np.int64],
    npt.NDArray[np.int32],
]:
    """Return codes, starts and columns of some headlines, and the vocabularies grown by them."""
    codes = np.empty(len(headlines), dtype=np.int64)
    starts = np.zeros(len(headlines) + 1, dtype=np.int64)
    columns: list[int] = []
    for row, headline in enumerate(headlines):
        plain = unicodedata.normalize("NFKC", headline).casefold()
        found = _WORD.findall(plain)
        # A headline of signs alone has no words; then the signs are compared.
        codes[row] = texts.setdefault(" ".join(found) or plain, len(texts))
        columns += sorted({words.setdefault(word, len(words)) for word in found})
        starts[row + 1] = len(columns)
    return texts, words, codes, starts, np.array(columns, dtype=np.int32)


def _masses(
    weights: npt.NDArray[np.float64],
    starts: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int32],
) -> npt.NDArray[np.float64]:
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    # Each sum by itself, in the order of columns: it never depends on the other headlines.
    masses = np.bincount(owner, weights[columns], minlength=len(starts) - 1)
    return np.asarray(masses, dtype=np.float64)
