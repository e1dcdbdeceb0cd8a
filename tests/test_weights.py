"""Weights: what may be set, what may not, and scikit-learn's access to them."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from sklearn.base import clone

from relatedevents import RelatedEvents, Weights
from relatedevents.cli.sources import read_weights
from relatedevents.errors import InputError
from relatedevents.weights import SIGNALS


def test_names_and_defaults():
    weights = Weights()
    first = ("semantic", "topic", "tags", "coverage", "words", "text", "category", "time")
    assert (*first, "recency") == SIGNALS
    assert weights.by_signal() == tuple(getattr(weights, name) for name in SIGNALS)
    assert [name for name in SIGNALS if not getattr(weights, name)] == [*("coverage", "recency")]
    assert weights.half_lives() == weights.half_life
    assert Weights(half_life=30).half_lives() == (30.0,)
    assert weights.tie_break_column() is None


def test_the_hand_made_rule():
    rule = Weights.shared_tags()
    assert dict(zip(SIGNALS, rule.by_signal(), strict=True)) == {
        **dict.fromkeys(SIGNALS, 0.0),
        "coverage": 1.0,
    }
    assert rule.tie_break_column() == ("page", True)


def test_frozen_hashable_equal():
    assert Weights(tags=1) == Weights(tags=1.0)
    assert hash(Weights(half_life=[7, 30])) == hash(Weights(half_life=(7.0, 30.0)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        Weights().tags = 1.0


def test_round_trip_through_plain_values():
    weights = Weights(tags=1, half_life=(7, 30.5), tie_break="column:a:b:ascending")
    assert Weights.from_dict(weights.to_dict()) == weights
    assert Weights.from_dict({**weights.to_dict(), "half_life": [7, 30.5]}) == weights
    assert Weights.from_dict({"tags": 2}) == Weights(tags=2)
    assert weights.tie_break_column() == ("a:b", False)


@pytest.mark.parametrize("half_life", [41.6, (7.0, 30.0), [7, 30]])
def test_clone(half_life):
    weights = Weights(half_life=half_life)
    assert clone(weights) == weights


def test_with_params():
    weights = Weights.only(semantic=0.5, words=0.3, time=0.4, half_life=30)
    changed = weights.with_params(tags=2, time=0)
    assert changed == Weights.only(semantic=0.5, words=0.3, tags=2, half_life=30)
    assert weights == Weights.only(semantic=0.5, words=0.3, time=0.4, half_life=30)


def test_only_what_is_named_weighs():
    weights = Weights.only(category=2, half_life=(7, 30), tie_break="page")
    assert dict(zip(SIGNALS, weights.by_signal(), strict=True)) == {
        **dict.fromkeys(SIGNALS, 0.0),
        "category": 2.0,
    }
    assert (weights.half_life, weights.tie_break) == ((7.0, 30.0), "page")
    assert weights.recency_half_life == Weights().recency_half_life
    with pytest.raises(InputError, match=r"^weights: every weight is 0; allowed: at least one"):
        Weights.only(half_life=30)


def test_weights_without_a_threshold_have_none():
    old = Weights.only(semantic=1, time=1).to_dict()
    del old["time_threshold"]
    assert Weights.only(**old) == Weights.only(semantic=1, time=1)
    assert Weights.only(time=1).time_threshold == 0.0
    assert Weights.from_dict({"time_threshold": 2}).time_threshold == 2.0


def test_only_names_will_do():
    with pytest.raises(TypeError, match="positional"):
        Weights(0.5)


BAD = [
    ({"tags": -0.1}, "weights.tags: got -0.1; allowed: a finite number from 0 up to 1e+06."),
    ({"tags": math.nan}, "weights.tags: got nan; allowed: a finite number from 0"),
    ({"semantic": math.inf}, "weights.semantic: got inf; allowed: a finite number from 0"),
    ({"words": 1e39}, "weights.words: got 1e+39; allowed: a finite number from 0 up to 1e+06."),
    ({"words": "much"}, "weights.words: got 'much'; allowed: a finite number from 0"),
    ({"time": True}, "weights.time: got True; allowed: a finite number from 0"),
    ({"topic": -1}, "weights.topic: got -1; allowed: a finite number from 0 up to 1e+06."),
    ({"category": "x"}, "weights.category: got 'x'; allowed: a finite number from 0"),
    ({"coverage": None}, "weights.coverage: got None; allowed: a finite number from 0"),
    (
        dict.fromkeys(SIGNALS, 0),
        "weights: every weight is 0; allowed: at least one above 0.",
    ),
    ({"half_life": 0}, "weights.half_life: got 0; allowed: a finite number above 0."),
    ({"half_life": -3}, "weights.half_life: got -3; allowed: a finite number above 0."),
    ({"half_life": ()}, "weights.half_life: got no number; allowed: one or more numbers of days."),
    ({"half_life": (7, 0)}, "weights.half_life: got 0; allowed: a finite number above 0."),
    ({"half_life": "7"}, "weights.half_life: got '7'; allowed: a finite number above"),
    (
        {"time_threshold": 1e-9},
        "weights.time_threshold: got 1e-09; allowed: 0, or a number from 0.001 up to 1e+06.",
    ),
    ({"time_threshold": -1}, "weights.time_threshold: got -1; allowed: a finite number from 0"),
    (
        {"recency_half_life": 0},
        "weights.recency_half_life: got 0; allowed: a finite number above 0.",
    ),
    (
        {"tie_break": "newest"},
        "weights.tie_break: got 'newest'; allowed: 'date', 'page', 'column:NAME:ascending' or "
        "'column:NAME:descending'.",
    ),
    ({"tie_break": "column:views"}, "weights.tie_break: got 'column:views'; allowed: 'date'"),
    ({"tie_break": "column:a:up"}, "weights.tie_break: got 'column:a:up'; allowed: 'date'"),
    ({"tie_break": None}, "weights.tie_break: got None; allowed: 'date'"),
]


@pytest.mark.parametrize(("values", "message"), BAD)
def test_bad_values(values, message):
    with pytest.raises(InputError, match=re.escape(message)):
        Weights(**values)
    with pytest.raises(InputError, match=re.escape(message)):
        Weights().with_params(**values)


@pytest.mark.parametrize(
    "make",
    [Weights.from_dict, lambda d: Weights().with_params(**d), lambda d: Weights.only(**d)],
)
def test_unknown_names(make):
    with pytest.raises(InputError, match=r"weights: got 'tag'; allowed: semantic, topic, tags"):
        make({"tag": 1})


@pytest.mark.parametrize(
    "make",
    [
        Weights.from_dict,
        lambda d: Weights().with_params(**d),
        lambda d: Weights.only(**d),
        lambda d: RelatedEvents().set_params(**{f"weights__{name}": d[name] for name in d}),
        lambda d: read_weights(",".join(f"{name}={weight}" for name, weight in d.items())),
    ],
)
@pytest.mark.parametrize("weight", [0.8, 0.0])
def test_a_signal_that_was_removed(make, weight):
    message = (
        r"^weights: got 'neighbours', a signal that was removed; allowed: semantic, .*\. "
        r"Leave it out; weights learned beside it are best learned anew with tune\.$"
    )
    with pytest.raises(InputError, match=message):
        make({"semantic": 0.9, "neighbours": weight})
    # No tool that reads signatures is to be told of a name that is gone.
    with pytest.raises(TypeError, match="neighbours"):
        Weights(neighbours=weight)


def test_no_mapping():
    with pytest.raises(InputError, match=r"weights: got \[1\]; allowed: a mapping"):
        Weights.from_dict([1])
