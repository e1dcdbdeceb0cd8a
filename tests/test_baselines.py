"""Baselines: each against a slow and obvious reference, Hugo's rules by hand-worked cases."""

import importlib
import json
import math
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relatedevents import load_sample, load_sample_links
from relatedevents._baselines import BASELINES, HugoConfig, HugoIndex, baselines
from relatedevents._baselines.bm25 import bm25_scorer
from relatedevents._baselines.fusion import fuse
from relatedevents._baselines.hugo import hugo_keeps
from relatedevents._baselines.rows import EXCLUDED, OrderedArchive, best_rows, scored_lists
from relatedevents._baselines.sums import PlainSum, PlainValues
from relatedevents.archive import check_events, days_of
from relatedevents.encoders import encode_headlines, resolve_encoder
from relatedevents.errors import InputError, MissingExtraError, UnknownIdError
from relatedevents.features.tags import tag_key
from relatedevents.features.words import WordSpace
from relatedevents.index.order import page_paths
from relatedevents.signals.semantic import encoded_texts

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
NEEDS_SHARED = pytest.mark.skipif(not SHARED.exists(), reason="no ../shared/data")
N = 10


@pytest.fixture(scope="module")
def sample():
    return load_sample()


@pytest.fixture(scope="module")
def runs(sample):
    return baselines(sample, n=N)


@pytest.fixture(scope="module")
def deep(sample):
    """Lists of the three parts of the fusion, as deep as the fusion reads them."""
    return baselines(sample, n=100, names=["tags", "words", "semantic"])


def lists_of(table):
    return table.groupby("id", sort=False)["related_id"].agg(list).to_dict()


def by_ties(archive):
    """Return the ids in the order of equal scores: newer date, undated last, smaller id."""
    undated = np.iinfo(np.int32).max
    days = days_of(archive["date"]).tolist()
    keys = [(day == undated, -day, c) for c, day in zip(archive["id"], days, strict=True)]
    return [c for _, _, c in sorted(keys)]


def in_order(ids, query, scores, n=N):
    """Return the n best ids by score, equal ones as in `ids`; None is never listed."""
    listed = [c for c in ids if c != query and scores[c] is not None]
    return sorted(listed, key=lambda c: -scores[c])[:n]


def cosine_lists(archive, vectors):
    """Return every list by the cosine of {column: weight} vectors, one pair after another."""
    length = {c: math.sqrt(sum(w * w for w in v.values())) for c, v in vectors.items()}
    ids, lists = by_ties(archive), {}
    for q, x in vectors.items():
        scores = {}
        for c, y in vectors.items():
            dot = sum(w * y[k] for k, w in x.items() if k in y)
            scores[c] = round(dot / (length[q] * length[c]), 6) if dot else 0.0
        lists[q] = in_order(ids, q, scores)
    return lists


def toy(rows):
    """Return a checked archive of rows (id, date, tags), headlines without a common word."""
    frame = pd.DataFrame(
        [{"id": i, "date": d, "tags": list(t), "headline": f"event{i}"} for i, d, t in rows]
    )
    return check_events(frame)


# Each baseline against the obvious.


def test_every_baseline_is_there_and_lists_no_event_under_itself(sample, runs):
    assert list(runs) == list(BASELINES)
    for name, table in runs.items():
        assert list(table.columns[:4]) == ["id", "rank", "related_id", "score"], name
        assert (table["id"] != table["related_id"]).all(), name
        assert not table.duplicated(["id", "related_id"]).any(), name
        assert set(table["related_id"]) <= set(sample["id"]), name
        for _, one in table.groupby("id"):
            assert one["rank"].tolist() == list(range(1, len(one) + 1)), name
            assert len(one) <= N, name
        if name not in ("bm25", "fusion", "hugo", "default"):
            assert table["id"].drop_duplicates().tolist() == sample["id"].tolist(), name


def test_shared_tags_counts_tags_and_breaks_ties_by_page_path(sample, runs):
    keys = {i: {tag_key(t) for t in tags} for i, tags in zip(sample.id, sample.tags, strict=True)}
    page = dict(zip(sample["id"], page_paths(sample), strict=True))
    found = lists_of(runs["shared_tags"])
    for query, mine in keys.items():
        others = sorted((c for c in keys if c != query), key=lambda c: page[c], reverse=True)
        slow = sorted(others, key=lambda c: -len(mine & keys[c]))[:N]
        assert found[query] == slow


def test_tags_are_compared_by_idf_cosine(sample, runs):
    keys = {i: {tag_key(t) for t in tags} for i, tags in zip(sample.id, sample.tags, strict=True)}
    frequency = Counter(key for mine in keys.values() for key in mine)
    idf = {key: math.log((1 + len(keys)) / (1 + df)) for key, df in frequency.items()}
    vectors = {i: {key: idf[key] for key in mine} for i, mine in keys.items()}
    assert lists_of(runs["tags"]) == cosine_lists(sample, vectors)


def test_words_are_those_of_the_signal(sample, runs):
    _, matrix = WordSpace.fit(sample["headline"].tolist(), 0.02)
    cosines = (matrix @ matrix.T).toarray().clip(0, 1).round(6)
    assert lists_of(runs["words"]) == lists_by_matrix(sample, cosines)


def test_semantic_is_the_cosine_of_the_embeddings(sample, runs):
    texts = encoded_texts(sample["headline"].tolist(), sample["tags"].tolist())
    vectors = encode_headlines(resolve_encoder("default"), texts)
    cosines = (vectors.astype(np.float64) @ vectors.astype(np.float64).T).clip(0, 1).round(6)
    assert lists_of(runs["semantic"]) == lists_by_matrix(sample, cosines)


SUMS = {
    "cosines": PlainSum(semantic=0.6, tags=0.4),
    "words": PlainSum(words=0.5, decays=((0.1, 60.0),)),
    "all": PlainSum(semantic=0.5, tags=0.25, words=0.4, decays=((0.2, 7.0), (0.3, 180.0))),
    "days": PlainSum(decays=((1.0, 30.0),)),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_are_of_plain_cosines_and_e_folds(sample, name):
    """Nothing saturated, nothing gated: what the data's documentation calls a sum."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    plain = SUMS[name]
    archive = sample.assign(date=sample["date"].where(sample.index % 9 != 0))
    vectors = encode_headlines(resolve_encoder("default"), archive["headline"].tolist())
    vectors = vectors.astype(np.float64)
    tfidf = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english")
    words = tfidf.fit_transform(archive["headline"])
    keys = [{tag_key(tag) for tag in tags} for tags in archive["tags"]]
    frequency = Counter(key for mine in keys for key in mine)
    idf = {key: math.log((1 + len(keys)) / (1 + df)) for key, df in frequency.items()}
    length = [math.sqrt(sum(idf[key] ** 2 for key in mine)) for mine in keys]
    day = [None if pd.isna(date) else date.toordinal() for date in archive["date"]]
    values = plain.semantic * (vectors @ vectors.T).clip(0) + plain.words * (words @ words.T)
    for a, mine in enumerate(keys):
        for c, other in enumerate(keys):
            if mine & other:
                shared = sum(idf[key] ** 2 for key in mine & other)
                values[a, c] += plain.tags * shared / (length[a] * length[c])
            if day[a] is not None and day[c] is not None:
                apart = abs(day[a] - day[c])
                values[a, c] += sum(w * math.exp(-apart / days) for w, days in plain.decays)
    events = OrderedArchive.of(archive)
    scorer = PlainValues.of(events, resolve_encoder("default")).scorer(plain)
    rows = events.ids.rows_of(archive["id"])
    found = scored_lists(events, rows, None, scorer, N, lambda done: None)
    assert lists_of(found) == lists_by_matrix(archive, np.asarray(values).round(6))


def lists_by_matrix(archive, values):
    ids, ordered = archive["id"].tolist(), by_ties(archive)
    return {
        query: in_order(ordered, query, dict(zip(ids, line.tolist(), strict=True)))
        for query, line in zip(ids, values, strict=True)
    }


def slow_bm25(headlines, k1=1.5, b=0.75):
    from sklearn.feature_extraction.text import CountVectorizer

    analyse = CountVectorizer(stop_words="english").build_analyzer()
    words = [Counter(analyse(headline)) for headline in headlines]
    frequency = Counter(word for one in words for word in one)
    lengths = [sum(one.values()) for one in words]
    mean = sum(lengths) / len(lengths)
    n = len(headlines)
    scores = np.zeros((n, n))
    for q, asked in enumerate(words):
        for c, have in enumerate(words):
            for word, times in asked.items():
                if word in have:
                    df = frequency[word]
                    idf = math.log(1 + (n - df + 0.5) / (df + 0.5))
                    norm = k1 * (1 - b + b * lengths[c] / mean)
                    scores[q, c] += times * idf * have[word] / (have[word] + norm)
    return scores


def test_bm25_scores_are_those_of_the_formula(sample):
    headlines = [*sample["headline"].tolist()[:120], "", "the of and", "rain rain rain", "rain"]
    found = bm25_scorer(headlines)(np.arange(len(headlines)))
    slow = slow_bm25(headlines)
    np.testing.assert_array_equal(found > EXCLUDED, slow > 0)
    np.testing.assert_allclose(np.where(found > EXCLUDED, found, 0.0), slow, atol=2e-5)


def test_bm25_lists_follow_their_scores_and_hold_matches_alone(sample, runs):
    slow = slow_bm25(sample["headline"].tolist())
    ids = sample["id"].tolist()
    row = {c: number for number, c in enumerate(ids)}
    for query, listed in lists_of(runs["bm25"]).items():
        mine = slow[row[query]]
        got = [mine[row[c]] for c in listed]
        others = [mine[row[c]] for c in ids if c != query and mine[row[c]] > 0]
        # float32 inside bm25s: compare the values, not the order of what it can't tell apart.
        np.testing.assert_allclose(got, sorted(others, reverse=True)[:N], atol=3e-5)


def test_bm25_without_a_single_word_lists_nothing():
    assert (bm25_scorer(["the", "of"])(np.array([0, 1])) == EXCLUDED).all()


def test_fusion_adds_reciprocal_ranks(sample, runs, deep):
    ids = by_ties(sample)
    scores = {query: dict.fromkeys(ids, 0.0) for query in ids}
    for table in deep.values():
        matched = table[table["score"] > 0]
        columns = (matched[name].tolist() for name in ("id", "related_id", "rank"))
        for query, c, rank in zip(*columns, strict=True):
            scores[query][c] += 1 / (60 + rank)
    found = dict(list(runs["fusion"].groupby("id", sort=False)))
    for query, added in scores.items():
        rounded = {c: round(score, 12) or None for c, score in added.items()}
        expected = in_order(ids, query, rounded)
        assert (query in found) is bool(expected)
        if expected:
            assert found[query]["related_id"].tolist() == expected
            assert found[query]["score"].tolist() == [rounded[c] for c in expected]


def test_fusion_gives_no_credit_for_places_that_were_only_filled():
    archive = toy([("a", "2012-01-01", []), ("b", "2012-01-02", []), ("c", "2012-01-03", [])])
    events = OrderedArchive.of(archive)
    filled = pd.DataFrame({"id": "a", "rank": [1, 2], "related_id": ["c", "b"], "score": 0.0})
    matched = pd.DataFrame({"id": ["a"], "rank": [1], "related_id": ["b"], "score": [0.5]})
    rows = events.ids.rows_of(["a"])
    assert fuse(events, rows, [filled, matched], 5)["related_id"].tolist() == ["b"]
    assert fuse(events, rows, [filled], 5).empty


def test_newest_are_the_newest(sample, runs):
    found, ids = lists_of(runs["newest"]), by_ties(sample)
    assert found == {q: in_order(ids, q, dict.fromkeys(ids, 0.0)) for q in ids}


def test_random_is_the_same_for_the_same_seed_whatever_else_is_asked(sample, runs):
    ids = sample["id"].tolist()
    again = baselines(sample, names=["random"])["random"]
    pd.testing.assert_frame_equal(again, runs["random"])
    lists = lists_of(again)
    few = lists_of(baselines(sample, queries=ids[7:3:-1], names=["random"])["random"])
    assert few == {q: lists[q] for q in ids[7:3:-1]}
    other = lists_of(baselines(sample, names=["random"], seed=1)["random"])
    assert sum(other[q] == lists[q] for q in ids) == 0
    # By lot, every event is listed about equally often: N on average.
    counts = again["related_id"].value_counts()
    assert len(counts) > 0.95 * len(ids)
    assert counts.max() < 4 * N


def test_default_is_the_library_as_it_comes(fitted_sample, runs):
    pd.testing.assert_frame_equal(runs["default"], fitted_sample.related_all(N))


def test_input_order_and_the_choice_of_queries_change_no_list(sample, runs):
    shuffled = sample.sample(frac=1.0, random_state=3).reset_index(drop=True)
    queries = shuffled["id"].tolist()[:40]
    found = baselines(shuffled, queries=queries, n=N)
    for name, table in found.items():
        whole = lists_of(runs[name])
        some = lists_of(table)
        assert some == {q: whole[q] for q in queries if q in whole}, name
        assert list(some) == [q for q in queries if q in whole], name


# as_of cuts before the list is cut to n.


#: Their parts are cut, so that ranks (and neighbours) in them change: checked elsewhere.
NOT_FILTERED = ("default", "fusion")


@pytest.fixture(scope="module")
def days(sample):
    """Return some queries, each with the last day that its list may know."""
    some = sample.iloc[100:160:6]
    return {
        query: date + pd.Timedelta(days=40 * number)
        for number, (query, date) in enumerate(zip(some["id"], some["date"], strict=True))
    }


@pytest.fixture(scope="module")
def cut_lists(sample, days):
    return baselines(sample, queries=days, n=N, as_of=days, seed=5)


@pytest.fixture(scope="module")
def whole_lists(sample, days):
    names = [name for name in BASELINES if name not in NOT_FILTERED]
    return baselines(sample, queries=days, n=len(sample), names=names, seed=5)


@pytest.mark.parametrize("name", BASELINES)
def test_as_of_is_applied_before_the_cut(sample, days, cut_lists, whole_lists, name):
    day = dict(zip(sample["id"], sample["date"], strict=True))
    cut = cut_lists[name]
    assert all(day[c] <= days[q] for q, c in zip(cut["id"], cut["related_id"], strict=True))
    if name not in NOT_FILTERED:
        whole = lists_of(whole_lists[name])
        slow = {q: [c for c in ids if day[c] <= days[q]][:N] for q, ids in whole.items()}
        assert lists_of(cut) == {q: ids for q, ids in slow.items() if ids}


def test_fusion_fuses_lists_that_are_cut_already(sample, days, cut_lists):
    cut = baselines(sample, queries=days, n=100, as_of=days, names=["tags", "words", "semantic"])
    events = OrderedArchive.of(sample)
    expected = fuse(events, events.ids.rows_of(days), list(cut.values()), N)
    pd.testing.assert_frame_equal(cut_lists["fusion"], expected)


def test_undated_events_end_every_tie_and_leave_with_as_of():
    archive = toy([("q", "2012-05-01", "t"), ("u", None, "t"), ("v", "2011-01-01", "t")])
    for name in ("tags", "newest", "hugo"):
        assert lists_of(baselines(archive, names=[name])[name])["q"] == ["v", "u"], name
        cut = baselines(archive, names=[name], as_of="2012-12-31")[name]
        assert lists_of(cut)["q"] == ["v"], name


# Hugo, by hand.


def hugo_lists(archive, **settings):
    found = baselines(archive, names=["hugo"], hugo=HugoConfig(**settings))["hugo"]
    return {
        q: list(zip(one["related_id"], one["score"], strict=True))
        for q, one in found.groupby("id", sort=False)
    }


HUGO_ARCHIVE = [
    ("q", "2012-06-01", ["Mali", "UN", "Army"]),
    ("same year, one tag", "2012-02-01", ["Mali"]),
    ("two tags", "2009-01-01", ["Mali", "UN"]),
    ("one tag, other case", "2012-03-01", ["mali"]),
    ("same year alone", "2012-05-01", ["Football"]),
    ("newer, three tags", "2012-07-01", ["Mali", "UN", "Army"]),
    ("one tag", "2005-01-01", ["Army"]),
    ("same day, one tag", "2012-06-01", ["Army"]),
]


def test_hugos_own_settings():
    # Tags 100, year 10: 110 for a tag in the year, 200 for two tags, 100 for one. The year alone
    # has mean 10, norm 10, below 80. Case counts, and what is newer stays out.
    assert hugo_lists(toy(HUGO_ARCHIVE))["q"] == [
        ("two tags", 200),
        ("same day, one tag", 110),
        ("same year, one tag", 110),
        ("one tag", 100),
    ]


def test_hugo_with_newer_events():
    found = hugo_lists(toy(HUGO_ARCHIVE), include_newer=True)["q"]
    assert found[0] == ("newer, three tags", 310)
    assert len(found) == 5


def test_hugo_in_lower_case_by_site_or_by_index():
    for settings_ in (
        {"to_lower": True},
        {"indices": (HugoIndex("tags", 100, to_lower=True), HugoIndex("date", 10))},
    ):
        assert ("one tag, other case", 110) in hugo_lists(toy(HUGO_ARCHIVE), **settings_)["q"]


def test_hugos_date_pattern():
    for pattern, expected in (
        ("200601", {"same day, one tag": 110, "same year, one tag": 100}),
        ("2006-01-02", {"same day, one tag": 110, "same year, one tag": 100}),
        ("01", {"same day, one tag": 110, "same year, one tag": 100}),
        ("2006", {"same day, one tag": 110, "same year, one tag": 110}),
    ):
        indices = (HugoIndex("tags", 100), HugoIndex("date", 10, pattern=pattern))
        found = dict(hugo_lists(toy(HUGO_ARCHIVE), indices=indices)["q"])
        assert {c: found[c] for c in expected} == expected, pattern


def test_hugos_threshold_falls_with_the_matches():
    # One date match of weight 10: mean 10, norm floor(10 + .5) = 10. So a threshold of 10 lets
    # it in and one of 11 does not. A tag with the year has mean 55 and half the threshold.
    for threshold, there in ((10, True), (11, False)):
        found = dict(hugo_lists(toy(HUGO_ARCHIVE), threshold=threshold)["q"])
        assert ("same year alone" in found) is there
    assert "same year, one tag" in dict(hugo_lists(toy(HUGO_ARCHIVE), threshold=100)["q"])
    # Month and year as two indices of weight 30 against tags of 100: alone 30 < 50, together
    # mean 30 >= 50 // 2 = 25.
    archive = toy(HUGO_ARCHIVE).assign(season="dry", place="Bamako")
    indices = (HugoIndex("tags", 100), HugoIndex("season", 30), HugoIndex("place", 30))
    found = dict(hugo_lists(archive, threshold=50, indices=indices)["q"])
    assert found["same year alone"] == 60
    found = dict(hugo_lists(archive, threshold=50, indices=indices[:2])["q"])
    assert "same year alone" not in found


def test_hugos_cardinality_cut():
    # Army is in 4 of 8 events' tags (50 %), Mali in 4, UN in 3 (37.5, rounded up 38).
    def found(percent):
        indices = (HugoIndex("tags", 100, cardinality_threshold=percent),)
        return dict(hugo_lists(toy(HUGO_ARCHIVE), indices=indices, include_newer=True).get("q", []))

    assert found(50) == found(0)
    assert found(49) == {"two tags": 100, "newer, three tags": 100}
    assert found(38) == found(49)
    assert found(37) == {}


def test_hugos_cardinality_counts_only_events_with_a_keyword():
    rows = [("q", "2012-01-02", ["A", "B"]), ("x", "2012-01-01", ["A"])]
    empty = [(f"e{i}", "2012-01-01", []) for i in range(8)]
    indices = (HugoIndex("tags", 1, cardinality_threshold=60),)
    # A stands in both events that have tags (100 %), though in 20 % of all.
    assert "q" not in hugo_lists(toy([*rows, *empty]), indices=indices)


def test_hugos_weights_may_be_zero_or_negative():
    off = (HugoIndex("tags", 100), HugoIndex("date", 0))
    found = hugo_lists(toy(HUGO_ARCHIVE), indices=off)["q"]
    assert ("same year, one tag", 100) in found
    # Norm from -50..100 to 0..100: a tag in the year has 50, mean 25, norm 50, bar 80 // 2 = 40.
    # The year alone has norm 0.
    against = (HugoIndex("tags", 100), HugoIndex("date", -50))
    found = dict(hugo_lists(toy(HUGO_ARCHIVE), indices=against)["q"])
    assert found["same year, one tag"] == 50
    assert found["one tag"] == 100
    assert "same year alone" not in found


def test_hugo_looks_into_any_column_of_texts(sample):
    found = hugo_lists(sample, indices=(HugoIndex("category", 5),), include_newer=True)
    category = dict(zip(sample["id"], sample["category"], strict=True))
    assert all(category[c] == category[q] for q, one in found.items() for c, _ in one)


def slow_hugo(rows, threshold, indices, include_newer):
    """Hugo's search for one query after another, with plain dictionaries."""
    words = {i: {"tags": t, "date": [] if d is None else [d[:4]], "id": [i]} for i, d, t in rows}
    date = {i: d for i, d, _ in rows}
    low, high = min(0, *indices.values()), max(0, *indices.values())
    lists = {}
    for q in words:
        ranks = {}
        for name, weight in indices.items():
            if not weight:
                continue
            for word in words[q][name]:
                for c in words:
                    for _ in range(words[c][name].count(word)):
                        newer = date[c] and date[q] and date[c] > date[q]
                        if c != q and (include_newer or not newer):
                            total, matches = ranks.get(c, (0, 0))
                            ranks[c] = (total + weight, matches + 1)
        kept = [
            (-total, date[c] is None, -(pd.Timestamp(date[c] or 0).toordinal()), c)
            for c, (total, matches) in ranks.items()
            if math.floor((int(total / matches) - low) / (high - low) * 100 + 0.5)
            >= threshold // matches
        ]
        if kept:
            lists[q] = [c for *_, c in sorted(kept)][:N]
    return lists


@given(
    st.lists(
        st.tuples(
            st.none() | st.sampled_from(["2010-01-01", "2010-06-01", "2012-03-03"]),
            st.lists(st.sampled_from("ABCD"), max_size=3, unique=True),
        ),
        min_size=2,
        max_size=12,
    ),
    st.integers(0, 100),
    st.tuples(st.integers(-20, 100), st.integers(-20, 30)).filter(any),
    st.booleans(),
)
@settings(max_examples=40)
def test_hugo_against_plain_dictionaries(events, threshold, weights, include_newer):
    rows = [(f"e{i}", d, t) for i, (d, t) in enumerate(events)]
    indices = dict(zip(("tags", "date"), weights, strict=True))
    config = HugoConfig(
        threshold, include_newer, indices=tuple(HugoIndex(n, w) for n, w in indices.items())
    )
    archive = toy([*rows, ("z", "2000-01-01", [])])
    found = lists_of(baselines(archive, names=["hugo"], hugo=config)["hugo"])
    expected = slow_hugo([*rows, ("z", "2000-01-01", [])], threshold, indices, include_newer)
    assert found == expected


def test_hugo_keeps_cuts_towards_zero_as_go_does():
    # Weight -5 over 2 matches: Go has -2, Python's // has -3. Norm of -2 in -10..0 is 80.
    assert hugo_keeps(np.array([-5]), np.array([2]), 100, -10, 0).tolist() == [True]
    assert hugo_keeps(np.array([-2]), np.array([1]), 80, -10, 0).tolist() == [True]
    assert hugo_keeps(np.array([-3]), np.array([1]), 80, -10, 0).tolist() == [False]


# Rows.


@given(
    st.lists(st.sampled_from([EXCLUDED, -1.0, 0.0, 0.5, 1.0]), max_size=30),
    st.integers(1, 12),
)
def test_best_rows_against_sorting(scores, n):
    slow = [row for row, score in enumerate(scores) if score > EXCLUDED]
    slow.sort(key=lambda row: (-scores[row], row))
    assert best_rows(np.array(scores, dtype=float), n).tolist() == slow[:n]


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["tag"]}, "names: got 'tag'; allowed: 'default', 'shared_tags', 'tags'"),
        ({"names": "tags"}, "names: got 'tags'; allowed: a list of default, shared_tags"),
        ({"names": []}, "names: got \\[\\]; allowed: a list of"),
        ({"names": ["tags", "tags"]}, "names: 'tags' comes twice; allowed: every name once"),
        ({"n": 0}, "n: got 0; allowed: a whole number of 1 or more"),
        ({"seed": -1}, "seed: got -1; allowed: a whole number of 0 or more"),
        ({"queries": "a"}, "queries: got 'a'; .* Put a single id into a list"),
        ({"queries": []}, "queries: got no id; allowed: at least one id"),
        ({"queries": ["a", "b", "a"]}, "queries: 'a' asked for twice; allowed: each id once"),
        ({"as_of": {"a": "2012-01-01"}}, "as_of: no date for 'b'"),
        ({"as_of": "soon"}, "as_of: "),
        ({"hugo": {"threshold": 1}}, "hugo: got {'threshold': 1}; allowed: a HugoConfig"),
    ],
)
def test_bad_arguments_are_refused_with_what_is_allowed(arguments, message):
    archive = toy([("a", "2012-01-01", ["x"]), ("b", "2012-01-02", ["x"])])
    with pytest.raises(InputError, match=message):
        baselines(archive, **arguments)


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["bm25"], ""),
        (
            ["tags", "bm25", "newest"],
            ". Or leave it out: baselines(..., names=['tags', 'newest']).",
        ),
    ],
)
def test_without_bm25s_one_error_says_what_to_install_or_to_leave_out(monkeypatch, names, advice):
    archive = toy([("a", "2012-01-01", ["x"]), ("b", "2012-01-02", ["x"])])
    monkeypatch.setitem(sys.modules, "bm25s", None)
    needs = """the baseline 'bm25' needs bm25s: pip install "relatedevents[baselines]\""""
    with pytest.raises(MissingExtraError, match=re.escape(needs + advice) + "$"):
        baselines(archive, names=names)
    with pytest.raises(MissingExtraError, match="names="):
        baselines(archive)
    assert list(baselines(archive, names=["tags", "hugo"])) == ["tags", "hugo"]


def test_an_unknown_query_is_named(sample):
    with pytest.raises(UnknownIdError, match="nowhere"):
        baselines(sample, queries=["nowhere"], names=["random"])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HugoConfig(threshold=101), "HugoConfig.threshold: got 101; .* 0 to 100"),
        (lambda: HugoConfig(indices=()), "HugoConfig.indices: got no index"),
        (lambda: HugoConfig(indices=(HugoIndex("tags", 0),)), "no index has a weight"),
        (
            lambda: HugoConfig(indices=(HugoIndex("tags", 1), HugoIndex("tags", 2))),
            "got the columns tags, tags; allowed: each column once",
        ),
        (lambda: HugoIndex("tags", 0.5), "HugoIndex\\('tags'\\).weight: got 0.5"),
        (lambda: HugoIndex("tags", 1, cardinality_threshold=101), "got 101; .* 0 to 100"),
        (lambda: HugoIndex("date", 1, pattern="YYYY"), "HugoIndex.pattern: got 'YYYY'; .*\"2006\""),
        (lambda: HugoIndex("date", 1, pattern="2006 2006"), "each once"),
    ],
)
def test_bad_settings_of_hugo_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_hugo_refuses_a_column_that_is_not_there_or_holds_numbers(sample):
    for column, message in (("topic", "HugoIndex.name: got 'topic'"), ("year", "holds 2")):
        archive = sample.assign(year=2012)
        with pytest.raises(InputError, match=message):
            hugo_lists(archive, indices=(HugoIndex(column, 1),))


# The benchmark, on a small folder of the shape that it reads.


@pytest.fixture(scope="module")
def small_data(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    columns = ["id", "date", "headline", "tags"]
    table = sample[columns].assign(date=sample["date"].dt.strftime("%Y-%m-%d"))
    for name in ("events", "story_task_events"):
        table.to_parquet(folder / f"{name}.parquet")
    links = load_sample_links()
    lines = [
        {
            "id": query,
            "as_of": one["as_of"].iloc[0].strftime("%Y-%m-%d"),
            "related": [{"id": c, "shared_tags": []} for c in one["related_id"]],
        }
        for query, one in links[links["as_of"].notna()].groupby("id", sort=False)
    ]
    write_lines(folder / "links_dev.jsonl", lines)
    stories = {s: set(one["id"]) for s, one in sample.groupby("story") if s and len(one) > 3}
    for number, name in enumerate(("story_task_tune", "story_task_dev", "story_task_later")):
        lines = [
            {"id": q, "story": s, "relevant": sorted(ids - {q})}
            for s, ids in sorted(stories.items())[number::3]
            for q in sorted(ids)[:3]
        ]
        write_lines(folder / f"{name}.jsonl", lines)
    return folder


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def quality():
    """Return `main` of the benchmark, which is a script and no part of the package."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return importlib.import_module("quality").main
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def measured(quality, small_data, tmp_path_factory):
    """Return the page and the figures of the small folder."""
    return measure_once(quality, small_data, tmp_path_factory.mktemp("measured"))


def measure_once(quality, data, folder):
    page, numbers = folder / "page.md", folder / "figures.json"
    asked = {"--data": data, "--output": page, "--figures": numbers, "--times": 50}
    assert quality([str(part) for pair in asked.items() for part in pair]) == 0
    return page.read_text(encoding="utf-8"), numbers.read_text(encoding="utf-8")


def test_the_benchmark_gives_the_same_figures_twice(quality, small_data, measured, tmp_path):
    page, figures = measure_once(quality, small_data, tmp_path)
    assert figures == measured[1]
    # Only how long it took may differ, and with it where that line breaks.
    pages = [" ".join(text.split()) for text in (measured[0], page)]
    first, second = (re.sub(r"\d+ s in all", "", text) for text in pages)
    assert first == second
    assert "Not compared" in page


def test_the_benchmarks_figures_are_those_of_the_lists(small_data, measured, sample):
    page, numbers = measured
    found = json.loads(numbers)["story_task_dev"]
    lines = (small_data / "story_task_dev.jsonl").read_text(encoding="utf-8").splitlines()
    tasks = [json.loads(line) for line in lines]
    lists = lists_of(baselines(sample, names=["words"])["words"])
    capped, gained, far = [], [], []
    day = dict(zip(sample["id"], sample["date"], strict=True))
    for task in tasks:
        hits = [c in task["relevant"] for c in lists[task["id"]]]
        best = min(10, len(task["relevant"]))
        capped.append(sum(hits) / best)
        ideal = sum(1 / math.log2(place + 2) for place in range(best))
        gained.append(sum(hit / math.log2(p + 2) for p, hit in enumerate(hits)) / ideal)
        far += [abs((day[task["id"]] - day[c]).days) > 30 for c in lists[task["id"]]]
    row = found["runs"]["words"]
    assert row["rc@10"]["mean"] == pytest.approx(np.mean(capped), abs=1e-9)
    assert row["ndcg@10"]["mean"] == pytest.approx(np.mean(gained), abs=1e-9)
    assert row["far"] == pytest.approx(np.mean(far))
    assert found["queries"] == len(tasks)
    assert not [headline for headline in sample["headline"] if headline in page]


def test_the_benchmark_corrects_for_every_system_and_both_figures(measured):
    for found in json.loads(measured[1]).values():
        others = len(found["runs"]) - 1
        assert found["tests"] == 2 * others
        assert found["runs"]["default"].keys() == {"rc@10", "ndcg@10", "far", "short"}
        for name, row in found["runs"].items():
            for metric in ("rc@10", "ndcg@10"):
                if name != "default":
                    against = row[f"{metric} against default"]
                    assert against["p"] <= against["p_holm"] <= 1
                    gap = row[metric]["mean"] - found["runs"]["default"][metric]["mean"]
                    assert against["difference"] == pytest.approx(gap, abs=1e-9)


def test_the_benchmark_says_in_one_line_that_the_data_is_missing(quality, tmp_path, capsys):
    assert quality(["--data", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "lacks events.parquet, links_dev.jsonl" in told


@pytest.mark.shared
@NEEDS_SHARED
def test_the_hand_made_rule_gives_the_sites_own_lists_back():
    from relatedevents import read_events, read_links
    from relatedevents.evaluation.metrics import score_run
    from relatedevents.evaluation.tables import run_from_table

    archive = read_events(SHARED / "events.parquet")
    links = read_links(SHARED / "links_dev.jsonl", archive=archive)
    related = links.groupby("id", sort=False)["related_id"].agg(list).to_dict()
    as_of = links.drop_duplicates("id").set_index("id")["as_of"].to_dict()
    names = ["shared_tags", "tags", "words"]
    runs = baselines(archive, queries=related, as_of=as_of, names=names)
    known = {"shared_tags": (0.814, 0.816), "tags": (0.249, 0.284), "words": (0.133, 0.161)}
    for name, figures in known.items():
        found = score_run(run_from_table(runs[name]), related, ["rc@10", "ndcg@10"]).mean()
        assert found.tolist() == pytest.approx(figures, abs=0.01), name
