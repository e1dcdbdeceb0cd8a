"""Tables and scored candidates turned into the mappings that `relatedevents.evaluation` takes."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping

import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError
from relatedevents.evaluation.lists import Links, check_grade, check_mapping, check_qrels, check_run


def run_from_table(table: pd.DataFrame, name: str = "run") -> dict[str, list[str]]:
    """Turn a table `id, rank, related_id` into a run; refuse doubled ranks and doubled ids.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a list member; other columns are not read. Ranks are whole numbers from 1; only
        their order counts, so ranks with gaps (from a filtered list) are fine.
    name : str
        What the message calls it.

    Returns
    -------
    dict of str to list of str
        The run, queries in the order of the table.

    Examples
    --------
    >>> run_from_table(pd.DataFrame({"id": ["a", "a"], "rank": [2, 1], "related_id": ["c", "b"]}))
    {'a': ['b', 'c']}
    """
    _check_columns(name, table, ["id", "rank", "related_id"])
    if table.empty:
        raise InputError(problem(name, "got an empty table", "one row for every list member"))
    ranks = pd.to_numeric(table["rank"], errors="coerce")
    bad = (ranks.isna() | (ranks < 1) | (ranks % 1 != 0)).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        where, value = f"{name}, row {row}, column 'rank'", table["rank"].tolist()[row]
        raise InputError(problem(where, f"got {shown(value)}", "a whole number of 1 or more"))
    doubled = pd.DataFrame({"id": table["id"], "rank": ranks}).duplicated().to_numpy()
    if doubled.any():
        row = int(doubled.argmax())
        came = f"rank {ranks.iloc[row]:g} comes twice for {shown(table['id'].iloc[row])}"
        todo = f"{int(doubled.sum())} rows repeat a rank: number each list from 1."
        raise InputError(problem(f"{name}, row {row}", came, "every rank once for each id", todo))
    run: dict[str, list[str]] = {query: [] for query in table["id"]}
    by_rank = ranks.to_numpy().argsort(kind="stable")
    queries, related = table["id"].to_numpy(object), table["related_id"].to_numpy(object)
    for row in by_rank:
        run[queries[row]].append(related[row])
    return check_run(run, name)


def links_from_table(
    table: pd.DataFrame, name: str = "links"
) -> tuple[dict[str, dict[str, int]], dict[str, list[str]] | None]:
    """Turn a links table into grades and, where it has a column `rank`, the order.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns `id, related_id`, and where known `grade` (else every link counts 1) and `rank`.
    name : str
        What the message calls it.

    Returns
    -------
    grades : dict of str to dict of str to int
        The argument `links` of `score_run` and `compare`.
    order : dict of str to list of str, or None
        Their argument `order`.

    Examples
    --------
    >>> links_from_table(pd.DataFrame({"id": ["a", "a"], "related_id": ["b", "c"]}))
    ({'a': {'b': 1, 'c': 1}}, None)
    """
    _check_columns(name, table, ["id", "related_id"])
    if table.empty:
        raise InputError(problem(name, "got an empty table", "one row for every link"))
    doubled = table.duplicated(["id", "related_id"]).to_numpy()
    if doubled.any():
        row = int(doubled.argmax())
        query, related_id = table["id"].iloc[row], table["related_id"].iloc[row]
        came = f"the link {shown(query)} -> {shown(related_id)} comes twice"
        todo = f"Keep one of each; {int(doubled.sum())} rows repeat a link."
        raise InputError(problem(f"{name}, row {row}", came, "every link once", todo))
    values = table["grade"].tolist() if "grade" in table else [1] * len(table)
    grades: dict[str, dict[str, int]] = {}
    for query, related_id, grade in zip(table["id"], table["related_id"], values, strict=True):
        grades.setdefault(query, {})[related_id] = check_grade(name, query, related_id, grade)
    order = run_from_table(table, name) if "rank" in table else None
    return check_qrels(grades, name=name).grades, order


def run_from_scores(
    scores: Mapping[str, Mapping[str, float]], links: Links
) -> tuple[dict[str, list[str]], int]:
    """Order scored candidates, equal scores worst first, so that ties can't win anything.

    Among equal scores the id with the lowest grade stands first (an unlinked id counts as 0),
    then the smaller id. A scorer that gives everything one score therefore gets the worst list.

    Parameters
    ----------
    scores : mapping of str to mapping of str to float
        The finite score of every candidate, higher is better.
    links : mapping
        As in `check_qrels`.

    Returns
    -------
    run : dict of str to list of str
        The run.
    tied : int
        How many candidates share their score with another one of the same query.

    Examples
    --------
    >>> run_from_scores({"a": {"b": 1.0, "c": 1.0, "d": 2.0}}, {"a": ["b"]})
    ({'a': ['d', 'c', 'b']}, 2)
    """
    check_mapping("scores", scores, "{query: {id: score}}")
    grades = check_qrels(links).grades
    run: dict[str, list[str]] = {}
    tied = 0
    for query, of_id in scores.items():
        _check_scores(query, of_id)
        known = grades.get(query, {})
        run[query] = sorted(of_id, key=lambda c: (-of_id[c], known.get(c, 0), c))
        counts = pd.Series(list(of_id.values()), dtype=float).value_counts()
        tied += int(counts[counts > 1].sum())
    return check_run(run, "scores"), tied


def _check_columns(name: str, table: pd.DataFrame, needed: list[str]) -> None:
    absent = [column for column in needed if column not in table.columns]
    if absent:
        came = f"no column {', '.join(map(repr, absent))} among {shown(list(table.columns))}"
        raise InputError(problem(name, came, f"columns {', '.join(needed)}"))
    for column in needed:
        blank = table[column].isna().to_numpy()
        if blank.any():
            where = f"{name}, row {int(blank.argmax())}, column {column!r}"
            raise InputError(problem(where, "the value is missing", "a value in every row"))


def _check_scores(query: str, of_id: object) -> None:
    where = f"scores[{shown(query)}]"
    if not isinstance(of_id, Mapping):
        raise InputError(problem(where, f"got {shown(of_id)}", "{id: score}"))
    for related_id, score in of_id.items():
        if not isinstance(score, numbers.Real) or not math.isfinite(float(score)):
            came = f"got {shown(score)}"
            raise InputError(problem(f"{where}[{shown(related_id)}]", came, "a finite number"))
