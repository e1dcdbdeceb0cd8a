"""The lists of a large archive a block at a time, so that they never stand in memory together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_count
from relatedevents.archive import inverse
from relatedevents.retrieval.fitted import FittedModel

if TYPE_CHECKING:
    from relatedevents.engines.base import Best
    from relatedevents.retrieval.answers import Wishes
    from relatedevents.retrieval.list_cache import KeptLists

Rows = npt.NDArray[np.int64]


class BlocksMixin(FittedModel):
    """Adds `related_blocks` to the model."""

    def related_blocks(
        self,
        n: int | None = None,
        *,
        size: int = 50_000,
        as_of: object = None,
        where: object = None,
        exclude: object = None,
        pins: object = None,
        min_score: float | None = None,
        min_probability: float | None = None,
        diversity: float = 0.0,
        near_duplicates: str = "keep",
    ) -> Iterator[pd.DataFrame]:
        """Give the long table of `related_all` in blocks, one after the other.

        All first lists are found before the first block; their order, ids, tags and texts are
        worked out block by block. The long table of a million events takes about 8 GB, a block of
        it as much as its events. Where `as_of`, `where`, `exclude`, `pins`, `diversity` or
        `near_duplicates` is given, the whole table is made first.

        Parameters
        ----------
        size : int
            How many events' lists a block holds.
        n, as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
            As in `related_all`.

        Yields
        ------
        pandas.DataFrame
            The lists of the next `size` events in the archive's order.

        Examples
        --------
        >>> from relatedevents import RelatedEvents, load_sample
        >>> model = RelatedEvents().fit(load_sample())
        >>> [len(block) for block in model.related_blocks(n=2, size=200)]
        [400, 400, 42]
        """
        from relatedevents.retrieval.answers import Wishes

        self._check_fitted()
        many = check_count("size", size)
        wanted = check_count("n", self.n_related if n is None else n)
        wishes = Wishes(
            as_of, where, exclude, pins, min_score, min_probability, diversity, near_duplicates
        )
        wishes.check()
        if wishes.unfiltered and not wishes.varied:
            return self._blocks(wanted, many, wishes)
        return self._slices(wanted, many, wishes)

    def _slices(self, n: int, size: int, wishes: Wishes) -> Iterator[pd.DataFrame]:
        """Make the whole table, and give it in pieces."""
        index = self._index()
        table, _ = self._answer(self._everyone(), n, wishes)
        places = index.order[index.ids.rows_of(table["id"])]
        cuts = np.searchsorted(places, np.arange(0, len(index), size)).tolist()
        ends = [*cuts[1:], len(table)]
        return (
            table.iloc[first:end].reset_index(drop=True)
            for first, end in zip(cuts, ends, strict=True)
        )

    def _blocks(self, n: int, size: int, wishes: Wishes) -> Iterator[pd.DataFrame]:
        """Find the first lists of everyone, and give the blocks."""
        from relatedevents.retrieval.answers import answer, first_width

        engine, index = self._engine(), self._index()
        scorer, everyone = self._scorer(), self._everyone()
        kept = self._first_lists(first_width(n, self.weights))

        def blocks() -> Iterator[pd.DataFrame]:
            row_of = inverse(index.order)
            shown = []
            for at in range(0, len(index), size):
                rows = row_of[at : at + size]
                queries = replace(everyone, ids=index.id_of_row[rows], rows=rows, everyone=False)
                first = partial(_best_of, kept, index.order, rows)
                table, found = answer(scorer, engine, queries, n, wishes, first, self._progress_bar)
                if wishes.plain:
                    # Without a wish no list is shorter than another.
                    shown.append(index.order[found].reshape(len(rows), min(n, len(index) - 1)))
                yield table
            if wishes.plain and self._kept is kept:
                together = np.concatenate(shown)
                self._kept = replace(kept, shown=together, n_shown=n, weights=self.weights)

        return blocks()


def _best_of(kept: KeptLists, order: Rows, rows: Rows, numbers: Rows) -> Best:
    return kept.best(order, rows[numbers])
