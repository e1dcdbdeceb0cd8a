"""Updating: events added to a fitted archive or taken away, and which lists that changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, problem, shown, some_of
from relatedevents.archive import check_events, inverse
from relatedevents.errors import InputError
from relatedevents.retrieval.fitted import FittedModel

if TYPE_CHECKING:
    from relatedevents.index.index import Index
    from relatedevents.index.update import Growth
    from relatedevents.rerank import Neighbourhoods
    from relatedevents.retrieval.incremental import Merged
    from relatedevents.retrieval.list_cache import KeptLists, Lists
    from relatedevents.store import Contents

Places = npt.NDArray[np.int64]

# Row by row a list costs several times what it costs among all of them.
_SHARE = 16
_SMALL = 4096


@dataclass(frozen=True)
class Update:
    """What the last `update` or `remove` did.

    Attributes
    ----------
    added, replaced, removed : int
        Events.
    changed : int
        Lists that changed, those of the events that came among them.
    searched : int
        Lists that were looked for among all events: those of the events that came, and those
        that lost an event and could not be told from what was kept.
    merged : int
        Lists into which events that came were put by their scores alone.
    reordered : int
        Lists whose order by neighbours was worked out again.
    whole : bool
        Whether all lists were computed instead: with `refresh`, under other weights than those of
        the kept lists, where the order of equal scores changed, or where many events came.
    """

    added: int
    replaced: int
    removed: int
    changed: int
    searched: int
    merged: int
    reordered: int
    whole: bool


class UpdatingMixin(FittedModel):
    """Adds `update` and `remove` to the model."""

    cache_dir: str | os.PathLike[str] | None
    last_update_: Update

    def update(
        self, new_events: object, *, on_existing: str = "error", refresh: bool = False
    ) -> list[str]:
        """Add events to the archive, and return the ids whose lists changed.

        Encoder, vocabulary and weights stay those of the fit, and so do topics and the day from
        which `recency` counts. A tag that the fit did not know enters with the weight of an
        unknown tag, ln(1 + N), a word with ln(1 + N) + 1, where N is the number of events of the
        fit; a word that the fit left out because a single headline had it joins later headlines
        alone. The lists are those that `related_all` gives from now on, whether events come in
        one update or in several.

        Lists are compared with those of the last `related_all` without filters, which the model
        keeps (`save` and `load` too), and which an update brings up to date. Where there are none,
        lists of `n_related` events are computed for the archive as it was: a first update then
        takes as long as a whole batch, the later ones a fiftieth of it. Where other weights have
        been set since, all lists are computed after the update.

        With the approximate engine, lists that are looked for one by one are exact, and so are the
        scores by which new events enter the others, which stay as the engine found them: lists
        that `related_all` would give anew can hold other events in a few places.

        Parameters
        ----------
        new_events : pandas.DataFrame, or another frame that narwhals knows
            As in `fit`. Columns that the archive has and they lack are filled with missing
            values, columns that are new are added.
        on_existing : {"error", "replace"}
            What to do with ids that the archive has: refuse all, or put the new event into the
            old one's place.
        refresh : bool
            Whether to learn vocabulary and weights anew, as `fit` does on the grown archive, and
            compute every list.

        Returns
        -------
        list of str
            In the archive's order: new and replaced events, lists with another event or order than
            before, lists with a replaced event, and lists that show a tag in another spelling.
            `last_update_` says what was done.

        Raises
        ------
        InputError
            If an event can't be used, an id is there already, or a column holds values of another
            kind than the archive's. The model then stays as it was.

        Examples
        --------
        >>> from relatedevents import RelatedEvents, load_sample
        >>> archive = load_sample()
        >>> model = RelatedEvents().fit(archive.iloc[1:])
        >>> changed = model.update(archive.iloc[:1])
        >>> archive["id"].iloc[0] in changed, len(changed) < 100
        (True, True)
        """
        from relatedevents._util.threads import threads
        from relatedevents.index.index import Index
        from relatedevents.index.update import Growth, grow

        self._check_fitted()
        check_choice("on_existing", on_existing, ["error", "replace"])
        if not isinstance(refresh, bool):
            raise InputError(problem("refresh", f"got {shown(refresh)}", "True or False"))
        if isinstance(new_events, (str, os.PathLike)):
            todo = "Read the file with read_events first."
            raise InputError(problem("new_events", f"got {shown(new_events)}", "a DataFrame", todo))
        events = check_events(new_events, source="new_events")
        index = self._index()
        encoder = self._encoder()
        table, replaced = _joined(index, events, on_existing)
        place_now = np.arange(len(index))
        place_now[replaced] = -1
        kept = self._lists_before()
        if refresh:
            anew = Index.build(
                table,
                encoder,
                self.weights,
                tag_aliases=self.tag_aliases,
                cache_dir=self.cache_dir,
                progress=self.progress,
            )
            nothing = np.zeros(0, dtype=np.int64)
            growth = Growth(anew, nothing, nothing, nothing, same_order=False)
        else:
            growth = grow(
                index,
                table,
                place_now,
                self.weights,
                encoder,
                self.cache_dir,
                threads(self.n_threads),
            )
        added = len(table) - len(index)
        told = Update(added, len(replaced), 0, 0, 0, 0, 0, False)
        return self._settle(growth, kept, place_now, told)

    def remove(self, ids: Iterable[str]) -> list[str]:
        """Take events out of the archive, and return the ids whose lists changed.

        Every list that held one of them is computed again; vocabulary and weights stay those of
        the fit. See `update` for what lists are compared with.

        Parameters
        ----------
        ids : iterable of str
            Events of the archive, each once.

        Returns
        -------
        list of str
            Events of the archive whose lists changed, in its order.

        Raises
        ------
        UnknownIdError
            If the archive lacks an id; the message names the nearest.
        InputError
            If every event is named, or one twice. The model then stays as it was.
        """
        from relatedevents._util.threads import threads
        from relatedevents.index.update import grow
        from relatedevents.retrieval.filters import read_choice

        self._check_fitted()
        index = self._index()
        if ids is None or isinstance(ids, Mapping):
            raise InputError(problem("ids", f"got {shown(ids)}", "a list of ids"))
        gone = index.order[read_choice("ids", ids, index.ids).everywhere]
        if len(gone) == len(index):
            came = f"names all {len(index)} events"
            raise InputError(problem("ids", came, "fewer events than the archive has"))
        stays = np.ones(len(index), dtype=np.bool_)
        stays[gone] = False
        place_now = np.where(stays, np.cumsum(stays) - 1, -1)
        kept = self._lists_before()
        table = index.table[stays].reset_index(drop=True)
        growth = grow(index, table, place_now, self.weights, n_threads=threads(self.n_threads))
        told = Update(0, 0, len(gone), 0, 0, 0, 0, False)
        return self._settle(growth, kept, place_now, told)

    def _with_lists(self, contents: Contents) -> Contents:
        return contents if self._kept is None else self._kept.into(contents)

    def _lists_before(self) -> KeptLists:
        if self._kept is None or not self._kept.n_shown:
            return self._all_lists(self.n_related)
        return self._kept

    def _all_lists(self, n: int) -> KeptLists:
        """Return the kept lists with those of everyone that would be shown."""
        from relatedevents.retrieval.answers import first_width
        from relatedevents.retrieval.incremental import second_lists

        kept = self._first_lists(first_width(n, self.weights))
        index, near = self._index(), self._neighbourhoods()
        in_table_order = inverse(index.order)
        shown = second_lists(index, self.weights, near, kept, in_table_order, n)
        self._kept = replace(kept, shown=shown, n_shown=n, weights=self.weights)
        return self._kept

    def _settle(
        self, growth: Growth, kept: KeptLists, place_now: Places, told: Update
    ) -> list[str]:
        """Make the grown index the model's own, bring the lists up to date and compare them."""
        from relatedevents.retrieval.incremental import Merger, share
        from relatedevents.retrieval.list_cache import differ, hold, lacking

        index = growth.index
        n_events = len(index)
        left = kept.moved(place_now, n_events)
        fresh = np.ones(n_events, dtype=np.bool_)
        fresh[place_now[place_now >= 0]] = False
        lost = lacking(left.places, kept.places.shape[1]) & ~fresh
        # Whoever lost an event that was shown has changed, whatever stands there now.
        changed = lacking(left.shown, kept.shown.shape[1]) | fresh
        many = n_events > _SMALL and (fresh.sum() + lost.sum()) * _SHARE > n_events
        whole = many or not growth.same_order or kept.weights != self.weights
        near = self._near[1] if self._near and self._near[0] is kept.places else None
        with self._of_index(index):
            if whole:
                now = self._all_lists(kept.n_shown)
                changed |= differ(left.shown, now.shown) | hold(now.shown, fresh)
                told = replace(told, whole=True, searched=n_events)
            else:
                bounds = np.full(n_events, np.inf)
                bounds[place_now[place_now >= 0]] = kept.bounds()[place_now >= 0]
                merger = Merger(index, self._engine(), self.weights.first_pass(), left)
                merged = merger.run(growth.fresh, lost, bounds)
                now = self._kept = replace(merged.lists, weights=self.weights)
                if near is not None:
                    self._near = now.places, _carried(near, growth, now, merged.places)
                places, before = self._reshown(now, merged, fresh)
                changed[places] |= differ(before, now.shown[places])
                changed[places] |= hold(now.shown[places], fresh)
                told = replace(
                    told,
                    searched=merged.searched,
                    merged=merged.merged,
                    reordered=len(places),
                )
            for column in growth.respelt:
                changed |= share(now.shown, index, int(column))
            ids: list[str] = index.table["id"].iloc[np.flatnonzero(changed)].tolist()
            self._kept = now
        self.last_update_ = replace(told, changed=len(ids))
        return ids

    def _reshown(
        self, now: KeptLists, merged: Merged, fresh: npt.NDArray[np.bool_]
    ) -> tuple[Places, Lists]:
        """Put lists in order again, and return of which events, and what was shown before.

        What an event's neighbours say changes with its first ten, and with it the order of its
        own list and of each whose first list holds it.
        """
        from relatedevents.rerank import N_NEIGHBOURS
        from relatedevents.retrieval.incremental import second_lists
        from relatedevents.retrieval.list_cache import differ, hold

        index, order = self._index(), self._index().order
        lists, before = now.places[merged.places], merged.before
        touched = fresh.copy()
        touched[merged.places] |= differ(before, lists)
        if self.weights.neighbours:
            first_ten = slice(0, N_NEIGHBOURS)
            moved = fresh.copy()
            moved[merged.places] |= differ(before[:, first_ten], lists[:, first_ten])
            moved[merged.places] |= hold(lists[:, first_ten], fresh)
            touched |= moved | hold(now.places, moved)
        rows = np.flatnonzero(touched[order])
        near, n_threads = self._neighbourhoods(), self._engine().n_threads
        again = second_lists(index, self.weights, near, now, rows, now.n_shown, n_threads)
        shown_before = now.shown[order[rows]]
        now.shown[order[rows]] = again
        return order[rows], shown_before

    @contextmanager
    def _of_index(self, index: Index) -> Iterator[None]:
        """Let `index` be the model's own, unless something goes wrong meanwhile."""
        before = self.index_, self.archive_, self._built, self._kept, self._near
        self.index_, self.archive_ = index, index.table
        self._built = self._kept = self._near = None
        try:
            yield
        except BaseException:
            self.index_, self.archive_, self._built, self._kept, self._near = before
            raise


def _carried(
    near: Neighbourhoods, growth: Growth, now: KeptLists, places: Places
) -> Neighbourhoods:
    """Return everyone's neighbourhood where the first lists of some places have changed."""
    from relatedevents.archive import inverse
    from relatedevents.rerank import N_NEIGHBOURS, Neighbourhoods

    index = growth.index
    rows = inverse(index.order)[places]
    first = now.best(index.order, rows)
    carried = near.carried(growth.source, min(N_NEIGHBOURS, now.places.shape[1]))
    carried.put(rows, Neighbourhoods.of(first.rows, first.scores, index.features))
    return carried


def _joined(index: Index, events: pd.DataFrame, on_existing: str) -> tuple[pd.DataFrame, Places]:
    """Return the archive's table with new events, and the places of those that were replaced."""
    table = index.table
    # Looked for in the table: the archive's ids by row take longer to set up than to go through.
    there = np.flatnonzero(table["id"].isin(events["id"]))
    place_of = dict(zip(table["id"].iloc[there].tolist(), there.tolist(), strict=True))
    known = np.array([id_ in place_of for id_ in events["id"]], dtype=np.bool_)
    existing = events["id"][known].tolist()
    if existing and on_existing == "error":
        many = "1 id is" if len(existing) == 1 else f"{len(existing)} ids are"
        came = f"{many} in the archive already: {some_of(existing)}"
        todo = 'Leave them out, or pass on_existing="replace".'
        raise InputError(problem("new_events, column 'id'", came, "ids that are new", todo))
    _check_kinds(table, events)
    places = np.array([place_of[id_] for id_ in existing], dtype=np.int64)
    joined = pd.concat([table, events], ignore_index=True)
    if existing:
        take = np.arange(len(joined))
        take[places] = len(table) + np.flatnonzero(known)
        stays = np.append(np.ones(len(table), dtype=np.bool_), ~known)
        joined = joined.iloc[take[stays]].reset_index(drop=True)
    joined.attrs = dict(table.attrs)
    return joined, places


def _check_kinds(table: pd.DataFrame, events: pd.DataFrame) -> None:
    for name in events.columns.intersection(table.columns):
        came = _kind(events[name])
        before = _kind(table[name]) if came else None
        if before and before != came:
            where = f"new_events, column {shown(name)}"
            todo = "Convert the column, or leave it out."
            raise InputError(problem(where, f"holds {came}", f"{before}, as in the archive", todo))


def _kind(column: pd.Series) -> str | None:
    """Return what kind of values a column holds; None if they are none, or of several kinds."""
    if column.isna().all():
        return None
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        return "numbers"
    return {"string": "text", "boolean": "true or false"}.get(
        kind, "dates" if kind.startswith("date") else None
    )
