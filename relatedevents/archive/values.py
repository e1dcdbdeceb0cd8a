"""Cells of the events table: ids, headlines, texts and tags, one value at a time."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd

from relatedevents._util.checks import shown
from relatedevents.archive.dates import is_missing
from relatedevents.errors import InputError

SHOWN_ROWS = 5
Faults = dict[int, str]
"""Row number -> description of the unusable value in it."""


def read_texts(column: pd.Series, read: Callable[[object], str | None]) -> tuple[list[str], Faults]:
    """Read every value of a column; a fault is one read as None or not encodable as UTF-8."""
    values = column.tolist()
    texts = [read(value) for value in values]
    faults = {row: shown(values[row]) for row, text in enumerate(texts) if not _is_utf8(text)}
    return [text or "" for text in texts], faults


def _is_utf8(text: str | None) -> bool:
    """Return whether a text is given and UTF-8 can encode it (no lone surrogate)."""
    if text is None:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def headline_of(value: object) -> str | None:
    """Return a headline without blanks around it, or None if there is none."""
    return (str(value).strip() or None) if isinstance(value, str) else None


def read_prose(column: pd.Series) -> tuple[list[str | None], Faults]:
    """Read every summary or text of a column; a missing or blank one is None."""
    values = [None if is_missing(value) else value for value in column.tolist()]
    faults = {
        row: f"{shown(value)} ({type(value).__name__})"
        for row, value in enumerate(values)
        if value is not None and not (isinstance(value, str) and _is_utf8(value))
    }
    return [headline_of(value) for value in values], faults


def read_tags(frame: pd.DataFrame, separator: str | None) -> tuple[list[list[str]], Faults]:
    """Read the tags of every row."""
    if "tags" not in frame:
        return [[] for _ in range(len(frame))], {}
    tags: list[list[str]] = []
    faults: Faults = {}
    for row, value in enumerate(frame["tags"].tolist()):
        try:
            tags.append(tags_of(value, separator))
        except InputError as error:
            faults[row] = str(error)
            tags.append([])
    return tags, faults


def tags_of(value: object, separator: str | None) -> list[str]:
    """Return one cell's tags: stripped, none empty, each once, in their order."""
    if isinstance(value, str):
        value = _split(value, separator)
    elif isinstance(value, (set, frozenset)):
        value = sorted(value, key=str)
    elif isinstance(value, np.ndarray) or hasattr(value, "to_pylist"):
        value = value.tolist() if isinstance(value, np.ndarray) else value.to_pylist()
    elif is_missing(value):
        return []
    if not isinstance(value, (list, tuple)):
        message = f"{shown(value)} ({type(value).__name__})"
        raise InputError(message)
    for tag in value:
        if not isinstance(tag, str) or not _is_utf8(tag):
            message = f"{shown(tag)} ({type(tag).__name__}) among the tags {shown(value)}"
            raise InputError(message)
    return list(dict.fromkeys(text for tag in value if (text := str(tag).strip())))


def _split(text: str, separator: str | None) -> object:
    """Return the tags of one text: a JSON list, or split at the separator."""
    stripped = text.strip()
    if not stripped:
        return []
    if stripped.startswith("[") and stripped.endswith("]"):
        try:
            return json.loads(stripped)
        except ValueError:
            pass
    if separator is None:
        likely = next((mark for mark in ";|," if mark in text), "")
        hint = f", perhaps tag_separator={likely!r}" if likely else ""
        message = f"the one text {shown(text)} and no tag_separator{hint}"
        raise InputError(message)
    return stripped.split(separator)


def describe_rows(rows: Faults, ids: list[str]) -> str:
    """Describe the first few faulty rows: number, id, value."""
    descriptions = [
        f"row {row}" + (f" (id {shown(ids[row])})" if ids[row] else "") + f": {came}"
        for row, came in list(rows.items())[:SHOWN_ROWS]
    ]
    more = len(rows) - SHOWN_ROWS
    return ", ".join(descriptions) + (f" and {more} more" if more > 0 else "")
