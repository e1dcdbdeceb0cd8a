"""Calibration learned from links: how probable a link is, by its score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from relatedevents._util.checks import check_count, problem, shown
from relatedevents.calibration import Calibration
from relatedevents.encoders import encoder_fingerprint
from relatedevents.errors import InputError
from relatedevents.index.numbering import Rows
from relatedevents.learning import confidence
from relatedevents.learning.folds import folds_of
from relatedevents.learning.links import TrainingLinks, read_training_links
from relatedevents.retrieval.queries import Queries
from relatedevents.retrieval.retriever import Retriever

#: How many candidates of each query a calibration is learned from.
N_CANDIDATES = 50
#: Chance gives so much skill over a constant. A site links few of the many that fit, so real
#: links have little more: .02 to .13 on six sites, with an error below .01.
LEAST_SKILL = 0.005
# What a file tells of intercept and slope.
_DECIMALS = 6

LINKED = "being linked"
_TODO = (
    "Tune first, so that lists come nearer to them: model.tune(links). Or cut by n or min_score."
)


def calibrate(
    retriever: Retriever, links: object, meaning: str, n_folds: int, seed: int
) -> Calibration:
    """Learn how probable links are; see `RelatedEvents.calibrate`.

    Raises
    ------
    InputError
        If too few links are among the candidates, or the scores tell hardly which.
    """
    check_count("n_folds", n_folds, 2)
    check_count("seed", seed, 0)
    if not isinstance(meaning, str) or not meaning.strip():
        raise InputError(problem("meaning", f"got {shown(meaning)}", "a non-empty text"))
    training = read_training_links(links, retriever.index)
    found = calibration_of(retriever, training, meaning, n_folds, seed)
    if isinstance(found, str):
        raise InputError(problem("links", found, "links that lists find", _TODO))
    return found


def calibration_of(
    retriever: Retriever,
    links: TrainingLinks,
    meaning: str = LINKED,
    n_folds: int = 5,
    seed: int = 0,
) -> Calibration | str:
    """Learn how probable links are, or tell in words why that can't be learned.

    Parameters
    ----------
    retriever : Retriever
        Whose lists are to tell it.
    links : TrainingLinks
        What to learn from.
    meaning, n_folds, seed
        As in `RelatedEvents.calibrate`.
    """
    pairs = labelled_pairs(retriever, links)
    found = calibration_of_pairs(retriever, pairs, links.groups, meaning, n_folds, seed)
    if found is None:
        return f"too few of them are among the first {N_CANDIDATES} candidates of their events"
    if found.brier_skill < LEAST_SKILL:
        skill = f"Brier skill {found.brier_skill:.3f}"
        return f"scores tell hardly more of them than chance does ({skill})"
    return found


def calibration_of_pairs(
    retriever: Retriever,
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.bool_]],
    groups: npt.NDArray[np.int64],
    meaning: str,
    n_folds: int = 5,
    seed: int = 0,
) -> Calibration | None:
    """Learn the probability of some pairs; None where one fold has all that are linked.

    Parameters
    ----------
    retriever : Retriever
        Under whose weights the scores are.
    pairs : (queries, scores, linked)
        As `labelled_pairs` returns them.
    groups : numpy.ndarray of int64, shape (n_queries,)
        Queries of one group stay in one fold.
    meaning, n_folds, seed
        As in `RelatedEvents.calibrate`.
    """
    queries, scores, linked = pairs
    folds = folds_of(groups, n_folds, seed)
    try:
        held_out = confidence.cross_validate(scores, linked, queries, folds)
    except ValueError:
        return None
    intercept, slope = confidence.learn(scores, linked)
    predicted = held_out.probabilities
    encoder = retriever.fitted.encoder
    return Calibration(
        meaning=meaning,
        weights=retriever.setup.weights,
        encoder=None if encoder is None else encoder_fingerprint(encoder),
        intercept=round(intercept, _DECIMALS),
        slope=round(slope, _DECIMALS),
        n_queries=len(groups),
        n_pairs=len(linked),
        n_groups=len(np.unique(groups)),
        n_folds=len(folds),
        base_rate=float(linked.mean()),
        calibration_error=confidence.expected_calibration_error(predicted, linked),
        brier_skill=confidence.brier_skill(predicted, linked, held_out.base_rates),
        auc=confidence.auc(predicted, linked),
    )


def labelled_pairs(
    retriever: Retriever, links: TrainingLinks
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the first candidates of some queries: query numbers, scores, and which are linked."""
    index = retriever.index
    queries = Queries.of_rows(index, index.rows(links.queries))
    best = retriever.candidates(queries.rows, N_CANDIDATES, links.max_day)
    numbers, ranks = np.nonzero(best.rows >= 0)
    rows = Rows(best.rows[numbers, ranks])
    scores = best.scores[numbers, ranks]
    return numbers, scores, links.grades_of(numbers, index.positions(rows)) > 0.0
