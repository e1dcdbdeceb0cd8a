"""Explain: everything that went into the score of one pair, adding up to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents.index.numbering import Rows
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.scorer import Scorer
from relatedevents.retrieval.table import basis_of
from relatedevents.scoring.signals import UNDATED, add_parts
from relatedevents.weights import SIGNALS


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
    tag_shares : dict
        {shared tag: its share of the score}; they add up to the parts of the signals on tags.
    word_shares : dict
        {shared word: its share of the score}; they add up to the words' part.
    days_between : int or None
        Days between the events; None where one has no date.
    basis : str
        The signals that had evidence.
    """

    id: str
    related_id: str
    headline: str
    related_headline: str
    score: float
    probability: float | None
    parts: dict[str, float]
    weights: dict[str, float]
    tag_shares: dict[str, float]
    word_shares: dict[str, float]
    days_between: int | None
    basis: str

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain values, ready for JSON."""
        return {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in vars(self).items()
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a signal: weight, value in [0, 1], part and its share of the score."""
        parts = pd.Series(self.parts)
        weights = pd.Series(self.weights)
        value = (parts / weights.where(weights > 0.0)).fillna(0.0)
        share = parts / self.score if self.score > 0.0 else parts * 0.0
        return pd.DataFrame({"weight": weights, "value": value, "part": parts, "share": share})

    def __str__(self) -> str:
        lines = [self.headline, f"  -> {self.related_headline}", f"score {self.score:.4f}"]
        if self.probability is not None:
            lines[-1] += f", probability {self.probability:.3f}"
        details = {
            "tags": self.tag_shares,
            "coverage": self.tag_shares,
            "words": self.word_shares,
        }
        for signal, part in self.parts.items():
            if not self.weights[signal]:
                continue
            line = f"  {signal:<10} {part:.4f}"
            shares = details.get(signal, {})
            if shares and part:
                largest = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
                line += "  " + ", ".join(f"{name} {share:.4f}" for name, share in largest)
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
    index, weights = scorer.index, scorer.weights
    features = index.features
    query, related = int(rows[0]), int(rows[1])
    queries = Queries.of_rows(index, Rows(rows[:1]))
    parts = scorer.parts(queries, np.zeros(1, dtype=np.int64), rows[1:])
    probability = scorer.probabilities(parts)[0]
    told = dict(zip(SIGNALS, parts[0].tolist(), strict=True))
    tags = shares_of(features.tags, query, features.tags, related, told["tags"])
    # Coverage counts every shared tag alike.
    each = told["coverage"] / max(len(tags), 1)
    words = shares_of(features.words, query, features.words, related, told["words"])
    days = features.days[rows].astype(np.int64)
    names, vocabulary = index.tag_space.names, index.word_space.words
    headlines = index.table["headline"].iloc[index.positions(rows)].tolist()
    return Explanation(
        id=index.ids[query],
        related_id=index.ids[related],
        headline=headlines[0],
        related_headline=headlines[1],
        score=float(add_parts(parts)[0]),
        probability=None if scorer.calibration is None else float(probability),
        parts=told,
        weights=dict(zip(SIGNALS, weights.by_signal(), strict=True)),
        tag_shares={names[column]: share + each for column, share in tags.items()},
        word_shares={vocabulary[column]: share for column, share in words.items()},
        days_between=None if (days == UNDATED).any() else int(abs(days[0] - days[1])),
        basis=str(basis_of(parts, np.zeros(1, dtype=np.bool_))[0]),
    )


def shares_of(
    left: sparse.csr_matrix,
    left_row: int,
    right: sparse.csr_matrix,
    right_row: int,
    whole: float,
) -> dict[int, float]:
    """Return each shared column's share of `whole`, in proportion to its product.

    Columns whose products are all 0 (tags that every event has) share `whole` equally.

    Parameters
    ----------
    left, right : scipy.sparse.csr_matrix
        Rows with sorted columns.
    left_row, right_row : int
        The pair.
    whole : float
        What the shares add up to.

    Examples
    --------
    >>> one = sparse.csr_matrix(np.array([[0.6, 0.8]]))
    >>> {column: round(share, 2) for column, share in shares_of(one, 0, one, 0, 1.0).items()}
    {0: 0.36, 1: 0.64}
    """
    columns, products = _products(left, left_row, right, right_row)
    total = float(products.sum())
    if not len(columns):
        return {}
    part = products / total if total > 0.0 else np.full(len(columns), 1.0 / len(columns))
    return dict(zip(columns.tolist(), (part * whole).tolist(), strict=True))


def _products(
    left: sparse.csr_matrix, left_row: int, right: sparse.csr_matrix, right_row: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    mine = slice(left.indptr[left_row], left.indptr[left_row + 1])
    other = slice(right.indptr[right_row], right.indptr[right_row + 1])
    columns, at_left, at_right = np.intersect1d(
        left.indices[mine], right.indices[other], assume_unique=True, return_indices=True
    )
    return columns, left.data[mine][at_left] * right.data[other][at_right]
