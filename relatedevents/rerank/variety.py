"""Variety: candidates that say what one above them says, and lists of events unlike each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from relatedevents._util.arrays import UNDATED, starts_of
from relatedevents._util.threads import in_threads
from relatedevents.engines.terms import DECIMALS
from relatedevents.features.word_sets import Wording
from relatedevents.signals.base import csr_arrays
from relatedevents.signals.features import Features
from relatedevents.signals.pair_values import shared_columns

#: Two headlines say the same if they share so much of their words' weight ...
SAME_WORDS = 0.75
#: ... and so few days lie between them, where both are dated.
SAME_DAYS = 7

Rows = npt.NDArray[np.int64]

# Lists that a thread takes at a time.
_CHUNK = 1024


@dataclass(frozen=True)
class Above:
    """Events that stand above the candidates of each list, such as its pins.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n_lists + 1,)
        Where those of each list begin.
    rows : numpy.ndarray of int64
        Their rows.
    """

    starts: Rows
    rows: Rows

    @classmethod
    def of(cls, n_lists: int, numbers: Rows, rows: Rows) -> Above:
        """Return the events named for lists by number, in the order given."""
        order = np.argsort(numbers, kind="stable")
        return cls(starts_of(np.bincount(numbers, minlength=n_lists)), rows[order])


def keep_distinct(
    counts: Rows,
    candidates: Rows,
    above: Above,
    wording: Wording,
    days: npt.NDArray[np.int32],
    n_threads: int = 1,
) -> npt.NDArray[np.bool_]:
    """Return which candidates say what no event above them says.

    Two headlines say the same if they differ in nothing but case, punctuation and blanks; or if
    they are no more than `SAME_DAYS` days apart and their words, each weighing
    ln((1 + N) / (1 + df)), have a Jaccard index of at least `SAME_WORDS`: what both have, divided
    by what either has. So a name or a number that differs tells two headlines apart, where one
    more "the" does not. Whoever is dropped drops nobody else.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (n_lists,)
        How many candidates each list has; they stand one list after the other, best first.
    candidates : numpy.ndarray of int64, shape (n_pairs,)
        Their rows in `wording`.
    above : Above
        What stands above them all: the query itself, and pins.
    wording : Wording
        What the headlines say.
    days : numpy.ndarray of int32, shape (n_headlines,)
        Their days, `UNDATED` where there is no date.
    n_threads : int
        Worker threads.

    Examples
    --------
    >>> wording = Wording.of(["Rome votes", "Oslo floods", "oslo: floods"])
    >>> nobody = Above.of(1, np.array([0]), np.array([0]))
    >>> days = np.array([3, 3, 500], dtype=np.int32)
    >>> keep_distinct(np.array([2]), np.array([1, 2]), nobody, wording, days).tolist()
    [True, False]
    """
    from relatedevents.rerank import _variety_kernels

    kept = np.zeros(len(candidates), dtype=np.bool_)
    starts = starts_of(counts)

    said = _variety_kernels.Said(
        wording.codes,
        wording.starts,
        wording.columns,
        wording.weights,
        wording.masses,
        days.astype(np.int64),
        UNDATED,
        SAME_DAYS,
        SAME_WORDS,
    )

    def work(first: int, last: int) -> None:
        _variety_kernels.keep_distinct(
            starts[first : last + 1],
            candidates,
            above.starts[first : last + 1],
            above.rows,
            said,
            kept,
        )

    _in_threads(work, len(counts), n_threads)
    return kept


def say_the_same(
    left: Rows, right: Rows, wording: Wording, days: npt.NDArray[np.int32]
) -> npt.NDArray[np.bool_]:
    """Return which pairs of headlines say the same, by the rule of `keep_distinct`.

    Parameters
    ----------
    left, right : numpy.ndarray of int64, shape (n_pairs,)
        Their rows in `wording`.
    wording, days
        As in `keep_distinct`.

    Examples
    --------
    >>> wording = Wording.of(["Rome votes", "Oslo floods", "oslo: floods"])
    >>> days = np.array([3, 3, 500], dtype=np.int32)
    >>> say_the_same(np.array([1, 0]), np.array([2, 1]), wording, days).tolist()
    [True, False]
    """
    words = wording.starts, wording.columns, wording.weights
    starts, columns = shared_columns(words, left, words, right)
    owners = np.repeat(np.arange(len(left)), np.diff(starts))
    shared = np.bincount(owners, wording.weights[columns], minlength=len(left))
    both = wording.masses[left] + wording.masses[right] - shared
    first, second = days[left].astype(np.int64), days[right].astype(np.int64)
    undated = (first == UNDATED) | (second == UNDATED)
    near = undated | (np.abs(first - second) <= SAME_DAYS)
    alike = (both > 0.0) & (shared >= SAME_WORDS * both - 1e-9)
    return np.asarray((wording.codes[left] == wording.codes[right]) | (near & alike))


def pick_diverse(
    counts: Rows,
    candidates: Rows,
    relevance: npt.NDArray[np.float64],
    n: int,
    diversity: float,
    above: Above,
    archive: Features,
    n_threads: int = 1,
) -> Rows:
    """Return which pairs maximal marginal relevance picks of each list, in the order they had.

    Carbonell and Goldstein (1998), "The use of MMR, diversity-based reranking", with the mean
    likeness in the place of the greatest: a list is one page, and what makes it monotonous is all
    of it. The first event stays, and each next one is that with the greatest

        (1 - diversity) * relevance - diversity * (mean likeness to those picked before),

    rounded to 6 decimals; among equal ones that which stands higher in the list. The likeness of
    two events is the mean of the cosine of their embeddings and that of their weighted tags, each
    from 0 to 1: it knows no time, so that a story is not thinned out for lying in one week.

    Parameters
    ----------
    counts : numpy.ndarray of int64, shape (n_lists,)
        How many candidates each list has; they stand one list after the other, best first.
    candidates : numpy.ndarray of int64, shape (n_pairs,)
        Their rows.
    relevance : numpy.ndarray of float64, shape (n_pairs,)
        From 0 to 1.
    n : int
        How many to pick, those above counted in.
    diversity : float
        From 0 to 1.
    above : Above
        What stands above them all already, such as pins.
    archive : Features
        Of the archive.
    n_threads : int
        Worker threads.
    """
    from relatedevents.rerank import _variety_kernels

    most = min(n, int(counts.max(initial=0)))
    starts = starts_of(counts)
    chosen = np.zeros((len(counts), most), dtype=np.int64)
    picked = np.zeros(len(counts), dtype=np.int64)
    tags = csr_arrays(archive.tags)
    if not most:
        return np.zeros(0, dtype=np.int64)

    def work(first: int, last: int) -> None:
        _variety_kernels.pick(
            starts[first : last + 1],
            candidates,
            relevance,
            n,
            diversity,
            above.starts[first : last + 1],
            above.rows,
            archive.vectors,
            *tags,
            10.0**DECIMALS,
            chosen[first:last],
            picked[first:last],
        )

    _in_threads(work, len(counts), n_threads)
    return chosen[np.arange(most) < picked[:, None]]


def _in_threads(work: Callable[[int, int], None], n_lists: int, n_threads: int) -> None:
    firsts = range(0, n_lists, _CHUNK)
    in_threads(n_threads, lambda first: work(first, min(first + _CHUNK, n_lists)), firsts)
