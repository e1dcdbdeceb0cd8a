"""Links to learn from: those that a list could hold, and which queries belong together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, some_of
from relatedevents.archive import UNDATED, days_of
from relatedevents.errors import InputError
from relatedevents.index.index import Index
from relatedevents.index.numbering import Positions
from relatedevents.learning.coordinate_search import ideal_gain
from relatedevents.learning.folds import communities_of

_LEAST_QUERIES = 10


@dataclass(frozen=True)
class TrainingLinks:
    """Links that a list could hold, query by query.

    Attributes
    ----------
    queries : Positions, shape (n_queries,)
        The queries.
    related : list of Positions
        What each is linked to.
    grades : list of numpy.ndarray of float64
        The gain of each link.
    max_day : numpy.ndarray of int64, shape (n_queries,), or None
        The last day that each query's page could know.
    groups : numpy.ndarray of int64, shape (n_queries,)
        The number of each query's community: queries of one story, else of one day, and those
        that links join to them (see `folds.communities_of`), share a fold.
    unreachable : int
        How many links are left out, because no list could hold them.
    """

    queries: Positions
    related: list[Positions]
    grades: list[npt.NDArray[np.float64]]
    max_day: npt.NDArray[np.int64] | None
    groups: npt.NDArray[np.int64]
    unreachable: int

    @property
    def n_links(self) -> int:
        """How many links there are."""
        return sum(map(len, self.related))

    def grades_of(
        self, numbers: npt.NDArray[np.int64], candidates: Positions
    ) -> npt.NDArray[np.float64]:
        """Return the gain of some pairs of a query number and an event, 0 without a link."""
        owner = np.repeat(np.arange(len(self.queries)), [len(some) for some in self.related])
        related, grades = np.concatenate(self.related), np.concatenate(self.grades)
        if not len(related):
            return np.zeros(len(numbers))
        span = int(max(related.max(), candidates.max(initial=0))) + 1
        links = owner * span + related
        order = np.argsort(links)
        pairs = numbers * span + candidates
        at = np.minimum(np.searchsorted(links[order], pairs), len(links) - 1)
        return np.where(links[order][at] == pairs, grades[order][at], 0.0)

    def ideal(self, n: int) -> npt.NDArray[np.float64]:
        """Return the best sum of discounted gains that a list of each query could have."""
        return np.array([ideal_gain(some, n) for some in self.grades])


def read_training_links(links: object, index: Index) -> TrainingLinks:
    """Return the links that a list could hold.

    Raises
    ------
    InputError
        If fewer than ten queries have such a link, or all of those are of one story or day.
    """
    from relatedevents.readers import read_links

    table = read_links(links, archive=index.table)
    if "grade" in table.columns:
        table = table[table["grade"] > 0]
    n_links = len(table)
    dated = "as_of" in table.columns and bool(table["as_of"].notna().any())
    if dated:
        last = table.groupby("id", sort=False)["as_of"].transform("first")
        undated = table.loc[last.isna(), "id"].unique().tolist()
        if undated:
            came = f"no as_of for {some_of(undated)}"
            raise InputError(problem("links", came, "an as_of for every query, or for none"))
        # What a page could not know is no fault of a list: the ideal leaves it out too.
        days = index.features.days[index.ids.rows_of(table["related_id"], "links")]
        table = table.assign(as_of=last)[(days != UNDATED) & (days <= days_of(last))]
    by_query = list(table.groupby("id", sort=False))
    if len(by_query) < _LEAST_QUERIES:
        came = f"{len(by_query)} queries with a link that a list could hold"
        raise InputError(problem("links", came, f"{_LEAST_QUERIES} or more to learn from"))
    queries = index.positions_of([id_ for id_, _ in by_query], "links")
    related = [index.positions_of(some["related_id"], "links") for _, some in by_query]
    grades = [
        np.asarray(some["grade"] if "grade" in some.columns else np.ones(len(some)), np.float64)
        for _, some in by_query
    ]
    max_day = None
    if dated:
        first = pd.concat([some["as_of"].head(1) for _, some in by_query])
        max_day = days_of(first).astype(np.int64)
    owner = np.repeat(np.arange(len(queries)), [len(some) for some in related])
    linked = query_numbers(queries, Positions(np.concatenate(related)), len(index))
    ends = owner[linked >= 0], linked[linked >= 0]
    groups = communities_of(groups_of(index, queries), *ends)
    return TrainingLinks(queries, related, grades, max_day, groups, n_links - len(table))


def query_numbers(queries: Positions, events: Positions, n_events: int) -> npt.NDArray[np.int64]:
    """Return the number of the query that each event is, -1 where it is none."""
    number = np.full(n_events, -1, dtype=np.int64)
    number[queries] = np.arange(len(queries))
    return number[events]


def groups_of(index: Index, positions: Positions) -> npt.NDArray[np.int64]:
    """Return the number of each event's story, else of its day."""
    days = index.features.days[index.rows(positions)]
    # Events without a date are not of one day: each stands alone.
    alone = "event " + pd.Series(positions).astype(str)
    names = pd.Series(days).astype(str).where(days != UNDATED, alone)
    if "story" in index.table.columns:
        stories = index.table["story"].iloc[positions].reset_index(drop=True)
        named = stories.notna() & (stories.astype(str).str.strip() != "")
        names = ("story " + stories.astype(str)).where(named, names)
    groups = np.asarray(pd.factorize(names)[0], dtype=np.int64)
    if not groups.max(initial=0):
        allowed = "queries of two or more, to learn from one and to measure on another"
        raise InputError(problem("links", "all queries are of one story or day", allowed))
    return groups
