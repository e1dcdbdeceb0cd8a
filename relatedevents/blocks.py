"""The lists of a large archive a block at a time, so that they never stand in memory together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents.archive import inverse
from relatedevents.checks import check_count
from relatedevents.fitted import FittedModel

if TYPE_CHECKING:
    from relatedevents.answers import Wishes
    from relatedevents.engines.contract import Best


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
    ) -> Iterator[pd.DataFrame]:
        """Give the long table of `related_all` in blocks, one after the other.

        All first lists are found before the first block; their order, ids, tags and texts are
        worked out block by block. The long table of a million events takes about 8 GB, a block of
        it as much as its events.

        Parameters
        ----------
        n, as_of, where, exclude, pins, min_score
            As in `related_all`.
        size : int
            How many events' lists a block holds.

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
        from relatedevents.answers import Wishes

        self._check_fitted()
        many = check_count("size", size)
        wanted = check_count("n", self.n_related if n is None else n)
        return self._blocks(wanted, many, Wishes(as_of, where, exclude, pins, min_score))

    def _blocks(self, n: int, size: int, wishes: Wishes) -> Iterator[pd.DataFrame]:
        """Find the first lists of everyone, and give the blocks."""
        from relatedevents.answers import answer, first_width, wished_lists

        engine, index = self._engine(), self._index()
        scorer, everyone = self._scorer(), self._everyone()
        bar = self._progress_bar
        kept, first = None, None
        if wishes.plain:
            kept = self._first_lists(first_width(n, self.weights))
        else:
            first = wished_lists(scorer, engine, everyone, n, wishes, bar)

        def first_of(rows: npt.NDArray[np.int64]) -> Best | None:
            if kept is not None:
                return kept.best(index.order, rows)
            return None if first is None else first.take(rows)

        def blocks() -> Iterator[pd.DataFrame]:
            row_of = inverse(index.order)
            shown = []
            for at in range(0, len(index), size):
                rows = row_of[at : at + size]
                queries = replace(everyone, ids=index.id_of_row[rows], rows=rows, everyone=False)
                mine = first_of(rows)
                table, found = answer(scorer, engine, queries, n, wishes, mine, bar)
                if kept is not None:
                    # Without a wish no list is shorter than another.
                    shown.append(index.order[found].reshape(len(rows), min(n, len(index) - 1)))
                yield table
            if kept is not None and self._kept is kept:
                together = np.concatenate(shown)
                self._kept = replace(kept, shown=together, n_shown=n, weights=self.weights)

        return blocks()
