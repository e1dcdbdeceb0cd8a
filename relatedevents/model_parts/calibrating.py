"""Calibrating: a model whose probabilities are learned from links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import check_count, problem, shown
from relatedevents.calibration import Calibration
from relatedevents.errors import InputError
from relatedevents.model_parts.trials import groups_of, read_wanted
from relatedevents.retrieval.fitted import FittedModel
from relatedevents.weights import SIGNALS

#: How many candidates of each query a calibration is learned from.
N_CANDIDATES = 50
#: Less skill than this over a constant, and the parts tell too little to cut lists by.
LEAST_SKILL = 0.1
# What a file tells of a coefficient.
_DECIMALS = 6

LINKED = "being linked"


class CalibratingMixin(FittedModel):
    """Adds `calibrate` to the model."""

    def calibrate(
        self, links: object, *, meaning: str = LINKED, n_folds: int = 5, seed: int = 0
    ) -> Self:
        """Learn from existing links how probable a link is, under the weights as they are.

        `tune` does so too, for the weights that it learns, and leaves no probability where this
        raises an error. Nothing but the column `probability` changes.

        Parameters
        ----------
        links : DataFrame, mapping, or whatever `read_links` takes
            The links to learn from. They have to be whole: an event among a query's first 50
            that is not linked counts as one that should not be.
        meaning : str
            What the links say, for reports: "being linked", "sharing a story".
        n_folds : int
            For the figures: queries of one story (the archive's column `story`, where there is
            one), else of one day, stay together.
        seed : int
            Draws the folds.

        Returns
        -------
        RelatedEvents
            A new fitted model, whose `calibration_` can be printed.

        Raises
        ------
        InputError
            If fewer than ten queries have a link that a list could hold, all of those are of one
            story or day, too few links are among the first 50 candidates, or the parts of the
            scores tell hardly which of those are linked, as where a site's ten links are the
            first of many equal ones.
        """
        self._check_fitted()
        check_count("n_folds", n_folds, 2)
        check_count("seed", seed, 0)
        if not isinstance(meaning, str) or not meaning.strip():
            raise InputError(problem("meaning", f"got {shown(meaning)}", "a non-empty text"))
        index = self._index()
        wanted = read_wanted(links, index)
        groups = groups_of(index, wanted.rows)
        found = calibration_of(
            self, wanted.rows, wanted.related, wanted.until, groups, meaning, n_folds, seed
        )
        if found is None:
            came = f"too few of them are among the first {N_CANDIDATES} candidates of their events"
            todo = "Tune first, so that lists come nearer to them: model.tune(links)."
            raise InputError(problem("links", came, "links that lists find", todo))
        if found.brier_skill < LEAST_SKILL:
            came = f"scores tell too little of them (Brier skill {found.brier_skill:.3f})"
            allowed = f"links that they foretell with a skill of {LEAST_SKILL} or more"
            raise InputError(problem("links", came, allowed, "Cut by n or min_score instead."))
        model = self._copy()
        # The weights are the same, and so is all that was found under them.
        model._built, model._kept, model._near = self._built, self._kept, self._near
        model._set_learned(self)
        model.calibration_ = found
        return model


def useful_calibration_of(
    model: FittedModel,
    rows: npt.NDArray[np.int64],
    related: Sequence[npt.NDArray[np.int64]],
    until: npt.NDArray[np.int64] | None,
    groups: npt.NDArray[np.int64],
    n_folds: int,
    seed: int,
) -> Calibration | None:
    """Return `calibration_of`, or None where it tells too little to cut lists by."""
    found = calibration_of(model, rows, related, until, groups, LINKED, n_folds, seed)
    return found if found is not None and found.brier_skill >= LEAST_SKILL else None


def calibration_of(
    model: FittedModel,
    rows: npt.NDArray[np.int64],
    related: Sequence[npt.NDArray[np.int64]],
    until: npt.NDArray[np.int64] | None,
    groups: npt.NDArray[np.int64],
    meaning: str = LINKED,
    n_folds: int = 5,
    seed: int = 0,
) -> Calibration | None:
    """Learn how probable links are; None where too few are among the candidates.

    Parameters
    ----------
    model : FittedModel
        Whose lists are to tell it.
    rows : numpy.ndarray of int64, shape (n_queries,)
        The queries' rows.
    related : list of numpy.ndarray of int64
        The rows linked from each.
    until : numpy.ndarray of int64, shape (n_queries,), or None
        The latest day that each query's page could know.
    groups : numpy.ndarray of int64, shape (n_queries,)
        Queries of one group stay in one fold.
    meaning, n_folds, seed
        As in `CalibratingMixin.calibrate`.
    """
    from relatedevents.encoders import encoder_fingerprint
    from relatedevents.learning import confidence
    from relatedevents.learning.coordinate_search import folds_of

    queries, parts, linked = labelled_pairs(model, rows, related, until)
    folds = folds_of(groups, n_folds, seed)
    try:
        held_out = confidence.cross_validate(parts, linked, queries, folds)
    except ValueError:
        return None
    intercept, coefficients = confidence.learn(parts, linked)
    told = held_out.probabilities
    encoder = model.encoder_
    return Calibration(
        meaning=meaning,
        weights=model.weights,
        encoder=None if encoder is None else encoder_fingerprint(encoder),
        intercept=round(intercept, _DECIMALS),
        coefficients=tuple(round(number, _DECIMALS) for number in coefficients),
        n_queries=len(rows),
        n_pairs=len(linked),
        n_groups=len(np.unique(groups)),
        n_folds=len(folds),
        base_rate=float(linked.mean()),
        calibration_error=confidence.expected_calibration_error(told, linked),
        brier_skill=confidence.brier_skill(told, linked, held_out.base_rates),
        auc=confidence.auc(told, linked),
    )


def labelled_pairs(
    model: FittedModel,
    rows: npt.NDArray[np.int64],
    related: Sequence[npt.NDArray[np.int64]],
    until: npt.NDArray[np.int64] | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the first candidates of some queries: query numbers, parts, and which are linked.

    Parameters are those of `calibration_of`.
    """
    from relatedevents.retrieval.answers import Wishes

    index = model._index()
    ids = index.id_of_row[rows]
    as_of = None
    if until is not None:
        as_of = dict(zip(ids, pd.to_datetime(until, unit="D"), strict=True))
    queries = model._queries(ids, "links")
    table, candidates = model._answer(queries, N_CANDIDATES, Wishes(as_of=as_of))
    number_of = dict(zip(ids, range(len(ids)), strict=True))
    numbers = table["id"].map(number_of).to_numpy(dtype=np.int64)
    counts = np.array([len(some) for some in related])
    keys = np.repeat(np.arange(len(rows)), counts) * len(index) + np.concatenate(related)
    linked = np.isin(numbers * len(index) + candidates, keys)
    return numbers, table[list(SIGNALS)].to_numpy(dtype=np.float64), linked
