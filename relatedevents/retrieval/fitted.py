"""A fitted archive, and what was made of it: engines and lists, kept until something changes."""

from __future__ import annotations

import importlib.util
import os
import warnings
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from relatedevents._util.checks import check_choice, check_count, problem, shown
from relatedevents._util.contents import Contents
from relatedevents.calibration import Calibration
from relatedevents.encoders import (
    Encoder,
    is_static,
    resolve_encoder,
    static_of_parts,
    static_parts,
)
from relatedevents.engines.base import ENGINES, Engine, engine_class
from relatedevents.errors import InputError
from relatedevents.index.index import Index
from relatedevents.index.numbering import Positions
from relatedevents.retrieval.list_cache import ListCache
from relatedevents.retrieval.options import Request
from relatedevents.signals.register import check_added
from relatedevents.signals.score import score_terms
from relatedevents.weights import Weights

#: The largest archive for which `engine="auto"` takes the exact engine.
AUTO_EXACT = 200_000
_ENCODER = "encoder"


@dataclass(frozen=True)
class Setup:
    """The parameters of a model that lists are made with, checked.

    Attributes
    ----------
    weights, n_related, engine, block_size, n_threads, progress
        As of `relatedevents.RelatedEvents`.

    Raises
    ------
    InputError
        If one of them can't be used.
    """

    weights: Weights
    n_related: int
    engine: str
    block_size: int
    n_threads: int | None
    progress: bool

    def __post_init__(self) -> None:
        check_weights(self.weights)
        check_count("n_related", self.n_related)
        check_choice("engine", self.engine, [*ENGINES, "auto"])
        check_count("block_size", self.block_size)
        if self.n_threads is not None:
            check_count("n_threads", self.n_threads)

    def engine_for(self, n_events: int) -> str:
        """Return the name of the engine that finds lists among so many events."""
        if self.engine != "auto":
            return self.engine
        large = n_events > AUTO_EXACT
        return "approximate" if large and importlib.util.find_spec("faiss") is not None else "exact"


def check_weights(weights: object) -> Weights:
    """Return `weights`, or raise `InputError` if they are none."""
    if not isinstance(weights, Weights):
        todo = "Name them, as in Weights(semantic=0.5, tags=0.3)."
        raise InputError(problem("weights", f"got {shown(weights)}", "a Weights", todo))
    # What was registered when they were made may have been taken out since.
    check_added(dict(weights.extra))
    return weights


class EngineKey(NamedTuple):
    """What an engine was built for."""

    name: str
    version: int
    weights: Weights
    block_size: int
    n_threads: int | None


@dataclass
class Fitted:
    """A fitted archive, and what was made of it.

    Attributes
    ----------
    index : Index
        Vectors, vocabularies and order.
    encoder : Encoder or None
        What encoded it; None where a loaded model has not looked for it yet.
    calibration : Calibration or None
        What gives probabilities.
    lists : ListCache or None
        The lists of the whole archive that were made last, without options.
    answered : (Request, Calibration or None, ListCache) or None
        The lists under options of which an update told last who changed.
    engines : dict
        Those built for the index as it is.
    """

    index: Index
    encoder: Encoder | None
    calibration: Calibration | None = None
    lists: ListCache | None = None
    answered: tuple[Request, Calibration | None, ListCache] | None = None
    engines: dict[EngineKey, Engine] = field(default_factory=dict)

    def reorder(self, weights: Weights) -> None:
        """Put the events into the tie-break order of some weights."""
        if weights.tie_break != self.index.tie_break:
            before, self.index = self.index, self.index.reordered(weights)
            self.engines = {}
            if self.lists is not None:
                # An update is compared with them still, under whatever order they were made.
                source = before.rows(Positions(self.index.order))
                self.lists = replace(self.lists.renumbered(source), version=self.lists.version)

    def engine(self, setup: Setup) -> Engine:
        """Return the engine of some parameters, built if the one built last was for others."""
        name = setup.engine_for(len(self.index))
        large = setup.engine == "auto" and len(self.index) > AUTO_EXACT
        if large and name == "exact" and not self.engines:
            _warn_of_exact(len(self.index))
        return self.engine_named(name, setup)

    def engine_named(self, name: str, setup: Setup) -> Engine:
        """Return the engine of some name and parameters."""
        key = EngineKey(name, self.index.version, setup.weights, setup.block_size, setup.n_threads)
        if key not in self.engines:
            self.engines = {
                other: engine for other, engine in self.engines.items() if other[1:] == key[1:]
            }
            # Both kinds share their terms.
            terms = next((engine.candidates for engine in self.engines.values()), None)
            if terms is None:
                terms = score_terms(self.index.features, setup.weights)
            self.engines[key] = engine_class(name)(
                terms, block_size=setup.block_size, n_threads=setup.n_threads
            )
        return self.engines[key]

    def resolve_encoder(
        self, encoder: str | os.PathLike[str] | Encoder | None, *, allow_download: bool
    ) -> Encoder:
        """Return the encoder, which a loaded model looks for by its name when it first needs it."""
        if self.encoder is None:
            if encoder is None:
                came = "the model was fitted with an encoder object, which no file can hold"
                todo = "Load with RelatedEvents.load(folder, encoder=...)."
                raise InputError(problem("encoder", came, "that object", todo))
            found = resolve_encoder(encoder, allow_download=allow_download)
            self.index.check_encoder(found)
            self.encoder = found
        return self.encoder

    def contents(self, encoder_name: str | None) -> Contents:
        """Return what a saved model holds of it.

        A static encoder without a name is held too; any other object is given again to `load`.
        """
        contents = self.index.contents()
        if self.lists is not None and self.lists.version == self.index.version:
            contents = contents.joined(self.lists.contents())
        if self.calibration is not None:
            settings = {"calibration": self.calibration.to_dict()}
            contents = contents.joined(Contents(settings, {}, {}))
        if self.encoder is not None and encoder_name is None and is_static(self.encoder):
            arrays, settings = static_parts(self.encoder)
            named = {f"{_ENCODER}_{name}": array for name, array in arrays.items()}
            contents = contents.joined(Contents({_ENCODER: settings}, named, {}))
        return contents

    @classmethod
    def of_contents(cls, contents: Contents) -> Fitted:
        """Return what `contents` was made of.

        Raises
        ------
        KeyError, TypeError, ValueError
            If a part is missing, unknown, or of another form.
        """
        index = Index.from_contents(contents)
        calibration = contents.settings.get("calibration")
        return cls(
            index,
            _encoder_of(contents),
            None if calibration is None else Calibration.from_dict(calibration),
            ListCache.of_contents(contents, len(index)),
        )


def _encoder_of(contents: Contents) -> Encoder | None:
    settings, start = contents.settings.get(_ENCODER), f"{_ENCODER}_"
    if settings is None:
        return None
    arrays = {
        name.removeprefix(start): array
        for name, array in contents.arrays.items()
        if name.startswith(start)
    }
    return static_of_parts(arrays, settings)


def _warn_of_exact(n_events: int) -> None:
    warnings.warn(
        f"engine='auto' takes the exact engine for {n_events:,} events, which is slow: the "
        'approximate one needs faiss: pip install "relatedevents[approximate]"',
        stacklevel=5,
    )
