"""Confidence: logistic regression from the parts of a score to a probability, and its calibration.

Arrays in, coefficients and metrics out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

#: Strength of the penalty that draws the coefficients towards a common one, under which the plain
#: score decides, in units of the number of pairs. With less, stories whose names are hidden are
#: predicted better, since they lie close in time; but links that readers judged with names shown
#: are predicted far better by the score.
SHRINKAGE = 3.0
#: The least coefficient of a part, as a share of the common one: candidates were chosen by all
#: signals together, which makes each signal alone look weaker than it is.
LEAST = 0.25
N_BINS = 10
# Rounding leaves a part that is the same for every pair with a standard deviation up to this.
_NO_SPREAD = 1e-9
_STEEPEST = 1e3


def learn(parts: Floats, linked: Labels) -> tuple[float, tuple[float, ...]]:
    """Learn intercept and coefficients by logistic regression.

    The coefficients are drawn towards one common number of 0 or more, under which the probability
    follows the score itself, and none is below a quarter of it; a part that is the same for all
    pairs gets that number.

    Parameters
    ----------
    parts : numpy.ndarray of float64, shape (n_pairs, n_signals)
        The parts of the pairs' scores.
    linked : numpy.ndarray of bool, shape (n_pairs,)
        Which pairs are linked; some are and some are not.

    Returns
    -------
    intercept : float
    coefficients : tuple of float, of length n_signals

    Examples
    --------
    >>> parts = np.array([[0.1, 0.5], [0.2, 0.5], [0.8, 0.5], [0.9, 0.5]] * 50)
    >>> intercept, coefficients = learn(parts, np.array([False, False, True, True] * 50))
    >>> coefficients[0] > 5.0 and bool(np.isclose(*coefficients, rtol=1e-3))
    True
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    middle, spread = parts.mean(axis=0), parts.std(axis=0)
    varied = spread > _NO_SPREAD
    spread = np.where(varied, spread, 0.0)
    scaled = np.divide(parts - middle, spread, out=np.zeros_like(parts), where=varied)
    strength = SHRINKAGE * len(parts)

    def loss(point: Floats) -> tuple[float, Floats]:
        common, base = point[0], point[-1]
        slopes = point[1:-1] + LEAST * common * spread
        logits = base + scaled @ slopes
        residual = expit(logits) - linked
        excess = np.where(varied, slopes - common * spread, 0.0)
        total = np.sum(np.logaddexp(0.0, logits) - linked * logits)
        of_slopes = scaled.T @ residual + strength * excess
        of_common = (LEAST * of_slopes - strength * excess) @ spread
        gradient = np.concatenate([[of_common], of_slopes, [residual.sum()]])
        return float(total + 0.5 * strength * excess @ excess), gradient

    share = float(linked.mean())
    start = np.concatenate([[1.0], (1.0 - LEAST) * spread, [np.log(share / (1.0 - share))]])
    bounds = [(0.0, _STEEPEST)] * (1 + len(spread)) + [(-_STEEPEST, _STEEPEST)]
    options = {"ftol": 1e-13, "gtol": 1e-7, "maxiter": 5000}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    slopes = found[1:-1] + LEAST * found[0] * spread
    per_spread = np.divide(slopes, spread, out=np.full(len(spread), found[0]), where=varied)
    return float(found[-1] - per_spread @ middle), tuple(per_spread.tolist())


def predict_proba(parts: Floats, intercept: float, coefficients: tuple[float, ...]) -> Floats:
    """Return the probability of each pair: 1 / (1 + exp(-(intercept + parts @ coefficients))).

    Examples
    --------
    >>> predict_proba(np.array([[0.0], [1.0]]), 0.0, (0.0,)).tolist()
    [0.5, 0.5]
    """
    from scipy.special import expit

    return np.asarray(expit(intercept + parts @ np.array(coefficients)))


@dataclass(frozen=True)
class HeldOut:
    """Predictions for every pair by coefficients learned from the other folds.

    Attributes
    ----------
    probabilities : numpy.ndarray of float64, shape (n_pairs,)
    base_rates : numpy.ndarray of float64, shape (n_pairs,)
        The share of linked pairs among those learned from: the prediction of a constant.
    """

    probabilities: Floats
    base_rates: Floats


def cross_validate(
    parts: Floats,
    linked: Labels,
    queries: npt.NDArray[np.int64],
    folds: list[npt.NDArray[np.int64]],
) -> HeldOut:
    """Predict each fold from the others.

    Parameters
    ----------
    parts, linked
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
    probabilities, base_rates = np.zeros(len(parts)), np.zeros(len(parts))
    for fold in folds:
        out = np.isin(queries, fold)
        share = float(linked[~out].mean()) if not out.all() else 0.0
        if not 0.0 < share < 1.0:
            came = "linked pairs and others are not in more than one fold"
            raise ValueError(came)
        probabilities[out] = predict_proba(parts[out], *learn(parts[~out], linked[~out]))
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
