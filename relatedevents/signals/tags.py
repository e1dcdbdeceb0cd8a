"""Tags: cosine of idf-weighted lists of names, such as an event's tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from relatedevents._util.contents import Contents
from relatedevents.features.tags import TagSpace
from relatedevents.signals.base import (
    F64,
    Extension,
    Pairs,
    Scales,
    Signal,
    Stayed,
    shares_of_columns,
)
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import SparseTerm, Term


class ListCosine(Signal):
    """Cosine of the idf-weighted names in a column of lists; a subclass says which column.

    Its space is a `TagSpace`: names are compared by their key, and rare ones weigh most.

    Attributes
    ----------
    column : str
        The archive's column; a single text counts as a list of one.
    """

    column: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.columns = (cls.name, f"{cls.name}_counts")

    def aliases(self, events: Events) -> Mapping[str, str] | None:
        """Return {alias: name}, for names that the key does not unite."""
        return None

    def fit(self, events: Events, features: Features) -> tuple[TagSpace, Mapping[str, Column]]:
        """Learn the names and their weights."""
        lists = events.lists(self.column)
        space = TagSpace.fit(lists, self.aliases(events))
        return space, self._columns(space, lists)

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Return weights and counts of some events' names."""
        return self._columns(features.spaces[self.name], events.lists(self.column))

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Add the names that came; each weighs as one that no event of the fit had."""
        space: TagSpace = before.features.spaces[self.name]
        matrix = before.features.csr(self.name)
        entries = np.flatnonzero(space.came_later[matrix.indices])
        rows = np.unique(np.searchsorted(matrix.indptr, entries, side="right") - 1)
        known = before.values(self.column, rows[before.stays[rows]])
        space, columns, renamed = space.grown(known + added.lists(self.column))
        return Extension(space, {self.name: columns}, renamed)

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return np.clip(pairs.sparse_dots(self.name)[0], 0.0, 1.0)

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one sparse term."""
        return [SparseTerm(features.csr(self.name), weight)]

    def shares(self, pair: Pairs, part: float) -> dict[str, float]:
        """Return each shared name's share."""
        names = pair.candidates.spaces[self.name].names
        left, right = pair.queries.csr(self.name), pair.candidates.csr(self.name)
        rows = int(pair.query_rows[0]), int(pair.candidate_rows[0])
        shares = shares_of_columns(left, rows[0], right, rows[1], part)
        return {names[column]: share for column, share in shares.items()}

    def contents(self, space: TagSpace) -> Contents:
        """Return keys, names, weights and aliases."""
        settings = {
            f"{self.name}_keys": space.keys,
            f"{self.name}_names": space.names,
            f"{self.name}_unknown_idf": space.unknown_weight,
            f"{self.name}_aliases": space.aliases,
        }
        return Contents(settings, {f"{self.name}_idf": space.weights})

    def of_contents(self, contents: Contents) -> TagSpace:
        """Read the same."""
        settings = contents.settings
        return TagSpace(
            settings[f"{self.name}_keys"],
            settings[f"{self.name}_names"],
            np.asarray(contents.arrays[f"{self.name}_idf"]),
            settings[f"{self.name}_unknown_idf"],
            settings[f"{self.name}_aliases"],
        )

    def _columns(self, space: TagSpace, lists: Sequence[Sequence[str]]) -> Mapping[str, Column]:
        matrix = space.transform(lists)
        return {self.name: matrix.weights, f"{self.name}_counts": matrix.counts}


class Tags(ListCosine):
    """Cosine of the idf-weighted tags, so that each shared tag has a share of its own."""

    name = "tags"
    column = "tags"

    def aliases(self, events: Events) -> Mapping[str, str] | None:
        """Return the user's own."""
        return events.tag_aliases
