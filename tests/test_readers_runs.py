"""Runs: every form in which lists come, and what is refused by which words."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from relatedevents import read_run
from relatedevents.errors import InputError
from relatedevents.readers.runs import is_run

LISTS = {"a": ["b", "c"], "c": ["a"]}
ROWS = [("a", 1, "b"), ("a", 2, "c"), ("c", 1, "a")]
TABLE = pd.DataFrame(ROWS, columns=["id", "rank", "related_id"])


def rows(run):
    return list(run[["id", "rank", "related_id"]].itertuples(index=False, name=None))


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


class TestForms:
    @pytest.mark.parametrize(
        "source",
        [
            LISTS,
            {"a": ("b", "c"), "c": np.array(["a"])},
            {"a": {"c": 0.1, "b": 0.9}, "c": {"a": 3}},
            TABLE,
            TABLE.iloc[::-1],
            pl.DataFrame(TABLE),
            TABLE.drop(columns="rank").assign(score=[0.5, 0.4, 0.9]),
        ],
    )
    def test_one_meaning(self, source):
        run = read_run(source)
        assert sorted(rows(run)) == ROWS
        assert run["rank"].dtype == np.int64

    def test_files(self, tmp_path):
        lists = [{"id": "a", "related": ["b", {"id": "c"}]}, {"id": "c", "related": ["a"]}]
        files = [
            written(tmp_path, "lists.csv", TABLE.to_csv(index=False)),
            written(tmp_path, "rows.jsonl", TABLE.to_json(orient="records", lines=True)),
            written(tmp_path, "lists.jsonl", "\n".join(map(json.dumps, lists))),
            written(tmp_path, "lists.run", "a Q0 b 1 2 x\na Q0 c 2 1 x\n\nc Q0 a 1 1 x\n"),
            written(tmp_path, "nameless", "a\tQ0\tb\t1\t2\tx\na Q0 c 2 1 x\nc 0 a 1 1 x"),
            tmp_path / "lists.parquet",
        ]
        TABLE.to_parquet(files[-1])
        for path in files:
            assert rows(read_run(path)) == ROWS, path
            assert is_run(path), path

    def test_other_columns_stay(self):
        extra = TABLE.assign(score=[3.0, 2.0, 1.0], shared_tags=[["x"], [], []])
        run = read_run(extra)
        assert list(run.columns) == ["id", "related_id", "rank", "score", "shared_tags"]
        assert run["shared_tags"].tolist() == [["x"], [], []]

    def test_what_pandas_writes_into_csv_is_read(self, tmp_path):
        extra = TABLE.assign(shared_tags=[["x", "y"], [], []], as_of="soon", grade="high")
        extra.to_csv(tmp_path / "lists.csv", index=False)
        assert rows(read_run(tmp_path / "lists.csv")) == ROWS

    def test_empty_lists_are_told(self, tmp_path):
        assert read_run({"a": ["b"], "z": []}).attrs["without_related"] == ["z"]
        path = written(tmp_path, "l.jsonl", '{"id":"a","related":["b"]}\n{"id":"z","related":[]}\n')
        run = read_run(path)
        assert run.attrs["without_related"] == ["z"]
        assert read_run(run).attrs["without_related"] == ["z"]

    def test_ties_are_counted_and_settled_by_id(self):
        run = read_run({"a": {"z": 1.0, "b": 1.0, "c": 2.0}})
        assert run["related_id"].tolist() == ["c", "b", "z"]
        assert run.attrs["tied"] == 2

    def test_ranks_may_have_gaps_and_win_over_scores_in_a_table(self):
        table = TABLE.assign(rank=[7, 3, 1], score=[9.0, 1.0, 1.0])
        assert rows(read_run(table)) == [("a", 3, "c"), ("a", 7, "b"), ("c", 1, "a")]

    def test_trec_counts_from_nought_too(self, tmp_path):
        path = written(tmp_path, "l.run", "a Q0 b 0 2 x\na Q0 c 1 1 x\nc Q0 a 0 1 x\n")
        assert rows(read_run(path)) == ROWS

    def test_trec_gives_ids_back(self, tmp_path):
        path = written(tmp_path, "l.run", "a%20b Q0 50%25/%C3%A9 1 1 x\n")
        assert rows(read_run(path)) == [("a b", 1, "50%/é")]

    def test_whole_numbers_are_ids(self):
        assert rows(read_run({1: [2]})) == [("1", 1, "2")]


class TestIsRun:
    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("l.csv", "id,rank,related_id\n", True),
            ("l.csv", "id;headline;related\n", False),
            ("l.csv", "id,headline,date\n", False),
            ("l.jsonl", '{"id": "a", "related": []}', True),
            ("l.jsonl", '{"id": "a", "headline": "x"}', False),
            ("l.jsonl", "", False),
            ("page.md", "# x", False),
            ("l.bin", "whatever", False),
            ("l.trec", "", True),
        ],
    )
    def test_by_name_or_columns(self, tmp_path, name, text, expected):
        assert is_run(written(tmp_path, name, text)) is expected

    def test_folders_and_archives(self, tmp_path):
        assert not is_run(tmp_path)
        path = tmp_path / "e.parquet"
        pd.DataFrame({"id": ["a"], "headline": ["x"]}).to_parquet(path)
        assert not is_run(path)
        path.write_bytes(b"PAR1 cut off")
        assert not is_run(path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "run: it is empty; allowed: one list or more that holds an event."),
        (TABLE.iloc[:0], "run: it is empty"),
        ({"a": []}, "it lists no event (1 ids come with an empty list)"),
        ({"a": "b"}, "run, id 'a': got 'b' (str); allowed: a list of related ids"),
        ({"a": ["b"], "c": {"d": 1}}, "run: lists and mappings mixed"),
        ({"a": ["b", "b"]}, "1 doubled pairs: row 1 (id 'a', related_id 'b')"),
        ({"a": ["a"]}, "1 events linked to themselves"),
        ({"a": [" "]}, "run, column 'related_id': 1 row can't be used"),
        ({"a": [None]}, "run, column 'related_id': 1 row can't be used"),
        ({"": ["b"]}, "run, column 'id': 1 row can't be used"),
        ({"a": {"b": float("nan")}}, "run, row 0, column 'score': got nan; allowed: a finite"),
        ({"a": {"b": "high"}}, "run, row 0, column 'score': got 'high'"),
        (TABLE.assign(rank=[1, 1, 1]), "1 doubled ranks: row 1 (id 'a', rank 1)"),
        (TABLE.assign(rank=[0, 1, 1]), "run, column 'rank': 1 row can't be used"),
        (TABLE.assign(rank=[1.5, 2, 1]), "a whole number of 1 or more"),
        (TABLE.drop(columns="rank"), "no column 'rank' and no column 'score'"),
        (TABLE.drop(columns="id"), "run: no column 'id'"),
        (7, "run: got int; allowed: a DataFrame"),
    ],
)
def test_bad_runs(source, message):
    with pytest.raises(InputError) as caught:
        read_run(source)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("l.run", "a b Q0 c 1 1 x\n", "l.run, line 1: 7 columns in 'a b Q0 c 1 1 x'"),
        ("l.run", "a Q0 b 1 1 x\na Q0", "l.run, line 2: 2 columns in 'a Q0'"),
        ("l.run", "a Q0 b c 1 1 x\n", "Percent-encode ids that hold blanks"),
        ("l.run", "a Q0 b one 1 x\n", "line 1, rank: got 'one'; allowed: a whole number"),
        ("l.run", "a Q0 b 1 high x\n", "line 1, score: got 'high'; allowed: a finite number"),
        ("l.run", "a Q0 b 1 inf x\n", "line 1, score: got 'inf'"),
        ("l.run", "a Q0 b 1 2 x\na Q0 c 1 1 x\n", "rank 1 of 'a' again, first in line 1"),
        ("l.run", "a Q0 b 1 1 x\na Q0 c 2 5 x\n", "1 scores are higher than the one a rank above"),
        ("l.run", "a Q0 %FF 1 1 x\n", "got '%FF', whose percent-encoded bytes are not UTF-8"),
        ("l.run", "a Q0 b 1 2 x\na Q0 b 2 1 x\n", "1 doubled pairs"),
        ("l.run", "", "l.run: it is empty"),
        ("l.jsonl", '{"id": "a", "related": 3}', "line 1: an object with 'id', 'related'"),
        ("l.jsonl", '{"id":"a","related":["b"]}\n{"id":"a","related":["c"]}', "a second list of"),
        ("l.jsonl", '{"id":"a","related":["b"]', "no whole JSON value"),
        ("l.jsonl", "", "l.jsonl: it is empty"),
        ("l.what", "x", "a file of unknown kind; allowed: .csv, .tsv, .jsonl"),
    ],
)
def test_bad_files(tmp_path, name, text, message):
    with pytest.raises(InputError) as caught:
        read_run(written(tmp_path, name, text))
    assert message in str(caught.value)


def test_a_folder_and_an_unknown_format(tmp_path):
    with pytest.raises(InputError, match=r"a folder; allowed: \.csv, .*\.trec\. Name what"):
        read_run(tmp_path)
    with pytest.raises(InputError, match="format: got 'xml'; allowed: 'csv'"):
        read_run(LISTS, format="xml")
    with pytest.raises(InputError, match="there is no such file or folder"):
        read_run(tmp_path / "none.csv")
