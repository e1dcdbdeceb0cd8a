"""Tuning: a model whose weights are learned from a site's own links, and what that gained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_count
from relatedevents.archive import UNDATED
from relatedevents.evaluation.significance import bootstrap_means, randomisation_p_values
from relatedevents.learning.coordinate_search import Setting
from relatedevents.learning.tuning_report import Tuning
from relatedevents.model_parts.calibrating import useful_calibration_of
from relatedevents.model_parts.trials import Trial, Wanted, groups_of, read_wanted
from relatedevents.rerank import FIRST_LIST
from relatedevents.retrieval.fitted import FittedModel
from relatedevents.weights import SIGNALS, Weights

if TYPE_CHECKING:
    from relatedevents.index.index import Index
    from relatedevents.learning.coordinate_search import Candidates

_HALF_LIVES = (3.0, 7.0, 14.0, 30.0, 41.6, 60.0, 120.0, 250.0, 500.0, 1000.0)
# Several scales at once: what fades within days for some stories fades within years for others.
_SCALES = (
    (1.0, 10.0, 100.0),
    (2.0, 20.0, 200.0),
    (3.0, 30.0, 365.0),
    (3.0, 365.0),
    (10.0, 100.0, 1000.0),
)
# The signals of the first pass, and where time stands among them.
_FIRST = SIGNALS[:-1]
_TIME = _FIRST.index("time")
_PER_SIGNAL = 100
_RESAMPLES = 10_000


class TuningMixin(FittedModel):
    """Adds `tune` to the model."""

    tuning_: Tuning

    def tune(self, links: object, *, n: int = 10, n_folds: int = 5, seed: int = 0) -> Self:
        """Learn weights, half-life and the order of equal scores from existing links.

        Whether neighbours count, and how much, is learned in a second step, under the weights of
        the others.

        Parameters
        ----------
        links : DataFrame, mapping, or whatever `read_links` takes
            The links to learn from; their `as_of` says what each page could know.
        n : int
            How long the lists are whose quality is raised.
        n_folds : int
            For the report: what is learned from all folds but one is measured on that one.
            Queries of one story (the archive's column `story`, where there is one), else of one
            day, stay together.
        seed : int
            Draws the folds and the limits.

        Returns
        -------
        RelatedEvents
            A new fitted model; its report is in `tuning_` and can be printed.

        Raises
        ------
        InputError
            If fewer than ten queries have a link that a list could hold, or all of those are of
            one story or day.
        """
        from relatedevents.learning import coordinate_search as learning

        self._check_fitted()
        check_count("n", n)
        check_count("n_folds", n_folds, 2)
        check_count("seed", seed, 0)
        index = self._index()
        wanted = read_wanted(links, index)
        groups = groups_of(index, wanted.rows)
        candidates, pairs = _candidates(self, index, wanted, n)
        folds = learning.folds_of(groups, n_folds, seed)
        starts = [Setting(self.weights.by_signal()[:-1]), *_starts()]
        with self._progress_bar(2 * len(folds) + 3, "tune", "step") as done:
            settings = learning.learn_without(candidates, starts, folds, _TIME, n, done)
            learned = learning.learn(candidates, starts, _TIME, n)
            done(1)
            before = Trial.of(self, wanted, index.order, n).figures(self.weights.neighbours)
            done(1)
            tried = self._tried(settings, wanted, n, done)
            plain, with_neighbours = _on_folds(tried, folds)
            # Chance gains a little on any links about every other time; only what is clear counts.
            of_neighbours = _gain(plain, with_neighbours, groups, seed)
            counted = of_neighbours["low"] > 0.0
            after = with_neighbours if counted else plain
            gained = _gain(before, after, groups, seed)
            kept = gained["low"] > 0.0
            weights = _weights_of(learned, self.weights) if kept else self.weights
            if kept and counted:
                trial = self._tried([learned], wanted, n)[0]
                weights = weights.with_params(neighbours=trial.best_neighbours())
            done(1)
        model = self._weighing(weights)
        model._set_learned(self)
        model.tuning_ = Tuning(
            weights_before=self.weights,
            weights_after=weights,
            kept=kept,
            figure=f"ndcg@{n}",
            before=float(before.mean()),
            after=float(after.mean()),
            **gained,
            neighbours_gain=of_neighbours["gain"],
            neighbours_low=of_neighbours["low"],
            neighbours_high=of_neighbours["high"],
            n_queries=len(wanted.rows),
            n_links=sum(map(len, wanted.related)),
            n_groups=len(np.unique(groups)),
            n_folds=len(folds),
            unreachable=wanted.unreachable,
            unexplained=_unexplained(candidates, learned, pairs, index, n),
        )
        # Where the weights stay, this model has found everyone's neighbours already.
        teller = model if kept else self
        model.calibration_ = useful_calibration_of(
            teller, wanted.rows, wanted.related, wanted.until, groups, n_folds, seed
        )
        return model

    def _tried(
        self,
        settings: list[Setting],
        wanted: Wanted,
        n: int,
        on_trial: Callable[[int], object] | None = None,
    ) -> list[Trial]:
        """Return what learned settings give, neighbours counted too; equal ones are tried once."""
        tried: dict[Weights, Trial] = {}
        trials = []
        for setting in settings:
            weights = _weights_of(setting, self.weights)
            if weights not in tried:
                model = self._weighing(weights.with_params(neighbours=1.0))
                tried[weights] = Trial.of(model, wanted, self.index_.order, n)
            trials.append(tried[weights])
            if on_trial is not None:
                on_trial(1)
        return trials

    def _weighing(self, weights: Weights) -> Self:
        """Return a model of the same fitted archive under other weights."""
        model = self._copy()
        model.set_params(weights=weights)
        return model


def _on_folds(
    trials: list[Trial], folds: list[npt.NDArray[np.int64]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each query's figure without and with neighbours, as the other folds weigh them."""
    everyone = np.arange(sum(map(len, folds)))
    plain, weighed = np.zeros(len(everyone)), np.zeros(len(everyone))
    for trial, fold in zip(trials, folds, strict=True):
        neighbours = trial.take(np.setdiff1d(everyone, fold)).best_neighbours()
        left_out = trial.take(fold)
        plain[fold], weighed[fold] = left_out.figures(0.0), left_out.figures(neighbours)
    return plain, weighed


def _candidates(
    model: TuningMixin, index: Index, wanted: Wanted, n: int
) -> tuple[Candidates, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return what weights are learned on, and the pairs' rows.

    The candidates of a query are the best by each signal alone and by the weights so far, and
    its links themselves: whatever a sum puts near the top is near the top of one of them, or of
    no use to know.
    """
    from relatedevents.learning.coordinate_search import Candidates
    from relatedevents.scoring.signals import pair_parts, time_values

    features = index.features
    # As deep as the lists at least: then the figure of the weights so far is exact.
    depth = max(_PER_SIGNAL, n)
    found = [_best_rows(model, index, wanted, weights, depth) for weights in _probes(model.weights)]
    lists = []
    for q, rows in enumerate(wanted.related):
        near = np.concatenate([one[q] for one in found])
        lists.append(np.unique(np.concatenate([near[near >= 0], rows])))
    candidates = np.concatenate(lists)
    counts = np.array([len(one) for one in lists])
    numbers = np.repeat(np.arange(len(counts)), counts)
    queries = wanted.rows[numbers]
    starts = np.concatenate([[0], np.cumsum(counts)])
    ones = model.weights.with_params(**dict.fromkeys(_FIRST, 1.0))
    values = pair_parts(features, queries, features, candidates, ones)[:, : len(_FIRST)]
    values[:, _TIME] = 0.0
    day_q, day_c = features.days[queries].astype(np.int64), features.days[candidates]
    dated = (day_q != UNDATED) & (day_c != UNDATED)
    between = np.where(dated, np.abs(day_q - day_c), 0)
    time = [
        np.where(dated, time_values(between, half_life), 0.0)
        for half_life in _half_lives(model.weights)
    ]
    orders = [_places(index, weights, candidates) for weights in _orders(model.weights)]
    pool = Candidates(
        starts,
        values,
        np.stack(time, 1),
        np.stack(orders, 1),
        wanted.grades_of(numbers, candidates),
        wanted.ideal(n),
    )
    return pool, (queries, candidates)


def _probes(weights: Weights) -> list[Weights]:
    none = dict.fromkeys(SIGNALS, 0.0)
    alone = [weights.with_params(**{**none, name: 1.0}) for name in _FIRST if name != "recency"]
    return [weights.first_pass(), *alone]


def _best_rows(
    model: TuningMixin, index: Index, wanted: Wanted, weights: Weights, depth: int
) -> npt.NDArray[np.int64]:
    from relatedevents.engines.base import Filters
    from relatedevents.engines.exact import ExactEngine
    from relatedevents.scoring.signals import pair_scores
    from relatedevents.scoring.terms import score_terms

    features = index.features
    engine = ExactEngine(score_terms(features, weights), n_threads=model.n_threads)

    def exact(q: npt.NDArray[np.int64], c: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return pair_scores(features, wanted.rows[q], features, c, weights)

    everyone = np.ones(len(index), dtype=np.bool_)
    return engine.best_of_rows(
        score_terms(features.take(wanted.rows), weights),
        wanted.rows,
        exact,
        depth,
        Filters(everyone, wanted.until),
    ).rows


def _half_lives(weights: Weights) -> list[tuple[float, ...]]:
    return [weights.half_lives(), *((days,) for days in _HALF_LIVES), *_SCALES]


def _orders(weights: Weights) -> list[Weights]:
    names = dict.fromkeys([weights.tie_break, "date", "page"])
    return [weights.with_params(tie_break=name) for name in names]


def _places(
    index: Index, weights: Weights, candidates: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    from relatedevents.archive import inverse
    from relatedevents.index.index import tie_order

    return inverse(tie_order(index.table, weights))[index.order[candidates]]


def _starts() -> list[Setting]:
    alone = np.eye(len(_FIRST))
    return [Setting(tuple(row), half_life=5) for row in alone.tolist()]


def _weights_of(setting: Setting, before: Weights) -> Weights:
    half_lives = _half_lives(before)[setting.half_life]
    return before.with_params(
        **dict(zip(_FIRST, setting.weights, strict=True)),
        neighbours=0.0,
        half_life=half_lives if len(half_lives) > 1 else half_lives[0],
        tie_break=_orders(before)[setting.order].tie_break,
    )


def _unexplained(
    candidates: Candidates,
    setting: Setting,
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    index: Index,
    n: int,
) -> pd.DataFrame:
    """Return the links far down in the learned list, and in that by any one signal too.

    Far is beyond the first 5 n, and beyond what neighbours can move.
    """
    from relatedevents.learning.coordinate_search import ranks

    settings = [setting, *(Setting(tuple(row), 5) for row in np.eye(len(_FIRST)).tolist())]
    best = np.min([ranks(candidates, one, _TIME) for one in settings], axis=0)
    lost = (candidates.grades > 0.0) & (best >= max(5 * n, FIRST_LIST))
    values = candidates.values[lost] > 0.0
    common = [
        "+".join(name for name, has in zip(_FIRST, row, strict=True) if has) for row in values
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
    """Return the mean gain, its 95 % limits over groups of queries, and its p-value."""
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
