"""What an encoder learned from an archive's own tags, and what it gained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Adaptation:
    """What an encoder learned from an archive's own tags, and what that gained on newer events.

    Attributes
    ----------
    kept : bool
        Whether the model has the taught encoder; False where it did not surely gain on the
        events held out (`low` is not above 0): the encoder is then the one before.
    figure : str
        The figure that was compared, such as "ndcg@10".
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
    figure: str
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
            f"{self.figure} on {self.n_held_out:,} newer events of {self.n_tags:,} tags, by the "
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
