"""Search: first lists, put in order by the second pass, and what of them may be listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from relatedevents.engines.base import Best
from relatedevents.engines.ranking import best_of_each
from relatedevents.rerank import Above, Neighbourhoods, keep_distinct, pick_diverse
from relatedevents.retrieval import table as lists
from relatedevents.retrieval.filters import Choice

if TYPE_CHECKING:
    from relatedevents.retrieval.answers import Queries, Scorer, Wishes

Rows = npt.NDArray[np.int64]
#: Gives the first lists of some query numbers.
FirstLists = Callable[[Rows], Best]
#: Pairs, list by list and best first, and the neighbours' part of each.
Found = tuple[lists.Pairs, npt.NDArray[np.float64]]

# Pairs that are held at once: where they are only put in order, and where they are searched for.
_FEW, _MANY = 250_000, 1_000_000


@dataclass(frozen=True)
class Search:
    """What is asked for, read and checked.

    Attributes
    ----------
    scorer : Scorer
        The score.
    queries : Queries
        For which events.
    n : int
        How many related events.
    tier : int
        How many candidates the second pass puts in order: the first so many, then the next.
    width : int
        How many candidates there are to choose from, `tier` or more.
    wishes : Wishes
        Read for its thresholds and what it says of variety.
    until : numpy.ndarray of int64, shape (n_queries,), or None
        The latest day of each query's candidates.
    named : tuple of Choice
        What is left out of some queries' lists.
    pinned : (numpy.ndarray of int64, numpy.ndarray of int64)
        What stands above all candidates: query numbers and rows.
    own : Neighbourhoods or None
        Of the queries.
    find : callable
        (query numbers, how many) -> their first lists.
    n_threads : int
        Worker threads.
    """

    scorer: Scorer
    queries: Queries
    n: int
    tier: int
    width: int
    wishes: Wishes
    until: Rows | None
    named: tuple[Choice, ...]
    pinned: tuple[Rows, Rows]
    own: Neighbourhoods | None
    find: Callable[[Rows, int], Best]
    n_threads: int

    def run(self, first: FirstLists | None) -> Found:
        """Return the lists, without pins; `first` gives the first lists where they are known."""
        everyone = np.arange(len(self.queries.ids))
        if first is None:
            first = self._first(everyone, self.width).take
        if not self.wishes.varied:
            # In pieces: of the candidates that are put in order, a third is kept.
            return _joined(
                self._high(*self._ranked(numbers, self.width, first(numbers), self.n)[:2])
                for numbers in _some(everyone, self.width, _FEW)
            )
        found, todo = self._distinct(everyone, self.width, first(everyone))
        pieces, width = [found], self.width
        while len(todo):
            width *= 2
            short = []
            for numbers in _some(todo, width, _MANY):
                found, more = self._distinct(numbers, width, self._first(numbers, width))
                pieces.append(found)
                short.append(more)
            todo = np.concatenate(short)
        pairs, of_neighbours = _sorted(pieces)
        if self.wishes.diversity:
            best = self._diverse(pairs)
        else:
            best = np.flatnonzero(pairs.ranks() <= self.n)
        return pairs.take(best), of_neighbours[best]

    def _first(self, numbers: Rows, width: int) -> Best:
        """Return first lists so long that `width` candidates stay in them."""
        spare = sum(max([0, *map(len, choice.by_row.values())]) for choice in self.named)
        return self.find(numbers, width + spare)

    def _ranked(
        self, numbers: Rows, width: int, first: Best, n: int
    ) -> tuple[lists.Pairs, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return the best n of each tier, and the lowest first score that each query had.

        That is -inf for a query for which there is nothing further down.
        """
        pairs = lists.Pairs.of(first)
        pairs = replace(pairs, queries=numbers[pairs.queries])
        for choice in self.named:
            if choice.by_row:
                pairs = lists.without(pairs, self.queries.rows, choice)
        ranks = pairs.ranks()
        within = ranks <= width
        pairs, ranks = pairs.where(within), ranks[within]
        of_neighbours = self.scorer.of_neighbours(
            self.own, pairs.queries, pairs.candidates, self.until
        )
        lowest = np.full(len(self.queries.ids), -np.inf)
        last = ranks == width
        lowest[pairs.queries[last]] = pairs.scores[last]
        pairs = replace(pairs, scores=pairs.scores + of_neighbours)
        n_tiers = -(-width // self.tier)
        start = int(numbers.min(initial=len(self.queries.ids)))
        tiers = (pairs.queries - start) * n_tiers + (ranks - 1) // self.tier
        counts = np.bincount(tiers)
        best, _ = best_of_each(counts, pairs.candidates, pairs.scores, n)
        return pairs.take(best), of_neighbours[best], lowest

    def _high(self, pairs: lists.Pairs, of_neighbours: npt.NDArray[np.float64]) -> Found:
        """Return the pairs whose score is high enough."""
        if self.wishes.min_score is None:
            return pairs, of_neighbours
        high = pairs.scores >= self.wishes.min_score
        return pairs.where(high), of_neighbours[high]

    def _distinct(self, numbers: Rows, width: int, first: Best) -> tuple[Found, Rows]:
        """Return the candidates of some queries that may be listed, where they are enough.

        And the numbers of the other queries: near-duplicates leave their lists short, and more
        candidates may stand further down.
        """
        ranked, of_all, lowest = self._ranked(numbers, width, first, self.tier)
        pairs, of_neighbours = self._high(ranked, of_all)
        if self.wishes.near_duplicates == "keep":
            return (pairs, of_neighbours), numbers[:0]
        new = self._new(pairs)
        dropped = self._count(pairs.where(~new)) > 0
        pairs, of_neighbours = pairs.where(new), of_neighbours[new]
        highest = lowest + self.scorer.weights.neighbours
        enough = -np.inf if self.wishes.min_score is None else self.wishes.min_score
        short = dropped & (self._count(pairs) < self.n) & np.isfinite(lowest) & (highest >= enough)
        # Nobody has more candidates than the archive has events.
        short &= width < len(self.scorer.index)
        settled = ~short[pairs.queries]
        return (pairs.where(settled), of_neighbours[settled]), numbers[short[numbers]]

    def _new(self, pairs: lists.Pairs) -> npt.NDArray[np.bool_]:
        """Return which candidates say what neither the query nor one above them says."""
        index, queries = self.scorer.index, self.queries
        wording, days, own_rows = index.wording, index.features.days, queries.rows
        if not queries.in_archive:
            # What stands for the id of an event from outside is its headline.
            wording = wording.with_more(queries.ids.tolist())
            own_rows = len(days) + np.arange(len(own_rows))
            days = np.append(days, queries.features.days)
        numbers, rows = self.pinned
        above = Above.of(
            len(own_rows),
            np.append(np.arange(len(own_rows)), numbers),
            np.append(own_rows, rows),
        )
        counts = self._count(pairs)
        return keep_distinct(counts, pairs.candidates, above, wording, days, self.n_threads)

    def _diverse(self, pairs: lists.Pairs) -> Rows:
        """Return which pairs are listed, as unlike each other as was asked for."""
        counts = self._count(pairs)
        most = sum(self.scorer.weights.by_signal())
        return pick_diverse(
            counts,
            pairs.candidates,
            pairs.scores / most,
            self.n,
            self.wishes.diversity,
            Above.of(len(counts), *self.pinned),
            self.scorer.index.features,
            self.n_threads,
        )

    def _count(self, pairs: lists.Pairs) -> Rows:
        return np.bincount(pairs.queries, minlength=len(self.queries.ids))


def _some(numbers: Rows, width: int, at_once: int) -> Iterator[Rows]:
    size = max(1, at_once // width)
    # Where nobody asks, one empty piece.
    for first in range(0, max(len(numbers), 1), size):
        yield numbers[first : first + size]


def _joined(found: Iterable[Found]) -> Found:
    """Return some lists and those of later queries as one."""
    pieces = list(found)
    pairs = lists.Pairs.one_after_another([some for some, _ in pieces])
    return pairs, np.concatenate([of_neighbours for _, of_neighbours in pieces])


def _sorted(pieces: list[Found]) -> Found:
    """Return lists as one that were found in any order of queries."""
    if len(pieces) == 1:
        return pieces[0]
    pairs, order = lists.join(*(some for some, _ in pieces))
    return pairs, np.concatenate([of_neighbours for _, of_neighbours in pieces])[order]
