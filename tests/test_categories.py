"""Categories: keys, likeness by hand, and archives whose column is no category."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy import KeywordEncoder, toy_frame

from relatedevents import RelatedEvents, Weights
from relatedevents.features.categories import MOST_CATEGORIES, CategorySpace, category_key

CATEGORY = Weights.only(category=1)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Armed conflicts and attacks", "armed attack conflict"),
        ("Attacks and armed conflict", "armed attack conflict"),
        ("ARMED CONFLICTS, ATTACKS", "armed attack conflict"),
        ("Law and crime", "crime law"),
        ("Law & crime", "crime law"),
        ("The arts in 2012", "art"),
        ("Women's sport", "sport women"),
        ("Énergie_du-monde", "du monde énergie"),
        ("文化", "文化"),
        ("Business and business", "busines"),
        ("Other", ""),
        ("of the and", ""),
        ("2012", ""),
        ("s", ""),
        ("", ""),
    ],
)
def test_keys(name, key):
    assert category_key(name) == key


@given(st.text(max_size=30))
def test_a_key_is_plain_words_in_order(name):
    words = category_key(name).split(" ") if category_key(name) else []
    assert words == sorted(set(words))
    assert all(words)
    assert category_key(name.upper()) == category_key(name.upper().lower())


def test_likeness_by_hand():
    names = ["Sport", "Sports", "Law and crime", "Crime", None, "Law", "International law, crime"]
    space = CategorySpace.fit(names)
    assert space.keys == ["crime", "crime international law", "crime law", "law", "sport"]
    like = {
        ("crime", "crime law"): 1 / math.sqrt(2),
        ("crime", "crime international law"): 1 / math.sqrt(3),
        ("crime law", "crime international law"): 2 / math.sqrt(6),
        ("crime", "law"): 0.0,
        ("sport", "law"): 0.0,
    }
    assert space.likeness.shape == (6, 6)
    for (left, right), value in like.items():
        at = space.keys.index(left), space.keys.index(right)
        assert space.likeness[at] == space.likeness[at[::-1]] == pytest.approx(value)
    assert (np.diag(space.likeness)[:5] == 1.0).all()
    assert (space.likeness[5] == 0).all()
    assert (space.likeness[:, 5] == 0).all()
    assert space.transform(names).tolist() == [4, 4, 2, 0, 5, 3, 1]
    assert space.transform(["Weather", 5, "SPORT"]).tolist() == [5, 5, 4]
    assert space.transform(names).dtype == np.int32


def test_of_keys_is_what_fit_gave():
    space = CategorySpace.fit(["Sport", "Law and crime", "Crime"])
    again = CategorySpace.of_keys(space.keys)
    assert (again.likeness == space.likeness).all()
    assert again.keys == space.keys


@given(st.lists(st.one_of(st.none(), st.text("abs &,", max_size=9)), max_size=12))
def test_likeness_is_a_cosine_of_words(names):
    space = CategorySpace.fit(names)
    assert (space.likeness == space.likeness.T).all()
    assert ((space.likeness >= 0) & (space.likeness <= 1)).all()
    codes = space.transform(names)
    for name, code in zip(names, codes, strict=True):
        key = category_key(name) if name is not None else ""
        assert space.likeness[code, code] == (1.0 if key else 0.0)


@pytest.mark.parametrize("nothing", [None, math.nan, pd.NA, pd.NaT, 5, 2.5, True, ["Sport"], ""])
def test_anything_but_text_is_no_category(nothing):
    space = CategorySpace.fit([nothing, "Sport", nothing])
    assert space.keys == ["sport"]
    assert space.transform([nothing, "Sport"]).tolist() == [1, 0]
    alone = CategorySpace.fit([nothing, nothing])
    assert alone.keys == []
    assert alone.likeness.tolist() == [[0.0]]
    assert alone.transform([nothing]).tolist() == [0]


def letters(number):
    """A name of letters alone for each number: no two alike, none ends on s."""
    return "".join(chr(97 + number // 26**place % 26) for place in range(3)) + "x"


@pytest.mark.slow
def test_of_too_many_categories_the_commonest_stay():
    many = [letters(number) for number in range(MOST_CATEGORIES + 200)]
    common = many[-50:]
    space = CategorySpace.fit([*many, *common, *common])
    assert len(space.keys) == MOST_CATEGORIES
    assert space.likeness.shape == (MOST_CATEGORIES + 1, MOST_CATEGORIES + 1)
    assert set(common) <= set(space.keys)
    assert space.keys == sorted(space.keys)
    # Among the rest, equally rare, the first by name.
    assert set(space.keys) - set(common) == set(sorted(many[:-50])[: MOST_CATEGORIES - 50])
    left_out = max(set(many) - set(space.keys))
    assert space.transform([left_out]).tolist() == [MOST_CATEGORIES]


@pytest.mark.parametrize(
    "column",
    [
        ["Sport", "Law and crime"] * 6,
        pd.Categorical(["Sport", "Law and crime"] * 6),
        pd.Series(["Sport", "Law and crime"] * 6, dtype="string"),
    ],
)
def test_the_archive_s_column_decides(column):
    model = RelatedEvents(encoder=KeywordEncoder(), weights=CATEGORY)
    model.fit(toy_frame().assign(category=column))
    table = model.related_all(11)
    assert set(table["category"]) == {0.0, 1.0}
    of_id = model.archive_.set_index("id")["category"].astype(str)
    alike = of_id[table["id"]].to_numpy() == of_id[table["related_id"]].to_numpy()
    assert (table["category"].to_numpy() == alike).all()
    new = model.related_to("Else", category="Crimes & law", n=12)
    assert new["category"].tolist() == [1.0] * 6 + [0.0] * 6
    # A name that no event of the archive has is no category, however alike.
    assert (model.related_to("Else", category="Crime")["category"] == 0).all()


@pytest.mark.parametrize("column", [range(12), [2.5] * 12, [None] * 12, [["Sport"]] * 12])
def test_a_column_that_is_no_text_says_nothing(column):
    model = RelatedEvents(encoder=KeywordEncoder(), weights=CATEGORY)
    model.fit(toy_frame().assign(category=pd.Series(list(column))))
    assert (model.related_all()["category"] == 0).all()
    assert (model.related_all()["basis"] == "none").all()


def test_without_a_column_there_is_no_category():
    model = RelatedEvents(encoder=KeywordEncoder(), weights=CATEGORY).fit(toy_frame())
    assert model.index_.features.spaces["category"].keys == []
    assert (model.related_to("Flood", category="Sport")["category"] == 0).all()
