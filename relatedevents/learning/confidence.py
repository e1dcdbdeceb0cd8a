"""Confidence: logistic regression from a score to a probability, and its calibration.

Arrays in, two numbers and metrics out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

N_BINS = 10


def learn(scores: Floats, linked: Labels) -> tuple[float, float]:
    """Learn intercept and slope by logistic regression on the score, the slope 0 or more.

    As Platt (1999) does, "linked" stands for a little less than 1 and "not linked" for a little
    more than 0, by how many there are: a few links that lie apart from the rest teach no certainty.

    Parameters
    ----------
    scores : numpy.ndarray of float64, shape (n_pairs,)
    linked : numpy.ndarray of bool, shape (n_pairs,)
        Which pairs are linked; some are and some are not.

    Returns
    -------
    intercept, slope : float

    Examples
    --------
    >>> scores = np.array([0.1, 0.2, 0.3, 0.4] * 50)
    >>> intercept, slope = learn(scores, np.array([False, True, False, True] * 50))
    >>> bool(slope > 1.0), round(intercept + slope * 0.25, 6)
    (True, 0.0)
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    scaled = (scores - middle) / spread
    n_linked = int(linked.sum())
    n_others = len(linked) - n_linked
    target = np.where(linked, (n_linked + 1.0) / (n_linked + 2.0), 1.0 / (n_others + 2.0))

    def loss(point: Floats) -> tuple[float, Floats]:
        logits = point[0] + point[1] * scaled
        residual = expit(logits) - target
        total = np.sum(np.logaddexp(0.0, logits) - target * logits)
        return float(total), np.array([residual.sum(), residual @ scaled])

    start = np.array([np.log(n_linked / n_others), 1.0])
    bounds = [(None, None), (0.0, None)]
    options = {"ftol": 1e-14, "gtol": 1e-9}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    slope = float(found[1]) / spread
    return float(found[0]) - slope * middle, slope


def predict_proba(scores: Floats, intercept: float, slope: float) -> Floats:
    """Return the probability of each pair: 1 / (1 + exp(-(intercept + slope x score))).

    Examples
    --------
    >>> predict_proba(np.array([0.0, 1.0]), 0.0, 0.0).tolist()
    [0.5, 0.5]
    """
    from scipy.special import expit

    return np.asarray(expit(intercept + slope * scores))


@dataclass(frozen=True)
class HeldOut:
    """Predictions for every pair by what was learned from the other folds.

    Attributes
    ----------
    probabilities : numpy.ndarray of float64, shape (n_pairs,)
    base_rates : numpy.ndarray of float64, shape (n_pairs,)
        The share of linked pairs among those learned from: the prediction of a constant.
    """

    probabilities: Floats
    base_rates: Floats


def cross_validate(
    scores: Floats,
    linked: Labels,
    queries: npt.NDArray[np.int64],
    folds: list[npt.NDArray[np.int64]],
) -> HeldOut:
    """Predict each fold from the others.

    Parameters
    ----------
    scores, linked
        As in `learn`.
    queries : numpy.ndarray of int64, shape (n_pairs,)
        The number of each pair's query.
    folds : list of numpy.ndarray of int64
        The numbers of the queries of each fold.

    Raises
    ------
    ValueError
        If, a fold left out, all pairs are linked or none is.
    """
    probabilities, base_rates = np.zeros(len(scores)), np.zeros(len(scores))
    for fold in folds:
        out = np.isin(queries, fold)
        share = float(linked[~out].mean()) if not out.all() else 0.0
        if not 0.0 < share < 1.0:
            came = "linked pairs and others are not in more than one fold"
            raise ValueError(came)
        probabilities[out] = predict_proba(scores[out], *learn(scores[~out], linked[~out]))
        base_rates[out] = share
    return HeldOut(probabilities, base_rates)


def reliability(
    probabilities: Floats, linked: Labels, n_bins: int = N_BINS
) -> list[tuple[int, float, float]]:
    """Return how many pairs, the mean probability and the share that is linked, bin by bin.

    The bins hold equally many pairs, or one more, from the least probable to the most.

    Examples
    --------
    >>> reliability(np.array([0.9, 0.2, 0.1, 0.6]), np.array([True, False, False, False]), 2)
    [(2, 0.15..., 0.0), (2, 0.75, 0.5)]
    """
    order = np.argsort(probabilities, kind="stable")
    return [
        (len(bin_), float(probabilities[bin_].mean()), float(linked[bin_].mean()))
        for bin_ in np.array_split(order, n_bins)
        if len(bin_)
    ]


def expected_calibration_error(
    probabilities: Floats, linked: Labels, n_bins: int = N_BINS
) -> float:
    """Return the mean distance of predicted and observed shares over bins of equal size.

    Naeini, Cooper and Hauskrecht (2015), with bins of equal mass instead of equal width.

    Examples
    --------
    >>> expected_calibration_error(np.array([0.9, 0.1]), np.array([True, False]), 2)
    0.09999...
    """
    bins = reliability(probabilities, linked, n_bins)
    return sum(count * abs(predicted - seen) for count, predicted, seen in bins) / len(linked)


def brier_skill(probabilities: Floats, linked: Labels, base_rates: Floats | float) -> float:
    """Return 1 - mean squared error / that of the base rates (Brier 1950).

    Examples
    --------
    >>> brier_skill(np.array([1.0, 0.0]), np.array([True, False]), 0.5)
    1.0
    """
    error = np.mean((probabilities - linked) ** 2)
    return float(1.0 - error / np.mean((base_rates - linked) ** 2))


def auc(probabilities: Floats, linked: Labels) -> float:
    """Return the area under the ROC curve: how often a linked pair beats another, ties a half.

    Examples
    --------
    >>> auc(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    0.75
    """
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(linked, probabilities))
