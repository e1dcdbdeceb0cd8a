"""Two rules of a fair measurement: lists cut at their day, and no test data used in tuning.

A link can't point past the day on which it was made, so lists are cut at that day before they
are scored. And what settings were tuned on is no measure of them: `check_leaks` refuses it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from relatedevents._util.checks import check_choice, check_count, check_number, problem, some_of
from relatedevents.errors import InputError, LeakError
from relatedevents.evaluation.lists import (
    Links,
    Run,
    check_qrels,
    check_run,
    known_day,
    label_set,
)
from relatedevents.evaluation.splits import DEFAULT_GAP


@dataclass(frozen=True)
class FilteredRun:
    """A run as it could have been on the given days.

    Attributes
    ----------
    run : dict of str to list of str
        The lists, in their order, without the events that were not there yet.
    counts : dict of str to int
        `later` and `undated`: list members taken out; `shortened`: lists that lost any;
        `emptied`: lists that lost all.
    """

    run: dict[str, list[str]]
    counts: dict[str, int]


def filter_as_of(
    run: Run,
    days: Mapping[str, float | None],
    as_of: float | str | Mapping[str, float],
) -> FilteredRun:
    """Take out of every list the events that came after its day, and undated ones.

    A list keeps its order and gets shorter: ask for more events than the metric reads.

    Parameters
    ----------
    run : mapping of str to sequence of str
        The lists, best first.
    days : mapping of str to number or None
        The day number of every listed event (with "own": of every query too); None or NaN is
        undated.
    as_of : number, mapping of str to number, or "own"
        The last day (inclusive) that a list may know: one for all, one for each query, or the
        query's own day.

    Returns
    -------
    FilteredRun
        The lists, and how many events were taken out and why.

    Raises
    ------
    InputError
        An event without an entry in `days`, or a query without a day to cut at.

    Examples
    --------
    >>> filter_as_of({"q": ["old", "new"]}, {"old": 1, "new": 9}, as_of=5)
    FilteredRun(run={'q': ['old']}, counts={'later': 1, 'undated': 0, 'shortened': 1, 'emptied': 0})
    """
    checked = check_run(run)
    last_day = _last_days(checked, days, as_of)
    unknown = list(dict.fromkeys(c for ids in checked.values() for c in ids if c not in days))
    if unknown:
        came = f"{len(unknown)} listed events have no entry: {some_of(unknown)}"
        allowed = "a day number for every listed event, None where it is undated"
        raise InputError(problem("days", came, allowed))
    counts = dict.fromkeys(["later", "undated", "shortened", "emptied"], 0)
    kept: dict[str, list[str]] = {}
    for query, ids in checked.items():
        kept[query] = []
        for related_id in ids:
            day = known_day(days, related_id)
            if day is None:
                counts["undated"] += 1
            elif day > last_day[query]:
                counts["later"] += 1
            else:
                kept[query].append(related_id)
        counts["shortened"] += len(kept[query]) < len(ids)
        counts["emptied"] += bool(ids) and not kept[query]
    return FilteredRun(kept, counts)


def check_leaks(
    tuning: Links,
    test: Links,
    *,
    stories: Mapping[str, object] | None = None,
    days: Mapping[str, float | None] | None = None,
    gap: int = DEFAULT_GAP,
    allow_leak: bool = False,
) -> dict[str, int]:
    """Refuse to measure on queries or links that settings were tuned on, and count them.

    Parameters
    ----------
    tuning, test : mapping
        Links that settings were chosen on, and links to measure on.
    stories : mapping of str to object, optional
        With it, a test query of a story that a tuning query had is a leak too.
    days : mapping of str to number or None, optional
        With it, a dated test query less than `gap` days from a tuning query is a leak too.
    gap : int
        That many days at least have to lie between.
    allow_leak : bool
        Return the counts instead of refusing, for results that are marked so.

    Returns
    -------
    dict of str to int
        `queries` and `links` of the test that tuning has seen (a link in either direction, so
        a -> b is b -> a), with stories `same_story` and with days `within_gap` queries; and,
        refused by none, `linked_in_tuning`: test queries that tuning met as related events.

    Raises
    ------
    LeakError
        If any count but the last is above 0.

    Examples
    --------
    >>> check_leaks({"a": ["b"]}, {"c": ["d"]})
    {'queries': 0, 'links': 0, 'linked_in_tuning': 0}
    >>> check_leaks({"a": ["b"]}, {"b": ["a"]}, allow_leak=True)
    {'queries': 0, 'links': 1, 'linked_in_tuning': 1}
    """
    seen = check_qrels(tuning, name="tuning").grades
    measured = check_qrels(test, name="test").grades
    gap = check_count("gap", gap, 0)
    pairs = {frozenset([query, c]) for query, grades in seen.items() for c in grades}
    leaks: dict[str, list[str]] = {
        "queries": [query for query in measured if query in seen],
        "links": [
            f"{query} -> {c}"
            for query, grades in measured.items()
            for c in grades
            if frozenset([query, c]) in pairs
        ],
    }
    if stories is not None:
        tuned_on = {label for query in seen for label in label_set(stories.get(query))}
        leaks["same_story"] = [q for q in measured if tuned_on & label_set(stories.get(q))]
    if days is not None:
        leaks["within_gap"] = _within_gap(seen, measured, days, gap)
    counts = {name: len(found) for name, found in leaks.items()}
    related = {c for grades in seen.values() for c in grades}
    counts["linked_in_tuning"] = sum(query in related for query in measured)
    found = {name: examples for name, examples in leaks.items() if examples}
    if found and not allow_leak:
        came = "; ".join(f"{_LEAK_WORDS[k]}: {len(v)} ({some_of(v, 2)})" for k, v in found.items())
        todo = (
            "Measure on other links (split_by_time and split_by_story of relatedevents.evaluation "
            "make them), or pass allow_leak=True and say so beside the results."
        )
        raise LeakError(problem("test", came, "queries and links that tuning has not seen", todo))
    return counts


_LEAK_WORDS = {
    "queries": "queries used in tuning",
    "links": "links used in tuning",
    "same_story": "queries of a story used in tuning",
    "within_gap": "queries within the gap around a tuning query",
}


def _last_days(
    run: dict[str, list[str]],
    days: Mapping[str, float | None],
    as_of: float | str | Mapping[str, float],
) -> dict[str, float]:
    if isinstance(as_of, str):
        check_choice("as_of", as_of, ["own"])
    elif not isinstance(as_of, Mapping):
        return dict.fromkeys(run, check_number("as_of", as_of))
    source = days if isinstance(as_of, str) else as_of
    last = {query: known_day(source, query, "as_of") for query in run}
    absent = [query for query, day in last.items() if day is None]
    if absent:
        came = f"{len(absent)} of {len(run)} queries have no day: {some_of(absent)}"
        raise InputError(problem("as_of", came, "a day number for every query"))
    return {query: day for query, day in last.items() if day is not None}


def _within_gap(
    seen: Mapping[str, object],
    measured: Mapping[str, object],
    days: Mapping[str, float | None],
    gap: int,
) -> list[str]:
    tuned = sorted(day for query in seen if (day := known_day(days, query)) is not None)

    def near(query: str) -> bool:
        day = known_day(days, query)
        if day is None:
            return False
        # The nearest tuning days are those on both sides of where this day would be inserted.
        position = bisect_left(tuned, day)
        return any(abs(day - other) < gap for other in tuned[max(position - 1, 0) : position + 1])

    return [query for query in measured if near(query)]
