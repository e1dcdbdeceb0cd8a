"""The bundled sample: a small archive of dated, tagged headlines, and links between them.

It serves the demo, the tests and the documentation. `data/SAMPLE.md` says how it was made; its
links prove nothing about quality.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pandas as pd

from relatedevents.archive import check_events
from relatedevents.readers.link_table import check_links

_EVENTS = "sample_events.jsonl"
_LINKS = "sample_links.jsonl"


def load_sample() -> pd.DataFrame:
    """Return the bundled archive of 2010 to 2016, as `read_events` would.

    Every headline is written in this project's own words from facts of Wikipedia's Current
    events portal. A few events have no tags, and some have nothing related at all, as in every
    honest archive.

    Returns
    -------
    pandas.DataFrame
        One row an event, oldest first: `id` (the day, "/" and a slug), `date`
        (datetime64[s]), `headline`, `tags` (lists of Wikipedia titles), `category`, `story`
        (the running story's name, empty for events that stand alone; made for this sample, not
        a signal), and `url` (a relative page path). A new table at every call.

    See Also
    --------
    load_sample_links : links between these events.

    Examples
    --------
    >>> archive = load_sample()
    >>> archive.columns.tolist()
    ['id', 'date', 'headline', 'tags', 'category', 'story', 'url']
    >>> resolution = archive[archive["date"] == "2012-10-12"].iloc[0]
    >>> resolution["tags"]
    ['2012 Northern Mali conflict', 'United Nations Security Council', 'Military of Mali', 'Mali',
     'Islamism']
    """
    return check_events(pd.DataFrame(_lines_of(_EVENTS)), source="the bundled sample")


def load_sample_links() -> pd.DataFrame:
    """Return the bundled links between the sample's events.

    Returns
    -------
    pandas.DataFrame
        One row a link: `id`, `related_id`, `rank` (from 1 within an id), `as_of` (the day
        beyond which the list knows no event), `shared_tags` (the tags that both events have, in
        the order and spelling of `id`), and `origin`, which says how the list came about:
        "page" (the order of a real page), "story" (the nearest in time of the same story) or
        "shared tags" (most shared tags, then newest). None of them was judged by readers.

    See Also
    --------
    load_sample : the events that the links join.

    Examples
    --------
    >>> links = load_sample_links()
    >>> links.drop_duplicates("id")["origin"].value_counts().to_dict()
    {'story': 39, 'shared tags': 20, 'page': 1}
    """
    rows = [
        {
            "id": line["id"],
            "related_id": related["id"],
            "rank": rank,
            "as_of": line["as_of"],
            "shared_tags": related["shared_tags"],
            "origin": line["origin"],
        }
        for line in _lines_of(_LINKS)
        for rank, related in enumerate(line["related"], start=1)
    ]
    return check_links(pd.DataFrame(rows), [], "the bundled sample's links")


def _lines_of(name: str) -> list[dict[str, Any]]:
    """Read a JSON Lines file of the package's data."""
    text = files("relatedevents").joinpath("data", name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
