"""Queries: the events that lists are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import problem, shown
from relatedevents.archive import UNDATED, day_of, is_missing
from relatedevents.encoders import Encoder
from relatedevents.errors import InputError
from relatedevents.features.word_sets import Wording
from relatedevents.index.index import Index
from relatedevents.index.numbering import Rows
from relatedevents.signals.features import Features


@dataclass(frozen=True)
class Queries:
    """The events that lists are asked for.

    Attributes
    ----------
    ids : numpy.ndarray of object, shape (n_queries,)
        What stands in the lists' column `id`.
    rows : Rows, shape (n_queries,)
        Their rows in the archive, -1 for an event from outside.
    features : Features
        Of the archive where `in_archive`, else of the queries alone.
    in_archive : bool
        Whether the queries are events of the archive.
    whole_archive : bool
        Whether they are all of the archive, in the order of rows.
    """

    ids: npt.NDArray[np.object_]
    rows: Rows
    features: Features
    in_archive: bool
    whole_archive: bool = False

    @classmethod
    def of_rows(cls, index: Index, rows: Rows) -> Queries:
        """Return some events of an archive as queries."""
        return cls(index.id_of_row[rows], rows, index.features, in_archive=True)

    @classmethod
    def of_archive(cls, index: Index) -> Queries:
        """Return all events of an archive as queries."""
        rows = Rows(np.arange(len(index)))
        return cls(index.id_of_row, rows, index.features, in_archive=True, whole_archive=True)

    @property
    def feature_rows(self) -> npt.NDArray[np.int64]:
        """The row of each query within `features`."""
        return self.rows if self.in_archive else np.arange(len(self.rows))

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, numbers: npt.NDArray[np.int64]) -> Queries:
        """Return some of them."""
        if len(numbers) == len(self):
            return self
        features = self.features if self.in_archive else self.features.take(numbers)
        return Queries(self.ids[numbers], Rows(self.rows[numbers]), features, self.in_archive)


def worded(
    index: Index, queries: Queries
) -> tuple[Wording, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return what the headlines of archive and queries say, their days, and each query's row."""
    wording, days, rows = index.wording, index.features.days, np.asarray(queries.rows)
    if not queries.in_archive:
        # What stands for the id of an event from outside is its headline.
        wording = wording.with_more(queries.ids.tolist())
        rows = len(days) + np.arange(len(rows))
        days = np.append(days, queries.features.days)
    return wording, days, rows


def new_event(
    index: Index,
    encoder: Encoder,
    headline: object,
    tags: Sequence[str] | None,
    date: object,
    category: str | None,
) -> Queries:
    """Return an event that is not in the archive as a query; see `RelatedEvents.related_to`."""
    if not isinstance(headline, str) or not headline.strip():
        raise InputError(problem("headline", f"got {shown(headline)}", "a non-empty text"))
    category = None if is_missing(category) else category
    if category is not None and not isinstance(category, str):
        raise InputError(problem("category", f"got {shown(category)}", "a text or None"))
    day = UNDATED if is_missing(date) else day_of(date, "date")
    text = headline.strip()
    days = np.array([day], np.int32)
    columns: dict[str, list[Any]] = {
        "headline": [text],
        "tags": [_check_tags(tags)],
        "category": [category],
    }
    features = index.features_of(encoder, columns, days)
    ids = np.array([text], dtype=object)
    return Queries(ids, Rows(np.array([-1], dtype=np.int64)), features, in_archive=False)


def _check_tags(tags: object) -> list[str]:
    if tags is None:
        return []
    listed = isinstance(tags, Iterable) and not isinstance(tags, (str, bytes))
    given = list(tags) if listed else []  # type: ignore[call-overload]
    if not listed or not all(isinstance(tag, str) for tag in given):
        todo = "Put a single tag into a list." if isinstance(tags, str) else ""
        raise InputError(problem("tags", f"got {shown(tags)}", "a list of texts", todo))
    return given
