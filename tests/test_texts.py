"""Summaries and texts: what is read of them, and the signal `text` by hand."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy import KeywordEncoder, lists_of, random_frame

from relatedevents import RelatedEvents, Weights, read_events
from relatedevents.archive import check_events
from relatedevents.cli import main
from relatedevents.errors import DroppedRowsWarning, InputError
from relatedevents.features.words import WordSpace
from relatedevents.signals.text import Text

# Five events: "harvest" stands in a summary and a text, "quota" in two texts and a headline.
ROWS = [
    ("a", "Talks begin", None, "quota quota harvest"),
    ("b", "Fleet returns", "Poor harvest", None),
    ("c", "Quota agreed", None, None),
    ("d", "Storm", None, "The quota, the Quota and the QUOTA"),
    ("e", "Storm", None, None),
]
TEXT = Weights.only(text=2.0)


def frame_of(rows=ROWS):
    frame = pd.DataFrame(rows, columns=["id", "headline", "summary", "text"])
    return frame.assign(date="2012-01-01", tags=[[] for _ in rows])


def cells(column):
    """The texts of a column, None for those that are missing."""
    return [cell if isinstance(cell, str) else None for cell in column]


def fitted(frame, weights=TEXT, **params):
    return RelatedEvents(encoder=KeywordEncoder(), weights=weights, **params).fit(frame)


@pytest.fixture
def model():
    return fitted(frame_of())


def saturated(cosine):
    return 1.2 * cosine / (cosine + 0.2)


# --- the signal ------------------------------------------------------------------------------


def test_values_by_hand(model):
    # df of five: quota 3, harvest 2, storm 2; the other words stand in one event alone.
    quota, harvest, storm = (math.log(6 / (1 + df)) for df in (3, 2, 2))
    assert model.index_.features.spaces["text"].words == ["harvest", "quota", "storm"]
    twice, thrice = (1 + math.log(2)) * quota, (1 + math.log(3)) * quota
    told = model.explain("a", "d")
    cosine = twice / math.hypot(twice, harvest) * thrice / math.hypot(thrice, storm)
    assert told.parts["text"] == pytest.approx(2.0 * saturated(cosine))
    assert told.word_shares == {"quota": pytest.approx(2.0 * saturated(cosine))}
    # A summary counts as a text does.
    cosine = harvest / math.hypot(twice, harvest)
    assert model.explain("a", "b").parts["text"] == pytest.approx(2.0 * saturated(cosine))
    assert model.explain("b", "d").parts["text"] == 0.0


def test_an_event_without_a_text_is_compared_by_its_headline(model):
    # Two headlines alone are compared as headlines, whatever texts others have.
    assert fitted(frame_of([*ROWS, ("f", "Storm", None, None)])).explain("e", "f").parts[
        "text"
    ] == pytest.approx(2.0)
    assert model.explain("e", "c").parts["text"] == 0.0
    # "Quota" of the headline meets that of the texts.
    assert set(model.related("c", 2)["related_id"]) == {"a", "d"}
    assert set(model.explain("c", "d").word_shares) == {"quota"}


def test_words_of_headline_and_text_are_told_apart_and_together():
    both = fitted(frame_of(), Weights.only(words=1.0, text=2.0)).explain("d", "e")
    assert both.shares["words"] == {"storm": pytest.approx(1.0)}
    assert both.shares["text"] == {"storm": pytest.approx(both.parts["text"])}
    assert both.word_shares == {"storm": pytest.approx(both.score)}
    assert "text" in str(both)
    assert json.loads(json.dumps(both.to_dict()))["shares"]["text"] == both.shares["text"]


def test_only_the_largest_shares_are_told():
    words = " ".join(f"word{number:02}" for number in range(14))
    rows = [("a", "A", None, words), ("b", "B", None, words), ("c", "C", None, "other")]
    told = fitted(frame_of(rows)).explain("a", "b")
    assert len(told.word_shares) == 14
    line = told.told_shares("text")
    assert line.startswith("word00 0.1429, word01 0.1429")
    assert line.endswith("word09 0.1429, 4 more 0.5714")


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "  ", pd.NA])
def test_columns_of_nothing_but_missing_values_are_none(nothing, tmp_path):
    frame = random_frame(3, 30).drop(columns=["summary", "text"])
    weights = Weights(text=1.0)
    plain = fitted(frame, weights)
    none = pd.Series([nothing] * 30, dtype=object)
    empty = fitted(frame.assign(summary=none, text=none), weights)
    assert cells(empty.archive_["text"]) == [None] * 30
    pd.testing.assert_frame_equal(plain.related_all(), empty.related_all(), check_exact=True)
    for one in (
        plain,
        empty,
        RelatedEvents.load(empty.save(tmp_path / "m"), encoder=plain.encoder),
    ):
        features = one.index_.features
        assert "text" not in features.columns
        assert "text" not in features.spaces
        assert (one.related_all()["text"] == 0.0).all()
        new = one.related_to("Flood", text="vote", summary="court")
        pd.testing.assert_frame_equal(new, one.related_to("Flood"))


def test_a_signal_that_is_not_there_lists_the_newest():
    lists = fitted(random_frame(3, 30).drop(columns=["summary", "text"])).related_all(3)
    assert (lists["basis"] == "none").all()
    assert (lists["score"] == 0.0).all()


def test_texts_that_come_where_the_fit_had_none_count_after_a_refresh():
    frame = random_frame(4, 30)
    model = fitted(frame.drop(columns=["summary", "text"]).iloc[:20], Weights(text=1.0))
    model.update(frame.iloc[20:])
    assert cells(model.archive_["text"].iloc[20:]) == frame["text"].iloc[20:].tolist()
    assert (model.related_all()["text"] == 0.0).all()
    model.update(frame.iloc[:1], on_existing="replace", refresh=True)
    assert (model.related_all()["text"] > 0.0).any()


def test_a_new_event_is_compared_by_all_that_is_said_of_it(model):
    event = ROWS[0]
    new = model.related_to(event[1], summary=event[2], text=event[3], n=5)
    assert new["related_id"].tolist()[0] == "a"
    assert new["text"].iloc[0] == pytest.approx(2.0)
    known = model.related("a", 4)
    apart = new[new["related_id"] != "a"].reset_index(drop=True)
    assert apart["text"].tolist() == known["text"].tolist()
    swapped = model.related_to(event[1], summary=event[3], n=5)
    assert swapped["score"].tolist() == new["score"].tolist()
    alone = model.related_to("Talks begin", n=5)
    assert (alone["text"] == 0.0).all()


@pytest.mark.parametrize("name", ["summary", "text"])
def test_a_new_event_s_text_is_text(model, name):
    with pytest.raises(InputError, match=rf"^{name}: got \['x'\]; allowed: a text or None"):
        model.related_to("Storm", **{name: ["x"]})


# --- updates, days, saved models --------------------------------------------------------------


@pytest.fixture(params=[None, 2, 100])
def kept(request, monkeypatch):
    """By how many words texts are compared: fewer than they have, or all."""
    monkeypatch.setattr(Text, "kept", request.param)
    return request.param


def column(model):
    return model.index_.features.csr("text").toarray()


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), first=st.integers(8, 24), more=st.integers(1, 18))
def test_any_split_equals_one_update(kept, seed, first, more):
    frame = random_frame(seed, 26)
    frame["text"] = [text and f"{text} word{row % 7}" for row, text in enumerate(frame["text"])]
    once, again = fitted(frame.iloc[:first]), fitted(frame.iloc[:first])
    once.related_all(), again.related_all()
    once.update(frame.iloc[first:])
    again.update(frame.iloc[first : first + more])
    if first + more < len(frame):
        again.update(frame.iloc[first + more :])
    pd.testing.assert_frame_equal(once.related_all(), again.related_all(), check_exact=True)
    assert (column(once) == column(again)).all()
    for model in (once, again):
        lists = model.related_all()
        model._fitted.lists, model._fitted.engines = None, {}
        pd.testing.assert_frame_equal(lists, model.related_all(), check_exact=True)


def test_an_event_of_which_the_text_alone_differs_is_replaced(model):
    before = lists_of(model.related_all(2))
    new = frame_of([("e", "Storm", None, "poor harvest")])
    changed = model.update(new, on_existing="replace")
    assert model.last_update_.replaced == 1
    assert "e" in changed
    after = lists_of(model.related_all(2))
    assert before["e"][0] == "d"
    assert after["e"][0] == "b"
    assert {id_ for id_ in after if after[id_] != before[id_]} <= set(changed)


def test_events_that_come_without_the_columns_have_no_text(model):
    model.update(frame_of([("f", "Storm", None, None)]).drop(columns=["summary", "text"]))
    assert model.explain("e", "f").parts["text"] == pytest.approx(2.0)


def test_the_list_as_of_a_day_is_that_of_the_archive_cut_there(kept):
    frame = random_frame(7, 40, undated=0.0)
    model = fitted(frame, Weights(text=1.0))
    day = frame["date"].sort_values().iloc[25]
    later = frame["id"][frame["date"] > day].tolist()
    ids = [id_ for id_ in frame["id"] if id_ not in later]
    lists = model.related_many(ids, as_of=day)
    model.remove(later)
    pd.testing.assert_frame_equal(lists, model.related_many(ids), check_exact=True)


def test_saved_and_loaded(kept, tmp_path):
    frame = random_frame(8, 30)
    model = fitted(frame.iloc[:25], Weights(text=1.0))
    folder = model.save(tmp_path / "model")
    loaded = RelatedEvents.load(folder, encoder=model.encoder)
    assert loaded.index_.features.spaces["text"].kept == kept
    pd.testing.assert_frame_equal(loaded.related_all(), model.related_all(), check_exact=True)
    pd.testing.assert_frame_equal(loaded.archive_, model.archive_)
    for one in (model, loaded):
        one.update(frame.iloc[25:])
    pd.testing.assert_frame_equal(loaded.related_all(), model.related_all(), check_exact=True)
    pd.testing.assert_frame_equal(
        loaded.related_to("Flood", text="harvest vote"),
        model.related_to("Flood", text="harvest vote"),
    )


def test_a_text_keeps_the_words_that_weigh_most():
    texts = ["rare rare common middle", "common middle", "common middle", "common rare", "odd"]
    space, matrix = WordSpace.fit(texts, 1.0, kept=2)
    weights = dict(zip(space.words, space.weights, strict=True))
    rare, middle = (1 + math.log(2)) * weights["rare"], weights["middle"]
    length = math.hypot(rare, middle)
    assert space.words == ["common", "middle", "rare"]
    assert matrix.toarray()[0] == pytest.approx([0.0, middle / length, rare / length])
    # Of words that weigh the same the first by alphabet stay.
    equal, rows = WordSpace.fit(["war aid cup", "cup war aid", "odd"], 1.0, kept=2)
    assert equal.words == ["aid", "cup", "war"]
    assert rows.toarray()[1] == pytest.approx([math.sqrt(0.5), math.sqrt(0.5), 0.0])
    assert (equal.transform(["war aid cup"] * 2) != rows[:2]).nnz == 0


# --- tables and files ---------------------------------------------------------------------------

BAD = [(["x"], r"\['x'\] \(list\)"), (3, r"3 \(int\)"), (2.5, r"2.5 \(float\)"), (True, "True")]


@pytest.mark.parametrize("name", ["summary", "text"])
@pytest.mark.parametrize(("value", "came"), BAD)
def test_what_is_no_text_is_told_with_row_and_column(name, value, came):
    frame = frame_of()
    frame[name] = pd.Series([None, None, None, value, "fine"], dtype=object)
    message = rf"column '{name}': 1 row can't be used: row 3 \(id 'd'\): {came}.*; allowed: text"
    with pytest.raises(InputError, match=message):
        check_events(frame)
    with pytest.warns(DroppedRowsWarning, match=message):
        kept = check_events(frame, on_error="drop")
    assert kept["id"].tolist() == ["a", "b", "c", "e"]
    assert cells(kept[name]) == [None, None, None, "fine"]


def test_a_checked_table_stays_as_it_is():
    frame = frame_of().assign(text=[" one ", float("nan"), pd.NA, "", "two\nlines"])
    once = check_events(frame)
    assert cells(once["text"]) == ["one", None, None, None, "two\nlines"]
    pd.testing.assert_frame_equal(check_events(once), once)


def written(frame, path):
    {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".parquet": lambda: frame.to_parquet(path, index=False),
    }[path.suffix]()
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", None])
def test_readers_map_and_keep_them(suffix, tmp_path):
    # Longer than what the csv module takes at first, and a text that looks like a number.
    body = ["2010", None, 'a "quoted"; text,\nof two lines', "x " * 100_000, ""]
    frame = frame_of().drop(columns=["text", "tags"]).assign(body=body, summary=["7"] * 5)
    source = frame if suffix is None else written(frame, tmp_path / f"events{suffix}")
    columns = {"text": "body"}
    with pytest.warns(match="no column 'tags'"):
        events = read_events(source, columns=columns)
    assert cells(events["text"]) == ["2010", None, body[2], body[3].strip(), None]
    assert events["summary"].tolist() == ["7"] * 5


def test_from_the_shell(model, tmp_path, capsys):
    folder = str(written(frame_of().drop(columns="tags"), tmp_path / "events.jsonl"))
    new = ["--headline", "Talks", "--text", "quota", "--summary", "harvest", "--json"]
    assert main(["related", folder, *new, "--weights", "text=1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told[0]["related_id"] == "a"
    wanted = model.related_to("Talks", text="quota", summary="harvest")["text"].iloc[0]
    assert told[0]["text"] == pytest.approx(wanted / 2.0)
