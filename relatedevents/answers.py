"""Answers: queries and a user's keywords in, the long table of lists out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents import lists
from relatedevents.checks import check_number, problem
from relatedevents.engines.contract import Best, Filters
from relatedevents.engines.exact import ExactEngine
from relatedevents.errors import InputError
from relatedevents.filters import Choice, check_pins, read_as_of, read_choice, read_where
from relatedevents.index import Index
from relatedevents.kept import KeptLists
from relatedevents.operands import operands
from relatedevents.signals import Features, add_parts, pair_parts
from relatedevents.weights import Weights

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


@dataclass(frozen=True)
class Wishes:
    """What a user said of the lists, as given: see `relatedevents.RelatedEvents.related`."""

    as_of: object = None
    where: object = None
    exclude: object = None
    pins: object = None
    min_score: float | None = None

    @property
    def plain(self) -> bool:
        """Whether nothing was said."""
        return all(wish is None for wish in vars(self).values())


def answer(
    index: Index,
    engine: ExactEngine,
    weights: Weights,
    queries: Queries,
    n: int,
    wishes: Wishes,
    progress_bar: ProgressBar,
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return the lists of some queries as a long table, and the related events' rows.

    Where everyone is asked for, the lists stand in the archive's order.

    Parameters
    ----------
    index : Index
        The fitted archive.
    engine : ExactEngine
        Over the index's rows, under `weights`.
    weights : Weights
        What each signal counts.
    queries : Queries
        For which events.
    n : int
        How many related events, at least 1.
    wishes : Wishes
        Filters and pins.
    progress_bar : callable
        Opens the display.
    """
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
    spare = max([0, *map(len, exclude.by_row.values())]) + max([0, *map(len, pins.by_row.values())])
    filters = Filters(allowed, until)
    # What the engine found has no name of its own, so that it goes as soon as the pairs are there.
    pairs = lists.Pairs.of(_best(index, engine, weights, queries, n + spare, filters, progress_bar))
    for choice in (exclude, pins):
        if choice.by_row:
            pairs = lists.without(pairs, queries.rows, choice)
    if wishes.min_score is not None:
        lowest = check_number("min_score", wishes.min_score)
        pairs = pairs.where(add_parts(pairs.parts) >= lowest)
    if pins.most:
        pinned = _pinned(index, weights, queries, pins, until)
        pairs = lists.join(pinned, pairs)
    pairs = pairs.where(pairs.ranks() <= n)
    if queries.everyone:
        pairs = pairs.take(np.argsort(index.order[pairs.queries], kind="stable"))
    tags = lists.shared_tags(
        queries.features.tags,
        queries.feature_rows[pairs.queries],
        index.features.tags,
        pairs.candidates,
        index.tag_space.names,
    )
    table = lists.long_table(pairs, queries.ids, index.id_of_row, tags)
    return table, pairs.candidates


def _check_for_all(name: str, choice: Choice) -> None:
    if choice.by_row:
        came = "got a mapping from ids, and a new event has none"
        raise InputError(problem(name, came, "a list of ids"))


def _best(
    index: Index,
    engine: ExactEngine,
    weights: Weights,
    queries: Queries,
    n: int,
    filters: Filters,
    progress_bar: ProgressBar,
) -> Best:
    rows = queries.feature_rows

    def exact(q: npt.NDArray[np.int64], c: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return pair_parts(queries.features, rows[q], index.features, c, weights)

    with progress_bar(len(queries.ids)) as on_progress:
        if queries.everyone:
            return engine.best_of_all(exact, n, filters, on_progress)
        if queries.in_archive:
            side = engine.candidates.take(rows)
        else:
            side = operands(queries.features, weights)
        return engine.best_of_rows(side, queries.rows, exact, n, filters, on_progress)


def _pinned(
    index: Index,
    weights: Weights,
    queries: Queries,
    pins: Choice,
    until: npt.NDArray[np.int64] | None,
) -> lists.Pairs:
    numbers, rows = lists.named_pairs(queries.rows, pins)
    if until is not None:
        # An editor may pin past every filter, but not an event that was still to come.
        known = index.features.days[rows] <= until[numbers]
        numbers, rows = numbers[known], rows[known]
    parts = pair_parts(
        queries.features, queries.feature_rows[numbers], index.features, rows, weights
    )
    return lists.Pairs(numbers, rows, parts, np.ones(len(rows), dtype=np.bool_))


def kept_lists(
    table: pd.DataFrame,
    rows: npt.NDArray[np.int64],
    index: Index,
    n: int,
    weights: Weights,
) -> KeptLists:
    """Return what to keep of the lists of everyone, asked for without any wish.

    Parameters
    ----------
    table, rows
        As `answer` returned them.
    index : Index
        The fitted archive.
    n : int
        How many were asked for.
    weights : Weights
        What each signal counted.
    """
    # Without a wish no list is shorter than another one, and they stand in the table's order.
    shape = (len(index), min(n, len(index) - 1))
    scores = table["score"].to_numpy(dtype=np.float64).reshape(shape)
    return KeptLists(index.order[rows].reshape(shape), scores, n, weights)


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
