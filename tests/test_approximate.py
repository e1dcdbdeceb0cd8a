"""The approximate engine: nearly the exact lists, and exactly what every list must keep to."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import (
    ALL,
    GATED,
    ConstantEncoder,
    KeywordEncoder,
    RandomEncoder,
    configure,
    engine_of,
    lists_of,
    random_frame,
    same_archive,
)

from relatedevents import RelatedEvents, Weights, read_events
from relatedevents._util import threads as threads_module
from relatedevents.engines.approximate import ApproximateEngine
from relatedevents.engines.exact import ExactEngine
from relatedevents.errors import InputError, MissingExtraError
from relatedevents.retrieval import fitted
from relatedevents.writers import write_blocks, write_lists

pytestmark = pytest.mark.slow

pytest.importorskip("faiss")

SHARED = Path(__file__).parents[2] / "shared" / "data"
WEIGHTS = {
    "default": Weights(),
    "all": ALL,
    "gated": Weights(semantic=1.5, time=1.0, time_threshold=1.5),
    "all, gated": GATED,
    "semantic": Weights.only(semantic=1),
    "tags": Weights.only(tags=1),
    "shared tags": Weights.shared_tags(),
    "words": Weights.only(words=1),
    "category": Weights.only(category=1),
    "time": Weights.only(time=1, half_life=20.0),
    "recency": Weights.only(recency=1),
    "heavy": Weights.only(semantic=900000.0, tags=0.001, time=500000.0),
}


class BagOfWords:
    """The sum of a random vector for each word: headlines of one topic lie close."""

    cache_key = "bag"

    def encode(self, texts):
        return np.array(
            [sum(self.vector(word) for word in text.split()) for text in texts], dtype=np.float32
        )

    @staticmethod
    def vector(word):
        return np.random.default_rng(list(word.encode())).normal(size=24)


@pytest.fixture(autouse=True)
def small_archives(monkeypatch):
    """Let small archives take the approximate path, with windows, clusters and reaches cut down."""
    configure(
        monkeypatch, small=1, width_per_root=1.0, near_per_root=2.0, tag_reach=100, word_reach=60
    )


@pytest.fixture
def exact_rows(monkeypatch):
    """How many queries the approximate engine handed to the exact one, call by call."""
    seen = []
    whole = ApproximateEngine.best_of_all

    def best(self, *args, **kwargs):
        found = whole(self, *args, **kwargs)
        seen.append(found.rechecked)
        return found

    monkeypatch.setattr(ApproximateEngine, "best_of_all", best)
    return seen


def world(seed, n, topics=25):
    """Stories: each a topic with words, tags and a time of its own."""
    rng = np.random.default_rng(seed)
    common = [f"common{k}" for k in range(12)]
    rows = []
    for number in range(n):
        topic = int(rng.integers(topics))
        own = rng.choice([f"word{topic}x{k}" for k in range(8)], 4, replace=False)
        day = pd.Timestamp("2010-01-01") + pd.Timedelta(days=int(60 * topic + rng.integers(150)))
        tags = rng.choice([f"tag{topic}x{k}" for k in range(5)], 2, replace=False)
        headline = " ".join([*own, *rng.choice(common, 3)])
        rows.append((f"id{number}", day, headline, [*map(str, tags), "everywhere"]))
    frame = pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])
    return frame.astype({"date": "datetime64[s]"})


def recall(found, wanted):
    """Return the share of the wanted pairs that were found."""
    pairs = [set(zip(table["id"], table["related_id"], strict=True)) for table in (found, wanted)]
    return len(pairs[0] & pairs[1]) / len(pairs[1])


def both(frame, weights, encoder=None, **params):
    encoder = encoder or BagOfWords()
    model = RelatedEvents(encoder=encoder, weights=weights, engine="approximate", **params)
    return model.fit(frame), RelatedEvents(encoder=encoder, weights=weights).fit(frame)


def assert_valid(table, model, n, *, full=True, as_of=None):
    """What every list keeps to: see the checks."""
    lists = lists_of(table)
    row = {id_: row for row, id_ in enumerate(model.index_.id_of_row)}
    for id_, related in lists.items():
        assert id_ not in related
        assert len(set(related)) == len(related)
        if full:
            assert len(related) == min(n, len(model.archive_) - 1)
    keys = [
        (id_, -float(np.round(score, 6)), row[related])
        for id_, score, related in zip(
            table["id"], table["score"], table["related_id"], strict=True
        )
    ]
    for id_ in lists:
        mine = [key[1:] for key in keys if key[0] == id_]
        assert mine == sorted(mine)
    for pair in table.iloc[:: max(1, len(table) // 40)].itertuples():
        assert model.explain(pair.id, pair.related_id, as_of=as_of).score == pair.score


@pytest.mark.parametrize(
    "weights", ["default", "all", "gated", "all, gated", "tags", "words", "time", "heavy"]
)
def test_nearly_all_of_the_exact_lists(weights, exact_rows):
    found, wanted = both(world(1, 1500), WEIGHTS[weights])
    table = found.related_all(5)
    if weights in ("tags", "words"):
        # Where time counts nothing, lists are exact.
        pd.testing.assert_frame_equal(table, wanted.related_all(5))
        return
    assert exact_rows == [0]
    # Without words to share, vectors and time have to do.
    least = 0.93 if weights == "heavy" else 0.97
    assert recall(table, wanted.related_all(5)) >= least
    assert_valid(table, found, 5)


def test_vectors_alone_find_most(monkeypatch, exact_rows):
    found, wanted = both(world(2, 1500), WEIGHTS["semantic"])
    assert recall(found.related_all(5), wanted.related_all(5)) >= 0.85
    assert exact_rows == [0]


@pytest.mark.parametrize("weights", ["default", "all", "gated"])
def test_where_windows_cover_all_lists_are_exact(weights, monkeypatch, exact_rows):
    configure(monkeypatch, width_per_root=20.0)
    frame = random_frame(3, 300, undated=0.0)
    found, wanted = both(frame, WEIGHTS[weights])
    pd.testing.assert_frame_equal(found.related_all(6), wanted.related_all(6))
    assert exact_rows == [0]


ARCHIVES = {
    "usual": ({"seed": 1, "n": 220}, KeywordEncoder()),
    "many equal": (
        {"seed": 2, "n": 220, "days": 3, "words": ["flood", "vote", "the"]},
        KeywordEncoder(),
    ),
    "one vector": ({"seed": 3, "n": 200, "untagged": 1.0, "undated": 1.0}, ConstantEncoder()),
    "undated": ({"seed": 4, "n": 220, "undated": 1.0}, KeywordEncoder()),
    "untagged": ({"seed": 5, "n": 220, "untagged": 1.0}, RandomEncoder()),
    "one day": ({"seed": 6, "n": 220, "days": 1, "undated": 0.0}, RandomEncoder()),
    "no vectors": ({"seed": 7, "n": 200, "words": ["zebra", "quartz"]}, KeywordEncoder()),
    "no words": ({"seed": 8, "n": 200, "words": ["the", "is"]}, RandomEncoder()),
}


@pytest.mark.parametrize("archive", ARCHIVES)
@pytest.mark.parametrize("weights", WEIGHTS)
def test_every_list_is_whole_and_in_order(archive, weights):
    settings_, encoder = ARCHIVES[archive]
    model, _ = both(random_frame(**settings_), WEIGHTS[weights], encoder)
    table = model.related_all(4)
    assert_valid(table, model, 4)
    ids = model.archive_["id"].tolist()[::19]
    assert_valid(model.related_many(ids, 4), model, 4)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(3, 90),
    length=st.integers(1, 12),
    weights=st.sampled_from(sorted(WEIGHTS)),
    undated=st.sampled_from([0.0, 0.3, 1.0]),
    share=st.sampled_from([0.05, 0.4, 0.9, 1.0]),
    as_of=st.sampled_from([None, "2012-01-15", "own"]),
)
@settings(max_examples=60, deadline=None)
def test_filters_are_kept_to_and_lists_are_full(seed, n, length, weights, undated, share, as_of):
    frame = random_frame(seed, n, undated=undated)
    mask = np.random.default_rng(seed).random(n) < share
    model, exact = both(frame, WEIGHTS[weights], KeywordEncoder())
    dated = frame["date"].notna() if as_of == "own" else np.ones(n, dtype=bool)
    asked = frame["id"][dated].tolist()
    if not asked:
        return
    options = {"where": mask, "as_of": as_of}
    found = model.related_many(asked, length, **options)
    wanted = exact.related_many(asked, length, **options)
    assert_valid(found, model, length, full=False, as_of=as_of)
    # As long as the exact lists, and of what they may hold.
    assert found["id"].tolist() == wanted["id"].tolist()
    allowed = set(frame["id"][mask])
    assert set(found["related_id"]) <= allowed
    if as_of is not None:
        date = frame.set_index("id")["date"]
        latest = date[found["id"]].to_numpy() if as_of == "own" else np.datetime64(as_of)
        assert (date[found["related_id"]].to_numpy() <= latest).all()


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(3, 150),
    length=st.integers(1, 12),
    undated=st.sampled_from([0.0, 0.3, 1.0]),
    share=st.sampled_from([0.6, 0.9, 1.0]),
    as_of=st.sampled_from([None, "2012-01-15", "own"]),
    width=st.sampled_from([0.1, 0.5, 5.0]),
    weights=st.sampled_from(["default", "all", "all, gated", "heavy"]),
)
@settings(max_examples=60, deadline=None)
def test_lists_of_everyone_keep_to_filters(seed, n, length, undated, share, as_of, width, weights):
    frame = random_frame(seed, n, undated=undated if as_of != "own" else 0.0)
    mask = np.random.default_rng(seed).random(n) < share
    model, exact = both(frame, WEIGHTS[weights], KeywordEncoder())
    options = {"where": mask, "as_of": as_of}
    with pytest.MonkeyPatch.context() as patch:
        configure(patch, width_per_root=width)
        found = model.related_all(length, **options)
    wanted = exact.related_all(length, **options)
    assert_valid(found, model, length, full=False, as_of=as_of)
    assert found["id"].tolist() == wanted["id"].tolist()
    assert set(found["related_id"]) <= set(frame["id"][mask])
    if as_of is not None:
        date = frame.set_index("id")["date"]
        latest = date[found["id"]].to_numpy() if as_of == "own" else np.datetime64(as_of)
        assert (date[found["related_id"]].to_numpy() <= latest).all()


@pytest.mark.parametrize("undated", [0.0, 0.2])
def test_rows_in_another_order_than_that_of_days(undated, exact_rows):
    frame = world(18, 1200)
    frame["place"] = np.random.default_rng(18).permutation(len(frame))
    frame.loc[np.random.default_rng(19).random(len(frame)) < undated, "date"] = pd.NaT
    found, wanted = both(frame, Weights(tie_break="column:place:descending"))
    table = found.related_all(5)
    assert recall(table, wanted.related_all(5)) >= 0.97
    assert exact_rows == [0]
    assert_valid(table, found, 5)


@pytest.mark.parametrize(
    ("name", "value"), [("n_neighbours", 0), ("near_per_root", 0.0), ("tag_reach", 0)]
)
def test_each_source_names_candidates_that_no_other_does(name, value, monkeypatch):
    # Tags and words that weigh little name few of the candidates that vectors name.
    frame, weights = world(20, 1500), Weights(tags=0.2, words=0.1)
    found, wanted = both(frame, weights)
    wanted_lists = wanted.related_all(10)
    configure(monkeypatch, width_per_root=0.2, word_reach=0)
    with_all = recall(found.related_all(10), wanted_lists)
    configure(monkeypatch, **{name: value})
    without, _ = both(frame, weights)
    assert recall(without.related_all(10), wanted_lists) < with_all - 0.005


def test_few_allowed_events_are_all_found(exact_rows):
    found, wanted = both(world(4, 600), Weights())
    mask = np.zeros(600, dtype=bool)
    mask[::97] = True
    pd.testing.assert_frame_equal(
        found.related_all(20, where=mask), wanted.related_all(20, where=mask)
    )


def test_a_single_list_is_that_of_the_batch():
    model, _ = both(world(5, 900), Weights())
    table = model.related_all(5)
    for id_ in model.archive_["id"][::90]:
        mine = table[table["id"] == id_].reset_index(drop=True)
        assert model.related(id_, 5)["related_id"].tolist() == mine["related_id"].tolist()


def test_what_is_asked_for_by_id_is_answered_exactly():
    found, wanted = both(world(5, 900), Weights.only(semantic=1))
    ids = found.archive_["id"][::31].tolist()
    pd.testing.assert_frame_equal(found.related_many(ids, 5), wanted.related_many(ids, 5))
    assert engine_of(found)._descent is None


def test_a_new_event_is_found_its_like():
    found, wanted = both(world(6, 900), Weights())
    for row in range(0, 900, 90):
        event = found.archive_.iloc[row]
        asked = {"tags": event["tags"], "date": event["date"], "n": 5}
        mine, exact = (m.related_to(event["headline"], **asked) for m in (found, wanted))
        assert mine["related_id"].iloc[0] == event["id"]
        assert len(set(mine["related_id"]) & set(exact["related_id"])) >= 4


def test_pins_and_exclusions():
    model, _ = both(world(7, 500), Weights())
    first, second, third = model.archive_["id"][:3]
    plain = lists_of(model.related_many([first], 5))[first]
    table = model.related_all(5, pins={first: [second]}, exclude={first: [plain[0]]})
    mine = lists_of(table)[first]
    assert mine[0] == second
    assert plain[0] not in mine
    assert len(mine) == 5
    table = model.related_all(5, exclude=[third])
    assert third not in set(table["related_id"])
    assert_valid(table, model, 5)


def test_the_same_seed_gives_the_same_lists_on_any_threads(monkeypatch):
    monkeypatch.setattr(threads_module, "processors", lambda: 8)
    frame = world(8, 1200)
    tables = [
        both(frame, Weights(), n_threads=threads)[0].related_all(5) for threads in (1, 2, 5, 1)
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])


def test_later_searches_find_what_the_first_did(monkeypatch):
    # Little is left to find lists by but the neighbours of neighbours, which threads mark.
    monkeypatch.setattr(threads_module, "processors", lambda: 8)
    configure(monkeypatch, width_per_root=0.05, near_per_root=0.3, n_neighbours=2)
    configure(monkeypatch, tag_reach=3, word_reach=0, n_sharing=3, n_near=3)
    model, _ = both(world(21, 400, topics=100), Weights(), n_threads=2)
    mask = np.arange(400) % 10 != 0
    # Filters keep nothing of the lists, so all are searched for by the same engine.
    first, *later = [model.related_all(5, where=mask) for _ in range(6)]
    for table in later:
        pd.testing.assert_frame_equal(table, first)


def test_no_more_threads_than_processors(monkeypatch):
    monkeypatch.setattr(threads_module, "processors", lambda: 3)
    for asked, taken in ((None, 3), (2, 2), (10**9, 3)):
        model, _ = both(world(9, 60), Weights(), n_threads=asked)
        assert engine_of(model).n_threads == taken


def test_no_query_and_no_candidate():
    model, _ = both(world(9, 200), Weights())
    assert len(model.related_many([], 3)) == 0
    assert len(model.related_all(3, where=np.zeros(200, dtype=bool))) == 0


def test_other_weights_get_other_clusters():
    found, wanted = both(world(10, 700), Weights.only(words=1))
    found.related_all(3)
    for model in (found, wanted):
        model.set_params(weights=Weights.only(tags=1))
    assert recall(found.related_all(3), wanted.related_all(3)) >= 0.97


@pytest.mark.parametrize("weights", [Weights(), ALL], ids=["default", "all"])
def test_update_with_the_approximate_engine(weights):
    frame = world(11, 800)
    model, _ = both(frame[20:], weights, n_related=5)
    before = model.related_all()
    changed = model.update(frame[:20])
    assert set(frame["id"][:20]) <= set(changed)
    cached = model._fitted.lists
    ids = model.index_.id_of_row
    now = {id_: ids[some].tolist() for id_, some in zip(ids, cached.rows, strict=True)}
    old = lists_of(before)
    assert all(now[id_] == old[id_] for id_ in old if id_ not in set(changed))
    assert lists_of(model.related_all()) == now
    # New events' lists are exact.
    exact = same_archive(model, engine="exact", weights=weights)
    wanted = lists_of(exact.related_many(frame["id"][:20].tolist(), 5))
    assert {id_: now[id_] for id_ in wanted} == wanted


def test_auto_takes_the_exact_engine_for_small_archives(monkeypatch):
    model = RelatedEvents(engine="auto", encoder=KeywordEncoder()).fit(random_frame(12, 40))
    assert model.engine_ == "exact"
    assert isinstance(engine_of(model), ExactEngine)
    monkeypatch.setattr(fitted, "AUTO_EXACT", 39)
    assert model.engine_ == "approximate"
    assert isinstance(engine_of(model), ApproximateEngine)
    model.set_params(engine="exact")
    assert model.engine_ == "exact"


@pytest.fixture
def no_faiss(monkeypatch):
    real_import, real_find = importlib.import_module, importlib.util.find_spec

    def refuse(name, *args):
        if name == "faiss":
            raise ImportError(name)
        return real_import(name, *args)

    monkeypatch.setattr(importlib, "import_module", refuse)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "faiss" else real_find(name)
    )


def test_a_missing_extra_is_named(no_faiss):
    model = RelatedEvents(engine="approximate", encoder=KeywordEncoder())
    model.fit(random_frame(13, 40))
    with pytest.raises(MissingExtraError, match=r'pip install "relatedevents\[approximate\]"'):
        model.related_all(3)


def test_auto_without_the_extra_warns_and_is_exact(no_faiss, monkeypatch):
    monkeypatch.setattr(fitted, "AUTO_EXACT", 39)
    frame = random_frame(14, 40)
    model = RelatedEvents(engine="auto", encoder=KeywordEncoder()).fit(frame)
    assert model.engine_ == "exact"
    with pytest.warns(UserWarning, match=r"pip install \"relatedevents\[approximate\]\""):
        table = model.related_all(3)
    wanted = RelatedEvents(encoder=KeywordEncoder()).fit(frame).related_all(3)
    pd.testing.assert_frame_equal(table, wanted)
    model.related_all(3)  # warns once: warnings are errors here


@pytest.mark.parametrize("engine", ["exact", "approximate"])
def test_blocks_are_the_whole_table(engine, tmp_path):
    model, _ = both(world(15, 230), Weights())
    model.set_params(engine=engine)
    whole = model.related_all(4)
    cached = model._fitted.lists
    for size in (1, 100, 230, 1000):
        model._fitted.lists = None
        blocks = list(model.related_blocks(4, size=size))
        assert len(blocks) == -(-230 // size)
        pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)
        assert np.array_equal(model._fitted.lists.rows, cached.rows)
        assert model._fitted.lists.n == 4
    for end in ("csv", "jsonl", "parquet"):
        paths = [tmp_path / f"{name}.{end}" for name in ("whole", "blocks")]
        write_lists(whole, paths[0], archive=model.archive_)
        write_blocks(model.related_blocks(4, size=100), paths[1], archive=model.archive_)
        if end == "parquet":
            pd.testing.assert_frame_equal(*map(pd.read_parquet, paths))
        else:
            assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("engine", ["exact", "approximate"])
def test_blocks_keep_to_options(engine):
    model, _ = both(world(17, 230), Weights())
    model.set_params(engine=engine)
    ids = model.archive_["id"]
    options = {
        "as_of": "2012-01-15",
        "where": np.arange(230) % 7 != 0,
        "exclude": {ids[3]: [ids[5], ids[8]]},
        "pins": {ids[4]: [ids[9]], ids[200]: [ids[9]]},
        "min_score": 0.3,
    }
    whole = model.related_all(4, **options)
    blocks = model.related_blocks(4, size=60, **options)
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)
    for option in ({"min_score": 0.3}, {"diversity": 0.5}):
        blocks = model.related_blocks(4, size=60, **option)
        whole = model.related_all(4, **option)
        pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)


def test_blocks_are_those_of_the_model_that_was_asked():
    model, _ = both(world(15, 230), Weights())
    whole = model.related_all(4)
    blocks = model.related_blocks(4, size=100)
    first = next(blocks)
    model.set_params(weights=Weights.only(tags=1, tie_break="page")).related_all(3)
    pd.testing.assert_frame_equal(pd.concat([first, *blocks], ignore_index=True), whole)


def test_blocks_of_bad_options_are_refused_at_once():
    model, _ = both(random_frame(16, 30), Weights())
    with pytest.raises(InputError, match=r"^size: got 0"):
        model.related_blocks(size=0)
    with pytest.raises(InputError, match=r"^n: got 0"):
        model.related_blocks(0)
    with pytest.raises(InputError, match=r"^where: "):
        model.related_blocks(where=3)
    with pytest.raises(InputError, match=r"^min_probability: "):
        model.related_blocks(min_probability=2)
    with pytest.raises(InputError, match=r"^format: got 'pages'"):
        write_blocks([], "nowhere", format="pages")


def test_a_first_block_without_shared_tags_may_be_followed_by_one_with(tmp_path):
    block = pd.DataFrame({"id": ["a"], "rank": [1], "related_id": ["b"], "shared_tags": [[]]})
    second = block.assign(shared_tags=pd.Series([["Mali"]], dtype=object))
    path = write_blocks([block, second], tmp_path / "lists.parquet")
    assert [list(tags) for tags in pd.read_parquet(path)["shared_tags"]] == [[], ["Mali"]]


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.exists(), reason="needs the real archive in ../shared/data")
def test_the_real_archive_is_found_again(monkeypatch):
    monkeypatch.undo()
    events = read_events(SHARED / "events.parquet").iloc[::5]
    model = RelatedEvents(engine="approximate").fit(events)
    table = model.related_all()
    exact = RelatedEvents().fit(events)
    ids = events["id"].iloc[::40].tolist()
    assert recall(table[table["id"].isin(ids)], exact.related_many(ids)) >= 0.98
