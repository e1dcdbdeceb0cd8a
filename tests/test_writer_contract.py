"""What every writer promises: it reads back, and a failing write leaves what was there before.

A new format adds one entry to `READ`, which reads {id: [related ids]} back.
"""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from relatedevents import read_links, read_run, write_blocks, write_lists
from relatedevents.encoders import resolve_encoder, save_encoder
from relatedevents.errors import InputError
from relatedevents.store import Contents, load, save
from relatedevents.writers import FORMATS, stream_lists, write_trec_qrels, write_trec_run
from relatedevents.writers.lists import TABLE_FORMATS
from relatedevents.writers.urls import page_path

IDS = ["a/1", "b c", "é", "last"]
HALF = "half a character: \ud800"
LISTS = pd.DataFrame(
    {
        "id": ["a/1", "a/1", "b c", "é"],
        "rank": [1, 2, 1, 1],
        "related_id": ["b c", "é", "a/1", "last"],
        "score": [0.5, 0.25, 1 / 3, 1e-7],
        "shared_tags": [["Mali", "Lere, Mali"], [], ["x"], []],
    }
)
ARCHIVE = pd.DataFrame(
    {
        "id": IDS,
        "date": pd.to_datetime(["2012-10-12", None, "2013-01-02", None]).astype("datetime64[s]"),
        "headline": ["One", "Two", "Three", "Four"],
    }
)
EXPECTED = {"a/1": ["b c", "é"], "b c": ["a/1"], "é": ["last"]}


def lists_of(table):
    return {id_: of_id["related_id"].tolist() for id_, of_id in table.groupby("id", sort=False)}


def table_lists(path):
    return lists_of(read_run(path)) if path.stat().st_size else {}


def markdown_lists(path):
    id_of = {f"](/{number})": id_ for number, id_ in enumerate(IDS)}
    lists = {}
    for id_ in IDS:
        text = (path / page_path(id_, ".md")).read_text("utf-8")
        links = re.findall(r"^\d+\. \[[^]]*(\]\([^)]*\))", text, re.MULTILINE)
        lists |= {id_: [id_of[link] for link in links]} if links else {}
    return lists


def page_lists(path):
    texts = {id_: (path / page_path(id_, ".json")).read_text("utf-8") for id_ in IDS}
    lists = {id_: [item["related_id"] for item in json.loads(t)] for id_, t in texts.items()}
    return {id_: of_id for id_, of_id in lists.items() if of_id}


READ = {
    "csv": lambda path: table_lists(path.rename(path.with_suffix(".csv"))),
    "jsonl": lambda path: table_lists(path.rename(path.with_suffix(".jsonl"))),
    "parquet": lambda path: lists_of(pd.read_parquet(path)),
    "markdown": markdown_lists,
    "pages": page_lists,
}


def write(name, path, lists=LISTS):
    archive = ARCHIVE.assign(url=[f"/{number}" for number in range(len(IDS))])
    return write_lists(lists, path, format=name, archive=archive, ids=IDS)


def contents(folder):
    """Every file below a folder, by its path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_format_is_read_here():
    assert set(READ) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_reads_back(tmp_path, name):
    assert READ[name](write(name, tmp_path / "out")) == EXPECTED


@pytest.mark.parametrize("name", FORMATS)
def test_no_lists_are_written_all_the_same(tmp_path, name):
    path = write(name, tmp_path / "out", LISTS.iloc[:0])
    assert path.exists()
    if name != "csv":  # which keeps its first line
        assert READ[name](path) == {}


@pytest.mark.parametrize("name", FORMATS)
def test_a_failing_write_leaves_the_old_one_and_nothing_else(tmp_path, name):
    write(name, tmp_path / "out")
    before = contents(tmp_path)
    broken = LISTS.assign(shared_tags=[["a"], ["b"], ["c"], [HALF]])
    with pytest.raises(InputError, match=r"'.*out' can't hold the text .*\\ud800"):
        write(name, tmp_path / "out", broken)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", TABLE_FORMATS)
def test_a_table_is_one_block_or_many(tmp_path, name):
    for suffix in TABLE_FORMATS[name].suffixes:
        one = write_lists(LISTS, tmp_path / f"one{suffix}", archive=ARCHIVE)
        two = write_blocks([LISTS[:3], LISTS[3:]], tmp_path / f"two{suffix}", archive=ARCHIVE)
        pd.testing.assert_frame_equal(read_run(one), read_run(two))
        if TABLE_FORMATS[name].dump:
            with (tmp_path / "streamed").open("w+", encoding="utf-8", newline="") as file:
                stream_lists(LISTS, file, format=name, archive=ARCHIVE)
            assert one.read_bytes() == two.read_bytes() == (tmp_path / "streamed").read_bytes()


@pytest.mark.parametrize("call", [write_lists, lambda lists, path: write_blocks([lists], path)])
def test_an_unknown_suffix_is_told_with_all_that_are_known(tmp_path, call):
    message = (
        "path: got '.*; allowed: an end of .csv, .jsonl, .ndjson, .parquet, .md. Or name "
        "the format: 'csv', 'jsonl', 'parquet', 'markdown', 'pages'."
    )
    with pytest.raises(InputError, match=message):
        call(LISTS, tmp_path / "x.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("write_trec", "read", "suffix"),
    [(write_trec_run, read_run, ".run"), (write_trec_qrels, read_links, ".qrels")],
)
def test_trec_files_read_back_and_fail_as_a_whole(tmp_path, write_trec, read, suffix):
    path = write_trec(LISTS, tmp_path / f"out{suffix}")
    assert lists_of(read(path)) == EXPECTED
    before = contents(tmp_path)
    with pytest.raises(InputError, match="half of a character"):
        write_trec({**EXPECTED, HALF: ["a/1"]}, path)
    assert contents(tmp_path) == before


def save_contents(folder, words):
    return save(folder, Contents({"words": words}, {}))


def save_static(folder, _):
    return save_encoder(resolve_encoder("default"), folder)


@pytest.mark.parametrize("put", [save_contents, save_static])
def test_a_folder_is_replaced_as_one_or_not_at_all(tmp_path, monkeypatch, put):
    from pathlib import Path

    place = put(tmp_path / "saved", ["old"])
    before = contents(tmp_path)
    written = []
    write_bytes, write_text = Path.write_bytes, Path.write_text

    def full(write):
        def writes(path, *args, **kwargs):
            written.append(path.name)
            if len(written) == 2:
                raise OSError(28, "No space left on device")
            return write(path, *args, **kwargs)

        return writes

    monkeypatch.setattr(Path, "write_bytes", full(write_bytes))
    monkeypatch.setattr(Path, "write_text", full(write_text))
    message = (
        r"folder: '.*saved' can't be written \(No space left.*Free some room, or name a folder"
    )
    with pytest.raises(InputError, match=message):
        put(place, ["new"])
    assert contents(tmp_path) == before
    put(place, ["new"])
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    assert put is save_static or load(place).settings == {"words": ["new"]}
