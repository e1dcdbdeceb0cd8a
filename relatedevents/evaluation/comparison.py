"""Several runs against the same links: means, confidence intervals, and paired tests."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from relatedevents._util.checks import (
    check_choice,
    check_count,
    check_number,
    problem,
    shown,
    some_of,
)
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import (
    CheckedLinks,
    Links,
    Run,
    align,
    check_qrels,
    check_run,
)
from relatedevents.evaluation.metrics import check_metrics, score_aligned
from relatedevents.evaluation.significance import (
    Floats,
    bootstrap_means,
    holm,
    randomisation_p_values,
)

_CHANGED = ["change", "query", "value_a", "value_b", "difference", "list_a", "list_b", "related"]
# Two values of one query that differ by less came from the same list.
_TIE = 1e-9

COMPARE_WORDS: dict[str, str] = {
    "mean": "The mean of the metric over all queries.",
    "low, high": "95 % confidence interval of the mean (or of the difference): the middle 95 % of "
    "the means of queries drawn again with replacement. Another sample of such queries would "
    "plausibly give a mean within it.",
    "difference": "The mean of run_b minus the mean of run_a: above 0, run_b is better.",
    "p": "How often a difference this large, either way, comes up by chance if the two runs were "
    "equally good: each query's difference gets its sign by a coin.",
    "p_holm": "The same, corrected for having tried so many pairs; below .05 is commonly taken as "
    "a real difference.",
    "wins, ties, losses": "On how many queries run_b is better than, equal to, or worse than "
    "run_a.",
    "clusters": "How many independent groups of queries the confidence intervals and p rest on: "
    "with stories or days given, whole groups are drawn and flipped, since their queries rise and "
    "fall together.",
}


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    per_query : dict of str to pandas.DataFrame
        By metric: the value of every query (row) and run (column), queries sorted by id.
    means : pandas.DataFrame
        Columns `metric, run, mean, low, high, queries, clusters`.
    pairs : pandas.DataFrame
        Columns `metric, run_a, run_b, difference, low, high, p, p_holm, wins, ties, losses`;
        a win is a query where run_b is better. Empty with a single run.
    counts : pandas.DataFrame
        By run: queries scored, of them missing and empty, and those left out.
    settings : dict
        Seed, numbers of permutations and resamples, level, number of tests corrected for.
    """

    per_query: dict[str, pd.DataFrame]
    means: pd.DataFrame
    pairs: pd.DataFrame
    counts: pd.DataFrame
    settings: dict[str, float | int]
    _runs: dict[str, dict[str, list[str]]]
    _links: CheckedLinks

    def most_changed(
        self, run_a: str, run_b: str, metric: str | None = None, n: int = 5
    ) -> pd.DataFrame:
        """Return the queries that gained and lost most from run_a to run_b, lists included.

        Parameters
        ----------
        run_a, run_b : str
            Names of two runs.
        metric : str, optional
            One of the metrics compared; the first one by default.
        n : int
            How many on each side at most; queries that did not change are never shown.

        Returns
        -------
        pandas.DataFrame
            Columns `change` ("gained" or "lost"), `query, value_a, value_b, difference, list_a,
            list_b` (ids, best first) and `related` (linked ids, highest grade first); the
            largest change first, equal ones by id, gains before losses.

        Examples
        --------
        >>> runs = {"old": {"q": ["x"], "r": ["y"]}, "new": {"q": ["y"], "r": ["y"]}}
        >>> found = compare(runs, {"q": ["y"], "r": ["y"]}, ["rr"], n_resamples=10)
        >>> found.most_changed("old", "new")[["change", "query", "list_a", "list_b"]]
           change query list_a list_b
        0  gained     q    [x]    [y]
        """
        for name, run in (("run_a", run_a), ("run_b", run_b)):
            check_choice(name, run, self._runs)
        metric = check_choice("metric", metric or next(iter(self.per_query)), self.per_query)
        n = check_count("n", n)
        table = self.per_query[metric]
        difference = (table[run_b] - table[run_a]).sort_index()
        gained = difference[difference > _TIE].sort_values(ascending=False, kind="stable")
        lost = difference[difference < -_TIE].sort_values(kind="stable")
        list_a, list_b = self._runs[run_a], self._runs[run_b]
        records = [
            (
                *(change, query, table.loc[query, run_a], table.loc[query, run_b], value),
                *(list_a.get(query, []), list_b.get(query, []), _related(self._links, query)),
            )
            for change, values in (("gained", gained[:n]), ("lost", lost[:n]))
            for query, value in zip(values.index.tolist(), values.tolist(), strict=True)
        ]
        return pd.DataFrame(records, columns=_CHANGED)


def compare(
    runs: Mapping[str, Run],
    links: Links,
    metrics: Sequence[str] = ("ndcg@10",),
    *,
    order: Mapping[str, Sequence[str]] | None = None,
    clusters: Mapping[str, object] | None = None,
    n_permutations: int = 10_000,
    n_resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
    missing: str = "error",
    unlinked: str = "error",
) -> Comparison:
    """Score named runs against the same links, and test every pair of them.

    Parameters
    ----------
    runs : mapping of str to run
        Named runs, each as in `score_run`.
    links : mapping
        As in `score_run`.
    metrics : sequence of str
        Names in the forms of `METRICS`. Holm's correction covers every pair in every metric.
    order : mapping, optional
        As in `score_run`.
    clusters : mapping of str to object, optional
        The story, day or other group of every query scored. Confidence intervals then come from
        whole clusters drawn with replacement, p values from flipping whole clusters.
    n_permutations, n_resamples : int
        How many sign flips for the p values, and how many resamples for the intervals.
    level : float
        The confidence level of the intervals, above 0 and below 1.
    seed : int
        The same seed gives the same numbers, whatever the order of runs, queries or metrics.
    missing, unlinked : str
        As in `score_run`.

    Returns
    -------
    Comparison
        Tables, and the lists of the queries that changed most.

    Raises
    ------
    InputError
        As in `score_run`; also fewer than two clusters, or a query without one.

    Examples
    --------
    >>> runs = {"old": {"q": ["x"], "r": ["x"]}, "new": {"q": ["y"], "r": ["x"]}}
    >>> found = compare(runs, {"q": ["y"], "r": ["y"]}, ["rr"], n_resamples=100)
    >>> found.pairs[["run_a", "run_b", "difference", "wins", "ties", "losses"]]
      run_a run_b  difference  wins  ties  losses
    0   old   new         0.5     1     1       0
    """
    if not isinstance(runs, Mapping) or not runs:
        came = f"got {shown(runs)}"
        raise InputError(problem("runs", came, "a mapping {name: run} with at least one run"))
    parsed = check_metrics(metrics)
    n_permutations = check_count("n_permutations", n_permutations)
    n_resamples = check_count("n_resamples", n_resamples)
    level = check_number("level", level, 0.0, 1.0, above=True)
    if level == 1.0:
        raise InputError(problem("level", "got 1.0", "a number above 0 and below 1"))
    seed = check_count("seed", seed, 0)
    checked_links = check_qrels(links, order)
    checked = {name: check_run(run, f"runs[{shown(name)}]") for name, run in runs.items()}
    scored = {}
    for name, run in checked.items():
        try:
            aligned = align(run, checked_links, missing=missing, unlinked=unlinked)
        except InputError as error:
            message = f"runs[{shown(name)}]: {error}"
            raise InputError(message) from error
        # Sorted queries make the numbers independent of the order in which links came.
        scored[name] = score_aligned(aligned, parsed).sort_index()
    per_query = {
        metric.name: pd.DataFrame({name: table[metric.name] for name, table in scored.items()})
        for metric in parsed
    }
    queries = list(next(iter(scored.values())).index)
    cluster = _number_clusters(queries, clusters)
    means, pairs = _summaries(per_query, cluster, n_permutations, n_resamples, level, seed)
    draws = {"seed": seed, "n_permutations": n_permutations, "n_resamples": n_resamples}
    settings: dict[str, float | int] = {**draws, "level": level, "tests": len(pairs)}
    counts = pd.DataFrame({name: t.attrs["counts"] for name, t in scored.items()}).T
    counts = counts.rename_axis("run")
    return Comparison(per_query, means, pairs, counts, settings, checked, checked_links)


def _summaries(
    per_query: dict[str, pd.DataFrame],
    cluster: NDArray[np.intp],
    n_permutations: int,
    n_resamples: int,
    level: float,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    means, pairs = [], []
    n_clusters = int(cluster.max()) + 1
    for metric, table in per_query.items():
        values = table.to_numpy()
        names = list(table.columns)
        # Two streams, begun anew for each metric: no number depends on what else was asked for.
        resampled = bootstrap_means(values, cluster, n_resamples, np.random.default_rng([seed, 0]))
        low, high = _interval(resampled, level)
        centre = _rounded(values.mean(axis=0))
        means += [
            (metric, name, centre[i], low[i], high[i], len(values), n_clusters)
            for i, name in enumerate(names)
        ]
        chosen = list(combinations(range(len(names)), 2))
        if not chosen:
            continue
        first, second = (list(side) for side in zip(*chosen, strict=True))
        differences = values[:, second] - values[:, first]
        differences[np.abs(differences) <= _TIE] = 0.0
        p = randomisation_p_values(
            differences, cluster, n_permutations, np.random.default_rng([seed, 1])
        )
        low, high = _interval(resampled[:, second] - resampled[:, first], level)
        centre = _rounded(differences.mean(axis=0))
        pairs += [
            (
                *(metric, names[a], names[b], centre[i], low[i], high[i], p[i]),
                *((differences[:, i] > 0).sum(), (differences[:, i] == 0).sum()),
                (differences[:, i] < 0).sum(),
            )
            for i, (a, b) in enumerate(chosen)
        ]
    of_means = ["metric", "run", "mean", "low", "high", "queries", "clusters"]
    of_pairs = ["metric", "run_a", "run_b", "difference", "low", "high", "p"]
    pair_table = pd.DataFrame(pairs, columns=[*of_pairs, "wins", "ties", "losses"])
    corrected = holm(pair_table["p"].to_numpy(np.float64))
    pair_table.insert(len(of_pairs), "p_holm", corrected)
    return pd.DataFrame(means, columns=of_means), pair_table


def _interval(resampled: Floats, level: float) -> Floats:
    """Return the two ends of the percentile interval of every column."""
    tail = (1.0 - level) / 2.0
    return _rounded(np.quantile(resampled, [tail, 1.0 - tail], axis=0))


def _rounded(values: Floats) -> Floats:
    """Cut off the digits in which sums differ with threads and with the number of runs."""
    return values.round(12)


def _number_clusters(
    queries: Sequence[str], clusters: Mapping[str, object] | None
) -> NDArray[np.intp]:
    if clusters is None:
        numbers, what = np.arange(len(queries)), "query"
    else:
        labels: dict[str, object] = {query: clusters.get(query) for query in queries}
        absent = [query for query, label in labels.items() if label is None or label != label]
        if absent:
            came = f"{len(absent)} of {len(queries)} queries have none: {some_of(absent)}"
            todo = "Give a query without a story its own id as cluster."
            raise InputError(problem("clusters", came, "a story or day for every query", todo))
        unfit = [query for query, label in labels.items() if not isinstance(label, Hashable)]
        if unfit:
            where, came = f"clusters[{shown(unfit[0])}]", f"got {shown(labels[unfit[0]])}"
            raise InputError(problem(where, came, "one label: a text or a number"))
        # Numbered by first appearance among the sorted queries: labels need no order of their own.
        numbers = pd.factorize(pd.Series(list(labels.values()), dtype=object))[0]
        what = "cluster"
    if numbers.max() < 1:
        allowed = f"more than one {what}; intervals and tests need independent cases"
        raise InputError(problem("clusters" if clusters else "links", f"only one {what}", allowed))
    return numbers.astype(np.intp)


def _related(links: CheckedLinks, query: str) -> list[str]:
    """Linked ids, highest grade first, then in the links' own order."""
    grades = links.grades[query]
    place = {related_id: i for i, related_id in enumerate(links.order.get(query, grades))}
    linked = [related_id for related_id, grade in grades.items() if grade > 0]
    return sorted(linked, key=lambda c: (-grades[c], place.get(c, len(place))))
