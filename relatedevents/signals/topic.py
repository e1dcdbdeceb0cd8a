"""Topic: nearness of the places that two events' tags have among tags that occur together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from relatedevents._util.contents import Contents
from relatedevents.features.topics import TopicSpace
from relatedevents.signals.base import F64, Extension, Pairs, Scales, Signal, Stayed
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.terms import DenseTerm, Term


class Topic(Signal):
    """Cosine in the main directions of the archive's tags: near without a shared tag."""

    name = "topic"
    columns = ("topics",)
    needs = ("tags",)

    def fit(self, events: Events, features: Features) -> tuple[TopicSpace, Mapping[str, Column]]:
        """Learn the directions."""
        space = TopicSpace.fit(features.tags[events.stable_order])
        return space, {"topics": space.transform(features.tags)}

    def transform(self, events: Events, features: Features) -> Mapping[str, Column]:
        """Place some events by their tags."""
        space: TopicSpace = features.spaces[self.name]
        if not len(events):
            return {"topics": np.zeros((0, space.directions.shape[1]), dtype=np.float32)}
        return {"topics": space.transform(features.tags)}

    def extend(
        self, added: Events, before: Stayed, extensions: Mapping[str, Extension]
    ) -> Extension:
        """Give the tags that were added no direction."""
        space: TopicSpace = before.features.spaces[self.name]
        columns = extensions["tags"].renumbered["tags"]
        n_tags = len(extensions["tags"].space.keys)
        return Extension(space.grown(columns, n_tags) if n_tags > len(columns) else space)

    def values(self, pairs: Pairs, scales: Scales) -> F64:
        """Return the cosines."""
        return pairs.cosines("topics")

    def terms(self, features: Features, weight: float, scales: Scales) -> Sequence[Term]:
        """Return one dense term."""
        return [DenseTerm(features.dense("topics"), weight)]

    def contents(self, space: TopicSpace) -> Contents:
        """Return the directions."""
        return Contents({}, {"topic_directions": space.directions})

    def of_contents(self, contents: Contents) -> TopicSpace:
        """Read the directions."""
        return TopicSpace(contents.arrays["topic_directions"])
