"""Lists of related ids, in every form in which they come, as raw rows: one a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown, some_of
from relatedevents.archive import to_pandas
from relatedevents.errors import InputError
from relatedevents.readers.formats import existing_path, format_of, read_file
from relatedevents.readers.tables import json_objects

# A table's attribute that names the ids whose lists are empty, which no row can show.
EMPTY_LISTS = {"links": "without_links", "lists": "without_related"}
_LINK_DETAILS = ("grade", "shared_tags", "as_of")


class ListRows(NamedTuple):
    """Raw rows, the ids that came with an empty list, and what messages call the source."""

    frame: pd.DataFrame
    without: list[str]
    name: str


def read_rows(
    source: object, holds: str, format_: str | None, *, name: str, value: str
) -> ListRows:
    """Return the rows of a frame, a mapping, or a file of rows or of lists.

    Parameters
    ----------
    source : data frame, mapping, or path
        See `read_links` and `read_run`.
    holds : {"links", "lists"}
        What the source is read as.
    format_ : str or None
        What a file is, if its name does not tell.
    name : str
        What messages call a source that is no file.
    value : str
        What the numbers of a mapping {id: {related id: number}} are: "grade" or "score".
    """
    if isinstance(source, Mapping):
        return _rows_of_mapping(source, name, value)
    if not isinstance(source, (str, PathLike)):
        frame = to_pandas(source, name)
        return ListRows(frame, list(frame.attrs.get(EMPTY_LISTS[holds], [])), name)
    path = existing_path(source)
    format_ = format_ or format_of(path, holds)
    if format_ == "jsonl" and path.is_file():
        objects = list(json_objects(path))
        if any("related" in line and "related_id" not in line for _, line in objects):
            return _rows_of_lists(objects, path, () if holds == "lists" else _LINK_DETAILS)
    return ListRows(read_file(path, format_), [], str(path))


def _rows_of_mapping(source: Mapping[Any, Any], name: str, value: str) -> ListRows:
    """Return the rows of {id: [related ids, best first]} or {id: {related id: number}}."""
    # What has no length is refused below.
    without = [id_ for id_, of_id in source.items() if hasattr(of_id, "__len__") and not len(of_id)]
    numbered = {isinstance(source[id_], Mapping) for id_ in source if id_ not in set(without)}
    if len(numbered) > 1:
        allowed = f"for all ids a list of related ids, or for all a mapping to {value}s"
        raise InputError(problem(name, "lists and mappings mixed", allowed))
    rows: list[tuple[Any, Any, Any]] = []
    for id_, of_id in source.items():
        if isinstance(of_id, Mapping):
            rows += [(id_, related_id, number) for related_id, number in of_id.items()]
        elif isinstance(of_id, (list, tuple, np.ndarray, pd.Series, pd.Index)):
            rows += [(id_, related_id, rank) for rank, related_id in enumerate(of_id, 1)]
        else:
            came = f"got {shown(of_id)} ({type(of_id).__name__})"
            allowed = f"a list of related ids, best first, or a mapping from them to {value}s"
            raise InputError(problem(f"{name}, id {shown(id_)}", came, allowed))
    names = ["id", "related_id", value if True in numbered else "rank"]
    columns = {
        column: pd.Series([row[number] for row in rows], dtype=object)
        for number, column in enumerate(names)
    }
    return ListRows(pd.DataFrame(columns), [str(id_) for id_ in without], name)


def _rows_of_lists(
    objects: list[tuple[int, dict[str, Any]]], path: Path, details: Sequence[str]
) -> ListRows:
    """Return the rows of JSON Lines whose every line is one event's list, with these details."""
    rows: list[dict[str, Any]] = []
    without: dict[str, bool] = {}
    for number, line in objects:
        where = f"{path}, line {number}"
        if "id" not in line or not isinstance(line.get("related"), list):
            allowed = '{"id": ..., "related": [...]}'
            raise InputError(problem(where, f"an object with {some_of(list(line))}", allowed))
        if str(line["id"]) in without:
            came = f"a second list of {shown(line['id'])}"
            raise InputError(problem(where, came, "one list an event"))
        without[str(line["id"])] = not line["related"]
        for rank, related in enumerate(line["related"], 1):
            link = related if isinstance(related, dict) else {"id": related}
            if "id" not in link:
                came = f"got {shown(related)} at place {rank}"
                raise InputError(problem(where, came, 'related ids, or objects with an "id"'))
            row = {"id": line["id"], "related_id": link["id"], "rank": rank}
            sources = (("grade", link), ("shared_tags", link), ("as_of", line))
            row |= {key: part[key] for key, part in sources if key in details and key in part}
            rows.append(row)
    names = dict.fromkeys(["id", "related_id", "rank", *(name for row in rows for name in row)])
    columns = {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names}
    empty = [id_ for id_, is_empty in without.items() if is_empty]
    return ListRows(pd.DataFrame(columns), empty, str(path))
