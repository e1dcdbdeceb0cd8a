"""The runs of an evaluation: named, read, cut at the queries' days, then cut at n."""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.archive import dates_of
from relatedevents.errors import InputError
from relatedevents.evaluation.protocol import filter_as_of
from relatedevents.evaluation.tables import run_from_scores, run_from_table
from relatedevents.readers.runs import read_run
from relatedevents.report.truth import Events, Truth

if TYPE_CHECKING:
    from relatedevents.model import RelatedEvents

#: How the links stand beside the runs where both are described.
LINKS_NAME = "(links)"
_ALLOWED = "a run, a fitted model, or a mapping {name: run or model}"

RUN_COUNTS: dict[str, str] = {
    "queries": "Queries scored.",
    "missing": "Of them, queries for which the run has no list; each counts as an empty list.",
    "empty": "Of them, queries for which the run gives an empty list, or for which nothing was "
    "left after the cut at the day.",
    "unlinked": "Queries of the run that the links do not have: left out.",
    "nothing_related": "Queries of the links with nothing above grade 0: left out.",
    "later": "Listed events taken out because they came after the query's day.",
    "undated": "Listed events taken out because they have no date, in lists cut at a day.",
    "shortened": "Lists that lost events so.",
    "emptied": "Lists that lost all their events so.",
    "cut": "Listed events beyond the n that count.",
    "tied": "Listed events whose score equals another one's in the same list; the unlinked stands "
    "first then, so that equal scores can't win anything.",
}


@dataclass(frozen=True)
class CountedRun:
    """One run, ready to be scored.

    Attributes
    ----------
    lists : dict of str to list of str
        At most n events a query.
    counts : dict of str to int
        What was taken out, as in `RUN_COUNTS`.
    """

    lists: dict[str, list[str]]
    counts: dict[str, int]


def named_runs(run: object) -> dict[str, object]:
    """Return what a user gave as {name: run or model}.

    Examples
    --------
    >>> list(named_runs({"a": ["b"]})), list(named_runs({"mine": {"a": ["b"]}}))
    (['run'], ['mine'])
    """
    if not isinstance(run, Mapping):
        return {"run": run}
    if not run:
        raise InputError(problem("run", "it is empty", _ALLOWED))
    named = {_names_a_run(value) for value in run.values()}
    if named == {None}:
        came = f"no list of any of its {len(run)} entries holds an event"
        raise InputError(problem("run", came, "one list or more that holds an event"))
    if named >= {True, False}:
        came = "some values are lists of ids or scores, others whole runs"
        raise InputError(problem("run", came, _ALLOWED))
    if True not in named:
        return {"run": run}
    for name in run:
        if not isinstance(name, str) or not name.strip() or name == LINKS_NAME:
            allowed = f"a non-empty text other than {LINKS_NAME!r}"
            raise InputError(problem("run, a name", f"got {shown(name)}", allowed))
    return dict(run)


def _names_a_run(value: object) -> bool | None:
    """Tell whether a mapping's value is a whole run (True) or one list; None if it is empty."""
    if isinstance(value, Mapping):
        inner = list(value.values())
        return None if not inner else not all(isinstance(one, numbers.Real) for one in inner)
    if isinstance(value, (list, tuple, set, np.ndarray, pd.Series, pd.Index)):
        return False if len(value) else None
    return True


def is_model(value: object) -> bool:
    """Tell whether `value` is a fitted or unfitted model, without importing its class."""
    return hasattr(value, "related_many")


def lists_of_model(
    model: RelatedEvents, truth: Truth, days: Mapping[str, float] | None, n: int
) -> pd.DataFrame:
    """Return a model's lists of all linked queries, as they could have been on their days."""
    parts = queries_and_dates(truth, days)
    tables = [model.related_many(queries, n, as_of=as_of) for queries, as_of in parts]
    return pd.concat(tables, ignore_index=True)


def queries_and_dates(
    truth: Truth, days: Mapping[str, float] | None
) -> list[tuple[list[str], dict[str, object] | None]]:
    """Return the linked queries that have a day with their dates, and the others with None."""
    known = days or {}
    dated = [query for query in truth.linked if query in known]
    dates = dates_of(np.array([known[query] for query in dated], dtype=np.int32))
    as_of: dict[str, object] = dict(zip(dated, dates, strict=True))
    others = [query for query in truth.linked if query not in known]
    return [part for part in ((dated, as_of), (others, None)) if part[0]]


def count_run(
    name: str,
    run: object,
    truth: Truth,
    days: Mapping[str, float] | None,
    events: Events | None,
    n: int,
) -> CountedRun:
    """Read one run, take out what its pages could not know, and cut it at n.

    Parameters
    ----------
    name : str
        The run's name, for messages.
    run : object
        A fitted model, or whatever `read_run` takes.
    truth : Truth
        The links.
    days : mapping of str to float, optional
        The last day that each query's list may know; lists of other queries are not cut.
    events : Events, optional
        The archive; needed where lists are cut at a day.
    n : int
        How many events of a list count.

    Returns
    -------
    CountedRun
        The lists and the counts.
    """
    where = f"runs[{shown(name)}]"
    counts = dict.fromkeys(("later", "undated", "shortened", "emptied", "cut", "tied"), 0)
    source: Any = run
    if is_model(source):
        lists = run_from_table(lists_of_model(source, truth, days, n), where)
        lists = {query: lists.get(query, []) for query in truth.linked}
    else:
        table = read_run(source, name=where)
        if isinstance(source, (str, os.PathLike)):
            where = f"{where} ({source})"
        lists, counts["tied"] = _lists_of(table, truth, where)
    if events is not None:
        events.check_known(lists, f"{where}, column 'id'")
        related = (c for ids in lists.values() for c in ids)
        events.check_known(related, f"{where}, column 'related_id'")
    if days is not None and events is not None:
        cut = {query: ids for query, ids in lists.items() if query in days}
        if cut:
            filtered = filter_as_of(cut, events.days, days)
            lists |= filtered.run
            counts |= filtered.counts
    counts["cut"] = sum(max(len(ids) - n, 0) for ids in lists.values())
    return CountedRun({query: ids[:n] for query, ids in lists.items()}, counts)


def _lists_of(table: pd.DataFrame, truth: Truth, where: str) -> tuple[dict[str, list[str]], int]:
    tied = int(table.attrs["tied"])
    if tied:
        scores: dict[str, dict[str, float]] = {}
        for query, related, score in zip(
            table["id"], table["related_id"], table["score"], strict=True
        ):
            scores.setdefault(query, {})[related] = float(score)
        lists, _ = run_from_scores(scores, truth.grades)
    else:
        lists = run_from_table(table, where)
    return lists | {query: [] for query in table.attrs["without_related"]}, tied
