"""Reasons: relations by their rules, sentences that are true and right, lists as explain."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from toy import ALL, KeywordEncoder, Slow, random_frame, toy_model

from relatedevents import InputError, RelatedEvents, Weights, write_lists
from relatedevents.features.word_sets import Wording
from relatedevents.rerank import Above, keep_distinct, say_the_same
from relatedevents.retrieval.reasons import sentence, time_words
from relatedevents.retrieval.relations import RULES

QUERY = ("q", "2012-10-12", "Council votes on a force for Timbuktu", ["Mali war", "Council"])
#: A related event, and what is told of it.
TOLD = [
    (
        ("2012-10-13", "COUNCIL: votes on a force for Timbuktu!", []),
        "near-repeat",
        "Nearly the same headline, one day later.",
    ),
    (
        ("2012-10-02", "Rebels leave", ["Mali war", "Council"]),
        "earlier in the same story",
        "Both about Council and Mali war, ten days earlier.",
    ),
    (
        ("2012-12-20", "Troops reach TIMBUKTU", ["Mali war", "Council"]),
        "follow-up",
        "Both about Council and Mali war, ten weeks later; both mention “TIMBUKTU”.",
    ),
    (
        ("2012-12-20", "A flood", ["Mali war"]),
        "same people or place",
        "Both about Mali war, ten weeks later.",
    ),
    (
        ("2012-12-20", "A vote on Timbuktu", ["Mali war"]),
        "follow-up",
        "Both about Mali war, ten weeks later; both mention “Timbuktu”.",
    ),
    (
        ("2012-12-20", "A vote: the force of Timbuktu", []),
        "follow-up",
        "Both mention “force” and “Timbuktu”, ten weeks later.",
    ),
    (
        ("2012-10-12", "Rebels leave", ["Mali war", "Council"]),
        "same days",
        "Both about Council and Mali war, on the same day.",
    ),
    (("2012-10-09", "Match", []), "same days", "Little in common, three days earlier."),
    (
        ("2010-10-12", "Rebels leave", ["Mali war", "Council"]),
        "background",
        "Both about Council and Mali war, two years earlier.",
    ),
    (
        ("2014-10-12", "Rebels leave", ["Mali war", "Council"]),
        "same people or place",
        "Both about Council and Mali war, two years later.",
    ),
    (
        (None, "Rebels leave", ["Mali war", "Council"]),
        "same people or place",
        "Both about Council and Mali war.",
    ),
    (
        ("2010-10-12", "Timbuktu rains", []),
        "similar subject",
        "Both mention “Timbuktu”, two years earlier.",
    ),
    (("2010-10-12", "A vote", []), "similar subject", "Similar in meaning, two years earlier."),
    ((None, "A vote", []), "similar subject", "Similar in meaning."),
    (("2010-10-12", "Match", []), "none", "Little in common, two years earlier."),
    ((None, "Match", []), "none", "Little in common."),
]


class Votes(KeywordEncoder):
    """Votes are alike, whoever votes."""

    def encode(self, texts):
        return super().encode([text.replace("votes", "vote") for text in texts])


def pair_model(other, query=QUERY):
    # What each event has would weigh nothing.
    third, fourth = ("Force, Timbuktu, rains", ["India"]), ("Zebra", ["Kenya"])
    others = [("a", *other), ("b", "2001-01-01", *third), ("c", "2001-01-01", *fourth)]
    frame = pd.DataFrame([query, *others], columns=["id", "date", "headline", "tags"])
    return RelatedEvents(encoder=Votes()).fit(frame)


@pytest.mark.parametrize(("other", "relation", "reason"), TOLD)
def test_what_is_told_of_a_pair(other, relation, reason):
    told = pair_model(other).explain("q", "a")
    assert (told.relation, told.reason) == (relation, reason)
    assert reason in str(told)


def test_every_rule_has_an_example():
    # Series have theirs in test_series.py.
    assert {relation for _, relation, _ in TOLD} | {"same series"} == set(RULES)


def test_what_many_events_have_makes_no_story():
    others = [(f"x{n}", None, f"Timbuktu {n}", ["Mali war", "Council"]) for n in range(10)]
    rows = [QUERY, ("a", "2012-12-20", "Timbuktu votes", ["Mali war", "Council"]), *others]
    frame = pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])
    told = RelatedEvents(encoder=Votes()).fit(frame).explain("q", "a")
    # Twelve of twelve events have them: more than 10.
    assert told.relation == "same people or place"
    assert told.reason == "Both about Council and Mali war, ten weeks later; both mention “votes”."


def test_a_signal_that_weighs_nothing_bears_no_witness():
    model = pair_model(("2010-10-12", "A vote", [])).set_params(weights=Weights.only(tags=1))
    assert model.explain("q", "a").relation == "none"


@pytest.mark.parametrize(
    ("words", "tags", "named"),
    [
        ("Malian soldiers", ["Mali"], "both mention “soldiers”"),
        ("soldiers retake airport bridge", [], "Both mention “airport” and “bridge”"),
        ("airline airlines", [], "Both mention “airline”, "),
        ("led 2012 1,000", [], "Little in common"),
        ("日本 led", [], "Both mention “日本”"),
        ("office", ["Post of Mali"], "both mention “office”"),
    ],
)
def test_words_say_something_new(words, tags, named):
    model = pair_model(("2012-01-01", f"{words} x", tags), ("q", "2011-01-01", f"{words} y", tags))
    assert named in model.explain("q", "a").reason


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        (["Orissa, India", "India"], "Both about Orissa, India, "),
        (["Orissa, India", "India", "Flood"], "Both about Flood and Orissa, India, "),
        (["Mali", "Malians"], "Both about Mali and Malians, "),
        (["!", "?"], "Both about ! and ?, "),
    ],
)
def test_a_tag_within_another_is_passed_by(tags, named):
    model = pair_model(("2010-01-01", "Match", tags), ("q", "2011-01-01", "Rain", tags))
    assert model.explain("q", "a").reason.startswith(named)


@pytest.mark.parametrize(
    ("semantic", "told"),
    [(0.55, "Similar in meaning."), (0.54, "Loosely alike."), (0.39, "Little in common.")],
)
def test_without_a_name_the_meaning_decides(semantic, told):
    assert sentence([], [], "", repeats=False, semantic=semantic) == told


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        (0, "on the same day"),
        (1, "one day later"),
        (-3, "three days earlier"),
        (12, "twelve days later"),
        (-13, "13 days earlier"),
        (14, "two weeks later"),
        (69, "ten weeks later"),
        (83, "twelve weeks later"),
        (84, "three months later"),
        (-349, "eleven months earlier"),
        (351, "one year later"),
        (-365, "one year earlier"),
        (381, "13 months later"),
        (700, "23 months later"),
        (-731, "two years earlier"),
        (4748, "13 years later"),
    ],
)
def test_time_in_words(gap, told):
    assert time_words(gap) == told


@given(gap=st.integers(-3_652_058, 3_652_058))
def test_time_words_agree_with_the_sign_and_are_near(gap):
    told = time_words(gap)
    assert told.endswith("later") == (gap > 0)
    assert told.endswith("earlier") == (gap < 0)
    assert told == time_words(-gap).replace("later", "earlier") or gap >= 0
    if abs(gap) > 13 * 366:
        years = int(told.split()[0])
        assert abs(years - abs(gap) / 365.25) <= 0.5


ANY = st.lists(st.text(min_size=1), max_size=2)


@example(tags=["U.S."], words=[], when="", repeats=False, semantic=0.0)
@given(
    tags=ANY,
    words=ANY,
    when=st.sampled_from(["", "on the same day", "ten weeks later"]),
    repeats=st.booleans(),
    semantic=st.floats(0, 1),
)
def test_a_sentence_ends_once_and_names_all_as_they_are(tags, words, when, repeats, semantic):
    told = sentence(tags, words, when, repeats=repeats, semantic=semantic)
    assert told.endswith(".")
    assert told[0].isupper()
    assert when in told
    assert " and ".join(tags) in told
    assert repeats or all(f"“{word}”" in told for word in words)
    assert sentence(["U.S."], [], "", repeats=repeats, semantic=semantic).endswith("U.S.")


# --- against a slow reference ---------------------------------------------------------------


def slow_relation(slow, id_, related_id, semantic, same):
    """The rules, word for word."""
    q, c = slow.of_id(id_), slow.of_id(related_id)
    gap = None if q[3] is None or c[3] is None else c[3] - q[3]
    most = 10 + slow.n // 200
    tags = set(q[1]) & set(c[1])
    words = {
        word
        for word in set(q[2]) & set(c[2])
        if slow.word_df[word] <= most and not word.isdecimal() and len(word) > 3
    }
    rare_tag = any(slow.tag_df[tag] <= min(most, 150) for tag in tags)
    telling_tags = [tag for tag in tags if slow.tag_df[tag] <= most]
    rare_words = len([word for word in words if slow.word_df[word] <= 150])
    close = semantic >= 0.55
    story = (rare_tag and (len(telling_tags) >= 2 or close)) or (rare_words >= 2 and close)
    if same:
        return "near-repeat"
    if story and gap is not None and -180 <= gap < 0:
        return "earlier in the same story"
    if story and gap is not None and 0 < gap <= 180:
        return "follow-up"
    if gap is not None and abs(gap) <= 3:
        return "same days"
    if story and gap is not None and gap < 0:
        return "background"
    if tags:
        return "same people or place"
    return "similar subject" if words or close else "none"


def check_sentence(row, days):
    assert row.reason.endswith(".")
    gap = None if None in days else days[1] - days[0]
    assert ("later" in row.reason) == (gap is not None and gap > 0)
    assert ("earlier" in row.reason) == (gap is not None and gap < 0)
    assert ("on the same day" in row.reason) == (gap == 0)
    about = re.search(r"oth about ([^,;.]+)", row.reason)
    named = about[1].split(" and ") if about else []
    assert bool(row.shared_tags) <= len(named) <= 2
    assert set(named) <= set(row.shared_tags)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), weights=st.sampled_from([ALL, Weights()]))
def test_lists_tell_what_the_rules_and_explain_tell(seed, weights):
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights)
    frame = random_frame(seed, 30, days=600).drop(columns=["summary", "text"])
    model.fit(frame)
    slow = Slow(model.archive_, KeywordEncoder(), weights)
    headlines = frame["headline"].tolist()
    wording = Wording.of(headlines)
    days = np.array([np.iinfo(np.int32).max if d is None else d for d in slow.days], np.int32)
    plain = model.related_all(5)
    lists = model.related_all(5, reasons=True)
    pd.testing.assert_frame_equal(lists.drop(columns=["relation", "reason"]), plain)
    for row in lists.itertuples():
        told = model.explain(row.id, row.related_id)
        assert (told.relation, told.reason) == (row.relation, row.reason)
        at = slow.row[row.id], slow.row[row.related_id]
        pair = np.array(at[:1]), np.array(at[1:])
        same = say_the_same(*pair, wording, days)[0]
        # Headlines without a word in common are not looked at.
        same &= slow.dot(slow.of_id(row.id)[2], slow.of_id(row.related_id)[2]) >= 0.5
        semantic = row.semantic / weights.semantic
        assert row.relation == slow_relation(slow, row.id, row.related_id, semantic, same)
        check_sentence(row, [slow.days[n] for n in at])


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6))
def test_pairs_say_the_same_as_lists_do(seed):
    frame = random_frame(seed, 25, words=["flood", "vote", "the", "Rome", "army"])
    wording = Wording.of(frame["headline"].tolist())
    far = np.iinfo(np.int32).max
    days = np.array([far if d is None else d for d in map(Slow.day, frame["date"])], np.int32)
    left, right = (some.ravel() for some in np.divmod(np.arange(625), 25))
    above = Above.of(len(left), np.arange(len(left)), left)
    kept = keep_distinct(np.ones(len(left), dtype=np.int64), right, above, wording, days)
    assert say_the_same(left, right, wording, days).tolist() == (~kept).tolist()


# --- every way to a list --------------------------------------------------------------------


def test_every_method_tells_the_same(tmp_path):
    model = toy_model()
    lists = model.related_all(3, reasons=True)
    assert list(lists.columns[-2:]) == ["relation", "reason"]
    blocks = pd.concat(model.related_blocks(3, size=5, reasons=True), ignore_index=True)
    pd.testing.assert_frame_equal(blocks, lists)
    pinned = {"pins": ["e1"]}
    blocks = pd.concat(model.related_blocks(3, reasons=True, **pinned), ignore_index=True)
    pd.testing.assert_frame_equal(blocks, model.related_all(3, reasons=True, **pinned))
    many = model.related_many(model.archive_["id"], 3, reasons=True)
    pd.testing.assert_frame_equal(many, lists)
    one = model.related("a1", 3, reasons=True)
    assert one["reason"].tolist() == lists["reason"][lists["id"] == "a1"].tolist()
    new = model.related_to(
        "Flood hits town", tags=["Spain", "Flood"], date="2012-01-10", reasons=True
    )
    assert new["relation"].tolist()[:2] == ["near-repeat", "near-repeat"]
    assert new["reason"][0] == (
        "Nearly the same headline, on the same day; both about Flood and Spain."
    )
    assert model.related_many([], reasons=True)["reason"].tolist() == []
    for name in ("lists.jsonl", "lists.csv", "pages"):
        kind = "pages" if name == "pages" else None
        write_lists(lists, tmp_path / name, format=kind, archive=model.archive_)
    first = json.loads((tmp_path / "lists.jsonl").read_text().splitlines()[0])
    assert first["reason"] == lists["reason"][0]
    assert json.loads((tmp_path / "pages" / "a1.json").read_text())[0]["relation"] == "near-repeat"
    assert lists["reason"][0] in (tmp_path / "lists.csv").read_text()


def test_an_update_tells_what_the_grown_archive_tells():
    model = toy_model()
    model.update(
        pd.DataFrame(
            [
                ("n1", "2012-03-01", "Kidal votes", ["Kidal", "Vote"]),
                ("n2", "2012-03-02", "Kidal", ["Kidal"]),
            ],
            columns=["id", "date", "headline", "tags"],
        )
    )
    row = model.related("n2", 1, reasons=True).iloc[0]
    assert row["related_id"] == "n1"
    # A tag that came later is one that hardly any event has.
    assert row["reason"] == "Both about Kidal, one day earlier."


@pytest.mark.parametrize("method", ["related_all", "related_blocks"])
def test_reasons_are_asked_for_by_true(method):
    with pytest.raises(InputError, match="reasons: got 'yes'"):
        getattr(toy_model(), method)(reasons="yes")


def test_words_of_texts_are_shared_words():
    rows = [
        ("q", "One", "The harvest fails"),
        ("a", "Two", "A good harvest"),
        ("b", "Three", "Oil"),
    ]
    frame = pd.DataFrame(rows, columns=["id", "headline", "text"]).assign(date=None)
    frame["tags"] = [[], [], []]
    told = RelatedEvents(encoder=KeywordEncoder()).fit(frame).explain("q", "a")
    assert (told.relation, told.reason) == ("similar subject", "Both mention “harvest”.")
