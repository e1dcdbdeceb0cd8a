"""Measure an update against the whole batch, in one run.

    python benchmarks/update.py [EVENTS]    # writes benchmarks/UPDATE.md

EVENTS is an archive; the default lies beside the project, in ../shared/data. A model is fitted on
all events but 100, all lists are computed, and the 100 are added: the newest ones, and 100 drawn
from all years. Each line is the median of several turns from the same start. The batch is
`related_all`, timed on the fitted archive and again after the update, where the lists that the
update made are compared with those of the batch, bit by bit.
"""

from __future__ import annotations

import copy
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from relatedevents import RelatedEvents, read_events

ROOT = Path(__file__).resolve().parents[1]
EVENTS = ROOT.parent / "shared" / "data" / "events.parquet"
REPORT = Path(__file__).resolve().parent / "UPDATE.md"
NEW, TURNS, SEED, ALLOWED = 100, 7, 20130, 0.02


def timed(work):  # noqa: ANN001, ANN201
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def check(model: RelatedEvents) -> tuple[bool, float]:
    """Return whether the lists that an update made are those of a batch, and its seconds."""
    merged = model._fitted.lists
    seconds = batch(model, merged.n)
    whole = model._fitted.lists
    same = (np.array_equal(getattr(merged, n), getattr(whole, n)) for n in ("rows", "scores"))
    return all(same), seconds


def batch(model: RelatedEvents, n: int = 10) -> float:
    """Return the seconds of all lists when none are cached."""
    model._fitted.lists = None
    return timed(lambda: model.related_all(n))[0]


def series(archive: pd.DataFrame, new: np.ndarray) -> list[dict[str, object]]:
    """Return what adding, replacing and removing the events at some places takes."""
    stays = np.ones(len(archive), dtype=bool)
    stays[new] = False
    events = archive.iloc[new]
    fitted = RelatedEvents().fit(archive[stays])
    fitted.related_many(fitted.archive_["id"].head(3))  # compiles what a fit leaves uncompiled
    batches = [batch(fitted)]
    rows: list[dict[str, object]] = []
    for name in ("update", "replace", "remove"):
        start = fitted
        if name != "update":
            start = copy.copy(fitted)
            start.update(events)
        turns = []
        for _ in range(TURNS):
            model = copy.copy(start)
            if name == "remove":
                seconds, changed = timed(lambda model=model: model.remove(events["id"]))
            else:
                how = {"on_existing": "replace" if name == "replace" else "error"}
                seconds, changed = timed(lambda model=model, how=how: model.update(events, **how))
            turns.append(seconds)
        done = model.last_update_
        same = ""
        if name == "update":
            equal, seconds = check(model)
            batches.append(seconds)
            same = "yes" if equal else "NO"
        rows.append(
            {
                "what": name,
                "batch": float(np.mean(batches)),
                "seconds": float(np.median(turns)),
                "slowest": max(turns),
                "changed": len(changed),
                "searched": done.searched,
                "merged": done.merged,
                "same": same,
            }
        )
    return rows


def main() -> None:
    archive = read_events(Path(sys.argv[1]) if len(sys.argv) > 1 else EVENTS)
    newest = np.argsort(archive["date"].to_numpy(), kind="stable")[-NEW:]
    drawn = np.random.default_rng(SEED).choice(len(archive), NEW, replace=False)
    lines = [
        "# An update against the whole batch",
        "",
        f"{len(archive):,} events, {NEW} of them added to, replaced in or removed from the model "
        f"of the others; {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, "
        f"one run of `benchmarks/update.py`. Seconds are medians of {TURNS} turns (the slowest in "
        f"brackets), the batch's the mean of two. An update may take "
        f"{ALLOWED:.0%} of the batch; replacing and removing have no limit set.",
        "",
        "| events | what | batch, s | seconds | share | lists changed | searched | merged "
        "| lists equal those of the batch |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, new in (("the newest", newest), ("drawn from all years", drawn)):
        for row in series(archive, new):
            share = row["seconds"] / row["batch"]
            lines.append(
                f"| {name} | {row['what']} | {row['batch']:.1f} | {row['seconds']:.2f} "
                f"({row['slowest']:.2f}) | {share:.2%} | {row['changed']:,} | {row['searched']:,} "
                f"| {row['merged']:,} | {row['same']} |"
            )
            print(lines[-1], flush=True)
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
