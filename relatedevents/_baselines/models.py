"""Models: one fitted archive under the weights of several baselines."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents.model import RelatedEvents
from relatedevents.weights import Weights

if TYPE_CHECKING:
    from relatedevents.encoders import Encoder


def only(signal: str) -> Weights:
    """Return the weights that count one signal alone.

    Examples
    --------
    >>> only("tags").by_signal()
    (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """
    return Weights.only(**{signal: 1.0})


class Models:
    """A model fitted when it is first needed, and copies of it with other weights.

    Parameters
    ----------
    table : pandas.DataFrame
        The checked archive.
    encoder : str, Encoder, or None
        None where no run looks at the headlines' meaning: then nothing is encoded.
    progress : bool
        Whether the model shows its progress.
    """

    def __init__(
        self, table: pd.DataFrame, encoder: str | Encoder | None, progress: bool = False
    ) -> None:
        self._table = table
        self._encoder = _NoMeaning() if encoder is None else encoder
        self._progress = progress
        self._model: RelatedEvents | None = None
        self._of_weights: dict[Weights, RelatedEvents] = {}

    def lists(
        self, weights: Weights | None, ids: Sequence[str] | None, n: int, as_of: object
    ) -> pd.DataFrame:
        """Return the lists of some events, or of all, under other weights or (None) the defaults.

        Parameters and result are those of `RelatedEvents.related_many`.
        """
        model = self._with(weights)
        if ids is None:
            return model.related_all(n, as_of=as_of)
        return model.related_many(ids, n, as_of=as_of)

    def _with(self, weights: Weights | None) -> RelatedEvents:
        if self._model is None:
            model = RelatedEvents(encoder=self._encoder, progress=self._progress)
            self._model = model.fit(self._table)
        if weights is None:
            return self._model
        if weights not in self._of_weights:
            # A shallow copy shares the vectors and vocabularies and builds an engine of its own.
            self._of_weights[weights] = copy.copy(self._model).set_params(weights=weights)
        return self._of_weights[weights]


class _NoMeaning:
    """An encoder to which every headline says the same: nothing."""

    def encode(self, texts: list[str], /) -> npt.ArrayLike:
        return np.zeros((len(texts), 1), dtype=np.float32)
