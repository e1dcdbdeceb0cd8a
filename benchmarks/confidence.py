"""Learn the shipped probabilities, or measure how far they can be trusted.

    python benchmarks/confidence.py --write   # learns relatedevents/data/default_calibration.json
    python benchmarks/confidence.py           # writes benchmarks/CONFIDENCE.md and its plot

The data lies beside the project, in ../shared/data; its README says what it is. What ships is
learned from story_task_tune, whose stories ended before 2014. The same data, versions and seed
give the same figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from quality import DATA, ROOT, Task, read_tasks

from relatedevents import RelatedEvents
from relatedevents import model as model_module
from relatedevents.calibration import SHIPPED, Calibration
from relatedevents.index.numbering import Positions
from relatedevents.learning import confidence
from relatedevents.learning.calibrate import LEAST_SKILL, calibration_of, labelled_pairs
from relatedevents.learning.coordinate_search import folds_of
from relatedevents.learning.links import TrainingLinks, read_training_links
from relatedevents.weights import SIGNALS

REPORT = Path(__file__).resolve().parent / "CONFIDENCE.md"
PLOT = REPORT.with_suffix(".svg")
PLACE = ROOT / "relatedevents" / "data" / SHIPPED
MEANING = "sharing a story"
CUTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
N, FOLDS, SEED = 10, 5, 0
N_RANDOM = 1000
LAST_DAY = "2013-12-31"


@dataclass(frozen=True)
class Told:
    """Pairs of one set of queries: whose, what was foretold, what is so, and what a constant says.

    `rank` is the pair's place in its list of 50.
    """

    name: str
    queries: np.ndarray
    rank: np.ndarray
    probabilities: np.ndarray
    linked: np.ndarray
    base_rates: np.ndarray | float


def links_of(model: RelatedEvents, task: Task) -> TrainingLinks:
    """Return a story task as links; queries of one story are one group."""
    index = model.index_
    related = [index.positions_of(some, "task") for some in task.relevant.values()]
    groups = pd.factorize(pd.Series(list(task.relevant)).map(task.stories))[0]
    return TrainingLinks(
        queries=Positions(index.positions_of(task.relevant, "task")),
        related=related,
        grades=[np.ones(len(some)) for some in related],
        max_day=None,
        groups=groups,
        unreachable=0,
    )


def ranks(queries: np.ndarray) -> np.ndarray:
    return pd.Series(queries).groupby(queries).cumcount().to_numpy() + 1


def learned(model: RelatedEvents, task: Task) -> Calibration:
    """Return what ships: learned from all pairs, its figures from folds by story."""
    found = calibration_of(model._retriever(), links_of(model, task), MEANING, FOLDS, SEED)
    if found is None:
        raise SystemExit("confidence: hardly a pair of the task shares a story")
    return found


def in_folds(
    name: str,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    groups: np.ndarray,
) -> Told:
    """Foretell every pair from the folds that it is not in."""
    queries, parts, linked = pairs
    found = confidence.cross_validate(parts, linked, queries, folds_of(groups, FOLDS, SEED))
    return Told(name, queries, ranks(queries), found.probabilities, linked, found.base_rates)


def as_shipped(name: str, model: RelatedEvents, task: Task) -> Told:
    """Foretell every pair by what ships, learned from other stories."""
    queries, parts, linked = labelled_pairs(model._retriever(), links_of(model, task))
    shipped = model.calibration_
    told = shipped.probabilities(parts)
    return Told(name, queries, ranks(queries), told, linked, shipped.base_rate)


def figures_row(told: Told) -> str:
    p, linked = told.probabilities, told.linked
    error = confidence.expected_calibration_error(p, linked)
    skill = confidence.brier_skill(p, linked, told.base_rates)
    return (
        f"| {told.name} | {told.queries.max() + 1} | {len(p):,} | {linked.mean():.3f} | "
        f"{p.mean():.3f} | {error:.3f} | {skill:.3f} | {confidence.auc(p, linked):.3f} |"
    )


def bins_table(all_told: list[Told]) -> list[str]:
    head = " | ".join(f"{told.name}: foretold | found" for told in all_told)
    columns = [confidence.reliability(told.probabilities, told.linked) for told in all_told]
    lines = [f"| bin | {head} |", "|---|" + "---:|---:|" * len(all_told)]
    for number in range(confidence.N_BINS):
        cells = " | ".join(f"{bins[number][1]:.3f} | {bins[number][2]:.3f}" for bins in columns)
        lines.append(f"| {number + 1} | {cells} |")
    return lines


def cuts_table(told: Told) -> list[str]:
    """Tell, cut by cut, what is left of lists of ten."""
    first = told.rank <= N
    n_queries = int(told.queries.max()) + 1
    every = int(told.linked[first].sum())
    lines = [
        "| cut at | links left an event | share left | of them linked | foretold | "
        "of the linked ones, left | events with nothing |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for cut in CUTS:
        left = first & (told.probabilities >= cut)
        linked = told.linked[left]
        nothing = 1.0 - len(np.unique(told.queries[left])) / n_queries
        precision = f"{linked.mean():.3f}" if len(linked) else "-"
        told_mean = f"{told.probabilities[left].mean():.3f}" if len(linked) else "-"
        lines.append(
            f"| {cut:.1f} | {left.sum() / n_queries:.1f} | {left.sum() / first.sum():.0%} | "
            f"{precision} | {told_mean} | {linked.sum() / max(every, 1):.0%} | {nothing:.0%} |"
        )
    return lines


def of_random_events(model: RelatedEvents, name: str, column: str | None) -> list[str]:
    """Tell what is left of the lists of events drawn at random, in a story or not."""
    table = model.archive_
    early = table[table["date"] <= LAST_DAY]
    drawn = early.sample(N_RANDOM, random_state=SEED)
    lists = model.related_many(drawn["id"], N)
    lines = [f"{name}:", ""]
    if column is None:
        lines += ["| cut at | links left an event | events with nothing |", "|---:|---:|---:|"]
        for cut in CUTS:
            left = lists[lists["probability"] >= cut]
            nothing = 1.0 - left["id"].nunique() / N_RANDOM
            lines.append(f"| {cut:.1f} | {len(left) / N_RANDOM:.1f} | {nothing:.0%} |")
        return lines
    keys = {
        id_: {name.casefold().replace("\u2013", "-").replace("_", " ") for name in names}
        for id_, names in zip(table["id"], table[column], strict=True)
    }
    counts = pd.Series([key for some in keys.values() for key in some]).value_counts()
    # A story has a name that another event bears too.
    in_story = {id_: any(counts[key] > 1 for key in some) for id_, some in keys.items()}
    same = [bool(keys[a] & keys[b]) for a, b in zip(lists["id"], lists["related_id"], strict=True)]
    lists = lists.assign(same=same, story=lists["id"].map(in_story))
    n_story = sum(in_story[id_] for id_ in drawn["id"])
    lines += [
        f"{n_story / N_RANDOM:.0%} of them bear the name of a story that another event bears.",
        "",
        "| cut at | links left an event | events with nothing | of the links left, those that bear "
        "the same name: all events | events in a named story | foretold |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for cut in CUTS:
        left = lists[lists["probability"] >= cut]
        nothing = 1.0 - left["id"].nunique() / N_RANDOM
        lines.append(
            f"| {cut:.1f} | {len(left) / N_RANDOM:.1f} | {nothing:.0%} | {left['same'].mean():.3f} "
            f"| {left['same'][left['story']].mean():.3f} | {left['probability'].mean():.3f} |"
        )
    return lines


def draw(all_told: list[Told]) -> None:
    """Draw how foretold and found shares agree."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    settings = {"svg.fonttype": "none", "svg.hashsalt": "confidence", "font.size": 9}
    with pyplot.rc_context(settings):
        figure, axes = pyplot.subplots(figsize=(4.4, 4.0), layout="constrained")
        axes.plot([0, 1], [0, 1], color="#9fb0c3", linewidth=1)
        for told, marker in zip(all_told, "osD^v", strict=False):
            bins = confidence.reliability(told.probabilities, told.linked)
            _, predicted, observed = zip(*bins, strict=True)
            axes.plot(
                predicted, observed, marker=marker, markersize=4, linewidth=1, label=told.name
            )
        axes.set(xlabel="foretold probability", ylabel="share found", xlim=(0, 1), ylim=(0, 1))
        axes.legend(frameon=False, loc="upper left")
        figure.savefig(PLOT, metadata={"Date": None})
        pyplot.close(figure)


def of_links(model: RelatedEvents, folder: Path) -> tuple[Told, Calibration | None]:
    """Tune on a site's links, and foretell them in folds by day."""
    tuned = model.tune(folder / "links_dev.jsonl")
    links = read_training_links(folder / "links_dev.jsonl", tuned.index_)
    pairs = labelled_pairs(tuned._retriever(), links)
    return in_folds("links_dev, tuned", pairs, links.groups), tuned.calibration_


def verdict_on_links(found: Calibration | None) -> str:
    kept = (
        "The tuned model keeps these probabilities."
        if found is not None
        else f"Their Brier skill is below {LEAST_SKILL}, so the tuned model tells none of them: "
        "that site takes the first ten of many events with equally many shared tags, and no part "
        "of a score says which."
    )
    return f"links_dev, tuned, in folds by day. {kept}"


def coefficients_table(named: list[tuple[str, Calibration]]) -> list[str]:
    lines = [
        f"| | intercept | {' | '.join(SIGNALS)} |",
        f"|---|---:|{'---:|' * len(SIGNALS)}",
    ]
    for name, one in named:
        cells = " | ".join(f"{number:.2f}" for number in one.coefficients)
        lines.append(f"| {name} | {one.intercept:.2f} | {cells} |")
    return lines


def write(model: RelatedEvents, task: Task) -> None:
    found = learned(model, task)
    PLACE.write_text(json.dumps(found.to_dict(), indent=2) + "\n", encoding="utf-8")
    print(f"confidence: {found}", file=sys.stderr)
    print(f"confidence: wrote {PLACE}", file=sys.stderr)


def report(folder: Path, model: RelatedEvents, archives: dict, tasks: dict) -> str:
    tune, dev, later = tasks["stories"]
    links = links_of(model, tune)
    pairs = labelled_pairs(model._retriever(), links)
    on_tune = in_folds("tune, folds by story", pairs, links.groups)
    on_dev = as_shipped("dev, as shipped", model, dev)
    on_later = as_shipped("later, as shipped", model, later)
    print("confidence: stories done", file=sys.stderr)
    hidden = of_random_events(model, "Names of stories hidden", None)
    shown = RelatedEvents(cache_dir=model.cache_dir).fit(archives["links"])
    named = of_random_events(shown, "Names of stories shown, as in a real archive", "stories")
    print("confidence: random events done", file=sys.stderr)
    on_links, of_site = of_links(shown, folder)
    draw([on_tune, on_dev, on_later, on_links])
    parts = [
        ["# How far probabilities can be trusted", "", *INTRODUCTION.splitlines()],
        [
            "| pairs of | queries | pairs | linked | foretold | calibration error | Brier skill "
            "| AUC |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *map(figures_row, [on_tune, on_dev, on_later, on_links]),
        ],
        [f"![Reliability]({PLOT.name})"],
        bins_table([on_tune, on_dev, on_later, on_links]),
        ["## What to cut at", "", *ADVICE.splitlines()],
        ["Lists of ten, story_task_dev (every query has a story):", "", *cuts_table(on_dev)],
        ["story_task_later:", "", *cuts_table(on_later)],
        [verdict_on_links(of_site), "", *cuts_table(on_links)],
        ["## Events that may have no story", "", *BASE_RATE.splitlines()],
        hidden,
        named,
        ["## Coefficients", "", "Of one unit of each part; none may be below 0."],
        coefficients_table([("as shipped", model.calibration_)]),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


INTRODUCTION = """\
`probability` is learned from the first 50 candidates of each query, under the default weights:
logistic regression on the parts of the score (`relatedevents/learning/confidence.py`). It depends
on the two events alone; `n`, filters, pins and rank do not move it.
story_task_tune is foretold in five folds by story, dev and later by what ships, the tuned model's
links in five folds by day. Linked: the two events bear the name of one story, which was hidden;
for links_dev, the page links the event. Calibration error: mean distance of foretold and found in
ten bins of equal size. Brier skill: over a constant, the share of linked pairs learned from."""

ADVICE = """\
Cut at 0.3 to leave out what is likely noise, at 0.5 where a wrong link is worse than a missing one;
the tables say what stays. Calibration is that of the first 50 candidates; for likely
pairs, the first ten among them, dev and later hold fewer links than foretold. Names are given to
a part of a story's events only, so the shares found are lower limits."""

BASE_RATE = """\
Every query above has a story; most events bear the name of none. For an event that may have none,
`probability` is the chance given that there is a story to find, and so an upper limit. How far
above the truth it lies can be bounded only: names are given to a part of what belongs together, so
the shares below that bear the same name are lower limits. For events that are in a named story,
with names shown, it is the other way: their links are more often right than foretold, since a
shared name says more than the tags that it was learned from. 1,000 events of before 2014, lists of
ten:"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=REPORT, help="the report to write")
    parser.add_argument("--cache-dir", type=Path, help="keep vectors there for the next run")
    parser.add_argument("--write", action="store_true", help="learn what ships")
    options = parser.parse_args(arguments)
    needed = ["events.parquet", "links_dev.jsonl", "story_task_events.parquet"]
    missing = [name for name in needed if not (options.data / name).exists()]
    if missing:
        lacks = f"{options.data} lacks {', '.join(missing)}"
        print(f"confidence: {lacks}; give the folder with --data", file=sys.stderr)
        return 2
    began = time.perf_counter()
    if options.write:
        # What shipped so far takes no part, whatever form it has.
        model_module.shipped_for = lambda _: None
    archives, tasks, _ = read_tasks(options.data, None)
    model = RelatedEvents(cache_dir=options.cache_dir).fit(archives["stories"])
    if options.write:
        write(model, tasks["stories"][0])
        return 0
    options.output.write_text(report(options.data, model, archives, tasks), encoding="utf-8")
    took = time.perf_counter() - began
    print(f"confidence: wrote {options.output} and {PLOT} in {took:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
