"""Index update: an index with events added or taken away, under the statistics of its fit.

Encoder, vocabulary and weights of known tags and words stay those of the fit, as do the topics
and the day from which recency counts. Tags, words and categories that the fit did not know are
added, tags and words with the weight of an unknown one; headlines of the fit keep their vectors,
so a word that the fit left out, because a single headline had it, joins later headlines alone.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents.archive import UNDATED, days_of
from relatedevents.encoders import Encoder
from relatedevents.features.series import series_keys
from relatedevents.index.index import Index, transformed, values_of
from relatedevents.index.order import tie_order
from relatedevents.signals.base import Extension, Stayed
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.register import in_fit_order
from relatedevents.weights import Weights

Rows = npt.NDArray[np.int64]
_Array = TypeVar("_Array", bound=npt.NDArray[Any])
_Run = tuple[int, int, bool]
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True)
class IndexUpdate:
    """An index after a change, and where its rows went.

    Attributes
    ----------
    index : Index
        The index now.
    source : numpy.ndarray of int64, shape (n_events,)
        The row before of each row now, -1 for one that was added.
    renamed_tags : numpy.ndarray of int64
        Columns of tags that are spelt differently now.
    same_order : bool
        Whether the events that stayed stand in the same order among equal scores.
    """

    index: Index
    source: Rows
    renamed_tags: Rows
    same_order: bool


def update_index(
    index: Index,
    table: pd.DataFrame,
    place_now: Rows,
    weights: Weights,
    encoder: Encoder | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    n_threads: int = 1,
) -> IndexUpdate:
    """Return the index of a changed table.

    Parameters
    ----------
    index : Index
        The index so far.
    table : pandas.DataFrame
        The checked archive now.
    place_now : numpy.ndarray of int64, shape (n_events,)
        The place in `table` of each event of the index's table, -1 for one that went or was
        replaced; places that are not named are those of events that came.
    weights : Weights
        Read for its tie-break alone.
    encoder : Encoder, optional
        The encoder of the fit; not needed if no event came.
    cache_dir : path, optional
        Where vectors are kept.
    n_threads : int
        How many arrays to copy at once.
    """
    came = np.ones(len(table), dtype=np.bool_)
    came[place_now[place_now >= 0]] = False
    stayed = np.flatnonzero(place_now[index.order] >= 0)
    order_of_stayed = place_now[index.order[stayed]]
    if weights.tie_break == "date":
        order = _inserted(index, table, stayed, order_of_stayed, np.flatnonzero(came))
    else:
        order = tie_order(table, weights)
    fresh = np.flatnonzero(came[order])
    # For each row now: its row before, or beyond them the number of the event that came.
    source = np.empty(len(order), dtype=np.int64)
    row_before = np.empty(len(table), dtype=np.int64)
    row_before[order_of_stayed] = stayed
    source[~came[order]] = row_before[order[~came[order]]]
    source[fresh] = len(index) + np.arange(len(fresh))

    def encode(headlines: list[str]) -> npt.NDArray[np.float32]:
        if not headlines or encoder is None:
            return np.zeros((0, index.features.vectors.shape[1]), dtype=np.float32)
        return index.encoded(encoder, headlines, cache_dir)

    updated, renamed = _updated(index, table, order, source, encode, n_threads)
    keys = np.append(index.series_keys, series_keys(values_of(table, order[fresh])("headline")))
    updated = replace(updated, series_keys=keys[source])
    same_order = bool((np.diff(source[~came[order]]) > 0).all())
    source[fresh] = -1
    return IndexUpdate(updated, source, np.array(renamed, dtype=np.int64), same_order)


def _inserted(
    index: Index, table: pd.DataFrame, stayed: Rows, order_of_stayed: Rows, came: Rows
) -> Rows:
    """Return `tie_order` of the table by date, for events whose order is known and a few more."""
    nobody = np.zeros(0, dtype=np.int64)
    days = days_of(table["date"].iloc[came]).astype(np.int64)
    age = np.where(days == UNDATED, np.iinfo(np.int64).max, -days)
    ids = table["id"].iloc[came].tolist()
    sequence = sorted(range(len(came)), key=lambda number: (age[number], ids[number]))
    days_before = index.features.days[stayed].astype(np.int64)
    age_before = np.where(days_before == UNDATED, np.iinfo(np.int64).max, -days_before)
    # The ids of their days alone, read at once: those of everyone take longer than all the rest.
    firsts, lasts = (np.searchsorted(age_before, np.unique(age), side) for side in _SIDES)
    beside = np.concatenate([nobody, *map(np.arange, firsts, lasts)])
    places = index.order[stayed[beside]]
    ids_beside = index.table["id"].iloc[places].tolist()
    at = []
    for number in sequence:
        first, last = (int(np.searchsorted(age_before[beside], age[number], s)) for s in _SIDES)
        within = bisect_left(ids_beside, ids[number], first, last) - first
        at.append(int(np.searchsorted(age_before, age[number])) + within)
    return np.insert(order_of_stayed, at, came[sequence])


def _updated(
    index: Index,
    table: pd.DataFrame,
    order: Rows,
    source: Rows,
    encode: Callable[[list[str]], npt.NDArray[np.float32]],
    n_threads: int,
) -> tuple[Index, list[int]]:
    """Return the index of a changed table, and the columns of tags that are spelt anew."""
    before, runs = index.features, _runs(source, len(index))
    added = order[source >= len(index)]
    stays = np.zeros(len(index), dtype=np.bool_)
    stays[source[source < len(index)]] = True

    def old_values(name: str, rows: Rows) -> list[Any]:
        cells: list[Any] = values_of(index.table, index.order[rows])(name)
        return cells

    days = days_of(table["date"].iloc[added])
    events = Events(days, values_of(table, added), encode, None, np.arange(len(added)))
    stayed = Stayed(before, stays, old_values)
    # A signal that was taken out of the register leaves its columns here.
    known = {name for signal in in_fit_order() for name in signal.columns}
    with ThreadPoolExecutor(n_threads) as pool:
        # The largest arrays are copied while the events that came are looked at: copying lets
        # other threads work.
        copies = {
            name: pool.submit(_spread, column, runs)
            for name, column in before.columns.items()
            if name in known and not sparse.issparse(column) and column.ndim == 2
        }
        extensions: dict[str, Extension] = {}
        for signal in in_fit_order():
            if signal.name in before.spaces:
                extensions[signal.name] = signal.extend(events, stayed, extensions)
        spaces = {name: extension.space for name, extension in extensions.items()}
        new = transformed(events, replace(before, spaces=spaces))
        numbers: dict[str, Rows] = {}
        for extension in extensions.values():
            numbers.update(extension.renumbered)
        columns: dict[str, Column] = {}
        for name, column in before.columns.items():
            if name not in known:
                continue
            if name in copies:
                columns[name] = copies[name].result()
                columns[name][np.flatnonzero(source >= len(index))] = new.columns[name]
            elif sparse.issparse(column):
                moved = numbers.get(name, np.arange(column.shape[1]))
                columns[name] = _gather_csr(column, moved, new.csr(name), runs)
            else:
                moved = numbers[name][column].astype(column.dtype) if name in numbers else column
                columns[name] = _gather(moved, new.dense(name), runs)
    features = Features(columns, spaces, _gather(before.days, days, runs), before.newest)
    updated = replace(index, table=table, order=order, features=features, version=index.version + 1)
    # Lists show tags alone, not the names of another signal.
    return updated, list(extensions["tags"].renamed_tags)


def _runs(source: Rows, n_before: int) -> list[_Run]:
    """Return the stretches of `source` that lie side by side: first, last + 1, whether before."""
    if not len(source):
        return []
    breaks = np.flatnonzero((np.diff(source) != 1) | (source[1:] == n_before)) + 1
    firsts = source[np.concatenate([[0], breaks])]
    lengths = np.diff(np.concatenate([[0], breaks, [len(source)]]))
    return [
        (first, first + length, True)
        if first < n_before
        else (first - n_before, first - n_before + length, False)
        for first, length in zip(firsts.tolist(), lengths.tolist(), strict=True)
    ]


def _spread(before: _Array, runs: list[_Run]) -> _Array:
    """Return the rows of an array where they lie now, with room for those that came."""
    n_rows = sum(last - first for first, last, _ in runs)
    after = np.empty((n_rows, *before.shape[1:]), dtype=before.dtype)
    at = 0
    for first, last, old in runs:
        if old:
            after[at : at + last - first] = before[first:last]
        at += last - first
    return cast(_Array, after)


def _gather(before: _Array, new: _Array, runs: list[_Run]) -> _Array:
    """Return the rows of two arrays in one, each copied once."""
    pieces = [(before if old else new)[first:last] for first, last, old in runs]
    return cast(_Array, np.concatenate([before[:0], *pieces]))


def _gather_csr(
    before: sparse.csr_matrix, columns: Rows, new: sparse.csr_matrix, runs: list[_Run]
) -> sparse.csr_matrix:
    """Return the rows of two matrices in one, the columns of the first one moved."""
    moved = before.indices
    if new.shape[1] > len(columns):
        moved = columns.astype(np.int32)[before.indices]
    lengths = _gather(np.diff(before.indptr), np.diff(new.indptr), runs)
    indptr = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    data, indices = [before.data[:0]], [moved[:0]]
    for first, last, old in runs:
        starts = (before if old else new).indptr
        here = slice(int(starts[first]), int(starts[last]))
        data.append((before if old else new).data[here])
        indices.append((moved if old else new.indices)[here])
    return sparse.csr_matrix(
        (np.concatenate(data), np.concatenate(indices).astype(np.int32, copy=False), indptr),
        shape=(len(lengths), new.shape[1]),
    )
