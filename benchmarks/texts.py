"""Measure what texts cost, and write benchmarks/TEXTS.md.

    python benchmarks/texts.py [EVENTS] [--sites SITES] [--words 300] [--weight 3] [--kept 50 100]

Every event of EVENTS gets an invented text: words drawn, each by itself, as often as they stand in
the texts of the archives in SITES (seed 0). Both lie beside the project, in ../shared/data. The
archive runs without its texts, and with them for each number of words that an event keeps, each
in a process of its own after kernels were compiled: fit, all lists by the exact engine, the lists
of some events one by one, an update by a few. Memory is what the process holds after the fit, and
at most.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from bench.usage import cores, cpu_seconds, environment, own_peak_kb

from relatedevents import RelatedEvents, Weights, read_events
from relatedevents.signals.text import KEPT_WORDS, Text

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
REPORT = Path(__file__).resolve().parent / "TEXTS.md"
SINGLES, ADDED, TINY = 50, 100, 6000


def invented_texts(sites: Path, n_texts: int, n_words: int) -> list[str]:
    """Return texts of words drawn as often as the texts of some archives have them."""
    counts: Counter[str] = Counter()
    for path in sorted(sites.glob("*/events.parquet")):
        for text in pd.read_parquet(path, columns=["text"])["text"].dropna():
            counts.update(re.findall(r"\w+", text))
    words = np.array(list(counts), dtype=object)
    ends = np.cumsum(list(counts.values()))
    rng = np.random.default_rng(0)
    drawn = (rng.integers(0, ends[-1], n_words) for _ in range(n_texts))
    return [" ".join(words[np.searchsorted(ends, some, side="right")]) for some in drawn]


def held_gb() -> float:
    """Return what this process holds in memory, in GB."""
    found = re.search(r"VmRSS:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 / 1e9 if found else float("nan")


def measure(events: Path, weights: Weights) -> dict[str, float]:
    """Measure one archive in this process."""
    archive = read_events(events)
    model = RelatedEvents(weights=weights)
    model.fit(archive.iloc[:TINY]).related_all()
    before = held_gb()
    told: dict[str, float] = {
        "events": len(archive),
        "archive_mb": archive.memory_usage(deep=True).sum() / 1e6,
    }

    def step(name: str, work, times: int = 1) -> None:  # noqa: ANN001
        wall, cpu = time.perf_counter(), cpu_seconds()
        work()
        told[name] = (time.perf_counter() - wall) / times
        told[f"{name}_cpu"] = (cpu_seconds() - cpu) / times

    old, new = archive.iloc[:-ADDED], archive.iloc[-ADDED:]
    step("fit", lambda: model.fit(old))
    told["held_gb"] = held_gb() - before
    step("all", lambda: model.related_all())
    drawn = np.random.default_rng(0).choice(old["id"].to_numpy(), SINGLES, replace=False).tolist()
    step("one", lambda: [model.related(id_) for id_ in drawn], SINGLES)
    step("update", lambda: model.update(new))
    told["peak_gb"] = own_peak_kb() * 1024 / 1e9
    column = model.index_.features.columns.get("text")
    if column is not None:
        told["column_mb"] = (column.data.nbytes + column.indices.nbytes) / 1e6
    return told


ROWS = {
    "fit, s": "fit",
    "fit, processor s": "fit_cpu",
    "all lists, s": "all",
    "all lists, processor s": "all_cpu",
    "one list, s": "one",
    "update by 100 events, s": "update",
    "held after fit, GB": "held_gb",
    "peak, GB": "peak_gb",
    "the table itself, MB": "archive_mb",
}


def report(
    without: dict[str, float], kept: dict[int, dict[str, float]], options: argparse.Namespace
) -> str:
    """Return the page."""
    lines = [
        "# What texts cost",
        "",
        f"Written by `benchmarks/texts.py`: {without['events']:,} events, each with an invented "
        f"text of {options.words} words, each drawn by itself as often as texts of real sites have "
        "it; the "
        f"exact engine, default weights, with texts `text={options.weight:g}` too; {cores()} "
        f"cores, Python {platform.python_version()}. The machine is shared with other work: "
        "processor seconds and ratios tell more than seconds. Memory after the fit is what came "
        "with it, the checked table's share in it.",
        "",
        f"Each event is compared by the words that weigh most in it, {KEPT_WORDS} by default.",
        "",
        "| | without texts | " + " | ".join(f"{n} words kept, ratio" for n in kept) + " |",
        "|---|---:|" + "---:|" * len(kept),
    ]
    for name, key in ROWS.items():
        cells = [f"{one[key]:.3g} ({one[key] / without[key]:.2f})" for one in kept.values()]
        lines.append(f"| {name} | {without[key]:.3g} | {' | '.join(cells)} |")
    sizes = [f"{one['column_mb']:.0f}" for one in kept.values()]
    lines.append(f"| words of the texts, MB | | {' | '.join(sizes)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="?", type=Path, default=DATA / "events.parquet")
    parser.add_argument("--sites", type=Path, default=DATA / "sites")
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--weight", type=float, default=3.0)
    parser.add_argument("--kept", type=int, nargs="+", default=[50, KEPT_WORDS])
    parser.add_argument("--folder", type=Path, default=ROOT / "out")
    parser.add_argument("--one", action="store_true", help="measure EVENTS alone, and print JSON")
    options = parser.parse_args()
    if options.one:
        Text.kept = options.kept[0]
        print(json.dumps(measure(options.events, Weights(text=options.weight))))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "texts.parquet"

    def measured(archive: Path, kept: int) -> dict[str, float]:
        settings = ["--one", "--weight", str(options.weight), "--kept", str(kept)]
        command = [sys.executable, __file__, str(archive), *settings]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=environment(cores())
        )
        print(kept, done.stdout, end="", flush=True)
        told: dict[str, float] = json.loads(done.stdout)
        return told

    without = measured(options.events, 0)
    archive = read_events(options.events)
    archive["text"] = invented_texts(options.sites, len(archive), options.words)
    archive.to_parquet(path, index=False)
    found = {kept: measured(path, kept) for kept in options.kept}
    path.unlink()
    REPORT.write_text(report(without, found, options), encoding="utf-8")


if __name__ == "__main__":
    main()
