"""The result of `evaluate`, and the forms in which it can be written."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from relatedevents._util.checks import problem, shown
from relatedevents._util.files import atomic_text
from relatedevents.errors import InputError
from relatedevents.evaluation.comparison import Comparison
from relatedevents.report.truth import Events, Truth
from relatedevents.writers.jsonable import to_jsonable
from relatedevents.writers.tables import records
from relatedevents.writers.trec import write_trec_qrels, write_trec_run

_README = """\
Lists and links of one evaluation, for TREC's tools. Ids are percent-encoded.

links.qrels   the links: id 0 related_id grade
{files}
Lists were cut at their day and at {n} events before they were written. A query with an empty list
or without one has no line in a run: let the tool count it as 0 (trec_eval -c).
"""


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`.

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

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the lists, as JSON knows it; what is not defined is None."""

        def rows(table: pd.DataFrame | None) -> list[dict[str, object]] | None:
            return None if table is None else list(records(table))

        days = self.days_between
        return {
            "settings": to_jsonable(self.settings),
            "link_counts": dict(self.link_counts),
            "counts": rows(self.counts.reset_index()),
            "means": rows(self.means),
            "pairs": rows(self.pairs),
            "incomplete": rows(self.incomplete),
            "incomplete_words": self.incomplete_words,
            "beyond_accuracy": rows(self.beyond_accuracy),
            "days_between": rows(None if days is None else days.reset_index()),
            "per_query": rows(self.per_query),
        }

    def to_json(self, path: str | Path | None = None) -> str:
        """Return `to_dict` as JSON text; with a path, write it there too."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1) + "\n"
        return _written(text, path)

    def to_markdown(self, path: str | Path | None = None, *, n_changed: int | None = None) -> str:
        """Return the report as Markdown text; with a path, write it there too.

        Parameters
        ----------
        path : str or pathlib.Path, optional
            The file; it is replaced as a whole.
        n_changed : int, optional
            How many queries on each side are shown for each pair of runs.

        Returns
        -------
        str
            The text. Signs that mean something in Markdown are escaped.
        """
        from relatedevents.report.contents import contents
        from relatedevents.report.markdown import markdown_of

        return _written(markdown_of(contents(self, n_changed)), path)

    def to_html(
        self,
        path: str | Path | None = None,
        *,
        plots: bool = True,
        n_changed: int | None = None,
    ) -> str:
        """Return the report as one HTML page, plots included; with a path, write it there too.

        Parameters
        ----------
        path : str or pathlib.Path, optional
            The file; it is replaced as a whole.
        plots : bool
            Whether to draw plots, for which the extra "plot" (matplotlib) is needed.
        n_changed : int, optional
            How many queries on each side are shown for each pair of runs.

        Returns
        -------
        str
            The page: no scripts, and nothing that is fetched from elsewhere.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed and `plots` is not False.
        """
        from relatedevents.report.contents import contents
        from relatedevents.report.page import page_of

        pictures: dict[str, str] = {}
        if plots:
            from relatedevents.report.plots import draw

            pictures = draw(self)
        return _written(page_of(contents(self, n_changed), pictures), path)

    def to_trec(self, folder: str | Path) -> dict[str, Path]:
        """Write links and lists as TREC files.

        Parameters
        ----------
        folder : str or pathlib.Path
            Where they go; it is made where it is missing.

        Returns
        -------
        dict of str to pathlib.Path
            "(links)" and every run's name to its file. README.txt there says what is in them.
        """
        place = Path(folder)
        paths = {"(links)": write_trec_qrels(self.truth.table, place / "links.qrels")}
        lines = []
        for number, (name, lists) in enumerate(self.lists.items(), start=1):
            # Numbered, as two names may be one in a file system that ignores case.
            file = f"{number:02d}-{quote(name, safe=' ')[:80].strip().replace(' ', '_')}.run"
            without = sum(not ids for ids in lists.values())
            paths[name] = write_trec_run(lists, place / file, name=name, empty="skip")
            lines.append(f"{file}   {len(lists)} lists, {without} of them empty")
        text = _README.format(files="\n".join(lines), n=self.settings["n"])
        with atomic_text(place / "README.txt") as stream:
            stream.write(text)
        return paths


def _written(text: str, path: str | Path | None) -> str:
    if path is not None:
        with atomic_text(Path(path)) as file:
            file.write(text)
    return text
