"""Statistics of runs, and of the links themselves, that need no links to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from relatedevents.evaluation.beyond_accuracy import describe_lists
from relatedevents.report.runs import LINKS_NAME, CountedRun
from relatedevents.report.truth import Events, Truth

NEAR = 0.95
#: From how many days apart a class reaches, and what it is called.
DAYS_APART: dict[str, tuple[float, float]] = {
    "same day": (0, 0),
    "1 to 7 days": (1, 7),
    "8 to 30 days": (8, 30),
    "31 to 365 days": (31, 365),
    "1 to 3 years": (366, 1095),
    "over 3 years": (1096, np.inf),
}


def describe(
    runs: Mapping[str, CountedRun], truth: Truth, events: Events, n: int, encoder: object
) -> pd.DataFrame:
    """Return the metrics of `BEYOND_ACCURACY` for every run, and for the links.

    Parameters
    ----------
    runs : mapping of str to CountedRun
        The lists.
    truth : Truth
        The links; they stand as the run `LINKS_NAME`.
    events : Events
        The archive: the catalogue, the days and the stories.
    n : int
        How many events each list was asked for.
    encoder : object
        Finds near duplicates; None leaves them out.

    Returns
    -------
    pandas.DataFrame
        Columns `metric, run, value, cases`.
    """
    all_lists = _with_links(runs, truth)
    ids = list(events.ids)
    given: dict[str, Any] = {"days": events.days}
    if events.stories:
        given["stories"] = events.stories
    if encoder is not None:
        given["vectors"] = _vectors(all_lists, events, encoder)
        given["near"] = NEAR
    tables = {x: describe_lists(lists, ids, n=n, **given) for x, lists in all_lists.items()}
    table = pd.concat(tables, names=["run"]).reset_index()
    return table[["metric", "run", "value", "cases"]]


def _with_links(runs: Mapping[str, CountedRun], truth: Truth) -> dict[str, dict[str, list[str]]]:
    return {name: run.lists for name, run in runs.items()} | {LINKS_NAME: truth.linked}


def _vectors(
    all_lists: Mapping[str, Mapping[str, list[str]]], events: Events, encoder: object
) -> npt.NDArray[np.float32]:
    """Encode the headlines that stand in a list or have one; the others are like none."""
    from relatedevents.encoders import encode_headlines, resolve_encoder

    used = {c for lists in all_lists.values() for q, ids in lists.items() for c in (q, *ids)}
    rows = np.sort(events.ids.rows_of(used))
    encoded = encode_headlines(resolve_encoder(encoder), events.table["headline"].iloc[rows])
    vectors = np.zeros((len(events.ids), encoded.shape[1]), dtype=np.float32)
    vectors[rows] = encoded
    return vectors


def days_between(runs: Mapping[str, CountedRun], truth: Truth, events: Events) -> pd.DataFrame:
    """Return how far apart in time events and those linked to them are.

    Parameters
    ----------
    runs, truth, events
        As in `describe`.

    Returns
    -------
    pandas.DataFrame, shape (runs + 1, classes)
        One row a run and one for the links: the share of links in every class of `DAYS_APART`,
        of those between two dated events. NaN where there is none.
    """
    rows = {}
    for name, lists in _with_links(runs, truth).items():
        pairs = [(events.days[q], events.days[c]) for q, ids in lists.items() for c in ids]
        days = np.array([abs(a - b) for a, b in pairs if a is not None and b is not None])
        counts = [((days >= low) & (days <= high)).sum() for low, high in DAYS_APART.values()]
        rows[name] = np.array(counts) / len(days) if len(days) else np.full(len(counts), np.nan)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(DAYS_APART))
    return table.rename_axis("run")
