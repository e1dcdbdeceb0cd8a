"""Fitted: what stands behind the model's public methods once an archive is learned."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone

from relatedevents._util.checks import check_choice, check_count, problem, shown
from relatedevents.engines.base import ENGINES
from relatedevents.errors import InputError
from relatedevents.weights import Weights

if TYPE_CHECKING:
    from relatedevents.calibration import Calibration
    from relatedevents.encoders import Encoder
    from relatedevents.engines.base import Engine
    from relatedevents.index.index import Index
    from relatedevents.rerank import Neighbourhoods
    from relatedevents.retrieval.answers import Queries, Scorer, Wishes
    from relatedevents.retrieval.list_cache import KeptLists

#: The largest archive for which `engine="auto"` takes the exact engine.
AUTO_EXACT = 200_000


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
    calibration_: Calibration | None = None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "index_")

    def _set_fitted(self, index: Index, encoder: Encoder | None) -> None:
        self.index_ = index
        self.archive_ = index.table
        self.encoder_ = encoder
        by_name = isinstance(self.encoder, (str, os.PathLike))
        self._encoder_name = os.fspath(self.encoder) if by_name else None  # type: ignore[arg-type]
        self._built: dict[str, tuple[object, Engine]] | None = None
        self._kept: KeptLists | None = None
        self._near: tuple[object, Neighbourhoods] | None = None

    def _copy(self) -> Self:
        """Return a model of the same parameters, fitted to the same archive."""
        model: Self = clone(self)
        model._set_fitted(self.index_, self.encoder_)
        model._encoder_name = self._encoder_name
        return model

    def _set_learned(self, other: FittedModel) -> None:
        """Take over what another model says of where its weights and its encoder come from."""
        for name in ("tuning_", "adaptation_"):
            if hasattr(other, name):
                setattr(self, name, getattr(other, name))
        # Of another encoder's parts it says nothing.
        self.calibration_ = other.calibration_ if self.encoder_ is other.encoder_ else None

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
        check_choice("engine", self.engine, [*ENGINES, "auto"])
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

    @property
    def engine_(self) -> str:
        """The engine that finds the lists: "exact" or "approximate", whatever `engine` leaves open.

        `engine="auto"` is exact for up to 200,000 events, and for more where faiss is missing.
        """
        from importlib.util import find_spec

        self._check_fitted()
        if self.engine != "auto":
            return self.engine
        large = len(self.archive_) > AUTO_EXACT
        return "approximate" if large and find_spec("faiss") is not None else "exact"

    def _engine(self) -> Engine:
        name = self.engine_
        large = self.engine == "auto" and len(self.archive_) > AUTO_EXACT
        if large and name == "exact" and not self._built:
            warnings.warn(
                f"engine='auto' takes the exact engine for {len(self.archive_):,} events, "
                "which is slow: the approximate one needs faiss: "
                'pip install "relatedevents[approximate]"',
                stacklevel=4,
            )
        return self._build(name)

    def _exact_engine(self) -> Engine:
        return self._build("exact")

    def _build(self, name: str) -> Engine:
        """Return the engine of a name, kept from call to call while nothing changes."""
        from relatedevents.engines.base import engine_class
        from relatedevents.scoring.terms import score_terms

        index = self._index()
        weights = self.weights.first_pass()
        key = (weights, self.block_size, self.n_threads)
        built = {what: one for what, one in (self._built or {}).items() if one[0] == key}
        if name not in built:
            # All kinds share their terms.
            side = next((engine.candidates for _, engine in built.values()), None)
            engine = engine_class(name)(
                score_terms(index.features, weights) if side is None else side,
                block_size=self.block_size,
                n_threads=self.n_threads,
            )
            self._built = {**built, name: (key, engine)}
            return engine
        return built[name][1]

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
        from relatedevents.retrieval.answers import Queries

        self._check_fitted()
        index = self._index()
        rows = index.ids.rows_of(ids, name)
        return Queries(index.id_of_row[rows], rows, index.features, in_archive=True)

    def _everyone(self) -> Queries:
        from relatedevents.retrieval.answers import Queries

        index = self._index()
        return Queries(index.id_of_row, np.arange(len(index)), index.features, True, everyone=True)

    def _answer(
        self, queries: Queries, n: int | None, wishes: Wishes
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        from relatedevents.retrieval.answers import answer, first_width

        wanted = check_count("n", self.n_related if n is None else n)
        wishes.check()
        engine, index = self._engine(), self._index()
        plain = queries.everyone and wishes.plain
        first = None
        if plain:
            # They are whose neighbours everyone has too, and what an update starts from.
            kept = self._first_lists(first_width(wanted, self.weights))
            first = partial(kept.best, index.order)
        elif queries.everyone and wishes.unfiltered:
            # Looked at where they are long enough, and left as they are.
            self._neighbourhoods()
            there = self._kept
            if there is not None and there.serves(
                first_width(wanted, self.weights, wishes), self.weights
            ):
                first = partial(there.best, index.order)
        bar = self._progress_bar
        table, rows = answer(self._scorer(), engine, queries, wanted, wishes, first, bar)
        if plain:
            # Without a wish no list is shorter than another, and they stand in the table's order.
            shown = index.order[rows].reshape(len(index), min(wanted, len(index) - 1))
            self._kept = replace(kept, shown=shown, n_shown=wanted, weights=self.weights)
        return table, rows

    def _scorer(self) -> Scorer:
        from relatedevents.retrieval.answers import Scorer

        near = self._neighbourhoods()
        return Scorer(self._index(), self.weights, near, self._calibration())

    def _calibration(self) -> Calibration | None:
        """Return what turns parts into probabilities, if it was learned under these weights."""
        found = self.calibration_
        return found if found is not None and found.holds_for(self.weights) else None

    def _first_lists(self, n: int) -> KeptLists:
        """Return the first lists of everyone, `n` long or longer; found once, then kept."""
        from relatedevents.engines.base import Filters
        from relatedevents.retrieval.answers import Scorer, first_lists
        from relatedevents.retrieval.list_cache import KeptLists

        if self._kept is None or not self._kept.serves(n, self.weights):
            index = self._index()
            best = first_lists(
                Scorer(index, self.weights, None),
                self._engine(),
                self._everyone(),
                n,
                Filters(np.ones(len(index), dtype=np.bool_)),
                self._progress_bar,
            )
            self._kept = KeptLists.of_rows(best.rows, best.scores, index.order, n, self.weights)
        return self._kept

    def _neighbourhoods(self) -> Neighbourhoods | None:
        """Return everyone's neighbourhood, for which all first lists have to be found once."""
        from relatedevents.rerank import FIRST_LIST, Neighbourhoods

        if not self.weights.neighbours:
            return None
        index, kept = self._index(), self._first_lists(FIRST_LIST)
        if self._near is None or self._near[0] is not kept.places:
            first = kept.best(index.order)
            near = Neighbourhoods.of(first.rows, first.scores, index.features)
            self._near = (kept.places, near)
        return self._near[1]

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
