"""The bundled sample: what the card promises, and links that obey the rules they name."""

import importlib.util
import json
import re
import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from relatedevents.archive import check_events
from relatedevents.features.tags import tag_key
from relatedevents.readers import read_events, read_links
from relatedevents.readers.sample import load_sample, load_sample_links

ROOT = Path(__file__).parents[1]
DATA = ROOT / "relatedevents" / "data"
SHARED = ROOT.parent / "shared" / "data"
RESOLUTION_DAY = "2012-10-12"
# The days of the page's ten related events, in the page's order.
PAGE_DAYS = [
    "2012-12-20",
    "2016-02-05",
    "2016-02-24",
    "2015-07-19",
    "2013-04-29",
    "2013-04-25",
    "2013-02-24",
    "2013-02-22",
    "2013-02-10",
    "2013-01-25",
]
# How many tags the page prints for each of the ten.
PAGE_SHARED = [3, 2, 2, 2, 2, 2, 2, 2, 2, 2]


@pytest.fixture(scope="module")
def events():
    return load_sample()


@pytest.fixture(scope="module")
def links():
    return load_sample_links()


@pytest.fixture(scope="module")
def by_id(events):
    return {event["id"]: event for event in events.to_dict("records")}


@pytest.fixture(scope="module")
def wording():
    """The wording check, which is a script outside the package."""
    path = ROOT / "benchmarks" / "sample_wording.py"
    spec = importlib.util.spec_from_file_location("sample_wording", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keys(event):
    return {tag_key(tag) for tag in event["tags"]}


def shared(event, other):
    return [tag for tag in event["tags"] if tag_key(tag) in keys(other)]


def slug(headline):
    plain = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:80]


def lists_of(links, origin):
    """Return {id: [related ids in order]} of the links of one origin."""
    chosen = links[links["origin"] == origin].sort_values("rank", kind="stable")
    return {id_: group["related_id"].tolist() for id_, group in chosen.groupby("id")}


def test_size(events):
    in_stories = events[events["story"] != ""]
    assert len(events) >= 240
    assert in_stories["story"].nunique() >= 15
    assert in_stories["story"].value_counts().min() >= 5
    assert 20 <= (events["story"] == "").sum() <= 40


def test_it_is_a_checked_table_of_its_own(events):
    pd.testing.assert_frame_equal(check_events(events), events)
    own = load_sample()
    own.loc[0, "headline"] = "Changed."
    assert load_sample().loc[0, "headline"] != "Changed."


def test_the_readers_give_the_same(events, links):
    read = read_events(DATA / "sample_events.jsonl")
    pd.testing.assert_frame_equal(read[events.columns], events)
    common = ["id", "related_id", "rank", "as_of", "shared_tags"]
    read = read_links(DATA / "sample_links.jsonl", archive=events)
    pd.testing.assert_frame_equal(read[common], links[common])


def test_ids_urls_and_order(events):
    assert events["id"].is_unique
    assert events["url"].is_unique
    assert events["headline"].is_unique
    assert events["date"].is_monotonic_increasing
    for event in events.itertuples():
        assert event.id == f"{event.date:%Y-%m-%d}/{slug(event.headline)}"
        day = f"{event.date:%Y/%m}/{event.date.day}"
        assert event.url == f"{day}/{slug(event.headline)}.html"


def test_dates_and_years(events):
    assert events["date"].between("2010-01-01", "2016-12-31").all()
    assert set(events["date"].dt.year) == set(range(2010, 2017))


def test_headlines_are_one_sentence_of_12_to_30_words(events):
    for headline in events["headline"]:
        assert 12 <= len(headline.split()) <= 30, headline
        assert headline.endswith("."), headline
        assert not re.search(r"[\[\]{}|<>\ufffd]", headline), headline


def test_tags(events):
    counts = events["tags"].map(len)
    assert counts.max() <= 6
    assert counts[counts > 0].min() >= 3
    assert 0 < (counts == 0).sum() <= 5
    for tags in events["tags"]:
        assert isinstance(tags, list)
        assert len({tag_key(tag) for tag in tags}) == len(tags)
    spelled = {tag for tags in events["tags"] for tag in tags}
    assert any("," in tag for tag in spelled)
    assert any("–" in tag for tag in spelled)
    assert any("(" in tag for tag in spelled)
    assert len(spelled) > len({tag_key(tag) for tag in spelled})


def test_no_single_tag_names_every_event_of_a_story(events):
    """Otherwise tags alone would find all stories, and text and time had nothing to do."""
    named = 0
    for _, story in events[events["story"] != ""].groupby("story"):
        common = set.intersection(*(keys(event) for event in story.to_dict("records")))
        named += bool(common)
    assert named < 39 / 2


def test_lone_events_share_no_tag_with_any_other(events):
    every = [(event["id"], event["story"], keys(event)) for event in events.to_dict("records")]
    for id_, story, own in every:
        if not story:
            assert not any(own & tags for other, _, tags in every if other != id_), id_


def test_mali(events, by_id, links):
    mali = events[events["story"] == "Northern Mali conflict"]
    assert len(mali) >= 1 + 10 + 12
    resolution = mali[mali["date"] == RESOLUTION_DAY]
    assert len(resolution) == 1
    (page,) = lists_of(links, "page").items()
    assert page[0] == resolution["id"].iloc[0]
    assert [by_id[id_]["date"].strftime("%Y-%m-%d") for id_ in page[1]] == PAGE_DAYS
    assert set(page[1]) <= set(mali["id"])
    printed = links[links["origin"] == "page"]
    assert printed["shared_tags"].map(len).tolist() == PAGE_SHARED
    assert (printed["as_of"] == "2016-02-24").all()


def test_links_form(links, by_id):
    assert links.columns.tolist() == [
        "id",
        "related_id",
        "rank",
        "as_of",
        "shared_tags",
        "origin",
    ]
    assert links["id"].nunique() >= 40
    assert set(links["id"]) | set(links["related_id"]) <= set(by_id)
    assert not (links["id"] == links["related_id"]).any()
    assert not links.duplicated(["id", "related_id"]).any()
    for _, ranks in links.groupby("id")["rank"]:
        assert ranks.tolist() == list(range(1, len(ranks) + 1))
        assert len(ranks) <= 10


def test_no_link_points_past_its_day(links, by_id):
    days = links["related_id"].map(lambda id_: by_id[id_]["date"])
    assert (days <= links["as_of"]).all()


def test_shared_tags_are_what_both_have(links, by_id):
    for link in links.itertuples():
        assert link.shared_tags == shared(by_id[link.id], by_id[link.related_id])


def test_page_list_is_what_the_sites_rule_gives(links, by_id):
    """Most shared tags, then page path, descending."""
    ((id_, related),) = lists_of(links, "page").items()
    event = by_id[id_]
    known = [
        other
        for other in by_id.values()
        if other["id"] != id_
        and other["date"] <= pd.Timestamp("2016-02-24")
        and shared(event, other)
    ]
    known.sort(key=lambda other: other["url"].removesuffix(".html"), reverse=True)
    known.sort(key=lambda other: -len(shared(event, other)))
    assert [other["id"] for other in known[:10]] == related


def test_story_lists_obey_their_rule(links, by_id):
    stories = {}
    for event in sorted(by_id.values(), key=lambda event: (event["date"], event["id"])):
        stories.setdefault(event["story"], []).append(event)
    del stories[""]
    expected = {}
    for story in stories.values():
        middle = story[len(story) // 2]
        others = [event for event in story if event is not middle]
        nearest = sorted(
            others,
            key=lambda event: (abs(event["date"] - middle["date"]), event["date"], event["id"]),
        )
        expected[middle["id"]] = [event["id"] for event in nearest[:10]]
    assert lists_of(links, "story") == expected


def test_shared_tags_lists_obey_their_rule(events, links, by_id):
    sizes = events.loc[events["story"] != "", "story"].value_counts()
    largest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:20]
    expected = {}
    for name, _ in largest:
        first = events[events["story"] == name].iloc[0].to_dict()
        others = [
            event for event in by_id.values() if event["id"] != first["id"] and shared(first, event)
        ]
        others.sort(key=lambda event: event["id"])
        others.sort(key=lambda event: event["date"], reverse=True)
        others.sort(key=lambda event: -len(shared(first, event)))
        expected[first["id"]] = [event["id"] for event in others[:10]]
    assert lists_of(links, "shared tags") == expected


def test_the_cards_figures_are_those_of_the_data(wording, links):
    card = (DATA / "SAMPLE.md").read_text(encoding="utf-8")
    lines = (DATA / "sample_events.jsonl").read_text(encoding="utf-8").splitlines()
    for name, value in wording.counts(pd.DataFrame(map(json.loads, lines))).items():
        assert f"| {name} | {value} |" in card
    lists = links.drop_duplicates("id")["origin"].value_counts()
    for origin, count in lists.items():
        assert f"| `{origin}` | {count} |" in card


@pytest.mark.parametrize(
    ("own", "other", "run"),
    [
        ("the cat sat down", "A dog: the Cat sat up", ["the", "cat", "sat"]),
        ("one two one two three", "one two three", ["one", "two", "three"]),
        ("nothing", "in common", []),
    ],
)
def test_longest_shared_run(wording, own, other, run):
    assert wording.longest_shared_run(wording.words(own), wording.words(other)) == run


@pytest.mark.parametrize(
    ("run", "copied"),
    [
        ("he said that they would go home", True),
        ("he said that they would go", False),
        ("the African Union United Nations Hybrid Operation", False),
    ],
)
def test_is_copied(wording, run, copied):
    assert wording.is_copied(run.split()) is copied


def test_the_wording_check_sees_a_copy(wording):
    events = pd.DataFrame(
        {
            "id": ["a"],
            "date": ["2012-01-02"],
            "headline": ["Workers in the harbour lay down their tools for a whole week."],
        }
    )
    copy = events.assign(date="2012-01-05")
    found = wording.compare(events, copy).iloc[0]
    assert found["cosine"] == pytest.approx(1.0)
    assert wording.is_copied(found["run"])
    too_late = wording.compare(events, events.assign(date="2012-01-06")).iloc[0]
    assert too_late["run"] == []


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the real archive is not here")
@pytest.mark.slow
def test_wording_is_the_projects_own(wording, events):
    archive = pd.read_parquet(SHARED / "events.parquet", columns=["id", "date", "headline"])
    near = archive[archive["date"].between("2010", "2017-02")].reset_index(drop=True)
    pairs = wording.compare(events, near)
    assert not pairs["run"].map(wording.is_copied).any()
    assert pairs["cosine"].max() < wording.HIGHEST_COSINE
    assert not set(events["headline"]) & set(archive["headline"])
