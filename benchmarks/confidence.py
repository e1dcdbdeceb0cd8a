"""Learn the shipped probabilities, or measure how far they can be trusted.

    python benchmarks/confidence.py --write   # learns relatedevents/data/default_calibration.json
    python benchmarks/confidence.py           # writes benchmarks/CONFIDENCE.md and its plot

The data lies beside the project, in ../shared/data; its README says what it is. What ships is
learned from the judged events of until 2013 and those of their graded pairs that lie before 2014.
The same data, versions and seed give the same figures.
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
from quality import DATA, ROOT

from relatedevents import RelatedEvents, read_events
from relatedevents import model as model_module
from relatedevents.calibration import SHIPPED, Calibration
from relatedevents.learning import confidence
from relatedevents.learning.calibrate import calibration_of_pairs, labelled_pairs
from relatedevents.learning.folds import folds_of
from relatedevents.learning.links import read_training_links
from relatedevents.signals.score import add_parts

REPORT = Path(__file__).resolve().parent / "CONFIDENCE.md"
PLOT = REPORT.with_suffix(".svg")
PLACE = ROOT / "relatedevents" / "data" / SHIPPED
MEANING = "being useful to a reader"
#: A reader finds a link useful if it has this grade or a higher one.
USEFUL = 2
FIRST_DAY_UNSEEN = "2014-01-01"
CUTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
N, FOLDS, SEED = 10, 5, 0
N_RANDOM = 1000


@dataclass(frozen=True)
class Told:
    """Pairs of one set of queries: whose, what was predicted, what is so, and what a constant says.

    `rank` is the pair's place in its list of 50.
    """

    name: str
    queries: np.ndarray
    rank: np.ndarray
    probabilities: np.ndarray
    linked: np.ndarray
    base_rates: np.ndarray | float


def ranks(queries: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return each pair's rank among those of its query, by score."""
    return pd.Series(scores).groupby(queries).rank(method="first", ascending=False).to_numpy()


def judged_pairs(
    model: RelatedEvents, folder: Path, *, early: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the graded pairs of the judged events of a period: queries, scores, which are useful.

    Of the early period, pairs with later events are left out.
    """
    index, retriever = model.index_, model._retriever()
    with (folder / "judged_dev.jsonl").open(encoding="utf-8") as lines:
        events = [one for one in map(json.loads, lines) if (one["period"] == "until 2013") == early]
    rows = [
        (number, event["id"], other, grade >= USEFUL)
        for number, event in enumerate(events)
        for other, grade in event["grades"].items()
        if not early or other < FIRST_DAY_UNSEEN
    ]
    numbers, ids, others, useful = zip(*rows, strict=True)
    queries = retriever.queries(ids, "judged")
    parts = retriever.scorer.parts(queries, np.arange(len(ids)), index.ids.rows_of(others))
    return np.array(numbers), add_parts(parts), np.array(useful)


def learned(model: RelatedEvents, folder: Path) -> Calibration:
    """Return what ships: learned from all early pairs, its figures from folds by event."""
    pairs = judged_pairs(model, folder, early=True)
    groups = np.arange(pairs[0].max() + 1)
    found = calibration_of_pairs(model._retriever(), pairs, groups, MEANING, FOLDS, SEED)
    if found is None:
        raise SystemExit("confidence: hardly a judged pair is useful")
    return found


def in_folds(
    name: str,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    groups: np.ndarray,
) -> Told:
    """Predict every pair from the folds that it is not in."""
    queries, scores, linked = pairs
    found = confidence.cross_validate(scores, linked, queries, folds_of(groups, FOLDS, SEED))
    rank = ranks(queries, scores)
    return Told(name, queries, rank, found.probabilities, linked, found.base_rates)


def as_shipped(
    name: str, model: RelatedEvents, pairs: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Told:
    """Predict every pair by what ships."""
    queries, scores, linked = pairs
    shipped = model.calibration_
    predicted = shipped.probabilities(scores)
    return Told(name, queries, ranks(queries, scores), predicted, linked, shipped.base_rate)


def figures_row(told: Told) -> str:
    p, linked = told.probabilities, told.linked
    error = confidence.expected_calibration_error(p, linked)
    skill = confidence.brier_skill(p, linked, told.base_rates)
    return (
        f"| {told.name} | {told.queries.max() + 1} | {len(p):,} | {linked.mean():.3f} | "
        f"{p.mean():.3f} | {error:.3f} | {skill:.3f} | {confidence.auc(p, linked):.3f} |"
    )


def bins_table(all_told: list[Told]) -> list[str]:
    head = " | ".join(f"{told.name}: predicted | found" for told in all_told)
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
        "| cut at | links left an event | share left | of them linked | predicted | "
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


def of_random_events(model: RelatedEvents) -> list[str]:
    """Tell what is left of the lists of events drawn at random."""
    table = model.archive_
    drawn = table[table["date"] < FIRST_DAY_UNSEEN].sample(N_RANDOM, random_state=SEED)
    lists = model.related_many(drawn["id"], N)
    lines = ["| cut at | links left an event | events with nothing |", "|---:|---:|---:|"]
    for cut in CUTS:
        left = lists[lists["probability"] >= cut]
        nothing = 1.0 - left["id"].nunique() / N_RANDOM
        lines.append(f"| {cut:.1f} | {len(left) / N_RANDOM:.1f} | {nothing:.0%} |")
    return lines


def draw(all_told: list[Told]) -> None:
    """Draw how predicted and found shares agree."""
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
        axes.set(xlabel="predicted probability", ylabel="share found", xlim=(0, 1), ylim=(0, 1))
        axes.legend(frameon=False, loc="upper left")
        figure.savefig(PLOT, metadata={"Date": None})
        pyplot.close(figure)


def of_links(model: RelatedEvents, folder: Path) -> Told:
    """Tune on a site's links, and predict them in folds."""
    tuned = model.tune(folder / "links_dev.jsonl")
    links = read_training_links(folder / "links_dev.jsonl", tuned.index_)
    pairs = labelled_pairs(tuned._retriever(), links)
    return in_folds("links_dev, tuned", pairs, links.groups)


def write(model: RelatedEvents, folder: Path) -> None:
    found = learned(model, folder)
    PLACE.write_text(json.dumps(found.to_dict(), indent=2) + "\n", encoding="utf-8")
    print(f"confidence: {found}", file=sys.stderr)
    print(f"confidence: wrote {PLACE}", file=sys.stderr)


def report(folder: Path, model: RelatedEvents) -> str:
    early = judged_pairs(model, folder, early=True)
    on_early = in_folds("until 2013, folds by event", early, np.arange(early[0].max() + 1))
    on_later = as_shipped("later, as shipped", model, judged_pairs(model, folder, early=False))
    on_links = of_links(model, folder)
    print("confidence: judged events and links done", file=sys.stderr)
    everything = [on_early, on_later, on_links]
    draw(everything)
    parts = [
        ["# How far probabilities can be trusted", "", *INTRODUCTION.splitlines()],
        [
            "| pairs of | queries | pairs | useful | predicted | calibration error | Brier skill "
            "| AUC |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
            *map(figures_row, everything),
        ],
        [f"![Reliability]({PLOT.name})"],
        bins_table(everything),
        ["## What to cut at", "", *ADVICE.splitlines()],
        ["Judged events until 2013, the ten best judged pairs:", "", *cuts_table(on_early)],
        ["Judged events of later years:", "", *cuts_table(on_later)],
        ["links_dev, tuned, in folds:", "", *cuts_table(on_links)],
        [f"Lists of {N:,} of {N_RANDOM:,} events of before 2014, drawn by lot:"],
        of_random_events(model),
        [
            f"As shipped: intercept {model.calibration_.intercept:.3f}, "
            f"slope {model.calibration_.slope:.3f}."
        ],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


INTRODUCTION = """\
`probability` is that of a reader finding a link useful (grade 2 or 3 of the judged events), learned
from judged events until 2013 under the default weights: logistic regression on the score
(`relatedevents/learning/confidence.py`), so it never rises on the way down a list. It depends on
the two events alone; `n`, filters and pins do not move it. Events until 2013 are predicted in five
folds by event, those of later years by what ships, the tuned model's links in five folds.
Calibration error: mean distance of predicted and found in ten bins of equal size. Brier skill: over
a constant, the share of useful pairs learned from. Only pairs that a system listed were judged, so
the share found is that of such candidates."""

ADVICE = """\
Cut at 0.3 to leave out what is likely noise, at 0.5 where a wrong link is worse than a missing one;
the tables say what stays."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the data")
    parser.add_argument("--output", type=Path, default=REPORT, help="the report to write")
    parser.add_argument("--cache-dir", type=Path, help="keep vectors there for the next run")
    parser.add_argument("--write", action="store_true", help="learn what ships")
    options = parser.parse_args(arguments)
    needed = ["events.parquet", "links_dev.jsonl", "judged_dev.jsonl"]
    missing = [name for name in needed if not (options.data / name).exists()]
    if missing:
        lacks = f"{options.data} lacks {', '.join(missing)}"
        print(f"confidence: {lacks}; give the folder with --data", file=sys.stderr)
        return 2
    began = time.perf_counter()
    if options.write:
        # What shipped so far takes no part, whatever form it has.
        model_module.shipped_for = lambda _: None
    archive = read_events(options.data / "events.parquet")
    model = RelatedEvents(cache_dir=options.cache_dir).fit(archive)
    if options.write:
        write(model, options.data)
        return 0
    options.output.write_text(report(options.data, model), encoding="utf-8")
    took = time.perf_counter() - began
    print(f"confidence: wrote {options.output} and {PLOT} in {took:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
