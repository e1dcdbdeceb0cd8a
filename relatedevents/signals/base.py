"""What a signal is: how it is learned, extended, valued, given to an engine and explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.contents import Contents
from relatedevents.signals import pair_values
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import Role, Term

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]


class Scales(Protocol):
    """What `Weights` says of time."""

    @property
    def recency_half_life(self) -> float:
        """Days after which the recency signal is halved."""

    def half_lives(self) -> tuple[float, ...]:
        """Return the days after which the time signal is halved, one or several."""


class SignalWeights(Scales, Protocol):
    """What a score asks of `Weights`."""

    @property
    def time_threshold(self) -> float:
        """How much content lets all of a gated part through; 0 where no part is gated."""

    def by_signal(self) -> tuple[float, ...]:
        """Return the weights in the order of the register."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of events to be valued.

    Attributes
    ----------
    queries, candidates : Features
        The two sides; they may be the same object.
    query_rows, candidate_rows : numpy.ndarray of int64, shape (n_pairs,)
        The rows of the pairs.
    """

    queries: Features
    query_rows: I64
    candidates: Features
    candidate_rows: I64

    def __len__(self) -> int:
        return len(self.query_rows)

    def cosines(self, name: str) -> F64:
        """Return the cosines of a dense column's rows of length 1; below 0 counts 0."""
        left, right = self.queries.dense(name), self.candidates.dense(name)
        return pair_values.cosines(left, self.query_rows, right, self.candidate_rows)

    def sparse_dots(self, name: str) -> tuple[F64, I64]:
        """Return the dot products of a sparse column's rows, and how many entries both have."""
        left, right = csr_arrays(self.queries.csr(name)), csr_arrays(self.candidates.csr(name))
        return pair_values.sparse_dots(left, self.query_rows, right, self.candidate_rows)


@dataclass(frozen=True)
class Stayed:
    """The archive that an update found, as far as it stays.

    Attributes
    ----------
    features : Features
        Of all events before.
    stays : numpy.ndarray of bool, shape (n_events before,)
        Which of them stay.
    values : callable
        (the name of a column, rows) -> the values of some events before.
    """

    features: Features
    stays: npt.NDArray[np.bool_]
    values: Callable[[str, I64], list[Any]]


@dataclass(frozen=True)
class Extension:
    """What became of a signal's space where events were added.

    Attributes
    ----------
    space : object
        The space now.
    renumbered : mapping
        {column: the number now of each number before}: of a sparse matrix's columns, or of the
        codes in an array.
    renamed_tags : sequence of int
        Columns now of tags that are spelt differently now.
    """

    space: Any
    renumbered: Mapping[str, I64] = field(default_factory=dict)
    renamed_tags: Sequence[int] = ()


class Signal:
    """One signal; its value for a pair lies in [0, 1], its part of a score is weight x value.

    A signal that needs no more than days, or columns of other signals, says only `values` and
    `terms`. One with columns of its own says `fit`, which learns its space (None if there is
    nothing to learn), and `transform`, which makes the columns of events from it; where events
    of an update bring something to learn, `extend` adds it.

    Attributes
    ----------
    name : str
        The weight's name, and the part's.
    columns : tuple of str
        Names of the columns of `Features` that it makes.
    needs : tuple of str
        Names of columns of other signals that it reads.
    content : bool
        Whether its part is a reason for two events to be related, such as words in common, and
        no mere circumstance, such as the same week.
    gated : bool
        Whether its part needs a reason: it counts in proportion to the content, up to
        `Weights.time_threshold`. Such a signal is no content, whatever `content` says.
    """

    name: ClassVar[str]
    columns: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[tuple[str, ...]] = ()
    content: ClassVar[bool] = True
    gated: ClassVar[bool] = False

    @property
    def role(self) -> Role:
        """What becomes of its part."""
        return "gated" if self.gated else "content" if self.content else "apart"

    def ready(self, features: Features) -> bool:
        """Return whether the features hold what it needs; an older saved model may not."""
        return all(column in features.columns for column in (*self.columns, *self.needs))

    def fit(self, events: Events, features: Features) -> tuple[Any, Mapping[str, Column]]:
        """Return what is learned from an archive, and the columns of its events.

        Without the columns, where an archive has nothing to learn from, the signal is not ready.

        Parameters
        ----------
        events : Events
            The archive.
        features : Features
            What the signals before it know.
        """
        return None, {}

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Return the columns of some events, by the spaces in `features`."""
        return {}

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Return the space with what added events bring, under the weights of the fit.

        Parameters
        ----------
        added : Events
            The events that were added.
        before : Stayed
            What was there before.
        extensions : mapping
            Of the signals before it, by name.
        """
        return Extension(before.features.spaces.get(self.name))

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the signal's value for each pair, in float64."""
        raise NotImplementedError

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return what an engine adds up for it, one side of the pairs."""
        raise NotImplementedError

    def shares(self, pair: Pairs, part: float) -> dict[str, float]:
        """Return what a pair's part is made of, by name: they add up to it. {} where no name fits.

        Parameters
        ----------
        pair : Pairs
            One pair.
        part : float
            Its part.
        """
        return {}

    def contents(self, space: Any) -> Contents:  # noqa: ANN401 - each signal has its own
        """Return what a saved model holds of its space."""
        return Contents({}, {})

    def of_contents(self, contents: Contents) -> Any:  # noqa: ANN401
        """Return the space that `contents` was made of.

        A signal without columns may find nothing of it, where the model is an older one.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a part is missing, or of another form.
        """
        return None


def csr_arrays(
    matrix: sparse.csr_matrix,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return starts, columns and values of the rows in the kernels' types, uncopied if they fit."""
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data,
    )


def shares_of_columns(
    left: sparse.csr_matrix,
    left_row: int,
    right: sparse.csr_matrix,
    right_row: int,
    part: float,
) -> dict[int, float]:
    """Return each shared column's share of a part, in proportion to its product.

    Columns whose products are all 0 (tags that every event has) share it equally.

    Parameters
    ----------
    left, right : scipy.sparse.csr_matrix
        Rows with sorted columns.
    left_row, right_row : int
        The pair.
    part : float
        What the shares add up to.

    Examples
    --------
    >>> one = sparse.csr_matrix(np.array([[0.6, 0.8]]))
    >>> {column: round(s, 2) for column, s in shares_of_columns(one, 0, one, 0, 1.0).items()}
    {0: 0.36, 1: 0.64}
    """
    mine = slice(left.indptr[left_row], left.indptr[left_row + 1])
    other = slice(right.indptr[right_row], right.indptr[right_row + 1])
    columns, at_left, at_right = np.intersect1d(
        left.indices[mine], right.indices[other], assume_unique=True, return_indices=True
    )
    products = left.data[mine][at_left] * right.data[other][at_right]
    total = float(products.sum())
    if not len(columns):
        return {}
    share = products / total if total > 0.0 else np.full(len(columns), 1.0 / len(columns))
    return dict(zip(columns.tolist(), (share * part).tolist(), strict=True))
