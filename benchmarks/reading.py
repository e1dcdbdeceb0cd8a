"""Measure the wikitext reader on the real day pages, and write READING_WIKITEXT.md.

    python benchmarks/reading.py [FOLDER] [REFERENCE]

FOLDER holds the day pages, REFERENCE is the table of events that another reader made of them; the
defaults lie beside the project, in ../shared/data. Differing events go, readable, to the ignored
folder out/reading/; the report names them by day and a short hash only. Verdicts that a person
wrote into the report's last table are kept when the report is written again.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import mwparserfromhell
import pandas as pd

from relatedevents.readers.wikitext import read_wikitext

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
REPORT = HERE / "READING_WIKITEXT.md"
DUMP = HERE.parent / "out" / "reading"
LIKE = 0.7
SEED, DRAWN = 20130, 200
COMPARED = ("headline", "stories", "tags", "category")
DEBRIS = {
    "square brackets": r"[\[\]]",
    "braces": r"[{}]",
    "replacement characters": "\ufffd",
    "leading colon, comma, semicolon or star": r"^\s*[:;,*]",
    "pipes": r"\|",
    "two ticks": "''",
    "< or >": r"[<>]",
    "web addresses": r"https?:|www\.\w+\.\w+/",
    "HTML entities": r"&#?\w+;",
    "control and direction marks": r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\ufeff]",
    "text encoded twice": r"Ã[\x80-\xbf]|â€",
    "two blanks": r"\s\s",
    "blank before a comma or full stop": r"\s[,.](?:\s|$)",
    "empty round brackets": r"\(\s*[,;:]*\s*\)",
}


class Pair(NamedTuple):
    """An event of the reference (a row or None), and ours (a row or None)."""

    theirs: int | None
    ours: int | None


def key(headline: str) -> str:
    return re.sub(r"[\W_]+", " ", headline.lower()).strip()


def pair_day(theirs: pd.Series, ours: pd.Series) -> list[Pair]:
    """Pair one day's events: equal headlines first, then the likest, each event once."""
    pairs, waiting = [], {}
    for row, headline in ours.items():
        waiting.setdefault(key(headline), []).append(row)
    left = []
    for row, headline in theirs.items():
        rows = waiting.get(key(headline))
        if rows:
            pairs.append(Pair(row, rows.pop(0)))
        else:
            left.append(row)
    rest = [row for rows in waiting.values() for row in rows]
    likeness = sorted(
        (-SequenceMatcher(None, key(theirs[a]), key(ours[b]), autojunk=False).ratio(), a, b)
        for a in left
        for b in rest
    )
    for unlike, a, b in likeness:
        if -unlike >= LIKE and a in left and b in rest:
            pairs.append(Pair(a, b))
            left.remove(a)
            rest.remove(b)
    return pairs + [Pair(a, None) for a in left] + [Pair(None, b) for b in rest]


def pair_all(theirs: pd.DataFrame, ours: pd.DataFrame) -> list[Pair]:
    empty = pd.Series(dtype=object)
    by_day = dict(iter(ours.groupby("day")["headline"]))
    pairs = []
    for day, group in theirs.groupby("date"):
        pairs += pair_day(group["headline"], by_day.pop(day, empty))
    for group in by_day.values():
        pairs += [Pair(None, row) for row in group.index]
    return pairs


def plain(value: object) -> object:
    if isinstance(value, str):
        return value
    return list(value) if hasattr(value, "__len__") else None


def differences(theirs: pd.DataFrame, ours: pd.DataFrame, pair: Pair) -> list[str]:
    if pair.theirs is None:
        return ["only ours"]
    if pair.ours is None:
        return ["only theirs"]
    return [
        name
        for name in (*COMPARED, "sources", "surface")
        if plain(theirs.at[pair.theirs, name]) != plain(ours.at[pair.ours, name])
    ]


def short_hash(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).hexdigest()[:8]


def seeded_hash(event_id: str) -> str:
    return hashlib.sha256(f"{SEED} {event_id}".encode()).hexdigest()


def event_id_of(theirs: pd.DataFrame, ours: pd.DataFrame, pair: Pair) -> str:
    return str(theirs.at[pair.theirs, "id"] if pair.ours is None else ours.at[pair.ours, "id"])


def debris_rows(ours: pd.DataFrame) -> list[str]:
    flat = {name: ours[name].explode().dropna() for name in ("tags", "sources", "surface")}
    rows = []
    for name, pattern in DEBRIS.items():
        counts = [int(ours["headline"].str.contains(pattern).sum())]
        counts += [int(values.str.contains(pattern).sum()) for values in flat.values()]
        rows.append(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} |")
    return rows


def old_verdicts() -> dict[str, str]:
    if not REPORT.exists():
        return {}
    text = REPORT.read_text(encoding="utf-8")
    return dict(re.findall(r"^\| \d{4}-\d\d-\d\d \| ([0-9a-f]{8}) \|[^|]*\| (.+?) \|$", text, re.M))


def drawn_rows(
    theirs: pd.DataFrame, ours: pd.DataFrame, differing: list[tuple[Pair, list[str]]]
) -> tuple[list[str], Counter[str]]:
    """Draw the sample, write the readable dump, return the rows of the table of verdicts."""
    verdicts = old_verdicts()
    # The hash draws: an event stays drawn when the reader changes others.
    drawn = sorted(differing, key=lambda item: seeded_hash(event_id_of(theirs, ours, item[0])))
    drawn = drawn[:DRAWN]
    rows, dump, count = [], [], Counter()
    for pair, names in drawn:
        a = None if pair.theirs is None else theirs.loc[pair.theirs]
        b = None if pair.ours is None else ours.loc[pair.ours]
        event_id = event_id_of(theirs, ours, pair)
        short, day = short_hash(event_id), event_id[:10]
        verdict = verdicts.get(short, "not read")
        count[verdict.partition(":")[0]] += 1
        rows.append(f"| {day} | {short} | {', '.join(names)} | {verdict} |")
        dump.append(f"== {day} {short} {', '.join(names)}")
        for name in names if len(names[0].split()) == 1 else COMPARED:
            dump += [f"  {name}", f"    theirs: {a is not None and plain(a[name])}"]
            dump.append(f"    ours:   {b is not None and plain(b[name])}")
        if b is not None and "headline" not in names:
            dump.append(f"  headline: {b['headline'][:160]}")
    DUMP.mkdir(parents=True, exist_ok=True)
    (DUMP / "differing.txt").write_text("\n".join(dump), encoding="utf-8")
    return rows, count


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "wikitext"
    reference = Path(sys.argv[2]) if len(sys.argv) > 2 else DATA / "events.parquet"
    start, start_cpu = time.perf_counter(), time.process_time()
    ours = read_wikitext(folder)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    ours["day"] = ours["date"].dt.strftime("%Y-%m-%d")
    theirs = pd.read_parquet(reference)
    reading = ours.attrs["reading"]
    pairs = pair_all(theirs, ours)
    found = sum(pair.theirs is not None and pair.ours is not None for pair in pairs)
    differing, by_field = [], Counter()
    for pair in pairs:
        names = differences(theirs, ours, pair)
        by_field.update(names)
        if set(names) - {"sources", "surface"}:
            differing.append((pair, names))
    drawn, verdicts = drawn_rows(theirs, ours, differing)
    without = reading["bullets_without_event"]
    total = reading["events"] + sum(without.values())
    lines = [
        "# Reading wikitext: measured on the real day pages",
        "",
        "Written by `python benchmarks/reading.py`; readable lists go to `out/reading/`.",
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, "
        f"mwparserfromhell {mwparserfromhell.__version__}, pandas {pd.__version__}, "
        f"{platform.machine()}, one process, shared machine.",
        "",
        "| measure | value |",
        "|---|---|",
        f"| pages | {reading['pages']} |",
        f"| seconds, wall (processor) | {seconds:.1f} ({cpu:.1f}) |",
        f"| events | {reading['events']} |",
        f"| events of the reference found again (same day, likeness {LIKE} or more) | "
        f"{found} of {len(theirs)}, {found / len(theirs):.2%} |",
        f"| bullets = events + bullets without one | {reading['bullets']} = {total} |",
        f"| pages without events | {len(reading['pages_without_events'])} |",
        f"| pages left out | {len(reading['pages_left_out'])} |",
        f"| pages whose header tells another day | {len(reading['pages_with_another_date'])} |",
        f"| pages cut off | {len(reading['pages_cut_off'])} |",
        f"| pages that mix encodings | {reading['pages_with_mixed_encodings']} |",
        f"| bytes read as Windows-1252 | {reading['bytes_read_as_windows_1252']} |",
        f"| lines joined to the bullet before them | {reading['lines_joined']} |",
        f"| templates that are not known | {sum(reading['templates_unknown'].values())} |",
        "",
        "| a bullet without an event | bullets |",
        "|---|---|",
        *(f"| {cause} | {number} |" for cause, number in without.items()),
        "",
        "| a line without a star, left out | lines |",
        "|---|---|",
        *(f"| {cause} | {number} |" for cause, number in reading["lines_left_out"].items()),
        "",
        "## What is left of the markup",
        "",
        "| debris | headlines | tags | source names |",
        "|---|---|---|---|",
        *debris_rows(ours),
        "",
        "## Where the two readers differ",
        "",
        f"{len(differing)} events differ in headline, stories, tags or category, or only one "
        "reader has them. By field: "
        + ", ".join(f"{name} {number}" for name, number in by_field.most_common())
        + ".",
        "",
        f"{len(drawn)} of them, drawn with seed {SEED} and read one by one: "
        + ", ".join(f"{name} {number}" for name, number in verdicts.most_common())
        + ".",
        "`ours`, `both` (either serves a reader) and `mended` (ours was wrong when this draw was "
        "first read, and is right since) count as right; without `mended`, the share is that of "
        "an unseen draw.",
        "",
        "| day | event | differs in | right |",
        "|---|---|---|---|",
        *sorted(drawn),
        "",
    ]
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines[: lines.index("| day | event | differs in | right |")]))


if __name__ == "__main__":
    main()
