"""Reports of learning: what was learned from links or from tags, and what it gained."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import pandas as pd

from relatedevents.weights import Weights

_COLUMNS = ("id", "related_id", "in_common")


class _OfMetric:
    """What both reports have in common: the metric's name, and the one it had before."""

    metric: str

    @property
    def figure(self) -> str:
        """The metric's name; use `metric`."""
        message = f"{type(self).__name__}.figure is now called metric, and will go"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return self.metric


@dataclass(frozen=True)
class Tuning(_OfMetric):
    """What was learned from links, and how much it gained on links it had not seen.

    Attributes
    ----------
    weights_before, weights_after : Weights
        What the model had, and what it has now.
    kept : bool
        False where the learned weights did not clearly gain on links not learned from (`low` is
        not above 0); `weights_after` are then those before.
    metric : str
        The metric that was raised, such as "ndcg@10".
    before, after : float
        Its mean over the queries: with the weights before, and with weights learned from the
        other folds.
    gain : float
        The difference; `low` and `high` are its 95 % bootstrap confidence interval over groups
        of queries, `p` the probability of such a difference by chance (randomisation test).
    low, high, p : float
        See `gain`.
    n_queries, n_links, n_groups, n_folds : int
        What it was learned from. Queries of one story, else of one day, are one group, and so are
        those that links join, where they are not more than a twentieth of all.
    unreachable : int
        Links left out because no list could hold them: the related event comes after `as_of`,
        or has no date.
    unexplained : pandas.DataFrame
        Links that no weights bring near the top, one row each: id, related_id, and the signals
        in which the two have anything in common.
    probability : str
        How far the new model's probabilities, learned from the same links, can be trusted, or why
        there are none; empty in the report of an earlier version.
    """

    weights_before: Weights
    weights_after: Weights
    kept: bool
    metric: str
    before: float
    after: float
    gain: float
    low: float
    high: float
    p: float
    n_queries: int
    n_links: int
    n_groups: int
    n_folds: int
    unreachable: int
    unexplained: pd.DataFrame
    probability: str = ""

    def __str__(self) -> str:
        verdict = (
            "the learned weights are kept"
            if self.kept
            else "no clear gain on links not learned from: the weights stay as they were"
        )
        share = len(self.unexplained) / max(self.n_links, 1)
        return (
            f"{self.n_queries} queries, {self.n_links} links, {self.n_folds} folds of "
            f"{self.n_groups} groups; {self.metric}: {self.before:.3f} before, {self.after:.3f} on "
            f"links not learned from; gain {self.gain:+.3f} (95 %: {self.low:+.3f} to "
            f"{self.high:+.3f}, p = {self.p:.4f}); {verdict}.\n"
            f"Not explained by any weights: {len(self.unexplained)} links ({share:.0%}); "
            f"{self.unreachable} more links come after their page's day and were left out."
            + (f"\n{self.probability[0].upper()}{self.probability[1:]}" if self.probability else "")
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain numbers, texts and lists, ready for JSON."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            **values,
            "weights_before": self.weights_before.to_dict(),
            "weights_after": self.weights_after.to_dict(),
            "unexplained": self.unexplained.to_dict("records"),
        }

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the report that `to_dict` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a field is missing, unknown, or of another form.
        """
        rows = settings["unexplained"]
        columns = {name: pd.Series([row[name] for row in rows], dtype=object) for name in _COLUMNS}
        values = {
            **settings,
            "weights_before": Weights.from_dict(settings["weights_before"]),
            "weights_after": Weights.from_dict(settings["weights_after"]),
            "unexplained": pd.DataFrame(columns),
        }
        return cls(**values)


@dataclass(frozen=True)
class Adaptation(_OfMetric):
    """What an encoder learned from an archive's own tags, and what that gained on newer events.

    Attributes
    ----------
    kept : bool
        Whether the model has the taught encoder; False where it did not surely gain on the
        events held out (`low` is not above 0): the encoder is then the one before.
    metric : str
        The metric that was compared, such as "ndcg@10".
    before, after : float
        Its mean with the encoder before and with the taught one: lists by cosine alone among the
        held-out events, those that share a rare tag counting as related; a mean over tags.
    gain : float
        The difference; `low` and `high` are its 99 % confidence interval over tags.
    low, high : float
        See `gain`.
    n_pairs, n_events : int
        How many pairs it learned from, and how many events are in them.
    n_held_out, n_tags : int
        How many of the newest events it was measured on, and how many tags they stand for.
    """

    kept: bool
    metric: str
    before: float
    after: float
    gain: float
    low: float
    high: float
    n_pairs: int
    n_events: int
    n_held_out: int
    n_tags: int

    def __str__(self) -> str:
        if self.kept:
            verdict = "the taught encoder is kept"
        elif self.high < 0.0:
            verdict = "the taught encoder is worse: the one before is kept"
        else:
            verdict = "a gain is not certain: the encoder before is kept"
        return (
            f"{self.n_pairs:,} pairs of {self.n_events:,} events that share a rare tag; "
            f"{self.metric} on {self.n_held_out:,} newer events of {self.n_tags:,} tags, by the "
            f"headlines' likeness alone: {self.before:.3f} before, {self.after:.3f} after; gain "
            f"{self.gain:+.3f} (99 %: {self.low:+.3f} to {self.high:+.3f}); {verdict}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain numbers and text, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Return the report that `to_dict` wrote.

        Raises
        ------
        TypeError
            If a field is missing or unknown.
        """
        return cls(**settings)


Report = Tuning | Adaptation
#: What a model may have learned, by the name of its attribute without the last "_".
REPORTS: dict[str, type[Tuning] | type[Adaptation]] = {
    "tuning": Tuning,
    "adaptation": Adaptation,
}
