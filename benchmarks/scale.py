"""Measure large archives, and write benchmarks/SCALE.md.

    python benchmarks/scale.py [EVENTS] [--sizes 100000 300000 1000000] [--threads 2]

Archives are made by benchmarks/big_archive.py from EVENTS (seed 0), and kept in --folder. Each
size runs in a process of its own: read, fit, all lists with the approximate engine written to a
Parquet file as `relatedevents batch` writes them, then the lists of some events drawn by chance
(seed 0) with the exact engine, to measure the recall. Memory is the peak of that process before
the exact lists, its children's added. The growth exponent is that of the seconds after reading.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
EVENTS = ROOT.parent / "shared" / "data" / "events.parquet"
REPORT = Path(__file__).resolve().parent / "SCALE.md"
SAMPLE = 500
MINUTES, GIGABYTES, EXPONENT = 30, 8, 1.25


def peak_gb() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024 / 1e9


def measure(path: str, threads: int) -> dict[str, float]:
    """Measure one archive in this process."""
    from relatedevents import RelatedEvents, read_events
    from relatedevents.engines.contract import Filters
    from relatedevents.signals import pair_parts
    from relatedevents.writers import write_blocks

    # Compiled kernels are kept on disk: compiling them is no matter of size.
    tiny = read_events(path).iloc[:6000]
    RelatedEvents(engine="approximate", n_threads=threads).fit(tiny).related_all()
    del tiny
    times = [time.perf_counter()]

    def done() -> None:
        times.append(time.perf_counter())
        print(f"{path}: {times[-1] - times[-2]:.1f} s, {peak_gb():.2f} GB", file=sys.stderr)

    archive = read_events(path)
    done()
    model = RelatedEvents(engine="approximate", n_threads=threads).fit(archive)
    done()
    blocks = model.related_blocks()
    done()
    with tempfile.TemporaryDirectory() as folder:
        written = write_blocks(blocks, Path(folder) / "lists.parquet", archive=archive)
        size = written.stat().st_size / 1e9
    done()
    peak = peak_gb()
    read, fit, lists, write = np.diff(times)
    index = model.index_
    places = np.random.default_rng(0).choice(len(index), SAMPLE, replace=False)
    rows = np.empty(len(index), dtype=np.int64)
    rows[index.order] = np.arange(len(index))
    asked, features = rows[places], index.features
    engine = model._exact_engine()
    started = time.perf_counter()
    best = engine.best_of_rows(
        engine.candidates.take(asked),
        asked,
        lambda q, c: pair_parts(features, asked[q], features, c, model.weights),
        model.n_related,
        Filters(np.ones(len(index), dtype=np.bool_)),
    )
    exact = (time.perf_counter() - started) / SAMPLE
    found = model._kept.places[places]
    hits = (index.order[best.rows][:, :, None] == found[:, None, :]).any(axis=2)
    return {
        "events": len(archive),
        "read": read,
        "fit": fit,
        "lists": lists,
        "write": write,
        "file_gb": size,
        "peak_gb": peak,
        "recall": float(hits.mean()),
        "full": float(hits.all(axis=1).mean()),
        "exact_each": exact,
    }


def report(rows: list[dict[str, float]], threads: int) -> list[str]:
    lines = [
        "# Large archives",
        "",
        "Written by `benchmarks/scale.py`: invented archives in the shape of a real one (see "
        "`benchmarks/big_archive.py`), the approximate engine with the default weights, ten "
        f"related events each, {threads} threads on {len(os.sched_getaffinity(0))} cores, Python "
        f"{platform.python_version()}. The machine is shared with other work, so seconds are "
        "upper limits. `fit` holds the encoding; `lists` finds all lists, cells and postings "
        "included; `write` puts them into tables and a Parquet file, a block at a time. Recall is "
        f"that of the exact lists of {SAMPLE} events drawn by chance.",
        "",
        "| events | read, s | fit, s | lists, s | write, s | all, min | peak memory, GB "
        "| recall@10 | lists all right | one exact list, ms |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        whole = sum(row[name] for name in ("read", "fit", "lists", "write"))
        lines.append(
            f"| {row['events']:,} | {row['read']:.1f} | {row['fit']:.1f} | {row['lists']:.1f} "
            f"| {row['write']:.1f} | {whole / 60:.1f} | {row['peak_gb']:.2f} "
            f"| {row['recall']:.4f} | {row['full']:.1%} | {1e3 * row['exact_each']:.1f} |"
        )
    first, last = rows[0], rows[-1]
    if len(rows) > 1:
        span = math.log(last["events"] / first["events"])
        lines += ["", "| growth exponent | measured | target |", "|---|---:|---:|"]
        for name, parts in (
            ("lists", ["lists"]),
            ("fit, lists and writing", ["fit", "lists", "write"]),
        ):
            ratio = sum(last[part] for part in parts) / sum(first[part] for part in parts)
            lines.append(f"| {name} | {math.log(ratio) / span:.2f} | <= {EXPONENT} |")
    if last["events"] >= 1_000_000:
        whole = sum(last[name] for name in ("read", "fit", "lists", "write")) / 60
        lines += [
            "",
            f"A million events: {whole:.1f} minutes (target: under {MINUTES}), "
            f"{last['peak_gb']:.2f} GB (target: under {GIGABYTES}).",
        ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="?", type=Path, default=EVENTS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=ROOT / "out")
    parser.add_argument("--one", help="measure this archive alone, and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.threads)))
        return
    from big_archive import big_archive

    from relatedevents import read_events

    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for n in sorted(arguments.sizes):
        path = arguments.folder / f"big-{n}.parquet"
        if not path.exists():
            big_archive(read_events(arguments.events), n).to_parquet(path, index=False)
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(path), "--threads", str(arguments.threads)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        rows.append(json.loads(done.stdout))
        REPORT.write_text("\n".join(report(rows, arguments.threads)) + "\n", encoding="utf-8")
        print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
