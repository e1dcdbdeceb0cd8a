"""The retriever: every question to a fitted archive goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_flag
from relatedevents.calibration import Calibration
from relatedevents.engines.base import Best, Filters
from relatedevents.features.series import within_limit
from relatedevents.index.index import Index
from relatedevents.index.numbering import Positions, Rows
from relatedevents.retrieval.explain import Explanation, explanation_of
from relatedevents.retrieval.filters import read_as_of
from relatedevents.retrieval.fitted import Fitted, Setup
from relatedevents.retrieval.list_cache import ListCache
from relatedevents.retrieval.options import ListOptions, least_likely, read_request
from relatedevents.retrieval.pipeline import Pipeline, with_events
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.scorer import Scorer
from relatedevents.weights import Weights

_EVENT_COLUMNS = ("headline", "date")


@dataclass(frozen=True)
class Retriever:
    """Answers questions to a fitted archive under some parameters.

    Attributes
    ----------
    fitted : Fitted
        The archive, and what was made of it; its index follows the weights' tie-break.
    setup : Setup
        The parameters.
    """

    fitted: Fitted
    setup: Setup

    @property
    def index(self) -> Index:
        """The fitted archive."""
        return self.fitted.index

    @property
    def scorer(self) -> Scorer:
        """The score of any pair."""
        return Scorer(self.index, self.setup.weights, self.calibration)

    @property
    def calibration(self) -> Calibration | None:
        """What turns scores into probabilities, if it was learned under these weights."""
        found = self.fitted.calibration
        return found if found is not None and found.holds_for(self.setup.weights) else None

    def pipeline(self) -> Pipeline:
        """Return what lists are made with."""
        return Pipeline(self.scorer, self.fitted.engine(self.setup), self.progress_bar)

    def queries(self, ids: object, name: str) -> Queries:
        """Return some events of the archive as queries; errors call the argument `name`."""
        return Queries.of_rows(self.index, Rows(self.index.ids.rows_of(ids, name)))  # type: ignore[arg-type]

    def lists(
        self,
        queries: Queries,
        n: int,
        options: ListOptions,
        reasons: bool = False,
        *,
        keep: bool = True,
    ) -> tuple[pd.DataFrame, Rows]:
        """Return the lists of some queries as a long table, and the related events' rows.

        Those of the whole archive without options are what the next update is compared with, if
        they are to be kept. With `reasons` there are the columns `relation` and `reason` too.
        """
        check_flag("reasons", reasons)
        request = read_request(self.index, self.calibration, queries, n, options)
        known = None
        if queries.whole_archive and options.plain:
            known = self.all_lists(n, keep=keep).best()
        return self.pipeline().lists(request, known, reasons=reasons)

    def full_lists(
        self, queries: Queries, n: int, options: ListOptions, reasons: bool
    ) -> pd.DataFrame:
        """Return the same with headline and date of the related events."""
        table, rows = self.lists(queries, n, options, reasons)
        return with_events(table, self.index, rows, _EVENT_COLUMNS)

    def candidates(self, rows: Rows, n: int, max_day: npt.NDArray[np.int64] | None) -> Best:
        """Return the best `n` events for some rows, by their days alone filtered."""
        filters = Filters(np.ones(len(self.index), dtype=np.bool_), max_day)
        return self.pipeline().candidates(Queries.of_rows(self.index, rows), n, filters)

    def all_lists(self, n: int, *, keep: bool = True) -> ListCache:
        """Return the lists of the whole archive without options, found once and then kept.

        Without `keep`, lists that are kept already stay in their place.
        """
        engine, cached = self.setup.engine_for(len(self.index)), self.fitted.lists
        made = (self.setup.weights, self.index.version, engine)
        if cached is None or not cached.serves(n, *made):
            everything = Filters(np.ones(len(self.index), dtype=np.bool_))
            best = self.pipeline().candidates(Queries.of_archive(self.index), n, everything)
            cached = ListCache.of(best, n, *made)
        cached = cached if cached.n == n else cached.first(n)
        if keep or self.fitted.lists is None:
            self.fitted.lists = cached
        return cached

    def blocks(
        self, n: int, size: int, options: ListOptions, reasons: bool
    ) -> Iterator[pd.DataFrame]:
        """Find all lists, and give their long table in blocks of `size` events."""
        # Whatever can't be used is told now, not with the first block.
        index, calibration = self.index, self.calibration
        everything = Queries.of_archive(index)
        if not options.unfiltered or options.varied:
            return _slices(self.lists(everything, n, options, reasons)[0], index, size)
        check_flag("reasons", reasons)
        read_request(index, calibration, everything, n, options)
        pipeline, known = self.pipeline(), self.all_lists(n, keep=options.plain)

        def block(first: int) -> pd.DataFrame:
            rows = index.rows(Positions(np.arange(first, min(first + size, len(index)))))
            queries = Queries.of_rows(index, rows)
            request = read_request(index, calibration, queries, n, options)
            return pipeline.lists(request, known.best(rows), reasons=reasons)[0]

        return map(block, range(0, len(index), size))

    def explain(self, id_: object, related_id: object, as_of: object) -> Explanation:
        """Return everything that goes into the score of one pair."""
        ids = self.index.ids
        rows = Rows(np.array([ids.row_of(id_), ids.row_of(related_id, "related_id")]))
        # Nothing in a score depends on the day, but a wrong date is told.
        read_as_of(as_of, [str(id_)], self.index.features.days[rows[:1]])
        return explanation_of(self.scorer, rows)

    def lists_under(self, n: int, options: ListOptions) -> ListCache:
        """Return the lists of the whole archive under some options, as `related_all` gives them.

        The next ones that are asked for are these, if they are made in the same way.
        """
        index, known = self.index, None
        engine = self.setup.engine_for(len(index))
        request = read_request(index, self.calibration, Queries.of_archive(index), n, options)
        if self.fitted.answered is not None:
            asked, calibration, lists = self.fitted.answered
            made = lists.serves(n, self.setup.weights, index.version, engine)
            if made and calibration is self.calibration and asked.same_as(request):
                return lists
        if options.unfiltered and not options.varied:
            known = self.all_lists(n, keep=False).best()
        table, related = self.pipeline().lists(request, known)
        at = (
            pd.Index(index.id_of_row).get_indexer(pd.Index(table["id"])),
            table["rank"].to_numpy() - 1,
        )
        shape = (len(index), min(n, len(index) - 1))
        rows, scores = np.full(shape, -1, dtype=np.int32), np.zeros(shape)
        rows[at], scores[at] = related, table["score"]
        lists = ListCache(rows, scores, n, self.setup.weights, index.version, engine)
        self.fitted.answered = request, self.calibration, lists
        return lists

    def seen(self, lists: ListCache) -> ListCache:
        """Return kept lists as users see them: without what is improbable, or more of a series."""
        cut = lists.reaching(least_likely(self.calibration, None))
        # Most lists hold nothing of a series: -1 stands for those, and for unused places.
        codes = np.where(cut.rows >= 0, self.index.series[cut.rows], -1)
        numbers, ranks = np.nonzero(codes >= 0)
        limit = ListOptions.series_limit
        within = within_limit(
            numbers, codes[numbers, ranks], len(codes) if limit is None else limit
        )
        again = np.unique(numbers[~within])
        if not len(again):
            return cut
        queries = Queries.of_rows(self.index, Rows(again))
        table, related = self.lists(queries, cut.n, ListOptions(), keep=False)
        cut.rows[again] = -1
        owners = self.index.ids.rows_of(table["id"])
        cut.rows[owners, table["rank"].to_numpy() - 1] = related
        return cut

    def lists_before_update(self) -> ListCache:
        """Return the lists that an update is compared with: those made last, or new ones."""
        cached = self.fitted.lists
        return cached if cached is not None else self.all_lists(self.setup.n_related)

    def under(self, weights: Weights) -> Retriever:
        """Return the same archive under other weights; this one stays as it is."""
        fitted = replace(self.fitted, lists=None, engines={})
        fitted.reorder(weights)
        return Retriever(fitted, replace(self.setup, weights=weights))

    @contextmanager
    def progress_bar(
        self, total: int | None, desc: str = "relate", unit: str = "event"
    ) -> Iterator[Callable[[int], None]]:
        """Open a progress bar on stderr, if one was asked for."""
        from tqdm import tqdm

        # `delay`: what takes less than a second shows nothing.
        hidden = not self.setup.progress
        with tqdm(total=total, desc=desc, unit=unit, delay=1.0, disable=hidden) as bar:
            yield bar.update


def _slices(table: pd.DataFrame, index: Index, size: int) -> Iterator[pd.DataFrame]:
    """Give a long table in pieces, each with the lists of `size` events of the archive."""
    positions = index.positions(Rows(index.ids.rows_of(table["id"])))
    starts, told = np.arange(0, len(index), size), dict(table.attrs)
    # So that no block copies what is told of all.
    table.attrs.clear()
    cuts = np.searchsorted(positions, starts).tolist()
    for start, first, end in zip(starts.tolist(), cuts, [*cuts[1:], len(table)], strict=True):
        block = table.iloc[first:end].reset_index(drop=True)
        ids = index.table["id"].iloc[start : start + size].tolist()
        for name, by_id in told.items():
            block.attrs[name] = {id_: by_id[id_] for id_ in ids if id_ in by_id}
        yield block
