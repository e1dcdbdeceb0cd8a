"""Index: a fitted archive, its events in the order that decides equal scores."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from relatedevents._util.checks import problem
from relatedevents._util.contents import Contents
from relatedevents.archive import Ids, days_of, inverse
from relatedevents.encoders import Encoder, encode_headlines
from relatedevents.errors import InputError, StoreError
from relatedevents.features.series import series_codes, series_keys
from relatedevents.features.tags import TagSpace
from relatedevents.features.word_sets import FitWords, Wording
from relatedevents.index.numbering import Positions, Rows
from relatedevents.index.order import tie_order
from relatedevents.signals.features import Column, Events, Features
from relatedevents.signals.register import all_signals, in_fit_order
from relatedevents.signals.semantic import encoded_texts
from relatedevents.weights import Weights

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
        The position in `table` of each row; rows stand in the order of equal scores.
    features : Features
        What the signals know of each row, and what they learned from all.
    tie_break : str
        The tie-break that `order` follows.
    fit_words : FitWords
        What the words of the fit's headlines weigh where near-duplicates are told.
    series_keys : numpy.ndarray of int64, shape (n_events,)
        What the headline of each row has in common with its series alone, 0 if it is of none.
    version : int
        How many times the archive was updated since it was fitted or loaded: what was made of
        one version is not used with another.
    """

    table: pd.DataFrame
    order: npt.NDArray[np.int64]
    features: Features
    tie_break: str
    fit_words: FitWords
    series_keys: npt.NDArray[np.int64]
    version: int = 0

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
        headlines = values_of(self.table, self.order)("headline")
        return self.fit_words.wording(headlines)

    @cached_property
    def series(self) -> npt.NDArray[np.int64]:
        """The number of each row's series, -1 where its headline stands alone."""
        return series_codes(self.series_keys)

    @property
    def tag_space(self) -> TagSpace:
        """The tags: keys, spellings to show, weights."""
        space: TagSpace = self.features.spaces["tags"]
        return space

    def positions(self, rows: Rows) -> Positions:
        """Return where some rows stand in `table`."""
        return Positions(self.order[rows])

    def rows(self, positions: Positions) -> Rows:
        """Return the rows of some events of `table`."""
        return Rows(self._row_of[positions])

    def positions_of(self, ids: Iterable[object], name: str) -> Positions:
        """Return where the events of some ids stand in `table`; errors call the argument `name`."""
        return self.positions(Rows(self.ids.rows_of(ids, name)))

    @cached_property
    def _row_of(self) -> npt.NDArray[np.int64]:
        return inverse(self.order)

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
        """Fit a checked archive: what each signal learns of it, days and order.

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

        def encode(headlines: list[str]) -> npt.NDArray[np.float32]:
            return encode_headlines(encoder, headlines, cache_dir=cache_dir, progress=progress)

        # The last bits of a decomposition follow the order of its rows: the tie-break has no say
        # there.
        stable = inverse(order)[tie_order(table, Weights())]
        values, days = values_of(table, order), days_of(table["date"])[order]
        events = Events(days, values, encode, tag_aliases, stable)
        features = Features.empty(days)
        for signal in in_fit_order():
            space, columns = signal.fit(events, features)
            # Without its columns it is not ready, and its space is of no use.
            lacks = signal.columns and not columns
            features = features.with_columns(columns, {} if lacks else {signal.name: space})
        headlines = values("headline")
        fit_words, keys = FitWords(headlines), series_keys(headlines)
        return cls(table, order, features, weights.tie_break, fit_words, keys)

    def reordered(self, weights: Weights) -> Index:
        """Return the same archive in the order of another tie-break."""
        if weights.tie_break == self.tie_break:
            return self
        order = tie_order(self.table, weights)
        rows, tie_break = inverse(self.order)[order], weights.tie_break
        features, keys = self.features.take(rows), self.series_keys[rows]
        return replace(self, order=order, features=features, series_keys=keys, tie_break=tie_break)

    def features_of(
        self, encoder: Encoder, columns: Mapping[str, list[Any]], days: npt.NDArray[np.int32]
    ) -> Features:
        """Return the features of new events under the statistics of the fit.

        Parameters
        ----------
        encoder : Encoder
            The encoder of the fit.
        columns : mapping
            The events' values by column, `headline` among them; a missing column is unknown.
        days : numpy.ndarray of int32, shape (n_events,)
            Their days.

        Raises
        ------
        InputError
            If the encoder's vectors have another length than the archive's.
        """

        def values(name: str) -> list[Any]:
            return columns.get(name) or [None] * len(days)

        def encode(headlines: list[str]) -> npt.NDArray[np.float32]:
            return self.encoded(encoder, headlines)

        events = Events(days, values, encode, None, np.arange(len(days)))
        return transformed(events, self.features)

    def encoded(
        self,
        encoder: Encoder,
        headlines: list[str],
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return the vectors of new headlines, checked to have the archive's length."""
        vectors = encode_headlines(encoder, headlines, cache_dir=cache_dir)
        width = self.features.vectors.shape[1]
        if vectors.shape[1] != width:
            came = f"gives vectors of length {vectors.shape[1]}"
            allowed = f"the encoder of the fit, of length {width}"
            raise InputError(problem("encoder", came, allowed, "Fit again with this encoder."))
        return vectors

    def check_encoder(self, encoder: Encoder) -> None:
        """Raise `StoreError` unless `encoder` gives the vectors of the fit.

        Some events of the archive are encoded again: no name or version can tell as much.
        """
        rows = np.unique(np.linspace(0, len(self) - 1, _CHECKED_HEADLINES).astype(np.int64))
        values = values_of(self.table, self.order[rows])
        vectors = encode_headlines(encoder, encoded_texts(values("headline"), values("tags")))
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
        arrays: dict[str, npt.NDArray[Any]] = {"order": self.order, "days": self.features.days}
        arrays["series_keys"] = self.series_keys
        widths: dict[str, int] = {}
        known = {name for signal in all_signals() for name in signal.columns}
        features = {name: one for name, one in self.features.columns.items() if name in known}
        for name, column in features.items():
            if sparse.issparse(column):
                arrays[f"{name}_data"] = column.data
                arrays[f"{name}_columns"] = column.indices.astype(np.int32)
                arrays[f"{name}_starts"] = column.indptr.astype(np.int64)
                widths[name] = column.shape[1]
            else:
                arrays[name] = np.asarray(column)
        settings = {
            "tie_break": self.tie_break,
            "newest": self.features.newest,
            "dense": [name for name in features if name not in widths],
            "sparse": widths,
        }
        if self.version or self.fit_words.saved:
            # Before any update the archive itself tells it.
            words = self.fit_words.known
            settings["wording"] = {"words": list(words.words), "unknown": words.unknown}
            arrays["wording_weights"] = words.weights
        contents = Contents(settings, arrays, {"archive": self.table})
        for signal in all_signals():
            if signal.ready(self.features) and signal.name in self.features.spaces:
                contents = contents.joined(signal.contents(self.features.spaces[signal.name]))
        return contents

    @classmethod
    def from_contents(cls, contents: Contents) -> Index:
        """Return the index that `contents` was made of.

        A signal that was registered after it was saved knows nothing of its events, and what
        one knew that is no longer registered is left out.
        """
        known = {name for signal in all_signals() for name in signal.columns}
        arrays, settings = contents.arrays, contents.settings
        order, days = np.asarray(arrays["order"]), np.asarray(arrays["days"])
        columns: dict[str, Column] = {
            name: arrays[name] for name in settings["dense"] if name in known
        }
        for name, width in settings["sparse"].items():
            if name in known:
                parts = (arrays[f"{name}_{part}"] for part in ("data", "columns", "starts"))
                columns[name] = sparse.csr_matrix(tuple(parts), shape=(len(order), width))
        features = Features(columns, {}, days, settings["newest"])
        spaces = {
            signal.name: signal.of_contents(contents)
            for signal in all_signals()
            if signal.ready(features)
        }
        table = contents.tables["archive"]
        table["tags"] = pd.Series([list(tags) for tags in table["tags"]], dtype=object)
        # Parquet knows no seconds, only finer units.
        table["date"] = table["date"].astype("datetime64[s]")
        features = features.with_columns({}, spaces)
        words, told = None, settings.get("wording")
        if told is not None:
            weights = np.asarray(arrays["wording_weights"])
            words = Wording.of_words(told["words"], weights, told["unknown"])
        headlines = values_of(table, order)("headline")
        fit_words, keys = FitWords(headlines, words), np.asarray(arrays["series_keys"])
        index = cls(table, order, features, settings["tie_break"], fit_words, keys)
        # A table that does not fit the arrays is found now, not by the first query.
        _ = index.ids
        return index


def values_of(table: pd.DataFrame, order: npt.NDArray[np.int64]) -> Any:  # noqa: ANN401
    """Return the function from a column's name to its values in some order, None if missing."""

    def values(name: str) -> list[Any]:
        if name not in table.columns:
            return [None] * len(order)
        cells: list[Any] = table[name].to_numpy(dtype=object)[order].tolist()
        return cells

    return values


def transformed(events: Events, known: Features) -> Features:
    """Return the features of some events by what was learned."""
    features = Features({}, known.spaces, events.days, known.newest)
    for signal in in_fit_order():
        if signal.name in known.spaces:
            features = features.with_columns(signal.transform(events, features), {})
    return features
