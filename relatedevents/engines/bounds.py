"""Bounds: a few numbers a vector that say how large a dot product can be at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relatedevents._util.arrays import F32, F64, I64

_CHUNK = 4096
_EPS = float(np.finfo(np.float32).eps)


def bounding_vectors(vectors: F32, share: int) -> F32:
    """Return short vectors whose dot products are no smaller than those of the long ones.

    The coordinates along the main directions of all vectors, and the length of what is left: by
    Cauchy and Schwarz the products of what is left are at most the product of its lengths.
    Rounding moves a bound by no more than a dot product of the long vectors errs.

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, n_dimensions)
    share : int
        How many times as long they are: what a bound saves; one of fewer numbers is higher.

    Returns
    -------
    numpy.ndarray of float32, shape (n, max(2, n_dimensions // share)), or (n, 0) for (n, 0)

    Examples
    --------
    >>> vectors = np.eye(16, dtype=np.float32)[[0, 0, 1]]
    >>> short = bounding_vectors(vectors, 8)
    >>> short.shape
    (3, 2)
    >>> bool((short @ short.T >= vectors @ vectors.T - 1e-6).all())
    True
    """
    if not vectors.shape[1]:
        return vectors
    n_short = max(2, vectors.shape[1] // share) - 1
    main = main_directions(vectors, n_short)
    short = np.empty((len(vectors), n_short + 1), dtype=np.float32)
    for first in range(0, len(vectors), _CHUNK):
        some = vectors[first : first + _CHUNK].astype(np.float64)
        coordinates = (some @ main).astype(np.float32)
        lengths = np.sum(some**2, axis=1)
        left = lengths - np.sum(coordinates.astype(np.float64) ** 2, axis=1)
        short[first : first + _CHUNK, :-1] = coordinates
        # Rounding may have made them longer; what is left must not come out shorter.
        short[first : first + _CHUNK, -1] = np.sqrt(np.maximum(left, 0.0) + _EPS * lengths)
    return short


def main_directions(vectors: F32, n_directions: int) -> F64:
    """Return the directions along which vectors lie most, the first of them first.

    Principal components without centring (Pearson 1901).

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, n_dimensions)
    n_directions : int
        No more are there than dimensions.

    Returns
    -------
    numpy.ndarray of float64, shape (n_dimensions, n_directions)
        Of length 1, at right angles.

    Examples
    --------
    >>> main_directions(np.array([[0, 2], [1, 0]], dtype=np.float32), 1).tolist()
    [[0.0], [1.0]]
    """
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for first in range(0, len(vectors), _CHUNK):
        some = vectors[first : first + _CHUNK]
        spread += some.T @ some
    _, directions = np.linalg.eigh(spread)
    return np.asarray(directions[:, ::-1][:, :n_directions])


@dataclass(frozen=True)
class ProjectedVectors:
    """Vectors of length 1 or 0, by their coordinates along a few directions at right angles.

    Attributes
    ----------
    coordinates : numpy.ndarray of float32, shape (n, n_directions)
        Counted from some point, such as the mean of the vectors.
    centre : numpy.ndarray of float32, shape (n_directions,)
        Where that point lies along the directions.
    """

    coordinates: F32
    centre: F32

    def bounds(self, rows: I64, first: int, last: int) -> F32:
        """Return the most that the dot products of some vectors with a stretch of them can be.

        By Cauchy and Schwarz, as in `bounding_vectors`.

        Examples
        --------
        >>> coordinates = np.array([[0.5], [-1.0]], np.float32)
        >>> projected = ProjectedVectors(coordinates, np.array([0.5], np.float32))
        >>> projected.bounds(np.array([0]), 0, 2).round(2).tolist()
        [[1.0, -0.5]]
        """
        mine, theirs = (
            self._with_rest(self.coordinates[rows]),
            self._with_rest(self.coordinates[first:last]),
        )
        # What a centre apart from 0 adds to the products, without moving all coordinates.
        mine[:, -2] = mine[:, :-2] @ self.centre + self.centre @ self.centre
        mine[:, :-2] += self.centre
        theirs[:, -2] = 1.0
        return np.asarray(mine @ theirs.T)

    def _with_rest(self, coordinates: F32) -> F32:
        """Return coordinates with one column more to fill, and the most that can be left beside."""
        longer = np.empty((len(coordinates), coordinates.shape[1] + 2), dtype=np.float32)
        longer[:, :-2] = coordinates
        squares = np.einsum("ij,ij->i", coordinates, coordinates) + 2.0 * (
            coordinates @ self.centre
        )
        squares += self.centre @ self.centre
        # A root makes much of little: near 0 the squares' rounding must not shorten what is left.
        rounding = (coordinates.shape[1] + 8) * _EPS
        longer[:, -1] = np.sqrt(np.maximum(1.0 - squares, 0.0) + rounding)
        return longer
