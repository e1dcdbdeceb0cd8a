"""Variety: near-duplicates and maximal marginal relevance against a slow reference in plain sets.

The reference looks at every event; it shares no line with the package but the raw material that
`toy.Slow` has too.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from toy import ALL, KeywordEncoder, RandomEncoder, Slow, lists_of, random_frame

from relatedevents import RelatedEvents, Weights
from relatedevents._util.arrays import UNDATED
from relatedevents.errors import InputError
from relatedevents.evaluation.tables import run_from_table
from relatedevents.features.word_sets import Wording
from relatedevents.rerank import Above, keep_distinct, pick_diverse
from relatedevents.writers.trec import write_trec_run

BOTH = {"diversity": 0.4, "near_duplicates": "drop"}


class Variety:
    """The slow reference over an archive: what says the same, how alike two events are, lists."""

    def __init__(self, frame, encoder, weights):
        self.slow = Slow(frame, encoder, weights)
        self.headline = dict(zip(frame["id"], frame["headline"], strict=True))
        sets = [set(self.plain(headline)) for headline in frame["headline"]]
        self.n = len(sets)
        self.df = Counter(word for words in sets for word in words)

    @staticmethod
    def plain(headline):
        return re.findall(r"\w+", unicodedata.normalize("NFKC", headline).casefold())

    def weight(self, words):
        return math.fsum(math.log((1 + self.n) / (1 + self.df[word])) for word in words)

    def same(self, left, right):
        """Whether two (headline, day) say the same."""
        a, b = self.plain(left[0]), self.plain(right[0])
        if a == b and (a or left[0] == right[0]):
            return True
        if None not in (left[1], right[1]) and abs(left[1] - right[1]) > 7:
            return False
        shared, either = self.weight({*a} & {*b}), self.weight({*a} | {*b})
        return either > 0 and shared / either >= 0.75 - 1e-9

    def told(self, id_):
        return self.headline[id_], self.slow.days[self.slow.row[id_]]

    def likeness(self, left, right):
        (vector, tags, *_), (other, more, *_) = self.slow.of_id(left), self.slow.of_id(right)
        cosine = math.fsum(x * y for x, y in zip(vector, other, strict=True))
        return (min(max(cosine, 0.0), 1.0) + min(self.slow.dot(tags, more), 1.0)) / 2

    def list(
        self, id_, n, *, diversity=0, drop=False, until=None, exclude=(), pins=(), lowest=None
    ):
        slow, weights = self.slow, self.slow.weights
        query = slow.of_id(id_)
        pins = [
            pin
            for pin in pins
            if pin != id_ and (until is None or (self.told(pin)[1] or 10**9) <= until)
        ]
        allowed = set(slow.ids) - set(exclude) - set(pins)
        first = slow.ordered(
            lambda other: sum(slow.parts(query, slow.of_id(other))),
            own=id_,
            until=until,
            allowed=allowed,
        )
        width = max(n, 30, 3 * n)
        while True:
            ranked = [
                (other, score)
                for other, score in first[:width]
                if lowest is None or score >= lowest
            ]
            kept = []
            for other, score in ranked:
                above = [id_, *pins, *(one for one, _ in kept)]
                if not drop or not any(self.same(self.told(other), self.told(a)) for a in above):
                    kept.append((other, score))
            least = first[width - 1][1] if width <= len(first) else -1
            enough = lowest is None or least >= lowest
            if len(kept) >= n or len(kept) == len(ranked) or width >= len(first) or not enough:
                break
            width *= 2
        if not diversity:
            return [*pins, *(other for other, _ in kept)][:n]
        listed, left = list(pins), list(kept)
        while left and len(listed) < n:
            values = [
                (1 - diversity) * score / sum(weights.by_signal())
                - diversity * self.mean([self.likeness(other, above) for above in listed])
                for other, score in left
            ]
            rounded = [math.floor(value * 1e6 + 0.5) for value in values]
            best = rounded.index(max(rounded)) if listed else 0
            listed.append(left.pop(best)[0])
        old = [*pins, *(other for other, _ in kept)]
        return sorted(listed, key=old.index)[:n]

    @staticmethod
    def mean(values):
        return math.fsum(values) / len(values) if values else 0.0


def model_of(frame, encoder, weights, **params):
    return RelatedEvents(encoder=encoder, weights=weights, **params).fit(frame)


# --- by hand -------------------------------------------------------------------------------


def by_hand(*headlines, dates=None):
    dates = dates or ["2012-01-01"] * len(headlines)
    ids = [f"e{number}" for number in range(len(headlines))]
    frame = pd.DataFrame({"id": ids, "date": dates, "headline": headlines})
    frame["tags"] = [[] for _ in headlines]
    return model_of(frame, KeywordEncoder(), Weights.only(semantic=1))


def test_the_best_stays_first_and_the_next_pay_for_their_likeness():
    # Cosines with e0: 1, 1, sqrt(.5), sqrt(.5); likeness is half the cosine, for want of tags.
    model = by_hand("Flood vote", "Flood vote now", "Flood vote today", "A flood", "A vote")
    assert model.related("e0", 3)["related_id"].tolist() == ["e1", "e2", "e3"]
    # .5 - .5 * .5 = .25 against .5 * .707 - .5 * .354 = .177: the second one's double stays.
    lists = model.related("e0", 3, diversity=0.5)
    assert lists["related_id"].tolist() == ["e1", "e2", "e3"]
    # .3 - .7 * .5 = -.05 against .3 * .707 - .7 * .354 = -.035; then, by the mean likeness to
    # both, .3 - .7 * .427 = .001 against .3 * .707 - .7 * .177 = .088.
    lists = model.related("e0", 3, diversity=0.7)
    assert lists["related_id"].tolist() == ["e1", "e3", "e4"]
    assert lists["rank"].tolist() == [1, 2, 3]
    assert lists["score"].tolist() == pytest.approx([1, 0.5**0.5, 0.5**0.5])
    # What is chosen keeps the order that it had.
    lists = model.related("e0", 4, diversity=0.7)
    assert lists["related_id"].tolist() == ["e1", "e2", "e3", "e4"]


def test_at_1_only_likeness_counts_and_of_equal_ones_the_first_is_taken():
    model = by_hand("Flood", "Flood now", "Flood too", "Vote", "Match", "Court")
    assert model.related("e0", 3, diversity=1)["related_id"].tolist() == ["e1", "e3", "e4"]
    assert model.related("e0", 4, diversity=1)["related_id"].tolist() == ["e1", "e3", "e4", "e5"]


WORDINGS = [
    # Alike whatever lies between them: case, signs and blanks count nothing.
    ("Army takes Kidal", "ARMY takes  Kidal!", "2012-01-01", "2017-01-01", True),
    ("Army takes Kidal", "Ａrmy takes “Kidal”", "2012-01-01", "2017-01-01", True),
    ("???", "???", "2012-01-01", "2012-01-01", True),
    ("???", "!!!", "2012-01-01", "2012-01-01", False),
    # Nearly the same: within a week, or where a date is unknown.
    ("Army takes the town of Kidal", "Army takes town of Kidal", "2012-01-01", "2012-01-08", True),
    ("Army takes the town of Kidal", "Army takes town of Kidal", "2012-01-01", "2012-01-09", False),
    ("Army takes the town of Kidal", "Army takes town of Kidal", "2012-01-01", None, True),
    # A name or a number that differs tells two headlines apart.
    ("Go to the polls in Guinea", "Go to the polls in Austria", "2012-01-01", "2012-01-01", False),
    ("Toll rises to 547", "Toll rises to 823", "2012-01-01", "2012-01-02", False),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right", "day", "other_day", "same"), WORDINGS)
def test_which_headlines_say_the_same(left, right, day, other_day, same):
    common = [
        "The toll rises to an end",
        "Voters go to the polls",
        "The town of Gao",
        "Polls in of",
    ]
    frame = pd.DataFrame({"id": list("abcdefgh"), "date": None})
    frame["headline"] = ["Quartz zebra", left, right, *common, "Go, voters: the polls"]
    frame["date"] = ["2011-12-30", day, other_day, *(5 * ["2010-01-01"])]
    frame["tags"] = [[] for _ in range(8)]
    model = model_of(frame, KeywordEncoder(), Weights.only(time=1))
    listed = set(model.related("a", 7, near_duplicates="drop")["related_id"])
    assert ("b" in listed) + ("c" in listed) == (1 if same else 2)
    # The query's own double is dropped too, an event from outside included.
    assert ("c" in set(model.related("b", 7, near_duplicates="drop")["related_id"])) != same
    new = model.related_to(left, date=day, n=8, near_duplicates="drop")["related_id"]
    assert "b" not in set(new)
    assert ("c" in set(new)) != same


def test_a_story_of_one_headline_is_passed_by_until_the_list_is_full():
    # 200 doubles stand before the five others; a list of three finds them all the same.
    others = ["Vote", "Match", "Strike", "Court", "A vote, a match"]
    model = by_hand("Flood now", *["Flood"] * 200, *others)
    lists = model.related_all(3, near_duplicates="drop")
    assert lists.groupby("id").size().eq(3).all()
    for id_ in ("e0", "e1", "e201"):
        headlines = model.related(id_, 3, near_duplicates="drop")["headline"]
        assert headlines.is_unique
        assert (
            lists_of(lists)[id_]
            == model.related(id_, 3, near_duplicates="drop")["related_id"].tolist()
        )
    # Where there are no more, the list is shorter.
    assert len(model.related("e0", 50, near_duplicates="drop")) == 6


def test_pins_stay_and_what_says_the_same_below_them_goes():
    model = by_hand("Flood now", "Flood", "Flood", "Vote", "Vote", "Match")
    lists = model.related("e0", 6, pins=["e4", "e2"], near_duplicates="drop")
    assert lists["related_id"].tolist() == ["e4", "e2", "e5"]
    # Pins count as above: the first candidate already pays for its likeness to them.
    lists = model.related("e0", 2, pins=["e2"], diversity=1)
    assert lists["related_id"].tolist() == ["e2", "e3"]
    # Pins are counted in n before what is chosen is put in order.
    lists = model.related("e0", 3, pins=["e5"], diversity=1)
    assert lists["related_id"].tolist() == ["e5", "e1", "e3"]


# --- against the slow reference ------------------------------------------------------------


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 14),
    n_events=st.sampled_from([3, 20, 60]),
    diversity=st.sampled_from([0, 0.2, 0.5, 1]),
    drop=st.booleans(),
    weights=st.sampled_from([ALL, Weights.only(semantic=0.6, tags=0.5, time=0.4)]),
    # No score that sums of these weights may come to but for rounding.
    lowest=st.sampled_from([None, 0.2134, 0.6123]),
)
def test_lists_are_those_of_the_slow_reference(seed, n, n_events, diversity, drop, weights, lowest):
    # Three words: most headlines have doubles.
    frame = random_frame(seed, n_events, words=["flood", "vote", "the"])
    encoder = RandomEncoder()
    model = model_of(frame, encoder, weights)
    reference = Variety(frame, encoder, weights)
    rng = np.random.default_rng(seed)
    ids = frame["id"].tolist()
    options = {"diversity": diversity, "near_duplicates": "drop" if drop else "keep"}
    for id_ in rng.choice(ids, min(3, n_events), replace=False):
        pins = [str(pin) for pin in rng.choice(ids, min(2, n_events), replace=False)]
        exclude = [x for x in dict.fromkeys(map(str, rng.choice(ids, 2))) if x not in pins]
        day = None if rng.random() < 0.5 else "2012-01-25"
        until = None if day is None else Slow.day(day)
        table = model.related(
            id_, n, pins=pins, exclude=exclude, as_of=day, min_score=lowest, **options
        )
        wanted = reference.list(
            id_, n, diversity=diversity, drop=drop, until=until, exclude=exclude, pins=pins,
            lowest=lowest,
        )  # fmt: skip
        assert table["related_id"].tolist() == wanted
        by_row = {id_: exclude}
        many = model.related_many([id_], n, exclude=by_row, min_score=lowest, **options)
        plain = reference.list(
            id_, n, diversity=diversity, drop=drop, exclude=exclude, lowest=lowest
        )
        assert many["related_id"].tolist() == plain


@pytest.mark.parametrize("options", [BOTH, {"diversity": 1}, {"near_duplicates": "drop"}])
@pytest.mark.parametrize("weights", [ALL, Weights.only(tags=1)])
def test_every_method_gives_the_same_lists(options, weights):
    frame = random_frame(5, 300, words=["flood", "vote", "the", "town"])
    model = model_of(frame, RandomEncoder(), weights, n_threads=1)
    every = model.related_all(6, **options)
    ids = frame["id"].tolist()
    pd.testing.assert_frame_equal(model.related_many(ids, 6, **options), every, check_exact=True)
    one = model.related(ids[7], 6, **options)
    assert one["related_id"].tolist() == lists_of(every)[ids[7]]
    # Threads, blocks and the archive's order change nothing.
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    other = model_of(shuffled, RandomEncoder(), weights, n_threads=3, block_size=64)
    assert lists_of(other.related_all(6, **options)) == lists_of(every)
    # Lists kept from a plain call are looked at and not touched.
    plain = model.related_all(6)
    cached = model._fitted.lists
    pd.testing.assert_frame_equal(model.related_all(6, **options), every, check_exact=True)
    assert model._fitted.lists is cached
    pd.testing.assert_frame_equal(model.related_all(6), plain, check_exact=True)


def test_without_an_option_and_without_doubles_lists_are_the_plain_ones():
    words = [f"word{number}" for number in range(400)]
    frame = random_frame(3, 120, words=words)
    model = model_of(frame, RandomEncoder(), ALL)
    plain = model.related_all(8)
    for options in ({"diversity": 0}, {"diversity": 0.0, "near_duplicates": "keep"}):
        pd.testing.assert_frame_equal(model.related_all(8, **options), plain, check_exact=True)
    reference = Variety(frame, RandomEncoder(), ALL)
    told = [reference.told(id_) for id_ in frame["id"]]
    alike = {
        id_
        for row, id_ in enumerate(frame["id"])
        if any(reference.same(told[row], told[other]) for other in range(120) if other != row)
    }
    dropped = lists_of(model.related_all(8, near_duplicates="drop"))
    lone = [id_ for id_, ids in lists_of(plain).items() if not alike & {id_, *ids}]
    assert lone
    assert all(dropped[id_] == lists_of(plain)[id_] for id_ in lone)


@given(data=st.data(), diversity=st.sampled_from([0.1, 0.5, 1.0]))
def test_picks_are_those_of_the_formula(data, diversity):
    # Vectors with one 1 and relevance in quarters: every value is exact, and ties are many.
    n_rows = data.draw(st.integers(1, 9))
    axes = data.draw(st.lists(st.integers(0, 3), min_size=n_rows, max_size=n_rows))
    vectors = np.eye(4, dtype=np.float32)[axes]
    tags = np.eye(3)[data.draw(st.lists(st.integers(0, 2), min_size=n_rows, max_size=n_rows))]
    archive = SimpleNamespace(vectors=vectors, tags=sparse.csr_matrix(tags))
    sizes = data.draw(st.lists(st.integers(0, n_rows), min_size=1, max_size=3))
    lists = [data.draw(st.permutations(range(n_rows)))[:size] for size in sizes]
    above = [data.draw(st.lists(st.integers(0, n_rows - 1), max_size=2)) for _ in sizes]
    relevance = data.draw(
        st.lists(st.integers(0, 4).map(lambda x: x / 4), min_size=sum(sizes), max_size=sum(sizes))
    )
    n = data.draw(st.integers(1, 5))
    wanted, start = [], 0
    for rows, over in zip(lists, above, strict=True):
        left, listed = list(range(len(rows))), list(over)
        chosen = []
        for place in range(max(min(n - len(over), len(rows)), 0)):
            values = []
            for k in left:
                alike = [
                    (vectors[a] @ vectors[rows[k]] + tags[a] @ tags[rows[k]]) / 2 for a in listed
                ]
                values.append(
                    (1 - diversity) * relevance[start + k] - diversity * Variety.mean(alike)
                )
            rounded = [math.floor(value * 1e6 + 0.5) for value in values]
            best = left[rounded.index(max(rounded))] if place or over else left[0]
            left.remove(best)
            listed.append(rows[best])
            chosen.append(start + best)
        wanted += sorted(chosen)
        start += len(rows)
    numbers = np.repeat(np.arange(len(above)), [len(some) for some in above])
    picked = pick_diverse(
        np.array(sizes),
        np.array([row for rows in lists for row in rows], dtype=np.int64),
        np.array(relevance),
        n,
        diversity,
        Above.of(
            len(above), numbers, np.array([a for some in above for a in some], dtype=np.int64)
        ),
        archive,
    )
    assert picked.tolist() == wanted


def test_wording_from_outside_is_weighed_as_in_the_archive():
    wording = Wording.of(["Army takes town", "Army leaves town"])
    more = wording.with_more(["Army takes TOWN", "Zebra army"])
    assert more.codes[2] == more.codes[0]
    assert more.masses[2] == more.masses[0]
    assert more.masses[3] == pytest.approx(math.log(3))  # Every headline has "army".
    assert len(wording.codes) == 2
    assert "zebra" not in wording.words
    assert Wording.of([]).masses.tolist() == []


def test_no_candidates_at_all():
    nothing = np.zeros(0, dtype=np.int64)
    above = Above.of(2, nothing, nothing)
    wording, days = Wording.of(["A"]), np.array([UNDATED], dtype=np.int32)
    assert keep_distinct(np.zeros(2, dtype=np.int64), nothing, above, wording, days).tolist() == []
    archive = SimpleNamespace(vectors=np.eye(1, dtype=np.float32), tags=sparse.eye(1).tocsr())
    counts = np.zeros(2, dtype=np.int64)
    assert pick_diverse(counts, nothing, np.zeros(0), 3, 0.5, above, archive).tolist() == []
    model = by_hand("Flood", "Vote")
    assert model.related_all(3, min_score=9, **BOTH).empty
    assert model.related_many([], 3, **BOTH).empty


# --- what else reads such lists ------------------------------------------------------------


def test_a_run_keeps_the_order_of_the_list(tmp_path):
    model = by_hand("Flood vote", "Flood vote now", "Flood vote today", "A flood", "A vote")
    # A pin of the lowest score stands first.
    table = model.related_many(["e0"], 4, diversity=0.7, pins=["e4"])
    assert not table["score"].is_monotonic_decreasing
    assert run_from_table(table) == {"e0": ["e4", "e1", "e2", "e3"]}
    lines = write_trec_run(table, tmp_path / "run").read_text().splitlines()
    assert [line.split()[2] for line in lines] == ["e4", "e1", "e2", "e3"]
    scores = [float(line.split()[4]) for line in lines]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"diversity": 1.1}, r"diversity: got 1.1; allowed: a finite number from 0 up to 1."),
        ({"diversity": -0.1}, r"diversity: got -0.1; allowed: a finite number from 0 up to 1."),
        ({"diversity": np.nan}, r"diversity: got nan; allowed: a finite number from 0 up to 1."),
        ({"diversity": "high"}, r"diversity: got 'high'; allowed: a finite number"),
        ({"diversity": None}, r"diversity: got None; allowed: a finite number"),
        ({"diversity": True}, r"diversity: got True; allowed: a finite number"),
        ({"near_duplicates": "off"}, r"near_duplicates: got 'off'; allowed: 'keep', 'drop'."),
        ({"near_duplicates": True}, r"near_duplicates: got True; allowed: 'keep', 'drop'."),
        ({"near_duplicates": None}, r"near_duplicates: got None; allowed: 'keep', 'drop'."),
    ],
)
def test_bad_options(options, message):
    model = by_hand("Flood", "Vote")
    for ask in (
        lambda: model.related("e0", **options),
        lambda: model.related_to("Flood", **options),
        lambda: model.related_many(["e0"], **options),
        lambda: model.related_all(**options),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            ask()
