"""Weights: how much each signal counts, on which time scales, and how equal scores are ordered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

from relatedevents._util.checks import check_number, problem, shown
from relatedevents.errors import InputError
from relatedevents.signals.register import BUILT_IN, check_added, signal_names

#: The package's own signals, in the one order in which parts are listed and added up.
SIGNALS = tuple(BUILT_IN)

# Beyond it, double precision could not hold a score to the six decimals that order a list.
_HEAVIEST = 1e6
_LOWEST_THRESHOLD = 1e-3
#: Signals of earlier versions: what saved settings may still name.
_REMOVED = ("neighbours",)
_TIE_BREAKS = "'date', 'page', 'column:NAME:ascending' or 'column:NAME:descending'"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """One non-negative number a signal, the time scales in days, and the order of equal scores.

    Parameters
    ----------
    semantic : float
        Cosine of the embeddings of headline and tags, below 0 counts 0.
    topic : float
        Cosine of the places that the events' tags have among tags that occur together, below 0
        counts 0: near without a shared tag.
    tags : float
        Cosine of the idf-weighted tag vectors.
    coverage : float
        Shared tags divided by the query's tags: ranks like a plain count of shared tags.
    words : float
        Cosine of the TF-IDF vectors of the headlines' words.
    text : float
        Cosine x of the TF-IDF vectors of all words of headline, summary and text, saturated,
        1.2 x / (x + 0.2): the first words in common tell most. Where no event of the archive has
        a ``summary`` or a ``text``, it counts nothing.
    category : float
        Likeness of the categories' names (the archive's column ``category``, where it has one).
    time : float
        Decay with the days between the two events: ``0.5 ** (days / half_life)``.
    recency : float
        Decay with the candidate's age, counted from the archive's newest event.
    time_threshold : float
        Time needs a reason: its part is multiplied by ``min(1, content / time_threshold)``, where
        the content is the sum of the parts of semantic, topic, tags, coverage, words and added
        signals that are content. 0: it needs none.
    half_life : float or tuple of float
        Days after which the time signal is halved; the mean of the decays if several are given.
    recency_half_life : float
        Days after which the recency signal is halved.
    extra : mapping, optional
        {name: weight} of signals that were added to the register.
    tie_break : str
        What orders equal scores: ``"date"`` (newer first, undated last, then smaller id),
        ``"page"`` (page path ``YYYY/MM/D/slug``, descending; a column ``page`` where there is
        one), or a column of the archive, as in ``"column:views:descending"``.

    Raises
    ------
    InputError
        If a weight is negative or above a million, all weights are 0, a half-life is not above 0,
        the threshold is neither 0 nor from 0.001 to a million, or the tie-break can't be read.

    Notes
    -----
    One set of defaults serves all archives. It was chosen on judged events until 2013 and on the
    links between the posts of three sites (digitalgov, ropensci, efcl), with and without their
    texts; benchmarks/READERS.md has its figures there, on later events and on three more sites.

    Examples
    --------
    >>> Weights(semantic=1.0).semantic
    1.0
    >>> Weights.shared_tags().tie_break
    'page'
    """

    semantic: float = 1.6
    topic: float = 0.1
    tags: float = 0.6
    coverage: float = 0.0
    words: float = 1.5
    text: float = 4.0
    category: float = 0.1
    time: float = 1.4
    recency: float = 0.0
    time_threshold: float = 2.0
    half_life: float | tuple[float, ...] = (3.0, 30.0, 365.0)
    recency_half_life: float = 365.0
    tie_break: str = "date"
    extra: Mapping[str, float] | tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "extra", _checked_extra(self.extra))
        for name in BUILT_IN:
            number = check_number(f"weights.{name}", getattr(self, name), 0.0, _HEAVIEST)
            object.__setattr__(self, name, number)
        if not any(self.by_signal()):
            raise InputError(problem("weights", "every weight is 0", "at least one above 0"))
        object.__setattr__(self, "time_threshold", _checked_threshold(self.time_threshold))
        object.__setattr__(self, "half_life", _checked_half_life(self.half_life))
        days = check_number("weights.recency_half_life", self.recency_half_life, 0.0, above=True)
        object.__setattr__(self, "recency_half_life", days)
        self.tie_break_column()

    @classmethod
    def only(cls, **settings: Any) -> Self:  # noqa: ANN401 - numbers, and text for the tie-break
        """Return weights in which what is not named weighs 0, and time needs no reason.

        Examples
        --------
        >>> Weights.only(semantic=1).by_signal()[:3]
        (1.0, 0.0, 0.0)
        """
        nothing = {**dict.fromkeys(BUILT_IN, 0.0), "time_threshold": 0.0}
        return cls.from_dict({**nothing, **settings})

    @classmethod
    def shared_tags(cls) -> Self:
        """Return the hand-made rule: most shared tags first, then page path, descending.

        A site that sorts so sees its own lists come back.
        """
        return cls.only(coverage=1.0, tie_break="page")

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Self:
        """Build weights from a mapping such as `to_dict` gives; signals left out keep defaults.

        Raises
        ------
        InputError
            If a name is not one of the fields, or it is no mapping.
        """
        if not isinstance(settings, Mapping):
            raise InputError(problem("weights", f"got {shown(settings)}", "a mapping"))
        values = _with_extra(settings, {})
        if isinstance(values.get("half_life"), list):
            values["half_life"] = tuple(values["half_life"])
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain numbers and text, ready for JSON."""
        return {**asdict(self), "extra": dict(self.extra)}

    def by_signal(self) -> tuple[float, ...]:
        """Return the weights in the order of `relatedevents.signals.register.signal_names`."""
        extra = dict(self.extra)
        own = (getattr(self, name) for name in BUILT_IN)
        return (*own, *(extra.get(name, 0.0) for name in signal_names()[len(BUILT_IN) :]))

    def half_lives(self) -> tuple[float, ...]:
        """Return the time scales as a tuple, also where one number was given."""
        return self.half_life if isinstance(self.half_life, tuple) else (self.half_life,)

    def tie_break_column(self) -> tuple[str, bool] | None:
        """Return the tie-break's column and whether it falls, or None for the date's order.

        Raises
        ------
        InputError
            If `tie_break` is none of the allowed forms.
        """
        if self.tie_break == "date":
            return None
        if self.tie_break == "page":
            return "page", True
        parts = self.tie_break.split(":") if isinstance(self.tie_break, str) else []
        named = len(parts) >= 3 and parts[0] == "column"
        if not named or parts[-1] not in ("ascending", "descending"):
            raise InputError(
                problem("weights.tie_break", f"got {shown(self.tie_break)}", _TIE_BREAKS)
            )
        return ":".join(parts[1:-1]), parts[-1] == "descending"

    def __sklearn_clone__(self) -> Self:
        """Return the weights themselves: they are frozen, so a clone may share them."""
        return self

    # scikit-learn reads and sets nested parameters by these two names.
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the fields by name, as scikit-learn's `get_params` and `clone` ask for."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def with_params(self, **changes: Any) -> Self:  # noqa: ANN401
        """Return a copy with some fields changed; the original stays as it is."""
        return replace(self, **_with_extra(changes, dict(self.extra)))


def _with_extra(settings: Mapping[str, Any], extra: Mapping[str, float]) -> dict[str, Any]:
    """Return settings by field: names of signals that were added move into `extra`."""
    known = [field.name for field in fields(Weights)]
    added = signal_names()[len(BUILT_IN) :]
    for name in settings:
        if name not in known and name not in added:
            came, todo = f"got {shown(name)}", ""
            if name in _REMOVED:
                came += ", a signal that was removed"
                todo = "Leave it out; weights learned beside it are best learned anew with tune."
            raise InputError(problem("weights", came, ", ".join([*known, *added]), todo))
    own = {name: value for name, value in settings.items() if name in known}
    more = {name: value for name, value in settings.items() if name not in known}
    return {**own, "extra": {**extra, **dict(own.get("extra", {})), **more}}


def _checked_threshold(threshold: object) -> float:
    """Return the threshold: 0, or so much that float32 can divide by it."""
    name = "weights.time_threshold"
    number = check_number(name, threshold, 0.0, _HEAVIEST)
    if 0.0 < number < _LOWEST_THRESHOLD:
        allowed = f"0, or a number from {_LOWEST_THRESHOLD:g} up to {_HEAVIEST:g}"
        raise InputError(problem(name, f"got {number:g}", allowed))
    return number


def _checked_half_life(half_life: object) -> float | tuple[float, ...]:
    """Return the half-lives: one number, or several."""
    name = "weights.half_life"
    if not isinstance(half_life, (tuple, list)):
        return check_number(name, half_life, 0.0, above=True)
    if not half_life:
        raise InputError(problem(name, "got no number", "one or more numbers of days"))
    return tuple(check_number(name, days, 0.0, above=True) for days in half_life)


def _checked_extra(extra: object) -> tuple[tuple[str, float], ...]:
    """Return the weights of signals that were added, sorted by name; 0 is the same as none."""
    try:
        pairs = dict(extra).items()  # type: ignore[call-overload]
    except (TypeError, ValueError):
        allowed = "a mapping {name of a signal: weight}"
        raise InputError(problem("weights.extra", f"got {shown(extra)}", allowed)) from None
    check_added(name for name, _ in pairs)
    checked = {
        name: check_number(f"weights.{name}", weight, 0.0, _HEAVIEST) for name, weight in pairs
    }
    return tuple(sorted((name, weight) for name, weight in checked.items() if weight))
