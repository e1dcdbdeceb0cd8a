"""Features: what the signals know of some events, one row an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents.archive import UNDATED

#: One value, or one row of values, an event.
Column: TypeAlias = Any  # npt.NDArray or sparse.csr_matrix, which has no types of its own


def as_lists(cells: Iterable[Any]) -> list[Sequence[str]]:
    """Return cells as lists of texts: a missing one is empty, one text a list of it."""
    return [
        [cell] if isinstance(cell, str) else cell if isinstance(cell, list) else []
        for cell in cells
    ]


@dataclass(frozen=True)
class Events:
    """Some events as the signals read them, in the order of rows.

    Attributes
    ----------
    days : numpy.ndarray of int32, shape (n_events,)
        Days since 1970-01-01, `UNDATED` where there is no date.
    values : callable
        The name of a column -> its values; missing ones, or all of a missing column, are None.
    encode : callable
        Headlines -> their vectors, float32 of shape (n, n_dimensions), of length 1 or 0.
    tag_aliases : mapping or None
        {alias: tag}.
    stable_order : numpy.ndarray of int64, shape (n_events,)
        An order that no tie-break moves, for sums whose last bits follow the order of rows.
    """

    days: npt.NDArray[np.int32]
    values: Callable[[str], list[Any]]
    encode: Callable[[list[str]], npt.NDArray[np.float32]]
    tag_aliases: Mapping[str, str] | None
    stable_order: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.days)

    def lists(self, name: str) -> list[Sequence[str]]:
        """Return the lists of texts of a column, see `as_lists`."""
        return as_lists(self.values(name))


@dataclass(frozen=True)
class Features:
    """What the signals know of some events.

    Attributes
    ----------
    columns : mapping of str to array
        What is known of each event, by name: a numpy array, one row an event, or a
        scipy.sparse.csr_matrix. Which there are, the signals say.
    spaces : mapping of str to object
        What was learned from the whole archive, by the signal's name: vocabulary and weights.
    days : numpy.ndarray of int32, shape (n_events,)
        Days since 1970-01-01, `UNDATED` where there is no date.
    newest : int
        The latest day of the fit.
    """

    columns: Mapping[str, Column]
    spaces: Mapping[str, Any]
    days: npt.NDArray[np.int32]
    newest: int

    @classmethod
    def empty(cls, days: npt.NDArray[np.int32]) -> Features:
        """Return features of which the days alone are known."""
        dated = days[days != UNDATED]
        return cls({}, {}, days, int(dated.max()) if len(dated) else 0)

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: npt.NDArray[np.intp]) -> Features:
        """Return the features of some rows, in the order given."""
        columns = {name: _take(column, rows) for name, column in self.columns.items()}
        return replace(self, columns=columns, days=self.days[rows])

    def with_columns(self, columns: Mapping[str, Column], spaces: Mapping[str, Any]) -> Features:
        """Return the same with more columns and spaces."""
        return replace(self, columns={**self.columns, **columns}, spaces={**self.spaces, **spaces})

    def dense(self, name: str) -> npt.NDArray[Any]:
        """Return a column that is a numpy array."""
        return cast("npt.NDArray[Any]", self.columns[name])

    def csr(self, name: str) -> sparse.csr_matrix:
        """Return a column that is a sparse matrix."""
        return self.columns[name]

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """The headlines' embeddings, shape (n_events, n_dimensions), of length 1 or 0."""
        return self.dense("vectors")

    @property
    def tags(self) -> sparse.csr_matrix:
        """The idf-weighted tags, shape (n_events, n_tags), see `features.tags.TagMatrix`."""
        return self.csr("tags")


def _take(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    if sparse.issparse(column):
        return sparse.csr_matrix(column[rows])
    return np.ascontiguousarray(column[rows])
