from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents import read_events
from relatedevents._util.slugs import slug
from relatedevents.errors import InputError, RelatedEventsWarning
from relatedevents.readers.context import page_path, parse_page, split_path

SHARED = Path(__file__).parents[2] / "shared" / "data"

PAGE = """### [1992-06-3](/news/1992/06/3/index.md)

# The Earth Summit opens in Rio de Janeiro

Heads of state meet
for eleven days.

### Source:

1. [A (daily) paper](http://example.org/a_(b)?q=1)
2. [Another [late] paper](http://example.org/)

### Related:

1. [A protocol. ](/news/1997/12/11/a-protocol-is-agreed-in-kyoto.md) _Context: Climate, UN_
2. [ An [old] treaty (amended) ends](/news/2012/12/31/an-old-treaty-amended-ends.md)
"""


def written(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_all_parts_of_a_page():
    page = parse_page(PAGE, "some/page.md")
    assert page.date == "1992-06-03"
    assert page.headline == "The Earth Summit opens in Rio de Janeiro"
    assert page.summary == "Heads of state meet for eleven days."
    assert page.sources == ["A (daily) paper", "Another [late] paper"]
    assert page.source_urls == ["http://example.org/a_(b)?q=1", "http://example.org/"]
    assert [link.path for link in page.links] == [
        "1997/12/11/a-protocol-is-agreed-in-kyoto",
        "2012/12/31/an-old-treaty-amended-ends",
    ]
    assert page.links[0].shared_tags == ["Climate", "UN"]
    assert (page.links[1].headline, page.links[1].shared_tags) == (
        "An [old] treaty (amended) ends",
        [],
    )


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("news/1992/06/3/rio-summit.md", "1992/06/3/rio-summit"),
        ("1992-06-03-rio.md", "1992/06/3/the-earth-summit-opens-in-rio-de-janeiro"),
        ("rio.md", "1992/06/3/the-earth-summit-opens-in-rio-de-janeiro"),
    ],
)
def test_the_path_comes_from_the_file_or_the_headline(where, path):
    assert parse_page(PAGE, where).path == path


def test_a_derived_path_tells_the_first_140_characters_of_the_headline():
    page = parse_page(PAGE.replace("Rio de Janeiro", "Rio, " * 60), "rio.md")
    assert page.path.endswith("-in" + "-rio" * 23)


def test_a_page_as_an_event(tmp_path):
    written(tmp_path, "1992/06/3/rio.md", PAGE)
    written(tmp_path, "1992/06/3/index.md", "# Events of a day")
    with pytest.warns(RelatedEventsWarning, match="1 files named index.md or README.md"):
        events = read_events(tmp_path)
    assert events.loc[0, "id"] == "1992/06/3/rio"
    assert events.loc[0, "date"] == pd.Timestamp("1992-06-03")
    assert events.loc[0, "tags"] == ["Climate", "UN"]
    assert events.loc[0, "url"] == "/news/1992/06/3/rio.md"
    assert events.attrs["reading"] == {"format": "context", "pages": 1, "links": 2}
    assert read_events(tmp_path / "1992/06/3/rio.md").loc[0, "sources"][0] == "A (daily) paper"


BAD_PAGES = [
    ("", "p.md: a page without a day; allowed: .*above"),
    ("# A headline\n", "p.md: a page without a day"),
    (PAGE[:41], "p.md: a page without a headline; .* cut off or empty"),
    (PAGE.replace("1992-06-3", "1992-06-31"), "p.md, line 1: the day '1992-06-31', which"),
    (PAGE[:-30], "p.md, line 16: got '2. .*The page may be cut off here"),
    (PAGE + "and so on", "p.md, line 17: got 'and so on'"),
    (PAGE + "3. [x](http://example.org/)\n", "p.md, line 17: a link to 'http.*a page's path such"),
    (PAGE.encode() + b"\xe9", "p.md, line 17: byte 0xe9, which is not UTF-8"),
]


@pytest.mark.parametrize(("content", "message"), BAD_PAGES)
def test_damaged_pages_are_one_error_with_file_and_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message):
        read_events(written(tmp_path, "p.md", content))


def test_all_damaged_pages_of_a_folder_are_told(tmp_path):
    for number in range(7):
        written(tmp_path, f"p{number}.md", "# No day")
    with pytest.raises(InputError, match=r"p0.md: .* Also: .*p4.md: .* And 2 more pages."):
        read_events(tmp_path)


def test_a_headline_without_letters_has_a_path_all_the_same():
    assert parse_page("### [1992-06-3](/1992/06/3/)\n# ...\n", "p.md").path == "1992/06/3/-"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/news/2012/10/5/a-b.md", "2012/10/5/a-b"),
        ("https://example.org/news/2012/10/05/a-b.html", "2012/10/05/a-b"),
        ("/news/2012/10/5/index.md", None),
        ("a-b.md", None),
    ],
)
def test_paths_in_links(target, path):
    assert page_path(target) == path


def test_a_path_with_no_real_day_has_no_parts():
    assert split_path("2012/02/31/x") is None
    assert split_path("x") is None


words = st.text("abc XYZ,.()[]é–0", min_size=1, max_size=20).map(
    lambda text: " ".join(text.split())
)
tags = st.lists(st.text("abcé. ", min_size=1).map(str.strip).filter(bool), unique=True, max_size=3)


@given(st.dates(), words.filter(slug), st.lists(st.tuples(words, tags), max_size=4))
def test_what_is_printed_is_read_again(date, headline, links):
    lines = [f"### [{date}](/news/2000/01/1/index.md)", f"# {headline}", "", "### Related:"]
    for number, (text, shared) in enumerate(links, 1):
        context = f" _Context: {', '.join(shared)}_" if shared else ""
        lines.append(f"{number}. [{text}](/news/2000/01/{number}/x.md){context}")
    page = parse_page("\n".join(lines), "p.md")
    assert (page.date, page.headline) == (date.isoformat(), headline)
    assert [(link.headline, link.shared_tags) for link in page.links] == links


@pytest.mark.shared
def test_the_real_page():
    if not SHARED.exists():
        pytest.skip("needs ../shared/data")
    events = read_events(SHARED / "pages")
    assert events["date"].tolist() == [pd.Timestamp("2012-10-12")]
    assert events.loc[0, "id"].startswith("2012/10/12/2012-northern-mali-conflict-the-united-")
    assert len(events.loc[0, "id"]) == len("2012/10/12/") + 139
    assert len(events.loc[0, "tags"]) == 5
    assert events.attrs["reading"]["links"] == 10
