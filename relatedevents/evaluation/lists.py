"""Runs and links as plain mappings, checked once before anything is computed.

A run is `{query: ids, best first}`. Links are `{query: ids}` (each counts as grade 1) or
`{query: {id: grade}}` (0 = judged and found unrelated). Every fault is reported here, so that
the other modules need not check again.
"""

from __future__ import annotations

import numbers
from collections.abc import Collection, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.errors import InputError

# trec_eval reserves memory for every grade up to the highest, so a grade of 10**8 takes 800 MB.
MAX_GRADE = 1000

Run: TypeAlias = Mapping[str, Sequence[str]]
Links: TypeAlias = Mapping[str, Sequence[str] | Set[str] | Mapping[str, int]]


@dataclass(frozen=True)
class CheckedLinks:
    """Links that were checked: grades of every query, and the order where there is one.

    Attributes
    ----------
    grades : dict of str to dict of str to int
        The judged ids of every query.
    order : dict of str to tuple of str
        Best first; only queries whose links came as a list or tuple, or in `order`.
    """

    grades: dict[str, dict[str, int]]
    order: dict[str, tuple[str, ...]]

    @property
    def has_negatives(self) -> bool:
        """Whether any id was judged and found unrelated (grade 0)."""
        return any(0 in grades.values() for grades in self.grades.values())


@dataclass(frozen=True)
class Aligned:
    """The queries that are scored, in the order of the links, and what was left out.

    Attributes
    ----------
    ranked : dict of str to list of str
        The lists of these queries, best first; empty where the run had none.
    links : CheckedLinks
        Their links, each query with at least one id of grade 1 or more.
    counts : dict of str to int
        `queries` scored, of them `missing` (no list in the run, counted as an empty one) and
        `empty` (the run gives an empty list); `unlinked` queries of the run that the links do
        not have, and `nothing_related` queries of the links with no id above grade 0, both
        left out.
    """

    ranked: dict[str, list[str]]
    links: CheckedLinks
    counts: dict[str, int]


def check_run(run: Run, name: str = "run") -> dict[str, list[str]]:
    """Return the run as `{query: list of ids}`, or raise `InputError`.

    Parameters
    ----------
    run : mapping of str to sequence of str
        The ids of every query, best first. An empty list is allowed, an empty run is not.
    name : str
        What the message calls it.

    Returns
    -------
    dict of str to list of str
        The same lists.

    Examples
    --------
    >>> check_run({"a": ("b", "c")})
    {'a': ['b', 'c']}
    """
    check_mapping(name, run, "{query: ids, best first}")
    checked: dict[str, list[str]] = {}
    for query, ids in run.items():
        _check_id(f"{name}, a query", query)
        if isinstance(ids, str | bytes | Mapping | Set) or not hasattr(ids, "__iter__"):
            where = f"{name}[{shown(query)}]"
            raise InputError(problem(where, f"got {shown(ids)}", "a list of ids, best first"))
        checked[query] = list(ids)
        _check_ids(name, query, checked[query])
    return checked


def check_qrels(
    links: Links, order: Mapping[str, Sequence[str]] | None = None, name: str = "links"
) -> CheckedLinks:
    """Return the links as grades and order, or raise `InputError`.

    Parameters
    ----------
    links : mapping
        `{query: list, tuple or set of ids}` or `{query: {id: grade}}`, grades from 0 to 1000.
    order : mapping of str to sequence of str, optional
        The order of links that carry grades too, best first. Without it a list or tuple in
        `links` is its own order.
    name : str
        What the message calls it.

    Returns
    -------
    CheckedLinks
        Grades, and the order where one is known.

    Examples
    --------
    >>> check_qrels({"a": ["c", "b"]})
    CheckedLinks(grades={'a': {'c': 1, 'b': 1}}, order={'a': ('c', 'b')})
    """
    check_mapping(name, links, "{query: ids} or {query: {id: grade}}")
    grades: dict[str, dict[str, int]] = {}
    orders: dict[str, tuple[str, ...]] = {}
    for query, related in links.items():
        _check_id(f"{name}, a query", query)
        if isinstance(related, str | bytes) or not hasattr(related, "__iter__"):
            allowed = "a list of ids or {id: grade}"
            raise InputError(problem(f"{name}[{shown(query)}]", f"got {shown(related)}", allowed))
        ids = list(related)
        _check_ids(name, query, ids)
        if isinstance(related, Mapping):
            grades[query] = {
                related_id: check_grade(name, query, related_id, grade)
                for related_id, grade in related.items()
            }
        else:
            # A set has no order of its own; sorting keeps results the same in every process.
            unordered = isinstance(related, Set)
            grades[query] = dict.fromkeys(sorted(ids) if unordered else ids, 1)
            if not unordered:
                orders[query] = tuple(ids)
    if order is not None:
        orders = {query: tuple(ids) for query, ids in check_run(order, "order").items()}
    return CheckedLinks(grades, orders)


def align(
    run: dict[str, list[str]],
    links: CheckedLinks,
    *,
    missing: str = "error",
    unlinked: str = "error",
) -> Aligned:
    """Pair every query's list with its links, and count what has no partner.

    Parameters
    ----------
    run : dict of str to list of str
        From `check_run`.
    links : CheckedLinks
        From `check_qrels`.
    missing : {"error", "empty"}
        What to do with a query of the links that the run lacks: refuse, or score an empty list.
    unlinked : {"error", "skip"}
        What to do with a query without links (the run has it and the links do not, or nothing
        in its links is above grade 0): refuse, or leave it out. Either way it is counted.

    Returns
    -------
    Aligned
        Lists and links of the same queries, in the order of the links.
    """
    check_choice("missing", missing, ["error", "empty"])
    check_choice("unlinked", unlinked, ["error", "skip"])
    nothing = [query for query, grades in links.grades.items() if not any(grades.values())]
    no_links = [query for query in run if query not in links.grades]
    if unlinked == "error" and (nothing or no_links):
        lost = no_links + nothing
        came = f"{len(lost)} queries have no links: {some_of(lost)}"
        allowed = "a run and links over the same queries, each with a link above grade 0"
        todo = "Check that both use the same ids, or leave them out with unlinked='skip'."
        raise InputError(problem("links", came, allowed, todo))
    queries = [query for query, grades in links.grades.items() if any(grades.values())]
    if not queries:
        came = "no query has a link above grade 0"
        raise InputError(problem("links", came, "links of at least one query"))
    absent = [query for query in queries if query not in run]
    if len(absent) == len(queries):
        came = f"none of its {len(run)} queries has links; the first is {shown(next(iter(run)))}"
        allowed = f"lists of the queries that the links have, such as {shown(queries[0])}"
        raise InputError(problem("run", came, allowed, "Check that both use the same ids."))
    if absent and missing == "error":
        came = f"{len(absent)} of {len(queries)} queries have no list: {some_of(absent)}"
        todo = "Make their lists, or count them as empty lists with missing='empty'."
        raise InputError(problem("run", came, "a list for every query of the links", todo))
    ranked = {query: run.get(query, []) for query in queries}
    counts = {
        "queries": len(queries),
        "missing": len(absent),
        "empty": sum(not ids for ids in ranked.values()) - len(absent),
        "unlinked": len(no_links),
        "nothing_related": len(nothing),
    }
    grades = {query: links.grades[query] for query in queries}
    order = {query: links.order[query] for query in queries if query in links.order}
    return Aligned(ranked, CheckedLinks(grades, order), counts)


def label_set(value: object) -> frozenset[object]:
    """Return the labels of one event: none (None or NaN), one, or several (a set or list).

    Examples
    --------
    >>> label_set("flood"), label_set(None)
    (frozenset({'flood'}), frozenset())
    """
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return frozenset(value)
    return frozenset() if pd.isna(value) else frozenset([value])  # type: ignore[call-overload]


def known_day(days: Mapping[str, object], event_id: str, name: str = "days") -> float | None:
    """Return an event's day number; None where it is missing, None or NaN (undated).

    Examples
    --------
    >>> known_day({"a": 3}, "a"), known_day({"a": 3}, "b")
    (3.0, None)
    """
    day = days.get(event_id)
    if day is None or day != day:  # NaN is the one number unlike itself.
        return None
    if not isinstance(day, numbers.Real):
        where = f"{name}[{shown(event_id)}]"
        raise InputError(problem(where, f"got {shown(day)}", "a day number, None if undated"))
    return float(day)


def check_mapping(name: str, value: object, form: str) -> None:
    """Raise `InputError` unless `value` is a mapping with something in it."""
    if not isinstance(value, Mapping):
        came = f"got {type(value).__name__}"
        todo = "Turn a table into one with run_from_table or links_from_table."
        raise InputError(problem(name, came, f"a mapping {form}", todo))
    if not value:
        raise InputError(problem(name, "it is empty", f"at least one entry {form}"))


def _check_id(where: str, value: Hashable) -> None:
    if not isinstance(value, str) or not value:
        raise InputError(problem(where, f"got {shown(value)}", "a non-empty text as id"))


def _check_ids(name: str, query: str, ids: list[str]) -> None:
    # The common case is decided by C loops; the slow search below only words the message.
    distinct = set(ids) if all(type(related_id) is str for related_id in ids) else None
    if distinct is not None and len(distinct) == len(ids) and not distinct & {"", query}:
        return
    seen: dict[str, int] = {}
    for rank, related_id in enumerate(ids, start=1):
        where = f"{name}[{shown(query)}]"
        _check_id(f"{where}, rank {rank}", related_id)
        if related_id in seen:
            came = f"{shown(related_id)} stands at ranks {seen[related_id]} and {rank}"
            raise InputError(problem(where, came, "every related id once in a list"))
        if related_id == query:
            came = f"the event is listed under itself at rank {rank}"
            raise InputError(problem(where, came, "other events only", "Take it out of the list."))
        seen[related_id] = rank


def check_grade(name: str, query: str, related_id: str, grade: object) -> int:
    """Return a grade as int, or raise `InputError` if it is no whole number from 0 to 1000."""
    whole = isinstance(grade, numbers.Real) and not isinstance(grade, bool)
    if not whole or not 0 <= float(grade) <= MAX_GRADE or float(grade) % 1:  # type: ignore[arg-type]
        allowed = f"a whole number from 0 (judged unrelated) to {MAX_GRADE}"
        where = f"{name}[{shown(query)}][{shown(related_id)}]"
        raise InputError(problem(where, f"got the grade {shown(grade)}", allowed))
    return int(grade)  # type: ignore[call-overload, no-any-return]
