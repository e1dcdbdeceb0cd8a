"""Changes of an archive's table: events that are added, replaced or removed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, shown, some_of
from relatedevents.errors import InputError


def with_events_added(
    table: pd.DataFrame, events: pd.DataFrame, on_existing: str
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return an archive's table with new events, and the positions of those that were replaced.

    Parameters
    ----------
    table, events : pandas.DataFrame
        As `check_events` returns them.
    on_existing : {"error", "replace"}
        What to do with ids that the table has.

    Raises
    ------
    InputError
        If an id is there already, or a column holds values of another kind than the table's.
    """
    # Looked for in the table: the archive's ids by row take longer to set up than to go through.
    there = np.flatnonzero(table["id"].isin(events["id"]))
    position_of = dict(zip(table["id"].iloc[there].tolist(), there.tolist(), strict=True))
    known = np.array([id_ in position_of for id_ in events["id"]], dtype=np.bool_)
    existing = events["id"][known].tolist()
    if existing and on_existing == "error":
        many = "1 id is" if len(existing) == 1 else f"{len(existing)} ids are"
        came = f"{many} in the archive already: {some_of(existing)}"
        todo = 'Leave them out, or pass on_existing="replace".'
        raise InputError(problem("new_events, column 'id'", came, "ids that are new", todo))
    _check_kinds(table, events)
    replaced = np.array([position_of[id_] for id_ in existing], dtype=np.int64)
    joined = pd.concat([table, events], ignore_index=True)
    if existing:
        take = np.arange(len(joined))
        take[replaced] = len(table) + np.flatnonzero(known)
        stays = np.append(np.ones(len(table), dtype=np.bool_), ~known)
        joined = joined.iloc[take[stays]].reset_index(drop=True)
    joined.attrs = dict(table.attrs)
    return joined, replaced


def _check_kinds(table: pd.DataFrame, events: pd.DataFrame) -> None:
    for name in events.columns.intersection(table.columns):
        came = _kind(events[name])
        before = _kind(table[name]) if came else None
        if before and before != came:
            where = f"new_events, column {shown(name)}"
            todo = "Convert the column, or leave it out."
            raise InputError(problem(where, f"holds {came}", f"{before}, as in the archive", todo))


def _kind(column: pd.Series) -> str | None:
    """Return what kind of values a column holds; None if they are none, or of several kinds."""
    if column.isna().all():
        return None
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return "numbers"
    return {"string": "text", "boolean": "true or false"}.get(
        kind, "dates" if kind.startswith("date") else None
    )
