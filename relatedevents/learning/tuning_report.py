"""What was learned from links, and what it gained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import pandas as pd

from relatedevents.weights import Weights

_COLUMNS = ("id", "related_id", "in_common")


@dataclass(frozen=True)
class Tuning:
    """What was learned from links, and how much it gained on links it had not seen.

    Attributes
    ----------
    weights_before, weights_after : Weights
        What the model had, and what it has now.
    kept : bool
        False where the learned weights did not clearly gain on links not learned from (`low` is
        not above 0); `weights_after` are then those before.
    figure : str
        The figure that was raised, such as "ndcg@10".
    before, after : float
        Its mean over the queries: with the weights before, and with weights learned from the
        other folds.
    gain : float
        The difference; `low` and `high` are its 95 % bootstrap limits over groups of queries, `p`
        the probability of such a difference by chance (randomisation test).
    low, high, p : float
        See `gain`.
    neighbours_gain, neighbours_low, neighbours_high : float
        What neighbours add to the weights learned from the other folds, and the 95 % limits.
        Where `neighbours_low` is not above 0, the learned weights leave them out.
    n_queries, n_links, n_groups, n_folds : int
        What it was learned from; queries of one story, else of one day, are one group.
    unreachable : int
        Links left out because no list could hold them: the related event comes after `as_of`,
        or has no date.
    unexplained : pandas.DataFrame
        Links that no weights bring near the top, one row each: id, related_id, and the signals
        in which the two have anything in common.
    """

    weights_before: Weights
    weights_after: Weights
    kept: bool
    figure: str
    before: float
    after: float
    gain: float
    low: float
    high: float
    p: float
    neighbours_gain: float
    neighbours_low: float
    neighbours_high: float
    n_queries: int
    n_links: int
    n_groups: int
    n_folds: int
    unreachable: int
    unexplained: pd.DataFrame

    def __str__(self) -> str:
        verdict = (
            "the learned weights are kept"
            if self.kept
            else "no clear gain on links not learned from: the weights stay as they were"
        )
        neighbours = "they count" if self.neighbours_low > 0.0 else "they count nothing there"
        share = len(self.unexplained) / max(self.n_links, 1)
        return (
            f"{self.n_queries} queries, {self.n_links} links, {self.n_folds} folds of "
            f"{self.n_groups} groups; {self.figure}: {self.before:.3f} before, {self.after:.3f} on "
            f"links not learned from; gain {self.gain:+.3f} (95 %: {self.low:+.3f} to "
            f"{self.high:+.3f}, p = {self.p:.4f}); {verdict}.\n"
            f"What neighbours add to the learned weights: {self.neighbours_gain:+.3f} (95 %: "
            f"{self.neighbours_low:+.3f} to {self.neighbours_high:+.3f}); {neighbours}.\n"
            f"Not explained by any weights: {len(self.unexplained)} links ({share:.0%}); "
            f"{self.unreachable} more links come after their page's day and were left out."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain numbers, texts and lists, ready for JSON."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            **told,
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
        told = {
            **settings,
            "weights_before": Weights.from_dict(settings["weights_before"]),
            "weights_after": Weights.from_dict(settings["weights_after"]),
            "unexplained": pd.DataFrame(columns),
        }
        return cls(**told)
