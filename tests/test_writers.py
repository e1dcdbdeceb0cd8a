"""Writers: what is written can be read back, and nothing is left half-written."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relatedevents._util.files import atomic_file, atomic_folder, atomic_text
from relatedevents.errors import InputError
from relatedevents.writers import FORMATS, write_lists
from relatedevents.writers.json_text import json_rows
from relatedevents.writers.markdown import escaped, related_section
from relatedevents.writers.tables import dump_csv, dump_jsonl, records
from relatedevents.writers.urls import link_of, page_path, safe_url

# Text that UTF-8 can write; a null byte is in no real archive, and the CSV reader stops at it.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
IDS = ["2012-10-12/un-resolution", "../x", "NA", "001", "Łódź, «ütf» 😀", 'a "quoted" id', "a\r\nb"]


@pytest.fixture
def archive():
    return pd.DataFrame(
        {
            "id": IDS,
            "date": pd.to_datetime(["2012-10-12", None, *["2013-01-02"] * (len(IDS) - 2)]).astype(
                "datetime64[s]"
            ),
            "headline": [f"Headline [{number}] of *{i}*" for number, i in enumerate(IDS)],
            "tags": [["Mali", "Lere, Mali"] for _ in IDS],
            "url": ["/news/one.html", None, *[""] * (len(IDS) - 2)],
        }
    )


@pytest.fixture
def lists():
    rng = np.random.default_rng(7)
    pairs = [(a, b) for a in IDS[:-1] for b in IDS if a != b]
    n = len(IDS) - 1
    return pd.DataFrame(
        {
            "id": [a for a, _ in pairs],
            "rank": [1 + i % n for i in range(len(pairs))],
            "related_id": [b for _, b in pairs],
            "score": rng.random(len(pairs)),
            "semantic": rng.random(len(pairs)) / 3,
            "shared_tags": [["Mali", "Lere, Mali"][: i % 3] for i in range(len(pairs))],
            "basis": ["semantic+tags"] * len(pairs),
        }
    )


def read_csv(path):
    """Read with nothing but the standard library, so that every digit is seen."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    table = pd.DataFrame(rows, columns=header)
    kinds = {"rank": int, "score": float, "semantic": float, "shared_tags": json.loads}
    for name in kinds.keys() & set(header):
        table[name] = [kinds[name](value) for value in table[name]]
    return table


def read_jsonl(path):
    return pd.DataFrame([json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]])


def read_parquet(path):
    table = pd.read_parquet(path)
    table["shared_tags"] = table["shared_tags"].map(list)
    return table


READERS = {"csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}


class TestTables:
    @pytest.mark.parametrize("suffix", READERS)
    def test_what_is_written_reads_back_equal(self, lists, tmp_path, suffix):
        path = write_lists(lists, tmp_path / f"lists.{suffix}")
        pd.testing.assert_frame_equal(
            READERS[suffix](path), lists, check_exact=True, check_dtype=False
        )

    @pytest.mark.parametrize("suffix", READERS)
    def test_archive_adds_headline_date_and_url(self, lists, archive, tmp_path, suffix):
        path = write_lists(lists, tmp_path / f"lists.{suffix}", archive=archive, base_path="/n/")
        back = READERS[suffix](path)
        headlines = dict(zip(archive["id"], archive["headline"], strict=True))
        assert list(back["headline"]) == [headlines[i] for i in lists["related_id"]]
        assert back.loc[back["related_id"] == IDS[0], "url"].unique() == ["/news/one.html"]
        assert back.loc[back["related_id"] == "NA", "url"].unique() == ["/n/NA"]
        first_dates = back.loc[back["related_id"] == IDS[0], "date"]
        assert {str(date)[:10] for date in first_dates} == {"2012-10-12"}
        assert not any(back.loc[back["related_id"] == "../x", "date"].replace("", None).notna())

    def test_the_given_table_stays_as_it_is(self, lists, archive, tmp_path):
        before = lists.copy(deep=True)
        for suffix in READERS:
            write_lists(lists, tmp_path / f"x.{suffix}", archive=archive)
        pd.testing.assert_frame_equal(lists, before)

    @pytest.mark.parametrize("suffix", READERS)
    def test_no_rows_keep_the_columns(self, lists, tmp_path, suffix):
        path = write_lists(lists.iloc[:0], tmp_path / f"lists.{suffix}")
        if suffix == "jsonl":
            assert path.read_text() == ""
        else:
            assert list(READERS[suffix](path).columns) == list(lists.columns)

    @pytest.mark.parametrize("rows", [1, 2, 7])
    def test_block_size_changes_nothing(self, lists, monkeypatch, rows):
        def both():
            as_csv, as_jsonl = io.StringIO(), io.StringIO()
            dump_csv(lists, as_csv)
            dump_jsonl(lists, as_jsonl)
            return as_csv.getvalue(), as_jsonl.getvalue()

        whole = both()
        monkeypatch.setattr("relatedevents.writers.tables._ROWS_AT_ONCE", rows)
        monkeypatch.setattr("relatedevents.writers.json_text.ROWS_AT_ONCE", rows)
        assert both() == whole

    @given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=3)), min_size=1, max_size=8))
    @example([("a\rb", "c", ["d\r"])])
    def test_any_text_reads_back(self, tmp_path, rows):
        table = pd.DataFrame(
            {
                "id": [row[0] for row in rows],
                "rank": range(1, len(rows) + 1),
                "related_id": [row[1] for row in rows],
                "shared_tags": [row[2] for row in rows],
            }
        )
        for suffix in READERS:
            path = write_lists(table, tmp_path / f"any.{suffix}")
            pd.testing.assert_frame_equal(READERS[suffix](path), table, check_dtype=False)


class TestPlaces:
    @pytest.mark.parametrize(
        ("event_id", "path"),
        [
            ("2012-10-12/un-resolution", "2012-10-12/un-resolution.json"),
            ("..", "%2E..json"),
            ("../../etc/passwd", "%2E./%2E./etc/passwd.json"),
            ("/etc/passwd", "%2F/etc/passwd.json"),
            ("a//b", "a/%2F/b.json"),
            ("a/", "a/%2F.json"),
            (".git/config", "%2Egit/config.json"),
            ("a.json/b", "a%2Ejson/b.json"),
            ("C:\\x", "C%3A%5Cx.json"),
            ("Łódź", "%C5%81%C3%B3d%C5%BA.json"),
            ("a\0b", "a%00b.json"),
        ],
    )
    def test_ids_become_safe_paths(self, event_id, path):
        assert str(page_path(event_id, ".json")) == path

    def test_a_long_id_is_cut_and_stays_different(self):
        one, other = page_path("ü" * 400 + "1", ".json"), page_path("ü" * 400 + "2", ".json")
        assert one != other
        assert len(one.name) < 255

    @given(st.lists(st.text(st.sampled_from("a./%~é\0 "), min_size=1, max_size=8), unique=True))
    @example(["a", "a.json/b", "a.json"])
    def test_paths_differ_and_stay_inside(self, ids):
        paths = [page_path(event_id, ".json") for event_id in ids]
        assert len({str(path) for path in paths}) == len(ids)
        files = {str(path) for path in paths}
        for path in paths:
            assert not path.is_absolute()
            assert not any(part in ("", ".", "..") for part in path.parts)
            assert not {str(folder) for folder in path.parents} & files

    def test_a_link_is_the_url_or_base_path_and_id(self, archive):
        link = link_of(archive, base_path="/news/", link_suffix=".html")
        assert link(IDS[0]) == "/news/one.html"
        assert link("Łódź a") == "/news/%C5%81%C3%B3d%C5%BA%20a.html"
        renamed = archive.rename(columns={"url": "page"})
        assert link_of(renamed)(IDS[0]) == "2012-10-12/un-resolution"
        assert link_of(renamed, url_column="page")(IDS[0]) == "/news/one.html"

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("2012/10/12/a.html", "/news/2012/10/12/a.html"),
            ("/elsewhere/a.html", "/elsewhere/a.html"),
            ("https://example.org/a", "https://example.org/a"),
            (" a.html ", "/news/a.html"),
            ("  ", "/news/x.md"),
            (None, "/news/x.md"),
        ],
    )
    def test_a_relative_url_follows_the_base_path(self, url, expected):
        table = pd.DataFrame({"id": ["x"], "url": [url]})
        assert link_of(table, base_path="/news/", link_suffix=".md")("x") == expected

    @pytest.mark.parametrize(
        ("archive", "column", "message"),
        [
            (None, "page", "url_column: got 'page' with no archive; allowed: a column"),
            (pd.DataFrame({"id": ["a"]}), "page", "got 'page' with columns 'id'; allowed"),
            (
                pd.DataFrame({"id": ["a"], "url": [3]}),
                None,
                "url_column: column 'url' holds 3; allowed: texts, or nothing",
            ),
        ],
    )
    def test_a_wrong_url_column_is_an_error(self, archive, column, message):
        with pytest.raises(InputError, match=re.escape(message)):
            link_of(archive, url_column=column)

    def test_a_url_can_not_end_its_markdown_link(self):
        assert safe_url("/a (b)\n<c>") == "/a%20%28b%29%0A%3Cc%3E"


def unescaped(text):
    """Read backslash escapes as a Markdown reader does."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)


class TestMarkdown:
    @given(TEXTS)
    @example("*a* _b_ [c](d) `e` <f> | ~g~ \\ &amp; $h$")
    def test_escaping_only_adds_backslashes(self, text):
        assert unescaped(escaped(text)) == " ".join(text.split())
        assert not re.search(r"(?<!\\)(?:\\\\)*[*_`\[\]<>|~&$]", escaped(text))

    def test_lines_are_numbered_and_tags_can_be_told_apart(self):
        rows = [
            {"related_id": "a b", "headline": "One [1]", "shared_tags": ["Lere, Mali", "_x_"]},
            {"related_id": "c", "headline": "Two\nlines", "shared_tags": []},
        ]
        assert related_section(rows, link_of(None, base_path="/")) == (
            "1. [One \\[1\\]](/a%20b) _Context: Lere\\, Mali, \\_x\\__\n2. [Two lines](/c)\n"
        )

    def test_one_file_a_page(self, lists, archive, tmp_path):
        folder = write_lists(
            lists, tmp_path / "md", format="markdown", archive=archive, ids=archive["id"]
        )
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        expected = sorted(folder / page_path(event_id, ".md") for event_id in IDS)
        assert files == expected
        text = (folder / "2012-10-12/un-resolution.md").read_text("utf-8")
        assert text.startswith("### Related:\n\n1. [Headline \\[1\\] of \\*../x\\*](../x)\n2. [")
        assert len(text.splitlines()) == 2 + len(IDS) - 1
        # The last event has no list: its page's section is empty, not missing.
        assert (folder / page_path(IDS[-1], ".md")).read_text() == ""

    def test_one_file_for_all(self, lists, archive, tmp_path):
        path = write_lists(lists, tmp_path / "all.md", archive=archive, ids=IDS, base_path="/")
        text = path.read_text("utf-8")
        assert text.count("\n# [") + text.startswith("# [") == len(IDS)
        assert text.count("### Related:") == len(IDS) - 1
        assert text.endswith("No related events.\n")
        assert "# [Headline \\[0\\] of \\*2012-10-12/un-resolution\\*](/news/one.html)" in text

    def test_rows_come_in_order_of_rank(self, lists, archive, tmp_path):
        mixed = lists.sample(frac=1.0, random_state=3)
        one = write_lists(mixed, tmp_path / "one.md", archive=archive, ids=IDS).read_text()
        other = write_lists(lists, tmp_path / "two.md", archive=archive, ids=IDS).read_text()
        assert one == other


class TestPages:
    def test_one_json_list_an_event(self, lists, archive, tmp_path):
        folder = write_lists(
            lists, tmp_path / "p", format="pages", archive=archive, ids=archive["id"]
        )
        assert len(list(folder.rglob("*.json"))) == len(IDS)
        items = json.loads((folder / page_path("../x", ".json")).read_text("utf-8"))
        assert [item["rank"] for item in items] == list(range(1, len(IDS)))
        of_x = lists[lists["id"] == "../x"]
        assert items[0] == {
            "url": "/news/one.html",
            "rank": 1,
            "related_id": IDS[0],
            "score": of_x["score"].iloc[0],
            "semantic": of_x["semantic"].iloc[0],
            "shared_tags": of_x["shared_tags"].iloc[0],
            "basis": "semantic+tags",
            "date": "2012-10-12",
            "headline": archive["headline"][0],
        }
        assert json.loads((folder / page_path(IDS[-1], ".json")).read_text()) == []
        assert list(tmp_path.iterdir()) == [folder]

    def test_a_second_run_replaces_its_files_and_leaves_others(self, lists, archive, tmp_path):
        folder = tmp_path / "p"
        write_lists(lists, folder, format="pages", archive=archive)
        mine = folder / "mine.txt"
        mine.write_text("stays")
        doubled = lists.assign(score=2.0)
        write_lists(doubled, folder, format="pages", archive=archive)
        assert mine.read_text() == "stays"
        items = json.loads((folder / page_path("NA", ".json")).read_text("utf-8"))
        assert {item["score"] for item in items} == {2.0}
        assert list(tmp_path.iterdir()) == [folder]


def full_disk(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


CELLS = {
    "text": st.text(max_size=5),
    "float": st.floats(),
    "few floats": st.sampled_from([0.0, -0.0, 1e-7, 1e22, 0.1, float("nan"), float("inf")]),
    "int": st.integers(-(2**60), 2**60),
    "bool": st.booleans(),
    "date": st.dates().map(str).map(np.datetime64) | st.just(np.datetime64("NaT", "D")),
    "texts": st.lists(st.text(max_size=3), max_size=3),
    "anything": st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
        max_leaves=4,
    ),
}
KINDS = {"float": float, "few floats": float, "int": "int64", "bool": bool, "date": "M8[s]"}


@given(st.data(), st.integers(0, 6), st.sampled_from([None, 1, 3]), st.integers(0, 2))
def test_json_rows_are_what_json_dumps_writes(data, rows, indent, depth):
    names = data.draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True))
    table = pd.DataFrame(index=range(rows))
    for name in names:
        cells = data.draw(st.lists(CELLS[name], min_size=rows, max_size=rows))
        table[f'%s "{name}"'] = pd.Series(cells, dtype=KINDS.get(name, object))
    slow = [json.dumps(row, ensure_ascii=False, indent=indent) for row in records(table)]
    shift = "\n" + " " * ((indent or 0) * depth)
    assert list(json_rows(table, indent, depth)) == [row.replace("\n", shift) for row in slow]


class TestWholeOrNothing:
    def test_a_full_disk_leaves_the_old_file(self, lists, tmp_path, monkeypatch):
        path = tmp_path / "lists.csv"
        path.write_text("old")
        monkeypatch.setattr("os.fsync", full_disk)
        message = "can't be written (No space left on device); allowed: a path that can be written"
        with pytest.raises(InputError, match=re.escape(message)):
            write_lists(lists, path)
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("writer", [atomic_file, atomic_text, atomic_folder])
    def test_any_failure_leaves_nothing(self, tmp_path, writer):
        def interrupted():
            with writer(tmp_path / "new"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert list(tmp_path.iterdir()) == []

    def test_a_full_disk_while_pages_are_written_leaves_the_old_ones(
        self, lists, archive, tmp_path, monkeypatch
    ):
        folder = write_lists(lists, tmp_path / "p", format="pages", archive=archive)
        before = {path: path.read_bytes() for path in folder.rglob("*.json")}
        calls = []

        def path_of(*args):
            calls.append(1)
            if len(calls) == 3:
                full_disk()
            return page_path(*args)

        monkeypatch.setattr("relatedevents.writers.pages.page_path", path_of)
        with pytest.raises(InputError, match=r"No space left on device.*Free some room"):
            write_lists(lists.assign(score=9.0), folder, format="pages", archive=archive)
        assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before
        assert list(tmp_path.iterdir()) == [folder]

    def test_half_a_character_is_a_clear_error(self, lists, tmp_path):
        broken = lists.assign(basis=pd.Series("a \ud800 b", lists.index, object))
        with pytest.raises(InputError, match=r"can't hold the text .*a \\ud800 b.* Replace that"):
            write_lists(broken, tmp_path / "lists.jsonl")
        assert list(tmp_path.iterdir()) == []

    def test_a_new_file_has_the_usual_mode(self, lists, tmp_path):
        plain = tmp_path / "plain"
        plain.write_text("")
        path = write_lists(lists, tmp_path / "deep" / "er" / "lists.csv")
        assert path.stat().st_mode == plain.stat().st_mode

    def test_a_link_is_followed(self, lists, tmp_path):
        real = tmp_path / "real.csv"
        link = tmp_path / "link.csv"
        link.symlink_to(real)
        write_lists(lists, link)
        assert link.is_symlink()
        assert real.is_file()


class TestWrongInput:
    @pytest.mark.parametrize(
        ("path", "options", "message"),
        [
            ("x.txt", {}, "an end of .csv, .jsonl, .ndjson, .parquet, .md. Or name the format"),
            ("x", {"format": "html"}, "format: got 'html'; allowed: 'csv', 'jsonl', 'parquet'"),
            ("x.md", {}, "archive: got None; allowed: the events' table for 'markdown'"),
            ("p", {"format": "pages"}, "archive: got None; allowed: the events' table for 'pages'"),
            ("folder.csv", {}, "folder.csv' is a folder; allowed: the path of a file"),
            ("file/x.csv", {}, "file/x.csv' can't be written (File exists); allowed: a path that"),
            ("x.csv", {"archive": 3}, "archive: got int; allowed: a pandas DataFrame"),
            (
                "x.csv",
                {"archive": pd.DataFrame({"id": []})},
                "archive: no column 'date', 'headline'; allowed: the columns id, date, headline",
            ),
        ],
    )
    def test_message_says_what_and_what_to_do(self, lists, tmp_path, path, options, message):
        (tmp_path / "folder.csv").mkdir()
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match=re.escape(message)):
            write_lists(lists, tmp_path / path, **options)

    def test_pages_into_a_file_is_an_error(self, lists, archive, tmp_path):
        (tmp_path / "file").write_text("mine")
        with pytest.raises(InputError, match="is a file; allowed: the path of a folder"):
            write_lists(lists, tmp_path / "file", format="pages", archive=archive)
        assert (tmp_path / "file").read_text() == "mine"

    def test_lists_of_another_archive_are_an_error(self, lists, archive, tmp_path):
        with pytest.raises(InputError, match=r"related_id '001' not in the archive"):
            write_lists(lists, tmp_path / "x.csv", archive=archive[archive["id"] != "001"])

    def test_lists_without_their_columns_are_an_error(self, lists, tmp_path):
        with pytest.raises(InputError, match=r"lists: no column 'rank', 'related_id'"):
            write_lists(lists[["id"]], tmp_path / "x.csv")

    def test_every_format_is_written(self, lists, archive, tmp_path):
        for name in FORMATS:
            path = write_lists(lists, tmp_path / name, format=name, archive=archive)
            assert path.exists()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
    def test_a_device_is_no_file(self, lists):
        with pytest.raises(InputError, match="'/dev/full' is not a plain file"):
            write_lists(lists, "/dev/full", format="csv")
