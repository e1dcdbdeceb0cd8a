"""The Context's Markdown pages: one event a page, its sources, and its links to others.

A page reads: a heading that links its day, a `#` heading with the headline, a summary, a
numbered list under `### Source:`, and one under `### Related:`, each link followed by the
tags that the two events share: `_Context: Mali, United Nations_`.
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pandas as pd

from relatedevents._util import slugs
from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError, RelatedEventsWarning
from relatedevents.readers.tables import read_utf8

_DAY = re.compile(r"#+\s*\[(?P<date>\d{4}-\d{1,2}-\d{1,2})\]\((?P<base>[^)]*?)\d{4}/[^)]*\)\s*")
_SECTION = re.compile(r"###\s*(?P<name>[^\[\]:]+):?\s*")
_ITEM = re.compile(r"\d+\.\s+(?P<rest>.*)")
_LINK = re.compile(r"\[(?P<text>.*)\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)")
_CONTEXT = re.compile(r"(?P<link>.*?)(?:\s+_Context:\s*(?P<tags>.*)_)?\s*")
_PATH = re.compile(r"(?:.*/)?(?P<path>(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<slug>[^/]+))")
_NOT_PAGES = {"index.md", "readme.md"}


@dataclass(frozen=True)
class PageLink:
    """One printed link: the other page's path, its text, and the shared tags as printed."""

    path: str
    headline: str
    shared_tags: list[str]


@dataclass
class Page:
    """One page: its path on the site (`YYYY/MM/D/slug`), and what it says."""

    path: str = ""
    base: str = ""
    date: str = ""
    headline: str = ""
    summary: str = ""
    sources: list[str] = field(default_factory=list)
    source_urls: list[str] = field(default_factory=list)
    links: list[PageLink] = field(default_factory=list)


def page_path(target: str) -> str | None:
    """Return the path `YYYY/MM/D/slug` within a link target or file path, if it has one.

    Examples
    --------
    >>> page_path("/news/2012/10/12/a-resolution-on-mali.md")
    '2012/10/12/a-resolution-on-mali'
    """
    match = _PATH.fullmatch(unquote(target).removesuffix(".md").removesuffix(".html"))
    return match["path"] if match and match["slug"] != "index" else None


def split_path(path: str) -> tuple[datetime.date, str] | None:
    """Return the day and the slug of a page path, or None if it has no day.

    Examples
    --------
    >>> split_path("2016/02/5/a-slug")
    (datetime.date(2016, 2, 5), 'a-slug')
    """
    match = _PATH.fullmatch(path)
    if not match:
        return None
    try:
        return datetime.date(int(match["y"]), int(match["m"]), int(match["d"])), match["slug"]
    except ValueError:
        return None


def parse_page(text: str, where: str) -> Page:
    """Parse one page.

    Parameters
    ----------
    text : str
        The page's Markdown.
    where : str
        The file's path: named in messages, and the page's own path if it holds a day.

    Returns
    -------
    Page

    Raises
    ------
    InputError
        If there is no day or no headline, or a numbered line is not a whole link; with the
        line's number.
    """
    page, section, summary = Page(), "", list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line:
            continue
        if not page.date and (day := _DAY.fullmatch(line)):
            page.date, page.base = _iso_day(day["date"], f"{where}, line {number}"), day["base"]
        elif not page.headline and line.startswith("# "):
            page.headline = line[2:].strip()
        elif heading := _SECTION.fullmatch(line):
            section = heading["name"].strip().casefold()
        elif section == "" and page.headline:
            summary.append(line)
        elif section in ("source", "sources", "related"):
            _add_item(page, section, line, f"{where}, line {number}")
    page.summary = " ".join(summary)
    if not page.date or not page.headline:
        lacks = "day" if not page.date else "headline"
        allowed = '"### [YYYY-MM-DD](...)" above "# headline"'
        todo = "Is it a page of the Context? It may be cut off or empty."
        raise InputError(problem(where, f"a page without a {lacks}", allowed, todo))
    page.path = page_path(Path(where).as_posix()) or _derived_path(page)
    return page


def _iso_day(text: str, where: str) -> str:
    year, month, day = map(int, text.split("-"))
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError as error:
        came = f"the day {shown(text)}, which the calendar does not have"
        raise InputError(problem(where, came, "a day as YYYY-MM-DD")) from error


def _derived_path(page: Page) -> str:
    """Return the path that the site gives a page: the day has no leading zero there."""
    path = slugs.page_path(datetime.date.fromisoformat(page.date), page.headline)
    return path + "-" if path.endswith("/") else path


def _add_item(page: Page, section: str, line: str, where: str) -> None:
    """Add one numbered line to the page's sources or links."""
    item = _ITEM.fullmatch(line)
    parts = _CONTEXT.fullmatch(item["rest"]) if item else None
    link = _LINK.fullmatch(parts["link"]) if parts else None
    if not parts or not link:
        allowed = '"1. [text](target)", under Related with " _Context: tag, tag_" behind it'
        todo = "The page may be cut off here."
        raise InputError(problem(where, f"got {shown(line)}", allowed, todo))
    if section != "related":
        page.sources.append(link["text"].strip())
        page.source_urls.append(link["target"])
        return
    path = page_path(link["target"])
    if path is None:
        came = f"a link to {shown(link['target'])}"
        raise InputError(problem(where, came, "a page's path such as /news/2012/10/12/slug.md"))
    tags = [tag.strip() for tag in (parts["tags"] or "").split(",")]
    page.links.append(PageLink(path, link["text"].strip(), [tag for tag in tags if tag]))


def is_page(name: str) -> bool:
    """Return whether a file of this name in a folder of pages is one.

    Examples
    --------
    >>> is_page("rio.md"), is_page("README.md"), is_page("rio.txt")
    (True, False, False)
    """
    return name.casefold().endswith(".md") and name.casefold() not in _NOT_PAGES


def read_pages(source: Path) -> list[Page]:
    """Read one page, or all pages of a folder and the folders in it, in order of their names.

    Raises
    ------
    InputError
        Naming the file and line of every page that can't be read (the first five).

    Warns
    -----
    RelatedEventsWarning
        If files named index.md or README.md were passed over.
    """
    files = sorted(source.rglob("*.md")) if source.is_dir() else [source]
    passed = [file for file in files if source.is_dir() and not is_page(file.name)]
    pages, wrong = list[Page](), list[str]()
    for file in files:
        if file in passed:
            continue
        try:
            pages.append(parse_page(read_utf8(file), str(file)))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        more = f" And {len(wrong) - 5} more pages." if len(wrong) > 5 else ""
        raise InputError(" Also: ".join(wrong[:5]) + more)
    if not pages:
        raise InputError(problem(str(source), "no page", "a folder with .md pages of the Context"))
    if passed:
        message = f"{source}: {len(passed)} files named index.md or README.md are no pages"
        warnings.warn(message, RelatedEventsWarning, stacklevel=2)
    return pages


def events_of_pages(pages: Iterable[Page]) -> pd.DataFrame:
    r"""Return pages as a raw table of events.

    Parameters
    ----------
    pages : iterable of Page

    Returns
    -------
    pandas.DataFrame
        `id` (the page's path), `date`, `headline`, `tags` (all that the page prints beside
        its links: the only ones it tells), `summary`, `sources`, `source_urls`, `url`.

    Examples
    --------
    >>> page = parse_page("### [2012-10-12](/news/2012/10/12/index.md)\n# Peace", "a.md")
    >>> events_of_pages([page]).loc[0, ["id", "url"]].tolist()
    ['2012/10/12/peace', '/news/2012/10/12/peace.md']
    """
    rows = [
        {
            "id": page.path,
            "date": page.date,
            "headline": page.headline,
            "tags": list(dict.fromkeys(tag for link in page.links for tag in link.shared_tags)),
            "summary": page.summary,
            "sources": page.sources,
            "source_urls": page.source_urls,
            "url": f"{page.base}{page.path}.md",
        }
        for page in pages
    ]
    return pd.DataFrame(rows)


def read_context(source: Path) -> pd.DataFrame:
    """Read one page, or a folder of them, as a raw table of events; see `events_of_pages`.

    Returns
    -------
    pandas.DataFrame
        `attrs["reading"]` counts the pages and their links.
    """
    pages = read_pages(source)
    events = events_of_pages(pages)
    links = sum(len(page.links) for page in pages)
    events.attrs["reading"] = {"format": "context", "pages": len(pages), "links": links}
    return events
