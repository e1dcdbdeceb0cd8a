"""What every file format promises to every reader: a format in the table is tested by being there.

A new format adds one entry to `WRITE`, which writes a small table as such a file.
"""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from relatedevents import read_events, read_links, read_run
from relatedevents.errors import InputError
from relatedevents.readers import formats
from relatedevents.readers.formats import FORMATS, Format, column_names, format_of
from relatedevents.readers.runs import is_run

READERS = {"events": read_events, "links": read_links, "lists": read_run}
TABLES = {
    "events": pd.DataFrame(
        {
            "id": ["1992-06-03/rio-hosts-a-summit", "1992-06-03/dover-s-harbour-closes"],
            "date": ["1992-06-03", "1992-06-03"],
            "headline": ["Rio hosts a summit.", "Dover's harbour closes."],
            "tags": [["Rio"], ["Dover", "Harbour"]],
        }
    ),
    "links": pd.DataFrame(
        {"id": ["a", "a", "c d"], "related_id": ["c d", "é", "a"], "grade": [2, 0, 1]}
    ),
    "lists": pd.DataFrame(
        {
            "id": ["a", "a", "c d"],
            "related_id": ["c d", "é", "a"],
            "rank": [1, 2, 1],
            "score": [2.0, 1.0, 3.0],
        }
    ),
}
PAGE = """### [1992-06-3](/news/1992/06/3/index.md)
# {headline}
### Related:
1. [x](/news/1990/01/1/x.md) _Context: {tags}_
"""


def as_csv(table, path):
    table = table.assign(**{name: table[name].map(json.dumps) for name in {"tags"} & set(table)})
    table.to_csv(path, index=False)


def as_jsonl(table, path):
    table.to_json(path, orient="records", lines=True, force_ascii=False)


def as_qrels(table, path):
    cells = table.replace({"c d": "c%20d", "é": "%C3%A9"})
    path.write_text("".join(f"{q} 0 {d} {g}\n" for q, d, g in cells.to_numpy()))


def as_trec(table, path):
    cells = table.replace({"c d": "c%20d", "é": "%C3%A9"})
    path.write_text("".join(f"{q} Q0 {d} {r} {s} x\n" for q, d, r, s in cells.to_numpy()))


def as_pages(table, path):
    path.mkdir()
    for number, row in enumerate(table.itertuples()):
        text = PAGE.format(headline=row.headline, tags=", ".join(row.tags))
        (path / f"{number}.md").write_text(text)


def as_day_page(table, path):
    path.mkdir()
    bullets = [
        "*" + re.sub(f"({'|'.join(tags)})", r"[[\1]]", headline, flags=re.I)
        for headline, tags in zip(table["headline"], table["tags"], strict=True)
    ]
    (path / "1992_June_3.txt").write_text(
        "\n".join(f"{b} [http://a.example (AP)]" for b in bullets)
    )


WRITE = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "parquet": lambda table, path: table.to_parquet(path),
    "context": as_pages,
    "wikitext": as_day_page,
    "qrels": as_qrels,
    "trec": as_trec,
}
CASES = [(name, holds) for name, known in FORMATS.items() for holds in sorted(known.holds)]
FILES = [(name, holds) for name, holds in CASES if not FORMATS[name].is_page]
OWN_COLUMNS = [name for name, holds in FILES if holds == "events"]


def written(folder, name, holds, file=None):
    """A small table as a file or folder of the format."""
    table = TABLES[holds if holds != "links" or name != "context" else "events"]
    path = folder / (file or f"table{''.join(FORMATS[name].suffixes[:1])}")
    WRITE[name](table, path)
    return path


def expected(holds):
    table = TABLES[holds].copy()
    if holds == "events":
        table["date"] = pd.to_datetime(table["date"]).astype("datetime64[s]")
    return table


def test_every_format_is_written_here():
    assert set(WRITE) == set(FORMATS)


@pytest.fixture(autouse=True)
def with_parser(request):
    if "wikitext" in request.node.name:
        pytest.importorskip("mwparserfromhell")


@pytest.mark.parametrize(("name", "holds"), FILES)
@pytest.mark.parametrize("told_by", ["suffix", "format", "content"])
def test_what_is_written_reads_back(tmp_path, name, holds, told_by):
    if told_by == "content" and FORMATS[name].begins is None:
        pytest.skip("its content tells nothing")
    path = written(tmp_path, name, holds, None if told_by == "suffix" else "nameless")
    table = READERS[holds](path, format=name if told_by == "format" else None)
    pd.testing.assert_frame_equal(table[expected(holds).columns], expected(holds))
    assert column_names(path, name) == list(TABLES[holds].columns)
    if told_by != "format":
        assert format_of(path, holds) == name
        assert is_run(path) == (holds != "events" and "lists" in FORMATS[name].holds)


@pytest.mark.parametrize("name", ["context", "wikitext"])
def test_a_folder_of_pages_reads_back(tmp_path, name):
    path = written(tmp_path, name, "events", "pages")
    events = read_events(path)
    assert events["headline"].tolist() == TABLES["events"]["headline"].tolist()
    assert [[tag.title() for tag in tags] for tags in events["tags"]] == [
        ["Rio"],
        ["Dover", "Harbour"],
    ]
    pd.testing.assert_frame_equal(read_events(path, format=name), events)
    assert not is_run(path)


@pytest.mark.parametrize(("name", "holds"), CASES)
def test_a_missing_file_is_told_with_its_neighbours(tmp_path, name, holds):
    written(tmp_path, name, holds, "table.x")
    message = r"tabel.x: there is no such file or folder; allowed: a path. Did you mean 'table.x'\?"
    with pytest.raises(InputError, match=message):
        READERS[holds](tmp_path / "tabel.x", format=name)


@pytest.mark.parametrize(("name", "holds"), CASES)
@pytest.mark.parametrize("content", [b"", b"\n", b"\x00\xff\xfe\xc3 0\xff", b"{", b"PAR1"])
def test_an_empty_or_foreign_file_is_one_error_that_names_it(tmp_path, name, holds, content):
    path = tmp_path / ("1992_June_3.txt" if name == "wikitext" else "some.file")
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        READERS[holds](path, format=name)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "holds"), FILES)
def test_a_folder_is_no_file(tmp_path, name, holds):
    with pytest.raises(InputError, match=f"a folder, to be read as {name}; allowed: a file"):
        READERS[holds](tmp_path, format=name)


@pytest.mark.parametrize("holds", READERS)
def test_an_unknown_kind_is_told_with_all_that_are_known(tmp_path, holds):
    path = tmp_path / "table.xlsx"
    path.write_bytes(b"PK\x03\x04")
    known = {name: one for name, one in FORMATS.items() if holds in one.holds}
    ends = [end for one in known.values() for end in one.suffixes]
    pages = ", a folder of pages" if any(one.is_page for one in known.values()) else ""
    message = (
        f"{path}: a file of unknown kind; allowed: {', '.join(ends)}{pages}. "
        f"Name what it is: format= one of {', '.join(map(repr, known))}."
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        READERS[holds](path)
    names = ", ".join(map(repr, known))
    with pytest.raises(InputError, match=re.escape(f"format: got 'xlsx'; allowed: {names}.")):
        READERS[holds](path, format="xlsx")


@pytest.mark.parametrize("name", OWN_COLUMNS)
def test_own_names_of_columns(tmp_path, name):
    path = tmp_path / f"table{FORMATS[name].suffixes[0]}"
    names = {"id": "key", "headline": "title"}
    table = TABLES["events"].assign(id=["007", "1992"]).rename(columns=names)
    WRITE[name](table, path)
    events = read_events(path, columns=names)
    assert events["id"].tolist() == ["007", "1992"]
    assert events["headline"].tolist() == TABLES["events"]["headline"].tolist()
    with pytest.raises(InputError, match=rf"'headline' is mapped to 'titel', which {path} does"):
        read_events(path, columns={"headline": "titel"})


def test_a_new_entry_of_the_table_is_read_and_named_everywhere(tmp_path, monkeypatch):
    feather = Format(pd.read_feather, (".feather",), re.compile(b"ARROW1"))
    monkeypatch.setitem(formats.FORMATS, "feather", feather)
    for holds, read in READERS.items():
        for file in ("table.feather", f"nameless-{holds}"):
            TABLES[holds].to_feather(tmp_path / file)
            table = read(tmp_path / file)
            pd.testing.assert_frame_equal(table[expected(holds).columns], expected(holds))
            assert is_run(tmp_path / file) == (holds != "events")
        with pytest.raises(InputError, match=r"\.feather.*, 'feather'"):
            read(__file__)
