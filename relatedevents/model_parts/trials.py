"""Trials: the lists that the queries of some links really get under weights that are tried."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, some_of
from relatedevents.archive import UNDATED, days_of, inverse
from relatedevents.engines.base import Best, Filters
from relatedevents.errors import InputError
from relatedevents.learning.coordinate_search import Candidates, Setting, ideal_gain, ndcg
from relatedevents.rerank import FIRST_LIST, N_NEIGHBOURS, Neighbourhoods
from relatedevents.retrieval.answers import Queries, Scorer, first_lists, first_width
from relatedevents.retrieval.table import Pairs

if TYPE_CHECKING:
    from relatedevents.index.index import Index
    from relatedevents.retrieval.fitted import FittedModel

# Shares of the sum of the other weights that neighbours may weigh.
_SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_LEAST_GAIN = 1e-4
_LEAST_QUERIES = 10
# All lists at once cost about as much as those of one event in so many, one by one.
_AT_ONCE = 6


@dataclass(frozen=True)
class Wanted:
    """Links that a list could hold, as rows of an index, query by query.

    Attributes
    ----------
    rows : numpy.ndarray of int64, shape (n_queries,)
        The queries.
    related : list of numpy.ndarray of int64
        What each is linked to.
    grades : list of numpy.ndarray of float64
        The gain of each link.
    until : numpy.ndarray of int64, shape (n_queries,), or None
        The last day that each query's page could know.
    unreachable : int
        How many links are left out, because no list could hold them.
    """

    rows: npt.NDArray[np.int64]
    related: list[npt.NDArray[np.int64]]
    grades: list[npt.NDArray[np.float64]]
    until: npt.NDArray[np.int64] | None
    unreachable: int

    def moved(self, row_now: npt.NDArray[np.int64]) -> Wanted:
        """Return the same links where each row has another number."""
        return replace(
            self, rows=row_now[self.rows], related=[row_now[some] for some in self.related]
        )

    def grades_of(
        self, queries: npt.NDArray[np.int64], candidates: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Return the gain of some pairs of a query number and a row, 0 where there is no link."""
        owner = np.repeat(np.arange(len(self.rows)), [len(some) for some in self.related])
        related, grades = np.concatenate(self.related), np.concatenate(self.grades)
        span = int(max(related.max(), candidates.max(initial=0))) + 1
        links = owner * span + related
        order = np.argsort(links)
        pairs = queries * span + candidates
        at = np.minimum(np.searchsorted(links[order], pairs), len(links) - 1)
        return np.where(links[order][at] == pairs, grades[order][at], 0.0)

    def ideal(self, n: int) -> npt.NDArray[np.float64]:
        """Return the best sum of discounted gains that a list of each query could have."""
        return np.array([ideal_gain(some, n) for some in self.grades])


def read_wanted(links: object, index: Index) -> Wanted:
    """Return the links that a list could hold; see `TuningMixin.tune` for the errors."""
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
    rows = index.ids.rows_of([id_ for id_, _ in by_query], "links")
    related = [index.ids.rows_of(some["related_id"], "links") for _, some in by_query]
    grades = [
        np.asarray(some["grade"] if "grade" in some.columns else np.ones(len(some)), np.float64)
        for _, some in by_query
    ]
    until = None
    if dated:
        until = days_of(pd.concat([some["as_of"].head(1) for _, some in by_query])).astype(np.int64)
    return Wanted(rows, related, grades, until, n_links - len(table))


def groups_of(index: Index, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of each row's story, else of its day: such rows share a fold."""
    places = index.order[rows]
    days = pd.Series(index.features.days[rows]).astype(str)
    # Events without a date are not of one day: each stands alone.
    days = days.where(index.features.days[rows] != UNDATED, "row " + pd.Series(rows).astype(str))
    if "story" in index.table.columns:
        stories = index.table["story"].iloc[places].reset_index(drop=True)
        named = stories.notna() & (stories.astype(str).str.strip() != "")
        days = ("story " + stories.astype(str)).where(named, days)
    groups = np.asarray(pd.factorize(days)[0], dtype=np.int64)
    if not groups.max(initial=0):
        allowed = "queries of two or more, to learn from one and to measure on another"
        raise InputError(problem("links", "all queries are of one story or day", allowed))
    return groups


@dataclass(frozen=True)
class Trial:
    """The first lists of the wanted queries under some weights, and what neighbours say of them.

    Attributes
    ----------
    lists : Candidates
        Two signals: the score of the first pass, and the neighbours' value.
    total : float
        The sum of the weights of the first pass.
    n : int
        How long the lists are that are measured.
    """

    lists: Candidates
    total: float
    n: int

    @classmethod
    def of(cls, model: FittedModel, wanted: Wanted, order: npt.NDArray[np.int64], n: int) -> Trial:
        """Try the weights of a model.

        Parameters
        ----------
        model : FittedModel
            Where its weights give neighbours none, their values stay 0 and are not worked out.
        wanted : Wanted
            The links, as rows of an index of the same archive.
        order : numpy.ndarray of int64, shape (n_events,)
            The place in the archive's table of each row of that index: the model's own tie-break
            may order its rows in another way.
        n : int
            How long the lists are.
        """
        index, weights = model._index(), model.weights
        here = wanted.moved(inverse(index.order)[order])
        scorer = Scorer(index, weights.with_params(neighbours=1.0), None)
        pairs = Pairs.of(_first(model, scorer, here.rows, first_width(n, weights), here.until))
        values = np.zeros(len(pairs.queries))
        if weights.neighbours:
            near = _near(model, scorer, np.union1d(here.rows, pairs.candidates))
            values = replace(scorer, near=near).of_neighbours(
                near.take(here.rows), pairs.queries, pairs.candidates, here.until
            )
        counts = np.bincount(pairs.queries, minlength=len(here.rows))
        lists = Candidates(
            np.concatenate([[0], np.cumsum(counts)]),
            np.column_stack([pairs.scores, values]),
            np.zeros((len(values), 1)),
            pairs.candidates[:, None],
            here.grades_of(pairs.queries, pairs.candidates),
            here.ideal(n),
        )
        return cls(lists, sum(weights.first_pass().by_signal()), n)

    def take(self, queries: npt.NDArray[np.int64]) -> Trial:
        """Return the trial of some of the queries."""
        return replace(self, lists=self.lists.take(queries))

    def figures(self, neighbours: float) -> npt.NDArray[np.float64]:
        """Return each query's nDCG where neighbours have some weight."""
        return ndcg(self.lists, Setting((1.0, neighbours)), 0, self.n)

    def best_neighbours(self) -> float:
        """Return the weight of the neighbours with the best mean, 0 where none is better."""
        chosen, best = 0.0, float(self.figures(0.0).mean())
        for share in _SHARES:
            weight = float(f"{share * self.total:.3g}")
            mean = float(self.figures(weight).mean())
            if mean > best + _LEAST_GAIN:
                chosen, best = weight, mean
        return chosen


def _first(
    model: FittedModel,
    scorer: Scorer,
    rows: npt.NDArray[np.int64],
    n: int,
    until: npt.NDArray[np.int64] | None,
) -> Best:
    index = scorer.index
    queries = Queries(index.id_of_row[rows], rows, index.features, in_archive=True)
    filters = Filters(np.ones(len(index), dtype=np.bool_), until)
    return first_lists(scorer, model._exact_engine(), queries, n, filters, _quietly)


def _near(model: FittedModel, scorer: Scorer, rows: npt.NDArray[np.int64]) -> Neighbourhoods:
    """Return neighbourhoods of the archive's size, of which at least those of `rows` are there."""
    index, kept = scorer.index, model._kept
    known = kept is not None and kept.serves(FIRST_LIST, model.weights)
    if known or len(rows) * _AT_ONCE > len(index):
        near = model._neighbourhoods()
        if near is not None:
            return near
    found = _first(model, scorer, rows, N_NEIGHBOURS, None)
    members = np.full((len(index), found.rows.shape[1]), -1, dtype=np.int64)
    scores = np.zeros(members.shape)
    members[rows], scores[rows] = found.rows, found.scores
    return Neighbourhoods.of(members, scores, index.features)


def _quietly(total: int) -> AbstractContextManager[Callable[[int], None]]:
    # A trial is one step of a display that is open already.
    return nullcontext(lambda done: None)
