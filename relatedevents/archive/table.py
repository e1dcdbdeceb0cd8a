"""The checked table of events: the validation of every archive."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Mapping
from typing import Any, cast

import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive.dates import ALLOWED_DATES, dates_of, read_days
from relatedevents.archive.ids import text_of_id
from relatedevents.archive.values import (
    SHOWN_ROWS,
    Faults,
    describe_rows,
    headline_of,
    read_prose,
    read_tags,
    read_texts,
)
from relatedevents.errors import DroppedRowsWarning, InputError, RelatedEventsWarning

REQUIRED = ("id", "headline")
OPTIONAL = ("date", "tags")
#: Columns that most archives lack; nothing is said where they do.
PROSE = ("summary", "text")
_USUAL_NAMES = {
    "id": {"key", "identifier", "uid", "uuid", "page", "path", "slug", "url"},
    "headline": {"title", "heading", "name", "text"},
    "date": {"day", "time", "timestamp", "datetime", "published", "publishedat", "created"},
    "tags": {"keywords", "topics", "labels", "subjects", "categories", "terms"},
}


def to_pandas(frame: object, source: str = "events") -> pd.DataFrame:
    """Return any eager or lazy data frame that narwhals knows as a pandas DataFrame.

    Raises
    ------
    InputError
        If `frame` is no data frame.

    Examples
    --------
    >>> import pyarrow as pa
    >>> to_pandas(pa.table({"id": ["a"]}))["id"].tolist()
    ['a']
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    import narwhals as nw

    try:
        known: Any = nw.from_native(frame)  # type: ignore[call-overload, unused-ignore]
    except TypeError:
        known = None
    if isinstance(known, nw.LazyFrame):
        known = known.collect()
    if not isinstance(known, nw.DataFrame):
        allowed = "a DataFrame (pandas, Polars, Arrow) or, where files are read, a path"
        raise InputError(problem(source, f"got {type(frame).__name__}", allowed))
    return known.to_pandas()


def check_frame(frame: object, name: str, source: str = "events") -> pd.DataFrame:
    """Return `check_events` of a data frame; a path is refused with what to do.

    Parameters
    ----------
    frame : pandas, Polars or Arrow data frame
        One row an event.
    name : str
        What the argument is called in the message about a path.
    source : str
        What to call the table in messages.
    """
    if isinstance(frame, (str, os.PathLike)):
        todo = "Read the file with read_events first."
        raise InputError(problem(name, f"got {shown(frame)}", "a DataFrame", todo))
    return check_events(frame, source=source)


def check_events(
    frame: object,
    *,
    columns: Mapping[str, str] | None = None,
    tag_separator: str | None = None,
    on_error: str = "raise",
    source: str = "events",
) -> pd.DataFrame:
    """Check a table of events and convert it to the form that everything else works on.

    Parameters
    ----------
    frame : pandas, Polars or Arrow data frame
        One row an event. `id` and `headline` are needed; `date` and `tags` may be missing,
        as columns (a warning says so) or in some rows.
    columns : mapping of str to str, optional
        This package's name of a column -> the name that `frame` has: {"headline": "title"}.
    tag_separator : str, optional
        Where tags that come as one text are split. Text that is a JSON list needs none.
    on_error : {"raise", "drop"}
        "drop" leaves out rows of which something can't be used and warns which.
        Doubled ids and mixed time zones stay errors, as no single row is at fault.
    source : str
        What to call the table in messages.

    Returns
    -------
    pandas.DataFrame
        RangeIndex; `id` (text), `date` (datetime64[s], whole days, NaT if undated), `headline`
        (text without blanks around it, never empty), `tags` (lists of text, each tag once),
        then all other columns as they came, but that `summary` and `text`, where there are
        such, hold text without blanks around it, or a missing value. `attrs` is kept.

    Raises
    ------
    InputError
        If anything can't be used. The message says which rows (counted from 0) and column,
        what came, what is allowed and what to do, for every kind of problem found.

    Warns
    -----
    DroppedRowsWarning
        With the rows left out, if `on_error="drop"`.
    RelatedEventsWarning
        If there is no column of dates or tags at all.

    Examples
    --------
    >>> table = check_events(pd.DataFrame({
    ...     "id": [1], "title": [" The Rio summit opens "], "date": ["1992-06-03"],
    ...     "tags": [("Rio de Janeiro", "Earth Summit")]}), columns={"headline": "title"})
    >>> table.loc[0, "headline"], table.loc[0, "tags"]
    ('The Rio summit opens', ['Rio de Janeiro', 'Earth Summit'])
    """
    check_choice("on_error", on_error, ["raise", "drop"])
    if tag_separator is not None and (not isinstance(tag_separator, str) or not tag_separator):
        raise InputError(problem("tag_separator", f"got {shown(tag_separator)}", "non-empty text"))
    given = _renamed(to_pandas(frame, source), columns or {}, source)
    _require_columns(given, source)
    if len(given) == 0:
        todo = "Check that the source is the one you meant."
        raise InputError(problem(source, "an empty archive, no rows", "one event or more", todo))

    ids, id_faults = read_texts(given["id"], text_of_id)
    headlines, headline_faults = read_texts(given["headline"], headline_of)
    tags, tag_faults = read_tags(given, tag_separator)
    days = read_days(given["date"] if "date" in given else pd.Series([None] * len(given)))

    prose = {name: read_prose(given[name]) for name in PROSE if name in given}

    faults = {
        "id": id_faults,
        "date": dict(days.unreadable),
        "headline": headline_faults,
        "tags": tag_faults,
        **{name: found for name, (_, found) in prose.items()},
    }
    keep = _without_faults(faults, ids, on_error, source)
    whole_table_problems = [
        *_doubled(ids, keep, source),
        *_mixed_zones(days.zones, source),
    ]
    if whole_table_problems:
        raise InputError(" Also: ".join(whole_table_problems))

    checked = pd.DataFrame(
        {
            "id": [ids[row] for row in keep],
            "date": dates_of(days.days[keep]),
            "headline": [headlines[row] for row in keep],
        }
    )
    checked["tags"] = pd.Series([tags[row] for row in keep], dtype=object)
    texts = {name: found for name, (found, _) in prose.items()}
    checked = pd.concat([checked, _others(given, texts, keep)], axis=1)
    checked.attrs = dict(given.attrs)
    return checked


def _others(
    given: pd.DataFrame, texts: Mapping[str, list[str | None]], keep: list[int]
) -> pd.DataFrame:
    """Return the columns that most archives lack, of the rows to keep."""
    others = given.drop(columns=[c for c in (*REQUIRED, *OPTIONAL) if c in given])
    for name, column in texts.items():
        others[name] = pd.Series(column, index=others.index)
    if len(keep) < len(given):
        others = others.iloc[keep]
    return others.reset_index(drop=True)


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str], source: str) -> pd.DataFrame:
    """Rename the columns to this package's names; an index named like the id becomes a column."""
    if not isinstance(cast("object", columns), Mapping):
        allowed = 'a mapping such as {"headline": "title"}'
        raise InputError(problem("columns", f"got {shown(columns)}", allowed))
    if frame.index.name is not None and frame.index.name == columns.get("id", "id"):
        frame = frame.reset_index()
    names = list(frame.columns)
    doubled = sorted({str(name) for name in names if names.count(name) > 1})
    if doubled:
        came = f"several columns of one name: {some_of(doubled)}"
        raise InputError(problem(source, came, "each name once", "Rename or drop the others."))
    theirs = list(columns.values())
    for ours, name in columns.items():
        if name not in names:
            todo = "columns= maps this package's name to yours."
            if ours in names:
                todo = f"Turn it round: columns={{{name!r}: {ours!r}}}."
            came = f"{ours!r} is mapped to {name!r}, which {source} does not have"
            raise InputError(problem("columns", came, f"one of {some_of(names, 20)}", todo))
        if theirs.count(name) > 1:
            mapped = [key for key, value in columns.items() if value == name]
            came = f"{some_of(mapped)} are all mapped to {name!r}"
            todo = "Copy the column if it serves twice."
            raise InputError(problem("columns", came, "each column once", todo))
        if ours != name and ours in names and ours not in theirs:
            came = f"{ours!r} is mapped to {name!r}, but {source} has a column {ours!r} too"
            todo = f"Rename or drop {ours!r} first."
            raise InputError(problem("columns", came, "one column for each name", todo))
    return frame.rename(columns={name: ours for ours, name in columns.items()})


def _near_names(wanted: str, names: list[str]) -> list[str]:
    """Return the columns whose names resemble `wanted` or are usual for it."""
    keys = {name: "".join(filter(str.isalnum, name.casefold())) for name in names}
    alike = difflib.get_close_matches(wanted, keys.values(), cutoff=0.75)
    usual = _USUAL_NAMES[wanted]
    return [name for name, key in keys.items() if key in alike or key in usual]


def _require_columns(frame: pd.DataFrame, source: str) -> None:
    """Raise if a required column is missing, warn if an optional one is."""
    names = [name for name in frame.columns if isinstance(name, str)]
    free = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        nearest = {name: near for name in missing if (near := _near_names(name, free))}
        hints = ", ".join(f"{name!r}: {near[0]!r}" for name, near in nearest.items())
        example = hints or f'{missing[0]!r}: "your name for it"'
        came = f"no column {' and no column '.join(map(repr, missing))}; it has "
        came += some_of(list(frame.columns), 20) if len(frame.columns) else "no columns"
        todo = f"Tell how yours are called: columns={{{example}}}."
        allowed = "a table with the columns id and headline, and better also date and tags"
        raise InputError(problem(source, came, allowed, todo))
    for name in OPTIONAL:
        if name not in names:
            near = _near_names(name, free)
            hint = f" If {near[0]!r} is it: columns={{{name!r}: {near[0]!r}}}." if near else ""
            message = f"{source}: no column {name!r}: its events have no {name}.{hint}"
            warnings.warn(message, RelatedEventsWarning, stacklevel=3)


_ALLOWED = {
    "id": ("non-empty text or a whole number", "Give every event an id of its own."),
    "date": (ALLOWED_DATES, "Convert the column, or leave the cell empty if no day is known."),
    "headline": ("non-empty text", "Fill it in."),
    "tags": (
        "a list of texts, a JSON list, or one text with a tag_separator",
        "Name the separator, such as tag_separator=';', or give lists.",
    ),
    **dict.fromkeys(PROSE, ("text, or nothing", "Leave the cell empty if there is none.")),
}


def _without_faults(
    faults: dict[str, Faults], ids: list[str], on_error: str, source: str
) -> list[int]:
    """Return the rows to keep; raise or warn about the others, as `on_error` says."""
    problems = []
    for column, rows in faults.items():
        if rows:
            allowed, todo = _ALLOWED[column]
            count = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
            came = f"{count} can't be used: {describe_rows(rows, ids)}"
            todo += ' Or leave such rows out with on_error="drop".' if on_error == "raise" else ""
            problems.append(problem(f"{source}, column {column!r}", came, allowed, todo))
    if problems and on_error == "raise":
        raise InputError(" Also: ".join(problems))
    bad = set().union(*faults.values())
    keep = [row for row in range(len(ids)) if row not in bad]
    if not keep:
        raise InputError(" Also: ".join(["every row would be dropped", *problems]))
    if bad:
        message = f"{len(bad)} of {len(ids)} rows are dropped. {' Also: '.join(problems)}"
        warnings.warn(message, DroppedRowsWarning, stacklevel=3)
    return keep


def _doubled(ids: list[str], keep: list[int], source: str) -> list[str]:
    """Return the problem of ids that stand in more than one row, if there are any."""
    rows_of: dict[str, list[int]] = {}
    for row in keep:
        rows_of.setdefault(ids[row], []).append(row)
    doubled = {id_: rows for id_, rows in rows_of.items() if len(rows) > 1}
    if not doubled:
        return []
    descriptions = [
        f"{shown(id_)} in rows {', '.join(map(str, rows[:SHOWN_ROWS]))}"
        + (f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else "")
        for id_, rows in list(doubled.items())[:SHOWN_ROWS]
    ]
    more = f" and {len(doubled) - SHOWN_ROWS} more ids" if len(doubled) > SHOWN_ROWS else ""
    came = f"{len(doubled)} id{'s' * (len(doubled) > 1)} doubled: {'; '.join(descriptions)}{more}"
    todo = "Drop or rename the others."
    return [problem(f"{source}, column 'id'", came, "each id once", todo)]


def _mixed_zones(zones: Mapping[str, int], source: str) -> list[str]:
    """Return the problem of several time zones, whose days can't be compared, if there are any."""
    if len(zones) < 2:
        return []
    counted = ", ".join(f"{zone} ({count} rows)" for zone, count in list(zones.items())[:8])
    came = f"{len(zones)} time zones mixed: {counted}"
    todo = "Convert all to one zone, or give days without a time."
    return [problem(f"{source}, column 'date'", came, "times of one zone, or days", todo)]
