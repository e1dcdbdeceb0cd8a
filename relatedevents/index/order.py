"""The tie-break order: in which order events stand whose scores are equal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents._util.slugs import page_path
from relatedevents.archive import UNDATED, days_of
from relatedevents.errors import InputError
from relatedevents.weights import Weights


def tie_order(table: pd.DataFrame, weights: Weights) -> npt.NDArray[np.int64]:
    """Return the places of a table's events in the order that decides equal scores.

    Newer first, undated last, then smaller id; or the tie-break's column, then the same.

    Raises
    ------
    InputError
        If the tie-break's column is missing or its values can't be ordered.

    Examples
    --------
    >>> dates = pd.Series(["2012-01-01", None, "2013-01-01"]).astype("datetime64[s]")
    >>> tie_order(pd.DataFrame({"id": ["a", "b", "c"], "date": dates}), Weights()).tolist()
    [2, 0, 1]
    """
    id_rank = np.argsort(np.argsort(table["id"].to_numpy(dtype=object), kind="stable"))
    days = days_of(table["date"]).astype(np.int64)
    age = np.where(days == UNDATED, np.iinfo(np.int64).max, -days)
    column = weights.tie_break_column()
    if column is None:
        return np.lexsort((id_rank, age))
    name, falling = column
    if name in table.columns:
        values = table[name]
    elif weights.tie_break == "page":
        values = page_paths(table)
    else:
        allowed = "one of the archive's columns " + ", ".join(map(repr, table.columns))
        raise InputError(problem("weights.tie_break", f"no column {shown(name)}", allowed))
    try:
        rank = values.rank(method="dense", ascending=not falling, na_option="bottom")
    except TypeError as error:
        raise InputError(
            problem(
                "weights.tie_break",
                f"the values of column {shown(name)} can't be ordered",
                "a column of numbers, dates or texts",
            )
        ) from error
    return np.lexsort((id_rank, age, rank.to_numpy(dtype=np.float64)))


def page_paths(table: pd.DataFrame) -> pd.Series:
    """Return the path of each event's page, ``YYYY/MM/D/slug``, the day without a leading zero.

    The slug is that of the headline's first 140 characters; an undated event's path is its slug.

    Examples
    --------
    >>> dates = pd.Series(["2012-10-02"]).astype("datetime64[s]")
    >>> page_paths(pd.DataFrame({"headline": ["Troops leave Léré."], "date": dates})).tolist()
    ['2012/10/2/troops-leave-lere']
    """
    paths = [
        page_path(None if pd.isna(date) else date, headline)
        for headline, date in zip(table["headline"], table["date"], strict=True)
    ]
    return pd.Series(paths, index=table.index, dtype=object)
