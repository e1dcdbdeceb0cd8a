"""Which events of the reference archive must stay out of the training, and the proof that they do.

The encoder's figures come from a task: with a story's name hidden, is the story found again? No
event of the task's stories may have been seen in a training pair, under any spelling of the name.
The task hides which event is which, so its events are found again by day and headline; that join
serves this exclusion and its count, and nothing else.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents.features.tags import tag_key

_LEAST_LIKENESS = 0.5
_SURE_MARGIN = 0.02
_LEAST_NAME_LENGTH = 8
_LEAST_ENDING = 20


@dataclass(frozen=True)
class LeftOut:
    """What stays out, and how it was found.

    Attributes
    ----------
    events : numpy.ndarray of bool, shape (n_events,)
        True for every event that stays out.
    task : numpy.ndarray of bool, shape (n_events,)
        True for the events of the task's stories themselves.
    names : frozenset of str
        Keys of the stories' names.
    spellings : frozenset of str
        Keys of other link texts and link targets that mostly stand for one of them.
    counts : dict of str to int
        How many events each step found.
    """

    events: npt.NDArray[np.bool_]
    task: npt.NDArray[np.bool_]
    names: frozenset[str]
    spellings: frozenset[str]
    counts: dict[str, int]


def left_out(archive: pd.DataFrame, task_events: pd.DataFrame, task_ids: Iterable[str]) -> LeftOut:
    """Find every event that belongs to a story of the task, under any spelling.

    1. The task's events are found again in `archive`: same day, likest headline and tags; where
       several are about as like, all count. Where nothing is like, the whole day stays out.
    2. Whatever these events name as their story is a story's name.
    3. Link texts that stand for such a name at least half the time, and link targets that mostly
       go by such a text, are spellings of it.
    4. Every event stays out that has a name or a spelling as story, tag or link text, whose
       headline begins with one and a colon, or whose headline holds a name of several words.

    Parameters
    ----------
    archive : pandas.DataFrame
        Columns date, headline, tags, stories, surface (link texts).
    task_events : pandas.DataFrame
        Columns id, date, headline, tags; names of stories hidden.
    task_ids : iterable of str
        Ids of all queries and of everything that is relevant to one.

    Returns
    -------
    LeftOut
    """
    tags = [[tag_key(tag) for tag in row] for row in archive["tags"]]
    texts = [[tag_key(text) for text in row] for row in archive["surface"]]
    stories = [[tag_key(name) for name in row] for row in archive["stories"]]
    headlines = [tag_key(headline) for headline in archive["headline"]]
    wanted = task_events[task_events["id"].isin(set(task_ids))]
    task = _found_again(archive, tags, wanted)
    names = frozenset(name for row in np.flatnonzero(task) for name in stories[row])
    spellings = _spellings(names, _uses_of_texts(tags, texts, stories))
    known = names | spellings
    by_tag = _carrying(names, tags, stories)
    by_text = _carrying(known, tags, stories, texts)
    long_names = _long_names(names)
    by_headline = np.array(
        [
            headline.partition(":")[0] in known or any(name in headline for name in long_names)
            for headline in headlines
        ]
    )
    counts = {
        "task_events": len(wanted),
        "found_again": int(task.sum()),
        "names": len(names),
        "spellings": len(spellings),
        "with_a_name": int((task | by_tag).sum()),
        "with_a_spelling": int((task | by_tag | by_text).sum()),
        "left_out": int((task | by_tag | by_text | by_headline).sum()),
    }
    return LeftOut(task | by_tag | by_text | by_headline, task, names, spellings, counts)


def overlap(rows: npt.NDArray[np.int64], archive: pd.DataFrame, found: LeftOut) -> int:
    """Count the events in training pairs that are of a task story, anew from the tags and texts.

    It reads names and spellings off the events themselves and does not trust the mask.

    Parameters
    ----------
    rows : ndarray of int64
        Rows of `archive` that are in some training pair.
    archive : pandas.DataFrame
    found : LeftOut

    Returns
    -------
    int
        0 if nothing leaks.
    """
    known = found.names | found.spellings
    some = archive.iloc[rows]
    columns = zip(some["tags"], some["stories"], some["surface"], strict=True)
    carrying = [any(tag_key(name) in known for names in row for name in names) for row in columns]
    return int((np.array(carrying, dtype=bool) | found.task[rows]).sum())


def _carrying(known: frozenset[str], *columns: Sequence[Sequence[str]]) -> npt.NDArray[np.bool_]:
    rows = zip(*columns, strict=True)
    return np.array([any(not known.isdisjoint(names) for names in row) for row in rows], dtype=bool)


def _found_again(
    archive: pd.DataFrame, tags: Sequence[Sequence[str]], wanted: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    rows_of_day = defaultdict(list)
    for row, day in enumerate(archive["date"]):
        rows_of_day[day].append(row)
    headlines = archive["headline"].tolist()
    found = np.zeros(len(archive), dtype=bool)
    for day, hidden, its_tags in zip(
        wanted["date"], wanted["headline"], wanted["tags"], strict=True
    ):
        rows = rows_of_day[day]
        same = [row for row in rows if _only_lost_its_name(hidden, headlines[row])]
        if same:
            found[same] = True
            continue
        keys = {tag_key(tag) for tag in its_tags}
        likeness = [_likeness(hidden, keys, headlines[row], tags[row]) for row in rows]
        best = max(likeness, default=0.0)
        needed = best - _SURE_MARGIN if best >= _LEAST_LIKENESS else 0.0
        found[[row for row, like in zip(rows, likeness, strict=True) if like >= needed]] = True
    return found


def _only_lost_its_name(hidden: str, headline: str) -> bool:
    """Tell whether a headline is the hidden one, perhaps with a story's name and a colon before."""
    return headline == hidden or (len(hidden) >= _LEAST_ENDING and headline.endswith(hidden))


def _likeness(hidden: str, hidden_tags: set[str], headline: str, tags: Sequence[str]) -> float:
    """Return how like two events are, 0 to 1, where the first has lost its story's name."""
    same = len(hidden_tags.intersection(tags)) / max(1, len(hidden_tags))
    text = difflib.SequenceMatcher(None, hidden, headline, autojunk=False).ratio()
    return 0.6 * text + 0.4 * same


def _uses_of_texts(
    tags: Sequence[Sequence[str]], texts: Sequence[Sequence[str]], stories: Sequence[Sequence[str]]
) -> dict[str, Counter[str]]:
    """Count which tag each link text stands for, where the two lists can be laid side by side.

    A story named by a heading is a tag without a link text, and comes first.
    """
    uses: dict[str, Counter[str]] = defaultdict(Counter)
    for row_tags, row_texts, row_stories in zip(tags, texts, stories, strict=True):
        more = len(row_tags) - len(row_texts)
        if 0 <= more <= len(row_stories):
            for tag, text in zip(row_tags[more:], row_texts, strict=True):
                uses[text][tag] += 1
    return uses


def _spellings(names: frozenset[str], uses: Mapping[str, Counter[str]]) -> frozenset[str]:
    texts = frozenset(text for text, tags in uses.items() if _mostly_in(names, tags))
    texts_of_tag: dict[str, Counter[str]] = defaultdict(Counter)
    for text, tags in uses.items():
        for tag, count in tags.items():
            texts_of_tag[tag][text] += count
    known = names | texts
    tags_too = frozenset(tag for tag, called in texts_of_tag.items() if _mostly_in(known, called))
    return (texts | tags_too) - names


def _mostly_in(known: frozenset[str], counts: Counter[str]) -> bool:
    return 2 * sum(count for name, count in counts.items() if name in known) >= counts.total()


def _long_names(names: frozenset[str]) -> list[str]:
    """Return the names of several words, also without a bracket at their end."""
    bare = {re.sub(r"\s*\([^)]*\)$", "", name) for name in names}
    return sorted(name for name in names | bare if " " in name and len(name) >= _LEAST_NAME_LENGTH)
