"""Calibration: the probability that a listed event belongs there, from the parts of its score."""

from __future__ import annotations

import json
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
from relatedevents.signals.register import signal_names
from relatedevents.weights import SIGNALS, Weights

#: Where what ships lies, beside the package's other data.
SHIPPED = "default_calibration.json"
# A logit beyond it would round to certainty, which no finite number of links can teach.
_MOST = 13.0


@dataclass(frozen=True)
class Calibration:
    """Coefficients that turn the parts of a pair's score into a probability.

    ``probability = 1 / (1 + exp(-(intercept + sum of coefficient x part)))``, logistic regression
    whose coefficients are not negative: no more of a signal ever makes a pair less probable.

    Attributes
    ----------
    meaning : str
        Of what it is the probability, such as "being useful to a reader".
    weights : Weights
        Of the score whose parts it reads; under other weights it says nothing.
    encoder : str or None
        `relatedevents.encoders.encoder_fingerprint` of the encoder it was learned with.
    intercept : float
    coefficients : tuple of float
        One for each of `signals`; 0 for a signal that came to the package later.
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
    signals : tuple of str
        `signal_names()` as they were when it was learned or read.
    """

    meaning: str
    weights: Weights
    encoder: str | None
    intercept: float
    coefficients: tuple[float, ...]
    n_queries: int
    n_pairs: int
    n_groups: int
    n_folds: int
    base_rate: float
    calibration_error: float
    brier_skill: float
    auc: float
    signals: tuple[str, ...] = SIGNALS

    def holds_for(self, weights: Weights) -> bool:
        """Tell whether a score by these weights has the parts it was learned with."""
        # How ties are broken moves no part.
        return replace(weights, tie_break=self.weights.tie_break) == self.weights

    def probabilities(self, parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probability of each pair, above 0 and below 1, to six decimals.

        Parameters
        ----------
        parts : numpy.ndarray of float64, shape (n_pairs, n_signals)
            All parts of their scores.
        """
        logits = np.full(len(parts), self.intercept)
        # From left to right, as scores are: the same for one pair or many.
        # By name: signals may have been added or taken out since.
        known = dict(zip(self.signals, self.coefficients, strict=True))
        for column, name in enumerate(signal_names()):
            logits += known.get(name, 0.0) * parts[:, column]
        exact = 1.0 / (1.0 + np.exp(-np.clip(logits, -_MOST, _MOST)))
        return np.asarray(np.round(exact, DECIMALS))

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
        signals = values.pop("signals")
        return {
            **values,
            "weights": self.weights.to_dict(),
            "coefficients": dict(zip(signals, self.coefficients, strict=True)),
        }

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the calibration that `to_dict` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a field is missing, unknown, or of another form.
        """
        coefficients = dict(settings["coefficients"])
        values = {
            **settings,
            "weights": Weights.only(**settings["weights"]),
            "coefficients": tuple(float(coefficients.pop(name, 0.0)) for name in signal_names()),
            "signals": signal_names(),
        }
        if any(coefficients.values()):
            came = f"coefficients of unknown signals {sorted(coefficients)}"
            raise ValueError(came)
        return cls(**values)


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
    if calibration is None:
        came = f"got {shown(value)}, but no probability is known under these weights and encoder"
        allowed = "None, or weights and an encoder whose probabilities were learned"
        todo = (
            "Call model.calibrate(links) with links of yours, which says why where they teach "
            "none; the default weights with the default encoder need no links."
        )
        raise InputError(problem("min_probability", came, allowed, todo))
    return lowest
