"""Folds: what belongs together stays together, so that the rest is new to what was learned."""

from __future__ import annotations

import numpy as np

from relatedevents._util.arrays import I64

# A community has this share of all queries at most, so that enough of them tell what chance does.
_LARGEST_SHARE, _LARGEST = 1 / 20, 5
_SWEEPS = 20


def communities_of(groups: I64, left: I64, right: I64) -> I64:
    """Return the community of each query: groups that links join, directly or by a chain.

    What joins more than five queries and a twentieth of all is cut where few links are, by
    label propagation (Raghavan, Albert and Kumara 2007) with a largest size: each group joins the
    neighbours to which most of its links lead, and the communities so found do the same again.

    Parameters
    ----------
    groups : numpy.ndarray of int64, shape (n_queries,)
        Queries of one group never part, however large it is.
    left, right : numpy.ndarray of int64, shape (n_links,)
        The numbers of two queries that are linked.

    Examples
    --------
    >>> communities_of(np.array([7, 7, 8, 9]), np.array([1]), np.array([3])).tolist()
    [0, 0, 1, 0]
    """
    rng = np.random.default_rng(0)
    labels = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    most = max(_LARGEST, int(_LARGEST_SHARE * len(groups)))
    while True:
        joined = _propagated(labels, labels[left], labels[right], most, rng)
        if joined.max(initial=-1) == labels.max(initial=-1):
            return labels
        labels = joined


def _propagated(labels: I64, left: I64, right: I64, most: int, rng: np.random.Generator) -> I64:
    """Return the labels after nodes have joined neighbours; each query's label is its node."""
    sizes = np.bincount(labels)
    links: list[dict[int, int]] = [{} for _ in sizes]
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if a != b:
            links[a][b] = links[a].get(b, 0) + 1
            links[b][a] = links[b].get(a, 0) + 1
    community, held = list(range(len(sizes))), sizes.tolist()
    for _ in range(_SWEEPS):
        moved = False
        for node in rng.permutation(len(sizes)).tolist():
            size, own = int(sizes[node]), community[node]
            votes: dict[int, int] = {}
            for other, count in links[node].items():
                votes[community[other]] = votes.get(community[other], 0) + count
            free = [one for one in votes if one != own and held[one] + size <= most]
            best = max(free, key=lambda one: (votes[one], -one), default=own)
            if best != own and votes[best] > votes.get(own, 0):
                community[node], moved = best, True
                held[own] -= size
                held[best] += size
        if not moved:
            break
    return np.unique(np.array(community, dtype=np.int64), return_inverse=True)[1][labels]


def folds_of(groups: I64, n_folds: int, seed: int) -> list[I64]:
    """Return the queries of each fold; queries of one group never part.

    Parameters
    ----------
    groups : numpy.ndarray of int64, shape (n_queries,)
        The group of each query, such as its story or its day.
    n_folds : int
        How many folds; fewer come where there are fewer groups.
    seed : int
        Draws which groups go together.

    Examples
    --------
    >>> [fold.tolist() for fold in folds_of(np.array([5, 5, 7]), n_folds=5, seed=0)]
    [[0, 1], [2]]
    """
    names, counts = np.unique(groups, return_counts=True)
    drawn = np.random.default_rng(seed).permutation(len(names))
    # The largest groups first, each to the smallest fold so far: folds of like size.
    drawn = drawn[np.argsort(-counts[drawn], kind="stable")]
    sizes = np.zeros(min(n_folds, len(names)), dtype=np.int64)
    fold_of_group = np.zeros(len(names), dtype=np.int64)
    for group in drawn:
        fold_of_group[group] = int(np.argmin(sizes))
        sizes[fold_of_group[group]] += counts[group]
    fold = fold_of_group[np.searchsorted(names, groups)]
    return [np.flatnonzero(fold == number) for number in range(len(sizes))]
