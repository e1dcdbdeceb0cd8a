"""Measure large archives, and write benchmarks/SCALE.md.

    python benchmarks/scale.py [EVENTS] [--sizes 100000 300000 1000000] [--exact 300000]

Archives are made by benchmarks/big_archive.py from EVENTS (seed 0), and kept in --folder. Each
size runs in a process of its own: read, fit, all lists with the approximate engine written to a
Parquet file as `relatedevents batch` writes them, then the exact lists of some events drawn by
chance (seed 0), to measure the recall. Memory is the peak of that process
before the exact lists, its children's added. The growth exponent is that of the seconds after
reading. Archives of up to --exact events, and EVENTS itself, get all lists from both engines.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
EVENTS = ROOT.parent / "shared" / "data" / "events.parquet"
REPORT = Path(__file__).resolve().parent / "SCALE.md"
SAMPLE = 500
MINUTES, GIGABYTES, EXPONENT = 30, 8, 1.25


def peak_gb() -> float:
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024 / 1e9


def cpu() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def measure(path: str, threads: int, exact_up_to: int) -> dict[str, float]:
    """Measure one archive in this process."""
    from relatedevents import RelatedEvents, read_events, write_blocks

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
    started = cpu()
    blocks = model.related_blocks()
    lists_cpu = cpu() - started
    done()
    with tempfile.TemporaryDirectory() as folder:
        written = write_blocks(blocks, Path(folder) / "lists.parquet", archive=archive)
        size = written.stat().st_size / 1e9
        done()
        peak = peak_gb()
        places = np.random.default_rng(0).choice(len(archive), SAMPLE, replace=False)
        ids = archive["id"].iloc[places].tolist()
        found = pd.read_parquet(
            written, columns=["id", "rank", "related_id"], filters=[("id", "in", ids)]
        )
    read, fit, lists, write = np.diff(times)
    # Events that are named are looked for exactly by every engine.
    started = time.perf_counter()
    wanted = model.related_many(ids)
    exact = (time.perf_counter() - started) / SAMPLE
    shares = share_found(found, wanted)
    beside = {}
    if len(archive) <= exact_up_to:
        # Of the same archive, with lists of its own.
        found = next(model.related_blocks(size=len(archive)))
        other = copy.copy(model).set_params(engine="exact")
        other._fitted = replace(model._fitted, lists=None, engines={})
        times = [time.perf_counter()]
        started = cpu()
        blocks = other.related_blocks(size=len(archive))
        beside = {"exact_cpu": cpu() - started}
        done()
        beside |= {
            "exact_lists": times[1] - times[0],
            "whole_recall": float(share_found(found, next(blocks)).mean()),
        }
    return {
        **beside,
        "lists_cpu": lists_cpu,
        "events": len(archive),
        "read": read,
        "fit": fit,
        "lists": lists,
        "write": write,
        "file_gb": size,
        "peak_gb": peak,
        "recall": float(shares.mean()),
        "full": float((shares == 1.0).mean()),
        "exact_each": exact,
    }


def share_found(found: pd.DataFrame, wanted: pd.DataFrame) -> pd.Series:
    """Return how much of each exact list another one holds, by id."""
    both = wanted[["id", "related_id"]].merge(
        found[["id", "related_id"]], how="left", indicator="there"
    )
    return both["there"].eq("both").groupby(both["id"]).mean()


def beside_exact(rows: list[dict[str, float]]) -> list[str]:
    lines = [
        "",
        "## Beside the exact engine",
        "",
        "All lists from both engines, one after the other in one process; processor "
        "seconds are those of all threads, and tell more than seconds where the machine is shared. "
        "Recall@10 is that of the lists of all events. The first row is the real archive.",
        "",
        "| events | exact, s | approximate, s | ratio | exact, processor s "
        "| approximate, processor s | ratio | recall@10 |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        if "exact_lists" in row:
            lines.append(
                f"| {row['events']:,} | {row['exact_lists']:.1f} | {row['lists']:.1f} "
                f"| {row['exact_lists'] / row['lists']:.2f} | {row['exact_cpu']:.1f} "
                f"| {row['lists_cpu']:.1f} | {row['exact_cpu'] / row['lists_cpu']:.2f} "
                f"| {row['whole_recall']:.4f} |"
            )
    return lines


def report(rows: list[dict[str, float]], real: dict[str, float], threads: int) -> list[str]:
    lines = [
        "# Large archives",
        "",
        "Written by `benchmarks/scale.py`: invented archives in the shape of a real one (see "
        "`benchmarks/big_archive.py`), the approximate engine with the default weights, ten "
        f"related events each, {threads} threads on {len(os.sched_getaffinity(0))} cores, Python "
        f"{platform.python_version()}. The machine is shared with other work, so seconds are "
        "upper limits. `fit` holds the encoding; `lists` finds all lists, clusters and "
        "postings included; `write` puts them into tables and a "
        "Parquet file, a block at a time. Recall is that of the exact "
        f"lists of {SAMPLE} events drawn by chance.",
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
    return lines + beside_exact([real, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", nargs="?", type=Path, default=EVENTS)
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--exact", type=int, default=300_000, help="exact lists up to this size")
    parser.add_argument("--folder", type=Path, default=ROOT / "out")
    parser.add_argument("--one", help="measure this archive alone, and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one, arguments.threads, arguments.exact)))
        return
    from big_archive import big_archive

    from relatedevents import read_events

    arguments.folder.mkdir(parents=True, exist_ok=True)

    def measured(path: Path) -> dict[str, float]:
        settings = ["--threads", str(arguments.threads), "--exact", str(arguments.exact)]
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(path), *settings],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(done.stdout, end="", flush=True)
        told: dict[str, float] = json.loads(done.stdout)
        return told

    real = measured(arguments.events)
    rows = []
    for n in sorted(arguments.sizes):
        path = arguments.folder / f"big-{n}.parquet"
        if not path.exists():
            big_archive(read_events(arguments.events), n).to_parquet(path, index=False)
        rows.append(measured(path))
        text = "\n".join(report(rows, real, arguments.threads)) + "\n"
        REPORT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
