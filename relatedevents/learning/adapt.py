"""Adapting: an encoder taught by an archive's own tags, and what that gained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_count, check_number, problem
from relatedevents.encoders import Encoder, is_static
from relatedevents.errors import InputError
from relatedevents.index.index import Index
from relatedevents.index.numbering import Positions
from relatedevents.index.order import tie_order
from relatedevents.learning import teach
from relatedevents.learning.reports import Adaptation
from relatedevents.weights import Weights


def adapt(
    index: Index, encoder: Encoder, held_out: float, seed: int, progress: bool
) -> tuple[Encoder, Adaptation]:
    """Teach an encoder by an archive's own tags; see `RelatedEvents.adapt`.

    Returns
    -------
    Encoder
        The taught one where it surely gained, else the one given.
    Adaptation
        What it gained.
    """
    share = check_number("held_out", held_out, 0, 0.5, above=True)
    check_count("seed", seed, 0)
    _check_static(encoder)
    with _lesson_bar(progress) as on_step:
        lessons = _lessons(index)
        return teach.adapt(encoder, *lessons, held_out=share, seed=seed, on_step=on_step)


@contextmanager
def _lesson_bar(progress: bool) -> Iterator[Callable[[int, int], None]]:
    from tqdm import tqdm

    with tqdm(desc="teach", unit="step", delay=1.0, disable=not progress) as bar:

        def on_step(done: int, steps: int) -> None:
            bar.total = steps
            bar.update(done - bar.n)

        yield on_step


def _check_static(encoder: Encoder) -> None:
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
    positions = Positions(tie_order(index.table, Weights()))
    tags = index.features.tags[index.rows(positions)]
    keys = index.tag_space.keys
    named = [
        [keys[column] for column in tags.indices[start:end]]
        for start, end in zip(tags.indptr[:-1], tags.indptr[1:], strict=True)
    ]
    table = index.table.iloc[positions]
    return table["headline"].tolist(), named, table["date"].to_numpy(dtype="datetime64[D]")
