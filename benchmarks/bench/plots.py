"""Three small plots as SVG: time and memory against size, recall against speed."""

from __future__ import annotations

import io
import re
from importlib.util import find_spec
from typing import Any

from bench.figures import Row, rows_of
from bench.registry import APPROXIMATE, EXACT, PEERS
from bench.report import largest

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6ebf0",
}
_COLOURS = ("#7b8794", "#b4432f", "#e08e45", "#22598f", "#5aa0d8", "#2c7a51", "#8fbf72", "#c9b037",
            "#7d4f9e", "#c46ba6")  # fmt: skip
_MARKS = "sooDDv^<>P"


def draw(found: dict) -> dict[str, str]:
    """Return {file name: SVG}; nothing without matplotlib, and the same text for equal figures."""
    if find_spec("matplotlib") is None:
        return {}
    import matplotlib

    sizes = list(found["sizes"].values())
    rows = {told["events"]: _usual(told) for told in sizes}
    with matplotlib.rc_context(_SETTINGS):
        return {
            "results-time.svg": _against_size(
                rows, lambda row: row.build + row.search, "seconds, build and all lists"
            ),
            "results-memory.svg": _against_size(rows, lambda row: row.peak_gb, "peak memory, GB"),
            "results-recall.svg": _recall(largest(sizes)),
        }


def _usual(told: dict) -> list[Row]:
    rows = rows_of(told["runs"], told["notes"])
    return [row for row in rows if row.usual and not row.note]


def _style(number: int) -> dict[str, object]:
    ours = PEERS[number].name in (EXACT, APPROXIMATE)
    return {
        "color": _COLOURS[number % len(_COLOURS)],
        "marker": _MARKS[number % len(_MARKS)],
        "markersize": 4,
        "linewidth": 2.2 if ours else 1.1,
    }


def _against_size(rows: dict[int, list[Row]], value: Any, label: str) -> str:  # noqa: ANN401
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.4), layout="constrained")
    axis = figure.subplots()
    names: dict[str, list[tuple[int, float]]] = {}
    for events, of_size in rows.items():
        for row in of_size:
            names.setdefault(row.name.split(", efSearch")[0], []).append((events, value(row)))
    for number, peer in enumerate(PEERS):
        points = sorted(names.get(peer.name, []))
        if points:
            axis.plot(*zip(*points, strict=True), label=peer.name, **_style(number))
    axis.set(xscale="log", yscale="log", xlabel="events", ylabel=label)
    _plain(axis.xaxis, sorted(rows))
    _plain(axis.yaxis, None)
    figure.legend(loc="outside right upper", frameon=False)
    return _svg(figure)


def _plain(axis: Any, ticks: list[int] | None) -> None:  # noqa: ANN401
    from matplotlib.ticker import FuncFormatter, NullFormatter

    if ticks is not None:
        axis.set_ticks(ticks)
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 10 else f"{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def _recall(told: dict) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.subplots(1, 2, sharex=True)
    rows = [row for row in rows_of(told["runs"], told["notes"]) if not row.note]
    labelled = set()
    for axis, kind in zip(axes, ("hybrid", "semantic"), strict=True):
        for number, peer in enumerate(PEERS):
            points = sorted(
                (told["events"] / row.search, getattr(row, kind))
                for row in rows
                if row.name.split(", efSearch")[0] == peer.name and getattr(row, kind) is not None
            )
            if points:
                label = None if peer.name in labelled else peer.name
                labelled.add(peer.name)
                axis.plot(*zip(*points, strict=True), label=label, **_style(number))
        axis.set(
            xscale="log", xlabel="lists a second, without build", title=f"recall@10, {kind} lists"
        )
        if kind == "hybrid":  # the semantic ones lie close together, near 1
            axis.set_ylim(-0.03, 1.03)
        _plain(axis.xaxis, None)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return _svg(figure)


def _svg(figure: Any) -> str:  # noqa: ANN401
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", stream.getvalue(), flags=re.DOTALL)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
