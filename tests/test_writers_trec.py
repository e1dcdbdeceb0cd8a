"""TREC files: any id comes back, and other tools read the order that was written."""

from __future__ import annotations

import pandas as pd
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from relatedevents import read_links, read_run
from relatedevents.errors import InputError
from relatedevents.writers import write_trec_qrels, write_trec_run

IDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.sampled_from(
        ["a b", "50%", "%20", "a/b", "a\nb", "\u2028", "é", "日本 1", "\x85", "+", "~"]
    ),
).filter(str.strip)
LISTS = st.dictionaries(IDS, st.lists(IDS, min_size=1, max_size=5, unique=True), min_size=1).map(
    lambda lists: {query: [c for c in ids if c != query] for query, ids in lists.items()}
)


def lists_of(run):
    return {id_: group["related_id"].tolist() for id_, group in run.groupby("id", sort=False)}


@given(LISTS.filter(lambda lists: all(lists.values())))
def test_any_id_comes_back(tmp_path_factory, lists):
    folder = tmp_path_factory.mktemp("trec")
    assert lists_of(read_run(write_trec_run(lists, folder / "l.run"))) == lists
    links = read_links(write_trec_qrels(lists, folder / "l.qrels"))
    assert lists_of(links) == lists
    assert set(links["grade"]) == {1}


def test_the_lines(tmp_path):
    table = pd.DataFrame({"id": ["a", "a"], "rank": [9, 3], "related_id": ["x y", "b/c"]})
    path = write_trec_run(table, tmp_path / "new" / "l.run", name="my run")
    assert path.read_text() == "a Q0 b/c 1 2 my%20run\na Q0 x%20y 2 1 my%20run\n"
    path = write_trec_qrels({"a": {"b": 2, "c": 0}}, tmp_path / "l.qrels")
    assert path.read_text() == "a 0 b 2\na 0 c 0\n"
    links = pd.DataFrame({"id": ["a"], "related_id": ["b"], "rank": [1]})
    assert write_trec_qrels(links, path).read_text() == "a 0 b 1\n"


def test_trec_eval_sees_the_order_of_the_list(tmp_path):
    # Ids that trec_eval would put first among equal scores stand last here.
    lists = {"q": [*(f"z{i:03d}" for i in range(200)), "zzz"]}
    path = write_trec_run(lists, tmp_path / "l.run")
    with path.open() as file:
        run = pytrec_eval.parse_run(file)
    found = pytrec_eval.RelevanceEvaluator({"q": {"zzz": 1}}, {"recip_rank"}).evaluate(run)
    assert found["q"]["recip_rank"] == pytest.approx(1 / 201)


def test_empty_lists_are_refused_or_left_out_by_name(tmp_path):
    lists = {"a": ["b"], "z": []}
    with pytest.raises(InputError, match="1 of 2 lists are empty: 'z'; allowed"):
        write_trec_run(lists, tmp_path / "l.run")
    assert not (tmp_path / "l.run").exists()
    assert write_trec_run(lists, tmp_path / "l.run", empty="skip").read_text().count("\n") == 1
    with pytest.raises(InputError, match="1 of 1 lists are empty"):
        write_trec_run({"z": []}, tmp_path / "l.run", empty="skip")


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({}, "run: it is empty"),
        ({"a": ["b", "b"]}, "'b' stands at ranks 1 and 2"),
        ({"a": ["\ud800"]}, "which holds half of a character"),
        (
            pd.DataFrame({"id": ["a", "a"], "rank": [1, 1], "related_id": ["b", "c"]}),
            "rank 1 comes twice for 'a'",
        ),
    ],
)
def test_bad_runs(tmp_path, run, message):
    with pytest.raises(InputError) as caught:
        write_trec_run(run, tmp_path / "l.run")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({}, "links: it is empty"),
        ({"a": {"b": 1.5}}, "got the grade 1.5"),
        (pd.DataFrame({"id": ["a", "a"], "related_id": ["b", "b"]}), "comes twice"),
    ],
)
def test_bad_links(tmp_path, links, message):
    with pytest.raises(InputError) as caught:
        write_trec_qrels(links, tmp_path / "l.qrels")
    assert message in str(caught.value)
