"""Lists as Markdown: the section "Related" that goes under every event's page.

Every link is a numbered line with the tags that the two events share:
`1. [headline](link) _Context: tag, tag_`. Signs that mean something in Markdown are escaped,
and so is a comma inside a tag, so that the tags can be told apart again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from relatedevents._util.files import atomic_folder, atomic_text
from relatedevents.writers.urls import page_path, safe_url

HEADING = "### Related:"
_SIGNS = re.compile(r"([\\`*_{}\[\]<>|~&$])")

Row = Mapping[str, object]


def escaped(text: str) -> str:
    r"""Return `text` on one line, with a backslash before every sign that Markdown would read.

    Examples
    --------
    >>> print(escaped("A *new*  [draft]_1"))
    A \*new\* \[draft\]\_1
    """
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def related_section(rows: Iterable[Row], link: Callable[[str], str]) -> str:
    r"""Return one list as Markdown, or "" if it has no events.

    Parameters
    ----------
    rows : iterable of mappings
        The list's rows in order, each with `related_id`, `headline` and `shared_tags`.
    link : callable
        From an id to its link.

    Returns
    -------
    str
        Numbered lines, each ended.

    Examples
    --------
    >>> row = {"related_id": "b", "headline": "Vote", "shared_tags": ["Mali", "Lere, Mali"]}
    >>> print(related_section([row], lambda event_id: f"/news/{event_id}"), end="")
    1. [Vote](/news/b) _Context: Mali, Lere\, Mali_
    """
    return "".join(_line(number, row, link) for number, row in enumerate(rows, start=1))


def _line(number: int, row: Row, link: Callable[[str], str]) -> str:
    headline, tags = str(row["headline"]), row["shared_tags"]
    line = f"{number}. [{escaped(headline)}]({safe_url(link(str(row['related_id'])))})"
    if isinstance(tags, (list, tuple)) and tags:
        context = ", ".join(escaped(str(tag)).replace(",", r"\,") for tag in tags)
        line += f" _Context: {context}_"
    return line + "\n"


def write_sections(
    lists: Iterable[tuple[str, list[dict[str, object]]]], path: Path, link: Callable[[str], str]
) -> None:
    """Write a folder with one Markdown file an event, named by its id; see `page_path`.

    Parameters
    ----------
    lists : iterable of (str, list of dict)
        An event's id and its list's rows; an empty list gives an empty file.
    path : pathlib.Path
        The folder.
    link : callable
        From an id to its link.
    """
    with atomic_folder(path) as folder:
        for event_id, rows in lists:
            file = folder / page_path(event_id, ".md")
            file.parent.mkdir(parents=True, exist_ok=True)
            section = related_section(rows, link)
            text = f"{HEADING}\n\n{section}" if section else ""
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)


def write_document(
    lists: Iterable[tuple[str, list[dict[str, object]]]],
    path: Path,
    link: Callable[[str], str],
    headline_of: Mapping[str, str],
) -> None:
    """Write one Markdown file with the lists of all events, each under its event's headline.

    Parameters
    ----------
    lists : iterable of (str, list of dict)
        An event's id and its list's rows.
    path : pathlib.Path
        The file.
    link : callable
        From an id to its link.
    headline_of : mapping
        The headlines of the events that have one; the others are called by their id.
    """
    with atomic_text(path) as file:
        for number, (event_id, rows) in enumerate(lists):
            title = escaped(headline_of.get(event_id, event_id))
            file.write("\n" if number else "")
            file.write(f"# [{title}]({safe_url(link(event_id))})\n\n")
            section = related_section(rows, link)
            file.write(f"{HEADING}\n\n{section}" if section else "No related events.\n")
