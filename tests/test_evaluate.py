"""`evaluate`: figures worked out by hand, what is counted, what is refused, what is said."""

from __future__ import annotations

import copy
import json
import math
import pkgutil
import re
import sys
import types
from html.parser import HTMLParser

import ir_measures
import numpy as np
import pandas as pd
import pytest

import relatedevents.evaluation
from relatedevents import (
    RelatedEvents,
    Weights,
    baselines,
    evaluate,
    load_sample,
    load_sample_links,
    read_links,
    read_run,
)
from relatedevents.errors import InputError, LeakError, MissingExtraError, UnknownIdError
from relatedevents.evaluation.beyond_accuracy import BEYOND_ACCURACY
from relatedevents.evaluation.comparison import COMPARE_WORDS
from relatedevents.evaluation.unjudged import INCOMPLETE_WORDS
from relatedevents.report.list_statistics import DAYS_APART
from relatedevents.report.runs import LINKS_NAME, RUN_COUNTS, named_runs
from relatedevents.report.truth import LINK_COUNTS

pytestmark = pytest.mark.slow

LINKS = {"q1": ["a", "b"], "q2": ["c"]}
OLD = {"q1": ["a", "x", "b"], "q2": ["x", "c"]}
NEW = {"q1": ["a", "b"], "q2": ["x"]}
RUNS = {"old": OLD, "new": NEW}
DAYS = ["2010-01-01", "2010-01-02", "2010-01-03", "2010-01-10", "2011-06-01", None]
ARCHIVE = pd.DataFrame(
    {
        "id": ["q1", "a", "q2", "b", "c", "x"],
        "date": DAYS,
        "headline": [
            "Army <b>enters</b> the | town", "Army leaves the town", "Vote *on* [budget](x)",
            "Town council meets", "Budget passes", "Storm at sea",
        ],
        "tags": [["Mali", "War"], ["mali"], ["Budget"], ["War"], ["Budget"], []],
        "story": ["war", "war", "", "war", None, ""],
    }
)  # fmt: skip


def quick(run, links=LINKS, **options):
    """Evaluate with few draws."""
    given = {"n": 3, "n_resamples": 200, "n_permutations": 200, "encoder": None, **options}
    return evaluate(run, links, **given)


@pytest.fixture(scope="module")
def sample(fitted_sample):
    return load_sample(), load_sample_links(), fitted_sample


@pytest.fixture(scope="module")
def sample_result(sample):
    _, links, model = sample
    # By words alone: what the rule made is clearly missed, whatever the default weights are.
    rule, meaning = (
        copy.copy(model).set_params(weights=weights)
        for weights in (Weights.shared_tags(), Weights.only(words=1))
    )
    return evaluate({"rule": rule, "meaning": meaning}, links, clusters="story", n_resamples=500)


class TestFigures:
    def test_by_hand(self):
        result = quick(RUNS, metrics=["p@3", "rr", "ndcg@3", "rc@1", "success@1", "ap"])
        ideal = 1 + 1 / math.log2(3)
        expected = {
            "old": [1 / 2, 3 / 4, ((1 + 1 / 2) / ideal + 1 / math.log2(3)) / 2, 1 / 2, 1 / 2,
                    ((1 + 2 / 3) / 2 + 1 / 2) / 2],
            "new": [1 / 3, 1 / 2, 1 / 2, 1 / 2, 1 / 2, 1 / 2],
        }  # fmt: skip
        table = result.to_frame()
        assert list(table.index) == ["old", "new"]
        for run, values in expected.items():
            assert table.loc[run].tolist() == pytest.approx(values, abs=1e-6)
        pair = result.pair("old", "new", "rr")
        assert pair["difference"] == pytest.approx(-1 / 4)
        assert (pair["wins"], pair["ties"], pair["losses"]) == (0, 1, 1)
        of_query = result.per_query.set_index(["run", "query"])["rr"]
        assert of_query.to_dict() == {
            ("old", "q1"): 1, ("old", "q2"): 0.5, ("new", "q1"): 1, ("new", "q2"): 0,
        }  # fmt: skip

    def test_rank_biased_overlap_needs_an_order_and_takes_it_from_the_links(self):
        result = quick({"same": {"q1": ["a", "b"], "q2": ["c"]}}, metrics=["rbo@3:0.9"])
        assert result.to_frame().loc["same", "rbo@3:0.9"] == pytest.approx(1.0)
        assert result.incomplete is None
        assert "Not worked out here" in result.to_markdown()
        table = pd.DataFrame({"id": ["q1", "q2"], "related_id": ["a", "c"]})
        with pytest.raises(InputError, match="the links of a query have no order"):
            quick(RUNS, table, metrics=["rbo@3:0.9"])

    def test_graded_links_and_unjudged_events(self):
        graded = {"q1": {"a": 2, "x": 0}, "q2": {"c": 1}}
        result = quick(OLD, graded, metrics=["p@3"])
        row = result.incomplete.iloc[0]
        assert row["plain"] == pytest.approx(1 / 3)
        # q1 lists a (judged), x (judged), b (not); q2 lists x (not) and c (judged).
        assert row["judged"] == pytest.approx((2 / 3 + 1 / 2) / 2)
        assert row["condensed"] == pytest.approx(1 / 3)
        assert row["as_right"] == pytest.approx(2 / 3)
        assert "'not related' (grade 0)" in result.incomplete_words
        alone = quick(OLD, metrics=["p@3"])
        assert math.isnan(alone.incomplete.iloc[0]["judged"])
        assert "not defined" in alone.to_markdown()
        assert quick(OLD, bounds=False).incomplete is None

    def test_figures_agree_with_ir_measures_on_the_written_files(self, sample_result, tmp_path):
        paths = sample_result.to_trec(tmp_path / "trec")
        links = list(ir_measures.read_trec_qrels(str(paths[LINKS_NAME])))
        of_name = {
            "ndcg@10": ir_measures.nDCG @ 10,
            "p@10": ir_measures.P @ 10,
            "rr": ir_measures.RR,
            "success@10": ir_measures.Success @ 10,
        }
        for run in ("rule", "meaning"):
            lists = list(ir_measures.read_trec_run(str(paths[run])))
            found = ir_measures.calc_aggregate(list(of_name.values()), links, lists)
            row = sample_result.to_frame().loc[run]
            for ours, theirs in of_name.items():
                assert row[ours] == pytest.approx(found[theirs], abs=1e-6)

    def test_same_figures_again_and_in_any_order(self):
        first = quick(RUNS)
        again = quick({"new": NEW, "old": OLD}, {"q2": ["c"], "q1": ["a", "b"]})
        columns = ["metric", "run", "mean", "low", "high"]
        key = ["metric", "run"]
        pd.testing.assert_frame_equal(
            first.means[columns].sort_values(key, ignore_index=True),
            again.means[columns].sort_values(key, ignore_index=True),
        )
        assert first.to_json() == quick(RUNS).to_json()

    def test_a_baseline_turns_pairs_round_and_corrects_for_them_alone(self):
        runs = {"new": NEW, "old": OLD, "more": {"q1": ["b"], "q2": ["c"]}}
        every = quick(runs, metrics=["rr"])
        one = quick(runs, metrics=["rr"], baseline="old")
        assert len(every.pairs) == 3
        assert list(one.pairs["run_a"]) == ["old", "old"]
        assert one.settings["tests"] == 2
        before, after = every.pair("new", "old", "rr"), one.pair("old", "new", "rr")
        assert after["difference"] == -before["difference"]
        assert (after["low"], after["high"]) == (-before["high"], -before["low"])
        assert (after["wins"], after["losses"]) == (before["losses"], before["wins"])
        assert after["p_holm"] <= before["p_holm"]
        with pytest.raises(InputError, match="no test of 'new' with 'old' in 'rr'"):
            one.pair("new", "old", "rr")


class TestForms:
    def test_one_run_in_every_form(self, tmp_path):
        rows = [(q, rank, c) for q, ids in OLD.items() for rank, c in enumerate(ids, 1)]
        table = pd.DataFrame(rows, columns=["id", "rank", "related_id"])
        table.to_csv(tmp_path / "old.csv", index=False)
        table.to_json(tmp_path / "old.jsonl", orient="records", lines=True)
        expected = quick(OLD).to_frame()
        quick(OLD).to_trec(tmp_path)
        forms = [table, tmp_path / "old.csv", str(tmp_path / "old.jsonl"), tmp_path / "01-run.run"]
        for form in forms:
            pd.testing.assert_frame_equal(quick(form).to_frame(), expected)
        named = quick({"mine": table, "file": tmp_path / "old.csv"})
        assert list(named.to_frame().index) == ["mine", "file"]

    def test_links_in_every_form(self, tmp_path):
        rows = [(q, rank, c) for q, ids in LINKS.items() for rank, c in enumerate(ids, 1)]
        table = pd.DataFrame(rows, columns=["id", "rank", "related_id"])
        lists = [{"id": q, "related": ids} for q, ids in LINKS.items()]
        (tmp_path / "l.jsonl").write_text("\n".join(map(json.dumps, lists)))
        expected = quick(OLD).to_frame()
        quick(OLD).to_trec(tmp_path)
        grades = {q: dict.fromkeys(ids, 1) for q, ids in LINKS.items()}
        forms = [table, read_links(table), grades, tmp_path / "l.jsonl", tmp_path / "links.qrels"]
        for form in forms:
            pd.testing.assert_frame_equal(quick(OLD, form).to_frame(), expected)

    def test_a_model_lists_what_the_days_allow(self, sample):
        archive, links, model = sample
        days = links.drop_duplicates("id").set_index("id")["as_of"].to_dict()
        lists = model.related_many(days, n=10, as_of=days)
        by_hand = evaluate(lists, links, archive=archive, n_resamples=100)
        by_model = evaluate(model, links, n_resamples=100)
        assert by_model.lists == by_hand.lists
        assert by_model.counts.loc["run", ["later", "undated", "cut"]].tolist() == [0, 0, 0]

    def test_links_of_which_some_tell_a_day(self, sample):
        _, links, model = sample
        ids = links["id"].drop_duplicates()
        some = links.assign(as_of=links["as_of"].where(links["id"].isin(ids[:30])))
        result = evaluate(model, some, n_resamples=100)
        assert result.link_counts["queries_with_day"] == 30
        assert result.link_counts["queries_without_day"] == 30
        free = model.related_many([ids.iloc[-1]])["related_id"].tolist()
        assert result.lists["run"][ids.iloc[-1]] == free

    def test_baselines_go_in_as_they_come(self, sample):
        archive, links, _ = sample
        days = links.drop_duplicates("id").set_index("id")["as_of"].to_dict()
        runs = baselines(archive, queries=list(days), as_of=days, names=["shared_tags", "newest"])
        result = evaluate(runs, links, archive=archive, baseline="newest", n_resamples=100)
        assert result.pair("newest", "shared_tags", "ndcg@10")["difference"] > 0.5

    def test_equal_scores_win_nothing(self):
        result = quick({"q1": {"a": 1.0, "zz": 1.0}, "q2": {"c": 1.0}}, metrics=["rr"])
        assert result.per_query["rr"].tolist() == [0.5, 1.0]
        assert result.counts.loc["run", "tied"] == 2

    @pytest.mark.parametrize(
        ("run", "names"),
        [
            ({"q1": ["a"], "q2": []}, ["run"]),
            ({"q1": {"a": 1.0}}, ["run"]),
            ({"q1": {"a": np.float32(1.0)}, "q2": {}}, ["run"]),
            ({"old": OLD}, ["old"]),
            ({"old": OLD, "new": pd.DataFrame()}, ["old", "new"]),
            ("lists.csv", ["run"]),
            ({"one": "lists.csv"}, ["one"]),
        ],
    )
    def test_which_mappings_are_several_runs(self, run, names):
        assert list(named_runs(run)) == names


class TestWhatCounts:
    def test_days_cut_before_n_does(self):
        links = pd.DataFrame(
            {"id": ["q1", "q2"], "related_id": ["a", "c"], "as_of": ["2010-02-01", "2012-01-01"]}
        )
        run = {"q1": ["c", "x", "b", "a"], "q2": ["x", "c"]}
        result = quick(run, links, archive=ARCHIVE, n=2, metrics=["p@2"])
        assert result.lists["run"] == {"q1": ["b", "a"], "q2": ["c"]}
        told = result.counts.loc["run", ["later", "undated", "shortened", "emptied", "cut"]]
        assert told.tolist() == [1, 2, 2, 0, 0]
        assert result.to_frame().loc["run", "p@2"] == pytest.approx(1 / 2)
        told = "run listed 1 event that came later than the query's day: taken out of 2 lists"
        assert told in result.to_markdown()
        whole = quick(run, links, archive=ARCHIVE, n=2, metrics=["p@2"], as_of=None)
        assert whole.lists["run"] == {"q1": ["c", "x"], "q2": ["x", "c"]}
        assert whole.counts.loc["run", "cut"] == 2
        assert "Lists were not cut at a day." in whole.to_markdown()

    @pytest.mark.parametrize(
        ("as_of", "lists"),
        [
            ("own", {"q1": [], "q2": ["a"]}),
            ("2010-01-05", {"q1": ["a"], "q2": ["a"]}),
            ({"q1": "2010-01-10", "q2": "2010-01-01"}, {"q1": ["a", "b"], "q2": []}),
        ],
    )
    def test_other_days(self, as_of, lists):
        run = {"q1": ["a", "b", "c"], "q2": ["b", "a", "x"]}
        result = quick(run, archive=ARCHIVE, as_of=as_of)
        assert result.lists["run"] == lists

    def test_links_that_no_list_can_hold_are_told(self):
        result = quick(OLD, archive=ARCHIVE, as_of="2010-01-05")
        assert result.link_counts["links_after_day"] == 2
        assert "links after day: 2. Links to an event that is later" in result.to_markdown()

    def test_missing_and_unlinked_are_choices_and_counted(self):
        run = {"q1": ["a"], "z": ["b"]}
        links = {**LINKS, "empty": []}
        with pytest.raises(InputError, match="2 queries have no links: 'z', 'empty'"):
            quick(run, links, missing="empty")
        with pytest.raises(InputError, match="1 of 2 queries have no list: 'q2'"):
            quick(run, links, unlinked="skip")
        result = quick(run, links, unlinked="skip", missing="empty", metrics=["rr"])
        told = result.counts.loc["run", ["queries", "missing", "unlinked", "nothing_related"]]
        assert told.tolist() == [2, 1, 1, 1]
        assert result.to_frame().loc["run", "rr"] == 0.5
        assert "run has no list for 1 query: counted as 0." in result.to_markdown()

    def test_links_without_any_are_told_from_a_frame_too(self):
        links = read_links({**LINKS, "empty": []})
        with pytest.raises(InputError, match="1 queries have no links: 'empty'"):
            quick(OLD, links)

    def test_unknown_events_are_refused_or_counted(self):
        links = {"q1": ["a", "nope"], "q2": ["c"], "gone": ["a"]}
        with pytest.raises(UnknownIdError, match="unknown='drop'") as caught:
            quick(OLD, links, archive=ARCHIVE)
        assert "links, column 'id': the archive has no 'gone'" in str(caught.value)
        result = quick(OLD, links, archive=ARCHIVE, unknown="drop")
        told = [result.link_counts[name] for name in ("links", "unknown_links", "unknown_queries")]
        assert told == [2, 2, 1]
        lost = {"q1": ["nope"], "q2": ["c"], "x": ["a"]}
        with pytest.raises(InputError, match="queries have no links: 'q1'"):
            quick(OLD, lost, archive=ARCHIVE, unknown="drop", missing="empty")
        with pytest.raises(UnknownIdError, match="column 'related_id': the archive has no 'nope'"):
            quick({"q1": ["nope"], "q2": ["c"]}, archive=ARCHIVE)
        with pytest.raises(InputError, match="the archive knows none of its 1 links"):
            quick(OLD, {"u": ["v"]}, archive=ARCHIVE, unknown="drop")

    def test_clusters(self, sample):
        _, links, model = sample
        lone = quick(OLD, {**LINKS, "b": ["a"]}, archive=ARCHIVE, clusters="story", missing="empty")
        assert lone.means["clusters"].iloc[0] == 2
        assert lone.settings["alone"] == 1
        assert "1 query has no group and stand" in lone.to_markdown()
        of_day = quick(OLD, archive=ARCHIVE, clusters="day")
        assert of_day.means["clusters"].iloc[0] == 2
        with pytest.raises(InputError, match="only one cluster"):
            quick(OLD, clusters={"q1": 1, "q2": 1})
        by_story = evaluate(model, links, clusters="story", n_resamples=100)
        assert by_story.means["clusters"].iloc[0] == 39

    def test_stories_that_share_an_event_are_one_cluster(self):
        archive = ARCHIVE.drop(columns="story").assign(
            stories=[["war"], [], ["war", "vote"], ["vote"], [], []]
        )
        links = {"q1": ["a"], "q2": ["a"], "b": ["a"], "c": ["a"]}
        result = quick(links, links, archive=archive, clusters="story")
        assert result.means["clusters"].iloc[0] == 2

    def test_leaks_are_refused_unless_by_name(self):
        tuning = {"q1": ["x"], "z": ["c"]}
        with pytest.raises(LeakError, match="queries used in tuning: 1"):
            quick(OLD, tuning_links=tuning)
        result = quick(OLD, tuning_links=tuning, allow_leak=True)
        assert result.settings["leaks"]["queries"] == 1
        assert "Not honest: tuning has seen part" in result.to_markdown()
        clean = quick(OLD, tuning_links={"b": ["x"]})
        assert "Compared with the links that were tuned on: queries 0" in clean.to_markdown()
        with pytest.raises(LeakError, match="queries of a story used in tuning: 1"):
            quick(OLD, tuning_links={"b": ["x"]}, archive=ARCHIVE, gap=1)
        with pytest.raises(LeakError, match="queries within the gap"):
            quick(OLD, tuning_links={"a": ["x"]}, archive=ARCHIVE, gap=60)
        assert "no leak was looked for" in quick(OLD).to_markdown()

    def test_beyond_tells_runs_and_links(self):
        result = quick(RUNS, archive=ARCHIVE, as_of=None, encoder="default")
        table = result.beyond_accuracy.pivot(index="metric", columns="run", values="value")
        assert list(dict.fromkeys(result.beyond_accuracy["metric"])) == list(BEYOND_ACCURACY)
        assert table.loc["short_lists"].to_dict() == {"old": 0.5, "new": 1.0, LINKS_NAME: 1.0}
        assert table.loc["coverage", LINKS_NAME] == pytest.approx(3 / 6)
        assert table.loc["never_linked", "new"] == 3
        shares = result.days_between
        assert list(shares.columns) == list(DAYS_APART)
        # q1 -> a: 1 day, q1 -> b: 9 days, q2 -> c: 514 days.
        assert shares.loc[LINKS_NAME].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 0, 1 / 3, 0])
        assert quick(RUNS).beyond_accuracy is None
        without = quick(RUNS, archive=ARCHIVE, as_of=None).beyond_accuracy
        assert "near_duplicates" not in set(without["metric"])

    def test_the_former_name_of_beyond_accuracy_warns(self):
        result = quick(RUNS, archive=ARCHIVE, as_of=None)
        with pytest.warns(DeprecationWarning, match="beyond_accuracy"):
            former = result.beyond
        assert list(former.columns) == ["figure", "run", "value", "cases"]
        pd.testing.assert_series_equal(former["value"], result.beyond_accuracy["value"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"run": {}}, "run: it is empty; allowed: a run, a fitted model, or a mapping"),
        ({"run": {"mine": {}}}, "no list of any of its 1 entries holds an event"),
        ({"run": {"q1": [], "q2": []}}, "no list of any of its 2 entries holds an event"),
        ({"run": {"old": OLD, "q1": ["a"]}}, "some values are lists of ids or scores"),
        ({"run": {"": OLD}}, "run, a name: got ''; allowed: a non-empty text"),
        ({"run": {"(links)": OLD}}, "run, a name: got '(links)'"),
        ({"run": pd.DataFrame(columns=["id", "rank", "related_id"])}, "runs['run']: it is empty"),
        ({"run": {"q1": ["a", "a"], "q2": ["c"]}}, "runs['run']: 1 doubled pairs"),
        (
            {"run": pd.DataFrame({"id": ["q1", "q1"], "rank": [1, 1], "related_id": ["a", "b"]})},
            "runs['run']: 1 doubled ranks: row 1 (id 'q1', rank 1)",
        ),
        ({"run": {"z": ["a"]}, "unlinked": "skip"}, "none of its 1 queries has links"),
        ({"run": RelatedEvents()}, "got a model that is not fitted"),
        ({"run": "none.csv"}, "none.csv: there is no such file"),
        ({"links": {}}, "links: no link"),
        ({"links": {"q1": []}}, "1 ids come with an empty list"),
        ({"links": {"q1": {"a": 0}, "q2": {"c": 0}}}, "queries have no links"),
        ({"links": {"q1": {"a": 0.5}, "q2": {"c": 1}}}, "got the grade 0.5"),
        ({"links": {"q1": ["a"]}, "unlinked": "skip"}, "links: only one query; allowed: more"),
        ({"metrics": ["ndcg@10"]}, "it reads 10 places, and 3 events of a list count"),
        ({"metrics": ["map"]}, "metric: got 'map'; allowed: one of ndcg@k"),
        ({"metrics": "rr"}, "metrics: got 'rr'; allowed: a list of names"),
        ({"n": 0}, "n: got 0"),
        ({"baseline": "best"}, "baseline: got 'best'; allowed: 'run'"),
        ({"clusters": "story"}, "clusters: got 'story' without an archive"),
        ({"clusters": "week", "archive": ARCHIVE}, "clusters: got 'week'; allowed: 'story', 'day'"),
        (
            {"clusters": "story", "archive": ARCHIVE.drop(columns="story")},
            "the archive has no column 'story' or 'stories'",
        ),
        ({"as_of": "own"}, "archive: lists are to be cut at a day, and no archive tells"),
        ({"as_of": "soon", "archive": ARCHIVE}, "as_of: got 'soon'"),
        ({"as_of": {"q1": "2010-01-01"}, "archive": ARCHIVE}, "as_of: no date for 'q2'"),
        ({"missing": "skip"}, "missing: got 'skip'; allowed: 'error', 'empty'"),
        ({"unknown": "skip"}, "unknown: got 'skip'; allowed: 'error', 'drop'"),
        ({"gap": 60}, "tuning_links: got gap or allow_leak without it"),
        ({"gap": 60, "tuning_links": LINKS}, "gap: got 60 without an archive"),
    ],
)
def test_bad_input(options, message):
    given = {"run": OLD, "links": LINKS, **options}
    with pytest.raises(InputError) as caught:
        quick(given.pop("run"), given.pop("links"), **given)
    assert message in str(caught.value)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.texts, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "path", "use", "br", "image", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(html):
    page = _Page()
    page.feed(html)
    return page


NASTY = {"<i>&\"old'": OLD, "a|b $x_1^2$ \u65e5\u672c": NEW}


class TestReport:
    def test_every_figure_is_explained(self, sample_result):
        markdown = sample_result.to_markdown().replace("\\", "")
        used = [RUN_COUNTS["queries"], *LINK_COUNTS.values()]
        words = [
            *INCOMPLETE_WORDS.values(),
            *(w.replace("{n}", "10") for w in BEYOND_ACCURACY.values()),
        ]
        told = [words for name, words in COMPARE_WORDS.items() if name not in ("mean", "clusters")]
        for text in [*used, *words, *told, "it says how far a run repeats"]:
            assert text.casefold() in markdown.casefold(), text
        for name in sample_result.settings["metrics"]:
            assert f"- **{name}**: " in markdown

    def test_the_first_sentence_tells_the_difference(self, sample_result):
        row = sample_result.pair("rule", "meaning", "ndcg@10")
        assert row["p_holm"] < 0.05
        change = f"{abs(row['difference']):.3f}".lstrip("0")
        assert f"- meaning is {change} lower than rule in ndcg@10" in sample_result.to_markdown()
        same = quick({"one": OLD, "two": OLD})
        assert "- two and one are equal in ndcg@3 on every query." in same.to_markdown()
        assert "No query changed." in same.to_markdown()
        unclear = quick(RUNS).to_markdown()
        assert "- No clear difference between new and old in ndcg@3: -.275" in unclear

    def test_lists_stand_side_by_side(self):
        text = quick(RUNS, archive=ARCHIVE, as_of=None).to_markdown()
        assert r"**2010-01-03: Vote \*on\* \[budget\](x)**" in text
        assert "lost 0.631 in ndcg@3: 0.631 to 0.000; 1 linked, 0 of them in neither list" in text
        assert "| 1 | · undated Storm at sea | · undated Storm at sea |" in text
        assert "| 2 | ✓ 2011-06-01 Budget passes _(shared: Budget)_ |  |" in text
        graded = {"q1": {"b": 1, "x": 0}, "q2": {"c": 1, "b": 1}}
        text = quick(RUNS, graded, archive=ARCHIVE, as_of=None).to_markdown()
        assert "✗ undated Storm at sea" in text
        assert "Linked, and in neither list:\n\n- ✓ 2010-01-10 Town council meets" in text
        bare = quick(RUNS).to_markdown(n_changed=5)
        assert "| 2 | ✓ c |  |" in bare
        assert "gained and lost" not in quick(RUNS).to_markdown(n_changed=0)

    def test_most_changed_gives_lists(self):
        row = quick(RUNS).most_changed("old", "new", "rr").iloc[0]
        assert (row["change"], row["query"], row["related"]) == ("lost", "q2", ["c"])

    def test_markdown_is_escaped(self):
        text = quick(NASTY, archive=ARCHIVE, as_of=None).to_markdown()
        assert "<i>" not in text.replace("\\<", "")
        assert r"a\|b \$x\_1^2\$" in text
        assert r"\<b\>enters\</b\> the \| town" in text
        for line in text.splitlines():
            if line.startswith("|"):
                assert line.endswith("|")
        header = next(
            line for line in text.splitlines() if line.startswith("| metric") and LINKS_NAME in line
        )
        assert len(re.findall(r"(?<!\\)\|", header)) == 5

    def test_html_is_whole_safe_and_alone(self):
        pytest.importorskip("matplotlib")
        result = quick(NASTY, archive=ARCHIVE, as_of=None)
        html = result.to_html()
        page = parsed(html)
        assert page.open == []
        tags = {tag for tag, *_ in page.attributes} | set(re.findall(r"<(\w+)", html))
        assert not tags & {"script", "link", "iframe", "img", "object", "i", "b", "base", "form"}
        for _, name, value in page.attributes:
            if name in ("href", "src", "xlink:href"):
                assert value.startswith("#")
            assert not name.startswith("on")
        assert not re.search(r"url\((?!#)|@import|@font-face", html)
        text = " ".join("".join(page.texts).split())
        assert "Army <b>enters</b> the | town" in text
        assert "<i>&\"old'" in text
        assert "a|b $x_1^2$ \u65e5\u672c" in text
        ids = [value for _, name, value in page.attributes if name == "id"]
        assert len(ids) == len(set(ids))
        assert html.count("<svg") == 4
        assert html == result.to_html()

    def test_html_of_a_single_run_without_archive(self):
        pytest.importorskip("matplotlib")
        html = quick(OLD).to_html()
        assert html.count("<svg") == 1
        assert "Without an archive there are no days" in html
        assert "<h2>Differences</h2>" not in html
        assert "<svg" not in quick(RUNS).to_html(plots=False)

    def test_html_needs_matplotlib_and_says_so(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(MissingExtraError, match=r'pip install "relatedevents\[plot\]"'):
            quick(RUNS).to_html()
        assert "<h1>" in quick(RUNS).to_html(plots=False)

    def test_many_runs_tell_pairs_with_the_first_or_the_baseline(self):
        runs = {f"r{i}": NEW if i % 2 else OLD for i in range(5)}
        text = quick(runs, metrics=["rr"]).to_markdown()
        assert text.count("### From r0 to") == 4
        assert "### From r1" not in text
        text = quick(runs, metrics=["rr"], baseline="r4").to_markdown()
        assert text.count("### From r4 to") == 4

    def test_files(self, tmp_path):
        pytest.importorskip("matplotlib")
        result = quick(RUNS, archive=ARCHIVE, as_of=None, run_words={"old": "What was there."})
        assert result.to_markdown(tmp_path / "r.md") == (tmp_path / "r.md").read_text("utf-8")
        assert result.to_html(tmp_path / "r.html") == (tmp_path / "r.html").read_text("utf-8")
        assert result.to_json(tmp_path / "r.json") == (tmp_path / "r.json").read_text("utf-8")
        assert "- **old**: What was there." in result.to_markdown()
        read = json.loads((tmp_path / "r.json").read_text("utf-8"))
        assert read["means"][0]["metric"] == "ndcg@3"
        assert read["incomplete"][0]["judged"] is None
        assert {row["run"] for row in read["days_between"]} == {"old", "new", LINKS_NAME}
        assert read == result.to_dict()

    def test_trec_folder(self, tmp_path):
        runs = {"a/b c": OLD, "A/B C": {**NEW, "q2": []}}
        paths = quick(runs, missing="empty").to_trec(tmp_path / "trec")
        assert sorted(path.name for path in (tmp_path / "trec").iterdir()) == [
            "01-a%2Fb_c.run", "02-A%2FB_C.run", "README.txt", "links.qrels",
        ]  # fmt: skip
        assert read_run(paths["a/b c"])["related_id"].tolist() == ["a", "x", "b", "x", "c"]
        told = (tmp_path / "trec" / "README.txt").read_text()
        assert "02-A%2FB_C.run   2 lists, 1 of them empty" in told


@pytest.mark.parametrize("package", [relatedevents, relatedevents.evaluation])
def test_no_public_name_is_hidden_by_a_module(package):
    """A module of the same name would take the name's place once anything had imported it."""
    modules = {found.name for found in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)
    for name in package.__all__:
        assert not isinstance(getattr(package, name), types.ModuleType), name
