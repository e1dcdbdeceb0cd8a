"""Bounds: a few numbers a vector that say how large a dot product can be at most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# A bound costs an eighth of a dot product; fewer directions let too many pairs through.
_SHARE = 8
_CHUNK = 4096
_EPS = float(np.finfo(np.float32).eps)


def bounding_vectors(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return short vectors whose dot products are no smaller than those of the long ones.

    The places along the main directions of all vectors, and the length of what is left: by
    Cauchy and Schwarz the products of what is left are at most the product of its lengths.
    Rounding moves a bound by no more than a dot product of the long vectors errs.

    Parameters
    ----------
    vectors : numpy.ndarray of float32, shape (n, n_dimensions)

    Returns
    -------
    numpy.ndarray of float32, shape (n, max(2, n_dimensions // 8))

    Examples
    --------
    >>> vectors = np.eye(16, dtype=np.float32)[[0, 0, 1]]
    >>> short = bounding_vectors(vectors)
    >>> short.shape
    (3, 2)
    >>> bool((short @ short.T >= vectors @ vectors.T - 1e-6).all())
    True
    """
    n_short = max(2, vectors.shape[1] // _SHARE) - 1
    spread = np.zeros((vectors.shape[1], vectors.shape[1]))
    for first in range(0, len(vectors), _CHUNK):
        some = vectors[first : first + _CHUNK]
        spread += some.T @ some
    _, directions = np.linalg.eigh(spread)
    main = directions[:, ::-1][:, :n_short]
    short = np.empty((len(vectors), n_short + 1), dtype=np.float32)
    for first in range(0, len(vectors), _CHUNK):
        some = vectors[first : first + _CHUNK].astype(np.float64)
        places = (some @ main).astype(np.float32)
        lengths = np.sum(some**2, axis=1)
        left = lengths - np.sum(places.astype(np.float64) ** 2, axis=1)
        short[first : first + _CHUNK, :-1] = places
        # Rounding the places may have made them longer; what is left must not come out shorter.
        short[first : first + _CHUNK, -1] = np.sqrt(np.maximum(left, 0.0) + _EPS * lengths)
    return short
