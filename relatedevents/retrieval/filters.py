"""Filters: what a user says of which events may be listed, turned into arrays.

Everything here is data: a comparison names a column and a value, and no text is ever evaluated.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, shown, some_of
from relatedevents.archive import UNDATED, Ids, dates_of, day_of, is_missing
from relatedevents.errors import InputError
from relatedevents.features.tags import tag_key

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPERATORS = [*_COMPARISONS, "in", "not in"]
_WHERE_FORMS = (
    "a mask with one True or False an event, {column: value}, {column: [values]}, "
    "{column: (operator, value)} or {column: [(operator, value), ...]}"
)

_LISTS = (list, tuple, np.ndarray)

#: No later day than this one: every dated event passes.
ANY_DAY = UNDATED - 1


@dataclass(frozen=True)
class Choice:
    """Ids that a user named for every list, or for some queries.

    Attributes
    ----------
    everywhere : numpy.ndarray of int64
        Rows named for every list, in the user's order.
    by_row : dict
        {query's row: rows named for it}.
    """

    everywhere: npt.NDArray[np.int64]
    by_row: dict[int, npt.NDArray[np.int64]]

    def of(self, row: int) -> npt.NDArray[np.int64]:
        """Return the rows named for the query at `row`, without that row itself."""
        named = self.by_row.get(row, self.everywhere)
        return np.asarray(named[named != row])

    def same_as(self, other: Choice) -> bool:
        """Return whether the same rows are named for the same lists, in the same order."""
        ours, theirs = ({-1: c.everywhere, **c.by_row} for c in (self, other))
        equal = (np.array_equal(ours[row], theirs[row]) for row in ours.keys() & theirs.keys())
        return ours.keys() == theirs.keys() and all(equal)

    @property
    def most(self) -> int:
        """How many ids are named for one list at most."""
        return max([len(self.everywhere), *map(len, self.by_row.values())])


def read_choice(name: str, choice: object, ids: Ids) -> Choice:
    """Turn `exclude` or `pins` into rows.

    Parameters
    ----------
    name : str
        The argument's name.
    choice : None, list of ids, or mapping {id: list of ids}
        For every list, or for the lists of some queries.
    ids : Ids
        The archive's.

    Raises
    ------
    InputError
        If an id is unknown or named twice, or the form is another one.

    Examples
    --------
    >>> read_choice("pins", ["b"], Ids(["a", "b"])).of(0).tolist()
    [1]
    """
    nobody = np.zeros(0, dtype=np.int64)
    if choice is None:
        return Choice(nobody, {})
    if isinstance(choice, Mapping):
        queries = ids.rows_of(choice.keys(), name)
        lists = [_rows_once(f"{name}[{shown(id_)}]", some, ids) for id_, some in choice.items()]
        return Choice(nobody, dict(zip(queries.tolist(), lists, strict=True)))
    return Choice(_rows_once(name, choice, ids), {})


def _rows_once(name: str, some: object, ids: Ids) -> npt.NDArray[np.int64]:
    if isinstance(some, (str, bytes)) or not isinstance(some, Iterable):
        raise InputError(
            problem(
                name, f"got {shown(some)}", "a list of ids, or a mapping from id to such a list"
            )
        )
    if name.startswith("pins") and isinstance(some, (set, frozenset)):
        raise InputError(problem(name, f"got the set {shown(some)}", "a list, in the order wanted"))
    given = list(some)
    rows = ids.rows_of(given, name)
    if len(set(rows.tolist())) < len(rows):
        twice = [
            id_ for id_ in dict.fromkeys(map(str, given)) if list(map(str, given)).count(id_) > 1
        ]
        raise InputError(problem(name, f"{some_of(twice)} named twice", "each id once"))
    return rows


def check_pins(pins: Choice, exclude: Choice, ids: Ids) -> None:
    """Raise `InputError` if an id is pinned and excluded for the same list."""
    for row in {*pins.by_row, *exclude.by_row, -1}:
        both = np.intersect1d(pins.of(row), exclude.of(row))
        if len(both):
            raise InputError(
                problem(
                    "pins",
                    f"{some_of([ids[one] for one in both])} also stands in exclude",
                    "ids that are not excluded",
                    "Take it out of one of the two.",
                )
            )


def read_as_of(
    as_of: object, query_ids: Sequence[str], query_days: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64] | None:
    """Return the latest day that each query's candidates may have, or None for no limit.

    Parameters
    ----------
    as_of : None, date, mapping {id: date} or "own"
        ``"own"`` is each query's own day; an undated query then sees every dated event.
    query_ids : sequence of str
        The queries.
    query_days : numpy.ndarray of int32, shape (n_queries,)
        Their days, `UNDATED` for none.

    Raises
    ------
    InputError
        If a date can't be read, or a mapping leaves a query out.

    Examples
    --------
    >>> read_as_of("own", ["a"], np.array([3], dtype=np.int32)).tolist()
    [3]
    """
    if as_of is None:
        return None
    if isinstance(as_of, str) and as_of == "own":
        return np.where(query_days == UNDATED, ANY_DAY, query_days).astype(np.int64)
    if isinstance(as_of, (Mapping, pd.Series)):
        by_id = {str(id_): value for id_, value in as_of.items()}
        missing = [id_ for id_ in query_ids if id_ not in by_id]
        if missing:
            raise InputError(
                problem("as_of", f"no date for {some_of(missing)}", "a date for every query")
            )
        return np.array(
            [day_of(by_id[id_], f"as_of[{shown(id_)}]") for id_ in query_ids], dtype=np.int64
        )
    try:
        day = day_of(as_of, "as_of")
    except InputError as error:
        message = f"{error} 'own' is each event's own day, and a mapping {{id: date}} works too."
        raise InputError(message) from None
    return np.full(len(query_ids), day, dtype=np.int64)


def read_where(where: object, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which events of the table a user's condition lets through.

    Parameters
    ----------
    where : None, mask, or mapping
        One True or False an event; or comparisons on columns, all of which must hold:
        ``{"category": "Sport"}``, ``{"tags": ["Mali", "Niger"]}`` (one of them),
        ``{"date": (">=", "2012-01-01")}``, or several such pairs in a list, which must all hold.
        A value is looked for inside a column of lists; tags are compared by their key.
    table : pandas.DataFrame
        The archive.

    Raises
    ------
    InputError
        If the mask has another length or type, or a comparison names an unknown column or
        operator, or a value that can't be compared with the column.

    Examples
    --------
    >>> table = pd.DataFrame({"category": ["Sport", "Law"], "tags": [["FIFA"], []]})
    >>> read_where({"category": "Sport"}, table).tolist()
    [True, False]
    >>> read_where({"tags": "fifa"}, table).tolist()
    [True, False]
    """
    if where is None:
        return np.ones(len(table), dtype=np.bool_)
    if isinstance(where, Mapping):
        mask = np.ones(len(table), dtype=np.bool_)
        for column, condition in where.items():
            mask &= _compare(column, condition, table)
        return mask
    if isinstance(where, (str, bytes)):
        raise InputError(
            problem("where", f"got the text {shown(where)}", _WHERE_FORMS, "No text is evaluated.")
        )
    values = np.asarray(where)
    if values.dtype != np.bool_ or values.shape != (len(table),):
        came = f"got {values.dtype} of shape {values.shape} for {len(table)} events"
        raise InputError(problem("where", came, _WHERE_FORMS))
    return values.copy()


def _compare(column: object, condition: object, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    where = f"where[{shown(column)}]"
    if column not in table.columns:
        allowed = "one of the columns " + ", ".join(map(repr, table.columns))
        raise InputError(problem(where, "the archive has no such column", allowed))
    if isinstance(condition, list) and condition and all(isinstance(c, tuple) for c in condition):
        holds = [_compare(column, one, table) for one in condition]
        return np.asarray(np.logical_and.reduce(holds))
    sign: object = "=="
    value = condition
    if isinstance(condition, tuple):
        if len(condition) != 2 or condition[0] not in _OPERATORS:
            allowed = "(operator, value) with an operator of " + ", ".join(_OPERATORS)
            raise InputError(problem(where, f"got {shown(condition)}", allowed))
        sign, value = condition
    elif isinstance(condition, Iterable) and not isinstance(condition, (str, bytes)):
        sign = "in"
    if sign in ("in", "not in"):
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise InputError(problem(where, f"got {shown(value)}", "a list of values"))
        mask = np.zeros(len(table), dtype=np.bool_)
        for one in value:
            mask |= _compare_one(where, str(column), "==", one, table)
        return ~mask if sign == "not in" else mask
    return _compare_one(where, str(column), str(sign), value, table)


def _compare_one(
    where: str, column: str, sign: str, value: object, table: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    cells = table[column]
    single = isinstance(value, (str, bytes)) or not isinstance(value, Iterable)
    if not single or is_missing(value):
        # pandas would compare row by row, or find nothing without a word.
        raise InputError(problem(where, f"got {sign} {shown(value)}", "one value, not missing"))
    if cells.dtype == object and any(isinstance(cell, _LISTS) for cell in cells):
        if sign not in ("==", "!=") or not isinstance(value, str):
            allowed = "a text to look for in its lists, with == or !="
            raise InputError(problem(where, f"got {sign} {shown(value)}", allowed))
        key = cache(tag_key) if column == "tags" else str
        wanted = key(value)
        found = np.array(
            [isinstance(cell, _LISTS) and wanted in map(key, cell) for cell in cells],
            dtype=np.bool_,
        )
        return ~found if sign == "!=" else found
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        day = day_of(value, where)
        value = dates_of(np.array([day], dtype=np.int32))[0]
    try:
        result = _COMPARISONS[sign](cells, value)
    except TypeError as error:
        allowed = f"a value that can be compared with a column of {cells.dtype}"
        raise InputError(problem(where, f"got {sign} {shown(value)}", allowed)) from error
    mask = pd.Series(result).fillna(False).to_numpy(dtype=np.bool_)
    if sign == "!=":
        return np.asarray(mask, dtype=np.bool_)
    # A missing cell satisfies no comparison.
    return np.asarray(mask & cells.notna().to_numpy(), dtype=np.bool_)
