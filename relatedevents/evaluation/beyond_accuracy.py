"""What lists are like apart from agreement with links: reach, balance, time, repetition.

None of these metrics says that a list is good. They show what agreement hides: that half the
archive is never linked, that every list holds the same ten events, or ten copies of one.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from relatedevents._util.checks import check_count, check_number, problem, shown, some_of
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import Run, check_run, label_set

# A vector's cosine with its own copy may fall short of 1 by this much in single precision.
_ROUNDING = 1e-6

Ints: TypeAlias = NDArray[np.intp]
Floats: TypeAlias = NDArray[np.float64]
Labels: TypeAlias = Sequence[object] | Mapping[str, object]

BEYOND_ACCURACY: dict[str, str] = {
    "lists": "How many lists there are.",
    "short_lists": "The share of lists with fewer than the {n} events asked for.",
    "empty_lists": "The share of lists with no event at all.",
    "coverage": "The share of the catalogue's events that stand in at least one list; a run of "
    "few lists can't reach many.",
    "never_linked": "How many of the catalogue's events no list links to: a reader who only "
    "follows links never meets them.",
    "gini": "How unevenly links point at the catalogue's events: 0 if all get the same number, "
    "near 1 if a few get nearly all.",
    "mutual": "The share of links that the other event's list returns, among links between two "
    "events that both have a list.",
    "days_apart": "The median number of days between an event and one linked to it.",
    "days_spread": "The mean number of days between the oldest and the newest event of one list, "
    "over lists with two dated events or more.",
    "near_duplicates": "The share of listed events that are nearly the same as the event whose "
    "list it is, or as one further up in the same list.",
    "same_story": "The share of links within one story, among links whose two events both have a "
    "story.",
}


@dataclass(frozen=True)
class _Edges:
    """All links of a run as rows of the catalogue, list after list.

    Attributes
    ----------
    query, related : numpy.ndarray of int, shape (links,)
        The two ends of every link.
    list_number : numpy.ndarray of int, shape (links,)
        The number of the list that holds it.
    lengths, rows_of_lists : numpy.ndarray of int, shape (lists,)
        How many links each list has, and whose list it is.
    """

    query: Ints
    related: Ints
    list_number: Ints
    lengths: Ints
    rows_of_lists: Ints


def describe_lists(
    run: Run,
    catalogue: Sequence[str],
    *,
    n: int = 10,
    days: ArrayLike | Mapping[str, float | None] | None = None,
    stories: Labels | None = None,
    duplicate_keys: Labels | None = None,
    vectors: ArrayLike | None = None,
    near: float = 0.95,
) -> pd.DataFrame:
    """Describe a run apart from links.

    Parameters
    ----------
    run : mapping of str to sequence of str
        The list of every query, best first; queries and related events are in the catalogue.
    catalogue : sequence of str
        The ids of all events that could be listed.
    n : int
        How many events each list was asked for.
    days : array of numbers, shape (events,), or mapping of str to number, optional
        The day number of each event, in the catalogue's order or by id; NaN or None is undated.
    stories : sequence or mapping, optional
        The story of each event: a label, a set or list of labels, or None.
    duplicate_keys : sequence or mapping, optional
        A key that near duplicates share, or None. Give this or `vectors`.
    vectors : array of float, shape (events, d), optional
        A vector of each event, in the catalogue's order, of any length; a zero row is like none.
    near : float
        The cosine from which two vectors count as near duplicates.

    Returns
    -------
    pandas.DataFrame
        One row a metric of `BEYOND_ACCURACY` that the given data allow, columns `value`, `cases`
        (how many lists, events or links it rests on) and `words`; NaN without any case.

    Raises
    ------
    InputError
        Ids that the catalogue lacks, doubled ids there, arrays of another length.

    Examples
    --------
    >>> found = describe_lists({"a": ["b", "c"], "b": ["a"]}, ["a", "b", "c", "d"], n=2)
    >>> found["value"]
    metric
    lists           2.00
    short_lists     0.50
    empty_lists     0.00
    coverage        0.75
    never_linked    1.00
    gini            0.25
    mutual          1.00
    Name: value, dtype: float64
    """
    n = check_count("n", n)
    near = check_number("near", near, 0.0, 1.0, above=True)
    row_of = _number(catalogue)
    edges = _edges(check_run(run), row_of)
    if duplicate_keys is not None and vectors is not None:
        came, allowed = "got keys and vectors", "one of duplicate_keys and vectors"
        raise InputError(problem("duplicate_keys", came, allowed))
    in_degree = np.bincount(edges.related, minlength=len(row_of))
    metrics: dict[str, tuple[float, int]] = {
        "lists": (float(len(edges.lengths)), len(edges.lengths)),
        "short_lists": _summary(edges.lengths < n),
        "empty_lists": _summary(edges.lengths == 0),
        "coverage": _summary(in_degree > 0),
        "never_linked": (float((in_degree == 0).sum()), len(row_of)),
        "gini": (gini(in_degree), len(row_of)),
        "mutual": _mutual(edges, len(row_of)),
    }
    if days is not None:
        of_event = _day_array(days, row_of)
        gaps = np.abs(of_event[edges.query] - of_event[edges.related])
        metrics["days_apart"] = _summary(gaps[~np.isnan(gaps)], np.median)
        metrics["days_spread"] = _days_spread(edges, of_event)
    if duplicate_keys is not None:
        keys = _aligned("duplicate_keys", duplicate_keys, row_of)
        metrics["near_duplicates"] = _repeated_keys(edges, keys)
    if vectors is not None:
        metrics["near_duplicates"] = _near_vectors(edges, _unit(vectors, len(row_of)), near)
    if stories is not None:
        metrics["same_story"] = _same_story(edges, _aligned("stories", stories, row_of))
    table = pd.DataFrame.from_dict(metrics, orient="index", columns=["value", "cases"])
    table["words"] = [BEYOND_ACCURACY[metric].replace("{n}", str(n)) for metric in table.index]
    return table.rename_axis("metric")


def gini(counts: ArrayLike) -> float:
    """Return Gini's coefficient of counts that are not negative.

    The mean absolute difference of all pairs over twice the mean, by way of sorted counts
    x_1 <= ... <= x_m: sum of (2 i - m - 1) x_i over m times their sum.

    Parameters
    ----------
    counts : array of numbers, shape (m,)
        How often each event is linked to.

    Returns
    -------
    float
        0 if all are equal, (m - 1) / m if one has everything; NaN if there is nothing.

    Examples
    --------
    >>> gini([0, 0, 0, 8])
    0.75
    """
    ordered = np.sort(np.asarray(counts, dtype=np.float64))
    m, total = len(ordered), ordered.sum()
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, m + 1) - m - 1) @ ordered / (m * total))


def _number(catalogue: Sequence[str]) -> dict[str, int]:
    if isinstance(catalogue, str) or len(catalogue) == 0:
        came = f"got {shown(catalogue)}"
        raise InputError(problem("catalogue", came, "the ids of all events"))
    row_of = {event_id: row for row, event_id in enumerate(catalogue)}
    if len(row_of) != len(catalogue):
        doubled = len(catalogue) - len(row_of)
        raise InputError(problem("catalogue", f"{doubled} ids come twice", "every id once"))
    return row_of


def _edges(run: dict[str, list[str]], row_of: dict[str, int]) -> _Edges:
    listed = [related_id for ids in run.values() for related_id in ids]
    unknown = list(dict.fromkeys(c for c in [*run, *listed] if c not in row_of))
    if unknown:
        came = f"{len(unknown)} ids are not in the catalogue: {some_of(unknown)}"
        raise InputError(problem("run", came, "ids of the catalogue"))
    lengths = np.array([len(ids) for ids in run.values()], dtype=np.intp)
    rows_of_lists = np.array([row_of[query] for query in run], dtype=np.intp)
    related = np.array([row_of[c] for c in listed], dtype=np.intp)
    list_number = np.repeat(np.arange(len(run)), lengths)
    return _Edges(rows_of_lists[list_number], related, list_number, lengths, rows_of_lists)


def _mutual(edges: _Edges, n_events: int) -> tuple[float, int]:
    links = edges.query * n_events + edges.related
    reversed_links = edges.related * n_events + edges.query
    both_have_lists = np.isin(edges.related, edges.rows_of_lists)
    return _summary(np.isin(reversed_links[both_have_lists], links))


def _days_spread(edges: _Edges, days: Floats) -> tuple[float, int]:
    dated = pd.Series(days[edges.related]).groupby(edges.list_number).agg(["min", "max", "count"])
    dated = dated[dated["count"] >= 2]
    return _summary((dated["max"] - dated["min"]).to_numpy())


def _repeated_keys(edges: _Edges, keys: list[object]) -> tuple[float, int]:
    codes = pd.factorize(pd.Series(keys, dtype=object))[0]
    listed = pd.DataFrame({"list": edges.list_number, "key": codes[edges.related]})
    has_key = listed["key"].to_numpy() >= 0
    like_above = listed.duplicated().to_numpy()
    like_query = codes[edges.query] == codes[edges.related]
    return _summary(has_key & (like_above | like_query))


def _near_vectors(edges: _Edges, unit: NDArray[np.floating], near: float) -> tuple[float, int]:
    repeated = np.zeros(len(edges.related), dtype=bool)
    start = 0
    for query, length in zip(edges.rows_of_lists, edges.lengths, strict=True):
        rows = np.concatenate(([query], edges.related[start : start + length]))
        cosines = unit[rows] @ unit[rows].T
        # Row i of the strict lower triangle holds the query and the events further up.
        below = np.tril(cosines, -1) >= near - _ROUNDING
        repeated[start : start + length] = np.any(below, axis=1)[1:]
        start += length
    return _summary(repeated)


def _same_story(edges: _Edges, stories: list[object]) -> tuple[float, int]:
    labels = [label_set(story) for story in stories]
    pairs = zip(edges.query.tolist(), edges.related.tolist(), strict=True)
    same = [not labels[q].isdisjoint(labels[c]) for q, c in pairs if labels[q] and labels[c]]
    return _summary(np.array(same, dtype=bool))


def _summary(
    cases: NDArray[Any], statistic: Callable[[NDArray[Any]], Any] = np.mean
) -> tuple[float, int]:
    """Return the mean (a share, of truth values) or another statistic, and how many cases."""
    return (float(statistic(cases)) if len(cases) else float("nan")), len(cases)


def _aligned(name: str, values: Labels, row_of: dict[str, int]) -> list[object]:
    """Return one value an event, in the catalogue's order; ids that a mapping lacks get None."""
    if isinstance(values, Mapping):
        unknown = [event_id for event_id in values if event_id not in row_of]
        if len(unknown) == len(values):
            came = f"none of its {len(values)} ids is in the catalogue: {some_of(unknown)}"
            raise InputError(problem(name, came, "ids of the catalogue"))
        return [values.get(event_id) for event_id in row_of]
    if len(values) != len(row_of):
        came = f"got {len(values)} values for {len(row_of)} events"
        raise InputError(problem(name, came, "one for each event, in the catalogue's order"))
    return list(values)


def _day_array(days: ArrayLike | Mapping[str, float | None], row_of: dict[str, int]) -> Floats:
    values = days if isinstance(days, Mapping) else list(np.asarray(days))
    aligned = _aligned("days", values, row_of)
    odd = [day for day in aligned if not (day is None or isinstance(day, numbers.Real))]
    if odd:
        allowed = "day numbers, NaN or None where there is no date"
        raise InputError(problem("days", f"got {shown(odd[0])}", allowed))
    return np.array(aligned, dtype=np.float64)


def _unit(vectors: ArrayLike, n_events: int) -> NDArray[np.floating]:
    matrix = np.asarray(vectors)
    matrix = matrix.astype(np.result_type(matrix, np.float32), copy=False)
    if matrix.ndim != 2 or len(matrix) != n_events or not np.isfinite(matrix).all():
        came = f"got an array of shape {matrix.shape}"
        if matrix.ndim == 2 and len(matrix) == n_events:
            came = "some values are not finite"
        allowed = f"finite numbers, one row for each of the {n_events} events"
        raise InputError(problem("vectors", came, allowed))
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    lengths[lengths == 0.0] = 1.0
    unit: NDArray[np.floating] = matrix / lengths
    return unit
