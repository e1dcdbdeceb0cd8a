"""Filters: what a user says of which events may be listed, and what may not be said."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd
import pytest

from relatedevents.archive import UNDATED, Ids
from relatedevents.errors import InputError, UnknownIdError
from relatedevents.retrieval.filters import ANY_DAY, check_pins, read_as_of, read_choice, read_where

IDS = Ids(["2012/mali", "2012/niger", "2013/rome", "2014/oslo"])
TABLE = pd.DataFrame(
    {
        "id": list(IDS),
        "date": pd.to_datetime(["2012-01-01", "2012-01-02", None, "2014-01-01"]).astype(
            "datetime64[s]"
        ),
        "headline": ["A", "B", "C", "D"],
        "tags": [[], ["Mali", "UN"], ["mali"], ["Oslo–Accord"]],
        "category": ["Law", "Sport", None, "Sport"],
        "views": [1.0, 5.0, np.nan, 9.0],
        "sources": [None, ["x", "y"], ("y",), np.array(["z"])],
    }
)
DAYS = np.array([10, 20, UNDATED], dtype=np.int32)


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (None, "1111"),
        ([True, False, True, False], "1010"),
        (np.array([False, True, True, False]), "0110"),
        (TABLE["views"] > 2, "0101"),
        ({}, "1111"),
        ({"category": "Sport"}, "0101"),
        ({"category": ["Sport", "Law"]}, "1101"),
        ({"category": {"Law"}}, "1000"),
        ({"category": np.array(["Law", "x", "y", "z"])}, "1000"),
        ({"category": pd.Series(["Law"])}, "1000"),
        ({"category": []}, "0000"),
        ({"category": ("!=", "Sport")}, "1010"),
        ({"category": ("not in", ["Sport"])}, "1010"),
        ({"views": (">", 1)}, "0101"),
        ({"views": (">=", 1), "category": "Law"}, "1000"),
        ({"views": ("<", 5)}, "1000"),
        ({"date": (">=", "2012-01-02")}, "0101"),
        ({"date": ("<", datetime.date(2012, 1, 2))}, "1000"),
        ({"date": "2012-01-02"}, "0100"),
        ({"date": [(">", "2012-01-01"), ("<", "2014-01-01")]}, "0100"),
        ({"views": [("in", [1, 9]), ("!=", 9)], "category": "Law"}, "1000"),
        ({"date": ["2012-01-02", "2014-01-01"]}, "0101"),
        ({"tags": "MALI"}, "0110"),
        ({"tags": ["un", "oslo-accord"]}, "0101"),
        ({"tags": ("!=", "Mali")}, "1001"),
        ({"tags": ("not in", ["Mali", "oslo-accord"])}, "1000"),
        ({"sources": "y"}, "0110"),
        ({"sources": ("!=", "y")}, "1001"),
        ({"headline": ("in", ["A", "D"])}, "1001"),
    ],
)
def test_where(where, wanted):
    mask = read_where(where, TABLE)
    assert mask.dtype == np.bool_
    assert "".join("01"[int(yes)] for yes in mask) == wanted


def test_the_user_s_mask_stays_as_it_is():
    mask = np.ones(4, dtype=bool)
    read_where(mask, TABLE)[0] = False
    assert mask.all()


FORMS = "a mask with one True or False an event, {column: value}"


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("views > 2", f"where: got the text 'views > 2'; allowed: {FORMS}"),
        ("views > 2", "No text is evaluated."),
        ([True, False], "where: got bool of shape (2,) for 4 events; allowed: a mask"),
        ([1, 0, 1, 0], "where: got int64 of shape (4,) for 4 events; allowed: a mask"),
        (3, "where: got int64 of shape () for 4 events; allowed: a mask"),
        (
            {"catgory": "Sport"},
            "where['catgory']: the archive has no such column; allowed: one of the columns 'id', "
            "'date', 'headline', 'tags', 'category', 'views', 'sources'.",
        ),
        (
            {"views": ("~", 2)},
            "where['views']: got ('~', 2); allowed: (operator, value) with an operator of ==, !=, "
            "<, <=, >, >=, in, not in.",
        ),
        ({"views": (">", 2, 3)}, "where['views']: got ('>', 2, 3); allowed: (operator, value)"),
        ({"category": ("Law", "Sport")}, "where['category']: got ('Law', 'Sport'); allowed: (op"),
        ({"views": ([1], 2)}, "where['views']: got ([1], 2); allowed: (operator, value)"),
        (
            {"views": [(">", 1), ("~", 2)]},
            "where['views']: got ('~', 2); allowed: (operator, value)",
        ),
        ({"views": ("in", 3)}, "where['views']: got 3; allowed: a list of values."),
        ({"category": ("in", "Law")}, "where['category']: got 'Law'; allowed: a list of values."),
        ({"views": (">", "many")}, "where['views']: got > 'many'; allowed: a value that can be"),
        ({"views": ("==", [1, 2])}, "where['views']: got == [1, 2]; allowed: one value, not mis"),
        ({"views": None}, "where['views']: got == None; allowed: one value, not missing."),
        ({"category": [None]}, "where['category']: got == None; allowed: one value, not missing"),
        ({"tags": (">", "Mali")}, "where['tags']: got > 'Mali'; allowed: a text to look for in"),
        ({"tags": 5}, "where['tags']: got == 5; allowed: a text to look for in its lists"),
        ({"date": (">", "May")}, "where['date']: got 'May'; allowed: a date, a datetime, or text"),
        ({"date": (">", "01/02/2012")}, "where['date']: got '01/02/2012', where day and month"),
    ],
)
def test_bad_where(where, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_where(where, TABLE)


@pytest.mark.parametrize(
    ("as_of", "wanted"),
    [
        ("own", [10, 20, ANY_DAY]),
        ("1970-01-05", [4, 4, 4]),
        (datetime.date(1970, 1, 5), [4, 4, 4]),
        (datetime.datetime(1970, 1, 5, 23, 59), [4, 4, 4]),
        (np.datetime64("1970-01-05"), [4, 4, 4]),
        (pd.Timestamp("1969-12-31"), [-1, -1, -1]),
        ({"a": "1970-01-02", "b": "1970-01-03", "c": "1970-01-04", "z": "?"}, [1, 2, 3]),
        (pd.Series({"a": "1970-01-02", "b": "1970-01-03", "c": "1970-01-04"}), [1, 2, 3]),
    ],
)
def test_as_of(as_of, wanted):
    assert read_as_of(as_of, ["a", "b", "c"], DAYS).tolist() == wanted


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        ("yesterday", "as_of: got 'yesterday'; allowed: a date, a datetime, or text that starts"),
        ("Own", "'own' is each event's own day, and a mapping {id: date} works too."),
        ("2012-02-30", "as_of: got '2012-02-30', a day that the calendar does not have; allowed"),
        ("2012", "as_of: got '2012', which names no day; allowed: a date"),
        (2012, "as_of: got 2012 (int); allowed: a date, a datetime"),
        (float("nan"), "as_of: got nan; allowed: a date"),
        ({"a": "1970-01-02"}, "as_of: no date for 'b', 'c'; allowed: a date for every query."),
        ({"a": "x", "b": "x", "c": "x"}, "as_of['a']: got 'x'; allowed: a date"),
        ({"a": "own", "b": "x", "c": "x"}, "as_of['a']: got 'own'; allowed: a date"),
        ({"a": None, "b": "x", "c": "x"}, "as_of['a']: got None; allowed: a date"),
    ],
)
def test_bad_as_of(as_of, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_as_of(as_of, ["a", "b", "c"], DAYS)


def test_choices():
    assert read_choice("pins", None, IDS).most == 0
    for form in (
        ["2013/rome", "2012/mali"],
        ("2013/rome", "2012/mali"),
        iter(["2013/rome", "2012/mali"]),
    ):
        choice = read_choice("pins", form, IDS)
        assert choice.of(1).tolist() == [2, 0]
        assert choice.of(2).tolist() == [0]
    assert sorted(read_choice("exclude", {"2013/rome", "2012/mali"}, IDS).of(1)) == [0, 2]
    by_id = read_choice("pins", {"2012/mali": ["2013/rome"], "2012/niger": []}, IDS)
    assert by_id.of(0).tolist() == [2]
    assert by_id.of(1).tolist() == by_id.of(3).tolist() == []
    assert by_id.most == 1


@pytest.mark.parametrize("name", ["exclude", "pins"])
@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("2012/mali", "{}: got '2012/mali'; allowed: a list of ids, or a mapping from id to such"),
        (5, "{}: got 5; allowed: a list of ids"),
        (["2012/mal"], "{}: the archive has no '2012/mal' (nearest: '2012/mali'"),
        (["2012/mali", None], "{}, position 1: got None; allowed: an id: non-empty text."),
        (["2012/mali"] * 2, "{}: '2012/mali' named twice; allowed: each id once."),
        ({"2012/mal": []}, "{}: the archive has no '2012/mal' (nearest: '2012/mali'"),
        ({"2012/mali": "2013/rome"}, "{}['2012/mali']: got '2013/rome'; allowed: a list of ids"),
        ({"2012/mali": ["2013/rom"]}, "{}['2012/mali']: the archive has no '2013/rom' (nearest: "),
    ],
)
def test_bad_choices(name, choice, message):
    with pytest.raises(InputError, match=re.escape(message.format(name))) as caught:
        read_choice(name, choice, IDS)
    assert isinstance(caught.value, UnknownIdError) == ("archive has no" in message)


def test_pins_need_an_order():
    with pytest.raises(InputError, match=r"pins: got the set \{'2012/mali'\}; allowed: a list, in"):
        read_choice("pins", {"2012/mali"}, IDS)
    with pytest.raises(InputError, match=r"pins\['2013/rome'\]: got the set"):
        read_choice("pins", {"2013/rome": {"2012/mali"}}, IDS)


@pytest.mark.parametrize(
    ("pins", "exclude"),
    [
        (["2012/mali"], ["2012/niger", "2012/mali"]),
        ({"2013/rome": ["2012/mali"]}, ["2012/mali"]),
        (["2012/mali"], {"2013/rome": ["2012/mali"]}),
        ({"2013/rome": ["2012/mali"]}, {"2013/rome": ["2012/mali"]}),
    ],
)
def test_a_pin_that_is_excluded(pins, exclude):
    message = (
        "pins: '2012/mali' also stands in exclude; allowed: ids that are not excluded. "
        "Take it out of one of the two."
    )
    with pytest.raises(InputError, match=re.escape(message)):
        check_pins(read_choice("pins", pins, IDS), read_choice("exclude", exclude, IDS), IDS)


def test_a_pin_of_one_list_may_be_excluded_from_another():
    pins = read_choice("pins", {"2013/rome": ["2012/mali"]}, IDS)
    exclude = read_choice("exclude", {"2014/oslo": ["2012/mali"]}, IDS)
    check_pins(pins, exclude, IDS)
