"""The first list of a small archive: without a compiler, and to the bit what kernels give."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from test_engine import WEIGHTS as ENGINE_WEIGHTS
from toy import ConstantEncoder, KeywordEncoder, RandomEncoder, random_frame

from relatedevents import RelatedEvents, Weights
from relatedevents._util._compiled import Kernel
from relatedevents.engines import numpy_scan
from relatedevents.engines.ranking import best_of_each
from relatedevents.signals import _pair_kernels as kernels
from relatedevents.signals import pair_values as pairs
from relatedevents.signals.base import csr_arrays
from relatedevents.signals.score import add_parts, pair_parts, score_terms

pytestmark = pytest.mark.slow

WEIGHTS = {**ENGINE_WEIGHTS, "shared tags": Weights.shared_tags()}
ENCODERS = [KeywordEncoder(), RandomEncoder(), RandomEncoder(7, 1.0), ConstantEncoder()]


class Ways:
    """Let every kernel be spared, or none."""

    def __init__(self, spared):
        self.spared = spared

    def __enter__(self):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(Kernel, "spares", lambda *_: self.spared)

    def __exit__(self, *_):
        self.patch.undo()


def both(work):
    """Return what some work gives without the kernels, and with them."""
    found = []
    for spared in (True, False):
        with Ways(spared):
            found.append(work())
    return found


def assert_same_bits(one, other):
    assert one.dtype == other.dtype
    assert one.tobytes() == other.tobytes()


def unit_vectors(rng, n, width, kind):
    """Return rows of length 1 or 0: noise, few values, one direction, none."""
    vectors = rng.normal(size=(n, width))
    if kind == "few values":
        vectors = np.round(vectors)
    elif kind == "alike":
        vectors = np.abs(vectors[:1]) + 1e-5 * vectors
    vectors[rng.random(n) < 0.2] = 0.0
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


@given(
    seed=st.integers(0, 10**6),
    width=st.one_of(st.integers(0, 40), st.sampled_from([48, 255, 256, 1023])),
    n_pairs=st.integers(0, 60),
    kind=st.sampled_from(["noise", "few values", "alike"]),
)
def test_cosines_are_the_same_to_the_bit(seed, width, n_pairs, kind):
    rng = np.random.default_rng(seed)
    left, right = unit_vectors(rng, 7, width, kind), unit_vectors(rng, 9, width, kind)
    q, c = rng.integers(0, 7, n_pairs), rng.integers(0, 9, n_pairs)
    by_numpy = pairs.cosines_by_numpy(left, q, right, c)
    assert_same_bits(by_numpy, kernels.cosines(left, q, right, c))
    # Neither the side counts, nor who else is asked for before.
    assert_same_bits(by_numpy, kernels.cosines(right, c, left, q))
    back_q, back_c = q[::-1].copy(), c[::-1].copy()
    assert_same_bits(by_numpy[::-1].copy(), kernels.cosines(left, back_q, right, back_c))
    exact = [
        math.fsum(float(x) * float(y) for x, y in zip(left[a], right[b], strict=True))
        for a, b in zip(q, c, strict=True)
    ]
    assert by_numpy.tolist() == pytest.approx(np.clip(exact, 0.0, 1.0), abs=1e-12)


def sparse_rows(rng, n, n_columns):
    matrix = sparse.random(n, n_columns, density=rng.random(), random_state=rng, format="csr")
    matrix.data = matrix.data / 3.0
    matrix.sort_indices()
    return csr_arrays(matrix)


@given(seed=st.integers(0, 10**6), n_columns=st.integers(1, 300), n_pairs=st.integers(0, 60))
def test_sparse_dots_and_shared_columns_are_the_same_to_the_bit(seed, n_columns, n_pairs):
    rng = np.random.default_rng(seed)
    left, right = sparse_rows(rng, 7, n_columns), sparse_rows(rng, 9, n_columns)
    q, c = rng.integers(0, 7, n_pairs), rng.integers(0, 9, n_pairs)
    for ours, theirs in zip(
        pairs.sparse_dots_by_numpy(left, q, right, c),
        kernels.sparse_dots(*left, q, *right, c),
        strict=True,
    ):
        assert_same_bits(ours, theirs)
    for ours, theirs in zip(
        pairs.shared_columns_by_numpy(left, q, right, c),
        kernels.shared_columns(*left[:2], q, *right[:2], c),
        strict=True,
    ):
        assert_same_bits(ours, theirs)


@given(
    scores=st.lists(st.sampled_from([0.0, 0.5, 0.5 + 1e-9, 0.5 + 1e-5, 2.0]), max_size=60),
    n=st.integers(1, 70),
    cut=st.integers(0, 60),
)
def test_the_best_of_each_are_the_same(scores, n, cut):
    counts = np.array([min(cut, len(scores)), 0, max(len(scores) - cut, 0)])
    candidates = np.random.default_rng(len(scores)).permutation(len(scores))
    one, other = both(lambda: best_of_each(counts, candidates, np.array(scores), n))
    assert [some.tolist() for some in one] == [some.tolist() for some in other]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_events=st.integers(1, 90),
    days=st.sampled_from([1, 3, 4000]),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    weights=st.sampled_from(sorted(WEIGHTS)),
    encoder=st.sampled_from(ENCODERS),
    n=st.sampled_from([1, 2, 5, 200]),
    until=st.one_of(st.none(), st.just("own"), st.integers(-5, 45)),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    at_once=st.sampled_from([1, 300, 1 << 16]),
)
def test_lists_are_the_same_to_the_bit(
    seed, n_events, days, missing, weights, encoder, n, until, share, at_once
):
    frame = random_frame(seed, n_events, days=days, undated=missing, untagged=missing)
    model = RelatedEvents(encoder=encoder, weights=WEIGHTS[weights])
    if isinstance(until, int):
        until = np.datetime64("2012-01-01") + np.timedelta64(until, "D")
    mask = np.random.default_rng(seed).random(n_events) < share
    options = {"as_of": until, "where": mask}
    outside = {"tags": ["Spain", "nowhere"], "date": "2012-01-20"}

    def lists():
        model.fit(frame)
        ids = model.archive_["id"].tolist()
        return [
            model.related(ids[0], n),
            model.related_many(ids[::2], n, **options),
            model.related_all(n),
            model.related_to("A flood and a vote", n=n, **outside),
            model.related_to("Quartz", n=n),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_scan, "_AT_ONCE", at_once)
        for one, other in zip(*both(lists), strict=True):
            pd.testing.assert_frame_equal(one, other, check_exact=True)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    weights=st.sampled_from(sorted(WEIGHTS)),
    encoder=st.sampled_from(ENCODERS),
)
def test_no_score_is_further_off_than_its_error(seed, weights, encoder):
    model = RelatedEvents(encoder=encoder, weights=WEIGHTS[weights])
    features = model.fit(random_frame(seed, 40)).index_.features
    some = score_terms(features, model.weights)
    q, c = np.divmod(np.arange(1600), 40)
    exact = add_parts(pair_parts(features, q, features, c, model.weights)).reshape(40, 40)
    assert np.abs(numpy_scan.scores_of_all(some, some) - exact).max() <= some.error


FIRST = """
import sys
from relatedevents import RelatedEvents, Weights, load_sample
archive = load_sample()
model = RelatedEvents(weights=Weights()).fit(archive)
one, lists = model.related(archive["id"][0]), model.related_all(min_probability=0)
print(len(one), len(lists))
print("numba" in sys.modules, "huggingface_hub" in sys.modules, "faiss" in sys.modules)
"""


def test_the_lists_of_the_sample_load_no_compiler():
    done = subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["10", "4210", "False", "False", "False"]
