"""Measure what `tune` learns: a site's own rule, and stories that it did not learn from.

    python benchmarks/tuning.py    # writes benchmarks/TUNING.md

The data lies beside the project, in ../shared/data; its README says what it is. The links of the
95 pages are learned in five folds; of real sites, half of the queries promise what the other half
gains; of the story task, `tune` learns from story_task_tune (also from each of its two periods
alone, measured on the other one) and is measured once on story_task_dev, whose stories it has not
seen. The same data, versions and seed give the same figures.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from pathlib import Path

import pandas as pd
from quality import DATA, read_tasks

from relatedevents import RelatedEvents, Weights, read_events, read_links
from relatedevents.evaluation.comparison import compare
from relatedevents.evaluation.tables import run_from_table
from relatedevents.learning.folds import folds_of
from relatedevents.learning.links import read_training_links
from relatedevents.weights import SIGNALS

REPORT = Path(__file__).resolve().parent / "TUNING.md"
FIGURE, N = "ndcg@10", 10


def with_weights(model: RelatedEvents, weights: Weights) -> RelatedEvents:
    """Return the same fitted archive under other weights."""
    return copy.copy(model).set_params(weights=weights)


def lists_of(model: RelatedEvents, queries: object, as_of: object = None) -> dict[str, list[str]]:
    return run_from_table(model.related_many(queries, N, as_of=as_of))


def told(numbers: dict[str, float]) -> str:
    interval = f"{numbers['low']:+.3f} to {numbers['high']:+.3f}"
    return f"{numbers['difference']:+.3f} | {interval} | {numbers['p']:.4f}"


def paired(
    runs: dict[str, dict[str, list[str]]],
    relevant: dict[str, list[str]],
    clusters: dict[str, str] | None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the mean of each of two runs, and the second's gain over the first."""
    found = compare(runs, relevant, [FIGURE], clusters=clusters, missing="empty")
    means = found.means.set_index("run")["mean"].to_dict()
    return means, found.pairs.iloc[0].to_dict()


def weights_row(name: str, weights: Weights) -> str:
    cells = [f"{getattr(weights, signal):.3g}" for signal in SIGNALS]
    days = ", ".join(f"{one:g}" for one in weights.half_lives())
    return f"| {name} | {' | '.join(cells)} | {days} | {weights.tie_break} |"


def of_the_links(folder: Path, archives: dict, tasks: dict) -> tuple[list[str], list[tuple]]:
    """Return the lines about the links of the pages, and the weights to show."""
    task = tasks["links"][0]
    model = RelatedEvents().fit(archives["links"])
    tuning = model.tune(folder / "links_dev.jsonl").tuning_
    rule = lists_of(with_weights(model, Weights.shared_tags()), task.relevant, task.as_of)
    default = lists_of(model, task.relevant, task.as_of)
    means, _ = paired({"default": default, "rule": rule}, task.relevant, None)
    lines = [
        "## A site's own rule, from its links",
        "",
        f"`links_dev`, {tuning.n_queries} pages with {tuning.n_links} links, in "
        f"{tuning.n_folds} folds by day: what was learned from four is measured on the fifth.",
        "",
        f"| | {FIGURE} |",
        "|---|---:|",
        f"| default weights | {tuning.before:.3f} |",
        f"| tuned, on links not learned from | {tuning.after:.3f} |",
        f"| the rule itself, had one known it | {means['rule']:.3f} |",
        "",
        f"Gain {tuning.gain:+.3f} (95 %: {tuning.low:+.3f} to {tuning.high:+.3f}, "
        f"p = {tuning.p:.4f}). Links that no weights explain: {len(tuning.unexplained)}.",
    ]
    return lines, [("tuned on links_dev", tuning.weights_after)]


def of_the_stories(archives: dict, tasks: dict, periods: dict) -> tuple[list[str], list[tuple]]:
    """Return the lines about the story task, and the weights to show."""
    tune, dev = tasks["stories"][:2]
    archive = archives["stories"].copy()
    # No signal reads this column: it only keeps the queries of one story in one fold.
    archive["story"] = archive["id"].map(tune.stories)
    model = RelatedEvents().fit(archive)
    tuned = model.tune(tune.relevant)
    tuning = tuned.tuning_
    learned = with_weights(model, tuning.weights_after)
    means, gain = paired(
        {"default": lists_of(model, dev.relevant), "tuned": lists_of(learned, dev.relevant)},
        dev.relevant,
        dev.stories,
    )
    beats = gain["low"] > 0.0
    verdict = (
        "The tuned weights beat the default on stories that they have not seen."
        if beats
        else "The tuned weights do not surely beat the default on stories that they have not seen."
    )
    lines = [
        "## Stories",
        "",
        f"{len(tune.relevant)} queries of {len(set(tune.stories.values()))} stories to learn from, "
        f"{len(dev.relevant)} queries of {len(set(dev.stories.values()))} other stories to "
        "measure on. Confidence intervals and p are paired, over stories.",
        "",
        "| learned from | measured on | default | tuned | gain | 95 % | p |",
        "|---|---|---:|---:|---:|---|---:|",
        f"| story_task_tune, five folds by story | the fold left out | {tuning.before:.3f} | "
        f"{tuning.after:.3f} | {tuning.gain:+.3f} | {tuning.low:+.3f} to {tuning.high:+.3f} | "
        f"{tuning.p:.4f} |",
    ]
    unsure = "" if tuning.kept else " (nothing was kept)"
    names = sorted(set(periods.values()))
    for here, there in ((names[0], names[1]), (names[1], names[0])):
        from_here = {id_: some for id_, some in tune.relevant.items() if periods[id_] == here}
        on_there = {id_: some for id_, some in tune.relevant.items() if periods[id_] == there}
        one = model.tune(from_here)
        runs = {"default": lists_of(model, on_there), "tuned": lists_of(one, on_there)}
        both, change = paired(runs, on_there, {id_: tune.stories[id_] for id_ in on_there})
        kept = "" if one.tuning_.kept else " (nothing was kept)"
        lines.append(
            f"| story_task_tune, period {here}{kept} | its period {there} | "
            f"{both['default']:.3f} | {both['tuned']:.3f} | {told(change)} |"
        )
    lines += [
        f"| story_task_tune{unsure} | story_task_dev | {means['default']:.3f} | "
        f"{means['tuned']:.3f} | {told(gain)} |",
        "",
        verdict,
        "",
        "This task hides the names of stories; the default was chosen by reading lists too.",
    ]
    return lines, [("tuned on story_task_tune", tuning.weights_after)]


def of_the_sites(folder: Path) -> list[str]:
    """Return the lines that compare what `tune` promises on half of a site with what comes."""
    lines = [
        "## What it promises, and what comes",
        "",
        "Real sites, the queries of each in two halves of whole communities (those that links "
        "join); links between the halves are not learned from. The promise is the report's.",
        "",
        f"| site | learned from | promised, {FIGURE} | 95 % | kept | got on the other half | 95 % "
        "| probability |",
        "|---|---:|---:|---|---|---:|---|---|",
    ]
    for site in sorted(path for path in (folder / "sites").iterdir() if path.is_dir()):
        model = RelatedEvents().fit(read_events(site / "events.parquet"))
        table = read_links(site / "links.jsonl", archive=model.archive_)
        training = read_training_links(table, model.index_)
        ids = model.archive_["id"].to_numpy()[training.queries]
        for half in folds_of(training.groups, 2, 0):
            there = table["id"].isin(ids[half])
            left = there & (table["related_id"].isin(ids[half]) | ~table["related_id"].isin(ids))
            tuned = model.tune(table[left])
            other = table[~there].groupby("id", sort=False)["related_id"].agg(list).to_dict()
            runs = {"default": lists_of(model, other), "tuned": lists_of(tuned, other)}
            names = dict(zip(ids, training.groups.astype(str), strict=True))
            _, got = paired(runs, other, {id_: names[id_] for id_ in other})
            report = tuned.tuning_
            lines.append(
                f"| {site.name} | {report.n_queries} | {report.gain:+.3f} | {report.low:+.3f} to "
                f"{report.high:+.3f} | {'yes' if report.kept else 'no'} | {got['difference']:+.3f} "
                f"| {got['low']:+.3f} to {got['high']:+.3f} | "
                f"{'yes' if tuned.calibration_ is not None else 'no'} |"
            )
        print(f"tuning: {site.name} done", file=sys.stderr)
    return lines


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=REPORT, help="the report to write")
    options = parser.parse_args(arguments)
    needed = ["events.parquet", "links_dev.jsonl", "story_task_events.parquet"]
    missing = [name for name in needed if not (options.data / name).exists()]
    if missing:
        lacks = f"{options.data} lacks {', '.join(missing)}"
        print(f"tuning: {lacks}; give the folder with --data", file=sys.stderr)
        return 2
    began = time.perf_counter()
    archives, tasks, _ = read_tasks(options.data, None)
    queries = pd.read_json(options.data / "story_task_tune.jsonl", lines=True)
    periods = dict(zip(queries["id"], queries["period"], strict=True))
    links, of_links = of_the_links(options.data, archives, tasks)
    print("tuning: links done", file=sys.stderr)
    stories, of_stories = of_the_stories(archives, tasks, periods)
    sites = of_the_sites(options.data)
    head = " | ".join(SIGNALS)
    table = [
        "## Weights",
        "",
        f"| | {head} | half-lives, days | ties |",
        f"|---|{'---:|' * len(SIGNALS)}---|---|",
        weights_row("default", Weights()),
        *(weights_row(name, weights) for name, weights in [*of_links, *of_stories]),
    ]
    took = time.perf_counter() - began
    title = [
        "# What tune learns",
        "",
        f"One run of `benchmarks/tuning.py` ({took:.0f} s); names of stories hidden, the shipped "
        "encoder, default weights as they ship.",
    ]
    text = "\n\n".join("\n".join(part) for part in (title, links, stories, sites, table)) + "\n"
    options.output.write_text(text, encoding="utf-8")
    print(f"tuning: wrote {options.output} in {took:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
