"""The reader of wikitext day pages, on made-up pages and on a slice of the real ones."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("mwparserfromhell")

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.readers.wikitext import markup as wikitext_markup
from relatedevents.readers.wikitext import page_date, read_wikitext
from relatedevents.readers.wikitext.decode import decode_page
from relatedevents.readers.wikitext.lines import read_page
from relatedevents.readers.wikitext.markup import page_title, read_markup
from relatedevents.readers.wikitext.mend import clean_text, mend_links
from relatedevents.readers.wikitext.simple import Link, WebLink, split_simple
from relatedevents.readers.wikitext.templates import render_template

# One bullet a line reads best, however long the line.
# ruff: noqa: E501

SHARED = Path(__file__).parents[2] / "shared" / "data"
DEBRIS = re.compile(
    r"[\[\]{}|<>\ufffd\x00-\x1f\x7f-\x9f]|''|https?:|&#?\w+;|^[\s:;,*]|\s\s|\s$|\(\s*\)"
)


def folder_of(tmp_path: Path, **pages: str | bytes) -> Path:
    for name, content in pages.items():
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / f"{name}.txt").write_bytes(data)
    return tmp_path


def read(tmp_path: Path, text: str | bytes) -> tuple[list[dict], dict]:
    table = read_wikitext(folder_of(tmp_path, **{"2012_May_4": text}))
    reading = table.attrs["reading"]
    assert reading["bullets"] == reading["events"] + sum(reading["bullets_without_event"].values())
    return table.to_dict("records"), reading


# raw bullet -> headline, link targets, leading stories, source names
BULLETS = [
    ("A ferry sinks. [http://a.ex/1 (AP)]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks [http://a.ex/1 (''The Post'')].", "A ferry sinks.", [], [], ["The Post"]),
    ("A ferry sinks.[http://a.ex/1 (AP)], [http://b.ex (BBC)]", "A ferry sinks.", [], [], ["AP", "BBC"]),
    ("A ferry sinks. [http://a.ex/1 AP]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. [http://a.ex/1(AP)]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. [http://a.ex/1]", "A ferry sinks.", [], [], []),
    ("A ferry sinks. http://a.ex/1", "A ferry sinks.", [], [], []),
    ("A ferry sinks. [http://a.ex/1 (AP)", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. [[http://a.ex/1 (AP)]]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. http://a.ex/1 (AP)]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. [http://a.ex/1|AP]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. [http://a.ex/1 [(AP)]", "A ferry sinks.", [], [], ["AP"]),
    ("A ferry sinks. (Reuters)", "A ferry sinks.", [], [], ["Reuters"]),
    ("A ferry sinks. [[n:Ferry lost|(Wikinews)]]", "A ferry sinks.", [], [], ["Wikinews"]),
    ("A ferry sinks. (AP: [http://a.ex 1], [http://b.ex 2], PA: [http://c.ex 3])", "A ferry sinks.", [], [], []),
    ("Day of the [http://a.ex Fair] [http://b.ex of Ore]", "Day of the Fair of Ore", [], [], []),
    ("[[Town flood]]", "Town flood", ["Town flood"], [], []),
    ("A [http://a.ex study] finds ice. [http://b.ex (AP)]", "A study finds ice.", [], [], ["AP"]),
    ("Ice melts.<ref>{{cite web|url=http://a.ex|publisher=[[The Sun]]}}</ref>", "Ice melts.", [], [], ["The Sun"]),
    ("Ice melts.<ref name=x/> Fast.<ref>open", "Ice melts. Fast.", [], [], []),
    ("Ice melts.{{dead link|date=May 2012}} {{cn}}", "Ice melts.", [], [], []),
    ("[[Mali]]an troops leave [[Gao|the town]].", "Malian troops leave the town.", ["Mali", "Gao"], [], []),
    ("[[Tin strike]]: Mines close.", "Tin strike: Mines close.", ["Tin strike"], ["Tin strike"], []),
    ("'''[[Tin strike]]:''' Mines close.", "Tin strike: Mines close.", ["Tin strike"], ["Tin strike"], []),
    ("[[A war]], [[B war]]: Calm.", "A war, B war: Calm.", ["A war", "B war"], ["A war", "B war"], []),
    ("[[Peru]] says: no.", "Peru says: no.", ["Peru"], [], []),
    (": Late news arrives.", "Late news arrives.", [], [], []),
    ("The [[Peace Prize]; it is shared.", "The Peace Prize; it is shared.", ["Peace Prize"], [], []),
    ("The [Peace Prize]] is shared.", "The Peace Prize is shared.", ["Peace Prize"], [], []),
    ("The [[Prize|award}} is shared.", "The award is shared.", ["Prize"], [], []),
    ("He says \"[they] left\".", 'He says "(they) left".', [], [], []),
    ("''[[Time]]'''s person is named.", "Time's person is named.", ["Time"], [], []),
    ("''Time'''s person, ''Life'''s too.", "Time's person, Life's too.", [], [], []),
    ("About {{convert|350|lb|kg}} burn.", "About 350 lb burn.", [], [], []),
    ("Some {{convert|3|to|5|sqmi|km2}} burn.", "Some 3 to 5 sq mi burn.", [], [], []),
    ("A {{convert|9|ft|m|adj=mid|-tall}} wall.", "A 9 ft-tall wall.", [], [], []),
    ("{{Nowrap|$5 million}} vanish.", "$5 million vanish.", [], [], []),
    ("{{nowrap|[[Euro|€]]5}} vanish.", "€5 vanish.", ["Euro"], [], []),
    ("{{USS|Boat|AB-1|6}} sails.", "USS Boat sails.", ["USS Boat (AB-1)"], [], []),
    ("{{no such thing|kept}} stays.", "kept stays.", [], [], []),
    ("Tom &amp; Ann&nbsp;Lee win.", "Tom & Ann Lee win.", [], [], []),
    ("A 77<sup>th</sup> prize, 9 m<sup>2</sup>, CO<sub>2</sub>.", "A 77th prize, 9 m², CO2.", [], [], []),
    ("<nowiki>[live]</nowiki> it goes<br>on.", "(live) it goes on.", [], [], []),
    ("See [[w_x#part|this]], [[#top|that]] and [[:fr:Nom|her]].", "See this, that and her.", ["W x"], [], []),
    ("[[File:x.jpg|thumb|A [[dog]]]] A dog wins.", "A dog wins.", [], [], []),
    ("In Town, D.C., men march, e.g., north.", "In Town, D.C., men march, e.g., north.", [], [], []),
    ("Less than <5 of 9 > 3.", "Less than under 5 of 9 over 3.", [], [], []),
    ("Star [[Sirius B*]] dims.", "Star Sirius B* dims.", ["Sirius B*"], [], []),
    ("[[Caf%C3%A9 law]] passes.", "Café law passes.", ["Café law"], [], []),
    ("He wins. ''<<LINK MISSING>>''.", "He wins.", [], [], []),
    ("He wins. - [http://a.ex (AP)]; [http://b.ex (BBC)].", "He wins.", [], [], ["AP", "BBC"]),
    ("R&amp;amp;D ;C", "Rand D; C", [], [], []),
    ("He wins. <<LINK MISSING>>", "He wins.", [], [], []),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "headline", "links", "stories", "sources"), BULLETS)
def test_bullet(raw, headline, links, stories, sources):
    reading = read_markup(raw)
    assert reading.headline == headline
    assert [title for title, _ in reading.links] == links
    assert reading.stories == stories
    assert reading.sources == sources


def test_every_web_link_is_kept_as_an_address():
    reading = read_markup("Ice [http://a.ex melts]. [http://b.ex (B)]<ref>http://c.ex</ref>")
    assert reading.urls == ["http://a.ex", "http://b.ex", "http://c.ex"]


PAGE = """<!-- All news items below this line -->{{Current events header|2012|05|04}}

;Armed conflicts:
*[[Tin war]]
**[[Siege of X|The siege]]: Guns fall silent. [http://a.ex (AP)]
**A truce holds. [http://a.ex (AP)]
***An observer doubts it. [http://a.ex (BBC)]
*A plain event in [[tin war]] country.
'''Sport'''
*Aftermath of the [[Cup]]:
**The cup is lost.<!--
* hidden
-->
*[[Only a name]]:
*
* [http://a.ex (AP)]
A scribble
A judge in [[Peru]] frees a man. [http://a.ex (AP)]
[http://b.ex (BBC)]
<!-- All news items above this line -->{{Current events footer}}"""


def test_page_with_stories_categories_and_every_cause(tmp_path):
    events, reading = read(tmp_path, PAGE)
    brief = [(e["category"], e["stories"], e["headline"], e["tags"], e["sources"]) for e in events]
    siege = ["Tin war", "Siege of X"]
    assert brief == [
        ("Armed conflicts", siege, "The siege: Guns fall silent.", siege, ["AP"]),
        ("Armed conflicts", ["Tin war"], "A truce holds.", ["Tin war"], ["AP"]),
        ("Armed conflicts", ["Tin war"], "An observer doubts it.", ["Tin war"], ["BBC"]),
        ("Armed conflicts", [], "A plain event in tin war country.", ["Tin war"], []),
        ("Sport", ["Cup"], "The cup is lost.", ["Cup"], []),
        ("Sport", [], "A judge in Peru frees a man.", ["Peru"], ["AP", "BBC"]),
    ]
    assert reading["bullets_without_event"] == {
        "parent": 2, "in a comment": 1, "only the name of a story": 1, "empty": 1,
        "only a source": 1,
    }  # fmt: skip
    assert reading["lines_left_out"] == {"no star, no link and no source": 1}
    assert reading["lines_joined"] == 1
    assert reading["bullets_without_star"] == 1
    assert not reading["pages_cut_off"]
    assert json.loads(json.dumps(reading)) == reading
    assert [e["id"] for e in events][1] == "2012-05-04/a-truce-holds"
    assert {str(e["date"])[:10] for e in events} == {"2012-05-04"}


def test_both_page_templates_and_headings(tmp_path):
    text = "{{Current events|year=2012|month=05|day=4|content=\n== Law ==\n*A law passes.\n}}"
    events, reading = read(tmp_path, text)
    assert [(e["category"], e["headline"]) for e in events] == [("Law", "A law passes.")]
    assert reading["pages_with_another_date"] == {}


def test_a_whole_sentence_above_others_is_an_event_and_names_their_story(tmp_path):
    text = "*Voters in [[Peru]] go to the polls for the [[Vote]].\n**The left wins.\n"
    events, _ = read(tmp_path, text)
    assert [(e["headline"], e["stories"]) for e in events] == [
        ("Voters in Peru go to the polls for the Vote.", []),
        ("The left wins.", ["Peru", "Vote"]),
    ]


def test_unfinished_line_goes_on_in_the_next_one(tmp_path):
    events, _ = read(tmp_path, "*The firm [[Ore]] buys\n[[Tin]] for 3 pounds. [http://a.ex (AP)]\n")
    assert [e["headline"] for e in events] == ["The firm Ore buys Tin for 3 pounds."]


def test_ids_of_equal_headlines_are_numbered_in_the_pages_order(tmp_path):
    events, reading = read(tmp_path, "*Calm.\n*Calm!\n*Calm 2\n*平和です。\n")
    assert [e["id"].partition("/")[2] for e in events] == ["calm", "calm-2", "calm-2-2", "event"]
    assert reading["ids_made_unique"] == 2


def test_each_byte_run_is_decoded_by_itself(tmp_path):
    page = "*Malmö sees “snow” – and ".encode() + "Málaga, café – €5.\n".encode("cp1252")
    events, reading = read(tmp_path, page + b"\n*\x81odd \xe9\n")
    text = " ".join(e["headline"] for e in events)
    for word in ("Malmö", "“snow” –", "Málaga, café – €5."):
        assert word in text
    assert reading["pages_with_mixed_encodings"] == 1
    assert reading["bytes_without_meaning"] == 1


@pytest.mark.parametrize("word", ["Zürich", "“x”", "a–b", "€5", "Örebro’s", "¡Sí! °C"])
def test_text_encoded_twice_is_set_right(word):
    shown_wrong = "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in word.encode()
    )
    assert decode_page(shown_wrong.encode()).text == word
    assert decode_page(word.encode()).text == word


def test_page_marked_for_deletion_gives_no_events_and_is_named(tmp_path):
    text = "{{db-hoax|help=off}}\n{{Current events header|2012|05|04}}\n*A tale.\n*Another.\n"
    events, reading = read(tmp_path, text + "<!-- All news items above this line -->")
    assert events == []
    assert reading["pages_left_out"] == {"2012_May_4.txt": "marked for deletion: {{db-hoax}}"}
    assert reading["bullets_without_event"] == {"on a page marked for deletion": 2}
    assert reading["pages_without_events"] == []


def test_page_whose_header_tells_another_day_keeps_the_files_day(tmp_path):
    events, reading = read(tmp_path, "{{Current events header|2012|May|05}}\n*News.\n}}")
    assert str(events[0]["date"])[:10] == "2012-05-04"
    assert reading["pages_with_another_date"] == {"2012_May_4.txt": "2012-05-05"}


def test_what_cannot_be_read_is_counted_with_its_cause(tmp_path):
    folder = folder_of(
        tmp_path,
        **{
            "2012_May_4": "*News of the day.",
            "2012_May_5": "",
            "2012_May_6": b"*\x00N\x00e\x00w",
            "2012_May_7": "{{Current events header|2012|05|07}}\n;Sport\n",
            "2012_May_32": "*Never.",
            "notes": "*No page.",
        },
    )
    (folder / "read.me").write_text("x")
    reading = read_wikitext(folder).attrs["reading"]
    assert reading["pages"] == 4
    assert reading["pages_left_out"] == {
        "2012_May_5.txt": "empty file",
        "2012_May_6.txt": "not text: it holds zero bytes",
    }
    assert reading["pages_without_events"] == ["2012_May_7.txt"]
    assert reading["pages_cut_off"] == ["2012_May_7.txt"]
    assert reading["files_left_out"] == {
        "2012_May_32.txt": "the name tells no day",
        "notes.txt": "the name tells no day",
        "read.me": "not a .txt page",
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing", "is not there; allowed: a folder of day pages named YYYY_Month_D.txt"),
        ("empty", "holds nothing; allowed: day pages named YYYY_Month_D.txt"),
        ("bad", "holds 'May_4.txt'; allowed: day pages named"),
        ("bad/May_4.txt", "whose name tells no day; allowed: .* Rename the page after its day."),
    ],
)
def test_bad_paths(tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "May_4.txt").write_text("*x")
    with pytest.raises(InputError, match=message):
        read_wikitext(tmp_path / name)


def test_one_page_alone_reads_as_in_its_folder(tmp_path):
    folder = folder_of(tmp_path, **{"2012_May_4": PAGE})
    alone, together = read_wikitext(folder / "2012_May_4.txt"), read_wikitext(folder)
    assert alone.equals(together)
    assert alone.attrs == together.attrs


def test_folder_without_events_has_the_columns(tmp_path):
    table = read_wikitext(folder_of(tmp_path, **{"2012_May_4": "nothing"}))
    assert list(table.columns)[:4] == ["id", "date", "category", "stories"]
    assert table["date"].dtype == "datetime64[s]"


@pytest.mark.parametrize(
    ("name", "words", "named", "text"),
    [
        ("age in years and days", ["1990", "4", "24", "2015", "9", "13"], {}, "25 years, 142 days"),
        ("age in years and days", ["soon"], {}, ""),
        ("frac", ["3", "1", "2"], {}, "3 1/2"),
        ("convert", ["-5", "C", "F"], {}, "-5 °C"),
        ("ship", ["FV", "Net", "", "2"], {}, "Net"),
        ("as of", ["2012"], {"lc": "on"}, "as of 2012"),
        ("mp", ["2001 AB", "12"], {}, "2001 AB12"),
        ("es icon", [], {}, ""),
    ],
)
def test_templates(name, words, named, text):
    assert render_template(name, words, named)[0] == text


def test_a_template_with_an_empty_value_says_nothing():
    assert read_markup("Rio hosts {{nowrap|}} a {{small| }} summit.").headline == (
        "Rio hosts a summit."
    )


def test_small_functions():
    assert page_title(":the_Bay#North") == "The Bay"
    assert page_date("2012_May_4.md") is None
    assert read_page("").lines == []


MARKUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "[[",
                "]]",
                "[",
                "]",
                "{{",
                "}}",
                "|",
                "'",
                "''",
                "'''",
                "<",
                ">",
                "<ref>",
                "</ref>",
                "<br>",
                "<!--",
                "-->",
                "*",
                "**",
                ":",
                ";",
                "=",
                "\n",
                "&",
                "&nbsp;",
                "&lt;",
                "http://a.ex",
                "(AP)",
                "(",
                ")",
                ",",
                ".",
                "..",
                "{{cn}}",
                "{{convert|1|km}}",
                "[http://a.ex",
                "(AP)]",
                "[[A|b]]",
                "[[n:x|y]]",
                "<nowiki>",
                "</nowiki>",
                "{|",
                "|}",
                "//",
                "&amp;amp;",
                "[[File:x|",
                "\x81",
                "\u202c",
                "�",
            ]
        ),
        st.text(max_size=5),
        st.sampled_from(["word ", "Story: ", " and "]),
    ),
    max_size=30,
).map("".join)


@settings(deadline=None, max_examples=300)
@given(MARKUP)
def test_no_markup_raises_or_leaves_debris(raw):
    reading = read_markup(raw)
    assert not DEBRIS.search(reading.headline), reading.headline
    assert clean_text(reading.headline) == reading.headline
    for text in (*reading.sources, *(part for link in reading.links for part in link)):
        assert not re.search(r"[\[\]{}|<>\ufffd]", text)


@settings(deadline=None, max_examples=150)
@given(st.one_of(MARKUP.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=200)))
def test_any_bytes_are_read_and_counts_add_up(tmp_path_factory, data):
    events, reading = read(tmp_path_factory.mktemp("pages"), data)
    assert len(events) == reading["events"]
    assert len({event["id"] for event in events}) == len(events)
    for event in events:
        assert event["headline"]
        assert event["stories"] == event["tags"][: len(event["stories"])]
        assert len({tag.casefold() for tag in event["tags"]}) == len(event["tags"])


@given(st.text(max_size=60))
def test_utf8_stays_as_it_is(text):
    clean = re.sub("[ÂÃâ\ud800-\udfff\r\ufeff]", "", text)
    decoded = decode_page(clean.encode())
    assert decoded.text == clean
    assert decoded.foreign == decoded.twice == 0


FRAGMENTS = [
    "[[", "]]", "[", "]", "|", "http://a.example/x", "https://b.example?q=1&c;=2", " ", "  ",
    ": ", ":", "news:", "mailto:", "A", "Bay of Fundy", "(AP)", "#", "*", ";", "=", "==", "----",
    "&", "&amp;", "&nbsp;", "'", "''", '"', "/", "//", "!", "\u00a0", "\t", "é", "-", "0", "_",
    "{{x}}", "<br>", "[[Tin strike]]", "[[Potosí|the town]]", "[http://a.example (AP)]",
    "[https://b.example]", "[[a|]]", "[[ ]]", "[[|b]]", "[[A:b]]", "[[A: b|c|d]]",
]  # fmt: skip


# Most of what is drawn is not simple, and left to the parser.
@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))
def test_simple_markup_is_split_as_the_parser_splits_it(raw):
    parser = pytest.importorskip("mwparserfromhell")
    nodes = split_simple(raw)
    assume(nodes is not None)
    unknown = []
    expected = list(wikitext_markup._pieces(parser.parse(raw, skip_style_tags=True), unknown))
    assert list(wikitext_markup._pieces_of_nodes(nodes)) == expected
    assert not unknown
    assert mend_links(raw) == raw


def test_most_markup_needs_no_parser():
    raw = "The [[Tin strike|strike]] in [[Potosí]]: it ends. [http://a.example/x?y=1&z=2 (AP)]"
    assert split_simple(raw) == [
        "The ",
        Link("Tin strike", "strike"),
        " in ",
        Link("Potosí", None),
        ": it ends. ",
        WebLink("http://a.example/x?y=1&z=2", "(AP)"),
    ]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="the real archive is not here")
def test_slice_of_the_real_pages(tmp_path):
    pandas = pytest.importorskip("pandas")
    files = sorted((SHARED / "wikitext").glob("*.txt"))[::60]
    for file in [*files, SHARED / "wikitext" / "2018_June_24.txt"]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    table = read_wikitext(tmp_path)
    reading = table.attrs["reading"]
    assert reading["pages"] == len(files) + 1
    assert list(reading["pages_left_out"]) == ["2018_June_24.txt"]
    assert reading["bullets"] == reading["events"] + sum(reading["bullets_without_event"].values())
    for column in ("headline", "tags", "surface"):
        assert not table[column].explode().dropna().str.contains(r"[\[\]{}|<>\ufffd]|''").any()
    assert not table["headline"].str.contains(DEBRIS).any()
    reference = pandas.read_parquet(SHARED / "events.parquet")
    days = {page_date(file.name).isoformat() for file in files}
    wanted = reference[reference["date"].isin(days)]
    key = [
        wanted["date"] + wanted["headline"].str.replace(r"\W+", "", regex=True),
        table["date"].dt.strftime("%Y-%m-%d")
        + table["headline"].str.replace(r"\W+", "", regex=True),
    ]
    assert key[0].isin(set(key[1])).mean() > 0.97  # the rest differs by more than punctuation
