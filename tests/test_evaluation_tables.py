import pandas as pd
import pytest

from relatedevents.errors import InputError
from relatedevents.evaluation.metrics import score_run
from relatedevents.evaluation.tables import links_from_table, run_from_scores, run_from_table


def frame(**columns):
    return pd.DataFrame(columns)


def test_a_table_becomes_lists_by_rank_whatever_the_rows_order():
    table = frame(id=["a", "b", "a", "a"], rank=[3, 1, 1, 2], related_id=["z", "y", "x", "b"])
    assert run_from_table(table) == {"a": ["x", "b", "z"], "b": ["y"]}


def test_ranks_with_gaps_keep_their_order():
    assert run_from_table(frame(id=["a", "a"], rank=[9, 4], related_id=["x", "y"])) == {
        "a": ["y", "x"]
    }


def test_links_keep_grades_and_order():
    table = frame(id=["a", "a", "b"], related_id=["x", "y", "x"], grade=[0, 2, 1], rank=[2, 1, 1])
    grades, order = links_from_table(table)
    assert grades == {"a": {"x": 0, "y": 2}, "b": {"x": 1}}
    assert order == {"a": ["y", "x"], "b": ["x"]}


def test_a_constant_scorer_wins_nothing_by_its_ties():
    candidates = [f"c{i}" for i in range(30)]
    links = {"q": dict.fromkeys(candidates[:10], 1), "r": dict.fromkeys(candidates[20:], 2)}
    run, tied = run_from_scores({q: dict.fromkeys(candidates, 0.7) for q in links}, links)
    assert tied == 60
    figures = score_run(run, links, ["ndcg@10", "p@10", "rc@10", "success@10"])
    assert (figures.to_numpy() == 0).all()


def test_scores_above_the_ties_still_count():
    run, tied = run_from_scores({"q": {"a": 0.1, "b": 0.9, "c": 0.1}}, {"q": ["a", "b"]})
    assert run == {"q": ["b", "c", "a"]}
    assert tied == 2


OK = {"id": ["a", "a"], "rank": [1, 2], "related_id": ["x", "y"]}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"rank": [1, 1]}, "run, row 1: rank 1 comes twice for 'a'; allowed: every rank once"),
        ({"rank": [0, 1]}, "run, row 0, column 'rank': got 0; allowed: a whole number of 1 or"),
        ({"rank": [1, 1.5]}, "run, row 1, column 'rank': got 1.5; allowed"),
        ({"rank": ["1", "two"]}, "run, row 1, column 'rank': got 'two'; allowed"),
        ({"rank": [1, None]}, "run, row 1, column 'rank': the value is missing"),
        ({"id": ["a", None]}, "run, row 1, column 'id': the value is missing; allowed: a value"),
        ({"related_id": ["x", "x"]}, r"run\['a'\]: 'x' stands at ranks 1 and 2; allowed"),
        ({"related_id": ["x", "a"]}, r"run\['a'\]: the event is listed under itself at rank 2"),
        ({"id": [], "rank": [], "related_id": []}, "run: got an empty table; allowed: one row"),
    ],
)
def test_bad_run_tables(columns, message):
    with pytest.raises(InputError, match=message):
        run_from_table(frame(**(OK | columns)))


def test_a_run_table_needs_its_columns():
    with pytest.raises(
        InputError, match=r"run: no column 'rank' among .*; allowed: columns id, ra"
    ):
        run_from_table(frame(id=["a"], related_id=["b"]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"related_id": ["x", "x"]}, "links, row 1: the link 'a' -> 'x' comes twice; allowed"),
        ({"grade": [1, -2]}, r"links\['a'\]\['y'\]: got the grade -2; allowed: a whole number"),
        ({"grade": [1, None]}, r"links\['a'\]\['y'\]: got the grade nan; allowed"),
        ({"rank": [1, 1]}, "links, row 1: rank 1 comes twice for 'a'"),
        ({"id": [], "rank": [], "related_id": []}, "links: got an empty table; allowed"),
    ],
)
def test_bad_links_tables(columns, message):
    with pytest.raises(InputError, match=message):
        links_from_table(frame(**(OK | columns)))


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({}, "scores: it is empty"),
        ({"q": ["a"]}, r"scores\['q'\]: got \['a'\]; allowed: {id: score}"),
        ({"q": {"a": float("nan")}}, r"scores\['q'\]\['a'\]: got nan; allowed: a finite number"),
        ({"q": {"a": "high"}}, r"scores\['q'\]\['a'\]: got 'high'; allowed: a finite number"),
        ({"q": {"q": 1.0}}, r"scores\['q'\]: the event is listed under itself at rank 1"),
    ],
)
def test_bad_scores(scores, message):
    with pytest.raises(InputError, match=message):
        run_from_scores(scores, {"q": ["a"]})
