"""Options: what a user said of the lists, read and checked before any work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, check_count, check_number, problem, shown
from relatedevents.archive import Ids
from relatedevents.calibration import Calibration, check_min_probability
from relatedevents.engines.terms import DECIMALS
from relatedevents.errors import InputError
from relatedevents.index.index import Index
from relatedevents.index.numbering import Rows
from relatedevents.retrieval.filters import Choice, check_pins, read_as_of, read_choice, read_where
from relatedevents.retrieval.pairs import named_pairs
from relatedevents.retrieval.queries import Queries

#: Where lists are varied, they are chosen among so many candidates for each event of a list ...
POOL_FACTOR = 3
#: ... and among so many at least.
SMALLEST_POOL = 30


@dataclass(frozen=True)
class ListOptions:
    """The keywords that every list method takes: see `relatedevents.RelatedEvents.related`."""

    as_of: object = None
    where: object = None
    exclude: object = None
    pins: object = None
    min_score: float | None = None
    min_probability: float | None = None
    diversity: float = 0.0
    near_duplicates: str = "keep"
    series_limit: int | None = 2

    def __post_init__(self) -> None:
        if self.min_score is not None:
            check_number("min_score", self.min_score)
        check_number("diversity", self.diversity, 0.0, 1.0)
        check_choice("near_duplicates", self.near_duplicates, ["keep", "drop"])
        if self.series_limit is not None:
            check_count("series_limit", self.series_limit)

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> Self:
        """Return the options among all arguments of a list method, as its `locals()` tells them.

        So that a keyword is written down once a method, in its signature.
        """
        return cls(**{name: arguments[name] for name in OPTIONS})

    @property
    def plain(self) -> bool:
        """Whether nothing was said."""
        kept = replace(self, as_of=None, where=None, exclude=None, pins=None)
        return self.unfiltered and kept == ListOptions()

    @property
    def unfiltered(self) -> bool:
        """Whether every event may be a candidate of every list."""
        filters = (self.as_of, self.where, self.exclude, self.pins)
        return all(one is None for one in filters)

    @property
    def varied(self) -> bool:
        """Whether lists are to be chosen among more candidates than they hold."""
        return self.diversity > 0.0 or self.near_duplicates == "drop"

    def n_candidates(self, n: int) -> int:
        """Return how many candidates a list of `n` events is chosen among."""
        return max(POOL_FACTOR * n, SMALLEST_POOL) if self.varied else n

    def known_to(self, ids: Ids) -> ListOptions:
        """Return the same for an archive of other ids, which may lack some that are named.

        Its events of which `as_of` says nothing get the day of today.
        """
        as_of = self.as_of
        if isinstance(as_of, (Mapping, pd.Series)):
            as_of = {**dict.fromkeys(ids, date.today()), **dict(as_of.items())}
        exclude, pins = _known(self.exclude, ids), _known(self.pins, ids)
        return replace(self, as_of=as_of, exclude=exclude, pins=pins)


def _known(choice: object, ids: Ids) -> object:
    if isinstance(choice, Mapping):
        return {id_: _known(some, ids) for id_, some in choice.items() if id_ in ids}
    return [id_ for id_ in choice if id_ in ids] if isinstance(choice, Iterable) else choice


#: The names of the keywords, in the order of the methods' signatures.
OPTIONS = tuple(field.name for field in fields(ListOptions))


@dataclass(frozen=True)
class Asked:
    """The lists whose change an update is to tell.

    Attributes
    ----------
    n : int or None
        How long they are; None for those made last.
    options : ListOptions
        What they are made with.
    """

    n: int | None
    options: ListOptions

    @classmethod
    def of(cls, keywords: Mapping[str, object]) -> Asked:
        """Return what the keywords of `update` and `remove` say.

        Raises
        ------
        TypeError
            If a list method has no such keyword.
        InputError
            If one can't be used, or `where` is a mask.
        """
        for name in keywords:
            if name not in ("n", *OPTIONS, "reasons"):
                todo = "They are those of related_all."
                allowed = ", ".join(("n", *OPTIONS))
                raise TypeError(problem(name, "no keyword of the lists", allowed, todo))
        # They are read twice: for the archive as it was, and as it is then.
        told = {
            name: list(value) if isinstance(value, Iterator) else value
            for name, value in keywords.items()
            # They stand beside a list and change none.
            if name != "reasons"
        }
        n, where = told.pop("n", None), told.get("where")
        if where is not None and not isinstance(where, Mapping):
            allowed = 'comparisons on columns, such as {"category": "Sport"}'
            todo = "A mask counts the events of one archive, and here are two."
            raise InputError(problem("where", f"got {shown(where)}", allowed, todo))
        options = ListOptions(**told)  # type: ignore[arg-type]
        return cls(None if n is None else check_count("n", n), options)


@dataclass(frozen=True)
class Request:
    """A question that can be answered: queries, how many related events, and the options as arrays.

    Attributes
    ----------
    queries : Queries
        For which events.
    n : int
        How many related events, at least 1.
    options : ListOptions
        Read for its thresholds and what it says of variety.
    exclude, pins : Choice
        Ids that the user named.
    allowed : numpy.ndarray of bool, shape (n_events,)
        By row: whether a list may hold it as a candidate.
    max_day : numpy.ndarray of int64, shape (n_queries,), or None
        The latest day of each query's candidates.
    pinned : (numpy.ndarray of int64, numpy.ndarray of int64)
        Query numbers and rows of what stands above all candidates.
    likely : float
        The least score, rounded, that is probable enough.
    """

    queries: Queries
    n: int
    options: ListOptions
    exclude: Choice
    pins: Choice
    allowed: npt.NDArray[np.bool_]
    max_day: npt.NDArray[np.int64] | None
    pinned: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
    likely: float

    def reached(self, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which scores are high enough to be listed."""
        least = -np.inf if self.options.min_score is None else self.options.min_score
        return np.asarray((scores >= least) & (np.round(scores, DECIMALS) >= self.likely))

    def same_as(self, other: Request) -> bool:
        """Return whether another request, of the same queries, asks for the same lists."""
        rest, others = (
            replace(one.options, as_of=None, where=None, exclude=None, pins=None)
            for one in (self, other)
        )
        return (
            (self.n, rest) == (other.n, others)
            and self.exclude.same_as(other.exclude)
            and self.pins.same_as(other.pins)
            and np.array_equal(self.allowed, other.allowed)
            and np.array_equal(self.max_day, other.max_day)  # type: ignore[arg-type]
        )


def read_request(
    index: Index,
    calibration: Calibration | None,
    queries: Queries,
    n: int,
    options: ListOptions,
) -> Request:
    """Check the options against an archive, and turn them into arrays.

    Raises
    ------
    InputError
        If an option can't be used; see `RelatedEvents.related`.
    """
    likely = least_likely(calibration, options.min_probability)
    exclude = read_choice("exclude", options.exclude, index.ids)
    pins = read_choice("pins", options.pins, index.ids)
    check_pins(pins, exclude, index.ids)
    if not queries.in_archive:
        _check_for_all("exclude", exclude)
        _check_for_all("pins", pins)
    days = queries.features.days[queries.feature_rows]
    max_day = read_as_of(options.as_of, queries.ids.tolist(), days)
    allowed = read_where(options.where, index.table)[index.order]
    # What is named for every list never enters one; what is named for some is taken out after.
    allowed[exclude.everywhere] = False
    allowed[pins.everywhere] = False
    pinned = _pinned(index, queries.rows, pins, max_day)
    return Request(queries, n, options, exclude, pins, allowed, max_day, pinned, likely)


def least_likely(calibration: Calibration | None, min_probability: float | None) -> float:
    """Return the least score, rounded, that is listed by its probability.

    Raises
    ------
    InputError
        If `min_probability` is given and can't be used.
    """
    if min_probability is not None:
        check_min_probability(min_probability, calibration)
    if calibration is None or min_probability == 0:
        return -np.inf
    least = calibration.default_cut if min_probability is None else min_probability
    return calibration.least_score(least)


def _check_for_all(name: str, choice: Choice) -> None:
    if choice.by_row:
        came = "got a mapping from ids, and a new event has none"
        raise InputError(problem(name, came, "a list of ids"))


def _pinned(
    index: Index, queries: Rows, pins: Choice, max_day: npt.NDArray[np.int64] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    numbers, rows = named_pairs(queries, pins)
    if max_day is None:
        return numbers, rows
    # An editor may pin past every filter, but not an event that was still to come.
    known = index.features.days[rows] <= max_day[numbers]
    return numbers[known], rows[known]
