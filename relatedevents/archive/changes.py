"""Changes of an archive's table: events that are added, replaced or removed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive.dates import is_missing
from relatedevents.errors import InputError


def with_events_added(
    table: pd.DataFrame, events: pd.DataFrame, on_existing: str
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Return an archive's table with new events, and the positions of those that were replaced.

    An event whose every column is as it was replaces nothing.

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
    check_choice("on_existing", on_existing, ["error", "replace"])
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
        replacing = len(table) + np.flatnonzero(known)
        other = ~_equal(joined.iloc[replaced], joined.iloc[replacing])
        take = np.arange(len(joined))
        take[replaced] = replacing
        stays = np.append(np.ones(len(table), dtype=np.bool_), ~known)
        joined = joined.iloc[take[stays]].reset_index(drop=True)
        replaced = replaced[other]
    joined.attrs = dict(table.attrs)
    return joined, replaced


def _equal(some: pd.DataFrame, others: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows of two tables of the same columns are equal in all of them."""
    equal = np.ones(len(some), dtype=np.bool_)
    for name in some.columns:
        cells = zip(some[name].tolist(), others[name].tolist(), strict=True)
        equal &= np.fromiter((_same(one, other) for one, other in cells), np.bool_, len(some))
    return equal


def _same(one: object, other: object) -> bool:
    """Return whether two cells surely hold the same; a missing value is as good as another."""
    if is_missing(one) or is_missing(other):
        return is_missing(one) and is_missing(other)
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(np.asarray(one), np.asarray(other))
    try:
        return bool(one == other)
    except (TypeError, ValueError):
        return False


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
