"""Clusters: candidates grouped by their vectors, so that near ones are found without seeing all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relatedevents._util.arrays import F32, I64
from relatedevents._util.checks import require

_CLUSTERS_PER_ROOT = 2.0
_PER_CLUSTER = 16
_ITERATIONS = 5
_CHUNK = 8192


@dataclass(frozen=True)
class Clusters:
    """An inverted file: vectors grouped around centroids found by k-means (Lloyd 1982).

    Attributes
    ----------
    centroids : numpy.ndarray of float32, shape (n_clusters, n_dimensions)
    start : numpy.ndarray of int64, shape (n_clusters + 1,)
        Where each cluster's members begin.
    members : numpy.ndarray of int64, shape (n_vectors,)
        Numbers of vectors, cluster by cluster, rising within each.
    cluster_of : numpy.ndarray of int64, shape (n_vectors,)
    near : numpy.ndarray of int64, shape (n_clusters, n_clusters)
        The clusters around each, the nearest first.
    """

    centroids: F32
    start: I64
    members: I64
    cluster_of: I64
    near: I64

    @classmethod
    def of(cls, vectors: F32, seed: int) -> Clusters:
        """Group vectors; the same ones and the same seed give the same clusters.

        faiss runs on one thread here, since it may add in another order on more.
        """
        from threadpoolctl import threadpool_limits

        faiss = require("faiss", "engine='approximate'")
        n = len(vectors)
        n_clusters = max(1, min(n // 16, int(_CLUSTERS_PER_ROOT * np.sqrt(n))))
        rng = np.random.default_rng(seed)
        sample = np.sort(rng.choice(n, min(n, _PER_CLUSTER * n_clusters), replace=False))
        kmeans = faiss.Kmeans(
            vectors.shape[1],
            n_clusters,
            niter=_ITERATIONS,
            seed=seed,
            min_points_per_centroid=1,
            max_points_per_centroid=_PER_CLUSTER,
        )
        with threadpool_limits(1):
            kmeans.train(vectors[sample])
            centroids = np.asarray(kmeans.centroids, dtype=np.float32).reshape(n_clusters, -1)
        cluster_of = nearest(vectors, centroids)
        members = np.argsort(cluster_of, kind="stable")
        start = np.searchsorted(cluster_of[members], np.arange(n_clusters + 1))
        lengths = (centroids**2).sum(axis=1)
        apart = lengths[None, :] - 2.0 * (centroids @ centroids.T)
        np.fill_diagonal(apart, -np.inf)
        near = np.argsort(apart, axis=1, kind="stable")
        return cls(centroids, start.astype(np.int64), members, cluster_of, near)

    def probe(self, cluster: int, n: int, middle: int) -> I64:
        """Return the members of a cluster and of those nearest to it, at least n if there are.

        A cluster with more than n members (equal vectors, or none at all) gives those around the
        number `middle`.
        """
        clusters = self.near[cluster]
        many = np.cumsum(self.start[clusters + 1] - self.start[clusters])
        taken = clusters[: int(np.searchsorted(many, n)) + 1]
        return np.concatenate([self._part(int(one), n, middle) for one in taken])

    def _part(self, cluster: int, n: int, middle: int) -> I64:
        members = self.members[self.start[cluster] : self.start[cluster + 1]]
        if len(members) <= n:
            return members
        first = int(np.searchsorted(members, middle)) - n // 2
        first = min(max(first, 0), len(members) - n)
        return members[first : first + n]


def nearest(vectors: F32, centroids: F32) -> I64:
    """Return the number of the centroid nearest to each vector."""
    half = 0.5 * (centroids**2).sum(axis=1)
    found = np.empty(len(vectors), dtype=np.int64)
    for first in range(0, len(vectors), _CHUNK):
        found[first : first + _CHUNK] = np.argmax(
            vectors[first : first + _CHUNK] @ centroids.T - half, axis=1
        )
    return found
