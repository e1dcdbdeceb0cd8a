"""Fitted: what stands behind the model's public methods once an archive is learned."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator

from relatedevents.checks import check_choice, check_count, problem, shown
from relatedevents.errors import InputError
from relatedevents.weights import Weights

if TYPE_CHECKING:
    from relatedevents.answers import Queries, Wishes
    from relatedevents.encoders import Encoder
    from relatedevents.engines.exact import ExactEngine
    from relatedevents.index import Index
    from relatedevents.kept import KeptLists

ENGINES = ("exact",)


class FittedModel(BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Holds the index, builds the engine when first needed, and hands queries to it."""

    encoder: str | os.PathLike[str] | Encoder | None
    weights: Weights
    n_related: int
    engine: str
    tag_aliases: Mapping[str, str] | None
    allow_download: bool
    n_threads: int | None
    block_size: int
    progress: bool
    archive_: pd.DataFrame
    index_: Index
    encoder_: Encoder | None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "index_")

    def _set_fitted(self, index: Index, encoder: Encoder | None) -> None:
        self.index_ = index
        self.archive_ = index.table
        self.encoder_ = encoder
        by_name = isinstance(self.encoder, (str, os.PathLike))
        self._encoder_name = os.fspath(self.encoder) if by_name else None  # type: ignore[arg-type]
        self._built: tuple[object, ExactEngine] | None = None
        self._kept: KeptLists | None = None

    def _set_learned(self, other: FittedModel) -> None:
        """Take over what another model says of where its weights and its encoder come from."""
        for name in ("tuning_", "adaptation_"):
            if hasattr(other, name):
                setattr(self, name, getattr(other, name))

    def _check_weights(self) -> None:
        if not isinstance(self.weights, Weights):
            raise InputError(
                problem(
                    "weights",
                    f"got {shown(self.weights)}",
                    "a Weights",
                    "Name them, as in Weights(semantic=0.5, tags=0.3).",
                )
            )

    def _check_params(self) -> None:
        self._check_weights()
        check_count("n_related", self.n_related)
        check_choice("engine", self.engine, ENGINES)
        check_count("block_size", self.block_size)
        if self.n_threads is not None:
            check_count("n_threads", self.n_threads)

    def _check_fitted(self) -> None:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, msg="This %(name)s has no archive yet: call fit or load first.")
        self._check_params()

    def _index(self) -> Index:
        # The weights may have been changed since fit, their tie-break with them.
        self.index_ = self.index_.reordered(self.weights)
        return self.index_

    def _exact_engine(self) -> ExactEngine:
        from relatedevents.engines.exact import ExactEngine
        from relatedevents.operands import operands

        index = self._index()
        key = (self.weights, self.block_size, self.n_threads)
        if self._built is None or self._built[0] != key:
            engine = ExactEngine(
                operands(index.features, self.weights),
                block_size=self.block_size,
                n_threads=self.n_threads,
            )
            self._built = (key, engine)
        return self._built[1]

    def _encoder(self) -> Encoder:
        """Return the encoder, which a loaded model looks for when it first needs it."""
        from relatedevents.encoders import resolve_encoder

        if self.encoder_ is None:
            if self.encoder is None:
                came = "the model was fitted with an encoder object, which no file can hold"
                allowed = "that object"
                todo = "Load with RelatedEvents.load(folder, encoder=...)."
                raise InputError(problem("encoder", came, allowed, todo))
            encoder = resolve_encoder(self.encoder, allow_download=self.allow_download)
            self.index_.check_encoder(encoder)
            self.encoder_ = encoder
        return self.encoder_

    def _queries(self, ids: Iterable[str], name: str) -> Queries:
        from relatedevents.answers import Queries

        self._check_fitted()
        index = self._index()
        rows = index.ids.rows_of(ids, name)
        return Queries(index.id_of_row[rows], rows, index.features, in_archive=True)

    def _answer(
        self, queries: Queries, n: int | None, wishes: Wishes
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        from relatedevents.answers import answer, kept_lists

        wanted = check_count("n", self.n_related if n is None else n)
        engine = self._exact_engine()
        bar = self._progress_bar
        index = self._index()
        table, rows = answer(index, engine, self.weights, queries, wanted, wishes, bar)
        if queries.everyone and wishes.plain:
            self._kept = kept_lists(table, rows, index, wanted, self.weights)
        return table, rows

    @contextmanager
    def _progress_bar(
        self, total: int | None, desc: str = "relate", unit: str = "event"
    ) -> Iterator[Callable[[int], None]]:
        from tqdm import tqdm

        # `delay`: what takes less than a second shows nothing.
        with tqdm(total=total, desc=desc, unit=unit, delay=1.0, disable=not self.progress) as bar:
            yield bar.update


def check_tags(tags: object) -> list[str]:
    """Return the tags of a new event as a list, or raise `InputError`."""
    if tags is None:
        return []
    listed = isinstance(tags, Iterable) and not isinstance(tags, (str, bytes))
    given = list(tags) if listed else []  # type: ignore[call-overload]
    if not listed or not all(isinstance(tag, str) for tag in given):
        todo = "Put a single tag into a list." if isinstance(tags, str) else ""
        raise InputError(problem("tags", f"got {shown(tags)}", "a list of texts", todo))
    return given
