"""Explain: everything that went into the score of one pair, adding up to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from relatedevents.archive import UNDATED
from relatedevents.index.numbering import Rows
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.reasons import reasons_of
from relatedevents.retrieval.scorer import Scorer
from relatedevents.retrieval.table import basis_of
from relatedevents.signals.base import Pairs
from relatedevents.signals.register import all_signals, signal_names
from relatedevents.signals.score import add_parts


@dataclass(frozen=True)
class Explanation:
    """Why one event is related to another.

    Attributes
    ----------
    id, related_id : str
        The two events; for a new event `id` is its headline.
    headline, related_headline : str
        Their headlines.
    score : float
        The sum of `parts`.
    probability : float or None
        How probable the link is, as the lists tell it; None where this is not known.
    parts : dict
        {signal: weight x value}, all signals in their fixed order.
    weights : dict
        {signal: weight}.
    shares : dict
        {signal: {name: its share of the part}}, for signals whose parts are made of named things,
        such as shared tags and words; they add up to the part.
    days_between : int or None
        Days between the events; None where one has no date.
    basis : str
        The signals that had evidence.
    relation, reason : str
        What the related event is to the other by `relatedevents.retrieval.relations`, and a
        sentence that says what they share, and when it was.
    """

    id: str
    related_id: str
    headline: str
    related_headline: str
    score: float
    probability: float | None
    parts: dict[str, float]
    weights: dict[str, float]
    shares: dict[str, dict[str, float]]
    days_between: int | None
    basis: str
    relation: str
    reason: str

    @property
    def tag_shares(self) -> dict[str, float]:
        """{shared tag: its share of the score}, of the signals on tags together."""
        shares = dict(self.shares["tags"])
        for tag, share in self.shares["coverage"].items():
            shares[tag] = shares.get(tag, 0.0) + share
        return shares

    @property
    def word_shares(self) -> dict[str, float]:
        """{shared word: its share of the score}."""
        return self.shares["words"]

    def told_shares(self, signal: str) -> str:
        """Return what a signal's part is made of, the largest share first, as text."""
        largest = sorted(self.shares[signal].items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{name} {share:.4f}" for name, share in largest)

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        own = {name: value for name, value in vars(self).items() if name != "shares"}
        shares = {name: dict(some) for name, some in self.shares.items() if some}
        return {
            **own,
            "tag_shares": self.tag_shares,
            "word_shares": self.word_shares,
            "shares": shares,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a signal: weight, value in [0, 1], part and its share of the score."""
        parts = pd.Series(self.parts)
        weights = pd.Series(self.weights)
        value = (parts / weights.where(weights > 0.0)).fillna(0.0)
        share = parts / self.score if self.score > 0.0 else parts * 0.0
        return pd.DataFrame({"weight": weights, "value": value, "part": parts, "share": share})

    def __str__(self) -> str:
        lines = [self.headline, f"  -> {self.related_headline}", self.reason]
        lines.append(f"score {self.score:.4f}")
        if self.probability is not None:
            lines[-1] += f", probability {self.probability:.3f}"
        for signal, part in self.parts.items():
            if not self.weights[signal]:
                continue
            line = f"  {signal:<10} {part:.4f}"
            if part and self.shares[signal]:
                line += "  " + self.told_shares(signal)
            if signal == "time" and self.days_between is not None:
                days = f"{self.days_between} day{'' if self.days_between == 1 else 's'} apart"
                line += f"  {days if self.days_between else 'on the same day'}"
            lines.append(line)
        return "\n".join(lines)


def explanation_of(scorer: Scorer, rows: Rows) -> Explanation:
    """Return why the second of two rows is related to the first.

    Parameters
    ----------
    scorer : Scorer
        The score.
    rows : Rows, shape (2,)
        The query and the related event.
    """
    index, features = scorer.index, scorer.index.features
    queries = Queries.of_rows(index, Rows(rows[:1]))
    first = np.zeros(1, dtype=np.int64)
    parts = scorer.parts(queries, first, rows[1:])
    relations, reasons = reasons_of(scorer, queries, first, rows[1:], parts)
    pair = Pairs(features, rows[:1], features, rows[1:])
    by_signal = dict(zip(signal_names(), parts[0].tolist(), strict=True))
    shares = {
        signal.name: signal.shares(pair, by_signal[signal.name]) if signal.ready(features) else {}
        for signal in all_signals()
    }
    days = features.days[rows].astype(np.int64)
    headlines = index.table["headline"].iloc[index.positions(rows)].tolist()
    known = scorer.calibration is not None
    return Explanation(
        id=index.ids[int(rows[0])],
        related_id=index.ids[int(rows[1])],
        headline=headlines[0],
        related_headline=headlines[1],
        score=float(add_parts(parts)[0]),
        probability=float(scorer.probabilities(parts)[0]) if known else None,
        parts=by_signal,
        weights=dict(zip(signal_names(), scorer.weights.by_signal(), strict=True)),
        shares=shares,
        days_between=None if (days == UNDATED).any() else int(abs(days[0] - days[1])),
        basis=str(basis_of(parts, np.zeros(1, dtype=np.bool_))[0]),
        relation=relations[0],
        reason=reasons[0],
    )
