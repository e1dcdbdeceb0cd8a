"""The checked links of an evaluation, the last day of each query's list, and the clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive import UNDATED, Ids, check_events, day_of, days_of
from relatedevents.errors import InputError, UnknownIdError
from relatedevents.evaluation.tables import links_from_table
from relatedevents.readers import read_links

_STORY_COLUMNS = ("story", "stories")


@dataclass(frozen=True)
class Events:
    """The archive, with what an evaluation reads of it by id."""

    table: pd.DataFrame

    @classmethod
    def of(cls, archive: object) -> Events:
        """Check an archive as `fit` does."""
        return cls(check_events(archive, source="archive"))

    @cached_property
    def ids(self) -> Ids:
        """Ids and rows."""
        return Ids(self.table["id"])

    @cached_property
    def days(self) -> dict[str, float | None]:
        """The day number of every event, None where it is undated."""
        numbers = days_of(self.table["date"]).tolist()
        pairs = zip(self.table["id"], numbers, strict=True)
        return {id_: None if day == UNDATED else float(day) for id_, day in pairs}

    @cached_property
    def stories(self) -> dict[str, tuple[str, ...]] | None:
        """The stories of every event that has one; None if the archive has no such column."""
        column = next((name for name in _STORY_COLUMNS if name in self.table), None)
        if column is None:
            return None
        stories = {}
        for id_, value in zip(self.table["id"], self.table[column], strict=True):
            several = hasattr(value, "__iter__") and not isinstance(value, str)
            labels = list(value) if several else [value]
            known = tuple(str(one) for one in labels if isinstance(one, str) and one.strip())
            if known:
                stories[id_] = known
        return stories

    def check_known(self, ids: object, where: str) -> None:
        """Raise `UnknownIdError`, with the nearest known ids, if the archive lacks some."""
        self.ids.rows_of(dict.fromkeys(ids), where)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Truth:
    """Links, checked.

    Attributes
    ----------
    table : pandas.DataFrame
        What `read_links` gave, without the links left out.
    grades : dict of str to dict of str to int
        Every query's judged events; empty for a query that came without links.
    order : dict of str to list of str, or None
        The linked events, best first, where the links have ranks.
    counts : dict of str to int
        As in `LINK_COUNTS`.
    """

    table: pd.DataFrame
    grades: dict[str, dict[str, int]]
    order: dict[str, list[str]] | None
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def linked(self) -> dict[str, list[str]]:
        """The linked events of every query that has any, best first where an order is known."""
        linked = {}
        for query, grades in self.grades.items():
            rank = {c: i for i, c in enumerate((self.order or {}).get(query, ()))}
            ids = [c for c, grade in grades.items() if grade > 0]
            if ids:
                linked[query] = sorted(ids, key=lambda c: rank.get(c, len(rank)))
        return linked


def read_truth(links: object, events: Events | None, unknown: str = "error") -> Truth:
    """Read links, and check them against the archive.

    Parameters
    ----------
    links : object
        Whatever `read_links` takes.
    events : Events, optional
        The archive.
    unknown : {"error", "drop"}
        What to do with links from or to an event that the archive does not have.

    Returns
    -------
    Truth
        With the number of links dropped in its counts.
    """
    check_choice("unknown", unknown, ["error", "drop"])
    archive = None if events is None else events.table
    try:
        table = read_links(links, archive=archive)
    except UnknownIdError as error:
        if unknown == "error":
            message = f"{error} Or leave such links out with unknown='drop'."
            raise UnknownIdError(message) from error
        table = read_links(links)
    # What `read_links` could not put into rows is in the attributes of the frame it made.
    attributes = links.attrs if isinstance(links, pd.DataFrame) else table.attrs
    counts, lost = dict.fromkeys(("unknown_links", "unknown_queries"), 0), []
    if events is not None:
        known = [
            query in events.ids and related in events.ids
            for query, related in zip(table["id"], table["related_id"], strict=True)
        ]
        queries = set(table["id"])
        counts["unknown_links"] = len(table) - sum(known)
        counts["unknown_queries"] = sum(query not in events.ids for query in queries)
        table = table[known].reset_index(drop=True)
        if table.empty:
            came = f"the archive knows none of its {counts['unknown_links']} links"
            raise InputError(problem("links", came, "links between events of the archive"))
        lost = [query for query in queries - set(table["id"]) if query in events.ids]
    grades, order = links_from_table(table)
    without = [query for query in attributes.get("without_links", []) if query not in grades]
    # With no grade above 0, these count as queries without links: none is dropped in silence.
    grades |= {query: {} for query in [*without, *sorted(lost)]}
    if order is not None:
        order = {q: [c for c in ids if grades[q][c] > 0] for q, ids in order.items()}
    values = [grade for of_id in grades.values() for grade in of_id.values()]
    counts = {
        "queries": len(grades),
        "links": sum(grade > 0 for grade in values),
        "judged_unrelated": sum(grade == 0 for grade in values),
        "without_links": len(without) + len(lost),
        **counts,
        "unresolved": len(attributes.get("unresolved", [])),
    }
    return Truth(table, grades, order, counts)


LINK_COUNTS: dict[str, str] = {
    "queries": "Events that come with links or judgements.",
    "links": "Links in all.",
    "judged_unrelated": "Pairs that were judged and found unrelated (grade 0).",
    "without_links": "Queries that came with an empty list, or lost all of it to unknown events.",
    "unknown_links": "Links left out because the archive lacks one of the two events.",
    "unknown_queries": "Queries left out because the archive lacks them.",
    "unresolved": "Page paths that matched no event, whose links could not be read.",
    "queries_with_day": "Queries whose lists were cut at a day.",
    "queries_without_day": "Queries for which no such day is known: their lists were not cut.",
    "links_after_day": "Links to an event that is later than the query's day, or undated: no "
    "list cut at that day can hold it, so no list can reach a full score.",
}


def last_days(as_of: object, truth: Truth, events: Events | None) -> dict[str, float] | None:
    """Return the last day that each query's list may know, or None if lists are not cut.

    Parameters
    ----------
    as_of : object
        "links", "own", None, one date, or a mapping from id to date; as in `evaluate`.
    truth : Truth
        The links.
    events : Events, optional
        The archive, which has the events' days.

    Returns
    -------
    dict of str to float, or None
        Queries without a day are not in it.
    """
    days: dict[str, float]
    if as_of is None:
        return None
    if isinstance(as_of, str) and as_of == "links":
        if "as_of" not in truth.table or truth.table["as_of"].isna().all():
            return None
        first = truth.table.drop_duplicates("id")
        numbers = days_of(first["as_of"]).tolist()
        pairs = zip(first["id"], numbers, strict=True)
        days = {id_: float(day) for id_, day in pairs if day != UNDATED}
    elif isinstance(as_of, str) and as_of == "own":
        known = {} if events is None else events.days
        days = {query: day for query in truth.grades if (day := known.get(query)) is not None}
    elif isinstance(as_of, (Mapping, pd.Series)):
        absent = [query for query in truth.grades if query not in as_of]
        if absent:
            came = f"no date for {some_of(absent)}"
            raise InputError(problem("as_of", came, "a date for every query of the links"))
        given = {str(id_): date for id_, date in as_of.items()}
        days = {
            query: float(day_of(given[query], f"as_of[{shown(query)}]")) for query in truth.grades
        }
    else:
        days = dict.fromkeys(truth.grades, float(day_of(as_of, "as_of")))
    if events is None:
        came = "lists are to be cut at a day, and no archive tells the events' days"
        todo = "Pass archive=; or pass as_of=None to count every listed event."
        raise InputError(problem("archive", came, "the archive that the lists are about", todo))
    return days


def count_days(truth: Truth, days: Mapping[str, float] | None, events: Events) -> dict[str, int]:
    """Count the queries with and without a day, and the links that lie beyond it."""
    if days is None:
        return {}
    later = [
        (day := events.days[related]) is None or day > days[query]
        for query, ids in truth.linked.items()
        if query in days
        for related in ids
    ]
    n_days = {"queries_with_day": len(days), "queries_without_day": len(truth.grades) - len(days)}
    return n_days | {"links_after_day": sum(later)}


def clusters_of(
    clusters: object, queries: list[str], events: Events | None
) -> tuple[Mapping[str, object] | None, dict[str, int]]:
    """Return each query's independent group, and how many queries stand alone for want of one.

    Parameters
    ----------
    clusters : None, "story", "day" or mapping
        As in `evaluate`.
    queries : list of str
        The queries that are scored.
    events : Events, optional
        The archive.

    Returns
    -------
    clusters : mapping of str to object, or None
        Queries that share a story, also by way of a third one, have the same label.
    counts : dict of str to int
        `alone`: queries without a story or day, each its own group.
    """
    if clusters is None or isinstance(clusters, Mapping):
        return clusters, {}
    check_choice("clusters", clusters, ["story", "day"])
    if events is None:
        came = f"got {shown(clusters)} without an archive"
        todo = "Pass archive=, or a mapping from query to group."
        raise InputError(problem("clusters", came, "an archive that tells it", todo))
    if clusters == "day":
        days = {query: events.days.get(query) for query in queries}
        return _joined({query: () if day is None else (day,) for query, day in days.items()})
    if events.stories is None:
        came = "got 'story', and the archive has no column 'story' or 'stories'"
        todo = "Pass a mapping from query to story, or clusters='day'."
        raise InputError(problem("clusters", came, "an archive with stories", todo))
    return _joined({query: events.stories.get(query, ()) for query in queries})


def _joined(labels: Mapping[str, tuple[object, ...]]) -> tuple[dict[str, object], dict[str, int]]:
    """Join the queries that share a label into groups, named by one query of each."""
    from scipy.cluster.hierarchy import DisjointSet

    groups = DisjointSet(labels)
    first_with: dict[object, str] = {}
    for query, own in labels.items():
        for label in own:
            groups.merge(query, first_with.setdefault(label, query))
    alone = sum(not own for own in labels.values())
    return {query: groups[query] for query in labels}, {"alone": alone}
