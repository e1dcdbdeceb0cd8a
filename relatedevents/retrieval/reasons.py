"""Reasons: one sentence for each pair that a site could print, true of the pair and no more.

It names what the two share, at most two tags and two telling words that stand in no shared tag, the
rarest first; or says that they are alike in meaning, loosely so, or hardly; and when the related
event was, seen from the query. A tag all of whose words stand in one named before is passed by.
What a telling word is, and the relation that stands beside the sentence:
`relatedevents.retrieval.relations`. All texts of sentences stand in this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from relatedevents._util.gc import collector_paused
from relatedevents.index.index import Index
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.relations import CLOSE, Known, known_of, relations_of, tells
from relatedevents.retrieval.scorer import Scorer

#: How many tags, and how many words, a sentence names.
MOST_NAMED = 2
#: From this semantic value on two events are loosely alike; from `CLOSE` on they are so in meaning.
ALIKE = 0.4

_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_DAYS_OF_WEEK, _DAYS_OF_MONTH, _DAYS_OF_YEAR = 7.0, 30.4375, 365.25
_WORD = re.compile(r"\w+")


@cache
def time_words(gap: int) -> str:
    """Return when the related event was, seen from the query.

    Up to 13 days are told in days, up to 83 in weeks, up to 23 months in months (twelve of them
    are one year), and what is longer in years of 365.25 days; a month has a twelfth of these.
    Each is rounded to the nearest whole number, a half up. Numbers up to twelve are words.

    Parameters
    ----------
    gap : int
        Days from the query to the related event, below 0 if that is earlier.

    Examples
    --------
    >>> time_words(69), time_words(-3), time_words(0), time_words(-700)
    ('ten weeks later', 'three days earlier', 'on the same day', '23 months earlier')
    """
    if not gap:
        return "on the same day"
    days = abs(gap)
    months = int(days / _DAYS_OF_MONTH + 0.5)
    if days < 14:
        number, unit = days, "day"
    elif days < 84:
        number, unit = int(days / _DAYS_OF_WEEK + 0.5), "week"
    elif months < 24 and months != 12:
        number, unit = months, "month"
    else:
        number, unit = int(days / _DAYS_OF_YEAR + 0.5), "year"
    told = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{told} {unit}{'' if number == 1 else 's'} {'later' if gap > 0 else 'earlier'}"


def sentence(
    tags: Sequence[str], words: Sequence[str], when: str, *, repeats: bool, semantic: float
) -> str:
    """Return one sentence on a pair.

    Parameters
    ----------
    tags, words : sequence of str
        What it names, each at most two.
    when : str
        `time_words`, or "" where a day is not known.
    repeats : bool
        Whether the headlines say the same.
    semantic : float
        The value of the signal.

    Examples
    --------
    >>> sentence(["Mali"], ["Timbuktu"], "ten weeks later", repeats=False, semantic=0.6)
    'Both about Mali, ten weeks later; both mention “Timbuktu”.'
    """
    about = f"both about {' and '.join(tags)}" if tags else ""
    mention = f"both mention {' and '.join(f'“{word}”' for word in words)}" if words else ""
    if repeats:
        # What it says the same about needs no word of it.
        said = ["nearly the same headline", about]
    elif about or mention:
        said = [about, mention]
    else:
        loosely = "loosely alike" if semantic >= ALIKE else "little in common"
        said = ["similar in meaning" if semantic >= CLOSE else loosely]
    first, *more = filter(None, said)
    told = "; ".join([f"{first}, {when}" if when else first, *more])
    # A tag may end with a full stop of its own.
    return told[0].upper() + told[1:] + ("" if told.endswith(".") else ".")


def reasons_of(
    scorer: Scorer,
    queries: Queries,
    numbers: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    parts: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the relation of each pair and the sentence on it; see `known_of`."""
    # Names and words by the million, none of them garbage.
    with collector_paused():
        known = known_of(scorer, queries, numbers, rows, parts)
        return relations_of(known), _sentences(known, _speller(scorer.index), rows)


def _sentences(
    known: Known, spelt: Callable[[str, int], str], rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.object_]:
    when = [
        time_words(gap) if dated else ""
        for gap, dated in zip(known.gaps.tolist(), known.dated.tolist(), strict=True)
    ]
    told = np.empty(len(rows), dtype=object)
    columns = (known.tags.names, known.words.names, when, known.repeats, known.semantic.tolist())
    for pair, (tags, words, time, repeats, semantic) in enumerate(zip(*columns, strict=True)):
        if words:
            words = [spelt(word, int(rows[pair])) for word in _new(words, tags)]
        told[pair] = sentence(_apart(tags), words, time, repeats=repeats, semantic=semantic)
    return told


def _apart(tags: list[str]) -> list[str]:
    """Return the first tags of which none is a part of one before, such as a town's country."""
    if len(tags) < 2:
        return tags
    named = tags[:1]
    for tag in tags[1:]:
        words = _words_of(tag)
        if not words or not any(words <= _words_of(other) for other in named):
            named.append(tag)
            if len(named) == MOST_NAMED:
                break
    return named


def _new(words: Sequence[str], tags: Sequence[str]) -> list[str]:
    """Return the first words that say something new beside tags and each other.

    Of a word and a longer one that begins with it, such as a country and its people, one is new.
    """
    said = [word for tag in tags for word in _words_of(tag) if tells(word)]
    new: list[str] = []
    for word in words:
        if not any(word.startswith(other) or other.startswith(word) for other in said):
            new.append(word)
            said.append(word)
            if len(new) == MOST_NAMED:
                break
    return new


@lru_cache(maxsize=1 << 16)
def _words_of(tag: str) -> frozenset[str]:
    return frozenset(_WORD.findall(tag.lower()))


def _speller(index: Index) -> Callable[[str, int], str]:
    """Return what spells a word as the headline of a row does, where that has it."""
    headlines = index.table["headline"].to_numpy(dtype=object)[index.order]

    @cache
    def spellings(row: int) -> dict[str, str]:
        return {word.lower(): word for word in reversed(_WORD.findall(headlines[row]))}

    return lambda word, row: spellings(row).get(word, word)
