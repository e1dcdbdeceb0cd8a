"""Measure what texts cost, and write benchmarks/TEXTS.md.

    python benchmarks/texts.py [EVENTS] [--sites SITES] [--words 300] [--weight 3]

Every event of EVENTS gets an invented text: words drawn, each by itself, as often as they stand in
the texts of the archives in SITES (seed 0). Both lie beside the project, in ../shared/data. The
archive runs with and without its texts, each in a process of its own after kernels were compiled:
fit, all lists by the exact engine, the lists of some events one by one, an update by a few.
Memory is what the process holds after the fit, and at most.
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
from relatedevents.signals.text import KEPT_WORDS

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
    told: dict[str, float] = {"archive_mb": archive.memory_usage(deep=True).sum() / 1e6}

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
        told["entries"] = column.nnz / column.shape[0]
        told["words"] = column.shape[1]
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


def report(found: dict[str, dict[str, float]], n_events: int, options: argparse.Namespace) -> str:
    """Return the page."""
    without, with_texts = found["without"], found["with"]
    lines = [
        "# What texts cost",
        "",
        f"Written by `benchmarks/texts.py`: {n_events:,} events, each with an invented text of "
        f"{options.words} words, each drawn by itself as often as texts of real sites have it; the "
        f"exact engine, default weights, with texts `text={options.weight:g}` too; {cores()} "
        f"cores, Python {platform.python_version()}. The machine is shared with other work: "
        "processor seconds and ratios tell more than seconds. Memory after the fit is what came "
        "with it, the checked table's share in it.",
        "",
        f"Each event keeps the {KEPT_WORDS} words that weigh most in it: "
        f"{with_texts['entries']:.1f} an event, {with_texts['words']:,.0f} different ones, "
        f"{with_texts['column_mb']:.0f} MB.",
        "",
        "| | without texts | with texts | ratio |",
        "|---|---:|---:|---:|",
    ]
    for name, key in ROWS.items():
        one, other = without[key], with_texts[key]
        lines.append(f"| {name} | {one:.3g} | {other:.3g} | {other / one:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="?", type=Path, default=DATA / "events.parquet")
    parser.add_argument("--sites", type=Path, default=DATA / "sites")
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--weight", type=float, default=3.0)
    parser.add_argument("--folder", type=Path, default=ROOT / "out")
    parser.add_argument("--one", action="store_true", help="measure EVENTS alone, and print JSON")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.events, Weights(text=options.weight))))
        return
    archive = read_events(options.events)
    options.folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in ("without", "with"):
        path = options.folder / f"{name}-texts.parquet"
        if name == "with":
            archive["text"] = invented_texts(options.sites, len(archive), options.words)
        archive.to_parquet(path, index=False)
        command = [sys.executable, __file__, str(path), "--one", "--weight", str(options.weight)]
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, env=environment(cores())
        )
        found[name] = json.loads(done.stdout)
        path.unlink()
        print(name, found[name], flush=True)
    REPORT.write_text(report(found, len(archive), options), encoding="utf-8")


if __name__ == "__main__":
    main()
