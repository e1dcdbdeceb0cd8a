"""Neighbourhoods: an archive's main directions, in which the middle of some events is taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: As good as all 256 dimensions of the shipped encoder's vectors, and a quarter of the work.
N_DIRECTIONS = 64
# What is left of a direction that no vector has, after rounding.
_NOTHING = 1e-9


@dataclass(frozen=True)
class NeighbourSpace:
    """The main directions of an archive's embeddings, counted from their mean.

    Principal components (Pearson 1901). Every headline's vector holds what all headlines have in
    common; the mean takes it off, so that middles of unlike events are not alike.

    Attributes
    ----------
    mean : numpy.ndarray of float32, shape (n_dimensions,)
        The mean of the fit's vectors.
    directions : numpy.ndarray of float32, shape (n_dimensions, n_directions)
        Of length 1, at right angles; fewer columns where the vectors tell fewer directions.
    """

    mean: npt.NDArray[np.float32]
    directions: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        vectors: npt.NDArray[np.float32],
        order: npt.NDArray[np.int64] | None = None,
        n_directions: int = N_DIRECTIONS,
    ) -> NeighbourSpace:
        """Learn mean and directions.

        Parameters
        ----------
        vectors : numpy.ndarray of float32, shape (n_events, n_dimensions)
            The events' embeddings.
        order : numpy.ndarray of int64, shape (n_events,), optional
            In which order to add the events up: the last bits follow it.
        n_directions : int
            How many directions at most.

        Examples
        --------
        >>> space = NeighbourSpace.fit(np.array([[1, 0], [0, 1]], dtype=np.float32))
        >>> bool(np.allclose(abs(space.transform(np.eye(2, dtype=np.float32))), 0.5**0.5))
        True
        """
        everyone = np.arange(len(vectors)) if order is None else order
        width = vectors.shape[1]
        total, products = np.zeros(width), np.zeros((width, width))
        for first in range(0, len(vectors), 4096):
            some = vectors[everyone[first : first + 4096]].astype(np.float64)
            total += some.sum(axis=0)
            products += some.T @ some
        mean = total / max(len(vectors), 1)
        products -= np.outer(total, mean)
        strength, directions = np.linalg.eigh(products)
        told = strength > _NOTHING * max(float(np.trace(products)), 1.0)
        # eigh sorts the weakest first.
        strongest = np.flatnonzero(told)[::-1][:n_directions]
        return cls(
            mean.astype(np.float32),
            np.ascontiguousarray(directions[:, strongest], dtype=np.float32),
        )

    def transform(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return where some vectors lie.

        Parameters
        ----------
        vectors : numpy.ndarray of float32, shape (n_events, n_dimensions)
            Embeddings by the encoder of the fit.

        Returns
        -------
        numpy.ndarray of float32, shape (n_events, n_directions)
        """
        directions = self.directions.astype(np.float64)
        places = np.empty((len(vectors), directions.shape[1]), dtype=np.float32)
        for first in range(0, len(vectors), 4096):
            here = slice(first, first + 4096)
            # In float64, rounded then: a place does not depend on what else is asked for.
            places[here] = (vectors[here] - self.mean.astype(np.float64)) @ directions
        return places
