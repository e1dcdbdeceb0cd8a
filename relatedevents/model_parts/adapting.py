"""Adapting: a model whose encoder is taught by the archive's own tags, and what that gained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_count, check_number, problem
from relatedevents.errors import InputError
from relatedevents.learning.adaptation import Adaptation
from relatedevents.retrieval.fitted import FittedModel

if TYPE_CHECKING:
    from relatedevents.encoders import Encoder
    from relatedevents.index.index import Index


class AdaptingMixin(FittedModel):
    """Adds `adapt` to the model."""

    cache_dir: str | os.PathLike[str] | None
    adaptation_: Adaptation

    def adapt(self, *, held_out: float = 0.15, seed: int = 0) -> Self:
        """Teach the encoder which headlines belong together, from the archive's own tags.

        Two headlines belong together where they share a rare tag (one of at most 60 events) and
        lie within 180 days. The newest events are held out: only an encoder that finds such pairs
        among them surely better than before is kept. No torch is needed.

        Parameters
        ----------
        held_out : float
            The share of dated events, the newest, to measure on; above 0, up to 0.5.
        seed : int
            Of everything random; the same archive and seed teach the same encoder.

        Returns
        -------
        RelatedEvents
            A new fitted model; its report is in `adaptation_` and can be printed. Where the
            taught encoder is kept it is the model's `encoder`, and all headlines are encoded
            anew; the weights stay. `save` writes it with the model; to use it elsewhere, see
            `relatedevents.encoders.save_encoder`.

        Raises
        ------
        InputError
            If the encoder is no static one, or the archive has too few pairs to learn from or
            too few tags to measure on.
        """
        from relatedevents.learning.teach import adapt

        self._check_fitted()
        share = check_number("held_out", held_out, 0, 0.5, above=True)
        check_count("seed", seed, 0)
        encoder = self._encoder()
        _check_static(encoder)
        index = self._index()
        with self._lesson_bar() as on_step:
            lessons = _lessons(index)
            found = adapt(encoder, *lessons, held_out=share, seed=seed, on_step=on_step)
        kept = found.kept == "new"
        model = self._copy()
        if kept:
            model.set_params(encoder=found.encoder)
            model._set_fitted(_encoded_anew(self, index, found.encoder), found.encoder)
        model._set_learned(self)
        model.adaptation_ = Adaptation(
            kept=kept,
            figure="ndcg@10",
            before=found.before,
            after=found.after,
            gain=found.after - found.before,
            low=found.gain_low,
            high=found.gain_high,
            n_pairs=found.pairs,
            n_events=found.events,
            n_held_out=found.held_out_events,
            n_tags=found.held_out_labels,
        )
        return model

    @contextmanager
    def _lesson_bar(self) -> Iterator[Callable[[int, int], None]]:
        from tqdm import tqdm

        with tqdm(desc="teach", unit="step", delay=1.0, disable=not self.progress) as bar:

            def on_step(done: int, steps: int) -> None:
                bar.total = steps
                bar.update(done - bar.n)

            yield on_step


def _check_static(encoder: Encoder) -> None:
    from relatedevents.encoders import is_static

    if not is_static(encoder):
        came = f"the model's is a {type(encoder).__name__}, which can't be taught here"
        allowed = "a static (model2vec) encoder, such as encoder='default'"
        todo = (
            "Train any other kind with its own library (a sentence-transformers model with "
            "sentence-transformers), then fit with encoder=that object."
        )
        raise InputError(problem("encoder", came, allowed, todo))


def _lessons(
    index: Index,
) -> tuple[list[str], list[list[str]], npt.NDArray[np.datetime64]]:
    """Return headlines, keys of tags and days, in an order that is no choice of the user's."""
    from relatedevents.archive import inverse
    from relatedevents.index.index import tie_order
    from relatedevents.weights import Weights

    places = tie_order(index.table, Weights())
    tags = index.features.tags[inverse(index.order)[places]]
    keys = index.tag_space.keys
    named = [
        [keys[column] for column in tags.indices[start:end]]
        for start, end in zip(tags.indptr[:-1], tags.indptr[1:], strict=True)
    ]
    table = index.table.iloc[places]
    return table["headline"].tolist(), named, table["date"].to_numpy(dtype="datetime64[D]")


def _encoded_anew(model: AdaptingMixin, index: Index, encoder: Encoder) -> Index:
    return type(index).build(
        index.table,
        encoder,
        model.weights,
        tag_aliases=model.tag_aliases,
        cache_dir=model.cache_dir,
        progress=model.progress,
    )
