"""Paths and links of events' pages: ids as safe file names and URLs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

import pandas as pd

from relatedevents._util.checks import problem, some_of
from relatedevents.errors import InputError

_LONGEST_NAME = 180
# A scheme, or a slash at the start.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/")
_URL_SIGNS = "%/:?#[]@!$&'*+,;=~"


def _safe_name(segment: str, folder_before: str = "") -> str:
    """Return one part of an id as a file name; different parts give different names."""
    if not segment:
        return "%2F"
    name = quote(segment, safe="", errors="surrogatepass").replace("~", "%7E")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if folder_before and name.endswith(folder_before):
        cut = len(name) - len(folder_before)
        name = name[:cut] + "%2E" + folder_before[1:]
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(segment.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{name[:_LONGEST_NAME]}~{digest}"
    return name


def page_path(event_id: str, suffix: str) -> PurePosixPath:
    """Return the relative path of an event's file: its id, percent-encoded, and a suffix.

    A slash in the id makes a folder. No id leads out of the folder or to a hidden file, a name
    that no file system takes is cut and ends in a hash, and different ids give different paths.

    Parameters
    ----------
    event_id : str
        Any non-empty text.
    suffix : str
        What the file's name ends with, such as ".json".

    Returns
    -------
    pathlib.PurePosixPath
        A relative path.

    Examples
    --------
    >>> str(page_path("2012-10-12/un-resolution", ".json"))
    '2012-10-12/un-resolution.json'
    >>> str(page_path("../x y", ".json"))
    '%2E./x%20y.json'
    """
    *folders, name = event_id.split("/")
    parts = [_safe_name(folder, suffix) for folder in folders]
    return PurePosixPath(*parts, _safe_name(name) + suffix)


def safe_url(url: str) -> str:
    """Return `url` with blanks, brackets and other signs that end a link percent-encoded.

    What is already percent-encoded stays.

    Examples
    --------
    >>> safe_url("/news/Lere (Mali)?a=%20b")
    '/news/Lere%20%28Mali%29?a=%20b'
    """
    return quote(url.strip(), safe=_URL_SIGNS, errors="surrogatepass")


def link_of(
    archive: pd.DataFrame | None,
    *,
    base_path: str = "",
    link_suffix: str = "",
    url_column: str | None = None,
) -> Callable[[str], str]:
    """Return the function that gives an event's link.

    Parameters
    ----------
    archive : pandas.DataFrame or None
        The checked table, for its url column.
    base_path, link_suffix : str
        What stands before and after the percent-encoded id of an event without a url.
        `base_path` stands before a relative url too.
    url_column : str, optional
        The column that holds each event's own url. By default "url", where there is one.

    Returns
    -------
    callable
        From an id to its link.

    Raises
    ------
    InputError
        If the archive has no such column, or holds something other than text in it.

    Examples
    --------
    >>> link_of(None, base_path="/news/", link_suffix=".md")("2012-10-12/a b")
    '/news/2012-10-12/a%20b.md'
    """
    urls = _urls(archive, url_column)

    def link(event_id: str) -> str:
        own = urls.get(event_id)
        if own is not None:
            return own if _ABSOLUTE.match(own) else base_path + own
        return base_path + quote(event_id, safe="/", errors="surrogatepass") + link_suffix

    return link


def _urls(archive: pd.DataFrame | None, url_column: str | None) -> dict[str, str]:
    """Return {id: url} of the events that have one."""
    column = "url" if url_column is None else url_column
    if archive is None or column not in archive.columns:
        if url_column is None:
            return {}
        has = "no archive" if archive is None else f"columns {some_of(list(archive.columns), 12)}"
        raise InputError(
            problem("url_column", f"got {url_column!r} with {has}", "a column of the archive")
        )
    given = archive.loc[archive[column].notna(), ["id", column]]
    wrong = [value for value in given[column] if not isinstance(value, str)]
    if wrong:
        came = f"column {column!r} holds {some_of(wrong, 3)}"
        raise InputError(problem("url_column", came, "texts, or nothing"))
    pairs = zip(given["id"], given[column], strict=True)
    return {event_id: url.strip() for event_id, url in pairs if url.strip()}
