"""Plain sums: weighted cosines and decays with the days, as they are, neither saturated nor gated.

The model's own signals may change their shape; a baseline that others have measured must not.
So these sums are worked out here, over whole rows, from the same vectors, tags and words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._baselines.rows import OrderedArchive, Rows, Scorer, Scores
from relatedevents.archive import UNDATED
from relatedevents.encoders import Encoder, encode_headlines
from relatedevents.engines.terms import DECIMALS
from relatedevents.features.tags import TagSpace


@dataclass(frozen=True)
class PlainSum:
    """The weights of a plain sum.

    Attributes
    ----------
    semantic, tags, words : float
        Weights of three cosines: of the headlines' embeddings, of the idf-weighted tags, and of
        the headlines' TF-IDF; a cosine below 0 counts 0.
    decays : tuple of (float, float)
        (weight, days) of each term weight x exp(-days between the events / days).
    """

    semantic: float = 0.0
    tags: float = 0.0
    words: float = 0.0
    decays: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class PlainValues:
    """What plain sums are made of, one row an event.

    Attributes
    ----------
    vectors : numpy.ndarray of float64, shape (n_events, n_dimensions)
        The headlines' embeddings, of length 1 or 0.
    tags, words : scipy.sparse.csr_matrix of float64, shape (n_events, n_columns)
        idf-weighted tags and TF-IDF of the headlines' words, of length 1 or 0.
    days : numpy.ndarray of int32, shape (n_events,)
    """

    vectors: npt.NDArray[np.float64]
    tags: sparse.csr_matrix
    words: sparse.csr_matrix
    days: npt.NDArray[np.int32]

    @classmethod
    def of(cls, events: OrderedArchive, encoder: Encoder) -> PlainValues:
        """Return the values of an archive's events."""
        headlines = events.table["headline"].tolist()
        tags = events.table["tags"].tolist()
        return cls(
            encode_headlines(encoder, headlines).astype(np.float64),
            TagSpace.fit(tags).transform(tags).weights,
            _tfidf(headlines),
            events.days,
        )

    def scorer(self, plain: PlainSum) -> Scorer:
        """Return a scorer of every event by a plain sum, rounded as the model's lists are.

        Parameters
        ----------
        plain : PlainSum
            The weights.

        Returns
        -------
        callable
            Rows of queries -> float64 scores, shape (n_queries, n_events).

        Examples
        --------
        >>> one, other = np.array([[1.0, 0.0], [0.6, 0.8]]), sparse.csr_matrix([[1.0], [1.0]])
        >>> values = PlainValues(one, other, other, np.array([0, 30], dtype=np.int32))
        >>> score = values.scorer(PlainSum(semantic=0.5, words=0.3, decays=((0.4, 30.0),)))
        >>> score(np.array([0])).round(3).tolist()
        [[1.2, 0.747]]
        """

        def score(queries: Rows) -> Scores:
            total = np.zeros((len(queries), len(self.days)))
            if plain.semantic:
                total += plain.semantic * np.maximum(self.vectors[queries] @ self.vectors.T, 0.0)
            for weight, matrix in ((plain.tags, self.tags), (plain.words, self.words)):
                if weight:
                    total += weight * (matrix[queries] @ matrix.T).toarray()
            if plain.decays:
                total += self._decayed(queries, plain.decays)
            return np.asarray(np.round(total, DECIMALS))

        return score

    def _decayed(self, queries: Rows, decays: tuple[tuple[float, float], ...]) -> Scores:
        dated = (self.days[queries, None] != UNDATED) & (self.days[None, :] != UNDATED)
        apart = np.abs(self.days[queries, None].astype(np.float64) - self.days[None, :])
        terms = sum(weight * np.exp(-apart / days) for weight, days in decays)
        return np.where(dated, terms, 0.0)


def _tfidf(headlines: list[str]) -> sparse.csr_matrix:
    """Return the usual TF-IDF vectors: sublinear, of words of two headlines, no stop words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        vectors = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
        return sparse.csr_matrix(vectors.fit_transform(headlines))
    except ValueError:
        # scikit-learn refuses headlines without two that share a word.
        return sparse.csr_matrix((len(headlines), 0), dtype=np.float64)
