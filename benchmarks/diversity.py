"""Measure `diversity` and `near_duplicates`: what they change in lists, and what they cost.

    python benchmarks/diversity.py    # writes benchmarks/DIVERSITY.md

The data lies beside the project, in ../shared/data; its README says what it is. The setting was
chosen on story_task_tune; on story_task_dev and story_task_later that one setting is measured.
Whether two headlines say the same is worked out here by its written definition, in plain sets.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from quality import DATA, STORY_TASKS, read_tasks

from relatedevents import RelatedEvents
from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.tables import run_from_table

REPORT = Path(__file__).resolve().parent / "DIVERSITY.md"
FIGURE, N = "ndcg@10", 10
DOCUMENTED = {"diversity": 0.17, "near_duplicates": "drop"}
TRIED = (0.1, 0.15, 0.17, 0.2, 0.3, 0.5, 1.0)
N_RANDOM, SEED = 2000, 0
SAME_WORDS, SAME_DAYS = 0.75, 7

Lists = dict[str, list[str]]


@dataclass
class Archive:
    """A fitted archive, and what its headlines say."""

    model: RelatedEvents

    def __post_init__(self) -> None:
        table = self.model.archive_
        self.row = {id_: row for row, id_ in enumerate(self.model.index_.id_of_row)}
        order = self.model.index_.order
        plain = [
            re.findall(r"\w+", unicodedata.normalize("NFKC", headline).casefold())
            for headline in table["headline"].iloc[order]
        ]
        self.texts = [" ".join(words) for words in plain]
        self.words = [set(words) for words in plain]
        df = Counter(word for words in self.words for word in words)
        self.weight = {word: math.log((1 + len(plain)) / (1 + many)) for word, many in df.items()}
        self.dates = table["date"].iloc[order].tolist()

    def lists(self, ids: object, **wishes: object) -> Lists:
        """Return the lists of some events."""
        return run_from_table(self.model.related_many(ids, N, **wishes))

    def distances(self, lists: Lists) -> tuple[float, float, float]:
        """Return the mean distance of two events of a list: by embeddings, tags and words."""
        features = self.model.index_.features
        means = []
        for ids in lists.values():
            rows = np.array([self.row[id_] for id_ in ids])
            above = np.triu_indices(len(rows), 1)
            vectors = np.asarray(features.dense("vectors")[rows], dtype=np.float64)
            likeness = [vectors @ vectors.T]
            for matrix in (features.csr("tags")[rows], features.csr("words")[rows]):
                likeness.append((matrix @ matrix.T).toarray())
            means.append([1.0 - some[above].mean() for some in likeness])
        return tuple(np.mean(means, axis=0))

    def alike(self, lists: Lists) -> int:
        """Return how many lists hold a headline that says what another, or the query's, says."""
        return sum(
            any(self.same(self.row[a], self.row[b]) for a, b in combinations([query, *ids], 2))
            for query, ids in lists.items()
        )

    def same(self, a: int, b: int) -> bool:
        """Return whether two headlines say the same, given by row."""
        if self.texts[a] == self.texts[b]:
            return True
        dates = self.dates[a], self.dates[b]
        if not any(map(pd.isna, dates)) and abs((dates[0] - dates[1]).days) > SAME_DAYS:
            return False
        shared, either = self.words[a] & self.words[b], self.words[a] | self.words[b]
        of_shared, of_either = (
            sum(self.weight[word] for word in some) for some in (shared, either)
        )
        return bool(of_either and of_shared >= SAME_WORDS * of_either - 1e-9)


def told(wishes: dict[str, object]) -> str:
    return ", ".join(f"`{name}={value!r}`" for name, value in wishes.items()) or "neither"


def figures(archive: Archive, lists: Lists, plain: Lists) -> list[str]:
    now, before = archive.distances(lists), archive.distances(plain)
    gains = [f"{100 * (x / y - 1):+.1f} %" for x, y in zip(now, before, strict=True)]
    short = sum(len(ids) < N for ids in lists.values())
    first = sum(lists[query][0] != plain[query][0] for query in plain)
    return [f"{now[0]:.3f}", *gains, str(archive.alike(lists)), str(first), str(short)]


def gain(task: object, lists: Lists, plain: Lists) -> list[str]:
    runs = {"plain": plain, "lists": lists}
    found = compare(runs, task.relevant, [FIGURE], clusters=task.stories, missing="empty")
    mean = found.means.set_index("run")["mean"]["lists"]
    pair = found.pairs.iloc[0]
    sign = 1.0 if pair["run_b"] == "lists" else -1.0
    interval = sorted([sign * pair["low"], sign * pair["high"]])
    return [
        f"{mean:.4f}",
        f"{sign * pair['difference']:+.4f}",
        f"{interval[0]:+.4f} to {interval[1]:+.4f}",
    ]


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


LIST_HEAD = ["distance", "change", "by tags", "by words", "alike", "other first", "short"]
GAIN_HEAD = ["nDCG@10", "change", "95 % interval"]


def report(folder: Path) -> str:
    """Return the report as Markdown."""
    archives, tasks, _ = read_tasks(folder, None)
    stories = Archive(RelatedEvents().fit(archives["stories"]))
    tune, dev, later = tasks["stories"]
    plain = stories.lists(tune.relevant)
    settings = [
        {},
        *({"diversity": diversity} for diversity in TRIED),
        {"near_duplicates": "drop"},
        DOCUMENTED,
    ]
    chosen = []
    for wishes in settings:
        lists = stories.lists(tune.relevant, **wishes)
        row = [told(wishes), *gain(tune, lists, plain), *figures(stories, lists, plain)]
        chosen.append(row)
        sys.stderr.write(" | ".join(row) + "\n")
    held_out = []
    for name, task in zip(STORY_TASKS[1:], (dev, later), strict=True):
        plain = stories.lists(task.relevant)
        for wishes in ({}, DOCUMENTED):
            lists = stories.lists(task.relevant, **wishes)
            row = [f"`{name}`, {told(wishes)}", *gain(task, lists, plain)]
            held_out.append(row + figures(stories, lists, plain))
            sys.stderr.write(" | ".join(held_out[-1]) + "\n")
    events = Archive(RelatedEvents().fit(archives["links"]))
    ids = archives["links"]["id"].sample(N_RANDOM, random_state=SEED).tolist()
    plain = events.lists(ids)
    drawn = []
    for wishes in (
        {},
        {"near_duplicates": "drop"},
        {"diversity": DOCUMENTED["diversity"]},
        DOCUMENTED,
    ):
        lists = events.lists(ids, **wishes)
        drawn.append([told(wishes), *figures(events, lists, plain)])
        sys.stderr.write(" | ".join(drawn[-1]) + "\n")
    everyone = []
    for wishes in ({}, {"near_duplicates": "drop"}, DOCUMENTED):
        lists = run_from_table(events.model.related_all(N, **wishes))
        short = sum(len(ids) < N for ids in lists.values())
        everyone.append([told(wishes), str(events.alike(lists)), str(short)])
        sys.stderr.write(" | ".join(everyone[-1]) + "\n")
    return "\n".join(
        [
            "# Variety of the lists",
            "",
            "Written by benchmarks/diversity.py; not by hand.",
            "",
            f"The documented setting is {told(DOCUMENTED)}.",
            "",
            "- distance: the mean over lists of the mean distance (1 - cosine) of two listed",
            "  events' embeddings; change, by tags, by words: against the plain list, and the same",
            "  of tags' and words' cosines. Embeddings and tags take part in the choice, words do",
            "  not.",
            "- alike: lists that hold two headlines which say the same, or one that says what the",
            "  query's own says.",
            "- other first: lists whose first link is another than the plain list's; with",
            '  `near_duplicates="drop"` it changes where it said what the query says.',
            f"- short: lists of fewer than {N} events.",
            "",
            "## Chosen on `story_task_tune`",
            "",
            f"{len(tune.relevant)} queries; 95 % intervals by drawing whole stories again.",
            "",
            *table(["setting", *GAIN_HEAD, *LIST_HEAD], chosen),
            "## The documented setting on other stories",
            "",
            *table(["queries and setting", *GAIN_HEAD, *LIST_HEAD], held_out),
            f"## {N_RANDOM:,} random events of `events.parquet`",
            "",
            *table(["setting", *LIST_HEAD], drawn),
            f"## All {len(events.row):,} events of `events.parquet`",
            "",
            *table(["setting", "alike", "short"], everyone),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=REPORT)
    args = parser.parse_args()
    started = time.perf_counter()
    args.out.write_text(report(args.data), encoding="utf-8")
    sys.stderr.write(f"{args.out} ({time.perf_counter() - started:.0f} s)\n")


if __name__ == "__main__":
    main()
