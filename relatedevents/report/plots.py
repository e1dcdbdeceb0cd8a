"""The report's plots, drawn by matplotlib as SVG that stands inside a page."""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from relatedevents._util.checks import require
from relatedevents.report.contents import number, shown_pairs
from relatedevents.report.runs import LINKS_NAME

if TYPE_CHECKING:
    from relatedevents.report.measured import Measured

_DARK, _BLUE, _GREY, _RED, _GREEN = "#1d2733", "#22598f", "#c3ccd6", "#b4432f", "#2c7a51"
_WIDTH = 9.0
_COLUMNS = 3
_MOST_PAIRS = 12
_LONGEST_NAME = 28
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Segoe UI", "Arial", "sans-serif"],
    "font.size": 9,
    "axes.edgecolor": "#9fb0c3",
    "axes.labelcolor": _DARK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e6ebf0",
    "text.color": _DARK,
    "xtick.color": "#41505f",
    "ytick.color": _DARK,
}


def draw(result: Measured) -> dict[str, str]:
    """Draw the plots that a result allows.

    Parameters
    ----------
    result : Measured
        What `evaluate` found.

    Returns
    -------
    dict of str to str
        "means", with two runs or more "differences" and "wins", with an archive "days": SVG
        elements to put into a page. The same result gives the same text.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    matplotlib = require("matplotlib", "drawing plots")
    with matplotlib.rc_context(_SETTINGS), warnings.catch_warnings():
        # A sign that the measuring font lacks is drawn by the reader's own fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figures = {"means": _means(result)}
        if not result.pairs.empty:
            figures["differences"] = _differences(result)
            figures["wins"] = _wins(result)
        if result.days_between is not None:
            figures["days"] = _days(result)
        return {name: _svg(figure, name) for name, figure in figures.items()}


def _figure(height: float) -> Any:  # noqa: ANN401 - matplotlib is optional
    from matplotlib.figure import Figure

    return Figure(figsize=(_WIDTH, height), layout="constrained")


def _grid(count: int, margin: float, row_height: float, **shared: bool) -> tuple[Any, list[Any]]:
    """Return a figure and its first `count` axes, row by row; those left over are hidden."""
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    figure = _figure(margin + row_height * rows)
    axes = figure.subplots(rows, columns, squeeze=False, **shared).ravel().tolist()
    for axis in axes[count:]:
        axis.set_visible(False)
    return figure, axes[:count]


def _named(name: str) -> str:
    return textwrap.shorten(name, _LONGEST_NAME, placeholder="…") or name[:_LONGEST_NAME]


def _means(result: Measured) -> Any:  # noqa: ANN401
    metrics, names = result.settings["metrics"], result.run_names
    figure, axes = _grid(len(metrics), 0.0, 0.75 + 0.24 * len(names), sharey=True)
    figure.get_layout_engine().set(wspace=0.06, hspace=0.06)
    places = np.arange(len(names))[::-1]
    for axis, metric in zip(axes, metrics, strict=True):
        table = result.means[result.means["metric"] == metric].set_index("run").loc[names]
        mean = table["mean"].to_numpy()
        error = np.abs(np.vstack([mean - table["low"], table["high"] - mean]))
        axis.errorbar(
            mean, places, xerr=error, fmt="o", color=_BLUE, ecolor=_BLUE, markersize=5, capsize=3
        )
        axis.set_title(metric)
        axis.set_yticks(places, [_named(name) for name in names])
        axis.set_ylim(-0.6, len(names) - 0.4)
        axis.set_xlim(0, max(1.0, float(table["high"].max())) * 1.02)
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1.0], ["0", ".25", ".50", ".75", "1"])
        axis.grid(axis="x")
        axis.tick_params(axis="y", length=0)
    return figure


def _main_pairs(result: Measured) -> list[tuple[str, str]]:
    return shown_pairs(result)[:_MOST_PAIRS]


def _differences(result: Measured) -> Any:  # noqa: ANN401
    pairs, metric = _main_pairs(result), result.settings["metrics"][0]
    table = result.per_query.pivot(index="query", columns="run", values=metric)
    figure, axes = _grid(len(pairs), 0.4, 2.1, sharex=True)
    for axis, (run_a, run_b) in zip(axes, pairs, strict=True):
        change = np.sort((table[run_b] - table[run_a]).to_numpy())
        places = np.arange(len(change))
        colours = [_GREEN if x > 0 else _RED if x < 0 else _GREY for x in change.round(9)]
        axis.barh(places, change, height=1.0, color=colours, linewidth=0)
        axis.axvline(0, color=_DARK, linewidth=0.8)
        space = " " if len(pairs) < 3 else "\n"
        axis.set_title(f"{_named(run_a)} →{space}{_named(run_b)}")
        axis.set_xlim(-1.02, 1.02)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
        axis.grid(axis="x")
    figure.supxlabel(f"difference in {metric}, one bar a query", fontsize=9)
    return figure


def _wins(result: Measured) -> Any:  # noqa: ANN401
    pairs, metric = _main_pairs(result), result.settings["metrics"][0]
    counts = np.array(
        [[result.pair(a, b, metric)[name] for name in ("wins", "ties", "losses")] for a, b in pairs]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    figure = _figure(0.9 + 0.42 * len(pairs))
    axis = figure.subplots()
    places = np.arange(len(pairs))[::-1]
    start = np.zeros(len(pairs))
    outcomes = (("run_b better", _GREEN), ("equal", _GREY), ("run_b worse", _RED))
    for column, (label, colour) in enumerate(outcomes):
        share = shares[:, column]
        axis.barh(places, share, left=start, height=0.62, color=colour, label=label)
        for place, left, width, count in zip(places, start, share, counts[:, column], strict=True):
            if width > 0.04:
                ink = _DARK if colour == _GREY else "white"
                middle = left + width / 2
                axis.text(middle, place, f"{count:,}", ha="center", va="center", color=ink)
        start = start + share
    axis.set_yticks(places, [f"{_named(a)} → {_named(b)}" for a, b in pairs])
    axis.set_xlim(0, 1)
    axis.set_xticks(np.linspace(0, 1, 5), ["0", "25 %", "50 %", "75 %", "100 %"])
    axis.set_xlabel(f"share of queries, by {metric}")
    axis.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return figure


def _days(result: Measured) -> Any:  # noqa: ANN401
    if result.days_between is None:
        message = "no days"
        raise ValueError(message)
    table = result.days_between.loc[[*result.run_names, LINKS_NAME]]
    values = table.to_numpy()
    figure = _figure(0.9 + 0.36 * len(table))
    axis = figure.subplots()
    # Cells as shapes: an image would be a picture inside the picture.
    known = np.nan_to_num(values)
    axis.pcolormesh(known, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1.5)
    axis.invert_yaxis()
    for (row, column), value in np.ndenumerate(values):
        text = "–" if np.isnan(value) else number(value, 2)
        ink = "white" if value > 0.6 else _DARK
        axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink)
    axis.set_xticks(np.arange(len(table.columns)) + 0.5, list(table.columns))
    axis.set_yticks(np.arange(len(table)) + 0.5, [_named(str(name)) for name in table.index])
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)
    return figure


def _svg(figure: Any, name: str) -> str:  # noqa: ANN401
    """Return a figure as an SVG element whose inner names clash with no other one's."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'xlink:href="#', f'xlink:href="#{name}-', text)
    return text.strip()
