import datetime
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relatedevents.archive import (
    UNDATED,
    Ids,
    check_events,
    dates_of,
    day_of,
    days_of,
)
from relatedevents.archive.dates import read_days
from relatedevents.errors import (
    DroppedRowsWarning,
    InputError,
    RelatedEventsWarning,
    UnknownIdError,
)

SHARED = Path(__file__).parents[2] / "shared" / "data"


def table(**changes):
    base = {
        "id": ["a", "b", "c"],
        "date": ["1992-06-03", "1997-12-11", "2015-12-12"],
        "headline": ["Rio", "Kyoto", "Paris"],
        "tags": [["Brazil"], ["Japan"], ["France"]],
    }
    return pd.DataFrame({**base, **changes})


def test_checked_table_has_its_columns_first_and_keeps_the_others():
    frame = table()[["headline", "tags", "id", "date"]].assign(source=["x", None, "z"])
    frame.index = [7, 7, 9]
    frame.attrs = {"reading": {"pages": 3}}
    checked = check_events(frame)
    assert list(checked.columns) == ["id", "date", "headline", "tags", "source"]
    assert checked.index.equals(pd.RangeIndex(3))
    assert checked["date"].dtype == "datetime64[s]"
    assert checked["source"].tolist()[::2] == ["x", "z"]
    assert checked.attrs == {"reading": {"pages": 3}}
    assert frame["id"].tolist() == ["a", "b", "c"]


def test_checking_twice_changes_nothing():
    once = check_events(table(tags=[("x", "x ", ""), None, np.array(["y"])]))
    pd.testing.assert_frame_equal(check_events(once), once)


def test_the_given_table_and_its_lists_are_not_touched():
    tags = ["x", " x", ""]
    frame = table(tags=[tags, [], []], headline=[" Rio ", "Kyoto", "Paris"])
    checked = check_events(frame)
    checked.loc[0, "tags"].append("new")
    assert tags == ["x", " x", ""]
    assert frame.loc[0, "headline"] == " Rio "
    assert checked.loc[0, "headline"] == "Rio"


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        (["a", " a ", "", "b"], ["a", "b"]),
        (("b", "a"), ["b", "a"]),
        (np.array(["b", "a"], dtype=object), ["b", "a"]),
        ({"b", "a"}, ["a", "b"]),
        ('["Paris, Texas", "b"]', ["Paris, Texas", "b"]),
        ("[]", []),
        ("", []),
        (None, []),
        (float("nan"), []),
        (pd.NA, []),
        (["A", "a"], ["A", "a"]),
    ],
)
def test_tags_of_any_kind_become_a_list(value, tags):
    checked = check_events(table(tags=pd.Series([value, [], []], dtype=object)))
    assert checked.loc[0, "tags"] == tags


def test_a_named_separator_splits_tags_but_not_json_lists():
    given_tags = ["x; Paris, Texas ;;x", '["q;r"]', ["s;t"]]
    checked = check_events(table(tags=given_tags), tag_separator=";")
    assert checked["tags"].tolist() == [["x", "Paris, Texas"], ["q;r"], ["s;t"]]


@pytest.mark.parametrize(
    ("values", "days"),
    [
        (["2012-10-12", "2012-10-12T23:59:59.5", "2012-10-12 08:00"], ["2012-10-12"] * 3),
        (["20121012", "2012/10/12", "2012-2-5"], ["2012-10-12", "2012-10-12", "2012-02-05"]),
        (["1492-10-12", "0001-01-01", "9999-12-31"], ["1492-10-12", "0001-01-01", "9999-12-31"]),
        (["2012-10-12", "", None], ["2012-10-12", "NaT", "NaT"]),
        (["2012-10-12", " ", float("nan")], ["2012-10-12", "NaT", "NaT"]),
        ([datetime.date(1492, 1, 2), pd.NaT, pd.NA], ["1492-01-02", "NaT", "NaT"]),
        (
            [datetime.datetime(1969, 12, 31, 23), pd.Timestamp("1970-01-02 23:00"), "1970-01-03"],
            ["1969-12-31", "1970-01-02", "1970-01-03"],
        ),
        (
            [
                np.datetime64("1066-10-14"),
                np.datetime64("NaT", "D"),
                np.datetime64("1969-12-31T23", "s"),
            ],
            ["1066-10-14", "NaT", "1969-12-31"],
        ),
        (
            ["2012-10-12T23:30+02:00", "2012-10-12", "2012-10-13T00:10+0200"],
            ["2012-10-12", "2012-10-12", "2012-10-13"],
        ),
        (
            [
                "2012-10-12T23:30Z",
                "2012-10-12T23:30+00:00",
                datetime.datetime(2012, 10, 12, 23, tzinfo=datetime.UTC),
            ],
            ["2012-10-12"] * 3,
        ),
    ],
)
def test_dates_that_can_be_read(values, days):
    checked = check_events(table(date=pd.Series(values, dtype=object)))
    got = checked["date"].to_numpy().astype("datetime64[D]").astype(str).tolist()
    assert got == days


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_datetime_columns_give_the_day_before_and_after_1970(unit):
    times = pd.Series(np.array(["1969-12-31T23:30", "1970-01-01T00:30", "NaT"], f"M8[{unit}]"))
    assert check_events(table(date=times))["date"].dtype == "datetime64[s]"
    assert days_of(times).tolist() == [-1, 0, UNDATED]


def test_a_column_in_one_time_zone_gives_the_local_day():
    times = pd.Series(pd.to_datetime(["2012-10-12 00:30", "2012-10-12 23:30", "2012-07-01 00:00"]))
    checked = check_events(table(date=times.dt.tz_localize("Asia/Tokyo")))
    assert checked["date"].astype(str).tolist() == ["2012-10-12", "2012-10-12", "2012-07-01"]


BAD = [
    (
        {"id": ["a", None, "  "]},
        r"events, column 'id': 2 rows can't be used: row 1: .*, row 2: '  '",
    ),
    (
        {"id": ["a", "b", "a"]},
        r"column 'id': 1 id doubled: 'a' in rows 0, 2; allowed: each id once",
    ),
    ({"id": [1.0, 2.0, 3.5]}, r"3 rows can't be used: row 0: 1.0, .* text or a whole number"),
    ({"id": [True, False, None]}, r"column 'id': 3 rows"),
    (
        {"headline": ["Rio", " ", None]},
        r"column 'headline': 2 rows can't be used: row 1 \(id 'b'\): ' ', row 2 \(id 'c'\): "
        r".*allowed: non-empty text. Fill it in. .*on_error=\"drop\"",
    ),
    ({"headline": [1, 2, 3]}, r"column 'headline': 3 rows can't be used: row 0 \(id 'a'\): 1"),
    (
        {"headline": pd.Series(["Rio", "\ud800", "Paris"], dtype=object)},
        r"column 'headline': 1 row .*row 1",
    ),
    (
        {"date": ["03/04/2012", "2012-02-31", "2012"]},
        r"column 'date': 3 rows .*'03/04/2012', where day and month can't be told apart, "
        r".*'2012-02-31', a day that the calendar does not have, .*'2012', which names no day"
        r".*allowed: a date, a datetime, or text that starts with year-month-day",
    ),
    ({"date": ["12 October 2012"] * 3}, r"column 'date': 3 rows .*'12 October 2012', row 1"),
    ({"date": [20121012, 2012, 3]}, r"column 'date': 3 rows .*20121012 \(int\)"),
    (
        {"date": ["2012-10-12T10:00Z", "2012-10-12T10:00+02:00", "2012-10-12T10:00"]},
        r"column 'date': 3 time zones mixed: UTC \(1 rows\), UTC\+02:00 \(1 rows\), no time zone",
    ),
    (
        {"tags": ["x; y", ["z"], []]},
        r"column 'tags': 1 row .*row 0 \(id 'a'\): the one text 'x; y' and no tag_separator, "
        r"perhaps tag_separator=';'.*allowed: a list of texts, a JSON list",
    ),
    (
        {"tags": [["x", float("nan")], ["z", 1], {"k": 1}]},
        r"column 'tags': 3 rows .*nan \(float\) among the tags .*1 \(int\) among .*\(dict\)",
    ),
    ({"tags": ["[cut", [], []]}, r"the one text '\[cut' and no tag_separator"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_tables_name_row_column_and_what_to_do(changes, message):
    with pytest.raises(InputError, match=message):
        check_events(table(**changes))


def test_all_kinds_of_problem_are_told_at_once_with_counts():
    rows = 20
    frame = pd.DataFrame(
        {"id": range(rows), "headline": [""] * rows, "date": ["?"] * rows, "tags": [[]] * rows}
    )
    with pytest.raises(InputError) as caught:
        check_events(frame, source="old.csv")
    text = str(caught.value)
    assert "old.csv, column 'date': 20 rows" in text
    assert " Also: old.csv, column 'headline': 20 rows" in text
    assert text.count("and 15 more") == 2
    assert "\n" not in text


@pytest.mark.parametrize(
    ("frame", "arguments", "message"),
    [
        (table().iloc[:0], {}, "events: an empty archive, no rows; allowed: one event or more"),
        (pd.DataFrame(), {}, "no column 'id' and no column 'headline'; it has no columns"),
        (
            table().rename(columns={"headline": "Title", "id": "ID"}),
            {},
            r"no column 'id' and .*it has 'ID'.*columns=\{'id': 'ID', 'headline': 'Title'\}",
        ),
        (table(), {"columns": {"headline": "titel"}}, "'headline' is mapped to 'titel', which"),
        (
            table().rename(columns={"headline": "title"}),
            {"columns": {"title": "headline"}},
            r"does not have|no column 'headline'",
        ),
        (table(), {"columns": {"title": "nix"}}, "one of 'id', 'date'"),
        (
            table().rename(columns={"headline": "t"}),
            {"columns": {"id": "t", "headline": "t"}},
            "'id', 'headline' are all mapped to 't'; allowed: each column once",
        ),
        (
            table().assign(title="x"),
            {"columns": {"headline": "title"}},
            "mapped to 'title', but events has a column 'headline' too",
        ),
        (table(), {"columns": "title"}, "columns: got 'title'; allowed: a mapping such as"),
        (table(), {"on_error": "ignore"}, "on_error: got 'ignore'; allowed: 'raise', 'drop'"),
        (table(), {"tag_separator": ""}, "tag_separator: got ''; allowed: non-empty text"),
        (table().iloc[:, [0, 0, 1, 2]], {}, "several columns of one name: 'id'"),
        ([{"id": 1}], {}, "events: got list; allowed: a DataFrame"),
        (table()["id"], {}, "events: got Series; allowed: a DataFrame"),
    ],
)
def test_bad_arguments_and_columns(frame, arguments, message):
    with pytest.raises(InputError, match=message):
        check_events(frame, **arguments)


def test_columns_turned_round_are_told():
    frame = table().rename(columns={"headline": "title"})
    with pytest.raises(InputError, match=r"Turn it round: columns=\{'headline': 'title'\}"):
        check_events(frame, columns={"title": "headline"})


def test_an_index_named_id_is_the_id():
    assert check_events(table().set_index("id"))["id"].tolist() == ["a", "b", "c"]
    keyed = table().rename(columns={"id": "key"}).set_index("key")
    assert check_events(keyed, columns={"id": "key"})["id"].tolist() == ["a", "b", "c"]


def test_whole_numbers_become_ids_as_text():
    assert check_events(table(id=[7, np.int64(8), "007"]))["id"].tolist() == ["7", "8", "007"]
    with pytest.raises(InputError, match="'7' in rows 0, 1"):
        check_events(table(id=[7, "7", "8"]))


def test_missing_dates_and_tags_are_warned_of_with_the_likely_column():
    frame = table().rename(columns={"date": "Published"})
    with pytest.warns(RelatedEventsWarning, match=r"no date. If 'Published' .*'date': 'Published'"):
        checked = check_events(frame)
    assert checked["date"].isna().all()
    with pytest.warns(RelatedEventsWarning, match="no column 'tags': its events have no tags.$"):
        checked = check_events(table().drop(columns="tags"))
    assert checked["tags"].tolist() == [[], [], []]


def test_drop_leaves_out_bad_rows_and_says_which():
    frame = table(headline=["Rio", "", "Paris"], date=["1992-06-03", None, "nix"])
    frame["extra"] = [1, 2, 3]
    with pytest.warns(DroppedRowsWarning, match=r"2 of 3 rows are dropped.*row 2.*Also.*row 1"):
        checked = check_events(frame, on_error="drop")
    assert checked[["id", "extra"]].to_numpy().tolist() == [["a", 1]]
    assert checked.index.equals(pd.RangeIndex(1))


def test_drop_still_refuses_what_no_row_is_to_blame_for():
    with pytest.raises(InputError, match="1 id doubled"):
        check_events(table(id=["a", "a", "b"]), on_error="drop")
    zones = ["2012-10-12T10:00Z", "2012-10-12T10:00+02:00", None]
    with pytest.raises(InputError, match="2 time zones mixed"):
        check_events(table(date=zones), on_error="drop")
    with pytest.raises(InputError, match="every row would be dropped"):
        check_events(table(headline=["", "", ""]), on_error="drop")


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow"])
def test_frames_of_other_libraries(kind):
    values = table().to_dict("list") | {"date": [datetime.date(1492, 1, 1), None, None]}
    if kind == "arrow":
        frame = pytest.importorskip("pyarrow").table(values)
    else:
        polars = pytest.importorskip("polars")
        frame = polars.DataFrame(values) if kind == "polars" else polars.LazyFrame(values)
    checked = check_events(frame)
    assert checked["tags"].tolist() == [["Brazil"], ["Japan"], ["France"]]
    assert checked["date"].notna().tolist() == [True, False, False]


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)


@given(st.lists(st.tuples(texts, texts, st.none() | st.dates(), st.lists(texts)), min_size=1))
def test_rows_are_kept_in_order_whatever_they_hold(rows):
    rows = list({row[0]: row for row in rows}.values())
    columns = {
        name: pd.Series([row[at] for row in rows], dtype=object)
        for at, name in enumerate(["id", "headline", "date", "tags"])
    }
    checked = check_events(pd.DataFrame(columns))
    assert checked["id"].tolist() == [row[0] for row in rows]
    assert checked["headline"].tolist() == [row[1].strip() for row in rows]
    dates = [None if pd.isna(date) else date.date() for date in checked["date"]]
    assert dates == [row[2] for row in rows]
    for tags, row in zip(checked["tags"], rows, strict=True):
        slow = []
        for tag in row[3]:
            if tag.strip() and tag.strip() not in slow:
                slow.append(tag.strip())
        assert tags == slow
    pd.testing.assert_frame_equal(check_events(checked), checked)


@given(st.lists(st.dates() | st.none()))
def test_text_and_objects_give_the_same_days_and_come_back(dates):
    slow = [UNDATED if d is None else (d - datetime.date(1970, 1, 1)).days for d in dates]
    as_text = pd.Series([None if d is None else d.isoformat() for d in dates], dtype=object)
    assert read_days(as_text).days.tolist() == slow
    assert read_days(pd.Series(dates, dtype=object)).days.tolist() == slow
    assert days_of(dates_of(np.array(slow, dtype=np.int32))).tolist() == slow


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2012, 10, 12),
        pd.Timestamp("2012-10-12 23:00"),
        "2012-10-12",
        np.datetime64("2012-10-12"),
    ],
)
def test_day_of_takes_every_kind_of_date(value):
    assert day_of(value) == 15625


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("03/04/2012", "as_of: got '03/04/2012', where day and month can't be told apart; allowed"),
        (None, "as_of: got None; allowed: a date"),
        (2012, r"as_of: got 2012 \(int\)"),
        ("today", "got 'today'; .* Write it as year-month-day."),
    ],
)
def test_day_of_teaches(value, message):
    with pytest.raises(InputError, match=message):
        day_of(value, "as_of")


def test_ids_meet_rows():
    ids = Ids(["b", "a", "7"])
    assert ids.rows_of(["7", "b", 7]).tolist() == [2, 0, 2]
    assert ids.rows_of([]).dtype == np.int64
    assert (len(ids), ids[1], list(ids), "a" in ids, None in ids) == (
        3,
        "a",
        ["b", "a", "7"],
        True,
        False,
    )


@pytest.mark.parametrize(
    ("given_ids", "error", "message"),
    [
        (["1992/ryo"], UnknownIdError, r"ids: the archive has no '1992/ryo' \(nearest: '1992/rio'"),
        (["x1", "1992/rio", "x2", "x3", "x4"], UnknownIdError, "and 1 more; allowed: one of its 3"),
        (["1992/rio", None], InputError, "ids, position 1: got None; allowed: an id"),
        ([1.5], InputError, "ids: got 1.5"),
        ("1992/rio", InputError, "ids: got '1992/rio'; allowed: a list of ids"),
    ],
)
def test_unknown_ids_are_told_with_the_nearest(given_ids, error, message):
    with pytest.raises(error, match=message):
        Ids(["1992/rio", "1997/kyoto", "2015/paris"]).rows_of(given_ids)


@given(st.lists(texts, min_size=1, max_size=30, unique=True), st.data())
def test_an_id_with_one_letter_more_finds_its_id(known, data):
    id_ = data.draw(st.sampled_from(known))
    nearest = Ids(known).nearest(id_ + "x", n=len(known))
    assert set(nearest) <= set(known)
    if len(id_) >= 5:
        assert id_ in nearest


@pytest.mark.shared
def test_the_real_archive_passes_and_finds_near_ids():
    if not SHARED.exists():
        pytest.skip("needs ../shared/data")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checked = check_events(pd.read_parquet(SHARED / "events.parquet"))
    assert len(checked) == 69_103
    assert checked["date"].notna().all()
    wanted = checked["id"].iloc[40_000]
    assert Ids(checked["id"]).nearest(wanted.replace("e", "a", 1), n=1) == [wanted]
