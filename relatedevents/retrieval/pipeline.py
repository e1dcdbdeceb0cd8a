"""The pipeline that makes every list: request -> candidates -> selection -> table.

    candidates   the engine's best n (or a larger pool), every score exact and in tie-break order
    selection    excluded ids, thresholds, near-duplicates and more of one series out, filled from
                 further down; from a pool, as diverse as asked
    pins         on top, whatever the filters say
    table        parts, probabilities, shared tags, basis and, on request, reasons of what is listed

No step needs another event's list, so a longer list begins with the shorter one and a list never
depends on what else is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.arrays import starts_of
from relatedevents.engines.base import Best, Engine, Filters
from relatedevents.features.series import within_limit
from relatedevents.index.index import Index
from relatedevents.index.numbering import Rows
from relatedevents.rerank import Above, keep_distinct, pick_diverse
from relatedevents.retrieval.endings import endings_of
from relatedevents.retrieval.options import Request
from relatedevents.retrieval.pairs import Pairs, join, without
from relatedevents.retrieval.queries import Queries, worded
from relatedevents.retrieval.reasons import reasons_of
from relatedevents.retrieval.scorer import Scorer
from relatedevents.retrieval.table import long_table, shared_tags, text_column
from relatedevents.signals.score import score_terms

I64 = npt.NDArray[np.int64]

#: Opens a progress bar of so many steps; what it yields is called with the number of steps done.
ProgressBar = Callable[[int], AbstractContextManager[Callable[[int], None]]]

# Candidates that are held at once where lists are filled from further down.
_MOST_CANDIDATES = 1_000_000
# An archive of one long series has nothing else further down, and a great many to look at.
_FURTHEST = 1024


@dataclass(frozen=True)
class Pipeline:
    """What every list is made with.

    Attributes
    ----------
    scorer : Scorer
        The score.
    engine : Engine
        Over the index's rows, under the scorer's weights.
    progress_bar : callable
        Opens the display.
    """

    scorer: Scorer
    engine: Engine
    progress_bar: ProgressBar

    def lists(
        self, request: Request, known: Best | None = None, *, reasons: bool = False
    ) -> tuple[pd.DataFrame, Rows]:
        """Return the lists as a long table, and the related events' rows.

        Where the whole archive is asked for, the lists stand in its own order.

        Parameters
        ----------
        request : Request
            The question.
        known : Best, optional
            The candidates of every query, where they were found before, as many as are needed.
        reasons : bool
            Whether relation and reason of each pair are told.
        """
        selected, passed = self._select(request, known)
        pairs = self._pin(request, selected)
        if request.queries.whole_archive:
            # Before their parts are known, which take far more memory than the pairs.
            order = self.scorer.index.order
            pairs = pairs.take(np.argsort(order[pairs.queries], kind="stable"))
        return self._table(request, pairs, passed, reasons=reasons)

    def candidates(self, queries: Queries, n: int, filters: Filters) -> Best:
        """Return the best `n` candidates of each query, in tie-break order."""
        scores = self.scorer.exact_scores(queries)
        with self.progress_bar(len(queries)) as on_progress:
            if queries.whole_archive:
                return self.engine.best_of_all(scores, n, filters, on_progress)
            if queries.in_archive:
                terms = self.engine.candidates.take(queries.rows)
            else:
                terms = score_terms(queries.features, self.scorer.weights)
            return self.engine.best_of_rows(terms, queries.rows, scores, n, filters, on_progress)

    def _candidates(self, request: Request, numbers: I64, width: int) -> Best:
        """Return so many candidates of some queries that `width` stay when ids are taken out."""
        named = (request.exclude, request.pins)
        spare = sum(max([0, *map(len, choice.by_row.values())]) for choice in named)
        filters = Filters(request.allowed, request.max_day)
        if len(numbers) < len(request.queries):
            filters = filters.take(numbers)
        return self.candidates(request.queries.take(numbers), width + spare, filters)

    def _select(self, request: Request, known: Best | None) -> tuple[Pairs, I64]:
        """Return what is listed, without pins, and how many of a series each list passes over."""
        numbers, width = np.arange(len(request.queries)), request.options.n_candidates(request.n)
        best = self._candidates(request, numbers, width) if known is None else known
        pairs, passed, short = self._distinct(request, numbers, width, best)
        pieces = [pairs]
        while len(short):
            width = min(2 * width, self._furthest(request))
            at_once = max(1, _MOST_CANDIDATES // width)
            short_again = []
            for first in range(0, len(short), at_once):
                numbers = short[first : first + at_once]
                best = self._candidates(request, numbers, width)
                pairs, more, still_short = self._distinct(request, numbers, width, best)
                pieces.append(pairs)
                passed += more
                short_again.append(still_short)
            short = np.concatenate(short_again)
        pairs = join(*pieces) if len(pieces) > 1 else pieces[0]
        if request.options.diversity:
            return pairs.take(self._diverse(request, pairs)), passed
        # Of what was looked at further down there may be more than enough.
        return pairs.where(pairs.ranks() <= request.n), passed

    def _distinct(
        self, request: Request, numbers: I64, width: int, best: Best
    ) -> tuple[Pairs, I64, I64]:
        """Return the candidates of some queries that may be listed, where they are enough.

        And how many of a series these lists pass over, and the numbers of the other queries:
        near-duplicates and more of one series leave their lists short, and more candidates may
        stand further down.
        """
        pairs = Pairs.of(best)
        pairs = replace(pairs, queries=numbers[pairs.queries])
        for choice in (request.exclude, request.pins):
            if choice.by_row:
                pairs = without(pairs, request.queries.rows, choice)
        ranks = pairs.ranks()
        pairs, ranks = pairs.where(ranks <= width), ranks[ranks <= width]
        last = ranks == width
        lowest = np.full(len(request.queries), -np.inf)
        lowest[pairs.queries[last]] = pairs.scores[last]
        pairs = pairs.where(request.reached(pairs.scores))
        n_queries = len(request.queries)
        n_reached = np.bincount(pairs.queries, minlength=n_queries)
        if request.options.near_duplicates == "drop":
            pairs = pairs.where(self._no_repeats(request, pairs))
        within = self._within_limit(request, pairs)
        passed, pairs = _n_passed(request, pairs, within), pairs.where(within)
        n_listed = np.bincount(pairs.queries, minlength=n_queries)
        short = (n_listed < n_reached) & (n_listed < request.n)
        short &= np.isfinite(lowest) & request.reached(lowest)
        short &= width < self._furthest(request)
        passed[short] = 0
        return pairs.where(~short[pairs.queries]), passed, numbers[short[numbers]]

    def _furthest(self, request: Request) -> int:
        """Return how far down candidates are looked at, where lists are short of them."""
        n_events = len(self.scorer.index)
        if request.options.near_duplicates == "drop":
            return n_events
        return min(n_events, max(_FURTHEST, request.n))

    def _within_limit(self, request: Request, pairs: Pairs) -> npt.NDArray[np.bool_]:
        """Return which candidates are among the first of their series, pins counted."""
        limit, series = request.options.series_limit, self.scorer.index.series
        if limit is None:
            return np.ones(len(pairs), dtype=np.bool_)
        numbers, rows = request.pinned
        lists, candidates = np.append(numbers, pairs.queries), np.append(rows, pairs.candidates)
        return within_limit(lists, series[candidates], limit)[len(rows) :]

    def _no_repeats(self, request: Request, pairs: Pairs) -> npt.NDArray[np.bool_]:
        """Return which candidates are near-duplicates of neither the query nor one above them."""
        queries = request.queries
        wording, days, own_rows = worded(self.scorer.index, queries)
        numbers, rows = request.pinned
        above = Above.of(
            len(own_rows),
            np.append(np.arange(len(own_rows)), numbers),
            np.append(own_rows, rows),
        )
        counts = np.bincount(pairs.queries, minlength=len(queries))
        return keep_distinct(counts, pairs.candidates, above, wording, days, self.engine.n_threads)

    def _diverse(self, request: Request, pairs: Pairs) -> I64:
        """Return which pairs are listed, as unlike each other as was asked for."""
        counts = np.bincount(pairs.queries, minlength=len(request.queries))
        return pick_diverse(
            counts,
            pairs.candidates,
            pairs.scores / sum(self.scorer.weights.by_signal()),
            request.n,
            request.options.diversity,
            Above.of(len(counts), *request.pinned),
            self.scorer.index.features,
            self.engine.n_threads,
        )

    def _pin(self, request: Request, pairs: Pairs) -> Pairs:
        """Return the lists with their pins on top, counted in n."""
        if not request.pins.most:
            return pairs
        numbers, rows = request.pinned
        scores = self.scorer.exact_scores(request.queries)(numbers, rows)
        pinned = Pairs(numbers, rows, scores, np.ones(len(scores), dtype=np.bool_))
        joined = join(pinned, pairs)
        return joined.where(joined.ranks() <= request.n)

    def _table(
        self, request: Request, pairs: Pairs, passed: I64, *, reasons: bool
    ) -> tuple[pd.DataFrame, Rows]:
        scorer, queries, index = self.scorer, request.queries, self.scorer.index
        parts = scorer.parts(queries, pairs.queries, pairs.candidates)
        probabilities = scorer.probabilities(pairs.scores)
        tags = shared_tags(
            queries.features.tags,
            queries.feature_rows[pairs.queries],
            index.features.tags,
            pairs.candidates,
            index.tag_space.names,
        )
        table = long_table(pairs, parts, probabilities, queries.ids, index.id_of_row, tags)
        if reasons:
            told = reasons_of(scorer, queries, pairs.queries, pairs.candidates, parts)
            table["relation"], table["reason"] = map(text_column, told)
        listed = np.bincount(pairs.queries, minlength=len(queries))
        table.attrs["ended"] = endings_of(request, listed, passed, index, scorer.calibration)
        some = np.flatnonzero(passed)
        table.attrs["series"] = dict(zip(queries.ids[some], passed[some].tolist(), strict=True))
        return table, Rows(pairs.candidates)


def _n_passed(request: Request, pairs: Pairs, within: npt.NDArray[np.bool_]) -> I64:
    """Return how many of a series each list passes over above its last event."""
    n_queries = len(request.queries)
    if within.all():
        return np.zeros(n_queries, dtype=np.int64)
    starts = starts_of(np.bincount(pairs.queries, minlength=n_queries))
    listed = np.append(0, np.cumsum(within))
    n_above = listed[:-1] - listed[starts[pairs.queries]]
    room = request.n - np.bincount(request.pinned[0], minlength=n_queries)
    passed = ~within & (n_above < room[pairs.queries])
    return np.asarray(np.bincount(pairs.queries[passed], minlength=n_queries))


def with_events(
    table: pd.DataFrame, index: Index, rows: Rows, columns: tuple[str, ...]
) -> pd.DataFrame:
    """Return a long table with some columns of the related events set after `related_id`."""
    at = int(table.columns.get_loc("related_id")) + 1  # type: ignore[arg-type]
    for name in reversed(columns):
        values = index.table[name].iloc[index.positions(rows)]
        table.insert(at, name, values.reset_index(drop=True))
    return table
