"""Slugs: one rule for ids and page paths, whoever makes them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents._util.slugs import id_slug, page_path, page_slug, slug
from relatedevents.index.order import page_paths
from relatedevents.readers.context import parse_page, split_path

SHARED = Path(__file__).parents[2] / "shared" / "data"
HEADLINES = [
    ("Straße von Øresund", "strae-von-resund"),
    ("Léré, Mali: a town's market", "lere-mali-a-town-s-market"),
    ("2011–present war", "2011present-war"),
    ("  U.S. & Co.  ", "u-s-co"),
    ("Straße_x", "strae-x"),
    ("Ｆｕｌｌ ½ widths ﬁt", "full-12-widths-fit"),
    ("Łódź's trams – 1,5 million riders!", "odz-s-trams-1-5-million-riders"),
    ("日本、2012年", "2012"),
    ("...", ""),
]


@pytest.mark.parametrize(("headline", "expected"), HEADLINES)
def test_slugs(headline, expected):
    assert slug(headline) == id_slug(headline) == page_slug(headline) == expected


@given(st.text())
def test_a_slug_is_its_own_slug_and_holds_no_odd_sign(text):
    for made in (slug(text), page_slug(text)):
        assert not set(made) & set(" _/.%#?&\n")
        assert not made.startswith("-")
        assert not made.endswith("-")
    assert slug(text).isascii()
    assert slug(slug(text)) == slug(text)


def test_a_page_without_ascii_keeps_its_own_letters():
    assert id_slug("日本 の_港") == ""
    assert page_slug("日本 の_港") == "日本-の-港"


def test_an_id_cuts_the_slug_and_a_page_cuts_the_headline():
    headline = "One, two, " * 20
    assert id_slug(headline) == slug(headline)[:80]
    assert page_slug(headline) == "-".join(["one-two"] * 14)


@pytest.mark.parametrize("headline", [text for text, of in HEADLINES if of] + ["Rio, " * 60])
def test_the_hand_made_rule_and_the_reader_of_pages_name_a_page_alike(headline):
    table = pd.DataFrame({"headline": [headline], "date": pd.to_datetime(["1992-06-03"])})
    page = parse_page(f"### [1992-06-3](/news/1992/06/3/index.md)\n# {headline}", "p.md")
    assert page.path == page_paths(table)[0]
    assert split_path(page.path)[1] == page_slug(headline.strip())


def test_an_undated_event_has_a_path_without_a_day():
    assert page_path(None, "Rio hosts a summit") == "rio-hosts-a-summit"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_most_real_pages_have_the_path_of_this_rule():
    headline = pd.read_parquet(SHARED / "events.parquet").set_index("id")["headline"]
    lines = (SHARED / "links_dev.jsonl").read_text("utf-8").splitlines()
    pages = [json.loads(line) for line in lines]
    printed = [page["page"].rpartition("/")[2] for page in pages]
    made = [page_slug(headline[page["id"]]) for page in pages]
    # The others differ by what the archive's own reader took out of their first 140 characters.
    assert sum(a == b for a, b in zip(made, printed, strict=True)) == 83
    assert sum(a.startswith(b) or b.startswith(a) for a, b in zip(made, printed, strict=True)) == 93
