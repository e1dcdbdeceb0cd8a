"""Lists as people read them: headlines, dates and shared tags in place of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from relatedevents.features.tags import tag_key
from relatedevents.report.blocks import Entry, SideBySide
from relatedevents.report.truth import Events

if TYPE_CHECKING:
    from relatedevents.report.measured import Measured

_MOST_MISSED = 5


class EntryBuilder:
    """Makes entries of ids, with an archive or without one."""

    def __init__(self, events: Events | None, ids: set[str]) -> None:
        self._rows: dict[str, tuple[str, str, list[str]]] = {}
        if events is not None:
            known = sorted(ids)
            table = events.table.iloc[events.ids.rows_of(known)]
            for id_, date, headline, tags in zip(
                known, table["date"], table["headline"], table["tags"], strict=True
            ):
                day = "undated" if pd.isna(date) else str(date)[:10]
                self._rows[id_] = (str(headline), day, list(tags))

    def event(self, id_: str) -> Entry:
        """Return an event by itself."""
        headline, date, _ = self._rows.get(id_, (id_, "", []))
        return Entry(headline, date)

    def listed(self, query: str, id_: str, grade: int | None) -> Entry:
        """Return an event as it stands in a query's list."""
        headline, date, tags = self._rows.get(id_, (id_, "", []))
        own = {tag_key(tag) for tag in self._rows.get(query, ("", "", []))[2]}
        shared = tuple(tag for tag in tags if tag_key(tag) in own)
        verdict = "unjudged" if grade is None else "linked" if grade else "unrelated"
        return Entry(headline, date, shared, verdict)


def side_by_sides(
    result: Measured, run_a: str, run_b: str, metric: str, n: int
) -> list[SideBySide]:
    """Return the queries that gained and lost most from run_a to run_b.

    Parameters
    ----------
    result : Measured
        The result of `evaluate`.
    run_a, run_b, metric, n
        As in `Measured.most_changed`.

    Returns
    -------
    list of SideBySide
        Gains first, the largest first.
    """
    rows = result.most_changed(run_a, run_b, metric, n).to_dict("records")
    shown = {c for row in rows for key in ("list_a", "list_b", "related") for c in row[key]}
    entries = EntryBuilder(result.events, shown | {str(row["query"]) for row in rows})
    blocks = []
    for row in rows:
        query = str(row["query"])
        grades = result.truth.grades[query]
        lists = [
            [entries.listed(query, id_, grades.get(id_)) for id_ in row[key]]
            for key in ("list_a", "list_b")
        ]
        listed = {*row["list_a"], *row["list_b"]}
        missed = [id_ for id_ in row["related"] if id_ not in listed]
        summary = (
            f"{row['change']} {abs(row['difference']):.3f} in {metric}: "
            f"{row['value_a']:.3f} to {row['value_b']:.3f}; {len(row['related'])} linked, "
            f"{len(missed)} of them in neither list"
        )
        blocks.append(
            SideBySide(
                entries.event(query),
                summary,
                (run_a, run_b),
                (lists[0], lists[1]),
                tuple(entries.listed(query, id_, grades[id_]) for id_ in missed[:_MOST_MISSED]),
            )
        )
    return blocks
