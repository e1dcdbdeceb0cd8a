"""Measure what each signal gives: the default without it, and the default in other shapes.

    python benchmarks/signals.py            # writes benchmarks/SIGNALS.md

The data lies beside the project, in ../shared/data. Every row is compared with the default on
the same queries, by story; p values are corrected over all rows and sets together (Holm).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from quality import DATA, STORY_TASKS, SUMS, N, Task, far_share, read_tasks

from relatedevents import RelatedEvents, Weights
from relatedevents._baselines.rows import OrderedArchive, scored_lists
from relatedevents._baselines.sums import PlainValues
from relatedevents.archive import days_of
from relatedevents.encoders import resolve_encoder
from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.significance import holm
from relatedevents.evaluation.tables import run_from_table

ROOT = Path(__file__).resolve().parents[1]
METRIC = "ndcg@10"
BASELINE = ".5 semantic + .3 tags + .3 words + .4 exp(-days/60)"
SHOWN = "names shown"
_STORIES, _LEAST, _SEED = 300, 5, 20140101

SIGNALS = ("semantic", "topic", "tags", "words", "category", "time")
_HALF_LIFE = 42.0


def settings() -> dict[str, Weights]:
    """Return every setting by the name that the table gives it."""
    rows = {"default": Weights()}
    for name in SIGNALS:
        rows[f"without {name}"] = Weights(**{name: 0.0})
    rows[f"one time scale ({_HALF_LIFE:.0f} days)"] = Weights(half_life=_HALF_LIFE)
    rows["twice the tags"] = Weights(tags=2 * Weights().tags)
    return rows


def by_period(task: Task, path: Path) -> list[Task]:
    """Return a set's queries of each of its periods apart."""
    with path.open(encoding="utf-8") as file:
        period = {line["id"]: line["period"] for line in map(json.loads, file)}
    parts = []
    for name in dict.fromkeys(period.values()):
        relevant = {query: ids for query, ids in task.relevant.items() if period[query] == name}
        stories = {query: task.stories[query] for query in relevant}
        if relevant:
            parts.append(Task(f"{task.name}, {name}", relevant, stories))
    return parts


def shown_task(archive: pd.DataFrame) -> Task:
    """Return stories as they stand in the archive, their names not hidden.

    One event of each of some stories drawn by lot; the other events of the same story are what
    its list should hold.
    """
    named = archive[["id", "stories"]].explode("stories").dropna()
    groups = named.groupby("stories")["id"].agg(list)
    groups = groups[groups.map(len) >= _LEAST].sort_index()
    rng = np.random.default_rng(_SEED)
    chosen = groups.iloc[np.sort(rng.permutation(len(groups))[:_STORIES])]
    relevant, stories = {}, {}
    for story, ids in chosen.items():
        query = ids[int(rng.integers(len(ids)))]
        if query not in relevant:
            relevant[query] = [other for other in ids if other != query]
            stories[query] = str(story)
    return Task(SHOWN, relevant, stories)


def measure(archive: pd.DataFrame, tasks: list[Task]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures of every setting and of the baseline sum on some sets of an archive."""
    encoder = resolve_encoder("default")
    model = RelatedEvents().fit(archive)
    queries = list(dict.fromkeys(query for task in tasks for query in task.relevant))
    runs = {}
    for name, weights in settings().items():
        print(f"signals: {name} ...", file=sys.stderr)
        runs[name] = model.set_params(weights=weights).related_many(queries, N)
    events = OrderedArchive.of(archive)
    rows = events.ids.rows_of(queries, "queries")
    scorer = PlainValues.of(events, encoder).scorer(SUMS[BASELINE])
    runs["baseline sum"] = scored_lists(events, rows, None, scorer, N, lambda done: None)
    days = dict(zip(archive["id"], days_of(archive["date"]).tolist(), strict=True))
    return {task.name: figures(task, runs, days) for task in tasks}


def figures(
    task: Task, runs: dict[str, pd.DataFrame], days: dict[str, int]
) -> dict[str, dict[str, float]]:
    of_task = {
        name: run_from_table(table[table["id"].isin(task.relevant)]) for name, table in runs.items()
    }
    told = {}
    for name, run in of_task.items():
        pair = {name: run, "default": of_task["default"]}
        found = compare(pair, task.relevant, [METRIC], missing="empty", clusters=task.stories)
        means = found.means.set_index("run")["mean"]
        row = {"mean": float(means[name]), "far": far_share(run, days)}
        if name != "default":
            tested = found.pairs.iloc[0]
            # `compare` says how much the first is above the second.
            sign = 1.0 if tested["run_a"] == "default" else -1.0
            low, high = sorted((sign * float(tested["low"]), sign * float(tested["high"])))
            row |= {"change": sign * float(tested["difference"]), "low": low, "high": high}
            row["p"] = float(tested["p"])
        told[name] = row
    return told


def report(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the report as Markdown."""
    tested = [row for rows in found.values() for row in rows.values() if "p" in row]
    for row, p in zip(tested, holm(np.array([row["p"] for row in tested])), strict=True):
        row["p_holm"] = float(p)
    sets = list(found)
    names = list(found[sets[0]])
    lines = [
        "# What each signal gives",
        "",
        "Written by `make signals` (benchmarks/signals.py); not by hand.",
        "",
        f"nDCG@{N} of the default, and by how much a change moves it (below 0 it loses), on the",
        "story sets, names hidden, `tune` in its two periods; and with names shown, on at most",
        f"{_STORIES} stories of {_LEAST} events or more from the archive as it is. A star marks",
        "what is clear: p < .05, by story, corrected by Holm over all",
        f"{len(tested)} tests of this page. `tune` is what signals and weights were chosen on;",
        "QUALITY.md tells what was tried and dropped.",
        "",
        "| | " + " | ".join(f"`{name}`" for name in sets) + " |",
        "| --- |" + " ---: |" * len(sets),
    ]
    for name in names:
        cells = []
        for task in sets:
            row = found[task][name]
            if name == "default":
                cells.append(f"**{row['mean']:.3f}**")
                continue
            star = "*" if row["p_holm"] < 0.05 else ""
            cells.append(f"{row['change']:+.3f}{star}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "## Confidence intervals and p values", ""]
    lines += [
        "| set | change | nDCG | difference (95 % interval) | p | p, Holm | over 30 days |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for task in sets:
        for name, row in found[task].items():
            tests = " | | "
            if "p" in row:
                gain = f"{row['change']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
                tests = f"{gain} | {row['p']:.4f} | {row['p_holm']:.4f}"
            lines.append(
                f"| {task} | {name} | {row['mean']:.4f} | {tests} | {100 * row['far']:.0f} % |"
            )
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "SIGNALS.md")
    parser.add_argument("--queries", type=int, help="only so many queries of each set, as a trial")
    options = parser.parse_args(arguments)
    if not (options.data / "story_task_events.parquet").exists():
        print(f"signals: {options.data} lacks the story sets; give it with --data", file=sys.stderr)
        return 2
    archives, tasks, _ = read_tasks(options.data, options.queries)
    tune, *others = tasks["stories"]
    sets = [*by_period(tune, options.data / f"{STORY_TASKS[0]}.jsonl"), *others]
    found = measure(archives["stories"], sets)
    found |= measure(archives["links"], [shown_task(archives["links"])])
    options.output.write_text(report(found), encoding="utf-8")
    print(f"signals: wrote {options.output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
