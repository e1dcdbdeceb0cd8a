"""`read_links`: the links that a site already has, or judgements, as one table."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive import Ids, check_events, to_pandas
from relatedevents.errors import InputError, RelatedEventsWarning
from relatedevents.features.tags import tag_key
from relatedevents.readers.context import Page, read_pages
from relatedevents.readers.context.resolve import PathResolver
from relatedevents.readers.link_table import check_links
from relatedevents.readers.tables import (
    EXTENSIONS,
    existing_path,
    json_objects,
    read_bytes,
    read_table,
    read_utf8,
)

FORMATS = ("csv", "jsonl", "parquet", "context", "qrels")
_QRELS_LINE = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s+([+-]?\d+)\s*")


def read_links(
    source: object,
    *,
    archive: object = None,
    format: str | None = None,
) -> pd.DataFrame:
    """Read which events are related to which: a site's own lists, or judgements.

    Parameters
    ----------
    source : data frame, mapping, or path
        - A frame, or a .csv, .parquet or .jsonl file, with `id` and `related_id`, and where
          known `rank`, `grade`, `as_of`, `shared_tags`.
        - A mapping {id: [related ids, best first]} or {id: {related id: grade}}.
        - A .jsonl file of lists: {"id": ..., "as_of": ..., "related": [{"id": ...,
          "shared_tags": [...]}, ...]}, the related ones as objects or as ids, best first.
        - A page (.md) of the Context, or a folder of them.
        - TREC relevance judgements (.qrels, or format="qrels"): lines "id 0 related_id grade",
          ids percent-encoded.
    archive : data frame, optional
        The events that the links are about, as for `read_events`. Pages then get their events'
        ids (by day and the longest common slug); ids of other sources must be in it. Without
        it, pages are named by their paths, as `read_events` names them.
    format : {"csv", "jsonl", "parquet", "context", "qrels"}, optional
        What the file is, if its name does not tell.

    Returns
    -------
    pandas.DataFrame
        One row a link, in the source's order: `id`, `related_id`, and where the source tells
        `rank` (from 1), `grade`, `as_of` (datetime64[s]: the day beyond which a list could not
        know), `shared_tags` (lists), then all other columns. `attrs["unresolved"]`: page paths
        that no event matched; `attrs["without_links"]`: ids that came with an empty list.

    Raises
    ------
    InputError
        For a missing column or id, a pair or rank that is doubled, an event linked to itself,
        a file that is cut off; with the rows, or the file and line.
    UnknownIdError
        If `archive` lacks ids, unless they are paths of pages.

    Warns
    -----
    RelatedEventsWarning
        If page paths could not be resolved, with their count.

    Examples
    --------
    >>> links = read_links({"rio": ["kyoto", "paris"]})
    >>> links.to_dict("list")
    {'id': ['rio', 'rio'], 'related_id': ['kyoto', 'paris'], 'rank': [1, 2]}
    """
    if format is not None:
        check_choice("format", format, FORMATS)
    events = None if archive is None else check_events(archive, source="archive")
    name, without = "links", list[str]()
    if isinstance(source, (str, PathLike)):
        path = existing_path(source)
        name, kind = str(path), format or _format_of(path)
        if kind == "context":
            return _links_of_pages(read_pages(path), events, name)
        if path.is_dir():
            raise InputError(problem(name, f"a folder, to be read as {kind}", "a file"))
        raw, without = _read_file(path, kind)
    elif isinstance(source, Mapping):
        raw, without = _of_mapping(source)
    else:
        raw = to_pandas(source, name)
    links = check_links(raw, without, name)
    if events is not None:
        _check_known(links, events, name)
    links.attrs = {"unresolved": [], "without_links": without}
    return links


def _format_of(path: Path) -> str:
    """Tell a file's format by its name or its beginning; a folder is one of pages."""
    suffix = path.suffix.casefold()
    if path.is_dir() or suffix == ".md":
        return "context"
    if suffix in EXTENSIONS:
        return EXTENSIONS[suffix]
    start = read_bytes(path)[:1000]
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "jsonl"
    first = start.decode(errors="replace").partition("\n")[0]
    if suffix in (".qrels", ".qrel") or _QRELS_LINE.fullmatch(first):
        return "qrels"
    allowed = f"{', '.join(EXTENSIONS)}, .qrels, .md, a folder of pages"
    todo = f"Name what it is: format= one of {', '.join(map(repr, FORMATS))}."
    raise InputError(problem(str(path), "a file of unknown kind", allowed, todo))


def _read_file(path: Path, kind: str) -> tuple[pd.DataFrame, list[str]]:
    """Read a table, lists in JSON Lines, or judgements."""
    if kind == "qrels":
        return _read_qrels(path), []
    if kind == "jsonl":
        objects = list(json_objects(path))
        if any("related" in value and "related_id" not in value for _, value in objects):
            return _of_lists(objects, path)
    return read_table(path, kind), []


def _read_qrels(path: Path) -> pd.DataFrame:
    """Read TREC judgements; ids are percent-encoded there, since blanks part the columns."""
    rows: list[tuple[str, str, int]] = []
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if not line.strip():
            continue
        found = _QRELS_LINE.fullmatch(line)
        if not found:
            where, allowed = f"{path}, line {number}", '"id 0 related_id grade", parted by blanks'
            todo = "Percent-encode ids that hold blanks. The file may be cut off here."
            raise InputError(problem(where, f"got {shown(line.strip())}", allowed, todo))
        rows.append((unquote(found[1]), unquote(found[3]), int(found[4])))
    return pd.DataFrame(rows, columns=["id", "related_id", "grade"])


def _of_mapping(source: Mapping[Any, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Return a mapping's links as raw rows, and the ids without any."""
    rows: list[dict[str, Any]] = []
    kinds = {isinstance(related, Mapping) for related in source.values()}
    if len(kinds) > 1:
        allowed = "for all ids a list of related ids, or for all a mapping to grades"
        raise InputError(problem("links", "lists and mappings mixed", allowed))
    for id_, related in source.items():
        if isinstance(related, Mapping):
            pairs = [{"related_id": other, "grade": grade} for other, grade in related.items()]
        elif isinstance(related, (list, tuple, np.ndarray, pd.Series, pd.Index)):
            pairs = [{"related_id": other, "rank": at} for at, other in enumerate(related, 1)]
        else:
            came = f"got {shown(related)} ({type(related).__name__})"
            allowed = "a list of related ids, best first, or a mapping from them to grades"
            raise InputError(problem(f"links, id {shown(id_)}", came, allowed))
        rows += [{"id": id_, **pair} for pair in pairs]
    with_links = {row["id"] for row in rows}
    names = ["id", "related_id", "grade" if True in kinds else "rank"]
    frame = pd.DataFrame({name: pd.Series([r[name] for r in rows], dtype=object) for name in names})
    return frame, [str(id_) for id_ in source if id_ not in with_links]


def _of_lists(objects: list[tuple[int, dict[str, Any]]], path: Path) -> tuple[pd.DataFrame, Any]:
    """Return the links of JSON Lines whose every line is one event's list."""
    rows: list[dict[str, Any]] = []
    without: list[str] = []
    for number, value in objects:
        where = f"{path}, line {number}"
        if "id" not in value or not isinstance(value.get("related"), list):
            allowed = '{"id": ..., "related": [...]}'
            raise InputError(problem(where, f"an object with {some_of(list(value))}", allowed))
        if not value["related"]:
            without.append(str(value["id"]))
        for rank, related in enumerate(value["related"], 1):
            link = related if isinstance(related, dict) else {"id": related}
            if "id" not in link:
                came = f"got {shown(related)} at place {rank}"
                raise InputError(problem(where, came, 'related ids, or objects with an "id"'))
            row = {"id": value["id"], "related_id": link["id"], "rank": rank}
            row |= {key: link[key] for key in ("grade", "shared_tags") if key in link}
            row |= {"as_of": value["as_of"]} if "as_of" in value else {}
            rows.append(row)
    names = dict.fromkeys(["id", "related_id", "rank", *(name for row in rows for name in row)])
    columns = {n: pd.Series([row.get(n) for row in rows], dtype=object) for n in names}
    return pd.DataFrame(columns), without


def _check_known(links: pd.DataFrame, events: pd.DataFrame, name: str) -> None:
    """Raise `UnknownIdError` if the archive lacks an id of a link."""
    ids = Ids(events["id"])
    for column in ("id", "related_id"):
        ids.rows_of(dict.fromkeys(links[column]), f"{name}, column {column!r}")


def _links_of_pages(pages: list[Page], events: pd.DataFrame | None, name: str) -> pd.DataFrame:
    """Return the links of pages, named by event where an archive is given, else by path."""
    paths = dict.fromkeys(p for page in pages for p in (page.path, *(k.path for k in page.links)))
    ids: dict[str, str | None] = {path: path for path in paths}
    tags: dict[str, list[str]] = {}
    if events is not None:
        resolver = PathResolver(events)
        ids = {path: resolver.id_of(path) for path in paths}
        wanted = set(ids.values())
        known = zip(events["id"], events["tags"], strict=True)
        tags = {id_: list(of_id) for id_, of_id in known if id_ in wanted}
    unresolved = [path for path in paths if ids[path] is None]
    rows = []
    for page in pages:
        # Two paths can be alike to one event; the page's second link to it is none then.
        seen = {ids[page.path]}
        for rank, link in enumerate(page.links, 1):
            id_, related = ids[page.path], ids[link.path]
            if id_ is None or related is None:
                continue
            if related in seen and events is not None:
                unresolved.append(link.path)
                continue
            seen.add(related)
            both = tags.get(id_, []) + tags.get(related, [])
            rows.append((id_, related, rank, joined_tags(link.shared_tags, both)))
    if unresolved:
        message = (
            f"{name}: {len(unresolved)} of {len(paths)} page paths match no event of the "
            "archive, or one that is listed already "
            f"({some_of(unresolved, 2)}); their links are left out; all are in "
            'attrs["unresolved"]'
        )
        warnings.warn(message, RelatedEventsWarning, stacklevel=3)
    if not rows:
        todo = "Is it the archive of these pages?" if unresolved else "Do they have ### Related:?"
        raise InputError(problem(name, "no link that can be used", "one link or more", todo))
    raw = pd.DataFrame(rows, columns=["id", "related_id", "rank", "shared_tags"])
    without = [path for page in pages if not page.links and (path := ids[page.path]) is not None]
    links = check_links(raw, without, name)
    links.attrs = {"unresolved": unresolved, "without_links": without}
    return links


def joined_tags(pieces: list[str], known: list[str]) -> list[str]:
    """Put together what a printed list of tags has split: tags that hold a comma themselves.

    Parameters
    ----------
    pieces : list of str
        The printed list, split at its commas.
    known : list of str
        The tags of the two events.

    Returns
    -------
    list of str
        From the left, the longest run of pieces that is a known tag, else the piece alone.

    Examples
    --------
    >>> joined_tags(["Mali", "Paris", "Texas"], ["Paris, Texas"])
    ['Mali', 'Paris, Texas']
    """
    keys = {tag_key(tag) for tag in known if "," in tag}
    if not keys:
        return pieces
    joined: list[str] = []
    at = 0
    while at < len(pieces):
        ends = range(len(pieces), at + 1, -1)
        end = next((e for e in ends if tag_key(", ".join(pieces[at:e])) in keys), at + 1)
        joined.append(", ".join(pieces[at:end]))
        at = end
    return joined
