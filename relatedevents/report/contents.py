"""What the report says, in plain words: an evaluation turned into blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from relatedevents.evaluation.beyond_accuracy import BEYOND
from relatedevents.evaluation.compare import COMPARE_WORDS
from relatedevents.evaluation.incomplete import INCOMPLETE_WORDS, NOT_DEFINED
from relatedevents.evaluation.metrics import METRICS, parse_metric
from relatedevents.report.blocks import (
    SIGN_WORDS,
    Block,
    Heading,
    Picture,
    Points,
    SideBySide,
    Table,
    Terms,
    Words,
)
from relatedevents.report.entries import side_by_sides
from relatedevents.report.list_statistics import NEAR
from relatedevents.report.runs import LINKS_NAME, RUN_COUNTS
from relatedevents.report.truth import LINK_COUNTS

if TYPE_CHECKING:
    from relatedevents.report.result import Evaluation

SIGNIFICANT = 0.05
_MOST_SENTENCES = 12
_MOST_QUERIES = 500

_WHAT_IT_MEANS = (
    "Every figure here compares lists with links that exist already. It says how far a run "
    "repeats what those links say, not how well it serves a reader: links are incomplete, and "
    "where a rule made them, lists made by that rule win by construction."
)
_NO_ARCHIVE = (
    "Without an archive there are no days, headlines, tags and stories: what lists are like "
    "apart from agreement is not told. Pass archive= to have it."
)


def contents(result: Evaluation, n_changed: int | None = None) -> list[Block]:
    """Return the report as blocks.

    Parameters
    ----------
    result : Evaluation
        What `evaluate` found.
    n_changed : int, optional
        How many queries on each side are shown for each pair of runs; by default 3 for a single
        pair, else 1; 0 for none.

    Returns
    -------
    list of blocks
    """
    return [
        Heading("How far the lists agree with the links", 1),
        *_in_short(result),
        *_figures(result),
        *_differences(result),
        *_changed(result, n_changed),
        *_open(result),
        *_apart(result),
        *_counted(result),
    ]


def number(value: float, digits: int = 3) -> str:
    """Return a figure as text.

    Examples
    --------
    >>> number(0.5), number(-0.25), number(12345.0, 0), number(float("nan"))
    ('.500', '-.250', '12,345', 'not defined')
    """
    if math.isnan(value):
        return NOT_DEFINED
    text = f"{value:,.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _p(value: float) -> str:
    return f"{value:.4f}".replace("0.", ".", 1)


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown_pairs(result: Evaluation) -> list[tuple[str, str]]:
    """Return the pairs that are told in words and plots: with the baseline, else the first run."""
    pairs = result.pairs.drop_duplicates(["run_a", "run_b"])
    known = list(zip(pairs["run_a"], pairs["run_b"], strict=True))
    if len(known) <= 3 or result.settings["baseline"] is not None:
        return known
    first = result.run_names[0]
    return [pair for pair in known if first in pair]


def _in_short(result: Evaluation) -> Iterator[Block]:
    names = result.run_names
    scored = int(result.means["queries"].iloc[0])
    settings, links = result.settings, result.link_counts
    yield Heading("In short")
    text = (
        f"{_plural(len(names), 'run')}, {_plural(scored, 'query', 'queries')}, "
        f"{_plural(links['links'], 'link')}. Of each list the first {settings['n']} events "
        f"count. Lists were cut at a day: {settings['as_of']}."
    )
    if settings["as_of"].startswith("not cut"):
        text = text.replace("Lists were cut at a day: not cut", "Lists were not cut at a day", 1)
    yield Words(text)
    main = settings["metrics"][0]
    means = result.means[result.means["metric"] == main].set_index("run")
    sentences = [_pair_sentence(result, pair, main) for pair in shown_pairs(result)]
    if not sentences:
        row = means.iloc[0]
        sentences = [
            f"{names[0]} reaches {number(row['mean'])} in {main} (95 % limits "
            f"{number(row['low'])} to {number(row['high'])})."
        ]
    more = len(sentences) - _MOST_SENTENCES
    if more > 0:
        sentences = [*sentences[:_MOST_SENTENCES], f"{_plural(more, 'more pair')}: see Differences"]
    yield Points(sentences + _warnings(result))
    yield Words(_WHAT_IT_MEANS)
    if settings["run_words"]:
        yield Terms(list(settings["run_words"].items()))


def _pair_sentence(result: Evaluation, pair: tuple[str, str], metric: str) -> str:
    row = result.pair(*pair, metric)
    a, b = pair
    limits = f"95 % limits {number(row['low'])} to {number(row['high'])}"
    p = f"p {_p(row['p_holm'])} after correction"
    if row["p_holm"] < SIGNIFICANT:
        change = number(abs(row["difference"]))
        verdict = "higher" if row["difference"] > 0 else "lower"
        return f"{b} is {change} {verdict} than {a} in {metric} ({limits}; {p})."
    if row["difference"] == 0 and row["wins"] == row["losses"] == 0:
        return f"{b} and {a} are equal in {metric} on every query."
    change = number(row["difference"])
    return f"No clear difference between {b} and {a} in {metric}: {change} ({limits}; {p})."


def _warnings(result: Evaluation) -> list[str]:
    """Return what has to be known before any figure is believed."""
    links, counts = result.link_counts, result.counts
    told = []
    leaks = result.settings["leaks"]
    refused = {k: v for k, v in (leaks or {}).items() if k != "linked_in_tuning" and v}
    if refused:
        what = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in refused.items())
        told.append(
            f"Not honest: tuning has seen part of what is measured here ({what}), and this was "
            "allowed by name. These figures are no measure of tuned runs."
        )
    for row in counts.reset_index().to_dict("records"):
        run = row["run"]
        if row["missing"]:
            queries = _plural(row["missing"], "query", "queries")
            told.append(f"{run} has no list for {queries}: counted as 0.")
        if row["empty"]:
            told.append(f"{run} gives {_plural(row['empty'], 'empty list')}.")
        if row["later"]:
            told.append(
                f"{run} listed {_plural(row['later'], 'event')} that came later than the query's "
                f"day: taken out of {_plural(row['shortened'], 'list')} before the cut at "
                f"{result.settings['n']}."
            )
    for name in ("without_links", "unknown_links", "unresolved", "links_after_day"):
        if links.get(name):
            told.append(f"{name.replace('_', ' ')}: {links[name]}. {LINK_COUNTS[name]}")
    return told


def _figures(result: Evaluation) -> Iterator[Block]:
    metrics = result.settings["metrics"]
    yield Heading("Figures")
    cell = {
        (row["metric"], row["run"]): f"{number(row['mean'])} "
        f"({number(row['low'])} to {number(row['high'])})"
        for row in result.means.to_dict("records")
    }
    rows = [[run, *(cell[metric, run] for metric in metrics)] for run in result.run_names]
    yield Table(["run", *metrics], rows)
    yield Words(f"Means, and their limits in brackets. {COMPARE_WORDS['low, high']}")
    yield Words(_independence(result))
    yield Picture("means", "Means of every run, with their 95 % limits.")
    yield Terms([(name, parse_metric(name).words) for name in metrics])
    if {"ap", "rr"} & {parse_metric(name).kind for name in metrics}:
        yield Words(f'"The whole list" is the first {result.settings["n"]} events here.')
    main = metrics[0]
    table = result.per_query.pivot(index="query", columns="run", values=main)[result.run_names]
    if len(table) <= _MOST_QUERIES:
        rows = [[query, *map(number, values)] for query, values in _rows_of(table)]
        yield Table(["query", *result.run_names], rows, folded=f"{main} of every query")


def _independence(result: Evaluation) -> str:
    """Return what the limits and p values take as independent cases."""
    clusters, settings = int(result.means["clusters"].iloc[0]), result.settings
    if settings["clusters"] is None:
        return (
            "Each query was taken as independent of the others. Queries of one story or day rise "
            "and fall together: with clusters the limits are wider, and more honest."
        )
    text = (
        f"Limits and p values rest on {_plural(clusters, 'group')} of queries "
        f"({settings['clusters']}): whole groups are drawn and flipped, since their queries rise "
        "and fall together."
    )
    if settings.get("alone"):
        alone = _plural(settings["alone"], "query has no group", "queries have no group")
        text += f" {alone} and stand alone."
    return text


def _rows_of(table: pd.DataFrame) -> Iterator[tuple[str, list[float]]]:
    return zip(table.index.tolist(), table.to_numpy().tolist(), strict=True)


def _differences(result: Evaluation) -> Iterator[Block]:
    if result.pairs.empty:
        return
    yield Heading("Differences")
    rows = [
        [
            row["metric"],
            row["run_a"],
            row["run_b"],
            number(row["difference"]),
            f"{number(row['low'])} to {number(row['high'])}",
            _p(row["p"]),
            _p(row["p_holm"]),
            f"{row['wins']} / {row['ties']} / {row['losses']}",
        ]
        for row in result.pairs.to_dict("records")
    ]
    header = ["metric", "run_a", "run_b", "difference", "low, high", "p", "p_holm"]
    yield Table([*header, "wins / ties / losses"], rows, n_names=3)
    yield Picture("differences", "Each query's difference, sorted: right of 0 run_b is better.")
    yield Picture("wins", "On how many queries run_b is better, equal or worse.")
    told = {k: v for k, v in COMPARE_WORDS.items() if k not in ("mean", "clusters")}
    yield Terms(list(told.items()))
    settings = result.settings
    yield Words(
        f"{_plural(settings['tests'], 'test')} in all, so many were corrected for; "
        f"{settings['n_permutations']:,} sign flips, {settings['n_resamples']:,} resamples, seed "
        f"{settings['seed']}."
    )


def _changed(result: Evaluation, n_changed: int | None) -> Iterator[Block]:
    pairs = shown_pairs(result)
    if not pairs:
        return
    n = (3 if len(pairs) == 1 else 1) if n_changed is None else n_changed
    if n == 0:
        return
    main = result.settings["metrics"][0]
    yield Heading("Queries that gained and lost most")
    yield Words(
        f"By {main}, up to {n} on each side for each pair of runs; a query without any "
        f"difference is never shown. In every list: {SIGN_WORDS}."
    )
    for run_a, run_b in pairs:
        yield Heading(f"From {run_a} to {run_b}", 3)
        blocks: list[SideBySide] = side_by_sides(result, run_a, run_b, main, n)
        if not blocks:
            yield Words("No query changed.")
        yield from blocks


def _open(result: Evaluation) -> Iterator[Block]:
    yield Heading("What the links leave open")
    if result.incomplete is None:
        yield Words(
            "Not worked out here: how far the figures would move if events that nobody linked "
            "were related after all."
        )
        return
    yield Words(result.incomplete_words)
    names = list(INCOMPLETE_WORDS)
    rows = [
        [row["run"], row["metric"], *(number(row[name]) for name in names)]
        for row in result.incomplete.to_dict("records")
    ]
    yield Table(["run", "metric", *names], rows, n_names=2)
    yield Terms(list(INCOMPLETE_WORDS.items()))
    if any(METRICS["rbo"].form[:4] in name for name in result.settings["metrics"]):
        yield Words("Rank-biased overlap compares with an order, not with judgements: not here.")


def _apart(result: Evaluation) -> Iterator[Block]:
    yield Heading("What the lists are like apart from agreement")
    if result.beyond is None or result.days_between is None:
        yield Words(_NO_ARCHIVE)
        return
    table = result.beyond.pivot(index="figure", columns="run", values="value")
    names = [*result.run_names, LINKS_NAME]
    figures = list(dict.fromkeys(result.beyond["figure"]))
    rows = [
        [figure, *(_apart_cell(figure, table.loc[figure, n]) for n in names)] for figure in figures
    ]
    yield Table(["figure", *names], rows)
    n = str(result.settings["n"])
    yield Words(
        f"None of these says that a list is good. {LINKS_NAME} stands for the links themselves; "
        "a run counts with all the lists that it has."
    )
    yield Terms([(figure, BEYOND[figure].replace("{n}", n)) for figure in figures])
    if "near_duplicates" in figures:
        yield Words(f"Nearly the same: headlines whose vectors have a cosine of {NEAR} or more.")
    yield Picture("days", "The share of links by the days between the two events.")
    rows = [[run, *map(number, values)] for run, values in _rows_of(result.days_between)]
    yield Table(["run", *result.days_between.columns], rows)


def _apart_cell(figure: str, value: float) -> str:
    whole = figure in ("lists", "never_linked")
    return number(value, 0 if whole else 1 if figure.startswith("days") else 3)


def _counted(result: Evaluation) -> Iterator[Block]:
    yield Heading("What was counted, and what was left out")
    used = [name for name in RUN_COUNTS if name == "queries" or result.counts[name].any()]
    rows = [[str(run), *(f"{row[n]:,}" for n in used)] for run, row in result.counts.iterrows()]
    yield Table(["run", *used], rows)
    yield Terms([(name, RUN_COUNTS[name]) for name in used])
    absent = [name for name in RUN_COUNTS if name not in used]
    if absent:
        yield Words(f"None for any run: {', '.join(absent)}.")
    links = result.link_counts
    yield Table(["links", "count"], [[name, f"{count:,}"] for name, count in links.items()])
    yield Terms([(name, LINK_COUNTS[name]) for name in links])
    if result.settings["leaks"] is None:
        yield Words(
            "No links were named as those that settings were tuned on, so no leak was looked for."
        )
    else:
        told = ", ".join(f"{k} {v}" for k, v in result.settings["leaks"].items())
        yield Words(f"Compared with the links that were tuned on: {told}.")
