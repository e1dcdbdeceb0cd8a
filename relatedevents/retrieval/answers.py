"""Answers: queries and a user's keywords in, the long table of lists out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, check_number, problem
from relatedevents.calibration import Calibration, check_min_probability
from relatedevents.engines.base import Best, Engine, ExactScores, Filters
from relatedevents.errors import InputError
from relatedevents.index.index import Index
from relatedevents.rerank import (
    CHOICE,
    FIRST_LIST,
    N_NEIGHBOURS,
    Neighbourhoods,
    neighbour_values,
)
from relatedevents.retrieval import table as lists
from relatedevents.retrieval.filters import Choice, check_pins, read_as_of, read_choice, read_where
from relatedevents.retrieval.search import FirstLists, Search
from relatedevents.scoring.signals import Features, add_parts, pair_parts, pair_scores
from relatedevents.scoring.terms import score_terms
from relatedevents.weights import SIGNALS, Weights

_NEIGHBOURS = SIGNALS.index("neighbours")

#: Opens a progress display of so many steps; what it yields is told of each step done.
ProgressBar = Callable[[int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Queries:
    """The events that lists are asked for.

    Attributes
    ----------
    ids : numpy.ndarray of object, shape (n_queries,)
        What stands in the lists' column `id`.
    rows : numpy.ndarray of int64, shape (n_queries,)
        Their rows in the archive, -1 for an event from outside.
    features : Features
        Of the archive where `in_archive`, else of the queries alone.
    in_archive : bool
        Whether the queries are events of the archive.
    everyone : bool
        Whether they are all of the archive, in the order of rows.
    """

    ids: npt.NDArray[np.object_]
    rows: npt.NDArray[np.int64]
    features: Features
    in_archive: bool
    everyone: bool = False

    @property
    def feature_rows(self) -> npt.NDArray[np.int64]:
        """The row of each query within `features`."""
        return self.rows if self.in_archive else np.arange(len(self.rows))

    def take(self, numbers: npt.NDArray[np.int64]) -> Queries:
        """Return some of them."""
        if len(numbers) == len(self.ids):
            return self
        features = self.features if self.in_archive else self.features.take(numbers)
        return Queries(self.ids[numbers], self.rows[numbers], features, self.in_archive)


@dataclass(frozen=True)
class Wishes:
    """What a user said of the lists, as given: see `relatedevents.RelatedEvents.related`."""

    as_of: object = None
    where: object = None
    exclude: object = None
    pins: object = None
    min_score: float | None = None
    min_probability: float | None = None
    diversity: float = 0.0
    near_duplicates: str = "keep"

    @property
    def plain(self) -> bool:
        """Whether nothing was said."""
        # A mask has no truth value of its own, so only numbers and words are compared.
        return all(
            wish is nothing or (isinstance(wish, (int, float, str)) and wish == nothing)
            for wish, nothing in zip(vars(self).values(), _NOTHING, strict=True)
        )

    @property
    def unfiltered(self) -> bool:
        """Whether every event may be a candidate of every list."""
        filters = (self.as_of, self.where, self.exclude, self.pins)
        return all(wish is None for wish in filters)

    @property
    def varied(self) -> bool:
        """Whether lists are to be chosen among more candidates than they hold."""
        return self.diversity > 0.0 or self.near_duplicates == "drop"

    def check(self) -> None:
        """Raise `InputError` unless the numbers and words can be used."""
        if self.min_score is not None:
            check_number("min_score", self.min_score)
        check_number("diversity", self.diversity, 0.0, 1.0)
        check_choice("near_duplicates", self.near_duplicates, ["keep", "drop"])


_NOTHING = tuple(vars(Wishes()).values())


@dataclass(frozen=True)
class Scorer:
    """The score of any pair, from the fitted archive.

    Attributes
    ----------
    index : Index
        The fitted archive.
    weights : Weights
        What each signal counts.
    near : Neighbourhoods or None
        Of the whole archive; None where neighbours count nothing.
    calibration : Calibration or None
        What turns parts into probabilities; None where nothing does under these weights.
    """

    index: Index
    weights: Weights
    near: Neighbourhoods | None
    calibration: Calibration | None = None

    def first_scores(self, queries: Queries) -> ExactScores:
        """Return what scores pairs of a query number and a row without their neighbours."""
        rows, weights = queries.feature_rows, self.weights.first_pass()

        def exact(q: npt.NDArray[np.int64], c: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
            return pair_scores(queries.features, rows[q], self.index.features, c, weights)

        return exact

    def parts(
        self,
        queries: Queries,
        numbers: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        of_neighbours: npt.NDArray[np.float64],
    ) -> npt.NDArray[np.float64]:
        """Return every part of some pairs, that of the neighbours being known."""
        q = queries.feature_rows[numbers]
        weights = self.weights.first_pass()
        parts = pair_parts(queries.features, q, self.index.features, rows, weights)
        parts[:, _NEIGHBOURS] = of_neighbours
        return parts

    def of_neighbours(
        self,
        own: Neighbourhoods | None,
        numbers: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        until: npt.NDArray[np.int64] | None,
    ) -> npt.NDArray[np.float64]:
        """Return the neighbours' part of some pairs; `own` are the queries' neighbourhoods."""
        if self.near is None or own is None:
            return np.zeros(len(rows))
        values = neighbour_values(own, numbers, self.near, rows, self.index.features, until)
        return self.weights.neighbours * values

    def probabilities(self, parts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the probability of some pairs from all their parts, NaN where none is known."""
        if self.calibration is None:
            return np.full(len(parts), np.nan)
        return self.calibration.probabilities(parts)


def answer(
    scorer: Scorer,
    engine: Engine,
    queries: Queries,
    n: int,
    wishes: Wishes,
    first: FirstLists | None,
    progress_bar: ProgressBar,
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return the lists of some queries as a long table, and the related events' rows.

    Where everyone is asked for, the lists stand in the archive's order.

    Parameters
    ----------
    scorer : Scorer
        The score.
    engine : Engine
        Over the index's rows, under the weights of the first pass.
    queries : Queries
        For which events.
    n : int
        How many related events, at least 1.
    wishes : Wishes
        Filters, pins, thresholds and variety.
    first : callable or None
        Gives the first lists of some query numbers, where they are known: without a filter.
    progress_bar : callable
        Opens the display.
    """
    wishes.check()
    index = scorer.index
    if wishes.min_probability is not None:
        check_min_probability(wishes.min_probability, scorer.calibration)
    exclude = read_choice("exclude", wishes.exclude, index.ids)
    pins = read_choice("pins", wishes.pins, index.ids)
    check_pins(pins, exclude, index.ids)
    if not queries.in_archive:
        _check_for_all("exclude", exclude)
        _check_for_all("pins", pins)
    days = queries.features.days[queries.feature_rows]
    until = read_as_of(wishes.as_of, queries.ids.tolist(), days)
    allowed = read_where(wishes.where, index.table)[index.order]
    # What is named for every list never enters one; what is named for some is taken out after.
    allowed[exclude.everywhere] = False
    allowed[pins.everywhere] = False
    own = _own(scorer, engine, queries)
    pinned = _pinned(index, queries, pins, until)
    filters = Filters(allowed, until)
    search = Search(
        scorer,
        queries,
        n,
        first_width(n, scorer.weights),
        first_width(n, scorer.weights, wishes),
        wishes,
        until,
        (exclude, pins),
        pinned,
        own,
        lambda numbers, width: first_lists(
            scorer, engine, queries.take(numbers), width, filters.take(numbers), progress_bar
        ),
        engine.n_threads,
    )
    pairs, of_neighbours = search.run(first)
    if pins.most:
        of_pins = scorer.of_neighbours(own, *pinned, until)
        scores = add_parts(scorer.parts(queries, *pinned, of_pins))
        first_pairs = lists.Pairs(*pinned, scores, np.ones(len(scores), dtype=np.bool_))
        pairs, order = lists.join(first_pairs, pairs)
        of_neighbours = np.concatenate([of_pins, of_neighbours])[order]
        shown = pairs.ranks() <= n
        pairs, of_neighbours = pairs.where(shown), of_neighbours[shown]
    if queries.everyone:
        # Before their parts are known, which take far more memory than the pairs.
        order = np.argsort(index.order[pairs.queries], kind="stable")
        pairs, of_neighbours = pairs.take(order), of_neighbours[order]
    parts = scorer.parts(queries, pairs.queries, pairs.candidates, of_neighbours)
    told = scorer.probabilities(parts)
    if wishes.min_probability is not None:
        likely = pairs.pinned | (told >= wishes.min_probability)
        pairs, parts, told = pairs.where(likely), parts[likely], told[likely]
    tags = lists.shared_tags(
        queries.features.tags,
        queries.feature_rows[pairs.queries],
        index.features.tags,
        pairs.candidates,
        index.tag_space.names,
    )
    table = lists.long_table(pairs, parts, told, queries.ids, index.id_of_row, tags)
    return table, pairs.candidates


def first_width(n: int, weights: Weights, wishes: Wishes = Wishes()) -> int:
    """Return how long first lists have to be for lists of `n` events."""
    width = max(n, FIRST_LIST) if weights.neighbours else n
    return max(width, CHOICE * n, FIRST_LIST) if wishes.varied else width


def _check_for_all(name: str, choice: Choice) -> None:
    if choice.by_row:
        came = "got a mapping from ids, and a new event has none"
        raise InputError(problem(name, came, "a list of ids"))


def first_lists(
    scorer: Scorer,
    engine: Engine,
    queries: Queries,
    n: int,
    filters: Filters,
    progress_bar: ProgressBar,
) -> Best:
    """Return the best `n` of each query by all signals but the neighbours."""
    exact = scorer.first_scores(queries)
    with progress_bar(len(queries.ids)) as on_progress:
        if queries.everyone:
            return engine.best_of_all(exact, n, filters, on_progress)
        if queries.in_archive:
            side = engine.candidates.take(queries.rows)
        else:
            side = score_terms(queries.features, scorer.weights.first_pass())
        return engine.best_of_rows(side, queries.rows, exact, n, filters, on_progress)


def _own(scorer: Scorer, engine: Engine, queries: Queries) -> Neighbourhoods | None:
    """Return the queries' own neighbourhoods, whatever filters their lists are asked with."""
    if scorer.near is None:
        return None
    if queries.everyone:
        return scorer.near
    if queries.in_archive:
        return scorer.near.take(queries.rows)
    features = scorer.index.features
    everyone = Filters(np.ones(len(features), dtype=np.bool_))
    found = engine.best_of_rows(
        score_terms(queries.features, scorer.weights.first_pass()),
        queries.rows,
        scorer.first_scores(queries),
        N_NEIGHBOURS,
        everyone,
    )
    return Neighbourhoods.of(found.rows, found.scores, features)


def _pinned(
    index: Index, queries: Queries, pins: Choice, until: npt.NDArray[np.int64] | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    numbers, rows = lists.named_pairs(queries.rows, pins)
    if until is None:
        return numbers, rows
    # An editor may pin past every filter, but not an event that was still to come.
    known = index.features.days[rows] <= until[numbers]
    return numbers[known], rows[known]


def with_events(
    table: pd.DataFrame,
    index: Index,
    rows: npt.NDArray[np.int64],
    columns: tuple[str, ...],
) -> pd.DataFrame:
    """Return a long table with some columns of the related events set after `related_id`."""
    at = int(table.columns.get_loc("related_id")) + 1  # type: ignore[arg-type]
    places = index.order[rows]
    for name in reversed(columns):
        table.insert(at, name, index.table[name].iloc[places].reset_index(drop=True))
    return table
