import json
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents import read_events, read_links
from relatedevents.errors import InputError, RelatedEventsWarning, UnknownIdError
from relatedevents.readers.context.resolve import PathResolver, common_slug
from relatedevents.readers.links import joined_tags

SHARED = Path(__file__).parents[2] / "shared" / "data"


def archive(**changes):
    base = {
        "id": ["rio", "kyoto", "paris", "odd id"],
        "date": ["1992-06-03", "1997-12-11", "2015-12-12", "2015-12-12"],
        "headline": [
            "The Earth Summit opens in Rio de Janeiro",
            "Treaties: A protocol on greenhouse gases is agreed in Kyōto",
            "An agreement on the climate is signed in Paris",
            "A storm closes the harbour of Dover",
        ],
        "tags": [["Climate"], ["Climate", "Kyoto, Japan"], ["Climate"], []],
    }
    return pd.DataFrame({**base, **changes})


LISTS = (
    '{"id": "rio", "as_of": "2016-01-01", "page": "p", "related": '
    '[{"id": "paris", "shared_tags": ["Climate"]}, {"id": "kyoto", "shared_tags": []}]}\n'
    '{"id": "odd id", "related": []}\n'
)
PAGE = """### [1992-06-03](/news/1992/06/3/index.md)
# The Earth Summit opens in Rio de Janeiro
### Related:
1. [](/news/1997/12/11/a-protocol-on-greenhouse-gases-is-agree.md) _Context: Climate, Kyoto, Japan_
2. [](/news/2015/12/12/an-agreement-on-the-climate-is-signed-in-paris-after.md) _Context: Climate_
3. [x](/news/2015/12/12/something-else-entirely.md)
"""


def written(folder, name, content):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_lists_in_json_lines(tmp_path):
    links = read_links(written(tmp_path, "l.jsonl", LISTS), archive=archive())
    assert links[["id", "related_id", "rank"]].to_numpy().tolist() == [
        ["rio", "paris", 1],
        ["rio", "kyoto", 2],
    ]
    assert links["as_of"].tolist() == [pd.Timestamp("2016-01-01")] * 2
    assert links["shared_tags"].tolist() == [["Climate"], []]
    assert links.attrs == {"unresolved": [], "without_links": ["odd id"]}


def test_lists_of_plain_ids_and_flat_lines(tmp_path):
    lists = read_links(written(tmp_path, "l.jsonl", '{"id": 1, "related": ["b", 2]}'))
    flat = '{"id": "1", "related_id": "b", "rank": 1}\n{"id": "1", "related_id": "2", "rank": 2}'
    assert lists["related_id"].tolist() == ["b", "2"]
    pd.testing.assert_frame_equal(lists, read_links(written(tmp_path, "f.jsonl", flat)))


def test_mappings():
    ranked = read_links({"b": ["a", 7], "a": (), "c": np.array(["b"])})
    assert ranked.to_numpy().tolist() == [["b", "a", 1], ["b", "7", 2], ["c", "b", 1]]
    assert ranked.attrs["without_links"] == ["a"]
    graded = read_links({"b": {"a": 2, "c": 0}})
    assert graded["grade"].tolist() == [2, 0]
    assert read_links({"b": {"a": 0.5}})["grade"].tolist() == [0.5]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_tables_in_files(tmp_path, suffix):
    frame = pd.DataFrame(
        {
            "id": ["rio", "rio"],
            "related_id": ["odd id", "kyoto"],
            "rank": [2, 1],
            "as_of": ["2016-01-01"] * 2,
            "shared_tags": ['["Kyoto, Japan"]', "[]"],
            "note": ["x", "y"],
        }
    )
    path = tmp_path / f"links{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    links = read_links(path, archive=archive())
    assert list(links.columns) == list(frame.columns)
    assert links["rank"].tolist() == [2, 1]
    assert links["shared_tags"].tolist() == [["Kyoto, Japan"], []]


def test_frames_of_other_libraries():
    polars = pytest.importorskip("polars")
    links = read_links(polars.DataFrame({"id": ["a"], "related_id": ["b"], "grade": [2]}))
    assert links.to_numpy().tolist() == [["a", "b", 2]]


def test_judgements_give_encoded_ids_back(tmp_path):
    text = "rio 0 odd%20id 2\n\nrio 0 kyoto 0\n"
    for name, format_ in [("j.qrels", None), ("j.txt", None), ("j.csv", "qrels")]:
        links = read_links(written(tmp_path, name, text), archive=archive(), format=format_)
        assert links.to_numpy().tolist() == [["rio", "odd id", 2], ["rio", "kyoto", 0]]


def test_pages_get_the_ids_of_their_events(tmp_path):
    path = written(tmp_path, "p.md", PAGE)
    with pytest.warns(RelatedEventsWarning, match=r"1 of 4 page paths match no .*something-else"):
        links = read_links(path, archive=archive())
    assert links[["id", "related_id", "rank"]].to_numpy().tolist() == [
        ["rio", "kyoto", 1],
        ["rio", "paris", 2],
    ]
    assert links["shared_tags"].tolist() == [["Climate", "Kyoto, Japan"], ["Climate"]]
    assert links.attrs["unresolved"] == ["2015/12/12/something-else-entirely"]


def test_pages_alone_keep_their_paths_as_read_events_does(tmp_path):
    path = written(tmp_path, "p.md", PAGE)
    links = read_links(path)
    assert links["id"].unique().tolist() == read_events(path)["id"].tolist()
    assert links["rank"].tolist() == [1, 2, 3]
    assert links.attrs["unresolved"] == []


def test_two_paths_of_one_event_are_one_link(tmp_path):
    again = "4. [x](/news/2015/12/12/an-agreement-on-the-climate-is-signed-in-paris.md)\n"
    path = written(tmp_path, "p.md", PAGE + again)
    with pytest.warns(RelatedEventsWarning, match="2 of 5 page paths"):
        links = read_links(path, archive=archive())
    assert links["related_id"].tolist() == ["kyoto", "paris"]


def test_pages_of_another_archive(tmp_path):
    path = written(tmp_path, "p.md", PAGE)
    other = archive(date=["1900-01-01"] * 4)
    with (
        pytest.warns(RelatedEventsWarning, match="4 of 4 page paths"),
        pytest.raises(InputError, match=r"no link that can be used.*Is it the archive of these"),
    ):
        read_links(path, archive=other)


BAD = [
    ({"a": ["b", "b"]}, r"links: 1 doubled pairs: row 1 \(id 'a', related_id 'b'\); allowed: each"),
    ({"a": ["b", "a"]}, r"links: 1 events linked to themselves: row 1 \(id 'a'\)"),
    ({"a": ["b", None]}, r"links, column 'related_id': 1 row .*row 1 \(id 'a'\): None"),
    ({"a": "b"}, r"links, id 'a': got 'b' \(str\); allowed: a list of related ids, best first"),
    ({"a": ["b"], "b": {"a": 1}}, "links: lists and mappings mixed"),
    ({"a": {"b": "high"}}, r"column 'grade': 1 row .*row 0 \(id 'a'\): 'high'; allowed: a finite"),
    ({"a": {"b": float("nan")}}, "column 'grade': 1 row"),
    ({}, "links: no link; allowed: one link or more"),
    ({"a": [], "b": []}, "links: no link; 2 ids come with an empty list"),
    ([("a", "b")], "links: got list; allowed: a DataFrame"),
]


@pytest.mark.parametrize(("source", "message"), BAD)
def test_bad_links(source, message):
    with pytest.raises(InputError, match=message):
        read_links(source)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"related_id": None}, "links: no column 'related_id'; it has 'id', 'rank'.*allowed: the"),
        ({"rank": [1, 1]}, r"1 doubled ranks: row 1 \(id 'a', rank 1\); allowed: each rank once"),
        ({"rank": [0, 1.5]}, "column 'rank': 2 rows .*a whole number of 1 or more"),
        ({"rank": [1, None]}, r"column 'rank': 1 row .*row 1 \(id 'a'\): nan"),
        ({"as_of": ["2012-10-12", "2012"]}, "column 'as_of': 1 row .*'2012', which names no day"),
        ({"as_of": ["2012-10-12", None]}, "column 'as_of': 1 ids with several days: 'a'"),
        ({"shared_tags": ["x, y", []]}, "column 'shared_tags': 1 row .*a JSON list"),
    ],
)
def test_bad_link_tables(changes, message):
    frame = {"id": ["a", "a"], "related_id": ["b", "c"], "rank": [1, 2], **changes}
    frame = {name: column for name, column in frame.items() if column is not None}
    with pytest.raises(InputError, match=message):
        read_links(pd.DataFrame(frame))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("l.jsonl", LISTS + '{"id": "x", "rel', "l.jsonl, line 3: no whole JSON value .*cut off"),
        ("l.jsonl", LISTS + '{"id": "x"}', "l.jsonl, line 3: an object with 'id'; allowed: "),
        ("l.jsonl", '{"id": "x", "related": [{"page": 1}]}', "line 1: got .* at place 1"),
        ("l.jsonl", '{"id": "x", "related": "y"}', "line 1: an object with 'id', 'related'"),
        ("l.csv", "id,related_id\na", "l.csv, line 2: 1 cells, where"),
        ("l.qrels", "a 0 b 1\na 0 c", "l.qrels, line 2: got 'a 0 c'; allowed: .*Percent-encode"),
        ("l.qrels", "a 0 b high", "l.qrels, line 1: got"),
        ("l.md", PAGE[:-10], "l.md, line 6: got"),
        ("l.md", PAGE.partition("###")[2], "l.md: a page without a day"),
        ("l.md", PAGE.partition("### R")[0], "l.md: no link that can be used.*Do they have"),
        ("l.doc", "x", "l.doc: a file of unknown kind; allowed: .csv, .*Name what it is"),
    ],
)
def test_damaged_link_files(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message):
        read_links(written(tmp_path, name, content))


def test_missing_file_and_unknown_format(tmp_path):
    with pytest.raises(InputError, match=r"nix.jsonl: there is no such file or folder"):
        read_links(tmp_path / "nix.jsonl")
    with pytest.raises(InputError, match="format: got 'wikitext'; allowed: 'csv'"):
        read_links({"a": ["b"]}, format="wikitext")
    with pytest.raises(InputError, match="a folder, to be read as qrels"):
        read_links(tmp_path, format="qrels")


def test_ids_that_the_archive_lacks_are_told_with_the_nearest():
    message = r"links, column 'related_id': the archive has no 'pari' \(nearest: 'paris'"
    with pytest.raises(UnknownIdError, match=message):
        read_links({"rio": ["kyoto", "pari"]}, archive=archive())


@pytest.mark.parametrize(
    ("pieces", "known", "tags"),
    [
        (["a", "b"], [], ["a", "b"]),
        (["a", "b", "c"], ["b, c"], ["a", "b, c"]),
        (["a", "b", "c"], ["A, B", "a, b, c"], ["a, b, c"]),
        (["a", "b", "a", "b"], ["a, b"], ["a, b", "a, b"]),
        ([], ["a, b"], []),
    ],
)
def test_tags_with_commas_are_put_together(pieces, known, tags):
    assert joined_tags(pieces, known) == tags


def test_a_path_that_could_mean_two_events_means_none():
    twins = archive(headline=["Rio", "Kyoto", "A storm hits Dover", "A storm hits Dover"])
    resolver = PathResolver(read_events(twins))
    assert resolver.id_of("2015/12/12/a-storm-hits-dover") is None
    assert resolver.id_of("odd id") == "odd id"
    assert resolver.id_of("2015/13/12/a-storm-hits-dover") is None


@given(st.text("ab-", max_size=12), st.text("ab-", max_size=12))
def test_common_slug_is_a_share(first, second):
    assert 0.0 <= common_slug(first, second) <= 1.0
    assert common_slug(first, first) == (1.0 if first else 0.0)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(str.strip)


@given(st.dictionaries(texts, st.dictionaries(texts, st.integers(-1, 3), min_size=1), min_size=1))
def test_judgements_round_trip(tmp_path, grades):
    rows = [(q, d, g) for q, of_q in grades.items() for d, g in of_q.items() if q != d]
    lines = [f"{quote(q, safe='')} 0 {quote(d, safe='')} {g}" for q, d, g in rows]
    path = written(tmp_path, "j.qrels", "\n".join(lines))
    if rows:
        links = read_links(path)
        assert list(links.itertuples(index=False, name=None)) == rows


@given(st.dictionaries(texts, st.lists(texts, unique=True, min_size=1), min_size=1))
def test_lists_round_trip(tmp_path, lists):
    lists = {q: kept for q, ids in lists.items() if (kept := [d for d in ids if d != q])}
    path = tmp_path / "l.jsonl"
    lines = [json.dumps({"id": q, "related": ids}) for q, ids in lists.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    if lists:
        links = read_links(path)
        pd.testing.assert_frame_equal(links, read_links(lists))
        back = {q: group["related_id"].tolist() for q, group in links.groupby("id", sort=False)}
        assert back == lists


@pytest.mark.shared
def test_the_real_page_finds_its_event_and_all_ten():
    if not SHARED.exists():
        pytest.skip("needs ../shared/data")
    events = read_events(SHARED / "events.parquet")
    links = read_links(SHARED / "pages", archive=events)
    assert links.attrs["unresolved"] == []
    assert links["rank"].tolist() == list(range(1, 11))
    (mali,) = links["id"].unique()
    assert mali.startswith("2012-10-12/2012-northern-mali-conflict-the-united-nations-")
    days = [id_[:10] for id_ in links["related_id"]]
    assert days == [
        "2012-12-20", "2016-02-05", "2016-02-24", "2015-07-19", "2013-04-29",
        "2013-04-25", "2013-02-24", "2013-02-22", "2013-02-10", "2013-01-25",
    ]  # fmt: skip
    printed = read_links(SHARED / "pages")["related_id"]
    slugs = [path.rpartition("/")[2][:40] for path in printed]
    assert [id_[11:51] for id_ in links["related_id"]] == slugs
    pages = [
        json.loads(line) for line in (SHARED / "links_dev.jsonl").read_text("utf-8").splitlines()
    ]
    resolver = PathResolver(events)
    assert [resolver.id_of(page["page"]) for page in pages] == [page["id"] for page in pages]
    dev = read_links(SHARED / "links_dev.jsonl", archive=events)
    assert len(dev) == sum(len(page["related"]) for page in pages)
