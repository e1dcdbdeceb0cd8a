"""Lists for page templates: a folder with one JSON list an event."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from relatedevents.writers.places import page_path
from relatedevents.writers.whole import whole_folder


def write_pages(
    lists: Mapping[str, list[dict[str, object]]], path: Path, link: Callable[[str], str]
) -> None:
    """Write one JSON file an event: a list of its related events, best first.

    Parameters
    ----------
    lists : mapping
        From an event's id to its list's rows, as JSON knows them; an empty list is written as
        `[]`, so that a template finds a file for every event.
    path : pathlib.Path
        The folder; the file of an event is named by its id, see `page_path`.
    link : callable
        From an id to its link, written as `url`.
    """
    with whole_folder(path) as folder:
        for event_id, rows in lists.items():
            items = [
                {"url": link(str(row["related_id"]))}
                | {name: value for name, value in row.items() if name not in ("id", "url")}
                for row in rows
            ]
            file = folder / page_path(event_id, ".json")
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8", newline="\n") as stream:
                json.dump(items, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
