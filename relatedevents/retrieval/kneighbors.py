"""Lists in scikit-learn's language of neighbours: distances and positions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_choice, check_count, problem
from relatedevents.errors import InputError
from relatedevents.retrieval.options import ListOptions
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.retriever import Retriever

if TYPE_CHECKING:
    from scipy import sparse


def kneighbors(
    retriever: Retriever, ids: Iterable[str] | None, n_neighbors: int | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return distances and positions of the nearest events; see `RelatedEvents.kneighbors`."""
    n = retriever.setup.n_related if n_neighbors is None else n_neighbors
    index, n = retriever.index, check_count("n_neighbors", n)
    if n >= len(index):
        allowed = f"fewer than the archive's {len(index)} events"
        raise InputError(problem("n_neighbors", f"got {n}", allowed))
    queries = Queries.of_archive(index) if ids is None else retriever.queries(ids, "X")
    table, rows = retriever.lists(queries, n, ListOptions(), keep=False)
    furthest = sum(retriever.setup.weights.by_signal())
    distances = furthest - table["score"].to_numpy().reshape(-1, n)
    return distances, index.positions(rows).reshape(-1, n)


def kneighbors_graph(
    retriever: Retriever, ids: Iterable[str] | None, n_neighbors: int | None, mode: str
) -> sparse.csr_matrix:
    """Return the nearest events as a sparse matrix; see `RelatedEvents.kneighbors_graph`."""
    from scipy import sparse

    check_choice("mode", mode, ["connectivity", "distance"])
    distances, positions = kneighbors(retriever, ids, n_neighbors)
    data = distances.ravel() if mode == "distance" else np.ones(positions.size)
    starts = np.arange(0, positions.size + 1, positions.shape[1])
    shape = (len(positions), len(retriever.index))
    return sparse.csr_matrix((data, positions.ravel(), starts), shape=shape)
