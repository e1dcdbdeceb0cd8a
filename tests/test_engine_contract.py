"""What every engine of the register keeps to, against the plainest engine that can be written.

An engine that is added to `ENGINES` is checked by all of this. One that finds all candidates has
to give the reference's lists; one that may miss some, valid ones: exact scores, in order, whole.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import (
    ALL,
    GATED,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    configure,
    engine_of,
    random_frame,
)

from relatedevents import RelatedEvents, Weights
from relatedevents._util import threads
from relatedevents._util._compiled import Kernel
from relatedevents._util.arrays import UNDATED
from relatedevents.engines.base import ENGINES, Best, Filters, engine_class, rank_candidates
from relatedevents.engines.numpy_scan import scores_of_all
from relatedevents.engines.terms import DECIMALS
from relatedevents.errors import InputError
from relatedevents.signals.base import Signal
from relatedevents.signals.register import register, unregister
from relatedevents.signals.score import pair_scores, score_terms
from relatedevents.signals.terms import SaturatedTerm
from relatedevents.signals.text import saturate

pytestmark = pytest.mark.slow


class PlainEngine:
    """Scores every pair in float64: a whole engine in thirty lines."""

    def __init__(self, candidates, *, block_size=1024, n_threads=None, config=None):
        self.candidates, self.n_threads = candidates, n_threads or 1

    def best_of_rows(self, queries, own_rows, exact, n, filters, on_progress=None):
        best = Best.empty(len(own_rows), min(n, len(self.candidates)))
        for query, own in enumerate(own_rows.tolist()):
            here = filters.allowed.copy()
            if filters.until is not None:
                here &= self.candidates.days <= min(filters.until[query], UNDATED - 1)
            rows = np.flatnonzero(here)
            rows, number = rows[rows != own], np.array([query])
            counts = np.array([len(rows)])
            best.put(number, rank_candidates(number, counts, rows, exact, best.rows.shape[1]))
            if on_progress is not None:
                on_progress(1)
        return best

    def best_of_all(self, exact, n, filters, on_progress=None):
        rows = np.arange(len(self.candidates))
        return self.best_of_rows(self.candidates, rows, exact, n, filters, on_progress)

    def best_of_some(self, rows, exact, n, low=None, projected=None):
        everyone = Filters(np.ones(len(self.candidates), dtype=bool))
        best = self.best_of_rows(self.candidates.take(rows), rows, exact, n, everyone)
        if low is None:
            return best, rows[:0], rows[:0]
        # With the candidate as the query, which `exact` does not tell: coverage is one-sided.
        scores = scores_of_all(self.candidates, self.candidates.take(rows))
        every = np.arange(len(self.candidates))
        back = (scores >= low[:, None]) & (every[:, None] != rows)
        owners, entrants = np.nonzero(back)
        return best, owners, rows[entrants]


#: Engines whose lists of all events may lack a candidate.
APPROXIMATE = {"approximate"}
NAMES = [*ENGINES, "plain"]
WEIGHTS = {
    "default": Weights(),
    "all": ALL,
    "gated": GATED,
    "gated, without coverage": Weights().with_params(time=1.0, time_threshold=1.5),
    "tags": Weights.only(tags=1),
    "no vectors": Weights().with_params(semantic=0.0),
    "no time": Weights.only(semantic=1, words=0.3),
    "recency": Weights.only(recency=1),
    "coverage": Weights.only(coverage=1),
}
ARCHIVES = {
    "usual": ({"seed": 1, "n": 90}, KeywordEncoder()),
    "all equal": (
        {"seed": 2, "n": 80, "days": 1, "undated": 0.0, "untagged": 1.0, "words": ["flood"]},
        ConstantEncoder(),
    ),
    "undated": ({"seed": 3, "n": 70, "undated": 1.0}, KeywordEncoder()),
    "zero vectors": ({"seed": 4, "n": 80, "words": ["zebra", "quartz"]}, KeywordEncoder()),
    "noise": ({"seed": 5, "n": 100}, RandomEncoder()),
    "one event": ({"seed": 6, "n": 1}, KeywordEncoder()),
    "two events": ({"seed": 7, "n": 2}, KeywordEncoder()),
}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Register the plain engine, and let small archives take the ways of large ones."""
    monkeypatch.setitem(ENGINES, "plain", f"{__name__}:PlainEngine")
    monkeypatch.setattr(threads, "processors", lambda: 4)
    large(monkeypatch)


def large(monkeypatch, **changes):
    configure(
        monkeypatch, small=1, least_share=1, scan_block=16, scan_queries=7, strip=5, **changes
    )


class World:
    """An archive's terms under some weights, with its exact scores."""

    def __init__(self, weights, frame, encoder=None):
        model = RelatedEvents(encoder=encoder or KeywordEncoder()).fit(frame)
        self.features, self.weights = model.index_.features, weights
        self.terms, self.n = score_terms(self.features, self.weights), len(frame)
        self.all = np.arange(self.n)

    def exact(self, rows):
        return lambda q, c: pair_scores(self.features, rows[q], self.features, c, self.weights)

    def engine(self, name, **params):
        return engine_class(name)(self.terms, **params)

    def everyone(self):
        return Filters(np.ones(self.n, dtype=bool))

    def wanted(self, rows, n, filters):
        plain = PlainEngine(self.terms)
        return plain.best_of_rows(self.terms.take(rows), rows, self.exact(rows), n, filters)


def assert_equal(found, wanted):
    np.testing.assert_array_equal(found.rows, wanted.rows)
    np.testing.assert_array_equal(found.scores, wanted.scores)


def assert_valid(world, rows, found, wanted, filters):
    """Lists as long as they can be, of allowed candidates, with exact scores and in order."""
    there = found.rows >= 0
    np.testing.assert_array_equal(there.sum(axis=1), (wanted.rows >= 0).sum(axis=1))
    assert (found.scores[~there] == 0.0).all()
    for query, (own, some) in enumerate(zip(rows, found.rows, strict=True)):
        listed = some[some >= 0]
        assert own not in listed
        assert len(set(listed.tolist())) == len(listed)
        assert filters.allowed[listed].all()
        if filters.until is not None:
            days = world.features.days[listed]
            assert ((days <= filters.until[query]) & (days != UNDATED)).all()
        scores = world.exact(rows)(np.full(len(listed), query), listed)
        np.testing.assert_array_equal(found.scores[query][: len(listed)], scores)
        keys = list(zip(-np.round(scores, DECIMALS), listed, strict=True))
        assert keys == sorted(keys)


def check_all(world, name, n, filters, **params):
    found = world.engine(name, **params).best_of_all(world.exact(world.all), n, filters)
    wanted = world.wanted(world.all, n, filters)
    if name in APPROXIMATE:
        assert_valid(world, world.all, found, wanted, filters)
    else:
        assert_equal(found, wanted)


def check_rows(world, name, rows, n, filters, **params):
    found = world.engine(name, **params).best_of_rows(
        world.terms.take(rows), rows, world.exact(rows), n, filters
    )
    assert_equal(found, world.wanted(rows, n, filters))


@pytest.fixture(params=NAMES)
def name(request):
    if request.param == "approximate":
        pytest.importorskip("faiss")
    return request.param


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_lists_of_all_of_some_and_of_rows(name, weights, archive):
    made, encoder = ARCHIVES[archive]
    world = World(WEIGHTS[weights], random_frame(**made), encoder)
    check_all(world, name, 5, world.everyone())
    rows = world.all[::3][::-1].copy()
    check_rows(world, name, rows, 5, world.everyone())
    some, owners, entrants = world.engine(name).best_of_some(rows, world.exact(rows), 5)
    assert_equal(some, world.wanted(rows, 5, world.everyone()))
    assert len(owners) == len(entrants) == 0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(1, 70),
    n=st.sampled_from([1, 3, 100]),
    share=st.sampled_from([0.0, 0.1, 0.6, 1.0]),
    missing=st.sampled_from([0.0, 0.4, 1.0]),
    until=st.sampled_from([None, "own", "early", "mixed"]),
    weights=st.sampled_from(sorted(WEIGHTS)),
    block_size=st.integers(1, 40),
    n_threads=st.integers(1, 3),
    small=st.booleans(),
)
@pytest.mark.parametrize("name", NAMES)
def test_filters_blocks_and_threads(
    name, seed, size, n, share, missing, until, weights, block_size, n_threads, small
):
    if name == "approximate":
        pytest.importorskip("faiss")
    rng = np.random.default_rng(seed)
    world = World(WEIGHTS[weights], random_frame(seed, size, undated=missing))
    days = world.features.days.astype(np.int64)
    latest = {
        None: None,
        "own": days,
        "early": np.full(size, -(10**6)),
        "mixed": rng.permutation(days) + rng.integers(-3, 3, size),
    }[until]
    filters = Filters(rng.random(size) < share, latest)
    params = {"block_size": block_size, "n_threads": n_threads}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENGINES, "plain", f"{__name__}:PlainEngine")
        large(patch)
        if small:
            configure(patch, small=10**6)
        check_all(world, name, n, filters, **params)
        rows = rng.permutation(size)[: max(1, size // 2)]
        check_rows(world, name, rows, n, filters.take(rows), **params)


class Stout(Signal):
    """The saturated cosine of tags: a saturated term beside that of the words."""

    name = "stout"
    needs = ("tags",)

    def values(self, pairs, scales):
        return saturate(np.clip(pairs.sparse_dots("tags")[0], 0.0, 1.0))

    def terms(self, features, weight, scales):
        return [SaturatedTerm(features.tags, weight)]


@pytest.mark.parametrize("compiled", [True, False])
def test_two_saturated_terms(name, compiled, monkeypatch):
    if compiled:
        monkeypatch.setattr(Kernel, "spares", lambda *_: False)
    register(Stout())
    try:
        weights = GATED.with_params(stout=0.5)
        world = World(weights, random_frame(15, 90, untagged=0.4))
        assert world.terms.second_saturated.nnz
        check_all(world, name, 6, world.everyone())
        rows = world.all[::2].copy()
        check_rows(world, name, rows, 6, world.everyone())
        # Few queries go by the candidates' postings.
        check_rows(world, name, rows[:3], 6, world.everyone())
        scores = scores_of_all(world.terms, world.terms)
        q, c = (every.ravel() for every in np.indices(scores.shape))
        exact = world.exact(world.all)(q, c)
        assert np.abs(scores.ravel() - exact).max() <= world.terms.error
        two = world.terms.saturated_weight, world.terms.second_saturated_weight
        assert two == (0.25, 0.5)
    finally:
        unregister("stout")


def test_queries_from_outside_may_list_every_candidate(name):
    world = World(ALL, random_frame(8, 60))
    rows = np.array([4, 9, 31])
    found = world.engine(name).best_of_rows(
        world.terms.take(rows), np.full(3, -1), world.exact(rows), 60, world.everyone()
    )
    assert (np.sort(found.rows, axis=1) == world.all).all()
    plain = PlainEngine(world.terms).best_of_rows(
        world.terms.take(rows), np.full(3, -1), world.exact(rows), 60, world.everyone()
    )
    assert_equal(found, plain)


def test_nobody_and_nothing_allowed(name):
    world = World(Weights(), random_frame(9, 40))
    engine, nobody = world.engine(name), np.zeros(0, dtype=np.int64)
    found = engine.best_of_rows(
        world.terms.take(nobody), nobody, world.exact(nobody), 3, world.everyone()
    )
    assert found.rows.shape == found.scores.shape == (0, 3)
    assert engine.best_of_some(nobody, world.exact(nobody), 3)[0].rows.shape == (0, 3)
    nothing = Filters(np.zeros(40, dtype=bool))
    for lists in (
        engine.best_of_all(world.exact(world.all), 3, nothing),
        engine.best_of_rows(world.terms, world.all, world.exact(world.all), 3, nothing),
    ):
        assert (lists.rows == -1).all()
        assert (lists.scores == 0.0).all()


def test_lists_are_no_longer_than_there_are_candidates(name):
    world = World(Weights(), random_frame(10, 20))
    found = world.engine(name).best_of_all(world.exact(world.all), 500, world.everyone())
    assert found.rows.shape == (20, 20)
    assert (found.rows[:, -1] == -1).all()
    assert_equal(found, world.wanted(world.all, 500, world.everyone()))


@pytest.mark.parametrize("weights", ["default", "all", "gated", "no vectors"])
def test_whom_some_rows_matter_to(name, weights):
    world = World(WEIGHTS[weights], random_frame(11, 80))
    rows = np.array([3, 7, 50, 51])
    scores = pair_scores(
        world.features,
        np.repeat(world.all, 4),
        world.features,
        np.tile(rows, world.n),
        world.weights,
    ).reshape(world.n, 4)
    low = np.median(scores, axis=1).astype(np.float32) + np.float32(0.01)
    _, owners, entrants = world.engine(name).best_of_some(rows, world.exact(rows), 3, low)
    found = np.zeros((world.n, world.n), dtype=bool)
    found[owners, entrants] = True
    assert found.sum() == len(owners)
    assert not found[rows, rows].any()
    slack = 2.0 * world.terms.error + 1e-6
    other = world.all[:, None] != rows
    assert found[:, rows][other & (scores >= low[:, None] + slack)].all()
    assert not found[:, rows][other & (scores < low[:, None] - slack)].any()


def test_progress_tells_of_every_query_at_least(name):
    world = World(Weights(), random_frame(12, 90))
    engine, told = world.engine(name), []
    engine.best_of_all(world.exact(world.all), 3, world.everyone(), told.append)
    assert sum(told) >= 90
    told.clear()
    engine.best_of_rows(
        world.terms, world.all, world.exact(world.all), 3, world.everyone(), told.append
    )
    assert sum(told) == 90


def test_an_engine_keeps_what_it_was_made_with(name):
    world = World(Weights(), random_frame(13, 10))
    engine = world.engine(name, n_threads=2)
    assert engine.candidates is world.terms
    assert engine.n_threads == 2


def test_an_unknown_engine_is_told():
    with pytest.raises(InputError, match=r"^engine: got 'magic'; allowed: .*'plain'"):
        engine_class("magic")


def test_a_model_takes_an_engine_by_its_name():
    frame = random_frame(14, 60)
    model = RelatedEvents(encoder=KeywordEncoder(), engine="plain").fit(frame)
    wanted = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    assert model.related_all(5).equals(wanted.related_all(5))
    assert isinstance(engine_of(model), PlainEngine)
