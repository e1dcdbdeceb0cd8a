"""`read_links`: the links that a site already has, or judgements, as one table."""

from __future__ import annotations

import warnings
from os import PathLike

import pandas as pd

from relatedevents._util.checks import problem, some_of
from relatedevents.archive import Ids, check_events
from relatedevents.errors import InputError, RelatedEventsWarning
from relatedevents.features.tags import tag_key
from relatedevents.readers.context import Page, read_pages
from relatedevents.readers.context.resolve import PathResolver
from relatedevents.readers.formats import check_format, existing_path, format_of
from relatedevents.readers.link_table import check_links
from relatedevents.readers.list_rows import read_rows


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
    check_format(format, "links")
    events = None if archive is None else check_events(archive, source="archive")
    if isinstance(source, (str, PathLike)):
        path = existing_path(source)
        format = format or format_of(path, "links")
        if format == "context":
            return _links_of_pages(read_pages(path), events, str(path))
    raw, without, name = read_rows(source, "links", format, name="links", value="grade")
    links = check_links(raw, without, name)
    if events is not None:
        _check_known(links, events, name)
    links.attrs = {"unresolved": [], "without_links": without}
    return links


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
    """Join the pieces of tags that hold a comma, which a comma-separated list has split.

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
