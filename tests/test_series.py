"""Series: which headlines are of one, and that lists hold no more of one than they may."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from toy import KeywordEncoder

from relatedevents import InputError, RelatedEvents
from relatedevents.features.series import series_codes, series_keys, within_limit


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Weekly digest 12", "Weekly Digest #13", True),
        ("Part I: the flood", "Part IV: The flood", True),
        ("The flood – part 2", "The flood (Part 3)", False),
        ("Digest, 3 May 2021", "Digest, Sunday 14th June 2020", True),
        ("Digest of August 10, 2016", "Digest of May 9, 2017", True),
        ("Go 1.12 is released", "Go 1.2.3 is released", True),
        ("Survey 2016 results", "Survey 2017 Results!", True),
        ("Summit", "Summit 2019", False),
        ("Community Call 12: R & D", "Community call 9: R & D", True),
        ("第12回の会", "第3回の会", True),
        ("Rebels leave Kidal", "Rebels leave Kidal", False),
        ("A bomb kills 12 in Rome", "A bomb kills 30 in Rome", False),
        ("Bomb in Rome kills 12", "Bomb in Rome kills 30", False),
        ("The death toll rises to 617.", "The death toll rises to 1,217.", False),
        ("12 dead in Rome", "30 dead in Rome", False),
        ("Fine of $300k", "Fine of $500k", False),
        ("World War I begins", "World War II begins", False),
        ("A bomb kills 12 in Rome", "A bomb kills 12 in Oslo", False),
        ("12", "13", False),
        ("An A320 lands", "An A330 lands", False),
    ],
)
def test_keys(one, other, same):
    keys = series_keys([one, other])
    assert (keys[0] == keys[1] != 0) == same


def test_codes():
    assert series_codes(series_keys([])).tolist() == []
    codes = series_codes(series_keys(["A 1", "B 1", "A 2", "A", "C"]))
    assert codes[0] == codes[2] >= 0
    assert codes[[1, 3, 4]].tolist() == [-1, -1, -1]


def test_within_limit_by_a_slow_reference():
    rng = np.random.default_rng(0)
    lists, codes = np.sort(rng.integers(0, 9, 200)), rng.integers(-1, 4, 200)
    for limit in (1, 2, 5):
        seen: dict[tuple[int, int], int] = {}
        wanted = []
        for key in zip(lists.tolist(), codes.tolist(), strict=True):
            seen[key] = seen.get(key, 0) + 1
            wanted.append(key[1] < 0 or seen[key] <= limit)
        assert within_limit(lists, codes, limit).tolist() == wanted


def frame_of(n_digests, n_others=8, start=0):
    rows = [
        (f"d{k}", f"2012-01-{1 + k % 28:02}", f"Flood digest {k}", ["Flood"])
        for k in range(start, start + n_digests)
    ]
    others = ["town", "match", "strike", "court", "vote", "army", "peace", "rain"]
    rows += [
        (f"o{start + k}", f"2012-02-{1 + k:02}", f"Flood {word}", ["Flood", word])
        for k, word in enumerate(others[:n_others])
    ]
    return pd.DataFrame(rows, columns=["id", "date", "headline", "tags"])


def fitted(frame):
    return RelatedEvents(encoder=KeywordEncoder(), n_related=5).fit(frame)


def test_lists_hold_two_of_a_series_and_are_filled_from_further_down():
    model = fitted(frame_of(9))
    everything = model.related("d0", series_limit=None, n=16)
    for limit, n in ((1, 5), (2, 5), (2, 8), (3, 5), (None, 5)):
        listed = model.related("d0", n, series_limit=limit)["related_id"].tolist()
        kept, digests = [], 0
        for id_ in everything["related_id"]:
            digests += id_.startswith("d")
            if limit is None or not id_.startswith("d") or digests <= limit:
                kept.append(id_)
        assert listed == kept[:n]
    assert model.related("d0")["related_id"].str.startswith("d").sum() == 2
    new = model.related_to("Flood digest 77", tags=["Flood"], date="2012-01-04")
    assert new["related_id"].str.startswith("d").sum() == 2
    short = model.related("d0", 12)
    assert short.attrs["ended"]["d0"] == "10 of 12: no other event is of another series"
    assert short.attrs["series"] == {"d0": 6}
    assert model.related("d0", n=12, series_limit=None).attrs == {"ended": {}, "series": {}}


def test_a_longer_list_begins_with_the_shorter_one_and_every_door_gives_the_same():
    model = fitted(frame_of(9))
    lists = model.related_all(9)
    for n in (1, 3, 6):
        pd.testing.assert_frame_equal(
            lists[lists["rank"] <= n].reset_index(drop=True), model.related_all(n)
        )
    single = model.related("d3", 9)
    assert single["related_id"].tolist() == lists.loc[lists["id"] == "d3", "related_id"].tolist()
    blocks = pd.concat(model.related_blocks(9, size=4), ignore_index=True)
    pd.testing.assert_frame_equal(blocks, lists)


def greedy(everything, n, limit, pins):
    """The slow reference: one event after the other, and how many digests were passed over."""
    kept, passed = list(pins), 0
    for id_ in everything:
        if id_ in pins or len(kept) == n:
            continue
        full = id_.startswith("d") and sum(one.startswith("d") for one in kept) >= limit
        passed += full
        kept += [] if full else [id_]
    return kept, passed


@pytest.mark.parametrize("pins", [(), ("d5",), ("d5", "o1"), ("d5", "d6", "d7")])
@pytest.mark.parametrize("limit", [1, 2, 4])
@pytest.mark.parametrize("n", [4, 8, 20])
def test_pins_are_of_the_series_and_what_is_passed_over_is_counted(pins, limit, n):
    model = fitted(frame_of(9))
    everything = model.related_all(20, series_limit=None)
    lists = model.related_all(n, series_limit=limit, pins={"d0": list(pins), "o3": list(pins)})
    told = {}
    for id_, some in everything.groupby("id"):
        mine = pins if id_ in ("d0", "o3") else ()
        kept, passed = greedy(some["related_id"], n, limit, mine)
        assert lists.loc[lists["id"] == id_, "related_id"].tolist() == kept
        told |= {id_: passed} if passed else {}
    assert lists.attrs["series"] == told
    single = model.related("d0", n, series_limit=limit, pins=list(pins))
    assert single.attrs["series"].get("d0") == told.get("d0")
    blocks = model.related_blocks(n, size=4, series_limit=limit)
    unpinned = model.related_all(n, series_limit=limit).attrs
    for name in ("ended", "series"):
        joined = {}
        for block in model.related_blocks(n, size=4, series_limit=limit):
            joined |= block.attrs[name]
        assert joined == unpinned[name]
    assert sum(map(len, blocks)) == len(model.related_all(n, series_limit=limit))


def test_the_list_as_of_a_day_is_that_of_the_archive_cut_there():
    whole = frame_of(9)
    model, cut = fitted(whole), fitted(whole)
    cut.remove(whole.loc[whole["date"] > "2012-01-06", "id"].tolist())
    lists = model.related_many(cut.archive_["id"], as_of="2012-01-06")
    pd.testing.assert_frame_equal(lists, cut.related_all())
    assert lists.attrs["series"] == cut.related_all().attrs["series"] != {}


def test_keys_are_kept_by_updates_and_saved_models(tmp_path):
    model = fitted(frame_of(9))
    model.remove(["d1", "o3"])
    model.update(frame_of(3, 2, start=30))
    index = model._fitted.index
    headlines = index.table["headline"].to_numpy()[index.order].tolist()
    assert index.series_keys.tolist() == series_keys(headlines).tolist()
    model.save(tmp_path / "model")
    again = RelatedEvents.load(tmp_path / "model", encoder=KeywordEncoder())
    assert again._fitted.index.series_keys.tolist() == index.series_keys.tolist()
    by_id = model.set_params(weights__tie_break="column:id:descending").related_all()
    assert again.set_params(weights__tie_break="column:id:descending").related_all().equals(by_id)
    index = model._retriever().index
    headlines = index.table["headline"].to_numpy()[index.order].tolist()
    assert index.series_keys.tolist() == series_keys(headlines).tolist()


def test_kneighbors_gives_as_many_as_were_asked_for():
    model = fitted(frame_of(9))
    everything = model.related_all(12, series_limit=None)
    for asked in (None, ["d0", "o3"]):
        distances, places = model.kneighbors(asked, 12)
        ids = model.archive_["id"] if asked is None else asked
        wanted = everything.set_index("id").loc[list(ids)]
        assert model.archive_["id"].to_numpy()[places].ravel().tolist() == (
            wanted["related_id"].tolist()
        )
        assert distances.shape == (len(ids), 12)


def test_relation():
    model = fitted(frame_of(4))
    assert model.explain("d0", "d3").relation == "same series"
    assert model.explain("d0", "o1").relation != "same series"
    new = model.related_to("Flood digest 77", tags=["Flood"], reasons=True, n=12)
    relations = dict(zip(new["related_id"], new["relation"], strict=True))
    assert {id_ for id_, told in relations.items() if told == "same series"} <= {
        f"d{k}" for k in range(4)
    }
    assert "same series" in relations.values()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_update_tells_the_lists_that_users_see(order):
    parts = [frame_of(6, 6), frame_of(7, 8, start=20)]
    first, second = (parts[k] for k in order)
    model = fitted(first)
    before = model.related_all()
    changed = model.update(second)
    after = model.related_all()
    assert changed == differing(model, before, after)
    gone = ["d1", "o2"] if order == (0, 1) else ["d21", "o22"]
    changed = model.remove(gone)
    assert changed == differing(model, after, model.related_all())


def differing(model, before, after):
    lists = [
        {id_: some["related_id"].tolist() for id_, some in table.groupby("id")}
        for table in (before, after)
    ]
    ids = model.archive_["id"].tolist()
    return [id_ for id_ in ids if lists[0].get(id_) != lists[1].get(id_)]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "two", True])
def test_limits_that_are_none(limit):
    with pytest.raises(InputError, match=r"^series_limit: got "):
        fitted(frame_of(2)).related("d0", series_limit=limit)


def test_an_archive_of_one_series_is_soon_done():
    rows = [(f"d{k}", None, f"Flood digest {k}", ["Flood"]) for k in range(1500)]
    rows += [("o", None, "Flood", ["Flood"])]
    model = fitted(pd.DataFrame(rows, columns=["id", "date", "headline", "tags"]))
    listed = model.related("d7")
    assert len(listed) in (2, 3)
    assert listed.attrs["ended"]["d7"].endswith(": no other event is of another series")
