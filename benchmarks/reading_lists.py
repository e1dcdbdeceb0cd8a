"""Draw events whose lists are to be read, and tell what was found when they were.

    python benchmarks/reading_lists.py sheet 2       # writes out/reading/2.txt, to be read
    python benchmarks/reading_lists.py report        # writes benchmarks/READING.md

A sheet holds sixty events of all years, drawn by lot, with their ten as a reader of the archive
would see them, names shown. A grade file (benchmarks/reading_grades/*.json) holds ten letters an
event, which stands there by its date and a short hash of its id; no headline is copied.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pandas as pd

from relatedevents import RelatedEvents, Weights, read_events

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "events.parquet"
GRADES = ROOT / "benchmarks" / "reading_grades"
SEEDS = {"1": 2026, "2": 4242, "3": 31337, "4": 271828}
N_EVENTS, N = 60, 10

KINDS = {
    "O": "related: a reader of the page would follow it",
    "T": "stranger of the same days: only date or category in common",
    "P": "same place, person or body, other matter",
    "E": "same kind of event elsewhere",
    "N": "filler: the archive has hardly anything better",
    "S": "stale: the same topic, too long ago to help",
    "D": "says the same as the event itself or a link above",
    "W": "same word, other meaning",
}


def drawn(archive: pd.DataFrame, seed: int) -> list[str]:
    """Return ids drawn by lot, as many of every year as can be."""
    years = archive.set_index("id")["date"].dt.year
    share = N_EVENTS / years.nunique()
    ids = list(years.index)
    random.Random(seed).shuffle(ids)
    taken: Counter[int] = Counter()
    chosen: list[str] = []
    for id_ in ids:
        if taken[years[id_]] < share and len(chosen) < N_EVENTS:
            taken[years[id_]] += 1
            chosen.append(id_)
    return chosen


def short(id_: str) -> str:
    """Return the hash by which an event stands in a grade file."""
    return hashlib.sha256(id_.encode()).hexdigest()[:8]


def sheet(archive: pd.DataFrame, ids: list[str]) -> str:
    """Return the lists of some events as text to read."""
    model = RelatedEvents().fit(archive)
    events = archive.set_index("id")
    lines = []
    for id_ in ids:
        event = events.loc[id_]
        lines += ["", f"### {event['date'].date()} #{short(id_)} {event['headline']}"]
        lines.append(f"    {', '.join(event['tags'])}")
        for row in model.related(id_, N).itertuples():
            day = str(row.date)[:10]
            lines.append(f"  {row.rank:2d} {day} {row.headline} {row.shared_tags}")
    return "\n".join(lines) + "\n"


def report() -> str:
    """Return what the readings found, as Markdown."""
    rounds = [json.loads(path.read_text("utf-8")) for path in sorted(GRADES.glob("*.json"))]
    lines = ["# Lists that were read", ""]
    lines += ["Written by `python benchmarks/reading_lists.py report`; not by hand.", ""]
    lines += [
        "Sixty events of all years were drawn by lot, twice, and their ten judged link by link,",
        "names shown as they are in the archive; between the two the kinds that were many were",
        "mended as far as that went. Judges were language models that had the scores before them;",
        "one judged each list, so the letters are those of one strict reader each. Other events",
        "were read the second time: the rounds differ by lot too.",
        "",
        "| kind | " + " | ".join(f"round {r['round']}" for r in rounds) + " |",
        "| --- |" + " ---: |" * len(rounds),
    ]
    counts = [Counter("".join(r["grades"].values())) for r in rounds]
    lines += [
        f"| {letter}: {told} | " + " | ".join(f"{count[letter]}" for count in counts) + " |"
        for letter, told in KINDS.items()
    ]
    many = [sum(g.count("O") >= 7 for g in r["grades"].values()) for r in rounds]
    few = [sum(g.count("O") <= 2 for g in r["grades"].values()) for r in rounds]
    first = [sum(g[0] == "O" for g in r["grades"].values()) for r in rounds]
    for told, numbers in (
        ("lists with seven related or more", many),
        ("lists with two or fewer", few),
        ("lists whose first is related", first),
    ):
        lines.append(f"| {told}, of {N_EVENTS} | " + " | ".join(map(str, numbers)) + " |")
    for one in rounds:
        lines += ["", f"## Round {one['round']}", ""]
        weights = {k: v for k, v in one["weights"].items() if isinstance(v, float) and v}
        same = one["weights"] == {k: getattr(Weights(), k) for k in one["weights"]}
        whose = "the defaults that ship" if same else "the defaults of that day"
        told = ", ".join(f"{name} {value:g}" for name, value in weights.items())
        lines += [f"Weights ({whose}): {told}.", "", *(f"- {note}" for note in one["notes"]), ""]
        lines += ["| date | event | its ten, best first |", "| --- | --- | --- |"]
        lines += [
            f"| {one['dates'][key]} | `{key}` | `{letters}` |"
            for key, letters in one["grades"].items()
        ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["sheet", "report"])
    parser.add_argument("round", nargs="?", choices=list(SEEDS), default="4")
    options = parser.parse_args(arguments)
    if options.what == "report":
        (ROOT / "benchmarks" / "READING.md").write_text(report(), encoding="utf-8")
        return 0
    if not DATA.exists():
        print(f"reading_lists: {DATA} is missing", file=sys.stderr)
        return 2
    archive = read_events(DATA)
    path = ROOT / "out" / "reading" / f"{options.round}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sheet(archive, drawn(archive, SEEDS[options.round])), encoding="utf-8")
    print(f"reading_lists: wrote {path}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
