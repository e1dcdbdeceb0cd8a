"""Maintenance: events added to a fitted archive or removed, and which lists that changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
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
from relatedevents.retrieval.options import Asked, read_request
from relatedevents.retrieval.queries import Queries
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
    asked: Asked,
    encoder: Encoder,
    cache_dir: str | os.PathLike[str] | None,
) -> Maintained:
    """Add checked events under the statistics of the fit; see `RelatedEvents.update`."""
    index, weights = retriever.index, retriever.setup.weights
    table, replaced = with_events_added(index.table, events, on_existing)
    position_now = np.arange(len(index))
    position_now[replaced] = -1
    n_threads = threads(retriever.setup.n_threads)
    change = update_index(index, table, position_now, weights, encoder, cache_dir, n_threads)
    report = Update(len(table) - len(index), len(replaced), removed=0)
    return _lists_updated(retriever, change, asked, report)


def refit(
    retriever: Retriever,
    events: pd.DataFrame,
    on_existing: str,
    asked: Asked,
    encoder: Encoder,
    build: Callable[[pd.DataFrame, Encoder], Index],
) -> Maintained:
    """Add checked events, and learn vocabulary and weights anew from the grown archive."""
    index = retriever.index
    table, replaced = with_events_added(index.table, events, on_existing)
    anew = replace(build(table, encoder), version=index.version + 1)
    position_before = np.append(np.arange(len(index)), np.full(len(table) - len(index), -1))
    position_before[replaced] = -1
    source = position_before[anew.order]
    source[source >= 0] = index.rows(Positions(source[source >= 0]))
    renamed = np.array(_renamed(index.tag_space, anew.tag_space), dtype=np.int64)
    change = IndexUpdate(anew, source, renamed, same_order=False)
    report = Update(len(table) - len(index), len(replaced), removed=0)
    return _lists_updated(retriever, change, asked, report)


def _renamed(before: TagSpace, now: TagSpace) -> list[int]:
    """Return the columns now of tags that are spelt differently now."""
    known = dict(zip(before.keys, before.names, strict=True))
    tags = enumerate(zip(now.keys, now.names, strict=True))
    return [column for column, (key, name) in tags if known.get(key, name) != name]


def remove_events(retriever: Retriever, ids: object, asked: Asked) -> Maintained:
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
    table = index.table[stays].reset_index(drop=True)
    n_threads = threads(retriever.setup.n_threads)
    change = update_index(index, table, position_now, retriever.setup.weights, n_threads=n_threads)
    return _lists_updated(retriever, change, asked, Update(0, 0, len(removed)))


def _lists_updated(
    retriever: Retriever, change: IndexUpdate, asked: Asked, report: Update
) -> Maintained:
    """Return the archive after a change of its index, and whose lists changed under the options."""
    fitted = replace(retriever.fitted, index=change.index, engines={}, lists=None, answered=None)
    after, options = replace(retriever, fitted=fitted), asked.options
    if options.plain:
        changed, report = _kept_lists_updated(retriever, after, change, asked.n, report)
    else:
        # Whatever can't be used is told before any list is made.
        everything, n = Queries.of_archive(change.index), asked.n or retriever.setup.n_related
        read_request(change.index, after.calibration, everything, n, options)
        before = retriever.lists_under(n, options.known_to(retriever.index.ids))
        if retriever.fitted.lists is not None:
            _kept_lists_updated(retriever, after, change, None, report)
        changed = ListChange.of(change, before).changed(after.lists_under(n, options))
        report = replace(report, whole=True, searched=len(change.index))
    positions = np.sort(change.index.positions(Rows(np.flatnonzero(changed))))
    ids: list[str] = change.index.table["id"].iloc[positions].tolist()
    return Maintained(fitted, ids, replace(report, changed=len(ids)))


def _kept_lists_updated(
    retriever: Retriever, after: Retriever, change: IndexUpdate, n: int | None, report: Update
) -> tuple[npt.NDArray[np.bool_], Update]:
    """Bring the lists without options up to date; return by row which changed, and what was done.

    With `n` they are as long as that, else as those that are kept.
    """
    before = retriever.lists_before_update() if n is None else retriever.all_lists(n)
    weights, lists = retriever.setup.weights, ListChange.of(change, before)
    if lists.whole(weights, after.setup.engine_for(len(change.index))):
        now = after.all_lists(before.n)
        report = replace(report, whole=True, searched=len(change.index))
    else:
        engine = after.fitted.engine(after.setup)
        now, searched, merged = IncrementalTopK(change, engine, weights).run(lists)
        report = replace(report, searched=searched, merged=merged)
        after.fitted.lists = now
    return ListChange.of(change, retriever.seen(before)).changed(after.seen(now)), report
