"""The checked table of links: the validation of every link set."""

from __future__ import annotations

import numbers
from collections.abc import Callable

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown, some_of
from relatedevents.archive.dates import ALLOWED_DATES, dates_of, read_days
from relatedevents.archive.ids import text_of_id
from relatedevents.archive.values import SHOWN_ROWS, Faults, describe_rows, read_texts, tags_of
from relatedevents.errors import InputError

KNOWN = ("id", "related_id", "rank", "grade", "as_of", "shared_tags")
_ALLOWED_TAGS = "a list of texts, or a JSON list"


def check_links(frame: pd.DataFrame, without: list[str], source: str = "links") -> pd.DataFrame:
    """Check a table of links and convert it to the one form that everything else works on.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a link; `id` and `related_id` are needed.
    without : list of str
        Ids that came with an empty list, for the message if there is no link at all.
    source : str
        What to call the table in messages.

    Returns
    -------
    pandas.DataFrame
        RangeIndex; `id`, `related_id`, then those of `rank` (int64), `grade` (int64 or
        float64), `as_of` (datetime64[s]) and `shared_tags` (lists of text) that `frame` has,
        then all other columns.

    Raises
    ------
    InputError
        Naming the rows (counted from 0) and columns of every problem found.

    Examples
    --------
    >>> check_links(pd.DataFrame({"id": ["a"], "related_id": ["b"], "rank": [1.0]}), [])
      id related_id  rank
    0  a          b     1
    """
    _require_columns(frame, source)
    if len(frame) == 0:
        came = f"no link; {len(without)} ids come with an empty list" if without else "no link"
        raise InputError(problem(source, came, "one link or more"))
    ids, id_faults = read_texts(frame["id"], text_of_id)
    related, related_faults = read_texts(frame["related_id"], text_of_id)
    problems = [
        *_column_problems("id", "non-empty text or a whole number", id_faults, ids, source),
        *_column_problems(
            "related_id", "non-empty text or a whole number", related_faults, ids, source
        ),
    ]
    columns: dict[str, object] = {"id": ids, "related_id": related}
    for name, read in _COLUMNS.items():
        if name in frame:
            columns[name], faults, allowed = read(frame[name])
            problems += _column_problems(name, allowed, faults, ids, source)
    if not problems:
        problems = _problems_between_rows(columns, source)
    if problems:
        raise InputError(" Also: ".join(problems))
    others = frame.drop(columns=[name for name in KNOWN if name in frame])
    return pd.concat([pd.DataFrame(columns), others.reset_index(drop=True)], axis=1)


def _require_columns(frame: pd.DataFrame, source: str) -> None:
    names = list(frame.columns)
    missing = [name for name in ("id", "related_id") if name not in names]
    if missing:
        came = f"no column {' and no column '.join(map(repr, missing))}; it has "
        came += some_of(names, 20) if names else "no columns"
        allowed = f"the columns id and related_id, and where known {', '.join(KNOWN[2:])}"
        raise InputError(problem(source, came, allowed, "Rename yours."))
    doubled = sorted({str(name) for name in names if names.count(name) > 1})
    if doubled:
        came = f"several columns of one name: {some_of(doubled)}"
        raise InputError(problem(source, came, "each name once"))


def _column_problems(
    name: str, allowed: str, faults: Faults, ids: list[str], source: str
) -> list[str]:
    if not faults:
        return []
    count = "1 row" if len(faults) == 1 else f"{len(faults)} rows"
    came = f"{count} can't be used: {describe_rows(faults, ids)}"
    return [problem(f"{source}, column {name!r}", came, allowed)]


_Read = tuple[object, Faults, str]


def _read_ranks(column: pd.Series) -> _Read:
    values = column.tolist()
    faults = {
        row: shown(value)
        for row, value in enumerate(values)
        if not _is_number(value) or value < 1 or value != int(value)
    }
    ranks = [0 if row in faults else int(value) for row, value in enumerate(values)]
    return np.array(ranks, dtype=np.int64), faults, "a whole number of 1 or more"


def _read_grades(column: pd.Series) -> _Read:
    values = column.tolist()
    faults = {row: shown(value) for row, value in enumerate(values) if not _is_number(value)}
    grades = [0 if row in faults else value for row, value in enumerate(values)]
    all_whole = all(isinstance(grade, numbers.Integral) for grade in grades)
    kind = np.int64 if all_whole else np.float64
    return np.array([kind(grade) for grade in grades], dtype=kind), faults, "a finite number"


def _is_number(value: object) -> bool:
    number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    return number and bool(np.isfinite(float(value)))  # type: ignore[arg-type]


def _read_as_of(column: pd.Series) -> _Read:
    read = read_days(column)
    return dates_of(read.days), dict(read.unreadable), ALLOWED_DATES


def _read_shared_tags(column: pd.Series) -> _Read:
    tags: list[list[str]] = []
    faults: Faults = {}
    for row, value in enumerate(column.tolist()):
        try:
            tags.append(tags_of(value, None))
        except InputError as error:
            faults[row] = str(error)
            tags.append([])
    return pd.Series(tags, dtype=object), faults, _ALLOWED_TAGS


_COLUMNS: dict[str, Callable[[pd.Series], _Read]] = {
    "rank": _read_ranks,
    "grade": _read_grades,
    "as_of": _read_as_of,
    "shared_tags": _read_shared_tags,
}


def _problems_between_rows(columns: dict[str, object], source: str) -> list[str]:
    """Return the problems of self links, doubled pairs or ranks, and ids with several `as_of`."""
    frame = pd.DataFrame({name: columns[name] for name in KNOWN[:5] if name in columns})
    problems = []
    own = frame.index[frame["id"] == frame["related_id"]]
    if len(own):
        came = f"{len(own)} events linked to themselves: {_rows(frame, own, 'id')}"
        problems.append(problem(source, came, "links to other events", "Leave these rows out."))
    for column, what in (("related_id", "pairs"), ("rank", "ranks")):
        if column in frame:
            again = frame.index[frame.duplicated(["id", column])]
            if len(again):
                came = f"{len(again)} doubled {what}: {_rows(frame, again, 'id', column)}"
                allowed = f"each {column} once for an id"
                problems.append(problem(source, came, allowed, "Leave one of each."))
    if "as_of" in frame:
        days_of_id = frame.groupby("id", sort=False)["as_of"].nunique(dropna=False)
        several = days_of_id.index[days_of_id > 1].tolist()
        if several:
            came = f"{len(several)} ids with several days: {some_of(several)}"
            problems.append(problem(f"{source}, column 'as_of'", came, "one day for each id"))
    return problems


def _rows(frame: pd.DataFrame, rows: pd.Index, *names: str) -> str:
    """Describe the first few rows: number and the values of these columns."""
    descriptions = [
        f"row {row} ({', '.join(f'{name} {shown(frame[name].tolist()[row])}' for name in names)})"
        for row in rows[:SHOWN_ROWS]
    ]
    more = len(rows) - SHOWN_ROWS
    return ", ".join(descriptions) + (f" and {more} more" if more > 0 else "")
