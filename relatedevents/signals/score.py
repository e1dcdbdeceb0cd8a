"""The score: the weighted sum of all signals, as parts of given pairs and as an engine's terms.

The parts of a pair are worked out in one place, `pair_parts`, in float64 and in one fixed order of
operations, so that every method that tells a score tells the same one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents.engines.terms import ScoreTerms
from relatedevents.signals.base import Pairs, SignalWeights
from relatedevents.signals.features import Features
from relatedevents.signals.register import all_signals
from relatedevents.signals.terms import Term, check_roles, combined


def pair_parts(
    queries: Features,
    query_rows: npt.NDArray[np.intp],
    candidates: Features,
    candidate_rows: npt.NDArray[np.intp],
    weights: SignalWeights,
) -> npt.NDArray[np.float64]:
    """Return the parts of some pairs, in the order of `signal_names`.

    A score is the sum of its parts from left to right. A gated part is weight x value
    x min(1, content / threshold), where the content is the sum of the parts of the content
    signals, from left to right too; with a threshold of 0 it is weight x value.

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
    pairs = Pairs(
        queries,
        np.ascontiguousarray(query_rows, dtype=np.int64),
        candidates,
        np.ascontiguousarray(candidate_rows, dtype=np.int64),
    )
    signals, threshold = all_signals(), weights.time_threshold
    parts = np.zeros((len(pairs), len(signals)))
    content, gated = np.zeros(len(pairs)), []
    for column, (signal, weight) in enumerate(zip(signals, weights.by_signal(), strict=True)):
        if weight and signal.ready(queries) and signal.ready(candidates):
            parts[:, column] = weight * signal.values(pairs, weights)
            if signal.role == "content":
                content += parts[:, column]
            elif signal.role == "gated":
                gated.append(column)
    if threshold:
        for column in gated:
            parts[:, column] *= np.minimum(1.0, content / threshold)
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
    weights: SignalWeights,
) -> npt.NDArray[np.float64]:
    """Return the scores of some pairs: what `pair_parts` tells, added up."""
    return add_parts(pair_parts(queries, query_rows, candidates, candidate_rows, weights))


def score_terms(features: Features, weights: SignalWeights) -> ScoreTerms:
    """Return what `features` bring to an engine's sum under `weights`.

    Parameters
    ----------
    features : Features
        The events.
    weights : Weights
        What each signal counts; a signal of weight 0 costs the engine nothing.

    Raises
    ------
    InputError
        If more signals have a weight than the engine's sum has room for, or one brings a term that
        has no place in a gated sum.
    """
    terms: list[Term] = []
    for signal, weight in zip(all_signals(), weights.by_signal(), strict=True):
        if weight and signal.ready(features):
            brought = signal.terms(features, weight, weights)
            if weights.time_threshold:
                check_roles(signal.name, signal.role, brought)
            terms += brought
    return combined(terms, features.days, weights.time_threshold)
