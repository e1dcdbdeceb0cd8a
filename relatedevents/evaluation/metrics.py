"""Metrics of how well lists agree with links, one table of names for all of them.

nDCG, precision, recall, AP, reciprocal rank and success come from trec_eval by way of
ir-measures; the two that it lacks (capped recall and rank-biased overlap) are in `formulas`.

trec_eval does not see a list: it sorts by score, breaks equal scores by document id, and holds
scores in single precision. So lists go to it with scores that fall strictly with the rank, as
whole numbers, and under neutral document names; then only the order of the list counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError
from relatedevents.evaluation.formulas import capped_recall, rank_biased_overlap
from relatedevents.evaluation.lists import Aligned, Links, Run, align, check_qrels, check_run


@dataclass(frozen=True)
class Metric:
    """One metric by name, read by `parse_metric`: "ndcg@10" or "rbo@10:0.9".

    Attributes
    ----------
    name : str
        The name as given, and the column's name in a result.
    kind : str
        Its key in `METRICS`.
    k : int or None
        How many of a list's first events it looks at; None is the whole list.
    p : float or None
        The persistence of rank-biased overlap.
    """

    name: str
    kind: str
    k: int | None = None
    p: float | None = None

    @property
    def words(self) -> str:
        """What the metric means, in plain words, with its own numbers."""
        words = METRICS[self.kind].words.replace("{k}", str(self.k))
        return words.replace("{p}", f"{self.p:g}") if self.p is not None else words


@dataclass(frozen=True)
class MetricKind:
    """A row of `METRICS`.

    Attributes
    ----------
    form : str
        How its name is written: "ndcg@k".
    words : str
        What it means, in plain words; `{k}` and `{p}` stand for its numbers.
    function : callable
        `function(metric)` gives the ir-measures object, or `function(ranked, grades, order,
        metric)` the value of one query, as `by_query` says.
    by_query : bool
        Whether the function is this module's own.
    """

    form: str
    words: str
    function: Callable[..., Any]
    by_query: bool = False


def _rbo_of_query(
    ranked: Sequence[str], grades: Mapping[str, int], order: Sequence[str] | None, metric: Metric
) -> float:
    if order is None or metric.k is None or metric.p is None:
        came = "the links of a query have no order"
        allowed = "links as lists, best first (not sets, not bare grades)"
        todo = "Give order={query: ids, best first}, or leave this metric out."
        raise InputError(problem(f"metric {metric.name!r}", came, allowed, todo))
    return rank_biased_overlap(ranked, order, metric.k, metric.p)


def _rc_of_query(
    ranked: Sequence[str], grades: Mapping[str, int], order: Sequence[str] | None, metric: Metric
) -> float:
    return capped_recall(ranked, grades, metric.k or len(ranked))


def _ir_measure(name: str) -> Callable[[Metric], Any]:
    def build(metric: Metric) -> Any:  # noqa: ANN401 - ir-measures ships no types
        import ir_measures

        measure = getattr(ir_measures, name)
        return measure if metric.k is None else measure @ metric.k

    return build


METRICS: dict[str, MetricKind] = {
    "ndcg": MetricKind(
        "ndcg@k",
        "How much of the best possible order the first {k} reach: 1 if they are the linked "
        "events with the highest grades first, 0 if none is linked; a hit counts less the "
        "further down it stands.",
        _ir_measure("nDCG"),
    ),
    "p": MetricKind(
        "p@k",
        "The share of the {k} places that hold a linked event; an unused place counts as a miss.",
        _ir_measure("P"),
    ),
    "r": MetricKind(
        "r@k", "The share of all linked events that stand among the first {k}.", _ir_measure("R")
    ),
    "rc": MetricKind(
        "rc@k",
        "Linked events among the first {k}, as a share of the most that {k} places could hold "
        "(recall that can reach 1 also where there are more than {k} links).",
        _rc_of_query,
        by_query=True,
    ),
    "success": MetricKind(
        "success@k",
        "The share of queries with at least one linked event among the first {k}.",
        _ir_measure("Success"),
    ),
    "ap": MetricKind(
        "ap",
        "Average precision: the precision at each linked event's place in the whole list, "
        "averaged over all linked events; those not listed count 0.",
        _ir_measure("AP"),
    ),
    "rr": MetricKind(
        "rr",
        "1 / the place of the first linked event in the whole list; 0 if there is none.",
        _ir_measure("RR"),
    ),
    "rbo": MetricKind(
        "rbo@k:p",
        "Rank-biased overlap: how alike the list and the ordered links are in their first {k}, "
        "each place counting {p} times the one above it; 1 for the same order, 0 for nothing "
        "in common.",
        _rbo_of_query,
        by_query=True,
    ),
}

DEFAULT_METRICS = ("ndcg@10", "p@10", "r@10", "rc@10", "success@10", "ap", "rr")


def parse_metric(name: str) -> Metric:
    """Read a metric's name, or raise `InputError` with the names that there are.

    Parameters
    ----------
    name : str
        A name in one of the forms of `METRICS`: "ndcg@10", "p@5", "ap", "rbo@10:0.9".

    Returns
    -------
    Metric
        The name with its numbers.

    Examples
    --------
    >>> parse_metric("rbo@10:0.9")
    Metric(name='rbo@10:0.9', kind='rbo', k=10, p=0.9)
    """
    forms = ", ".join(kind.form for kind in METRICS.values())
    allowed = f"one of {forms}, with k a whole number of 1 or more and p between 0 and 1"
    wrong = InputError(problem("metric", f"got {shown(name)}", allowed))
    parts = re.fullmatch(r"([a-z]+)(?:@(\d{1,9}))?(?::(0?\.\d+))?", str(name), re.ASCII)
    if parts is None or parts[1] not in METRICS:
        raise wrong
    form = METRICS[parts[1]].form
    k = int(parts[2]) if parts[2] else None
    p = float(parts[3]) if parts[3] else None
    forms_differ = (k is not None) != ("@k" in form) or (p is not None) != (":p" in form)
    if forms_differ or k == 0 or p == 0.0:
        raise wrong
    return Metric(name, parts[1], k, p)


def score_run(
    run: Run,
    links: Links,
    metrics: Sequence[str] = DEFAULT_METRICS,
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    missing: str = "error",
    unlinked: str = "error",
) -> pd.DataFrame:
    """Score every query's list against its links.

    Parameters
    ----------
    run : mapping of str to sequence of str
        The list of every query, best first.
    links : mapping
        `{query: ids}` or `{query: {id: grade}}`; a grade of 1 or more is related, 0 is not.
    metrics : sequence of str
        Names in the forms of `METRICS`.
    order : mapping of str to sequence of str, optional
        The links' own order, for rank-biased overlap; lists in `links` are their own.
    missing : {"error", "empty"}
        A query of the links without a list: refuse, or score an empty list.
    unlinked : {"error", "skip"}
        A query without links above grade 0: refuse, or leave it out.

    Returns
    -------
    pandas.DataFrame, shape (queries, metrics)
        The scores of every query, from 0 to 1, in the order of the links; the mean is a second
        step (`compare`). `attrs["counts"]` tells how many queries were scored, missing, empty,
        unlinked, or left out with nothing related.

    Raises
    ------
    InputError
        An unknown metric, a malformed run or links, or queries without a partner.

    Examples
    --------
    >>> score_run({"a": ["x", "b"]}, {"a": ["b", "c"]}, ["p@2", "rr"])
           p@2   rr
    query
    a      0.5  0.5
    """
    parsed = check_metrics(metrics)
    aligned = align(check_run(run), check_qrels(links, order), missing=missing, unlinked=unlinked)
    return score_aligned(aligned, parsed)


def check_metrics(metrics: Sequence[str]) -> list[Metric]:
    """Read several names; refuse none, a bare text, and doubled names."""
    if isinstance(metrics, str) or not metrics:
        todo = 'Write ["ndcg@10"] for a single one.'
        raise InputError(problem("metrics", f"got {shown(metrics)}", "a list of names", todo))
    doubled = [name for name in metrics if list(metrics).count(name) > 1]
    if doubled:
        raise InputError(problem("metrics", f"{doubled[0]!r} comes twice", "every name once"))
    return [parse_metric(name) for name in metrics]


def score_aligned(aligned: Aligned, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Score lists and links that `align` has paired; the result is that of `score_run`."""
    queries = list(aligned.ranked)
    values = np.zeros((len(queries), len(metrics)))
    from_trec = {m: column for column, m in enumerate(metrics) if not METRICS[m.kind].by_query}
    if from_trec:
        _score_with_ir_measures(aligned, from_trec, values)
    links = aligned.links
    for column, metric in enumerate(metrics):
        kind = METRICS[metric.kind]
        if kind.by_query:
            values[:, column] = [
                kind.function(ranked, links.grades[query], links.order.get(query), metric)
                for query, ranked in aligned.ranked.items()
            ]
    names = [metric.name for metric in metrics]
    table = pd.DataFrame(values, index=pd.Index(queries, name="query"), columns=names)
    table.attrs["counts"] = dict(aligned.counts)
    return table


def _score_with_ir_measures(
    aligned: Aligned, columns: Mapping[Metric, int], values: np.ndarray
) -> None:
    import ir_measures

    rows = {str(row): row for row in range(len(aligned.ranked))}
    scores_of_length: dict[int, dict[str, float]] = {}
    run: dict[str, dict[str, float]] = {}
    judgements: dict[str, dict[str, int]] = {}
    for name, (query, ranked) in zip(rows, aligned.ranked.items(), strict=True):
        length = len(ranked)
        if length not in scores_of_length:
            scores_of_length[length] = {f"r{i}": float(length - i) for i in range(length)}
        run[name] = scores_of_length[length]
        place = {related_id: f"r{i}" for i, related_id in enumerate(ranked)}
        judgements[name] = {
            place.get(related_id) or f"u{i}": grade
            for i, (related_id, grade) in enumerate(aligned.links.grades[query].items())
        }
    # Several names may stand for one measure only if a user wrote "p@5" and "p@05".
    of_measure: dict[Any, list[int]] = {}
    for metric, column in columns.items():
        measure = METRICS[metric.kind].function(metric)
        of_measure.setdefault(measure, []).append(column)
    evaluator = ir_measures.pytrec_eval.evaluator(list(of_measure), judgements)
    for result in evaluator.iter_calc(run):
        values[rows[result.query_id], of_measure[result.measure]] = result.value
