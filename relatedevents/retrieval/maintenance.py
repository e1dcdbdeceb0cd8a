"""Maintenance: events added to a fitted archive or removed, and which lists that changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents._util.threads import threads
from relatedevents.archive.changes import with_events_added
from relatedevents.encoders import Encoder
from relatedevents.errors import InputError
from relatedevents.features.tags import TagSpace
from relatedevents.index.index import Index
from relatedevents.index.numbering import Positions, Rows
from relatedevents.index.update import IndexUpdate, update_index
from relatedevents.retrieval.filters import read_choice
from relatedevents.retrieval.fitted import Fitted
from relatedevents.retrieval.list_cache import ListCache
from relatedevents.retrieval.retriever import Retriever
from relatedevents.retrieval.update import IncrementalTopK, ListChange, Update


@dataclass(frozen=True)
class Maintained:
    """An archive after an update.

    Attributes
    ----------
    fitted : Fitted
        The archive now.
    changed : list of str
        The ids whose lists changed, in the archive's order.
    report : Update
        What was done.
    """

    fitted: Fitted
    changed: list[str]
    report: Update


def add_events(
    retriever: Retriever,
    events: pd.DataFrame,
    on_existing: str,
    encoder: Encoder,
    cache_dir: str | os.PathLike[str] | None,
) -> Maintained:
    """Add checked events under the statistics of the fit; see `RelatedEvents.update`."""
    index, weights = retriever.index, retriever.setup.weights
    table, replaced = with_events_added(index.table, events, on_existing)
    before = retriever.lists_before_update()
    position_now = np.arange(len(index))
    position_now[replaced] = -1
    n_threads = threads(retriever.setup.n_threads)
    change = update_index(index, table, position_now, weights, encoder, cache_dir, n_threads)
    report = Update(len(table) - len(index), len(replaced), removed=0)
    return _lists_updated(retriever, change, before, report)


def refit(
    retriever: Retriever,
    events: pd.DataFrame,
    on_existing: str,
    encoder: Encoder,
    build: Callable[[pd.DataFrame, Encoder], Index],
) -> Maintained:
    """Add checked events, and learn vocabulary and weights anew from the grown archive."""
    index = retriever.index
    table, replaced = with_events_added(index.table, events, on_existing)
    before = retriever.lists_before_update()
    anew = replace(build(table, encoder), version=index.version + 1)
    position_before = np.append(np.arange(len(index)), np.full(len(table) - len(index), -1))
    position_before[replaced] = -1
    source = position_before[anew.order]
    source[source >= 0] = index.rows(Positions(source[source >= 0]))
    renamed = np.array(_renamed(index.tag_space, anew.tag_space), dtype=np.int64)
    change = IndexUpdate(anew, source, renamed, same_order=False)
    report = Update(len(table) - len(index), len(replaced), removed=0)
    return _lists_updated(retriever, change, before, report)


def _renamed(before: TagSpace, now: TagSpace) -> list[int]:
    """Return the columns now of tags that are spelt differently now."""
    known = dict(zip(before.keys, before.names, strict=True))
    tags = enumerate(zip(now.keys, now.names, strict=True))
    return [column for column, (key, name) in tags if known.get(key, name) != name]


def remove_events(retriever: Retriever, ids: object) -> Maintained:
    """Take events out under the statistics of the fit; see `RelatedEvents.remove`."""
    index = retriever.index
    if ids is None or isinstance(ids, Mapping):
        raise InputError(problem("ids", f"got {shown(ids)}", "a list of ids"))
    removed = index.positions(Rows(read_choice("ids", ids, index.ids).everywhere))
    if len(removed) == len(index):
        came = f"names all {len(index)} events"
        raise InputError(problem("ids", came, "fewer events than the archive has"))
    stays = np.ones(len(index), dtype=np.bool_)
    stays[removed] = False
    position_now = np.where(stays, np.cumsum(stays) - 1, -1)
    before = retriever.lists_before_update()
    table = index.table[stays].reset_index(drop=True)
    n_threads = threads(retriever.setup.n_threads)
    change = update_index(index, table, position_now, retriever.setup.weights, n_threads=n_threads)
    return _lists_updated(retriever, change, before, Update(0, 0, len(removed)))


def _lists_updated(
    retriever: Retriever, change: IndexUpdate, before: ListCache, report: Update
) -> Maintained:
    fitted = replace(retriever.fitted, index=change.index, engines={}, lists=None)
    weights, lists = retriever.setup.weights, ListChange.of(change, before)
    if lists.whole(weights, retriever.setup.engine_for(len(change.index))):
        now = replace(retriever, fitted=fitted).all_lists(before.n)
        report = replace(report, whole=True, searched=len(change.index))
    else:
        engine = fitted.engine(retriever.setup)
        now, searched, merged = IncrementalTopK(change, engine, weights).run(lists)
        report = replace(report, searched=searched, merged=merged)
        fitted.lists = now
    changed = np.sort(change.index.positions(Rows(np.flatnonzero(lists.changed(now)))))
    ids: list[str] = change.index.table["id"].iloc[changed].tolist()
    return Maintained(fitted, ids, replace(report, changed=len(ids)))
