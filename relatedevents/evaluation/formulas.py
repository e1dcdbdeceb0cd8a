"""Formulas that trec_eval lacks: one small pure function each, of a single query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def capped_recall(ranked: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Return RC@k: linked events among the first k / min(k, linked events).

    Recall that a list of k can always bring to 1, also where there are more than k links.

    Parameters
    ----------
    ranked : sequence of str
        The list, best first.
    grades : mapping of str to int
        The links' grades; above 0 is related.
    k : int
        How many of the list's first events count.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> capped_recall(["a", "b", "c"], {"a": 1, "c": 1, "z": 1}, k=2)
    0.5
    """
    n_relevant = sum(grade > 0 for grade in grades.values())
    hits = sum(grades.get(related_id, 0) > 0 for related_id in ranked[:k])
    return hits / min(k, n_relevant)


def rank_biased_overlap(first: Sequence[str], second: Sequence[str], k: int, p: float) -> float:
    """Return the extrapolated rank-biased overlap of two ordered lists cut at k.

    The share of common ids at every depth d, weighted by (1 - p) p^(d-1), with the agreement
    seen at the end carried on beyond it: equation 32 (RBO_ext) of Webber, Moffat and Zobel,
    "A similarity measure for indefinite rankings", ACM Transactions on Information Systems
    28(4), 2010. Equal lists give 1, lists without a common id 0; an empty list gives 0.

    Parameters
    ----------
    first, second : sequence of str
        Lists without doubled ids, best first; their lengths may differ.
    k : int
        How many of each list's first ids count.
    p : float
        Persistence, between 0 and 1: at .9 the first ten ranks carry about 86 % of the weight.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> rank_biased_overlap(["a", "b"], ["a", "b"], k=10, p=0.9)
    1.0
    >>> round(rank_biased_overlap(["a", "b"], ["b", "a"], k=10, p=0.9), 6)
    0.9
    """
    short, long = sorted((first[:k], second[:k]), key=len)
    s, length = len(short), len(long)
    if s == 0:
        return 0.0
    rank_in_short = {related_id: rank for rank, related_id in enumerate(short, start=1)}
    # joins[d] ids become common at depth d: each at the later one of its two ranks.
    joins = [0] * (length + 1)
    for rank, related_id in enumerate(long, start=1):
        if related_id in rank_in_short:
            joins[max(rank, rank_in_short[related_id])] += 1
    overlap = overlap_s = 0
    total, weight = 0.0, 1.0 - p
    for depth in range(1, length + 1):
        overlap += joins[depth]
        if depth <= s:
            overlap_s = overlap
        beyond = max(depth - s, 0)
        # Past the shorter list's end its agreement is assumed to go on as it ended.
        total += weight * (overlap + overlap_s * beyond / s) / depth
        weight *= p
    end = (overlap - overlap_s) / length + overlap_s / s
    # Rounding may carry a perfect agreement a hair above 1.
    return min(total + end * p**length, 1.0)
