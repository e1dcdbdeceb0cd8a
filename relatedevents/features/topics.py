"""Topics: events placed by which tags occur together, so that names of one thing lie close."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from relatedevents._util.threads import one_blas_thread

N_TOPICS = 48
_CHUNK = 16_384
_POWER_ITERATIONS = 4
# So few events and tags are placed sooner by one thread than by several that wait for each other.
_FEW = 10_000


@dataclass(frozen=True)
class TopicSpace:
    """The main directions in which an archive's tags vary together.

    Latent semantic analysis (Deerwester et al. 1990) of the events' idf-weighted tags: events
    that share no tag are close if their tags occur with the same others ("Kidal", "Azawad").

    Attributes
    ----------
    directions : numpy.ndarray of float32, shape (n_tags, n_topics)
        Right singular vectors of the event x tag matrix; no columns where an archive has too few
        tags to tell a direction.
    """

    directions: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, tags: sparse.csr_matrix, n_topics: int = N_TOPICS) -> TopicSpace:
        """Learn the directions from the events' tag weights.

        Parameters
        ----------
        tags : scipy.sparse.csr_matrix of float64, shape (n_events, n_tags)
            As `relatedevents.features.tags.TagMatrix` holds them.
        n_topics : int
            How many directions at most.

        Examples
        --------
        >>> tags = sparse.csr_matrix(np.array([[1.0, 0, 0], [0.6, 0.8, 0], [0, 1.0, 0]]))
        >>> space = TopicSpace.fit(tags, n_topics=1)
        >>> space.transform(tags).round(2).tolist()
        [[1.0], [1.0], [1.0]]
        """
        from sklearn.utils.extmath import randomized_svd

        n = min(n_topics, min(tags.shape) - 1)
        if n < 1 or not tags.nnz:
            return cls(np.zeros((tags.shape[1], 0), dtype=np.float32))
        few = max(tags.shape) <= _FEW
        # Halko, Martinsson and Tropp (2011); the seed makes it the same every time.
        with one_blas_thread() if few else nullcontext():
            _, strength, directions = randomized_svd(
                tags, n, n_iter=_POWER_ITERATIONS, random_state=0
            )
        strong = strength > 1e-6 * max(float(strength[0]), 1e-12)
        return cls(np.ascontiguousarray(directions[strong].T, dtype=np.float32))

    def grown(self, columns: npt.NDArray[np.int64], n_tags: int) -> TopicSpace:
        """Return the space over more tags; those that came later lie in no direction.

        Parameters
        ----------
        columns : numpy.ndarray of int64
            The column now of each tag.
        n_tags : int
            How many tags there are now.

        Examples
        --------
        >>> space = TopicSpace(np.ones((2, 1), dtype=np.float32))
        >>> space.grown(np.array([0, 2]), 3).directions.ravel().tolist()
        [1.0, 0.0, 1.0]
        """
        directions = np.zeros((n_tags, self.directions.shape[1]), dtype=np.float32)
        directions[columns] = self.directions
        return TopicSpace(directions)

    def transform(self, tags: sparse.csr_matrix) -> npt.NDArray[np.float32]:
        """Return the place of some events, rows of length 1; 0 for one without known tags.

        Parameters
        ----------
        tags : scipy.sparse.csr_matrix of float64, shape (n_events, n_tags)
            Their tag weights.

        Returns
        -------
        numpy.ndarray of float32, shape (n_events, n_topics)
        """
        directions = self.directions
        if tags.nnz < len(directions) // 4:
            # A few events: only their tags' directions have to be made float64.
            used, columns = np.unique(tags.indices, return_inverse=True)
            directions = directions[used]
            shape = (tags.shape[0], len(used))
            tags = sparse.csr_matrix((tags.data, columns, tags.indptr), shape=shape)
        wide = directions.astype(np.float64)
        unit = np.zeros((tags.shape[0], wide.shape[1]), dtype=np.float32)
        # Some rows at a time: float64 of all of them takes several times the memory of `unit`.
        for first in range(0, tags.shape[0], _CHUNK):
            places = np.asarray(tags[first : first + _CHUNK] @ wide)
            lengths = np.linalg.norm(places, axis=1, keepdims=True)
            # Below this a place is rounding error: such tags never occur with any others.
            there = np.flatnonzero(lengths[:, 0] >= 1e-6)
            unit[first + there] = places[there] / lengths[there]
        return unit
