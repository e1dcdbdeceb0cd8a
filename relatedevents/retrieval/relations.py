"""Relations: what a related event is to its query, by written rules; the first that holds decides.

========================== ==================================================================
relation                   holds where
========================== ==================================================================
near-repeat                the headlines say the same: `near_duplicates="drop"` leaves it out
same series                the headlines are the same but for numbers and dates
earlier in the same story  one story, and the related event is up to 180 days earlier
follow-up                  one story, and it is up to 180 days later
same days                  no more than 3 days lie between them
background                 one story by what they share, and it is more than 180 days earlier
same people or place       a shared tag
similar subject            a shared telling word, or a semantic value of .55 or more
none                       nothing of all this
========================== ==================================================================

They are of one story if they share a rare tag and another telling one; or a rare tag, with a
semantic value of .55 or more; or two rare words, with such a value. A name (tag or word) is telling
if at most 10 + N / 200 of the N events of the fit have it, and rare if no more than 150 of them do,
too. Figures and words of fewer than four Latin letters tell nothing. Of the judged pairs behind
benchmarks/CONFIDENCE.md that are of one story by this, within 180 days, two of three were graded as
closely related or as of the same story, and 4 % as unrelated.

A day that is not known makes no rule hold that asks for days, and a signal that weighs nothing has
the value 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from relatedevents.archive import UNDATED
from relatedevents.features.series import series_keys
from relatedevents.features.tags import TagSpace
from relatedevents.features.words import WordSpace
from relatedevents.index.index import Index
from relatedevents.rerank import say_the_same
from relatedevents.retrieval.queries import Queries, worded
from relatedevents.retrieval.scorer import Scorer
from relatedevents.signals.base import Pairs, csr_arrays
from relatedevents.signals.pair_values import shared_columns
from relatedevents.signals.register import signal_names

I64 = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: A story goes on for so many days.
STORY_DAYS = 180
#: Events of the same days lie no further apart.
SAME_DAYS = 3
#: More events than these have no rare name in common ...
MOST_OF_RARE = 150
#: ... and no telling one that is had by more than these and one event in so many.
LEAST_OF_TELLING = 10
TELLING_OF = 200
#: A telling word of Latin letters has so many at least.
SHORTEST = 4
#: From this semantic value on two events are close in meaning.
CLOSE = 0.55
# Headlines that say the same have most of their words in common: to look no further for other
# pairs spares reading the whole archive word by word.
_REPEATS_FROM = 0.5


@dataclass(frozen=True)
class Shared:
    """The names that pairs share, the rarest of a pair first.

    Attributes
    ----------
    names : list of list of str
        Of each pair; of a tag the spelling that is shown.
    telling, rare : numpy.ndarray of int64, shape (n_pairs,)
        How many of them are telling, and how many rare.
    """

    names: list[list[str]]
    telling: I64
    rare: I64

    @classmethod
    def of(cls, pairs: Pairs, signal: str, *, telling: bool = False) -> Shared:
        """Return the shared names of a signal's column, or the telling ones alone."""
        space: TagSpace | WordSpace = pairs.candidates.spaces[signal]
        texts = space.names if isinstance(space, TagSpace) else space.words
        starts, columns = shared_columns(
            csr_arrays(pairs.queries.csr(signal)),
            pairs.query_rows,
            csr_arrays(pairs.candidates.csr(signal)),
            pairs.candidate_rows,
        )
        owners = np.repeat(np.arange(len(pairs)), np.diff(starts))
        # A name's weight says how many events of the fit had it.
        had_by = np.exp(space.unknown_weight - space.weights) - 1.0
        tags: TagSpace = pairs.candidates.spaces["tags"]
        most = LEAST_OF_TELLING + 0.5 + np.floor((np.exp(tags.unknown_weight) - 0.5) / TELLING_OF)
        told = had_by[columns] < most
        if telling:
            told[told] = [tells(texts[column]) for column in columns[told].tolist()]
            owners, columns, told = owners[told], columns[told], told[told]
        order = np.lexsort((columns, -space.weights[columns], owners))
        named = [texts[column] for column in columns[order].tolist()]
        ends = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(pairs)))])
        rare = told & (had_by[columns] < MOST_OF_RARE + 0.5)
        return cls(
            [named[a:b] for a, b in pairwise(ends.tolist())],
            np.bincount(owners[told], minlength=len(pairs)),
            np.bincount(owners[rare], minlength=len(pairs)),
        )


def tells(word: str) -> bool:
    """Tell whether a word may say something by itself: no figure, and none of a few letters."""
    return not word.isdecimal() and (len(word) >= SHORTEST or not word.isascii())


@dataclass(frozen=True)
class Known:
    """What is known of some pairs; the rules read nothing else.

    Attributes
    ----------
    gaps : numpy.ndarray of int64, shape (n_pairs,)
        Days from the query to the related event, below 0 if that is earlier; 0 where one is
        undated.
    dated : numpy.ndarray of bool, shape (n_pairs,)
        Whether both have a date.
    repeats : numpy.ndarray of bool, shape (n_pairs,)
        Whether the headlines say the same.
    series : numpy.ndarray of bool, shape (n_pairs,)
        Whether they are of one series.
    tags, words : Shared
        All shared tags; the telling ones of the shared words.
    semantic : numpy.ndarray of float64, shape (n_pairs,)
        The value of the signal.
    """

    gaps: I64
    dated: Mask
    repeats: Mask
    series: Mask
    tags: Shared
    words: Shared
    semantic: npt.NDArray[np.float64]

    @property
    def one_story(self) -> Mask:
        """Whether they are of one story by what they share, whenever they were."""
        by_tags = (self.tags.rare >= 1) & ((self.tags.telling >= 2) | self.close)
        return by_tags | ((self.words.rare >= 2) & self.close)

    @property
    def close(self) -> Mask:
        """Whether they are close in meaning."""
        return self.semantic >= CLOSE

    def within(self, first: int, last: int) -> Mask:
        """Return whether the related event lies so many days after the query."""
        return self.dated & (first <= self.gaps) & (self.gaps <= last)


#: The rules, in their order: a relation, and the pairs that it fits.
RULES: dict[str, Callable[[Known], Mask]] = {
    "near-repeat": lambda known: known.repeats,
    "same series": lambda known: known.series,
    "earlier in the same story": lambda known: known.one_story & known.within(-STORY_DAYS, -1),
    "follow-up": lambda known: known.one_story & known.within(1, STORY_DAYS),
    "same days": lambda known: known.within(-SAME_DAYS, SAME_DAYS),
    "background": lambda known: known.one_story & known.dated & (known.gaps < 0),
    "same people or place": lambda known: np.array(
        [bool(tags) for tags in known.tags.names], dtype=np.bool_
    ),
    "similar subject": lambda known: (known.words.telling > 0) | known.close,
    "none": lambda known: np.ones(len(known.gaps), dtype=np.bool_),
}


def relations_of(known: Known) -> npt.NDArray[np.object_]:
    """Return the relation of each pair: that of the first rule which holds."""
    names = np.array(list(RULES), dtype=object)
    return np.asarray(names[np.argmax([holds(known) for holds in RULES.values()], axis=0)])


def known_of(
    scorer: Scorer, queries: Queries, numbers: I64, rows: I64, parts: npt.NDArray[np.float64]
) -> Known:
    """Return what is known of some pairs.

    Parameters
    ----------
    scorer : Scorer
        The score.
    queries : Queries
        The queries.
    numbers, rows : numpy.ndarray of int64, shape (n_pairs,)
        The query number and the related event's row of each pair.
    parts : numpy.ndarray of float64, shape (n_pairs, n_signals)
        The parts of their scores.
    """
    index = scorer.index
    # Where an archive has texts, what they say counts too.
    said = "text" if "text" in index.features.columns else "words"
    pairs = Pairs(queries.features, queries.feature_rows[numbers], index.features, rows)
    days = [
        some.days[at].astype(np.int64)
        for some, at in ((pairs.queries, pairs.query_rows), (index.features, rows))
    ]
    dated = (days[0] != UNDATED) & (days[1] != UNDATED)
    column = signal_names().index("semantic")
    weight = scorer.weights.by_signal()[column]
    repeats = pairs.sparse_dots("words")[0] >= _REPEATS_FROM
    if repeats.any():
        wording, all_days, own_rows = worded(index, queries)
        left, right = own_rows[numbers[repeats]], rows[repeats]
        repeats[repeats] = say_the_same(left, right, wording, all_days)
    return Known(
        np.where(dated, days[1] - days[0], 0),
        dated,
        repeats,
        _of_one_series(index, queries, numbers, rows),
        Shared.of(pairs, "tags"),
        Shared.of(pairs, said, telling=True),
        parts[:, column] / (weight or 1.0),
    )


def _of_one_series(index: Index, queries: Queries, numbers: I64, rows: I64) -> Mask:
    if queries.in_archive:
        own = index.series_keys[queries.rows]
    else:
        # What stands for the id of an event from outside is its headline.
        own = series_keys(queries.ids.tolist())
    return np.asarray((own[numbers] == index.series_keys[rows]) & (own[numbers] != 0))
