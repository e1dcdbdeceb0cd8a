"""Category: how alike the names of two events' categories are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from relatedevents._util.contents import Contents
from relatedevents.features.categories import CategorySpace
from relatedevents.signals.base import F64, Extension, Pairs, Scales, Signal, Stayed
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import CodeTerm, Term


class Category(Signal):
    """Similarity of the categories' names, read from the archive's column `category`."""

    name = "category"
    columns = ("categories",)
    content = False

    def fit(self, events: Events, features: Features) -> tuple[CategorySpace, Mapping[str, Column]]:
        """Learn which categories there are."""
        names = events.values("category")
        space = CategorySpace.fit(names)
        return space, {"categories": space.transform(names)}

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Return the codes of some events' categories."""
        space: CategorySpace = features.spaces[self.name]
        return {"categories": space.transform(events.values("category"))}

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Add the categories that came."""
        space: CategorySpace = before.features.spaces[self.name]
        space, codes = space.grown(added.values("category"))
        return Extension(space, {"categories": codes})

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the similarities of the two names."""
        similarity = pairs.candidates.spaces[self.name].likeness
        codes = pairs.queries.dense("categories")[pairs.query_rows]
        return np.asarray(
            similarity[codes, pairs.candidates.dense("categories")[pairs.candidate_rows]]
        )

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one term of codes."""
        similarity = features.spaces[self.name].likeness
        return [CodeTerm(features.dense("categories"), weight * similarity, weight)]

    def contents(self, space: CategorySpace) -> Contents:
        """Return the keys."""
        return Contents({"category_keys": space.keys}, {})

    def of_contents(self, contents: Contents) -> CategorySpace:
        """Read the keys."""
        return CategorySpace.of_keys(contents.settings["category_keys"])
