"""Measure lists by what readers and authors say: judged events, and the links of real sites.

    python benchmarks/readers.py            # writes benchmarks/READERS.md

The data lies beside the project, in ../shared/data; its README says what it is. Judged events are
graded 0 to 3 by blind assessors; sites are measured by the links that their authors set between
posts, undirected. The same data and versions give the same figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from relatedevents import RelatedEvents, Weights, read_events

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
REPORT = HERE / "READERS.md"
#: Pairs that new lists brought and that were graded later by the same rules.
GRADES = HERE / "judged_grades.json"
N = 10
GAINS = np.array([0.0, 1.0, 3.0, 7.0])
PERIODS = ("until 2013", "later")

#: The weights measured.
SETTINGS = {
    "default": Weights(),
    "default, texts unread": Weights(text=0.0),
    "without time": Weights(time=0.0, text=0.0),
    "time that needs no reason": Weights(time_threshold=0.0, text=0.0),
    "without topic": Weights(topic=0.0, text=0.0),
    "without words": Weights(words=0.0, text=0.0),
    "without tags": Weights(tags=0.0, text=0.0),
    "without category": Weights(category=0.0, text=0.0),
    "text alone": Weights.only(text=1.0),
    "semantic alone": Weights.only(semantic=1.0),
    "words alone": Weights.only(words=1.0),
    "tags alone": Weights.only(tags=1.0),
}


def dcg(gains: np.ndarray) -> float:
    return float((gains / np.log2(np.arange(2, len(gains) + 2))).sum())


def judged(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def named(id_: str) -> str:
    """Return the day and hash by which an event stands in `GRADES`."""
    return f"{id_[:10]} {hashlib.sha256(id_.encode()).hexdigest()[:8]}"


def on_judged(model: RelatedEvents, events: list[dict]) -> dict[str, tuple[float, float, float]]:
    """Return nDCG@10, the share of grade 0 among the judged and the share unjudged, by period."""
    lists = model.related_many([event["id"] for event in events], N)
    by_id = {id_: some["related_id"].tolist() for id_, some in lists.groupby("id", sort=False)}
    rows, later = [], json.loads(GRADES.read_text("utf-8"))
    for event in events:
        listed, more = by_id.get(event["id"], []), later.get(named(event["id"]), {})
        known = event["grades"]
        grades = np.array([known.get(one, more.get(named(one), -1)) for one in listed], int)
        ideal = dcg(np.sort(GAINS[[*known.values(), *more.values()]])[::-1][:N])
        good = max(event["grades"].values()) >= 2
        ndcg = dcg(GAINS[np.maximum(grades, 0)]) / ideal if good else np.nan
        rows.append((event["period"], ndcg, (grades == 0).sum(), (grades < 0).sum(), len(listed)))
    table = pd.DataFrame(rows, columns=["period", "ndcg", "zero", "unjudged", "n"])
    table["period"] = np.where(table["period"] == PERIODS[0], *PERIODS)
    return {
        period: (
            float(some["ndcg"].mean()),
            float(some["zero"].sum() / (some["n"] - some["unjudged"]).sum()),
            float(some["unjudged"].sum() / some["n"].sum()),
        )
        for period, some in table.groupby("period")
    }


def on_site(folder: Path, weights: Weights) -> float:
    """Return the mean nDCG@10 of a site's posts that hold or get a link, links undirected."""
    archive = read_events(folder / "events.parquet")
    links = {}
    with (folder / "links.jsonl").open(encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            links[line["id"]] = {one["id"] for one in line["related"]}
    lists = RelatedEvents(weights=weights).fit(archive).related_many(list(links), N)
    by_id = {id_: some["related_id"].tolist() for id_, some in lists.groupby("id", sort=False)}
    values = [
        dcg(np.array([float(other in linked) for other in by_id.get(id_, [])]))
        / dcg(np.ones(min(N, len(linked))))
        for id_, linked in links.items()
    ]
    return float(np.mean(values))


def on_stories(model: RelatedEvents, path: Path) -> float:
    """Return the mean nDCG@10 of queries of hidden stories, binary."""
    queries = {one["id"]: set(one["relevant"]) for one in judged(path)}
    lists = model.related_many(list(queries), N)
    by_id = {id_: some["related_id"].tolist() for id_, some in lists.groupby("id", sort=False)}
    values = [
        dcg(np.array([float(other in relevant) for other in by_id.get(id_, [])]))
        / dcg(np.ones(min(N, len(relevant))))
        for id_, relevant in queries.items()
    ]
    return float(np.mean(values))


def report(folder: Path) -> str:
    events = judged(folder / "judged_dev.jsonl")
    archive = read_events(folder / "events.parquet")
    sites = sorted(path for path in (folder / "sites").iterdir() if path.is_dir())
    model = RelatedEvents().fit(archive)
    stories = RelatedEvents().fit(pd.read_parquet(folder / "story_task_events.parquet"))
    head = "| weights | until 2013 | later | grade 0 | unjudged | stories, later | "
    lines = [head + " | ".join(path.name for path in sites) + " | sites, mean |"]
    lines.append("|---|" + "---:|" * (6 + len(sites)))
    for name, weights in SETTINGS.items():
        found = on_judged(model.set_params(weights=weights), events)
        hidden = on_stories(stories.set_params(weights=weights), folder / "story_task_later.jsonl")
        of_sites = [on_site(path, weights) for path in sites]
        early, later = (found[period] for period in PERIODS)
        cells = [
            f"{early[0]:.3f}",
            f"{later[0]:.3f}",
            f"{early[1]:.2f} / {later[1]:.2f}",
            f"{early[2]:.2f} / {later[2]:.2f}",
            f"{hidden:.3f}",
            *(f"{value:.3f}" for value in [*of_sites, float(np.mean(of_sites))]),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr)
    return "\n".join(["# What readers and authors say of the lists", "", INTRODUCTION, "", *lines])


INTRODUCTION = f"""\
nDCG@{N}. Judged events: gains 0, 1, 3, 7 for grades 0 to 3, a pair that nobody judged counts 0; an
event without a grade of 2 or 3 has no ideal list and is left out of the mean. Grade 0: share of
the judged links of the lists that are strangers. Some pairs that new lists brought were graded
later, blind and by the same rules (judged_grades.json). Stories, later: do the lists find a story
of 2014 or later whose name is hidden; a guard. Sites: the links between posts, undirected;
paragraphs that hold such a link are no part of the texts. The default weights were chosen on judged
events until 2013 and on digitalgov, ropensci and efcl; the other columns were seen when they had
been. Written by `python benchmarks/readers.py`."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=REPORT, help="the report to write")
    options = parser.parse_args(arguments)
    if not (options.data / "judged_dev.jsonl").exists():
        print(f"readers: {options.data} lacks judged_dev.jsonl; see --data", file=sys.stderr)
        return 2
    options.output.write_text(report(options.data) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
