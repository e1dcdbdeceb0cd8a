"""Lists for page templates: a folder with one JSON list an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from relatedevents._util.files import atomic_folder
from relatedevents.writers.json_text import json_rows
from relatedevents.writers.urls import page_path


def page_items(rows: pd.DataFrame, link: Callable[[str], str]) -> list[str]:
    """Return each row as an object of a page's JSON list: the link as `url`, then its columns.

    Parameters
    ----------
    rows : pandas.DataFrame
        Rows of the long table, with whatever columns; `id` and `url` are left out.
    link : callable
        From an id to its link.
    """
    items = rows.drop(columns=["id", "url"], errors="ignore")
    urls = [link(str(related_id)) for related_id in rows["related_id"]]
    items.insert(0, "url", pd.Series(urls, index=rows.index, dtype=object))
    return list(json_rows(items, indent=1, depth=1))


def write_pages(lists: Iterable[tuple[str, Sequence[str]]], path: Path) -> None:
    """Write one JSON file an event: a list of its related events, best first.

    Parameters
    ----------
    lists : iterable of (str, sequence of str)
        An event's id and its list's objects, see `page_items`; an empty list is written as
        `[]`, so that a template finds a file for every event.
    path : pathlib.Path
        The folder; the file of an event is named by its id, see `page_path`.
    """
    made: set[Path] = set()
    with atomic_folder(path) as folder:
        for event_id, items in lists:
            file = folder / page_path(event_id, ".json")
            if file.parent not in made:
                file.parent.mkdir(parents=True, exist_ok=True)
                made.add(file.parent)
            text = "[\n " + ",\n ".join(items) + "\n]\n" if items else "[]\n"
            with file.open("xb") as stream:
                stream.write(text.encode())
