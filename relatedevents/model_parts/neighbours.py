"""The model in scikit-learn's language of neighbours: distances and places instead of lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_choice, check_count, problem
from relatedevents.errors import InputError
from relatedevents.model_parts.blocks import BlocksMixin

if TYPE_CHECKING:
    from scipy import sparse


class NeighboursMixin(BlocksMixin):
    """Adds `kneighbors` and `kneighbors_graph` to the model."""

    if TYPE_CHECKING:

        def related_all(self, n: int | None = None) -> pd.DataFrame: ...  # noqa: D102
        def related_many(  # noqa: D102
            self, ids: Iterable[str], n: int | None = None
        ) -> pd.DataFrame: ...

    def kneighbors(
        self,
        X: Iterable[str] | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> npt.NDArray[np.int64] | tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Return the nearest events in scikit-learn's language.

        Parameters
        ----------
        X : iterable of ids, optional
            The queries; None means every event.
        n_neighbors : int, optional
            How many, fewer than the archive has; None means `n_related`.
        return_distance : bool
            Whether to return distances too.

        Returns
        -------
        distances : numpy.ndarray of float64, shape (n_queries, n_neighbors)
            Sum of the weights minus the score.
        places : numpy.ndarray of int64, shape (n_queries, n_neighbors)
            Places in `archive_`.
        """
        self._check_fitted()
        n = check_count("n_neighbors", self.n_related if n_neighbors is None else n_neighbors)
        if n >= len(self.archive_):
            allowed = f"fewer than the archive's {len(self.archive_)} events"
            raise InputError(problem("n_neighbors", f"got {n}", allowed))
        index = self._index()
        asked = None if X is None else index.id_of_row[index.ids.rows_of(X, "X")]
        table = self.related_all(n) if asked is None else self.related_many(asked, n)
        places = index.order[index.ids.rows_of(table["related_id"])].reshape(-1, n)
        if not return_distance:
            return places
        furthest = sum(self.weights.by_signal())
        return furthest - table["score"].to_numpy().reshape(-1, n), places

    def kneighbors_graph(
        self,
        X: Iterable[str] | None = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> sparse.csr_matrix:
        """Return the nearest events as a sparse matrix (n_queries, n_events).

        Parameters
        ----------
        X, n_neighbors
            As in `kneighbors`.
        mode : {"connectivity", "distance"}
            Ones, or distances.
        """
        from scipy import sparse

        check_choice("mode", mode, ["connectivity", "distance"])
        distances, places = self.kneighbors(X, n_neighbors)
        data = distances.ravel() if mode == "distance" else np.ones(places.size)
        starts = np.arange(0, places.size + 1, places.shape[1])
        shape = (len(places), len(self.archive_))
        return sparse.csr_matrix((data, places.ravel(), starts), shape=shape)
