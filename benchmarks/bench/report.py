"""The page of results as Markdown, from the figures alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.figures import Row, rows_of
from bench.registry import APPROXIMATE, EXACT, FAISS_FLAT, SGEMM
from bench.rounds import SLOW, TURNS

# Targets, each measured in `goals`.
ENGINE_OF_FAISS = 0.8


@dataclass(frozen=True)
class Goal:
    """One line of the first table; `met` is None where nothing was promised."""

    what: str
    got: str
    target: str = ""
    met: bool | None = None


def at_most(what: str, got: str, value: float, most: float, unit: str) -> Goal:
    """Return a line with a limit, in the unit of `value`."""
    return Goal(what, got, f"<= {most:g}{unit}", value <= most)


def page(found: dict, plots: Sequence[str]) -> str:
    """Return the whole page.

    Parameters
    ----------
    found : dict
        What `benchmarks/run.py` keeps in results.json.
    plots : sequence of str
        The files of the plots, beside the page.
    """
    parts = [intro(found), own(found)]
    for size, told in found["sizes"].items():
        parts.append(size_section(size, told))
    parts += [recall_section(found), plot_section(plots), shares(found)]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def intro(found: dict) -> list[str]:
    lines = [
        "# Speed and memory",
        "",
        "Written by `make bench` (`make bench-million` adds a million events). Every peer and size",
        "runs in a process of its own, all with the same events, vectors (of the encoder that the",
        "package ships) and threads, in turn within a round; figures are medians of the rounds,",
        "ratios medians of the ratios within a round. `runs` tells how many there were: the peers",
        "that others are divided by and the package itself run in every round, the rest in",
        f"{TURNS}, or in one where it took longer than {SLOW:.0f} s. A machine's other work is in",
        "the seconds, so ratios tell more.",
        "",
    ]
    machines: dict[str, list[str]] = {}
    for told in found["sizes"].values():
        machines.setdefault(machine(told), []).append(f"{told['events']:,}")
    return lines + [f"- {' and '.join(sizes)} events: {text}" for text, sizes in machines.items()]


def machine(told: dict) -> str:
    return (
        f"{told['date']}, {told['threads']} threads on {told['cores']} cores of "
        f"{told['processor']}, Python {told['python']}, {told['versions']}"
    )


def own(found: dict) -> list[str]:
    """Return the table of what the package promises."""
    if "own" not in found:
        return []
    told = found["sizes"].get(found["own"]["size"])
    if told is None:
        return []
    lines = [
        "",
        f"## This package, {told['events']:,} events",
        "",
        "| what | measured | target | met |",
        "| --- | --- | --- | --- |",
    ]
    return lines + [goal_line(goal) for goal in goals(found["own"], told)]


def goal_line(goal: Goal) -> str:
    verdict = {True: "yes", False: "no", None: ""}[goal.met]
    return f"| {goal.what} | {goal.got} | {goal.target} | {verdict} |"


def goals(measured: dict, told: dict) -> list[Goal]:
    """Return the lines of the first table."""
    whole, one, cold, starts = (measured[name] for name in ("whole", "one", "cold", "starts"))
    package, version = (
        starts[name] - starts["bare"]
        for name in ("import relatedevents", "relatedevents --version")
    )
    model, libraries = (
        starts[name]
        for name in ("from relatedevents import RelatedEvents", "import pandas, sklearn.base")
    )
    rows = {row.name: row for row in rows_of(told["runs"], told["notes"]) if row.usual}
    return [
        *engine_goals(rows),
        Goal("`related_all` from a cold cache, kernels compiled", f"{cold['first']:.1f} s"),
        at_most(
            "peak memory, read + fit + `related_all`, children counted",
            f"{whole['peak_gb']:.2f} GB",
            whole["peak_gb"],
            1.2,
            " GB",
        ),
        Goal("the same while kernels are compiled", f"{cold['peak_gb']:.2f} GB"),
        at_most("one `related`, median", _ms(one["median"]), one["median"] * 1e3, 10, " ms"),
        at_most("one `related`, 99th percentile", _ms(one["p99"]), one["p99"] * 1e3, 20, " ms"),
        Goal("the first `related` after `load`", _ms(one["first"])),
        Goal(
            "one `related_to`, median and 99th percentile",
            f"{_ms(one['new_median'])}, {_ms(one['new_p99'])}",
        ),
        at_most("`load`, mapped from disk", f"{whole['load']:.2f} s", whole["load"], 1, " s"),
        Goal("`save` after `related_all`", f"{whole['save']:.2f} s"),
        Goal("`read_events` of Parquet", f"{whole['read']:.1f} s"),
        at_most("`fit`, encoding included", f"{whole['fit']:.1f} s", whole["fit"], 40, " s"),
        Goal("encoding alone, the same for all peers", f"{told['encoding']:.1f} s"),
        at_most("`import relatedevents` over bare Python", f"{package:.2f} s", package, 0.4, " s"),
        at_most(
            "`relatedevents --version` over bare Python", f"{version:.2f} s", version, 0.4, " s"
        ),
        at_most(
            "`from relatedevents import RelatedEvents` against pandas and sklearn.base",
            f"{model / libraries:.2f} x ({model:.2f} s, {libraries:.2f} s)",
            model / libraries,
            1.2,
            " x",
        ),
    ]


def engine_goals(rows: dict[str, Row]) -> list[Goal]:
    """Return what engine and tables take against faiss and sgemm, each on its own line."""
    lines: list[Goal] = []
    exact, faiss = rows[EXACT], rows[FAISS_FLAT]
    if exact.note:
        return [Goal("`related_all`", exact.note)]
    beside = f"; faiss {faiss.search:.1f} s" if not faiss.note else ""
    labels = {
        "engine": "the engine: all lists by every default signal, against IndexFlatIP",
        "tables": "parts, ids, shared tags and the long table, against IndexFlatIP",
    }
    for step, what in labels.items():
        took = f"{exact.phases[step]:.1f} s{beside}"
        ratio = exact.phases_against.get((step, FAISS_FLAT))
        if ratio is None:
            lines.append(Goal(what, f"{took}; {faiss.note}"))
        elif step == "engine":
            lines.append(at_most(what, f"{ratio:.2f} x ({took})", ratio, ENGINE_OF_FAISS, " x"))
        else:
            lines.append(Goal(what, f"{ratio:.2f} x ({took})"))
    floor = rows[SGEMM]
    if SGEMM in exact.against:
        lines.append(
            Goal(
                "`related_all`, all of it, against sgemm of the same vectors",
                f"{exact.against[SGEMM]:.2f} x ({exact.search:.1f} s, {floor.search:.1f} s)",
            )
        )
    near = rows[APPROXIMATE]
    if near.note:
        return [*lines, Goal("approximate engine", near.note)]
    speed = exact.search / near.search
    lines.append(
        Goal("approximate engine, times as fast as exact", f"{speed:.1f} x", ">= 4 x", speed >= 4)
    )
    if near.phases:
        ratio = exact.phases["engine"] / near.phases["engine"]
        took = f"{exact.phases['engine']:.1f} s, {near.phases['engine']:.1f} s"
        lines.append(Goal("the engines alone, without tables", f"{ratio:.1f} x ({took})"))
    if near.hybrid is not None:
        enough = near.hybrid >= 0.98
        lines.append(Goal("approximate engine, recall@10", f"{near.hybrid:.4f}", ">= 0.98", enough))
    return lines


def size_section(size: str, told: dict) -> list[str]:
    """Return the table of one size: every peer, with figures or with the reason why not."""
    rows = [row for row in rows_of(told["runs"], told["notes"]) if row.usual]
    lines = [
        "",
        f"## Every peer, {told['events']:,} events",
        "",
        f"Data: {told['what']}; vectors of {told['dimensions']} numbers. Search is all lists of "
        "ten, the event itself left out; build is what comes before it (ours: tags, words and "
        f"topics; for all, without encoding). Recall@10 over {told['sample']:,} events drawn with "
        f"seed 0: hybrid against {told['true']}, semantic against the exact cosines. Peak memory "
        "is the whole process's, children counted.",
        "",
        "| way | computes | build, s | search, s | fastest to slowest | CPU, s | peak, GB "
        "| x sgemm | x faiss flat | recall, hybrid | recall, semantic | runs |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        lines += row_lines(row, told["events"])
    partly = [row for row in rows if row.asked and row.asked < told["events"]]
    if partly:
        lines += [
            "",
            f"≈: asked for {partly[0].asked:,} events drawn with seed 0, search and its processor "
            "seconds scaled to all.",
        ]
    return lines


def row_lines(row: Row, n: int) -> list[str]:
    """Return a row, and one for each step within its search."""
    if row.note:
        return [f"| {row.name} | {row.computes} | {cell_note(row.note)} |" + " |" * 9]
    about = "≈ " if row.asked < n else ""
    spread = f"{row.fastest:.2f} to {row.slowest:.2f}" if row.rounds > 1 else ""
    cells = [
        row.name,
        row.computes,
        f"{row.build:.2f}",
        f"{about}{row.search:.2f}",
        spread,
        f"{about}{row.cpu:.1f}",
        f"{row.peak_gb:.2f}",
        *(_ratio(row.against, row.name, other) for other in (SGEMM, FAISS_FLAT)),
        _share(row.hybrid),
        _share(row.semantic),
        str(row.rounds),
    ]
    lines = [f"| {' | '.join(cells)} |"]
    for step in row.phases:
        ratios = (row.phases_against.get((step, other)) for other in (SGEMM, FAISS_FLAT))
        told = " | ".join("" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
        lines.append(f"| – {step} | | | {row.phases[step]:.2f} | | | | {told} | | | |")
    return lines


def cell_note(text: str) -> str:
    """Return a text that stays within its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def recall_section(found: dict) -> list[str]:
    """Return the table of recall against speed, of the largest size and of each setting."""
    told = largest(found["sizes"].values())
    rows = [
        row
        for row in rows_of(told["runs"], told["notes"])
        if not row.note and (row.hybrid is not None or row.semantic is not None)
    ]
    lines = [
        "",
        f"## Recall against speed, {told['events']:,} events",
        "",
        "| way | lists a second | with build | recall, hybrid | recall, semantic |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in sorted(rows, key=lambda row: row.search):
        rate, with_build = (
            told["events"] / seconds for seconds in (row.search, row.search + row.build)
        )
        lines.append(
            f"| {row.name} | {rate:,.0f} | {with_build:,.0f} | {_share(row.hybrid)} "
            f"| {_share(row.semantic)} |"
        )
    return lines


def largest(sizes: Iterable[dict]) -> dict:
    """Return the size with most events."""
    return max(sizes, key=lambda told: told["events"])


def plot_section(plots: Sequence[str]) -> list[str]:
    if not plots:
        return ["", "No plots: they were not drawn, for want of matplotlib."]
    titles = {
        "results-time.svg": "Time of all lists, build included, against size",
        "results-memory.svg": "Peak memory against size",
        "results-recall.svg": "Recall of the hybrid and the semantic lists against speed",
    }
    return ["", "## Plots", ""] + [f"![{titles.get(name, name)}]({name})" for name in plots]


def shares(found: dict) -> list[str]:
    if not found.get("shares"):
        return []
    told = found["sizes"].get(found["shares"]["size"])
    of = f", {told['events']:,} events" if told else ""
    return ["", f"## Each signal's share of `related_all`{of}", "", *found["shares"]["lines"]]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _ratio(against: dict[str, float], own: str, other: str) -> str:
    if own == other:
        return "1"
    return f"{against[other]:.2f}" if other in against else ""
