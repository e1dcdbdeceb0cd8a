"""Calibration: the probability that a listed event belongs there, from its score."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_number, problem, shown
from relatedevents.encoders import Encoder, encoder_fingerprint, is_static
from relatedevents.engines.terms import DECIMALS
from relatedevents.errors import InputError
from relatedevents.weights import Weights

#: Where what ships lies, beside the package's other data.
SHIPPED = "default_calibration.json"
# A logit beyond it would round to certainty, which no finite number of links can teach.
_MOST = 13.0
# Of the base rate: see `Calibration.default_cut`.
_LEAST_LIKELY = 0.2


@dataclass(frozen=True)
class Calibration:
    """Two numbers that turn a score into a probability.

    ``probability = 1 / (1 + exp(-(intercept + slope x score)))``, Platt scaling with a slope of 0
    or more: the probability never rises on the way down a list, and cutting by it cuts a tail.

    Attributes
    ----------
    meaning : str
        Of what it is the probability, such as "being useful to a reader".
    weights : Weights
        Of the score that it reads; under other weights it says nothing.
    encoder : str or None
        `relatedevents.encoders.encoder_fingerprint` of the encoder it was learned with.
    intercept, slope : float
    n_queries, n_pairs, n_groups, n_folds : int
        What it was learned from: the first 50 candidates of each query. Queries of one group, a
        story or a day, were in one fold.
    base_rate : float
        The share of these pairs that are linked.
    calibration_error : float
        On pairs of folds not learned from: the mean difference between what was predicted and
        what was found, in ten bins of equal size.
    brier_skill : float
        On the same pairs: 1 - mean squared error / that of always telling the base rate.
    auc : float
        On the same pairs: how often a linked pair has a higher probability than one that is not.
    """

    meaning: str
    weights: Weights
    encoder: str | None
    intercept: float
    slope: float
    n_queries: int
    n_pairs: int
    n_groups: int
    n_folds: int
    base_rate: float
    calibration_error: float
    brier_skill: float
    auc: float

    def holds_for(self, weights: Weights) -> bool:
        """Tell whether a score by these weights is the one it was learned with."""
        # How ties are broken moves no score.
        return replace(weights, tie_break=self.weights.tie_break) == self.weights

    def probabilities(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probability of each pair, above 0 and below 1, to six decimals.

        Parameters
        ----------
        scores : numpy.ndarray of float64, shape (n_pairs,)
            Scores that are equal in a list's order have the same probability.
        """
        logits = self.intercept + self.slope * np.round(scores, DECIMALS)
        exact = 1.0 / (1.0 + np.exp(-np.clip(logits, -_MOST, _MOST)))
        return np.asarray(np.round(exact, DECIMALS))

    @property
    def default_cut(self) -> float:
        """The probability below which nothing is listed unless a user says so.

        A fifth of the base rate: less likely than most of what stands behind the 50 best.
        """
        return self.base_rate * _LEAST_LIKELY

    def least_score(self, probability: float) -> float:
        """Return the least score, rounded as scores are ordered, that is at least so probable.

        -inf if every score is, inf if none is.

        Examples
        --------
        >>> shipped = shipped_calibration()
        >>> score = shipped.least_score(0.5)
        >>> at, below = shipped.probabilities(np.array([score, score - 1e-6])).tolist()
        >>> at >= 0.5 > below
        True
        """

        def reaches(step: int) -> bool:
            score = np.array([step / 10.0**DECIMALS])
            return bool(self.probabilities(score)[0] >= probability)

        if reaches(0):
            return -np.inf
        heaviest = math.ceil(sum(self.weights.by_signal()) * 10.0**DECIMALS)
        if not reaches(heaviest):
            return np.inf
        below, at = 0, heaviest
        while at - below > 1:
            middle = (below + at) // 2
            below, at = (below, middle) if reaches(middle) else (middle, at)
        return at / 10.0**DECIMALS

    def __str__(self) -> str:
        return (
            f"probability of {self.meaning}, learned from {self.n_queries} queries with "
            f"{self.n_pairs} candidates, {self.base_rate:.0%} of them linked; in {self.n_folds} "
            f"folds of {self.n_groups} groups: expected calibration error "
            f"{self.calibration_error:.3f}, Brier skill {self.brier_skill:.3f}, AUC {self.auc:.3f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain numbers and texts, ready for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "weights": self.weights.to_dict()}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the calibration that `to_dict` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a field is missing, unknown, or of another form.
        """
        numbers = {name: float(settings[name]) for name in ("intercept", "slope")}
        if numbers["slope"] < 0.0:
            came = f"a slope of {numbers['slope']}"
            raise ValueError(came)
        return cls(**{**settings, **numbers, "weights": Weights.only(**settings["weights"])})


@cache
def shipped_calibration() -> Calibration:
    """Return what comes with the package: of being useful to a reader, by the default weights.

    Examples
    --------
    >>> shipped_calibration().meaning
    'being useful to a reader'
    """
    text = resources.files("relatedevents").joinpath("data", SHIPPED).read_text("utf-8")
    return Calibration.from_dict(json.loads(text))


def shipped_for(encoder: Encoder) -> Calibration | None:
    """Return what comes with the package, if it was learned with this encoder."""
    # Hashing takes a while, and a large model is surely another one.
    if not is_static(encoder):
        return None
    shipped = shipped_calibration()
    return shipped if encoder_fingerprint(encoder) == shipped.encoder else None


def check_min_probability(value: object, calibration: Calibration | None) -> float:
    """Return `value` as a number from 0 to 1, or say why no list can be cut by it."""
    lowest = check_number("min_probability", value, 0.0, 1.0)
    # Nothing is less probable than 0, known or not.
    if calibration is None and lowest:
        came = f"got {shown(value)}, but no probability is known under these weights and encoder"
        allowed = "None, or weights and an encoder whose probabilities were learned"
        todo = (
            "Call model.calibrate(links) with links of yours, which says why where they teach "
            "none; the default weights with the default encoder need no links."
        )
        raise InputError(problem("min_probability", came, allowed, todo))
    return lowest
