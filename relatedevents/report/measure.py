"""`evaluate`: lists against links, from whatever form they have to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relatedevents._util.checks import check_choice, check_count, problem, shown
from relatedevents.errors import InputError
from relatedevents.evaluation.comparison import Comparison, compare
from relatedevents.evaluation.metrics import check_metrics
from relatedevents.evaluation.protocol import check_leaks
from relatedevents.evaluation.significance import holm
from relatedevents.evaluation.tables import links_from_table
from relatedevents.evaluation.unjudged import incomplete
from relatedevents.readers import read_links
from relatedevents.report.list_statistics import days_between, describe
from relatedevents.report.result import Evaluation
from relatedevents.report.runs import CountedRun, count_run, is_model, named_runs
from relatedevents.report.truth import (
    Events,
    Truth,
    clusters_of,
    count_days,
    last_days,
    read_truth,
)


def default_metrics(n: int) -> tuple[str, ...]:
    """Return the metrics that are counted where none are named.

    Examples
    --------
    >>> default_metrics(10)
    ('ndcg@10', 'rc@10', 'p@10', 'success@10', 'rr')
    """
    return (f"ndcg@{n}", f"rc@{n}", f"p@{n}", f"success@{n}", "rr")


@dataclass(frozen=True)
class Options:
    """The keyword arguments of `evaluate`, described there."""

    metrics: Sequence[str] | None
    archive: object
    as_of: object
    n: int
    baseline: str | None
    clusters: str | Mapping[str, object] | None
    missing: str
    unlinked: str
    unknown: str
    tuning_links: object
    gap: int | None
    allow_leak: bool
    bounds: bool
    encoder: object
    run_words: Mapping[str, str]
    n_permutations: int
    n_resamples: int
    seed: int


def evaluate(
    run: object,
    links: object,
    *,
    metrics: Sequence[str] | None = None,
    archive: object = None,
    as_of: object = "links",
    n: int = 10,
    baseline: str | None = None,
    clusters: str | Mapping[str, object] | None = None,
    missing: str = "error",
    unlinked: str = "error",
    unknown: str = "error",
    tuning_links: object = None,
    gap: int | None = None,
    allow_leak: bool = False,
    bounds: bool = True,
    encoder: object = "default",
    run_words: Mapping[str, str] | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    seed: int = 0,
) -> Evaluation:
    """Measure lists against existing links, and test which differences hold.

    Parameters
    ----------
    run : object
        One run, as `read_run` takes it: the long table of `related_many` or `related_all`, a
        mapping {id: ids, best first} or {id: {related id: score}}, a .csv, .jsonl, .parquet or
        TREC run file. Or a fitted model, which then lists the linked events. Or several of
        them: {name: run or model}.
    links : object
        Whatever `read_links` takes: a table, a mapping, JSON Lines, the Context's pages, TREC
        judgements; graded or not, ordered or not.
    metrics : sequence of str, optional
        Such as "ndcg@10", "p@5", "r@10", "rc@10", "success@1", "ap", "rr", "rbo@10:0.9"; the
        first is the main one. By default those of `default_metrics`.
    archive : data frame, optional
        The events that lists and links are about, as for `fit`; by default that of the first
        model. It has the days, headlines, tags and stories, and every id has to be in it.
    as_of : "links", "own", None, a date, or a mapping from id to date
        The last day that a list may know. By default the day that travels with the links, where
        they have a column `as_of`; "own" is each query's own day; None cuts nothing. Later (and
        undated) events are taken out before the list is cut at `n`, and counted.
    n : int
        How many events of a list count.
    baseline : str, optional
        The run that all others are compared with, and Holm's correction then covers these pairs
        only. By default every pair is tested.
    clusters : "story", "day" or mapping of str to object, optional
        Which queries are not independent: confidence intervals and p values then rest on whole
        groups. The first two are read from the archive (columns `story` or `stories`, and `date`).
    missing : {"error", "empty"}
        A linked query for which a run has no list: refuse, or count an empty list.
    unlinked : {"error", "skip"}
        A query without links: refuse, or leave it out. Counted either way.
    unknown : {"error", "drop"}
        Links from or to events that the archive does not have: refuse, or leave them out and
        count them.
    tuning_links : object, optional
        The links that a run's settings were chosen on, as `links`; what is among both is
        refused.
    gap : int, optional
        With it, a query less than so many days from a tuning query is refused too, and one of
        the same story where the archive has stories.
    allow_leak : bool
        Count such leaks instead of refusing them; the report then says so.
    bounds : bool
        Whether to work out what unjudged events leave open; with thousands of queries that takes
        most of the time.
    encoder : "default", str, object or None
        Finds near duplicates among the headlines of the archive; None leaves them out.
    run_words : mapping of str to str, optional
        A description of each run by its name, for the report.
    n_permutations, n_resamples : int
        How many sign flips for the p values, and how many resamples for the confidence
        intervals.
    seed : int
        The same seed gives the same numbers.

    Returns
    -------
    Evaluation
        Tables, and the report as Markdown, HTML, JSON and TREC files.

    Raises
    ------
    InputError
        For runs or links that can't be used, or whose queries do not meet.
    UnknownIdError
        If the archive lacks an id.
    LeakError
        If tuning has seen a query or link.

    Examples
    --------
    >>> links = {"rio": ["kyoto", "paris"], "lima": ["paris"]}
    >>> runs = {"old": {"rio": ["oslo"], "lima": ["oslo"]},
    ...         "new": {"rio": ["kyoto"], "lima": ["oslo", "paris"]}}
    >>> result = evaluate(runs, links, metrics=["rr", "p@2"], n=2, n_resamples=100)
    >>> result.to_frame()
          rr  p@2
    run
    old  0.00  0.0
    new  0.75  0.5
    """
    options = Options(
        metrics=metrics,
        archive=archive,
        as_of=as_of,
        n=check_count("n", n),
        baseline=baseline,
        clusters=clusters,
        missing=missing,
        unlinked=unlinked,
        unknown=unknown,
        tuning_links=tuning_links,
        gap=gap,
        allow_leak=allow_leak,
        bounds=bounds,
        encoder=encoder,
        run_words=run_words or {},
        n_permutations=n_permutations,
        n_resamples=n_resamples,
        seed=seed,
    )
    return _measure(run, links, options)


def _measure(run: object, links: object, options: Options) -> Evaluation:
    n, metrics, sources = options.n, _metric_names(options), named_runs(run)
    if options.baseline is not None:
        check_choice("baseline", options.baseline, sources)
    events = _events(options.archive, sources)
    truth = read_truth(links, events, options.unknown)
    leaks = _leaks(options, truth, events)
    days = last_days(options.as_of, truth, events)
    runs = {name: count_run(name, one, truth, days, events, n) for name, one in sources.items()}
    comparison, alone = _compare(runs, truth, events, metrics, options)
    pairs = comparison.pairs
    if options.baseline is not None:
        pairs = against(pairs, options.baseline)
    unjudged, unjudged_words = _unjudged(runs, truth, metrics, options)
    settings: dict[str, Any] = {
        "n": n,
        "metrics": metrics,
        "baseline": options.baseline,
        "as_of": _as_of_words(options.as_of, days),
        "clusters": _cluster_words(options.clusters),
        **alone,
        **comparison.settings,
        "tests": len(pairs),
        "leaks": leaks,
        "run_words": {x: options.run_words[x] for x in sources if x in options.run_words},
    }
    return Evaluation(
        per_query=_per_query(comparison),
        means=comparison.means,
        pairs=pairs,
        beyond_accuracy=describe(runs, truth, events, n, options.encoder) if events else None,
        days_between=days_between(runs, truth, events) if events else None,
        incomplete=unjudged,
        incomplete_words=unjudged_words,
        counts=_counts(comparison, runs),
        link_counts=truth.counts | (count_days(truth, days, events) if events else {}),
        settings=settings,
        lists={name: one.lists for name, one in runs.items()},
        truth=truth,
        events=events,
        comparison=comparison,
    )


def _metric_names(options: Options) -> list[str]:
    n = options.n
    parsed = check_metrics(default_metrics(n) if options.metrics is None else options.metrics)
    for metric in parsed:
        if metric.k is not None and metric.k > n:
            came = f"it reads {metric.k} places, and {n} events of a list count"
            todo = f"Pass n={metric.k}."
            raise InputError(problem(f"metric {metric.name!r}", came, f"up to {n} places", todo))
    return [metric.name for metric in parsed]


def _events(archive: object, sources: Mapping[str, object]) -> Events | None:
    if archive is not None:
        return Events.of(archive)
    for source in sources.values():
        if is_model(source):
            fitted = getattr(source, "archive_", None)
            if fitted is None:
                came = "got a model that is not fitted"
                raise InputError(problem("run", came, "a fitted model", "Call fit(archive)."))
            return Events.of(fitted)
    return None


def _leaks(options: Options, truth: Truth, events: Events | None) -> dict[str, int] | None:
    gap, allow_leak = options.gap, options.allow_leak
    if options.tuning_links is None:
        if gap is not None or allow_leak:
            came = "got gap or allow_leak without it"
            raise InputError(problem("tuning_links", came, "the links that were tuned on"))
        return None
    seen = links_from_table(read_links(options.tuning_links))[0]
    if gap is None:
        return check_leaks(seen, truth.grades, allow_leak=allow_leak)
    if events is None:
        came = f"got {shown(gap)} without an archive"
        raise InputError(problem("gap", came, "an archive that tells the days", "Pass archive=."))
    known: dict[str, Any] = {"stories": events.stories, "days": events.days}
    return check_leaks(seen, truth.grades, **known, gap=gap, allow_leak=allow_leak)


def _compare(
    runs: Mapping[str, CountedRun],
    truth: Truth,
    events: Events | None,
    metrics: list[str],
    options: Options,
) -> tuple[Comparison, dict[str, int]]:
    """Return the comparison, and how many queries form a cluster of their own."""
    clusters, alone = clusters_of(options.clusters, list(truth.linked), events)
    comparison = compare(
        {name: one.lists for name, one in runs.items()},
        truth.grades,
        metrics,
        order=truth.order,
        clusters=clusters,
        n_permutations=options.n_permutations,
        n_resamples=options.n_resamples,
        seed=options.seed,
        missing=options.missing,
        unlinked=options.unlinked,
    )
    return comparison, alone


def against(pairs: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """Return the pairs that `baseline` is in, as run_a, corrected for these tests alone.

    Parameters
    ----------
    pairs : pandas.DataFrame
        `Comparison.pairs`.
    baseline : str
        A run's name.

    Returns
    -------
    pandas.DataFrame
        The same columns; where the baseline was run_b, differences have changed their sign and
        wins and losses their places.

    Examples
    --------
    >>> pairs = pd.DataFrame({"metric": ["rr"], "run_a": ["new"], "run_b": ["old"],
    ...     "difference": [0.2], "low": [0.1], "high": [0.4], "p": [0.01], "p_holm": [0.03],
    ...     "wins": [5], "ties": [1], "losses": [2]})
    >>> against(pairs, "old").to_dict("records")
    [{'metric': 'rr', 'run_a': 'old', 'run_b': 'new', 'difference': -0.2, 'low': -0.4,
      'high': -0.1, 'p': 0.01, 'p_holm': 0.01, 'wins': 2, 'ties': 1, 'losses': 5}]
    """
    turned = pairs[pairs["run_b"] == baseline]
    # 0.0 - x, so that no difference becomes -0.0.
    turned = turned.assign(**{name: 0.0 - turned[name] for name in ("difference", "low", "high")})
    opposite = {"run_a": "run_b", "low": "high", "wins": "losses"}
    turned = turned.rename(columns=opposite | {b: a for a, b in opposite.items()})
    table = pd.concat([pairs[pairs["run_a"] == baseline], turned[pairs.columns]]).sort_index()
    return table.assign(p_holm=holm(table["p"].to_numpy(np.float64))).reset_index(drop=True)


def _unjudged(
    runs: Mapping[str, CountedRun], truth: Truth, metrics: list[str], options: Options
) -> tuple[pd.DataFrame | None, str]:
    """Return how far unjudged events could change each run's metrics, and what that rests on."""
    names = [name for name in metrics if not name.startswith("rbo")]
    if not names or not options.bounds:
        return None, ""
    how: dict[str, Any] = {"missing": options.missing, "unlinked": options.unlinked}
    found = {name: incomplete(x.lists, truth.grades, names, **how) for name, x in runs.items()}
    table = pd.concat({name: one.table for name, one in found.items()}, names=["run", "metric"])
    return table.reset_index(), next(iter(found.values())).words


def _per_query(comparison: Comparison) -> pd.DataFrame:
    scores = comparison.per_query
    runs = next(iter(scores.values())).columns
    tables = {run: pd.DataFrame({name: of[run] for name, of in scores.items()}) for run in runs}
    return pd.concat(tables, names=["run"]).reset_index()


def _counts(comparison: Comparison, runs: Mapping[str, CountedRun]) -> pd.DataFrame:
    of_reading = pd.DataFrame({name: run.counts for name, run in runs.items()}).T
    return comparison.counts.join(of_reading).astype(np.int64).rename_axis("run")


def _as_of_words(as_of: object, days: Mapping[str, float] | None) -> str:
    if days is None:
        return "not cut" if as_of is None else "not cut: the links tell no day"
    if isinstance(as_of, str) and as_of in ("links", "own"):
        words = {"links": "the day that each query's links tell", "own": "each query's own day"}
        return words[as_of]
    return "one day for each query" if isinstance(as_of, (Mapping, pd.Series)) else str(as_of)


def _cluster_words(clusters: object) -> str | None:
    if clusters is None:
        return None
    return f"by {clusters}" if isinstance(clusters, str) else "as given"
