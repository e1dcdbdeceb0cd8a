"""`read_run`: lists of related events, from wherever they come, as one table."""

from __future__ import annotations

import math
import numbers
from os import PathLike

import numpy as np
import pandas as pd

from relatedevents._util.checks import problem, shown, some_of
from relatedevents.errors import InputError
from relatedevents.readers.formats import check_format, column_names, existing_path, format_of
from relatedevents.readers.link_table import check_links
from relatedevents.readers.list_rows import read_rows

_READ = ("id", "related_id", "rank")


def read_run(source: object, *, format: str | None = None, name: str = "run") -> pd.DataFrame:
    """Read lists of related events: this package's own, or another system's.

    Parameters
    ----------
    source : data frame, mapping, or path
        - A frame, or a .csv, .parquet or .jsonl file, with `id`, `related_id` and `rank`, as
          `related_many` and `batch` give them; without `rank`, with `score`.
        - A mapping {id: [related ids, best first]} or {id: {related id: score}}.
        - A .jsonl file of lists: {"id": ..., "related": [...]}, the related events as ids or as
          objects with an "id", best first.
        - A TREC run file (.run, .trec, or format="trec"): lines "id Q0 related_id rank score
          name", ids percent-encoded.
    format : {"csv", "jsonl", "parquet", "trec"}, optional
        What the file is, if its name and beginning do not tell.
    name : str
        What messages call a source that is no file.

    Returns
    -------
    pandas.DataFrame
        One row a list member, each list in the order of its ranks: `id`, `related_id`, `rank`
        (whole numbers from 1; only their order counts), then all other columns.
        `attrs["without_related"]`: ids that came with an empty list, which no row can show.
        `attrs["tied"]`: how many members share their score with another one of the same list,
        where the order comes from scores alone; among them the smaller id stands first.

    Raises
    ------
    InputError
        For an empty run, a missing column or id, a doubled event or rank, an event listed under
        itself, a line that is cut off, TREC scores that contradict the ranks; with the rows, or
        the file and line.

    Examples
    --------
    >>> read_run({"rio": ["kyoto", "paris"], "lima": []})[["id", "rank", "related_id"]]
        id  rank related_id
    0  rio     1      kyoto
    1  rio     2      paris
    >>> read_run({"rio": {"kyoto": 0.2, "paris": 0.7}})["related_id"].tolist()
    ['paris', 'kyoto']
    """
    check_format(format, "lists")
    raw, without, name = read_rows(source, "lists", format, name=name, value="score")
    if len(raw) == 0:
        came = f"it lists no event ({len(without)} ids come with an empty list)"
        came = came if without else "it is empty"
        raise InputError(problem(name, came, "one list or more that holds an event"))
    return _checked(raw, without, name)


def is_run(path: str | PathLike[str]) -> bool:
    r"""Tell whether a file holds lists rather than an archive, by its name or its columns.

    Parameters
    ----------
    path : path
        A file or folder.

    Returns
    -------
    bool
        True for a TREC run, and for a table or JSON Lines whose first line names `related_id`
        or "related".

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> file = Path(tempfile.mkdtemp()) / "lists.csv"
    >>> _ = file.write_text("id,rank,related_id\na,1,b\n")
    >>> is_run(file)
    True
    """
    path = existing_path(path)
    try:
        names = column_names(path, format_of(path, "lists"))
    except InputError:
        return False  # whoever reads all of it tells what is wrong
    return "related_id" in names or ("related" in names and "headline" not in names)


def _checked(raw: pd.DataFrame, without: list[str], name: str) -> pd.DataFrame:
    """Check the rows and put each list in order, lists in the order of their first rows."""
    if "rank" not in raw and "score" not in raw:
        came = f"no column 'rank' and no column 'score' among {some_of(list(raw.columns), 12)}"
        raise InputError(problem(name, came, "id, related_id, and rank or score"))
    # Only these are read; whatever else a table of lists holds is nobody's business here.
    others = raw.drop(columns=[column for column in _READ if column in raw])
    checked = check_links(raw.drop(columns=others.columns), without, name)
    table = pd.concat([checked, others.reset_index(drop=True)], axis=1)
    if "score" in table:
        _check_scores(table["score"].tolist(), name)
    ordering = ["rank"]
    tied = 0
    if "rank" not in table:
        tied = int(table.duplicated(["id", "score"], keep=False).sum())
        table["falling"] = -table["score"].astype(np.float64)
        ordering = ["falling", "related_id"]
    by_first_row = pd.factorize(table["id"])[0]
    table = table.assign(list_=by_first_row).sort_values(["list_", *ordering], kind="stable")
    table = table.drop(columns=["list_", *({"falling"} & set(table))]).reset_index(drop=True)
    if "rank" not in table:
        table.insert(2, "rank", table.groupby("id", sort=False).cumcount() + 1)
    listed = set(table["id"])
    table.attrs = {"without_related": [i for i in without if i not in listed], "tied": tied}
    return table


def _check_scores(scores: list[object], name: str) -> None:
    for row, score in enumerate(scores):
        number = isinstance(score, numbers.Real) and not isinstance(score, bool)
        if not number or not math.isfinite(float(score)):  # type: ignore[arg-type]
            where = f"{name}, row {row}, column 'score'"
            raise InputError(problem(where, f"got {shown(score)}", "a finite number"))
