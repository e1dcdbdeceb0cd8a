"""Some rows against everyone, both ways: the lists of the written order, for every block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_engine import ARCHIVES, WEIGHTS
from toy import configure, random_frame

from relatedevents import RelatedEvents
from relatedevents.engines.bounds import ProjectedVectors
from relatedevents.engines.exact import ExactEngine
from relatedevents.engines.terms import DECIMALS
from relatedevents.signals.score import pair_scores, score_terms

pytestmark = pytest.mark.slow

N = 6


def projected_of(vectors, n_directions):
    mean = vectors.mean(axis=0, dtype=np.float64)
    strength, directions = np.linalg.eigh((vectors - mean).T @ (vectors - mean))
    told = np.flatnonzero(strength > 1e-9 * max(float(strength.sum()), 1.0))
    # eigh sorts the weakest first.
    directions = directions[:, told[::-1][:n_directions]]
    coordinates = ((vectors - mean) @ directions).astype(np.float32)
    return ProjectedVectors(coordinates, (mean @ directions).astype(np.float32))


def scores_of(features, weights):
    """The exact score of every pair, query by query."""
    n = len(features)
    every = np.repeat(np.arange(n), n), np.tile(np.arange(n), n)
    return pair_scores(features, every[0], features, every[1], weights).reshape(n, n)


def wanted_list(scores, query):
    """The written order: rounded score, then smaller row."""
    rounded = np.round(scores[query], DECIMALS)
    order = np.lexsort((np.arange(len(rounded)), -rounded))
    return order[order != query][:N]


@pytest.mark.parametrize("n_directions", [None, 0, 2, 4])
@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_both_sides_are_those_of_the_exact_scores(monkeypatch, weights, archive, n_directions):
    configure(monkeypatch, scan_block=16, scan_beside=5, scan_queries=7)
    made, encoder = ARCHIVES[archive]
    # Fitted to any weights: what an index holds does not depend on them.
    features = RelatedEvents(encoder=encoder).fit(random_frame(**made)).index_.features
    weights = WEIGHTS[weights]
    terms = score_terms(features, weights)
    scores = scores_of(features, weights)
    rows = np.sort(np.random.default_rng(1).choice(len(features), 25, replace=False))
    projected = None if n_directions is None else projected_of(features.vectors, n_directions)
    projected = projected if weights.semantic else None
    low = np.median(scores, axis=1) + 0.01
    best, owners, comers = ExactEngine(terms, n_threads=2).best_of_some(
        rows,
        lambda q, c: pair_scores(features, rows[q], features, c, weights),
        N,
        low.astype(np.float32),
        projected,
    )
    for row, found, told in zip(rows, best.rows, best.scores, strict=True):
        np.testing.assert_array_equal(found, wanted_list(scores, row))
        np.testing.assert_array_equal(told, scores[row, found])
    there = np.zeros(scores.shape, dtype=bool)
    there[owners, comers] = True
    assert there.sum() == len(owners)
    # A score that float32 takes for enough, or not, lies no further from `low` than its error.
    slack = 2.0 * terms.error + 1e-6 * abs(low[:, None])
    others = np.zeros(scores.shape, dtype=bool)
    others[:, rows] = True
    np.fill_diagonal(others, val=False)
    assert there[others & (scores >= low[:, None] + slack)].all()
    assert not there[~others | (scores < low[:, None] - slack)].any()


def test_what_nobody_asks_for():
    features = RelatedEvents().fit(random_frame(1, 20)).index_.features
    weights = WEIGHTS["all"]
    engine = ExactEngine(score_terms(features, weights))
    nobody = np.zeros(0, dtype=np.int64)
    best, owners, comers = engine.best_of_some(
        nobody, lambda q, c: pair_scores(features, nobody[q], features, c, weights), 3
    )
    assert best.rows.shape == (0, 3)
    assert len(owners) == len(comers) == 0


@settings(max_examples=60)
# Almost nothing is left of a vector beside so many directions: the root of a rounding error.
@example(seed=2764, n=30, width=22, n_directions=21, alike=0.0)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
    width=st.integers(1, 24),
    n_directions=st.integers(0, 24),
    alike=st.floats(0, 5),
)
def test_projected_vectors_lie_above_what_they_bound(seed, n, width, n_directions, alike):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, width)) + alike
    vectors[rng.random(n) < 0.1] = 0.0
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = np.divide(vectors, lengths, out=vectors, where=lengths > 0).astype(np.float32)
    projected = projected_of(vectors, n_directions)
    rows = rng.permutation(n)[: max(1, n // 2)]
    bounds = projected.bounds(rows, n // 3, n)
    assert bounds.shape == (len(rows), n - n // 3)
    assert (bounds >= vectors[rows] @ vectors[n // 3 :].T - 1e-5).all()


@pytest.mark.parametrize("n_threads", [1, 3])
def test_exact_zeros_of_many_blocks_go_by_row(monkeypatch, n_threads):
    configure(monkeypatch, scan_block=4)
    frame = random_frame(3, 60, untagged=0.9)
    features = RelatedEvents().fit(frame).index_.features
    weights = WEIGHTS["tags"]
    rows = np.arange(0, 60, 7)
    best, _, _ = ExactEngine(score_terms(features, weights), n_threads=n_threads).best_of_some(
        rows, lambda q, c: pair_scores(features, rows[q], features, c, weights), N
    )
    scores = scores_of(features, weights)
    for row, found in zip(rows, best.rows, strict=True):
        np.testing.assert_array_equal(found, wanted_list(scores, row))
