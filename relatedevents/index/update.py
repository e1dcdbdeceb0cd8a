"""Index update: an index with events added or taken away, under the statistics of its fit.

Encoder, vocabulary and weights of known tags and words stay those of the fit, as do the topics
and the day from which recency counts. Tags, words and categories that the fit did not know are
added, tags and words with the weight of an unknown one; headlines of the fit keep their vectors,
so a word that the fit left out, because a single headline had it, joins later headlines alone.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._util.checks import problem
from relatedevents.archive import UNDATED, days_of
from relatedevents.encoders import Encoder, encode_headlines
from relatedevents.errors import InputError
from relatedevents.features.topics import TopicSpace
from relatedevents.index.index import CATEGORY_COLUMN, Index, tie_order
from relatedevents.scoring.signals import Features
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
    grown, respelt = _grown(
        index, table, order, source, table.iloc[order[fresh]], encoder, cache_dir, n_threads
    )
    same_order = bool((np.diff(source[~came[order]]) > 0).all())
    source[fresh] = -1
    return IndexUpdate(grown, source, respelt, same_order)


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


def _grown(
    index: Index,
    table: pd.DataFrame,
    order: Rows,
    source: Rows,
    came: pd.DataFrame,
    encoder: Encoder | None,
    cache_dir: str | os.PathLike[str] | None,
    n_threads: int,
) -> tuple[Index, Rows]:
    features, runs = index.features, _runs(source, len(index))
    with ThreadPoolExecutor(n_threads) as pool:
        # The largest arrays are copied while the events that came are looked at: copying lets
        # other threads work.
        copies = {
            name: pool.submit(_spread, getattr(features, name), runs)
            for name in ("vectors", "topics")
        }
        tags = came["tags"].tolist()
        headlines = came["headline"].tolist()
        vectors = _vectors(features, headlines, encoder, cache_dir)
        word_space, word_columns = index.word_space.grown(headlines)
        words = word_space.transform(headlines)
        new_words = pool.submit(_gather_csr, features.words, word_columns, words, runs)
        stays = np.zeros(len(index), dtype=np.bool_)
        stays[source[source < len(index)]] = True
        later = _have_later_tags(index) & stays
        known_tags = index.table["tags"].to_numpy(dtype=object)[index.order[later]].tolist()
        tag_space, tag_columns, respelt = index.tag_space.grown(known_tags + tags)
        topic_space = index.topic_space
        if len(tag_space.keys) > len(tag_columns):
            topic_space = topic_space.grown(tag_columns, len(tag_space.keys))
        new_tags = tag_space.transform(tags)
        categories = _categories(came)
        category_space, codes = index.category_space.grown(categories)
        moved_codes = codes[features.categories].astype(np.int32)
        new_rows = {
            "vectors": vectors,
            "topics": _topics(topic_space, new_tags.weights, features),
        }
        grown = Features(
            tags=_gather_csr(features.tags, tag_columns, new_tags.weights, runs),
            tag_counts=_gather(features.tag_counts, new_tags.counts, runs),
            categories=_gather(moved_codes, category_space.transform(categories), runs),
            likeness=category_space.likeness,
            days=_gather(features.days, days_of(came["date"]), runs),
            newest=features.newest,
            words=new_words.result(),
            **{name: copy.result() for name, copy in copies.items()},
        )
    came_to = np.flatnonzero(source >= len(index))
    for name, rows in new_rows.items():
        getattr(grown, name)[came_to] = rows
    return (
        replace(
            index,
            table=table,
            order=order,
            features=grown,
            tag_space=tag_space,
            word_space=word_space,
            topic_space=topic_space,
            category_space=category_space,
            version=index.version + 1,
        ),
        np.array(respelt, dtype=np.int64),
    )


def _have_later_tags(index: Index) -> npt.NDArray[np.bool_]:
    matrix = index.features.tags
    entries = np.flatnonzero(index.tag_space.came_later[matrix.indices])
    have = np.zeros(len(index), dtype=np.bool_)
    have[np.searchsorted(matrix.indptr, entries, side="right") - 1] = True
    return have


def _vectors(
    features: Features,
    headlines: list[str],
    encoder: Encoder | None,
    cache_dir: str | os.PathLike[str] | None,
) -> npt.NDArray[np.float32]:
    width = features.vectors.shape[1]
    if not headlines or encoder is None:
        return np.zeros((0, width), dtype=np.float32)
    vectors = encode_headlines(encoder, headlines, cache_dir=cache_dir)
    if vectors.shape[1] != width:
        came = f"vectors of {vectors.shape[1]} numbers, the archive's have {width}"
        todo = "Fit again with this encoder."
        raise InputError(problem("encoder", came, "the encoder of the fit", todo))
    return vectors


def _topics(
    space: TopicSpace, tags: sparse.csr_matrix, features: Features
) -> npt.NDArray[np.float32]:
    if not tags.shape[0]:
        return np.zeros((0, features.topics.shape[1]), dtype=np.float32)
    return space.transform(tags)


def _categories(came: pd.DataFrame) -> list[object]:
    if CATEGORY_COLUMN not in came.columns:
        return [None] * len(came)
    return list(came[CATEGORY_COLUMN].to_numpy(dtype=object))


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
