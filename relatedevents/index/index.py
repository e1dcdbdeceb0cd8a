"""Index: a fitted archive, its events in the order that decides equal scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._util.checks import problem, shown
from relatedevents._util.slugs import page_path
from relatedevents.archive import UNDATED, Ids, days_of, inverse
from relatedevents.encoders import Encoder, encode_headlines
from relatedevents.errors import InputError, StoreError
from relatedevents.features.categories import CategorySpace
from relatedevents.features.projection import NeighbourSpace
from relatedevents.features.tags import TagSpace
from relatedevents.features.topics import TopicSpace
from relatedevents.features.word_sets import Wording
from relatedevents.features.words import WordSpace
from relatedevents.scoring.signals import Features
from relatedevents.store import Contents
from relatedevents.weights import Weights

#: The column whose likeness the category signal measures.
CATEGORY_COLUMN = "category"

# As many tell one encoder from another, and take a moment even with a slow one.
_CHECKED_HEADLINES = 16


@dataclass(frozen=True)
class Index:
    """A fitted archive.

    Attributes
    ----------
    table : pandas.DataFrame
        The checked archive, in the user's order.
    order : numpy.ndarray of int64, shape (n_events,)
        The place in `table` of each row; rows stand in the order of equal scores.
    features : Features
        What the signals know of each row.
    tag_space, word_space, topic_space, category_space, neighbour_space
        The vocabularies, with the statistics of the fit.
    tie_break : str
        The tie-break that `order` follows.
    """

    table: pd.DataFrame
    order: npt.NDArray[np.int64]
    features: Features
    tag_space: TagSpace
    word_space: WordSpace
    topic_space: TopicSpace
    category_space: CategorySpace
    neighbour_space: NeighbourSpace
    tie_break: str

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def id_of_row(self) -> npt.NDArray[np.object_]:
        """The id of each row."""
        return np.asarray(self.table["id"].to_numpy(dtype=object)[self.order])

    @cached_property
    def ids(self) -> Ids:
        """The same, to look rows up by id."""
        return Ids(self.id_of_row)

    @cached_property
    def wording(self) -> Wording:
        """What the headline of each row says, read when it is first asked for."""
        return Wording.of(self.table["headline"].to_numpy(dtype=object)[self.order].tolist())

    @classmethod
    def build(
        cls,
        table: pd.DataFrame,
        encoder: Encoder,
        weights: Weights,
        *,
        tag_aliases: Mapping[str, str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        progress: bool = False,
    ) -> Index:
        """Fit a checked archive: vectors, vocabularies, days and order.

        Parameters
        ----------
        table : pandas.DataFrame
            As `check_events` returns it.
        encoder : Encoder
            What turns headlines into vectors.
        weights : Weights
            Read for its tie-break alone.
        tag_aliases : mapping, optional
            {alias: tag}.
        cache_dir : path, optional
            Where vectors are kept.
        progress : bool
            Whether to show a bar on stderr.
        """
        order = tie_order(table, weights)
        headlines = table["headline"].to_numpy(dtype=object)[order].tolist()
        tags = table["tags"].to_numpy(dtype=object)[order].tolist()
        tag_space = TagSpace.fit(tags, tag_aliases)
        tag_matrix = tag_space.transform(tags)
        word_space, words = WordSpace.fit(headlines)
        days = days_of(table["date"])[order]
        vectors = encode_headlines(encoder, headlines, cache_dir=cache_dir, progress=progress)
        by_date = _by_date(table, order)
        topic_space = TopicSpace.fit(tag_matrix.weights[by_date])
        neighbour_space = NeighbourSpace.fit(vectors, by_date)
        categories = _categories(table, order)
        category_space = CategorySpace.fit(categories)
        features = Features(
            vectors,
            neighbour_space.transform(vectors),
            topic_space.transform(tag_matrix.weights),
            tag_matrix.weights,
            tag_matrix.counts,
            words,
            category_space.transform(categories),
            category_space.likeness,
            days,
            _newest(days),
        )
        return cls(
            table,
            order,
            features,
            tag_space,
            word_space,
            topic_space,
            category_space,
            neighbour_space,
            weights.tie_break,
        )

    def reordered(self, weights: Weights) -> Index:
        """Return the same archive in the order of another tie-break."""
        if weights.tie_break == self.tie_break:
            return self
        order = tie_order(self.table, weights)
        return replace(
            self,
            order=order,
            features=self.features.take(inverse(self.order)[order]),
            tie_break=weights.tie_break,
        )

    def features_of(
        self,
        encoder: Encoder,
        headlines: Sequence[str],
        tags: Sequence[Sequence[str]],
        days: npt.NDArray[np.int32],
        categories: Sequence[object],
    ) -> Features:
        """Return the features of new events under the statistics of the fit.

        Raises
        ------
        InputError
            If the encoder's vectors have another length than the archive's.
        """
        vectors = encode_headlines(encoder, list(headlines))
        if vectors.shape[1] != self.features.vectors.shape[1]:
            came = f"gives vectors of length {vectors.shape[1]}"
            allowed = f"the encoder of the fit, of length {self.features.vectors.shape[1]}"
            raise InputError(problem("encoder", came, allowed, "Fit again with this encoder."))
        matrix = self.tag_space.transform(tags)
        words = self.word_space.transform(headlines)
        return Features(
            vectors,
            self.neighbour_space.transform(vectors),
            self.topic_space.transform(matrix.weights),
            matrix.weights,
            matrix.counts,
            words,
            self.category_space.transform(categories),
            self.features.likeness,
            days,
            self.features.newest,
        )

    def check_encoder(self, encoder: Encoder) -> None:
        """Raise `StoreError` unless `encoder` gives the vectors of the fit.

        Some headlines of the archive are encoded again: no name or version can tell as much.
        """
        rows = np.unique(np.linspace(0, len(self) - 1, _CHECKED_HEADLINES).astype(np.int64))
        headlines = self.table["headline"].iloc[self.order[rows]].tolist()
        vectors = encode_headlines(encoder, headlines)
        known = np.asarray(self.features.vectors[rows])
        if vectors.shape != known.shape or float(np.abs(vectors - known).max()) > 1e-3:
            raise StoreError(
                problem(
                    "encoder",
                    f"{type(encoder).__name__} gives other vectors than the model was fitted with",
                    "the encoder of the fit",
                    "Name that one, or fit again.",
                )
            )

    def contents(self) -> Contents:
        """Return the index as plain arrays, tables and settings."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "order": self.order,
            "vectors": self.features.vectors,
            "coordinates": self.features.coordinates,
            "mean_vector": self.neighbour_space.mean,
            "vector_directions": self.neighbour_space.directions,
            "days": self.features.days,
            "tag_counts": self.features.tag_counts,
            "tag_idf": self.tag_space.weights,
            "word_idf": self.word_space.weights,
            "topics": self.features.topics,
            "topic_directions": self.topic_space.directions,
            "categories": self.features.categories,
        }
        for name, matrix in (("tags", self.features.tags), ("words", self.features.words)):
            arrays[f"{name}_data"] = matrix.data
            arrays[f"{name}_columns"] = matrix.indices.astype(np.int32)
            arrays[f"{name}_starts"] = matrix.indptr.astype(np.int64)
        settings = {
            "tie_break": self.tie_break,
            "newest": self.features.newest,
            "tag_keys": self.tag_space.keys,
            "tag_names": self.tag_space.names,
            "unknown_tag_idf": self.tag_space.unknown_weight,
            "tag_aliases": self.tag_space.aliases,
            "words": self.word_space.words,
            "category_keys": self.category_space.keys,
        }
        return Contents(settings, arrays, {"archive": self.table})

    @classmethod
    def from_contents(cls, contents: Contents) -> Index:
        """Return the index that `contents` was made of."""
        arrays, settings = contents.arrays, contents.settings
        order = np.asarray(arrays["order"])
        tag_space = TagSpace(
            settings["tag_keys"],
            settings["tag_names"],
            np.asarray(arrays["tag_idf"]),
            settings["unknown_tag_idf"],
            settings["tag_aliases"],
        )
        # Both are of a fit of so many events: ln(1 + N), and ln(1 + N) + 1.
        unknown_word = settings["unknown_tag_idf"] + 1.0
        word_space = WordSpace(settings["words"], np.asarray(arrays["word_idf"]), unknown_word)
        tags, words = (
            sparse.csr_matrix(
                (arrays[f"{name}_data"], arrays[f"{name}_columns"], arrays[f"{name}_starts"]),
                shape=(len(order), width),
            )
            for name, width in (("tags", len(tag_space.keys)), ("words", len(word_space.words)))
        )
        topic_space = TopicSpace(arrays["topic_directions"])
        category_space = CategorySpace.of_keys(settings["category_keys"])
        neighbour_space = NeighbourSpace(
            np.asarray(arrays["mean_vector"]), np.asarray(arrays["vector_directions"])
        )
        features = Features(
            arrays["vectors"],
            arrays["coordinates"],
            arrays["topics"],
            tags,
            np.asarray(arrays["tag_counts"]),
            words,
            np.asarray(arrays["categories"]),
            category_space.likeness,
            np.asarray(arrays["days"]),
            settings["newest"],
        )
        table = contents.tables["archive"]
        table["tags"] = pd.Series([list(tags) for tags in table["tags"]], dtype=object)
        # Parquet knows no seconds, only finer units.
        table["date"] = table["date"].astype("datetime64[s]")
        index = cls(
            table,
            order,
            features,
            tag_space,
            word_space,
            topic_space,
            category_space,
            neighbour_space,
            settings["tie_break"],
        )
        # A table that does not fit the arrays is found now, not by the first query.
        _ = index.ids
        return index


def tie_order(table: pd.DataFrame, weights: Weights) -> npt.NDArray[np.int64]:
    """Return the places of a table's events in the order that decides equal scores.

    Newer first, undated last, then smaller id; or the tie-break's column, then the same.

    Raises
    ------
    InputError
        If the tie-break's column is missing or its values can't be ordered.

    Examples
    --------
    >>> dates = pd.Series(["2012-01-01", None, "2013-01-01"]).astype("datetime64[s]")
    >>> tie_order(pd.DataFrame({"id": ["a", "b", "c"], "date": dates}), Weights()).tolist()
    [2, 0, 1]
    """
    id_rank = np.argsort(np.argsort(table["id"].to_numpy(dtype=object), kind="stable"))
    days = days_of(table["date"]).astype(np.int64)
    age = np.where(days == UNDATED, np.iinfo(np.int64).max, -days)
    column = weights.tie_break_column()
    if column is None:
        return np.lexsort((id_rank, age))
    name, falling = column
    if name in table.columns:
        values = table[name]
    elif weights.tie_break == "page":
        values = page_paths(table)
    else:
        allowed = "one of the archive's columns " + ", ".join(map(repr, table.columns))
        raise InputError(problem("weights.tie_break", f"no column {shown(name)}", allowed))
    try:
        rank = values.rank(method="dense", ascending=not falling, na_option="bottom")
    except TypeError as error:
        raise InputError(
            problem(
                "weights.tie_break",
                f"the values of column {shown(name)} can't be ordered",
                "a column of numbers, dates or texts",
            )
        ) from error
    return np.lexsort((id_rank, age, rank.to_numpy(dtype=np.float64)))


def page_paths(table: pd.DataFrame) -> pd.Series:
    """Return the path of each event's page, ``YYYY/MM/D/slug``, the day without a leading zero.

    The slug is that of the headline's first 140 characters; an undated event's path is its slug.

    Examples
    --------
    >>> dates = pd.Series(["2012-10-02"]).astype("datetime64[s]")
    >>> page_paths(pd.DataFrame({"headline": ["Troops leave Léré."], "date": dates})).tolist()
    ['2012/10/2/troops-leave-lere']
    """
    paths = [
        page_path(None if pd.isna(date) else date, headline)
        for headline, date in zip(table["headline"], table["date"], strict=True)
    ]
    return pd.Series(paths, index=table.index, dtype=object)


def _categories(table: pd.DataFrame, order: npt.NDArray[np.int64]) -> list[object]:
    if CATEGORY_COLUMN not in table.columns:
        return [None] * len(table)
    return list(table[CATEGORY_COLUMN].to_numpy(dtype=object)[order])


def _by_date(table: pd.DataFrame, order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    # The last bits of a decomposition follow the order of its rows: the tie-break has no say there.
    return inverse(order)[tie_order(table, Weights())]


def _newest(days: npt.NDArray[np.int32]) -> int:
    dated = days[days != UNDATED]
    return int(dated.max()) if len(dated) else 0
