"""Threads and memory: never more than there is, never a crash, never another list."""

from __future__ import annotations

import numpy as np
import pytest
from toy import KeywordEncoder, configure, engine_of, random_frame

from relatedevents import RelatedEvents
from relatedevents._util import memory as capacity
from relatedevents._util import threads
from relatedevents.engines import all_pairs
from relatedevents.engines.base import Filters
from relatedevents.errors import InputError


@pytest.fixture
def model():
    return RelatedEvents(encoder=KeywordEncoder()).fit(random_frame(1, 120))


def test_more_threads_than_processors_count_as_all(monkeypatch, model):
    monkeypatch.setattr(threads, "processors", lambda: 3)
    assert [threads.threads(wanted) for wanted in (None, 1, 2, 3, 4, 10**9)] == [3, 1, 2, 3, 3, 3]
    wanted = model.related_all(3)
    model.set_params(n_threads=10**9)
    assert engine_of(model, "exact").n_threads == 3
    assert model.related_all(3).equals(wanted)


def test_one_thread_keeps_blas_to_one(monkeypatch, model):
    from threadpoolctl import threadpool_info

    # Other tests may have loaded faiss, which brings a BLAS of its own, after the first look.
    threads._blas.cache_clear()
    seen = []
    configure(monkeypatch, small=1, least_share=1)
    whole = all_pairs._products

    def products(*args):
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return whole(*args)

    monkeypatch.setattr(all_pairs, "_products", products)
    model.set_params(n_threads=1).related_all(3)
    assert set(seen) == {1}


def test_available_memory_is_told_and_plausible():
    assert 2**20 < capacity.available_memory() < 2**50


def test_a_control_group_and_those_above_it_limit_the_memory(tmp_path):
    def group(limit, used, cached):
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text(used)
        (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
        names = ("memory.max", "memory.current", "inactive_file")
        return capacity._group_left(tmp_path, *names)

    assert group("1000\n", "700\n", 200) == 500
    assert group("1000\n", "1700\n", 200) == 0
    assert group("max\n", "700\n", 200) is None
    (tmp_path / "memory.max").unlink()
    assert capacity._group_left(tmp_path, "memory.max", "memory.current", "x") is None


@pytest.mark.parametrize(
    ("left", "wanted"),
    [(None, 1024), (10**9, 1024), (220_000, 1024), (200_000, 512), (60_000, 256), (12_000, 64)],
)
def test_a_block_is_halved_until_it_fits_half_of_what_is_left(monkeypatch, left, wanted):
    monkeypatch.setattr(capacity, "available_memory", lambda: left)
    assert capacity.fitting_block(1024, 1000, lambda size: 100 * size) == wanted


def test_a_small_block_is_never_made_larger(monkeypatch):
    monkeypatch.setattr(capacity, "available_memory", lambda: 2000)
    assert capacity.fitting_block(7, 1000, lambda size: 100 * size) == 7


def test_no_block_fits(monkeypatch):
    monkeypatch.setattr(capacity, "available_memory", lambda: 2 * 10**9)
    wrong = (
        r"^block_size: even blocks of 64 rows take 6\.4 GB; allowed: what fits into the "
        r"2\.0 GB of memory that are left\. Ask for fewer"
    )
    with pytest.raises(InputError, match=wrong):
        capacity.fitting_block(1024, 0, lambda size: 10**8 * size)


@pytest.mark.parametrize("everyone", [True, False])
def test_lists_that_do_not_fit(monkeypatch, model, everyone):
    monkeypatch.setattr(capacity, "_TRIFLE", 0)
    monkeypatch.setattr(capacity, "available_memory", lambda: 2 * 10**5)
    wrong = r"^n: 120 lists of 100 take 0\.\d GB; allowed: what fits into the 0\.0 GB of memory"
    ask = model.related_all if everyone else lambda n: model.related_many(model.archive_["id"], n)
    with pytest.raises(InputError, match=wrong):
        ask(100)
    assert len(model.related_many(model.archive_["id"][:2], 3)) == 6


def test_little_memory_makes_smaller_blocks_and_the_same_lists(monkeypatch, model):
    configure(monkeypatch, small=1, least_share=1)
    model.set_params(block_size=10**9, n_threads=1)
    wanted = model.related_all(3)
    engine = engine_of(model, "exact")
    everyone = Filters(np.ones(120, dtype=bool))
    monkeypatch.setattr(capacity, "available_memory", lambda: 400_000)
    assert all_pairs.AllPairs(engine.candidates, 10**9, 1, 9, everyone, engine.config).size == 64
    assert model.related_all(3).equals(wanted)
