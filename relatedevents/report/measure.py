"""`evaluate`: lists against links, from whatever they come as to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from relatedevents._util.checks import check_choice, check_count, problem, shown
from relatedevents.errors import InputError
from relatedevents.evaluation.compare import Comparison, compare
from relatedevents.evaluation.incomplete import incomplete
from relatedevents.evaluation.metrics import Metric, check_metrics
from relatedevents.evaluation.protocol import check_leaks
from relatedevents.evaluation.significance import holm
from relatedevents.evaluation.tables import links_from_table
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
    """Measure lists against existing links, and tell which differences hold.

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
        model. It tells days, headlines, tags and stories, and every id has to be in it.
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
        Which queries are not independent: limits and p values then rest on whole groups. The
        first two are read from the archive (columns `story` or `stories`, and `date`).
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
        What tells near duplicates among the headlines of the archive; None leaves them out.
    run_words : mapping of str to str, optional
        What a run is, in words, by its name; the report then says it.
    n_permutations, n_resamples : int
        How many sign flips for the p values, and how many resamples for the limits.
    seed : int
        The same seed gives the same figures.

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
    n = check_count("n", n)
    parsed = _metrics(metrics, n)
    sources = named_runs(run)
    if baseline is not None:
        check_choice("baseline", baseline, sources)
    events = _events(archive, sources)
    truth = read_truth(links, events, unknown)
    leaks = _leaks(tuning_links, truth, events, gap, allow_leak)
    days = last_days(as_of, truth, events)
    runs = {name: count_run(name, one, truth, days, events, n) for name, one in sources.items()}
    groups, alone = clusters_of(clusters, list(truth.linked), events)
    comparison = compare(
        {name: one.lists for name, one in runs.items()},
        truth.grades,
        [metric.name for metric in parsed],
        order=truth.order,
        clusters=groups,
        n_permutations=n_permutations,
        n_resamples=n_resamples,
        seed=seed,
        missing=missing,
        unlinked=unlinked,
    )
    pairs = comparison.pairs if baseline is None else against(comparison.pairs, baseline)
    open_table, open_words = _open(runs, truth, parsed, missing, unlinked) if bounds else (None, "")
    link_counts = dict(truth.counts)
    if events is not None:
        link_counts |= count_days(truth, days, events)
    settings: dict[str, Any] = {
        "n": n,
        "metrics": [metric.name for metric in parsed],
        "baseline": baseline,
        "as_of": _as_of_words(as_of, days),
        "clusters": _cluster_words(clusters),
        **alone,
        **comparison.settings,
        "tests": len(pairs),
        "leaks": leaks,
        "run_words": {
            name: (run_words or {})[name] for name in sources if name in (run_words or {})
        },
    }
    return Evaluation(
        per_query=_per_query(comparison),
        means=comparison.means,
        pairs=pairs,
        beyond=None if events is None else describe(runs, truth, events, n, encoder),
        days_between=None if events is None else days_between(runs, truth, events),
        incomplete=open_table,
        incomplete_words=open_words,
        counts=_counts(comparison, runs),
        link_counts=link_counts,
        settings=settings,
        lists={name: one.lists for name, one in runs.items()},
        truth=truth,
        events=events,
        comparison=comparison,
    )


def _metrics(metrics: Sequence[str] | None, n: int) -> list[Metric]:
    parsed = check_metrics(default_metrics(n) if metrics is None else metrics)
    for metric in parsed:
        if metric.k is not None and metric.k > n:
            came = f"it reads {metric.k} places, and {n} events of a list count"
            todo = f"Pass n={metric.k}."
            raise InputError(problem(f"metric {metric.name!r}", came, f"up to {n} places", todo))
    return parsed


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


def _leaks(
    tuning: object, truth: Truth, events: Events | None, gap: int | None, allow_leak: bool
) -> dict[str, int] | None:
    if tuning is None:
        if gap is not None or allow_leak:
            came = "got gap or allow_leak without it"
            raise InputError(problem("tuning_links", came, "the links that were tuned on"))
        return None
    seen = links_from_table(read_links(tuning))[0]
    if gap is None:
        return check_leaks(seen, truth.grades, allow_leak=allow_leak)
    if events is None:
        came = f"got {shown(gap)} without an archive"
        raise InputError(problem("gap", came, "an archive that tells the days", "Pass archive=."))
    return check_leaks(
        seen,
        truth.grades,
        stories=events.stories,
        days=events.days,
        gap=gap,
        allow_leak=allow_leak,
    )


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
    table = pairs[(pairs["run_a"] == baseline) | (pairs["run_b"] == baseline)].copy()
    turned = (table["run_b"] == baseline).to_numpy()
    swapped = [("run_a", "run_b"), ("wins", "losses")]
    for first, second in swapped:
        left, right = table[first].to_numpy(), table[second].to_numpy()
        table[first], table[second] = np.where(turned, right, left), np.where(turned, left, right)
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    # 0.0 - x, so that no difference becomes -0.0.
    table["difference"] = np.where(turned, 0.0 - table["difference"], table["difference"])
    table["low"], table["high"] = (
        np.where(turned, 0.0 - high, low),
        np.where(turned, 0.0 - low, high),
    )
    table["p_holm"] = holm(table["p"].to_numpy(np.float64))
    return table.reset_index(drop=True)


def _open(
    runs: Mapping[str, CountedRun],
    truth: Truth,
    metrics: Sequence[Metric],
    missing: str,
    unlinked: str,
) -> tuple[pd.DataFrame | None, str]:
    """Return what unjudged events leave open, a row for every run and metric."""
    names = [metric.name for metric in metrics if metric.kind != "rbo"]
    if not names:
        return None, ""
    tables, words = [], ""
    for name, run in runs.items():
        found = incomplete(run.lists, truth.grades, names, missing=missing, unlinked=unlinked)
        table = found.table.rename_axis("metric").reset_index()
        table.insert(0, "run", name)
        tables.append(table)
        words = found.words
    return pd.concat(tables, ignore_index=True), words


def _per_query(comparison: Comparison) -> pd.DataFrame:
    tables = []
    first = next(iter(comparison.per_query.values()))
    for name in first.columns:
        columns = {metric: table[name] for metric, table in comparison.per_query.items()}
        table = pd.DataFrame(columns).reset_index()
        table.insert(0, "run", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _counts(comparison: Comparison, runs: Mapping[str, CountedRun]) -> pd.DataFrame:
    more = pd.DataFrame({name: run.counts for name, run in runs.items()}).T
    table = comparison.counts.join(more).astype(np.int64)
    table.index.name = "run"
    return table


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
