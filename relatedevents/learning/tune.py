"""Tuning: weights, half-life and the order of equal scores, learned from a site's own links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_count
from relatedevents._util.threads import threads
from relatedevents.archive import inverse
from relatedevents.calibration import Calibration
from relatedevents.engines.base import Filters
from relatedevents.engines.exact import ExactEngine
from relatedevents.evaluation.significance import bootstrap_means, randomisation_p_values
from relatedevents.index.index import Index
from relatedevents.index.numbering import Rows
from relatedevents.index.order import tie_order
from relatedevents.learning import coordinate_search
from relatedevents.learning.calibrate import LINKED, calibration_of
from relatedevents.learning.coordinate_search import ROLES, Candidates, Hyperparameters
from relatedevents.learning.folds import folds_of
from relatedevents.learning.links import TrainingLinks, query_numbers, read_training_links
from relatedevents.learning.reports import Tuning
from relatedevents.retrieval.fitted import Fitted
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.retriever import Retriever
from relatedevents.retrieval.scorer import Scorer
from relatedevents.signals.features import Features
from relatedevents.signals.register import all_signals, signal_names
from relatedevents.signals.score import pair_parts, score_terms
from relatedevents.weights import Weights

_HALF_LIVES = (3.0, 7.0, 14.0, 30.0, 41.6, 60.0, 120.0, 250.0, 500.0, 1000.0)
# Several scales at once: what fades within days for some stories fades within years for others.
_SCALES = (
    (1.0, 10.0, 100.0),
    (2.0, 20.0, 200.0),
    (3.0, 30.0, 365.0),
    (3.0, 365.0),
    (10.0, 100.0, 1000.0),
)
_TIME = signal_names().index("time")
# Candidates of a query by the weights so far, and by each signal alone: a sum's first ten stand
# among the first of one of them.
_SO_FAR, _PER_SIGNAL = 100, 40
_RESAMPLES = 10_000


def tune(
    retriever: Retriever, links: object, n: int, n_folds: int, seed: int
) -> tuple[Fitted, Tuning]:
    """Learn weights and probabilities from links; see `RelatedEvents.tune`.

    Returns
    -------
    Fitted
        The archive under the weights learned.
    Tuning
        What they gained.
    """
    check_count("n", n)
    check_count("n_folds", n_folds, 2)
    check_count("seed", seed, 0)
    training = read_training_links(links, retriever.index)
    report = learn_weights(retriever, training, n, n_folds, seed)
    tuned = retriever.under(report.weights_after)
    found = calibration_of(tuned, training, LINKED, n_folds, seed)
    if isinstance(found, Calibration):
        return replace(tuned.fitted, calibration=found), replace(report, probability=str(found))
    before = retriever.calibration
    left = before if before is not None and before.holds_for(report.weights_after) else None
    told = "no probability" if left is None else "the probability stays as it was"
    report = replace(report, probability=f"{told}: of the links, {found}.")
    return replace(tuned.fitted, calibration=left), report


def learn_weights(
    retriever: Retriever, links: TrainingLinks, n: int, n_folds: int, seed: int
) -> Tuning:
    """Learn weights from links, and what they gain on links not learned from.

    Parameters
    ----------
    retriever : Retriever
        The fitted archive under the weights so far.
    links : TrainingLinks
        What to learn from.
    n : int
        How long the lists are whose quality is raised.
    n_folds : int
        What is learned from all folds but one is measured on that one.
    seed : int
        Draws the folds and the confidence interval.
    """
    before = retriever.setup.weights
    candidates, pairs = _candidates(retriever, links, n)
    folds = folds_of(links.groups, n_folds, seed)
    so_far = Hyperparameters(before.by_signal(), threshold=before.time_threshold)
    starts = [so_far, *_starts()]
    with retriever.progress_bar(2 * len(folds) + 2, "tune", "step") as done:
        # The last leaves nothing out: what all links teach.
        *settings, learned = coordinate_search.learn_without(
            candidates,
            starts,
            [*folds, np.zeros(0, dtype=np.int64)],
            n,
            done,
            threads(retriever.setup.n_threads),
        )
        ndcg_before = list_ndcg(retriever, links, n)
        done(1)
        ndcg_after = _held_out_ndcg(retriever, links, settings, folds, n, done)
    gain = _gain(ndcg_before, ndcg_after, links.groups, seed)
    # Chance gains a little on any links about every other time; only what is clear counts.
    kept = gain["low"] > 0.0
    return Tuning(
        weights_before=before,
        weights_after=_weights_of(learned, before) if kept else before,
        kept=kept,
        metric=f"ndcg@{n}",
        before=float(ndcg_before.mean()),
        after=float(ndcg_after.mean()),
        gain=gain["gain"],
        low=gain["low"],
        high=gain["high"],
        p=gain["p"],
        n_queries=len(links.queries),
        n_links=links.n_links,
        n_groups=len(np.unique(links.groups)),
        n_folds=len(folds),
        unreachable=links.unreachable,
        unexplained=_unexplained(candidates, learned, pairs, retriever.index, n),
    )


def list_ndcg(retriever: Retriever, links: TrainingLinks, n: int) -> npt.NDArray[np.float64]:
    """Return each query's nDCG of the list that it really gets under the retriever's weights."""
    index = retriever.index
    best = retriever.candidates(index.rows(links.queries), n, links.max_day)
    numbers, ranks = np.nonzero(best.rows >= 0)
    listed = index.positions(Rows(best.rows[numbers, ranks]))
    gains = links.grades_of(numbers, listed) / np.log2(ranks + 2.0)
    return np.bincount(numbers, gains, minlength=len(links.queries)) / links.ideal(n)


def _held_out_ndcg(
    retriever: Retriever,
    links: TrainingLinks,
    settings: list[Hyperparameters],
    folds: list[npt.NDArray[np.int64]],
    n: int,
    on_fold: Callable[[int], object],
) -> npt.NDArray[np.float64]:
    """Return each query's nDCG by what was learned without its fold; equal weights count once."""
    tried: dict[Weights, npt.NDArray[np.float64]] = {}
    values = np.zeros(len(links.queries))
    for setting, fold in zip(settings, folds, strict=True):
        weights = _weights_of(setting, retriever.setup.weights)
        if weights not in tried:
            tried[weights] = list_ndcg(retriever.under(weights), links, n)
        values[fold] = tried[weights][fold]
        on_fold(1)
    return values


def _candidates(
    retriever: Retriever, links: TrainingLinks, n: int
) -> tuple[Candidates, tuple[Rows, Rows]]:
    """Return what weights are learned on, and the pairs' rows.

    The candidates of a query are the best by each signal alone and by the weights so far, and
    its links themselves: whatever a sum puts near the top is near the top of one of them, or of
    no use to know.
    """
    index, before = retriever.index, retriever.setup.weights
    features, query_rows = index.features, index.rows(links.queries)
    so_far, *singles = _probes(before, features)
    # As deep as the lists at least: then nDCG under the weights so far is exact.
    found = [_best_rows(retriever, links, so_far, max(_SO_FAR, n))]
    found += [_best_rows(retriever, links, weights, max(_PER_SIGNAL, n)) for weights in singles]
    lists = []
    for number, related in enumerate(links.related):
        near = np.concatenate([rows[number] for rows in found])
        lists.append(np.unique(np.concatenate([near[near >= 0], index.rows(related)])))
    candidates = Rows(np.concatenate(lists))
    counts = np.array([len(rows) for rows in lists])
    numbers = np.repeat(np.arange(len(counts)), counts)
    queries = Rows(query_rows[numbers])
    positions = index.positions(candidates)
    # Without a threshold parts of weight 1 are the values.
    ones = before.with_params(**dict.fromkeys(signal_names(), 1.0), time_threshold=0.0)
    values = pair_parts(features, queries, features, candidates, ones)
    alone = ones.with_params(**dict.fromkeys(signal_names(), 0.0) | {"time": 1.0})
    times = [
        pair_parts(features, queries, features, candidates, alone.with_params(half_life=half_life))[
            :, _TIME
        ]
        for half_life in _half_lives(before)
    ]
    orders = [inverse(tie_order(index.table, weights))[positions] for weights in _orders(before)]
    pool = Candidates(
        np.concatenate([[0], np.cumsum(counts)]),
        np.ascontiguousarray(values.T),
        np.array([ROLES.index(signal.role) for signal in all_signals()]),
        np.stack(times),
        _TIME,
        np.stack(orders),
        links.grades_of(numbers, positions),
        query_numbers(links.queries, positions, len(index)),
    )
    return pool, (queries, candidates)


def _probes(weights: Weights, features: Features) -> list[Weights]:
    """Return the weights so far, and each signal alone that knows something of the archive."""
    none = {**dict.fromkeys(signal_names(), 0.0), "time_threshold": 0.0}
    ready = [signal.name for signal in all_signals() if signal.ready(features)]
    alone = [weights.with_params(**{**none, name: 1.0}) for name in ready if name != "recency"]
    return [weights, *alone]


def _best_rows(
    retriever: Retriever, links: TrainingLinks, weights: Weights, depth: int
) -> npt.NDArray[np.int64]:
    index = retriever.index
    queries = Queries.of_rows(index, index.rows(links.queries))
    engine = ExactEngine(score_terms(index.features, weights), n_threads=retriever.setup.n_threads)
    return engine.best_of_rows(
        engine.candidates.take(queries.rows),
        queries.rows,
        Scorer(index, weights).exact_scores(queries),
        depth,
        Filters(np.ones(len(index), dtype=np.bool_), links.max_day),
    ).rows


def _half_lives(weights: Weights) -> list[float | tuple[float, ...]]:
    return [weights.half_life, *_HALF_LIVES, *_SCALES]


def _orders(weights: Weights) -> list[Weights]:
    names = dict.fromkeys([weights.tie_break, "date", "page"])
    return [weights.with_params(tie_break=name) for name in names]


def _starts() -> list[Hyperparameters]:
    return [
        Hyperparameters(tuple(row), half_life=5) for row in np.eye(len(signal_names())).tolist()
    ]


def _weights_of(setting: Hyperparameters, before: Weights) -> Weights:
    return before.with_params(
        **dict(zip(signal_names(), setting.weights, strict=True)),
        half_life=_half_lives(before)[setting.half_life],
        time_threshold=setting.threshold,
        tie_break=_orders(before)[setting.order].tie_break,
    )


def _unexplained(
    candidates: Candidates,
    setting: Hyperparameters,
    pairs: tuple[Rows, Rows],
    index: Index,
    n: int,
) -> pd.DataFrame:
    """Return the links beyond the first 5 n of the learned list, and of that by any one signal."""
    settings = [setting, *_starts()]
    best = np.min([coordinate_search.ranks(candidates, one) for one in settings], axis=0)
    lost = (candidates.grades > 0.0) & (best >= 5 * n)
    values = candidates.values[:, lost].T > 0.0
    values[:, _TIME] = False
    common = [
        "+".join(name for name, has in zip(signal_names(), row, strict=True) if has)
        for row in values
    ]
    queries, related = pairs
    return pd.DataFrame(
        {
            "id": pd.Series(index.id_of_row[queries[lost]], dtype=object),
            "related_id": pd.Series(index.id_of_row[related[lost]], dtype=object),
            "in_common": pd.Series(common, dtype=object),
        }
    )


def _gain(
    before: npt.NDArray[np.float64],
    after: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
    seed: int,
) -> dict[str, float]:
    """Return the mean gain, its 95 % confidence interval over groups of queries, and its p."""
    rng = np.random.default_rng(seed)
    difference = (after - before)[:, None]
    cluster = np.unique(groups, return_inverse=True)[1].astype(np.intp)
    means = bootstrap_means(difference, cluster, _RESAMPLES, rng)
    low, high = np.quantile(means[:, 0], [0.025, 0.975])
    p = randomisation_p_values(difference, cluster, _RESAMPLES, rng)
    return {
        "gain": float(difference.mean()),
        "low": float(low),
        "high": float(high),
        "p": float(p[0]),
    }
