"""Writing lists: the public functions, which check their input and choose the format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.errors import InputError
from relatedevents.writers.markdown import write_document, write_sections
from relatedevents.writers.pages import page_items, write_pages
from relatedevents.writers.tables import (
    dump_csv,
    dump_jsonl,
    records,
    write_csv,
    write_jsonl,
    write_parquet,
)
from relatedevents.writers.urls import link_of


class _TableFormat(NamedTuple):
    """How lists are written as one table.

    Attributes
    ----------
    suffixes : tuple of str
        Ends of file names that tell the format.
    write : callable
        Writes tables of the same columns, one after another, as one file.
    dump : callable or None
        Writes a table into an open text file, where the format is text.
    """

    suffixes: tuple[str, ...]
    write: Callable[[Iterable[pd.DataFrame], Path], None]
    dump: Callable[[pd.DataFrame, TextIO], None] | None = None


TABLE_FORMATS = {
    "csv": _TableFormat((".csv",), write_csv, dump_csv),
    "jsonl": _TableFormat((".jsonl", ".ndjson"), write_jsonl, dump_jsonl),
    "parquet": _TableFormat((".parquet",), write_parquet),
}
_PAGE_SUFFIXES = {".md": "markdown"}
_Row = TypeVar("_Row")
_EVENTS_AT_ONCE = 2000
FORMATS = (*TABLE_FORMATS, "markdown", "pages")


def write_lists(
    lists: pd.DataFrame,
    path: str | Path,
    *,
    format: str | None = None,
    archive: pd.DataFrame | None = None,
    ids: Iterable[str] | None = None,
    base_path: str = "",
    link_suffix: str = "",
    url_column: str | None = None,
) -> Path:
    """Write lists of related events into files.

    Parameters
    ----------
    lists : pandas.DataFrame
        The long table: `id`, `rank`, `related_id` and any other columns, such as `score`, the
        parts, `shared_tags` and `basis`.
    path : str or pathlib.Path
        The file; for "pages", and for "markdown" with a path that does not end in .md, the
        folder. Missing folders are made. What is there already is replaced only when the new
        text is complete; in a folder, files of other events stay.
    format : {"csv", "jsonl", "parquet", "markdown", "pages"}, optional
        By default told by the end of `path`. The first three write the table, one row a link:
        CSV (lists as JSON lists), JSON Lines, Parquet. "markdown" writes the section "Related"
        of every event, as one file or as one file an event. "pages" writes one JSON list an
        event.
    archive : pandas.DataFrame, optional
        The checked table. It gives headlines, dates and urls of the related events, which are
        then added to every format. Needed for "markdown" and "pages" unless `lists` has a
        column `headline`.
    ids : iterable of str, optional
        The events to write in "markdown" and "pages", in this order; those without a row in
        `lists` get an empty list. By default those in `lists`.
    base_path, link_suffix : str
        A link is `base_path` + the percent-encoded id + `link_suffix`, such as "/news/" and
        ".html", where the event has no url of its own; a relative url follows `base_path`.
    url_column : str, optional
        The archive's column with each event's url. By default "url", where there is one.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        If the lists lack a column, the format is unknown or untold, an id is not in the
        archive, or the path can't be written.

    Examples
    --------
    >>> import tempfile
    >>> lists = pd.DataFrame({"id": ["a"], "rank": [1], "related_id": ["b"], "score": [0.5]})
    >>> path = write_lists(lists, Path(tempfile.mkdtemp()) / "lists.csv")
    >>> print(path.read_text(), end="")
    id,rank,related_id,score
    a,1,b,0.5
    """
    target = Path(path)
    known_format = _format(target, format)
    links: dict[str, Any] = {
        "base_path": base_path,
        "link_suffix": link_suffix,
        "url_column": url_column,
    }
    if known_format in TABLE_FORMATS:
        return write_blocks([lists], target, format=known_format, archive=archive, **links)
    _check_events_and_lists(lists, archive)
    link = link_of(archive, **links)
    if archive is None and "headline" not in lists.columns:
        todo = "Pass archive=, such as model.archive_."
        raise InputError(
            problem("archive", "got None", f"the events' table for {known_format!r}", todo)
        )
    events = _blocks(lists, archive, ids)
    if known_format == "pages":
        write_pages(_listed(events, lambda rows: page_items(rows, link)), target)
    elif target.suffix == ".md":
        headline_of = (
            {} if archive is None else dict(zip(archive["id"], archive["headline"], strict=True))
        )
        write_document(_listed(events, _jsonable_rows), target, link, headline_of)
    else:
        write_sections(_listed(events, _jsonable_rows), target, link)
    return target


def stream_lists(
    lists: pd.DataFrame,
    file: TextIO,
    *,
    format: str,
    archive: pd.DataFrame | None = None,
    base_path: str = "",
    link_suffix: str = "",
    url_column: str | None = None,
) -> None:
    """Write lists into an open text file, as CSV or JSON Lines.

    Parameters
    ----------
    lists : pandas.DataFrame
        See `write_lists`.
    file : text file
        Where the text goes, such as the standard output.
    format : {"csv", "jsonl"}
        What is written.
    archive, base_path, link_suffix, url_column
        See `write_lists`.

    Raises
    ------
    InputError
        If the format is another one, or the lists lack a column.

    Examples
    --------
    >>> import io
    >>> lists = pd.DataFrame({"id": ["a"], "rank": [1], "related_id": ["b"]})
    >>> file = io.StringIO()
    >>> stream_lists(lists, file, format="jsonl")
    >>> print(file.getvalue(), end="")
    {"id": "a", "rank": 1, "related_id": "b"}
    """
    dumps = {name: known.dump for name, known in TABLE_FORMATS.items() if known.dump}
    dump = dumps[check_choice("format", format, dumps)]
    links: dict[str, Any] = {
        "base_path": base_path,
        "link_suffix": link_suffix,
        "url_column": url_column,
    }
    dump(_table(lists, archive, link_of(archive, **links)), file)


def write_blocks(
    blocks: Iterable[pd.DataFrame],
    path: str | Path,
    *,
    format: str | None = None,
    archive: pd.DataFrame | None = None,
    base_path: str = "",
    link_suffix: str = "",
    url_column: str | None = None,
) -> Path:
    """Write lists that come a block at a time into one table, so that a block alone is in memory.

    Parameters
    ----------
    blocks : iterable of pandas.DataFrame
        Long tables of the same columns, at least one, such as `RelatedEvents.related_blocks`
        gives them.
    path : str or pathlib.Path
        The file.
    format : {"csv", "jsonl", "parquet"}, optional
        By default told by the end of `path`.
    archive, base_path, link_suffix, url_column
        See `write_lists`.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    InputError
        As `write_lists`; also if the format is not one of tables.

    Examples
    --------
    >>> import tempfile
    >>> block = pd.DataFrame({"id": ["a"], "rank": [1], "related_id": ["b"], "score": [0.5]})
    >>> path = write_blocks([block, block], Path(tempfile.mkdtemp()) / "lists.csv")
    >>> print(path.read_text(), end="")
    id,rank,related_id,score
    a,1,b,0.5
    a,1,b,0.5
    """
    target = Path(path)
    known_format = check_choice("format", _format(target, format), TABLE_FORMATS)
    _check_events(archive)
    link = link_of(archive, base_path=base_path, link_suffix=link_suffix, url_column=url_column)
    TABLE_FORMATS[known_format].write((_table(one, archive, link) for one in blocks), target)
    return target


def takes_blocks(path: str | Path, format: str | None = None) -> bool:
    """Tell whether `write_blocks` knows the format."""
    return _format(Path(path), format) in TABLE_FORMATS


def _table(
    lists: pd.DataFrame, archive: pd.DataFrame | None, link: Callable[[str], str]
) -> pd.DataFrame:
    """Return checked lists, with date, headline and url of the related events if known."""
    _check_events_and_lists(lists, archive)
    if archive is None:
        return lists
    return _with_events(lists, archive, _rows_of_related(lists, archive), link)


def _check_events(archive: pd.DataFrame | None) -> None:
    if archive is not None:
        _check_columns(archive, ("id", "date", "headline"), "archive")


def _check_events_and_lists(lists: pd.DataFrame, archive: pd.DataFrame | None) -> None:
    _check_columns(lists, ("id", "rank", "related_id"), "lists")
    _check_events(archive)


def _format(path: Path, format_: str | None) -> str:
    if format_ is not None:
        return check_choice("format", format_, FORMATS)
    tables = {end: name for name, known in TABLE_FORMATS.items() for end in known.suffixes}
    ends = tables | _PAGE_SUFFIXES
    if path.suffix.lower() not in ends:
        todo = f"Or name the format: {', '.join(map(repr, FORMATS))}."
        allowed = f"an end of {', '.join(ends)}"
        raise InputError(problem("path", f"got {shown(str(path))}", allowed, todo))
    return ends[path.suffix.lower()]


def _check_columns(table: object, needed: tuple[str, ...], name: str) -> None:
    if not isinstance(table, pd.DataFrame):
        raise InputError(problem(name, f"got {type(table).__name__}", "a pandas DataFrame"))
    missing = [column for column in needed if column not in table.columns]
    if missing:
        came = f"no column {some_of(missing)}"
        raise InputError(problem(name, came, f"the columns {', '.join(needed)}"))


def _rows_of_related(lists: pd.DataFrame, archive: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Return the archive's row of each related event."""
    rows = pd.Index(archive["id"]).get_indexer(lists["related_id"])
    unknown = lists["related_id"][rows < 0].unique().tolist()
    if unknown:
        came = f"related_id {some_of(unknown)} not in the archive"
        todo = "Pass the archive that the lists were made from."
        raise InputError(problem("archive", came, "the table with every listed event", todo))
    return np.asarray(rows)


def _with_events(
    lists: pd.DataFrame,
    archive: pd.DataFrame,
    rows: npt.NDArray[np.intp],
    link: Callable[[str], str] | None,
) -> pd.DataFrame:
    """Add the related events' date, headline and url, where the lists lack them."""
    added: dict[str, Any] = {}
    for column in ("date", "headline"):
        if column not in lists.columns:
            added[column] = archive[column].to_numpy()[rows]
    if link is not None and "url" not in lists.columns:
        added["url"] = [link(related_id) for related_id in lists["related_id"]]
    return lists.assign(**added)


def _blocks(
    lists: pd.DataFrame, archive: pd.DataFrame | None, ids: Iterable[str] | None
) -> Iterator[tuple[list[str], list[int], pd.DataFrame]]:
    """Yield the wanted events in blocks, so that only one block is in memory as text.

    A block is the ids, how many rows each has, and these rows by event and rank.
    """
    related = None if archive is None else _rows_of_related(lists, archive)
    wanted = list(dict.fromkeys(lists["id"] if ids is None else ids))
    event = pd.Index(wanted, dtype=object).get_indexer(lists["id"].astype(object))
    by_rank = np.argsort(lists["rank"].to_numpy(), kind="stable")
    by_rank = by_rank[event[by_rank] >= 0]
    order = by_rank[np.argsort(event[by_rank], kind="stable")]
    counts = np.bincount(event[order], minlength=len(wanted))
    ends = np.r_[0, np.cumsum(counts)]
    for start in range(0, len(wanted), _EVENTS_AT_ONCE):
        stop = min(start + _EVENTS_AT_ONCE, len(wanted))
        positions = order[ends[start] : ends[stop]]
        rows = lists.iloc[positions]
        if archive is not None and related is not None:
            rows = _with_events(rows, archive, related[positions], None)
        if "shared_tags" not in rows.columns:
            rows = rows.assign(shared_tags=None)
        yield wanted[start:stop], counts[start:stop].tolist(), rows


def _listed(
    blocks: Iterable[tuple[list[str], list[int], pd.DataFrame]],
    read: Callable[[pd.DataFrame], list[_Row]],
) -> Iterator[tuple[str, list[_Row]]]:
    """Yield each event's id with its rows, converted by `read`."""
    for ids, counts, table in blocks:
        rows = iter(read(table))
        for event_id, count in zip(ids, counts, strict=True):
            yield event_id, list(islice(rows, count))


def _jsonable_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    return list(records(table.drop(columns="id")))
