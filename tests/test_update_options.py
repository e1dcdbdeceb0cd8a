"""Nights: an update told how the lists are made names those whose list, so made, changed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import ALL, GATED, ConstantEncoder, KeywordEncoder, RandomEncoder, random_frame, toy_frame

from relatedevents import RelatedEvents, Weights
from relatedevents.archive import check_events
from relatedevents.calibration import shipped_calibration
from relatedevents.engines.exact import ExactEngine
from relatedevents.errors import InputError, UnknownIdError

WEIGHTS = {
    "default": Weights(),
    "every signal": ALL,
    "gated": GATED,
    "tags": Weights.only(tags=1.0),
    "by a column": Weights(tie_break="column:views:descending"),
}
ENCODERS = {"keywords": KeywordEncoder(), "noise": RandomEncoder(), "constant": ConstantEncoder()}
DAYS = pd.date_range("2012-01-01", periods=30).astype(str).tolist()
N_EVENTS = 24


def world(seed):
    """Events with doubled headlines, odd spellings, undated ones, and a column of numbers."""
    frame = random_frame(seed, N_EVENTS, days=(3, 30)[seed % 2])
    rng = np.random.default_rng(seed)
    frame["views"] = rng.integers(0, 3, N_EVENTS)
    for row in rng.permutation(N_EVENTS)[:8]:
        frame.at[row, "tags"] = [*frame.at[row, "tags"], str(rng.choice(["New", "NEW", "new"]))]
    return check_events(frame)


def fitted(frame, weights="default", encoder="keywords", n=5):
    model = RelatedEvents(encoder=ENCODERS[encoder], weights=WEIGHTS[weights], n_related=n)
    model.fit(frame)
    model._fitted.calibration = replace(shipped_calibration(), weights=WEIGHTS[weights])
    return model


def told(model, options):
    """{id: what its list shows} of every event."""
    table = model.related_all(**options)
    lists = {id_: [] for id_ in model.archive_["id"]}
    tags = map(tuple, table["shared_tags"])
    for id_, *rest in zip(table["id"], table["related_id"], table["score"], tags, strict=True):
        lists[id_].append(tuple(rest))
    return lists


def among(choice, ids):
    """What was named of an archive that had these ids alone."""
    if isinstance(choice, dict):
        return {id_: among(some, ids) for id_, some in choice.items() if id_ in ids}
    return None if choice is None else [id_ for id_ in choice if id_ in ids]


def expected_changes(model, change, options, came):
    """Make a change, told nothing; return whose lists differ, by all lists before and after."""
    ids = set(model.archive_["id"])
    then = {**options, **{k: among(options.get(k), ids) for k in ("exclude", "pins")}}
    if isinstance(then.get("as_of"), dict):
        # Those that went are nobody's query now.
        then["as_of"] = dict.fromkeys(ids, DAYS[0]) | then["as_of"]
    before = told(model, then)
    change(model, {})
    after = told(model, options)
    return [
        id_
        for id_, some in after.items()
        if id_ in came or some != before.get(id_) or came & {related_id for related_id, *_ in some}
    ]


@st.composite
def keywords(draw):
    """The keywords of list methods; ids are named by `name_ids`, once they are known."""
    options = {
        "n": st.sampled_from([1, 3, 5, 30]),
        "as_of": st.sampled_from(["own", *DAYS[::7], "by id"]),
        "where": st.sampled_from(
            [
                {"category": ["Sport", "Crime"]},
                {"views": (">=", 1)},
                {"tags": "new"},
                {"date": [(">=", DAYS[1]), ("<", DAYS[15])]},
            ]
        ),
        "exclude": st.sampled_from(["some", "by id"]),
        "pins": st.sampled_from(["some", "by id"]),
        "min_score": st.sampled_from([0.2, 0.5]),
        "min_probability": st.sampled_from([0.05, 0.3]),
        "diversity": st.sampled_from([0.2, 1.0]),
        "near_duplicates": st.just("drop"),
        "series_limit": st.sampled_from([1, None]),
    }
    names = draw(st.lists(st.sampled_from(sorted(options)), unique=True, max_size=4))
    return {name: draw(options[name]) for name in names}


def name_ids(options, ids, rng):
    """Put ids into what `keywords` drew."""
    chosen = iter(np.array_split(rng.permutation(ids), 2))
    for name in ("exclude", "pins"):
        if name in options:
            some = next(chosen)[:3].tolist()
            queries = rng.permutation(ids)[:3].tolist()
            options[name] = some if options[name] == "some" else dict.fromkeys(queries, some)
    if options.get("as_of") == "by id":
        options["as_of"] = {id_: str(rng.choice(DAYS)) for id_ in ids}
    return options


@st.composite
def nights(draw):
    """(what is done, how many events it is about, how lists are made) of several nights."""
    kinds = st.sampled_from(["update", "replace", "the same again", "remove"])
    night = st.tuples(kinds, st.integers(1, 4), keywords(), st.booleans())
    return draw(st.lists(night, min_size=1, max_size=4))


@pytest.mark.slow
@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    weights=st.sampled_from(sorted(WEIGHTS)),
    encoder=st.sampled_from(sorted(ENCODERS)),
    nights=nights(),
    n_fitted=st.integers(2, 20),
)
def test_a_night_tells_exactly_whose_lists_changed(seed, weights, encoder, nights, n_fitted):
    rng = np.random.default_rng(seed)
    frame, other = world(seed), world(seed + 1)
    model = fitted(frame.iloc[:n_fitted], weights, encoder)
    twin = fitted(frame.iloc[:n_fitted], weights, encoder)
    used, options = n_fitted, {}
    for kind, many, drawn, as_last_night in nights:
        there = model.archive_["id"].tolist()
        came, left = set(), there
        if kind == "update":
            events = frame.iloc[used : used + many]
            used += many
            came = set(events["id"])
            left = there + events["id"].tolist()
            change = None if events.empty else (lambda m, o, e=events: m.update(e, **o))
        elif kind == "remove":
            gone = rng.permutation(there)[: min(many, len(there) - 1)].tolist()
            left = [id_ for id_ in there if id_ not in gone]
            change = (lambda m, o, g=gone: m.remove(g, **o)) if gone else None
        else:
            named = sorted(rng.permutation(there)[:many].tolist())
            of = model.archive_ if kind == "the same again" else other.iloc[: len(there)]
            events = model.archive_.set_index("id").loc[named].reset_index()
            if kind == "replace":
                events = of.iloc[: len(named)].assign(id=named)
                now = model.archive_.set_index("id").loc[named].reset_index()
                equal = equal_rows(now, events)
                came = {id_ for id_, same in zip(named, equal, strict=True) if not same}
            change = lambda m, o, e=events: m.update(e, on_existing="replace", **o)  # noqa: E731
        if change is None:
            continue
        if not (as_last_night and can_be_used(options, set(left))):
            options = name_ids(dict(drawn), left, rng)
        changed = change(model, options)
        assert changed == expected_changes(twin, change, options, came)
        if not came and kind != "remove":
            assert changed == []
        done = model.last_update_
        assert done.changed == len(changed)
        assert done.replaced == (len(came) if kind == "replace" else 0)


def equal_rows(some, others):
    """Whether each row of two tables is the same, cell by cell, by the cells' text."""
    texts = [
        [
            ["" if cell is None or cell != cell else str(cell) for cell in row]
            for row in table.values
        ]
        for table in (some, others[some.columns])
    ]
    return [one == other for one, other in zip(*texts, strict=True)]


def can_be_used(options, ids):
    """Whether the archive has every id that is named, and `as_of` a day for each of its own."""
    as_of = options.get("as_of")
    choices = [options.get(name) for name in ("exclude", "pins")]
    return all(among(some, ids) == some for some in choices) and not (
        isinstance(as_of, dict) and ids - as_of.keys()
    )


# --- by hand ----------------------------------------------------------------------------------

NEW = pd.DataFrame(
    [
        ("n1", "2012-01-11", "Flood in Ruritania", ["Ruritania", "Spain"]),
        ("n2", "2013-05-01", "Parley in RURITANIA", ["ruritania"]),
    ],
    columns=["id", "date", "headline", "tags"],
)


@pytest.fixture
def toy():
    return RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame())


def test_a_later_event_changes_no_list_as_of_its_own_day(toy):
    assert set(toy.update(NEW.iloc[1:], n=12)) > {"n2", "a1"}
    # An event without a day sees them all.
    assert toy.remove(["n2"], n=3, as_of="own") == ["u2"]
    assert toy.update(NEW.iloc[1:], n=3, as_of="own") == ["u2", "n2"]


def test_lists_that_diversity_moved_are_told(toy):
    """Lists that hold the same ten by score alone, and other ones once they are varied."""
    frame, told_plain, told_varied = world(3), set(), set()
    for row in range(12, N_EVENTS):
        night = frame.iloc[row : row + 1]
        for found, options in ((told_plain, {"n": 3}), (told_varied, {"n": 3, "diversity": 0.5})):
            changed = fitted(frame.iloc[:row]).update(night, **options)
            found |= {(row, id_) for id_ in changed}
    assert told_varied - told_plain


def test_n_alone_stays_incremental(toy):
    toy.related_all(10)
    assert len(toy.update(NEW, n=2)) < 14
    assert not toy.last_update_.whole
    assert toy._fitted.lists.n == 2


def test_reasons_change_no_list(toy):
    toy.related_all(3)
    toy.update(NEW.iloc[:1], reasons=True)
    assert not toy.last_update_.whole
    other = RelatedEvents(encoder=KeywordEncoder(), n_related=3).fit(toy_frame())
    other.update(NEW.iloc[:1])
    assert toy.last_update_ == other.last_update_


def test_options_leave_the_kept_lists_true(toy):
    toy.related_all(3)
    toy.update(NEW, n=5, as_of="own")
    kept = toy._fitted.lists
    toy._fitted.lists = None
    toy.related_all(3)
    np.testing.assert_array_equal(kept.rows, toy._fitted.lists.rows)
    # Nobody asked for lists without options here: none are made.
    other = RelatedEvents(encoder=KeywordEncoder()).fit(toy_frame())
    other.update(NEW, as_of="own")
    assert other._fitted.lists is None


def test_the_second_night_takes_one_batch(monkeypatch, toy):
    batches = []
    best_of_all = ExactEngine.best_of_all

    def counted(self, *arguments):
        batches.append(1)
        return best_of_all(self, *arguments)

    monkeypatch.setattr(ExactEngine, "best_of_all", counted)
    options = {"as_of": "own", "where": {"tags": ["Spain", "France"]}, "exclude": iter(["c1"])}
    toy.update(NEW.iloc[:1], **options)
    assert len(batches) == 2
    same = {**options, "where": {"tags": ["spain", "france"]}, "exclude": ["c1"]}
    toy.update(NEW.iloc[1:], **same)
    assert len(batches) == 3
    for others in ({"n": 9}, {"min_score": 0.1}, {"exclude": ["c2"]}, {"pins": {"a1": ["b1"]}}):
        batches.clear()
        toy.remove(["n2"], **{**same, **others})
        assert len(batches) == 2
        toy.update(NEW.iloc[1:], **same)
    batches.clear()
    toy._fitted.calibration = replace(shipped_calibration(), weights=toy.weights)
    toy.remove(["n2"], **same)
    assert len(batches) == 2


def test_ids_that_come_with_the_update_may_be_named(toy):
    pins, days = {"a1": ["n1"], "n1": ["a1"]}, dict.fromkeys([*toy.archive_["id"], "n1"], "2020")
    days = dict.fromkeys(days, "2020-01-01")
    assert "a1" in toy.update(NEW.iloc[:1], n=2, pins=pins, exclude={"n1": ["a2"]}, as_of=days)
    assert toy.related("a1", 2, pins=pins)["related_id"][0] == "n1"
    # Nor does an event that goes need a day.
    del days["n1"]
    assert "a1" in toy.remove(["n1"], n=2, as_of=pd.Series(days))


@pytest.mark.parametrize(
    "columns", [{}, {"views": [1, 2]}, {"views": [None, 2]}, {"of": [[1], {}]}]
)
def test_an_equal_event_replaces_nothing(toy, columns):
    toy.update(NEW.assign(**columns))
    lists = toy.related_all(5)
    again = NEW.assign(**columns, id=NEW["id"].astype(object))
    assert toy.update(again, on_existing="replace") == []
    done = toy.last_update_
    assert (done.added, done.replaced, done.searched) == (0, 0, 0)
    pd.testing.assert_frame_equal(toy.related_all(5), lists)
    assert toy.update(again.assign(headline=["Flood in Ruritania", "Else"]), on_existing="replace")
    assert toy.last_update_.replaced == 1
    assert "n1" in toy.update(again.assign(page="x"), on_existing="replace")
    assert toy.last_update_.replaced == 2


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"asof": "own"}, TypeError, "asof: no keyword of the lists; allowed: n, as_of, where,"),
        ({"n": 0}, InputError, "n: got 0"),
        ({"diversity": 2}, InputError, "diversity: got 2"),
        (
            {"where": np.ones(14, dtype=bool)},
            InputError,
            'allowed: comparisons on columns, such as {"category": "Sport"}. A mask counts',
        ),
        ({"where": {"views": 1}}, InputError, "where['views']: the archive has no such column"),
        ({"pins": ["zz"]}, UnknownIdError, "pins: the archive has no 'zz'"),
        ({"pins": ["n1"], "exclude": ["n1"]}, InputError, "pins: 'n1' also stands in exclude"),
        ({"as_of": {"a1": "2012-01-01"}}, InputError, "as_of: no date for 'n2', 'c2', 'b2'"),
        ({"min_probability": 0.5}, InputError, "min_probability"),
    ],
)
def test_keywords_that_can_t_be_used(monkeypatch, toy, keywords, error, message):
    def refuse(*_):
        raise AssertionError("told before any list is made")

    monkeypatch.setattr(ExactEngine, "best_of_all", refuse)
    toy._fitted.calibration = None
    with pytest.raises(error, match=re.escape(message)):
        toy.update(NEW, **keywords)
    assert len(toy.archive_) == 12


def test_what_goes_can_t_be_named(toy):
    with pytest.raises(UnknownIdError, match="exclude: the archive has no 'a1'"):
        toy.remove(["a1"], exclude=["a1"])
    assert len(toy.archive_) == 12
