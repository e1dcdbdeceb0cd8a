"""Lists in scikit-learn's language of neighbours: distances and positions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_choice, check_count, problem
from relatedevents.errors import InputError
from relatedevents.index.numbering import Positions, Rows
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
    furthest = sum(retriever.setup.weights.by_signal())
    # The nearest, however far: neither the cut of lists nor their limit of a series has a say.
    if ids is None:
        rows = index.rows(Positions(np.arange(len(index))))
        best = retriever.all_lists(n, keep=False).best(rows)
    else:
        best = retriever.candidates(retriever.queries(ids, "X").rows, n, None)
    return furthest - best.scores[:, :n], index.positions(Rows(best.rows[:, :n]))


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
