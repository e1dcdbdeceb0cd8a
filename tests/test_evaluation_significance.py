from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.evaluation import significance
from relatedevents.evaluation.significance import bootstrap_means, holm, randomisation_p_values


def exhaustive_p(differences, cluster):
    """The share of all sign patterns, the observed one among them, that are as large."""
    sums = [differences[cluster == c].sum() for c in np.unique(cluster)]
    observed = abs(sum(sums))
    flips = list(product([-1, 1], repeat=len(sums)))
    totals = [abs(sum(s * x for s, x in zip(signs, sums, strict=True))) for signs in flips]
    return sum(total >= observed - 1e-12 for total in totals) / len(flips)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("clustered", [False, True])
def test_p_agrees_with_all_sign_patterns(seed, clustered):
    rng = np.random.default_rng(seed)
    # Tenths give many equal sums: rounding must not decide whether a flip is as large.
    differences = rng.integers(-3, 6, size=(12, 4)) / 10
    cluster = np.repeat(np.arange(6), 2) if clustered else np.arange(12)
    m = 20_000
    found = randomisation_p_values(differences, cluster, m, np.random.default_rng(1))
    for column in range(4):
        exact = exhaustive_p(differences[:, column], cluster)
        assert found[column] == pytest.approx(exact, abs=4 * np.sqrt(0.25 / m) + 1 / m)


def test_p_counts_the_observed_pattern_itself():
    strong = np.full((40, 1), 0.5)
    found = randomisation_p_values(strong, np.arange(40), 99, np.random.default_rng(0))
    assert found[0] == 1 / 100
    none = np.zeros((40, 1))
    assert randomisation_p_values(none, np.arange(40), 99, np.random.default_rng(0))[0] == 1.0


def test_under_the_null_small_p_values_come_as_often_as_they_say():
    rng = np.random.default_rng(7)
    differences = rng.standard_t(3, size=(30, 4000))
    p = randomisation_p_values(differences, np.arange(30), 999, rng)
    for level in (0.01, 0.05, 0.2, 0.5):
        assert np.mean(p <= level) == pytest.approx(level, abs=0.02)


def test_queries_that_go_together_fool_the_plain_test_and_not_the_clustered_one():
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(20), 10)
    differences = rng.normal(size=(20, 1000))[cluster] + 0.5 * rng.normal(size=(200, 1000))
    plain = randomisation_p_values(differences, np.arange(200), 499, rng)
    clustered = randomisation_p_values(differences, cluster, 499, rng)
    assert np.mean(plain <= 0.05) > 0.3
    assert np.mean(clustered <= 0.05) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize("cells", [1, 7, 100, 10**6])
def test_the_size_of_a_block_changes_nothing(monkeypatch, cells):
    values = np.random.default_rng(0).normal(size=(9, 3))
    cluster = np.array([0, 1, 1, 2, 3, 4, 4, 4, 5])
    p = randomisation_p_values(values, cluster, 200, np.random.default_rng(1))
    means = bootstrap_means(values, cluster, 200, np.random.default_rng(2))
    monkeypatch.setattr(significance, "_BLOCK_CELLS", cells)
    again = randomisation_p_values(values, cluster, 200, np.random.default_rng(1))
    assert (p == again).all()
    blocked = bootstrap_means(values, cluster, 200, np.random.default_rng(2))
    np.testing.assert_allclose(blocked, means, atol=1e-14)


def test_bootstrap_equals_a_loop_over_resamples():
    values = np.random.default_rng(0).normal(size=(7, 2))
    cluster = np.array([0, 0, 1, 2, 2, 2, 3])
    fast = bootstrap_means(values, cluster, 50, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    for row in range(50):
        drawn = [int(rng.random() * 4) for _ in range(4)]
        members = [i for c in drawn for i in np.flatnonzero(cluster == c)]
        np.testing.assert_allclose(fast[row], values[members].mean(axis=0))


def test_bootstrap_spreads_like_the_standard_error():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(400, 1))
    means = bootstrap_means(values, np.arange(400), 4000, rng)
    assert means.std() == pytest.approx(values.std() / 20, rel=0.05)
    cluster = np.repeat(np.arange(40), 10)
    together = rng.normal(size=(40, 1))[cluster]
    means = bootstrap_means(together, cluster, 4000, rng)
    assert means.std() == pytest.approx(together.std() / np.sqrt(40), rel=0.1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_equals_its_definition(p_values):
    ordered = sorted(range(len(p_values)), key=lambda i: p_values[i])
    expected, highest = {}, 0.0
    for step, test in enumerate(ordered):
        highest = max(highest, min(1.0, p_values[test] * (len(p_values) - step)))
        expected[test] = highest
    found = holm(np.array(p_values))
    assert found.tolist() == pytest.approx([expected[i] for i in range(len(p_values))])
    assert (found >= np.array(p_values)).all()
