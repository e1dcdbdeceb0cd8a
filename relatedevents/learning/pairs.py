"""Pairs of events that an archive itself says belong together: one rare tag or one story, in time.

Labels and days in, row numbers out. A pair is written with its smaller row first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.checks import check_count, problem
from relatedevents.errors import InputError


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, each once.

    Attributes
    ----------
    left, right : numpy.ndarray of int64, shape (n_pairs,)
        Row numbers, left < right, sorted by left, then right.
    weight : numpy.ndarray of float64, shape (n_pairs,)
        How much speaks for the pair: the sum of ln((1 + N) / (1 + df)) of all that it shares.
    n_events : int
        How many rows there are.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    n_events: int

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left)

    def events(self) -> npt.NDArray[np.int64]:
        """Return the rows that are in some pair, in ascending order."""
        return np.unique(np.concatenate([self.left, self.right]))


def sharing_pairs(
    labels: Sequence[Iterable[str]],
    dates: npt.NDArray[np.datetime64],
    *,
    most_events: int,
    window_days: int,
) -> Pairs:
    """Return all pairs of events that share a rare label and lie close in time.

    Parameters
    ----------
    labels : sequence of iterables of str, length n_events
        The keys of each event's tags, or the names of its stories.
    dates : ndarray of datetime64, shape (n_events,)
        The events' days; an event without one (NaT) is in no pair.
    most_events : int
        A label of more events than this is too common to say that two events belong together.
    window_days : int
        How many days may lie between the two.

    Returns
    -------
    Pairs

    Raises
    ------
    InputError
        When the lengths differ or a number is out of its limits.

    Examples
    --------
    >>> days = np.array(["2012-01-01", "2012-01-05", "2013-01-01"], "datetime64[D]")
    >>> pairs = sharing_pairs([["Mali"], ["Mali"], ["Mali"]], days, most_events=9, window_days=30)
    >>> list(zip(pairs.left.tolist(), pairs.right.tolist()))
    [(0, 1)]
    """
    check_count("most_events", most_events, 2)
    check_count("window_days", window_days, 0)
    n_events = len(labels)
    if len(dates) != n_events:
        came = f"got {len(dates)} dates for {n_events} events"
        raise InputError(problem("dates", came, "one date an event"))
    label, row = _rows_of_labels(labels)
    count = np.bincount(label, minlength=1)
    dated = ~np.isnat(np.asarray(dates, dtype="datetime64[D]"))
    kept = (count[label] >= 2) & (count[label] <= most_events) & dated[row]
    label, row = label[kept], row[kept]
    if not len(row):
        return _collected(row, row, np.empty(0), n_events)
    day = np.asarray(dates, dtype="datetime64[D]")[row].astype(np.int64)
    # One number a (label, day) in which days of two labels are further apart than the window, so
    # that a single search finds where each row's partners end.
    span = int(day.max() - day.min()) + window_days + 1
    place = label * span + (day - day.min())
    order = np.argsort(place, kind="stable")
    label, row, place = label[order], row[order], place[order]
    position = np.arange(len(row))
    partners = np.searchsorted(place, place + window_days, side="right") - position - 1
    first = np.repeat(position, partners)
    within = np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
    idf = np.log((1 + n_events) / (1 + count[label[first]]))
    return _collected(row[first], row[first + 1 + within], idf, n_events)


def joined(*some: Pairs) -> Pairs:
    """Return all pairs of several sets over the same events; weights of equal pairs add up.

    Examples
    --------
    >>> days = np.array(["2012-01-01", "2012-01-05"], "datetime64[D]")
    >>> pairs = sharing_pairs([["Mali"], ["Mali"]], days, most_events=9, window_days=30)
    >>> len(joined(pairs, pairs))
    1
    """
    sizes = {pairs.n_events for pairs in some}
    if len(sizes) != 1:
        came = f"got sets over {sorted(sizes)} events"
        raise InputError(problem("pairs", came, "sets over the same events"))
    return _collected(
        np.concatenate([pairs.left for pairs in some]),
        np.concatenate([pairs.right for pairs in some]),
        np.concatenate([pairs.weight for pairs in some]),
        sizes.pop(),
    )


def partner_matrix(pairs: Pairs) -> sparse.csr_matrix:
    """Return the symmetric matrix of the pairs, 1 on the diagonal too.

    In training, two events with an entry here are never counted as unlike.

    Returns
    -------
    scipy.sparse.csr_matrix of int8, shape (n_events, n_events)
    """
    n = pairs.n_events
    own = np.arange(n)
    rows = np.concatenate([pairs.left, pairs.right, own])
    columns = np.concatenate([pairs.right, pairs.left, own])
    return sparse.csr_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(n, n))


def drawing_chances(pairs: Pairs) -> npt.NDArray[np.float64]:
    """Return how likely each pair is drawn: weight / sqrt(partners of left x partners of right).

    Without the root, a few stories with hundreds of events would be most of what is seen.

    Returns
    -------
    ndarray of float64, shape (n_pairs,)
        Sums to 1.
    """
    ends = np.concatenate([pairs.left, pairs.right])
    partners = np.bincount(ends, minlength=pairs.n_events).astype(np.float64)
    chances = pairs.weight / np.sqrt(partners[pairs.left] * partners[pairs.right])
    total = chances.sum()
    return np.asarray(chances / total if total > 0 else np.full(len(pairs), 1 / max(len(pairs), 1)))


def _rows_of_labels(
    labels: Sequence[Iterable[str]],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    numbers: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for row, names in enumerate(labels):
        found.extend((numbers.setdefault(name, len(numbers)), row) for name in dict.fromkeys(names))
    both = np.array(found, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _collected(
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    n_events: int,
) -> Pairs:
    left, right = np.minimum(first, second), np.maximum(first, second)
    code, inverse = np.unique(left * n_events + right, return_inverse=True)
    total = np.bincount(inverse, weights=weight, minlength=len(code)).astype(np.float64)
    return Pairs(code // max(n_events, 1), code % max(n_events, 1), total, n_events)
