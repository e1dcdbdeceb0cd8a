"""Tags: keys, spellings, aliases, idf weights and matrices."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.errors import InputError
from relatedevents.features.tags import TagSpace, check_aliases, idf, replace_aliases, tag_key

TAGS = st.text(alphabet="aAbBéÉß–- _", min_size=1, max_size=4)
LISTS = st.lists(st.lists(TAGS, max_size=4), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Syrian Civil War", "Syrian civil war"),
        ("Israel–Hamas war", "Israel-Hamas war"),
        ("Israel−Hamas war", "israel‑hamas war"),
        ("United_Nations", "united  nations "),
        ("Café", "CAFE\u0301"),
        ("STRASSE", "straße"),
        ("ﬁnance", "finance"),
        ("a\u00a0b", "a b"),
    ],
)
def test_spellings_of_one_tag(left, right):
    assert tag_key(left) == tag_key(right)


@pytest.mark.parametrize(("left", "right"), [("Mali", "Malta"), ("C", "C++"), ("Cote", "Côte")])
def test_spellings_of_two_tags(left, right):
    assert tag_key(left) != tag_key(right)


@given(st.text())
def test_key_of_a_key_is_itself(text):
    key = tag_key(text)
    assert tag_key(key) == key
    assert key == key.strip()
    assert unicodedata.is_normalized("NFKC", key)


def test_idf_by_hand():
    assert idf(9, np.array([0, 4, 9])) == pytest.approx([math.log(10), math.log(2), 0.0])


@given(LISTS)
def test_matrix_by_hand(tag_lists):
    space = TagSpace.fit(tag_lists)
    matrix = space.transform(tag_lists)
    sets = [{tag_key(tag) for tag in tags} - {""} for tags in tag_lists]
    df = Counter(key for some in sets for key in some)
    assert space.keys == sorted(df)
    n = len(tag_lists)
    for row, keys in enumerate(sets):
        weight = {key: math.log((1 + n) / (1 + df[key])) for key in keys}
        length = math.sqrt(sum(value**2 for value in weight.values())) or 1.0
        here = slice(*matrix.weights.indptr[row : row + 2])
        got = {
            space.keys[column]: value
            for column, value in zip(
                matrix.weights.indices[here], matrix.weights.data[here], strict=True
            )
        }
        # Tags of weight 0 are stored too: the pattern says which tags an event has.
        assert set(got) == keys
        assert got == pytest.approx({key: value / length for key, value in weight.items()})
        assert matrix.counts[row] == len(keys)


@given(LISTS, st.randoms())
def test_order_of_events_and_tags_changes_nothing(tag_lists, random):
    shuffled = [random.sample(tags, len(tags)) for tags in tag_lists]
    random.shuffle(shuffled)
    first, second = TagSpace.fit(tag_lists), TagSpace.fit(shuffled)
    assert first.keys == second.keys
    assert first.names == second.names
    assert first.weights.tolist() == second.weights.tolist()


def test_the_commonest_spelling_is_shown_and_the_smaller_among_equals():
    assert TagSpace.fit([["mali"], ["Mali"], ["Mali"]]).names == ["Mali"]
    assert TagSpace.fit([["mali"], ["MALI"]]).names == ["MALI"]


def test_unknown_tags_count_in_length_and_number():
    space = TagSpace.fit([["a", "b"], ["a"], ["c"]])
    matrix = space.transform([["a", "new", "NEW", "other"], ["new"], []])
    known = math.log(4 / 3)
    length = math.sqrt(known**2 + 2 * math.log(4) ** 2)
    assert matrix.weights.toarray()[0] == pytest.approx([known / length, 0, 0])
    assert matrix.weights[1:].nnz == 0
    assert matrix.counts.tolist() == [3, 1, 0]


def test_aliases_reach_fit_and_transform():
    space = TagSpace.fit([["UN", "United Nations"], ["Mali"]], {"un": "United Nations"})
    assert space.keys == ["mali", "united nations"]
    assert space.names == ["Mali", "United Nations"]
    assert space.transform([["U.N.", "UN"]]).counts.tolist() == [2]
    assert space.transform([["un"]]).weights.toarray().tolist() == [[0.0, 1.0]]


def test_chains_of_aliases_are_followed_whatever_their_order():
    chain = {"a": "b", "b": "C"}
    assert check_aliases(chain) == {"a": "C", "b": "C"}
    assert check_aliases(dict(reversed(chain.items()))) == {"b": "C", "a": "C"}
    assert replace_aliases([["A", "b", "d", "C"]], check_aliases(chain)) == [["C", "d"]]


def test_an_alias_may_name_a_spelling_of_itself():
    assert TagSpace.fit([["mali"], ["mali"]], {"mali": "Mali"}).names == ["Mali"]


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        (["UN"], r"tag_aliases: got \['UN'\]; allowed: a mapping \{alias: tag\}\."),
        ({"UN": 5}, r"tag_aliases: got 'UN': 5; allowed: non-empty text on each side\."),
        ({5: "UN"}, r"tag_aliases: got 5: 'UN'; allowed: non-empty text"),
        ({" ": "UN"}, r"tag_aliases: got ' ': 'UN'; allowed: non-empty text"),
        ({"UN": " "}, r"tag_aliases: got 'UN': ' '; allowed: non-empty text"),
        ({"a": "b", "b": "a"}, r"tag_aliases: 'a' leads back to itself; allowed: no circles\."),
        ({"a": "b", "b": "c", "c": "b"}, r"tag_aliases: 'a' leads back to itself|'b' leads"),
        ({"UN": "x", "un": "y"}, r"tag_aliases: 'un' stands for 'x' and for 'y'; allowed: one"),
    ],
)
def test_bad_aliases(aliases, message):
    with pytest.raises(InputError, match=message):
        check_aliases(aliases)
    with pytest.raises(InputError, match=message):
        TagSpace.fit([["a"]], aliases)
