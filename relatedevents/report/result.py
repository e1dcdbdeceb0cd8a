"""The result of `evaluate`, and the forms in which it can be written."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from relatedevents._util.files import atomic_text
from relatedevents.report.measured import Measured
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
class Evaluation(Measured):
    """The result of `evaluate`: what was measured, and the forms in which it can be written.

    Attributes are those of `relatedevents.report.measured.Measured`: tables `per_query`, `means`,
    `pairs`, `beyond_accuracy`, `days_between`, `incomplete`, `counts`, and `settings`, `lists`.
    """

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
