"""The model: toy answers known by hand, the fallback ladder, every method's keywords and errors."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ALL, COLUMNS, KeywordEncoder, Slow, lists_of, random_frame, toy_frame, toy_model

from relatedevents import RelatedEvents, Weights
from relatedevents.engines.base import ENGINES
from relatedevents.errors import InputError, UnknownIdError
from relatedevents.weights import SIGNALS

# What the toy's answers by hand count with; the defaults may change, these numbers stay.
HAND = Weights.only(semantic=0.5, tags=0.3, words=0.3, time=0.4, half_life=42.0)


@pytest.fixture(scope="module")
def toy():
    return toy_model(HAND)


def told(table):
    return list(zip(table["related_id"], table["basis"], strict=True))


# --- answers known by hand ------------------------------------------------------------------


def test_a_list_by_hand():
    # Only tags: b1 has France (3 of 12 events) and Vote (2 of 12), b2 France alone.
    table = toy_model(Weights.only(tags=1)).related("b1")
    france, vote, law = (np.log(13 / (1 + df)) for df in (3, 2, 1))
    both = (france**2 + vote**2) / np.hypot(france, vote) / np.linalg.norm([france, vote, law])
    one = france / np.hypot(france, vote)
    assert table["related_id"].tolist()[:2] == ["b3", "b2"]
    assert table["score"].tolist()[:2] == pytest.approx([both, one])
    assert table["shared_tags"].tolist()[:3] == [["France", "Vote"], ["France"], []]
    # The rest has no evidence: newest first, the smaller id among equal days, undated last.
    rest = ["c2", "a3", "a1", "a2", "c1", "e1", "e2", "u1"]
    assert told(table)[2:] == [(id_, "none") for id_ in rest]


def test_a_double_is_the_first_and_never_the_event_itself(toy):
    table = toy.related("a1", 1)
    assert table["related_id"].tolist() == ["a2"]
    assert table["score"].tolist() == pytest.approx([1.5], abs=1e-6)
    frame = pd.concat([toy_frame()] * 30, ignore_index=True)
    frame["id"] = [f"x{row:03}" for row in range(len(frame))]
    model = RelatedEvents(encoder=KeywordEncoder(), weights=HAND).fit(frame)
    table = model.related_all(5)
    assert (table["id"] != table["related_id"]).all()
    assert (table["score"] > 1.09).mean() >= 0.5


def test_the_columns_and_what_they_hold(toy):
    for table in (toy.related_all(), toy.related_many(["a1", "e1"])):
        assert tuple(table.columns) == COLUMNS
    table = toy.related("a1")
    assert tuple(table.columns) == (*COLUMNS[:3], "headline", "date", *COLUMNS[3:])
    by_id = toy.archive_.set_index("id")
    assert table["headline"].tolist() == by_id.loc[table["related_id"], "headline"].tolist()
    assert table["date"].equals(by_id.loc[table["related_id"], "date"].reset_index(drop=True))
    assert table["rank"].tolist() == list(range(1, 11))
    assert table[list(SIGNALS)].sum(axis=1).tolist() == pytest.approx(table["score"].tolist())
    assert isinstance(table.index, pd.RangeIndex)
    assert toy.related_to("Flood")["id"].unique().tolist() == ["Flood"]


@pytest.mark.parametrize(
    ("id_", "bases"),
    [
        # All signals; no tags on either side; no date; no word that another event has; nothing.
        ("a1", {"semantic+tags+words+time", "words+time", "time", "tags", "none"}),
        ("c1", {"semantic+words+time", "time", "none"}),
        ("u1", {"semantic+tags+words", "tags", "none"}),
        ("u2", {"none"}),
        ("e2", {"time", "none"}),
    ],
)
def test_the_fallback_ladder(toy, id_, bases):
    table = toy.related(id_, 11)
    assert set(table["basis"]) <= bases
    assert table["basis"].iloc[0] in bases
    assert len(table) == 11
    for row in table.to_dict("records"):
        there = [name for name in SIGNALS if round(row[name], 6) > 0]
        assert row["basis"] == ("+".join(there) or "none")


def test_without_any_evidence_newest_first_undated_last(toy):
    table = toy.related("u2", 11)
    assert table["score"].tolist() == [0.0] * 11
    assert table["related_id"].tolist() == [
        *("c2", "b2", "b1", "b3", "a3", "a1", "a2", "c1", "e1", "e2", "u1")
    ]
    assert toy.related("u2", min_score=1e-9).empty


def test_n(toy):
    assert len(toy.related("a1")) == 10
    assert len(toy.related("a1", 3)) == 3
    assert len(toy.related("a1", np.int64(3))) == 3
    assert len(toy.related("a1", 10**12)) == 11
    assert len(toy.related_all(10**12)) == 12 * 11
    assert len(toy.related_to("Flood", n=99)) == 12
    assert len(toy_model(n_related=2).related("a1")) == 2
    longer = toy.related("a1", 11)
    for n in range(1, 12):
        pd.testing.assert_frame_equal(toy.related("a1", n), longer.head(n))


def test_an_archive_of_one_event():
    model = RelatedEvents(encoder=KeywordEncoder(), weights=HAND).fit(toy_frame().head(1))
    for table in (model.related("a1"), model.related_all(), model.related_many(["a1"])):
        assert table.empty
        assert set(COLUMNS) <= set(table.columns)
    assert told(model.related_to("Flood hits", tags=["Spain"])) == [("a1", "semantic")]


def test_no_ids_give_an_empty_table(toy):
    table = toy.related_many([])
    assert tuple(table.columns) == COLUMNS
    assert table.dtypes.equals(toy.related_many(["a1"]).dtypes)


def test_ids_asked_twice_get_two_lists(toy):
    table = toy.related_many(["a1", "b1", "a1"], 2)
    assert table["id"].tolist() == ["a1", "a1", "b1", "b1", "a1", "a1"]
    assert table["rank"].tolist() == [1, 2] * 3


def test_ids_that_are_numbers():
    frame = toy_frame().assign(id=range(12))
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    assert model.related(0, 1)["related_id"].tolist() == ["1"]
    assert model.related("0", 1, exclude=[1])["related_id"].tolist() == ["2"]


def test_all_many_and_one_agree(toy):
    everyone = toy.related_all(4)
    ids = toy.archive_["id"].tolist()
    pd.testing.assert_frame_equal(toy.related_many(ids, 4), everyone)
    for id_ in ids:
        one = toy.related(id_, 4).drop(columns=["headline", "date"])
        here = everyone[everyone["id"] == id_].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, here, check_exact=True)


def test_the_user_s_table_stays_as_it_is():
    frame = toy_frame().sample(frac=1, random_state=1)
    before = frame.copy(deep=True)
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    model.related_all()
    pd.testing.assert_frame_equal(frame, before)
    assert model.archive_["id"].tolist() == frame["id"].tolist()


def test_columns_may_be_missing():
    with pytest.warns(Warning, match="no column '(date|tags)'"):
        model = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame()[["id", "headline"]])
    assert set(model.related("a1")["basis"]) == {
        "semantic+words",
        "words",
        "none",
    }


# --- the written order ----------------------------------------------------------------------


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), shuffle=st.integers(0, 100))
def test_input_order_changes_no_list(seed, shuffle):
    frame = random_frame(seed, 25, days=3)
    first = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    other = RelatedEvents(encoder=KeywordEncoder())
    other.fit(frame.sample(frac=1, random_state=shuffle))
    left, right = (
        model.related_all(24).sort_values(["id", "rank"], ignore_index=True)
        for model in (first, other)
    )
    pd.testing.assert_frame_equal(left, right, check_exact=True)


def test_equal_scores_go_by_date_then_id():
    rows = [
        ("q", "2012-01-01", "Flood", []),
        ("z", "2011-01-01", "Flood", []),
        ("b", None, "Flood", []),
        ("a", None, "Flood", []),
        ("d", "2011-01-01", "Flood", []),
        ("c", "2013-01-01", "Flood", []),
    ]
    model = toy_model(Weights.only(semantic=1)).fit(
        pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])
    )
    assert model.related("q")["related_id"].tolist() == ["c", "d", "z", "a", "b"]


def test_scores_that_agree_to_six_decimals_are_equal():
    class Near:
        def encode(self, texts):
            turn = {"one": 0.0, "two": 8e-4, "far": 1.0}
            return np.array([[np.cos(turn[t]), np.sin(turn[t])] for t in texts])

    rows = [
        ("q", "2012-01-01", "one", []),
        ("same", "2012-01-01", "one", []),
        ("newer", "2012-01-02", "two", []),
        ("far", "2012-01-03", "far", []),
    ]
    frame = pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])
    model = RelatedEvents(encoder=Near(), weights=Weights.only(semantic=1)).fit(frame)
    table = model.related("q")
    # 1 - cos(8e-4) = 3.2e-7 is less than the sixth decimal tells, so the newer one leads.
    assert table["related_id"].tolist() == ["newer", "same", "far"]
    assert table["score"].iloc[0] < table["score"].iloc[1]


def tied(tie_break, **columns):
    rows = [
        ("q", "2012-01-01", "Flood", []),
        ("a", "2012-01-12", "Flood", []),
        ("b", "2012-01-02", "Zebra walks", []),
        ("c", "2012-01-02", "Änother day", []),
        ("d", None, "Flood", []),
    ]
    frame = pd.DataFrame(rows, columns=["id", "date", "headline", "tags"]).assign(**columns)
    weights = Weights.only(coverage=1, tie_break=tie_break)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights).fit(frame)
    return "".join(model.related("q")["related_id"])


def test_tie_breaks():
    assert tied("date") == "abcd"
    # Page paths fall as text: "flood" > "2012/01/2/zebra..." > ".../another..." > "2012/01/12/".
    assert tied("page") == "dbca"
    assert tied("page", page=["", "3", "1", "2", "0"]) == "acbd"
    views = [0, 1, 5, np.nan, 3]
    assert tied("column:views:descending", views=views) == "bdac"
    assert tied("column:views:ascending", views=views) == "adbc"
    assert tied("column:a:b:ascending", **{"a:b": list("qwert")}) == "bcda"
    assert tied("column:kind:ascending", kind=["x"] * 5) == "abcd"
    assert tied("column:date:ascending") == "bcad"


@pytest.mark.parametrize(
    ("tie_break", "message"),
    [
        (
            "column:views:descending",
            "weights.tie_break: no column 'views'; allowed: one of the archive's columns 'id', "
            "'date', 'headline', 'tags', 'mixed'.",
        ),
        ("column:mixed:descending", "weights.tie_break: the values of column 'mixed' can't be ord"),
    ],
)
def test_bad_tie_breaks(tie_break, message):
    with pytest.raises(InputError, match=re.escape(message)):
        tied(tie_break, mixed=[1, "a", 2, "b", 3])


# --- events that are not in the archive -----------------------------------------------------


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), weights=st.sampled_from([Weights(), ALL]))
def test_a_copy_of_an_event_gets_the_event_s_list(seed, weights):
    frame = random_frame(seed, 25)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=weights).fit(frame)
    columns = ["related_id", *SIGNALS, "score", "shared_tags", "basis"]
    for event in frame.head(6).to_dict("records"):
        known = {name: event[name] for name in ("tags", "date", "category", "summary", "text")}
        new = model.related_to(event["headline"], **known, n=25)
        assert event["id"] in new["related_id"].tolist()
        apart = new[new["related_id"] != event["id"]]
        pd.testing.assert_frame_equal(
            apart[columns].reset_index(drop=True),
            model.related(event["id"], 25)[columns],
            check_exact=True,
        )


@settings(max_examples=15)
@given(
    headline=st.sampled_from(["Flood and flood", "Vote xylophone", "the", "zebra"]),
    tags=st.lists(st.sampled_from(["spain", "MALI", "New", "new", "Other", " "]), max_size=5),
    date=st.sampled_from([None, "2012-01-07", "1950-01-01", "2050-01-01"]),
    category=st.sampled_from([None, "", "Sports", "crime, LAW", "Weather", "Law"]),
    summary=st.sampled_from([None, "", "a Harvest of peace"]),
    text=st.sampled_from([None, " ", "Accord, harvest and ACCORD"]),
)
def test_new_events_against_the_reference(headline, tags, date, category, summary, text):
    frame = random_frame(5, 40)
    model = RelatedEvents(encoder=KeywordEncoder(), weights=ALL).fit(frame)
    slow = Slow(model.archive_, KeywordEncoder(), ALL)
    told = category if category != "Law" else None  # alike by name, but no event's own
    prose = {"summary": summary, "text": text}
    query = slow.outside(headline, [tag for tag in tags if tag.strip()], date, told, **prose)
    wanted = slow.ranked(query, 12)
    table = model.related_to(headline, tags=tags, date=date, category=category, n=12, **prose)
    assert lists_of(table)[headline] == [id_ for id_, _ in wanted]
    assert table["score"].tolist() == pytest.approx([score for _, score in wanted], abs=1e-9)


def test_new_events_without_tags_or_date(toy):
    # One word and one keyword of two: "Flood" is as near to a1 as to a2, and less to a3's two.
    assert told(toy.related_to("Flood", n=3)) == [
        (id_, "semantic+words") for id_ in ("a1", "a2", "a3")
    ]
    assert told(toy.related_to("Quokka", tags=["Unique"], n=2)) == [("e2", "tags"), ("c2", "none")]
    assert told(toy.related_to("Quokka", date="2010-05-02", n=1)) == [("e1", "time")]
    # The toy has no categories, so one says nothing.
    assert toy.related_to("Flood", category="Sport").equals(toy.related_to("Flood"))
    assert told(toy.related_to("Quokka", n=2)) == [("c2", "none"), ("b2", "none")]
    assert toy.related_to("Quokka", tags=[], date=pd.NaT).equals(toy.related_to("Quokka"))


def test_unknown_tags_count_in_the_length(toy):
    known = toy.related_to("Quokka", tags=["Unique"], n=1)
    more = toy.related_to("Quokka", tags=["Unique", "Never seen"], n=1)
    law, unknown = np.log(13 / 2), np.log(13)
    assert known["tags"].tolist() == pytest.approx([0.3])
    assert more["tags"].tolist() == pytest.approx([0.3 * law / np.hypot(law, unknown)])


def test_new_events_take_every_keyword(toy):
    table = toy.related_to(
        "Flood",
        n=4,
        as_of="2012-02-09",
        where={"tags": ["Spain", "France"]},
        exclude=["a1"],
        pins=["c1"],
    )
    assert told(table)[:3] == [
        ("c1", "pin+none"),
        ("a2", "semantic+words"),
        ("a3", "semantic+words"),
    ]
    mapped = toy.related_to("Flood", n=4, as_of={"Flood": "2012-01-10"})
    assert set(mapped["related_id"]) <= {"a1", "a2", "c1", "e1", "e2"}
    own = toy.related_to("Flood", date="2011-12-31", as_of="own")
    assert own["related_id"].tolist() == ["c1", "e1", "e2"]


# --- keywords -------------------------------------------------------------------------------


def test_as_of(toy):
    table = toy.related("a1", as_of="2012-01-20", n=12)
    assert set(table["related_id"]) == {"a2", "a3", "c1", "e1", "e2"}
    own = toy.related_all(12, as_of="own")
    day = toy.archive_.set_index("id")["date"]
    dated = own[day[own["id"]].notna().to_numpy()]
    assert (day[dated["related_id"]].to_numpy() <= day[dated["id"]].to_numpy()).all()
    # An undated query sees every dated event, and no undated one.
    assert day[own.loc[own["id"] == "u1", "related_id"]].notna().all()
    assert (own["id"] == "u1").sum() == 10
    # The oldest event has nobody before it.
    assert "e2" not in set(own["id"])
    dates = dict.fromkeys(toy.archive_["id"], "2012-01-20")
    assert toy.related_all(as_of=dates).equals(toy.related_all(as_of="2012-01-20"))
    # Scores and statistics stay those of the fit.
    assert toy.explain("a1", "a2").score == table["score"].iloc[0]


def test_where(toy):
    mask = (toy.archive_["date"] < "2012-01-15").to_numpy()
    by_mask = toy.related_all(where=mask)
    assert by_mask.equals(toy.related_all(where={"date": ("<", "2012-01-15")}))
    assert set(by_mask["related_id"]) == {"a1", "a2", "c1", "e1", "e2"}
    # Who is filtered out of the lists still has one.
    assert set(by_mask["id"]) == set(toy.archive_["id"])
    assert toy.related("a1", where=np.zeros(12, dtype=bool)).empty


def test_where_follows_the_user_s_order():
    frame = toy_frame().sample(frac=1, random_state=3).assign(views=range(12))
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    wanted = set(frame["id"].iloc[:5])
    assert set(model.related_all(12, where={"views": ("<", 5)})["related_id"]) == wanted
    assert set(model.related_all(12, where=(frame["views"] < 5).to_numpy())["related_id"]) == wanted


def test_exclude(toy):
    assert "a2" not in toy.related("a1", exclude=["a2", "a1"])["related_id"].tolist()
    table = toy.related_all(3, exclude={"a1": ["a2", "a3"], "b1": []})
    lists, plain = lists_of(table), lists_of(toy.related_all(3))
    assert lists["a1"] == toy.related("a1", 5)["related_id"].tolist()[2:]
    assert {k: v for k, v in lists.items() if k != "a1"} == {
        k: v for k, v in plain.items() if k != "a1"
    }


def test_pins(toy):
    table = toy.related("a1", 4, pins=["e2", "u2"])
    assert told(table)[:2] == [("e2", "pin+none"), ("u2", "pin+none")]
    assert table["related_id"].tolist()[2:] == toy.related("a1", 2)["related_id"].tolist()
    assert table["rank"].tolist() == [1, 2, 3, 4]
    # A pin that would be in the list anyway stands there once, with its whole score.
    table = toy.related("a1", 3, pins=["a3"])
    assert told(table)[0] == ("a3", "pin+semantic+tags+words+time")
    assert table["score"].iloc[0] == toy.explain("a1", "a3").score
    assert table["related_id"].tolist() == ["a3", "a2", "b1"]
    # More pins than places.
    assert toy.related("a1", 1, pins=["u1", "a3"])["related_id"].tolist() == ["u1"]
    # Never the event itself; filters and thresholds do not touch a pin, a later day does.
    assert toy.related("a1", 1, pins=["a1"])["related_id"].tolist() == ["a2"]
    nobody = np.zeros(12, dtype=bool)
    assert toy.related("a1", pins=["e2"], where=nobody)["related_id"].tolist() == ["e2"]
    assert toy.related("a1", pins=["e2"], min_score=9)["related_id"].tolist() == ["e2"]
    early = toy.related("a1", pins=["c2", "u2", "e2"], as_of="2012-01-10")
    assert early["related_id"].tolist() == ["e2", "a2", "c1", "e1"]
    assert early["basis"].str.startswith("pin").tolist() == [True, False, False, False]


def test_pins_by_query(toy):
    lists = lists_of(toy.related_all(3, pins={"a1": ["e2"], "b1": ["b3", "u1"]}))
    plain = lists_of(toy.related_all(3))
    assert lists["a1"] == ["e2", *plain["a1"][:2]]
    assert lists["b1"] == ["b3", "u1", "b2"]
    assert lists["c1"] == plain["c1"]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 6),
    by_query=st.booleans(),
    until=st.sampled_from([None, "own", "2012-01-15"]),
)
def test_pins_and_removals_against_the_reference(seed, n, by_query, until):
    frame = random_frame(seed, 20)
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    slow = Slow(model.archive_, KeywordEncoder(), model.weights)
    rng = np.random.default_rng(seed)

    def some():
        ids = rng.permutation(slow.ids).tolist()
        return ids[:2], ids[2:5]

    named = {id_: some() for id_ in slow.ids[::2]} if by_query else dict.fromkeys(slow.ids, some())
    if by_query:
        pins = {id_: pair[0] for id_, pair in named.items()}
        exclude = {id_: pair[1] for id_, pair in named.items()}
    else:
        pins, exclude = named[slow.ids[0]]
    table = model.related_all(n, pins=pins, exclude=exclude, as_of=until)
    wanted = {}
    for id_, day in zip(slow.ids, slow.days, strict=True):
        first, out = named.get(id_, ([], []))
        last = slow.day("2012-01-15") if until == "2012-01-15" else day
        if until is None:
            last = None
        elif last is None:
            last = np.inf
        query = slow.of_id(id_)
        there = [one for one in first if one != id_]
        if last is not None:
            there = [
                one
                for one in there
                if slow.events[slow.row[one]][3] is not None
                and slow.events[slow.row[one]][3] <= last
            ]
        allowed = set(slow.ids) - set(first) - set(out)
        rest = slow.ranked(query, n, own=id_, allowed=allowed, until=last)
        both = [*there, *(one for one, _ in rest)][:n]
        if both:
            wanted[id_] = both
    assert lists_of(table) == wanted


def test_min_score(toy):
    table = toy.related("a1", 11)
    for lowest in (0.0, 0.3, table["score"].iloc[2], 2.0):
        left = toy.related("a1", 11, min_score=lowest)
        assert left.equals(table[table["score"] >= lowest].reset_index(drop=True))


# --- bad input ------------------------------------------------------------------------------

BAD_COUNTS = [(0, "0"), (-1, "-1"), (True, "True"), (2.5, "2.5"), ("3", "'3'"), (np.nan, "nan")]
LIST_METHODS = {
    "related": lambda m, **k: m.related("a1", **k),
    "related_to": lambda m, **k: m.related_to("Flood", **k),
    "related_many": lambda m, **k: m.related_many(["a1"], **k),
    "related_all": lambda m, **k: m.related_all(**k),
}


@pytest.mark.parametrize("method", LIST_METHODS)
@pytest.mark.parametrize(("n", "came"), BAD_COUNTS)
def test_bad_n(toy, method, n, came):
    message = rf"^n: got {re.escape(came)}; allowed: a whole number of 1 or more\.$"
    with pytest.raises(InputError, match=message):
        LIST_METHODS[method](toy, n=n)


@pytest.mark.parametrize("method", LIST_METHODS)
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"as_of": "soon"}, "as_of: got 'soon'; allowed: a date, a datetime, or text that starts"),
        ({"as_of": {"zz": "2012-01-01"}}, "as_of: no date for "),
        ({"where": "tags"}, "where: got the text 'tags'; allowed: a mask with one True or False"),
        ({"where": [True]}, "where: got bool of shape (1,) for 12 events; allowed: a mask"),
        ({"where": {"tag": "x"}}, "where['tag']: the archive has no such column; allowed: one of"),
        ({"exclude": ["a9"]}, "exclude: the archive has no 'a9'; allowed: one of its"),
        ({"exclude": "a1"}, "exclude: got 'a1'; allowed: a list of ids, or a mapping"),
        ({"pins": ["a9"]}, "pins: the archive has no 'a9'; allowed: one of its"),
        ({"pins": {"a9": ["a1"]}}, "pins: the archive has no 'a9'; allowed: one of its"),
        ({"pins": ["b1"], "exclude": ["b1"]}, "pins: 'b1' also stands in exclude; allowed: ids"),
        ({"min_score": "high"}, "min_score: got 'high'; allowed: a finite number."),
        ({"min_score": np.nan}, "min_score: got nan; allowed: a finite number."),
        ({"min_score": True}, "min_score: got True; allowed: a finite number."),
    ],
)
def test_bad_keywords(toy, method, keywords, message):
    with pytest.raises(InputError, match="^" + re.escape(message)):
        LIST_METHODS[method](toy, **keywords)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.related("a9"), r"^id: the archive has no 'a9'; "),
        (lambda m: m.related("a9"), r"; allowed: one of its 12 ids\. Check the spelling\.$"),
        (lambda m: m.related(None), r"^id: got None; allowed: an id: non-empty text\.$"),
        (lambda m: m.related(["a1"]), r"^id: got \['a1'\]; allowed: an id: non-empty text\.$"),
        (lambda m: m.related(1.0), r"^id: got 1\.0; allowed: an id: non-empty text\.$"),
        (lambda m: m.related_many("a1"), r"^ids: got 'a1'; allowed: a list of ids\.$"),
        (lambda m: m.related_many(5), r"^ids: got 5; allowed: a list of ids\.$"),
        (lambda m: m.related_many(["a1", 2.5]), r"^ids, position 1: got 2\.5; allowed: an id"),
        (lambda m: m.related_many(["a1", "b9"]), r"^ids: the archive has no 'b9'; allowed"),
        (lambda m: m.explain("a1", "a9"), r"^related_id: the archive has no 'a9'; allowed"),
        (lambda m: m.explain("a9", "a1"), r"^id: the archive has no 'a9'; allowed"),
        (lambda m: m.explain("a1", None), r"^related_id: got None; allowed: an id: non-empty"),
        (lambda m: m.related_to(""), r"^headline: got ''; allowed: a non-empty text\.$"),
        (lambda m: m.related_to("  "), r"^headline: got '  '; allowed: a non-empty text\.$"),
        (lambda m: m.related_to(None), r"^headline: got None; allowed: a non-empty text\.$"),
        (lambda m: m.related_to(["a"]), r"^headline: got \['a'\]; allowed: a non-empty text\.$"),
        (
            lambda m: m.related_to("a", tags="Mali"),
            r"^tags: got 'Mali'; allowed: a list of texts\. Put a single tag into a list\.$",
        ),
        (lambda m: m.related_to("a", tags=[1]), r"^tags: got \[1\]; allowed: a list of texts\.$"),
        (lambda m: m.related_to("a", tags=5), r"^tags: got 5; allowed: a list of texts\.$"),
        (
            lambda m: m.related_to("a", category=["Sport"]),
            r"^category: got \['Sport'\]; allowed: a text or None\.$",
        ),
        (lambda m: m.related_to("a", date="May"), r"^date: got 'May'; allowed: a date, a datetime"),
        (
            lambda m: m.related_to("a", date="01/02/2012"),
            r"^date: got '01/02/2012', where day and month can't be told apart; allowed",
        ),
        (
            lambda m: m.related_to("a", pins={"a1": ["a2"]}),
            r"^pins: got a mapping from ids, and a new event has none; allowed: a list of ids\.$",
        ),
        (
            lambda m: m.related_to("a", exclude={"a1": ["a2"]}),
            r"^exclude: got a mapping from ids, and a new event has none; allowed: a list of ids",
        ),
    ],
)
def test_bad_arguments(toy, ask, message):
    with pytest.raises(InputError, match=message) as caught:
        ask(toy)
    assert isinstance(caught.value, UnknownIdError) == ("archive has no" in str(caught.value))


class NoVectors:
    def __init__(self, output):
        self.output = output

    def encode(self, texts):
        return self.output


ENGINES_SHOWN = ", ".join(map(repr, ENGINES))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"weights": {"tags": 1}}, r"^weights: got \{'tags': 1\}; allowed: a Weights\."),
        ({"weights": Weights}, r"^weights: got <class '.*Weights'>; allowed: a Weights\."),
        ({"weights": None}, r"^weights: got None; allowed: a Weights\."),
        ({"n_related": 0}, r"^n_related: got 0; allowed: a whole number of 1 or more\."),
        ({"n_related": True}, r"^n_related: got True; allowed: a whole number of 1 or more\."),
        ({"engine": "fast"}, rf"^engine: got 'fast'; allowed: {ENGINES_SHOWN}, 'auto'\.$"),
        ({"block_size": 0}, r"^block_size: got 0; allowed: a whole number of 1 or more\."),
        ({"n_threads": 0}, r"^n_threads: got 0; allowed: a whole number of 1 or more\."),
        ({"tag_aliases": ["UN"]}, r"^tag_aliases: got \['UN'\]; allowed: a mapping"),
        ({"encoder": None}, r"^encoder: got None; allowed: 'default', a folder"),
        ({"encoder": object()}, r"^encoder: got <object object.*; allowed: 'default', a folder"),
        (
            {"encoder": KeywordEncoder},
            r"^encoder: got the class KeywordEncoder; allowed: 'default'",
        ),
        ({"encoder": "defalt"}, r"Did you mean 'default'\?$"),
        ({"encoder": NoVectors("x")}, r"^encoder: got str of <U1; allowed: a float array of shape"),
        ({"encoder": NoVectors(np.ones(3))}, r"^encoder: got an array of shape \(3,\) for 10 head"),
        ({"encoder": NoVectors(np.full((10, 2), np.nan))}, r"^encoder: got NaN or infinity in 10"),
        ({"cache_dir": "x", "encoder": NoVectors(None)}, r"^cache_dir: got a folder, but the weig"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(InputError, match=message):
        toy_model(**params) if "weights" not in params else RelatedEvents(**params).fit(toy_frame())


def test_parameters_are_checked_again_when_they_change():
    model = toy_model()
    model.n_related = 0
    with pytest.raises(InputError, match=r"^n_related: got 0; allowed"):
        model.related("a1")
    with pytest.raises(InputError, match=r"^weights: got 'tag'; allowed: semantic, topic, tags"):
        model.set_params(weights__tag=1)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (5, r"^events: got int; allowed: a DataFrame"),
        ("a.csv", r"^X: got 'a\.csv'; allowed: a DataFrame\. Read the file with read_events first"),
        (toy_frame().head(0), r"an empty archive, no rows"),
        (toy_frame().drop(columns="headline"), r"headline"),
        (toy_frame().assign(id="a"), r"'a'"),
        (toy_frame().assign(tags="Mali"), r"tag_separator"),
        (toy_frame().assign(date="May"), r"'May'"),
        (toy_frame().assign(headline=" "), r"headline"),
    ],
)
def test_bad_archives(frame, message):
    with pytest.raises(InputError, match=message):
        RelatedEvents(encoder=KeywordEncoder()).fit(frame)


def test_a_new_event_needs_the_fit_s_encoder():
    class Grows:
        def __init__(self):
            self.width = 2

        def encode(self, texts):
            return np.ones((len(texts), self.width))

    encoder = Grows()
    model = RelatedEvents(encoder=encoder).fit(toy_frame())
    encoder.width = 3
    message = r"^encoder: gives vectors of length 3; allowed: the encoder of the fit, of length 2\."
    with pytest.raises(InputError, match=message):
        model.related_to("Flood")
