"""Links split into those to tune on and those to measure on, with a gap of time between.

Settings chosen on some queries are measured on others, and events of neighbouring days speak of
the same things: so the two sides lie apart in time, by the queries' days or by their stories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from relatedevents._util.checks import check_choice, check_count, check_number, problem, some_of
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import Links, check_links, day_of, label_set

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
    grades = check_links(links).grades
    boundary, gap = check_number("boundary", boundary), check_count("gap", gap, 0)
    _need_days(grades, days)
    sides = {}
    for query in grades:
        day = day_of(days, query)
        if day is not None:
            sides[query] = _side(day, day, boundary, gap)
    return _split(grades, sides, days, boundary - gap)


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
    grades = check_links(links).grades
    boundary, gap = check_number("boundary", boundary), check_count("gap", gap, 0)
    check_choice("unlabelled", unlabelled, ["error", "leave_out"])
    _need_days(grades, days)
    without = [query for query in grades if not label_set(stories.get(query))]
    if without and unlabelled == "error":
        came = f"{len(without)} of {len(grades)} queries have none: {some_of(without)}"
        todo = "Leave them out with unlabelled='leave_out'."
        raise InputError(problem("stories", came, "a story for every query", todo))
    spans: dict[object, list[float]] = defaultdict(list)
    for event_id, labels in stories.items():
        day = day_of(days, event_id)
        if day is not None:
            for label in label_set(labels):
                spans[label].append(day)
    sides = {}
    for query in grades:
        of_stories = [day for label in label_set(stories.get(query)) for day in spans[label]]
        if of_stories:
            sides[query] = _side(min(of_stories), max(of_stories), boundary, gap)
    return _split(grades, sides, days, boundary - gap)


def _need_days(grades: Mapping[str, Mapping[str, int]], days: Mapping[str, float | None]) -> None:
    ids = dict.fromkeys([*grades, *(c for related in grades.values() for c in related)])
    absent = [event_id for event_id in ids if event_id not in days]
    if absent:
        came = f"{len(absent)} events of the links have no entry: {some_of(absent)}"
        allowed = "a day number for every query and related event, None where it is undated"
        raise InputError(problem("days", came, allowed))


def _side(first: float, last: float, boundary: float, gap: int) -> str:
    if first >= boundary:
        return "test"
    return "tune" if last < boundary - gap else "left_out"


def _split(
    grades: dict[str, dict[str, int]],
    sides: Mapping[str, str],
    days: Mapping[str, float | None],
    end_of_tuning: float,
) -> Split:
    tune, test, left_out, cut = {}, {}, [], 0
    for query, related in grades.items():
        side = sides.get(query, "left_out")
        if side == "test":
            test[query] = related
        elif side == "tune":
            dated = {c: day_of(days, c) for c in related}
            known = {
                c: grade
                for c, grade in related.items()
                if (day := dated[c]) is not None and day < end_of_tuning
            }
            cut += len(related) - len(known)
            if any(known.values()):
                tune[query] = known
            else:
                left_out.append(query)
        else:
            left_out.append(query)
    counts = {
        "tune": len(tune),
        "test": len(test),
        "left_out": len(left_out),
        "tune_links_cut": cut,
    }
    return Split(tune, test, tuple(left_out), counts)
