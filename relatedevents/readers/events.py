"""`read_events`: whatever an archive is kept in, as the checked table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import pandas as pd

from relatedevents._util.checks import check_choice, check_count, problem, some_of
from relatedevents._util.gc import collector_paused
from relatedevents.archive import check_events
from relatedevents.errors import InputError
from relatedevents.features.tags import check_aliases, replace_aliases
from relatedevents.readers.context import NOT_PAGES, events_of_pages, read_pages
from relatedevents.readers.tables import EXTENSIONS, existing_path, read_bytes, read_table

FORMATS = ("csv", "jsonl", "parquet", "context", "wikitext")
_DAY_PAGE = re.compile(r"\d{4}_[A-Z][a-z]+_\d{1,2}\.txt")


def read_events(
    source: object,
    *,
    columns: Mapping[str, str] | None = None,
    tag_separator: str | None = None,
    tag_aliases: Mapping[str, str] | None = None,
    on_error: str = "raise",
    format: str | None = None,
    n_jobs: int | None = None,
) -> pd.DataFrame:
    """Read an archive of events into the checked table.

    Parameters
    ----------
    source : data frame, or path
        A pandas, Polars or Arrow frame; a .csv, .tsv, .jsonl, .ndjson or .parquet file; a page
        (.md) of the Context or a folder of such pages; a folder of Current Events day pages in
        wikitext (extra `wikitext`).
    columns : mapping of str to str, optional
        This package's name of a column -> yours: {"headline": "title"}.
    tag_separator : str, optional
        Where tags that stand in one text are split. A JSON list needs none.
    tag_aliases : mapping of str to str, optional
        A tag's other spelling -> the tag to read instead. Spellings are compared as tags are:
        case, dashes and blanks do not matter. Chains are followed, circles refused.
    on_error : {"raise", "drop"}
        "drop" leaves out rows that can't be used, and warns which.
    format : {"csv", "jsonl", "parquet", "context", "wikitext"}, optional
        What the file or folder is, if its name does not tell.
    n_jobs : int, optional
        How many processes read a folder of wikitext, whose parsing takes long; 1 is this one
        alone. By default every processor, where the folder has enough pages to gain by it. The
        table never depends on it.

    Returns
    -------
    pandas.DataFrame
        In the source's order: `id` (text), `date` (datetime64[s], NaT if undated), `headline`,
        `tags` (lists of text), then every other column. See
        `relatedevents.archive.check_events`. `attrs["reading"]` holds what the readers of
        pages counted.

    Raises
    ------
    InputError
        Naming the file and line, or the row and column; what came, what is allowed, what to do.
    MissingExtraError
        If wikitext is to be read without the extra `wikitext`.

    Examples
    --------
    >>> import pandas as pd
    >>> events = read_events(
    ...     pd.DataFrame({"id": ["a"], "headline": ["Rio hosts a summit"],
    ...                   "date": ["1992-06-03"], "tags": ["Brazil; rio de janeiro"]}),
    ...     tag_separator=";", tag_aliases={"Rio de Janeiro": "Rio"})
    >>> events.loc[0, "tags"]
    ['Brazil', 'Rio']
    """
    if format is not None:
        check_choice("format", format, FORMATS)
    if n_jobs is not None:
        check_count("n_jobs", n_jobs)
    aliases = check_aliases(tag_aliases)
    name = "events"
    frame: object = source
    with collector_paused():
        if isinstance(source, (str, PathLike)):
            path = existing_path(source)
            name, kind = str(path), format or _format_of(path)
            frame = _read_path(path, kind, set((columns or {}).values()), n_jobs)
        events = check_events(
            frame, columns=columns, tag_separator=tag_separator, on_error=on_error, source=name
        )
    if aliases:
        events["tags"] = pd.Series(replace_aliases(events["tags"], aliases), dtype=object)
    return events


def _read_path(path: Path, format_: str, texts: set[str], n_jobs: int | None) -> pd.DataFrame:
    """Read a file or folder of a known format as a raw table."""
    if format_ == "wikitext":
        from relatedevents.readers.wikitext import read_wikitext

        return read_wikitext(path, n_jobs)
    if format_ == "context":
        pages = read_pages(path)
        events = events_of_pages(pages)
        events.attrs["reading"] = {
            "format": "context",
            "pages": len(pages),
            "links": sum(len(page.links) for page in pages),
        }
        return events
    if path.is_dir():
        raise InputError(problem(str(path), f"a folder, to be read as {format_}", "a file"))
    return read_table(path, format_, texts)


def _format_of(path: Path) -> str:
    """Tell a file's format by its name or its beginning, a folder's by its files."""
    if path.is_dir():
        return _format_of_folder(path)
    suffix = path.suffix.casefold()
    if suffix in EXTENSIONS:
        return EXTENSIONS[suffix]
    if suffix == ".md":
        return "context"
    if _DAY_PAGE.fullmatch(path.name):
        return "wikitext"
    start = read_bytes(path)[:200]
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "jsonl"
    allowed = f"{', '.join(EXTENSIONS)}, .md, a folder of pages"
    todo = f"Name what it is: format= one of {', '.join(map(repr, FORMATS))}."
    raise InputError(problem(str(path), "a file of unknown kind", allowed, todo))


def _format_of_folder(path: Path) -> str:
    """Tell what a folder holds by the names of its files; hidden ones don't count."""
    files = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
    markdown = [file.name for file in files if file.suffix.casefold() == ".md"]
    pages = [name for name in markdown if name.casefold() not in NOT_PAGES]
    days = [file.name for file in files if _DAY_PAGE.fullmatch(file.name)]
    if pages and days:
        came = f"{len(pages)} .md pages ({some_of(sorted(pages), 2)}) and {len(days)} "
        came += f"wikitext day pages ({some_of(sorted(days), 2)})"
        todo = "Put each kind into a folder of its own, or name the one to read with format=."
        raise InputError(problem(str(path), came, "one kind of page in a folder", todo))
    if not pages and not days:
        came = f"{len(files)} files, none of them a page: {some_of(sorted(f.name for f in files))}"
        allowed = "pages of the Context (.md), or wikitext day pages such as 2012_October_12.txt"
        todo = "Tables are read one file at a time."
        came = came if files else "an empty folder"
        raise InputError(problem(str(path), came, allowed, todo))
    return "context" if pages else "wikitext"
