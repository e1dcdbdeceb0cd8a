"""Words: TF-IDF vectors of the words of headlines, or of longer texts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents.features.tags import idf
from relatedevents.features.tokens import words_of
from relatedevents.features.vocabulary import merged, place_of

# A word of so few texts tells them from others, however small the archive.
_FEW = 10


@dataclass(frozen=True)
class WordSpace:
    """The words of an archive's texts, one an event, and their idf weights.

    Words of a single text are left out, since they can't match another one; those of many texts
    stay, and weigh nothing: no list says which words these are in which language. The term
    frequency is sublinear (1 + ln tf).

    Attributes
    ----------
    words : list of str
        The vocabulary, sorted; column numbers follow it.
    weights : numpy.ndarray of float64, shape (n_words,)
        Inverse document frequency, ln((1 + N) / (1 + df)), see `features.tags.idf`; 0 for words of
        more than a share of all texts, and of more than `_FEW` texts.
    unknown_weight : float
        The weight of a word that no text of the fit had, ln(1 + N); only `grown` uses it.
    kept : int or None
        How many of its words a text is compared by, those that weigh most in it (static pruning,
        Carmel et al. 2001); of equal ones the first by alphabet. None for all.
    """

    words: list[str]
    weights: npt.NDArray[np.float64]
    unknown_weight: float
    kept: int | None = None

    @classmethod
    def fit(
        cls, texts: Sequence[str], most_common: float, kept: int | None = None
    ) -> tuple[WordSpace, sparse.csr_matrix]:
        """Learn the vocabulary, and return the texts' vectors with it.

        Parameters
        ----------
        texts : sequence of str
            One an event.
        most_common : float
            The share of all texts up to which a word weighs something.
        kept : int, optional
            See `WordSpace`.

        Returns
        -------
        WordSpace
            What was learned.
        scipy.sparse.csr_matrix of float64, shape (n_events, n_words)
            The texts' vectors, as `transform` would give them.

        Examples
        --------
        >>> space, matrix = WordSpace.fit(["Army retakes town", "Army leaves town", "Rain"], 0.5)
        >>> space.words
        ['army', 'town']
        >>> matrix.shape
        (3, 2)
        """
        from sklearn.feature_extraction.text import CountVectorizer

        unknown = math.log(1.0 + len(texts))
        counter = CountVectorizer(analyzer=words_of, dtype=np.float64)
        try:
            counts = counter.fit_transform(texts)
        except ValueError:
            # scikit-learn refuses texts without one word; other signals then decide.
            space = cls([], np.zeros(0), unknown, kept)
            return space, sparse.csr_matrix((len(texts), 0), dtype=np.float64)
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        shared = np.flatnonzero(frequency >= 2)
        words = counter.get_feature_names_out()[shared].tolist()
        weights = idf(len(texts), frequency[shared])
        weights[frequency[shared] > max(most_common * len(texts), _FEW)] = 0.0
        space = cls(words, weights, unknown, kept)
        return space, space._weigh(sparse.csr_matrix(counts[:, shared]))

    def grown(self, texts: Sequence[str]) -> tuple[WordSpace, npt.NDArray[np.int64]]:
        """Return the space with every word of new texts, and the column now of each old word.

        A new word weighs what a word of no text weighs. It enters at once, although it may
        never meet another: which words a text is compared by then depends on that text
        and the fit alone, never on how later events were grouped into updates.

        Parameters
        ----------
        texts : sequence of str
            One an event.

        Examples
        --------
        >>> space, _ = WordSpace.fit(["Army retakes town", "Army leaves town"], 0.5)
        >>> grown, columns = space.grown(["The army holds Kidal"])
        >>> grown.words, columns.tolist()
        (['army', 'holds', 'kidal', 'the', 'town'], [0, 4])
        """
        there = {word for text in texts for word in words_of(text)}
        new = sorted(word for word in there if place_of(self.words, word) < 0)
        words, columns, places = merged(self.words, new)
        weights = np.empty(len(words))
        weights[columns], weights[places] = self.weights, self.unknown_weight
        return replace(self, words=words, weights=weights), columns

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the texts' vectors, rows of length 1; unknown words are left out.

        Parameters
        ----------
        texts : sequence of str
            One an event.
        """
        counts = [Counter(words_of(text)) for text in texts]
        column = {word: place_of(self.words, word) for word in set().union(*counts)}
        known = [{word: n for word, n in mine.items() if column[word] >= 0} for mine in counts]
        indices = np.array([column[word] for mine in known for word in mine], dtype=np.int32)
        data = np.array([n for mine in known for n in mine.values()], dtype=np.float64)
        indptr = np.cumsum([0, *map(len, known)], dtype=np.int32)
        shape = (len(known), len(self.words))
        return self._weigh(sparse.csr_matrix((data, indices, indptr), shape=shape))

    def _weigh(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        counts.sort_indices()
        data = (1.0 + np.log(counts.data)) * self.weights[counts.indices]
        rows = sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        rows.eliminate_zeros()
        if self.kept is not None:
            rows = _heaviest(rows, self.kept)
        owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        lengths = np.sqrt(np.bincount(owner, weights=rows.data**2, minlength=rows.shape[0]))
        rows.data /= lengths[owner]
        return rows


def _heaviest(rows: sparse.csr_matrix, kept: int) -> sparse.csr_matrix:
    """Return rows of which each keeps its `kept` heaviest entries, the first of equal ones."""
    stays = np.ones(rows.nnz, dtype=np.bool_)
    for row in np.flatnonzero(np.diff(rows.indptr) > kept):
        here = slice(rows.indptr[row], rows.indptr[row + 1])
        stays[here][np.argsort(-rows.data[here], kind="stable")[kept:]] = False
    starts = np.concatenate([[0], np.cumsum(stays)])[rows.indptr]
    parts = rows.data[stays], rows.indices[stays], starts.astype(rows.indptr.dtype)
    return sparse.csr_matrix(parts, shape=rows.shape)
