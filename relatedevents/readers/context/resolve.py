"""Page paths -> ids: which event of an archive a page of the Context is about."""

from __future__ import annotations

from collections import defaultdict
from difflib import SequenceMatcher

import pandas as pd

from relatedevents._util.slugs import page_slug
from relatedevents.archive import day_of, days_of
from relatedevents.readers.context import split_path

_SHORTEST_RUN = 4
_ENOUGH = 0.6


def common_slug(first: str, second: str) -> float:
    """Return the share of the shorter slug that the two have in common, from 0 to 1.

    Only runs of four characters and more count, in their order. So a story's name that one of
    them has in front, or an accent that one of them spells otherwise, costs only itself.

    Examples
    --------
    >>> common_slug("mali-the-army-retakes-gao", "the-army-retakes-gao")
    1.0
    >>> common_slug("town-of-la-c-ra-c-near-mali", "town-of-lere-near-mali") > 0.7
    True
    >>> common_slug("abc", "xyz")
    0.0
    """
    shorter = min(len(first), len(second))
    if shorter == 0:
        return 0.0
    if first == second:
        return 1.0
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    least = min(_SHORTEST_RUN, shorter)
    return sum(block.size for block in blocks if block.size >= least) / shorter


class PathResolver:
    """Finds the event of a page path by its day and the longest common slug.

    Parameters
    ----------
    archive : pandas.DataFrame
        The checked table.
    """

    def __init__(self, archive: pd.DataFrame) -> None:
        self._ids: list[str] = archive["id"].tolist()
        self._known = set(self._ids)
        self._headlines: list[str] = archive["headline"].tolist()
        self._rows_of_day: dict[int, list[int]] = defaultdict(list)
        for row, day in enumerate(days_of(archive["date"]).tolist()):
            self._rows_of_day[day].append(row)

    def id_of(self, path: str) -> str | None:
        """Return the id of the event that `path` names, or None if none is alike enough.

        A path that is an id itself is that id. Of two events of one day that are equally
        alike, the path could mean either: then it is None too.
        """
        if path in self._known:
            return path
        parts = split_path(path)
        if parts is None:
            return None
        day, slug = day_of(parts[0]), parts[1]
        scored = sorted(
            (
                (common_slug(slug, page_slug(self._headlines[row])), row)
                for row in self._rows_of_day.get(day, [])
            ),
            reverse=True,
        )
        if not scored or scored[0][0] < _ENOUGH:
            return None
        if len(scored) > 1 and scored[1][0] == scored[0][0]:
            return None
        return self._ids[scored[0][1]]
