"""Hugo's Related Content, worked out anew from its documentation and its described behaviour.

Sources: "Configure related content" (gohugo.io/configuration/related-content) for the settings
and their meaning, "Related content" (gohugo.io/content-management/related-content) for the use,
and the reference of Go's package github.com/gohugoio/hugo/related for the scoring.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._baselines.rows import EXCLUDED, OrderedArchive, Rows, Scorer, Scores
from relatedevents._util.checks import check_count, problem, shown
from relatedevents.errors import InputError
from relatedevents.retrieval.filters import ANY_DAY

_PATTERN_PARTS = {"2006": "%Y", "01": "%m", "02": "%d"}


def _check_percent(name: str, value: object) -> None:
    if check_count(name, value, 0) > 100:
        raise InputError(problem(name, f"got {shown(value)}", "a whole number from 0 to 100"))


def _layout(pattern: object) -> str:
    """Return Go's date layout as one of strftime's."""
    layout = pattern if isinstance(pattern, str) else ""
    for part, code in _PATTERN_PARTS.items():
        layout = layout.replace(part, code)
    rest = layout
    for code in _PATTERN_PARTS.values():
        rest = rest.replace(code, "", 1)
    if rest == layout or rest.strip("-/. "):
        allowed = '"2006", "01" and "02" (year, month, day), each once, and "-", "/", "." or " "'
        raise InputError(problem("HugoIndex.pattern", f"got {shown(pattern)}", allowed))
    return layout


@dataclass(frozen=True)
class HugoIndex:
    """One of Hugo's indices: a column, its weight, and how its cells become keywords.

    Parameters
    ----------
    name : str
        The archive's column: "tags", "date", or any other of texts or lists of texts.
    weight : int
        What one shared keyword adds; 0 turns the index off, below 0 it takes away.
    pattern : str
        For dates, in Go's layout: "2006" for the same year, "200601" for the same month,
        "20060102" for the same day; between the parts "-", "/", "." or a blank.
    to_lower : bool
        Whether keywords are compared in lower case.
    cardinality_threshold : int
        Percent: keywords that more than this share of the index's documents have are dropped;
        0 drops none.

    Raises
    ------
    InputError
        If a setting is outside what Hugo's documentation allows.
    """

    name: str
    weight: int
    pattern: str = "2006"
    to_lower: bool = False
    cardinality_threshold: int = 0

    def __post_init__(self) -> None:
        where = f"HugoIndex({shown(self.name)})"
        if not isinstance(self.weight, int) or isinstance(self.weight, bool):
            came = f"got {shown(self.weight)}"
            raise InputError(problem(f"{where}.weight", came, "a whole number"))
        _check_percent(f"{where}.cardinality_threshold", self.cardinality_threshold)
        _layout(self.pattern)


@dataclass(frozen=True)
class HugoConfig:
    """Hugo's settings for related content.

    The default is Hugo's own, with the archive's tags in the place of its `keywords`.

    Parameters
    ----------
    threshold : int
        From 0 to 100: how good a match has to be, see `hugo_scorer`.
    include_newer : bool
        Whether a list may hold events newer than its own event.
    to_lower : bool
        Whether every index compares in lower case.
    indices : tuple of HugoIndex
        What is compared.

    Raises
    ------
    InputError
        If a setting is outside what Hugo's documentation allows, or no index has a weight.

    Examples
    --------
    >>> HugoConfig().indices[0].weight
    100
    """

    threshold: int = 80
    include_newer: bool = False
    to_lower: bool = False
    indices: tuple[HugoIndex, ...] = (HugoIndex("tags", 100), HugoIndex("date", 10))

    def __post_init__(self) -> None:
        _check_percent("HugoConfig.threshold", self.threshold)
        object.__setattr__(self, "indices", tuple(self.indices))
        names = [index.name for index in self.indices]
        if not any(index.weight for index in self.indices):
            came = "no index has a weight" if names else "got no index"
            allowed = "at least one with a weight other than 0"
            raise InputError(problem("HugoConfig.indices", came, allowed))
        if len(set(names)) < len(names):
            came = f"got the columns {', '.join(names)}"
            raise InputError(problem("HugoConfig.indices", came, "each column once"))


def hugo_scorer(events: OrderedArchive, config: HugoConfig) -> Scorer:
    """Return a scorer that ranks as Hugo's Related Content does.

    - A candidate's weight is the sum, over every keyword that it shares with the query, of the
      weight of the keyword's index; the matches are the number of those keywords.
    - It is kept if the mean weight of its matches, brought to 0..100 by the smallest (or 0) and
      the largest weight of all indices, reaches threshold / matches. Mean and quotient are whole
      numbers, cut towards 0; the norm is rounded half up. So the threshold is no share of the
      best possible score: the more matches, the lower the bar.
    - Lists go by weight, then newer date, then name; here the name is the event's id.
    - Without `include_newer`, candidates dated after a dated query are left out.
    - `cardinality_threshold` drops a keyword if its share of the documents that have any keyword
      in this index, in percent and rounded up, is above it.

    An undated event has no keyword in an index of dates, and is newer than nothing.

    Parameters
    ----------
    events : OrderedArchive
        The archive.
    config : HugoConfig
        The settings.

    Returns
    -------
    callable
        Rows of queries -> float64 weights, shape (n_queries, n_events), `EXCLUDED` where Hugo would
        not list the event.

    Raises
    ------
    InputError
        If an index's column is not in the archive, or holds neither texts, lists of texts nor
        dates.
    """
    used = [index for index in config.indices if index.weight]
    matrices = [
        _keyword_matrix(
            [_keywords(cell, index, config.to_lower) for cell in _column(events.table, index)],
            index.cardinality_threshold,
        )
        for index in used
    ]
    weights = [index.weight for index in config.indices]
    smallest, largest = min(0, *weights), max(0, *weights)

    def score(queries: Rows) -> Scores:
        matches = np.zeros((len(queries), len(events)), dtype=np.int64)
        weight = np.zeros_like(matches)
        for index, matrix in zip(used, matrices, strict=True):
            shared = np.asarray((matrix[queries] @ matrix.T).toarray(), dtype=np.int64)
            matches += shared
            weight += index.weight * shared
        kept = hugo_keeps(weight, matches, config.threshold, smallest, largest)
        if not config.include_newer:
            days = events.days[queries].astype(np.int64)
            dated = np.where(days > ANY_DAY, ANY_DAY, days)
            of_all = np.where(events.days > ANY_DAY, np.iinfo(np.int32).min, events.days)
            kept &= of_all[None, :] <= dated[:, None]
        return np.where(kept, weight.astype(np.float64), EXCLUDED)

    return score


def hugo_keeps(
    weight: npt.NDArray[np.int64],
    matches: npt.NDArray[np.int64],
    threshold: int,
    smallest: int,
    largest: int,
) -> npt.NDArray[np.bool_]:
    """Return which candidates pass Hugo's threshold.

    Parameters
    ----------
    weight, matches : numpy.ndarray of int64
        The candidates' summed weights and numbers of shared keywords.
    threshold : int
        Hugo's setting, 0 to 100.
    smallest, largest : int
        The smallest (at most 0) and the largest (at least 0) weight of all indices.

    Examples
    --------
    One shared tag; the same year alone; a tag and the year, for Hugo's own settings:

    >>> hugo_keeps(np.array([100, 10, 110]), np.array([1, 1, 2]), 80, 0, 100).tolist()
    [True, False, True]
    """
    divisor = np.maximum(matches, 1)
    # Go cuts towards 0 where Python's // goes down.
    mean = np.sign(weight) * (np.abs(weight) // divisor)
    normalised = np.floor((mean - smallest) / (largest - smallest) * 100.0 + 0.5)
    return np.asarray((matches > 0) & (normalised >= threshold // divisor))


def _column(table: pd.DataFrame, index: HugoIndex) -> list[object]:
    if index.name not in table.columns:
        allowed = "one of the archive's columns " + ", ".join(map(repr, table.columns))
        raise InputError(problem("HugoIndex.name", f"got {shown(index.name)}", allowed))
    column = table[index.name]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        layout = _layout(index.pattern)
        # Day by day: an archive has far fewer days than events.
        text_of_day = {day: day.strftime(layout) for day in column.dropna().unique()}
        return [text_of_day.get(day) for day in column]
    return list(column)


def _keywords(cell: object, index: HugoIndex, to_lower: bool) -> list[str]:
    if isinstance(cell, str):
        words = [cell] if cell else []
    elif isinstance(cell, (list, tuple)) and all(isinstance(word, str) for word in cell):
        words = list(cell)
    elif cell is None or cell is pd.NaT or (isinstance(cell, float) and math.isnan(cell)):
        words = []
    else:
        came = f"column {shown(index.name)} holds {shown(cell)}"
        raise InputError(problem("HugoIndex.name", came, "texts, lists of texts, or dates"))
    return [word.lower() for word in words] if to_lower or index.to_lower else words


def _keyword_matrix(keywords: list[list[str]], most_percent: int) -> sparse.csr_matrix:
    """Return how often each event has each keyword; keywords that too many have are dropped."""
    frequency = Counter(word for words in keywords for word in words)
    documents = sum(map(bool, keywords))
    kept = [
        word
        for word, count in sorted(frequency.items())
        if not most_percent or math.ceil(count / documents * 100) <= most_percent
    ]
    column = {word: number for number, word in enumerate(kept)}
    pairs = [
        (r, column[word]) for r, words in enumerate(keywords) for word in words if word in column
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    # Pairs that come several times are added up.
    ones = np.ones(len(pairs), dtype=np.int64)
    return sparse.csr_matrix((ones, (rows, columns)), shape=(len(keywords), len(column)))
