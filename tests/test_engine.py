"""The exact engine against a slow reference: equal lists for every path, block and thread."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import (
    ALL,
    GATED,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    Slow,
    configure,
    engine_of,
    lists_of,
    random_frame,
)

from relatedevents import RelatedEvents, Weights
from relatedevents._util import threads
from relatedevents._util._compiled import Kernel
from relatedevents._util.arrays import UNDATED
from relatedevents.engines import all_pairs
from relatedevents.engines.base import Filters
from relatedevents.engines.bounds import bounding_vectors
from relatedevents.engines.exact import ExactEngine
from relatedevents.engines.postings import Postings
from relatedevents.signals.score import pair_scores, score_terms
from relatedevents.signals.text import saturate

pytestmark = pytest.mark.slow

WEIGHTS = {
    "default": Weights(),
    "all": ALL,
    "gated": GATED,
    "gated, without coverage": Weights().with_params(time=1.0, time_threshold=1.5),
    "gated, without vectors": Weights.only(tags=1, words=1, time=3, time_threshold=0.05),
    "semantic": Weights.only(semantic=1),
    "tags": Weights.only(tags=1),
    "topic": Weights.only(topic=1),
    "category": Weights.only(category=1),
    "coverage": Weights.only(coverage=1),
    "words": Weights.only(words=1),
    "time": Weights.only(time=1, half_life=0.5),
    "recency": Weights.only(recency=1),
    "heavy": Weights.only(semantic=900000.0, tags=0.001, time=500000.0),
}


@pytest.fixture(autouse=True, scope="module")
def compiled_kernels():
    """Let small archives take the kernels: test_first_list.py compares what goes without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Kernel, "spares", lambda *_: False)
        yield


@pytest.fixture
def spy(monkeypatch):
    """Let small archives take the block path, and note which path was taken and what it found."""
    seen = []
    configure(monkeypatch, small=1, least_share=1)
    monkeypatch.setattr(threads, "processors", lambda: 8)
    whole = ExactEngine.best_of_all
    in_blocks = ExactEngine._all_pairs

    def best_of_all(self, *args, **kwargs):
        best = whole(self, *args, **kwargs)
        seen.append(("rechecked", best.rechecked))
        return best

    def pairs(self, *args, **kwargs):
        seen.append(("blocks", self.block_size))
        return in_blocks(self, *args, **kwargs)

    monkeypatch.setattr(ExactEngine, "best_of_all", best_of_all)
    monkeypatch.setattr(ExactEngine, "_all_pairs", pairs)
    return seen


def reference(model, encoder, n, **limits):
    """All lists by the slow reference, ordered by its own scores."""
    slow = Slow(model.archive_, encoder, model.weights)
    return {id_: slow.ranked(slow.of_id(id_), n, own=id_, **limits) for id_ in model.archive_["id"]}


def assert_lists(table, wanted, tolerance=1e-9):
    assert lists_of(table) == {id_: [one for one, _ in some] for id_, some in wanted.items()}
    scores = [score for some in wanted.values() for _, score in some]
    assert table["score"].tolist() == pytest.approx(scores, abs=tolerance)


ARCHIVES = {
    "usual": ({"seed": 1, "n": 90}, KeywordEncoder()),
    "many equal": (
        {"seed": 2, "n": 110, "days": 3, "words": ["flood", "vote", "the"]},
        KeywordEncoder(),
    ),
    "one vector": ({"seed": 3, "n": 80, "untagged": 1.0, "undated": 1.0}, ConstantEncoder()),
    "undated": ({"seed": 4, "n": 90, "undated": 1.0}, KeywordEncoder()),
    "untagged": ({"seed": 5, "n": 90, "untagged": 1.0}, RandomEncoder()),
    "one day": ({"seed": 6, "n": 90, "days": 1, "undated": 0.0}, RandomEncoder()),
    "no vectors": ({"seed": 7, "n": 80, "words": ["zebra", "quartz"]}, KeywordEncoder()),
}


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_path_gives_the_reference_lists(archive, weights, spy):
    settings_, encoder = ARCHIVES[archive]
    model = RelatedEvents(encoder=encoder, weights=WEIGHTS[weights]).fit(random_frame(**settings_))
    wanted = reference(model, encoder, 4)
    tolerance = 1e-9 * max(1.0, sum(model.weights.by_signal()))
    for block_size, n_threads in ((1, 2), (3, 1), (7, 3), (64, 2), (1024, 1)):
        # Fitted anew: a model keeps what it has found.
        model.set_params(block_size=block_size, n_threads=n_threads).fit(model.archive_)
        assert_lists(model.related_all(4), wanted, tolerance)
    assert [what for what, _ in spy].count("blocks") == 5
    ids = model.archive_["id"].tolist()
    assert_lists(model.related_many(ids, 4), wanted, tolerance)
    for id_ in ids[::17]:
        assert_lists(model.related(id_, 4), {id_: wanted[id_]}, tolerance)


@pytest.mark.parametrize("weights", ["topic", "category", "words", "coverage"])
@pytest.mark.parametrize("block_size", [1, 7, 64, 1024])
def test_a_signal_alone_through_the_blocks(weights, block_size, spy):
    # Blocks are for dense vectors: here they are there and all 0, so another signal decides.
    encoder = KeywordEncoder(["nothing"])
    alone = WEIGHTS[weights].with_params(semantic=1)
    model = RelatedEvents(encoder=encoder, weights=alone, block_size=block_size, n_threads=2)
    # Many words, since those of many headlines weigh nothing.
    words = [one + other for one in "abcdefgh" for other in "klmnopqr"]
    model.fit(random_frame(19, 110, undated=0.1, untagged=0.3, words=words))
    table = model.related_all(4)
    assert dict(spy)["blocks"] == block_size
    assert_lists(table, reference(model, encoder, 4))
    assert (table["semantic"] == 0).all()
    assert (table[weights] > 0).mean() > 0.5


def test_opposite_topics_count_nothing():
    # Both signs of a topic's dot product come up, and a negative one is no part.
    model = RelatedEvents(encoder=KeywordEncoder(), weights=WEIGHTS["topic"])
    topics = model.fit(random_frame(20, 60)).index_.features.dense("topics")
    assert (topics @ topics.T).min() < -0.1
    table = model.related_all(59)
    assert table["topic"].min() == 0.0
    assert_lists(table, reference(model, KeywordEncoder(), 59))


def test_a_row_that_float32_cannot_settle_is_done_again(spy):
    # Two hundred events whose scores differ by less than float32 can tell.
    encoder = RandomEncoder(width=64, noise=1e-6)
    frame = random_frame(8, 200, undated=1.0, untagged=1.0, words=["flood"])
    frame["headline"] = [f"f {number}" for number in range(200)]
    model = RelatedEvents(encoder=encoder, weights=Weights.only(semantic=1), block_size=32)
    model.fit(frame)
    assert_lists(model.related_all(5), reference(model, encoder, 5))
    assert dict(spy)["rechecked"] > 0


def test_no_row_is_done_again_without_need(spy):
    encoder = RandomEncoder(noise=1.0)
    frame = random_frame(9, 200, undated=0.0, untagged=0.0)
    frame["headline"] = [f"{chr(97 + number % 26)} {number}" for number in range(200)]
    model = RelatedEvents(encoder=encoder, weights=Weights.only(semantic=1)).fit(frame)
    assert_lists(model.related_all(5), reference(model, encoder, 5))
    assert dict(spy)["rechecked"] < 20


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    n_events=st.integers(1, 130),
    days=st.sampled_from([1, 3, 30, 4000]),
    missing=st.sampled_from([0.0, 0.3, 1.0]),
    weights=st.sampled_from(sorted(WEIGHTS)),
    encoder=st.sampled_from([KeywordEncoder(), RandomEncoder(), ConstantEncoder()]),
    n=st.sampled_from([1, 2, 5, 200]),
    block_size=st.integers(1, 40),
    n_threads=st.integers(1, 3),
)
def test_any_small_archive(
    seed, n_events, days, missing, weights, encoder, n, block_size, n_threads
):
    frame = random_frame(seed, n_events, days=days, undated=missing, untagged=missing)
    model = RelatedEvents(encoder=encoder, weights=WEIGHTS[weights], n_threads=n_threads)
    model.set_params(block_size=block_size).fit(frame)
    wanted = reference(model, encoder, n)
    wanted = {id_: some for id_, some in wanted.items() if some}
    tolerance = 1e-9 * max(1.0, sum(model.weights.by_signal()))
    strips = model.related_all(n)
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, small=1, least_share=1)
        patch.setattr(threads, "processors", lambda: 8)
        model.set_params(n_threads=n_threads + 1)
        in_blocks = model.fit(frame).related_all(n)
    assert_lists(strips, wanted, tolerance)
    assert_lists(in_blocks, wanted, tolerance)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    n=st.sampled_from([1, 3, 6]),
    until=st.one_of(st.none(), st.just("own"), st.integers(-5, 45)),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    missing=st.sampled_from([0.0, 0.4, 1.0]),
    lowest=st.one_of(st.none(), st.floats(0, 1.5)),
    weights=st.sampled_from(["default", "all", "coverage", "recency"]),
    small=st.booleans(),
)
def test_filters_on_both_paths(seed, n, until, share, missing, lowest, weights, small):
    frame = random_frame(seed, 90, undated=missing)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=WEIGHTS[weights], block_size=16)
    model.fit(frame)
    slow = Slow(model.archive_, KeywordEncoder(), model.weights)
    rng = np.random.default_rng(seed)
    mask = rng.random(90) < share
    excluded = rng.choice(model.archive_["id"], size=5, replace=False).tolist()
    allowed = set(model.archive_["id"][mask]) - set(excluded)
    as_of = until
    if isinstance(until, int):
        as_of = np.datetime64("2012-01-01") + np.timedelta64(until, "D")
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, small=10**6 if small else 1, least_share=1)
        table = model.related_all(n, as_of=as_of, where=mask, exclude=excluded, min_score=lowest)
    wanted = {}
    for id_, day in zip(slow.ids, slow.days, strict=True):
        last = None
        if until == "own":
            last = day if day is not None else math.inf
        elif until is not None:
            last = until + slow.day("2012-01-01")
        limits = {"until": last, "allowed": allowed, "lowest": lowest}
        some = slow.ranked(slow.of_id(id_), n, own=id_, **limits)
        if some:
            wanted[id_] = some
    if lowest is None or not _near(slow, lowest):
        assert_lists(table, wanted)


def _near(slow, lowest):
    """Whether some score lies so near the threshold that rounding decides."""
    return any(abs(slow.score(q, c) - lowest) < 1e-12 for q in slow.ids for c in slow.ids if q != c)


def test_the_order_of_the_archive_changes_nothing():
    encoder = KeywordEncoder()
    frame = random_frame(11, 100, days=3)
    first = lists_of(RelatedEvents(encoder=encoder).fit(frame).related_all(6))
    for seed in range(3):
        other = frame.sample(frac=1.0, random_state=seed)
        model = RelatedEvents(encoder=encoder).fit(other)
        table = model.related_all(6)
        assert lists_of(table) == first
        assert table["id"].drop_duplicates().tolist() == other["id"].tolist()


def test_kept_engine_follows_new_weights_and_blocks():
    model = RelatedEvents(encoder=KeywordEncoder()).fit(random_frame(12, 90))
    model.related_all(3)
    model.set_params(weights__semantic=0.0, weights__tags=2.0, block_size=9)
    fresh = RelatedEvents(encoder=KeywordEncoder(), weights=model.weights)
    fresh.fit(model.archive_)
    assert model.related_all(3).equals(fresh.related_all(3))


def test_progress_is_told_of_every_query(spy):
    model = RelatedEvents(encoder=KeywordEncoder(), block_size=16, n_threads=2)
    model.fit(random_frame(13, 90))
    engine = engine_of(model, "exact")
    features = model.index_.features
    filters = Filters(np.ones(90, dtype=bool))

    def scores(q, c):
        return pair_scores(features, q, features, c, model.weights)

    told = []
    engine.best_of_all(scores, 3, filters, told.append)
    assert sum(told) == 90
    told.clear()
    engine.best_of_rows(engine.candidates, np.arange(90), scores, 3, filters, told.append)
    assert sum(told) == 90


def test_postings_hold_each_column_s_rows():
    matrix = sp.random(20, 7, density=0.3, random_state=1, format="csr", dtype=np.float32)
    postings = Postings(matrix, 6)
    for first in range(0, 20, 6):
        last = min(first + 6, 20)
        postings.fill(first, last)
        start, rows, data = postings.arrays
        for column in range(7):
            here = slice(start[column], start[column + 1])
            dense = matrix[first:last].toarray()[:, column]
            assert rows[here].tolist() == np.flatnonzero(dense).tolist()
            assert data[here].tolist() == dense[dense != 0].tolist()


def test_an_event_of_every_year_of_the_calendar():
    # A half-life of millennia: the table of time parts must reach from year 1 to 9999.
    frame = random_frame(14, 70, undated=0.0)
    rng = np.random.default_rng(14)
    # One event of year 1, all others thousands of years later.
    days = np.append(rng.integers(1_000_000, 2_932_896, size=69), -719_162)
    frame["date"] = days.astype("datetime64[D]").astype("datetime64[s]")
    encoder = KeywordEncoder(["nothing"])
    weights = Weights.only(semantic=0.1, time=1, half_life=1000000.0)
    model = RelatedEvents(encoder=encoder, weights=weights).fit(frame)
    assert_lists(model.related_all(5), reference(model, encoder, 5))


def test_a_heavy_weight_keeps_the_tail_of_time():
    # Events without any dense part, so far apart that only a great weight tells them apart.
    frame = random_frame(15, 70, undated=0.0, untagged=1.0, days=60_000)
    encoder = KeywordEncoder(["nothing"])
    weights = Weights.only(time=1000000.0, half_life=30.0)
    model = RelatedEvents(encoder=encoder, weights=weights).fit(frame)
    assert_lists(model.related_all(40), reference(model, encoder, 40), 1e-3)


def test_terms_error_bounds_float32():
    """Every float32 score lies within `ScoreTerms.error` of the exact one."""
    model = RelatedEvents(encoder=RandomEncoder(64, 0.5)).fit(random_frame(16, 60))
    features = model.index_.features
    assert features.dense("topics").shape[1] > 2
    for name, weights in WEIGHTS.items():
        terms = score_terms(features, weights)
        q, c = (rows.ravel() for rows in np.indices((60, 60)))
        exact_scores = pair_scores(features, q, features, c, weights)
        content = np.maximum(terms.dense @ terms.dense.T, 0) * np.float32(terms.dense_weight)
        beside = np.maximum(terms.second @ terms.second.T, 0) * np.float32(terms.second_weight)
        content += beside + (terms.sparse @ terms.sparse.T).toarray()
        words = (terms.saturated @ terms.saturated.T).toarray()
        content += saturate(words) * np.float32(terms.saturated_weight)
        content += terms.overlap_factor[:, None] * _shared(terms.overlap)
        codes = terms.code_table[terms.codes[:, None], terms.codes[None, :]]
        gaps = np.abs(features.days[:, None].astype(np.int64) - features.days[None, :])
        undated = features.days == UNDATED
        gaps[undated, :] = gaps[:, undated] = len(terms.day_table) - 1
        table = terms.day_table[np.minimum(gaps, len(terms.day_table) - 1)]
        if terms.threshold:
            table = table * np.minimum(content / np.float32(terms.threshold), np.float32(1))
        scores = content + codes + table + terms.prior[None, :]
        assert scores.dtype == np.float32
        assert np.abs(scores.ravel() - exact_scores).max() <= terms.error, name


def _shared(overlap):
    rows = [set(overlap.indices[a:b]) for a, b in pairwise(overlap.indptr)]
    return np.array([[len(mine & other) for other in rows] for mine in rows], dtype=np.float32)


def test_engine_over_other_queries_knows_no_own_row():
    model = RelatedEvents(encoder=KeywordEncoder()).fit(random_frame(17, 30))
    features = model.index_.features
    engine = engine_of(model, "exact")
    some = features.take(np.array([4, 9]))
    best = engine.best_of_rows(
        score_terms(some, model.weights),
        np.array([-1, -1]),
        lambda q, c: pair_scores(some, q, features, c, model.weights),
        3,
        Filters(np.ones(30, dtype=bool)),
    )
    assert 4 in best.rows[0]
    assert 9 in best.rows[1]


@pytest.mark.parametrize("weights", ["default", "all"])
@pytest.mark.parametrize("block_size", [7, 64, 1024])
@pytest.mark.parametrize("noise", [1.0, 1e-6])
def test_each_query_has_its_own_last_day_and_candidates(weights, block_size, noise, spy):
    # With little noise many rows are done again: they too keep to their own last day.
    frame = random_frame(18, 110)
    frame["headline"] = [f"{'fv'[row % 2]} {row}" for row in range(110)]
    encoder = RandomEncoder(width=64, noise=noise)
    chosen = WEIGHTS[weights]
    if noise < 1:
        chosen = Weights.only(semantic=1)
    model = RelatedEvents(encoder=encoder, weights=chosen, block_size=block_size).fit(frame)
    slow = Slow(model.archive_, encoder, chosen)
    rng = np.random.default_rng(18)
    first = np.datetime64("2012-01-01")
    as_of = {id_: first + np.timedelta64(int(rng.integers(0, 40)), "D") for id_ in slow.ids}
    mask = rng.random(110) < 0.8
    allowed = set(model.archive_["id"][mask])
    table = model.related_all(2, as_of=as_of, where=mask)
    wanted = {
        id_: slow.ranked(slow.of_id(id_), 2, own=id_, until=slow.day(as_of[id_]), allowed=allowed)
        for id_ in slow.ids
    }
    assert_lists(table, {id_: some for id_, some in wanted.items() if some})
    assert dict(spy)["blocks"] == block_size
    assert (dict(spy)["rechecked"] > 0) == (noise < 1)


@pytest.mark.parametrize("crowd", [-1.0, 2.0])
@pytest.mark.parametrize("weights", ["default", "all", "vectors"])
def test_bounds_and_whole_products_find_the_same(monkeypatch, crowd, weights):
    seen = set()
    configure(monkeypatch, small=1, least_share=1, crowd=crowd, strip=5)
    whole = all_pairs._Worker._strip

    def strip(self, i, j0, mirror, bounded, columns):
        seen.add(bounded)
        return whole(self, i, j0, mirror, bounded, columns)

    monkeypatch.setattr(all_pairs._Worker, "_strip", strip)
    chosen = WEIGHTS.get(weights, Weights.only(semantic=1, topic=0.5))
    encoder = RandomEncoder(width=64, noise=0.5)
    model = RelatedEvents(encoder=encoder, weights=chosen, block_size=13, n_threads=2)
    model.fit(random_frame(3, 130, undated=0.1, days=400))
    assert_lists(model.related_all(4), reference(model, encoder, 4))
    assert seen == {True, False}


@pytest.mark.parametrize("width", [1, 2, 16, 64, 129])
@pytest.mark.parametrize("rank", [1, 200])
@pytest.mark.parametrize("share", [2, 8])
def test_bounds_lie_above_what_they_bound(width, rank, share):
    rng = np.random.default_rng(width)
    spread = rng.normal(size=(200, min(rank, width))) @ rng.normal(size=(min(rank, width), width))
    vectors = (spread / np.linalg.norm(spread, axis=1, keepdims=True)).astype(np.float32)
    vectors[::9] = 0.0
    short = bounding_vectors(vectors, share)
    assert short.shape == (200, max(2, width // share))
    whole = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    # What `ScoreTerms.error` grants the dot products of vectors as long, and less.
    slack = (width + 2) * np.finfo(np.float32).eps
    assert ((short @ short.T) - whole).min() >= -slack
    # And a bound that says something: no larger than the lengths' product.
    assert (short @ short.T).max() <= 1 + 2 * slack
