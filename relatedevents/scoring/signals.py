"""Signals: one function a signal, the parts of a pair, and what the engine needs of them.

A signal's value lies in [0, 1]; its part of a score is weight x value. The parts of a pair are
worked out in one place, `pair_parts`, in float64 and in one fixed order of operations, so that
every method that tells a score tells the same one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents.engines.terms import DECIMALS as DECIMALS
from relatedevents.engines.terms import SATURATION as SATURATION
from relatedevents.engines.terms import UNDATED as UNDATED
from relatedevents.weights import SIGNALS, Weights


@dataclass(frozen=True)
class Features:
    """What the signals know of some events, one row an event.

    Attributes
    ----------
    vectors : numpy.ndarray of float32, shape (n_events, n_dimensions)
        The headlines' embeddings, of length 1 or 0.
    coordinates : numpy.ndarray of float32, shape (n_events, n_directions)
        Where the embeddings lie in the archive's main directions, for the middle of several.
    topics : numpy.ndarray of float32, shape (n_events, n_topics)
        Places among the topics, of length 1 or 0.
    tags : scipy.sparse.csr_matrix of float64, shape (n_events, n_tags)
        idf-weighted tags, see `relatedevents.features.tags.TagMatrix`.
    tag_counts : numpy.ndarray of int32, shape (n_events,)
        How many tags each event has.
    words : scipy.sparse.csr_matrix of float64, shape (n_events, n_words)
        TF-IDF weights of the headlines' words.
    categories : numpy.ndarray of int32, shape (n_events,)
        Codes of the categories.
    likeness : numpy.ndarray of float64, shape (n_codes, n_codes)
        How alike two categories are; the last code is no category.
    days : numpy.ndarray of int32, shape (n_events,)
        Days since 1970-01-01, `UNDATED` where there is no date.
    newest : int
        The day from which the recency signal counts.
    """

    vectors: npt.NDArray[np.float32]
    coordinates: npt.NDArray[np.float32]
    topics: npt.NDArray[np.float32]
    tags: sparse.csr_matrix
    tag_counts: npt.NDArray[np.int32]
    words: sparse.csr_matrix
    categories: npt.NDArray[np.int32]
    likeness: npt.NDArray[np.float64]
    days: npt.NDArray[np.int32]
    newest: int

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: npt.NDArray[np.intp]) -> Features:
        """Return the features of some rows, in the order given."""
        return Features(
            np.ascontiguousarray(self.vectors[rows]),
            np.ascontiguousarray(self.coordinates[rows]),
            np.ascontiguousarray(self.topics[rows]),
            sparse.csr_matrix(self.tags[rows]),
            self.tag_counts[rows],
            sparse.csr_matrix(self.words[rows]),
            self.categories[rows],
            self.likeness,
            self.days[rows],
            self.newest,
        )


def time_values(
    days_between: npt.NDArray[np.int64], half_lives: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Return the time signal: the mean over the half-lives of 0.5 ** (days / half_life).

    Parameters
    ----------
    days_between : numpy.ndarray of int
        Days between two events, 0 or more.
    half_lives : tuple of float
        In days.

    Examples
    --------
    >>> time_values(np.array([0, 30, 60]), (30.0,)).tolist()
    [1.0, 0.5, 0.25]
    """
    days = np.asarray(days_between, dtype=np.float64)
    return np.asarray(np.mean([0.5 ** (days / half_life) for half_life in half_lives], axis=0))


def _values_of_gaps(
    gaps: npt.NDArray[np.int64], half_lives: tuple[float, ...]
) -> npt.NDArray[np.float64]:
    """Return the time signal of some gaps, each length of gap worked out once if they are many."""
    longest = int(gaps.max(initial=0))
    if longest >= len(gaps):
        return time_values(gaps, half_lives)
    return np.asarray(time_values(np.arange(longest + 1), half_lives)[gaps])


def saturate(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (1 + b) x / (x + b) with b = 0.2: from 0 to 1, steep at first.

    The saturation of BM25's term frequency (Robertson and Walker 1994), scaled to end at 1.

    Examples
    --------
    >>> saturate(np.array([0.0, 0.2, 1.0])).round(3).tolist()
    [0.0, 0.6, 1.0]
    """
    return (1.0 + SATURATION) * values / (values + SATURATION)


def recency_values(
    days: npt.NDArray[np.int32], newest: int, half_life: float
) -> npt.NDArray[np.float64]:
    """Return the recency signal: 0.5 ** (age / half_life), 0 for an undated event.

    Parameters
    ----------
    days : numpy.ndarray of int32
        The candidates' days.
    newest : int
        The day from which the age is counted; later events count as of that day.
    half_life : float
        In days.

    Examples
    --------
    >>> recency_values(np.array([100, 90, UNDATED], dtype=np.int32), 100, 10.0).tolist()
    [1.0, 0.5, 0.0]
    """
    age = np.maximum(newest - days.astype(np.float64), 0.0)
    return np.where(days == UNDATED, 0.0, 0.5 ** (age / half_life))


def pair_parts(
    queries: Features,
    query_rows: npt.NDArray[np.intp],
    candidates: Features,
    candidate_rows: npt.NDArray[np.intp],
    weights: Weights,
) -> npt.NDArray[np.float64]:
    """Return the parts of some pairs: weight x value of every signal, in the order of `SIGNALS`.

    A score is the sum of its parts from left to right. The last signal, `neighbours`, needs lists
    made by the others: its part is 0 here, and `relatedevents.rerank` adds it.

    Parameters
    ----------
    queries, candidates : Features
        The two sides; they may be the same object.
    query_rows, candidate_rows : numpy.ndarray of int, shape (n_pairs,)
        The rows of the pairs.
    weights : Weights
        What each signal counts.

    Returns
    -------
    numpy.ndarray of float64, shape (n_pairs, n_signals)
    """
    from relatedevents.scoring import _pair_kernels as _pairs

    q = np.ascontiguousarray(query_rows, dtype=np.int64)
    c = np.ascontiguousarray(candidate_rows, dtype=np.int64)
    parts = np.zeros((len(q), len(SIGNALS)))
    column = {name: number for number, name in enumerate(SIGNALS)}
    if weights.semantic:
        values = _pairs.cosines(queries.vectors, q, candidates.vectors, c)
        parts[:, column["semantic"]] = weights.semantic * values
    if weights.topic:
        values = _pairs.cosines(queries.topics, q, candidates.topics, c)
        parts[:, column["topic"]] = weights.topic * values
    if weights.tags or weights.coverage:
        dots, shared = _pairs.sparse_dots(
            *csr_arrays(queries.tags), q, *csr_arrays(candidates.tags), c
        )
        parts[:, column["tags"]] = weights.tags * np.clip(dots, 0.0, 1.0)
        counts = np.maximum(queries.tag_counts[q], 1)
        parts[:, column["coverage"]] = weights.coverage * (shared / counts)
    if weights.words:
        dots, _ = _pairs.sparse_dots(
            *csr_arrays(queries.words), q, *csr_arrays(candidates.words), c
        )
        parts[:, column["words"]] = weights.words * saturate(np.clip(dots, 0.0, 1.0))
    if weights.category:
        values = candidates.likeness[queries.categories[q], candidates.categories[c]]
        parts[:, column["category"]] = weights.category * values
    if weights.time:
        day_q, day_c = queries.days[q].astype(np.int64), candidates.days[c].astype(np.int64)
        dated = (day_q != UNDATED) & (day_c != UNDATED)
        values = _values_of_gaps(np.where(dated, np.abs(day_q - day_c), 0), weights.half_lives())
        parts[:, column["time"]] = weights.time * np.where(dated, values, 0.0)
    if weights.recency:
        days = candidates.days[c]
        values = recency_values(days, candidates.newest, weights.recency_half_life)
        parts[:, column["recency"]] = weights.recency * values
    return parts


def add_parts(parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the scores: the parts added from left to right, the same for one pair or many.

    Examples
    --------
    >>> add_parts(np.array([[0.5, 0.25], [0.0, 1.0]])).tolist()
    [0.75, 1.0]
    """
    scores = np.zeros(parts.shape[0])
    for column in range(parts.shape[1]):
        scores += parts[:, column]
    return scores


def pair_scores(
    queries: Features,
    query_rows: npt.NDArray[np.intp],
    candidates: Features,
    candidate_rows: npt.NDArray[np.intp],
    weights: Weights,
) -> npt.NDArray[np.float64]:
    """Return the scores of some pairs: what `pair_parts` tells, added up."""
    return add_parts(pair_parts(queries, query_rows, candidates, candidate_rows, weights))


def csr_arrays(
    matrix: sparse.csr_matrix,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return starts, columns and values of the rows in the kernels' types, uncopied if they fit."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data,
    )
