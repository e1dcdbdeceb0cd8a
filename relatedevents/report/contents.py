"""The text and tables of a report: an evaluation turned into blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from relatedevents.evaluation.beyond_accuracy import BEYOND_ACCURACY
from relatedevents.evaluation.comparison import COMPARE_WORDS
from relatedevents.evaluation.metrics import parse_metric
from relatedevents.evaluation.unjudged import INCOMPLETE_WORDS, NOT_DEFINED
from relatedevents.report.blocks import (
    SIGN_WORDS,
    Block,
    Heading,
    Picture,
    Points,
    Table,
    Terms,
    Words,
)
from relatedevents.report.entries import side_by_sides
from relatedevents.report.list_statistics import NEAR
from relatedevents.report.runs import LINKS_NAME, RUN_COUNTS
from relatedevents.report.truth import LINK_COUNTS

if TYPE_CHECKING:
    from relatedevents.report.measured import Measured

SIGNIFICANT = 0.05
_MOST_SENTENCES = 12
_MOST_QUERIES = 500

_WHAT_IT_MEANS = (
    "Every metric here compares lists with links that exist already. It says how far a run "
    "repeats what those links say, not how well it serves a reader: links are incomplete, and "
    "where a rule made them, lists made by that rule win by construction."
)
_NO_ARCHIVE = (
    "Without an archive there are no days, headlines, tags and stories: what lists are like "
    "apart from agreement is not reported. Pass archive= to have it."
)


def contents(result: Measured, n_changed: int | None = None) -> list[Block]:
    """Return the report as blocks.

    Parameters
    ----------
    result : Measured
        The result of `evaluate`.
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
        *_scores(result),
        *_differences(result),
        *_changed(result, n_changed),
        *_unjudged(result),
        *_list_statistics(result),
        *_counts(result),
    ]


def number(value: float, digits: int = 3) -> str:
    """Return a number as text, without the zero before its point.

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


def _interval(row: Mapping[Any, Any]) -> str:
    return f"{number(row['low'])} to {number(row['high'])}"


def _plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def shown_pairs(result: Measured) -> list[tuple[str, str]]:
    """Return the pairs shown in words and plots: those with the baseline, or the first run."""
    pairs = result.pairs.drop_duplicates(["run_a", "run_b"])
    known = list(zip(pairs["run_a"], pairs["run_b"], strict=True))
    if len(known) <= 3 or result.settings["baseline"] is not None:
        return known
    first = result.run_names[0]
    return [pair for pair in known if first in pair]


def _in_short(result: Measured) -> Iterator[Block]:
    names = result.run_names
    scored = int(result.means["queries"].iloc[0])
    settings, links = result.settings, result.link_counts
    yield Heading("In short")
    cut = f"Lists were cut at a day: {settings['as_of']}."
    yield Words(
        f"{_plural(len(names), 'run')}, {_plural(scored, 'query', 'queries')}, "
        f"{_plural(links['links'], 'link')}. Of each list the first {settings['n']} events "
        f"count. {cut.replace('cut at a day: not cut', 'not cut at a day', 1)}"
    )
    main = settings["metrics"][0]
    means = result.means[result.means["metric"] == main].set_index("run")
    sentences = [_pair_sentence(result, pair, main) for pair in shown_pairs(result)]
    if not sentences:
        row = means.iloc[0]
        sentences = [
            f"{names[0]} reaches {number(row['mean'])} in {main} "
            f"(95 % confidence interval {_interval(row)})."
        ]
    more = len(sentences) - _MOST_SENTENCES
    if more > 0:
        sentences = [*sentences[:_MOST_SENTENCES], f"{_plural(more, 'more pair')}: see Differences"]
    yield Points(sentences + _warnings(result))
    yield Words(_WHAT_IT_MEANS)
    if settings["run_words"]:
        yield Terms(list(settings["run_words"].items()))


def _pair_sentence(result: Measured, pair: tuple[str, str], metric: str) -> str:
    row = result.pair(*pair, metric)
    a, b = pair
    evidence = f"95 % confidence interval {_interval(row)}; p {_p(row['p_holm'])} after correction"
    if row["p_holm"] < SIGNIFICANT:
        change = number(abs(row["difference"]))
        verdict = "higher" if row["difference"] > 0 else "lower"
        return f"{b} is {change} {verdict} than {a} in {metric} ({evidence})."
    if row["difference"] == 0 and row["wins"] == row["losses"] == 0:
        return f"{b} and {a} are equal in {metric} on every query."
    change = number(row["difference"])
    return f"No clear difference between {b} and {a} in {metric}: {change} ({evidence})."


def _warnings(result: Measured) -> list[str]:
    """Return the warnings that a reader needs before any number."""
    links, n = result.link_counts, result.settings["n"]
    warnings = []
    leaks = result.settings["leaks"]
    refused = {k: v for k, v in (leaks or {}).items() if k != "linked_in_tuning" and v}
    if refused:
        what = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in refused.items())
        warnings.append(
            f"Not honest: tuning has seen part of what is measured here ({what}), and this was "
            "allowed by name. These scores are no measure of tuned runs."
        )
    for row in result.counts.reset_index().to_dict("records"):
        run = row["run"]
        if row["missing"]:
            queries = _plural(row["missing"], "query", "queries")
            warnings.append(f"{run} has no list for {queries}: counted as 0.")
        if row["empty"]:
            warnings.append(f"{run} gives {_plural(row['empty'], 'empty list')}.")
        if row["later"]:
            warnings.append(
                f"{run} listed {_plural(row['later'], 'event')} that came later than the query's "
                f"day: taken out of {_plural(row['shortened'], 'list')} before the cut at {n}."
            )
    for name in ("without_links", "unknown_links", "unresolved", "links_after_day"):
        if links.get(name):
            warnings.append(f"{name.replace('_', ' ')}: {links[name]}. {LINK_COUNTS[name]}")
    return warnings


def _scores(result: Measured) -> Iterator[Block]:
    metrics = result.settings["metrics"]
    yield Heading("Scores")
    cell = {
        (row["metric"], row["run"]): f"{number(row['mean'])} ({_interval(row)})"
        for row in result.means.to_dict("records")
    }
    rows = [[run, *(cell[metric, run] for metric in metrics)] for run in result.run_names]
    yield Table(["run", *metrics], rows)
    yield Words(f"Means, with confidence intervals in brackets. {COMPARE_WORDS['low, high']}")
    yield Words(_independence(result))
    yield Picture("means", "Means of every run, with their 95 % confidence intervals.")
    yield Terms([(name, parse_metric(name).words) for name in metrics])
    if {"ap", "rr"} & {parse_metric(name).kind for name in metrics}:
        yield Words(f'"The whole list" is the first {result.settings["n"]} events here.')
    main = metrics[0]
    table = result.per_query.pivot(index="query", columns="run", values=main)[result.run_names]
    if len(table) <= _MOST_QUERIES:
        rows = _number_rows(table)
        yield Table(["query", *result.run_names], rows, folded=f"{main} of every query")


def _independence(result: Measured) -> str:
    """Return which queries the intervals and p values take as independent."""
    clusters, settings = int(result.means["clusters"].iloc[0]), result.settings
    if settings["clusters"] is None:
        return (
            "Each query was taken as independent of the others. Queries of one story or day rise "
            "and fall together: with clusters the intervals are wider, and more honest."
        )
    text = (
        f"Confidence intervals and p values rest on {_plural(clusters, 'group')} of queries "
        f"({settings['clusters']}): whole groups are drawn and flipped, since their queries rise "
        "and fall together."
    )
    if settings.get("alone"):
        alone = _plural(settings["alone"], "query has no group", "queries have no group")
        text += f" {alone} and stand alone."
    return text


def _number_rows(table: pd.DataFrame) -> list[list[str]]:
    rows = zip(table.index.tolist(), table.to_numpy().tolist(), strict=True)
    return [[name, *map(number, values)] for name, values in rows]


def _differences(result: Measured) -> Iterator[Block]:
    if result.pairs.empty:
        return
    yield Heading("Differences")
    rows = [
        [
            *(row["metric"], row["run_a"], row["run_b"]),
            *(number(row["difference"]), _interval(row), _p(row["p"]), _p(row["p_holm"])),
            f"{row['wins']} / {row['ties']} / {row['losses']}",
        ]
        for row in result.pairs.to_dict("records")
    ]
    header = ["metric", "run_a", "run_b", "difference", "low, high", "p", "p_holm"]
    yield Table([*header, "wins / ties / losses"], rows, n_names=3)
    yield Picture("differences", "Each query's difference, sorted: right of 0 run_b is better.")
    yield Picture("wins", "On how many queries run_b is better, equal or worse.")
    yield Terms([(k, v) for k, v in COMPARE_WORDS.items() if k not in ("mean", "clusters")])
    settings = result.settings
    yield Words(
        f"{_plural(settings['tests'], 'test')} in all, so many were corrected for; "
        f"{settings['n_permutations']:,} sign flips, {settings['n_resamples']:,} resamples, seed "
        f"{settings['seed']}."
    )


def _changed(result: Measured, n_changed: int | None) -> Iterator[Block]:
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
        blocks: list[Block] = [*side_by_sides(result, run_a, run_b, main, n)]
        yield from blocks or [Words("No query changed.")]


def _unjudged(result: Measured) -> Iterator[Block]:
    yield Heading("What the links leave open")
    if result.incomplete is None:
        yield Words(
            "Not worked out here: how far the scores would move if events that nobody linked "
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
    if any(name.startswith("rbo@") for name in result.settings["metrics"]):
        yield Words("Rank-biased overlap compares with an order, not with judgements: not here.")


def _list_statistics(result: Measured) -> Iterator[Block]:
    yield Heading("What the lists are like apart from agreement")
    statistics, days_between = result.beyond_accuracy, result.days_between
    if statistics is None or days_between is None:
        yield Words(_NO_ARCHIVE)
        return
    table = statistics.pivot(index="metric", columns="run", values="value")
    names, metrics = [*result.run_names, LINKS_NAME], statistics["metric"].unique().tolist()
    rows = [[m, *(_statistic(m, table.loc[m, name]) for name in names)] for m in metrics]
    yield Table(["metric", *names], rows)
    n = str(result.settings["n"])
    yield Words(
        f"None of these says that a list is good. {LINKS_NAME} stands for the links themselves; "
        "a run counts with all the lists that it has."
    )
    yield Terms([(metric, BEYOND_ACCURACY[metric].replace("{n}", n)) for metric in metrics])
    if "near_duplicates" in metrics:
        yield Words(f"Nearly the same: headlines whose vectors have a cosine of {NEAR} or more.")
    yield Picture("days", "The share of links by the days between the two events.")
    yield Table(["run", *days_between.columns], _number_rows(days_between))


def _statistic(metric: str, value: float) -> str:
    whole = metric in ("lists", "never_linked")
    return number(value, 0 if whole else 1 if metric.startswith("days") else 3)


def _counts(result: Measured) -> Iterator[Block]:
    yield Heading("What was counted, and what was left out")
    used = [name for name in RUN_COUNTS if name == "queries" or result.counts[name].any()]
    rows = [[str(run), *(f"{row[n]:,}" for n in used)] for run, row in result.counts.iterrows()]
    yield Table(["run", *used], rows)
    yield Terms([(name, RUN_COUNTS[name]) for name in used])
    if absent := [name for name in RUN_COUNTS if name not in used]:
        yield Words(f"None for any run: {', '.join(absent)}.")
    links = result.link_counts
    yield Table(["links", "count"], [[name, f"{count:,}"] for name, count in links.items()])
    yield Terms([(name, LINK_COUNTS[name]) for name in links])
    text = "No links were named as those that settings were tuned on, so no leak was looked for."
    if result.settings["leaks"] is not None:
        leaks = ", ".join(f"{name} {count}" for name, count in result.settings["leaks"].items())
        text = f"Compared with the links that were tuned on: {leaks}."
    yield Words(text)
