"""Links split into a tuning and a test part, with a gap of time between the two.

Settings chosen on some queries have to be measured on others, and events of neighbouring days are
about the same things: so the parts lie apart in time, by the queries' days or by their stories.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from relatedevents._util.checks import check_choice, check_count, check_number, problem, some_of
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import Links, check_qrels, known_day, label_set

DEFAULT_GAP = 60


@dataclass(frozen=True)
class Split:
    """Links to tune on, links to measure on, and what belongs to neither.

    Attributes
    ----------
    tune, test : dict of str to dict of str to int
        Links with grades; their queries share nothing.
    left_out : tuple of str
        Queries on neither side, in the order of the links.
    counts : dict of str to int
        `tune`, `test` and `left_out` queries, and `tune_links_cut`: links of tuning queries
        dropped because they point at or past the end of the tuning time.
    """

    tune: dict[str, dict[str, int]]
    test: dict[str, dict[str, int]]
    left_out: tuple[str, ...]
    counts: dict[str, int]


def split_by_time(
    links: Links, days: Mapping[str, float | None], boundary: float, *, gap: int = DEFAULT_GAP
) -> Split:
    """Tune on the past, measure on what comes after it, and leave a gap between.

    Parameters
    ----------
    links : mapping
        As in `score_run`.
    days : mapping of str to number or None
        The day number of every query and related event.
    boundary : number
        The first day of the test time.
    gap : int
        Days before it that belong to neither side.

    Returns
    -------
    Split
        Queries of `boundary` or later are tested; queries before `boundary - gap` are tuned on,
        without their links to events of that day or later, or to undated ones. Undated queries,
        those in the gap, and tuning queries that lose every related event are left out.

    Examples
    --------
    >>> links = {"old": ["a"], "mid": ["a"], "new": ["mid"]}
    >>> split = split_by_time(links, {"a": 0, "old": 10, "mid": 90, "new": 100}, 100)
    >>> list(split.tune), list(split.test), split.left_out
    (['old'], ['new'], ('mid',))
    """
    grades, boundary, gap = _checked(links, days, boundary, gap)
    spans = {query: (day, day) for query in grades if (day := known_day(days, query)) is not None}
    return _split(grades, spans, days, boundary, gap)


def split_by_story(
    links: Links,
    stories: Mapping[str, object],
    days: Mapping[str, float | None],
    boundary: float,
    *,
    gap: int = DEFAULT_GAP,
    unlabelled: str = "error",
) -> Split:
    """Tune on stories that had ended, measure on stories that began later, with a gap between.

    Parameters
    ----------
    links : mapping
        As in `score_run`.
    stories : mapping of str to object
        The story of every event that has one, queries or not: a label, or a set or list of
        labels. All events with a label together tell when that story began and ended.
    days : mapping of str to number or None
        The day number of every query and related event, and of the other events of the stories.
    boundary : number
        The first day of the test time.
    gap : int
        Days before it in which no tuning story has an event.
    unlabelled : {"error", "leave_out"}
        What to do with a query without a story.

    Returns
    -------
    Split
        A query is tested if all its stories began on `boundary` or later, and tuned on if all
        ended before `boundary - gap` (links as in `split_by_time`); the rest is left out.

    Examples
    --------
    >>> links = {"a1": ["a2"], "b1": ["b2"], "c1": ["c2"]}
    >>> stories = {event: event[0] for event in ["a1", "a2", "b1", "b2", "c1", "c2"]}
    >>> days = {"a1": 1, "a2": 9, "b1": 20, "b2": 110, "c1": 120, "c2": 130}
    >>> split = split_by_story(links, stories, days, boundary=100)
    >>> list(split.tune), list(split.test), split.left_out
    (['a1'], ['c1'], ('b1',))
    """
    grades, boundary, gap = _checked(links, days, boundary, gap)
    check_choice("unlabelled", unlabelled, ["error", "leave_out"])
    without = [query for query in grades if not label_set(stories.get(query))]
    if without and unlabelled == "error":
        came = f"{len(without)} of {len(grades)} queries have none: {some_of(without)}"
        todo = "Leave them out with unlabelled='leave_out'."
        raise InputError(problem("stories", came, "a story for every query", todo))
    days_of_story: dict[object, list[float]] = defaultdict(list)
    for event_id, labels in stories.items():
        if (day := known_day(days, event_id)) is not None:
            for label in label_set(labels):
                days_of_story[label].append(day)
    spans = {}
    for query in grades:
        known = [day for label in label_set(stories.get(query)) for day in days_of_story[label]]
        if known:
            spans[query] = (min(known), max(known))
    return _split(grades, spans, days, boundary, gap)


def _checked(
    links: Links, days: Mapping[str, float | None], boundary: float, gap: int
) -> tuple[dict[str, dict[str, int]], float, int]:
    grades = check_qrels(links).grades
    boundary, gap = check_number("boundary", boundary), check_count("gap", gap, 0)
    ids = dict.fromkeys([*grades, *(c for related in grades.values() for c in related)])
    absent = [event_id for event_id in ids if event_id not in days]
    if absent:
        came = f"{len(absent)} events of the links have no entry: {some_of(absent)}"
        allowed = "a day number for every query and related event, None where it is undated"
        raise InputError(problem("days", came, allowed))
    return grades, boundary, gap


def _split(
    grades: dict[str, dict[str, int]],
    spans: Mapping[str, tuple[float, float]],
    days: Mapping[str, float | None],
    boundary: float,
    gap: int,
) -> Split:
    """Split queries by the first and last day of each; those without days are left out."""
    tune, test, left_out, cut = {}, {}, [], 0
    for query, related in grades.items():
        first, last = spans.get(query, (-math.inf, math.inf))
        known: dict[str, int] = {}
        if last < boundary - gap:
            dated = {c: known_day(days, c) for c in related}
            early = {c for c, day in dated.items() if day is not None and day < boundary - gap}
            known = {c: grade for c, grade in related.items() if c in early}
            cut += len(related) - len(known)
        if first >= boundary:
            test[query] = related
        elif any(known.values()):
            tune[query] = known
        else:
            left_out.append(query)
    sizes = {"tune": len(tune), "test": len(test), "left_out": len(left_out)}
    return Split(tune, test, tuple(left_out), {**sizes, "tune_links_cut": cut})
