"""What `evaluate` measured, as tables."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents.errors import InputError
from relatedevents.evaluation.comparison import Comparison
from relatedevents.report.truth import Events, Truth


@dataclass(frozen=True)
class Measured:
    """What `evaluate` measured.

    Attributes
    ----------
    per_query : pandas.DataFrame
        Columns `run, query` and one a metric: the scores of every query.
    means : pandas.DataFrame
        Columns `metric, run, mean, low, high, queries, clusters`; low and high are the ends of
        the 95 % confidence interval.
    pairs : pandas.DataFrame
        Columns `metric, run_a, run_b, difference, low, high, p, p_holm, wins, ties, losses`,
        from the side of run_b. Empty with a single run.
    beyond_accuracy : pandas.DataFrame or None
        Columns `metric, run, value, cases`: what lists are like apart from agreement, the run
        "(links)" being the links themselves. None without an archive.
    days_between : pandas.DataFrame or None
        A row a run and one for the links: the share of links by the days between the events.
    incomplete : pandas.DataFrame or None
        Columns `run, metric`, and what unjudged events leave open. None if rank-biased overlap
        alone was asked for, or no bounds.
    incomplete_words : str
        What that rests on.
    counts : pandas.DataFrame
        By run: what was scored, missing, taken out and left out.
    link_counts : dict of str to int
        The same of the links.
    settings : dict
        How it was measured.
    lists : dict of str to dict of str to list of str
        The lists of every run as they were counted.
    """

    per_query: pd.DataFrame
    means: pd.DataFrame
    pairs: pd.DataFrame
    beyond_accuracy: pd.DataFrame | None
    days_between: pd.DataFrame | None
    incomplete: pd.DataFrame | None
    incomplete_words: str
    counts: pd.DataFrame
    link_counts: dict[str, int]
    settings: dict[str, Any]
    lists: dict[str, dict[str, list[str]]] = field(repr=False)
    truth: Truth = field(repr=False)
    events: Events | None = field(repr=False)
    comparison: Comparison = field(repr=False)

    @property
    def beyond(self) -> pd.DataFrame | None:
        """Former name of `beyond_accuracy`, with the column `figure` for `metric`."""
        message = "Evaluation.beyond is called beyond_accuracy now, and its column figure metric"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        table = self.beyond_accuracy
        return None if table is None else table.rename(columns={"metric": "figure"})

    @property
    def run_names(self) -> list[str]:
        """The runs, in the order given."""
        return list(self.lists)

    def to_frame(self) -> pd.DataFrame:
        """Return the means, one row a run and one column a metric."""
        table: pd.DataFrame = self.means.pivot(index="run", columns="metric", values="mean")
        table = table.loc[self.run_names, self.settings["metrics"]]
        table.columns.name = None
        return table

    def pair(self, run_a: str, run_b: str, metric: str) -> dict[str, Any]:
        """Return the row of `pairs` of two runs and a metric.

        Raises
        ------
        InputError
            If it was not tested.
        """
        table = self.pairs
        chosen = (table["run_a"] == run_a) & (table["run_b"] == run_b) & (table["metric"] == metric)
        if not chosen.any():
            came = f"no test of {shown(run_a)} with {shown(run_b)} in {shown(metric)}"
            raise InputError(problem("pair", came, "two runs in the order of `pairs`"))
        row: dict[str, Any] = {str(k): v for k, v in table[chosen].iloc[0].items()}
        return row

    def most_changed(
        self, run_a: str, run_b: str, metric: str | None = None, n: int = 5
    ) -> pd.DataFrame:
        """Return the queries that gained and lost most from run_a to run_b, lists included.

        Parameters
        ----------
        run_a, run_b : str
            Names of two runs.
        metric : str, optional
            One of the metrics; the main one by default.
        n : int
            How many on each side at most; queries that did not change are never shown.

        Returns
        -------
        pandas.DataFrame
            Columns `change` ("gained" or "lost"), `query, value_a, value_b, difference, list_a,
            list_b, related`.
        """
        return self.comparison.most_changed(run_a, run_b, metric, n)
