"""The benchmark's pure parts: who is measured, which events, medians, the page and its plots."""

from __future__ import annotations

import importlib
import json
import statistics
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
ABOUT = {
    "what": "its newest events",
    "dimensions": 256,
    "sample": 1000,
    "encoding": 1.0,
    "date": "2012-01-01",
    "cores": 2,
    "threads": 2,
    "processor": "a processor",
    "python": "3.11",
    "versions": "numpy 1",
    "true": "the exact lists",
}


@pytest.fixture(scope="module", autouse=True)
def _path():
    """Let the benchmark's modules be found: they are scripts and no part of the package."""
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def bench():
    names = ("registry", "data", "figures", "process", "report", "rounds", "plots", "ways", "usage")
    return {name: importlib.import_module(f"bench.{name}") for name in names}


def run_of(peer, number, search, build=1.0, **more):
    one = {"setting": peer.settings[0], "search": search, "cpu": search, "phases": {}, **more}
    figures = {"build": build, "cpu": 0.5, "base_gb": 0.1, "peak_gb": 0.2, "asked": 5000}
    return {"peer": peer.name, "round": number, "settings": [one], **figures}


@pytest.fixture
def peers(bench):
    return {peer.name: peer for peer in bench["registry"].PEERS}


@pytest.fixture
def told(bench, peers):
    """Return a size in which some peers ran, one failed and one is missing."""
    registry = bench["registry"]
    phases = {"engine": 6.0, "tables": 2.0}
    runs = [
        run_of(peers[registry.SGEMM], 0, 4.0),
        run_of(peers[registry.SGEMM], 1, 8.0),
        run_of(peers[registry.FAISS_FLAT], 0, 10.0, hybrid=0.25, semantic=1.0),
        run_of(peers[registry.EXACT], 0, 8.0, phases=phases, hybrid=1.0),
        run_of(peers[registry.EXACT], 1, 8.0, phases=phases),
        {"peer": "bm25s", "round": 0, "failed": "ValueError: a | b"},
    ]
    notes = {"sparse-dot-topn": "not installed: `pip install sparse-dot-topn`"}
    return {**ABOUT, "events": 5000, "runs": runs, "notes": notes}


def test_every_peer_has_a_way_and_a_name_of_its_own(bench):
    peers = bench["registry"].PEERS
    assert len({peer.name for peer in peers}) == len(peers)
    for peer in peers:
        assert issubclass(getattr(bench["ways"], peer.way), bench["ways"].Way)
        assert len(set(peer.settings)) == len(peer.settings) > 0


def test_what_people_use_is_measured(bench):
    modules = {peer.module for peer in bench["registry"].PEERS}
    assert modules >= {
        "sentence_transformers", "sklearn", "faiss", "bm25s", "sparse_dot_topn"
    }  # fmt: skip


def test_a_missing_peer_is_told_with_the_way_to_get_it(bench):
    told = bench["registry"].missing(found=lambda module: None if module == "faiss" else module)
    assert set(told.values()) == {"not installed: `pip install faiss-cpu`"}
    assert "faiss-cpu IndexFlatIP" in told
    assert "bm25s" not in told
    assert bench["registry"].missing(found=lambda module: module) == {}


def test_an_engine_that_is_not_there_is_told(bench):
    registry = bench["registry"]
    assert "no engine" in registry.left_out(5000, ["exact"])[registry.APPROXIMATE]
    assert registry.left_out(5000, ["exact", "approximate"]) == {}
    large = registry.left_out(registry.FULL + 1, ["exact", "approximate"])
    assert list(large) == [registry.EXACT]


@pytest.mark.parametrize(
    ("name", "n", "some"),
    [
        ("faiss-cpu IndexFlatIP", 200_000, 200_000),
        ("faiss-cpu IndexFlatIP", 200_001, 10_000),
        ("relatedevents, approximate", 1_000_000, 1_000_000),
    ],
)
def test_only_quadratic_peers_are_asked_for_a_part(bench, peers, name, n, some):
    assert bench["registry"].asked(peers[name], n) == some


def test_the_newest_events_stay_in_the_order_of_the_archive(bench):
    dates = ["2012-01-03", "2012-01-01", None, "2012-01-02", "2012-01-03"]
    archive = pd.DataFrame({"id": list("edcba"), "date": pd.to_datetime(dates)})
    newest = bench["data"].newest
    assert newest(archive, 1)["id"].tolist() == ["a"]
    assert newest(archive, 3)["id"].tolist() == ["e", "b", "a"]
    assert newest(archive, 4)["id"].tolist() == ["e", "d", "b", "a"]
    pd.testing.assert_frame_equal(newest(archive, 9), archive)


def test_the_sample_is_the_same_each_time(bench):
    draw = bench["data"].drawn_sample
    assert draw(5000).tolist() == draw(5000).tolist()
    assert draw(5000).tolist() != draw(5000, seed=1).tolist()
    assert len(np.unique(draw(5000))) == 1000
    assert draw(7).tolist() == list(range(7))


def test_what_is_asked_holds_the_sample(bench):
    sample = bench["data"].drawn_sample(500, 20)
    rows = bench["process"].asked_rows(500, 60, sample)
    assert len(np.unique(rows)) == 60
    assert np.isin(sample, rows).all()
    assert (np.diff(rows) > 0).all()
    assert bench["process"].asked_rows(5, 60, sample).tolist() == list(range(5))


def test_the_query_itself_is_taken_out_wherever_it_stands(bench):
    found = np.array([[0, 1, 2], [2, 0, 1], [0, 1, 3], [3, -1, -1]])
    kept = bench["ways"].without_own(found, np.arange(4), 2)
    assert kept.tolist() == [[1, 2], [2, 0], [0, 1], [-1, -1]]


def test_recall_of_equal_cosines_does_not_depend_on_which_is_listed(bench):
    data = bench["data"]
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    sample = np.array([0, 3])
    nth = data.nth_scores(vectors, sample, 1)
    np.testing.assert_allclose(nth, [1.0, 0.8], atol=1e-6)
    for twin in (1, 2):
        assert data.semantic_recall(np.array([[twin], [4]]), sample, vectors, nth) == 1.0
    assert data.semantic_recall(np.array([[4], [4]]), sample, vectors, nth) == 0.5
    assert data.semantic_recall(np.array([[-1], [-1]]), sample, vectors, nth) == 0.0


def test_nth_scores_are_those_of_sorting_everything(bench):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(150, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sample = bench["data"].drawn_sample(150, 90)
    near = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    np.fill_diagonal(near, -np.inf)
    expected = [sorted(near[row])[-10] for row in sample]
    np.testing.assert_allclose(bench["data"].nth_scores(vectors, sample), expected, atol=1e-9)


def test_rounds_are_interleaved_and_slow_peers_run_once(bench, peers):
    registry, rounds = bench["registry"], bench["rounds"]
    some = [peers[name] for name in (registry.SGEMM, "bm25s", "sparse-dot-topn")]
    seconds = {registry.SGEMM: 99.0, "bm25s": rounds.SLOW, "sparse-dot-topn": 0.1}
    runs = rounds.run_rounds(some, 3, lambda peer, number: run_of(peer, number, seconds[peer.name]))
    assert [(run["round"], run["peer"]) for run in runs] == [
        (0, registry.SGEMM),
        (0, "bm25s"),
        (0, "sparse-dot-topn"),
        (1, "sparse-dot-topn"),
        (1, registry.SGEMM),
        (2, registry.SGEMM),
    ]


def test_a_peer_that_fails_is_told_and_not_run_again(bench, peers):
    rounds = bench["rounds"]

    def measure(peer, number):
        if peer.name == "bm25s":
            text = "MemoryError"
            raise rounds.Failed(text)
        return run_of(peer, number, 1.0)

    runs = rounds.run_rounds([peers["bm25s"], peers["sparse-dot-topn"]], 2, measure)
    assert [run.get("failed", "") for run in runs] == ["MemoryError", "", ""]


def test_ratios_are_medians_within_a_round(bench, told):
    registry = bench["registry"]
    rows = {row.name: row for row in bench["figures"].rows_of(told["runs"], told["notes"])}
    exact = rows[registry.EXACT]
    # 8 / 4 and 8 / 8, although the medians of both, 8 and 6, have another ratio.
    assert exact.against[registry.SGEMM] == statistics.median([2.0, 1.0])
    assert exact.against[registry.FAISS_FLAT] == 0.8
    assert exact.phases_against["engine", registry.FAISS_FLAT] == 0.6
    assert rows[registry.SGEMM].search == 6.0
    assert (rows[registry.SGEMM].fastest, rows[registry.SGEMM].slowest) == (4.0, 8.0)
    assert exact.hybrid == 1.0


def test_no_peer_is_dropped_from_the_page(bench, told):
    page = bench["report"].page({"sizes": {"5000": told}}, [])
    table = page[page.index("## Every peer") : page.index("## Recall")]
    for peer in bench["registry"].PEERS:
        assert f"| {peer.name}" in table
    assert "not installed: `pip install sparse-dot-topn`" in table
    assert "failed: ValueError: a \\| b" in table
    assert "| – engine | | | 6.00 |" in table
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in lines} == {13}


@pytest.mark.parametrize(("seconds", "verdict"), [(8.0, "yes"), (8.1, "no")])
def test_the_engine_is_held_against_its_target(bench, told, seconds, verdict):
    for run in told["runs"]:
        if run["peer"] == bench["registry"].EXACT:
            run["settings"][0]["phases"]["engine"] = seconds
    rows = {row.name: row for row in bench["figures"].rows_of(told["runs"], told["notes"])}
    line = bench["report"].goal_line(bench["report"].engine_goals(rows)[0])
    assert line.endswith(f"| <= 0.8 x | {verdict} |")


def test_without_faiss_the_target_is_neither_met_nor_missed(bench, told):
    registry = bench["registry"]
    runs = [run for run in told["runs"] if run["peer"] != registry.FAISS_FLAT]
    notes = {registry.FAISS_FLAT: "not installed: `pip install faiss-cpu`"}
    rows = {row.name: row for row in bench["figures"].rows_of(runs, notes)}
    line = bench["report"].goal_line(bench["report"].engine_goals(rows)[0])
    assert "not installed" in line
    assert line.endswith("|  |  |")


def test_scaled_figures_are_marked(bench, told):
    told = {**told, "events": 1_000_000}
    page = bench["report"].page({"sizes": {"1000000": told}}, [])
    assert "≈ 10.00" in page
    assert "asked for 5,000 events" in page


def test_the_plots_are_the_same_each_time(bench, told):
    pytest.importorskip("matplotlib")
    found = {"sizes": {"5000": told, "all": {**told, "events": 69_103}}}
    plots = bench["plots"].draw(found)
    assert set(plots) == {"results-time.svg", "results-memory.svg", "results-recall.svg"}
    assert plots == bench["plots"].draw(json.loads(json.dumps(found)))
    assert all(bench["registry"].EXACT in text for text in plots.values())


def test_every_library_is_told_the_same_threads(bench):
    told = bench["usage"].environment(3, NUMBA_CACHE_DIR="empty")
    assert {told[name] for name in bench["usage"].THREAD_VARIABLES} == {"3"}
    assert told["NUMBA_CACHE_DIR"] == "empty"
    assert bench["usage"].peak_gb() > 0.01
