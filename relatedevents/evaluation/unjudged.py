"""How far unjudged events could change a run's metrics.

Existing links are incomplete, and often made by a rule: an event that nobody linked may still
be related. Where judges also said "not related" (grade 0), unjudged events can be separated from
wrong ones and left out; where there are links alone they can't, and only the range of what the
unjudged could bring is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from relatedevents._util.checks import check_count, problem
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import (
    MAX_GRADE,
    Aligned,
    CheckedLinks,
    Links,
    Run,
    align,
    check_qrels,
    check_run,
)
from relatedevents.evaluation.metrics import Metric, check_metrics, score_aligned

NOT_DEFINED = "not defined"

INCOMPLETE_WORDS: dict[str, str] = {
    "plain": "The metric as it is: every listed event without a link counts as wrong.",
    "judged": "The share of the listed events that anyone judged, related or not. The lower it is, "
    "the less the plain value says.",
    "condensed": "The metric of the lists with all unjudged events taken out, so that only events "
    "that someone judged are compared.",
    "as_wrong": "The metric if every unjudged event of the list is unrelated (the plain one).",
    "as_right": "The metric if every unjudged event of the list is related.",
    "lowest": "The lowest value that any choice of the list's unjudged events as related gives. "
    "It can lie below the plain one: more related events also raise what a perfect list would "
    "reach.",
    "highest": "The highest value that any such choice gives.",
}
# One more related event far down the list lowers these: it counts in the ideal list as well.
_CAN_FALL = ("ndcg", "ap")
_LINKS_ALONE = (
    "The links hold no judgement 'not related' (grade 0), so an event without a link may be "
    "wrong or just never linked: judged and condensed values are not defined. What is known is "
    "the range: the metric with everything unjudged counted as wrong, and as right. Events that "
    "stand in no list are taken as unrelated."
)
_JUDGED = (
    "The judgements hold {n} times 'not related' (grade 0), on {with_negatives} of {queries} "
    "queries, so events that nobody judged can be told from wrong ones. Events that stand in no "
    "list are taken as unrelated unless linked."
)


@dataclass(frozen=True)
class IncompleteTruth:
    """How much the unjudged events could change the metrics of one run.

    Attributes
    ----------
    has_negatives : bool
        Whether the links hold grade 0; without any, judged and condensed are not defined.
    table : pandas.DataFrame
        One row a metric, columns as in `INCOMPLETE_WORDS`: means over the queries. `judged` and
        `condensed` are NaN where not defined.
    words : str
        What the table rests on, in plain words.
    counts : dict of str to int
        As in `score_run`; also `no_judged`, the queries whose list holds no judged event.
    """

    has_negatives: bool
    table: pd.DataFrame
    words: str
    counts: dict[str, int]

    def shown(self, digits: int = 3) -> pd.DataFrame:
        """Return the table as text, with "not defined" in place of NaN."""
        return self.table.map(lambda x: NOT_DEFINED if np.isnan(x) else f"{x:.{digits}f}")


def incomplete(
    run: Run,
    links: Links,
    metrics: Sequence[str] = ("ndcg@10", "p@10"),
    *,
    right_grade: int = 1,
    missing: str = "error",
    unlinked: str = "error",
) -> IncompleteTruth:
    """Set the plain metrics beside those that allow for unjudged events.

    Parameters
    ----------
    run, links, missing, unlinked
        As in `score_run`.
    metrics : sequence of str
        Names in the forms of `METRICS`, rank-biased overlap excepted: it compares with an order,
        not with judgements.
    right_grade : int
        The grade that an unjudged event gets where it is counted as right.

    Returns
    -------
    IncompleteTruth
        The table. "Unjudged" are the events that stand in the part of a list that the metric
        reads and neither among the links nor among the grades 0. Judged@k is their opposite: the
        share of the listed events, k at most, that has a grade. The condensed list is that of
        Sakai, "Alternatives to Bpref", SIGIR 2007.

    Raises
    ------
    InputError
        As in `score_run`.

    Examples
    --------
    >>> found = incomplete({"q": ["new", "b", "bad"]}, {"q": {"b": 1, "bad": 0}}, ["rr"])
    >>> found.shown()[["plain", "judged", "condensed", "as_right"]]
        plain judged condensed as_right
    rr  0.500  0.667     1.000    1.000
    >>> incomplete({"q": ["new", "b"]}, {"q": ["b"]}, ["rr"]).shown()["condensed"].item()
    'not defined'
    """
    parsed = check_metrics(metrics)
    for metric in parsed:
        if metric.kind == "rbo":
            came = "rank-biased overlap has no unjudged events"
            raise InputError(problem(f"metric {metric.name!r}", came, "every other metric"))
    right_grade = check_count("right_grade", right_grade)
    if right_grade > MAX_GRADE:
        raise InputError(problem("right_grade", f"got {right_grade}", f"1 to {MAX_GRADE}"))
    checked = check_qrels(links)
    aligned = align(check_run(run), checked, missing=missing, unlinked=unlinked)
    grades, has_negatives = aligned.links.grades, aligned.links.has_negatives
    judged_lists = {
        query: [c for c in ranked if c in grades[query]] for query, ranked in aligned.ranked.items()
    }
    plain = score_aligned(aligned, parsed).mean()
    table = pd.DataFrame(np.nan, index=plain.index, columns=list(INCOMPLETE_WORDS))
    table["plain"] = table["as_wrong"] = plain
    if has_negatives:
        condensed = Aligned(judged_lists, aligned.links, aligned.counts)
        table["condensed"] = score_aligned(condensed, parsed).mean()
        table["judged"] = [_judged_share(aligned, metric.k) for metric in parsed]
    for metric in parsed:
        extremes = _range(aligned, metric, right_grade)
        table.loc[metric.name, ["as_right", "lowest", "highest"]] = extremes
    no_judged = sum(not ids for ids in judged_lists.values())
    counts = {**aligned.counts, "no_judged": no_judged}
    return IncompleteTruth(has_negatives, table, _words(aligned.links), counts)


def _judged_share(aligned: Aligned, k: int | None) -> float:
    """Mean over the queries that list anything; NaN if none does."""
    shares = [
        sum(c in aligned.links.grades[query] for c in ranked[:k]) / len(ranked[:k])
        for query, ranked in aligned.ranked.items()
        if ranked
    ]
    return float(np.mean(shares)) if shares else float("nan")


def _range(aligned: Aligned, metric: Metric, right_grade: int) -> list[float]:
    """Return the means with all unjudged right, with the worst choice, and with the best.

    Most metrics can only rise with every event that turns out right. For the others, a given
    number of right ones does most if they stand first in the list and least if they stand last;
    so their extremes are found by trying each number both ways.
    """
    grades = aligned.links.grades
    unjudged = {
        query: found
        for query, ranked in aligned.ranked.items()
        if (found := [c for c in ranked[: metric.k] if c not in grades[query]])
    }
    plain = score_aligned(aligned, [metric])[metric.name]
    as_right, lowest, highest = plain.copy(), plain.copy(), plain.copy()
    as_right.update(_score_with(aligned, unjudged, metric, right_grade))
    tries = [as_right]
    if metric.kind in _CAN_FALL:
        for n_right in range(1, max(map(len, unjudged.values()), default=0)):
            more = {query: ids for query, ids in unjudged.items() if len(ids) > n_right}
            for part in (slice(None, n_right), slice(-n_right, None)):
                chosen = {query: ids[part] for query, ids in more.items()}
                tries.append(_score_with(aligned, chosen, metric, right_grade))
    for values in tries:
        lowest.update(lowest[values.index].clip(upper=values))
        highest.update(highest[values.index].clip(lower=values))
    return [float(as_right.mean()), float(lowest.mean()), float(highest.mean())]


def _score_with(
    aligned: Aligned, right: dict[str, list[str]], metric: Metric, right_grade: int
) -> pd.Series:
    """Score the queries of `right` with those events added to their links."""
    grades = {
        query: aligned.links.grades[query] | dict.fromkeys(ids, right_grade)
        for query, ids in right.items()
    }
    ranked = {query: aligned.ranked[query] for query in right}
    changed = Aligned(ranked, CheckedLinks(grades, {}), {})
    return score_aligned(changed, [metric])[metric.name]


def _words(links: CheckedLinks) -> str:
    zeros = [sum(grade == 0 for grade in grades.values()) for grades in links.grades.values()]
    if not any(zeros):
        return _LINKS_ALONE
    with_negatives = sum(n > 0 for n in zeros)
    return _JUDGED.format(n=sum(zeros), with_negatives=with_negatives, queries=len(zeros))
