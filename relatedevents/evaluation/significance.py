"""Significance: bootstrap confidence intervals, paired randomisation, Holm's correction.

Arrays in, arrays out; `compare` gives them names. Queries of one story rise and fall together,
so every function here works on clusters: resampling or flipping whole clusters is honest about
how many independent cases there are. Clusters of one query each are the plain method.

Random numbers come from one stream in a fixed order, drawn in blocks: the block's size bounds
the memory (about 32 MB) and changes no result.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BLOCK_CELLS = 2_000_000
# Sums of the same numbers in another order differ by this much at most; a flip that gives the
# observed difference again must count as "as large".
_SAME = 1e-9


def cluster_sums(values: Floats, cluster: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Add up the rows of each cluster.

    Parameters
    ----------
    values : array of float64, shape (queries, columns)
        One row a query.
    cluster : array of int, shape (queries,)
        The cluster of every query, numbered from 0 without gaps.

    Returns
    -------
    sums : array of float64, shape (clusters, columns)
        The sum of each cluster's rows.
    sizes : array of float64, shape (clusters,)
        How many queries each has.
    """
    n_clusters = int(cluster.max()) + 1
    sums = np.zeros((n_clusters, values.shape[1]))
    np.add.at(sums, cluster, values)
    return sums, np.bincount(cluster, minlength=n_clusters).astype(np.float64)


def randomisation_p_values(
    differences: Floats, cluster: NDArray[np.intp], n_permutations: int, rng: np.random.Generator
) -> Floats:
    """Return two-sided p values of paired differences, by random sign flips.

    If two systems are equally good, the sign of each cluster's difference is random.
    p = (1 + b) / (1 + m), where b of the m random flips give a mean difference at least as large
    as the observed one: Phipson and Smyth, "Permutation p-values should never be zero",
    Statistical Applications in Genetics and Molecular Biology 9(1), 2010.

    Parameters
    ----------
    differences : array of float64, shape (queries, pairs)
        One column a pair of systems; all pairs see the same flips.
    cluster : array of int, shape (queries,)
        The cluster of every query, numbered from 0 without gaps; signs flip cluster by cluster.
    n_permutations : int
        m.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    array of float64, shape (pairs,)
        From 1 / (1 + m) to 1.

    Examples
    --------
    >>> better = np.full((8, 1), 0.1)
    >>> randomisation_p_values(better, np.arange(8), 999, np.random.default_rng(0)) < 0.05
    array([ True])
    """
    sums, _ = cluster_sums(differences, cluster)
    observed = np.abs(sums.sum(axis=0))
    threshold = observed - _SAME * np.maximum(1.0, np.abs(sums).sum(axis=0))
    as_large = np.zeros(sums.shape[1], dtype=np.int64)
    for chance in _blocks(rng, n_permutations, len(sums)):
        signs = np.where(chance < 0.5, -1.0, 1.0)
        as_large += (np.abs(signs @ sums) >= threshold).sum(axis=0)
    return (as_large + 1).astype(np.float64) / (1.0 + n_permutations)


def bootstrap_means(
    values: Floats, cluster: NDArray[np.intp], n_resamples: int, rng: np.random.Generator
) -> Floats:
    """Return the means of resampled clusters, for percentile confidence intervals.

    Parameters
    ----------
    values : array of float64, shape (queries, columns)
        One row a query.
    cluster : array of int, shape (queries,)
        The cluster of every query, numbered from 0 without gaps; whole clusters are drawn, with
        replacement, as many as there are.
    n_resamples : int
        How many resamples.
    rng : numpy.random.Generator
        The source of chance.

    Returns
    -------
    array of float64, shape (n_resamples, columns)
        The mean over the queries of each resample; all columns see the same resamples.
    """
    sums, sizes = cluster_sums(values, cluster)
    n_clusters = len(sizes)
    means = np.empty((n_resamples, values.shape[1]))
    done = 0
    for chance in _blocks(rng, n_resamples, n_clusters):
        drawn = (chance * n_clusters).astype(np.intp)
        n_rows = len(drawn)
        drawn += np.arange(n_rows)[:, None] * n_clusters
        times = np.bincount(drawn.ravel(), minlength=n_rows * n_clusters)
        weights = times.reshape(n_rows, n_clusters).astype(np.float64)
        means[done : done + n_rows] = (weights @ sums) / (weights @ sizes)[:, None]
        done += n_rows
    return means


def holm(p_values: Floats) -> Floats:
    """Correct p values for the number of tests, by Holm's step-down method.

    The i-th smallest of m is multiplied by m - i + 1, and none may fall below a smaller one:
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6(2), 1979.

    Parameters
    ----------
    p_values : array of float64, shape (tests,)
        The p value of every test that was tried.

    Returns
    -------
    array of float64, shape (tests,)
        Corrected, at most 1.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03]))
    array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return corrected


def _blocks(rng: np.random.Generator, n_rows: int, n_columns: int) -> Iterator[Floats]:
    """Yield uniform numbers, `n_rows` x `n_columns` in all, a block of rows at a time."""
    rows_at_once = max(1, _BLOCK_CELLS // n_columns)
    for start in range(0, n_rows, rows_at_once):
        yield rng.random((min(rows_at_once, n_rows - start), n_columns))
