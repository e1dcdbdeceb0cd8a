"""Make a large archive of invented events that is shaped like a real one.

    python benchmarks/big_archive.py EVENTS N OUT.parquet [SEED]

A story is learned from the archive: an event, its rarest shared tag, and up to 30 events of that
tag nearest in time. An invented story takes such a group's dates (moved by a few days together),
and each of its events mixes two events of the group: tags of the one and a few of the other, words
of both headlines in an order drawn by chance. So dates, the tags that occur together, the words
that a topic has and the sizes of stories are distributed as they are in the archive, while no
headline is one of its sentences.

An archive that grows also meets new names. A tag or word of at most 3 events there stands for one
matter: each invented story belongs to one of N / len(archive) rounds, and in every round but the
first such names get the round's number. So the share of rare tags and words does not fall as N
grows, while common ones grow with N.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from relatedevents import read_events

LARGEST_STORY = 30
RARE = 3
SHIFT_DAYS = 20
KEPT_TAG, OTHER_TAG = 0.85, 0.2
KEPT_WORD, OTHER_WORD = 0.65, 0.45


class Shape:
    """What is learned of an archive: for each event its group, words, tags and day."""

    def __init__(self, archive: pd.DataFrame) -> None:
        dated = archive[archive["date"].notna()].sort_values("date", kind="stable")
        self.days = dated["date"].to_numpy().astype("datetime64[D]").astype(np.int64)
        self.tags = [list(dict.fromkeys(tags)) for tags in dated["tags"]]
        self.words = [re.findall(r"\w+", text.lower()) for text in dated["headline"]]
        known = "category" in dated.columns
        self.categories = dated["category"].tolist() if known else [None] * len(dated)
        self.tag_count = Counter(tag for tags in self.tags for tag in tags)
        self.word_count = Counter(word for words in self.words for word in set(words))
        self.rows: dict[str, list[int]] = {}
        for row, tags in enumerate(self.tags):
            for tag in tags:
                self.rows.setdefault(tag, []).append(row)

    def story(self, row: int) -> list[int]:
        """Return the events of one's rarest shared tag, those nearest in time."""
        shared = [tag for tag in self.tags[row] if self.tag_count[tag] > 1]
        if not shared:
            return [row]
        rows = self.rows[min(shared, key=lambda tag: (self.tag_count[tag], tag))]
        nearest = sorted(rows, key=lambda one: (abs(self.days[one] - self.days[row]), one))
        return nearest[:LARGEST_STORY]


def big_archive(archive: pd.DataFrame, n: int, seed: int = 0) -> pd.DataFrame:
    """Return n invented events: id, date, headline, tags, category, in the order of dates."""
    shape = Shape(archive)
    rng = np.random.default_rng(seed)
    rounds = math.ceil(n / len(archive))
    oldest, newest = shape.days[0], shape.days[-1]
    days, headlines, tags, categories = [], [], [], []
    while len(days) < n:
        row = int(rng.integers(len(shape.days)))
        story = shape.story(row)
        # A large story would be met once for each of its events.
        if rng.random() * len(story) >= 1.0:
            continue
        number = int(rng.integers(rounds))
        shift = int(rng.integers(-SHIFT_DAYS, SHIFT_DAYS + 1))
        near = np.clip(np.arange(row - 20, row + 20), 0, len(shape.days) - 1)
        for one in story:
            # An event alone is mixed with another one of about the same day.
            others = story if len(story) > 1 else near
            other = int(others[rng.integers(len(others))])
            days.append(int(np.clip(shape.days[one] + shift, oldest, newest)))
            headlines.append(_headline(shape, one, other, number, rng))
            tags.append(_tags(shape, one, other, number, rng))
            categories.append(shape.categories[one])
    order = np.argsort(np.array(days[:n]), kind="stable")
    return pd.DataFrame(
        {
            "id": [f"event-{number:07d}" for number in range(n)],
            "date": np.array(days)[order].astype("datetime64[D]").astype("datetime64[s]"),
            "headline": [headlines[place] for place in order],
            "tags": [tags[place] for place in order],
            "category": [categories[place] for place in order],
        }
    )


def _headline(shape: Shape, one: int, other: int, number: int, rng: np.random.Generator) -> str:
    mine, theirs = shape.words[one], shape.words[other]
    chance = rng.random(len(mine) + len(theirs))
    kept = [word for word, x in zip(mine, chance, strict=False) if x < KEPT_WORD]
    kept += [word for word, x in zip(theirs, chance[len(mine) :], strict=True) if x < OTHER_WORD]
    kept = list(dict.fromkeys(kept)) or mine[:1] or ["event"]
    drawn = rng.permutation(len(kept))[: max(len(mine), 3)]
    words = [_named(kept[place], shape.word_count, number, "") for place in drawn]
    return " ".join(words).capitalize() + "."


def _tags(shape: Shape, one: int, other: int, number: int, rng: np.random.Generator) -> list[str]:
    mine, theirs = shape.tags[one], shape.tags[other]
    chance = rng.random(len(mine) + len(theirs))
    kept = [tag for tag, x in zip(mine, chance, strict=False) if x < KEPT_TAG]
    kept += [tag for tag, x in zip(theirs, chance[len(mine) :], strict=True) if x < OTHER_TAG]
    return [_named(tag, shape.tag_count, number, " ") for tag in dict.fromkeys(kept)]


def _named(name: str, count: Counter[str], number: int, between: str) -> str:
    return f"{name}{between}{number}" if number and count[name] <= RARE else name


def main() -> None:
    source, n, out, *seed = sys.argv[1:]
    table = big_archive(read_events(Path(source)), int(n), int(seed[0]) if seed else 0)
    table.to_parquet(out, index=False)
    print(f"{len(table):,} invented events: {out}")


if __name__ == "__main__":
    main()
